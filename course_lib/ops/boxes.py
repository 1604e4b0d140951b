"""Boxes around objects: overlap, centres, and the pictures inside them.

**Boxes, here and in all lectures**, are (x, y, w, h) in pixels: x to the right and y down, of the upper left corner,
then width and height. They are measured between pixel edges: a box that covers pixel column 0 alone has x = 0, w = 1,
and its right edge is at x + w = 1, where pixel column 1 begins. So the middle of a box is x + w / 2. Other codes count
from 1, or take the middle as x + (w - 1) / 2; where a measure needs that, it says so.

Every function takes boxes of any leading shape, (..., 4), and is differentiable.
"""

import torch
from torch.nn.functional import grid_sample

from course_lib.errors import ShapeError, check_shape


def iou(boxes, others):
    """Intersection over union, the area that two boxes share over the area that they cover together.

    Args:
        boxes, others: (..., 4), of shapes that broadcast: (N, 1, 4) and (M, 4) compare all with all.
    Returns:
        (...,) in 0..1. 0 where a box is empty (a width or height of 0 or less).
    Raises:
        ShapeError: if the last axis is not (x, y, w, h), or the shapes do not broadcast.
    """
    boxes, others = _checked(boxes, "boxes"), _checked(others, "others")
    try:
        torch.broadcast_shapes(boxes.shape, others.shape)
    except RuntimeError:
        raise ShapeError(
            f"boxes has shape {tuple(boxes.shape)} and others {tuple(others.shape)}: they cannot be compared box by "
            "box. For all with all, write iou(boxes[:, None], others)."
        ) from None
    low = torch.maximum(boxes[..., :2], others[..., :2])
    high = torch.minimum(boxes[..., :2] + boxes[..., 2:], others[..., :2] + others[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    together = area(boxes) + area(others) - shared
    return torch.where(together > 0, shared / together.clamp(min=torch.finfo(together.dtype).tiny), 0)


def area(boxes):
    """(..., 4) -> (...,) square pixels; 0 for an empty box."""
    return _checked(boxes, "boxes")[..., 2:].clamp(min=0).prod(-1)


def center(boxes):
    """(..., 4) -> (..., 2), the middle (x, y) of each box."""
    boxes = _checked(boxes, "boxes")
    return boxes[..., :2] + boxes[..., 2:] / 2


def from_center(centers, sizes):
    """Boxes (..., 4) from their middles (..., 2), (x, y), and sizes (..., 2), (w, h)."""
    centers, sizes = torch.broadcast_tensors(torch.as_tensor(centers), torch.as_tensor(sizes))
    return torch.cat([centers - sizes / 2, sizes], -1)


def from_corners(corners):
    """Boxes (..., 4) from left, top, right and bottom edges, (..., 4): torchvision's "xyxy"."""
    return torch.cat([corners[..., :2], corners[..., 2:] - corners[..., :2]], -1)


def to_corners(boxes):
    """(..., 4) -> left, top, right and bottom edges, (..., 4): torchvision's "xyxy"."""
    boxes = _checked(boxes, "boxes")
    return torch.cat([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], -1)


def around(points):
    """The smallest upright box around points: (..., P, 2) of (x, y) -> (..., 4)."""
    low, high = points.amin(-2), points.amax(-2)
    return torch.cat([low, high - low], -1)


def center_error(boxes, others):
    """Distance between the middles, in pixels: (..., 4), (..., 4) -> (...,)."""
    return (center(boxes) - center(others)).norm(dim=-1)


def scale(boxes, factor):
    """Each box made `factor` times as wide and high about its middle; factor: a number, or (...,) one per box."""
    factor = torch.as_tensor(factor, dtype=boxes.dtype, device=boxes.device)
    return from_center(center(boxes), boxes[..., 2:] * factor[..., None])


def with_context(boxes, context=0.5):
    """Square boxes with some of the surroundings: as SiamFC's exemplar, section 4.1 of the paper.

    The side is sqrt((w + 2p)(h + 2p)) with p = context (w + h) / 2, so the area does not depend on the box's shape.

    Args:
        boxes: (..., 4). context: 0.5 as in SiamFC, where 2p = (w + h) / 2; 0 keeps the area.
    Returns:
        (..., 4) about the same middles.
    """
    width, height = boxes[..., 2], boxes[..., 3]
    margin = context * (width + height)
    side = ((width + margin) * (height + margin)).sqrt()
    return from_center(center(boxes), torch.stack([side, side], -1))


def clip(boxes, height, width):
    """Cut off what lies outside a frame of this height and width; a box that is wholly outside gets an area of 0."""
    corners = to_corners(boxes)
    limit = torch.tensor([width, height, width, height], dtype=boxes.dtype, device=boxes.device)
    return from_corners(torch.minimum(corners.clamp(min=0), limit))


def crop(frame, boxes, size, fill=None):
    """The picture inside each box, resized to one size: bilinear, all boxes at once.

    The middle of pixel (i, j) of a crop lies at (x + (i + 0.5) w / size, y + (j + 0.5) h / size). The frame's pixels
    are not averaged before: a crop much smaller than its box skips some, as in the codes of the papers.

    Args:
        frame: (C, H, W), floating point, any range.
        boxes: (N, 4) or (4,); may reach outside the frame.
        size: rows and columns of a crop, a number or (rows, columns).
        fill: what lies outside: a number, or (C,); by default the mean color of the frame.
    Returns:
        (N, C, rows, columns), or (C, rows, columns) for a single box; differentiable in frame and boxes.
    Raises:
        ShapeError: if the frame has another rank or holds whole numbers, or the last axis of boxes is not 4.
    """
    sizes = check_shape(frame, "C H W", "frame")
    if not frame.is_floating_point():
        raise ShapeError(
            f"frame holds {frame.dtype}, expected floating point: divide by 255 first (frame.float() / 255)."
        )
    boxes = _checked(boxes, "boxes")
    if boxes.ndim == 1:
        return crop(frame, boxes[None], size, fill)[0]
    rows, columns = (size, size) if isinstance(size, int) else size
    x = boxes[:, 0, None] + (torch.arange(columns, device=frame.device) + 0.5) * boxes[:, 2, None] / columns
    y = boxes[:, 1, None] + (torch.arange(rows, device=frame.device) + 0.5) * boxes[:, 3, None] / rows
    places = torch.stack(
        [
            (2 * x / sizes["W"] - 1)[:, None].expand(-1, rows, -1),
            (2 * y / sizes["H"] - 1)[..., None].expand(-1, -1, columns),
        ],
        -1,
    )  # (N, rows, columns, 2), -1 and 1 are the frame's edges
    fill = frame.mean((1, 2)) if fill is None else torch.as_tensor(fill, dtype=frame.dtype, device=frame.device)
    fill = fill.expand(sizes["C"])[:, None, None]
    # One tall grid for all boxes: a batch of N would copy the frame N times.
    tall = places.reshape(1, -1, columns, 2).to(frame.dtype)
    crops = grid_sample((frame - fill)[None], tall, mode="bilinear", padding_mode="zeros", align_corners=False)[0]
    return (crops + fill).unflatten(1, (len(boxes), rows)).transpose(0, 1)


def _checked(boxes, name):
    boxes = torch.as_tensor(boxes)
    if boxes.ndim == 0 or boxes.shape[-1] != 4:
        raise ShapeError(f"{name} has shape {tuple(boxes.shape)}, expected (..., 4): x, y, w, h of each box.")
    return boxes if boxes.is_floating_point() else boxes.float()
