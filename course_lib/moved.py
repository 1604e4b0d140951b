"""Old names for new places: what a learner's own notebook imports keeps working after the library was tidied up.

`import course_lib` puts a light stand-in for each module that moved into `sys.modules`. Names and modules that moved
out of one which is still there are found through its `__getattr__ = names_of(__name__)`. Either way one line says the
new name, once.
"""

import sys
from importlib import import_module
from types import ModuleType

MODULES = {  # old: new
    "course_lib.build": "course_lib.authoring.build",
    "course_lib.claims": "course_lib.lesson.claim",
    "course_lib.data.archives": "course_lib.data.sets.archives",
    "course_lib.data.catalog": "course_lib.data.sets.catalog",
    "course_lib.data.clip_batches": "course_lib.data.sets.clip_batches",
    "course_lib.data.clips": "course_lib.ops.sampling",
    "course_lib.data.download": "course_lib.data.sets.download",
    "course_lib.data.readers": "course_lib.data.sets.readers",
    "course_lib.data.shipped": "course_lib.data.sets.shipped",
    "course_lib.data.video_file": "course_lib.data.video.file",
    "course_lib.data.video_index": "course_lib.data.video.index",
    "course_lib.data.video_layout": "course_lib.data.video.layout",
    "course_lib.data.video_reader": "course_lib.data.video.reader",
    "course_lib.data.video_write": "course_lib.data.video.write",
    "course_lib.execution": "course_lib.authoring.execution",
    "course_lib.fingerprint": "course_lib.authoring.fingerprint",
    "course_lib.flow_color": "course_lib.plots.flow_color",
    "course_lib.flow_experts": "course_lib.recipes.flow_experts",
    "course_lib.lecture_rules": "course_lib.authoring.rules",
    "course_lib.lecture_source": "course_lib.authoring.source",
    "course_lib.models.initial": "course_lib.models.layers",
    "course_lib.notebooks": "course_lib.authoring.editions",
    "course_lib.plots_flow": "course_lib.plots.flow",
    "course_lib.predictions": "course_lib.lesson.predict",
    "course_lib.runtime": "course_lib.lesson.start",
    "course_lib.widgets.drawing": "course_lib.widgets.kit.drawing",
    "course_lib.widgets.explorer": "course_lib.widgets.kit.explorer",
}
NAMES = {  # module: {old name: (module, name) now}
    "course_lib.bench": {"alternate": ("course_lib.timing", "alternate")},
    "course_lib.models.two_stream": {
        name: ("course_lib.ops.stream_inputs", name)
        for name in ("MEAN", "MOMENTS", "STACK", "spatial_input", "spatial_views", "temporal_input", "temporal_views")
    },
    "course_lib.train": {"predict": ("course_lib.train", "scores")},
}


def install():
    """Put a stand-in for every module that moved where Python looks first; one costs nothing until it is used."""
    for old in MODULES:
        sys.modules.setdefault(old, StandIn(old))


def names_of(module):
    """What a module has as its `__getattr__`: finds the names and the modules that moved out of it.

    Args:
        module: its dotted name.
    Returns:
        function name -> what is now elsewhere. It raises AttributeError for every other name, as Python does.
    """

    def find(name):
        dotted = f"{module}.{name}"
        if dotted in MODULES:
            _say(dotted, MODULES[dotted])
            return import_module(MODULES[dotted])
        if name not in NAMES.get(module, {}):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, new = NAMES[module][name]
        _say(dotted, f"{home}.{new}")
        return getattr(import_module(home), new)

    return find


class StandIn(ModuleType):
    """A module under its old name: its attributes are those of the new one, imported at the first use."""

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):  # what tools ask every module for: no reason to import it
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        new = import_module(MODULES[self.__name__])
        _say(self.__name__, new.__name__)
        return getattr(new, name)

    def __dir__(self):
        return dir(import_module(MODULES[self.__name__]))


_said = set()


def _say(old, new):
    if old not in _said:
        _said.add(old)
        print(f"{old} is now {new}")
