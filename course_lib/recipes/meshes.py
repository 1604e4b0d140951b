"""How Pixel2Mesh of lecture 22 is trained at its full size on ShapeNet.

    course train 22 --data ~/data/shapenet --batch 8 --lr 1e-4

The folder holds ShapeNetCore (`ShapeNetCore.v1`, or of another name that begins so) and 3D-R2N2's pictures,
`ShapeNetRendering`. The split is that of 3D-R2N2; a step draws one view of a model and new points from its surface. The
loss has the weights of the public PyTorch code, whose learning rate for these batches is 1e-4, falling.
"""

from functools import partial
from pathlib import Path

import torch

from course_lib.data.sets.on_disk import data_folder, folders
from course_lib.data.sets.shapenet import for_pixel2mesh, shapenet
from course_lib.data.sets.step_batches import StepBatches
from course_lib.errors import DataError
from course_lib.models.pixel2mesh import Pixel2Mesh
from course_lib.models.pixel2mesh_loss import pixel2mesh_loss
from course_lib.ops.batches import generator_of, shuffled_rows
from course_lib.ops.points import f_score
from course_lib.recipes.training import Stage, Training, spread

NETWORKS = {"22": {"Pixel2Mesh": Pixel2Mesh}}
NEEDS = "ShapeNet's models with 3D-R2N2's pictures"
DATASETS = {}  # the folder shows its layout
POINTS = 3000  # per example, about as many as the authors' files hold
NEAR = 1e-4**0.5  # t of the published F1, whose distances are squared


class MeshBatches(StepBatches):
    """A function step -> (pictures (B, 3, 224, 224), points (B, P, 3), normals (B, P, 3)).

    Args:
        models: Models with pictures. batch_size: over all processes. points: P. seed: of everything random.
        device, workers, share: as for `StepBatches`.
    """

    def __init__(self, models, batch_size, *, points=POINTS, seed=0, device="cpu", workers=0, share=(0, 1)):
        super().__init__(
            _Views(models, points, seed), batch_size, of="models", device=device, workers=workers, share=share
        )


class _Views:
    """(picture, points, normals) at a place of the endless list of models."""

    def __init__(self, models, points, seed):
        self.models, self.points, self.seed = models, points, seed

    def __getitem__(self, place):
        model = self.models[shuffled_rows(place, 1, len(self.models), self.seed).item()]
        generator = generator_of(self.seed, place, 1)
        view = model.views[torch.randint(len(model.views), (), generator=generator).item()]
        return for_pixel2mesh(model, view, self.points, generator)


def split(path):
    """The models of a folder that have pictures, for training and for testing.

    Raises:
        DataError: if a folder is missing, or a split is empty.
    """
    root = data_folder(Path(path), "ShapeNet", "ShapeNetCore.v1 and ShapeNetRendering")
    cores = [folder for folder in folders(root) if folder.name.startswith("ShapeNetCore")]
    core = cores[0] if cores else root / "ShapeNetCore.v1"
    found = [
        [model for model in shapenet(core, root / "ShapeNetRendering", split=part) if model.views]
        for part in ("train", "test")
    ]
    if not all(found):
        raise DataError(f"{root} has {len(found[0])} training and {len(found[1])} test models with pictures.")
    return found


def loss(network, batch):
    """The whole loss of three stages: network, (pictures, points, normals) -> scalar."""
    pictures, points, normals = batch
    results = network(pictures)
    return pixel2mesh_loss(results, network.starts(results), points, normals, "pytorch")


@torch.no_grad()
def score(network, models, most):
    """Mean F1 of the last mesh's vertices, as the released code measures it. Leaves the network in its mode."""
    device, was_training = next(network.parameters()).device, network.training
    network.eval()
    scores = []
    for number in spread(len(models), most):
        model = models[number]
        picture, points, _ = for_pixel2mesh(model, model.views[0], POINTS, torch.Generator().manual_seed(number))
        vertices, _ = network(picture[None].to(device))[-1]
        scores.append(f_score(vertices[0].float().cpu(), points, NEAR)[0].item())
    network.train(was_training)
    return sum(scores) / len(scores)


def training(run, name):
    """The `Training` of Pixel2Mesh on ShapeNet."""
    train, test = split(run.data)
    return Training(
        NETWORKS[run.lecture][name],
        partial(MeshBatches, train),
        (Stage(loss, partial(score, models=test, most=run.test)),),
        numbers=(len(train), len(test)),
        of="models",
        measures="F1",
        said="F1 at 0.01 of {:.3f} on the test models",
    )
