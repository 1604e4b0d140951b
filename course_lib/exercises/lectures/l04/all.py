"""Lecture 04, optical flow: what its exercises ask, the likely mistakes, and the hints."""

import torch
import torch.nn.functional as F

from course_lib.exercises import Case, Exercise, Mistake
from course_lib.metrics import endpoint_error
from course_lib.ops import flow as ops
from course_lib.ops.warp import in_view, pixel_grid, warp

# ---- 04.1 derivatives in space and time ------------------------------------------------------------------------------


def _derivatives(image1, image2):
    """What the exercise asks: central differences of the middle picture, the difference in time, inner pixels only."""
    return _spatial_of(_half_way)(image1, image2)


def _half_way(image1, image2):
    return (image1 + image2) / 2


def _right(image):
    """What the right neighbour has more than the left one, at the inner pixels."""
    return image[..., 1:-1, 2:] - image[..., 1:-1, :-2]


def _down(image):
    return image[..., 2:, 1:-1] - image[..., :-2, 1:-1]


def _inner(image):
    return image[..., 1:-1, 1:-1]


def _changed(change):
    """The right answer, then a mistake: change(ix, iy, it)."""
    return lambda image1, image2: change(*_spatial_of(_half_way)(image1, image2))


def _spatial_of(picture):
    """The derivatives in space are those of picture(image1, image2)."""
    return lambda a, b: (_right(picture(a, b)) / 2, _down(picture(a, b)) / 2, _inner(b - a))


def _one_step(shift):
    """One step instead of two: from the pixel to its next neighbour (shift 0), or from the one before (shift 1)."""

    def derivatives(a, b):
        middle = _half_way(a, b)
        ix, iy = (_inner(middle.roll(shift - 1, axis) - middle.roll(shift, axis)) for axis in (3, 2))
        return ix, iy, _inner(b - a)

    return derivatives


def _uncut(a, b):
    """Each derivative with all the pixels that it can have."""
    middle = _half_way(a, b)
    return (middle[..., 2:] - middle[..., :-2]) / 2, (middle[..., 2:, :] - middle[..., :-2, :]) / 2, b - a


def _pictures(generator):
    def pair(batch, height, width, scale=1.0):
        return tuple(scale * torch.rand(batch, 1, height, width, generator=generator) for _ in range(2))

    column, row = (torch.arange(n).float() for n in (5, 4))
    ramp = (10 + 2 * column + 3 * row[:, None])[None, None]
    return [
        Case("2 brighter per column, 3 per row, then darker by 1: Ix = 2, Iy = 3, It = -1", (ramp, ramp - 1)),
        Case("one pair of 5 x 6 pixels", pair(1, 5, 6)),
        Case("two pairs of 7 x 5 pixels", pair(2, 7, 5)),
        Case("pixels in 0..255", pair(1, 6, 9, 255.0)),
    ]


DERIVATIVES = Exercise(
    id="04.1",
    title="Derivatives in space and time",
    name="derivatives",
    kind="function",
    reference=_derivatives,
    cases=_pictures,
    mistakes=(
        Mistake(
            "right and down are exchanged: Ix compares columns, the last axis, and Iy compares rows",
            _changed(lambda ix, iy, it: (iy, ix, it)),
        ),
        Mistake(
            "Ix and Iy are twice too large: the two neighbours are two pixels apart, so divide their difference by 2; "
            "and the picture half-way is half of the sum",
            _changed(lambda ix, iy, it: (2 * ix, 2 * iy, it)),
        ),
        Mistake(
            "Ix and Iy are four times too large: divide the difference of the two neighbours by 2, and the sum of the "
            "two pictures as well",
            _changed(lambda ix, iy, it: (4 * ix, 4 * iy, it)),
        ),
        Mistake("the difference in time spans one frame: it is not divided", _changed(lambda x, y, t: (x, y, t / 2))),
        Mistake("It is image 2 minus image 1: later minus earlier", _changed(lambda ix, iy, it: (ix, iy, -it))),
        Mistake(
            "Ix and Iy have the wrong sign: right minus left, and lower minus upper",
            _changed(lambda ix, iy, it: (-ix, -iy, it)),
        ),
        Mistake("Ix has the wrong sign: right minus left", _changed(lambda ix, iy, it: (-ix, iy, it))),
        Mistake(
            "Iy has the wrong sign: rows count downwards, so lower minus upper",
            _changed(lambda ix, iy, it: (ix, -iy, it)),
        ),
        Mistake("the order is Ix, Iy, It", _changed(lambda ix, iy, it: (it, ix, iy))),
        Mistake(
            "these are derivatives of image 1 alone: take the picture half-way, (image1 + image2) / 2",
            _spatial_of(lambda a, b: a),
        ),
        Mistake(
            "these are derivatives of image 2 alone: take the picture half-way, (image1 + image2) / 2",
            _spatial_of(lambda a, b: b),
        ),
        Mistake(
            "this is the step from a pixel to its right or lower neighbour: a central difference goes from the left "
            "neighbour to the right one, and is divided by 2",
            _one_step(0),
        ),
        Mistake(
            "this is the step from the left or upper neighbour to the pixel: a central difference goes on to the other "
            "neighbour, and is divided by 2",
            _one_step(1),
        ),
        Mistake(
            "each derivative has another size: Ix still has the first and last row, Iy the first and last column, It "
            "all of them; cut the border from all three, with 1:-1",
            _uncut,
        ),
        Mistake(
            "It still has its border: cut one pixel from all four sides, with 1:-1",
            lambda a, b: (*_spatial_of(_half_way)(a, b)[:2], b - a),
        ),
    ),
    hints=(
        "In a row, `middle[2:]` are the right neighbours of the inner pixels and `middle[:-2]` the left ones. A "
        "picture has rows too: the inner ones are `1:-1`.",
        "`picture[:, :, 1:-1, 2:]` are the right neighbours of all inner pixels, `picture[:, :, 2:, 1:-1]` the lower "
        "ones, and `picture[:, :, 1:-1, 1:-1]` the inner pixels themselves.",
        "`ix = (middle[:, :, 1:-1, 2:] - middle[...]) / 2` with `middle = (image1 + image2) / 2`; `iy` likewise, with "
        "rows for columns; `it = (image2 - image1)[...]`.",
    ),
    points=2,
    forbidden=("course_lib.ops.flow.spatial_gradients",),
)

# ---- 04.2 the system of Lucas and Kanade ----------------------------------------------------------------------------


def _solve_window(ix, iy, it):
    """What the exercise asks: `solve_2x2` without a ridge, for the sums over one window."""
    return _solve(ix, iy, it)


def _solve(ix, iy, it):
    return ops.solve_2x2(*_sums(ix, iy, it), ridge=0).flatten()


def _sums(ix, iy, it):
    products = ix * ix, ix * iy, iy * iy, -ix * it, -iy * it
    return [p.sum().view(1, 1, 1, 1) for p in products]


def _solved(change):
    """The solution of a system whose five sums are changed by a mistake."""
    return lambda ix, iy, it: ops.solve_2x2(*change(*_sums(ix, iy, it)), ridge=0).flatten()


def _cramer(ix, iy, it, factor):
    """Cramer's rule with a mistake: `factor` of the matrix, where one over its determinant belongs."""
    xx, xy, yy, bx, by = _sums(ix, iy, it)
    return torch.cat([yy * bx - xy * by, xx * by - xy * bx]).flatten() * factor(xx, xy, yy).flatten()


def _window_cases(generator):
    def window(rows, columns, scale=1.0):
        return tuple(scale * torch.randn(rows, columns, generator=generator) for _ in range(3))

    ix, iy, it = window(5, 5)
    return [
        Case("a window of 5 x 7", window(5, 7)),
        Case("a window of 3 x 2", window(3, 2)),
        Case("gradients of pixels in 0..255", window(6, 4, 100.0)),
        Case("nearly an edge", (ix, 0.5 * ix + 0.1 * iy, it)),
        Case("a pixel on each axis: (u, v) = (1, 2)", tuple(map(torch.tensor, ([[1.0, 0]], [[0.0, 1]], [[-1.0, -2]])))),
    ]


SOLVE = Exercise(
    id="04.2",
    title="The motion of one window",
    name="solve_window",
    kind="function",
    reference=_solve_window,
    cases=_window_cases,
    mistakes=(
        Mistake(
            "the sign is turned: the right side of the system is minus the sums with It",
            lambda ix, iy, it: -_solve(ix, iy, it),
        ),
        Mistake(
            "the minus stands before one of the two sums with It: it belongs to both",
            _solved(lambda xx, xy, yy, bx, by: (xx, xy, yy, bx, -by)),
        ),
        Mistake(
            "the minus stands before one of the two sums with It: it belongs to both",
            _solved(lambda xx, xy, yy, bx, by: (xx, xy, yy, -bx, by)),
        ),
        Mistake(
            "the determinant is a difference: S(Ix Ix) S(Iy Iy) - S(Ix Iy)^2",
            lambda ix, iy, it: _cramer(ix, iy, it, lambda xx, xy, yy: 1 / (xx * yy + xy * xy)),
        ),
        Mistake(
            "the determinant is missing: divide by it",
            lambda ix, iy, it: _cramer(ix, iy, it, lambda xx, xy, yy: torch.ones(1)),
        ),
        Mistake(
            "this multiplies by the determinant: divide by it",
            lambda ix, iy, it: _cramer(ix, iy, it, lambda xx, xy, yy: xx * yy - xy * xy),
        ),
        Mistake("the order is (u, v), right first and then down", lambda ix, iy, it: _solve(ix, iy, it).flip(0)),
        Mistake(
            "the mixed sum S(Ix Iy) is missing: this treats the two directions as if they had nothing to do with each "
            "other",
            _solved(lambda xx, xy, yy, bx, by: (xx, 0 * xy, yy, bx, by)),
        ),
        Mistake(
            "the right side is the wrong way round: first S(Ix It), then S(Iy It)",
            _solved(lambda xx, xy, yy, bx, by: (xx, xy, yy, by, bx)),
        ),
        Mistake(
            "the matrix is the wrong way round: S(Ix Ix) stands at the upper left",
            _solved(lambda xx, xy, yy, bx, by: (yy, xy, xx, bx, by)),
        ),
        Mistake(
            "the mixed sum has the wrong sign: with Cramer's rule, the minus belongs into the inverse once",
            _solved(lambda xx, xy, yy, bx, by: (xx, -xy, yy, bx, by)),
        ),
        Mistake(
            "one side has sums and the other means: take the same for both",
            lambda ix, iy, it: _solve(ix, iy, it) / ix.numel(),
        ),
        Mistake(
            "one side has sums and the other means: take the same for both",
            lambda ix, iy, it: _solve(ix, iy, it) * ix.numel(),
        ),
        Mistake(
            "this multiplies by the matrix: it must be divided by, which is what solving means",
            lambda ix, iy, it: _multiplied(*_sums(ix, iy, it)),
        ),
    ),
    hints=(
        "Each pixel says Ix u + Iy v = -It. Least squares turns many equations into two: multiply each by its Ix and "
        "add all up; then once more with Iy.",
        "`(ix * iy).sum()` is one of the five sums. `torch.stack` of two rows makes the matrix, "
        "`torch.linalg.solve(matrix, right)` solves it.",
        "`xx, xy, yy = (ix * ix).sum(), (ix * ...).sum(), (iy * ...).sum()`, then "
        "`right = -torch.stack([(ix * ...).sum(), (iy * ...).sum()])`.",
    ),
    points=3,
    rtol=1e-3,
    atol=1e-3,
    forbidden=("torch.linalg.lstsq", "course_lib.ops.flow.solve_2x2", "course_lib.ops.flow.lucas_kanade"),
)


def _multiplied(xx, xy, yy, bx, by):
    return torch.cat([xx * bx + xy * by, xy * bx + yy * by]).flatten()


# ---- 04.3 the end-point error ----------------------------------------------------------------------------------------


def _epe(flow, truth, valid):
    """What the exercise asks: the mean distance over the valid pixels."""
    return endpoint_error(flow, truth, valid)


def _estimates(generator):
    def case(label, batch, height, width, share, scale=3.0):
        flow, truth = (scale * torch.randn(batch, 2, height, width, generator=generator) for _ in range(2))
        valid = torch.rand(batch, height, width, generator=generator) < share
        valid[0, 0, 0], valid[-1, -1, -1] = True, False
        return Case(label, (flow, truth, valid))

    arrows = [torch.tensor(arrow).view(1, 2, 1, 1).expand(1, 2, 2, 3) for arrow in ([4.0, 6.0], [1.0, 2.0])]
    uneven = case("two pictures: most of one is hidden, little of the other", 2, 6, 8, 0.9)
    uneven.args[2][0, 1:] = False
    return [
        Case("estimated (4, 6), true (1, 2): 5 pixels", (*arrows, torch.ones(1, 2, 3, dtype=torch.bool))),
        case("a picture of 5 x 7, half of it hidden", 1, 5, 7, 0.5),
        uneven,
        case("three pictures of 8 x 5, small errors", 3, 8, 5, 0.7, 0.2),
    ]


def _distance(flow, truth):
    return (flow - truth).norm(dim=1)


def _per_picture(flow, truth, valid):
    found = [endpoint_error(*one) for one in zip(flow.split(1), truth.split(1), valid.split(1), strict=True)]
    return sum(found) / len(found)


EPE = Exercise(
    id="04.3",
    title="The end-point error",
    name="epe",
    kind="function",
    reference=_epe,
    cases=_estimates,
    mistakes=(
        Mistake(
            "all pixels count here: average the distances where `valid` is true",
            lambda f, t, v: _distance(f, t).mean().item(),
        ),
        Mistake(
            "this measures where `valid` is false: those are the pixels without a truth",
            lambda f, t, v: _distance(f, t)[~v].mean().item(),
        ),
        Mistake(
            "the sum runs over the valid pixels, but is divided by the number of all: divide by valid.sum()",
            lambda f, t, v: (_distance(f, t) * v).mean().item(),
        ),
        Mistake(
            "this is the sum of all errors: divide by the number of valid pixels",
            lambda f, t, v: _distance(f, t)[v].sum().item(),
        ),
        Mistake(
            "the root is missing: this averages squared distances",
            lambda f, t, v: _distance(f, t)[v].square().mean().item(),
        ),
        Mistake(
            "the root is taken after the mean: take the distance of each pixel first, then average",
            lambda f, t, v: _distance(f, t)[v].square().mean().sqrt().item(),
        ),
        Mistake(
            "this adds up the errors to the right and down: the distance is the root of the sum of their squares",
            lambda f, t, v: (f - t).abs().sum(1)[v].mean().item(),
        ),
        Mistake(
            "this averages over u and v: one pixel has one distance, the root of the sum of both squares",
            lambda f, t, v: (f - t).abs().mean(1)[v].mean().item(),
        ),
        Mistake(
            "under the root stands the mean of both squares: it is their sum",
            lambda f, t, v: (f - t).square().mean(1).sqrt()[v].mean().item(),
        ),
        Mistake(
            "this averages the errors as vectors, so that opposite ones cancel: take the distances first",
            lambda f, t, v: (f - t).permute(0, 2, 3, 1)[v].mean(0).norm().item(),
        ),
        Mistake(
            "this compares how long the arrows are: two arrows of one length may point apart; subtract them first",
            lambda f, t, v: (f.norm(dim=1) - t.norm(dim=1)).abs()[v].mean().item(),
        ),
        Mistake(
            "only the error in u counts here: v belongs to it", lambda f, t, v: (f - t)[:, 0].abs()[v].mean().item()
        ),
        Mistake(
            "each picture counts the same, however many valid pixels it has: average over all valid pixels at once",
            _per_picture,
        ),
        Mistake("the arrows are added: subtract the true one", lambda f, t, v: _distance(f, -t)[v].mean().item()),
        Mistake("this is the largest error: the mean is asked for", lambda f, t, v: _distance(f, t)[v].max().item()),
        Mistake("this is the median error: the mean is asked for", lambda f, t, v: _distance(f, t)[v].median().item()),
    ),
    hints=(
        "Two steps. First one number per pixel: how long is the difference of the two arrows? Then the mean of these "
        "numbers over the pixels that count.",
        "`(flow - truth).norm(dim=1)` is the distance at every pixel, (B, H, W). `distance[valid]` picks the valid "
        "ones, as one long row. `.item()` makes a float of a tensor with one number.",
        "`distance = (flow - ...).norm(dim=...)`, then `return distance[...].mean().item()`.",
    ),
    points=1,
    forbidden=("course_lib.metrics.endpoint_error",),
)

# ---- 04.4 backward warping ------------------------------------------------------------------------------------------


def _warp(image, flow):
    """What the exercise asks: the course's `warp`, black outside."""
    return warp(image, flow)


def _warp_cases(generator):
    def image(*shape):
        return torch.rand(shape, generator=generator)

    def flow(batch, height, width, largest):
        return largest * (2 * torch.rand(batch, 2, height, width, generator=generator) - 1)

    one_right = torch.zeros(1, 2, 4, 5)
    one_right[:, 0] = 1
    half_down = torch.zeros(1, 2, 6, 4)
    half_down[:, 1] = 0.5
    return [
        Case("every pixel is fetched from its right neighbour", (image(1, 1, 4, 5), one_right)),
        Case("half a pixel from below", (image(1, 2, 6, 4), half_down)),
        Case("2 images, 3 channels, 5 x 8 pixels", (image(2, 3, 5, 8), flow(2, 5, 8, 1.5))),
        Case("9 x 6 pixels, far out of the picture", (image(2, 1, 9, 6), flow(2, 9, 6, 8.0))),
    ]


def _sampled(grid, image, align_corners=True, **how):
    """grid_sample at positions (B, 2, H, W) that are already in -1..1."""
    how = {"mode": "bilinear", "padding_mode": "zeros", **how}
    return F.grid_sample(image, grid.permute(0, 2, 3, 1), align_corners=align_corners, **how)


def _target(image, flow):
    return pixel_grid(*image.shape[2:]) + flow


def _last(image, more=-1):
    """(1, 2, 1, 1): W - 1 and H - 1, by which a column and a row are divided."""
    return torch.tensor([image.shape[3] + more, image.shape[2] + more], dtype=torch.float32).view(1, 2, 1, 1)


def _normalised(image, flow):
    return 2 * _target(image, flow) / _last(image) - 1


def _flow_unscaled(image, flow):
    """The flow is added after normalising: one pixel counts as half the picture."""
    return _sampled(_normalised(image, 0 * flow) + flow, image)


def _rows_for_columns(image, flow):
    """y, x of meshgrid under each other's names; only the flow and the sizes are where they belong."""
    return _sampled(2 * (pixel_grid(*image.shape[2:]).flip(0) + flow) / _last(image) - 1, image)


def _reshaped_grid(image, flow):
    """(B, 2, H, W) forced to (B, H, W, 2)."""
    places = _normalised(image, flow).reshape(len(flow), *flow.shape[2:], 2)
    return F.grid_sample(image, places, align_corners=True)


WARP = Exercise(
    id="04.4",
    title="Warp an image backwards",
    name="warp",
    kind="function",
    reference=_warp,
    cases=_warp_cases,
    mistakes=(
        Mistake(
            "this fetches from the opposite side: look at x + u and y + v, where the pixel went",
            lambda image, flow: warp(image, -flow),
        ),
        Mistake(
            "u and v are exchanged: channel 0 of the flow is added to x, channel 1 to y",
            lambda image, flow: warp(image, flow.flip(1)),
        ),
        Mistake(
            "x and y are exchanged in the grid: its last axis is (x, y), columns first",
            lambda image, flow: _sampled(_normalised(image, flow).flip(1), image),
        ),
        Mistake(
            'the two results of meshgrid are exchanged: with "ij" the rows (y) come first, then the columns (x)',
            _rows_for_columns,
        ),
        Mistake(
            "reshape cuts the same row of numbers anew and mixes x with y: .permute(0, 2, 3, 1) moves the axis of two",
            _reshaped_grid,
        ),
        Mistake(
            "the sign of u is turned: x + u, and y + v",
            lambda image, flow: warp(image, flow * flow.new_tensor([-1, 1]).view(1, 2, 1, 1)),
        ),
        Mistake(
            "the sign of v is turned: x + u, and y + v",
            lambda image, flow: warp(image, flow * flow.new_tensor([1, -1]).view(1, 2, 1, 1)),
        ),
        Mistake(
            "this divides x and y by the same size: x is divided by width - 1, y by height - 1",
            lambda image, flow: _sampled(2 * _target(image, flow) / (image.shape[3] - 1) - 1, image),
        ),
        Mistake(
            "this divides x and y by the same size: x is divided by width - 1, y by height - 1",
            lambda image, flow: _sampled(2 * _target(image, flow) / (image.shape[2] - 1) - 1, image),
        ),
        Mistake(
            "the division drops the fractions: use /, not //, so that places between pixels can be meant",
            lambda image, flow: _sampled(2 * _target(image, flow) // _last(image) - 1, image),
        ),
        Mistake(
            "without align_corners, -1 and 1 are the edges of the picture, half a pixel outside: divide by width - 1 "
            "and height - 1, and set align_corners=True",
            lambda image, flow: _sampled(2 * _target(image, flow) / _last(image, 0) - 1, image, align_corners=False),
        ),
        Mistake(
            "the grid is to have (x, y) as its last axis, (B, H, W, 2): stack along dim=-1",
            lambda image, flow: F.grid_sample(image, _normalised(image, flow), align_corners=True),
        ),
        Mistake(
            "width and height are exchanged: x is divided by width - 1, y by height - 1",
            lambda image, flow: _sampled(2 * _target(image, flow) / _last(image).flip(1) - 1, image),
        ),
        Mistake(
            "divide by width - 1 and height - 1: the last pixel has the number width - 1, and must become 1",
            lambda image, flow: _sampled(2 * _target(image, flow) / _last(image, 0) - 1, image),
        ),
        Mistake(
            "align_corners=True is missing: only with it do -1 and 1 mean the centres of the first and last pixel",
            lambda image, flow: _sampled(_normalised(image, flow), image, align_corners=False),
        ),
        Mistake(
            "the flow is in pixels: add it before you go from pixels to -1..1, not after",
            _flow_unscaled,
        ),
        Mistake(
            "this goes from 0 to 1: grid_sample counts from -1 to 1",
            lambda image, flow: _sampled(_target(image, flow) / _last(image), image),
        ),
        Mistake(
            "the grid is in pixels: grid_sample wants -1 to 1",
            lambda image, flow: _sampled(_target(image, flow), image),
        ),
        Mistake(
            "the flow is missing: this returns the image as it was",
            lambda image, flow: _sampled(_normalised(image, 0 * flow), image),
        ),
        Mistake(
            'what lies outside should be black here, padding_mode="zeros", not the border repeated',
            lambda image, flow: warp(image, flow, outside="border"),
        ),
        Mistake(
            "this takes the nearest pixel: between pixels, interpolate bilinearly",
            lambda image, flow: _sampled(_normalised(image, flow), image, mode="nearest"),
        ),
    ),
    hints=(
        "For each pixel of the result: in which column and row of `image` do you look? `grid_sample` wants these "
        "places as numbers from -1 (first column or row) to 1 (last one).",
        "`flow[:, 0]` is u, shape (B, H, W). Column c becomes `2 * c / (width - 1) - 1`. "
        "`torch.stack([gx, gy], dim=-1)` makes the grid (B, H, W, 2).",
        "`gx = 2 * (x + flow[:, 0]) / (width - 1) - 1`, the same for `gy`, then "
        "`F.grid_sample(image, torch.stack([..., ...], dim=-1), align_corners=...)`.",
    ),
    points=3,
    forbidden=("course_lib.ops.warp.warp", "course_lib.ops.warp.sampling_grid", "course_lib.ops.warp.warp_reference"),
)

# ---- 04.5 iterate, repaired -----------------------------------------------------------------------------------------


def _refine(image1, image2, iterations):
    """What the exercise asks: warp, measure what is left, add it."""
    return _refined(image1, image2, iterations)


def _refined(image1, image2, iterations):
    return _repeat(lambda flow: flow + ops.lucas_kanade(image1, warp(image2, flow)))(image1, image2, iterations)


def _repeat(step):
    def refine(image1, image2, iterations):
        flow = image1.new_zeros(image1.shape[0], 2, *image1.shape[2:])
        for _ in range(iterations):
            flow = step(flow)
        return flow

    return refine


def _repeated(step):
    """A wrong loop: step(image1, image2, flow) -> flow."""
    return lambda image1, image2, iterations: _repeat(lambda flow: step(image1, image2, flow))(
        image1, image2, iterations
    )


def _pair_cases(generator):
    def pair(batch, height, width, right, down):
        """Smooth random pictures, and the same moved: sums of waves, so that no interpolation is needed."""
        frequency = 0.35 * torch.randn(2, batch, 12, 1, 1, generator=generator)
        phase = 6.28 * torch.rand(batch, 12, 1, 1, generator=generator)
        x, y = pixel_grid(height, width)
        waves = [
            0.5 + 0.04 * (frequency[0] * (x - m * right) + frequency[1] * (y - m * down) + phase).cos().sum(1)
            for m in (0, 1)
        ]
        return [w.unsqueeze(1) for w in waves]

    def case(label, sizes, motion, iterations):
        images = pair(*sizes, *motion)
        while not _settled(*images, iterations):
            images = pair(*sizes, *motion)
        return Case(label, (*images, iterations))

    return [
        case("once, motion (0.5, -0.3)", (1, 24, 30), (0.5, -0.3), 1),
        case("three times, motion (1.6, 0.8)", (2, 30, 24), (1.6, 0.8), 3),
        case("five times, motion (-2.2, 1.4)", (1, 28, 32), (-2.2, 1.4), 5),
        case("not at all", (2, 20, 22), (1.0, 1.0), 0),
    ]


def _settled(image1, image2, iterations):
    """Whether the flow is the same in float64: nearly even corners can turn a rounding error into 0.002 pixels."""
    flow, exact = _refined(image1, image2, iterations), _refined(image1.double(), image2.double(), iterations)
    return torch.allclose(flow.double(), exact, rtol=2e-4, atol=2e-4)


def _warped_again(image1, image2, iterations):
    flow = image1.new_zeros(image1.shape[0], 2, *image1.shape[2:])
    for _ in range(iterations):
        image2 = warp(image2, flow)
        flow = flow + ops.lucas_kanade(image1, image2)
    return flow


def _warped_by_steps(image1, image2, iterations):
    flow = image1.new_zeros(image1.shape[0], 2, *image1.shape[2:])
    for _ in range(iterations):
        step = ops.lucas_kanade(image1, image2)
        image2, flow = warp(image2, step), flow + step
    return flow


REFINE = Exercise(
    id="04.5",
    title="Fix the bugs: iterate",
    name="refine",
    kind="function",
    reference=_refine,
    cases=_pair_cases,
    mistakes=(
        Mistake(
            "the flow is replaced by what is left of it: add the new step to the flow so far",
            _repeated(lambda a, b, flow: ops.lucas_kanade(a, warp(b, flow))),
        ),
        Mistake(
            "the warped image is warped again by the whole flow: fetch image 2 itself in every round",
            _warped_again,
        ),
        Mistake(
            "this warps the warped image a little further, and blurs it each time: fetch image 2 itself, along the "
            "whole flow",
            _warped_by_steps,
        ),
        Mistake(
            "there is one round too few",
            lambda a, b, iterations: _refined(a, b, iterations - 1),
        ),
        Mistake(
            "there is one round too many",
            lambda a, b, iterations: _refined(a, b, iterations + 1),
        ),
        Mistake(
            "this stops after the first round: return after the loop, not in it",
            lambda a, b, iterations: _refined(a, b, 1),
        ),
        Mistake(
            "the wrong image is warped: the flow points from image 1 into image 2, so image 2 is fetched back",
            _repeated(lambda a, b, flow: flow + ops.lucas_kanade(warp(a, flow), b)),
        ),
        Mistake(
            "one image is compared with itself, and nothing is left to find: compare image 1 with image 2 fetched back",
            _repeated(lambda a, b, flow: flow + ops.lucas_kanade(a, warp(a, flow))),
        ),
        Mistake(
            "nothing is warped: each round measures the whole motion again",
            _repeated(lambda a, b, flow: flow + ops.lucas_kanade(a, b)),
        ),
        Mistake(
            "the image is warped the wrong way: fetch along the flow, not against it",
            _repeated(lambda a, b, flow: flow + ops.lucas_kanade(a, warp(b, -flow))),
        ),
        Mistake(
            "the step has the wrong sign: it goes from image 1 to the warped image 2, and is added",
            _repeated(lambda a, b, flow: flow - ops.lucas_kanade(a, warp(b, flow))),
        ),
    ),
    hints=(
        "Suppose the flow were perfect already. Which image would have to look like which, what would Lucas-Kanade "
        "find between them, and what should the new flow be?",
        "`warp(image2, flow)` fetches image 2 back to where image 1 is. `lucas_kanade(a, b)` returns the motion from "
        "`a` to `b`.",
        "`warped = warp(..., flow)`, `step = lucas_kanade(image1, ...)`, `flow = flow + ...`",
    ),
    points=2,
    rtol=1e-3,
    atol=1e-3,
)

# ---- 04.6 from a coarser level to a finer one -----------------------------------------------------------------------


def _upscale_cases(generator):
    def flow(batch, height, width):
        return 3 * torch.randn(batch, 2, height, width, generator=generator)

    return [
        Case("3 x 5 to 5 x 9: all gaps double", (flow(1, 3, 5), (5, 9))),
        Case("4 x 6 to 10 x 11: factors 3 and 2", (flow(2, 4, 6), (10, 11))),
        Case("5 x 4 to 5 x 10: wider only", (flow(1, 5, 4), (5, 10))),
        Case("9 x 7 to 5 x 4: to a coarser level", (flow(2, 9, 7), (5, 4))),
    ]


def _resized(flow, size, scale, align_corners=True):
    """A flow resized, its u and v multiplied by the pair `scale`."""
    resized = F.interpolate(flow, size=size, mode="bilinear", align_corners=align_corners)
    return resized * flow.new_tensor(scale).view(1, 2, 1, 1)


def _gaps(flow, size):
    """How many times as many gaps between columns, and between rows."""
    return [(size[1] - 1) / (flow.shape[3] - 1), (size[0] - 1) / (flow.shape[2] - 1)]


def _pixels(flow, size):
    """How many times as many columns, and rows: the wrong factors."""
    return [size[1] / flow.shape[3], size[0] / flow.shape[2]]


UPSCALE = Exercise(
    id="04.6",
    title="From a coarser level to a finer one",
    name="upscale",
    kind="function",
    reference=ops.resize_flow,
    cases=_upscale_cases,
    mistakes=(
        Mistake(
            "the vectors keep their length: in a picture with twice as many pixels, a motion has twice as many pixels",
            lambda flow, size: _resized(flow, size, [1.0, 1.0]),
        ),
        Mistake(
            "count the gaps between pixels, not the pixels: the factors are (W' - 1) / (W - 1) and (H' - 1) / (H - 1)",
            lambda flow, size: _resized(flow, size, _pixels(flow, size)),
        ),
        Mistake(
            "the factors are exchanged: u grows with the width, v with the height",
            lambda flow, size: _resized(flow, size, _gaps(flow, size)[::-1]),
        ),
        Mistake(
            "u and v have factors of their own: this takes that of the width for both",
            lambda flow, size: _resized(flow, size, [_gaps(flow, size)[0]] * 2),
        ),
        Mistake(
            "u and v have factors of their own: this takes that of the height for both",
            lambda flow, size: _resized(flow, size, [_gaps(flow, size)[1]] * 2),
        ),
        Mistake(
            "this always doubles: the factor is that of the sizes",
            lambda flow, size: _resized(flow, size, [2.0, 2.0]),
        ),
        Mistake(
            "rows and columns of `size` are exchanged: it is (rows, columns), so the new width is size[1]",
            lambda flow, size: _resized(flow, size, _gaps(flow, size[::-1])),
        ),
        Mistake(
            "the factor has lost its fraction: divide with /, not with //",
            lambda flow, size: _resized(flow, size, [float(int(g)) for g in _gaps(flow, size)]),
        ),
        Mistake(
            "u and v are multiplied after F.interpolate took the nearest vector: interpolate bilinearly",
            lambda flow, size: F.interpolate(flow, size=size) * flow.new_tensor(_gaps(flow, size)).view(1, 2, 1, 1),
        ),
        Mistake(
            "only u grows: v is multiplied by the factor of the heights",
            lambda flow, size: _resized(flow, size, [_gaps(flow, size)[0], 1.0]),
        ),
        Mistake(
            "only v grows: u is multiplied by the factor of the widths",
            lambda flow, size: _resized(flow, size, [1.0, _gaps(flow, size)[1]]),
        ),
        Mistake(
            "this counts pixels, not the gaps between them, and does so twice: the factors are (W' - 1) / (W - 1) and "
            "(H' - 1) / (H - 1), and align_corners=True interpolates between corner pixels",
            lambda flow, size: _resized(flow, size, _pixels(flow, size), align_corners=False),
        ),
        Mistake(
            "the vectors shrink where the picture grows: multiply by the factor instead of dividing",
            lambda flow, size: _resized(flow, size, [1 / g for g in _gaps(flow, size)]),
        ),
        Mistake(
            "interpolate with align_corners=True, so that corner pixels stay corner pixels, as in `warp`",
            lambda flow, size: _resized(flow, size, _gaps(flow, size), align_corners=False),
        ),
    ),
    hints=(
        "Two things change. The field gets more places, which are filled by interpolation. And a vector of 3 pixels "
        "of a coarse picture is how many pixels of the fine one?",
        '`F.interpolate(flow, size=size, mode="bilinear", align_corners=True)` makes the places. '
        "`tensor.view(1, 2, 1, 1)` lets a pair of factors multiply u and v.",
        "`across = (size[1] - 1) / (flow.shape[3] - 1)`, `down` likewise with rows; return "
        "`F.interpolate(...) * torch.tensor([across, ...]).view(1, 2, 1, 1)`.",
    ),
    points=2,
    forbidden=("course_lib.ops.flow.resize_flow", "course_lib.ops.flow.resize"),
)

# ---- 04.7 what is hidden --------------------------------------------------------------------------------------------


def _hidden(forward, backward):
    """What the exercise asks: `occlusion`, and what leaves the picture."""
    return ops.occlusion(forward, backward) | ~in_view(forward)


def _field_cases(generator):
    def noise(batch, height, width, scale):
        return scale * torch.randn(batch, 2, height, width, generator=generator)

    def nearly_opposite(batch, height, width, speed):
        """A uniform motion, its opposite, and errors of half a pixel or so in both."""
        motion = noise(batch, 1, 1, speed).expand(-1, -1, height, width)
        return motion + noise(batch, height, width, 0.4), noise(batch, height, width, 0.4) - motion

    square, back = torch.zeros(1, 2, 8, 9), torch.zeros(1, 2, 8, 9)
    square[:, 0, 2:4, 2:4], back[:, 0, 2:4, 4:6] = 2.0, -2.0
    return [
        Case("a square of 2 x 2 pixels moves right by 2", (square, back)),
        Case("slow, 2 fields of 8 x 11", nearly_opposite(2, 8, 11, 1.0)),
        Case("fast, 2 fields of 12 x 10", nearly_opposite(2, 12, 10, 4.0)),
        Case("fields that have nothing to do with each other", (noise(1, 9, 7, 2.0), noise(1, 9, 7, 2.0))),
        Case("long vectors: the tolerance grows with them", nearly_opposite(1, 60, 60, 12.0)),
    ]


def _both_lengths(forward, backward, back):
    return forward.square().sum(1) + back.square().sum(1)


def _flagged(
    gap=lambda f, b: f + b,
    fetch=lambda f, b: warp(b, f),
    alpha=0.01,
    beta=0.5,
    power=2,
    leaves=lambda f, b: ~in_view(f),
    lengths=_both_lengths,
):
    """The answer with one part replaced."""

    def hidden(forward, backward):
        back = fetch(forward, backward)
        left = gap(forward, back).square().sum(1)
        sizes, out = lengths(forward, backward, back), leaves(forward, backward)
        return (left ** (power / 2) > alpha * sizes + beta) | out

    return hidden


def _nothing_leaves(forward, backward):
    return torch.zeros_like(forward[:, 0], dtype=torch.bool)


def _without_brackets(forward, backward):
    gap = forward.square().sum(1)
    return gap > gap | ~in_view(forward)  # raises, as the learner's line does


HIDDEN = Exercise(
    id="04.7",
    title="What is hidden?",
    name="hidden",
    kind="function",
    reference=_hidden,
    cases=_field_cases,
    mistakes=(
        Mistake(
            "the backward flow is read at the same pixel: fetch it from where the forward flow points, with warp",
            _flagged(fetch=lambda f, b: b),
        ),
        Mistake(
            "the difference is taken: going and coming back cancel in the sum, forward + backward",
            _flagged(gap=lambda f, b: f - b),
        ),
        Mistake(
            "the wrong field is fetched: warp the backward flow along the forward flow",
            _flagged(fetch=lambda f, b: warp(f, b)),
        ),
        Mistake(
            "this marks what is seen: hidden is where the gap is *larger* than the tolerance",
            lambda f, b: ~ops.occlusion(f, b) | ~in_view(f),
        ),
        Mistake("what leaves the picture is missing: ~in_view(forward)", _flagged(leaves=_nothing_leaves)),
        Mistake(
            "this marks what stays in the picture: in_view is true there, so turn it around with ~",
            _flagged(leaves=lambda f, b: in_view(f)),
        ),
        Mistake(
            "the backward flow says nothing about what leaves: in_view(forward)",
            _flagged(leaves=lambda f, b: ~in_view(b)),
        ),
        Mistake(
            "this marks what is seen, all of it: the mask is true where something is hidden",
            lambda f, b: ~_flagged()(f, b),
        ),
        Mistake(
            "the tolerance grows with both vectors: the backward one is missing",
            _flagged(lengths=lambda f, b, back: f.square().sum(1)),
        ),
        Mistake(
            "the tolerance grows with both vectors: the forward one is missing",
            _flagged(lengths=lambda f, b, back: back.square().sum(1)),
        ),
        Mistake(
            "the tolerance takes the backward flow of the same pixel: take the one where you arrive, in both places",
            _flagged(lengths=lambda f, b, back: f.square().sum(1) + b.square().sum(1)),
        ),
        Mistake(
            "0.5 square pixels stand outside the bracket: only the lengths are multiplied by 0.01",
            _flagged(beta=0.005),
        ),
        Mistake("| binds tighter than >: put brackets around gap > tolerance", _without_brackets),
        Mistake("the constant 0.5 of the tolerance is missing", _flagged(beta=0.0)),
        Mistake("the part of the tolerance that grows with the vectors is missing", _flagged(alpha=0.0)),
        Mistake("the gap is not squared: the tolerance is in square pixels", _flagged(power=1)),
        Mistake(
            "one of the two conditions is enough: join them with |, not with &",
            lambda f, b: _flagged(leaves=_nothing_leaves)(f, b) & ~in_view(f),
        ),
    ),
    hints=(
        "Walk from a pixel along the forward flow. Where you arrive, read the backward flow and walk along it. If you "
        "are not back where you started, something was in between.",
        "`back = warp(backward, forward)` is the backward flow where you arrive. `x.square().sum(1)` is a squared "
        "length, (B, H, W). Two masks are joined by `|`, and `~` turns one around.",
        "`gap = (forward + ...).square().sum(1)`, `tolerance = 0.01 * (forward.square().sum(1) + ...) + 0.5`, "
        "`return (gap > ...) | ~in_view(...)`.",
    ),
    points=2,
    forbidden=("course_lib.ops.flow.occlusion",),
)

EXERCISES = (DERIVATIVES, SOLVE, EPE, WARP, REFINE, UPSCALE, HIDDEN)
