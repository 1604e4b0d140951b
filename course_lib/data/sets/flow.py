"""Pairs of frames with their true flow, in the layouts in which FlyingChairs, Sintel and KITTI lie on disk.

    pairs = flying_chairs("~/data/FlyingChairs_release", train=True)
    image1, image2, flow, known = pairs[0]

Each reader lists its pairs once and says at once what is missing; pictures are decoded when a pair is asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from course_lib.data.flow_io import read_flo, read_kitti_flow
from course_lib.errors import DataError
from course_lib.places import absent, place, system_errors


@dataclass(frozen=True)
class FlowPair:
    """Where the files of a pair lie. flow is None where nobody knows it; invalid is Sintel's mask, or None."""

    image1: Path
    image2: Path
    flow: Path | None
    invalid: Path | None = None


@dataclass(frozen=True)
class FlowPairs(Dataset):
    """Pairs of frames, for a DataLoader.

    Attributes:
        name: of the data set, for messages.
        pairs: where their files lie.
        augment: function (image1, image2, flow, known) -> the same four, or None. Pictures of several sizes can only
            be put into a batch by one that crops them.
    """

    name: str
    pairs: tuple[FlowPair, ...] = field(repr=False)
    augment: Callable | None = None

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, number):
        """One pair.

        Returns:
            image1, image2 (3, H, W) float32 in 0..1; flow (2, H, W) in pixels, 0 where it is unknown; known (H, W)
            bool, false everywhere for a pair without truth.
        Raises:
            DataError: if a file cannot be read, or the sizes differ; it names the file.
        """
        pair = self.pairs[number]
        image1, image2 = read_picture(pair.image1), read_picture(pair.image2)
        size = image1.shape[1:]
        if pair.flow is None:
            flow, known = torch.zeros(2, *size), torch.zeros(size, dtype=torch.bool)
        else:
            flow, known = (read_kitti_flow if pair.flow.suffix == ".png" else read_flo)(pair.flow)
        if pair.invalid is not None:
            known = known & (read_picture(pair.invalid)[0] == 0)
        if not image1.shape[1:] == image2.shape[1:] == flow.shape[1:]:
            raise DataError(
                f"{self.name}, pair {number}: {pair.image1} has {tuple(size)} rows and columns, {pair.image2.name} "
                f"{tuple(image2.shape[1:])}, the flow {tuple(flow.shape[1:])}. Expected one size: was one resized?"
            )
        items = image1, image2, flow, known
        return self.augment(*items) if self.augment else items


def read_picture(path):
    """A PNG, PPM or JPEG as (3, H, W) float32 in 0..1, RGB.

    Raises:
        DataError: if it cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    with system_errors("a picture cannot be read", DataError):
        try:
            with Image.open(place(path, DataError)) as picture:
                pixels = np.array(picture.convert("RGB"))
        except (UnidentifiedImageError, SyntaxError, ValueError) as error:
            raise DataError(f"{path} cannot be read as a picture ({error}). Copy or download it again.") from error
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous() / 255


@system_errors("FlyingChairs cannot be read", DataError)
def flying_chairs(root, train=True, lists=None, augment=None):
    """FlyingChairs: data/00001_img1.ppm, 00001_img2.ppm, 00001_flow.flo ..., 22,872 pairs of 384 x 512.

    Args:
        root: the folder FlyingChairs_release, or its folder data.
        train: the 22,232 training pairs, or the 640 for testing.
        lists: the file FlyingChairs_train_val.txt, one line per pair: 1 for training, 2 for testing; by default in
            `root` or beside it.
        augment: see `FlowPairs`.
    Raises:
        DataError: if the layout differs: what was expected, and what is there.
    """
    root = _folder(root, "FlyingChairs", "data/00001_img1.ppm ...")
    data = root / "data" if (root / "data").is_dir() else root
    flows = _files(data, "*_flow.flo", "FlyingChairs")
    listed = _split_file(root, lists)
    marks = listed.read_text().split()
    if len(marks) != len(flows) or set(marks) - {"1", "2"}:
        raise DataError(
            f"{listed} has {len(marks)} marks, expected {len(flows)}, each 1 (training) or 2 (testing): one for each "
            f"*_flow.flo in {data}. Is the archive unpacked completely?"
        )
    chosen = [flow for flow, mark in zip(flows, marks, strict=True) if (mark == "1") == train]
    pairs = []
    for flow in chosen:
        number = flow.name.removesuffix("_flow.flo")
        pairs.append(FlowPair(data / f"{number}_img1.ppm", data / f"{number}_img2.ppm", flow))
    return _checked(f"FlyingChairs {'train' if train else 'test'}", pairs, augment)


@system_errors("Sintel cannot be read", DataError)
def sintel(root, rendering="clean", train=True, augment=None):
    """MPI Sintel: training/clean/alley_1/frame_0001.png ... and training/flow/alley_1/frame_0001.flo, 1,041 pairs.

    Args:
        root: the folder with `training` and `test`.
        rendering: "clean" or "final" (with blur and mist).
        train: pairs with truth, or those of `test`, whose truth is kept by the benchmark.
        augment: see `FlowPairs`.
    """
    if rendering not in ("clean", "final"):
        raise DataError(f'rendering is {rendering!r}, expected "clean" or "final".')
    part = "training" if train else "test"
    folder = _folder(root, "Sintel", "training and test") / part
    scenes = sorted(path for path in _folder(folder / rendering, "Sintel", "one folder per scene").iterdir())
    pairs = []
    for scene in (path for path in scenes if path.is_dir()):
        frames = _files(scene, "frame_*.png", "Sintel")
        for first, second in zip(frames, frames[1:], strict=False):
            truth = folder / "flow" / scene.name / f"{first.stem}.flo"
            mask = folder / "invalid" / scene.name / first.name
            pairs.append(FlowPair(first, second, truth if train else None, mask if train and mask.exists() else None))
    return _checked(f"Sintel {part}, {rendering}", pairs, augment)


@system_errors("KITTI cannot be read", DataError)
def kitti(root, year=2015, train=True, occluded=True, augment=None):
    """KITTI 2012 or 2015: training/image_2/000000_10.png and _11.png, training/flow_occ/000000_10.png; sparse truth.

    Args:
        root: the folder with `training` and `testing`.
        year: 2012 (194 pairs; its colour pictures are in colored_0) or 2015 (200 pairs, image_2).
        train: pairs with truth, or those of `testing`.
        occluded: truth also for pixels that leave the picture (flow_occ), or only for visible ones (flow_noc).
        augment: see `FlowPairs`.
    """
    if year not in (2012, 2015):
        raise DataError(f"year is {year!r}, expected 2012 or 2015.")
    folder = _folder(root, "KITTI", "training and testing") / ("training" if train else "testing")
    pictures = _folder(folder / ("colored_0" if year == 2012 else "image_2"), "KITTI", "000000_10.png ...")
    pairs = []
    for first in _files(pictures, "*_10.png", "KITTI"):
        truth = folder / ("flow_occ" if occluded else "flow_noc") / first.name
        pairs.append(FlowPair(first, first.with_name(first.name.replace("_10", "_11")), truth if train else None))
    return _checked(f"KITTI {year}", pairs, augment)


def _folder(path, name, holds):
    path = place(path, DataError)
    if not path.is_dir():
        wrong = "is a file" if path.exists() else absent(path)
        raise DataError(f"{name}: the folder {path} {wrong} (expected in it: {holds}). Check the path.")
    return path


def _files(folder, pattern, name):
    found = sorted(path for path in folder.glob(pattern) if path.name[0] != ".")
    if not found:
        raise DataError(f"{name}: there is no {pattern} in {folder}. Is it the right folder, and unpacked completely?")
    return found


def _split_file(root, lists):
    name = "FlyingChairs_train_val.txt"
    places = [place(lists, DataError)] if lists else [root / name, root.parent / name]
    for path in places:
        if path.is_file():
            return path
    raise DataError(
        f"FlyingChairs: the list of training and test pairs is not there, expected {' or '.join(map(str, places))}. "
        "It is published beside the archive: course data get flying_chairs"
    )


def _checked(name, pairs, augment):
    files = [file for pair in pairs for file in (pair.image1, pair.image2, pair.flow) if file is not None]
    missing = [file for file in files if not file.exists()]
    if missing:
        raise DataError(
            f"{name}: {len(missing)} of {len(files)} files are missing, the first is {missing[0]}. Unpack the archive "
            "again, or remove what is incomplete."
        )
    return FlowPairs(name, tuple(pairs), augment)
