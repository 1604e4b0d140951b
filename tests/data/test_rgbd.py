"""RGB-D sequences: the three layouts written here, their errors, and a real one whose frames agree in space."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.data.sets.rgbd import CAMERAS, read_depth, rgbd
from course_lib.errors import DataError
from course_lib.ops.camera import inside, intrinsics, rays, reproject
from course_lib.ops.depth import normals_from_depth
from tests.samples import sample

QUARTER = "0 0 0.70710678 0.70710678"  # x, y, z, w: a quarter turn about z


def picture(path, value, size=(4, 6)):
    Image.fromarray(np.full((*size, 3), value, np.uint8)).save(path)


def depth(path, value, size=(4, 6)):
    values = np.full(size, value, np.uint16)
    values[0, 0], values[1, 2] = 0, 65535
    Image.fromarray(values).save(path)


@pytest.fixture
def tum(tmp_path):
    for name in ("rgb", "depth"):
        (tmp_path / name).mkdir()
    picture(tmp_path / "rgb/a.png", 10)
    picture(tmp_path / "rgb/b.png", 20)
    picture(tmp_path / "rgb/c.png", 30)
    depth(tmp_path / "depth/a.png", 10000)
    depth(tmp_path / "depth/b.png", 5000)
    (tmp_path / "rgb.txt").write_text("# color images\n1.000 rgb/a.png\n1.100 rgb/b.png\n1.300 rgb/c.png\n")
    (tmp_path / "depth.txt").write_text("1.110 depth/b.png\n0.995 depth/a.png\n")
    (tmp_path / "groundtruth.txt").write_text(f"# t x y z q\n1.099 1 2 3 {QUARTER}\n")
    return tmp_path


def test_tum_pairs_by_time(tum):
    frames = rgbd(tum)
    assert frames.layout == "tum" and len(frames) == 2  # c.png has no depth within 0.02 s
    one, other = frames
    assert one.color.shape == (3, 4, 6) and one.color[0, 0, 0] == 10 and other.color[0, 0, 0] == 20
    assert one.depth[3, 3] == 2 and other.depth[3, 3] == 1 and one.depth[0, 0] == 0 == one.depth[1, 2]
    assert one.pose is None
    expected = torch.tensor([[0.0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]])
    assert torch.allclose(other.pose, expected, atol=1e-6)
    assert torch.equal(frames.K, CAMERAS["tum"]) and len(frames[1:]) == 1 and frames[-1].color[0, 0, 0] == 20


def test_seven_scenes(tmp_path):
    for number in (0, 4):
        picture(tmp_path / f"frame-{number:06}.color.png", number)
        depth(tmp_path / f"frame-{number:06}.depth.png", 1500 + number)
    (tmp_path / "frame-000004.pose.txt").write_text("1 0 0 5\n0 1 0 6\n0 0 1 7\n0 0 0 1\n")
    own = intrinsics(10.0)
    frames = rgbd(tmp_path, K=own)
    assert [frame.depth[3, 3].item() for frame in frames] == pytest.approx([1.5, 1.504])
    assert frames[0].pose is None and frames[1].pose[:3, 3].tolist() == [5, 6, 7] and frames.K is own
    (tmp_path / "frame-000004.pose.txt").write_text("1 0 0 5\n")
    with pytest.raises(DataError, match="4 x 4"):
        rgbd(tmp_path)


def test_errors_say_what_is_wrong(tum, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(DataError, match="holds no RGB-D sequence"):
        rgbd(empty)
    with pytest.raises(DataError, match="is not there"):
        rgbd(empty / "none")
    (tum / "groundtruth.txt").write_text("1.0 2 3\n")
    with pytest.raises(DataError, match="groundtruth.txt, line 1 .* expected 8 numbers"):
        rgbd(tum)
    (tum / "groundtruth.txt").unlink()
    picture(tum / "depth/a.png", 3)
    with pytest.raises(DataError, match="16 bits"):
        rgbd(tum)[0]
    depth(tum / "depth/a.png", 3, size=(8, 12))
    with pytest.raises(DataError, match="Register the depth"):
        rgbd(tum)[0]
    (tum / "rgb.txt").write_text("now rgb/a.png\n")
    with pytest.raises(DataError, match="expected a time and a file"):
        rgbd(tum)
    (tum / "depth/a.png").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be read as a depth picture"):
        read_depth(tum / "depth/a.png")


def test_real_frames_agree_in_space():
    frames = rgbd(sample("depth/rgbd"))
    assert frames.layout == "slambook" and len(frames) == 5
    third, fourth = frames[2], frames[3]
    assert third.color.shape == (3, 480, 640) and 0.3 < third.depth[third.depth > 0].median() < 20
    pixels, z = reproject(third.depth[None], frames.K, third.pose, frames.K, fourth.pose)
    there = (third.depth > 0)[None] & inside(pixels, 480, 640) & (z > 0)
    rows, columns = pixels.round().long().clamp(min=0).unbind(1)[::-1]
    seen = fourth.depth[rows.clamp(max=479), columns.clamp(max=639)]
    both = there & (seen > 0)
    off = ((seen - z).abs() / seen)[both].median().item()
    assert off < 0.02  # the independent check of these frames gives 0.0137


def test_real_depth_has_normals_that_face_the_camera():
    frames = rgbd(sample("depth/rgbd"))
    frame = frames[0]
    normals = normals_from_depth(frame.depth[None], frames.K)
    known = normals.norm(dim=1) > 0
    toward = (normals * rays(frames.K, 480, 640)).sum(1) < 0  # against the ray; z alone may have either sign
    assert known.float().mean() > 0.3 and toward[known].float().mean() > 0.99
