"""The page for instructors names commands, options and files that exist."""

import re
from pathlib import Path

from course_lib.cli import course
from course_lib.grading import gradebook, limits
from course_lib.grading.inside import wire

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8").partition("## For instructors")[2]


def test_commands_and_options_exist():
    assert PAGE
    known = {option for name in ("grade", "release") for p in course.commands[name].params for option in p.opts}
    named = set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", PAGE))
    assert named and named <= known, named - known
    assert {line.split()[1] for line in PAGE.splitlines() if line.startswith("course ")} == {"release", "grade"}


def test_the_times_are_those_of_the_grader():
    text = " ".join(PAGE.split())
    assert f"`--timeout` seconds ({limits.TIMEOUT})" in text and f"{limits.CELLS} times as long, its tests" in text
    assert limits.PROBE == 2 and f"all answers of a notebook {limits.SUBMISSION} times as long" in text


def test_files_and_limits_are_what_it_says():
    assert gradebook.ADJUSTMENTS in PAGE and "results.jsonl" in PAGE
    assert f"larger than {wire.LARGEST // 2**20} MB" in PAGE
