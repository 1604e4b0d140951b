"""Batches of random clips from real videos, as a function of the step: `train.fit` can stop anywhere and resume."""

from dataclasses import replace

import torch

from course_lib.data.sets.step_batches import StepBatches
from course_lib.errors import DataError
from course_lib.ops.batches import generator_of, shuffled_rows
from course_lib.ops.sampling import clip_indices, random_segment_indices, snippet_frames


class ClipBatches(StepBatches):
    """A function step -> (inputs, labels) over labelled videos, the same batch for the same step.

    Every video comes once per epoch, in an order that is new in each; its clip begins at a random frame, is cut out at
    a random place and mirrored half of the time.

    Args:
        videos: `LabelledVideos` of `course_lib.data.sets.readers`, with `size` set so that all frames are of one size.
        length: T, frames of a clip; a shorter video repeats its last frame.
        segments: with K > 1, a clip is K snippets of `length` frames, one at random from each of K equal segments of
            the video, one after the other: K * length frames in all.
        batch_size: clips per step, over all processes.
        crop: rows and columns of the window.
        prepare: function from uint8 clips (B, C, T, crop, crop) on `device` to what the network takes.
        mirror: mirror half of the clips left to right. seed: of everything random.
        device, workers, share: as for `StepBatches`.
    Raises:
        DataError: if the crop is larger than the frames; when a batch is made, also if `size` was not set and these are
            smaller than the crop.
        CourseError: if the processes cannot share a batch equally.
    """

    def __init__(
        self,
        videos,
        length,
        batch_size,
        *,
        crop,
        prepare,
        segments=1,
        device="cpu",
        workers=0,
        mirror=True,
        seed=0,
        share=(0, 1),
    ):
        if videos.size is not None and min(videos.size) < crop:
            raise DataError(f"videos are resized to {videos.size}, smaller than a crop of {crop}: enlarge `size`.")
        super().__init__(
            _Clips(videos, length, segments, crop, mirror, seed),
            batch_size,
            of="clips",
            device=device,
            workers=workers,
            share=share,
        )
        self.prepare = prepare

    def ready(self, step, batch):
        clips, labels = batch
        return self.prepare(clips), labels


class _Clips:
    """(clip, label) at a place of the endless list of videos, which is shuffled again for every epoch."""

    def __init__(self, videos, length, segments, crop, mirror, seed):
        self.videos, self.length, self.segments = videos, length, segments
        self.crop, self.mirror, self.seed = crop, mirror, seed

    def __getitem__(self, place):
        number = shuffled_rows(place, 1, len(self.videos), self.seed).item()
        generator = generator_of(self.seed, place, 1)
        moment, top, left, mirror = torch.rand(4, generator=generator).tolist()

        def indices(num_frames):
            if self.segments > 1:
                starts = random_segment_indices(max(num_frames, self.length), self.segments, generator, self.length)
                return snippet_frames(num_frames, starts, self.length)
            return clip_indices(num_frames, int(moment * max(1, num_frames - self.length + 1)), self.length)

        clip, label = replace(self.videos, indices=indices)[number]
        if min(clip.shape[-2:]) < self.crop:
            raise DataError(
                f"{self.videos.videos[number][0]}: its frames of {clip.shape[-2]} x {clip.shape[-1]} pixels are "
                f"smaller than a crop of {self.crop}. Videos of several sizes need size=(height, width)."
            )
        clip = clip[..., _window(clip.shape[-2], self.crop, top), _window(clip.shape[-1], self.crop, left)]
        return clip.flip(-1) if self.mirror and mirror < 0.5 else clip, label


def _window(size, crop, place):
    start = int(place * (size - crop + 1))
    return slice(start, start + crop)
