"""What a tracker is: it is shown an object once, in a frame and a box, and then finds it in one frame after another.

    tracker.init(frames[0], box)
    box, score = tracker.update(frames[1])
    box, score = tracker.update(frames[2])

A tracker sees no frame twice and none ahead of time, and no true box but the first. Boxes are those of
`course_lib.ops.boxes`.
"""

from abc import ABC, abstractmethod

import torch

from course_lib.errors import CourseError, ShapeError, check_shape


class Tracker(ABC):
    """Base of every tracker. A new one writes `start` and `follow`; what comes in is checked here.

    Attributes:
        name: what results are filed under; the name of the class unless it is set.
    """

    name: str

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if "name" not in vars(cls):
            cls.name = cls.__name__

    def init(self, frame, box):
        """Show the object. May be called again at any time: all that was learned before is forgotten.

        Args:
            frame: (3, H, W), RGB, float in 0..1 or uint8.
            box: (4,), x, y, w, h in pixels; a tensor or any four numbers.
        Raises:
            ShapeError: if frame or box has another shape.
            CourseError: for a frame in 0..255 as float, or a box that is empty, not finite or outside the frame.
        """
        frame, box = checked_frame(frame), checked_box(box)
        height, width = frame.shape[1:]
        x, y, w, h = box.tolist()
        if w <= 0 or h <= 0:
            raise CourseError(f"The box to track has width {w:g} and height {h:g}: both must be above 0.")
        if x >= width or y >= height or x + w <= 0 or y + h <= 0:
            raise CourseError(
                f"The box to track, x={x:g} y={y:g} w={w:g} h={h:g}, lies outside the frame of {width} x {height} "
                "pixels. Is it (x, y, w, h), and not two corners? Was the frame resized, and the box not?"
            )
        if frame.max() > 2:  # resizing filters overshoot a little, but not as far
            raise CourseError(
                f"The frame has values up to {frame.max():g}: as float it must be in 0..1. Divide it by 255."
            )
        self._size = (height, width)
        self.start(frame, box)

    def update(self, frame):
        """Find the object in the next frame.

        Args:
            frame: (3, H, W), of the size of the frame before.
        Returns:
            box (4,) float32 on the CPU, and score, a float: how sure the tracker is, on a scale of its own.
        Raises:
            CourseError: if `init` was not called before.
            ShapeError: if the frame has another size.
        """
        if getattr(self, "_size", None) is None:
            raise CourseError(f"{self.name} does not know what to track yet: call init(frame, box) first.")
        frame = checked_frame(frame)
        if tuple(frame.shape[1:]) != self._size:
            raise ShapeError(
                f"frame has {frame.shape[1]} x {frame.shape[2]} pixels, the one before {self._size[0]} x "
                f"{self._size[1]}: all frames of a video must be of one size."
            )
        box, score = self.follow(frame)
        return checked_box(box, f"the box that {self.name} found"), float(score)

    @abstractmethod
    def start(self, frame, box):
        """Learn what the object looks like. frame (3, H, W) float32 in 0..1; box (4,) float32, on the CPU."""

    @abstractmethod
    def follow(self, frame):
        """frame (3, H, W) float32 in 0..1 -> box (4,) and score, a number."""


def checked_frame(frame):
    """frame (3, H, W), float or uint8 -> float32, where uint8 is divided by 255.

    Raises:
        ShapeError: if it has another shape or type.
    """
    check_shape(frame, "3 H W", "frame")
    if frame.dtype == torch.uint8:
        return frame.float() / 255
    if not frame.is_floating_point():
        raise ShapeError(f"frame holds {frame.dtype}, expected float in 0..1 or uint8.")
    return frame.float()


def checked_box(box, name="box"):
    """Four numbers, a tensor or not -> (4,) float32 on the CPU.

    Raises:
        ShapeError: if they are not four.
        CourseError: if one is not finite.
    """
    try:
        box = torch.as_tensor(box, dtype=torch.float32).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        raise ShapeError(f"{name} is {box!r}, expected four numbers x, y, w, h.") from None
    if box.shape != (4,):
        raise ShapeError(f"{name} has shape {tuple(box.shape)}, expected (4,): x, y, w, h of one box.")
    if not box.isfinite().all():
        raise CourseError(f"{name} is {box.tolist()}: all four must be finite numbers.")
    return box
