"""A plain fully convolutional network: for every pixel of a frame a number, such as its depth, or three, its normal.

The pipeline that most of dense prediction starts from (Long, Shelhamer, Darrell, "Fully Convolutional Networks for
Semantic Segmentation", CVPR 2015, arXiv:1411.4038): halve the maps until a unit sees much of the frame, then double
them again, and add on the way up what the same size knew on the way down.

Group normalisation (lecture 12) follows every convolution but the last. Without it, `mini` hardly gets beyond the
average of all training maps in the steps that the course can afford.

No published network is meant, and there are no published weights: the default widths are what a GPU trains well, and
`mini` is the network that the course trains in seconds.
"""

from torch import nn
from torch.nn.functional import interpolate

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.models.layers import he, start_small

WIDTHS = (64, 128, 256, 512)
GROUPS = 8  # of channels that are normalised together


def _normalised(before, after, stride=1):
    return nn.Conv2d(before, after, 3, stride, padding=1, bias=False), nn.GroupNorm(GROUPS, after)


class DepthFCN(nn.Module):
    """Encoder and decoder with sums across, at the size of the frame.

    Args:
        outputs: channels per pixel: 1 for log depth, 3 for normals.
        widths: channels after each halving, multiples of 8; the frame's height and width must be divisible by
            2^len(widths).
    """

    def __init__(self, outputs=1, *, widths=WIDTHS):
        super().__init__()
        if outputs < 1 or len(widths) < 2 or any(width % GROUPS for width in widths):
            raise CourseError(
                f"outputs {outputs} and widths {widths}: expected at least 1 output and 2 widths, which are multiples "
                f"of {GROUPS}: their channels are normalised in {GROUPS} groups."
            )
        self.down = nn.ModuleList(
            nn.Sequential(*_normalised(before, width, stride=2), nn.ReLU(), *_normalised(width, width))
            for before, width in zip((3, *widths), widths, strict=False)
        )
        self.up = nn.ModuleList(
            nn.Sequential(*_normalised(below, width))
            for below, width in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.last = nn.Conv2d(widths[0], outputs, 3, padding=1)
        self.apply(he)
        start_small(self.last)

    @classmethod
    def mini(cls, outputs=1):
        """The same network with 130,337 parameters for one output: frames of 48 x 64 and more, seconds of training."""
        return cls(outputs, widths=(16, 24, 40, 64))

    def forward(self, frames):
        """(B, 3, H, W) in 0..1 -> (B, outputs, H, W), without a nonlinearity.

        Raises:
            ShapeError: if H or W is not divisible by 2^len(widths).
        """
        sizes, step = check_shape(frames, "B 3 H W", "frames"), 2 ** len(self.down)
        if sizes["H"] % step or sizes["W"] % step:
            raise ShapeError(
                f"frames are {sizes['H']} x {sizes['W']}, expected sides divisible by {step}: each of the "
                f"{len(self.down)} stages halves them. Resize or crop the frames."
            )
        x, kept = 2 * frames - 1, []
        for stage in self.down:
            x = stage(x).relu()
            kept.append(x)
        for conv, finer in zip(self.up, kept[-2::-1], strict=True):
            x = (conv(interpolate(x, scale_factor=2)) + finer).relu()
        return interpolate(self.last(x), scale_factor=2, mode="bilinear", align_corners=False)
