"""The same batch on the workers of a Dask cluster: the same grades, whatever happens to the workers."""

import contextlib
import dataclasses
import functools
import os
import signal
import socket
import sys

import pytest
from tiny import lesson, notebook

from course_lib.authoring.editions import find_root
from course_lib.errors import CourseError
from course_lib.grading import batch
from course_lib.grading.grade import Grader
from course_lib.grading.journal import Journal
from course_lib.grading.parcel import Task, grade_parcel, pack

distributed = pytest.importorskip("distributed")
from course_lib.grading import cluster as dask_pool  # noqa: E402

pytestmark = pytest.mark.full("grading on a Dask cluster")

LECTURES = {"90": "90_tiny"}
SEED = 1  # that of the `grader` of all tests
ROOT = find_root(__file__)


class Taught(distributed.WorkerPlugin):
    """Teaches a worker the tiny lecture, and to die over the submission of one student."""

    def setup(self, worker):
        def grade(grader, parcel):
            if parcel.student == "deadly":
                os.kill(os.getpid(), signal.SIGKILL)
            return grade_parcel(grader, parcel)

        dask_pool.grade_parcel, dask_pool.find = grade, lesson().exercises.__getitem__


@pytest.fixture(scope="module")
def cluster():
    import dask

    options = dict(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1")
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 1}))
        made = stack.enter_context(distributed.LocalCluster(**options))
        client = stack.enter_context(distributed.Client(made, set_as_default=False))
        client.register_plugin(Taught(), name="taught")
        yield made


@pytest.fixture
def options(cluster, monkeypatch):
    """Of a batch on the cluster."""
    monkeypatch.setattr(dask_pool, "Grader", functools.partial(Grader, lessons=[lesson()]))
    return batch.Options(ROOT, LECTURES, timeout=2.5, memory=1500, dask=cluster.scheduler_address)


@pytest.fixture(scope="module")
def submissions(tmp_path_factory):
    """Eight students: right, half right, untouched, broken, a link that leads out, and one that ends its kernel."""
    folder = tmp_path_factory.mktemp("submissions")
    right, untouched = notebook(), notebook({"90.1": "...", "90.2": "...", "90.3": "count = ..."})
    half = notebook({"90.1": "def halves(x):\n    return x / 2, x.sum() / 2", "90.2": "...", "90.3": "count = 41"})
    ending = notebook({"90.1": "import os\nos._exit(1)\ndef halves(x):\n    return x / 2, x.sum()", "90.2": "..."})
    outside = folder.parent / "outside.ipynb"
    outside.write_bytes(right)
    for number, data in enumerate((right, half, untouched, b"{broken", None, ending, untouched, right)):
        path = folder / f"student{number}" / "90_tiny.ipynb"
        path.parent.mkdir()
        if data is None:
            path.symlink_to(outside)
        else:
            path.write_bytes(data)
    return folder


def task(submissions, number, student):
    return Task(student, "", "90", str(submissions / f"student{number}" / "90_tiny.ipynb"), str(submissions))


def points(out):
    """(points by student and exercise, number of results) of a graded folder."""
    with Journal(out / batch.JOURNAL) as journal:
        found = {(row["student"], v["exercise_id"]): v["points"] for row in journal.rows for v in row["verdicts"]}
        return found, len(journal.rows)


def test_a_worker_that_is_killed_changes_no_grade(cluster, options, grader, submissions, tmp_path):
    said, killed = [], []

    def say(line):
        said.append(line)
        if len(said) == 3:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    assert batch.grade_class(submissions, tmp_path, options, SEED, say=say) == 0
    assert killed and killed[0] not in {nanny.pid for nanny in cluster.workers.values()}
    there, count = points(tmp_path)
    rows = [grade_parcel(grader, pack(task(submissions, n, f"student{n}"))) for n in range(8)]
    here = {(row["student"], v["exercise_id"]): v["points"] for row in rows for v in row["verdicts"]}
    assert there == here and count == 8
    totals = [sum(p for (student, _), p in there.items() if student == f"student{n}") for n in range(8)]
    assert totals[0] == totals[7] == 8 and 0 < totals[5] < 8 and totals[2:5] == [0, 0, 0]
    assert len(list((tmp_path / "feedback").rglob("*.html"))) == 8


def test_a_submission_that_kills_workers_is_not_graded_and_the_others_are(options, submissions):
    tasks = [task(submissions, 0, "deadly"), task(submissions, 7, "a"), task(submissions, 2, "b")]
    with dask_pool.DaskPool(options, SEED) as workers:
        rows = {task.student: row for task, row in workers.results(tasks)}
    assert set(rows) == {"deadly", "a", "b"}
    assert "the worker ended over it" in rows["deadly"]["failed"]
    assert rows["a"]["total"] == 8 and rows["b"]["total"] == 0


def test_an_interrupted_batch_goes_on_where_it_was(options, submissions, tmp_path):
    def interrupt(line):
        if line.startswith("student"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch.grade_class(submissions, tmp_path, options, SEED, say=interrupt)
    before = (tmp_path / batch.JOURNAL).read_bytes()
    assert before.count(b"\n") == 2
    batch.grade_class(submissions, tmp_path, options, resume=True, say=lambda line: None)
    assert (tmp_path / batch.JOURNAL).read_bytes().startswith(before)
    found, count = points(tmp_path)
    assert count == 8 and found["student7", "90.1"] == 4
    with Journal(tmp_path / batch.JOURNAL) as journal:
        assert journal.header == {"seed": SEED}


def test_workers_with_another_course_are_refused(options, submissions, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_pool, "edition", lambda: "of last year")
    with pytest.raises(CourseError, match="another version of the course"):
        batch.grade_class(submissions, tmp_path, options, say=lambda line: None)
    assert not (tmp_path / batch.JOURNAL).exists(), "nothing was graded: the same command must work once it is mended"


def test_nobody_answers(submissions, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_pool, "CONNECT", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:  # one that accepts and is no scheduler
        taken = server.getsockname()[1]
        for address in (f"tcp://127.0.0.1:{taken}", "tcp://127.0.0.1:1", "nonsense://x"):
            options = batch.Options(ROOT, LECTURES, dask=address)
            with pytest.raises(CourseError, match="No Dask scheduler answers"):
                batch.grade_class(submissions, tmp_path, options, say=lambda line: None)


def test_a_cluster_without_workers(options, submissions, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_pool, "CONNECT", 1)
    with distributed.LocalCluster(n_workers=0, processes=True, dashboard_address=None, host="127.0.0.1") as empty:
        with pytest.raises(CourseError, match="has no workers"):
            batch.grade_class(
                submissions, tmp_path, dataclasses.replace(options, dask=empty.scheduler_address), say=lambda line: None
            )


def test_a_cluster_that_loses_its_workers_is_given_up_and_another_one_goes_on(
    options, submissions, tmp_path, monkeypatch
):
    monkeypatch.setattr(dask_pool, "LOOK", 0.2)
    monkeypatch.setattr(dask_pool, "PATIENCE", 1)
    small = dict(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1")
    with distributed.LocalCluster(**small) as lost, distributed.Client(lost, set_as_default=False) as client:
        client.register_plugin(Taught(), name="taught")

        def say(line):
            if line.startswith("student"):
                lost.scale(0)

        with pytest.raises(CourseError, match="has lost all its workers.*--resume"):
            there = dataclasses.replace(options, dask=lost.scheduler_address)
            batch.grade_class(submissions, tmp_path, there, SEED, say=say)
    assert 1 <= points(tmp_path)[1] < 8
    batch.grade_class(submissions, tmp_path, options, resume=True, say=lambda line: None)
    found, count = points(tmp_path)
    assert count == 8 and found["student7", "90.1"] == 4


def test_without_dask_it_says_what_to_install(submissions, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "course_lib.grading.cluster")
    monkeypatch.delattr("course_lib.grading.cluster", raising=False)
    options = batch.Options(ROOT, LECTURES, dask="tcp://127.0.0.1:1")
    with pytest.raises(CourseError, match=r"course_lib\[lab,cluster\]"):
        batch.grade_class(submissions, tmp_path, options, say=lambda line: None)
