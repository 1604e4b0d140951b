"""10.6: one LSTM that watches, then writes; its bug repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch
from torch import nn


class WatchAndWrite(nn.Module):
    def __init__(self, features, words, hidden):
        super().__init__()
        self.word = nn.Embedding(words, features)
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.out = nn.Linear(hidden, words)

    def forward(self, frames, words):
        watched, state = self.lstm(frames)
        written, _ = self.lstm(self.word(words), state)
        return self.out(written)
"""

CALL = "self.lstm(self.word(words), state)"
WRITTEN = "self.out(written)"


def _cases(generator):
    def case(label, batch, frames, length, features, words, hidden):
        clip = torch.randn(batch, frames, features, generator=generator)
        said = torch.randint(words, (batch, length), generator=generator)
        return Case(label, (features, words, hidden), {"inputs": (clip, said)})

    return [
        case("2 videos of 5 frames, 3 words", 2, 5, 3, 4, 7, 6),
        case("3 videos of 2 frames, 6 words", 3, 2, 6, 3, 5, 4),
        case("1 video of 4 frames, 4 words", 1, 4, 4, 5, 9, 5),
    ]


watch_and_write = exercise(
    "10.6",
    "Fix the bug: the writer has seen nothing",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "the bug is still there: the writer starts from zeros; give it the state that watching left",
            {CALL: "self.lstm(self.word(words))"},
        ),
        edit(
            "only h is handed over: the memory c belongs to the state, too",
            {CALL: "self.lstm(self.word(words), (state[0], torch.zeros_like(state[1])))"},
        ),
        edit(
            "only the memory c is handed over: h belongs to the state, too",
            {CALL: "self.lstm(self.word(words), (torch.zeros_like(state[0]), state[1]))"},
        ),
        edit(
            "h and c are exchanged: the state is (h, c), hand it over as it is",
            {
                CALL: "self.lstm(self.word(words), (state[1], state[0]))",
            },
        ),
        edit(
            "the state is that after the first frame: watch all of them first",
            {
                "self.lstm(frames)": "self.lstm(frames[:, :1])",
            },
        ),
        edit("the last frame was not watched", {"self.lstm(frames)": "self.lstm(frames[:, :-1])"}),
        edit("these are the scores while watching: the words' scores are asked for", {WRITTEN: "self.out(watched)"}),
        edit(
            "only the last word's scores came: one row for every word is asked for",
            {WRITTEN: "self.out(written[:, -1])"},
        ),
        edit(
            "the words come before the frames here: first watch, then write",
            {
                "self.lstm(frames)": "self.lstm(self.word(words))",
                CALL: "self.lstm(frames, state)",
            },
        ),
        edit(
            "frames and words are one sequence now, and the scores of the frames come along: cut them off",
            {
                "watched, state = self.lstm(frames)": "both = torch.cat([frames, self.word(words)], dim=1)",
                CALL: "self.lstm(both)",
            },
        ),
        edit("the frames were watched backwards", {"self.lstm(frames)": "self.lstm(frames.flip(1))"}),
        edit("these are the states: they still go through self.out", {WRITTEN: "written"}),
        edit(
            "h was handed over twice: the state is the pair (h, c) as it is",
            {CALL: "self.lstm(self.word(words), (state[0], state[0]))"},
        ),
        edit(
            "the frames were watched twice before the words came",
            {CALL: "self.lstm(self.word(words), self.lstm(frames, state)[1])"},
        ),
    ),
    hints=(
        "Run it on two different videos: the scores are the same. What does the second call know about the first?",
        "`self.lstm(inputs, state)` starts from a state; without one it starts from zeros. The first call returns the "
        "pair (outputs, state).",
        "`watched, state = self.lstm(frames)`, then `written, _ = self.lstm(self.word(words), ____)`.",
    ),
)
