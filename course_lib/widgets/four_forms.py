"""One piece of furniture in four forms: voxels, octree, shape layers, level set; and what each must remember."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from course_lib.data.worlds.shapes import KINDS, ShapeWorld
from course_lib.errors import CourseError
from course_lib.models.implicit import DeepSDF
from course_lib.models.voxel_decoders import voxel_iou
from course_lib.ops import octree
from course_lib.ops.level_set import marching_cubes, sample
from course_lib.ops.shape_layers import decode, encode, layers_needed
from course_lib.plots import COLORS, INK, MUTED, RULE
from course_lib.plots.space import draw_mesh, draw_voxels
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice

FORMS = ("voxels", "octree", "shape layers", "level set")
SIZES = (8, 16, 32)
TRUE = 64  # voxels along a side of what every form is compared with
SEEDS = {"chair": 2}  # of the piece that is shown; a chair with legs that one sees
IMPLIED = "#d0d7de"  # between the first and the last voxel of a column
VIEW = 230  # pixels of a picture's side
RIGHT = 500  # where the table begins
BYTES = {"voxels": "1 bit for a cell", "octree": "2 bits for a cell", "shape layers": "1 byte for a depth",
         "level set": "4 bytes for a weight"}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """What a form of a shape keeps. numbers: cells, depths or weights. size: bytes. overlap: IoU with 64^3 voxels.

    layers: nested shape layers, 0 for the other forms.
    """

    numbers: int
    size: int
    overlap: float
    layers: int = 0


@cache
def form_state(kind, form, cells):
    """A form of a piece of furniture.

    Args:
        kind: of `course_lib.data.worlds.shapes.KINDS`. form: of FORMS. cells: along a side, a power of two.
    Returns:
        Form. Of a level set the function is kept, as the weights of a small network; the grid of `cells`, on which it
        is asked, is not. Its overlap is that of the exact distance: no such network is trained here.
    Raises:
        CourseError: if kind or form is unknown, or cells is no power of two from 2 to 64.
    """
    if kind not in KINDS or form not in FORMS or cells not in (2, 4, 8, 16, 32, 64):
        raise CourseError(f"There is no {kind!r} as {form!r} of {cells} cells. There are: {KINDS}, {FORMS}, 2 to 64.")
    piece = _piece(kind)
    voxels = piece.voxels(cells)
    if form == "voxels":
        return Form(cells**3, cells**3 // 8, _overlap(voxels, kind))
    if form == "octree":
        tree = octree.build(voxels)
        stored = sum(len(level.states) for level in tree)  # mixed cells are told from the others, too
        return Form(stored, -(-stored // 4), _overlap(octree.dense(tree), kind))
    if form == "shape layers":
        layers = layers_needed(voxels)
        maps = encode(voxels, layers)
        return Form(maps.numel(), maps.numel(), _overlap(decode(maps), kind), layers)
    weights = sum(p.numel() for p in DeepSDF.mini().parameters())
    return Form(weights, 4 * weights, _smooth_overlap(kind, cells))


class FourForms(Explorer):
    """Choose a piece, a form and a number of cells; see the form, a cut through it, and what it keeps."""

    question = "What must a computer remember of a chair?"
    few_colors = True

    def __init__(self):
        super().__init__({
            "form": choice("form", list(FORMS), "octree", width="14em"),
            "cells": choice("cells along a side", [(str(size), size) for size in SIZES], 16, width="16em"),
            "kind": choice("piece", list(KINDS), "chair", width="13em"),
        })  # fmt: skip

    def _chosen(self):
        return self.controls["kind"].value, self.controls["form"].value, self.controls["cells"].value

    def caption(self):
        kind, form, cells = self._chosen()
        state = form_state(kind, form, cells)
        what = {
            "voxels": f"{state.numbers:,} cells, full or empty",
            "octree": f"{state.numbers:,} cells of all sizes instead of {cells**3:,}",
            "shape layers": f"{state.layers} layer{'s' * (state.layers > 1)}, {state.numbers:,} depths (in the cut: "
            "first and last voxel of each column)",
            "level set": f"the exact distance, asked in {cells**3:,} places; a network of {state.numbers:,} weights in "
            "its stead",
        }[form]
        return f"The {kind} as {form}, {cells} cells along a side: {what}, {state.size:,} bytes; " \
               f"IoU {state.overlap:.2f} with the {kind} at 64 cells."  # fmt: skip

    def draw(self):
        kind, form, cells = self._chosen()
        sheet = Sheet(RIGHT + 300, VIEW + 34)
        sheet.text(4, 4, "the form", 13, MUTED)
        sheet.picture(4, 26, VIEW, VIEW, _solid_picture(kind, form, cells))
        sheet.text(VIEW + 20, 4, "a cut through it, from the front", 13, MUTED)
        self._cut(sheet, kind, form, cells)
        self._table(sheet, kind, form, cells)
        return sheet.pixels()

    def _cut(self, sheet, kind, form, cells):
        """The slice in which most cells are full; of an octree with the edges of its cells."""
        left, top, side = VIEW + 20, 28, VIEW - 6
        depth, squares = _slice(kind, form, cells)
        step = side / cells
        between = IMPLIED if form == "shape layers" else "white"
        for y, x, length, full in squares:
            fill = COLORS[0] if full else between
            sheet.box(left + x * step, top + y * step, length * step, length * step, fill=fill)
        if form != "level set":
            for y, x, length, _ in squares:
                corners = [(x, y), (x + length, y), (x + length, y + length), (x, y + length), (x, y)]
                sheet.line([(left + a * step, top + b * step) for a, b in corners], color=MUTED, width=0.5)
        sheet.box(left, top, side, side, edge=RULE)

    def _table(self, sheet, kind, form, cells):
        sheet.text(RIGHT, 4, "bytes", 13, MUTED)
        states = {name: form_state(kind, name, cells) for name in FORMS}
        largest = max(state.size for state in states.values())
        for row, (name, state) in enumerate(states.items()):
            y = 30 + 57 * row
            chosen = name == form
            sheet.text(RIGHT, y, f"{'▸ ' if chosen else ''}{name}", 14, INK, bold=chosen)
            sheet.text(RIGHT + 285, y, f"{state.size:,}", 14, INK, anchor="rt", bold=chosen)
            length = 285 * state.size / largest
            sheet.box(RIGHT, y + 19, max(2, length), 10, fill=COLORS[0] if chosen else MUTED)
            sheet.text(RIGHT, y + 33, f"{BYTES[name]}; IoU {state.overlap:.2f}", 12, MUTED)


@cache
def _piece(kind):
    return ShapeWorld().shape(kind, seed=SEEDS.get(kind, 0))


@cache
def _truth(kind):
    return _piece(kind).voxels(TRUE)[None]


def _overlap(voxels, kind):
    times = TRUE // len(voxels)
    for axis in range(3):
        voxels = voxels.repeat_interleave(times, axis)
    return voxel_iou(voxels[None], _truth(kind)).item()


def _smooth_overlap(kind, cells):
    """Of what the triangles enclose: between the places that were asked, values are interpolated, as they do."""
    values = _values(kind, cells)
    index = ((torch.arange(TRUE) + 0.5) / TRUE * cells - 0.5) / (cells - 1) * 2 - 1
    z, y, x = torch.meshgrid(index, index, index, indexing="ij")
    places = torch.stack([x, y, z], -1)[None]
    fine = torch.nn.functional.grid_sample(
        values[None, None], places, align_corners=True, padding_mode="border", mode="bilinear"
    )[0, 0]
    return voxel_iou((fine < 0)[None], _truth(kind)).item()


@cache
def _values(kind, cells):
    return sample(_piece(kind).sdf, cells)


@cache
def _solid_picture(kind, form, cells):
    if form == "level set":
        return draw_mesh(*marching_cubes(_values(kind, cells)), size=2 * VIEW, reach=0.72, lines=cells < 32)
    return draw_voxels(_piece(kind).voxels(cells), size=2 * VIEW)


@cache
def _slice(kind, form, cells):
    """Depth of the slice, and its squares [(y, x, side, full)], in cells."""
    voxels = _piece(kind).voxels(cells)
    depth = int(voxels.flatten(1).sum(1).argmax())
    if form == "octree":
        squares = []
        for level in octree.build(voxels):
            here = (level.places[:, 0] * level.side <= depth) & (depth < (level.places[:, 0] + 1) * level.side)
            here &= level.states != octree.MIXED
            rows = zip(level.places[here].tolist(), level.states[here].tolist(), strict=True)
            squares += [
                (y * level.side, x * level.side, level.side, state == octree.FILLED) for (_, y, x), state in rows
            ]
        return depth, squares
    if form == "level set":  # where the function is below 0, four times as fine as the grid: it has no cells
        return depth, _fine_squares(kind, cells, depth)
    if form == "shape layers":
        return depth, _ends_of_columns(voxels[depth].numpy())
    return depth, [(y, x, 1, bool(voxels[depth, y, x])) for y in range(cells) for x in range(cells)]


def _ends_of_columns(full):
    """Of each column, top to bottom, the first and the last full cell; those between are only implied."""
    squares = []
    for x, column in enumerate(full.T):
        places = np.flatnonzero(column)
        squares += [(int(y), x, 1, y in (places[0], places[-1])) for y in places]
    return squares


def _fine_squares(kind, cells, depth, times=4):
    axis = (torch.arange(times * cells) + 0.5) / (times * cells) - 0.5
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    z = torch.full_like(x, (depth + 0.5) / cells - 0.5)
    inside = _piece(kind).sdf(torch.stack([x, y, z], -1)) < 0
    return [(row / times, column / times, 1 / times, True) for row, column in inside.nonzero().tolist()]
