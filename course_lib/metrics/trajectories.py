"""How far is an estimated path of a camera from the true one?

A path that was found from pictures alone has a world of its own: another origin, other axes, and another unit. So it
is first laid upon the true path by the rotation, translation and scale that fit its *positions* best (S. Umeyama,
"Least-squares estimation of transformation parameters between two point patterns", TPAMI 1991). What is left is the
absolute trajectory error (ATE). The relative pose error (RPE) compares steps from frame to frame: it sees how much is
wrong per step, where the ATE sees what has added up. Both are those of J. Sturm et al., "A benchmark for the evaluation
of RGB-D SLAM systems", IROS 2012.

Poses are (T, 4, 4), camera to world, as everywhere in the course.
"""

from dataclasses import dataclass

import torch

from course_lib.errors import DataError, ShapeError, check_shape
from course_lib.ops.camera import relative


@dataclass
class Similarity:
    """X -> scale * rotation X + translation: scale a float, rotation (3, 3), translation (3,)."""

    scale: float
    rotation: torch.Tensor
    translation: torch.Tensor

    def points(self, points):
        """(..., 3) -> (..., 3)"""
        return self.scale * points.to(self.rotation) @ self.rotation.T + self.translation

    def poses(self, poses):
        """(..., 4, 4) -> (..., 4, 4): the cameras are turned and moved; they stay rigid."""
        moved = poses.to(self.rotation).clone()
        moved[..., :3, :3] = self.rotation @ moved[..., :3, :3]
        moved[..., :3, 3] = self.points(poses[..., :3, 3])
        return moved


def best_similarity(points, truth, scale=True):
    """The motion, and with `scale` also the scale, that brings `points` closest to `truth` (least squares).

    Args:
        points, truth: (T, 3). scale: False for a rotation and a translation alone, where the unit is known.
    Returns:
        Similarity, in float64.
    Raises:
        ShapeError: if the two differ in shape.
        DataError: if there are fewer than three points, or `points` are all in one place.
    """
    if points.shape != truth.shape or points.ndim != 2 or points.shape[1] != 3:
        raise ShapeError(f"points {tuple(points.shape)} and truth {tuple(truth.shape)}: expected (T, 3) twice.")
    if len(points) < 3:
        raise DataError(f"{len(points)} positions do not determine a rotation: expected at least 3.")
    points, truth = points.double(), truth.double()
    middle, true_middle = points.mean(0), truth.mean(0)
    centered, true_centered = points - middle, truth - true_middle
    spread = centered.square().sum()
    if spread < 1e-20:
        raise DataError("The estimated camera never moves: no rotation or scale lays a single place upon a path.")
    U, S, Vh = torch.linalg.svd(true_centered.T @ centered)
    proper = torch.ones(3, dtype=torch.float64)
    proper[2] = torch.sign(torch.linalg.det(U @ Vh))  # a reflection would fit some noisy paths better
    rotation = U @ torch.diag(proper) @ Vh
    factor = ((S * proper).sum() / spread).item() if scale else 1.0
    return Similarity(factor, rotation, true_middle - factor * rotation @ middle)


def absolute_error(poses, truth, scale=True):
    """ATE: the root of the mean squared distance between the positions, after `best_similarity`.

    Args:
        poses, truth: (T, 4, 4). scale: whether the estimate has a unit of its own.
    Returns:
        float, in the unit of the truth.
    """
    points, true_points = _positions(poses, truth)
    laid = best_similarity(points, true_points, scale).points(points)
    return (laid - true_points).square().sum(1).mean().sqrt().item()


def relative_error(poses, truth, step=1, scale=True):
    """RPE: how wrong the motion over `step` frames is.

    Args:
        poses, truth: (T, 4, 4). step: how many frames a motion takes.
        scale: whether the estimate has a unit of its own; then it gets the scale of `best_similarity`.
    Returns:
        two floats: the root mean square of the wrong translations in the truth's unit, and of the wrong angles in
        degrees.
    Raises:
        DataError: if the path has no `step` frames.
    """
    points, true_points = _positions(poses, truth)
    if not 1 <= step < len(poses):
        raise DataError(f"step is {step}, expected 1 to {len(poses) - 1} for {len(poses)} poses.")
    poses = best_similarity(points, true_points, scale).poses(poses)
    truth = truth.double()
    wrong = relative(relative(poses[step:], poses[:-step]), relative(truth[step:], truth[:-step]))
    translations = wrong[:, :3, 3].square().sum(1).mean().sqrt()
    return translations.item(), torch.rad2deg(_angles(wrong[:, :3, :3]).square().mean().sqrt()).item()


def path_length(poses):
    """Length of a camera's way in the poses' unit: to judge an ATE by."""
    return (poses[1:, :3, 3] - poses[:-1, :3, 3]).norm(dim=1).sum().item()


def _positions(poses, truth):
    for name, given in (("poses", poses), ("truth", truth)):
        check_shape(given, "T 4 4", name)
    return poses[:, :3, 3].double(), truth[:, :3, 3].double()


def _angles(rotations):
    """Angles of rotations (N, 3, 3), exact also near 0, where the arc cosine of the trace is not."""
    twist = rotations - rotations.transpose(1, 2)
    sine = torch.stack([twist[:, 2, 1], twist[:, 0, 2], twist[:, 1, 0]], 1).norm(dim=1) / 2
    return torch.atan2(sine, (rotations.diagonal(dim1=1, dim2=2).sum(1) - 1) / 2)
