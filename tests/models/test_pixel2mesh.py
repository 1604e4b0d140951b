from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.models import pixel2mesh as p
from course_lib.ops.meshes import boundary_edges, signed_volume, unique_edges

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
    assert signed_volume(vertices, faces).item() == pytest.approx(4 / 3 * np.pi * 0.2 * 0.2 * 0.4, rel=0.06)
    assert torch.allclose(vertices.mean(0), torch.tensor(p.CENTER), atol=0.01)


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


def test_gradients_reach_the_picture():
    network = p.Pixel2Mesh.mini()
    pictures = torch.rand(1, 3, 224, 224, requires_grad=True)
    network(pictures)[-1][0].square().sum().backward()
    assert pictures.grad.abs().sum() > 0
