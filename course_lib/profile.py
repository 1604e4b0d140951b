"""The scale at which a lecture runs. The environment variable COURSE_PROFILE chooses it from outside.

`smoke` shows that every cell runs and nothing more: training stops after a few steps, and claims are not judged.
"""

import os

from course_lib.errors import CourseError

PROFILES = ("smoke", "cpu", "gpu")
SMOKE_STEPS = 2  # the second step is the first that a changed weight takes part in


def chosen():
    """The profile that COURSE_PROFILE asks for, or None if it is unset or empty.

    Raises:
        CourseError: if there is no such profile.
    """
    profile = os.environ.get("COURSE_PROFILE") or None
    if profile not in (None, *PROFILES):
        raise CourseError(f"COURSE_PROFILE is {profile!r}, expected one of {', '.join(PROFILES)}. Correct or unset it.")
    return profile


def is_smoke():
    """Whether nothing is to be learnt or judged: only that every cell runs."""
    return chosen() == "smoke"


def training_steps(steps):
    """How many of `steps` training steps this profile takes: all, but in smoke `SMOKE_STEPS` at most."""
    return min(steps, SMOKE_STEPS) if is_smoke() else steps
