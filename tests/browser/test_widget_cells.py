"""What a widget needs of its lecture is found, and what it does not need is left out."""

import nbformat
from widget_cells import cells_for_widgets

LECTURE = [
    ("course = start('90')", ["setup"]),
    ("import torch", []),
    ("import math", []),
    ("def scaled(x):\n    return factor * torch.relu(x)", ["exercise"]),
    ("factor = 2", []),
    ("torch.manual_seed(0)\nnetwork = train(course, hours=3)", []),
    ("clip = torch.ones(3)", []),
    ("Explorer(scaled(clip))", ["widget"]),
    ("clip = network(clip)", []),
]


def kept(cells):
    made = [nbformat.v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in cells]
    found = cells_for_widgets([nbformat.v4.new_markdown_cell("# A lecture"), *made])
    return [made.index(cell) for cell in found]


def test_set_up_imports_and_what_defines_a_used_name_also_within_a_function():
    assert kept(LECTURE) == [0, 1, 3, 4, 6, 7]


def test_a_second_widget_brings_in_what_it_needs_too():
    assert kept([*LECTURE, ("Player(clip)", ["widget"])]) == [0, 1, 3, 4, 5, 6, 7, 8, 9]


def test_what_fills_a_needed_name_runs_too():
    fills = "for n in range(3):\n    rows.append(n)\nmore[1], net.a = 2, 3"
    cells = [("rows, more, net = [], {}, Net()", []), (fills, [])]
    for name in ("rows", "more", "net"):
        assert kept([*cells, ("print(rows)\nshow(more, net)", []), (f"Table({name})", ["widget"])]) == [0, 1, 3]


def test_a_lecture_without_widgets_needs_nothing():
    assert kept(LECTURE[:-2]) == []
