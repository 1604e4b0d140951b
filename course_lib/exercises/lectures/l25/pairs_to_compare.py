"""25.1: which pairs of frames are compared."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def pairs_to_compare(frames):
    pairs = []
    apart = 1
    while apart < frames:
        for i in range(0, frames - apart, apart):
            pairs.append((i, i + apart))
        apart = 2 * apart
    return sorted(pairs)
"""

LOOP, PAIR, DOUBLE = "range(0, frames - apart, apart)", "(i, i + apart)", "apart = 2 * apart"


def _cases(generator):
    def number(low, high):
        return torch.randint(low, high, (), generator=generator).item()

    return [
        Case("by hand: 8 frames", (8,)),
        Case("one more than a power of two: 17 frames", (17,)),
        Case("2 frames", (2,)),
        Case("some short video", (number(20, 30),)),
        Case("some longer video", (number(60, 90),)),
    ]


pairs_to_compare = exercise(
    "25.1",
    "Which frames are compared",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.video_depth.pairs.frame_pairs",),
    mistakes=(
        edit(
            "this is the rule of lecture 24, i divisible by half the distance: here i is divisible by the distance",
            {LOOP: "range(0, frames - apart, max(1, apart // 2))"},
        ),
        edit("every i is taken at every distance: i must be divisible by k", {LOOP: "range(0, frames - apart)"}),
        edit("the distances double: 1, 2, 4, 8, ...", {DOUBLE: "apart = apart + 1"}),
        edit(
            "the second frame is one step too far for the last pairs: i + k must be below the number of frames",
            {LOOP: "range(0, frames, apart)"},
        ),
        edit("the last frame is left out: i + k may be the last frame", {LOOP: "range(0, frames - apart - 1, apart)"}),
        edit(
            "neighbours alone: the larger distances 2, 4, 8, ... are missing",
            {"while apart < frames": "while apart < 2"},
        ),
        edit("the neighbours are missing: the first distance is 1", {"apart = 1\n": "apart = 2\n"}),
        edit("the smaller number comes first in a pair", {PAIR: "(i + apart, i)"}),
        edit(
            "both directions are listed: each pair once, the smaller number first",
            {"pairs.append((i, i + apart))": "pairs.extend([(i, i + apart), (i + apart, i)])"},
        ),
        edit("the pairs are in the order of their distances: sort them", {"sorted(pairs)": "pairs"}),
        edit("the number of pairs is returned, not the pairs", {"sorted(pairs)": "len(pairs)"}),
        edit("i and the distance are returned, not the two frames", {PAIR: "(i, apart)"}),
        edit(
            "frames are counted from 0 here, and 0 is divisible by every k",
            {LOOP: "range(apart, frames - apart + 1, apart)"},
        ),
        edit(
            "the largest distance is missing: it may be more than half the number of frames",
            {"while apart < frames": "while apart <= frames // 2"},
        ),
        edit(
            "larger distances are missing: go on doubling as long as a pair fits into the video",
            {"while apart < frames": "while apart < min(frames, 5)"},
        ),
        edit(
            "larger distances are missing: go on doubling as long as a pair fits into the video",
            {"while apart < frames": "while apart < min(frames, 9)"},
        ),
        edit("the distances double, they are not squared: 1, 2, 4, 8, ...", {DOUBLE: "apart = max(2, apart**2)"}),
        edit(
            "all pairs are listed: only distances 1, 2, 4, ...",
            {DOUBLE: "apart = apart + 1", LOOP: "range(frames - apart)"},
        ),
        edit("pairs are missing: i moves on by k, not by 2 k", {LOOP: "range(0, frames - apart, 2 * apart)"}),
        edit("a list is asked for, sorted; a set has no order", {"sorted(pairs)": "set(pairs)"}),
    ),
    hints=(
        "Take the distances k one after the other: 1, 2, 4, ... as long as a pair so far apart fits into the video. "
        "For each, which i are allowed?",
        "`range(start, stop, step)` counts in steps of k. The last i is the one for which i + k is still a frame. "
        "`sorted` orders pairs by their first number, then by their second.",
        "`while apart < frames:` and in it `for i in range(0, ____, ____): pairs.append((i, ____))`, then "
        "`apart = 2 * apart`.",
    ),
)
