"""14.3: the logistic loss, balanced between the few hits and the many misses."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch
import torch.nn.functional as F


def balanced_loss(responses, labels):
    losses = F.softplus(-labels * responses)  # log(1 + exp(-y v)), (B, 1, H', W')
    hit = labels > 0
    return (losses[..., hit].mean() + losses[..., ~hit].mean()) / 2
"""

LOSSES, RETURN = "F.softplus(-labels * responses)", "(losses[..., hit].mean() + losses[..., ~hit].mean()) / 2"
OVERFLOW = (
    "exp overflows for large responses of the wrong sign, and log(inf) is inf: F.softplus, or torch.logaddexp, "
    "computes the same without"
)


def _cases(generator):
    def maps(batch, rows, columns, hits, size=1.0):
        labels = -torch.ones(rows, columns)
        labels.view(-1)[torch.randperm(rows * columns, generator=generator)[:hits]] = 1
        return size * torch.randn(batch, 1, rows, columns, generator=generator), labels

    by_hand = torch.tensor([[[[2.0, -1, 0]]]]), torch.tensor([[1.0, -1, -1]])
    return [
        Case("by hand: one hit, two misses", by_hand),
        Case("1 map of 5 x 5, 4 hits", maps(1, 5, 5, 4)),
        Case("3 maps of 4 x 6, 5 hits", maps(3, 4, 6, 5)),
        Case("2 maps of 6 x 3, more hits than misses", maps(2, 6, 3, 13, 3.0)),
        Case("responses of hundreds", maps(2, 4, 4, 3, 300.0)),
    ]


balanced_loss = exercise(
    "14.3",
    "A balanced logistic loss",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=(
        "course_lib.ops.response_maps.logistic_loss",
        "course_lib.ops.response_maps.binary_cross_entropy",
        "course_lib.ops.response_maps.balanced_weights",
        "course_lib.trackers.siamfc_training.pair_loss",
    ),
    mistakes=(
        edit(
            "all cells count alike, so the misses drown the few hits: average each of the two kinds, then the averages",
            {RETURN: "losses.mean()"},
        ),
        edit("the sign is turned: the loss is small where y v is large and positive", {"(-labels": "(labels"}),
        edit(
            "the two averages are added: divide by 2, so that all weights together are 1",
            {RETURN: "losses[..., hit].mean() + losses[..., ~hit].mean()"},
        ),
        edit("only the hits count here: the misses are the other half", {RETURN: "losses[..., hit].mean()"}),
        edit("only the misses count here: the hits are the other half", {RETURN: "losses[..., ~hit].mean()"}),
        edit(
            "this sums over the batch: average over it, so that the loss does not grow with it",
            {RETURN: "len(responses) * (losses[..., hit].mean() + losses[..., ~hit].mean()) / 2"},
        ),
        edit(
            "these are sums over cells: average the hits, and average the misses",
            {RETURN: "(losses[..., hit].sum() + losses[..., ~hit].sum()) / 2"},
        ),
        edit("the sum of all losses: average the hits, and average the misses", {RETURN: "losses.sum()"}),
        edit(
            "this is a hinge loss: the paper's is log(1 + exp(-y v))", {LOSSES: "(1 - labels * responses).clamp(min=0)"}
        ),
        edit("the 1 is missing: log(exp(-y v)) is just -y v", {LOSSES: "-labels * responses"}),
        edit(
            "this is log of the sigmoid without its minus: the loss is negative",
            {LOSSES: "F.logsigmoid(labels * responses)"},
        ),
        edit("the logarithm is missing: log(1 + exp(-y v))", {LOSSES: "(-labels * responses).exp()"}),
        edit("the labels are missing: y v, not v", {LOSSES: "F.softplus(-responses)"}),
        edit(
            "the logarithm is to base 2: log is the natural one",
            {LOSSES: "F.softplus(-labels * responses) / 0.6931471805599453"},
        ),
        edit(
            "one loss per map: average over the batch as well",
            {RETURN: "(losses[..., hit].mean((1, 2)) + losses[..., ~hit].mean((1, 2))) / 2"},
        ),
        edit(
            "the weights are exchanged: hits are few, so each of them must count more, not less",
            {RETURN: "losses[..., hit].mean() * hit.float().mean() + losses[..., ~hit].mean() * hit.float().mean()"},
        ),
        edit("this is a squared error: the paper's is log(1 + exp(-y v))", {LOSSES: "(labels - responses) ** 2"}),
        edit(
            "the responses go through a sigmoid first: the logistic loss takes them as they are",
            {LOSSES: "F.softplus(-labels * responses.sigmoid())"},
        ),
        edit(
            "a cell weighs as much as there are cells of the other kind, but the weights do not add up to 1: divide",
            {RETURN: "(losses[..., hit].sum() * (~hit).sum() + losses[..., ~hit].sum() * hit.sum()) / losses.numel()"},
        ),
        edit(OVERFLOW, {LOSSES: "(1 + (-labels * responses).exp()).log()"}),
        edit(OVERFLOW, {LOSSES: "torch.log1p((-labels * responses).exp())"}),
        edit(
            "large losses are cut off: F.softplus copes with any response",
            {LOSSES: "(1 + (-labels * responses).clamp(max=80).exp()).log()"},
        ),
        edit(
            "large losses are cut off: F.softplus copes with any response",
            {LOSSES: "-((labels * responses).sigmoid() + 1e-12).log()"},
        ),
        edit(
            "hits and misses count alike, but the weights do not add up to 1: average each kind, then halve",
            {RETURN: "(losses[..., hit].mean() + losses[..., ~hit].mean()) * (~hit).float().mean()"},
        ),
        edit(
            "cross-entropy wants the labels 0 and 1, these are -1 and +1; and each kind needs its own average",
            {LOSSES: "F.softplus(responses) - labels * responses", RETURN: "losses.mean()"},
        ),
        edit(
            "cross-entropy wants the labels 0 and 1, these are -1 and +1",
            {LOSSES: "F.softplus(responses) - labels * responses"},
        ),
        edit(
            "only the first map counts here: average over the whole batch",
            {LOSSES: "F.softplus(-labels * responses[:1])"},
        ),
        edit(
            "both sums are divided by the number of all cells: divide the hits by theirs, and the misses by theirs",
            {RETURN: "losses.sum() / labels.numel() / 2"},
        ),
        edit(
            "the misses are subtracted: a loss is small when *both* are right, so add",
            {RETURN: "losses[..., hit].mean() - losses[..., ~hit].mean()"},
        ),
        edit(
            "the misses are subtracted: a loss is small when *both* are right, so add",
            {RETURN: "(losses[..., hit].mean() - losses[..., ~hit].mean()) / 2"},
        ),
        edit(
            "large losses are cut off: F.softplus copes with any response",
            {LOSSES: "F.softplus(-labels * responses.clamp(-50, 50))"},
        ),
    ),
    hints=(
        "First a loss for every cell. Then two averages: over all cells with label +1, and over all with -1.",
        "`F.softplus(a)` is log(1 + exp(a)) without overflow. `losses[..., mask]` takes the cells of every map where "
        "the (H', W') mask is True.",
        "`losses = F.softplus(____)`, then `(losses[..., labels > 0].____() + losses[..., labels < 0].____()) / 2`.",
    ),
)
