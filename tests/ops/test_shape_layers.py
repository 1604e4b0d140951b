from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.ops.shape_layers import decode, decode_layer, encode, encode_layer, for_learning, layers_needed

DATA = np.load(Path(__file__).parents[1] / "fixtures/shape_layers.npz")
SOLIDS = {
    name.removeprefix("mat_vox_"): torch.tensor(DATA[name]).bool() for name in DATA if name.startswith("mat_vox_")
}
NEEDED = {"ball": 1, "shell": 2, "nested": 3, "torus": 1, "empty": 1, "two_boxes": 1}  # as the reference counted


@pytest.mark.parametrize("name", SOLIDS)
def test_equal_to_the_public_reference(name):
    assert torch.equal(encode(SOLIDS[name], 1), torch.tensor(DATA[f"mat_shl1_{name}"]).long())
    if f"mat_shl2_{name}" in DATA:
        assert torch.equal(encode(SOLIDS[name], 2), torch.tensor(DATA[f"mat_shl2_{name}"]).long())
    assert layers_needed(SOLIDS[name]) == NEEDED[name]


def test_one_layer_of_a_shell_overlaps_by_the_published_share():
    shell = SOLIDS["shell"]
    one = decode(encode(shell, 1))
    assert ((one & shell).sum() / (one | shell).sum()).item() == pytest.approx(0.7205882, abs=1e-6)


def test_a_layer_by_hand():
    voxels = torch.zeros(4, 4, 4, dtype=torch.bool)
    voxels[1, 2, 3] = voxels[2, 2, 3] = True
    maps = encode_layer(voxels)
    assert maps[2, 3, :2].tolist() == [2, 3]  # along axis 0: voxels 1 and 2, counted from 1
    assert maps[1, 3, 2:4].tolist() == [3, 3] and maps[1, 2, 4:].tolist() == [4, 4]
    assert maps[0, 0].tolist() == [6, 0] * 3  # an empty tube
    assert torch.equal(decode_layer(maps), voxels)


def test_random_solids_come_back():
    generator = torch.Generator().manual_seed(0)
    for share in (0.05, 0.3, 0.7):
        voxels = torch.rand(6, 6, 6, generator=generator) < share
        layers = layers_needed(voxels)
        assert torch.equal(decode(encode(voxels, layers)), voxels)
        assert torch.equal(decode(encode(voxels, layers + 2)), voxels)  # more layers have nothing to do


def test_predictions_are_rounded():
    maps = encode_layer(SOLIDS["torus"]).float()
    assert torch.equal(decode_layer(maps + 0.4 * (2 * torch.rand(maps.shape) - 1)), SOLIDS["torus"])


def test_for_learning():
    assert torch.equal(for_learning(encode(SOLIDS["ball"], 1)), torch.tensor(DATA["mat_ball_shlx"]).long())
    assert (for_learning(encode(SOLIDS["empty"], 1)) == 0).all()
    uneven = torch.zeros(5, 5, 5, dtype=torch.bool)
    uneven[0, 1, 4] = True
    assert for_learning(encode(uneven, 1))[1, 4, 1] == 1  # the first two maps are transposed


def test_errors():
    with pytest.raises(ShapeError, match="expected a cube"):
        encode(torch.zeros(3, 4, 4), 1)
    with pytest.raises(ShapeError, match="6 L"):
        decode(torch.zeros(4, 4, 7))
