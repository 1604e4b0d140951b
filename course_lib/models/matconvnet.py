"""Read networks that MatConvNet has saved: MATLAB files, with kernels as (rows, columns, inputs, outputs)."""

import numpy as np
import torch

from course_lib.errors import CourseError
from course_lib.places import place, system_errors


def read_matlab(path):
    """Content of a MATLAB file, {name: value}; structs have attributes, axes of size 1 are gone.

    Raises:
        CourseError: if there is no such file, or it cannot be read.
    """
    from scipy.io import loadmat  # comes with scikit-image; only MATLAB's files need it

    path = place(path)
    if not path.is_file():
        raise CourseError(f"No file at {path}. Check the path; the course does not download weights by itself.")
    try:
        with system_errors("the MATLAB file cannot be read"):
            return loadmat(path, squeeze_me=True, struct_as_record=False)
    except NotImplementedError as error:  # scipy's answer to MATLAB 7.3, which is HDF5
        raise CourseError(
            f'{path} is in MATLAB\'s 7.3 format. Save it once more in MATLAB: save(file, "-struct", "net", "-v7").'
        ) from error
    except (ValueError, TypeError) as error:
        raise CourseError(f"{path} cannot be read as a MATLAB file; it may be incomplete. ({error})") from error


def kernels(value):
    """(rows, columns, inputs, outputs) -> float32 (outputs, inputs, rows, columns)."""
    kernel = torch.from_numpy(np.ascontiguousarray(value, dtype=np.float32))
    if kernel.ndim == 2:  # MATLAB and squeeze_me drop axes of size 1: a fully connected layer on one place
        kernel = kernel[None, None]
    return kernel.permute(3, 2, 0, 1).contiguous()


def vector(value):
    """Numbers of any shape -> float32 (n,)."""
    return torch.from_numpy(np.atleast_1d(np.asarray(value, dtype=np.float32)).ravel().copy())
