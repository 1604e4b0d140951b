"""Readers of tracking data: tiny folders of the same layouts, and the real bag and DragonBaby where they are."""

import itertools

import pytest
import torch
from PIL import Image
from samples import sample

from course_lib.data.sets.tracking import got10k, ilsvrc_vid, otb, video_sequence, vot
from course_lib.data.video_io import write_video
from course_lib.errors import DataError
from course_lib.metrics.tracking import got10k_scores, otb_scores
from course_lib.trackers.evaluate import evaluate, track
from course_lib.trackers.static import StaticBox
from course_lib.trackers.template import TemplateMatching


def lay_out(root, files):
    """Write texts, and for a number a picture of 24 x 32 pixels of that brightness."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, int):
            Image.new("RGB", (32, 24), (content, content, 0)).save(path)
        else:
            path.write_text(content)
    return root


def pictures(folder, count, name="{:04d}.jpg"):
    return {f"{folder}/{name.format(number)}": 40 * number for number in range(1, count + 1)}


OTB = {
    **pictures("Car/img", 3),
    "Car/groundtruth_rect.txt": "1,2,8,6\n2,2,8,6\n3,2,8,6\n",
    **pictures("Jogging/img", 2),
    "Jogging/groundtruth_rect.1.txt": "1\t2\t8\t6\n2\t2\t8\t6\n",
    "Jogging/groundtruth_rect.2.txt": " 5  6 7 8\r\n5 6 7 8\r\n\r\n",
    **pictures("Human4/img", 2),
    "Human4/groundtruth_rect.1.txt": "",
    "Human4/groundtruth_rect.2.txt": "1.5,2,8,6\n2,2,8,6\n",
    "notes/readme.txt": "no sequence",
}
META = "[METAINFO]\nurl: https://example.org/v?v=1\nobject_class: lesser panda\nresolution: (32, 24)\n"
GOT = {
    "val/list.txt": "GOT-10k_Val_000002\nGOT-10k_Val_000001\n",
    **pictures("val/GOT-10k_Val_000001", 2, "{:08d}.jpg"),
    "val/GOT-10k_Val_000001/groundtruth.txt": "1.5,2.0,8.0,6.0\n2.0,2.0,8.0,6.0\n",
    "val/GOT-10k_Val_000001/cover.label": "8\n4\n",
    "val/GOT-10k_Val_000001/absence.label": "0\n1\n",
    "val/GOT-10k_Val_000001/meta_info.ini": META,
    **pictures("val/GOT-10k_Val_000002", 2, "{:08d}.jpg"),
    "val/GOT-10k_Val_000002/groundtruth.txt": "1,2,8,6\n2,2,8,6\n",
    "test/list.txt": "GOT-10k_Test_000001\n",
    **pictures("test/GOT-10k_Test_000001", 3, "{:08d}.jpg"),
    "test/GOT-10k_Test_000001/groundtruth.txt": "1,2,8,6\n",
}
VOT = {
    "list.txt": "bolt\nold\n",
    **pictures("bolt/color", 2, "{:08d}.jpg"),
    "bolt/groundtruth.txt": "5,0,10,5,5,10,0,5\n6,0,11,5,6,10,1,5\n",
    **pictures("old", 2, "{:08d}.jpg"),
    "old/groundtruth.txt": "1,2,8,6\n2,2,8,6\n",
}


def vid_xml(*things):
    objects = "".join(
        f"<object><trackid>{track}</trackid><bndbox><xmax>{right}</xmax><xmin>{left}</xmin><ymax>{bottom}</ymax>"
        f"<ymin>{top}</ymin></bndbox></object>"
        for track, left, top, right, bottom in things
    )
    return f"<annotation><filename>x</filename>{objects}</annotation>"


VID = {
    **{f"Data/VID/train/part/snippet/{number:06d}.JPEG": 40 * number for number in range(3)},
    "Annotations/VID/train/part/snippet/000000.xml": vid_xml((0, 2, 3, 11, 8), (1, 0, 0, 5, 5)),
    "Annotations/VID/train/part/snippet/000001.xml": vid_xml((0, 3, 3, 12, 8), (2, 0, 0, 9, 9)),
    "Annotations/VID/train/part/snippet/000002.xml": vid_xml((1, 1, 1, 6, 6)),
}


def test_otb(tmp_path):
    sequences = otb(lay_out(tmp_path, OTB))
    assert sequences.names == ("Car", "Human4", "Jogging.1", "Jogging.2") and len(sequences) == 4
    car = sequences["Car"]
    assert car.name == "Car" and len(car) == 3 and car.origin == 1
    assert car.boxes.tolist() == [[0, 1, 8, 6], [1, 1, 8, 6], [2, 1, 8, 6]]  # counted from 0, between edges
    assert car.frames[1].shape == (3, 24, 32) and car.frames[1].dtype == torch.uint8
    assert [round(frame[0].float().mean().item() / 40) for frame in car.frames] == [1, 2, 3]
    assert car.frames[-1][2].float().mean() < 20 and len(car.frames[1:]) == 2
    assert sequences[3].boxes.tolist() == [[4, 5, 7, 8]] * 2
    assert sequences["Human4"].boxes[0].tolist() == [0.5, 1, 8, 6]
    assert otb(tmp_path, origin=0)["Car"].boxes[0].tolist() == [1, 2, 8, 6]
    assert sequences[["Jogging.2", "Car"]].names == ("Jogging.2", "Car") and sequences[1:3].names[0] == "Human4"
    assert [sequence.name for sequence in sequences] == list(sequences.names)


def test_otb_reads_one_sequence_and_the_benchmark_part_of_a_longer_one(tmp_path):
    lay_out(tmp_path, {**pictures("Freeman4", 285), "Freeman4/groundtruth_rect.txt": "1,2,8,6\n" * 283})
    sequence = otb(tmp_path / "Freeman4")[0]
    assert len(sequence) == 283 and sequence.frames.paths[-1].name == "0283.jpg"


def test_got10k(tmp_path):
    lay_out(tmp_path, GOT)
    sequences = got10k(tmp_path)
    assert sequences.names == ("GOT-10k_Val_000002", "GOT-10k_Val_000001")  # as listed
    one = sequences[1]
    assert one.boxes[0].tolist() == [1.5, 2, 8, 6]
    assert one.visible.tolist() == [1, 0.5] and one.absent.tolist() == [False, True]
    assert one.about["object_class"] == "lesser panda" and one.about["url"] == "https://example.org/v?v=1"
    assert sequences[0].visible is None and sequences[0].about == {}
    secret = got10k(tmp_path, "test")[0]
    assert len(secret) == 3 and secret.boxes.shape == (1, 4)


def test_vot(tmp_path):
    lay_out(tmp_path, VOT)
    bolt, old = vot(tmp_path)
    assert bolt.regions.shape == (2, 8) and bolt.boxes.tolist() == [[0, 0, 10, 10], [1, 0, 10, 10]]
    assert vot(tmp_path, box="same area")["bolt"].boxes[0, 2].item() == pytest.approx(50**0.5)
    assert old.regions.tolist() == old.boxes.tolist() == [[1, 2, 8, 6], [2, 2, 8, 6]]


def test_ilsvrc_vid(tmp_path):
    lay_out(tmp_path, VID)
    index = tmp_path / "index.json"
    sequences = ilsvrc_vid(tmp_path, index=index)
    assert sequences.names == ("snippet.0", "snippet.1")  # track 2 is there for one frame only
    assert sequences[0].boxes.tolist() == [[2, 3, 10, 6], [3, 3, 10, 6]]
    assert [path.name for path in sequences[1].frames.paths] == ["000000.JPEG", "000002.JPEG"]
    (tmp_path / "Annotations/VID/train/part/snippet/000002.xml").unlink()
    assert ilsvrc_vid(tmp_path, index=index).names == sequences.names  # from the index
    assert ilsvrc_vid(tmp_path).names == ("snippet.0",)


def test_a_video_file(tmp_path):
    clip = torch.arange(6).mul(30).byte().view(1, 6, 1, 1).expand(3, 6, 24, 32)
    film = write_video(tmp_path / "film.mp4", clip, fps=10)
    truth = tmp_path / "truth.txt"
    truth.write_text("1,2,8,6\n" * 6)
    sequence = video_sequence(film, truth)
    assert sequence.name == "film" and len(sequence.frames) == 6
    assert [round(frame.float().mean().item() / 30) for frame in sequence.frames] == list(range(6))
    assert round(sequence.frames[-2].float().mean().item() / 30) == 4 and sequence.frames[1:3].shape == (2, 3, 24, 32)
    with pytest.raises(IndexError):
        sequence.frames[6]
    truth.write_text("1,2,8,6\n" * 5)
    with pytest.raises(DataError, match="6 frames, and .* 5 lines"):
        video_sequence(film, truth)


def test_sequences_can_be_tracked_and_evaluated(tmp_path):
    sequences = otb(lay_out(tmp_path / "data", OTB))
    found = evaluate(StaticBox(), sequences, tmp_path / "results")
    assert list(found) == list(sequences.names) and found["Car"].boxes.tolist() == [[0, 1, 8, 6]] * 3
    lines = (tmp_path / "results/StaticBox/Car/Car_001.txt").read_text().splitlines()
    assert lines == ["1.000,2.000,8.000,6.000"] * 3  # as the data set counts


CHANGES = [
    (otb, OTB, {"Car/groundtruth_rect.txt": "1,2,8,6\n2,2,x,6\n3,2,8,6"}, "line 2: expected 4 finite numbers.*2,2,x,6"),
    (otb, OTB, {"Car/groundtruth_rect.txt": "1,2,8\n" * 3}, "line 1: expected 4"),
    (otb, OTB, {"Car/groundtruth_rect.txt": "1,2,8,nan\n" * 3}, "line 1: expected 4 finite"),
    (otb, OTB, {"Car/groundtruth_rect.txt": "1,2,8,6\n" * 2}, "2 lines, and .* 3 pictures"),
    (got10k, GOT, {"val/list.txt": "GOT-10k_Val_000001\nmissing\n"}, "1 have no folder: missing"),
    (got10k, GOT, {"val/GOT-10k_Val_000001/cover.label": "8\n"}, "cover.label has 1 lines, for 2 frames"),
    (got10k, GOT, {"val/GOT-10k_Val_000001/groundtruth.txt": "1,2,8,6\n"}, "1 lines, and .* 2 pictures"),
    (got10k, GOT, {"val/GOT-10k_Val_000001/meta_info.ini": "object_class: dog"}, r"expected a line \[METAINFO\]"),
    (vot, VOT, {"bolt/groundtruth.txt": "5,0,10,5,5,10,0,5\n1,2,3,4\n"}, "line 2: expected 8"),
    (vot, VOT, {"old/groundtruth.txt": "\n"}, "is empty"),
    (ilsvrc_vid, VID, {"Annotations/VID/train/part/snippet/000001.xml": "<annotation><object/>"}, "1.xml: expected"),
]


@pytest.mark.parametrize("read, files, change, message", CHANGES)
def test_what_does_not_fit_is_named(tmp_path, read, files, change, message):
    lay_out(tmp_path, {**files, **change})
    with pytest.raises(DataError, match=message):
        list(read(tmp_path))


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(DataError, match="not there"):
        otb(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no sequence in"):
        otb(lay_out(tmp_path / "empty", {"a/b.txt": "x"}))
    with pytest.raises(DataError, match="no .*list.txt"):
        vot(tmp_path / "empty")
    root = lay_out(tmp_path / "otb", OTB)
    with pytest.raises(DataError, match="no sequence 'Bolt'; it has Car, Human4"):
        otb(root)["Bolt"]
    (root / "Car/img/0002.jpg").write_text("not a picture")
    with pytest.raises(DataError, match="0002.jpg cannot be read"):
        otb(root)["Car"].frames[1]


def static(sequence):
    return sequence.boxes[:1].expand(len(sequence), 4)


def test_the_box_that_never_moves_on_bag():
    bag = video_sequence(sample("video/bag.avi"), sample("tracking/bag_groundtruth.txt"))
    scores = got10k_scores(static(bag), bag.boxes)
    assert len(bag) == 196 and (round(scores.ao, 3), round(scores.sr50, 3)) == (0.065, 0.015)
    assert bag.frames[0].shape == (3, 360, 480)


def test_the_box_that_never_moves_on_dragon_baby():
    baby = otb(sample("tracking/DragonBaby"))[0]
    scores = got10k_scores(static(baby), baby.boxes)
    assert len(baby) == 113 and (round(scores.ao, 3), round(scores.sr50, 3)) == (0.258, 0.195)
    assert round(otb_scores(static(baby), baby.boxes).precision, 3) == 0.230


def test_template_matching_beats_it_on_bag_and_not_on_dragon_baby():
    """The bag keeps its look; the baby turns, which a fixed template does not survive."""
    bag = video_sequence(sample("video/bag.avi"), sample("tracking/bag_groundtruth.txt"), box="same area")
    baby = otb(sample("tracking/DragonBaby"))[0]
    scores = {}
    for sequence in (bag, baby):
        frames, truth = itertools.islice(sequence.frames, 60), sequence.boxes[:60]
        found = track(TemplateMatching(), frames, truth[0], show=False)
        scores[sequence.name] = got10k_scores(found.boxes, truth).ao, got10k_scores(truth[:1].expand(60, 4), truth).ao
    assert scores["bag"][0] > 3 * scores["bag"][1]
    assert scores["DragonBaby"][0] < scores["DragonBaby"][1]
