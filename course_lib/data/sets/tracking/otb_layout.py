"""OTB on disk."""

from course_lib.data.sets.on_disk import data_folder, folders, list_text
from course_lib.data.sets.tracking.files import boxes_of, later, matching, pictures_in, sequences_of
from course_lib.data.sets.tracking.sequences import Sequence
from course_lib.errors import DataError
from course_lib.places import system_errors

HOLDS = "a folder per sequence, with img/ and groundtruth_rect.txt in it"
OTB_FRAMES = {  # first and last annotated picture, from 1, where the folder holds more (OTB's own list)
    "david": (300, 770),
    "diving": (1, 215),
    "football1": (1, 74),
    "freeman3": (1, 460),
    "freeman4": (1, 283),
}


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
    root = data_folder(root, "OTB", HOLDS)
    readers = {}
    for folder in [root, *folders(root)]:
        truths = sorted(folder.glob("groundtruth_rect*.txt"))
        truths = [path for path in truths if list_text(path).strip()]
        for number, truth in enumerate(truths, 1):
            name = folder.name if len(truths) == 1 else f"{folder.name}.{number}"
            readers[name] = later(_otb_sequence, name, folder, truth, origin)
    return sequences_of("OTB", root, readers, HOLDS)


def _otb_sequence(name, folder, truth, origin):
    pictures = pictures_in(folder / "img" if (folder / "img").is_dir() else folder)
    boxes = boxes_of(truth, origin)
    first, last = OTB_FRAMES.get(folder.name.lower(), (1, len(pictures)))
    if len(pictures) > len(boxes):
        pictures = pictures[first - 1 : last]
    return Sequence(name, matching(pictures, boxes, truth), boxes, origin=origin)
