"""Errors that teach: what was expected, what came, the likely cause, the next step."""

from itertools import permutations


class CourseError(Exception):
    """Base of every error that the course raises on purpose. The command line prints it without a traceback."""


class ShapeError(CourseError, ValueError):
    """A tensor has another shape than the function needs."""


class VideoError(CourseError, ValueError):
    """A video cannot be read or written as asked."""


class DataError(CourseError, RuntimeError):
    """A data set is missing, damaged or laid out differently from what its reader expects."""


def check_shape(tensor, pattern, name="tensor"):
    """Check a tensor against a pattern of shape letters and return the sizes.

    Args:
        tensor: anything with `.shape`.
        pattern: axes by name, such as "B C T H W". A digit fixes a size ("B 2 H W"); a letter that occurs twice
            must have one size; a leading "*" stands for any number of axes.
        name: what the caller calls this tensor.
    Returns:
        dict from letter to size.
    Raises:
        ShapeError: names the expected axes and the actual shape, and the permutation that would fit, if one does.
    """
    if not hasattr(tensor, "shape"):
        raise ShapeError(f"{name} is a {type(tensor).__name__}, expected a tensor of shape ({_commas(pattern)}).")
    sizes = _match(tuple(tensor.shape), pattern)
    if sizes is None:
        cause = _likely_cause(tensor.shape, pattern)
        raise ShapeError(f"{name} has shape {tuple(tensor.shape)}, expected ({_commas(pattern)}){cause}")
    return sizes


def _commas(pattern):
    return ", ".join(pattern.split())


def _match(shape, pattern):
    axes = pattern.split()
    if axes[0] == "*":
        axes = axes[1:]
        if len(shape) < len(axes):
            return None
        shape = shape[len(shape) - len(axes) :]
    if len(shape) != len(axes):
        return None
    sizes = {}
    for axis, size in zip(axes, shape, strict=True):
        expected = int(axis) if axis.isdigit() else sizes.setdefault(axis, size)
        if expected != size:
            return None
    return sizes


def _likely_cause(shape, pattern):
    """One hint: a missing or extra axis, or a permutation of the axes that fits where the present order does not."""
    axes = [a for a in pattern.split() if a != "*"]
    if "*" not in pattern and len(shape) == len(axes) - 1 and axes[0] == "B":
        return ": is the batch axis missing? Try .unsqueeze(0)."
    if "*" not in pattern and len(shape) != len(axes):
        return f": it has {len(shape)} axes, not {len(axes)}."
    if len(axes) <= len(shape):
        lead = len(shape) - len(axes)
        for order in permutations(range(len(axes))):
            if _match(tuple(shape[lead + i] for i in order), " ".join(axes)) is not None:
                full = [*range(lead), *(lead + i for i in order)]
                return f": did you forget .permute({', '.join(map(str, full))})?"
    return "."
