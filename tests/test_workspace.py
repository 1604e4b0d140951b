import json
import os
import re
import sys

import pytest

from course_lib import atomic, workspace
from course_lib.errors import CourseError
from course_lib.workspace import MANIFEST, first_notebook, lab_command, refresh


@pytest.fixture
def notebooks(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "00_start_here.ipynb").write_text("start 1", encoding="utf-8")
    (folder / "02_convolution.ipynb").write_text("convolution 1", encoding="utf-8")
    return folder


@pytest.fixture
def work(tmp_path):
    return tmp_path / "my course" / "work"


def actions(changes):
    return {change.name: change.action for change in changes}


def publish(notebooks, text):
    """A newer edition of lecture 02."""
    (notebooks / "02_convolution.ipynb").write_text(text, encoding="utf-8")


def content(work):
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(work.glob("*.ipynb"))}


def test_the_first_time_everything_is_copied_and_then_nothing(notebooks, work):
    assert actions(refresh(notebooks, work)) == {"00_start_here.ipynb": "new", "02_convolution.ipynb": "new"}
    assert content(work) == {"00_start_here.ipynb": "start 1", "02_convolution.ipynb": "convolution 1"}
    assert refresh(notebooks, work) == []


def test_what_the_learner_left_alone_is_updated_in_place(notebooks, work):
    refresh(notebooks, work)
    publish(notebooks, "convolution 2")
    assert actions(refresh(notebooks, work)) == {"02_convolution.ipynb": "updated"}
    assert content(work)["02_convolution.ipynb"] == "convolution 2"
    assert refresh(notebooks, work) == []


def test_what_the_learner_changed_stays_and_the_newer_edition_is_put_beside_it_once(notebooks, work):
    refresh(notebooks, work)
    (work / "02_convolution.ipynb").write_text("my solution", encoding="utf-8")
    assert refresh(notebooks, work) == []  # changed, but there is no newer edition
    publish(notebooks, "convolution 2")
    (change,) = refresh(notebooks, work)
    assert change.action == "beside"
    assert "02_convolution.new.ipynb" in change.line
    expected = {"00_start_here.ipynb": "start 1", "02_convolution.ipynb": "my solution"}
    assert content(work) == expected | {"02_convolution.new.ipynb": "convolution 2"}
    assert refresh(notebooks, work) == []
    (work / "02_convolution.new.ipynb").unlink()  # "no, thanks" is remembered until there is a newer one
    assert refresh(notebooks, work) == []
    assert content(work) == expected


def test_a_newer_copy_is_replaced_only_while_it_is_untouched(notebooks, work):
    refresh(notebooks, work)
    (work / "02_convolution.ipynb").write_text("my solution", encoding="utf-8")
    for edition in ("convolution 2", "convolution 3"):
        publish(notebooks, edition)
        refresh(notebooks, work)
        assert content(work)["02_convolution.new.ipynb"] == edition
    (work / "02_convolution.new.ipynb").write_text("my second solution", encoding="utf-8")
    publish(notebooks, "convolution 4")
    refresh(notebooks, work)
    assert content(work) == {
        "00_start_here.ipynb": "start 1",
        "02_convolution.ipynb": "my solution",
        "02_convolution.new-2.ipynb": "convolution 4",
        "02_convolution.new.ipynb": "my second solution",
    }


def test_a_learner_who_takes_the_newer_copy_is_up_to_date(notebooks, work):
    refresh(notebooks, work)
    (work / "02_convolution.ipynb").write_text("my solution", encoding="utf-8")
    publish(notebooks, "convolution 2")
    refresh(notebooks, work)
    os.replace(work / "02_convolution.new.ipynb", work / "02_convolution.ipynb")
    assert refresh(notebooks, work) == []
    publish(notebooks, "convolution 3")
    assert actions(refresh(notebooks, work)) == {"02_convolution.ipynb": "updated"}


def test_a_deleted_notebook_comes_back_so_that_one_can_start_over(notebooks, work):
    refresh(notebooks, work)
    (work / "02_convolution.ipynb").unlink()
    assert actions(refresh(notebooks, work)) == {"02_convolution.ipynb": "new"}


def test_a_notebook_that_was_there_before_the_course_is_the_learners(notebooks, work):
    work.mkdir(parents=True)
    (work / "02_convolution.ipynb").write_text("from elsewhere", encoding="utf-8")
    (work / "00_start_here.ipynb").mkdir()
    changes = refresh(notebooks, work)
    assert actions(changes) == {"00_start_here.ipynb": "beside", "02_convolution.ipynb": "beside"}
    assert content(work / "..") == {}
    assert (work / "02_convolution.ipynb").read_text(encoding="utf-8") == "from elsewhere"
    assert refresh(notebooks, work) == []


DAMAGE = ["", "{", "[]", '{"copied": 3, "offered": {}}', '{"copied": {"a": 1}, "offered": {}}']


@pytest.mark.parametrize("damage", DAMAGE)
def test_with_a_damaged_manifest_everything_that_differs_is_the_learners(notebooks, work, damage):
    refresh(notebooks, work)
    (work / "02_convolution.ipynb").write_text("my solution", encoding="utf-8")
    (work / MANIFEST).write_text(damage, encoding="utf-8")
    publish(notebooks, "convolution 2")
    changes = refresh(notebooks, work)
    assert actions(changes) == {MANIFEST: "kept", "02_convolution.ipynb": "beside"}
    assert content(work)["02_convolution.ipynb"] == "my solution"
    assert refresh(notebooks, work) == []


@pytest.mark.parametrize("stop_at", range(4))
def test_an_interrupted_copy_loses_nothing_and_the_next_one_completes_it(notebooks, work, monkeypatch, stop_at):
    refresh(notebooks, work)
    (work / "02_convolution.ipynb").write_text("my solution", encoding="utf-8")
    publish(notebooks, "convolution 2")
    (notebooks / "00_start_here.ipynb").write_text("start 2", encoding="utf-8")
    replace, done = os.replace, []

    def stopped(source, target):
        if len(done) == stop_at:
            raise KeyboardInterrupt
        done.append(target)
        replace(source, target)

    monkeypatch.setattr(atomic.os, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        refresh(notebooks, work)
    monkeypatch.undo()
    assert content(work)["02_convolution.ipynb"] == "my solution"
    refresh(notebooks, work)
    assert content(work) == {
        "00_start_here.ipynb": "start 2",
        "02_convolution.ipynb": "my solution",
        "02_convolution.new.ipynb": "convolution 2",
    }
    assert not list(work.glob(".*.part"))
    assert refresh(notebooks, work) == []


def test_a_workspace_that_is_a_file_is_told(notebooks, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for place in ("file", "file/below"):
        with pytest.raises(CourseError, match="is a file. Choose another --workspace"):
            refresh(notebooks, tmp_path / place)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_written_is_told(notebooks, work, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(atomic.tempfile, "mkstemp", refuse)
    with pytest.raises(CourseError, match="Permission denied.*Your notebooks are as they were"):
        refresh(notebooks, work)


@pytest.mark.parametrize("place", [".", "mine", "solutions/mine"])
def test_the_course_own_folder_is_no_workspace(notebooks, place):
    with pytest.raises(CourseError, match="keeps its own notebooks"):
        refresh(notebooks, notebooks / place)


def test_without_notebooks_the_next_step_is_told(tmp_path, work):
    with pytest.raises(CourseError, match="course build"):
        refresh(tmp_path, work)
    assert not work.exists()


def test_the_manifest_holds_what_was_copied(notebooks, work):
    refresh(notebooks, work)
    manifest = json.loads((work / MANIFEST).read_text(encoding="utf-8"))
    assert sorted(manifest["copied"]) == ["00_start_here.ipynb", "02_convolution.ipynb"]
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in manifest["copied"].values())


def test_lab_opens_lecture_00_in_the_workspace(notebooks, work, monkeypatch):
    refresh(notebooks, work)
    monkeypatch.setattr(workspace, "has_display", lambda: True)
    assert first_notebook(work) == "00_start_here.ipynb"
    command = lab_command(work, first_notebook(work), arguments=("--port=9999",))
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={work.resolve()}" in command
    assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in command
    assert command[-1] == "--port=9999"
    assert "--no-browser" not in command
    assert "--no-browser" in lab_command(work, browser=False)
    monkeypatch.setattr(workspace, "has_display", lambda: False)
    assert "--no-browser" in lab_command(work)


def test_a_leading_tilde_is_the_home_folder(notebooks, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "me"))
    monkeypatch.chdir(tmp_path)
    refresh(notebooks, "~/work")
    assert not (tmp_path / "~").exists()
    assert content(tmp_path / "me" / "work") == content(notebooks)
    assert first_notebook("~/work") == "00_start_here.ipynb"
    assert f"--ServerApp.root_dir={tmp_path / 'me' / 'work'}" in lab_command("~/work")
