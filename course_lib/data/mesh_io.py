"""Mesh files: OBJ and OFF, read and written.

    vertices, faces = read_mesh("cow.obj")     # (V, 3) float32, (F, 3) long
    write_mesh("out.off", vertices, faces)

A file's faces may have any number of corners; they come back as triangles that share their first corner. What a file
says beyond places and faces (colors, texture coordinates, normals, materials) is skipped. Coordinates are the file's
own: neither format says which way is up.
"""

import numpy as np
import torch

from course_lib.atomic import write_atomically
from course_lib.errors import DataError, ShapeError, check_shape
from course_lib.places import absent, place, system_errors

FORMATS = (".obj", ".off")


def read_mesh(path):
    """A triangle mesh from an OBJ or OFF file, by the file's ending.

    Returns:
        vertices (V, 3) float32, faces (F, 3) long.
    Raises:
        DataError: if the file is missing or has another ending, or a line of it cannot be understood.
    """
    path = place(path, DataError)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise DataError(f"{path} ends in {suffix!r}, expected {' or '.join(FORMATS)}: convert it first.")
    if not path.is_file():
        raise DataError(f"There is no mesh {path}: it {'is a folder' if path.is_dir() else absent(path)}.")
    with system_errors(f"{path} cannot be read", DataError):
        text = path.read_bytes().decode("utf-8", errors="replace")  # names of materials come in any encoding
    rows, polygons = (_obj if suffix == ".obj" else _off)(path, text)
    vertices = np.array(rows, np.float32).reshape(-1, 3)
    if not np.isfinite(vertices).all():
        raise DataError(f"{path}: a coordinate is not finite. Export the mesh again.")
    faces = [(corners[0], *corners[i : i + 2]) for _, corners in polygons for i in range(1, len(corners) - 1)]
    for line, corners in polygons:
        if min(corners) < 0 or max(corners) >= len(vertices):
            raise DataError(f"{path}, line {line}: a face names vertex {corners}, counted from 0, of {len(vertices)}.")
    return torch.from_numpy(vertices), torch.tensor(faces, dtype=torch.long).reshape(-1, 3)


def write_mesh(path, vertices, faces):
    """Write a triangle mesh, whole or not at all; the path's ending chooses the format.

    Args:
        path: ends in .obj or .off; its folder must exist. vertices: (V, 3). faces: (F, 3).
    Raises:
        ShapeError: if the shapes do not fit, or a face names a vertex that is not there.
        DataError: if the ending is another, or the file cannot be written.
    """
    check_shape(vertices, "V 3", "vertices")
    check_shape(faces, "F 3", "faces")
    if len(faces) and not 0 <= int(faces.min()) <= int(faces.max()) < len(vertices):
        raise ShapeError(f"faces names vertices {int(faces.min())} to {int(faces.max())}, of {len(vertices)} in all.")
    path = place(path, DataError)
    # Nine digits are enough for float32 to come back the same.
    places = [" ".join(f"{number:.9g}" for number in row) for row in vertices.detach().cpu().tolist()]
    if path.suffix.lower() == ".obj":
        lines = [f"v {row}" for row in places] + [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces.tolist()]
    elif path.suffix.lower() == ".off":
        lines = ["OFF", f"{len(vertices)} {len(faces)} 0", *places]
        lines += [f"3 {a} {b} {c}" for a, b, c in faces.tolist()]
    else:
        raise DataError(f"{path} ends in {path.suffix!r}, expected {' or '.join(FORMATS)}.")
    with system_errors(f"{path} cannot be written", DataError):
        write_atomically(path, "\n".join(lines) + "\n")


def _obj(path, text):
    """Rows of v, and faces as (line, corners counted from 0)."""
    rows, polygons = [], []
    for line, words in _lines(text.replace("\\\r\n", " ").replace("\\\n", " ")):
        try:
            if words[0] == "v":
                rows.append([float(word) for word in words[1:4]])
            elif words[0] == "f":
                corners = [int(word.split("/")[0]) for word in words[1:]]  # place/texture/normal
                # From 1; negative numbers count back from the last vertex so far. 0 is nothing.
                polygons.append((line, [n - 1 if n > 0 else len(rows) + n if n < 0 else -1 for n in corners]))
        except ValueError:
            raise DataError(f"{path}, line {line} is {' '.join(words)[:60]!r}, expected numbers.") from None
        if words[0] == "v" and len(rows[-1]) != 3 or words[0] == "f" and len(polygons[-1][1]) < 3:
            raise DataError(f"{path}, line {line} is {' '.join(words)[:60]!r}, expected three numbers or more.")
    return rows, polygons


def _off(path, text):
    words = [(line, row) for line, row in _lines(text)]
    head = words[0][1][0] if words else ""
    if not head.upper().startswith(("OFF", "COFF", "NOFF")) or "BINARY" in (word.upper() for word in words[0][1]):
        raise DataError(f"{path} does not begin with OFF, or is a binary file: only OFF as text is read.")
    after = head[head.upper().index("OFF") + 3 :]  # some files of ModelNet lack the new line: OFF5 3 0
    first = [after, *words[0][1][1:]] if after else words[0][1][1:]
    rows = [(words[0][0], first), *words[1:]] if first else words[1:]
    try:
        count, many = int(rows[0][1][0]), int(rows[0][1][1])
        vertices = [[float(word) for word in row[:3]] for _, row in rows[1 : 1 + count]]
        polygons = []
        for line, row in rows[1 + count : 1 + count + many]:
            size = int(row[0])
            polygons.append((line, [int(word) for word in row[1 : 1 + size]]))
            if len(polygons[-1][1]) != size or size < 3:
                raise ValueError
    except (ValueError, IndexError):
        raise DataError(f"{path} cannot be understood as OFF: counts, then vertices, then faces.") from None
    if len(vertices) != count or len(polygons) != many or any(len(row) != 3 for row in vertices):
        raise DataError(
            f"{path} says {count} vertices and {many} faces and holds {len(vertices)} and {len(polygons)}. It may be "
            "incomplete: copy or download it again."
        )
    return vertices, polygons


def _lines(text):
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if words:
            yield number, words
