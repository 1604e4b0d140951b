"""Files of NumPy arrays that somebody pickled, one (name, array) after the other, read without running what they say.

A pickle can run any code of whoever made it. This reader knows three names, those that an array needs, and refuses all
others. It reads files of Python 2 as well, as which weights of 2016 and 2017 come.
"""

import pickle

import numpy as np

from course_lib.errors import CourseError
from course_lib.places import absent, place, system_errors

# What an array's pickle calls; NumPy 2 renamed the first one's module.
ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),  # how protocol 2 keeps bytes
}
_NEW = int(np.__version__.split(".")[0]) >= 2


def read_array_pickles(path):
    """All pairs of a file.

    Args:
        path: of a file of pickles, each a (name, array or number).
    Returns:
        {name: array}.
    Raises:
        CourseError: if the file is missing, damaged, or asks for anything but arrays.
    """
    path, found = place(path), {}
    if not path.is_file():
        wrong = "is a folder" if path.is_dir() else absent(path)
        raise CourseError(f"No weights at {path}: it {wrong}. Check the path; the course does not download weights.")
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
                    "It may be incomplete: compare its size with the publisher's, and download it again."
                ) from error
    return found


class _Arrays(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no array needs, and is refused")
        return super().find_class(module.replace("numpy.core", "numpy._core") if _NEW else module, name)
