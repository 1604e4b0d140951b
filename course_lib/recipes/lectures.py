"""Which lecture has which recipe, and the way from `course train NN` to it."""

from dataclasses import replace

from course_lib.errors import CourseError
from course_lib.recipes import clips, correspondence, depth, flow, mdnet, mesh_rcnn, meshes, points, siamfc, voxels
from course_lib.recipes import training as shared

KINDS = (clips, mdnet, siamfc, correspondence, flow, depth, voxels, points, meshes, mesh_rcnn)
AT_TEST_TIME = {
    "24": "python -m course_lib.video_depth VIDEO --out DIR",
    "25": "call course_lib.video_depth.robust.robust_depth, as the lecture's GPU section does",
}


def find(lecture, network=None):
    """The file of a lecture's recipe, and which of its networks is meant: its first unless one is named.

    Returns:
        (module of `KINDS`, name of the network).
    Raises:
        CourseError: if the lecture trains no network of published size, or has none of that name.
    """
    kind = next((kind for kind in KINDS if lecture in kind.NETWORKS), None)
    if lecture in AT_TEST_TIME:
        raise CourseError(f"Lecture {lecture} trains on one video, at test time: {AT_TEST_TIME[lecture]}.")
    if kind is None:
        known = sorted(lecture for kind in KINDS for lecture in kind.NETWORKS)
        raise CourseError(f"Lecture {lecture!r} has no recipe. There are recipes for: {', '.join(known)}.")
    networks = kind.NETWORKS[lecture]
    if network is not None and network not in networks:
        raise CourseError(f"Lecture {lecture} has no network {network!r}. It has: {', '.join(networks)}.")
    return kind, network or next(iter(networks))


def train(run, say=print):
    """Train a lecture's network of published size on a real data set, alone or as one of torchrun's processes.

    Args:
        run: a `Run` of `course_lib.recipes.training`.
        say: function that prints a line; called in the first process alone.
    Returns:
        History; errors have a minus sign in its metrics, so that higher is better.
    Raises:
        CourseError: if there is no such recipe or data set, or processes cannot share a batch equally.
    """
    kind, name = find(run.lecture, run.network)
    dataset = run.dataset or next(iter(kind.DATASETS), None)
    if kind.DATASETS and dataset not in kind.DATASETS:
        raise CourseError(f"Lecture {run.lecture} needs {kind.NEEDS}: {', '.join(kind.DATASETS)}, not {dataset}.")
    return shared.train(run, name, kind.training(replace(run, dataset=dataset), name), say)
