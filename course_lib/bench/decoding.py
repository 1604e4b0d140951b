"""Reading clips out of H.264 files, beside OpenCV's VideoCapture, beside decoding everything, and far into a long file.

The films are rendered here: a textured surface that the camera pans over, with a patch that moves on its own, coded by
x264 with B-frames, so that decoding costs what it costs in a real film.
"""

import math
import random
import tempfile
from contextlib import contextmanager
from pathlib import Path

import torch

from course_lib.bench.runner import need, row
from course_lib.timing import alternate

CLIP = 16  # frames
CLIPS = 12  # per timed call


@contextmanager
def film(frames, gop, height=480, width=640, seed=0):
    """Path of a rendered H.264 film in a temporary folder."""
    av = need("av", "pip install av")
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 8 + 40, width // 8 + 40, generator=generator)
    surface = torch.nn.functional.interpolate(coarse, scale_factor=8, mode="bicubic").clamp(0, 1)
    surface = (surface[0] * 255).byte().permute(1, 2, 0)
    patch = torch.randint(0, 256, (height // 5, width // 5, 3), dtype=torch.uint8, generator=generator)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        options = {"preset": "veryfast", "g": str(gop), "sc_threshold": "0"}  # keyframes at multiples of gop only
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=30, options=options)
            stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
            for t in range(frames):
                top, left = round(100 + 99 * _sway(t, 240)), round(100 + 99 * _sway(t, 360))
                picture = surface[top : top + height, left : left + width].clone()
                row, column = round((height * 0.7) * (t % 90) / 90), round((width * 0.7) * (t % 130) / 130)
                picture[row : row + patch.shape[0], column : column + patch.shape[1]] = patch
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture.numpy(), format="rgb24")))
            container.mux(stream.encode(None))
        yield path


def _sway(t, period):
    return math.sin(2 * math.pi * t / period)


def _with_opencv(cv2, capture, start):
    """The same result as ours: uint8 (C, T, H, W), RGB."""
    capture.set(cv2.CAP_PROP_POS_FRAMES, start)
    frames = [torch.from_numpy(cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB)) for _ in range(CLIP)]
    return torch.stack(frames).permute(3, 0, 1, 2).contiguous()


def _random_clips(gop, rounds):
    cv2 = need("cv2", "pip install opencv-python-headless")
    from course_lib.data.video_io import VideoReader

    frames = 900
    choose = random.Random(0)
    starts = [choose.randrange(frames - CLIP) for _ in range(CLIPS)]
    with film(frames, gop) as path, VideoReader(path) as video:
        capture = cv2.VideoCapture(str(path))
        same = sum(torch.equal(video.clip(start, CLIP), _with_opencv(cv2, capture, start)) for start in starts)
        peer, ours = alternate(
            lambda: [video.clip(start, CLIP) for start in starts],
            lambda: [_with_opencv(cv2, capture, start) for start in starts],
            rounds,
        )
        capture.release()
    return peer / CLIPS, ours / CLIPS, f"per clip; {same} of {CLIPS} clips have identical pixels"


@row("random 16-frame clips, 640x480 H.264, GOP 250", peer="OpenCV VideoCapture, seek and read")
def random_clips_long_gop(rounds):
    return _random_clips(250, rounds)


@row("random 16-frame clips, 640x480 H.264, GOP 12", peer="OpenCV VideoCapture, seek and read")
def random_clips_short_gop(rounds):
    return _random_clips(12, rounds)


@row("one clip from a file not opened before, 640x480 H.264", peer="OpenCV VideoCapture, open, seek and read")
def cold_clip(rounds):
    cv2 = need("cv2", "pip install opencv-python-headless")
    from course_lib.data.video_io import read_clip

    start = 140
    with film(300, 250) as path:
        fresh = iter(_copies(path, 2 * rounds + 2))  # the table of a path is remembered: each call gets another file

        def peer():
            capture = cv2.VideoCapture(str(next(fresh)))
            clip = _with_opencv(cv2, capture, start)
            capture.release()
            return clip

        seconds = alternate(lambda: read_clip(next(fresh), start, CLIP), peer, rounds)
    return *seconds, "a 10 s film; ours includes the table of time stamps that makes it exact"


def _copies(path, count):
    copies = [path.with_name(f"copy{number}.mp4") for number in range(count)]
    for copy in copies:
        copy.write_bytes(path.read_bytes())
    return copies


@row("a 16-frame clip in the middle of a 20 s film", peer="decoding all frames up to it")
def against_full_decode(rounds):
    av = need("av", "pip install av")
    from course_lib.data.video_io import read_clip

    start = 300
    with film(600, 12) as path:

        def decode_all():
            kept = []
            with av.open(str(path)) as container:
                container.streams.video[0].thread_type = "AUTO"
                for number, frame in enumerate(container.decode(video=0)):
                    if number >= start:
                        kept.append(torch.from_numpy(frame.to_ndarray(format="rgb24")))
                    if len(kept) == CLIP:
                        return torch.stack(kept).permute(3, 0, 1, 2).contiguous()

        same = torch.equal(read_clip(path, start, CLIP), decode_all())
        peer, ours = alternate(lambda: read_clip(path, start, CLIP), decode_all, rounds)
    return peer, ours, f"{'identical' if same else 'DIFFERENT'} pixels"


@row("a clip at minute 9 of a ten-minute film", peer="ours, a clip at minute 0")
def position_in_a_long_film(rounds):
    need("av", "pip install av")
    from course_lib.data.video_io import read_clip

    late = 9 * 60 * 30
    with film(10 * 60 * 30, 60, height=96, width=128) as path:
        read_clip(path, 0, 1)  # reads the time stamps of all packets, once
        offset = 30  # frames after a keyframe, the same in both

        def clips(first):
            return [read_clip(path, first + offset, CLIP) for _ in range(10)]

        peer, ours = alternate(lambda: clips(late), lambda: clips(0), rounds)
    return peer / 10, ours / 10, "per clip, same distance from a keyframe; 1 means that the position does not matter"
