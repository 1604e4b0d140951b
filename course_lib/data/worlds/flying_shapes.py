"""Flying shapes: pairs of pictures in which everything moves affinely, with exact flow and occlusion both ways.

Textured shapes fly over a background, all cut from real photographs, as chairs did in the data set FlyingChairs
(Dosovitskiy et al., ICCV 2015). The background moves by an affine map (shift, turn, scale): the camera. Each shape
moves by the camera's map and one of its own.

The truth is geometry, not estimate. Every layer is a picture on a canvas with one affine map per frame, from positions
in the frame to positions on the canvas. So a point of the frame belongs to the uppermost layer that covers it; its flow
is that layer's motion; and it is hidden in the other frame exactly if it leaves the frame or a higher layer covers the
place where it goes. Positions are (x, y) in pixels with pixel centres at whole numbers, as `ops.warp` counts.
"""

import math
from dataclasses import dataclass

import torch
from torch.nn.functional import avg_pool2d, grid_sample

from course_lib.data.worlds.photographs import PHOTOGRAPHS, random_crops
from course_lib.data.worlds.sprites import SHAPES, draw_shapes
from course_lib.errors import DataError
from course_lib.ops.warp import in_view, pixel_grid

DETAIL = 2  # canvas pixels per frame pixel, and rays per frame pixel along each axis: edges come out smooth


@dataclass
class FlowBatch:
    """Pairs of pictures with their truth.

    Attributes:
        image1, image2: (B, 3, H, W) float32 in 0..1, RGB.
        flow, backward: (B, 2, H, W) in pixels, from image 1 to 2 and from 2 to 1: u (right), then v (down).
        occluded, occluded_backward: (B, H, W) bool: pixels of image 1 that cannot be seen in image 2, and of 2 in 1.
        layer1, layer2: (B, H, W) long: 0 is the background, then the shapes from low to high.
    """

    image1: torch.Tensor
    image2: torch.Tensor
    flow: torch.Tensor
    backward: torch.Tensor
    occluded: torch.Tensor
    occluded_backward: torch.Tensor
    layer1: torch.Tensor
    layer2: torch.Tensor

    def __len__(self):
        return len(self.image1)


class FlyingShapes:
    """The world and the size of its pictures; `sample` renders as many pairs as you like.

    Args:
        height, width: of a picture, in pixels.
        shapes: how many fly.
        motion: how far a shape moves on average beside the camera's motion, in pixels; single ones go up to twice as
            far.
        camera: how far the background moves on average, in pixels; by default a third of `motion`.
        turn, zoom: standard deviation of each rotation, in degrees, and of each change of size, as a share. None is
            beyond three of them.
        noise: standard deviation of the sensor's noise, on the scale 0..1.
        photographs: names of those from which everything is cut; by default all. Two worlds without a common one make
            training and test pictures that share nothing.
    Raises:
        DataError: if a size, a number or a motion makes no picture.
    """

    def __init__(
        self,
        height=96,
        width=128,
        shapes=4,
        *,
        motion=3.0,
        camera=None,
        turn=2.0,
        zoom=0.02,
        noise=0.0,
        photographs=tuple(PHOTOGRAPHS),
    ):
        if min(height, width) < 16 or shapes < 0:
            raise DataError(f"{height} x {width} pixels with {shapes} shapes: expected at least 16 x 16, 0 or more.")
        if min(motion, turn, zoom, noise) < 0 or motion > min(height, width) / 4:
            raise DataError(
                f"motion is {motion:g} pixels, turn {turn:g}, zoom {zoom:g}, noise {noise:g}: expected none below 0, "
                f"and a motion of at most {min(height, width) // 4} (a quarter of the shorter side), so that shapes "
                "stay in the picture. Take larger pictures for larger motion."
            )
        self.height, self.width, self.shapes = height, width, shapes
        self.motion, self.camera = float(motion), float(motion / 3 if camera is None else camera)
        self.turn, self.zoom, self.noise = float(turn), float(zoom), float(noise)
        self.photographs = tuple(photographs)

    def sample(self, n, seed=0, device="cpu"):
        """Render `n` pairs.

        All random numbers are drawn on the CPU: the same arguments give the same pairs on every device.

        Args:
            n: number of pairs (B).
            seed: of everything random.
            device: where the pictures are rendered.
        Returns:
            FlowBatch.
        """
        generator = torch.Generator().manual_seed(seed)
        background = self._background(n, generator)
        layers = [background] + [self._shape(n, background, generator) for _ in range(self.shapes)]
        there = [tuple(part.to(device) for part in layer) for layer in layers]
        batch = render(there, self.height, self.width)
        if self.noise:
            for image in (batch.image1, batch.image2):
                image.add_(self.noise * torch.randn(image.shape, generator=generator).to(device)).clamp_(0, 1)
        return batch

    def batches(self, batch_size, seed=0, device="cpu"):
        """A function step -> (images, flow), as `train.fit` wants it: images (B, 6, H, W), the two one after the other.

        The same step gives the same pairs.
        """

        def batch(step):
            # A factor longer than any run, so that no two runs share a step's seed.
            pairs = self.sample(batch_size, (seed * 1_000_003 + step) % 2**63, device)
            return torch.cat([pairs.image1, pairs.image2], 1), pairs.flow

        return batch

    def _background(self, n, generator):
        """A canvas larger than the frame, and the camera's motion about the middle of the frame."""
        farthest = math.hypot(self.height, self.width) / 2
        turned_or_scaled = math.radians(3 * self.turn) + math.exp(3 * self.zoom) - 1  # pixels per pixel of distance
        room = math.ceil(2 * self.camera + farthest * turned_or_scaled * math.exp(3 * self.zoom) + 2)
        rows, columns = (DETAIL * (side + 2 * room) for side in (self.height, self.width))
        picture = random_crops(n, rows, columns, generator, 1.3, self.photographs)
        canvas = torch.cat([picture, torch.ones(n, 1, rows, columns)], 1)
        middle = torch.tensor([(self.width - 1) / 2, (self.height - 1) / 2]).expand(n, 2)
        first = _about(middle, torch.zeros(n), torch.ones(n))
        return canvas, first, _after(self._motion(middle, self.camera, generator), first)

    def _shape(self, n, background, generator):
        """A shape somewhere in the frame, turned somehow; it moves by its own map, and then with the camera."""
        shorter = min(self.height, self.width)
        radius = shorter * (0.08 + 0.14 * torch.rand(n, generator=generator))
        side = 2 * math.ceil(DETAIL * 0.22 * shorter + 1)
        shape = torch.randint(len(SHAPES), (n,), generator=generator)
        coverage = draw_shapes(shape, DETAIL * radius, side).unsqueeze(1)
        texture = random_crops(n, side, side, generator, 2.5, self.photographs)
        texture = texture * (0.5 + 0.7 * torch.rand(n, 3, 1, 1, generator=generator))  # its own tint
        canvas = torch.cat([texture.clamp(0, 1), coverage], 1)
        center = torch.rand(n, 2, generator=generator) * torch.tensor([self.width - 1, self.height - 1])
        first = _about(center, 2 * math.pi * torch.rand(n, generator=generator), torch.ones(n))
        camera = _after(background[2], _inverse(background[1]))
        own = self._motion(center, self.motion, generator)
        return canvas, first, _after(camera, _after(own, first))

    def _motion(self, center, pixels, generator):
        """Maps of the frame, (n, 3, 3): turn and scale about a centre, then shift by `pixels` on average."""
        n = len(center)
        turn = math.radians(self.turn) * torch.randn(n, generator=generator).clamp(-3, 3)
        scale = (self.zoom * torch.randn(n, generator=generator).clamp(-3, 3)).exp()
        heading = 2 * math.pi * torch.rand(n, generator=generator)
        length = 2 * pixels * torch.rand(n, generator=generator)
        moved = _after(_about(center, turn, scale), _inverse(_about(center, torch.zeros(n), torch.ones(n))))
        moved[:, 0, 2] += length * heading.cos()
        moved[:, 1, 2] += length * heading.sin()
        return moved


def render(layers, height, width):
    """Draw both pictures of B scenes and work out their truth.

    Args:
        layers: from the background up, tuples (canvas, first, second):
            canvas (B, 4, P, Q), red, green, blue and coverage in 0..1, with its centre at (0, 0) and `DETAIL` canvas
            pixels to the unit; first, second (B, 3, 3), affine maps from the canvas's (x, y, 1) to frames 1 and 2.
            The first layer must cover both frames.
        height, width: of the pictures.
    Returns:
        FlowBatch.
    Raises:
        DataError: if the background does not cover a frame.
    """
    canvases = [canvas for canvas, _, _ in layers]
    to_canvas = [[_inverse(layer[frame]) for layer in layers] for frame in (1, 2)]
    motions = [_after(second, _inverse(first)) for _, first, second in layers]
    pixels = pixel_grid(height, width, canvases[0].device)[None]  # (1, 2, H, W)
    images = [_picture(canvases, maps, height, width) for maps in to_canvas]
    tops = [_top_layer(canvases, maps, pixels.expand(len(canvases[0]), -1, -1, -1)) for maps in to_canvas]
    if min(top.min() for top in tops) < 0:
        raise DataError("The lowest layer leaves a part of a frame empty: give it a larger canvas or less motion.")

    truth = []
    for top, other_maps, motion in zip(tops, to_canvas[::-1], (motions, [_inverse(m) for m in motions]), strict=True):
        goes = _pick(top, [_apply(m, pixels) for m in motion])  # (B, 2, H, W), positions in the other frame
        flow = goes - pixels
        hidden = (_top_layer(canvases, other_maps, goes) > top) | ~in_view(flow)
        truth.append((flow, hidden))
    (flow, occluded), (backward, occluded_backward) = truth
    return FlowBatch(*images, flow, backward, occluded, occluded_backward, *tops)


def _picture(canvases, maps, height, width):
    """(B, 3, H, W): every pixel is the mean over DETAIL x DETAIL rays."""
    rays = (pixel_grid(DETAIL * height, DETAIL * width, canvases[0].device) + 0.5) / DETAIL - 0.5
    picture = 0
    for canvas, to_canvas in zip(canvases, maps, strict=True):
        color, coverage = _look_up(canvas, to_canvas, rays[None]).split([3, 1], 1)
        picture = picture + coverage * (color - picture)
    return avg_pool2d(picture, DETAIL)


def _top_layer(canvases, maps, places):
    """Number of the uppermost layer that covers each place by at least one half: (B, H, W), -1 where none does."""
    top = places.new_full((len(places), *places.shape[2:]), -1, dtype=torch.long)
    for number, (canvas, to_canvas) in enumerate(zip(canvases, maps, strict=True)):
        covered = _look_up(canvas[:, 3:], to_canvas, places)[:, 0] >= 0.5
        top = torch.where(covered, number, top)
    return top


def _look_up(canvas, to_canvas, places):
    """The canvas (B, C, P, Q) at places (B or 1, 2, H, W) of a frame, bilinearly; coverage is 0 beyond its edge."""
    half = places.new_tensor([canvas.shape[-1] / 2, canvas.shape[-2] / 2]) / DETAIL
    grid = _apply(to_canvas, places).permute(0, 2, 3, 1) / half
    values = grid_sample(canvas, grid, mode="bilinear", padding_mode="border", align_corners=False)
    inside = (grid.abs() <= 1).all(-1).unsqueeze(1)
    values[:, -1:] *= inside
    return values


def _pick(index, choices):
    """choices[index] at every pixel: index (B, H, W), choices K tensors (B, 2, H, W)."""
    stacked = torch.stack(choices)  # (K, B, 2, H, W)
    return stacked.gather(0, index[None, :, None].expand(1, -1, 2, -1, -1))[0]


def _about(center, turn, scale):
    """Maps (B, 3, 3) that turn and scale about the origin and then put it to `center`."""
    cosine, sine, zero = scale * turn.cos(), scale * turn.sin(), torch.zeros_like(turn)
    rows = [cosine, -sine, center[:, 0], sine, cosine, center[:, 1], zero, zero, zero + 1]
    return torch.stack(rows, 1).view(-1, 3, 3)


def _after(second, first):
    """The map that does `first`, then `second`."""
    return second @ first


def _inverse(affine):
    """The inverse of affine maps (B, 3, 3), by Cramer's rule: on a GPU without a call to its linear algebra library."""
    (a, b, x), (c, d, y) = (row.unbind(1) for row in affine[:, :2].unbind(1))
    determinant = a * d - b * c
    a, b, c, d = d / determinant, -b / determinant, -c / determinant, a / determinant
    zero = torch.zeros_like(a)
    rows = [a, b, -(a * x + b * y), c, d, -(c * x + d * y), zero, zero, zero + 1]
    return torch.stack(rows, 1).view(-1, 3, 3)


def _apply(affine, places):
    """Where maps (B, 3, 3) send places (B or 1, 2, H, W): (B, 2, H, W)."""
    linear, shift = affine[:, :2, :2, None, None], affine[:, :2, 2, None, None]
    return linear[:, :, 0] * places[:, :1] + linear[:, :, 1] * places[:, 1:] + shift
