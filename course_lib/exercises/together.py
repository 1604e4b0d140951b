"""Two known mistakes at once: the changes of two edits in one text, tried against what the learner's code gave."""

import re
from itertools import combinations

from .compare import as_tensor
from .diagnose import alike
from .spec import ExerciseError

FEWEST = 4  # values in the failing tests that a pair must explain; fewer can agree by chance
MOST = 400  # pairs that are tried
LAST = "one bug is left: "  # true of a mistake alone
ALONE = re.compile(r"\b(is|are) (all )?right\b[,:]? (but|and)|\bboth bugs\b")  # says of the rest what no pair allows


def two_mistakes(paper, failing):
    """A sentence on two known mistakes that together give what came in every test, passed ones included; or None.

    Args:
        paper: Paper.
        failing: {case number: Outcome} of the tests that the learner failed.
    """
    if any(outcome.error is not None for outcome in failing.values()) or _values(failing) < FEWEST:
        return None
    rest = [i for i in range(len(paper.cases)) if i not in failing]
    for first, second, answer in paper.pairs:
        same = all(alike(paper.outcome(answer, i), outcome, paper.exercise) for i, outcome in failing.items())
        if same and all(alike(paper.outcome(answer, i), paper.expected[i], paper.exercise) for i in rest):
            one, other = (mistake.diagnosis.removeprefix(LAST).rstrip(".") for mistake in (first, second))
            return f"Two things at once. First: {one}. Second: {other}."
    return None


def _values(failing):
    return sum(_count(outcome.output) for outcome in failing.values())


def _count(output):
    if isinstance(output, (list, tuple)):
        return sum(map(_count, output))
    tensor = as_tensor(output)
    return tensor.numel() if tensor is not None else 1


def pairs_of(exercise, run_text):
    """(mistake, mistake, answer) of all pairs of edits that change different places of the solution.

    Args:
        run_text: source text -> answer.
    """
    edits = [mistake for mistake in exercise.mistakes if mistake.edit is not None]
    edits = [mistake for mistake in edits if "while " not in mistake.text and not ALONE.search(mistake.diagnosis)]
    singles = {mistake.text for mistake in edits} | {exercise.solution}
    found = []
    for first, second in combinations(edits, 2):
        try:
            text, turned = second.edit.of(first.text), first.edit.of(second.text)
        except ExerciseError:  # one has taken away what the other looks for
            continue
        if text == turned and text not in singles and len(found) < MOST:
            singles.add(text)
            try:
                found.append((first, second, run_text(text)))
            except Exception:  # two changes that make no program
                continue
    return found
