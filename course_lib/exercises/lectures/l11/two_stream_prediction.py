"""11.5: one prediction from the scores of two streams, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def two_stream_prediction(rgb, flow):
    scores = (rgb.mean(2) + flow.mean(2)) / 2
    return scores.softmax(1)
"""

MEANS = "(rgb.mean(2) + flow.mean(2)) / 2"
BUGGY = "torch.cat([rgb.softmax(1), flow.softmax(1)], dim=2).mean(2)"


def _cases(generator):
    def scores(*sizes):
        return 3 * torch.randn(sizes, generator=generator)

    hand = torch.tensor([[[4.0, 2], [0, 0]]]), torch.tensor([[[0.0], [1]]])
    return [
        Case("one step each", (scores(3, 5, 1), scores(3, 5, 1))),
        Case("7 steps of frames, 6 of flow", (scores(2, 4, 7), scores(2, 4, 6))),
        Case("by hand: 2 steps of frames, 1 of flow, 2 classes", hand),
        Case("a sure stream and one that does not know", (12 * scores(2, 3, 2), 0.1 * scores(2, 3, 4))),
        Case("as many steps as classes", (scores(4, 3, 3), scores(4, 3, 3))),
    ]


two_stream_prediction = exercise(
    "11.5",
    "Fix the bugs: one prediction from two streams",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "both bugs are still there: average scores, not probabilities, and first over the steps of each stream",
            {MEANS: BUGGY, "scores.softmax(1)": "scores"},
        ),
        edit(
            "one bug is left: all steps are averaged together, so that the stream with more steps counts more",
            {MEANS: "torch.cat([rgb, flow], dim=2).mean(2)"},
        ),
        edit(
            "one bug is left: these are averages of probabilities; average the scores, then take the softmax",
            {MEANS: "(rgb.mean(2).softmax(1) + flow.mean(2).softmax(1)) / 2", "scores.softmax(1)": "scores"},
        ),
        edit(
            "one bug is left: the softmax comes before the mean over the steps; it comes last",
            {MEANS: "(rgb.softmax(1).mean(2) + flow.softmax(1).mean(2)) / 2", "scores.softmax(1)": "scores"},
        ),
        edit(
            "a softmax of probabilities flattens them: average the scores, then take one softmax",
            {MEANS: "(rgb.mean(2).softmax(1) + flow.mean(2).softmax(1)) / 2"},
        ),
        edit(
            "a softmax of probabilities flattens them, and the steps were averaged together",
            {MEANS: BUGGY},
        ),
        edit(
            "the scores are added: the same ranking, but a surer prediction than the average gives",
            {MEANS: "rgb.mean(2) + flow.mean(2)"},
        ),
        edit("these are scores: the softmax over the classes is missing", {"scores.softmax(1)": "scores"}),
        edit(
            "the softmax runs over the clips: probabilities sum to 1 over the classes, axis 1",
            {
                "softmax(1)": "softmax(0)",
            },
        ),
        edit(
            "this adds up the steps: take their mean, or long clips would be surer",
            {
                "rgb.mean(2) + flow.mean(2)": "rgb.sum(2) + flow.sum(2)",
            },
        ),
        edit("the classes were averaged: steps are the last axis, 2", {"mean(2)": "mean(1)"}),
        edit(
            "only the last step counts: average over the steps",
            {
                "rgb.mean(2) + flow.mean(2)": "rgb[:, :, -1] + flow[:, :, -1]",
            },
        ),
        edit("this takes the largest score over the steps: take the mean", {"mean(2)": "amax(2)"}),
        edit(
            "only the flow stream is halved: brackets around the sum of both",
            {MEANS: "rgb.mean(2) + flow.mean(2) / 2"},
        ),
        edit(
            "two tables of probabilities were added: average the scores, then take one softmax",
            {MEANS: "rgb.mean(2).softmax(1) + flow.mean(2).softmax(1)", "scores.softmax(1)": "scores"},
        ),
        edit(
            "probabilities were multiplied, and do not sum to 1: average the scores, then take one softmax",
            {MEANS: "rgb.mean(2).softmax(1) * flow.mean(2).softmax(1)", "scores.softmax(1)": "scores"},
        ),
        edit(
            "the softmax runs over the steps: it runs over the classes, once, at the end",
            {MEANS: "(rgb.softmax(2).mean(2) + flow.softmax(2).mean(2)) / 2", "scores.softmax(1)": "scores"},
        ),
        edit(
            "both streams stand side by side, as if they had other classes: average them class by class",
            {MEANS: "torch.cat([rgb.mean(2), flow.mean(2)], dim=1)"},
        ),
        edit(
            "steps that one stream alone has were left out: average each stream over all of its steps",
            {MEANS: "(rgb[:, :, : flow.shape[2]].mean(2) + flow[:, :, : rgb.shape[2]].mean(2)) / 2"},
        ),
        edit("only the RGB stream counts: both do", {MEANS: "rgb.mean(2)"}),
        edit("only the flow stream counts: both do", {MEANS: "flow.mean(2)"}),
        edit(
            "the larger score of both streams is taken: take their mean", {MEANS: "rgb.mean(2).maximum(flow.mean(2))"}
        ),
        edit(
            "this is the number of the class: probabilities of all classes are asked for",
            {
                "softmax(1)": "argmax(1)",
            },
        ),
        edit("these are log-probabilities: softmax without the logarithm", {"softmax": "log_softmax"}),
    ),
    hints=(
        "Two lines are wrong. What happens to the weights of the streams when one of them has more steps? And does the "
        "paper average scores or probabilities?",
        "`rgb.mean(2)` averages one stream's scores over its own steps: (B, K). Then the mean of two such tables. The "
        "softmax comes once, at the end.",
        "`scores = (rgb.mean(____) + ____) / 2`, `return scores.____(1)`.",
    ),
)
