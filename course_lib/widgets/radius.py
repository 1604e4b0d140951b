"""Which number notices the outlier? Two small sets, each point's nearest neighbour, and balls of radius t."""

from dataclasses import dataclass

import torch

from course_lib.ops.points import chamfer, f_score, nearest
from course_lib.plots import COLORS, INK, MUTED, RULE
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WAYS = ("prediction to truth", "truth to prediction")
TRUE = [(20, 12), (20, 24), (20, 36), (20, 48), (32, 48), (44, 48), (56, 48), (20, 60), (20, 72), (56, 60), (56, 72)]
# Nothing is predicted of the right leg.
PREDICTED = [(24, 14), (17, 25), (22, 38), (23, 50), (31, 45), (46, 51), (59, 52), (17, 63)]
OUT = (64, 44)  # where the ninth predicted point starts; it moves to the right
SCALE, LEFT, TOP = 4, 8, 26  # pixels per unit, and where the drawing begins
WIDTH, HEIGHT = 640, 380
TRUTH, PREDICTION = COLORS[2], COLORS[1]


@dataclass(frozen=True)
class RadiusState:
    """Two sets, in units of 1/100 of the picture's height.

    predicted: (P, 2). true: (Q, 2). nearest: for each point of the set that looks, the number of its nearest in the
    other. hits: which of them are nearer than t. f1, precision, recall: 0..1. squared, plain: Chamfer distances,
    the means of squared distances added, and the mean distance.
    """

    predicted: torch.Tensor
    true: torch.Tensor
    nearest: tuple[int, ...]
    hits: tuple[bool, ...]
    f1: float
    precision: float
    recall: float
    squared: float
    plain: float


def radius_state(out, t, way=0):
    """The sets with the last predicted point moved.

    Args:
        out: by how much it stands to the right of its first place. t: the radius. way: index into `WAYS`.
    Returns:
        RadiusState.
    """
    predicted = torch.tensor([*PREDICTED, (OUT[0] + out, OUT[1])], dtype=torch.float32)
    true = torch.tensor(TRUE, dtype=torch.float32)
    x, y = (torch.nn.functional.pad(one, (0, 1)) for one in (predicted, true))
    distance, index = nearest(*((x, y) if way == 0 else (y, x)))
    f1, precision, recall = f_score(x, y, t)
    plain = chamfer(x, y, "occupancy_l1").item()
    return RadiusState(predicted, true, tuple(index[0].tolist()), tuple((distance[0].sqrt() < t).tolist()), f1.item(),
                       precision.item(), recall.item(), chamfer(x, y, "mesh_rcnn").item(), plain)  # fmt: skip


class Radius(Explorer):
    """Move one predicted point away, choose t, and look both ways."""

    question = "One point runs away. Which number notices, and which does not?"
    few_colors = True

    def __init__(self):
        super().__init__({
            "way": choice("look from", WAYS, WAYS[0], width="24em"),
            "t": slider("radius t", 6, 1, 30),
            "out": slider("runaway point", 0, 0, 80),
        })  # fmt: skip

    @property
    def state(self):
        """The present `RadiusState`."""
        return radius_state(self.controls["out"].value, self.controls["t"].value, self._way)

    @property
    def _way(self):
        return WAYS.index(self.controls["way"].value)

    def caption(self):
        s, way = self.state, self._way
        share, name = ((s.precision, "precision"), (s.recall, "recall"))[way]
        looked = ("predicted", "true")[way]
        return (
            f"With t = {self.controls['t'].value}, {sum(s.hits)} of {len(s.hits)} {looked} points have a neighbour in "
            f"their ball: {name} {share:.2f}. F1 {s.f1:.2f} (precision {s.precision:.2f}, recall {s.recall:.2f}). The "
            f"runaway point is {self.controls['out'].value} from its first place: Chamfer, squared, {s.squared:.0f}; "
            f"mean distance {s.plain:.1f}."
        )

    def draw(self):
        s, way, t = self.state, self._way, self.controls["t"].value
        looking, other = (s.predicted, s.true) if way == 0 else (s.true, s.predicted)
        sheet = Sheet(WIDTH, HEIGHT)
        sheet.text(2, 2, "filled: has a neighbour in its ball; hollow: has none; crosses: the other set", 13, MUTED)
        for (x, y), index, hit in zip(looking.tolist(), s.nearest, s.hits, strict=True):
            at, end = _place(x, y), _place(*other[index].tolist())
            sheet.dot(*at, t * SCALE, fill=None, edge=RULE)
            sheet.line([at, end], color=INK if hit else MUTED, width=1.5)
        own, theirs = (PREDICTION, TRUTH) if way == 0 else (TRUTH, PREDICTION)
        for x, y in other.tolist():
            a, b = _place(x, y)
            for sign in (-1, 1):
                sheet.line([(a - 5, b - 5 * sign), (a + 5, b + 5 * sign)], color=theirs, width=2.5)
        for (x, y), hit in zip(looking.tolist(), s.hits, strict=True):
            a, b = _place(x, y)
            sheet.dot(a, b, 7, fill=own)
            if not hit:
                sheet.dot(a, b, 4, fill="white")
        return sheet.pixels()


def _place(x, y):
    return LEFT + SCALE * x, TOP + SCALE * y
