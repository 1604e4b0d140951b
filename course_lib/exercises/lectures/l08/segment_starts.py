"""08.1: where the snippets begin."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def segment_starts(frames, shares, length=1):
    starts = frames - length + 1
    segments = len(shares)
    return ((torch.arange(segments) + shares) * starts / segments).long()
"""

STARTS, PLACE = "frames - length + 1", "(torch.arange(segments) + shares) * starts / segments"


def _cases(generator):
    def draw(low, high):
        return int(torch.randint(low, high + 1, (), generator=generator))

    def shares(frames, segments, length=1):
        """Random shares whose snippets begin well inside a frame, so that no rounding decides."""
        starts, found = frames - length + 1, []
        while len(found) < segments:
            share = torch.rand((), generator=generator, dtype=torch.float64).item()
            if 0.1 < (len(found) + share) * starts / segments % 1 < 0.9:
                found.append(share)
        return torch.tensor(found, dtype=torch.float64)

    odd = 2 * draw(50, 90) + 1
    long = draw(200, 400)
    return [
        Case("by hand: 9 frames, 3 segments, the middle of each", (9, torch.full((3,), 0.5))),
        Case("80 frames do not divide by 7: random shares", (80, shares(80, 7))),
        Case("the last frames can be drawn: 31 frames, 4 segments", (31, torch.tensor([0.02, 0.98, 0.5, 0.98]))),
        Case(f"a test: 25 middles of {odd} frames", (odd, torch.full((25,), 0.5))),
        Case("snippets of 6 frames: 40 frames, 3 segments", (40, shares(40, 3, 6), 6)),
        Case(f"a long video of {long} frames, snippets of 11", (long, shares(long, 5, 11), 11)),
        Case("more segments than frames: some repeat", (5, shares(5, 8))),
    ]


segment_starts = exercise(
    "08.1",
    "Where do the snippets begin?",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "the length of a snippet is forgotten: cut the frames - length + 1 possible starts into segments, not all "
            "frames",
            {STARTS: "frames"},
        ),
        edit("one start is missing: a snippet of `length` frames fits at frames - length + 1 places", {" + 1": ""}),
        edit("one start too many: a snippet of `length` frames fits at frames - length + 1 places", {"+ 1": "+ 2"}),
        edit(
            "segments of a rounded-down length: the frames left over at the end can never be drawn; divide first, "
            "round last",
            {PLACE: "(torch.arange(segments) + shares) * (starts // segments)"},
        ),
        edit(
            "the segments are rounded down before the share is added: add it first, round the sum once",
            {
                PLACE: "(torch.arange(segments) * starts / segments).long() + (shares * starts / segments).long()",
                ".long()\n": "\n",
            },
        ),
        edit("this rounds to the nearest frame: the position is rounded down", {".long()": ".round().long()"}),
        edit(
            "segments are numbered from 0: this leaves the first one out",
            {"arange(segments)": "arange(1, segments + 1)"},
        ),
        edit(
            "the shares are forgotten: this is the beginning of each segment",
            {"(torch.arange(segments) + shares)": "torch.arange(segments)"},
        ),
        edit(
            "always the middle: right for a test, but in training the share is random; use `shares`",
            {"+ shares": "+ 0.5"},
        ),
        edit(
            "each share is taken of the whole video: it is a share of its own segment",
            {PLACE: "shares * starts"},
        ),
        edit(
            "the snippets are spread from the first frame to the last: they lie within equal segments",
            {PLACE: "torch.linspace(0, starts - 1, segments)"},
        ),
        edit(
            "these numbers are one too large: the position is rounded down, and frames are numbered from 0",
            {".long()": ".long() + 1"},
        ),
        edit("the position is not a frame number yet: round it down to a whole number", {".long()": ""}),
        edit(
            "the share is added in frames: it is a share of the segment, so multiply it by the segment's length too",
            {PLACE: "torch.arange(segments) * starts / segments + shares"},
        ),
        edit(
            "each snippet is kept within its own segment: it may reach into the next one; cut the frames - length + 1 "
            "possible starts into segments",
            {
                STARTS: "frames",
                PLACE: "torch.arange(segments) * starts / segments + shares * (starts / segments - length + 1)",
            },
        ),
        edit(
            "each snippet is kept within a rounded-down segment, and the last start in it is left out; cut the "
            "frames - length + 1 possible starts into segments",
            {
                STARTS: "frames // len(shares)",
                PLACE: "torch.arange(segments) * starts + shares * (starts - length)",
            },
        ),
        edit(
            "the lengths of all snippets are taken off: one must fit behind each start, and they may overlap",
            {STARTS: "frames - len(shares) * length + 1"},
        ),
        edit(
            "this counts snippets that lie back to back: a snippet may begin at every frame, up to frames - length",
            {STARTS: "frames // length"},
        ),
        edit(
            "divided by K - 1: K segments of equal length, so the whole is divided by K",
            {"starts / segments": "starts / (segments - 1)"},
        ),
        edit(
            "the number of the segment is added in frames: it counts segments, so it is multiplied by their length too",
            {PLACE: "torch.arange(segments) + shares * starts / segments"},
        ),
        edit(
            "not divided by K: a segment is a K-th of the possible starts",
            {PLACE: "(torch.arange(segments) + shares) * starts"},
        ),
        edit(
            "the fraction is upside down: n / K is the length of a segment",
            {PLACE: "(torch.arange(segments) + shares) * segments / starts"},
        ),
        edit(
            "the shares count from the end of a segment here: k + u, not k + 1 - u",
            {"+ shares": "+ 1 - shares"},
        ),
        edit(
            "the shares are taken of the whole video and sorted: nothing keeps one snippet in each segment",
            {PLACE: "(shares * starts).sort().values"},
        ),
        edit(
            "the snippets are spread from the first frame to the last, and the shares are added in frames: they are "
            "shares of a segment",
            {PLACE: "torch.linspace(0, starts - 1, segments) + shares"},
        ),
    ),
    hints=(
        "How many frames can a snippet begin at, so that it ends within the video? Cut that number into K equal "
        "pieces. Snippet k lies in piece k, at a share u of its length.",
        "`torch.arange(K)` counts the segments from 0. `.long()` rounds positive numbers down.",
        "`starts = frames - ____ + 1`, then `((torch.arange(len(shares)) + ____) * starts / len(shares)).long()`.",
    ),
)
