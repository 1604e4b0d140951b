import json
from pathlib import Path

import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.ops import octree
from course_lib.ops.octree import EMPTY, FILLED, MIXED, build, dense, key, leaves

KNOWN = json.loads((Path(__file__).parents[1] / "fixtures/shapes_and_counts.json").read_text())


def ball(size, radius):
    axis = torch.arange(size) + 0.5 - size / 2
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    return x**2 + y**2 + z**2 <= radius**2


def half():
    voxels = torch.zeros(32, 32, 32, dtype=torch.bool)
    voxels[:, :, :16] = True
    return voxels


@pytest.mark.parametrize(
    "name, voxels", [("octree_half_space32(x<16)", half()), ("octree_ball32_r12.3", ball(32, 12.3))]
)
def test_cells_per_level_equal_the_reference(name, voxels):
    levels = build(voxels)
    for number, level in enumerate(levels):
        known = KNOWN[name]["levels"][str(number)]
        assert (level.count(EMPTY), level.count(FILLED), level.count(MIXED)) == (
            known["empty"],
            known["filled"],
            known["mixed"],
        )
    assert len(levels) == len(KNOWN[name]["levels"]) and leaves(levels) == KNOWN[name]["leaves"]


@pytest.mark.parametrize(
    "voxels", [ball(16, 5.3), half(), torch.rand(8, 8, 8) < 0.5, torch.zeros(4, 4, 4) > 0, torch.ones(4, 4, 4) > 0]
)
def test_there_and_back(voxels):
    levels = build(voxels)
    assert torch.equal(dense(levels), voxels)
    assert levels[-1].count(MIXED) == 0
    assert sum(level.side**3 * (level.count(EMPTY) + level.count(FILLED)) for level in levels) == voxels.numel()


def test_a_surface_grows_by_four_where_the_grid_grows_by_eight():
    counts = [leaves(build(ball(size, 0.4 * size))) for size in (16, 32, 64)]
    assert 3.5 < counts[1] / counts[0] < 4.7 and 3.5 < counts[2] / counts[1] < 4.7


def test_a_tree_cut_short_takes_mixed_for_filled():
    voxels = ball(16, 5.3)
    short = build(voxels)[:3]
    assert (dense(short) & voxels).sum() == voxels.sum() and dense(short).sum() > voxels.sum()
    assert leaves(short) < leaves(build(voxels))


def test_keys_name_cells_and_their_children():
    assert key((0, 0, 0), 0) == 1 and key((1, 0, 1), 1) == 0b1_101
    parent, child = key((2, 1, 3), 2), key((4, 3, 6), 3)
    assert child >> 3 == parent and child & 7 == 0b010
    places = octree.build(ball(8, 3))[-1].places
    assert len({key(tuple(place), 3) for place in places.tolist()}) == len(places)


def test_errors():
    with pytest.raises(ShapeError, match="power of two"):
        build(torch.zeros(12, 12, 12))
