"""The library behind the course Deep Learning for Video.

The four names that every lecture uses are imported on first use, so that `import course_lib` stays quick.
"""

from importlib import import_module

from course_lib import moved

__version__ = "0.1.0"

_HOME = {
    "start": "course_lib.lesson.start",
    "check": "course_lib.lesson.check",
    "claim": "course_lib.lesson.claim",
    "predict": "course_lib.lesson.predict",
}
__all__ = ["__version__", "check", "claim", "predict", "start"]

moved.install()
_moved_name = moved.names_of(__name__)


def __getattr__(name):
    if name not in _HOME:
        return _moved_name(name)
    return getattr(import_module(_HOME[name]), name)


def __dir__():
    return sorted(__all__)
