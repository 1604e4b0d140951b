"""The released Pix3D weights, in detectron2's layout, as state dict of our `MeshRCNN`.

Apart from names three things differ: detectron2 sees blue first, counts the background as the *last* class, and has
neither a box nor a mask for the background.
"""

import re

import torch

_STAGE = re.compile(r"backbone\.bottom_up\.res(\d)\.(\d+)\.(shortcut|conv\d)\.(norm\.)?(\w+)")
_HEADS = {
    "proposal_generator.rpn_head.conv": "detector.rpn.head.conv.0.0",
    "proposal_generator.rpn_head.objectness_logits": "detector.rpn.head.cls_logits",
    "proposal_generator.rpn_head.anchor_deltas": "detector.rpn.head.bbox_pred",
    "roi_heads.box_head.fc1": "detector.roi_heads.box_head.fc6",
    "roi_heads.box_head.fc2": "detector.roi_heads.box_head.fc7",
    "roi_heads.box_predictor.cls_score": "detector.roi_heads.box_predictor.cls_score",
    "roi_heads.box_predictor.bbox_pred": "detector.roi_heads.box_predictor.bbox_pred",
    "roi_heads.mask_head.deconv": "detector.roi_heads.mask_predictor.conv5_mask",
    "roi_heads.mask_head.predictor": "detector.roi_heads.mask_predictor.mask_fcn_logits",
    **{f"roi_heads.mask_head.mask_fcn{i + 1}": f"detector.roi_heads.mask_head.{i}.0" for i in range(4)},
    **{f"backbone.fpn_lateral{i + 2}": f"detector.backbone.fpn.inner_blocks.{i}.0" for i in range(4)},
    **{f"backbone.fpn_output{i + 2}": f"detector.backbone.fpn.layer_blocks.{i}.0" for i in range(4)},
}
_DROPPED = ("proposal_generator.anchor_generator.", "pixel_mean", "pixel_std")


def is_detectron2(state):
    """Whether a state dict has detectron2's names."""
    return any(key.startswith(("backbone.bottom_up.", "proposal_generator.")) for key in state)


def from_detectron2(state):
    """A state dict in detectron2's layout -> one in ours. Unknown names stay, so that loading tells about them."""
    found = {}
    for key, value in state.items():
        if not key.startswith(_DROPPED):
            found[renamed(key)] = value
    for name, change in _CHANGES.items():
        for key in (f"{name}.weight", f"{name}.bias"):
            if key in found:
                found[key] = change(found[key])
    return found


def renamed(key):
    """One key of detectron2's -> ours."""
    if match := _STAGE.fullmatch(key):
        stage, block, layer, norm, what = match.groups()
        own = ("downsample.1" if norm else "downsample.0") if layer == "shortcut" else \
              (layer.replace("conv", "bn") if norm else layer)  # fmt: skip
        return f"detector.backbone.body.layer{int(stage) - 1}.{block}.{own}.{what}"
    if key.startswith("backbone.bottom_up.stem.conv1."):
        rest = key.removeprefix("backbone.bottom_up.stem.conv1.")
        return "detector.backbone.body." + (rest.replace("norm.", "bn1.") if "norm." in rest else f"conv1.{rest}")
    module, _, what = key.rpartition(".")
    if module in _HEADS:
        return f"{_HEADS[module]}.{what}"
    if key.startswith(("roi_heads.voxel_head.", "roi_heads.mesh_head.", "roi_heads.z_head.")):
        return key.removeprefix("roi_heads.").replace("verts_offset", "vert_offset")
    return key


def _red_first(weight):
    return weight.flip(1)


def _background_first(rows):
    return rows.roll(1, 0)


def _with_background(number):
    """Rows of zeros for the background, before the others: what torchvision never reads."""
    return lambda rows: torch.cat([torch.zeros_like(rows[:number]), rows])


_CHANGES = {
    "detector.backbone.body.conv1": _red_first,
    "detector.roi_heads.box_predictor.cls_score": _background_first,
    "detector.roi_heads.box_predictor.bbox_pred": _with_background(4),
    "detector.roi_heads.mask_predictor.mask_fcn_logits": _with_background(1),
}
