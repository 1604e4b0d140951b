"""24.2: which frames are compared with which."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.video_depth.pairs import frame_pairs

SOLUTION = """
def pairs_to_compare(frames):
    pairs = [(i, i + 1) for i in range(frames - 1)]
    k = 1
    while 2**k <= frames - 1:
        pairs += [(i, i + 2**k) for i in range(0, frames - 2**k, 2 ** (k - 1))]
        k += 1
    return sorted(pairs)
"""

FIRST, FAR = "for i in range(frames - 1)]", "range(0, frames - 2**k, 2 ** (k - 1))"
WHILE, LAST = "while 2**k <= frames - 1:", "frames - 2**k,"


def _cases(generator):
    some, many = (int(torch.randint(low, low + 30, (), generator=generator)) for low in (18, 70))
    return [
        Case("by hand: 5 frames", (5,)),
        Case("2 frames: one pair", (2,)),
        Case("9 frames: a distance of 8 fits exactly", (9,)),
        Case("8 frames: a distance of 8 does not fit", (8,)),
        Case(f"{some} frames", (some,)),
        Case(f"{many} frames", (many,)),
    ]


pairs_to_compare = exercise(
    "24.2",
    "Few pairs, near and far",
    points=2,
    solution=SOLUTION,
    same_as=frame_pairs,
    cases=_cases,
    mistakes=(
        edit("pairs start at every 2^k-th frame here: at every 2^(k-1)-th", {FAR: "range(0, frames - 2**k, 2**k)"}),
        edit(
            "pairs start at every frame here: at every 2^(k-1)-th, or they are too many", {FAR: "range(frames - 2**k)"}
        ),
        edit("these are the neighbours alone: the sets S_k for k = 1, 2, ... are missing", {WHILE: "while False:"}),
        edit("the neighbours, S_0, are missing", {"[(i, i + 1) for i in range(frames - 1)]": "[]"}),
        edit(
            "these are all pairs: their number grows as the square of the frames",
            {"sorted(pairs)": "[(i, j) for i in range(frames) for j in range(i + 1, frames)]"},
        ),
        edit("j is no frame in the last pairs: i + 2^k must be below the number of frames", {LAST: "frames,"}),
        edit(
            "j is no frame in the last pair: i + 2^k must be below the number of frames", {LAST: "frames - 2**k + 1,"}
        ),
        edit("a last pair is missing: j may be frames - 1", {LAST: "frames - 2**k - 1,"}),
        edit("the last pair of neighbours is missing", {FIRST: "for i in range(frames - 2)]"}),
        edit(
            "the last neighbour is no frame: there are frames - 1 pairs of neighbours",
            {FIRST: "for i in range(frames)]"},
        ),
        edit(
            "the largest distance is missing: k goes up to floor(log2(frames - 1)), included",
            {WHILE: "while 2**k < frames - 1:"},
        ),
        edit(
            "the largest distance is missing: k goes up to floor(log2(frames - 1)), included",
            {WHILE: "while 2 ** (k + 1) <= frames - 1:"},
        ),
        edit(
            "the distances are 2k here, not 2^k",
            {
                WHILE: "while 2 * k <= frames - 1:",
                FAR: "range(0, frames - 2 * k, 2 ** (k - 1))",
                "i + 2**k": "i + 2 * k",
            },
        ),
        edit(
            "the distances are k here, not 2^k",
            {WHILE: "while k <= frames - 1:", FAR: "range(0, frames - k, 2 ** (k - 1))", "i + 2**k": "i + k"},
        ),
        edit("only distance 2 is added to the neighbours: k goes on", {"k += 1": "break"}),
        edit(
            "the first pair of each distance is missing: i begins at 0",
            {FAR: "range(2 ** (k - 1), frames - 2**k, 2 ** (k - 1))"},
        ),
        edit(
            "S_0 comes twice: for k = 0 the step 2^(k-1) would be a half",
            {"k = 1": "k = 0", FAR: "range(0, frames - 2**k, max(1, 2**k // 2))"},
        ),
        edit("i comes before j in every pair", {"(i, i + 2**k) for": "(i + 2**k, i) for"}),
        edit(
            "every pair comes twice, (i, j) and (j, i): i before j is enough",
            {"sorted(pairs)": "sorted(pairs + [(j, i) for i, j in pairs])"},
        ),
        edit("these are the right pairs: sort them", {"sorted(pairs)": "pairs"}),
        edit("the number of pairs came: return the pairs", {"sorted(pairs)": "len(pairs)"}),
        edit(
            "frames are numbered from 0 to frames - 1; here from 1",
            {
                "[(i, i + 1) for i in range(frames - 1)]": "[(i, i + 1) for i in range(1, frames)]",
                FAR: "range(1, frames - 2**k + 1, 2 ** (k - 1))",
            },
        ),
    ),
    hints=(
        "Neighbours first. Then distances 2, 4, 8, ...: at distance $2^k$ the first frames of the pairs are 0, "
        "$2^{k-1}$, $2 \\cdot 2^{k-1}$, ... as long as the second frame exists.",
        "`range(start, stop, step)` leaves `stop` out; `2**k` is distance, `2 ** (k - 1)` step; `sorted(...)`.",
        "`while 2**k <= ____: pairs += [(i, i + 2**k) for i in range(0, frames - ____, ____)]`, then `k += 1`.",
    ),
)
