"""09.3: weights for interleaved channels, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def spatial_first(weight):
    pairs = weight.unflatten(1, (-1, 2))
    return pairs.transpose(1, 2).flatten(1, 2)
"""

PAIRS, RESULT = "weight.unflatten(1, (-1, 2))", "pairs.transpose(1, 2).flatten(1, 2)"


def _cases(generator):
    def weight(*sizes):
        return torch.randn(sizes, generator=generator)

    return [
        Case("by hand: 1 output, inputs s0 t0 s1 t1 s2 t2",
             (torch.tensor([0.0, 10, 1, 11, 2, 12]).view(1, 6, 1, 1),)),
        Case("4 outputs, 4 channels each, 1 x 1", (weight(4, 8, 1, 1),)),
        Case("2 outputs, 5 channels each, 3 x 2", (weight(2, 10, 3, 2),)),
        Case("3 outputs, 3 channels each, 3 x 3 x 3", (weight(3, 6, 3, 3, 3),)),
    ]  # fmt: skip


spatial_first = exercise(
    "09.3",
    "Fix the bug: weights for interleaved channels",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "the bug is still there: inputs come in pairs, D of them, so the axis splits into (D, 2), not (2, D)",
            {"(-1, 2)": "(2, -1)"},
        ),
        edit("nothing has moved: the input channels are still interleaved", {RESULT: "pairs.flatten(1, 2)"}),
        edit("the temporal channels come first now", {RESULT: "pairs.flip(2).transpose(1, 2).flatten(1, 2)"}),
        edit(
            "the outputs were reordered: the input channels are axis 1",
            {PAIRS: "weight.transpose(0, 1).unflatten(1, (1, -1))", RESULT: "torch.cat([weight[0::2], weight[1::2]])"},
        ),
        edit(
            "the order of the channels within a stream is turned around",
            {RESULT: "pairs.flip(1).transpose(1, 2).flatten(1, 2)"},
        ),
        edit(
            "the streams lie along the outputs now: they are inputs, axis 1",
            {RESULT: "torch.cat([weight[:, 0::2], weight[:, 1::2]], dim=0)"},
        ),
        edit(
            "outputs and pairs were exchanged: axis 0 are the outputs, so the two new axes are 1 and 2",
            {RESULT: "pairs.transpose(0, 1).flatten(1, 2)"},
        ),
        edit(
            "the axis of the channels was joined with the kernel: the two axes to join are 1 and 2",
            {RESULT: "pairs.transpose(1, 2).flatten(2, 3)"},
        ),
        edit("the temporal half is missing", {RESULT: "pairs[:, :, 0]"}),
        edit("the spatial half is missing", {RESULT: "pairs[:, :, 1]"}),
        edit("the two streams are added: both keep their weights", {RESULT: "pairs.sum(2)"}),
        edit("the halves were only exchanged", {RESULT: "weight.roll(weight.shape[1] // 2, 1)"}),
        edit("channels moved one place on: even numbers are spatial, odd ones temporal", {RESULT: "weight.roll(1, 1)"}),
        edit(
            "the spatial channels stand there twice", {RESULT: "torch.cat([weight[:, 0::2], weight[:, 0::2]], dim=1)"}
        ),
    ),
    hints=(
        "Write the six inputs of the case by hand in a row: s0 t0 s1 t1 s2 t2. In which groups do they lie there?",
        "`unflatten(1, (rows, columns))` reads the axis row by row. A pair (spatial, temporal) must be a row; then "
        "`transpose` makes streams the rows, and `flatten` reads them one after the other.",
        "`pairs = weight.unflatten(1, (____, 2))`.",
    ),
)
