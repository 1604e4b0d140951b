"""18.6: the learning rate of a schedule."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def learning_rate(step, first, halvings):
    passed = sum(step >= halving for halving in halvings)
    return first / 2**passed
"""

S_SHORT, S_LONG = (1e-4, (300_000, 400_000, 500_000)), (1e-4, (400_000, 600_000, 800_000, 1_000_000))
S_FINE = (1e-5, (1_400_000, 1_500_000, 1_600_000))


def _cases(generator):
    halvings = tuple((1000 * torch.randint(1, 90, (5,), generator=generator).cumsum(0)).tolist())
    first = 2.0 ** -int(torch.randint(4, 12, (), generator=generator))
    return [
        Case("S_short, at the start", (0, *S_SHORT)),
        Case("S_short, step 450,000", (450_000, *S_SHORT)),
        Case("S_long, one step before its second halving", (599_999, *S_LONG)),
        Case("S_long, exactly at its second halving", (600_000, *S_LONG)),
        Case("S_long, at the end", (1_199_999, *S_LONG)),
        Case("S_fine, after S_long", (1_550_000, *S_FINE)),
        Case("by hand: 8, halved at 3 and 5, step 6", (6, 8.0, (3, 5))),
        Case("another schedule, at its fourth halving", (halvings[3], first, halvings)),
    ]


learning_rate = exercise(
    "18.6",
    "Schedules",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    atol=1e-12,
    mistakes=(
        edit("at the step of a halving the rate is already half as large: >=", {"step >= halving": "step > halving"}),
        edit("every halving that has passed counts: two of them give a quarter", {"2**passed": "(2 if passed else 1)"}),
        edit(
            "this divides by twice the number of halvings: two of them give a quarter, three an eighth, a power of 2",
            {
                "first / 2**passed": "first / max(1, 2 * passed)",
            },
        ),
        edit("it is the other way round: halvings that have *passed* count", {"step >= halving": "step < halving"}),
        edit(
            "this divides by 2 and then *multiplies* by the number of halvings: 2**passed is a power",
            {"first / 2**passed": "first / 2 * passed"},
        ),
        edit("2 * passed + 1 is no power: each halving divides what is left by 2", {"2**passed": "(2 * passed + 1)"}),
        edit("every halving divides by 2, not by 4", {"2**passed": "4**passed"}),
        edit(
            "the halvings need not be evenly spaced: count those that the step has reached",
            {"sum(step >= halving for halving in halvings)": "step // halvings[0]"},
        ),
        edit(
            "the rate stays low after a halving: count those that the step has reached, not those that it is at",
            {"sum(step >= halving for halving in halvings)": "int(step in halvings)"},
        ),
        edit("the first halving is not counted", {"in halvings)": "in halvings[1:])"}),
        edit("one halving too few is counted", {"2**passed": "2 ** (passed - 1)"}),
        edit("the rate is halved, not divided by ten", {"2**passed": "10**passed"}),
        edit(
            "the rate falls by half of its first value each time here: half of the present one is asked for",
            {
                "first / 2**passed": "first * (1 - passed / 2)",
            },
        ),
        edit("the rate doubles: divide", {"first / 2**passed": "first * 2**passed"}),
        edit("one halving too many", {"2**passed": "2 ** (passed + 1)"}),
        edit("nothing changes: the halvings are not used", {"first / 2**passed": "first"}),
        edit(
            "only the last halving counts here",
            {
                "sum(step >= halving for halving in halvings)": "int(step >= halvings[-1])",
            },
        ),
        edit("this is how many halvings have passed: the rate is asked for", {"first / 2**passed": "float(passed)"}),
        edit(
            "the rate is divided by one more than the number of halvings: each one halves what is left",
            {
                "2**passed": "(passed + 1)",
            },
        ),
    ),
    hints=(
        "Count how many of the halvings have already happened at this step.",
        "`sum(condition for halving in halvings)` counts how often a condition holds; `2**n` is a power.",
        "`passed = sum(step ____ halving for halving in halvings)`, then `first / 2**____`.",
    ),
)
