"""How the flow networks of published size are trained on FlyingChairs or Sintel.

    course train 17 --data ~/data/FlyingChairs_release --batch 8
    course train 17 --network FlowNetC --data ~/data/MPI-Sintel --dataset sintel
    course train 18 --data ~/data/FlyingChairs_release      # FlowNet-SD, lecture 18's expert

The paper's recipe (arXiv:1504.06852, Section 5.1): its augmentation, the sum of errors at five scales, Adam, a learning
rate that is halved at 3/6, 4/6 and 5/6 of the way; FlowNetC starts at a hundredth of it. 600,000 steps of 8 pairs with
a rate of 1e-4 are the published training.
"""

from functools import partial

import torch

from course_lib.data.sets.flow import flying_chairs, sintel
from course_lib.data.sets.step_batches import StepBatches
from course_lib.errors import DataError
from course_lib.metrics import endpoint_error
from course_lib.models.flownet import FlowNetC, FlowNetS, estimate, preprocess
from course_lib.models.flownet2 import FlowNetSD
from course_lib.ops.batches import generator_of, shuffled_rows
from course_lib.ops.flow_augmentation import Augmentation
from course_lib.ops.flow_losses import multiscale_loss
from course_lib.recipes.training import Stage, Training, spread

CROP = (320, 448)  # rows, columns: multiples of 64 that fit into FlyingChairs and Sintel
WARM_UP = 1 / 60  # of all steps, for FlowNetC
TESTED = 40  # Sintel's frames come in films, KITTI's in drives: the last pairs are left for testing
NETWORKS = {"17": {"FlowNetS": FlowNetS, "FlowNetC": FlowNetC}, "18": {"FlowNetSD": FlowNetSD}}
NEEDS = "pairs of pictures with flow"


def parted(whole):
    """`FlowPairs` for training and for testing."""
    return tuple(type(whole)(whole.name, part) for part in (whole.pairs[:-TESTED], whole.pairs[-TESTED:]))


DATASETS = {  # name: function folder -> pairs for training, pairs for testing
    "flying_chairs": lambda path: (flying_chairs(path), flying_chairs(path, train=False)),
    "sintel": lambda path: parted(sintel(path)),
}


class FlowBatches(StepBatches):
    """A function step -> (images (B, 6, H, W), flow, known), augmented; the same batch for the same step.

    Args:
        pairs: `FlowPairs`. batch_size: over all processes. crop: (rows, columns) cut at a random place.
        augmentation: an `Augmentation`, which works on the device, or None. seed: of everything random.
        device, workers, share: as for `StepBatches`.
    """

    def __init__(
        self, pairs, batch_size, *, crop=CROP, augmentation=None, seed=0, device="cpu", workers=0, share=(0, 1)
    ):
        cut = Crops(pairs, crop, seed)
        super().__init__(cut, batch_size, of="pairs", device=device, workers=workers, share=share)
        self.augmentation, self.seed = augmentation, seed

    def ready(self, step, batch):
        image1, image2, flow, known = batch
        if self.augmentation:
            generator = generator_of(self.seed, step, 2 + self.rank)
            image1, image2, flow, inside = self.augmentation(image1, image2, flow, generator)
            known = known & inside
        return preprocess(image1, image2), flow, known


class Crops:
    """(image1, image2, flow, known) at a place of the endless list of pairs, cut out."""

    def __init__(self, pairs, crop, seed):
        self.pairs, self.crop, self.seed = pairs, crop, seed

    def __getitem__(self, place):
        items = self.pairs[shuffled_rows(place, 1, len(self.pairs), self.seed).item()]
        height, width = items[0].shape[1:]
        if height < self.crop[0] or width < self.crop[1]:
            raise DataError(
                f"{self.pairs.name}: pictures of {height} x {width} are smaller than a crop of {self.crop}."
            )
        shares = torch.rand(2, generator=generator_of(self.seed, place, 1)).tolist()
        top, left = (int(s * (n - c + 1)) for s, n, c in zip(shares, (height, width), self.crop, strict=True))
        return tuple(part[..., top : top + self.crop[0], left : left + self.crop[1]] for part in items)


def rate(steps, warm_up=0.0):
    """Learning rate as a share of the first one: function of the step. warm_up: share of the steps that rise to it."""

    def factor(step):
        rising = min(1.0, 0.01 + 0.99 * step / (warm_up * steps)) if warm_up else 1.0
        return rising * 0.5 ** max(0, 6 * step // steps - 2)

    return factor


def loss(network, batch):
    """The paper's loss, where the flow is known."""
    images, flow, known = batch
    return multiscale_loss(network(images), flow, scale=network.scale, valid=known)


@torch.no_grad()
def mean_error(network, pairs, most):
    """EPE over at most `most` pairs, spread over the list, in pixels. Leaves the network in its mode."""
    device = next(network.parameters()).device
    errors = []
    for number in spread(len(pairs), most):
        image1, image2, flow, known = (part[None].to(device) for part in pairs[number])
        errors.append(endpoint_error(estimate(network, image1, image2), flow, known))
    return sum(errors) / len(errors)


def training(run, name):
    """The `Training` of a flow network on real pairs; its error is the EPE."""
    train, test = DATASETS[run.dataset](run.data)
    return Training(
        NETWORKS[run.lecture][name],
        partial(FlowBatches, train, augmentation=Augmentation()),
        (Stage(loss, lambda network: mean_error(network, test, run.test)),),
        numbers=(len(train), len(test)),
        of="pairs",
        measures="EPE",
        said="end-point error {:.2f} px on the test pairs",
        lower_is_better=True,
        schedule=rate(run.steps, WARM_UP if name == "FlowNetC" else 0.0),
        clip_norm=None,  # as published
    )
