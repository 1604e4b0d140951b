"""A trial step by step, and the same verdicts from both that drive it: `course grade` and pytest."""

import dataclasses
import json

import plugged
import pytest
from tiny import COUNT, HALVES, SOLUTIONS, frail_lesson, notebook

from course_lib.errors import CourseError
from course_lib.grading import submission
from course_lib.grading.grade import Grader
from course_lib.grading.kernel import CellResult
from course_lib.grading.limits import CELLS, OWN_TIMEOUT, PROBE, SUBMISSION, Allowance
from course_lib.grading.trial import Trial

FRAIL = frail_lesson()
USES_HELPER = "def halves(x):\n    if False:\n        helper()\n    return x / 2, x.sum()"


def trial(*sources, exercise=HALVES, timeout=2.0, allowance=None):
    cells = tuple(submission.Cell(number, source) for number, source in enumerate(sources, 1))
    return Trial(FRAIL, exercise, submission.Answer(cells), seed=1, timeout=timeout, allowance=allowance)


def driven(trial, results=None):
    """Run a trial without a kernel: what each step was, as "name" or "name in a new kernel".

    Args:
        results: dict from a part of a source to its CellResult; every other cell goes well.
    """
    seen = []
    while trial.step is not None:
        step = trial.step
        seen.append(trial.plan[step.place][0] + " in a new kernel" * step.fresh)
        failing = (result for part, result in (results or {}).items() if part in step.source)
        trial.tell(next(failing, CellResult()))
    return seen


def test_the_courses_cells_come_first_and_the_probe_last():
    one = trial("x = 1", SOLUTIONS["90.1"])
    assert driven(one) == ["course 0 in a new kernel", "course 1", "cell 1", "cell 2", "probe"]
    assert [name for name, _ in one.plan] == ["course 0", "course 1", "cell 1", "cell 2", "probe"]
    assert one.plan[1][1] == "import torch" and one.plan[3][1] == SOLUTIONS["90.1"]


def test_each_kind_of_cell_has_its_time():
    one, seen = trial(SOLUTIONS["90.1"], timeout=2.0), []
    while one.step is not None:
        seen.append(one.step.timeout)
        one.tell(CellResult())
    assert seen == [OWN_TIMEOUT, OWN_TIMEOUT, 2.0, PROBE * 2.0]


def test_the_cells_of_an_answer_share_one_time():
    one, seen = trial(*["x = 1"] * 9), []
    while one.step is not None:
        seen.append(one.step.timeout)
        one.tell(CellResult(seconds=1.5))
    assert seen[2:] == [2.0] * 5 + [0.5]  # 8 s in all
    assert "more than 8 s together" in one.reply.text and CELLS * 2 == 8
    assert one.verdict().points == 0


def test_the_answers_of_a_notebook_share_one_time():
    """Whoever has used it up costs no kernel any more; what the course's own cells take does not count."""
    allowance, seen = Allowance(2.0), []
    for _ in range(5):
        one = trial(SOLUTIONS["90.1"], allowance=allowance)
        while one.step is not None:
            seen.append(one.step.timeout)
            one.tell(CellResult(seconds=50.0 if one.step.timeout == OWN_TIMEOUT else one.step.timeout))
    limits = [limit for limit in seen if limit != OWN_TIMEOUT]
    assert limits == [2, 4, 2, 4, 2, 4, 2] and sum(limits) == 2 * SUBMISSION
    assert seen.count(OWN_TIMEOUT) == 8, "the fifth began nothing"
    assert "may take 20 s together" in one.reply.text and one.verdict().points == 0


@pytest.mark.parametrize("result", [CellResult("error", error=("KeyError", "3")), CellResult("dead", why="gone")])
def test_without_what_only_a_name_brought_in(result):
    one = trial(USES_HELPER)
    names = [source for _, source in one.plan[:2]]
    assert names == ["made = {}['3']", "def helper():\n    return made"]
    assert driven(one, {"made = ": result}) == [
        "course 0 in a new kernel", "course 2 in a new kernel", "course 3", "cell 1", "probe"
    ]  # fmt: skip


def test_a_needed_cell_is_tried_anew_before_the_course_is_blamed():
    one = trial(USES_HELPER)
    with pytest.raises(CourseError, match="lecture 90 failed in the sandbox: .*no torch"):
        driven(one, {"import torch": CellResult("error", error=("ImportError", "no torch"))})
    assert one.step is None and one.reply is None
    with pytest.raises(CourseError, match="the box is gone"):
        driven(trial(SOLUTIONS["90.1"]), {"import torch": CellResult("dead", why="the box is gone")})


def test_what_an_answer_does_on_the_way_is_told():
    one = trial("raise", "while True: pass", SOLUTIONS["90.1"])
    driven(one, {
        "raise": CellResult("error", error=("SyntaxError", "invalid (4711.py, line 3)")),
        "while": CellResult("timeout", timed_out=True),
    })  # fmt: skip
    assert one.remarks == [
        "Cell 1 ended with SyntaxError: invalid (line 3)", "Cell 2 was interrupted after 2 s."
    ]  # fmt: skip
    assert one.verdict().notes == tuple(one.remarks)


def test_nothing_runs_after_the_end_of_the_kernel():
    one = trial("exit()", SOLUTIONS["90.1"])
    assert driven(one, {"exit": CellResult("dead", why="It ended.")})[-1] == "cell 1"
    assert one.reply.text == "In cell 1: It ended." and one.verdict().points == 0
    assert driven(one) == []


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (CellResult("dead", why="It ended."), "While your code was tested: It ended."),
        (CellResult("error", error=("KeyError", "x" * 999)), "Testing your code ended with KeyError: " + "x" * 300),
        (CellResult("timeout", timed_out=True), "Your code was interrupted after 4 s."),
        (CellResult(), "No answer came from your code."),
    ],
    ids=["dead", "error", "time-out", "silent"],
)
def test_a_probe_that_gives_no_answer(result, words):
    one = trial("count = 42", exercise=COUNT)
    driven(one, {"answering": result})
    assert one.verdict().summary == words and one.verdict().points == 0


# Both drivers ------------------------------------------------------------------------------------------------------

FORGED_ERROR = (
    "kernel = get_ipython().kernel\n"
    "kernel.send_response(kernel.iopub_socket, 'error', {'ename': 'No', 'evalue': '', 'traceback': []})\n"
)
SUBMISSIONS = {
    "right": {},
    "wrong": {"90.1": "def halves(x):\n    return x / 2, (x / 2).sum()", "90.2": None, "90.3": "count = 41"},
    "half": {"90.1": "def halves(x):\n    return x / 2, x.sum() + (x.ndim > 2)", "90.2": "def other(): pass"},
    "errors": {
        "90.1": SOLUTIONS["90.1"] + "\nraise ValueError('on the way')",
        "90.2": "def smoothed(x, weight)\n    return x",
        "90.3": FORGED_ERROR + "count = 42",
    },
    "frail": {"90.1": USES_HELPER, "90.2": SOLUTIONS["90.2"] + "\nif False:\n    ending()", "90.3": "..."},
    "dead": {"90.1": "import os\nos._exit(0)", "90.2": "def smoothed(x, weight):\n    import os\n    os._exit(0)"},
    "slow": {
        "90.1": SOLUTIONS["90.1"] + "\nwhile True:\n    pass",
        "90.2": "def smoothed(x, weight):\n    while True:\n        pass",
        "90.3": "count = 42\nwhile True:\n    try:\n        while True:\n            print('still here')\n"
        "            __import__('time').sleep(0.2)\n    except KeyboardInterrupt:\n        pass",
    },
}


@pytest.fixture(scope="module")
def by_pytest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    for name, answers in SUBMISSIONS.items():
        (folder / f"{name}_90_tiny.ipynb").write_bytes(handed_in(answers))
    code, said = plugged.run(folder, "--course-seed", "1", lesson="frail_lesson")
    assert code == 0, said
    return plugged.verdicts(folder)


@pytest.fixture(scope="module")
def directly():
    with Grader(lessons=[FRAIL], seed=1, timeout=2) as grader:
        yield grader


def handed_in(answers):
    """A notebook; an answer that is None stands for the stub."""
    stubs = {number: FRAIL.stubs[number] for number, source in answers.items() if source is None}
    return notebook(answers | stubs)


@pytest.mark.full("both graders, submission by submission")
@pytest.mark.parametrize("name", SUBMISSIONS)
def test_both_graders_come_to_the_same_verdict(name, by_pytest, directly):
    graded = directly.grade_submission(submission.parse(handed_in(SUBMISSIONS[name]), FRAIL), FRAIL)
    for verdict in graded.verdicts:
        told = json.loads(json.dumps(dataclasses.asdict(verdict)))
        assert told == by_pytest[f"{name}_90_tiny.ipynb", verdict.exercise_id], name
    assert len(graded.verdicts) == 3
    wanted = {"right": 8, "wrong": 0, "half": 3.67, "errors": 5, "frail": 7, "dead": 1, "slow": 4}
    assert graded.total == wanted[name], graded.verdicts
