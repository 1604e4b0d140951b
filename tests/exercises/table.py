"""Tables of right and wrong answers, for the tests of a lecture's exercises.

from table import assert_enough_wrong_answers, assert_rejected, lecture_test

WRONG = [  # exercise, wrong answer as a learner would type it, part of the expected diagnosis (None: any)
    ("02.2", "def output_size(size, kernel):\n    return size - kernel", "plus one"),
    ...
]
test_lecture = lecture_test("02")

@pytest.mark.parametrize("exercise_id, answer, diagnosis", WRONG)
def test_wrong(exercise_id, answer, diagnosis):
    assert_rejected(exercise_id, answer, diagnosis)
"""

import ast
import dataclasses
import hashlib
import linecache
from collections import Counter
from pathlib import Path

import pytest

from course_lib.authoring.source import INSTEAD, parse, solution_lines
from course_lib.exercises import evaluate, find, lecture

SOURCES = Path(__file__).parents[2] / "notebooks" / "src"
SEEDS = (0, 1, 2)


def cell(source, name, namespace=None):
    """Run source text as Jupyter runs a cell (its lines can be read afterwards) and return what `name` is then."""
    filename = f"<cell {hashlib.sha256(source.encode()).hexdigest()[:12]}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    exec(compile(source, filename, "exec"), namespace)
    return namespace[name]


def answer(exercise_id, edition="solutions", more=""):
    """What a learner's cell of the authored notebook defines.

    The lecture's imports and the solutions of the exercises above it are run first, nothing else of the lecture;
    `more` is source text for what else the cell needs.
    """
    exercise = find(exercise_id)
    namespace = _namespace(exercise_id[:2])
    exec(more, namespace)
    for other in _cells(exercise_id[:2]):
        if other.exercise == exercise_id:
            return cell(_edition(other, edition), exercise.name, namespace)
        if other.exercise:
            cell(_edition(other, "solutions"), find(other.exercise).name, namespace)
    raise LookupError(f"notebooks/src has no cell for exercise {exercise_id}")


def typed(exercise_id, source, more=""):
    """An answer, typed into the exercise's cell instead of the solution (or given as an object)."""
    if not isinstance(source, str) or find(exercise_id).kind == "choice" and "\n" not in source and "=" not in source:
        return source
    namespace = _namespace(exercise_id[:2])
    exec(more, namespace)
    return cell(source, find(exercise_id).name, namespace)


def assert_solved(exercise_id, seeds=SEEDS, more=""):
    """The notebook's own solution is accepted, for several inputs."""
    for seed in seeds:
        report = evaluate(find(exercise_id), answer(exercise_id, more=more), seed)
        assert report.passed, report.as_text()


def assert_stub(exercise_id, more=""):
    """The learner's untouched cell earns nothing. It is "not attempted", unless it starts from code with a mistake."""
    report = evaluate(find(exercise_id), answer(exercise_id, "learner", more))
    source = next(c.source for c in _cells(exercise_id[:2]) if c.exercise == exercise_id)
    assert not report.passed, report.as_text()
    assert not report.attempted or INSTEAD in source, report.as_text()


def assert_rejected(exercise_id, source, diagnosis=None, seeds=SEEDS, more=""):
    """A wrong answer is rejected, and the diagnosis contains the given words (in any case)."""
    for seed in seeds:
        report = evaluate(find(exercise_id), typed(exercise_id, source, more), seed)
        assert report.attempted and not report.passed, report.as_text()
        if diagnosis is not None:
            assert diagnosis.lower() in (report.diagnosis or "").lower(), report.as_text()


def assert_mistakes(exercise_id, seeds=SEEDS):
    """Each registered mistake, given as the answer, is rejected with its own diagnosis."""
    exercise = dataclasses.replace(find(exercise_id), forbidden=())
    for mistake in exercise.mistakes:
        if exercise.cases is None and callable(mistake.answer):
            continue  # a predicate stands for many answers; the table of the lecture has one of them
        for seed in seeds:
            report = evaluate(exercise, mistake.answer, seed)
            assert report.attempted and not report.passed, f"{mistake.diagnosis}\n{report.as_text()}"
            assert report.diagnosis == mistake.diagnosis, f"{mistake.diagnosis}\n{report.as_text()}"


def lecture_test(number, more=""):
    """A test, one run per exercise, of what holds for every lecture: solution, stub, mistakes, hints, inputs."""

    @pytest.mark.parametrize("exercise_id", [exercise.id for exercise in lecture(number)])
    def test(exercise_id):
        assert_solved(exercise_id, more=more)
        assert_stub(exercise_id, more)
        assert_mistakes(exercise_id)
        assert len(find(exercise_id).hints) == 3

    return test


def assert_enough_wrong_answers(number, table, at_least=4):
    """Every exercise of a lecture has at least four wrong answers in the table."""
    counts = Counter(row[0] for row in table)
    few = {exercise.id: counts[exercise.id] for exercise in lecture(number) if counts[exercise.id] < at_least}
    assert not few, f"too few wrong answers: {few}"


def _cells(number):
    (path,) = SOURCES.glob(f"{number}_*.py")
    cells, problems = parse(path)
    assert not problems, problems
    return [c for c in cells if c.kind == "code"]


def _edition(authored, edition):
    return "\n".join(text for _, text in solution_lines(authored.source, edition))


def _namespace(number):
    """A notebook's namespace after the import lines of its lecture."""
    namespace = {"__name__": "__main__"}
    for authored in _cells(number):
        for node in ast.parse(authored.source).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                exec(compile(ast.Module([node], []), "<imports>", "exec"), namespace)
    return namespace
