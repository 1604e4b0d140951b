"""A sandbox: a zygote in bubblewrap, or without it where there is none, that gives kernels for one lesson.

What holds inside: no network, own processes and IPC, a read-only system of which only Python is there, a cleared
environment, an ordinary user. Each kernel is a box of its own within it (`inside/box.py`).
"""

import contextlib
import json
import os
import queue
import select
import shutil
import site
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading.inside.box import SCRATCH
from course_lib.grading.library import make_copy
from course_lib.grading.limits import ENDING
from course_lib.grading.scratch import Scratch

MODES = ("auto", "bwrap", "none")
USER = 64321  # whom root becomes: no real user has this number
READY = 120  # seconds that torch may take to load on a busy machine
SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/ld.so.conf",
          "/etc/ld.so.conf.d", "/etc/fonts", "/etc/localtime", "/etc/alternatives")  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """What one kernel may use: memory (MB), CPU time (s), processes and threads, open files, size of one file (MB) and
    of all files together (MB)."""

    memory: int = 2048
    cpu: int = 300
    processes: int = 256
    files: int = 256
    file: int = 64
    scratch: int = 128


def choose(mode):
    """Whether to use bubblewrap.

    Args:
        mode: "auto", "bwrap" or "none".
    Returns:
        (bool, a warning or None).
    Raises:
        CourseError: mode is "bwrap", and it is missing or does not work here.
    """
    if mode not in MODES:
        raise CourseError(f"--sandbox is {mode!r}, expected one of {', '.join(MODES)}.")
    if mode == "none":
        return False, f"No sandbox, as asked for. {_WITHOUT}"
    problem = _problem_with_bwrap()
    if problem is None:
        return True, None
    if mode == "bwrap":
        raise CourseError(f"{problem} Without it, --sandbox none grades with limits alone.")
    return False, f"{problem} {_WITHOUT}"


_WITHOUT = (
    "Submissions can then read your files, use the network and end your processes; only memory, time and output are "
    "limited. Grade so only what you would run yourself."
)


def _problem_with_bwrap():
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (apt-get install bubblewrap)."
    command = ["bwrap", *_namespaces(), "--ro-bind", "/", "/", "true"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=READY, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"bubblewrap does not work here: {problem}."
    return None if done.returncode == 0 else f"bubblewrap does not work here: {done.stderr.strip()[:200]}."


def _namespaces():
    own = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if os.getuid() == 0:  # root keeps nothing but the right to become somebody else
        return [*own, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return ["--unshare-user", *own, "--cap-drop", "ALL"]


class Sandbox:
    """Gives kernels for one lesson. Use it as a context manager.

    Attributes:
        isolated: whether each kernel has namespaces of its own, so that one sandbox serves any number of learners;
            where it is False, use a fresh sandbox for each learner.
        emptied: the library's functions that are missing inside.
    """

    def __init__(self, lesson, bwrap=True, limits=None):
        """
        Args:
            lesson: Lesson.
            bwrap: from `choose`.
            limits: Limits of each kernel.
        """
        self.lesson, self.bwrap, self.limits = lesson, bwrap, limits or Limits()
        self._scratch = Scratch()
        self.folder = self._scratch.folder
        (self.folder / "library").mkdir()
        (self.folder / "boxes").mkdir()
        self.emptied = make_copy(self.folder / "library", lesson)
        self.process, self.isolated, self._number, self._endings = None, False, 0, {}

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.close()

    def start(self):
        """Start the zygote, if it does not run. `box` does it when it is needed.

        Raises:
            CourseError: it does not start; with what it said.
        """
        if self.process is not None and self.process.poll() is None:
            return
        self._stop()
        user = USER if os.getuid() == 0 and self.bwrap else 0
        os.chmod(self.folder, 0o755)
        if user:
            os.chown(self.folder / "boxes", user, user)
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self._command(user),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=self._environment(),
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        os.set_blocking(self.process.stdin.fileno(), False)
        self._messages, self._endings = queue.Queue(), {}
        threading.Thread(target=self._listen, args=(self.process.stdout, self._messages), daemon=True).start()
        self._order({"preload": self.lesson.modules, "isolate": self.bwrap})
        ready = self._next(READY)
        if ready is None or "ready" not in ready:
            said = self._said()
            self._stop()
            raise CourseError(f"The sandbox did not start: {said or 'it said nothing'}")
        self.isolated = ready["isolated"]

    def box(self):
        """Fork a kernel.

        Returns:
            (number of the box, its folder, which has the connection file).
        """
        self.start()
        self._number += 1
        folder = self.folder / "boxes" / str(self._number)
        folder.mkdir()
        if os.getuid() == 0 and self.bwrap:
            os.chown(folder, USER, USER)
        return self._number, folder

    def fork(self, number, folder):
        """Have the kernel of a box forked; its connection file is there by now."""
        place = self.inside("boxes") / folder.name
        self._order({"box": number, "folder": str(place), "limits": asdict(self.limits)})

    def ended(self, number):
        """Why a box ended ("ended", "memory", "the sandbox ended"), or None while it runs."""
        while not self._messages.empty():
            self._note(self._messages.get())
        if number not in self._endings and self.process.poll() is not None:
            return "the sandbox ended"
        return self._endings.get(number)

    def end(self, number, folder):
        """End a box with all that runs in it."""
        if self.ended(number) is None:
            self._order({"end": number})
            until = time.monotonic() + ENDING
            while self.ended(number) is None and time.monotonic() < until:
                message = self._next(0.1)
                if message:
                    self._note(message)
            if self.ended(number) is None:
                self._stop()
        shutil.rmtree(folder, ignore_errors=True)

    def close(self):
        self._stop()
        self._scratch.remove()

    def inside(self, name):
        """Where the library ("library") or the boxes ("boxes") are as seen from inside."""
        return Path({"library": "/course", "boxes": "/boxes"}[name]) if self.bwrap else self.folder / name

    def _command(self, user):
        python = [sys.executable, "-s", "-m", "course_lib.grading.inside.zygote", str(user), str(self.inside("boxes"))]
        if not self.bwrap:
            return python
        seen = list(dict.fromkeys([*SYSTEM, sys.base_prefix, sys.prefix, *site.getsitepackages()]))
        seen = [path for path in seen if os.path.lexists(path)]
        command = ["bwrap", *_namespaces(), "--die-with-parent", "--new-session", "--hostname", "course"]
        above = {str(parent) for path in seen for parent in Path(path).parents if parent.parent != parent}
        command += ["--proc", "/proc", "--dev", "/dev"]
        for place in SCRATCH:
            command += ["--perms", "1777", "--tmpfs", place]
        command += ["--remount-ro", "/dev"]  # it belongs to the user where that is not root, and to all boxes
        for path in sorted(above - {*seen, "/tmp"}):  # without this, root's bwrap makes them for root alone
            command += ["--perms", "0755", "--dir", path]
        for path in seen:
            link = os.path.islink(path) and path.count("/") == 1  # /lib -> usr/lib
            command += ["--symlink", os.readlink(path), path] if link else ["--ro-bind", path, path]
        for path in site.getsitepackages():  # an installed course has the solutions
            if os.path.isdir(os.path.join(path, "course_lib")):
                command += ["--tmpfs", os.path.join(path, "course_lib")]
        command += [
            "--ro-bind",
            str(self.folder / "library"),
            "/course",
            "--bind",
            str(self.folder / "boxes"),
            "/boxes",
        ]
        return [*command, "--remount-ro", "/", "--chdir", "/tmp", "--", *python]

    def _environment(self):
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": "/tmp",
            "USER": "learner",
            "LOGNAME": "learner",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(self.inside("library")),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "IPYTHONDIR": "/tmp/ipython" if self.bwrap else str(self.folder / "boxes" / "ipython"),
            "MPLCONFIGDIR": "/tmp/matplotlib" if self.bwrap else str(self.folder / "boxes" / "matplotlib"),
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "COURSE_PROFILE": "cpu",
        }

    def _order(self, order):
        data, pipe = json.dumps(order).encode() + b"\n", self.process.stdin.fileno()
        with contextlib.suppress(BrokenPipeError):  # it is dead: `ended` says so
            while data:
                if not select.select([], [pipe], [], ENDING)[1]:
                    self.process.kill()  # it does not read its orders any more
                    return
                data = data[os.write(pipe, data) :]

    def _next(self, seconds):
        try:
            return self._messages.get(timeout=seconds)
        except queue.Empty:
            return None

    def _note(self, message):
        if message and "ended" in message:
            self._endings[message["ended"]] = message["why"]

    @staticmethod
    def _listen(stream, messages):
        for line in stream:
            try:
                messages.put(json.loads(line))
            except ValueError:  # no line of ours
                continue
        messages.put(None)

    def _said(self):
        self._log.seek(0)
        return self._log.read()[-2000:].decode("utf-8", "replace").strip()

    def _stop(self):
        if self.process is None:
            return
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # the system cannot end it now; it will
            self.process.wait(ENDING)
        self.process.stdin.close()
        self.process = None
