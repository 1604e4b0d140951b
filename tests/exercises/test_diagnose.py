"""The general diagnoses: each common slip is recognised, and nothing is claimed where none fits."""

import numpy as np
import pytest
import torch

from course_lib.exercises.diagnose import generic

CLIP = torch.randn(3, 4, 5, 6, generator=torch.Generator().manual_seed(0))
FRAMES = torch.randint(0, 256, (2, 4, 7), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
MASK = CLIP > 0
SQUARE = CLIP[0, 0, :4, :4].contiguous()


def bordered(x):
    x = x.clone()
    x[..., 0] = x[..., -1] = 0
    return x


SLIPS = {
    "Nothing was returned": (CLIP, None),
    "generator": (CLIP, (x for x in CLIP)),
    "A NumPy array came": (CLIP, CLIP.numpy()),
    "A NumPy array came, a torch.Tensor": ((CLIP, CLIP), (CLIP, CLIP.numpy())),
    "A torch.Tensor came, a NumPy array": (CLIP.numpy(), CLIP),
    ".item()": (CLIP.sum(), 3.5),
    "Is a mean or a sum missing": (0.5, CLIP),
    "torch.stack": (CLIP, list(CLIP)),
    "torch.tensor(...) makes one": (CLIP, CLIP.tolist()),
    "A tuple with one item came": (CLIP, (CLIP,)),
    "A list with one item came": (3, [3]),
    "A string came": (CLIP, str(CLIP)),
    "A string came: return": (3, "3"),
    "One number is expected, 3 values came": (3, (1, 2, 3)),
    "and a float: a whole number": (3, 3.0),
    "A map object came": ([1, 2], map(int, "12")),
    "A zip object came": ((1, 2), zip("ab", "cd", strict=True)),
    "One tensor came, 2 values": ((1, 2), torch.tensor([1, 2])),
    "One NumPy array came, 2 values": ((1, 2), np.array([1, 2])),
    "3 values were returned, 2": ((1, 2), (1, 2, 3)),
    "1 value was returned, 2 are expected": ((1, 2), (1,)),
    "A dict came: return its 2 values": ((1, 2), {"a": 1, "b": 2}),
    "A pair came, values and indices": (CLIP[0, 0], CLIP[0].max(0)),
    "some are floats: whole numbers": ((1, (2, 3)), (1, (2.0, 3))),
    "float64 came, float32 is expected": (CLIP, CLIP.double()),
    "The fractions are lost": (CLIP * 9, (CLIP * 9).long()),
    "wrap around at 256": (FRAMES.int() * 2, FRAMES * 2),
    "There is NaN": (CLIP, CLIP.log()),
    "There is infinity": (CLIP, CLIP / 0),
    "An axis of size 1 is missing": (CLIP[None], CLIP),
    "An axis of size 1 is too many": (CLIP, CLIP[:, None]),
    "what should be axis 0 is your axis 1, what should be axis 1 is your axis 0": (CLIP, CLIP.transpose(0, 1)),
    "the axes stand in another order": (SQUARE, SQUARE.T),
    "reshape and view": (CLIP, CLIP.permute(1, 2, 3, 0).reshape(CLIP.shape)),
    "Are two axes exchanged?": (CLIP, CLIP.transpose(2, 3) * 2 + 1),
    "Off by one: axis 2 has 4, expected 5": (CLIP, CLIP[:, :, 1:] + 1),
    "right, but along axis 2 there are 1 missing at the beginning": (CLIP, CLIP[:, :, 1:]),
    "right, but along axis 3 there are 2 too many at the end": (CLIP[..., :4], CLIP),
    "right, but along axis 3 there are 4 missing at the end": (CLIP, CLIP[..., :2]),
    "axis 0 has 1, expected 3; is a part of it left out": (CLIP, CLIP[:1]),
    "(broadcasting)": (CLIP[:1], CLIP * 2),
    "missing along one axis is too many along another": (CLIP, CLIP[:, 1:, :].repeat_interleave(2, 2)[:, :, :6]),
    "Off by two": (CLIP, CLIP[:, :, 1:-1, 1:-1]),
    "The result has 1 axis (360), expected are 4": (CLIP, CLIP.flatten()),
    "The result has 3 axes (4, 5, 6), expected are 4": (CLIP, CLIP[0]),
    "It is the mean of what is expected over axis 1": (CLIP, CLIP.mean(1)),
    "Its sum over axis 2 would be right": (CLIP.sum(2), CLIP),
    "right and in the right order: some axes are to be joined": (CLIP, CLIP.flatten(1, 2)),
    "Every value that came is the same, 7": (CLIP, torch.full_like(CLIP, 7)),
    "the square of what is expected": (CLIP, CLIP**2),
    "without its signs": (CLIP, CLIP.abs()),
    "every negative value set to 0": (CLIP, CLIP.relu()),
    "the logarithm of": (CLIP.exp(), CLIP),
    "upside down": (CLIP, 1 / CLIP),
    "1 minus": (CLIP, 1 - CLIP),
    "rounded down": (CLIP, CLIP.floor()),
    "Right but for signs": (CLIP.abs(), CLIP),
    "Right but for the negative values": (CLIP.relu(), CLIP),
    "each value is to be rounded up": (CLIP.ceil(), CLIP),
    "some signs are turned": (CLIP, CLIP * torch.tensor([1, -1, 1, 1, -1, 1])),
    "one softmax too many": (CLIP, CLIP.softmax(1)),
    "a softmax along axis 2, which is missing": (CLIP.softmax(2), CLIP),
    "each should stand by itself": (CLIP, CLIP.cumsum(0)),
    "these are the single steps": (CLIP.cumsum(3), CLIP),
    "the wrong way round": (MASK, ~MASK),
    "some are missed": (MASK, MASK & (CLIP > 0.5)),
    "others are, too": (MASK, MASK | (CLIP < -0.5)),
    "along axes 0 and 1 is right but for one number of its own": (CLIP, CLIP + torch.randn(3, 4, 1, 1)),
    "along axis 1 is right but for a factor of its own": (CLIP, CLIP * (2 + torch.rand(4, 1, 1))),
    "Along axis 0 only the last place is wrong": (CLIP, torch.cat([CLIP[:2], CLIP[2:] ** 2 + 3])),
    "the first place is right, and all others are wrong": (CLIP, torch.cat([CLIP[:1], CLIP[1:] ** 2 + 3])),
    "every second place is wrong (1, 3, ...)": (CLIP, torch.where(torch.arange(4).view(4, 1, 1) % 2 == 0, CLIP, 3)),
    "all is right at first, and from some place on": (CLIP, torch.where(torch.arange(6) > 3, CLIP**2 + 3, CLIP)),
    "lies above 0.5: it was cut there": (CLIP, CLIP.clamp(max=0.5)),
    "the sign of what is expected": (CLIP, CLIP.sign()),
    "what should be the second is your third": ((CLIP, SQUARE, MASK), (CLIP, MASK, SQUARE)),
    "only place 2 is wrong": (CLIP, torch.where(torch.arange(6) == 2, CLIP**2 + 3, CLIP)),
    "Several results are wrong. The second of the 2: Every": ((CLIP, CLIP), (CLIP**2 + CLIP, CLIP * 0)),
    "Nearly right: no value is off by more than 1 %": (CLIP, CLIP + 0.002 * CLIP.sin()),
    "Of the 2 results only the second is wrong. Everything has the wrong sign": ((CLIP, CLIP), (CLIP, -CLIP)),
    "too large by the same amount, 1": ([3, 5, 9], [4, 6, 10]),
    "values run backwards": ([(1, 2), (3, 4), (5, 6)], [(5, 6), (3, 4), (1, 2)]),
    "Every value is 0": (CLIP, CLIP * 0),
    "Along axis 3 the values run backwards": (CLIP, CLIP.flip(3)),
    "Along axis 2 and 3": (CLIP, CLIP.flip(2, 3)),
    "255 times too large": (CLIP, CLIP * 255),
    "255 times too small": (CLIP, CLIP / 255),
    "1.004 times too small, which is nearly right: was something small added": (CLIP, CLIP / 1.004),
    "wrong sign": (CLIP, -CLIP),
    "too large by the same amount, 0.5": (CLIP, CLIP + 0.5),
    "one place too late": (CLIP, torch.cat([CLIP[:, :1] * 3, CLIP[:, :-1]], 1)),
    "one place too early": (CLIP, torch.cat([CLIP[:, 1:], CLIP[:, :1] * 3], 1)),
    "Only the border is wrong": (CLIP, bordered(CLIP)),
    "in another order": (CLIP, CLIP.flatten()[torch.randperm(360)].reshape(CLIP.shape)),
}


@pytest.mark.parametrize("words", SLIPS)
def test_slip_is_recognised(words):
    assert words in generic([SLIPS[words]])


def test_a_slip_within_a_tuple_is_recognised():
    assert "wrong sign" in generic([((CLIP, 1), (-CLIP, 1))])
    assert "3 times too large" in generic([((CLIP, 2.0), (CLIP * 3, 6.0))])


def test_a_pattern_must_fit_every_failing_test():
    assert generic([(CLIP, -CLIP), (SQUARE, SQUARE.T)]) is None
    assert "wrong sign" in generic([(CLIP, -CLIP), (SQUARE, -SQUARE)])


def test_a_wrong_shape_is_told_though_other_tests_fail_in_another_way():
    assert "Are two axes exchanged" in generic([(CLIP, CLIP.transpose(2, 3) * 2 + 1), (SQUARE, SQUARE * SQUARE)])
    assert "int32 came, float32 is expected, and the values" in generic([(CLIP, CLIP.int() ** 2), (SQUARE, SQUARE**2)])


def test_scales_of_several_tests():
    assert "another one in each test" in generic([(CLIP, CLIP * 3), (SQUARE, SQUARE * 2)])
    assert "by one amount, another one in each" in generic([(CLIP, CLIP + 3), (SQUARE, SQUARE + 2)])
    assert generic([(5, 7)]) is None, "any number is some multiple of another"
    assert generic([(5, 7), (6, 7)]) is None
    assert "2 times too large" in generic([(5, 10), (6, 12)])


def test_a_python_number_has_no_dtype():
    assert "float" not in generic([((1, 2), (1, 3.5))])
    assert generic([(1.5, torch.tensor(2.5))]) is None


def test_no_relation_is_claimed_of_few_values():
    assert generic([(3.0, 9.0)]) is None
    assert generic([(3.0, 9.0), (0.5, 0.25)]) is None
    assert "square" in generic([(3.0, 9.0), (0.5, 0.25), (2.0, 4.0), (7.0, 49.0)])


def test_a_relation_must_be_the_same_in_all_tests():
    first, last = ((CLIP, torch.where(torch.arange(6) == place, CLIP**2 + 3, CLIP)) for place in (0, 5))
    assert "only the first place is wrong" in generic([first])
    assert "only the" not in (generic([first, last]) or "")


@pytest.mark.parametrize("got", [CLIP + 0.1 * CLIP.sin(), CLIP * torch.rand(CLIP.shape), CLIP.relu() + CLIP**3])
def test_near_misses_get_none_of_the_relations(got):
    assert generic([(CLIP, got)]) is None


def test_a_mask_that_is_wrong_both_ways_is_neither_too_strict_nor_too_loose():
    assert "true" not in (generic([(MASK, MASK.roll(1, 3) ^ (CLIP > 1))]) or "")


def test_only_one_result_is_named_where_it_is_the_same_in_all_tests():
    assert "only the first" in generic([((1.0, 2.0), (4.0, 2.0)), ((3.0, 1.0), (9.0, 1.0))])
    assert "only" not in (generic([((1.0, 2.0), (4.0, 2.0)), ((3.0, 1.0), (3.0, 9.0))]) or "")


def test_nothing_is_claimed_of_random_numbers():
    other = torch.randn(CLIP.shape, generator=torch.Generator().manual_seed(1))
    assert generic([(CLIP, other)]) is None


ODD = [torch.ones(0, 3), torch.tensor(1j), torch.tensor(True), np.array(["a"]), "text", {}, object()]


@pytest.mark.parametrize("odd", ODD)
def test_odd_outputs_are_no_trouble(odd):
    for expected in (CLIP, torch.tensor(2.0), 3, (1, 2), {"a": 1}, torch.ones(0)):
        assert generic([(expected, odd)]) is None or isinstance(generic([(expected, odd)]), str)
