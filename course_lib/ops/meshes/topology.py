"""What a mesh connects: edges, neighbours, finer meshes. Coordinates matter nowhere but in `icosphere`."""

import itertools

import torch

from course_lib.errors import CourseError, ShapeError


def unique_edges(faces, with_faces=False):
    """Each edge once, the smaller vertex number first, sorted.

    Args:
        faces: (F, 3) long.
        with_faces: also return which edges a face has.
    Returns:
        (E, 2) long; with_faces: and (F, 3) long, the number of the edge opposite to each of the face's vertices.
    """
    faces = _checked(faces)
    pairs = faces[:, [[1, 2], [2, 0], [0, 1]]]  # opposite to vertices 0, 1 and 2
    low, high = pairs.sort(-1).values.flatten(0, 1).unbind(1)
    size = int(faces.max()) + 1 if len(faces) else 1
    # One number for each pair: torch finds equal numbers many times faster than equal rows.
    found, number = (low * size + high).unique(return_inverse=True)
    edges = torch.stack([found // size, found % size], 1)
    return (edges, number.view(-1, 3)) if with_faces else edges


def neighbours(edges):
    """Edges as messages both ways, for graph convolutions: (E, 2) -> receivers (2E,), senders (2E,)."""
    both = torch.cat([edges, edges.flip(1)])
    return both[:, 0], both[:, 1]


def boundary_edges(faces):
    """Edges that belong to one face only, (N, 2); a watertight mesh has none."""
    edges, of_face = unique_edges(faces, with_faces=True)
    return edges[torch.bincount(of_face.flatten(), minlength=len(edges)) == 1]


def subdivide(vertices, faces, features=None):
    """Four faces for each: a new vertex in the middle of every edge, appended after the old ones.

    Args:
        vertices: (..., V, 3). faces: (F, 3). features: (..., V, C), averaged along the edges like the vertices.
    Returns:
        vertices (..., V + E, 3), faces (4 F, 3), and features (..., V + E, C) if there were any.
    """
    edges, of_face = unique_edges(faces, with_faces=True)
    a, b, c = faces.unbind(1)
    opposite_a, opposite_b, opposite_c = (of_face + vertices.shape[-2]).unbind(1)
    finer = torch.cat([
        torch.stack([a, opposite_c, opposite_b], 1),
        torch.stack([b, opposite_a, opposite_c], 1),
        torch.stack([c, opposite_b, opposite_a], 1),
        of_face + vertices.shape[-2],
    ])  # fmt: skip

    def with_middles(values):
        return torch.cat([values, values[..., edges, :].mean(-2)], -2)

    if features is None:
        return with_middles(vertices), finer
    return with_middles(vertices), finer, with_middles(features)


def icosphere(level=0):
    """A sphere of radius 1 from an icosahedron, subdivided `level` times.

    Returns:
        vertices (V, 3): V = 12, 42, 162, 642, 2562 for levels 0 to 4; faces (F, 3): F = 20 * 4^level.
    Raises:
        CourseError: if the level is negative.
    """
    if level < 0:
        raise CourseError(f"level is {level}, expected 0 or more.")
    if level == 0:
        golden = (1 + 5**0.5) / 2
        corners = [(sx, sy * golden, 0.0) for sy in (1, -1) for sx in (-1, 1)]
        vertices = torch.tensor([tuple(c[(i - turn) % 3] for i in range(3)) for turn in range(3) for c in corners])
        vertices = vertices / vertices.norm(dim=1, keepdim=True)
        # Faces join three corners that are each other's nearest; they are turned so that they face outwards.
        near = torch.cdist(vertices, vertices) < 1.1
        triples = torch.tensor(
            [
                t
                for t in itertools.combinations(range(12), 3)
                if all(near[i, j] for i, j in itertools.combinations(t, 2))
            ]
        )
        outwards = torch.linalg.det(vertices[triples]) > 0
        return vertices, torch.where(outwards[:, None], triples, triples.flip(1))
    vertices, faces = subdivide(*icosphere(level - 1))
    return vertices / vertices.norm(dim=1, keepdim=True), faces


def join(meshes):
    """Several meshes as one, for networks that treat a batch as one large graph.

    Args:
        meshes: list of (vertices, faces).
    Returns:
        vertices (sum of V, 3), faces (sum of F, 3) with shifted numbers, and (sum of V,) long, each vertex's mesh.
    """
    counts = [len(vertices) for vertices, _ in meshes]
    shifts = [0, *itertools.accumulate(counts)]
    faces = torch.cat([faces + shift for (_, faces), shift in zip(meshes, shifts, strict=False)])
    mesh = torch.repeat_interleave(torch.arange(len(meshes)), torch.tensor(counts)).to(faces.device)
    return torch.cat([vertices for vertices, _ in meshes]), faces, mesh


def _checked(faces):
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.is_floating_point():
        raise ShapeError(
            f"faces is {faces.dtype} {tuple(faces.shape)}, expected whole numbers (F, 3), vertices of each."
        )
    return faces
