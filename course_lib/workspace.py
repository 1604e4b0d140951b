"""The learner's own copies of the notebooks. What a learner has changed is never overwritten.

`.course.json` in the workspace remembers the SHA-256 of each notebook as it was copied. At the next `course lab`:

- a notebook that still is as it was copied is replaced by the newer edition;
- a notebook that differs is the learner's: a newer edition is put beside it, once, as `02_topic.new.ipynb` (or `.new-2`
  and so on, where the learner works in that one too);
- a notebook that is gone comes back: to start a lecture over, delete or rename your copy. A `.new` copy that is deleted
  stays away until there is a still newer edition.
"""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from course_lib.atomic import write_atomically
from course_lib.errors import CourseError
from course_lib.places import explain, place

MANIFEST = ".course.json"


@dataclass(frozen=True)
class Change:
    """What happened to one file: name, action ("new", "updated", "beside" or "kept"), and a line that says it."""

    name: str
    action: str
    line: str


def refresh(notebooks, workspace):
    """Bring a workspace up to date with the learner editions.

    Args:
        notebooks: folder of the learner editions.
        workspace: folder of the learner; made if it is not there. A leading ~ is written out.
    Returns:
        list of `Change`, one per notebook that is not simply as it was.
    Raises:
        CourseError: if there are no editions, or the workspace cannot be used; nothing of the learner's is touched.
    """
    notebooks, workspace = Path(notebooks).resolve(), place(workspace).resolve()
    editions = sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))
    if not editions:
        raise CourseError(f"There are no notebooks in {notebooks}. Build them: course build")
    if workspace == notebooks or notebooks in workspace.parents:
        raise CourseError(f"{workspace} is where the course keeps its own notebooks. Choose another --workspace.")
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        manifest, changes = _read_manifest(workspace)
        for edition in editions:
            change = _refresh_one(edition, workspace, manifest)
            changes += [change] if change else []
            _write_manifest(workspace, manifest)
    except (FileExistsError, NotADirectoryError) as error:
        text = f"{workspace} cannot be a folder: it, or one above it, is a file. Choose another --workspace."
        raise CourseError(text) from error
    except OSError as error:
        raise CourseError(
            f"Cannot write in {workspace}: {explain(error)} Your notebooks are as they were. "
            "Mend that, or choose another --workspace."
        ) from error
    return changes


def lab_command(workspace, first=None, browser=True, arguments=()):
    """The command that opens JupyterLab in a workspace.

    Args:
        workspace: folder that becomes JupyterLab's root.
        first: name of the notebook to open.
        browser: open a browser; where there is no display it is never tried, and Jupyter prints its address.
        arguments: passed on to Jupyter, after ours, so that they win.
    Returns:
        list of str.
    """
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={place(workspace).resolve()}"]
    if first:
        command.append(f"--LabApp.default_url=/lab/tree/{first}")
    if not browser or not has_display():
        command.append("--no-browser")
    return [*command, *arguments]


def has_display():
    """Whether a browser can open here: always on macOS and Windows, with a display server elsewhere."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def first_notebook(workspace):
    """Name of lecture 00 in a workspace (or of its first lecture), None if there is none."""
    names = sorted(path.name for path in place(workspace).glob("[0-9][0-9]_*.ipynb") if ".new" not in path.name)
    return names[0] if names else None


def open_lab(command):
    """Become JupyterLab, so that signals and the exit code are its own. Returns only on Windows, with the exit code."""
    if os.name != "nt":
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # Jupyter got it too, and asks whether to stop


def _refresh_one(edition, workspace, manifest):
    """Bring one notebook up to date; returns a Change, or None when there is nothing to say."""
    content = edition.read_bytes()
    newest = _sha256(content)
    name, target = edition.name, workspace / edition.name
    copied = manifest["copied"].get(name)
    manifest["copied"][name] = newest
    if not os.path.lexists(target):
        write_atomically(target, content)
        return Change(name, "new", f"{name}: copied")
    present = _sha256(target.read_bytes()) if target.is_file() else None
    if present == newest:
        return None
    if present is not None and present == copied:
        write_atomically(target, content)
        return Change(name, "updated", f"{name}: updated (you had not changed it)")
    # From here on it is the learner's. The manifest keeps what it was copied from.
    if copied is None:
        del manifest["copied"][name]
    else:
        manifest["copied"][name] = copied
    if copied == newest or manifest["offered"].get(name) == newest:
        return None
    beside = _free_name(workspace, edition, newest, manifest)
    write_atomically(workspace / beside, content)
    manifest["copied"][beside] = newest
    manifest["offered"][name] = newest
    return Change(name, "beside", f"{name}: you changed it, so it stays as it is; the newer edition is {beside}")


def _free_name(workspace, edition, newest, manifest):
    """The first of 02_topic.new.ipynb, .new-2, ... that is free, or that holds an edition which nobody changed."""
    for number in count(1):
        name = f"{edition.stem}.new{'' if number == 1 else f'-{number}'}.ipynb"
        path = workspace / name
        if not os.path.lexists(path):
            return name
        if path.is_file() and _sha256(path.read_bytes()) in (newest, manifest["copied"].get(name)):
            return name


def _read_manifest(workspace):
    """(manifest, list of Changes: that it could not be read, if so)."""
    path = workspace / MANIFEST
    empty = {"copied": {}, "offered": {}}
    if not path.exists():
        return empty, []
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if all(_is_table(manifest[part]) for part in empty):
            return {part: manifest[part] for part in empty}, []
    except (ValueError, KeyError, TypeError):
        manifest = None
    line = f"{MANIFEST} cannot be read: every notebook that differs from today's edition counts as changed by you"
    return empty, [Change(MANIFEST, "kept", line)]


def _is_table(part):
    return isinstance(part, dict) and all(isinstance(text, str) for pair in part.items() for text in pair)


def _write_manifest(workspace, manifest):
    content = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    path = workspace / MANIFEST
    if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != content:
        write_atomically(path, content)


def _sha256(content):
    return hashlib.sha256(content).hexdigest()
