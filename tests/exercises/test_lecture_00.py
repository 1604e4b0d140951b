"""Lecture 00: solutions accepted, stubs not attempted, wrong answers told why."""

import pytest
from table import assert_enough_wrong_answers, assert_rejected, lecture_test

HEAD = "import torch\ndef to_clip(frames):\n    "

WRONG = [
    ("00.1", HEAD + "return frames.permute(0, 3, 1, 2).float() / 255", "time still comes first"),
    ("00.1", HEAD + "return frames.permute(0, 3, 1, 2)", "are two axes exchanged"),
    ("00.1", HEAD + "return frames.reshape(frames.shape[-1], *frames.shape[:-1]) / 255", "reshape cuts the same row"),
    ("00.1", HEAD + "return frames.permute(3, 0, 1, 2)", "still uint8"),
    ("00.1", HEAD + "return frames.permute(3, 0, 1, 2).float()", "still runs from 0 to 255"),
    ("00.1", HEAD + "return frames.permute(3, 0, 1, 2) / 256", "0.996"),
    ("00.1", HEAD + "return frames.permute(3, 0, 2, 1) / 255", "lies on its side"),
    ("00.1", HEAD + "return frames.permute(3, 0, 1, 2) / frames.max()", "own brightest value"),
    ("00.1", HEAD + "return (frames.permute(3, 0, 1, 2) // 255).float()", "whole-number division"),
    ("00.1", HEAD + "return (frames.permute(3, 0, 1, 2) / 255).double()", "float64 came"),
    ("00.1", HEAD + "return (frames.permute(3, 0, 1, 2) / 255).numpy()", "a numpy array came"),
    ("00.1", HEAD + "return frames.permute(3, 0, 1, 2)[None] / 255", "an axis of size 1 is too many"),
    ("00.1", HEAD + "clip = frames.permute(3, 0, 1, 2) / 255", "nothing was returned"),
    ("00.1", HEAD + "return frames.permute(3, 0, 1) / 255", "line 3 of your cell"),
    ("00.1", "def to_clip(frames, height):\n    return frames", "the exercise asks for (frames)"),
    ("00.2", "stride = 5", "how many frames per second remain"),
    ("00.2", "stride = 96", "between two of them"),
    ("00.2", "stride = 16 * 6 / 30", "are the seconds"),
    ("00.2", "stride = 0.2", "count it in frames"),
    ("00.2", "stride = 7", "off by one"),
    ("00.2", "stride = '6'", "the string '6' came"),
    ("00.3", "carries_on = 'a'", "spoil everything"),
    ("00.3", "carries_on = 'c'", "stops nothing"),
    ("00.3", "carries_on = 'd'", "is one of"),
    ("00.3", "carries_on = 2", "is one of"),
]

test_lecture = lecture_test("00")


@pytest.mark.parametrize("exercise_id, answer, diagnosis", WRONG)
def test_wrong_answer(exercise_id, answer, diagnosis):
    assert_rejected(exercise_id, answer, diagnosis)


def test_there_are_enough_wrong_answers():
    assert_enough_wrong_answers("00", WRONG)
