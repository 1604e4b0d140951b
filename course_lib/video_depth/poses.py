"""Cameras from depth and flow: the reprojection loss, minimised over poses and deformation grids instead of the depth.

Kopf et al. 2021, Section 3.4: a pixel p of frame i with depth phi_i(p) d_i(p) is a point; seen from camera j it should
lie where flow says, at the depth that frame j has there. With the depth fixed, what makes it so is the cameras
theta^cam = {R_i, t_i, K_i} and the grids of factors phi_i. No structure from motion, no features: only what the depth
network and the flow network said.

*Differences from the released code*: it minimises with Ceres (sparse Levenberg-Marquardt), here L-BFGS does; it chooses
pixels by corner strength, here they are drawn at random from the trusted ones; it compares disparities by default
(`kind="disparity"`), here the paper's ratio is the default; it pulls each frame's median depth to 1, here only the mean
of all factors is held, since frames may differ. As there, offsets in the frame are in halves of its width and height,
and the squared length of the three residuals goes through Cauchy's loss with scale 0.5.
"""

from dataclasses import dataclass, field

import torch

from course_lib.errors import CourseError, DataError, check_shape
from course_lib.ops.camera import rigid, rotation_from_axis_angle
from course_lib.video_depth.deformation import finer, handles, scale_map, unevenness

KINDS = ("ratio", "log", "disparity", "euclidean")
CAUCHY = 0.5  # beyond this length of the residuals, a match counts ever less
STIFFNESS = 0.1  # of the grid, per edge: the released code's depthDeformRegFinal
NEAREST = 1e-3  # what is nearer, or behind a camera, counts as so near


@dataclass
class Matches:
    """Places that flow connects.

    Attributes:
        start, end: (M,) long, numbers of frames. pixels, other_pixels: (M, 2) of (x, y), in frame start and frame end.
        depth, other_depth: (M,) what the network says there. size: (H, W) of the frames. frames: how many there are.
    """

    start: torch.Tensor
    end: torch.Tensor
    pixels: torch.Tensor
    other_pixels: torch.Tensor
    depth: torch.Tensor
    other_depth: torch.Tensor
    size: tuple
    frames: int

    def __len__(self):
        return len(self.start)


def find_matches(depth, flows, masks, per_pair=400, seed=0):
    """Draw places from the trusted pixels of pairs of frames.

    Args:
        depth: (T, H, W), positive. flows: {(i, j): (2, H, W)} in pixels, i and j in any order.
        masks: {(i, j): (H, W) bool}: where the flow is trusted and shows nothing that moves.
        per_pair: how many at most. seed: of the drawing.
    Returns:
        Matches in float64.
    Raises:
        DataError: if a depth is not positive, or a frame takes part in no match.
    """
    sizes = check_shape(depth, "T H W", "depth")
    if not (depth > 0).all():
        raise DataError(f"The smallest depth is {depth.min():.3g}: expected more than 0. Is it log depth? Take .exp().")
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for (i, j), flow in sorted(flows.items()):
        rows, columns = masks[i, j].nonzero().T
        chosen = torch.randperm(len(rows), generator=generator)[:per_pair]
        rows, columns = rows[chosen], columns[chosen]
        pixels = torch.stack([columns, rows], 1).double()
        others = pixels + flow[:, rows, columns].T.double()
        there = [torch.full_like(rows, frame) for frame in (i, j)]
        parts.append((*there, pixels, others, depth[i, rows, columns].double(), _bilinear(depth[j].double(), others)))
    found = [torch.cat(columns) for columns in zip(*parts, strict=True)] if parts else [torch.empty(0)] * 6
    missing = set(range(sizes["T"])) - set(found[0].tolist()) - set(found[1].tolist())
    if missing:
        raise DataError(
            f"Frames {sorted(missing)} have no trusted match with any other, so nothing says where their cameras are. "
            "Is the mask of moving things too large, or the flow between neighbours too poor?"
        )
    return Matches(*found, (sizes["H"], sizes["W"]), sizes["T"])


def residuals(matches, K, poses, factor, other_factor, kind="ratio"):
    """How far geometry and flow are apart: two offsets in the frame and one in depth.

    Args:
        K: (T, 3, 3). poses: (T, 4, 4). factor, other_factor: (M,), by which the two depths are multiplied.
        kind: of the third: "ratio" (max / min - 1), "log" (the logarithm of z / z'), "disparity" (1 / z - 1 / z');
            "euclidean" is another loss: the distance in space between the two points, in place of all three.
    Returns:
        (M, 3).
    """
    i, j = matches.start, matches.end
    there = _point(matches.other_pixels, matches.other_depth * other_factor, K[j])
    world = _turned(poses[i], _point(matches.pixels, matches.depth * factor, K[i])) + poses[i, :3, 3]
    seen = _turned(poses[j].transpose(1, 2), world - poses[j, :3, 3])
    if kind == "euclidean":
        return seen - there
    z, other = (points[:, 2].clamp(min=NEAREST) for points in (seen, there))
    focal, middle = K[j][:, (0, 1), (0, 1)], K[j][:, :2, 2]
    half = focal.new_tensor([matches.size[1] / 2, matches.size[0] / 2])
    offset = (seen[:, :2] / z[:, None] * focal + middle - matches.other_pixels) / half
    if kind == "ratio":
        apart = torch.maximum(z, other) / torch.minimum(z, other) - 1
    elif kind == "log":
        apart = (z / other).log()
    else:
        apart = 1 / z - 1 / other
    return torch.cat([offset, apart[:, None]], 1)


def cauchy(squares, scale=CAUCHY):
    """scale^2 log(1 + s / scale^2): for small s it is s, and large ones, the outliers, hardly pull."""
    return scale**2 * torch.log1p(squares / scale**2)


@dataclass
class Solution:
    """Cameras and grids.

    Attributes:
        poses: (T, 4, 4), the first one the identity. K: (T, 3, 3). nodes: (T, rows, columns) factors. loss: float.
        stages: the solutions of the coarser grids before this one.
    """

    poses: torch.Tensor
    K: torch.Tensor
    nodes: torch.Tensor
    loss: float
    stages: list = field(default_factory=list, repr=False)

    def deformed(self, depth):
        """phi_i(p) d_i(p): (T, H, W) -> (T, H, W)."""
        return depth * scale_map(self.nodes.to(depth), depth.shape[1:])


def solve(matches, K, grids=((1, 1),), *, kind="ratio", steps=200, stiffness=STIFFNESS, free_focal=False,
          hold_scale=1.0):  # fmt: skip
    """Find the cameras, and the factors of the grids, from coarse to fine.

    Starts from cameras that all stand in one place and from factors of 1; each grid starts where the one before ended.

    Args:
        matches: of `find_matches`. K: (3, 3), or (T, 3, 3).
        grids: (rows, columns) of each stage: (1, 1) is one factor per frame; `deformation.coarse_to_fine` gives the
            paper's. kind: as for `residuals`. steps: of L-BFGS, per stage at most.
        stiffness: of the grid. free_focal: whether each frame's focal length is found, too (both directions by the
            same factor, held to the given one with weight 1, as in the released code).
        hold_scale: weight of (mean log factor)^2. Nothing else knows the unit of the scene; 0 lets it go where it will.
    Returns:
        Solution, in the dtype of K.
    Raises:
        CourseError: if the kind is unknown. DataError: if what is found is not finite.
    """
    if kind not in KINDS:
        raise CourseError(f"There is no kind {kind!r} of depth residual. There are: {', '.join(KINDS)}.")
    frames = matches.frames
    cameras = K.double().expand(frames, 3, 3)
    motion = torch.zeros(frames - 1, 6, dtype=torch.float64)
    focal = torch.zeros(frames, dtype=torch.float64)
    logs = torch.zeros(frames, 1, 1, dtype=torch.float64)
    stages = []
    for shape in grids:
        logs = finer(logs.exp(), shape).log()
        ours, theirs = (_Handles(matches, side, shape) for side in ("start", "end"))
        variables = [motion.requires_grad_(), logs.requires_grad_()] + [focal.requires_grad_()] * free_focal

        def loss(motion=motion, logs=logs, focal=focal, ours=ours, theirs=theirs):
            nodes = logs.exp()
            apart = residuals(matches, _zoomed(cameras, focal), _poses(motion), ours(nodes), theirs(nodes), kind)
            bent = (stiffness * unevenness(nodes)).square().sum() if nodes[0].numel() > 1 else 0
            held = hold_scale * len(matches) * logs.mean().square() + focal.square().sum()  # of ratios, as the rest
            return (cauchy(apart.square().sum(1)).sum() + bent + held) / len(matches)

        value = _minimise(loss, variables, steps)
        motion, logs, focal = (v.detach() for v in (motion, logs, focal))
        parts = _poses(motion), _zoomed(cameras, focal), logs.exp()
        if not all(part.isfinite().all() for part in parts):
            raise DataError(f"The {kind} loss ran away in the grid {shape}: matches of moving things, or wrong flow?")
        stages.append(Solution(*(part.to(K.dtype) for part in parts), value))
    stages[-1].stages = stages[:-1]
    return stages[-1]


class _Handles:
    """The factors at the matches' places in the frames of one side; which nodes they hang on is found once."""

    def __init__(self, matches, side, shape):
        pixels = matches.pixels if side == "start" else matches.other_pixels
        numbers, self.weights = handles(pixels, matches.size, shape)
        self.numbers = numbers + getattr(matches, side)[:, None] * shape[0] * shape[1]

    def __call__(self, nodes):
        return (nodes.flatten()[self.numbers] * self.weights).sum(1)


def _minimise(loss, variables, steps):
    optimizer = torch.optim.LBFGS(
        variables, max_iter=steps, history_size=20, tolerance_grad=1e-9, tolerance_change=1e-12,
        line_search_fn="strong_wolfe"
    )  # fmt: skip

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
    with torch.no_grad():
        return loss().item()


def _poses(motion):
    """(T - 1, 6), axis angle and position, to (T, 4, 4); the first camera is where the world begins."""
    whole = torch.cat([torch.zeros_like(motion[:1]), motion])
    return rigid(rotation_from_axis_angle(whole[:, :3]), whole[:, 3:])


def _zoomed(K, focal):
    """Both focal lengths of each frame times exp(focal): (T, 3, 3), (T,)."""
    which = K.new_zeros(3, 3)
    which[0, 0] = which[1, 1] = 1
    return K * (1 + which * (focal.exp()[:, None, None] - 1))


def _point(pixels, depth, K):
    """(M, 2), (M,), (M, 3, 3) -> (M, 3) in the camera's axes."""
    flat = (pixels - K[:, :2, 2]) / K[:, (0, 1), (0, 1)]
    return torch.cat([flat, torch.ones_like(flat[:, :1])], 1) * depth[:, None]


def _turned(matrices, points):
    return (matrices[:, :3, :3] @ points[..., None])[..., 0]


def _bilinear(image, places):
    """(H, W), (M, 2) -> (M,); outside, the border's value."""
    numbers, weights = handles(places, image.shape, image.shape)
    return (image.flatten()[numbers] * weights).sum(1)
