"""Videos with sentences: what is said is what is seen."""

import pytest
import torch

from course_lib.data.worlds.sentences import COLORS, EVENTS, LASTS, WORDS, SentenceWorld, judge, read, write
from course_lib.errors import DataError, ShapeError


@pytest.fixture(scope="module")
def batch():
    return SentenceWorld(22, 26, 14).sample(96, seed=3)


def test_shapes_and_ranges(batch):
    assert batch.clips.shape == (96, 3, 14, 22, 26) and batch.flow.shape == (96, 2, 13, 22, 26)
    assert 0 <= batch.clips.min() and batch.clips.max() <= 1 and len(batch) == 96


def test_the_same_seed_gives_the_same_clips():
    world = SentenceWorld()
    one, other, third = world.sample(5, seed=1), world.sample(5, seed=1), world.sample(5, seed=2)
    assert torch.equal(one.clips, other.clips) and one.sentences == other.sentences
    assert not torch.equal(one.clips, third.clips)


def test_flow_says_the_direction_of_the_sentence(batch):
    signs = {"right": (1, 0), "down": (0, 1), "left": (-1, 0), "up": (0, -1)}
    seen = set()
    for flow, sentence in zip(batch.flow, batch.sentences, strict=True):
        moves = [WORDS[word] for word in sentence if WORDS[word] in signs]
        total = flow.sum((1, 2, 3))
        assert total.sign().tolist() == list(signs[moves[0]] if moves else (0, 0)), write(sentence)
        seen.update(moves)
    assert seen == set(signs)


def test_flow_carries_the_shape_along():
    """A moving shape leaves its place by `travel` pixels in all, within LASTS frames."""
    world = SentenceWorld(24, 24, 10, stories=(("moves right", None),), travel=4.5)
    flow = world.sample(6, seed=0).flow
    speed = flow[:, 0].amax((2, 3))  # (B, T-1)
    assert torch.allclose(speed.sum(1), torch.full((6,), 4.5), atol=1e-5)
    assert ((speed > 0).sum(1) == LASTS).all()


def test_white_and_black_come_in_the_order_of_the_sentence():
    world = SentenceWorld(20, 20, 16, stories=(("flashes", "dims"), ("dims", "flashes")))
    batch = world.sample(40, seed=1)
    for clip, events in zip(batch.clips, batch.events.tolist(), strict=True):
        inside = clip.amin(0).flatten(1)  # (T, H*W): white is where all three colours are bright
        flash = (inside.amax(1) > 0.99).nonzero().flatten()
        assert len(flash) == LASTS
        first_half = flash.max() < 8
        assert first_half == (events[0] == EVENTS.index("flashes"))


def test_named_color_is_the_colour_seen():
    batch = SentenceWorld(20, 20, 10, stories=(("flashes", None),)).sample(32, seed=0)
    for name, (red, green, _) in COLORS.items():
        seen = batch.clips[batch.colors == list(COLORS).index(name)][:, :, 0]
        brightest = seen.flatten(2).amax(2).mean(0)
        assert (brightest[0] > 0.75) == (red > 0.5) and (brightest[1] > 0.6) == (green > 0.5)


def test_stories_are_all_told_and_independent_of_the_colour():
    batch = SentenceWorld().sample(24 * 16, seed=0)
    assert len({tuple(pair) for pair in batch.events.tolist()}) == 24
    assert torch.bincount(batch.colors).tolist() == [96] * 4
    assert len({(c, tuple(e)) for c, e in zip(batch.colors.tolist(), batch.events.tolist(), strict=True)}) > 70


def test_noise_is_added_to_the_same_film():
    clean, noisy = SentenceWorld().sample(20, seed=3), SentenceWorld(noise=0.3).sample(20, seed=3)
    assert clean.sentences == noisy.sentences and torch.equal(clean.flow, noisy.flow)
    added = noisy.clips - clean.clips
    assert abs(added.std() - 0.3) < 0.01 and abs(added.mean()) < 0.01


def test_judging_by_hand():
    true = [read("a red disc flashes"), read("a red disc moves left"), read("a blue cross dims then moves up")]
    said = [read("a red disc dims"), read("a red cross moves left"), read("a blue cross dims then moves up")]
    found = judge(said, true)
    assert found == pytest.approx({"nouns": 200 / 3, "verbs": 200 / 3, "whole sentence": 100 / 3})
    with pytest.raises(ShapeError, match="2 sentences"):
        judge(said[:2], true)


def test_text_and_ids():
    ids = read("a green cross flashes, then moves left")
    assert write(ids) == "a green cross flashes, then moves left" and write([*ids, 0, 3]) == write(ids)
    assert write(ids, comma=False) == "a green cross flashes then moves left" and 0 not in ids
    with pytest.raises(DataError, match="purple"):
        read("a purple cross")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": 2 * LASTS + 1}, "Two events need"),
        ({"size": 12.0}, "does not fit"),
        ({"stories": (("sleeps", None),)}, "no event"),
    ],
)
def test_refuses(change, message):
    with pytest.raises(DataError, match=message):
        SentenceWorld(**change)
