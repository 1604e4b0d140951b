"""What do window, levels and iterations do to the flow? Pyramidal Lucas-Kanade beside the truth."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.flow import pyramidal_lucas_kanade
from course_lib.plots import MUTED
from course_lib.plots.flow_color import flow_to_rgb, longest, wheel_image
from course_lib.widgets.flow_wheel import arrow
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, GAP, WHEEL = 760, 10, 62
WINDOWS = (1, 2, 4, 8)  # standard deviation of the Gaussian window, pixels


@dataclass(frozen=True)
class FlowState:
    """An estimate (2, H, W) in pixels, its error (H, W) at every pixel, and the mean over the measured pixels."""

    flow: np.ndarray
    error: np.ndarray
    mean_error: float


def flow_state(image1, image2, truth, sigma, levels, iterations, valid=None):
    """Pyramidal Lucas-Kanade, and how wrong it is.

    Args:
        image1, image2: (1, 1, H, W) grey, 0..1.
        truth: (2, H, W) pixels.
        sigma, levels, iterations: as in `pyramidal_lucas_kanade`; 0 iterations give no motion at all.
        valid: (H, W) bool, where the error counts; by default everywhere.
    Returns:
        FlowState.
    Raises:
        ShapeError: if truth is not (2, H, W).
    """
    check_shape(truth, "2 H W", "truth")
    if iterations == 0:
        flow = torch.zeros_like(truth)
    else:
        flow = pyramidal_lucas_kanade(image1, image2, levels=levels, sigma=sigma, iterations=iterations)[0]
    error = (flow - truth).norm(dim=0)
    measured = error if valid is None else error[valid]
    return FlowState(flow.numpy(), error.numpy(), float(measured.mean()))


class FlowExplorer(Explorer):
    """Choose window, levels and iterations, and compare with the truth.

    Args:
        image1, image2: (C, H, W), 0..1, grey or RGB; small, about 100 x 130, so that answers come at once.
        truth: (2, H, W) in pixels.
        valid: (H, W) bool, where the error counts (for example ~occluded); by default everywhere.
        sigma, levels, iterations: where the controls stand at first.
    Raises:
        ShapeError: if the shapes do not fit together.
    """

    question = "What do window, levels and iterations do to the flow?"

    def __init__(self, image1, image2, truth, valid=None, sigma=2, levels=1, iterations=3):
        check_shape(image1, "C H W", "image1")
        if image1.shape != image2.shape or image1.shape[1:] != truth.shape[1:]:
            raise ShapeError(
                f"image1 has shape {tuple(image1.shape)}, image2 {tuple(image2.shape)}, truth {tuple(truth.shape)}: "
                "all three must share H and W."
            )
        self._pair = [image.detach().float().cpu().mean(0)[None, None] for image in (image1, image2)]
        self._truth, self._valid = truth.cpu(), None if valid is None else valid.cpu()
        self._largest = longest(self._truth)
        self._known = {}
        self._sigma = choice("window", [(f"± {2 * s} px", s) for s in WINDOWS], sigma, width="12em")
        self._levels = slider("pyramid levels", levels, 1, 5)
        self._iterations = slider("iterations per level", iterations, 0, 8)
        super().__init__({"sigma": self._sigma, "levels": self._levels, "iterations": self._iterations})

    @property
    def state(self):
        """The present `FlowState`; each is computed once."""
        key = (self._sigma.value, self._levels.value, self._iterations.value)
        if key not in self._known:
            self._known[key] = flow_state(*self._pair, self._truth, *key, valid=self._valid)
        return self._known[key]

    def caption(self):
        state, sigma = self.state, self._sigma.value
        error, still = torch.from_numpy(state.error), self._truth.norm(dim=0)
        if self._valid is not None:
            error, still = error[self._valid], still[self._valid]
        return (
            f"Window of about ±{2 * sigma} pixels, {_many(self._levels.value, 'level')}, "
            f"{_many(self._iterations.value, 'iteration')} per level: mean error {state.mean_error:.2f} pixels "
            f"(no motion at all: {still.mean():.2f}); {(error > 1).float().mean():.0%} of the pixels are wrong by more "
            f"than one pixel. The longest true vector has {self._largest:.1f} pixels."
        )

    def draw(self):
        state = self.state
        rows, columns = state.error.shape
        side = (WIDTH - WHEEL - 44 - 3 * GAP) / 3
        height = round(side * rows / columns)
        top = 22
        sheet = Sheet(WIDTH, top + max(height, 150) + 20)
        panels = (
            ("estimate", flow_to_rgb(state.flow, self._largest), state.flow),
            ("truth", flow_to_rgb(self._truth, self._largest), self._truth.numpy()),
            ("error: black 0, white 3 px or more", _grey(state.error / 3), None),
        )
        for place, (name, pixels, flow) in enumerate(panels):
            left = 2 + place * (side + GAP)
            sheet.text(left, top - 5, name, size=12, color=MUTED, anchor="ls")
            sheet.picture(left, top, round(side), height, pixels)
            if flow is not None:
                _arrows(sheet, left, top, side / columns, flow, self._largest)
        _draw_wheel(sheet, WIDTH - WHEEL - 36, top + 16, self._largest)
        return sheet.pixels()


def _grey(shares):
    grey = (255 * np.clip(shares, 0, 1)).astype(np.uint8)
    return np.stack([grey] * 3, -1)


def _arrows(sheet, left, top, pixel, flow, largest):
    """Arrows on a grid; the longest true vector fills a cell, longer ones of the estimate are cut."""
    step = max(2, flow.shape[2] // 11)
    for y in range(step // 2, flow.shape[1], step):
        for x in range(step // 2, flow.shape[2], step):
            u, v = flow[:, y, x] / max(largest, float(np.hypot(*flow[:, y, x]))) * 0.45 * step * pixel
            at = left + (x + 0.5) * pixel, top + (y + 0.5) * pixel
            arrow(sheet, at[0] - u, at[1] - v, at[0] + u, at[1] + v, width=1, head=3)


def _draw_wheel(sheet, left, top, largest):
    middle = left + WHEEL / 2, top + WHEEL / 2
    sheet.picture(left, top, WHEEL, WHEEL, wheel_image(2 * WHEEL + 1))
    for u, v in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        arrow(sheet, *middle, middle[0] + 0.4 * WHEEL * u, middle[1] + 0.4 * WHEEL * v, width=1, head=3)
    sheet.text(middle[0], top - 4, "up", size=11, color=MUTED, anchor="ms")
    sheet.text(left + WHEEL + 3, middle[1], "right", size=11, color=MUTED, anchor="lm")
    sheet.text(middle[0], top + WHEEL + 4, f"rim: {largest:.3g} px", size=11, color=MUTED, anchor="mt")


def _many(count, word):
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
