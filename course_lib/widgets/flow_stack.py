"""What does each network of a stack add? Walk through FlowNet 2: flow, warped image and what is left, at each stage."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.warp import warp
from course_lib.plots import MUTED
from course_lib.plots.flow_color import flow_to_rgb, longest, wheel_image
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, GAP, WHEEL, TOP, BETWEEN = 760, 10, 62, 24, 26
BRIGHT = 0.5  # brightness error that is drawn white
VIEWS = ("flow error", "brightness error")


@dataclass(frozen=True)
class StackState:
    """One stage for one pair.

    Attributes:
        name: of the stage, in words.
        flow: (2, H, W) in pixels. warped: (3, H, W), 0..1.
        flow_error, brightness_error: (H, W), pixels and brightness.
        epe, mean_brightness: their means, the first over known pixels.
        before: epe of the stage before, None for the first.
    """

    name: str
    flow: np.ndarray
    warped: np.ndarray
    flow_error: np.ndarray
    brightness_error: np.ndarray
    epe: float
    mean_brightness: float
    before: float | None


def stack_states(stages, pair, truth, valid=None):
    """What every stage of one pair looks like.

    Args:
        stages: {name: flow (2, H, W) in pixels}, in their order.
        pair: (6, H, W), 0..1. truth: (2, H, W) in pixels.
        valid: (H, W) bool, where the errors count; by default everywhere.
    Returns:
        list of StackState; the first is "no motion".
    Raises:
        ShapeError: if the sizes differ.
    """
    sizes = check_shape(pair, "6 H W", "pair")
    if tuple(truth.shape) != (2, sizes["H"], sizes["W"]):
        raise ShapeError(f"truth has shape {tuple(truth.shape)}, expected (2, {sizes['H']}, {sizes['W']}) as the pair")
    valid = torch.ones_like(truth[0], dtype=torch.bool) if valid is None else valid
    image1, image2 = pair[None].split(3, 1)
    found = []
    for name, flow in {"no motion": torch.zeros_like(truth), **stages}.items():
        if flow.shape != truth.shape:
            raise ShapeError(f"stage {name!r} has shape {tuple(flow.shape)}, expected {tuple(truth.shape)}")
        warped = warp(image2, flow[None], "border")
        left = (image1 - warped).norm(dim=1)[0]
        wrong = (flow - truth).norm(dim=0)
        epe = wrong[valid].mean().item()
        before = found[-1].epe if found else None
        arrays = (part.numpy() for part in (flow, warped[0], wrong, left))
        found.append(StackState(name, *arrays, epe, left[valid].mean().item(), before))
    return found


class FlowStack(Explorer):
    """Choose a pair, a stage and which error to see.

    Args:
        stages: {name: flows (N, 2, H, W) in pixels} of the networks, in the order in which they run.
        pairs: (N, 6, H, W), 0..1. truth: (N, 2, H, W) in pixels.
        valid: (N, H, W) bool, where the errors count; by default everywhere.
    Raises:
        ShapeError: if the sizes differ.
    """

    question = "What does each network of the stack add?"

    def __init__(self, stages, pairs, truth, valid=None):
        check_shape(pairs, "N 6 H W", "pairs")
        self._pairs, self._truth = pairs.detach().cpu(), truth.detach().cpu()
        flows = {name: flow.detach().cpu() for name, flow in stages.items()}
        self._states = [
            stack_states(
                {name: flow[n] for name, flow in flows.items()},
                self._pairs[n],
                self._truth[n],
                None if valid is None else valid[n].cpu(),
            )
            for n in range(len(pairs))
        ]
        self._pair = slider("pair", 0, 0, len(pairs) - 1)
        names = [state.name for state in self._states[0]]
        self._stage = slider("stage", 1, 0, len(names) - 1)
        self._view = choice("below", VIEWS, VIEWS[0])
        super().__init__({"pair": self._pair, "stage": self._stage, "view": self._view})

    @property
    def state(self):
        """The present `StackState`."""
        return self._states[self._pair.value][self._stage.value]

    def caption(self):
        state = self.state
        step = "" if state.before is None else f" (the stage before: {state.before:.2f})"
        return (
            f"Pair {self._pair.value}, stage {self._stage.value}, {state.name}: flow error {state.epe:.2f} px{step}. "
            f"Brightness error between image 1 and the warped image 2: {state.mean_brightness:.3f}. Shown "
            f"below: {self._view.value}."
        )

    def draw(self):
        state, pair, truth = self.state, self._pairs[self._pair.value].numpy(), self._truth[self._pair.value]
        largest = max(longest(truth), 0.5)
        rows, columns = state.flow_error.shape
        side = round((WIDTH - WHEEL - 44 - 3 * GAP) / 3)
        height = round(side * rows / columns)
        error = state.flow_error / 3 if self._view.value == VIEWS[0] else state.brightness_error / BRIGHT
        scale = "black 0, white 3 px" if self._view.value == VIEWS[0] else f"black 0, white {BRIGHT:g}"
        panels = (
            ("image 1", _picture(pair[:3])),
            ("image 2", _picture(pair[3:])),
            ("true flow", flow_to_rgb(truth, largest)),
            (f"flow: {state.name}", flow_to_rgb(state.flow, largest)),
            ("image 2, warped back with it", _picture(state.warped)),
            (f"{self._view.value}: {scale}", _picture(np.stack([error] * 3))),
        )
        sheet = Sheet(WIDTH, TOP + 2 * height + BETWEEN + 6)
        for number, (title, pixels) in enumerate(panels):
            row, column = divmod(number, 3)
            left, top = 2 + column * (side + GAP), TOP + row * (height + BETWEEN)
            sheet.text(left, top - 6, title, size=12, color=MUTED, anchor="ls")
            sheet.picture(left, top, side, height, pixels)
        left, top = WIDTH - WHEEL - 36, TOP + 16
        sheet.picture(left, top, WHEEL, WHEEL, wheel_image(2 * WHEEL + 1))
        middle = left + WHEEL / 2, top + WHEEL / 2
        sheet.text(middle[0], top - 4, "up", size=11, color=MUTED, anchor="ms")
        sheet.text(left + WHEEL + 3, middle[1], "right", size=11, color=MUTED, anchor="lm")
        sheet.text(middle[0], top + WHEEL + 4, f"rim: {largest:.3g} px", size=11, color=MUTED, anchor="mt")
        return sheet.pixels()


def _picture(planes):
    """(3, H, W) in 0..1 as (H, W, 3) uint8."""
    return (255 * np.clip(planes, 0, 1)).round().astype(np.uint8).transpose(1, 2, 0)
