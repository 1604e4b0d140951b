"""Pix3D's two layouts, written here."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from course_lib.data.sets.pix3d import pix3d
from course_lib.errors import DataError
from course_lib.ops.camera import project

TURN = [[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]


@pytest.fixture
def folder(tmp_path):
    for name in ("img/chair", "mask/chair", "model/chair"):
        (tmp_path / name).mkdir(parents=True)
    Image.fromarray(np.full((30, 40, 3), 128, np.uint8)).save(tmp_path / "img/chair/1.png")
    mask = np.zeros((30, 40), np.uint8)
    mask[5:20, 10:25] = 255
    Image.fromarray(mask).save(tmp_path / "mask/chair/1.png")
    (tmp_path / "model/chair/model.obj").write_text(
        "v 0.2 0.1 0\nv 0 0.5 0\nv 0 0 0\nv 1 1 0\nf 1/1/1 2 3 4\nf -3 -2 -1\n"
    )
    voxels = np.zeros((4, 4, 4), np.uint8)
    voxels[0, 0, 0] = voxels[3, 3, 3] = 1
    savemat(tmp_path / "model/chair/voxel.mat", {"voxel": voxels})
    entry = {"img": "img/chair/1.png", "mask": "mask/chair/1.png", "model": "model/chair/model.obj",
             "voxel": "model/chair/voxel.mat", "rot_mat": TURN, "trans_mat": [0.0, 0, 2], "bbox": [10, 5, 25, 20],
             "category": "chair", "focal_length": 16.0, "img_size": [40, 30]}  # fmt: skip
    (tmp_path / "pix3d.json").write_text(json.dumps([entry, {**entry, "img": "img/table/1749.jpg"}]))
    return tmp_path


def coco(folder, name, **changes):
    annotation = {"image_id": 7, "category_id": 3, "bbox": [10, 5, 15, 15], "segmentation": "mask/chair/1.png",
                  "model": "model/chair/model.obj", "voxel": "model/chair/voxel.mat", "K": [20.0, 20.0, 15.0],
                  "rot_mat": TURN, "trans_mat": [0.0, 0, 2], **changes}  # fmt: skip
    table = {"images": [{"id": 7, "file_name": "img/chair/1.png"}], "annotations": [annotation],
             "categories": [{"id": 3, "name": "chair"}]}  # fmt: skip
    (folder / name).write_text(json.dumps(table))


@pytest.mark.parametrize("listed", [False, True])
def test_both_layouts_give_the_same(folder, listed):
    if listed:
        coco(folder, "pix3d_s1_train.json")
    objects = pix3d(folder)
    assert len(objects) == 1  # the picture whose mask is another's is left out
    one = objects[0]
    target = one["target"]
    assert one["picture"].shape == (3, 30, 40) and one["name"] == "img/chair/1.png"
    assert target["boxes"].tolist() == [[10, 5, 15, 15]] and target["labels"].tolist() == [3]
    assert target["masks"].sum() == 225 and target["K"].tolist() == [[20, 0, 19.5], [0, 20, 14.5], [0, 0, 1]]
    vertices, faces = target["meshes"][0]
    assert faces.tolist() == [[0, 1, 2], [0, 2, 3], [1, 2, 3]]
    # x left and y up on disk: what is at (0.2, 0.1) there is left of the middle, and above it.
    assert torch.allclose(vertices[0], torch.tensor([-0.2, -0.1, 2.0]))
    assert (project(vertices[:1], target["K"])[0] < torch.tensor([19.5, 14.5])).all()
    inside = target["inside"][0] - torch.tensor([0, 0, 2.0])
    assert torch.allclose(inside.norm(dim=1), torch.tensor(0.5)) and torch.allclose(inside[0], -inside[1], atol=1e-5)


def test_the_other_part_of_a_split_must_be_there(folder):
    coco(folder, "pix3d_s1_train.json")
    with pytest.raises(DataError, match="pix3d_s1_test.json is not there"):
        pix3d(folder, train=False)


def test_errors(folder):
    with pytest.raises(DataError, match="Pix3D"):
        pix3d(folder / "nothing")
    (folder / "mask/chair/1.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="cannot be read"):
        pix3d(folder)[0]
    Image.fromarray(np.full((30, 40), 255, np.uint8)).save(folder / "mask/chair/1.png")
    (folder / "model/chair/model.obj").write_text("v 0 0 0\n")
    with pytest.raises(DataError, match="has no face"):
        pix3d(folder)[0]
    (folder / "pix3d.json").write_text("[{}]")
    with pytest.raises(DataError, match="cannot be understood"):
        pix3d(folder)
