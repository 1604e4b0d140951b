"""What the layouts share: lists of names, folders of pictures, and text files with a row of numbers per frame."""

import re

import numpy as np
import torch

from course_lib.data.sets.on_disk import contents, list_text, some, visible
from course_lib.data.sets.tracking.sequences import Pictures, Sequences
from course_lib.errors import DataError
from course_lib.places import system_errors

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm")
LISTED = "list.txt and a folder per sequence"  # what GOT-10k and VOT hold


def later(read, *arguments):
    """`read(*arguments)` as a function without arguments, whose OSErrors are explained."""
    return lambda: system_errors(f"{arguments[0]} cannot be read", DataError)(read)(*arguments)


def sequences_of(title, folder, readers, expected):
    """Sequences from {name: function without arguments that reads it}.

    Raises:
        DataError: if there are none; it says what was expected, and what the folder holds.
    """
    if not readers:
        raise DataError(f"{title}: no sequence in {folder} (expected: {expected}); it holds {contents(folder)}.")
    return Sequences(title, readers)


def listed_sequences(title, folder, read, *rest):
    """Sequences of a folder with a list.txt, in its order: `read(name, folder / name, *rest)` reads one of them."""
    names = _listed(folder / "list.txt")
    return sequences_of(title, folder, {name: later(read, name, folder / name, *rest) for name in names}, LISTED)


def _listed(path):
    """The names in a list.txt; each must be a folder beside it."""
    if not path.is_file():
        raise DataError(f"There is no {path}, the list of the sequences; its folder holds {contents(path.parent)}.")
    names = [line.strip() for line in list_text(path).splitlines() if line.strip()]
    missing = [name for name in names if not (path.parent / name).is_dir()]
    if missing:
        raise DataError(
            f"{path} lists {len(names)} sequences, of which {len(missing)} have no folder: {some(missing)}. Unpack "
            "them, or take their names out of the list."
        )
    return names


def pictures_in(folder):
    """Paths of the pictures in a folder, sorted."""
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}, expected the pictures of the frames in it.")
    paths = [path for path in visible(folder) if path.suffix.lower() in PICTURES]
    if not paths:
        raise DataError(f"{folder} holds no picture ({', '.join(PICTURES)}), but {contents(folder)}.")
    return paths


def matching(pictures, boxes, truth):
    """Paths of the frames as Pictures, if the file `truth` has as many boxes.

    Raises:
        DataError: if it has not.
    """
    if len(pictures) != len(boxes):
        raise DataError(
            f"{truth} has {len(boxes)} lines, and {pictures[0].parent} {len(pictures)} pictures: expected one per "
            "frame. Was the archive unpacked to the end?"
        )
    return Pictures(pictures)


def rows_of(path, counts):
    """The numbers of a text file, (T, N) float32, N one of `counts` and the same in all lines."""
    if not path.is_file():
        raise DataError(f"There is no {path}; its folder holds {contents(path.parent)}.")
    rows = []
    for number, line in enumerate(list_text(path).rstrip().splitlines(), 1):
        try:
            row = [float(word) for word in re.split(r"[,;\s]+", line.strip().strip(",;"))]
        except ValueError:
            row = []
        allowed = {len(rows[0])} if rows else counts
        if len(row) not in allowed or not np.isfinite(row).all():
            raise DataError(
                f"{path}, line {number}: expected {' or '.join(map(str, sorted(allowed)))} finite numbers, separated "
                f"by commas, tabs or spaces, found {line[:80]!r}."
            )
        rows.append(row)
    if not rows:
        raise DataError(f"{path} is empty: expected a line of numbers per frame.")
    return torch.tensor(rows)


def boxes_of(path, origin):
    """The boxes of a text file, whose first pixel is called `origin`: (T, 4) float32, between pixel edges."""
    return from_origin(rows_of(path, (4,)), origin)


def from_origin(boxes, origin):
    """Boxes (T, 4) whose first pixel is `origin`, moved so that it is 0."""
    return boxes - torch.tensor([1.0, 1, 0, 0]) * origin
