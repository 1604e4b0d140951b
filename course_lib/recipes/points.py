"""How PointNet of lecture 21 is trained at its full size on ModelNet40.

    course train 21 --data ~/data/modelnet40_normal_resampled --batch 32 --lr 1e-3

As in arXiv:1612.00593, Section 5.1 and its code: 1024 points, turned about the upright axis and shaken; Adam, whose
rate falls to 0.7 of itself after every 200,000 sets; 0.001 times what keeps the second T-Net's matrix a turn. The test
models are read when training starts, and not turned.
"""

import math
from functools import partial

import torch
from torch.nn.functional import cross_entropy

from course_lib.data.sets.modelnet import modelnet40
from course_lib.data.sets.step_batches import StepBatches
from course_lib.errors import DataError
from course_lib.models.pointnet import PointNet, orthogonality
from course_lib.ops.batches import generator_of, shuffled_rows
from course_lib.recipes.training import Stage, Training, computed_in, spread

NETWORKS = {
    "21": {
        "PointNet": PointNet,
        "PointNet-vanilla": partial(PointNet, input_tnet=False, feature_tnet=False),
    }
}
NEEDS = "ModelNet40"
DATASETS = {}  # there is one layout
POINTS = 1024
SHAKEN, AT_MOST = 0.01, 0.05  # how far a point is moved: deviation and limit, in radii of the set
KEPT, EVERY = 0.7, 200_000  # the rate falls to this share of itself, after so many sets


class SetBatches(StepBatches):
    """A function step -> (sets (B, P, 3), labels (B,)); the same batch for the same step.

    Args:
        sets: (N, P, 3). labels: (N,). batch_size: over all processes. seed: of everything random.
        device, workers, share: as for `StepBatches`.
    """

    def __init__(self, sets, labels, batch_size, *, seed=0, device="cpu", workers=0, share=(0, 1)):
        turned = _Sets(sets, labels, seed)
        super().__init__(turned, batch_size, of="sets", device=device, workers=workers, share=share)


class _Sets:
    """(set, label) at a place of the endless list of sets."""

    def __init__(self, sets, labels, seed):
        self.sets, self.labels, self.seed = sets, labels, seed

    def __getitem__(self, place):
        number = shuffled_rows(place, 1, len(self.sets), self.seed).item()
        return turned_and_shaken(self.sets[number], generator_of(self.seed, place, 1)), self.labels[number]


def turned_and_shaken(points, generator):
    """A set turned about the upright axis by any angle, each point moved a little: (P, 3) -> (P, 3)."""
    angle = 2 * math.pi * torch.rand((), generator=generator).item()
    cos, sin = math.cos(angle), math.sin(angle)
    turn = torch.tensor([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    return points @ turn + (SHAKEN * torch.randn(points.shape, generator=generator)).clamp(-AT_MOST, AT_MOST)


def loss_of(network, batch):
    """Cross-entropy, and 0.001 times the penalty of the feature T-Net's matrix where there is one."""
    sets, labels = batch
    scores, encoding = network(sets, details=True)
    loss = cross_entropy(scores.float(), labels)
    if network.feature_tnet is None:
        return loss
    return loss + 0.001 * orthogonality(encoding.turns[-1].float())


@torch.no_grad()
def share_right(network, sets, labels, most):
    """Accuracy in 0..1 over at most `most` sets, spread over the list. Leaves the network in its mode."""
    device, was_training = next(network.parameters()).device, network.training
    network.eval()
    chosen = spread(len(sets), most)
    right = 0
    with torch.autocast(device.type, computed_in(device), enabled=device.type == "cuda"):
        for rows in torch.tensor(chosen).split(64):
            right += (network(sets[rows].to(device)).argmax(1).cpu() == labels[rows]).sum().item()
    network.train(was_training)
    return right / len(chosen)


def training(run, name):
    """The `Training` of a PointNet on ModelNet40; its accuracy is over models, from one side."""
    train, test = (modelnet40(run.data, split) for split in ("train", "test"))
    if not len(train) or not len(test):
        raise DataError(f"{run.data} lists {len(train)} training and {len(test)} test models, expected some of each.")
    test_sets = test.tensor(POINTS)
    return Training(
        partial(NETWORKS[run.lecture][name], len(train.classes)),
        partial(SetBatches, train.tensor(POINTS), train.labels),
        (Stage(loss_of, partial(share_right, sets=test_sets, labels=test.labels, most=run.test)),),
        numbers=(len(train), len(test)),
        of="models",
        measures="accuracy",
        said="{:.1%} of the test models",
        schedule=lambda step: KEPT ** (step * run.batch // EVERY),
    )
