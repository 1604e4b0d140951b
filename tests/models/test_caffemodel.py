"""Weights of Caffe, read without it."""

import pytest
import torch

from course_lib.errors import CourseError
from course_lib.models.caffemodel import is_caffemodel, named_weights, read_caffemodel, read_weights
from tests.caffe_files import write_caffemodel


@pytest.mark.parametrize("old", [False, True])
def test_reads_a_caffemodel(tmp_path, old):
    arrays = {"conv1": [torch.randn(8, 3, 5, 5), torch.randn(8)], "fc": [torch.randn(300, 7)], "lstm": [torch.randn(4)]}
    found = read_caffemodel(write_caffemodel(tmp_path / "net.caffemodel", arrays, old))
    assert list(found) == list(arrays)
    for name, expected in arrays.items():
        for one, other in zip(found[name], expected, strict=True):
            assert torch.equal(one, other), name


def test_a_damaged_caffemodel_is_explained(tmp_path):
    path = write_caffemodel(tmp_path / "net.caffemodel", {"conv1": [torch.randn(8, 3)]})
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CourseError, match="no whole caffemodel"):
        read_caffemodel(path)
    with pytest.raises(CourseError, match="No caffemodel"):
        read_caffemodel(tmp_path / "none.caffemodel")
    (tmp_path / "empty.caffemodel").write_bytes(b"")
    with pytest.raises(CourseError, match="no layer with weights"):
        read_caffemodel(tmp_path / "empty.caffemodel")


@pytest.mark.parametrize("old", [False, True])
def test_weights_and_biases_by_name(tmp_path, old):
    arrays = {"conv1": [torch.randn(8, 3, 5, 5), torch.randn(8)], "fc6": [torch.randn(3, 7), torch.randn(3)]}
    named = named_weights(read_caffemodel(write_caffemodel(tmp_path / "net.caffemodel", arrays, old)))
    assert list(named) == ["conv1.weight", "conv1.bias", "fc6.weight", "fc6.bias"]
    assert torch.equal(named["fc6.weight"], arrays["fc6"][0]) and torch.equal(named["conv1.bias"], arrays["conv1"][1])


def test_a_source_of_weights_is_told_by_its_name(tmp_path):
    path = write_caffemodel(tmp_path / "net.caffemodel.v5", {"conv1": [torch.ones(2, 3)]})
    assert is_caffemodel(path) and is_caffemodel(str(path))
    assert torch.equal(read_weights(path)["conv1.weight"], torch.ones(2, 3))
    other = tmp_path / "net.caffemodel.pth"  # converted
    torch.save({"conv1.weight": torch.zeros(2, 3)}, other)
    assert not is_caffemodel(other) and not read_weights(other)["conv1.weight"].any()
    assert not is_caffemodel({"net.caffemodel": 1})
