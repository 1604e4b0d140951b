"""Lecture 05: solutions accepted, stubs not attempted, wrong answers told why."""

import pytest
from table import assert_enough_wrong_answers, assert_rejected, lecture_test

STACK = "def stack_flow(flow, start, length):\n    return "
TRAJECTORY = """import torch
from course_lib.ops.warp import warp
def stack_trajectories(flow, start, length):
    travelled = torch.zeros_like(flow[:, 0])
    channels = []
    for k in range(length):
        here = warp(flow[:, start + k], travelled, outside="border")
        channels.append(here)
        travelled = travelled + here
    return torch.cat(channels, dim=1)
"""
TWO_WAYS = """import torch
def stack_two_ways(forward, backward, middle, length):
    half = length // 2
    ahead = forward[:, middle : middle + half]
    behind = backward[:, middle - half : middle].flip(1)
    return torch.cat([ahead, behind], dim=1).flatten(1, 2)
"""
BEHIND = "backward[:, middle - half : middle].flip(1)"
MEAN = "def subtract_mean_flow(stack):\n    return stack - stack.mean((2, 3), keepdim=True)"
FUSE = """def fuse(spatial, temporal, weight=0.5):
    still = spatial.softmax(2).mean(1)
    moving = temporal.softmax(2).mean(1)
    return (1 - weight) * still + weight * moving
"""

WRONG = [
    ("05.1", STACK + "flow[:, start : start + length].transpose(1, 2).flatten(1, 2)", "all u come before"),
    ("05.1", STACK + "flow[:, start : start + length].flip(2).flatten(1, 2)", "v comes before u"),
    ("05.1", STACK + "flow[:, start + 1 : start + length + 1].flatten(1, 2)", "first field is skipped"),
    ("05.1", STACK + "flow[:, start : start + length + 1].flatten(1, 2)", "one field too many"),
    ("05.1", STACK + "flow[:, :length].flatten(1, 2)", "`start` is ignored"),
    ("05.1", STACK + "flow[:, start:length].flatten(1, 2)", "taken for the end"),
    ("05.1", STACK + "flow[:, start : start + length]", "axes of their own"),
    ("05.1", STACK + "flow[:, start : start + length].sum(1)", "adds the fields up"),
    ("05.1", STACK + "flow[:, start : start + length].reshape(2 * length, *flow.shape[3:])", None),
    ("05.1", STACK + "-flow[:, start : start + length].flatten(1, 2)", None),
    ("05.2", TRAJECTORY.replace("travelled = travelled + here", "pass"), "plain stacking"),
    (
        "05.2",
        TRAJECTORY.replace("travelled = travelled + here", "travelled = travelled + flow[:, start + k]"),
        "added up at the starting pixel",
    ),
    ("05.2", TRAJECTORY.replace("travelled = travelled + here", "travelled = here"), "only the last displacement"),
    ("05.2", TRAJECTORY.replace("k], travelled", "k], -travelled"), "move backwards"),
    ("05.2", TRAJECTORY.replace('travelled, outside="border"', "travelled"), "becomes 0"),
    ("05.2", TRAJECTORY.replace("start + k", "k"), "`start` is ignored"),
    (
        "05.2",
        TRAJECTORY.replace(
            "        channels.append(here)\n        travelled = travelled + here\n",
            "        travelled = travelled + here\n"
            '        channels.append(warp(flow[:, start + k], travelled, outside="border"))\n',
        ),
        "before its first displacement",
    ),
    ("05.2", TRAJECTORY.replace("append(here)", "append(here + travelled)"), "travelled so far"),
    ("05.2", TRAJECTORY.replace("append(here)", "append(travelled)"), None),
    ("05.2", TRAJECTORY.replace("dim=1", "dim=0"), None),
    ("05.3", TWO_WAYS.replace(BEHIND, "backward[:, middle : middle + half]"), "both bugs"),
    ("05.3", TWO_WAYS.replace(".flip(1)", ""), "wrong order"),
    ("05.3", TWO_WAYS.replace("middle - half : middle]", "middle - half + 1 : middle + 1]"), "one field late"),
    ("05.3", TWO_WAYS.replace(BEHIND, "backward[:, middle : middle + half].flip(1)"), "into the past"),
    ("05.3", TWO_WAYS.replace("backward[", "forward["), "uses forward fields"),
    ("05.3", TWO_WAYS.replace("backward[", "-forward["), "with a minus"),
    ("05.3", TWO_WAYS.replace(BEHIND, "-" + BEHIND), "keeps its sign"),
    ("05.3", TWO_WAYS.replace("[ahead, behind]", "[behind, ahead]"), "exchanged"),
    ("05.3", TWO_WAYS.replace(".flip(1)", ".flip(2)"), None),
    ("05.4", MEAN.replace("stack.mean((2, 3), keepdim=True)", "stack.mean()"), "one number"),
    ("05.4", MEAN.replace("(2, 3)", "(1, 2, 3)"), "share one number"),
    ("05.4", MEAN.replace("(2, 3)", "1"), "over the channels"),
    ("05.4", MEAN.replace("(2, 3)", "(0, 2, 3)"), "share their means"),
    ("05.4", MEAN.replace("stack - ", ""), "the mean itself"),
    ("05.4", MEAN.replace("stack - ", "stack + "), "mean is added"),
    ("05.4", MEAN.replace("(2, 3)", "3"), "each row"),
    (
        "05.4",
        "def subtract_mean_flow(stack):\n"
        "    return (stack - stack.mean((2, 3), keepdim=True)) / stack.std((2, 3), keepdim=True)",
        "standard deviation",
    ),
    ("05.4", MEAN.replace(", keepdim=True", ""), None),
    ("05.5", FUSE.replace(".softmax(2)", ""), "before the softmax"),
    ("05.5", FUSE.replace(".softmax(2).mean(1)", ".mean(1).softmax(1)"), "after the mean"),
    ("05.5", FUSE.replace("spatial.softmax(2).mean(1)", "spatial.mean(1).softmax(1)"), "in the spatial stream"),
    ("05.5", FUSE.replace("temporal.softmax(2).mean(1)", "temporal.mean(1).softmax(1)"), "in the temporal stream"),
    ("05.5", FUSE.replace("softmax(2)", "softmax(1)"), "over the views"),
    (
        "05.5",
        FUSE.replace("(1 - weight) * still + weight * moving", "weight * still + (1 - weight) * moving"),
        "weight is",
    ),
    ("05.5", FUSE.replace("(1 - weight) * still + weight * moving", "(still + moving) / 2"), "`weight` is ignored"),
    ("05.5", FUSE.replace("(1 - weight) * still + weight * moving", "still * moving"), "multiplies"),
    ("05.5", FUSE.replace(".mean(1)", "[:, 0]"), "first view"),
    ("05.5", FUSE.replace(".mean(1)", ".amax(1)"), "largest score"),
    (
        "05.5",
        FUSE.replace("weight * moving", "weight * moving).argmax(1)").replace("return (", "return (("),
        "winning class",
    ),
    (
        "05.5",
        "import torch\ndef fuse(spatial, temporal, weight=0.5):\n"
        "    return torch.cat([spatial, temporal], 1).softmax(2).mean(1)",
        "averaged together",
    ),
    ("05.5", FUSE.replace(".mean(1)", ".sum(1)"), None),
    ("05.1", STACK + "flow[start : start + length].flatten(1, 2)", "slices axis 0"),
    ("05.1", STACK + "flow.flatten(1, 2)", "these are all fields"),
    ("05.1", STACK + "flow.flatten(1, 2)[:, start : start + 2 * length]", "counts channels"),
    ("05.1", STACK + "flow[:, start - 1 : start + length - 1].flatten(1, 2)", "one field too early"),
    ("05.1", STACK + "flow[:, start : start + length].flatten(2, 3)", "components and rows"),
    ("05.1", STACK + "flow[:, start : start + length, 0]", "v is missing"),
    (
        "05.1",
        "import torch\n" + STACK + "torch.cat([flow[:, start + k] for k in range(length)])",
        "one below the other",
    ),
    ("05.1", STACK + "flow[:, start : start + length].flatten(1, 2).numpy()", "a numpy array came"),
    ("05.2", TRAJECTORY.replace("torch.zeros_like(flow[:, 0])", "flow[:, start]"), "zero at first"),
    ("05.2", TRAJECTORY.replace("flow[:, start + k], travelled", "travelled, flow[:, start + k]"), "image and way"),
    ("05.2", TRAJECTORY.replace("flow[:, start + k]", "flow[:, start]"), "reads the first field again"),
    ("05.2", TRAJECTORY.replace("range(length)", "range(start, start + length)"), "added twice"),
    ("05.2", TRAJECTORY.replace("append(here)", "append(travelled)"), "the way before each step"),
    ("05.2", TRAJECTORY.replace("dim=1", "dim=0"), "one below the other"),
    ("05.2", TRAJECTORY.replace("flow[:, 0])", "flow[:, 1])"), None),
    (
        "05.3",
        TWO_WAYS.replace("middle : middle + half]", "middle + 1 : middle + half + 1]"),
        "forward part is one field late",
    ),
    ("05.3", TWO_WAYS.replace(BEHIND, "backward[:, middle : middle - half].flip(1)"), "is empty"),
    ("05.3", TWO_WAYS.replace("length // 2", "length"), "each half has L fields"),
    ("05.3", TWO_WAYS.replace("length // 2", "length / 2"), "whole number: divide with //"),
    ("05.3", TWO_WAYS.replace(".flip(1)", ".flip(1).flip(2)"), "u and v are exchanged"),
    ("05.3", TWO_WAYS.replace("cat([ahead, behind], dim=1)", "stack([ahead, behind], 2).flatten(1, 2)"), "take turns"),
    ("05.3", TWO_WAYS.replace("dim=1", "dim=0"), "one below the other"),
    ("05.4", MEAN.replace("(2, 3)", "2"), "each column"),
    ("05.4", MEAN.replace("(2, 3)", "0"), "over the clips"),
    ("05.4", MEAN.replace("(2, 3)", "(1, 2)"), "channels and rows"),
    ("05.4", MEAN.replace(", keepdim=True", ""), "lost their axes"),
    ("05.4", MEAN.replace(".mean(", ".sum("), "sum over the pixels"),
    (
        "05.4",
        "def subtract_mean_flow(stack):\n    stack -= stack.mean((2, 3), keepdim=True)\n    return stack",
        "changed in place",
    ),
    ("05.5", FUSE.replace("softmax(2)", "softmax(0)"), "over the videos"),
    (
        "05.5",
        FUSE.replace(".softmax(2)", "").replace(
            "return (1 - weight) * still + weight * moving",
            "return ((1 - weight) * still + weight * moving).softmax(1)",
        ),
        "comes last",
    ),
    (
        "05.5",
        FUSE.replace(
            "return (1 - weight) * still + weight * moving",
            "return ((1 - weight) * still + weight * moving).softmax(1)",
        ),
        "second softmax",
    ),
    ("05.5", FUSE.replace(".mean(1)", ".sum(1)"), "adds up the views"),
    ("05.5", FUSE.replace("(1 - weight) * ", ""), "counts in full"),
    ("05.5", FUSE.replace("weight=0.5", "weight=1 / 3"), None),
]

test_lecture = lecture_test("05")


@pytest.mark.parametrize("exercise_id, answer, diagnosis", WRONG)
def test_wrong_answer(exercise_id, answer, diagnosis):
    assert_rejected(exercise_id, answer, diagnosis)


def test_there_are_enough_wrong_answers():
    assert_enough_wrong_answers("05", WRONG)
