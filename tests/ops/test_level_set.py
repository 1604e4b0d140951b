import pytest
import torch

from course_lib.data.worlds.shapes import ShapeWorld
from course_lib.errors import CourseError
from course_lib.ops.level_set import marching_cubes, sample


def ball(points):
    return (points - torch.tensor([0.1, -0.05, 0.0])).norm(dim=-1) - 0.3


def volume(vertices, faces):
    a, b, c = vertices[faces].unbind(1)
    return (torch.linalg.cross(a, b) * c).sum() / 6


def test_values_lie_at_the_middles_of_cells_along_z_y_x():
    values = sample(lambda points: points @ torch.tensor([1.0, 10.0, 100.0]), 4)
    assert values[2, 1, 0].item() == pytest.approx(100 * 0.125 + 10 * -0.125 - 0.375)


@pytest.mark.parametrize("size", [32, 64])
def test_coarse_first_gives_the_same_surface_for_a_third_of_the_questions(size):
    asked = []

    def counted(points):
        asked.append(len(points))
        return ball(points)

    full, coarse = sample(ball, size), sample(counted, size, coarse=16)
    assert torch.equal(full < 0, coarse < 0)
    assert sum(asked) < 0.45 * size**3
    assert torch.allclose(marching_cubes(full)[0], marching_cubes(coarse)[0], atol=2e-3)


def test_what_is_thinner_than_a_coarse_cell_may_be_missed():
    def needle(points):
        return points[:, :2].sub(0.01).norm(dim=-1) - 0.01

    assert (sample(needle, 64) < 0).any() and not (sample(needle, 64, coarse=8) < 0).any()


def test_a_ball_is_where_it_should_be_and_turned_outwards():
    vertices, faces = marching_cubes(sample(ball, 48))
    assert ball(vertices).abs().max() < 2e-3
    assert volume(vertices, faces).item() == pytest.approx(4 / 3 * torch.pi * 0.3**3, rel=0.01)


@pytest.mark.parametrize("level", [0.0, 0.05])
def test_above_or_below_is_a_matter_of_sign(level):
    values = sample(ball, 24)
    below, above = marching_cubes(values, level), marching_cubes(-values, -level, above=True)
    assert torch.allclose(below[0], above[0], atol=1e-6) and torch.equal(below[1], above[1])
    assert volume(*below).item() == pytest.approx(4 / 3 * torch.pi * (0.3 + level) ** 3, rel=0.03)


def test_uneven_grids_and_the_border():
    values = torch.ones(4, 8, 16)
    values[:, 2:6, 4:8] = -1  # touches the border along z
    vertices, faces = marching_cubes(values)
    assert vertices[:, 2].abs().max() <= 0.6 and vertices[:, 0].max() < 0.05
    assert volume(vertices, faces) > 0.9 * 0.5 * 0.25


def test_nothing_inside_is_an_empty_mesh():
    vertices, faces = marching_cubes(torch.ones(4, 4, 4))
    assert vertices.shape == (0, 3) and faces.shape == (0, 3)
    assert len(marching_cubes(torch.zeros(3, 3, 3) - 1)[1]) > 0  # all inside: the border closes it


def test_a_chair_equals_the_worlds_own_mesh():
    chair = ShapeWorld().shape("chair", seed=2)
    found, known = marching_cubes(sample(chair.sdf, 48)), chair.mesh(48)
    assert volume(*found).item() == pytest.approx(volume(*known).item(), rel=1e-3)


def test_errors():
    with pytest.raises(CourseError, match="power of two"):
        sample(ball, 48, coarse=32)
    with pytest.raises(CourseError, match="power of two"):
        sample(ball, 16, coarse=32)
