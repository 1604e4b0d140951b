"""The unrolled network: what is drawn, and where."""

import pytest

from course_lib.errors import ShapeError
from course_lib.plots.unrolled import unrolled


def test_texts_and_arrows():
    fig, ax = unrolled(
        [["x1", "x2", ""], ["h1", "h2", "h3"], ["", "y2", "y3"]], recurrent=(1,), names=["in", "", "out"]
    )
    texts = {text.get_text(): text.get_position() for text in ax.texts if text.get_text()}
    assert texts["h3"] == (2, 1) and texts["y2"] == (1, 2) and {"in", "out"} <= set(texts)
    arrows = [text for text in ax.texts if not text.get_text() and getattr(text, "arrow_patch", None)]
    across = [arrow for arrow in arrows if arrow.xy[1] == arrow.xyann[1]]
    assert len(across) == 2 and len(arrows) == 2 + 4  # two steps on; x1, x2 up to h, and h2, h3 up to y


def test_a_gap_ends_the_row():
    _, ax = unrolled([["h1", "", "h3"]], recurrent=(0,))
    assert not [text for text in ax.texts if getattr(text, "arrow_patch", None)]


def test_refuses():
    with pytest.raises(ShapeError, match="equally many"):
        unrolled([["a"], ["b", "c"]], recurrent=())
    with pytest.raises(ShapeError, match="equally many"):
        unrolled([["a"]], recurrent=(), names=["x", "y"])
