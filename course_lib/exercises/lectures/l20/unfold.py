"""20.4: from depth maps in layers to a solid."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.shape_layers import decode, encode

SOLUTION = """
import torch


def unfold(maps):
    index = torch.arange(1, len(maps) + 1)
    solid = torch.zeros(len(maps), len(maps), len(maps), dtype=torch.bool)
    for number, layer in enumerate(maps.split(6, dim=-1)):
        filled = torch.ones_like(solid)
        for axis in range(3):
            first, last = layer[..., 2 * axis, None], layer[..., 2 * axis + 1, None]
            between = (first <= index) & (index <= last)
            filled = filled & between.movedim(-1, axis)
        solid = solid | filled if number % 2 == 0 else solid & ~filled
    return solid
"""

INDEX, BETWEEN = "torch.arange(1, len(maps) + 1)", "(first <= index) & (index <= last)"
LAST = "layer[..., 2 * axis + 1, None]"
SUM = "solid | filled if number % 2 == 0 else solid & ~filled"

FIRST = (
    "nothing is taken away: all layers are added, or only the first is used, which holds all others. Add the first, "
    "take away the second, add the third"
)


def _cases(generator):
    def solid(size, depth):
        """A box in a hollow in a box ..., uneven along all axes, and one more box beside it."""
        voxels = torch.zeros(size, size, size, dtype=torch.bool)
        low, high = torch.zeros(3, dtype=torch.long), torch.tensor([size - 1, size - 2, size - 3])
        for layer in range(depth):
            z, y, x = (slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))
            voxels[z, y, x] = layer % 2 == 0
            low = low + 1 + torch.randint(0, 2, (3,), generator=generator)
            high = high - 1 - torch.randint(0, 2, (3,), generator=generator)
        place = torch.randint(0, 2, (2,), generator=generator).tolist()
        voxels[place[0] : place[0] + 2, size // 2 : size - 1, size - 2] = True
        return voxels

    def grains(size):
        """A third of the voxels but for a margin at the end of each axis: every tube has ends of its own."""
        voxels = torch.rand(size, size, size, generator=generator) < 0.3
        for axis in range(3):
            voxels.narrow(axis, size - 1 - axis, 1 + axis).fill_(False)
        return voxels

    return [
        Case("grains in 7^3, 1 layer", (encode(grains(7), 1),)),
        Case("grains in 8^3, 3 layers", (encode(grains(8), 3),)),
        Case("a hollow box in 10^3, 2 layers", (encode(solid(10, 2), 2),)),
        Case("a box in a hollow box in 13^3, 3 layers", (encode(solid(13, 3), 3),)),
        Case("a box in a hollow box, read with 4 layers", (encode(solid(12, 3), 4),)),
        Case("by hand: two voxels of 3^3", (encode(torch.arange(27).view(3, 3, 3) // 2 == 7, 1),)),
    ]


unfold = exercise(
    "20.4",
    "From depth maps to a solid",
    points=3,
    solution=SOLUTION,
    same_as=decode,
    cases=_cases,
    forbidden=("course_lib.ops.shape_layers.decode_layer",),
    mistakes=(
        edit(FIRST, {SUM: "solid | filled"}),
        edit("layers are taken away that should be added, and added that should be taken away", {"== 0": "== 1"}),
        edit(
            "the third layer is taken away as well: layers alternate, add, take away, add",
            {"number % 2 == 0": "number == 0"},
        ),
        edit(FIRST, {"return solid": "    return solid"}),
        edit("only the last layer is left: go on from the solid so far", {SUM: "filled"}),
        edit("a place must lie between first and last along *all* axes", {"filled & between": "filled | between"}),
        edit(
            "a place must lie between first and last along *all* axes: one of them is enough here",
            {"torch.ones_like(solid)": "torch.zeros_like(solid)", "filled & between": "filled | between"},
        ),
        edit("only the last axis decides: a place must lie between along *all* three", {"filled & between": "between"}),
        edit("depths are counted from 1, not from 0", {INDEX: "torch.arange(len(maps))"}),
        edit("the first filled voxel belongs to the tube: <=", {"first <= index": "first < index"}),
        edit("the last filled voxel belongs to the tube: <=", {"index <= last": "index < last"}),
        edit(
            "this fills from the first voxel to the end of the grid: the last one ends the tube",
            {" & (index <= last)": ""},
        ),
        edit(
            "this fills from the beginning of the grid: the tube begins at the first voxel", {"(first <= index) & ": ""}
        ),
        edit(
            "the tube must lie along the axis that the maps look along: .movedim(-1, axis)",
            {".movedim(-1, axis)": ""},
        ),
        edit(
            "exchanging two axes also turns the map: the tube moves to its place, the others keep their order: movedim",
            {"between.movedim(-1, axis)": "between.transpose(-1, axis)"},
        ),
        edit(
            "this moves axis `axis` to the end: the last one is to go to its place, .movedim(-1, axis)",
            {"movedim(-1, axis)": "movedim(axis, -1)"},
        ),
        edit("each pair of maps has an axis of its own: .movedim(-1, axis)", {"movedim(-1, axis)": "movedim(-1, 0)"}),
        edit(
            "first and last are exchanged between axes: maps 2 a and 2 a + 1 belong together",
            {"2 * axis, None": "axis, None", "2 * axis + 1, None": "axis + 1, None"},
        ),
        edit("depths are counted from the first voxel on: 1, 2, ...", {INDEX: "torch.arange(len(maps), 0, -1)"}),
        edit("only the first two axes are looked along: there are three", {"range(3)": "range(2)"}),
        edit("the axes are in reverse: maps 0 and 1 look along axis 0", {"movedim(-1, axis)": "movedim(-1, 2 - axis)"}),
        edit(
            "first and last are neighbours in the list of maps: 2 a and 2 a + 1, not a and a + 3",
            {"2 * axis, None": "axis, None", "2 * axis + 1, None": "axis + 3, None"},
        ),
        edit("first and last are exchanged: map 2 a is the first", {"first, last =": "last, first ="}),
        edit(
            "the odd layers are cut out of everything: what is taken away is their solid, not its complement",
            {"solid & ~filled": "solid & filled"},
        ),
    ),
    hints=(
        "One layer first: a place is filled if, along each of the three axes, its number lies between first and last. "
        "Then the layers: add the first, take away the second, add the third.",
        "`first[..., None] <= index` compares each tube with all numbers at once; the tube is then the *last* axis. "
        "`.movedim(-1, axis)` moves it to where it belongs. Sets are `|` (add), `& ~` (take away).",
        "`first, last = layer[..., 2 * axis, None], layer[..., ____, None]`, `between = (first <= index) & (____)`, "
        "`filled = filled & between.movedim(-1, ____)`, and `solid = solid | filled if number % 2 == 0 else ____`.",
    ),
)
