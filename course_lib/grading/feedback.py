"""One page of feedback per submission: the learner's own code, points, and the reason on inputs that may be shown."""

from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title><style>
 body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }}
 h1 {{ font-size: 1.4rem; }} h2 {{ font-size: 1.1rem; margin: 2rem 0 .3rem; }}
 pre {{ background: #f4f4f4; padding: .6rem .8rem; overflow-x: auto; font-size: .85rem; }}
 .full {{ border-left: .3rem solid #2e7d32; }} .part {{ border-left: .3rem solid #b26a00; }}
 .none {{ border-left: .3rem solid #b3261e; }} section {{ padding-left: .9rem; }}
 li {{ margin: .2rem 0; }} .note {{ color: #555; }}
</style></head><body>
<h1>{title}</h1>
<p><strong>{total} of {possible} points</strong></p>
{body}
</body></html>
"""


def page(row):
    """The feedback page of one graded notebook.

    Args:
        row: dict, as `batch` stores it.
    Returns:
        HTML that loads nothing and runs nothing. It holds no secret inputs, and no solution.
    """
    parts = [f'<p class="note">{escape(note)}</p>' for note in row["notes"]]
    if row.get("problem"):
        parts.append(f"<p><strong>{escape(row['problem'])}</strong></p>")
    parts += map(_section, row["verdicts"])
    title = f"Lecture {row['lecture']}: {row['student']}"
    numbers = {key: f"{row[key]:g}" for key in ("total", "possible")}
    return _PAGE.format(title=escape(title), body="\n".join(parts), **numbers)


def _section(verdict):
    tone = "full" if verdict["points"] == verdict["possible"] else "part" if verdict["points"] else "none"
    head = f"{verdict['exercise_id']} {verdict['title']}: {verdict['points']:g} of {verdict['possible']:g} points"
    parts = [f"<h2>{escape(head)}</h2>", f"<p>{escape(verdict['summary'])}</p>"]
    if verdict["shown"] and not verdict["passed"]:
        diagnosis = verdict["diagnosis"]
        if diagnosis and diagnosis not in verdict["summary"]:
            parts.append(f"<p>{escape(diagnosis)}</p>")
        parts.append("<p>On the inputs of the notebook's own check:</p><ul>")
        parts += map(_test, verdict["shown"])
        parts.append("</ul>")
    parts += [f'<p class="note">{escape(note)}</p>' for note in verdict["notes"]]
    if verdict["source"]:
        parts.append(f"<details><summary>Your code</summary><pre>{escape(verdict['source'])}</pre></details>")
    return f'<section class="{tone}">{"".join(parts)}</section>'


def _test(test):
    label, ok, expected, got = test
    if ok:
        return f"<li>✓ {escape(label)}</li>"
    return f"<li>✗ {escape(label)}<pre>expected  {escape(expected)}\ngot       {escape(got)}</pre></li>"
