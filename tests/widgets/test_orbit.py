import numpy as np
import pytest
import torch

from course_lib.errors import CourseError
from course_lib.ops.meshes import icosphere
from course_lib.widgets.orbit import Orbit

THINGS = {
    "ball": ("mesh", icosphere(1)),
    "dust": ("points", (torch.rand(30, 3) - 0.5,), {"radius": 3}),
    "block": ("voxels", (torch.ones(2, 2, 2, dtype=torch.bool),)),
}


def test_controls_change_picture_and_words():
    widget = Orbit(THINGS)
    seen = {}
    for name, words in (
        ("ball", "42 vertices and 80 faces"),
        ("dust", "30 points"),
        ("block", "8 filled voxels of 2 x 2 x 2"),
    ):
        widget.controls["thing"].value = name
        assert words in widget.caption()
        seen[name] = widget.draw()
    assert len({picture.tobytes() for picture in seen.values()}) == 3
    for control, value, words in (("turn", -90, "turned by -90"), ("above", -45, "45 degrees below")):
        before = widget.draw()
        widget.controls[control].value = value
        assert words in widget.caption() and not np.array_equal(before, widget.draw())


def test_one_thing_needs_no_list():
    widget = Orbit({"ball": THINGS["ball"]}, question="Round?")
    assert list(widget.controls) == ["turn", "above"]
    assert widget._repr_mimebundle_()[0]["text/plain"].startswith("Round?")


def test_errors():
    with pytest.raises(CourseError, match="points, mesh, voxels"):
        Orbit({"x": ("cloud", (torch.zeros(3, 3),))})
    with pytest.raises(CourseError, match="at least one"):
        Orbit({})
