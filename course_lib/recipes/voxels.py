"""How the networks of lecture 20 learn voxels from pictures, on the renderings of 3D-R2N2.

    course train 20 --data ~/data/r2n2 --batch 36 --lr 1e-4
    course train 20 --network tubes --data ~/data/r2n2

R2N2 sees one to five views of an object, another number in each step, as in arXiv:1604.00449, Section 4; the other two
see one. Backgrounds are white, and pictures are mirrored never: the voxels would have to be, too.
"""

from functools import partial

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from course_lib.data.sets.r2n2 import r2n2
from course_lib.data.sets.step_batches import StepBatches
from course_lib.models.r2n2 import R2N2, THRESHOLD
from course_lib.models.voxel_decoders import PictureToVoxels, voxel_iou
from course_lib.ops.batches import generator_of, shuffled_rows
from course_lib.recipes.training import Stage, Training, spread

NETWORKS = {
    "20": {
        "R2N2": (R2N2, 5),  # network, views at most
        "3d": (PictureToVoxels, 1),
        "tubes": (partial(PictureToVoxels, tubes=True), 1),
    }
}
NEEDS = "renderings with voxels"
DATASETS = {}  # there is one
RENDERED = 24  # pictures of each object


class ViewBatches(StepBatches):
    """A function step -> (views (B, V, 3, side, side), voxels (B, 32, 32, 32) bool); the same for the same step.

    Args:
        objects: RenderedObjects. batch_size: over all processes. side: of the pictures. most: V is 1 to this many,
            another number in each step. seed: of everything random. device, workers, share: as for `StepBatches`.
    """

    def __init__(self, objects, batch_size, side, most, *, seed=0, device="cpu", workers=0, share=(0, 1)):
        self.most, self.seed = most, seed
        super().__init__(
            _Views(objects, side, most, seed), batch_size, of="objects", device=device, workers=workers, share=share
        )

    def ready(self, step, batch):
        views, voxels = batch
        number = 1 + int(torch.randint(self.most, (), generator=generator_of(self.seed, step, 2)))
        return views[:, :number], voxels


class _Views:
    """(views, voxels) at a place of the endless list of objects."""

    def __init__(self, objects, side, most, seed):
        self.objects, self.side, self.most, self.seed = objects, side, most, seed

    def __getitem__(self, place):
        one = self.objects[shuffled_rows(place, 1, len(self.objects), self.seed).item()]
        numbers = torch.randperm(RENDERED, generator=generator_of(self.seed, place, 1))[: self.most]
        return one.views(numbers.tolist(), self.side), one.voxels()


def logits(network, views):
    """What a network of this lecture says of each voxel: (B, V, 3, H, W) -> logits (B, 32, 32, 32)."""
    if isinstance(network, PictureToVoxels):
        return network(views[:, 0])
    empty, filled = network(views).unbind(1)
    return filled - empty


def loss(network, batch):
    """Cross-entropy of each voxel: of two scores for R2N2, of one logit for the others."""
    views, voxels = batch
    if isinstance(network, PictureToVoxels):
        return binary_cross_entropy_with_logits(network(views[:, 0]).float(), voxels.float())
    return cross_entropy(network(views).float(), voxels.long())


@torch.no_grad()
def mean_iou(network, objects, side, most):
    """Mean intersection over union of at most `most` objects, from one view each. Leaves the network in its mode."""
    device, was_training = next(network.parameters()).device, network.training
    network.eval()
    total, chosen = 0.0, spread(len(objects), most)
    for number in chosen:
        one = objects[number]
        found = logits(network, one.views([0], side)[None].to(device)).float().sigmoid().cpu() > THRESHOLD
        total += voxel_iou(found, one.voxels()[None]).item()
    network.train(was_training)
    return total / len(chosen)


def training(run, name):
    """The `Training` of a network of this lecture."""
    build, most = NETWORKS[run.lecture][name]
    train, test = r2n2(run.data), r2n2(run.data, train=False)
    with torch.device("meta"):
        network = build()
    side = network.encoder.side if isinstance(network, PictureToVoxels) else network.side
    return Training(
        build,
        partial(ViewBatches, train, side=side, most=most),
        (Stage(loss, partial(mean_iou, objects=test, side=side, most=run.test)),),
        numbers=(len(train), len(test)),
        of="objects",
        measures="IoU",
        said="IoU {:.3f} on the test objects, from one view",
    )
