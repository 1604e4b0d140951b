import pytest
import torch

from course_lib.data.worlds.shapes import ShapeWorld
from course_lib.errors import ShapeError
from course_lib.models.r2n2 import GRU3D, R2N2, unpooled
from course_lib.models.shapenets3d import ShapeNets3D


def count(network):
    return sum(p.numel() for p in network.parameters())


def test_published_sizes():
    with torch.device("meta"):
        assert count(ShapeNets3D()) == 16_094_408
        network = R2N2()
        assert count(network) == 35_968_706
        parts = {name: count(getattr(network, name)) for name in ("encoder", "fc", "gru", "decoder", "out")}
    assert parts == {"encoder": 4_892_512, "fc": 2_360_320, "gru": 26_493_312, "decoder": 2_220_832, "out": 1_730}


def test_maps_of_3d_shapenets_have_the_published_sizes():
    with torch.device("meta"):
        network, maps = ShapeNets3D(), torch.zeros(1, 1, 30, 30, 30)
        shapes = []
        for layer in network.convs:
            maps = layer(maps)
            shapes.append(tuple(maps.shape[1:3]))
    assert shapes[::2] == [(48, 13), (160, 5), (512, 2)]


def test_voxels_tell_furniture_apart():
    torch.manual_seed(0)
    shapes, labels = ShapeWorld(("chair", "lamp")).shapes(12, seed=0)
    voxels = torch.stack([shape.voxels(14) for shape in shapes])[:, None]
    network = ShapeNets3D.mini(2)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(voxels), labels)
        loss.backward()
        optimizer.step()
    assert loss < 0.2


def test_r2n2_from_one_or_more_views():
    torch.manual_seed(0)
    network = R2N2.mini().eval()
    pictures = torch.rand(2, 3, 3, 63, 63)
    with torch.no_grad():
        scores = network(pictures)
        assert scores.shape == (2, 2, 32, 32, 32)
        assert torch.allclose(network(pictures[1:]), scores[1:], atol=1e-5)
        assert not torch.allclose(network(pictures[:, :1]), scores)
        assert network.occupied(pictures).dtype == torch.bool
    with pytest.raises(ShapeError, match="expected 63 x 63"):
        network(torch.zeros(1, 1, 3, 64, 64))


def test_pictures_of_the_published_size_end_in_nine_places():
    with torch.device("meta"):
        maps = torch.zeros(1, 3, 127, 127)
        sizes = []
        for block in R2N2().encoder:
            maps = block(maps)
            sizes.append(maps.shape[-1])
    assert sizes == [64, 33, 17, 9, 5, 3]


def test_a_step_of_the_unit_by_hand():
    torch.manual_seed(0)
    unit = GRU3D(5, 2)
    code, state = torch.randn(1, 5), torch.randn(1, 2, 4, 4, 4)

    def gate(part, state):
        return torch.nn.functional.conv3d(state, part.conv.weight, part.conv.bias, padding=1) + (
            part.fc.weight @ code[0]
        ).view(1, 2, 4, 4, 4)

    u, r = gate(unit.update, state).sigmoid(), gate(unit.reset, state).sigmoid()
    expected = u * state + (1 - u) * gate(unit.candidate, r * state).tanh()
    assert torch.allclose(unit(code, state), expected, atol=1e-6)


def test_unpooling_inserts_zeros():
    grid = torch.arange(1.0, 9).view(1, 1, 2, 2, 2)
    large = unpooled(grid)
    assert large.shape == (1, 1, 4, 4, 4) and large[0, 0, 2, 0, 2] == grid[0, 0, 1, 0, 1]
    assert large.sum() == grid.sum() and (large != 0).sum() == 8
