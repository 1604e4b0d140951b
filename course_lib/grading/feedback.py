"""One page of feedback per submission: the learner's own code, points, and the reason on inputs that may be shown.

What is said is chosen here; how it looks, and that a learner's text stays text, is in `feedback.html.jinja`.
"""

import functools
from pathlib import Path

import jinja2


def page(row):
    """The feedback page of one graded notebook.

    Args:
        row: dict, as `batch` stores it.
    Returns:
        HTML that loads nothing and runs nothing. It holds no secret inputs, and no solution.
    """
    verdicts, problem = row["verdicts"], row.get("problem")
    return _template().render(
        title=f"Lecture {row['lecture']}: {row['student']}",
        total=f"{row['total']:g}",
        possible=f"{row['possible']:g}",
        all_right=bool(verdicts) and row["total"] == row["possible"],
        notes=row["notes"],
        problem=problem,
        any_shown=any(map(_shows_tests, verdicts)),
        exercises=[_exercise(verdict, problem) for verdict in verdicts],
    )


@functools.cache
def _template():
    # Every text is escaped on its way into the page, and a name that the template misspells is an error.
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    text = Path(__file__).with_suffix(".html.jinja").read_text(encoding="utf-8")
    return environment.from_string(text)


def _shows_tests(verdict):
    return bool(verdict["shown"]) and not verdict["passed"]


def _exercise(verdict, problem):
    """What the page says of one exercise."""
    unit = "point" if verdict["possible"] == 1 else "points"
    reasons = [verdict["summary"]] if verdict["summary"] != problem else []
    tests = verdict["shown"] if _shows_tests(verdict) else ()
    if tests and verdict["diagnosis"] and verdict["diagnosis"] not in verdict["summary"]:
        reasons.append(verdict["diagnosis"])
    # The first test that failed stands in full view, the others behind a line that opens.
    first = next((number for number, (_, ok, *_) in enumerate(tests) if not ok), 0)
    others = [*tests[:first], *tests[first + 1 :]]
    passed = sum(bool(ok) for _, ok, *_ in others)
    return {
        "tone": "full" if verdict["points"] == verdict["possible"] else "part" if verdict["points"] else "none",
        "name": f"{verdict['exercise_id']} {verdict['title']}",
        "points": f"{verdict['points']:g} of {verdict['possible']:g} {unit}",
        "reasons": reasons,
        "first": tests[first] if tests else None,
        "others": others,
        "others_title": (
            f"{len(others)} more of these tests, {passed} passed" if len(others) > 1 else "One more of these tests"
        ),
        "notes": verdict["notes"],
        "source": verdict["source"],
        "open": verdict["attempted"] and not verdict["passed"],
    }
