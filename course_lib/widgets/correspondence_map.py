"""Where does the other picture look the same? Point at one picture, and see the similarity over the other."""

from dataclasses import dataclass

import matplotlib
import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.plots import MUTED, to_array, to_pictures
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

SIDE, TOP, GAP = 244, 26, 14  # width of each picture, room for titles, room between
MARK = "#d1242f"


@dataclass(frozen=True)
class SimilarityState:
    """similarity: (H, W), -1..1, of one point with every pixel of the other picture. best: (x, y) of the largest."""

    similarity: np.ndarray
    best: tuple


def similarity_state(features1, features2, point):
    """Compare one pixel's descriptor with all of another picture.

    Args:
        features1, features2: (C, H, W), of length 1 along C. point: (x, y), whole pixels of the first.
    Returns:
        SimilarityState.
    Raises:
        ShapeError: if the channels differ, or the point is not in the picture.
    """
    features1, features2 = (torch.as_tensor(to_array(f)).float() for f in (features1, features2))
    if features1.ndim != 3 or features2.ndim != 3 or len(features1) != len(features2):
        raise ShapeError(
            f"features have shapes {tuple(features1.shape)} and {tuple(features2.shape)}: expected (C, H, W) twice, "
            "with the same C"
        )
    x, y = point
    if not (0 <= x < features1.shape[2] and 0 <= y < features1.shape[1]):
        raise ShapeError(f"point is {point}, expected x below {features1.shape[2]} and y below {features1.shape[1]}")
    similarity = torch.einsum("c,chw->hw", features1[:, y, x], features2)
    row, column = divmod(int(similarity.argmax()), similarity.shape[1])
    return SimilarityState(similarity.numpy(), (column, row))


class CorrespondenceMap(Explorer):
    """Choose descriptors and a point.

    Args:
        picture1, picture2: (3, H, W) float 0..1, of the same size.
        maps: {name: (features1, features2)}, each (C, H, W) of length 1 along C, one cell for every pixel.
        point: (x, y) where the walk begins.
    Raises:
        ShapeError: if the sizes do not fit.
    """

    question = "Where does the other picture look the same to the network?"

    def __init__(self, picture1, picture2, maps, point):
        self.maps = dict(maps)
        self._pictures = [to_pictures(picture[:, None])[0] for picture in (picture1, picture2)]
        height, width = self._pictures[0].shape[:2]
        wrong = [name for name, both in self.maps.items() if any(f.shape[-2:] != (height, width) for f in both)]
        if self._pictures[1].shape[:2] != (height, width) or wrong or not self.maps:
            raise ShapeError(
                f"pictures of {height} x {width} and {self._pictures[1].shape[0]} x {self._pictures[1].shape[1]}, "
                f"features that do not fit: {', '.join(wrong) or 'none'}: expected one size, and at least one map"
            )
        names = list(self.maps)
        self._features = choice("descriptors", names, names[0], width="22em")
        self._x = slider("x", int(point[0]), 0, width - 1, width="17em")
        self._y = slider("y", int(point[1]), 0, height - 1, width="17em")
        super().__init__({"descriptors": self._features, "x": self._x, "y": self._y})

    @property
    def state(self):
        """The present `SimilarityState`."""
        return similarity_state(*self.maps[self._features.value], (self._x.value, self._y.value))

    def caption(self):
        state = self.state
        x, y = state.best
        likely = float((state.similarity > state.similarity.max() - 0.1).mean())
        return (
            f"{self._features.value}: the point ({self._x.value}, {self._y.value}) fits best at ({x}, {y}), with a "
            f"similarity of {state.similarity.max():.2f}. Within 0.1 of that are {100 * likely:.1f} % of all pixels."
        )

    def draw(self):
        state = self.state
        height, width = state.similarity.shape
        scale, high = SIDE / width, SIDE * height / width
        sheet = Sheet(3 * SIDE + 2 * GAP + 8, TOP + round(high) + 28)
        low, top = float(state.similarity.min()), float(state.similarity.max())
        heat = matplotlib.colormaps["viridis"]((state.similarity - low) / max(top - low, 1e-9))[..., :3]
        panels = (
            ("picture 1, your point", self._pictures[0], (self._x.value, self._y.value)),
            ("picture 2, the best place", self._pictures[1], state.best),
            (f"similarity, {low:.2f} to {top:.2f}", (255 * heat).astype(np.uint8), state.best),
        )
        for number, (title, pixels, (x, y)) in enumerate(panels):
            left = 4 + number * (SIDE + GAP)
            sheet.text(left, 4, title, size=12.5, bold=True)
            sheet.picture(left, TOP, SIDE, high, pixels)
            _cross(sheet, left + (x + 0.5) * scale, TOP + (y + 0.5) * scale)
        sheet.text(
            4, TOP + high + 10, "bright: similar; cross: the point, and where it fits best", size=12, color=MUTED
        )
        return sheet.pixels()


def _cross(sheet, x, y, arm=7):
    for color, width in (("white", 4), (MARK, 2)):
        sheet.line([(x - arm, y), (x + arm, y)], color=color, width=width)
        sheet.line([(x, y - arm), (x, y + arm)], color=color, width=width)
