"""Training of Pixel2Mesh on a small ShapeNet: the split, the batches, and the command from start to end."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import cli
from course_lib.data.mesh_io import write_mesh
from course_lib.errors import DataError
from course_lib.models.pixel2mesh import Pixel2Mesh, ellipsoid
from course_lib.ops.meshes import icosphere
from course_lib.recipes import meshes as recipe


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    root = tmp_path_factory.mktemp("shapenet")
    vertices, faces = icosphere(1)
    for number, name in enumerate("abcde"):
        core = root / "ShapeNetCore.v1" / "03001627" / name
        pictures = root / "ShapeNetRendering" / "03001627" / name / "rendering"
        core.mkdir(parents=True)
        pictures.mkdir(parents=True)
        write_mesh(core / "model.obj", 0.2 * vertices * torch.tensor([1.0, 1 + 0.2 * number, 1]), faces)
        (pictures / "rendering_metadata.txt").write_text("".join(f"{15 * i} 30 0 0.8 25\n" for i in range(24)))
        for view in (0, 5):
            Image.fromarray(np.full((40, 40, 4), 40 * number + view, np.uint8)).save(pictures / f"{view:02d}.png")
    return root


def test_the_split_is_3d_r2n2s(disk, tmp_path):
    train, test = recipe.split(disk)
    assert [m.name for m in train] == list("abcd") and [m.name for m in test] == ["e"]
    assert train[0].views == (0, 5)
    with pytest.raises(DataError, match="is not there"):
        recipe.split(tmp_path)
    (tmp_path / "ShapeNetCore.v1").mkdir()
    (tmp_path / "ShapeNetRendering").mkdir()
    with pytest.raises(DataError, match="no model"):
        recipe.split(tmp_path)


def test_the_same_step_gives_the_same_batch(disk):
    train, _ = recipe.split(disk)
    make = lambda **how: recipe.MeshBatches(train, 2, points=30, **how)  # noqa: E731
    first, second = make()(0), make()(1)
    assert first[0].shape == (2, 3, 224, 224) and first[1].shape == first[2].shape == (2, 30, 3)
    assert all(torch.equal(a, b) for a, b in zip(second, make()(1), strict=True))
    halves = [make(share=(rank, 2))(0)[1] for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), first[1])
    assert not torch.equal(make(seed=1)(0)[1], first[1])


def test_score_of_a_network_that_knows_the_surface(disk):
    _, test = recipe.split(disk)

    class Knowing(torch.nn.Module):
        def __init__(self, away):
            super().__init__()
            _, points, _ = recipe.for_pixel2mesh(test[0], 0, recipe.POINTS, torch.Generator().manual_seed(0))
            self.points = torch.nn.Parameter(points[None] + away)

        def forward(self, pictures):
            return [(self.points, None)]

    assert recipe.score(Knowing(0.0), test, 5) == pytest.approx(1)
    assert recipe.score(Knowing(0.5), test, 5) == 0


def test_the_command_trains_and_says_the_score(disk, tmp_path, monkeypatch, capsys):
    def small():
        return Pixel2Mesh.mini(8, template=ellipsoid(24))

    monkeypatch.setitem(recipe.NETWORKS, "22", {"Pixel2Mesh": small})
    monkeypatch.setattr(recipe, "POINTS", 50)
    arguments = ["train", "22", "--data", str(disk), "--batch", "2", "--steps", "2", "--every", "1", "--workers", "0"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--checkpoint", str(tmp_path / "p.pt")])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "4 training models, 1 test models" in printed and "F1 at 0.01 of 0.000" in printed
