"""Batches of random clips from real videos, as a function of the step: `train.fit` can stop anywhere and resume."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch

from course_lib.data.clips import clip_indices
from course_lib.errors import DataError


class ClipBatches:
    """A function step -> (inputs, labels) over labelled videos, the same batch for the same step.

    Videos are decoded by threads: PyAV lets them run side by side. Every clip begins at a random frame; all clips of a
    batch share a random window and are mirrored together, or not at all.

    Args:
        videos: `LabelledVideos` of `course_lib.data.readers`, with `size` set so that all frames are of one size.
        length: T, frames of a clip; a shorter video repeats its last frame.
        batch_size: B. crop: rows and columns of the window.
        prepare: function from uint8 clips (B, C, T, crop, crop) on `device` to what the network takes.
        device: where the clips go before `prepare`. threads: how many videos are decoded at once.
        mirror: mirror half of the batches left to right. seed: of everything random.
    Raises:
        DataError: if the crop is larger than the frames.
    """

    def __init__(self, videos, length, batch_size, *, crop, prepare, device="cpu", threads=8, mirror=True, seed=0):
        if videos.size is not None and min(videos.size) < crop:
            raise DataError(f"videos are resized to {videos.size}, smaller than a crop of {crop}: enlarge `size`.")
        self.videos, self.length, self.batch_size, self.crop = videos, length, batch_size, crop
        self.prepare, self.device, self.mirror, self.seed = prepare, device, mirror, seed
        self._pool = ThreadPoolExecutor(threads)

    def __call__(self, step):
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + step) % 2**63)
        numbers = torch.randint(len(self.videos), (self.batch_size,), generator=generator).tolist()
        moments = torch.rand(self.batch_size, generator=generator).tolist()
        top, left, mirror = torch.rand(3, generator=generator).tolist()
        clips, labels = zip(*self._pool.map(self._clip, numbers, moments), strict=True)
        clips = torch.stack(clips).to(self.device, non_blocking=True)
        clips = clips[..., _window(clips.shape[-2], self.crop, top), _window(clips.shape[-1], self.crop, left)]
        if self.mirror and mirror < 0.5:
            clips = clips.flip(-1)
        return self.prepare(clips), torch.tensor(labels)

    def _clip(self, number, moment):
        def indices(num_frames):
            starts = max(1, num_frames - self.length + 1)
            return clip_indices(num_frames, int(moment * starts), self.length)

        return replace(self.videos, indices=indices)[number]


def _window(size, crop, place):
    start = int(place * (size - crop + 1))
    return slice(start, start + crop)
