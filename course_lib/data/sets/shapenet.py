"""ShapeNet's models and 3D-R2N2's pictures of them, as they lie on disk.

    models = shapenet("ShapeNetCore.v1", "ShapeNetRendering", split="test")
    model = models[0]
    vertices, faces = model.mesh()
    view = model.view(3)          # view.picture, view.mask, view.pose, view.K

ShapeNetCore holds one folder per category, named by a number of WordNet, and in it one per model (`model.obj` in
version 1, `models/model_normalized.obj` in version 2). The pictures, by Choy and others for 3D-R2N2, lie under the same
two names: `rendering/00.png` to `23.png`, 24 views, and `rendering_metadata.txt`. 13 categories have them: 43,768
models, of which 35,011 train. (Some slides say 25 views; there are 24.)

Everything comes in the course's axes, x right, y down, z forward: ShapeNet's own point up and backward. Models are as
large as ShapeNet made them; version 1 gives the upright box a diagonal of 1.
"""

import json
import math
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, field

import torch
from torch.nn.functional import interpolate

from course_lib.data.mesh_io import read_mesh
from course_lib.data.sets.on_disk import contents, data_folder, folders, list_text, some
from course_lib.data.sets.r2n2 import read_rendering, train_and_test
from course_lib.data.worlds.shape_views import BACK, to_view
from course_lib.errors import DataError
from course_lib.ops.camera import intrinsics, look_at
from course_lib.ops.meshes import sample_surface
from course_lib.places import place

CATEGORIES = {  # of 3D-R2N2
    "02691156": "airplane", "02828884": "bench", "02933112": "cabinet", "02958343": "car", "03001627": "chair",
    "03211117": "monitor", "03636649": "lamp", "03691459": "loudspeaker", "04090263": "rifle", "04256520": "sofa",
    "04379243": "table", "04401088": "telephone", "04530566": "watercraft",
}  # fmt: skip
VIEWS = 24
FARTHEST = 1.75  # what the stored distance, a share, is multiplied with
FOCAL = 35 / 32  # of the rendering camera, in widths of the picture: 35 mm before a sensor of 32 mm
SCALE = 0.57  # of Pixel2Mesh's objects: about 1 / 1.75, so that the stored share is the distance
FILES = ("model.obj", "models/model_normalized.obj")  # version 1, version 2
SPLITS = ("train", "test", None)


@dataclass(frozen=True, eq=False)  # == of tensors has no one answer
class View:
    """picture: uint8 (3, H, W), white where nothing is. mask: (H, W) bool. pose: (4, 4) camera to world. K: (3, 3)."""

    picture: torch.Tensor = field(repr=False)
    mask: torch.Tensor = field(repr=False)
    pose: torch.Tensor = field(repr=False)
    K: torch.Tensor = field(repr=False)


@dataclass(frozen=True)
class Model:
    """One shape. category: its WordNet number. name: its folder's. views: numbers of its pictures in this split."""

    category: str
    name: str
    views: tuple
    _file: object = field(repr=False)
    _pictures: object = field(repr=False)

    @property
    def label(self):
        """The category's English word, or its number where 3D-R2N2 does not have it."""
        return CATEGORIES.get(self.category, self.category)

    def mesh(self):
        """vertices (V, 3), faces (F, 3), in the course's axes."""
        vertices, faces = read_mesh(self._file)
        return vertices * torch.tensor([1.0, -1.0, -1.0]), faces

    def view(self, number):
        """One of its pictures.

        Raises:
            DataError: if there are no pictures, or not this one in this split, or it cannot be read.
        """
        if number not in self.views:
            raise DataError(f"{self.label} {self.name} has views {some([str(v) for v in self.views]) or 'none'}, "
                            f"asked for {number}.")  # fmt: skip
        picture, mask = read_rendering(self._pictures / f"{number:02d}.png")
        height, width = mask.shape
        K = intrinsics(FOCAL * width, cx=(width - 1) / 2, cy=(height - 1) / 2)
        azimuth, elevation, _, share, _ = _cameras(self._pictures / "rendering_metadata.txt")[number]
        return View(picture, mask, camera_pose(azimuth, elevation, share * FARTHEST), K)


class Models(Ordered):
    """The models of a split."""

    def __init__(self, models):
        self._models = models

    def __len__(self):
        return len(self._models)

    def __getitem__(self, number):
        return Models(self._models[number]) if isinstance(number, slice) else self._models[number]


def shapenet(path, renderings=None, *, categories=None, split=None, splits_file=None):
    """The models in a folder of ShapeNetCore.

    Args:
        path: of the folder that holds the categories' folders.
        renderings: of the folder ShapeNetRendering; None for models without pictures.
        categories: WordNet numbers or English words of `CATEGORIES`; by default all that are there.
        split: "train", "test", or None for all. Of each category's models, sorted by name, the first 80 % train, as in
            3D-R2N2; with a `splits_file` what that says ("val" too).
        splits_file: JSON {split: {category: {model: [views]}}}, as PyTorch3D and Mesh R-CNN use it.
    Returns:
        Models, sorted by category and name.
    Raises:
        DataError: if a folder is not there or holds no model, or a category or split is unknown.
    """
    root = data_folder(path, "ShapeNet", "folders 02691156, 03001627 ...")
    pictures = data_folder(renderings, "ShapeNet's pictures", "folders 02691156, ...") if renderings else None
    chosen = None if splits_file is None else _splits(place(splits_file, DataError), split)
    if chosen is None and split not in SPLITS:
        raise DataError(f"split is {split!r}, expected train, test or None. (val is in a splits_file only.)")
    wanted = _numbers(categories)
    models = []
    for folder in folders(root):
        if wanted is not None and folder.name not in wanted:
            continue
        found = [(inside.name, file) for inside in folders(folder) if (file := _file(inside))]
        if chosen is None:
            train, test = train_and_test(found)
            found = {"train": train, "test": test, None: found}[split]
        for name, file in found:
            views = range(VIEWS) if chosen is None else chosen.get(folder.name, {}).get(name)
            if views is None:
                continue
            where = pictures and pictures / folder.name / name / "rendering"
            there = () if where is None else tuple(v for v in views if (where / f"{v:02d}.png").is_file())
            models.append(Model(folder.name, name, there, file, where))
    if not models:
        raise DataError(
            f"{root} holds no model of this choice (expected NUMBER/NAME/{FILES[0]} or NUMBER/NAME/{FILES[1]}); it "
            f"holds {contents(root)}."
        )
    return Models(models)


def for_pixel2mesh(model, view, points, generator=None):
    """One example as Pixel2Mesh takes it: a picture of 224 x 224 and the surface in its camera's coordinates.

    Args:
        model: a Model. view: the number of its picture. points: how many are drawn from the surface.
        generator: torch.Generator on the CPU, for the points.
    Returns:
        picture (3, 224, 224) in 0..1 on white, as the released code trains; points (P, 3), normals (P, 3).
    """
    seen = model.view(view)
    picture = interpolate(seen.picture[None].float() / 255, (224, 224), mode="bilinear", antialias=True)[0]
    places, normals = sample_surface(*model.mesh(), points, generator)
    return picture, to_view(places, seen.pose, SCALE), normals @ seen.pose[:3, :3] * torch.tensor(BACK)


def camera_pose(azimuth, elevation, distance):
    """(4, 4) camera to world of a picture, both in the course's axes.

    Args:
        azimuth, elevation: in degrees, as stored: 0, 0 looks along ShapeNet's -x. distance: in the model's unit.
    """
    around, up = math.radians(azimuth), math.radians(elevation)
    x, y, z = (math.cos(up) * math.cos(around), math.sin(up), math.cos(up) * math.sin(around))
    return look_at((distance * x, -distance * y, -distance * z), (0.0, 0.0, 0.0))


def _cameras(path):
    """Rows of five numbers: azimuth, elevation, roll, distance as a share, angle of view."""
    if not path.is_file():
        raise DataError(f"{path} is not there: it says where the pictures were taken from.")
    rows = []
    for number, line in enumerate(list_text(path).splitlines(), 1):
        try:
            values = [float(word) for word in line.split()]
        except ValueError:
            values = []
        if line.strip() and len(values) != 5:
            raise DataError(f"{path}, line {number} is {line.strip()[:60]!r}, expected five numbers.")
        if values:
            rows.append(values)
    if len(rows) < VIEWS:
        raise DataError(f"{path} has {len(rows)} lines, expected {VIEWS}, one per picture.")
    return rows


def _file(folder):
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def _numbers(categories):
    if categories is None:
        return None
    words = {word: number for number, word in CATEGORIES.items()}
    numbers = [words.get(one, one) for one in ([categories] if isinstance(categories, str) else categories)]
    if unknown := [one for one in numbers if not one.isdigit()]:
        raise DataError(f"There is no category {some(unknown)}. There are: {', '.join(words)}; or use its number.")
    return set(numbers)


def _splits(path, split):
    if not path.is_file():
        raise DataError(f"There is no list of splits at {path}.")
    try:
        lists = json.loads(list_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path} is no JSON file: {error}.") from error
    if not isinstance(lists, dict) or split not in lists:
        raise DataError(f"{path} has no split {split!r}; it has {some(sorted(lists)) if lists else 'nothing'}.")
    return lists[split]
