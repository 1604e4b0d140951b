"""SPyNet: a small network per level of a pyramid, each of which only corrects what the coarser ones left.

Anurag Ranjan, Michael J. Black, "Optical Flow Estimation using a Spatial Pyramid Network", CVPR 2017, arXiv:1611.00850.

The classical way of lecture 04, coarse to fine, with five convolutions in the place of Lucas and Kanade's equations. At
level k, with images I_k half as wide and high as those of level k + 1 and `up` for twice as many pixels *and* twice the
length,

    v_k = G_k(I1_k, warp(I2_k, up(V_{k-1})), up(V_{k-1})),        V_k = up(V_{k-1}) + v_k.            (Eq. 3, 4)

The pyramid takes care of long motions, so that each G_k needs to know little: 240,050 parameters a level, 1,200,250 for
the paper's five, against 38.7 million of FlowNetS.

Differences from the paper, and what decides correctness:
- the paper trains five levels for 384 x 512 and uses the last one twice on larger pictures; public weights have six.
- `colors="rgb"` is the order of the released weights: RGB minus ImageNet's mean, divided by its deviation. The
  well-known PyTorch port is fed BGR and turns it around itself: `colors="bgr"` takes what that port's network takes.
- as the port does: means of 2 x 2 pixels make the pyramid while a side is above `coarsest`; `up` keeps corners on
  corners, and repeats the last row or column where a level has an odd number of them; the warp repeats the border.
- first weights are He's; the last layer of each level starts near 0, so that an untrained level changes nothing.
"""

import re

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate, pad

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.models.layers import he, start_small
from course_lib.models.published import load_published, read_state_dict
from course_lib.models.torch7 import convolutions, read_t7
from course_lib.ops.warp import warp

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # R, G, B of ImageNet, as the released weights expect
WIDTHS = (32, 64, 32, 16)
COARSEST = 32  # pixels: the public port halves the images while a side is longer


class Level(nn.Sequential):
    """G_k: five convolutions of 7 x 7 with a ReLU between them, (B, 8, H, W) -> (B, 2, H, W).

    Args:
        widths: channels after the first four; the last has two.
        kernel: side of the kernels, odd.
    """

    def __init__(self, widths=WIDTHS, kernel=7):
        layers = []
        for inputs, outputs in zip((8, *widths), (*widths, 2), strict=True):
            layers += [nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), nn.ReLU()]
        super().__init__(*layers[:-1])
        self.apply(he)
        start_small(self[-1])


class SPyNet(nn.Module):
    """The whole pyramid.

    Args:
        levels: networks, the coarsest first: five in the paper, six in the public weights.
        colors: "rgb", or "bgr" for pictures as the public PyTorch port is given them.
        coarsest: the images are halved while a side is longer than this, at most `levels` - 1 times. A picture that
            needs fewer halvings uses the first networks only.
        widths, kernel: of each level.
    Raises:
        CourseError: if an argument makes no network.
    """

    def __init__(self, levels=6, *, colors="rgb", coarsest=COARSEST, widths=WIDTHS, kernel=7):
        super().__init__()
        if levels < 1 or coarsest < 1 or kernel % 2 == 0:
            raise CourseError(
                f"SPyNet with levels={levels}, coarsest={coarsest}, kernel={kernel}: expected at least one level, one "
                "pixel, and an odd kernel (an even one would shift the flow)."
            )
        if colors not in ("rgb", "bgr"):
            raise CourseError(f'colors is {colors!r}, expected "rgb" or "bgr".')
        self.levels = nn.ModuleList(Level(widths, kernel) for _ in range(levels))
        self.colors, self.coarsest = colors, coarsest

    @classmethod
    def mini(cls, levels=2):
        """The same network, narrower, for pictures of about 48 x 64 that two CPU cores can train on."""
        return cls(levels, coarsest=32, widths=(8, 16, 8, 8), kernel=5)

    @classmethod
    def from_published(cls, source, *, colors=None):
        """SPyNet with published weights.

        Args:
            source: path or state dict of the PyTorch port, `moduleBasic.0.moduleBasic.0.weight` ... (its files) or
                `netBasic.0.netBasic.0.weight` ... (the state dict of its network); or the original release: a list of
                one Torch7 file `modelL1_F.t7`, `modelL2_F.t7`, ... for each level, coarsest first.
            colors: as for SPyNet. By default "rgb" for published files, as everywhere in the course; but "bgr" for the
                state dict of the port's network (`netBasic`), so that the same tensors give the same flow here and
                there. Say colors="rgb" to give that one RGB pictures.
        Raises:
            CourseError: names the keys that do not fit.
        """
        state, meant = _our_state(source)
        numbers = [int(key.split(".")[1]) for key in state if re.match(r"levels\.\d+\.", key)]
        model = cls(max(numbers, default=5) + 1, colors=colors or meant)
        load_published(model, state)
        return model.eval()

    def forward(self, pair):
        """Flow from the first image to the second.

        Args:
            pair: (B, 6, H, W), two images one after the other, 0..1.
        Returns:
            (B, 2, H, W) in pixels.
        """
        return self.pyramid(pair)[-1]

    def pyramid(self, pair):
        """Flows of all levels that the picture needs, coarsest first: list of (B, 2, H_k, W_k), each in its pixels."""
        flows = []
        for network, (image1, image2) in zip(self.levels, self.images(pair), strict=False):
            start = enlarge(flows[-1], image1.shape[2:]) if flows else torch.zeros_like(image1[:, :2])
            flows.append(residual_step(network, image1, image2, start))
        return flows

    def start(self, pair, level):
        """What level number `level` starts from: its two images and the flow of the coarser levels, enlarged."""
        images = self.images(pair)
        flow = torch.zeros_like(images[0][0][:, :2])
        for number in range(level):
            flow = residual_step(self.levels[number], *images[number], flow)
            flow = enlarge(flow, images[number + 1][0].shape[2:])
        return *images[level], flow

    def images(self, pair):
        """Normalised images of every level, coarsest first: list of two (B, 3, H_k, W_k)."""
        check_shape(pair, "B 6 H W", "pair")
        both = pair if self.colors == "rgb" else pair.view(-1, 2, 3, *pair.shape[2:]).flip(2).flatten(1, 2)
        both = (both - both.new_tensor(MEAN * 2).view(6, 1, 1)) / both.new_tensor(DEVIATION * 2).view(6, 1, 1)
        scales = [both]
        while len(scales) < len(self.levels) and max(scales[-1].shape[2:]) > self.coarsest:
            if min(scales[-1].shape[2:]) < 4:
                raise ShapeError(
                    f"pair has shape {tuple(pair.shape)}: the shorter side is used up before the longer one has "
                    f"{self.coarsest} pixels. Cut the picture, or take fewer levels."
                )
            scales.append(avg_pool2d(scales[-1], 2))
        return [tuple(scale.split(3, 1)) for scale in reversed(scales)]


def residual_step(network, image1, image2, start):
    """One level of the pyramid (Eq. 3, 4): V_k = start + G_k(I1, warp(I2, start), start).

    Args:
        network: G_k, (B, 8, H, W) -> (B, 2, H, W).
        image1, image2: (B, 3, H, W). start: (B, 2, H, W) pixels, the coarser level's flow, enlarged.
    Returns:
        (B, 2, H, W) in pixels.
    """
    return start + network(torch.cat([image1, warp(image2, start, outside="border"), start], 1))


def enlarge(flow, size):
    """Twice as many pixels, and twice the length: `up`.  flow (B, 2, H, W), size (2 H or 2 H + 1, 2 W or 2 W + 1)."""
    larger = 2 * interpolate(flow, scale_factor=2, mode="bilinear", align_corners=True)
    rows, columns = size[0] - larger.shape[2], size[1] - larger.shape[3]
    return pad(larger, (0, columns, 0, rows), mode="replicate")  # what halving an odd side has dropped


def level_loss(level):
    """Loss of one level for `train.fit`, as the paper trains: the coarser levels give the start and do not learn.

    The truth is averaged down to the level's size and its lengths with it; the loss is the mean end-point error there.

    Args:
        level: number of the level, 0 for the coarsest.
    Returns:
        function (network, (pair, flow)) -> scalar.
    """

    def loss(network, batch):
        pair, truth = batch
        with torch.no_grad():
            image1, image2, start = network.start(pair, level)
        flow = residual_step(network.levels[level], image1, image2, start)
        there = interpolate(truth, size=flow.shape[2:], mode="area") * (flow.shape[3] / truth.shape[3])
        return (flow - there).norm(dim=1).mean()

    return loss


def _our_state(source):
    """State dict under our names from any of the public layouts, and the order of colors that goes with it."""
    if isinstance(source, list | tuple):
        state = {}
        for level, path in enumerate(source):
            for layer, (weight, bias) in enumerate(convolutions(read_t7(path))):
                state[f"levels.{level}.{2 * layer}.weight"] = weight.float()
                state[f"levels.{level}.{2 * layer}.bias"] = bias.float()
        return state, "rgb"
    theirs = read_state_dict(source)
    colors = "bgr" if any(key.startswith("netBasic.") for key in theirs) else "rgb"
    return {_our_name(key): tensor for key, tensor in theirs.items()}, colors


def _our_name(key):
    """levels.1.4.weight from moduleBasic.1.moduleBasic.4.weight or netBasic.1.netBasic.4.weight."""
    parts = re.fullmatch(r"(module|net)Basic\.(\d+)\.\1Basic\.(\d+)\.(weight|bias)", key)
    return f"levels.{parts[2]}.{parts[3]}.{parts[4]}" if parts else key
