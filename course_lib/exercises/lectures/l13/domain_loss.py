"""13.3: one step of multi-domain learning."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch
import torch.nn.functional as F


def domain_loss(features, labels, weights, biases, step):
    domain = step % len(weights)
    scores = features @ weights[domain].T + biases[domain]
    return F.cross_entropy(scores, labels)
"""

DOMAIN, SCORES = "step % len(weights)", "features @ weights[domain].T + biases[domain]"
LOSS, ALL = "F.cross_entropy(scores, labels)", "torch.einsum('bd,kcd->kbc', features, weights) + biases[:, None]"


def _cases(generator):
    def case(label, domains, rows, width, step):
        return Case(
            label,
            (
                torch.randn(rows, width, generator=generator).relu(),
                (torch.rand(rows, generator=generator) < 0.4).long(),
                torch.randn(domains, 2, width, generator=generator),
                torch.randn(domains, 2, generator=generator),
                step,
            ),
        )

    return [
        case("3 domains, step 1", 3, 6, 5, 1),
        case("3 domains, step 8: the second round and more", 3, 6, 5, 8),
        case("5 domains, step 5: back at the first", 5, 9, 4, 5),
        case("a single domain, step 7", 1, 4, 6, 7),
    ]


domain_loss = exercise(
    "13.3",
    "A step in one domain",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            "the domains take turns: after the last one, the first comes again. Here branch 0 does all the work",
            {DOMAIN: "0"},
        ),
        edit(
            "all branches learn from this video here: only the branch of its own domain may",
            {SCORES: ALL, LOSS: "F.cross_entropy(scores.flatten(0, 1), labels.repeat(len(weights)))"},
        ),
        edit(
            "the branches' losses are added: a step belongs to one domain, and the others do not see it",
            {SCORES: ALL, LOSS: "sum(F.cross_entropy(one, labels) for one in scores)"},
        ),
        edit(
            "the branches are averaged: each domain has a branch of its own",
            {"weights[domain].T": "weights.mean(0).T", "biases[domain]": "biases.mean(0)"},
        ),
        edit("the bias of another domain was added: the same branch has both", {"biases[domain]": "biases[0]"}),
        edit("the bias is missing", {" + biases[domain]": ""}),
        edit(
            "the loss is averaged over the samples, not added up",
            {LOSS: "F.cross_entropy(scores, labels, reduction='sum')"},
        ),
        edit(
            "one number is wanted: the mean over the samples",
            {LOSS: "F.cross_entropy(scores, labels, reduction='none')"},
        ),
        edit("the columns are exchanged: column 1 is the target", {LOSS: "F.cross_entropy(scores, 1 - labels)"}),
        edit(
            "cross_entropy takes scores and makes the softmax itself: here it is made twice",
            {LOSS: "F.cross_entropy(scores.softmax(1), labels)"},
        ),
        edit(
            "these are the scores of this domain: return their cross-entropy with the labels",
            {f"return {LOSS}": "return scores"},
        ),
        edit("the sign is turned: the loss is minus the logarithm of the right class's share", {LOSS: f"-{LOSS}"}),
        edit("steps count from 0: step 0 belongs to domain 0", {DOMAIN: "(step + 1) % len(weights)"}),
        edit("steps count from 0: step 0 belongs to domain 0", {DOMAIN: "(step - 1) % len(weights)"}),
        edit(
            "each domain keeps several steps in a row here: they take turns, one step each",
            {DOMAIN: "step // len(weights) % len(weights)"},
        ),
        edit(
            "one column alone was taken: the softmax needs both scores",
            {LOSS: "F.binary_cross_entropy_with_logits(scores[:, 1], labels.float())"},
        ),
        edit(
            "after the last domain the first comes again: here the last one keeps all further steps",
            {DOMAIN: "min(step, len(weights) - 1)"},
        ),
        edit("the number of domains is `len(weights)`, not always 2", {DOMAIN: "step % 2"}),
        edit(
            "the softmax runs over the two scores of a crop (axis 1), not over the crops",
            {LOSS: "F.nll_loss(scores.log_softmax(0), labels)"},
        ),
        edit(
            "the logarithm is missing: the loss is minus the logarithm of the right class's share",
            {LOSS: "F.nll_loss(scores.softmax(1), labels)"},
        ),
    ),
    hints=(
        "The step number says whose turn it is: 0, 1, ..., K - 1, 0, 1, ... Only that branch takes part.",
        "`step % len(weights)`. A linear layer is `features @ weight.T + bias`; `F.cross_entropy(scores, labels)` "
        "takes scores before the softmax, and averages.",
        "`domain = step % ____`, `scores = features @ weights[____].T + ____`, return `F.cross_entropy(____, labels)`.",
    ),
)
