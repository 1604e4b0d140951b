"""Index sampling, crops and averaging: hand-made tables, properties, and the public TSN code's own numbers."""

import json
import math
from pathlib import Path

import pytest
import torch

from course_lib.errors import ShapeError, VideoError
from course_lib.ops.sampling import (
    average_predictions,
    center_crop,
    clip_indices,
    dense_indices,
    random_segment_indices,
    raw_bytes,
    resample_indices,
    snippet_frames,
    ten_crop,
    uniform_indices,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"
TSN = json.loads((FIXTURES / "tsn_sampling.json").read_text())
CROPS = json.loads((FIXTURES / "tsn_crops.json").read_text())


def generator(seed):
    return torch.Generator().manual_seed(seed)


def coordinates(height, width, frames=2):
    """A clip (2, T, H, W) whose pixels say where they are: channel 0 the row, channel 1 the column."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([rows, columns])[:, None].expand(2, frames, height, width)


# ---- sizes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((480, 640, 30, 60), 1_658_880_000),  # SD, one minute
        ((1080, 1920, 30, 60), 11_197_440_000),  # HD, one minute
        ((112, 112, 5, 3.2), 602_112),  # 16 frames: 588 times 1024
        ((112, 112, 5, 3.2, 3, 4), 2_408_448),
        ((2, 3, 30000 / 1001, 1001 / 30, 1), 6000),
    ],
)
def test_raw_bytes_table(arguments, expected):
    assert raw_bytes(*arguments) == expected


# ---- one clip -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("num_frames", "start", "clip_len", "stride", "mode", "expected"),
    [
        (10, 0, 4, 1, "clamp", [0, 1, 2, 3]),
        (10, 2, 3, 3, "clamp", [2, 5, 8]),
        (10, 7, 5, 1, "clamp", [7, 8, 9, 9, 9]),
        (10, 7, 5, 1, "loop", [7, 8, 9, 0, 1]),
        (10, 7, 5, 3, "loop", [7, 0, 3, 6, 9]),
        (3, 0, 8, 1, "loop", [0, 1, 2, 0, 1, 2, 0, 1]),
        (1, 0, 3, 2, "clamp", [0, 0, 0]),
    ],
)
def test_clip_indices_table(num_frames, start, clip_len, stride, mode, expected):
    indices = clip_indices(num_frames, start, clip_len, stride, mode)
    assert indices.dtype == torch.long
    assert indices.tolist() == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((10, 10, 4), "outside a video of 10 frames"),
        ((10, -1, 4), "outside"),
        ((0, 0, 4), "num_frames=0"),
        ((10, 0, 0), "clip_len=0"),
        ((10, 0, 4, 0), "stride=0"),
        ((10, 0, 4, 1, "wrap"), "clamp"),
    ],
)
def test_clip_indices_says_what_is_wrong(arguments, words):
    with pytest.raises(VideoError, match=words):
        clip_indices(*arguments)


# ---- all clips ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((10, 3), [[0, 1, 2], [3, 4, 5], [6, 7, 8]]),
        ((9, 3, 1, 2), [[0, 1, 2], [2, 3, 4], [4, 5, 6], [6, 7, 8]]),
        ((8, 3, 2), [[0, 2, 4]]),
        ((11, 3, 2), [[0, 2, 4], [6, 8, 10]]),
        ((5, 5), [[0, 1, 2, 3, 4]]),
    ],
)
def test_dense_indices_table(arguments, expected):
    assert dense_indices(*arguments).tolist() == expected


@pytest.mark.parametrize("num_frames", [1, 7, 16, 31])
@pytest.mark.parametrize("clip_len", [1, 3, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("step", [1, 4])
def test_dense_indices_counts_like_a_convolution(num_frames, clip_len, stride, step):
    span = (clip_len - 1) * stride + 1
    if span > num_frames:
        with pytest.raises(VideoError, match=f"spans {span} frames"):
            dense_indices(num_frames, clip_len, stride, step)
        return
    clips = dense_indices(num_frames, clip_len, stride, step)
    output = torch.nn.functional.conv1d(
        torch.zeros(1, 1, num_frames), torch.zeros(1, 1, clip_len), stride=step, dilation=stride
    )
    assert clips.shape == (output.shape[-1], clip_len)
    assert clips.min() == 0 and clips.max() < num_frames


# ---- segments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["test", "val"])
def test_uniform_indices_agree_with_the_tsn_code(kind):
    """The fixture counts frames from 1. Rows of videos that are too short are left out: there the public code repeats
    frame 1 ("val") or even asks for frame 0 ("test"). It may also be one frame early, but only where the exact position
    is a whole number and its floating point slips below."""
    compared = slipped = 0
    for num_frames, segments, clip_len, expected in TSN[kind]:
        if clip_len > num_frames or (kind == "val" and num_frames <= segments + clip_len - 1):
            continue
        starts = num_frames - clip_len + 1
        for k, ours in enumerate(uniform_indices(num_frames, segments, clip_len).tolist()):
            whole = (2 * k + 1) * starts % (2 * segments) == 0
            slip = ours + 1 - expected[k]
            assert slip == 0 or (slip == 1 and whole), (num_frames, segments, clip_len, k)
            compared += 1
            slipped += slip
    assert compared >= 500
    assert slipped == 5  # 29/7/6, 30/25/1, 60/25/1, 300/7/1, 300/25/5


def test_uniform_indices_are_exact_where_floating_point_is_not():
    # (k + 0.5) * (n / K) with a rounded n / K misses some of these; whole numbers cannot.
    for num_frames in range(1, 200):
        for segments in (3, 6, 7, 25, 49):
            exact = [((2 * k + 1) * num_frames) // (2 * segments) for k in range(segments)]
            assert uniform_indices(num_frames, segments).tolist() == exact


@pytest.mark.parametrize(
    ("num_frames", "segments", "clip_len"), [(1, 1, 1), (2, 5, 1), (24, 4, 1), (25, 7, 6), (99, 3, 5)]
)
def test_random_segments_stay_in_their_segment(num_frames, segments, clip_len):
    starts = num_frames - clip_len + 1
    low = torch.tensor([math.floor(k * starts / segments) for k in range(segments)])
    high = torch.tensor([math.ceil((k + 1) * starts / segments) - 1 for k in range(segments)])
    for seed in range(50):
        indices = random_segment_indices(num_frames, segments, generator(seed), clip_len)
        assert indices.shape == (segments,) and indices.dtype == torch.long
        assert (indices >= low).all() and (indices <= high).all()
        assert (indices.diff() >= 0).all()


def test_random_segments_follow_the_seed_and_reach_every_frame():
    draw = lambda seed: random_segment_indices(26, 3, generator(seed)).tolist()  # noqa: E731
    assert draw(4) == draw(4)
    assert len({tuple(draw(seed)) for seed in range(20)}) > 15
    # 26 = 3 * 8 + 2: the public code never draws frames 24 and 25, ours does
    assert {index for seed in range(600) for index in draw(seed)} == set(range(26))


def test_random_segments_match_the_tsn_rule_where_the_segments_divide_the_video():
    length = 24 // 3  # the public rule: k * length + randint(length)
    drawn = torch.stack([random_segment_indices(24, 3, generator(seed)) for seed in range(400)])
    for segment in range(3):
        values = set(drawn[:, segment].tolist())
        assert values == set(range(segment * length, (segment + 1) * length))


@pytest.mark.parametrize("sampler", [uniform_indices, lambda n, k, t=1: random_segment_indices(n, k, generator(0), t)])
@pytest.mark.parametrize("arguments", [(0, 3), (10, 0), (4, 3, 5)])
def test_segments_refuse_what_cannot_be(sampler, arguments):
    with pytest.raises(VideoError):
        sampler(*arguments)


def test_frames_of_snippets_repeat_the_last_one():
    starts = torch.tensor([0, 4, 8])
    assert snippet_frames(12, starts, 3).tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert snippet_frames(10, starts, 3).tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 9]


# ---- frame rates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("num_frames", "fps_in", "fps_out", "expected"),
    [
        (10, 30, 10, [0, 3, 6, 9]),
        (9, 30, 10, [0, 3, 6]),
        (7, 25, 10, [0, 2, 5]),
        (4, 10, 25, [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]),
        (5, 24, 24, [0, 1, 2, 3, 4]),
        (6, 30, 24, [0, 1, 2, 3, 5]),
    ],
)
def test_resample_table(num_frames, fps_in, fps_out, expected):
    assert resample_indices(num_frames, fps_in, fps_out).tolist() == expected


@pytest.mark.parametrize("fps_out", [5, 23.976, 25, 60, 0.4])
def test_resampling_keeps_the_duration_and_shows_the_right_frame(fps_out):
    fps_in, num_frames = 30000 / 1001, 400
    indices = resample_indices(num_frames, fps_in, fps_out)
    assert (len(indices) - 1) / fps_out < num_frames / fps_in <= len(indices) / fps_out + 1e-9
    time = torch.arange(len(indices), dtype=torch.float64) / fps_out
    assert (indices / fps_in <= time + 1e-9).all() and (time < (indices + 1) / fps_in + 1e-9).all()


def test_resampling_ntsc_is_exact_over_an_hour():
    # 30000/1001 to itself must be the identity: a floor in floating point would slip by one somewhere
    assert torch.equal(resample_indices(107_892, 30000 / 1001, 30000 / 1001), torch.arange(107_892))


@pytest.mark.parametrize("arguments", [(0, 30, 10), (5, 0, 10), (5, 30, -1), (5, 30, float("nan"))])
def test_resample_refuses_what_is_no_rate(arguments):
    with pytest.raises(VideoError):
        resample_indices(*arguments)


# ---- crops ----------------------------------------------------------------------------------------------------------


def test_center_crop_takes_the_same_window_as_c3d():
    crop = center_crop(coordinates(128, 171), 112)
    assert crop.shape == (2, 2, 112, 112)
    assert crop[:, 0, 0, 0].tolist() == [8, 29]


def test_crops_of_a_rectangle_and_of_the_whole_frame():
    clip = coordinates(6, 9)
    assert center_crop(clip, (2, 5))[:, 0, 0, 0].tolist() == [2, 2]
    assert torch.equal(center_crop(clip, (6, 9)), clip)


def test_ten_crop_starts_where_the_tsn_code_starts():
    clip = coordinates(CROPS["image_h"], CROPS["image_w"])
    crops = ten_crop(clip, CROPS["crop"])
    assert crops.shape == (10, 2, 2, 224, 224)
    ours = [(int(c[1, 0, 0, 0]), int(c[0, 0, 0, 0])) for c in crops[:5]]
    assert ours == [tuple(offset) for offset in CROPS["GroupOverSample_5_offsets_(w,h)"]]


def test_ten_crop_agrees_with_torchvision_frame_by_frame():
    transforms = pytest.importorskip("torchvision.transforms.functional")
    clip = torch.randint(0, 256, (3, 4, 12, 16), dtype=torch.uint8, generator=generator(0))
    theirs = torch.stack(transforms.ten_crop(clip.transpose(0, 1), [8, 6])).transpose(1, 2)
    ours = ten_crop(clip, (8, 6))
    # torchvision mirrors first and crops then, so that its "top left" is our mirrored "top right"
    assert torch.equal(ours[[0, 1, 2, 3, 4, 6, 5, 8, 7, 9]], theirs)


@pytest.mark.parametrize("crop", [center_crop, ten_crop])
@pytest.mark.parametrize("size", [7, (3, 9), 0])
def test_crops_refuse_windows_that_do_not_fit(crop, size):
    with pytest.raises(ShapeError, match="cannot cut"):
        crop(torch.zeros(3, 2, 6, 8), size)


def test_ten_crop_wants_a_clip():
    with pytest.raises(ShapeError):
        ten_crop(torch.zeros(3, 8, 8), 4)


# ---- averaging ------------------------------------------------------------------------------------------------------


def test_averaging_by_hand():
    logits = torch.log(torch.tensor([[0.9, 0.1], [0.5, 0.5]]))
    torch.testing.assert_close(average_predictions(logits), torch.tensor([0.7, 0.3]))
    # geometric means sqrt(0.45) : sqrt(0.05) = 3 : 1
    torch.testing.assert_close(average_predictions(logits, "logits"), torch.tensor([0.75, 0.25]))


def test_the_two_averages_can_disagree():
    logits = torch.tensor([[2.0, 0.0], [2.0, 0.0], [0.0, 9.0]])
    assert average_predictions(logits).argmax() == 0
    assert average_predictions(logits, "logits").argmax() == 1


@pytest.mark.parametrize("how", ["probabilities", "logits"])
def test_averages_are_distributions_whatever_the_scale_and_order(how):
    logits = 300 * torch.randn(4, 6, 5, generator=generator(1))
    average = average_predictions(logits, how)
    assert average.shape == (4, 5)
    torch.testing.assert_close(average.sum(-1), torch.ones(4))
    torch.testing.assert_close(average_predictions(logits.flip(1), how), average)
    torch.testing.assert_close(average_predictions(logits + 7, how), average)
    torch.testing.assert_close(average_predictions(logits[:, :1], how), logits[:, 0].softmax(-1))


@pytest.mark.parametrize("shape", [(5,), (0, 5)])
def test_averaging_needs_clips(shape):
    with pytest.raises(ShapeError, match="clips"):
        average_predictions(torch.zeros(shape))


def test_averaging_knows_two_ways():
    with pytest.raises(VideoError, match="probabilities"):
        average_predictions(torch.zeros(2, 3), how="mean")
