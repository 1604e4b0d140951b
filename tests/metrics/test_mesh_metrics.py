"""Measures of meshes: by hand, and Pix3D's rules one by one."""

import pytest
import torch

from course_lib.errors import CourseError
from course_lib.metrics.meshes import average_precision, mesh_scores, pix3d_ap
from course_lib.ops.meshes import icosphere

SPHERE = icosphere(3)


def scores(scale, **options):
    generator = torch.Generator().manual_seed(0)
    return mesh_scores((SPHERE[0] * scale, SPHERE[1]), SPHERE, samples=6000, generator=generator, **options)


def test_the_true_mesh_and_a_larger_one():
    same, larger = scores(1.0), scores(1.1)
    assert same["f1@0.3"] > 0.99 and same["normals"] > 0.97 and same["chamfer"] < 0.1
    # Scaled so that the true sphere is 10 across, the other surface is 0.5 outside: near for no threshold below.
    assert larger["f1@0.3"] == 0 and larger["chamfer"] == pytest.approx(0.5, rel=0.15)
    assert scores(1.1, length=None)["chamfer"] == pytest.approx(0.5 / 25, rel=0.15)
    assert scores(1.1, length=None, thresholds=(0.2,))["f1@0.2"] == 1


def test_a_mesh_without_faces_scores_nothing():
    found = mesh_scores((torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.long)), SPHERE)
    assert found["chamfer"] == float("inf") and found["f1@0.5"] == 0 == found["normals"]


def test_average_precision_by_hand():
    right = torch.tensor([True, False, True])
    # Precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3; made falling it is 1, 2/3, 2/3.
    assert average_precision(torch.tensor([0.9, 0.8, 0.7]), right, 3) == pytest.approx(1 / 3 + 2 / 9)
    assert average_precision(torch.tensor([0.7, 0.8, 0.9]), right.flip(0), 3) == pytest.approx(1 / 3 + 2 / 9)
    assert average_precision(torch.tensor([0.9, 0.2]), torch.tensor([False, True]), 1) == pytest.approx(0.5)
    assert average_precision(torch.zeros(0), torch.zeros(0, dtype=torch.bool), 2) == 0
    with pytest.raises(CourseError, match="positives"):
        average_precision(torch.zeros(1), torch.ones(1, dtype=torch.bool), 0)


def picture(label, *rows):
    """Rows of (score, label, IoU of boxes, IoU of masks, F1)."""
    table = torch.tensor(rows).reshape(-1, 5)
    return {"label": label, "scores": table[:, 0], "labels": table[:, 1].long(), "box": table[:, 2],
            "mask": table[:, 3], "mesh": table[:, 4]}  # fmt: skip


def test_pix3d_rules():
    assert pix3d_ap([picture(3, (0.9, 3, 0.8, 0.7, 0.4))]) == {"box": 1, "mask": 1, "mesh": 0}
    far = picture(3, (0.9, 3, 0.2, 0.0, 0.0), (0.5, 3, 0.8, 0.8, 0.8))  # the first may be an unlabelled object
    assert pix3d_ap([far]) == {"box": 1, "mask": 1, "mesh": 1}
    twice = picture(3, (0.9, 3, 0.4, 0.4, 0.4), (0.8, 3, 0.8, 0.8, 0.8), (0.7, 3, 0.9, 0.9, 0.9))
    assert pix3d_ap([twice])["box"] == pytest.approx(0.5)
    other = picture(3, (0.9, 2, 0.8, 0.8, 0.8))
    assert pix3d_ap([other])["mesh"] == 0
    both = [picture(3, (0.9, 3, 0.8, 0.8, 0.8)), picture(2)]  # the mean is over the classes that occur
    assert pix3d_ap(both)["box"] == pytest.approx(0.5)
    wrong = [picture(2, (0.9, 3, 0.8, 0.8, 0.8)), picture(3, (0.5, 3, 0.8, 0.8, 0.8))]
    assert pix3d_ap(wrong)["box"] == pytest.approx(0.25)  # class 3: a false one before the right one; class 2: none
    assert pix3d_ap([]) == {"box": 0, "mask": 0, "mesh": 0}
