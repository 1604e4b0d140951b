"""Regions: upright boxes of polygons, overlap by area and by counted pixels."""

import math

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.boxes import iou
from course_lib.ops.polygons import area, corners, intersection, polygon_iou, region_overlap, upright_box

DIAMOND = (5.0, 0, 10, 5, 5, 10, 0, 5)


def turned(x, y, w, h, degrees):
    """The corners of a box turned about its middle, 8 numbers."""
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    half = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2
    return (half @ turn.T + (x + w / 2, y + h / 2)).ravel()


def counted(region, other, limit=200):
    """Overlap of pixels by asking every one, for convex regions with whole corners."""
    grid = np.stack(np.meshgrid(np.arange(limit), np.arange(limit)), -1).reshape(-1, 2)
    masks = []
    for points in (corners(region), corners(other)):
        edges = np.roll(points, -1, axis=0) - points
        sides = edges[:, 0] * (grid[:, None, 1] - points[:, 1]) - edges[:, 1] * (grid[:, None, 0] - points[:, 0])
        masks.append((sides >= 0).all(1))
    return (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum()


def test_the_example_of_the_docstring():
    one, two = (0, 0, 10, 10), (5, 5, 10, 10)
    assert polygon_iou(one, two) == pytest.approx(25 / 175)
    assert region_overlap(one, two) == pytest.approx(36 / 206)


def test_overlap_by_area_is_that_of_boxes():
    generator = np.random.default_rng(0)
    boxes = generator.uniform(1, 40, (50, 2, 4))
    for one, two in boxes:
        expected = iou(torch.tensor(one), torch.tensor(two)).item()
        assert polygon_iou(one, two) == pytest.approx(expected, abs=1e-9)


def test_overlap_by_area_of_turned_regions():
    assert area(corners(DIAMOND)) == 50
    assert polygon_iou(DIAMOND, (0, 0, 10, 10)) == pytest.approx(0.5)
    assert polygon_iou((5, 0, 0, 5, 5, 10, 10, 5), (0, 0, 5, 10)) == pytest.approx(25 / 75)
    square = turned(10, 10, 8, 8, 0)
    octagon = 8 * 8 * (2 * math.sqrt(2) - 2)  # of a square and itself turned by 45 degrees
    assert polygon_iou(square, turned(10, 10, 8, 8, 45)) == pytest.approx(octagon / (128 - octagon))
    assert polygon_iou(square, (30, 30, 4, 4)) == 0
    assert len(intersection(corners((0, 0, 1, 1)), corners((5, 5, 1, 1)))) == 0


def test_what_is_outside_the_frame_counts_for_neither():
    assert polygon_iou((-5, 0, 10, 10), (0, 0, 5, 10), size=(20, 20)) == pytest.approx(1)
    assert region_overlap((-5, 0, 10, 10), (0, 0, 5, 10), size=(20, 20)) == 1
    assert region_overlap((-5, 0, 10, 10), (0, 0, 5, 10)) == pytest.approx(66 / 121)


def test_counted_pixels_of_whole_boxes():
    generator = np.random.default_rng(1)
    for one, two in generator.integers(1, 40, (50, 2, 4)):
        assert region_overlap(one, two) == pytest.approx(counted(one, two) if _share(one, two) else 0)


def _share(one, two):
    """Whether boxes share area: those that only touch count as apart, although they share a row of pixels."""
    return polygon_iou(one, two) > 0


def test_counted_pixels_of_polygons():
    assert region_overlap(DIAMOND, DIAMOND) == 1
    # Rows 0 and 10 of the diamond are single points, which the toolkit leaves out: 59 pixels of 121.
    assert region_overlap(DIAMOND, (0, 0, 10, 10)) == pytest.approx(59 / 121)
    assert region_overlap((0, 0, 6, 0, 0, 3), (0, 0, 6, 3)) == pytest.approx((7 + 5 + 3) / 28)
    # An edge at x = 2.5 is cut to 2, be it a left or a right one: a triangle and its mirror image differ.
    assert region_overlap((0, 0, 5, 0, 0, 2), (0, 0, 5, 2)) == pytest.approx((6 + 3) / 18)
    assert region_overlap((0, 0, 5, 0, 5, 2), (0, 0, 5, 2)) == pytest.approx((6 + 4) / 18)


def test_corners_are_rounded():
    assert region_overlap((0.4, 0.4, 9.2, 9.2), (0, 0, 10, 10)) == 1
    assert region_overlap((0.5, 0, 10, 10), (0, 0, 10, 10)) == pytest.approx(110 / 132)  # 0.5 rounds to 1


def test_regions_apart_or_empty_share_nothing():
    assert region_overlap((0, 0, 10, 10), (20, 0, 10, 10)) == 0
    assert region_overlap((0, 0, 0, 10), (0, 0, 10, 10)) == 0
    assert region_overlap((50, 50, 10, 10), (0, 0, 10, 10), size=(40, 40)) == 0
    assert region_overlap((0, 0, 1e9, 1e9), (0, 0, 2, 2)) == 0  # without filling a grid of 10^18 pixels


def test_upright_boxes():
    polygon = torch.tensor([DIAMOND, (1.0, 2, 4, 2, 4, 9, 1, 9)])
    assert upright_box(polygon).tolist() == [[0, 0, 10, 10], [1, 2, 3, 7]]
    boxes = upright_box(polygon, "same area")
    assert torch.allclose(boxes[0], torch.tensor([5 - 50**0.5 / 2, 5 - 50**0.5 / 2, 50**0.5, 50**0.5]))
    assert torch.allclose(boxes[1], torch.tensor([1.0, 2, 3, 7]))
    assert torch.allclose(upright_box(polygon, "toolkits")[1], torch.tensor([0.5, 1.5, 4, 8]))


def test_wrong_regions_are_refused():
    with pytest.raises(ShapeError, match="4 numbers"):
        corners((1, 2, 3))
    with pytest.raises(ShapeError, match=r"\(\.\.\., 8\)"):
        upright_box(torch.zeros(3, 4))
    with pytest.raises(CourseError, match="same area"):
        upright_box(torch.zeros(8), "largest")
