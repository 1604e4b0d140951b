"""Video files, clip sampling, synthetic worlds and readers of real data sets."""

from course_lib.moved import names_of

__getattr__ = names_of(__name__)
