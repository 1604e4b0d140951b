"""Workers on this machine: processes that grade, each with a torch and a sandbox of its own."""

import contextlib
import json
import multiprocessing
import os
import signal
from multiprocessing.connection import wait

from course_lib.errors import CourseError
from course_lib.grading.parcel import failure, grade_parcel, pack


class LocalPool:
    """Grades with processes of this machine. Use it as a context manager.

    A worker that dies costs the submission that it had, and is replaced. `cluster.DaskPool` is used in the same way.
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
            worker.end()

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
        """Send the next task, if there is one."""
        if waiting and self.task is None:
            self.task = waiting.pop()
            with contextlib.suppress(ConnectionError):  # it has died: `take` will tell
                self.pipe.send(pack(self.task))

    def take(self):
        """(task, its result). Where the process died over it, another one takes its place."""
        task, self.task = self.task, None
        try:
            return task, json.loads(self.pipe.recv())
        except (EOFError, OSError):
            self.process.join()
            self.start()
            return task, failure("the grader's process ended")

    def end(self):
        self.pipe.close()  # which the worker takes as the end
        self.process.join(20)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def shares(count):
    """The processors of each of `count` workers, so that no learner slows down the learners of another worker. None
    where there are too few of them, or where the system does not let us choose."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [cores[number::count] if len(cores) >= count else None for number in range(count)]


def _work(pipe, options, seed, cores):
    """What a worker does until its pipe is closed, by `end` or by the death of the one who hands out."""
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
                parcel = pipe.recv()
            except (EOFError, OSError):
                return
            try:
                row = grade_parcel(grader, parcel)
            except (CourseError, OSError) as problem:
                row = failure(f"{type(problem).__name__}: {problem}")
            with contextlib.suppress(ConnectionError):
                pipe.send(json.dumps(row))  # as the journal has it: a pickled row would bring torch along
