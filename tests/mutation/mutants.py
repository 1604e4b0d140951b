"""Check the checks: change each solution in the standard ways, and list the wrong ones that a check accepts.

    make mutants                        every lecture
    python tests/mutation/mutants.py 02 one lecture

A mutant that no input could tell from the solution is equivalent: equivalent.toml lists it with the reason (and with
the changed line, where the same change elsewhere would not be equivalent). Every other survivor asks for a better
test. Exit code 1 when an exercise rejects fewer than 95 % of what is not equivalent.
"""

import ast
import copy
import dataclasses
import importlib
import multiprocessing
import signal
import sys
from itertools import zip_longest
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[0] / "exercises"), str(HERE.parents[0] / "grading")]
WANTED = 0.95
SECONDS = 10  # of computing, for one mutant: a loop that no longer ends is rejected
SEEDS = (0, 1, 2)

SWAPS = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div, ast.Add), ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div, ast.Mult), ast.Mod: (ast.FloorDiv,), ast.Pow: (ast.Mult,), ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt,), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt,), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
    ast.And: (ast.Or,), ast.Or: (ast.And,),
}  # fmt: skip


def mutants(source):
    """Every changed version of a solution.

    Yields:
        (what was changed, as "before -> after"; the first line that differs, as changed; the changed source).
    """
    tree = ast.parse(source)
    lines, seen = ast.unparse(tree).splitlines(), {ast.unparse(tree)}
    for number, node in enumerate(ast.walk(tree)):
        for change in _changes(node, tree):
            changed = copy.deepcopy(tree)
            twin = next(other for index, other in enumerate(ast.walk(changed)) if index == number)
            before = ast.unparse(node) if hasattr(node, "lineno") else ""
            change(twin)
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text not in seen:
                seen.add(text)
                what = f"{before} -> {ast.unparse(twin) if hasattr(twin, 'lineno') else ''}"
                differ = (new for old, new in zip_longest(lines, text.splitlines()) if old != new)
                yield what, (next(differ) or "").strip(), text


def _changes(node, tree):
    """Functions that change a node in place."""
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
        yield from (_setting("op", new()) for new in SWAPS.get(type(node.op), ()))
    if isinstance(node, ast.BinOp):
        yield from (_becoming(side) for side in ("left", "right"))  # a dropped term
    if isinstance(node, ast.Compare):
        yield from (_setting("ops", [new(), *node.ops[1:]]) for new in SWAPS.get(type(node.ops[0]), ()))
    if isinstance(node, ast.BoolOp):
        yield from (_setting("op", new()) for new in SWAPS[type(node.op)])
    if isinstance(node, ast.UnaryOp):
        yield _becoming("operand")
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield from (_setting("value", node.value + step) for step in (1, -1))
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield _setting("value", not node.value)
    if isinstance(node, (ast.Call, ast.Tuple)):
        name = "args" if isinstance(node, ast.Call) else "elts"
        items = getattr(node, name)
        for i in range(len(items) - 1):  # neighbours exchanged: swapped axes
            yield _setting(name, [*items[:i], items[i + 1], items[i], *items[i + 2 :]])
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.expr):
            yield lambda twin: _replace(twin, twin.func.value)  # x.f(...) -> x
        yield from (_dropping("keywords", i) for i in range(len(node.keywords)))
    if isinstance(node, ast.Slice):
        yield from (_setting(side, None) for side in ("lower", "upper") if getattr(node, side) is not None)
    if isinstance(node, (ast.FunctionDef, ast.For, ast.If)):
        for i, statement in enumerate(node.body):
            if isinstance(statement, (ast.Assign, ast.AugAssign)) and len(node.body) > 1:
                yield _dropping("body", i)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for name in _parameters(tree) - {node.id}:
            if node.id in _parameters(tree):
                yield _setting("id", name)  # rows for columns


def _parameters(tree):
    return {a.arg for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) for a in n.args.args} - {"self"}


def _setting(name, value):
    return lambda twin: setattr(twin, name, copy.deepcopy(value))


def _dropping(name, index):
    return lambda twin: getattr(twin, name).pop(index)


def _becoming(part):
    return lambda twin: _replace(twin, getattr(twin, part))


def _replace(twin, other):
    """Turn a node into another one, in place."""
    twin.__class__ = type(other)
    twin.__dict__.clear()
    twin.__dict__.update(vars(other))


def survives(lesson, exercise, source):
    """Whether the check accepts a mutant, for each of several seeds. Run in a process of its own."""
    from cells import cell

    from course_lib.exercises import evaluate

    exercise = dataclasses.replace(exercise, mistakes=())  # they explain the verdict, and would only cost time
    namespace = {"__name__": "__main__"}
    try:
        for before in lesson.needed_before(exercise.id):
            if "start(" not in before:
                exec(before, namespace)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # ends the process
        answer = cell(source, exercise.name, namespace)
        return all(evaluate(exercise, answer, seed).passed for seed in SEEDS)
    except Exception:  # a mutant that cannot even be defined is rejected
        return False


def main(numbers):
    from tiny import real_lectures

    from course_lib.grading.pristine import Lesson

    known = {(row["exercise"], row["change"], row.get("line")) for row in _equivalent()}
    lessons = [Lesson.of(lecture) for lecture in real_lectures() if not numbers or lecture.number in numbers]
    worst, killed_in_all, wrong_in_all = 1.0, 0, 0
    for lesson in lessons:
        for module in lesson.modules:  # once here, instead of in every fork
            importlib.import_module(module)
        for cell in lesson.cells:
            if cell.exercise:
                exercise = lesson.exercises[cell.exercise]
                made = list(mutants(cell.solution))
                alive = [(what, line) for what, line, text in made if _judged(lesson, exercise, text)]
                new = [row for row in alive if not known & {(exercise.id, row[0], line) for line in (None, row[1])}]
                wrong = len(made) - (len(alive) - len(new))
                share = 1 - len(new) / wrong if wrong else 1.0
                killed = wrong - len(new)
                worst, killed_in_all, wrong_in_all = min(worst, share), killed_in_all + killed, wrong_in_all + wrong
                print(f"{exercise.id}  {killed} of {wrong} rejected ({share:.0%}), {len(alive) - len(new)} equivalent")
                for what, line in new:
                    print(f"       accepted: {what}   in: {line}", flush=True)
    print(f"all    {killed_in_all} of {wrong_in_all} rejected")
    return 0 if worst >= WANTED else 1


def _judged(lesson, exercise, text):
    receive, send = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=lambda: send.send(survives(lesson, exercise, text)))
    child.start()
    child.join(12 * SECONDS)  # it may wait for others, or sleep
    if child.is_alive():
        child.kill()
        child.join()
    return receive.poll() and receive.recv()


def _equivalent():
    file = HERE / "equivalent.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", []) if file.exists() else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
