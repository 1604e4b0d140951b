"""One scale for the camera's path, so that it fits the depth of a network."""

import torch

from course_lib.errors import DataError, check_shape

ENOUGH = 0.3  # of a frame's pixels must have a depth from reconstruction, or the frame does not count


def scale_of_path(network_depth, measured_depth, enough=ENOUGH):
    """s, by which translations are multiplied: the mean over frames of the median of D_network / D_measured.

    CVD, Eq. 1. (The released code takes the medians of the inverse, and divides by their mean: the same up to the
    difference between a mean and a mean of inverses.)

    Args:
        network_depth: (T, H, W). measured_depth: (T, H, W) from a reconstruction such as COLMAP's, 0 where unknown.
        enough: frames with a smaller share of known pixels are left out.
    Returns:
        s, a float; and (T,) the frames' own s_i, nan where a frame was left out.
    Raises:
        DataError: if no frame has enough known pixels.
    """
    check_shape(network_depth, "T H W", "network_depth")
    known = (measured_depth > 0) & (network_depth > 0)
    scales = torch.full((len(known),), torch.nan)
    for i, mask in enumerate(known):
        if mask.float().mean() >= enough:
            scales[i] = (network_depth[i][mask] / measured_depth[i][mask]).median()
    if scales.isnan().all():
        raise DataError(
            f"No frame has a measured depth in at least {enough:.0%} of its pixels (the best has "
            f"{known.float().mean((1, 2)).max():.0%}): the reconstruction failed or is very sparse. Lower `enough`, or "
            "reconstruct again with more frames or more texture."
        )
    return scales[~scales.isnan()].mean().item(), scales
