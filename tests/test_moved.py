"""A learner's own notebook that imports an old name works, and says the new one in a line."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from course_lib import moved
from tests.imports import import_graph

ROOT = Path(__file__).resolve().parents[1]


def session(code):
    """Run code in a fresh interpreter, without `start`, as a script does; returns what it wrote: (stdout, stderr)."""
    environment = {**os.environ, "COURSE_PROFILE": "cpu"}
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    return ran.stdout, ran.stderr


def test_every_way_to_import_an_old_name_works_and_is_said_once():
    said, errors = session("""
from course_lib.data.clips import dense_indices, uniform_indices
from course_lib.data.clips import average_predictions
from course_lib.data import clips
import course_lib.plots_flow as plots_flow
from course_lib.data.readers import ucf101 as old
from course_lib.train import predict as scores_of
from course_lib.train import predict
from course_lib.models.two_stream import CNN_M_2048, spatial_input
from course_lib.bench import alternate
import course_lib.data.catalog
assert course_lib.data.catalog.cache_folder
from course_lib.notebooks import find_root
from course_lib.widgets import drawing
from course_lib.flow_experts import world

import course_lib.ops.sampling, course_lib.plots.flow, course_lib.train, course_lib.data.sets.readers
assert clips.dense_indices is dense_indices is course_lib.ops.sampling.dense_indices
assert "uniform_indices" in dir(clips)
assert plots_flow.flow_strip is course_lib.plots.flow.flow_strip
assert old is course_lib.data.sets.readers.ucf101
assert scores_of is predict is course_lib.train.scores
""")
    assert errors == ""
    assert said.splitlines() == [
        "course_lib.data.clips is now course_lib.ops.sampling",
        "course_lib.plots_flow is now course_lib.plots.flow",
        "course_lib.data.readers is now course_lib.data.sets.readers",
        "course_lib.train.predict is now course_lib.train.scores",
        "course_lib.models.two_stream.spatial_input is now course_lib.ops.stream_inputs.spatial_input",
        "course_lib.bench.alternate is now course_lib.timing.alternate",
        "course_lib.data.catalog is now course_lib.data.sets.catalog",
        "course_lib.notebooks is now course_lib.authoring.editions",
        "course_lib.widgets.drawing is now course_lib.widgets.kit.drawing",
        "course_lib.flow_experts is now course_lib.recipes.flow_experts",
    ]


MISSING = (  # code, and the error that Python has for it
    ("import course_lib.data.klips", "No module named 'course_lib.data.klips'"),
    ("import no_such_package", "No module named 'no_such_package'"),
    ("from course_lib.train import fits", "cannot import name 'fits' from 'course_lib.train'"),
    ("import course_lib.train; course_lib.train.fits", "module 'course_lib.train' has no attribute 'fits'"),
    ("from course_lib.ops.sampling import a", "cannot import name 'a' from 'course_lib.ops.sampling'"),
    ("from course_lib.data.clips import a", "cannot import name 'a' from 'course_lib.data.clips'"),
)


def test_what_never_was_is_missing_as_always():
    said, errors = session(f"""
for code, error in {MISSING!r}:
    try:
        exec(code)
    except (ImportError, AttributeError) as missing:
        assert str(missing).startswith(error), missing
    else:
        raise AssertionError(code)
""")
    assert errors == ""
    assert said == "course_lib.data.clips is now course_lib.ops.sampling\n"


def test_a_tool_that_looks_at_every_module_imports_none_of_them():
    said, errors = session("""
import inspect, sys
import course_lib
for module in list(sys.modules.values()):
    getattr(module, "__file__", None), getattr(module, "__path__", None)
inspect.getmodule(lambda: None)
assert not {"course_lib.authoring", "course_lib.plots", "course_lib.data.sets"} & set(sys.modules)
""")
    assert (said, errors) == ("", "")


def test_old_names_are_gone_and_new_ones_are_there():
    modules = set(import_graph(ROOT / "course_lib"))
    for old, new in moved.MODULES.items():
        assert old not in modules and new in modules, (old, new)
    for module, names in moved.NAMES.items():
        for old, (home, new) in names.items():
            there = import_module(module)
            assert old not in vars(there) and hasattr(import_module(home), new), (module, old)
            assert vars(there)["__getattr__"](old) is getattr(import_module(home), new)
