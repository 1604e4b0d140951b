"""Backward warping: fetch every pixel of the output from where the flow points.

    output(x, y) = image(x + u(x, y), y + v(x, y))

Pixel centres lie at whole numbers. So an image at time t + 1, warped with the flow from t to t + 1, looks like the
image at time t wherever nothing is hidden.
"""

import torch
from torch.nn.functional import grid_sample

from course_lib.errors import CourseError, ShapeError, check_shape


def pixel_grid(height, width, device=None, dtype=torch.float32):
    """Coordinates of every pixel centre: (2, H, W), channel 0 is x (right), channel 1 is y (down)."""
    y, x = torch.meshgrid(
        torch.arange(height, device=device, dtype=dtype), torch.arange(width, device=device, dtype=dtype), indexing="ij"
    )
    return torch.stack([x, y])


def warp(image, flow, outside="zero"):
    """Sample `image` backwards along `flow`, bilinearly.

    Args:
        image: (B, C, H, W), floating point, any range.
        flow: (B, 2, H, W) in pixels; channel 0 is u (right), channel 1 is v (down).
        outside: what lies beyond the image. "zero": black pixels, reached gradually over the last pixel;
            "border": the nearest pixel of the border; "cut": 0 at once, where x < 0 or x >= W, or so for y. (Caffe's
            FlowWarp, in which FlowNet 2 was made; between W - 1 and W it reads the border.)
    Returns:
        (B, C, H, W), differentiable in both arguments.
    Raises:
        ShapeError: if the two do not share B, H and W.
        CourseError: if `outside` is unknown.
    """
    grid = sampling_grid(image, flow)
    modes = {"zero": "zeros", "border": "border", "cut": "border"}
    if outside not in modes:
        raise CourseError(f'outside is {outside!r}, expected "zero", "border" or "cut".')
    warped = grid_sample(image, grid, mode="bilinear", padding_mode=modes[outside], align_corners=True)
    if outside == "cut":
        height, width = image.shape[2:]
        x, y = (pixel_grid(height, width, flow.device, flow.dtype) + flow).unbind(1)
        warped = warped * ((x >= 0) & (x < width) & (y >= 0) & (y < height)).unsqueeze(1)
    return warped


def sampling_grid(image, flow):
    """Where `warp` looks, in the -1..1 coordinates of grid_sample: (B, H, W, 2).

    With align_corners=True, -1 and 1 are the *centres* of the first and last pixel, which is what x + u means.
    """
    sizes = check_shape(image, "B C H W", "image")
    if check_shape(flow, "B 2 H W", "flow") != {k: sizes[k] for k in "BHW"}:
        raise ShapeError(
            f"flow has shape {tuple(flow.shape)} and image {tuple(image.shape)}: they must share B, H and W. "
            "Was one of them resized? A flow that is resized must also be multiplied by the scale."
        )
    height, width = sizes["H"], sizes["W"]
    target = pixel_grid(height, width, flow.device, flow.dtype) + flow  # (B, 2, H, W)
    last = torch.tensor([max(width - 1, 1), max(height - 1, 1)], device=flow.device, dtype=flow.dtype)
    return (2 * target.permute(0, 2, 3, 1) / last - 1).to(image.dtype)


def warp_reference(image, flow):
    """`warp(image, flow, outside="zero")` as four loops, to read and to compare with. Slow."""
    sizes = check_shape(image, "B C H W", "image")
    height, width = sizes["H"], sizes["W"]
    output = torch.zeros_like(image)
    for b in range(sizes["B"]):
        for y in range(height):
            for x in range(width):
                x_source, y_source = x + flow[b, 0, y, x].item(), y + flow[b, 1, y, x].item()
                left, top = int(x_source // 1), int(y_source // 1)
                for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
                    if 0 <= row < height and 0 <= column < width:
                        weight = (1 - abs(x_source - column)) * (1 - abs(y_source - row))
                        output[b, :, y, x] += weight * image[b, :, row, column]
    return output


def in_view(flow):
    """Which pixels are fetched from inside the image: bool (B, H, W)."""
    sizes = check_shape(flow, "B 2 H W", "flow")
    target = pixel_grid(sizes["H"], sizes["W"], flow.device, flow.dtype) + flow
    x, y = target.unbind(1)
    return (x >= 0) & (x <= sizes["W"] - 1) & (y >= 0) & (y <= sizes["H"] - 1)
