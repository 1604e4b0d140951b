import ast
import json
import re
import shutil

import nbformat
import pytest
from mini_course import make_checkout

from course_lib.authoring import build as builder
from course_lib.authoring import execution
from course_lib.authoring.editions import find_root, find_sources, make_edition, read, repository_of, to_bytes
from course_lib.authoring.fingerprint import dependencies, fingerprint
from course_lib.authoring.source import Lecture, NotebookError, parse
from course_lib.errors import CourseError

REPOSITORY = "https://github.com/owner/name"


def write(tmp_path, text, name="02_tiny.py"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def lecture(tmp_path, registry, lecture_text):
    return read(write(tmp_path, lecture_text))


def cell(notebook, identity):
    return next(cell for cell in notebook["cells"] if cell["id"] == identity)


# Reading


def test_cells_know_their_lines(lecture, lecture_text):
    lines = lecture_text.splitlines()
    assert len(lecture.cells) == 10
    for made in lecture.cells:
        first = made.source.splitlines()[0]
        assert lines[made.line - 1].removeprefix("# " if made.kind == "markdown" else "") == first
        assert lines[made.marker - 1].startswith("# %%")
    assert lecture.title == "02 · How does a tiny lecture look?"


def test_a_comment_that_reads_like_a_command_stays_a_comment(tmp_path, registry, lecture_text):
    """jupytext by itself would uncomment it and so run `cat images first`."""
    made = read(write(tmp_path, lecture_text.replace("print(prod([2, 3]))", "# cat images first\nprint(1)", 1)))
    assert any("# cat images first" in cell.source for cell in made.cells)


BROKEN = [
    # replace, by, expected message, text of the line that is named
    ('tags=["check"]', 'tags=["cheque"]', "unknown tag 'cheque'", "cheque"),
    ('# %% tags=["check"]\ntwice = check("02.1", twice)\n', "", "02.1 has no check cell after it", 'exercise="02.1"'),
    ('"02.1", twice)', '"02.7", twice)', "this checks 02.7, but the exercise above is 02.1", "02.7"),
    ('"02.1", twice)', '"02.1", thrice)', 'expected the line twice = check("02.1", twice)', "thrice"),
    ("Exercise 02.1: Twice", "Exercise 02.2: Twice", "the heading says 02.2", "02.2"),
    ("Exercise 02.1: Twice", "Exercise 2.1: Twice", "the heading says 2.1", "2.1"),
    ("## Exercise 02.1: Twice", "## Twice", "there is no heading above exercise 02.1", 'exercise="02.1"'),
    ('exercise="02.1"', 'exercise="02.9"', "exercise 02.9 is not registered", "02.9"),
    ('exercise="02.1"', "exercise=2.1", "exercise is 2.1, expected an id", "2.1"),
    ("points=2", "points=3", "points=3, but exercise 02.1 is registered with points=2", "points=3"),
    (" points=2", "", "points=None, but exercise 02.1 is registered with points=2", 'exercise="02.1"'),
    ("    # END SOLUTION\n", "", "is never closed", "def twice(x):"),
    ("    # BEGIN SOLUTION\n", "", "'# END SOLUTION' with nothing open", "# END SOLUTION"),
    ("    doubled", "    # BEGIN SOLUTION\n    doubled", "with '# BEGIN SOLUTION' open", "# BEGIN SOLUTION"),
    ("print(prod", "# BEGIN SOLUTION\nprint(prod", "'# BEGIN SOLUTION' outside an exercise cell", "# BEGIN SOLUTION"),
    ('course = start("02")', 'course = start("03")', "the first code cell is the set-up", "start"),
    (' tags=["setup"]', "", "the first code cell is the set-up", "start"),
    ('# %% tags=["setup"]\ncourse = start("02")\n', "", "the first code cell is the set-up", "from math"),
    ("# # 02 · How", "# # 03 · How", "the first cell is the title", "03"),
    ("def twice", "def thrice", "edition of exercise 02.1 does not define 'twice'", 'exercise="02.1"'),
    ("from math import prod", "from math import", "not valid Python", "from math"),
    ("from math import prod", "%matplotlib inline", "reads like a magic", "%matplotlib"),
    ("from math import prod", "# !ls", "reads like a magic", "# !ls"),
    ("<details>02.1", "<details>02.5", "hints of '02.5': no such exercise", "02.5"),
    ("<details>02.1</details>", "think", "a hint cell says whose hints", "think"),
    ('tags=["hint"]', 'tags=["check"]', "the tag 'check' belongs on a code cell", "[markdown]"),
    ('[markdown] tags=["solution"]\n# Only', 'tags=["solution"]\n# Only', "belongs on a markdown cell", "solution"),
    ("# %%\nfrom", "# %% Imports\nfrom", "not understood beside '# %%': Imports", "Imports"),
    ("# %%\nfrom", '# %% colour="red"\nfrom', "not understood beside '# %%': colour", "colour"),
    ('tags=["hint"]', 'tags=["hint"', "not understood beside '# %%'", 'tags=["hint"'),
    ("# %%\nfrom", "# %% points=3\nfrom", "belong beside", "points=3"),
    ("print(prod([2, 3]))", 'check("02.1", twice)', "belongs in a cell of its own", "check"),
]


@pytest.mark.parametrize(("old", "new", "message", "named"), BROKEN, ids=[row[2] for row in BROKEN])
def test_a_broken_lecture_is_told_so_by_file_and_line(tmp_path, registry, lecture_text, old, new, message, named):
    assert old in lecture_text
    text = lecture_text.replace(old, new, 1)
    path = write(tmp_path, text)
    with pytest.raises(NotebookError) as caught:
        read(path)
    problem = next(line for line in str(caught.value).splitlines() if message in line)
    where = re.match(rf"{re.escape(str(path))}:(\d+): ", problem)
    assert named in text.splitlines()[int(where[1]) - 1]


def test_an_exercise_twice_and_a_second_check_are_both_told(tmp_path, registry, lecture_text):
    begin, end = lecture_text.index("# %% [markdown]\n# ## Ex"), lecture_text.index('# %% [markdown] tags=["hint"]')
    path = write(tmp_path, lecture_text[:end] + lecture_text[begin:end] + lecture_text[end:])
    with pytest.raises(NotebookError, match="exercise 02.1 is here twice, first on line 15") as caught:
        read(path)
    assert "exercise 02.1 is checked twice" in str(caught.value)


def test_a_registered_exercise_that_the_lecture_leaves_out_is_told(tmp_path, registry, lecture_text):
    registry["02"]["02.2"] = registry["02"]["02.1"]
    with pytest.raises(NotebookError, match="exercise 02.2 is registered .* does not set it"):
        read(write(tmp_path, lecture_text))


def test_all_problems_come_together_in_the_order_of_the_lines(tmp_path, registry, lecture_text):
    text = lecture_text.replace("02.1: Twice", "02.8: Twice").replace('tags=["check"]', 'tags=["cheque"]')
    text = text.replace("import prod\n", "import\n")
    with pytest.raises(NotebookError) as caught:
        read(write(tmp_path, text))
    lines = [int(line.split(":")[1]) for line in str(caught.value).splitlines()]
    assert len(lines) >= 4
    assert lines == sorted(lines)


@pytest.mark.parametrize("text", ["", "x = 1\n", "import os\n# %% [markdown]\n# # 02 · T\n"])
def test_a_lecture_begins_with_a_marker(tmp_path, registry, text):
    with pytest.raises(NotebookError, match="begins with a cell marker"):
        read(write(tmp_path, text))


def test_a_marker_inside_a_string_is_told(tmp_path, registry, lecture_text):
    text = lecture_text.replace("from math import prod", 'text = """\n# %% not a cell\n"""')
    with pytest.raises(NotebookError, match="indent it where it is part of a string"):
        read(write(tmp_path, text))


def test_a_file_name_without_number_is_told(tmp_path):
    with pytest.raises(NotebookError, match="02_convolutions_in_time.py"):
        read(write(tmp_path, "", "tiny.py"))


# The two editions


def test_the_learner_edition_has_no_solution(lecture):
    text = to_bytes(make_edition(lecture, "learner", REPOSITORY).notebook).decode()
    assert "doubled" not in text
    assert "SOLUTION" not in text
    assert "Only those who teach" not in text
    source = cell(json.loads(text), "exercise-02-1")["source"]
    assert source == ["def twice(x):\n", '    """Two times `x`."""\n', "    ...  # your code here"]


def test_the_solutions_edition_has_the_solution_and_no_markers(lecture):
    text = to_bytes(make_edition(lecture, "solutions", REPOSITORY).notebook).decode()
    assert "SOLUTION" not in text
    assert "your code here" not in text
    assert "Only those who teach" in text
    assert "    doubled = 2 * x\\n" in text


def test_an_exercise_may_give_a_starting_point(tmp_path, registry, lecture_text):
    start = "    # STARTING POINT\n    # if x:  # wrong\n    #     return x\n"
    text = lecture_text.replace("    # END", start + "    # END")
    made = read(write(tmp_path, text))
    notebooks = [make_edition(made, edition, REPOSITORY).notebook for edition in ("learner", "solutions")]
    learner, solutions = (cell(notebook, "exercise-02-1")["source"] for notebook in notebooks)
    assert learner.splitlines()[2:] == ["    if x:  # wrong", "        return x"]
    assert solutions.splitlines()[2:] == ["    doubled = 2 * x", "    return doubled"]


def test_grading_finds_what_it_needs_in_both_editions(lecture):
    for edition in ("learner", "solutions"):
        notebook = make_edition(lecture, edition, REPOSITORY).notebook
        exercise, check = cell(notebook, "exercise-02-1"), cell(notebook, "check-02-1")
        assert exercise["metadata"]["course"] == {"exercise": "02.1", "name": "twice", "points": 2}
        assert exercise["metadata"]["tags"] == ["exercise"]
        assert check["metadata"]["course"] == {"check": "02.1"}
        assert 'twice = check("02.1", twice)' in check["source"].splitlines()
        assert notebook["metadata"]["course"] == {"edition": edition, "lecture": "02"}


def test_editions_are_valid_notebooks_with_ids_from_their_content(lecture):
    ids = {}
    for edition in ("learner", "solutions"):
        content = to_bytes(make_edition(lecture, edition, REPOSITORY).notebook)
        nbformat.validate(nbformat.reads(content.decode(), as_version=4))
        notebook = json.loads(content)
        ids[edition] = [cell["id"] for cell in notebook["cells"]]
        assert len(set(ids[edition])) == len(ids[edition])
    assert [identity for identity in ids["solutions"] if identity in ids["learner"]] == ids["learner"]


def test_a_new_cell_leaves_the_ids_of_the_others_alone(tmp_path, lecture, lecture_text):
    longer = read(write(tmp_path, lecture_text.replace("# %%\nfrom", "# %%\nimport os\n\n# %%\nfrom")))
    notebooks = [make_edition(made, "learner", REPOSITORY).notebook for made in (lecture, longer)]
    before, after = ([cell["id"] for cell in notebook["cells"]] for notebook in notebooks)
    assert [identity for identity in after if identity in before] == before
    assert len(after) == len(before) + 1


def test_a_learner_edition_is_the_same_bytes_each_time(tmp_path, lecture, lecture_text):
    again = read(write(tmp_path, lecture_text))
    one, two = (to_bytes(make_edition(made, "learner", REPOSITORY).notebook) for made in (lecture, again))
    assert one == two
    assert b"\r" not in one
    assert not re.search(rb'"version"|0x[0-9a-f]{6}', one)


def test_the_badge_opens_the_learner_edition_on_colab(lecture):
    first = make_edition(lecture, "learner", REPOSITORY).notebook["cells"][0]["source"].splitlines()
    assert first[0] == (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        "(https://colab.research.google.com/github/owner/name/blob/main/notebooks/02_tiny.ipynb)"
    )
    assert first[1:3] == ["", "# 02 · How does a tiny lecture look?"]


def test_hints_unfold_one_after_the_other(lecture):
    notebook = make_edition(lecture, "learner", REPOSITORY).notebook
    hints = next(cell["source"] for cell in notebook["cells"] if "hint" in cell["metadata"].get("tags", ()))
    assert hints.count("<details><summary>") == hints.count("</details>") == 3
    assert hints.index("Add it to itself.") < hints.index("Use `*`.") < hints.index("`2 * ...`")


def test_the_set_up_cell_installs_only_what_is_missing(lecture):
    source = cell(make_edition(lecture, "learner", REPOSITORY).notebook, "setup")["source"]
    assert "git+https://github.com/owner/name" in source
    assert source.endswith('from course_lib import check, claim, predict, start\n\ncourse = start("02")')
    done = []
    python = re.sub(r"%pip (.*)", r"done.append(source)", source)
    ast.parse(python)
    exec(python, {"done": done})
    assert done == []


@pytest.mark.parametrize("works", [True, False])
def test_the_set_up_cell_on_a_machine_without_the_course(lecture, monkeypatch, works):
    """With a stand-in for pip: after it the module is found, or the message says what to do."""
    import importlib.util

    source = cell(make_edition(lecture, "learner", REPOSITORY).notebook, "setup")["source"]
    monkeypatch.setenv("COURSE_SOURCE", "/my checkout")
    installed = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if installed and works else None)
    python = re.sub(r"%pip install --quiet (.*)", r"install(f'\1')", source)
    if works:
        exec(python, {"install": installed.append})
    else:
        with pytest.raises(RuntimeError, match="pip could not install /my checkout.*run this cell again"):
            exec(python, {"install": installed.append})
    assert installed == ['"/my checkout"']


def test_an_edition_that_does_not_exist_is_told(lecture):
    with pytest.raises(CourseError, match="learner, solutions"):
        make_edition(lecture, "teacher", REPOSITORY)


# The checkout


@pytest.mark.parametrize("number", ["90", "90_plain", "notebooks/src/90_plain.py"])
def test_a_lecture_is_found_by_number_or_name(checkout, number):
    assert [path.name for path in find_sources(checkout, [number])] == ["90_plain.py"]


def test_a_lecture_that_does_not_exist_is_told(checkout):
    with pytest.raises(CourseError, match=r"no lecture '7'.*90_plain"):
        find_sources(checkout, ["7"])


def test_the_checkout_is_found_from_inside(checkout):
    assert find_root(checkout / "notebooks" / "src") == checkout.resolve()


@pytest.mark.parametrize("text", ["", '[tool.course]\nrepository = "https://example.org/x"\n'])
def test_a_repository_that_colab_cannot_open_is_told(checkout, text):
    (checkout / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match="expected https://github.com/OWNER/NAME"):
        repository_of(checkout)


# What a notebook depends on


ENTRY = 'if __name__ == "__main__":\n    import course_lib.entry\n'  # no import runs this


@pytest.fixture
def package(tmp_path):
    """A little course_lib in which every way of importing occurs."""
    files = {
        "__init__.py": "_HOME = {'start': 'course_lib.lesson.start'}\n",
        "lesson/__init__.py": "",
        "lesson/start.py": "def start():\n    from course_lib import lazily\n",
        "lazily.py": "from .sub import deep\nfrom .sub.deep import f\n",
        "sub/__init__.py": "",
        "sub/deep.py": "from ..relative import g\nSCRIPT = 'player.js'\nCLIP = 'street'\n" + ENTRY,
        "sub/player.js": "// js",
        "sub/other.js": "// js",
        "relative.py": "from importlib import import_module\nimport_module('course_lib.dynamic')\n",
        "dynamic.py": "",
        "unused.py": "from course_lib import alone\n",
        "entry.py": "",
        "alone.py": "",
        "exercises/__init__.py": "",
        "exercises/lectures/l02/twice.py": "import course_lib.reference\n",
        "exercises/lectures/l03/thrice.py": "",
        "reference.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "course_lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "data" / "clips").mkdir(parents=True)
    for clip in ("street", "park"):
        (tmp_path / "data" / "clips" / f"{clip}.mp4").write_bytes(b"\0" + clip.encode())
    return tmp_path / "course_lib"


def notebook_of(*sources):
    cells = [{"cell_type": "code", "id": str(i), "metadata": {}, "source": s} for i, s in enumerate(sources)]
    return {"cells": cells, "metadata": {}}


def test_dependencies_are_followed_through_every_kind_of_import(package):
    found = dependencies(notebook_of("%pip install x\nfrom course_lib import start"), "02", package.parent, package)
    assert sorted(found) == [
        "course_lib/__init__.py",
        "course_lib/dynamic.py",
        "course_lib/exercises/lectures/l02/twice.py",
        "course_lib/lazily.py",
        "course_lib/lesson/__init__.py",
        "course_lib/lesson/start.py",
        "course_lib/reference.py",
        "course_lib/relative.py",
        "course_lib/sub/__init__.py",
        "course_lib/sub/deep.py",
        "course_lib/sub/player.js",
        "data/clips/street.mp4",
    ]


CHANGES = [
    ("course_lib/sub/deep.py", True),
    ("course_lib/sub/player.js", True),
    ("course_lib/exercises/lectures/l02/twice.py", True),
    ("data/clips/street.mp4", True),
    ("course_lib/unused.py", False),
    ("course_lib/exercises/lectures/l03/thrice.py", False),
    ("data/clips/park.mp4", False),
]


@pytest.mark.parametrize(("name", "matters"), CHANGES)
def test_the_fingerprint_changes_with_what_is_used_alone(package, name, matters):
    notebook = notebook_of("from course_lib import start")
    before = fingerprint(notebook, "02", package.parent, package)
    path = package.parent / name
    path.write_bytes(path.read_bytes() + b"\n# changed\n")
    assert (fingerprint(notebook, "02", package.parent, package) != before) == matters


def test_the_fingerprint_changes_with_the_notebook_and_not_with_line_ends(package):
    one, two = notebook_of("import course_lib.lazily"), notebook_of("import course_lib.lazily\nx = 1")
    before = fingerprint(one, "02", package.parent, package)
    assert fingerprint(two, "02", package.parent, package) != before
    path = package / "lazily.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert fingerprint(one, "02", package.parent, package) == before


def test_the_course_own_lazy_names_are_followed():
    found = dependencies(notebook_of("from course_lib import check, claim, predict, start"), "99", "nowhere")
    expected = {"lesson/start", "lesson/claim", "lesson/predict", "exercises/registry"}
    assert {f"course_lib/{name}.py" for name in expected} <= set(found)
    assert "course_lib/cli.py" not in found


# Executing and building


def executed(tmp_path, *cells, **options):
    """Execute cells without a set-up cell (which would import torch each time)."""
    path = write(tmp_path, "\n\n".join(["# %% [markdown]\n# # 00 · Does it run?", *cells]), "00_run.py")
    found, problems = parse(path)
    assert not problems
    made = Lecture(path, "00", tuple(found), {})
    notebook, _ = execution.execute(make_edition(made, "solutions", REPOSITORY), made, **options)
    return notebook


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A checkout with one lecture, built once."""
    root = make_checkout(tmp_path_factory.mktemp("built"))
    said = []
    assert builder.build(root, say=said.append) == ["90_plain"]
    assert said[0].startswith("90_plain: executed in ")
    return root


@pytest.fixture
def copy(built, tmp_path, monkeypatch):
    """A copy of the built checkout to change at will; the test works inside it."""
    root = shutil.copytree(built, tmp_path / "copy")
    monkeypatch.chdir(root)
    return root


def test_outputs_say_nothing_about_the_machine_and_keep_no_dead_widgets(tmp_path):
    notebook = executed(
        tmp_path,
        """# %%
import os, sys, course_lib
print(os.getcwd(), sys.prefix, os.path.dirname(course_lib.__file__))
os.listdir()""",
        "# %%\nfrom tqdm.auto import tqdm\nfor _ in tqdm(range(3)):\n    pass",
        """# %%
import sys, tqdm
for _ in tqdm.tqdm(range(3), file=sys.stderr):
    pass
print('a\\rb', file=sys.stderr)""",
        """# %%
from IPython.display import display
view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "image/png": "aGk=", "text/plain": "W"}
display(view, raw=True)""",
    )
    where, bar, text_bar, widget = (cell["outputs"] for cell in notebook.cells[1:])
    assert where[0]["text"] == "<folder> <environment> <course>/course_lib\n"
    assert where[1]["data"]["text/plain"] == "[]"
    assert bar == []
    assert [output["text"] for output in text_bar] == ["b\n"]
    assert set(widget[0]["data"]) == {"image/png", "text/plain"}
    assert "widgets" not in notebook.metadata
    assert "execution" not in str([cell.metadata for cell in notebook.cells])
    assert notebook.metadata["language_info"] == {"name": "python"}


def test_a_failing_cell_leads_to_its_authored_line(tmp_path):
    cells = ["# %% [markdown]\n# Text.", "# %%\n\ndef f(x):\n    return 1 / x\n\nprint('fine')\nf(0)"]
    with pytest.raises(execution.ExecutionError) as caught:
        executed(tmp_path, *cells)
    message = str(caught.value)
    path = tmp_path / "00_run.py"
    line = path.read_text(encoding="utf-8").splitlines().index("f(0)") + 1
    assert message.startswith(f"{path}:{line}: lecture 00, cell 3, solutions edition, failed at\n    f(0)\n")
    assert "ZeroDivisionError: division by zero" in message
    assert "\x1b" not in message


def test_a_cell_that_never_ends_and_a_kernel_that_dies_are_told(tmp_path):
    with pytest.raises(execution.ExecutionError, match=r"00_run.py:5: .*\n.*\n.*more than 4 s"):
        executed(tmp_path, "# %%\nwhile True:\n    pass", timeout=4)
    with pytest.raises(execution.ExecutionError, match=r"00_run.py:5: .*\n.*\n.*kernel died"):
        executed(tmp_path, "# %%\nimport os\nos._exit(1)")


def test_a_cell_that_is_meant_to_fail_may(tmp_path):
    notebook = executed(tmp_path, '# %% tags=["nbval-raises-exception"]\n1 / 0', "# %%\nprint('on')")
    assert notebook.cells[-2].outputs[0].ename == "ZeroDivisionError"
    assert notebook.cells[-1].outputs[0].text == "on\n"


def test_check_names_editions_that_are_missing(checkout, monkeypatch):
    monkeypatch.chdir(checkout)
    assert builder.find_stale(checkout) == [
        "notebooks/90_plain.ipynb: is missing",
        "notebooks/solutions/90_plain.ipynb: is missing",
    ]


def test_a_built_lecture_is_executed_and_up_to_date(copy, monkeypatch):
    assert builder.find_stale(copy) == []
    solved = nbformat.read(copy / "notebooks" / "solutions" / "90_plain.ipynb", as_version=4)
    assert [cell.execution_count for cell in solved.cells if cell.cell_type == "code"] == [1, 2]
    assert solved.metadata.course.built_from.startswith("sha256:")
    assert "profile cpu" in solved.cells[1].outputs[0].text
    before = (copy / "notebooks" / "90_plain.ipynb").read_bytes()
    monkeypatch.setattr(execution, "execute", None)  # a second build executes nothing
    said = []
    assert builder.build(copy, say=said.append) == []
    assert said == ["90_plain: up to date"]
    assert (copy / "notebooks" / "90_plain.ipynb").read_bytes() == before


def test_check_names_both_editions_of_a_changed_source(copy):
    source = copy / "notebooks" / "src" / "90_plain.py"
    source.write_text(source.read_text(encoding="utf-8").replace("1 + 1", "1 + 2"), encoding="utf-8")
    assert builder.find_stale(copy, ["90"]) == [
        "notebooks/90_plain.ipynb: differs from what its source makes",
        "notebooks/solutions/90_plain.ipynb: was built from an older source, module or data file",
    ]


def test_check_names_hand_edits_broken_files_and_orphans(copy):
    solved = copy / "notebooks" / "solutions" / "90_plain.ipynb"
    solved.write_text(solved.read_text(encoding="utf-8").replace("1 + 1", "1 + 2"), encoding="utf-8")
    (copy / "notebooks" / "09_gone.ipynb").write_text("{}", encoding="utf-8")
    assert builder.find_stale(copy) == [
        "notebooks/solutions/90_plain.ipynb: was edited by hand: edit notebooks/src instead",
        "notebooks/09_gone.ipynb: has no source in notebooks/src",
    ]
    solved.write_text("{", encoding="utf-8")
    expected = "notebooks/solutions/90_plain.ipynb: is not a notebook that the build wrote"
    assert builder.find_stale(copy, ["90"]) == [expected]


def test_a_lecture_that_fails_keeps_its_editions_and_does_not_stop_the_others(copy, monkeypatch):
    folder = copy / "notebooks"
    before = {path: path.read_bytes() for path in folder.rglob("*.ipynb")}
    source = folder / "src" / "90_plain.py"
    plain = source.read_text(encoding="utf-8")
    source.write_text(plain.replace("1 + 1", "1 / 0"), encoding="utf-8")
    large = '\n# %% tags=["widget"]\nprint("x" * 700_000)\nimport time\ntime.sleep(1)\n'
    (folder / "src" / "91_more.py").write_text(plain.replace("90", "91") + large, encoding="utf-8")
    said = []
    monkeypatch.setattr(builder, "LONGEST", 0.5)
    with pytest.raises(CourseError, match="ZeroDivisionError"):
        builder.build(copy, say=said.append)
    assert {path: path.read_bytes() for path in before} == before
    assert (folder / "solutions" / "91_more.ipynb").is_file()
    assert not list(folder.rglob("*.part"))
    assert any("warning: 70" in line and "91_more.py:11 (700 KB)" in line for line in said)
    assert any("91_more.py:11: the widget leaves no picture" in line for line in said)
    assert any("Slowest: " in line and "91_more.py:11 (1 s)" in line for line in said)


def test_the_page_is_readable_on_its_own(tmp_path):
    notebook = executed(tmp_path, "# %% [markdown]\n# The idea is $x^2$.", "# %%\nprint('hello page')")
    execution.write_html(notebook, tmp_path / "pages" / "00.html", "00 · Does it run?")
    page = (tmp_path / "pages" / "00.html").read_text(encoding="utf-8")
    assert "<title>00 · Does it run?</title>" in page
    assert "hello page" in page
    scripts = re.findall(r'<script[^>]*src="([^"]*)"', page)
    assert all("mathjax" in script.lower() for script in scripts)
    assert "import mermaid" not in page
    assert not re.search(r'<link[^>]*href="http', page)
