"""05.5: score fusion."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def fuse(spatial, temporal, weight=0.5):
    still = spatial.softmax(2).mean(1)
    moving = temporal.softmax(2).mean(1)
    return (1 - weight) * still + weight * moving
"""

VIEWS, LATE = ".softmax(2).mean(1)", ".mean(1).softmax(1)"
MIX = "(1 - weight) * still + weight * moving"


def _cases(generator):
    def scores(*sizes):
        return 3 * torch.randn(sizes, generator=generator)

    return [
        Case("one view each", (scores(4, 1, 3), scores(4, 1, 3))),
        Case("10 views of frames, 6 of flow", (scores(3, 10, 5), scores(3, 6, 5))),
        Case("two thirds for the temporal stream", (scores(2, 4, 5), scores(2, 3, 5), 2 / 3)),
        Case("the streams disagree", (torch.tensor([[[9.0, 0, 0]]]), torch.tensor([[[0.0, 2, 0], [0, 3, 0]]]))),
    ]


fuse = exercise(
    "05.5",
    "Score fusion",
    points=1,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.models.two_stream.fuse_average",),
    mistakes=(
        edit(
            "these are averages of scores before the softmax: one stream may have much larger numbers than the other",
            {".softmax(2)": ""},
        ),
        edit(
            "the softmax comes after the mean over the views: first a probability per view, then the mean",
            {VIEWS: LATE},
        ),
        edit(
            "in the spatial stream the softmax comes after the mean over the views",
            {f"spatial{VIEWS}": f"spatial{LATE}"},
        ),
        edit(
            "in the temporal stream the softmax comes after the mean over the views",
            {f"temporal{VIEWS}": f"temporal{LATE}"},
        ),
        edit(
            "the softmax runs over the views: probabilities of one view sum to 1 over the classes, the last axis",
            {"softmax(2)": "softmax(1)"},
        ),
        edit(
            "the softmax runs over the videos: probabilities of one view sum to 1 over the classes, the last axis",
            {"softmax(2)": "softmax(0)"},
        ),
        edit(
            "the softmax comes last: first a probability per view, then the means",
            {".softmax(2)": "", MIX: f"({MIX}).softmax(1)"},
        ),
        edit(
            "a second softmax flattens the probabilities: their weighted mean is what is asked for",
            {MIX: f"({MIX}).softmax(1)"},
        ),
        edit("these are log-probabilities: take the softmax without the logarithm", {"softmax": "log_softmax"}),
        edit("this adds up the views: take their mean, or more views make larger numbers", {"mean(1)": "sum(1)"}),
        edit("the spatial stream counts in full: its weight is 1 - weight", {"(1 - weight) * ": ""}),
        edit("the larger of both streams is taken: take their weighted mean", {MIX: "still.maximum(moving)"}),
        edit("the weight is the temporal stream's", {MIX: "weight * still + (1 - weight) * moving"}),
        edit("`weight` is ignored: it says how much the temporal stream counts", {MIX: "(still + moving) / 2"}),
        edit(
            "all views are averaged together: a stream with more views would count more",
            {
                VIEWS: ".softmax(2)",
                MIX: "(still.sum(1) + moving.sum(1)) / (still.shape[1] + moving.shape[1])",
            },
        ),
        edit("this multiplies the streams: the paper averages them", {MIX: "still * moving"}),
        edit("only the first view counts: average over all views", {".mean(1)": "[:, 0]"}),
        edit("this takes the largest score over the views: take their mean", {"mean(1)": "amax(1)"}),
        edit(
            "the streams are added while each still has its views (there may be 10 and 6 of them): average those first",
            {".mean(1)": ""},
        ),
        edit("the weights do not add up to 1: 1 - weight is the spatial stream's", {"(1 - weight)": "weight"}),
        edit("brackets are missing: (1 - weight) * ..., or only 1 stands in front", {"(1 - weight)": "1 - weight"}),
        edit(
            "all views are averaged together, after weighting: average each stream's views by itself, then weight",
            {VIEWS: ".softmax(2)", MIX: "torch.cat([(1 - weight) * still, weight * moving], 1).mean(1)"},
        ),
        edit(
            "the scores are weighted, and all views averaged together: first probabilities, then each stream's mean",
            {VIEWS: "", MIX: "torch.cat([(1 - weight) * still, weight * moving], 1).softmax(2).mean(1)"},
        ),
        edit(
            "a sigmoid judges each class by itself: the softmax makes the classes add up to 1",
            {"softmax(2)": "sigmoid()"},
        ),
        edit(
            "this is a geometric mean of the streams: the paper averages them",
            {MIX: "still ** (1 - weight) * moving**weight"},
        ),
        edit(
            "each stream goes through a second softmax, which flattens it: one is enough",
            {VIEWS: f"{VIEWS}.softmax(1)"},
        ),
        edit("these are median views: take their mean", {".mean(1)": ".median(1).values"}),
        edit(
            "this counts votes: how sure each view was is lost; average the probabilities themselves",
            {
                f"{stream}.softmax(2)": f"({stream} == {stream}.amax(2, True)).float()"
                for stream in ("spatial", "temporal")
            },
        ),
        edit("this halves what is a mean already: the weights add up to 1", {MIX: f"({MIX}) / 2"}),
        edit("a sum of both streams is not a mean: (1 - weight) and weight", {MIX: "still + moving"}),
        edit("only the winning class came: give the scores of all classes", {MIX: f"({MIX}).argmax(1)"}),
        edit("only the temporal stream counts: take the weighted mean of both", {MIX: "moving"}),
        edit("only the spatial stream counts: take the weighted mean of both", {MIX: "still"}),
        edit(
            "the temporal stream counts in full, and the spatial one by `weight`: 1 - weight and weight",
            {MIX: "weight * still + moving"},
        ),
        edit("the streams are subtracted: add them", {MIX: "(1 - weight) * still - weight * moving"}),
        edit("the weighted streams are multiplied: add them", {MIX: "(1 - weight) * still * weight * moving"}),
    ),
    hints=(
        "Three steps in this order: probabilities for every view, one row per stream by averaging its views, and then "
        "the weighted mean of the two rows.",
        "`z.softmax(2)` makes probabilities along the classes, the last axis of (N, V, K). `.mean(1)` averages the "
        "views.",
        "`spatial.softmax(____).mean(____)`, the same for `temporal`; then `(1 - weight) * ____ + weight * ____`.",
    ),
)
