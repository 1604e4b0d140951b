"""Lecture 02: solutions accepted, stubs not attempted, wrong answers told why."""

import pytest
from table import assert_enough_wrong_answers, assert_rejected, lecture_test

CONV = """import torch
def conv3d_loops(clip, weight, bias):
    outputs, _, R, P, Q = weight.shape
    frames, rows, columns = clip.shape[1] - R + 1, clip.shape[2] - P + 1, clip.shape[3] - Q + 1
    out = torch.zeros(outputs, frames, rows, columns)
    for j in range(outputs):
        for t in range(frames):
            for x in range(rows):
                for y in range(columns):
                    block = clip[:, t : t + R, x : x + P, y : y + Q]
                    out[j, t, x, y] = (weight[j] * block).sum() + bias[j]
    return out
"""
SIZE = "import math\ndef output_size(size, kernel, stride=1, padding=0):\n    return "
FIELD = """def field_in_time(layers):
    field, jump, fields = 1, 1, []
    for kernel, stride in layers:
        field = field + (kernel - 1) * jump
        jump = jump * stride
        fields.append(field)
    return fields
"""
COST = """def conv_cost(channels, outputs, kernel, places):
    (R, P, Q), (T, H, W) = kernel, places
    weights = outputs * channels * R * P * Q
    return weights + outputs, weights * T * H * W
"""
GRADIENT = """import torch
def gradient_x(frames):
    wide = torch.cat((frames[..., :1], frames, frames[..., -1:]), dim=-1)
    return (wide[..., 2:] - wide[..., :-2]) / 2
"""

WRONG = [
    ("02.1", CONV.replace(" + bias[j]", ""), "bias is missing"),
    ("02.1", CONV.replace("weight[j] *", "weight[j].flip(1, 2, 3) *"), "kernel is flipped"),
    ("02.1", CONV.replace("weight[j] *", "weight[j].flip(1) *"), "backwards in time"),
    ("02.1", CONV.replace("+ bias[j]", "+ bias[0]"), "first bias"),
    ("02.1", CONV.replace("weight[j] *", "weight[0] *"), "first kernel"),
    ("02.1", CONV.replace(".sum()", ".mean()"), "mean of the products"),
    ("02.1", CONV.replace("(weight[j] * block).sum()", "(weight[j, 0] * block[0]).sum()"), "over all channels"),
    ("02.1", CONV.replace("weight[j] * block", "weight[j][:, 0] * block[:, 0]"), "time is missing"),
    ("02.1", CONV.replace("bias[j]\n    return out", "bias[j]\n    return out.tanh()"), "leave the tanh"),
    (
        "02.1",
        CONV.replace("(weight[j] * block).sum() + bias[j]", "(weight[j] * block + bias[j]).sum()"),
        "every product",
    ),
    (
        "02.1",
        CONV.replace("- R + 1", "- R").replace("- P + 1", "- P").replace("- Q + 1", "- Q"),
        "one place is missing",
    ),
    (
        "02.1",
        CONV.replace("torch.zeros(outputs, frames, rows, columns)", "torch.zeros(outputs, *clip.shape[1:])"),
        "border is empty",
    ),
    ("02.1", CONV.replace("clip[:, t :", "clip[:, y :"), None),
    (
        "02.1",
        "import torch.nn.functional as F\n"
        "def conv3d_loops(clip, weight, bias):\n    return F.conv3d(clip[None], weight, bias)[0]",
        "conv3d",
    ),
    ("02.2", SIZE + "(size + 2 * padding - kernel) // stride", "one too few"),
    ("02.2", SIZE + "(size + padding - kernel) // stride + 1", "padding counts once"),
    ("02.2", SIZE + "(size - kernel) // stride + 1", "padding is missing"),
    ("02.2", SIZE + "size + 2 * padding - kernel + 1", "stride is missing"),
    ("02.2", SIZE + "math.ceil((size + 2 * padding - kernel) / stride) + 1", "rounds up"),
    ("02.2", SIZE + "(size + 2 * padding - kernel) / stride + 1", "whole number"),
    ("02.2", SIZE + "(size + 2 * padding - kernel + 1) // stride", "divided as well"),
    ("02.2", SIZE + "float((size + 2 * padding - kernel) // stride + 1)", "the value is right, and a float"),
    ("02.2", SIZE + "size // stride", "kernel is missing"),
    ("02.3", FIELD.replace("(kernel - 1)", "kernel"), "too fast"),
    (
        "02.3",
        FIELD.replace("        jump = jump * stride\n", "").replace(
            "layers:\n", "layers:\n        jump = jump * stride\n"
        ),
        "own stride does not widen",
    ),
    ("02.3", FIELD.replace(" * jump\n        jump", "\n        jump"), "jump is missing"),
    ("02.3", FIELD.replace("(kernel - 1) * jump", "(kernel - 1) * stride"), "product of all strides"),
    ("02.3", FIELD.replace("field + (kernel - 1) * jump", "field * kernel"), "do not multiply"),
    ("02.3", FIELD.replace("return fields", "return fields[-1]"), "all fields"),
    ("02.3", FIELD.replace("jump * stride", "jump + stride"), None),
    ("02.4", COST.replace("weights + outputs", "weights"), "biases are missing"),
    ("02.4", COST.replace("weights + outputs", "weights + 1"), "one bias per output"),
    ("02.4", COST.replace("outputs * channels * R", "outputs * R"), "input channels are missing"),
    ("02.4", COST.replace("channels * R * P", "channels * P"), "length in time"),
    ("02.4", COST.replace("weights * T * H * W", "weights"), "those of one place"),
    ("02.4", COST.replace("weights * T * H * W", "2 * weights * T * H * W"), "FLOPs"),
    ("02.4", COST.replace("weights * T * H * W", "(weights + outputs) * T * H * W"), "no multiplication"),
    (
        "02.4",
        COST.replace("weights + outputs, weights * T * H * W", "weights * T * H * W, weights + outputs"),
        "order is",
    ),
    ("02.5", GRADIENT.replace("dim=-1", "dim=-2").replace("[..., ", "[..., :, "), None),
    (
        "02.5",
        "import torch\ndef gradient_x(frames):\n"
        "    tall = torch.cat((frames[..., :1, :], frames, frames[..., -1:, :]), dim=-2)\n"
        "    return (tall[..., 2:, :] - tall[..., :-2, :]) / 2",
        "vertical gradient",
    ),
    ("02.5", GRADIENT.replace(" / 2", ""), "half is missing"),
    ("02.5", GRADIENT.replace("wide[..., 2:] - wide[..., :-2]", "wide[..., :-2] - wide[..., 2:]"), "sign is turned"),
    ("02.5", GRADIENT.replace("(wide[..., 2:] - wide[..., :-2]) / 2", "wide[..., 2:] - frames"), "next column only"),
    ("02.5", GRADIENT.replace("wide[..., 2:] - wide[..., :-2]", "frames[..., 2:] - frames[..., :-2]"), "two columns"),
    ("02.5", "def gradient_x(frames):\n    return (frames.roll(-1, -1) - frames.roll(1, -1)) / 2", "wraps around"),
    (
        "02.5",
        "import torch\ndef gradient_x(frames):\n    out = torch.zeros_like(frames)\n"
        "    out[..., 1:-1] = (frames[..., 2:] - frames[..., :-2]) / 2\n    return out",
        "edge columns stay zero",
    ),
    ("02.5", "import torch\ndef gradient_x(frames):\n    return torch.gradient(frames, dim=-1)[0]", "still a half"),
    ("02.5", GRADIENT.replace(") / 2", ").abs() / 2"), "magnitude"),
]

test_lecture = lecture_test("02")


@pytest.mark.parametrize("exercise_id, answer, diagnosis", WRONG)
def test_wrong_answer(exercise_id, answer, diagnosis):
    assert_rejected(exercise_id, answer, diagnosis)


def test_there_are_enough_wrong_answers():
    assert_enough_wrong_answers("02", WRONG)
