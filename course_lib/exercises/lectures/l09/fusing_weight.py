"""09.2: the convolution that equals a sum."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def fusing_weight(channels, spatial, temporal, blur):
    eye = torch.eye(channels)
    both = torch.cat([spatial * eye, temporal * eye], dim=1)
    return both.view(channels, 2 * channels, *[1] * blur.ndim) * blur
"""

BOTH = "torch.cat([spatial * eye, temporal * eye], dim=1)"
RESULT = "both.view(channels, 2 * channels, *[1] * blur.ndim) * blur"


def _cases(generator):
    def blur(*size, total=1.0):
        weights = torch.rand(size, generator=generator) + 0.1
        return total * weights / weights.sum()

    return [
        Case("a sum: shares 1 and 1, kernel 1 x 1", (3, 1.0, 1.0, torch.ones(1, 1))),
        Case("4 channels, shares 0.25 and 0.75", (4, 0.25, 0.75, torch.ones(1, 1))),
        Case("a kernel of 3 x 5", (2, 0.5, 2.0, blur(3, 5))),
        Case("a kernel of 3 x 3 x 3", (3, 0.25, 0.75, blur(3, 3, 3))),
        Case("a kernel of 5 x 3 x 1, with sum -2", (2, 1.5, 0.5, blur(5, 3, 1, total=-2.0))),
    ]


fusing_weight = exercise(
    "09.2",
    "The convolution that equals a sum",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.models.two_stream_fusion.fusion_weight",),
    mistakes=(
        edit(
            "the shares are exchanged: the first D input channels are spatial",
            {BOTH: "torch.cat([temporal * eye, spatial * eye], dim=1)"},
        ),
        edit("both streams have the spatial share", {BOTH: BOTH.replace("temporal", "spatial")}),
        edit("both streams have the temporal share", {BOTH: BOTH.replace("spatial * eye", "temporal * eye")}),
        edit(
            "both streams have the product of the two shares: each has its own",
            {BOTH: "torch.cat([eye, eye], dim=1) * (spatial * temporal)"},
        ),
        edit("the shares are missing: this is the plain sum", {BOTH: "torch.cat([eye, eye], dim=1)"}),
        edit(
            "the input channels are interleaved: all spatial ones come first, then all temporal ones",
            {BOTH: "torch.stack([spatial * eye, temporal * eye], dim=2).flatten(1)"},
        ),
        edit(
            "every output reads every channel of a stream: output d reads channel d of each, so take the identity",
            {"torch.eye(channels)": "torch.ones(channels, channels)"},
        ),
        edit(
            "what is no match of channels is 1 here: output d reads channel d of each stream and nothing else, so it "
            "starts from zeros",
            {
                RESULT: f"torch.where({RESULT} == 0, torch.ones(()), {RESULT})",
            },
        ),
        edit(
            "the temporal weights stand in place of the spatial ones: channel d of the temporal stream is input D + d",
            {BOTH: "torch.cat([temporal * eye, 0 * eye], dim=1)"},
        ),
        edit(
            "the temporal weights stand one column behind the spatial ones: channel d of the temporal stream is input "
            "D + d",
            {
                BOTH: "torch.cat([spatial * eye, 0 * eye], dim=1) + temporal * torch.eye(channels + 1, 2 * channels)"
                "[:channels].roll(1, 1)"
            },
        ),
        edit(
            "(D, D) is the weight for a sum of the two; a concatenation has 2 D channels: two matrices side by side",
            {BOTH: "(spatial + temporal) * eye", "2 * channels": "channels"},
        ),
        edit(
            "one output for every input: the fusing convolution has D outputs, and each reads two inputs",
            {BOTH: "torch.block_diag(spatial * eye, temporal * eye)", "(channels, 2": "(2 * channels, 2"},
        ),
        edit(
            "every output averages all channels of a stream: output d reads channel d of each, so take the identity",
            {"torch.eye(channels)": "torch.ones(channels, channels) / channels"},
        ),
        edit(
            "the blur is missing: every weight is multiplied by it",
            {RESULT: RESULT.replace("* blur", "* torch.ones_like(blur)")},
        ),
        edit(
            "the blur is scaled to a largest value of 1: take it as it comes",
            {RESULT: RESULT.replace("* blur", "* (blur / blur.max())")},
        ),
        edit(
            "the weight is divided by the size of the blur: take the blur as it comes",
            {RESULT: f"{RESULT} / blur.numel()"},
        ),
        edit("the blur is scaled to sum 1: take it as it comes", {RESULT: f"{RESULT} / blur.sum()"}),
        edit(
            "the blur is turned around: PyTorch's convolution does not flip its kernel, so take it as it is",
            {RESULT: RESULT.replace("* blur", "* blur.flip(*range(blur.ndim))")},
        ),
        edit(
            "outputs are the rows, inputs the columns: (D, 2D, ...), and this is (2D, D, ...)",
            {
                BOTH: BOTH.replace("dim=1", "dim=0"),
                RESULT: RESULT.replace("channels, 2 * channels", "2 * channels, channels"),
            },
        ),
        edit(
            "the kernel's axes are missing: (D, 2D) and then those of the blur",
            {RESULT: "both"},
        ),
        edit("the shares are rescaled to sum 1: take them as they come", {RESULT: f"{RESULT} / (spatial + temporal)"}),
    ),
    hints=(
        "Output channel d shall read channel d of the spatial stream and channel d of the temporal stream, and nothing "
        "else. As a matrix of outputs by inputs, that is two scaled identities side by side.",
        "`torch.eye(channels)` and `torch.cat(..., dim=1)` give (D, 2D). Axes of length 1 behind it let the blur "
        "broadcast: `.view(channels, 2 * channels, *[1] * blur.ndim)`.",
        "`both = torch.cat([spatial * eye, ____ * eye], dim=____)`, and return `both.view(channels, 2 * channels, "
        "*[1] * blur.ndim) * ____`.",
    ),
)
