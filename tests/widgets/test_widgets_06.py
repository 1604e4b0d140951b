"""The map of clips: walk, neighbours, pictures and controls."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.errors import ShapeError
from course_lib.widgets.clip_embedding import ClipEmbedding, embedding_state
from course_lib.widgets.kit.explorer import VIEW

POINTS = torch.tensor([[3.0, 0], [0, 0], [1, 0], [5, 0]])
ARROWS = torch.tensor([[1.0, 0], [9, 1], [0, 2], [1, 5]])


def test_state_by_hand():
    state = embedding_state(POINTS, ARROWS, step=2, k=2)
    assert state.order.tolist() == [1, 2, 0, 3]  # from the left along the line
    assert state.clip == 0
    assert state.nearest.tolist() == [1, 3]  # of the arrows, not of the points
    assert state.similarity == pytest.approx([9 / 82**0.5, 1 / 26**0.5])


@pytest.mark.parametrize(
    ("points", "step", "message"), [(POINTS, 4, "0 to 3"), (POINTS, -1, "0 to 3"), (POINTS[:3], 0, "one per clip")]
)
def test_state_refuses(points, step, message):
    with pytest.raises(ShapeError, match=message):
        embedding_state(points, ARROWS, step)


def make(number=30, frames=8):
    generator = torch.Generator().manual_seed(0)
    clips = torch.rand(number, 3, frames, 24, 24, generator=generator)
    maps = {name: (torch.randn(number, 2, generator=generator),) * 2 for name in ("one", "two")}
    return ClipEmbedding(clips, maps, torch.arange(number) % 3, ("right", "down", "left"))


def test_walk_visits_every_clip():
    widget = make()
    seen = []
    for step in range(30):
        widget.controls["step"].value = step
        seen.append(widget.state.clip)
    assert sorted(seen) == list(range(30))


def test_another_map_keeps_the_clip():
    widget = make()
    widget.controls["step"].value = 7
    clip, before = widget.state.clip, widget.draw()
    widget.controls["descriptors"].value = "two"
    assert widget.state.clip == clip and widget.state is widget._states["two"][widget.controls["step"].value]
    assert not np.array_equal(before, widget.draw())
    widget.controls["descriptors"].value = "one"
    assert widget.controls["step"].value == 7 and np.array_equal(before, widget.draw())


def test_words_count_the_neighbours_of_the_same_class():
    widget = make()
    state = widget.state
    same = sum(n % 3 == state.clip % 3 for n in state.nearest)
    assert f"Of its 5 nearest clips {same} are of the same class" in widget.caption()
    before = widget.caption(), widget._picture.value
    widget.controls["step"].value = 1
    assert widget.caption() != before[0] and widget._picture.value != before[1]


@pytest.mark.parametrize("frames", [1, 8, 16])
def test_picture(frames):
    pixels = make(frames=frames).draw()
    assert pixels.dtype == np.uint8 and pixels.shape[1] == 2 * 760
    assert (pixels[:, -1] == 255).all() and (pixels[-1] == 255).all()


def test_chosen_clip_is_shown_in_full():
    """The first strip on the right holds the chosen clip's eight frames, in order."""
    clips = torch.zeros(6, 3, 8, 24, 24)
    clips += (torch.arange(6).view(-1, 1, 1, 1, 1) * 8 + torch.arange(8).view(1, 1, -1, 1, 1)) / 50
    points = torch.randn(6, 2, generator=torch.Generator().manual_seed(1))
    widget = ClipEmbedding(clips, {"map": (points, points)}, torch.zeros(6, dtype=torch.long), ("only",))
    pixels = widget.draw()
    shown = [pixels[2 * 37, 2 * (432 + 26 + 37 * t + 18), 0] for t in range(8)]
    expected = [round(255 * (8 * widget.state.clip + t) / 50) for t in range(8)]
    assert np.abs(np.array(shown, int) - expected).max() <= 1


def test_bundle_and_controls():
    widget = make()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id
    assert metadata["image/png"]["alt"] == widget.caption()
    assert data["text/plain"].startswith("Which clips lie together?")
    assert len(widget.controls) <= 3 and all(control.description for control in widget.controls.values())
    assert Image.fromarray(widget.draw()).width == 1520


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": torch.zeros(5)}, "a label for each"),
        ({"labels": torch.full((6,), 3)}, "labels up to 3"),
        ({"maps": {"m": (torch.zeros(5, 2), torch.zeros(6, 2))}}, "one for each"),
    ],
)
def test_refuses(change, message):
    arguments = {"clips": torch.zeros(6, 3, 2, 8, 8), "maps": {}, "labels": torch.zeros(6), "classes": ("a", "b")}
    with pytest.raises(ShapeError, match=message):
        ClipEmbedding(**(arguments | change))
