"""Multi-domain learning: how MDNet's shared layers are trained before any tracking.

Nam and Han, CVPR 2016, Section 3.2. In each step one video is the domain, in turn: from some of its frames come crops
of the target (overlap with the true box at least 0.7) and of background (at most 0.5), and the step changes the shared
layers and that video's branch. With a single branch for all videos, the same code is the paper's comparison, "SDNet":
what is target in one video and background in another then contradicts itself.
"""

import torch
from torch.nn.functional import cross_entropy

from course_lib.errors import DataError
from course_lib.models.mdnet import TARGET
from course_lib.ops.box_samples import by_overlap, gaussian, uniform, whole
from course_lib.ops.boxes import crop, scale
from course_lib.trackers.mdnet import MATLAB
from course_lib.trackers.protocol import checked_frame


class DomainBatches:
    """Batches for `fit`: step -> (crops (B, 3, S, S) as the network takes them, labels (B,), domain).

    Args:
        network: the MDNet to train: its crop size and unit.
        videos: K of them, with `frames` that are indexed, (3, H, W) in 0..1, and `boxes` (T, 4).
        frames: of one video per step. positives, negatives: crops per step, from all those frames together.
        near: share of the negatives that come from around the target, rather than from the whole frame.
        rules: how much of the surroundings a crop shows, and the smallest sample.
        seed: of the choice of frames and boxes; a step always gives the same batch.
        last: only the first so many frames of a video are used; None for all.
    Raises:
        DataError: if there is no video.
    """

    def __init__(
        self, network, videos, *, frames=8, positives=32, negatives=96, near=0.5, rules=MATLAB, seed=0, last=None
    ):
        if not len(videos):
            raise DataError("There is no video to learn from: expected a list of videos with frames and boxes.")
        self.size, self.prepare, self.domains = network.crop, network.prepare, len(network.branches)
        self.videos, self.frames, self.near, self.rules, self.seed = videos, frames, near, rules, seed
        self.positives, self.negatives, self.last = positives, negatives, last

    def __call__(self, step):
        number = step % len(self.videos)
        video = self.videos[number]
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        moments = torch.randperm(len(video.boxes[: self.last]), generator=generator)[: self.frames].tolist()
        target, background = [], []
        for i, moment in enumerate(moments):
            frame, box = checked_frame(video.frames[moment]), video.boxes[moment]
            near, far = self._boxes(box, frame.shape[1:], i, len(moments), generator)
            crops = crop(frame, scale(torch.cat([near, far]), self.rules.enlarge), self.size, fill=self.rules.outside)
            target.append(crops[: len(near)])
            background.append(crops[len(near) :])
        target, background = torch.cat(target), torch.cat(background)
        labels = torch.tensor([TARGET] * len(target) + [1 - TARGET] * len(background))
        return self.prepare(torch.cat([target, background])), labels, number % self.domains

    def _boxes(self, box, size, i, parts, generator):
        """The i-th frame's part of the positives and negatives of a step."""
        options = {"smallest": self.rules.smallest, "generator": generator}
        positives, negatives = (share(number, i, parts) for number in (self.positives, self.negatives))
        near = by_overlap(lambda n: gaussian(box, n, size, shift=0.1, growth=1.3, **options), box, positives, low=0.7)
        around = round(self.near * negatives)
        draws = (around, lambda n: uniform(box, n, size, shift=2.0, **options)), (
            negatives - around, lambda n: whole(box, n, size, **options)
        )  # fmt: skip
        return near, torch.cat([by_overlap(draw, box, number, high=0.5) for number, draw in draws if number])


def share(number, i, parts):
    """The i-th of `parts` nearly equal whole parts of a number."""
    return number * (i + 1) // parts - number * i // parts


def loss_of_domain(network, batch):
    """Cross-entropy of target against background, by the branch of the batch's domain; for `fit`."""
    crops, labels, domain = batch
    return cross_entropy(network(crops, domain), labels)


def faster(network, lr, fast=("fc", "branches"), factor=10.0):
    """Parameters in two groups for an optimizer, of which one learns faster, and is new where the other is pre-trained.

    The authors' training is torch.optim.SGD(faster(network, 1e-4), momentum=0.9, weight_decay=5e-4).

    Args:
        network: MDNet. lr: of the slower group. fast: how the names of the faster layers begin. factor: how much.
    """
    named = list(network.named_parameters())
    quick = [parameter for name, parameter in named if name.startswith(tuple(fast))]
    slow = [parameter for name, parameter in named if not name.startswith(tuple(fast))]
    return [{"params": slow, "lr": lr}, {"params": quick, "lr": factor * lr}]
