"""Twelve actions from four directions and three moments."""

import pytest
import torch

from course_lib.data.worlds.where_and_when import ACTIONS, FOLDS, WhereAndWhen, new_actions
from course_lib.errors import DataError

SMALL = {"height": 16, "width": 16, "frames": 8, "size": 5, "travel": 2.5}


def test_labels_name_direction_and_moment():
    world = WhereAndWhen(**SMALL)
    clips, labels = world.sample(8, seed=3)
    assert clips.shape == (24, 3, 8, 16, 16) and labels.bincount().tolist() == [2] * 12
    assert len(ACTIONS) == 12 and ACTIONS[4] == "down, in the middle"
    for moment, (first, last) in enumerate([(0, 1), (2, 3), (4, 5)]):
        part = world.world.sample(8, 3 * 3 + moment, onset=(first, last))
        assert ((part.onset >= first) & (part.onset <= last)).all()
        rows = labels % 3 == moment
        assert torch.equal(clips[rows], part.clips) and torch.equal(labels[rows] // 3, part.labels)


def test_seeds_share_no_clips():
    world = WhereAndWhen(**SMALL)
    assert torch.equal(world.sample(4, 1)[0], world.sample(4, 1)[0])
    one, other = (world.sample(4, seed)[0].flatten(1) for seed in (1, 2))
    assert torch.cdist(one, other).min() > 0.1


def test_each_action_is_new_once_and_every_part_is_known():
    folds = [set(new_actions(fold).tolist()) for fold in range(FOLDS)]
    assert sorted(sum(map(list, folds), [])) == list(range(12))
    for new in folds:
        old = set(range(12)) - new
        for actions in (old, new):
            assert {action // 3 for action in actions} == set(range(4))
            assert {action % 3 for action in actions} == set(range(3))


def test_refuses():
    with pytest.raises(DataError, match="0 to 2"):
        new_actions(3)
    with pytest.raises(DataError, match="too few for three moments"):
        WhereAndWhen(**{**SMALL, "frames": 4})
