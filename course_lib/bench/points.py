"""The Chamfer distance beside `torch.cdist`: time of a step with gradients, and the memory that its tables need."""

import torch

from course_lib.bench.runner import Skip, row
from course_lib.ops.points import BLOCK, chamfer
from course_lib.timing import alternate


@row("Chamfer distance with gradients, CPU, 2 pairs of 2,000 points", peer="torch.cdist and two minima")
def chamfer_cpu(rounds):
    return _compare("cpu", 2, 2_000, rounds)


@row("Chamfer distance with gradients, GPU, 4 pairs of 16,000 points", peer="torch.cdist and two minima")
def chamfer_gpu(rounds):
    if not torch.cuda.is_available():
        raise Skip("needs a CUDA device")
    return _compare("cuda", 4, 16_000, rounds)


def by_table(x, y):
    """The same distance from a table of all pairs, which stays in memory until the backward pass."""
    apart = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    return (apart.amin(2) ** 2).mean() + (apart.amin(1) ** 2).mean()


def _compare(device, batch, number, rounds):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, batch, number, 3, generator=generator).to(device)

    def step(distance):
        def forward_and_backward():
            moving = x.clone().requires_grad_()
            distance(moving, y).backward()
            if device == "cuda":
                torch.cuda.synchronize()

        return forward_and_backward

    seconds = alternate(step(chamfer), step(by_table), rounds)
    if device == "cuda":
        peaks = [_peak(step(distance)) for distance in (chamfer, by_table)]
        note = f"peak memory {peaks[0] / 2**20:.0f} MiB, the peer's {peaks[1] / 2**20:.0f} MiB"
    else:
        note = f"at most {BLOCK:,} distances at a time, the peer keeps {batch * number**2:,}"
    return *seconds, note


def _peak(function):
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    function()
    return torch.cuda.max_memory_allocated() - before
