"""Spatial transformer network: a classifier that first turns, shifts and scales its picture as it sees fit.

Max Jaderberg, Karen Simonyan, Andrew Zisserman, Koray Kavukcuoglu, "Spatial Transformer Networks", NeurIPS 2015,
arXiv:1506.02025. A small *localisation network* looks at the picture and gives six numbers, theta. A grid made of them
says where each pixel of a new picture is fetched from, and bilinear sampling fetches it. All three are differentiable,
so the classifier's loss alone teaches the localisation network; nobody tells it the turn.

The layers are those of PyTorch's tutorial on the subject (27,360 parameters, 21,840 of them the classifier), which is
where public weights of this kind come from.

Differences from the paper, and what decides correctness:
- theta starts as the identity: weight 0 and bias (1, 0, 0, 0, 1, 0) in the last layer of the localisation network, so
  that training starts from the plain classifier.
- -1 and 1 are the outer edges of the picture (PyTorch's default and the tutorial's); in the paper they are the centres
  of the border pixels. What was trained with one convention is off by a few per cent in scale with the other.
- forward gives scores before the softmax, the tutorial's network their log-softmax: the same classes.
"""

import torch
from torch import nn

from course_lib.errors import CourseError, check_shape
from course_lib.models.published import load_published
from course_lib.ops.spatial_transformer import IDENTITY, affine_grid, sample


class Localisation(nn.Module):
    """The network that chooses theta: two convolutions with pools, two fully connected layers.

    Args:
        channels: of the picture. size: its side in pixels. widths: of the convolutions. hidden: of the first layer.
    """

    def __init__(self, channels, size, widths=(8, 10), hidden=32):
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv2d(channels, widths[0], 7), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(widths[0], widths[1], 5), nn.MaxPool2d(2), nn.ReLU(),
        )  # fmt: skip
        side = ((size - 6) // 2 - 4) // 2
        if side < 1:
            raise CourseError(f"size is {size} pixels, expected at least 18: nothing would be left after two pools.")
        self.head = nn.Sequential(nn.Linear(widths[1] * side * side, hidden), nn.ReLU(), nn.Linear(hidden, 6))
        nn.init.zeros_(self.head[-1].weight)
        with torch.no_grad():
            self.head[-1].bias.copy_(torch.tensor(IDENTITY))

    def forward(self, x):
        """(B, C, H, W) -> (B, 2, 3)"""
        return self.head(self.convs(x).flatten(1)).view(-1, 2, 3)


class STN(nn.Module):
    """A classifier of small pictures behind a spatial transformer.

    Args:
        num_classes: K.
        channels: of the picture. size: its side in pixels.
        transform: False leaves the transformer out: the plain classifier, to compare with.
        dropout: probability in the classifier.
        align_corners: what -1 and 1 mean to the transformer.
    """

    def __init__(self, num_classes=10, channels=1, size=28, *, transform=True, dropout=0.5, align_corners=False):
        super().__init__()
        self.channels, self.size, self.align_corners = channels, size, align_corners
        self.localisation = Localisation(channels, size) if transform else None
        self.convs = nn.Sequential(
            nn.Conv2d(channels, 10, 5), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(10, 20, 5), nn.Dropout2d(dropout), nn.MaxPool2d(2), nn.ReLU(),
        )  # fmt: skip
        side = ((size - 4) // 2 - 4) // 2
        self.head = nn.Sequential(
            nn.Linear(20 * side * side, 50), nn.ReLU(), nn.Dropout(dropout), nn.Linear(50, num_classes)
        )

    @classmethod
    def from_published(cls, source, num_classes=10):
        """The network with the weights of PyTorch's tutorial.

        Args:
            source: path or state dict with `localization.0.weight` ... `fc_loc.2.bias`, `conv1.weight` ... `fc2.bias`,
                or with our names.
            num_classes: of the checkpoint.
        Raises:
            CourseError: names the keys that do not fit.
        """
        model = cls(num_classes)
        load_published(model, source, _our_name)
        return model.eval()

    def theta(self, x):
        """Where the transformer wants to look: (B, C, size, size) -> (B, 2, 3)."""
        if self.localisation is None:
            return x.new_tensor(IDENTITY).view(1, 2, 3).repeat(len(x), 1, 1)
        return self.localisation(x)

    def transform(self, x):
        """The picture as the classifier gets it, same shape."""
        check_shape(x, f"B {self.channels} {self.size} {self.size}", "x")
        if self.localisation is None:
            return x
        grid = affine_grid(self.theta(x), self.size, self.size, self.align_corners)
        return sample(x, grid, align_corners=self.align_corners)

    def forward(self, x):
        """(B, C, size, size) -> (B, K) class scores before the softmax."""
        return self.head(self.convs(self.transform(x)).flatten(1))


_NAMES = {
    "localization.0": "localisation.convs.0", "localization.3": "localisation.convs.3",
    "fc_loc.0": "localisation.head.0", "fc_loc.2": "localisation.head.2",
    "conv1": "convs.0", "conv2": "convs.3", "fc1": "head.0", "fc2": "head.3",
}  # fmt: skip


def _our_name(key):
    layer, _, kind = key.rpartition(".")
    return f"{_NAMES.get(layer, layer)}.{kind}"
