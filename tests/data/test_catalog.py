"""Downloads against a server of our own that resumes, breaks off, lies and refuses."""

import errno
import hashlib
import io
import os
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_lib.data.sets import catalog, download
from course_lib.data.sets.archives import unpack
from course_lib.errors import DataError

CONTENT = bytes(range(256)) * 20_000  # 5 MB: several chunks
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT; the path says how: /whole.bin, /breaks.bin (halfway), /nolength.bin, /404.bin ..."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.requests.append((self.path, asked))
        kind = self.path.strip("/").split(".")[0]
        if kind.isdigit():
            return self.answer(int(kind), b"no")
        if self.path in self.server.pages:
            return self.answer(200, self.server.pages[self.path])
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked and kind != "norange" else 0
        if asked and self.headers.get("If-Range") != self.server.tag:
            start = 0  # the file has changed since
        if start > len(CONTENT):
            return self.answer(416, b"")
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if kind != "nolength":
            self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", self.server.tag)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[: max(len(body) // 2, 100_000)] if kind == "breaks" else body)
        self.close_connection = True

    def answer(self, code, body):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Quiet."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.handle_error = lambda request, address: None  # a client that hangs up early is part of the tests
    running.tag, running.requests, running.pages = '"v1"', [], {}
    running.url = f"http://127.0.0.1:{running.server_address[1]}"
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file_arrives_under_its_name(server, tmp_path):
    path = download.download(f"{server.url}/whole.bin", tmp_path / "new" / "whole.bin", len(CONTENT), DIGEST)
    assert path.read_bytes() == CONTENT and leftovers(path.parent) == ["whole.bin"]
    assert server.requests == [("/whole.bin", None)]


def test_a_connection_that_breaks_off_is_resumed_by_itself(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "ATTEMPTS", 30)  # each attempt brings half of what is missing
    path = download.download(f"{server.url}/breaks.bin", tmp_path / "breaks.bin", len(CONTENT), DIGEST)
    assert path.read_bytes() == CONTENT
    starts = [int(asked[6:-1]) for _, asked in server.requests if asked]
    assert len(starts) > 5 and starts == sorted(starts) and starts[0] == len(CONTENT) // 2


def test_an_interrupted_download_continues_in_the_next_run(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    with pytest.raises(DataError, match=r"broke off.*2\.6 MB are in .*breaks.bin.part.*continues there"):
        download.download(f"{server.url}/breaks.bin", tmp_path / "breaks.bin", len(CONTENT), DIGEST)
    assert leftovers(tmp_path) == ["breaks.bin.part", "breaks.bin.part.tag"]
    os.replace(tmp_path / "breaks.bin.part", tmp_path / "whole.bin.part")
    os.replace(tmp_path / "breaks.bin.part.tag", tmp_path / "whole.bin.part.tag")
    path = download.download(f"{server.url}/whole.bin", tmp_path / "whole.bin", len(CONTENT), DIGEST)
    assert path.read_bytes() == CONTENT and leftovers(tmp_path) == ["whole.bin"]
    assert server.requests[-1] == ("/whole.bin", f"bytes={len(CONTENT) // 2}-")


@pytest.mark.parametrize("name", ["whole.bin", "norange.bin", "nolength.bin"])
def test_half_a_file_of_another_version_is_not_glued_to_this_one(server, tmp_path, name):
    (tmp_path / f"{name}.part").write_bytes(b"old" * 1000)
    (tmp_path / f"{name}.part.tag").write_text('"v0"')
    assert download.download(f"{server.url}/{name}", tmp_path / name).read_bytes() == CONTENT


def test_a_server_that_does_not_resume_sends_all_again(server, tmp_path):
    (tmp_path / "norange.bin.part").write_bytes(CONTENT[:1000])
    (tmp_path / "norange.bin.part.tag").write_text(server.tag)
    assert download.download(f"{server.url}/norange.bin", tmp_path / "norange.bin").read_bytes() == CONTENT


def test_more_than_the_server_has_is_begun_anew(server, tmp_path):
    (tmp_path / "whole.bin.part").write_bytes(CONTENT + b"more")
    (tmp_path / "whole.bin.part.tag").write_text(server.tag)
    assert download.download(f"{server.url}/whole.bin", tmp_path / "whole.bin").read_bytes() == CONTENT


def test_a_wrong_checksum_is_said_and_nothing_is_left(server, tmp_path):
    with pytest.raises(DataError, match=f"SHA-256 is {DIGEST}, {'0' * 64} was expected.*deleted"):
        download.download(f"{server.url}/whole.bin", tmp_path / "whole.bin", sha256="0" * 64)
    assert leftovers(tmp_path) == []


def test_a_web_page_instead_of_the_file_is_recognised(server, tmp_path):
    server.pages["/whole.bin"] = b"\n<!DOCTYPE html><title>Please log in</title>"
    with pytest.raises(DataError, match="It is a web page.*login"):
        download.download(f"{server.url}/whole.bin", tmp_path / "whole.bin", sha256=DIGEST)


def test_another_size_is_said_before_the_download(server, tmp_path):
    with pytest.raises(DataError, match=f"has {len(CONTENT)} bytes, the catalogue says 7"):
        download.download(f"{server.url}/whole.bin", tmp_path / "whole.bin", size=7)


@pytest.mark.parametrize(
    ("code", "says", "requests"),
    [(401, "wants a login", 1), (403, "refuses", 1), (404, "not there any more", 1), (418, "see the page", 1)]
    + [(503, "in trouble: try later", download.ATTEMPTS)],
)
def test_http_errors_are_explained(server, tmp_path, code, says, requests):
    with pytest.raises(DataError, match=f"answered {code} .*{says}"):
        download.download(f"{server.url}/{code}.bin", tmp_path / "file.bin")
    assert len(server.requests) == requests


def test_without_a_connection_there_are_manual_steps(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    file = catalog.RemoteFile("http://127.0.0.1:9/set.zip", size=10, sha256=DIGEST)
    entry = catalog.Entry("set", "a set", "CC0", "https://example.org/set", "download", "Unpack it.", files=(file,))
    monkeypatch.setattr(catalog, "entries", lambda: (entry,))
    with pytest.raises(DataError) as caught:
        catalog.get("set", tmp_path / "set")
    said = str(caught.value)
    assert "No connection to 127.0.0.1" in said and "online?" in said
    steps = ["1. Read the licence (CC0) on https://example.org/set", f"set.zip (10 bytes, SHA-256 {DIGEST})"]
    for step in [*steps, f"3. Put it into {tmp_path / 'set'}", "4. Unpack it."]:
        assert step in said


def test_a_full_disk_is_said_before_and_during(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(DataError, match=r"needs 5\.1 MB more, but only 0\.0 MB are free.*COURSE_DATA"):
        download.download(f"{server.url}/whole.bin", tmp_path / "whole.bin")
    monkeypatch.undo()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download.os, "fsync", full)
    with pytest.raises(DataError, match="disk of .* is full.*it continues"):
        download.download(f"{server.url}/whole.bin", tmp_path / "whole.bin")


def test_a_folder_that_cannot_be_written_is_said(server, tmp_path, monkeypatch):
    def refuse(descriptor):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(download.os, "fsync", refuse)
    with pytest.raises(DataError, match="cannot be written.*COURSE_DATA"):
        download.download(f"{server.url}/whole.bin", tmp_path / "whole.bin")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/x"])
def test_only_the_web_is_asked(tmp_path, url):
    with pytest.raises(DataError, match="not an http"):
        download.download(url, tmp_path / "x")


@pytest.fixture
def small_catalog(server, monkeypatch):
    """A catalogue of our own server's files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("set/readme.txt", "hello")
    server.pages["/set.zip"] = buffer.getvalue()
    server.pages["/list.txt"] = f"{server.url}/a.bin\n{server.url}/b.bin\n{server.url}/c.bin\n".encode()
    files = (catalog.RemoteFile(f"{server.url}/set.zip"), catalog.RemoteFile(f"{server.url}/list.txt", index=True))
    made = (
        catalog.Entry("set", "a set", "CC0", "https://example.org", "download", files=files),
        catalog.Entry(
            "one", "one file", "CC0", "x", "download", files=(catalog.RemoteFile(f"{server.url}/whole.bin"),)
        ),
        catalog.Entry("secret", "a set", "CC0", "https://example.org/login", "register", files=files[:1]),
        catalog.Entry("pieces", "a set", "CC0", "https://example.org/pieces", "manual"),
    )
    monkeypatch.setattr(catalog, "entries", lambda: made)
    return made


def test_get_downloads_once_and_remembers_the_checksum(server, small_catalog, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    folder = catalog.get("one")
    assert folder == tmp_path / "cache" / "one"
    assert (folder / "whole.bin.sha256").read_text() == f"{DIGEST}  whole.bin\n"
    catalog.get("one")
    assert len(server.requests) == 1


def test_get_checks_a_file_that_was_put_there_by_hand(small_catalog, tmp_path, monkeypatch):
    asked = catalog.RemoteFile("http://127.0.0.1:9/whole.bin", sha256=DIGEST)
    entry = catalog.Entry("hand", "x", "CC0", "x", "download", files=(asked,))
    monkeypatch.setattr(catalog, "entries", lambda: (entry,))
    (tmp_path / "whole.bin").write_bytes(b"wrong")
    with pytest.raises(DataError, match=f"expected {DIGEST}: delete it"):
        catalog.get("hand", tmp_path)
    (tmp_path / "whole.bin").write_bytes(CONTENT)
    assert catalog.get("hand", tmp_path) == tmp_path


def test_get_fetches_as_many_parts_as_asked_and_unpacks(server, small_catalog, tmp_path):
    folder = catalog.get("set", tmp_path, parts=2, unpack=True)
    assert sorted(path.name for path in (folder / "list").glob("*.bin")) == ["a.bin", "b.bin"]
    assert (folder / "unpacked" / "set" / "set" / "readme.txt").read_text() == "hello"
    catalog.get("set", tmp_path, parts=3, unpack=True)
    assert [path for path, _ in server.requests] == ["/set.zip", "/list.txt", "/a.bin", "/b.bin", "/c.bin"]


def test_an_index_that_is_no_index_is_said(server, small_catalog, tmp_path):
    server.pages["/list.txt"] = b"<html>moved</html>"
    with pytest.raises(DataError, match="should list addresses.*moved"):
        catalog.get("set", tmp_path, parts=1)


@pytest.mark.parametrize(("name", "says"), [("secret", "asks who you are"), ("pieces", "comes in many pieces")])
def test_what_must_be_fetched_by_hand_is_explained_until_it_is_there(small_catalog, tmp_path, name, says):
    folder = tmp_path / name
    with pytest.raises(DataError, match=f"{says}(.|\n)*Put it into {folder}"):
        catalog.get(name, folder)
    folder.mkdir()
    (folder / "set.zip").write_bytes(b"here")
    assert catalog.get(name, folder) == folder


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(DataError, match="no data set 'imagenet'.*ucf101.*davis2017"):
        catalog.get("imagenet")


def test_the_catalogue_is_complete_and_honest():
    names = {entry.name for entry in catalog.entries()}
    assert names == {
        *("ucf101", "hmdb51", "kinetics400", "flying_chairs", "sintel"),
        *("kitti2012", "kitti2015", "otb100", "got10k", "davis2017"),
    }
    for entry in catalog.entries():
        assert entry.what and entry.licence and entry.page.startswith("http") and entry.after
        assert entry.files or entry.how == "manual"
        for file in entry.files:
            assert file.file_name and (not file.sha256 or len(file.sha256) == 64)
            assert not (file.size and file.about), "exact or estimated, not both"
        assert entry.licence in str(entry) and all(field in str(entry) for field in entry.unconfirmed)
    assert "833 MB" in str(catalog.find("davis2017")) and "about 5.3 GB" in str(catalog.find("sintel"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[dataset]\n", "not a valid catalogue"),
        ("", "KeyError 'dataset'"),
        ('[[dataset]]\nname = "x"\n', "missing.*'what'"),
        ('[[dataset]]\nname = "x"\nwhat = ""\nlicence = ""\npage = ""\nhow = "magic"\n', "how = 'magic'"),
        ('[[dataset]]\nname = "x"\nwhat = ""\nlicence = ""\npage = ""\nhow = "manual"\n' * 2, "same name"),
    ],
)
def test_a_broken_catalogue_is_said(tmp_path, text, says):
    (tmp_path / "catalog.toml").write_text(text)
    with pytest.raises(DataError, match=says):
        catalog.read_catalog(tmp_path / "catalog.toml")


def test_the_cache_folder_follows_the_environment(monkeypatch):
    monkeypatch.setenv("COURSE_DATA", "~/videos")
    assert catalog.cache_folder() == Path.home() / "videos"
    monkeypatch.delenv("COURSE_DATA")
    monkeypatch.setattr(catalog.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert catalog.cache_folder() == Path("/somewhere/course_lib")


def make_tar(path, *members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, len(content)
            member.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
            archive.addfile(member, io.BytesIO(content))


def test_tar_and_zip_are_unpacked_whole(tmp_path):
    make_tar(tmp_path / "a.tar.gz", ("deep/file.txt", b"one", tarfile.REGTYPE))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("deep/file.txt", "one")
    for archive in ("a.tar.gz", "a.zip"):
        folder = unpack(tmp_path / archive, tmp_path / f"{archive}-out")
        assert (folder / "deep" / "file.txt").read_bytes() == b"one"
        (folder / "mine.txt").write_text("kept")
        assert (unpack(tmp_path / archive, folder) / "mine.txt").exists()


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("../out.txt", tarfile.REGTYPE, "outside its folder"),
        ("/tmp/out.txt", tarfile.REGTYPE, "outside its folder"),
        ("a/../../out.txt", tarfile.REGTYPE, "outside its folder"),
        ("C:out.txt", tarfile.REGTYPE, "outside its folder"),
        ("link", tarfile.SYMTYPE, "link or device"),
        ("hard", tarfile.LNKTYPE, "link or device"),
        ("device", tarfile.CHRTYPE, "link or device"),
    ],
)
def test_an_archive_cannot_write_elsewhere(tmp_path, name, kind, says):
    make_tar(tmp_path / "bad.tar.gz", ("fine.txt", b"fine", tarfile.REGTYPE), (name, b"", kind))
    with pytest.raises(DataError, match=says):
        unpack(tmp_path / "bad.tar.gz", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        member = zipfile.ZipInfo(name)
        member.external_attr = (0o100644 if kind == tarfile.REGTYPE else 0o120777) << 16
        archive.writestr(member, "x")
    with pytest.raises(DataError, match=says):
        unpack(tmp_path / "bad.zip", tmp_path / "out")
    assert leftovers(tmp_path) == ["bad.tar.gz", "bad.zip"]


def test_a_damaged_or_foreign_archive_is_said(tmp_path):
    make_tar(tmp_path / "cut.tar.gz", ("file.bin", os.urandom(100_000), tarfile.REGTYPE))
    whole = (tmp_path / "cut.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged"):
        unpack(tmp_path / "cut.tar.gz", tmp_path / "out")
    (tmp_path / "set.rar").write_bytes(b"Rar!")
    with pytest.raises(DataError, match="unrar x set.rar"):
        unpack(tmp_path / "set.rar", tmp_path / "out")
    assert not (tmp_path / "out").exists()
