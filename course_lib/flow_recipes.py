"""How the flow networks of published size are trained on FlyingChairs or Sintel.

    course train 17 --data ~/data/FlyingChairs_release --batch 8
    course train 17 --network FlowNetC --data ~/data/MPI-Sintel --dataset sintel
    course train 18 --data ~/data/FlyingChairs_release      # FlowNet-SD, lecture 18's expert

The paper's recipe (arXiv:1504.06852, Section 5.1): its augmentation, the sum of errors at five scales, Adam, a learning
rate that is halved at 3/6, 4/6 and 5/6 of the way; FlowNetC starts at a hundredth of it. 600,000 steps of 8 pairs with
a rate of 1e-4 are the published training.
"""

import os

import torch
from torch.utils.data import DataLoader, Dataset

from course_lib.data.sets.flow import flying_chairs, sintel
from course_lib.errors import CourseError, DataError
from course_lib.metrics import endpoint_error
from course_lib.models.flownet import FlowNetC, FlowNetS, estimate, preprocess
from course_lib.models.flownet2 import FlowNetSD
from course_lib.ops.batches import generator_of, shuffled_rows
from course_lib.ops.flow_augmentation import Augmentation
from course_lib.ops.flow_losses import multiscale_loss
from course_lib.train import Checkpoint, Metric, fit, join_processes, leave_processes

CROP = (320, 448)  # rows, columns: multiples of 64 that fit into FlyingChairs and Sintel
WARM_UP = 1 / 60  # of all steps, for FlowNetC
TESTED = 40  # Sintel's frames come in films: the last pairs are left for testing
NETWORKS = {"17": {"FlowNetS": FlowNetS, "FlowNetC": FlowNetC}, "18": {"FlowNetSD": FlowNetSD}}


class PairBatches:
    """A function step -> (images (B, 6, H, W), flow, known), augmented; the same batch for the same step.

    Args:
        pairs: `FlowPairs`. batch_size: over all processes. crop: (rows, columns) cut at a random place.
        augmentation: an `Augmentation`, or None. device: where it happens.
        workers: processes that read pictures. seed: of everything random. share: (number of this process, processes).
    """

    def __init__(
        self, pairs, batch_size, *, crop=CROP, augmentation=None, device="cpu", workers=0, seed=0, share=(0, 1)
    ):
        if batch_size % share[1]:
            raise CourseError(f"A batch of {batch_size} pairs cannot be shared equally by {share[1]} processes.")
        self.shared = share[1] > 1  # then `fit` must not take a part of the part
        self.augmentation, self.device, self.seed, self.rank = augmentation, device, seed, share[0]
        self.workers = min(workers, os.cpu_count() or 1)
        self._cut = _Cut(pairs, batch_size, crop, seed, share)
        self._read, self._next = None, None

    def __call__(self, step):
        if step != self._next:  # the first step, or a resumed run
            steps = range(step, step + 10**9)
            self._read = iter(DataLoader(self._cut, batch_size=None, sampler=steps, num_workers=self.workers))
        self._next = step + 1
        image1, image2, flow, known = (part.to(self.device) for part in next(self._read))
        if self.augmentation:
            generator = generator_of(self.seed, step, 2 + self.rank)
            image1, image2, flow, inside = self.augmentation(image1, image2, flow, generator)
            known = known & inside
        return preprocess(image1, image2), flow, known


class _Cut(Dataset):
    """Item `step` is that step's pairs, cut out and put together: what worker processes make."""

    def __init__(self, pairs, batch_size, crop, seed, share):
        self.pairs, self.batch_size, self.crop, self.seed, self.share = pairs, batch_size, crop, seed, share

    def __getitem__(self, step):
        rank, processes = self.share
        places = range(step * self.batch_size + rank, (step + 1) * self.batch_size, processes)
        return tuple(torch.stack(parts) for parts in zip(*map(self._pair, places), strict=True))

    def _pair(self, place):
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
    chosen = torch.linspace(0, len(pairs) - 1, min(most, len(pairs))).long().tolist()
    errors = []
    for number in chosen:
        image1, image2, flow, known = (part[None].to(device) for part in pairs[number])
        errors.append(endpoint_error(estimate(network, image1, image2), flow, known))
    return sum(errors) / len(errors)


def train(run, say=print):
    """Train a flow network on real pairs, alone or as one of torchrun's processes.

    Args:
        run: a `recipes.Run`; its `dataset` is "flying_chairs" or "sintel".
        say: function that prints a line; called in the first process alone.
    Returns:
        History; its metrics are errors with a minus sign, so that higher is better.
    Raises:
        CourseError: if there is no such network or data set.
    """
    networks = NETWORKS[run.lecture]
    name = run.network or next(iter(networks))
    if name not in networks or run.dataset not in (None, "flying_chairs", "sintel"):
        raise CourseError(
            f"Lecture {run.lecture} trains {', '.join(networks)} on flying_chairs or sintel, not {name} on "
            f"{run.dataset}."
        )
    if run.dataset == "sintel":
        pairs = sintel(run.data)
        train_pairs, test_pairs = (
            type(pairs)(pairs.name, part) for part in (pairs.pairs[:-TESTED], pairs.pairs[-TESTED:])
        )
    else:
        train_pairs, test_pairs = flying_chairs(run.data), flying_chairs(run.data, train=False)
    device = join_processes()
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    rank, processes = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    torch.manual_seed(run.seed)
    network = networks[name]().to(device)
    if run.compile:
        network.compile()
    batches = PairBatches(
        train_pairs, run.batch, augmentation=Augmentation(), device=device, workers=run.workers, seed=run.seed,
        share=(rank, processes),
    )  # fmt: skip
    path = run.checkpoint or f"runs/{run.lecture}_{name}.pt"
    if rank == 0:
        say(f"{name}: {len(train_pairs)} training pairs, {len(test_pairs)} test pairs, on {device}; saves {path}")
    history = fit(
        network,
        batches,
        run.steps,
        loss=loss,
        lr=run.lr,
        schedule=rate(run.steps, WARM_UP if name == "FlowNetC" else 0.0),
        dtype=dtype,
        metric=Metric(lambda net: -mean_error(net, test_pairs, run.test), every=run.every, name="minus EPE"),
        checkpoint=Checkpoint(path, every=run.every),
    )
    if rank == 0:
        for step, value in history.metrics:
            say(f"step {step:7}: end-point error {-value:.2f} px on the test pairs")
    leave_processes()
    return history
