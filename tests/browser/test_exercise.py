"""An exercise as a learner meets it: type a wrong answer, read what is wrong, type the right one."""

import nbformat
import pytest

from tests.browser.test_browser import no_errors_in, open_notebook, run_all, shot, show_cell

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LECTURE = "00_start_here.ipynb"
SETUP = "from course_lib import check"
WRONG = "def to_clip(frames):\n    return frames.permute(0, 3, 1, 2).float() / 255"
RIGHT = "def to_clip(frames):\n    return frames.permute(3, 0, 1, 2).float() / 255"


def test_a_wrong_answer_is_explained_and_a_right_one_accepted(page, lab):
    lecture = nbformat.read(lab.workspace / LECTURE, as_version=4)
    chosen = [cell for cell in lecture.cells if cell.id in ("exercise-00-1", "check-00-1")]
    start = nbformat.v4.new_code_cell(SETUP, id="start")
    notebook = lab.workspace / "one_exercise.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[start, *chosen], metadata=lecture.metadata), notebook)

    open_notebook(page, lab, notebook.name)
    run_all(page)
    says(page, "not attempted yet")
    answer(page, WRONG)
    says(page, "Likely reason")
    says(page, "time")
    page.screenshot(path=shot("exercise_wrong"))
    answer(page, RIGHT)
    says(page, "Correct")
    page.screenshot(path=shot("exercise_right"))
    no_errors_in(page, notebook)


def answer(page, source):
    """Replace what is in the exercise's cell, and run it and its check, all by keyboard."""
    show_cell(page, 1).locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")


def says(page, words):
    """Wait until the check's box holds these words."""
    box = show_cell(page, 2).locator(".jp-OutputArea-output")
    box.get_by_text(words, exact=False).first.wait_for(timeout=30_000)
