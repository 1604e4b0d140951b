"""GOT-10k's measures: the mean overlap, and the share of frames above two thresholds.

Huang, Zhao and Huang, "GOT-10k: A Large High-Diversity Benchmark for Generic Object Tracking in the Wild", TPAMI 2021.
"""

from dataclasses import dataclass

import torch

from course_lib.errors import ShapeError, check_shape
from course_lib.metrics.tracking.frames import overlaps, per_frame


@dataclass(frozen=True)
class GOTScores:
    """GOT-10k: average overlap, and success rates at overlaps of 0.5 and 0.75, each in 0..1."""

    ao: float
    sr50: float
    sr75: float


def got10k_scores(boxes, truth, size=None, skip_first=False, visible=None, clip="got10k"):
    """GOT-10k's measures of one sequence, or of several that were strung together.

    The toolkit and the server leave out the first frame, cut boxes at the frame (size=...) and count only frames in
    which the object is visible.

    Args:
        boxes, truth: (T, 4).
        size, clip: as for `overlaps`.
        skip_first: whether frame 0, in which the box was given, is left out.
        visible: (T,) share or bool; frames where it is 0 are left out (cover.label of the data set).
    Returns:
        GOTScores.
    Raises:
        ShapeError: if shapes do not fit, or no frame is left.
    """
    overlap = overlaps(boxes, truth, size, clip)
    counts = torch.ones(len(overlap), dtype=torch.bool)
    if visible is not None:
        check_shape(visible, "T", "visible")
        if len(visible) != len(overlap):
            raise ShapeError(f"visible has {len(visible)} values for {len(overlap)} frames.")
        counts = torch.as_tensor(visible).cpu() > 0
    if skip_first:
        counts[0] = False
    return mean_got10k_scores([overlap[counts]])


def mean_got10k_scores(sequences, classes=None):
    """GOT-10k's measures of many sequences from their overlaps.

    Args:
        sequences: (T,) overlaps of each sequence, without the frames that do not count.
        classes: one name per sequence: the mean is then taken over the sequences of each class of objects, and over
            the classes, as the test server does, so that the many people do not outweigh the rest. None: over all
            frames together, as the toolkit does on the validation set.
    Returns:
        GOTScores.
    """
    sequences = [per_frame(overlap, "overlap") for overlap in sequences]
    if classes is None:
        groups = [[torch.cat(sequences)]] if sequences else []
    elif len(classes) == len(sequences):
        groups = [
            [overlap for overlap, other in zip(sequences, classes, strict=True) if other == name]
            for name in dict.fromkeys(classes)
        ]
    else:
        raise ShapeError(f"There are {len(classes)} classes for {len(sequences)} sequences.")
    if not groups or any(len(overlap) == 0 for group in groups for overlap in group):
        raise ShapeError("No frame is left to measure in.")
    means = [torch.tensor([_got10k_row(overlap) for overlap in group], dtype=torch.float64).mean(0) for group in groups]
    return GOTScores(*torch.stack(means).mean(0).tolist())


def _got10k_row(overlap):
    return [overlap.mean().item(), (overlap > 0.5).double().mean().item(), (overlap > 0.75).double().mean().item()]
