"""Random boxes around a box: candidates for a tracker, and samples of target and background to learn from.

MDNet's three ways to draw (Nam and Han 2016, Section 4.1, and the authors' code): from a Gaussian near the box, evenly
in a wide neighbourhood, or anywhere in the frame. `by_overlap` draws until it has as many as asked for whose overlap
with the box lies in a range. Boxes are (x, y, w, h), see `course_lib.ops.boxes`.
"""

import torch

from course_lib.errors import CourseError
from course_lib.ops.boxes import center, from_center, iou

SMALLEST = 10  # pixels: no sample is narrower, nor wider than the frame less this; small frames need a smaller number
ROUNDS = 40  # how often `by_overlap` draws before it repeats what it has


def gaussian(box, number, frame, *, shift=0.6, growth=1.05, smallest=SMALLEST, generator=None):
    """Boxes near a box: what a tracker looks at in the next frame.

    The middle moves by shift * (w + h) / 2 * g and both sides are multiplied by growth**g', with g and g' normal of
    deviation 0.5, cut off at -1 and 1; all independent.

    Args:
        box: (4,). number: N. frame: (height, width), which the middles do not leave.
        shift: as a share of the mean side. growth: of both sides together, so that the shape stays.
        smallest: see SMALLEST.
        generator: torch.Generator; None is torch's own.
    Returns:
        (N, 4)
    """
    noise = (0.5 * torch.randn(number, 3, generator=generator)).clamp(-1, 1).to(box)
    return _moved(box, noise, frame, shift, growth, smallest)


def uniform(box, number, frame, *, shift=1.0, growth=1.6, aspect=1.0, smallest=SMALLEST, generator=None):
    """The same with even noise in -1..1: background from the neighbourhood.

    Args:
        aspect: width and height are also multiplied by aspect**g each, so that the shape changes.
        box, number, frame, shift, growth, smallest, generator: as for `gaussian`.
    Returns:
        (N, 4)
    """
    noise = (2 * torch.rand(number, 5, generator=generator) - 1).to(box)
    boxes = _moved(box, noise[:, :3], frame, shift, growth, smallest)
    return from_center(center(boxes), boxes[:, 2:] * aspect ** noise[:, 3:])


def whole(box, number, frame, *, growth=1.6, smallest=SMALLEST, generator=None):
    """Boxes about as large as `box`, with middles anywhere in the frame: background from everywhere.  (N, 4)"""
    height, width = frame
    places = torch.rand(number, 2, generator=generator).to(box) * box.new_tensor([width, height])
    noise = (2 * torch.rand(number, 1, generator=generator) - 1).to(box)
    return from_center(places, _sized(box, noise, frame, growth, smallest))


def by_overlap(draw, box, number, low=0.0, high=1.0):
    """Boxes whose overlap with `box` lies in low..high.

    Args:
        draw: function of how many -> (n, 4) boxes, such as `lambda n: gaussian(box, n, frame)`.
        box: (4,). number: N.
        low, high: limits of the IoU, both included.
    Returns:
        (N, 4); where many draws found too few, those that were found are repeated.
    Raises:
        CourseError: if none was found.
    """
    found, have = [], 0
    for _ in range(ROUNDS):
        boxes = draw(max(2 * number, 64))
        overlap = iou(boxes, box)
        boxes = boxes[(overlap >= low) & (overlap <= high)]
        found.append(boxes)
        have += len(boxes)
        if have >= number:
            return torch.cat(found)[:number]
    if not have:
        raise CourseError(
            f"No box with an overlap of {low} to {high} was found among {ROUNDS * max(2 * number, 64):,}: draw nearer "
            "to the box (a smaller shift) for high overlaps, farther away for low ones."
        )
    found = torch.cat(found)
    return found[torch.arange(number) % have]


def _moved(box, noise, frame, shift, growth, smallest):
    height, width = frame
    middles = center(box) + shift * box[2:].mean() * noise[:, :2]
    middles = torch.minimum(middles.clamp(min=0), box.new_tensor([width, height]))
    return from_center(middles, _sized(box, noise[:, 2:], frame, growth, smallest))


def _sized(box, noise, frame, growth, smallest):
    height, width = frame
    most = (box.new_tensor([width, height]) - smallest).clamp(min=smallest)
    return torch.minimum((box[2:] * growth**noise).clamp(min=smallest), most)
