"""Two tiny worlds that ask for a memory and for nothing else."""

import torch

LAMPS = torch.cartesian_prod(*[torch.tensor([-1.0, 1])] * 3)  # the corners of the colour cube; grey is 0
NOISE = 0.5  # as far from grey as a frame of noise may be


def flash_then_noise(clips, pause, generator):
    """A lamp flashes in one of eight colours, then come frames of noise: which colour was it?

    A frame is three numbers, its average colour.

    Args:
        clips: how many. pause: frames of noise. generator: of everything random.
    Returns:
        clips (clips, 1 + pause, 3), and the colours (clips,) long, 0 to 7.
    """
    colors = torch.randint(len(LAMPS), (clips,), generator=generator)
    noise = NOISE * (2 * torch.rand(clips, pause, 3, generator=generator) - 1)
    return torch.cat([LAMPS[colors][:, None], noise], dim=1), colors


def moving_squares(clips, generator, frames=8, side=8):
    """White squares of 3 x 3 that cross black pictures at a steady pace; what leaves comes in again at the other side.

    Args:
        clips: how many. generator: of everything random. frames: T. side: rows and columns, at least 4.
    Returns:
        (clips, frames, side * side), 0 or 1.
    """
    start, way = (torch.randint(low, high, (clips, 2), generator=generator) for low, high in ((0, side), (-1, 2)))
    corner = start[:, None] + way[:, None] * torch.arange(frames)[:, None]  # (clips, frames, 2), x and y
    inside = (torch.arange(side) - corner[..., None]) % side < 3  # (clips, frames, 2, side)
    across, down = inside.unbind(2)
    return (down[..., :, None] & across[..., None, :]).float().flatten(2)
