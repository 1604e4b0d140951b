"""21.1: the same layers for each point, then the maximum."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    features = (points @ weight_1.T + bias_1).relu()
    features = (features @ weight_2.T + bias_2).relu()
    return features.amax(dim=1)
"""

FIRST, SECOND = "(points @ weight_1.T + bias_1).relu()", "(features @ weight_2.T + bias_2).relu()"
MAXIMUM = "features.amax(dim=1)"


def _cases(generator):
    def inputs(batch, number, hidden, outputs):
        def draw(*shape):
            return torch.randn(shape, generator=generator)

        return draw(batch, number, 3), draw(hidden, 3), draw(hidden), draw(outputs, hidden), draw(outputs) + 0.5

    points, *layers = inputs(2, 9, 5, 4)
    order = torch.randperm(9, generator=generator)
    return [
        Case("2 sets of 9 points, layers of 5 and 4", (points, *layers)),
        Case("the same points in another order", (points[:, order], *layers)),
        Case("3 sets of 4 points, layers of 3 and 6", inputs(3, 4, 3, 6)),
        Case("1 set of a single point", inputs(1, 1, 7, 5)),
        Case(
            "by hand: two points, each layer the identity",
            (torch.tensor([[[1.0, -2, 3], [0, 4, -5]]]), torch.eye(3), torch.zeros(3), torch.eye(3), torch.zeros(3)),
        ),
    ]


set_features = exercise(
    "21.1",
    "The same layers for each point, then the maximum",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("this is the mean over the points: take the maximum of each feature", {".amax(": ".mean("}),
        edit("this is the sum over the points: take the maximum of each feature", {".amax(": ".sum("}),
        edit("this is the smallest: take the largest of each feature", {".amax(": ".amin("}),
        edit("the maximum runs over the features of a point: it must run over the points, dim=1", {"dim=1": "dim=-1"}),
        edit("the maximum runs over the sets of the batch: it must run over the points, dim=1", {"dim=1": "dim=0"}),
        edit("the points are still there: take the maximum over them", {MAXIMUM: "features"}),
        edit("one maximum per set and *feature* is asked for, (B, D)", {MAXIMUM: "features.amax(dim=(1, 2))"}),
        edit(
            "the maximum is taken over the whole batch: every set has its own", {MAXIMUM: "features.amax(dim=(0, 1))"}
        ),
        edit(
            "the first maximum comes before the second layer: all layers see single points, the maximum comes last",
            {FIRST: FIRST + ".amax(dim=1)", MAXIMUM: "features"},
        ),
        edit(
            "the first layer has no ReLU: then two layers are no more than one", {FIRST: FIRST.removesuffix(".relu()")}
        ),
        edit("the ReLU behind the second layer is missing", {SECOND: SECOND.removesuffix(".relu()")}),
        edit(
            "both ReLUs are missing",
            {FIRST: FIRST.removesuffix(".relu()"), SECOND: SECOND.removesuffix(".relu()")},
        ),
        edit(
            "the first bias is missing",
            {" + bias_1": ""},
        ),
        edit("the second bias is missing", {" + bias_2": ""}),
        edit("both biases are missing", {" + bias_1": "", " + bias_2": ""}),
        edit("the second layer is missing", {SECOND: "features"}),
        edit(
            "the bias comes before the ReLU: it belongs to the layer, and the ReLU bends what both make",
            {FIRST: "(points @ weight_1.T).relu() + bias_1", SECOND: "(features @ weight_2.T).relu() + bias_2"},
        ),
        edit(
            "the points' maximum comes first: that is a corner of a box. All layers see single points, the maximum "
            "comes last",
            {"(points @": "(points.amax(dim=1, keepdim=True) @"},
        ),
        edit(
            "this bends with a sigmoid: a ReLU is asked for, which sets negative numbers to 0",
            {FIRST: FIRST.replace("relu", "sigmoid"), SECOND: SECOND.replace("relu", "sigmoid")},
        ),
        edit(
            "this bends with a tanh: a ReLU is asked for, which sets negative numbers to 0",
            {FIRST: FIRST.replace("relu", "tanh"), SECOND: SECOND.replace("relu", "tanh")},
        ),
        edit(
            "an absolute value is no ReLU: negative numbers become 0",
            {FIRST: FIRST.replace("relu", "abs"), SECOND: SECOND.replace("relu", "abs")},
        ),
        edit("the biases are subtracted: add them", {" + bias_1": " - bias_1", " + bias_2": " - bias_2"}),
        edit("this is the length over the points: take the maximum of each feature", {MAXIMUM: "features.norm(dim=1)"}),
        edit("the features of the first point only: take the maximum over all points", {MAXIMUM: "features[:, 0]"}),
        edit("the features of the last point only: take the maximum over all points", {MAXIMUM: "features[:, -1]"}),
        edit(
            "these are the numbers of the points that have the maximum: its value is asked for",
            {MAXIMUM: "features.argmax(dim=1)"},
        ),
        edit(
            "a median keeps less than the maximum: take the largest of each feature",
            {MAXIMUM: "features.median(dim=1).values"},
        ),
        edit("the points must not be sorted or centred first", {"(points @": "((points - points.mean(1, True)) @"}),
    ),
    hints=(
        "A linear layer works on the last axis. Points are on the axis before it, so one line treats all points alike. "
        "Which axis must disappear at the end?",
        "`points @ weight_1.T + bias_1` maps (B, P, 3) to (B, P, C). `.relu()` after each layer. `amax(dim=...)` gives "
        "the largest values along an axis, and nothing else.",
        "`features = (points @ weight_1.T + bias_1).____`, then the same with `features`, `weight_2` and `bias_2`, and "
        "`return features.amax(dim=____)`.",
    ),
)
