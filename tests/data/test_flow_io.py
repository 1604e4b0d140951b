"""Flow files survive the round trip, agree with OpenCV's reader, and say what is wrong with them."""

import numpy as np
import pytest
import torch

from course_lib.data.flow_io import read_flo, read_kitti_flow, write_flo, write_kitti_flow
from course_lib.errors import DataError, ShapeError
from tests.samples import sample


def field():
    flow = 40 * torch.rand(2, 5, 7, generator=torch.Generator().manual_seed(0)) - 20
    valid = torch.ones(5, 7, dtype=torch.bool)
    valid[1, 2] = False
    flow[:, 1, 2] = 0
    return flow, valid


def test_flo_survives_exactly(tmp_path):
    flow, valid = field()
    write_flo(tmp_path / "a.flo", flow, valid)
    again, known = read_flo(tmp_path / "a.flo")
    assert torch.equal(again, flow) and torch.equal(known, valid)
    assert [p.name for p in tmp_path.iterdir()] == ["a.flo"]


def test_flo_layout_is_middleburys(tmp_path):
    flow = torch.tensor([[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]])  # (2, 1, 3)
    write_flo(tmp_path / "a.flo", flow)
    data = (tmp_path / "a.flo").read_bytes()
    assert data[:4] == b"PIEH"
    assert np.frombuffer(data, "<i4", 2, 4).tolist() == [3, 1]
    assert np.frombuffer(data, "<f4", offset=12).tolist() == [1, 4, 2, 5, 3, 6]


def test_a_real_flo_file_reads():
    flow, valid = read_flo(sample("flow/RubberWhale_flow10.flo"))
    assert flow.shape == (2, 388, 584)
    assert flow.norm(dim=0)[valid].mean().item() == pytest.approx(1.256, abs=0.01)


def test_kitti_png_survives_to_a_64th_pixel_and_opencv_reads_the_same(tmp_path):
    flow, valid = field()
    write_kitti_flow(tmp_path / "a.png", flow, valid)
    again, known = read_kitti_flow(tmp_path / "a.png")
    assert (again - flow).abs().max() <= 0.5 / 64 and torch.equal(known, valid)
    cv2 = pytest.importorskip("cv2")
    blue_green_red = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert blue_green_red.dtype == np.uint16
    u = (blue_green_red[..., 2].astype(float) - 2**15) / 64
    assert np.abs(u - flow[0].numpy())[valid.numpy()].max() <= 0.5 / 64


def test_kitti_png_refuses_what_it_cannot_hold(tmp_path):
    with pytest.raises(ShapeError, match="write_flo"):
        write_kitti_flow(tmp_path / "a.png", torch.full((2, 3, 3), 600.0))
    assert not list(tmp_path.iterdir())


def test_damaged_files_say_so(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_flo(tmp_path / "missing.flo")
    (tmp_path / "text.flo").write_text("hello, this is no flow")
    with pytest.raises(DataError, match="PIEH"):
        read_flo(tmp_path / "text.flo")
    write_flo(tmp_path / "a.flo", field()[0])
    (tmp_path / "a.flo").write_bytes((tmp_path / "a.flo").read_bytes()[:-4])
    with pytest.raises(DataError, match="damaged"):
        read_flo(tmp_path / "a.flo")
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(DataError, match="cannot be read as a picture"):
        read_kitti_flow(tmp_path / "a.png")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_never_written_as_a_known_vector(tmp_path, value):
    flow = torch.full((2, 3, 4), 1.5)
    flow[1, 1, 2] = value
    with pytest.raises(ShapeError, match="1 known vectors"):
        write_kitti_flow(tmp_path / "a.png", flow)
    assert not (tmp_path / "a.png").exists()
    write_kitti_flow(tmp_path / "a.png", flow, flow.isfinite().all(0))
    back, valid = read_kitti_flow(tmp_path / "a.png")
    assert valid.sum() == 11 and not valid[1, 2] and (back[:, valid] == 1.5).all()
    write_flo(tmp_path / "a.flo", flow)
    back, valid = read_flo(tmp_path / "a.flo")
    assert valid.sum() == 11 and not valid[1, 2]
