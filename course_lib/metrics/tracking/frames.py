"""What is measured in every frame: how much two boxes overlap, and how far their middles are apart."""

import torch

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.ops.boxes import center, iou


def overlaps(boxes, truth, size=None, clip="cut"):
    """Overlap in every frame.

    Args:
        boxes, truth: (T, 4).
        size: (width, height) of the frame, outside of which nothing counts; None: no limit.
        clip: "cut" what is outside off; or "got10k", as that toolkit has it: a box that begins left of the frame, or
            above it, is first moved to the edge without getting smaller.
    Returns:
        (T,) float64 in 0..1.
    """
    boxes, truth = paired(boxes, truth)
    if size is not None:
        boxes, truth = (_inside(found, size, clip) for found in (boxes, truth))
    return iou(boxes, truth)


def center_errors(boxes, truth, centers="edges"):
    """Distance between the middles in pixels.

    Args:
        boxes, truth: (T, 4).
        centers: "edges", x + w / 2; or "got10k", x + (w - 1) / 2 as in that toolkit, for boxes that count whole
            pixels. They differ by half the difference of the widths.
    Returns:
        (T,) float64.
    """
    return _offsets(*paired(boxes, truth), centers).norm(dim=-1)


def normalized_center_errors(boxes, truth, centers="edges"):
    """The same, where x counts in true widths and y in true heights: (T,) float64, inf where the truth is empty."""
    boxes, truth = paired(boxes, truth)
    offsets = _offsets(boxes, truth, centers)
    size = truth[:, 2:]
    return torch.where(size > 0, offsets / size, torch.inf).norm(dim=-1)


def paired(boxes, truth):
    """Both as float64 on the CPU, (T, 4)."""
    boxes, truth = (torch.as_tensor(value).detach().cpu().double() for value in (boxes, truth))
    if check_shape(boxes, "T 4", "boxes") != check_shape(truth, "T 4", "truth"):
        raise ShapeError(f"There are boxes of {len(boxes)} frames and true ones of {len(truth)}: expected as many.")
    if len(boxes) == 0:
        raise ShapeError("boxes has no frame, so there is nothing to average.")
    return boxes, truth


def per_frame(values, name):
    values = torch.as_tensor(values).detach().cpu().double()
    check_shape(values, "T", name)
    return values


def _offsets(boxes, truth, centers):
    if centers not in ("edges", "got10k"):
        raise CourseError(f'centers={centers!r} is unknown: use "edges" or "got10k".')
    offsets = center(boxes) - center(truth)
    if centers == "got10k":  # as that toolkit computes it, so that the last bit is the same too
        offsets = (boxes[:, :2] + (boxes[:, 2:] - 1) / 2) - (truth[:, :2] + (truth[:, 2:] - 1) / 2)
    return offsets


def _inside(boxes, size, clip):
    limit = torch.tensor(size, dtype=torch.float64)
    low = torch.minimum(boxes[:, :2].clamp(min=0), limit)
    if clip == "cut":
        high = torch.minimum((boxes[:, :2] + boxes[:, 2:]).clamp(min=0), limit)
        return torch.cat([low, high - low], 1)
    if clip == "got10k":
        return torch.cat([low, torch.minimum(boxes[:, 2:].clamp(min=0), limit - low)], 1)
    raise CourseError(f'clip={clip!r} is unknown: use "cut" or "got10k".')
