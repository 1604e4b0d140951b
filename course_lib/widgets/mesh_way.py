"""One object's way through Mesh R-CNN: its mask, its voxels above a threshold, the cubes, and the three stages."""

from dataclasses import dataclass, field

import numpy as np
import torch

from course_lib.errors import CourseError
from course_lib.ops.meshes import cubify, unique_edges
from course_lib.plots import INK, MUTED
from course_lib.plots.canvas import COLORS
from course_lib.plots.space import draw_mesh
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

SIDE = 148  # pixels of a picture
GAP = 10
BAR = 34  # rows for the threshold
REACH = 1.5  # the cube is -1..1, and is seen from a corner


@dataclass(frozen=True)
class WayState:
    """filled: voxels at or above the threshold. total: of the grid. mesh: cubes, (vertices, faces); edges: of it."""

    filled: int
    total: int
    edges: int
    mesh: tuple = field(repr=False)


def way_state(voxels, threshold):
    """The cubes of one object.

    Args:
        voxels: (V, V, V) probabilities along z, y, x. threshold: in 0..1.
    Returns:
        WayState.
    Raises:
        CourseError: if the voxels are not a cube.
    """
    if voxels.ndim != 3 or len(set(voxels.shape)) != 1:
        raise CourseError(f"voxels has shape {tuple(voxels.shape)}, expected (V, V, V).")
    vertices, faces = cubify(voxels, threshold)
    return WayState(int((voxels >= threshold).sum()), voxels.numel(), len(unique_edges(faces)), (vertices, faces))


class MeshWay(Explorer):
    """Follow an object, and choose where a voxel counts as filled.

    Args:
        objects: {name: (picture (H, W, 3) uint8 with the mask, voxels (V, V, V) probabilities)}.
        refine: function (name, (vertices, faces)) -> list over the stages of (vertices, faces).
    Raises:
        CourseError: if there is no object.
    """

    question = "Where is the shape decided: by the threshold, or by the stages?"

    def __init__(self, objects, refine):
        if not objects:
            raise CourseError("There is no object to follow: nothing was detected in the picture.")
        self._objects, self._refine = objects, refine
        super().__init__({
            "object": choice("object", list(objects), next(iter(objects))),
            "threshold": slider("filled from (%)", 20, 5, 90),
            "turn": slider("turn (degrees)", 25, -180, 180),
        })  # fmt: skip

    @property
    def state(self):
        """The present `WayState`."""
        voxels = self._objects[self.controls["object"].value][1]
        return way_state(voxels, self.controls["threshold"].value / 100)

    def caption(self):
        name, percent, state = self.controls["object"].value, self.controls["threshold"].value, self.state
        turn = self.controls["turn"].value
        begin = f"{name}, filled from {percent} %, turned by {turn} degrees: {state.filled} of {state.total} voxels"
        if not state.filled:
            return f"{begin}. No voxel, no mesh: lower the threshold."
        vertices, faces = state.mesh
        return (
            f"{begin}, cubes of {len(vertices)} vertices, {state.edges} edges and {len(faces)} faces. The stages move "
            "the vertices and keep the faces."
        )

    def draw(self):
        name, percent, state = self.controls["object"].value, self.controls["threshold"].value, self.state
        picture, voxels = self._objects[name]
        sheet = Sheet(5 * SIDE + 4 * GAP, SIDE + 26 + BAR)
        meshes = []
        if state.filled:
            with torch.no_grad():
                meshes = [state.mesh, *self._refine(name, state.mesh)]
        for number, title in enumerate(("mask", "cubes", "stage 1", "stage 2", "stage 3")):
            left = number * (SIDE + GAP)
            sheet.text(left, 2, title, 13, MUTED)
            if number == 0:
                sheet.picture(left, 24, SIDE, SIDE, _square(picture))
            elif number <= len(meshes):
                view = {"turn": self.controls["turn"].value, "above": 20, "size": 2 * SIDE, "reach": REACH}
                sheet.picture(left, 24, SIDE, SIDE, draw_mesh(*meshes[number - 1], lines=False, **view))
        self._bar(sheet, voxels, percent)
        return sheet.pixels()

    def _bar(self, sheet, voxels, percent):
        """All voxels' probabilities as dots along 0..1, and the threshold among them."""
        top, wide = SIDE + 32, 5 * SIDE + 4 * GAP - 130
        counts = torch.histc(voxels.float(), 50, 0, 1)
        sheet.text(0, top, "probabilities", 13, MUTED)
        for bin_, share in enumerate((counts / counts.max().clamp(min=1)).sqrt().tolist()):
            color = COLORS[0] if bin_ >= percent / 2 else "#c8ccd2"
            high = max(1.0, 22 * share)
            sheet.box(100 + bin_ * wide / 50, top + 22 - high, wide / 50 - 1, high, fill=color)
        at = 100 + wide * percent / 100
        sheet.line([(at, top - 4), (at, top + 24)], color=INK, width=2)


def _square(picture):
    """A picture in the middle of a white square, (S, S, 3) uint8."""
    side = max(picture.shape[:2])
    paper = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - picture.shape[0]) // 2, (side - picture.shape[1]) // 2
    paper[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return paper
