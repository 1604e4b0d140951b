"""Measures of how good a prediction is. Each takes tensors and returns a Python float, unless its docstring says more.

`tracking` and `correspondence` hold the measures of lectures 13 to 16; they are imported from there.
"""

from course_lib.metrics.classification import accuracy, hit_at
from course_lib.metrics.flow import endpoint_error, flow_outliers

__all__ = ["accuracy", "endpoint_error", "flow_outliers", "hit_at"]
