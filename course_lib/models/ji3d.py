"""The first 3D CNN for human actions: convolve over space and time, on channels that are fixed by hand.

Shuiwang Ji, Wei Xu, Ming Yang, Kai Yu, "3D Convolutional Neural Networks for Human Action Recognition", ICML 2010;
IEEE PAMI 35(1), 2013. Five hardwired channels (grey, gradients, flow: `course_lib.ops.hardwired`) go through two
stages of 3D convolution and subsampling, each channel by its own kernels; a last convolution as large as what is left
mixes all maps into 128 numbers, and a linear layer reads the action off them.

The published size of the network for the TRECVID surveillance videos is 295,458 parameters. That total is quoted from
memory of the paper; the sum of the layers below gives the same number:
C2 1,480 + S3 92 + C4 3,810 + S5 156 + C6 289,536 + output 384.

Differences from the paper, and how we read it where it is silent:
- the total comes out only with one bias per (input map, output map) pair in C6, and none in the output. The 78 biases
  that meet in one output only ever act as their sum. `connection_bias=False` has ordinary biases: 285,605 parameters.
- tanh follows each convolution, as in Eq. 1 and 2; subsampling is the LeNet kind, a mean times a learned scale plus a
  learned bias per map, without another tanh.
- the extra outputs trained towards bag-of-words features (the paper's regularisation) are left out.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.convolution import conv_output_size


@dataclass(frozen=True)
class Plan:
    """What differs between the networks of the paper. Kernels are (time, rows, columns), pools (rows, columns)."""

    frames: int
    height: int
    width: int
    classes: int
    kernel1: tuple[int, int, int]
    pool1: tuple[int, int]
    kernel2: tuple[int, int, int]
    pool2: tuple[int, int]
    sets: int = 2  # kernels per channel in C2: each gives one set of maps
    kernels: int = 3  # kernels per channel and set in C4
    features: int = 128  # numbers that describe the clip


TRECVID = Plan(7, 60, 40, 3, (3, 7, 7), (2, 2), (3, 7, 6), (3, 3))  # a person: 60 rows, 40 columns
KTH = Plan(9, 60, 80, 6, (3, 7, 9), (3, 3), (3, 7, 7), (3, 3))  # the whole frame of 160 x 120, halved
MINI = Plan(8, 32, 32, 4, (3, 5, 5), (2, 2), (3, 5, 5), (2, 2), features=32)  # for two CPU cores


class Subsample(nn.Module):
    """Mean over non-overlapping rectangles, then a scale and a bias that each map learns (LeNet-5)."""

    def __init__(self, channels, frames, pool):
        super().__init__()
        self.pool = tuple(pool)
        self.scale = nn.Parameter(torch.ones(channels, frames, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, frames, 1, 1))

    def forward(self, x):  # (B, channels, frames, H, W)
        return F.avg_pool3d(x, (1, *self.pool)) * self.scale + self.bias


class Stream(nn.Module):
    """C2, S3, C4 and S5 for one hardwired channel of `frames` maps."""

    def __init__(self, plan, frames):
        super().__init__()
        deep = plan.sets * plan.kernels
        after1, after2 = frames - plan.kernel1[0] + 1, frames - plan.kernel1[0] - plan.kernel2[0] + 2
        self.conv1 = nn.Conv3d(1, plan.sets, plan.kernel1)
        self.sub1 = Subsample(plan.sets, after1, plan.pool1)
        self.conv2 = nn.Conv3d(plan.sets, deep, plan.kernel2, groups=plan.sets)  # each set keeps to itself
        self.sub2 = Subsample(deep, after2, plan.pool2)
        self.maps = deep * after2

    def forward(self, x):  # (B, 1, frames, H, W)
        x = self.sub1(self.conv1(x).tanh())
        return self.sub2(self.conv2(x).tanh()).flatten(1, 2)  # (B, maps, H', W')


class FullConnection(nn.Module):
    """C6: a 2D convolution as large as its maps, with one bias per connection, as the published total implies."""

    def __init__(self, maps, features, size, connection_bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(features, maps, *size))
        self.bias = nn.Parameter(torch.zeros(features, maps) if connection_bias else torch.zeros(features))
        bound = 1 / math.sqrt(self.weight[0].numel())  # keeps the sum in the straight part of tanh
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, x):  # (B, maps, H', W')
        bias = self.bias.sum(1) if self.bias.ndim == 2 else self.bias
        return F.conv2d(x, self.weight, bias).flatten(1)  # (B, features)


class Ji3D(nn.Module):
    """3D CNN on hardwired channels.

    Args:
        plan: sizes; `TRECVID` (the published total), `KTH` or `MINI`.
        connection_bias: one bias per connection in C6 and none in the output, as published; False for ordinary biases.
    """

    def __init__(self, plan=TRECVID, connection_bias=True):
        super().__init__()
        self.plan = plan
        self.frames = (plan.frames,) * 3 + (plan.frames - 1,) * 2  # grey, gradient x, y; flow x, y
        self.streams = nn.ModuleList(Stream(plan, frames) for frames in self.frames)
        size = (plan.height, plan.width)
        for kernel, pool in ((plan.kernel1, plan.pool1), (plan.kernel2, plan.pool2)):
            size = conv_output_size(conv_output_size(size, kernel[1:]), pool, pool)
        maps = sum(stream.maps for stream in self.streams)
        self.connect = FullConnection(maps, plan.features, size, connection_bias)
        self.head = nn.Linear(plan.features, plan.classes, bias=not connection_bias)

    @classmethod
    def kth(cls):
        """The network for the KTH actions: 9 frames of 80 x 60, six classes."""
        return cls(KTH)

    @classmethod
    def mini(cls, plan=MINI):
        """The same class at a size that trains on a laptop: 8 frames of 32 x 32, four classes."""
        return cls(plan)

    def forward(self, maps):
        """Class scores of a batch of clips.

        Args:
            maps: (B, 5 T - 2, H, W) from `course_lib.ops.hardwired.hardwired(clip).maps()`.
        Returns:
            logits (B, K).
        Raises:
            ShapeError: if the number of maps or their size is not the plan's.
        """
        b, n, h, w = check_shape(maps, "B M H W", name="maps").values()
        expected = (sum(self.frames), self.plan.height, self.plan.width)
        if (n, h, w) != expected:
            raise ShapeError(
                f"maps has shape {tuple(maps.shape)}, expected (B, {', '.join(map(str, expected))}): "
                f"this plan takes hardwired(clip).maps() of {self.plan.frames} frames"
            )
        channels = maps.unsqueeze(1).split(self.frames, dim=2)  # five of (B, 1, frames, H, W)
        x = torch.cat([stream(channel) for stream, channel in zip(self.streams, channels, strict=True)], dim=1)
        return self.head(self.connect(x).tanh())
