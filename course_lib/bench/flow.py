"""Dense optical flow beside OpenCV's Farneback and DIS and scikit-image's ILK: time, and what the flow is worth.

Two pairs with exact truth: flying shapes of 384 x 512 pixels, the size of FlyingChairs, and half of the stereo pair
that scikit-image ships, whose disparity is flow.
"""

import functools
import time

import numpy as np
import torch
import torch.nn.functional as F

from course_lib.bench.runner import Skip, need, row
from course_lib.metrics import endpoint_error
from course_lib.ops.flow import pyramidal_lucas_kanade
from course_lib.timing import alternate


@functools.cache
def _flying_shapes():
    """Grey images (1, 1, 384, 512), true flow (1, 2, 384, 512), and where it counts (1, 384, 512)."""
    need("skimage", "pip install scikit-image")
    from course_lib.data.worlds.flying_shapes import FlyingShapes

    pair = FlyingShapes(384, 512, shapes=8, motion=4.0).sample(1, seed=0)
    grey = [image.mean(1, keepdim=True) for image in (pair.image1, pair.image2)]
    return *grey, pair.flow, ~pair.occluded


@functools.cache
def _stereo():
    """The same for the motorcycle, 250 x 370 pixels, motion of 4 to 30 pixels."""
    data = need("skimage.data", "pip install scikit-image")
    left, right, disparity = data.stereo_motorcycle()
    views = torch.from_numpy(np.stack([left, right])).permute(0, 3, 1, 2) / 255
    views = F.interpolate(views, scale_factor=0.5, mode="bilinear", antialias=True).mean(1, keepdim=True)
    disparity = torch.from_numpy(disparity)[::2, ::2][: views.shape[2], : views.shape[3]] / 2
    flow = torch.stack([-disparity.nan_to_num(0, 0, 0), torch.zeros_like(disparity)])[None]
    return views[:1], views[1:], flow, disparity.isfinite()[None]


PAIRS = {"flying shapes, 384x512": _flying_shapes, "stereo pair, 250x370": _stereo}


def _farneback():
    cv2 = need("cv2", "pip install opencv-python-headless")
    return lambda a, b: cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 5, 15, 3, 5, 1.2, 0)


def _dis():
    cv2 = need("cv2", "pip install opencv-python-headless")
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return lambda a, b: method.calc(a, b, None)


def _ilk():
    registration = need("skimage.registration", "pip install scikit-image")
    return lambda a, b: registration.optical_flow_ilk(a / np.float32(255), b / np.float32(255))[::-1].transpose(1, 2, 0)


PEERS = {"OpenCV Farneback": _farneback, "OpenCV DIS, medium": _dis, "scikit-image ILK": _ilk}


def _against(pair, peer, rounds):
    """Ours, 5 levels, beside a function of two uint8 images (H, W) -> (H, W, 2)."""
    method = PEERS[peer]()
    first, second, truth, valid = PAIRS[pair]()
    arrays = [(255 * image[0, 0]).round().byte().numpy() for image in (first, second)]
    errors = {
        "ours": pyramidal_lucas_kanade(first, second, levels=5),
        "peer": torch.from_numpy(np.ascontiguousarray(method(*arrays))).permute(2, 0, 1)[None],
        "no motion": torch.zeros_like(truth),
    }
    note = ", ".join(f"{name} {endpoint_error(flow, truth, valid):.2f}" for name, flow in errors.items())
    ours = lambda: pyramidal_lucas_kanade(first, second, levels=5)  # noqa: E731
    return *alternate(ours, lambda: method(*arrays), rounds), f"EPE in pixels: {note}"


for _pair in PAIRS:
    for _peer in PEERS:
        row(f"dense flow, {_pair}, beside {_peer}", peer=_peer)(functools.partial(_against, _pair, _peer))


@row("dense flow, 16 pairs of 384x512 on a GPU", peer="OpenCV DIS, medium, on the CPU, pair by pair")
def batched_on_a_gpu(rounds):
    if not torch.cuda.is_available():
        raise Skip("needs a CUDA device")
    method = _dis()
    from course_lib.data.worlds.flying_shapes import FlyingShapes

    pairs = FlyingShapes(384, 512, shapes=8, motion=4.0).sample(16, seed=0, device="cuda")
    grey = [image.mean(1, keepdim=True) for image in (pairs.image1, pairs.image2)]
    arrays = [(255 * image[:, 0]).round().byte().cpu().numpy() for image in grey]
    torch.cuda.reset_peak_memory_stats()
    flow = pyramidal_lucas_kanade(*grey, levels=5)
    error = endpoint_error(flow, pairs.flow, ~pairs.occluded)
    theirs = torch.from_numpy(np.stack([method(a, b) for a, b in zip(*arrays, strict=True)])).permute(0, 3, 1, 2)
    their_error = endpoint_error(theirs, pairs.flow.cpu(), ~pairs.occluded.cpu())
    peak = torch.cuda.max_memory_allocated() / 2**20
    seconds = alternate(
        lambda: pyramidal_lucas_kanade(*grey, levels=5),
        lambda: [method(a, b) for a, b in zip(*arrays, strict=True)],
        rounds,
    )
    return *seconds, f"EPE in pixels: ours {error:.2f}, peer {their_error:.2f}; peak memory {peak:.0f} MiB"


@row("render 8 pairs of flying shapes, 96x128", peer="drawing every pair by itself")
def render_flying_shapes(rounds):
    need("skimage", "pip install scikit-image")
    from course_lib.data.worlds.flying_shapes import FlyingShapes

    world = FlyingShapes(96, 128)
    started = time.perf_counter()
    world.sample(8)  # also resizes the photographs, once
    first = time.perf_counter() - started
    seconds = alternate(lambda: world.sample(8), lambda: [world.sample(1, seed) for seed in range(8)], rounds)
    return *seconds, f"{8 / seconds[1]:.0f} pairs/s; the first call, which resizes the photographs, {first:.1f} s"


@row("correlation of FlowNetC, maps of 48x64, 441 displacements, with gradients", peer="unfolding the second map")
def correlation_layer(rounds):
    """The peer is what one writes first: every displaced window of the second map at once, 441 times its memory."""
    from course_lib.ops.correlation import correlation

    device = "cuda" if torch.cuda.is_available() else "cpu"
    first, second = (torch.randn(1, 256, 48, 64, device=device, requires_grad=True) for _ in range(2))
    out = torch.randn(1, 441, 48, 64, device=device)

    def unfolded():
        windows = F.pad(second, (20,) * 4).unfold(2, 48, 2).unfold(3, 64, 2)  # (B, C, 21, 21, H, W)
        return torch.einsum("bchw,bcijhw->bijhw", first, windows).flatten(1, 2) / 256

    ours = lambda: correlation(first, second).backward(out)  # noqa: E731
    gap = (correlation(first, second) - unfolded()).abs().max().item()
    return *alternate(ours, lambda: unfolded().backward(out), rounds), f"largest difference {gap:.1g}, on {device}"


@row("FlowNet2-css and SPyNet, one pair of 128x192, beside RAFT", peer="torchvision raft_small, 12 updates")
def stacked_networks(rounds):
    """All with random weights: what is measured is time. The seconds are those of the thin stack."""
    video = need("torchvision.models.optical_flow", "pip install torchvision")
    from course_lib.models.flownet2 import THIN, FlowNet2
    from course_lib.models.spynet import SPyNet

    device = "cuda" if torch.cuda.is_available() else "cpu"
    pair = torch.rand(1, 6, 128, 192, device=device)
    raft = video.raft_small().eval().to(device)
    networks = {"css": FlowNet2("css", widths=THIN), "SPyNet": SPyNet()}
    times = {}
    with torch.no_grad():
        for name, network in networks.items():
            network = network.eval().to(device)
            peer, times[name] = alternate(lambda: network(pair), lambda: raft(*pair.split(3, 1)), rounds)  # noqa: B023
    note = ", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in times.items())
    return peer, times["css"], f"{note}, raft_small {1000 * peer:.0f} ms, on {device}"
