"""Find the submissions in what a learning platform gives: folders, zip files, the names of Moodle and Canvas."""

import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading.submission import LARGEST

MOST_FILES = 20_000  # in one zip file
MOST_BYTES = 2 * 2**30  # unpacked from one zip file

_MOODLE = re.compile(r"^(?P<student>.+?)_(?P<id>\d+)_assignsubmission_file_?(?P<rest>.*)$")
_CANVAS = re.compile(r"^(?P<student>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_(?P<rest>.+)$", re.IGNORECASE)
_HIDDEN = re.compile(r"^(\.|__MACOSX)")


@dataclass(frozen=True)
class Found:
    """A notebook to be graded.

    student: as the folder or the file name has it.
    id: the platform's number for the student, where the name has one.
    lecture: "02".
    path: the notebook.
    inside: the folder that it may not lead out of.
    """

    student: str
    id: str
    lecture: str
    path: Path
    inside: Path


def collect(place, lectures, scratch):
    """Find submissions.

    Args:
        place: a folder, a zip file or one notebook.
        lectures: names of the known lectures, "02_convolutions_in_time".
        scratch: an empty folder; zip files are unpacked there.
    Returns:
        (list of Found, one per student and lecture, in order; list of remarks on what was left out).
    Raises:
        CourseError: there is no such place.
    """
    place, scratch = Path(place), Path(scratch)
    if not place.exists():
        raise CourseError(f"There is no {place}: expected a folder with submissions, a zip file or a notebook.")
    remarks, found = [], {}
    for path, shown, inside in _notebooks(place, scratch, remarks):
        one = _recognised(path, shown, inside, lectures)
        if one is None:
            remarks.append(f"{shown}: not recognised as a lecture ({', '.join(lectures)}); left out.")
            continue
        key = one.student, one.lecture
        if key in found:
            newer = max(found[key], one, key=lambda each: (_version(each.path), each.path.lstat().st_mtime_ns))
            remarks.append(f"{one.student} handed in lecture {one.lecture} more than once; {newer.path.name} counts.")
            one = newer
        found[key] = one
    return sorted(found.values(), key=lambda one: (one.lecture, one.student)), remarks


def _notebooks(place, scratch, remarks):
    """(path, the name by which it is recognised, the folder that holds it) of every notebook."""
    if place.is_file():
        if place.suffix.lower() == ".zip":
            yield from _unpacked(place, scratch / "0", "", remarks)
        else:
            yield place, place.name, place.parent
        return
    number = 0
    for folder, folders, files in os.walk(place):
        folders[:] = sorted(name for name in folders if not _HIDDEN.match(name))
        above = Path(folder).relative_to(place)
        for name in sorted(files):
            path = Path(folder) / name
            if path.suffix.lower() == ".zip" and not path.is_symlink():
                number += 1
                yield from _unpacked(path, scratch / str(number), (above / path.stem).as_posix() + "/", remarks)
            elif path.suffix.lower() == ".ipynb" and not _HIDDEN.match(name):
                yield path, (above / name).as_posix(), place
        for name in folders:
            if name.endswith(".ipynb"):  # a folder that is called like a notebook
                yield Path(folder) / name, (above / name).as_posix(), place


def _unpacked(file, target, prefix, remarks):
    """Unpack the notebooks of a zip file under names of our own: what a zip calls its files decides nothing."""
    target.mkdir(parents=True)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_FILES:
                remarks.append(f"{file.name}: {len(entries)} files; only the first {MOST_FILES} were looked at.")
            left = MOST_BYTES
            for number, entry in enumerate(entries[:MOST_FILES]):
                parts = [part for part in entry.filename.split("/") if part not in ("", ".", "..")]
                wanted = parts and parts[-1].lower().endswith(".ipynb") and not entry.is_dir()
                if not wanted or any(map(_HIDDEN.match, parts)):
                    continue
                path = target / str(number) / Path(parts[-1]).name[-150:]
                path.parent.mkdir()
                size = _extract(archive, entry, path, min(LARGEST + 1, left))
                left -= size
                if left <= 0:
                    remarks.append(
                        f"{file.name}: unpacks to more than {MOST_BYTES // 2**30} GB; the rest was left out."
                    )
                    return
                yield path, _without_wrapping(prefix, parts), target
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        remarks.append(f"{file.name}: not a zip file that can be read ({str(error)[:100]}).")


def _extract(archive, entry, path, limit):
    """Write at most `limit` bytes of an entry, whatever size it says it has; returns how many."""
    size = 0
    with archive.open(entry) as source, open(path, "wb") as target:
        while size < limit and (piece := source.read(min(2**20, limit - size))):
            target.write(piece)
            size += len(piece)
    return size


def _without_wrapping(prefix, parts):
    """The name within the zip; the zip's own name stands for the student only where nothing inside does."""
    return "/".join(parts) if len(parts) > 1 else prefix + parts[0]


def _recognised(path, shown, inside, lectures):
    *folders, name = shown.split("/")
    stem = name[: -len(".ipynb")] if name.lower().endswith(".ipynb") else name
    student, identity = _student(folders)
    for pattern in (_MOODLE, _CANVAS):
        match = pattern.match(stem)
        if match and _lecture(match["rest"], lectures):
            return Found(match["student"], match["id"], _lecture(match["rest"], lectures), path, inside)
    for lecture in lectures:
        before, hit, _ = stem.partition(lecture)
        if hit:
            flat = before.rstrip("_- ")
            return Found(flat or student or "submission", "" if flat else identity, lecture[:2], path, inside)
    lecture = _lecture(stem, lectures)
    return Found(student or "submission", identity, lecture, path, inside) if lecture else None


def _student(folders):
    """(name, id) from the folders above a notebook: the nearest Moodle folder, else the outermost one."""
    for folder in reversed(folders):
        match = _MOODLE.match(folder)
        if match:
            return match["student"], match["id"]
    return (folders[0], "") if folders else ("", "")


def _lecture(stem, lectures):
    for lecture in lectures:
        if lecture in stem or re.match(rf"{lecture[:2]}(_|\b|$)", stem):
            return lecture[:2]
    return None


def _version(path):
    """The number that Canvas puts behind a file that was handed in again: name-2.ipynb."""
    match = re.search(r"-(\d{1,3})$", path.stem)
    return int(match[1]) if match else 0
