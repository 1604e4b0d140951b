"""Figures: what is drawn, that it is the same every time, and that its alternative text arrives."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import plots
from course_lib.errors import ShapeError


def colour_clip(frames=6, height=20, width=30):
    clip = np.zeros((3, frames, height, width), np.uint8)
    clip[0] = 40 * np.arange(frames)[:, None, None]  # every frame has its own red
    clip[2, :, 5, 7] = 255
    return clip


def test_film_strip_shows_the_asked_frames_in_order():
    clip = colour_clip()
    fig, ax = plots.film_strip(clip, indices=[4, 1, 1])
    sheet = np.asarray(ax.images[0].get_array())
    _, corners = plots.montage(plots.to_pictures(clip)[[4, 1, 1]], 3)
    for (x, y), frame in zip(corners, [4, 1, 1], strict=True):
        assert np.array_equal(sheet[y : y + 20, x : x + 30], clip[:, frame].transpose(1, 2, 0))
    assert [text.get_text() for text in ax.texts] == ["frame 4", "frame 1", "frame 1"]


def test_film_strip_without_indices_spreads_over_the_clip():
    _, ax = plots.film_strip(colour_clip(frames=40))
    shown = [int(text.get_text().split()[1]) for text in ax.texts]
    assert len(shown) == 8 and shown[0] == 0 and shown[-1] == 39


def test_film_strip_fits_the_width_and_wraps():
    fig, _ = plots.film_strip(colour_clip(frames=12, height=200, width=300), indices=range(12), columns=6)
    width, height = fig.get_size_inches()
    assert width <= plots.WIDTH + 1e-6 and height < width


@pytest.mark.parametrize("make", [lambda x: x, torch.from_numpy, lambda x: torch.from_numpy(x).requires_grad_()])
def test_pictures_from_floats_are_clipped_and_grey_is_repeated(make):
    grey = np.array([[[0.0, 0.5], [1.0, 1.7]]], np.float32)  # (T, H, W)
    pictures = plots.to_pictures(make(grey))
    assert pictures.shape == (1, 2, 2, 3) and pictures.dtype == np.uint8
    assert pictures[0, :, :, 1].tolist() == [[0, 128], [255, 255]]


@pytest.mark.parametrize(
    ("shape", "hint"),
    [((8, 3, 20, 30), "permute(1, 0, 2, 3)"), ((8, 20, 30, 3), "permute(3, 0, 1, 2)"), ((2, 3, 8, 20, 30), "clip[0]")],
)
def test_a_clip_with_swapped_axes_is_told_so(shape, hint):
    with pytest.raises(ShapeError) as error:
        plots.film_strip(np.zeros(shape, np.uint8))
    assert hint in str(error.value) and str(shape) in str(error.value)


@pytest.mark.parametrize("indices", [[6], [-1], []])
def test_frames_outside_the_clip_are_refused(indices):
    with pytest.raises(ShapeError, match="between 0 and 5"):
        plots.film_strip(colour_clip(), indices=indices)


def test_one_title_per_frame():
    with pytest.raises(ShapeError, match="2 titles for 3 frames"):
        plots.film_strip(colour_clip(), indices=[0, 1, 2], titles=["a", "b"])


def test_lines_differ_in_more_than_colour():
    fig, ax = plots.curve([1, 2, 3], {"a": [1, 2, 3], "b": torch.tensor([3, 2, 1])}, "step", "accuracy (%)")
    first, second = ax.get_lines()
    assert first.get_linestyle() != second.get_linestyle() and first.get_marker() != second.get_marker()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "accuracy (%)")


def test_a_line_of_another_length_is_refused():
    with pytest.raises(ShapeError, match="line 'b'"):
        plots.curve([1, 2, 3], {"a": [1, 2, 3], "b": [1, 2]}, "x", "y")


def test_bars_carry_their_numbers():
    _, ax = plots.bars(["late", "3D"], {"seen": [98, 97.25], "later": [1, 96]}, "accuracy (%)")
    assert [text.get_text() for text in ax.texts] == ["98", "97.2", "1", "96"]
    with pytest.raises(ShapeError, match="one per label"):
        plots.bars(["late", "3D"], [1, 2, 3], "accuracy (%)")


def test_signed_heatmap_is_centred_on_zero():
    _, ax = plots.heatmap([[-1.0, 3.0]], "x", "y", signed=True)
    assert ax.images[0].get_clim() == (-3, 3)
    assert [text.get_text() for text in ax.texts] == ["-1", "3"]
    _, ax = plots.heatmap([[2.0, 4.0]], "x", "y")
    assert ax.images[0].get_clim() == (0, 4)


@pytest.mark.parametrize("signed", [False, True])
def test_constant_heatmap_has_a_scale(signed):
    _, ax = plots.heatmap(np.zeros((2, 2)), "x", "y", signed=signed)
    low, high = ax.images[0].get_clim()
    assert low < high
    assert not signed or low == -high


def test_heatmap_wants_a_matrix():
    with pytest.raises(ShapeError, match="choose one channel"):
        plots.heatmap(np.zeros((1, 2, 2)), "x", "y")


def test_kernel_strip_has_a_tile_per_channel_and_frame():
    weight = torch.arange(2 * 3 * 2 * 2.0).reshape(2, 3, 2, 2)
    _, ax = plots.kernel_strip(weight)
    assert len(ax.images) == 6
    assert all(image.get_clim() == (-23, 23) for image in ax.images)
    assert np.array_equal(ax.images[4].get_array(), weight[1, 1])
    with pytest.raises(ShapeError, match=r"weight\[0\]"):
        plots.kernel_strip(weight[None])


def test_timeline_keeps_room_for_frames_beyond_the_end():
    _, ax = plots.timeline(10, {"stride 4": [0, 4, 8, 12]}, fps=25)
    assert ax.get_xlim()[1] > 12
    assert ax.get_lines()[1].get_xdata().tolist() == [0, 4, 8, 12]


def figures():
    noise = np.random.default_rng(0)
    yield "film_strip", plots.film_strip((255 * noise.random((3, 8, 96, 128))).astype(np.uint8))
    yield "curve", plots.curve(np.arange(50), {"a": noise.random(50), "b": noise.random(50)}, "step", "loss")
    yield "bars", plots.bars(["a", "b"], [1, 2], "time (ms)")
    yield "heatmap", plots.heatmap(noise.normal(size=(8, 8)), "x", "y", signed=True, unit="pixels")
    yield "kernel_strip", plots.kernel_strip(noise.normal(size=(3, 5, 7, 7)))
    yield "timeline", plots.timeline(100, {"stride 2": np.arange(0, 32, 2)})


def test_figures_are_small_and_the_same_every_time():
    for (name, (fig, _)), (_, (again, _)) in zip(figures(), figures(), strict=True):
        data = plots.png(fig)
        limit = 130_000 if name == "film_strip" else 30_000  # noise is the worst a strip can hold
        assert data == plots.png(again), name
        assert len(data) < limit, name
        picture = Image.open(io.BytesIO(data))
        assert picture.size == tuple(int(size * plots.DPI) for size in fig.get_size_inches()), name
        assert picture.convert("L").getextrema()[0] < 100, f"{name} is empty"


def test_show_outside_jupyter_prints_the_text(capsys):
    plots.show(plots.bars(["a"], [1], "time (ms)"), alt="One bar of 1 ms.")
    assert capsys.readouterr().out == "One bar of 1 ms.\n"


def test_show_in_jupyter_sends_picture_alt_and_caption(monkeypatch):
    sent = []

    class Shell:
        kernel = object()

    monkeypatch.setattr("IPython.get_ipython", Shell)
    monkeypatch.setattr("IPython.display.display", lambda *objects, **how: sent.append((objects[0], how)))
    fig, _ = plots.bars(["a"], [1], "time (ms)")
    plots.show(fig, alt="One bar <of> 1 ms.")
    (picture, how), (caption, _) = sent
    assert set(picture) == {"image/png", "text/plain"}
    assert how["metadata"]["image/png"] == {"width": 512, "height": 272, "alt": "One bar <of> 1 ms."}
    assert "One bar &lt;of&gt; 1 ms." in caption._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("alt", ["", "  ", None])
def test_a_figure_without_alternative_text_is_refused(alt):
    with pytest.raises(ValueError, match="alt="):
        plots.show(plots.bars(["a"], [1], "time (ms)"), alt=alt)


def test_plots_leave_pyplot_alone():
    draw = "import sys, course_lib.plots as p; p.png(p.bars(['a'], [1], 's')[0])"
    code = f"{draw}; print('matplotlib.pyplot' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"
