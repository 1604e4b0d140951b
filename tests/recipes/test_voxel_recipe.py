"""Training on renderings with voxels: the batches, the losses, and the command from start to end."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import cli
from course_lib.data.sets.r2n2 import r2n2
from course_lib.models.r2n2 import R2N2
from course_lib.models.voxel_decoders import PictureToVoxels
from course_lib.recipes import voxels as recipe
from course_lib.recipes.voxels import ViewBatches, logits, loss, mean_iou


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five boxes of one kind; the box of object n is 8 + 2 n wide, and its pictures are as blue as that."""
    root = tmp_path_factory.mktemp("r2n2")
    for n in range(5):
        grid = np.zeros((32, 32, 32), np.uint8)
        grid[: 8 + 2 * n] = 1
        flat = grid.reshape(-1)
        runs = b"".join(bytes([int(part[0]), len(part)]) for part in np.split(flat, range(128, len(flat), 128)))
        place = root / "ShapeNetVox32" / "box" / str(n)
        place.mkdir(parents=True)
        (place / "model.binvox").write_bytes(b"#binvox 1\ndim 32 32 32\ntranslate 0 0 0\nscale 1\ndata\n" + runs)
        place = root / "ShapeNetRendering" / "box" / str(n) / "rendering"
        place.mkdir(parents=True)
        for view in range(24):
            pixels = np.full((137, 137, 4), (10 * view, 0, 50 * n, 255), np.uint8)
            Image.fromarray(pixels).save(place / f"{view:02}.png")
    return root


def test_batches_are_the_same_for_the_same_step_and_vary_in_views(folder):
    objects = r2n2(folder)
    make = lambda **how: ViewBatches(objects, 2, 16, 5, **how)  # noqa: E731
    batches = make()
    views, voxels = batches(0)
    assert views.shape[:1] + views.shape[2:] == (2, 3, 16, 16) and voxels.shape == (2, 32, 32, 32)
    assert torch.equal(views, make()(0)[0])
    assert len({make()(step)[0].shape[1] for step in range(8)}) > 2
    halves = torch.cat([make(share=(rank, 2))(0)[0] for rank in (0, 1)])
    assert torch.equal(halves, views)
    widths = voxels.any(1).any(1).sum(1)  # along x
    assert torch.allclose(50 / 255 * (widths - 8) / 2, views[:, 0, 2, 8, 8], atol=1e-3)  # pictures of the same object
    assert len(set(views[0, :, 0, 8, 8].tolist())) == views.shape[1]  # no view twice


def test_losses_and_logits_agree():
    torch.manual_seed(0)
    several, network = R2N2.mini(), PictureToVoxels.mini()
    views, voxels = torch.rand(2, 3, 3, 63, 63), torch.rand(2, 32, 32, 32) < 0.2
    with torch.no_grad():
        by_logits = torch.nn.functional.binary_cross_entropy_with_logits(logits(several, views), voxels.float())
        assert loss(several, (views, voxels)).item() == pytest.approx(by_logits.item(), rel=1e-5)
        small = views[..., :32, :32], voxels[:, ::2, ::2, ::2]
        expected = torch.nn.functional.binary_cross_entropy_with_logits(network(small[0][:, 0]), small[1].float())
        assert loss(network, small).item() == pytest.approx(expected.item(), rel=1e-5)


def test_iou_of_a_network_that_always_says_the_same(folder):
    class Half(PictureToVoxels):
        def forward(self, pictures):
            return torch.where(torch.arange(32) < 16, 9.0, -9.0).expand(len(pictures), 32, 32, 32)

    network = Half.mini().train()
    assert mean_iou(network, r2n2(folder, train=False), 32, most=5) == pytest.approx(1)  # its box is 16 wide
    assert network.training
    assert mean_iou(network, r2n2(folder)[:1], 32, most=5) == pytest.approx(0.5)


@pytest.mark.parametrize(("name", "build", "most"), [("R2N2", R2N2.mini, 2)])
def test_the_command_trains_and_says_the_iou(folder, tmp_path, monkeypatch, capsys, name, build, most):
    monkeypatch.setitem(recipe.NETWORKS, "20", {name: (build, most)})
    arguments = ["train", "20", "--data", str(folder), "--batch", "2", "--steps", "2", "--every", "2", "--workers", "0"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--checkpoint", str(tmp_path / "v.pt")])
    printed = capsys.readouterr().out
    assert ended.value.code == 0 and "R2N2: 4 training objects, 1 test objects" in printed and "IoU" in printed
    assert (tmp_path / "v.pt").is_file()
