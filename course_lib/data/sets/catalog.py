"""Real data sets: what there is, under which licence, and how to get it. `data/catalog.toml` holds the entries.

    course data list            what there is
    course data get NAME        download it, or say how to obtain it

Files go to the folder NAME inside the cache folder: `COURSE_DATA` if that is set, else the user's cache. Beside each
complete file lies FILE.sha256, in the format of sha256sum, which says that the file was whole when it came.
"""

import os
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from course_lib.atomic import write_atomically
from course_lib.data.sets.archives import unpack as unpack_archive
from course_lib.data.sets.download import download, file_sha256
from course_lib.data.sets.shipped import shipped_path
from course_lib.errors import DataError
from course_lib.places import place, system_errors

HOW = ("download", "register", "manual")


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set. `size` 0 and `sha256` "" mean unknown; `about` is then an estimate in bytes, or 0."""

    url: str
    name: str = ""
    size: int = 0
    about: int = 0
    sha256: str = ""
    index: bool = False

    @property
    def file_name(self):
        return self.name or Path(urlsplit(self.url).path).name

    def __str__(self):
        size = (
            human_size(self.size) if self.size else f"about {human_size(self.about)}" if self.about else "size unknown"
        )
        return f"{self.file_name} ({size}, SHA-256 {self.sha256 or 'unknown'}) from {self.url}"


@dataclass(frozen=True)
class Entry:
    """A data set. The fields are described at the top of `data/catalog.toml`."""

    name: str
    what: str
    licence: str
    page: str
    how: str
    after: str = ""
    unconfirmed: tuple[str, ...] = ()
    files: tuple[RemoteFile, ...] = ()

    @property
    def size(self):
        """Bytes of all files together as far as known, estimates included."""
        return sum(file.size or file.about for file in self.files)

    def __str__(self):
        obtained = {
            "download": f"course data get {self.name}",
            "register": f"register at {self.page}",
            "manual": f"by hand from {self.page}",
        }[self.how]
        exact = all(file.size for file in self.files)
        size = f"{'' if exact else 'about '}{human_size(self.size)}" if self.size else "size unknown"
        lines = [self.name, f"  {self.what}", f"  {size}; licence: {self.licence}", f"  {obtained}"]
        if self.unconfirmed:
            lines.append(f"  not confirmed: {', '.join(self.unconfirmed)}")
        return "\n".join(lines)

    def steps(self, folder):
        """How to obtain the data set without this program, as text."""
        names = "".join(f"\n     {file}" for file in self.files)
        lines = [
            f"Read the licence ({self.licence}) on {self.page}",
            f"Fetch there, or on another machine:{names}" if names else "Fetch what the page offers",
            f"Put it into {folder}",
        ]
        if self.after:
            lines.insert(1 if self.how == "register" else 3, self.after)  # who must register does so first
        numbered = "\n".join(f"  {number}. {line}" for number, line in enumerate(lines, 1))
        return f"To obtain {self.name} by hand:\n{numbered}"


def cache_folder():
    """Where downloads go: `COURSE_DATA`, else the place where this system keeps caches. It need not exist.

    Raises:
        DataError: if there is no such place, because this user has no home folder.
    """
    if chosen := os.environ.get("COURSE_DATA"):
        return place(chosen, DataError)
    try:
        return _system_caches() / "course_lib"
    except RuntimeError as error:
        raise DataError(
            "The system does not know your home folder, so there is no place for data sets: set HOME, or set "
            "COURSE_DATA to a folder of yours."
        ) from error


def _system_caches():
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


@cache
def entries():
    """All entries of the catalogue, a tuple of `Entry`."""
    return read_catalog(shipped_path("catalog.toml"))


def read_catalog(path):
    """Entries of a catalogue file.

    Raises:
        DataError: if the file is not valid; it says which entry and why.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        found = tuple(_entry(table) for table in content["dataset"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not a valid catalogue: {type(error).__name__} {error}") from error
    names = [entry.name for entry in found]
    if len(set(names)) < len(names):
        raise DataError(f"{path}: two entries have the same name in {', '.join(sorted(names))}.")
    return found


def _entry(table):
    files = tuple(RemoteFile(**file) for file in table.pop("file", []))
    entry = Entry(**{**table, "unconfirmed": tuple(table.get("unconfirmed", ())), "files": files})
    if entry.how not in HOW:
        raise DataError(f"Entry {entry.name}: how = {entry.how!r}, expected one of {', '.join(HOW)}.")
    return entry


def find(name):
    """The entry `name`.

    Raises:
        DataError: if there is none; it lists those that exist.
    """
    for entry in entries():
        if entry.name == name:
            return entry
    raise DataError(f"There is no data set {name!r}. There are: {', '.join(entry.name for entry in entries())}.")


@system_errors("the data set cannot be put there", DataError)
def get(name, folder=None, parts=0, unpack=False):
    """Download a data set, or what is missing of it. An interrupted download continues where it stopped.

    Args:
        name: of an entry.
        folder: where to; by default a folder of that name in `cache_folder()`.
        parts: for data sets in many archives (Kinetics): how many of each list to fetch; 0 fetches the lists alone.
        unpack: unpack the zip and tar files too, each into a folder of its name.
    Returns:
        Path of the folder with the files.
    Raises:
        DataError: if a download fails, or the data set must be obtained by hand and is not there yet: with the steps.
    """
    entry = find(name)
    folder = place(folder, DataError) if folder else cache_folder() / name
    if entry.how != "download":
        _require_by_hand(entry, folder)
    for file in entry.files:
        path = _fetch(entry, file, folder)
        if file.index:
            for url in _listed(path)[:parts]:
                _fetch(entry, replace(file, url=url, name="", index=False), folder / path.stem)
    if unpack:
        for path in sorted(folder.rglob("[!.]*")):
            if path.name.endswith((".zip", ".tar", ".tar.gz", ".tgz")) and "unpacked" not in path.parts:
                unpack_archive(path, path.parent / "unpacked" / path.name.split(".")[0])
    return folder


def _require_by_hand(entry, folder):
    there = folder.is_dir() and any(folder.iterdir())
    if not there or not all((folder / file.file_name).is_file() for file in entry.files):
        reason = "asks who you are" if entry.how == "register" else "comes in many pieces"
        raise DataError(f"{entry.name} {reason}, so this program does not fetch it.\n{entry.steps(folder)}")


def _fetch(entry, file, folder):
    """One file, downloaded if missing, checked once."""
    path = folder / file.file_name
    stamp = path.with_name(path.name + ".sha256")
    if path.is_file() and stamp.is_file() and stamp.stat().st_mtime >= path.stat().st_mtime:
        return path
    if not path.is_file():
        try:
            download(file.url, path, file.size, file.sha256)
        except DataError as error:
            raise DataError(f"{error}\n{entry.steps(folder)}") from error
    digest = file_sha256(path)
    if file.sha256 and digest != file.sha256:  # a file that was put there by hand
        raise DataError(f"{path} has the SHA-256 {digest}, expected {file.sha256}: delete it and fetch it again.")
    write_atomically(stamp, f"{digest}  {path.name}\n")
    return path


def _listed(path):
    """Addresses in an index file, one per line."""
    urls = path.read_text(encoding="utf-8", errors="replace").split()
    wrong = [url for url in urls if urlsplit(url).scheme not in ("http", "https")]
    if wrong or not urls:
        raise DataError(f"{path} should list addresses, one per line, but holds {wrong[0] if wrong else 'nothing'!r}.")
    return urls


def human_size(count):
    """Bytes as people write them: 832766765 -> "833 MB"."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            return f"{count:.0f} {unit}" if count >= 10 or unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
