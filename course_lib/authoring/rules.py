"""What a lecture keeps to, as far as a machine can tell: tags, set-up cell, exercises with their checks and headings.

Each rule yields (line of the file, what is wrong and what was expected).
"""

import ast
import re

from course_lib.authoring.source import BEGIN, END, INSTEAD, solution_lines

CODE_TAGS = {"setup", "exercise", "check", "predict", "widget", "claim"}
NBVAL_TAGS = {"nbval-check-output", "nbval-ignore-output", "nbval-skip", "nbval-raises-exception", "raises-exception"}
MARKDOWN_TAGS = {"hint", "solution"}
EITHER_TAGS = {"objective", "recap", "bonus", "gpu"}
TAGS = CODE_TAGS | NBVAL_TAGS | MARKDOWN_TAGS | EITHER_TAGS

HINTS = re.compile(r"<details>\s*([\w.]+)\s*</details>")
_TITLE = re.compile(r"# (\d\d) · \S")
_HEADING = re.compile(r"#{1,6} +Exercise +([\w.]*\w)")
_MAGIC = re.compile(r"\s*(# ?)?[%!][a-zA-Z]")
_ORDER = {(END, BEGIN), (BEGIN, INSTEAD), (BEGIN, END), (INSTEAD, END)}  # which marker may follow which


def find_problems(cells, number, registry):
    """Everything in a lecture that breaks the format.

    Args:
        cells: list of `Cell`, at least one.
        number: the lecture's "NN".
        registry: dict from id to `Exercise`, those of this lecture.
    Returns:
        list of (line, text).
    """
    problems = []
    for cell in cells:
        problems += _tag_problems(cell)
        problems += _option_problems(cell)
        if cell.kind == "code":
            problems += _code_problems(cell)
            problems += _marker_problems(cell)
        else:
            problems += _hint_problems(cell, registry)
        if "exercise" in cell.tags:
            problems += _exercise_problems(cell, number, registry)
    problems += _opening_problems(cells, number)
    problems += _order_problems(cells, registry)
    problems += _heading_problems(cells)
    return problems


def _tag_problems(cell):
    for tag in cell.tags:
        if tag not in TAGS:
            yield cell.marker, f"unknown tag {tag!r}; the tags are {', '.join(sorted(TAGS))}"
        elif tag in CODE_TAGS | NBVAL_TAGS and cell.kind != "code":
            yield cell.marker, f"the tag {tag!r} belongs on a code cell, this one is markdown"
        elif tag in MARKDOWN_TAGS and cell.kind == "code":
            more = f"; in code, mark solutions by {BEGIN} and {END}" if tag == "solution" else ""
            yield cell.marker, f"the tag {tag!r} belongs on a markdown cell, this one is code{more}"


def _option_problems(cell):
    if "exercise" not in cell.tags and (cell.exercise is not None or cell.points is not None):
        yield cell.marker, 'exercise= and points= belong beside tags=["exercise"]'


def _code_problems(cell):
    for index, line in enumerate(cell.source.splitlines()):
        if _MAGIC.match(line):
            yield cell.line + index, f"{line.strip()!r} reads like a magic command; a lecture is plain Python"
    try:
        calls = check_calls(cell)
    except SyntaxError as error:
        yield cell.line + (error.lineno or 1) - 1, f"not valid Python: {error.msg}"
        return
    if "check" not in cell.tags:
        for call in calls:
            yield cell.line + call.lineno - 1, 'check(...) belongs in a cell of its own: # %% tags=["check"]'


def _marker_problems(cell):
    last = END
    for index, line in enumerate(cell.source.splitlines()):
        text = line.strip()
        if text not in (BEGIN, INSTEAD, END):
            continue
        if "exercise" not in cell.tags:
            yield cell.line + index, f"{text!r} outside an exercise cell"
        elif (last, text) not in _ORDER:
            before = "nothing" if last == END else repr(last)
            yield cell.line + index, f"{text!r} with {before} open: solutions are not nested and have both ends"
        last = text
    if last != END and "exercise" in cell.tags:
        yield cell.line, f"{last!r} is never closed by {END!r}"


def _hint_problems(cell, registry):
    if "hint" in cell.tags and not HINTS.search(cell.source):
        yield cell.line, "a hint cell says whose hints: <details>02.1</details>"
    for match in HINTS.finditer(cell.source):
        line = cell.line + cell.source.count("\n", 0, match.start())
        if match[1] not in registry:
            yield line, f"hints of {match[1]!r}: no such exercise"
        elif not registry[match[1]].hints:
            yield line, f"exercise {match[1]} is registered without hints; it needs three"


def _opening_problems(cells, number):
    title = _TITLE.match(cells[0].source)
    if cells[0].kind != "markdown" or not title or title[1] != number:
        yield cells[0].line, f"the first cell is the title: '# {number} · A question?'"
    code = [cell for cell in cells if cell.kind == "code"]
    expected = f'course = start("{number}")'
    if not code or "setup" not in code[0].tags or code[0].source.strip() != expected:
        line = code[0].line if code else cells[0].line
        yield line, f'the first code cell is the set-up: # %% tags=["setup"], with exactly: {expected}'
    for cell in code[1:]:
        if "setup" in cell.tags:
            yield cell.marker, "a second set-up cell; a lecture has one"


def _exercise_problems(cell, number, registry):
    line, name = cell.marker, cell.exercise
    if not isinstance(name, str) or not re.fullmatch(rf"{number}\.\d+", name):
        yield line, f'exercise is {name!r}, expected an id such as exercise="{number}.1", in quotes'
        return
    if name not in registry:
        known = ", ".join(sorted(registry)) or "none"
        yield line, f"exercise {name} is not registered for lecture {number} (registered: {known})"
        return
    exercise = registry[name]
    if cell.points != exercise.points:
        yield line, f"points={cell.points}, but exercise {name} is registered with points={exercise.points}"
    if not any(text.strip() == BEGIN for text in cell.source.splitlines()):
        yield line, f"exercise {name} leaves nothing to do: mark its solution by {BEGIN} and {END}"
    for edition in ("learner", "solutions"):
        try:
            tree = ast.parse("\n".join(text for _, text in solution_lines(cell.source, edition)))
        except SyntaxError as error:
            yield line, f"the {edition} edition of exercise {name} is not valid Python: {error.msg}"
            continue
        if exercise.name not in _defined(tree):
            yield line, f"the {edition} edition of exercise {name} does not define {exercise.name!r}"
        if edition == "solutions" and exercise.solution and not _same_code(ast.unparse(tree), exercise.solution):
            home = f"course_lib/exercises/lectures/l{number}"
            yield line, f"the solution of exercise {name} is other code than in {home}: change both"


def _same_code(one, other):
    from course_lib.exercises.written import same_code  # here: it brings torch along, which `course grade` does without

    return same_code(one, other)


def _order_problems(cells, registry):
    """Each exercise once, each followed by its check before the next one comes."""
    waiting, first, checked = None, {}, set()
    for cell in cells:
        if "exercise" in cell.tags:
            if waiting:
                yield waiting.marker, f"exercise {waiting.exercise} has no check before the next exercise"
            if cell.exercise in first:
                yield cell.marker, f"exercise {cell.exercise} is here twice, first on line {first[cell.exercise]}"
            first.setdefault(cell.exercise, cell.marker)
            waiting = cell
        elif "check" in cell.tags and cell.kind == "code":
            problem = _check_problem(cell, waiting and waiting.exercise, checked, registry)
            if problem:
                yield cell.line, problem
            waiting = None
    if waiting:
        yield waiting.marker, f"exercise {waiting.exercise} has no check cell after it"
    for missing in sorted(set(registry) - set(first)):
        yield 1, f"exercise {missing} is registered in course_lib.exercises, but this lecture does not set it"


def _check_problem(cell, wanted, checked, registry):
    """What is wrong with a check cell. Grading finds the answer by its line: name = check("02.1", name)."""
    try:
        calls = check_calls(cell)
    except SyntaxError:
        return None  # reported as code
    ids = [call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)]
    if len(calls) != 1 or len(ids) != 1 or not isinstance(ids[0], str):
        return 'a check cell holds one call: name = check("02.1", name)'
    found = ids[0]
    if found in checked:
        return f"exercise {found} is checked twice"
    checked.add(found)
    if wanted is None:
        return f"check of {found} without an exercise cell before it"
    if found != wanted:
        return f"this checks {found}, but the exercise above is {wanted}"
    if found in registry:
        name = registry[found].name
        expected = f'{name} = check("{found}", {name})'
        if expected not in cell.source.splitlines():
            return f"expected the line {expected}"
    return None


def _heading_problems(cells):
    """Above each exercise, after the one before it, stands its heading."""
    heading = None  # (id, line) of the last one
    for cell in cells:
        if cell.kind == "markdown":
            for index, line in enumerate(cell.source.splitlines()):
                match = _HEADING.match(line)
                heading = (match[1], cell.line + index) if match else heading
        elif "exercise" in cell.tags:
            expected = f"expected '## Exercise {cell.exercise}: ...'"
            if heading is None:
                yield cell.marker, f"there is no heading above exercise {cell.exercise}, {expected}"
            elif heading[0] != cell.exercise:
                yield heading[1], f"the heading says {heading[0]}, {expected}"
            heading = None


def check_calls(cell):
    """The calls of `check` in a code cell, as syntax nodes."""
    nodes = ast.walk(ast.parse(cell.source))
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return [call for call in calls if call.func.id == "check"]


def _defined(tree):
    """Names that a cell defines at its top level."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return names
