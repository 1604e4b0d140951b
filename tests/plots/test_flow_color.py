"""The flow wheel against the public reference."""

from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.plots.flow_color import color_wheel, flow_to_rgb, longest, wheel_image

REFERENCE = Path(__file__).parents[1] / "fixtures" / "flow_colorwheel.npz"


def test_the_wheel_equals_the_reference():
    assert np.array_equal(color_wheel(), np.load(REFERENCE)["colorwheel55"])


def test_pictures_equal_the_reference():
    stored = np.load(REFERENCE)
    flow = stored["flow"].transpose(2, 0, 1)
    ours = flow_to_rgb(flow, largest=longest(flow) + 1e-5)  # the reference adds 1e-5 to the longest
    assert np.array_equal(ours, stored["image_raft_maxnorm"])


def test_hues_of_the_four_directions():
    flow = np.array([[1.0, 0, -1, 0, 0], [0, 1, 0, -1, 0]])[:, None]
    right, down, left, up, still = flow_to_rgb(flow)[0].astype(int)
    assert still.tolist() == [255, 255, 255]
    assert right[0] == 255 and right[1:].max() < 60
    assert down[0] == 255 and down[1] > 150 and down[2] == 0
    assert left[0] < 60 and left[1:].min() > 150
    assert up[2] > 200 and up[1] < up[2]


def test_twice_the_scale_is_half_as_saturated():
    flow = torch.tensor([[[2.0]], [[0.0]]])
    full, half = (255 - flow_to_rgb(flow, largest=n)[0, 0].astype(int) for n in (2, 4))
    assert full[1] == pytest.approx(2 * half[1], abs=2)
    assert (flow_to_rgb(flow, largest=1)[0, 0] <= 0.75 * 255).all()  # beyond the wheel: darker


def test_unknown_vectors_are_black():
    flow = torch.ones(2, 2, 2)
    flow[:, 0, 0] = torch.nan
    picture = flow_to_rgb(flow, valid=torch.tensor([[True, True], [True, False]]))
    assert picture[0, 0].tolist() == picture[1, 1].tolist() == [0, 0, 0] and picture[0, 1].min() >= 0
    assert picture[0, 1].max() > 0


def test_legend_is_a_disc():
    wheel = wheel_image(41)
    assert wheel[0, 0].tolist() == [255] * 3 and wheel[20, 20].tolist() == [255] * 3
    assert wheel[20, 40, 0] == 255 and wheel[20, 40, 2] < 60  # right is red


@pytest.mark.parametrize(
    ("shape", "hint"), [((4, 5, 2), "permute"), ((1, 2, 4, 5), r"flow\[0\]"), ((3, 4, 5), "2, H, W")]
)
def test_other_shapes_are_refused(shape, hint):
    with pytest.raises(ShapeError, match=hint):
        flow_to_rgb(np.zeros(shape))
