"""Benchmarks: `course bench` runs every row of the modules beside this file against a peer."""

from course_lib.moved import names_of

__getattr__ = names_of(__name__)
