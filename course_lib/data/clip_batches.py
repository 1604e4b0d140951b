"""Batches of random clips from real videos, as a function of the step: `train.fit` can stop anywhere and resume."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch

from course_lib.data.clips import clip_indices
from course_lib.errors import CourseError, DataError


class ClipBatches:
    """A function step -> (inputs, labels) over labelled videos, the same batch for the same step.

    Every video comes once per epoch, in an order that is new in each; its clip begins at a random frame, is cut out at
    a random place and mirrored half of the time. Threads decode, since PyAV lets them run side by side, and they decode
    the next batch while the network learns from this one.

    Args:
        videos: `LabelledVideos` of `course_lib.data.readers`, with `size` set so that all frames are of one size.
        length: T, frames of a clip; a shorter video repeats its last frame.
        batch_size: clips per step, over all processes.
        crop: rows and columns of the window.
        prepare: function from uint8 clips (B, C, T, crop, crop) on `device` to what the network takes.
        device: where the clips go before `prepare`. threads: how many videos are decoded at once.
        mirror: mirror half of the clips left to right. seed: of everything random.
        share: (number of this process, processes), as torchrun counts them: each decodes its own part of every batch.
    Raises:
        DataError: if the crop is larger than the frames.
        CourseError: if the processes cannot share a batch equally.
    """

    def __init__(
        self, videos, length, batch_size, *, crop, prepare, device="cpu", threads=8, mirror=True, seed=0, share=(0, 1)
    ):
        if videos.size is not None and min(videos.size) < crop:
            raise DataError(f"videos are resized to {videos.size}, smaller than a crop of {crop}: enlarge `size`.")
        rank, processes = share
        if batch_size % processes:
            raise CourseError(f"A batch of {batch_size} clips cannot be shared equally by {processes} processes.")
        self.videos, self.length, self.batch_size, self.crop = videos, length, batch_size, crop
        self.prepare, self.device, self.mirror, self.seed = prepare, device, mirror, seed
        self.rank, self.processes = rank, processes
        self.shared = processes > 1  # then `fit` must not take a part of the part
        self._pool, self._ahead = ThreadPoolExecutor(threads), {}

    def __call__(self, step):
        decoding = self._ahead.pop(step, None) or self._decode(step)
        self._ahead = {step + 1: self._decode(step + 1)}
        clips, labels = zip(*(clip.result() for clip in decoding), strict=True)
        return self.prepare(torch.stack(clips).to(self.device, non_blocking=True)), torch.tensor(labels)

    def _decode(self, step):
        """Begin with a batch: its clips as futures."""
        places = range(step * self.batch_size + self.rank, (step + 1) * self.batch_size, self.processes)
        return [self._pool.submit(self._clip, place) for place in places]

    def _clip(self, place):
        """(clip, label): the place-th of the endless list of videos, which is shuffled again for every epoch."""
        epoch, number = divmod(place, len(self.videos))
        order = torch.randperm(len(self.videos), generator=_generator(self.seed, epoch))
        generator = _generator(self.seed, place, 1)
        moment, top, left, mirror = torch.rand(4, generator=generator).tolist()

        def indices(num_frames):
            return clip_indices(num_frames, int(moment * max(1, num_frames - self.length + 1)), self.length)

        clip, label = replace(self.videos, indices=indices)[order[number].item()]
        clip = clip[..., _window(clip.shape[-2], self.crop, top), _window(clip.shape[-1], self.crop, left)]
        return clip.flip(-1) if self.mirror and mirror < 0.5 else clip, label


def _window(size, crop, place):
    start = int(place * (size - crop + 1))
    return slice(start, start + crop)


def _generator(*numbers):
    """A generator that belongs to these numbers: mixed, so that neighbours share nothing."""
    state = 0
    for number in numbers:
        state = (state * 6364136223846793005 + number + 1442695040888963407) % 2**63
    return torch.Generator().manual_seed(state)
