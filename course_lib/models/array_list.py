"""Read a list of arrays that NumPy saved as one .npy file, without running anything that the file says.

`numpy.save` writes a list of arrays of different shapes as a pickle, and unpickling a file from elsewhere can run any
code. This reader knows the four names that such a list needs, and refuses all others.
"""

import codecs
import pickle

import numpy as np
from numpy.lib import format as npy

from course_lib.errors import CourseError
from course_lib.places import absent, place, system_errors

REBUILD = np.zeros(0).__reduce__()[0]  # NumPy's own function that a pickled array begins with
ALLOWED = {"_reconstruct": REBUILD, "ndarray": np.ndarray, "dtype": np.dtype, "encode": codecs.encode}
MODULES = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray", "_codecs")


def read_array_list(path):
    """The arrays of a .npy file.

    Args:
        path: the file.
    Returns:
        list of numpy arrays.
    Raises:
        CourseError: if there is no such file, it is no .npy file of a list of arrays, or names anything else.
    """
    path = place(path)
    if not path.is_file():
        raise CourseError(f"No file of arrays at {path}: it {absent(path)}. Check the path.")
    with system_errors("the file of arrays cannot be read"), path.open("rb") as file:
        try:
            version = npy.read_magic(file)
            header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            dtype = header(file)[2]
            if not dtype.hasobject:
                raise CourseError(f"{path} holds one array of {dtype}, expected a list of arrays.")
            arrays = _Arrays(file, encoding="latin1").load()
        except (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            raise CourseError(f"{path} cannot be read as a list of arrays ({error}). Is it whole?") from error
    arrays = list(arrays)
    if not all(isinstance(array, np.ndarray) for array in arrays):
        raise CourseError(f"{path} holds more than arrays, expected a list of arrays.")
    return arrays


class _Arrays(pickle.Unpickler):
    def find_class(self, module, name):
        if module in MODULES and name in ALLOWED:
            return ALLOWED[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no list of arrays needs: refused")
