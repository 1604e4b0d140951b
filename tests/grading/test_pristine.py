"""What is run for an exercise, and what the sandbox's copy of the library does not hold."""

import ast
import dataclasses
import sys

import pytest
from tiny import SMOOTH, lesson, real_lectures

from course_lib.errors import CourseError
from course_lib.grading.inert import inert
from course_lib.grading.library import make_copy, secret_functions
from course_lib.grading.names import bound_names, used_names
from course_lib.grading.pristine import Lesson, PristineCell

REAL = [Lesson.of(lecture) for lecture in real_lectures()]


def cell(source, exercise=None, setup=False):
    return PristineCell(source, source, exercise, None, setup)


def test_only_what_an_exercise_needs_runs():
    assert lesson().needed_before("90.2") == [
        'from course_lib import check, claim, predict, start\ncourse = start("90")',
        "import torch",
    ]


def test_an_earlier_exercise_stands_with_the_courses_solution():
    before = lesson().needed_before("90.2", names={"halves"})
    assert before[-1].startswith("def halves(x):\n    return x / 2")


def test_cells_are_followed_to_what_they_use():
    cells = (cell("import math"), cell("scale = math.pi"), cell("print(scale)"), cell("data = load(scale)"),
             cell("def load(x): return x"), cell("def f(data): return data * scale", "91.1"))  # fmt: skip
    made = Lesson("91", "91_x", cells, {"91.1": None})
    assert made.needed_before("91.1") == ["import math", "scale = math.pi"]
    # what a learner uses beyond that brings in definitions, and no cell that works
    assert made.needed_before("91.1", {"data", "load"}) == ["import math", "scale = math.pi", "def load(x): return x"]


def test_a_worked_example_comes_without_its_use():
    example = cell(
        "import math\ndef helper(x):\n    return x\n\ndef example(x):\n    return helper(x)\n\nprint(example(1))"
    )
    made = Lesson("91", "91_x", (example, cell("def f(x): return x", "91.1")), {"91.1": None})
    assert made.needed_before("91.1") == []
    assert made.needed_before("91.1", {"example"}) == ["def example(x):\n    return helper(x)"]


def test_names_are_read_without_running():
    assert bound_names("import a.b as c, d.e\nx, (y, z) = 1, (2, 3)\nwith f() as g:\n    h = [i for i in x]") == {
        "c", "d", "x", "y", "z", "g", "h"
    }  # fmt: skip
    assert bound_names("def f(:\nx = 3") == {"x"} | {"f"}
    assert used_names("def f(a, b=c):\n    d = a\n    return d + e") == {"c", "e"}
    assert used_names("(" * 5000) == set()


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.name)
def test_the_copy_of_the_library_holds_no_answer(real, tmp_path):
    emptied = make_copy(tmp_path, real)
    assert set(emptied) == secret_functions(real)
    for name in emptied:
        path, _, asked_for = name.rpartition(".")
        text = (tmp_path / path.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8")
        (node,) = [n for n in ast.parse(text).body if getattr(n, "name", None) == asked_for]
        functions = [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef)]
        assert functions, name
        for function in functions:
            (only,) = function.body
            assert isinstance(only, ast.Raise) and f"{name} is what an exercise asks for" in ast.unparse(only), name
    names = {path.name for path in tmp_path.rglob("*")}
    assert not {"lectures", "authoring", "verdict.py"} & names
    assert not any(path.suffix in (".ipynb", ".pyc") for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("name", ["course_lib.ops.flow.resize", "course_lib.ops.nowhere.f", "course_lib.ops.flow.f"])
def test_what_is_to_be_hidden_and_is_not_there_is_said(name, tmp_path):
    """A function that was moved, or that another module only imports, would else stay for everybody to call."""
    exercise = dataclasses.replace(SMOOTH, forbidden=(name,))
    with pytest.raises(CourseError, match=f"{name} is to be hidden"):
        make_copy(tmp_path, dataclasses.replace(lesson(), exercises={"90.2": exercise}))


def test_lecture_02_hides_its_convolutions():
    hidden = secret_functions(next(real for real in REAL if real.number == "02"))
    assert {"course_lib.ops.convolution.conv3d", "course_lib.ops.convolution.conv3d_reference"} <= hidden
    assert "course_lib.ops.receptive_field.receptive_field" in hidden


def test_what_a_lecture_hands_out_stays():
    """Forbidden in one exercise, given in the next; or only called by the course's own answer, and imported above."""
    flow, streams = (secret_functions(next(real for real in REAL if real.number == n)) for n in ("04", "05"))
    given = {"flow.lucas_kanade", "flow.lucas_kanade_step", "flow.solve_2x2", "warp.in_view", "warp.warp"}
    assert not {f"course_lib.ops.{name}" for name in given} & flow
    assert {"course_lib.ops.flow.resize_flow", "course_lib.metrics.flow.endpoint_error"} <= flow
    assert "course_lib.ops.sampling.average_predictions" not in streams
    assert "course_lib.models.two_stream.fuse_average" in streams


@pytest.mark.parametrize(
    "source",
    [
        "import torch\nf = lambda x, y=2: torch.relu(x)",
        "from functools import partial\ndef g(x, y=2):\n    return x\nf = partial(g, 1)",
        "import functools\nf = functools.partial(lambda x, y=2: x, 1)",
        "def g(x, y=2):\n    return x\nf: object = g",
        "def wrapped(function):\n    return lambda *more: 0\n@wrapped\ndef f(x, y=2):\n    return x",
    ],
)
def test_a_function_is_read_however_it_got_its_name(source):
    with inert([source], "f") as function:
        assert function.__code__.co_varnames[:2] == ("x", "y") and function.__defaults__ == (2,)


def test_an_object_is_read_as_its_class():
    with inert(["class C:\n    def __call__(self, x):\n        return x\nf = C()"], "f") as found:
        assert found.__call__.__code__.co_varnames == ("self", "x")
    with inert(["class C:\n    def run(self, x):\n        return x\nf = C().run"], "f") as found:
        assert found.run.__code__.co_varnames == ("self", "x")
    with inert(["def make(x):\n    def inner():\n        return x\n    return inner\nf = make(3)"], "f") as found:
        assert found.__name__ == "make"
    for unreadable in ("f = print('ran')", "import torch\nf = torch.nn.Linear(3, 4)", "f = print('ran').upper"):
        with inert([unreadable], "f") as found:
            assert found is None


def test_an_inert_function_is_read_and_never_run(capsys):
    source = (
        "print('ran')\nimport torch.nn.functional as F\nimport evil_module\nimport antigravity\n"
        "def f(x, y=print('default'), *, z=3):\n    return F.relu(x)\n"
        "class C(print('base') or object):\n    print('body')\n    def g(self): return f(1)\nvalue = print('value')\n"
    )
    with inert([source], "f") as function:
        assert function.__name__ == "f" and function.__defaults__ == (None,) and function.__kwdefaults__ == {"z": 3}
        assert function.__globals__["F"] is sys.modules["torch.nn.functional"]
        assert function.__globals__["C"].g.__name__ == "g"
    assert capsys.readouterr().out == "" and "antigravity" not in sys.modules
