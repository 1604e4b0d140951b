"""SiamFC's miniature beside template matching by scikit-image, on the same frames."""

import torch

from course_lib.bench.runner import need, row
from course_lib.timing import alternate

FRAMES = 20


@row(f"SiamFC's miniature, 3 scales, {FRAMES} frames of 96 x 128, CPU", peer="scikit-image match_template, a region")
def tracker(rounds):
    """The peer searches one region of three times the box at one scale, in grey; ours three scales in color."""
    need("skimage.feature", "pip install scikit-image")
    from course_lib.data.worlds.targets import TargetWorld
    from course_lib.models.siamfc import SiamFC
    from course_lib.trackers.evaluate import track
    from course_lib.trackers.siamfc import SiamFCTracker
    from course_lib.trackers.template import TemplateMatching

    torch.manual_seed(0)
    video = TargetWorld().video(FRAMES, seed=0)
    frames, box = video.frames, video.boxes[0]
    network = SiamFC.mini()

    def ours():
        return track(SiamFCTracker(network), frames, box, show=False)

    def peer():
        return track(TemplateMatching(), frames, box, show=False)

    seconds = alternate(ours, peer, rounds)
    return *seconds, f"{FRAMES / seconds[1]:.0f} frames per second against {FRAMES / seconds[0]:.0f}"
