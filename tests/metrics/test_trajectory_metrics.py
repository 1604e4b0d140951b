"""ATE and RPE: against scikit-image's own alignment, and by hand."""

import numpy as np
import pytest
import torch
from skimage.transform import EuclideanTransform, SimilarityTransform

from course_lib.errors import DataError, ShapeError
from course_lib.metrics.trajectories import absolute_error, best_similarity, path_length, relative_error
from course_lib.ops.camera import rigid, rotation_from_axis_angle


def path(frames=20, seed=0):
    """A smooth path of cameras that turn."""
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(frames, dtype=torch.float64)[:, None] / 6
    phase = 6 * torch.rand(6, generator=generator, dtype=torch.float64)
    waves = torch.sin(time * torch.linspace(0.6, 1.4, 6, dtype=torch.float64) + phase)
    return rigid(rotation_from_axis_angle(0.4 * waves[:, :3]), 2 * waves[:, 3:])


def moved(poses, scale, vector, shift):
    """The same path in another world: other axes, another origin, another unit."""
    rotation = rotation_from_axis_angle(torch.tensor(vector, dtype=torch.float64))
    return rigid(rotation @ poses[:, :3, :3], scale * poses[:, :3, 3] @ rotation.T + torch.tensor(shift).double())


def noisy(poses, size=0.05, seed=3):
    noise = size * torch.randn(len(poses), 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return rigid(poses[:, :3, :3], poses[:, :3, 3] + noise)


def test_another_world_is_no_error():
    truth = path()
    estimate = moved(truth, 0.3, (0.5, -2.0, 1.0), (4, 5, -6))
    assert absolute_error(estimate, truth) < 1e-9
    translation, degrees = relative_error(estimate, truth)
    assert translation < 1e-9 and degrees < 1e-6
    assert absolute_error(estimate, truth, scale=False) > 0.5
    assert absolute_error(moved(truth, 1.0, (0.1, 0.2, 0.3), (1, 2, 3)), truth, scale=False) < 1e-9


@pytest.mark.filterwarnings("ignore:`estimate` is deprecated:FutureWarning")
@pytest.mark.parametrize("scale", [True, False])
def test_the_alignment_is_that_of_scikit_image(scale):
    truth, estimate = path(), noisy(moved(path(), 0.6, (0.2, 0.3, -1.0), (1, 0, 2)), 0.1)
    kind = SimilarityTransform if scale else EuclideanTransform
    points, target = estimate[:, :3, 3].numpy(), truth[:, :3, 3].numpy()
    peer = kind(dimensionality=3)
    peer.estimate(points, target)
    rmse = np.sqrt(((peer(points) - target) ** 2).sum(1).mean())
    assert absolute_error(estimate, truth, scale) == pytest.approx(rmse, rel=1e-9)
    found = best_similarity(estimate[:, :3, 3], truth[:, :3, 3], scale)
    assert np.allclose(found.scale * found.rotation.numpy(), peer.params[:3, :3])


def test_a_mirrored_path_is_not_turned_inside_out():
    truth = path()
    mirrored = truth.clone()
    mirrored[:, 0, 3] *= -1
    found = best_similarity(mirrored[:, :3, 3], truth[:, :3, 3])
    assert torch.linalg.det(found.rotation).item() == pytest.approx(1) and absolute_error(mirrored, truth) > 0.1


def test_relative_error_by_hand():
    """A camera that goes 1 m per frame to the right; the estimate turns by 2 degrees more with each frame."""
    truth = torch.eye(4, dtype=torch.float64).repeat(5, 1, 1)
    truth[:, 0, 3], truth[2, 1, 3] = torch.arange(5.0), 0.5
    turned = truth.clone()
    vectors = torch.deg2rad(torch.tensor([[0.0, 2 * n, 0] for n in range(5)], dtype=torch.float64))
    turned[:, :3, :3] = rotation_from_axis_angle(vectors)
    assert relative_error(turned, truth, scale=False)[1] == pytest.approx(2.0, rel=1e-6)
    assert relative_error(turned, truth, step=3, scale=False)[1] == pytest.approx(6.0, rel=1e-6)
    assert absolute_error(turned, truth) < 1e-9  # positions alone say nothing about directions
    jump = truth.clone()
    jump[4, 2, 3] = 3.0  # one wrong step of four
    assert relative_error(jump, jump)[0] < 1e-9 < relative_error(jump, truth, scale=False)[0]


def test_errors_add_up_along_a_path_and_steps_do_not_see_it():
    truth = path(60)
    drift = truth.clone()
    drift[:, 0, 3] += 0.02 * torch.arange(60)
    assert relative_error(drift, truth, scale=False)[0] < 0.03 < absolute_error(drift, truth, scale=False)


def test_length():
    poses = torch.eye(4).repeat(3, 1, 1)
    poses[1, 0, 3], poses[2, 0, 3], poses[2, 1, 3] = 3, 3, 4
    assert path_length(poses) == pytest.approx(7)


def test_trajectory_errors():
    with pytest.raises(ShapeError, match="expected .T, 3. twice"):
        best_similarity(torch.zeros(4, 3), torch.zeros(5, 3))
    with pytest.raises(ShapeError, match="poses"):
        absolute_error(torch.zeros(4, 3), path(4))
    with pytest.raises(DataError, match="at least 3"):
        absolute_error(path(2), path(2))
    with pytest.raises(DataError, match="never moves"):
        absolute_error(torch.eye(4).repeat(5, 1, 1), path(5))
    with pytest.raises(DataError, match="step is 5"):
        relative_error(path(5), path(5), step=5)
