"""Test-time training: a network that learns one video, until its depth maps agree with one another.

CVD, Section 5. No true depth takes part. What teaches is geometry: a pixel of frame i, carried into frame j by its
depth and the cameras, must land where optical flow says, at the depth that the network gives there. All weights of the
network may change; only their start, the network's knowledge of other scenes, keeps pixels sensible that no flow
reaches.

Published: Adam, betas (0.9, 0.999), rate 4e-4 for the Mannequin Challenge network and 1e-4 for MiDaS, batches of 4,
20 epochs.
"""

from copy import deepcopy
from dataclasses import dataclass

import torch

from course_lib.errors import DataError, ShapeError, check_shape
from course_lib.ops.batches import minibatches
from course_lib.train import fit, scores
from course_lib.video_depth.geometry import meet, pair_loss, trusted

RATE, BATCH, EPOCHS = 4e-4, 4, 20
RATE_MIDAS = 1e-4
OVERLAP = 0.2  # pairs of which a smaller share of pixels can be trusted, in either direction, are left out


@dataclass
class Lesson:
    """A video and what is known about pairs of its frames.

    Attributes:
        frames: (T, 3, H, W) in 0..1. K: (3, 3). poses: (T, 4, 4), camera to world, in the scale of the depth.
        pairs: (P, 2) long, frames i and j. flow, backward: (P, 2, H, W), i to j and j to i, pixels.
        mask, backward_mask: (P, H, W) bool, where each can be trusted and nothing moves.
    """

    frames: torch.Tensor
    K: torch.Tensor
    poses: torch.Tensor
    pairs: torch.Tensor
    flow: torch.Tensor
    backward: torch.Tensor
    mask: torch.Tensor
    backward_mask: torch.Tensor

    def __post_init__(self):
        sizes = check_shape(self.frames, "T 3 H W", "frames")
        pairs = len(self.pairs)
        for name, shape in (
            ("poses", (sizes["T"], 4, 4)), ("flow", (pairs, 2, sizes["H"], sizes["W"])),
            ("backward", (pairs, 2, sizes["H"], sizes["W"])), ("mask", (pairs, sizes["H"], sizes["W"])),
            ("backward_mask", (pairs, sizes["H"], sizes["W"])),
        ):  # fmt: skip
            if tuple(getattr(self, name).shape) != shape:
                raise ShapeError(f"{name} has shape {tuple(getattr(self, name).shape)}, expected {shape}.")
        if not pairs:
            raise DataError(
                "No pair of frames is left to learn from: too few pixels can be trusted. Is the flow right, and does "
                "most of the scene stand still?"
            )

    @classmethod
    def from_flow(cls, frames, K, poses, pairs, flow, backward, still=None, overlap=OVERLAP):
        """Find out where flow can be trusted, and leave out pairs that share too little.

        Args:
            still: (T, H, W) bool, False on people and other things that may move by themselves; None: all stands still.
            overlap: the least share of trusted pixels, both ways.
        """
        pairs = torch.as_tensor(pairs).view(-1, 2)
        mask, backward_mask = trusted(flow, backward), trusted(backward, flow)
        if still is not None:
            mask, backward_mask = mask & still[pairs[:, 0]], backward_mask & still[pairs[:, 1]]
        shares = torch.minimum(mask.float().mean((1, 2)), backward_mask.float().mean((1, 2)))
        keep = shares >= overlap
        parts = (part[keep] for part in (pairs, flow, backward, mask, backward_mask))
        return cls(frames, K, poses, *parts)

    def batches(self, size=BATCH, seed=0):
        """A function step -> batch of pairs for `consistency_loss`, every pair once per epoch."""
        rows = minibatches(torch.arange(len(self.pairs)), min(size, len(self.pairs)), seed)

        def batch(step):
            chosen = rows(step)
            i, j = self.pairs[chosen].T
            return (self.frames[i], self.frames[j], self.flow[chosen], self.backward[chosen], self.mask[chosen],
                    self.backward_mask[chosen], self.poses[i], self.poses[j])  # fmt: skip

        return batch


def consistency_loss(K, disparity=0.1):
    """The loss of CVD for `train.fit`: both directions of every pair, averaged.

    Args:
        K: (3, 3). disparity: lambda, the weight of the disparity term; 0 leaves it out.
    Returns:
        function (network, batch) -> scalar, for a network that gives depth (see `networks`).
    """
    focal = K[(0, 1), (0, 1)].mean()

    def loss(network, batch):
        frames, others, flow, backward, mask, backward_mask, poses, other_poses = batch
        depth, other = network(torch.cat([frames, others])).float().chunk(2)
        cameras = K.to(depth), K.to(depth)
        there = meet(depth, other, flow, *cameras, poses, other_poses)
        back = meet(other, depth, backward, *cameras, other_poses, poses)
        losses = (pair_loss(there, mask, focal, disparity), pair_loss(back, backward_mask, focal, disparity))
        return sum(losses) / 2

    return loss


def make_consistent(network, lesson, steps=None, *, disparity=0.1, lr=RATE, batch=BATCH, seed=0, **settings):
    """Train a copy of a depth network on one video.

    Args:
        network: gives depth, see `networks`; it stays as it is.
        steps: of Adam; None is 20 epochs.
        disparity: lambda: 0.1 for the Mannequin Challenge network, 1e-4 for MiDaS, 1 for monodepth2 (released code).
        lr, batch: learning rate, pairs per step. seed: of the order of pairs.
        settings: more for `train.fit`, such as a `Checkpoint` from which to resume, or a dtype.
    Returns:
        (network, History)
    """
    steps = -(-EPOCHS * len(lesson.pairs) // batch) if steps is None else steps
    network = deepcopy(network).requires_grad_(True)
    loss = consistency_loss(lesson.K, disparity)
    history = fit(
        network, lesson.batches(batch, seed), steps, loss=loss, lr=lr, schedule="constant", **settings
    )  # fmt: skip
    return network, history


def depth_of(network, frames, batch=8):
    """Depth of every frame, without gradients: (T, 3, H, W) -> (T, H, W) on the CPU."""
    return scores(network, frames, batch)
