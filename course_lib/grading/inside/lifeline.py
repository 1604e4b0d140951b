"""No process of the grader outlives the one that started it, not even where that one was killed."""

import contextlib
import ctypes
import os
import signal

PDEATHSIG = 1  # <linux/prctl.h>


def end_with_parent(parent, how=signal.SIGKILL):
    """From now on, the system sends this process a signal when the thread that started it ends.

    A change of user undoes it, and a fork does not inherit it: call it after the one, and again in the other. Only
    Linux has this; elsewhere nothing happens.

    Args:
        parent: number of the process that started this one; should that one have ended already, this one ends here.
            None where it cannot be known, as by the first process of a namespace.
        how: the signal.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PDEATHSIG, int(how), 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(1)
