"""EmbeddingNet at its published size, equal to the public reference; its layouts; the sphere."""

import json

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models.embedding_net import MEAN, STD, EmbeddingNet, preprocess
from course_lib.ops.metric_losses import online_triplet, pairwise_distances
from tests.hash_fill import hash_fill
from tests.reference import FIXTURES

ABOUT = json.loads((FIXTURES / "embedding_net.json").read_text())
STORED = {name: torch.from_numpy(values) for name, values in np.load(FIXTURES / "embedding_net.npz").items()}


def test_published_size():
    with torch.device("meta"):
        model = EmbeddingNet()
    assert sum(p.numel() for p in model.parameters()) == ABOUT["params"] == 380_806
    assert [[name, list(value.shape)] for name, value in model.state_dict().items()] == ABOUT["keys"]


@torch.no_grad()
def test_equals_the_public_reference():
    model = EmbeddingNet.from_published(hash_fill(ABOUT["keys"]))
    ours, theirs = model(STORED["input"]), STORED["out_hash"]
    assert (ours - theirs).abs().max() < 1e-5 * theirs.abs().max()
    sphere = EmbeddingNet.from_published(hash_fill(ABOUT["keys"]), normalized=True)(STORED["input"])
    assert torch.allclose(sphere, theirs / theirs.norm(dim=1, keepdim=True), atol=1e-5)


LAYOUTS = {
    "plain": lambda key: key,
    "DataParallel": lambda key: f"module.{key}",
    "SiameseNet or TripletNet": lambda key: f"embedding_net.{key}",
    "both": lambda key: f"module.embedding_net.{key}",
    "another wrapper": lambda key: f"net.{key}",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_loads_every_public_layout(tmp_path, layout):
    filled = hash_fill(ABOUT["keys"])
    torch.save({"state_dict": {LAYOUTS[layout](key): value for key, value in filled.items()}}, tmp_path / "net.pth")
    loaded = EmbeddingNet.from_published(tmp_path / "net.pth").state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in filled.items())


def test_the_classifier_on_top_of_a_classification_net_is_left_out():
    filled = hash_fill(ABOUT["keys"])
    state = {f"embedding_net.{key}": value for key, value in filled.items()}
    state |= {"nonlinear.weight": torch.ones(1), "fc1.weight": torch.ones(10, 2), "fc1.bias": torch.ones(10)}
    assert torch.equal(EmbeddingNet.from_published(state).state_dict()["fc.4.bias"], filled["fc.4.bias"])


def test_says_which_keys_do_not_fit():
    state = hash_fill(ABOUT["keys"])
    del state["fc.0.bias"]
    state["fc.4.weight"] = torch.zeros(10, 256)
    misshapen = r"fc.4.weight: checkpoint \(10, 256\), model \(2, 256\)"
    with pytest.raises(CourseError, match=rf"missing: fc.0.bias(.|\n)*{misshapen}"):
        EmbeddingNet.from_published(state)


def test_refuses_other_sizes():
    with pytest.raises(ShapeError, match="1, 28, 28"):
        EmbeddingNet()(torch.zeros(2, 3, 28, 28))
    with pytest.raises(CourseError, match="at least 1"):
        EmbeddingNet(0)


def test_mini_lies_on_the_sphere_and_learns_a_batch():
    torch.manual_seed(0)
    pictures, labels = torch.randn(12, 1, 28, 28), torch.arange(4).repeat(3)
    model = EmbeddingNet.mini(8)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(60):
        optimizer.zero_grad()
        online_triplet(model(pictures), labels, 0.5, negatives="all").backward()
        optimizer.step()
    points = model(pictures).detach()
    assert torch.allclose(points.norm(dim=1), torch.ones(12), atol=1e-5)
    distance, same = pairwise_distances(points), labels[:, None] == labels
    assert distance[same].max() < distance[~same].min()


def test_preprocess_takes_means_and_deviations_of_mnist():
    digits = torch.full((2, 28, 28), 255, dtype=torch.uint8)
    out = preprocess(digits)
    assert out.shape == (2, 1, 28, 28) and out[0, 0, 0, 0].item() == pytest.approx((1 - MEAN) / STD)
    assert torch.equal(preprocess(digits[:, None]), out)
    with pytest.raises(ShapeError):
        preprocess(torch.zeros(2, 32, 32, dtype=torch.uint8))
