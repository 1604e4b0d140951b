"""A claim's verdict follows from its margin; what it shows and what programs read are the same."""

import json
import math

import numpy as np
import pytest
import torch

from course_lib import claim
from course_lib.errors import CourseError
from course_lib.lesson import claim as module
from course_lib.lesson.claim import CLAIM, ClaimFailed


@pytest.fixture(autouse=True)
def not_strict(monkeypatch):
    for name in ("COURSE_STRICT", "COURSE_PROFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def record(monkeypatch):
    """A function that makes a claim and returns what programs read of it."""

    def made(*args, **options):
        shown = []
        monkeypatch.setattr(module, "show_html", lambda html, text, data: shown.append(data[CLAIM]))
        claim(*args, **options)
        return shown[0]

    return made


@pytest.mark.parametrize(
    "margin, holds, distance",
    [
        (3.14159, True, 3.142),
        (-0.5, False, -0.5),
        (0, False, 0.0),
        (1e-9, True, 1e-9),
        (np.float32(2), True, 2.0),
        (torch.tensor(-2), False, -2.0),
        (torch.tensor([4.0]), True, 4.0),
        (True, True, None),
        (np.bool_(False), False, None),
        (torch.tensor(True), True, None),
        (math.nan, False, None),
        (torch.tensor(math.nan), False, None),
        (math.inf, False, None),
        ({"a": 3, "b": 1.5}, True, 1.5),
        ([3, -1.5, 2], False, -1.5),
        ([3, math.nan], False, None),
        ({"a": 3, "exact": True}, True, 3.0),
        ({"a": 3, "exact": False}, False, None),
        ([True, True], True, None),
    ],
)
def test_the_verdict_follows_from_the_smallest_margin(record, margin, holds, distance):
    found = record("One beats two.", margin)
    assert (found["holds"], found["margin"]) == (holds, distance)


def test_what_programs_read_is_plain_json_with_sorted_keys(record):
    found = record("A beats B.", np.float64(2), "9 against 7", unit="points", published="8 against 5 (Table 1)")
    assert json.dumps(found, allow_nan=False) == json.dumps(found, sort_keys=True)
    assert found == {
        "holds": True,
        "margin": 2.0,
        "measured": "9 against 7",
        "published": "8 against 5 (Table 1)",
        "statement": "A beats B.",
        "unit": "points",
    }


@pytest.mark.parametrize("margin", ["big", None, torch.zeros(2), np.zeros(3), [], {}, {"a": None}, [torch.ones(2)]])
def test_a_margin_that_is_no_number_is_refused(margin):
    with pytest.raises(CourseError, match="claim: .* expected"):
        claim("One beats two.", margin)


def test_the_box_says_the_margin_and_what_was_published(capsys):
    claim("3D beats 2D.", 39.96, "90 % against 50 %", unit="points", published="85.2 % against 44 %.")
    assert capsys.readouterr().out.splitlines() == [
        "✓ The claim holds here.",
        "3D beats 2D.",
        "Measured: 90 % against 50 %.",
        "It holds with 40 points to spare.",
        "Published: 85.2 % against 44 %.",
    ]


def test_a_claim_that_fails_says_by_how_much_and_which_part(capsys):
    claim("Both hold.", {"first": 2, "second": -1234.5}, unit="pixels")
    out = capsys.readouterr().out
    assert "✗ The claim did not hold" in out and "It misses by 1,234 pixels (second)." in out and "another seed" in out
    claim("Both hold.", {"first": 2, "exact": False})
    assert "It fails here: exact." in capsys.readouterr().out


def test_an_exact_claim_speaks_of_no_margin(capsys):
    claim("It has 7 parameters.", True, "7")
    out = capsys.readouterr().out
    assert "holds" in out and "spare" not in out


def test_a_claim_that_fails_raises_in_validation_alone(monkeypatch, capsys):
    claim("2D beats 3D.", -40, "50 % against 90 %", unit="points")
    monkeypatch.setenv("COURSE_STRICT", "1")
    claim("3D beats 2D.", 40, "90 % against 50 %")
    with pytest.raises(ClaimFailed, match="2D beats 3D. Measured: 50 % against 90 %. It misses by 40 points"):
        claim("2D beats 3D.", -40, "50 % against 90 %", unit="points")


def test_smoke_judges_nothing(monkeypatch, capsys, record):
    monkeypatch.setenv("COURSE_PROFILE", "smoke")
    monkeypatch.setenv("COURSE_STRICT", "1")
    found = record("2D beats 3D.", -40, "50 % against 90 %")
    assert found["holds"] is None and found["margin"] is None
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_PROFILE", "smoke")
    claim("2D beats 3D.", -40, "50 % against 90 %")
    out = capsys.readouterr().out
    assert "Not judged in the profile smoke" in out and "50 % against 90 %" in out and "misses" not in out


def test_jupyter_gets_the_claim_beside_what_it_shows(monkeypatch):
    display = pytest.importorskip("IPython.display")
    from course_lib import display as ours

    shown = []
    monkeypatch.setattr(ours, "in_jupyter", lambda: True)
    monkeypatch.setattr(display, "display", shown.append)
    claim("<3D> beats 2D.", 1)
    bundle = shown[0]._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain", CLAIM}
    assert "&lt;3D&gt;" in bundle["text/html"] and bundle[CLAIM]["statement"] == "<3D> beats 2D."
