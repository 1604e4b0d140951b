"""Workers of a Dask cluster: the same batch on other machines. Needs `course_lib[cluster]`, here and there.

The one who hands out reads the submissions and keeps the journal; a task carries the bytes of one submission, and the
worker that gets it answers with plain data. What the workers need besides is the course itself, the same one, and
bubblewrap. The lectures' own cells come along, so they need no checkout.
"""

import contextlib
import functools
import hashlib
import logging
import secrets
import sys
import threading
import time
import warnings
from pathlib import Path

import torch
from distributed import CancelledError, Client, KilledWorker, TimeoutError, WorkerPlugin, get_worker, wait

from course_lib.errors import CourseError
from course_lib.exercises import find
from course_lib.grading.grade import Grader
from course_lib.grading.limits import OWN_TIMEOUT, longest
from course_lib.grading.parcel import failure, grade_parcel, pack
from course_lib.grading.pristine import Lesson

CONNECT = 10  # seconds to reach the scheduler, and then for its first worker
LOOK = 2  # seconds between two looks at whether there are workers
SILENCE = 60  # seconds that the scheduler may take to say who its workers are
PATIENCE = 60  # seconds without any worker until the batch is given up
IDLE = 300  # seconds after which a worker ends its sandbox; the next submission starts another
PACKAGE = Path(__file__).resolve().parents[1]
_KEPT = "The results so far are kept: run again with --resume."
_LOST = (OSError, CancelledError, TimeoutError)  # what Dask raises when its scheduler does not answer any more
_LOG = logging.getLogger("distributed.client")
_TURN = threading.Lock()  # judging an answer sets torch's seeds and the like, which threads share


class DaskPool:
    """Grades with the workers of a cluster. Use it as a context manager; `pool.LocalPool` is used in the same way.

    When a worker dies, what it had goes to another one. A submission that took several workers with it (Dask's
    `allowed-failures`) is a failure, and so is one that takes longer than any can (`limits.longest`). One at a time is
    graded in each worker process, however many threads it has.
    """

    def __init__(self, options, seed, say=print):
        """
        Args:
            options: batch.Options; `dask` is the address of the scheduler.
            seed: of the secret inputs.
            say: takes a line for each worker that has no sandbox.
        Raises:
            CourseError: no scheduler answers there, it has no workers, or these have another course or none.
        """
        self.address, self.say, self.running, self.warned = options.dask, say, {}, set()
        self.longest, self.until = longest(options.timeout), {}
        self.name, self.registered = f"course-grade-{secrets.token_hex(4)}", False
        self.client = _connected(self.address)
        self.loud = _LOG.level
        _LOG.setLevel(logging.CRITICAL)  # what goes wrong is told by our own errors, in one line each
        try:
            self._prepare(options, seed)
        except BaseException:
            self._leave()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self._leave()

    def results(self, tasks):
        """Grade tasks: yields (task, its result, or `parcel.failure`) as they come, each once.

        Raises:
            CourseError: the cluster is gone.
        """
        waiting = list(reversed(tasks))
        while waiting or self.running:
            while waiting and len(self.running) < max(len(self._workers()), 1):
                task = waiting.pop()
                future = self._submit(task)
                self.running[future], self.until[future] = task, time.monotonic() + self.longest
            for future in self._ended():
                row = self._result(future)
                if row is not None:
                    yield self.running.pop(future), row
            for future in [future for future in self.running if time.monotonic() > self.until[future]]:
                self._give_up(future)
                yield self.running.pop(future), failure("it took far too long")

    def _prepare(self, options, seed):
        """Have every worker, also one that joins later, make a grader."""
        try:
            self.client.wait_for_workers(1, timeout=CONNECT)
        except _LOST as problem:
            text = f"The cluster at {self.address} has no workers: start some, with `dask worker`."
            raise CourseError(text) from problem
        call = functools.partial(self.client.run, exec, "import course_lib.grading.cluster", on_error="return")
        # exec comes with Python: a function of ours could not even arrive where the course is not installed.
        answers = self._asked(OWN_TIMEOUT, call)
        for worker, answer in answers.items():
            if isinstance(answer, BaseException):
                raise CourseError(
                    f"The worker {worker} cannot load the course ({type(answer).__name__}: {answer}). Install the same "
                    'one there as here, pip install "course_lib[lab,cluster]", in the environment of `dask worker`.'
                ) from answer
        lessons = [Grader(options.root).lesson(number) for number in options.lectures]
        cells = [(lesson.number, lesson.name, lesson.cells) for lesson in lessons]
        settings = dict(sandbox=options.sandbox, seed=seed, timeout=options.timeout, memory=options.memory)
        self.registered = True
        bench = Bench(edition(), cells, settings)
        self._asked(OWN_TIMEOUT, lambda: self.client.register_plugin(bench, name=self.name))

    def _asked(self, seconds, call):
        """What a call to the scheduler gives. Most of Dask's wait for ever for one that does not answer."""
        try:
            return _within(seconds, call)
        except _LOST as problem:
            raise CourseError(f"The scheduler at {self.address} is gone. {_KEPT}") from problem

    def _give_up(self, future):
        """Take a task back, and have the worker that is stuck with it start anew, where something can restart it."""

        def restart():
            workers = [worker for worker, keys in self.client.processing().items() if future.key in keys]
            self.client.cancel([future], force=True)
            self.client.restart_workers(workers, timeout=CONNECT, raise_for_error=False)

        with contextlib.suppress(*_LOST, ValueError):  # no nanny: other workers go on
            _within(3 * CONNECT, restart)

    def _submit(self, task):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sending large graph")  # a notebook with its pictures
            key = f"{self.name}-{secrets.token_hex(8)}"
            return self.client.submit(_grade, pack(task), self.name, key=key, pure=False)

    def _ended(self):
        """Some tasks that have ended: waits for them while there are workers, and one may still be in time."""
        alone_since = None
        while time.monotonic() <= min(self.until[future] for future in self.running):
            try:
                with self.client.as_current():
                    return wait(list(self.running), timeout=LOOK, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                alone_since = None if self._workers() else alone_since or time.monotonic()
                if alone_since is not None and time.monotonic() - alone_since > PATIENCE:
                    raise CourseError(f"The cluster at {self.address} has lost all its workers. {_KEPT}") from None
            except CancelledError as problem:
                raise CourseError(f"The scheduler at {self.address} is gone. {_KEPT}") from problem
        return []

    def _workers(self):
        return self._asked(SILENCE, self.client.nthreads)

    def _result(self, future):
        """What a task gave; None when that was lost with its worker, so that it runs again."""
        try:
            problem = future.exception(timeout=CONNECT)
            if problem is None:
                row, warning = future.result(timeout=CONNECT)
        except TimeoutError:
            return None
        except CancelledError as gone:
            raise CourseError(f"The scheduler at {self.address} is gone. {_KEPT}") from gone
        if isinstance(problem, KilledWorker):
            return failure("the worker ended over it, and so did the others that tried")
        if problem is not None:
            return failure(f"{type(problem).__name__}: {problem}")
        if warning and warning not in self.warned:
            self.warned.add(warning)
            self.say(f"WARNING: {warning}")
        return row

    def _leave(self):
        """Take back what still waits, and have the workers end their sandboxes."""

        def tidy():
            if self.client.status == "running":
                self.client.cancel(list(self.running), force=True)
                if self.registered:
                    self.client.unregister_worker_plugin(self.name)
            self.client.close(timeout=CONNECT)

        with contextlib.suppress(*_LOST):
            _within(3 * CONNECT, tidy)
        _LOG.setLevel(self.loud)


class Bench(WorkerPlugin):
    """What a worker process keeps for one batch: a grader, until the batch or the worker ends."""

    def __init__(self, made_with, lessons, settings):
        """
        Args:
            made_with: `edition` of the course of the one who hands out.
            lessons: (number, name, cells) of each lecture.
            settings: of `Grader`.
        """
        self.made_with, self.lessons, self.settings = made_with, lessons, settings
        self.grader = self.later = self.warning = None
        self.ended = False

    def setup(self, worker):
        """Called by Dask in each worker process.

        Raises:
            CourseError: this worker has another course, or not the sandbox that was asked for.
        """
        if edition() != self.made_with:
            raise CourseError(
                f"The worker {worker.address} has another version of the course, or of Python: install there what is "
                "here, and start it anew."
            )
        lessons = [
            Lesson(number, name, cells, {cell.exercise: find(cell.exercise) for cell in cells if cell.exercise})
            for number, name, cells in self.lessons
        ]
        self.grader = Grader(lessons=lessons, **self.settings)
        self.warning = self.grader.warning and f"worker {worker.address}: {self.grader.warning}"

    def teardown(self, worker):
        """Called by Dask at the end. Does not wait: what is being graded now cleans up itself."""
        self.ended = True
        self._tidy()

    def grade(self, parcel):
        """(result or failure, warning or None) of a submission."""
        if self.later is not None:
            self.later.cancel()
        if not _TURN.acquire(timeout=longest(self.settings["timeout"])):
            return failure("the worker is stuck with another submission"), self.warning
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            row = grade_parcel(self.grader, parcel)
        except (CourseError, OSError) as problem:
            row = failure(f"{type(problem).__name__}: {problem}")
        finally:
            torch.set_num_threads(threads)
            _TURN.release()
        if self.ended:
            self._tidy()
        else:  # should the one who hands out be killed, nobody would tell this worker that the batch has ended
            self.later = threading.Timer(IDLE, self._tidy)
            self.later.daemon = True
            self.later.start()
        return row, self.warning

    def _tidy(self):
        """End the sandbox, unless something is being graded."""
        if self.grader is not None and _TURN.acquire(blocking=False):
            try:
                self.grader.close()
            finally:
                _TURN.release()


def edition():
    """Tells whether two machines have the same course: a hash of its code, and the version of Python."""
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for path in sorted(PACKAGE.rglob("*.py"), key=lambda path: path.relative_to(PACKAGE).as_posix()):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _connected(address):
    """A client, or CourseError. Dask waits for ever where somebody else listens and says nothing."""
    try:
        return _within(2 * CONNECT + 1, lambda: Client(address, timeout=CONNECT, set_as_default=False))
    except (*_LOST, ValueError) as problem:
        why = str(problem) or "somebody listens there, and says nothing"
        raise CourseError(
            f"No Dask scheduler answers at {address}. Expected such as tcp://HOST:8786, where `dask scheduler` runs "
            f"and this machine can reach it. ({why})"
        ) from problem


def _within(seconds, call):
    """What a call gives; in a thread that is left alone when it takes longer.

    Raises:
        TimeoutError: it did. Or whatever the call raises.
    """
    outcome = []

    def run():
        try:
            outcome.append((call(), None))
        except Exception as problem:
            outcome.append((None, problem))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise TimeoutError
    given, problem = outcome[0]
    if problem is not None:
        raise problem
    return given


def _grade(parcel, name):
    """The task that Dask runs on a worker."""
    bench = get_worker().plugins.get(name)
    if bench is None or bench.grader is None:
        return failure(f"the worker {get_worker().address} joined without the course, or with another one"), None
    return bench.grade(parcel)
