"""Furniture before Pixel2Mesh's camera: pictures and surfaces fit each other."""

import pytest
import torch

from course_lib.data.worlds.shape_views import AWAY, from_view, shape_views
from course_lib.data.worlds.shapes import ShapeWorld
from course_lib.models.pixel2mesh import CODES, SIDE, look_up


@pytest.fixture(scope="module")
def views():
    return shape_views(ShapeWorld(("chair", "lamp")), 4, seed=3, size=112, points=200)


def test_shapes_and_ranges(views):
    assert views.pictures.shape == (4, 3, 112, 112) and views.points.shape == views.normals.shape == (4, 200, 3)
    assert views.pictures.min() == 0 and 0.5 < views.pictures.max() <= 1
    assert torch.allclose(views.normals.norm(dim=2), torch.ones(4, 200), atol=1e-4)
    assert views.points[..., 2].mean().item() == pytest.approx(-AWAY, abs=0.1)
    assert sorted(views.labels.tolist()) == [0, 0, 1, 1]


def test_every_point_of_the_surface_lies_on_the_object_in_the_picture(views):
    """Looked up as the network does it: a map that is 1 on the object, widened by two pixels for the rounding."""
    mask = (views.pictures.amax(1, keepdim=True) > 0).float()
    wide = torch.nn.functional.max_pool2d(mask, 5, 1, 2)
    assert look_up([wide], views.points, CODES["tensorflow"]).min() > 0.4
    turned = views.points * torch.tensor([1.0, -1.0, 1.0])
    assert look_up([wide], turned, CODES["tensorflow"]).mean() < 0.9
    assert SIDE == 224


def test_lights_and_normals(views):
    """What faces up is brighter than what faces the camera: the light comes from above."""
    up = views.normals[..., 1] > 0.8
    front = (views.normals[..., 2] > 0.8) & ~up
    shown = look_up([views.pictures.mean(1, keepdim=True)], views.points, CODES["tensorflow"])[..., 0]
    visible = shown > 0.05
    assert shown[up & visible].mean() > shown[front & visible].mean()


def test_from_view_is_about_the_middle_with_y_down():
    place = torch.tensor([[0.1, 0.2, -0.9]])
    assert torch.allclose(from_view(place), torch.tensor([[0.1, -0.2, 0.1]]), atol=1e-6)


def test_equal_seeds_give_equal_views():
    world = ShapeWorld(("ring",))
    one, two = (shape_views(world, 1, seed=5, size=16, points=10) for _ in range(2))
    assert torch.equal(one.pictures, two.pictures) and torch.equal(one.points, two.points)
