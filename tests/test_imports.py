"""`import course_lib` stays light and harmless, and the models need torch and numpy alone."""

import subprocess
import sys
import textwrap
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
CORE = ("ops", "models")  # packages of which every module must import with torch and numpy alone
CORE_MODULES = ("train", "metrics", "describe", "timing", "bench.runner", "errors", "progress", "lesson.start")


def core_modules():
    """Every module of the core, by its dotted name, as found on disk."""
    for package in CORE:
        for path in sorted((ROOT / "course_lib" / package).rglob("*.py")):
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield dotted.removesuffix(".__init__")
    for name in CORE_MODULES:
        yield f"course_lib.{name}"


def run(*pieces):
    """Run code in a fresh interpreter in the checkout; fails the test with what it printed."""
    command = [sys.executable, "-c", "\n".join(map(textwrap.dedent, pieces))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_import_loads_nothing_heavy():
    """Time is not tested, what takes the time is: after torch, only the course's own small modules may load."""
    run("""
        import sys
        import torch
        before = set(sys.modules)
        import course_lib
        heavy = ("torchvision", "matplotlib", "av", "cv2", "skimage", "sklearn", "scipy", "PIL", "click", "tqdm",
                 "ipywidgets", "IPython", "anywidget", "jupytext", "nbformat", "nbclient", "nbconvert")
        loaded = sorted({name.partition(".")[0] for name in set(sys.modules) - before} & set(heavy))
        assert not loaded, f"import course_lib also loads {loaded}: import them in the function that needs them"
    """)


def test_the_four_names_load_nothing_heavy():
    run("""
        import sys
        import torch
        before = set(sys.modules)
        from course_lib import check, claim, predict, start
        heavy = ("torchvision", "matplotlib", "av", "cv2", "skimage", "sklearn", "ipywidgets", "anywidget", "nbconvert")
        loaded = sorted({name.partition(".")[0] for name in set(sys.modules) - before} & set(heavy))
        assert not loaded, loaded
    """)


def test_import_touches_neither_network_nor_gpu():
    run("""
        import socket
        import torch
        def refuse(*args, **kwargs):
            raise AssertionError(f"import course_lib opened a connection: {args}")
        socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
        torch.cuda.init = refuse
        import course_lib
        from course_lib import check, claim, predict, start
        assert not torch.cuda.is_initialized()
    """)


def test_import_changes_no_global_state():
    run("""
        import locale, logging, os, random, sys, warnings
        import numpy, torch
        def state():
            return {
                "dtype": torch.get_default_dtype(),
                "torch generator": torch.random.get_rng_state().tolist(),
                "python generator": random.getstate(),
                "numpy generator": str(numpy.random.get_state()),
                "threads": torch.get_num_threads(),
                "gradients": torch.is_grad_enabled(),
                "deterministic": torch.are_deterministic_algorithms_enabled(),
                "tf32": torch.backends.cuda.matmul.allow_tf32,
                "benchmark": torch.backends.cudnn.benchmark,
                "numpy printing": numpy.get_printoptions(),
                "warnings": list(warnings.filters),
                "environment": dict(os.environ),
                "folder": os.getcwd(),
                "path": list(sys.path),
                "locale": locale.setlocale(locale.LC_ALL),
                "logging": (logging.root.level, list(logging.root.handlers)),
                "hooks": (sys.excepthook, sys.displayhook, list(sys.meta_path)),
            }
        before = state()
        import course_lib
        from course_lib import check, claim, predict, start
        after = state()
        changed = [name for name in before if before[name] != after[name]]
        assert not changed, f"import course_lib changes {changed}"
    """)


def with_torch_and_numpy_alone(statements):
    """Run statements where, of all that is installed, only torch, numpy and what these two ask for can be imported."""
    waiting, allowed = ["torch", "numpy"], {"course-lib"}
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in allowed:
            allowed.add(name)
            requirements = map(Requirement, metadata.requires(name) or [])
            waiting += [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    installed = metadata.packages_distributions()
    refused = {top for top, owners in installed.items() if not {canonicalize_name(o) for o in owners} & allowed}
    refusal = f"""
        import importlib.abc, sys
        class Refuse(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in refused:
                    raise ModuleNotFoundError(f"No module named {{name!r}} (only torch and numpy are here)", name=name)
        refused = {refused!r}
        sys.meta_path.insert(0, Refuse())
    """
    return run(refusal, statements)


def test_core_needs_torch_and_numpy_alone():
    """A GPU machine without Jupyter, PyAV or scikit-image runs the models, their tests and the benchmark."""
    with_torch_and_numpy_alone("\n".join(f"import {name}" for name in core_modules()))


def test_the_refusal_refuses():
    with pytest.raises(AssertionError, match="No module named 'tqdm'"):
        with_torch_and_numpy_alone("import tqdm")
