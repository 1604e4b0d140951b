"""Files appear whole or not at all, and nothing of a failed attempt is left."""

import ast
import os
from pathlib import Path

import pytest

from course_lib.atomic import replacing, write_atomically

PACKAGE = Path(__file__).resolve().parents[1] / "course_lib"
WRITES_OTHERWISE = {  # file: why it may
    "atomic.py": "it is the way",
    "data/sets/archives.py": "makes a whole folder beside, and renames that",
    "data/sets/download.py": "keeps what came, in order to go on from there; renames it when it is complete",
    "bench/decoding.py": "in a temporary folder",
    "bench/grading.py": "in a temporary folder",
    "bench/models.py": "asks the system to count anew",
}


class Interrupted(BaseException):
    """As Ctrl-C is, no Exception."""


def test_what_was_written_takes_the_name(tmp_path):
    with replacing(tmp_path / "film.mp4") as beside:
        assert beside.parent == tmp_path and beside.suffix == ".mp4" and not (tmp_path / "film.mp4").exists()
        beside.write_text("new")
    assert (tmp_path / "film.mp4").read_text() == "new"
    assert (tmp_path / "film.mp4").stat().st_mode & 0o777 == 0o644
    assert os.listdir(tmp_path) == ["film.mp4"]


@pytest.mark.parametrize("error", [OSError, Interrupted])
def test_an_interruption_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "net.pt"
    write_atomically(path, "old")
    with pytest.raises(error), replacing(path) as beside:
        beside.write_text("hal")
        raise error
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["net.pt"]


def test_text_has_the_same_bytes_on_every_system(tmp_path):
    write_atomically(tmp_path / "a", "ä\nb\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa4\nb\n"


def test_a_missing_folder_is_an_error_and_is_not_made(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "none" / "a", b"")
    assert not os.listdir(tmp_path)


def writes(source):
    """Lines of code that write a file by themselves."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            base = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            modes = [a.value for a in (*node.args, *(k.value for k in node.keywords)) if isinstance(a, ast.Constant)]
            opens = name == "open" and any(mode in ("w", "wb", "a", "ab", "x", "xb", "r+", "w+") for mode in modes)
            chosen = name == "open" and any(isinstance(a, ast.IfExp) for a in node.args)
            saves = (base, name) in {("torch", "save"), ("np", "save"), ("np", "savez"), ("os", "replace")}
            if opens or chosen or saves or name in ("write_text", "write_bytes", "mkstemp"):
                yield node.lineno


def test_every_writer_outside_grading_goes_this_way():
    for path in sorted(PACKAGE.rglob("*.py")):
        name, source = path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")
        if name.startswith("grading/") or "replacing(" in source and name != "atomic.py":
            continue  # the name that a block of `replacing` writes to is checked by eye
        found = list(writes(source))
        if name in WRITES_OTHERWISE:
            assert found, f"{name} writes nothing any more: take it out of the list"
        else:
            assert not found, f"{name} writes a file in line {found}: use course_lib.atomic"


def test_the_search_finds_writers():
    source = "open(p, 'w')\nPath(p).write_text('')\ntorch.save(x, p)\nopen(p)\nopen(p, mode='ab')\nav.open(s, 'w')"
    assert list(writes(source)) == [1, 2, 3, 5, 6]
