"""Multi-domain training: whose turn it is, what a batch holds, and which layers learn faster."""

import pytest
import torch

from course_lib.data.worlds.targets import TargetWorld
from course_lib.errors import DataError
from course_lib.models.mdnet import MDNet
from course_lib.ops.boxes import iou, scale
from course_lib.trackers.mdnet import MINI
from course_lib.trackers.mdnet_training import DomainBatches, faster, loss_of_domain, share
from course_lib.train import fit


@pytest.fixture(scope="module")
def videos():
    return TargetWorld(bystanders=1).videos(3, 6, seed=2)


def test_domains_take_turns_and_a_step_is_always_the_same(videos):
    batches = DomainBatches(MDNet.mini(3), videos, frames=2, positives=5, negatives=9, rules=MINI)
    found = [batches(step) for step in range(5)]
    assert [domain for _, _, domain in found] == [0, 1, 2, 0, 1]
    crops, labels, _ = found[0]
    assert crops.shape == (14, 3, 43, 43) and labels.tolist() == [1] * 5 + [0] * 9
    assert torch.equal(batches(0)[0], crops) and not torch.equal(found[3][0], crops)
    assert [DomainBatches(MDNet.mini(1), videos, rules=MINI)(step)[2] for step in range(3)] == [0, 0, 0]


def test_positives_show_the_target_and_negatives_do_not(videos, monkeypatch):
    seen = []
    monkeypatch.setattr("course_lib.trackers.mdnet_training.crop", lambda frame, boxes, size, fill: (
        seen.append(boxes), torch.zeros(len(boxes), 3, size, size))[1])  # fmt: skip
    DomainBatches(MDNet.mini(3), videos[:1], frames=1, positives=6, negatives=10, rules=MINI, last=1)(0)
    overlap = iou(scale(seen[0], 1 / MINI.enlarge), videos[0].boxes[0])
    assert len(overlap) == 16 and overlap[:6].min() >= 0.7 - 1e-4 and overlap[6:].max() <= 0.5 + 1e-4


@pytest.mark.parametrize(("number", "parts"), [(32, 8), (7, 3), (2, 5)])
def test_shares_add_up(number, parts):
    shares = [share(number, i, parts) for i in range(parts)]
    assert sum(shares) == number and max(shares) - min(shares) <= 1


def test_faster_layers():
    slow, quick = faster(MDNet.mini(2), 1e-3, ("branches",), 5.0)
    assert len(slow["params"]) == 10 and len(quick["params"]) == 4 and quick["lr"] == 5e-3
    assert len(faster(MDNet.mini(2), 1e-3)[0]["params"]) == 6  # three convolutions


def test_a_few_steps_lower_the_loss(videos):
    torch.manual_seed(0)
    network = MDNet.mini(3)
    batches = DomainBatches(network, videos, frames=2, positives=8, negatives=16, rules=MINI)
    loss = fit(network, batches, 45, loss=loss_of_domain, lr=3e-3, clip_norm=5).loss
    assert sum(loss[-6:]) < 0.6 * sum(loss[:6])


def test_refuses_no_video():
    with pytest.raises(DataError, match="no video"):
        DomainBatches(MDNet.mini(), [])
