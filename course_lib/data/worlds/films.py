"""The films that ship with the course: a camera over a real photograph, sprites that move, a counter that tells frames.

A film is a function from frame numbers, (T,) long, to those frames, float64 (3, T, H, W) in 0..1. It is computed in
float64 and rounded to uint8 once, at the end: then the order in which a processor adds does not show in the pixels, and
the same encoder makes the same file of them everywhere.
"""

import math

import torch
from torch.nn.functional import affine_grid, grid_sample

from course_lib.data.worlds.photographs import photograph
from course_lib.data.worlds.sprites import SHAPES, canvas_size, composite, draw_shapes, paint
from course_lib.errors import DataError

# Five rows of three dots per digit, each row an octal number: 7 is a full row, 4 its left dot.
DIGITS = ("75557", "26227", "71747", "71717", "55711", "74717", "74757", "71222", "75757", "75717")
DOT = 4  # pixels per dot, so that the counter survives compression and half size
COUNTER_PLACES = 4


def pan(name, center, zoom, height, width):
    """What a camera sees that moves over a photograph.

    Args:
        name: of the photograph.
        center: (T, 2) where the camera looks, (x, y) as a share of the photograph's width and height, 0..1.
        zoom: (T,) pixels of the photograph per pixel of the film; 1 or less, or fine detail aliases.
        height, width: of the film.
    Returns:
        float64 (3, T, H, W) in 0..1.
    """
    picture = photograph(name).double() / 255
    rows, columns = picture.shape[-2:]
    theta = torch.zeros(len(zoom), 2, 3, dtype=torch.float64)
    theta[:, 0, 0], theta[:, 1, 1] = zoom * width / columns, zoom * height / rows
    theta[:, :, 2] = 2 * center.double() - 1
    grid = affine_grid(theta, [len(zoom), 3, height, width], align_corners=False)
    source = picture.expand(len(zoom), -1, -1, -1)
    return grid_sample(source, grid, padding_mode="reflection", align_corners=False).transpose(0, 1)


def add_sprite(film, shape, radius, centers, texture, color):
    """A sprite over a film (3, T, H, W): `centers` (T, 2) in pixels, `texture` a photograph's name, `color` RGB."""
    size = canvas_size(radius)
    picture = photograph(texture)[None, :, ::4, ::4][..., :size, :size].double() / 255  # a coarser texture shows better
    coverage = draw_shapes(torch.tensor([SHAPES.index(shape)]), torch.tensor([radius], dtype=torch.float64), size)
    sprite = paint(coverage, picture, torch.tensor([color], dtype=torch.float64))
    return composite(film.unsqueeze(0), sprite, centers.double().unsqueeze(0) - size / 2)[0]


def add_counter(film, numbers):
    """Write numbers into the upper left corners of a film's frames, white on black. `read_counter` reads them."""
    numbered = film.clone()
    for frame, number in zip(numbered.unbind(1), numbers.tolist(), strict=True):
        sign = torch.cat([_glyph(int(digit)) for digit in f"{number:0{COUNTER_PLACES}d}"], 1)
        frame[:, : sign.shape[0], : sign.shape[1]] = sign
    return numbered


def read_counter(frame):
    """The number that `add_counter` wrote into a frame.

    Args:
        frame: (3, H, W), uint8 or float, at the film's own size; compression does not matter.
    Returns:
        int.
    Raises:
        DataError: if there is no counter in the upper left corner.
    """
    glyphs = torch.stack([_glyph(digit) for digit in range(10)]).float()
    rows, columns = glyphs.shape[1:]
    if frame.shape[-2] < rows or frame.shape[-1] < COUNTER_PLACES * columns:
        raise DataError(f"A frame of shape {tuple(frame.shape)} is too small to hold a counter.")
    grey = frame.float().mean(0) / (255 if frame.dtype == torch.uint8 else 1)
    corner = grey[:rows, : COUNTER_PLACES * columns].reshape(rows, COUNTER_PLACES, columns).transpose(0, 1)
    error = (corner[:, None] - glyphs).abs().mean((2, 3))  # (places, 10)
    if error.amin(1).max() > 0.15:
        raise DataError(
            "There is no counter in the frame's upper left corner: was the frame cropped, resized or flipped, "
            "or does it come from another clip?"
        )
    return int("".join(str(digit) for digit in error.argmin(1).tolist()))


def _glyph(digit):
    """One digit with a border of one dot: (7 * DOT, 5 * DOT), 0 or 1."""
    dots = torch.zeros(7, 5, dtype=torch.float64)
    for row, octal in enumerate(DIGITS[digit]):
        dots[row + 1, 1:4] = torch.tensor([int(octal) >> shift & 1 for shift in (2, 1, 0)])
    return dots.repeat_interleave(DOT, 0).repeat_interleave(DOT, 1)


def _share(frame, length):
    """0 at the first frame of a film, 1 at its last, as (T,) float64."""
    return frame.double() / (length - 1)


def moving_camera(frame):
    """10 s at 320x240: the camera wanders over a table and comes closer; a disc circles, a square passes by."""
    t = _share(frame, 300)
    look = torch.stack([0.5 + 0.2 * torch.sin(2 * math.pi * t), 0.5 + 0.1 * torch.sin(4 * math.pi * t)], 1)
    film = pan("coffee", look, 0.75 + 0.2 * torch.cos(2 * math.pi * t), 240, 320)
    circle = torch.stack([160 + 100 * torch.cos(6 * math.pi * t), 120 + 70 * torch.sin(6 * math.pi * t)], 1)
    film = add_sprite(film, "disc", 22, circle, "brick", (0.9, 0.5, 0.1))
    crossing = torch.stack([-30 + 380 * t, 60 + 20 * torch.sin(10 * math.pi * t)], 1)
    return add_sprite(film, "square", 16, crossing, "chelsea", (0.2, 0.4, 0.9))


def out_and_back(frame):
    """2 s at 160x160: a cross moves to the right and returns. First and last frame are the same."""
    away = 1 - (2 * ((frame.double() - 6) / 20).clamp(0, 1) - 1).abs()
    film = pan("chelsea", torch.tensor([[0.5, 0.45]]).expand(len(frame), 2), torch.ones(len(frame)), 160, 160)
    path = torch.stack([50 + 60 * away, torch.full_like(away, 100)], 1)
    return add_sprite(film, "cross", 18, path, "gravel", (0.2, 0.7, 0.3))


def three_speeds(frame):
    """6 s at 160x120: a disc crosses the picture three times, each time twice as fast."""
    film = pan("grass", torch.tensor([[0.5, 0.5]]).expand(len(frame), 2), torch.ones(len(frame)), 120, 160)
    x = torch.full((len(frame),), -20.0, dtype=torch.float64)  # out of sight
    for first, length in ((0, 84), (90, 42), (144, 21)):
        crossing = (frame >= first) & (frame < first + length)
        x = torch.where(crossing, -16 + 192 * (frame - first).double() / length, x)
    return add_sprite(film, "disc", 14, torch.stack([x, torch.full_like(x, 60)], 1), "brick", (0.9, 0.3, 0.2))


def scene_cut(frame):
    """4 s at 320x240: two scenes; the second begins at frame 47."""
    t = _share(frame, 100)
    first = pan("astronaut", torch.stack([0.4 + 0.2 * t, torch.full_like(t, 0.35)], 1), 0.9 - 0.3 * t, 240, 320)
    second = pan("coffee", torch.stack([0.6 - 0.2 * t, torch.full_like(t, 0.5)], 1), 0.8 + 0.1 * t, 240, 320)
    film = torch.where((frame < 47).view(-1, 1, 1), first, second)
    path = torch.stack([60 + 200 * t, 170 - 60 * torch.sin(math.pi * t)], 1)
    return add_sprite(film, "triangle", 20, path, "gravel", (0.9, 0.8, 0.2))


def counter(frame):
    """60 s at 160x120: every frame carries its number, 0 to 1799, so that one sees which frame a seek has found."""
    t = _share(frame, 1800)
    look = torch.stack([0.5 + 0.2 * torch.sin(4 * math.pi * t), 0.4 + 0.1 * torch.cos(2 * math.pi * t)], 1)
    film = pan("astronaut", look, torch.ones(len(frame)), 120, 160)
    path = torch.stack([80 + 50 * torch.sin(40 * math.pi * t), 80 + 20 * torch.cos(24 * math.pi * t)], 1)
    return add_counter(add_sprite(film, "square", 11, path, "brick", (0.2, 0.6, 0.9)), frame)
