"""04.2: the system of Lucas and Kanade for one window."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def solve_window(ix, iy, it):
    xx, xy, yy = (ix * ix).sum(), (ix * iy).sum(), (iy * iy).sum()
    matrix = torch.stack([torch.stack([xx, xy]), torch.stack([xy, yy])])
    right = -torch.stack([(ix * it).sum(), (iy * it).sum()])
    return torch.linalg.solve(matrix, right)
"""

SUMS = "(ix * ix).sum(), (ix * iy).sum(), (iy * iy).sum()"
ROWS = "torch.stack([xx, xy]), torch.stack([xy, yy])"
SOLVED = "torch.linalg.solve(matrix, right)"
DETERMINANT = "(xx * yy - xy * xy)"
SINGLE_SUMS = "these are products of sums: multiply pixel by pixel first, then add up, (ix * iy).sum()"
EVERY_PIXEL = (
    "each pixel is solved by itself, and the answers are averaged: one pixel has one equation for two unknowns; add up "
    "the products of all pixels, then solve once"
)
BRACKETS = "brackets are missing: the whole difference is divided by the determinant"
RIDGE = (
    "something is added to the matrix (or the determinant) against a division by zero: even a small number changes "
    "what "
    "comes out, and no window here is even; solve the system as it is"
)
ADJUGATE = "torch.stack([torch.stack([yy, -xy]), torch.stack([-xy, xx])]) @ right"  # Cramer's rule but for the factor


def _divided_in_part(u, v):
    """Cramer's rule without brackets: the determinant D divides one of two terms."""
    parts = [part.format(x="right[0]", y="right[1]").replace("D", DETERMINANT) for part in (u, v)]
    return {SOLVED: f"torch.stack([{', '.join(parts)}])"}


def _cases(generator):
    def window(rows, columns, scale=1.0):
        return tuple(scale * torch.randn(rows, columns, generator=generator) for _ in range(3))

    ix, iy, it = window(5, 5)
    return [
        Case("a window of 5 x 7", window(5, 7)),
        Case("a window of 3 x 2", window(3, 2)),
        Case("gradients of pixels in 0..255", window(6, 4, 100.0)),
        Case("nearly an edge", (ix, -0.5 * ix + 0.1 * iy, it)),
        Case("a pixel on each axis: (u, v) = (1, 2)", tuple(map(torch.tensor, ([[1.0, 0]], [[0.0, 1]], [[-1.0, -2]])))),
    ]


solve_window = exercise(
    "04.2",
    "The motion of one window",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    rtol=1e-3,
    atol=1e-3,
    forbidden=(
        "course_lib.ops.flow.solve_2x2",
        "course_lib.ops.flow.lucas_kanade_step",
        "course_lib.ops.flow.lucas_kanade",
        "course_lib.ops.flow.pyramidal_lucas_kanade",
    ),
    system=(2, 2),
    mistakes=(
        edit("the sign is turned: the right side of the system is minus the sums with It", {"-torch": "torch"}),
        edit(
            "the minus stands before one of the two sums with It: it belongs to both",
            {"-torch.stack([(ix": "torch.stack([-(ix"},
        ),
        edit(
            "the minus stands before one of the two sums with It: it belongs to both",
            {"-torch": "torch", "(iy * it)": "-(iy * it)"},
        ),
        edit(
            "the determinant is a difference: S(Ix Ix) S(Iy Iy) - S(Ix Iy)^2",
            {SOLVED: f"{ADJUGATE} / (xx * yy + xy * xy)"},
        ),
        edit(
            "the determinant is S(Ix Ix) S(Iy Iy) - S(Ix Iy)^2: the mixed sum is squared there",
            {SOLVED: f"{ADJUGATE} / (xx * yy - xy)"},
        ),
        *(
            edit(RIDGE, {"matrix, right": f"matrix + {size} * torch.eye(2), right"})
            for size in (1, 0.5, 0.1, 0.05, 0.01, 0.005, 0.001)
        ),
        *(edit(RIDGE, {SOLVED: f"{ADJUGATE} / (xx * yy - xy * xy + {size})"}) for size in (1, 0.1, 0.01)),
        edit(BRACKETS, _divided_in_part("yy * {x} / D - xy * {y}", "xx * {y} / D - xy * {x}")),
        edit(BRACKETS, _divided_in_part("yy * {x} - xy * {y} / D", "xx * {y} - xy * {x} / D")),
        edit(SINGLE_SUMS, {"(ix * iy).sum()": "ix.sum() * iy.sum()"}),
        edit(SINGLE_SUMS, {SUMS: "ix.sum() ** 2, ix.sum() * iy.sum(), iy.sum() ** 2"}),
        edit(
            SINGLE_SUMS,
            {
                SUMS: "ix.sum() * ix.sum(), ix.sum() * iy.sum(), iy.sum() * iy.sum()",
                "(ix * it).sum(), (iy * it).sum()": "ix.sum() * it.sum(), iy.sum() * it.sum()",
            },
        ),
        edit(EVERY_PIXEL, {SOLVED: "torch.stack([(-it / ix).mean(), (-it / iy).mean()])"}),
        edit(EVERY_PIXEL, {SOLVED: "torch.stack([(-it * d / (ix**2 + iy**2)).mean() for d in (ix, iy)])"}),
        edit(
            "1 / matrix turns every entry around by itself: the inverse is torch.linalg.inv, or solve the system",
            {SOLVED: "(1 / matrix) @ right"},
        ),
        edit("the determinant is missing: divide by it", {SOLVED: ADJUGATE}),
        edit("this multiplies by the determinant: divide by it", {SOLVED: f"{ADJUGATE} * (xx * yy - xy * xy)"}),
        edit("the order is (u, v), right first and then down", {SOLVED: f"{SOLVED}.flip(0)"}),
        edit(
            "the mixed sum S(Ix Iy) is missing: this treats the two directions as if they had nothing to do with each "
            "other",
            {"(ix * iy).sum()": "torch.zeros(())"},
        ),
        edit(
            "the right side is the wrong way round: first S(Ix It), then S(Iy It)",
            {"(ix * it).sum(), (iy * it).sum()": "(iy * it).sum(), (ix * it).sum()"},
        ),
        edit(
            "the matrix is the wrong way round: S(Ix Ix) stands at the upper left",
            {ROWS: "torch.stack([yy, xy]), torch.stack([xy, xx])"},
        ),
        edit(
            "the mixed sum has the wrong sign: with Cramer's rule, the minus belongs into the inverse once",
            {"(ix * iy)": "-(ix * iy)"},
        ),
        edit(
            "one side has sums and the other means: take the same for both",
            {"(ix * it).sum(), (iy * it).sum()": "(ix * it).mean(), (iy * it).mean()"},
        ),
        edit(
            "one side has sums and the other means: take the same for both",
            {SUMS: SUMS.replace("sum", "mean")},
        ),
        edit(
            "this multiplies by the matrix: it must be divided by, which is what solving means",
            {SOLVED: "matrix @ right"},
        ),
    ),
    hints=(
        "Each pixel says Ix u + Iy v = -It. Least squares turns many equations into two: multiply each by its Ix and "
        "add all up; then once more with Iy.",
        "`(ix * iy).sum()` is one of the five sums. `torch.stack` of two rows makes the matrix, "
        "`torch.linalg.solve(matrix, right)` solves it.",
        "`xx, xy, yy = (ix * ix).sum(), (ix * ____).sum(), (iy * ____).sum()`, then "
        "`right = -torch.stack([(ix * ____).sum(), (iy * ____).sum()])`.",
    ),
)
