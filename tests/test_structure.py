"""The package's arrows point one way, and no circle of files is left. Then every part can be read by itself."""

from pathlib import Path

import pytest

from tests.imports import circles, import_graph, part_of, wrong_arrows

PACKAGE = Path(__file__).resolve().parents[1] / "course_lib"
ORDER = (
    ("errors", "atomic", "cells", "display", "moved", "progress", "timing"),
    ("places", "profile"),
    ("ops",),
    ("models", "data"),
    ("wiring",),
    ("describe",),
    ("train", "metrics", "plots"),
    ("trackers", "video_depth", "widgets"),
    ("recipes",),
    ("exercises",),
    ("lesson",),
    ("authoring",),
    ("grading",),
    ("bench", "doctor", "workspace"),
    ("cli",),
)


@pytest.fixture(scope="module")
def graph():
    found = import_graph(PACKAGE)
    found["course_lib.moved"] = set()  # its strings are what a learner may ask for; it imports nothing by itself
    return found


def test_every_part_has_its_place(graph):
    placed = {part for parts in ORDER for part in parts}
    assert {part_of(module) for module in graph} - {""} <= placed


def test_arrows_point_one_way(graph):
    assert wrong_arrows(graph, ORDER) == []


def test_there_is_no_circle_of_files(graph):
    found = circles(graph)
    assert not found, "\n".join(" > ".join(circle) for circle in found)


def test_lesson_is_for_notebooks_alone(graph):
    """The package hands its names out, and what collects claims reads them; the library works without it."""
    users = {module for module, imported in graph.items() if any(part_of(other) == "lesson" for other in imported)}
    assert {user for user in users if part_of(user) != "lesson"} == {"course_lib", "course_lib.authoring.claims"}


@pytest.fixture
def made_up(tmp_path):
    """Write a package `toy`: {path: source} -> its graph."""

    def write(files):
        for name, source in files.items():
            path = tmp_path / "toy" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        return import_graph(tmp_path / "toy")

    return write


@pytest.mark.parametrize(
    "source, imported",
    [
        ("import toy.low.a", {"toy.low.a"}),
        ("import toy.low.a as other, os", {"toy.low.a"}),
        ("from toy.low import a", {"toy.low.a"}),
        ("from toy.low import a, VALUE", {"toy.low.a", "toy.low"}),
        ("from toy.low.a import function", {"toy.low.a"}),
        ("from ..low import a", {"toy.low.a"}),
        ("from ..low.a import function", {"toy.low.a"}),
        ("from . import beside", {"toy.high.beside"}),
        ("from .beside import function", {"toy.high.beside"}),
        ("def f():\n    if True:\n        from toy.low import a", {"toy.low.a"}),
        ("_HOME = {'name': 'toy.low.a'}\ndef __getattr__(name): return import_module(_HOME[name])", {"toy.low.a"}),
        ("run([python, '-m', 'toy.low.a', '--fast'])", set()),
        ("'toy.low.a is read', 'toy.low.none', 'toy'", set()),
        ("import toy.low.none, torch.nn", set()),
    ],
)
def test_every_kind_of_import_is_seen(made_up, source, imported):
    files = {"__init__.py": "", "low/__init__.py": "VALUE = 1", "low/a.py": "", "high/__init__.py": ""}
    assert made_up({**files, "high/beside.py": "", "high/b.py": source})["toy.high.b"] == imported


def test_an_arrow_that_goes_up_or_sideways_is_found(made_up):
    graph = made_up({
        "__init__.py": "_HOME = {'f': 'toy.high.b'}",
        "low/a.py": "def f():\n    import toy.high.b",
        "low/c.py": "from toy.low import a\nimport toy",
        "middle.py": "from toy.low import a\nfrom toy import beside",
        "beside.py": "",
        "high/b.py": "from toy import middle",
    })  # fmt: skip
    order = (("low",), ("middle", "beside"), ("high",))
    assert wrong_arrows(graph, order) == ["toy.low.a -> toy.high.b", "toy.middle -> toy.beside"]


def test_circles_are_found_inside_a_folder_and_through_a_lazy_import(made_up):
    graph = made_up({
        "one.py": "from toy import two", "two.py": "from toy import three",
        "three.py": "def f():\n    from .one import g",
        "part/a.py": "from . import b", "part/b.py": "from toy.part.a import c", "apart.py": "from toy import one",
    })  # fmt: skip
    assert sorted(map(set, circles(graph)), key=len) == [
        {"toy.part.a", "toy.part.b"},
        {"toy.one", "toy.two", "toy.three"},
    ]
    assert all(circle[0] == circle[-1] for circle in circles(graph))
