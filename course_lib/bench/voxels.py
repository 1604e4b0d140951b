"""Tubes beside 3D deconvolutions, and a grid that is asked coarse to fine beside one that is asked everywhere.

No library has these networks; the peer is what one would write first, from torch's layers.
"""

import torch

from course_lib.bench.runner import Skip, row
from course_lib.describe import count, describe
from course_lib.timing import alternate


@row("voxel tubes, 16 codes to 32^3, forward, CPU", peer="3D deconvolutions of torch, equal widths")
def tubes_cpu(rounds):
    return _tubes("cpu", 16, rounds)


@row("voxel tubes, 256 codes to 32^3, forward, GPU", peer="3D deconvolutions of torch, equal widths")
def tubes_gpu(rounds):
    if not torch.cuda.is_available():
        raise Skip("needs a CUDA device")
    return _tubes("cuda", 256, rounds)


@row("an occupancy network on 64^3, coarse to fine, CPU", peer="the same network asked for every cell")
def level_set(rounds):
    from course_lib.data.worlds.shapes import ShapeWorld
    from course_lib.ops.level_set import sample

    torch.manual_seed(0)
    weight = torch.randn(3, 256)
    chair = ShapeWorld().shape("chair", seed=2)
    asked = []

    def function(points):
        """The distance to a chair, and the work of a small network beside it."""
        asked.append(len(points))
        return chair.sdf(points) + 0 * (points @ weight).relu().sum(-1)

    def coarse():
        return sample(function, 64, coarse=32)

    every = torch.equal(sample(function, 64) < 0, coarse() < 0)
    asked.clear()
    coarse()
    note = f"{sum(asked):,} of {64**3:,} cells asked for; {'the same' if every else 'another'} surface"
    return *alternate(coarse, lambda: sample(function, 64), rounds), note


@torch.no_grad()
def _tubes(device, batch, rounds):
    from course_lib.models.voxel_decoders import VoxelDecoder

    ours, peer = (VoxelDecoder(tubes=tubes).to(device).eval() for tubes in (True, False))
    codes = torch.randn(batch, 256, device=device)
    costs = [count(describe(network, (256,), repeats=0).multiply_adds) for network in (ours, peer)]

    def call(network):
        def forward():
            with torch.no_grad():
                network(codes)

        return forward

    note = f"multiply-adds per shape {costs[0]}, the peer's {costs[1]}"
    return *alternate(call(ours), call(peer), rounds), note
