"""07.2: the two normalisations of maps."""

import torch

from course_lib.exercises import Case, Mistake, edit, exercise
from course_lib.models.tdd import channel_normalised, spatiotemporal_normalised

SOLUTION = """
def normalised(maps, eps=1e-8):
    over_video = maps.amax(dim=(0, 2, 3), keepdim=True)  # (1, C, 1, 1)
    over_channels = maps.amax(dim=1, keepdim=True)  # (T, 1, H, W)
    return maps / (over_video + eps), maps / (over_channels + eps)
"""

VIDEO, CHANNELS = "amax(dim=(0, 2, 3), keepdim=True)", "amax(dim=1, keepdim=True)"
RETURNED = "maps / (over_video + eps), maps / (over_channels + eps)"


def _cases(generator):
    def maps(frames, channels, height, width):
        strength = 0.2 + 9 * torch.rand(channels, generator=generator).view(1, -1, 1, 1)
        return 0.05 + strength * torch.rand(frames, channels, height, width, generator=generator)

    silent = maps(4, 3, 3, 5)
    silent[:, 1] = 0
    silent[2, :, 1, 3] = 0
    by_hand = torch.tensor([[[[4.0, 2]], [[8, 2]]], [[[1.0, 0]], [[0, 1]]]])  # 2 frames, 2 channels, 1 x 2
    return [
        Case("by hand: 2 frames, 2 channels, 1 x 2 cells", (by_hand,)),
        Case("5 frames, 4 channels, 3 x 6", (maps(5, 4, 3, 6),)),
        Case("2 frames, 7 channels, 5 x 4", (maps(2, 7, 5, 4),)),
        Case("a channel and a place without activation", (silent,)),
    ]


def _the_library(maps, eps=1e-8):
    return spatiotemporal_normalised(maps, eps), channel_normalised(maps, eps)


normalised = exercise(
    "07.2",
    "Two normalisations",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.models.tdd.spatiotemporal_normalised", "course_lib.models.tdd.channel_normalised"),
    mistakes=(
        edit(
            "the order is (spatiotemporal, channel)",
            {RETURNED: "maps / (over_channels + eps), maps / (over_video + eps)"},
        ),
        edit("the maximum is over one frame here: the spatiotemporal way takes it over the whole video, time included",
             {VIDEO: "amax(dim=(2, 3), keepdim=True)"}),
        edit("the maximum is over time alone here: the spatiotemporal way takes it over all places and times",
             {VIDEO: "amax(dim=0, keepdim=True)"}),
        edit("this divides by the maximum of everything: the spatiotemporal way has one for every channel",
             {"maps." + VIDEO: "maps.amax()"}),
        edit("the channel way takes the maximum over the channels of one place; here it goes over places and times too",
             {"maps." + CHANNELS: "maps.amax()"}),
        edit("the channel way takes the maximum over the channels at one place and time; here it goes over time, too",
             {CHANNELS: "amax(dim=(0, 1), keepdim=True)"}),
        edit("these are sums: both divide by the maximum",
             {VIDEO: VIDEO.replace("amax", "sum"), CHANNELS: CHANNELS.replace("amax", "sum")}),
        edit("the spatiotemporal way divides by the maximum, not by the mean", {VIDEO: VIDEO.replace("amax", "mean")}),
        edit("the channel way divides by the maximum, not by the mean", {CHANNELS: CHANNELS.replace("amax", "mean")}),
        edit("this divides by the length of the vector of channels: the channel way divides by its maximum",
             {"maps." + CHANNELS: "maps.norm(dim=1, keepdim=True)"}),
        edit("0 / 0 is not a number: add eps below", {"over_video + eps": "over_video",
                                                     "over_channels + eps": "over_channels"}),
        edit("the two are alternatives, each of the raw maps: here the second is applied to the first",
             {RETURNED: "maps / (over_video + eps), maps / (over_video + eps) / "
                        "((maps / (over_video + eps)).amax(1, keepdim=True) + eps)"}),
        edit("this subtracts the maximum: divide by it", {RETURNED: "maps - over_video, maps - over_channels"}),
        edit("this is only the first: return both",
             {RETURNED: "maps / (over_video + eps)"}),
        edit("this is only the second: return both",
             {RETURNED: "maps / (over_channels + eps)"}),
        edit("these are the maxima: divide the maps by them", {RETURNED: "over_video, over_channels"}),
        Mistake("this is a softmax over channels: the channel way divides by the maximum",
                lambda maps, eps=1e-8: (_the_library(maps)[0], maps.softmax(1))),
        edit("the maximum is one for every frame here: the spatiotemporal way has one for every channel",
             {VIDEO: "amax(dim=(1, 2, 3), keepdim=True)"}),
        edit("an axis of place is missing: the spatiotemporal way takes the maximum over time, rows and columns",
             {VIDEO: "amax(dim=(0, 2), keepdim=True)"}),
        edit("the channel way takes the maximum over the channels of one place; here over all places of a frame, too",
             {CHANNELS: "amax(dim=(1, 2, 3), keepdim=True)"}),
        edit("the channel way takes the maximum over channels, axis 1; here it goes over places",
             {CHANNELS: "amax(dim=(2, 3), keepdim=True)"}),
        edit("the channel way takes the maximum over channels, axis 1; here it goes over columns",
             {CHANNELS: "amax(dim=-1, keepdim=True)"}),
        edit("the axes are (T, C, H, W): channels are axis 1, and here axis 0, time, was taken for them",
             {VIDEO: "amax(dim=(1, 2, 3), keepdim=True)", CHANNELS: "amax(dim=0, keepdim=True)"}),
        edit("the spatiotemporal way divides by the maximum, not by the sum", {VIDEO: VIDEO.replace("amax", "sum")}),
        edit("the channel way divides by the maximum, not by the sum", {CHANNELS: CHANNELS.replace("amax", "sum")}),
        edit("argmax says *which* channel is the strongest: amax says how strong it is",
             {CHANNELS: CHANNELS.replace("amax", "argmax")}),
        edit("these are minima: both divide by the maximum",
             {VIDEO: VIDEO.replace("amax", "amin"), CHANNELS: CHANNELS.replace("amax", "amin")}),
        edit("the smallest value was subtracted first: the spatiotemporal way only divides",
             {RETURNED: "(maps - maps.amin((0, 2, 3), keepdim=True)) / "
                        "(over_video - maps.amin((0, 2, 3), keepdim=True) + eps), maps / (over_channels + eps)"}),
        edit("this is standardised, with mean and deviation: the spatiotemporal way divides by the maximum",
             {RETURNED: "(maps - maps.mean((0, 2, 3), keepdim=True)) / (maps.std((0, 2, 3), keepdim=True) + eps), "
                        "maps / (over_channels + eps)"}),
        edit("the two are alternatives, each of the raw maps: here the first is divided by both maxima",
             {RETURNED: "maps / (over_video + eps) / (over_channels + eps), maps / (over_channels + eps)"}),
        edit("both are the spatiotemporal way: the second divides by the maximum over channels",
             {RETURNED: "maps / (over_video + eps), maps / (over_video + eps)"}),
        edit("both are the channel way: the first divides by each channel's maximum over the video",
             {RETURNED: "maps / (over_channels + eps), maps / (over_channels + eps)"}),
        edit("both divide by the maximum of everything: the first has one for each channel, the second for each place",
             {"maps." + VIDEO: "maps.amax()", "maps." + CHANNELS: "maps.amax()"}),
        edit("an axis of place is missing: the spatiotemporal way takes the maximum over time, rows and columns",
             {VIDEO: "amax(dim=(0, 3), keepdim=True)"}),
        edit("the channel way takes the maximum over channels, axis 1; here it goes over time",
             {CHANNELS: "amax(dim=0, keepdim=True)"}),
        edit("upside down: divide the maps by the maximum",
             {RETURNED: "over_video / (maps + eps), over_channels / (maps + eps)"}),
    ),
    hints=(
        "Both divide by a maximum. The first asks: how strong does this channel ever get in this video? The second: "
        "how strong is the strongest channel here and now?",
        "`maps.amax(dim=(...), keepdim=True)` takes maxima over several axes at once and leaves axes of size 1, so "
        "that the division fits. The axes are (T, C, H, W).",
        "`over_video = maps.amax(dim=(0, ____, 3), keepdim=True)`, `over_channels = maps.amax(dim=____, keepdim=True)`"
        "; return `maps / (over_video + eps), maps / (____ + eps)`.",
    ),
)
