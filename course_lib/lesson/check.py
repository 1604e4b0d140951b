"""`check`: judge an answer, show the verdict, and keep the notebook going."""

from course_lib.display import show_html
from course_lib.exercises import evaluate, find, values


def check(exercise_id, answer):
    """Check an answer, show the verdict, and return what the notebook carries on with.

    Args:
        exercise_id: such as "02.1".
        answer: the function, class or value that the exercise asks for (the function itself, not its result).
    Returns:
        `answer` when it is right and of the usual form, else the course's own, so that the cells below run either way.
    Raises:
        ExerciseError: there is no such exercise.
    """
    exercise = find(exercise_id)
    report = evaluate(exercise, answer)
    show_html(report.as_html(), report.as_text())
    if report.passed and report.fits:
        return answer
    return values.marked(exercise.reference) if exercise.cases is None else exercise.reference
