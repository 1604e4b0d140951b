import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.data.sets.r2n2 import r2n2, read_binvox, read_rendering, to_course_axes, train_and_test
from course_lib.errors import DataError


def write_binvox(path, grid):
    """(X, Y, Z) bool as binvox writes it: x slowest, y fastest, runs of at most 255."""
    flat = grid.transpose(0, 2, 1).reshape(-1)
    runs, start = bytearray(), 0
    while start < len(flat):
        end = start
        while end < len(flat) and flat[end] == flat[start] and end - start < 255:
            end += 1
        runs += bytes([int(flat[start]), end - start])
        start = end
    x, y, z = grid.shape
    head = f"#binvox 1\ndim {x} {z} {y}\ntranslate 0 0 0\nscale 1\ndata\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head.encode() + bytes(runs))


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    for kind, number in (("chair", 5), ("lamp", 10)):
        for i in range(number):
            name = f"{kind}/{i:03}"
            write_binvox(tmp_path / "ShapeNetVox32" / name / "model.binvox", generator.random((32, 32, 32)) < 0.1)
            place = tmp_path / "ShapeNetRendering" / name / "rendering"
            place.mkdir(parents=True)
            pixels = np.zeros((137, 137, 4), np.uint8)
            pixels[60:77, 60:77] = (255, 0, 0, 255)
            pixels[:3, :3] = (0, 0, 0, 255)  # cut off with the border
            for view in range(2):
                Image.fromarray(pixels).save(place / f"{view:02}.png")
    return tmp_path


def test_four_fifths_of_each_kind_are_for_training(folder):
    train, test = r2n2(folder), r2n2(folder, train=False)
    assert (len(train), len(test)) == (4 + 8, 1 + 2) and train.kinds == test.kinds == ["chair", "lamp"]
    assert not {one.grid for one in train} & {one.grid for one in test}
    assert len(train[2:5]) == 3 and train[2:5][0] == train[2]


def test_the_share_that_trains_is_rounded_down_as_in_the_released_code():
    assert train_and_test("abcdefghi") == ("abcdefg", "hi") and train_and_test("a") == ("", "a")


def test_only_what_is_wholly_transparent_is_white(tmp_path):
    pixels = np.array([[(10, 20, 30, 0), (10, 20, 30, 1), (10, 20, 30, 255)]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "one.png")
    picture, mask = read_rendering(tmp_path / "one.png")
    assert picture[:, 0].T.tolist() == [[255, 255, 255], [10, 20, 30], [10, 20, 30]]
    assert mask.tolist() == [[False, True, True]] and picture.dtype == torch.uint8


def test_pictures_lie_before_white_and_lose_their_border(folder):
    views = r2n2(folder)[0].views([0, 1])
    assert views.shape == (2, 3, 127, 127)
    assert views[0, :, 63, 63].tolist() == [1, 0, 0] and (views[0, :, :20] == 1).all()
    small = r2n2(folder)[0].views([0], 32)
    assert small.shape == (1, 3, 32, 32) and 0 <= small.min() and small.max() <= 1


def test_a_grid_comes_back_with_its_axes(tmp_path):
    grid = np.zeros((4, 6, 5), bool)  # x, y, z
    grid[1, 5, 2] = grid[0, 0, 4] = True
    write_binvox(tmp_path / "one.binvox", grid)
    assert np.array_equal(read_binvox(tmp_path / "one.binvox").numpy(), grid)


def test_axes_of_the_release_are_turned_not_mirrored():
    grid = torch.zeros(2, 3, 4)  # x, y up, z to the viewer
    grid[1, 2, 0] = 1
    turned = to_course_axes(grid)
    assert turned.shape == (4, 3, 2) and turned[3, 0, 1] == 1  # the farthest z, the uppermost y, the same x


def test_voxels_of_an_object(folder):
    one = r2n2(folder)[0]
    assert torch.equal(one.voxels(), to_course_axes(read_binvox(one.grid))) and one.voxels().dtype == torch.bool


def test_errors(folder, tmp_path):
    with pytest.raises(DataError, match="ShapeNetRendering and ShapeNetVox32"):
        r2n2(folder / "ShapeNetVox32")
    (folder / "bad.binvox").write_bytes(b"hello")
    with pytest.raises(DataError, match="no binvox file"):
        read_binvox(folder / "bad.binvox")
    (folder / "short.binvox").write_bytes(b"#binvox 1\ndim 4 4 4\ntranslate 0 0 0\nscale 1\ndata\n\x00\x10\x01")
    with pytest.raises(DataError, match="has 16 cells, expected 4 4 4"):
        read_binvox(folder / "short.binvox")
    with pytest.raises(DataError, match="cannot be read"):
        read_binvox(folder / "none.binvox")
    with pytest.raises(DataError, match="cannot be read as a picture"):
        r2n2(folder)[0].views([9])
    empty = folder / "empty"
    (empty / "ShapeNetRendering").mkdir(parents=True)
    (empty / "ShapeNetVox32").mkdir()
    with pytest.raises(DataError, match="No object"):
        r2n2(empty)
