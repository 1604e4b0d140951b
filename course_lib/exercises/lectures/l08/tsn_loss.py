"""08.2: the loss after the consensus."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.snippets import consensus_loss

SOLUTION = """
import torch


def tsn_loss(scores, labels):
    G = scores.mean(dim=1)  # (B, C)
    right = G.gather(1, labels[:, None]).squeeze(1)
    return (G.logsumexp(dim=1) - right).mean()
"""

CONSENSUS, LOSS = "scores.mean(dim=1)", "(G.logsumexp(dim=1) - right).mean()"
FLAT = {CONSENSUS: "scores.flatten(0, 1)", "labels[:, None]": "labels.repeat_interleave(scores.shape[1])[:, None]"}


def _cases(generator):
    def case(label, videos, snippets, classes, size=2.0):
        scores = size * torch.randn(videos, snippets, classes, generator=generator)
        return Case(label, (scores, torch.randint(classes, (videos,), generator=generator)))

    return [
        Case(
            "by hand: 1 video, 2 snippets, 3 classes", (torch.tensor([[[3.0, 0, -1], [0, 2, -3]]]), torch.tensor([1]))
        ),
        case("4 videos, 3 snippets, 5 classes", 4, 3, 5),
        case("2 videos, 7 snippets, 4 classes", 2, 7, 4),
        case("5 videos, 2 snippets, 6 classes", 5, 2, 6),
        case("scores of some hundred: exp alone would overflow", 3, 4, 5, 300.0),
    ]


tsn_loss = exercise(
    "08.2",
    "The loss of a video",
    points=2,
    solution=SOLUTION,
    same_as=consensus_loss,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            "exp overflows for scores of some hundred: logsumexp computes the same without that",
            {"G.logsumexp(dim=1)": "G.exp().sum(dim=1).log()"},
        ),
        edit("each snippet has a loss of its own here: first the consensus, then one loss per video", FLAT),
        edit(
            "the softmax comes before the consensus: this is the log of averaged probabilities; average the scores",
            {LOSS: "-scores.softmax(2).mean(1).gather(1, labels[:, None]).log().mean()"},
        ),
        edit("the scores of the snippets are added up: the consensus is their average", {"mean(dim=1)": "sum(dim=1)"}),
        edit(
            "this takes the best snippet of each class: the consensus is the average",
            {CONSENSUS: "scores.amax(dim=1)"},
        ),
        edit("the losses of the videos are added up: average them", {"- right).mean()": "- right).sum()"}),
        edit("a loss per video came: average them to one number", {"- right).mean()": "- right)"}),
        edit(
            "the sign is turned: the loss falls when the right score grows",
            {LOSS: "(right - G.logsumexp(dim=1)).mean()"},
        ),
        edit(
            "the log of the sum of exponentials is missing: without it, all scores may grow",
            {LOSS: "(-right).mean()"},
        ),
        edit("the log is missing: this is the sum of the exponentials", {"G.logsumexp(dim=1)": "G.exp().sum(dim=1)"}),
        edit(
            "two softmaxes: the formula takes scores, and here it gets probabilities",
            {CONSENSUS: "scores.mean(1).softmax(1)"},
        ),
        edit(
            "the softmax is taken over the snippets: classes compete with each other, snippets do not",
            {CONSENSUS: "scores.softmax(dim=1).mean(dim=1)"},
        ),
        edit("only the first snippet counts: average over all of them", {CONSENSUS: "scores[:, 0]"}),
        edit(
            "this is the largest score, not the sum over classes: the loss would be 0 for every right answer",
            {"G.logsumexp(dim=1)": "G.amax(dim=1)"},
        ),
        edit(
            "the loss is divided by the number of classes: only the right class has y = 1, add up",
            {LOSS: "(G.logsumexp(dim=1) - right).mean() / G.shape[1]"},
        ),
        edit(
            "the loss is divided by the number of snippets once more: there is one loss per video",
            {LOSS: "(G.logsumexp(dim=1) - right).mean() / scores.shape[1]"},
        ),
        edit(
            "the softmax comes before the consensus, and a second one in the loss: average the scores",
            {CONSENSUS: "scores.softmax(2).mean(1)"},
        ),
        edit(
            "this is minus the probability of the right class: the loss is minus its logarithm",
            {LOSS: "-G.softmax(1).gather(1, labels[:, None]).mean()"},
        ),
        edit(
            "the videos share one softmax here: the sum of exponentials runs over the classes of each video by itself",
            {"G.logsumexp(dim=1)": "G.logsumexp(dim=(0, 1))"},
        ),
        edit(
            "a yes or no for each class by itself: here the classes compete, with one softmax",
            {
                LOSS: "torch.nn.functional.binary_cross_entropy_with_logits(G, torch.zeros_like(G).scatter(1, "
                "labels[:, None], 1.0))"
            },
        ),
        edit(
            "only the last snippet counts: average over all of them",
            {CONSENSUS: "scores[:, -1]"},
        ),
        edit(
            "the squared error of the probabilities: the formula is the cross-entropy",
            {LOSS: "torch.nn.functional.mse_loss(G.softmax(1), torch.zeros_like(G).scatter(1, labels[:, None], 1.0))"},
        ),
        edit(
            "each snippet has a loss of its own here, and some have the label of another video (repeat is not "
            "repeat_interleave): first the consensus, then one loss per video",
            {CONSENSUS: "scores.flatten(0, 1)", "labels[:, None]": "labels.repeat(scores.shape[1])[:, None]"},
        ),
        edit(
            "each video is paired with the labels of all: choose one score per video, by G[torch.arange(B), labels]",
            {"G.gather(1, labels[:, None]).squeeze(1)": "G[:, labels].mean(1)"},
        ),
        edit(
            "this is the median of the snippets: the consensus is the average", {CONSENSUS: "scores.median(1).values"}
        ),
    ),
    hints=(
        "Two steps: one list of scores for each video, then the loss that you know from single images. Of the sum over "
        "classes, only the right one is left, because its $y_i$ is 1.",
        "`scores.mean(dim=1)` averages over snippets. `G.logsumexp(dim=1)` is the second term. Or let "
        "`F.cross_entropy(G, labels)` do both.",
        "`G = scores.mean(dim=____)`, and `return F.cross_entropy(____, labels)`.",
    ),
)
