from collections import Counter

import numpy as np
import pytest
import torch

from course_lib.data.worlds.shapes import KINDS, Part, Shape, ShapeWorld, grid, viewpoint
from course_lib.errors import DataError
from course_lib.ops.camera import backproject, intrinsics_from_view, transform


@pytest.fixture(params=KINDS)
def shape(request):
    return ShapeWorld(turned=True).shape(request.param, seed=3)


def test_equal_seeds_give_equal_shapes(shape):
    world, places = ShapeWorld(turned=True), torch.rand(50, 3) - 0.5
    assert torch.equal(world.shape(shape.kind, 3).sdf(places), shape.sdf(places))
    assert not torch.equal(world.shape(shape.kind, 4).sdf(places), shape.sdf(places))


def test_kinds_are_balanced_and_differ():
    shapes, labels = ShapeWorld().shapes(20, seed=1)
    assert torch.bincount(labels).tolist() == [4] * 5
    assert [KINDS[label] for label in labels] == [one.kind for one in shapes]


def test_a_part_measures_distance_exactly():
    """Against the nearest of many points of the surface, drawn here from the definitions."""
    ring = Part("ring", torch.tensor([0.1, 0.0, -0.1]), torch.tensor([0.3, 0.1, 0.0]))
    a, b = torch.rand(2, 60_000) * 2 * torch.pi
    surface = torch.stack(
        [(0.3 + 0.1 * b.cos()) * a.cos() + 0.1, (0.3 + 0.1 * b.cos()) * a.sin(), 0.1 * b.sin() - 0.1], -1
    )
    places = torch.rand(40, 3) - 0.5
    assert torch.allclose(ring.distance(places).abs(), torch.cdist(places, surface).amin(1), atol=0.01)
    box = Part("box", torch.zeros(3), torch.tensor([0.1, 0.2, 0.3]))
    found = box.distance(torch.tensor([[0.0, 0, 0], [0.1, 0, 0], [0.2, 0, 0], [0.4, 0.6, 0.3], [0.05, 0.1, 0.1]]))
    assert found.tolist() == pytest.approx([-0.1, 0, 0.1, 0.5, -0.05], abs=1e-6)
    cylinder = Part("cylinder", torch.zeros(3), torch.tensor([0.2, 0.3, 0.0]))
    assert cylinder.distance(
        torch.tensor([[0.0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0.5, 0.7, 0]])
    ).tolist() == pytest.approx([-0.2, 0.3, 0.2, 0.5], abs=1e-6)


def test_the_mesh_is_closed_and_turned_outwards(shape):
    vertices, faces = shape.mesh(64)
    edges = Counter((a, b) for face in faces.tolist() for a, b in zip(face, face[1:] + face[:1], strict=True))
    assert set(edges.values()) == {1}  # every edge once each way: closed, and faces agree about the outside
    assert all((b, a) in edges for a, b in edges)
    a, b, c = vertices[faces].unbind(1)
    volume = (a * torch.linalg.cross(b, c)).sum() / 6
    assert volume > 0 and volume.item() == pytest.approx(shape.voxels(96).float().mean().item(), rel=0.08)


def test_representations_agree(shape):
    vertices, _ = shape.mesh(48)
    assert shape.sdf(vertices).abs().max() < 0.02
    points, normals = shape.points(500, torch.Generator().manual_seed(0))
    assert shape.sdf(points).abs().median() < 2e-3
    assert torch.allclose(normals.norm(dim=-1), torch.ones(500), atol=1e-4)
    outwards = shape.sdf(points + 0.01 * normals) > shape.sdf(points - 0.01 * normals)
    assert outwards.float().mean() > 0.98
    voxels = shape.voxels(24)
    assert torch.equal(voxels, shape.sdf(grid(24)) < 0) and voxels.any() and not voxels.all()
    assert not voxels[:, 0].all()


def test_shapes_stay_within_the_cube(shape):
    vertices, _ = ShapeWorld().shape(shape.kind, seed=9).mesh(32)
    assert vertices.abs().max() < 0.53


def test_chairs_have_legs_below_and_backs_above():
    """y goes down: the floor is at +0.5, where four legs stand apart."""
    from skimage.measure import label

    chair = Shape("chair", ShapeWorld().shape("chair", seed=2).parts)
    floor = chair.voxels(64)[:, -1]  # (z, x)
    assert label(floor.numpy()).max() == 4
    assert chair.occupancy(torch.tensor([[0.0, 0.45, 0.0]])).item() is False


def test_a_picture_shows_the_surface(shape):
    pose, K = viewpoint(40.0), intrinsics_from_view(48, 56, 45.0)
    picture, silhouette, depth = shape.render(48, 56, pose=pose, K=K)
    assert picture.shape == (3, 48, 56) and silhouette.shape == depth.shape == (48, 56)
    assert torch.equal(depth > 0, silhouette) and 0.02 < silhouette.float().mean() < 0.6
    assert (picture[:, ~silhouette] == 1).all()
    seen = transform(backproject(depth[None], K), pose)[0][:, silhouette].T
    assert shape.sdf(seen).abs().max() < 5e-3
    assert np.ptp(picture[:, silhouette].numpy()) > 0.1  # shaded


def test_from_above_more_is_seen_of_the_top():
    table = ShapeWorld().shape("table", seed=0)
    sizes = [table.render(pose=viewpoint(0.0, above=angle))[1].sum() for angle in (5.0, 60.0)]
    assert sizes[1] > 1.5 * sizes[0]


def test_errors():
    with pytest.raises(DataError, match="no furniture sofa"):
        ShapeWorld(kinds=("chair", "sofa"))
