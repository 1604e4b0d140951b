"""How far are estimated flow vectors from the true ones?"""

from course_lib.errors import ShapeError, check_shape


def endpoint_error(flow, truth, valid=None):
    """EPE: the mean distance between the end points of the estimated and the true flow vectors.

    Args:
        flow, truth: (B, 2, H, W) in pixels; channel 0 is u (right), channel 1 is v (down).
        valid: (B, H, W) bool, where to measure; by default everywhere.
    Returns:
        float, pixels.
    Raises:
        ShapeError: if the shapes do not fit together, or no pixel is valid.
    """
    return _distances(flow, truth, valid)[0].mean().item()


def flow_outliers(flow, truth, valid=None, pixels=3.0, share=0.05):
    """Fl of the KITTI benchmark: share of vectors that are wrong by more than 3 pixels and by more than 5 %.

    Args:
        flow, truth, valid: as for `endpoint_error`.
        pixels, share: what counts as wrong: an error above both `pixels` and `share` of the true length.
    Returns:
        float in 0..1.
    """
    error, length = _distances(flow, truth, valid)
    return ((error > pixels) & (error > share * length)).float().mean().item()


def _distances(flow, truth, valid):
    """Errors and true lengths in pixels, each (N,), at the N valid pixels."""
    sizes = check_shape(flow, "B 2 H W", "flow")
    if check_shape(truth, "B 2 H W", "truth") != sizes:
        raise ShapeError(
            f"flow has shape {tuple(flow.shape)}, truth {tuple(truth.shape)}: they must be equal. "
            "Flow from a smaller image must be resized, and its vectors multiplied by the same factor."
        )
    error, length = (flow - truth).norm(dim=1), truth.norm(dim=1)  # (B, H, W)
    if valid is None:
        return error.flatten(), length.flatten()
    if check_shape(valid, "B H W", "valid") != sizes:
        raise ShapeError(f"valid has shape {tuple(valid.shape)}, expected {tuple(error.shape)}, as flow has.")
    if not valid.any():
        raise ShapeError("No pixel is valid, so there is nothing to average. Is the mask turned around?")
    return error[valid], length[valid]
