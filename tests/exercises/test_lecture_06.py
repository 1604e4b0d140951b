"""Lecture 06: solutions accepted, stubs not attempted, wrong answers told why."""

import pytest
from table import assert_enough_wrong_answers, assert_rejected, lecture_test

COST = """def layer_cost(inputs, outputs, size, depth=3):
    T, H, W = size
    weights = outputs * inputs * depth * 3 * 3
    return weights + outputs, weights * T * H * W
"""
SIZES = """import math
def sizes_after_pools(clip):
    frames, rows, columns = clip
    sizes = []
    for i in range(5):
        time = 1 if i == 0 else 2
        frames, rows, columns = math.ceil(frames / time), math.ceil(rows / 2), math.ceil(columns / 2)
        sizes.append((frames, rows, columns))
    return sizes
"""
DOWN = SIZES.replace(
    "math.ceil(frames / time), math.ceil(rows / 2), math.ceil(columns / 2)", "frames // time, rows // 2, columns // 2"
)
DESCRIPTOR = """import torch
import torch.nn.functional as F
def describe_video(features):
    mean = features.mean(dim=0)
    return mean / mean.norm()
"""
SVM = """import torch
import torch.nn.functional as F
def svm_loss(weight, bias, features, labels, strength=1.0):
    scores = features @ weight.T + bias
    sign = 2 * F.one_hot(labels, len(weight)) - 1
    violation = (1 - sign * scores).clamp(min=0)
    return (weight**2).sum() / 2 + strength * (violation**2).sum()
"""
NEIGHBOURS = """import torch
import torch.nn.functional as F
def neighbours(descriptors, k):
    unit = F.normalize(descriptors, dim=1)
    similarity = (unit @ unit.T).fill_diagonal_(-torch.inf)
    return similarity.topk(k, dim=1).indices
"""

WRONG = [
    ("06.1", COST.replace(" * depth", ""), "depth is missing"),
    ("06.1", COST.replace("* depth", "* 3"), "fixed to 3"),
    ("06.1", COST.replace("weights * T *", "weights *"), "frames are missing"),
    ("06.1", COST.replace("depth * 3 * 3", "depth**3"), "as deep as it is wide"),
    ("06.1", COST.replace("outputs * inputs *", "outputs *"), "input channels"),
    ("06.1", COST.replace("weights + outputs", "weights"), "biases are missing"),
    ("06.1", COST.replace("weights * T", "weights * (T - depth + 1)"), "padded"),
    ("06.1", COST.replace("weights * T", "2 * weights * T"), "FLOPs"),
    ("06.1", COST.replace("weights * T", "(weights + outputs) * T"), "no multiplication"),
    ("06.1", COST.replace("weights + outputs, weights * T * H * W", "weights * T * H * W, weights + outputs"), "order"),
    ("06.2", SIZES.replace("1 if i == 0 else 2", "2"), "leaves time alone"),
    ("06.2", DOWN, "rounds up"),
    ("06.2", DOWN.replace("1 if i == 0 else 2", "2"), "both bugs"),
    ("06.2", SIZES.replace("1 if i == 0 else 2", "1"), "halves time"),
    ("06.2", SIZES.replace("i == 0", "i == 4"), "first one"),
    ("06.2", SIZES.replace("math.ceil(", "round("), "nearest even"),
    ("06.2", SIZES.replace("i == 0", "i == 1"), None),
    ("06.2", SIZES.replace("return sizes", "return sizes[-1]"), None),
    ("06.3", DESCRIPTOR.replace("return mean / mean.norm()", "return mean"), "length is not 1"),
    ("06.3", DESCRIPTOR.replace("mean / mean.norm()", "F.normalize(features, dim=1).mean(0)"), "first average"),
    ("06.3", DESCRIPTOR.replace("features.mean(dim=0)", "F.normalize(features, dim=1).mean(0)"), "weak clips"),
    ("06.3", DESCRIPTOR.replace("dim=0", "dim=1"), "average over clips"),
    ("06.3", DESCRIPTOR.replace("mean.norm()", "mean.sum()"), "L1"),
    ("06.3", DESCRIPTOR.replace("mean.norm()", "(mean**2).sum()"), "square root"),
    ("06.3", DESCRIPTOR.replace("features.mean(dim=0)", "features.max(dim=0).values"), "maximum"),
    ("06.3", DESCRIPTOR.replace("mean / mean.norm()", "F.normalize(features, dim=0).mean(0)"), "one by one"),
    ("06.4", SVM.replace("(violation**2).sum()", "violation.sum()"), "not squared"),
    ("06.4", SVM.replace(".clamp(min=0)", ""), "maximum with 0"),
    ("06.4", SVM.replace("(1 - sign * scores)", "(-sign * scores)"), "margin"),
    ("06.4", SVM.replace("2 * F.one_hot(labels, len(weight)) - 1", "F.one_hot(labels, len(weight))"), "+1 and -1"),
    ("06.4", SVM.replace("1 - sign *", "1 + sign *"), "sign is turned"),
    ("06.4", SVM.replace("(weight**2).sum() / 2 + ", ""), "own term"),
    ("06.4", SVM.replace(".sum() / 2", ".sum()"), "half is missing"),
    ("06.4", SVM.replace("(weight**2).sum()", "((weight**2).sum() + (bias**2).sum())"), "biases are free"),
    ("06.4", SVM.replace("(weight**2).sum() / 2", "weight.norm() / 2"), "root"),
    ("06.4", SVM.replace("(violation**2).sum()", "(violation**2).mean()"), "averages"),
    ("06.4", SVM.replace("strength * ", ""), None),
    ("06.5", NEIGHBOURS.replace(".fill_diagonal_(-torch.inf)", ""), "own first neighbour"),
    ("06.5", NEIGHBOURS.replace("F.normalize(descriptors, dim=1)", "descriptors"), "long descriptors win"),
    (
        "06.5",
        NEIGHBOURS.replace("F.normalize(descriptors, dim=1)", "descriptors").replace(".fill_diagonal_(-torch.inf)", ""),
        "scale to length 1 and leave it out",
    ),
    ("06.5", NEIGHBOURS.replace("-torch.inf", "torch.inf").replace("dim=1).i", "dim=1, largest=False).i"), "farthest"),
    ("06.5", NEIGHBOURS.replace("descriptors, dim=1", "descriptors, dim=0"), "wrong axis"),
    ("06.5", NEIGHBOURS.replace(".indices", ".indices.flip(1)"), "turned around"),
    ("06.5", NEIGHBOURS.replace("unit.T)", "unit.T).abs()"), "keep the sign"),
    ("06.5", NEIGHBOURS.replace(".indices", ".values"), None),
    ("06.1", COST.replace("T * H * W", "(T - depth + 1) * (H - 2) * (W - 2)"), "layer is padded"),
    ("06.1", COST.replace("weights + outputs", "weights + inputs"), "not one per input channel"),
    ("06.1", COST.replace("weights + outputs", "weights + 1"), "not one for the layer"),
    ("06.1", COST.replace("depth * 3 * 3", "depth * 3"), "one 3 is missing"),
    ("06.1", COST.replace("T * H * W", "outputs * T * H * W"), "count twice"),
    ("06.1", COST.replace("T * H * W", "(T + H + W)"), "not the sum"),
    (
        "06.1",
        COST.replace("return weights + outputs, weights * T * H * W", "return weights + outputs"),
        "return the pair",
    ),
    (
        "06.1",
        "import numpy as np\n"
        + COST.replace(
            "return weights + outputs, weights * T * H * W", "return np.array([weights, weights * T * H * W])"
        ),
        "the biases are missing",
    ),
    ("06.2", SIZES.replace("i == 0", "i == 1"), "counted from 0"),
    ("06.2", SIZES.replace("1 if i == 0 else 2", "2 if i == 0 else 1"), "two cases are exchanged"),
    ("06.2", SIZES.replace("math.ceil(frames / time)", "frames // time"), "time still rounds down"),
    ("06.2", DOWN.replace("frames // time", "-(-frames // time)"), "rows and columns still round down"),
    ("06.2", SIZES.replace("math", "np").replace("import np", "import numpy as np"), "whole numbers: np.ceil"),
    ("06.2", DOWN.replace("//", "/"), "half a place"),
    ("06.2", SIZES.replace("return sizes", "return sizes[-1]"), "only the last size"),
    ("06.2", SIZES.replace("append((frames, rows, columns))", "append((frames, columns, rows))"), "are exchanged"),
    ("06.3", DESCRIPTOR.replace("mean.norm()", "features.norm()"), "of all clips together"),
    ("06.3", DESCRIPTOR.replace("mean.norm()", "features.norm(dim=1)"), "a length per clip"),
    ("06.3", DESCRIPTOR.replace("mean.norm()", "mean.max()"), "largest value"),
    ("06.3", DESCRIPTOR.replace("/ mean", "* mean"), "multiplies by the length"),
    ("06.3", DESCRIPTOR.replace("dim=0", ""), "mean of everything"),
    ("06.3", DESCRIPTOR.replace("mean / mean.norm()", "F.normalize(mean)"), "axis 1 unless told"),
    ("06.4", SVM.replace("strength * ", ""), "C is missing"),
    (
        "06.4",
        SVM.replace("(weight**2)", "strength * (weight**2)").replace("+ strength * ", "+ "),
        "belongs to the violations",
    ),
    (
        "06.4",
        SVM.replace("(weight**2).sum() / 2 +", "((weight**2).sum() +").replace("n**2).sum()", "n**2).sum()) / 2"),
        "in front of everything",
    ),
    ("06.4", SVM.replace(" + bias", ""), "bias is missing"),
    ("06.4", SVM.replace("(violation**2).sum()", "violation.sum() ** 2"), "square each"),
    ("06.4", SVM.replace("(violation**2).sum()", "(violation**2).sum(1).mean()"), "averages over the clips"),
    ("06.4", SVM.replace("(violation**2).sum()", "(violation**2).sum(1)"), "still have an axis"),
    ("06.4", SVM.replace("min=0", "max=0"), "wrong side"),
    ("06.4", SVM.replace("strength=1.0", "strength=10.0"), None),
    ("06.5", NEIGHBOURS.replace("topk(k, dim=1).indices", "argsort(dim=1)[:, :k]"), "descending=True"),
    ("06.5", NEIGHBOURS.replace("-torch.inf", "0"), "may be negative"),
    ("06.5", NEIGHBOURS.replace(".indices", ".values"), "these are the cosines"),
    ("06.5", NEIGHBOURS.replace("unit @ unit.T", "unit.T @ unit"), "compares features"),
    ("06.5", NEIGHBOURS.replace(".indices", ".indices + 1"), "one too large"),
    ("06.5", NEIGHBOURS.replace("topk(k, dim=1).indices", "argmax(dim=1)"), "only the nearest one"),
    (
        "06.5",
        NEIGHBOURS.replace("F.normalize(descriptors, dim=1)", "descriptors / descriptors.norm(dim=1)"),
        "keepdim=True",
    ),
    ("06.5", NEIGHBOURS.replace(".indices", ".indices.numpy()"), "a numpy array came"),
]

test_lecture = lecture_test("06")


@pytest.mark.parametrize("exercise_id, answer, diagnosis", WRONG)
def test_wrong_answer(exercise_id, answer, diagnosis):
    assert_rejected(exercise_id, answer, diagnosis)


def test_there_are_enough_wrong_answers():
    assert_enough_wrong_answers("06", WRONG)
