"""Readers of real data sets, on tiny ones of the same layout and on real clips where they are at hand."""

import shutil
from pathlib import Path

import pytest
import torch
from samples import sample
from torch.utils.data import DataLoader

from course_lib.data.sets.readers import hmdb51, kinetics, label_map, middle_clip, ucf101
from course_lib.data.video_io import write_video
from course_lib.errors import DataError
from course_lib.ops.sampling import clip_indices


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A small video file: 20 frames of 24x32 that grow brighter."""
    clip = torch.arange(20).mul(10).byte().view(1, 20, 1, 1).expand(3, 20, 24, 32)
    return write_video(tmp_path_factory.mktemp("film") / "film.mp4", clip, fps=10)


def lay_out(folder, files, film):
    """Write text files, and copies of the film where the content is None."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            shutil.copy(film, path)
        else:
            path.write_text(content)
    return folder


UCF = {
    "UCF-101/Archery/v_Archery_g01_c01.avi": None,
    "UCF-101/Archery/v_Archery_g02_c01.avi": None,
    "UCF-101/Basketball/v_Basketball_g01_c01.avi": None,
    "UCF-101/Basketball/v_Basketball_g02_c01.avi": None,
    "ucfTrainTestlist/classInd.txt": "1 Basketball\n2 Archery\n",
    "ucfTrainTestlist/trainlist01.txt": "Archery/v_Archery_g02_c01.avi 2\nBasketball/v_Basketball_g02_c01.avi 1\n",
    "ucfTrainTestlist/testlist01.txt": "Archery/v_Archery_g01_c01.avi\r\nBasketball/v_Basketball_g01_c01.avi\r\n",
}
HMDB = {
    "hmdb51/run/a_1.avi": None,
    "hmdb51/run/b.avi": None,
    "hmdb51/jump/c.avi": None,
    "hmdb51/jump/d.avi": None,
    "hmdb51/jump/e.avi": None,
    "testTrainMulti_7030_splits/run_test_split2.txt": "a_1.avi 1 \nb.avi 2 \n",
    "testTrainMulti_7030_splits/jump_test_split2.txt": "c.avi 1 \nd.avi 0 \ne.avi 2 \n",
}
SORTED = {
    "train/riding a bike/x.mp4": None,
    "train/yoga/y.mp4": None,
    "val/riding a bike/z.MP4": None,
    "val/yoga/w.webm": None,
    "val/yoga/notes.txt": "not a video",
}
FLAT = {
    "val/abc-_123_000004_000014.mp4": None,
    "val/xyz_000100_000110.mp4": None,
    "val.csv": "label,youtube_id,time_start,time_end,split\nyoga,abc-_123,4,14,val\narchery,xyz,100,110,val\n",
}


def named(videos):
    return [(path.name, videos.classes[label]) for path, label in videos.videos]


def test_ucf101_reads_its_lists(tmp_path, film):
    root = lay_out(tmp_path, UCF, film) / "UCF-101"
    train, test = ucf101(root), ucf101(root, train=False)
    assert train.classes == ("Basketball", "Archery")  # as numbered in classInd.txt, not by name
    assert named(train) == [("v_Archery_g02_c01.avi", "Archery"), ("v_Basketball_g02_c01.avi", "Basketball")]
    assert named(test) == [("v_Archery_g01_c01.avi", "Archery"), ("v_Basketball_g01_c01.avi", "Basketball")]
    assert [label for _, label in train.videos] == [1, 0]
    (tmp_path / "ucfTrainTestlist").rename(tmp_path / "lists")
    assert len(ucf101(root, lists=tmp_path / "lists")) == 2


def test_hmdb51_reads_its_lists(tmp_path, film):
    root = lay_out(tmp_path, HMDB, film) / "hmdb51"
    assert named(hmdb51(root, split=2)) == [("c.avi", "jump"), ("a_1.avi", "run")]
    assert named(hmdb51(root, split=2, train=False)) == [("e.avi", "jump"), ("b.avi", "run")]


def test_kinetics_reads_both_forms(tmp_path, film):
    by_class = kinetics(lay_out(tmp_path / "sorted", SORTED, film), "val")
    assert named(by_class) == [("z.MP4", "riding a bike"), ("w.webm", "yoga")]
    flat = lay_out(tmp_path / "flat", FLAT, film)
    listed = kinetics(flat, "val", annotations=flat / "val.csv")
    assert listed.classes == ("archery", "yoga")
    assert named(listed) == [("abc-_123_000004_000014.mp4", "yoga"), ("xyz_000100_000110.mp4", "archery")]


def test_labels_do_not_depend_on_which_split_has_which_class(tmp_path, film):
    lay_out(tmp_path, SORTED | {"train/archery/q.mp4": None}, film)
    train, val = kinetics(tmp_path, "train"), kinetics(tmp_path, "val", missing="skip")
    assert train.classes == val.classes == ("archery", "riding a bike", "yoga")
    with pytest.raises(DataError, match="'archery' has no video in .*val"):
        kinetics(tmp_path, "val")


def test_labels_count_in_the_order_of_a_networks_scores(tmp_path, film):
    root, flat = tmp_path / "sorted", tmp_path / "flat"
    lay_out(root, SORTED | {"map.txt": "abseiling\nyoga\n\nriding_a_bike\narchery\n"}, film)
    lay_out(flat, FLAT, film)
    names = label_map(root / "map.txt")
    assert names == ("abseiling", "yoga", "riding_a_bike", "archery")
    videos = kinetics(root, "val", classes=names)
    assert videos.classes == names and [(path.name, label) for path, label in videos.videos] == [
        ("z.MP4", 2), ("w.webm", 1),
    ]  # fmt: skip
    assert [label for _, label in kinetics(flat, annotations=flat / "val.csv", classes=names).videos] == [1, 3]
    with pytest.raises(DataError, match="no place among the 1 given classes for riding a bike"):
        kinetics(root, "val", classes=("yoga",))


def test_a_label_map_has_each_name_once(tmp_path):
    (tmp_path / "map.txt").write_text("yoga\narchery\nyoga\n")
    with pytest.raises(DataError, match="more than once yoga"):
        label_map(tmp_path / "map.txt")
    (tmp_path / "map.txt").write_text("\n")
    with pytest.raises(DataError, match="0 names"):
        label_map(tmp_path / "map.txt")
    with pytest.raises(DataError, match="no .*nothing.txt"):
        label_map(tmp_path / "nothing.txt")


def test_a_clip_is_decoded_as_asked(tmp_path, film):
    root = lay_out(tmp_path, UCF, film) / "UCF-101"
    clip, label = ucf101(root)[0]
    assert clip.shape == (3, 16, 24, 32) and clip.dtype == torch.uint8 and label == 1
    assert (clip.float().mean((0, 2, 3)) - torch.arange(2, 18) * 10).abs().max() < 5  # the middle 16 of 20 frames
    few = ucf101(root, indices=lambda frames: torch.tensor([frames - 1, 0]), size=(12, 16), crop=(2, 4, 8, 8))
    clip, _ = few[1]
    assert clip.shape == (3, 2, 8, 8) and clip[:, 0].float().mean() > 180 > 10 > clip[:, 1].float().mean()
    clips, labels = next(iter(DataLoader(ucf101(root), batch_size=2)))
    assert clips.shape == (2, 3, 16, 24, 32) and labels.tolist() == [1, 0]


@pytest.mark.parametrize("frames", [1, 15, 16, 17, 300])
def test_the_middle_clip_lies_in_the_middle(frames):
    numbers = middle_clip(frames)
    assert len(numbers) == 16 and 0 <= numbers.min() and numbers.max() < frames
    if frames >= 16:
        assert abs(int(numbers[0]) - (frames - 1 - int(numbers[-1]))) <= 1


def test_an_unreadable_video_is_named_and_can_be_left_out(tmp_path, film):
    lay_out(tmp_path, UCF | {"UCF-101/Archery/v_Archery_g02_c01.avi": "this is no video"}, film)
    videos = ucf101(tmp_path / "UCF-101")
    with pytest.raises(DataError, match=r"no clip from video 0 of 2.*v_Archery_g02_c01.avi.*readable\(\)"):
        videos[0]
    good, problems = videos.readable()
    assert named(good) == [("v_Basketball_g02_c01.avi", "Basketball")] and good[0][1] == 0
    assert [path.name for path, _ in problems] == ["v_Archery_g02_c01.avi"] and problems[0][1]


def test_listed_videos_that_are_missing_are_counted_or_skipped(tmp_path, film):
    files = {name: content for name, content in UCF.items() if "Basketball_g02" not in name}
    root = lay_out(tmp_path, files, film) / "UCF-101"
    with pytest.raises(DataError, match=r"1 of 2 listed videos are not there: .*v_Basketball_g02_c01.avi.*skip"):
        ucf101(root)
    assert named(ucf101(root, missing="skip")) == [("v_Archery_g02_c01.avi", "Archery")]
    with pytest.raises(DataError, match="missing='ignore' is unknown"):
        ucf101(root, missing="ignore")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"ucfTrainTestlist/trainlist01.txt": "Archery/v_Archery_g02_c01.avi 1\n"},
            "line 1: number 1 for Archery.*says 2",
        ),
        ({"ucfTrainTestlist/trainlist01.txt": "\nYoYo/v_YoYo_g01_c01.avi 3\n"}, "line 2: the class 'YoYo' is not in"),
        ({"ucfTrainTestlist/trainlist01.txt": "Archery/v_Archery_g02_c01.avi 2\n"}, "no video for Basketball"),
        ({"ucfTrainTestlist/trainlist01.txt": ""}, "there is no video"),
        ({"ucfTrainTestlist/classInd.txt": "0 Archery\n1 Basketball\n"}, "number its classes 1, 2, 3"),
        ({"ucfTrainTestlist/classInd.txt": "Archery 1\n"}, "line 1: expected a number and a class.*'Archery 1'"),
    ],
)
def test_a_ucf101_that_contradicts_itself_is_said(tmp_path, film, changed, says):
    lay_out(tmp_path, UCF | changed, film)
    with pytest.raises(DataError, match=says):
        ucf101(tmp_path / "UCF-101")


def test_what_is_not_where_it_should_be_is_said(tmp_path, film):
    lay_out(tmp_path, UCF, film)
    with pytest.raises(
        DataError, match=r"UCF101.* is not there.*ApplyEyeMakeup.*beside it is UCF-101, ucfTrainTestlist"
    ):
        ucf101(tmp_path / "UCF101")
    with pytest.raises(DataError, match=r"trainlist02.txt is not there; its folder holds classInd.txt, testlist01.txt"):
        ucf101(tmp_path / "UCF-101", split=2)
    with pytest.raises(DataError, match="there are the splits 1, 2 and 3"):
        ucf101(tmp_path / "UCF-101", split=0)
    with pytest.raises(DataError, match=r"found Archery, Basketball in .*UCF101TrainTestSplits.*lists="):
        ucf101(tmp_path / "UCF-101", lists=tmp_path / "nowhere")


def test_an_hmdb51_that_differs_is_said(tmp_path, film):
    root = lay_out(tmp_path, HMDB, film) / "hmdb51"
    with pytest.raises(DataError, match=r"a list CLASS_test_split1.txt per class, but there is jump_test_split2.txt"):
        hmdb51(root, split=1)
    (tmp_path / "testTrainMulti_7030_splits" / "run_test_split2.txt").write_text("a_1.avi 3\n")
    with pytest.raises(
        DataError, match=r"run_test_split2.txt, line 1: expected a file and 0, 1 or 2, found 'a_1.avi 3'"
    ):
        hmdb51(root, split=2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("label,youtube_id,time_start\n", "lacks the column time_end; it has label, youtube_id, time_start"),
        ("", "lacks the column label; it has none"),
        ("label,youtube_id,time_start,time_end\nyoga,abc,4,\n", "line 2: .*whole seconds, found '4' and ''"),
        ("label,youtube_id,time_start,time_end\nyoga,gone,4,14\n", "1 of 1 listed videos are not there"),
    ],
)
def test_a_kinetics_list_that_differs_is_said(tmp_path, film, text, says):
    lay_out(tmp_path, FLAT | {"val.csv": text}, film)
    with pytest.raises(DataError, match=says):
        kinetics(tmp_path, "val", annotations=tmp_path / "val.csv")


def test_a_kinetics_folder_without_classes_asks_for_the_list(tmp_path, film):
    lay_out(tmp_path, FLAT, film)
    with pytest.raises(DataError, match="folder per class, but there is abc-_123_000004.*annotations="):
        kinetics(tmp_path, "val")
    with pytest.raises(DataError, match="nothing.csv is not there: expected the CSV file"):
        kinetics(tmp_path, "val", annotations=tmp_path / "nothing.csv")
    with pytest.raises(DataError, match=r"test is not there .*beside it is val, val.csv"):
        kinetics(tmp_path, "test")


APPLE = b"\0\5\x16\7" + bytes(range(128, 200))  # what macOS writes beside each file on a foreign disk


@pytest.mark.parametrize("layout, read", [
    (UCF, lambda folder: ucf101(folder / "UCF-101")),
    (HMDB, lambda folder: hmdb51(folder / "hmdb51", split=2)),
    (SORTED, kinetics),
    (FLAT, lambda folder: kinetics(folder, annotations=folder / "val.csv")),
])  # fmt: skip
def test_what_systems_add_to_a_folder_is_left_out(tmp_path, film, layout, read):
    expected = named(read(lay_out(tmp_path, layout, film)))
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        (path.parent / f"._{path.name}").write_bytes(APPLE)
        (path.parent / ".DS_Store").write_bytes(APPLE)
        for beside in ("__MACOSX", "@eaDir", ".Trash-1000", "$RECYCLE.BIN"):
            (path.parent / beside / "junk").mkdir(parents=True, exist_ok=True)
            (path.parent / beside / "junk" / path.name).write_bytes(APPLE)
    assert named(read(tmp_path)) == expected


@pytest.mark.parametrize("layout, name, read", [
    (UCF, "ucfTrainTestlist/classInd.txt", lambda folder: ucf101(folder / "UCF-101")),
    (UCF, "ucfTrainTestlist/trainlist01.txt", lambda folder: ucf101(folder / "UCF-101")),
    (HMDB, "testTrainMulti_7030_splits/run_test_split2.txt", lambda folder: hmdb51(folder / "hmdb51", split=2)),
    (FLAT, "val.csv", lambda folder: kinetics(folder, annotations=folder / "val.csv")),
])  # fmt: skip
def test_lists_from_other_editors(tmp_path, film, layout, name, read):
    expected = named(read(lay_out(tmp_path, layout, film)))
    text = (tmp_path / name).read_text(encoding="utf-8")
    (tmp_path / name).write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert named(read(tmp_path)) == expected
    for encoding, content in {"UTF-16": text, "Latin-1": text + "caf\xe9,a,1,11"}.items():
        for exact in {"UTF-16": ("utf-16", "utf-16-le", "utf-16-be"), "Latin-1": ("latin-1",)}[encoding]:
            (tmp_path / name).write_bytes(content.encode(exact))
            with pytest.raises(DataError, match=f"{Path(name).name}.* is not UTF-8: probably {encoding}.*iconv"):
                read(tmp_path)


def test_a_batch_of_several_sizes_asks_for_a_size(tmp_path, film):
    lay_out(tmp_path, {"val/a/x.mp4": None}, film)
    (tmp_path / "val/b").mkdir()
    write_video(tmp_path / "val/b/y.mp4", torch.zeros(3, 20, 48, 32, dtype=torch.uint8), fps=10)
    with pytest.raises(DataError, match=r"\(3, 16, 24, 32\) of x.mp4 and \(3, 16, 48, 32\) of y.mp4.*size="):
        next(iter(DataLoader(kinetics(tmp_path), batch_size=2)))
    clips, labels = next(iter(DataLoader(kinetics(tmp_path, size=(24, 24)), batch_size=2)))
    assert clips.shape == (2, 3, 16, 24, 24) and labels.tolist() == [0, 1]


def test_real_clips_of_ucf101(tmp_path):
    names = ["ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi", "BaseballPitch/v_BaseballPitch_g01_c01.avi"]
    for name in names:
        (tmp_path / "UCF-101" / name).parent.mkdir(parents=True)
        shutil.copy(sample(f"video/{name.split('/')[1]}"), tmp_path / "UCF-101" / name)
    (tmp_path / "ucfTrainTestlist").mkdir()
    (tmp_path / "ucfTrainTestlist" / "classInd.txt").write_text("1 ApplyEyeMakeup\n2 BaseballPitch\n")
    (tmp_path / "ucfTrainTestlist" / "testlist01.txt").write_text("\n".join(names))
    frames = []

    def every_sixth(count):
        frames.append(count)
        return clip_indices(count, 0, 8, stride=6)

    videos = ucf101(tmp_path / "UCF-101", train=False, indices=every_sixth)
    clips = [videos[number][0] for number in range(2)]
    assert frames == [164, 107] and [videos[number][1] for number in range(2)] == [0, 1]
    for clip in clips:
        assert clip.shape == (3, 8, 240, 320) and clip.float().std() > 20
        assert (clip[:, 0].float() - clip[:, -1].float()).abs().mean() > 1  # it moves


def test_a_real_clip_of_kinetics(tmp_path):
    (tmp_path / "val" / "arm wrestling").mkdir(parents=True)
    shutil.copy(sample("video/kinetics_arm_wrestling.mp4"), tmp_path / "val" / "arm wrestling")
    clip, label = kinetics(tmp_path, "val")[0]
    assert clip.shape == (3, 16, 256, 340) and label == 0
