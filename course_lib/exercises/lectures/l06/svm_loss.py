"""06.4: what a linear SVM minimises."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.linear_svm import svm_objective

SOLUTION = """
import torch.nn.functional as F


def svm_loss(weight, bias, features, labels, strength=1.0):
    scores = features @ weight.T + bias  # (N, K)
    sign = 2 * F.one_hot(labels, len(weight)) - 1
    violation = (1 - sign * scores).clamp(min=0)
    return (weight**2).sum() / 2 + strength * (violation**2).sum()
"""

OWN_SIZE, VIOLATIONS = "(weight**2).sum() / 2", "(violation**2).sum()"
HINGE, SIGN = "(1 - sign * scores).clamp(min=0)", "2 * F.one_hot(labels, len(weight)) - 1"
OF_THE_LABEL = "scores.gather(1, labels[:, None])"
CLASS_NUMBERS = "labels are the numbers of classes, not signs: y is +1 in the label's own column and -1 in all others"


def _cases(generator):
    def problem(number, width, classes, strength, seen=None):
        """`seen`: the labels are below it, as in a batch that lacks the last class."""
        labels = (torch.arange(number) * 2 + 1) % (seen or classes)
        numbers = [torch.randn(*shape, generator=generator) for shape in ((classes, width), (classes,))]
        return (*numbers, torch.randn(number, width, generator=generator), labels, strength)

    return [
        Case("3 classes, 7 clips of 5 features", problem(7, 5, 3, 1.0)),
        Case("4 classes, 6 clips of 2 features, strength 10", problem(6, 2, 4, 10.0)),
        Case(
            "5 classes, 8 clips of 4 features, strength 0.3; nobody has the last class", problem(8, 4, 5, 0.3, seen=4)
        ),
        Case("3 classes, 5 clips of 6 features, the strength left out", problem(5, 6, 3, 1.0)[:4]),
        Case(
            "by hand: scores 2 and -1.5, both right by more than 1",
            (torch.tensor([[1.0], [-1]]), torch.tensor([0.0, 0.5]), torch.tensor([[2.0]]), torch.tensor([0]), 3.0),
        ),
    ]


svm_loss = exercise(
    "06.4",
    "What a linear SVM minimises",
    points=2,
    solution=SOLUTION,
    same_as=svm_objective,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            "the hinge is not squared: this is the other common SVM; here violations count squared",
            {"violation**2": "violation"},
        ),
        edit("clips that are right by more than 1 cost nothing: the maximum with 0 is missing", {".clamp(min=0)": ""}),
        edit(
            "the margin is missing: being right by less than 1 also costs (1 - y s, not 0 - y s)",
            {"1 - sign * scores": "-sign * scores"},
        ),
        edit(
            "every class is its own problem: the classes that are *not* the label (y = -1) must count as well",
            {HINGE: f"(1 - {OF_THE_LABEL}).clamp(min=0)"},
        ),
        edit(
            "y is +1 and -1: with 0 for the other classes their scores cost the same whatever they are",
            {SIGN: "F.one_hot(labels, len(weight))"},
        ),
        edit("the sign is turned: y = +1 belongs to the label", {SIGN: f"1 - {SIGN.removesuffix(' - 1')}"}),
        edit("the weights' own term is missing: half the sum of their squares", {f"{OWN_SIZE} + ": ""}),
        edit(
            "the strength C belongs to the violations: a large one allows few of them",
            {f"{OWN_SIZE} + strength * {VIOLATIONS}": f"strength * {OWN_SIZE} + {VIOLATIONS}"},
        ),
        edit("the strength C is missing in front of the violations", {"strength * ": ""}),
        edit(
            "the half stands in front of everything: it belongs to the squared weights alone",
            {f"strength * {VIOLATIONS}": f"strength * {VIOLATIONS} / 2"},
        ),
        edit("the bias is missing in the scores", {" + bias": ""}),
        edit(
            "this squares the sum of the violations: square each of them, then add up",
            {VIOLATIONS: "violation.sum() ** 2"},
        ),
        edit("this averages over the clips: the SVM adds up", {VIOLATIONS: "(violation**2).sum(1).mean()"}),
        edit(
            "the clamp keeps the wrong side: what exceeds 1 is free, what is missing to 1 counts; .clamp(min=0)",
            {"min=0": "max=0"},
        ),
        edit(
            "this compares each class with the right one: here every class is a question of its own, y = +1 or -1",
            {HINGE: f"(sign < 0) * (1 + scores - {OF_THE_LABEL}).clamp(min=0)"},
        ),
        edit(
            "the violations still have an axis: one number for all clips and classes is asked for",
            {VIOLATIONS: "(violation**2).sum(1)"},
        ),
        edit("the half is missing in front of the squared weights", {OWN_SIZE: "(weight**2).sum()"}),
        edit(
            "the biases are free: only the weights are kept small",
            {OWN_SIZE: "((weight**2).sum() + (bias**2).sum()) / 2"},
        ),
        edit("the root is too much: half the sum of squares, not half the length", {OWN_SIZE: "weight.norm() / 2"}),
        edit(CLASS_NUMBERS, {SIGN: "labels[:, None]"}),
        edit(CLASS_NUMBERS, {SIGN: "2 * labels[:, None] - 1"}),
        edit(CLASS_NUMBERS, {SIGN: "2 * (labels[:, None] == 1) - 1"}),
        edit(
            "one_hot does not know how many classes there are, and takes the largest label for the last: give it "
            "len(weight)",
            {"(labels, len(weight))": "(labels)"},
        ),
        edit("brackets: y is 2 * one_hot - 1, which is +1 and -1; here it is 0 and -2", {SIGN: f"2 * ({SIGN[4:]})"}),
        edit(
            "the strength C stands in front of the violations alone: large weights cost the same whatever it is",
            {f"{OWN_SIZE} + strength * {VIOLATIONS}": f"strength * ({OWN_SIZE} + {VIOLATIONS})"},
        ),
        edit(
            "the strength C is squared with the violations: it stands in front of their squares",
            {f"strength * {VIOLATIONS}": "((strength * violation) ** 2).sum()"},
        ),
        edit("this averages over the classes: the SVM adds up", {VIOLATIONS: "(violation**2).mean(1).sum()"}),
        edit("the weights are squared, not taken without their sign", {"(weight**2).sum()": "weight.abs().sum()"}),
        edit("violations cost: they are added, not subtracted", {"/ 2 + strength": "/ 2 - strength"}),
        edit(
            "the violations are divided by the strength C: multiply them by it",
            {f"strength * {VIOLATIONS}": f"{VIOLATIONS} / strength"},
        ),
        edit("half the *sum* of the squared weights, not half their mean", {OWN_SIZE: "(weight**2).mean() / 2"}),
        edit(
            "this compares each class with the right one: here every class is a question of its own, y = +1 or -1",
            {HINGE: f"(1 + scores - {OF_THE_LABEL}).clamp(min=0)"},
        ),
        edit("this averages the violations: the SVM adds them up", {VIOLATIONS: "(violation**2).mean()"}),
        edit("violations above 1 are cut off: only the lower end is, .clamp(min=0)", {"min=0": "0, 1"}),
        edit("the bias is subtracted: s = w x + b", {" + bias": " - bias"}),
        edit(
            "this is 0 - y s with the sign turned: 1 - y s is what is missing", {"1 - sign * scores": "sign * scores"}
        ),
        edit(
            "sign and score are subtracted: it is their product that says whether the score is right",
            {"1 - sign * scores": "scores - sign"},
        ),
        edit(
            "sign and score are subtracted: it is their product that says whether the score is right",
            {"1 - sign * scores": "1 - sign + scores"},
        ),
        edit(
            "y is 0 and -1 here: it is +1 for the label and -1 for the others",
            {SIGN: "F.one_hot(labels, len(weight)) - 1"},
        ),
        edit(
            "y is 3 and 1 here: subtract 1, so that it is +1 and -1", {SIGN: "2 * F.one_hot(labels, len(weight)) + 1"}
        ),
        edit(
            "an SVM judges the scores themselves: no softmax",
            {"weight.T + bias": "weight.T + bias).softmax(1)", "features @": "(features @"},
        ),
        edit(
            "this squares the sum of the weights: square each of them, then add up",
            {"(weight**2).sum()": "weight.sum() ** 2"},
        ),
        edit("only the largest violation counts: add up all of them", {VIOLATIONS: "(violation**2).amax()"}),
    ),
    hints=(
        "K separate questions: is this clip of class k (y = +1) or not (y = -1)? Each answer should be right by at "
        "least 1. What is missing to 1 counts squared; what exceeds 1 is free.",
        "Scores `features @ weight.T + bias` are $(N, K)$. Signs of the same shape: "
        "`2 * F.one_hot(labels, len(weight)) - 1`. `.clamp(min=0)` is the maximum with 0.",
        "`violation = (1 - sign * ____).clamp(min=0)`; return `(weight**2).sum() / 2 + strength * (violation**____)"
        ".sum()`.",
    ),
)
