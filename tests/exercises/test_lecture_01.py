"""Lecture 01: the notebook's solutions are accepted, what learners type wrongly is rejected with the right reason."""

import pytest
from table import assert_enough_wrong_answers, assert_rejected, lecture_test

SIZE = "def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):\n    "
CLIP = "def clip_indices(num_frames, start, clip_len, stride):\n    "
RATE = "def resample_indices(num_frames, fps_in, fps_out):\n    "
CROP = """def ten_crop(frames, size):
    T, H, W, C = frames.shape
    h, w = size
    clip = {clip}
    corners = {corners}
    five = torch.stack([clip[:, :, y : y + h, x : x + w] for y, x in corners])
    return torch.cat([five, {mirrored}])
"""
RIGHT = {
    "clip": "frames.permute(3, 0, 1, 2)",
    "corners": "[(0, 0), (0, W - w), (H - h, 0), (H - h, W - w), ((H - h) // 2, (W - w) // 2)]",
    "mirrored": "five.flip(-1)",
}
AVERAGE = "def average_predictions(logits):\n    "


def crop(**wrong):
    """The repaired function of 01.4 with something else in some places."""
    return CROP.format(**(RIGHT | wrong))


WRONG = [
    ("01.1", SIZE + "return fps * seconds * height * width", "counts pixels"),
    ("01.1", SIZE + "return fps * seconds * height * width * bytes_per_value", "channels are missing"),
    ("01.1", SIZE + "return fps * seconds * height * width * channels", "float32 takes 4"),
    ("01.1", SIZE + "return fps * seconds * height * width * 3 * bytes_per_value", "fixed to 3"),
    ("01.1", SIZE + "return fps * height * width * channels * bytes_per_value", "duration is missing"),
    ("01.1", SIZE + "return fps * seconds * height * width * channels * bytes_per_value * 8", "bits"),
    ("01.1", SIZE + "return fps * seconds * height * width * channels * bytes_per_value / 2**20", None),
    ("01.1", SIZE + "return fps * seconds * height * height * channels * bytes_per_value", None),
    ("01.2", CLIP + "return torch.arange(start, start + clip_len * stride, stride)", "beyond the end"),
    ("01.2", CLIP + "return torch.arange(start, start + clip_len, stride).clamp(max=num_frames - 1)", "too few frames"),
    ("01.2", CLIP + "return (start + stride * torch.arange(clip_len)).clamp(max=num_frames)", "off by one"),
    ("01.2", CLIP + "return (start + stride * torch.arange(clip_len)) % num_frames", "begins again"),
    ("01.2", CLIP + "return torch.arange(start, num_frames, stride)[:clip_len]", "shorter"),
    ("01.2", CLIP + "return (start + torch.arange(clip_len)).clamp(max=num_frames - 1)", "stride is missing"),
    ("01.2", CLIP + "return (stride * torch.arange(clip_len)).clamp(max=num_frames - 1)", "start is missing"),
    ("01.2", CLIP + "return (start + stride * (1 + torch.arange(clip_len))).clamp(max=num_frames - 1)", None),
    ("01.3", RATE + "return torch.arange(0, num_frames, max(1, fps_in // fps_out))", "whole stride"),
    (
        "01.3",
        RATE + "return (torch.arange(math.ceil(num_frames * fps_out / fps_in)) * fps_in / fps_out).round().long()",
        "nearest",
    ),
    (
        "01.3",
        RATE + "return (torch.arange(num_frames * fps_out // fps_in) * fps_in / fps_out).long()",
        "round the",
    ),
    (
        "01.3",
        RATE + "return (torch.arange(math.ceil(num_frames * fps_in / fps_out)) * fps_out / fps_in).long()",
        "upside down",
    ),
    ("01.3", RATE + "return torch.arange(math.ceil(num_frames * fps_out / fps_in)) * fps_in / fps_out", "whole number"),
    (
        "01.3",
        RATE + "return torch.linspace(0, num_frames - 1, math.ceil(num_frames * fps_out / fps_in)).long()",
        "changes the speed",
    ),
    ("01.3", RATE + "return torch.arange(num_frames)", None),
    ("01.4", crop(clip="frames.reshape(C, T, H, W)", mirrored="five.flip(-2)"), "both bugs"),
    ("01.4", crop(clip="frames.reshape(C, T, H, W)"), "scrambled"),
    ("01.4", crop(clip="frames.view(C, T, H, W)"), "scrambled"),
    ("01.4", crop(mirrored="five.flip(-2)"), "upside down"),
    ("01.4", crop(mirrored="five.flip(2)"), "backwards in time"),
    ("01.4", crop(clip="frames.permute(0, 3, 1, 2)"), "frames and channels"),
    ("01.4", crop(clip="frames.permute(3, 0, 2, 1)"), None),
    ("01.4", crop(corners="[(0, 0), (H - h, 0), (0, W - w), (H - h, W - w), ((H - h) // 2, (W - w) // 2)]"), "order"),
    ("01.4", crop(corners=RIGHT["corners"].replace("// 2", "// 4")), None),
    ("01.4", crop().replace("torch.cat([five, five.flip(-1)])", "five"), "only five"),
    ("01.5", AVERAGE + "return logits.mean(dim=1)", "no softmax"),
    ("01.5", AVERAGE + "return logits.mean(dim=1).softmax(dim=-1)", "geometric mean"),
    ("01.5", AVERAGE + "return logits.softmax(dim=1).mean(dim=1)", "softmax runs over the clips"),
    ("01.5", AVERAGE + "return logits.softmax(dim=-1).sum(dim=1)", "sum over clips"),
    ("01.5", AVERAGE + "return logits.softmax(dim=-1).amax(dim=1)", "largest probability"),
    ("01.5", AVERAGE + "return logits.softmax(dim=-1).mean(dim=-1)", "mean runs over the classes"),
    ("01.5", AVERAGE + "return logits.softmax(dim=-1).mean(dim=0)", "mean runs over the videos"),
    ("01.5", AVERAGE + "return logits.softmax(dim=-1).mean(dim=1).argmax(dim=-1)", None),
]

test_lecture = lecture_test("01")


@pytest.mark.parametrize(("exercise_id", "answer", "diagnosis"), WRONG)
def test_wrong_answers_are_rejected_with_their_reason(exercise_id, answer, diagnosis):
    assert_rejected(exercise_id, answer, diagnosis)


def test_every_exercise_has_enough_wrong_answers():
    assert_enough_wrong_answers("01", WRONG)
