"""PCK, the measure of correspondences: the Percentage of Correct Keypoints."""

import torch

from course_lib.errors import ShapeError


def pck(predicted, truth, threshold):
    """Share of points that lie at most `threshold` from the truth.

    Args:
        predicted, truth: (..., N, 2), x then y, in pixels.
        threshold: pixels: a number, or a tensor with one for every point or every picture, (..., N) or (..., 1).
            For semantic correspondences it is a share of the object: `alpha * boxes.amax(-1, keepdim=True)`.
    Returns:
        float in 0..1.
    Raises:
        ShapeError: if the two differ, or hold no point.
    """
    if predicted.shape != truth.shape or predicted.shape[-1:] != (2,) or not predicted.numel():
        raise ShapeError(
            f"predicted has shape {tuple(predicted.shape)}, truth {tuple(truth.shape)}: expected (..., N, 2) twice, "
            "with at least one point."
        )
    error = (predicted - truth).norm(dim=-1)  # (..., N)
    return (error <= torch.as_tensor(threshold, device=error.device)).double().mean().item()
