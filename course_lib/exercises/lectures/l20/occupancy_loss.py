"""20.5: the loss of an occupancy network, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch
import torch.nn.functional as F


def occupancy_loss(logits, inside):
    loss = F.binary_cross_entropy_with_logits(logits, inside.float(), reduction="none")
    return loss.sum(1).mean()
"""

LOSS, JOINED = 'F.binary_cross_entropy_with_logits(logits, inside.float(), reduction="none")', "loss.sum(1).mean()"
FINITE = (
    "for a logit of 200 the sigmoid is exactly 1 and log(1 - 1) is -inf: let the library take the logits, or use "
    "softplus"
)

STOPPED = (
    "an epsilon or a clamp within the logarithm stops the loss where the network is surest and wrong: use the logits"
)
P, EPSILONS = "logits.sigmoid()", ("1e-6", "1e-7", "1e-8", "1e-10", "1e-12")  # where float32 tells them from 0


def _cases(generator):
    def points(batch, number, spread):
        logits = spread * torch.randn(batch, number, generator=generator)
        return logits, torch.rand(batch, number, generator=generator) < 0.3

    sure, inside = points(2, 6, 1.0)
    sure[:, 0], sure[:, 1] = 200.0, -300.0
    inside[:, 0], inside[:, 1] = torch.tensor([True, False]), torch.tensor([True, True])
    return [
        Case("2 sets of 5 points", points(2, 5, 1.5)),
        Case("3 sets of 7 points", points(3, 7, 4.0)),
        Case("2 sets of 6 points, the network very sure, and wrong", (sure, inside)),
        Case("by hand: logits 0 and 0", (torch.zeros(1, 2), torch.tensor([[True, False]]))),
    ]


occupancy_loss = exercise(
    "20.5",
    "Fix the bugs: the loss of an occupancy network",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            f"two bugs: {FINITE}. And the loss is summed over the points of a set, averaged over the sets",
            {
                LOSS: "-(inside * logits.sigmoid().log() + ~inside * (1 - logits.sigmoid()).log())",
                JOINED: "loss.mean()",
            },
        ),
        edit(FINITE, {LOSS: "-(inside * logits.sigmoid().log() + ~inside * (1 - logits.sigmoid()).log())"}),
        edit(FINITE, {LOSS: "-torch.where(inside, logits.sigmoid(), 1 - logits.sigmoid()).log()"}),
        edit(
            "a mean over points and sets: the loss is summed over the points of a set, averaged over the sets",
            {JOINED: "loss.mean()"},
        ),
        edit("a sum over everything: average over the sets", {JOINED: "loss.sum()"}),
        edit(
            "summed over the sets and averaged over the points: it is the other way round",
            {JOINED: "loss.sum(0).mean()"},
        ),
        edit("one number per set is left: average over the sets", {JOINED: "loss.sum(1)"}),
        edit(
            "`binary_cross_entropy` of the sigmoid stops at 100 where the true loss is 300: give it the logits",
            {LOSS: 'F.binary_cross_entropy(logits.sigmoid(), inside.float(), reduction="none")'},
        ),
        *(edit(STOPPED, {LOSS: f"-torch.where(inside, {P} + {eps}, 1 - {P} + {eps}).log()"}) for eps in EPSILONS),
        *(edit(STOPPED, {LOSS: f"-torch.where(inside, {P}, 1 - {P}).clamp(min={eps}).log()"}) for eps in EPSILONS),
        *(
            edit(
                STOPPED,
                {LOSS: f"-torch.where(inside, ({P}).clamp({eps}, 1 - {eps}), 1 - ({P}).clamp({eps}, 1 - {eps})).log()"},
            )
            for eps in EPSILONS[:2]  # 1 - 1e-8 is 1
        ),
        edit(
            "a clamp of the logits stops the loss where the network is surest and wrong: take them as they are",
            {LOSS: LOSS.replace("logits,", "logits.clamp(-10, 10),")},
        ),
        edit(
            "points do not compete: a sigmoid of each, no softmax over all",
            {LOSS: LOSS.replace("logits,", "logits.softmax(1).logit(),")},
        ),
        edit(
            "points do not compete: this cross-entropy takes each as a class",
            {LOSS: 'F.cross_entropy(logits, inside.float(), reduction="none")', JOINED: "loss.mean()"},
        ),
        edit(
            "these are decisions, which have no gradient: the loss is of the logits",
            {"(logits, inside.": "((logits > 0).float(), inside."},
        ),
        edit(
            "wrong decisions are counted: a loss must say how wrong, and have a gradient",
            {LOSS: "((logits > 0) != inside).float()"},
        ),
        edit("inside and outside are exchanged", {"inside.float()": "(~inside).float()"}),
        edit(
            "the sigmoid is taken twice: the library's loss takes it of the logits",
            {"(logits, inside.": "(logits.sigmoid(), inside."},
        ),
        edit("only points inside count: outside ones must count as well", {LOSS: f"inside * {LOSS}"}),
        edit("only points outside count: inside ones must count as well", {LOSS: f"~inside * {LOSS}"}),
        edit("the sign is turned: a loss is positive", {JOINED: "-loss.sum(1).mean()"}),
        edit(
            "the squared error of the probabilities is another loss", {LOSS: "(logits.sigmoid() - inside.float()) ** 2"}
        ),
    ),
    hints=(
        "What is the sigmoid of 200 in 32 bits, and the logarithm of 1 minus it? And over what does the paper sum, "
        "over what does it average?",
        '`F.binary_cross_entropy_with_logits(logits, target, reduction="none")` takes the logits as they are and '
        "gives one loss per point; the target must be float. `.sum(1)` adds the points of a set.",
        '`loss = F.binary_cross_entropy_with_logits(____, inside.float(), reduction="none")`, then '
        "`loss.sum(____).mean()`.",
    ),
)
