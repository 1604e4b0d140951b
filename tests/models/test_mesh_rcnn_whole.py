"""The whole Mesh R-CNN: size, the released layout, training on a picture, and several objects end to end."""

import pytest
import torch

from course_lib.data.worlds.furnished import FurnishedWorld
from course_lib.errors import CourseError
from course_lib.models import mesh_rcnn as m
from course_lib.models.mesh_rcnn.layouts import from_detectron2, renamed
from course_lib.ops.boxes import iou
from course_lib.ops.camera import project
from course_lib.ops.meshes import icosphere, sample_surface


def count(network):
    return sum(p.numel() for p in network.parameters())


@pytest.fixture(scope="module")
def published():
    torch.manual_seed(0)
    return m.MeshRCNN()


@pytest.fixture(scope="module")
def furnished():
    return FurnishedWorld(pieces=(2, 2)).picture(3)


def in_detectron2_s_layout(network):
    """The state of `network` as detectron2 would save it: its names, the background last, blue first."""
    ours = network.state_dict()
    theirs = {}
    for key, value in ours.items():
        if "num_batches" in key:
            continue
        name = key.removeprefix("detector.")
        if "conv1.weight" in name and name.startswith("backbone.body.conv1"):
            value = value.flip(1)
        if "cls_score" in name:
            value = value.roll(-1, 0)
        if "bbox_pred" in name and "box_predictor" in name:
            value = value[4:]
        if "mask_fcn_logits" in name:
            value = value[1:]
        theirs[public_name(name)] = value.clone()
    return theirs


def public_name(name):
    if name.startswith("backbone.body.conv1"):
        return name.replace("backbone.body.conv1", "backbone.bottom_up.stem.conv1")
    if name.startswith("backbone.body.bn1"):
        return name.replace("backbone.body.bn1", "backbone.bottom_up.stem.conv1.norm")
    if name.startswith("backbone.body.layer"):
        _, _, layer, block, *rest, what = name.split(".")
        rest = ".".join(rest)
        rest = {"downsample.0": "shortcut", "downsample.1": "shortcut.norm"}.get(
            rest, rest if rest.startswith("conv") else f"conv{rest[2:]}.norm"
        )
        return f"backbone.bottom_up.res{int(layer[5:]) + 1}.{block}.{rest}.{what}"
    for i in range(4):
        name = name.replace(f"backbone.fpn.inner_blocks.{i}.0", f"backbone.fpn_lateral{i + 2}")
        name = name.replace(f"backbone.fpn.layer_blocks.{i}.0", f"backbone.fpn_output{i + 2}")
        name = name.replace(f"roi_heads.mask_head.{i}.0", f"roi_heads.mask_head.mask_fcn{i + 1}")
    pairs = {"rpn.head.conv.0.0": "proposal_generator.rpn_head.conv", "fc6": "fc1", "fc7": "fc2",
             "rpn.head.cls_logits": "proposal_generator.rpn_head.objectness_logits",
             "rpn.head.bbox_pred": "proposal_generator.rpn_head.anchor_deltas",
             "roi_heads.mask_predictor.conv5_mask": "roi_heads.mask_head.deconv",
             "roi_heads.mask_predictor.mask_fcn_logits": "roi_heads.mask_head.predictor",
             "vert_offset": "verts_offset"}  # fmt: skip
    for old, new in pairs.items():
        name = name.replace(old, new)
    return f"roi_heads.{name}" if name.startswith(("voxel_head", "mesh_head", "z_head")) else name


def test_published_size(published):
    assert count(published) == 60_968_784
    parts = {name: count(getattr(published, name)) for name in ("detector", "voxel_head", "mesh_head", "z_head")}
    assert parts == {"detector": 43_965_451, "voxel_head": 2_628_888, "mesh_head": 469_540, "z_head": 13_904_905}


def test_the_released_layout_is_found_by_itself(published):
    theirs = in_detectron2_s_layout(published)
    known = """backbone.bottom_up.stem.conv1.norm.running_mean backbone.bottom_up.res2.0.shortcut.norm.weight
        backbone.bottom_up.res5.2.conv3.weight backbone.fpn_lateral2.bias backbone.fpn_output5.weight
        proposal_generator.rpn_head.anchor_deltas.weight roi_heads.box_head.fc2.bias roi_heads.mask_head.mask_fcn4.bias
        roi_heads.mask_head.predictor.weight roi_heads.voxel_head.voxel_fcn1.weight
        roi_heads.mesh_head.stages.2.verts_offset.bias roi_heads.z_head.z_fc1.weight"""
    assert set(known.split()) <= set(theirs) and len(theirs["roi_heads.box_predictor.bbox_pred.weight"]) == 36
    extra = {"proposal_generator.anchor_generator.cell_anchors.0": torch.zeros(3, 4), "pixel_mean": torch.zeros(3)}
    network = m.MeshRCNN.from_published({"model": {f"module.{k}": v for k, v in {**theirs, **extra}.items()}})
    ours, loaded = published.state_dict(), network.state_dict()
    for key, value in ours.items():
        if "box_predictor.bbox_pred" in key:
            value = torch.cat([torch.zeros_like(value[:4]), value[4:]])
        if "mask_fcn_logits" in key:
            value = torch.cat([torch.zeros_like(value[:1]), value[1:]])
        assert torch.equal(loaded[key], value), key
    theirs.pop("roi_heads.z_head.z_pred.bias")
    theirs["roi_heads.what.is.this"] = torch.zeros(1)
    with pytest.raises(CourseError, match="missing: z_head.z_pred.bias") as error:
        m.MeshRCNN.from_published(theirs)
    assert "roi_heads.what.is.this" in str(error.value)


def test_our_own_state_dict_is_loaded_too(published):
    network = m.MeshRCNN.from_published(published.state_dict())
    assert torch.equal(network.z_head.z_pred.weight, published.z_head.z_pred.weight)


def test_the_released_trunk_halves_in_the_first_convolution_and_its_anchors_are_not_rounded(published):
    body = published.detector.backbone.body
    assert [getattr(body, f"layer{i}")[0].conv1.stride for i in (1, 2, 3, 4)] == [(1, 1), (2, 2), (2, 2), (2, 2)]
    assert all(getattr(body, f"layer{i}")[0].conv2.stride == (1, 1) for i in (1, 2, 3, 4))
    anchors = published.detector.rpn.anchor_generator.cell_anchors[0]
    assert torch.allclose(anchors[0], torch.tensor([-22.627, -11.314, 22.627, 11.314]), atol=1e-3)
    assert len(anchors) == 3


def test_the_first_layer_sees_what_the_released_code_feeds_it():
    """(blue first, 0..255, minus the mean), with the weights turned instead of the picture."""
    torch.manual_seed(1)
    picture, weight = torch.rand(3, 9, 9), torch.randn(4, 3, 3, 3)
    mean = torch.tensor([103.53, 116.28, 123.675]).view(3, 1, 1)
    expected = torch.nn.functional.conv2d((picture.flip(0) * 255 - mean)[None], weight)
    turned = from_detectron2({"backbone.bottom_up.stem.conv1.weight": weight})["detector.backbone.body.conv1.weight"]
    scaled = (picture - torch.tensor(m.detector.PIXEL_MEAN).view(3, 1, 1)) / m.detector.PIXEL_STD[0]
    assert torch.allclose(torch.nn.functional.conv2d(scaled[None], turned), expected, rtol=1e-4, atol=1e-2)


def test_one_key_renamed():
    assert renamed("backbone.bottom_up.res3.1.conv2.norm.bias") == "detector.backbone.body.layer2.1.bn2.bias"
    assert renamed("roi_heads.mesh_head.stages.0.verts_offset.bias") == "mesh_head.stages.0.vert_offset.bias"


def test_boxes_that_meet_nothing_are_ignored_where_one_object_is_labelled():
    overlaps = torch.tensor([[0.0, 0.3, 0.6, 0.8, 0.1], [0.1, 0.0, 0.0, 0.1, 0.15]])
    assert m.PartlyLabelled((0.2, 0.5), (-2, -1, 1))(overlaps).tolist() == [-2, -1, 0, 0, -2]
    rpn = m.PartlyLabelled((0.2, 0.5, 0.7), (-2, -1, -2, 1), every_truth=True)
    assert rpn(overlaps).tolist() == [-2, -1, -2, 0, 1]  # the last fits the second object best, however badly


def test_a_picture_is_learned_and_its_objects_come_back(furnished):
    torch.manual_seed(0)
    network = m.MeshRCNN.mini(5, samples=100)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    first = None
    for _ in range(60):
        losses = network([furnished.picture] * 2, [furnished.target()] * 2)
        total = sum(losses.values())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        first = first or {name: value.item() for name, value in losses.items()}
    names = {"loss_voxels", "loss_z", "loss_chamfer", "loss_normals", "loss_edge", "loss_mask", "loss_classifier"}
    assert names <= set(first)
    assert losses["loss_voxels"] < 0.7 * first["loss_voxels"] and losses["loss_mask"] < 0.7 * first["loss_mask"]
    network.eval()
    with torch.no_grad():
        result = network([furnished.picture])[0]
    number = len(result["boxes"])
    assert number >= len(furnished.boxes)
    best = iou(furnished.boxes[:, None], result["boxes"]).max(1)
    assert (best.values > 0.6).all() and torch.equal(result["labels"][best.indices], furnished.labels)
    assert result["masks"].shape == (number, 1, 96, 128) and result["voxels"].shape == (number, 16, 16, 16)
    assert [len(meshes) for meshes in result["stages"]] == [number] * 4
    for (vertices, _), box in zip(m.meshes_in_camera(result, furnished.K, 2.5, stage=0), result["boxes"], strict=True):
        pixels = project(vertices, furnished.K) + 0.5  # the cubes reach one voxel beyond the box at most
        assert (pixels >= box[:2] - 1).all() and (pixels <= box[:2] + box[2:] * (1 + 2 / 15) + 1).all()


def test_look_gives_the_crops_that_the_heads_read(furnished):
    network = m.MeshRCNN.mini(5).eval()
    voxel_crops, mesh_crops = network.look([furnished.picture] * 2, [furnished.boxes, furnished.boxes[:1]])
    assert voxel_crops.shape == (len(furnished.boxes) + 1, 32, 8, 8) and mesh_crops.shape[1:] == (32, 14, 14)
    assert torch.allclose(voxel_crops[0], voxel_crops[-1], atol=1e-5)  # the same box of the same picture
    assert not torch.allclose(voxel_crops[0], voxel_crops[1], atol=1e-2)


def test_of_two_labels_for_one_thing_the_surest_stays():
    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 0, 10, 10], [30, 0, 10, 10], [6, 0, 10, 10]])  # IoU 0.82, 0, 0.25
    cubes = [(torch.full((1, 3), float(i)), torch.zeros(1, 3).long()) for i in range(4)]
    result = {"boxes": boxes, "labels": torch.tensor([3, 1, 1, 3]), "scores": torch.tensor([0.9, 0.8, 0.7, 0.6]),
              "stages": [cubes, cubes[::-1]]}  # fmt: skip
    kept = m.surest(result)
    assert kept["labels"].tolist() == [3, 1, 3] and torch.equal(kept["boxes"], boxes[[0, 2, 3]])
    assert [[int(v[0, 0]) for v, _ in meshes] for meshes in kept["stages"]] == [[0, 2, 3], [3, 1, 0]]
    assert len(m.surest(result, overlap=0.2)["boxes"]) == 2
    nothing = {"boxes": boxes[:0], "labels": torch.zeros(0).long(), "stages": [[], []]}
    assert m.surest(nothing)["stages"] == [[], []] and len(m.surest(nothing)["boxes"]) == 0


def test_without_anything_found_the_answer_is_empty(furnished):
    network = m.MeshRCNN.mini(5).eval()
    network.detector.roi_heads.score_thresh = 1.1
    with torch.no_grad():
        result = network([furnished.picture])[0]
    assert len(result["boxes"]) == 0 and result["stages"] == [[], [], [], []]
    assert m.meshes_in_camera(result, furnished.K) == []


def test_spheres_need_no_voxel_head(furnished):
    network = m.MeshRCNN.mini(5, start="finer sphere", samples=50)
    assert not hasattr(network, "voxel_head")
    losses = network([furnished.picture], [furnished.target()])
    assert "loss_voxels" not in losses and losses["loss_chamfer"] > 0
    with pytest.raises(CourseError, match="finer sphere"):
        m.MeshRCNN.mini(5, start="cone")


def test_voxels_can_learn_before_meshes(furnished):
    network = m.MeshRCNN.mini(5, weights={"chamfer": 0, "normals": 0, "edge": 0})
    losses = network([furnished.picture], [furnished.target()])
    assert "loss_chamfer" not in losses and losses["loss_voxels"] > 0
    sum(losses.values()).backward()
    assert all(p.grad is None for p in network.mesh_head.parameters())


def test_boxes_keep_their_precision_under_autocast(furnished):
    network = m.MeshRCNN.mini(5).eval()
    network.detector.roi_heads.score_thresh = 0.0
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        result = network([furnished.picture])[0]
    assert result["boxes"].dtype == torch.float32 and len(result["boxes"])


def test_targets_are_asked_for(furnished):
    network = m.MeshRCNN.mini(5)
    with pytest.raises(CourseError, match="no targets"):
        network([furnished.picture])
    target = furnished.target()
    del target["inside"]
    with pytest.raises(CourseError, match="target 0 lacks inside"):
        network([furnished.picture], [target])


def test_mesh_losses_of_the_true_mesh_are_small_and_a_mesh_without_area_is_left_out():
    generator = torch.Generator().manual_seed(0)
    vertices, faces = icosphere(2)
    points, normals = (part[None] for part in sample_surface(vertices, faces, 2000, generator))
    same = m.mesh_losses([[(vertices, faces)]] * 2, points, normals, 2000, generator)
    larger = m.mesh_losses([[(2 * vertices, faces)]] * 2, points, normals, 2000, generator)
    assert same["chamfer"] < 0.02 and larger["chamfer"] == pytest.approx(4, rel=0.05)  # 2 stages, 2 ways, 1^2
    assert larger["edge"] == pytest.approx(4 * same["edge"].item(), rel=1e-4) and same["normals"] < 0.1
    both = points.expand(2, -1, -1), normals.expand(2, -1, -1)
    flat = m.mesh_losses([[(vertices, faces), (vertices * 0, faces)]], *both, 2000, generator)
    assert flat["chamfer"] < 0.01
