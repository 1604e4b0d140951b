"""20.3: how many cells an octree has."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def cells_per_level(voxels):
    sides = [len(voxels) >> level for level in range(len(voxels).bit_length())]  # of a cell: S, S / 2, ..., 1
    levels, there = [], torch.ones(1, 1, 1, dtype=torch.bool)
    for side in sides:
        if not there.any():
            break
        n = len(voxels) // side
        share = voxels.view(n, side, n, side, n, side).float().mean((1, 3, 5))
        empty, filled = there & (share == 0), there & (share == 1)
        mixed = there & ~empty & ~filled
        levels.append((int(empty.sum()), int(filled.sum()), int(mixed.sum())))
        there = mixed.repeat_interleave(2, 0).repeat_interleave(2, 1).repeat_interleave(2, 2)
    return levels
"""

COUNTS = "(int(empty.sum()), int(filled.sum()), int(mixed.sum()))"
DOUBLED = "mixed.repeat_interleave(2, 0).repeat_interleave(2, 1).repeat_interleave(2, 2)"
MEAN = "voxels.view(n, side, n, side, n, side).float().mean((1, 3, 5))"
BACK = "return levels"
STOP = "        if not there.any():\n            break\n"
PART = "a cell with *some* filled voxels counts as filled here: it must be filled altogether, else it is mixed"


def _cases(generator):
    def boxes(size, number):
        voxels = torch.zeros(size, size, size, dtype=torch.bool)
        for _ in range(number):
            low = [int(torch.randint(0, size - 2, (), generator=generator)) for _ in range(3)]
            high = [start + 1 + int(torch.randint(1, size // 2, (), generator=generator)) for start in low]
            voxels[low[0] : high[0], low[1] : high[1], low[2] : high[2]] = True
        return voxels

    # A quarter that ends where large cells end, and one voxel: cells of every size are filled and empty.
    corner = torch.zeros(16, 16, 16, dtype=torch.bool)
    corner[:8, 8:, :8] = True
    place = torch.randint(8, 16, (3,), generator=generator).tolist()
    corner[tuple(place)] = True
    grains = torch.rand(8, 8, 8, generator=generator) < 0.03
    grains[0, 0, 0] = True
    return [
        Case("a box at the corner and one voxel in 16^3", (corner,)),
        Case("three boxes in 16^3", (boxes(16, 3),)),
        Case("a few grains in 8^3", (grains,)),
        Case("8^3 full but for a few grains", (~grains,)),
        Case("by hand: one voxel of 4^3", (torch.arange(64).view(4, 4, 4) == 37,)),
        Case("by hand: all of 4^3 filled", (torch.ones(4, 4, 4, dtype=torch.bool),)),
    ]


cells_per_level = exercise(
    "20.3",
    "The cells of an octree",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.ops.octree.build",),
    mistakes=(
        edit(
            "these are all cells of each size: a cell exists only where the cell above it was mixed",
            {f"there = {DOUBLED}": "there = torch.full((2 * n,) * 3, bool(mixed.any()))"},
        ),
        edit(
            "this goes down to single voxels even where nothing is mixed: the list ends when no cell is left",
            {STOP: ""},
        ),
        edit("the order is empty, filled, mixed", {COUNTS: "(int(filled.sum()), int(empty.sum()), int(mixed.sum()))"}),
        edit("the order is empty, filled, mixed", {COUNTS: "(int(mixed.sum()), int(empty.sum()), int(filled.sum()))"}),
        edit("the order is empty, filled, mixed", {COUNTS: "(int(empty.sum()), int(mixed.sum()), int(filled.sum()))"}),
        edit("the order is empty, filled, mixed", {COUNTS: "(int(mixed.sum()), int(filled.sum()), int(empty.sum()))"}),
        edit("the list begins with the whole cube and ends with the smallest cells", {BACK: "return levels[::-1]"}),
        edit("the whole cube is a cell, too: level 0", {BACK: "return levels[1:]"}),
        edit(
            PART,
            {COUNTS: "(int(empty.sum()), int(filled.sum() + mixed.sum()), int(mixed.sum()))"},
        ),
        edit(
            "single voxels are a level, too: the children of the mixed cells of side 2",
            {"in sides": "in sides[:-1]"},
        ),
        edit("the last level is missing: its cells are the children of mixed ones", {BACK: "return levels[:-1]"}),
        edit(
            PART,
            {"share == 1": "share > 0"},
        ),
        edit(
            "a cell that is half filled counts as filled here: it must be filled altogether, else it is mixed",
            {"share == 1": "share >= 0.5"},
        ),
        edit(
            "a cell that is less than half filled counts as empty here: a single filled voxel makes it mixed",
            {"share == 0": "share < 0.5"},
        ),
        edit("the sum over a filled cell is side**3, not 1: take the mean", {".mean(": ".sum("}),
        edit(
            "a level's numbers are its own: do not add those of the levels above",
            {BACK: "return [tuple(map(sum, zip(*levels[: i + 1]))) for i in range(len(levels))]"},
        ),
        edit(
            "the cell's share is taken along one axis only: a cell has three",
            {MEAN: MEAN.replace("(1, 3, 5))", "(1,))[:, :, 0, :, 0]")},
        ),
        edit(
            "the axes are mixed up: after .view(n, side, n, side, n, side) the places in a cell are axes 1, 3 and 5",
            {MEAN: "voxels.view(n, n, n, side, side, side).float().mean((3, 4, 5))"},
        ),
        edit(
            "cells at any place may exist: repeat the mask of mixed cells, value by value, not as a whole",
            {DOUBLED: "mixed.repeat(2, 2, 2)"},
        ),
        edit(
            "these are numbers of voxels: count cells",
            {COUNTS: "(int(empty.sum()) * side**3, int(filled.sum()) * side**3, int(mixed.sum()) * side**3)"},
        ),
        edit("only filled cells are counted", {COUNTS: "int(filled.sum())"}),
        edit(
            "leaves and mixed cells are told apart, and empty from filled",
            {COUNTS: "(int(empty.sum() + filled.sum()), int(mixed.sum()))"},
        ),
        edit(
            "children of *empty* cells are counted as well: only mixed cells are cut",
            {f"there = {DOUBLED}": f"there = {DOUBLED.replace('mixed', '(mixed | empty)')}"},
        ),
        edit(
            "children of *filled* cells are counted as well: only mixed cells are cut",
            {f"there = {DOUBLED}": f"there = {DOUBLED.replace('mixed', '(mixed | filled)')}"},
        ),
    ),
    hints=(
        "Begin with one cell, the cube. At each level ask of every cell that exists: empty, filled, or mixed? The next "
        "level has the eight children of each mixed cell, and no others.",
        "`voxels.view(n, side, n, side, n, side)` cuts the cube into cells: axes 0, 2, 4 number the cells, axes 1, "
        "3, 5 the voxels within one. The mean over those is 0 for empty and 1 for filled. "
        "`mask.repeat_interleave(2, axis)` repeats each value.",
        "`share = voxels.view(n, side, n, side, n, side).float().mean(____)`; `empty = there & (share == 0)`; `mixed = "
        "there & ~empty & ____`; `there` of the next level is `mixed`, each value twice along ____ axes.",
    ),
)
