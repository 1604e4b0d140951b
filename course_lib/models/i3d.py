"""I3D: a network that knows pictures, inflated into one that looks at clips.

Joao Carreira, Andrew Zisserman, "Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset", CVPR 2017,
arXiv:1705.07750. The network under it is Inception-v1 with batch normalisation (Szegedy et al., "Going Deeper with
Convolutions", CVPR 2015, arXiv:1409.4842). With 400 classes the RGB stream has 12,697,264 parameters and the flow
stream 12,675,312; a clip of 64 x 224 x 224 costs 111.15 G multiply-adds. The other four networks that the paper
compares are in `course_lib.models.quo_vadis`.

One class, `Inception`, serves both: with `dims=2` it is the network for pictures, with `dims=3` it is inflated.

Differences from the paper, and what decides correctness:
- padding is TensorFlow's SAME: what does not divide evenly goes to the *end* of each axis. Padding conv1 evenly instead
  changes the scores by 1.8 %, padding the pools evenly by 2.9 %.
- batch normalisation has eps 1e-3, as Sonnet's has; PyTorch's 1e-5 changes the scores by 0.9 %.
- the released networks normalise without a scale (gamma). The PyTorch ports have one, which is 1 in their files. Ours
  has it too, so the counts above include 7,280 of them; `scale=False` leaves it out.
- branch 2 of an Inception module has a kernel of 3, where the paper of 2015 has 5: as in the released network.
- the last average takes all rows and columns, so that clips of any size give scores; at 224 x 224 these are the
  published 7 x 7. It takes two neighbouring steps in time (one, where there is only one), and the scores of all times
  are averaged.
- weights start from He's rule. Running averages move by PyTorch's 0.1 per step, not by Sonnet's 0.001.
- what other packages call I3D with a ResNet-50 (28.0 M parameters) is another network, and its weights do not fit.
"""

import torch
from torch import nn
from torch.nn.functional import interpolate, max_pool2d, max_pool3d, pad

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.models.i3d_layouts import read_i3d
from course_lib.models.layers import he, start_small
from course_lib.models.published import load_published

SHORTER_SIDE, CROP = 256, 224  # pixels: a frame is resized to the one, and the other is cut out of its middle
FRAMES = 64  # of a training clip; at test time the whole video goes through
LARGEST_FLOW = 20.0  # pixels per frame; what is faster is cut off, then all is divided by it
EPS = 1e-3  # Sonnet's batch normalisation
STEM = (64, 64, 192)  # channels of conv1a, conv2b, conv2c
MIXED = {  # channels of the branches: 1x1; 1x1 and 3x3; 1x1 and 3x3; pool and 1x1
    "3b": (64, 96, 128, 16, 32, 32),
    "3c": (128, 128, 192, 32, 96, 64),
    "4b": (192, 96, 208, 16, 48, 64),
    "4c": (160, 112, 224, 24, 64, 64),
    "4d": (128, 128, 256, 24, 64, 64),
    "4e": (112, 144, 288, 32, 64, 64),
    "4f": (256, 160, 320, 32, 128, 128),
    "5b": (256, 160, 320, 32, 128, 128),
    "5c": (384, 192, 384, 48, 128, 128),
}
MINI = {"divide": 8, "mixed": ("4b", "5b")}  # what two CPU cores can train: the stem, both later pools, and two modules
CONV = {2: nn.Conv2d, 3: nn.Conv3d}
MAX_POOL = {2: max_pool2d, 3: max_pool3d}
NORM = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def same_padding(size, kernel, stride):
    """(before, after): the padding with which TensorFlow's SAME makes ceil(size / stride) outputs along one axis."""
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2  # an odd cell goes to the end


def same_pad(x, kernel, stride, value=0.0):
    """Pad (B, C, ...) with `value` for a kernel and a stride, one number per axis of space and time."""
    sizes = zip(x.shape[2:], kernel, stride, strict=True)
    around = [n for size in reversed(list(sizes)) for n in same_padding(*size)]  # F.pad begins with the last axis
    return pad(x, around, value=value) if any(around) else x


class Unit(nn.Module):
    """Convolution without bias, batch normalisation, ReLU; padded with SAME.

    Args:
        inputs, outputs: channels. kernel, stride: (time, rows, columns); with dims=2 the time is left out.
        scale: whether the normalisation has a scale (gamma) beside its shift.
    """

    def __init__(self, inputs, outputs, kernel=(1, 1, 1), stride=(1, 1, 1), *, dims=3, scale=True):
        super().__init__()
        kernel, stride = kernel[-dims:], stride[-dims:]
        self.even = set(stride) == {1}  # an odd kernel that moves by 1 needs as much before as after: the layer pads
        padding = tuple(k // 2 for k in kernel) if self.even else 0
        self.conv = CONV[dims](inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = NORM[dims](outputs, eps=EPS)
        if not scale:
            self.bn.weight = None

    def forward(self, x):
        """(B, C, ...) -> (B, D, ...), not negative."""
        x = x if self.even else same_pad(x, self.conv.kernel_size, self.conv.stride)
        return self.bn(self.conv(x)).relu()


class SamePool(nn.Module):
    """Max-pool with SAME padding, which never wins: it is -infinity.

    Args:
        kernel, stride: (time, rows, columns); with dims=2 the time is left out.
    """

    def __init__(self, kernel, stride, dims=3):
        super().__init__()
        self.kernel_size, self.stride = kernel[-dims:], stride[-dims:]

    def forward(self, x):
        """(B, C, ...) -> (B, C, ...), each size divided by the stride and rounded up."""
        x = same_pad(x, self.kernel_size, self.stride, value=-torch.inf)
        return MAX_POOL[len(self.stride)](x, self.kernel_size, self.stride)


class Mixed(nn.Module):
    """Inception module: four branches look at the same maps, and their outputs lie side by side.

    Args:
        inputs: channels. widths: of the branches, as in `MIXED`.
    """

    def __init__(self, inputs, widths, *, dims=3, scale=True):
        super().__init__()
        w0, w1a, w1b, w2a, w2b, w3 = widths
        one, three, how = (1, 1, 1), (3, 3, 3), {"dims": dims, "scale": scale}
        self.b0 = Unit(inputs, w0, one, **how)
        self.b1a = Unit(inputs, w1a, one, **how)
        self.b1b = Unit(w1a, w1b, three, **how)
        self.b2a = Unit(inputs, w2a, one, **how)
        self.b2b = Unit(w2a, w2b, three, **how)
        self.pool = SamePool(three, one, dims)
        self.b3b = Unit(inputs, w3, one, **how)
        self.outputs = w0 + w1b + w2b + w3

    def forward(self, x):
        """(B, C, ...) -> (B, D, ...) with as many rows, columns and frames."""
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(self.pool(x))], 1)


class Inception(nn.Module):
    """Inception-v1 up to its last maps (Mixed_5c).

    Args:
        in_channels: 3 for RGB, 2 for a flow field, 20 for ten flow fields on top of each other.
        dims: 2 for pictures, 3 for clips.
        scale: whether the normalisations have a scale. divide: by how much all layers are narrower.
        mixed: which Inception modules there are; the pools before 4b and 5b stay.
    """

    def __init__(self, in_channels=3, *, dims=2, scale=False, divide=1, mixed=tuple(MIXED)):
        super().__init__()
        if dims not in CONV or divide not in (1, 2, 4, 8):
            raise CourseError(f"dims is {dims} and divide {divide}: expected 2 or 3, and 1, 2, 4 or 8.")
        if not {"4b", "5b"} <= set(mixed) <= set(MIXED):
            raise CourseError(f"mixed is {tuple(mixed)}, expected some of {', '.join(MIXED)}, among them 4b and 5b.")
        how = {"dims": dims, "scale": scale}
        c1, c2, channels = (width // divide for width in STEM)
        self.dims, self.in_channels = dims, in_channels
        self.conv1a = Unit(in_channels, c1, (7, 7, 7), (2, 2, 2), **how)
        self.pool2a = SamePool((1, 3, 3), (1, 2, 2), dims)  # the first two pools leave time alone
        self.conv2b = Unit(c1, c2, **how)
        self.conv2c = Unit(c2, channels, (3, 3, 3), **how)
        self.pool3a = SamePool((1, 3, 3), (1, 2, 2), dims)
        for name in mixed:
            if name == "4b":
                self.pool4a = SamePool((3, 3, 3), (2, 2, 2), dims)
            if name == "5b":
                self.pool5a = SamePool((2, 2, 2), (2, 2, 2), dims)
            module = Mixed(channels, tuple(width // divide for width in MIXED[name]), **how)
            self.add_module(f"mixed{name}", module)
            channels = module.outputs
        self.channels = channels  # 1024 at published size
        self.apply(he)

    def forward(self, x):
        """(B, C, H, W), or (B, C, T, H, W) with dims=3 -> (B, 1024, ...): a 32nd of the rows, an 8th of the frames."""
        check_shape(x, f"B {self.in_channels} {'T ' if self.dims == 3 else ''}H W", "the input")
        for layer in self.children():
            x = layer(x)
        return x

    @torch.no_grad()
    def start_from(self, pictures):
        """Begin with the weights of a network for pictures, inflated where this one is for clips.

        With other channels than that has (flow), the first kernels are their mean over the old channels, as strong in
        sum as before.

        Args:
            pictures: an `Inception` with dims=2 and the same modules, as narrow as this one.
        Returns:
            self.
        """
        layers = dict(self.named_modules())
        for name, layer in pictures.named_modules():
            if isinstance(layer, nn.Conv2d):
                own = layers[name]
                weight = inflate(layer, own.kernel_size[0]).weight if self.dims == 3 else layer.weight
                if weight.shape[1] != own.in_channels:  # conv1a alone
                    weight = weight.sum(1, keepdim=True).expand_as(own.weight) / own.in_channels
                own.weight.copy_(weight)
            elif isinstance(layer, nn.BatchNorm2d):
                layers[name].load_state_dict(layer.state_dict(), strict=False)  # scales stay 1 where those have none
        return self


class InceptionV1(nn.Module):
    """The network for pictures: what I3D is inflated from, and a stream of the two-stream network.

    Args:
        num_classes: K. in_channels: 3, or 20 for ten flow fields. dropout: before the last layer.
        trunk: settings of `Inception`, such as `MINI`.
    """

    def __init__(self, num_classes=1000, in_channels=3, *, dropout=0.5, trunk=None):
        super().__init__()
        self.trunk = Inception(in_channels, dims=2, **(trunk or {}))
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Conv2d(self.trunk.channels, num_classes, 1)
        start_small(self.logits)

    @classmethod
    def mini(cls, num_classes, in_channels=3):
        """Eight times narrower, with two Inception modules of nine, and without dropout."""
        return cls(num_classes, in_channels, dropout=0.0, trunk=MINI)

    def features(self, x):
        """(B, in_channels, H, W) -> (B, 1024), averaged over rows and columns."""
        return self.trunk(x).mean((2, 3))

    def forward(self, x):
        """(B, in_channels, H, W) -> (B, K) class scores before the softmax."""
        return self.logits(self.dropout(self.features(x))[..., None, None]).flatten(1)


class I3D(nn.Module):
    """One stream of the two-stream inflated 3D network.

    Args:
        num_classes: 400 or 600 for Kinetics, 157 for Charades.
        in_channels: 3 for RGB in -1..1, 2 for flow in -1..1; see `preprocess` and `preprocess_flow`.
        dropout: probability before the last layer.
        scale: whether the normalisations have a scale, as in the PyTorch ports.
        trunk: more settings of `Inception`, such as `MINI`.
    """

    def __init__(self, num_classes=400, in_channels=3, *, dropout=0.5, scale=True, trunk=None):
        super().__init__()
        self.trunk = Inception(in_channels, dims=3, scale=scale, **(trunk or {}))
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Conv3d(self.trunk.channels, num_classes, 1)
        start_small(self.logits)

    @classmethod
    def mini(cls, num_classes, in_channels=3):
        """Eight times narrower, with two Inception modules of nine, and without dropout."""
        return cls(num_classes, in_channels, dropout=0.0, trunk=MINI)

    @classmethod
    def from_published(cls, source, num_classes=None, in_channels=None):
        """I3D with published weights.

        Args:
            source: path of a PyTorch checkpoint, or a state dict, in one of the public layouts:
                `Conv3d_1a_7x7.conv3d.weight` ... `logits.conv3d.bias`, or
                `conv3d_1a_7x7.conv3d.weight`, `conv3d_1a_7x7.batch3d.weight` ... `conv3d_0c_1x1.conv3d.bias`, or ours;
                or DeepMind's TensorFlow checkpoint: the path of its `.index` file, of its data file, what their names
                have in common (`.../model.ckpt`), its folder, or a dict {TensorFlow's name: array}.
            num_classes, in_channels: what the checkpoint must have; None takes what it has.
        Raises:
            CourseError: if the file cannot be read; or names the keys that do not fit.
        """
        state = read_i3d(source)
        first, last = state.get("trunk.conv1a.conv.weight"), state.get("logits.weight")
        known = first is not None and last is not None and first.ndim == last.ndim == 5
        if num_classes is None:
            num_classes = last.shape[0] if known else 400
        if in_channels is None:
            in_channels = first.shape[1] if known else 3
        model = cls(num_classes, in_channels)
        load_published(model, state)
        return model.eval()

    def features(self, clip):
        """The maps of Mixed_5c: (B, C, T, H, W) -> (B, 1024, ceil(T / 8), ceil(H / 32), ceil(W / 32))."""
        return self.trunk(clip)

    def logits_in_time(self, clip):
        """Class scores at each step: (B, C, T, H, W) -> (B, K, T'), where T' = max(ceil(T / 8) - 1, 1)."""
        maps = self.features(clip).mean((3, 4), keepdim=True)  # (B, 1024, ceil(T / 8), 1, 1)
        if maps.shape[2] > 1:
            maps = (maps[:, :, :-1] + maps[:, :, 1:]) / 2  # two neighbouring steps
        return self.logits(self.dropout(maps)).flatten(2)

    def forward(self, clip):
        """Class scores before the softmax, averaged over time: (B, C, T, H, W) -> (B, K)."""
        return self.logits_in_time(clip).mean(2)


def inflate(conv2d, T, *, stride=1, padding=0):
    """A 3D convolution that answers a clip of one repeated frame as `conv2d` answers the frame (Section 2.4).

    The kernel is repeated T times along time and divided by T, and the bias stays. With padding in time, the first and
    last answers see zeros instead of frames and are smaller.

    Args:
        conv2d: nn.Conv2d. T: frames of the new kernel. stride, padding: of the new layer, in time.
    Returns:
        nn.Conv3d: (B, C, T', H, W) -> (B, D, (T' + 2 padding - T) // stride + 1, ...).
    Raises:
        CourseError: if conv2d is no nn.Conv2d, or T is not a whole number of at least 1.
    """
    if not isinstance(conv2d, nn.Conv2d):
        raise CourseError(f"inflate got a {type(conv2d).__name__}, expected an nn.Conv2d.")
    if not isinstance(T, int) or T < 1:
        raise CourseError(f"T is {T!r}, expected a whole number of frames, at least 1.")
    around = conv2d.padding
    if isinstance(around, str):  # "valid", or "same", which needs the stride 1
        spans = [d * (k - 1) for d, k in zip(conv2d.dilation, conv2d.kernel_size, strict=True)]
        if around == "same" and any(span % 2 for span in spans):
            raise CourseError('inflate cannot keep padding="same" of an even kernel: give the padding as numbers.')
        around = tuple(span // 2 if around == "same" else 0 for span in spans)
    conv3d = nn.Conv3d(
        conv2d.in_channels, conv2d.out_channels, (T, *conv2d.kernel_size), (stride, *conv2d.stride),
        (padding, *around), (1, *conv2d.dilation), conv2d.groups, conv2d.bias is not None, conv2d.padding_mode,
    ).to(conv2d.weight)  # fmt: skip
    with torch.no_grad():
        conv3d.weight.copy_(conv2d.weight.unsqueeze(2) / T)  # (D, C, 1, H, W), spread over T
        if conv2d.bias is not None:
            conv3d.bias.copy_(conv2d.bias)
    return conv3d


def preprocess(clip):
    """A decoded clip as the RGB stream expects it: shorter side 256, centre 224 x 224, -1..1.

    Args:
        clip: uint8 (3, T, H, W), RGB, at 25 frames per second.
    Returns:
        float32 (3, T, 224, 224).
    """
    sizes = check_shape(clip, "3 T H W", "clip")
    factor = SHORTER_SIDE / min(sizes["H"], sizes["W"])
    resized = [round(sizes[axis] * factor) for axis in "HW"]
    frames = clip.float().transpose(0, 1)  # (T, 3, H, W)
    frames = interpolate(frames, size=resized, mode="bilinear", align_corners=False, antialias=True)
    return _centre(frames.transpose(0, 1)) / 255 * 2 - 1


def preprocess_flow(flow):
    """A field as the flow stream expects it: centre 224 x 224, cut off at 20 pixels either way, -1..1.

    Args:
        flow: (2, T, H, W) in pixels per frame, u (right) then v (down), of frames whose shorter side is 256. The
            paper takes TV-L1.
    Returns:
        float32 (2, T, 224, 224).
    """
    check_shape(flow, "2 T H W", "flow")
    return _centre(flow.float()).clamp(-LARGEST_FLOW, LARGEST_FLOW) / LARGEST_FLOW


def _centre(clip):
    rows, columns = clip.shape[2:]
    if min(rows, columns) < CROP:
        raise ShapeError(f"a frame has {rows} x {columns} pixels, expected at least {CROP} x {CROP} to cut from.")
    top, left = (rows - CROP) // 2, (columns - CROP) // 2
    return clip[:, :, top : top + CROP, left : left + CROP]
