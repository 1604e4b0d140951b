"""The verdict on an answer, as data, as text and as HTML."""

from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from ..display import box

PRINTED_SHOWN = 400  # characters of the learner's own printing that a report repeats


class Test(NamedTuple):
    """One test: what is special about it, whether it passed, and expected against got (empty where they agree)."""

    label: str
    ok: bool
    expected: str
    got: str


@dataclass(frozen=True)
class Report:
    """The verdict on one answer. Jupyter shows it as a box, a terminal as text; both say the same, the reason
    before the tests: ten of them fill a small screen.

    passed: every test passed and nothing forbidden was used.
    attempted: False for an untouched stub.
    tests: one `Test` per case (one for a number, array or choice); empty when nothing was attempted.
    diagnosis: the one likeliest reason, or None.
    points: what was earned, of `possible`.
    notes: further remarks (settings put back, shortcuts not looked for).
    printed: the beginning of what the learner's code printed.
    fits: the cells below can carry on with the answer. One that is right in another form than usual may not fit.
    """

    exercise_id: str
    title: str
    passed: bool
    attempted: bool
    possible: int
    tests: tuple[Test, ...] = ()
    diagnosis: str | None = None
    notes: tuple[str, ...] = ()
    printed: str = ""
    hinted: bool = False
    fits: bool = True

    @property
    def points(self):
        return self.possible if self.passed else 0

    @property
    def verdict(self):
        """The verdict in a few words, with its mark."""
        if self.passed:
            return "✓ Correct"
        return "✗ Not yet" if self.attempted else "○ Not attempted yet"

    def as_text(self):
        lines = [f"{self.verdict}. {self._heading()}"]
        if self.diagnosis:
            lines.append(f"  {self._reason()}: {self.diagnosis}")
        for test in self.tests:
            lines.append(f"  {_word(test.ok)}  {test.label}")
            if not test.ok:
                lines += [f"      expected  {test.expected}", f"      got       {test.got}"]
        if self._shown():
            lines += ["  Your code printed:"] + [f"    | {line}" for line in self._shown().splitlines()]
        return "\n".join(lines + [f"  {line}" for line in (*self.notes, *self._next_steps())])

    def as_html(self):
        rows = "".join(map(_row, self.tests))
        parts = [f"<div><b>{self._reason()}:</b> {escape(self.diagnosis)}</div>"] if self.diagnosis else []
        if rows:
            parts.append(f'<ul style="list-style:none;margin:.4em 0;padding:0">{rows}</ul>')
        if self._shown():
            parts.append(f'<div>Your code printed:<pre style="{_CODE}">{escape(self._shown())}</pre></div>')
        parts += [f'<div style="opacity:.8">{escape(line)}</div>' for line in (*self.notes, *self._next_steps())]
        tone = "good" if self.passed else "bad" if self.attempted else "wait"
        return box(f"{escape(self.verdict)}. {escape(self._heading())}", "".join(parts), tone)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.as_html(), "text/plain": self.as_text()}

    def __str__(self):
        return self.as_text()

    def _heading(self):
        passed = sum(test.ok for test in self.tests)
        of_tests = f"{passed} of {len(self.tests)} tests passed, " if len(self.tests) > 1 else ""
        unit = "point" if self.possible == 1 else "points"
        return f"Exercise {self.exercise_id}: {self.title} ({of_tests}{self.points} of {self.possible} {unit})"

    def _reason(self):
        return "Likely reason" if self.attempted else "Note"

    def _shown(self):
        text = "" if self.passed else self.printed.strip()
        return text if len(text) <= PRINTED_SHOWN else text[:PRINTED_SHOWN] + " …"

    def _next_steps(self):
        if self.passed:
            return () if self.fits else ("The cells below carry on with the course's version, whose form they expect.",)
        again = " Change your cell, run it and this one again." if self.attempted else ""
        hints = ("Three hints are below, from the idea to nearly the code.",) if self.hinted else ()
        return (f"Carrying on with the course's version.{again}", *hints)


_CODE = (
    "margin:.2em 0;padding:.2em .6em;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;"
    "background:none;color:inherit;"
    "font-family:ui-monospace,Menlo,Consolas,monospace"
)


def _word(ok):
    return "✓ passed" if ok else "✗ failed"


def _row(test):
    """One list item. Expected and got stand below each other, so that a narrow window needs no scrolling."""
    both = f"expected  {escape(test.expected)}\ngot       {escape(test.got)}"
    values = "" if test.ok else f'<pre style="{_CODE}">{both}</pre>'
    return f'<li style="margin:.15em 0"><b>{_word(test.ok)}</b> {escape(test.label)}{values}</li>'
