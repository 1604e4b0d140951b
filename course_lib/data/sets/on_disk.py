"""What readers of data sets need to say what is on disk and what is not: folders, lists, and what they hold."""

from course_lib.errors import DataError
from course_lib.places import absent, place

BESIDE_THE_DATA = frozenset(["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"])
SHOWN = 5  # names in a message, before "and N more"


def data_folder(path, name, holds):
    """A folder of a data set; an error says what it should hold, and what lies beside it.

    Raises:
        DataError: if it is not there, or is a file.
    """
    path = place(path, DataError)
    if path.is_dir():
        return path
    beside = f"; beside it is {contents(path.parent)}" if path.parent.is_dir() else ""
    wrong = "is a file" if path.exists() else absent(path) if path.is_symlink() else "is not there"
    raise DataError(f"{name}: the folder {path} {wrong} (expected: {holds}){beside}.")


def list_text(path):
    """The text of a list, as UTF-8 with or without a byte order mark.

    Raises:
        DataError: if it is in another encoding; it names the likely one.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = None
        else:
            line = content.count(b"\n", 0, error.start) + 1
            raise DataError(
                f"{path}, line {line} is not UTF-8: probably Latin-1 or Windows-1252. Save the list as UTF-8, with an "
                f'editor or with: iconv -f WINDOWS-1252 -t UTF-8 "{path.name}" > new.txt'
            ) from None
    if text is None or "\0" in text:
        raise DataError(
            f"{path} is not UTF-8: probably UTF-16, which Excel calls Unicode text. Save the list as UTF-8 "
            f'("CSV UTF-8" in Excel), or use: iconv -f UTF-16 -t UTF-8 "{path.name}" > new.txt'
        )
    return text


def visible(folder):
    """What belongs to the data in a folder, sorted: not what macOS, Windows or a network drive adds."""
    return sorted(path for path in folder.iterdir() if path.name[0] not in ".~" and path.name not in BESIDE_THE_DATA)


def folders(path):
    """The folders in a folder, sorted."""
    return [inside for inside in visible(path) if inside.is_dir()]


def contents(folder):
    """What is in a folder, briefly."""
    return some([path.name for path in visible(folder)]) or "nothing"


def some(names):
    """The first few names of a list, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
