"""Mesh R-CNN beside the Mask R-CNN of torchvision that it contains: what the three more heads cost."""

from contextlib import nullcontext

import torch

from course_lib.bench.runner import Skip, need, row
from course_lib.describe import count
from course_lib.timing import alternate


@row("Mesh R-CNN, miniature, CPU, 2 pictures of 96 x 128", peer="its Mask R-CNN alone")
def mesh_rcnn_cpu(rounds):
    return _compare("cpu", (96, 128), 2, rounds)


@row("Mesh R-CNN, ResNet-50-FPN, GPU, bf16, 2 pictures of 480 x 640", peer="torchvision maskrcnn_resnet50_fpn")
def mesh_rcnn_gpu(rounds):
    if not torch.cuda.is_available():
        raise Skip("needs a CUDA device")
    return _compare("cuda", (480, 640), 2, rounds)


def _compare(device, size, number, rounds):
    detection = need("torchvision.models.detection", "pip install torchvision")
    from course_lib.models.mesh_rcnn import MeshRCNN

    torch.manual_seed(0)
    if device == "cpu":
        ours = MeshRCNN.mini().eval()
        peer = ours.detector
    else:
        ours = MeshRCNN().to(device).eval()
        peer = detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=10).to(device).eval()
    for network in (ours.detector, peer):  # untrained: let a few boxes through
        network.roi_heads.score_thresh, network.roi_heads.detections_per_img = 0.0, 6
    pictures = [torch.rand(3, *size, device=device) for _ in range(number)]

    def call(network):
        def forward():
            context = torch.autocast("cuda", torch.bfloat16) if device == "cuda" else nullcontext()
            with torch.no_grad(), context:
                network(pictures)

        return forward

    sizes = [count(sum(p.numel() for p in network.parameters())) for network in (ours, peer)]
    return *alternate(call(ours), call(peer), rounds), f"6 boxes each; parameters {sizes[0]}, the peer's {sizes[1]}"
