"""Paths over a frame."""

import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.plots.tracks import tracks


def test_every_path_is_drawn_in_its_panel_and_ends_in_a_dot():
    points = torch.tensor([[[1.0, 2], [3, 4]], [[5, 6], [7, 8.5]], [[0, 0], [1, 1]]])
    fig, ax = tracks(torch.rand(3, 20, 30), {"all": points, "some": points[:1]})
    assert [panel.get_title(loc="left") for panel in fig.axes] == ["all", "some"]
    lines, _, dots = fig.axes[0].collections
    assert [path.vertices.tolist() for path in lines.get_paths()] == points.tolist()
    assert dots.get_offsets().tolist() == points[:, -1].tolist()
    assert ax is fig.axes[1] and len(ax.collections[0].get_paths()) == 1
    assert ax.get_xlim() == (-0.5, 29.5) and ax.get_ylim() == (19.5, -0.5)


def test_no_path_is_fine_and_another_shape_is_not():
    tracks(torch.rand(1, 8, 9), {"none": torch.zeros(0, 5, 2)})
    with pytest.raises(ShapeError, match="K, P, 2"):
        tracks(torch.rand(3, 8, 9), {"one": torch.zeros(5, 2)})
