"""SiamFC: one network for exemplar and search image, and a map of how alike they are at every place.

Luca Bertinetto, Jack Valmadre, João F. Henriques, Andrea Vedaldi, Philip H. S. Torr, "Fully-Convolutional Siamese
Networks for Object Tracking", ECCV Workshops 2016, arXiv:1606.09549.

    f(z, x) = phi(z) * phi(x) + b          (Equation 2)

phi is an AlexNet of five convolutions without any padding, so that moving the image by the stride moves its features by
one cell: h(L_k x) = L h(x), exactly. Padding would break this, because features near the border would know where they
are. For exemplars of 127 and search images of 255 pixels the map has 17 x 17 cells, 8 pixels apart.

Differences from the paper, and what decides correctness:
- backbones "v1" (the paper's, 2,336,320 parameters), "v2" (stride 4, 32 features) and "v3" (wide, ungrouped) are those
  of the well-known PyTorch version, "pysot" (ungrouped, a norm after the last layer) that of another library.
- the response is multiplied by 0.001 (the authors' released network has that as a fixed gain), so that the first
  responses lie near 0. Their learned bias b is `bias=True`; the PyTorch weights have none, and it moves no maximum.
- the norms of v1 to v3 have eps 1e-6 and momentum 0.05. The common default 1e-5 is another function.
- images are RGB, 0..255, with nothing subtracted: see `preprocess`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from course_lib.errors import CourseError, check_shape
from course_lib.models.layers import he
from course_lib.models.matconvnet import kernels, read_matlab, vector
from course_lib.models.published import load_published, read_state_dict
from course_lib.ops.cross_correlation import cross_correlation

EXEMPLAR, SEARCH = 127, 255  # sides in pixels
EPS, GAIN = 1e-6, 1e-3  # of the norms; what the response is multiplied by
TRAINED = 239  # side of the search image in training: 255 less two strides, a map of 15 x 15


@dataclass(frozen=True)
class Layer:
    """A convolution without padding, and what follows it.

    groups: of the convolution. pool: stride of a max pool of 3 x 3, or 0 for none. norm, relu: whether they follow.
    """

    channels: int
    kernel: int
    stride: int = 1
    groups: int = 1
    pool: int = 0
    norm: bool = True
    relu: bool = True


LAST = {"norm": False, "relu": False}
BACKBONES = {
    "v1": (
        Layer(96, 11, stride=2, pool=2), Layer(256, 5, groups=2, pool=2),
        Layer(384, 3), Layer(384, 3, groups=2), Layer(256, 3, groups=2, **LAST),
    ),
    "v2": (
        Layer(96, 11, stride=2, pool=2), Layer(256, 5, groups=2, pool=1),
        Layer(384, 3), Layer(384, 3, groups=2), Layer(32, 3, groups=2, **LAST),
    ),
    "v3": (
        Layer(192, 11, stride=2, pool=2), Layer(512, 5, pool=2),
        Layer(768, 3), Layer(768, 3), Layer(512, 3, relu=False),
    ),
    "pysot": (
        Layer(96, 11, stride=2, pool=2), Layer(256, 5, pool=2), Layer(384, 3), Layer(384, 3), Layer(256, 3, relu=False),
    ),
    "mini": (
        Layer(16, 5, stride=2), Layer(24, 3, pool=2), Layer(32, 3), Layer(32, 3), Layer(32, 3, **LAST),
    ),
}  # fmt: skip
NORM = {"pysot": {"eps": 1e-5, "momentum": 0.1}}  # of all others: eps 1e-6, momentum 0.05


class Backbone(nn.Sequential):
    """The embedding phi: five blocks conv1 to conv5.  (B, 3, H, W) -> (B, C, H', W')."""

    def __init__(self, layers, *, eps=EPS, momentum=0.05):
        super().__init__()
        channels = 3
        for i, layer in enumerate(layers, 1):
            block = [nn.Conv2d(channels, layer.channels, layer.kernel, layer.stride, groups=layer.groups)]
            if layer.norm:
                block.append(nn.BatchNorm2d(layer.channels, eps=eps, momentum=momentum))
            if layer.relu:
                block.append(nn.ReLU())
            if layer.pool:
                block.append(nn.MaxPool2d(3, layer.pool))
            self.add_module(f"conv{i}", nn.Sequential(*block))
            channels = layer.channels
        self.apply(he)


class SiamFC(nn.Module):
    """The network of the paper.

    Args:
        backbone: "v1", "v2", "v3" or "pysot" (`BACKBONES`).
        bias: learn the b of Equation 2, the same at each place.
        gain: what the response is multiplied by.
        exemplar, search: sides of the images in pixels, for whoever cuts them out; the network takes any size.
    Attributes:
        stride: pixels of the image from one cell of the features to the next.
    """

    def __init__(self, backbone="v1", *, bias=False, gain=GAIN, exemplar=EXEMPLAR, search=SEARCH):
        super().__init__()
        if backbone not in BACKBONES:
            raise CourseError(f"backbone is {backbone!r}, expected one of {', '.join(map(repr, BACKBONES))}.")
        layers = BACKBONES[backbone]
        self.backbone = Backbone(layers, **NORM.get(backbone, {}))
        self.bias = nn.Parameter(torch.zeros(())) if bias else None
        self.gain, self.exemplar, self.search = gain, exemplar, search
        self.stride = 1
        for layer in layers:
            self.stride *= layer.stride * max(1, layer.pool)

    @classmethod
    def mini(cls, *, exemplar=47, search=79):
        """The same network with narrow layers and stride 4, for objects of some 15 pixels and two CPU cores."""
        return cls("mini", bias=True, gain=1e-2, exemplar=exemplar, search=search)

    @classmethod
    def from_published(cls, source, backbone=None):
        """SiamFC with published weights.

        Args:
            source: path or state dict in one of the public layouts: `backbone.conv1.0.weight` ... (with or without
                `backbone.`); the older `feature.0.weight` ... of the same code; pysot's `layer1.0.weight` ... or
                `features.0.weight` ..., whose `rpn_head.` and `neck.` belong to another tracker and are left out;
                path of the authors' 2016-08-17.net.mat; or what `course train 14` has saved.
            backbone: by default the one that the shapes of the weights tell.
        Raises:
            CourseError: names the keys that do not fit.
        """
        matlab = not hasattr(source, "keys") and Path(source).suffix == ".mat"
        state = matconvnet_weights(source) if matlab else read_state_dict(source)
        model = cls(backbone or _backbone_of(state), bias="bias" in state)
        load_published(model, state, _our_name)
        return model.eval()

    def features(self, image):
        """phi: (B, 3, H, W), 0..255 -> (B, C, H', W')."""
        check_shape(image, "B 3 H W", "image")
        return self.backbone(image)

    def match(self, exemplar_features, search_features):
        """Equation 2 from features on: (N, C, h, w), (M, C, H', W') -> (M, 1, H' - h + 1, W' - w + 1)."""
        response = self.gain * cross_correlation(exemplar_features, search_features)
        return response if self.bias is None else response + self.bias

    def forward(self, exemplar, search):
        """Exemplars (N, 3, 127, 127) and search images (M, 3, 255, 255), 0..255 -> responses (M, 1, 17, 17).

        M is a multiple of N; search image i meets exemplar i % N.
        """
        return self.match(self.features(exemplar), self.features(search))


def preprocess(images):
    """Images as all published weights expect them: float RGB, 0..255, nothing subtracted.

    Args:
        images: (..., 3, H, W), uint8, or float from 0 to 1.
    """
    check_shape(images, "* 3 H W", "images")
    return images.float() if images.dtype == torch.uint8 else images * 255


MATLAB_NAMES = {"convf": "0.weight", "convb": "0.bias", "bnm": "1.weight", "bnb": "1.bias"}


def matconvnet_weights(path):
    """The authors' network, a DagNN of MatConvNet, as a state dict of ours.

    `net.params` are structs of name and value: kernels conv1f ..., their biases conv1b ..., gains bn1m ..., biases
    bn1b ... and moments bn1x ... of the norms, and adjust_f and adjust_b, the gain of 0.001 and b. MatConvNet's second
    moment is the deviation sqrt(variance + eps), from which the eps that our norm will add is taken off.

    Raises:
        CourseError: if the file cannot be read, is no such network, or has another gain.
    """
    parameters = getattr(read_matlab(path).get("net"), "params", None)
    if parameters is None:
        raise CourseError(f"{path} has no `net.params`: expected the authors' network, saved as a DagNN.")
    state = {}
    for parameter in np.atleast_1d(parameters):
        name, value = str(parameter.name), parameter.value
        number = re.search(r"\d", name)
        kind, block = re.sub(r"\d", "", name), f"backbone.conv{number[0] if number else ''}"
        if kind in MATLAB_NAMES:
            state[f"{block}.{MATLAB_NAMES[kind]}"] = kernels(value) if kind == "convf" else vector(value)
        elif kind == "bnx":
            mean, deviation = torch.from_numpy(np.asarray(value, dtype=np.float64)).unbind(1)
            state[f"{block}.1.running_mean"] = mean.float()
            state[f"{block}.1.running_var"] = (deviation.square() - EPS).clamp(min=0).float()
        elif name == "adjust_b":
            state["bias"] = vector(value)[0]
        elif name != "adjust_f":
            state[name] = vector(value)  # the loader will name it
        elif abs(float(value) - GAIN) > 1e-6:
            raise CourseError(f"{path} multiplies the response by {float(value):g}, the released network by {GAIN}.")
    return state


PYSOT_FEATURES = {  # the numbers of its convolutions and norms in one long list
    0: "conv1.0", 1: "conv1.1", 4: "conv2.0", 5: "conv2.1", 8: "conv3.0", 9: "conv3.1",
    11: "conv4.0", 12: "conv4.1", 14: "conv5.0", 15: "conv5.1",
}  # fmt: skip


def _our_name(key):
    """Translate a key of a public layout; one that is already ours, or of no layout that is known, stays."""
    if key.startswith(("rpn_head.", "neck.")):
        return None
    parts = key.removeprefix("backbone.").split(".")
    if parts[0] in ("feature", "features") and len(parts) == 3:
        block = PYSOT_FEATURES.get(int(parts[1])) if parts[1].isdigit() else None
        return f"backbone.{block}.{parts[2]}" if block else key
    if parts[0].startswith("layer"):
        return ".".join(["backbone", parts[0].replace("layer", "conv"), *parts[1:]])
    return ".".join(["backbone", *parts]) if parts[0].startswith("conv") else key


def _backbone_of(state):
    """Which backbone the weights belong to: told by the shapes of the second and the last convolution."""
    shapes = {_our_name(key): tuple(value.shape) for key, value in state.items()}
    second, last = shapes.get("backbone.conv2.0.weight"), shapes.get("backbone.conv5.0.weight")
    for name in ("v1", "v2", "v3", "pysot"):
        layers = BACKBONES[name]
        channels = [3, *(layer.channels for layer in layers)]
        expected = [
            (layer.channels, before // layer.groups, layer.kernel, layer.kernel)
            for before, layer in zip(channels, layers, strict=False)
        ]
        if (second, last) == (expected[1], expected[4]):
            return name
    return "v1"  # its keys will be listed beside those that came
