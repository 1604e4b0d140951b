"""Variational refinement: a few steps down a flow energy, from a flow that is nearly right.

T. Brox, A. Bruhn, N. Papenberg, J. Weickert, "High Accuracy Optical Flow Estimation Based on a Theory for Warping",
ECCV 2004. FlowNet's authors append such steps to their network and call the result "+v" (arXiv:1504.06852, Section 3).

    E(w) = sum over pixels of  P(|I2(x + w) - I1(x)|^2) + gamma P(|grad I2(x + w) - grad I1(x)|^2)
                               + alpha b(x) P(|grad u|^2 + |grad v|^2),         P(s) = sqrt(s + EPS^2),

brightness and its gradient stay, and neighbours move alike; P is robust, a rounded absolute value, so that borders of
motion cost little. b(x) = exp(-edge |grad I1|) lets the flow jump more cheaply where the picture has an edge, as +v
does. A flow near the minimum only needs the linearised data terms at the present w; so

    repeat `warps` times: warp image 2 with w, take derivatives;
        repeat `inner` times: fix the slopes of P at the present change dw, and
            relax the linear system for dw: at each pixel a 2 x 2 system with its four neighbours.

Unlike coarse-to-fine methods nothing here finds large motions. That is left to the flow from which it starts.
"""

import torch
from torch.nn.functional import pad

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.filters import gaussian_blur
from course_lib.ops.warp import in_view, warp

EPS = 1e-3  # where P turns round: brightness and pixels alike
DERIVATIVE = (8 / 12, -1 / 12)  # as in `ops.flow`
OVERRELAXED = 1.7  # more than 1 looks ahead; below 2 it converges


def refine(image1, image2, flow, *, alpha=0.1, gamma=1.0, edge=8.0, sigma=0.6, warps=5, inner=3, relax=10):
    """A flow nearer to the minimum of the energy.

    Args:
        image1, image2: (B, C, H, W), 0..1, grey or RGB.
        flow: (B, 2, H, W) in pixels, where to start.
        alpha: weight of smoothness; gamma: weight of the gradient's constancy; edge: how much cheaper jumps are at the
            edges of the picture, 0 for not at all.
        sigma: of the blur before derivatives, pixels.
        warps, inner, relax: how often to linearise, to fix the robust weights, and to relax.
    Returns:
        (B, 2, H, W) in pixels.
    Raises:
        ShapeError: if images and flow do not fit together.
    """
    _check(image1, image2, flow)
    first, second = gaussian_blur(image1, sigma), gaussian_blur(image2, sigma)
    rigidity = alpha * _rigidity(first, edge)
    checkered = _checkered(flow)
    for _ in range(warps):
        equations = _equations(first, second, flow, gamma)
        change = torch.zeros_like(flow)
        for _ in range(inner):
            matrix, right = _data_system(equations, change)
            neighbours = _neighbour_weights(flow + change, rigidity)
            for step in range(2 * relax):
                change = _relax(change, flow, matrix, right, neighbours, checkered == step % 2)
        flow = flow + change
    return flow


def energy(image1, image2, flow, *, alpha=0.1, gamma=1.0, edge=8.0, sigma=0.6):
    """E(w) per pixel, as `refine` lowers it: float. What leaves the picture has no data term."""
    _check(image1, image2, flow)
    first, second = gaussian_blur(image1, sigma), gaussian_blur(image2, sigma)
    there = in_view(flow).unsqueeze(1)
    total = 0.0
    for one, two, weight in _constancies(first, second, flow, gamma):
        total = total + weight * _robust(((two - one) ** 2).sum(1, keepdim=True)) * there
    across, down = _differences(flow)
    smoothness = _robust(across.square().sum(1, keepdim=True) + down.square().sum(1, keepdim=True))
    return (total + alpha * _rigidity(first, edge) * smoothness).mean().item()


def _robust(squared):
    return (squared + EPS**2).sqrt()


def _slope(squared):
    """The derivative of P by its argument, times 2."""
    return (squared + EPS**2).rsqrt()


def _derivative(image, axis):
    """Fourth-order central difference along axis 3 (x) or 2 (y); the border is repeated."""
    near, far = DERIVATIVE
    wide, size = pad(image, (2, 2, 0, 0) if axis == 3 else (0, 0, 2, 2), mode="replicate"), image.shape[axis]
    left2, left, _, right, right2 = (wide.narrow(axis, start, size) for start in range(5))
    return near * (right - left) + far * (right2 - left2)


def _constancies(first, second, flow, gamma):
    """What should stay: (in image 1, in the warped image 2, weight), each (B, C, H, W)."""
    warped = warp(second, flow, outside="border")
    yield first, warped, 1.0
    if gamma:
        for axis in (3, 2):
            yield _derivative(first, axis), warp(_derivative(second, axis), flow, outside="border"), gamma


def _equations(first, second, flow, gamma):
    """Linearised constancies: for each, derivatives by u and v, what is left, and a weight that is 0 out of view."""
    there = in_view(flow).unsqueeze(1).to(flow.dtype)
    found = []
    for one, two, weight in _constancies(first, second, flow, gamma):
        middle = (one + two) / 2
        found.append((_derivative(middle, 3), _derivative(middle, 2), two - one, weight * there))
    return found


def _data_system(equations, change):
    """The 2 x 2 matrices (xx, xy, yy) and right sides (B, 1, H, W) of the data terms, with slopes of P at `change`."""
    u, v = change.split(1, 1)
    sums = [0.0] * 5
    for x, y, t, weight in equations:
        left = (x * u + y * v + t).square().sum(1, keepdim=True)
        robust = weight * _slope(left)
        parts = (x * x, x * y, y * y, -x * t, -y * t)
        sums = [total + robust * part.sum(1, keepdim=True) for total, part in zip(sums, parts, strict=True)]
    return sums[:3], sums[3:]


def _differences(flow):
    """To the right-hand and to the lower neighbour, 0 at the border: two (B, 2, H, W)."""
    across = pad(flow[:, :, :, 1:] - flow[:, :, :, :-1], (0, 1))
    down = pad(flow[:, :, 1:] - flow[:, :, :-1], (0, 0, 0, 1))
    return across, down


def _neighbour_weights(flow, rigidity):
    """How strongly each pixel is tied to its right-hand and to its lower neighbour, each (B, 1, H, W)."""
    across, down = _differences(flow)
    tie = rigidity * _slope(across.square().sum(1, keepdim=True) + down.square().sum(1, keepdim=True))
    right = pad((tie[:, :, :, 1:] + tie[:, :, :, :-1]) / 2, (0, 1))
    below = pad((tie[:, :, 1:] + tie[:, :, :-1]) / 2, (0, 0, 0, 1))
    return right, below


def _relax(change, flow, matrix, right_side, neighbours, turn):
    """One half sweep: the pixels whose `turn` it is solve their own equation, with their neighbours as they are.

    In a chequered order no two pixels that move at once are neighbours, so all of them can move together.
    """
    right, below = neighbours
    left, above = pad(right[:, :, :, :-1], (1, 0)), pad(below[:, :, :-1], (0, 0, 1, 0))
    total = flow + change
    pulled = (
        right * pad(total[:, :, :, 1:], (0, 1)) + left * pad(total[:, :, :, :-1], (1, 0))
        + below * pad(total[:, :, 1:], (0, 0, 0, 1)) + above * pad(total[:, :, :-1], (0, 0, 1, 0))
    )  # fmt: skip
    ties = right + left + below + above
    xx, xy, yy = matrix
    bx, by = ((b + p) for b, p in zip(right_side, (pulled - ties * flow).split(1, 1), strict=True))
    xx, yy = xx + ties, yy + ties
    solved = torch.cat([yy * bx - xy * by, xx * by - xy * bx], 1) / (xx * yy - xy * xy).clamp_min(1e-12)
    return torch.where(turn, change + OVERRELAXED * (solved - change), change)


def _rigidity(image, edge):
    """b(x): 1 where the picture is even, small on its edges. (B, 1, H, W)"""
    steepness = (_derivative(image, 3) ** 2 + _derivative(image, 2) ** 2).mean(1, keepdim=True).sqrt()
    return (-edge * steepness).exp()


def _checkered(flow):
    rows, columns = (torch.arange(n, device=flow.device) for n in flow.shape[2:])
    return (rows[:, None] + columns) % 2


def _check(image1, image2, flow):
    sizes = check_shape(image1, "B C H W", "image1")
    check_shape(image2, "B C H W", "image2")
    check_shape(flow, "B 2 H W", "flow")
    if image1.shape != image2.shape or flow.shape[2:] != image1.shape[2:] or len(flow) != sizes["B"]:
        raise ShapeError(
            f"image1 has shape {tuple(image1.shape)}, image2 {tuple(image2.shape)}, flow {tuple(flow.shape)}: they "
            "must share B, H and W. Resize the flow, and multiply its vectors by the same factor."
        )
