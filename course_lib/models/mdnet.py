"""MDNet: a small network that says "target" or "background" for a crop, trained on many videos at once.

Hyeonseob Nam, Bohyung Han, "Learning Multi-Domain Convolutional Neural Networks for Visual Tracking", CVPR 2016,
arXiv:1510.07945.

Every video is a *domain* of its own: what is target in one may be background in another. So all videos share three
convolutions and two fully connected layers, and each has its own last layer, a branch of two scores. Shared layers
learn what all targets have in common. A new video gets a new branch. 4,432,514 parameters with one branch, 1,026 more
for each further one. How it tracks stands in `course_lib.trackers.mdnet`.

Differences from the paper, and what decides correctness:
- the convolutions are VGG-M's first three, whose response normalisation (`lrn="vgg-m"`) is x / (2 + 1e-4 s)^0.75
  with s the sum of squares over 5 neighbouring channels. The authors' later PyTorch code (`lrn="py-mdnet"`), whose
  weights need it, has x / (1 + 5e-5 s)^0.75 with s over 2. (torch divides its alpha by the number of channels.)
- dropout stands before fc5 and fc6, as in the PyTorch code; behind fc4 and fc5, as in the paper, is the same place.
- crops are 0..255 minus 128; grey of 128 is what lies outside the frame (in the PyTorch code, dark red).
- weights start from He's rule. The paper's convolutions start from VGG-M on ImageNet: see `MDNet.from_published`.
"""

from pathlib import Path

import numpy as np
from torch import nn
from torch.nn.functional import pad

from course_lib.errors import CourseError, check_shape
from course_lib.models.layers import he, start_small
from course_lib.models.matconvnet import kernels, read_matlab, vector
from course_lib.models.published import load_published

CROP = 107  # side of a crop: 107 -> 51 -> 25 -> 11 -> 5 -> 3
GREY = 128 / 255  # what a crop shows outside the frame, in 0..1
CONVS = ((96, 7, 2), (256, 5, 2), (512, 3, 1))  # channels, kernel, stride; no padding
LRN = {"vgg-m": (5, 1e-4, 2.0), "py-mdnet": (2, 5e-5, 1.0)}  # channels, alpha, k
TARGET = 1  # column of the target's score


class MDNet(nn.Module):
    """Three convolutions and two fully connected layers for all videos, and a branch of two scores for each.

    Args:
        domains: K, how many branches: as many as training videos, or 1 for tracking.
        lrn: which response normalisation, "vgg-m" or "py-mdnet": see the header.
        convs: (channels, kernel, stride) of the three convolutions. hidden: units of fc4 and fc5.
        crop: side of the crops for which fc4 is made.
        unit: crops are divided by this: 1 for the published weights, 64 for training from He's weights.
        dropout: probability before fc5 and fc6.
    """

    def __init__(self, domains=1, *, lrn="py-mdnet", convs=CONVS, hidden=512, crop=CROP, unit=1.0, dropout=0.5):
        super().__init__()
        if lrn not in LRN:
            raise CourseError(f"lrn is {lrn!r}, expected one of {', '.join(map(repr, LRN))}.")
        if domains < 1:
            raise CourseError(f"domains is {domains}, expected at least 1: a branch for every training video.")
        (w1, k1, s1), (w2, k2, s2), (w3, k3, s3) = convs
        self.crop, self.unit = crop, unit
        self.conv1 = nn.Conv2d(3, w1, k1, s1)
        self.conv2 = nn.Conv2d(w1, w2, k2, s2)
        self.conv3 = nn.Conv2d(w2, w3, k3, s3)
        self.lrn = lrn
        self.pool = nn.MaxPool2d(3, 2)
        self.fc4 = nn.Linear(w3 * conv3_side(crop, convs) ** 2, hidden)
        self.fc5 = nn.Linear(hidden, hidden)
        self.branches = nn.ModuleList()
        self.dropout = nn.Dropout(dropout)
        self.apply(he)
        self.new_branches(domains)

    @classmethod
    def mini(cls, domains=1, *, lrn="py-mdnet"):
        """The same layers, about ten times narrower, for crops of 43 x 43 on two CPU cores."""
        convs = ((12, 5, 2), (24, 3, 1), (32, 2, 1))  # 43 -> 20 -> 9 -> 7 -> 3 -> 2
        return cls(domains, lrn=lrn, convs=convs, hidden=64, crop=43, unit=64.0, dropout=0.2)

    @classmethod
    def from_published(cls, source, domains=1, *, lrn=None):
        """MDNet with published weights and new branches, in evaluation mode.

        Args:
            source: py-MDNet's .pth (`{"shared_layers": ...}`), a state dict of its whole network, whose branches are
                then kept if there are `domains` of them; the authors' mdnet_*.mat; or imagenet-vgg-m.mat, which has
                the three convolutions alone. A path, or a state dict.
            domains: K, branches of the network.
            lrn: "vgg-m" or "py-mdnet"; by default what the kind of file needs: "vgg-m" for .mat files.
        Raises:
            CourseError: names the keys that do not fit.
        """
        matlab = not hasattr(source, "keys") and Path(source).suffix == ".mat"
        weights = matconvnet_weights(source) if matlab else source
        model = cls(domains, lrn=lrn or ("vgg-m" if matlab else "py-mdnet"))
        imagenet = matlab and "fc4.weight" not in weights
        load_published(model, weights, _our_name, may_miss=("branches.", *(("fc4.", "fc5.") if imagenet else ())))
        return model.eval()

    def new_branches(self, domains=1):
        """Replace all branches by `domains` new ones, which know nothing yet."""
        like = self.fc5.weight
        made = [nn.Linear(self.fc5.out_features, 2, device=like.device, dtype=like.dtype) for _ in range(domains)]
        for branch in made:
            start_small(branch)
        self.branches = nn.ModuleList(made)

    def prepare(self, crops):
        """Crops 0..1 as the network takes them: 0..255, minus 128, divided by `unit`."""
        return (crops * 255 - 128) / self.unit

    def features(self, crops):
        """conv3 after its ReLU, which tracking never changes: (B, 3, crop, crop) -> (B, 4608)."""
        check_shape(crops, f"B 3 {self.crop} {self.crop}", "crops")
        x = self.pool(response_norm(self.conv1(crops).relu(), self.lrn))
        x = self.pool(response_norm(self.conv2(x).relu(), self.lrn))
        return self.conv3(x).relu().flatten(1)

    def shared(self, features):
        """fc4 and fc5, what a branch gets: (B, 4608) -> (B, 512)."""
        x = self.dropout(self.fc4(features).relu())
        return self.dropout(self.fc5(x).relu())

    def head(self, features, domain=0):
        """fc4, fc5 and one branch: (B, 4608) -> (B, 2), scores of background and target before the softmax."""
        return self.branches[domain](self.shared(features))

    def forward(self, crops, domain=0):
        """(B, 3, crop, crop) -> (B, 2), background and target, by the branch of one domain."""
        return self.head(self.features(crops), domain)


def response_norm(x, kind):
    """x / (k + alpha s)^0.75, with s the sum of squares over neighbouring channels: (B, C, H, W) -> (B, C, H, W)

    Equal to `torch.nn.LocalResponseNorm`, in half its time on a CPU: that was half of the whole network's. Of an even
    number of channels, one more lies before than behind.
    """
    channels, alpha, k = LRN[kind]
    squares = pad(x.square(), (0, 0, 0, 0, channels // 2, (channels - 1) // 2))
    total = sum(squares[:, i : i + x.shape[1]] for i in range(channels))
    root = (k + alpha * total).sqrt()
    return x / (root * root.sqrt())


def conv3_side(crop, convs=CONVS):
    """Rows (or columns) that reach fc4: 3 for crops of 107.

    Raises:
        CourseError: if the crop is too small for the convolutions and pools.
    """
    side = crop
    for i, (_, kernel, stride) in enumerate(convs):
        side = (side - kernel) // stride + 1
        if i < 2:
            side = (side - 3) // 2 + 1
        if side < 1:
            raise CourseError(f"A crop of {crop} x {crop} vanishes at conv{i + 1}: take larger crops.")
    return side


def matconvnet_weights(path):
    """Weights of a MatConvNet file as a state dict of ours: conv1 to conv3, and fc4 and fc5 where it has them.

    Its kernels are (rows, columns, inputs, outputs), its fully connected layers kernels as large as their input; a
    layer has `weights` or, before 2015, `filters` and `biases`. Layers above fc5, VGG-M's above conv3, are left out.

    Raises:
        CourseError: if the file cannot be read, or is no network of MatConvNet.
    """
    content = read_matlab(path)
    layers = content.get("layers", getattr(content.get("net"), "layers", None))
    if layers is None:
        raise CourseError(f"{path} has no `layers` and no `net.layers`: expected a network of MatConvNet.")
    state = {}
    for layer in np.atleast_1d(layers):
        name = str(getattr(layer, "name", ""))
        if name in ("conv1", "conv2", "conv3", "fc4", "fc5"):
            kernel, bias = layer.weights if hasattr(layer, "weights") else (layer.filters, layer.biases)
            state |= _from_matlab(name, kernel, bias)
    return state


def _from_matlab(name, kernel, bias):
    weight = kernels(kernel) if name.startswith("conv") else kernels(kernel).flatten(1)
    return {f"{name}.weight": weight, f"{name}.bias": vector(bias)}


def _our_name(key):
    """py-MDNet's layers.conv1.0.weight, shared_layers' conv1.0.weight and branches.2.1.bias; ours stay as they are."""
    parts = key.removeprefix("layers.").split(".")
    if parts[0] == "branches":
        return f"branches.{parts[1]}.{parts[-1]}"
    return f"{parts[0]}.{parts[-1]}"
