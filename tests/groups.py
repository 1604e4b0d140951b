"""Which tests share a worker, when pytest-xdist has several.

A file's tests stay together, so that what they share (a wheel, a cluster, an environment like Colab's) is made once;
all that needs JupyterLab and Chromium stays together too. Only the lectures are dealt out one by one: each takes half
a minute and shares nothing. xdist's own marks for this, with `--dist loadgroup`, group nothing under pytest 9.2: they
are written into the ids of the tests, where that pytest no longer looks.
"""

import pytest

TOGETHER = ("tests/browser/",)
ALONE = ("tests/notebooks/test_lectures.py",)
# The longest groups, or one worker waits for them at the end.
FIRST = (*TOGETHER, "tests/notebooks/", "tests/grading/", "tests/exercises/")


def group(nodeid):
    """The name of the group of a test, which runs in one worker from its first to its last."""
    path = nodeid.partition("::")[0]
    folder = next((folder for folder in TOGETHER if path.startswith(folder)), None)
    return folder or (nodeid if path in ALONE else path)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    order = dict(zip(FIRST, range(len(FIRST)), strict=True))
    items.sort(key=lambda item: next((n for start, n in order.items() if item.nodeid.startswith(start)), len(FIRST)))


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
