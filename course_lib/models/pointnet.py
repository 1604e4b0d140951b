"""PointNet: a network for sets. Each point alone through the same layers, the maximum over all points, a classifier.

Charles R. Qi, Hao Su, Kaichun Mo, Leonidas J. Guibas, "PointNet: Deep Learning on Point Sets for 3D Classification and
Segmentation", CVPR 2017, arXiv:1612.00593.

Two flavours are in use, and their weights do not fit each other:

    "original"  the authors' TensorFlow code: layers 64, 64 | T-Net | 64, 128, 1024       3,480,049 for 40 classes
    "pytorch"   the most used port (fxia22/pointnet.pytorch): 64 | T-Net | 128, 1024       3,471,473

The port leaves out the last ReLU before the maximum, and drops units out before the normalisation instead of after the
activation. The authors released no weights.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from course_lib.errors import CourseError, check_shape
from course_lib.models.published import load_published, read_state_dict

FLAVOURS = {  # widths before and after the second T-Net; ReLU after the last; share of units dropped
    "original": ((64, 64), (64, 128, 1024), True, 0.3),
    "pytorch": ((64,), (128, 1024), False, 0.3),
}
TNET = ((64, 128, 1024), (512, 256))  # per point, and after the maximum
HEAD = (512, 256)
SEGMENTER = (512, 256, 128)


@dataclass
class Encoding:
    """What PointNet knows of a set before it decides.

    Attributes:
        whole: (B, C) the maximum over the points. points: (B, D, P) each point's own features, after the second T-Net.
        critical: (B, C) long, which point holds the maximum of each feature: all others could go.
        turns: the matrices of the T-Nets that the network has, each (B, k, k).
    """

    whole: torch.Tensor
    points: torch.Tensor
    critical: torch.Tensor
    turns: list


class PointNet(nn.Module):
    """Scores of a set of points, or of each of its points.

    Args:
        num_classes: K. segmentation: a score per point instead of one per set.
        flavour: "original" or "pytorch", see above.
        input_tnet, feature_tnet: whether the set, and the features, are turned by a matrix that a small network finds.
        shrink: divide all widths by this.
    """

    def __init__(self, num_classes=40, *, segmentation=False, flavour="original", input_tnet=True, feature_tnet=True,
                 shrink=1):  # fmt: skip
        super().__init__()
        if flavour not in FLAVOURS:
            raise CourseError(f"flavour is {flavour!r}, expected one of {', '.join(FLAVOURS)}.")
        first, second, last_relu, dropped = FLAVOURS[flavour]
        first, second, head, segmenter = ([w // shrink for w in ws] for ws in (first, second, HEAD, SEGMENTER))
        self.input_tnet = TNet(3, shrink) if input_tnet else None
        self.first = _shared(3, first)
        self.feature_tnet = TNet(first[-1], shrink) if feature_tnet else None
        self.second = _shared(first[-1], second, last_relu)
        self.segmentation = segmentation
        if segmentation:
            layers = _shared(second[-1] + first[-1], segmenter)
            self.head = nn.Sequential(*layers, nn.Conv1d(segmenter[-1], num_classes, 1))
        else:
            self.head = _classifier(second[-1], head, num_classes, flavour, dropped)

    @classmethod
    def mini(cls, num_classes, **options):
        """Four times narrower."""
        return cls(num_classes, shrink=4, **options)

    @classmethod
    def from_published(cls, source):
        """The network of a checkpoint of fxia22/pointnet.pytorch; classes and parts of the network are read from it.

        Args:
            source: path or state dict, with the keys `feat.stn.*`, `feat.fstn.*`, `feat.conv1.*`, ...
        """
        weights = read_state_dict(source)
        segmentation = "conv4.weight" in weights
        last = weights.get("conv4.weight" if segmentation else "fc3.weight")
        if last is None:
            raise CourseError(
                "The checkpoint has neither fc3.weight nor conv4.weight: it is no PointNet of fxia22/pointnet.pytorch."
            )
        feature_tnet = any(key.startswith("feat.fstn.") for key in weights)
        network = cls(len(last), segmentation=segmentation, flavour="pytorch", feature_tnet=feature_tnet)
        load_published(network, weights, partial(_from_pytorch, head=_SEGMENTER if segmentation else _CLASSIFIER))
        return network.eval()

    def encode(self, points):
        """(B, P, 3) -> Encoding."""
        check_shape(points, "B P 3", "points")
        features, turns = points.transpose(1, 2), []  # (B, 3, P)
        if self.input_tnet is not None:
            turns.append(self.input_tnet(features))
            features = (
                turns[-1].transpose(1, 2) @ features
            )  # a row vector times the matrix, as the papers' codes have it
        features = self.first(features)
        if self.feature_tnet is not None:
            turns.append(self.feature_tnet(features))
            features = turns[-1].transpose(1, 2) @ features
        whole, critical = self.second(features).max(2)
        return Encoding(whole, features, critical, turns)

    def forward(self, points, details=False):
        """(B, P, 3) -> scores (B, K), or (B, P, K) of a segmenter; details: and the `Encoding`."""
        encoding = self.encode(points)
        if self.segmentation:
            whole = encoding.whole[..., None].expand(-1, -1, points.shape[1])
            scores = self.head(torch.cat([whole, encoding.points], 1)).transpose(1, 2)
        else:
            scores = self.head(encoding.whole)
        return (scores, encoding) if details else scores


class TNet(nn.Module):
    """A small PointNet that looks at the whole set and answers with a k x k matrix; the identity at first."""

    def __init__(self, k, shrink=1):
        super().__init__()
        shared, after = ([w // shrink for w in widths] for widths in TNET)
        self.k = k
        self.shared = _shared(k, shared)
        layers = []
        for before, width in zip([shared[-1], *after], after, strict=False):
            layers += [nn.Linear(before, width), nn.BatchNorm1d(width), nn.ReLU()]
        self.decide = nn.Sequential(*layers, nn.Linear(after[-1], k * k))
        nn.init.zeros_(self.decide[-1].weight)
        nn.init.zeros_(self.decide[-1].bias)

    def forward(self, features):
        """(B, k, P) -> (B, k, k)"""
        change = self.decide(self.shared(features).amax(2)).unflatten(1, (self.k, self.k))
        return change + torch.eye(self.k, device=features.device)


def orthogonality(turn, flavour="original"):
    """How far matrices are from turning only: the regulariser of the second T-Net, to be weighed by 0.001.

    Args:
        turn: (B, k, k).
        flavour: "original": half the sum of the squares of T T^t - I, over the batch too, as tf.nn.l2_loss;
            "pytorch": the mean over the batch of its norm, not squared.
    """
    rest = turn @ turn.transpose(1, 2) - torch.eye(turn.shape[-1], device=turn.device)
    if flavour == "original":
        return (rest**2).sum() / 2
    return torch.linalg.matrix_norm(rest).mean()


def _shared(channels, widths, last_relu=True):
    """The same layers for each point: convolutions of size 1."""
    layers = []
    for i, width in enumerate(widths):
        layers += [nn.Conv1d(channels, width, 1), nn.BatchNorm1d(width)]
        if last_relu or i < len(widths) - 1:
            layers.append(nn.ReLU())
        channels = width
    return nn.Sequential(*layers)


def _classifier(channels, widths, num_classes, flavour, dropped):
    one, two = widths
    first = [nn.Linear(channels, one), nn.BatchNorm1d(one), nn.ReLU()]
    if flavour == "original":
        rest = [nn.Dropout(dropped), nn.Linear(one, two), nn.BatchNorm1d(two), nn.ReLU(), nn.Dropout(dropped)]
    else:
        rest = [nn.Linear(one, two), nn.Dropout(dropped), nn.BatchNorm1d(two), nn.ReLU()]
    return nn.Sequential(*first, *rest, nn.Linear(two, num_classes))


# Where the port's numbered layers sit in ours.
_SHARED = {"conv1": 0, "bn1": 1, "conv2": 3, "bn2": 4, "conv3": 6, "bn3": 7}
_DECIDE = {"fc1": 0, "bn4": 1, "fc2": 3, "bn5": 4, "fc3": 6}
_FEAT = {
    "conv1": "first.0",
    "bn1": "first.1",
    "conv2": "second.0",
    "bn2": "second.1",
    "conv3": "second.3",
    "bn3": "second.4",
}
_CLASSIFIER = {"fc1": 0, "bn1": 1, "fc2": 3, "bn2": 5, "fc3": 7}
_SEGMENTER = _SHARED | {"conv4": 9}


def _from_pytorch(key, head):
    """A key of fxia22/pointnet.pytorch -> ours."""
    parts = key.split(".")
    name, leaf = parts[-2], parts[-1]
    if key.startswith("feat.stn.") or key.startswith("feat.fstn."):
        net = "input_tnet" if parts[1] == "stn" else "feature_tnet"
        group, table = ("shared", _SHARED) if name in _SHARED else ("decide", _DECIDE)
        return f"{net}.{group}.{table[name]}.{leaf}" if name in table else key
    if key.startswith("feat."):
        return f"{_FEAT[name]}.{leaf}" if name in _FEAT else key
    return f"head.{head[name]}.{leaf}" if name in head else key
