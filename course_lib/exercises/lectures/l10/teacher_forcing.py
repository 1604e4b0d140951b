"""10.4: what a decoder is given in training, and what it should say."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.captions import teacher_forcing as library

SOLUTION = """
import torch


def teacher_forcing(sentences):
    length = max(len(sentence) for sentence in sentences) + 1
    inputs = torch.zeros(len(sentences), length, dtype=torch.long)
    targets = torch.full((len(sentences), length), -1)
    for row, sentence in enumerate(sentences):
        inputs[row, 1 : len(sentence) + 1] = torch.tensor(sentence)
        targets[row, : len(sentence)] = torch.tensor(sentence)
        targets[row, len(sentence)] = 0
    return inputs, targets
"""

GIVEN = "inputs[row, 1 : len(sentence) + 1]"
SAID = "targets[row, : len(sentence)] = torch.tensor(sentence)"
END = "\n        targets[row, len(sentence)] = 0"
BLANK = "torch.full((len(sentences), length), -1)"


def _cases(generator):
    def draw(*lengths):
        return [torch.randint(1, 20, (length,), generator=generator).tolist() for length in lengths]

    return [
        Case("by hand: [5, 6] and [7]", ([[5, 6], [7]],)),
        Case("one sentence of four words", (draw(4),)),
        Case("the longest comes last", (draw(2, 3, 6),)),
        Case("all of one length", (draw(3, 3),)),
        Case("seven sentences", (draw(5, 1, 4, 2, 5, 3, 1),)),
    ]


teacher_forcing = exercise(
    "10.4",
    "Teacher forcing",
    points=2,
    solution=SOLUTION,
    same_as=library,
    cases=_cases,
    mistakes=(
        edit(
            "inputs and targets are the same: the decoder is given the word that it should say; shift by one",
            {GIVEN: "inputs[row, : len(sentence)]"},
        ),
        edit(
            "places behind the end count as 0: they must be -1, or the network is trained to end again and again",
            {BLANK: "torch.zeros(len(sentences), length, dtype=torch.long)"},
        ),
        edit("the target of the end is missing: without it the decoder never stops", {END: ""}),
        edit(
            "the inputs are filled with -1: no word has that number; fill with 0",
            {"torch.zeros(len(sentences), length, dtype=torch.long)": f"{BLANK}; inputs[:, 0] = 0"},
        ),
        edit(
            "the inputs begin with -1: the first word that the decoder is given is 0",
            {"torch.zeros(len(sentences), length, dtype=torch.long)": BLANK},
        ),
        edit("inputs and targets are exchanged", {"return inputs, targets": "return targets, inputs"}),
        edit(
            "the end stands in the last column: it follows each sentence at once",
            {
                "targets[row, len(sentence)] = 0": "targets[row, -1] = 0",
            },
        ),
        edit(
            "the last word of every sentence is missing in the inputs",
            {
                f"{GIVEN} = torch.tensor(sentence)": "inputs[row, 1 : len(sentence)] = torch.tensor(sentence[:-1])",
            },
        ),
        edit(
            "the targets also begin with 0: they begin with the first word",
            {
                "targets[row, : len(sentence)]": "targets[row, 1 : len(sentence) + 1]",
                "targets[row, len(sentence)] = 0": "targets[row, 0] = 0",
            },
        ),
        edit(
            "one column too many: the longest sentence and one place for the end", {"sentences) + 1": "sentences) + 2"}
        ),
        edit("the numbers are floats: ids of words are whole numbers (dtype=torch.long)", {", dtype=torch.long": ""}),
        edit(
            "the shift goes the wrong way: here each target is the word before the one given, not the next",
            {
                GIVEN: "inputs[row, : len(sentence)]",
                "targets[row, : len(sentence)]": "targets[row, 1 : len(sentence) + 1]",
                "targets[row, len(sentence)] = 0": "targets[row, 0] = 0",
            },
        ),
        edit("targets that the loss ignores are -1 here, not PyTorch's -100", {"length), -1)": "length), -100)"}),
    ),
    hints=(
        "At each place the decoder is given the word before, and should say the present one. Before the first word it "
        "is given 0, after the last word it should say 0.",
        "Make both tensors with `length` columns: inputs full of 0, targets full of -1. Then fill each row, inputs one "
        "place further to the right.",
        "`inputs[row, ____ : len(sentence) + 1]`, `targets[row, : ____]`, and `targets[row, len(sentence)] = ____`.",
    ),
)
