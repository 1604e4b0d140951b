"""Point set generation: one picture of a thing in, a set of points on its surface out.

Haoqiang Fan, Hao Su, Leonidas Guibas, "A Point Set Generation Network for 3D Object Reconstruction from a Single
Image", CVPR 2017, arXiv:1612.00603.

Two branches share one encoder. A fully connected branch places 256 points anywhere: fine for thin and odd parts. A
convolutional branch ends in a map of 24 x 32 cells with three channels, which are read as x, y, z of 768 points:
neighbours in the map stay neighbours on the surface. Together 1024 points, in no order that means anything.

    "two_branch"  down and up: the released demo, to which the released weights belong         38,910,019 parameters
    "hourglass"   down, up, down and up again: the released training code                      70,154,419 parameters

Differences from the paper: it shows the networks in pictures; widths, kernels and order are those of the released code.
That code weighs the two ways of the Chamfer distance as 1 and 1/2 (`ops.points.CONVENTIONS`), the paper adds them.
In "two_branch" the third upsampled map is rectified before the skip is added, which its other two are not.

`TwoBranchDecoder` and `PointDecoder` are what Occupancy Networks (arXiv:1812.03828) compared with under this name: the
first puts a ReLU behind its fully connected branch, so that none of those points has a negative coordinate.
"""

from functools import partial

import torch
from torch import nn
from torch.nn.functional import pad, relu

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.models.array_pickles import read_array_pickles
from course_lib.models.published import load_published, read_state_dict

FLAVOURS = {  # kernels of the halving convolutions, the last one to the bottom
    "two_branch": (3, 3, 3, 3, 3, 5),
    "hourglass": (3, 3, 3, 5, 5, 5),
}
SIZE = (192, 256)  # H, W of a picture
WIDTHS = (16, 32, 64, 128, 256, 512)  # channels at full size, half, a quarter, ...
DENSE = (2048, 1024)  # of the fully connected branch
PUBLIC_KINDS = {nn.Conv2d: "Conv2D", nn.ConvTranspose2d: "Conv2DTranspose", nn.Linear: "FullyConnected"}
GREY = 191 / 255  # what the released code paints behind the thing


class PointSetNetwork(nn.Module):
    """A set of points for a picture.

    Args:
        flavour: "hourglass" or "two_branch", see above.
        size: (H, W) of the pictures, multiples of 2^len(widths).
        widths: channels of each level; the bottom below the last has as many as that one. dense: of the fully connected
            branch. loose: its points. head: the level whose map becomes the points of the convolutional branch.
    """

    def __init__(self, flavour="hourglass", *, size=SIZE, widths=WIDTHS, dense=DENSE, loose=256, head=3):
        super().__init__()
        if flavour not in FLAVOURS:
            raise CourseError(f"flavour is {flavour!r}, expected one of {', '.join(FLAVOURS)}.")
        levels, hourglass = len(widths), flavour == "hourglass"
        if any(side % 2**levels for side in size):
            raise CourseError(f"size is {size}, expected multiples of {2**levels}: it is halved {levels} times.")
        kernels = FLAVOURS[flavour][-levels:]
        self.size, self.flavour, self.loose, self.head_level = tuple(size), flavour, loose, head
        last = range(levels - 1, 0, -1)  # levels on the way up; a map that comes up has half the level's channels

        self.encoder = nn.ModuleList([_convs(4, widths[0], 2)])
        for i in range(1, levels):
            convs = 3 if i == levels - 1 else 2
            self.encoder.append(
                nn.Sequential(_Halved(widths[i - 1], widths[i], kernels[i - 1]), nn.ReLU(),
                              *_convs(widths[i], widths[i], convs))
            )  # fmt: skip
        self.bottom = nn.Sequential(_Halved(widths[-1], widths[-1], kernels[-1]), nn.ReLU())
        inputs = widths[-1] * (size[0] // 2**levels) * (size[1] // 2**levels)
        self.dense = nn.Linear(inputs, dense[0])

        skips = list(widths)  # channels of the map that each level remembers
        if hourglass:
            self.up_first = nn.ModuleDict()
            below = widths[-1]
            for i in last:
                self.up_first[str(i)] = _Joined(_Doubled(below, widths[i] // 2), skips[i], widths[i] // 2)
                below = skips[i] = widths[i] // 2
            self.down_again = nn.ModuleDict()
            for i in range(2, levels):
                width = widths[i] // 2
                self.down_again[str(i)] = _Joined(_Halved(below, width, kernels[i - 1]), skips[i], width)
                below = skips[i] = width
            self.bottom_again = nn.Sequential(_Halved(below, widths[-1], kernels[-1]), nn.ReLU())
            self.dense_again = nn.Linear(dense[0], dense[0])
            self.dense_bottom = nn.Linear(inputs, dense[0])
        self.up = nn.ModuleDict()
        below = widths[-1]
        for i in [level for level in last if level >= head]:
            rectified = not hourglass and i == head
            self.up[str(i)] = _Joined(_Doubled(below, widths[i] // 2), skips[i], widths[i] // 2, rectified)
            below = widths[i] // 2
        self.refine = _convs(below, below, 1)
        self.place = nn.Sequential(nn.Linear(dense[0], dense[1]), nn.ReLU(), nn.Linear(dense[1], 3 * loose))
        self.place_map = _conv(below, 3)
        self._start()

    def _start(self):
        """First weights that keep the size of what passes through (He et al. 2015): nothing here is normalised."""
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                inputs = module.weight[0].numel()
                if isinstance(module, nn.ConvTranspose2d):  # a quarter of its kernel meets a cell
                    inputs = module.in_channels * module.weight[0, 0].numel() / 4
                nn.init.normal_(module.weight, 0, (2 / inputs) ** 0.5)
                nn.init.zeros_(module.bias)
        for last in (self.place[-1], self.place_map):
            nn.init.normal_(last.weight, 0, 0.3 / last.weight[0].numel() ** 0.5)
        nn.init.uniform_(self.place[-1].bias, -0.4, 0.4)  # loose points start apart, or they would move as one

    @classmethod
    def mini(cls, flavour="two_branch", size=(48, 64)):
        """Four levels and narrow: 64 points of the fully connected branch, 192 of the map for a picture of 48 x 64."""
        return cls(flavour, size=size, widths=(8, 16, 32, 64), dense=(256, 128), loose=64, head=2)

    @classmethod
    def from_published(cls, source, flavour="two_branch"):
        """The network with the released weights.

        Args:
            source: path of the authors' `twobranch_v1.pkl` or `twobranch_v2.pkl` (a file of pickled pairs of name and
                array), or a dict {name: array or tensor} as in it: `Conv2D/W:0`, `FullyConnected_1/b:0`, ... A state
                dict of this class, or a path of one, is taken as well.
            flavour: "two_branch", as the released files; "hourglass" for a training of one's own with that code.
        Raises:
            CourseError: if the file cannot be read, or a name or shape does not fit. It says which.
        """
        named = source if isinstance(source, dict) else None
        if named is None:
            named = read_array_pickles(source) if str(source).endswith(".pkl") else read_state_dict(source)
        network = cls(flavour)
        if not any("/" in name for name in named):
            load_published(network, named)
            return network.eval()
        ours = network.public_names()
        renamed, rest = {}, {}
        for name, value in named.items():
            value = torch.as_tensor(value).float()
            if name in ours:
                key, turn = ours[name]
                renamed[key] = turn(value) if value.ndim > 1 else value
            elif not name.startswith(("Variable", "is_training")):  # the step counter and tflearn's switch
                rest[name] = value
        load_published(network, renamed | rest)
        return network.eval()

    def public_names(self):
        """{name of a tensor in the authors' files: (our key, function from their array to our tensor)}."""
        counts, names = {}, {}
        key_of = {module: key for key, module in self.named_modules()}
        rows, columns = (side // 2 ** len(self.encoder) for side in self.size)
        from_bottom = partial(_from_public, spatial=(rows, columns))
        for module in self._in_public_order():
            kind = next(name for layer, name in PUBLIC_KINDS.items() if isinstance(module, layer))
            number = counts[kind] = counts.get(kind, -1) + 1
            scope = f"{kind}_{number}" if number else kind
            bottomed = module is self.dense or module is getattr(self, "dense_bottom", None)
            names[f"{scope}/W:0"] = f"{key_of[module]}.weight", from_bottom if bottomed else _from_public
            names[f"{scope}/b:0"] = f"{key_of[module]}.bias", _from_public
        return names

    def forward(self, pictures, details=False):
        """Points, from pictures as `preprocess` makes them.

        Args:
            pictures: (B, 4, H, W). details: and the map before it is read as points, (B, 3, h, w).
        Returns:
            (B, P, 3): first the `loose` points of the fully connected branch, then the map's, row by row.
        """
        sizes = check_shape(pictures, "B 4 H W", "pictures")
        if (sizes["H"], sizes["W"]) != self.size:
            raise ShapeError(
                f"pictures are {sizes['H']} x {sizes['W']}, expected {self.size[0]} x {self.size[1]}: resize first."
            )
        maps, features = [], pictures
        for level in self.encoder:
            features = level(features)
            maps.append(features)
        features = self.bottom(features)
        vector = relu(self.dense(features.flatten(1)))
        if self.flavour == "hourglass":
            for joins in (self.up_first, self.down_again):
                for level, join in joins.items():
                    features = maps[int(level)] = join(features, maps[int(level)])
            features = self.bottom_again(features)
            vector = relu(self.dense_again(vector) + self.dense_bottom(features.flatten(1)))
        for level, join in self.up.items():
            features = join(features, maps[int(level)])
        placed = self.place_map(self.refine(features))
        points = torch.cat([self.place(vector).unflatten(1, (self.loose, 3)), placed.flatten(2).transpose(1, 2)], 1)
        return (points, placed) if details else points

    def _in_public_order(self):
        """Layers in the order in which the released code creates them, which is how it numbers them."""
        ups = [list(join.layers()) for join in self.up.values()]
        dense = list(self.place)[::2]
        head = [*[m for up in ups for m in up], self.refine[0], self.place_map]
        encoder = [*_layers(self.encoder), *_layers(self.bottom), self.dense]
        if self.flavour == "two_branch":  # the fully connected branch is built first, then the map's
            return [*encoder, *dense, *head]
        first = [m for joins in (self.up_first, self.down_again) for join in joins.values() for m in join.layers()]
        again = [*_layers(self.bottom_again), self.dense_again, self.dense_bottom]
        return [*encoder, *first, *again, *head[:-1], *dense, self.place_map]


def preprocess(pictures, silhouettes):
    """Pictures as the released network expects them.

    Args:
        pictures: (B, 3, H, W), RGB in 0..1. silhouettes: (B, H, W) bool, True on the thing.
    Returns:
        (B, 4, H, W): blue, green, red in 0..1 with grey behind the thing, and a channel that is 1 *beside* the thing.
    """
    sizes = check_shape(pictures, "B 3 H W", "pictures")
    if tuple(silhouettes.shape) != (sizes["B"], sizes["H"], sizes["W"]):
        raise ShapeError(f"silhouettes has shape {tuple(silhouettes.shape)}, expected (B, H, W) of the pictures.")
    beside = ~silhouettes.bool()[:, None]
    return torch.cat([torch.where(beside, torch.tensor(GREY), pictures.flip(1)), beside.to(pictures)], 1)


class TwoBranchDecoder(nn.Module):
    """Occupancy Networks' two branches: from an encoder's maps to points. 9,801,734 parameters.

    Args:
        code: C, channels of the smallest map, a multiple of 32. points: of both branches together; 768 are the map's.
    """

    def __init__(self, code=512, points=1024):
        super().__init__()
        widths = [code // 2, code // 4, code // 8]
        self.fc_branch = nn.Sequential(nn.Linear(12 * code, 3 * (points - 768)), nn.ReLU())
        for i, (before, width) in enumerate(zip((code, *widths), (*widths, 3), strict=True), 1):
            # The fourth is never used; it is here because the public checkpoints have it.
            self.add_module(f"deconv_{i}", nn.ConvTranspose2d(before, width, 5, 2, 2, 1))
        for i, width in enumerate(widths, 1):
            self.add_module(f"conv_{i}", _convs(width, width, 1))
        self.conv_4 = _conv(widths[-1], 3)

    @classmethod
    def from_published(cls, source):
        """The decoder of a checkpoint of autonomousvision/occupancy_networks (method psgn); its encoder is left out."""
        weights = _decoder_of(source)
        last = weights.get("fc_branch.0.weight")
        if last is None:
            raise CourseError("The checkpoint has no fc_branch.0.weight: it holds no two-branch decoder.")
        network = cls(last.shape[1] // 12, len(last) // 3 + 768)
        load_published(network, weights)
        return network.eval()

    def forward(self, smallest, maps):
        """smallest (B, C, 3, 4); maps: of the encoder, the last (B, C/2, 6, 8) -> (B, P, 3)."""
        loose = self.fc_branch(smallest.flatten(1)).unflatten(1, (-1, 3))
        features = smallest
        for i in (1, 2, 3):
            features = relu(getattr(self, f"deconv_{i}")(features) + maps[-i])
            features = getattr(self, f"conv_{i}")(features)
        # The public code reads the map's numbers three by three as they lie in memory, channel after channel: a point
        # is three neighbouring pixels of one channel, not the three channels of one pixel.
        return torch.cat([loose, self.conv_4(features).reshape(len(loose), -1, 3)], 1)


class PointDecoder(nn.Module):
    """Occupancy Networks' plain decoder: four linear layers from a code to points. 2,232,832 parameters."""

    def __init__(self, code=256, points=1024, hidden=512):
        super().__init__()
        self.fc_0, self.fc_1, self.fc_2 = nn.Linear(code, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)
        self.fc_out = nn.Linear(hidden, 3 * points)

    @classmethod
    def from_published(cls, source):
        """As `TwoBranchDecoder.from_published`."""
        weights = _decoder_of(source)
        if "fc_out.weight" not in weights or "fc_0.weight" not in weights:
            raise CourseError("The checkpoint has no fc_0.weight and fc_out.weight: it holds no plain point decoder.")
        hidden, code = weights["fc_0.weight"].shape
        network = cls(code, len(weights["fc_out.weight"]) // 3, hidden)
        load_published(network, weights)
        return network.eval()

    def forward(self, code):
        """(B, C) -> (B, P, 3)"""
        features = self.fc_2(relu(self.fc_1(relu(self.fc_0(code)))))
        return self.fc_out(relu(features)).unflatten(1, (-1, 3))


class _Halved(nn.Conv2d):
    """A convolution of stride 2 that halves even sizes, padded as TensorFlow does: more behind than in front."""

    def __init__(self, inputs, outputs, kernel):
        super().__init__(inputs, outputs, kernel, stride=2)
        self.before = (kernel - 2) // 2

    def forward(self, features):
        after = self.kernel_size[0] - 2 - self.before
        return super().forward(pad(features, (self.before, after) * 2))


class _Doubled(nn.ConvTranspose2d):
    """The transposed 5 x 5 convolution of stride 2 that doubles the size, cut as TensorFlow does."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, 5, stride=2, padding=1)

    def forward(self, features):
        return super().forward(features)[..., :-1, :-1]


class _Joined(nn.Module):
    """A map that comes from below or above, and what its new level remembers, added: relu(change(x) + conv(skip))."""

    def __init__(self, change, remembered, width, rectified=False):
        super().__init__()
        self.change, self.skip, self.conv = change, _conv(remembered, width), _convs(width, width, 1)
        self.rectified = rectified  # the changed map goes through a ReLU of its own first

    def forward(self, features, remembered):
        changed = self.change(features)
        return self.conv(relu((relu(changed) if self.rectified else changed) + self.skip(remembered)))

    def layers(self):
        return self.change, self.skip, self.conv[0]


def _conv(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def _convs(inputs, outputs, number):
    layers = []
    for i in range(number):
        layers += [_conv(inputs if i == 0 else outputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers)


def _layers(part):
    return [module for module in part.modules() if isinstance(module, nn.Conv2d)]


def _from_public(value, spatial=None):
    """TensorFlow's arrays to ours: (kh, kw, in, out) of a convolution, (in, out) of a linear layer.

    spatial: (h, w) of the map that a linear layer reads; TensorFlow lays it out as h, w, channels.
    """
    if value.ndim == 4:  # a transposed convolution's (kh, kw, out, in) turns into (in, out, kh, kw) likewise
        return value.permute(3, 2, 0, 1)
    if value.ndim == 2 and spatial:
        value = value.reshape(*spatial, -1, value.shape[1]).permute(2, 0, 1, 3).flatten(0, 2)
    return value.T if value.ndim == 2 else value


def _decoder_of(source):
    weights = read_state_dict(source)
    prefix = "decoder."
    inside = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    return inside or weights
