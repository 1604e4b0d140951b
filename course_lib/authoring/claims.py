"""What the lectures claim, measured with several seeds: does each claim hold, and by what margin?

A lecture shows a claim as a box, with the numbers beside it under a MIME type of its own. So this needs no second way
of running an experiment: it executes the solved edition once per seed and reads its outputs.
"""

import json
import os
import platform
import re
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from course_lib.atomic import write_atomically
from course_lib.authoring import execution
from course_lib.authoring.editions import find_sources, make_edition, read, repository_of
from course_lib.authoring.fingerprint import fingerprint
from course_lib.errors import CourseError
from course_lib.lesson.claim import CLAIM, in_words

KEPT = Path(".course") / "claims"  # in the checkout; git ignores it
PAGE = Path("docs") / "claims.md"


@dataclass(frozen=True)
class Run:
    """One lecture, run once.

    Attributes:
        lecture: such as "04_optical_flow". title: its first line.
        seed: what its random numbers started from.
        claims: list of dict, in the order of the lecture, as `course_lib.lesson.claim` describes them.
        seconds: that it took. day: when, such as "2025-12-31". cores: that it could use.
        error: why it did not run to its end; then there are no claims.
    """

    lecture: str
    title: str
    seed: int
    claims: list
    seconds: float
    day: str
    cores: int
    error: str = ""


def measure(root, numbers=(), seeds=(0, 1, 2), say=print):
    """Run lectures with several seeds, as far as it has not been done, and say what came of each claim.

    Args:
        root: the checkout.
        numbers: of the lectures; none means all.
        seeds: whole numbers.
        say: function of one text.
    Returns:
        list of `Run`, by lecture and seed. One that did not run to its end is told and not kept.
    Raises:
        NotebookError: before anything runs, if a lecture breaks the format.
    """
    lectures, runs = [read(source) for source in find_sources(root, numbers)], []
    for lecture in lectures:
        edition = make_edition(lecture, "solutions", repository_of(root))
        mark = {"fingerprint": fingerprint(edition.notebook, lecture.number, root), **versions()}
        for seed in seeds:
            place = Path(root) / KEPT / f"{lecture.name}.{seed}.json"
            run = _kept(place, mark)
            if run is None:
                run = _run(edition, lecture, seed)
                if not run.error:
                    _keep(place, mark, run)
                say(f"[{len(runs) + 1}/{len(lectures) * len(seeds)}] {lecture.name}, seed {seed}: {run.seconds:.0f} s")
            runs.append(run)
        say(table(runs[-len(seeds) :]))
    return runs


def versions():
    """What the numbers depend on beside the course itself: dict from a name to its version."""
    return {"Python": platform.python_version(), "torch": version("torch"), "numpy": version("numpy")}


def failures(runs):
    """One line for each claim that failed and each run that did not come to its end."""
    lines = []
    for run in runs:
        if run.error:
            lines.append(f"{run.lecture}, seed {run.seed}: did not run to its end, see above")
        lines += [f"{run.lecture}, seed {run.seed}: {c['statement']}" for c in run.claims if not c["holds"]]
    return lines


def table(runs):
    """The claims of one lecture as text: under each, a line per seed."""
    lines = [runs[0].lecture]
    for statement, by_seed in _by_claim(runs):
        lines.append(f"  {statement}")
        found = [(seed, claim) for seed, claim in by_seed.items() if claim]
        lines += [f"    seed {seed}: {_verdict(claim)}; {claim['measured']}" for seed, claim in found]
    lines += [f"  seed {run.seed}: did not run to its end\n{run.error}" for run in runs if run.error]
    if len(lines) == 1:
        lines.append("  claims nothing")
    return "\n".join(lines)


def write_json(path, runs):
    """Write versions and runs to a file.

    Raises:
        CourseError: if it cannot be written.
    """
    content = {"versions": versions(), "runs": [asdict(run) for run in runs]}
    try:
        write_atomically(path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    except OSError as error:
        raise CourseError(f"Cannot write {path}: {error.strerror}. Choose another place with --json FILE.") from error


def write_page(root, runs):
    """Write docs/claims.md; returns its path. Equal runs give equal bytes."""
    path = Path(root) / PAGE
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, page(runs))
    return path


def page(runs):
    """The page for a sceptic, in Markdown: the published figure beside ours for each seed."""
    seeds = list(dict.fromkeys(run.seed for run in runs))
    days = sorted({run.day for run in runs})
    cores = " and ".join(map(str, sorted({run.cores for run in runs})))
    everything = ", ".join(f"{name} {number}" for name, number in versions().items())
    claims, sections = [], []
    for lecture in dict.fromkeys(run.lecture for run in runs):
        own = [run for run in runs if run.lecture == lecture]
        grouped = _by_claim(own)
        if grouped or any(run.error for run in own):
            sections.append(_section(own, grouped))
        claims += [by_seed for _, by_seed in grouped]
    held = sum(all(claim and claim["holds"] for claim in by_seed.values()) for by_seed in claims)
    intro = f"""\
# What the lectures claim, and how clearly it holds

Each headline result has a miniature that runs in seconds, and a claim that says what it must show. Each lecture below
ran in the profile `cpu`, once for each of the seeds {", ".join(map(str, seeds))}. The *margin* is how far what was
measured lies beyond the threshold that the claim names: positive when the claim holds. An *exact* claim has none.

**{held} of {len(claims)} claims hold with every seed.** Measured {" to ".join(sorted({days[0], days[-1]}))} with
{everything}; cores: {cores}. `course claims` measures again and writes this page.
"""
    return "\n".join([intro, *sections])


def _section(runs, grouped):
    seeds = [run.seed for run in runs]
    head = ["claim", "published", *(f"seed {seed}" for seed in seeds), "smallest margin"]
    lines = [f"## [{_escaped(runs[0].title)}](../notebooks/solutions/{runs[0].lecture}.ipynb)", ""]
    lines += [f"With seed {run.seed} it did not run to its end.\n" for run in runs if run.error]
    if grouped:
        lines += [_row(head), _row(["---"] * len(head))]
    for statement, by_seed in grouped:
        found = [claim for claim in by_seed.values() if claim]
        ours = [f"{_escaped(_verdict(c))}<br>{_escaped(c['measured'])}" if c else "–" for c in by_seed.values()]
        published = _escaped(found[0]["published"]) or "–"
        lines.append(_row([_escaped(statement), published, *ours, _escaped(_smallest(found))]))
    return "\n".join(lines) + "\n"


def _by_claim(runs):
    """[(statement, {seed: claim or None})] of one lecture; a statement that it makes twice counts as two."""
    grouped = {}
    for run in runs:
        seen = Counter()
        for claim in run.claims:
            key = claim["statement"], seen[claim["statement"]]
            seen[claim["statement"]] += 1
            grouped.setdefault(key, dict.fromkeys(other.seed for other in runs))[run.seed] = claim
    return [(statement, by_seed) for (statement, _), by_seed in grouped.items()]


def _verdict(claim):
    mark = "✓" if claim["holds"] else "✗ fails:"
    return f"{mark} {_margin(claim)}"


def _margin(claim):
    if claim["margin"] is None:
        return "exact" if claim["holds"] else "no margin"
    return ("+" if claim["margin"] > 0 else "") + in_words(claim["margin"], claim["unit"])


def _smallest(claims):
    def order(claim):
        exactly = float("inf") if claim["holds"] else float("-inf")
        return exactly if claim["margin"] is None else claim["margin"]

    return _margin(min(claims, key=order))


def _row(cells):
    return "| " + " | ".join(cells) + " |"


def _escaped(text):
    return re.sub(r"([\\|*_`<>$~\[\]])", r"\\\1", " ".join(text.split()))


def _run(edition, lecture, seed):
    environment = {"COURSE_SEED": str(seed), "COURSE_PROFILE": "cpu", "COURSE_STRICT": "0"}
    began, claims, error = time.perf_counter(), [], ""
    try:
        notebook, _ = execution.execute(edition, lecture, environment)
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
        claims = [dict(output["data"][CLAIM]) for output in outputs if CLAIM in output.get("data", {})]
    except execution.ExecutionError as failed:
        error = str(failed)
    seconds = time.perf_counter() - began
    return Run(lecture.name, lecture.title, seed, claims, round(seconds, 1), date.today().isoformat(), _cores(), error)


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _kept(place, mark):
    """The run that was kept, or None if there is none of the same lecture, code and versions."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        return Run(**found["run"]) if found["mark"] == mark else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(place, mark, run):
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(place, json.dumps({"mark": mark, "run": asdict(run)}, ensure_ascii=False))
