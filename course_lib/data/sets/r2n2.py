"""The renderings and voxels of 3D-R2N2: 44,000 objects of ShapeNet in 13 kinds, 24 pictures and 32^3 voxels of each.

    objects = r2n2("~/data/r2n2")                    # or train=False
    objects[0].views([0, 7], 127), objects[0].voxels()

The folder holds, as the two archives on the paper's page unpack, `ShapeNetRendering/KIND/OBJECT/rendering/00.png` to
`23.png` (137 x 137, with transparency) and `ShapeNetVox32/KIND/OBJECT/model.binvox`. Of each kind the first four
fifths, in the order of their names, are for training, as in the released code.
"""

from collections.abc import Sequence as Ordered
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch.nn.functional import interpolate

from course_lib.data.sets.on_disk import contents, data_folder, folders
from course_lib.errors import DataError
from course_lib.ops.sampling import center_crop

RENDERINGS, VOXELS = "ShapeNetRendering", "ShapeNetVox32"
HOLDS = f"{RENDERINGS} and {VOXELS}"
TRAINED = 0.8  # of each kind
SEEN = 127 / 137  # of a picture's side: the middle, as the network takes it


@dataclass(frozen=True)
class Rendered:
    """An object. pictures: folder of its renderings. grid: its .binvox file. kind: name of its folder."""

    pictures: Path
    grid: Path
    kind: str

    def views(self, numbers, side=127):
        """Some of its pictures before white: numbers -> (V, 3, side, side), RGB in 0..1.

        Raises:
            DataError: if one is not there or cannot be read.
        """
        return torch.stack([_middle(self.pictures / f"{number:02}.png", side) for number in numbers])

    def voxels(self):
        """(32, 32, 32) bool along z, y, x, in this course's axes."""
        return to_course_axes(read_binvox(self.grid))


class RenderedObjects(Ordered):
    """Objects whose files are read when they are asked for. kinds: names of the kinds."""

    def __init__(self, objects):
        self._objects = objects
        self.kinds = sorted({one.kind for one in objects})

    def __len__(self):
        return len(self._objects)

    def __getitem__(self, number):
        """A `Rendered`; a slice gives `RenderedObjects`."""
        return RenderedObjects(self._objects[number]) if isinstance(number, slice) else self._objects[number]


def r2n2(path, train=True):
    """The objects for training, or for testing, in a folder that holds both archives.

    Raises:
        DataError: if the folder or one of the two is not there, or no object has both pictures and voxels.
    """
    root = data_folder(path, "renderings and voxels of 3D-R2N2", HOLDS)
    pictures, grids = (data_folder(root / name, "one half of 3D-R2N2's data", HOLDS) for name in (RENDERINGS, VOXELS))
    objects = []
    for kind in folders(pictures):
        whole = [
            Rendered(one / "rendering", grids / kind.name / one.name / "model.binvox", kind.name)
            for one in folders(kind)
            if (one / "rendering").is_dir() and (grids / kind.name / one.name / "model.binvox").is_file()
        ]
        objects += train_and_test(whole)[0 if train else 1]
    if not objects:
        raise DataError(
            f"No object in {root} has both pictures and voxels; {RENDERINGS} holds {contents(pictures)}, {VOXELS} "
            f"holds {contents(grids)}."
        )
    return RenderedObjects(objects)


def train_and_test(objects):
    """The two parts of one kind's objects, sorted by name: the first four fifths, rounded down, and the rest."""
    first = int(TRAINED * len(objects))
    return objects[:first], objects[first:]


def read_rendering(path):
    """A picture before white, uint8 (3, H, W), and where the object is, (H, W) bool.

    White is what is wholly transparent, and nothing else, as in the released codes of 3D-R2N2 and Pixel2Mesh.

    Raises:
        DataError: if it cannot be read.
    """
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGBA"))
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"{path} cannot be read as a picture: {error}. Copy or unpack it again.") from error
    mask = pixels[..., 3] > 0
    picture = np.where(mask[..., None], pixels[..., :3], 255).astype(np.uint8)
    return torch.from_numpy(picture.transpose(2, 0, 1).copy()), torch.from_numpy(mask)


def to_course_axes(grids):
    """Grids of the release, (..., X, Y, Z) with y upwards and z to the viewer -> (..., D, H, W) along z, y, x, as here.

    x stays, y and z turn around: a turn by half a circle, no mirror.
    """
    return grids.movedim(-1, -3).transpose(-1, -2).flip(-3, -2)


def read_binvox(path):
    """A grid as binvox stores it: (X, Y, Z) bool, y upwards.

    The file has five lines of text, then pairs of bytes, a value and how often it comes; x is slowest and y fastest.

    Raises:
        DataError: if it is no such file, or its runs do not fill the grid.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    head, mark, runs = content.partition(b"\ndata\n")
    lines = dict(line.split(b" ", 1) for line in head.splitlines() if b" " in line)
    if not head.startswith(b"#binvox") or not mark or b"dim" not in lines:
        raise DataError(f"{path} is no binvox file: its first line is #binvox 1, then come dim and data.")
    values, counts = (np.frombuffer(runs[start : len(runs) - len(runs) % 2], np.uint8)[::2] for start in (0, 1))
    sizes = [int(number) for number in lines[b"dim"].split()]
    filled = np.repeat(values, counts) > 0
    if len(sizes) != 3 or len(filled) != np.prod(sizes):
        raise DataError(f"{path} has {len(filled)} cells, expected {lines[b'dim'].decode()}. Is it whole?")
    x, z, y = sizes
    return torch.from_numpy(filled.reshape(x, z, y)).transpose(1, 2).contiguous()


def _middle(path, side):
    """What the network sees of a picture: its middle, (3, side, side) in 0..1."""
    picture, _ = read_rendering(path)
    middle = center_crop(picture.float() / 255, round(SEEN * picture.shape[1]))
    if middle.shape[-1] == side:
        return middle
    return interpolate(middle[None], (side, side), mode="bilinear", antialias=True, align_corners=False)[0].clamp(0, 1)
