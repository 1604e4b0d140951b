"""The place of fusion: counts and fields of the real network, pictures and controls."""

import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.models.two_stream import CNN_M_2048
from course_lib.widgets.fusion_place import PLACES, FusionPlace, place_state
from course_lib.widgets.kit.explorer import VIEW


@pytest.mark.parametrize(
    "place, how, total", [(4, "sum", 97_236_421), (4, "convolution", 97_761_221), (7, "sum", 181_335_594)]
)
def test_totals(place, how, total):
    state = place_state(place, how)
    assert state.total == total == state.below + state.fusing + state.above
    assert sum(map(sum, state.layers)) + state.fusing == total


def test_every_place_moves_layers_from_above_to_below():
    below = [place_state(place, "sum").below for place in range(len(PLACES))]
    assert below == sorted(below) and below[0] == 96 * 49 * 23 + 2 * 96
    assert all(len(place_state(place, "sum").layers) == 8 for place in range(len(PLACES)))
    assert place_state(7, "sum").above == 0


@pytest.mark.parametrize(
    "place, places, field, step", [(0, 109, 7, 2), (1, 26, 27, 8), (2, 13, 75, 16), (4, 13, 139, 16), (5, 1, 224, 224)]
)
def test_map_and_field(place, places, field, step):
    state = place_state(place, "sum")
    assert (state.places, state.field, state.step) == (places, field, step)


def test_the_field_holds_all_that_a_gradient_reaches():
    torch.manual_seed(0)
    stream = CNN_M_2048(2, widths=(8, 8, 8), hidden=(4, 4))
    x = torch.randn(1, 3, 224, 224, requires_grad=True)
    y = stream.conv3(stream.pool(stream.conv2(stream.pool(stream.conv1(x)))))
    (gradient,) = torch.autograd.grad(y[0, :, 6, 6].abs().sum(), x)
    seen = gradient.abs().sum((0, 1, 3)).nonzero().flatten()
    field = place_state(2, "sum").field
    assert field - 16 <= seen.max() - seen.min() + 1 <= field  # a maximum may lie inside its window


def test_there_is_no_ninth_place():
    with pytest.raises(ShapeError, match="0 to 7"):
        place_state(8, "sum")


def make():
    generator = torch.Generator().manual_seed(0)
    return FusionPlace(torch.rand(3, 32, 32, generator=generator), torch.randn(2, 32, 32, generator=generator))


def test_picture_and_caption_follow_both_controls():
    widget, seen = make(), set()
    for place in range(8):
        widget.controls["place"].value = place
        seen.add((widget._picture.value, widget.caption()))
    assert len(seen) == 8
    widget.controls["place"].value = 2
    before = widget._picture.value
    widget.controls["how"].value = "concatenation"
    assert widget._picture.value != before
    assert "Concatenation behind ReLU3" in widget.caption()


def test_it_shows_itself():
    bundle, metadata = make()._repr_mimebundle_()
    assert VIEW in bundle and "ReLU5" in metadata["image/png"]["alt"]


def test_other_sizes_are_refused():
    with pytest.raises(ShapeError, match="flow is"):
        FusionPlace(torch.rand(3, 32, 32), torch.rand(2, 16, 32))
