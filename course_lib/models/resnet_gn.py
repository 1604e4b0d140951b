"""ResNet with group normalisation: no layer asks how many examples share the batch.

Yuxin Wu, Kaiming He, "Group Normalization", ECCV 2018, arXiv:1803.08494. The network is ResNet-50 (He et al., CVPR
2016, arXiv:1512.03385), in which only the normalisation changes: 25,557,032 parameters for ImageNet with any of the
methods, 4.1 G multiply-adds for a picture of 224 x 224.

What decides correctness:
- 32 groups, eps 1e-5, the biased variance; see `course_lib.ops.normalization` for the formulas.
- the last gamma of every residual block starts at 0, so that each block begins as the identity (Section 4.1).
- the stride of a block sits in its 3 x 3 convolution, as in torchvision and in the authors' reproduction; the ResNet
  paper puts it into the first 1 x 1 convolution.
- `norm="frozen"` is the paper's BN*: batch normalisation whose statistics and affine weights no longer change.
- `dims=3` is for clips: 3 x 3 x 3 kernels in place of 3 x 3, and statistics over time too. It is for miniatures. The
  paper's video network is another inflation of ResNet-50.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from course_lib.errors import CourseError, check_shape
from course_lib.models.layers import start_small
from course_lib.models.published import load_published
from course_lib.ops.normalization import fixed_normalization
from course_lib.ops.sampling import center_crop
from course_lib.places import place, system_errors

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # R, G, B of ImageNet, for pictures in 0..1
NORMS = ("gn", "bn", "ln", "in", "frozen")


class FrozenBatchNorm(nn.Module):
    """Batch normalisation as a fixed scale and shift, under the names of `nn.BatchNorm2d`: nothing here is trained."""

    def __init__(self, channels, eps=1e-5):
        super().__init__()
        self.eps = eps
        for name, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((channels,), value))

    def forward(self, x):
        """(B, C, ...) -> the same shape."""
        return fixed_normalization(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


def norm_layer(norm, channels, groups=32, dims=2):
    """The layer that is compared: "gn", "bn", "ln" (one group), "in" (as many groups as channels) or "frozen"."""
    if norm == "bn":
        return (nn.BatchNorm2d if dims == 2 else nn.BatchNorm3d)(channels)
    if norm == "frozen":
        return FrozenBatchNorm(channels)
    return nn.GroupNorm({"gn": groups, "ln": 1, "in": channels}[norm], channels)


class Bottleneck(nn.Module):
    """1 x 1 down, 3 x 3, 1 x 1 up to four times the width, and the input added (He et al., Figure 5, right).

    Args:
        inputs: channels that come in; width: of the middle; stride: of the 3 x 3 convolution, in space.
        make_norm: function channels -> layer. dims: 2 for pictures, 3 for clips.
    """

    def __init__(self, inputs, width, stride, make_norm, dims=2):
        super().__init__()
        conv, outputs = (nn.Conv2d if dims == 2 else nn.Conv3d), 4 * width
        stride = stride if dims == 2 else (1, stride, stride)  # time keeps its frames
        self.conv1 = conv(inputs, width, 1, bias=False)
        self.bn1 = make_norm(width)
        self.conv2 = conv(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = make_norm(width)
        self.conv3 = conv(width, outputs, 1, bias=False)
        self.bn3 = make_norm(outputs)
        self.downsample = None
        if stride not in (1, (1, 1, 1)) or inputs != outputs:
            self.downsample = nn.Sequential(conv(inputs, outputs, 1, stride=stride, bias=False), make_norm(outputs))

    def forward(self, x):
        """(B, inputs, ...) -> (B, 4 * width, ...), rows and columns divided by the stride."""
        kept = x if self.downsample is None else self.downsample(x)
        x = self.bn1(self.conv1(x)).relu()
        x = self.bn2(self.conv2(x)).relu()
        return (self.bn3(self.conv3(x)) + kept).relu()


class ResNet50(nn.Module):
    """ResNet-50: 3, 4, 6 and 3 bottlenecks; or another residual network of bottlenecks.

    Args:
        num_classes: K.
        norm: "gn", "bn", "ln", "in" or "frozen". groups: G of "gn".
        blocks: bottlenecks in each stage.
        width: channels of the first layer; every stage doubles it.
        stem: "imagenet" (7 x 7 and a pool, each stride 2) or "small" (3 x 3, stride 1), for small pictures.
        dims: 2 for pictures, 3 for clips.
    """

    BLOCKS = (3, 4, 6, 3)

    def __init__(self, num_classes=1000, *, norm="gn", groups=32, blocks=None, width=64, stem="imagenet", dims=2):
        super().__init__()
        blocks = self.BLOCKS if blocks is None else blocks
        if norm not in NORMS:
            raise CourseError(f"norm is {norm!r}, expected one of {', '.join(map(repr, NORMS))}.")
        if norm == "gn" and width % groups:
            raise CourseError(f"{groups} groups do not divide {width} channels. Choose a number that does.")
        if stem not in ("imagenet", "small"):
            raise CourseError(f'stem is {stem!r}, expected "imagenet" or "small".')
        self.dims, self.stem = dims, stem

        def make_norm(channels):
            return norm_layer(norm, channels, groups, dims)

        conv, size = (nn.Conv2d if dims == 2 else nn.Conv3d), 7 if stem == "imagenet" else 3
        stride = 2 if stem == "imagenet" else 1
        stride = stride if dims == 2 else (1, stride, stride)
        self.conv1 = conv(3, width, size, stride=stride, padding=size // 2, bias=False)
        self.bn1 = make_norm(width)
        self.stages = len(blocks)
        inputs = width
        for number, count in enumerate(blocks, 1):
            middle = width * 2 ** (number - 1)
            stage = []
            for block in range(count):
                stage.append(Bottleneck(inputs, middle, 2 if block == 0 and number > 1 else 1, make_norm, dims))
                inputs = 4 * middle
            self.add_module(f"layer{number}", nn.Sequential(*stage))  # the names of torchvision's ResNet
        self.fc = nn.Linear(inputs, num_classes)
        self.apply(_start)
        start_small(self.fc)

    @classmethod
    def mini(cls, num_classes, norm="gn", *, groups=8, width=16, blocks=(1, 1, 1), dims=2):
        """The same blocks, fewer and narrower, for pictures of about 32 x 32 (or clips) on two CPU cores."""
        return cls(num_classes, norm=norm, groups=groups, blocks=blocks, width=width, stem="small", dims=dims)

    @classmethod
    def from_published(cls, source, num_classes=1000, *, norm="gn"):
        """A network with published weights.

        Args:
            source: path or mapping in one of the public layouts: torchvision's names (`layer1.0.bn1.weight`, with or
                without `module.` and `state_dict`), as the authors' PyTorch reproduction has them; or tensorpack's .npz
                (`group0/block0/conv1/gn/gamma`), whose first layer is turned from BGR to RGB here.
            num_classes: of the checkpoint.
            norm: "gn" for the paper's weights, "bn" or "frozen" for torchvision's.
        Returns:
            the network in evaluation mode. It expects RGB, 0..1, minus MEAN, divided by STD.
        Raises:
            CourseError: names the keys that do not fit.
        """
        model = cls(num_classes, norm=norm)
        load_published(model, _from_tensorpack(source), None)
        return model.eval()

    def maps(self, x):
        """Everything before the average: (B, 3, H, W) or (B, 3, T, H, W) -> (B, C, ...)."""
        check_shape(x, "B 3 H W" if self.dims == 2 else "B 3 T H W", "x")
        x = self.bn1(self.conv1(x)).relu()
        if self.stem == "imagenet":
            pool = nn.functional.max_pool2d if self.dims == 2 else nn.functional.max_pool3d
            x = pool(x, *((3, 2, 1) if self.dims == 2 else ((1, 3, 3), (1, 2, 2), (0, 1, 1))))
        for number in range(1, self.stages + 1):
            x = getattr(self, f"layer{number}")(x)
        return x

    def forward(self, x):
        """(B, 3, H, W), or (B, 3, T, H, W) for clips -> (B, K) class scores before the softmax."""
        return self.fc(self.maps(x).flatten(2).mean(2))


class ResNet101(ResNet50):
    """ResNet-101: 3, 4, 23 and 3 bottlenecks."""

    BLOCKS = (3, 4, 23, 3)


def preprocess(picture):
    """A picture as the published weights expect it: smaller side 256, centre 224 x 224, ImageNet's mean and deviation.

    Args:
        picture: uint8 (3, H, W), RGB.
    Returns:
        float32 (3, 224, 224).
    """
    check_shape(picture, "3 H W", "picture")
    rows, columns = picture.shape[1:]
    scale = 256 / min(rows, columns)
    size = (max(256, round(rows * scale)), max(256, round(columns * scale)))
    picture = nn.functional.interpolate(
        picture[None].float() / 255, size=size, mode="bilinear", align_corners=False, antialias=True
    )[0]
    picture = center_crop(picture, 224)
    return (picture - picture.new_tensor(MEAN).view(3, 1, 1)) / picture.new_tensor(STD).view(3, 1, 1)


def _start(module):
    if isinstance(module, nn.Conv2d | nn.Conv3d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, Bottleneck) and not isinstance(module.bn3, FrozenBatchNorm):
        nn.init.zeros_(module.bn3.weight)  # each block begins as the identity


def _from_tensorpack(source):
    """A source in tensorpack's layout under torchvision's names; any other source unchanged."""
    if not isinstance(source, Mapping):
        if not str(source).endswith(".npz"):
            return source
        try:
            with system_errors("the checkpoint cannot be read"), np.load(place(source), allow_pickle=False) as file:
                source = dict(file)
        except ValueError as error:
            raise CourseError(f"{source} cannot be read as an .npz file of arrays ({error}).") from error
    if not any("/" in key for key in source):
        return source
    return dict(_torch_entry(key, torch.as_tensor(value)) for key, value in source.items() if key != "global_step")


def _torch_entry(key, value):
    """One array of tensorpack: (key, array) -> (our key, tensor)."""
    *scopes, name = key.removesuffix(":0").split("/")
    name = {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias"}.get(name, name)
    name = {"mean": "running_mean", "variance": "running_var"}.get(name.partition("/")[0], name)
    is_norm = scopes[-1] in ("gn", "bn")
    layer = scopes[-2] if is_norm else scopes[-1]
    if scopes[0] == "conv0":
        ours = "bn1" if is_norm else "conv1"
    elif scopes[0] == "linear":
        return f"fc.{name}", value.T if name == "weight" else value  # (inputs, outputs) there
    elif scopes[0].startswith("group") and len(scopes) > 2:
        ours = f"layer{int(scopes[0][5:]) + 1}.{scopes[1].removeprefix('block')}."
        ours += f"downsample.{int(is_norm)}" if layer == "convshortcut" else layer
        ours = ours.replace(".conv", ".bn") if is_norm else ours
    else:
        return key, value
    if not is_norm:
        value = value.permute(3, 2, 0, 1)  # (rows, columns, inputs, outputs) there
    if ours == "conv1":
        value = value.flip(1)  # trained on BGR
    return f"{ours}.{name}", value.contiguous()
