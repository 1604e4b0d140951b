import pytest
import torch

from course_lib.data.worlds.furnished import FurnishedWorld
from course_lib.errors import DataError
from course_lib.ops.boxes import iou
from course_lib.ops.camera import project


@pytest.fixture(scope="module")
def found():
    return FurnishedWorld(pieces=(2, 3)).picture(5)


def test_equal_seeds_give_equal_pictures(found):
    world = FurnishedWorld(pieces=(2, 3))
    assert torch.equal(world.picture(5).picture, found.picture)
    assert not torch.equal(world.picture(6).picture, found.picture)


def test_masks_do_not_overlap_and_boxes_are_about_them(found):
    assert found.masks.sum(0).max() == 1 and torch.equal(found.masks.any(0), found.depth > 0)
    for mask, (x, y, w, h) in zip(found.masks, found.boxes.long().tolist(), strict=True):
        assert mask[y : y + h, x : x + w].sum() == mask.sum()
        assert mask[:, x].any() and mask[:, x + w - 1].any() and mask[y].any() and mask[y + h - 1].any()


def test_mesh_and_inside_points_are_where_the_mask_is(found):
    nearest = found.depth.clone()
    for number, (vertices, faces) in enumerate(found.meshes):
        assert faces.max() < len(vertices) and len(found.inside[number]) > 100
        pixels = project(vertices, found.K) + 0.5
        low, high = pixels.amin(0), pixels.amax(0)
        box = torch.cat([low, high - low])
        assert iou(found.boxes[number], box) > 0.3  # less than 1 where another piece hides some of it
        z = nearest[found.masks[number]]
        assert vertices[:, 2].min() - 0.05 < z.min() and z.max() < vertices[:, 2].max() + 0.05
        low, high = vertices.amin(0) - 0.03, vertices.amax(0) + 0.03
        assert ((found.inside[number] > low) & (found.inside[number] < high)).all()


def test_a_single_piece_fills_its_box():
    found = FurnishedWorld(pieces=(1, 1)).picture(1)
    pixels = project(found.meshes[0][0], found.K) + 0.5
    box = torch.cat([pixels.amin(0), pixels.amax(0) - pixels.amin(0)])
    assert iou(found.boxes[0], box) > 0.85


def test_refuses():
    with pytest.raises(DataError, match="fewest"):
        FurnishedWorld(pieces=(2, 1))
    with pytest.raises(DataError, match="No place"):
        FurnishedWorld(pieces=(9, 9)).picture(0)
