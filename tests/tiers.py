"""Two tiers: with `--quick`, tests marked `full` are left to `make test-all`, and the last lines say how many of what.

`@pytest.mark.full("kill -9")` marks what is slow and seldom breaks; its argument is the kind that is counted.
"""

from collections import Counter

import pytest

LEFT = pytest.StashKey[Counter]()


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="leave the tests marked `full` to the nightly run")


@pytest.hookimpl(trylast=True)  # after -k and -m, so that only what they chose is counted
def pytest_collection_modifyitems(config, items):
    marks = [(item, item.get_closest_marker("full")) for item in items]
    if config.getoption("quick") and any(mark for _, mark in marks):
        config.hook.pytest_deselected(items=[item for item, mark in marks if mark])
        items[:] = [item for item, mark in marks if not mark]
        config.stash[LEFT] = Counter(mark.args[0] for _, mark in marks if mark)


def pytest_sessionfinish(session):
    """A worker of xdist tells the process that writes the report."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left"] = dict(session.config.stash.get(LEFT, {}))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """All workers have collected the same."""
    if left := getattr(node, "workeroutput", {}).get("left"):  # a worker that died has said nothing
        node.config.stash[LEFT] = Counter(left)


def pytest_terminal_summary(terminalreporter, config):
    left = config.stash.get(LEFT, None)
    if left:
        terminalreporter.section(f"left to `make test-all`: {left.total()}", sep="-")
        for kind, count in left.most_common():
            terminalreporter.write_line(f"{count:4}  {kind}")
