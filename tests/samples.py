"""Where real sample data lies, for tests that try the code on something real."""

import os
from pathlib import Path

import pytest


def sample(name):
    """Path of a real sample; skips the test where the samples are missing."""
    folder = Path(os.environ.get("COURSE_SAMPLES") or Path(__file__).parents[2] / "shared" / "data")
    if not (folder / name).exists():
        pytest.skip(f"no real sample {name}: set COURSE_SAMPLES to the folder that holds it")
    return folder / name
