import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from course_lib.describe import describe
from course_lib.errors import CourseError, ShapeError
from course_lib.models.voxel_decoders import PictureEncoder, PictureToVoxels, VoxelDecoder, voxel_iou


def count(network):
    return sum(p.numel() for p in network.parameters())


def test_the_3d_decoder_has_the_published_size():
    with torch.device("meta"):
        decoder = VoxelDecoder()
        assert count(decoder) == 5_372_161 and decoder(torch.zeros(2, 256)).shape == (2, 32, 32, 32)


@pytest.mark.parametrize("tubes", [False, True])
def test_from_picture_to_voxels(tubes):
    with torch.device("meta"):
        assert PictureToVoxels(tubes=tubes)(torch.zeros(2, 3, 112, 112)).shape == (2, 32, 32, 32)
        mini = PictureToVoxels.mini(tubes=tubes)
        assert mini(torch.zeros(3, 3, 32, 32)).shape == (3, 16, 16, 16)
        assert any(isinstance(layer, torch.nn.ConvTranspose3d) for layer in mini.modules()) is not tubes


def test_tubes_cost_a_tenth_where_all_widths_are_equal():
    with torch.device("meta"):
        costs = [describe(VoxelDecoder(tubes=tubes), (256,), repeats=0).multiply_adds for tubes in (False, True)]
    assert costs[1] * 10 < costs[0]


def test_a_channel_of_a_tube_is_a_slice_in_depth():
    decoder = VoxelDecoder(5, (4, 3), tubes=True)
    with torch.no_grad():
        decoder.out.weight.zero_()
        decoder.out.bias.copy_(torch.arange(8.0))
        logits = decoder(torch.randn(2, 5))
    assert torch.equal(logits, torch.arange(8.0).view(8, 1, 1).expand(2, 8, 8, 8))


@pytest.mark.parametrize("tubes", [False, True])
def test_a_picture_reaches_the_voxels_and_a_batch_is_learnt(tubes):
    torch.manual_seed(0)
    network = PictureToVoxels.mini(tubes=tubes)
    pictures = torch.rand(3, 3, 32, 32)
    spread = network(pictures).std(0).mean()
    assert 0.01 < spread < 3  # neither faded away nor exploded
    voxels = torch.zeros(3, 16, 16, 16)
    voxels[0, :8], voxels[1, :, 4:], voxels[2, :, :, 12:] = 1, 1, 1
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(40):
        loss = binary_cross_entropy_with_logits(network(pictures), voxels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert voxel_iou(network(pictures) > 0, voxels.bool()).min() > 0.9


def test_errors():
    with pytest.raises(CourseError, match="expected 32 x 32"):
        PictureEncoder(8, (4,), side=32)(torch.zeros(1, 3, 32, 40))
    with pytest.raises(ShapeError):
        VoxelDecoder(8, (4, 3))(torch.zeros(8))


def test_iou_by_hand():
    a, b = torch.zeros(3, 2, 2, 2, dtype=torch.bool), torch.zeros(3, 2, 2, 2, dtype=torch.bool)
    a[0, 0] = b[0, :, 0] = True  # four each, two in common
    a[1, 0] = True
    assert torch.allclose(voxel_iou(a, b), torch.tensor([2 / 6, 0.0, 1.0]))
