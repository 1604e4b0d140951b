"""The spatial transformer's grid and sampler beside PyTorch's."""

import torch
from torch.nn.functional import affine_grid, grid_sample

from course_lib.bench.runner import row
from course_lib.ops import spatial_transformer
from course_lib.timing import alternate

BATCH, CHANNELS, SIDE = 32, 3, 96


@row("spatial transformer: grid and bilinear sampling by hand, 32 x 3 x 96 x 96, CPU", peer="torch's own")
def by_hand(rounds):
    return _compare(spatial_transformer.sample, rounds)


@row("spatial transformer: grid by hand, torch's sampler, 32 x 3 x 96 x 96, CPU", peer="torch's own")
def with_torchs_sampler(rounds):
    def look(image, grid):
        return spatial_transformer.at_pixels(image, spatial_transformer.in_pixels(grid, SIDE, SIDE))

    return _compare(look, rounds)


def _compare(look, rounds):
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(BATCH, CHANNELS, SIDE, SIDE, generator=generator)
    theta = torch.eye(2, 3) + 0.2 * torch.randn(BATCH, 2, 3, generator=generator)

    @torch.no_grad()
    def ours():
        return look(image, spatial_transformer.affine_grid(theta, SIDE, SIDE))

    @torch.no_grad()
    def theirs():
        return grid_sample(image, affine_grid(theta, image.shape, align_corners=False), align_corners=False)

    difference = (ours() - theirs()).abs().max().item()
    peer_seconds, seconds = alternate(ours, theirs, rounds)
    return peer_seconds, seconds, f"largest difference {difference:.1g}"
