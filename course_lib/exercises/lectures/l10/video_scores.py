"""10.3: LRCN's prediction for a whole video."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def video_scores(rgb, flow, weight=2 / 3):
    rgb, flow = rgb.softmax(dim=-1).mean(dim=(0, 1)), flow.softmax(dim=-1).mean(dim=(0, 1))
    return (1 - weight) * rgb + weight * flow
"""

RGB, FLOW = "rgb.softmax(dim=-1).mean(dim=(0, 1))", "flow.softmax(dim=-1).mean(dim=(0, 1))"
JOINED = "(1 - weight) * rgb + weight * flow"


def _cases(generator):
    def scores(*shape):
        return 2 * torch.randn(*shape, generator=generator)

    by_hand = torch.tensor([[[0.0, 0.0], [3.0, 3.0]]]), torch.tensor([[[0.0, 1.0986123], [0.0, 1.0986123]]])
    return [
        Case("by hand: RGB undecided, flow 1 to 3", by_hand),
        Case("5 clips of 6 frames, 4 classes, the weight left out", (scores(5, 6, 4), scores(3, 6, 4))),
        Case("2 clips of 7 frames, 3 classes, weight 1/2", (scores(2, 7, 3), scores(4, 5, 3), 0.5)),
        Case("one clip, 6 classes, weight 0.9", (scores(1, 3, 6), scores(1, 2, 6), 0.9)),
    ]


video_scores = exercise(
    "10.3",
    "One prediction for a video",
    points=1,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "the scores were averaged before the softmax: average probabilities",
            {RGB: "rgb.mean(dim=(0, 1)).softmax(dim=-1)", FLOW: "flow.mean(dim=(0, 1)).softmax(dim=-1)"},
        ),
        edit("these are scores, not probabilities: the softmax is missing", {".softmax(dim=-1)": ""}),
        edit(
            "the softmax runs over the frames: it belongs to the classes, the last axis",
            {"softmax(dim=-1)": "softmax(dim=1)"},
        ),
        edit(
            "the softmax runs over the clips: it belongs to the classes, the last axis",
            {"softmax(dim=-1)": "softmax(dim=0)"},
        ),
        edit(
            "only the last frame of each clip was used: average over time, too",
            {".mean(dim=(0, 1))": "[:, -1].mean(dim=0)"},
        ),
        edit("only the first clip was used: average over all clips", {".mean(dim=(0, 1))": "[0].mean(dim=0)"}),
        edit("the weights are exchanged: `weight` is the flow's", {JOINED: "weight * rgb + (1 - weight) * flow"}),
        edit("both count alike here: the flow has the share `weight`", {JOINED: "(rgb + flow) / 2"}),
        edit("the weight of the RGB network is missing: it is 1 - weight", {"(1 - weight) * ": ""}),
        edit("these are sums: average over clips and frames", {".mean(": ".sum("}),
        edit(
            "these are the largest probabilities over clips and frames: the average is asked for",
            {".mean(": ".amax("},
        ),
        edit("the flow is missing", {JOINED: "rgb"}),
        edit(
            "the probabilities were multiplied (averaged as logarithms): average them as they are",
            {
                RGB: "rgb.log_softmax(dim=-1).mean(dim=(0, 1))",
                FLOW: "flow.log_softmax(dim=-1).mean(dim=(0, 1))",
                JOINED: f"({JOINED}).exp()",
            },
        ),
        edit("this averages over frames only: a video has several clips", {".mean(dim=(0, 1))": ".mean(dim=1)"}),
        edit("this is the number of the class: all probabilities are asked for", {JOINED: f"({JOINED}).argmax()"}),
        edit(
            "the two networks' scores were joined before the softmax: turn each into probabilities first",
            {
                RGB: "rgb.mean(dim=(0, 1))",
                FLOW: "flow.mean(dim=(0, 1))",
                JOINED: f"({JOINED}).softmax(dim=-1)",
            },
        ),
        edit("these are logarithms of probabilities: softmax, not log_softmax", {".softmax": ".log_softmax"}),
        edit(
            "`weight` is overwritten: it is an argument, 2/3 only where it is left out",
            {"    rgb, flow =": "    weight = 2 / 3\n    rgb, flow ="},
        ),
    ),
    hints=(
        "Every frame of every clip has its own opinion. Turn scores into probabilities first, then average.",
        "`scores.softmax(dim=-1)` gives probabilities over classes, `.mean(dim=(0, 1))` averages over clips and "
        "frames.",
        "`rgb = rgb.softmax(dim=____).mean(dim=(0, 1))`, the same for flow, then "
        "`(1 - weight) * ____ + weight * ____`.",
    ),
)
