"""ILSVRC-VID on disk."""

import json
from xml.etree import ElementTree

import torch

from course_lib.atomic import write_atomically
from course_lib.data.sets.on_disk import data_folder, some
from course_lib.data.sets.tracking.files import later, sequences_of
from course_lib.data.sets.tracking.sequences import Pictures, Sequence
from course_lib.errors import DataError
from course_lib.places import place, system_errors
from course_lib.progress import progress

HOLDS = "folders of XML files"


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
    notes = data_folder(root / "Annotations" / "VID" / split, "ILSVRC-VID", HOLDS)
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
    readers = {name: later(_vid_sequence, name, data / where, places) for name, (where, places) in tracks.items()}
    return sequences_of("ILSVRC-VID", notes, readers, HOLDS)


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
