"""The grades of a class: a table for spreadsheets, Canvas and Moodle, JSON, JUnit XML, and the feedback pages."""

import csv
import hashlib
import io
import json
import re
import unicodedata
import xml.etree.ElementTree as tree
from pathlib import Path

from course_lib.atomic import write_atomically
from course_lib.errors import CourseError
from course_lib.grading.feedback import page

ADJUSTMENTS = "adjustments.csv"  # student, exercise, points, reason: written by people, never by us
# What Canvas wants to see beside the columns of points.
IDENTITY = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_LONGEST_NAME = 200  # bytes; systems take 255, and a mark comes behind it
_MARKED = re.compile(r"-[0-9a-f]{12}$")


def write(folder, rows, lectures, seed=None):
    """Write grades.csv, grades.json, junit.xml and the feedback pages.

    Args:
        folder: where to.
        rows: the latest result of each student and lecture.
        lectures: dict from "02" to its name; its order is the order of the columns.
        seed: of the secret inputs, for grades.json.
    Returns:
        remarks: the adjustments that fit no result.
    """
    folder = Path(folder)
    adjustments = read_adjustments(folder)
    known = {(row["student"], verdict["exercise_id"]) for row in rows for verdict in row["verdicts"]}
    rows = [adjusted(row, adjustments) for row in rows]
    _put(folder / "grades.csv", table(rows))
    content = {"seed": seed, "submissions": rows}
    _put(folder / "grades.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    _put(folder / "junit.xml", junit(rows))
    for row in rows:
        write_feedback(folder, row, lectures[row["lecture"]])
    return [
        f"{ADJUSTMENTS}: there is no result of {student!r} for exercise {exercise}; this line changes nothing."
        for student, exercise in adjustments
        if (student, exercise) not in known
    ]


def write_feedback(folder, row, name):
    place = Path(folder) / "feedback" / file_name(row["student"])
    place.mkdir(parents=True, exist_ok=True)
    _put(place / f"{name}.html", page(row))


def table(rows):
    """grades.csv: one row per student, one column per exercise with its points in the title, totals, all quoted.

    The last column says of whom no notebook could be read, and why.
    """
    exercises = {v["exercise_id"]: v["possible"] for row in rows for v in row["verdicts"]}
    exercises = dict(sorted(exercises.items(), key=lambda item: [int(part) for part in item[0].split(".")]))
    students = {}
    for row in rows:
        points = students.setdefault(row["student"], {"id": row.get("id", "")})
        points |= {verdict["exercise_id"]: verdict["points"] for verdict in row["verdicts"]}
        if row["problem"]:
            points.setdefault("remarks", []).append(f"Lecture {row['lecture']}: {row['problem']}")
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    titles = (f"{n} ({points:g} {'point' if points == 1 else 'points'})" for n, points in exercises.items())
    writer.writerow([*IDENTITY, *titles, "Total", "Remark"])
    for student in sorted(students, key=_alphabetical):
        points = students[student]
        earned = [points.get(number, 0) for number in exercises]
        identity = [_cell(student), points["id"], "", _cell(student), ""]
        remark = " ".join(points.get("remarks", ()))
        writer.writerow([*identity, *(f"{p:g}" for p in earned), f"{sum(earned):g}", remark])
    return "\ufeff" + text.getvalue()  # the mark without which a spreadsheet takes UTF-8 for something else


def junit(rows):
    """junit.xml: a suite per submission, a case per exercise, failed below full points."""
    suites = tree.Element("testsuites")
    for row in rows:
        lost = [verdict for verdict in row["verdicts"] if verdict["points"] < verdict["possible"]]
        attributes = {
            "name": f"{row['student']} {row['lecture']}",
            "tests": len(row["verdicts"]),
            "failures": len(lost),
        }
        attributes |= {"errors": 0, "time": f"{row['seconds']:.3f}"}
        suite = tree.SubElement(suites, "testsuite", {key: _xml(value) for key, value in attributes.items()})
        for verdict in row["verdicts"]:
            name = f"{verdict['exercise_id']} {verdict['title']}"
            case = tree.SubElement(suite, "testcase", classname=_xml(row["student"]), name=_xml(name))
            if verdict in lost:
                points = f"{verdict['points']:g} of {verdict['possible']:g} points"
                tree.SubElement(case, "failure", message=_xml(f"{points}. {verdict['summary']}"))
    return tree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def read_adjustments(folder):
    """What people changed by hand: dict from (student, exercise) to (points, reason).

    Spreadsheets may have saved it: with semicolons and decimal commas, and with 1.2 for exercise 01.2.

    Raises:
        CourseError: a row of adjustments.csv is not understood; with its line.
    """
    path = Path(folder) / ADJUSTMENTS
    if not path.exists():
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not UTF-8: save it as “CSV UTF-8” in your spreadsheet.") from None
    separator = ";" if ";" in text.partition("\n")[0] else ","
    found = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(text), delimiter=separator), 2):
        try:
            student, exercise = row["student"].strip(), row["exercise"].strip()
            points = float(row["points"].replace(",", ".") if separator == ";" else row["points"])
            found[student.removeprefix("'"), f"{exercise:0>4}"] = points, row["reason"].strip()
        except (KeyError, ValueError, AttributeError, TypeError):
            wanted = "student,exercise,points,reason"
            raise CourseError(f"{path}, line {number}: expected the columns {wanted}, got {row}.") from None
    return found


def adjusted(row, adjustments):
    """A result with the points that people gave in place of ours, and their reason in its words."""
    verdicts = []
    for verdict in row["verdicts"]:
        by_hand = adjustments.get((row["student"], verdict["exercise_id"]))
        if by_hand:
            points, reason = by_hand
            note = f"Set from {verdict['points']:g} to {points:g} points by your teachers: {reason}"
            verdict = verdict | {"points": points, "notes": [*verdict["notes"], note]}
        verdicts.append(verdict)
    return row | {"verdicts": verdicts, "total": round(sum(verdict["points"] for verdict in verdicts), 2)}


def changes(before, after):
    """Whose points differ between two lists of results, one line each."""
    old = {(row["student"], v["exercise_id"]): v["points"] for row in before for v in row["verdicts"]}
    new = {(row["student"], v["exercise_id"]): v["points"] for row in after for v in row["verdicts"]}
    return [
        f"{student}, exercise {exercise}: {old.get((student, exercise), 0):g} -> {new.get((student, exercise), 0):g}"
        for student, exercise in sorted(old.keys() | new.keys())
        if old.get((student, exercise)) != new.get((student, exercise))
    ]


def file_name(student):
    """A student's name as the name of a folder: no separators, nothing hidden, no way up, and nobody else's.

    Where that changes the name, or the name looks as if it had, a mark that belongs to this name alone is added.
    """
    plain = re.sub(r"[^\w.@+ -]", "_", student).strip(" .")
    plain = plain.encode()[:_LONGEST_NAME].decode("utf-8", "ignore").strip(" .")
    if plain and plain == student and not _MARKED.search(plain):
        return plain
    return f"{plain or 'student'}-{hashlib.sha256(student.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _alphabetical(name):
    """A key for sorting as people do: É beside E, small letters beside capitals."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold(), name


def _cell(text):
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def _xml(value):
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", str(value))


def _put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode("utf-8", "replace"))  # a learner may print half a character
