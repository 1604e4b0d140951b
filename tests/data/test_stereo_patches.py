"""Patches of the real stereo pair: matching points match, hidden ones are left out, turns and scales are exact."""

import math

import pytest
import torch

from course_lib.data.sets.stereo_patches import StereoPair, another_view, cut, seen_by_both, standardized
from course_lib.errors import DataError


@pytest.fixture(scope="module")
def pair():
    return StereoPair.motorcycle()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_matching_points_look_alike_and_others_do_not(pair):
    left, right = pair.points(300, (100, 741), generator())
    first, second = standardized(cut(pair.left, left)), standardized(cut(pair.right, right))
    alike = (first * second).mean(dim=(1, 2, 3))
    other = (first * second.roll(1, 0)).mean(dim=(1, 2, 3))
    assert alike.median() > 0.5 > 0.2 > other.median()  # wheels and leaves look otherwise from the side
    for x in (-2.0, 2.0):  # the disparity has the right sign and unit
        shifted = standardized(cut(pair.right, right + torch.tensor([x, 0])))
        assert alike.mean() > (first * shifted).mean(dim=(1, 2, 3)).mean() + 0.05


def test_points_keep_to_their_columns_and_the_pictures(pair):
    left, right = pair.points(500, (420, 741), generator())
    assert left[:, 0].min() >= 420 and torch.equal(left[:, 1], right[:, 1])
    assert ((left - right)[:, 0] > 7).all() and ((left - right)[:, 0] < 60).all()
    again = pair.points(500, (420, 741), generator())[0]
    assert torch.equal(left, again) and not torch.equal(left, pair.points(500, (420, 741), generator(1))[0])
    with pytest.raises(DataError, match="points, 10 were asked for"):
        pair.points(10, (0, 20), generator())


def test_what_something_hides_on_the_right_is_not_seen_by_both():
    """A near thing (disparity 3) moves onto the two columns left of where it stood, and hides them."""
    disparity = torch.tensor([[1.0, 1, 1, 1, 1, 3, 3, 1, 1, math.inf]])
    assert seen_by_both(disparity)[0].int().tolist() == [0, 1, 1, 0, 0, 1, 1, 1, 1, 0]


def test_cut_reads_whole_pixels_exactly():
    picture = torch.rand(40, 60, generator=generator())
    patch = cut(picture, torch.tensor([[20.0, 15]]), side=5)
    assert torch.allclose(patch[0, 0], picture[13:18, 18:23], atol=1e-5)
    quarter = cut(picture, torch.tensor([[20.0, 15]]), side=5, turn=torch.tensor([math.pi / 2]))
    assert torch.allclose(quarter[0, 0], picture[13:18, 18:23].rot90(1), atol=1e-4)
    doubled = cut(picture, torch.tensor([[20.0, 15]]), side=5, scale=torch.tensor([2.0]))
    assert torch.allclose(doubled[0, 0], picture[11:20:2, 16:25:2], atol=1e-4)


def test_another_view_without_changes_is_the_same_patch(pair):
    centers = pair.points(4, (100, 700), generator())[0]
    same = another_view(pair.left, centers, generator(), degrees=0, octaves=0, contrast=0, noise=0)
    assert torch.allclose(same, cut(pair.left, centers), atol=1e-5)
    changed = another_view(pair.left, centers, generator())
    assert not torch.allclose(changed, same, atol=0.05)
    assert torch.equal(changed, another_view(pair.left, centers, generator()))


def test_standardized_forgets_brightness_and_contrast():
    patches = torch.rand(3, 1, 8, 8, generator=generator())
    out = standardized(patches, least=0)
    assert torch.allclose(out.mean(dim=(1, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(out, standardized(0.3 * patches + 0.5, least=0), atol=1e-4)
    assert standardized(torch.full((1, 1, 8, 8), 0.5)).abs().max() < 1e-4
