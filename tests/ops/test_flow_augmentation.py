"""A moved pair must have a flow that still says where each pixel went."""

import math

import pytest
import torch

from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.errors import ShapeError
from course_lib.ops.flow_augmentation import Augmentation, affine_maps, flip_pair, move_pair
from course_lib.ops.warp import in_view, warp


@pytest.fixture(scope="module")
def pairs():
    return FlyingShapes(64, 80, motion=4.0).sample(3, seed=2)


def fits(image1, image2, flow, where):
    """Mean difference of image 1 and the image 2 that the flow fetches back."""
    return (warp(image2, flow) - image1).abs().mean(1)[where].mean()


def test_the_flow_stays_true(pairs):
    first, second = Augmentation().maps(3, 64, 80, torch.Generator().manual_seed(1))
    image1, image2, flow, known = move_pair(pairs.image1, pairs.image2, pairs.flow, first, second)
    hidden = move_pair(pairs.occluded[:, None].float(), pairs.image2[:, :1], pairs.flow, first, second)[0][:, 0] > 0
    where = known & in_view(flow) & ~hidden
    assert where.float().mean() > 0.3
    still = fits(image1, image2, 0 * flow, where)
    assert fits(image1, image2, flow, where) < still / 3
    swapped = move_pair(pairs.image1, pairs.image2, pairs.flow, second, first)[2]
    assert fits(image1, image2, swapped, where) > still / 3


def test_identity_changes_nothing(pairs):
    same = torch.eye(3).repeat(3, 1, 1)
    image1, image2, flow, known = move_pair(pairs.image1, pairs.image2, pairs.flow, same, same)
    assert torch.allclose(image1, pairs.image1, atol=1e-4) and torch.allclose(image2, pairs.image2, atol=1e-4)
    assert torch.allclose(flow, pairs.flow, atol=1e-3)
    assert known.all()


def test_maps_by_hand():
    """About the middle (3.5, 1.5) of 4 x 8: a quarter turn takes the right to the bottom, then everything moves."""
    maps = affine_maps(torch.tensor([math.pi / 2]), torch.tensor([2.0]), torch.tensor([[10.0, -1.0]]), 4, 8)
    right = torch.tensor([4.5, 1.5, 1.0])
    assert torch.allclose(maps[0] @ right, torch.tensor([3.5 + 10, 1.5 + 2 - 1, 1.0]), atol=1e-5)


def test_vectors_grow_with_the_picture():
    images, flow = torch.rand(1, 3, 20, 30), torch.tensor([2.0, -1.0]).view(1, 2, 1, 1).expand(1, 2, 20, 30)
    twice = affine_maps(torch.zeros(1), torch.full((1,), 2.0), torch.zeros(1, 2), 20, 30)
    moved, known = move_pair(images, images, flow, twice, twice)[2:]
    assert torch.allclose(moved[:, :, known[0]], torch.tensor([4.0, -2.0]).view(1, 2, 1), atol=1e-4)


def test_flips(pairs):
    images = torch.cat([pairs.image1, pairs.image2], 1)
    for across, down in ((True, False), (False, True), (True, True)):
        flipped, flow = flip_pair(images, pairs.flow, across, down)
        hidden = flip_pair(pairs.occluded[:, None], pairs.flow, across, down)[0][:, 0]
        assert fits(flipped[:, :3], flipped[:, 3:], flow, ~hidden) < 0.02
    assert torch.equal(flip_pair(images, pairs.flow, False, False)[1], pairs.flow)


def test_colors_change_alike_in_both_images():
    image = torch.rand(2, 3, 16, 16)
    changed = Augmentation(noise=0.0).recolored((image, image), torch.Generator().manual_seed(0))
    assert torch.equal(changed[0], changed[1]) and not torch.allclose(changed[0], image, atol=0.05)
    assert changed[0].min() >= 0 and changed[0].max() <= 1
    noisy = Augmentation(noise=0.04).recolored((image, image), torch.Generator().manual_seed(0))
    assert 0 < (noisy[0] - noisy[1]).std() < 0.08


def test_the_same_generator_gives_the_same_pairs(pairs):
    one, two = (
        Augmentation()(pairs.image1, pairs.image2, pairs.flow, torch.Generator().manual_seed(5)) for _ in range(2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_errors(pairs):
    with pytest.raises(ShapeError, match="must share"):
        move_pair(pairs.image1, pairs.image2[:, :, :-1], pairs.flow, torch.eye(3)[None], torch.eye(3)[None])
