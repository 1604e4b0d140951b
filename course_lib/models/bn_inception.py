"""BN-Inception: GoogLeNet with batch normalisation, the network inside temporal segment networks (lecture 08).

Sergey Ioffe, Christian Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
Shift", ICML 2015, arXiv:1502.03167. Each Inception block looks at its input through four branches side by side: 1 x 1,
3 x 3, twice 3 x 3, and a pool. 11,295,240 parameters for the 1000 classes of ImageNet, 2.03 G multiply-adds for an
image of 224 x 224.

Differences from the paper, and what decides correctness (the public weights come from a Caffe network):
- all pools round up, as Caffe does: 112 -> 56 and 28 -> 14, so that the pooled branch fits the others. Rounded down,
  they would give 55 and 13. (Where a size is odd, nothing fits: images have sides that are multiples of 32.)
- averages count the padding (a corner's 3 x 3 window is divided by 9, although five of its pixels are zeros).
- every convolution has a bias, although the normalisation behind it removes one.
- the stride of a stride-2 block sits in its last 3 x 3 convolutions; it has no 1 x 1 branch, and its max pool passes
  the input on. The last block, 5b, has a max pool where all others average.
- weights start from He's rule. The released weights expect BGR frames, 0..255, minus a mean: `course_lib.ops.snippets`.
"""

import re

import torch
from torch import nn

from course_lib.errors import ShapeError, check_shape
from course_lib.models.caffemodel import is_caffemodel, named_weights, read_caffemodel
from course_lib.models.layers import he, start_small
from course_lib.models.published import load_published, read_state_dict

STEM = (64, 64, 192)  # channels of conv1 7 x 7, conv2's 1 x 1, conv2's 3 x 3
# name: (1 x 1, (reduce, 3 x 3), (reduce, 3 x 3, 3 x 3), (pool, projection)); 0 where a stride-2 block has none
BLOCKS = {
    "3a": (64, (64, 64), (64, 96, 96), ("average", 32)),
    "3b": (64, (64, 96), (64, 96, 96), ("average", 64)),
    "3c": (0, (128, 160), (64, 96, 96), ("max", 0)),
    "4a": (224, (64, 96), (96, 128, 128), ("average", 128)),
    "4b": (192, (96, 128), (96, 128, 128), ("average", 128)),
    "4c": (160, (128, 160), (128, 160, 160), ("average", 128)),
    "4d": (96, (128, 192), (160, 192, 192), ("average", 128)),
    "4e": (0, (128, 192), (192, 256, 256), ("max", 0)),
    "5a": (352, (192, 320), (160, 224, 224), ("average", 128)),
    "5b": (352, (192, 320), (192, 224, 224), ("max", 128)),
}


class Unit(nn.Module):
    """Convolution with bias, batch normalisation, ReLU; padded so that stride 1 keeps the size."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.conv(x)).relu()


class Inception(nn.Module):
    """Four branches side by side, concatenated in this order.

    Args:
        inputs: channels that come in.
        one, three, twice, pooled: an entry of `BLOCKS`. Without a 1 x 1 branch (0) the block has stride 2.
    """

    def __init__(self, inputs, one, three, twice, pooled):
        super().__init__()
        stride = 1 if one else 2
        kind, projection = pooled
        self.one = Unit(inputs, one, 1) if one else None
        self.three = nn.Sequential(Unit(inputs, three[0], 1), Unit(*three, 3, stride))
        self.twice = nn.Sequential(
            Unit(inputs, twice[0], 1), Unit(*twice[:2], 3), Unit(*twice[1:], 3, stride)
        )  # fmt: skip
        pool = nn.MaxPool2d if kind == "max" else nn.AvgPool2d  # AvgPool2d counts the padding unless told otherwise
        padding = 1 if one else 0
        self.pool = nn.Sequential(pool(3, stride, padding, ceil_mode=True))
        if projection:
            self.pool.append(Unit(inputs, projection, 1))
        self.outputs = one + three[-1] + twice[-1] + (projection or inputs)

    def forward(self, x):
        """(B, inputs, H, W) -> (B, outputs, H, W), half of H and W in a stride-2 block.

        Raises:
            ShapeError: if a stride-2 block gets an odd size: its pool, which has no padding, would lose the last row.
        """
        parts = [self.three(x), self.twice(x), self.pool(x)]
        if self.one is not None:
            return torch.cat([self.one(x), *parts], 1)
        if x.shape[-2] % 2 or x.shape[-1] % 2:
            raise ShapeError(
                f"a block of stride 2 got maps of {x.shape[-2]} x {x.shape[-1]}, expected even sizes, or its branches "
                "do not fit together. Give the network images whose sides are multiples of 32."
            )
        return torch.cat(parts, 1)


class BNInception(nn.Module):
    """The network for one image, or for one stack of flow fields.

    Args:
        num_classes: 1000 for ImageNet.
        in_channels: 3 for an image, 10 for five flow fields, 15 for five RGB differences.
        dropout: probability before the classifier; the temporal segment networks set it.
        stem: channels of the first three convolutions. blocks: the Inception blocks, as in `BLOCKS`.
    """

    def __init__(self, num_classes=1000, in_channels=3, *, dropout=0.0, stem=STEM, blocks=BLOCKS):
        super().__init__()
        self.conv1 = Unit(in_channels, stem[0], 7, stride=2)
        self.pool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2 = nn.Sequential(Unit(stem[0], stem[1], 1), Unit(stem[1], stem[2], 3))
        self.pool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.blocks = nn.ModuleDict()
        channels = stem[2]
        for name, branches in blocks.items():
            self.blocks[name] = Inception(channels, *branches)
            channels = self.blocks[name].outputs
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, num_classes)
        self.apply(he)
        start_small(self.fc)

    @classmethod
    def mini(cls, num_classes, in_channels=3, *, dropout=0.0):
        """Three of the ten blocks, eight times narrower, for frames of 32 x 32 or 48 x 48 pixels on two cores."""
        few = {name: _narrow(BLOCKS[name]) for name in ("3a", "3c", "5b")}
        return cls(num_classes, in_channels, dropout=dropout, stem=_narrow(STEM), blocks=few)

    @classmethod
    def from_published(cls, source, num_classes=None, in_channels=None):
        """BN-Inception with published weights.

        Args:
            source: path or state dict in one of the public layouts: names such as `inception_3a_1x1_bn.weight`, and the
                classifier as `fc.*`, `last_linear.*` or `fc_action.*`; or an authors' .caffemodel, read without Caffe.
                Normalisations may be shaped (1, C).
            num_classes, in_channels: of the checkpoint; None reads them from it.
        Raises:
            CourseError: names the keys that do not fit.
        """
        state = published_state(source)
        found_classes, found_channels = sizes_in(state)
        model = cls(num_classes or found_classes or 1000, in_channels or found_channels or 3)
        load_published(model, state)
        return model.eval()

    def maps(self, x):
        """Everything below the global average: (B, in_channels, H, W) -> (B, 1024, H / 32, W / 32)."""
        check_shape(x, f"B {self.conv1.conv.in_channels} H W", "x")
        x = self.pool2(self.conv2(self.pool1(self.conv1(x))))
        for block in self.blocks.values():
            x = block(x)
        return x

    def features(self, x):
        """The global average: (B, in_channels, H, W) -> (B, 1024); the published network sees 7 x 7 there."""
        return self.maps(x).mean((2, 3))

    def forward(self, x):
        """(B, in_channels, H, W) -> (B, K) class scores before the softmax."""
        return self.fc(self.dropout(self.features(x)))


def _narrow(channels):
    """An entry of `BLOCKS`, or a stem, with an eighth of the channels."""
    if isinstance(channels, tuple):
        return tuple(_narrow(part) for part in channels)
    return channels // 8 if isinstance(channels, int) else channels


_STEM = {"conv1_7x7_s2": "conv1", "conv2_3x3_reduce": "conv2.0", "conv2_3x3": "conv2.1"}
_BRANCH = {
    "1x1": "one", "3x3_reduce": "three.0", "3x3": "three.1", "double_3x3_reduce": "twice.0", "double_3x3_1": "twice.1",
    "double_3x3_2": "twice.2", "pool_proj": "pool.1",
}  # fmt: skip
_HEADS = ("fc", "last_linear", "new_fc", "fc_action")
_BN_BLOBS = ("weight", "bias", "running_mean", "running_var")  # of the "BN" layer in the authors' Caffe, in this order


def published_state(source):
    """The weights of a public checkpoint under our names, normalisations shaped (C,). A key of no known layout stays.

    A leading `base_model.` (temporal segment networks in PyTorch) is stripped, as is `module.`.
    """
    state = {}
    for key, value in (_caffe_state(source) if is_caffemodel(source) else read_state_dict(source)).items():
        if "_bn." in key and value.ndim > 1 and value.numel() == value.shape[1]:
            value = value.flatten()  # (1, C) in PyTorch, (1, C, 1, 1) in Caffe
        state[_our_name(key.removeprefix("base_model."))] = value
    return state


def _caffe_state(path):
    """A .caffemodel with PyTorch's names: `inception_3a/1x1_bn` -> `inception_3a_1x1_bn.weight` and so on."""
    layers = {re.sub(r"\W", "_", name): blobs for name, blobs in read_caffemodel(path).items()}
    state = named_weights({name: blobs for name, blobs in layers.items() if not name.endswith("_bn")})
    for name, blobs in layers.items():
        if name.endswith("_bn"):
            state |= {f"{name}.{kind}": one for kind, one in zip(_BN_BLOBS, blobs, strict=True)}
    return state


def sizes_in(state):
    """(classes, input channels) of a state under our names, None for what it does not show."""
    head, first = state.get("fc.weight"), state.get("conv1.conv.weight")
    return (None if head is None else len(head)), (None if first is None or first.ndim != 4 else first.shape[1])


def _our_name(key):
    layer, _, last = key.rpartition(".")
    if layer in _HEADS:
        return f"fc.{last}"
    kind = "norm" if layer.endswith("_bn") else "conv"
    name = layer.removesuffix("_bn")
    if name in _STEM:
        return f"{_STEM[name]}.{kind}.{last}"
    found = re.fullmatch(r"inception_(\d[a-e])_(.+)", name)
    return f"blocks.{found[1]}.{_BRANCH[found[2]]}.{kind}.{last}" if found and found[2] in _BRANCH else key
