"""Boxes on a film strip: (x, y, w, h) between pixel edges, told apart by more than colour."""

import io

import numpy as np
import pytest
from PIL import Image

from course_lib import plots
from course_lib.errors import ShapeError


def black_clip(frames=3, height=10, width=12):
    return np.zeros((3, frames, height, width), np.uint8)


def drawn_boxes(ax):
    """What the coloured rectangles say, without their white halos: (x, y, w, h) on the sheet."""
    coloured = [patch for patch in ax.patches if patch.get_edgecolor()[:3] != (1, 1, 1)]
    return [(*patch.get_xy(), patch.get_width(), patch.get_height()) for patch in coloured]


def test_a_box_of_one_pixel_colours_the_edges_of_that_pixel():
    boxes = np.array([[0, 0, 1, 1], [2, 3, 1, 1], [11, 9, 1, 1]], float)
    fig, ax = plots.film_strip(black_clip(), boxes=boxes)
    _, corners = plots.montage(plots.to_pictures(black_clip()), 3)
    expected = [(x + bx, y + by, 1, 1) for (x, y), (bx, by, _, _) in zip(corners, boxes, strict=True)]
    assert drawn_boxes(ax) == expected
    extent = ax.images[0].get_extent()
    assert extent[0] == 0 and extent[3] == 0, "the sheet begins at a pixel edge, not in the middle of a pixel"


def test_boxes_go_with_the_frames_that_are_shown():
    boxes = np.array([[i, i, 2, 3] for i in range(6)])
    _, ax = plots.film_strip(black_clip(frames=6), indices=[4, 1], boxes=boxes)
    _, corners = plots.montage(plots.to_pictures(black_clip(frames=2)), 2)
    assert drawn_boxes(ax) == [
        (corners[0][0] + 4, corners[0][1] + 4, 2, 3),
        (corners[1][0] + 1, corners[1][1] + 1, 2, 3),
    ]


def test_names_get_a_legend_and_dashes_of_their_own():
    same = np.tile([1, 1, 4, 4], (3, 1))
    fig, ax = plots.film_strip(black_clip(), boxes={"truth": same, "tracker": same + 1})
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["truth", "tracker"]
    looks = {(p.get_edgecolor(), p.get_linestyle()) for p in ax.patches if p.get_edgecolor()[:3] != (1, 1, 1)}
    assert len(looks) == 2 and len({dashes for _, dashes in looks}) == 2
    assert not plots.film_strip(black_clip(), boxes=same)[0].legends


def test_what_is_out_of_sight_has_no_box():
    boxes = np.array([[1, 1, 4, 4], [np.nan] * 4, [1, 1, 0, 0]])
    assert len(drawn_boxes(plots.film_strip(black_clip(), boxes=boxes)[1])) == 1


def test_several_boxes_per_frame():
    boxes = np.tile([[1.0, 1, 2, 2], [4, 4, 3, 3]], (3, 1, 1))
    assert len(drawn_boxes(plots.film_strip(black_clip(), boxes=boxes)[1])) == 6


def test_a_box_that_leaves_the_frame_is_cut_off_at_its_edge():
    clip = black_clip(frames=2, height=40, width=40)
    outside = np.tile([30, 10, 30, 20], (2, 1))
    pixels = np.asarray(_picture(plots.film_strip(clip, boxes=outside)[0]))
    sheet, corners = plots.montage(plots.to_pictures(clip), 2)
    scale = pixels.shape[1] / sheet.shape[1]
    gap = slice(int(41 * scale) + 1, int(corners[1][0] * scale) - 1)
    assert (pixels[:, gap] == 255).all()


def _picture(fig):
    return Image.open(io.BytesIO(plots.png(fig))).convert("RGB")


@pytest.mark.parametrize("boxes", [np.zeros((2, 4)), np.zeros((3, 5)), {"truth": np.zeros(4)}])
def test_boxes_of_another_shape_are_refused(boxes):
    with pytest.raises(ShapeError, match=r"expected \(3, 4\): one \(x, y, w, h\) for each frame"):
        plots.film_strip(black_clip(), boxes=boxes)
