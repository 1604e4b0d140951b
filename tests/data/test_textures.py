"""The world of textures: what its labels say is what is seen."""

import pytest
import torch

from course_lib.data.worlds.textures import WAYS, TextureWorld
from course_lib.errors import DataError

CLEAR = {"noise": 0.0, "contrast": (1.0, 1.0)}


def test_pictures_are_balanced_repeatable_and_grey():
    world = TextureWorld(16)
    pictures, labels = world.pictures(60, seed=3)
    assert pictures.shape == (60, 3, 16, 16) and torch.bincount(labels).tolist() == [10] * 6
    assert torch.equal(pictures, world.pictures(60, seed=3)[0]) and not torch.equal(pictures, world.pictures(60, 4)[0])
    assert torch.equal(pictures[:, 0], pictures[:, 2]) and abs(pictures.mean()) < 0.5 and 0.5 < pictures.std() < 2


def test_contrast_changes_from_picture_to_picture():
    same, _ = TextureWorld(16, **CLEAR).pictures(30, seed=1)
    other, _ = TextureWorld(16, noise=0.0).pictures(30, seed=1)
    factor = (other / same).flatten(1).median(1).values
    assert factor.min() >= 0.499 and factor.max() <= 1.501 and factor.std() > 0.2


def test_clips_drift_the_way_that_the_label_says():
    clips, labels = TextureWorld(12, **CLEAR).clips(40, seed=2, frames=3)
    assert clips.shape == (40, 3, 3, 12, 12)
    for clip, label in zip(clips[:, 0], labels, strict=True):
        x, y = list(WAYS.values())[label]
        moved = clip[0].roll((y, x), dims=(0, 1))[1:-1, 1:-1]  # without the border, where new cells come in
        assert torch.allclose(clip[1][1:-1, 1:-1], moved, atol=1e-5)


def test_boxes_frame_the_patch():
    world = TextureWorld(24, **CLEAR)
    scenes, boxes = world.scenes(50, seed=5)
    assert boxes.shape == (50, 4) and boxes[:, 2:].min() >= 8 / 24 and boxes[:, 2:].max() <= 14 / 24
    corner, sides = (boxes[:, :2] - boxes[:, 2:] / 2) * 24, boxes[:, 2:] * 24
    assert corner.min() >= -1e-4 and (corner + sides).max() <= 24 + 1e-4
    other, _ = world.scenes(50, seed=5, smallest=1, largest=1)  # another patch, the same ground
    for scene, ground, (left, top), (width, height) in zip(scenes, other, corner, sides, strict=True):
        changed = (scene[0] != ground[0]).nonzero()
        inside = (changed[:, 1] >= left - 1e-3) & (changed[:, 1] < left + width) & (changed[:, 0] >= top - 1e-3)
        assert (inside & (changed[:, 0] < top + height)).float().mean() > 0.98  # the other's patch is one pixel


@pytest.mark.parametrize("make", [lambda: TextureWorld(65), lambda: TextureWorld(16).scenes(2, smallest=8, largest=17)])
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(DataError, match="expected 1 to 64|do not fit"):
        make()
