"""NumPy arrays that somebody pickled, read without running what their file says.

A pickle can run any code of whoever made it. Weights of 2016 and 2017 come so: one (name, array) after the other, or a
list of arrays that `numpy.save` wrote. These readers know the five names that arrays need, and refuse all others. Files
of Python 2 are read as well.
"""

import codecs
import pickle

import numpy as np
from numpy.lib import format as npy

from course_lib.errors import CourseError
from course_lib.places import absent, place, system_errors

# What an array's pickle calls. The first two are NumPy's own functions, whose module NumPy 2 renamed.
MULTIARRAY = {"_reconstruct": np.zeros(0).__reduce__()[0], "scalar": np.float32(0).__reduce__()[0]}
ALLOWED = {
    "numpy.core.multiarray": MULTIARRAY,
    "numpy._core.multiarray": MULTIARRAY,
    "numpy": {"ndarray": np.ndarray, "dtype": np.dtype},
    "_codecs": {"encode": codecs.encode},  # how protocol 2 keeps bytes
}
COMPARE = "It may be incomplete: compare its size with the publisher's, and download it again."


def read_array_pickles(path):
    """All pairs of a file.

    Args:
        path: of a file of pickles, each a (name, array or number).
    Returns:
        {name: array}.
    Raises:
        CourseError: if the file is missing, damaged, or asks for anything but arrays.
    """
    path, found = _existing(path), {}
    with system_errors("the weights cannot be read"), path.open("rb") as file:
        while file.peek(1):
            try:
                name, array = _Arrays(file, encoding="latin1").load()
                found[name] = np.array(array)
            except OSError:
                raise  # the disk's, which `system_errors` explains
            except Exception as error:  # a damaged pickle may raise anything: LookupError, MemoryError, SyntaxError ...
                raise CourseError(
                    f"{path} cannot be read as pickled pairs of name and array, after {len(found)} of them: {error}. "
                    + COMPARE
                ) from error
    return found


def read_array_list(path):
    """The arrays of a .npy file that holds a list of them.

    Args:
        path: of the file.
    Returns:
        list of numpy arrays.
    Raises:
        CourseError: if the file is missing, damaged, holds something else, or asks for anything but arrays.
    """
    path = _existing(path)
    with system_errors("the weights cannot be read"), path.open("rb") as file:
        try:
            version = npy.read_magic(file)
            header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            dtype = header(file)[2]
            arrays = list(_Arrays(file, encoding="latin1").load()) if dtype.hasobject else None
        except OSError:
            raise
        except Exception as error:  # as above
            raise CourseError(f"{path} cannot be read as a list of arrays: {error}. {COMPARE}") from error
    if arrays is None:
        raise CourseError(f"{path} holds one array of {dtype}, expected a list of arrays.")
    if not all(isinstance(array, np.ndarray) for array in arrays):
        raise CourseError(f"{path} holds more than arrays, expected a list of arrays.")
    return arrays


def _existing(path):
    path = place(path)
    if not path.is_file():
        wrong = "is a folder" if path.is_dir() else absent(path)
        raise CourseError(f"No weights at {path}: it {wrong}. Check the path; the course does not download weights.")
    return path


class _Arrays(pickle.Unpickler):
    def find_class(self, module, name):
        try:
            return ALLOWED[module][name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no array needs, and is refused") from None
