"""`course bench`: how fast the course's code is beside a peer's, measured in the same run on the same machine.

A row is a function in a module beside this one, that times the two and returns (peer seconds, our seconds, note):

    @row("decode 16 random frames", peer="OpenCV VideoCapture")
    def decode(rounds):
        cv2 = need("cv2", "pip install opencv-python-headless")
        ...
        return *alternate(ours, peer, rounds), "GOP 250"

The ratio is our time over the peer's: below 1, ours is faster. On a machine that others use too a single figure means
little, so the two are timed in alternation and their medians compared.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from course_lib.atomic import write_atomically
from course_lib.errors import CourseError


class Skip(Exception):
    """Raised inside a row whose needs are missing here; the message says what is needed."""


@dataclass(frozen=True)
class Row:
    """One comparison: its name, whom we are compared with, and the function that measures both."""

    name: str
    peer: str
    measure: Callable


@dataclass(frozen=True)
class Result:
    """What became of a row. Seconds and ratio are None if it was skipped or failed; then `note` says why."""

    name: str
    peer: str
    status: str  # "measured", "skipped" or "failed"
    peer_seconds: float | None = None
    our_seconds: float | None = None
    ratio: float | None = None
    note: str = ""


rows: dict[str, Row] = {}


def row(name: str, peer: str):
    """Register a function `measure(rounds) -> (peer_seconds, our_seconds, note)` as a row of the benchmark.

    Raises:
        ValueError: if another function has that name.
    """

    def register(measure):
        known = rows.get(name)
        if known is not None and known.measure.__module__ != measure.__module__:
            raise ValueError(f'two rows are called "{name}": {known.measure.__module__} and {measure.__module__}')
        rows[name] = Row(name, peer, measure)
        return measure

    return register


def need(module: str, install: str):
    """Import a module that only a row needs, or skip the row saying how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Skip(f"needs {module} ({install})") from error


def discover() -> list[str]:
    """Import every module of `course_lib.bench`, which registers its rows.

    Returns:
        one line for each module that could not be imported.
    """
    package = importlib.import_module("course_lib.bench")
    broken = []
    for module in sorted({info.name for info in pkgutil.iter_modules(package.__path__)} - {"runner"}):
        try:
            importlib.import_module(f"course_lib.bench.{module}")
        except Exception as error:  # one broken module must not hide the rows of the others
            broken.append(f"course_lib/bench/{module}.py: {type(error).__name__}: {error}")
    return broken


def run(row: Row, rounds: int = 5) -> Result:
    """Measure one row. Whatever goes wrong in it becomes its note."""
    try:
        peer_seconds, our_seconds, note = row.measure(rounds)
    except Skip as reason:
        return Result(row.name, row.peer, "skipped", note=str(reason))
    except Exception as error:  # a broken row must not stop the others
        return Result(row.name, row.peer, "failed", note=f"{type(error).__name__}: {error}")
    return Result(row.name, row.peer, "measured", peer_seconds, our_seconds, our_seconds / peer_seconds, note)


def machine() -> dict:
    """What the figures depend on: processor, cores, torch and GPU."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": cores,
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none",
    }


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def line(result: Result) -> str:
    """One row of the table."""
    if result.status != "measured":
        return f"{result.name}\n    {result.status}: {result.note}"
    figures = f"peer {_time(result.peer_seconds)}   ours {_time(result.our_seconds)}   ratio {result.ratio:.2f}"
    return f"{result.name}\n    {figures}   (peer: {result.peer})" + (f"\n    {result.note}" if result.note else "")


def _time(seconds):
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"


def main(argv=None) -> int:
    """Run the benchmark; returns the exit code: 1 if a row or a module is broken, 2 if no row has such a name."""
    parser = argparse.ArgumentParser(prog="course bench", description="Measure the course's code beside its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="rows to run: any part of their name (default: all)")
    parser.add_argument("--json", metavar="FILE", help="also write the results to this file")
    parser.add_argument("--rounds", type=int, default=5, help="timed repetitions of each side (default: 5)")
    parser.add_argument("--list", action="store_true", help="print the names of the rows and stop")
    arguments = parser.parse_args(argv)
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")

    broken = discover()
    chosen = [
        row
        for row in rows.values()
        if not arguments.names or any(name.lower() in row.name.lower() for name in arguments.names)
    ]
    if arguments.list:
        print("\n".join(row.name for row in chosen))
        return 1 if broken else 0
    if not chosen and not broken:
        print(f"no row is called {' or '.join(arguments.names)}; there are:\n" + "\n".join(rows), file=sys.stderr)
        return 2

    here = machine()
    print("machine: {processor}, {cores} cores, torch {torch}, GPU {gpu}".format(**here))
    print("ratio = our time / the peer's: below 1, ours is faster\n")
    results = []
    for row in chosen:
        results.append(run(row, arguments.rounds))
        print(line(results[-1]), flush=True)
    for message in broken:
        print(f"broken: {message}", file=sys.stderr)
    if arguments.json:
        _write(arguments.json, {"machine": here, "rows": [asdict(result) for result in results], "broken": broken})
    return 1 if broken or any(result.status == "failed" for result in results) else 0


def _write(path, content):
    try:
        write_atomically(path, json.dumps(content, indent=2) + "\n")
    except OSError as error:
        raise CourseError(f"cannot write the results to {path}: {error.strerror}.") from error


if __name__ == "__main__":
    # `python -m` runs this file under another name than the one that the rows register with
    sys.exit(importlib.import_module("course_lib.bench.runner").main())
