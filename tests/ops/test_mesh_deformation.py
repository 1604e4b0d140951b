"""Pixel2Mesh's losses on the change of a mesh, by hand and against the public codes' numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models.pixel2mesh_layouts import faces_of
from course_lib.models.pixel2mesh_loss import WEIGHTS, pixel2mesh_loss, stage_terms
from course_lib.ops import meshes as m

FIXTURES = Path(__file__).parents[1] / "fixtures"
DATA = {key: torch.tensor(array) for key, array in np.load(FIXTURES / "pixel2mesh.npz").items()}
KNOWN = json.loads((FIXTURES / "pixel2mesh.json").read_text())
BEFORE = (DATA["p2m_coord"][None], DATA["p2m_x1u"], DATA["p2m_x2u"])
AFTER = (DATA["p2m_x1"], DATA["p2m_x2"], DATA["p2m_x3"])


def public_edges(number):
    pairs = DATA[f"p2m_edges{number}"].long()
    return pairs[pairs[:, 0] < pairs[:, 1]]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_terms_of_a_stage_equal_the_public_ones(number):
    terms = stage_terms(
        BEFORE[number], AFTER[number], public_edges(number), DATA["p2m_gt"], DATA["p2m_gtn"], loops=True
    )
    known = KNOWN["per_block"][f"block{number + 1}"]
    names = {
        "completeness": "mean_d2_gt_to_pred", "accuracy": "mean_d2_pred_to_gt", "edge": "edge(mean sq len)",
        "normal": "normal(mean|cos|)", "laplacian": "laplace", "move": "move",
    }  # fmt: skip
    for ours, theirs in names.items():
        if (number, ours) != (0, "move"):  # which neither code counts in the first stage
            assert terms[ours].item() == pytest.approx(known[theirs], rel=1e-5), ours


@pytest.mark.parametrize("weights, total", [("tensorflow", "official"), ("pytorch", "noahcao")])
def test_the_whole_loss_equals_the_public_one(weights, total):
    """Their templates' faces, and their order of new vertices: the faces of each stage are found from its edges."""
    results = []
    for number, vertices in enumerate(AFTER):
        # the later meshes are no ellipsoids: their faces are turned as in the finer template
        places = BEFORE[0][0] if number == 0 else template_in_public_order(number)
        results.append((vertices, faces_of(public_edges(number), places)))
    loss = pixel2mesh_loss(results, BEFORE, DATA["p2m_gt"], DATA["p2m_gtn"], weights)
    assert loss.item() == pytest.approx(KNOWN["total"][total], rel=1e-5)


def template_in_public_order(number):
    places = DATA["p2m_coord"]
    for level in range(number):
        pool = DATA[f"p2m_pool{level}"].long()
        places = torch.cat([places, places[pool].mean(1)])
    return places


def test_unknown_weights():
    with pytest.raises(CourseError, match="tensorflow, pytorch, chamfer"):
        pixel2mesh_loss([], [], None, None, "paper")
    assert WEIGHTS["chamfer"].edge == 0


def test_laplacian_coordinates_by_hand():
    vertices = torch.tensor([[0.0, 0, 0], [2, 0, 0], [0, 4, 0], [5, 5, 5]])
    edges = torch.tensor([[0, 1], [0, 2]])
    expected = torch.tensor([[-1.0, -2, 0], [2, 0, 0], [0, 4, 0], [5, 5, 5]])
    assert torch.equal(m.laplacian_coordinates(vertices, edges), expected)


def test_a_shift_costs_nothing_and_a_spike_does():
    vertices, faces = m.icosphere(1)
    edges = m.unique_edges(faces)
    assert m.laplacian_change(vertices, vertices + 0.7, edges).item() == pytest.approx(0, abs=1e-10)
    spike = vertices.clone()
    spike[7] *= 2
    number = (edges == 7).any(1).sum().item()
    around = sum(
        1 / (edges == j).any(1).sum().item() ** 2 for j in edges[(edges == 7).any(1)].flatten().tolist() if j != 7
    )
    assert number in (5, 6)
    assert m.laplacian_change(vertices, spike, edges).item() == pytest.approx((1 + around) / 42, rel=1e-4)
    with pytest.raises(ShapeError, match="subdivided"):
        m.laplacian_change(vertices, vertices[:12], edges)


def test_edges_in_the_surface_have_no_normal_loss():
    square = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]])
    edges = torch.tensor([[0, 1], [0, 2], [0, 3], [1, 2], [2, 3]])
    up, aside = torch.tensor([[[0.0, 0, 1]]]), torch.tensor([[[1.0, 0, 0]]])
    point = torch.tensor([[[0.5, 0.5, 0]]])
    assert m.edge_normal_loss(square, edges, point, up).item() == pytest.approx(0, abs=1e-6)
    expected = (1 + 0.5**0.5 + 0 + 0 + 1) / 5
    assert m.edge_normal_loss(square, edges, point, aside).item() == pytest.approx(expected, rel=1e-5)
    assert m.edge_normal_loss(square, edges[:0], point, up).item() == 0


def test_folds():
    vertices, faces = m.icosphere(2)
    assert m.folds(vertices, faces) == 0
    cube, sides = m.cubify(torch.ones(1, 1, 1), 0.5, align="corner")
    assert m.folds(cube, sides) == 0  # right angles are no folds
    pulled = vertices.clone()
    pulled[0] = -vertices[0]  # through the whole sphere
    assert 0 < m.folds(pulled, faces).item() < 0.05
    both = m.folds(torch.stack([vertices, pulled]), faces)
    assert both[0] == 0 and both[1] == m.folds(pulled, faces)
    assert torch.equal(m.folds(-vertices, faces), m.folds(vertices, faces))  # turned inside out as a whole
    with pytest.raises(CourseError, match="share an edge"):
        m.folds(vertices, faces[:1])


def test_gradients_in_double_precision():
    vertices, faces = m.icosphere(0)
    vertices = vertices.double().requires_grad_()
    edges = m.unique_edges(faces)
    before = (1.1 * vertices.detach()).clone()
    assert torch.autograd.gradcheck(lambda v: m.laplacian_change(before, v, edges), vertices)
    normals = torch.nn.functional.normalize(torch.randn(1, 9, 3, dtype=torch.double), dim=2)
    points = torch.randn(1, 9, 3, dtype=torch.double)
    assert torch.autograd.gradcheck(lambda v: m.edge_normal_loss(v, edges, points, normals), vertices[None])
