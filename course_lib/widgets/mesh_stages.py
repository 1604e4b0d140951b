"""A picture becomes a mesh, stage by stage: walk around it and see where it is still wrong."""

from dataclasses import dataclass

import matplotlib
import numpy as np
import torch

from course_lib.errors import CourseError
from course_lib.ops.meshes import folds
from course_lib.ops.points import nearest
from course_lib.plots import MUTED
from course_lib.plots.space import draw_mesh, draw_points
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

SIDE = 250  # columns and rows of each of the three pictures
TOP, BAR = 24, 34  # rows above and below them
PLAIN, FAR = "plain", "distance to the nearest true point"


@dataclass(frozen=True)
class StageState:
    """vertices (V, 3), faces (F, 3) of a stage; distance (F,) from faces' middles to true points; their mean; folds."""

    vertices: torch.Tensor
    faces: torch.Tensor
    distance: torch.Tensor
    mean: float
    folds: float


def stage_state(meshes, points, stage):
    """What a stage has made.

    Args:
        meshes: list of (vertices (V, 3), faces (F, 3)), the template first. points: (P, 3), of the true surface.
        stage: 0 for the template, then 1 and so on.
    Returns:
        StageState; distances in the unit of the points.
    Raises:
        CourseError: if there is no such stage.
    """
    if not 0 <= stage < len(meshes):
        raise CourseError(f"stage is {stage}, expected 0 to {len(meshes) - 1}.")
    vertices, faces = meshes[stage]
    middles = vertices[faces].mean(1)
    distance = nearest(middles[None], points[None])[0][0].sqrt()
    return StageState(vertices, faces, distance, distance.mean().item(), folds(vertices, faces).item())


class MeshStages(Explorer):
    """Three pictures: what the network was given, the mesh of a stage, and the true surface, both turned alike.

    Args:
        picture: (3, H, W) in 0..1. meshes, points: as for `stage_state`, in the course's axes, about the origin.
    """

    question = "Where is the mesh still wrong, and could the picture have told?"

    def __init__(self, picture, meshes, points):
        self._meshes, self._points = meshes, points
        self._given = (picture.clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()
        self._states = [stage_state(meshes, points, number) for number in range(len(meshes))]
        self._most = max(state.distance.max().item() for state in self._states)
        self._reach = 1.25 * max(points.abs().max().item(), meshes[0][0].abs().max().item())
        super().__init__({
            "stage": slider("stage (0: template)", len(meshes) - 1, 0, len(meshes) - 1),
            "turn": slider("turn (degrees)", 0, -180, 180),
            "color": choice("faces show", [PLAIN, FAR], FAR, width="24em"),
        })  # fmt: skip

    @property
    def state(self):
        """The present `StageState`."""
        return self._states[self.controls["stage"].value]

    def caption(self):
        stage, state, turn = self.controls["stage"].value, self.state, self.controls["turn"].value
        name = "The template" if stage == 0 else f"Stage {stage}"
        side = "from the camera's side" if turn == 0 else f"turned by {turn} degrees"
        shown = "shaded" if self.controls["color"].value == PLAIN else "yellow where far"
        return (
            f"{name}: {len(state.vertices)} vertices, {len(state.faces)} faces, {shown}, {side}. Its faces are "
            f"{state.mean:.3f} from the nearest true point on average, at most {state.distance.max():.3f}; "
            f"{100 * state.folds:.1f} % of its edges are folded back."
        )

    def draw(self):
        state, turn = self.state, self.controls["turn"].value
        view = {"turn": turn, "above": 5, "size": 2 * SIDE, "reach": self._reach}
        sheet = Sheet(3 * SIDE, TOP + SIDE + BAR)
        for i, name in enumerate(("given: the picture", "the mesh", "the true surface")):
            sheet.text(i * SIDE + 4, 4, name, 13, MUTED)
        sheet.picture(0, TOP, SIDE, SIDE, self._given)
        options = {}
        if self.controls["color"].value == FAR:
            options["color"] = colors(state.distance / max(self._most, 1e-9))
        sheet.picture(SIDE, TOP, SIDE, SIDE, draw_mesh(state.vertices, state.faces, **view, **options))
        sheet.picture(2 * SIDE, TOP, SIDE, SIDE, draw_points(self._points, **view, radius=3))
        if options:
            self._legend(sheet)
        return sheet.pixels()

    def _legend(self, sheet):
        """A bar from 0 to the largest distance of all stages, so that a color means the same in each."""
        ramp = (255 * colors(torch.linspace(0, 1, 120))).astype(np.uint8)[None].repeat(12, 0)
        x, y = SIDE + 65, TOP + SIDE + 8
        sheet.picture(x, y, 120, 12, ramp)
        sheet.text(x - 8, y + 6, "0", 12, MUTED, anchor="rm")
        sheet.text(x + 128, y + 6, f"{self._most:.2f}", 12, MUTED, anchor="lm")


def colors(share):
    """Numbers in 0..1 as colors from dark to yellow: (N,) -> (N, 3) in 0..1."""
    return matplotlib.colormaps["viridis"](share.clamp(0, 1).numpy())[:, :3]
