import numpy as np
import pytest
import torch

from course_lib.data.sets.modelnet import modelnet40
from course_lib.errors import DataError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "modelnet40_shape_names.txt").write_text("chair\nnight_stand\n")
    (tmp_path / "modelnet40_train.txt").write_text("night_stand_0001\nchair_0002\n\n")
    (tmp_path / "modelnet40_test.txt").write_text("chair_0001\n")
    generator = np.random.default_rng(0)
    for kind, number in (("chair", 1), ("chair", 2), ("night_stand", 1)):
        (tmp_path / kind).mkdir(exist_ok=True)
        np.savetxt(
            tmp_path / kind / f"{kind}_{number:04}.txt", generator.normal(size=(12, 6)), delimiter=",", fmt="%.6f"
        )
    return tmp_path


def test_models_lie_as_the_lists_say_with_y_down(folder):
    train = modelnet40(folder)
    assert len(train) == 2 and train.classes == ("chair", "night_stand") and train.labels.tolist() == [1, 0]
    rows = np.loadtxt(folder / "night_stand" / "night_stand_0001.txt", delimiter=",", dtype=np.float32)
    points, normals = train[0]
    assert torch.allclose(points, torch.tensor(rows[:, :3] * [1, -1, -1]).float())
    assert torch.allclose(normals, torch.tensor(rows[:, 3:] * [1, -1, -1]).float())
    assert len(train[1:]) == 1 and train[1:].labels.tolist() == [0] and len(modelnet40(folder, "test")) == 1


def test_a_tensor_of_sets_lies_about_its_middle_within_a_ball(folder):
    sets = modelnet40(folder).tensor(8)
    assert sets.shape == (2, 8, 3) and torch.allclose(sets.mean(1), torch.zeros(2, 3), atol=1e-5)
    assert torch.allclose(sets.norm(dim=2).amax(1), torch.ones(2))
    assert modelnet40(folder)[:0].tensor(8).shape == (0, 8, 3)


def test_errors(folder):
    with pytest.raises(DataError, match="train, test"):
        modelnet40(folder, "valid")
    with pytest.raises(DataError, match="ModelNet40: the folder"):
        modelnet40(folder / "none")
    with pytest.raises(DataError, match="12 points, expected at least 13"):
        modelnet40(folder).tensor(13)
    path = folder / "chair" / "chair_0002.txt"
    path.write_text("1,2,3\n")
    with pytest.raises(DataError, match="3 numbers in a line"):
        modelnet40(folder)[1]
    path.write_text("a,b\n")
    with pytest.raises(DataError, match="no table"):
        modelnet40(folder)[1]
    path.unlink()
    with pytest.raises(DataError, match="the list names it"):
        modelnet40(folder)[1]
    (folder / "modelnet40_train.txt").write_text("sofa_0001\n")
    with pytest.raises(DataError, match="'sofa'"):
        modelnet40(folder)
    (folder / "modelnet40_train.txt").unlink()
    with pytest.raises(DataError, match="modelnet40_train.txt is missing"):
        modelnet40(folder)
