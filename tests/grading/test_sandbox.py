"""The sandbox itself: with and without bubblewrap, its limits, and what happens when it breaks."""

import json
import os
import time

import pytest
from tiny import lesson, notebook

from course_lib.errors import CourseError
from course_lib.grading import grade as plain
from course_lib.grading import sandbox, submission
from course_lib.grading.grade import Grader
from course_lib.grading.kernel import Kernel


def test_without_bubblewrap_it_grades_and_says_so():
    tiny = lesson()
    with Grader(lessons=[tiny], seed=1, sandbox="none", timeout=2) as grader:
        assert "files" in grader.warning
        handed_in = submission.parse(notebook({"90.1": "def halves(x):\n    import os\n    os._exit(1)"}), tiny)
        first = grader.grade_submission(handed_in, tiny)
        assert first.points == {"90.1": 0, "90.2": 3, "90.3": 1}
        assert not grader._sandboxes, "without namespaces, nothing may be left for the next learner"


def test_leftovers_end_without_bubblewrap_too(tmp_path):
    source = "import subprocess\nprocess = subprocess.Popen(['sleep', '300'], start_new_session=True)\nprocess.pid"
    with sandbox.Sandbox(lesson(), bwrap=False) as plain_sandbox:
        with Kernel(plain_sandbox) as kernel:
            kernel.execute(f"{source}\nopen('{tmp_path}/pid', 'w').write(str(process.pid))", 20)
            pid = int((tmp_path / "pid").read_text())
            os.kill(pid, 0)
        until = time.monotonic() + 10
        while _runs(pid) and time.monotonic() < until:
            time.sleep(0.05)
        assert not _runs(pid)


def _runs(pid):
    """Whether a process runs: one that has ended and was not waited for does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_the_modes_mean(monkeypatch):
    assert sandbox.choose("none")[0] is False and sandbox.choose("none")[1]
    with pytest.raises(CourseError, match="expected one of"):
        sandbox.choose("docker")
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    works, warning = sandbox.choose("auto")
    assert not works and "not installed" in warning and "network" in warning
    with pytest.raises(CourseError, match="not installed"):
        sandbox.choose("bwrap")


def test_a_sandbox_that_dies_is_replaced(grader, boxed):
    """Its end costs the exercise that ran at most, and the next ones get a new one."""
    tiny = grader.lesson("90")
    grader.sandbox(tiny).start()
    process = grader.sandbox(tiny).process
    process.kill()
    process.wait()
    handed_in = submission.parse(notebook(), tiny)
    assert grader.grade_submission(handed_in, tiny).total == 8


def test_boxes_end_and_leave_nothing(grader, boxed):
    used = grader.sandbox(grader.lesson("90"))
    for _ in range(3):
        with Kernel(used) as kernel:
            assert kernel.execute("open('/tmp/mine', 'x').write('here')\n1", 20).status == "ok"
    assert not os.listdir(used.folder / "boxes")


def test_limits_hold_in_the_box(grader, boxed):
    with Kernel(grader.sandbox(grader.lesson("90"))) as kernel:
        result = kernel.execute(
            "import resource, json\nprint(json.dumps([resource.getrlimit(getattr(resource, 'RLIMIT_' + n))[0] for n in "
            "('NOFILE', 'FSIZE', 'CPU', 'CORE', 'NPROC')]))", 20,
        )  # fmt: skip
        limits = grader.limits
        expected = [limits.files, limits.file * 2**20, limits.cpu, 0, limits.processes]
        assert json.loads(result.printed) == expected
        result = kernel.execute("import re\nprint(re.findall('Cap...:.*', open('/proc/self/status').read()))", 20)
        assert result.printed.count("0000000000000000") >= 4  # inherited, permitted, effective, ambient


def test_the_same_seed_gives_the_same_points(boxed):
    answers = {"90.1": "import torch\ndef halves(x):\n    return x / 2 + (torch.rand(()) > 0.5), x.sum()"}
    tiny, points = lesson(), []
    for _ in range(2):
        with Grader(lessons=[tiny], seed=11, timeout=5) as grader:
            points.append(grader.grade_submission(submission.parse(notebook(answers), tiny), tiny).points)
    assert points[0] == points[1]


def test_the_plain_function(tmp_path, boxed):
    path = tmp_path / "00_start_here.ipynb"
    path.write_text("no notebook")
    assert plain.grade(path, "00", seed=1) == {"00.1": 0, "00.2": 0, "00.3": 0}
    with pytest.raises(CourseError, match="no lecture"):
        plain.grade(path, "77")
