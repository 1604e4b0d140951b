"""FlowNet 2's learning rates."""

import pytest

from course_lib.ops.schedules import S_FINE, S_LONG, S_SHORT, Schedule


@pytest.mark.parametrize(
    "schedule, step, expected",
    [
        (S_SHORT, 0, 1e-4),
        (S_SHORT, 299_999, 1e-4),
        (S_SHORT, 300_000, 5e-5),
        (S_SHORT, 599_999, 1.25e-5),
        (S_LONG, 599_999, 5e-5),
        (S_LONG, 1_199_999, 6.25e-6),
        (S_FINE, 0, 1e-5),
        (S_FINE, 450_000, 1.25e-6),
    ],
)
def test_rates(schedule, step, expected):
    assert schedule.rate(step) == pytest.approx(expected)


def test_a_schedule_can_be_run_through_in_fewer_steps():
    factor = Schedule(0.1, (4, 6), 8).factor(16)
    assert [factor(step) for step in (0, 7, 8, 11, 12, 15)] == [1, 1, 0.5, 0.5, 0.25, 0.25]
