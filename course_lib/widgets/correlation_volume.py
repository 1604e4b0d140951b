"""Where in image 2 is it like here? One pixel of image 1, and its row of the correlation volume as a picture."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.ops.correlation import correlation
from course_lib.ops.filters import gaussian_blur
from course_lib.plots import MUTED
from course_lib.widgets.kit.drawing import Sheet, number, signed_colors
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, GAP = 760, 14
FOUND, TRUE, HERE = "#0072b2", "#b35900", "#1a7f37"


@dataclass(frozen=True)
class CorrelationState:
    """One pixel's correlations: scores (D, D), rows are dy and columns dx from -d to d; the best one (dx, dy) and its
    value; how many displacements are within a tenth of the range of it."""

    scores: np.ndarray
    best: tuple[int, int]
    value: float
    rivals: int


def likeness(image1, image2, d, radius):
    """Cosine of patches after their local mean is taken off: the correlation layer on normalised features.

    Args:
        image1, image2: (1, C, H, W), 0..1. d: farthest displacement, pixels. radius: k, of patches of 2k + 1 pixels.
    Returns:
        (D * D, H, W) in -1..1, D = 2d + 1; dx runs fastest.
    """
    first, second = (image - gaussian_blur(image, 6.0) for image in (image1, image2))
    side = 2 * radius + 1
    options = {"stride_2": 1, "kernel_size": side, "pad": d + radius}
    products = correlation(first, second, max_displacement=d, **options)
    ones = torch.ones_like(first)
    power1 = correlation(first**2, ones, max_displacement=0, stride_2=1, kernel_size=side, pad=radius)
    power2 = correlation(ones, second**2, max_displacement=d, **options)
    return (products / (power1 * power2 + 1e-8).sqrt())[0].clamp(-1, 1)


def correlation_state(volume, row, column):
    """What one pixel says.

    Args:
        volume: (D * D, H, W), as `correlation` gives it for one pair, with displacements of whole pixels.
        row, column: the pixel of image 1.
    Returns:
        CorrelationState.
    Raises:
        ShapeError: if the number of displacements is no odd square. CourseError: if the pixel is outside.
    """
    sizes = check_shape(volume, "N H W", "volume")
    side = round(sizes["N"] ** 0.5)
    if side * side != sizes["N"] or side % 2 == 0:
        raise ShapeError(f"volume has {sizes['N']} displacements, expected D * D with an odd D.")
    if not (0 <= row < sizes["H"] and 0 <= column < sizes["W"]):
        raise CourseError(f"the pixel ({row}, {column}) is outside of {sizes['H']} x {sizes['W']} (rows x columns).")
    scores = volume[:, row, column].reshape(side, side)
    down, right = divmod(int(scores.argmax()), side)
    best, span = scores.max(), scores.max() - scores.min()
    rivals = int((scores >= best - 0.1 * span).sum()) - 1
    return CorrelationState(scores.numpy(), (right - side // 2, down - side // 2), float(best), rivals)


class CorrelationExplorer(Explorer):
    """Choose a pixel of image 1 and the size of the patches; see where in image 2 it is like there.

    Args:
        image1, image2: (3, H, W), 0..1; small, about 48 x 64.
        truth: (2, H, W), the true flow in pixels.
        d: farthest displacement along each axis; 10 gives 441.
        row, column, radius: where the controls stand at first.
    """

    question = "Where in image 2 is it like here?"

    def __init__(self, image1, image2, truth, d=10, row=None, column=None, radius=1):
        check_shape(image1, "3 H W", "image1")
        if image1.shape != image2.shape or image1.shape[1:] != truth.shape[1:]:
            raise ShapeError(
                f"image1 has shape {tuple(image1.shape)}, image2 {tuple(image2.shape)}, truth {tuple(truth.shape)}: "
                "all three must share H and W."
            )
        self._d, self._truth = d, truth.cpu()
        self._images = [image.detach().float().cpu() for image in (image1, image2)]
        self._volumes = {}
        height, width = image1.shape[1:]
        self._row = slider("row of the pixel", height // 2 if row is None else row, 0, height - 1)
        self._column = slider("column of the pixel", width // 2 if column is None else column, 0, width - 1)
        patches = [(f"{2 * k + 1} × {2 * k + 1}", k) for k in (0, 1, 3)]
        self._radius = choice("patches of", patches, radius, width="13em")
        super().__init__({"row": self._row, "column": self._column, "patch": self._radius})

    @property
    def state(self):
        """The present `CorrelationState`; each volume is computed once."""
        radius = self._radius.value
        if radius not in self._volumes:
            self._volumes[radius] = likeness(*(image[None] for image in self._images), self._d, radius)
        return correlation_state(self._volumes[radius], self._row.value, self._column.value)

    def caption(self):
        state, row, column = self.state, self._row.value, self._column.value
        u, v = self._truth[:, row, column].tolist()
        wrong = float(np.hypot(state.best[0] - u, state.best[1] - v))
        side = 2 * self._radius.value + 1
        others = "no other displacement is" if not state.rivals else f"{state.rivals} others are"
        return (
            f"Row {row}, column {column}, patches of {side} × {side} pixels. Of {state.scores.size} displacements "
            f"({number(state.best[0])}, {number(state.best[1])}) is most alike, with a cosine of "
            f"{number(state.value, '{:.2f}')}; {others} nearly as good. The truth is ({number(u, '{:.1f}')}, "
            f"{number(v, '{:.1f}')}), {wrong:.1f} pixels away."
        )

    def draw(self):
        state, row, column = self.state, self._row.value, self._column.value
        height, width = self._truth.shape[1:]
        map_side = 200
        side = (WIDTH - map_side - 3 * GAP) / 2
        pixel = side / width
        top = 24
        sheet = Sheet(WIDTH, top + max(round(pixel * height), map_side) + 44)
        lefts = (GAP / 2, GAP * 1.5 + side)
        for left, image, name in zip(
            lefts, self._images, ("image 1: the pixel", "image 2: where to look"), strict=True
        ):
            sheet.text(left, top - 5, name, size=12, color=MUTED, anchor="ls")
            pixels = (255 * image.permute(1, 2, 0).numpy()).round().astype(np.uint8)
            sheet.picture(left, top, round(side), round(pixel * height), pixels)
        k, d = self._radius.value, self._d
        # The sheet cuts nothing, so frames are cut to the picture here.
        self._frame(sheet, lefts[0], top, pixel, (column - k, row - k, column + k + 1, row + k + 1), HERE)
        self._frame(
            sheet, lefts[1], top, pixel, (column - d - k, row - d - k, column + d + k + 1, row + d + k + 1), HERE
        )
        u, v = self._truth[:, row, column].tolist()
        for (right, down), color, radius in ((state.best, FOUND, 5), ((u, v), TRUE, 8)):
            x, y = column + right + 0.5, row + down + 0.5
            if 0 <= x <= width and 0 <= y <= height:
                sheet.dot(lefts[1] + x * pixel, top + y * pixel, radius, fill=None, edge=color)
        left = WIDTH - map_side - GAP / 2
        self._draw_map(sheet, left, top, map_side, state, (u, v))
        legend = "green: patch and search area · blue, B: most alike · brown, T: truth · =: both"
        legend += f" · axes: {-d} to {d} pixels"
        sheet.text(GAP / 2, top + max(round(pixel * height), map_side) + 24, legend, size=12, color=MUTED)
        return sheet.pixels()

    def _frame(self, sheet, left, top, pixel, box, color):
        height, width = self._truth.shape[1:]
        x0, y0, x1, y1 = (min(max(value, 0), most) for value, most in zip(box, (width, height) * 2, strict=True))
        sheet.box(left + x0 * pixel, top + y0 * pixel, (x1 - x0) * pixel, (y1 - y0) * pixel, edge=color, line=2)

    def _draw_map(self, sheet, left, top, side, state, truth):
        cell = side / len(state.scores)
        sheet.text(left, top - 5, "its correlations (red: alike)", size=12, color=MUTED, anchor="ls")
        sheet.picture(left, top, side, side, signed_colors(state.scores, 1.0))
        sheet.box(left, top, side, side, edge=MUTED, line=0.5)
        together = tuple(round(value) for value in truth) == state.best
        for (right, down), color, letter in ((truth, TRUE, "T"), (state.best, FOUND, "=" if together else "B")):
            x, y = (right + self._d + 0.5) * cell, (down + self._d + 0.5) * cell
            if 0 <= x <= side and 0 <= y <= side:
                sheet.dot(left + x, top + y, 7, fill="white", edge=color)
                sheet.text(left + x, top + y, letter, size=10, color=color, anchor="mm", bold=True)
        sheet.text(left + side / 2, top + side + 4, "dx to the right, dy down", size=11, color=MUTED, anchor="mt")
