"""Snippets: consensus, differences, crops and fusion."""

import json
from pathlib import Path

import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.snippets import (
    MEAN_BGR,
    MEAN_BGR_CAFFE,
    SCALES,
    consensus,
    consensus_loss,
    crop_sizes,
    fixed_crops,
    flow_input,
    fuse_scores,
    random_crop,
    rgb_difference,
    rgb_input,
    snippet_views,
)  # fmt: skip

CROPS = json.loads((Path(__file__).parents[1] / "fixtures" / "tsn_crops.json").read_text())
SCORES = torch.tensor([[[3.0, 0, -1], [0, 2, -3]]])  # (1, 2, 3), by hand


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def coordinates(height, width, snippets=1):
    """Snippets of two channels that hold each pixel's row and column."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([rows, columns]).float().expand(snippets, 2, -1, -1)


def test_consensus_by_hand():
    assert consensus(SCORES).tolist() == [[1.5, 1, -2]]
    assert consensus(SCORES, "max").tolist() == [[3, 2, -1]]
    assert consensus(SCORES, "weighted", torch.tensor([1.0, -1])).tolist() == [[3, -2, 2]]


@pytest.mark.parametrize(("arguments", "error"), [
    ((SCORES[0],), ShapeError), ((SCORES, "mean"), CourseError), ((SCORES, "weighted"), ShapeError),
    ((SCORES, "weighted", torch.ones(3)), ShapeError),
])  # fmt: skip
def test_consensus_refuses(arguments, error):
    with pytest.raises(error):
        consensus(*arguments)


def test_the_loss_is_the_formula_of_the_paper_and_reaches_every_snippet():
    scores = torch.randn(4, 3, 5, generator=seeded(), dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([2, 0, 4, 2])
    y, G = torch.nn.functional.one_hot(labels, 5), scores.mean(1)
    by_hand = -(y * (G - G.exp().sum(1, keepdim=True).log())).sum(1).mean()
    loss = consensus_loss(scores, labels)
    assert torch.allclose(loss, by_hand)
    (gradient,) = torch.autograd.grad(loss, scores)
    assert torch.allclose(gradient, ((G.softmax(1) - y) / (3 * 4))[:, None].expand_as(gradient))


def test_difference_of_frames():
    frames = torch.randn(2, 6, 3, 4, 5, generator=seeded())
    differences = rgb_difference(frames)
    assert differences.shape == (2, 5, 3, 4, 5)
    assert torch.equal(differences[:, 2], frames[:, 3] - frames[:, 2])
    with pytest.raises(ShapeError, match="at least 2"):
        rgb_difference(frames[:, :1])


def test_inputs_of_the_public_weights():
    frames = torch.tensor([200, 20, 2], dtype=torch.uint8).view(1, 3, 1, 1).expand(2, 3, 4, 6)
    assert rgb_input(frames)[1, :, 3, 5].tolist() == [2 - MEAN_BGR[0], 20 - MEAN_BGR[1], 200 - MEAN_BGR[2]]
    assert rgb_input(frames, MEAN_BGR_CAFFE)[1, :, 3, 5].tolist() == [2 - 104, 20 - 117, 200 - 123]
    flow = torch.tensor([-30.0, -20, 0, 10, 20, 99]).view(1, 6, 1, 1)
    assert flow_input(flow).flatten().tolist() == pytest.approx([-128, -128, -0.5, 63.25, 127, 127])


def test_the_13_places_are_those_of_the_public_code():
    size, crop = (CROPS["image_h"], CROPS["image_w"]), (CROPS["crop"],) * 2
    theirs = [(top, left) for left, top in CROPS["more_fix_crop_13_offsets_(w,h)"]]
    assert sorted(fixed_crops(size, crop)) == sorted(theirs)
    assert fixed_crops(size, crop)[:5] == [(0, 0), (0, 116), (32, 0), (32, 116), (16, 58)]
    with pytest.raises(ShapeError, match="does not fit"):
        fixed_crops((200, 300), (224, 224))


def test_scales_and_sizes_of_windows():
    assert list(SCALES["rgb"]) == CROPS["scale_ratios"]["RGB"]
    assert list(SCALES["flow"]) == list(SCALES["rgbdiff"]) == CROPS["scale_ratios"]["Flow/RGBDiff"]
    sizes = crop_sizes((256, 340))
    assert sorted(set(h for h, _ in sizes)) == [168, 192, 224, 256]
    assert len(sizes) == 10 and (256, 192) not in sizes and (256, 224) in sizes and (168, 192) in sizes
    assert crop_sizes((226, 300), (1,)) == [(224, 224)]  # nearly 224 is 224


def test_random_windows_come_from_the_lists_and_are_one_for_all_frames():
    frames = coordinates(48, 64, snippets=3).unsqueeze(0)  # (1, 3, 2, 48, 64)
    seen = set()
    for seed in range(60):
        out = random_crop(frames, seeded(seed), scales=(1, 0.5), crop=24)
        assert out.shape == (1, 3, 2, 24, 24) and torch.equal(out[:, 0], out[:, 2])
        first, last = out[0, 0, :, 0, 0], out[0, 0, :, -1, -1]
        seen.add(tuple((last - first).round().int().tolist()))
        if (last - first).tolist() == [23, 23]:
            assert tuple(first.int().tolist()) in fixed_crops((48, 64), (24, 24))
    assert len(seen) == 4  # 48 x 48, 48 x 24, 24 x 48, 24 x 24 pixels of the frame


@pytest.mark.parametrize("flow", [False, True])
def test_ten_views_of_every_snippet(flow):
    snippets = coordinates(256, 340, snippets=2) + torch.tensor([0.0, 1000]).view(2, 1, 1, 1)
    views = snippet_views(snippets, flow=flow)
    assert views.shape == (20, 2, 224, 224)
    offsets = [(int(v[1, 0, 0]), int(v[0, 0, 0])) for v in views[:5]]
    assert offsets == [tuple(offset) for offset in CROPS["GroupOverSample_5_offsets_(w,h)"]]
    sign = torch.tensor([-1.0 if flow else 1.0, 1]).view(2, 1, 1)
    for normal in range(5):
        assert torch.equal(views[normal + 5], views[normal].flip(-1) * sign)
    assert torch.equal(views[10:15], views[:5] + 1000)


def test_fusion_of_streams():
    scores = {"rgb": torch.tensor([[1.0, 0]]), "flow": torch.tensor([[0.0, 1]])}
    assert fuse_scores(scores).tolist() == [[1, 1.5]]
    assert fuse_scores(scores, {"rgb": 2, "flow": 1}).argmax() == 0
    with pytest.raises(CourseError, match="warped"):
        fuse_scores(scores | {"warped": scores["flow"]})
