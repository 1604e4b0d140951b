"""The flash before the noise, and squares that cross a picture."""

import torch

from course_lib.data.worlds.memory import LAMPS, flash_then_noise, moving_squares


def test_the_first_frame_alone_tells_the_colour():
    clips, colors = flash_then_noise(200, 7, torch.Generator().manual_seed(0))
    assert clips.shape == (200, 8, 3) and set(colors.tolist()) == set(range(8))
    assert torch.equal(clips[:, 0], LAMPS[colors])
    assert 0.4 < clips[:, 1:].abs().max() <= 0.5 and clips[:, 1:].mean().abs() < 0.02


def test_squares_keep_their_size_and_their_way():
    film = moving_squares(50, torch.Generator().manual_seed(1), frames=6, side=9).view(50, 6, 9, 9)
    assert (film.sum((2, 3)) == 9).all()
    for clip in film:
        steps = {
            (y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)
            if all(torch.equal(clip[t].roll((y, x), (0, 1)), clip[t + 1]) for t in range(5))
        }  # fmt: skip
        assert len(steps) == 1
    assert len({tuple(clip[0].flatten().tolist()) for clip in film}) > 30
