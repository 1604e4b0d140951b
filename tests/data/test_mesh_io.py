"""Mesh files: what was written is read, what others write is read, and what is wrong is said."""

import pytest
import torch

from course_lib.data.mesh_io import read_mesh, write_mesh
from course_lib.errors import DataError, ShapeError
from course_lib.ops.meshes import icosphere, surface_area, unique_edges
from tests.samples import sample


@pytest.mark.parametrize("ending", ["obj", "off", "OBJ"])
def test_what_was_written_is_read_to_the_last_bit(tmp_path, ending):
    vertices, faces = icosphere(2)
    vertices = vertices * torch.tensor([1e-4, 1.0, 12345.678])
    write_mesh(tmp_path / f"ball.{ending}", vertices, faces)
    again, same = read_mesh(tmp_path / f"ball.{ending}")
    assert torch.equal(again, vertices) and torch.equal(same, faces) and same.dtype == torch.long
    assert [path.name for path in tmp_path.iterdir()] == [f"ball.{ending}"]


def test_the_cow():
    vertices, faces = read_mesh(sample("mesh/cow.obj"))
    assert (len(vertices), len(faces)) == (2930, 5856)
    assert surface_area(vertices, faces).item() == pytest.approx(5.7095, abs=1e-3)
    assert len(vertices) - len(unique_edges(faces)) + len(faces) == 2  # closed, without a hole


def test_an_obj_as_others_write_it(tmp_path):
    (tmp_path / "a.obj").write_bytes(
        b"# made by caf\xe9\r\nmtllib a.mtl\r\nv 0 0 0 0.5 0.5 0.5\r\nv 1 0 0\r\nv 1 1 0\r\nv 0 1 0\r\n"
        b"vt 0 0\r\nvn 0 0 1\r\n"
        b"g one\r\nusemtl red\r\ns off\r\nf 1/1/1 2/1/1 3//1 \\\r\n 4\r\nv 0 0 1\r\nf -1 -5 -4 # back from the last\r\n"
    )
    vertices, faces = read_mesh(tmp_path / "a.obj")
    assert len(vertices) == 5 and faces.tolist() == [[0, 1, 2], [0, 2, 3], [4, 0, 1]]


@pytest.mark.parametrize("head", ["OFF\n4 2 0\n", "OFF 4 2 0\n", "OFF4 2 0\n", "# comment\nCOFF\n\n4 2 0\n"])
def test_an_off_as_others_write_it(tmp_path, head):
    (tmp_path / "a.off").write_text(head + "0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3 255 0 0\n3 0 2 1\n")
    vertices, faces = read_mesh(tmp_path / "a.off")
    assert vertices.shape == (4, 3) and faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 2, 1]]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.obj", "v 0 0\n", "line 1 is 'v 0 0'"),
        ("a.obj", "v 0 0 0\nf 1 2 3\n", "line 2: a face names vertex"),
        ("a.obj", "v 0 0 0\nf 0 1 1\n", "line 2: a face names vertex"),
        ("a.obj", "v 0 0 0\nf 1 1\n", "three numbers or more"),
        ("a.obj", "v 0 zero 0\n", "expected numbers"),
        ("a.obj", "v 0 nan 0\n", "not finite"),
        ("a.off", "ply\n", "does not begin with OFF"),
        ("a.off", "OFF BINARY\n", "binary"),
        ("a.off", "", "does not begin with OFF"),
        ("a.off", "OFF\n2 1 0\n0 0 0\n", "says 2 vertices and 1 faces and holds 1 and 0"),
        ("a.off", "OFF\n1 1 0\n0 0 0\n3 0 0\n", "cannot be understood"),
        ("a.ply", "ply\n", "expected .obj or .off"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=words):
        read_mesh(tmp_path / name)


def test_an_empty_mesh_and_a_missing_one(tmp_path):
    write_mesh(tmp_path / "none.obj", torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.long))
    vertices, faces = read_mesh(tmp_path / "none.obj")
    assert vertices.shape == faces.shape == (0, 3)
    with pytest.raises(DataError, match="no mesh"):
        read_mesh(tmp_path / "nobody.obj")


def test_what_cannot_be_written(tmp_path):
    vertices, faces = icosphere(0)
    with pytest.raises(ShapeError, match="0 to 11, of 5"):
        write_mesh(tmp_path / "a.obj", vertices[:5], faces)
    with pytest.raises(DataError, match="expected .obj or .off"):
        write_mesh(tmp_path / "a.stl", vertices, faces)
    with pytest.raises(DataError, match="cannot be written"):
        write_mesh(tmp_path / "no" / "a.obj", vertices, faces)
