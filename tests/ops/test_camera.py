import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.errors import CourseError, ShapeError
from course_lib.ops import camera as c
from course_lib.ops.warp import pixel_grid
from tests.samples import sample

K = c.intrinsics(40.0, 50.0, 15.0, 11.0)


def some_pose(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return c.rigid(
        c.rotation_from_axis_angle(0.3 * torch.randn(3, generator=generator)), torch.randn(3, generator=generator)
    )


def test_there_and_back():
    depth = 1 + torch.rand(2, 22, 31)
    points = c.backproject(depth, K)
    assert points.shape == (2, 3, 22, 31) and torch.equal(points[:, 2], depth)
    assert torch.allclose(c.project(points, K), pixel_grid(22, 31).expand(2, -1, -1, -1), atol=1e-4)
    assert torch.allclose(c.project(points[0].flatten(1).T, K), pixel_grid(22, 31).flatten(1).T, atol=1e-4)


def test_the_middle_pixel_looks_straight_ahead():
    assert c.rays(K, 22, 31)[:, 11, 15].tolist() == [0, 0, 1]
    right, down = c.rays(K, 22, 31)[:, 11, 16], c.rays(K, 22, 31)[:, 12, 15]
    assert right.tolist() == pytest.approx([1 / 40, 0, 1]) and down.tolist() == pytest.approx([0, 1 / 50, 1])


def test_opencv_agrees():
    """projectPoints' formula, written out for one point."""
    pose = some_pose()
    point = torch.tensor([0.3, -0.2, 4.0])
    world_to_camera = np.linalg.inv(pose.numpy().astype(np.float64))
    x, y, z = world_to_camera[:3, :3] @ point.numpy() + world_to_camera[:3, 3]
    found = c.project(c.transform(point[None], c.inverse(pose)), K)[0]
    assert found.tolist() == pytest.approx([40 * x / z + 15, 50 * y / z + 11], rel=1e-4)


def test_a_step_to_the_right_moves_the_picture_to_the_left_by_the_disparity():
    depth = torch.full((1, 22, 31), 5.0)
    other = torch.eye(4)
    other[0, 3] = 0.5
    pixels, z = c.reproject(depth, K, torch.eye(4), K, other)
    flow = pixels - pixel_grid(22, 31)
    assert torch.allclose(flow[:, 0], torch.full((1, 22, 31), -40 * 0.5 / 5), atol=1e-4)
    assert flow[:, 1].abs().max() < 1e-4 and torch.allclose(z, depth)


def test_reprojection_to_itself_and_through_a_third():
    depth = 2 + torch.rand(1, 22, 31)
    a, b = some_pose(1), some_pose(2)
    pixels, z = c.reproject(depth, K, a, K, a)
    assert torch.allclose(pixels, pixel_grid(22, 31)[None], atol=1e-3) and torch.allclose(z, depth, atol=1e-5)
    world = c.transform(c.backproject(depth, K), a)
    assert torch.allclose(
        c.transform(world, c.inverse(b)), c.transform(c.backproject(depth, K), c.relative(a, b)), atol=1e-4
    )


def test_batches_have_their_own_cameras():
    depth = 2 + torch.rand(2, 6, 8)
    Ks = torch.stack([K, c.intrinsics(30.0, cx=2, cy=3)])
    poses, others = torch.stack([some_pose(0), some_pose(1)]), torch.stack([some_pose(2), some_pose(3)])
    together = c.reproject(depth, Ks, poses, Ks, others)
    for i in range(2):
        alone = c.reproject(depth[i : i + 1], Ks[i], poses[i], Ks[i], others[i])
        assert all(
            torch.allclose(one[i : i + 1], two, rtol=1e-4, atol=1e-3) for one, two in zip(together, alone, strict=True)
        )


def test_behind_the_camera_stays_finite():
    points = torch.tensor([[1.0, 1, 0], [1, 1, -1], [1, 1, -1e-9]])
    assert c.project(points, K).isfinite().all()


def test_resized_frames_see_the_same():
    """The edges of the frame stay where they are: the ray through the outer edge is the same."""
    small = c.resize_intrinsics(K, (22, 31), (44, 62))
    edge = (torch.tensor([-0.5, -0.5]) - K[:2, 2]) / K[(0, 1), (0, 1)]
    assert torch.allclose((torch.tensor([-0.5, -0.5]) - small[:2, 2]) / small[(0, 1), (0, 1)], edge)
    assert torch.allclose(c.resize_intrinsics(small, (44, 62), (22, 31)), K)
    ninety = c.intrinsics_from_view(48, 64, 90)
    assert ninety[0, 0] == pytest.approx(32) and ninety[0, 2] == 31.5 and ninety[1, 2] == 23.5


def test_rays_and_depth():
    depth = 1 + torch.rand(1, 22, 31)
    assert torch.allclose(c.ray_length_to_depth(c.backproject(depth, K).norm(dim=1), K), depth, atol=1e-5)


def test_look_at():
    pose = c.look_at((1, -2, -3), (1, -2, 5))
    assert torch.allclose(pose[:3, :3], torch.eye(3), atol=1e-6) and pose[:3, 3].tolist() == [1, -2, -3]
    pose = c.look_at((2, -1, 0), (0, 0, 3))
    assert torch.allclose(pose[:3, :3].T @ pose[:3, :3], torch.eye(3), atol=1e-6) and torch.det(pose[:3, :3]) > 0
    assert c.project(c.transform(torch.tensor([[0.0, 0, 3]]), c.inverse(pose)), K)[0].tolist() == pytest.approx(
        [15, 11], abs=1e-4
    )
    above = c.project(c.transform(torch.tensor([[0.0, -1, 3]]), c.inverse(pose)), K)[0]
    assert above[1] < 11  # up in the world is up in the picture
    with pytest.raises(CourseError, match="straight along"):
        c.look_at((0, 0, 0), (0, 5, 0))


def test_rotations():
    from scipy.spatial.transform import Rotation

    quaternion = torch.tensor([0.1, -0.4, 0.3, 0.8])
    assert torch.allclose(
        c.rotation_from_quaternion(quaternion), torch.tensor(Rotation.from_quat(quaternion).as_matrix()).float()
    )
    vector = torch.tensor([[0.3, -0.1, 0.7], [0, 0, 0]], requires_grad=True)
    found = c.rotation_from_axis_angle(vector)
    assert torch.allclose(found, torch.tensor(Rotation.from_rotvec(vector.detach()).as_matrix()).float(), atol=1e-6)
    found.sum().backward()
    assert vector.grad.isfinite().all()


def test_other_conventions():
    pose = some_pose()
    opengl = c.convert_pose(pose, "opencv", "opengl")
    assert torch.allclose(c.convert_pose(opengl, "opengl"), pose)
    # The point one metre ahead of the camera is at z = -1 of an OpenGL camera, and at z = +1 of PyTorch3D's.
    ahead = c.transform(torch.tensor([[0.2, 0.1, 1.0]]), pose)
    assert c.transform(ahead, c.inverse(opengl))[0].tolist() == pytest.approx([0.2, -0.1, -1], abs=1e-5)
    R, T = c.to_pytorch3d(pose)
    assert (ahead[0] @ R + T).tolist() == pytest.approx([-0.2, -0.1, 1], abs=1e-5)
    assert torch.allclose(c.from_pytorch3d(R, T), pose, atol=1e-6)
    with pytest.raises(CourseError, match="no camera convention 'blend'"):
        c.convert_pose(pose, "blend")


def test_a_world_turned_with_its_cameras_shows_the_same():
    """Both in OpenGL's axes: the relative motion, turned into ours, is the one between the turned poses."""
    ours = some_pose(4), some_pose(5)
    flip = torch.diag(torch.tensor([1.0, -1, -1, 1]))
    theirs = [flip @ pose @ flip for pose in ours]
    assert all(
        torch.allclose(c.turn_world(pose, "opengl"), own, atol=1e-6) for pose, own in zip(theirs, ours, strict=True)
    )


def test_errors_say_what_came():
    with pytest.raises(ShapeError, match="transpose"):
        c.project(torch.zeros(5, 7, 2), K)
    with pytest.raises(ShapeError, match=r"expected \(\.\.\., 4, 4\)"):
        c.transform(torch.zeros(5, 3), torch.eye(3))
    with pytest.raises(ShapeError, match="depth"):
        c.backproject(torch.zeros(1, 1, 5, 6), K)


# public checks of these frames: share of the known depth that lies in the other frame; median relative error
REAL = {
    (1, 2): (0.4579, 0.0282),
    (2, 3): (0.5869, 0.0164),
    (3, 4): (0.5744, 0.0137),
    (4, 5): (0.8943, 0.0098),
    (2, 4): (0.3722, 0.0176),
}


@pytest.mark.parametrize("pair", REAL)
def test_real_depth_carried_from_frame_to_frame(pair):
    """Five frames of a real room: depth seen from the next camera agrees with what its sensor measured."""
    poses = np.loadtxt(sample("depth/rgbd/pose.txt"))
    camera = c.intrinsics(518.0, 519.0, 325.5, 253.5)

    def frame(number):
        # millimetres
        depth = np.asarray(Image.open(sample(f"depth/rgbd/depth_{number}.pgm"))).astype(np.float32) / 1000
        x, y, z, *quaternion = poses[number - 1]
        rotation = c.rotation_from_quaternion(torch.tensor(quaternion).float())
        return torch.tensor(depth)[None], c.rigid(rotation, torch.tensor([x, y, z]).float())

    (depth, pose), (other, other_pose) = map(frame, pair)
    pixels, z = c.reproject(depth, camera, pose, camera, other_pose)
    seen = (depth > 0) & (z > 0) & c.inside(pixels, *depth.shape[1:])
    x, y = pixels.round().long().unbind(1)
    there = torch.where(seen, other[0, y.clamp(0, depth.shape[1] - 1), x.clamp(0, depth.shape[2] - 1)], torch.zeros(()))
    both = seen & (there > 0)
    overlap, error = REAL[pair]
    assert seen.sum() / (depth > 0).sum() == pytest.approx(overlap, abs=0.002)
    assert ((z - there).abs() / there)[both].median() == pytest.approx(error, rel=0.05)
