"""How good predicted meshes are: Chamfer distance, normals and F1 of two meshes, and Pix3D's average precision."""

import torch

from course_lib.errors import CourseError
from course_lib.ops.meshes import sample_surface
from course_lib.ops.points import chamfer, f_score, normal_distance, to_length

THRESHOLDS = (0.1, 0.3, 0.5)  # distances of F1, where the longest edge of the true box is 10
LENGTH = 10.0
BOX_IOU, ENOUGH = 0.3, 0.5  # a detection counts from the first; it is right above the second, of IoU or F1
MEASURES = ("box", "mask", "mesh")


def mesh_scores(predicted, truth, *, samples=10_000, length=LENGTH, thresholds=THRESHOLDS, generator=None):
    """Compare two meshes as Mesh R-CNN does (appendix): in the camera's axes, at one size.

    Args:
        predicted, truth: (vertices (V, 3), faces (F, 3)). samples: points on each surface.
        length: of the longest edge of the true mesh's upright box, after scaling both by one factor; None: as they are.
        thresholds: distances of F1. generator: torch.Generator.
    Returns:
        dict of floats: chamfer (sum of both mean squared distances), normals (mean |cos|, both ways averaged), and
        f1@t in 0..1 for each threshold. A prediction without faces scores nothing: inf, 0, and 0.
    """
    if not len(predicted[1]):
        return {"chamfer": float("inf"), "normals": 0.0, **{f"f1@{t:g}": 0.0 for t in thresholds}}
    points, normals = sample_surface(*predicted, samples, generator)
    true_points, true_normals = sample_surface(*truth, samples, generator)
    if length is not None:
        true_points, points = to_length(length, true_points, points)
    return {
        "chamfer": chamfer(points, true_points).item(),
        "normals": 1 - normal_distance(points, true_points, normals, true_normals).item() / 2,
        **{f"f1@{t:g}": f_score(points, true_points, t)[0].item() for t in thresholds},
    }


def average_precision(scores, right, positives):
    """Area under precision over recall, precision made falling, as PASCAL VOC has it since 2010.

    Args:
        scores: (D,) of all detections of a class. right: (D,) bool. positives: how many objects there are.
    Returns:
        float in 0..1.
    Raises:
        CourseError: if there is no object.
    """
    if positives < 1:
        raise CourseError(f"positives is {positives}: without an object, precision over recall is not defined.")
    if not len(scores):
        return 0.0
    hits = right[scores.argsort(descending=True, stable=True)].double()
    recall = hits.cumsum(0) / positives
    precision = hits.cumsum(0) / torch.arange(1, len(hits) + 1)
    precision = precision.flip(0).cummax(0).values.flip(0)
    steps = torch.diff(recall, prepend=recall.new_zeros(1))
    return (steps * precision).sum().item()


def pix3d_ap(pictures):
    """AP^box, AP^mask and AP^mesh, means over the classes that occur, for data with one labelled object per picture.

    Detections whose box has an IoU of at most 0.3 with the labelled one are left out: they may be objects that nobody
    labelled. Of the rest, best score first, the first with the right class and a measure above 0.5 is right, and every
    other one of the picture is wrong.

    Args:
        pictures: list of dicts: label (a number), and of D detections scores (D,), labels (D,), and box, mask, mesh
            (D,): IoU of boxes and of masks, and F1@0.3 of meshes, each with the labelled object.
    Returns:
        dict with box, mask and mesh: floats in 0..1.
    """
    classes = sorted({int(picture["label"]) for picture in pictures})
    rows = {measure: {label: ([], []) for label in classes} for measure in MEASURES}
    for picture in pictures:
        covered = set()
        for d in picture["scores"].argsort(descending=True, stable=True).tolist():
            label = int(picture["labels"][d])
            if picture["box"][d] <= BOX_IOU:
                continue
            for measure in MEASURES:
                right = label == picture["label"] and picture[measure][d] > ENOUGH and measure not in covered
                if right:
                    covered.add(measure)
                if label in rows[measure]:
                    rows[measure][label][0].append(picture["scores"][d])
                    rows[measure][label][1].append(bool(right))
    counts = {label: sum(picture["label"] == label for picture in pictures) for label in classes}
    return {
        measure: sum(
            average_precision(torch.tensor(scores), torch.tensor(right, dtype=torch.bool), counts[label])
            for label, (scores, right) in by_class.items()
        )
        / max(1, len(classes))
        for measure, by_class in rows.items()
    }
