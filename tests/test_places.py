"""Paths with ~, and what the system refuses: a sentence that says what to do, never a traceback."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch

from course_lib.cli import main
from course_lib.data.flow_io import read_kitti_flow, write_flo, write_kitti_flow
from course_lib.data.sets import catalog
from course_lib.data.sets.readers import kinetics
from course_lib.data.video_io import probe, write_video
from course_lib.doctor import find_cache, find_kernel
from course_lib.errors import CourseError, DataError, VideoError
from course_lib.models.published import read_state_dict
from course_lib.places import explain, place, system_errors


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.fixture
def closed(tmp_path):
    """A folder that may not be written, also not by root, whom permissions do not bind."""
    if os.name == "nt":
        pytest.skip("needs POSIX permissions")
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    if os.geteuid() == 0:
        for above in (tmp_path, *tmp_path.parents):
            if above == Path(tempfile.gettempdir()):
                break
            above.chmod(0o755)  # pytest keeps its folders to their owner
        os.seteuid(65534)
    yield folder
    os.seteuid(os.getuid())


def clip():
    return torch.zeros(3, 4, 32, 32, dtype=torch.uint8)


def test_a_leading_tilde_is_the_home_folder(home):
    assert place("~/x") == home / "x" and place("~") == home
    assert str(place("~draft.mp4")) == "~draft.mp4", "a name, not a user"
    assert probe(write_video("~/film.mp4", clip(), 25)).path == probe("~/film.mp4").path == home / "film.mp4"
    write_flo("~/a.flo", torch.zeros(2, 4, 4))
    assert (home / "a.flo").exists()


def test_without_a_home_folder_the_message_names_the_variable(tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "COURSE_DATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if os.name == "posix":
        import pwd

        monkeypatch.setattr(pwd, "getpwuid", lambda number: (_ for _ in ()).throw(KeyError(number)))
    with pytest.raises(CourseError, match="Set HOME"):
        place("~/x")
    with pytest.raises(DataError, match="set HOME, or set COURSE_DATA"):
        catalog.cache_folder()
    assert "HOME" in find_cache().fix
    kernel = find_kernel()
    assert kernel.status == "ok" or "HOME" in kernel.fix
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert catalog.cache_folder() == tmp_path


def test_folders_that_may_not_be_written(closed):
    for write in (
        lambda: write_video(closed / "x.mp4", clip(), 25),
        lambda: write_flo(closed / "x.flo", torch.zeros(2, 4, 4)),
        lambda: write_kitti_flow(closed / "x.png", torch.zeros(2, 4, 4)),
    ):
        with pytest.raises(CourseError, match="Permission denied. Look at the permissions"):
            write()


def test_files_that_may_not_be_read(tmp_path, closed):
    os.seteuid(os.getuid())
    for name in ("a", "b"):
        (tmp_path / "k" / "val" / name).mkdir(parents=True)
        write_video(tmp_path / "k" / "val" / name / "1.mp4", clip(), 25)
    locked = tmp_path / "k" / "val" / "b" / "1.mp4"
    locked.chmod(0)
    shut = tmp_path / "shut"
    shut.mkdir(mode=0)
    if os.geteuid() == 0:
        os.seteuid(65534)
    with pytest.raises(VideoError, match="1.mp4: Permission denied"):
        probe(locked)
    assert [path for path, _ in kinetics(tmp_path / "k").readable()[1]] == [locked]
    for read in (lambda: probe(shut / "x.mp4"), lambda: kinetics(shut), lambda: read_state_dict(shut / "x.pth")):
        with pytest.raises(CourseError, match="Permission denied"):
            read()


def test_a_disk_that_is_full(tmp_path):
    if sys.platform == "win32":
        pytest.skip("needs a limit on the size of files")
    program = (
        "import resource, signal, sys, torch\n"
        "from course_lib.data.flow_io import write_flo\n"
        "from course_lib.data.video_io import write_video\n"
        "from course_lib.errors import CourseError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "noise = torch.randint(0, 255, (3, 8, 64, 64), dtype=torch.uint8)\n"
        "for write in (lambda: write_video('a.mp4', noise, 25), lambda: write_flo('a.flo', torch.zeros(2, 64, 64))):\n"
        "    try:\n"
        "        write()\n"
        "        print('written')\n"
        "    except CourseError as error:\n"
        "        print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    lines = ran.stdout.splitlines()
    assert len(lines) == 2 and all("cannot be written" in line and "Make room" in line for line in lines), ran
    assert list(tmp_path.iterdir()) == [], "nothing half-written is left"


def test_odd_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a:b.mp4", "http:x.mp4", "100%.mp4", "%03d.mp4", "-y.mp4", "a b'c.mp4", "é.mp4"):
        assert probe(write_video(name, clip(), 25)).frames == 4
    for name in ("a:b.png", "100%.png", "%03d.png"):
        write_kitti_flow(name, torch.ones(2, 4, 4))
        assert (read_kitti_flow(name)[0] == 1).all()
    for read in (probe, lambda name: write_video(name, clip(), 25)):
        with pytest.raises(VideoError, match="too long.*Shorten the name"):
            read("y" * 300 + ".mp4")


def test_links_to_nothing(tmp_path):
    link = tmp_path / "gone.mp4"
    link.symlink_to(tmp_path / "nowhere.mp4")
    with pytest.raises(VideoError, match="is a link to .*nowhere.mp4, which is not there") as error:
        probe(link)
    assert "Did you mean" not in str(error.value)
    for read in (read_state_dict, kinetics):
        with pytest.raises(CourseError, match="is a link to"):
            read(link)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(VideoError, match="pipe"):
        probe(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("number, advice", [
    (errno.ENOSPC, "Make room"), (errno.EROFS, "another place"), (errno.EACCES, "permissions"), (errno.ENXIO, ""),
])  # fmt: skip
def test_what_the_system_says_is_explained(number, advice):
    error = OSError(number, os.strerror(number), "/data/film.mp4")
    assert explain(error).startswith(f"/data/film.mp4: {os.strerror(number)}.") and advice in explain(error)
    with pytest.raises(DataError, match="not readable: /data/film.mp4"), system_errors("not readable", DataError):
        raise error


def test_the_command_line_never_shows_a_traceback_of_the_system(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    for arguments in (["data", "make", "~/file/x"], ["data", "get", "ucf101", "--to=~/file/x"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr().err
        assert ended.value.code == 1 and said.startswith("course: ") and "Traceback" not in said


def test_any_refusal_of_the_system_is_a_line_on_the_command_line(capsys, monkeypatch):
    def full():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "grades.csv")

    monkeypatch.setattr(catalog, "entries", full)
    with pytest.raises(SystemExit) as ended:
        main(["data", "list"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith(f"course: grades.csv: {os.strerror(errno.ENOSPC)}. Make room") and said.count("\n") == 1
