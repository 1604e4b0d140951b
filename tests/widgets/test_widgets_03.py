"""Which frames each unit sees: by formula, by the gradients of the real networks, and as a picture."""

import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models.fusion import EarlyFusion, LateFusion, MultiResolution, SingleFrame, SlowFusion
from course_lib.widgets.fusion_frames import LEVELS, MODELS, FusionExplorer, fusion_state, published_layers
from course_lib.widgets.kit.explorer import VIEW


@pytest.mark.parametrize(
    "model, level, time, frames",
    [
        (SingleFrame, "fc", 0, [9]),
        (EarlyFusion, "conv1", 0, range(5, 15)),
        (LateFusion, "conv5", 1, [17]),
        (LateFusion, "fc", 0, [2, 17]),
        (SlowFusion, "conv1", 0, range(5, 9)),
        (SlowFusion, "conv1", 3, range(11, 15)),
        (SlowFusion, "conv2", 1, range(9, 15)),
        (SlowFusion, "conv3", 0, range(5, 15)),
        (MultiResolution, "fc", 0, [9]),
        (SlowFusion, "frames", 2, [7]),
    ],
)
def test_frames_of_a_unit(model, level, time, frames):
    assert fusion_state(model, LEVELS.index(level), time).frames == tuple(frames)


@pytest.mark.parametrize("model", [SingleFrame, EarlyFusion, LateFusion, SlowFusion])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_real_networks_agree(model, level):
    torch.manual_seed(0)
    network, seen = model.mini(3).eval(), []
    network.tower.convs[level - 1].register_forward_hook(lambda module, args, output: seen.append(output))
    clip = torch.rand(1, 3, model.frames, 32, 32, requires_grad=True)
    network(clip)
    assert seen[0].shape[2] == fusion_state(model, level, 0).counts[level]
    for time in range(seen[0].shape[2]):
        (gradient,) = torch.autograd.grad(seen[0][:, :, time].sum(), clip, retain_graph=True)
        reached = gradient.abs().sum((0, 1, 3, 4)).nonzero().flatten()
        assert tuple(model.frame_indices(20)[reached].tolist()) == fusion_state(model, level, time).frames


@pytest.mark.parametrize("model, side", [(SlowFusion, 170), (MultiResolution, 89)])
def test_pixels_of_a_unit(model, side):
    assert [fusion_state(model, level, 0).pixels for level in range(6)] == [1, 11, 38, 68, min(116, side), side]


@pytest.mark.parametrize("model, width", [(SlowFusion, 4096), (MultiResolution, 4096)])
def test_layers_are_those_of_the_published_size(model, width):
    layers, side = published_layers(model)
    with torch.device("meta"):
        network = model()
    convs = network.context.convs if model is MultiResolution else network.tower.convs
    ours = [layer for layer in layers if layer.name.startswith("conv")]
    for conv, layer in zip(convs, ours, strict=True):
        assert (conv.kernel_size, conv.stride, conv.out_channels) == (layer.kernel, layer.stride, layer.channels)
    assert layers[-1].channels == network.head[0].out_features == width
    assert side == (89 if model is MultiResolution else 170)


def test_what_is_not_there_is_refused():
    with pytest.raises(ShapeError, match="0 to 5"):
        fusion_state(SlowFusion, 6, 0)
    with pytest.raises(ShapeError, match="0 to 3"):
        fusion_state(SlowFusion, 1, 4)
    with pytest.raises(CourseError, match="spans 16"):
        fusion_state(LateFusion, 1, 0, num_frames=12)
    with pytest.raises(ShapeError, match="16 to 20"):
        FusionExplorer(torch.zeros(3, 30, 8, 8))


def test_the_sliders_follow_the_architecture():
    widget = FusionExplorer()
    assert (widget._time.max, widget._time.disabled) == (3, False)
    widget._time.value = 3
    assert "unit 3 of 0 to 3, sees 4 frames, 11 to 14" in widget.caption()
    widget._model.value = "early fusion"
    assert widget._time.disabled and "10 frames, 5 to 14" in widget.caption()
    widget._model.value, widget._level.value = "late fusion", LEVELS.index("fc")
    assert "sees frames 2 and 17" in widget.caption()


@pytest.mark.parametrize("name", MODELS)
def test_every_choice_draws_another_picture(name):
    widget, pictures = FusionExplorer(), set()
    widget._model.value = name
    for level in range(len(LEVELS)):
        widget._level.value = level
        pictures.add(widget.draw().tobytes())
    assert len(pictures) == len(LEVELS)


def test_it_shows_as_a_widget_and_as_a_picture():
    data, metadata = FusionExplorer()._repr_mimebundle_()
    assert set(data) == {VIEW, "image/png", "text/plain"}
    assert "slow fusion, conv1" in metadata["image/png"]["alt"]
