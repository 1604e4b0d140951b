"""Filters equal their slow twins, and do what they are for."""

import pytest
import torch
from torch.nn.functional import conv2d, pad

from course_lib.errors import ShapeError
from course_lib.ops import filters


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("sigma", [0, 0.3, 1.0, 1.7, 4.0])
def test_blur_equals_its_definition(sigma):
    image = noise(2, 3, 9, 8)
    assert torch.allclose(filters.gaussian_blur(image, sigma), filters.gaussian_blur_reference(image, sigma), atol=1e-6)


def test_blur_equals_the_library():
    image = noise(2, 3, 9, 8)
    kernel = torch.exp(-(torch.arange(-5.0, 6) ** 2) / (2 * 1.7**2))
    kernel = torch.outer(kernel, kernel).expand(3, 1, 11, 11) / kernel.sum() ** 2
    expected = conv2d(pad(image, (5,) * 4, mode="replicate"), kernel, groups=3)
    assert torch.allclose(filters.gaussian_blur(image, 1.7), expected, atol=1e-6)


def test_blur_keeps_what_it_should():
    even = torch.ones(1, 2, 6, 7)
    assert torch.allclose(filters.gaussian_blur(even, 1.5), even)
    assert filters.gaussian_blur(even, 0) is even
    dot = torch.zeros(1, 1, 31, 31)
    dot[..., 15, 15] = 1
    blurred = filters.gaussian_blur(dot, 2.0)[0, 0]
    assert blurred.sum().item() == pytest.approx(1)
    assert (blurred.sum(0) * (torch.arange(31) - 15.0) ** 2).sum().item() == pytest.approx(4, rel=0.05)  # sigma squared


@pytest.mark.parametrize("cached", [2**14, 60, 1])  # all at once, in strips of two rows, row by row
@pytest.mark.parametrize("radius", [0, 1, 2])
def test_median_equals_its_definition(radius, cached, monkeypatch):
    monkeypatch.setattr(filters, "CACHED", cached)
    image = noise(2, 2, 6, 7)
    assert torch.equal(filters.median_filter(image, radius), filters.median_filter_reference(image, radius))


def test_median_removes_a_lone_outlier_and_keeps_an_edge():
    image = torch.zeros(1, 1, 8, 8)
    image[..., 4:] = 1
    spoiled = image.clone()
    spoiled[..., 3, 1] = 100
    assert torch.equal(filters.median_filter(spoiled, 1), image)


@pytest.mark.parametrize("size", [(8, 12), (9, 7), (1, 5)])
def test_pyramid_equals_its_definition(size):
    image = noise(2, 2, *size)
    ours, theirs = filters.gaussian_pyramid(image, 3), filters.gaussian_pyramid_reference(image, 3)
    assert [level.shape for level in ours] == [level.shape for level in theirs] and len(ours) == 3
    for mine, other in zip(ours, theirs, strict=True):
        assert torch.allclose(mine, other, atol=1e-5)


def test_halving_without_the_blur_would_make_a_pattern_that_is_not_there():
    stripes = (torch.arange(65) % 2).float().expand(1, 1, 65, 65)  # 0 1 0 1 ...: finer than the next level can show
    assert filters.resize(stripes, (33, 33)).mean() < 0.01  # every second column: all black
    assert (filters.gaussian_pyramid(stripes, 2)[1][..., 2:-2, 2:-2] - 0.5).abs().max() < 0.1  # grey, as they look


@pytest.mark.parametrize("function", [filters.gaussian_blur, filters.median_filter])
def test_other_ranks_are_refused(function):
    with pytest.raises(ShapeError, match="batch axis"):
        function(torch.zeros(3, 8, 8), 1)
