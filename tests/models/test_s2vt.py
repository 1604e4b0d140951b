"""S2VT at its published size, equal to the public PyTorch code; greedy and beam search; two decoders together."""

import itertools
import json

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models.decoding import Together, beam_search, greedy
from course_lib.models.s2vt import S2VT
from course_lib.ops.captions import teacher_forcing, word_loss
from course_lib.train import fit
from tests.reference import FIXTURES, distance, fill

ABOUT = json.loads((FIXTURES / "s2vt_small.json").read_text())
STORED = {name: torch.from_numpy(array) for name, array in np.load(FIXTURES / "s2vt_small.npz").items()}


def test_published_size():
    """87,354,668 with Caffe's one bias per layer and the release's 46,168 words; torch's second one is 2 x 4000."""
    with torch.device("meta"):
        assert sum(p.numel() for p in S2VT(46_168).parameters()) == 87_354_668 + 8_000


@torch.no_grad()
def test_equals_the_public_reference():
    model = S2VT.from_published(fill(ABOUT["keys"]))
    assert sum(p.numel() for p in model.parameters()) == ABOUT["n_params"]
    scores = model(STORED["video"], STORED["caption"][:, :-1])
    assert distance(scores.flatten(0, 1), STORED["train_logits"]) < 1e-5
    assert greedy(model, STORED["video"], 5, begin=1, end=None).tolist() == STORED["greedy_tokens"].tolist()


@torch.no_grad()
def test_the_word_comes_first_in_the_upper_input():
    state = fill(ABOUT["keys"])
    weight = state["lstm2.weight_ih_l0"]
    state["lstm2.weight_ih_l0"] = weight.roll(weight.shape[1] // 2, dims=1)  # the other order: same shapes
    scores = S2VT.from_published(state)(STORED["video"], STORED["caption"][:, :-1])
    assert distance(scores.flatten(0, 1), STORED["train_logits"]) > 0.01


@pytest.mark.parametrize("layout", ["public", "wrapped file", "ours"])
def test_loads_every_layout(tmp_path, layout):
    source = fill(ABOUT["keys"])
    if layout == "wrapped file":
        torch.save({f"module.{key}": value for key, value in source.items()}, tmp_path / "s2vt_params.pkl")
        source = tmp_path / "s2vt_params.pkl"
    if layout == "ours":
        source = S2VT.from_published(source).state_dict()
    model = S2VT.from_published(source)
    with torch.no_grad():
        scores = model(STORED["video"], STORED["caption"][:, :-1])
    assert distance(scores.flatten(0, 1), STORED["train_logits"]) < 1e-5


def test_sizes_are_read_from_the_weights():
    torch.manual_seed(0)
    odd = S2VT(11, features=6, embed=3, hidden=5)
    assert S2VT.from_published(odd.state_dict()).lstm2.weight_ih_l0.shape == (20, 8)


def test_says_which_keys_do_not_fit():
    state = fill(ABOUT["keys"])
    del state["lstm2.bias_hh_l0"]
    state["linear3.weight"] = torch.zeros(2, 2)
    with pytest.raises(CourseError, match=r"missing: lstm2.bias_hh_l0(.|\n)*unexpected: linear3.weight"):
        S2VT.from_published(state)


@torch.no_grad()
def test_watching_then_writing_is_one_sequence():
    """Step by step with the carried state, the scores are those of the whole sequence at once."""
    torch.manual_seed(0)
    model, frames, words = S2VT.mini(9, features=4).eval(), torch.randn(2, 5, 4), torch.randint(9, (2, 6))
    scores, state = model(frames, words), model.start(frames)
    for place in range(6):
        step, state = model.step(words[:, place], state)
        assert torch.allclose(step, scores[:, place], atol=1e-6)
    gates = model.gates(frames, words)
    assert gates["forget"].shape == (2, 11, 64)
    spoken = gates["output"][:, 5:] * gates["memory"][:, 5:].tanh()
    assert torch.allclose(model.out(spoken), scores, atol=1e-5)


def test_learns_two_sentences():
    torch.manual_seed(0)
    frames = torch.randn(2, 4, 6)
    inputs, targets = teacher_forcing([[3, 1, 2], [4, 4, 1, 2, 3]])
    model = S2VT.mini(5, features=6)
    fit(model, lambda step: (frames, inputs, targets), 120, lr=1e-2,
        loss=word_loss)
    assert greedy(model, frames, 6).tolist() == [[3, 1, 2, 0, 0, 0], [4, 4, 1, 2, 3, 0]]


class Chain:
    """A decoder made by hand: the next word depends on the last one and on how many there were."""

    def __init__(self, table):
        self.table = table.log()  # (steps, V, V)

    def start(self, inputs):
        return torch.zeros(1, len(inputs), 1)

    def step(self, words, state):
        return self.table[state[0, :, 0].long(), words], state + 1


def chain(words=4, steps=5, seed=0):
    return Chain(torch.rand(steps, words, words, generator=torch.Generator().manual_seed(seed)).softmax(-1))


def every_sentence(decoder, longest, words):
    """(log probability, sentence) of all sentences up to a length."""
    found = []
    for length in range(longest + 1):
        for sentence in itertools.product(range(1, words), repeat=length):
            said = (*sentence, 0) if length < longest else sentence
            log, last, state = 0.0, torch.zeros(1, dtype=torch.long), decoder.start([None])
            for word in said:
                scores, state = decoder.step(last, state)
                log, last = log + scores.log_softmax(1)[0, word].item(), torch.tensor([word])
            found.append((log, list(sentence)))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("seed", range(5))
def test_a_beam_that_is_wide_enough_finds_the_best_sentences(seed):
    decoder = chain(seed=seed)
    found = beam_search(decoder, [None], 4, width=200)
    expected = every_sentence(decoder, 4, 4)
    assert [sentence for _, sentence in found[:5]] == [sentence for _, sentence in expected[:5]]
    assert found[0][0] == pytest.approx(expected[0][0], abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_a_beam_of_one_is_greedy(seed):
    decoder = chain(seed=seed, steps=6)
    words = greedy(decoder, [None], 6)[0].tolist()
    sentence = words[: words.index(0)] if 0 in words else words
    assert beam_search(decoder, [None], 6, width=1)[0][1] == sentence


def test_greedy_can_miss_what_a_beam_finds():
    table = torch.full((3, 3, 3), 1e-6)
    table[0, 0] = torch.tensor([0.0, 0.55, 0.45])
    table[1, 1] = torch.tensor([0.34, 0.33, 0.33])
    table[1, 2] = torch.tensor([0.98, 0.01, 0.01])
    decoder = Chain(table.clamp(min=1e-6))
    assert greedy(decoder, [None], 2).tolist() == [[1, 0]]
    assert beam_search(decoder, [None], 2, width=2)[0][1] == [2]


def test_a_beam_takes_one_video():
    with pytest.raises(ShapeError, match="one video at a time"):
        beam_search(chain(), [None, None], 3)


def test_together_averages_probabilities():
    one, other = chain(seed=1), chain(seed=2)
    both = Together(one, other, weight=0.25)
    words = torch.tensor([2, 1])
    scores, state = both.step(words, both.start(([None] * 2, [None] * 2)))
    first, second = (decoder.step(words, decoder.start([None] * 2))[0].softmax(1) for decoder in (one, other))
    assert torch.allclose(scores.exp(), 0.25 * first + 0.75 * second, atol=1e-6)
    assert len(beam_search(both, ([None], [None]), 3, width=2)) == 2
