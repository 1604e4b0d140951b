"""Grade as `pytest --nbval-lax --course-grade` does, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# A lecture that no checkout has is taught to the grader of the run, and the verdicts are written down.
CONFTEST = """
import json
import sys
sys.path.insert(0, {folder!r})
import course_lib.grading.grade as grade
import tiny
from course_lib.grading.nbval.points import attached
made = grade.Grader.__init__
grade.Grader.__init__ = lambda self, root=None, **options: made(self, root, lessons=[tiny.{lesson}()], **options)
def pytest_runtest_logreport(report):
    with open("verdicts.jsonl", "a") as file:
        file.writelines(json.dumps([report.fspath, verdict]) + "\\n" for verdict in attached(report))
"""


def run(folder, *options, lesson="lesson"):
    """Grade the notebooks in a folder.

    Args:
        lesson: the function of `tiny` that makes the lecture.
    Returns:
        (exit code, what was said).
    """
    (folder / "conftest.py").write_text(CONFTEST.format(folder=str(Path(__file__).parent), lesson=lesson))
    command = [sys.executable, "-m", "pytest", "-p", "course_lib.grading.nbval.plugin", "-p", "no:cacheprovider"]
    command += ["--nbval-lax", "--course-grade", "--course-timeout", "2", "--rootdir", str(folder), *options]
    environment = os.environ | {"GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def verdicts(folder):
    """What the last run in a folder found: dict from (name of the notebook, exercise) to the verdict as a dict."""
    rows = map(json.loads, (folder / "verdicts.jsonl").read_text().splitlines())
    return {(Path(path).name, verdict["exercise_id"]): verdict for path, verdict in rows}
