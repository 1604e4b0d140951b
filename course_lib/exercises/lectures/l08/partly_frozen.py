"""08.5: partial batch normalisation that survives train()."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
from torch import nn


class PartlyFrozen(nn.Module):
    def __init__(self, *widths):
        super().__init__()
        layers = []
        for inputs, outputs in zip(widths[:-1], widths[1:], strict=True):
            layers += [nn.Conv2d(inputs, outputs, 3), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def train(self, mode=True):
        super().train(mode)
        norms = [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms[1:]:
            norm.eval()
            norm.requires_grad_(False)
        return self

    def forward(self, x):
        learning = sum(p.numel() for p in self.parameters() if p.requires_grad)
        return self.layers(x), learning
"""

FROZEN, STOPPED, NORMS = "norms[1:]", "norm.requires_grad_(False)", "isinstance(module, nn.BatchNorm2d)"


def _cases(generator):
    def case(label, widths, shape, training=True):
        inputs = 1 + 2 * torch.randn(shape[0], widths[0], *shape[1:], generator=generator)
        return Case(label, widths, {"inputs": inputs, "training": training})

    return [
        case("three normalisations, training", (3, 4, 5, 6), (3, 9, 8)),
        case("two normalisations, training", (2, 6, 3), (2, 6, 7)),
        case("a single one, which stays free, training", (3, 5), (4, 5, 4)),
        case("four normalisations, training", (3, 4, 4, 6, 2), (2, 10, 11)),
        case("three normalisations, evaluation", (3, 4, 5, 6), (2, 8, 9), training=False),
    ]


PartlyFrozen = exercise(
    "08.5",
    "Partial batch normalisation that lasts",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "nothing is frozen: in training mode, every normalisation but the first is to behave as in evaluation",
            {"norm.eval()": "pass", STOPPED: "pass"},
        ),
        edit("the first one is frozen as well: it goes on adapting to the new input", {FROZEN: "norms"}),
        edit("the first one is frozen and the others are free: it is the other way round", {FROZEN: "norms[:1]"}),
        edit("it is the first that stays free, not the last", {FROZEN: "norms[:-1]"}),
        edit("only one is frozen: all after the first are", {FROZEN: "norms[1:2]"}),
        edit("the second one is still free: all after the first are frozen", {FROZEN: "norms[2:]"}),
        edit("the statistics are frozen, but scale and shift still learn: requires_grad_(False)", {STOPPED: "pass"}),
        edit(
            "scale and shift are frozen, but in training mode the statistics are still those of the batch: .eval() "
            "belongs into train, after super().train(mode), which switches all of them on",
            {"norm.eval()": "pass"},
        ),
        edit(
            "in training mode the first normalisation stays in evaluation mode too: only those after it do",
            {"        super().train(mode)\n": "        super().train(False)\n"},
        ),
        edit(
            "the convolutions are frozen too: only the normalisations after the first are",
            {
                STOPPED: "norm.requires_grad_(False)\n        for module in self.modules():\n"
                "            if isinstance(module, nn.Conv2d):\n                module.requires_grad_(False)"
            },
        ),
        edit(
            "the convolutions are frozen, not the normalisations: isinstance(module, nn.BatchNorm2d)",
            {NORMS: "isinstance(module, nn.Conv2d)"},
        ),
        edit(
            "everything after the first convolution is frozen: the normalisations after the first, and nothing else",
            {FROZEN: "self.layers[1:]"},
        ),
        edit(
            "of scale and shift one still learns: requires_grad_(False) on the whole layer stops both",
            {STOPPED: "norm.weight.requires_grad_(False)"},
        ),
        edit(
            "the frozen layers forget what they had learnt: keep their running statistics",
            {STOPPED: "norm.requires_grad_(False)\n            norm.reset_running_stats()"},
        ),
        edit(
            "frozen only in training mode, and switched on in evaluation: they stay as they are in both",
            {"norm.eval()": "norm.train(not mode)", STOPPED: "norm.requires_grad_(not mode)"},
        ),
        edit(
            "all parameters stop learning: the normalisations after the first, and nothing else",
            {STOPPED: "self.requires_grad_(False)"},
        ),
        edit(
            "`mode` does not reach the layers: super().train(mode), or even the first never goes into evaluation",
            {"super().train(mode)": "super().train()"},
        ),
    ),
    hints=(
        "`network.train()` walks through all modules and switches each one on. So freezing once does not last: it must "
        "happen inside `train`, after that walk.",
        "`super().train(mode)` does the walk. `self.modules()` lists all modules in order; "
        "`isinstance(module, nn.BatchNorm2d)` picks the normalisations. `.eval()` stops the statistics, "
        "`.requires_grad_(False)` scale and shift.",
        "`norms = [module for module in self.modules() if isinstance(module, ____)]`, then `for norm in norms[____]:` "
        "with `norm.____()` and `norm.requires_grad_(____)`.",
    ),
)
