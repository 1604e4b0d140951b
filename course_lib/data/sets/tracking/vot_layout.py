"""VOT on disk, and any film that has regions like VOT's in a text file."""

from course_lib.data.sets.on_disk import data_folder
from course_lib.data.sets.tracking.files import LISTED, from_origin, listed_sequences, matching, pictures_in, rows_of
from course_lib.data.sets.tracking.sequences import Sequence, VideoFrames
from course_lib.errors import DataError
from course_lib.ops.polygons import upright_box
from course_lib.places import place, system_errors


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
    root = data_folder(root, "VOT", LISTED)
    return listed_sequences("VOT", root, _vot_sequence, box, origin)


def _vot_sequence(name, folder, box, origin):
    truth = folder / "groundtruth.txt"
    pictures = pictures_in(folder / "color" if (folder / "color").is_dir() else folder)
    regions, boxes = _regions(truth, box, origin)
    return Sequence(name, matching(pictures, boxes, truth), boxes, regions, origin=origin)


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


def _regions(path, rule, origin):
    """Regions as they are written, (T, 4) or (T, 8), and their upright boxes, (T, 4)."""
    regions = rows_of(path, (4, 8))
    if regions.shape[1] == 4:
        regions = from_origin(regions, origin)
        return regions, regions
    regions = regions - origin
    return regions, upright_box(regions, rule)
