"""The files that a platform's folder or zip file holds: what looks like a notebook, and why the rest does not count."""

import contextlib
import errno
import os
import re
import tempfile
import zipfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading.outputs import without_outputs
from course_lib.grading.submission import LARGEST, LARGEST_WITH_OUTPUTS

MOST_FILES = 20_000  # in one zip file
MOST_BYTES = 2**28  # unpacked for one learner
LONGEST_NAME = 200  # characters of a path that are shown

_MOODLE = re.compile(r"^(?P<student>.+?)_(?P<id>\d+)_assignsubmission_file_?(?P<rest>.*)$")
_CANVAS = re.compile(r"^(?P<student>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_(?P<rest>.+)$", re.IGNORECASE)
PLATFORMS = (_MOODLE, _CANVAS)
NUMBER = re.compile(r"^(?:lecture[ _-]?)?(\d\d)$", re.IGNORECASE)  # of a folder for each lecture
_HIDDEN = re.compile(r"^(\.|__MACOSX|@eaDir)")
_ENDING = re.compile(r"\.ipynb", re.IGNORECASE)
_OTHER_ARCHIVES = (".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz")
_PERHAPS = (".json", ".txt", "")  # as browsers and mail programs save what they do not know
_DEEPEST = 2  # zip files within each other: a platform's own, and the one that a learner handed in
_KINDS = {
    ".py": "a Python file",
    ".html": "a web page",
    ".htm": "a web page",
    ".pdf": "a PDF",
    ".md": "a text",
    ".docx": "a text document",
}


@dataclass(frozen=True)
class Left:
    """Something that is graded for nobody.

    parts: of its path: folders, then the file's own name; for a zip file as a whole, what stands for it, and "".
    shown: the path to show, where that is another one; else None.
    why: what it is, or what is wrong with it.
    loud: whether it is told also where its learner has a notebook: a picture beside one is nothing to tell.
    """

    parts: tuple
    shown: str | None
    why: str
    loud: bool


class LeftOut:
    """All that was left out, but no more of it than somebody reads: an odd zip file has thousands of such files.

    Attributes:
        kept: list of Left.
        more: Counter from the first two parts of a path to how many others were left out there.
    """

    PER_PLACE = 5

    def __init__(self):
        self.kept, self.more, self._counts = [], Counter(), Counter()

    def add(self, parts, why, loud=True, shown=None):
        parts = tuple(parts)
        place, outermost = parts[:2] if len(parts) > 2 else parts[:1], parts[:1]
        self._counts.update([place, ("all", outermost)])
        if self._counts[place] > self.PER_PLACE or self._counts["all", outermost] > MOST_FILES:
            self.more[place if self._counts[place] > self.PER_PLACE else outermost] += loud
            return
        self.kept.append(Left(parts, shown and cut(shown), why, loud))


def files_in(place, scratch, left):
    """The notebooks of a place.

    Args:
        place: a folder, a zip file or one notebook.
        scratch: an empty folder; zip files are unpacked there.
        left: LeftOut to add to.
    Yields:
        (path, the name by which it is recognised, the folder that holds it).
    Raises:
        CourseError: there is no room to unpack.
    """
    if place.is_file():
        if place.suffix.lower() == ".zip":
            yield from _unpacked(place, scratch / "0", None, left, place.name)
        else:
            yield place, place.name, place.parent
        return
    number = 0
    for folder, folders, files in os.walk(place, onerror=lambda problem: _cannot_enter(problem, place, left)):
        folders[:] = sorted(name for name in folders if not _HIDDEN.match(name))
        files = sorted(name for name in files if not _HIDDEN.match(name))
        above = Path(folder).relative_to(place).parts
        if Path(folder) == place:
            of_classes = not folders and _hold_classes([place / name for name in files])
        elif not folders and not files:
            left.add((*above, ""), "an empty folder", loud=False, shown="/".join(above))
        for name in files:
            path, shown = Path(folder) / name, (*above, name)
            if path.suffix.lower() == ".zip" and path.is_file() and not path.is_symlink():
                number += 1
                owner = (*above, path.stem)
                yield from _unpacked(path, scratch / str(number), owner, left, "/".join(shown), of_classes=of_classes)
            elif path.suffix.lower() in _OTHER_ARCHIVES:
                left.add(shown, "not unpacked; only zip files are")
            elif is_notebook(name) or (_may_be(name) and _begins_like_one(_head(path))):
                yield path, "/".join(shown), place
            else:
                left.add(shown, _kind(name), loud=False)
        for name in folders:
            if is_notebook(name):  # a folder that is called like a notebook
                yield Path(folder) / name, "/".join((*above, name)), place
            elif os.path.islink(Path(folder) / name):
                left.add((*above, name, ""), "a link, and links are not followed", shown="/".join((*above, name)))


def is_notebook(name):
    """Whether a file is called like a notebook, also by a browser that put another ending behind its own."""
    return _ENDING.search(name) is not None and Path(name).suffix.lower() not in _KINDS


def stem(name):
    """The name of a file without its endings."""
    ending = _ENDING.search(name)
    return name[: ending.start()] if ending else Path(name).stem


def platform(name):
    """The match of a name as Moodle or Canvas make them, or None."""
    return next(filter(None, (pattern.match(name) for pattern in PLATFORMS)), None)


def wrapping(paths):
    """How many outer folders hold nothing but a class: shared by all, and with a folder per learner in them."""
    shared = 0
    while all(len(parts) > shared + 1 for parts in paths) and len({parts[shared] for parts in paths}) == 1:
        if platform(paths[0][shared]):
            return 0
        shared += 1
    learners = {parts[shared] for parts in paths if len(parts) > shared + 1 and not NUMBER.match(parts[shared])}
    return shared if len(learners) > 1 and all(len(parts) > shared + 1 for parts in paths) else 0


def cut(text):
    """A name as short as people read it: one in a zip file has up to 65,535 characters."""
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME // 2]}…{text[-LONGEST_NAME // 2 :]}"


def _unpacked(file, target, above, left, shown, depth=1, room=None, of_classes=False):
    """Unpack the notebooks of a zip file under names of our own: what a zip calls its files decides nothing.

    Args:
        file: the zip file.
        target: folder to make and unpack into.
        above: the parts of the path that stand for the zip file; None where it is all that there is.
        left: LeftOut to add to.
        shown: the zip file's own path.
        depth: 1, or 2 for a zip file within another.
        room: dict from learner to the bytes that may still be unpacked for them.
        of_classes: whether the zip files here may hold a class each.
    """
    itself = (*(above or ()), "")
    target.mkdir(parents=True)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_FILES:
                text = f"{len(entries):,} files; only the first {MOST_FILES:,} were looked at"
                left.add(itself, text, shown=shown)
            entries = [(number, entry, _parts(entry)) for number, entry in enumerate(entries[:MOST_FILES])]
            entries = [each for each in entries if not _is_passed_over(*each[1:])]
            wanted = [parts for _, entry, parts in entries if _is_wanted(archive, entry, parts)]
            above, outer = _owner(above, wanted, of_classes)
            itself = (*above, "")
            room = defaultdict(lambda: MOST_BYTES) if room is None else room
            wanted = set(wanted)
            if not entries:
                left.add(itself, "an empty zip file", shown=shown)
            for number, entry, parts in entries:
                name, place = parts[-1], (*above, *parts[outer:])
                suffix = Path(name).suffix.lower()
                if parts not in wanted:
                    left.add(place, _kind(name), loud=False)
                    continue
                if suffix in _OTHER_ARCHIVES or (suffix == ".zip" and depth == _DEEPEST):
                    left.add(place, f"not unpacked; only zip files are, {_DEEPEST} deep")
                    continue
                inner = suffix == ".zip"
                path = target / str(number) / ("file.zip" if inner else "file.ipynb")
                path.parent.mkdir()
                try:
                    if room[place[0]] > 0:
                        most = room[place[0]] if inner else LARGEST_WITH_OUTPUTS + 1
                        room[place[0]] -= _extract(archive, entry, path, most)
                        if not inner and room[place[0]] > 0 and path.stat().st_size > LARGEST:
                            room[place[0]] += _shrink(path)
                except Exception as error:  # as many kinds as there are ways to pack: the other files are still read
                    _no_room(error)
                    left.add(place, f"cannot be unpacked ({str(error)[:100]})")
                    continue
                if room[place[0]] <= 0:
                    path.unlink(missing_ok=True)
                    left.add(place, f"left out, with it {cut(place[0])} has more than {MOST_BYTES // 2**20} MB")
                elif inner:
                    owner, below = (*place[:-1], Path(name).stem), "/".join(place)
                    yield from _unpacked(path, path.with_name("unpacked"), owner, left, below, depth + 1, room)
                    path.unlink()
                else:
                    yield path, "/".join(place), target
    except CourseError:
        raise
    except Exception as error:
        _no_room(error)
        left.add(itself, f"not a zip file that can be read ({str(error)[:100]})", shown=shown)


def _no_room(error):
    """A full disk is no fault of who handed in."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        folder = tempfile.gettempdir()
        raise CourseError(
            f"There is no room to unpack zip files in {folder} ({error.strerror}): make some, or set TMPDIR."
        ) from error


def _cannot_enter(problem, place, left):
    parts = Path(problem.filename).relative_to(place).parts
    if not parts:
        raise CourseError(f"{place} cannot be read: {problem.strerror}. May you read it?") from problem
    left.add((*parts, ""), f"a folder that cannot be read ({problem.strerror})", shown="/".join(parts))


def _parts(entry):
    return tuple(part for part in entry.filename.split("/") if part not in ("", ".", ".."))


def _is_passed_over(entry, parts):
    return not parts or entry.is_dir() or any(map(_HIDDEN.match, parts))


def _is_wanted(archive, entry, parts):
    """Whether an entry is called, or begins, like a notebook or something packed."""
    name = parts[-1]
    if is_notebook(name) or name.lower().endswith((".zip", *_OTHER_ARCHIVES)):
        return True
    if not _may_be(name):
        return False
    with contextlib.suppress(Exception), archive.open(entry) as file:  # as many kinds as there are ways to pack
        return _begins_like_one(file.read(4096))
    return False


def _may_be(name):
    return Path(name).suffix.lower() in _PERHAPS


def _head(path):
    """The first bytes of a plain file."""
    try:
        if path.is_symlink() or not path.is_file():
            return b""
        with open(path, "rb") as file:
            return file.read(4096)
    except OSError:
        return b""


def _begins_like_one(data):
    """Whether a file under another name is a notebook: the keys of one stand at its beginning, whoever wrote it."""
    begins = data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    return begins and any(key in data for key in (b'"cells"', b'"nbformat"', b'"worksheets"'))


def _kind(name):
    suffix = Path(name).suffix.lower()
    return _KINDS.get(suffix, f"a file that ends in {suffix[:20]}" if suffix else "a file of another kind")


def _hold_classes(files):
    """Whether files are zip files with a class each, whose folders are the learners. One learner could pack a zip file
    like that, with the names of others; among those of other learners it does not stand for a class."""
    looks = []
    for file in files:
        if is_notebook(file.name):
            return False
        with contextlib.suppress(Exception), zipfile.ZipFile(file) as archive:
            entries = [(entry, _parts(entry)) for entry in archive.infolist()[:MOST_FILES]]
            entries = [each for each in entries if not _is_passed_over(*each)]
            looks.append(_is_class([parts for entry, parts in entries if _is_wanted(archive, entry, parts)]))
    return all(looks)


def _is_class(inside):
    outer = wrapping(inside)
    folders = {parts[outer] for parts in inside if len(parts) > outer + 1}
    return len(folders) > 1 or any(map(platform, folders))


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
    outer = wrapping(inside)
    if above is None:
        return (), outer
    if len(above) > 1 or platform(above[0]) or not of_classes or not _is_class(inside):
        return above, 0
    return (), outer


def _shrink(path):
    """Leave out a large notebook's outputs; returns by how many bytes the file has shrunk.

    Raises:
        ValueError: why it cannot be done; the file is then gone.
    """
    size = path.stat().st_size
    try:
        with open(path, "rb") as file:
            kept = without_outputs(file, LARGEST)
    except ValueError as problem:
        path.unlink()
        raise ValueError(f"it has {size / 2**20:.0f} MB, and {problem}") from None
    path.write_bytes(kept)
    return size - len(kept)


def _extract(archive, entry, path, limit):
    """Write at most `limit` bytes of an entry, whatever size it says it has; returns how many."""
    size = 0
    with archive.open(entry) as source, open(path, "wb") as target:
        while size < limit and (piece := source.read(min(2**20, limit - size))):
            target.write(piece)
            size += len(piece)
    return size
