"""Test-time training, tracks, stereo from known cameras, and the networks that it all begins with."""

import json

import pytest
import torch
from torch import nn

from course_lib import cli
from course_lib.data.sets.shipped import shipped_path
from course_lib.data.worlds.scenes import SceneWorld
from course_lib.errors import DataError, ShapeError
from course_lib.models.midas import MidasNet
from course_lib.ops.depth import depth_metrics
from course_lib.recipes import depth_expert, flow_experts
from course_lib.train import Checkpoint
from course_lib.video_depth import networks
from course_lib.video_depth.geometry import masked_mean, meet, spatial_loss
from course_lib.video_depth.networks import FromInverseDepth, FromLogDepth, rooms_network
from course_lib.video_depth.pairs import frame_pairs
from course_lib.video_depth.stereo import plane_sweep, sweep
from course_lib.video_depth.tracks import corners, follow
from course_lib.video_depth.training import Lesson, consistency_loss, depth_of, make_consistent


@pytest.fixture(scope="module")
def video():
    return SceneWorld(48, 64).video(6, seed=31)


def lesson_of(video, **changes):
    pairs = frame_pairs(len(video))
    i, j = zip(*pairs, strict=True)
    settings = {"frames": video.frames, "K": video.K, "poses": video.poses, "pairs": pairs, "flow": video.flow(i, j),
                "backward": video.flow(j, i)} | changes  # fmt: skip
    return Lesson.from_flow(**settings)


class Given(nn.Module):
    """A 'network' that knows the depth of every frame, up to one factor that can be learnt."""

    def __init__(self, video, factor=1.0):
        super().__init__()
        self.video, self.log_factor = video, nn.Parameter(torch.tensor(factor).log())

    def forward(self, frames):
        rows = [(self.video.frames - frame).abs().flatten(1).sum(1).argmin() for frame in frames]
        return self.video.depth[torch.stack(rows)] * self.log_factor.exp()


def test_true_depth_has_hardly_a_loss_and_a_factor_is_found(video):
    lesson = lesson_of(video)
    loss, batch = consistency_loss(video.K), lesson.batches(4)(0)
    wrong = Given(video, 1.4)
    assert loss(Given(video), batch) < 0.1 * loss(wrong, batch)
    trained, history = make_consistent(wrong, lesson, 60, lr=0.02)
    assert trained.log_factor.exp().item() == pytest.approx(1, abs=0.05)
    assert wrong.log_factor.exp().item() == pytest.approx(1.4) and history.loss[-1] < 0.3 * history.loss[0]


def test_both_directions_count_and_disparity_can_be_left_out(video):
    lesson = lesson_of(video)
    batch, network = lesson.batches(2)(0), Given(video, 1.3)
    frames, others, flow, backward, mask, back, poses, other_poses = batch
    turned = (others, frames, backward, flow, back, mask, other_poses, poses)
    both = consistency_loss(video.K)
    assert torch.isclose(both(network, batch), both(network, turned))
    assert not torch.isclose(both(network, batch), consistency_loss(video.K, 0.0)(network, batch))


def test_a_network_learns_a_video(video):
    """The shipped network, a few steps: the depth of a video it has never seen becomes more consistent."""
    lesson, network = lesson_of(video), rooms_network()
    before = depth_of(network, video.frames)
    trained, _ = make_consistent(network, lesson, 25)
    assert torch.equal(depth_of(network, video.frames), before)  # the network itself stays as it is
    i, j = lesson.pairs.T

    def error(depth):
        meeting = meet(depth[i], depth[j], lesson.flow, video.K, video.K, video.poses[i], video.poses[j])
        return masked_mean(spatial_loss(meeting), lesson.mask)

    assert error(depth_of(trained, video.frames)) < 0.7 * error(before)


def test_training_goes_on_from_its_checkpoint(video, tmp_path):
    lesson, network = lesson_of(video), rooms_network()
    whole, _ = make_consistent(network, lesson, 6, seed=3)
    file = tmp_path / "training.pt"
    make_consistent(network, lesson, 3, seed=3, checkpoint=Checkpoint(file))
    rest, history = make_consistent(network, lesson, 6, seed=3, checkpoint=Checkpoint(file))
    assert torch.allclose(depth_of(whole, video.frames), depth_of(rest, video.frames), atol=1e-4)
    assert len(history.loss) == 6


def test_pairs_without_overlap_and_what_moves_are_left_out(video):
    moving = torch.zeros_like(video.depth, dtype=torch.bool)
    moving[2, :, :60] = True
    lesson = lesson_of(video, still=~moving)
    assert not (lesson.pairs == 2).any() and len(lesson.pairs) > 0
    assert len(lesson_of(video).pairs) == len(frame_pairs(6))
    with pytest.raises(DataError, match="No pair"):
        lesson_of(video, still=torch.zeros_like(moving))


def test_a_lesson_checks_its_shapes(video):
    with pytest.raises(ShapeError, match="poses"):
        lesson_of(video, poses=video.poses[:3])


def test_every_pair_comes_once_per_epoch(video):
    lesson = lesson_of(video)
    batch = lesson.batches(3, seed=1)
    flows = torch.cat([batch(step)[2] for step in range(4)])
    distinct = {flow.sum().item() for flow in flows[: len(lesson.pairs)]}
    assert len(distinct) == len(lesson.pairs)


# Networks


def test_inverse_depth_is_aligned_over_the_whole_video(video):
    class Relative(nn.Module):
        def forward(self, frames):
            return self.out

    network = Relative()
    network.out = 700 / video.depth + 90
    wrapped = FromInverseDepth(network)
    wrapped.relative = lambda frames: network.out
    sparse = torch.where(torch.rand(video.depth.shape, generator=torch.Generator().manual_seed(0)) < 0.02,
                         0.3 * video.depth, torch.zeros(()))  # fmt: skip
    wrapped.align(video.frames, sparse, batch=6)
    assert depth_metrics(wrapped(video.frames), 0.3 * video.depth)["abs_rel"] < 0.05
    with pytest.raises(DataError, match="No pixel"):
        wrapped.align(video.frames, 0 * sparse, batch=6)
    network.out = torch.ones_like(video.depth)
    with pytest.raises(DataError, match="constant"):
        wrapped.align(video.frames, sparse, batch=6)


def test_midas_becomes_depth_and_can_be_trained():
    torch.manual_seed(0)
    network = FromInverseDepth(MidasNet.mini(), size=64)
    frames = torch.rand(2, 3, 48, 64)
    depth = network.eval()(frames)
    assert depth.shape == (2, 48, 64) and (depth > 0).all() and torch.isfinite(depth).all()
    depth.log().mean().backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_log_depth_stays_finite():
    class Wild(nn.Module):
        def forward(self, frames):
            return torch.full((len(frames), 1, *frames.shape[2:]), 1e4)

    depth = FromLogDepth(Wild())(torch.zeros(2, 3, 4, 5))
    assert depth.shape == (2, 4, 5) and torch.isfinite(depth).all()


def test_what_ships_is_what_its_manifest_says():
    about = json.loads(shipped_path("weights/depth_rooms.json").read_text())
    assert depth_expert.measure(rooms_network().network) == pytest.approx(about["measured"], abs=0.004)
    assert about["recipe"] == depth_expert.asdict(depth_expert.Recipe())
    assert shipped_path("weights/depth_rooms.pt").stat().st_size < 500_000


def test_without_the_file_it_says_how_to_make_it(monkeypatch):
    monkeypatch.setattr(networks, "SHIPPED", "weights/none.pt")
    with pytest.raises(DataError, match=r"none.pt, .* missing.* course data make weights"):
        rooms_network()


def test_a_shortened_recipe_moves_the_measure_towards_what_ships(tmp_path):
    errors = []
    for steps in (2, 60):
        recipe = depth_expert.Recipe(rooms=48, steps=steps)
        _, manifest = depth_expert.make(tmp_path / str(steps), recipe)
        errors.append(json.loads(manifest.read_text())["measured"]["abs_rel"])
    shipped = json.loads(shipped_path("weights/depth_rooms.json").read_text())["measured"]["abs_rel"]
    assert shipped < errors[1] < 0.8 * errors[0]


def test_the_command_makes_the_weights(tmp_path, monkeypatch, capsys):
    made = tmp_path / "depth_rooms.pt"
    made.write_bytes(b"x" * 2000)
    asked = []
    monkeypatch.setattr(depth_expert, "make", lambda directory: asked.append(directory) or [made])
    monkeypatch.setattr(flow_experts, "save", lambda name, directory: asked.append(directory / name) or made)
    with pytest.raises(SystemExit) as code:
        cli.main(["data", "make", "weights"])
    assert code.value.code == 0 and capsys.readouterr().out == 4 * f"{made}  2 KB\n"
    assert asked[0].parts[-2:] == ("data", "weights")
    shipped = {path.stem for path in shipped_path("weights/depth_rooms.pt").parent.glob("flow_*.pt")}
    assert {f"flow_{path.name}" for path in asked[1:]} == shipped


# Tracks


def test_corners_keep_their_distance(video):
    found = corners(video.frames[0], 30, apart=5.0)
    apart = torch.cdist(found, found) + 1e3 * torch.eye(len(found))
    assert 5 < len(found) <= 30 and apart.min() >= 5
    assert (found >= 3).all() and (found[:, 0] < 61).all() and (found[:, 1] < 45).all()
    assert len(corners(torch.zeros(3, 20, 30))) == 0


def test_tracks_follow_the_points_of_the_scene(video):
    steps = video.flow(range(5), range(1, 6))
    masks = video.visible(range(5), range(1, 6))
    start = corners(video.frames[0], 40)
    tracks, seen = follow(start, steps, masks)
    far = video.flow(0, 5)[0].permute(1, 2, 0)[start[:, 1].long(), start[:, 0].long()]
    assert tracks.shape == (len(start), 6, 2) and seen[:, 0].all()
    apart = (tracks[:, 5] - start - far).norm(dim=1)[seen[:, 5]]
    assert len(apart) > 10 and apart.median() < 0.15


def test_a_track_ends_at_the_border_and_at_a_mask():
    flows = torch.zeros(3, 2, 8, 10)
    flows[:, 0] = 2.5
    masks = torch.ones(3, 8, 10, dtype=torch.bool)
    masks[1, :4] = False
    points = torch.tensor([[1.0, 1], [1, 6], [6, 6]])
    tracks, seen = follow(points, flows, masks)
    assert torch.allclose(tracks[0, :, 0], torch.tensor([1.0, 3.5, 6, 8.5]))
    assert seen.tolist() == [[True, True, False, False], [True] * 4, [True, True, False, False]]


# Stereo


def test_stereo_finds_depth_where_there_is_texture():
    video = SceneWorld(48, 64, travel=1.0).video(8, seed=31)  # parallax is what it lives on
    depths = 1 / torch.linspace(1 / 0.8, 1 / 9, 40)
    found = plane_sweep(video.frames, video.K, video.poses, depths)
    known = found > 0
    error = (found - video.depth).abs() / video.depth
    assert known.float().mean() > 0.15 and error[known].median() < 0.08
    everywhere = (sweep(video.frames, video.K, video.poses, depths) - video.depth).abs() / video.depth
    assert error[known].mean() < 0.6 * everywhere.mean()  # what the second look throws out is what was wrong
