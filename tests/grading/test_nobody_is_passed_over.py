"""Who hands in something other than a notebook is told so, in a row of the table and on a page, in few words."""

import contextlib
import csv
import errno
import io
import json
import os
import zipfile

import pytest

from course_lib.authoring.editions import find_root
from course_lib.errors import CourseError
from course_lib.grading import batch, unpack
from course_lib.grading.collect import MOST_REMARKS, collect
from course_lib.grading.parcel import grade_parcel, pack

LECTURES = ["01_video_tensors", "02_convolutions_in_time"]
NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
COLAB = json.dumps({"nbformat": 4, "nbformat_minor": 0, "metadata": {"colab": {"name": "x" * 3000}}, "cells": []})


def handed_in(place, files):
    """Write files: {path: text, bytes, or a dict that is a zip file}."""
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for inner, text in content.items():
                    archive.writestr(inner, text)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)


def searched(tmp_path, files, lectures=LECTURES, others=()):
    """({(student, lecture) with a notebook}, {(student, lecture): why there is none}, remarks)."""
    handed_in(tmp_path / "in", files)
    (tmp_path / "scratch").mkdir()
    found, remarks = collect(tmp_path / "in", lectures, tmp_path / "scratch", others)
    notebooks = {(one.student, one.lecture) for one in found if one.problem is None}
    return notebooks, {(one.student, one.lecture): one.problem for one in found if one.problem is not None}, remarks


@pytest.mark.parametrize(
    "name",
    [
        "01_video_tensors.ipynb.json", "01_video_tensors.ipynb.txt", "01_video_tensors.IPYNB",
        "01_video_tensors.ipynb (1)", "01_video_tensors.ipynb.download", "01_video_tensors.json", "01_video_tensors",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", [NOTEBOOK, COLAB], ids=["nbformat", "Colab"])
def test_a_notebook_under_another_ending_is_one(name, text, tmp_path):
    notebooks, without, remarks = searched(tmp_path, {f"ada/{name}": text, "bob.zip": {f"hw/{name}": text}})
    assert notebooks == {("ada", "01"), ("bob", "01")} and not without and not remarks


def test_flat_and_platform_names_with_another_ending(tmp_path):
    names = [
        "ada_1_2_01_video_tensors.ipynb.txt",
        "ada_1_2_01_video_tensors-2.ipynb.txt",
        "bob_01_video_tensors.ipynb.json",
    ]
    notebooks, without, remarks = searched(tmp_path, {name: NOTEBOOK for name in names})
    assert notebooks == {("ada", "01"), ("bob", "01")} and not without
    assert remarks == ["ada handed in lecture 01 more than once; ada_1_2_01_video_tensors-2.ipynb.txt counts."]


WITHOUT = {
    "dan/01_video_tensors.py": ("x = 1", "a Python file"),
    "eve/01_video_tensors.html": ("<html>", "a web page"),
    "flo/01_video_tensors.pdf": ("%PDF-1.4", "a PDF"),
    "gus/01_video_tensors.ipynb.pdf": ("%PDF-1.4", "a PDF"),
    "hal/notes.txt": ("done", "a file that ends in .txt"),
    "ida/hw.rar": ("Rar!", "not unpacked"),
    "jon/hw.zip": (b"PK\x03\x04 no zip", "not a zip file that can be read"),
    "kim/hw.zip": ({}, "an empty zip file"),
    "lea/hw.zip": ({"hw/01_video_tensors.py": "x = 1"}, "a Python file"),
    "max/final.ipynb": ("{}", "not recognised as a lecture"),
    "Ned Old_12_assignsubmission_file_/a.docx": ("PK", "a text document"),
    "pia_3_4_report.pdf": ("%PDF", "a PDF"),
    "quin.zip": (b"", "not a zip file that can be read"),
}


def test_who_has_no_notebook_is_named_with_the_reason(tmp_path):
    (tmp_path / "in" / "rob").mkdir(parents=True)
    (tmp_path / "in" / "sue").symlink_to(tmp_path)
    files = {"ada/01_video_tensors.ipynb": NOTEBOOK, "ada/helper.py": "x = 1", "ada/film.mp4": b"film"}
    notebooks, without, remarks = searched(tmp_path, files | {name: content for name, (content, _) in WITHOUT.items()})
    assert notebooks == {("ada", "01")}
    expected = {name.partition("/")[0].partition("_")[0].partition(".")[0]: why for name, (_, why) in WITHOUT.items()}
    expected |= {"rob": "an empty folder", "sue": "links are not followed"}
    assert {student for student, _ in without} == set(expected) and {lecture for _, lecture in without} == {"01"}
    for student, why in expected.items():
        problem = without[student, "01"]
        assert why in problem and "Hand in the notebook itself" in problem, problem
        assert [why in line for line in remarks if line.startswith(f"{student} handed in no notebook")] == [True]
    assert len(remarks) == len(expected), "a file beside a notebook is nothing to tell"


def test_in_a_class_within_a_folder_too(tmp_path):
    files = {"class/ada/01_video_tensors.ipynb": NOTEBOOK, "class/dan/01_video_tensors.pdf": "%PDF"}
    assert searched(tmp_path, files)[:2] == ({("ada", "01")}, {("dan", "01"): without_pdf("dan/01_video_tensors.pdf")})


def test_in_a_zip_file_of_the_class_too(tmp_path):
    files = {
        "c.zip": {"ada/01_video_tensors.ipynb": NOTEBOOK, "bob/01_video_tensors.ipynb": NOTEBOOK, "dan/x.pdf": "%"}
    }
    notebooks, without, _ = searched(tmp_path, files)
    assert notebooks == {("ada", "01"), ("bob", "01")} and without == {("dan", "01"): without_pdf("dan/x.pdf")}


def without_pdf(name):
    return f"No notebook of this lecture was handed in. {name}: a PDF. Hand in the notebook itself: NAME.ipynb."


def test_which_lecture_somebody_without_a_notebook_misses(tmp_path):
    """The one that the file is called after; else all that the others have handed in."""
    files = {
        "ada/01_video_tensors.ipynb": NOTEBOOK, "bob/02_convolutions_in_time.ipynb": NOTEBOOK,
        "cyd/02_convolutions_in_time.pdf": "%PDF", "dan/x.pdf": "%PDF", "ada/02_convolutions_in_time.pdf": "%PDF",
        "01/eve/x.pdf": "%PDF", "flo/03_motion.pdf": "%PDF",
    }  # fmt: skip
    notebooks, without, _ = searched(tmp_path, files, others=["03_motion"])
    assert notebooks == {("ada", "01"), ("bob", "02")}
    assert set(without) == {("cyd", "02"), ("dan", "01"), ("dan", "02"), ("ada", "02"), ("eve", "01")}


def test_what_belongs_to_nobody_is_no_learner(tmp_path):
    """Files beside flat notebooks, and folders beside them that hold something else."""
    files = {"ada_01_video_tensors.ipynb": NOTEBOOK, "README.md": "x", "data/film.mp4": b"x", ".DS_Store": b"x"}
    notebooks, without, remarks = searched(tmp_path, files)
    assert notebooks == {("ada", "01")} and not without
    assert remarks == ["README.md: a text; left out."]


def test_nobody_has_a_notebook(tmp_path):
    assert set(searched(tmp_path, {"dan/x.pdf": "%PDF"}, LECTURES[:1])[1]) == {("dan", "01")}
    (tmp_path / "scratch").rename(tmp_path / "scratch1")
    notebooks, without, remarks = searched(tmp_path, {})
    assert (notebooks, without) == (set(), {}), "which of the lectures it was, nobody can tell"
    assert remarks == ["dan handed in no notebook. dan/x.pdf: a PDF."]


@pytest.mark.parametrize("where", ["{}.ipynb", "{}/01_video_tensors.ipynb", "hw/{}.rar", "hw/{}/{}.rar"])
def test_odd_zip_files_make_few_remarks(where, tmp_path, monkeypatch):
    """Thousands of entries that cannot be unpacked, or that nobody asked for."""

    def damaged(*_):
        raise zipfile.BadZipFile("Bad CRC-32")

    monkeypatch.setattr(unpack, "_extract", damaged)
    number = 2000
    odd = {where.replace("{}", str(count)): "x" for count in range(number)}
    files = {"ada/hw.zip": odd, "eve/hw.zip": odd, "bob/01_video_tensors.pdf": "%PDF"}
    (tmp_path / "in").mkdir()
    notebooks, without, remarks = searched(tmp_path, files, LECTURES[:1])
    assert not notebooks and set(without) == {("ada", "01"), ("bob", "01"), ("eve", "01")}
    assert len(remarks) <= 3 * (MOST_REMARKS + 1), remarks
    assert all(len(text) < 1000 for text in [*remarks, *without.values()])
    for student in ("ada", "eve"):
        assert any(line.startswith(student) and "more" in line for line in remarks), remarks


def test_long_names_stay_short(tmp_path):
    long = "x" * 30_000
    _, without, remarks = searched(
        tmp_path, {"ada/hw.zip": {f"{long}/{long}.rar": "x", f"{long}.pdf": "x"}}, LECTURES[:1]
    )
    assert all(len(text) < 1000 for text in [*remarks, *without.values()])


def test_a_full_disk_is_nobodys_fault(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(unpack, "_extract", full)
    with pytest.raises(CourseError, match="no room to unpack.*TMPDIR"):
        searched(tmp_path, {"ada/hw.zip": {"01_video_tensors.ipynb": NOTEBOOK}})


class InProcess:
    """In place of the workers: grades here, without a sandbox, for nothing has to run."""

    def __init__(self, grader):
        self.grader = grader

    def results(self, tasks):
        for task in tasks:
            yield task, grade_parcel(self.grader, pack(task))


def test_they_get_a_row_and_a_page(grader, tmp_path, monkeypatch):
    files = {"ada/90_tiny.ipynb": NOTEBOOK, "zoe/90_tiny.ipynb": "{broken"}
    handed_in(tmp_path / "in", files | {"dan/90_tiny.py": "x = 1", "eve/hw.zip": b"no zip"})
    monkeypatch.setattr(batch, "_pool", lambda *_: contextlib.nullcontext(InProcess(grader)))
    options, out, said = batch.Options(find_root(__file__), {"90": "90_tiny"}), tmp_path / "out", []
    assert batch.grade_class(tmp_path / "in", out, options, seed=1, say=said.append) == 0
    text = (out / "grades.csv").read_bytes().decode("utf-8-sig")
    rows = {row["Student"]: row for row in csv.DictReader(io.StringIO(text))}
    assert {name: row["Total"] for name, row in rows.items()} == dict.fromkeys(("ada", "dan", "eve", "zoe"), "0")
    assert "a Python file" in rows["dan"]["Remark"] and "not a zip file" in rows["eve"]["Remark"]
    assert "not valid JSON" in rows["zoe"]["Remark"] and "no cells" in rows["ada"]["Remark"]
    for student, why in (("dan", "a Python file"), ("eve", "not a zip file that can be read")):
        page = (out / "feedback" / student / "90_tiny.html").read_text()
        assert why in page and page.count("Hand in the notebook itself") == 1 and "0 of 8 points" in page
    assert len([line for line in said if line.startswith("note: dan handed in no notebook")]) == 1
    kept = [path.parent.name for path in (out / batch.KEPT).rglob("*.ipynb")]
    assert sorted(kept) == ["ada", "zoe"]

    before = (out / batch.JOURNAL).read_bytes()
    batch.grade_class(tmp_path / "in", out, options, resume=True, say=said.append)
    assert (out / batch.JOURNAL).read_bytes() == before, "nothing has changed, so nothing is graded again"
    assert batch.regrade(out, options, say=said.append) == (0, [])
    assert "a Python file" in (out / "grades.csv").read_text(), "there is still the same to say"
    (tmp_path / "in" / "dan" / "90_tiny.ipynb").write_text(NOTEBOOK)
    batch.grade_class(tmp_path / "in", out, options, resume=True, say=said.append)
    assert "a Python file" not in (out / "grades.csv").read_text()
