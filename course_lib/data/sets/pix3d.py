"""Pix3D: photographs of furniture, each with one object's mask, mesh, voxels and camera, as they lie on disk.

Sun and others, "Pix3D: Dataset and Methods for Single-Image 3D Shape Modeling", CVPR 2018: 395 models, 10,069 pictures,
nine classes. One object per picture is labelled; others may be in it.

    objects = pix3d("~/data/pix3d", split="s1", train=False)
    one = objects[0]                          # picture (3, H, W) in 0..1, target: what MeshRCNN takes, name

Layouts, told apart by what is in the folder: Mesh R-CNN's `pix3d_s1_train.json` and so on (COCO's form; split S1 mixes
pictures of one model, S2 keeps models apart), or the data set's own `pix3d.json`, which has no split.

Camera axes on disk are x left, y up, z forward; here they are turned into those of `course_lib.ops.camera`.
"""

import json

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch.utils.data import Dataset

from course_lib.data.mesh_io import read_mesh
from course_lib.data.sets.on_disk import contents, data_folder
from course_lib.errors import DataError
from course_lib.ops.camera import intrinsics

CLASSES = ("bed", "bookcase", "chair", "desk", "misc", "sofa", "table", "tool", "wardrobe")
HOLDS = "pix3d.json, or pix3d_s1_train.json and pix3d_s1_test.json, beside img, mask and model"
WRONG = ("img/table/1749.jpg", "img/table/0045.png")  # picture and mask do not belong together: left out by all
SENSOR = 32.0  # mm, the width for which pix3d.json gives focal lengths
TO_OURS = torch.tensor([-1.0, -1.0, 1.0])


class Pix3D(Dataset):
    """The objects of a list. rows: list of dicts as `pix3d` makes them."""

    def __init__(self, root, rows):
        self.root, self.rows, self._meshes = root, rows, {}

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, number):
        """dict: picture (3, H, W) in 0..1, target (boxes, labels, masks, meshes, inside, K, of one object), name.

        Raises:
            DataError: if a file is missing or cannot be read.
        """
        row = self.rows[number]
        picture = torch.from_numpy(self._image(row["picture"], "RGB")).permute(2, 0, 1).float() / 255
        mask = torch.from_numpy(self._image(row["mask"], "L")) > 0
        if mask.shape != picture.shape[1:]:
            raise DataError(f"{row['mask']} is {tuple(mask.shape)}, its picture {tuple(picture.shape[1:])}.")
        height, width = mask.shape
        target = {
            "boxes": torch.tensor([row["box"]], dtype=torch.float32),
            "labels": torch.tensor([CLASSES.index(row["class"]) + 1]),
            "masks": mask[None],
            "K": intrinsics(row["focal"], row["focal"], (width - 1) / 2, (height - 1) / 2),
        }
        vertices, faces = self._mesh(row["model"])
        target["meshes"] = [(self._seen(vertices, row), faces)]
        target["inside"] = [self._seen(self._voxels(row["voxel"]), row)]
        return {"picture": picture, "target": target, "name": row["picture"]}

    def _seen(self, points, row):
        """From the model's axes to the camera's, ours."""
        return (points @ torch.tensor(row["R"]).T + torch.tensor(row["t"])) * TO_OURS

    def _image(self, name, mode):
        try:
            with Image.open(self.root / name) as picture:
                return np.array(picture.convert(mode))
        except (OSError, UnidentifiedImageError) as error:
            raise DataError(f"{self.root / name} cannot be read: {error}. Copy or unpack it again.") from error

    def _mesh(self, name):
        if name not in self._meshes:  # the pictures share a few hundred models
            vertices, faces = read_mesh(self.root / name)
            if not len(faces):
                raise DataError(f"{self.root / name} has no face. Copy or unpack it again.")
            self._meshes[name] = vertices, faces
        return self._meshes[name]

    def _voxels(self, name):
        """Middles of the filled voxels, (P, 3), turned and scaled as the released code does."""
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError

        try:
            voxels = loadmat(self.root / name)["voxel"]
        except (OSError, ValueError, KeyError, MatReadError) as error:
            raise DataError(f"{self.root / name} cannot be read as voxels ({error}). Unpack it again.") from error
        points = torch.from_numpy(np.argwhere(np.rot90(voxels, k=3, axes=(1, 2)) > 0).astype(np.float32))
        if not len(points):
            raise DataError(f"{self.root / name} has no filled voxel.")
        points = points - (points.amin(0) + points.amax(0)) / 2
        return points / (2 * points.norm(dim=1).max()).clamp(min=1e-9)


def pix3d(root, split="s1", train=True):
    """The objects of Pix3D.

    Args:
        root: folder that holds the lists, img, mask and model. split: "s1" or "s2"; without their lists, all.
        train: the training or the test part of the split.
    Returns:
        Pix3D.
    Raises:
        DataError: if the folder or its lists are not there, or an entry lacks something.
    """
    folder = data_folder(root, "Pix3D", HOLDS)
    listed = folder / f"pix3d_{split}_{'train' if train else 'test'}.json"
    own = folder / "pix3d.json"
    if not listed.is_file() and (any(folder.glob("pix3d_s*_*.json")) or not own.is_file()):
        raise DataError(f"{listed} is not there (expected in the folder: {HOLDS}); it holds {contents(folder)}.")
    path = listed if listed.is_file() else own
    try:
        table = json.loads(path.read_text())
        rows = _coco(table) if isinstance(table, dict) else [_own(entry) for entry in table]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(f"{path} cannot be understood ({type(error).__name__}: {error}). Copy it again.") from error
    return Pix3D(folder, [row for row in rows if row["picture"] not in WRONG])


def _coco(table):
    pictures = {image["id"]: image["file_name"] for image in table["images"]}
    names = {category["id"]: category["name"] for category in table["categories"]}
    return [
        {"picture": pictures[one["image_id"]], "mask": one["segmentation"], "model": one["model"],
         "voxel": one["voxel"], "box": one["bbox"], "class": names[one["category_id"]], "focal": float(one["K"][0]),
         "R": one["rot_mat"], "t": one["trans_mat"]}
        for one in table["annotations"]
    ]  # fmt: skip


def _own(entry):
    left, top, right, bottom = entry["bbox"]
    return {"picture": entry["img"], "mask": entry["mask"], "model": entry["model"], "voxel": entry["voxel"],
            "box": [left, top, right - left, bottom - top], "class": entry["category"],
            "focal": entry["focal_length"] * entry["img_size"][0] / SENSOR,
            "R": entry["rot_mat"], "t": entry["trans_mat"]}  # fmt: skip
