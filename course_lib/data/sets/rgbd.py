"""RGB-D sequences, frames with measured depth and the camera's pose, as three public collections lie on disk.

    frames = rgbd("~/data/rgbd_dataset_freiburg1_desk")
    frame = frames[0]                                # or: for frame in frames
    frame.color, frame.depth, frame.pose, frames.K   # uint8 (3, H, W); metres (H, W), 0 unknown; (4, 4); (3, 3)

Layouts, told apart by what is in the folder: TUM RGB-D (`rgb.txt`, `depth.txt`, `groundtruth.txt`), 7-Scenes
(`frame-000000.color.png`, `.depth.png`, `.pose.txt`), and slambook's small sample (`color_1.png`, `depth_1.pgm`,
`pose.txt`). Poses and axes are those of `course_lib.ops.camera`; all three store z, not the length of the ray.
"""

from bisect import bisect_left
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from course_lib.data.sets.on_disk import contents, data_folder, list_text
from course_lib.data.sets.tracking.sequences import Pictures
from course_lib.errors import DataError
from course_lib.ops.camera import intrinsics, rigid, rotation_from_quaternion

HOLDS = "rgb.txt and depth.txt (TUM), or frame-000000.color.png (7-Scenes), or color_1.png and pose.txt (slambook)"
SECONDS = 0.02  # TUM: pictures, depths and poses whose times differ by less belong together
NOTHING = 65535  # 7-Scenes: the value of a pixel without depth
CAMERAS = {  # K as the collections' pages recommend it
    "tum": intrinsics(525.0, 525.0, 319.5, 239.5),
    "7-scenes": intrinsics(585.0, 585.0, 320.0, 240.0),
    "slambook": intrinsics(518.0, 519.0, 325.5, 253.5),
}
UNITS = {"tum": 5000, "7-scenes": 1000, "slambook": 1000}  # stored values per metre


@dataclass(frozen=True, eq=False)  # == of tensors has no one answer
class RGBDFrame:
    """color: uint8 (3, H, W). depth: float32 (H, W), z in metres, 0 unknown. pose: (4, 4) camera to world, or None."""

    color: torch.Tensor = field(repr=False)
    depth: torch.Tensor = field(repr=False)
    pose: torch.Tensor | None = field(repr=False)


class RGBDFrames(Ordered):
    """The frames of a sequence, read when they are asked for. layout: which collection's. K: (3, 3)."""

    def __init__(self, layout, rows, K):
        self.layout, self.K = layout, CAMERAS[layout] if K is None else K
        self._rows = rows  # [(path of the colors, path of the depths, pose or None)]

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, number):
        """One RGBDFrame; a slice gives RGBDFrames.

        Raises:
            DataError: if a file cannot be read, or colors and depth differ in size.
        """
        if isinstance(number, slice):
            return RGBDFrames(self.layout, self._rows[number], self.K)
        colors, depths, pose = self._rows[number]
        color, depth = Pictures([colors])[0], read_depth(depths, UNITS[self.layout])
        if color.shape[1:] != depth.shape:
            raise DataError(
                f"{colors} is {tuple(color.shape[1:])}, {depths} is {tuple(depth.shape)}: a pixel of one is no pixel "
                "of the other. Register the depth to the colors first."
            )
        return RGBDFrame(color, depth, pose)


def rgbd(path, K=None):
    """The sequence in a folder, in whichever of the layouts above.

    Args:
        path: of the folder that holds the files. K: (3, 3); by default what the collection recommends for all.
    Returns:
        RGBDFrames.
    Raises:
        DataError: if the folder is not there or holds none of the layouts, or a list in it cannot be understood.
    """
    folder = data_folder(path, "RGB-D sequence", HOLDS)
    layout = layout_of(folder)
    if layout is None:
        raise DataError(f"{folder} holds no RGB-D sequence (expected: {HOLDS}); it holds {contents(folder)}.")
    rows = {"tum": _tum, "7-scenes": _seven_scenes, "slambook": _slambook}[layout](folder)
    if not rows:
        raise DataError(f"{folder} looks like {layout}, and no frame in it has both colors and depth.")
    return RGBDFrames(layout, rows, K)


def layout_of(folder):
    """Which collection's layout a folder has, by a file that no other has; None for none."""
    signs = {"tum": "rgb.txt", "7-scenes": "frame-*.color.*", "slambook": "color_*.png"}
    return next((layout for layout, sign in signs.items() if any(folder.glob(sign))), None)


def read_depth(path, per_metre=1000):
    """A depth picture of 16 bits, PNG or PGM, in metres: float32 (H, W), 0 where nothing was measured.

    Raises:
        DataError: if it cannot be read, or has 8 bits: then it is a picture of depth, and the metres are lost.
    """
    try:
        with Image.open(path) as picture:
            values, mode = np.asarray(picture), picture.mode
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"{path} cannot be read as a depth picture: {error}. Copy or unpack it again.") from error
    if not mode.startswith("I"):
        raise DataError(
            f"{path} has pixels of mode {mode!r}, expected 16 bits: a grey or colored picture was made for looking at, "
            "and its metres are lost. Take the original file."
        )
    metres = torch.from_numpy(values.astype(np.float32)) / per_metre
    return torch.where(torch.from_numpy(values == NOTHING), 0.0, metres)


def _slambook(folder):
    poses = [_pose(numbers) for _, numbers in _numbers(folder / "pose.txt", 7)]
    rows = []
    for number, pose in enumerate(poses, 1):
        colors, depths = folder / f"color_{number}.png", folder / f"depth_{number}.pgm"
        if colors.exists() and depths.exists():
            rows.append((colors, depths, pose))
    return rows


def _seven_scenes(folder):
    rows = []
    for colors in sorted(folder.glob("frame-*.color.*")):
        name = colors.name.split(".")[0]
        depths, pose = folder / f"{name}.depth.png", folder / f"{name}.pose.txt"
        if depths.exists():
            matrix = [numbers for _, numbers in _numbers(pose, 4)] if pose.exists() else None
            if matrix is not None and len(matrix) != 4:
                raise DataError(f"{pose} has {len(matrix)} lines of numbers, expected a 4 x 4 matrix.")
            rows.append((colors, depths, matrix and torch.tensor(matrix)))
    return rows


def _tum(folder):
    colors, depths = ([(time, folder / name) for time, name in _named(folder / f"{what}.txt")]
                      for what in ("rgb", "depth"))  # fmt: skip
    truth = folder / "groundtruth.txt"
    poses = [(numbers[0], _pose(numbers[1:])) for _, numbers in _numbers(truth, 8)] if truth.exists() else []
    rows = []
    for time, path in colors:
        depth = _nearest(depths, time)
        if depth:
            rows.append((path, depth, _nearest(poses, time)))
    return rows


def _nearest(rows, time):
    """What belongs to the nearest time in a sorted list of (time, thing), or None if it is too far."""
    place = bisect_left(rows, time, key=lambda row: row[0])
    near = min(rows[max(place - 1, 0) : place + 1], key=lambda row: abs(row[0] - time), default=None)
    return near[1] if near and abs(near[0] - time) < SECONDS else None


def _pose(numbers):
    """x y z qx qy qz qw, camera to world, -> (4, 4)"""
    values = torch.tensor(numbers)
    return rigid(rotation_from_quaternion(values[3:]), values[:3])


def _lines(path):
    if not path.is_file():
        raise DataError(f"{path} is not there; beside it is {contents(path.parent)}.")
    for number, line in enumerate(list_text(path).splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.split()


def _numbers(path, count):
    for line, words in _lines(path):
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            numbers = []
        if len(numbers) != count:
            raise DataError(f"{path}, line {line} is {' '.join(words)[:60]!r}, expected {count} numbers.")
        yield line, numbers


def _named(path):
    rows = []
    for line, words in _lines(path):
        try:
            rows.append((float(words[0]), words[1]))
        except (ValueError, IndexError):
            raise DataError(f"{path}, line {line} is {' '.join(words)[:60]!r}, expected a time and a file.") from None
    return sorted(rows)
