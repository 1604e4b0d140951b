"""A folder to hand out: learner notebooks, a page for students, the points, and the workflow that grades a push."""

from pathlib import Path

from course_lib.atomic import write_atomically
from course_lib.authoring.editions import find_sources, make_edition, read, repository_of, to_bytes
from course_lib.errors import CourseError
from course_lib.grading import submission
from course_lib.grading.grade import Grader
from course_lib.grading.trial import untried

README = """# {title}

Your notebooks for this part of the course.

1. Open a notebook in JupyterLab, or on Colab with the badge at its top.
2. Work through it from top to bottom. Where it says `...  # your code here`, write your own code, and run the check.
3. Hand in the notebook itself, under its own name. Outputs do not count; clear them if the file is large.

What is graded is the code in the exercise cells: it is called on other inputs than the ones that you see, so write
what holds for any. Each exercise is graded on its own, and each test that passes earns its share of the points. Cells
that you add are used where an exercise needs them. Whatever else you change costs nothing and earns nothing.

Where an exercise asks you to do without a function, code that hides what it calls (`eval`, `getattr` with a computed
name) is not accepted for it.

If your course uses GitHub, every push is graded: see the tab *Actions*, and there the summary of the last run.

{points}
"""

WORKFLOW = """\
name: grade
on: [push, workflow_dispatch]
permissions:
  contents: read
jobs:
  grade:
    runs-on: ubuntu-latest
    timeout-minutes: 60
    steps:
      - uses: actions/checkout@v4
      - uses: actions/checkout@v4 # the course itself: exercises, references and the grader
        with:
          repository: {repository}
          path: .course
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - name: Sandbox
        run: |
          sudo apt-get update -qq
          sudo apt-get install -y -qq bubblewrap
          # Ubuntu 24.04 forbids ordinary users the namespaces that the sandbox is made of
          sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 || true
      - name: Install
        run: pip install "./.course[test]"
      - name: Grade # with no configuration and no conftest.py of the one who is graded; what is missing earns nothing
        run: >
          pytest --noconftest -c .course/pyproject.toml --rootdir . -p no:cacheprovider
          -p course_lib.grading.nbval.plugin --nbval-lax --course-grade --course-root .course
          $(ls {notebooks} 2> /dev/null)
"""


def release(folder, root, lectures=(), hide_solutions=False, sandbox="auto", say=print):
    """Write a release, and verify that its stubs fail and its solutions pass.

    Args:
        folder: where to; it must not exist, or be empty.
        root: the checkout.
        lectures: numbers; all when empty.
        hide_solutions: leave the solved notebooks out. What remains holds no solution.
        sandbox: as for `grade`.
        say: takes a line per lecture.
    Raises:
        CourseError: the folder is not empty, or the verification failed; then nothing is written.
    """
    folder, root = Path(folder), Path(root)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CourseError(f"{folder} is not an empty folder: choose another one for the release.")
    authored = [read(source) for source in find_sources(root, lectures)]
    with Grader(root, sandbox=sandbox) as grader:
        if grader.warning:
            say(f"WARNING: {grader.warning}")
        problems = [problem for lecture in authored for problem in verify(grader, lecture.number)]
    if problems:
        raise CourseError("Not released:\n" + "\n".join(problems))
    repository = repository_of(root)
    (folder / ".github" / "workflows").mkdir(parents=True)
    for lecture in authored:
        name = f"{lecture.name}.ipynb"
        write_atomically(folder / name, to_bytes(make_edition(lecture, "learner", repository).notebook))
        if not hide_solutions:
            (folder / "solutions").mkdir(exist_ok=True)
            solved = make_edition(lecture, "solutions", repository).notebook
            write_atomically(folder / "solutions" / name, to_bytes(solved))
        count = f"{len(lecture.exercises)} exercises, {_points(lecture):g} points"
        say(f"{lecture.name}: {count}; stubs fail, solutions pass")
    notebooks = " ".join(f"{lecture.name}.ipynb" for lecture in authored)
    short = repository.removeprefix("https://github.com/")
    workflow = WORKFLOW.format(repository=short, notebooks=notebooks)
    write_atomically(folder / ".github" / "workflows" / "grade.yml", workflow)
    text = README.format(title="Deep Learning for Video", points=points_table(authored))
    write_atomically(folder / "README.md", text)


def verify(grader, number):
    """What is wrong with the exercises of a lecture, as its grader sees them: sentences, none when all is well.

    Each solution must earn all points, each released stub none.
    """
    lesson, problems = grader.lesson(number), []
    for cell in lesson.cells:
        if cell.exercise is None:
            continue
        exercise = lesson.exercises[cell.exercise]
        solved = grader.run(lesson, exercise, _answer(cell.solution), grader.baseline(lesson, exercise))
        if not solved.passed or solved.points != solved.possible:
            problems.append(
                f"{cell.exercise}: its own solution does not pass: {solved.summary} {' '.join(solved.notes)}"
            )
        handed_in = submission.Submission({cell.exercise: _answer(cell.source)})
        if untried(lesson, exercise, handed_in) is None:
            problems.append(f"{cell.exercise}: the released stub is not taken for one.")
        if grader.run(lesson, exercise, _answer(cell.source)).passed:
            problems.append(f"{cell.exercise}: the released stub passes.")
    return problems


def points_table(authored):
    """The points of every exercise, in Markdown."""
    lines = ["| exercise | what | points |", "|---|---|---|"]
    for lecture in authored:
        for exercise in lecture.exercises.values():
            lines.append(f"| {exercise.id} | {exercise.title} | {exercise.points:g} |")
    total = sum(map(_points, authored))
    return "\n".join([*lines, f"| | **all** | **{total:g}** |"])


def _points(lecture):
    return sum(exercise.points for exercise in lecture.exercises.values())


def _answer(source):
    return submission.Answer((submission.Cell(1, source),))
