"""A point's depth over time, by hand and in the picture."""

import numpy as np
import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.widgets.kit.explorer import VIEW
from course_lib.widgets.steady_track import SteadyTrack, track_state


@pytest.fixture
def widget():
    generator = torch.Generator().manual_seed(3)
    frames = torch.rand(5, 3, 12, 16, generator=generator)
    truth = 2 + torch.rand(12, 16, generator=generator).expand(5, 12, 16)
    before = truth * torch.tensor([1.0, 1.2, 0.9, 1.1, 1.0]).view(-1, 1, 1)
    places = torch.tensor([[2.0, 3], [8, 5], [15, 11], [1, 1]])
    tracks = places[:, None].expand(4, 5, 2) + torch.arange(5.0)[:, None] * torch.tensor([0.3, 0.2])
    seen = torch.ones(4, 5, dtype=torch.bool)
    seen[2, 2:] = False  # too short to be shown
    seen[3, 4] = False
    return SteadyTrack(frames, before, 1.01 * truth, tracks, seen, truth=truth)


def test_state_by_hand():
    ramp = torch.arange(6.0).view(1, 1, 6).expand(3, 2, 6) + 1
    depths = {"a": ramp * torch.tensor([1.0, 2.0, 1.0]).view(3, 1, 1), "b": ramp}
    track = torch.tensor([[1.0, 0], [1.5, 1], [3, 0.5]])
    state = track_state(depths, track, torch.tensor([True, True, False]))
    assert state.depth["a"][:2].tolist() == pytest.approx([2, 5]) and np.isnan(state.depth["a"][2])
    assert state.change["a"] == pytest.approx(1.5) and state.change["b"] == pytest.approx(0.25)
    alone = track_state(depths, track, torch.tensor([True, False, True]))
    assert np.isnan(alone.change["a"])


def test_a_falling_depth_is_a_change_too():
    depth = {"a": torch.tensor([4.0, 2.0]).view(2, 1, 1).expand(2, 3, 3)}
    assert track_state(depth, torch.ones(2, 2), torch.ones(2, dtype=torch.bool)).change["a"] == pytest.approx(1.0)


def test_state_refuses():
    with pytest.raises(ShapeError, match="expected as many"):
        track_state({"a": torch.ones(3, 4, 5)}, torch.zeros(2, 2), torch.ones(2, dtype=torch.bool))


def test_short_tracks_are_left_out_and_a_jumping_one_is_shown_first(widget):
    assert len(widget.tracks) == 3 and widget.controls["point"].max == 3
    pairs = zip(widget.tracks, widget.seen, strict=True)
    changes = [track_state(widget.depths, *pair).change for pair in pairs]
    assert widget.point == int(np.argmax([change["before"] - change["truth"] for change in changes]))
    with pytest.raises(ShapeError, match="None of 4 points"):
        SteadyTrack(widget.frames, widget.maps["before"], widget.maps["after"], torch.zeros(4, 5, 2),
                    torch.zeros(4, 5, dtype=torch.bool))  # fmt: skip


def test_every_step_changes_picture_and_words(widget):
    before = None
    for name, values in (("frame", range(5)), ("point", range(1, 4))):
        for value in values:
            widget.controls[name].value = value
            now = widget.draw(), widget.caption()
            assert before is None or (not np.array_equal(now[0], before[0]) and now[1] != before[1])
            before = now
        before = None


def test_words(widget):
    widget.controls["frame"].value, widget.controls["point"].value = 1, 1
    state = widget.state
    assert f"at {state.depth['before'][1]:.2f} m before" in widget.caption() and "in truth" in widget.caption()
    widget.controls["frame"].value, widget.controls["point"].value = 4, 3
    assert "is not seen in frame 4" in widget.caption()


def test_without_truth_it_works_too(widget):
    plain = SteadyTrack(widget.frames, widget.maps["before"], widget.maps["after"], widget.tracks, widget.seen)
    assert "truth" not in plain.caption() and plain.draw().dtype == np.uint8


def test_bundle_and_controls(widget):
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id and metadata["image/png"]["alt"] == widget.caption()
    assert len(widget.controls) <= 3
