"""Grade submitted notebooks: the learner's code runs in a sandbox and sends numbers, the verdict is formed out here.

`grade(submission, lecture)` gives the points of one notebook as a dict; `course grade` does a whole class.
"""

from importlib import import_module

_HOME = {"grade": "course_lib.grading.grade", "Grader": "course_lib.grading.grade"}
__all__ = ["Grader", "grade"]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'course_lib.grading' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
