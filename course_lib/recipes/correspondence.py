"""How networks learn which point of one picture is which of another, from real pairs with known flow.

    course train 15 --data ~/data/MPI-Sintel                                  # descriptors of patches of 28 x 28
    course train 16 --network UCN-ST --data ~/data/KITTI --dataset kitti --batch 8

The flow of a pair says where each point goes, so the truth about matches costs nothing. Lecture 15's EmbeddingNet
describes patches, with FaceNet's loss: length 1, squared distances, margin 0.2, semi-hard negatives in the batch.
Lecture 16's UCN describes all cells of a picture at once, with its paper's loss and its hard negatives (arXiv:
1606.03558, Section 3); the paper trained it on KITTI and Sintel, from GoogLeNet's weights. Both start from fresh
weights here, with Adam: a working start, not the published accuracy. Where a point is hidden in the second picture its
match is wrong, but for KITTI, whose flow leaves such points out.
"""

import math
from functools import partial

import torch

from course_lib.data.sets import flow as sets
from course_lib.data.sets.step_batches import StepBatches
from course_lib.data.sets.stereo_patches import GREY, REACH, another_view, cut, standardized
from course_lib.errors import DataError
from course_lib.metrics.correspondence import pck
from course_lib.metrics.retrieval import match_recall_at
from course_lib.models.embedding_net import SIDE, EmbeddingNet
from course_lib.models.ucn import MEAN, UCN
from course_lib.ops.batches import generator_of, to_device
from course_lib.ops.correspondence_losses import nearest_points, ucn_loss
from course_lib.ops.metric_losses import online_triplet
from course_lib.ops.spatial_transformer import at_points
from course_lib.recipes import flow
from course_lib.recipes.training import Stage, Training, computed_in

CROP = (320, 448)  # rows, columns: as for the flow networks; fits into KITTI, too
PATCHES, POINTS = 32, 1000  # matches per pair and step, for lecture 15 and 16
MARGIN = 0.2  # FaceNet's
RADIUS = 16.0  # pixels: what is nearer to the truth is no negative for UCN
THRESHOLD = 10  # pixels: a match is right; the paper's PCK
TRIES = 20  # crops of a pair that may show no point twice
NETWORKS = {
    "15": {"EmbeddingNet": partial(EmbeddingNet, 128, normalized=True)},
    "16": {"UCN": UCN, "UCN-ST": partial(UCN, transform=True)},
}
NEEDS = "pairs of pictures with flow"
DATASETS = {  # name: function folder -> pairs for training, pairs for testing
    "sintel": flow.DATASETS["sintel"],
    "kitti": lambda path: flow.parted(sets.kitti(path, occluded=False)),
    "flying_chairs": flow.DATASETS["flying_chairs"],
}


class Matches:
    """(image1, image2, points1, points2) at a place of the endless list of crops: (3, H, W) twice and (N, 2) twice.

    Args:
        pairs: `FlowPairs`. number: N, points per pair, drawn at random; where few are known they come more than once.
        room: pixels that a point keeps from the edges. crop: (rows, columns). seed: of what is drawn.
    """

    def __init__(self, pairs, number, *, room=0, crop=CROP, seed=0):
        self.pairs, self.number, self.room, self.seed = pairs, number, room, seed
        self.crops = flow.Crops(pairs, crop, seed)

    def __getitem__(self, place):
        """One example.

        Raises:
            DataError: if no point of many crops is known in both pictures.
        """
        for attempt in range(TRIES):
            image1, image2, motion, known = self.crops[place + attempt]
            points = self._known_in_both(motion, known)
            if len(points):
                generator = generator_of(self.seed, place, 2)
                points = points[torch.randint(len(points), (self.number,), generator=generator)]
                column, row = points.unbind(1)
                return image1, image2, points.float(), points + motion[:, row, column].T
        raise DataError(f"{self.pairs.name}: {TRIES} crops show no point that is known in both pictures.")

    def _known_in_both(self, motion, known):
        """x, y of the pixels whose match lies in the crop, too: (K, 2) long."""
        height, width = known.shape
        row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        for x, y in ((column, row), (column + motion[0], row + motion[1])):
            known = known & (x >= self.room) & (x <= width - 1 - self.room)
            known = known & (y >= self.room) & (y <= height - 1 - self.room)
        return known.nonzero().flip(1)


class PatchMatches(Matches):
    """Two patches around each match, (N, 1, 28, 28) twice, grey, each with mean 0 and deviation 1.

    The second one is turned, scaled and lit anew: neighbouring frames alone are so alike that pixels would do.
    """

    def __init__(self, pairs, number, *, seed=0, **how):
        super().__init__(pairs, number, room=math.ceil(REACH * SIDE / 2), seed=seed, **how)

    def __getitem__(self, place):
        *images, points1, points2 = super().__getitem__(place)
        grey1, grey2 = (torch.einsum("chw,c->hw", image, image.new_tensor(GREY)) for image in images)
        other = another_view(grey2, points2, generator_of(self.seed, place, 3), SIDE)
        return standardized(cut(grey1, points1, SIDE)), standardized(other)


def patch_loss(network, batch):
    """FaceNet's loss for `fit`: the two patches of a match are a class of their own."""
    points = [network(patches.flatten(0, 1)).float() for patches in batch]
    labels = torch.arange(len(points[0]), device=points[0].device).repeat(2)
    return online_triplet(torch.cat(points), labels, MARGIN, negatives="semi-hard")


def patch_recall(network, example):
    """Share of an example's patches whose match is the nearest of all."""
    return match_recall_at(*(network(patches).float() for patches in example))


def maps_of(network, *images):
    """A UCN's features (B, C, h, w) in float32 of pictures (B, 3, H, W), 0..1."""
    mean = images[0].new_tensor(MEAN).view(3, 1, 1)
    return [network((255 * image - mean) / 64).float() for image in images]


def map_loss(network, batch):
    """UCN's loss for `fit`, with hard negatives."""
    image1, image2, points1, points2 = batch
    features = maps_of(network, image1, image2)
    with torch.autocast(image1.device.type, enabled=False):  # the nearest of thousands: half precision confuses them
        return ucn_loss(*features, points1, points2, radius=RADIUS, stride=network.stride)


def map_pck(network, example):
    """Share of an example's points that are found within 10 pixels of the truth."""
    image1, image2, points1, points2 = (part[None] for part in example)
    features1, features2 = maps_of(network, image1, image2)
    with torch.autocast(image1.device.type, enabled=False):
        found = nearest_points(at_points(features1, points1, network.stride), features2, network.stride)
    return pck(found, points2, THRESHOLD)


@torch.no_grad()
def mean_over(network, measure, examples, number):
    """Mean of `measure(network, example)` over the first `number` examples. Leaves the network in its mode."""
    device, was_training = next(network.parameters()).device, network.training
    network.eval()
    dtype, values = computed_in(device), []
    for place in range(number):
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            values.append(measure(network, to_device(examples[place], device)))
    network.train(was_training)
    return sum(values) / number


def training(run, name):
    """The `Training` of descriptors on real pairs: of patches, or of whole pictures."""
    train, test = DATASETS[run.dataset](run.data)
    if run.lecture == "15":
        examples, number, loss, measure = PatchMatches, PATCHES, patch_loss, patch_recall
        measures, said = "recall", "{:.1%} of the test patches find their match first"
    else:
        examples, number, loss, measure = Matches, POINTS, map_loss, map_pck
        measures, said = "PCK", f"{{:.1%}} of the test points within {THRESHOLD} px"
    held_out, looks = examples(test, number, seed=run.seed + 1), min(run.test, len(test))

    def batches(batch_size, seed, **how):
        return StepBatches(examples(train, number, seed=seed), batch_size, of="pairs", **how)

    return Training(
        NETWORKS[run.lecture][name],
        batches,
        (Stage(loss, lambda network: mean_over(network, measure, held_out, looks)),),
        numbers=(len(train), len(test)),
        of="pairs",
        measures=measures,
        said=said,
    )
