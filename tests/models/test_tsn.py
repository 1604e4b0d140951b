"""Temporal segment networks: published sizes, the public reference, partial normalisation, first weights, loaders."""

import pytest
import torch
from torch import nn

from course_lib.errors import CourseError, ShapeError
from course_lib.models.bn_inception import BNInception
from course_lib.models.tsn import SEEN, SNIPPET, TSN, frozen_norms
from tests.reference import distance, fill, reference


@pytest.fixture(scope="module")
def weights():
    return fill(reference("tsn_rgb")[0])


def of_channels(weights, channels):
    """The same weights for another modality: only the first convolution differs."""
    first = weights["base_model.conv1_7x7_s2.weight"]
    return weights | {"base_model.conv1_7x7_s2.weight": first.repeat(1, 5, 1, 1)[:, :channels]}


@pytest.mark.parametrize(("modality", "expected"), [("rgb", 10_373_765), ("flow", 10_395_717), ("rgbdiff", 10_411_397)])
def test_published_size(modality, expected):
    with torch.device("meta"):
        model = TSN(101, modality)
        assert model(torch.empty(2, 3, SNIPPET[modality], 64, 64)).shape == (2, 101)
    assert sum(p.numel() for p in model.parameters()) == expected
    assert model.network.dropout.p == (0.7 if modality == "flow" else 0.8)


def test_equals_the_public_reference(weights):
    _, snippets, outputs = reference("tsn_rgb")
    model = TSN.from_published(weights)
    with torch.no_grad():
        ours = model(snippets)  # (1, 9, 224, 224), three frames folded, as the public code has it
        scores = model.snippet_scores(snippets.view(1, 3, 3, 224, 224))
    assert distance(ours, outputs["output_mt"]) < 1e-5
    assert distance(scores.mean(1), outputs["output_mt"]) < 1e-5
    assert distance(scores.amax(1), outputs["output_mt"]) > 1e-3


@pytest.mark.parametrize("layout", ["tsn-pytorch", "plain", "without a new classifier"])
@pytest.mark.parametrize("modality", list(SEEN))
def test_loads_every_public_layout(weights, modality, layout, tmp_path):
    state = of_channels(weights, SEEN[modality])
    source = state
    if layout == "tsn-pytorch":
        wrapped = {f"module.{key}": value for key, value in state.items()}
        torch.save({"epoch": 45, "arch": "BNInception", "state_dict": wrapped, "best_prec1": 0.5}, tmp_path / "t.pth")
        source = tmp_path / "t.pth"
    if layout == "without a new classifier":  # a network trained without dropout keeps its own
        source = {key.replace("new_fc", "base_model.fc"): value for key, value in state.items()}
    model = TSN.from_published(source)
    assert model.modality == modality and not model.training
    loaded = model.network.state_dict()
    assert torch.equal(loaded["conv1.conv.weight"], state["base_model.conv1_7x7_s2.weight"])
    assert torch.equal(loaded["fc.bias"], state["new_fc.bias"])
    norm = "inception_5a_double_3x3_1_bn.running_var"
    assert torch.equal(loaded["blocks.5a.twice.1.norm.running_var"], state[f"base_model.{norm}"])


def test_says_what_does_not_fit(weights):
    with pytest.raises(CourseError, match="sees 12 channels"):
        TSN.from_published(of_channels(weights, 12))
    with pytest.raises(CourseError, match=r"conv1.conv.weight: checkpoint \(64, 3, 7, 7\), model \(64, 10, 7, 7\)"):
        TSN.from_published(weights, modality="flow")
    with pytest.raises(CourseError, match="missing: fc.weight, fc.bias"):
        TSN.from_published({key: value for key, value in weights.items() if "new_fc" not in key})


def test_rgb_difference_is_taken_inside():
    torch.manual_seed(0)
    model = TSN.mini(4, "rgbdiff").eval()
    frames = torch.randn(2, 3, 6, 3, 32, 48)
    scores = model(frames.flatten(2, 3))
    differences = (frames[:, :, 1:] - frames[:, :, :-1]).flatten(2, 3)
    by_hand = model.network(differences.flatten(0, 1)).view(2, 3, 4).mean(1)
    assert torch.allclose(scores, by_hand, atol=1e-6)
    assert torch.allclose(model(frames.flatten(2, 3) + 7), scores, atol=1e-4)  # what all six frames share is gone


@pytest.mark.parametrize("how", ["average", "max", "weighted"])
def test_consensus_of_snippets(how):
    torch.manual_seed(0)
    model = TSN.mini(4, segments=5, consensus=how).eval()
    snippets = torch.randn(2, 5, 3, 32, 32)
    scores = model.snippet_scores(snippets)
    alone = torch.stack([model.network(snippet) for snippet in snippets.unbind(1)], 1)
    assert torch.allclose(scores, alone, atol=1e-5)
    assert torch.allclose(model(snippets), scores.amax(1) if how == "max" else scores.mean(1), atol=1e-6)
    if how == "weighted":
        with pytest.raises(ShapeError, match="as many as in training"):
            model(snippets[:, :3])
        with torch.no_grad():
            model.consensus.weights.copy_(torch.arange(5))
        assert torch.allclose(model(snippets), torch.einsum("bkc,k->bc", scores, torch.arange(5.0)), atol=1e-5)
    else:
        assert model(snippets[:, :3]).shape == (2, 4)


def test_partial_normalisation_survives_train():
    torch.manual_seed(0)
    model = TSN.mini(4)
    frozen = frozen_norms(model.network)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(frozen) == len(norms) - 1 and norms[0] is model.network.conv1.norm and norms[0] not in frozen
    for _ in range(2):
        model.train()
        assert model.training and norms[0].training and not any(norm.training for norm in frozen)
    before = [{key: value.clone() for key, value in norm.state_dict().items()} for norm in norms]
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    model(3 + torch.randn(4, 3, 3, 32, 32)).logsumexp(1).sum().backward()
    optimizer.step()
    changed = [
        not all(torch.equal(value, was[key]) for key, value in norm.state_dict().items())
        for norm, was in zip(norms, before, strict=True)
    ]
    assert changed == [True] + [False] * len(frozen)
    assert model.eval().train(True) is model


def test_without_partial_normalisation_all_learn():
    model = TSN.mini(4, partial_bn=False)
    assert all(module.training for module in model.modules()) and all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("modality", list(SEEN))
def test_starts_from_an_image_network(modality):
    torch.manual_seed(0)
    images = BNInception.mini(7)
    images(torch.randn(4, 3, 32, 32))  # moves the running statistics
    model = TSN.mini(4, modality)
    classifier = model.network.fc.weight.clone()
    assert model.start_from(images) is model
    first, state = images.conv1.conv.weight, model.network.state_dict()
    expected = first if modality == "rgb" else first.mean(1, keepdim=True).expand(-1, SEEN[modality], -1, -1)
    assert torch.allclose(state["conv1.conv.weight"], expected)
    assert torch.equal(state["fc.weight"], classifier)
    for key, value in images.state_dict().items():
        if not key.startswith(("fc.", "conv1.conv.weight")):
            assert torch.equal(state[key], value), key


def test_refuses_what_it_does_not_know():
    with pytest.raises(CourseError, match="rgbdiff"):
        TSN(4, "RGBDiff")
    with pytest.raises(CourseError, match="weighted"):
        TSN(4, consensus="mean")
    with pytest.raises(CourseError, match="at least 1"):
        TSN.mini(4, segments=0)
    with pytest.raises(ShapeError, match="B, K, 10, H, W"):
        TSN.mini(4, "flow")(torch.zeros(2, 3, 20, 32, 32))
