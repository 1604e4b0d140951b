"""A class graded: what platforms hand over, what survives a kill, and the files that come out."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as tree
import zipfile
from pathlib import Path

import pytest

from course_lib.errors import CourseError
from course_lib.grading import batch, gradebook, pool, submission
from course_lib.grading.collect import collect
from course_lib.grading.journal import Journal
from course_lib.grading.parcel import Task

LECTURES = ["01_video_tensors", "02_convolutions_in_time"]
ROOT = Path(__file__).parents[2]


def found(place, tmp_path):
    (tmp_path / "scratch").mkdir()
    hits, remarks = collect(place, LECTURES, tmp_path / "scratch")
    return {(one.student, one.id, one.lecture) for one in hits if one.problem is None}, remarks


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("ada/01_video_tensors.ipynb", ("ada", "", "01")),
        ("class/ada/02_convolutions_in_time.ipynb", ("class", "", "02")),
        ("ada/02.ipynb", ("ada", "", "02")),
        ("ada_01_video_tensors.ipynb", ("ada", "", "01")),
        ("ada_lovelace_01_video_tensors (1).ipynb", ("ada_lovelace", "", "01")),
        ("lovelaceada_12345_67890_01_video_tensors.ipynb", ("lovelaceada", "12345", "01")),
        ("lovelaceada_LATE_12345_67890_01_video_tensors-2.ipynb", ("lovelaceada", "12345", "01")),
        ("Ada Lovelace_123_assignsubmission_file_/01_video_tensors.ipynb", ("Ada Lovelace", "123", "01")),
        ("Ada Lovelace_123_assignsubmission_file/x/01_video_tensors.ipynb", ("Ada Lovelace", "123", "01")),
        ("Ada Lovelace_123_assignsubmission_file_01_video_tensors.ipynb", ("Ada Lovelace", "123", "01")),
        ("Å Ö_01_video_tensors.ipynb", ("Å Ö", "", "01")),
    ],
)
def test_names_are_understood(path, expected, tmp_path):
    file = tmp_path / "in" / path
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    assert found(tmp_path / "in", tmp_path)[0] == {expected}
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(file, path)
        archive.writestr("__MACOSX/ada/01_video_tensors.ipynb", "{}")
    (tmp_path / "scratch").rename(tmp_path / "scratch1")
    assert found(tmp_path / "all.zip", tmp_path)[0] == {expected}


def tree_of(place, names):
    """Files at these paths; a path through "x.zip/" lies in that zip file."""
    zips = {}
    for name in names:
        outer, hit, inner = name.partition(".zip/")
        path = place / (outer + ".zip" if hit else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if hit:
            zips.setdefault(path, []).append(inner)
        else:
            path.write_text("{}")
    for path, inside in zips.items():
        within = place.parent / "within" / str(len(list(place.parent.glob("within/*"))))
        tree_of(within, inside)
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(within.rglob("*")):
                archive.write(file, file.relative_to(within).as_posix())


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # zip files that learners packed as they liked belong to those learners
        (["Ada_1_assignsubmission_file_/hw.zip/hw/01_video_tensors.ipynb",
          "Bob_2_assignsubmission_file_/hw.zip/hw/01_video_tensors.ipynb"], {("Ada", "1"), ("Bob", "2")}),
        (["ada_1_2_hw.zip/hw/01_video_tensors.ipynb", "bob_3_4_hw.zip/01_video_tensors.ipynb"],
         {("ada", "1"), ("bob", "3")}),
        (["ada.zip/hw/01_video_tensors.ipynb", "bob.zip/hw/01_video_tensors.ipynb"], {("ada", ""), ("bob", "")}),
        (["moodle.zip/Ada_1_assignsubmission_file_/hw.zip/hw/01_video_tensors.ipynb"], {("Ada", "1")}),
        (["moodle.zip/Ada_1_assignsubmission_file_/hw.zip/01_video_tensors.ipynb",
          "moodle.zip/Bob_2_assignsubmission_file_/01_video_tensors.ipynb"], {("Ada", "1"), ("Bob", "2")}),
        # a class in one folder more, as when a folder was packed
        (["class/ada/01_video_tensors.ipynb", "class/bob/01_video_tensors.ipynb"], {("ada", ""), ("bob", "")}),
        (["c.zip/class/ada/01_video_tensors.ipynb", "c.zip/class/bob/01_video_tensors.ipynb"],
         {("ada", ""), ("bob", "")}),
        (["01/ada/01_video_tensors.ipynb", "01/bob_01_video_tensors.ipynb"], {("ada", ""), ("bob", "")}),
        (["01/01_video_tensors.ipynb", "02/01_video_tensors.ipynb"], {("01", ""), ("02", "")}),
        (["ada/01/01_video_tensors.ipynb", "ada/02/01_video_tensors.ipynb"], {("ada", "")}),
        # nobody hands in for somebody else
        (["ada.zip/hw/01_video_tensors.ipynb", "eve.zip/ada/01_video_tensors.ipynb",
          "eve.zip/bob/01_video_tensors.ipynb"], {("ada", ""), ("eve", "")}),
        (["ada/01_video_tensors.ipynb", "eve.zip/ada/01_video_tensors.ipynb", "eve.zip/bob/01_video_tensors.ipynb"],
         {("ada", ""), ("eve", "")}),
        (["c.zip/ada.zip/01_video_tensors.ipynb", "c.zip/eve.zip/ada/01_video_tensors.ipynb",
          "c.zip/eve.zip/bob/01_video_tensors.ipynb"], {("ada", ""), ("eve", "")}),
        (["Ada_1_assignsubmission_file_/Bob_01_video_tensors.ipynb"], {("Ada", "1")}),
        (["Ada_1_assignsubmission_file_/Bob_2_3_01_video_tensors.ipynb"], {("Ada", "1")}),
        (["Ada_1_assignsubmission_file_/Bob_2_assignsubmission_file_/01_video_tensors.ipynb"], {("Ada", "1")}),
        (["Ada_1_assignsubmission_file_/x.zip/Bob_2_assignsubmission_file_/01_video_tensors.ipynb"], {("Ada", "1")}),
        (["ada/bob_01_video_tensors.ipynb"], {("ada", "")}),
        (["ada/Copy of 01_video_tensors.ipynb"], {("ada", "")}),
    ],
)  # fmt: skip
def test_whose_a_notebook_is(names, expected, tmp_path):
    tree_of(tmp_path / "in", names)
    assert found(tmp_path / "in", tmp_path)[0] == {(*one, "01") for one in expected}


def test_archives_that_are_not_unpacked_are_named(tmp_path):
    tree_of(tmp_path / "in", ["ada/hw.rar", "bob/a.zip/b.zip/c.zip/01_video_tensors.ipynb", "eve/01.ipynb"])
    hits, remarks = found(tmp_path / "in", tmp_path)
    assert {hit[0] for hit in hits} == {"eve"}
    assert [any(name in remark for remark in remarks) for name in ("ada/hw.rar", "bob/a/b/c.zip")] == [True, True]


def test_hostile_zip_files(tmp_path):
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "evil.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../../outside/01_video_tensors.ipynb", "{}")
        archive.writestr("/absolute/02_convolutions_in_time.ipynb", "{}")
        archive.writestr("bomb/01_video_tensors.ipynb", bytes(200 * 2**20))
        link = zipfile.ZipInfo("link/01_video_tensors.ipynb")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    (tmp_path / "in" / "broken.zip").write_bytes(b"PK\x03\x04 no zip")
    hits, remarks = found(tmp_path / "in", tmp_path)
    assert {hit[0] for hit in hits} == {"outside", "absolute", "link"}
    assert any("bomb handed in no notebook" in remark and "200 MB" in remark for remark in remarks)
    assert any("broken.zip" in remark for remark in remarks)
    assert not (tmp_path / "outside").exists() and not list(tmp_path.rglob("passwd"))
    unpacked = [path for path in (tmp_path / "scratch").rglob("*.ipynb")]
    assert not any(path.is_symlink() for path in unpacked)
    assert sum(path.stat().st_size for path in unpacked) < 40 * 2**20


def test_a_large_notebook_in_a_zip_file_is_unpacked_without_its_outputs(tmp_path):
    output = {"output_type": "stream", "name": "stdout", "text": "x" * (40 * 2**20)}
    cell = {"cell_type": "code", "source": "answer = 42", "metadata": {}, "outputs": [output], "execution_count": 1}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "ada.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("01_video_tensors.ipynb", json.dumps(notebook))
    hits, remarks = found(tmp_path / "in", tmp_path)
    assert hits == {("ada", "", "01")} and not remarks
    (unpacked,) = (tmp_path / "scratch").rglob("*.ipynb")
    assert unpacked.stat().st_size < 1000 and "answer = 42" in unpacked.read_text()


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_file_costs_nobody_else(packing, tmp_path):
    tree_of(tmp_path / "in", ["ada/01_video_tensors.ipynb"])
    (tmp_path / "in" / "eve").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "eve" / "hw.zip", "w", packing) as archive:
        archive.writestr("01_video_tensors.ipynb", os.urandom(3000))
        archive.writestr("02_convolutions_in_time.ipynb", "{}")
    data = bytearray((tmp_path / "in" / "eve" / "hw.zip").read_bytes())
    data[100:160] = bytes(byte ^ 0xFF for byte in data[100:160])
    (tmp_path / "in" / "eve" / "hw.zip").write_bytes(data)
    hits, remarks = found(tmp_path / "in", tmp_path)
    assert hits == {("ada", "", "01"), ("eve", "", "02")} and "cannot be unpacked" in remarks[0]


def test_a_long_file_name_costs_nobody_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for student, more in (("Ada_1", ""), ("Eve_2", "漢" * 150), ("Zoe_3", "")):
            archive.writestr(f"{student}_assignsubmission_file_/01_video_tensors{more}.ipynb", "{}")
    assert {hit[0] for hit in found(tmp_path / "class.zip", tmp_path)[0]} == {"Ada", "Eve", "Zoe"}


def test_one_learner_cannot_fill_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("course_lib.grading.unpack.MOST_BYTES", 2**20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as inner:
        for number in range(9):
            inner.writestr(f"{number}/01_video_tensors.ipynb", bytes(2**18))
    with zipfile.ZipFile(tmp_path / "class.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(9):
            archive.write(tmp_path / "bomb.zip", f"Eve_2_assignsubmission_file_/{number}.zip")
        archive.writestr("Zoe_3_assignsubmission_file_/01_video_tensors.ipynb", "{}")
    hits, remarks = found(tmp_path / "class.zip", tmp_path)
    assert "Zoe" in {hit[0] for hit in hits} and any("Eve_2" in remark and "more than" in remark for remark in remarks)
    assert sum(path.stat().st_size for path in (tmp_path / "scratch").rglob("*") if path.is_file()) <= 2**20


def test_names_cannot_move_the_cursor_nor_stop_the_report():
    said = []
    batch._plainly(said.append)("ev\x1b[31me caf\udce9 Ö\u202eabc")
    assert said == ["ev?[31me caf? Ö?abc"] and said[0].encode()


def test_workers_keep_to_processors_of_their_own(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 2, 3, 5, 7})
    assert pool.shares(2) == [[0, 3, 7], [2, 5]] and pool.shares(9) == [None] * 9


def test_notebooks_of_other_lectures_are_left_alone_in_one_line(tmp_path):
    tree_of(tmp_path / "in", [f"{name}/{lecture}.ipynb" for name in "abc" for lecture in LECTURES])
    (tmp_path / "scratch").mkdir()
    hits, remarks = collect(tmp_path / "in", LECTURES[:1], tmp_path / "scratch", LECTURES[1:])
    assert {hit.lecture for hit in hits} == {"01"} and remarks == ["3 notebooks of other lectures left alone."]


def test_a_renamed_notebook_says_itself_which_lecture_it_is(tmp_path):
    inside = json.dumps({"cells": [], "metadata": {"course": {"edition": "learner", "lecture": "02"}}})
    names = ["ada/Untitled.ipynb", "lovelace_12_34_final version.ipynb", "bob/draft.ipynb", "draft.ipynb"]
    tree_of(tmp_path / "in", [*names, "bob/02_convolutions_in_time.ipynb", "carl/empty.ipynb"])
    for name in names:
        (tmp_path / "in" / name).write_text(inside)
    hits, remarks = found(tmp_path / "in", tmp_path)
    assert hits == {("ada", "", "02"), ("lovelace", "12", "02"), ("bob", "", "02")}
    told = "\n".join(remarks)
    assert "ada/Untitled.ipynb: taken for lecture 02" in told
    assert "bob/draft.ipynb: left out, for bob has another" in told
    assert "carl/empty.ipynb: not recognised" in told and "\ndraft.ipynb: not recognised" in "\n" + told


def test_a_renamed_notebook_is_looked_into_however_large_its_outputs_are(tmp_path):
    film = [{"output_type": "display_data", "data": {"video/mp4": "AAAA" * 9_000_000}}]
    cells = [{"cell_type": "code", "source": "", "metadata": {}, "outputs": film}]
    inside = json.dumps({"cells": cells, "metadata": {"course": {"lecture": "02"}}})
    tree_of(tmp_path / "in", ["ada/Untitled.ipynb", "bob/Untitled.ipynb"])
    (tmp_path / "in/ada/Untitled.ipynb").write_text(inside)
    assert (tmp_path / "in/ada/Untitled.ipynb").stat().st_size > submission.LARGEST
    with open(tmp_path / "in/bob/Untitled.ipynb", "r+b") as file:
        file.truncate(submission.LARGEST_WITH_OUTPUTS + 1)  # nobody reads that one
    hits, remarks = found(tmp_path / "in", tmp_path)
    assert hits == {("ada", "", "02")} and "ada/Untitled.ipynb: taken for lecture 02" in "\n".join(remarks)


def test_the_newer_of_two_counts(tmp_path):
    (tmp_path / "in").mkdir()
    for suffix in ("", "-1", "-10", "-9"):
        (tmp_path / "in" / f"a_1_2_01_video_tensors{suffix}.ipynb").write_text("{}")
    (tmp_path / "scratch").mkdir()
    hits, remarks = collect(tmp_path / "in", LECTURES, tmp_path / "scratch")
    assert [hit.path.stem for hit in hits] == ["a_1_2_01_video_tensors-10"] and len(remarks) == 3


def test_a_journal_survives_being_cut(tmp_path):
    path = tmp_path / "results.jsonl"
    with Journal(path, {"seed": 5}) as journal:
        for number in range(3):
            journal.append({"student": str(number), "lecture": "01", "text": "ä\udcff"})
    whole = path.read_bytes()
    third = whole.rstrip(b"\n").rindex(b"\n") + 1
    for cut in (len(whole) - 1, third + 1, third):
        path.write_bytes(whole[:cut])
        with Journal(path, {"seed": 6}) as journal:
            assert journal.header == {"seed": 5}
            assert [row["student"] for row in journal.rows] == ["0", "1"]
            journal.append({"student": "2", "lecture": "01"})
        assert path.read_bytes().count(b"\n") == 4
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{broken\n", *lines[1:]]))
    with pytest.raises(CourseError, match="damaged"):
        Journal(path)


def row(student, points, **more):
    verdict = {
        "exercise_id": "01.1", "title": "<b>T</b>", "possible": 2.0, "points": points, "passed": False,
        "attempted": True, "tests": 4, "right": 2, "diagnosis": None,
        "summary": "half <script>alert(1)</script>\x1b\udcff",
        "shown": [["label", False, "1 & 2", "<3>"]], "source": "x = '</pre><script>'", "notes": ["n"], "ok": [],
    }  # fmt: skip
    head = {"student": student, "id": "", "lecture": "01", "checksum": "", "total": points, "possible": 2.0}
    return head | {"notes": [], "problem": None, "seconds": 1.0, "verdicts": [verdict]} | more


def test_the_gradebook(tmp_path):
    rows = [row('=cmd|"x"', 1.0), row("Ä, b/../c", 2.0)]
    (tmp_path / "adjustments.csv").write_text('student,exercise,points,reason\n"Ä, b/../c",01.1,1.5,"late, but"\n')
    gradebook.write(tmp_path, rows, {"01": "01_video_tensors"}, seed=3)
    text = (tmp_path / "grades.csv").read_bytes().decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text)))
    assert [(line["Student"], line["01.1 (2 points)"], line["Total"]) for line in table] == [
        ("'=cmd|\"x\"", "1", "1"), ("Ä, b/../c", "1.5", "1.5")
    ]  # fmt: skip
    assert {"Student", "ID", "SIS User ID", "SIS Login ID", "Section"} <= set(table[0])
    content = json.loads((tmp_path / "grades.json").read_text())
    assert content["submissions"][1]["verdicts"][0]["points"] == 1.5
    assert len(tree.parse(tmp_path / "junit.xml").findall(".//failure")) == 2
    pages = list((tmp_path / "feedback").rglob("*.html"))
    assert len(pages) == 2 and all(page.parent.parent == tmp_path / "feedback" for page in pages)
    html = next(page for page in pages if "cmd" not in str(page)).read_text()
    assert "<script" not in html and "&lt;3&gt;" in html and "late, but" in html


NEARLY_THE_SAME = ["Ada B", "Ada/B", "Ada:B", "Ada_B", ".Ada_B", "Ada_B.", "x" * 101, "x" * 102, "", "..", "student"]


def test_nobody_gets_the_folder_of_another(tmp_path):
    """Names that differ only in what no folder's name may hold; and one that is called like another's folder."""
    students = [*NEARLY_THE_SAME, "漢" * 100, "(" + "漢" * 84, gradebook.file_name("Ada/B"), gradebook.file_name("")]
    names = [gradebook.file_name(student) for student in students]
    assert len(set(names)) == len(students), names
    assert gradebook.file_name("Ada B") == "Ada B" and gradebook.file_name("Ada_B") == "Ada_B"
    assert not any("/" in name or name.startswith(".") or len(name.encode()) > 220 for name in names)
    rows = [row(student, 1.0) for student in students]
    gradebook.write(tmp_path, rows, {"01": "01_video_tensors"})
    assert len(list((tmp_path / "feedback").rglob("*.html"))) == len(students)
    options = batch.Options(tmp_path, {"01": "01_video_tensors"})
    for number, student in enumerate(students):
        source = tmp_path / f"{number}.ipynb"
        source.write_text(student)
        batch._keep(tmp_path, Task(student, "", "01", str(source), str(tmp_path)), options)
    kept = [batch._kept(tmp_path, student, "01", options).read_text() for student in students]
    assert kept == students, "a submission was kept in place of another"


def test_the_table_is_in_alphabetical_order(tmp_path):
    names = ["Zoe", "émile", "Eva", "ada", "Ødegaard", "Bo"]
    lines = gradebook.table([row(name, 1.0) for name in names]).splitlines()[1:]
    assert [line.split('"')[1] for line in lines] == ["ada", "Bo", "émile", "Eva", "Zoe", "Ødegaard"]


def test_adjustments_that_are_not_understood_are_refused(tmp_path):
    (tmp_path / "adjustments.csv").write_text("student,exercise,points,reason\na,01.1,two,x\n")
    with pytest.raises(CourseError, match="line 2"):
        gradebook.read_adjustments(tmp_path)


def test_adjustments_as_a_spreadsheet_saves_them(tmp_path):
    text = "student;exercise;points;reason\r\n'=cmd;1.1;1,5;late\r\nGödel;10.2;2;x\r\n"
    (tmp_path / "adjustments.csv").write_bytes(text.encode("utf-8-sig"))
    expected = {("=cmd", "01.1"): (1.5, "late"), ("Gödel", "10.2"): (2.0, "x")}
    assert gradebook.read_adjustments(tmp_path) == expected
    (tmp_path / "adjustments.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(CourseError, match="UTF-8"):
        gradebook.read_adjustments(tmp_path)


def test_an_adjustment_for_nobody_is_named(tmp_path):
    text = "student,exercise,points,reason\nada,01.1,2,x\nAda,01.1,2,x\nada,01.7,2,x\n"
    (tmp_path / "adjustments.csv").write_text(text)
    remarks = gradebook.write(tmp_path, [row("ada", 1.0)], {"01": "01_video_tensors"})
    assert len(remarks) == 2 and "'Ada' for exercise 01.1" in remarks[0] and "01.7" in remarks[1]


def test_who_hands_out_does_without_torch():
    """It would take seconds at the start, and some 500 MB beside the workers that need it."""
    modules = "batch, pool, collect, gradebook, journal"
    code = f"import sys; from course_lib.grading import {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_another_lecture_is_added_a_week_later(tmp_path):
    """Into the same folder, naming only the new lecture: the old results stay, in the table and when regrading."""
    from course_lib.authoring.editions import find_sources, make_edition, read, to_bytes

    said = []
    for number, name in (("00", "00_start_here"), ("01", "01_video_tensors")):
        stubs = make_edition(read(find_sources(ROOT, [number])[0]), "learner", "https://github.com/a/b").notebook
        (tmp_path / number / "ada").mkdir(parents=True)
        (tmp_path / number / "ada" / f"{name}.ipynb").write_bytes(to_bytes(stubs))
        options = batch.Options(ROOT, {number: name})
        failed = batch.grade_class(
            tmp_path / number, tmp_path / "out", options, 1, resume=number != "00", say=said.append
        )
        assert failed == 0, said
    (tmp_path / "out" / "adjustments.csv").write_text("student,exercise,points,reason\nada,00.1,1,x\neve,00.1,1,x\n")
    assert batch.regrade(tmp_path / "out", options, say=said.append) == (0, [])
    table = (tmp_path / "out" / "grades.csv").read_text()
    assert "00.1 (" in table and "01.1 (" in table and table.count("\n") == 2
    assert len([line for line in said if "lecture 00:" in line]) == 1
    assert [line for line in said if line.startswith("note:")] == [
        "note: adjustments.csv: there is no result of 'eve' for exercise 00.1; this line changes nothing."
    ]


def start(*arguments):
    command = [sys.executable, "-m", "course_lib.cli", "grade", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.full("grading that is killed and resumed")
def test_a_batch_survives_kill_9(tmp_path):
    """Killed when some are done: resumed, it grades each of the rest once, and gives the grades of one clean run."""
    from course_lib.authoring.editions import find_sources, make_edition, read, to_bytes

    lecture = read(find_sources(ROOT, ["00"])[0])
    editions = [
        make_edition(lecture, edition, "https://github.com/a/b").notebook for edition in ("solutions", "learner")
    ]
    for number in range(6):
        folder = tmp_path / "in" / f"student{number}"
        folder.mkdir(parents=True)
        (folder / "00_start_here.ipynb").write_bytes(to_bytes(editions[number % 2]))
    before = {path: path.read_bytes() for path in (tmp_path / "in").rglob("*.ipynb")}
    out = tmp_path / "out"
    run = start(tmp_path / "in", "--out", out, "--seed", 7)
    journal = out / "results.jsonl"
    until = time.monotonic() + 120
    while time.monotonic() < until and (not journal.exists() or journal.read_bytes().count(b"\n") < 3):
        time.sleep(0.02)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    done = journal.read_bytes()
    assert 3 <= done.count(b"\n") <= 6, "killed too late to tell"
    with pytest.raises(CourseError, match="--resume"):
        batch.grade_class(tmp_path / "in", out, batch.Options(ROOT, {"00": "00_start_here"}))
    resumed = start(tmp_path / "in", "--out", out, "--resume")
    said = resumed.communicate()[0]
    assert resumed.returncode == 0, said
    assert journal.read_bytes().startswith(done[: done.rindex(b"\n") + 1])
    with Journal(journal) as whole:
        students = [row["student"] for row in whole.rows]
        assert sorted(students) == sorted(set(students)) and len(students) == 6
        assert {row["student"]: row["total"] for row in whole.rows} == {f"student{n}": [4, 0][n % 2] for n in range(6)}
    assert before == {path: path.read_bytes() for path in (tmp_path / "in").rglob("*.ipynb")}
    assert len(list((out / "feedback").rglob("*.html"))) == 6
    regraded = start("--regrade", out)
    said = regraded.communicate()[0]
    assert regraded.returncode == 0 and "No points changed." in said, said
