"""Universal Correspondence Network: one descriptor for every pixel, trained so that matching points get equal ones.

Christopher B. Choy, JunYoung Gwak, Silvio Savarese, Manmohan Chandraker, "Universal Correspondence Network",
NeurIPS 2016, arXiv:1606.03558. Older networks compared patches, one pair at a time. UCN computes the descriptors of a
whole picture in one pass, so that any two points of two pictures are compared by a product. Two networks:

- `UCN`, the paper's: GoogLeNet from conv1 to inception_4a, 1,053,024 parameters, a descriptor of 512 numbers for every
  fourth pixel; with the *convolutional spatial transformer*, which turns and scales each patch of the feature map
  before a kernel sees it, as SIFT does with patches of the picture.
- `ResUNet`, the authors' later one (open-ucn, 2019), of which weights are public: a residual U-net that gives a
  descriptor for every pixel of a grey picture; 3,683,744 parameters for 64 numbers each.

Differences from the paper, and what decides correctness:
- the paper's own Caffe model is not public. Its text fixes the layers, stride 2 in the two bottom layers only, and no
  local response normalisation; the size of the network that chooses each patch's map is ours.
- pools are padded by one, so that cell (i, j) lies at pixel (4 i, 4 j) exactly. GoogLeNet's own pools are not padded.
- the patches' maps start as the identity: with zero weights in their last layer, the network *is* the plain one.
- open-ucn does without the transformer. Its input is grey, -0.5..0.5, and its transposed convolutions come out a pixel
  too large and are cut at the right and the bottom. Its class leaves the descriptors' length as it is unless told
  otherwise, and so does ours.
"""

import re

import torch
from torch import nn
from torch.nn.functional import conv2d, normalize

from course_lib.errors import ShapeError, check_shape
from course_lib.models.caffemodel import read_weights
from course_lib.models.layers import he
from course_lib.models.published import load_published, read_state_dict
from course_lib.ops.spatial_transformer import expanded

MEAN = (123.0, 117.0, 104.0)  # R, G, B: what GoogLeNet's released weights subtract, 0..255
STEM = (64, 64, 192)  # channels of conv1 7 x 7, conv2's 1 x 1, conv2's 3 x 3
# name: 1 x 1, (reduce, 3 x 3), (reduce, 5 x 5), projection behind the pool
BLOCKS = {
    "3a": (64, (96, 128), (16, 32), 32),
    "3b": (128, (128, 192), (32, 96), 64),
    "4a": (192, (96, 208), (16, 48), 64),
}


class PatchTransformer(nn.Module):
    """A convolution whose every patch is first turned, scaled and sheared by a map of its own (Section 3.2).

    A small network gives four numbers for each cell. They move the kernel's k x k taps about their middle; the features
    there, fetched bilinearly, are laid out side by side, k times as large along each axis, and a kernel with stride k
    reads them. It is a spatial transformer for every patch; deformable convolutions later gave each tap its own shift.

    Args:
        inputs, outputs: channels. kernel: k, odd.
    """

    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.kernel = kernel
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.localisation = nn.Sequential(nn.Conv2d(inputs, inputs, 5, padding=2), nn.ReLU(), nn.Conv2d(inputs, 4, 1))

    def start_at_identity(self):
        """Maps that change nothing: the module computes what its plain convolution would."""
        nn.init.zeros_(self.localisation[-1].weight)
        with torch.no_grad():
            self.localisation[-1].bias.copy_(torch.tensor([1.0, 0, 0, 1]))

    def maps(self, x):
        """The matrix that moves the taps at every cell, rows (x, y): (B, C, H, W) -> (B, H, W, 2, 2)."""
        return self.localisation(x).permute(0, 2, 3, 1).unflatten(-1, (2, 2))

    def forward(self, x):
        """(B, inputs, H, W) -> (B, outputs, H, W)"""
        return conv2d(expanded(x, self.maps(x), self.kernel), self.conv.weight, self.conv.bias, stride=self.kernel)


class Inception(nn.Module):
    """GoogLeNet's block: four branches side by side, each with its ReLU, concatenated.

    Args:
        inputs: channels that come in.
        one, three, five, projection: an entry of `BLOCKS`.
        transform: whether the 3 x 3 and 5 x 5 kernels read transformed patches.
    """

    def __init__(self, inputs, one, three, five, projection, transform=False):
        super().__init__()

        def spatial(channels, kernel):
            if transform:
                return PatchTransformer(*channels, kernel)
            return nn.Conv2d(*channels, kernel, padding=kernel // 2)

        self.one = nn.Sequential(nn.Conv2d(inputs, one, 1), nn.ReLU())
        self.three = nn.Sequential(nn.Conv2d(inputs, three[0], 1), nn.ReLU(), spatial(three, 3), nn.ReLU())
        self.five = nn.Sequential(nn.Conv2d(inputs, five[0], 1), nn.ReLU(), spatial(five, 5), nn.ReLU())
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), nn.Conv2d(inputs, projection, 1), nn.ReLU())
        self.outputs = one + three[1] + five[1] + projection

    def forward(self, x):
        """(B, inputs, H, W) -> (B, outputs, H, W)"""
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1)


class UCN(nn.Module):
    """The paper's network.

    Args:
        channels: 3 for RGB.
        transform: with the convolutional spatial transformer in inception_4a.
        features: numbers per descriptor, from a last 1 x 1 convolution and its normalisation; None gives inception_4a's
            own 512.
        strides: of conv1 and pool1. stem: channels of the first three convolutions. blocks: as in `BLOCKS`.
    Attributes:
        stride: picture pixels per cell of the features: cell (i, j) lies at pixel (stride i, stride j).
    """

    def __init__(self, channels=3, *, transform=False, features=None, strides=(2, 2), stem=STEM, blocks=BLOCKS):
        super().__init__()
        self.channels, self.stride = channels, strides[0] * strides[1]
        self.conv1 = nn.Conv2d(channels, stem[0], 7, strides[0], padding=3)
        self.pool1 = nn.MaxPool2d(3, strides[1], padding=1)
        self.conv2_reduce = nn.Conv2d(stem[0], stem[1], 1)
        self.conv2 = nn.Conv2d(stem[1], stem[2], 3, padding=1)
        self.pool = nn.MaxPool2d(3, 1, padding=1)  # GoogLeNet's pool2 and pool3, without their stride
        self.blocks = nn.ModuleDict()
        inputs = stem[2]
        last = list(blocks)[-1]
        for name, branches in blocks.items():
            self.blocks[name] = Inception(inputs, *branches, transform=transform and name == last)
            inputs = self.blocks[name].outputs
        self.last = nn.Identity()
        if features:
            self.last = nn.Sequential(
                nn.Conv2d(inputs, features, 1, bias=False), nn.BatchNorm2d(features, affine=False)
            )
        self.apply(he)
        for module in self.modules():
            if isinstance(module, PatchTransformer):
                module.start_at_identity()

    @classmethod
    def mini(cls, channels=1, *, transform=False):
        """Two of the three blocks, eight times narrower; 32 numbers for every second pixel.

        The last layer is ours. Behind a ReLU all descriptors point into one corner and start nearly alike; with their
        mean taken off they point in all directions, and a hundred steps teach what would take thousands.
        """
        narrow = {"3a": (8, (12, 16), (4, 8), 8), "4a": (24, (12, 24), (4, 8), 8)}
        return cls(channels, transform=transform, features=32, strides=(2, 1), stem=(8, 8, 24), blocks=narrow)

    @classmethod
    def from_published(cls, source, *, transform=False):
        """The network with GoogLeNet's ImageNet weights, from which the paper starts.

        Args:
            source: bvlc_googlenet.caffemodel, read without Caffe, or a state dict with its names, such as
                `inception_3a/5x5_reduce.weight` (or `_` for `/`), or one of ours. Layers above 4a are left out.
            transform: as above; the transformer keeps its first weights where the source has none.
        Raises:
            CourseError: names the keys that do not fit.
        """
        model = cls(transform=transform)
        own = tuple(f"blocks.4a.{branch}.2.localisation." for branch in ("three", "five")) if transform else ()
        load_published(model, read_weights(source), lambda key: _googlenet_name(key, transform), may_miss=own)
        return model.eval()

    def maps(self, x):
        """Everything up to inception_4a, of any length: (B, channels, H, W) -> (B, 512, H / stride, W / stride)."""
        check_shape(x, f"B {self.channels} H W", "x")
        x = self.pool1(self.conv1(x).relu())
        x = self.pool(self.conv2(self.conv2_reduce(x).relu()).relu())
        for name, block in self.blocks.items():
            if name == "4a" and "3b" in self.blocks:
                x = self.pool(x)
            x = block(x)
        return self.last(x)

    def forward(self, x):
        """Descriptors of length 1, a cell for every `stride` pixels, sizes rounded up."""
        return normalize(self.maps(x), dim=1)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions, and the input added."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        return (x + self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))).relu()


class Stage(nn.Module):
    """A convolution that changes the size, its normalisation, then residual blocks."""

    def __init__(self, conv, channels, depth):
        super().__init__()
        self.conv, self.norm = conv, nn.BatchNorm2d(channels)
        self.blocks = nn.Sequential(*(BasicBlock(channels) for _ in range(depth)))

    def forward(self, x):
        return self.blocks(self.norm(self.conv(x)).relu())


class ResUNet(nn.Module):
    """open-ucn's network; by default ResUNetBN2D2 with 64 numbers per pixel, of which weights are public.

    Args:
        channels: 1, grey. features: numbers per pixel.
        widths: channels of the four stages down, at strides 1, 2, 4, 8.
        up_widths: channels on the way up at strides 1, 2, 4, 8 (the first is a 1 x 1 convolution).
        depths: residual blocks of the seven stages, four down and three up.
        normalized: descriptors of length 1. Off by default, as in open-ucn's class; its training and its demonstration
            turn it on, and so must whoever matches by products.
    """

    def __init__(self, channels=1, features=64, *, widths=(32, 64, 128, 256), up_widths=(128, 128, 128, 128),
                 depths=(1,) * 7, normalized=False):  # fmt: skip
        super().__init__()
        self.channels, self.normalized, self.stride = channels, normalized, 1
        inputs = (channels, *widths)
        self.down = nn.ModuleList(
            Stage(nn.Conv2d(inputs[n], width, 3, stride=1 if n == 0 else 2, padding=1, bias=False), width, depths[n])
            for n, width in enumerate(widths)
        )
        below = widths[3]
        up = []
        for n, depth in zip((3, 2, 1), depths[4:], strict=True):
            up.append(Stage(nn.ConvTranspose2d(below, up_widths[n], 3, stride=2, bias=False), up_widths[n], depth))
            below = up_widths[n] + widths[n - 1]
        self.up = nn.ModuleList(up)
        self.mix = nn.Conv2d(below, up_widths[0], 1, bias=False)
        self.final = nn.Conv2d(up_widths[0], features, 1)
        self.apply(he)

    @classmethod
    def mini(cls, channels=1, features=32):
        """Eight times narrower, for two CPU cores."""
        return cls(channels, features, widths=(8, 12, 16, 24), up_widths=(16, 16, 16, 16))

    @classmethod
    def from_published(cls, source, *, normalized=False):
        """open-ucn's network with published weights; all its sizes are read from them.

        Args:
            source: path or state dict with `conv1.weight`, `blocks1.0.conv1.weight` ... `final.bias`, or with our
                names.
            normalized: as above; a checkpoint does not say. True for the published weights, which were trained so.
        Raises:
            CourseError: names the keys that do not fit.
        """
        state = {_resunet_name(key): value for key, value in read_state_dict(source).items()}
        model = cls(**_resunet_sizes(state), normalized=normalized)
        load_published(model, state)
        return model.eval()

    def maps(self, x):
        """Descriptors of any length: (B, channels, H, W) -> (B, features, H, W)."""
        check_shape(x, f"B {self.channels} H W", "x")
        kept = []
        for stage in self.down:
            x = stage(x)
            kept.append(x)
        for stage, skip in zip(self.up, kept[-2::-1], strict=True):
            x = stage(x)[:, :, : skip.shape[2], : skip.shape[3]]  # a transposed convolution gives 2 n + 1
            x = torch.cat([x, skip], 1)
        return self.final(self.mix(x).relu())

    def forward(self, x):
        """(B, channels, H, W) -> (B, features, H, W), of length 1 along the features if `normalized`."""
        x = self.maps(x)
        return normalize(x, dim=1) if self.normalized else x


def preprocess(pictures):
    """Pictures as GoogLeNet's weights expect them: RGB 0..1 (B, 3, H, W) -> BGR, 0..255 minus the mean."""
    check_shape(pictures, "B 3 H W", "pictures")
    return (255 * pictures - pictures.new_tensor(MEAN).view(3, 1, 1)).flip(1)


def preprocess_grey(pictures):
    """Pictures as open-ucn's weights expect them: RGB or grey 0..1 (B, C, H, W) -> grey, -0.5..0.5 (B, 1, H, W)."""
    channels = check_shape(pictures, "B C H W", "pictures")["C"]
    if channels not in (1, 3):
        raise ShapeError(f"pictures have {channels} channels, expected 1 (grey) or 3 (RGB).")
    weights = pictures.new_tensor((0.299, 0.587, 0.114) if channels == 3 else (1.0,))  # of R, G, B in a grey value
    return (pictures * weights.view(1, -1, 1, 1)).sum(1, keepdim=True) - 0.5


_BRANCH = {
    "1x1": "one.0", "3x3_reduce": "three.0", "3x3": "three.2", "5x5_reduce": "five.0", "5x5": "five.2",
    "pool_proj": "pool.1",
}  # fmt: skip
_STEM = {"conv1_7x7_s2": "conv1", "conv2_3x3_reduce": "conv2_reduce", "conv2_3x3": "conv2"}


def _googlenet_name(key, transform):
    """Our name for a key of GoogLeNet, None for a layer above inception_4a; others stay."""
    layer, _, kind = key.replace("/", "_").rpartition(".")
    if layer in _STEM:
        return f"{_STEM[layer]}.{kind}"
    found = re.fullmatch(r"inception_(\d[a-e])_(.+)", layer)
    if found and found[2] in _BRANCH:
        if found[1] not in BLOCKS:
            return None
        branch = _BRANCH[found[2]]
        inner = ".conv" if transform and found[1] == "4a" and branch.endswith(".2") else ""
        return f"blocks.{found[1]}.{branch}{inner}.{kind}"
    return None if layer.startswith(("loss1", "loss2", "loss3")) else key


def _resunet_name(key):
    """`conv3.weight` -> `down.2.conv.weight`, `blocks4_tr.0.bn1.bias` -> `up.0.blocks.0.bn1.bias`; others stay."""
    if key.startswith("conv1_tr."):
        return key.replace("conv1_tr", "mix")
    found = re.fullmatch(r"(conv|norm|blocks)([1-4])(_tr)?\.(.+)", key)
    if not found:
        return key
    kind, number, up, rest = found.groups()
    return f"up.{4 - int(number)}.{kind}.{rest}" if up else f"down.{int(number) - 1}.{kind}.{rest}"


def _resunet_sizes(state):
    """Arguments of `ResUNet` that a state under our names shows; the defaults stay where it shows none."""
    sizes = {}
    shape = {name: tuple(value.shape) for name, value in state.items()}
    if (first := shape.get("down.0.conv.weight")) and (last := shape.get("final.weight")):
        sizes |= {"channels": first[1], "features": last[0]}
    down = [shape.get(f"down.{n}.conv.weight") for n in range(4)]
    up = [shape.get(f"up.{n}.conv.weight") for n in range(3)]
    if all(down) and all(up) and (mix := shape.get("mix.weight")):
        sizes["widths"] = tuple(one[0] for one in down)
        sizes["up_widths"] = (mix[0], *(one[1] for one in up[::-1]))  # a transposed kernel is (inputs, outputs, k, k)
        stages = [f"down.{n}." for n in range(4)] + [f"up.{n}." for n in range(3)]
        sizes["depths"] = tuple(
            len({name.split(".")[3] for name in shape if name.startswith(f"{stage}blocks.")}) for stage in stages
        )
    return sizes
