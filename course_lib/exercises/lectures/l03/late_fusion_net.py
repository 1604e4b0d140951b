"""03.5: a late-fusion forward pass."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch
from torch import nn


class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        convolution = nn.Conv2d(3, channels, 5, stride=2, padding=2)
        self.tower = nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)

    def forward(self, clip):
        early = self.tower(clip[:, :, 0]).flatten(1)
        late = self.tower(clip[:, :, self.gap]).flatten(1)
        return self.head(torch.cat((early, late), dim=1))
"""

SECOND = "clip[:, :, self.gap]"
JOINED = "torch.cat((early, late), dim=1)"
SCORES = f"self.head({JOINED})"
WHOLE_BATCH = "flatten() joins the clips of the batch, too: .flatten(1) keeps axis 0, one row per clip"


def _cases(generator):
    def case(label, shape, channels, classes, *gap):
        clip = torch.randn(shape, generator=generator)
        return Case(label, (channels, classes, shape[-1], *gap), {"inputs": clip})

    return [
        case("2 clips of 20 frames, gap left out", (2, 3, 20, 16, 16), 4, 5),
        case("3 clips of 16 frames: frame 15 is the last", (3, 3, 16, 8, 8), 6, 3, 15),
        case("2 clips, towers 6 frames apart", (2, 3, 12, 12, 12), 5, 4, 6),
    ]


late_fusion_net = exercise(
    "03.5",
    "A late-fusion forward pass",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("the two frames are swapped: frame 0 comes first", {"(early, late)": "(late, early)"}),
        edit("both towers see frame 0: the second one sees frame `gap`", {SECOND: "clip[:, :, 0]"}),
        edit("the towers see neighbouring frames: the second one sees frame `gap`", {SECOND: "clip[:, :, 1]"}),
        edit(
            "the second tower sees the last frame: it sees frame `gap`, wherever the clip ends",
            {SECOND: "clip[:, :, -1]"},
        ),
        edit("the second tower sees the middle frame: it sees frame `gap`", {SECOND: "clip[:, :, clip.shape[2] // 2]"}),
        edit(
            "the larger of the two maps is taken, so the head cannot tell which frame came first: concatenate them",
            {"(early, late)": "(torch.maximum(early, late),) * 2"},
        ),
        edit("the second frame is one too early: frames are numbered from 0", {SECOND: "clip[:, :, self.gap - 1]"}),
        edit("the second frame is one too late: frames are numbered from 0", {SECOND: "clip[:, :, self.gap + 1]"}),
        edit(
            "the second tower always sees frame 15: it sees frame `gap`, which is self.gap", {SECOND: "clip[:, :, 15]"}
        ),
        edit(
            "this takes channel 0, not frame 0: time is the third axis, so a frame is clip[:, :, t]",
            {"clip[:, :, ": "clip[:, "},
        ),
        edit(
            "the maps still have rows and columns, and the head takes one row of numbers per clip: .flatten(1) first",
            {".flatten(1)": ""},
        ),
        edit(
            "the towers are joined to one (added, averaged, multiplied) before the head, so it cannot tell which frame "
            "came first: concatenate them",
            {JOINED: "early + late"},
        ),
        edit(
            "the head takes one row per clip, with the numbers of both towers side by side: torch.cat((early, late), "
            "dim=1)",
            {"dim=1": "dim=0"},
        ),
        edit("the head is missing: it makes scores of the numbers", {SCORES: JOINED}),
        edit("scores may be negative: leave the ReLU out after the head", {SCORES: f"{SCORES}.relu()"}),
        edit(
            "the maps of the two towers alternate: put all of the first tower before all of the second",
            {".flatten(1)": "", JOINED: "torch.stack((early, late), dim=2).flatten(1)"},
        ),
        edit(
            "the numbers of the two towers alternate: put all of the first tower before all of the second",
            {JOINED: "torch.stack((early, late), dim=2).flatten(1)"},
        ),
        edit(
            "the maps of the towers are averaged before the head, so it cannot tell which frame came first: "
            "concatenate them",
            {"(early, late)": "((early + late) / 2,) * 2"},
        ),
        edit("the first tower sees frame 1: frames are numbered from 0", {"clip[:, :, 0]": "clip[:, :, 1]"}),
        edit("`gap` is known in __init__ only: here it is self.gap", {SECOND: "clip[:, :, gap]"}),
        edit(WHOLE_BATCH, {".flatten(1)": ".flatten()"}),
        edit(WHOLE_BATCH, {".flatten(1)": ".flatten()", "dim=1": "dim=0"}),
        edit(WHOLE_BATCH, {".flatten(1)": "", JOINED: f"{JOINED}.flatten()"}),
        edit(
            "this averages over the places of each map, and the head is made for all of them: .flatten(1)",
            {".flatten(1)": ".mean((2, 3))"},
        ),
        edit(
            "the second half is a difference: give the head both outputs as they are",
            {JOINED: "torch.cat((early, late - early), dim=1)"},
        ),
        edit(
            "all first frames come before all second ones here, so a row mixes clips: torch.cat along dim=1 keeps "
            "the two frames of a clip together",
            {JOINED: "torch.cat((early, late)).reshape(len(clip), -1)"},
        ),
        edit(
            "reshape cuts the numbers anew and mixes colours with times: .transpose(1, 2) before it",
            {
                JOINED: "self.tower(pair.reshape(-1, 3, *clip.shape[3:])).reshape(len(clip), -1)",
                "        return": "        pair = clip[:, :, [0, self.gap]]\n        return",
            },
        ),
        edit(
            "the maps are joined as one picture: put all of the first tower before all of the second",
            {".flatten(1)": "", JOINED: "torch.cat((early, late), dim=3).flatten(1)"},
        ),
        edit("this is the best class: the scores themselves are asked for", {SCORES: f"{SCORES}.argmax(1)"}),
        edit("leave the sigmoid out: the loss takes the scores themselves", {SCORES: f"{SCORES}.sigmoid()"}),
        edit("leave the softmax out: the loss takes scores before the softmax", {SCORES: f"{SCORES}.softmax(1)"}),
        edit(
            "leave the log-softmax out: the loss takes scores before the softmax", {SCORES: f"{SCORES}.log_softmax(1)"}
        ),
    ),
    hints=(
        "The same tower looks at two frames, one after the other. Its two answers lie side by side in front of the "
        "head.",
        "`clip[:, :, t]` is frame t of every clip, (B, 3, H, W). `flatten(1)` makes (B, numbers) of maps. "
        "`torch.cat((a, b), dim=1)` sets them side by side.",
        "`early = self.tower(clip[:, :, 0]).flatten(1)`, `late = self.tower(clip[:, :, ____]).flatten(1)`, then "
        "`return self.head(torch.cat((____, ____), dim=1))`.",
    ),
)
