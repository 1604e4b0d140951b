"""Textured sprites: drawn once per clip, then placed in every frame at sub-pixel positions.

Moving a picture by a fraction of a pixel is bilinear interpolation, and that is separable: a matrix of tent weights for
the rows, times the sprite, times another for the columns. So a whole batch of clips is two batched matrix products;
what lies outside the frame falls away by itself, and CPU and GPU do the same arithmetic.

Positions are (x, y) in pixels; pixel (column i, row j) covers the square from (i, j) to (i + 1, j + 1).
"""

import math

import torch

SHAPES = ("disc", "square", "triangle", "cross")


def canvas_size(radius):
    """Side of a sprite's canvas in pixels: room for the shape and its soft edge."""
    return 2 * math.ceil(radius + 1)


def draw_shapes(shape, radius, size):
    """Anti-aliased coverage of shapes in the middle of a square canvas. Every shape fills its bounding box exactly.

    Args:
        shape: (B,) long, index into `SHAPES`.
        radius: (B,) half the side of the bounding box, in pixels.
        size: side of the canvas in pixels.
    Returns:
        (B, size, size) in 0..1: 1 inside, 0 outside, a ramp one pixel wide across the edge.
    """
    axis = torch.arange(size, dtype=torch.float32) + 0.5 - size / 2
    y, x = axis.view(1, -1, 1), axis.view(1, 1, -1)
    r = radius.view(-1, 1, 1)
    inside = (  # distance to the edge in pixels, positive inside
        r - torch.sqrt(x * x + y * y),
        torch.minimum(r - x.abs(), r - y.abs()),
        torch.minimum((y + r - 2 * x.abs()) / math.sqrt(5), r - y),
        torch.maximum(torch.minimum(r - x.abs(), r / 3 - y.abs()), torch.minimum(r / 3 - x.abs(), r - y.abs())),
    )
    chosen = torch.stack([d.expand(-1, size, size) for d in inside])[shape, torch.arange(len(shape))]
    return (chosen + 0.5).clamp(0, 1)


def paint(coverage, texture, color):
    """A sprite: `color` carrying the light and dark of `texture`, multiplied by the coverage (premultiplied alpha).

    Args:
        coverage: (B, P, P) in 0..1.
        texture: (B, 3, P, P) in 0..1, a crop of a photograph.
        color: (B, 3) in 0..1.
    Returns:
        (B, 4, P, P): red, green, blue times alpha, and alpha.
    """
    grey = texture.mean(1, keepdim=True)
    spread = (grey - grey.mean((2, 3), keepdim=True)) / (grey.std((2, 3), keepdim=True) + 0.02)
    painted = (color[:, :, None, None] + 0.15 * spread.clamp(-2, 2)).clamp(0, 1)
    alpha = coverage.unsqueeze(1)
    return torch.cat([painted * alpha, alpha], 1)


def tent_weights(corner, size, length):
    """Bilinear weights of `size` sprite pixels for `length` frame pixels when the sprite begins at `corner`.

    Args:
        corner: (...,) position of the sprite's first edge in the frame, in pixels, any real number.
    Returns:
        (..., length, size); a row sums to 1 where the frame pixel lies well inside the sprite, to 0 outside.
    """
    frame = torch.arange(length, device=corner.device, dtype=torch.float32).view(-1, 1)
    sprite = torch.arange(size, device=corner.device, dtype=torch.float32)
    return (1 - (frame - sprite - corner[..., None, None]).abs()).clamp_(min=0)


def place(sprite, corner, height, width):
    """Move a sprite to a position in every frame.

    Args:
        sprite: (B, C, P, Q).
        corner: (B, T, 2) where its upper left corner lies, (x, y) in pixels.
    Returns:
        (B, T, C, height, width); 0 where the sprite is not. Equal to `place_reference`.
    """
    batch, channels, rows, columns = sprite.shape
    frames = corner.shape[1]
    down = tent_weights(corner[..., 1], rows, height)  # (B, T, H, P)
    across = tent_weights(corner[..., 0], columns, width)  # (B, T, W, Q)
    moved = torch.einsum("bthp,bcpq->btchq", down, sprite)
    moved = moved.reshape(batch * frames, channels * height, columns)
    placed = torch.bmm(moved, across.view(batch * frames, width, columns).transpose(1, 2))
    return placed.view(batch, frames, channels, height, width)


def place_reference(sprite, corner, height, width):
    """`place`, pixel by pixel with loops: the four neighbours of every frame pixel, weighted by nearness."""
    batch, channels, rows, columns = sprite.shape
    placed = torch.zeros(batch, corner.shape[1], channels, height, width)
    for b, t, j, i in torch.cartesian_prod(*map(torch.arange, (batch, corner.shape[1], height, width))).tolist():
        x, y = i - float(corner[b, t, 0]), j - float(corner[b, t, 1])
        left, top = math.floor(x), math.floor(y)
        for p, q in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
            if 0 <= p < rows and 0 <= q < columns:
                weight = (1 - abs(y - p)) * (1 - abs(x - q))
                placed[b, t, :, j, i] += weight * sprite[b, :, p, q]
    return placed


def composite(background, sprite, corner, flash=None):
    """Render clips: a sprite over a background, alpha compositing: sprite + (1 - alpha) * background.

    Only the window around the sprite is computed, all windows of the batch at once; the rest is the background, copied.

    Args:
        background: (B, 3, H, W), or (B, 3, T, H, W) where it moves; 0..1.
        sprite: (B, 4, P, P) from `paint`.
        corner: (B, T, 2) upper left corner of the sprite, (x, y) in pixels.
        flash: (B, T) how much of the sprite turns white, 0..1; None for never.
    Returns:
        (B, 3, T, H, W) in 0..1, contiguous.
    """
    batch, frames = corner.shape[:2]
    height, width = background.shape[-2:]
    size = sprite.shape[-1]
    rows, columns = min(size + 1, height), min(size + 1, width)  # of the window that the sprite can touch
    limit = torch.tensor([width - columns, height - rows], device=corner.device)
    window = torch.minimum(corner.floor().clamp(min=0), limit)  # its upper left pixel, (B, T, 2)
    layer = place(sprite, corner - window, rows, columns).transpose(1, 2).flatten(3)  # (B, 4, T, rows * columns)
    color, alpha = layer[:, :3], layer[:, 3:]
    if flash is not None:
        color = torch.lerp(color, alpha.expand_as(color), flash[:, None, :, None])

    x, y = window.long()[..., None, None].unbind(2)  # (B, T, 1, 1)
    down = torch.arange(rows, device=corner.device).view(-1, 1)
    across = torch.arange(columns, device=corner.device)
    pixels = ((y + down) * width + x + across).view(batch, 1, frames, -1).expand(-1, 3, -1, -1)
    if background.ndim == 4:
        background = background.unsqueeze(2)
    clips = background.expand(-1, -1, frames, -1, -1).clone(memory_format=torch.contiguous_format)
    flat = clips.view(batch, 3, frames, height * width)
    flat.scatter_(3, pixels, torch.addcmul(color, 1 - alpha, flat.gather(3, pixels)))
    return clips
