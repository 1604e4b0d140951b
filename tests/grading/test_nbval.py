"""Grading through pytest and nbval: the same points as without, and what of nbval's insides we stand on."""

import inspect

import pytest
from plugged import ROOT, run
from tiny import notebook

from course_lib.grading.kernel import KernelEnded
from course_lib.grading.nbval.adapter import BoxedKernel

ANSWERS = {
    "good": {},
    "hostile": {
        "90.1": "# NBVAL_SKIP\ndef halves(x):\n    while True:\n        pass",
        "90.2": "# NBVAL_RAISES_EXCEPTION\nimport os\nos._exit(0)",
    },
    "muted": {
        "90.1": "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.showtraceback = lambda *a, **k: None\nraise ValueError",
        "90.2": "%notmagic\nraise TypeError",
        "90.3": "count = 41",
    },
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    for name, answers in ANSWERS.items():
        (folder / f"{name}_90_tiny.ipynb").write_bytes(notebook(answers))
    (folder / "broken_90_tiny.ipynb").write_text('{"cells": [')
    code, said = run(folder, "-v", "--fail-under", "8")
    return code, said, (folder / "summary.md").read_text()


def points(said):
    """The lines of the summary: (exercise, points), notebooks in the order of their names."""
    lines = [line.split() for line in said.partition(" points ====")[2].splitlines()]
    return [(line[0], float(line[1])) for line in lines if line and line[0].startswith("90.")]


def test_every_notebook_is_graded_and_none_fails_the_run(graded):
    code, said, _ = graded
    rows = points(said)
    broken, good, hostile, muted = (dict(rows[i : i + 3]) for i in (0, 3, 6, 9))
    assert set(broken.values()) == {0}, said
    assert good == {"90.1": 4, "90.2": 3, "90.3": 1}, said
    assert hostile == {"90.1": 0, "90.2": 0, "90.3": 1}, said
    assert muted == {"90.1": 0, "90.2": 0, "90.3": 0}, said
    assert "failed" not in said.splitlines()[-1] and "xfail" not in said and "skipped" not in said.splitlines()[-1]
    assert code == 0  # 9 points, 8 were wanted


def test_the_summary_of_a_job_on_github(graded):
    _, _, summary = graded
    assert summary.startswith("| exercise | points |") and "**9 of 32 points**" in summary


@pytest.mark.full("grading through pytest, run by run")
def test_exit_codes(tmp_path):
    (tmp_path / "90_tiny.ipynb").write_bytes(notebook({name: "..." for name in ("90.1", "90.2", "90.3")}))
    assert run(tmp_path)[0] == 0
    assert run(tmp_path, "--fail-under", "0.5")[0] == 1
    code, said = run(tmp_path, "-n", "2", "--dist", "worksteal")
    assert code != 0 and "--dist loadfile" in said


def test_a_name_that_brings_in_a_failing_cell_costs_nothing(tmp_path):
    answer = "def halves(x):\n    if False:\n        helper()\n    return x / 2, x.sum()"
    (tmp_path / "90_tiny.ipynb").write_bytes(notebook({"90.1": answer}))
    code, said = run(tmp_path, "-v", lesson="frail_lesson")
    assert code == 0 and "90.1 course 1" in said, said
    assert dict(points(said)) == {"90.1": 4, "90.2": 3, "90.3": 1}, said


@pytest.mark.full("grading through pytest, run by run")
def test_a_cell_of_the_course_that_fails_fails_the_run_and_gives_no_verdict(tmp_path):
    (tmp_path / "90_tiny.ipynb").write_bytes(notebook())
    code, said = run(tmp_path, lesson="broken_lesson")
    assert code == 1 and "no_such_module" in said and "no verdict" not in said, said
    assert points(said) == [] and "3 failed" in said and "3 skipped" in said, said


class _Told:
    """A kernel that says what it was told to say."""

    def __init__(self, *said):
        self.said, self.stopped = list(said), False

    def send(self, code):
        return "asked"

    def interrupt(self):
        pass

    def stop(self):
        self.stopped = True

    def heard(self):
        return [self.said.pop(0)] if self.said else []


def message(kind, parent="asked", **content):
    return {"msg_type": kind, "parent_header": {"msg_id": parent}, "content": content}


def boxed(*said):
    kernel = BoxedKernel.__new__(BoxedKernel)
    kernel.boxed = _Told(*said)
    kernel.execute_cell_input("x = 1")
    return kernel


def test_what_is_displayed_while_a_reply_is_awaited_is_kept():
    shown = [("iopub", message("display_data", data={"text/plain": str(number)})) for number in range(2000)]
    kernel = boxed(*shown, ("shell", message("execute_reply", "another", status="error")),
                   ("shell", message("execute_reply", status="ok")))  # fmt: skip
    kernel.await_reply("asked", timeout=60)
    assert kernel.reply == {"status": "ok"}
    assert [kernel.get_message("iopub", 0) for _ in shown] == [each for _, each in shown]


def test_an_error_that_is_only_displayed_is_none():
    kernel = boxed(("iopub", message("error", ename="No")), ("iopub", message("status", execution_state="idle")))
    assert kernel.get_message("iopub", 60)["msg_type"] == "status"


def test_what_goes_on_after_its_interrupt_is_ended(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("course_lib.grading.nbval.adapter.time.monotonic", lambda: now[0])
    kernel = boxed(*[("iopub", message("stream", name="stdout", text="still here"))] * 9)
    kernel.interrupt()
    for _ in range(3):
        now[0] += 1
        kernel.get_message("iopub", 5)
    now[0] += 1
    with pytest.raises(KernelEnded, match="could not be interrupted"):
        kernel.get_message("iopub", 5)
    assert kernel.boxed.stopped


def test_the_insides_of_nbval_are_where_we_use_them():
    """When a new nbval moves one of these, look at course_lib/grading/nbval/adapter.py, and only there."""
    import nbval.plugin as plugin
    from nbval.kernel import RunningKernel

    assert issubclass(plugin.NbCellError, Exception)
    signature = inspect.signature(plugin.IPyNbCell.__init__)
    assert list(signature.parameters) == ["self", "name", "parent", "cell_num", "cell", "options"]
    source = inspect.getsource(plugin.IPyNbCell.runtest)
    for used in ("self.parent.kernel", ".is_alive()", ".execute_cell_input(", ".await_reply(", ".interrupt()",
                 ".stop()",
                 "self.parent.timed_out", "nbval_cell_timeout", "self.test_outputs", "self.parent.get_kernel_message(",
                 "self.options['skip']", "self.options['check']"):  # fmt: skip
        assert used in source, f"nbval's IPyNbCell.runtest no longer uses {used}"
    assert "self.kernel.get_message(" in inspect.getsource(plugin.IPyNbFile.get_kernel_message)
    assert "self.get_message(stream='shell'" in inspect.getsource(RunningKernel.await_reply)
    assert "self.get_message(" in inspect.getsource(RunningKernel.await_idle)
    assert "timed_out" in inspect.getsource(plugin.IPyNbCell.setup)
    others = [
        path for path in (ROOT / "course_lib").rglob("*.py")
        if "import nbval" in path.read_text() or "from nbval" in path.read_text()
    ]  # fmt: skip
    assert [path.name for path in others] == ["adapter.py"]
