"""Grade a class: hand out the submissions, a line for each as it ends, results on the disk as they come."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from course_lib.atomic import write_atomically
from course_lib.authoring.editions import find_sources
from course_lib.errors import CourseError
from course_lib.grading import gradebook
from course_lib.grading.collect import collect
from course_lib.grading.journal import Journal
from course_lib.grading.limits import TIMEOUT
from course_lib.grading.outfolder import held, keep_apart, writing
from course_lib.grading.parcel import Task, fingerprint
from course_lib.grading.pool import LocalPool
from course_lib.grading.sandbox import Limits, choose
from course_lib.grading.scratch import Scratch
from course_lib.progress import progress

JOURNAL = "results.jsonl"
KEPT = "submissions"  # copies of what was graded, for grading it again


@dataclass(frozen=True)
class Options:
    """How to grade.

    root: the checkout.
    lectures: dict from "02" to "02_convolutions_in_time".
    workers: processes on this machine; each holds one torch.
    timeout, memory, sandbox: as for `grade.grade`.
    dask: address of a Dask scheduler whose workers grade in place of processes here; None for none.
    """

    root: Path
    lectures: dict
    workers: int = 1
    timeout: float = TIMEOUT
    memory: int = Limits.memory
    sandbox: str = "auto"
    dask: str | None = None


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
        CourseError: there is nothing to grade; `out` has results already, is in use by another grader, cannot be
            written or lies within the submissions; or the batch that is resumed has another seed.
    """
    out, say = Path(out), _plainly(say)
    keep_apart(place, out)
    with held(out):
        return _grade_class(place, out, options, seed, resume, say)


def _grade_class(place, out, options, seed, resume, say):
    if (out / JOURNAL).exists() and not resume:
        raise CourseError(f"{out} has results already. Continue with --resume, or choose another --out.")
    _keeps_its_seed(out, seed)
    _warn(options, say)
    with Scratch("course-zip-") as scratch:
        others = [source.stem for source in find_sources(options.root) if source.stem[:2] not in options.lectures]
        found, remarks = collect(place, list(options.lectures.values()), scratch, others)
        for remark in remarks:
            say(f"note: {remark}")
        if not found:
            raise CourseError(
                f"There is no submission in {place}: expected such as STUDENT/02_convolutions_in_time.ipynb."
            )
        header = {"seed": secrets.randbits(62) if seed is None else int(seed)}
        with Journal(out / JOURNAL, header) as journal:
            tasks = [_task(one) for one in found]
            todo = _left(tasks, journal)
            if len(todo) < len(tasks):
                say(f"{len(tasks) - len(todo)} of {len(tasks)} are graded already.")
            with _pool(options, journal.header["seed"], len(todo), say) as pool:
                failed = _grade_all(pool, todo, journal, out, options, say)
            _write(out, journal.latest(), options, journal.header["seed"], say)
    return failed


def regrade(out, options, say=print):
    """Grade the kept submissions of a batch again, with the same secret inputs, and list whose points changed.

    Returns:
        (number that failed, list of changes, one line each).
    """
    out, say = Path(out), _plainly(say)
    if not (out / JOURNAL).exists():
        raise CourseError(f"{out} holds no results to grade again: there is no {JOURNAL}.")
    with held(out):
        return _regrade(out, options, say)


def _regrade(out, options, say):
    with Journal(out / JOURNAL) as journal:
        before, seed = journal.latest(), journal.header["seed"]
    _warn(options, say)
    tasks = []
    for row in before:
        if row["lecture"] not in options.lectures:
            continue
        path = _kept(out, row["student"], row["lecture"], options)
        problem = None if path.exists() else row["problem"]  # there was none to keep
        tasks.append(Task(row["student"], row["id"], row["lecture"], str(path), str(out), problem))
    new, number = out / f"new-{JOURNAL}", 1 + len(list(out.glob("results-*.jsonl")))
    with writing(out):
        new.unlink(missing_ok=True)  # of a run that was interrupted: the check may have changed since
    with _pool(options, seed, len(tasks), say) as pool, Journal(new, {"seed": seed}) as journal:
        failed = _grade_all(pool, tasks, journal, out, options, say)
        again = {(row["student"], row["lecture"]) for row in journal.rows}
        for row in before:
            if (row["student"], row["lecture"]) not in again:  # not asked for, or failed by our fault: its points stand
                with writing(out):
                    journal.append(row)
        after = journal.latest()
    if after:
        with writing(out):
            write_atomically(out / f"results-{number}.jsonl", (out / JOURNAL).read_bytes())
            os.replace(new, out / JOURNAL)
    _write(out, after, options, seed, say)
    return failed, gradebook.changes(before, after)


def _write(out, rows, options, seed, say):
    names = dict(options.lectures)
    others = {row["lecture"] for row in rows} - names.keys()
    if others:  # an earlier run graded them
        names |= {source.stem[:2]: source.stem for source in find_sources(options.root, sorted(others))}
    with writing(out):
        remarks = gradebook.write(out, rows, names, seed)
    for remark in remarks:
        say(f"note: {remark}")


def _task(found):
    return Task(found.student, found.id, found.lecture, str(found.path), str(found.inside), found.problem)


def _keeps_its_seed(out, seed):
    """Refuse another seed for a batch that has one: its learners would not have got the same questions."""
    if seed is None or not (out / JOURNAL).exists():
        return
    with Journal(out / JOURNAL) as journal:
        first = journal.header.get("seed")
    if first is not None and int(seed) != first:
        raise CourseError(
            f"The batch in {out} was begun with --seed {first}, and --resume keeps it: with --seed {seed} the learners "
            "that are left would be asked other questions. Leave --seed out, or begin anew in another --out."
        )


def _warn(options, say):
    """Of a missing sandbox on this machine; those of a cluster speak for themselves."""
    warning = choose(options.sandbox)[1] if options.dask is None else None
    if warning:
        say(f"WARNING: {warning}")


def _left(tasks, journal):
    """The tasks that have no result yet, or whose file has changed since."""
    done = {(row["student"], row["lecture"]): row["checksum"] for row in journal.latest()}
    return [task for task in tasks if done.get((task.student, task.lecture)) != fingerprint(task)]


def _grade_all(pool, tasks, journal, out, options, say):
    """Grade tasks with a pool and write down each result as it comes; returns how many failed."""
    failed, say = 0, _beside_the_bar(say)
    bar = iter(progress(range(len(tasks)), desc="submissions", total=len(tasks)))
    next(bar, None)  # shows the bar; each further step counts one
    for task, row in pool.results(tasks):
        if "failed" in row:
            failed += 1
            say(f"{task.student}  lecture {task.lecture}: NOT GRADED: {row['failed']}")
        else:
            with writing(out):
                _keep(out, task, options)
                journal.append(row)
                gradebook.write_feedback(out, row, options.lectures[row["lecture"]])
            say(_line(row))
        next(bar, None)
    return failed


def _plainly(say):
    """`say`, with a question mark for what could move a terminal's cursor or cannot be written: names may hold it."""
    return lambda text: say("".join(c if c.isprintable() else "?" for c in text))


def _beside_the_bar(say):
    """`say`, on a line that holds no piece of the progress bar."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return say

    def said(text):
        with tqdm.external_write_mode():
            say(text)

    return said


def _pool(options, seed, size, say):
    if options.dask is None:
        return LocalPool(options, seed, size)
    try:
        from course_lib.grading.cluster import DaskPool
    except ModuleNotFoundError as missing:
        if missing.name not in ("dask", "distributed"):
            raise
        install = 'pip install "course_lib[lab,cluster]"'
        raise CourseError(f"--dask needs Dask, here and where its workers run: {install}") from missing
    return DaskPool(options, seed, say)


def _line(row):
    points = "  ".join(f"{v['exercise_id']} {v['points']:g}/{v['possible']:g}" for v in row["verdicts"])
    problem = f"  {row['problem']}" if row["problem"] else ""
    return f"{row['student']}  lecture {row['lecture']}: {row['total']:g} of {row['possible']:g}  ({points}){problem}"


def _kept(out, student, lecture, options):
    return Path(out) / KEPT / gradebook.file_name(student) / f"{options.lectures[lecture]}.ipynb"


def _keep(out, task, options):
    """Copy a submission to where `regrade` looks for it. What is no plain file of a sane size is not kept."""
    if task.problem is not None:
        return
    target = _kept(out, task.student, task.lecture, options)
    source = Path(task.path)
    if target.resolve() == source.resolve() or source.is_symlink() or not source.is_file():
        return
    if source.stat().st_size <= 32 * 2**20:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, source.read_bytes())
