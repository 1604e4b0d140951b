"""MDNet's tracker: its decisions, its memory, what it trains, and that it follows things, made and real."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.data.sets.tracking import otb, video_sequence
from course_lib.data.worlds.targets import TargetWorld
from course_lib.models.mdnet import MDNet
from course_lib.ops.boxes import crop, iou, scale
from course_lib.trackers.evaluate import track
from course_lib.trackers.mdnet import MATLAB, MINI, PAPER, PY_MDNET, MDNetTracker, hardest, train_head, which_update
from course_lib.trackers.static import StaticBox
from tests.samples import sample

FEW = replace(MINI, candidates=32, first_positives=24, first_negatives=60, first_steps=4, positives=4, negatives=8,
              steps=2, regression=20)  # fmt: skip


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return MDNet.mini()


@pytest.fixture(scope="module")
def video():
    return TargetWorld(bystanders=2).video(14, seed=4)


def test_rules_are_those_of_the_paper_and_the_codes():
    assert (PAPER.best, PAPER.accept) == (1, "probability") and (MATLAB.best, MATLAB.accept) == (5, "score")
    assert MATLAB.enlarge == pytest.approx(1.427, abs=1e-3) and PY_MDNET.enlarge == pytest.approx(1.299, abs=1e-3)
    assert (MATLAB.first_lr, MATLAB.lr, MATLAB.short) == (1e-4, 3e-4, 20)
    assert (PY_MDNET.first_lr, PY_MDNET.lr, PY_MDNET.short) == (5e-4, 1e-3, 30)


def test_crops_are_those_of_the_public_code():
    """Theirs are cut at whole pixels and resized by another library: a few grey levels apart, and of the same place."""
    stored = np.load(Path(__file__).parents[1] / "fixtures" / "mdnet_pipeline.npz")
    picture = np.array(Image.open(sample("tracking/DragonBaby/0001.jpg")).convert("RGB"))
    frame = torch.from_numpy(picture).permute(2, 0, 1).float() / 255
    boxes = scale(torch.from_numpy(stored["boxes"]).float(), PY_MDNET.enlarge)
    ours = crop(frame, boxes, 107, fill=PY_MDNET.outside).permute(0, 2, 3, 1) * 255
    theirs = torch.from_numpy(stored["crops"]).float()
    far = (ours - theirs).abs().mean((1, 2, 3))
    unmatched = (ours - theirs.roll(1, 0)).abs().mean((1, 2, 3))
    assert far.max() < 3 and unmatched.min() > 20


def test_hardest_by_hand():
    scores = torch.tensor([[5.0, -4], [-9, -3], [8, -1], [7, -2]])
    assert hardest(scores, 2).tolist() == [2, 3] and len(hardest(scores, 9)) == 4


@pytest.mark.parametrize(
    ("accepted", "number", "expected"), [(True, 7, ""), (True, 20, "long"), (False, 7, "short"), (False, 20, "short")]
)
def test_which_update(accepted, number, expected):
    assert which_update(accepted, number) == expected


def test_training_the_head_tells_two_clouds_apart_and_leaves_the_convolutions(network):
    torch.manual_seed(1)
    net = MDNet.mini()
    near, far = torch.rand(30, 128) + torch.arange(128) % 2, torch.rand(200, 128) + (torch.arange(128) + 1) % 2
    convolutions = net.conv3.weight.clone()
    train_head(net, near, far, 40, 0.01, MINI)
    assert torch.equal(net.conv3.weight, convolutions) and not net.training
    with torch.no_grad():
        assert (net.head(near).argmax(1) == 1).all() and (net.head(far).argmax(1) == 0).all()


def test_hard_negatives_are_the_ones_that_are_learnt():
    """One negative in 200 looks like the target: mining finds it, a few random batches do not."""
    results = {}
    for hard in (True, False):
        torch.manual_seed(1)
        net = MDNet.mini()
        generator = torch.Generator().manual_seed(3)
        near = torch.rand(30, 128, generator=generator) + torch.arange(128) % 2
        far = torch.rand(200, 128, generator=generator) + (torch.arange(128) + 1) % 2
        rare = near[:1] * torch.where(torch.arange(128) < 16, -0.0, 1.0)
        rules = replace(MINI, batch=(16, 8, 200))
        train_head(net, near, torch.cat([far, rare]), 25, 0.01, rules, hard=hard, generator=generator)
        with torch.no_grad():
            scores = net.head(rare)[0]
        results[hard] = (scores[1] - scores[0]).item()
    assert results[True] < results[False] - 1


def test_it_follows_and_can_start_again(network, video):
    tracker = MDNetTracker(network, MINI)
    found = track(tracker, video.frames, video.boxes[0], show=False)
    again = track(tracker, video.frames, video.boxes[0], show=False)
    assert torch.equal(found.boxes, again.boxes)  # seeded, and all that was learnt is forgotten
    still = track(StaticBox(), video.frames, video.boxes[0], show=False)
    assert iou(found.boxes, video.boxes)[1:].mean() > iou(still.boxes, video.boxes)[1:].mean() + 0.1


def test_the_given_network_is_not_changed_and_neither_is_torchs_generator(network, video):
    before = {key: value.clone() for key, value in network.state_dict().items()}
    state = torch.get_rng_state()
    track(MDNetTracker(network, FEW), video.frames[:4], video.boxes[0], show=False)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("rules", [PAPER, MATLAB])
def test_best_or_mean_of_five_and_probability_or_score(network, video, rules):
    tracker = MDNetTracker(network, replace(FEW, best=rules.best, accept=rules.accept), regress=False)
    tracker.init(video.frames[0], video.boxes[0])
    box, score = tracker.update(video.frames[1])
    look = tracker.look
    best = look.scores.topk(rules.best).indices if rules is MATLAB else None
    if rules is MATLAB:
        assert torch.allclose(box, look.candidates[best].mean(0)) and score == pytest.approx(look.scores[best].mean())
        assert look.accepted == (score > 0)
    else:
        assert (look.candidates == box).all(1).any() and score == pytest.approx(look.probability)
        assert look.accepted == (score > 0.5)


def test_failure_widens_the_search_and_learns_from_the_short_memory(network, video, monkeypatch):
    tracker = MDNetTracker(network, replace(FEW, short=2, every=3, widest=0.7), regress=False)
    calls = []
    monkeypatch.setattr(tracker, "_train", lambda near, far, *_: calls.append((len(near), len(far))))
    tracker.init(video.frames[0], video.boxes[0])
    with torch.no_grad():  # a branch that believes everything, then nothing
        tracker._net.branches[0].bias[:] = torch.tensor([-50.0, 50])
    for frame in video.frames[1:4]:
        tracker.update(frame)
    assert tracker.look.update == "long" and calls[1:] == [(24 + 3 * 4, 2 * 8)]
    with torch.no_grad():
        tracker._net.branches[0].bias[:] = torch.tensor([50.0, -50])
    tracker.update(video.frames[4])
    assert tracker.look.update == "short" and not tracker.look.accepted and calls[-1] == (2 * 4, 2 * 8)
    assert tracker._shift == pytest.approx(0.66)
    for frame in video.frames[5:8]:
        tracker.update(frame)
    assert tracker._shift == 0.7


def test_regression_is_reported_and_the_search_goes_on_from_the_other_box(network, video):
    tracks = {}
    for regress in (True, False):
        tracker = MDNetTracker(network, FEW, regress=regress, update=False)
        tracker.init(video.frames[0], video.boxes[0])
        with torch.no_grad():
            tracker._net.branches[0].bias[:] = torch.tensor([-50.0, 50])
        tracker.box = video.boxes[0]
        reported, _ = tracker.update(video.frames[1])
        tracks[regress] = reported, tracker.look.box
    assert not torch.equal(*tracks[True]) and torch.equal(*tracks[False])


def real(name):
    """(frames, boxes) of a real sequence."""
    if name == "bag":
        return video_sequence(sample("video/bag.avi"), sample("tracking/bag_groundtruth.txt"))
    return otb(sample("tracking/DragonBaby").parent)["DragonBaby"]


@pytest.mark.parametrize(("name", "frames", "gain"), [("bag", 60, 0.15), ("DragonBaby", 60, 0.1)])
def test_real_sequences_with_random_convolutions(network, name, frames, gain):
    """Even convolutions that have learnt nothing let the branch follow a real target, well ahead of the still box."""
    sequence = real(name)
    pictures = [sequence.frames[i] for i in range(frames)]
    found = track(MDNetTracker(network, MINI), pictures, sequence.boxes[0], show=False)
    still = iou(sequence.boxes[0], sequence.boxes[1:frames]).mean()
    assert iou(found.boxes, sequence.boxes[:frames])[1:].mean() > still + gain, (found.boxes.shape, still)
