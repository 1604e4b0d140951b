"""Labelled videos in the layouts in which UCF101, HMDB51 and Kinetics lie on disk.

    videos = ucf101("~/data/UCF-101", split=1, train=True)
    clip, label = videos[0]                                    # uint8 (C, T, H, W), int

Each reader lists its videos once and says at once what is missing; frames are decoded when a clip is asked for. Which
frames make a clip is up to a function from the number of frames to frame numbers: see `course_lib.ops.sampling`.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch.utils.data import Dataset

from course_lib.data.sets.on_disk import contents, data_folder, folders, list_text, some, visible
from course_lib.data.video_io import VideoReader
from course_lib.errors import DataError, VideoError
from course_lib.ops.sampling import clip_indices
from course_lib.places import place, system_errors
from course_lib.progress import progress

EXTENSIONS = (".avi", ".mp4", ".mkv", ".webm", ".mov")


def middle_clip(num_frames, length=16):
    """Frame numbers of the `length` frames in the middle of a video; a shorter video repeats its last frame."""
    return clip_indices(num_frames, max(0, (num_frames - length) // 2), length)


@dataclass(frozen=True)
class LabelledVideos(Dataset):
    """Videos with one label each, for a DataLoader.

    Attributes:
        name: of the data set, for messages.
        classes: names; a label is an index into them.
        videos: (path, label) pairs.
        indices: function from the number of frames of a video to the frame numbers of a clip, (T,).
        size, crop: how frames are resized and cropped while they are decoded, as for `read_clip`.
    """

    name: str
    classes: tuple[str, ...]
    videos: tuple[tuple[Path, int], ...] = field(repr=False)
    indices: Callable = middle_clip
    size: object = None
    crop: object = None

    def __len__(self):
        return len(self.videos)

    def __getitem__(self, number):
        """Clip uint8 (C, T, H, W) and label of one video.

        Raises:
            DataError: if the video cannot be read; it names the file.
        """
        path, label = self.videos[number]
        try:
            with VideoReader(path) as video:
                return video.at(self.indices(len(video)), self.size, self.crop), label
        except VideoError as error:
            raise DataError(
                f"{self.name}: no clip from video {number} of {len(self)}. {error} "
                "If files are damaged, leave them out: videos, problems = videos.readable(). If they are of several "
                "sizes, pass size=(height, width)."
            ) from error

    def __getitems__(self, numbers):
        """Clips and labels of a batch, as a DataLoader asks for it.

        Raises:
            DataError: if the clips differ in shape, so that they cannot be put together.
        """
        items = [self[number] for number in numbers]
        names = [self.videos[number][0].name for number in numbers]
        shapes = {tuple(clip.shape): name for (clip, _), name in zip(items, names, strict=True)}
        if len(shapes) > 1:
            (one, first), (other, second) = list(shapes.items())[:2]
            raise DataError(
                f"{self.name}: clips of several shapes, {one} of {first} and {other} of {second}, cannot be put "
                "together to a batch. Pass size=(height, width), which resizes all frames while they are decoded; T is "
                "how many numbers `indices` returns."
            )
        return items

    def readable(self):
        """Try the first frame of every video.

        Returns:
            (LabelledVideos, problems): the videos that can be read, and for each of the others (path, reason).
        """
        good, problems = [], []
        for path, label in progress(self.videos, desc=f"trying {self.name}"):
            try:
                with VideoReader(path) as video:
                    video.at([0])
                good.append((path, label))
            except VideoError as error:
                problems.append((path, str(error)))
        return replace(self, videos=tuple(good)), problems


@system_errors("UCF101 cannot be read", DataError)
def ucf101(root, split=1, train=True, lists=None, missing="raise", **clip):
    """UCF101: one folder per class, and the lists ucfTrainTestlist/{train,test}list0{1,2,3}.txt beside it.

    A line of a list is `ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1`; the numbers count from 1 (classInd.txt), labels
    from 0. The lists of the test videos have no numbers.

    Args:
        root: the folder with the class folders (UCF-101).
        split: 1, 2 or 3.
        train: the training or the test list.
        lists: the folder with the lists; by default ucfTrainTestlist in `root` or beside it.
        missing: what to do when listed videos are not there: "raise", or "skip" them.
        clip: `indices`, `size` and `crop` of `LabelledVideos`.
    Returns:
        LabelledVideos.
    Raises:
        DataError: if the layout differs: what was expected, and what is there.
    """
    root = data_folder(root, "UCF101", "one folder per class, ApplyEyeMakeup to YoYo")
    lists = _lists(root, lists, "ucfTrainTestlist", "UCF101TrainTestSplits-RecognitionTask.zip")
    numbers = {}
    for line, words in _lines(lists / "classInd.txt"):
        if len(words) != 2 or not words[0].isdigit():
            raise DataError(
                f"{line}: expected a number and a class such as `1 ApplyEyeMakeup`, found {' '.join(words)!r}."
            )
        numbers[words[1]] = int(words[0])
    if sorted(numbers.values()) != list(range(1, len(numbers) + 1)):
        raise DataError(f"{lists / 'classInd.txt'} should number its classes 1, 2, 3 ... without a gap.")
    videos = []
    for line, words in _lines(lists / f"{'train' if train else 'test'}list{_split(split):02d}.txt"):
        name = words[0].split("/")[0]
        if name not in numbers:
            raise DataError(f"{line}: the class {name!r} is not in classInd.txt.")
        if len(words) > 1 and words[1] != str(numbers[name]):
            raise DataError(f"{line}: number {words[1]} for {name}, but classInd.txt says {numbers[name]}.")
        videos.append((root / words[0], numbers[name] - 1))
    return _dataset("UCF101", sorted(numbers, key=numbers.get), videos, missing, clip)


@system_errors("HMDB51 cannot be read", DataError)
def hmdb51(root, split=1, train=True, lists=None, missing="raise", **clip):
    """HMDB51: one folder per class, and the lists testTrainMulti_7030_splits/CLASS_test_split{1,2,3}.txt beside it.

    A line of a list is `April_09_brush_hair_u_nm_np1_ba_goo_0.avi 1`, where 1 is training, 2 test, 0 neither.

    Args:
        root: the folder with the class folders.
        split, train, lists, missing, clip: as for `ucf101`; the lists lie by default in testTrainMulti_7030_splits.
    Returns:
        LabelledVideos; the classes in alphabetical order.
    Raises:
        DataError: if the layout differs: what was expected, and what is there.
    """
    root = data_folder(root, "HMDB51", "one folder per class, brush_hair to wave")
    lists = _lists(root, lists, "testTrainMulti_7030_splits", "test_train_splits.rar")
    ending = f"_test_split{_split(split)}.txt"
    classes = sorted(path.name.removesuffix(ending) for path in visible(lists) if path.name.endswith(ending))
    if not classes:
        raise DataError(f"{lists} should hold a list CLASS{ending} per class, but there is {contents(lists)}.")
    wanted = "1" if train else "2"
    videos = []
    for label, name in enumerate(classes):
        for line, words in _lines(lists / f"{name}{ending}"):
            if len(words) != 2 or words[1] not in ("0", "1", "2"):
                raise DataError(f"{line}: expected a file and 0, 1 or 2, found {' '.join(words)!r}.")
            if words[1] == wanted:
                videos.append((root / name / words[0], label))
    return _dataset("HMDB51", classes, videos, missing, clip)


@system_errors("Kinetics cannot be read", DataError)
def kinetics(root, split="val", annotations=None, missing="raise", classes=None, **clip):
    """Kinetics, or any folder of the same form. There are two:

    sorted by class     root/SPLIT/CLASS/*.mp4; classes are the folders of all splits together
    as downloaded       root/SPLIT/YOUTUBEID_START_END.mp4, times in seconds with six digits, and a CSV file that has
                        the columns label, youtube_id, time_start, time_end

    Args:
        root: the folder that holds the splits.
        split: name of a folder, such as "train" or "val".
        annotations: the CSV file, for the second form.
        missing: as for `ucf101`; videos that YouTube no longer had are absent from most copies: "skip" is usual.
        classes: names in the order of a network's scores, such as `label_map` reads: labels then count in that order.
        clip: as for `ucf101`.
    Returns:
        LabelledVideos; the classes in alphabetical order, or as given.
    Raises:
        DataError: if the layout differs, or a class has no place in `classes`: what was expected, and what is there.
    """
    root = data_folder(root, "Kinetics", "a folder per split, such as train and val")
    folder = data_folder(root / split, "Kinetics", "a folder per class, or the videos themselves")
    if annotations:
        return _ordered(_kinetics_annotated(folder, place(annotations, DataError), missing, clip), classes)
    return _ordered(_kinetics_sorted(root, folder, missing, clip), classes)


@system_errors("the label map cannot be read", DataError)
def label_map(path):
    """The names of a network's classes, in the order of its scores: a text file with one name per line.

    Args:
        path: such as label_map.txt, 400 lines, beside DeepMind's I3D; label 0 is its first line.
    Returns:
        tuple of str.
    Raises:
        DataError: if it is not there, or a name occurs twice.
    """
    path = place(path, DataError)
    if not path.is_file():
        raise DataError(f"There is no {path}: expected a text file with the name of one class per line.")
    names = tuple(line.strip() for line in list_text(path).splitlines() if line.strip())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        repeated = f", and more than once {some(twice)}" if twice else ""
        raise DataError(f"{path} has {len(names)} names{repeated}: expected one line per class.")
    return names


def _ordered(videos, names):
    """The same videos with labels that count in the order of `names`; an underscore is as good as a space."""
    if names is None:
        return videos
    place_of = {name.replace("_", " "): number for number, name in enumerate(names)}
    unknown = [name for name in videos.classes if name.replace("_", " ") not in place_of]
    if unknown:
        raise DataError(
            f"Kinetics: no place among the {len(names)} given classes for {some(unknown)}. The names may be those of "
            "another edition (Kinetics-400, -600 or -700)."
        )
    labels = [place_of[name.replace("_", " ")] for name in videos.classes]
    return replace(videos, classes=tuple(names), videos=tuple((path, labels[label]) for path, label in videos.videos))


def _kinetics_sorted(root, folder, missing, clip):
    classes = sorted({path.name for part in folders(root) for path in folders(part)})
    if not classes:
        raise DataError(
            f"{folder} should hold a folder per class, but there is {contents(folder)}. If the videos lie in it "
            "unsorted, pass annotations=..., the CSV file with their labels."
        )
    videos = []
    for label, name in enumerate(classes):
        there = visible(folder / name) if (folder / name).is_dir() else []
        found = [(path, label) for path in there if path.suffix.lower() in EXTENSIONS]
        if not found and missing == "raise":
            raise DataError(
                f"Kinetics: the class {name!r} has no video in {folder}: expected {folder / name}/*.mp4. "
                'Classes come from all splits together; pass missing="skip" to accept this.'
            )
        videos += found
    return _dataset("Kinetics", classes, videos, missing, clip)


def _kinetics_annotated(folder, annotations, missing, clip):
    needed = ("label", "youtube_id", "time_start", "time_end")
    if not annotations.is_file():
        raise DataError(f"{annotations} is not there: expected the CSV file with the columns {', '.join(needed)}.")
    table = csv.DictReader(io.StringIO(list_text(annotations), newline=""))
    lacking = [column for column in needed if column not in (table.fieldnames or ())]
    if lacking:
        raise DataError(
            f"{annotations} lacks the column {lacking[0]}; it has {', '.join(table.fieldnames or ['none'])}. "
            "Columns should be separated by commas."
        )
    listed = []
    for row in table:
        try:
            times = f"{int(row['time_start']):06d}_{int(row['time_end']):06d}"
        except (TypeError, ValueError):
            raise DataError(
                f"{annotations}, line {table.line_num}: time_start and time_end should be whole seconds, "
                f"found {row['time_start']!r} and {row['time_end']!r}."
            ) from None
        listed.append((folder / f"{row['youtube_id']}_{times}.mp4", row["label"]))
    classes = sorted({label for _, label in listed})
    number = {name: label for label, name in enumerate(classes)}
    return _dataset("Kinetics", classes, [(path, number[label]) for path, label in listed], missing, clip)


def _dataset(name, classes, videos, missing, clip):
    """Check that the videos are there and that each class has one."""
    if missing not in ("raise", "skip"):
        raise DataError(f'missing={missing!r} is unknown: use "raise" or "skip".')
    there = [(path, label) for path, label in videos if path.is_file()]
    if len(there) < len(videos) and missing == "raise":
        absent = [str(path) for path, _ in videos if not path.is_file()]
        raise DataError(
            f"{name}: {len(absent)} of {len(videos)} listed videos are not there: {some(absent)}. Unpack the archive "
            'again, look whether `root` is the right folder, or pass missing="skip".'
        )
    if not there:
        where = f" of {len(videos)} listed, the first {videos[0][0]}" if videos else ""
        raise DataError(f"{name}: there is no video{where}.")
    empty = sorted(set(range(len(classes))) - {label for _, label in there})
    if empty and missing == "raise":
        raise DataError(
            f"{name}: no video for {some([classes[label] for label in empty])}: a model cannot learn "
            'what it never sees. Complete the data set, or pass missing="skip".'
        )
    return LabelledVideos(name, tuple(classes), tuple(there), **clip)


def _lists(root, lists, usual, archive):
    """The folder of split files: where we were told, or in its usual place."""
    places = [place(lists, DataError)] if lists else [root / usual, root.parent / usual]
    for folder in places:
        if folder.is_dir():
            return folder
    raise DataError(
        f"The folder with the split files is not there: expected {' or '.join(map(str, places))}, found "
        f"{contents(root)} in {root}. Unpack {archive}, or pass lists=..."
    )


def _split(split):
    if split not in (1, 2, 3):
        raise DataError(f"split={split!r}: there are the splits 1, 2 and 3.")
    return split


def _lines(path):
    """("FILE, line N", words) for each line that is not empty."""
    if not path.is_file():
        raise DataError(f"The split file {path} is not there; its folder holds {contents(path.parent)}.")
    for number, line in enumerate(list_text(path).splitlines(), 1):
        if line.strip():
            yield f"{path}, line {number}", line.split()
