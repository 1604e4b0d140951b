"""Training of flow networks on files: batches, schedule, and the command from start to end."""

import pytest
import torch

from course_lib import cli
from course_lib.data.flow_io import write_flo
from course_lib.data.sets.flow import flying_chairs
from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.errors import CourseError, DataError
from course_lib.models.flownet import FlowNetS
from course_lib.ops.flow_augmentation import Augmentation
from course_lib.recipes import flow
from course_lib.recipes.flow import FlowBatches, mean_error, rate
from tests.data.test_flow_sets import picture


@pytest.fixture(scope="module")
def chairs(tmp_path_factory):
    from PIL import Image

    folder = tmp_path_factory.mktemp("chairs")
    (folder / "data").mkdir()
    pairs = FlyingShapes(64, 96, motion=3.0).sample(6, seed=0)
    for n in range(6):
        for frame, images in ((1, pairs.image1), (2, pairs.image2)):
            pixels = (255 * images[n]).round().byte().permute(1, 2, 0).numpy()
            Image.fromarray(pixels).save(folder / f"data/{n + 1:05}_img{frame}.ppm")
        write_flo(folder / f"data/{n + 1:05}_flow.flo", pairs.flow[n])
    (folder / "FlyingChairs_train_val.txt").write_text("1\n1\n2\n1\n1\n2\n")
    return folder


def test_the_same_step_gives_the_same_batch_and_all_pairs_come(chairs):
    pairs = flying_chairs(chairs)
    make = lambda **how: FlowBatches(pairs, 2, crop=(48, 64), **how)  # noqa: E731
    batches = make()
    first, second = batches(0), batches(1)
    assert first[0].shape == (2, 6, 48, 64) and first[1].shape == (2, 2, 48, 64) and first[2].all()
    assert all(torch.equal(a, b) for a, b in zip(second, make()(1), strict=True))
    assert not torch.equal(first[1], second[1])
    augmented = make(augmentation=Augmentation())(0)
    assert augmented[0].shape == first[0].shape and not torch.equal(augmented[1], first[1])
    halves = [make(share=(rank, 2))(0)[1] for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), first[1])


def test_what_does_not_fit_is_explained(chairs):
    with pytest.raises(DataError, match="smaller than a crop"):
        FlowBatches(flying_chairs(chairs), 2)(0)
    with pytest.raises(CourseError, match="shared equally"):
        FlowBatches(flying_chairs(chairs), 3, share=(0, 2))


def test_schedule():
    flat, rising = rate(600), rate(600, warm_up=1 / 60)
    assert [flat(step) for step in (0, 299, 300, 399, 400, 599)] == [1, 1, 0.5, 0.5, 0.25, 0.125]
    assert rising(0) == pytest.approx(0.01) and rising(5) == pytest.approx(0.505) and rising(10) == 1


def test_mean_error_of_a_network_that_says_nothing(chairs):
    class Still(torch.nn.Module):
        scale, deep = 20.0, (1,)

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(()))

        def forward(self, images):
            return (self.weight * images[:, :2, ::4, ::4],)

    pairs = flying_chairs(chairs, train=False)
    expected = sum(pairs[n][2].norm(dim=0).mean().item() for n in range(2)) / 2
    assert mean_error(Still(), pairs, most=10) == pytest.approx(expected, rel=1e-5)


def test_the_command_trains_and_says_the_error(chairs, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(flow.NETWORKS, "17", {"FlowNetS": FlowNetS.mini})
    monkeypatch.setattr(
        FlowBatches.__init__, "__kwdefaults__", FlowBatches.__init__.__kwdefaults__ | {"crop": (48, 64)}
    )
    arguments = ["train", "17", "--data", str(chairs), "--batch", "2", "--steps", "4", "--every", "2", "--workers", "0"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--checkpoint", str(tmp_path / "s.pt")])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "FlowNetS: 4 training pairs, 2 test pairs" in said and "step       4: end-point error" in said
    with pytest.raises(SystemExit):
        cli.main([*arguments, "--network", "FlowNet9"])
    assert "Lecture 17 has no network 'FlowNet9'. It has: FlowNetS." in capsys.readouterr().err


def test_a_picture_that_is_no_pair_is_not_taken(tmp_path):
    picture(tmp_path / "data/00001_img1.ppm", 3)
    with pytest.raises(DataError, match="flow.flo"):
        flying_chairs(tmp_path)
