"""Two streams: one network looks at what is there, the other at how it moves.

Karen Simonyan, Andrew Zisserman, "Two-Stream Convolutional Networks for Action Recognition in Videos", NIPS 2014,
arXiv:1406.2199. Both streams are CNN-M-2048 (Chatfield et al., "Return of the Devil in the Details", BMVC 2014,
arXiv:1405.3531): the spatial one sees one RGB frame, the temporal one 2L channels of stacked optical flow.
For 101 classes they have 90,627,813 and, with L = 10, 90,707,781 parameters.

What the text leaves open, and how we read it:
- pooling is 3 x 3 with stride 2, as the text says; the paper's figure prints 2 x 2.
- padding and rounding follow Chatfield's Caffe network (conv1 0, conv2 1, pools rounded up), which leaves 6 x 6 for
  full6 and gives the counts above. The constants of the local response normalisation are his, from memory.
- `padded=True` is the variant whose weights Wang, Qiao and Tang released (CVPR 2015, lecture 07): conv1 is padded by 3,
  conv2 by 2, and k of the normalisation is Caffe's default 1. 480 x 640 pixels then give maps of 30 x 40.
- the temporal stream has no second normalisation: the authors dropped it to save memory (Section 5).
- weights start from He's rule (2015), which the authors did not have: all eight layers then train from scratch.
- flow stays in pixels; the authors stored it as JPEG pictures, rescaled to 0..255.

What the streams look at, in training and at test time, is in `course_lib.ops.stream_inputs`.
"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy, local_response_norm, normalize

from course_lib.errors import ShapeError, check_shape
from course_lib.models.layers import he, start_small
from course_lib.models.published import load_published
from course_lib.moved import names_of
from course_lib.ops.stream_inputs import CROP

__getattr__ = names_of(__name__)  # what the streams look at


def response_norm(x, k=2.0):
    """Local response normalisation over 5 channels: alpha 5e-4 (divided by 5, as Caffe does), beta 0.75, k 2."""
    return local_response_norm(x, size=5, alpha=5e-4, beta=0.75, k=k)


class Convolutions(nn.Module):
    """The five convolutions of CNN-M, for frames of any size. Its first weights are the caller's affair.

    Args:
        in_channels: 3 for a frame, 2 * L for L stacked flow fields.
        norm2: normalise after conv2 too; by default for frames alone, as published.
        widths: channels of conv1, conv2 and conv3-5.
        padded: the variant of lecture 07, see above.
    """

    def __init__(self, in_channels=3, *, norm2=None, widths=(96, 256, 512), padded=False):
        super().__init__()
        self.norm2 = in_channels == 3 if norm2 is None else norm2
        self.k = 1.0 if padded else 2.0  # of the response normalisation
        self.conv1 = nn.Conv2d(in_channels, widths[0], 7, stride=2, padding=3 if padded else 0)
        self.conv2 = nn.Conv2d(widths[0], widths[1], 5, stride=2, padding=2 if padded else 1)
        self.conv3 = nn.Conv2d(widths[1], widths[2], 3, padding=1)
        self.conv4 = nn.Conv2d(widths[2], widths[2], 3, padding=1)
        self.conv5 = nn.Conv2d(widths[2], widths[2], 3, padding=1)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)

    def maps(self, x):
        """What every convolution sees, after its ReLU.

        Args:
            x: (B, in_channels, H, W).
        Returns:
            {"conv1": (B, D, H', W'), ..., "conv5": ...}; conv3, conv4 and conv5 have one size.
        """
        check_shape(x, f"B {self.conv1.in_channels} H W", "x")
        conv1 = self.conv1(x).relu()
        conv2 = self.conv2(self.pool(response_norm(conv1, self.k))).relu()
        conv3 = self.conv3(self.pool(response_norm(conv2, self.k) if self.norm2 else conv2)).relu()
        conv4 = self.conv4(conv3).relu()
        return {"conv1": conv1, "conv2": conv2, "conv3": conv3, "conv4": conv4, "conv5": self.conv5(conv4).relu()}

    def forward(self, x):
        """conv5 alone: (B, in_channels, H, W) -> (B, 512, H', W')."""
        return self.maps(x)["conv5"]


class CNN_M_2048(Convolutions):
    """One stream: the convolutions, and three fully connected layers on top.

    Args:
        num_classes: 101 for UCF101, 51 for HMDB51.
        in_channels, norm2, widths, padded: of the convolutions.
        dropout: probability after full6 and full7. The paper trains the temporal stream with 0.9.
        hidden: units of full6 and full7.
        crop: rows and columns for which full6 is made.
    """

    def __init__(
        self,
        num_classes=101,
        in_channels=3,
        *,
        norm2=None,
        dropout=0.5,
        widths=(96, 256, 512),
        hidden=(4096, 2048),
        crop=CROP,
        padded=False,
    ):
        super().__init__(in_channels, norm2=norm2, widths=widths, padded=padded)
        self.fc6 = nn.Linear(widths[2] * pooled_size(crop, padded) ** 2, hidden[0])
        self.fc7 = nn.Linear(*hidden)
        self.fc8 = nn.Linear(hidden[1], num_classes)
        self.dropout = nn.Dropout(dropout)
        self.apply(he)
        start_small(self.fc8)

    @classmethod
    def mini(cls, num_classes, in_channels=3, *, crop=48, padded=False):
        """The same layers about twelve times narrower, for frames of 48 x 48 (at least 46) on two CPU cores."""
        sizes = {"widths": (8, 24, 48), "hidden": (128, 64), "crop": crop, "padded": padded}
        return cls(num_classes, in_channels, dropout=0.2, **sizes)

    @classmethod
    def from_published(cls, source, num_classes=101, in_channels=3):
        """A stream with weights from a path or a state dict with the keys `conv1.weight` ... `fc8.bias`.

        Raises:
            CourseError: names the keys that do not fit.
        """
        model = cls(num_classes, in_channels)
        load_published(model, source)
        return model.eval()

    def forward(self, x):
        """(B, in_channels, H, W) -> (B, K) class scores before the softmax."""
        return self.fc8(self.features(x))

    def features(self, x):
        """(B, in_channels, H, W) -> (B, hidden), the units of full7 after dropout."""
        x = self.pool(self.maps(x)["conv5"]).flatten(1)
        x = self.dropout(self.fc6(x).relu())
        return self.dropout(self.fc7(x).relu())


def pooled_size(crop, padded=False):
    """Rows (or columns) that reach full6: 224 -> 109 -> 54 -> 26 -> 13 -> 6; padded 112 -> 56 -> 28 -> 14 -> 7."""

    def pool(n):
        return -(-(n - 3) // 2) + 1  # 3 x 3, stride 2, rounded up

    first, second = (3, 2) if padded else (0, 1)  # padding of conv1 and conv2
    return pool(pool((pool((crop + 2 * first - 7) // 2 + 1) + 2 * second - 5) // 2 + 1))


def cross_modality_weight(rgb_weight, in_channels):
    """First-layer weights for flow from those for RGB: the mean over the three colours, repeated.

    Later work starts the temporal stream so (Wang et al. 2015). Without rescaling: the sum grows by in_channels / 3.

    Args:
        rgb_weight: (D, 3, H, W).
    Returns:
        (D, in_channels, H, W).
    """
    check_shape(rgb_weight, "D 3 H W", "rgb_weight")
    return rgb_weight.mean(1, keepdim=True).repeat(1, in_channels, 1, 1)


class TwoHeads(nn.Module):
    """Multi-task learning (Section 4): one stream, and a last layer for each of two data sets.

    A clip trains the layers below and the head of its own data set; the other head has no opinion about it.

    Args:
        stream: a CNN_M_2048; its own fc8 becomes the first head.
        num_classes: of the second data set.
    """

    def __init__(self, stream, num_classes):
        super().__init__()
        self.stream = stream
        self.second = nn.Linear(stream.fc8.in_features, num_classes)
        start_small(self.second)

    def forward(self, x):
        """(B, in_channels, H, W) -> (B, K1 + K2), the scores of both heads side by side."""
        features = self.stream.features(x)
        return torch.cat([self.stream.fc8(features), self.second(features)], 1)

    def loss(self, scores, labels):
        """Sum over the data sets of the mean cross-entropy of their own clips.

        Args:
            scores: (B, K1 + K2).
            labels: (B,) long, 0 to K1 - 1 for clips of the first data set, K1 + class for those of the second.
        """
        first = self.stream.fc8.out_features
        second = labels >= first
        losses = [
            cross_entropy(head[mine], label[mine])
            for head, label, mine in (
                (scores[:, :first], labels, ~second),
                (scores[:, first:], labels - first, second),
            )
            if mine.any()
        ]
        return sum(losses)


def fuse_average(spatial, temporal, weight=0.5):
    """Late fusion: weighted mean of two (N, K) tables of class probabilities; `weight` is the temporal stream's."""
    if spatial.shape != temporal.shape:
        raise ShapeError(f"spatial scores are {tuple(spatial.shape)}, temporal {tuple(temporal.shape)}: not the same.")
    return (1 - weight) * spatial + weight * temporal


def svm_features(spatial, temporal):
    """What the fusing SVM is trained on: both streams' L2-normalised softmax scores, stacked: (N, 2K)."""
    return torch.cat([normalize(spatial, dim=1), normalize(temporal, dim=1)], 1)
