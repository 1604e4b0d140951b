"""EmbeddingNet: a small network whose outputs are meant to be compared, not read.

It is the branch of a Siamese network: both pictures of a pair, or all three of a triplet, go through the *same* network
(one set of weights, called once per picture), and only distances between its outputs mean anything. The idea is that of
Jane Bromley, Isabelle Guyon, Yann LeCun, Eduard Säckinger, Roopak Shah, "Signature Verification using a 'Siamese' Time
Delay Neural Network", NIPS 1993; learning a map to few dimensions with it that of Raia Hadsell, Sumit Chopra, Yann
LeCun, "Dimensionality Reduction by Learning an Invariant Mapping", CVPR 2006. The layers are those of a public
implementation for MNIST (adambielski/siamese-triplet): 28 x 28 grey pixels to 2 numbers, 380,806 parameters.

Differences from the papers:
- PReLU instead of tanh (Hadsell) and max-pools of 2 instead of sub-sampling by learnt averages.
- `normalized=True` puts the outputs on the unit sphere, as FaceNet (Schroff, Kalenichenko, Philbin, CVPR 2015) wants
  it: on the sphere no network can meet a margin by making all numbers larger. The public layout has it as a wrapper.
"""

from torch import nn
from torch.nn.functional import normalize

from course_lib.errors import CourseError, check_shape
from course_lib.models.published import load_published

SIDE = 28  # pixels; two 5 x 5 convolutions without padding and two pools leave 4 x 4 of it
MEAN, STD = 0.1307, 0.3081  # of MNIST in 0..1, which the public weights have seen subtracted and divided


class EmbeddingNet(nn.Module):
    """Two convolutions, three fully connected layers, PReLU between them.

    Args:
        dimensions: D, how many numbers describe a picture; 2 can be drawn.
        normalized: whether the output is scaled to length 1.
        widths: channels of the two convolutions. hidden: units of the two fully connected layers below the output.
    """

    def __init__(self, dimensions=2, *, normalized=False, widths=(32, 64), hidden=256):
        super().__init__()
        if dimensions < 1:
            raise CourseError(f"dimensions is {dimensions}, expected at least 1.")
        first, second = widths
        self.normalized = normalized
        self.convnet = nn.Sequential(
            nn.Conv2d(1, first, 5), nn.PReLU(), nn.MaxPool2d(2),
            nn.Conv2d(first, second, 5), nn.PReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.fc = nn.Sequential(
            nn.Linear(second * 4 * 4, hidden), nn.PReLU(), nn.Linear(hidden, hidden), nn.PReLU(),
            nn.Linear(hidden, dimensions),
        )  # fmt: skip

    @classmethod
    def mini(cls, dimensions=16, *, normalized=True):
        """The same network, four times narrower, for two CPU cores."""
        return cls(dimensions, normalized=normalized, widths=(8, 16), hidden=64)

    @classmethod
    def from_published(cls, source, *, normalized=False):
        """EmbeddingNet with public weights.

        Args:
            source: path or state dict with keys `convnet.0.weight` ... `fc.4.bias`; the wrappers of the same
                repository (`embedding_net.` of its Siamese, triplet and classification networks, whose own last layer
                is dropped, and `net.` or `module.`) are taken off.
            normalized: True for weights that were trained as `EmbeddingNetL2`.
        Raises:
            CourseError: names the keys that do not fit.
        """
        model = cls(normalized=normalized)
        load_published(model, source, _our_name)
        return model.eval()

    def forward(self, pictures):
        """(B, 1, 28, 28), about mean 0 and deviation 1 -> (B, D)."""
        check_shape(pictures, "B 1 28 28", "pictures")
        points = self.fc(self.convnet(pictures).flatten(1))
        return normalize(points, dim=1) if self.normalized else points


def preprocess(pictures):
    """MNIST's digits as the public weights expect them: uint8 (B, 28, 28) or (B, 1, 28, 28) -> float (B, 1, 28, 28)."""
    pictures = pictures.unsqueeze(1) if pictures.ndim == 3 else pictures
    check_shape(pictures, "B 1 28 28", "pictures")
    return (pictures.float() / 255 - MEAN) / STD


def _our_name(key):
    """A key without the wrappers; None for the classifier on top, which an embedding does not need."""
    key = key.removeprefix("module.")
    wrapped = key.startswith("embedding_net.")
    key = key.removeprefix("embedding_net.").removeprefix("net.")
    return None if not wrapped and key.split(".")[0] in ("fc1", "nonlinear") else key
