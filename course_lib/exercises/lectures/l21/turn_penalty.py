"""21.2: what keeps the T-Net's matrix a turn."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def turn_penalty(turn):
    rest = torch.eye(turn.shape[-1]) - turn @ turn.transpose(1, 2)
    return (rest**2).sum(dim=(1, 2)).mean()
"""

REST, NORM = "torch.eye(turn.shape[-1]) - turn @ turn.transpose(1, 2)", "(rest**2).sum(dim=(1, 2)).mean()"
TRANSPOSED = "turn @ turn.transpose(1, 2)"


def _cases(generator):
    def matrices(batch, k, spread):
        return (torch.eye(k) + spread * torch.randn(batch, k, k, generator=generator),)

    quarter = torch.tensor([[[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]])
    return [
        Case("2 matrices 3 x 3, near the identity", matrices(2, 3, 0.3)),
        Case("5 matrices 4 x 4", matrices(5, 4, 1.0)),
        Case("1 matrix 6 x 6", matrices(1, 6, 0.7)),
        Case("by hand: a quarter turn, and twice the identity", (torch.cat([quarter, 2 * torch.eye(3)[None]]),)),
    ]


turn_penalty = exercise(
    "21.2",
    "What keeps a matrix a turn",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.models.pointnet.orthogonality",),
    differentiable=True,
    mistakes=(
        edit("T times itself is not asked for: T times its transpose", {TRANSPOSED: "turn @ turn"}),
        edit("this multiplies number by number: a matrix product is asked for, @", {TRANSPOSED: "turn * turn.mT"}),
        edit("this compares T with the identity: a turn is no identity, T T^t is", {TRANSPOSED: "turn"}),
        edit("the identity is missing: a turn has T T^t = I", {REST: TRANSPOSED}),
        edit(
            "I has ones on its diagonal alone: 1 - T T^t subtracts from ones everywhere, torch.eye(k) does not",
            {"torch.eye(turn.shape[-1])": "1"},
        ),
        edit(
            "T T^t is subtracted from the identity, not added",
            {"torch.eye(turn.shape[-1]) -": "torch.eye(turn.shape[-1]) +"},
        ),
        edit(
            "this multiplies number by number: a matrix product with the transpose is asked for",
            {TRANSPOSED: "turn * turn"},
        ),
        edit(
            "the inverse is another way to tell a turn: the formula compares T T^t with I",
            {REST: "turn.transpose(1, 2) - torch.linalg.pinv(turn)"},
        ),
        edit(
            "this is the matrix times itself: the square is taken of each entry",
            {"(rest**2)": "(rest @ rest)"},
        ),
        edit(
            "the square comes after the mean: each matrix has its squared norm, and the mean is of those",
            {NORM: "(rest**2).sum(dim=(1, 2)).sqrt().mean() ** 2"},
        ),
        edit(
            "sum and mean are exchanged: the entries of a matrix are added up, the mean is over the batch",
            {NORM: "(rest**2).mean(dim=(1, 2)).sum()"},
        ),
        edit(
            "the sum runs over the batch and the mean over an axis of the matrix: dim=(1, 2) are the matrix",
            {NORM: "(rest**2).sum(dim=(0, 1)).mean()"},
        ),
        edit("the norm must be squared", {NORM: "(rest**2).sum(dim=(1, 2)).sqrt().mean()"}),
        edit(
            "the squares of a matrix are added up, not averaged; the mean is over the matrices alone",
            {NORM: "(rest**2).mean()"},
        ),
        edit("the matrices are added up: take their mean", {NORM: "(rest**2).sum()"}),
        edit(
            "half of the sum, as in TensorFlow's l2_loss: no half here, and a mean over the matrices",
            {NORM: "(rest**2).sum() / 2"},
        ),
        edit("the half is too much", {NORM: "(rest**2).sum(dim=(1, 2)).mean() / 2"}),
        edit("one number per matrix: take their mean", {NORM: "(rest**2).sum(dim=(1, 2))"}),
        edit("squares, not absolute values", {"(rest**2)": "rest.abs()"}),
        edit("the squares are missing: positive and negative entries cancel", {"(rest**2)": "rest"}),
        edit("the sum is squared; the squares are summed", {NORM: "(rest.sum(dim=(1, 2)) ** 2).mean()"}),
        edit(
            "this looks at the lengths of the rows only: a turn also keeps them at right angles",
            {NORM: "(rest.diagonal(dim1=1, dim2=2) ** 2).sum(dim=1).mean()"},
        ),
        edit(
            "this is the largest entry: the squares of all are asked for",
            {NORM: "rest.abs().amax(dim=(1, 2)).mean()"},
        ),
        edit(
            "a determinant of 1 is not enough: shears have it as well",
            {NORM: "((torch.linalg.det(turn) - 1) ** 2).mean()"},
        ),
        edit(
            "this takes the largest singular value: the Frobenius norm is the root of the sum of all squares",
            {NORM: "(torch.linalg.matrix_norm(rest, 2) ** 2).mean()"},
        ),
        edit(
            "the mean comes before the squares: the norm is of each matrix",
            {NORM: "(rest.mean(dim=0) ** 2).sum()"},
        ),
    ),
    hints=(
        "The rows of a turn have length 1 and stand at right angles. T T^t holds all products of two rows. What should "
        "it be, and how far away is it?",
        "`turn @ turn.transpose(1, 2)` is (B, k, k); `torch.eye(k)` broadcasts over the batch. The squared Frobenius "
        "norm is the sum of the squares of one matrix: `dim=(1, 2)`. The mean over the batch comes last.",
        "`rest = torch.eye(turn.shape[-1]) - turn @ ____`, then `return (____).sum(dim=(1, 2)).____`.",
    ),
)
