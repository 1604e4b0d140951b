"""Old names for new places: what a learner's own notebook imports keeps working after the library was tidied up.

`start` installs a finder that knows the modules that moved. Names that moved out of a module which is still there are
found through its `__getattr__ = names_of(__name__)`. Either way one line says the new name, once.
"""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

MODULES = {  # old: new
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
    "course_lib.flow_color": "course_lib.plots.flow_color",
    "course_lib.models.initial": "course_lib.models.layers",
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
    """Let the modules that moved be imported under their old names; calling it again changes nothing."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.append(Finder())  # last: it is asked for what nobody else has


def names_of(module):
    """What a module has as its `__getattr__`: finds the names that moved out of it.

    Args:
        module: its dotted name, a key of NAMES.
    Returns:
        function name -> what is now elsewhere. It raises AttributeError for every other name, as Python does.
    """

    def find(name):
        if name not in NAMES[module]:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, new = NAMES[module][name]
        _say(f"{module}.{name}", f"{home}.{new}")
        return getattr(import_module(home), new)

    return find


class Finder:
    """Finds stand-ins for the modules of MODULES; part of the protocol of `sys.meta_path`."""

    def find_spec(self, name, path=None, target=None):
        """A spec for a module that moved; None for any other, which Python then reports as missing."""
        return ModuleSpec(name, self) if name in MODULES else None

    def create_module(self, spec):
        """A module whose attributes are those of the new one."""
        return _StandIn(spec.name)

    def exec_module(self, module):
        """Import the new module, and say where it is."""
        new = MODULES[module.__name__]
        import_module(new)
        _say(module.__name__, new)


class _StandIn(ModuleType):
    def __getattr__(self, name):
        return getattr(import_module(MODULES[self.__name__]), name)

    def __dir__(self):
        return dir(import_module(MODULES[self.__name__]))


_said = set()


def _say(old, new):
    if old not in _said:
        _said.add(old)
        print(f"{old} is now {new}")
