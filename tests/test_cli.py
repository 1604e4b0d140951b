import importlib.util
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from mini_course import PLAIN

from course_lib import __version__, cli


def course(capsys, *arguments):
    """Run the command line; returns (exit code, stdout, stderr)."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(list(arguments))
    said = capsys.readouterr()
    return stopped.value.code, said.out, said.err


def test_version_and_help(capsys):
    assert course(capsys, "--version") == (0, f"course, version {__version__}\n", "")
    code, out, _ = course(capsys, "--help")
    assert code == 0
    assert {"lab", "run", "build", "claims", "data", "doctor", "bench"} <= set(out.split())


def test_the_command_line_starts_without_torch():
    code = "import sys, course_lib.cli; print('torch' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert loaded.stdout == "False\n"


def test_an_error_of_the_course_is_a_message(capsys, checkout, monkeypatch):
    monkeypatch.chdir(checkout)
    code, out, err = course(capsys, "run", "7")
    assert (code, out) == (1, "")
    assert err == "course: There is no lecture '7'. The lectures are: 90_plain.\n"


def test_a_wrong_command_is_a_usage_error(capsys):
    code, _, err = course(capsys, "buidl")
    assert code == 2
    assert "buidl" in err


def test_ctrl_c_is_one_line_and_130(capsys, checkout, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.chdir(checkout)
    monkeypatch.setattr("course_lib.authoring.build.build", interrupted)
    code, out, err = course(capsys, "build")
    assert (code, out, err.strip()) == (130, "", "course: interrupted")


def test_build_then_check_then_stale(capsys, checkout, monkeypatch):
    monkeypatch.chdir(checkout)
    assert course(capsys, "build", "--check")[0] == 1
    code, out, _ = course(capsys, "build", "90")
    assert code == 0
    assert "90_plain: executed in" in out
    assert course(capsys, "build", "--check")[0] == 0
    source = checkout / "notebooks" / "src" / "90_plain.py"
    source.write_text(PLAIN.replace("1 + 1", "2 + 1"), encoding="utf-8")
    code, _, err = course(capsys, "build", "--check")
    assert code == 1
    assert "notebooks/90_plain.ipynb" in err
    assert "notebooks/solutions/90_plain.ipynb" in err
    assert "course build" in err


def test_run_writes_a_page_and_leaves_the_notebooks_alone(capsys, checkout, monkeypatch):
    monkeypatch.chdir(checkout)
    code, out, _ = course(capsys, "run", "90", "--edition", "learner", "--html", "page.html")
    assert code == 0
    assert "page.html" in out
    assert "Does it run?" in (checkout / "page.html").read_text(encoding="utf-8")
    assert not list(checkout.rglob("*.ipynb"))


def test_lab_copies_and_hands_the_rest_to_jupyter(capsys, checkout, monkeypatch):
    monkeypatch.chdir(checkout)
    (checkout / "notebooks" / "90_plain.ipynb").write_text("{}", encoding="utf-8")
    started = []
    monkeypatch.setattr("course_lib.workspace.open_lab", lambda command: started.append(command) or 0)
    code, out, _ = course(capsys, "lab", "--no-browser", "--port=9999", "--ServerApp.token=x")
    assert code == 0
    assert "90_plain.ipynb: copied" in out
    assert (checkout / "work" / "90_plain.ipynb").is_file()
    assert started[0][-3:] == ["--no-browser", "--port=9999", "--ServerApp.token=x"]
    assert course(capsys, "lab", "--workspace", str(checkout / "mine"))[0] == 0
    assert (checkout / "mine" / "90_plain.ipynb").is_file()


def test_data_bench_and_doctor_reach_what_does_the_work(capsys, monkeypatch, tmp_path):
    made, asked = [tmp_path / "street.mp4"], []
    made[0].write_bytes(b"x" * 2000)
    monkeypatch.setattr("course_lib.data.sets.shipped.make", lambda directory: asked.append(str(directory)) or made)
    monkeypatch.setattr("course_lib.data.sets.catalog.get", lambda *arguments: asked.append(arguments) or tmp_path)
    monkeypatch.setattr("course_lib.bench.runner.main", lambda arguments: asked.append(arguments) or 2)
    monkeypatch.setattr("course_lib.doctor.main", lambda: 1)
    assert course(capsys, "data", "make", "here")[:2] == (0, f"{made[0]}  2 KB\n")
    assert course(capsys, "data", "get", "ucf101", "--parts", "2")[:2] == (0, f"ucf101 is in {tmp_path}\n")
    assert course(capsys, "bench", "decode", "--json", "file", "--help")[0] == 2
    assert course(capsys, "doctor")[0] == 1
    assert asked == ["here", ("ucf101", None, 2, False), ["decode", "--json", "file", "--help"]]
    code, out, _ = course(capsys, "data", "list")
    assert code == 0
    assert "ucf101" in out.lower()


def test_lab_without_jupyterlab_says_how_to_install_it(capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    code, _, err = course(capsys, "lab")
    assert code == 1
    assert 'pip install "course_lib[lab]"' in err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a single process")
def test_lab_opens_a_server_on_its_first_lecture(checkout, tmp_path):
    """The real thing: the process becomes JupyterLab, answers, knows the notebook, and ends when told to."""
    (checkout / "notebooks" / "90_plain.ipynb").write_text('{"cells": []}', encoding="utf-8")
    log = tmp_path / "log"
    command = [sys.executable, "-m", "course_lib.cli", "lab", "--no-browser", "--allow-root", "--port=0"]
    with log.open("w") as file:
        server = subprocess.Popen([*command, "--ServerApp.token=secret"], cwd=checkout, stdout=file, stderr=file)
    try:
        address = _soon(lambda: _address(log), log, server)
        assert "/lab/tree/90_plain.ipynb" in address
        base = address.split("/lab/")[0]
        contents = _soon(lambda: _answer(f"{base}/api/contents?token=secret"), log, server)
        assert [entry["name"] for entry in contents["content"]] == ["90_plain.ipynb"]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _soon(look, log, server):
    """What `look` finds, as soon as it finds something."""
    for _ in range(300):
        found = look()
        if found is not None:
            return found
        assert server.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.2)
    raise AssertionError(f"nothing after 60 s:\n{log.read_text(encoding='utf-8')}")


def _address(log):
    words = log.read_text(encoding="utf-8").split()
    return next((word for word in words if word.startswith("http://") and "token=" in word), None)


def _answer(address):
    """None while nobody listens there: Jupyter prints its address a moment before."""
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.URLError as error:
        assert isinstance(error.reason, ConnectionRefusedError), error
