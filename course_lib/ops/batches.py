"""A batch: what it may be made of, how it is moved, shared between processes, and cut from data held in memory.

A batch is a tensor whose first axis counts the examples, a list with one item per example (captions of different
lengths, say), or a tuple or dict of such parts. Anything else, such as a number or a string, belongs to the batch as a
whole. Mind that a list is not a tuple: (inputs, labels) are two parts, [first, second] are two examples.
"""

import torch

from course_lib.errors import CourseError


def to_device(batch, device):
    """The batch with every tensor on `device`; everything else stays as it is."""
    if hasattr(batch, "to"):  # tensors, and what torch packs them into, such as PackedSequence
        return batch.to(device, non_blocking=True)
    return _rebuilt(batch, [to_device(part, device) for part in _parts(batch)])


def share(batch, rank, processes):
    """The examples of a batch that belong to process `rank`: every `processes`-th one, so that all have equally many.

    Args:
        batch: see the top of this file; one process takes it as it is, whatever it is.
        rank, processes: as torchrun counts them.
    Raises:
        CourseError: if the parts do not have equally many examples, or these cannot be shared equally.
    """
    if processes == 1:
        return batch
    examples = _count(batch)
    if examples % processes:
        raise CourseError(f"A batch of {examples} cannot be shared equally by {processes} processes.")
    return _chosen(batch, slice(rank, None, processes))


def minibatches(data, size, seed=0):
    """Shuffled minibatches of data held in memory, as a function of the step: `fit` can stop anywhere and resume.

    Every example comes once per epoch, in an order that is new in each; a batch may reach into the next epoch.

    Args:
        data: a tensor, or a tuple or dict of tensors and lists with equally many examples N.
        size: examples per batch.
        seed: of the orders.
    Returns:
        function step -> batch, made like `data`, with `size` examples.
    Raises:
        CourseError: if the parts do not have equally many examples, or there are none.
    """
    examples = _count(data)
    if not examples or size < 1:
        raise CourseError(f"There are {examples} examples for batches of {size}: both must be at least 1.")
    return lambda step: _chosen(data, shuffled_rows(step * size, size, examples, seed))


def shuffled_rows(first, count, examples, seed):
    """Rows at the places `first` ... `first + count - 1` of an endless list that is shuffled anew for every epoch.

    Returns:
        (count,) long, 0 to examples - 1.
    """
    epochs = range(first // examples, (first + count - 1) // examples + 1)
    orders = [torch.randperm(examples, generator=generator_of(seed, epoch)) for epoch in epochs]
    start = first - epochs[0] * examples
    return torch.cat(orders)[start : start + count]


def generator_of(*numbers):
    """A random generator that belongs to these whole numbers: mixed, so that neighbours share nothing."""
    state = 0
    for number in numbers:
        state = (state * 6364136223846793005 + number + 1442695040888963407) % 2**63
    return torch.Generator().manual_seed(state)


def _parts(batch):
    """What a tuple, list or dict holds, in order; nothing for anything else."""
    if isinstance(batch, dict):
        return list(batch.values())
    return list(batch) if isinstance(batch, tuple | list) else []


def _rebuilt(batch, parts):
    """A tuple, list, named tuple or dict like `batch` with other parts; anything else as it is."""
    if isinstance(batch, dict):
        return dict(zip(batch, parts, strict=True))
    if hasattr(batch, "_fields"):
        return type(batch)(*parts)
    return type(batch)(parts) if isinstance(batch, tuple | list) else batch


def _has_rows(part):
    return isinstance(part, list) or (isinstance(part, torch.Tensor) and part.ndim > 0)


def _counts(batch):
    """How many examples each part has."""
    if _has_rows(batch):
        return [len(batch)]
    if hasattr(batch, "to") and not isinstance(batch, torch.Tensor):
        raise CourseError(
            f"A {type(batch).__name__} has no rows that could be chosen. Keep the examples in a list, and pack them "
            "where the network is called."
        )
    return [count for part in _parts(batch) for count in _counts(part)]


def _count(batch):
    counts = _counts(batch)
    if len(set(counts)) != 1:
        raise CourseError(
            f"The parts of a batch have {counts} examples, expected equally many. A tensor counts them by its first "
            "axis, a list by its items; whatever belongs to all examples goes into the loss function instead."
        )
    return counts[0]


def _chosen(batch, rows):
    """The same batch with only these rows: a slice, or (N,) long."""
    if isinstance(batch, torch.Tensor) and batch.ndim > 0:
        return batch[rows if isinstance(rows, slice) else rows.to(batch.device)]
    if isinstance(batch, list):
        return batch[rows] if isinstance(rows, slice) else [batch[row] for row in rows.tolist()]
    return _rebuilt(batch, [_chosen(part, rows) for part in _parts(batch)])
