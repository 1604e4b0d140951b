from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError
from course_lib.models import pixel2mesh as p
from course_lib.models.pixel2mesh_layouts import faces_of, read_pixel2mesh
from course_lib.ops.meshes import boundary_edges, signed_volume, subdivide, unique_edges
from tests.models.test_tensor_bundle import write_checkpoint

DATA = {
    key: torch.tensor(array) for key, array in np.load(Path(__file__).parents[1] / "fixtures/pixel2mesh.npz").items()
}


def count(network):
    return sum(value.numel() for value in network.parameters())


def public_edges(name):
    """Edges once each; the public lists hold both directions and a loop at each vertex."""
    pairs = DATA[name].long()
    return pairs[pairs[:, 0] < pairs[:, 1]]


def test_published_sizes():
    network = p.Pixel2Mesh()
    assert count(network) == 19_383_033
    assert (count(network.maps), count(network.blocks)) == (12_843_632, 6_539_401)
    assert sum(isinstance(layer, torch.nn.Conv2d) for layer in network.maps.modules()) == 18


def test_three_meshes_of_the_published_sizes():
    torch.manual_seed(0)
    meshes = p.Pixel2Mesh.mini()(torch.rand(2, 3, 224, 224))
    assert [tuple(vertices.shape) for vertices, _ in meshes] == [(2, 156, 3), (2, 618, 3), (2, 2466, 3)]
    assert [len(faces) for _, faces in meshes] == [308, 1232, 4928]
    assert [len(unique_edges(faces)) for _, faces in meshes] == [462, 1848, 7392]


def test_the_ellipsoid_is_closed_and_its_vertices_have_four_to_eight_neighbours():
    vertices, faces = p.ellipsoid()
    degrees = torch.bincount(unique_edges(faces).flatten())
    assert 4 <= degrees.min() and degrees.max() <= 8
    assert len(boundary_edges(faces)) == 0
    assert signed_volume(vertices, faces).item() == pytest.approx(4 / 3 * np.pi * np.prod(p.RADII), rel=0.06)
    assert torch.allclose(vertices.mean(0), torch.tensor(p.CENTER), atol=0.01)
    theirs = DATA["p2m_coord"]
    assert torch.allclose(vertices.amin(0), theirs.amin(0), atol=0.01)
    assert torch.allclose(vertices.amax(0), theirs.amax(0), atol=0.01)


def test_projection_equals_the_public_reference():
    """One map whose value is its row, one whose value is its column: what is looked up is the place."""
    ramp = torch.arange(224.0)
    maps = torch.stack([ramp[:, None].expand(224, 224), ramp.expand(224, 224)])[None]
    found = p.look_up([maps], DATA["p2m_coord"][None])[0]
    assert torch.allclose(found[:, 0], DATA["p2m_proj_h"], atol=1e-3)
    assert torch.allclose(found[:, 1], DATA["p2m_proj_w"], atol=1e-3)


@pytest.mark.parametrize("name, vertices, largest", [("p2m_edges0", 156, 1.4762), ("p2m_edges1", 618, 1.4914)])
def test_laplacian_of_the_public_meshes(name, vertices, largest):
    edges = public_edges(name)
    scaled = p.scaled_laplacian(edges, vertices).to_dense().double()
    values = torch.linalg.eigvalsh(scaled)
    assert values[0].item() == pytest.approx(-1, abs=1e-5) and values[-1].item() == pytest.approx(1, abs=1e-4)
    # off the diagonal T is -2 / lambda_max / sqrt(d_i d_j)
    degrees = torch.bincount(edges.flatten())
    i, j = edges[0]
    assert (-2 / scaled[i, j] / (degrees[i] * degrees[j]).sqrt()).item() == pytest.approx(largest, abs=2e-4)


def test_a_graph_convolution_by_hand():
    torch.manual_seed(0)
    conv, features, T = p.ChebyshevConv(3, 2), torch.randn(2, 4, 3), torch.randn(4, 4)
    expected = features @ conv.own.weight.T + conv.own.bias + T @ (features @ conv.around.weight.T)
    assert torch.allclose(conv(features, T.to_sparse()), expected, atol=1e-5)


@pytest.mark.parametrize("size, rows", [(224, 7), (64, 2), (100, 4)])
def test_padding_is_tensorflows(size, rows):
    """At stride 2 an even side gets one row less in front: a kernel of 3 that is 1 in its middle reads odd rows."""
    network = p.PictureMaps(((1,), (1,), (1,), (1,), (1,), (1,)))
    assert network(torch.rand(1, 3, size, size))[-1].shape[-1] == rows
    ramp = torch.arange(6.0).view(1, 1, 1, 6).expand(1, 1, 6, 6)
    assert network._padded(ramp, 3, 2).shape == (1, 1, 7, 7) and network._padded(ramp, 3, 2)[0, 0, 0, 0] == 0
    assert torch.equal(network._padded(ramp, 3, 2)[0, 0, 0, :6], ramp[0, 0, 0])  # nothing on the left
    assert network._padded(ramp, 5, 2)[0, 0, 1, :2].tolist() == [0, 0]  # one on the left, then column 0
    assert network._padded(ramp, 5, 2).shape[-1] == 9


def test_the_pytorch_code_looks_elsewhere():
    """Its corners are the centres of the outermost cells: the picture's last pixel is the map's last cell."""
    ramp = torch.arange(7.0).expand(1, 1, 7, 7)
    right = torch.tensor([[[0.5, 0.0, -0.8]]])  # beyond the edge: clamped to pixel 223
    assert p.look_up([ramp], right, p.CODES["pytorch"]).item() == 6
    middle = torch.tensor([[[0.0, 0.0, -0.8]]])
    assert p.look_up([ramp], middle, p.CODES["pytorch"]).item() == pytest.approx(3)
    assert p.look_up([ramp], middle, p.CODES["tensorflow"]).item() == pytest.approx(3.5)


def tensorflow_layout(network):
    """The authors' names and orders of axes, numbered as TensorFlow numbers layers."""
    state, found = network.state_dict(), {}
    convs = [key.removesuffix(".weight") for key in state if key.startswith("maps.") and key.endswith("weight")]
    for number, key in enumerate(convs):
        scope = "gcn/Conv2D" + (f"_{number}" if number else "")
        found[f"{scope}/W"] = state[f"{key}.weight"].permute(2, 3, 1, 0)
        found[f"{scope}/b"] = state[f"{key}.bias"]
    order = [
        f"blocks.{block}.{layer}"
        for block in range(3)
        for layer in [
            "first",
            *(f"pairs.{k}.{i}" for k in range(6) for i in range(2)),
            *["narrow"][: block == 2],
            "out",
        ]
    ]
    for number, layer in enumerate(order, 1):
        scope = f"gcn/graphconvolution_{number}_vars"
        found[f"{scope}/weights_0"] = state[f"{layer}.own.weight"].T
        found[f"{scope}/weights_1"] = state[f"{layer}.around.weight"].T
        found[f"{scope}/bias"] = state[f"{layer}.own.bias"]
    return found


def pytorch_layout(network, template, edges):
    """The re-implementation's names; its template lies about the origin, and T comes with every layer."""
    found = {"init_pts": template - torch.tensor(p.CENTER)}
    adjacency = p.scaled_laplacian(edges, len(template))
    for key, value in network.state_dict().items():
        part, _, kind = key.rpartition(".")
        if key.startswith("maps."):
            _, _, stage, number, kind = key.split(".")
            found[f"nn_encoder.conv{stage}_{int(number) + 1}.{kind}"] = value
            continue
        _, block, layer, *rest = part.split(".")
        side = rest[-1]
        if layer == "pairs":
            name = f"gcns.{block}.blocks.{rest[0]}.conv{int(rest[1]) + 1}"
        elif layer == "out" and block == "2":
            name = "gconv"
        else:
            name = f"gcns.{block}.conv{1 if layer == 'first' else 2}"
        weight = {("own", "weight"): "loop_weight", ("own", "bias"): "bias", ("around", "weight"): "weight"}
        found[f"{name}.{weight[side, kind]}"] = value.T if value.ndim == 2 else value
        if block == "0":
            found[f"{name}.adj_mat"] = adjacency
    return found


@pytest.fixture(scope="module")
def filled():
    torch.manual_seed(3)
    return p.Pixel2Mesh().eval()


def test_the_authors_layout(filled, tmp_path):
    layout = tensorflow_layout(filled)
    assert len(layout) == 2 * 18 + 3 * 43
    layout |= {"gcn/Conv2D/W/Adam": torch.zeros(3), "global_step": torch.zeros(())}
    found = p.Pixel2Mesh.from_published({f"{name}:0": value.numpy() for name, value in layout.items()})
    assert found.code is p.CODES["tensorflow"]
    for key, value in filled.state_dict().items():
        assert torch.equal(found.state_dict()[key], value), key
    few = {
        name: layout[name].numpy() for name in ("gcn/Conv2D_3/W", "gcn/graphconvolution_42_vars/bias", "global_step")
    }
    write_checkpoint(tmp_path / "gcn.ckpt", few)
    code, state = read_pixel2mesh(tmp_path / "gcn.ckpt")
    assert code == "tensorflow" and list(state) == ["maps.stages.1.1.weight", "blocks.2.narrow.own.bias"]
    assert torch.equal(state["maps.stages.1.1.weight"], filled.maps.stages[1][1].weight)


def test_the_pytorch_layout_brings_its_template(filled, tmp_path):
    edges = public_edges("p2m_edges0")
    layout = pytorch_layout(filled, DATA["p2m_coord"], edges)
    torch.save({"model": {f"module.{key}": value for key, value in layout.items()}}, tmp_path / "weights.pth")
    found = p.Pixel2Mesh.from_published(tmp_path / "weights.pth")
    for key, value in filled.state_dict().items():
        assert torch.equal(found.state_dict()[key], value), key
    assert torch.allclose(found.template, DATA["p2m_coord"], atol=1e-6)
    assert {tuple(e) for e in unique_edges(found.faces0).tolist()} == {tuple(e) for e in edges.tolist()}
    assert signed_volume(found.template, found.faces0) > 0 and len(found.faces2) == 4928
    with torch.no_grad():
        results = found(torch.rand(1, 3, 224, 224))
    assert [v.shape[1] for v, _ in results] == [156, 618, 2466]
    converted = p.Pixel2Mesh.from_published(layout, code="tensorflow")  # made from the authors' weights
    assert converted.code is p.CODES["tensorflow"] and torch.equal(converted.offset, torch.zeros(3))


def test_places_are_read_and_written_about_the_codes_origin():
    """With all weights 0 and a bias of b, the PyTorch code's output is b, about its origin."""
    torch.manual_seed(0)
    network = p.Pixel2Mesh(stages=((4,),) * 6, hidden=8, layers=2, code="pytorch")
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    network.blocks[2].out.own.bias.data = torch.tensor([0.1, 0.2, 0.3])
    vertices = network(torch.rand(1, 3, 64, 64))[-1][0]
    assert torch.allclose(vertices, torch.tensor([0.1, 0.2, -0.5]).expand_as(vertices))


def test_what_does_not_fit_is_said(filled):
    with pytest.raises(CourseError, match="ResNet-50"):
        p.Pixel2Mesh.from_published({"nn_encoder.layer1.0.conv1.weight": torch.zeros(1)})
    layout = tensorflow_layout(filled)
    layout.pop("gcn/Conv2D_17/b")
    with pytest.raises(CourseError, match=r"missing: maps.stages.5.3.bias"):
        p.Pixel2Mesh.from_published(layout)
    with pytest.raises(CourseError, match="closed surface"):
        faces_of(torch.tensor([[0, 1], [1, 2], [0, 2]]), torch.rand(3, 3))
    with pytest.raises(CourseError, match="tensorflow, pytorch"):
        p.Pixel2Mesh(code="caffe")


def test_what_a_stage_began_with():
    torch.manual_seed(0)
    network = p.Pixel2Mesh.mini(8, template=p.ellipsoid(24), moves=True)
    with torch.no_grad():
        results = network(torch.rand(2, 3, 64, 64))
        starts = network.starts(results)
    assert torch.equal(starts[0][1], network.template)
    assert [s.shape for s in starts] == [v.shape for v, _ in results]
    assert torch.equal(starts[1][:, :24], results[0][0])
    assert (results[0][0] - network.template).abs().max() < 0.2  # a network that moves begins near the template


def test_overfits_one_picture():
    torch.manual_seed(0)
    network = p.Pixel2Mesh.mini(16, template=p.ellipsoid(24), moves=True)
    picture = torch.rand(1, 3, 64, 64)
    target, _ = subdivide(*subdivide(*p.ellipsoid(24)))
    target = (target - torch.tensor(p.CENTER)) * torch.tensor([0.5, 1.5, 1.0]) + torch.tensor(p.CENTER)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(25):
        vertices = network(picture)[-1][0]
        losses.append(((vertices - target) ** 2).sum(-1).mean())
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.1 * losses[0]


def test_half_precision_moves_vertices_in_full():
    """Under autocast, the sparse product works, and places keep the digits that bfloat16 does not have."""
    torch.manual_seed(0)
    conv, features = p.ChebyshevConv(8, 8), torch.randn(2, 24, 8)
    T = p.scaled_laplacian(unique_edges(p.ellipsoid(24)[1]), 24)
    network = p.Pixel2Mesh.mini(16, template=p.ellipsoid(24), moves=True)
    with torch.no_grad():
        full = conv(features, T)
        with torch.autocast("cpu", torch.bfloat16):
            half = conv(features, T)
            meshes = network(torch.rand(2, 3, 64, 64))
    assert (half - full).norm() < 2**-7 * full.norm()  # bfloat16 has eight digits of two
    for vertices, _ in meshes:
        assert vertices.dtype == torch.float32 and (vertices != vertices.bfloat16()).any()


def test_gradients_reach_the_picture():
    network = p.Pixel2Mesh.mini()
    pictures = torch.rand(1, 3, 224, 224, requires_grad=True)
    network(pictures)[-1][0].square().sum().backward()
    assert pictures.grad.abs().sum() > 0
