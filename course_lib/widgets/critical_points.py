"""Which points does PointNet look at? A set, those of its points that hold a maximum, and the scores without them."""

from dataclasses import dataclass

import torch

from course_lib.errors import CourseError
from course_lib.plots import COLORS, to_array
from course_lib.plots.space import draw_points
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

SHOWN = ("all points", "the critical points", "all but the critical points")
SIDE = 400  # pixels of the picture
CRITICAL, REST = COLORS[1], "#8c959f"


@dataclass(frozen=True)
class CriticalState:
    """critical: (P,) bool, which points hold the maximum of a feature. chances: (3, K), of each set of `SHOWN`."""

    critical: torch.Tensor
    chances: torch.Tensor


@torch.no_grad()
def critical_state(network, points):
    """What a PointNet without T-Nets needs of a set.

    Args:
        network: PointNet for whole sets, in evaluation mode. points: (P, 3).
    Returns:
        CriticalState; where every point is critical, the chances of "all but" are those of all.
    Raises:
        CourseError: if the network has a T-Net: its matrix hangs on other points than the maximum.
    """
    if network.input_tnet is not None or network.feature_tnet is not None:
        raise CourseError(
            "The network has a T-Net, which looks at the points too: take one without, see its arguments."
        )
    network.eval()
    critical = torch.zeros(len(points), dtype=torch.bool)
    critical[network.encode(points[None]).critical[0]] = True
    kept = points, points[critical], points[~critical] if (~critical).any() else points
    return CriticalState(critical, torch.stack([network(one[None])[0].softmax(0) for one in kept]))


class CriticalPoints(Explorer):
    """Look at a set as PointNet does.

    Args:
        network: see `critical_state`. sets: {name: (P, 3)}. classes: names of the network's K classes.
    """

    question = "How few points are enough for PointNet, and what is left without them?"
    few_colors = True

    def __init__(self, network, sets, classes):
        self._sets, self._classes = {name: points.detach().cpu() for name, points in sets.items()}, tuple(classes)
        self._states = {name: critical_state(network, points) for name, points in self._sets.items()}
        names = list(self._sets)
        super().__init__({
            "thing": choice("thing", names, names[0]),
            "shown": choice("show", SHOWN, SHOWN[0], width="24em"),
            "turn": slider("turn (degrees)", 30, -180, 180),
        })  # fmt: skip

    def _shown(self):
        name, shown = self.controls["thing"].value, SHOWN.index(self.controls["shown"].value)
        state = self._states[name]
        kept = (torch.ones_like(state.critical), state.critical, ~state.critical)[shown]
        return name, shown, state, kept

    def caption(self):
        name, shown, state, kept = self._shown()
        chance, best = state.chances[shown].max(0)
        return (
            f"{name}, {SHOWN[shown]}: {int(kept.sum())} of {len(kept)}; {int(state.critical.sum())} are critical. "
            f"PointNet says {self._classes[best]}, with {100 * chance:.0f} %. Turned by {self.controls['turn'].value} "
            "degrees."
        )

    def draw(self):
        name, _, state, kept = self._shown()
        points = to_array(self._sets[name])
        colors = torch.where(state.critical[:, None], _color(CRITICAL), _color(REST))
        sheet = Sheet(SIDE, SIDE)
        view = {"turn": self.controls["turn"].value, "above": 20, "size": 2 * SIDE, "reach": 0.75}
        # Critical points are drawn last and larger, so that they can be told apart without colour.
        picture = draw_points(points[kept], color=colors[kept], radius=4.0, **view)
        chosen = kept & state.critical
        if chosen.any():
            above = draw_points(points[chosen], color=colors[chosen], radius=8.0, **view)
            picture = picture.copy()
            ink = (above < 250).any(-1)
            picture[ink] = above[ink]
        sheet.picture(0, 0, SIDE, SIDE, picture)
        return sheet.pixels()


def _color(text):
    return torch.tensor([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)])
