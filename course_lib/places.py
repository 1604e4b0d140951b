"""Paths as people write them, and what the system answers when it refuses one."""

import errno
import os
from contextlib import contextmanager
from pathlib import Path

from course_lib.errors import CourseError

ROOM = "Make room there, or choose a place on another disk."
PERMISSION = "Look at the permissions of the file and its folder (ls -ld), or choose a place of your own."
ADVICE = {
    errno.EACCES: PERMISSION,
    errno.EPERM: PERMISSION,
    errno.EROFS: "That disk can only be read: choose another place.",
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: ROOM,
    errno.ENAMETOOLONG: "Shorten the name.",
    errno.ENOENT: "Check the path; is it relative to another working folder?",
    errno.ENOTDIR: "Something on the way to it is a file, where a folder should be.",
    errno.EISDIR: "Name a file, not a folder.",
    errno.EEXIST: "Something of that name is there already: delete or rename it.",
    errno.ELOOP: "Its links lead in a circle.",
    errno.EMFILE: "This process has too many files open: close some, or restart the kernel.",
    errno.EIO: "The disk or the network drive has a fault: copy the file elsewhere and try again.",
}


def place(path, kind=CourseError):
    """Path with a leading ~ written out, which shells leave to the program in `--option=~/folder`.

    A name that merely starts with ~, such as ~draft.mp4, stays as it is.

    Raises:
        `kind`, an error of the course: if ~ is asked for and this user has no home folder; or for what is no path.
    """
    try:
        path = os.path.expanduser(os.fspath(path))
    except TypeError:
        raise kind(f"expected the path of a file or folder, got a {type(path).__name__}.") from None
    if path.replace(os.sep, "/").split("/")[0] == "~":
        raise kind(f"{path}: the system does not know your home folder. Set HOME, or write the path without ~.")
    return Path(path)


@contextmanager
def system_errors(what, kind=CourseError):
    """Around what touches files, or as a decorator: an OSError becomes an error of the course that says what to do.

    Args:
        what: the start of the sentence, such as "UCF101 cannot be read".
        kind: the class of the error.
    """
    try:
        yield
    except OSError as error:
        raise kind(f"{what}: {explain(error)}") from error


def explain(error):
    """What an OSError means for the reader: which file, what the system says, what to do."""
    said = str(error.strerror or error).rstrip(".")
    if isinstance(error.filename, (str, bytes, os.PathLike)):
        said = f"{_short(os.fsdecode(error.filename))}: {said}"
    return f"{said}. {ADVICE.get(error.errno, '')}".rstrip()


def absent(path):
    """Why there is nothing at `path`: "does not exist", or that it is a link to nothing."""
    if path.is_symlink():
        return f"is a link to {os.readlink(path)}, which is not there: mend it, or mount the disk that it leads to"
    return "does not exist"


def _short(name):
    return name if len(name) <= 200 else f"{name[:100]}...{name[-40:]}"
