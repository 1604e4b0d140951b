import numpy as np
import pytest
import torch

from course_lib.data.worlds.shapes import viewpoint
from course_lib.errors import ShapeError
from course_lib.ops.camera import intrinsics, inverse, project, transform
from course_lib.plots import space


def middle(picture, background=255):
    """(x, y) of the middle of what is drawn, without the cross in the lower left corner, in -1..1."""
    drawn = (picture != background).any(-1)
    size = len(drawn)
    drawn[int(0.8 * size) :, : int(0.2 * size)] = False
    rows, columns = np.nonzero(drawn)
    return (columns.mean() + 0.5) * 2 / size - 1, (rows.mean() + 0.5) * 2 / size - 1


@pytest.mark.parametrize("place", [(0.6, 0, 0), (0, 0.6, 0), (0, 0, 0.6), (0.3, -0.4, 0.5)])
@pytest.mark.parametrize("turn, above", [(0, 0), (40, 0), (0, 30), (-70, 50), (120, -20)])
def test_a_point_is_drawn_where_a_far_camera_sees_it(place, turn, above):
    picture = space.draw_points(torch.tensor([place]), turn=turn, above=above, reach=1.0)
    pose = viewpoint(turn, above=above, distance=1000.0)
    x, y = project(transform(torch.tensor([place]), inverse(pose)), intrinsics(1000.0))[0].tolist()
    assert middle(picture) == pytest.approx((0.94 * x, 0.94 * y), abs=0.02)


def test_the_near_face_hides_the_far_one():
    """Two squares, one behind the other; from the front only the near one's color is seen, from behind the other's."""
    square = torch.tensor([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    vertices = torch.cat([torch.cat([square, torch.full((4, 1), z)], 1) for z in (-0.3, 0.3)])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    colors = np.array([[1.0, 0, 0]] * 2 + [[0, 0, 1.0]] * 2)
    for turn, channel in ((0, 0), (180, 2)):
        picture = space.draw_mesh(vertices, faces, turn=turn, above=0, color=colors, lines=False)
        assert picture[110, 110].argmax() == channel


def test_voxels_are_drawn_where_they_are():
    voxels = torch.zeros(8, 8, 8, dtype=torch.bool)
    voxels[4, 1, 6] = True  # z, y, x: to the right, above
    x, y = middle(space.draw_voxels(voxels, turn=0, above=0))
    assert x > 0.3 and y < -0.3
    with pytest.raises(ShapeError, match=r"expected \(D, H, W\)"):
        space.draw_voxels(torch.zeros(4, 4))


def test_nothing_to_draw_is_white_paper():
    picture = space.draw_mesh(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.long))
    assert (picture[:100] == 255).all()


def test_a_figure_of_several():
    picture = space.draw_points(torch.rand(20, 3))
    fig, ax = space.side_by_side({"one": picture, "two": picture})
    assert [text.get_text() for text in ax.texts] == ["one", "two"]


def test_errors():
    with pytest.raises(ShapeError, match="one row per point"):
        space.draw_points(torch.zeros(3, 20))
