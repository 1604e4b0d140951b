"""The benchmark of the models: what it calls, and that it sees memory."""

import sys

import pytest
import torch

from course_lib.bench import models
from course_lib.bench.runner import Skip
from course_lib.models.fusion import SlowFusion


def test_a_training_step_changes_the_weights_and_a_forward_pass_does_not():
    network = SlowFusion.mini(models.CLASSES)
    before = [p.detach().clone() for p in network.parameters()]
    models._call(network, (3, 10, 32, 32), 2, "cpu", training=False)()
    assert not network.training and all(map(torch.equal, before, network.parameters()))
    models._call(network, (3, 10, 32, 32), 2, "cpu", training=True)()
    assert network.training and not all(map(torch.equal, before, network.parameters()))


def test_a_network_may_take_several_inputs():
    network, shapes = {name: (model, shape) for name, model, shape in models._ours("cpu")}["two-stream fusion"]
    before = [p.detach().clone() for p in network.parameters()]
    models._call(network, shapes, 2, "cpu", training=True)()
    assert not any(map(torch.equal, before, network.parameters()))


def test_each_tensor_gets_the_layout_of_its_own_rank():
    clips, weights = models._channels_last(torch.rand(2, 3, 4, 5, 6)), models._channels_last(torch.rand(2, 3, 4, 5))
    assert clips.is_contiguous(memory_format=torch.channels_last_3d)
    assert weights.is_contiguous(memory_format=torch.channels_last)
    assert models._channels_last(torch.rand(3, 2).T).is_contiguous()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_peak_memory_is_that_of_the_call():
    measured = models._peak_resident(lambda: torch.ones(40 * 2**18))  # 40 MiB
    if measured is None:
        pytest.skip("this system does not tell the peak")
    assert 38 * 2**20 < measured < 60 * 2**20


def test_all_models_are_measured_with_their_own_clips():
    table = {name: shape for name, _, shape in models._ours("cpu")}
    fusions = ["SingleFrame", "EarlyFusion", "LateFusion", "SlowFusion", "MultiResolution"]
    others = ["spatial stream", "temporal stream", "I3D", "TSN", "ResNet-50 GN", "ResNet-50 BN", "C3D"]
    assert list(table) == [*fusions, *others, "two-stream fusion", "LRCN"]
    assert table["temporal stream"] == (20, 48, 48)
    assert table["two-stream fusion"] == [(3, 5, 32, 32), (2, 5, 32, 32)]
    assert table["SlowFusion"] == (3, 10, 32, 32) and table["C3D"] == (3, 16, 32, 32)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_its_rows_are_skipped():
    with pytest.raises(Skip, match="CUDA"):
        models.forward_gpu(1)
