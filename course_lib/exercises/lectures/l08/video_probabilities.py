"""08.6: the prediction of two streams, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def video_probabilities(rgb, flow):
    fused = rgb.mean(dim=1) + 1.5 * flow.mean(dim=1)  # (B, C)
    return fused.softmax(dim=1)
"""

FUSED, LAST = "rgb.mean(dim=1) + 1.5 * flow.mean(dim=1)", "fused.softmax(dim=1)"


def _cases(generator):
    def scores(*shape):
        return 2 * torch.randn(*shape, generator=generator)

    return [
        Case("2 videos, 3 snippets each, 4 classes", (scores(2, 3, 4), scores(2, 3, 4))),
        Case("3 videos, 5 frames and 2 stacks of flow, 6 classes", (scores(3, 5, 6), scores(3, 2, 6))),
        Case("a single snippet in each stream", (scores(2, 1, 3), scores(2, 1, 3))),
        Case(
            "by hand: one confident snippet",
            (torch.tensor([[[6.0, 0], [0, 1], [0, 1]]]), torch.tensor([[[0.0, 1]]])),
        ),
    ]


video_probabilities = exercise(
    "08.6",
    "Fix the bugs: two streams, one prediction",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "the bugs are still there: the softmax comes before the consensus, and flow counts as much as RGB",
            {FUSED: "rgb.softmax(dim=2).mean(dim=1) + flow.softmax(dim=2).mean(dim=1)", LAST: "fused / 2"},
        ),
        edit(
            "one bug is left: the softmax still comes before the consensus; average scores, take it once, at the end",
            {FUSED: "rgb.softmax(dim=2).mean(dim=1) + 1.5 * flow.softmax(dim=2).mean(dim=1)", LAST: "fused / 2.5"},
        ),
        edit("one bug is left: flow weighs 1.5 times as much as RGB", {"1.5 * ": ""}),
        edit(
            "two softmaxes: average the scores of the snippets, and take the softmax once, at the end",
            {FUSED: "rgb.softmax(dim=2).mean(dim=1) + 1.5 * flow.softmax(dim=2).mean(dim=1)"},
        ),
        edit(
            "each stream has a softmax of its own: add up the scores, and take it once, at the end",
            {FUSED: "rgb.mean(dim=1).softmax(dim=1) + 1.5 * flow.mean(dim=1).softmax(dim=1)", LAST: "fused / 2.5"},
        ),
        edit(
            "the weights are exchanged: flow counts 1.5 times as much as RGB",
            {FUSED: "1.5 * rgb.mean(dim=1) + flow.mean(dim=1)"},
        ),
        edit(
            "this averages the streams: scores are added, 1 : 1.5, not divided by 2.5",
            {LAST: "(fused / 2.5).softmax(dim=1)"},
        ),
        edit("these are scores: the softmax makes probabilities of them", {LAST: "fused"}),
        edit(
            "these do not sum to 1 yet: the softmax over the classes is missing at the end, dim=1",
            {LAST: "fused.sigmoid()"},
        ),
        edit(
            "the softmax is taken over the videos: over the classes, the last axis",
            {"softmax(dim=1)": "softmax(dim=0)"},
        ),
        edit(
            "this takes the best snippet per class: the consensus is the average",
            {FUSED: "rgb.amax(dim=1) + 1.5 * flow.amax(dim=1)"},
        ),
        edit(
            "the scores of the snippets are added up: average them, the streams have different numbers",
            {FUSED: "rgb.sum(dim=1) + 1.5 * flow.sum(dim=1)"},
        ),
        edit("flow is left out: add its scores with weight 1.5", {FUSED: "rgb.mean(dim=1)"}),
        edit("these are logarithms of probabilities: take the softmax", {LAST: "fused.log_softmax(dim=1)"}),
        edit(
            "one bug is left: flow weighs 1.5 times as much as RGB. And nothing is halved: scores are added",
            {FUSED: "rgb.mean(dim=1) + flow.mean(dim=1)", LAST: "(fused / 2).softmax(dim=1)"},
        ),
        edit(
            "the sum is still halved: scores are added, 1 : 1.5, and the softmax makes probabilities of the sum",
            {LAST: "(fused / 2).softmax(dim=1)"},
        ),
        edit(
            "these are scores, divided by 2: the softmax makes probabilities of them",
            {LAST: "fused / 2"},
        ),
        edit(
            "these are scores, divided by 2.5: the softmax makes probabilities of them",
            {LAST: "fused / 2.5"},
        ),
        edit(
            "scores may be negative, so dividing by their sum makes no probabilities: take the softmax",
            {LAST: "fused / fused.sum(dim=1, keepdim=True)"},
        ),
        edit(
            "one softmax over all videos together: over the classes of each, dim=1",
            {LAST: "fused.exp() / fused.exp().sum()"},
        ),
        edit(
            "each stream has a softmax of its own, and the result does not sum to 1: add up the scores, and take it "
            "once, at the end",
            {FUSED: "rgb.mean(dim=1).softmax(dim=1) + 1.5 * flow.mean(dim=1).softmax(dim=1)", LAST: "fused"},
        ),
        edit(
            "each stream has a softmax of its own, and flow weighs no more than RGB: add up the scores 1 : 1.5, and "
            "take it once, at the end",
            {FUSED: "rgb.mean(dim=1).softmax(dim=1) + flow.mean(dim=1).softmax(dim=1)", LAST: "fused / 2"},
        ),
        edit(
            "the softmax still comes before the consensus, and the result does not sum to 1: average scores, take it "
            "once, at the end",
            {FUSED: "rgb.softmax(dim=2).mean(dim=1) + 1.5 * flow.softmax(dim=2).mean(dim=1)", LAST: "fused"},
        ),
        edit(
            "the softmax still comes before the consensus, and 1 + 1.5 is not 2: average scores, take it once, at the "
            "end",
            {FUSED: "rgb.softmax(dim=2).mean(dim=1) + 1.5 * flow.softmax(dim=2).mean(dim=1)", LAST: "fused / 2"},
        ),
        edit(
            "two softmaxes, and flow weighs no more than RGB: average scores, add them 1 : 1.5, take it once, at the "
            "end",
            {FUSED: "rgb.softmax(dim=2).mean(dim=1) + flow.softmax(dim=2).mean(dim=1)"},
        ),
        edit(
            "all snippets lie in one average: each stream has its own, because they may have different numbers",
            {FUSED: "torch.cat([rgb, flow], dim=1).mean(dim=1)"},
        ),
        edit(
            "all snippets lie in one average: average each stream by itself, then add 1 : 1.5",
            {FUSED: "torch.cat([rgb, 1.5 * flow], dim=1).mean(dim=1)"},
        ),
        edit("both streams have the weight 1.5: RGB has 1", {FUSED: "1.5 * (rgb.mean(dim=1) + flow.mean(dim=1))"}),
        edit("the scores are multiplied: add them, 1 : 1.5", {FUSED: "1.5 * rgb.mean(dim=1) * flow.mean(dim=1)"}),
        edit("flow is divided by 1.5: it weighs more than RGB", {"1.5 * flow.mean(dim=1)": "flow.mean(dim=1) / 1.5"}),
        edit("the weight of flow is 1.5", {"1.5 *": "2.5 *"}),
        edit(
            "the larger of the two streams: add their scores",
            {FUSED: "torch.maximum(rgb.mean(dim=1), 1.5 * flow.mean(dim=1))"},
        ),
    ),
    hints=(
        "The order of three things decides: consensus within a stream, sum over the streams, softmax. Where does "
        "$\\mathcal{H}$ stand in Eq. 1? And how much does flow weigh?",
        "`scores.mean(dim=1)` is the consensus; `.softmax(dim=1)` comes once, at the end.",
        "`fused = rgb.mean(dim=1) + ____ * flow.mean(dim=____)`, and `return fused.____(dim=1)`.",
    ),
)
