"""`check`: judge an answer, show the verdict, and keep the notebook going."""

import contextlib
import sys
import threading

from course_lib.display import box, show_html
from course_lib.exercises import evaluate, find, values

PATIENCE = 10.0  # seconds until a check that is still running says so


def check(exercise_id, answer):
    """Check an answer, show the verdict, and return what the notebook carries on with.

    There is no limit on the time: a check that takes long says how to stop it.

    Args:
        exercise_id: such as "02.1".
        answer: the function, class or value that the exercise asks for (the function itself, not its result).
    Returns:
        `answer` when it is right and of the usual form, else the course's own, so that the cells below run either way.
    Raises:
        ExerciseError: there is no such exercise.
    """
    exercise = find(exercise_id)
    try:
        with _noticed(exercise):
            report = evaluate(exercise, answer)
    except KeyboardInterrupt:  # not in the learner's code, which `evaluate` would have reported
        title = f"■ Stopped. Exercise {exercise.id}: no verdict"
        text = "Run this cell again for one. Carrying on with the course's version."
        show_html(box(title, text, "wait"), f"{title}. {text}")
        return _ours(exercise)
    show_html(report.as_html(), report.as_text())
    return answer if report.passed and report.fits else _ours(exercise)


def _ours(exercise):
    return values.marked(exercise.reference) if exercise.cases is None else exercise.reference


@contextlib.contextmanager
def _noticed(exercise):
    """Say, while what stands inside runs for long, what is running and how to stop it."""
    text = (
        f"Exercise {exercise.id} has been running for {PATIENCE:.0f} seconds. Is there a loop in your code that never "
        "ends? Stop it with the ■ button or Kernel > Interrupt (Ctrl+C in a terminal): you will see where it was."
    )
    notice = threading.Timer(PATIENCE, print, [text], {"file": sys.stdout, "flush": True})  # stdout: a test diverts it
    notice.daemon = True
    notice.start()
    try:
        yield
    finally:
        notice.cancel()
