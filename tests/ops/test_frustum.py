"""The cube behind a box: by hand, against projective maps estimated from four corners, and there and back."""

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.camera import intrinsics, project
from course_lib.ops.frustum import depth_range, depth_ratio, fill, from_cube, to_cube
from course_lib.ops.meshes import cubify

K = intrinsics(90.0, 70.0, 31.5, 20.0)
BOX, RANGE = torch.tensor([10.0, 4.0, 30.0, 20.0]), torch.tensor([2.0, 3.5])


def homography(source, target):
    """The projective map of the plane that takes four points to four others: the null vector of their equations."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y, -u], [0, 0, 0, x, y, 1, -v * x, -v * y, -v]]
    return np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)


def test_the_closed_form_is_the_projective_map_of_the_frustums_corners():
    points = torch.rand(50, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([2.0, 1, 1]) + torch.tensor(
        [-1.0, -0.5, 2.2]
    )
    found = to_cube(points, BOX, RANGE, K).numpy()
    for axis, focal, middle, low, high in ((0, 90, 31.5, 9.5, 39.5), (1, 70, 20, 3.5, 23.5)):
        corners = [((edge - middle) / focal * z, z) for z in (2.0, 3.5) for edge in (low, high)]
        H = homography(corners, [(-1, -1), (1, -1), (-1, 1), (1, 1)])
        flat = np.column_stack([points[:, axis], points[:, 2], np.ones(50)]) @ H.T
        expected = flat[:, :2] / flat[:, 2:]
        assert np.allclose(found[:, [axis, 2]], expected, atol=1e-4)


def test_there_and_back_with_batches():
    points = torch.rand(4, 20, 3) * 2 - 1
    boxes, ranges = BOX + torch.arange(4)[:, None], RANGE * torch.tensor([[1.0], [2], [0.5], [1]])
    space = from_cube(points, boxes, ranges, K)
    assert torch.allclose(to_cube(space, boxes, ranges, K), points, atol=1e-4)
    assert torch.allclose(space[2], from_cube(points[2], boxes[2], ranges[2], K))


def test_edges_of_the_box_are_half_a_pixel_from_the_camera_s_pixel_centres():
    corner = from_cube(torch.tensor([[-1.0, -1, -1], [1, 1, 1]]), BOX, RANGE, K)
    assert torch.allclose(project(corner, K), torch.tensor([[9.5, 3.5], [39.5, 23.5]]), atol=1e-4)
    assert torch.allclose(corner[:, 2], RANGE)


def test_the_middle_of_the_cube_is_nearer_than_the_middle_of_the_range():
    z = from_cube(torch.zeros(1, 3), BOX, RANGE, K)[0, 2]
    assert z == pytest.approx(2 / (1 / 2 + 1 / 3.5), rel=1e-5)  # the harmonic mean


def test_nothing_comes_out_behind_the_camera():
    assert from_cube(torch.tensor([[0.0, 0, 50.0]]), BOX, RANGE, K)[0, 2] == pytest.approx(35)


def test_depth_ratio_and_range_are_inverse():
    vertices = torch.tensor([[0.0, 0, 3.0], [1, 0, 5.0], [0, 1, 4.2]])
    ratio = depth_ratio(vertices, BOX, 90.0)
    assert ratio == pytest.approx(2 / 4 * 90 / 20)
    assert torch.allclose(depth_range(ratio, BOX, 90.0, middle=4.0), torch.tensor([3.0, 5.0]))
    assert depth_range(torch.tensor(1e6), BOX, 90.0)[0] > 0


def test_voxels_lie_where_cubify_puts_their_cubes():
    point = torch.tensor([[0.3, -0.7, 0.9]])
    vertices, _ = cubify(fill(point, 6), 0.5)
    assert (vertices.amin(0) <= point[0] + 1e-6).all() and (vertices.amax(0) >= point[0] - 1e-6).all()
    assert fill(torch.tensor([[3.0, 0, 0], [0, 0, -1.2]]), 6).sum() == 0


@pytest.mark.parametrize(
    ("box", "z_range", "error"),
    [([0, 0, 0, 5], [1, 2], CourseError), ([0, 0, 4, 5], [2, 1], CourseError), ([0, 0, 4, 5], [-1, 1], CourseError),
     ([0, 0, 4], [1, 2], ShapeError)],
)  # fmt: skip
def test_refuses(box, z_range, error):
    with pytest.raises(error):
        to_cube(torch.ones(2, 3), torch.tensor(box).float(), torch.tensor(z_range).float(), K)
