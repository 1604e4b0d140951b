"""Dense trajectories: points on a grid, carried along by the flow for L frames, without those that say nothing.

H. Wang, A. Klaeser, C. Schmid, C.-L. Liu. Dense trajectories and motion boundary descriptors for action recognition.
IJCV 2013. H. Wang, C. Schmid. Action recognition with improved trajectories. ICCV 2013 (the stabilisation).

A point goes from frame t to frame t + 1 with the flow that is read where it is, after a median filter:

    (x, y)_{t+1} = (x, y)_t + (median * flow_t)(round x, round y)

The median keeps points near the border of a moving thing from being torn between two motions. After L steps a
trajectory is complete. It is thrown away if the thing did not move by itself (only the camera did), or if it jumped:
then the flow was wrong.

Differences from the authors' code: one spatial scale, as lecture 07 needs; the camera is estimated from the flow at
corners alone, without SURF matches and without a detector of people; the stabilised motion is computed from the flow
and the homography instead of from a second flow.
"""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.ops.filters import median_filter
from course_lib.ops.flow import eigenvalues, spatial_gradients, structure_tensor
from course_lib.ops.warp import pixel_grid

LENGTH = 15  # L: steps of a trajectory
SPACING = 5  # pixels between grid points
QUALITY = 0.001  # a grid point needs this share of the frame's strongest corner
STILL = 1.0  # pixels: a trajectory whose longest step, without the camera's, is shorter has not moved
VOTERS = 150  # corners that vote for a camera; the library's last fit takes a time that grows with their square
JUMP, SHARE = 20.0, 0.7  # a step longer than JUMP pixels that is more than this SHARE of the whole path is an error


@dataclass(frozen=True)
class Trajectories:
    """K trajectories of L steps from a batch of clips.

    points: (K, L + 1, 2) positions (x, y) in pixels; pixel centres lie at whole numbers. The first L are read by the
        descriptors; the last is where the last step ends.
    start: (K,) long, the frame of the first point. clip: (K,) long, which clip of the batch.
    steps: (K, L, 2) the displacements, less the camera's where that is known.
    """

    points: torch.Tensor
    start: torch.Tensor
    clip: torch.Tensor
    steps: torch.Tensor

    def __len__(self):
        return len(self.points)

    def __getitem__(self, chosen):
        """The chosen ones: an index tensor, a mask or a slice."""
        return Trajectories(self.points[chosen], self.start[chosen], self.clip[chosen], self.steps[chosen])

    @property
    def shape(self):
        """(K, 2 L) the trajectory's shape: its displacements, divided by the length of the whole path."""
        length = self.steps.norm(dim=2).sum(1).clamp_min(1e-6)
        return self.steps.flatten(1) / length.unsqueeze(1)


def corner_strength(grey, sigma=1.0):
    """The smaller eigenvalue of the structure tensor, large at corners: (B, 1, H, W) grey -> (B, H, W)."""
    check_shape(grey, "B 1 H W", "grey")
    return eigenvalues(*structure_tensor(*spatial_gradients(grey), sigma))[1][:, 0]


def grid_corners(grey, spacing=SPACING, quality=QUALITY):
    """Which places of a grid are worth a trajectory.

    Args:
        grey: (B, 1, H, W).
        spacing: pixels between grid points; the first lies at spacing // 2.
        quality: the corner strength needed, as a share of the strongest in the same frame.
    Returns:
        bool (B, rows, columns): grid place (i, j) is the pixel (x, y) = (j, i) * spacing + spacing // 2.
    """
    strength = corner_strength(grey)
    there = strength[:, spacing // 2 :: spacing, spacing // 2 :: spacing]
    return there > quality * strength.amax((1, 2), keepdim=True)


def read_flow(flow, points, clip):
    """The flow at the pixel nearest to each point: (B, 2, H, W), (N, 2), (N,) -> (N, 2). Outside, the border counts."""
    height, width = flow.shape[2:]
    column, row = nearest_pixel(points, height, width)
    return flow[clip, :, row, column]


def nearest_pixel(points, height, width):
    """Column and row, each (...,) long, of the pixel nearest to each point of (..., 2); clamped to the frame."""
    column, row = (points + 0.5).floor().long().unbind(-1)
    return column.clamp(0, width - 1), row.clamp(0, height - 1)


def tracking_step(points, clip, flow):
    """Carry points along by one frame, with a median of 3 x 3 over the flow.

    Args:
        points: (N, 2), (x, y) in pixels. clip: (N,) long, the clip of each. flow: (B, 2, H, W) in pixels.
    Returns:
        (N, 2).
    """
    check_shape(points, "N 2", "points")
    check_shape(flow, "B 2 H W", "flow")
    return points + read_flow(median_filter(flow, 1), points, clip)


def track(grey, flow, *, length=LENGTH, spacing=SPACING, quality=QUALITY, homographies=None):
    """All trajectories of `length` steps in a batch of clips.

    In every frame, each grid place with a corner on it starts a new trajectory, unless one that is under way lies in
    its square.

    Args:
        grey: (B, T, H, W) in 0..1. flow: (B, T - 1, 2, H, W), field t from frame t to t + 1, in pixels.
        length: L. spacing, quality: see `grid_corners`.
        homographies: (B, T - 1, 3, 3) of the camera, from `camera_homographies`; None: the camera stands still.
    Returns:
        Trajectories, those of all clips together, in the order in which they start. They may still stand or jump: see
        `moving`.
    Raises:
        ShapeError: if grey and flow do not fit together.
        CourseError: if there are fewer than `length` flow fields.
    """
    sizes = check_shape(grey, "B T H W", "grey")
    fields = check_shape(flow, "B T 2 H W", "flow")
    if {**fields, "T": fields["T"] + 1} != sizes:
        raise ShapeError(
            f"grey has shape {tuple(grey.shape)} and flow {tuple(flow.shape)}: expected the same B, H and W, and one "
            "field less than frames."
        )
    batch, frames, height, width = sizes.values()
    if frames <= length:
        raise CourseError(
            f"a trajectory of {length} steps needs {length + 1} frames, the clips have {frames}: take a smaller length"
        )
    smooth = median_filter(flow.flatten(0, 1), 1).unflatten(0, (batch, frames - 1))
    rows, columns = (len(range(spacing // 2, n, spacing)) for n in (height, width))
    corners = grid_corners(grey.flatten(0, 1).unsqueeze(1), spacing, quality).unflatten(0, (batch, frames))

    done = []
    way = grey.new_zeros(0, length + 1, 2)  # positions so far of the trajectories under way
    start, clip = (torch.zeros(0, dtype=torch.long, device=grey.device) for _ in range(2))
    for t in range(frames):
        age = t - start
        here = way[torch.arange(len(way), device=grey.device), age]
        inside = (here >= 0).all(1) & (here[:, 0] <= width - 1) & (here[:, 1] <= height - 1)
        complete, going = inside & (age == length), inside & (age < length)
        done.append((way[complete], start[complete], clip[complete]))
        way, start, clip, here = way[going], start[going], clip[going], here[going]

        if t + length < frames:  # a later start could not be completed
            free = corners[:, t].clone()
            column, row = (here / spacing).floor().long().unbind(1)
            free[clip, row.clamp_max(rows - 1), column.clamp_max(columns - 1)] = False
            new_clip, row, column = free.nonzero(as_tuple=True)
            new = way.new_zeros(len(new_clip), length + 1, 2)
            new[:, 0] = torch.stack([column, row], 1) * spacing + spacing // 2
            way, clip = torch.cat([way, new]), torch.cat([clip, new_clip])
            start, here = torch.cat([start, torch.full_like(new_clip, t)]), torch.cat([here, new[:, 0]])
        if t < frames - 1:
            way[torch.arange(len(way), device=grey.device), t - start + 1] = here + read_flow(smooth[:, t], here, clip)
    points, start, clip = (torch.cat(parts) for parts in zip(*done, strict=True))
    steps = points[:, 1:] - points[:, :-1]
    if homographies is not None:
        moment = start.unsqueeze(1) + torch.arange(length, device=grey.device)  # (K, L)
        steps = without_camera(points[:, :-1], steps, homographies[clip.unsqueeze(1), moment])
    return Trajectories(points, start, clip, steps)


def moving(trajectories, *, still=STILL, jump=JUMP, share=SHARE):
    """Which trajectories moved by themselves and did not jump.

    Args:
        trajectories: a `Trajectories`; its steps should be free of the camera's motion.
        still: pixels; the longest step must be at least so long.
        jump, share: a step that is longer than `jump` pixels and makes up more than `share` of the path is an error.
    Returns:
        bool (K,).
    """
    lengths = trajectories.steps.norm(dim=2)  # (K, L)
    longest, whole = lengths.amax(1), lengths.sum(1)
    return (longest >= still) & ~((longest > jump) & (longest > share * whole))


def without_camera(points, steps, homography):
    """What is left of a displacement when the camera's motion is undone: H^-1 (p + d) - p.

    Args:
        points, steps: (..., 2) in pixels. homography: (..., 3, 3), takes background points of frame t to frame t + 1.
    Returns:
        (..., 2): 0 for what moves with the background.
    """
    return project(torch.linalg.inv(homography), points + steps) - points


def project(homography, points):
    """Apply homographies (..., 3, 3) to points (..., 2), (x, y) in pixels: (..., 2)."""
    x, y, w = (homography @ torch.cat([points, torch.ones_like(points[..., :1])], -1).unsqueeze(-1))[..., 0].unbind(-1)
    return torch.stack([x / w, y / w], -1)


def stabilised(flow, homographies):
    """The flow without the camera's motion: (B, T - 1, 2, H, W), (B, T - 1, 3, 3) -> (B, T - 1, 2, H, W)."""
    check_shape(flow, "B T 2 H W", "flow")
    points = pixel_grid(*flow.shape[3:], flow.device, flow.dtype).permute(1, 2, 0)
    left = without_camera(points, flow.permute(0, 1, 3, 4, 2), homographies[:, :, None, None])
    return left.permute(0, 1, 4, 2, 3)


def camera_homographies(
    grey, flow, *, spacing=SPACING, quality=QUALITY, tolerance=1.0, trials=100, steady=False, seed=0
):
    """The camera's motion between neighbouring frames: the homography that most corners agree with (RANSAC).

    Args:
        grey: (B, T, H, W). flow: (B, T - 1, 2, H, W) in pixels.
        spacing, quality: which corners may vote; of many, 150 drawn at random do.
        tolerance: pixels by which a corner may miss and still agree.
        trials: most samples of four corners that are tried; it ends earlier when a better model has become unlikely.
        steady: the camera moves alike in all frames (a pan): all pairs of a clip vote for one homography together.
        seed: of the samples.
    Returns:
        (B, T - 1, 3, 3), the identity where there are fewer than 8 corners or no model is found. Equal motion of most
        corners is taken for the camera's, so something that fills the frame is mistaken for it.
    """
    batch, frames = grey.shape[:2]
    corners = grid_corners(grey[:, :-1].flatten(0, 1).unsqueeze(1), spacing, quality).unflatten(0, (batch, frames - 1))
    found = torch.eye(3, device=flow.device, dtype=flow.dtype).repeat(batch, frames - 1, 1, 1)
    groups = [(b, slice(None) if steady else slice(t, t + 1)) for b in range(batch)
              for t in range(1 if steady else frames - 1)]  # fmt: skip
    random = np.random.default_rng(seed)
    for group in groups:
        there = corners[group].nonzero()
        pair, row, column = there[random.permutation(len(there))[:VOTERS]].unbind(1)
        row, column = (n * spacing + spacing // 2 for n in (row, column))
        begin = torch.stack([column, row], 1).to(flow)
        found[group] = _homography(begin, begin + flow[group][pair, :, row, column], tolerance, trials, random).to(flow)
    return found


def _homography(begin, end, tolerance, trials, random):
    """The homography from (N, 2) points to (N, 2) points that most of them agree with: (3, 3)."""
    from skimage.measure import ransac
    from skimage.transform import ProjectiveTransform

    if len(begin) < 8:
        return torch.eye(3)
    pair = [points.double().cpu().numpy() for points in (begin, end)]
    with np.errstate(divide="ignore", invalid="ignore"):  # four corners on one line give no model, and another try
        model, _ = ransac(
            pair, ProjectiveTransform, min_samples=4, residual_threshold=tolerance, max_trials=trials,
            stop_probability=0.99, rng=random,
        )  # fmt: skip
    found = model and np.isfinite(model.params).all() and abs(np.linalg.det(model.params)) > 1e-6
    return torch.from_numpy(model.params / model.params[2, 2]) if found else torch.eye(3)
