"""Which tests share a worker, when pytest-xdist has several.

A file's tests stay together, so that what they share (a wheel, a cluster, an environment like Colab's) is made once;
all that needs JupyterLab and Chromium stays together too. Two files are dealt out. The lectures go one by one: each
takes half a minute and shares nothing. The exercises, four minutes in all, go lecture by lecture: what is asked about
one exercise shares its paper. xdist's own marks for this, with `--dist loadgroup`, group nothing under pytest 9.2: they
are written into the ids of the tests, where that pytest no longer looks.
"""

import re
from collections import Counter

import pytest

TOGETHER = ("tests/browser/",)
ALONE = ("tests/notebooks/test_lectures.py",)
EXERCISE = re.compile(r"tests/exercises/test_exercises\.py::.*?\[(\d\d)\.")  # its lecture, in the id of each test
# The longest groups, or one worker waits for them at the end.
FIRST = (*TOGETHER, "tests/notebooks/", "tests/grading/", "tests/exercises/")


def group(nodeid):
    """The name of the group of a test, which runs in one worker from its first to its last."""
    if exercise := EXERCISE.match(nodeid):
        return f"exercises of lecture {exercise[1]}"
    path = nodeid.partition("::")[0]
    folder = next((folder for folder in TOGETHER if path.startswith(folder)), None)
    return folder or (nodeid if path in ALONE else path)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    sizes = Counter(group(item.nodeid) for item in items)

    def place(item):
        first = next((n for n, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))
        if not EXERCISE.match(item.nodeid):
            return first, 0, ""
        return first, -sizes[group(item.nodeid)], group(item.nodeid)  # most tests first: they take longest, roughly

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    if config.getvalue("dist") != "load":  # what `-n` alone means; another choice is the caller's
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group(nodeid)

    config.option.loadscopereorder = False  # most tests first; ours are in order already
    return Groups(config, log)
