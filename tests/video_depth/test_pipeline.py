"""The whole command on a rendered video, with stand-ins for the large networks and for COLMAP."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from course_lib.data.video_io import probe, read_frames, write_video
from course_lib.data.worlds.scenes import SceneWorld
from course_lib.errors import CourseError, DataError, ShapeError
from course_lib.ops.camera import inverse, project, relative, transform
from course_lib.video_depth import __main__ as command
from course_lib.video_depth import pipeline, reconstruction
from course_lib.video_depth.movers import moving_pixels
from course_lib.video_depth.networks import rooms_network
from course_lib.video_depth.output import cloud, in_color, write_ply
from course_lib.video_depth.pipeline import Options, Tools, resized_flow, run, working_size

UNIT = 0.3  # metres that COLMAP's unit is not
OPTIONS = Options(side=96, flow_side=128, disparity=0.1, lr=4e-4, epochs=2, clouds=3)


@pytest.fixture(scope="module")
def scene():
    return SceneWorld(64, 96, noise=0.0).video(6, seed=11)


@pytest.fixture(scope="module")
def film(scene, tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("film") / "room.mp4", scene.frames.transpose(0, 1), 12, crf=4)


class StandIns:
    """Exact flow and cameras for the frames that come, and a count of who was asked."""

    def __init__(self, scene, fail_after=10**9):
        self.scene, self.calls, self.fail_after = scene, {"flow": 0, "cameras": 0, "depth": 0, "movers": 0}, fail_after

    def number(self, image):
        small = torch.nn.functional.interpolate(image[None], (64, 96), mode="bilinear", align_corners=False)
        return (self.scene.frames - small).abs().flatten(1).mean(1).argmin().item()

    def flow(self, images, others):
        self.calls["flow"] += 1
        if self.calls["flow"] > self.fail_after:
            raise KeyboardInterrupt
        numbers = [[self.number(image) for image in stack] for stack in (images, others)]
        return resized_flow(self.scene.flow(*numbers), images.shape[2:])

    def cameras(self, folder, names, workspace, masks, size):
        self.calls["cameras"] += 1
        assert len(list(folder.iterdir())) == len(list(masks.iterdir())) == len(names) == 6 and size == (64, 96)
        poses = self.scene.poses.clone()
        poses[:, :3, 3] *= UNIT
        sparse = torch.rand(self.scene.depth.shape, generator=torch.Generator().manual_seed(0)) < 0.03
        return reconstruction.Cameras(torch.arange(6), self.scene.K, poses, sparse * UNIT * self.scene.depth)

    def depth(self):
        self.calls["depth"] += 1
        return rooms_network()

    def movers(self, frames):
        self.calls["movers"] += 1
        moving = torch.zeros(len(frames), 64, 96, dtype=torch.bool)
        moving[:, :4, :5] = True
        return moving

    def tools(self):
        return Tools(self.depth, self.flow, self.cameras, self.movers)


def test_from_a_file_to_point_clouds(film, scene, tmp_path):
    stand_ins, lines = StandIns(scene), []
    found = run(film, tmp_path / "out", stand_ins.tools(), OPTIONS, say=lines.append)
    out = tmp_path / "out"
    assert found["after"]["spatial"] < 0.9 * found["before"]["spatial"]
    assert found["frames"] == 6 and found["pairs"] == len(pipeline.frame_pairs(6))
    assert found["scale of the path"] == pytest.approx(1 / UNIT, rel=0.25)
    assert json.loads((out / "measures.json").read_text()) == found
    about = probe(out / "depth.mp4")
    assert (about.frames, about.height, about.width) == (6, 64, 3 * 96) and about.fps == 12
    assert sorted(path.name for path in (out / "clouds").iterdir()) == ["000000.ply", "000003.ply"]
    assert [line for line in lines if "..." in line][:3] == ["frames ...", "movers ...", "cameras ..."]
    picture = read_frames(out / "depth.mp4", [2])[:, 0, :, :96].float() / 255
    assert (picture - scene.frames[2]).abs().mean() < 0.08


def test_it_goes_on_after_an_interruption(film, scene, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "PAIRS_AT_ONCE", 3)
    broken = StandIns(scene, fail_after=5)
    with pytest.raises(KeyboardInterrupt):
        run(film, tmp_path, broken.tools(), OPTIONS, say=lambda line: None)
    again = StandIns(scene)
    first = run(film, tmp_path, again.tools(), OPTIONS, say=lambda line: None)
    assert broken.calls["cameras"] == 1 and again.calls["cameras"] == again.calls["movers"] == 0
    assert again.calls["flow"] == len(pipeline.frame_pairs(6)) - 3  # the first block was there
    third, steps = StandIns(scene), []
    monkeypatch.setattr(pipeline, "make_consistent", lambda *a, **b: steps.append(1))
    assert run(film, tmp_path, third.tools(), OPTIONS, say=lambda line: None) == first
    assert not any(third.calls.values()) and not steps


def test_a_folder_is_for_one_run(film, scene, tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps({"video": "other.mp4"}))
    with pytest.raises(DataError, match=r"another run \(video: 'other.mp4' there, 'room.mp4' now"):
        run(film, tmp_path, StandIns(scene).tools(), OPTIONS)
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        run(film, tmp_path, StandIns(scene).tools(), OPTIONS)


def test_a_damaged_stage_is_named(film, scene, tmp_path):
    (tmp_path / "frames.pt").write_bytes(b"half")
    with pytest.raises(DataError, match="frames.pt cannot be read .*: delete it"):
        run(film, tmp_path, StandIns(scene).tools(), OPTIONS)


def test_too_few_frames(film, scene, tmp_path):
    with pytest.raises(DataError, match="at least two"):
        run(film, tmp_path / "out", StandIns(scene).tools(), Options(start=5))
    assert not (tmp_path / "out").exists()


def test_a_wrong_path_claims_no_folder(film, scene, tmp_path):
    with pytest.raises(CourseError, match="does not exist"):
        run(tmp_path / film.name, tmp_path / "out", StandIns(scene).tools(), OPTIONS)
    assert not (tmp_path / "out").exists()


def test_wrong_weights_may_be_exchanged_until_they_are_used(film, scene, tmp_path):
    def tools(weights, movers=None, **changes):
        names = {"movers": movers, "flow": "f.pt", "depth": weights}
        return replace(StandIns(scene).tools(), names=names, **changes)

    def unreadable():
        raise DataError("wrong.pt holds no weights")

    with pytest.raises(DataError, match="holds no weights"):
        run(film, tmp_path, tools("wrong.pt", depth=unreadable), OPTIONS, say=lambda line: None)
    run(film, tmp_path, tools("right.pt"), OPTIONS, say=lambda line: None)
    with pytest.raises(DataError, match=r"\(depth: 'right.pt' there, 'other.pt' now"):
        run(film, tmp_path, tools("other.pt"), OPTIONS)
    with pytest.raises(DataError, match=r"\(movers: None there, 'masks.pt' now"):
        run(film, tmp_path, tools("right.pt", "masks.pt"), OPTIONS)


def test_sizes():
    assert working_size(1080, 1920, 384) == (224, 384)
    assert working_size(1920, 1080, 384) == (384, 224) and working_size(20, 2000, 384) == (32, 384)
    flow = torch.ones(1, 2, 8, 10)
    assert torch.allclose(resized_flow(flow, (4, 20)), torch.tensor([2.0, 0.5]).view(1, 2, 1, 1).expand(1, 2, 4, 20))


# COLMAP


def colmap_of(scene, names, *, method=True, distortion=False):
    """What pycolmap would give for a scene: world to camera, pixel centres at a half, points seen by several frames."""
    K = scene.K.double().clone()
    K[:2, 2] += 0.5
    points = transform(torch.tensor([[0.0, 0, 2], [0.3, 0.1, 3], [-0.2, 0.2, 2.5]]), scene.poses[0])
    images = {}
    for t, name in enumerate(names):
        motion = inverse(scene.poses[t]).double()[:3].numpy()
        pixels = project(transform(points, inverse(scene.poses[t])), scene.K) + 0.5
        rigid3d = SimpleNamespace(matrix=lambda motion=motion: motion)
        seen = [SimpleNamespace(xy=xy.numpy(), point3D_id=i, has_point3D=lambda: True) for i, xy in enumerate(pixels)]
        seen.append(SimpleNamespace(xy=np.array([1.0, 1.0]), point3D_id=99, has_point3D=lambda: False))
        images[t + 1] = SimpleNamespace(name=name, camera_id=7, points2D=seen, has_pose=True,
                                        cam_from_world=(lambda pose=rigid3d: pose) if method else rigid3d)  # fmt: skip
    camera = SimpleNamespace(model_name="SIMPLE_RADIAL" if distortion else "SIMPLE_PINHOLE",
                             calibration_matrix=lambda: K.numpy())  # fmt: skip
    kept = {i: SimpleNamespace(xyz=xyz.double().numpy(), error=0.4) for i, xyz in enumerate(points)}
    return SimpleNamespace(images=images, cameras={7: camera}, points3D=kept)


@pytest.mark.parametrize("method", [True, False])
def test_cameras_from_colmap(scene, method):
    names = [f"{t:06d}.png" for t in range(6)]
    found = reconstruction.from_colmap(colmap_of(scene, names, method=method), names, (64, 96))
    assert torch.allclose(found.K, scene.K, atol=1e-5) and torch.allclose(found.poses, scene.poses, atol=1e-5)
    assert found.frames.tolist() == list(range(6)) and (found.depth[0] > 0).sum() == 3
    x, y = project(torch.tensor([[0.3, 0.1, 3.0]]), scene.K)[0].round().long().tolist()
    assert found.depth[0, y, x].item() == pytest.approx(3.0, abs=1e-5)  # the pixel whose centre is nearest


def test_what_colmap_cannot_do(scene):
    names = [f"{t:06d}.png" for t in range(6)]
    with pytest.raises(DataError, match="a camera for 6 of 20 frames"):
        reconstruction.from_colmap(colmap_of(scene, names), [f"{t:06d}.png" for t in range(20)], (64, 96))
    with pytest.raises(DataError, match="lens distortion"):
        reconstruction.from_colmap(colmap_of(scene, names, distortion=True), names, (64, 96))


def test_points_that_miss_are_left_out(scene):
    names = [f"{t:06d}.png" for t in range(6)]
    made = colmap_of(scene, names)
    made.points3D[1].error = 5.0
    assert (reconstruction.from_colmap(made, names, (64, 96)).depth[0] > 0).sum() == 2


def test_without_pycolmap_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pycolmap", None)
    with pytest.raises(DataError, match=r"course_lib\[sfm\]"):
        reconstruction.reconstruct(tmp_path, [], tmp_path)


def test_colmap_itself_finds_the_cameras_of_a_rendered_film(tmp_path):
    """Where pycolmap is installed: true cameras, up to the scale that nobody can know."""
    pytest.importorskip("pycolmap")
    from PIL import Image

    film, names = SceneWorld(240, 320, travel=1.0).video(12, seed=9001), [f"{t:06d}.png" for t in range(12)]
    for frame, name in zip(film.frames, names, strict=True):
        Image.fromarray((frame * 255).byte().permute(1, 2, 0).numpy()).save(tmp_path / name)
    found = reconstruction.reconstruct(tmp_path, names, tmp_path / "colmap", size=(240, 320))
    known = found.depth > 0
    scale = (film.depth[found.frames][known] / found.depth[known]).median()
    assert len(found.frames) == 12 and torch.allclose(found.K, film.K, rtol=0.03)
    ours, true = relative(found.poses[1:], found.poses[:1]), relative(film.poses[1:], film.poses[:1])
    length = true[:, :3, 3].norm(dim=1)
    assert ((scale * ours - true)[:, :3, 3].norm(dim=1) < 0.05 * length.max()).all()
    assert (ours - true)[:, :3, :3].abs().max() < 0.01


# What moves, and what is written


class Detector(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, images):
        mask = torch.zeros(3, 1, 20, 30)
        mask[0, 0, 5:9, 5:9], mask[1, 0, 15:18, 15:18], mask[2, 0, 0:3, 27:30] = 0.9, 0.9, 0.9
        found = {"labels": torch.tensor([1, 62, 1]), "scores": torch.tensor([0.9, 0.9, 0.2]), "masks": mask}
        return [found for _ in images]


def test_moving_pixels_are_people_found_with_certainty():
    found = moving_pixels(Detector(), torch.rand(5, 3, 20, 30), margin=1)  # 62 is a chair's neighbour, a TV
    expected = torch.zeros(20, 30, dtype=torch.bool)
    expected[4:10, 4:10] = True
    assert torch.equal(found, expected.expand(5, 20, 30))


def test_a_point_cloud_can_be_read_again(tmp_path):
    points, colors = torch.rand(4, 3), torch.tensor([[0, 0.5, 1.0]]).expand(4, 3)
    write_ply(tmp_path / "a.ply", points, colors)
    head, body = (tmp_path / "a.ply").read_bytes().split(b"end_header\n")
    rows = np.frombuffer(body, [("place", "<f4", 3), ("color", "u1", 3)])
    assert b"element vertex 4" in head and np.allclose(rows["place"], points)
    assert rows["color"][0].tolist() == [0, 128, 255]
    with pytest.raises(ShapeError, match="expected"):
        write_ply(tmp_path / "a.ply", points, colors[:2])


def test_a_cloud_is_where_the_scene_is(scene):
    depth = scene.depth[3].clone()
    depth[0, 0] = 0
    points, colors = cloud(scene.frames[3], depth, scene.K, scene.poses[3], every=1)
    assert len(points) == len(colors) == 64 * 96 - 1
    again = transform(points, inverse(scene.poses[3]))
    assert torch.allclose(again[:, 2], depth.flatten()[1:], atol=1e-4)
    assert in_color(depth[None], (0.1, 1.0))[:, 0, 0, 0].tolist() == [0, 0, 0]


# The command


def test_the_command_says_what_is_missing(tmp_path, capsys):
    (tmp_path / "w.pt").write_bytes(b"x")
    weights = ["--midas", str(tmp_path / "w.pt"), "--flow", str(tmp_path / "w.pt")]
    with pytest.raises(SystemExit) as code:
        command.main([str(tmp_path / "no.mp4"), "--out", str(tmp_path), *weights])
    assert code.value.code == 1 and "no.mp4" in capsys.readouterr().err
    with pytest.raises(SystemExit) as code:
        command.main([str(tmp_path / "no.mp4")])
    assert code.value.code == 2 and "--out" in capsys.readouterr().err


def test_the_command_passes_its_options(tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(command, "run", lambda *a, **b: asked.update(video=a[0], options=a[3]))
    files = [tmp_path / "m.pt", tmp_path / "f.pt"]
    for path in files:
        path.write_bytes(b"no weights")
    weights = ["--midas", str(files[0]), "--flow", str(files[1])]
    command.main(["film.mp4", "--out", "o", *weights, "--epochs", "3", "--flow-side", "512"])
    assert asked["video"] == "film.mp4" and asked["options"] == Options(epochs=3, flow_side=512)
    tools = command.published_tools(*files)
    assert tools.movers is None and tools.names == {"depth": "m.pt", "flow": "f.pt", "movers": None}
    with pytest.raises(CourseError, match="m.pt"):
        tools.depth()
    for bad in (["--epochs", "0"], ["--start", "-1"], ["--lr", "-0.1"]):
        with pytest.raises(SystemExit) as code:
            command.main(["film.mp4", "--out", "o", *weights, *bad])
        assert code.value.code == 2


def test_missing_weights_are_named_before_anything_runs(tmp_path):
    there = tmp_path / "there.pt"
    there.write_bytes(b"x")
    for given in ((tmp_path / "no.pt", there), (there, tmp_path / "no.pt"), (there, there, tmp_path / "no.pt")):
        with pytest.raises(DataError, match="no.pt does not exist"):
            command.published_tools(*given)
    with pytest.raises(DataError, match="is a folder"):
        command.published_tools(tmp_path, there)
