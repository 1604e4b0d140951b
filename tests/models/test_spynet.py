"""SPyNet at its published size, equal to the public port for the same weights, and its loaders."""

import struct

import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models.spynet import Level, SPyNet, enlarge, level_loss, residual_step
from course_lib.models.torch7 import read_t7
from tests.flow_reference import fill, gap, reference


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def test_published_size():
    with torch.device("meta"):
        assert parameters(Level()) == 240_050
        assert parameters(SPyNet(5)) == 1_200_250
        assert parameters(SPyNet()) == 1_440_300


@pytest.fixture(scope="module")
def port():
    about, arrays = reference("sn_SPyNet")
    return SPyNet.from_published(fill(about["keys"])), arrays


@pytest.mark.parametrize("odd", ["", "_odd"])
@torch.no_grad()
def test_equals_the_public_port(port, odd):
    model, arrays = port
    pair = torch.cat([arrays["one" + odd], arrays["two" + odd]], 1)
    assert gap(model(pair), arrays[f"out{odd}_hash"]) < 1e-5
    turned = torch.cat([image.flip(1) for image in pair.split(3, 1)], 1)
    as_rgb = SPyNet.from_published(in_files(fill(reference("sn_SPyNet")[0]["keys"])))
    assert torch.equal(as_rgb(turned), model(pair))
    assert gap(as_rgb(pair), arrays[f"out{odd}_hash"]) > 1e-2  # the order of colours matters


def in_files(state):
    """The names that the port's network has in the published files."""
    return {key.replace("netBasic", "moduleBasic"): value for key, value in state.items()}


def test_files_of_the_port_carry_another_name():
    about, _ = reference("sn_SPyNet")
    state = {f"module.{key}": value for key, value in in_files(fill(about["keys"])).items()}
    loaded = SPyNet.from_published({"state_dict": state})
    assert torch.equal(loaded.state_dict()["levels.3.4.weight"], state["module.moduleBasic.3.moduleBasic.4.weight"])
    assert loaded.colors == "rgb"  # as everywhere in the course; the port's network itself takes BGR
    assert SPyNet.from_published(state, colors="bgr").colors == "bgr"
    assert SPyNet.from_published(fill(about["keys"]), colors="rgb").colors == "rgb"


def test_the_number_of_levels_comes_from_the_file():
    about, _ = reference("sn_SPyNet")
    five = {key: value for key, value in fill(about["keys"]).items() if not key.startswith("netBasic.5.")}
    assert len(SPyNet.from_published(five).levels) == 5


def test_says_which_keys_do_not_fit():
    state = {key: value for key, value in SPyNet(2).state_dict().items() if key != "levels.1.2.bias"}
    with pytest.raises(CourseError, match="missing: levels.1.2.bias(.|\n)*unexpected: conv1.weight"):
        SPyNet.from_published(state | {"conv1.weight": torch.zeros(3)})


class Torch7Writer:
    """The few kinds of objects that a network in a .t7 file is made of."""

    def __init__(self):
        self.out, self.index = b"", 0

    def put(self, value):
        if isinstance(value, bool):
            self.out += struct.pack("<ii", 5, value)
        elif isinstance(value, int | float):
            self.out += struct.pack("<id", 1, value)
        elif isinstance(value, str):
            self.out += struct.pack("<i", 2) + self.text(value)
        elif isinstance(value, torch.Tensor):
            self.instance("torch.FloatTensor")
            self.out += struct.pack(f"<i{2 * value.ndim + 1}q", value.ndim, *value.shape, *value.stride(), 1)
            self.instance("torch.FloatStorage")
            self.out += struct.pack("<q", value.numel()) + value.numpy().tobytes()
        elif "torch_typename" in value:
            self.instance(value["torch_typename"])
            self.put({key: inner for key, inner in value.items() if key != "torch_typename"})
        else:
            self.index += 1
            self.out += struct.pack("<iii", 3, self.index, len(value))
            for key, inner in value.items():
                self.put(key)
                self.put(inner)

    def instance(self, name):
        self.index += 1
        self.out += struct.pack("<ii", 4, self.index) + self.text("V 1") + self.text(name)

    def text(self, words):
        return struct.pack("<i", len(words)) + words.encode()


def torch7_level(level, flat=False):
    """A level as Torch7's nn.Sequential; `flat` has matrices for weights, as SpatialConvolutionMM."""
    modules = {}
    for number, layer in enumerate(level, 1):
        if isinstance(layer, torch.nn.ReLU):
            modules[number] = {"torch_typename": "nn.ReLU", "inplace": True}
            continue
        D, C, P, Q = layer.weight.shape
        weight = layer.weight.detach().reshape(D, -1) if flat else layer.weight.detach()
        modules[number] = {
            "torch_typename": "nn.SpatialConvolution", "nOutputPlane": D, "nInputPlane": C, "kH": P, "kW": Q,
            "weight": weight, "bias": layer.bias.detach(),
        }  # fmt: skip
    return {"torch_typename": "nn.Sequential", "modules": modules, "train": False}


@pytest.mark.parametrize("flat", [False, True])
def test_loads_the_original_release(tmp_path, flat):
    torch.manual_seed(0)
    model, paths = SPyNet(2), []
    for number, level in enumerate(model.levels, 1):
        writer = Torch7Writer()
        writer.put(torch7_level(level, flat))
        paths.append(tmp_path / f"modelL{number}_F.t7")
        paths[-1].write_bytes(writer.out)
    loaded = SPyNet.from_published(paths).state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in model.state_dict().items())


def test_broken_torch7_files_are_explained(tmp_path):
    writer, path = Torch7Writer(), tmp_path / "level.t7"
    writer.put(torch7_level(Level()))
    for content in (
        writer.out[:-5],
        b"4\n1\n3\nV 1\n",
        struct.pack("<i", 8),
        writer.out.replace(b"Float", b"Fl\xffat"),
    ):
        path.write_bytes(content)
        with pytest.raises(CourseError, match="no whole binary"):
            read_t7(path)
    with pytest.raises(CourseError, match="No .t7 file"):
        read_t7(tmp_path / "none.t7")


def test_a_table_that_is_named_twice_is_one(tmp_path):
    """Torch7 writes what occurs twice once, and a table may hold itself."""
    inner = struct.pack("<iiiidii", 3, 7, 1, 1, 1.0, 3, 7)  # {1: itself}
    (tmp_path / "loop.t7").write_bytes(inner)
    loop = read_t7(tmp_path / "loop.t7")
    assert loop[1.0] is loop


def test_levels_follow_the_size_of_the_picture():
    model = SPyNet(6)
    assert [image.shape[2:] for image, _ in model.images(torch.zeros(1, 6, 70, 100))] == [(17, 25), (35, 50), (70, 100)]
    assert len(model.images(torch.zeros(1, 6, 30, 32))) == 1
    assert len(SPyNet(2).images(torch.zeros(1, 6, 70, 100))) == 2


def test_enlarging_by_hand():
    """Twice the pixels, twice the length; corners stay on corners; an odd size repeats the last column."""
    flow = torch.tensor([[[[1.0, 4.0]], [[0.0, -3.0]]]])
    larger = enlarge(flow, (2, 5))
    assert larger.shape == (1, 2, 2, 5)
    assert torch.allclose(larger[0, 0, 0], torch.tensor([2.0, 4, 6, 8, 8]))
    assert torch.allclose(larger[0, 1, 1], torch.tensor([0.0, -2, -4, -6, -6]))


def test_a_level_adds_to_what_it_is_given():
    image, start = torch.rand(2, 3, 6, 9), torch.rand(2, 2, 6, 9)
    nothing = residual_step(lambda x: 0 * x[:, :2], image, image, start)
    assert torch.equal(nothing, start)
    seen = residual_step(lambda x: x[:, 3:5], image, image, 0 * start)  # the second image, not moved
    assert torch.allclose(seen, image[:, :2], atol=1e-6)


def test_training_a_level_leaves_the_coarser_ones_alone():
    torch.manual_seed(0)
    model, pair, truth = SPyNet.mini(), torch.rand(2, 6, 48, 64), torch.ones(2, 2, 48, 64) * 4
    level_loss(1)(model, (pair, truth)).backward()
    got = [any(p.grad is not None for p in level.parameters()) for level in model.levels]
    assert got == [False, True]
    assert level_loss(0)(model, (pair, truth)).item() == pytest.approx(8**0.5, abs=0.1)  # half of 4 px, both ways


def test_mini_overfits_one_pair():
    torch.manual_seed(0)
    model, images = SPyNet.mini(2), torch.rand(1, 3, 16, 24)
    images = torch.nn.functional.interpolate(images, size=(24, 32), mode="bicubic")
    pair, truth = (
        torch.cat([images, images.roll(1, 3)], 1),
        torch.tensor([1.0, 0]).view(1, 2, 1, 1).expand(1, 2, 24, 32),
    )
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(60):
        optimizer.zero_grad()
        loss = (model(pair) - truth).norm(dim=1).mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.25


@pytest.mark.parametrize("arguments", [{"levels": 0}, {"kernel": 4}, {"coarsest": 0}, {"colors": "grey"}])
def test_refuses_arguments(arguments):
    with pytest.raises(CourseError, match="expected"):
        SPyNet(**arguments)


def test_refuses_pictures():
    with pytest.raises(ShapeError, match="pair"):
        SPyNet(2)(torch.zeros(1, 3, 32, 32))
    with pytest.raises(ShapeError, match="shorter side"):
        SPyNet(6)(torch.zeros(1, 6, 4, 256))
