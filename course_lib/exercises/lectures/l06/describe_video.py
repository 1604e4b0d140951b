"""06.3: one descriptor for a whole video."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.models.c3d import video_descriptor

SOLUTION = """
import torch.nn.functional as F


def describe_video(features):
    mean = features.mean(dim=0)
    return mean / mean.norm()
"""

MEAN, LENGTH, SCALED = "features.mean(dim=0)", "mean.norm()", "mean / mean.norm()"


def _cases(generator):
    def features(clips, width):
        return torch.randn(clips, width, generator=generator).relu() * (1 + torch.arange(clips).view(-1, 1))

    return [
        Case("5 clips, 7 features", (features(5, 7),)),
        Case("2 clips, 12 features", (features(2, 12),)),
        Case("a single clip", (features(1, 6) + 0.1,)),
        Case("by hand: (3, 0) and (3, 8)", (torch.tensor([[3.0, 0], [3, 8]]),)),
    ]


describe_video = exercise(
    "06.3",
    "One descriptor for a video",
    points=1,
    solution=SOLUTION,
    same_as=video_descriptor,
    cases=_cases,
    mistakes=(
        edit("the length is not 1 yet: divide by the root of the sum of squares", {SCALED: "mean"}),
        edit(
            "first average, then scale: here every clip was scaled to length 1 and the mean is shorter than that",
            {MEAN: "F.normalize(features, dim=1).mean(dim=0)", SCALED: "mean"},
        ),
        edit(
            "first average, then scale: scaling the clips before makes weak clips count as much as strong ones",
            {MEAN: "F.normalize(features, dim=1).mean(dim=0)"},
        ),
        edit("this is the mean over features: average over clips, axis 0", {"dim=0": "dim=1"}),
        edit(
            "the values add up to 1 (L1 norm): the paper takes the L2 norm, whose squares add up to 1",
            {LENGTH: "mean.abs().sum()"},
        ),
        edit("this divides by the sum of squares: take its square root", {LENGTH: "mean.square().sum()"}),
        edit(
            "this divides by the length of all clips together: divide by that of their mean",
            {LENGTH: "features.norm()"},
        ),
        edit("this divides by a length per clip: divide the mean by its own length", {LENGTH: "features.norm(dim=1)"}),
        edit("this divides by the largest value: divide by the length", {LENGTH: "mean.max()"}),
        edit("this divides by the number of clips: divide by the length, .norm()", {LENGTH: "len(features)"}),
        edit(
            "the sum is divided by the length of all clips together: divide it by its own length",
            {SCALED: "features.sum(dim=0) / features.norm()"},
        ),
        edit(
            "first average, then scale: here every clip was scaled to length 1, and their sum is longer than that",
            {MEAN: "F.normalize(features, dim=1).sum(dim=0)", SCALED: "mean"},
        ),
        edit("this multiplies by the length: divide by it", {SCALED: "mean * mean.norm()"}),
        edit(
            "this divides by the root of the number of features: divide by the length, .norm()",
            {LENGTH: "len(mean) ** 0.5"},
        ),
        edit("this is the mean of everything: average over clips, axis 0", {MEAN: "features.mean()"}),
        edit(
            "F.normalize takes axis 1 unless told otherwise, and the mean has one axis only: dim=0",
            {SCALED: "F.normalize(mean)"},
        ),
        edit(
            "this divides by the root of the mean square, so the length depends on how many features there are: by the "
            "root of the *sum* of squares, .norm()",
            {LENGTH: "mean.square().mean().sqrt()"},
        ),
        edit(
            "under the root stands the sum of the values: it is the sum of their squares", {LENGTH: "mean.sum().sqrt()"}
        ),
        edit("this divides by the standard deviation: divide by the length, .norm()", {LENGTH: "mean.std()"}),
        edit("this is the first clip alone: average over clips, axis 0", {MEAN: "features[0]"}),
        edit("the clips are strung together: average them, axis 0", {MEAN: "features.flatten()"}),
        edit(
            "every clip still has a row of its own: average over clips first", {SCALED: "F.normalize(features, dim=1)"}
        ),
        edit("this is a softmax: only the length is to become 1", {SCALED: "mean.softmax(0)"}),
        edit("this is the median over clips: the paper averages", {MEAN: "features.median(dim=0).values"}),
        edit("this is the maximum over clips: the paper averages", {MEAN: "features.amax(dim=0)"}),
        edit(
            "this standardises (mean 0, variance 1): only the length is to become 1",
            {SCALED: "(mean - mean.mean()) / mean.std(unbiased=False)"},
        ),
        edit(
            "this standardises (mean 0, variance 1): only the length is to become 1",
            {SCALED: "(mean - mean.mean()) / mean.std()"},
        ),
        edit(
            "the features were divided one by one along the clips: scale the averaged vector as a whole",
            {MEAN: "F.normalize(features, dim=0).mean(dim=0)", SCALED: "mean"},
        ),
        edit(
            "this stretches the values to 0..1: only the length is to become 1",
            {"mean / mean.norm()": "(mean - mean.min()) / (mean.max() - mean.min())"},
        ),
        edit("the length is subtracted: divide by it", {"mean / mean.norm()": "mean - mean.norm()"}),
    ),
    hints=(
        "Two steps: one vector for the whole video, then the same direction with length 1.",
        "`features.mean(dim=0)` averages over clips. The length of a vector is `vector.norm()`, the root of the sum of "
        "its squares.",
        "`mean = features.mean(dim=____)`, then `return mean / mean.____`.",
    ),
)
