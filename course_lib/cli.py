"""The command `course`. Each command is thin: it imports what does the work, and says what came of it."""

import os
import sys

import click

from course_lib import __version__
from course_lib.errors import CourseError
from course_lib.places import explain, place

INTERRUPTED = 130  # the exit code of a command that Ctrl-C ended


class _Place(click.ParamType):
    """A path; a leading ~ is written out, which shells do not do in --workspace=~/lectures."""

    name = "path"

    def convert(self, value, parameter, context):
        return str(place(value))


PLACE = _Place()


@click.group(name="course", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="course")
def course():
    """Deep Learning for Video: open the lectures, run and build them, fetch data, check the set-up."""


@course.command(context_settings={"ignore_unknown_options": True})
@click.option("--workspace", metavar="DIR", type=PLACE, help="Where your copies live (default: work/ in the checkout).")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.argument("jupyter_arguments", nargs=-1, type=click.UNPROCESSED)
def lab(workspace, no_browser, jupyter_arguments):
    """Copy the lectures into your workspace and open JupyterLab there.

    A notebook that you have changed is never overwritten: a newer edition is put beside it. Everything else that you
    write here goes to JupyterLab, such as --port=9999.
    """
    import importlib.util

    from course_lib import workspace as space
    from course_lib.authoring.editions import find_root

    if importlib.util.find_spec("jupyterlab") is None:
        raise CourseError('JupyterLab is not installed here. Use make lab, or: pip install "course_lib[lab]"')
    root = find_root()
    folder = workspace or root / "work"
    for change in space.refresh(root / "notebooks", folder):
        click.echo(change.line)
    click.echo(f"Your notebooks are in {folder}. Jupyter prints its address below; Ctrl-C ends it.")
    command = space.lab_command(folder, space.first_notebook(folder), not no_browser, jupyter_arguments)
    sys.exit(space.open_lab(command))


@course.command()
@click.argument("lecture", metavar="NN")
@click.option("--edition", type=click.Choice(["learner", "solutions"]), default="solutions", show_default=True)
@click.option("--html", metavar="FILE", type=PLACE, help="The page to write (default: build/html/NN_topic.html).")
def run(lecture, edition, html):
    """Execute one lecture without Jupyter and write it as an HTML page."""
    from course_lib.authoring import execution
    from course_lib.authoring.editions import find_root, find_sources, make_edition, read, repository_of

    root = find_root()
    for source in find_sources(root, [lecture]):
        authored = read(source)
        made = make_edition(authored, edition, repository_of(root))
        strict = {"COURSE_STRICT": "1"} if edition == "solutions" else {}
        notebook, seconds = execution.execute(made, authored, strict)
        page = html or root / "build" / "html" / f"{authored.name}.html"
        execution.write_html(notebook, page, authored.title)
        click.echo(f"{authored.name}, {edition} edition: {sum(seconds):.0f} s. Read it: {page}")


@course.command()
@click.argument("lectures", nargs=-1, metavar="[NN]...")
@click.option("--check", is_flag=True, help="Write nothing; name each stale edition and exit with 1.")
@click.option("--force", is_flag=True, help="Execute also what did not change.")
def build(lectures, check, force):
    """Build the notebooks from notebooks/src; only lectures that changed run again."""
    from course_lib.authoring import build as builder
    from course_lib.authoring.editions import find_root

    root = find_root()
    if not check:
        builder.build(root, lectures, force, say=click.echo)
        return
    stale = builder.find_stale(root, lectures)
    for line in stale:
        click.echo(line, err=True)
    if stale:
        raise CourseError("Stale. Run: course build")
    click.echo("All editions are what their sources make.")


class _SeveralSeeds(click.Command):
    """Lets all whole numbers after --seeds belong to it, as in `--seeds 0 1 2`."""

    def parse_args(self, context, arguments):
        joined = []
        for argument in arguments:
            if argument.isdecimal() and joined[-2:-1] == ["--seeds"]:
                joined[-1] += f",{argument}"
            else:
                joined.append(argument)
        return super().parse_args(context, joined)


def _seeds(context, option, text):
    seeds = [seed.strip() for seed in text.split(",")]
    for seed in seeds:
        if not seed.isdecimal() or seed != str(int(seed)):
            raise click.BadParameter(f"{seed!r} is no seed, expected such as 0 1 2 or 0,1,2; lectures come before it.")
    return list(dict.fromkeys(map(int, seeds)))


@course.command(cls=_SeveralSeeds)
@click.argument("lectures", nargs=-1, metavar="[NN]...")
@click.option("--seeds", metavar="N...", default="0,1,2", show_default=True, callback=_seeds, help="Such as 0 1 2.")
@click.option("--json", "file", metavar="FILE", type=PLACE, help="Also write the results there.")
def claims(lectures, seeds, file):
    """Measure what the lectures claim, with several seeds: does it hold, and by what margin?

    Each lecture runs once per seed; what has run is kept in .course/claims until the lecture or its code changes, so
    that an interrupted measurement goes on. Without lectures all run, and docs/claims.md is written. Exit code 1 when a
    claim failed, or a lecture did not run to its end.
    """
    from course_lib.authoring import claims as measuring
    from course_lib.authoring.editions import find_root

    root = find_root()
    runs = measuring.measure(root, lectures, seeds, say=click.echo)
    if file:
        measuring.write_json(file, runs)
    if not lectures:
        click.echo(f"Written: {measuring.write_page(root, runs)}")
    failures = measuring.failures(runs)
    if failures:
        raise CourseError("\n".join(failures))


@course.command()
@click.argument("directory", type=PLACE)
@click.option("--lectures", metavar="NN,NN", default="", help="Only these; all otherwise.")
@click.option("--hide-solutions", is_flag=True, help="Leave the solved notebooks out.")
@click.option("--sandbox", type=click.Choice(["auto", "bwrap", "none"]), default="auto", show_default=True)
def release(directory, lectures, hide_solutions, sandbox):
    """Write a folder to hand out, after verifying that every stub fails and every solution passes."""
    from course_lib.authoring.editions import find_root
    from course_lib.grading import release as releasing

    numbers = [number for number in lectures.split(",") if number]
    releasing.release(directory, find_root(), numbers, hide_solutions, sandbox, say=click.echo)
    click.echo(f"Hand out {directory}.")


@course.command()
@click.argument("submissions", required=False, type=PLACE)
@click.option("--out", metavar="DIR", type=PLACE, help="Where the grades go (default: grades).", default="grades")
@click.option("--lectures", metavar="NN,NN", default="", help="Only these; all otherwise.")
@click.option("-n", "workers", default=1, show_default=True, help="How many submissions at a time.")
@click.option("--timeout", default=30.0, show_default=True, metavar="S", help="For each cell of a learner; see above.")
@click.option("--memory", default=2048, show_default=True, metavar="MB", help="That a learner's code may take.")
@click.option("--sandbox", type=click.Choice(["auto", "bwrap", "none"]), default="auto", show_default=True)
@click.option("--seed", type=int, help="Of the secret inputs (default: a new one).")
@click.option("--dask", metavar="ADDRESS", help="Grade on the workers of a Dask cluster, such as tcp://HOST:8786.")
@click.option("--resume", is_flag=True, help="Continue an interrupted batch.")
@click.option("--regrade", metavar="DIR", type=PLACE, help="Grade what DIR has kept again; list the changes.")
def grade(submissions, out, lectures, workers, timeout, memory, sandbox, seed, dask, resume, regrade):
    """Grade submitted notebooks: a folder, a zip file, or one notebook.

    Writes grades.csv, grades.json, junit.xml and a page of feedback per submission. Exit code 1 when a submission could
    not be graded because the course or the grader failed; what students hand in never makes it fail.

    A cell may take --timeout seconds, all cells of an answer four times as long, its tests twice as long, and all
    answers of a notebook together ten times as long.
    """
    from course_lib.authoring.editions import find_root, find_sources
    from course_lib.grading import batch

    root = find_root()
    names = [source.stem for source in find_sources(root, [number for number in lectures.split(",") if number])]
    options = batch.Options(root, {name[:2]: name for name in names}, workers, timeout, memory, sandbox, dask)
    if regrade:
        if seed is not None:
            raise click.UsageError("--regrade keeps the seed of its batch, so that points can be compared: no --seed.")
        failed, changes = batch.regrade(regrade, options, say=click.echo)
        for line in changes or ["No points changed."]:
            click.echo(line)
    elif submissions is None:
        raise click.UsageError("Which submissions? Give a folder, a zip file or a notebook, or --regrade DIR.")
    else:
        failed = batch.grade_class(submissions, out, options, seed, resume, say=click.echo)
        click.echo(f"Grades and feedback are in {out}.")
    if failed:
        raise CourseError(f"{failed} not graded; the lines above say why. Mend it and run again with --resume.")


@course.command()
@click.argument("lecture", metavar="NN")
@click.option("--data", required=True, metavar="DIR", type=PLACE, help="Folder of the data set, as its reader wants.")
@click.option(
    "--dataset",
    type=click.Choice(
        ["ucf101", "hmdb51", "kinetics", "flying_chairs", "sintel", "kitti", "got10k", "ilsvrc_vid", "vot", "otb"]
    ),
    help="Default: ucf101; for trackers vot (13) or got10k (14), for matches sintel, for flow networks flying_chairs.",
)
@click.option("--missing", type=click.Choice(["raise", "skip"]), default="raise", help="For videos that are absent.")
@click.option("--network", metavar="NAME", help="Which network of the lecture (default: its first).")
@click.option("--batch", default=32, show_default=True, help="Clips per step, over all processes.")
@click.option("--steps", default=20_000, show_default=True)
@click.option("--lr", default=1e-4, show_default=True, help="Learning rate of Adam at the start.")
@click.option("--every", default=1_000, show_default=True, help="Steps between looks at the accuracy, and saves.")
@click.option("--test", default=500, show_default=True, help="Test videos per look.")
@click.option("--workers", default=4, show_default=True, help="Processes that decode.")
@click.option("--compile", is_flag=True, help="Use torch.compile: slow to start, then faster on a GPU.")
@click.option("--seed", default=0, show_default=True)
@click.option("--checkpoint", metavar="FILE", type=PLACE, help="Where to save and resume (default: runs/NN_NAME.pt).")
def train(**wanted):
    """Train a lecture's network of published size on real videos. Run it again to go on after an interruption.

    On several GPUs: torchrun --nproc-per-node 4 -m course_lib.cli train NN --data DIR
    """
    from course_lib.recipes import lectures
    from course_lib.recipes.training import Run

    lectures.train(Run(**wanted), say=click.echo)


@course.group()
def data():
    """The clips that ship, and real data sets."""


@data.command("make")
@click.argument("directory", required=False, type=PLACE)
def data_make(directory):
    """Render the clips that ship (default: into data/clips of the checkout).

    `course data make weights` instead trains the small networks that ship, flow for lecture 18 and depth for 24 and
    25, into data/weights: some four minutes of one core.
    """
    from course_lib.authoring.editions import find_root
    from course_lib.data.sets import shipped
    from course_lib.recipes import depth_expert, flow_experts

    def say(path):
        click.echo(f"{path}  {path.stat().st_size / 1000:.0f} KB")

    if directory != "weights":
        for path in shipped.make(directory or find_root() / "data" / "clips"):
            say(path)
        return
    folder = find_root() / "data" / "weights"
    for path in depth_expert.make(folder):
        say(path)
    for name in flow_experts.NAMES:
        say(flow_experts.save(name, folder))


@data.command("list")
def data_list():
    """List the data sets: what, licence, size, how to get them."""
    from course_lib.data.sets import catalog

    for entry in catalog.entries():
        click.echo(str(entry))


@data.command("get")
@click.argument("name")
@click.option("--to", metavar="DIR", type=PLACE, help="Where to (default: NAME in the cache, see COURSE_DATA).")
@click.option("--parts", default=0, metavar="N", help="For data sets in many archives: how many of each list to fetch.")
@click.option("--unpack", is_flag=True, help="Unpack the archives too.")
def data_get(name, to, parts, unpack):
    """Download one data set, or say how to obtain it. Run it again to continue an interrupted download."""
    from course_lib.data.sets import catalog

    click.echo(f"{name} is in {catalog.get(name, to, parts, unpack)}")


@course.command()
def doctor():
    """Check the set-up: one screen, each problem with its fix."""
    from course_lib import doctor as examination

    sys.exit(examination.main())


@course.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments):
    """Measure the course's code against its peers: [NAME...] [--json FILE]."""
    from course_lib.bench import runner as benchmark

    sys.exit(benchmark.main(list(arguments)))


def main(arguments=None):
    """Run the command line. Errors of the course, and what the system refuses, are one message and exit code 1.

    Args:
        arguments: list of str; by default those of the process.
    """
    try:
        result = course.main(arguments, prog_name="course", standalone_mode=False)
    except CourseError as error:
        _say(f"course: {error}")
        sys.exit(1)
    except BrokenPipeError:  # whoever reads the output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _say(f"course: {explain(error)}")
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _say("course: interrupted")
        sys.exit(INTERRUPTED)
    sys.exit(result if isinstance(result, int) else 0)


def _say(text):
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
