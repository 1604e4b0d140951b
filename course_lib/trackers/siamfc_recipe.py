"""How SiamFC is trained on real videos from the command line.

    course train 14 --data ~/data/GOT-10k --lr 1e-3

The network has its published size, the schedule is shorter than the authors' 332,500 steps of SGD, and the optimizer is
Adam, as in the course's other recipes: a working start, not the published accuracy.
"""

import os
from functools import partial

import torch

from course_lib.data.sets.tracking import got10k, ilsvrc_vid
from course_lib.errors import CourseError
from course_lib.models.siamfc import SiamFC
from course_lib.ops.batches import to_device
from course_lib.trackers.siamfc_training import BATCH, PairBatches, pair_hits, pair_loss
from course_lib.train import Checkpoint, Metric, fit, join_processes, leave_processes

READERS = {"got10k": got10k, "ilsvrc_vid": ilsvrc_vid}
NETWORKS = {"14": {name: partial(SiamFC, name, bias=True) for name in ("v1", "v2", "v3")}}


def train(run, say=print):
    """Train a SiamFC on pairs of frames, alone or as one of torchrun's processes.

    Args:
        run: a `course_lib.recipes.Run`; its `test` counts pairs of the validation split, `missing` has no meaning here.
        say: function that prints a line; called in the first process alone.
    Returns:
        History; its metric is the share of validation pairs whose peak is a hit.
    Raises:
        CourseError: if there is no such network or data set, or processes cannot share a batch equally.
    """
    networks, dataset = NETWORKS[run.lecture], run.dataset or next(iter(READERS))
    name = run.network or next(iter(networks))
    if name not in networks:
        raise CourseError(f"Lecture {run.lecture} has no network {name!r}. It has: {', '.join(networks)}.")
    if dataset not in READERS:
        raise CourseError(f"Lecture {run.lecture} needs videos with boxes: {', '.join(READERS)}, not {dataset}.")
    sequences, tests = (READERS[dataset](run.data, split) for split in ("train", "val"))
    device = join_processes()
    processes, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))

    torch.manual_seed(run.seed)
    network = networks[name]().to(device)
    if run.compile:
        network.compile()
    batches = PairBatches(sequences, batch=run.batch, workers=run.workers, seed=run.seed, share=(rank, processes))
    held_out = PairBatches(tests, batch=min(BATCH, run.test), augment=(0.0, 0.0, 0.0), seed=run.seed + 1)
    path = run.checkpoint or f"runs/{run.lecture}_{name}.pt"
    if rank == 0:
        say(f"SiamFC {name}: {len(sequences)} training videos, {len(tests)} test videos, on {device}; saves {path}")

    def hits(network):
        looks = max(1, run.test // BATCH)
        return sum(pair_hits(network, to_device(held_out(look), device)) for look in range(looks)) / looks

    history = fit(
        network,
        batches,
        run.steps,
        loss=pair_loss,
        lr=run.lr,
        dtype=torch.bfloat16 if device.type == "cuda" else torch.float32,
        clip_norm=10.0,
        metric=Metric(hits, every=run.every, name="hits"),
        checkpoint=Checkpoint(path, every=run.every),
    )
    if rank == 0:
        for step, value in history.metrics:
            say(f"step {step:7}: the peak is a hit in {value:.1%} of the test pairs")
    leave_processes()
    return history
