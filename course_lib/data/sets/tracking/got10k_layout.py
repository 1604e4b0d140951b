"""GOT-10k on disk."""

import configparser

from course_lib.data.sets.on_disk import data_folder, list_text
from course_lib.data.sets.tracking.files import LISTED, boxes_of, listed_sequences, matching, pictures_in, rows_of
from course_lib.data.sets.tracking.sequences import Pictures, Sequence
from course_lib.errors import DataError
from course_lib.places import system_errors

COVER_STEPS = 8  # GOT-10k stores the visible share in eighths


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
    folder = data_folder(root / split, "GOT-10k", LISTED)
    return listed_sequences("GOT-10k", folder, _got10k_sequence, split == "test", origin)


def _got10k_sequence(name, folder, secret, origin):
    truth = folder / "groundtruth.txt"
    pictures = pictures_in(folder)
    boxes = boxes_of(truth, origin)
    if not (secret and len(boxes) == 1):
        matching(pictures, boxes, truth)
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


def _label(path, frames):
    """(T,) float32, one number per frame; None if there is no such file."""
    if not path.is_file():
        return None
    values = rows_of(path, (1,))[:, 0]
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
