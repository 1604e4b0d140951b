"""How much of a 3D kernel is needed? ResNet-18 for clips with three kinds of convolution.

Du Tran, Heng Wang, Lorenzo Torresani, Jamie Ray, Yann LeCun, Manohar Paluri, "A Closer Look at Spatiotemporal
Convolutions for Action Recognition", CVPR 2018, arXiv:1711.11248. With 400 classes:

    "r3d"      3 x 3 x 3 everywhere                                          33,371,472
    "mc3"      3 x 3 x 3 in the first stage, 1 x 3 x 3 in the other three    11,695,440
    "r2plus1d" each 3 x 3 x 3 as 1 x 3 x 3, ReLU, 3 x 1 x 1                  31,505,325

The network in between is so wide that the two small kernels have as many parameters as the large one (Section 3.5).

Differences from the paper, and what decides correctness:
- 18 layers and clips of 16 x 112 x 112, as in torchvision, whose layout and released weights these are.
- both convolutions of a block have the width in between that follows from the *block's* channels, although the second
  one takes in more: so in the authors' code and in torchvision. The formula of the paper is of each convolution.
- `port="jfzhang"` is a much-used PyTorch port that differs: normalisation and ReLU come twice after each convolution of
  a block, the width in between is each convolution's own, and R(2+1)D factorises the shortcuts as well. It has
  33,227,557 (R3D) and 33,226,750 (R(2+1)D) parameters for 101 classes.
"""

import re

import torch
from torch import nn
from torch.nn.functional import interpolate

from course_lib.errors import CourseError, check_shape
from course_lib.models.layers import he, start_small
from course_lib.models.published import load_published, read_state_dict

FRAMES, CROP = 16, 112  # a clip as torchvision's weights were trained with
RESIZED = (128, 171)  # rows, columns before the crop
MEAN, STD = (0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)  # R, G, B of Kinetics-400, in 0..1
WIDTHS = (64, 128, 256, 512)  # channels of the four stages
STEM_BETWEEN = 45  # channels between the two parts of R(2+1)D's first convolution
KINDS, PORTS = ("r3d", "mc3", "r2plus1d"), ("torchvision", "jfzhang")


def width_between(inputs, outputs, size=3):
    """Channels between 1 x size x size and size x 1 x 1, for as many parameters as size x size x size (Section 3.5)."""
    return size**3 * inputs * outputs // (size**2 * inputs + size * outputs)


def conv(inputs, outputs, kernel, stride=(1, 1, 1)):
    """Convolution without bias whose padding keeps the size at stride 1; kernel and stride are (time, row, column)."""
    return nn.Conv3d(inputs, outputs, kernel, stride, [k // 2 for k in kernel], bias=False)


def factorised(inputs, between, outputs, size, stride):
    """Space, normalisation, ReLU, time: the layers of a (2+1)D convolution; stride is (time, row, column)."""
    space, time = conv(inputs, between, (1, size, size), (1, *stride[1:])), (size, 1, 1)
    return [space, nn.BatchNorm3d(between), nn.ReLU(), conv(between, outputs, time, (stride[0], 1, 1))]


class Block(nn.Module):
    """Two convolutions beside a shortcut.

    Args:
        kind: "r3d", "mc3" for 1 x 3 x 3, or "r2plus1d". inputs, outputs: channels.
        stride: of the first convolution. port: see `VideoResNet`.
    """

    def __init__(self, kind, inputs, outputs, stride, port):
        super().__init__()
        self.kind, self.port = kind, port
        strides = (1 if kind == "mc3" else stride, stride, stride)
        first = width_between(inputs, outputs)
        second = first if port == "torchvision" else width_between(outputs, outputs)
        self.conv1 = nn.Sequential(self._conv(inputs, first, outputs, strides), nn.BatchNorm3d(outputs), nn.ReLU())
        self.conv2 = nn.Sequential(self._conv(outputs, second, outputs, (1, 1, 1)), nn.BatchNorm3d(outputs))
        self.downsample = None
        if stride > 1:
            if port == "jfzhang":
                reduced = self._conv(inputs, width_between(inputs, outputs, 1), outputs, strides, size=1)
            else:
                reduced = conv(inputs, outputs, (1, 1, 1), strides)
            self.downsample = nn.Sequential(reduced, nn.BatchNorm3d(outputs))

    def _conv(self, inputs, between, outputs, stride, size=3):
        """The convolution of this kind, and what the port puts behind it."""
        if self.kind == "r2plus1d":
            layers = factorised(inputs, between, outputs, size, stride)
        else:
            layers = [conv(inputs, outputs, (1 if self.kind == "mc3" else size, size, size), stride)]
        if self.port == "jfzhang":
            layers += [nn.BatchNorm3d(outputs), nn.ReLU()]
        return nn.Sequential(*layers) if len(layers) > 1 else layers[0]

    def forward(self, x):
        """(B, C, T, H, W) -> (B, D, T', H', W'), not negative."""
        shortcut = x if self.downsample is None else self.downsample(x)
        return (self.conv2(self.conv1(x)) + shortcut).relu()


class VideoResNet(nn.Module):
    """R3D-18, MC3-18 or R(2+1)D-18. The names of its weights are torchvision's.

    Args:
        num_classes: K. kind: "r3d", "mc3" or "r2plus1d". port: "torchvision" or "jfzhang", see the top of this file.
        widths: channels of the four stages; the stem has the first one's.
    Raises:
        CourseError: if kind or port is not known, or the port has no such network.
    """

    def __init__(self, num_classes=400, kind="r2plus1d", *, port="torchvision", widths=WIDTHS):
        super().__init__()
        if kind not in KINDS or port not in PORTS or (kind, port) == ("mc3", "jfzhang"):
            known = f"{', '.join(KINDS)} and {' or '.join(PORTS)}, of which the last has no mc3"
            raise CourseError(f"kind is {kind!r} and port {port!r}: expected one of {known}.")
        first = widths[0]
        if kind == "r2plus1d":
            between = STEM_BETWEEN * first // WIDTHS[0]
            stem = [conv(3, between, (1, 7, 7), (1, 2, 2)), nn.BatchNorm3d(between), nn.ReLU()]
            stem += [conv(between, first, (3, 1, 1))]
        else:
            stem = [conv(3, first, (3, 7, 7), (1, 2, 2))]
        self.stem = nn.Sequential(*stem, nn.BatchNorm3d(first), nn.ReLU())
        for stage, (inputs, outputs) in enumerate(zip((first, *widths), widths, strict=False)):
            inner = "r3d" if kind == "mc3" and stage == 0 else kind
            blocks = Block(inner, inputs, outputs, 2 if stage else 1, port), Block(inner, outputs, outputs, 1, port)
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(widths[-1], num_classes)
        self.apply(he)
        start_small(self.fc)

    @classmethod
    def mini(cls, num_classes, kind="r2plus1d"):
        """Eight times narrower."""
        return cls(num_classes, kind, widths=tuple(width // 8 for width in WIDTHS))

    @classmethod
    def from_published(cls, source, num_classes=None):
        """The network that the names and shapes in a checkpoint tell, with its weights.

        Args:
            source: path or state dict. torchvision's layout, `stem.0.weight` ... `fc.bias`, of r3d_18, mc3_18 or
                r2plus1d_18; or the port's, `res3d.conv1...` or `res2plus1d.conv1...` to `linear.bias`.
            num_classes: what the checkpoint must have; None takes what it has.
        Raises:
            CourseError: if the file cannot be read; or names the keys that do not fit.
        """
        state = read_state_dict(source)
        port = "jfzhang" if any(key.startswith(("res3d.", "res2plus1d.")) for key in state) else "torchvision"
        state = {_our_name(key): value for key, value in state.items()}
        deeper = state.get("layer2.0.conv1.0.weight")  # 1 x 3 x 3 in MC3, 3 x 3 x 3 in R3D
        flat = deeper is not None and deeper.ndim == 5 and deeper.shape[2] == 1
        kind = "r2plus1d" if "stem.3.weight" in state else "mc3" if flat and port == "torchvision" else "r3d"
        if num_classes is None:
            num_classes = len(state["fc.weight"]) if "fc.weight" in state else 400
        model = cls(num_classes, kind, port=port)
        load_published(model, state)
        return model.eval()

    def features(self, clip):
        """The last maps: (B, 3, T, H, W) -> (B, 512, ...): a 16th of rows and columns, an 8th (MC3: all) of frames."""
        check_shape(clip, "B 3 T H W", "clip")
        return self.layer4(self.layer3(self.layer2(self.layer1(self.stem(clip)))))

    def forward(self, clip):
        """Class scores before the softmax: (B, 3, T, H, W) -> (B, K)."""
        return self.fc(self.features(clip).mean((2, 3, 4)))


def preprocess(clip):
    """A decoded clip as torchvision's weights expect it: resized to 128 x 171, centre 112 x 112, normalised.

    Args:
        clip: uint8 (3, T, H, W), RGB; the weights were trained with 16 frames.
    Returns:
        float32 (3, T, 112, 112).
    """
    check_shape(clip, "3 T H W", "clip")
    frames = clip.float().div(255).transpose(0, 1)  # (T, 3, H, W)
    frames = interpolate(frames, size=RESIZED, mode="bilinear", align_corners=False).transpose(0, 1)
    top, left = (RESIZED[0] - CROP) // 2, round((RESIZED[1] - CROP) / 2)
    mean, std = (torch.tensor(values).view(3, 1, 1, 1) for values in (MEAN, STD))
    return (frames[:, :, top : top + CROP, left : left + CROP] - mean) / std


_PARTS = {  # of a convolution in the port: place in ours
    "temporal_spatial_conv": 0, "bn": 1, "spatial_conv": 0, "bn1": 1, "temporal_conv": 3, "bn2": 4,
}  # fmt: skip
_LAYERS = {"conv1": "conv1.0", "conv2": "conv2.0", "downsampleconv": "downsample.0"}
_NORMS = {"bn1": "conv1.1", "bn2": "conv2.1", "downsamplebn": "downsample.1"}


def _our_name(key):
    """Translate a key of the port; torchvision's, which are ours, and unknown ones stay."""
    if key.startswith("linear."):
        return key.replace("linear.", "fc.")
    stem = re.fullmatch(r"res(?:3d|2plus1d)\.conv1\.(\w+)\.(\w+)", key)
    if stem and stem[1] in _PARTS:
        return f"stem.{_PARTS[stem[1]]}.{stem[2]}"
    match = re.fullmatch(r"res(?:3d|2plus1d)\.conv([2-5])\.(block1|blocks\.0)\.(\w+)(?:\.(\w+))?\.(\w+)", key)
    if not match:
        return key
    stage, which, layer, part, kind = match.groups()
    block = f"layer{int(stage) - 1}.{int(which != 'block1')}"
    if part is None:
        return f"{block}.{_NORMS[layer]}.{kind}" if layer in _NORMS else key
    return f"{block}.{_LAYERS[layer]}.{_PARTS[part]}.{kind}" if layer in _LAYERS and part in _PARTS else key
