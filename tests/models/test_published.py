"""Checkpoints as others publish them: what the course cannot read is refused with the remedy that helps."""

import argparse
import collections
import pickle

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError
from course_lib.models.published import read_state_dict

WEIGHTS = {"conv1.weight": torch.ones(2, 3)}


@pytest.mark.parametrize("beside", [
    np.float64(0.5), np.zeros(3), argparse.Namespace(lr=0.1), torch.nn.ReLU(), collections.deque([1]),
], ids=lambda thing: type(thing).__name__)  # fmt: skip
def test_what_lies_beside_the_weights_is_named_and_the_way_around_it_works(tmp_path, beside):
    path = tmp_path / "published.pth"
    torch.save({"state_dict": WEIGHTS, "beside": beside}, path)
    with pytest.raises(CourseError, match="weights_only") as error:
        read_state_dict(path)
    text = str(error.value)
    assert "download it again" not in text and "If you trust its publisher" in text
    recipe = "\n".join(line.strip() for line in text.splitlines() if line.startswith("  "))
    exec(recipe.replace("weights.pth", str(tmp_path / "weights.pth")), {"torch": torch})
    assert torch.equal(read_state_dict(tmp_path / "weights.pth")["conv1.weight"], WEIGHTS["conv1.weight"])


def test_plain_things_beside_the_weights_do_not_matter(tmp_path):
    torch.save({"state_dict": WEIGHTS, "epoch": 3, "names": ["a"], "best": 0.5, "seen": {1, 2}}, tmp_path / "x.pth")
    assert list(read_state_dict(tmp_path / "x.pth")) == ["conv1.weight"]


def test_a_damaged_file_is_to_be_fetched_again(tmp_path):
    torch.save({"state_dict": WEIGHTS}, tmp_path / "whole.pth")
    whole = (tmp_path / "whole.pth").read_bytes()
    for name, data in {
        "half.pth": whole[: len(whole) // 2],
        "page.pth": b"<!DOCTYPE html><title>404</title>",
        "empty.pth": b"",
        "pickle.pth": pickle.dumps({"a": 1}, 4),
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(CourseError, match="download it again"):
            read_state_dict(tmp_path / name)
    with pytest.raises(CourseError, match="does not exist"):
        read_state_dict(tmp_path / "none.pth")
    with pytest.raises(CourseError, match="is a folder"):
        read_state_dict(tmp_path)
