"""What descriptors are compared with and where: textured points, raw patches, and the disparity that matching gives."""

import torch
from torch.nn.functional import normalize, pad, unfold

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.flow import eigenvalues, spatial_gradients, structure_tensor
from course_lib.ops.warp import pixel_grid

WEAKEST = -2.0  # below any product of vectors of length 1


def textured_points(image, flow, visible, number, generator=None):
    """Random points where the picture changes in all directions, and where the flow takes them.

    Args:
        image: (B, 1, H, W). flow: (B, 2, H, W) in pixels. visible: (B, H, W) bool: points are drawn only there.
        number: N. A point is the likelier, the larger the smaller eigenvalue of its structure tensor (lecture 04).
    Returns:
        (points (B, N, 2), matches (B, N, 2)), x then y.
    """
    _, small = eigenvalues(*structure_tensor(*spatial_gradients(image), sigma=1.5))
    weight = (small[:, 0].clamp(min=1e-8) * visible).flatten(1)
    chosen = torch.multinomial(weight, number, generator=generator)  # (B, N)
    points = pixel_grid(*image.shape[-2:]).flatten(1).T[chosen]  # (B, N, 2)
    moved = flow.flatten(2).gather(2, chosen[:, None].expand(-1, 2, -1)).transpose(1, 2)
    return points, points + moved


def patch_descriptors(image, size):
    """Every pixel's patch, minus its mean and of length 1: their product is the normalised correlation of two patches.

    Args:
        image: (B, C, H, W). size: of the patch, odd.
    Returns:
        (B, C * size * size, H, W).
    """
    height, width = check_shape(image, "B C H W", "image")["H"], image.shape[-1]
    patches = unfold(pad(image, (size // 2,) * 4, mode="reflect"), size).unflatten(-1, (height, width))
    return normalize(patches - patches.mean(1, keepdim=True), dim=1)


def matched_disparity(left, right, largest):
    """The disparity at which each pixel of the left picture fits best, searched along its row.

    A point at column x of the left picture lies at column x - disparity of the right one.

    Args:
        left, right: (C, H, W), descriptors of length 1. largest: disparity, whole pixels; 0 to `largest` are tried.
    Returns:
        (H, W) long.
    Raises:
        ShapeError: if the two differ, or `largest` leaves no column.
    """
    check_shape(left, "C H W", "left")
    if left.shape != right.shape or not 0 <= largest < left.shape[-1]:
        raise ShapeError(
            f"left has shape {tuple(left.shape)}, right {tuple(right.shape)}, largest is {largest}: expected the same "
            "shape, and a disparity below the width."
        )
    fits = [pad((left[..., d:] * right[..., : right.shape[-1] - d]).sum(0), (d, 0), value=WEAKEST)
            for d in range(largest + 1)]  # fmt: skip
    return torch.stack(fits).argmax(0)
