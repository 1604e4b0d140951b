"""ModelNet40 as points: the collection `modelnet40_normal_resampled` as it lies on disk.

    train = modelnet40("~/data/modelnet40_normal_resampled", "train")
    train.tensor(1024), train.labels, train.classes   # (N, 1024, 3), (N,), 40 names

Layout: `modelnet40_shape_names.txt` (a class a line), `modelnet40_train.txt` and `modelnet40_test.txt` (a model a line,
`airplane_0001`), and a text file per model, `airplane/airplane_0001.txt`: 10,000 lines `x,y,z,nx,ny,nz`, spread evenly
over the surface, already in the order of farthest point sampling, so that the first 1024 are a good choice.

y points up there; here it points *down*, as everywhere in the course, so y and z (and both of the normal) are turned.
"""

from collections.abc import Sequence

import numpy as np
import torch

from course_lib.data.sets.on_disk import data_folder, list_text
from course_lib.errors import DataError
from course_lib.progress import progress

HOLDS = "modelnet40_shape_names.txt, modelnet40_train.txt and a folder per class"
SPLITS = ("train", "test")
NUMBERS = 6  # of a line: place and normal


class PointModels(Sequence):
    """Models, read when they are asked for. classes: names. labels: (N,) long, index into them."""

    def __init__(self, paths, labels, classes):
        self._paths, self.labels, self.classes = list(paths), labels, tuple(classes)

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, number):
        """(points (10000, 3), normals (10000, 3)) of one model; a slice gives PointModels.

        Raises:
            DataError: if the file is not there, or is no table of numbers.
        """
        if isinstance(number, slice):
            return PointModels(self._paths[number], self.labels[number], self.classes)
        rows = _rows(self._paths[number])
        return rows[:, :3], rows[:, 3:]

    def tensor(self, number):
        """The first `number` points of each model, about their middle and within a ball of radius 1: (N, number, 3)."""
        sets = []
        for model in progress(range(len(self)), desc="reading models"):
            points = self[model][0]
            if len(points) < number:
                raise DataError(f"{self._paths[model]} has {len(points)} points, expected at least {number}.")
            points = points[:number] - points[:number].mean(0)
            sets.append(points / points.norm(dim=1).amax().clamp(min=1e-12))
        return torch.stack(sets) if sets else torch.zeros(0, number, 3)


def modelnet40(folder, split="train"):
    """The models of a split.

    Args:
        folder: `modelnet40_normal_resampled`. split: "train" or "test".
    Returns:
        PointModels.
    Raises:
        DataError: if the folder or a list is missing, or a list names a class that there is not.
    """
    if split not in SPLITS:
        raise DataError(f"split is {split!r}, expected one of {', '.join(SPLITS)}.")
    folder = data_folder(folder, "ModelNet40", HOLDS)
    classes = _names(folder / "modelnet40_shape_names.txt")
    models = _names(folder / f"modelnet40_{split}.txt")
    kinds = [name.rpartition("_")[0] for name in models]
    if unknown := set(kinds) - set(classes):
        raise DataError(f"modelnet40_{split}.txt names {sorted(unknown)[0]!r}, which modelnet40_shape_names.txt lacks.")
    labels = torch.tensor([classes.index(kind) for kind in kinds], dtype=torch.long)
    return PointModels(
        [folder / kind / f"{name}.txt" for kind, name in zip(kinds, models, strict=True)], labels, classes
    )


def _names(path):
    if not path.is_file():
        raise DataError(f"{path.name} is missing in {path.parent}: expected {HOLDS}.")
    return [line.strip() for line in list_text(path).splitlines() if line.strip()]


def _rows(path):
    if not path.is_file():
        raise DataError(f"{path} is missing, though the list names it. Is the archive unpacked whole?")
    try:
        rows = np.loadtxt(path, delimiter=",", dtype=np.float32, ndmin=2)
    except ValueError as error:
        raise DataError(f"{path} is no table of x,y,z,nx,ny,nz: {error}") from error
    if rows.shape[1] != NUMBERS:
        raise DataError(f"{path} has {rows.shape[1]} numbers in a line, expected {NUMBERS}: x,y,z,nx,ny,nz.")
    return torch.from_numpy(rows * np.array([1, -1, -1, 1, -1, -1], np.float32))
