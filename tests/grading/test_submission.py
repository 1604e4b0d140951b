"""Reading what is handed in: every way in which a notebook can be odd gives answers, a remark, or a clear refusal."""

import io
import json
import os

import pytest
from tiny import NAMES, SOLUTIONS, cells_of, code, lesson, notebook

from course_lib.grading import outputs, submission

LESSON = lesson()


def read(*cells, **more):
    return submission.parse(json.dumps({"nbformat": 4, "cells": list(cells)} | more).encode(), LESSON)


def sources(handed_in):
    return {number: answer.source for number, answer in handed_in.answers.items()}


def notes(handed_in, number):
    return " ".join(handed_in.answers[number].notes)


def test_a_plain_notebook():
    handed_in = submission.parse(notebook(), LESSON)
    assert sources(handed_in) == SOLUTIONS
    assert handed_in.problem is None and not handed_in.notes
    assert not any(answer.notes for answer in handed_in.answers.values())


def test_lost_metadata_is_found_by_the_check():
    cells = cells_of()
    for cell in cells:
        cell["metadata"] = {"colab": {"base_uri": "x"}, "id": "abc"}
    handed_in = read(*cells)
    assert sources(handed_in) == SOLUTIONS
    assert "next to its check" in notes(handed_in, "90.1")


def test_lost_metadata_and_checks_are_found_by_the_name():
    cells = [code(source) for source in SOLUTIONS.values()]
    handed_in = read(*reversed(cells))
    assert sources(handed_in) == SOLUTIONS
    assert "defines halves" in notes(handed_in, "90.1")


def test_moved_cells():
    assert sources(read(*reversed(cells_of()))) == SOLUTIONS


def test_a_duplicated_cell_counts_once():
    cells = cells_of()
    handed_in = read(*cells, *cells)
    assert sources(handed_in) == SOLUTIONS
    assert "2 times" in notes(handed_in, "90.1")


def test_two_versions_run_in_their_order():
    handed_in = read(code("def halves(x): return 1", "90.1"), code("def halves(x): return 2", "90.1"))
    assert [cell.number for cell in handed_in.answers["90.1"].cells] == [1, 2]
    assert "last counts" in notes(handed_in, "90.1")


def test_a_merged_cell_answers_several():
    merged = "\n".join(SOLUTIONS.values()) + '\nhalves = check("90.1", halves)\n'
    handed_in = read(code(merged, "90.1"))
    assert set(handed_in.answers) == set(NAMES)
    assert all(answer.source == merged for answer in handed_in.answers.values())


def test_a_split_cell_brings_its_helper():
    helper = code("def part(x):\n    return scale(x)")
    handed_in = read(
        code("def scale(x): return x / 2"), helper, code("def halves(x):\n    return part(x), x.sum()", "90.1")
    )
    assert [cell.number for cell in handed_in.answers["90.1"].cells] == [1, 2, 3]
    assert "cell 1, 2" in notes(handed_in, "90.1") or "cell 2, 1" in notes(handed_in, "90.1")


def test_cells_of_the_course_are_no_answers():
    """The check binds the name of the function; and what a lecture shows is not what a learner wrote."""
    handed_in = read(code('halves = check("90.1", halves)'), code("import torch"))
    assert not handed_in.answers


def test_nbformat_3():
    cells = [{"cell_type": "code", "input": SOLUTIONS["90.3"], "language": "python", "metadata": {}, "outputs": []}]
    data = json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()
    handed_in = submission.parse(data, LESSON)
    assert sources(handed_in) == {"90.3": "count = 42"} and "nbformat 3" in handed_in.notes[0]


def test_a_format_from_the_future():
    handed_in = submission.parse(notebook(nbformat=9, nbformat_minor=7), LESSON)
    assert sources(handed_in) == SOLUTIONS and "version" in handed_in.notes[0]


def test_an_unparsable_cell_is_still_the_answer():
    handed_in = read(code("def halves(x:\n    return", "90.1"))
    assert handed_in.answers["90.1"].source.startswith("def halves(x:")


def test_magics_do_not_hide_an_answer():
    handed_in = read(code("%time\n!ls\ndef halves(x):\n    return x", "90.1"))
    assert "90.1" in handed_in.answers


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"PK\x03\x04 not json", "not valid JSON"),
        (notebook()[:-40], "cut off"),
        (b"[1, 2]", "no notebook"),
        (b'"text"', "no notebook"),
        (b"[" * 100_000, "depth"),
        (b'{"cells": []}', "no cells"),
        (b'{"cells": {"a": 1}}', "no cells"),
        (b'{"worksheets": [3, null, {"cells": 4}]}', "no cells"),
        (b'{"nbformat": "four", "worksheets": "none"}', "no cells"),
    ],
)
def test_what_is_no_notebook_is_refused_in_words(data, words):
    handed_in = submission.parse(data, LESSON)
    assert words in handed_in.problem and not handed_in.answers


def test_wrong_types_in_every_field():
    odd = [
        None, 3, "text", [], {}, {"cell_type": 4}, {"cell_type": "code"}, {"cell_type": "code", "source": 7},
        {"cell_type": "code", "source": ["a", 3]}, {"cell_type": "code", "source": {"a": 1}},
        {"cell_type": "code", "source": "x = 1", "metadata": []},
        {"cell_type": "code", "source": "x = 1", "metadata": {"course": "90.1"}},
        {"cell_type": "code", "source": "x = 1", "metadata": {"course": {"exercise": ["90.1"]}}},
        {"cell_type": "code", "source": "x = 1", "metadata": {"course": {"exercise": {}}}, "id": {}, "outputs": 3},
        {"cell_type": "unknown", "source": "x"},
    ]  # fmt: skip
    handed_in = read(*odd, *cells_of(), metadata=7, nbformat_minor="x")
    assert sources(handed_in) == SOLUTIONS
    assert any("could not be understood" in note for note in handed_in.notes)


def test_invalid_utf8():
    handed_in = submission.parse(notebook().replace(b"return x / 2", b"return x / 2  # \xff\xfe"), LESSON)
    assert "UTF-8" in handed_in.notes[0] and set(handed_in.answers) == set(NAMES)


def test_files_that_are_none(tmp_path):
    (tmp_path / "folder.ipynb").mkdir()
    os.mkfifo(tmp_path / "pipe.ipynb")
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(notebook())
    inside = tmp_path / "submissions"
    inside.mkdir()
    (inside / "link.ipynb").symlink_to(secret)
    (inside / "loop.ipynb").symlink_to(inside / "loop.ipynb")
    assert "read" in submission.read(tmp_path / "folder.ipynb", LESSON).problem
    assert "no notebook" in submission.read(tmp_path / "pipe.ipynb", LESSON).problem
    (inside / "neighbour.ipynb").write_bytes(notebook())
    (inside / "copy.ipynb").symlink_to(inside / "neighbour.ipynb")
    assert "links are not followed" in submission.read(inside / "copy.ipynb", LESSON, inside).problem
    assert "out of the submissions" in submission.read(inside / "link.ipynb", LESSON, inside).problem
    assert submission.read(inside / "loop.ipynb", LESSON, inside).problem
    assert "read" in submission.read(inside / "missing.ipynb", LESSON, inside).problem


def test_a_notebook_of_600_megabytes_is_not_read(tmp_path):
    with open(tmp_path / "large.ipynb", "wb") as file:
        file.truncate(600 * 2**20)
    assert "600 MB, at most 512" in submission.read(tmp_path / "large.ipynb", LESSON).problem


def test_a_large_notebook_is_read_without_its_outputs(tmp_path):
    cells = cells_of()
    cells[2]["outputs"] = [{"output_type": "display_data", "data": {"image/png": "iVBORw" * 6_000_000}}]
    path = tmp_path / "large.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": cells}))
    assert path.stat().st_size > submission.LARGEST
    handed_in = submission.read(path, LESSON)
    assert handed_in.problem is None and sources(handed_in) == SOLUTIONS
    assert len(submission.contents(path)[0]) < 10_000


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
def test_outputs_are_left_out_wherever_the_file_is_cut(monkeypatch, piece):
    monkeypatch.setattr(outputs, "PIECE", piece)
    cell = {"source": ['x = "outputs": [1]\n', '[[{{"\\"]'], "outputs": [{"a": ['"]\\', "}"]}], "more": {"outputs": 3}}
    wanted = {"cells": [cell | {"outputs": []}]}
    assert json.loads(outputs.without_outputs(io.BytesIO(json.dumps({"cells": [cell]}).encode()), 1000)) == wanted


def test_what_is_no_output_has_its_limit():
    data = json.dumps({"cells": [{"source": "x" * 2000, "outputs": []}]}).encode()
    with pytest.raises(ValueError, match="no output"):
        outputs.without_outputs(io.BytesIO(data), 1000)
    with pytest.raises(ValueError, match="depth"):
        outputs.without_outputs(io.BytesIO(b"[" * 300), 1000)


def test_a_cell_that_nobody_writes_is_left_out():
    handed_in = read(code("x = [" + "1," * 60_000 + "]"), *cells_of())
    assert sources(handed_in) == SOLUTIONS and "Cell 1 has 120,006 characters" in handed_in.notes[0]


NESTED_FINALLY = "".join(" " * n + "try: pass\n" + " " * n + "finally:\n" for n in range(40)) + " " * 40 + "pass\n"


@pytest.mark.parametrize(
    "odd", ["x = y" + " + 1" * 500, "x = " + "-" * 5000 + "1", "x = y" + ".a" * 20_000, NESTED_FINALLY]
)
def test_code_as_deep_as_nobody_writes_it_stops_nobody(odd):
    """Reading the last one as Python does takes 2**40 steps and as much memory."""
    source = f"{odd}\n{SOLUTIONS['90.1']}"
    handed_in = read(code(source, "90.1"))
    assert handed_in.answers["90.1"].source == source


def test_a_submission_is_never_written(tmp_path):
    path = tmp_path / "90_tiny.ipynb"
    path.write_bytes(notebook())
    os.chmod(path, 0o444)
    before = path.stat().st_mtime_ns
    submission.read(path, LESSON)
    assert path.read_bytes() == notebook() and path.stat().st_mtime_ns == before
