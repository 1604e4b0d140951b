"""A lecture as Colab runs it: its versions, no course_lib, the notebook alone in an empty folder.

An environment holds 6 GB, nearly all of it torch. So this one is layered: a fresh virtual environment gets Colab's
versions of everything that is small (tests/fixtures/colab_versions.toml), and sees torch and torchvision, with what
they need, through a folder of links into the environment that runs the tests. Nothing else of it is visible, and pip
never removes what lies outside its own environment.

Not the same as on Colab: Python (this interpreter's), torch and torchvision (this environment's); .github/workflows/
colab.yml installs course_lib beside Colab's own.
"""

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import nbclient
import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.net

ROOT = Path(__file__).resolve().parents[2]
COLAB = tomllib.loads((ROOT / "tests/fixtures/colab_versions.toml").read_text(encoding="utf-8"))
BORROWED = re.compile(r"torch|torchvision|triton|(nvidia|cuda)-.*")  # gigabytes: seen through links
LECTURES = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
QUICK = "02"  # it has everything: widgets, video, training
ADDED = {"course-lib", "av"}  # what the set-up cell may install


def run(*command, **options):
    command = [str(part) for part in command]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)


def must(*command, **options):
    done = run(*command, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def wanted():
    """What pip installs into the layer: Colab's versions, and the small packages that torch asks for."""
    for name, entry in COLAB["packages"].items():
        if not BORROWED.fullmatch(name):
            yield f"{name}=={entry['version']}" + (".*" if entry["version"].count(".") == 1 else "")
    for requirement in map(Requirement, metadata.requires("torch")):
        if requirement.marker is None and not BORROWED.fullmatch(canonicalize_name(requirement.name)):
            yield str(requirement)


def link_torch(folder):
    """Fill `folder` with links to what the borrowed distributions hold."""
    folder.mkdir()
    for distribution in metadata.distributions():
        if BORROWED.fullmatch(canonicalize_name(distribution.metadata["Name"])):
            for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
                if not (folder / top).exists():
                    (folder / top).symlink_to(distribution.locate_file(top))


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """The interpreter of the layered environment."""
    folder = tmp_path_factory.mktemp("colab")
    must(sys.executable, "-m", "venv", folder / "env")
    python = folder / "env" / "bin" / "python"
    probe = run(python, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder, "ipywidgets==7.7.1")
    if probe.returncode and "from versions: none" in probe.stderr and not os.environ.get("COURSE_REQUIRE_NET"):
        pytest.skip("the package index cannot be reached")
    link_torch(folder / "torch")
    (site,) = (folder / "env").rglob("site-packages")
    (site / "torch_from_outside.pth").write_text(f"{folder / 'torch'}\n", encoding="utf-8")
    must(python, "-m", "pip", "install", "--quiet", "--no-compile", *wanted())
    return python


def installed(python):
    """{name: version} of all that this interpreter sees."""
    listed = json.loads(must(python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"))
    return {canonicalize_name(entry["name"]): entry["version"] for entry in listed}


def test_the_layer_is_colab_and_lacks_the_course(colab, tmp_path):
    versions = installed(colab)
    for name, entry in COLAB["packages"].items():
        if not BORROWED.fullmatch(name):
            assert (versions[canonicalize_name(name)] + ".").startswith(entry["version"] + "."), name
    for name in COLAB["absent"]:
        assert canonicalize_name(name) not in versions, f"{name} shows through"
        assert run(colab, "-c", f"import {name}", cwd=tmp_path).returncode != 0, f"{name} can be imported"


def test_the_set_up_cell_would_add_two_packages_and_replace_none(colab, tmp_path):
    """Asked before anything is installed, so that a bound that is too high costs a message and not gigabytes."""
    report = tmp_path / "report.json"
    must(colab, "-m", "pip", "install", "--quiet", "--dry-run", "--report", report, ROOT)
    chosen = json.loads(report.read_text(encoding="utf-8"))["install"]
    assert {canonicalize_name(entry["metadata"]["name"]) for entry in chosen} == ADDED


LAST_CELL = """
import json
from importlib import metadata
import course_lib, IPython, ipywidgets, numpy, torch
print(json.dumps({"ipywidgets": ipywidgets.__version__, "IPython": IPython.__version__, "course": course_lib.__file__}))
"""


def chosen(lecture):
    """A lecture as parameter; all but one are left to the full tier."""
    marks = () if lecture.stem[:2] == QUICK else pytest.mark.full("lectures as Colab runs them")
    return pytest.param(lecture, marks=marks, id=lecture.stem[:2])


@pytest.mark.parametrize("lecture", [chosen(lecture) for lecture in LECTURES])
def test_a_lone_learner_notebook_runs(colab, lecture, tmp_path, monkeypatch):
    """In an empty folder, unsolved, from top to bottom, its set-up cell installing course_lib from this checkout."""
    run(colab, "-m", "pip", "uninstall", "--quiet", "--yes", *ADDED)  # as new, whatever ran before
    before = installed(colab)
    assert not ADDED & set(before)

    spec = tmp_path / "jupyter" / "kernels" / "colab" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [str(colab), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "Colab", "language": "python"}), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("COURSE_SOURCE", str(ROOT))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COURSE_STRICT", "1")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    alone = tmp_path / "content"
    alone.mkdir()

    notebook = nbformat.read(lecture, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(LAST_CELL))
    client = nbclient.NotebookClient(
        notebook, kernel_name="colab", timeout=240, resources={"metadata": {"path": str(alone)}}
    )
    client.execute()  # a cell that fails raises, with its traceback

    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    said = json.loads(notebook.cells[-1].outputs[0].text)
    assert said["ipywidgets"] == COLAB["packages"]["ipywidgets"]["version"]
    assert said["IPython"] == COLAB["packages"]["ipython"]["version"]
    assert Path(said["course"]).is_relative_to(colab.parent.parent), "it ran on the checkout, not on the wheel"

    after = installed(colab)
    assert set(after) - set(before) == ADDED
    replaced = {name: (version, after.get(name)) for name, version in before.items() if after.get(name) != version}
    assert not replaced, f"installing course_lib replaced {replaced}"

    for cell in notebook.cells:
        if "widget" in cell.metadata.get("tags", []):
            offered = {kind for output in cell.outputs for kind in output.get("data", {})}
            assert {"application/vnd.jupyter.widget-view+json", "image/png"} <= offered, cell.source
