"""Batches of examples that are read from disk, as a function of the step: `train.fit` can stop anywhere and resume."""

import os

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from course_lib.errors import CourseError
from course_lib.ops.batches import to_device

ENDLESS = 10**9  # steps: more than anybody takes


def stacked(examples):
    """A batch whose parts are those of the examples, each stacked along a new first axis: a tuple where they are."""
    batch = default_collate(examples)
    return tuple(batch) if isinstance(examples[0], tuple) else batch


class StepBatches:
    """A function step -> batch, the same batch for the same step, wherever the first one is asked for.

    A subclass brings the examples, and in `ready` what remains to be done with a batch on the device.

    Args:
        examples: object whose item `place` (0, 1, 2, ... without end) is one example, a tuple of tensors and numbers;
            the same for the same place. Worker processes get a copy of it.
        batch_size: examples per step, over all processes: step s has those at the places from s * batch_size on.
        of: what the examples are, in the plural, for messages.
        device: where the batch goes.
        workers: processes that read the next batches while the network learns, at most one per processor; 0 reads when
            a batch is asked for. (Threads would wait for each other: sixteen were hardly faster than two.)
        share: (number of this process, processes), as torchrun counts them: each reads its own part of every batch,
            every so-many-th example.
        collate: function list of examples -> batch; by default `stacked`.
    Raises:
        CourseError: if a batch is empty, or the processes cannot share it equally.
    """

    def __init__(self, examples, batch_size, *, of="examples", device="cpu", workers=0, share=(0, 1),
                 collate=stacked):  # fmt: skip
        if batch_size < 1:
            raise CourseError(f"A batch of {batch_size} {of} is empty: expected at least 1.")
        if batch_size % share[1]:
            raise CourseError(f"A batch of {batch_size} {of} cannot be shared equally by {share[1]} processes.")
        self.shared = share[1] > 1  # then `fit` must not take a part of the part
        self.device, self.rank, self.workers = torch.device(device), share[0], min(workers, os.cpu_count() or 1)
        self._steps = _Steps(examples, batch_size, share, collate)
        self._read, self._next = None, None

    def __call__(self, step):
        if step != self._next:  # the first step, or a resumed run
            loader = DataLoader(
                self._steps,
                batch_size=None,
                sampler=range(step, step + ENDLESS),
                num_workers=self.workers,
                pin_memory=self.device.type == "cuda",
            )
            self._read = iter(loader)
        self._next = step + 1
        return self.ready(step, to_device(next(self._read), self.device))

    def ready(self, step, batch):
        """What `fit` gets for the batch of a step, which is on the device. A subclass may change it here."""
        return batch


class _Steps(Dataset):
    """Item `step` is that step's batch: what worker processes make."""

    def __init__(self, examples, batch_size, share, collate):
        self.examples, self.batch_size, self.share, self.collate = examples, batch_size, share, collate

    def __getitem__(self, step):
        rank, processes = self.share
        places = range(step * self.batch_size + rank, (step + 1) * self.batch_size, processes)
        return self.collate([self.examples[place] for place in places])
