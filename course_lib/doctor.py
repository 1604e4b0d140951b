"""`course doctor`: is everything here that the course needs, and if not, what mends it?

Each `find_*` function looks at one thing and returns one `Finding`; `diagnose` runs them all, and a check that itself
fails becomes a finding too. Nothing is imported before it is looked at, so that the doctor works on a broken set-up.
"""

import importlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError

OLDEST_PYTHON = (3, 10)
OLDEST_IPYWIDGETS = (7, 7, 1)  # what Colab has
ROOM_WANTED = 2 * 1024**3  # bytes; with less than this even a small data set may not fit

INSTALL = "In the course's folder run `make env`; elsewhere `pip install course_lib` from the course's repository."


@dataclass(frozen=True)
class Finding:
    """What the doctor found out about one thing.

    Attributes:
        name: the thing, such as "PyAV".
        status: "ok", "note" (works without it, something is lost) or "problem" (needed, and broken).
        value: what is there, in a few words.
        fix: what to do about it; empty when all is well.
    """

    name: str
    status: str
    value: str
    fix: str = ""


def find_python():
    value = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info < OLDEST_PYTHON:
        fix = "The course needs Python 3.10 or newer: `make env PYTHON=python3.12`."
        return Finding("Python", "problem", value, fix)
    return Finding("Python", "ok", value)


def find_torch():
    """torch and torchvision are two packages that must be built for each other: only running an operator tells."""
    try:
        torch = importlib.import_module("torch")
    except Exception as error:  # a damaged installation raises anything from ImportError to OSError
        return Finding("torch", "problem", _said(error), INSTALL)
    try:
        torchvision = importlib.import_module("torchvision")
        boxes = torch.tensor([[0.0, 0.0, 8.0, 8.0], [0.0, 0.0, 8.0, 7.0], [20.0, 20.0, 24.0, 24.0]])
        kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), iou_threshold=0.5).tolist()
        if kept != [0, 2]:
            raise RuntimeError(f"nms keeps the boxes {kept}, expected [0, 2]")
    except Exception as error:
        return Finding(
            "torch",
            "problem",
            f"torch {torch.__version__}, but torchvision does not work with it: {_said(error)}",
            "The two were built for different versions. Install the pair that is tested together: "
            "`pip install -c constraints.txt --force-reinstall torch torchvision`.",
        )
    return Finding("torch", "ok", f"torch {torch.__version__} and torchvision {torchvision.__version__} work together")


def find_gpu():
    try:
        torch = importlib.import_module("torch")
        if torch.cuda.is_available():
            room = torch.cuda.get_device_properties(0).total_memory / 1024**3
            float((torch.ones(8, device="cuda") * 2).sum())  # a driver that is too old fails only here
            return Finding("GPU", "ok", f"{torch.cuda.get_device_name(0)}, {room:.0f} GiB")
    except Exception as error:
        fix = "Update the GPU's driver, or work without the GPU: `export CUDA_VISIBLE_DEVICES=`."
        return Finding("GPU", "problem", _said(error), fix)
    return Finding(
        "GPU",
        "note",
        f"none; the CPU with {os.cpu_count()} cores does it all at a small scale",
        "On Colab: Runtime > Change runtime type > GPU. Every lecture also runs without.",
    )


def find_ipywidgets():
    try:
        version = importlib.import_module("ipywidgets").__version__
    except Exception as error:
        return Finding("ipywidgets", "problem", _said(error), INSTALL)
    if _numbers(version) < OLDEST_IPYWIDGETS:
        return Finding("ipywidgets", "problem", version, "The widgets need 7.7.1: `pip install 'ipywidgets>=7.7.1'`.")
    return Finding("ipywidgets", "ok", version)


def find_pyav():
    """PyAV may be built without H.264, and browsers play no other format that it writes."""
    try:
        av = importlib.import_module("av")
    except Exception as error:
        return Finding("PyAV", "problem", _said(error), INSTALL)
    missing = []
    for task, codec, mode in (("decoder", "h264", "r"), ("encoder", "libx264", "w")):
        try:
            av.codec.Codec(codec, mode)
        except Exception:  # PyAV's own exception classes have changed their names between versions
            missing.append(f"H.264 {task}")
    if missing:
        return Finding(
            "PyAV",
            "problem",
            f"{av.__version__} without {' and '.join(missing)}",
            "Install the wheel, which brings its own FFmpeg: `pip install --force-reinstall --only-binary :all: av`.",
        )
    return Finding("PyAV", "ok", f"{av.__version__}, reads and writes H.264")


def find_sandbox():
    """Grading runs strangers' code and shuts it in with bubblewrap; learners do not need it."""
    program = shutil.which("bwrap")
    if program is None:
        fix = "Only for grading, on Linux: `sudo apt install bubblewrap` (or dnf, pacman)."
        return Finding("sandbox", "note", "bubblewrap is not here", fix)
    try:
        command = [program, "--ro-bind", "/", "/", "--unshare-all", "--", "true"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
        trouble = "" if run.returncode == 0 else (run.stderr.strip() or f"exit code {run.returncode}")
    except (OSError, subprocess.TimeoutExpired) as error:
        trouble = _said(error)
    if trouble:
        fix = "Only for grading: allow user namespaces (`sudo sysctl kernel.unprivileged_userns_clone=1`)."
        return Finding("sandbox", "note", f"bubblewrap cannot start: {trouble}", fix)
    return Finding("sandbox", "ok", "bubblewrap works")


def find_cache():
    """Where downloaded data sets lie. Nothing is created there."""
    try:
        folder = importlib.import_module("course_lib.data.sets.catalog").cache_folder()
    except CourseError as error:
        fix = "Set HOME to a folder that you may write, or name one for data sets: `export COURSE_DATA=/path/of/yours`."
        return Finding("cache folder", "problem", _said(error), fix)
    except Exception as error:
        return Finding("cache folder", "note", f"not looked at: {_said(error)}", INSTALL)
    standing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=standing):
            pass
    except OSError as error:
        return Finding(
            "cache folder",
            "problem",
            f"{folder} cannot be written to ({_said(error)})",
            "Name a folder of yours: `export COURSE_DATA=~/course-data` (on Windows `set COURSE_DATA=...`).",
        )
    free = shutil.disk_usage(standing).free
    value = f"{folder}, {free / 1024**3:.0f} GiB free"
    if free < ROOM_WANTED:
        fix = "Make room before you fetch data sets, or set COURSE_DATA to a folder on a larger disk."
        return Finding("cache folder", "note", value, fix)
    return Finding("cache folder", "ok", value)


def find_kernel():
    """JupyterLab starts kernels by a specification: the one called python3 must run this very interpreter."""
    try:
        spec = importlib.import_module("jupyter_client.kernelspec").KernelSpecManager().get_kernel_spec("python3")
        importlib.import_module("ipykernel")
    except Exception as error:
        fix = "`pip install 'ipykernel>=6.29' jupyterlab`, then `python -m ipykernel install --sys-prefix`."
        if "home directory" in str(error):
            fix = "Jupyter keeps its files in your home folder: set HOME to a folder that you may write."
        return Finding("Jupyter kernel", "problem", _said(error), fix)
    program = shutil.which(spec.argv[0]) or spec.argv[0]
    if spec.argv[0] not in ("python", "python3") and not _same_interpreter(program, sys.executable):
        return Finding(
            "Jupyter kernel",
            "problem",
            f"the kernel python3 runs {program}, not {sys.executable}",
            f"A specification elsewhere hides this environment's ({spec.resource_dir}). Put this one in front: "
            "`python -m ipykernel install --sys-prefix`, or remove the other: `jupyter kernelspec remove python3`.",
        )
    return Finding("Jupyter kernel", "ok", "python3 runs this interpreter")


def find_clips():
    try:
        shipped = importlib.import_module("course_lib.data.sets.shipped")
    except Exception as error:
        return Finding("clips", "problem", _said(error), INSTALL)
    found, lost = [], []
    for name in shipped.clip_names():
        try:
            found.append(shipped.clip_path(name).stat().st_size)
        except (CourseError, OSError):
            lost.append(name)
    if lost:
        return Finding("clips", "problem", f"missing: {', '.join(lost)}", "`course data make` renders them anew.")
    return Finding("clips", "ok", f"{len(found)} that ship with the course, {sum(found) / 1e6:.1f} MB")


CHECKS = (
    find_python,
    find_torch,
    find_gpu,
    find_ipywidgets,
    find_pyav,
    find_kernel,
    find_clips,
    find_cache,
    find_sandbox,
)


def diagnose():
    """Look at everything.

    Returns:
        list of Finding, one per check in `CHECKS`. A check that raises becomes a problem: the doctor never crashes.
    """
    findings = []
    for check in CHECKS:
        try:
            findings.append(check())
        except Exception as error:
            name = check.__name__.removeprefix("find_")
            findings.append(Finding(name, "problem", f"the check itself failed: {_said(error)}", "Please report this."))
    return findings


def report(findings):
    """The findings as text for one screen: a line each, and below it the fix where there is one."""
    signs = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{signs[finding.status]}  {finding.name:<{width}}  {finding.value}")
        if finding.fix:
            lines.append(f"{'':{9 + width}}  -> {finding.fix}")
    problems = sum(finding.status == "problem" for finding in findings)
    if problems:
        lines.append(f"\n{problems} thing{'s' * (problems > 1)} to mend before the lectures run.")
    else:
        lines.append("\nEverything that the lectures need is here.")
    return "\n".join(lines)


def main():
    """Print the report. Returns the exit code: 1 when something that is needed is broken, else 0."""
    findings = diagnose()
    print(report(findings))
    return int(any(finding.status == "problem" for finding in findings))


def _same_interpreter(one, other):
    """Whether two paths start the same Python: bin/python and bin/python3 do, those of two environments do not,
    although both are links to the interpreter that the environments were made with."""
    one, other = Path(one).absolute(), Path(other).absolute()
    return one.parent == other.parent and one.resolve() == other.resolve()


def _said(error):
    """An exception in one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__


def _numbers(version):
    """The first three numbers of a version: of "8.1.9rc1" (8, 1, 9)."""
    parts = []
    for part in version.split(".")[:3]:
        digits = "".join(character for character in part if character.isdigit())
        parts.append(int(digits or 0))
    return tuple(parts)


if __name__ == "__main__":
    sys.exit(main())
