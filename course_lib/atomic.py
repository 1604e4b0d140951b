"""Write a file whole or not at all, so that an interruption never leaves half of it behind."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path):
    """A file to write beside `path`, which takes its name in one step when the block ends well.

        with replacing(path) as beside:
            torch.save(weights, beside)

    If the block raises, `path` stays as it was and the file beside it is deleted. Only a process that is killed at once
    (kill -9, a power cut) leaves it there, hidden, with ".part" in its name.

    Args:
        path: where to; its folder must exist.
    Yields:
        Path of an empty file in the same folder, with the same suffix: some writers choose the format by it.
    Raises:
        OSError: if the folder cannot be written.
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=f".part{path.suffix}")
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        os.chmod(beside, 0o644)  # mkstemp makes files that only their owner may read
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_atomically(path, content):
    """Write bytes or text in one step.

    Args:
        path: where to; its folder must exist.
        content: bytes, or text (written as UTF-8 with "\\n" line ends on every system).
    Raises:
        OSError: if the folder cannot be written; `path` is then as it was.
    """
    with replacing(path) as beside:
        beside.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
