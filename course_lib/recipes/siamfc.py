"""How SiamFC is trained on real videos from the command line.

    course train 14 --data ~/data/GOT-10k --lr 1e-3

The network has its published size, the schedule is shorter than the authors' 332,500 steps of SGD, and the optimizer is
Adam, as in the course's other recipes: a working start, not the published accuracy.
"""

from functools import partial

from course_lib.data.sets.tracking import got10k, ilsvrc_vid
from course_lib.models.siamfc import SiamFC
from course_lib.ops.batches import to_device
from course_lib.recipes.training import Stage, Training
from course_lib.trackers.siamfc_training import BATCH, PairBatches, pair_hits, pair_loss

NETWORKS = {"14": {name: partial(SiamFC, name, bias=True) for name in ("v1", "v2", "v3")}}
NEEDS = "videos with boxes"
DATASETS = {"got10k": got10k, "ilsvrc_vid": ilsvrc_vid}


def training(run, name):
    """The `Training` of a SiamFC on pairs of frames; `run.test` counts pairs of the validation split."""
    train, test = (DATASETS[run.dataset](run.data, split) for split in ("train", "val"))
    held_out = PairBatches(test, batch=min(BATCH, run.test), augment=(0.0, 0.0, 0.0), seed=run.seed + 1)

    def hits(network):
        device, looks = next(network.parameters()).device, max(1, run.test // BATCH)
        return sum(pair_hits(network, to_device(held_out(look), device)) for look in range(looks)) / looks

    return Training(
        NETWORKS[run.lecture][name],
        lambda batch_size, **how: PairBatches(train, batch=batch_size, **how),
        (Stage(pair_loss, hits),),
        numbers=(len(train), len(test)),
        of="videos",
        measures="hits",
        said="the peak is a hit in {:.1%} of the test pairs",
    )
