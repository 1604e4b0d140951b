"""10.2: how much of the first state arrives after n steps of an RNN."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def rnn_memory(weight, states):
    jacobian, norms = torch.eye(len(weight)), []
    for h in states:
        jacobian = (1 - h**2)[:, None] * weight @ jacobian
        norms.append(torch.linalg.matrix_norm(jacobian, ord=2))
    return torch.stack(norms)
"""

SLOPE, STEP = "(1 - h**2)[:, None]", "(1 - h**2)[:, None] * weight @ jacobian"
NORM = "torch.linalg.matrix_norm(jacobian, ord=2)"


def _cases(generator):
    def case(label, hidden, steps, size):
        weight = size * torch.randn(hidden, hidden, generator=generator) / hidden**0.5
        return Case(label, (weight, torch.randn(steps, hidden, generator=generator).tanh()))

    by_hand = (torch.tensor([[0.0, 2.0], [1.0, 0.0]]), torch.tensor([[0.0, 0.5], [0.5, 0.0]]))
    return [
        Case("by hand: 2 units, 2 steps", by_hand),
        case("3 units, 5 steps", 3, 5, 1.0),
        case("5 units, 3 steps", 5, 3, 1.5),
        case("4 units, 9 steps, large weights", 4, 9, 3.0),
    ]


rnn_memory = exercise(
    "10.2",
    "What is left of the gradient?",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("the slope of tanh is missing: it multiplies each row of the weights by 1 - h^2", {f"{SLOPE} * ": ""}),
        edit("the slope of tanh(z) is 1 - tanh(z)^2 = 1 - h^2; here it is 1 - h", {"1 - h**2": "1 - h"}),
        edit("the states are tanh already: take 1 - h^2, and not tanh again", {"1 - h**2": "1 - h.tanh() ** 2"}),
        edit("this multiplies by h^2: the slope is 1 - h^2, small where the unit is saturated", {"1 - h**2": "h**2"}),
        edit("this is the slope of a sigmoid; the RNN has a tanh: 1 - h^2", {"1 - h**2": "h * (1 - h)"}),
        edit(
            "the slope belongs to the outputs, the rows of the weights; this scaled the columns",
            {SLOPE: "(1 - h**2)"},
        ),
        edit(
            "the newest step stands on the left: d h_t / d h_0 = (d h_t / d h_(t-1)) (d h_(t-1) / d h_0)",
            {STEP: f"jacobian @ ({SLOPE} * weight)"},
        ),
        edit("the weights are transposed: h_t = tanh(W h_(t-1) + ...)", {"* weight @": "* weight.T @"}),
        edit("this multiplies elementwise: Jacobians are multiplied as matrices, with @", {"weight @ j": "weight * j"}),
        edit(
            "these are single steps: the Jacobians of all steps so far are multiplied",
            {"* weight @ jacobian": "* weight"},
        ),
        edit(
            "the norms were multiplied: this is only a bound; multiply the matrices, then take the norm",
            {
                "torch.eye(len(weight)), []": "torch.ones(()), []",
                STEP: f"torch.linalg.matrix_norm({SLOPE} * weight, ord=2) * jacobian",
                NORM: "jacobian",
            },
        ),
        edit(
            "this is the Frobenius norm: take the largest singular value, ord=2",
            {NORM: "torch.linalg.matrix_norm(jacobian)"},
        ),
        edit(
            "this is the spectral radius (eigenvalues): take the largest singular value, ord=2",
            {NORM: "torch.linalg.eigvals(jacobian).abs().max()"},
        ),
        edit("this is the largest entry: take the largest singular value, ord=2", {NORM: "jacobian.abs().max()"}),
        edit("only the last norm came: one for each step is asked for", {"torch.stack(norms)": "norms[-1]"}),
        edit("the list is turned around: the first number belongs to one step", {"in states": "in states.flip(0)"}),
        edit("this takes the squared norm: the norm itself is asked for", {NORM: f"{NORM} ** 2"}),
        edit(
            "the first number belongs to h_1: multiply by the step's Jacobian before you take the norm",
            {
                f"        jacobian = {STEP}\n        norms.append({NORM})": (
                    f"        norms.append({NORM})\n        jacobian = {STEP}"
                )
            },
        ),
        edit("this is the smallest singular value: take the largest", {"ord=2": "ord=-2"}),
        edit("ord=1 is the largest column sum: take the largest singular value, ord=2", {"ord=2": "ord=1"}),
    ),
    hints=(
        "The chain rule: each step multiplies by its own Jacobian, the new one from the left. What does tanh "
        "contribute to it, and what the weights?",
        "The Jacobian of one step is `diag(1 - h**2) @ weight`, the same as `(1 - h**2)[:, None] * weight`. "
        "`torch.linalg.matrix_norm(J, ord=2)` is the largest singular value.",
        "Start with `jacobian = torch.eye(len(weight))`; for each h: `jacobian = (1 - ____)[:, None] * weight @ ____`, "
        "and append `torch.linalg.matrix_norm(jacobian, ord=2)`.",
    ),
)
