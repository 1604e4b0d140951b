"""A pytest plugin on top of nbval: `pytest --nbval-lax --course-grade 02_topic.ipynb` grades the notebook.

Every cell that grading needs is an item, the learner's cells among them; none of them fails for what a learner wrote.
The points are in the summary at the end, and on GitHub in the summary of the job.
"""

import os

import pytest

from course_lib.grading.nbval.points import attached, markdown, table

ORDERLY = ("no", "loadfile", "loadscope")  # the ways of xdist that keep the cells of a notebook together


def pytest_addoption(parser):
    group = parser.getgroup("course", "grading of the course's notebooks")
    group.addoption("--course-grade", action="store_true", help="Grade the notebooks (with --nbval-lax).")
    group.addoption("--fail-under", type=float, metavar="POINTS", help="Exit with 1 when all points are fewer.")
    group.addoption("--course-root", metavar="DIR", help="The checkout of the course (default: found).")
    group.addoption("--course-seed", type=int, help="Of the secret inputs (default: a new one).")
    group.addoption("--course-sandbox", default="auto", choices=("auto", "bwrap", "none"))
    group.addoption("--course-timeout", type=float, default=30.0, metavar="S", help="For each cell of a learner.")


def pytest_configure(config):
    if not config.option.course_grade:
        return
    if not (getattr(config.option, "nbval_lax", False) or getattr(config.option, "nbval", False)):
        raise pytest.UsageError("--course-grade needs --nbval-lax, and nbval installed.")
    if getattr(config.option, "dist", "no") not in ORDERLY:
        raise pytest.UsageError(
            f"--course-grade needs the cells of a notebook in order: --dist loadfile, not {config.option.dist}."
        )
    config.pluginmanager.register(_Grading(config), "course-grading")


class _Grading:
    """The hooks that act only when grading was asked for."""

    def __init__(self, config):
        from course_lib.grading.grade import Grader

        options = config.option
        self.verdicts = []
        self.grader = Grader(
            options.course_root,
            sandbox=options.course_sandbox,
            seed=config.option.course_seed,
            timeout=options.course_timeout,
        )

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path, parent):
        """Put our kind of file in place of nbval's, for the same notebook."""
        from course_lib.grading.nbval.adapter import COLLECTED
        from course_lib.grading.nbval.items import GradedFile

        found = yield
        return [
            GradedFile.from_parent(parent, path=file_path, grader=self.grader) if type(one) is COLLECTED else one
            for one in found
        ]

    def pytest_runtest_logreport(self, report):
        self.verdicts += attached(report)

    def pytest_sessionfinish(self, session):
        wanted = session.config.option.fail_under
        if wanted is not None and not hasattr(session.config, "workerinput"):
            if sum(verdict["points"] for verdict in self.verdicts) < wanted and session.exitstatus == 0:
                session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter):
        if self.grader.warning:
            terminalreporter.write_line(f"WARNING: {self.grader.warning}", red=True)
        terminalreporter.section("points")
        for line in table(self.verdicts):
            terminalreporter.write_line(line)
        place = os.environ.get("GITHUB_STEP_SUMMARY")
        if place:
            with open(place, "a", encoding="utf-8") as file:
                file.write(markdown(self.verdicts))

    def pytest_unconfigure(self):
        self.grader.close()
