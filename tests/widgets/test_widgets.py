"""Widgets: the numbers behind the pictures, the pictures themselves, and what ipywidgets 7 and 8 have in common."""

import base64
import io

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import plots
from course_lib.errors import CourseError, ShapeError
from course_lib.ops.receptive_field import FUSIONS, build, fusion_layers, gradient_map
from course_lib.widgets.clip_sampler import ClipSampler, _tick, sampler_state
from course_lib.widgets.convolution_explorer import (
    ConvolutionExplorer,
    convolution_state,
    motion_kernels,
    out_and_back_bar,
)
from course_lib.widgets.kit.explorer import VIEW, Explorer
from course_lib.widgets.receptive_field import ReceptiveFieldExplorer, field_state

# ipywidgets 7.7.1 (Colab) and 8 share these; titles of tabs, tooltips and new classes differ.
COMMON_CLASSES = {
    *("IntSlider", "FloatSlider", "Dropdown", "ToggleButtons", "Checkbox", "Button", "Play"),
    *("HTML", "Image", "Output", "HBox", "VBox", "Label", "Link", "Layout"),
}


def colour_clip(frames=40):
    clip = np.zeros((3, frames, 30, 40), np.uint8)
    clip[0] = 6 * np.arange(frames)[:, None, None]
    return clip


def make(name):
    kinds = {"sampler": lambda: ClipSampler(colour_clip()), "convolution": ConvolutionExplorer}
    return kinds.get(name, ReceptiveFieldExplorer)()


ALL = ("sampler", "convolution", "receptive field")


# --- the numbers -----------------------------------------------------------------------------------------------------


def test_sampler_takes_every_stride_frame():
    state = sampler_state(num_frames=100, start=10, stride=5, clip_len=4, fps=25)
    assert state.taken.tolist() == [10, 15, 20, 25]
    assert not state.beyond.any()
    assert state.seconds == 4 * 5 / 25


@pytest.mark.parametrize(("mode", "taken"), [("clamp", [7, 9, 9, 9]), ("loop", [7, 0, 3, 6])])
def test_sampler_beyond_the_end(mode, taken):
    state = sampler_state(num_frames=10, start=7, stride=3, clip_len=4, mode=mode)
    assert state.wanted.tolist() == [7, 10, 13, 16]
    assert state.taken.tolist() == taken
    assert state.beyond.tolist() == [False, True, True, True]


def test_convolution_state_is_one_voxel_of_conv3d():
    noise = np.random.default_rng(0)
    clip, kernel = noise.normal(size=(5, 6, 8)), noise.normal(size=(2, 3, 4))
    expected = torch.nn.functional.conv3d(torch.tensor(clip)[None, None], torch.tensor(kernel)[None, None])[0, 0]
    for place in np.ndindex(*expected.shape):
        state = convolution_state(clip, kernel, *place)
        assert state.value == pytest.approx(expected[place].item())
        assert state.frame_sums.sum() == pytest.approx(state.value)
    assert state.window.shape == state.products.shape == (2, 3, 4)


def test_default_kernels_tell_the_story():
    """A right-moving bar gives 18 to its kernel and 0 to the other; the stack answers at one moment."""
    clip, kernels = out_and_back_bar(), motion_kernels()
    right, left, single, stacked = kernels.values()
    assert convolution_state(clip, right, 0, 2, 1).value == convolution_state(clip, right, 1, 2, 2).value == 18
    assert convolution_state(clip, left, 0, 2, 1).value == 0
    assert convolution_state(clip, left, 3, 2, 2).value == 18
    assert convolution_state(clip, single, 5, 2, 1).value == 6
    explorer = ConvolutionExplorer()
    assert [output.shape[0] for output in explorer.outputs.values()] == [4, 4, 6, 1]
    assert explorer.outputs["2D over 6 stacked frames: right, at once"].max() == 18
    assert all(kernel.sum() == 0 for kernel in kernels.values())


@pytest.mark.parametrize("place", [(4, 0, 0), (0, 5, 0), (0, 0, -1)])
def test_convolution_outside_the_output_is_refused(place):
    with pytest.raises(ShapeError, match="outside the output"):
        convolution_state(out_and_back_bar(), np.ones((3, 3, 3)), *place)


@pytest.mark.parametrize(
    ("clip", "kernel", "message"),
    [
        (np.ones((2, 7, 7)), np.ones((3, 3, 3)), "does not fit"),
        (np.ones((1, 6, 7, 7)), np.ones((3, 3, 3)), r"clip\[0\]"),
        (np.ones((6, 64, 64)), np.ones((3, 3, 3)), "at most"),
        (np.ones((6, 7, 7)), np.ones((3, 3)), "three axes"),
    ],
)
def test_convolution_explorer_refuses(clip, kernel, message):
    with pytest.raises(ShapeError, match=message):
        ConvolutionExplorer(clip, kernel)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_field_is_the_box_of_the_gradient(fusion):
    size = (3, 20, 32, 32)
    layers = fusion_layers(fusion)
    network = build(layers, 3).double()
    for layer in range(1, len(layers) + 1):
        times = field_state(layers, size, layer, 0).rows[layer].size[1]
        for time in {0, times // 2, times - 1}:
            state = field_state(layers, size, layer, time)
            seen = gradient_map(network[:layer], size, state.unit, trials=8).numpy() > 0
            box = tuple((int(where.min()), int(where.max())) for where in seen.nonzero())
            assert state.box == box, (layers[layer - 1].name, time)


def test_an_inner_unit_sees_what_the_table_says():
    layers = fusion_layers("3D CNN")
    state = field_state(layers, (3, 20, 64, 64), 3, 2)
    assert state.extent == state.rows[3].field == (14, 14, 14)
    assert state.box[0] == (3, 16)


@pytest.mark.parametrize(("layer", "time"), [(5, 0), (-1, 0), (3, 5), (0, 20)])
def test_units_that_do_not_exist_are_refused(layer, time):
    with pytest.raises(ShapeError):
        field_state(fusion_layers("3D CNN"), (3, 20, 64, 64), layer, time)


# --- the pictures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_every_control_changes_picture_and_words(name):
    for key in make(name).controls:
        widget = make(name)
        control = widget.controls[key]
        before = widget.draw(), widget.caption(), widget._picture.value
        if hasattr(control, "max"):
            control.value = control.value + 1 if control.value < control.max else control.value - 1
        else:
            values = [option[1] if isinstance(option, tuple) else option for option in control.options]
            control.value = next(value for value in values if value != control.value)
        if key == "mode":
            widget.controls["start"].value = 39  # only there the end matters
        after = widget.draw(), widget.caption(), widget._picture.value
        assert before[0].shape != after[0].shape or (before[0] != after[0]).any(), key
        assert before[1] != after[1] and before[2] != after[2], key


def test_the_end_matters_only_near_the_end():
    widget = ClipSampler(colour_clip(), start=0, stride=2)
    inside = widget.draw()
    widget.controls["mode"].value = "loop"
    assert np.array_equal(inside, widget.draw())
    widget.controls["start"].value = 39
    looped = widget.draw()
    widget.controls["mode"].value = "clamp"
    assert not np.array_equal(looped, widget.draw())
    assert "15 of the 16" in widget.caption()


@pytest.mark.parametrize("name", ALL)
def test_nothing_touches_the_border(name):
    """Text or frames that were cut off would leave ink in the outermost pixels."""
    pixels = make(name).draw()
    assert pixels.dtype == np.uint8 and pixels.shape[1] == 2 * 760
    assert (pixels[:, -1] == 255).all() and (pixels[-1] == 255).all()


def test_parts_of_the_convolution_lie_below_each_other():
    """Grey clip, then the coloured kernel, then the coloured output: three bands of rows that do not overlap."""
    pixels = ConvolutionExplorer().draw().astype(int)
    black = (pixels == 0).all(axis=2).sum(axis=1) > 600  # the clip alone is black over half of the width
    weight = (pixels == (103, 0, 31)).all(axis=2).sum(axis=1) > 100  # 2 of 2 in all three frames of the kernel
    clip_rows, kernel_rows = black.nonzero()[0], weight.nonzero()[0]
    assert 80 <= clip_rows.min() and clip_rows.max() <= 2 * (40 + 7 * 16)
    assert kernel_rows.min() > clip_rows.max() + 40


@pytest.mark.parametrize("name", ALL)
def test_bundle_holds_view_picture_and_words(name):
    widget = make(name)
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.width == 760
    assert len(data["image/png"]) < 100_000
    assert metadata["image/png"]["alt"] == widget.caption()
    assert data["text/plain"].startswith(widget.question) and widget.question.endswith("?")
    assert make(name)._repr_mimebundle_()[0]["image/png"] == data["image/png"]
    width, _ = widget.snapshot().get_size_inches()
    assert width * plots.DPI == pytest.approx(760)


@pytest.mark.parametrize("name", ALL)
def test_picture_has_alternative_text_and_a_fixed_size(name):
    widget = make(name)
    markup = widget._picture.value
    height, width = (side // 2 for side in widget.draw().shape[:2])
    assert f'width="{width}" height="{height}"' in markup
    assert markup.count(widget.caption()) == 2  # alt and caption
    picture = Image.open(io.BytesIO(base64.b64decode(markup.split("base64,")[1].split('"')[0]))).convert("RGB")
    assert picture.size == (2 * width, 2 * height)
    assert picture.getpixel((2 * width - 1, 2 * height - 1)) == (255, 255, 255)
    assert np.percentile(np.abs(np.asarray(picture).astype(int) - widget.draw()), 99) <= 12  # 5 % of full brightness


# --- controls --------------------------------------------------------------------------------------------------------


def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


@pytest.mark.parametrize("name", ALL)
def test_only_what_ipywidgets_7_and_8_share(name):
    widget = make(name)
    parts = list(walk(widget.view))
    assert {type(part).__name__ for part in parts} <= COMMON_CLASSES
    assert len(widget.controls) <= 3
    assert all(control in parts and control.description for control in widget.controls.values())
    # ipywidgets 7 hides arguments that it does not know: only traits that both versions have may be set
    for part in parts:
        assert not getattr(part, "tooltip", None) and getattr(part, "tabbable", None) is None


def test_a_volume_of_one_frame_switches_the_time_slider_off():
    widget = ConvolutionExplorer()
    time = widget.controls["time"]
    time.value = 3
    *_, stacked = widget.kernels
    widget.controls["kernel"].value = stacked
    assert time.disabled and widget.place[0] == 0
    widget.controls["kernel"].value = next(iter(widget.kernels))
    assert not time.disabled and time.max == 3


def test_one_move_draws_once(monkeypatch):
    widget = ReceptiveFieldExplorer()
    drawn = []
    draw = widget.draw
    monkeypatch.setattr(widget, "draw", lambda: drawn.append(1) or draw())
    widget.controls["time"].value = 4
    widget.controls["network"].value = "early fusion"  # moves the range and the value of the time slider along
    assert len(drawn) == 2
    assert widget.controls["time"].disabled and widget.state.unit[0] == 0


def test_player_and_slider_move_together():
    widget = ClipSampler(colour_clip(), start=3)
    (play,) = [part for part in walk(widget.view) if isinstance(part, ipywidgets.Play)]
    assert (play.value, play.min, play.max) == (3, 0, 39)


@pytest.mark.parametrize("frames", [1, 2, 3, 400])
def test_sampler_takes_short_and_long_clips(frames):
    widget = ClipSampler(colour_clip(min(frames, 42)).repeat(10, axis=1)[:, :frames], stride=4, max_frames=300)
    widget.controls["start"].value = widget.controls["start"].max
    assert widget.state.taken.max() < min(frames, 300)
    assert widget.draw().shape[1] == 1520


@pytest.mark.parametrize(
    ("frames", "fps", "tick"),
    [(1, 25, 1), (12, 25, 1), (13, 25, 2), (60, 25, 5), (300, 30, 30), (300, 29.97, 50), (800, 25, 125)],
)
def test_timeline_has_at_most_twelve_labels(frames, fps, tick):
    assert _tick(frames, fps) == tick


def test_sampler_refuses_what_it_cannot_show():
    with pytest.raises(ValueError, match="1 to 32"):
        ClipSampler(colour_clip(), clip_len=64)
    with pytest.raises(CourseError, match="permute"):
        ClipSampler(colour_clip().transpose(1, 0, 2, 3))


def test_more_than_three_controls_are_refused():
    sliders = {str(i): ipywidgets.IntSlider() for i in range(4)}
    with pytest.raises(ValueError, match="at most three"):
        Explorer(sliders)


def test_sampler_reads_a_file(tmp_path):
    video_io = pytest.importorskip("course_lib.data.video_io", exc_type=ImportError)
    path = tmp_path / "clip.mp4"
    video_io.write_video(path, torch.from_numpy(colour_clip(30).repeat(4, axis=2).repeat(4, axis=3)), fps=10)
    widget = ClipSampler(path, max_frames=20)
    assert (widget.num_frames, widget.fps) == (20, 10)
    assert "2.00 s" in widget.caption()
