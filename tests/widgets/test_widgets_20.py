"""One shape in four forms: what each keeps, by hand and for every choice."""

import numpy as np
import pytest
import torch

from course_lib.data.worlds.shapes import KINDS
from course_lib.errors import CourseError
from course_lib.widgets.four_forms import FORMS, SIZES, FourForms, _ends_of_columns, _piece, _slice, form_state
from course_lib.widgets.kit.explorer import VIEW


def test_what_is_kept_by_hand():
    assert (form_state("chair", "voxels", 16).numbers, form_state("chair", "voxels", 16).size) == (4096, 512)
    layered = form_state("chair", "shape layers", 16)
    assert layered.numbers == layered.size == layered.layers * 6 * 16**2
    function = form_state("lamp", "level set", 8)
    assert function.size == 4 * function.numbers == form_state("ring", "level set", 32).size


@pytest.mark.parametrize("kind", KINDS)
def test_exact_forms_agree_and_more_cells_are_better(kind):
    for cells in SIZES:
        states = [form_state(kind, form, cells) for form in FORMS[:3]]
        assert len({state.overlap for state in states}) == 1  # octree and layers lose nothing
    for form in FORMS:
        overlaps = [form_state(kind, form, cells).overlap for cells in SIZES]
        assert overlaps[0] < overlaps[-1] <= 1
    assert form_state(kind, "level set", 32).overlap > form_state(kind, "voxels", 32).overlap


def test_an_octree_grows_more_slowly_than_voxels():
    growth = [form_state("ring", form, 64).numbers / form_state("ring", form, 16).numbers for form in FORMS[:2]]
    assert growth[0] == 64 and growth[1] < 25


def test_squares_of_a_cut_fill_it_or_say_where_it_is_full():
    for form in ("voxels", "octree"):
        depth, squares = _slice("table", form, 16)
        drawn = torch.zeros(16, 16, dtype=torch.long) - 1
        for y, x, side, full in squares:
            assert (drawn[y : y + side, x : x + side] == -1).all()
            drawn[y : y + side, x : x + side] = int(full)
        assert torch.equal(drawn, _piece("table").voxels(16)[depth].long())
    assert len(_slice("table", "octree", 16)[1]) < 256


def test_ends_of_columns_by_hand():
    full = np.array([[1, 0, 0], [1, 0, 1], [1, 0, 0]], bool)
    assert _ends_of_columns(full) == [(0, 0, 1, True), (1, 0, 1, False), (2, 0, 1, True), (1, 2, 1, True)]


def test_refuses():
    for wrong in (("sofa", "voxels", 8), ("chair", "mesh", 8), ("chair", "voxels", 12)):
        with pytest.raises(CourseError, match="There is no"):
            form_state(*wrong)


def test_every_choice_changes_picture_and_caption():
    widget = FourForms()
    seen = set()
    for form in FORMS:
        for cells in SIZES:
            for kind in KINDS[:2]:
                for name, value in (("form", form), ("cells", cells), ("kind", kind)):
                    widget.controls[name].value = value
                pixels = widget.draw()
                assert pixels.dtype == np.uint8 and pixels.shape[2] == 3
                seen.add((pixels.tobytes(), widget.caption()))
    pictures, captions = zip(*seen, strict=True)
    assert len(set(pictures)) == len(set(captions)) == len(FORMS) * len(SIZES) * 2


def test_bundle_and_controls():
    widget = FourForms()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id and metadata["image/png"]["alt"] == widget.caption()
    assert len(widget.controls) <= 3 and "cells of all sizes instead of 4,096" in widget.caption()
