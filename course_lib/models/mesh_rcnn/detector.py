"""torchvision's Mask R-CNN as Mesh R-CNN uses it: at the published size, and small enough for two cores.

torchvision is imported when a detector is made, not before.
"""

from collections import OrderedDict

import torch
from torch import nn

PIXEL_MEAN = tuple(value / 255 for value in (123.675, 116.28, 103.53))  # of the released weights, red first
PIXEL_STD = (1 / 255,) * 3  # they see 0..255, only shifted
SIDES = (32, 64, 128, 256, 512)  # of the anchors, one for each level of the pyramid
RATIOS = (0.5, 1.0, 2.0)  # height / width
RPN_EDGES, RPN_KINDS = (0.2, 0.5, 0.7), (-2, -1, -2, 1)  # by IoU: ignored, background, ignored, object
BOX_EDGES, BOX_KINDS = (0.2, 0.5), (-2, -1, 1)


class PartlyLabelled:
    """Which boxes are objects where only *one* object of a picture is labelled, as in Pix3D.

    A box that meets no labelled object may still hold one that nobody labelled. So it is ignored, and background is
    what overlaps with an object a little: in torchvision's own rule, everything below the lowest IoU is background.

    Args:
        edges: rising IoUs. kinds: one more than edges; -1 background, -2 ignored, 1 object.
        every_truth: whether each true box also gets the boxes that fit it best, however badly.
    """

    BELOW_LOW_THRESHOLD, BETWEEN_THRESHOLDS = -1, -2  # the names by which torchvision asks

    def __init__(self, edges, kinds, every_truth=False):
        self.edges, self.kinds, self.every_truth = edges, kinds, every_truth

    def __call__(self, overlaps):
        """IoU (true boxes, boxes) -> (boxes,) long: the number of the true box, or -1, or -2."""
        best, truth = overlaps.max(0)
        edges = torch.tensor(self.edges, device=best.device, dtype=best.dtype)
        kind = torch.tensor(self.kinds, device=best.device)[torch.bucketize(best, edges, right=True)]
        if self.every_truth:
            highest = overlaps.amax(1, keepdim=True)
            kind[((overlaps == highest) & (highest > 0)).any(0)] = 1
        return torch.where(kind == 1, truth, kind)


def published_detector(classes):
    """ResNet-50 with a feature pyramid, as the released Pix3D weights expect it; `classes` without the background."""
    from torchvision.models import resnet50
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.backbone_utils import BackboneWithFPN
    from torchvision.ops import FrozenBatchNorm2d

    body = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
    for name in ("layer2", "layer3", "layer4"):  # the released weights halve in the first convolution of a stage
        first = getattr(body, name)[0]
        first.conv1.stride, first.conv2.stride = (2, 2), (1, 1)
    stages = {f"layer{i + 1}": str(i) for i in range(4)}
    backbone = BackboneWithFPN(body, stages, [256, 512, 1024, 2048], 256)
    detector = MaskRCNN(backbone, classes + 1, image_mean=PIXEL_MEAN, image_std=PIXEL_STD,
                        rpn_anchor_generator=_anchors([(side,) for side in SIDES]),
                        box_batch_size_per_image=64, rpn_post_nms_top_n_train=1000)  # fmt: skip
    detector.rpn.proposal_matcher = PartlyLabelled(RPN_EDGES, RPN_KINDS, every_truth=True)
    detector.roi_heads.proposal_matcher = PartlyLabelled(BOX_EDGES, BOX_KINDS)
    return detector


def mini_detector(classes, width=32, size=(96, 128)):
    """The same parts around a small trunk with one map, for pictures of `size` in which every object is labelled."""
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
    from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor

    return MaskRCNN(
        SmallTrunk(width), min_size=min(size), max_size=max(size), image_mean=(0.5,) * 3, image_std=(0.25,) * 3,
        rpn_anchor_generator=_anchors([(24, 40, 64)]), rpn_pre_nms_top_n_train=200, rpn_post_nms_top_n_train=50,
        rpn_pre_nms_top_n_test=100, rpn_post_nms_top_n_test=30, rpn_batch_size_per_image=64, rpn_fg_iou_thresh=0.6,
        box_roi_pool=crops_of(7, ["0"]), box_head=TwoMLPHead(width * 49, 96),
        box_predictor=FastRCNNPredictor(96, classes + 1), box_batch_size_per_image=24, box_positive_fraction=0.5,
        box_score_thresh=0.3, box_nms_thresh=0.4, box_detections_per_img=6, mask_roi_pool=crops_of(14, ["0"]),
        mask_head=MaskRCNNHeads(width, (width, width), 1),
        mask_predictor=MaskRCNNPredictor(width, width, classes + 1),
    )  # fmt: skip


class SmallTrunk(nn.Module):
    """Three resolutions, joined from coarse to fine: (B, 3, H, W) -> {"0": (B, width, H/4, W/4)}.

    The coarsest, H/16, lets a cell of the map see a whole object: without it boxes and labels stay vague.
    """

    def __init__(self, width=32):
        super().__init__()
        self.out_channels = width
        self.fine = nn.Sequential(_step(3, width // 2, 2), _step(width // 2, width, 2), _step(width, width))
        self.middle = nn.Sequential(_step(width, width, 2), _step(width, width))
        self.coarse = nn.Sequential(_step(width, width, 2), _step(width, width))
        self.join_middle, self.join_coarse = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)

    def forward(self, pictures):
        fine = self.fine(pictures)
        middle = self.middle(fine)
        middle = middle + _enlarged(self.join_coarse(self.coarse(middle)), middle)
        return OrderedDict([("0", fine + _enlarged(self.join_middle(middle), fine))])


def _step(before, after, stride=1):
    return nn.Sequential(nn.Conv2d(before, after, 3, stride, 1), nn.GroupNorm(4, after), nn.ReLU())


def _enlarged(coarse, fine):
    return nn.functional.interpolate(coarse, size=fine.shape[-2:], mode="nearest")


def crops_of(size, names):
    """RoIAlign over the levels of a pyramid as torchvision has it; the released weights were made with the same."""
    from torchvision.ops import MultiScaleRoIAlign

    return MultiScaleRoIAlign(names, size, sampling_ratio=2)


def _anchors(sides):
    """Anchors that are not rounded to whole pixels, as the released weights expect them."""
    from torchvision.models.detection.anchor_utils import AnchorGenerator

    class Anchors(AnchorGenerator):
        def generate_anchors(self, scales, aspect_ratios, dtype=torch.float32, device=None):
            scales, ratios = (torch.as_tensor(values, dtype=dtype, device=device) for values in (scales, aspect_ratios))
            high = ratios.sqrt()
            half = torch.stack([(scales / high[:, None]).flatten(), (scales * high[:, None]).flatten()], 1) / 2
            return torch.cat([-half, half], 1)

    return Anchors(tuple(map(tuple, sides)), (RATIOS,) * len(sides))
