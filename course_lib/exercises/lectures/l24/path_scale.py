"""24.1: one scale between a network's depth and a reconstruction's, for a whole video."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def path_scale(network_depth, measured):
    scales = []
    for t in range(len(measured)):
        known = measured[t] > 0
        if known.any():
            scales.append((network_depth[t][known] / measured[t][known]).median())
    return torch.stack(scales).mean()
"""

SKIP, RATIO = "if known.any():", "(network_depth[t][known] / measured[t][known]).median()"
RESULT = "torch.stack(scales).mean()"
HOLES = "a measured depth of 0 means unknown: leave such pixels out of the ratios"


def _cases(generator):
    def maps(rows, columns, known):
        """Frames with as many known pixels each, an odd number; some ratios are wild."""
        frames = len(known)
        measured = 0.5 + 3 * torch.rand(frames, rows, columns, generator=generator)
        spread = 1 + 0.15 * torch.rand(frames, rows, columns, generator=generator)
        own = (2 + 3 * torch.rand(frames, generator=generator)).view(-1, 1, 1)
        network = measured * own * spread
        wild = torch.rand(frames, rows, columns, generator=generator) < 0.2
        network[wild] *= 9.5
        for frame, count in zip(measured, known, strict=True):
            frame.flatten()[torch.randperm(rows * columns, generator=generator)[count:]] = 0
        return network, measured

    return [
        Case(
            "by hand: 2, 9 and 4 times as deep as measured",
            (
                torch.tensor([[[2.0, 4, 8]], [[9.0, 90, 8]], [[4.0, 5, 2]]]),
                torch.tensor([[[1.0, 2, 4]], [[1.0, 10, 0.8]], [[1.0, 1, 0.5]]]),
            ),
        ),
        Case("4 frames of 5 x 7, holes and wild ratios", maps(5, 7, (21, 9, 33, 15))),
        Case("3 frames of 6 x 4, one without any measured pixel", maps(6, 4, (11, 0, 19))),
        Case("1 frame of 3 x 8", maps(3, 8, (13,))),
    ]


path_scale = exercise(
    "24.1",
    "One scale for a whole video",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.video_depth.calibration.scale_of_path",),
    mistakes=(
        edit(
            "this is the ratio upside down: network depth over measured depth",
            {RATIO: "(measured[t][known] / network_depth[t][known]).median()"},
        ),
        edit(
            "this is the mean of inverse ratios, inverted: the paper averages D_network / D_measured",
            {RATIO: "(measured[t][known] / network_depth[t][known]).median()", RESULT: f"1 / {RESULT}"},
        ),
        edit("within a frame take the median: the mean follows a few wild pixels", {".median()": ".mean()"}),
        edit(
            "between frames take the mean: the median is for the pixels of one frame",
            {RESULT: "torch.stack(scales).median()"},
        ),
        edit("these are the scales of the frames: return their mean", {RESULT: "torch.stack(scales)"}),
        edit("the scales are added up: return their mean", {RESULT: "torch.stack(scales).sum()"}),
        edit(
            "the mean divides by all frames: one without a measured pixel has no scale and does not count",
            {RESULT: "torch.stack(scales).sum() / len(measured)"},
        ),
        edit(HOLES, {SKIP: "if True:", RATIO: "(network_depth[t] / measured[t]).median()"}),
        edit(HOLES, {RATIO: "(network_depth[t] / measured[t]).median()"}),
        edit(HOLES, {SKIP: "if True:", RATIO: "(network_depth[t] / measured[t].clamp(min=1e-6)).median()"}),
        edit(
            "the ratios are inverted and so are the holes: take network / measured, over known pixels alone",
            {SKIP: "if True:", RATIO: "(measured[t] / network_depth[t]).median()"},
        ),
        edit(
            "the median of the ratios is asked for; this is the ratio of the medians",
            {RATIO: "network_depth[t][known].median() / measured[t][known].median()"},
        ),
        edit(
            "the median of the ratios is asked for; this is the ratio of the sums",
            {RATIO: "network_depth[t][known].sum() / measured[t][known].sum()"},
        ),
        edit(
            "all pixels of all frames in one median: each frame has its own, and then comes the mean",
            {RESULT: "(network_depth[measured > 0] / measured[measured > 0]).median()"},
        ),
        edit(
            "a frame without a measured pixel has no scale: it counts as 1 here, leave it out",
            {SKIP: "if not known.any():\n            scales.append(torch.tensor(1.0))\n        else:"},
        ),
        edit(
            "the median of nothing is NaN, and so is every mean with it: leave out frames without a measured pixel",
            {SKIP: "if True:"},
        ),
        edit(
            "the depths are compared by a difference; a scale is a ratio",
            {RATIO: "(network_depth[t][known] - measured[t][known]).median()"},
        ),
        edit("only the first frame counts here: return the mean over all frames", {RESULT: "scales[0]"}),
        edit("only the last frame counts here: return the mean over all frames", {RESULT: "scales[-1]"}),
        edit("the largest scale is returned: the mean is asked for", {RESULT: "torch.stack(scales).max()"}),
        edit(
            "the geometric mean is close, but the paper takes the plain one",
            {RESULT: "torch.stack(scales).log().mean().exp()"},
        ),
        edit(
            "holes count as ratio 0 here: " + HOLES,
            {SKIP: "if True:", RATIO: "torch.where(known, network_depth[t] / measured[t], torch.zeros(())).median()"},
        ),
        edit(
            "frames with few measured pixels are left out here: all count, but those without any",
            {SKIP: "if known.float().mean() >= 0.3:"},
        ),
        edit(
            "these are logarithms of ratios: take the ratios themselves",
            {RATIO: "(network_depth[t][known].log() - measured[t][known].log()).median()"},
        ),
    ),
    hints=(
        "Each frame votes once: the median of its pixels' ratios. The video's scale is the mean of the votes. A frame "
        "in which nothing was measured cannot vote.",
        "`known = measured[t] > 0` picks pixels: `network_depth[t][known]`. `.median()`; `.any()` of a mask; "
        "`torch.stack(list).mean()`.",
        "`if known.____: scales.append((network_depth[t][known] / ____).median())`; at the end "
        "`torch.stack(scales).____`.",
    ),
)
