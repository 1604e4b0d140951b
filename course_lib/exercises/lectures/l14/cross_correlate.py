"""14.1: cross-correlation of a batch of exemplars with their search maps."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.cross_correlation import cross_correlation

SOLUTION = """
import torch
import torch.nn.functional as F


def cross_correlate(exemplars, searches):
    B, C, H, W = searches.shape
    maps = searches.reshape(1, B * C, H, W)
    responses = F.conv2d(maps, exemplars, groups=B)  # (1, B, H', W')
    return responses.transpose(0, 1)
"""

ROWS, CALL, BACK = (
    "searches.reshape(1, B * C, H, W)",
    "F.conv2d(maps, exemplars, groups=B)",
    "responses.transpose(0, 1)",
)
SWAPPED = "the two axes of the exemplar are exchanged: rows stay rows"


def _cases(generator):
    def maps(batch, channels, small, large):
        return tuple(torch.randn(batch, channels, *size, generator=generator) for size in (small, large))

    exemplar = torch.tensor([[[[1.0, 2], [0, -1]]]])
    search = torch.tensor([[[[3.0, 1, 0], [2, 4, -1]]]])
    return [
        Case("by hand: 1 channel, 2 x 2 in 2 x 3", (exemplar, search)),
        Case("1 pair, 3 channels, 2 x 3 in 5 x 7", maps(1, 3, (2, 3), (5, 7))),
        Case("3 pairs, 4 channels, 3 x 3 in 6 x 5", maps(3, 4, (3, 3), (6, 5))),
        Case("2 pairs, 2 channels, 4 x 2 in 4 x 6", maps(2, 2, (4, 2), (4, 6))),
    ]


def _edit_call(call, back=BACK):
    return {CALL: call, BACK: back}


cross_correlate = exercise(
    "14.1",
    "Cross-correlation of a batch",
    points=3,
    solution=SOLUTION,
    same_as=cross_correlation,
    cases=_cases,
    forbidden=(
        "course_lib.ops.cross_correlation.cross_correlation_reference",
        "course_lib.models.siamfc.SiamFC",
    ),
    mistakes=(
        edit(
            "all search maps meet the first exemplar: each is to meet its own, so give conv2d `groups`",
            _edit_call("F.conv2d(searches, exemplars[:1])", "responses"),
        ),
        edit(
            "every search map meets all exemplars, and their responses are added: each is to meet its own alone",
            _edit_call("F.conv2d(searches, exemplars).sum(1, keepdim=True)", "responses"),
        ),
        edit(
            "every search map meets all exemplars, and the last one is taken: each is to meet its own",
            _edit_call("F.conv2d(searches, exemplars)[:, -1:]", "responses"),
        ),
        edit(
            "the exemplar is flipped, as the convolution of mathematics does: cross-correlation slides it as it is",
            {"(maps, exemplars,": "(maps, exemplars.flip(2, 3),"},
        ),
        edit(
            "the responses of the channels are not added: one number per place, summed over channels",
            _edit_call(
                "F.conv2d(maps, exemplars.reshape(B * C, 1, *exemplars.shape[2:]), groups=B * C)",
                "responses.reshape(B, C, *responses.shape[2:])",
            ),
        ),
        edit(
            "this averages over the channels: the formula sums",
            {BACK: "responses.transpose(0, 1) / C"},
        ),
        edit(
            "this divides by the number of products: the formula sums and does not average",
            {BACK: "responses.transpose(0, 1) / exemplars[0].numel()"},
        ),
        edit(
            "features are scaled to length 1 first: the response is the plain sum of products",
            {
                ROWS: "F.normalize(searches, dim=1).reshape(1, B * C, H, W)",
                "(maps, exemplars,": "(maps, F.normalize(exemplars, dim=1),",
            },
        ),
        edit(
            "exemplars are scaled to length 1 first: the response is the plain sum of products",
            {"(maps, exemplars,": "(maps, exemplars / exemplars.flatten(1).norm(dim=1).view(-1, 1, 1, 1),"},
        ),
        edit(
            "padding is added: only places where the exemplar lies inside count, (H - h + 1) x (W - w + 1)",
            {"groups=B": "groups=B, padding=1"},
        ),
        edit(
            "channels and examples are mixed: the maps of one example must stand side by side, (1, B * C, H, W)",
            {ROWS: "searches.transpose(0, 1).reshape(1, B * C, H, W)"},
        ),
        edit(
            "the batch is the second axis here, (1, B, H', W'): bring it to the front",
            {BACK: "responses"},
        ),
        edit("the axis of the one channel is missing: (B, 1, H', W')", {BACK: "responses[0]"}),
        edit(
            "the responses of the whole batch are added: each pair has a map of its own",
            {BACK: "responses.sum(1, keepdim=True)"},
        ),
        edit(
            "the exemplar is mirrored left to right: slide it as it is",
            {"(maps, exemplars,": "(maps, exemplars.flip(3),"},
        ),
        edit(
            "the exemplar is turned upside down: slide it as it is", {"(maps, exemplars,": "(maps, exemplars.flip(2),"}
        ),
        edit(
            "this is a squared distance: sum the products, not the squared differences",
            {
                BACK: "F.conv2d(maps.square(), torch.ones_like(exemplars), groups=B).transpose(0, 1) "
                "- 2 * responses.transpose(0, 1) + exemplars.square().sum((1, 2, 3)).view(-1, 1, 1, 1)"
            },
        ),
        edit("the rows and columns of the map are exchanged", {BACK: "responses.transpose(0, 1).transpose(2, 3)"}),
        edit(SWAPPED, {"(maps, exemplars,": "(maps, exemplars.transpose(2, 3),"}),
        edit("a sigmoid is applied: the response is the plain sum", {BACK: "responses.transpose(0, 1).sigmoid()"}),
        edit("negative responses are cut off: no ReLU here", {BACK: "responses.transpose(0, 1).relu()"}),
        edit(
            "only the first channel is compared: sum over all",
            _edit_call("F.conv2d(searches[:, 0][None], exemplars[:, :1], groups=B)"),
        ),
        edit(
            "each map is divided by its largest response: the response is the plain sum",
            {BACK: "responses.transpose(0, 1) / responses.transpose(0, 1).amax((2, 3), keepdim=True)"},
        ),
        edit(
            "the gain of 0.001 belongs to the network: here the response is the plain sum",
            {BACK: "responses.transpose(0, 1) * 0.001"},
        ),
        edit(
            "the responses of the whole batch are added: each pair has a map of its own",
            {BACK: "responses.sum(1, keepdim=True).repeat(B, 1, 1, 1)"},
        ),
        edit(
            "every search map meets all exemplars, and their responses are averaged: each is to meet its own alone",
            _edit_call("F.conv2d(searches, exemplars).mean(1, keepdim=True)", "responses"),
        ),
        edit(
            "the exemplar's mean is subtracted first, as template matching does: here it is slid as it is",
            {"(maps, exemplars,": "(maps, exemplars - exemplars.mean((1, 2, 3), keepdim=True),"},
        ),
        edit(
            "the last row and column of places are left out: there are H - h + 1 and W - w + 1 places",
            {BACK: "F.pad(responses[..., :-1, :-1], (0, 1, 0, 1)).transpose(0, 1)"},
        ),
    ),
    hints=(
        "A convolution layer does the sliding already. What is unusual is that every example of the batch has a kernel "
        "of its own. `conv2d` can treat groups of channels separately: make each example a group.",
        "`searches.reshape(1, B * C, H, W)` puts all examples side by side as channels of one. With `groups=B`, "
        "kernel b reads channels b C to b C + C - 1. The result is (1, B, H', W').",
        "`maps = searches.reshape(1, ____, H, W)`, then `F.conv2d(maps, exemplars, groups=____).transpose(0, ____)`.",
    ),
)
