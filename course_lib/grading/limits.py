"""How long things may take while grading. Nothing waits without a limit, for a learner's code may do anything.

What a learner's code may take is counted in multiples of the seconds of one cell (`--timeout`).
"""

TIMEOUT = 30  # seconds for each cell of a learner
CELLS = 4  # times as long may all cells of an answer together take
PROBE = 2  # times as long may all tests of an exercise together take
SUBMISSION = 10  # times as long may all answers of a notebook together take

OWN_TIMEOUT = 120  # seconds for a cell of the course
BESIDE = 900  # seconds for what is not the learner's code: loading torch, starting boxes, the course's cells, judging
ENDING = 10  # seconds that a process has to end in when it was killed


class Allowance:
    """The seconds that the answers of one notebook share.

    Attributes:
        seconds: in all.
        left: of them; what ran last may have taken more, as much as ending it took.
    """

    def __init__(self, timeout):
        """`timeout`: seconds for each cell of a learner."""
        self.seconds = self.left = SUBMISSION * timeout

    def spend(self, seconds):
        self.left -= seconds


def longest(timeout):
    """Seconds after which whoever grades one submission must be stuck, whatever is in it."""
    return SUBMISSION * timeout + BESIDE
