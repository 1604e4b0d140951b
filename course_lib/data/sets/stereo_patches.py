"""Patches of a real stereo pair: does this one on the left show the same point as that one on the right?

The motorcycle of scikit-image (from the Middlebury stereo data of 2014, at a quarter of its size) is two photographs of
one scene from two places side by side, with the true disparity of every point: what lies at (x, y) on the left lies at
(x - disparity, y) on the right. So the truth about pairs of patches costs nothing.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from skimage.data import stereo_motorcycle
from torch.nn.functional import grid_sample

from course_lib.errors import DataError, check_shape

GREY = (0.299, 0.587, 0.114)  # weights of R, G, B (ITU-R BT.601)
REACH = 1.8  # how far a patch reaches when it is turned and enlarged, in halves of its side: 2**0.5 and some scale


@dataclass(frozen=True)
class StereoPair:
    """Two grey photographs and the points that both show.

    Attributes:
        left, right: (H, W) float32, 0..1.
        disparity: (H, W) float32, pixels, of the left picture: how much further left the point is on the right.
        visible: (H, W) bool: the disparity is known, and nothing hides the point on the right.
    """

    left: torch.Tensor
    right: torch.Tensor
    disparity: torch.Tensor
    visible: torch.Tensor

    @classmethod
    def motorcycle(cls):
        """The pair that scikit-image ships: 500 x 741 pixels, disparities of 7 to 60."""
        left, right, disparity = stereo_motorcycle()
        weights = np.array(GREY, dtype=np.float32)
        left, right = (torch.from_numpy(picture.astype(np.float32) / 255 @ weights) for picture in (left, right))
        disparity = torch.from_numpy(disparity.astype(np.float32))
        return cls(left, right, disparity, seen_by_both(disparity))

    def points(self, number, columns, generator, side=28):
        """Points that both pictures show, far enough from all edges for a patch.

        Args:
            number: how many. columns: (first, end) on the left, pixels. generator: of the choice.
            side: of the patches that are to be cut.
        Returns:
            two (number, 2) tensors: (x, y) on the left and on the right, in pixels (pixel centres are whole numbers).
        Raises:
            DataError: if there are not so many.
        """
        height, width = self.left.shape
        room = REACH * side / 2
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        inside = (y >= room) & (y < height - room) & (x >= max(room, columns[0])) & (x < min(width - room, columns[1]))
        rows = (self.visible & inside & (x - self.disparity.nan_to_num(0, 0, 0) >= room)).nonzero()
        if len(rows) < number:
            raise DataError(f"Columns {columns[0]} to {columns[1]} have {len(rows)} points, {number} were asked for.")
        y, x = rows[torch.randperm(len(rows), generator=generator)[:number]].unbind(1)
        left = torch.stack([x, y], dim=1).float()
        return left, left - torch.stack([self.disparity[y, x], torch.zeros(number)], dim=1)


def seen_by_both(disparity, slack=1.0):
    """Where the point of the left picture is seen on the right: no other point of its row lands there in front of it.

    Args:
        disparity: (H, W) pixels, infinite or NaN where unknown; the larger the nearer.
        slack: pixels of disparity by which two points may differ and still be one surface.
    Returns:
        (H, W) bool.
    """
    sizes = check_shape(disparity, "H W", "disparity")
    known = disparity.isfinite()
    near = torch.where(known, disparity, 0.0)
    target = (torch.arange(sizes["W"]) - near).round().long()
    lands = known & (target >= 0)
    target = target.clamp(min=0)
    front = torch.zeros_like(near).scatter_reduce(1, target, torch.where(lands, near, 0.0), "amax")
    return lands & (near >= front.gather(1, target) - slack)


def cut(picture, centers, side=28, *, turn=None, scale=None):
    """Square patches around points, bilinear, from a picture that may be turned and enlarged about each of them.

    Args:
        picture: (H, W). centers: (N, 2) x, y in pixels. side: of a patch, in pixels.
        turn: (N,) radians, clockwise as seen. scale: (N,) pixels of the picture per pixel of the patch.
    Returns:
        (N, 1, side, side).
    """
    sizes = check_shape(picture, "H W", "picture")
    number = check_shape(centers, "N 2", "centers")["N"]
    turn = torch.zeros(number) if turn is None else turn
    scale = torch.ones(number) if scale is None else scale
    offset = torch.arange(side) - (side - 1) / 2
    down, right = torch.meshgrid(offset, offset, indexing="ij")
    cosine, sine = ((f(turn) * scale).view(-1, 1, 1) for f in (torch.cos, torch.sin))
    x = centers[:, 0].view(-1, 1, 1) + cosine * right - sine * down
    y = centers[:, 1].view(-1, 1, 1) + sine * right + cosine * down
    grid = torch.stack([2 * x / (sizes["W"] - 1) - 1, 2 * y / (sizes["H"] - 1) - 1], dim=-1)
    return grid_sample(picture.expand(number, 1, -1, -1), grid, align_corners=True)


def another_view(picture, centers, generator, side=28, *, degrees=20.0, octaves=0.25, contrast=0.3, noise=0.03):
    """Patches as another camera would see them: turned, larger or smaller, brighter or darker, and with noise.

    Args:
        picture, centers, side: as for `cut`. generator: of everything random.
        degrees: largest turn, either way. octaves: largest change of scale, as a power of two.
        contrast: standard deviation of the logarithm of the contrast; that of the brightness is half of it.
        noise: standard deviation, on the scale 0..1 of the pixels.
    Returns:
        (N, 1, side, side).
    """

    def either_way(most):
        return most * (2 * torch.rand(len(centers), generator=generator) - 1)

    def normal(*shape):
        return torch.randn(shape, generator=generator)

    number = len(centers)
    patches = cut(picture, centers, side, turn=either_way(math.radians(degrees)), scale=2 ** either_way(octaves))
    patches = patches * (contrast * normal(number, 1, 1, 1)).exp() + contrast / 2 * normal(number, 1, 1, 1)
    return patches + noise * normal(*patches.shape)


def standardized(patches, least=0.02):
    """Each patch with mean 0 and deviation 1, so that brightness and contrast no longer count.

    Args:
        patches: (N, 1, H, W), 0..1. least: added to the deviation, so that noise in an empty patch stays small.
    """
    deviation, mean = torch.std_mean(patches, dim=(1, 2, 3), keepdim=True)
    return (patches - mean) / (deviation + least)
