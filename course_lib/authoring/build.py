"""Build the notebooks from the authored lectures, and tell which are stale."""

import json
from pathlib import Path

from course_lib.atomic import write_atomically
from course_lib.authoring.editions import find_sources, make_edition, read, repository_of, to_bytes
from course_lib.authoring.fingerprint import fingerprint
from course_lib.authoring.source import shown
from course_lib.errors import CourseError

LARGEST = 600_000  # bytes of a solved notebook: beyond it GitHub is slow to show it, and a clone of the course grows
LONGEST = 30  # seconds that a lecture may take on one core: each is validated in full, each time
ENVIRONMENT = {"COURSE_STRICT": "1", "COURSE_PROFILE": "cpu"}  # a claim that fails stops the build; two cores suffice


def build(root, numbers=(), force=False, say=print):
    """Build both editions of the lectures that changed.

    A lecture that fails keeps the editions that it has; the others are still built.

    Args:
        root: the checkout.
        numbers: lectures to look at; none means all.
        force: build also what did not change.
        say: called with each line of the report.
    Returns:
        names of the lectures that were executed.
    Raises:
        CourseError: when all are done, with what failed.
    """
    built, failures = [], []
    for source in find_sources(root, numbers):
        try:
            if _build_one(root, source, force, say):
                built.append(source.stem)
        except CourseError as error:
            failures.append(str(error))
    if not numbers:
        for orphan in _orphans(root):
            say(f"{shown(orphan)}: no source makes this any more; delete it.")
    if failures:
        raise CourseError("\n\n".join(failures))
    return built


def find_stale(root, numbers=()):
    """Which editions are not what `build` would write.

    Args:
        root, numbers: as for `build`.
    Returns:
        list of lines, "file: why"; empty when all is well.
    """
    stale = []
    for source in find_sources(root, numbers):
        try:
            reasons = _reasons(root, source)
        except CourseError as error:
            stale += str(error).splitlines()
            continue
        stale += [f"{shown(path)}: {why}" for path, why in reasons.items() if why]
    if not numbers:
        stale += [f"{shown(orphan)}: has no source in notebooks/src" for orphan in _orphans(root)]
    return stale


def learner_path(root, source):
    return Path(root) / "notebooks" / f"{source.stem}.ipynb"


def solutions_path(root, source):
    return Path(root) / "notebooks" / "solutions" / f"{source.stem}.ipynb"


def _reasons(root, source):
    """For each edition of a lecture, why it is stale, or None."""
    lecture = read(source)
    repository = repository_of(root)
    learner = to_bytes(make_edition(lecture, "learner", repository).notebook)
    solutions = make_edition(lecture, "solutions", repository).notebook
    mark = fingerprint(solutions, lecture.number, root)
    return {
        learner_path(root, source): _learner_reason(learner_path(root, source), learner),
        solutions_path(root, source): _solutions_reason(solutions_path(root, source), solutions, mark),
    }


def _build_one(root, source, force, say):
    """Build one lecture; returns whether it was executed."""
    from course_lib.authoring.execution import execute

    lecture = read(source)
    repository = repository_of(root)
    learner = to_bytes(make_edition(lecture, "learner", repository).notebook)
    solutions = make_edition(lecture, "solutions", repository)
    target = solutions_path(root, source)
    mark = fingerprint(solutions.notebook, lecture.number, root)
    stale = force or _solutions_reason(target, solutions.notebook, mark)
    if stale:
        notebook, seconds = execute(solutions, lecture, ENVIRONMENT)
        notebook.metadata["course"]["built_from"] = mark
        content = to_bytes(notebook)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, content)
        say(f"{source.stem}: executed in {sum(seconds):.0f} s, {len(content) / 1000:.0f} KB")
        lines = [f"{shown(source)}:{cell.line}" for cell in lecture.cells]
        _warn(notebook, content, seconds, lines, say)
    if _learner_reason(learner_path(root, source), learner):
        write_atomically(learner_path(root, source), learner)
        say(f"{source.stem}: learner edition written")
    elif not stale:
        say(f"{source.stem}: up to date")
    return bool(stale)


def _warn(notebook, content, seconds, lines, say):
    """Say what is too large, too slow or invisible, and which cells are to blame."""
    kilobytes = [len(json.dumps(cell.get("outputs", ()))) / 1000 for cell in notebook.cells]
    if len(content) > LARGEST:
        most = f"more than {LARGEST // 1000} KB; use fewer or smaller figures. Largest"
        say(f"warning: {len(content) // 1000} KB is {most}: {_worst(kilobytes, 'KB', lines)}")
    if sum(seconds) > LONGEST:
        say(f"warning: {sum(seconds):.0f} s is more than {LONGEST} s. Slowest: {_worst(seconds, 's', lines)}")
    for cell, line in zip(notebook.cells, lines, strict=True):
        if "widget" in cell.metadata.get("tags", ()) and not any("data" in output for output in cell.outputs):
            say(f"warning: {line}: the widget leaves no picture where there is no kernel.")


def _worst(values, unit, lines):
    worst = sorted(zip(values, lines, strict=True), reverse=True)[:3]
    return ", ".join(f"{line} ({value:.0f} {unit})" for value, line in worst)


def _learner_reason(path, expected):
    if not path.is_file():
        return "is missing"
    return None if path.read_bytes() == expected else "differs from what its source makes"


def _solutions_reason(path, expected, mark):
    if not path.is_file():
        return "is missing"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        built_from = found["metadata"]["course"]["built_from"]
        cells = [(cell["id"], cell["cell_type"], "".join(cell["source"])) for cell in found["cells"]]
    except (ValueError, KeyError, TypeError):
        return "is not a notebook that the build wrote"
    if built_from != mark:
        return "was built from an older source, module or data file"
    if cells != [(cell["id"], cell["cell_type"], cell["source"]) for cell in expected["cells"]]:
        return "was edited by hand: edit notebooks/src instead"
    return None


def _orphans(root):
    folder = Path(root) / "notebooks"
    names = {source.stem for source in find_sources(root)}
    editions = sorted([*folder.glob("*.ipynb"), *folder.glob("solutions/*.ipynb")])
    return [path for path in editions if path.stem not in names]
