"""Turn, scale, shift, flip and recolour a pair of frames, and keep its flow true.

A. Dosovitskiy et al., "FlowNet: Learning Optical Flow with Convolutional Networks", ICCV 2015, arXiv:1504.06852,
Section 5.1: both frames get the same random affine map, the second one a small further map, and both random colours.

Both frames are moved by maps A1 and A2 of positions. What was at x in frame 1 and at x + f(x) in frame 2 is now at
y = A1 x and at A2 (x + f(x)), so the new flow is

    g(y) = A2 (x + f(x)) - y,   x = A1^-1 y.

So a picture twice as large has vectors twice as long, and a flipped one has u of the other sign.
"""

import math
from dataclasses import dataclass

import torch
from torch.nn.functional import grid_sample

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.warp import pixel_grid


@dataclass(frozen=True)
class Augmentation:
    """How much is changed; the numbers are the paper's, `relative` as FlowNet 2's code has it.

    Attributes:
        shift: farthest shift of the picture, as a share of its width. turn: largest rotation, degrees.
        smallest, largest: range of the scale, in which its logarithm is uniform.
        relative: standard deviation of the second frame's further shift (share of the width), turn (radians) and
            logarithm of scale.
        noise: largest standard deviation of Gaussian noise. contrast: range of what contrast grows by. gain: range of
            the factor of each colour. gamma: range of the exponent. brightness: standard deviation of what is added.
    """

    shift: float = 0.2
    turn: float = 17.0
    smallest: float = 0.9
    largest: float = 2.0
    relative: float = 0.03
    noise: float = 0.04
    contrast: tuple[float, float] = (-0.8, 0.4)
    gain: tuple[float, float] = (0.5, 2.0)
    gamma: tuple[float, float] = (0.7, 1.5)
    brightness: float = 0.2

    def __call__(self, image1, image2, flow, generator):
        """Augment a batch, each pair in its own way.

        Args:
            image1, image2: (B, 3, H, W), 0..1. flow: (B, 2, H, W) in pixels.
            generator: torch.Generator on the CPU.
        Returns:
            image1, image2, flow of the same shapes, and where the flow is known: (B, H, W) bool.
        """
        sizes = check_shape(image1, "B 3 H W", "image1")
        first, second = self.maps(sizes["B"], sizes["H"], sizes["W"], generator)
        image1, image2, flow, known = move_pair(image1, image2, flow, first, second)
        return *self.recolored((image1, image2), generator), flow, known

    def maps(self, n, height, width, generator):
        """Random maps of positions (x, y, 1) for both frames: two (n, 3, 3)."""
        size = math.log(self.smallest), math.log(self.largest)
        scale = (size[0] + (size[1] - size[0]) * torch.rand(n, generator=generator)).exp()
        turn = math.radians(self.turn) * (2 * torch.rand(n, generator=generator) - 1)
        shift = self.shift * width * (2 * torch.rand(n, 2, generator=generator) - 1)
        first = affine_maps(turn, scale, shift, height, width)
        turn, log_scale, x, y = self.relative * torch.randn(4, n, generator=generator)
        return first, affine_maps(turn, log_scale.exp(), width * torch.stack([x, y], 1), height, width) @ first

    def recolored(self, images, generator):
        """Both images of each pair with the same new colours, and with noise of their own."""
        n = len(images[0])

        def uniform(low, high, channels=1):
            return low + (high - low) * torch.rand(n, channels, 1, 1, generator=generator)

        gain, gamma = uniform(*self.gain, 3), uniform(*self.gamma)
        contrast, noise = 1 + uniform(*self.contrast), uniform(0, self.noise)
        brightness = self.brightness * torch.randn(n, 1, 1, 1, generator=generator)
        result = []
        for image in images:
            there = [value.to(image.device) for value in (gain, gamma, contrast, brightness, noise)]
            gain_, gamma_, contrast_, brightness_, noise_ = there
            new = (image * gain_).clamp(0, 1)
            middle = new.mean((1, 2, 3), keepdim=True)
            new = ((new - middle) * contrast_ + middle + brightness_).clamp(0, 1) ** gamma_
            result.append((new + noise_ * torch.randn(image.shape, generator=generator).to(image.device)).clamp(0, 1))
        return tuple(result)


def affine_maps(turn, scale, shift, height, width):
    """Turn (radians, clockwise on the screen) and scale about the middle of the picture, then shift.

    Args:
        turn, scale: (B,). shift: (B, 2), pixels (x, y). height, width: of the picture.
    Returns:
        (B, 3, 3), for columns (x, y, 1) of pixel positions.
    """
    middle = turn.new_tensor([(width - 1) / 2, (height - 1) / 2])
    cosine, sine = scale * turn.cos(), scale * turn.sin()
    linear = torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)  # (B, 2, 2)
    maps = torch.eye(3).repeat(len(turn), 1, 1)
    maps[:, :2, :2] = linear
    maps[:, :2, 2] = middle - linear @ middle + shift
    return maps


def move_pair(image1, image2, flow, first, second):
    """Move both frames by affine maps, and their flow with them (the equation above).

    Args:
        image1, image2: (B, C, H, W). flow: (B, 2, H, W) in pixels.
        first, second: (B, 3, 3), where positions of frame 1 and of frame 2 go.
    Returns:
        image1, image2, flow, and (B, H, W) bool: where the new frame 1 shows a place of the old one. Images beyond
        their border are black.
    """
    sizes = check_shape(flow, "B 2 H W", "flow")
    if image1.shape != image2.shape or image1.shape[2:] != flow.shape[2:] or len(first) != sizes["B"]:
        raise ShapeError(
            f"image1 {tuple(image1.shape)}, image2 {tuple(image2.shape)}, flow {tuple(flow.shape)} and maps "
            f"{tuple(first.shape)} must share B, H and W."
        )
    first, second = first.to(flow), second.to(flow)
    grid = pixel_grid(sizes["H"], sizes["W"], flow.device, flow.dtype)[None]
    before, before2 = (_apply(torch.linalg.inv(maps), grid) for maps in (first, second))  # (B, 2, H, W)
    new1, new2 = _sample(image1, before), _sample(image2, before2)
    moved = _apply(second, before + _sample(flow, before)) - grid
    last = flow.new_tensor([sizes["W"] - 1, sizes["H"] - 1]).view(2, 1, 1)
    known = ((before >= 0) & (before <= last)).all(1)
    return new1, new2, moved * known.unsqueeze(1), known


def flip_pair(images, flow, across, down):
    """Mirror pairs, without any blur. A mirrored u points the other way.

    Args:
        images: (B, C, H, W), any number of frames one after the other. flow: (B, 2, H, W).
        across, down: whether left and right, and top and bottom, change places.
    """
    axes = [axis for axis, wanted in ((3, across), (2, down)) if wanted]
    signs = flow.new_tensor([-1.0 if across else 1.0, -1.0 if down else 1.0]).view(2, 1, 1)
    return images.flip(axes), flow.flip(axes) * signs


def _apply(maps, places):
    """Where maps (B, 3, 3) send places (B or 1, 2, H, W): (B, 2, H, W)."""
    linear, shift = maps[:, :2, :2, None, None], maps[:, :2, 2, None, None]
    return linear[:, :, 0] * places[:, :1] + linear[:, :, 1] * places[:, 1:] + shift


def _sample(image, places):
    """(B, C, H, W) at pixel positions (B, 2, H, W), bilinearly; black beyond the border."""
    last = places.new_tensor([image.shape[3] - 1, image.shape[2] - 1])
    return grid_sample(image, 2 * places.permute(0, 2, 3, 1) / last - 1, align_corners=True)
