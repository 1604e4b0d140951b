"""The spatial transformer network: size, identity start, the tutorial's names, and that it learns to shift."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from course_lib.data.worlds.turned_digits import TurnedDigits
from course_lib.errors import CourseError, DataError, ShapeError
from course_lib.models.stn import STN
from course_lib.ops.spatial_transformer import similarity

TUTORIAL = {  # layer: (weight's shape, ours)
    "conv1": ((10, 1, 5, 5), "convs.0"), "conv2": ((20, 10, 5, 5), "convs.3"), "fc1": ((50, 320), "head.0"),
    "fc2": ((10, 50), "head.3"), "localization.0": ((8, 1, 7, 7), "localisation.convs.0"),
    "localization.3": ((10, 8, 5, 5), "localisation.convs.3"), "fc_loc.0": ((32, 90), "localisation.head.0"),
    "fc_loc.2": ((6, 32), "localisation.head.2"),
}  # fmt: skip


def test_published_size():
    assert sum(p.numel() for p in STN().parameters()) == 27_360
    assert sum(p.numel() for p in STN(transform=False).parameters()) == 21_840


def test_starts_as_the_identity():
    pictures = torch.rand(3, 1, 28, 28)
    for corners in (True, False):
        model = STN(align_corners=corners)
        assert torch.allclose(model.transform(pictures), pictures, atol=1e-5)


def test_transform_looks_where_theta_says():
    model, pictures = STN(size=20), torch.zeros(1, 1, 20, 20)
    pictures[0, 0, 10, 14] = 1
    with torch.no_grad():
        model.localisation.head[-1].bias.copy_(similarity(torch.tensor(0.0), shift=(0.4, 0.0)).flatten())
    row, column = divmod(int(model.transform(pictures).argmax()), 20)
    assert (row, column) == (10, 10)  # 0.4 of half the width is 4 pixels: looking to the right moves it to the left


def test_loads_the_tutorials_weights():
    state = {}
    for layer, (shape, _) in TUTORIAL.items():
        state |= {f"module.{layer}.weight": torch.randn(shape), f"module.{layer}.bias": torch.randn(shape[0])}
    loaded = STN.from_published({"state_dict": state}).state_dict()
    for layer, (_, ours) in TUTORIAL.items():
        for kind in ("weight", "bias"):
            assert torch.equal(loaded[f"{ours}.{kind}"], state[f"module.{layer}.{kind}"])
    del state["module.fc2.bias"]
    with pytest.raises(CourseError, match=r"missing: head\.3\.bias"):
        STN.from_published(state)


def test_the_loss_alone_moves_theta():
    world = TurnedDigits(size=20)
    pictures, labels = world.batches(32)(0)
    model = STN(size=20, dropout=0.0)
    cross_entropy(model(pictures), labels).backward()
    assert model.localisation.head[-1].bias.grad.abs().max() > 0


def test_refuses():
    with pytest.raises(ShapeError, match="x has shape"):
        STN()(torch.zeros(1, 1, 32, 32))
    with pytest.raises(CourseError, match="at least 18"):
        STN(size=16)


def test_digits_are_turned_by_the_angle_that_is_said():
    world = TurnedDigits(20, turn=60, shift=0)
    batch = world.sample(train=False, seed=3)
    assert batch.pictures.shape == (597, 1, 20, 20) and batch.turns.abs().max() <= 1.0473
    still = TurnedDigits(20, turn=0, shift=0).sample(train=False, seed=3)
    assert torch.equal(batch.labels, still.labels)
    net = STN(size=20)
    with torch.no_grad():  # looking back by the same angle gives the digit as it was, a little blurred
        net.localisation.head[-1].bias.zero_()
        net.theta = lambda x: similarity(-batch.turns)
        back = net.transform(batch.pictures)
    assert (back - still.pictures).abs().mean() < 0.4 * (batch.pictures - still.pictures).abs().mean()
    again = world.sample(5, seed=1)
    assert torch.equal(again.pictures, world.sample(5, seed=1).pictures)
    with pytest.raises(DataError, match="both"):
        TurnedDigits(20, 13)
