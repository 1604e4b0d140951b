import json
import sys
import types

import pytest

from course_lib.bench import runner as bench
from course_lib.errors import CourseError


@pytest.fixture
def rows(monkeypatch):
    """An empty register, and no modules to discover."""
    empty = {}
    monkeypatch.setattr(bench, "rows", empty)
    monkeypatch.setattr(bench, "discover", list)
    return empty


def test_a_row_is_measured_and_printed(rows, capsys):
    @bench.row("twice as fast", peer="a friend")
    def measure(rounds):
        return 0.2, 0.1, f"{rounds} rounds"

    assert bench.main(["--rounds", "3"]) == 0
    printed = capsys.readouterr().out
    assert "machine:" in printed and "torch" in printed
    assert "twice as fast" in printed and "a friend" in printed and "3 rounds" in printed
    assert "peer 200.00 ms   ours 100.00 ms   ratio 0.50" in printed


def test_a_broken_row_does_not_stop_the_others(rows, capsys):
    @bench.row("broken", peer="p")
    def broken(rounds):
        raise RuntimeError("no such codec")

    @bench.row("fine", peer="p")
    def fine(rounds):
        return 1.0, 2.0, ""

    assert bench.main([]) == 1
    printed = capsys.readouterr().out
    assert "failed: RuntimeError: no such codec" in printed and "ratio 2.00" in printed


def test_a_row_whose_needs_are_missing_is_skipped(rows, capsys):
    @bench.row("needs a peer", peer="p")
    def measure(rounds):
        bench.need("a_module_that_is_not_there", "pip install it")

    assert bench.main([]) == 0
    assert "skipped: needs a_module_that_is_not_there (pip install it)" in capsys.readouterr().out


def test_rows_are_chosen_by_any_part_of_their_name(rows, capsys):
    ran = []
    for name in ("decode short clips", "decode long clips", "train"):
        bench.row(name, peer="p")(lambda rounds, name=name: (ran.append(name), 1.0, "")[1:] and (1.0, 1.0, ""))
    assert bench.main(["LONG", "train"]) == 0
    assert ran == ["decode long clips", "train"]
    assert bench.main(["nothing like it"]) == 2
    assert "decode short clips" in capsys.readouterr().err


def test_results_are_written_as_json(rows, tmp_path):
    bench.row("one", peer="p")(lambda rounds: (4.0, 1.0, "n"))
    path = tmp_path / "results.json"
    bench.main(["--json", str(path)])
    content = json.loads(path.read_text())
    assert content["rows"][0]["ratio"] == 0.25 and content["machine"]["torch"]
    with pytest.raises(CourseError, match="cannot write"):
        bench.main(["--json", str(tmp_path / "no" / "results.json")])


def test_two_rows_cannot_share_a_name(rows):
    bench.row("one", peer="p")(lambda rounds: None)
    other = types.FunctionType((lambda rounds: None).__code__, {"__name__": "another_module"})
    with pytest.raises(ValueError, match="two rows"):
        bench.row("one", peer="p")(other)


def test_a_module_that_cannot_be_imported_is_reported(monkeypatch, tmp_path, capsys):
    (tmp_path / "broken_theme.py").write_text("import a_module_that_is_not_there\n")
    (tmp_path / "good_theme.py").write_text(
        "from course_lib.bench.runner import row\n@row('good', peer='p')\ndef f(rounds):\n    return 1.0, 1.0, ''\n"
    )
    import course_lib.bench as package

    monkeypatch.setattr(bench, "rows", {})
    monkeypatch.setattr(package, "__path__", [str(tmp_path)])
    try:
        assert bench.main([]) == 1
    finally:
        sys.modules.pop("course_lib.bench.good_theme", None)
    printed = capsys.readouterr()
    assert "broken_theme.py: ModuleNotFoundError" in printed.err and "ratio 1.00" in printed.out


def test_the_rows_of_the_course_are_found(capsys):
    assert bench.main(["--list"]) == 0
    assert "random 16-frame clips, 640x480 H.264, GOP 250" in capsys.readouterr().out


def test_the_bench_needs_only_torch_and_numpy():
    import subprocess

    code = (
        "import sys\nfor name in ('av', 'cv2', 'click', 'matplotlib', 'skimage', 'IPython'): sys.modules[name] = None\n"
        "from course_lib.bench import runner as bench\nsys.exit(bench.main(['--list']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "GOP 12" in done.stdout, done.stderr
