"""The five networks of Quo Vadis: the same data, the same Inception-v1, and five ways to bring time in.

Joao Carreira, Andrew Zisserman, "Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset", CVPR 2017,
arXiv:1705.07750, Section 2 and Figure 2. With 400 classes:

    (a) `LSTMNet`         Inception-v1 on every fifth frame, then an LSTM                            8,947,648
    (b) `ConvNet3D`       C3D with batch normalisation                                              79,634,576
    (c) `TwoStream`       one frame and ten flow fields, two Inception-v1, scores averaged          12,058,560
    (d) `FusedTwoStream`  their last maps at five moments, joined by a 3D convolution               39,755,824
    (e) `TwoStreamI3D`    two Inception-v1 inflated, scores averaged                                25,372,576

The paper prints 9 M, 79 M, 12 M, 39 M and 25 M.

Differences from the paper, and what it leaves open:
- as in `course_lib.models.i3d`, normalisations have a shift and no scale, and convolutions before them no bias; only
  I3D has the scales of the PyTorch ports. (b)'s shifts stand for C3D's biases: the count is that of C3D.
- the LSTM's inputs are normalised without scale and shift, which its own weights can give. PyTorch's LSTM has two
  biases per gate, of which one would do: with one, the count is 8,945,600.
- (d) pools with a stride of 2, and what is left of its last maps is averaged before the last layer.

R3D, MC3 and R(2+1)D, which came a year later, are in `course_lib.models.video_resnet`.
"""

import torch
from torch import nn

from course_lib.errors import check_shape
from course_lib.models.c3d import WIDTHS
from course_lib.models.i3d import EPS, I3D, MINI, Inception, InceptionV1, Unit
from course_lib.models.layers import he, start_small

EVERY = 5  # (a) looks at one frame of five
STACK = 10  # fields of flow on top of each other, in (c) and (d)
HIDDEN = 512  # units of the LSTM; channels of (d)'s 3D convolution


class LSTMNet(nn.Module):
    """(a): what each frame shows, and an LSTM that remembers.

    Args:
        num_classes: K. every: of so many frames of the clip one is looked at. hidden: units of the LSTM.
        dropout: before the last layer. trunk: settings of `Inception`, such as `MINI`.
    """

    def __init__(self, num_classes=400, *, every=EVERY, hidden=HIDDEN, dropout=0.5, trunk=None):
        super().__init__()
        self.every = every
        self.trunk = Inception(3, **(trunk or {}))
        self.norm = nn.BatchNorm1d(self.trunk.channels, eps=EPS, affine=False)
        self.lstm = nn.LSTM(self.trunk.channels, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(hidden, num_classes)
        start_small(self.logits)

    @classmethod
    def mini(cls, num_classes, *, every=2):
        """Eight times narrower, for short clips."""
        return cls(num_classes, every=every, hidden=HIDDEN // 8, dropout=0.0, trunk=MINI)

    def logits_in_time(self, clip):
        """Scores after each frame that was looked at, all of which are trained: (B, 3, T, H, W) -> (B, K, T')."""
        check_shape(clip, "B 3 T H W", "clip")
        frames = clip[:, :, :: self.every].transpose(1, 2)  # (B, T', 3, H, W)
        seen = self.norm(self.trunk(frames.flatten(0, 1)).mean((2, 3)))
        remembered, _ = self.lstm(seen.unflatten(0, frames.shape[:2]))  # (B, T', hidden)
        return self.logits(self.dropout(remembered)).transpose(1, 2)

    def forward(self, clip):
        """Scores after the last frame: (B, 3, T, H, W) -> (B, K)."""
        return self.logits_in_time(clip)[:, :, -1]


class ConvNet3D(nn.Module):
    """(b): C3D, with normalisation after each layer but the last, and a first pool that halves time as well.

    Args:
        num_classes: K. widths: channels of the eight convolutions. hidden: units of fc6 and fc7.
        clip: (T, H, W) for which fc6 is made. dropout: after fc6 and fc7.
    """

    def __init__(self, num_classes=400, *, widths=WIDTHS, hidden=4096, clip=(16, 112, 112), dropout=0.5):
        super().__init__()
        layers, inputs, size = [], 3, clip
        for number, width in enumerate(widths):
            layers += [Unit(inputs, width, (3, 3, 3), scale=False)]
            if number in (0, 1, 3, 5, 7):  # conv1, 2, 3b, 4b, 5b
                layers += [nn.MaxPool3d(2, 2, ceil_mode=True)]  # rounded up, as in C3D
                size = tuple(-(-n // 2) for n in size)
            inputs = width
        self.convs = nn.Sequential(*layers)
        self.fc6 = nn.Linear(inputs * size[0] * size[1] * size[2], hidden, bias=False)
        self.fc7 = nn.Linear(hidden, hidden, bias=False)
        self.norm6, self.norm7 = (_shifted(nn.BatchNorm1d(hidden, eps=EPS)) for _ in range(2))
        self.fc8 = nn.Linear(hidden, num_classes)
        self.dropout = nn.Dropout(dropout)
        self.apply(he)
        start_small(self.fc8)

    @classmethod
    def mini(cls, num_classes, *, clip=(8, 32, 32)):
        """Eight times narrower."""
        return cls(num_classes, widths=tuple(w // 8 for w in WIDTHS), hidden=512, clip=clip, dropout=0.0)

    def forward(self, clip):
        """(B, 3, T, H, W) -> (B, K) class scores before the softmax."""
        check_shape(clip, "B 3 T H W", "clip")
        x = self.convs(clip).flatten(1)
        x = self.dropout(self.norm6(self.fc6(x)).relu())
        x = self.dropout(self.norm7(self.fc7(x)).relu())
        return self.fc8(x)


class TwoStream(nn.Module):
    """(c): the two-stream network of lecture 05, with Inception-v1 as both streams.

    Args:
        num_classes: K. stack: fields of flow on top of each other. dropout, trunk: as for `InceptionV1`.
    """

    def __init__(self, num_classes=400, *, stack=STACK, dropout=0.5, trunk=None):
        super().__init__()
        self.spatial = InceptionV1(num_classes, 3, dropout=dropout, trunk=trunk)
        self.temporal = InceptionV1(num_classes, 2 * stack, dropout=dropout, trunk=trunk)

    @classmethod
    def mini(cls, num_classes, *, stack=STACK):
        """Eight times narrower."""
        return cls(num_classes, stack=stack, dropout=0.0, trunk=MINI)

    def forward(self, frame, flow):
        """frame (B, 3, H, W), flow (B, 2 stack, H, W) -> (B, K), the mean of both streams' scores."""
        return (self.spatial(frame) + self.temporal(flow)) / 2


class FusedTwoStream(nn.Module):
    """(d): both streams' last maps at several moments meet in a 3D convolution; trained from end to end.

    Args:
        num_classes: K. stack: fields of flow at each moment. hidden: channels of the 3D convolution.
        dropout, trunk: as above.
    """

    def __init__(self, num_classes=400, *, stack=STACK, hidden=HIDDEN, dropout=0.5, trunk=None):
        super().__init__()
        self.spatial = Inception(3, **(trunk or {}))
        self.temporal = Inception(2 * stack, **(trunk or {}))
        self.fuse = Unit(2 * self.spatial.channels, hidden, (3, 3, 3), scale=False)
        nn.init.normal_(self.fuse.conv.weight, std=0.01)  # the paper: Gaussian noise
        self.pool = nn.MaxPool3d(3, 2, ceil_mode=True)
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(hidden, num_classes)
        start_small(self.logits)

    @classmethod
    def mini(cls, num_classes, *, stack=STACK):
        """Eight times narrower."""
        return cls(num_classes, stack=stack, hidden=HIDDEN // 8, dropout=0.0, trunk=MINI)

    def forward(self, frames, flow):
        """frames (B, 3, S, H, W), flow (B, 2 stack, S, H, W) -> (B, K); the paper: S = 5 moments, 10 frames apart."""
        sizes = check_shape(frames, "B 3 S H W", "frames")
        check_shape(flow, f"{sizes['B']} {self.temporal.in_channels} {sizes['S']} H W", "flow")
        both = torch.cat([_each_moment(self.spatial, frames), _each_moment(self.temporal, flow)], 1)  # (B, 2048, S, ..)
        x = self.fuse(both)
        if min(x.shape[2:]) > 1:  # a little clip leaves one place, and nothing to pool
            x = self.pool(x)
        return self.logits(self.dropout(x.mean((2, 3, 4))))


class TwoStreamI3D(nn.Module):
    """(e): I3D on frames and I3D on flow. The two are trained apart; scores are averaged at test time.

    Args:
        num_classes: K. streams: two `I3D` instead of new ones, for RGB and for flow.
    """

    def __init__(self, num_classes=400, *, streams=None):
        super().__init__()
        self.rgb, self.flow = streams or (I3D(num_classes, 3), I3D(num_classes, 2))

    @classmethod
    def mini(cls, num_classes):
        """Eight times narrower."""
        return cls(streams=(I3D.mini(num_classes, 3), I3D.mini(num_classes, 2)))

    def forward(self, clip, flow):
        """clip (B, 3, T, H, W), flow (B, 2, T', H, W) -> (B, K).

        The mean of both scores. DeepMind's script adds them: the same ranking, and a surer softmax.
        """
        return (self.rgb(clip) + self.flow(flow)) / 2


def _each_moment(trunk, clip):
    """A 2D trunk on each frame: (B, C, S, H, W) -> (B, 1024, S, H', W')."""
    maps = trunk(clip.transpose(1, 2).flatten(0, 1))
    return maps.unflatten(0, (clip.shape[0], clip.shape[2])).transpose(1, 2)


def _shifted(norm):
    """A normalisation without a scale."""
    norm.weight = None
    return norm
