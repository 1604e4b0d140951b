"""Who may move: people and animals and vehicles, found by Mask R-CNN (He et al., ICCV 2017; torchvision's network).

Structure from motion and the geometric loss assume that the scene stands still. So COLMAP looks away from these pixels.
"""

import torch
from torch.nn.functional import max_pool2d

from course_lib.models.published import load_published

PERSON = 1  # number of the class in COCO
MAY_MOVE = (1, 2, 3, 4, 5, 6, 7, 8, 9, *range(16, 26))  # person; bicycle ... boat; bird ... giraffe
SURE = 0.5  # score of a thing, and probability of a pixel, from which on it counts
MARGIN = 4  # pixels by which masks grow: their edges are blurred


def mask_rcnn(weights):
    """torchvision's Mask R-CNN, ResNet-50 FPN, from a file such as maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth."""
    from torchvision.models.detection import maskrcnn_resnet50_fpn  # here: the rest does without torchvision

    network = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    load_published(network, weights)
    return network.eval()


@torch.no_grad()
def moving_pixels(network, frames, classes=MAY_MOVE, sure=SURE, margin=MARGIN, batch=4):
    """Where something is that may move by itself.

    Args:
        network: list of (3, H, W) -> list of dicts with labels (N,), scores (N,), masks (N, 1, H, W) in 0..1.
        frames: (T, 3, H, W) in 0..1. classes: numbers of COCO. margin: pixels.
    Returns:
        (T, H, W) bool.
    """
    device = next(network.parameters()).device
    found = torch.zeros(len(frames), *frames.shape[2:], dtype=torch.bool)
    wanted = torch.tensor(classes, device=device)
    for start in range(0, len(frames), batch):
        for row, things in enumerate(network(list(frames[start : start + batch].to(device)))):
            chosen = torch.isin(things["labels"], wanted) & (things["scores"] >= sure)
            if chosen.any():
                found[start + row] = (things["masks"][chosen, 0] >= sure).any(0).cpu()
    grown = max_pool2d(found[:, None].float(), 2 * margin + 1, 1, margin)
    return grown[:, 0] > 0
