import pickle

import numpy as np
import pytest
import torch
from scipy.signal import convolve

from course_lib.data.worlds.shapes import ShapeWorld
from course_lib.errors import CourseError, ShapeError
from course_lib.models.array_pickles import read_array_list
from course_lib.models.r2n2 import GRU3D, R2N2, unpooled
from course_lib.models.shapenets3d import ShapeNets3D


def count(network):
    return sum(p.numel() for p in network.parameters())


def test_published_sizes():
    with torch.device("meta"):
        assert count(ShapeNets3D()) == 16_094_408
        network = R2N2()
        assert count(network) == 35_968_706
        parts = {name: count(getattr(network, name)) for name in ("encoder", "fc", "gru", "decoder", "out")}
    assert parts == {"encoder": 4_892_512, "fc": 2_360_320, "gru": 26_493_312, "decoder": 2_220_832, "out": 1_730}


def test_maps_of_3d_shapenets_have_the_published_sizes():
    with torch.device("meta"):
        network, maps = ShapeNets3D(), torch.zeros(1, 1, 30, 30, 30)
        shapes = []
        for layer in network.convs:
            maps = layer(maps)
            shapes.append(tuple(maps.shape[1:3]))
    assert shapes[::2] == [(48, 13), (160, 5), (512, 2)]


def test_voxels_tell_furniture_apart():
    torch.manual_seed(0)
    shapes, labels = ShapeWorld(("chair", "lamp")).shapes(12, seed=0)
    voxels = torch.stack([shape.voxels(14) for shape in shapes])[:, None]
    network = ShapeNets3D.mini(2)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(voxels), labels)
        loss.backward()
        optimizer.step()
    assert loss < 0.2


def test_r2n2_from_one_or_more_views():
    torch.manual_seed(0)
    network = R2N2.mini().eval()
    pictures = torch.rand(2, 3, 3, 63, 63)
    with torch.no_grad():
        scores = network(pictures)
        assert scores.shape == (2, 2, 32, 32, 32)
        assert torch.allclose(network(pictures[1:]), scores[1:], atol=1e-5)
        assert not torch.allclose(network(pictures[:, :1]), scores)
        assert network.occupied(pictures).dtype == torch.bool
    with pytest.raises(ShapeError, match="expected 63 x 63"):
        network(torch.zeros(1, 1, 3, 64, 64))


def test_pictures_of_the_published_size_end_in_nine_places():
    with torch.device("meta"):
        maps = torch.zeros(1, 3, 127, 127)
        sizes = []
        for block in R2N2().encoder:
            maps = block(maps)
            sizes.append(maps.shape[-1])
    assert sizes == [64, 33, 17, 9, 5, 3]


def test_a_step_of_the_unit_by_hand():
    torch.manual_seed(0)
    unit = GRU3D(5, 2)
    code, state = torch.randn(1, 5), torch.randn(1, 2, 4, 4, 4)

    def gate(part, state):
        return torch.nn.functional.conv3d(state, part.conv.weight, part.conv.bias, padding=1) + (
            part.fc.weight @ code[0]
        ).view(1, 2, 4, 4, 4)

    u, r = gate(unit.update, state).sigmoid(), gate(unit.reset, state).sigmoid()
    expected = u * state + (1 - u) * gate(unit.candidate, r * state).tanh()
    assert torch.allclose(unit(code, state), expected, atol=1e-6)


def test_unpooling_inserts_zeros():
    grid = torch.arange(1.0, 9).view(1, 1, 2, 2, 2)
    large = unpooled(grid)
    assert large.shape == (1, 1, 4, 4, 4) and large[0, 0, 2, 0, 2] == grid[0, 0, 1, 0, 1]
    assert large.sum() == grid.sum() and (large != 0).sum() == 8


# The released weights of 3D-R2N2: a list of arrays of Theano's


def released(widths=((3, 4, 5, 5, 5, 5), 6, (4, 4, 4, 3, 2))):
    """Arrays in the order and the layouts of the release, narrow: [(name of the layer, array), ...]."""
    generator = np.random.default_rng(0)
    encoder, code, decoder = widths
    arrays = []

    def add(name, *shapes):
        arrays.extend((name, generator.normal(0, 0.3, shape).astype(np.float32)) for shape in shapes)

    for i, (before, width) in enumerate(zip((3, *encoder), encoder, strict=False)):
        size = 7 if i == 0 else 3
        add(f"conv{i + 1}a", (width, before, size, size), (width,))
        add(f"conv{i + 1}b", (width, width, 3, 3), (width,))
        if i in (1, 2, 4):
            add(f"conv{i + 1}c", (width, before, 1, 1), (width,))
    add("fc7", (encoder[-1] * 4, code), (code,))  # pictures of 63 end in 2 x 2 places
    for gate in ("update", "reset", "candidate"):
        add(gate, (decoder[0], 3, decoder[0], 3, 3), (code, 4 * decoder[0] * 4 * 4), (decoder[0],))
    for i, (before, width) in enumerate(zip(decoder, decoder[1:], strict=False)):
        add(f"conv{i + 7}a", (width, 3, before, 3, 3), (width,))
        add(f"conv{i + 7}b", (width, 3, width, 3, 3), (width,))
        if i == 2:
            add("conv9c", (width, 1, before, 1, 1), (width,))
        if i == 3:
            add("conv10c", (width, 3, width, 3, 3), (width,))
    add("conv11", (2, 3, decoder[-1], 3, 3), (2,))
    return arrays


def layers_of(arrays):
    layers = {}
    for name, array in arrays:
        layers.setdefault(name, []).append(array)
    return layers


def theano_conv(grid, kernel, bias):
    """What the release computes: a true convolution, which turns the kernel; grids (depth, channels, row, column)."""
    return np.stack([
        sum(convolve(grid[:, c], kernel[k, :, c], mode="same", method="direct") for c in range(grid.shape[1])) + bias[k]
        for k in range(len(kernel))
    ], 1)  # fmt: skip


def leaky(x):
    return np.where(x > 0, x, 0.01 * x)


def test_released_weights_give_what_theano_computes():
    arrays = released()
    layers, network = layers_of(arrays), R2N2.from_published([array for _, array in arrays], side=63)
    generator = np.random.default_rng(1)
    picture, code = generator.normal(0, 1, (3, 9, 8)), generator.normal(0, 1, 6)
    state = generator.normal(0, 1, (4, 4, 4, 4))  # depth, channels, row, column

    def flat(name):  # a picture is a grid one cell deep
        return lambda maps: theano_conv(maps[None], layers[name][0][:, None], layers[name][1])[0]

    expected = leaky(flat("conv1b")(leaky(flat("conv1a")(picture))))
    block = network.encoder[0]
    with torch.no_grad():
        maps = torch.tensor(picture[None]).float()
        found = torch.nn.functional.leaky_relu(block.a(maps), 0.01)
        found = torch.nn.functional.leaky_relu(block.b(found), 0.01)[0].numpy()
    assert np.allclose(found, expected, atol=1e-4)

    def gate(name, grid):
        kernel, matrix, bias = layers[name]
        return theano_conv(grid, kernel, bias) + (code @ matrix).reshape(4, 4, 4, 4)

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    u, r = sigmoid(gate("update", state)), sigmoid(gate("reset", state))
    expected = u * state + (1 - u) * np.tanh(gate("candidate", r * state))
    with torch.no_grad():
        found = network.gru(torch.tensor(code[None]).float(), torch.tensor(state).float().transpose(0, 1)[None])
    assert np.allclose(found[0].transpose(0, 1).numpy(), expected, atol=1e-4)

    grid = generator.normal(0, 1, (3, 3, 4, 5))
    first = leaky(theano_conv(grid, *layers["conv10a"]))
    expected = leaky(theano_conv(first, *layers["conv10b"])) + theano_conv(first, *layers["conv10c"])
    with torch.no_grad():
        found = network.decoder[3](torch.tensor(grid).float().transpose(0, 1)[None])[0].transpose(0, 1).numpy()
    assert np.allclose(found, expected, atol=1e-4)
    flat7 = generator.normal(0, 1, 20)
    with torch.no_grad():
        found = network.fc(torch.tensor(flat7).float()).numpy()
    assert np.allclose(found, flat7 @ layers["fc7"][0] + layers["fc7"][1], atol=1e-4)


def test_the_released_list_is_as_long_and_as_large_as_the_network():
    arrays = released(((96, 128, 256, 256, 256, 256), 8, (128, 128, 128, 64, 32)))
    assert len(arrays) == 63
    sizes = {"encoder": 0, "decoder": 0}
    for name, array in arrays:
        if name.startswith("conv"):
            sizes["encoder" if int(name[4:].rstrip("abc")) <= 6 else "decoder"] += array.size
    assert sizes == {"encoder": 4_892_512, "decoder": 2_222_562}


def test_the_file_of_the_release_is_read_without_running_it(tmp_path):
    arrays = [array for _, array in released()]
    listed = np.empty(len(arrays), dtype=object)
    for i, array in enumerate(arrays):
        listed[i] = array
    path = tmp_path / "ResidualGRUNet.npy"
    np.save(path, listed)
    assert all(map(np.array_equal, read_array_list(path), arrays))
    pictures = torch.rand(1, 2, 3, 63, 63, generator=torch.Generator().manual_seed(0))
    network = R2N2.from_published(path, side=63)
    again = R2N2.from_published({f"module.{key}": value for key, value in network.state_dict().items()}, side=63)
    torch.save(network.state_dict(), tmp_path / "own.pt")
    third = R2N2.from_published(tmp_path / "own.pt", side=63)
    with torch.no_grad():
        assert torch.equal(network(pictures), again(pictures)) and torch.equal(network(pictures), third(pictures))


class Harm:
    def __reduce__(self):
        return (print, ("run",))


def test_a_file_that_names_anything_else_is_refused(tmp_path, capsys):
    path = tmp_path / "harm.npy"
    harmful = np.empty(1, dtype=object)
    harmful[0] = Harm()
    np.save(path, harmful)
    with pytest.raises(CourseError, match="refused"):
        read_array_list(path)
    assert capsys.readouterr().out == ""
    np.save(path, np.zeros(3))
    with pytest.raises(CourseError, match="expected a list of arrays"):
        read_array_list(path)
    np.save(path, np.empty(2, dtype=object))
    with pytest.raises(CourseError, match="more than arrays"):
        read_array_list(path)
    header, body = path.read_bytes().split(b"\n", 1)
    for damaged in (pickle.dumps([1]), header + b"\n" + body[:-9], header + b"\n" + pickle.dumps(3)):
        path.write_bytes(damaged)
        with pytest.raises(CourseError, match="cannot be read as a list of arrays"):
            read_array_list(path)
    with pytest.raises(CourseError, match="No weights at"):
        read_array_list(tmp_path / "none.npy")


def test_other_lists_are_told_apart():
    arrays = [array for _, array in released()]
    with pytest.raises(CourseError, match="62 arrays, expected 63"):
        R2N2.from_published(arrays[:-1])
    with pytest.raises(CourseError, match="of another shape: fc.weight"):
        R2N2.from_published(arrays)  # of pictures of 63, not 127
    with pytest.raises(CourseError, match="Is it the residual network"):
        R2N2.from_published({"fc.bias": torch.zeros(3)})
