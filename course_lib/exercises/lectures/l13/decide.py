"""13.6: which candidate, and whether to learn from what."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def decide(scores, number, every=10):
    probability = scores.softmax(dim=1)[:, 1]
    best = probability.argmax()
    if probability[best] < 0.5:
        return best, "short"
    return best, "long" if number % every == 0 else "none"
"""

PROBABILITY, FAILED = "scores.softmax(dim=1)[:, 1]", "probability[best] < 0.5"
LAST = '    return best, "long" if number % every == 0 else "none"\n'


def _cases(generator):
    def scores(rows, sure):
        both = 0.5 * torch.randn(rows, 2, generator=generator)
        both[:, 0] += 2  # background, most of them
        both[rows // 2, 1] += 6 if sure else 0.5
        return both

    # Of the first, the target's score is above 0 and still below the background's; of the second, the other way round.
    unsure = torch.tensor([[3.0, 2], [5, -1], [4, 1]])
    barely = torch.tensor([[3.0, -1], [-1, 0.2], [2, -2]])
    modest = torch.tensor([[1.0, -2], [-3, -1], [2, 1]])
    return [
        Case("sure, frame 27", (scores(8, True), 27)),
        Case("sure, frame 20", (scores(9, True), 20)),
        Case("unsure, frame 13", (scores(7, False), 13)),
        Case("unsure, frame 30: the failure comes first", (scores(7, False), 30)),
        Case("sure, frame 6 of every 3", (scores(5, True), 6), {"every": 3}),
        Case("a target score above 0, and background more probable", (unsure, 4)),
        Case("a target score just above 0, and background below it", (barely, 8)),
        Case("target scores below 0, and background below those", (modest, 5)),
    ]


decide = exercise(
    "13.6",
    "Believe it? Learn from what?",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            'below 0.5 the tracker has lost the target, and that is when it learns at once: "short"',
            {FAILED: "probability[best] > 0.5"},
        ),
        edit(
            "failure comes first: also in a frame whose number is due, an unsure tracker makes a short update",
            {
                "    if probability": '    if number % every == 0:\n        return best, "long"\n    if probability',
            },
        ),
        edit("column 0 is the background's: f+ is column 1", {"[:, 1]": "[:, 0]"}),
        edit(
            "this is the codes' rule, raw score above 0: the paper asks the softmax",
            {PROBABILITY: "scores[:, 1]", "< 0.5": "< 0"},
        ),
        edit(
            "the raw score was compared with 0.5: the softmax of the two scores is what lies in 0..1",
            {PROBABILITY: "scores[:, 1]"},
        ),
        edit(
            "the softmax runs over the two scores of a candidate (axis 1), not over the candidates", {"dim=1": "dim=0"}
        ),
        edit("the best candidate is the most probable one: argmax", {"argmax": "argmin"}),
        edit(
            "the best candidate has the largest f+, not the largest raw score",
            {"probability.argmax()": "scores[:, 1].argmax()"},
        ),
        edit(
            'every frame is updated here: without a failure only every tenth, else "none"',
            {LAST: '    return best, "long"\n'},
        ),
        edit("the long update is missing: every tenth frame, without a failure", {LAST: '    return best, "none"\n'}),
        edit("the long update comes every `every` frames: take the argument", {"number % every": "number % 10"}),
        edit(
            'the two kinds are exchanged: "short" after a failure, "long" regularly',
            {'"short"': '"x"', '"long"': '"short"', '"x"': '"long"'},
        ),
        edit(
            "a failure is one of the *best* candidate: nearly all others are always background",
            {FAILED: "probability.mean() < 0.5"},
        ),
        edit("the remainder must be 0: this updates in all other frames", {"% every == 0": "% every"}),
        edit(
            "the candidate's probability came: return its row",
            {
                "best = probability.argmax()": "best = probability.argmax()\n    top = probability[best]",
                "return best": "return top",
            },
        ),
        edit(
            "the long update comes in every tenth frame, not in all frames after the tenth",
            {"number % every == 0": "number > every"},
        ),
        edit(
            'a sure frame between two long updates asks for "none", and a failure for "short" whatever its number',
            {
                FAILED: "probability[best] > 0.5",
                'return best, "short"': 'return best, "none"',
                'else "none"': 'else "short"',
            },
        ),
    ),
    hints=(
        "Three questions in this order: who is best? Do I believe it? If so, is a regular update due?",
        "`scores.softmax(dim=1)[:, 1]` is $f^+$ of each candidate. `number % every == 0` is true for 0, 10, 20, ...",
        'Below ____ return `(best, "short")`; else `"long"` if `number % every == ____`, or `"none"`.',
    ),
)
