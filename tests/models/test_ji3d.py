"""Ji et al.: hardwired channels, and a network with the published number of parameters."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from course_lib.errors import ShapeError
from course_lib.models.ji3d import KTH, MINI, TRECVID, Ji3D
from course_lib.ops.hardwired import grey, hardwired, image_gradients


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def waves(height, width, u=0.0, v=0.0):
    """A smooth picture, moved u to the right and v down, exactly."""
    y, x = torch.meshgrid(torch.arange(height) - v, torch.arange(width) - u, indexing="ij")
    return 0.5 + 0.2 * torch.sin(x / 3 + y / 7) + 0.2 * torch.cos(y / 4 - x / 9)


@pytest.mark.parametrize(
    "model, total",
    [
        (Ji3D(), 295_458),
        (Ji3D(connection_bias=False), 285_605),
        (Ji3D.kth(), 449_116),
    ],
)
def test_published_parameter_counts(model, total):
    assert parameters(model) == total


def test_count_layer_by_layer():
    model = Ji3D()
    by_layer = {
        "C2": sum(parameters(s.conv1) for s in model.streams),
        "S3": sum(parameters(s.sub1) for s in model.streams),
        "C4": sum(parameters(s.conv2) for s in model.streams),
        "S5": sum(parameters(s.sub2) for s in model.streams),
        "C6": parameters(model.connect),
        "output": parameters(model.head),
    }
    assert by_layer == {"C2": 1480, "S3": 92, "C4": 3810, "S5": 156, "C6": 289_536, "output": 384}


@pytest.mark.parametrize(
    "plan, sizes",
    [
        (TRECVID, [(2, 54, 34), (2, 27, 17), (6, 21, 12)]),
        (KTH, [(2, 54, 72), (2, 18, 24), (6, 12, 18)]),
    ],
)
def test_map_sizes_of_the_paper(plan, sizes):
    model, seen = Ji3D(plan), []
    stream = model.streams[0]
    for layer in (stream.conv1, stream.sub1, stream.conv2):
        layer.register_forward_hook(lambda _, __, out: seen.append((out.shape[1], *out.shape[3:])))
    maps = torch.rand(2, 5 * plan.frames - 2, plan.height, plan.width)
    assert model(maps).shape == (2, plan.classes)
    assert seen == sizes
    assert model.connect.weight.shape[2:] == ((7, 4) if plan is TRECVID else (4, 6))


def test_kernels_differ_per_channel_and_sets_stay_apart():
    model = Ji3D.mini()
    maps = torch.rand(1, 38, 32, 32, requires_grad=True)
    stream = model.streams[0](maps[:, None, :8])
    (gradient,) = torch.autograd.grad(stream.sum(), maps)
    assert (gradient[:, :8] != 0).any() and not (gradient[:, 8:] != 0).any()
    half = model.streams[0].conv2.weight.shape[0] // 2
    inner = torch.rand(1, 2, 6, 14, 14, requires_grad=True)
    (gradient,) = torch.autograd.grad(model.streams[0].conv2(inner)[:, :half].sum(), inner)
    assert not (gradient[:, 1] != 0).any()


def test_biases_per_connection_act_as_their_sum():
    torch.manual_seed(0)
    ours, usual = Ji3D(), Ji3D(connection_bias=False)
    torch.nn.init.normal_(ours.connect.bias)
    state = {k: v.sum(1) if k == "connect.bias" else v for k, v in ours.state_dict().items()}
    usual.load_state_dict({**state, "head.bias": torch.zeros(3)})
    maps = torch.rand(2, 33, 60, 40)
    torch.testing.assert_close(ours(maps), usual(maps))


def test_subsampling_by_hand():
    sub = Ji3D().streams[0].sub1
    torch.nn.init.constant_(sub.scale, 2)
    torch.nn.init.constant_(sub.bias, 1)
    x = torch.zeros(1, 2, 5, 2, 2)
    x[0, 1, 3] = torch.tensor([[1.0, 2], [3, 6]])
    out = sub(x)
    assert out.shape == (1, 2, 5, 1, 1)
    assert out[0, 1, 3].item() == 7 and out[0, 0, 0].item() == 1


def test_overfits_one_batch():
    torch.manual_seed(1)
    model, maps, labels = Ji3D.mini(), torch.rand(8, 38, 32, 32), torch.arange(8) % 4
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(60):
        optimiser.zero_grad()
        F.cross_entropy(model(maps), labels).backward()
        optimiser.step()
    assert (model(maps).argmax(1) == labels).all()


def test_wrong_maps_are_named():
    with pytest.raises(ShapeError, match=r"\(B, 33, 60, 40\).*7 frames"):
        Ji3D()(torch.rand(1, 33, 40, 60))
    with pytest.raises(ShapeError, match="does not fit"):
        Ji3D(dataclasses.replace(MINI, height=8))


def test_seven_frames_make_33_maps():
    clip = torch.rand(2, 3, 7, 12, 10)
    channels = hardwired(clip)
    assert [c.shape[1] for c in channels] == [7, 7, 7, 6, 6]
    assert channels.maps().shape == (2, 33, 12, 10)
    torch.testing.assert_close(hardwired(clip[1]).maps(), channels.maps()[1])


def test_grey_weighs_green_most():
    clip = torch.eye(3).view(3, 3, 1, 1)  # three frames: pure red, green, blue
    torch.testing.assert_close(grey(clip).flatten(), torch.tensor([0.299, 0.587, 0.114]))


def test_gradients_by_hand():
    picture = torch.tensor([[[0.0, 1, 4], [2, 3, 6]]])
    gx, gy = image_gradients(picture)
    assert gx.tolist() == [[[0.5, 2.0, 1.5], [0.5, 2.0, 1.5]]]
    assert gy.tolist() == [[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]]


@pytest.mark.parametrize("u, v", [(0.0, 0.0), (0.5, 0.0), (0.0, -1.5), (2.0, 1.0)])
def test_flow_channels_have_the_right_sign_and_axis(u, v):
    clip = torch.stack([waves(32, 40, t * u, t * v) for t in range(3)]).expand(3, -1, -1, -1)
    channels = hardwired(clip)
    inner = (..., slice(6, -6), slice(6, -6))
    assert channels.flow_x[inner].mean().item() == pytest.approx(u, abs=0.05)  # pixels per frame
    assert channels.flow_y[inner].mean().item() == pytest.approx(v, abs=0.05)


def test_given_flow_is_used():
    clip, flow = torch.rand(2, 3, 4, 8, 9), torch.rand(2, 3, 2, 8, 9)
    channels = hardwired(clip, flow)
    assert torch.equal(channels.flow_x, flow[:, :, 0]) and torch.equal(channels.flow_y, flow[:, :, 1])


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: hardwired(torch.rand(4, 7, 8, 8)), "clip has shape"),
        (lambda: hardwired(torch.rand(3, 1, 8, 8)), "1 frame"),
        (lambda: hardwired(torch.rand(3, 4, 8, 8), torch.rand(2, 3, 8, 8)), "one field"),
    ],
)
def test_hardwired_errors(call, says):
    with pytest.raises(ShapeError, match=says):
        call()
