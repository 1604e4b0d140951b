"""BN-Inception: published size, Caffe's pools, and every layout of its weights."""

import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models.bn_inception import BLOCKS, BNInception, Inception, published_state, sizes_in
from tests.caffe_files import write_caffemodel
from tests.reference import fill, reference

HEADS = {"yjxiong": "fc", "Cadene": "last_linear", "Kinetics": "fc_action"}


@pytest.fixture(scope="module")
def published():
    """Weights under the public names, without a prefix, for 101 classes."""
    keys, _, _ = reference("tsn_rgb")
    return {key.removeprefix("base_model.").replace("new_fc", "fc"): value for key, value in fill(keys).items()}


def test_published_size():
    with torch.device("meta"):
        model = BNInception()
        assert model.maps(torch.empty(1, 3, 224, 224)).shape == (1, 1024, 7, 7)
        assert model(torch.empty(2, 3, 224, 224)).shape == (2, 1000)
    assert sum(p.numel() for p in model.parameters()) == 11_295_240
    assert len([m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]) == 69


@pytest.mark.parametrize(("name", "inputs", "outputs", "size"), [
    ("3a", 192, 256, 28), ("3c", 320, 576, 14), ("4d", 608, 608, 28), ("4e", 608, 1056, 14), ("5b", 1024, 1024, 28),
])  # fmt: skip
def test_blocks(name, inputs, outputs, size):
    with torch.device("meta"):
        block = Inception(inputs, *BLOCKS[name])
        assert block(torch.empty(1, inputs, 28, 28)).shape == (1, outputs, size, size)
    assert block.outputs == outputs


def test_a_block_of_stride_2_halves_even_sizes_and_refuses_odd_ones():
    block = Inception(8, 0, (4, 4), (4, 4, 4), ("max", 0))
    assert block(torch.zeros(1, 8, 14, 10)).shape == (1, 16, 7, 5)
    with pytest.raises(ShapeError, match="multiples of 32"):
        block(torch.zeros(1, 8, 14, 9))


def test_averages_count_the_padding_and_block_5b_takes_the_maximum():
    averages = Inception(1, *BLOCKS["3a"]).pool[0]
    assert averages(torch.ones(1, 1, 3, 3))[0, 0].tolist() == [
        pytest.approx([4 / 9, 6 / 9, 4 / 9]), pytest.approx([6 / 9, 1, 6 / 9]), pytest.approx([4 / 9, 6 / 9, 4 / 9])
    ]  # fmt: skip
    corner = torch.zeros(1, 1, 3, 3)
    corner[0, 0, 0, 0] = 1
    assert Inception(1, *BLOCKS["5b"]).pool[0](corner).sum() == 4


@pytest.mark.parametrize("publisher", list(HEADS))
def test_loads_every_public_layout(published, publisher, tmp_path):
    state = {key.replace("fc.", HEADS[publisher] + "."): value for key, value in published.items()}
    if publisher == "yjxiong":  # normalisations of one row, no counters
        state = {
            key: value.unsqueeze(0) if "_bn." in key else value
            for key, value in state.items() if "num_batches" not in key
        }  # fmt: skip
        torch.save(state, tmp_path / "bn_inception.pth")
        state = tmp_path / "bn_inception.pth"
    loaded = BNInception.from_published(state).state_dict()
    assert loaded["fc.weight"].shape == (101, 1024)
    for theirs, ours in {
        "conv1_7x7_s2.weight": "conv1.conv.weight", "conv2_3x3_reduce.bias": "conv2.0.conv.bias",
        "conv2_3x3_bn.running_var": "conv2.1.norm.running_var", "inception_3a_1x1.weight": "blocks.3a.one.conv.weight",
        "inception_4e_3x3_reduce_bn.bias": "blocks.4e.three.0.norm.bias",
        "inception_4e_double_3x3_2_bn.running_mean": "blocks.4e.twice.2.norm.running_mean",
        "inception_5b_pool_proj.weight": "blocks.5b.pool.1.conv.weight", "fc.bias": "fc.bias",
    }.items():  # fmt: skip
        assert torch.equal(loaded[ours], published[theirs]), ours


@pytest.mark.parametrize("shape", [(1, 6), (1, 6, 1, 1)])
def test_reads_the_authors_caffe_weights(tmp_path, shape):
    """Names with slashes, and four arrays in a normalisation: scale, shift, mean, variance."""
    made = torch.Generator().manual_seed(0)
    norm = [torch.randn(shape, generator=made) for _ in range(4)]
    weights = torch.randn(6, 10, 7, 7, generator=made), torch.randn(6, generator=made)
    head = torch.randn(5, 6, generator=made), torch.randn(5, generator=made)
    norms = {"conv1/7x7_s2_bn": norm, "inception_4e/double_3x3_2_bn": norm[::-1]}
    layers = {"conv1/7x7_s2": weights, **norms, "fc-action": head}
    state = published_state(write_caffemodel(tmp_path / "tsn_flow.caffemodel.v5", layers))
    assert sizes_in(state) == (5, 10)
    names = ("conv1.conv.weight", "conv1.conv.bias", "fc.weight", "fc.bias")
    expected = dict(zip(names, (*weights, *head), strict=True))
    for kind, scale, other in zip(("weight", "bias", "running_mean", "running_var"), norm, norm[::-1], strict=True):
        expected |= {f"conv1.norm.{kind}": scale.flatten(), f"blocks.4e.twice.2.norm.{kind}": other.flatten()}
    assert state.keys() == expected.keys()
    for key, value in expected.items():
        assert torch.equal(state[key], value), key


def test_says_which_keys_do_not_fit(published):
    state = {key: value for key, value in published.items() if key != "inception_4a_3x3.bias"}
    with pytest.raises(CourseError, match="missing: blocks.4a.three.1.conv.bias(.|\n)*unexpected: blocks.6a.one"):
        BNInception.from_published(state | {"inception_6a_1x1.weight": torch.zeros(1)})
    with pytest.raises(CourseError, match=r"fc.weight: checkpoint \(101, 1024\), model \(1000, 1024\)"):
        BNInception.from_published(published, num_classes=1000)


def test_weights_of_another_network_are_refused_by_name():
    with pytest.raises(CourseError, match="unexpected: layer1.0.conv1.weight"):
        BNInception.from_published({"layer1.0.conv1.weight": torch.zeros(64, 64, 3, 3), "fc.weight": torch.zeros(9, 4)})


def test_mini_overfits_one_batch_of_frames_that_are_not_square():
    torch.manual_seed(0)
    model, images, labels = BNInception.mini(4, 10), torch.randn(8, 10, 32, 48), torch.arange(8) % 4
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    assert (model(images).argmax(1) == labels).all()
    with pytest.raises(ShapeError, match="10"):
        model(images[:, :3])
