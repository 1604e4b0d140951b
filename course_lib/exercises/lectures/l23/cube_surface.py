"""23.1: the surface of filled voxels, counted."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch
import torch.nn.functional as F


def cube_surface(filled):
    padded = F.pad(filled.long(), (1,) * 6)
    sides = sum(padded.diff(dim=axis).abs().sum() for axis in range(3))
    near = sum(
        padded[z : z - 1 or None, y : y - 1 or None, x : x - 1 or None] for z in (0, 1) for y in (0, 1) for x in (0, 1)
    )
    corners = ((near > 0) & (near < 8)).sum()
    return corners, 2 * sides
"""

SIDES = "sum(padded.diff(dim=axis).abs().sum() for axis in range(3))"
CORNERS = "((near > 0) & (near < 8)).sum()"
BORDER = "the sides at the border of the grid are open too: pad the grid with one empty voxel all around"


def _cases(generator):
    def grid(depth, rows, columns, share):
        return (torch.rand(depth, rows, columns, generator=generator) < share,)

    one, two = torch.zeros(3, 2, 4, dtype=torch.bool), torch.zeros(2, 3, 4, dtype=torch.bool)
    one[1, 1, 2] = two[0, 0, 0] = two[1, 1, 0] = True
    solid = torch.ones(3, 4, 3, dtype=torch.bool)
    return [
        Case("one voxel in 3 x 2 x 4", (one,)),
        Case("two voxels that share an edge", (two,)),
        Case("3 x 4 x 3, all filled", (solid,)),
        Case("4 x 3 x 5, a third filled", grid(4, 3, 5, 0.35)),
        Case("2 x 6 x 3, most filled", grid(2, 6, 3, 0.8)),
        Case("5 x 5 x 6, four fifths filled", grid(5, 5, 6, 0.8)),
    ]


cube_surface = exercise(
    "23.1",
    "The surface of filled voxels",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.ops.meshes.cubify.cubify",),
    mistakes=(
        edit(
            "half of the triangles: an open side is two of them, and a line has open sides at both of its ends",
            {"2 * sides": "sides"},
        ),
        edit(
            "every voxel counts all its six sides: those between two filled voxels are inside, and left out",
            {SIDES: "6 * filled.sum()"},
        ),
        edit("every voxel counts its eight corners: cubes that touch share vertices", {CORNERS: "8 * filled.sum()"}),
        edit(
            "no cube shares anything yet: leave out inner sides, and count a shared corner once",
            {CORNERS: "8 * filled.sum()", SIDES: "6 * filled.sum()"},
        ),
        edit("a corner with eight filled voxels about it is inside: no face touches it", {" & (near < 8)": ""}),
        edit(
            "these are the corners inside the solid too, and the outer ones are missing",
            {"near > 0": "near > 7", "near < 8": "near < 9"},
        ),
        edit(BORDER, {SIDES: "sum(filled.long().diff(dim=axis).abs().sum() for axis in range(3))"}),
        edit(
            "`diff` without `abs` adds up to 0 along each line: where a solid begins it is 1, where it ends -1",
            {".abs()": ""},
        ),
        edit("there are three axes, each with its sides", {"range(3)": "range(2)"}),
        edit("there are three axes, each with its sides", {"range(3)": "range(1, 3)"}),
        edit("the corners come first, then the triangles", {"corners, 2 * sides": "2 * sides, corners"}),
        edit(
            "these are the edges of the cubes' squares or sides, not triangles: two for each open side",
            {"2 * sides": "4 * sides"},
        ),
        edit(
            "this counts a vertex for every corner of every side: several sides meet in one vertex",
            {CORNERS: "4 * sides"},
        ),
        edit(
            "Euler's V = E - F + 2 holds for a single closed surface without holes, not for every grid",
            {CORNERS: "sides + 2"},
        ),
        edit(
            "a corner is shared by eight cells, two along each axis: you look at four",
            {
                "for z in (0, 1) for y": "for z in (0,) for y",
                "padded[z : z - 1 or None": "padded[1:",
                "near < 8": "near < 4",
            },
        ),
        edit(
            "an empty voxel is needed at *both* ends of each axis: here the last has none",
            {"(1,) * 6": "(1, 0) * 3"},
        ),
        edit(
            "an empty voxel is needed at *both* ends of each axis: here the first has none",
            {"(1,) * 6": "(0, 1) * 3"},
        ),
        edit(
            "only corners that a single filled voxel touches are counted: two to seven make a vertex as well",
            {"(near > 0) & (near < 8)": "near == 1"},
        ),
        edit(
            "a corner is a vertex from the first filled voxel about it on, until all eight are filled",
            {"near > 0": "near > 1"},
        ),
        edit(
            "a corner with seven filled voxels and an empty one is a vertex: only with eight is it inside",
            {"near < 8": "near < 7"},
        ),
        edit(
            "these are the edges of closed surfaces, three for each open side; asked are triangles",
            {"2 * sides": "3 * sides"},
        ),
    ),
    hints=(
        "A side is open where a filled voxel meets an empty one. A corner of the grid is a vertex where the eight "
        "cells about it are neither all empty nor all filled. Outside the grid all is empty.",
        "`F.pad(filled.long(), (1,) * 6)` puts one empty voxel all around. `x.diff(dim=0)` is not 0 where two "
        "neighbours differ. Eight shifted slices, such as `padded[1:, :-1, 1:]`, added up, count the filled cells "
        "about each corner.",
        "`sides = sum(padded.diff(dim=axis).____.sum() for axis in range(3))`; with `near` the sum of the eight "
        "slices, `corners = ((near > ____) & (near < ____)).sum()`; return corners and ____ times the sides.",
    ),
)
