"""`claim`: a statement of the lecture beside what was measured just now, and how clearly it holds."""

import math
import os
from html import escape

from course_lib.display import box, show_html
from course_lib.errors import CourseError
from course_lib.profile import is_smoke

CLAIM = "application/vnd.course.claim+json"  # the MIME type under which programs find a claim in a notebook's outputs


class ClaimFailed(CourseError, AssertionError):
    """A claim did not hold while the lecture was being validated (COURSE_STRICT=1)."""


def claim(statement, margin, measured="", *, unit="", published=""):
    """Show whether a statement holds for what was just measured, and by how much.

        claim("Eight clips beat one by more than 20 points.", gain - 20, f"{one:.0%} to {eight:.0%}", unit="points")

    Args:
        statement: the claim, as a sentence with its threshold in it; the same words in every run.
        margin: how far what was measured lies beyond the threshold. The claim holds if it is greater than 0; NaN and
            infinity never hold. A bool where the claim is exact ("the network has 295,458 parameters"). Where several
            things must hold, a dict from what each one is to its margin, or a list: the smallest is the margin.
        measured: the measured numbers, in words: "98 % against 12 %".
        unit: of the margin: "points", "pixels".
        published: what the paper reports, in a phrase: "C3D 85.2 %, 2D 44 % (Table 2)".
    Raises:
        CourseError: if the margin is no number.
        ClaimFailed: if it does not hold and COURSE_STRICT is "1", as in validation. A learner's run goes on.
    """
    name, distance = _closest(margin)
    holds = None if is_smoke() else distance > 0
    spare = "" if holds is None or math.isinf(distance) else _spare(distance, unit, name)
    lines = [statement, _line("Measured", measured), spare, _line("Published", published)]
    if holds is None:
        title, tone = "– Not judged in the profile smoke, which hardly trains.", "neutral"
    elif holds:
        title, tone = "✓ The claim holds here.", "good"
    else:
        title, tone = "✗ The claim did not hold in this run.", "wait"
        lines += [f"It fails here: {name}." if name and not spare else ""]
        lines += ["Small experiments vary: run the cell again with another seed before you conclude anything."]
    lines = [line for line in lines if line]
    record = {
        "holds": holds,
        "margin": None if holds is None or math.isinf(distance) else float(f"{distance:.4g}"),
        "measured": measured,
        "published": published,
        "statement": statement,
        "unit": unit,
    }
    html = box(title, "".join(f"<div>{escape(line)}</div>" for line in lines), tone)
    show_html(html, "\n".join([title, *lines]), {CLAIM: record})
    if holds is False and os.environ.get("COURSE_STRICT") == "1":
        raise ClaimFailed("Claim did not hold: " + " ".join(lines[:-1]))


def _closest(margin):
    """(name, distance) of the part that is closest to failing. A bool is infinitely far on its side, as is NaN."""
    if isinstance(margin, dict):
        parts = {str(name): _distance(value) for name, value in margin.items()}
    elif isinstance(margin, list | tuple):
        parts = {"" if len(margin) == 1 else f"number {n}": _distance(value) for n, value in enumerate(margin, 1)}
    else:
        parts = {"": _distance(margin)}
    if not parts:
        raise CourseError("claim: margin is empty, expected a number, a bool, or a list or dict of them.")
    return min(parts.items(), key=lambda part: part[1])


def _distance(value):
    """The margin of one comparison as a float; -inf for what cannot hold."""
    try:
        plain = value.item() if hasattr(value, "item") else value  # a number of NumPy or torch
        if isinstance(plain, bool):
            return math.inf if plain else -math.inf
        number = float(plain)
    except (TypeError, ValueError, RuntimeError):
        found = f"of shape {tuple(value.shape)}" if hasattr(value, "shape") else repr(value)
        raise CourseError(
            f"claim: a margin is {found}, expected one number: how far what was measured lies beyond the threshold, "
            'such as accuracy - 0.9. Several that must all hold go into a dict: {"trained": a - 0.9, "new": 0.3 - b}.'
        ) from None
    return number if math.isfinite(number) else -math.inf


def in_words(margin, unit):
    """A margin with its unit, as short as it is needed: "24.7 points"."""
    number = f"{margin:,.0f}" if abs(margin) >= 1000 else f"{margin:.3g}"
    return f"{number} {unit}".strip()


def _spare(distance, unit, name):
    amount = in_words(abs(distance), unit) + (f" ({name})" if name else "")
    return f"It holds with {amount} to spare." if distance > 0 else f"It misses by {amount}."


def _line(title, text):
    return f"{title}: {text.rstrip('.')}." if text else ""
