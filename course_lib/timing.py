"""Time two ways of doing the same thing fairly: in turn, on the same machine, in the same minute."""

import statistics
import time
from collections.abc import Callable

import torch


def alternate(ours: Callable, peer: Callable, rounds: int = 5) -> tuple[float, float]:
    """Time two functions in alternation, after one untimed call of each; the order changes every round.

    Args:
        ours, peer: functions without arguments that do the same work.
        rounds: timed calls of each, at least 1.
    Returns:
        (peer's seconds, our seconds), medians.
    """
    times = {ours: [], peer: []}
    ours(), peer()
    for turn in range(max(1, rounds)):
        for function in (ours, peer) if turn % 2 else (peer, ours):
            started = time.perf_counter()
            function()
            if torch.cuda.is_initialized():
                torch.cuda.synchronize()
            times[function].append(time.perf_counter() - started)
    return statistics.median(times[peer]), statistics.median(times[ours])
