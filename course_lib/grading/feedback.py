"""One page of feedback per submission: the learner's own code, points, and the reason on inputs that may be shown."""

from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title><style>
 :root {{ color-scheme: light dark; --text: #1a1a1a; --quiet: #555; --paper: #fff; --code: #f4f4f4;
   --full: #2e7d32; --part: #b26a00; --none: #b3261e; }}
 @media (prefers-color-scheme: dark) {{ :root {{ --text: #e8e6e3; --quiet: #b0aca6; --paper: #1b1b1d; --code: #2a2a2d;
   --full: #81c784; --part: #ffb74d; --none: #f2827a; }} }}
 body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
   color: var(--text); background: var(--paper); }}
 h1 {{ font-size: 1.4rem; }} h2 {{ font-size: 1.1rem; margin: 0 0 .3rem; }} h2 span {{ font-weight: normal; }}
 section {{ margin: 1.8rem 0; padding-left: .9rem; border-left: .3rem solid; }}
 .full {{ border-color: var(--full); }} .part {{ border-color: var(--part); }} .none {{ border-color: var(--none); }}
 pre {{ background: var(--code); padding: .6rem .8rem; font-size: .85rem; white-space: pre-wrap;
   overflow-wrap: anywhere; }}
 p {{ margin: .4rem 0; }} ul {{ list-style: none; padding: 0; margin: .3rem 0; }} li {{ margin: .2rem 0; }}
 summary {{ cursor: pointer; margin: .4rem 0; }} .note {{ color: var(--quiet); }}
 @media print {{
   :root {{ --text: #000; --quiet: #444; --paper: #fff; --code: #fff; --full: #000; --part: #777; --none: #bbb; }}
   body {{ font-size: 11pt; margin: 0; max-width: none; }} pre {{ border: 1px solid #bbb; }}
   h2, summary, li {{ break-after: avoid; }} pre, li {{ break-inside: avoid; }}
   details::details-content {{ content-visibility: visible; display: block; }}
 }}
</style></head><body>
<h1>{title}</h1>
<p><strong>{total} of {possible} points.</strong> {word}</p>
{body}
</body></html>
"""
_OTHERS = (
    "The points are for tests on inputs that nobody sees beforehand. Where something is not right, the inputs of the "
    "notebook's own check show it."
)


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
    if any(verdict["shown"] and not verdict["passed"] for verdict in row["verdicts"]):
        parts.append(f'<p class="note">{_OTHERS}</p>')
    parts += [_section(verdict, row.get("problem")) for verdict in row["verdicts"]]
    title = f"Lecture {row['lecture']}: {row['student']}"
    numbers = {key: f"{row[key]:g}" for key in ("total", "possible")}
    word = "Everything is right: well done." if row["verdicts"] and row["total"] == row["possible"] else ""
    return _PAGE.format(title=escape(title), body="\n".join(parts), word=word, **numbers)


def _section(verdict, problem=None):
    tone = "full" if verdict["points"] == verdict["possible"] else "part" if verdict["points"] else "none"
    unit = "point" if verdict["possible"] == 1 else "points"
    points = f"{verdict['points']:g} of {verdict['possible']:g} {unit}"
    name = f"{verdict['exercise_id']} {verdict['title']}"
    parts = [f"<h2>{escape(name)} <span>· {points}</span></h2>"]
    if verdict["summary"] != problem:
        parts.append(f"<p>{escape(verdict['summary'])}</p>")
    if verdict["shown"] and not verdict["passed"]:
        diagnosis = verdict["diagnosis"]
        if diagnosis and diagnosis not in verdict["summary"]:
            parts.append(f"<p>{escape(diagnosis)}</p>")
        parts.append(_tests(verdict["shown"]))
    parts += [f'<p class="note">{escape(note)}</p>' for note in verdict["notes"]]
    if verdict["source"]:
        state = "" if verdict["passed"] or not verdict["attempted"] else " open"
        code = f"<summary>Your code</summary><pre>{escape(verdict['source'])}</pre>"
        parts.append(f"<details{state}>{code}</details>")
    return f'<section class="{tone}">{"".join(parts)}</section>'


def _tests(tests):
    """The shown tests: the first that failed in full view, the others behind a line that opens."""
    first = next((number for number, test in enumerate(tests) if not test[1]), 0)
    others = [test for number, test in enumerate(tests) if number != first]
    text = f"<ul>{_test(tests[first])}</ul>"
    if not others:
        return text
    passed = sum(bool(test[1]) for test in others)
    title = f"{len(others)} more of these tests, {passed} passed" if len(others) > 1 else "One more of these tests"
    return f"{text}<details><summary>{title}</summary><ul>{''.join(map(_test, others))}</ul></details>"


def _test(test):
    label, ok, expected, got = test
    if ok:
        return f"<li>✓ {escape(label)}</li>"
    return f"<li>✗ {escape(label)}<pre>expected  {escape(expected)}\ngot       {escape(got)}</pre></li>"
