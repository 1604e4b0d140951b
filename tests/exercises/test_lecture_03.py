"""Lecture 03: solutions accepted, stubs not attempted, wrong answers told why."""

import pytest
from table import assert_enough_wrong_answers, assert_rejected, lecture_test

EARLY = """import torch.nn.functional as F
def early_fusion(clip, weight, bias, stride):
    return F.conv2d(clip.flatten(1, 2), weight.flatten(1, 2), bias, stride=stride)
"""
SEEN = """def frames_seen(unit, extents, strides):
    first = last = unit
    for extent, stride in zip(reversed(extents), reversed(strides)):
        first, last = first * stride, last * stride + extent - 1
    return first, last
"""
STREAMS = """import torch.nn.functional as F
def two_streams(clip):
    H, W = clip.shape[-2:]
    context = F.avg_pool3d(clip, (1, 2, 2))
    top, left = (H - H // 2) // 2, (W - W // 2) // 2
    return context, clip[..., top : top + H // 2, left : left + W // 2]
"""
HIT = """import torch
def video_hit(scores, videos, labels, k):
    probabilities = scores.softmax(dim=1)
    means = torch.stack([probabilities[videos == video].mean(0) for video in range(len(labels))])
    hits = (means.topk(k, dim=1).indices == labels[:, None]).any(dim=1)
    return hits.float().mean().item()
"""
LATE = """import torch
from torch import nn
class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        self.tower = nn.Sequential(nn.Conv2d(3, channels, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)
    def forward(self, clip):
        early = self.tower(clip[:, :, 0]).flatten(1)
        late = self.tower(clip[:, :, self.gap]).flatten(1)
        return self.head(torch.cat((early, late), dim=1))
"""

WRONG = [
    ("03.1", EARLY.replace("clip.flatten(1, 2)", "clip.transpose(1, 2).flatten(1, 2)"), "disagree about the order"),
    ("03.1", EARLY.replace("weight.flatten(1, 2)", "weight.transpose(1, 2).flatten(1, 2)"), "disagree about the order"),
    ("03.1", EARLY.replace(", stride=stride", ""), "stride is missing"),
    ("03.1", EARLY.replace("2), bias", "2), None"), "bias is missing"),
    ("03.1", EARLY.replace("stride=stride)", "stride=stride).unsqueeze(2)"), "time axis of length 1"),
    ("03.1", EARLY.replace("clip.flatten(1, 2), weight.flatten(1, 2)", "clip.mean(2), weight.sum(2)"), "averages"),
    (
        "03.1",
        EARLY.replace("clip.flatten(1, 2), weight.flatten(1, 2)", "clip[:, :, 0], weight[:, :, 0]"),
        "first frame",
    ),
    (
        "03.1",
        EARLY.replace("F.conv2d(clip.flatten(1, 2), weight.flatten(1, 2), bias, stride=stride)", "F.conv3d(")
        + "        clip, weight, bias, stride=(1, stride, stride)).squeeze(2)",
        "conv3d",
    ),
    ("03.1", EARLY.replace("flatten(1, 2)", "flatten(2, 3)"), None),
    ("03.2", SEEN.replace("zip(reversed(extents), reversed(strides))", "zip(extents, strides)"), "from the bottom up"),
    ("03.2", SEEN.replace(" - 1", ""), "one too far"),
    ("03.2", SEEN.replace("first * stride, last * stride", "first, last"), "strides are missing"),
    ("03.2", SEEN.replace("last * stride + extent - 1", "first * stride + extent - 1"), "last` moves with"),
    ("03.2", SEEN.replace("last * stride + extent - 1", "(last + extent - 1) * stride"), "stretches the extent"),
    ("03.2", SEEN.replace("return first, last", "return 0, last - first"), "place of the unit"),
    ("03.2", SEEN.replace("return first, last", "return last - first + 1"), "first and the last"),
    ("03.2", SEEN.replace("return first, last", "return first, last + 1"), "exclusive"),
    ("03.3", STREAMS.replace("return context, clip[", "return clip[").replace("// 2]", "// 2], context"), "order is"),
    ("03.3", STREAMS.replace("F.avg_pool3d(clip, (1, 2, 2))", "clip[..., ::2, ::2]"), "every second pixel"),
    ("03.3", STREAMS.replace("(1, 2, 2)", "(min(2, clip.shape[2]), 2, 2)"), "averages frames"),
    ("03.3", STREAMS.replace("avg_pool", "max_pool"), "largest value"),
    ("03.3", STREAMS.replace("top, left = ", "top, left = 0, 0 #"), "upper left"),
    ("03.3", STREAMS.replace(") // 2,", "),").replace(") // 2\n", ")\n"), None),
    ("03.3", STREAMS.replace("left + W // 2]", "left + H // 2]"), None),
    (
        "03.3",
        "from course_lib.models.fusion import context_and_fovea\n"
        "def two_streams(clip):\n    return context_and_fovea(clip)",
        "context_and_fovea",
    ),
    (
        "03.4",
        "import torch\ndef video_hit(scores, videos, labels, k):\n"
        "    hits = (scores.topk(k, dim=1).indices == labels[videos][:, None]).any(dim=1)\n"
        "    return hits.float().mean().item()",
        "clip hit@k",
    ),
    ("03.4", HIT.replace("scores.softmax(dim=1)", "scores"), "before the softmax"),
    ("03.4", HIT.replace(".mean(0)", ".amax(0)"), "strongest clip"),
    ("03.4", HIT.replace(".mean(0)", "[0]"), "one clip"),
    ("03.4", HIT.replace("hits.float().mean()", "hits.float().sum()"), "number of hits"),
    ("03.4", HIT.replace("hits.float()", "100 * hits.float()"), "percent"),
    ("03.4", HIT.replace("topk(k,", "topk(1,"), "k is ignored"),
    ("03.4", HIT.replace("topk(k, dim=1)", "topk(k, dim=1, largest=False)"), "best class"),
    ("03.5", LATE.replace("(early, late)", "(late, early)"), "swapped"),
    ("03.5", LATE.replace("clip[:, :, self.gap]", "clip[:, :, 0]"), "both towers see frame 0"),
    ("03.5", LATE.replace("clip[:, :, self.gap]", "clip[:, :, -1]"), "last frame"),
    ("03.5", LATE.replace("clip[:, :, self.gap]", "clip[:, :, self.gap - 1]"), "one too early"),
    ("03.5", LATE.replace("clip[:, :, self.gap]", "clip[:, :, 1]"), "neighbouring"),
    (
        "03.5",
        LATE.replace("torch.cat((early, late), dim=1)", "torch.stack((early, late), dim=2).flatten(1)"),
        "numbers of the two towers alternate",
    ),
    (
        "03.5",
        LATE.replace("[:, :, 0]).flatten(1)", "[:, :, 0])")
        .replace("self.gap]).flatten(1)", "self.gap])")
        .replace("dim=1))", "dim=2).flatten(1))"),
        "maps of the two towers alternate",
    ),
    ("03.5", LATE.replace("(early, late)", "((early + late) / 2,) * 2"), "averaged"),
    ("03.5", LATE.replace("dim=1))", "dim=1)).softmax(1)"), "softmax"),
    ("03.5", LATE.replace("dim=1)", "dim=0)"), None),
    ("03.1", EARLY.replace("clip.flatten(1, 2)", "clip"), "the clip still has its time axis"),
    ("03.1", EARLY.replace("weight.flatten(1, 2)", "weight"), "the weight still has its time axis"),
    (
        "03.1",
        EARLY.replace("F.conv2d(clip.flatten(1, 2), weight.flatten(1, 2), bias, stride=stride)", "sum(")
        + "        F.conv2d(clip[:, :, t], weight[:, :, t], bias, stride=stride) for t in range(clip.shape[2]))",
        "bias is added for every frame",
    ),
    ("03.1", EARLY.replace("stride=stride)", "stride=stride).numpy()"), "a numpy array came"),
    (
        "03.2",
        SEEN.replace("first, last = first", "first = first").replace(", last * s", "\n        last = first * s"),
        "new",
    ),
    ("03.2", SEEN.replace("reversed(strides)", "strides"), "reverse both"),
    ("03.2", SEEN.replace("reversed(extents)", "extents"), "reverse both"),
    ("03.2", SEEN.replace("    return", "        return"), "topmost layer"),
    ("03.2", SEEN.replace("return first, last", "return last, first"), "the order is"),
    ("03.2", SEEN.replace("return first, last", "return first + 1, last + 1"), "numbered from 0"),
    ("03.2", SEEN.replace("return first, last", "return range(first, last + 1)"), "all the frames"),
    ("03.3", STREAMS.replace("top : top + H // 2, ", "").replace("left : left + W", "top : top + H"), "columns only"),
    ("03.3", STREAMS.replace(", left : left + W // 2]", ", :]"), "rows only"),
    ("03.3", STREAMS.replace("H, W = ", "W, H = "), "rows and columns of the fovea are exchanged"),
    ("03.3", STREAMS.replace("clip[..., top", "clip[:, :, top"), "hits frames and rows"),
    ("03.3", STREAMS.replace("(1, 2, 2))", "(1, 2, 2), stride=1)"), "windows of the context overlap"),
    ("03.3", STREAMS.replace("(1, 2, 2))", "(1, 2, 2), divisor_override=1)"), "adds up each 2 x 2 block"),
    ("03.3", STREAMS.replace("(H - H // 2) // 2", "(H - H / 2) / 2"), "whole number: divide with //"),
    ("03.3", STREAMS.replace("return context,", "return context.numpy(),"), "a numpy array came"),
    ("03.4", HIT.replace("softmax(dim=1)", "softmax(dim=0)"), "runs over the clips"),
    ("03.4", HIT.replace("videos == video", "videos.sort().values == video"), "any order"),
    ("03.4", HIT.replace("return hits", "return 1 - hits"), "missed"),
    ("03.4", HIT.replace(".indices == labels[:, None]).any(dim=1)", ".indices[:, -1] == labels)"), "k-th best"),
    ("03.4", HIT.replace(".any(dim=1)", ".all(dim=1)"), ".any over them"),
    ("03.4", HIT.replace(".any(dim=1)", ""), "divides by k as well"),
    ("03.4", HIT.replace("hits.float().mean().item()", "hits.sum().item() / len(videos)"), "number of clips"),
    ("03.4", HIT.replace("hits.float().mean()", "hits.mean()"), "could not infer output dtype"),
    ("03.5", LATE.replace("self.gap]).", "self.gap + 1])."), "one too late"),
    ("03.5", LATE.replace("clip[:, :, self.gap]", "clip[:, :, 15]"), "always sees frame 15"),
    ("03.5", LATE.replace("clip[:, :, ", "clip[:, "), "channel 0, not frame 0"),
    ("03.5", LATE.replace(".flatten(1)", ""), "flatten(1) first"),
    ("03.5", LATE.replace("torch.cat((early, late), dim=1)", "early + late"), "added before the head"),
    ("03.5", LATE.replace("dim=1)", "dim=0)"), "side by side"),
    (
        "03.5",
        LATE.replace("self.head(torch.cat((early, late), dim=1))", "torch.cat((early, late), dim=1)"),
        "head is missing",
    ),
    ("03.5", LATE.replace("dim=1))", "dim=1)).relu()"), "may be negative"),
    ("03.5", LATE.replace("dim=1))", "dim=1)).log_softmax(1)"), "log-softmax"),
    ("03.5", LATE.replace("gap=15", "gap=10"), None),
]

test_lecture = lecture_test("03")


@pytest.mark.parametrize("exercise_id, answer, diagnosis", WRONG)
def test_wrong_answer(exercise_id, answer, diagnosis):
    assert_rejected(exercise_id, answer, diagnosis)


def test_there_are_enough_wrong_answers():
    assert_enough_wrong_answers("03", WRONG)
