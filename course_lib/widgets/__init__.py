"""Interactive widgets: in each file a pure function from state to arrays, and a thin view on it."""

from course_lib.moved import names_of

__getattr__ = names_of(__name__)
