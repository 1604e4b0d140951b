"""Write a file whole or not at all, so that an interruption never leaves half of it behind."""

import os
import tempfile
from pathlib import Path


def write_atomically(path, content):
    """Write beside `path` first, then rename over it in one step.

    Args:
        path: where to; its folder must exist.
        content: bytes, or text (written as UTF-8 with "\\n" line ends on every system).
    Raises:
        OSError: if the folder cannot be written; `path` is then as it was.
    """
    path = Path(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(beside, 0o644)  # mkstemp makes files that only their owner may read
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
