"""Readers of pairs with flow: FlyingChairs, Sintel and KITTI as they lie on disk."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.data.flow_io import read_flo, write_flo, write_kitti_flow
from course_lib.data.sets.flow import flying_chairs, kitti, read_picture, sintel
from course_lib.errors import DataError
from course_lib.metrics import endpoint_error
from course_lib.models.flownet import FlowNetC, FlowNetS, estimate

REAL = Path(os.environ.get("FLOW_PAIRS", Path(__file__).parents[3] / "shared/data/flow"))  # two real pairs


def picture(path, level, size=(6, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), level, np.uint8)).save(path)


def field(value, size=(6, 8)):
    return torch.full((2, *size), float(value))


@pytest.fixture
def chairs(tmp_path):
    for number in range(1, 5):
        for frame in (1, 2):
            picture(tmp_path / f"data/{number:05}_img{frame}.ppm", 10 * number + frame)
        write_flo(tmp_path / f"data/{number:05}_flow.flo", field(number))
    (tmp_path / "FlyingChairs_train_val.txt").write_text("1\n2\n1\n1\n")
    return tmp_path


def test_flying_chairs(chairs):
    train, test = flying_chairs(chairs), flying_chairs(chairs / "data", train=False)
    assert (len(train), len(test)) == (3, 1)
    image1, image2, flow, known = train[1]  # number 3 of the four
    assert image1.shape == (3, 6, 8) and image1[0, 0, 0].item() == pytest.approx(31 / 255)
    assert image2[0, 0, 0].item() == pytest.approx(32 / 255)
    assert (flow == 3).all() and known.all()
    assert (test[0][2] == 2).all()


def test_flying_chairs_says_what_is_missing(chairs):
    (chairs / "FlyingChairs_train_val.txt").write_text("1\n2\n1\n")
    with pytest.raises(DataError, match="3 marks, expected 4"):
        flying_chairs(chairs)
    (chairs / "FlyingChairs_train_val.txt").unlink()
    with pytest.raises(DataError, match="course data get flying_chairs"):
        flying_chairs(chairs)
    with pytest.raises(DataError, match="expected in it"):
        flying_chairs(chairs / "nowhere")


def test_a_missing_picture_is_named(chairs):
    (chairs / "data/00003_img2.ppm").unlink()
    with pytest.raises(DataError, match="00003_img2.ppm"):
        flying_chairs(chairs)


def test_sizes_that_differ_and_broken_pictures_are_named(chairs):
    picture(chairs / "data/00001_img2.ppm", 5, size=(6, 9))
    with pytest.raises(DataError, match="Expected one size"):
        flying_chairs(chairs)[0]
    (chairs / "data/00003_img1.ppm").write_bytes(b"P6 nothing")
    with pytest.raises(DataError, match="00003_img1.ppm"):
        flying_chairs(chairs)[1]


def test_augmentation_is_applied(chairs):
    pairs = flying_chairs(chairs, augment=lambda a, b, flow, known: (b, a, -flow, known))
    assert (pairs[0][2] == -1).all()


def test_sintel(tmp_path):
    for scene, frames in (("alley_1", 3), ("cave_2", 2)):
        for n in range(1, frames + 1):
            for rendering in ("clean", "final"):
                picture(tmp_path / f"training/{rendering}/{scene}/frame_{n:04}.png", n)
            if n < frames:
                path = tmp_path / f"training/flow/{scene}/frame_{n:04}.flo"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_flo(path, field(n))
    mask = np.zeros((6, 8), np.uint8)
    mask[2, 3] = 255
    (tmp_path / "training/invalid/alley_1").mkdir(parents=True)
    Image.fromarray(mask).save(tmp_path / "training/invalid/alley_1/frame_0002.png")
    for n in (1, 2):
        picture(tmp_path / f"test/clean/market/frame_{n:04}.png", n)
    pairs = sintel(tmp_path, "final")
    assert len(pairs) == 3  # frames of two scenes do not meet
    image1, image2, flow, known = pairs[1]
    assert image2[0, 0, 0] > image1[0, 0, 0] and (flow == 2).all()
    assert not known[2, 3] and known.sum() == 47
    image1, _, flow, known = sintel(tmp_path, train=False)[0]
    assert not known.any() and flow.shape == (2, 6, 8)
    with pytest.raises(DataError, match="clean"):
        sintel(tmp_path, "albedo")


@pytest.mark.parametrize("year, folder", [(2012, "colored_0"), (2015, "image_2")])
def test_kitti(tmp_path, year, folder):
    known = torch.rand(6, 8) > 0.5
    for n in (0, 1):
        for frame in (10, 11):
            picture(tmp_path / f"training/{folder}/{n:06}_{frame}.png", frame)
        for truth in ("flow_occ", "flow_noc"):
            path = tmp_path / f"training/{truth}/{n:06}_10.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_kitti_flow(path, field(n + 1.5), known)
    pairs = kitti(tmp_path, year)
    assert len(pairs) == 2
    _, _, flow, there = pairs[1]
    assert torch.equal(there, known) and (flow[:, known] == 2.5).all() and (flow[:, ~known] == 0).all()
    shutil.rmtree(tmp_path / "training/flow_occ")
    assert len(kitti(tmp_path, year, occluded=False)) == 2
    with pytest.raises(DataError, match="2 of 6 files are missing"):
        kitti(tmp_path, year)
    with pytest.raises(DataError, match="2012 or 2015"):
        kitti(tmp_path, 2018)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real pairs are not part of the course")
def test_real_pairs(tmp_path):
    """A pair of FlyingChairs through the reader, and both networks on its size and on RubberWhale's odd one."""
    (tmp_path / "data").mkdir()
    for old, new in (("img0.ppm", "img1.ppm"), ("img1.ppm", "img2.ppm"), ("gt.flo", "flow.flo")):
        shutil.copy(REAL / f"0000003-{old}", tmp_path / f"data/00001_{new}")
    (tmp_path / "FlyingChairs_train_val.txt").write_text("1\n")
    image1, image2, flow, known = (part[None] for part in flying_chairs(tmp_path)[0])
    assert image1.shape == (1, 3, 384, 512) and known.all()
    assert endpoint_error(0 * flow, flow, known) == pytest.approx(6.00, abs=0.005)
    whale = [read_picture(REAL / f"RubberWhale{i}.png")[None] for i in (1, 2)]
    truth, known = read_flo(REAL / "RubberWhale_flow10.flo")
    assert endpoint_error(0 * truth[None], truth[None], known[None]) == pytest.approx(1.256, abs=0.0005)
    for network in (FlowNetS.mini(), FlowNetC.mini()):
        assert estimate(network, image1, image2).shape == flow.shape
        assert estimate(network, *whale).shape == truth[None].shape
