"""The ways to install the course agree with each other, with Colab, and with what is on disk."""

import email
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COLAB = tomllib.loads((ROOT / "tests/fixtures/colab_versions.toml").read_text(encoding="utf-8"))
PYTHONS = ("3.10.13", "3.11.7", "3.12.1", "3.13.0")


def environment(python):
    """The marker environment of another Python."""
    series = python.rpartition(".")[0] if python.count(".") == 2 else python
    return {**default_environment(), "python_version": series, "python_full_version": python, "extra": ""}


def pins(python):
    """constraints.txt as {canonical name: version} for one Python."""
    found = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate(environment(python)):
                (only,) = requirement.specifier
                assert only.operator == "==", line
                assert canonicalize_name(requirement.name) not in found, f"{line}: two pins apply on Python {python}"
                found[canonicalize_name(requirement.name)] = Version(only.version)
    return found


def direct(python="3.11.7", extras=("lab", "cluster", "test")):
    """What pyproject.toml asks for, as requirements that apply on one Python."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    for requirement in map(Requirement, lines):
        if requirement.name != PROJECT["name"] and (
            requirement.marker is None or requirement.marker.evaluate(environment(python))
        ):
            yield requirement


def colab_version(name):
    """The version on Colab, or None. Of "2.11" the lowest release, 2.11.0, must satisfy the bounds."""
    for known, entry in COLAB["packages"].items():
        if canonicalize_name(known) == canonicalize_name(name):
            return Version(entry["version"])
    return None


# ---------------------------------------------------------------------------------------------- pyproject and the pins


def test_pyproject_has_lower_bounds_only():
    for requirement in direct():
        assert [bound.operator for bound in requirement.specifier] == [">="], f"{requirement}: lower bounds only"


@pytest.mark.parametrize("python", PYTHONS)
def test_every_direct_dependency_is_pinned_within_its_bound(python):
    pinned = pins(python)
    for requirement in direct(python):
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} has no pin for Python {python} in constraints.txt"
        assert requirement.specifier.contains(pinned[name]), f"{name}=={pinned[name]} is outside {requirement}"


def test_constraints_name_no_address_and_no_cuda_build():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text and " @ " not in text and "-index" not in text and "+c" not in text
    assert not re.search(r"^(nvidia|cuda|triton)", text, re.MULTILINE), "torch pins its own CUDA libraries"


def test_the_tested_environment_is_the_pinned_one():
    """Holds in the environment that `make env` makes. Elsewhere (conda, Colab, a GPU machine) the pins do not apply."""
    if Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("not in the .venv of this checkout")
    pinned = pins(".".join(map(str, sys.version_info[:3])))
    differing = []
    for distribution in metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"])
        if name in ("course-lib", "pip", "setuptools") or name.startswith(("nvidia-", "cuda-", "triton")):
            continue
        version = Version(distribution.version)
        if name not in pinned or version.public != pinned[name].public:
            differing.append(f"{name}: installed {version}, pinned {pinned.get(name)}")
    assert not differing, "run `make env`, or renew constraints.txt:\n" + "\n".join(differing)


def test_conda_users_get_the_same_versions():
    import yaml

    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python = next(entry for entry in conda["dependencies"] if str(entry).startswith("python="))
    series = python.removeprefix("python=")
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(series)
    (section,) = (entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict))
    assert "--constraint constraints.txt" in section and "--editable .[test]" in section
    listed = {canonicalize_name(r.name): str(r.specifier) for r in map(Requirement, section[2:])}
    pinned = pins(f"{series}.9")
    expected = {canonicalize_name(r.name): f"=={pinned[canonicalize_name(r.name)]}" for r in direct(f"{series}.9")}
    assert listed == expected


# ------------------------------------------------------------------------------------------------------------- on Colab


def test_colab_satisfies_every_bound():
    """Else `pip install course_lib` there would replace the package."""
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(COLAB["python"])
    for requirement in direct(f"{COLAB['python']}.0", extras=()):
        version = colab_version(requirement.name)
        if version is None:
            assert requirement.name in COLAB["absent"], f"{requirement.name} is missing in colab_versions.toml"
        else:
            assert requirement.specifier.contains(version), f"{requirement} would replace {version} on Colab"


def test_what_colab_lacks_asks_for_nothing_newer():
    """The packages that the set-up cell adds there have bounds of their own, as far down as they go."""
    waiting = [r.name for r in direct(f"{COLAB['python']}.0", extras=()) if colab_version(r.name) is None]
    assert waiting, "nothing is installed on Colab at all: is `absent` in colab_versions.toml right?"
    seen = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            if requirement.marker and not requirement.marker.evaluate(environment(f"{COLAB['python']}.0")):
                continue
            version = colab_version(requirement.name)
            if version is not None:
                assert requirement.specifier.contains(version), f"{name} asks for {requirement}; Colab has {version}"
            elif requirement.name not in seen:
                waiting.append(requirement.name)


def test_the_colab_table_knows_what_must_stay():
    for name in COLAB["keep"]:
        assert colab_version(name) is not None, name
    assert all(entry["known"] in ("series", "list") for entry in COLAB["packages"].values())


# ------------------------------------------------------------------------------------------------------------ the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("hatchling", reason="hatchling is not installed: run `make env`")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    run = subprocess.run([*command, "-w", folder, ROOT], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert run.returncode == 0, run.stdout + run.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_the_package_and_the_data(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    listed = subprocess.run(["git", "ls-files", "data", "course_lib"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for path in listed.stdout.split():
        if (ROOT / path).is_file():
            inside = path if path.startswith("course_lib/") else path.replace("data/", "course_lib/shipped/", 1)
            assert sizes.get(inside) == (ROOT / path).stat().st_size, f"{inside} is not in the wheel, or differs"
    assert any(name.startswith("course_lib/shipped/clips/") for name in names), "no clips travel with the wheel"
    stray = [name for name in names if name.startswith(("tests/", "notebooks/", "work/")) or "__pycache__" in name]
    assert not stray
    assert sum(sizes.values()) < 10e6, "a wheel is fetched by every Colab session: keep it small"


def test_wheel_says_what_it_needs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        header = email.message_from_bytes(archive.read(name))
        (entry,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "course = course_lib.cli:main" in archive.read(entry).decode()
        assert any("LICENSE" in name for name in archive.namelist())
    stated = {str(Requirement(line)) for line in header.get_all("Requires-Dist") if "extra" not in line}
    assert stated == {str(Requirement(line)) for line in PROJECT["dependencies"]}


def test_wheel_imports_and_finds_its_clips(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        "import course_lib, pathlib\n"
        "from course_lib.data.sets import shipped\n"
        "here = pathlib.Path.cwd()\n"
        "assert pathlib.Path(course_lib.__file__).is_relative_to(here), course_lib.__file__\n"
        "clips = [shipped.clip_path(name) for name in shipped.clip_names()]\n"
        "assert clips and all(path.is_file() and path.is_relative_to(here) for path in clips), clips\n"
    )
    path = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


# ------------------------------------------------------------------------------------- `make env` on a stand-in Python

FAKE_PYTHON = """#!/bin/sh
# Stands in for Python: notes what is asked of it, and makes environments that hold a copy of itself.
case "$*" in
  *version_info*) [ -z "$OLD" ] ;;
  *"sys.version.split"*|*"print(sys.version"*) echo 3.9.1 ;;
  "-V") echo "Python 3.12.0" ;;
  "-m venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python && echo venv >>log ;;
  "-m pip install"*) echo "pip" >>log; [ -z "$FAIL" ] ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    """A folder with what `make env` reads, and a function that runs it there with a stand-in Python."""
    if os.name == "nt" or shutil.which("make") is None:
        pytest.skip("needs make and a POSIX shell")
    folder = tmp_path / "course"
    (folder / ".ci").mkdir(parents=True)
    for name in ("Makefile", ".ci/environment", ".ci/timed", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    python = tmp_path / "python-stand-in"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)

    def make(**variables):
        where = variables.pop("where", folder)
        log = where / "log"
        log.unlink(missing_ok=True)
        command = ["make", "env", f"PYTHON={variables.pop('PYTHON', python)}"]
        env = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
        run = subprocess.run(command, cwd=where, env={**env, **variables}, capture_output=True, text=True, timeout=60)
        return run, log.read_text().split() if log.exists() else []

    make.folder = folder
    return make


def test_make_env_twice(checkout):
    run, done = checkout()
    assert run.returncode == 0 and done == ["venv", "pip"], run.stdout + run.stderr
    run, done = checkout()
    assert run.returncode == 0 and done == [], "the second run must start at once"


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_make_env_after_a_change(checkout, name):
    checkout()
    with open(checkout.folder / name, "a") as file:
        file.write("# changed\n")
    assert checkout()[1] == ["pip"]
    assert checkout()[1] == []


def test_make_env_after_an_interruption(checkout):
    run, done = checkout(FAIL="1")
    assert run.returncode != 0 and done == ["venv", "pip"]
    assert "network" in run.stderr
    run, done = checkout()
    assert run.returncode == 0 and done == ["venv", "pip"], "what was left half-made must be made anew"
    assert checkout()[1] == []


def test_make_env_when_the_interpreter_went_away(checkout):
    checkout()
    python = checkout.folder / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert checkout()[1] == ["venv", "pip"]


def test_make_env_in_a_moved_checkout(checkout):
    checkout()
    elsewhere = checkout.folder.with_name("moved here")
    checkout.folder.rename(elsewhere)
    assert checkout(where=elsewhere)[1] == ["venv", "pip"]


def test_make_env_keeps_an_environment_of_yours(checkout):
    checkout()
    (checkout.folder / ".venv/.course-stamp").unlink()
    (checkout.folder / ".venv/mine").touch()
    assert checkout()[1] == ["pip"]
    assert (checkout.folder / ".venv/mine").exists()


def test_make_env_without_a_suitable_python(checkout):
    run, done = checkout(OLD="1")
    assert run.returncode != 0 and done == []
    assert "is Python 3.9.1" in run.stderr and "3.10 or newer" in run.stderr
    assert not (checkout.folder / ".venv").exists()
    run, _ = checkout(PYTHON="no-such-python")
    assert "no-such-python: not here" in run.stderr and "apt install" in run.stderr


def test_make_env_with_an_interpreter_in_a_folder_with_spaces(checkout):
    python = checkout.folder.parent / "my pythons" / "python 3"
    python.parent.mkdir()
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    run, done = checkout(PYTHON=python)
    assert run.returncode == 0 and done == ["venv", "pip"], run.stdout + run.stderr
    assert f"Making .venv with {python} " in run.stdout


# ----------------------------------------------------------------------------------- the repository as strangers see it


def readme():
    """README.md without its comments."""
    return re.sub(r"<!--.*?-->", "", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_table_of_lectures_agrees_with_the_files():
    """26 rows in order; a row is linked exactly when the lecture exists, else it says planned."""
    rows = re.findall(r"^\| *(\d\d) *\|(.*)\|$", readme(), re.MULTILINE)
    assert [number for number, _ in rows] == [f"{number:02}" for number in range(26)]
    for number, row in rows:
        editions = sorted((ROOT / "notebooks").glob(f"{number}_*.ipynb"))
        if editions:
            link = f"notebooks/{editions[0].name}"
            assert f"({link})" in row and f"/blob/main/{link})" in row, f"link lecture {number} and its badge to {link}"
            assert "planned" not in row, f"lecture {number} exists"
        else:
            assert "planned" in row and "](notebooks/" not in row, f"lecture {number} does not exist: say planned"


def test_readme_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", readme()):
        assert (ROOT / target).exists(), f"README.md links to {target}, which is not there"


def test_badges_point_to_the_repository_of_pyproject():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    repository = tomllib.loads(text)["tool"]["course"]["repository"].removeprefix("https://github.com/")
    badges = re.findall(r"colab\.research\.google\.com/github/([^/]+/[^/]+)/blob/main/(notebooks/[^)]+)", readme())
    assert badges
    for owner, path in badges:
        assert owner == repository and (ROOT / path).exists(), f"badge to {owner}, {path}"
    assert repository in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_versions_agree():
    import course_lib

    assert course_lib.__version__ == PROJECT["version"]
    assert f"version: {PROJECT['version']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_workflows_run_the_same_commands():
    import yaml

    for name in ("ci.yml", "nightly.yml", "colab.yml"):
        workflow = yaml.safe_load((ROOT / ".github/workflows" / name).read_text(encoding="utf-8"))
        assert workflow["jobs"], name
    assert "run: .ci/run\n" in (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert "run: .ci/run test-all\n" in (ROOT / ".github/workflows/nightly.yml").read_text(encoding="utf-8")
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert 'make "${1:-test}"' in (ROOT / ".ci/run").read_text(encoding="utf-8")
