"""Regions with corners, as VOT marks objects since 2014: their upright boxes, and how much two of them overlap.

A region is 4 numbers, a box x, y, w, h, or an even number of 6 or more, a polygon x1, y1, x2, y2, ... Numbers come as a
list, an array or a tensor. Overlap is measured in two ways that differ for small objects: by area, and by counting the
pixels of a grid, as the VOT toolkit and pysot do. Two 10 x 10 squares, 5 to the right and 5 down from each other, share
25 of 175 square pixels, 0.143, but 36 of 206 grid points, 0.175, since both edges count.
"""

import numpy as np
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.boxes import around


def corners(region):
    """The corners of a box or polygon, (P, 2) float64 array of (x, y).

    Raises:
        ShapeError: if it does not hold 4 numbers, or an even number from 6 on.
    """
    values = np.asarray(region, dtype=np.float64)
    if values.ndim != 1 or len(values) < 4 or len(values) % 2:
        raise ShapeError(
            f"a region has shape {values.shape}, expected 4 numbers (x, y, w, h) or 6, 8, ... (x1, y1, x2, y2, ...)."
        )
    if len(values) == 4:
        x, y, w, h = values
        values = np.array([x, y, x + w, y, x + w, y + h, x, y + h])
    return values.reshape(-1, 2)


def upright_box(polygons, rule="bounds"):
    """Upright boxes for polygons of four corners, with which a tracker is started.

    Args:
        polygons: (..., 8), x1, y1 to x4, y4 in order around the object.
        rule: "bounds", the smallest box around the corners, too large for an object that is turned;
            "same area", of its aspect ratio, about the mean of the corners, shrunk until its area is the polygon's,
            where the polygon is taken for a rectangle;
            "toolkits", the same and 1 pixel wider and higher, as the got10k and pysot codes have it, which count the
            pixels at both edges.
    Returns:
        (..., 4).
    Raises:
        ShapeError: if the last axis is not 8. CourseError: for another rule.
    """
    polygons = torch.as_tensor(polygons)
    if polygons.ndim == 0 or polygons.shape[-1] != 8:
        raise ShapeError(f"polygons has shape {tuple(polygons.shape)}, expected (..., 8): four corners x, y.")
    points = polygons.unflatten(-1, (4, 2))
    bounds = around(points)
    if rule == "bounds":
        return bounds
    if rule not in ("same area", "toolkits"):
        raise CourseError(f'rule={rule!r} is unknown: use "bounds", "same area" or "toolkits".')
    sides = (points[..., :2, :] - points[..., 1:3, :]).norm(dim=-1)  # two neighbouring sides
    larger = bounds[..., 2:].prod(-1)
    shrink = torch.where(larger > 0, sides.prod(-1) / larger, 0).sqrt()[..., None]
    size = shrink * bounds[..., 2:] + (rule == "toolkits")
    return torch.cat([points.mean(-2) - size / 2, size], -1)


def area(points):
    """The area inside a polygon (P, 2), by the shoelace formula; positive if it runs clockwise on the screen."""
    x, y = points[:, 0], points[:, 1]
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def polygon_iou(region, other, size=None):
    """Intersection over union by area, of two convex regions.

    Args:
        region, other: 4 numbers of a box, or the corners of a convex polygon.
        size: (width, height) of the frame; what lies outside then counts for neither.
    Returns:
        float in 0..1; 0 if both are empty.
    """
    one, two = _clockwise(corners(region)), _clockwise(corners(other))
    if size is not None:
        frame = corners([0, 0, *size])
        one, two = intersection(one, frame), intersection(two, frame)
    shared = area(intersection(one, two))
    together = area(one) + area(two) - shared
    return shared / together if together > 0 else 0.0


def intersection(points, convex):
    """The part of a polygon that lies inside a convex one (Sutherland and Hodgman 1974).

    Args:
        points: (P, 2), any polygon. convex: (Q, 2), clockwise on the screen.
    Returns:
        (R, 2); R is 0 if they share nothing.
    """
    for start, end in zip(convex, np.roll(convex, -1, axis=0), strict=True):
        if len(points) == 0:
            break
        along = end - start
        side = along[0] * (points[:, 1] - start[1]) - along[1] * (points[:, 0] - start[0])  # >= 0: inside
        kept = []
        for point, here, following, there in zip(
            points, side, np.roll(points, -1, axis=0), np.roll(side, -1), strict=True
        ):
            if here >= 0:
                kept.append(point)
            if (here >= 0) != (there >= 0):
                kept.append(point + here / (here - there) * (following - point))
        points = np.array(kept).reshape(-1, 2)
    return points


def region_overlap(region, other, size=None):
    """Intersection over union by counted pixels, as VOT and pysot have it.

    Corners are rounded to whole pixels, and all pixels from edge to edge count, both edges included. So a box of 10
    pixels counts 11, and one that is thinner than half a pixel counts none. As in the toolkit, numbers are float32.

    Args:
        region, other: 4 numbers of a box, or the corners of a polygon.
        size: (width, height) of the frame, of which pixels 0 to width and 0 to height count; pysot passes
            width - 1 and height - 1 for EAO. None for no limit.
    Returns:
        float in 0..1; 0 if one of them is outside the frame or counts no pixel.
    """
    one, two = corners(region).astype(np.float32), corners(other).astype(np.float32)
    first, last = _pixel_bounds(one, size), _pixel_bounds(two, size)
    extents = np.array([first[1] - first[0], last[1] - last[0]])
    shared = np.minimum(first[1], last[1]) - np.maximum(first[0], last[0])
    if (extents <= 0).any() or (shared <= 0).any():
        return 0.0
    areas = extents.prod(axis=1, dtype=np.float64)
    if areas.min() / areas.max() < 1e-10:  # of a tracker that has gone astray: a grid of that size cannot be counted
        return 0.0
    origin = np.minimum(first[0], last[0])
    width, height = (np.maximum(first[1], last[1]) - origin).astype(int) + 1
    mask = _pixels(one - origin, width, height)
    other_mask = _pixels(two - origin, width, height)
    together = int((mask | other_mask).sum())
    return int((mask & other_mask).sum()) / together if together else 0.0


def _clockwise(points):
    return points if area(points) >= 0 else points[::-1]


def _pixel_bounds(points, size):
    """(left, top) and (right, bottom) in whole pixels, cut at the frame."""
    low, high = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    if size is None:
        return low, high
    limit = np.array(size, np.float32)
    return np.maximum(low, 0), np.minimum(high, limit)


def _pixels(points, width, height):
    """Pixels of a polygon, (height, width) bool: between its edges in every row, even and odd in turn."""
    points = np.copysign(np.floor(np.abs(points.astype(np.float64)) + 0.5), points)  # halves away from 0, as C's round
    rows = np.arange(height)
    crossings = np.full((len(points), height), np.inf)
    for edge, ((x, y), (from_x, from_y)) in enumerate(zip(points, np.roll(points, 1, axis=0), strict=True)):
        if y != from_y:  # a level edge adds nothing: its neighbours end there
            hit = (rows >= min(y, from_y)) & (rows <= max(y, from_y))
            crossings[edge, hit] = np.trunc(x + (rows[hit] - y) / (from_y - y) * (from_x - x))
    crossings.sort(axis=0)
    mask, columns = np.zeros((height, width), bool), np.arange(width)
    at = np.zeros(height, int)  # which crossing of a row comes next
    for _ in range(len(points) - 1):
        start = crossings[np.minimum(at, len(points) - 2), rows]
        end = crossings[np.minimum(at + 1, len(points) - 1), rows]
        pair = (at < len(points) - 1) & np.isfinite(end)
        corner = pair & (start == end)  # two edges meet here: one crossing, not two
        filled = (pair & ~corner)[:, None]
        mask |= filled & (columns >= start[:, None]) & (columns <= end[:, None])
        at += np.where(corner, 1, 2)
    return mask
