"""Snippets on a time line: state, words, picture and controls."""

import numpy as np
import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.widgets.kit.explorer import VIEW
from course_lib.widgets.segment_consensus import SegmentConsensus, consensus_state

SCORES = torch.tensor([[3.0, 0], [0, 1], [0, 1], [0, 1], [-1, 4], [2, 2]])


def test_state_by_hand():
    state = consensus_state(SCORES, 3, 0.0)
    assert state.starts.tolist() == [0, 2, 4]
    assert state.scores.tolist() == [[3, 0], [0, 1], [-1, 4]]
    assert state.video == pytest.approx([2 / 3, 5 / 3]) and state.answer == 1
    assert state.probabilities == pytest.approx([1 / (1 + np.e), np.e / (1 + np.e)], abs=1e-6)
    assert consensus_state(SCORES, 3, 0.0, "max").video.tolist() == [3, 4]
    assert consensus_state(SCORES, 1, 0.5).starts.tolist() == [3]
    assert consensus_state(SCORES, 4, 0.99).starts.tolist() == [1, 2, 4, 5]


@pytest.mark.parametrize(("scores", "segments"), [(SCORES, 7), (SCORES, 0), (SCORES[0], 1)])
def test_state_refuses(scores, segments):
    with pytest.raises(ShapeError, match="expected"):
        consensus_state(scores, segments)


def make(frames=30, classes=6):
    """A video whose frame t is grey t / frames, with two events."""
    video = (torch.arange(frames) / frames).view(1, -1, 1, 1).expand(3, -1, 16, 16)
    scores = torch.randn(frames, classes, generator=torch.Generator().manual_seed(0))
    names = [f"class {c}" for c in range(classes)]
    events = [(3, 4, "disc"), (20, 4, "cross")] if frames == 30 else [(0, 2, "disc")]
    return SegmentConsensus(video, scores, names, min(2, classes - 1), events)


def test_words_say_what_the_snippets_see():
    widget = make()
    widget.controls["K"].value = 1
    assert widget.state.starts.tolist() == [15] and "1 snippet sees nothing happen" in widget.caption()
    widget.controls["K"].value = 3
    assert widget.state.starts.tolist() == [5, 15, 25] and "3 snippets see disc (at 5, 15, 25)." in widget.caption()
    widget.controls["place"].value = 0
    assert widget.state.starts.tolist() == [0, 10, 20] and "see cross (at 0, 10, 20)." in widget.caption()
    widget.scores[:] = 0
    widget.scores[:, 2] = 1
    assert widget.caption().endswith("right.")
    widget.scores[:, 4] = 2
    assert widget.caption().endswith("wrong: it is class 2.")


def test_each_control_changes_the_picture():
    widget = make()
    before = widget.draw()
    for name, value in (("K", 7), ("place", 10), ("consensus", "max")):
        widget.controls[name].value = value
        after = widget.draw()
        assert after.shape != before.shape or not np.array_equal(before, after), name
        before = after


def test_snippets_are_shown():
    widget = make()
    pixels = widget.draw()
    for k, start in enumerate((5, 15, 25)):
        middle = 150 + (k + 0.5) * 470 / 3
        assert abs(int(pixels[2 * (44 + 36 + 29), round(2 * middle), 0]) - 255 * start / 30) <= 1


@pytest.mark.parametrize(("frames", "classes", "K"), [(5, 2, 1), (30, 8, 9), (75, 6, 7)])
def test_picture_keeps_white_edges(frames, classes, K):
    widget = make(frames, classes)
    widget.controls["K"].value = K
    pixels = widget.draw()
    assert pixels.dtype == np.uint8 and pixels.shape[1] == 2 * 760
    assert (pixels[:, -1] == 255).all() and (pixels[-1] == 255).all() and (pixels[0] == 255).all()


def test_bundle_and_controls():
    widget = make()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id
    assert metadata["image/png"]["alt"] == widget.caption()
    assert data["text/plain"].startswith("How many looks")
    assert len(widget.controls) == 3 and all(control.description for control in widget.controls.values())


@pytest.mark.parametrize("change", [{"scores": torch.zeros(29, 6)}, {"classes": ["a", "b"]}, {"label": 6}])
def test_refuses(change):
    arguments = {"video": torch.zeros(3, 30, 8, 8), "scores": torch.zeros(30, 6), "classes": list("abcdef"), "label": 0}
    with pytest.raises(ShapeError, match="a row of scores"):
        SegmentConsensus(**(arguments | change))
