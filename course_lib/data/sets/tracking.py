"""Videos of one object each, with a box in every frame, in the layouts of OTB, GOT-10k, VOT and ILSVRC-VID on disk.

    sequences = otb("~/data/OTB100")
    sequence = sequences["DragonBaby"]             # or a number, or: for sequence in sequences
    sequence.frames[0], sequence.boxes[0]          # uint8 (3, H, W); x, y, w, h

Annotations are read when a sequence is asked for, frames when a frame is.
"""

import configparser
import json
import re
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from course_lib.atomic import write_atomically
from course_lib.data.sets.on_disk import contents, data_folder, folders, list_text, some, visible
from course_lib.data.video_io import VideoReader, iter_frames, read_frames
from course_lib.errors import DataError
from course_lib.ops.polygons import upright_box
from course_lib.places import place, system_errors
from course_lib.progress import progress

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm")
COVER_STEPS = 8  # GOT-10k stores the visible share in eighths
OTB_FRAMES = {  # first and last annotated picture, from 1, where the folder holds more (OTB's own list)
    "david": (300, 770),
    "diving": (1, 215),
    "football1": (1, 74),
    "freeman3": (1, 460),
    "freeman4": (1, 283),
}


class Pictures(Ordered):
    """Frames that lie as one picture file each; [number] and iteration give uint8 (3, H, W), RGB."""

    def __init__(self, paths):
        self.paths = tuple(paths)

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, number):
        """One frame; a slice gives Pictures.

        Raises:
            DataError: if the file cannot be read as a picture.
        """
        if isinstance(number, slice):
            return Pictures(self.paths[number])
        path = self.paths[number]
        try:
            with Image.open(path) as picture:
                pixels = np.array(picture.convert("RGB"))
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise DataError(f"{path} cannot be read as a picture: {error}. Copy or unpack it again.") from error
        return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


class VideoFrames(Ordered):
    """Frames of a video file; iterate where you can: [number] decodes from the keyframe before."""

    def __init__(self, path):
        self.path = Path(path)
        with VideoReader(self.path) as video:
            self._length = len(video)

    def __len__(self):
        return self._length

    def __getitem__(self, number):
        """One frame uint8 (3, H, W), or those of a slice, (T, 3, H, W)."""
        if isinstance(number, slice):
            return read_frames(self.path, range(*number.indices(len(self)))).transpose(0, 1)
        return read_frames(self.path, [range(len(self))[number]])[:, 0]

    def __iter__(self):
        return iter_frames(self.path)


@dataclass(frozen=True, eq=False)  # == of tensors has no one answer
class Sequence:
    """A video and where its object is.

    Attributes:
        name: within its data set.
        frames: T frames uint8 (3, H, W); len, [number] and iteration.
        boxes: (T, 4) float32, x, y, w, h between pixel edges, so 0 is the left edge of the picture. (1, 4) where the
            truth is kept secret, as in GOT-10k's test set.
        regions: (T, 4) or (T, 8) as VOT wrote them, boxes or polygons, which decide on failures; else None.
        visible: (T,) float32, share of the object that can be seen; None where the data set does not say.
        absent: (T,) bool, whether the object is gone; None where the data set does not say.
        origin: the number by which the data set calls the first pixel: 1 in OTB, whose boxes are moved by it.
        about: {name: text}, whatever else the data set says.
    """

    name: str
    frames: Ordered = field(repr=False)
    boxes: torch.Tensor = field(repr=False)
    regions: torch.Tensor | None = field(default=None, repr=False)
    visible: torch.Tensor | None = field(default=None, repr=False)
    absent: torch.Tensor | None = field(default=None, repr=False)
    origin: int = 0
    about: dict = field(default_factory=dict, repr=False)

    def __len__(self):
        return len(self.frames)


class Sequences(Ordered):
    """The sequences of a data set by name or number, each read from disk when it is asked for."""

    def __init__(self, title, readers):
        """readers: {name: function without arguments that returns the Sequence}."""
        self.title, self._readers = title, dict(readers)
        self.names = tuple(self._readers)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, which):
        """A Sequence by name or number; for a slice or a list of names, Sequences of those.

        Raises:
            DataError: for a name that is not there, or a sequence that cannot be read.
        """
        if isinstance(which, slice):
            which = list(self.names[which])
        if isinstance(which, list | tuple):
            return Sequences(self.title, {self._known(name): self._readers[name] for name in which})
        return self._readers[self._known(which) if isinstance(which, str) else self.names[which]]()

    def __repr__(self):
        return f"{self.title}: {len(self)} sequences, {some(self.names)}"

    def _known(self, name):
        if name not in self._readers:
            raise DataError(f"{self.title} has no sequence {name!r}; it has {some(self.names)}.")
        return name


@system_errors("OTB cannot be read", DataError)
def otb(root, origin=1):
    """OTB: a folder per sequence with img/*.jpg and groundtruth_rect.txt, `x,y,w,h` per frame.

    Numbers may stand apart by commas, tabs or spaces. Where a folder has several objects (groundtruth_rect.1.txt, .2),
    each is a sequence, Jogging.1 and Jogging.2; files without content are left out. David, Diving, Football1, Freeman3
    and Freeman4 hold more pictures than the benchmark uses, and are cut to those.

    Args:
        root: the folder with the sequences, or a sequence. Pictures may also lie beside groundtruth_rect.txt.
        origin: what the data set calls the first pixel; OTB comes from MATLAB, which counts from 1.
    Returns:
        Sequences, by name.
    Raises:
        DataError: if the layout differs: what was expected, and what is there.
    """
    root = data_folder(root, "OTB", "a folder per sequence, with img/ and groundtruth_rect.txt in it")
    readers = {}
    for folder in [root, *folders(root)]:
        truths = sorted(folder.glob("groundtruth_rect*.txt"))
        truths = [path for path in truths if list_text(path).strip()]
        for number, truth in enumerate(truths, 1):
            name = folder.name if len(truths) == 1 else f"{folder.name}.{number}"
            readers[name] = _later(_otb_sequence, name, folder, truth, origin)
    return _found("OTB", root, readers, "a folder per sequence, with img/ and groundtruth_rect.txt in it")


def _otb_sequence(name, folder, truth, origin):
    pictures = _pictures(folder / "img" if (folder / "img").is_dir() else folder)
    boxes = _rows(truth, (4,)) - torch.tensor([1.0, 1, 0, 0]) * origin
    first, last = OTB_FRAMES.get(folder.name.lower(), (1, len(pictures)))
    if len(pictures) > len(boxes):
        pictures = pictures[first - 1 : last]
    return Sequence(name, _matching(pictures, boxes, truth), boxes, origin=origin)


@system_errors("GOT-10k cannot be read", DataError)
def got10k(root, split="val", origin=0):
    """GOT-10k: root/SPLIT/list.txt names the sequences, each a folder with 00000001.jpg ... and groundtruth.txt.

    Beside the boxes lie cover.label (visible eighths), absence.label, and meta_info.ini, whose `object_class` the mean
    over classes needs. The test set has the first box alone.

    Args:
        root: the folder that holds train, val and test.
        split: "train", "val" or "test".
        origin: what the data set calls the first pixel.
    Returns:
        Sequences, in the order of list.txt.
    Raises:
        DataError: as for `otb`.
    """
    root = data_folder(root, "GOT-10k", "the folders train, val and test")
    folder = data_folder(root / split, "GOT-10k", "list.txt and a folder per sequence")
    names = _listed(folder / "list.txt")
    readers = {name: _later(_got10k_sequence, name, folder / name, split == "test", origin) for name in names}
    return _found("GOT-10k", folder, readers, "list.txt and a folder per sequence")


def _got10k_sequence(name, folder, secret, origin):
    truth = folder / "groundtruth.txt"
    pictures = _pictures(folder)
    boxes = _rows(truth, (4,)) - torch.tensor([1.0, 1, 0, 0]) * origin
    if not (secret and len(boxes) == 1):
        _matching(pictures, boxes, truth)
    cover = _label(folder / "cover.label", len(pictures))
    absence = _label(folder / "absence.label", len(pictures))
    return Sequence(
        name,
        Pictures(pictures),
        boxes,
        visible=None if cover is None else cover / COVER_STEPS,
        absent=None if absence is None else absence > 0,
        origin=origin,
        about=_meta(folder / "meta_info.ini"),
    )


@system_errors("VOT cannot be read", DataError)
def vot(root, box="bounds", origin=0):
    """VOT 2013 to 2019: root/list.txt names the sequences, each a folder with pictures, or color/, and groundtruth.txt.

    A line holds a box, or a polygon x1,y1,...,x4,y4 since 2014.

    Args:
        root: the folder with list.txt.
        box: how a polygon becomes an upright box, "bounds", "same area" or "toolkits": see `upright_box`.
        origin: what the data set calls the first pixel.
    Returns:
        Sequences, in the order of list.txt; `regions` of each holds what the file says.
    Raises:
        DataError: as for `otb`.
    """
    root = data_folder(root, "VOT", "list.txt and a folder per sequence")
    names = _listed(root / "list.txt")
    readers = {name: _later(_vot_sequence, name, root / name, box, origin) for name in names}
    return _found("VOT", root, readers, "list.txt and a folder per sequence")


def _vot_sequence(name, folder, box, origin):
    truth = folder / "groundtruth.txt"
    pictures = _pictures(folder / "color" if (folder / "color").is_dir() else folder)
    regions, boxes = _regions(truth, box, origin)
    return Sequence(name, _matching(pictures, boxes, truth), boxes, regions, origin=origin)


@system_errors("a video with boxes cannot be read", DataError)
def video_sequence(video, truth, name=None, box="bounds", origin=0):
    """A video file and a text file with a box or polygon per frame, such as any of the above have.

    Args:
        video: path of the film. truth: path of the text file.
        name: by default that of the video's file.
        box, origin: as for `vot`.
    Returns:
        Sequence.
    Raises:
        DataError, VideoError: if a file cannot be read, or they differ in length.
    """
    video, truth = place(video, DataError), place(truth, DataError)
    regions, boxes = _regions(truth, box, origin)
    frames = VideoFrames(video)
    if len(frames) != len(boxes):
        raise DataError(f"{video} has {len(frames)} frames, and {truth} {len(boxes)} lines: expected one per frame.")
    return Sequence(name or video.stem, frames, boxes, regions, origin=origin)


@system_errors("ILSVRC-VID cannot be read", DataError)
def ilsvrc_vid(root, split="train", index=None):
    """ILSVRC-VID: pictures below Data/VID/SPLIT, and an XML file per picture below Annotations/VID/SPLIT.

    Every object that is followed for two frames or more is a sequence of those frames, SNIPPET.TRACK. To know them, all
    XML files are read: about a million for "train", some minutes.

    Args:
        root: the folder that holds Data and Annotations.
        split: "train" or "val".
        index: file in which what was found is kept, so that the next call takes a second; None keeps nothing.
    Returns:
        Sequences.
    Raises:
        DataError: as for `otb`.
    """
    root = data_folder(root, "ILSVRC-VID", "the folders Data and Annotations")
    notes = data_folder(root / "Annotations" / "VID" / split, "ILSVRC-VID", "folders of XML files")
    data = root / "Data" / "VID" / split
    index = None if index is None else place(index, DataError)
    if index is not None and index.exists():
        tracks = json.loads(index.read_text())
    else:
        snippets = sorted({path.parent for path in notes.rglob("*.xml")})
        tracks = {}
        for snippet in progress(snippets, desc=f"reading ILSVRC-VID {split}"):
            for track, places in _vid_tracks(snippet).items():
                if len(places) > 1:
                    tracks[f"{snippet.name}.{track}"] = [snippet.relative_to(notes).as_posix(), places]
        if index is not None:
            write_atomically(index, json.dumps(tracks))
    readers = {name: _later(_vid_sequence, name, data / where, places) for name, (where, places) in tracks.items()}
    return _found("ILSVRC-VID", notes, readers, "folders of XML files")


def _vid_tracks(snippet):
    """{track: [[picture without its ending, x, y, w, h], ...]} of one snippet."""
    tracks = {}
    for path in sorted(snippet.glob("*.xml")):
        try:
            for thing in ElementTree.parse(path).getroot().iter("object"):
                edges = [float(thing.find("bndbox").find(edge).text) for edge in ("xmin", "ymin", "xmax", "ymax")]
                left, top, right, bottom = edges  # the last pixels belong to the object
                box = [left, top, right - left + 1, bottom - top + 1]
                tracks.setdefault(thing.find("trackid").text, []).append([path.stem, *box])
        except (ElementTree.ParseError, AttributeError, TypeError, ValueError) as error:
            raise DataError(
                f"{path}: expected objects with trackid and bndbox (xmin, ymin, xmax, ymax): {error}. Unpack it again."
            ) from error
    return tracks


def _vid_sequence(name, folder, places):
    boxes = torch.tensor([box for _, *box in places], dtype=torch.float32)
    pictures = [folder / f"{picture}.JPEG" for picture, *_ in places]
    missing = [path.name for path in pictures if not path.is_file()]
    if missing:
        raise DataError(f"{folder} lacks {len(missing)} of {len(pictures)} pictures: {some(missing)}.")
    return Sequence(name, Pictures(pictures), boxes)


def _later(read, *arguments):
    """`read(*arguments)` as a function without arguments, whose OSErrors are explained."""
    return lambda: system_errors(f"{arguments[0]} cannot be read", DataError)(read)(*arguments)


def _found(title, folder, readers, expected):
    if not readers:
        raise DataError(f"{title}: no sequence in {folder} (expected: {expected}); it holds {contents(folder)}.")
    return Sequences(title, readers)


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


def _pictures(folder):
    """Paths of the pictures in a folder, sorted."""
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}, expected the pictures of the frames in it.")
    paths = [path for path in visible(folder) if path.suffix.lower() in PICTURES]
    if not paths:
        raise DataError(f"{folder} holds no picture ({', '.join(PICTURES)}), but {contents(folder)}.")
    return paths


def _matching(pictures, boxes, truth):
    if len(pictures) != len(boxes):
        raise DataError(
            f"{truth} has {len(boxes)} lines, and {pictures[0].parent} {len(pictures)} pictures: expected one per "
            "frame. Was the archive unpacked to the end?"
        )
    return Pictures(pictures)


def _rows(path, counts):
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


def _regions(path, rule, origin):
    """Regions as they are written, (T, 4) or (T, 8), and their upright boxes, (T, 4)."""
    regions = _rows(path, (4, 8))
    if regions.shape[1] == 4:
        regions = regions - torch.tensor([1.0, 1, 0, 0]) * origin
        return regions, regions
    regions = regions - origin
    return regions, upright_box(regions, rule)


def _label(path, frames):
    """(T,) float32, one number per frame; None if there is no such file."""
    if not path.is_file():
        return None
    values = _rows(path, (1,))[:, 0]
    if len(values) != frames:
        raise DataError(f"{path} has {len(values)} lines, for {frames} frames: expected one per frame.")
    return values


def _meta(path):
    """{name: text} of a meta_info.ini; empty if there is none."""
    if not path.is_file():
        return {}
    parser = configparser.RawConfigParser(delimiters=(":",))
    try:
        parser.read_string(list_text(path), str(path))
    except configparser.Error as error:
        raise DataError(f"{path}: expected a line [METAINFO] and then `name: text` per line. {error}") from error
    return {name: text for section in parser.sections() for name, text in parser.items(section)}
