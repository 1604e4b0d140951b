"""Training of depth networks on RGB-D files: the split, the batches, and the command from start to end."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import cli
from course_lib.data.worlds.scenes import SceneWorld
from course_lib.errors import CourseError, DataError
from course_lib.models.depth_fcn import DepthFCN
from course_lib.models.eigen_depth import EigenDepth
from course_lib.recipes import depth as recipe
from course_lib.recipes.depth import DepthBatches, shape_error, split, stage_loss


def write_sequence(folder, count, seed):
    """Rooms in 7-Scenes' layout, with a corner where nothing was measured."""
    folder.mkdir()
    frames, depth, _ = SceneWorld(48, 64).pictures(count, seed=seed)
    depth[:, :8, :8] = 0
    for n in range(count):
        pixels = (255 * frames[n]).byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(folder / f"frame-{n:06}.color.png")
        Image.fromarray((1000 * depth[n]).numpy().astype(np.uint16)).save(folder / f"frame-{n:06}.depth.png")
    return folder


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp("rgbd") / "scenes"
    root.mkdir()
    for seed, count in ((1, 6), (2, 3)):
        write_sequence(root / f"seq-{seed}", count, seed)
    return root


def test_the_last_sequence_or_the_last_frames_are_for_testing(scenes, tmp_path):
    train, test = split(scenes)
    assert len(train) == 6 and len(test) == 3 and not {id(f) for f, _ in train} & {id(f) for f, _ in test}
    train, test = split(scenes / "seq-1")
    assert [number for _, number in train] == [0, 1, 2, 3, 4] and [number for _, number in test] == [5]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="expected at least 2"):
        split(tmp_path / "empty")
    with pytest.raises(DataError, match="holds no RGB-D sequence"):
        split(tmp_path)


def test_the_same_step_gives_the_same_batch_and_unknown_stays_unknown(scenes):
    train, _ = split(scenes)
    make = lambda **how: DepthBatches(train, 2, (76, 100), **how)  # noqa: E731
    batches = make()
    first, second = batches(0), batches(1)
    assert first[0].shape == (2, 3, 76, 100) and first[1].shape == (2, 76, 100)
    assert all(torch.equal(a, b) for a, b in zip(second, make()(1), strict=True))
    corners = first[1][:, :12][:, :, [0, -1]]  # mirrored or not, one of the two upper corners is unknown
    assert (corners == 0).all(1).any(1).all() and (first[1][:, 40:] > 0).all()
    halves = [make(share=(rank, 2))(0)[1] for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), first[1])
    with pytest.raises(CourseError, match="shared equally"):
        DepthBatches(train, 3, (76, 100), share=(0, 2))


def test_stages_train_their_own_part():
    network, batch = EigenDepth.mini(), (torch.rand(2, 3, 76, 100), 1 + torch.rand(2, 76, 100))
    stage_loss("coarse")(network, batch).backward()
    assert all(p.grad is None for p in network.fine.parameters())
    network.zero_grad(set_to_none=True)
    stage_loss("fine")(network, batch).backward()
    assert all(p.grad is None for p in network.coarse.parameters())


def test_error_of_a_network_that_knows_the_shape(scenes):
    class Knowing(torch.nn.Module):
        def __init__(self, truth):
            super().__init__()
            self.weight, self.truth = torch.nn.Parameter(torch.zeros(())), truth

        def forward(self, frames):
            return torch.where(self.truth > 0, self.truth, torch.ones(())).log() + 1  # e times too far

    train, _ = split(scenes)
    entries = train[:1]
    _, depth = recipe.read(entries[0], (48, 64))
    assert shape_error(Knowing(depth[None]), entries, (48, 64), "all", most=5) < 1e-3


@pytest.mark.parametrize(
    ("name", "build", "size", "said"),
    [
        ("EigenDepth", EigenDepth.mini, (76, 100), ("EigenDepth, coarse: 6 training", "fine, step       4: scale-inv")),
        ("DepthFCN", DepthFCN.mini, (48, 64), ("DepthFCN: 6 training frames, 3 test", "\nstep       4: scale-inv")),
    ],
)
def test_the_command_trains_and_says_the_error(scenes, tmp_path, monkeypatch, capsys, name, build, size, said):
    stages = recipe.NETWORKS["19"][name][2]
    monkeypatch.setitem(recipe.NETWORKS, "19", {name: (build, size, stages)})
    arguments = ["train", "19", "--data", str(scenes), "--batch", "2", "--steps", "4", "--every", "2", "--workers", "0"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--network", name, "--checkpoint", str(tmp_path / "d.pt")])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert all(words in printed for words in said)
    assert len(list(tmp_path.glob("d*.pt"))) == len(stages)
    with pytest.raises(SystemExit):
        cli.main([*arguments, "--network", "Eigen"])
    assert f"Lecture 19 has no network 'Eigen'. It has: {name}." in capsys.readouterr().err
