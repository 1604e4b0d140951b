"""ShapeNet as it lies on disk, made small: both versions, the pictures, their cameras, the splits."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.data.mesh_io import write_mesh
from course_lib.data.sets.shapenet import CATEGORIES, FARTHEST, camera_pose, for_pixel2mesh, shapenet
from course_lib.errors import DataError
from course_lib.ops.camera import inverse, project, transform
from course_lib.ops.meshes import icosphere

CHAIR, LAMP = "03001627", "03636649"
# A small ball up, in front of and to the right of a model, in ShapeNet's axes: y up
SPOT = (0.3, 0.2, 0.1)


def rendered(azimuth, elevation, distance, size=64):
    """The ball as 3D-R2N2's camera sees it, by the released codes' formulas, in axes with y up and -z ahead."""
    theta, phi = np.deg2rad([azimuth, elevation])
    eye = distance * np.array([np.cos(phi) * np.cos(theta), np.sin(phi), np.cos(phi) * np.sin(theta)])
    back = eye / np.linalg.norm(eye)
    right = np.cross([0, 1, 0], back)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(back, right), back])
    x, y, z = axes @ (np.array(SPOT) - eye)
    focal = 35 / 32 * size
    return focal * x / -z + (size - 1) / 2, -focal * y / -z + (size - 1) / 2


@pytest.fixture
def disk(tmp_path):
    vertices, faces = icosphere(1)
    for category, names in ((CHAIR, ["a", "b", "c", "d", "e"]), (LAMP, ["f"])):
        for name in names:
            folder = tmp_path / "core" / category / name
            file = folder / ("models/model_normalized.obj" if name == "e" else "model.obj")
            file.parent.mkdir(parents=True)
            write_mesh(file, 0.05 * vertices + torch.tensor(SPOT), faces)
    (tmp_path / "core" / CHAIR / "unfinished").mkdir()
    (tmp_path / "core" / "taxonomy.json").write_text("{}")
    where = tmp_path / "pictures" / CHAIR / "a" / "rendering"
    where.mkdir(parents=True)
    cameras = [(15.0 * i + 3, 25 + i / 4, 0, 0.65 + i / 100, 25) for i in range(24)]
    (where / "rendering_metadata.txt").write_text("".join(" ".join(map(str, row)) + "\n" for row in cameras))
    for i in range(24):
        pixels = np.zeros((64, 64, 4), np.uint8)
        pixels[10:20, 30:50] = (200, 100, 50, 255)
        Image.fromarray(pixels).save(where / f"{i:02d}.png")
    return tmp_path


def test_models_of_both_versions(disk):
    models = shapenet(disk / "core")
    assert [(m.label, m.name) for m in models] == [*(("chair", n) for n in "abcde"), ("lamp", "f")]
    vertices, faces = models[4].mesh()
    assert len(faces) == 80 and torch.allclose(vertices.mean(0), torch.tensor([0.3, -0.2, -0.1]), atol=1e-4)
    assert [m.name for m in models[1:3]] == ["b", "c"] and models[0].views == ()


def test_splits(disk):
    assert [m.name for m in shapenet(disk / "core", categories="chair", split="train")] == ["a", "b", "c", "d"]
    assert [m.name for m in shapenet(disk / "core", categories=[CHAIR], split="test")] == ["e"]
    lists = disk / "splits.json"
    lists.write_text(json.dumps({"val": {CHAIR: {"a": [2, 5], "c": [0]}, "09999999": {"x": [1]}}}))
    models = shapenet(disk / "core", disk / "pictures", split="val", splits_file=lists)
    assert [(m.name, m.views) for m in models] == [("a", (2, 5)), ("c", ())]  # of c there are no pictures


@pytest.mark.parametrize("number", [0, 7, 16])
def test_a_picture_and_its_camera(disk, number):
    model = shapenet(disk / "core", disk / "pictures")[0]
    assert len(model.views) == 24
    view = model.view(number)
    assert view.picture.shape == (3, 64, 64) and view.picture.dtype == torch.uint8
    assert view.picture[:, 12, 40].tolist() == [200, 100, 50] and (view.picture[:, 40, 40] == 255).all()
    assert view.mask.sum() == 200
    seen = project(transform(model.mesh()[0].mean(0)[None, None], inverse(view.pose)), view.K)[0, 0]
    expected = rendered(15.0 * number + 3, 25 + number / 4, (0.65 + number / 100) * FARTHEST)
    assert seen.tolist() == pytest.approx(expected, abs=0.01)


def test_an_example_for_pixel2mesh(disk):
    """The ball's points lie where its picture's camera sees them, at 0.57 of their size, and normals point outwards."""
    model = shapenet(disk / "core", disk / "pictures")[0]
    picture, points, normals = for_pixel2mesh(model, 7, 50, torch.Generator().manual_seed(0))
    assert picture.shape == (3, 224, 224) and 0 <= picture.min() and picture.max() <= 1
    middle = points.mean(0)
    assert (normals * torch.nn.functional.normalize(points - middle, dim=1)).sum(1).min() > 0.8
    assert (points - middle).norm(dim=1).mean().item() == pytest.approx(0.57 * 0.05, rel=0.1)
    expected = rendered(15.0 * 7 + 3, 25 + 7 / 4, (0.65 + 7 / 100) * FARTHEST, size=224)
    x, y = 35 / 32 * 224 * middle[0] / -middle[2] + 111.5, -35 / 32 * 224 * middle[1] / -middle[2] + 111.5
    assert (x.item(), y.item()) == pytest.approx(expected, abs=1.5)


def test_a_camera_by_hand():
    pose = camera_pose(0, 0, 2)
    assert torch.allclose(pose[:3, 3], torch.tensor([2.0, 0, 0]), atol=1e-6)
    assert torch.allclose(pose[:3, 2], torch.tensor([-1.0, 0, 0]), atol=1e-6)  # looks along -x
    assert torch.allclose(pose[:3, 1], torch.tensor([0, 1.0, 0]), atol=1e-6)  # upright
    assert camera_pose(0, 30, 2)[1, 3] == pytest.approx(-1)  # above: y is down


def test_what_is_not_there_is_said(disk):
    assert len(CATEGORIES) == 13
    with pytest.raises(DataError, match="is not there"):
        shapenet(disk / "nothing")
    with pytest.raises(DataError, match="no model of this choice"):
        shapenet(disk / "core", categories="sofa")
    with pytest.raises(DataError, match="no category spoon"):
        shapenet(disk / "core", categories="spoon")
    with pytest.raises(DataError, match="expected train, test or None"):
        shapenet(disk / "core", split="val")
    with pytest.raises(DataError, match="asked for 3"):
        shapenet(disk / "core")[0].view(3)
    lists = disk / "splits.json"
    lists.write_text("{")
    with pytest.raises(DataError, match="no JSON"):
        shapenet(disk / "core", split="train", splits_file=lists)
    lists.write_text('{"train": {}}')
    with pytest.raises(DataError, match="no split 'test'; it has train"):
        shapenet(disk / "core", split="test", splits_file=lists)
    cameras = disk / "pictures" / CHAIR / "a" / "rendering" / "rendering_metadata.txt"
    for text, words in (("1 2 3\n", "expected five numbers"), ("1 2 3 4 5\n", "1 lines, expected 24")):
        cameras.write_text(text)
        with pytest.raises(DataError, match=words):
            shapenet(disk / "core", disk / "pictures")[0].view(0)
    (cameras.parent / "00.png").write_text("no picture")
    with pytest.raises(DataError, match="cannot be read as a picture"):
        shapenet(disk / "core", disk / "pictures")[0].view(0)
