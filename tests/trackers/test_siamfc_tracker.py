"""The tracker of SiamFC: equal to a public code where that was run, and what its conventions and scales do."""

import json
from functools import partial

import numpy as np
import pytest
import torch

from course_lib.data.sets.tracking import video_sequence
from course_lib.data.video_io import read_clip
from course_lib.data.worlds.targets import TargetWorld
from course_lib.errors import CourseError
from course_lib.metrics.tracking import got10k_scores
from course_lib.models.siamfc import SiamFC
from course_lib.ops.boxes import iou, with_context
from course_lib.ops.cross_correlation import cross_correlation
from course_lib.trackers.evaluate import track
from course_lib.trackers.siamfc import CONVENTIONS, SCALES, ScaleSearch, SiamFCTracker, whole_pixel_crop
from course_lib.trackers.siamfc_training import CuratedPairs, pair_loss
from course_lib.train import fit
from tests.hash_fill import hash_fill
from tests.reference import FIXTURES
from tests.samples import sample

STORED = np.load(FIXTURES / "siamfc_tracker_bag.npz")
FROM_ONE = torch.tensor([1.0, 1.0, 0.0, 0.0])  # the stored boxes count pixels from 1


def test_scales_are_those_of_the_authors():
    assert SCALES[3].factors().numpy() == pytest.approx(STORED["scale_factors"])
    assert SCALES[5].factors().tolist() == pytest.approx([1.0255**n for n in (-2, -1, 0, 1, 2)])
    assert SCALES[1].factors().tolist() == [1.0]


@pytest.fixture(scope="module")
def bag():
    return read_clip(sample("video/bag.avi"), start=0, num_frames=13)


def test_crops_of_the_real_frame(bag):
    """The reference saw the same frames, compressed in another way: levels differ by 2 on average."""
    frame = bag[:, 0].float()
    fill = torch.from_numpy(STORED["avg_color"]).float()
    exemplar = with_context(torch.from_numpy(STORED["box0"]) - FROM_ONE)
    y, x, side = STORED["border_crop_args"]  # the middle as the number of a pixel
    border = torch.tensor([x + 0.5 - side / 2, y + 0.5 - side / 2, side, side])
    for box, name in ((exemplar, "z_crop"), (border, "border_crop")):
        ours = whole_pixel_crop(frame, box, 127, fill)[0]
        theirs = torch.from_numpy(STORED[name]).float().permute(2, 0, 1)
        assert (ours - theirs).abs().mean() < 3
        shifted = whole_pixel_crop(frame, box + torch.tensor([3.0, 0, 0, 0]), 127, fill)[0]
        assert (shifted - theirs).abs().mean() > 2 * (ours - theirs).abs().mean()


def boxes_of(bag, convention):
    keys = json.loads((FIXTURES / "siamfc_AlexNetV1.manifest.json").read_text())["keys"]
    tracker = SiamFCTracker(SiamFC.from_published(hash_fill(keys)), 3, convention)
    tracker.init(bag[:, 0], torch.from_numpy(STORED["box0"]) - FROM_ONE)
    return torch.stack([tracker.update(bag[:, i])[0] for i in range(1, 13)]) + FROM_ONE


def test_follows_the_public_code_on_real_frames(bag):
    """With filled weights the network follows nothing, but both codes must go the same way.

    One cell of the enlarged map is 0.84 px; the frames were compressed in another way, so a peak may lie a cell or
    two off.
    """
    off = (boxes_of(bag, "pytorch") - torch.from_numpy(STORED["boxes"][1:])).abs()
    assert off.max() < 2.1 * 0.84
    assert off[-5:].max() < 0.01
    assert (boxes_of(bag, "matlab") - torch.from_numpy(STORED["boxes"][1:])).abs()[-5:].max() > 0.2


class Alike(torch.nn.Module):
    """Stands in for a trained network: features are smoothed colors; the response falls with their squared distance."""

    exemplar, search, stride = 31, 63, 2

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def features(self, image):
        return torch.nn.functional.avg_pool2d(image - 128, 3, 2)

    def match(self, exemplar, search):
        lengths = cross_correlation(torch.ones_like(exemplar), search.square())
        return (2 * cross_correlation(exemplar, search) - lengths) / 1e4


def moving_square(sides, step=(2, -1)):
    """Frames with a square of stripes on grey, whose middle moves by `step`; its boxes."""
    frames, boxes = [], []
    for t, side in enumerate(sides):
        frame = torch.full((3, 80, 100), 0.5)
        x, y = 40 + step[0] * t, 40 + step[1] * t
        rows = torch.linspace(0, 1, side).mul(4).long() % 2
        frame[:, y - side // 2 : y - side // 2 + side, x - side // 2 : x - side // 2 + side] = (
            rows[:, None] ^ rows[None]
        ).float()
        frames.append(frame)
        boxes.append(torch.tensor([x - side // 2, y - side // 2, side, side], dtype=torch.float32))
    return frames, torch.stack(boxes)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_finds_what_moved(convention):
    frames, boxes = moving_square([16] * 8)
    tracker = SiamFCTracker(Alike(), 1, convention)
    tracker.init(frames[0], boxes[0])
    found = torch.stack([tracker.update(frame)[0] for frame in frames[1:]])
    assert iou(found, boxes[1:]).min() > 0.6
    assert torch.equal(found[:, 2:], boxes[1:, 2:])  # one scale: the size stays


def test_several_scales_follow_a_change_of_size():
    frames, boxes = moving_square([20, 20, 21, 21, 22, 22, 23, 23, 24, 24, 25, 25], step=(0, 0))
    for scales in (1, 3, 5):
        tracker = SiamFCTracker(Alike(), scales)
        tracker.init(frames[0], boxes[0])
        box = [tracker.update(frame)[0] for frame in frames[1:]][-1]
        assert box[2] == 20 if scales == 1 else 22 < box[2] < 27, scales


def test_the_search_region_cannot_collapse():
    """Saturation: not below a fifth of the first, whatever wins."""
    frames, boxes = moving_square([16], step=(0, 0))
    tracker = SiamFCTracker(Alike(), ScaleSearch(3, 2.0, 1.0, 1.0, 0.1))
    tracker.init(frames[0], boxes[0])
    first = tracker.first_side
    for _ in range(6):
        tracker.update(torch.rand(3, 80, 100))
        assert 0.2 * first - 1e-6 <= float(tracker.region[2]) <= 5 * first + 1e-6


def test_refuses():
    with pytest.raises(CourseError, match="'matlab'"):
        SiamFCTracker(Alike(), 3, "caffe")
    with pytest.raises(CourseError, match="1, 3, 5"):
        SiamFCTracker(Alike(), 4)


@pytest.mark.full("trackers on real videos")
def test_a_miniature_trained_on_drawn_things_follows_a_real_bag():
    """Over 196 frames of VOT's bag: a box that never moves overlaps by 0.065, template matching by 0.51."""
    sequence = video_sequence(sample("video/bag.avi"), sample("tracking/bag_groundtruth.txt"))
    torch.manual_seed(0)
    network = SiamFC.mini()
    pairs = CuratedPairs(TargetWorld(distractors=2, speed=4.0).videos(96, 60, seed=1), network, frames=4)
    fit(network, pairs, 120, loss=partial(pair_loss, radius=6), lr=3e-3)
    found = track(SiamFCTracker(network), sequence.frames, sequence.boxes[0], show=False)
    assert got10k_scores(found.boxes, sequence.boxes).ao > 0.5
