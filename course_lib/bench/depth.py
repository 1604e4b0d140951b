"""MiDaS beside a segmentation network of torchvision: both give a map for a frame, with a ResNet-101 inside."""

from contextlib import nullcontext

import torch

from course_lib.bench.runner import Skip, need, row
from course_lib.describe import count, describe
from course_lib.timing import alternate


@row("MiDaS v2.1, forward, CPU, miniature, 8 x 96 x 128", peer="torchvision fcn_resnet50, 8 x 96 x 128")
def midas_cpu(rounds):
    return _compare("cpu", "fcn_resnet50", (96, 128), rounds)


@row("MiDaS v2.1 large, forward, GPU, bf16, 8 x 288 x 384", peer="torchvision fcn_resnet101, 8 x 288 x 384")
def midas_gpu(rounds):
    if not torch.cuda.is_available():
        raise Skip("needs a CUDA device")
    return _compare("cuda", "fcn_resnet101", (288, 384), rounds)


@torch.no_grad()
def _compare(device, peer_name, size, rounds):
    segmentation = need("torchvision.models.segmentation", "pip install torchvision")
    from course_lib.models.midas import MidasNet

    peer = getattr(segmentation, peer_name)(weights=None, weights_backbone=None).to(device).eval()
    ours = (MidasNet.mini() if device == "cpu" else MidasNet()).to(device).eval()
    frames = torch.randn(8, 3, *size, device=device)
    costs = [count(describe(model, (3, *size), repeats=0).multiply_adds) for model in (ours, peer)]

    def call(model):
        def forward():
            context = torch.autocast("cuda", torch.bfloat16) if device == "cuda" else nullcontext()
            with torch.no_grad(), context:
                model(frames)

        return forward

    note = f"8 frames; multiply-adds per frame {costs[0]}, the peer's {costs[1]}"
    return *alternate(call(ours), call(peer), rounds), note
