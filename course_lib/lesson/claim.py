"""`claim`: a statement of the lecture beside what was measured just now."""

import os
from html import escape

from course_lib.display import box, show_html
from course_lib.errors import CourseError


class ClaimFailed(CourseError, AssertionError):
    """A claim did not hold while the lecture was being validated (COURSE_STRICT=1)."""


def claim(statement, holds, measured=""):
    """Show whether a statement holds for what was just measured.

    Args:
        statement: the claim, as a sentence.
        holds: the comparison of measured numbers that decides it.
        measured: those numbers, in words: "98 % against 12 %".
    Raises:
        ClaimFailed: if it does not hold and COURSE_STRICT is "1", as in validation. A learner's run goes on.
    """
    if holds:
        title, tone, advice = "✓ The claim holds here.", "good", ""
    else:
        title, tone = "✗ The claim did not hold in this run.", "wait"
        advice = "Small experiments vary: run the cell again with another seed before you conclude anything."
    measure = f"Measured: {measured}." if measured else ""
    lines = [line for line in (statement, measure, advice) if line]
    show_html(box(title, "".join(f"<div>{escape(line)}</div>" for line in lines), tone), "\n".join([title, *lines]))
    if not holds and os.environ.get("COURSE_STRICT") == "1":
        raise ClaimFailed(f"Claim did not hold: {statement} {measure}")
