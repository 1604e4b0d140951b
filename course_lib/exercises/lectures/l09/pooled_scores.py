"""09.5: 2D and 3D pooling over time."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch.nn.functional as F


def pooled_scores(maps, weight, window, step):
    pooled = F.max_pool3d(maps, (window, 2, 2), stride=(step, 2, 2))
    features = pooled.transpose(1, 2).flatten(2)
    return (features @ weight.T).mean(dim=1)
"""

POOL = "F.max_pool3d(maps, (window, 2, 2), stride=(step, 2, 2))"
FEATURES, SCORES = "pooled.transpose(1, 2).flatten(2)", "(features @ weight.T).mean(dim=1)"


def _cases(generator):
    def case(label, shape, window, step, classes=3):
        batch, channels, _, rows, columns = shape
        weight = torch.randn(classes, channels * (rows // 2) * (columns // 2), generator=generator)
        return Case(label, (torch.randn(shape, generator=generator), weight, window, step))

    return [
        case("2D pooling: windows of one moment", (2, 3, 4, 4, 6), 1, 1),
        case("3D pooling over all 5 moments", (2, 3, 5, 4, 6), 5, 2),
        case("windows of 3 in 8 moments, step 2", (3, 2, 8, 6, 4), 3, 2),
        case("windows of 2 in 7 moments, step 3, odd maps", (2, 4, 7, 5, 7), 2, 3),
    ]


pooled_scores = exercise(
    "09.5",
    "Pooling over time",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("time is not pooled: the window is `window` moments long", {"(window, 2, 2)": "(1, 2, 2)"}),
        edit("the windows step by 1 in time: the step is `step`", {"(step, 2, 2)": "(1, 2, 2)"}),
        edit("the windows step by their own length: the step is `step`", {"(step, 2, 2)": "(window, 2, 2)"}),
        edit("the step in time is 2 whatever is asked for: it is `step`", {"(step, 2, 2)": "(2, 2, 2)"}),
        edit(
            "window and step are exchanged: the kernel has `window` moments, the stride is `step`",
            {"(window, 2, 2), stride=(step, 2, 2)": "(step, 2, 2), stride=(window, 2, 2)"},
        ),
        edit(
            "time is padded here: without padding there are (T - window) // step + 1 windows",
            {"stride=(step, 2, 2)": "stride=(step, 2, 2), padding=(window // 2, 0, 0)"},
        ),
        edit("this takes the mean of a window: take its maximum", {"max_pool3d": "avg_pool3d"}),
        edit(
            "odd maps are rounded up here: a row that is left over gets no window (leave ceil_mode out)",
            {
                "stride=(step, 2, 2)": "stride=(step, 2, 2), ceil_mode=True",
                FEATURES: "pooled[..., : maps.shape[3] // 2, : maps.shape[4] // 2].transpose(1, 2).flatten(2)",
            },
        ),
        edit("the scores of the windows are added: take their mean", {"mean(dim=1)": "sum(dim=1)"}),
        edit("the best window wins: take the mean of their scores", {"mean(dim=1)": "amax(dim=1)"}),
        edit("only the first window counts: take the mean over all", {".mean(dim=1)": "[:, 0]"}),
        edit("only the last window counts: take the mean over all", {".mean(dim=1)": "[:, -1]"}),
        edit("the mean runs over the clips: axis 1 are the windows", {"mean(dim=1)": "mean(dim=0)"}),
        edit("the mean runs over the classes: axis 1 are the windows", {"mean(dim=1)": "mean(dim=2)"}),
        edit("this is one mean over everything: each clip and class keeps its score", {"mean(dim=1)": "mean()"}),
        edit("the windows still have an axis: average over it", {".mean(dim=1)": ""}),
        edit(
            "channels and moments are mixed up: move time in front of the channels before you flatten (transpose)",
            {FEATURES: "pooled.reshape(pooled.shape[0], pooled.shape[2], -1)"},
        ),
        edit("these are probabilities: return the scores", {SCORES: "(features @ weight.T).softmax(2).mean(dim=1)"}),
        edit("a ReLU has crept in: scores may be negative", {SCORES: "(features @ weight.T).relu().mean(dim=1)"}),
        edit(
            "rows and columns were exchanged before the weights: flatten channels, rows, columns in this order",
            {FEATURES: "pooled.permute(0, 2, 1, 4, 3).flatten(2)"},
        ),
        edit(
            "the channels go last here: flatten channels, rows, columns in this order",
            {FEATURES: "pooled.permute(0, 2, 3, 4, 1).flatten(2)"},
        ),
    ),
    hints=(
        "One pool makes T' maps of T. Each of them is scored by the same weights, and the T' scores are averaged. With "
        "windows of one moment this is 2D pooling, with windows of all moments there is a single score.",
        "`F.max_pool3d(maps, (time, 2, 2), stride=(time, 2, 2))`. For the weights every window is one row: move the "
        "axis of time to second place, then flatten the three behind it.",
        "`pooled.transpose(1, ____).flatten(2)` is (B, T', D h w); `(features @ weight.T).mean(dim=____)`.",
    ),
)
