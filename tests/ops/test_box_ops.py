import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.ops import boxes as b


def random_boxes(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.cat([torch.rand(n, 2, generator=generator) * 40, 5 + torch.rand(n, 2, generator=generator) * 20], 1)


def test_iou_equals_torchvision():
    from torchvision.ops import box_iou

    boxes, others = random_boxes(20), random_boxes(30, 1)
    assert torch.allclose(b.iou(boxes[:, None], others), box_iou(b.to_corners(boxes), b.to_corners(others)), atol=1e-6)


@pytest.mark.parametrize(
    "box, other, value",
    [
        ([0, 0, 4, 2], [0, 0, 4, 2], 1),
        ([0, 0, 4, 2], [2, 0, 4, 2], 1 / 3),
        ([0, 0, 4, 2], [4, 0, 4, 2], 0),  # they only touch
        ([0, 0, 0, 2], [0, 0, 0, 2], 0),  # empty
        ([5, 5, -3, -3], [0, 0, 10, 10], 0),
    ],
)
def test_iou_of_two(box, other, value):
    assert b.iou(torch.tensor(box), torch.tensor(other)).item() == pytest.approx(value)


def test_iou_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match=r"iou\(boxes\[:, None\], others\)"):
        b.iou(torch.zeros(3, 4), torch.zeros(2, 4))
    with pytest.raises(ShapeError, match=r"others has shape \(2, 5\)"):
        b.iou(torch.zeros(2, 4), torch.zeros(2, 5))


def test_there_and_back():
    boxes = random_boxes(5)
    assert torch.allclose(b.from_corners(b.to_corners(boxes)), boxes, atol=1e-5)
    assert torch.allclose(b.from_center(b.center(boxes), boxes[:, 2:]), boxes, atol=1e-5)
    corners = b.to_corners(boxes).unflatten(-1, (2, 2))
    assert torch.allclose(b.around(corners), boxes, atol=1e-5)


def test_scale_keeps_the_middle():
    boxes = random_boxes(3)
    factors = torch.tensor([0.5, 1, 2])
    scaled = b.scale(boxes, factors)
    assert b.center_error(boxes, scaled).max() < 1e-5
    assert torch.allclose(b.area(scaled), b.area(boxes) * factors**2)


def test_context_as_siamfc_prints_it():
    """s^2 = (w + p)(h + p) with p = (w + h) / 2."""
    square = b.with_context(torch.tensor([10.0, 20.0, 30.0, 50.0]))
    assert square[2] == square[3] == pytest.approx((70 * 90) ** 0.5)
    assert b.center(square).tolist() == pytest.approx([25, 45])
    assert b.area(b.with_context(torch.tensor([0.0, 0, 3, 12]), context=0)).item() == pytest.approx(36)


def test_clip():
    boxes = torch.tensor([[-5.0, 2, 10, 4], [8, 8, 10, 10], [30, 30, 5, 5]])
    assert b.clip(boxes, height=12, width=16).tolist() == [[0, 2, 5, 4], [8, 8, 8, 4], [16, 12, 0, 0]]


def test_a_crop_of_the_same_size_is_a_slice():
    frame = torch.rand(3, 10, 14)
    crops = b.crop(frame, torch.tensor([[2.0, 3, 6, 6], [8, 4, 6, 6]]), 6)
    assert torch.allclose(crops, torch.stack([frame[:, 3:9, 2:8], frame[:, 4:10, 8:14]]), atol=1e-5)
    assert torch.allclose(b.crop(frame, torch.tensor([2.0, 3, 5, 6]), (6, 5)), frame[:, 3:9, 2:7], atol=1e-5)


def test_a_crop_halved_is_the_mean_of_four():
    frame = torch.rand(1, 8, 8)
    halved = b.crop(frame, torch.tensor([0.0, 0, 8, 8]), 4)
    assert torch.allclose(halved, torch.nn.functional.avg_pool2d(frame, 2), atol=1e-5)


def test_outside_is_filled():
    frame = torch.rand(3, 8, 8)
    far = torch.tensor([100.0, 0, 4, 4])
    assert torch.allclose(b.crop(frame, far, 2), frame.mean((1, 2))[:, None, None].expand(3, 2, 2))
    assert b.crop(frame, far, 2, fill=0.25).unique().tolist() == [0.25]
    half = b.crop(frame, torch.tensor([-4.0, 0, 8, 8]), 8, fill=0.0)
    assert half[:, :, :3].abs().max() < 1e-6
    assert torch.allclose(half[:, :, 4:], frame[:, :, :4], atol=1e-5)


def test_crop_refuses_whole_numbers():
    with pytest.raises(ShapeError, match="divide by 255"):
        b.crop(torch.zeros(3, 8, 8, dtype=torch.uint8), torch.zeros(1, 4), 4)
