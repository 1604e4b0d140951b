"""Flow figures: what is coloured, what the arrows show, and that the wheel is always there."""

import io

import numpy as np
import pytest
import torch
from matplotlib.quiver import Quiver
from PIL import Image

from course_lib import plots
from course_lib.errors import ShapeError
from course_lib.plots.flow import flow_image, flow_strip
from course_lib.plots.flow_color import flow_to_rgb


def to_the_right(rows=40, columns=60, speed=3.0):
    flow = torch.zeros(2, rows, columns)
    flow[0, :, columns // 2 :] = speed
    return flow


def quivers(ax):
    return [c for c in ax.collections if isinstance(c, Quiver)]


def test_the_wheel_names_its_scale():
    fig, _ = flow_image(to_the_right())
    words = [text.get_text() for ax in fig.axes for text in ax.texts]
    assert words == ["up", "rim: 3 px", "right"]


def test_all_panels_share_one_scale():
    fig, _ = flow_strip({"a": to_the_right(speed=4.0), "b": to_the_right(speed=2.0), "grey": np.zeros((40, 60))})
    first, second, grey, _ = fig.axes
    assert np.array_equal(second.images[0].get_array(), flow_to_rgb(to_the_right(speed=2.0), largest=4.0))
    assert [ax.get_title(loc="left") for ax in (first, second, grey)] == ["a", "b", "grey"]
    assert quivers(first)[0].scale == quivers(second)[0].scale and not quivers(grey)


def test_arrows_point_where_the_flow_goes_and_skip_the_unknown():
    flow = to_the_right()
    flow[1] = -1.0
    valid = torch.ones(40, 60, dtype=torch.bool)
    valid[:20] = False
    fig, ax = flow_image(flow, valid=valid)
    arrows = quivers(ax)[0]
    assert arrows.Y.min() >= 20 and len(arrows.X) > 20
    assert np.array_equal(arrows.U, np.where(arrows.X < 30, 0.0, 3.0)) and (arrows.V == -1).all()
    assert (arrows.angles, arrows.scale_units) == ("xy", "xy") and ax.yaxis_inverted()
    assert (ax.images[0].get_array()[:20] == 0).all()


def test_figures_are_small_and_the_same_every_time():
    once, again = (plots.png(flow_strip({"one": to_the_right(), "two": to_the_right()})[0]) for _ in range(2))
    assert once == again and len(once) < 40_000
    assert Image.open(io.BytesIO(once)).convert("L").getextrema()[0] < 100


@pytest.mark.parametrize(
    ("panels", "message"),
    [
        ({"image": torch.zeros(3, 4, 5)}, "at least one flow"),
        ({"batch": torch.zeros(1, 2, 4, 5)}, r"flow\[0\]"),
        ({"flow": torch.zeros(2, 4, 5), "image": torch.zeros(3, 8, 5)}, "as the flow has"),
    ],
)
def test_panels_that_do_not_fit_are_refused(panels, message):
    with pytest.raises(ShapeError, match=message):
        flow_strip(panels)
