"""`course claims`: every claim of every seed is read, kept, printed and written; nothing runs twice."""

import json

import pytest

from course_lib import cli
from course_lib.authoring import claims as measuring
from course_lib.authoring import execution
from course_lib.lesson.claim import CLAIM

TITLE = "90 · Does it run?"
CLAIMING = """

# %% tags=["claim"]
claim("The seed is below 1.", {"above -1": course.seed + 1, "below 1": 1 - course.seed}, f"seed {course.seed}",
      unit="steps", published="0 (Table 1)")
claim("Two is two.", 1 + 1 == 2)
"""


@pytest.fixture
def lecture(checkout):
    """A checkout whose one lecture claims that the seed is below 1; returns its authored file."""
    source = checkout / "notebooks" / "src" / "90_plain.py"
    source.write_text(source.read_text(encoding="utf-8") + CLAIMING, encoding="utf-8")
    return source


@pytest.fixture
def made_up(monkeypatch):
    """Instead of a kernel: a function that notes each run and gives what a test puts into `claims`, by seed."""

    class MadeUp:
        def __init__(self):
            self.ran, self.environments, self.claims = [], [], {}

        def execute(self, edition, lecture, environment):
            seed = int(environment["COURSE_SEED"])
            self.ran.append((lecture.name, seed))
            self.environments.append(environment)
            found = self.claims.get(seed, [])
            if isinstance(found, BaseException):
                raise found
            outputs = [{"data": {CLAIM: one}} for one in found] + [{"text": "printed"}]
            return {"cells": [{"source": "text"}, {"outputs": outputs}]}, [0.1]

    made = MadeUp()
    monkeypatch.setattr(execution, "execute", made.execute)
    return made


def one(statement="A beats B.", margin=2.0, holds=None, measured="9 against 7", published=""):
    holds = margin > 0 if holds is None else holds
    return {"statement": statement, "margin": margin, "holds": holds, "measured": measured, "unit": "points",
            "published": published}  # fmt: skip


def measure(lecture, seeds=(0, 1), **options):
    said = []
    root = lecture.parents[2]
    return measuring.measure(root, seeds=seeds, say=said.append, **options), "\n".join(said)


def test_a_real_run_follows_the_seed_and_records_what_fails(lecture, monkeypatch):
    monkeypatch.setenv("COURSE_STRICT", "1")  # of the author's shell: a claim that fails must not end the run
    monkeypatch.setenv("COURSE_PROFILE", "smoke")
    runs, said = measure(lecture, seeds=(0, 1))
    assert [(run.lecture, run.title, run.seed, run.error) for run in runs] == [
        ("90_plain", TITLE, 0, ""),
        ("90_plain", TITLE, 1, ""),
    ]
    first, exact = runs[0].claims
    assert first == one("The seed is below 1.", 1.0, measured="seed 0", published="0 (Table 1)") | {"unit": "steps"}
    assert exact["holds"] is True and exact["margin"] is None
    assert [claim["holds"] for claim in runs[1].claims] == [False, True] and runs[1].claims[0]["margin"] == 0
    assert "seed 0: ✓ +1 steps; seed 0" in said and "seed 1: ✗ fails: 0 steps; seed 1" in said
    assert measuring.failures(runs) == ["90_plain, seed 1: The seed is below 1."]


def test_what_has_run_is_kept_until_the_lecture_changes(lecture, made_up):
    made_up.claims = {0: [one()], 1: [one(margin=3.0)], 2: [one(margin=4.0)]}
    runs, _ = measure(lecture)
    assert made_up.ran == [("90_plain", 0), ("90_plain", 1)]
    assert [env["COURSE_PROFILE"] for env in made_up.environments] == ["cpu", "cpu"]
    again, said = measure(lecture, seeds=(0, 1, 2))
    assert made_up.ran[2:] == [("90_plain", 2)] and again[:2] == runs
    assert "seed 1: ✓ +3 points; 9 against 7" in said
    lecture.write_text(lecture.read_text(encoding="utf-8").replace("1 + 1", "2 + 0", 1), encoding="utf-8")
    measure(lecture)
    assert made_up.ran[3:] == [("90_plain", 0), ("90_plain", 1)]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"mark": {}}', "versions"])
def test_what_was_kept_damaged_or_with_other_versions_runs_again(lecture, made_up, damage, monkeypatch):
    measure(lecture, seeds=(0,))
    (kept,) = (lecture.parents[2] / measuring.KEPT).iterdir()
    if damage == "versions":
        monkeypatch.setattr(measuring, "version", lambda name: "0.0")
    else:
        kept.write_text(damage, encoding="utf-8")
    measure(lecture, seeds=(0,))
    assert len(made_up.ran) == 2


def test_an_interruption_keeps_what_has_run(lecture, made_up):
    made_up.claims = {0: [one()], 1: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        measure(lecture)
    made_up.claims[1] = [one()]
    measure(lecture)
    assert made_up.ran == [("90_plain", 0), ("90_plain", 1), ("90_plain", 1)]


def test_a_lecture_that_breaks_is_told_and_tried_again(lecture, made_up):
    made_up.claims = {0: execution.ExecutionError("line 7: ZeroDivisionError"), 1: [one()]}
    runs, said = measure(lecture)
    assert "line 7: ZeroDivisionError" in said and "seed 1: ✓ +2 points" in said
    assert measuring.failures(runs) == ["90_plain, seed 0: did not run to its end, see above"]
    page = measuring.page(runs)
    assert "With seed 0 it did not run to its end." in page and "**0 of 1 claims hold" in page
    assert "| A beats B. | – | – | ✓ +2 points<br>9 against 7 | +2 points |" in page
    measure(lecture)
    assert made_up.ran[2:] == [("90_plain", 0)]


def test_the_page_has_a_row_per_claim_and_the_smallest_margin(lecture, made_up):
    made_up.claims = {
        0: [one(published="8 | 5"), one("Exact.", None, True), one("Twice.", 1234.5), one("Twice.", 1.0)],
        1: [one(margin=-1.5), one("Exact.", None, True), one("Twice.", 7.0), one("Twice.", None, False, "nan")],
    }
    runs, _ = measure(lecture)
    page = measuring.page(runs)
    assert page.splitlines()[-6:] == [
        "| claim | published | seed 0 | seed 1 | smallest margin |",
        "| --- | --- | --- | --- | --- |",
        r"| A beats B. | 8 \| 5 | ✓ +2 points<br>9 against 7 | ✗ fails: -1.5 points<br>9 against 7 | -1.5 points |",
        "| Exact. | – | ✓ exact<br>9 against 7 | ✓ exact<br>9 against 7 | exact |",
        "| Twice. | – | ✓ +1,234 points<br>9 against 7 | ✓ +7 points<br>9 against 7 | +7 points |",
        "| Twice. | – | ✓ +1 points<br>9 against 7 | ✗ fails: no margin<br>nan | no margin |",
    ]
    assert f"## [{TITLE}](../notebooks/solutions/90_plain.ipynb)" in page
    assert "**2 of 4 claims hold with every seed.**" in page and f"Measured {runs[0].day} with\nPython " in page
    assert page == measuring.page(measure(lecture)[0])


def test_a_lecture_without_claims_says_so_and_has_no_section(lecture, made_up):
    runs, said = measure(lecture, seeds=(0,))
    assert "claims nothing" in said and TITLE not in measuring.page(runs)


@pytest.fixture
def course(lecture, made_up, monkeypatch):
    """A function that runs the command in the checkout; returns its exit code."""
    monkeypatch.chdir(lecture.parents[2])

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main(["claims", *arguments])
        return ended.value.code

    return run


@pytest.mark.parametrize(
    "arguments, seeds",
    [
        ((), [0, 1, 2]),
        (("--seeds", "0", "12"), [0, 12]),
        (("--seeds", "3,4", "--json", "out.json"), [3, 4]),
        (("90", "--seeds", "5", "5", "6"), [5, 6]),
    ],
)
def test_the_command_takes_seeds_as_they_are_written(course, made_up, arguments, seeds):
    assert course(*arguments) == 0
    assert [seed for _, seed in made_up.ran] == seeds


@pytest.mark.parametrize("arguments", [("--seeds", "one"), ("--seeds", "0", "90", "04"), ("--seeds", "-1")])
def test_the_command_refuses_what_is_no_seed(course, made_up, arguments, capsys):
    assert course(*arguments) == 2
    assert "is no seed" in capsys.readouterr().err and made_up.ran == []


def test_the_command_fails_with_a_claim_and_names_it(course, made_up, capsys):
    made_up.claims = {0: [one()], 1: [one("B beats A.", -3.0)]}
    assert course("--seeds", "0", "1") == 1
    assert "90_plain, seed 1: B beats A." in capsys.readouterr().err


def test_the_page_is_written_when_all_lectures_ran_and_json_when_asked(course, lecture, made_up):
    page = lecture.parents[2] / "docs" / "claims.md"
    made_up.claims = {0: [one()]}
    assert course("90", "--seeds", "0", "--json", "out.json") == 0 and not page.exists()
    written = json.loads((lecture.parents[2] / "out.json").read_text(encoding="utf-8"))
    assert written["runs"][0]["claims"] == [one()] and set(written["versions"]) == {"Python", "torch", "numpy"}
    assert course("--seeds", "0") == 0 and "✓ +2 points" in page.read_text(encoding="utf-8")
    assert "\\" not in page.read_text(encoding="utf-8") and str(lecture.parents[2]) not in page.read_text("utf-8")


def test_a_place_that_cannot_be_written_is_told(course, made_up, capsys):
    assert course("90", "--json", "nowhere/out.json") == 1
    assert "Cannot write nowhere/out.json" in capsys.readouterr().err
