"""How MDNet's shared layers are trained on real videos from the command line, before any tracking.

    course train 13 --data ~/data/vot2015 --batch 128
    course train 13 --network SDNet --data ~/data/GOT-10k --dataset got10k --batch 128

Every sequence is a domain with a branch of its own; SDNet, the paper's comparison, has a single one. A step is 8 frames
of one sequence, a quarter of its crops show the target (32 of 128 in the paper). The authors took SGD and 100 steps per
video, from VGG-M's convolutions; here Adam starts from He's weights, as in the course's other recipes. What a branch
has learnt is asked of frames of its own sequence that were held out: a new sequence has no branch yet.
"""

from functools import partial
from types import SimpleNamespace

import torch

from course_lib.data.sets.step_batches import StepBatches
from course_lib.data.sets.tracking import got10k, ilsvrc_vid, otb, vot
from course_lib.errors import CourseError, DataError
from course_lib.models.mdnet import MDNet
from course_lib.ops.batches import to_device
from course_lib.recipes.training import Stage, Training, computed_in, spread
from course_lib.trackers.mdnet_training import DomainBatches, loss_of_domain
from course_lib.trackers.siamfc_training import usable

FRAMES = 8  # of one sequence per step, as published
HELD_OUT = 0.2  # the last part of each sequence, for testing
NETWORKS = {  # function: number of sequences -> network
    "13": {"MDNet": partial(MDNet, unit=64.0), "SDNet": lambda sequences: MDNet(1, unit=64.0)}
}
NEEDS = "videos with boxes"
DATASETS = {
    "vot": vot,
    "otb": otb,
    "got10k": partial(got10k, split="train"),
    "ilsvrc_vid": partial(ilsvrc_vid, split="train"),
}


class Parts:
    """The frames of each sequence that show its object: the first ones, or with `held_out` the rest."""

    def __init__(self, sequences, held_out=False):
        self.sequences, self.held_out = sequences, held_out

    def __len__(self):
        return len(self.sequences)

    def __getitem__(self, number):
        """`frames`, to be indexed, and `boxes` of a sequence.

        Raises:
            DataError: if a single frame shows the object, which cannot be parted.
        """
        sequence = self.sequences[number]
        moments = usable(sequence)
        if len(moments) < 2:
            raise DataError(f"{sequence.name}: a single frame shows the object, expected one to learn and one to test.")
        end = len(moments) - max(1, round(HELD_OUT * len(moments)))
        moments = moments[end:] if self.held_out else moments[:end]
        return SimpleNamespace(frames=_Chosen(sequence.frames, moments.tolist()), boxes=sequence.boxes[moments])


class _Chosen:
    """Some frames of a video, read when they are asked for."""

    def __init__(self, frames, moments):
        self.frames, self.moments = frames, moments

    def __getitem__(self, number):
        return self.frames[self.moments[number]]


class _Steps:
    """The batches of `DomainBatches` as examples, so that worker processes make them."""

    def __init__(self, batches):
        self.batches = batches

    def __getitem__(self, step):
        return self.batches(step)


def only(examples):
    """The batch that is a single example already."""
    return examples[0]


def right_crops(network, batches, numbers):
    """Share of crops that a domain's own branch tells right, target and background counting half each.

    Args:
        network: an `MDNet`, which keeps its mode. batches: function number of a domain -> (crops, labels, domain).
        numbers: of the domains to look at.
    """
    device, was_training = next(network.parameters()).device, network.training
    network.eval()
    shares = []
    for number in numbers:
        crops, labels, domain = to_device(batches(number), device)
        dtype = computed_in(device)
        with torch.no_grad(), torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            right = network(crops, domain).argmax(1) == labels
        shares += [right[labels == kind].float().mean().item() for kind in (0, 1)]
    network.train(was_training)
    return sum(shares) / len(shares)


def training(run, name):
    """The `Training` of an MDNet; `run.batch` counts crops, `run.test` the sequences that are looked at."""
    sequences = DATASETS[run.dataset](run.data)
    number = len(sequences)
    with torch.device("meta"):
        sizes = NETWORKS[run.lecture][name](number)  # what the batches must know of the network
    made = partial(DomainBatches, sizes, positives=run.batch // 4, negatives=run.batch - run.batch // 4)
    tested = made(Parts(sequences, held_out=True), frames=FRAMES // 4, seed=run.seed + 1)

    def batches(batch_size, device, workers, seed, share):
        if share[1] > 1:
            raise CourseError("MDNet is trained by one process: torchrun wants gradients of all branches at each step.")
        if batch_size < 4:
            raise CourseError(f"A batch of {batch_size} crops is too small: expected 4, of which 1 shows the target.")
        steps = _Steps(made(Parts(sequences), frames=FRAMES, seed=seed))
        return StepBatches(steps, 1, of="domains", device=device, workers=workers, collate=only)

    return Training(
        lambda: NETWORKS[run.lecture][name](number),
        batches,
        (Stage(loss_of_domain, lambda network: right_crops(network, tested, spread(number, run.test))),),
        numbers=(number, min(number, run.test)),
        of="videos",
        measures="accuracy",
        said="{:.1%} of the crops of held-out frames right",
    )
