"""Verdicts on the reports of pytest, and the points that are shown at the end."""

import dataclasses
import json

_PROPERTY = "course_verdict"


def attach(item, verdict):
    """Attach a Verdict to the report of an item; in this form it also crosses from a worker of xdist."""
    item.user_properties.append((_PROPERTY, json.dumps(dataclasses.asdict(verdict))))


def attached(report):
    """The verdicts attached to a report, as dicts."""
    if report.when != "call":  # the report of the teardown repeats them
        return []
    return [json.loads(value) for name, value in report.user_properties if name == _PROPERTY]


def table(verdicts):
    """The points as lines of text."""
    lines = [f"{v['exercise_id']:6} {v['points']:5g} of {v['possible']:3g}  {_plain(v['summary'])}" for v in verdicts]
    return [*lines, f"Total: {_total(verdicts)} points"]


def markdown(verdicts):
    """The points as a table in Markdown, for GitHub's summary of a job."""
    lines = ["| exercise | points | |", "|---|---|---|"]
    for v in verdicts:
        said = "".join(c if c.isalnum() or c in " ,;" else f"&#{ord(c)};" for c in _plain(v["summary"]))
        lines.append(f"| {v['exercise_id']} {v['title']} | {v['points']:g} of {v['possible']:g} | {said} |")
    return "\n".join([*lines, "", f"**{_total(verdicts)} points**", ""])


def _total(verdicts):
    earned, possible = (sum(verdict[key] for verdict in verdicts) for key in ("points", "possible"))
    return f"{round(earned, 2):g} of {possible:g}"


def _plain(text):
    """One line without control characters: a learner's own words may be in it."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:300]
