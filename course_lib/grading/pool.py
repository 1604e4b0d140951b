"""Workers on this machine: processes that grade, each with a torch and a sandbox of its own."""

import contextlib
import json
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import wait

from course_lib.errors import CourseError
from course_lib.grading.inside.lifeline import end_with_parent
from course_lib.grading.limits import ENDING, longest
from course_lib.grading.parcel import failure, grade_parcel, pack


class LocalPool:
    """Grades with processes of this machine. Use it as a context manager.

    A worker that dies, or is stuck and is ended, costs the submission that it had, and is replaced. `cluster.DaskPool`
    is used in the same way.
    """

    def __init__(self, options, seed, size):
        """
        Args:
            options: batch.Options.
            seed: of the secret inputs.
            size: number of submissions to come: there are no more workers than these.
        """
        context = multiprocessing.get_context("spawn")
        count = min(max(options.workers, 1), size)
        self.workers = [_Worker(context, options, seed, cores) for cores in shares(count)]

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        for worker in self.workers:
            worker.pipe.close()  # which it takes as the end
        until = time.monotonic() + 2 * ENDING
        for worker in self.workers:
            worker.end(max(until - time.monotonic(), 0))

    def results(self, tasks):
        """Grade tasks: yields (task, its result, or `parcel.failure`) as they come, each once."""
        waiting = list(reversed(tasks))
        for worker in self.workers:
            worker.give(waiting)
        while any(worker.task for worker in self.workers):
            ready = wait([worker.pipe for worker in self.workers if worker.task])
            for worker in [worker for worker in self.workers if worker.pipe in ready]:
                task, row = worker.take()
                worker.give(waiting)
                yield task, row


class _Worker:
    """A process that grades, seen from the one that hands out."""

    def __init__(self, context, options, seed, cores):
        self.context, self.options, self.seed, self.cores = context, options, seed, cores
        self.start()

    def start(self):
        self.pipe, theirs = self.context.Pipe()
        self.process = self.context.Process(target=_work, args=(theirs, self.options, self.seed, self.cores))
        self.process.start()
        theirs.close()
        self.task = None

    def give(self, waiting):
        """Send the next task, if there is one. It is small, so that a worker that does not read stops nobody."""
        if waiting and self.task is None:
            self.task = waiting.pop()
            seconds = longest(self.options.timeout)
            self.until, self.watch = time.monotonic() + seconds, threading.Timer(seconds, self.process.kill)
            self.watch.daemon = True
            self.watch.start()  # whoever waits for the worker hears of its end
            with contextlib.suppress(ConnectionError):  # it has died: `take` will tell
                self.pipe.send(self.task)

    def take(self):
        """(task, its result). Where the process died over it, another one takes its place."""
        task, self.task = self.task, None
        try:
            return task, json.loads(self.pipe.recv())
        except (EOFError, OSError):
            stuck = time.monotonic() >= self.until
            self.end(ENDING)
            self.start()
            return task, failure("it took far too long" if stuck else "the grader's process ended")
        finally:
            self.watch.cancel()

    def end(self, seconds):
        """Wait for the process to end by itself, then end it."""
        self.process.join(seconds)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(ENDING)


def shares(count):
    """The processors of each of `count` workers, so that no learner slows down the learners of another worker. None
    where there are too few of them, or where the system does not let us choose."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [cores[number::count] if len(cores) >= count else None for number in range(count)]


def _work(pipe, options, seed, cores):
    """What a worker does until its pipe is closed, by `end`, or until the one who hands out is no more."""
    end_with_parent(multiprocessing.parent_process().pid)
    if cores:
        os.sched_setaffinity(0, cores)  # its sandbox inherits it, and refuses to change it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who hands out
    import torch  # here: the process that hands out does without torch, in time and in memory

    from course_lib.grading.grade import Grader

    torch.set_num_threads(1)
    settings = dict(sandbox=options.sandbox, seed=seed, timeout=options.timeout, memory=options.memory)
    with Grader(options.root, **settings) as grader:
        while True:
            try:
                task = pipe.recv()
            except (EOFError, OSError):
                return
            try:
                row = grade_parcel(grader, pack(task))
            except (CourseError, OSError) as problem:
                row = failure(f"{type(problem).__name__}: {problem}")
            with contextlib.suppress(ConnectionError):
                pipe.send(json.dumps(row))  # as the journal has it: a pickled row would bring torch along
