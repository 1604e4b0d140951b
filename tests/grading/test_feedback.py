"""The page of feedback: what stands in full view, what is behind a line, and how it looks in the dark and on paper."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from course_lib.grading.feedback import page
from course_lib.grading.nbval.points import markdown

SHOWN = (["one", True, "", ""], ["two", False, "2", "3"], ["three", False, "4", "5"])


def verdict(**changes):
    basis = {
        "exercise_id": "01.1", "title": "How long?", "possible": 2.0, "points": 0.0, "passed": False,
        "attempted": True, "summary": "Not right yet.", "diagnosis": None, "shown": SHOWN, "source": "x = 1",
        "notes": [],
    }  # fmt: skip
    return basis | changes


def feedback(*verdicts, problem=None):
    total, possible = (sum(v[key] for v in verdicts) for key in ("points", "possible"))
    head = {"student": "Ada", "lecture": "01", "notes": [], "problem": problem, "total": total, "possible": possible}
    return page(head | {"verdicts": list(verdicts)})


def test_the_first_failure_stands_in_full_view_and_the_rest_behind_a_line():
    seen, _, hidden = feedback(verdict()).partition("<details>")
    assert "✗ two" in seen and "expected  2\ngot       3" in seen and "✗ three" not in seen and "✓ one" not in seen
    assert "2 more of these tests, 1 passed" in hidden and "✓ one" in hidden and "✗ three" in hidden


def test_ones_own_code_is_open_where_something_is_wrong():
    assert "<details open><summary>Your code" in feedback(verdict())
    assert "<details><summary>Your code" in feedback(verdict(passed=True, points=2.0))
    assert "<details><summary>Your code" in feedback(verdict(attempted=False))


def test_what_is_right_needs_no_tests_and_is_praised():
    text = feedback(verdict(passed=True, points=2.0, summary="Correct."))
    assert "✗" not in text and "well done" in text and "2 of 2 points" in text
    assert "well done" not in feedback(verdict(passed=True, points=2.0), verdict())


def test_why_a_notebook_could_not_be_read_is_said_once():
    text = feedback(*[verdict(summary="It is empty.", shown=(), source="")] * 3, problem="It is empty.")
    assert text.count("It is empty.") == 1 and text.count("0 of 2 points") == 3


HOSTILE = [
    "<script>alert(1)</script>", '<img src=x onerror="alert(1)">', "</pre></details><h1>4 of 4 points</h1>",
    "{{ 7 * 7 }}", "{% for x in range(9) %}9{% endfor %}", "{# gone #}", "{% raw %}", "%}}{{", "&lt;b&gt; &amp;",
    """O'Neil "Bob" <b>""", "${x} {x} %s \\N{BULLET}", "half a character: \ud83d",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_learner_wrote_is_shown_as_text(text):
    """Wherever it can stand, and with no element that an ordinary page does not have."""
    row = {"student": text, "lecture": "01", "notes": [text], "problem": text, "total": 0.0, "possible": 2.0}
    shown = ([text, True, "", ""], [text, False, text, text], [text, False, "4", "5"])
    told = verdict(title=text, summary=text + "!", diagnosis=text + "?", shown=shown, source=text, notes=[text])
    plain = row | {"student": "Ada", "notes": ["n"], "problem": "p"}
    ordinary = verdict(diagnosis="d", notes=["n"])
    seen, usual = page(row | {"verdicts": [told]}), page(plain | {"verdicts": [ordinary]})
    assert parsed(seen).elements == parsed(usual).elements
    assert "".join(parsed(seen).texts).count(text) == 14
    assert "49" not in seen and "99" not in seen


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.elements, self.texts = [], []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, *attributes))

    def handle_data(self, text):
        self.texts.append(text)


def parsed(html):
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def luminance(colour):
    parts = re.findall("..", colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:]))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (int(p, 16) / 255 for p in parts)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_text_can_be_read_in_daylight_in_the_dark_and_on_paper(number):
    """WCAG 2.1 asks for a contrast of 4.5."""
    settings = re.findall(r":root \{([^}]*)\}", feedback(verdict()))
    assert len(settings) == 3
    colours = dict(re.findall(r"--(\w+): (#\w+)", settings[number]))
    for text in ("text", "quiet"):
        for paper in ("paper", "code"):
            dark, light = sorted([luminance(colours[text]), luminance(colours[paper])])
            assert (light + 0.05) / (dark + 0.05) > 4.5


def test_the_summary_on_github_shows_words_as_they_are():
    """A learner's own words are in it: no picture is loaded, nothing is linked, no column is added."""
    said = "![x](https://example.org/x.png) [a](b) <img src=x> `c` \\| 4 of 4 | @all www.example.org *d*"
    verdict = {"exercise_id": "90.1", "title": "Halves", "points": 0.0, "possible": 4.0, "summary": said}
    row = markdown([verdict]).split("\n")[2]
    assert row.startswith("| 90.1 Halves | 0 of 4 | ") and row.endswith(" |") and row.count("|") == 4
    words = row[len("| 90.1 Halves | 0 of 4 | ") : -2]
    assert unescape(words) == said and not set("![]()<>`\\|@*.:/_") & set(words)
