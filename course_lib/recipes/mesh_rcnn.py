"""How Mesh R-CNN of lecture 23 is trained at its full size on Pix3D.

    course train 23 --data ~/data/pix3d --batch 16 --lr 1e-4 --steps 11000

Batch, steps, weights of the losses, and a rate that warms up and is divided by 10 after 8 and 10 of 11 parts are those
of the released configuration; pictures are mirrored, with their meshes and cameras. It takes SGD at 0.02 and starts
from a Mask R-CNN trained on COCO; here Adam trains all from the beginning.
"""

from functools import partial

import torch

from course_lib.data.sets.pix3d import Pix3D, pix3d
from course_lib.data.sets.step_batches import StepBatches
from course_lib.errors import DataError
from course_lib.metrics.meshes import mesh_scores
from course_lib.models.mesh_rcnn import MeshRCNN, meshes_in_camera
from course_lib.ops import boxes as box_ops
from course_lib.ops.batches import generator_of, shuffled_rows
from course_lib.recipes.training import Stage, Training, spread

NETWORKS = {"23": {"MeshRCNN": "voxels", "SphereInit": "sphere", "Pixel2MeshPlus": "finer sphere"}}  # the start
DATASETS = {}  # the folder shows its layout
NEEDS = "Pix3D"
WARM_UP, FIRST = 1000, 0.1  # steps, and the rate's factor at the first
DROPS = (8 / 11, 10 / 11)  # of all steps: the rate is divided by 10 at each


class ObjectBatches(StepBatches):
    """A function step -> (list of pictures, list of targets); the same batch for the same step.

    Args:
        objects: Pix3D. batch_size: over all processes. seed: of order and mirroring.
        device, workers, share: as for `StepBatches`.
    """

    def __init__(self, objects, batch_size, *, seed=0, device="cpu", workers=0, share=(0, 1)):
        super().__init__(_Objects(objects, seed), batch_size, of="pictures", device=device, workers=workers,
                         share=share, collate=_listed)  # fmt: skip


class _Objects:
    def __init__(self, objects, seed):
        self.objects, self.seed = objects, seed

    def __getitem__(self, place):
        item = self.objects[shuffled_rows(place, 1, len(self.objects), self.seed).item()]
        mirror = torch.rand(1, generator=generator_of(self.seed, place, 1)).item() < 0.5
        return mirrored(item["picture"], item["target"]) if mirror else (item["picture"], item["target"])


def mirrored(picture, target):
    """A picture and its target as in a mirror: x turns its sign in space too, and faces their order."""
    width = picture.shape[-1]
    x, y, w, h = target["boxes"].unbind(1)
    K, turn = target["K"].clone(), torch.tensor([-1.0, 1.0, 1.0])
    K[0, 2] = width - 1 - K[0, 2]
    return picture.flip(-1), {
        **target, "boxes": torch.stack([width - x - w, y, w, h], 1), "masks": target["masks"].flip(-1), "K": K,
        "meshes": [(vertices * turn, faces.flip(1)) for vertices, faces in target["meshes"]],
        "inside": [points * turn for points in target["inside"]],
    }  # fmt: skip


def _listed(examples):
    pictures, targets = zip(*examples, strict=True)
    return list(pictures), list(targets)


def total(network, batch):
    """All weighted losses of a batch, added up."""
    return sum(network(*batch).values())


def rate(step, steps):
    """The factor of the learning rate at a step."""
    warm = min(1.0, FIRST + (1 - FIRST) * step / min(WARM_UP, max(1, steps // 4)))
    return warm * 0.1 ** sum(step >= share * steps for share in DROPS)


@torch.no_grad()
def mesh_f1(network, objects, most):
    """Mean F1@0.3, in 0..1, of the detection that fits the labelled box best, over at most `most` test pictures."""
    device, was_training = next(network.parameters()).device, network.training
    network.eval()
    scores = []
    for number in spread(len(objects), most):
        item = objects[number]
        target = item["target"]
        result = network([item["picture"].to(device)])[0]
        overlap = box_ops.iou(result["boxes"].cpu(), target["boxes"][0])
        if not len(overlap) or overlap.max() < 0.5:
            scores.append(0.0)
            continue
        middle = torch.stack(torch.aminmax(target["meshes"][0][0][:, 2])).mean().item()
        vertices, faces = meshes_in_camera(result, target["K"].to(device), middle)[overlap.argmax()]
        found = vertices.float().cpu(), faces.cpu()
        scores.append(mesh_scores(found, target["meshes"][0], samples=2000)["f1@0.3"])
    network.train(was_training)
    return sum(scores) / len(scores)


def parts(path):
    """Training and test part: of split S1, or where its lists are not there, with every tenth picture for testing."""
    train, test = pix3d(path, train=True), pix3d(path, train=False)
    if train.rows != test.rows:
        return train, test
    rows = train.rows
    kept = [row for number, row in enumerate(rows) if number % 10]
    if not kept:
        raise DataError(f"{path} holds {len(rows)} pictures, expected at least 2.")
    return Pix3D(train.root, kept), Pix3D(train.root, rows[::10])


def training(run, name):
    """The `Training` of a Mesh R-CNN on split S1 of Pix3D."""
    train, test = parts(run.data)
    return Training(
        partial(MeshRCNN, start=NETWORKS[run.lecture][name]),
        partial(ObjectBatches, train),
        (Stage(total, partial(mesh_f1, objects=test, most=run.test)),),
        numbers=(len(train), len(test)),
        of="pictures",
        measures="F1@0.3",
        said="F1@0.3 of {:.3f} for the meshes of the test pictures",
        schedule=partial(rate, steps=run.steps),
        clip_norm=10.0,
    )
