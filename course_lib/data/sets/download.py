"""Download one large file so that nothing is lost: resume after an interruption, check, and only then give it its name.

While it comes in, a file is called NAME.part. NAME.part.tag remembers which version the server sent, so that a file
which changed in between is begun anew instead of being glued together from two.
"""

import errno
import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from course_lib.atomic import write_atomically
from course_lib.errors import DataError
from course_lib.places import place, system_errors
from course_lib.progress import progress

CHUNK = 2**20  # bytes read at a time; the progress bar counts these
PATIENCE = 30  # seconds without a byte before a connection counts as dead
ATTEMPTS = 4  # a server that breaks off is asked again, each time for what is still missing
PAUSE = 1.0  # seconds before the second attempt, then twice as long each time
_HTTP_REASONS = {
    401: "it wants a login",
    403: "it refuses: registration may be needed, or the address is no longer public",
    404: "the file is not there any more",
    410: "the file is not there any more",
}


@system_errors("the download cannot be kept", DataError)
def download(url, path, size=0, sha256=""):
    """Fetch `url` into `path`; continue where an earlier call was interrupted.

    Args:
        url: http or https.
        path: where to; its folder is created.
        size: bytes expected, 0 if unknown.
        sha256: expected checksum in hexadecimal, "" if unknown: then nothing is compared.
    Returns:
        Path of the complete file.
    Raises:
        DataError: with what happened and what to do: no connection, an HTTP error, a full disk, a file that ends early,
            another size or another checksum. What has been received stays, except when its content is wrong.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise DataError(f"{url} is not an http or https address.")
    path = place(path, DataError)
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        try:
            if _receive(url, part, size):
                break
        except (OSError, http.client.HTTPException) as error:
            _explain(error, url, part, last=attempt == ATTEMPTS - 1)
    else:
        raise DataError(
            f"{url} broke off {ATTEMPTS} times; {_megabytes(_length(part))} MB are in {part}. "
            "Run the same command again later: it continues there."
        )
    _verify(part, url, size, sha256)
    os.replace(part, path)
    _tag(part).unlink(missing_ok=True)
    return path


def file_sha256(path):
    """Checksum of a file, in hexadecimal, without loading it whole."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def _receive(url, part, size):
    """Append to `part` what is missing. True when the file is complete, False when the connection ended early."""
    have, tag = _length(part), _tag(part)
    if size and have == size:
        return True
    headers = {"User-Agent": "course-lib", "Accept-Encoding": "identity"}
    if have and tag.is_file():  # without the tag nobody knows whether the rest would fit
        headers |= {"Range": f"bytes={have}-", "If-Range": tag.read_text(encoding="utf-8")}
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        error.close()
        part.unlink()  # what we have is not the beginning of what the server has
        return False
    with response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if not resumed:
            have = 0
            version = response.headers.get("ETag") or response.headers.get("Last-Modified")
            tag.unlink(missing_ok=True)
            if version and not version.startswith("W/"):  # a weak tag promises the meaning, not the bytes
                write_atomically(tag, version)
        coming = response.headers.get("Content-Length")
        total = have + int(coming) if coming else size
        if size and total != size:
            raise DataError(f"{url} has {total} bytes, the catalogue says {size}: its publisher has changed it.")
        _check_space(part, total - have)
        steps = -(-(total - have) // CHUNK) if total else None
        with open(part, "ab" if resumed else "wb") as file:
            for block in progress(iter(lambda: response.read(CHUNK), b""), desc=f"{part.stem} (MiB)", total=steps):
                file.write(block)
                have += len(block)
            file.flush()
            os.fsync(file.fileno())
    return not total or have >= total


def _verify(part, url, size, sha256):
    """Content that is wrong is deleted: to resume from it would never end well."""
    if size and _length(part) != size:
        found = f"{_length(part)} bytes came, {size} were expected"
    elif sha256 and (digest := file_sha256(part)) != sha256:
        found = f"its SHA-256 is {digest}, {sha256} was expected"
    else:
        return
    with open(part, "rb") as file:
        page = file.read(200).lstrip().lower().startswith((b"<!doctype", b"<html"))
    part.unlink()
    _tag(part).unlink(missing_ok=True)
    cause = (
        "It is a web page: the address has moved, or wants a login."
        if page
        else "It was damaged on the way, or its publisher has changed it: try once more, then compare with the page."
    )
    raise DataError(f"{url} is not the file that the catalogue describes: {found}. {cause} The download was deleted.")


def _check_space(part, missing):
    free = shutil.disk_usage(part.parent).free
    if missing > free:
        raise DataError(
            f"{part.stem} needs {_megabytes(missing)} MB more, but only {_megabytes(free)} MB are free in "
            f"{part.parent}. Make room, or set COURSE_DATA to a folder on a larger disk."
        )


def _explain(error, url, part, last):
    """Raise what cannot be helped by asking again; return otherwise."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code >= 500 and not last:
            return
        otherwise = "the server is in trouble: try later" if error.code >= 500 else "see the page of the data set"
        reason = _HTTP_REASONS.get(error.code, otherwise)
        raise DataError(f"{url} answered {error.code} {error.reason}: {reason}.") from error
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        raise DataError(
            f"The disk of {part.parent} is full; {_megabytes(_length(part))} MB of {part.stem} are there. Make room "
            "and run the same command again: it continues. Or set COURSE_DATA to a folder on a larger disk."
        ) from error
    if isinstance(error, (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException)):
        never_connected = isinstance(error, urllib.error.URLError) and not _length(part)
        if last or never_connected:
            reason = getattr(error, "reason", error)
            raise DataError(f"No connection to {urlsplit(url).hostname} ({reason}). Is this machine online?") from error
        return
    raise DataError(f"{part} cannot be written: {error}. Set COURSE_DATA to a folder that you may write.") from error


def _length(part):
    return part.stat().st_size if part.exists() else 0


def _tag(part):
    return part.with_name(part.name + ".tag")


def _megabytes(count):
    return f"{count / 1e6:,.1f}"
