"""Five ways to connect a convolutional network in time: Karpathy's fusion models.

Andrej Karpathy, George Toderici, Sanketh Shetty, Thomas Leung, Rahul Sukthankar, Li Fei-Fei, "Large-scale Video
Classification with Convolutional Neural Networks", CVPR 2014. All share one network,

    C(96,11,3)-N-P-C(256,5,1)-N-P-C(384,3,1)-C(384,3,1)-C(256,3,1)-P-FC(4096)-FC(4096)-FC(487),

with C(filters, size, stride), N local response normalisation and P 2 x 2 max-pooling without overlap. They differ in
the temporal extent of the first three convolutions and in how many frames they see, and that is all that differs here:
a 2D convolution is a 3D convolution of temporal extent 1.

Parameters for 487 classes, computed, because the paper prints none: SingleFrame 73,908,071, EarlyFusion 74,221,703,
LateFusion 125,288,295, SlowFusion 75,511,751, MultiResolution 129,035,495.

No weights were published, so there is no `from_published`. What the paper leaves open, and how we read it:
- 7 x 7 x 256 before the first fully connected layer, for 170 x 170 and for 89 x 89 pixels alike, comes out only with
  padding in conv1 such that its output is ceil(size / 3), and pools that round down.
- no groups in the convolutions; the two streams of MultiResolution do not share weights.
- weights start from He's rule, so that 10 layers without normalisation of batches learn at once.
- the "centre region" that is resized to 200 x 200 is the largest square in the middle.
"""

import torch
from torch import nn
from torch.nn.functional import interpolate, pad

from course_lib.errors import CourseError, check_shape
from course_lib.models.layers import classifier, he

WIDTHS = (96, 256, 384, 384, 256)
CROP, RESIZED = 170, 200  # rows and columns of an input frame, and of what it is cut from (Section 3.3)
MEAN = 117.0  # subtracted from every pixel of 0..255 (Section 3.3)
NEIGHBORS, BIAS, ALPHA = 5, 2.0, 1e-4  # of the response normalisation (Section 3.1); its exponent is 1/2
MINI = {"widths": tuple(w // 8 for w in WIDTHS), "hidden": 64, "kernel1": 5, "stride1": 2, "dropout": 0.1}


class Tower(nn.Module):
    """The convolutions. The temporal extents and strides of the first three are all that the models change."""

    def __init__(self, extents, time_strides, widths, kernel1, stride1, last_pool=True):
        super().__init__()
        self.kernel1, self.stride1 = kernel1, stride1
        sizes = (kernel1, 5, 3, 3, 3)
        times, steps = (*extents, 1, 1), (*time_strides, 1, 1)
        self.convs = nn.ModuleList()
        for i, (inputs, outputs) in enumerate(zip((3, *widths), widths, strict=False)):
            step = stride1 if i == 0 else 1
            edge = 0 if i == 0 else sizes[i] // 2  # conv1 pads by hand, as much as the input needs
            kernel, stride = (times[i], sizes[i], sizes[i]), (steps[i], step, step)
            self.convs.append(nn.Conv3d(inputs, outputs, kernel, stride, (0, edge, edge)))
        self.pool = nn.MaxPool3d((1, 2, 2))
        self.last_pool = last_pool

    def forward(self, x):  # (B, 3, T, H, W)
        x = pad(x, (*self._edges(x.shape[4]), *self._edges(x.shape[3])))
        conv1, conv2, conv3, conv4, conv5 = self.convs
        x = self.pool(normalize_responses(conv1(x).relu()))
        x = self.pool(normalize_responses(conv2(x).relu()))
        x = conv5(conv4(conv3(x).relu()).relu()).relu()
        return self.pool(x) if self.last_pool else x  # (B, 256, T', 7, 7)

    def _edges(self, size):
        """Zeros before and after, so that conv1 gives ceil(size / stride) values; the odd one goes to the end."""
        missing = max((-(-size // self.stride1) - 1) * self.stride1 + self.kernel1 - size, 0)
        return missing // 2, missing - missing // 2


def normalize_responses(x):
    """Local response normalisation (Section 3.1): x / sqrt(2 + 1e-4 * sum of the squares of 5 neighbouring channels).

    torch's `local_response_norm` gives the same, several times slower, and divides its alpha by 5.

    Args:
        x: (B, C, T, H, W).
    Returns:
        The same shape.
    """
    channels = x.shape[1]
    squares = pad(x * x, (0, 0, 0, 0, 0, 0, NEIGHBORS // 2, NEIGHBORS // 2))  # zeros beside the first and last channel
    total = sum(squares[:, i : i + channels] for i in range(NEIGHBORS))
    return x * (BIAS + ALPHA * total).rsqrt()


class Fusion(nn.Module):
    """What the models have in common: which frames they see, and a size for two CPU cores."""

    frames = 1  # how many frames go in
    gap = 1  # frames of the video from one to the next

    @classmethod
    def mini(cls, num_classes, *, crop=32):
        """Eight times narrower, with 5 x 5 kernels of stride 2 in conv1, and less dropout, for two CPU cores."""
        return cls(num_classes, crop=crop, **MINI)

    @classmethod
    def frame_indices(cls, num_frames):
        """Which frames of a clip the model sees, centred: (frames,) long.

        Raises:
            CourseError: if the clip is shorter than the frames span.
        """
        span = (cls.frames - 1) * cls.gap + 1
        if num_frames < span:
            raise CourseError(f"{cls.__name__} spans {span} frames, the clip has {num_frames}. Take a longer clip.")
        return (num_frames - span) // 2 + cls.gap * torch.arange(cls.frames)


class SingleFrame(Fusion):
    """One frame, no time: the baseline, and the base of the others.

    Args:
        num_classes: 487 for Sports-1M.
        widths, hidden: channels of the convolutions, units of the fully connected layers.
        crop: rows and columns of a frame.
        kernel1, stride1: of the first convolution in space.
        dropout: probability after the two hidden layers.
    """

    extents = (1, 1, 1)  # temporal extents of conv1, conv2, conv3
    time_strides = (1, 1, 1)
    responses = 1  # moments that are left after conv3

    def __init__(self, num_classes=487, *, widths=WIDTHS, hidden=4096, crop=CROP, kernel1=11, stride1=3, dropout=0.5):
        super().__init__()
        self.tower = Tower(self.extents, self.time_strides, widths, kernel1, stride1)
        side = -(-crop // stride1) // 8
        self.head = classifier(widths[-1] * self.responses * side**2, hidden, num_classes, dropout)
        self.apply(he)

    def forward(self, clip):
        """(B, 3, T, H, W) with T = self.frames -> (B, K) class scores before the softmax."""
        check_shape(clip, f"B 3 {self.frames} H W", "clip")
        return self.head(self.tower(clip).flatten(1))


class EarlyFusion(SingleFrame):
    """Ten frames meet in the first convolution: 11 x 11 x 3 x 10."""

    frames = 10
    extents = (10, 1, 1)


class LateFusion(SingleFrame):
    """Two single-frame towers with shared weights, 15 frames apart, meet in the first fully connected layer.

    Args:
        head: "fully_connected", as published, or "average": the towers' maps are averaged over time and space, and one
            linear layer classifies. Then nothing knows which frame came first.
        The others as in SingleFrame.
    """

    frames = 2
    gap = 15
    responses = 2

    def __init__(self, num_classes=487, *, head="fully_connected", widths=WIDTHS, **sizes):
        super().__init__(num_classes, widths=widths, **sizes)
        if head not in ("fully_connected", "average"):
            raise CourseError(f'head is {head!r}, expected "fully_connected" or "average".')
        if head == "average":
            self.head = nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(widths[-1], num_classes))
        self.averages = head == "average"

    def forward(self, clip):
        """(B, 3, 2, H, W) -> (B, K) class scores before the softmax."""
        check_shape(clip, "B 3 2 H W", "clip")
        maps = self.tower(clip)  # (B, 256, 2, 7, 7)
        return self.head(maps if self.averages else maps.flatten(1))


class SlowFusion(SingleFrame):
    """Ten frames meet step by step: extents 4, 2, 2 with stride 2 leave 4, 2, 1 moments."""

    frames = 10
    extents = (4, 2, 2)
    time_strides = (2, 2, 2)


class MultiResolution(Fusion):
    """Two streams at half the size: the whole frame (context) and its centre (fovea), Section 3.2.

    Input frames have twice the rows and columns of a stream: 178 -> 89. Both streams drop the last pool.
    """

    def __init__(self, num_classes=487, *, widths=WIDTHS, hidden=4096, crop=178, kernel1=11, stride1=3, dropout=0.5):
        super().__init__()
        ones = (1, 1, 1)
        self.context = Tower(ones, ones, widths, kernel1, stride1, last_pool=False)
        self.fovea = Tower(ones, ones, widths, kernel1, stride1, last_pool=False)
        side = -(-(crop // 2) // stride1) // 4
        self.head = classifier(2 * widths[-1] * side**2, hidden, num_classes, dropout)
        self.apply(he)

    def forward(self, clip):
        """(B, 3, 1, H, W) -> (B, K) class scores before the softmax."""
        check_shape(clip, "B 3 1 H W", "clip")
        context, fovea = context_and_fovea(clip)
        return self.head(torch.cat([self.context(context), self.fovea(fovea)], 1).flatten(1))


def context_and_fovea(clip):
    """The two inputs of MultiResolution.

    Args:
        clip: (B, 3, T, H, W), H and W even.
    Returns:
        context: the whole frame at half the size; fovea: the centre at full size. Both (B, 3, T, H / 2, W / 2).
    """
    sizes = check_shape(clip, "B C T H W", "clip")
    height, width = sizes["H"] // 2, sizes["W"] // 2
    context = interpolate(clip, size=(sizes["T"], height, width), mode="area")
    top, left = (sizes["H"] - height) // 2, (sizes["W"] - width) // 2
    return context, clip[..., top : top + height, left : left + width]


def preprocess(clip, crop=CROP, generator=None):
    """A decoded clip as the models expect it (Section 3.3).

    The middle square is resized to 200 x 200 (for other crops in proportion), a crop is cut out, the same for all
    frames, and 117 is subtracted.

    Args:
        clip: uint8 (3, T, H, W), RGB.
        crop: rows and columns of the result; 178 for MultiResolution.
        generator: for training, and for the four views per clip at test time: a random place, and left and right
            swapped every second time. None takes the middle as it is.
    Returns:
        float32 (3, T, crop, crop), -117..138.
    """
    sizes = check_shape(clip, "3 T H W", "clip")
    side, resized = min(sizes["H"], sizes["W"]), round(RESIZED * crop / CROP)
    top, left = (sizes["H"] - side) // 2, (sizes["W"] - side) // 2
    square = clip[:, :, top : top + side, left : left + side].float().transpose(0, 1)  # (T, 3, side, side)
    square = interpolate(square, size=(resized, resized), mode="bilinear", align_corners=False, antialias=True)
    room, turned = resized - crop, False
    top, left = room // 2, room // 2
    if generator is not None:
        top, left, turned = (int(torch.randint(n, (), generator=generator)) for n in (room + 1, room + 1, 2))
    cut = square[..., top : top + crop, left : left + crop].transpose(0, 1) - MEAN
    return (cut.flip(-1) if turned else cut).contiguous()
