"""Training of Mesh R-CNN on Pix3D's files: mirroring, the rate, the measure, and the command from start to end."""

import json

import pytest
import torch
from PIL import Image
from scipy.io import savemat

from course_lib import cli
from course_lib.data.worlds.furnished import FurnishedWorld
from course_lib.models.mesh_rcnn import MeshRCNN
from course_lib.ops.boxes import iou
from course_lib.ops.camera import project
from course_lib.recipes import mesh_rcnn as recipe


@pytest.fixture(scope="module")
def found():
    return FurnishedWorld(pieces=(1, 1)).picture(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, found):
    """Three times the same picture, as Pix3D lies on disk."""
    root = tmp_path_factory.mktemp("pix3d")
    Image.fromarray((found.picture * 255).byte().permute(1, 2, 0).numpy()).save(root / "a.png")
    Image.fromarray((found.masks[0] * 255).byte().numpy()).save(root / "mask.png")
    vertices, faces = found.meshes[0]
    middle = vertices.mean(0)
    lines = [f"v {x} {y} {z}" for x, y, z in ((vertices - middle) * torch.tensor([-1, -1, 1])).tolist()]
    lines += [f"f {a} {b} {c}" for a, b, c in (faces + 1).tolist()]
    (root / "model.obj").write_text("\n".join(lines))
    savemat(root / "voxel.mat", {"voxel": torch.ones(4, 4, 4, dtype=torch.uint8).numpy()})
    annotation = {"category_id": 3, "bbox": found.boxes[0].tolist(), "segmentation": "mask.png", "model": "model.obj",
                  "voxel": "voxel.mat", "K": [found.K[0, 0].item(), 64, 48], "rot_mat": torch.eye(3).tolist(),
                  "trans_mat": (middle * torch.tensor([-1, -1, 1])).tolist()}  # fmt: skip
    table = {"images": [{"id": i, "file_name": "a.png"} for i in range(3)],
             "annotations": [{**annotation, "image_id": i} for i in range(3)],
             "categories": [{"id": 3, "name": "chair"}]}  # fmt: skip
    for part in ("train", "test"):
        (root / f"pix3d_s1_{part}.json").write_text(json.dumps(table))
    return root


def test_a_mirrored_object_is_where_its_mirrored_mask_is(found):
    picture, target = recipe.mirrored(found.picture, found.target())
    pixels = project(target["meshes"][0][0], target["K"]) + 0.5
    box = torch.cat([pixels.amin(0), pixels.amax(0) - pixels.amin(0)])
    assert iou(target["boxes"][0], box) > 0.85 and not torch.equal(target["boxes"], found.boxes)
    x, y, w, h = target["boxes"][0].long().tolist()
    assert target["masks"][0, y : y + h, x : x + w].sum() == found.masks.sum()
    back, again = recipe.mirrored(picture, target)
    assert torch.equal(back, found.picture) and torch.equal(again["boxes"], found.boxes)
    assert torch.equal(again["meshes"][0][1], found.meshes[0][1]) and torch.equal(again["K"], found.K)


def test_the_rate_warms_up_and_falls_twice():
    rates = [recipe.rate(step, 11_000) for step in (0, 500, 1000, 7999, 8000, 9999, 10_000)]
    assert rates == pytest.approx([0.1, 0.55, 1, 1, 0.1, 0.1, 0.01])


def test_equal_lists_are_parted(folder):
    train, test = recipe.parts(folder)
    assert (len(train), len(test)) == (2, 1)


class Knowing(torch.nn.Module):
    """Predicts the true box, and a given mesh in its cube."""

    def __init__(self, target, mesh):
        super().__init__()
        self.weight, self.target, self.mesh = torch.nn.Parameter(torch.zeros(1)), target, mesh

    def forward(self, pictures):
        from course_lib.ops.frustum import depth_ratio

        box = self.target["boxes"]
        ratio = depth_ratio(self.target["meshes"][0][0], box[0], self.target["K"][0, 0])
        return [{"boxes": box, "ratio": ratio[None], "stages": [[self.mesh]]}]


def test_the_true_mesh_scores_1(folder):
    from course_lib.ops.frustum import to_cube

    objects = recipe.parts(folder)[1]
    target = objects[0]["target"]
    vertices, faces = target["meshes"][0]
    z_range = torch.stack(torch.aminmax(vertices[:, 2]))
    exact = to_cube(vertices, target["boxes"][0], z_range, target["K"])
    assert recipe.mesh_f1(Knowing(target, (exact, faces)), objects, 3) > 0.97
    assert recipe.mesh_f1(Knowing(target, (exact * 0.3, faces)), objects, 3) < 0.6


def test_the_command_trains_from_start_to_end(folder, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(recipe, "MeshRCNN", lambda start: MeshRCNN.mini(9, start=start, samples=50))
    path = tmp_path / "run.pt"
    arguments = ["train", "23", "--data", str(folder), "--batch", "2", "--steps", "2", "--every", "2", "--workers",
                 "0", "--checkpoint", str(path)]  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    printed = capsys.readouterr().out
    assert ended.value.code == 0 and path.is_file()
    assert "2 training pictures, 1 test pictures" in printed and "F1@0.3" in printed
