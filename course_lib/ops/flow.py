"""Dense optical flow by Lucas and Kanade: one 2 x 2 system per pixel, iterated, from coarse to fine.

B. D. Lucas, T. Kanade. An iterative image registration technique with an application to stereo vision. IJCAI 1981.
J.-Y. Bouguet. Pyramidal implementation of the Lucas Kanade feature tracker. Intel, 2000.

Brightness constancy, I1(x, y) = I2(x + u, y + v), to first order gives one equation per pixel,

    Ix u + Iy v + It = 0,                                                              (flow constraint)

two unknowns. Lucas and Kanade assume one (u, v) for a whole window and solve by least squares:

    [ S(Ix Ix)  S(Ix Iy) ] [u]     [ S(Ix It) ]
    [ S(Ix Iy)  S(Iy Iy) ] [v]  = -[ S(Iy It) ],     S = weighted sum over the window.  (normal equations)

Choices of ours: fourth-order central differences, averaged over the first image and the warped second one; a Gaussian
window; a small ridge on the diagonal, so that flat regions follow their window instead of noise; each step at most one
pixel, because the linearisation is worth no more; a median filter between iterations, which removes lone outliers.
"""

import torch
from torch.nn.functional import pad

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.filters import gaussian_blur, gaussian_pyramid, median_filter, resize
from course_lib.ops.warp import warp

DERIVATIVE = (8 / 12, -1 / 12)  # of the neighbours at 1 and 2 pixels; exact for polynomials up to degree 4
RIDGE = 1e-5  # of intensities in 0..1; large against float32 noise, small against any visible texture


def spatial_gradients(image):
    """Derivatives of a grey image to the right and downwards, per pixel.

    Args:
        image: (B, 1, H, W).
    Returns:
        Ix, Iy, each (B, 1, H, W), intensity per pixel.
    """
    check_shape(image, "B 1 H W", "image")
    near, far = DERIVATIVE
    gradients = []
    for axis, sides in ((3, (2, 2, 0, 0)), (2, (0, 0, 2, 2))):
        wide, size = pad(image, sides, mode="replicate"), image.shape[axis]
        left2, left, _, right, right2 = (wide.narrow(axis, start, size) for start in range(5))
        gradients.append(near * (right - left) + far * (right2 - left2))
    return tuple(gradients)


def structure_tensor(ix, iy, sigma):
    """The matrix of the normal equations as three maps S(Ix Ix), S(Ix Iy), S(Iy Iy), each (B, 1, H, W)."""
    return gaussian_blur(torch.cat([ix * ix, ix * iy, iy * iy], 1), sigma).split(1, 1)


def eigenvalues(xx, xy, yy):
    """Larger and smaller eigenvalue of [[xx, xy], [xy, yy]] at every pixel.

    Both large: a corner, the flow is known. One large: an edge, the aperture problem. Both small: nothing to see.
    """
    mean, difference = (xx + yy) / 2, (xx - yy) / 2
    radius = (difference**2 + xy**2).sqrt()
    return mean + radius, mean - radius


def solve_2x2(xx, xy, yy, bx, by, ridge=RIDGE):
    """Solve [[xx, xy], [xy, yy]] (u, v) = (bx, by) at every pixel by Cramer's rule, with a ridge on the diagonal.

    Args:
        xx, xy, yy, bx, by: (B, 1, H, W).
        ridge: added to xx and yy; it keeps the determinant away from 0.
    Returns:
        (B, 2, H, W).
    """
    xx, yy = xx + ridge, yy + ridge
    determinant = xx * yy - xy * xy
    return torch.cat([yy * bx - xy * by, xx * by - xy * bx], 1) / determinant


def lucas_kanade_step(image1, image2, flow, sigma=2.0, ridge=RIDGE):
    """A better flow from one linearisation around `flow`: warp, difference, solve.

    The pixels of a window have been warped by slightly different flows. So the system is solved for the whole flow,
    with each pixel's equation Ix u + Iy v = Ix u0 + Iy v0 - It, and not for one correction that all would share:
    corrections add up to ripples (measured on RubberWhale, 5 iterations: 0.41 px of error instead of 0.21).

    Args:
        image1, image2: (B, 1, H, W), 0..1.
        flow: (B, 2, H, W) in pixels, the estimate (u0, v0) so far.
        sigma: of the Gaussian window, pixels.
        ridge: pulls flat regions towards the mean flow of their window.
    Returns:
        (B, 2, H, W), at most one pixel away from `flow`.
    """
    warped = warp(image2, flow, outside="border")
    (x1, y1), (x2, y2) = spatial_gradients(image1), spatial_gradients(warped)
    ix, iy, it = (x1 + x2) / 2, (y1 + y2) / 2, warped - image1
    target = ix * flow[:, :1] + iy * flow[:, 1:] - it
    xx, xy, yy = structure_tensor(ix, iy, sigma)
    right = gaussian_blur(torch.cat([ix * target, iy * target], 1), sigma) + ridge * gaussian_blur(flow, sigma)
    bx, by = right.split(1, 1)
    step = solve_2x2(xx, xy, yy, bx, by, ridge) - flow
    length = step.square().sum(1, keepdim=True).clamp_min(1).sqrt()
    return flow + step / length


def lucas_kanade(image1, image2, *, flow=None, sigma=2.0, iterations=1, median=0, ridge=RIDGE):
    """Flow from image1 to image2 at one scale.

    Args:
        image1, image2: (B, 1, H, W) grey, 0..1.
        flow: (B, 2, H, W), where to start; by default zero.
        sigma: of the Gaussian window, pixels. Larger is steadier, and blurs the borders of what moves.
        iterations: 1 is the closed form of 1981; more warp and solve again.
        median: radius of the median filter after each step; 0 is none.
        ridge: on the diagonal of the normal equations.
    Returns:
        (B, 2, H, W) in pixels: u to the right, v down. Trustworthy for motion of about one pixel.
    Raises:
        ShapeError: if the images are not grey or differ in shape.
    """
    _check_pair(image1, image2)
    if flow is None:
        flow = image1.new_zeros(image1.shape[0], 2, *image1.shape[2:])
    for _ in range(iterations):
        flow = median_filter(lucas_kanade_step(image1, image2, flow, sigma, ridge), median)
    return flow


def resize_flow(flow, size):
    """Resize a flow field and its vectors: twice the size means twice the pixels moved.

    Args:
        flow: (B, 2, H, W) in pixels of its own grid.
        size: (height, width) wanted.
    Returns:
        (B, 2, height, width) in pixels of the new grid.
    """
    height, width = flow.shape[2:]
    scale = [(size[1] - 1) / max(width - 1, 1), (size[0] - 1) / max(height - 1, 1)]
    return resize(flow, size) * flow.new_tensor(scale).view(1, 2, 1, 1)


def pyramidal_lucas_kanade(image1, image2, *, levels=4, sigma=2.0, iterations=5, median=2, ridge=RIDGE):
    """Flow from image1 to image2, from coarse to fine.

    At the coarsest of `levels`, motion of 2 ** levels pixels is about one pixel. Each finer level starts from twice the
    flow of the one before.

    Args:
        image1, image2: (B, 1, H, W) grey, 0..1.
        levels: of the pyramid; fewer are used when an image would become smaller than 8 pixels.
        sigma, iterations, median, ridge: at every level, see `lucas_kanade`.
    Returns:
        (B, 2, H, W) in pixels.
    Raises:
        ShapeError: if the images are not grey or differ in shape.
    """
    _check_pair(image1, image2)
    while levels > 1 and min(image1.shape[2:]) < 8 * 2 ** (levels - 1):
        levels -= 1
    flow = None
    for level1, level2 in zip(*(reversed(gaussian_pyramid(i, levels)) for i in (image1, image2)), strict=True):
        flow = flow if flow is None else resize_flow(flow, level1.shape[2:])
        flow = lucas_kanade(level1, level2, flow=flow, sigma=sigma, iterations=iterations, median=median, ridge=ridge)
    return flow


def occlusion(forward, backward, alpha=0.01, beta=0.5):
    """Pixels whose forward flow is not undone by the backward flow: hidden in the second image, or wrong.

    |f + b|^2 > alpha (|f|^2 + |b|^2) + beta, with b fetched from where f points (Sundaram et al., ECCV 2010).

    Args:
        forward, backward: (B, 2, H, W) in pixels, from image 1 to 2 and from 2 to 1.
        alpha, beta: relative and absolute (square pixels) tolerance.
    Returns:
        bool (B, H, W).
    """
    back = warp(backward, forward, outside="border")
    gap = (forward + back).square().sum(1)
    return gap > alpha * (forward.square().sum(1) + back.square().sum(1)) + beta


def _check_pair(image1, image2):
    check_shape(image1, "B 1 H W", "image1")
    check_shape(image2, "B 1 H W", "image2")
    if image1.shape != image2.shape:
        raise ShapeError(f"image1 has shape {tuple(image1.shape)}, image2 {tuple(image2.shape)}: they must be equal.")
