"""The published models, one file per paper. Nothing here needs more than torch and numpy."""

from course_lib.moved import names_of

__getattr__ = names_of(__name__)
