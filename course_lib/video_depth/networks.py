"""Any depth network as one thing: frames (B, 3, H, W) in 0..1 go in, depth z (B, H, W) comes out, positive.

Test-time training changes a network's weights and asks nothing else of it. But some networks give the logarithm of
depth (Mannequin Challenge, `DepthFCN`), and some give inverse depth in units of their own (MiDaS).
"""

import torch
from torch import nn
from torch.nn.functional import interpolate

from course_lib.data.sets.shipped import shipped_path
from course_lib.errors import DataError, check_shape
from course_lib.models.depth_fcn import DepthFCN
from course_lib.models.midas import MidasNet, preprocess
from course_lib.models.published import load_published
from course_lib.ops.depth import align_least_squares, align_medians

NEAREST, FARTHEST = 1e-2, 1e4  # in the unit of the depth: what a wild weight may give at most
SHIPPED = "weights/depth_rooms.pt"


class FromLogDepth(nn.Module):
    """Depth of a network that predicts log depth, (B, 1, H, W)."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, frames):
        """(B, 3, H, W) in 0..1 -> (B, H, W)"""
        return self.network(frames)[:, 0].float().exp().clamp(NEAREST, FARTHEST)


class FromInverseDepth(nn.Module):
    """Depth of a network like MiDaS, which predicts scale * p + shift = 1 / z with an unknown scale and shift.

    Args:
        network: standardised frames (B, 3, H', W') -> (B, H', W').
        size: pixels of the longer side at which it works, see `midas.preprocess`.
    """

    def __init__(self, network, size=384):
        super().__init__()
        self.network, self.size = network, size
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("shift", torch.zeros(()))

    def relative(self, frames):
        """What the network says, at the size of the frames: (B, 3, H, W) in 0..1 -> (B, H, W)."""
        found = self.network(preprocess(frames, self.size)).float()
        return interpolate(found[:, None], frames.shape[-2:], mode="bilinear", align_corners=False)[:, 0]

    def forward(self, frames):
        """(B, 3, H, W) in 0..1 -> (B, H, W)"""
        return 1 / (self.scale * self.relative(frames) + self.shift).clamp(1 / FARTHEST, 1 / NEAREST)

    @torch.no_grad()
    def align(self, frames, measured, batch=8):
        """Choose one scale and one shift for a whole video: medians, over all pixels that have a measured depth.

        (The released code of CVD takes 1 / p as it is, shift 0; then a plane is no plane, and training has to bend it.)

        Args:
            frames: (T, 3, H, W). measured: (T, H, W), 0 where unknown, e.g. the points of a reconstruction.
        Raises:
            DataError: if nothing is known, or the prediction falls where the measured inverse depth rises.
        """
        check_shape(measured, "T H W", "measured")
        device = self.scale.device
        found = torch.cat([self.relative(part.to(device)).cpu() for part in frames.split(batch)]).reshape(1, 1, -1)
        known = (measured > 0).reshape(1, 1, -1)
        if not known.any():
            raise DataError("No pixel has a measured depth: scale and shift of the network's output stay unknown.")
        target = torch.where(known, 1 / measured.clamp(min=1e-9).reshape(1, 1, -1), torch.zeros(()))
        slope, _ = align_least_squares(found, target, known)
        if not slope > 0:
            raise DataError(
                f"The network's inverse depth has the slope {slope.item():.3g} against the measured one, expected a "
                "positive number. Does it give a constant? Are these the weights that belong to it?"
            )
        scale, shift = align_medians(found, target, known)
        self.scale.copy_(scale[0])
        self.shift.copy_(shift[0])


def rooms_network():
    """The small network that ships: DepthFCN.mini trained on rooms, see `course_lib.recipes.depth_expert`.

    Raises:
        DataError: if its file is missing.
    """
    try:
        path = shipped_path(SHIPPED)
    except DataError as error:
        raise DataError(f"{error} Train it again with: course data make weights") from None
    network = DepthFCN.mini()
    load_published(network, path)
    return FromLogDepth(network.float().eval())


def midas_network(weights, size=384):
    """MiDaS v2 or v2.1 with published weights: path -> FromInverseDepth."""
    return FromInverseDepth(MidasNet.from_published(weights), size)
