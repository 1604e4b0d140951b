"""What FlowNet 2's networks are given: images, flows, the second image warped back, and how well it then fits.

Sections 4 and 5 of Ilg et al. 2017; see `course_lib.models.flownet2`.
"""

from dataclasses import dataclass
from functools import cached_property

import torch

from course_lib.models.flownet import SCALE
from course_lib.ops.warp import warp


@dataclass
class Stage:
    """What one network of a `FlowNet2` found.

    Attributes:
        name: of the network's attribute, such as "flownets_1".
        flow: (B, 2, H, W) in pixels of the full picture.
        images: (B, 6, H, W), mean subtracted. outside: of the warp.
    """

    name: str
    flow: torch.Tensor
    images: torch.Tensor
    outside: str

    @cached_property
    def warped(self):
        """(B, 3, H, W): the second image, its mean subtracted, warped back with the flow."""
        return warp(self.images[:, 3:], self.flow, self.outside)

    @cached_property
    def error(self):
        """(B, 1, H, W): brightness error that the flow leaves."""
        return _length(self.images[:, :3] - self.warped)


def stacked_input(stage, scale=SCALE):
    """What a network that is stacked upon another one is given (Section 4).

    Args:
        stage: Stage, what the network before has found. scale: that by which networks of this stack divide flow.
    Returns:
        (B, 12, H, W): first image, second image, second image warped back, flow / scale, brightness error.
    """
    return torch.cat([stage.images, stage.warped, stage.flow / scale, stage.error], 1)


def fused_input(small, large):
    """What the fusion network is given (Section 5).

    Args:
        small, large: Stage of the small-displacement network, and the last of the stack.
    Returns:
        (B, 11, H, W): first image, both flows, their lengths, the brightness errors they leave; small before large.
    """
    flows = small.flow, large.flow
    return torch.cat([small.images[:, :3], *flows, *map(_length, flows), small.error, large.error], 1)


# The two below are exercises. `FlowNet2` does not call them: while answers are graded they are not in the library.


def brightness_error(image, warped):
    """Length of the difference over the channels, at every pixel: (B, 3, H, W) twice -> (B, 1, H, W)."""
    return _length(image - warped)


def fusion_input(images, small, large, outside="border"):
    """`fused_input` from flows: images (B, 6, H, W), mean subtracted; small, large (B, 2, H, W) in pixels."""
    return fused_input(*(Stage("", flow, images, outside) for flow in (small, large)))


def _length(vectors):
    """Of the vector at every pixel: (B, C, H, W) -> (B, 1, H, W)."""
    return vectors.norm(dim=1, keepdim=True)
