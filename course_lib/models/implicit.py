"""Shapes as functions of a place: a network is asked about a point, and answers inside or outside, or how far.

    OccupancyNetwork  Mescheder et al., "Occupancy Networks: Learning 3D Reconstruction in Function Space", CVPR 2019,
                      arXiv:1812.03828. Answers with a logit of being inside; the surface is where it is 0 (or where the
                      probability is another threshold: the released networks take 0.2).
                      2,106,625 parameters with a code of 256, `conditional=True`; 182,273 of the plain decoder of 128.
    DeepSDF           Park et al., "DeepSDF: Learning Continuous Signed Distance Functions for Shape Representation",
                      CVPR 2019, arXiv:1901.05103. Answers with the signed distance, cut to -1..1 by a tanh.
                      1,843,195 parameters with a code of 256, of which 3,836 belong to weight normalisation.

Points are rows, (B, P, 3); a code (B, C) says which shape is meant. The encoders that make codes from pictures are not
here: a code per shape, learnt with the network (an auto-decoder, DeepSDF's Section 4), does without.
"""

import re

import torch
from torch import nn
from torch.nn.functional import linear, relu

from course_lib.errors import ShapeError, check_shape
from course_lib.models.published import load_published, read_state_dict

BLOCKS = 5  # residual blocks of the occupancy decoders
AGAIN = 4  # DeepSDF hands its input in once more before this layer


class OccupancyNetwork(nn.Module):
    """Logits of being inside.

    Args:
        code: C, numbers that say which shape; 0 for a network of a single shape.
        hidden: width. conditional: the code scales and shifts every layer (conditional batch normalisation, as in the
            published networks) instead of being added once.
    """

    def __init__(self, code=256, hidden=256, *, conditional=True):
        super().__init__()
        self.code, self.conditional = code, conditional
        self.place = nn.Linear(3, hidden)
        if conditional:
            self.blocks = nn.ModuleList(_ConditionalBlock(code, hidden) for _ in range(BLOCKS))
            self.norm = _ConditionalNorm(code, hidden)
        else:
            self.shape = nn.Linear(code, hidden) if code else None
            self.blocks = nn.ModuleList(_Block(hidden) for _ in range(BLOCKS))
        self.out = nn.Linear(hidden, 1)

    @classmethod
    def mini(cls, code=0, hidden=64):
        """The plain decoder, narrow."""
        return cls(code, hidden, conditional=False)

    @classmethod
    def from_published(cls, source):
        """The decoder of a checkpoint of autonomousvision/occupancy_networks; its encoder is left out.

        Args:
            source: path or state dict; keys `decoder.fc_p.*`, `decoder.block0.*`, ... or the same without `decoder.`.
        """
        weights = read_state_dict(source)
        if any(key.startswith("decoder.") for key in weights):
            weights = {
                key.removeprefix("decoder."): value for key, value in weights.items() if key.startswith("decoder.")
            }
        # Convolutions of size 1 are linear layers.
        weights = {key: value[..., 0] if value.ndim == 3 else value for key, value in weights.items()}
        conditional = "bn.conv_gamma.weight" in weights
        hidden = len(weights.get("fc_p.weight", torch.zeros(256)))
        key = "bn.conv_gamma.weight" if conditional else "fc_c.weight"
        network = cls(weights[key].shape[1] if key in weights else 0, hidden, conditional=conditional)
        load_published(network, weights, _from_occupancy)
        return network.eval()

    def forward(self, points, code=None):
        """(B, P, 3), (B, C) -> logits (B, P)."""
        code = _checked(points, code, self.code)
        features = self.place(points)
        if not self.conditional and self.shape is not None:
            features = features + self.shape(code)[:, None]
        for block in self.blocks:
            features = block(features, code) if self.conditional else block(features)
        features = self.norm(features, code) if self.conditional else features
        return self.out(relu(features))[..., 0]


class _Block(nn.Module):
    """x + fc_1 relu fc_0 relu x"""

    def __init__(self, width):
        super().__init__()
        self.fc_0, self.fc_1 = nn.Linear(width, width), nn.Linear(width, width)
        nn.init.zeros_(self.fc_1.weight)

    def forward(self, features):
        return features + self.fc_1(relu(self.fc_0(relu(features))))


class _ConditionalBlock(nn.Module):
    """The same, with each relu's input scaled and shifted by the code."""

    def __init__(self, code, width):
        super().__init__()
        self.bn_0, self.bn_1 = _ConditionalNorm(code, width), _ConditionalNorm(code, width)
        self.fc_0, self.fc_1 = nn.Linear(width, width), nn.Linear(width, width)
        nn.init.zeros_(self.fc_1.weight)

    def forward(self, features, code):
        inner = self.fc_0(relu(self.bn_0(features, code)))
        return features + self.fc_1(relu(self.bn_1(inner, code)))


class _ConditionalNorm(nn.Module):
    """Batch normalisation over all points, whose scale and shift are linear in the code."""

    def __init__(self, code, width):
        super().__init__()
        self.gamma, self.beta = nn.Linear(code, width), nn.Linear(code, width)
        self.bn = nn.BatchNorm1d(width, affine=False)
        for layer, start in ((self.gamma, 1.0), (self.beta, 0.0)):  # at first no scale and no shift
            nn.init.zeros_(layer.weight)
            nn.init.constant_(layer.bias, start)

    def forward(self, features, code):
        normal = self.bn(features.transpose(1, 2)).transpose(1, 2)
        return self.gamma(code)[:, None] * normal + self.beta(code)[:, None]


class DeepSDF(nn.Module):
    """Signed distance, cut to -1..1: negative inside.

    Args:
        code: C. hidden: width. layers: hidden layers. again: before this layer the input is handed in once more; the
            layer before is narrower by as much. dropout: after each hidden layer. normalized: weight normalisation.
    """

    def __init__(self, code=256, hidden=512, *, layers=8, again=AGAIN, dropout=0.2, normalized=True):
        super().__init__()
        self.code, self.again, self.dropout = code, again, dropout
        widths = [code + 3] + [hidden] * layers + [1]
        for i in range(layers + 1):
            out = hidden - (code + 3) if i + 1 == again else widths[i + 1]
            last = i == layers
            layer = NormedLinear(widths[i], out) if normalized and not last else nn.Linear(widths[i], out)
            self.add_module(f"lin{i}", layer)  # the public layout's names
        self.layers = layers
        # Answers must begin within the clamp of the loss: beyond it, no gradient calls them back.
        nn.init.zeros_(getattr(self, f"lin{layers}").bias)

    @classmethod
    def mini(cls, code=0, hidden=64, *, layers=4):
        """Narrow, without dropout."""
        return cls(code, hidden, layers=layers, again=layers // 2, dropout=0.0)

    @classmethod
    def from_published(cls, source):
        """A decoder of facebookresearch/DeepSDF; code, widths and weight normalisation are read from its shapes."""
        if isinstance(source, dict) and "model_state_dict" in source:
            source = source["model_state_dict"]
        weights = read_state_dict(source)
        weights = {_old_name(key): value for key, value in weights.items()}
        normalized = "lin0.weight_v" in weights
        first = weights.get("lin0.weight_v" if normalized else "lin0.weight", torch.zeros(512, 259))
        layers = max((int(re.match(r"lin(\d+)", key)[1]) for key in weights if key.startswith("lin")), default=8)
        sizes = {i: len(weights[f"lin{i}.bias"]) for i in range(layers) if f"lin{i}.bias" in weights}
        again = next((i + 1 for i, size in sizes.items() if size < len(first)), 0)
        network = cls(first.shape[1] - 3, len(first), layers=layers, again=again, normalized=normalized)
        load_published(network, weights)
        return network.eval()

    def forward(self, points, code=None):
        """(B, P, 3), (B, C) -> signed distances (B, P)."""
        code = _checked(points, code, self.code)
        start = points if code is None else torch.cat([code[:, None].expand(-1, points.shape[1], -1), points], -1)
        features = start
        for i in range(self.layers + 1):
            if i == self.again and i:
                features = torch.cat([features, start], -1)
            features = getattr(self, f"lin{i}")(features)
            if i < self.layers:
                features = nn.functional.dropout(relu(features), self.dropout, self.training)
        return torch.tanh(features)[..., 0]


class NormedLinear(nn.Module):
    """A linear layer whose rows are a length and a direction, W = g v / |v| (Salimans and Kingma 2016)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        start = nn.Linear(inputs, outputs)
        self.bias = nn.Parameter(start.bias.detach())
        self.weight_v = nn.Parameter(start.weight.detach())
        self.weight_g = nn.Parameter(self.weight_v.detach().norm(dim=1, keepdim=True))

    def forward(self, features):
        return linear(features, self.weight_g * nn.functional.normalize(self.weight_v, dim=1), self.bias)


def clamped_distance_loss(predicted, true, delta=0.1):
    """DeepSDF's loss, Eq. 4: the mean of |clamp(f, d) - clamp(s, d)|: far from the surface only the sign matters.

    An answer beyond the clamp has no gradient. So most points must be drawn near the surface, as the paper does:
    where nearly all are far outside, every answer leaves the clamp together, and none comes back.
    """
    return (predicted.clamp(-delta, delta) - true.clamp(-delta, delta)).abs().mean()


def _checked(points, code, size):
    sizes = check_shape(points, "B P 3", "points")
    if size == 0:
        return None
    if code is None or code.shape != (sizes["B"], size):
        came = "none" if code is None else tuple(code.shape)
        raise ShapeError(f"code is {came}, expected ({sizes['B']}, {size}): {size} numbers for each set of points.")
    return code


def _from_occupancy(key):
    """A key of the public decoder -> ours."""
    key = re.sub(r"^block(\d)", r"blocks.\1", key).replace("conv_gamma", "gamma").replace("conv_beta", "beta")
    for theirs, own in (("fc_p.", "place."), ("fc_c.", "shape."), ("fc_out.", "out."), ("bn.gamma", "norm.gamma"),
                        ("bn.beta", "norm.beta"), ("bn.bn.", "norm.bn.")):  # fmt: skip
        if key.startswith(theirs):
            return own + key.removeprefix(theirs)
    return key


def _old_name(key):
    """Newer versions of torch call the two parts of a normalised weight otherwise."""
    return key.replace("parametrizations.weight.original0", "weight_g").replace(
        "parametrizations.weight.original1", "weight_v"
    )
