"""Temporal segment networks: one network looks at a few snippets of a long video, and the video is judged as a whole.

Limin Wang, Yuanjun Xiong, Zhe Wang, Yu Qiao, Dahua Lin, Xiaoou Tang, Luc Van Gool, "Temporal Segment Networks: Towards
Good Practices for Deep Action Recognition", ECCV 2016, arXiv:1608.00859.

    TSN(T_1 ... T_K) = H(G(F(T_1; W), ..., F(T_K; W)))      (Eq. 1)

F is BN-Inception, the same weights W for all snippets; G the consensus over their scores; H the softmax, which the loss
contains. For 101 classes it has 10,373,765 parameters for RGB, 10,395,717 for flow, 10,411,397 for RGB differences.

Differences from the paper, and what decides correctness:
- the consensus is taken before the softmax, and so is the loss: scores, not probabilities, are averaged.
- the two flow modalities are one network: warped flow is flow from which the camera's motion (a homography) was taken
  out before. So `modality="flow"` serves both.
- RGB difference is computed here, from six frames: the public code does the same.
- partial batch normalisation freezes every normalisation but the first: statistics, scale and shift.
- what a snippet shows, crops and fusion of streams: `course_lib.ops.snippets`.
"""

import torch
from torch import nn

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.models.bn_inception import BNInception, published_state, sizes_in
from course_lib.models.published import load_published
from course_lib.models.two_stream import cross_modality_weight
from course_lib.ops.snippets import CONSENSUS, consensus, rgb_difference

FIELDS = 5  # flow fields, or differences, in a snippet
SNIPPET = {"rgb": 3, "flow": 2 * FIELDS, "rgbdiff": 3 * (FIELDS + 1)}  # channels that a snippet brings
SEEN = {"rgb": 3, "flow": 2 * FIELDS, "rgbdiff": 3 * FIELDS}  # channels that the first convolution sees
DROPOUT = {"rgb": 0.8, "flow": 0.7, "rgbdiff": 0.8}


class Consensus(nn.Module):
    """G as a layer; `how` as for `course_lib.ops.snippets.consensus`. "weighted" learns a weight per segment."""

    def __init__(self, how, segments):
        super().__init__()
        self.how = how
        self.weights = nn.Parameter(torch.full((segments,), 1 / segments)) if how == "weighted" else None

    def forward(self, scores):
        """(B, K, C) -> (B, C), before the softmax."""
        if self.weights is not None and len(self.weights) != scores.shape[1]:
            raise ShapeError(
                f"{scores.shape[1]} snippets came, and there are weights for {len(self.weights)} segments: a weighted "
                "consensus needs as many as in training."
            )
        return consensus(scores, self.how, self.weights)


class TSN(nn.Module):
    """A temporal segment network for one modality.

    Args:
        num_classes: 101 for UCF101.
        modality: what a snippet is: "rgb", a frame (3 channels); "flow", five fields (10), plain or warped; "rgbdiff",
            six frames one after the other (18), of which the network sees the five differences.
        segments: K, snippets per video in training. Only "weighted" needs as many in a test.
        consensus: "average"; "max"; or "weighted", with a learnt weight per segment.
        partial_bn: freeze all normalisations but the first, for as long as the network lives. Switch it off to train
            from random weights: what is frozen there has never seen data.
        dropout: probability before the classifier; by default the paper's: 0.8, for flow 0.7.
        network: what to use instead of BN-Inception, an image network for `SEEN[modality]` channels.
    """

    def __init__(
        self, num_classes, modality="rgb", segments=3, *, consensus="average", partial_bn=True, dropout=None,
        network=None,
    ):  # fmt: skip
        super().__init__()
        if modality not in SNIPPET:
            raise CourseError(f"modality is {modality!r}, expected one of {', '.join(map(repr, SNIPPET))}.")
        if consensus not in CONSENSUS or segments < 1:
            raise CourseError(
                f"consensus is {consensus!r} over {segments} segments, expected one of {', '.join(CONSENSUS)} over at "
                "least 1."
            )
        self.modality, self.segments, self.partial_bn = modality, segments, partial_bn
        dropout = DROPOUT[modality] if dropout is None else dropout
        self.network = network or BNInception(num_classes, SEEN[modality], dropout=dropout)
        self.consensus = Consensus(consensus, segments)
        self.train()

    @classmethod
    def mini(cls, num_classes, modality="rgb", segments=3, *, consensus="average", partial_bn=True):
        """The same around `BNInception.mini`, without dropout, for snippets of 32 x 32 pixels on two cores."""
        network = BNInception.mini(num_classes, SEEN[modality])
        return cls(num_classes, modality, segments, consensus=consensus, partial_bn=partial_bn, network=network)

    @classmethod
    def from_published(cls, source, num_classes=None, modality=None, segments=3):
        """A temporal segment network with published weights.

        Args:
            source: path or state dict in one of the public layouts: `module.base_model.*` with `new_fc.*`, alone or
                under `state_dict`, or any that `BNInception.from_published` takes, the authors' caffemodels among them.
            num_classes, modality: of the checkpoint; None reads them from it: 3 input channels are "rgb", 10 "flow", 15
                "rgbdiff".
            segments: K; no weight depends on it.
        Raises:
            CourseError: names the keys that do not fit.
        """
        state = published_state(source)
        classes, channels = sizes_in(state)
        if modality is None and channels is not None:
            modality = {seen: name for name, seen in SEEN.items()}.get(channels)
            if modality is None:
                raise CourseError(
                    f"The checkpoint's first convolution sees {channels} channels, expected 3 (RGB), 10 (five flow "
                    "fields) or 15 (five RGB differences). Other snippets are not known here."
                )
        model = cls(num_classes or classes or 101, modality or "rgb", segments)
        load_published(model.network, state)
        return model.eval()

    def start_from(self, image_network):
        """Cross-modality initialisation (Section 3.2): everything but the classifier from a network for images.

        The first convolution gets the mean over red, green and blue, once for each of its channels; for RGB it stays.

        Args:
            image_network: a `BNInception` for 3 channels with the same layers, of any number of classes.
        Returns:
            the network itself.
        """
        state = {key: value for key, value in image_network.state_dict().items() if not key.startswith("fc.")}
        if self.modality != "rgb":
            first = "conv1.conv.weight"
            state[first] = cross_modality_weight(state[first], SEEN[self.modality])
        load_published(self.network, state, may_miss=("fc.",))
        return self

    def train(self, mode=True):
        """Training or evaluation mode. With `partial_bn` the frozen normalisations stay as they are in both."""
        super().train(mode)
        if self.partial_bn:
            for norm in frozen_norms(self.network):
                norm.eval()
                norm.requires_grad_(False)
        return self

    def snippet_scores(self, snippets):
        """Class scores of every snippet by itself.

        Args:
            snippets: (B, K, C, H, W) with C = `SNIPPET[modality]`, or with K and C folded into one axis, as the public
                code has it: (B, K * C, H, W).
        Returns:
            (B, K, num_classes), before the softmax.
        """
        channels = SNIPPET[self.modality]
        if snippets.ndim == 4 and snippets.shape[1] % channels == 0:
            snippets = snippets.unflatten(1, (-1, channels))
        sizes = check_shape(snippets, f"B K {channels} H W", "snippets")
        x = snippets.flatten(0, 1)  # (B * K, C, H, W)
        if self.modality == "rgbdiff":
            x = rgb_difference(x.unflatten(1, (FIELDS + 1, 3))).flatten(1, 2)
        return self.network(x).unflatten(0, (sizes["B"], sizes["K"]))

    def forward(self, snippets):
        """Class scores of a video, G before the softmax: (B, K, C, H, W), any K -> (B, num_classes)."""
        return self.consensus(self.snippet_scores(snippets))


def frozen_norms(network):
    """What partial batch normalisation freezes: every BatchNorm but the first, in the order in which they are defined.

    The first sees the input, whose statistics change with the modality and the data; so it goes on adapting.
    """
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)][1:]
