"""Depth by two networks: a coarse one that sees the whole picture, and a fine one that knows where edges are.

D. Eigen, C. Puhrsch, R. Fergus, "Depth Map Prediction from a Single Image using a Multi-Scale Deep Network", NIPS 2014,
arXiv:1406.2283. The coarse network is AlexNet's, with fully connected layers at the end: each of its outputs has seen
every pixel. The fine network is local; the coarse prediction is one more channel of its input. Both predict log depth
at a quarter of the frame's size. They are trained one after the other: when the fine one learns, the coarse one rests.

Sizes (NYU): frames 228 x 304, coarse maps 27 x 37, 13 x 18, 6 x 8, then 4096 units, output 55 x 74.

Differences from the paper:
- it does not print how each map is padded. The sizes above follow from: 11 x 11 with stride 4 and 9 x 9 with stride 2
  unpadded, the last convolution with stride 2 unpadded, all others padded, pools of 2 x 2 that round down;
- the first five layers started from ImageNet's weights; here all start from He's rule.
"""

import torch
from torch import nn

from course_lib.errors import ShapeError, check_shape
from course_lib.models.layers import he, start_small

SIZE = (228, 304)  # rows, columns of a frame
WIDTHS = (96, 256, 384, 384, 256)
FINE = 64  # channels of the fine network, one of which is the coarse prediction


def coarse_size(size):
    """(H, W) of the output for frames of this size: a quarter, as the first convolution and the fine pool leave it."""
    return tuple((side - 11) // 4 + 1 for side in size)


def coarsest_size(size):
    """(H, W) of the map before the fully connected layers."""
    return tuple((side // 2 // 2 - 3) // 2 + 1 for side in coarse_size(size))


class Coarse(nn.Module):
    """The global network: five convolutions, two fully connected layers, a number per output pixel.

    Args:
        size: (H, W) of the frames. widths: channels of the convolutions. hidden: units of the first full layer.
        dropout: probability after it.
    """

    def __init__(self, *, size=SIZE, widths=WIDTHS, hidden=4096, dropout=0.5):
        super().__init__()
        w1, w2, w3, w4, w5 = widths
        self.size, self.output = tuple(size), coarse_size(size)
        self.convs = nn.Sequential(
            nn.Conv2d(3, w1, 11, stride=4), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(w1, w2, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(w2, w3, 3, padding=1), nn.ReLU(),
            nn.Conv2d(w3, w4, 3, padding=1), nn.ReLU(),
            nn.Conv2d(w4, w5, 3, stride=2), nn.ReLU(),
        )  # fmt: skip
        rows, columns = coarsest_size(size)
        self.full = nn.Sequential(
            nn.Flatten(),
            nn.Linear(w5 * rows * columns, hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, self.output[0] * self.output[1]),
        )  # fmt: skip
        self.apply(he)
        start_small(self.full[-1])

    def forward(self, frames):
        """Log depth: (B, 3, H, W) -> (B, 1, H/4, W/4)"""
        return self.full(self.convs(frames)).unflatten(1, (1, *self.output))


class Fine(nn.Module):
    """The local network: what edges look like, with the coarse prediction beside 63 maps of them."""

    def __init__(self, width=FINE):
        super().__init__()
        self.edges = nn.Sequential(nn.Conv2d(3, width - 1, 9, stride=2), nn.ReLU(), nn.MaxPool2d(2))
        self.refine = nn.Sequential(
            nn.Conv2d(width, width, 5, padding=2), nn.ReLU(), nn.Conv2d(width, 1, 5, padding=2)
        )  # fmt: skip
        self.apply(he)
        start_small(self.refine[-1])

    def forward(self, frames, coarse):
        """(B, 3, H, W) and log depth (B, 1, H/4, W/4) -> log depth (B, 1, H/4, W/4)"""
        return self.refine(torch.cat([self.edges(frames), coarse], 1))


class EigenDepth(nn.Module):
    """Coarse and fine together.

    Args:
        size: (H, W) of the frames; those of NYU by default.
        widths, hidden, dropout: of `Coarse`. fine: channels of `Fine`.
    """

    def __init__(self, *, size=SIZE, widths=WIDTHS, hidden=4096, dropout=0.5, fine=FINE):
        super().__init__()
        self.coarse = Coarse(size=size, widths=widths, hidden=hidden, dropout=dropout)
        self.fine = Fine(fine)

    @classmethod
    def mini(cls, size=(76, 100)):
        """The same networks, eight times narrower, for frames that two CPU cores can train on."""
        return cls(size=size, widths=tuple(width // 8 for width in WIDTHS), hidden=128, dropout=0.0, fine=16)

    def coarse_depth(self, frames):
        """What the first stage of training trains: (B, 3, H, W) in 0..1 -> log depth (B, H/4, W/4)."""
        return self.coarse(self._checked(frames))[:, 0]

    def forward(self, frames):
        """What the second stage trains: (B, 3, H, W) in 0..1 -> log depth (B, H/4, W/4); the coarse part rests.

        Raises:
            ShapeError: if the frames are not of the size for which the network is made.
        """
        frames = self._checked(frames)
        return self.fine(frames, self.coarse(frames).detach())[:, 0]

    def _checked(self, frames):
        sizes = check_shape(frames, "B 3 H W", "frames")
        if (sizes["H"], sizes["W"]) != self.coarse.size:
            raise ShapeError(
                f"frames are {sizes['H']} x {sizes['W']}, this network is made for {self.coarse.size[0]} x "
                f"{self.coarse.size[1]}: its fully connected layers fix the size. Resize the frames, or make it with "
                "size=(H, W)."
            )
        return 4 * frames - 2  # numbers around 1, which He's rule wants
