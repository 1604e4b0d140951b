"""MiDaS: relative depth for any picture, learnt from many data sets that agree in nothing but order.

R. Ranftl, K. Lasinger, D. Hafner, K. Schindler, V. Koltun, "Towards Robust Monocular Depth Estimation: Mixing Datasets
for Zero-shot Cross-dataset Transfer", TPAMI 2020, arXiv:1907.01341. `MidasNet` is the convolutional network of the
public release v2.1: ResNeXt-101 32x8d, whose four maps are merged from coarse to fine; 105,362,945 parameters.

The output is *inverse* depth up to an unknown scale and shift per picture: see `course_lib.ops.depth`.

Differences from the paper, and what decides correctness:
- **The skip of a residual unit adds relu(x), not x.** The release writes the ReLU in place, which changes the very x
  that is added afterwards. The weights were trained so; the form that looks right gives another network.
- fusion blocks double their maps with corners aligned, the head without.
- resConfUnit1 of the coarsest fusion block exists in the checkpoint and is never used.
- input: RGB in 0..1, ImageNet's mean and deviation; the longer side 384, both sides multiples of 32 (`preprocess`).
"""

import torch
from torch import nn
from torch.nn.functional import interpolate

from course_lib.errors import ShapeError, check_shape
from course_lib.models.published import load_published

SIZE, MULTIPLE = 384, 32  # pixels: the longer side, and what both sides are multiples of
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, for RGB in 0..1
FEATURES = 256


class ResidualConvUnit(nn.Module):
    """relu(x) + conv(relu(conv(relu(x)))): mind the first term."""

    def __init__(self, features):
        super().__init__()
        self.conv1 = nn.Conv2d(features, features, 3, padding=1)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, x):
        """(B, C, H, W) -> (B, C, H, W)"""
        x = x.relu()
        return x + self.conv2(self.conv1(x).relu())


class FeatureFusionBlock(nn.Module):
    """Adds a finer map of the encoder to what comes from below, refines, and doubles the size."""

    def __init__(self, features):
        super().__init__()
        self.resConfUnit1 = ResidualConvUnit(features)
        self.resConfUnit2 = ResidualConvUnit(features)

    def forward(self, x, finer=None):
        """(B, C, H, W), and None or as much -> (B, C, 2H, 2W)"""
        if finer is not None:
            x = x + self.resConfUnit1(finer)
        return interpolate(self.resConfUnit2(x), scale_factor=2, mode="bilinear", align_corners=True)


class Scratch(nn.Module):
    """All that is not the encoder; its name and those inside are the checkpoint's."""

    def __init__(self, channels, features):
        super().__init__()
        for i, width in enumerate(channels, 1):
            self.add_module(f"layer{i}_rn", nn.Conv2d(width, features, 3, padding=1, bias=False))
        for i in (4, 3, 2, 1):
            self.add_module(f"refinenet{i}", FeatureFusionBlock(features))
        self.output_conv = nn.Sequential(
            nn.Conv2d(features, features // 2, 3, padding=1),
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            nn.Conv2d(features // 2, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 1, 1),
            nn.ReLU(),  # inverse depth is not negative
        )


class MidasNet(nn.Module):
    """MiDaS v2.1 large.

    Args:
        blocks: residual blocks in the encoder's four stages. groups, group_width: of its convolutions, 32 x 8d.
        features: channels of the decoder.
    """

    def __init__(self, *, blocks=(3, 4, 23, 3), groups=32, group_width=8, features=FEATURES):
        from torchvision.models.resnet import Bottleneck, ResNet  # here: the rest of the library does without it

        super().__init__()
        encoder = ResNet(Bottleneck, list(blocks), groups=groups, width_per_group=group_width)
        first = nn.Sequential(encoder.conv1, encoder.bn1, encoder.relu, encoder.maxpool, encoder.layer1)
        self.pretrained = nn.Module()  # the checkpoint's name for the encoder
        for i, stage in enumerate((first, encoder.layer2, encoder.layer3, encoder.layer4), 1):
            self.pretrained.add_module(f"layer{i}", stage)
        self.scratch = Scratch((256, 512, 1024, 2048), features)

    @classmethod
    def mini(cls):
        """The same network with one block per stage and narrow convolutions, for two CPU cores."""
        return cls(blocks=(1, 1, 1, 1), groups=1, group_width=4, features=8)

    @classmethod
    def from_published(cls, source):
        """MidasNet with published weights.

        Args:
            source: path of midas_v21_384.pt (also called midas_v21-f6b98070.pt, or of version 2, model-f46da743.pt), or
                a state dict of that layout: `pretrained.layer1.0.weight` ... `scratch.output_conv.4.bias`.
        Raises:
            CourseError: names the keys that do not fit.
        """
        with torch.device("meta"):
            model = cls()
        model = model.to_empty(device="cpu")
        for name, buffer in model.named_buffers():
            if name.endswith("num_batches_tracked"):  # absent from old files: must not stay uninitialised
                buffer.zero_()
        load_published(model, source)
        return model.eval()

    def forward(self, frames):
        """Relative inverse depth, not negative: (B, 3, H, W) from `preprocess` -> (B, H, W).

        Raises:
            ShapeError: if H or W is not a multiple of 32.
        """
        sizes = check_shape(frames, "B 3 H W", "frames")
        if sizes["H"] % MULTIPLE or sizes["W"] % MULTIPLE:
            raise ShapeError(
                f"frames are {sizes['H']} x {sizes['W']}, expected multiples of {MULTIPLE}: use `preprocess`, which "
                "resizes so."
            )
        maps, x = [], frames
        for stage in self.pretrained.children():
            x = stage(x)
            maps.append(x)  # 1/4, 1/8, 1/16, 1/32 of the frame
        layers = self.scratch
        path = layers.refinenet4(layers.layer4_rn(maps[3]))
        path = layers.refinenet3(path, layers.layer3_rn(maps[2]))
        path = layers.refinenet2(path, layers.layer2_rn(maps[1]))
        path = layers.refinenet1(path, layers.layer1_rn(maps[0]))
        return layers.output_conv(path)[:, 0]


def input_size(height, width, size=SIZE):
    """What a frame is resized to: the aspect ratio kept, no side over `size`, both multiples of 32.

    Returns:
        (height, width). Each side goes to the *nearest* multiple that is not over `size`, and is at least 32.
    """
    scale = min(size / height, size / width)
    sides = []
    for side in (height, width):
        near = round(scale * side / MULTIPLE) * MULTIPLE
        if near > size:
            near = int(scale * side / MULTIPLE) * MULTIPLE
        sides.append(max(near, MULTIPLE))
    return tuple(sides)


def preprocess(frames, size=SIZE):
    """Frames as the released weights expect them.

    Args:
        frames: (B, 3, H, W) RGB, uint8 or float in 0..1.
        size: of the longer side; 384 for the large network.
    Returns:
        float32 (B, 3, H', W'), standardised, resized by cubic interpolation without antialiasing, as OpenCV does it.
    """
    sizes = check_shape(frames, "B 3 H W", "frames")
    frames = frames.float() / 255 if frames.dtype == torch.uint8 else frames.float()
    frames = interpolate(frames, input_size(sizes["H"], sizes["W"], size), mode="bicubic", align_corners=False)
    mean, std = (frames.new_tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    return (frames - mean) / std


@torch.no_grad()
def inverse_depth(network, frames, size=SIZE):
    """Relative inverse depth at the size of the frames: uint8 or 0..1 (B, 3, H, W) -> (B, H, W)."""
    output = network(preprocess(frames.to(next(network.parameters()).device), size))
    resized = interpolate(output[:, None].float(), frames.shape[-2:], mode="bicubic", align_corners=False)
    return resized[:, 0].clamp(min=0)
