"""The training loop learns, resumes exactly, stops early, and says why it cannot go on."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from course_lib.errors import CourseError
from course_lib.train import Checkpoint, Metric, fit, fresh, scores, supervised, trained


def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Dropout(0.1), torch.nn.Linear(8, 2))


def plain_model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))


def batch(step):
    generator = torch.Generator().manual_seed(step)
    inputs = torch.randn(32, 4, generator=generator)
    return inputs, (inputs[:, 0] > inputs[:, 1]).long()


def twins(step):
    """A batch by name, with a list of tensors of different lengths and a number for all."""
    inputs, _ = batch(step)
    return {"one": inputs, "others": list(inputs.flip(0).split([1] * 32)), "margin": 1.0}


def twins_loss(network, batch):
    """Two passes through one network."""
    return (network(batch["one"]) - network(torch.cat(batch["others"])) - batch["margin"]).abs().mean()


def test_fit_learns_a_separable_problem():
    net = model()
    history = fit(net, batch, 150, lr=1e-2)
    inputs, labels = batch(10_000)
    assert len(history.loss) == 150
    assert sum(history.loss[-10:]) < 0.3 * sum(history.loss[:10])
    assert (scores(net, inputs).argmax(1) == labels).float().mean() > 0.9


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    whole = model()
    expected = fit(whole, batch, 40, schedule="constant")

    class Interrupted(Exception):
        pass

    def until_25(step):
        if step == 25:
            raise Interrupted
        return batch(step)

    saved = Checkpoint(tmp_path / "run" / "net.pt", every=10)
    with pytest.raises(Interrupted):
        fit(model(), until_25, 40, schedule="constant", checkpoint=saved)
    resumed = model()
    torch.rand(7)  # other random numbers in between must not matter
    history = fit(resumed, batch, 40, schedule="constant", checkpoint=saved)
    assert history.loss == expected.loss
    for ours, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["net.pt"]


def test_a_finished_run_is_not_trained_again(tmp_path):
    saved = Checkpoint(tmp_path / "net.pt")
    fit(model(), batch, 20, checkpoint=saved)
    net = model()
    history = fit(net, lambda step: pytest.fail("trained again"), 20, checkpoint=saved)
    assert len(history.loss) == 20


def test_a_checkpoint_of_another_model_is_refused_with_a_next_step(tmp_path):
    saved = Checkpoint(tmp_path / "net.pt")
    fit(model(), batch, 5, checkpoint=saved)
    with pytest.raises(CourseError, match="does not fit this training run.*another model"):
        fit(torch.nn.Linear(4, 2), batch, 5, checkpoint=saved)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    (tmp_path / "net.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(CourseError, match="does not fit"):
        fit(model(), batch, 5, checkpoint=Checkpoint(tmp_path / "net.pt"))


def test_metric_is_recorded_and_ends_training_when_it_stalls():
    values = iter([0.5, 0.6, 0.6, 0.55])
    history = fit(model(), batch, 100, metric=Metric(lambda net: next(values), every=10, patience=2))
    assert history.metrics == [(10, 0.5), (20, 0.6), (30, 0.6), (40, 0.55)]
    assert len(history.loss) == 40 and "has not improved for 2 looks" in history.stopped


def test_a_loss_that_explodes_is_explained():
    with pytest.raises(CourseError, match="learning rate"):
        fit(model(), batch, 20, loss=lambda network, batch: network(batch[0]).sum() * float("nan"))


def test_clipping_bounds_the_step():
    net = torch.nn.Linear(4, 2)
    before = net.weight.detach().clone()
    sgd = torch.optim.SGD(net.parameters(), lr=1.0)
    fit(net, batch, 1, optimizer=sgd, loss=supervised(lambda out, y: 1000 * out.sum()), clip_norm=0.5)
    assert (net.weight - before).norm() <= 0.5 + 1e-5


@pytest.mark.parametrize(
    "schedule, expected",
    [("cosine", [1.0, 0.5]), ("constant", [1.0, 1.0]), (lambda step: 0.1**step, [1.0, 0.1])],
)
def test_schedules(schedule, expected):
    seen, net = [], model()
    sgd = torch.optim.SGD(net.parameters(), lr=1.0)

    def spy(step):
        seen.append(sgd.param_groups[0]["lr"])
        return batch(step)

    fit(net, spy, 2, optimizer=sgd, schedule=schedule)
    assert seen == pytest.approx(expected)


def test_an_unknown_schedule_is_refused():
    with pytest.raises(CourseError, match="cosine"):
        fit(model(), batch, 2, schedule="linear")


def test_bfloat16_autocast_trains_on_the_cpu():
    seen = []

    def loss(outputs, labels):
        seen.append(outputs.dtype)
        return outputs.float().pow(2).mean()

    fit(model(), batch, 2, dtype=torch.bfloat16, loss=supervised(loss))
    assert seen == [torch.bfloat16] * 2


def test_scores_keep_the_mode_and_the_order():
    net = model().train()
    inputs, _ = batch(0)
    outputs = scores(net, inputs, batch_size=7)
    assert net.training
    assert torch.allclose(outputs, net.eval()(inputs), atol=1e-6)


@pytest.mark.full("training in two processes")
def test_two_processes_follow_the_loss_curve_of_one(tmp_path):
    alone = plain_model()
    expected = fit(alone, batch, 24, schedule="constant")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    root = Path(__file__).parents[1]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    command += ["-m", "tests.train_in_processes", str(tmp_path)]
    ran = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-8000:]  # torchrun's own summary is long, and comes last
    together = json.loads((tmp_path / "history.json").read_text())
    assert together["processes"] == 2
    assert together["loss"] == pytest.approx(expected.loss, rel=1e-5)
    assert together["siamese"] == pytest.approx(fit(plain_model(), twins, 6, loss=twins_loss).loss, rel=1e-5)
    weights = torch.cat([p.flatten() for p in alone.parameters()])
    assert torch.allclose(torch.tensor(together["weights"]), weights, atol=1e-5)
    resumed = plain_model()
    fit(resumed, batch, 24, schedule="constant", checkpoint=Checkpoint(tmp_path / "net.pt"))
    assert torch.allclose(torch.cat([p.flatten() for p in resumed.parameters()]), weights, atol=1e-5)


def test_short_forms_are_the_optimizers_that_they_name():
    """Two steps with the name give the weights of two steps with the optimizer written out."""
    for short, long in (
        ({}, lambda p: torch.optim.Adam(p, lr=1e-3)),
        ({"lr": 0.1}, lambda p: torch.optim.Adam(p, lr=0.1)),
        ({"optimizer": "sgd", "lr": 0.1}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
        ({"optimizer": torch.optim.RMSprop, "lr": 0.1}, lambda p: torch.optim.RMSprop(p, lr=0.1)),
    ):
        ours, theirs = plain_model(), plain_model()
        fit(ours, batch, 2, **short)
        fit(theirs, batch, 2, optimizer=long(theirs.parameters()))
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(mine, other)


def test_frozen_parameters_stay_and_weight_decay_does_not_touch_them():
    net = plain_model()
    net[0].requires_grad_(False)
    before = net[0].weight.clone()
    fit(net, batch, 5, optimizer=partial(torch.optim.SGD, weight_decay=0.5), lr=0.1)
    assert torch.equal(net[0].weight, before)
    with pytest.raises(CourseError, match="no parameter that can be trained"):
        fit(net.requires_grad_(False), batch, 5)


def test_optimizers_that_cannot_be_meant_are_refused():
    net = plain_model()
    with pytest.raises(CourseError, match='"adam", "sgd"'):
        fit(net, batch, 1, optimizer="rmsprop")
    with pytest.raises(CourseError, match="its own learning rate"):
        fit(net, batch, 1, optimizer=torch.optim.SGD(net.parameters(), lr=0.1), lr=0.2)


def test_a_batch_or_a_loss_of_another_kind_is_explained():
    with pytest.raises(CourseError, match=r"tuple of 3, expected \(inputs, labels\).*loss\(network, batch\)"):
        fit(plain_model(), lambda step: (*batch(step), 1), 1)
    with pytest.raises(CourseError, match=r"shape \(32, 2\), expected one number"):
        fit(plain_model(), batch, 1, loss=lambda network, batch: network(batch[0]))


def test_trained_is_a_seed_a_network_and_fit():
    course = SimpleNamespace(seed=5, device=torch.device("cpu"))
    for seed in (None, 7):
        torch.manual_seed(5 if seed is None else seed)
        byhand = torch.nn.Linear(4, 2)
        fit(byhand, batch, 3, lr=0.1)
        torch.rand(3)
        net = trained(lambda: torch.nn.Linear(4, 2), batch, 3, course, lr=0.1, seed=seed)
        assert torch.equal(net.weight, byhand.weight) and not net.training
    assert fresh(lambda: torch.nn.Linear(4, 2), SimpleNamespace(seed=5, device=torch.device("meta"))).weight.is_meta


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_mixed_precision_learns_on_a_gpu(dtype):
    net = model().cuda()
    history = fit(net, batch, 150, dtype=dtype, lr=1e-2)
    assert sum(history.loss[-10:]) < 0.4 * sum(history.loss[:10])
