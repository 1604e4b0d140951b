"""Fuse two streams where they still have maps: then appearance and motion meet at the same place of the picture.

Christoph Feichtenhofer, Axel Pinz, Andrew Zisserman, "Convolutional Two-Stream Network Fusion for Video Action
Recognition", CVPR 2016, arXiv:1604.06573. Three questions: *how* to fuse two maps (Section 3.1), *where* (3.2), and
over *time* (3.3). Everything that the paper compares is an argument of `TwoStreamFusion`; by default it is the final
network (Section 3.4): two VGG-16 towers, a 3 x 3 x 3 convolution behind the last maps, 3D pooling, and the temporal
tower kept.

Two CNN-M towers with 101 classes, each with 20 input channels, have the counts that the paper prints: 181,415,562
where scores are averaged, 97,316,389 for sum and max behind ReLU5, 172,813,861 for concatenation. A spatial tower
reads 3 channels, and so does ours by default: 79,968 weights less. The 6,608,608 printed for bilinear fusion are the
convolutions of *one* tower. For the convolution the paper prints 97.58 M, which is a kernel of D x D; its text defines
2D x D, which makes 97.84 M.

Differences from the paper, and what its text leaves open:
- a map of 13 x 13 gets a row of zeros below and a column to the right to meet one of 14 x 14; the fused map goes on in
  the spatial tower, which must have the larger one.
- bilinear features are classified by a linear layer; the paper trains an SVM on them.
- the layer above a concatenation has twice the inputs, and starts from He's rule.
- fusion at several layers at once (ReLU3 + ReLU5 + FC6 in Table 2) is left out.
"""

import copy

import torch
from torch import nn
from torch.nn.functional import cross_entropy, normalize, pad

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.models.layers import he, start_small
from course_lib.models.towers import Tower
from course_lib.ops.stream_inputs import MEAN

FRAMES = 5  # T, moments that a 3D pool joins (Section 3.4)
STRIDE = 2  # of a 3D pool, in time
SPATIAL, TEMPORAL = 0.25, 0.75  # what a fusing convolution starts with: shares of the two streams (released code)
FLOW_LIMIT = 20.0  # pixels; larger flow is cut before it is stored as a picture of 0..255
OVER_TIME = (None, "2d pool", "3d pool", "3d conv")


class Sum(nn.Module):
    """y = a + b. Channel d of one tower meets channel d of the other, whatever the two stand for."""

    growth = 1  # channels that come out, in units of those of one stream

    def forward(self, a, b):
        return a + b


class Max(nn.Module):
    """y = max(a, b), channel by channel."""

    growth = 1

    def forward(self, a, b):
        return torch.maximum(a, b)


class Concatenate(nn.Module):
    """All channels of a, then all of b: nothing is decided yet, the next layer must do it.

    The paper interleaves the two. For the layers above, which are learnt, it is the same.
    """

    growth = 2

    def forward(self, a, b):
        return torch.cat([a, b], 1)


class Convolution(nn.Module):
    """Concatenate, then a convolution to D channels: it learns which channels belong together (Section 3.1).

    Args:
        channels: D. kernel: (1, 1) for pictures, (3, 3, 3) for clips, with a padding that keeps the size.
    """

    growth = 1

    def __init__(self, channels, kernel=(1, 1)):
        super().__init__()
        conv = nn.Conv2d if len(kernel) == 2 else nn.Conv3d
        self.conv = conv(2 * channels, channels, kernel, padding=tuple(k // 2 for k in kernel))
        with torch.no_grad():
            self.conv.weight.copy_(fusion_weight(channels, kernel))
            self.conv.bias.zero_()

    def forward(self, a, b):
        return self.conv(torch.cat([a, b], 1))


class Bilinear(nn.Module):
    """Outer product of the two feature vectors at every position, summed over positions (Section 3.1).

    All pairs of channels meet, and the position is gone: (B, D, ...) twice -> (B, D * D), after a signed square root,
    with length 1.
    """

    growth = None  # no map: nothing of the tower remains above

    def forward(self, a, b):
        product = bilinear(a, b).flatten(1)
        return normalize(product.sign() * (product.abs() + 1e-12).sqrt(), dim=1)  # 1e-12: the root's slope at 0


def bilinear(a, b):
    """Sum over positions of the outer products: (B, D, ...), (B, E, ...) -> (B, D, E)."""
    return a.flatten(2) @ b.flatten(2).transpose(1, 2)


def gaussian(kernel, sigma=1.0):
    """Gaussian over the cells of a kernel, centred, with sum 1: (3, 3, 3) -> tensor of that shape, centre 0.0923."""
    weights = torch.ones(())
    for size in kernel:
        axis = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
        weights = weights[..., None] * (-(axis**2) / (2 * sigma**2)).exp()
    return weights / weights.sum()


def fusion_weight(channels, kernel=(1, 1)):
    """What a fusing convolution starts with: a blurred weighted sum of the streams, 1/4 spatial and 3/4 temporal.

    Returns:
        (D, 2D, *kernel), spatial channels first.
    """
    eye = torch.eye(channels, dtype=torch.float64)
    both = torch.cat([SPATIAL * eye, TEMPORAL * eye], 1)  # (D, 2D)
    return (both.view(*both.shape, *[1] * len(kernel)) * gaussian(kernel)).float()


def meet(spatial, temporal):
    """The temporal map with zeros below and on the right, so that it is as large as the spatial one.

    Raises:
        ShapeError: if it is larger.
    """
    rows, columns = (a - b for a, b in zip(spatial.shape[-2:], temporal.shape[-2:], strict=True))
    if rows < 0 or columns < 0:
        raise ShapeError(
            f"the spatial map is {tuple(spatial.shape)}, the temporal one {tuple(temporal.shape)}: the temporal map is "
            "padded, so it may not be the larger one. Exchange the towers, or fuse behind other layers."
        )
    return pad(temporal, (0, columns, 0, rows)) if rows or columns else temporal


FUSIONS = {"sum": Sum, "max": Max, "concatenation": Concatenate, "convolution": Convolution, "bilinear": Bilinear}


class TwoStreamFusion(nn.Module):
    """Two towers that become one.

    Args:
        num_classes: K, 101 for UCF101.
        fusion: a key of `FUSIONS`; or "scores": both towers whole, and the mean of their probabilities, as in 2014.
        at: the ReLU behind which maps are fused, "relu5_3" or a pair for (spatial, temporal); by default the last map.
        over_time: None for single moments, or what becomes of T moments behind the last map: "2d pool" (each by itself,
            scores averaged), "3d pool" (the maximum over time as well), "3d conv" (a fusing convolution of 3 x 3 x 3,
            and a 3D pool).
        keep_temporal: whether the temporal tower goes on above the fusion, with a loss of its own.
        towers: (spatial, temporal), each "vgg16", "cnn_m" or a `Tower`, which is copied.
        in_channels: (3, 2L) for towers given by name.
        frames: T, the moments that a 3D pool joins.
    Raises:
        CourseError: if there is no such fusion or place, or the two do not fit.
    """

    def __init__(
        self, num_classes=101, fusion="convolution", *, at=None, over_time="3d conv", keep_temporal=True,
        towers=("vgg16", "vgg16"), in_channels=(3, 20), frames=FRAMES,
    ):  # fmt: skip
        super().__init__()
        if fusion not in (*FUSIONS, "scores"):
            raise CourseError(f"fusion is {fusion!r}, expected one of: {', '.join((*FUSIONS, 'scores'))}.")
        if over_time not in OVER_TIME or (over_time == "3d conv" and fusion != "convolution"):
            raise CourseError(
                f"over_time is {over_time!r} with fusion {fusion!r}, expected None, '2d pool' or '3d pool', or "
                "'3d conv' with 'convolution'."
            )
        if over_time and fusion in ("scores", "bilinear"):
            raise CourseError(f"{fusion!r} has no map to pool over time: over_time=None.")
        self.over_time, self.fused_scores = over_time, fusion == "scores"
        spatial, temporal = (
            _tower(tower, num_classes, channels) for tower, channels in zip(towers, in_channels, strict=True)
        )
        if self.fused_scores:
            self.spatial, self.temporal = spatial, temporal
            return
        places = (at, at) if at is None or isinstance(at, str) else at
        cut, other = spatial.behind(places[0]), temporal.behind(places[1])
        width = spatial.channels(cut)
        if temporal.channels(other) != width and fusion != "bilinear":
            raise CourseError(
                f"The spatial tower has {width} channels there, the temporal one {temporal.channels(other)}: they "
                "must be equal to be fused. Choose another place for one of them: at=('relu4_3', 'relu5')."
            )
        self.spatial, self.temporal = spatial[:cut], temporal[:other]
        kernel = (3, 3, 3) if over_time == "3d conv" else (1, 1, 1) if over_time else (1, 1)
        self.fusion = Convolution(width, kernel) if fusion == "convolution" else FUSIONS[fusion]()
        if fusion == "bilinear":
            self.above = nn.Linear(width * temporal.channels(other), num_classes)
            start_small(self.above)
        else:
            self.above = spatial[cut:]
            if self.fusion.growth == 2:
                self.above[0].layer = _twice_as_wide(self.above[0].layer)
        self.temporal_above = temporal[other:] if keep_temporal else None
        if over_time:
            window, step = (1, 1) if over_time == "2d pool" else (frames, STRIDE)
            self.pool = _pool_over_time(self.above[0], window, step)
            self.temporal_pool = _pool_over_time(self.temporal_above[0], window, step) if keep_temporal else None

    @classmethod
    def mini(cls, num_classes, fusion="convolution", *, flow_channels=2, crop=32, **design):
        """The same network with two towers of `Tower.mini`; of single moments unless `design` says otherwise."""
        design = {"over_time": None, "keep_temporal": False} | design
        design.setdefault("towers", [Tower.mini(num_classes, c, crop=crop) for c in (3, flow_channels)])
        return cls(num_classes, fusion, **design)

    @classmethod
    def from_published(cls, spatial, temporal, num_classes=None, fusion="convolution", **design):
        """The network with towers that were published, each in a layout that `Tower.from_published` knows.

        What no tower has, the fusing layer, starts as the paper starts it.

        Args:
            spatial, temporal: paths or state dicts.
            num_classes: by default that of the checkpoints. With another number the last layers start afresh.
            fusion, design: as above.
        Raises:
            CourseError: names the keys that do not fit.
        """
        towers = [Tower.from_published(source) for source in (spatial, temporal)]
        num_classes = num_classes or towers[0].fc8.layer.out_features
        for tower in towers:
            if tower.fc8.layer.out_features != num_classes:
                tower.fc8.layer = nn.Linear(tower.fc8.layer.in_features, num_classes)
                start_small(tower.fc8.layer)
        return cls(num_classes, fusion, towers=towers, **design).eval()

    def freeze_below(self):
        """Stop the gradient at the fusion, as the paper does: the towers below are trained before. Returns self."""
        for tower in (self.spatial, self.temporal):
            tower.requires_grad_(False)
        return self

    def maps(self, frames, flow):
        """What is fused: (B, 3, H, W), (B, 2L, H, W) -> two (B, D, h, w).

        With T moments, (B, C, T, H, W) -> (B, D, T, h, w).

        Raises:
            ShapeError: if the inputs do not fit each other or the towers.
        """
        moments = "T " if self.over_time else ""
        sizes = check_shape(frames, f"B {self.spatial[0].layer.in_channels} {moments}H W", "frames")
        expected = f"B {self.temporal[0].layer.in_channels} {moments}H W"
        if check_shape(flow, expected, "flow") != sizes:
            raise ShapeError(f"frames are {tuple(frames.shape)}, flow is {tuple(flow.shape)}: they show other moments.")
        return self._each(self.spatial, frames), self._each(self.temporal, flow)

    def streams(self, spatial, temporal):
        """Scores of each stream from what `maps` returned: [fused] or [fused, temporal], or the two towers' own."""
        if self.fused_scores:
            return [spatial, temporal]
        fused = _as_map(spatial)
        fused = self.fusion(fused, meet(fused, _as_map(temporal)))
        if self.over_time == "3d conv":
            fused = fused.relu()
        if spatial.ndim == 2:
            fused = fused.flatten(1)  # fused behind fc6 or fc7
        if not self.over_time:
            return [self.above(fused)] + ([self.temporal_above(temporal)] if self.temporal_above is not None else [])
        found = [self._over_time(self.pool, self.above, fused)]
        if self.temporal_above is not None:
            found.append(self._over_time(self.temporal_pool, self.temporal_above, temporal))
        return found

    def combine(self, streams):
        """One prediction of several: the mean of FC8; for "scores" the logarithm of the mean probability."""
        stacked = torch.stack(streams, 1)  # (B, streams, K)
        return stacked.log_softmax(2).logsumexp(1) if self.fused_scores else stacked.mean(1)

    def forward(self, frames, flow):
        """(B, 3, [T,] H, W), (B, 2L, [T,] H, W) -> (B, K) class scores before the softmax."""
        return self.combine(self.streams(*self.maps(frames, flow)))

    def loss(self, streams, labels):
        """Each stream answers for itself: the sum of their cross-entropies."""
        return sum(cross_entropy(scores, labels) for scores in streams)

    def _each(self, tower, x):
        """A tower looks at every moment by itself."""
        if not self.over_time:
            return tower(x)
        return tower(x.transpose(1, 2).flatten(0, 1)).unflatten(0, (len(x), -1)).transpose(1, 2)

    def _over_time(self, pool, above, x):
        x = pool(x)  # (B, D, T', h, w)
        return above(x.transpose(1, 2).flatten(0, 1)).unflatten(0, (len(x), -1)).mean(1)


def _tower(tower, num_classes, in_channels):
    if isinstance(tower, Tower):
        if tower.fc8.layer.out_features != num_classes:
            raise CourseError(f"A tower has {tower.fc8.layer.out_features} classes, the network {num_classes}.")
        return copy.deepcopy(tower)
    if tower not in ("vgg16", "cnn_m"):
        raise CourseError(f'A tower is {tower!r}, expected "vgg16", "cnn_m" or a Tower.')
    return (Tower.vgg if tower == "vgg16" else Tower.cnn_m)(num_classes, in_channels)


def _as_map(x):
    return x[..., None, None] if x.ndim == 2 else x


def _twice_as_wide(layer):
    if isinstance(layer, nn.Linear):
        wide = nn.Linear(2 * layer.in_features, layer.out_features)
    else:
        wide = nn.Conv2d(2 * layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding)
    he(wide)
    return wide


def _pool_over_time(stage, window, step):
    """Take the pool that a stage begins with, and give it an extent in time."""
    pool = stage.before[0] if len(stage.before) else None
    if not isinstance(pool, nn.MaxPool2d) or not isinstance(stage.layer, nn.Linear):
        raise CourseError("Time is pooled together with space behind the last map of a tower: leave `at` out.")
    stage.before = stage.before[1:]
    size, stride = pool.kernel_size, pool.stride
    return nn.MaxPool3d((window, size, size), (step, stride, stride), ceil_mode=pool.ceil_mode)


def preprocess(frames, flow, weights="caffe"):
    """Decoded frames and flow in pixels as published towers expect them.

    Args:
        frames: uint8 (..., 3, H, W), RGB.
        flow: (..., 2L, H, W) in pixels: cut at +-20, scaled to 0..255 as if stored as a picture, minus 128.
        weights: "caffe" for 0..255 minus the mean colour of ImageNet; "torchvision" for 0..1, standardised.
    Returns:
        two float32 tensors of the same shapes.
    """
    if weights not in ("caffe", "torchvision"):
        raise CourseError(f'weights is {weights!r}, expected "caffe" or "torchvision".')
    frames = frames.float()
    if weights == "caffe":
        frames = frames - frames.new_tensor(MEAN).view(3, 1, 1)
    else:
        mean, std = (frames.new_tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        frames = (frames / 255 - mean) / std
    return frames, ((flow.clamp(-FLOW_LIMIT, FLOW_LIMIT) + FLOW_LIMIT) * (255 / (2 * FLOW_LIMIT))).round() - 128
