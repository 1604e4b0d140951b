"""Find the submissions in what a learning platform gives: folders, zip files, the names of Moodle and Canvas.

Whose a notebook is, the platform says, in the outermost part of a path: what lies further in was named by a learner,
who could write another's name.
"""

import contextlib
import os
import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading.submission import LARGEST, LARGEST_WITH_OUTPUTS

MOST_FILES = 20_000  # in one zip file
MOST_BYTES = 2**28  # unpacked for one learner

_MOODLE = re.compile(r"^(?P<student>.+?)_(?P<id>\d+)_assignsubmission_file_?(?P<rest>.*)$")
_CANVAS = re.compile(r"^(?P<student>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_(?P<rest>.+)$", re.IGNORECASE)
_HIDDEN = re.compile(r"^(\.|__MACOSX)")
_OTHER_ARCHIVES = (".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz")
_NUMBER = re.compile(r"^(lecture[ _-]?)?\d\d$", re.IGNORECASE)  # of a folder for each lecture
_COPY = re.compile(r"^(copy of|kopie von|copie de)\s*", re.IGNORECASE)  # as Colab names what it saves
_DEEPEST = 2  # zip files within each other: a platform's own, and the one that a learner handed in


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


def collect(place, lectures, scratch, others=()):
    """Find submissions.

    Args:
        place: a folder, a zip file or one notebook.
        lectures: names of the known lectures, "02_convolutions_in_time".
        scratch: an empty folder; zip files are unpacked there.
        others: names of lectures whose notebooks are to be left alone.
    Returns:
        (list of Found, one per student and lecture, in order; list of remarks on what was left out).
    Raises:
        CourseError: there is no such place.
    """
    place, scratch = Path(place), Path(scratch)
    if not place.exists():
        raise CourseError(f"There is no {place}: expected a folder with submissions, a zip file or a notebook.")
    remarks, found, names, renamed, left = [], {}, {}, [], 0
    hits = list(_notebooks(place, scratch, remarks))
    versions = {path: _version(shown) for path, shown, _ in hits}
    wrapping = _wrapping([shown.split("/") for _, shown, _ in hits])
    for path, shown, inside in hits:
        shown = "/".join(shown.split("/")[wrapping:])
        one = _recognised(path, shown, inside, lectures)
        if one is None and _recognised(path, shown, inside, others):
            left += 1
            continue
        if one is None:
            renamed.append((shown, _recognised_within(path, shown, inside, lectures)))
            continue
        key = one.student, one.lecture
        if key in found:
            newer = max(found[key], one, key=lambda each: (versions[each.path], each.path.lstat().st_mtime_ns))
            names |= {path: shown}
            remarks.append(f"{one.student} handed in lecture {one.lecture} more than once; {names[newer.path]} counts.")
            one = newer
        found[key], names[path] = one, shown
    for shown, one in renamed:
        if one is None:
            remarks.append(f"{shown}: not recognised as a lecture ({', '.join(lectures)}); left out.")
        elif (one.student, one.lecture) in found:
            remarks.append(f"{shown}: left out, for {one.student} has another notebook of lecture {one.lecture}.")
        else:
            remarks.append(f"{shown}: taken for lecture {one.lecture}, as the notebook itself says.")
            found[one.student, one.lecture] = one
    if left:
        remarks.append(f"{left} {'notebook' if left == 1 else 'notebooks'} of other lectures left alone.")
    return sorted(found.values(), key=lambda one: (one.lecture, one.student)), remarks


def _notebooks(place, scratch, remarks):
    """(path, the name by which it is recognised, the folder that holds it) of every notebook."""
    if place.is_file():
        if place.suffix.lower() == ".zip":
            yield from _unpacked(place, scratch / "0", None, remarks)
        else:
            yield place, place.name, place.parent
        return
    number = 0
    for folder, folders, files in os.walk(place):
        folders[:] = sorted(name for name in folders if not _HIDDEN.match(name))
        above = Path(folder).relative_to(place)
        if Path(folder) == place:
            of_classes = not folders and _hold_classes([place / name for name in files])
        for name in sorted(files):
            path = Path(folder) / name
            if path.suffix.lower() == ".zip" and path.is_file() and not path.is_symlink():
                number += 1
                owner = (above / path.stem).parts
                yield from _unpacked(path, scratch / str(number), owner, remarks, of_classes=of_classes)
            elif path.suffix.lower() in _OTHER_ARCHIVES:
                remarks.append(f"{(above / name).as_posix()}: not unpacked; only zip files are.")
            elif path.suffix.lower() == ".ipynb" and not _HIDDEN.match(name):
                yield path, (above / name).as_posix(), place
        for name in folders:
            if name.endswith(".ipynb"):  # a folder that is called like a notebook
                yield Path(folder) / name, (above / name).as_posix(), place


def _unpacked(file, target, above, remarks, depth=1, left=None, of_classes=False):
    """Unpack the notebooks of a zip file under names of our own: what a zip calls its files decides nothing.

    Args:
        file: the zip file.
        target: folder to make and unpack into.
        above: the parts of the path that stand for the zip file; None where it is all that there is.
        remarks: list to add to.
        depth: 1, or 2 for a zip file within another.
        of_classes: whether the zip files here may hold a class each.
        left: dict from learner to the bytes that may still be unpacked for them.
    """
    target.mkdir(parents=True)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_FILES:
                remarks.append(f"{file.name}: {len(entries)} files; only the first {MOST_FILES} were looked at.")
            wanted = [(number, entry, _parts(entry)) for number, entry in enumerate(entries[:MOST_FILES])]
            wanted = [each for each in wanted if _is_wanted(*each[1:])]
            above, wrapping = _owner(above, [parts for _, _, parts in wanted], of_classes)
            left = defaultdict(lambda: MOST_BYTES) if left is None else left
            for number, entry, parts in wanted:
                path = target / str(number) / f"file{Path(parts[-1]).suffix.lower()}"
                shown = (*above, *parts[wrapping:])
                if path.suffix.lower() in _OTHER_ARCHIVES or (path.suffix.lower() == ".zip" and depth == _DEEPEST):
                    remarks.append(f"{'/'.join(shown)}: not unpacked; only zip files are, {_DEEPEST} deep.")
                    continue
                path.parent.mkdir()
                inner = path.suffix == ".zip"
                try:
                    most = left[shown[0]] if inner else LARGEST_WITH_OUTPUTS + 1
                    left[shown[0]] -= _extract(archive, entry, path, most)
                except Exception as error:  # as many kinds as there are ways to pack: the other files are still read
                    remarks.append(f"{'/'.join(shown)}: cannot be unpacked ({str(error)[:100]}).")
                    continue
                if left[shown[0]] <= 0:
                    path.unlink()
                    remarks.append(
                        f"{'/'.join(shown)}: left out, with it {shown[0]} has more than {MOST_BYTES // 2**20} MB."
                    )
                elif inner:
                    owner = (*shown[:-1], Path(parts[-1]).stem)
                    yield from _unpacked(path, path.with_name("unpacked"), owner, remarks, depth + 1, left)
                    path.unlink()
                else:
                    yield path, "/".join(shown), target
    except Exception as error:
        remarks.append(f"{file.name}: not a zip file that can be read ({str(error)[:100]}).")


def _parts(entry):
    return tuple(part for part in entry.filename.split("/") if part not in ("", ".", ".."))


def _is_wanted(entry, parts):
    if not parts or entry.is_dir() or any(map(_HIDDEN.match, parts)):
        return False
    return parts[-1].lower().endswith((".ipynb", ".zip", *_OTHER_ARCHIVES))


def _hold_classes(files):
    """Whether files are zip files with a class each, whose folders are the learners. One learner could pack a zip file
    like that, with the names of others; among those of other learners it does not stand for a class."""
    looks = []
    for file in files:
        if file.suffix.lower() == ".ipynb":
            return False
        with contextlib.suppress(Exception), zipfile.ZipFile(file) as archive:
            entries = [(entry, _parts(entry)) for entry in archive.infolist()[:MOST_FILES]]
            looks.append(_is_class([parts for entry, parts in entries if _is_wanted(entry, parts)]))
    return all(looks)


def _is_class(inside):
    wrapping = _wrapping(inside)
    folders = {parts[wrapping] for parts in inside if len(parts) > wrapping + 1}
    return len(folders) > 1 or any(map(_platform, folders))


def _owner(above, inside, of_classes):
    """Whose a zip file is.

    One in a folder, or with a platform's name, is one learner's. So is one that lies beside those of others. Any other
    one is a class, whose folders are the learners.

    Args:
        above, of_classes: as for `_unpacked`.
        inside: the parts of the path of each entry.
    Returns:
        (the parts that stand before those of an entry, how many of an entry's own are left out).
    """
    wrapping = _wrapping(inside)
    if above is None:
        return (), wrapping
    if len(above) > 1 or _platform(above[0]) or not of_classes or not _is_class(inside):
        return above, 0
    return (), wrapping


def _wrapping(paths):
    """How many outer folders hold nothing but a class: shared by all, and with a folder per learner in them."""
    shared = 0
    while all(len(parts) > shared + 1 for parts in paths) and len({parts[shared] for parts in paths}) == 1:
        if _platform(paths[0][shared]):
            return 0
        shared += 1
    learners = {parts[shared] for parts in paths if len(parts) > shared + 1 and not _NUMBER.match(parts[shared])}
    return shared if len(learners) > 1 and all(len(parts) > shared + 1 for parts in paths) else 0


def _platform(name):
    return _MOODLE.match(name) or _CANVAS.match(name)


def _extract(archive, entry, path, limit):
    """Write at most `limit` bytes of an entry, whatever size it says it has; returns how many."""
    size = 0
    with archive.open(entry) as source, open(path, "wb") as target:
        while size < limit and (piece := source.read(min(2**20, limit - size))):
            target.write(piece)
            size += len(piece)
    return size


def _recognised(path, shown, inside, lectures):
    *folders, name = shown.split("/")
    stem = name[: -len(".ipynb")] if name.lower().endswith(".ipynb") else name
    of_lecture = bool(folders) and (folders[0] in lectures or _NUMBER.match(folders[0]))
    student, identity = _student(folders[1:] if of_lecture else folders)  # a folder for each lecture, learners in it
    outermost = folders[0] if folders else "submission"
    for pattern in (_MOODLE, _CANVAS):
        match = pattern.match(stem)
        if match and _lecture(match["rest"], lectures):
            lecture = _lecture(match["rest"], lectures)
            whose = (student, identity) if student else (match["student"], match["id"])
            return Found(*whose, lecture, path, inside)
    for lecture in lectures:
        before, hit, _ = stem.partition(lecture)
        if hit:
            flat = _COPY.sub("", before).rstrip("_- ")
            return Found(student or flat or outermost, identity, lecture[:2], path, inside)
    lecture = _lecture(stem, lectures)
    return Found(student or outermost, identity, lecture, path, inside) if lecture else None


def _recognised_within(path, shown, inside, lectures):
    """A notebook that was renamed: its own metadata name the lecture. Searched, not parsed: it may be anything."""
    *folders, name = shown.split("/")
    student, identity = _student([*folders, name])
    if not (folders or identity) or path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
        return None
    named = re.findall(rb'"course"\s*:\s*\{[^{}]*"lecture"\s*:\s*"(\d\d)"', path.read_bytes())
    lecture = _lecture(named[-1].decode(), lectures) if named else None
    return Found(student, identity, lecture, path, inside) if lecture else None


def _student(folders):
    """(name, id) from the folders above a notebook: the outermost one of Moodle or Canvas, else the outermost one."""
    for folder in folders:
        match = _platform(folder)
        if match:
            return match["student"], match["id"]
    return (folders[0], "") if folders else ("", "")


def _lecture(stem, lectures):
    for lecture in lectures:
        if lecture in stem or re.match(rf"{lecture[:2]}(_|\b|$)", stem):
            return lecture[:2]
    return None


def _version(shown):
    """The number that Canvas puts behind a file that was handed in again: name-2.ipynb."""
    match = re.search(r"-(\d{1,3})$", Path(shown).stem)
    return int(match[1]) if match else 0
