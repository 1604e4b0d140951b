"""Every attack of the table: no points gained, the other exercises graded, the grader alive."""

import json
import os
import resource
import socket
from pathlib import Path

import pytest
from hostile import (
    DEADLY,
    DISGUISES,
    FLOODS,
    FORGERY,
    HARMLESS,
    HIDDEN,
    HIDING,
    JUNK,
    OWN_MODULE,
    PRYING,
    SHORTCUTS,
    STUBBORN,
    right,
)
from tiny import COUNT, SMOOTH, SOLUTIONS, cells_of, code, frail_lesson, lesson

from course_lib.exercises.reach import reach
from course_lib.exercises.rule import broken_rule
from course_lib.grading import submission
from course_lib.grading.grade import Grader, complete
from course_lib.grading.kernel import CUT_OFF, LARGEST_GROWTH, UNSTOPPABLE, Kernel, _resident
from course_lib.grading.trial import Trial

CHECKOUT = Path(__file__).parents[2]
# What a time limit or the memory's watch must end: seconds each, so that the quick tier has one of them.
SLOW = (
    *("an infinite loop that cannot be interrupted", "an infinite loop that catches interrupts", "a deadlock"),
    *("writes junk to its sockets and loops",),
    *("a memory bomb", "a memory bomb in children", "a disk bomb", "floods its output", "closes the kernel's sockets"),
)
slow = pytest.mark.full("hostile submissions that hang, flood or fill the memory")


def rule(source):
    """How a cell with an answer to 90.2 breaks the rule, as its source tells."""
    return broken_rule(reach("smoothed", ["import torch", source]), SMOOTH)


def named(table):
    return [pytest.param(*row, id=row[0].replace(" ", "-"), marks=[slow] if row[0] in SLOW else []) for row in table]


def assert_only(verdicts, answers, attacked):
    """The attacked exercise earns nothing, and says something; a neighbour keeps its points."""
    graded = verdicts(answers)
    assert graded[attacked].points == 0 and not graded[attacked].passed, graded[attacked]
    assert graded[attacked].summary
    neighbour = "90.3" if attacked != "90.3" else "90.1"
    assert graded[neighbour].points == graded[neighbour].possible, graded[neighbour]
    return graded[attacked]


def rest_unanswered(number):
    """Only the attacked exercise and one neighbour are answered: kernels cost time."""
    return {other: "..." for other in SOLUTIONS if other not in (number, "90.3" if number != "90.3" else "90.1")}


@pytest.mark.parametrize(("what", "number", "source"), named(FORGERY))
def test_forgery_earns_nothing(verdicts, what, number, source):
    assert_only(verdicts, {number: source} | rest_unanswered(number), number)


@pytest.mark.parametrize(("what", "source"), named(SHORTCUTS))
def test_shortcuts_earn_nothing(verdicts, what, source):
    assert_only(verdicts, {"90.2": source} | rest_unanswered("90.2"), "90.2")


@pytest.mark.parametrize(("what", "source"), named(HARMLESS))
def test_noise_costs_nothing(verdicts, what, source):
    graded = verdicts({"90.1": source} | rest_unanswered("90.1"))
    assert graded["90.1"].points == 4, graded["90.1"]
    assert graded["90.3"].points == 1


@pytest.mark.parametrize(("what", "source"), named(DEADLY))
def test_what_ends_the_kernel_ends_nothing_else(verdicts, boxed, what, source):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    verdict = assert_only(verdicts, {"90.1": source} | rest_unanswered("90.1"), "90.1")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 400_000, f"the grader grew by {grown} KB: {verdict.summary}"


@pytest.mark.parametrize("lost", ["shell", "control"])
def test_a_broken_connection_is_the_end_of_a_kernel(grader, boxed, monkeypatch, lost):
    """Whatever broke it, nobody takes what is sent: a cell, or the interrupt of one. Waiting for that must end."""
    monkeypatch.setattr("course_lib.grading.kernel.SENDING", 0.2)
    with Kernel(grader.sandbox(grader.lesson("90"))) as kernel:
        socket = getattr(kernel, lost)
        socket.disconnect(socket.LAST_ENDPOINT)
        result = kernel.execute("while True:\n    pass", 0.3)
        assert (result.status, result.why) == ("dead", CUT_OFF)
        assert not kernel.is_alive()


def test_junk_in_its_sockets_is_the_end_of_a_kernel(grader, boxed, monkeypatch):
    monkeypatch.setattr("course_lib.grading.kernel.GRACE", 0.5)
    with Kernel(grader.sandbox(grader.lesson("90"))) as kernel:
        result = kernel.execute(JUNK + STUBBORN, 0.3)
        assert result.status == "dead" and result.why in (CUT_OFF, UNSTOPPABLE)
        assert not kernel.is_alive()


def test_who_watches_a_box_is_out_of_its_reach(grader, boxed):
    """A signal to the group of a process crosses namespaces. It must end the kernel alone, and at once."""
    used = grader.sandbox(grader.lesson("90"))
    with Kernel(used) as kernel:
        zygote = used.process.pid
        result = kernel.execute("import os, signal\nsignal.signal(signal.SIGTERM, lambda *_: print('heard'))\n"
                                "os.kill(0, signal.SIGTERM)", 20)  # fmt: skip
        assert (result.status, result.printed) == ("ok", "heard\n")
        assert kernel.execute("os.getpgrp() == os.getpid() or 1 / 0", 20).status == "ok"
        result = kernel.execute("os.kill(0, 9)", 20)
        assert result.status == "dead" and result.seconds < 10
    assert used.process.pid == zygote and used.process.poll() is None


@slow
@pytest.mark.parametrize(("what", "source"), named(FLOODS))
def test_a_flood_is_stopped_before_the_grader_drowns(verdicts, boxed, what, source):
    """Twelve GB and four are sent; what comes until the grader sees it is given back to the system."""
    before = _resident()
    verdict = assert_only(verdicts, {"90.1": source} | rest_unanswered("90.1"), "90.1")
    assert "far more than an answer can have" in verdict.summary
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < 4 * LARGEST_GROWTH
    assert _resident() - before < LARGEST_GROWTH / 2


@slow
@pytest.mark.parametrize(("what", "source"), named(HIDING))
def test_no_memory_hides_from_the_watch(grader, boxed, what, source):
    """More than a learner may have is refused, or ends the kernel."""
    with Kernel(grader.sandbox(grader.lesson("90"))) as kernel:
        result = kernel.execute(source.format(megabytes=grader.limits.memory + 300), 30)
    assert HIDDEN not in result.printed, result
    assert result.status in ("error", "dead"), result


def test_no_module_of_a_learner_s_own(verdicts, boxed):
    verdict = verdicts({"90.2": OWN_MODULE} | rest_unanswered("90.2"))["90.2"]
    assert verdict.points == 0 and "No module named 'm'" in " ".join([verdict.summary, *verdict.notes])


def test_a_name_that_brings_in_a_failing_cell_costs_nothing(boxed):
    """The course's cells stand in their order for the whole lecture; a name of the answer may pick a few of them."""
    tiny = frail_lesson()
    with Grader(lessons=[tiny], seed=1, timeout=5) as grader:
        source = right("if False:\n    helper()")
        answer = submission.Answer((submission.Cell(1, source),))
        assert grader.run(tiny, tiny.exercises["90.1"], answer).points == 4


@slow
def test_many_cells_share_one_time_limit(grader):
    """Each of them a little faster than the limit of one cell."""
    cells = tuple(submission.Cell(n, "import time\ntime.sleep(1.5)") for n in range(1, 40))
    tiny = grader.lesson("90")
    verdict = grader.run(tiny, tiny.exercises["90.1"], submission.Answer((*cells, submission.Cell(40, right("pass")))))
    assert verdict.points == 0 and "together" in verdict.summary


def test_prying_reaches_nothing(grader, boxed, tmp_path):
    outside = tmp_path / "grades.csv"
    outside.write_text("secret")
    os.chmod(tmp_path, 0o777)
    os.chmod(outside, 0o666)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = PRYING.format(port=port, outside=outside, checkout=CHECKOUT)
        answer = submission.Answer((submission.Cell(1, source),))
        tiny = grader.lesson("90")
        trial = Trial(tiny, COUNT, answer, seed=0, timeout=20)
        complete(trial, lambda: Kernel(grader.sandbox(tiny)))
    assert trial.reply.state == "value" and trial.reply.value == [], (trial.reply, trial.remarks)


def test_the_points_in_the_metadata_count_for_nothing(grader):
    cells = cells_of({"90.1": "...", "90.2": "..."})
    for cell in cells:
        if "course" in cell["metadata"]:
            cell["metadata"]["course"]["points"] = 1000
    cells.append(code("x = 1", "90.99"))
    tiny = lesson()
    data = json.dumps({"nbformat": 4, "cells": cells}).encode()
    assert grader.grade_submission(submission.parse(data, tiny), tiny).points == {"90.1": 0, "90.2": 0, "90.3": 1}


NOT_RUN = ("a cell magic", "another magic")  # which leave a name without a value in the grader


@pytest.mark.parametrize(("what", "source"), named([r for r in SHORTCUTS + DISGUISES if r[0] not in NOT_RUN]))
def test_shortcuts_are_seen_in_the_source_alone(what, source):
    """Beside the refusal in the sandbox, which the learner's own process might undo."""
    assert rule(source), what


@pytest.mark.parametrize(
    "body",
    [
        "[0 for conv1d in ()]\n    return conv1d(x, weight)",
        "global conv1d\n    conv1d = conv1d\n    return conv1d(x, weight)",
        "def inner():\n        conv1d = 1\n    return conv1d(x, weight)",
        "return (lambda conv1d=conv1d: conv1d(x, weight))()",
        "conv1d = torch.nn.functional.conv1d\n    return conv1d(x, weight)",
    ],
)
def test_a_name_elsewhere_makes_no_name_ones_own(body):
    source = f"from torch.nn.functional import *\ndef smoothed(x, weight):\n    {body}"
    assert "do without conv1d" in rule(source)


@pytest.mark.parametrize(
    "source",
    [
        SOLUTIONS["90.2"],
        '"""Without torch.nn.functional.conv1d, as the task says."""\n' + SOLUTIONS["90.2"],
        "def conv1d(x, w):\n    return (x * w).sum()\ndef smoothed(x, weight):\n    return conv1d(x, weight)",
        "def smoothed(x, weight):\n    n, _C = 3, 4\n    conv1d = x * n\n    return conv1d + _C",
        "def smoothed(x, weight):\n    if not len(x):\n        raise ValueError('conv1d')\n    return x * weight[0]",
        "smoothed = lambda x, conv1d: (lambda _C: _C * conv1d)(x)",
        "conv1d = lambda x, w: (x * w).sum()\ndef smoothed(x, weight):\n    return conv1d(x, weight)",
        "%%time\nimport os, time\nfrom math import *\nfrom IPython.display import display\n" + SOLUTIONS["90.2"],
        "%timeit smoothed(torch.ones(3), torch.ones(1))\nprint(__name__)\n" + SOLUTIONS["90.2"],
        "from course_lib.ops.convolution import conv_output_size\nimport course_lib.ops.flow as flow\n"
        "def smoothed(x, weight):\n    flow.warp, course_lib.ops.flow.warp\n    return conv_output_size(x, weight)",
        "class Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n        self._scale = 1\n"
        "    def forward(self, x):\n        return self._scale * x\ndef smoothed(x, weight):\n    return Net()(x)",
        "import math\ndef smoothed(x, weight):\n    rows = [getattr(x, 'T')]\n    return torch.stack(rows).sum(dim=0)",
    ],
)
def test_honest_code_is_no_shortcut(source):
    assert rule(source) is None


def test_both_walls_stand_alone(verdicts, monkeypatch):
    """The sandbox refuses the call even where the source would have told nothing."""
    from course_lib.exercises import reading

    monkeypatch.setattr(reading, "broken_rule", lambda *ignored: None)
    hidden = next(source for what, source in SHORTCUTS if what == "getattr")
    graded = verdicts({"90.2": hidden} | rest_unanswered("90.2"))["90.2"]
    assert graded.points == 0 and "do without conv1d, which your code calls" in graded.summary
