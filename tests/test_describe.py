"""describe() against hand counts and against figures that torchvision publishes."""

import pytest
import torch
from torch import nn

from course_lib.describe import count, describe
from course_lib.models.ji3d import Ji3D


def test_one_convolution_by_hand():
    cost = describe(nn.Conv3d(3, 12, 3, padding=1), (3, 20, 64, 64), repeats=0)
    assert cost.parameters == 12 * (3 * 27 + 1)
    assert cost.multiply_adds == 12 * 20 * 64 * 64 * 3 * 27
    assert cost.activation_bytes == 4 * 12 * 20 * 64 * 64
    assert cost.seconds is None and "not measured" in str(cost)


def test_grouped_strided_and_linear_by_hand():
    net = nn.Sequential(nn.Conv2d(4, 8, 3, stride=2, groups=2, bias=False), nn.Flatten(), nn.Linear(8 * 3 * 4, 5))
    cost = describe(net, (4, 8, 10), repeats=0)
    assert [layer.multiply_adds for layer in cost.layers] == [8 * 3 * 4 * 2 * 9, 0, 8 * 3 * 4 * 5]
    assert [layer.parameters for layer in cost.layers] == [8 * 2 * 9, 0, 8 * 3 * 4 * 5 + 5]
    assert cost.multiply_adds == sum(layer.multiply_adds for layer in cost.layers)


def test_our_own_layers_are_counted():
    cost = describe(Ji3D(), (33, 60, 40), repeats=0)
    assert cost.parameters == 295_458 == sum(layer.parameters for layer in cost.layers)
    connect = next(layer for layer in cost.layers if layer.name == "connect")
    assert connect.multiply_adds == 78 * 128 * 7 * 4
    frames = (5, 5, 5, 4, 4)
    assert cost.multiply_adds == (
        sum(2 * t * 54 * 34 * 147 + 6 * (t - 2) * 21 * 12 * 126 for t in frames) + connect.multiply_adds + 384
    )


@pytest.mark.parametrize(
    "name, shape, parameters, gmacs",
    [
        ("resnet18", (3, 224, 224), 11_689_512, 1.814),
        ("resnet50", (3, 224, 224), 25_557_032, 4.089),
        ("video.r3d_18", (3, 16, 112, 112), 33_371_472, 40.70),
    ],
)
def test_figures_of_torchvision(name, shape, parameters, gmacs):
    models = pytest.importorskip("torchvision").models
    maker = getattr(models.video if name.startswith("video.") else models, name.removeprefix("video."))
    with torch.device("meta"):  # counts need no numbers
        model = maker(weights=None)
    cost = describe(model, shape, repeats=0)
    assert cost.parameters == parameters
    assert cost.multiply_adds / 1e9 == pytest.approx(gmacs, abs=0.006)


def test_time_mode_and_table():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()).train()
    cost = describe(net, (1, 9, 9), repeats=3)
    assert net.training and not net[0]._forward_hooks
    assert net[1].num_batches_tracked == 0
    assert 0 < cost.seconds < 5
    lines = cost.table(least=1).splitlines()
    assert len(lines) == 4 and "ReLU" not in cost.table(least=1)
    assert lines[-1].split() == ["total", "24", str(2 * 49 * 9)] or lines[-1].endswith("882")


def test_hooks_leave_when_the_model_fails():
    net = nn.Linear(3, 2).train()
    with pytest.raises(RuntimeError):
        describe(net, (4,))
    assert net.training and not net._forward_hooks and not net._forward_pre_hooks


def test_shared_parameters_count_once():
    layer = nn.Linear(3, 3)
    assert describe(nn.Sequential(layer, layer), (3,), repeats=0).parameters == 12


def test_units():
    assert [count(n) for n in (7, 3400, 1_200_000, 27_790_000_000)] == ["7", "3.40 k", "1.20 M", "27.79 G"]
    with pytest.raises(ValueError, match="repeats is -1"):
        describe(nn.Linear(1, 1), (1,), repeats=-1)


def test_the_last_line_of_a_cell_shows_a_sentence():
    from IPython.lib.pretty import pretty

    cost = describe(nn.Conv2d(1, 2, 3), (1, 8, 8), repeats=0)
    assert pretty(cost) == str(cost)
