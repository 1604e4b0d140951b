"""Reading what learners write takes no longer for odd text: a few lines of 100,000 characters, within seconds of work.

Patterns of which two parts match the same text need the square of its length. That is hours for these lines, so the
processor's time that a process of its own may use tells them apart, however busy the machine is.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from course_lib.authoring import execution, fingerprint
from course_lib.exercises.exceptions import explain
from course_lib.exercises.run import Outcome
from course_lib.grading import probe, submission, trial
from course_lib.grading.kernel import CellResult
from course_lib.grading.verdict import decide

ROOT = Path(__file__).parents[2]
SECONDS = 40  # of the processor: loading torch takes some of them, the rest less than one
N = 90_000
TABLE = "t = [0]\ndef smoothed(x, weight):\n    return t[0]\n"
ODD = {
    "spaces behind a magic": "%pip install" + " " * N + "!",
    "words behind a magic": "%pip install " + "a " * (N // 2) + "!",
    "spaces behind a timing": "%time" + " " * N + "-",
    "spaces": " " * N + "x",
    "empty lines": "x" + "\n" * N + "(",
    "digits": "1" * N,
    "names": "a" * N + " (",
    "names and spaces": "name " * (N // 5) + "(",
    "a check that does not end": "check(" + " " * N,
    "checks": "check('" * (N // 7),
    "definitions": "def " * (N // 4),
    "assignments": "x=" * (N // 2),
    "a name is not defined": "raise NameError(" + repr("name '" * (N // 10)) + ")",
    "a tqdm bar": "1%|" * (N // 3),
    "many statements": "x\n" * (N // 20),
    "brackets": "[" * N,
    "quotes": "'''" * (N // 3) + "x",
    "lines that go on": "x\\\n" * (N // 3),
    "questions": "?" * N + "x",
    "functions that call each other": TABLE + "".join(f"def f{i}():f{i + 1}()\n" for i in range(4500)) + "f0()\n",
    "calls of functions": TABLE + "".join(f"def f{i}():t.append({i})\n" for i in range(2000)) + "f0();f1()\n" * 2000,
    "names of one thing": TABLE + "".join(f"t{i}=t\nt{i}[0]=1\n" for i in range(2500)),
    "names of names": TABLE + "t0=t\n" + "".join(f"t{i + 1}=t{i}\n" for i in range(4500)) + "t4500[0]=1\n",
    "a value for each name": "def smoothed(x, weight):\n return "
    + ",".join(f"a{i}" for i in range(4000))
    + "\n"
    + "".join(f"a{i + 1}=a{i}\n" for i in range(4000)),
}
LIMITED = """
import json, resource, sys
sys.path.insert(0, "tests/grading")
from {module} import {name}
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
for what, text in json.load(sys.stdin).items():
    print(what, flush=True)
    {name}(text)
print("done")
"""


def read(text):
    """All that reads a learner's source, or what the learner's code said."""
    lesson = tiny.lesson()
    function = "def smoothed(x, weight):\n    return x\n"
    for source in (text, function + text, f"{text}\n{function}"):
        submission.parse(tiny.notebook({"90.2": source}), lesson)
        answer = submission.Answer((submission.Cell(1, source),))
        question = probe.ask(tiny.SMOOTH, 1)
        reply = probe.Reply("ran", tuple([Outcome() for _ in paper.cases] for paper in question.papers))
        decide(question, reply, answer)
    for kind in (NameError, TypeError, RuntimeError):
        explain(Outcome(error=kind(text), line=(1, "")), tiny.SMOOTH, tiny.smooth)
    trial._remarks_on(submission.Cell(1, ""), CellResult("error", error=("SyntaxError", text)), 1)


def write(text):
    """What reads the text of a lecture, and what its cells print."""
    execution._is_bar(text)
    execution._is_bar(f"{text}it/s")
    fingerprint._without_magics(text)


@pytest.mark.parametrize("name", ["read", "write"])
def test_odd_lines_take_no_time(name):
    program = LIMITED.format(module=Path(__file__).stem, name=name, seconds=SECONDS)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, input=json.dumps(ODD), capture_output=True, text=True
    )
    said = done.stdout.split("\n")
    assert said[-2:] == ["done", ""], f"{said[-2]} took more than {SECONDS} s of work. {done.stderr[-500:]}"


@pytest.mark.parametrize(
    ("line", "bar"),
    [
        ("100%|#####| 10/10 [00:01<00:00, 9.5it/s]\n", True), ("epoch 1:  5%|  | 1/20 [00:01<?, ?it/s]", True),
        ("%|, then 7%| 2s/it", True), ("%| 5it/s", False), ("5%| of all", False), ("it/s 5%|", False), ("\n", False),
    ],
)  # fmt: skip
def test_what_a_bar_is(line, bar):
    assert execution._is_bar(line) == bar
