"""The worked example of the lecture (20 frames of 64 x 64), row by row, by formula and by gradients."""

import pytest
import torch
from torch import nn

from course_lib.errors import ShapeError
from course_lib.ops.receptive_field import (
    FUSIONS,
    Layer,
    build,
    fusion_layers,
    gradient_map,
    measured_receptive_field,
    receptive_field,
)

CLIP = (3, 20, 64, 64)
PUBLISHED = {  # tensor size C, T, H, W and receptive field T, H, W after each layer
    "late fusion": [
        ((12, 20, 64, 64), (1, 3, 3)),
        ((12, 20, 16, 16), (1, 6, 6)),
        ((24, 20, 16, 16), (1, 14, 14)),
        ((24, 1, 1, 1), (20, 64, 64)),
    ],
    "early fusion": [
        ((12, 1, 64, 64), (20, 3, 3)),
        ((12, 1, 16, 16), (20, 6, 6)),
        ((24, 1, 16, 16), (20, 14, 14)),
        ((24, 1, 1, 1), (20, 64, 64)),
    ],
    "3D CNN": [
        ((12, 20, 64, 64), (3, 3, 3)),
        ((12, 5, 16, 16), (6, 6, 6)),
        ((24, 5, 16, 16), (14, 14, 14)),
        ((24, 1, 1, 1), (20, 64, 64)),
    ],
}


@pytest.mark.parametrize("fusion", FUSIONS)
def test_table_by_formula(fusion):
    rows = receptive_field(fusion_layers(fusion), CLIP)
    assert [(row.size, row.field) for row in rows[1:]] == PUBLISHED[fusion]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_table_by_measurement(fusion):
    torch.manual_seed(0)
    net = build(fusion_layers(fusion), in_channels=3).double()
    for depth, (size, field) in enumerate(PUBLISHED[fusion], start=1):
        part = net[:depth]
        with torch.no_grad():
            assert tuple(part(torch.zeros(1, *CLIP, dtype=torch.float64)).shape[1:]) == size
        assert measured_receptive_field(part, CLIP, trials=3) == field


def test_dilation_by_both_ways():
    net = nn.Conv3d(1, 1, (3, 3, 3), padding=(2, 1, 1), dilation=(2, 1, 1))
    assert measured_receptive_field(net, (1, 9, 9, 9)) == (5, 3, 3)
    dilated = Layer("conv", (3, 3, 3), padding=(2, 1, 1), dilation=(2, 1, 1), channels=1)
    assert receptive_field([dilated], (1, 9, 9, 9))[-1].field == (5, 3, 3)


def test_border_unit_is_cut_off_and_padding_is_not_seen():
    net = nn.Conv3d(1, 1, 3, padding=1)
    assert measured_receptive_field(net, (1, 8, 8, 8), unit=(0, 4, 7)) == (2, 3, 2)


def test_jump_and_strides():
    rows = receptive_field([Layer("a", (3, 3, 3), stride=(2, 1, 3)), Layer("b", (3, 1, 2))], (1, 15, 10, 15))
    assert rows[-1].jump == (2, 1, 3)
    assert rows[-1].field == (7, 3, 6)


def test_gradient_map_restores_the_mode_and_is_zero_outside():
    net = nn.Sequential(nn.Conv3d(2, 3, (1, 3, 3), padding=(0, 1, 1)), nn.BatchNorm3d(3)).train()
    seen = gradient_map(net, (2, 4, 6, 8))
    assert net.training
    assert seen.shape == (4, 6, 8)
    assert torch.equal(seen[[0, 1, 3]], torch.zeros(3, 6, 8, dtype=torch.float64))
    assert (seen[2, 2:5, 3:6] > 0).all()


def test_a_dead_unit_sees_nothing():
    net = nn.Conv3d(1, 1, 1)
    nn.init.zeros_(net.weight)
    assert measured_receptive_field(net, (1, 3, 3, 3)) == (0, 0, 0)


def test_errors():
    with pytest.raises(ShapeError, match="four numbers"):
        receptive_field([], (20, 64, 64))
    with pytest.raises(ShapeError, match="does not fit"):
        receptive_field([Layer("a", (5, 1, 1))], (1, 4, 4, 4))
    with pytest.raises(ShapeError, match="unit is"):
        gradient_map(nn.Conv3d(1, 1, 1), (1, 3, 3, 3), unit=(3, 0, 0))
    with pytest.raises(ValueError, match="late fusion"):
        fusion_layers("medium fusion")
