"""The sentence word by word: what is written, how sure, the gates, pictures and controls."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.errors import ShapeError
from course_lib.models.decoding import Together, greedy
from course_lib.models.s2vt import S2VT
from course_lib.widgets.kit.explorer import VIEW
from course_lib.widgets.sentence_writer import SentenceWriter, writing_state

WORDS = ("<end>", "a", "red", "disc", "dims", "flashes", "moves")


def writer(seed, features=6):
    torch.manual_seed(seed)
    return S2VT(len(WORDS), features=features, embed=5, hidden=7, dropout=0.0).eval()


def test_state_is_what_greedy_decoding_says():
    network, seen = writer(0), torch.randn(4, 6)
    state = writing_state(network, seen, longest=5)
    said = greedy(network, seen[None], 5)[0].tolist()
    assert list(state.words) == said[: len(state.words)] and (len(state.words) == 5 or state.words[-1] == 0)
    assert np.allclose(state.probabilities.sum(1), 1, atol=1e-5)
    assert state.probabilities.argmax(1).tolist() == list(state.words)


def test_gates_are_those_of_the_steps_before_each_word():
    network, seen = writer(1), torch.randn(4, 6)
    state = writing_state(network, seen, longest=5)
    given = torch.tensor([[0, *state.words[:-1]]])
    expected = network.gates(seen[None], given)
    for name in ("input", "forget", "output"):
        assert state.gates[name].shape == (4 + len(state.words), 7)
        assert np.allclose(state.gates[name], expected[name][0].numpy(), atol=1e-6)


def test_two_writers_write_together():
    pair, seen = [writer(2), writer(3, features=3)], [torch.randn(4, 6), torch.randn(5, 3)]
    state = writing_state(pair, seen, longest=6)
    said = greedy(Together(*pair), [part[None] for part in seen], 6)[0].tolist()
    assert list(state.words) == said[: len(state.words)] and state.frames == 4
    with pytest.raises(ShapeError, match="one for each"):
        writing_state(pair, seen[:1])


def make(number=3, streams=2):
    generator = torch.Generator().manual_seed(0)
    clips = torch.rand(number, 3, 9, 12, 12, generator=generator)
    views = {
        "RGB": torch.randn(number, 9, 6, generator=generator),
        "flow": torch.randn(number, 8, 6, generator=generator),
    }
    writers = {"RGB": writer(4), "flow": writer(5)}
    names = list(views)[:streams]
    chosen = [{name: parts[name] for name in names} for parts in (views, writers)]
    return SentenceWriter(clips, *chosen, WORDS, [f"truth {n}" for n in range(number)])


def test_the_word_slider_ends_with_the_sentence():
    widget = make()
    for video in range(3):
        for stream in ("RGB", "flow", "RGB and flow"):
            widget.controls["video"].value, widget.controls["streams"].value = video, stream
            assert widget.controls["word"].max == max(1, len(widget.state.words) - 1)
            assert widget.controls["word"].value < len(widget.state.words)


def test_every_control_changes_picture_and_words():
    widget = make()
    seen = {(widget.caption(), widget.draw().tobytes())}
    for control, value in (("video", 1), ("word", 0), ("streams", "RGB")):
        widget.controls[control].value = value
        now = widget.caption(), widget.draw().tobytes()
        assert all(now[0] != words and now[1] != picture for words, picture in seen), control
        seen.add(now)


def test_words_and_numbers():
    widget = make()
    best = widget.best()
    assert len(best) == 5 and [chance for _, chance in best] == sorted((chance for _, chance in best), reverse=True)
    assert f"{best[0][0]!r} with {100 * best[0][1]:.0f} %" in widget.caption() and "truth 0" in widget.caption()


@pytest.mark.parametrize("number, streams", [(1, 1), (4, 2)])
def test_picture_and_bundle(number, streams):
    widget = make(number, streams)
    pixels = widget.draw()
    assert pixels.dtype == np.uint8 and pixels.shape == (908, 1520, 3)
    assert (pixels[:, -1] == 255).all() and (pixels[-1] == 255).all()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id and metadata["image/png"]["alt"] == widget.caption()
    assert len(widget.controls) == 3 and all(control.description for control in widget.controls.values())
    assert Image.fromarray(pixels).width == 1520


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"truths": ["one"]}, "features for each"),
        ({"views": {"RGB": torch.zeros(3, 4, 6)}}, "features for each"),
        ({"writers": {"flow": None}}, "the same one or two names"),
    ],
)
def test_refuses(change, message):
    arguments = {"clips": torch.zeros(2, 3, 4, 8, 8), "views": {"RGB": torch.zeros(2, 4, 6)},
                 "writers": {"RGB": writer(0)}, "vocabulary": WORDS, "truths": ["a", "b"]}  # fmt: skip
    with pytest.raises(ShapeError, match=message):
        SentenceWriter(**(arguments | change))
