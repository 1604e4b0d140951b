"""How SiamFC learns: pairs of frames of one video, both with the object in the middle of what is cut out.

L. Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", 2016, Sections 2.2 to 2.4, and the
authors' code. No class is ever named, and no box is predicted: the pair itself says where the responses must be high.
"""

from functools import partial

import torch

from course_lib.data.sets.step_batches import StepBatches
from course_lib.errors import CourseError, DataError
from course_lib.models.siamfc import EXEMPLAR, TRAINED, preprocess
from course_lib.ops.batches import generator_of
from course_lib.ops.boxes import center, crop, from_center, scale, with_context
from course_lib.ops.response_maps import balanced_weights, label_map, logistic_loss

GAP = 100  # frames that may lie between the two of a pair
RADIUS = 16  # pixels of the search image that count as hit: 2 cells of stride 8, so 13 of 15 x 15 cells
PAIRS, EPOCHS, BATCH = 53_200, 50, 8  # per epoch; passes; pairs per step: 332,500 steps in all
LR, LAST_LR = 1e-2, 1e-5
AUGMENT = (0.05, 4.0, 0.1)  # stretch, pixels, and our colors: the authors draw them from the data's principal axes
optimizer = partial(torch.optim.SGD, momentum=0.9, weight_decay=5e-4)  # the authors', for `fit`


def log_spaced(steps, last=LAST_LR / LR):
    """Schedule for `fit`: the factor of the learning rate falls from 1 to `last` by equal factors."""
    return lambda step: last ** (step / max(1, steps - 1))


def pair_loss(network, batch, radius=RADIUS):
    """Balanced logistic loss for `fit`: the object is in the middle of every search image.

    Args:
        network: a `SiamFC`. batch: exemplars (B, 3, E, E) and search images (B, 3, S, S), 0..255.
        radius: pixels of the search image from the middle within which a response shall be high.
    """
    responses = network(*batch)
    labels = label_map(responses.shape[2:], network.stride, radius).to(responses.device)
    return logistic_loss(responses.float(), labels, balanced_weights(labels))


@torch.no_grad()
def pair_hits(network, batch, radius=RADIUS):
    """Share of the pairs whose highest response is at most `radius` pixels from the middle: arguments as `pair_loss`.

    The network keeps the mode in which it was.
    """
    was_training = network.training
    responses = network.eval()(*batch)
    network.train(was_training)
    hit = label_map(responses.shape[2:], network.stride, radius).to(responses.device) > 0
    return hit.flatten()[responses.flatten(1).argmax(1)].float().mean().item()


def pair_moments(moments, gap, generator):
    """Two of the frame numbers `moments`, (K,) ascending, at most `gap` frames apart; maybe the same one twice."""
    first = moments[torch.randint(len(moments), (), generator=generator)]
    near = moments[(moments - first).abs() <= gap]
    return int(first), int(near[torch.randint(len(near), (), generator=generator)])


class CuratedPairs:
    """A function step -> (exemplars, search images) from crops that are cut out once and held in memory.

    The authors prepare their data so, on disk: cutting out costs more than a step of a small network.

    Args:
        videos: with `boxes` (T, 4), and `look(moments)` as `TargetVideo` has or `frames` that can be indexed.
        network: the `SiamFC` to train, which knows the sizes of its images.
        frames: per video, drawn at random. batch: pairs per step. gap: frames between the two at most.
        seed: of what is drawn.
    Raises:
        DataError: if there is no video.
    """

    def __init__(self, videos, network, *, frames=8, batch=16, gap=GAP, seed=0):
        if not len(videos):
            raise DataError("There is no video to learn from: expected a list of videos with frames and boxes.")
        self.batch, self.gap, self.seed = batch, gap, seed
        self.moments, exemplars, searches = [], [], []
        for number, video in enumerate(videos):
            moments = torch.randperm(len(video.boxes), generator=generator_of(seed, 0, number))[:frames].sort().values
            pictures = video.look(moments) if hasattr(video, "look") else [video.frames[i] for i in moments.tolist()]
            boxes = video.boxes[moments]
            sides = network.exemplar, network.search
            pairs = [_cut(frame, box, box, *sides) for frame, box in zip(pictures, boxes, strict=True)]
            self.moments.append(moments)
            exemplars.append(torch.stack([exemplar for exemplar, _ in pairs]).byte())
            searches.append(torch.stack([search for _, search in pairs]).byte())
        self.exemplars, self.searches = exemplars, searches

    def __call__(self, step):
        generator = generator_of(self.seed, 1, step)
        pairs = [self._pair(generator) for _ in range(self.batch)]
        return tuple(torch.stack(images).float() for images in zip(*pairs, strict=True))

    def _pair(self, generator):
        video = int(torch.randint(len(self.moments), (), generator=generator))
        row_of = {int(moment): row for row, moment in enumerate(self.moments[video])}
        first, second = pair_moments(self.moments[video], self.gap, generator)
        return self.exemplars[video][row_of[first]], self.searches[video][row_of[second]]


class PairBatches(StepBatches):
    """A function step -> (exemplars, search images) of published size from sequences on disk, each pair cut out anew.

    Both images are stretched, moved and recolored a little, each in its own way, so that the network does not learn to
    compare pixels. The same step gives the same batch.

    Args:
        sequences: with `frames` that can be indexed, uint8, and `boxes`; with `absent` or `visible`, frames without
            most of the object are left out: readers `got10k` and `ilsvrc_vid` of `course_lib.data.sets.tracking`.
        batch: pairs per step. gap: frames between the two at most.
        exemplar, search: sides of the images in pixels.
        augment: (share by which the side is stretched, pixels of the image by which it is moved, share by which each
            color is scaled), all at most.
        seed: of what is drawn. device, workers, share: as for `StepBatches`.
    Raises:
        CourseError: if there is no such batch or gap, or the processes cannot share a batch equally.
        DataError: if there is no sequence; when a batch is made, if a sequence never shows its object.
    """

    def __init__(self, sequences, *, batch=BATCH, gap=GAP, exemplar=EXEMPLAR, search=TRAINED, augment=AUGMENT,
                 seed=0, device="cpu", workers=0, share=(0, 1)):  # fmt: skip
        if not len(sequences):
            raise DataError("There is no sequence to learn from: is the data set's folder empty?")
        if gap < 0:
            raise CourseError(f"gap is {gap}: expected at least 0 frames.")
        pairs = _Pairs(sequences, batch, gap, (exemplar, search), augment, seed)
        super().__init__(pairs, batch, of="pairs", device=device, workers=workers, share=share)

    def ready(self, step, batch):
        return tuple(images.float() for images in batch)


class _Pairs:
    """(exemplar, search image) at a place of an endless list, as uint8."""

    def __init__(self, sequences, batch, gap, sizes, augment, seed):
        self.sequences, self.batch, self.gap, self.sizes = sequences, batch, gap, sizes
        self.augment, self.seed = augment, seed

    def __getitem__(self, place):
        generator = generator_of(self.seed, *divmod(place, self.batch))
        sequence = self.sequences[int(torch.randint(len(self.sequences), (), generator=generator))]
        first, second = pair_moments(usable(sequence), self.gap, generator)
        images = []
        for moment, which in ((first, 0), (second, 1)):
            box = sequence.boxes[moment]
            frame = sequence.frames[moment]
            stretch, shift, color = self._drawn(generator)
            side = with_context(box)[2] / self.sizes[0]  # pixels of the frame per pixel of the image
            seen = from_center(center(box) + shift * side, box[2:] * stretch)
            image = _cut(frame, seen, seen, *self.sizes)[which]
            images.append((image * color[:, None, None]).round().clamp(0, 255).byte())
        return tuple(images)

    def _drawn(self, generator):
        """Stretch (a number), shift (2,) and color (3,), each about 1, 0 and 1."""
        noise = 2 * torch.rand(6, generator=generator) - 1
        stretch, shift, color = self.augment
        return 1 + stretch * noise[0], shift * noise[1:3], 1 + color * noise[3:]


def usable(sequence):
    """Numbers of the frames that show most of the object and have a box with an area: (K,) long, ascending.

    Raises:
        DataError: if there is none.
    """
    good = (sequence.boxes[:, 2:] > 0).all(1)
    if getattr(sequence, "absent", None) is not None:
        good &= ~sequence.absent
    if getattr(sequence, "visible", None) is not None:
        good &= sequence.visible > 0.5
    if not good.any():
        raise DataError(f"{sequence.name}: no frame shows most of the object, so no pair can be cut out.")
    return good.nonzero()[:, 0]


def _cut(frame, exemplar_box, search_box, exemplar, search):
    """Both images of a frame, (3, E, E) and (3, S, S), 0..255: as large in the frame as the tracker's."""
    frame = frame.float() / 255 if frame.dtype == torch.uint8 else frame
    near, around = with_context(exemplar_box), scale(with_context(search_box), search / exemplar)
    return preprocess(crop(frame, near, exemplar)), preprocess(crop(frame, around, search))
