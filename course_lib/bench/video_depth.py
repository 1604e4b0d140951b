"""Corners to track, beside OpenCV's: the strongest of a frame, none nearer to another than a few pixels."""

import torch

from course_lib.bench.runner import need, row
from course_lib.timing import alternate


@row("corners of a frame, 200 of 216 x 384, 8 pixels apart", peer="OpenCV goodFeaturesToTrack")
def corners_to_track(rounds):
    cv2 = need("cv2", "pip install opencv-python-headless")
    from course_lib.data.worlds.scenes import SceneWorld
    from course_lib.video_depth.tracks import GREY, corners

    frame = SceneWorld(216, 384).video(1, seed=3).frames[0]
    grey = (frame * torch.tensor(GREY).view(3, 1, 1)).sum(0).mul(255).byte().numpy()
    found = len(corners(frame, 200, apart=8.0)), len(cv2.goodFeaturesToTrack(grey, 200, 0.01, 8.0))

    def ours():
        corners(frame, 200, apart=8.0)

    def peer():
        cv2.goodFeaturesToTrack(grey, 200, 0.01, 8.0)

    return *alternate(ours, peer, rounds), f"once per video; corners found: ours {found[0]}, the peer {found[1]}"
