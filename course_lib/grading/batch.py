"""Grade a class: workers in processes of their own, a line per submission, results on the disk as they come."""

import contextlib
import dataclasses
import hashlib
import multiprocessing
import os
import secrets
import shutil
import signal
import tempfile
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading import gradebook
from course_lib.grading.collect import collect
from course_lib.grading.grade import TIMEOUT, Grader
from course_lib.grading.journal import Journal
from course_lib.grading.sandbox import Limits, choose
from course_lib.progress import progress

JOURNAL = "results.jsonl"
KEPT = "submissions"  # copies of what was graded, for grading it again


@dataclass(frozen=True)
class Options:
    """How to grade.

    root: the checkout.
    lectures: dict from "02" to "02_convolutions_in_time".
    workers: processes; each holds one torch.
    timeout, memory, sandbox: as for `grade.grade`.
    """

    root: Path
    lectures: dict
    workers: int = 1
    timeout: float = TIMEOUT
    memory: int = Limits.memory
    sandbox: str = "auto"


@dataclass(frozen=True)
class Task:
    """One submission for a worker."""

    student: str
    id: str
    lecture: str
    path: str
    inside: str


def grade_class(place, out, options, seed=None, resume=False, say=print):
    """Grade all submissions in a place and write the gradebook.

    Args:
        place: folder, zip file or notebook.
        out: folder for the results; made if it is missing.
        options: Options.
        seed: of the secret inputs; None draws one (when resuming: the one of the batch that is resumed).
        resume: continue a batch that was interrupted.
        say: takes the line of each submission.
    Returns:
        number of submissions that could not be graded because the course or the grader failed.
    Raises:
        CourseError: there is nothing to grade, or `out` has results already.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    if (out / JOURNAL).exists() and not resume:
        raise CourseError(f"{out} has results already. Continue with --resume, or choose another --out.")
    warning = choose(options.sandbox)[1]
    if warning:
        say(f"WARNING: {warning}")
    with tempfile.TemporaryDirectory(prefix="course-zip-") as scratch:
        found, remarks = collect(place, list(options.lectures.values()), scratch)
        for remark in remarks:
            say(f"note: {remark}")
        if not found:
            raise CourseError(
                f"There is no submission in {place}: expected such as STUDENT/02_convolutions_in_time.ipynb."
            )
        header = {"seed": secrets.randbits(62) if seed is None else int(seed)}
        with Journal(out / JOURNAL, header) as journal:
            tasks = [Task(one.student, one.id, one.lecture, str(one.path), str(one.inside)) for one in found]
            todo = _left(tasks, journal)
            if len(todo) < len(tasks):
                say(f"{len(tasks) - len(todo)} of {len(tasks)} are graded already.")
            failed = _grade_all(todo, journal, out, options, say)
            gradebook.write(out, journal.latest(), options.lectures, journal.header["seed"])
    return failed


def regrade(out, options, say=print):
    """Grade the kept submissions of a batch again, with the same secret inputs, and list whose points changed.

    Returns:
        (number that failed, list of changes, one line each).
    """
    out = Path(out)
    if not (out / JOURNAL).exists():
        raise CourseError(f"{out} holds no results to grade again: there is no {JOURNAL}.")
    with Journal(out / JOURNAL) as journal:
        before, seed = journal.latest(), journal.header["seed"]
    number = 1 + len(list(out.glob("results-*.jsonl")))
    os.replace(out / JOURNAL, out / f"results-{number}.jsonl")
    tasks = []
    for row in before:
        path = _kept(out, row["student"], row["lecture"], options)
        tasks.append(Task(row["student"], row["id"], row["lecture"], str(path), str(out)))
    with Journal(out / JOURNAL, {"seed": seed}) as journal:
        failed = _grade_all(tasks, journal, out, options, say)
        after = journal.latest()
        gradebook.write(out, after, options.lectures, seed)
    return failed, gradebook.changes(before, after)


def _left(tasks, journal):
    """The tasks that have no result yet, or whose file has changed since."""
    done = {(row["student"], row["lecture"]): row["checksum"] for row in journal.latest()}
    return [task for task in tasks if done.get((task.student, task.lecture)) != _checksum(task.path)]


def _grade_all(tasks, journal, out, options, say):
    """Hand the tasks to workers; a worker that dies costs the submission it had, and is replaced."""
    context = multiprocessing.get_context("spawn")
    waiting, failed = list(reversed(tasks)), 0
    seed = journal.header["seed"]
    workers = [_Worker(context, options, seed) for _ in range(min(max(options.workers, 1), len(tasks)))]
    bar = iter(progress(range(len(tasks)), desc="submissions", total=len(tasks)))
    try:
        for worker in workers:
            worker.give(waiting)
        while any(worker.task for worker in workers):
            ready = wait([worker.pipe for worker in workers if worker.task])
            for worker in [worker for worker in workers if worker.pipe in ready]:
                task = worker.task
                row = worker.take()
                if row is None or "failed" in row:
                    failed += 1
                    why = row["failed"] if row else "the grader's process ended"
                    say(f"{task.student}  lecture {task.lecture}: NOT GRADED: {why}")
                    if row is None:
                        worker.restart()
                else:
                    _keep(out, task, options)
                    journal.append(row)
                    gradebook.write_feedback(out, row, options.lectures[row["lecture"]])
                    say(_line(row))
                next(bar, None)
                worker.give(waiting)
        next(bar, None)
    finally:
        for worker in workers:
            worker.end()
    return failed


class _Worker:
    """A process that grades, seen from the one that hands out."""

    def __init__(self, context, options, seed):
        self.context, self.options, self.seed = context, options, seed
        self.restart()

    def restart(self):
        self.pipe, theirs = self.context.Pipe()
        self.process = self.context.Process(target=_work, args=(theirs, self.options, self.seed))
        self.process.start()
        theirs.close()
        self.task = None

    def give(self, waiting):
        """Send the next task, if there is one."""
        if waiting and self.task is None:
            self.task = waiting.pop()
            with contextlib.suppress(BrokenPipeError):
                self.pipe.send(self.task)

    def take(self):
        """The result of the task, or None when the process died over it."""
        self.task = None
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            return None

    def end(self):
        self.pipe.close()  # which the worker takes as the end
        self.process.join(20)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _work(pipe, options, seed):
    """What a worker does until its pipe is closed, by `end` or by the death of the one who hands out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who hands out
    with contextlib.ExitStack() as stack:
        grader = Grader(
            options.root, sandbox=options.sandbox, seed=seed, timeout=options.timeout, memory=options.memory
        )
        stack.enter_context(grader)
        while True:
            try:
                task = pipe.recv()
            except (EOFError, OSError):
                return
            try:
                row = grade_task(grader, task)
            except (CourseError, OSError) as problem:
                row = {"failed": f"{type(problem).__name__}: {problem}"}
            with contextlib.suppress(BrokenPipeError):
                pipe.send(row)


def grade_task(grader, task):
    """The result of one submission as plain data, ready for the journal."""
    checksum = _checksum(task.path)
    graded = grader.grade(task.path, task.lecture, task.inside)
    return {
        "student": task.student,
        "id": task.id,
        "lecture": task.lecture,
        "checksum": checksum,
        "total": graded.total,
        "possible": graded.possible,
        "notes": list(graded.notes),
        "problem": graded.problem,
        "seconds": round(graded.seconds, 3),
        "verdicts": [dataclasses.asdict(verdict) for verdict in graded.verdicts],
    }


def _line(row):
    points = "  ".join(f"{v['exercise_id']} {v['points']:g}/{v['possible']:g}" for v in row["verdicts"])
    problem = f"  {row['problem']}" if row["problem"] else ""
    return f"{row['student']}  lecture {row['lecture']}: {row['total']:g} of {row['possible']:g}  ({points}){problem}"


def _kept(out, student, lecture, options):
    return Path(out) / KEPT / gradebook.file_name(student) / f"{options.lectures[lecture]}.ipynb"


def _keep(out, task, options):
    """Copy a submission to where `regrade` looks for it. What is no plain file of a sane size is not kept."""
    target = _kept(out, task.student, task.lecture, options)
    source = Path(task.path)
    if target.resolve() == source.resolve() or source.is_symlink() or not source.is_file():
        return
    if source.stat().st_size <= 32 * 2**20:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _checksum(path):
    """Tells whether a file has changed: of its content, or for what cannot be read, of its name."""
    digest = hashlib.sha256()
    try:
        path = Path(path)
        if not path.is_file():
            return "no file"
        with open(path, "rb") as file:
            while piece := file.read(2**20):
                digest.update(piece)
    except OSError:
        return "unreadable"
    return digest.hexdigest()
