import json
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops import meshes as m
from tests.samples import sample

FIXTURES = Path(__file__).parents[1] / "fixtures"
CUBES = json.loads((FIXTURES / "cubify.json").read_text())
CASES = [name for name, case in CUBES.items() if "topleft" in case]


def canonical(vertices, faces):
    """Vertices sorted, faces beginning with their smallest number, sorted."""
    order = np.lexsort(np.round(vertices.numpy(), 4).T[::-1])
    place = np.argsort(order)
    turned = [min(tuple(f[k:] + f[:k]) for k in range(3)) for f in place[faces.numpy()].tolist()]
    return vertices.numpy()[order], sorted(turned)


@pytest.mark.parametrize("align", ["topleft", "corner", "center"])
@pytest.mark.parametrize("name", CASES)
def test_cubify_equals_the_public_reference(name, align):
    case = CUBES[name]
    if align not in case:
        pytest.skip("not in the fixture")
    voxels = torch.zeros(case["shape"])
    for z, y, x in case["voxels_nonzero_dhw"]:
        voxels[z, y, x] = 1
    vertices, faces = m.cubify(voxels, 0.5, align)
    expected = case[align]
    assert (len(vertices), len(m.unique_edges(faces)), len(faces)) == (expected["V"], expected["E"], expected["F"])
    assert m.signed_volume(vertices, faces).item() == pytest.approx(expected["signed_volume"], rel=1e-4)
    assert m.surface_area(vertices, faces).item() == pytest.approx(expected["area"], rel=1e-4)
    if "verts_sorted" in expected:
        places, turned = canonical(vertices, faces)
        assert np.allclose(places, expected["verts_sorted"], atol=1e-5)
        assert turned == sorted(min(tuple(f[k:] + f[:k]) for k in range(3)) for f in expected["faces_sorted"])


def test_cubify_counts_the_threshold_itself_and_keeps_empty_elements():
    case = CUBES["threshold_ge"]
    assert len(m.cubify(torch.tensor(case["voxels"]), case["thresh"])[1]) == case["F"]
    batch = torch.zeros(3, 4, 4, 4)
    batch[0, 1, 1, 1] = batch[2, 2, 2, 2] = batch[2, 2, 2, 1] = 1
    meshes = m.cubify(batch, 0.5)
    assert [len(v) for v, _ in meshes] == CUBES["batch_with_empty"]["verts_per_mesh"]
    assert [len(f) for _, f in meshes] == CUBES["batch_with_empty"]["faces_per_mesh"]
    with pytest.raises(CourseError, match="topleft, corner, center"):
        m.cubify(batch, 0.5, "middle")


@pytest.mark.parametrize("level", [0, 1, 2])
def test_icosphere(level):
    vertices, faces = m.icosphere(level)
    known = np.load(FIXTURES / "icosphere.npz")
    assert vertices.shape == known[f"verts{level}"].shape and faces.shape == known[f"faces{level}"].shape
    apart = torch.cdist(vertices, torch.tensor(known[f"verts{level}"]), compute_mode="donot_use_mm_for_euclid_dist")
    assert apart.amin(0).max() < 1e-4 and apart.amin(1).max() < 1e-4  # the public one rounds to four digits
    assert torch.allclose(vertices.norm(dim=1), torch.ones(len(vertices)))
    same = apart.argmin(1)  # our vertex -> theirs
    theirs = {min(tuple(f[k:] + f[:k]) for k in range(3)) for f in known[f"faces{level}"].tolist()}
    assert {min(tuple(f[k:] + f[:k]) for k in range(3)) for f in same[faces].tolist()} == theirs


def test_sizes_of_icospheres():
    for level, (v, e, f) in enumerate(
        [(12, 30, 20), (42, 120, 80), (162, 480, 320), (642, 1920, 1280), (2562, 7680, 5120)]
    ):
        vertices, faces = m.icosphere(level)
        assert (len(vertices), len(m.unique_edges(faces)), len(faces)) == (v, e, f) and v - e + f == 2
        assert len(m.boundary_edges(faces)) == 0 and m.signed_volume(vertices, faces) > 0


def test_edges_and_what_is_opposite():
    faces = torch.tensor([[0, 1, 2], [2, 1, 3]])
    edges, of_face = m.unique_edges(faces, with_faces=True)
    assert edges.tolist() == [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]]
    assert of_face.tolist() == [[2, 1, 0], [3, 4, 2]]
    assert m.boundary_edges(faces).tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    receivers, senders = m.neighbours(edges)
    assert sorted(senders[receivers == 2].tolist()) == [0, 1, 3]
    with pytest.raises(ShapeError, match="whole numbers"):
        m.unique_edges(torch.zeros(4, 3))


def test_subdivide_keeps_the_surface():
    vertices, faces = m.icosphere(1)
    finer, more, features = m.subdivide(vertices, faces, vertices[:, :2])
    assert len(finer) == 162 and len(more) == 320 and torch.equal(finer[:42], vertices)
    assert torch.allclose(features, finer[:, :2])
    assert m.surface_area(finer, more).item() == pytest.approx(m.surface_area(vertices, faces).item(), rel=1e-5)
    assert m.signed_volume(finer, more).item() == pytest.approx(m.signed_volume(vertices, faces).item(), rel=1e-5)
    batch, _ = m.subdivide(vertices.expand(2, -1, -1), faces)
    assert torch.equal(batch[1], finer)


def test_normals_point_outwards():
    vertices, faces = m.icosphere(2)
    middles = vertices[faces].mean(1)
    assert ((m.face_normals(vertices, faces) * middles).sum(1) > 0).all()
    assert (m.vertex_normals(vertices, faces) - vertices).norm(dim=1).max() < 0.03


def test_samples_are_even():
    """A square beside one nine times as large: shares of points are shares of area, and they are even within."""
    square = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    vertices = torch.cat([square, 3 * square + torch.tensor([10.0, 0, 0])])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    points, normals, face = m.sample_surface(vertices, faces, 20_000, torch.Generator().manual_seed(0), with_faces=True)
    assert (points[:, 0] > 5).float().mean().item() == pytest.approx(0.9, abs=0.01)
    large = (points[points[:, 0] > 5] - torch.tensor([10.0, 0, 0])) / 3
    counts, _, _ = np.histogram2d(large[:, 0].numpy(), large[:, 1].numpy(), bins=4, range=[[0, 1], [0, 1]])
    assert np.abs(counts / counts.mean() - 1).max() < 0.12
    assert torch.equal(normals, torch.tensor([0.0, 0, 1]).expand(20_000, 3)) and set(face.tolist()) == {0, 1, 2, 3}


def test_samples_in_batches_carry_gradients():
    vertices, faces = m.icosphere(1)
    batch = torch.stack([vertices, 2 * vertices]).requires_grad_()
    points, normals = m.sample_surface(batch, faces, 300, torch.Generator().manual_seed(1))
    assert points.shape == normals.shape == (2, 300, 3)
    assert points[1].norm(dim=1).mean().item() == pytest.approx(2 * points[0].norm(dim=1).mean().item(), rel=0.02)
    points.sum().backward()
    assert torch.allclose(batch.grad.sum((1, 2)), torch.tensor([900.0, 900.0]), rtol=1e-4)
    with pytest.raises(CourseError, match="no voxel above the threshold"):
        m.sample_surface(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.long), 5)


def test_real_mesh_has_the_published_area():
    lines = sample("mesh/cow.obj").read_text().splitlines()
    vertices = torch.tensor([[float(n) for n in line.split()[1:4]] for line in lines if line.startswith("v ")])
    faces = torch.tensor(
        [[int(n.split("/")[0]) - 1 for n in line.split()[1:4]] for line in lines if line.startswith("f ")]
    )
    assert (len(vertices), len(faces)) == (2930, 5856)
    assert m.surface_area(vertices, faces).item() == pytest.approx(5.7095, abs=1e-3)


def test_regularizers_by_hand():
    flat = torch.tensor([[0.0, 0, 0], [2, 0, 0], [0, 1, 0], [2, 1, 0]])
    faces = torch.tensor([[0, 1, 2], [2, 1, 3]])
    assert m.edge_loss(flat, faces).item() == pytest.approx((4 + 1 + 5 + 1 + 4) / 5)
    assert m.edge_loss(flat, faces, target=1.0).item() == pytest.approx((1 + 0 + (5**0.5 - 1) ** 2 + 0 + 1) / 5)
    assert m.normal_consistency(flat, faces).item() == pytest.approx(0, abs=1e-6)
    folded = flat.clone()
    folded[3] = torch.tensor([0.0, 0, 1])  # at right angles to the first face? its cosine, by hand:
    one, other = (np.cross(*pair) for pair in (((2, -1, 0), (0, -1, 0)), ((2, -1, 0), (0, -1, 1))))
    cosine = -one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert m.normal_consistency(folded, faces).item() == pytest.approx(1 - cosine, abs=1e-5)
    # 0 and 3 have the neighbours 1 and 2, with middle (1, 0.5); 1 has 0, 2 and 3, with middle (2/3, 2/3); 2 likewise.
    away = [np.hypot(1, 0.5), np.hypot(4 / 3, 2 / 3), np.hypot(4 / 3, 2 / 3), np.hypot(1, 0.5)]
    assert m.laplacian_loss(flat, faces).item() == pytest.approx(np.mean(away))


def test_three_faces_at_an_edge_are_three_pairs():
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1]])
    faces = torch.tensor([[0, 1, 2], [0, 1, 3], [0, 1, 4]])
    assert m.normal_consistency(vertices, faces).item() == pytest.approx((0 + 1 + 1) / 3 + 0, abs=1e-5)
    assert m.normal_consistency(vertices, faces[:1]).item() == 0


@pytest.mark.parametrize("kind", ["uniform", "cot", "cotcurv"])
def test_laplacians_of_a_sphere(kind):
    """A finer sphere has less of it; 'cotcurv' tends to the mean curvature, 1/2 of |div n| = 1/r up to the weights."""
    values = []
    for level in (2, 3, 4):
        vertices, faces = m.icosphere(level)
        values.append(m.laplacian_loss(vertices, faces, kind).item())
    if kind == "cotcurv":
        assert values[2] == pytest.approx(values[1], rel=0.02)
    else:
        assert values[0] > 2 * values[1] > 4 * values[2]


def test_cot_weights_do_not_see_uneven_triangles_in_a_plane():
    """An inner vertex off the middle of a flat patch: the uniform Laplacian pulls, the cotangent one does not."""
    rim = torch.tensor([[np.cos(a), np.sin(a), 0] for a in np.arange(6) * np.pi / 3]).float()
    vertices = torch.cat([torch.tensor([[0.3, 0.1, 0.0]]), rim]).requires_grad_()
    faces = torch.tensor([[0, 1 + k, 1 + (k + 1) % 6] for k in range(6)])
    uniform, cot = (m.laplacian_loss(vertices, faces, kind) for kind in ("uniform", "cot"))
    pulls = [torch.autograd.grad(loss, vertices)[0][0].norm() for loss in (uniform, cot)]
    assert pulls[0] > 0
    start, end, weights = m.regularizers._cotangents(vertices.detach(), faces)
    at = torch.zeros(3)
    for a, b, w in zip(start.tolist(), end.tolist(), weights.tolist(), strict=True):
        if 0 in (a, b):
            at += w * (vertices[b if a == 0 else a] - vertices[0]).detach()
    assert at.norm() < 1e-4


def test_empty_meshes_cost_nothing():
    none = torch.zeros(0, 3, dtype=torch.long)
    assert m.edge_loss(torch.zeros(3, 3), none) == m.laplacian_loss(torch.zeros(3, 3), none) == 0


def test_join():
    meshes = [m.icosphere(0), m.icosphere(1)]
    vertices, faces, which = m.join(meshes)
    assert len(vertices) == 54 and torch.bincount(which).tolist() == [12, 42]
    assert torch.equal(faces[20:] - 12, meshes[1][1])


@pytest.mark.parametrize("outside, name", [("zero", "out_zeros_ac1"), ("border", "out_border_ac1")])
def test_vert_align_equals_the_public_reference(outside, name):
    data = {key: torch.tensor(array) for key, array in np.load(FIXTURES / "vert_align.npz").items()}
    found = m.vert_align([data["feat1"], data["feat2"]], data["verts"], outside)
    assert torch.allclose(found, data[name], atol=1e-5)
    with pytest.raises(ShapeError, match="expected as many"):
        m.vert_align(data["feat1"], data["verts"][:1])
