"""The small depth network that lectures 24 and 25 get ready made: how it was trained, and what it can do.

    course data make weights                     # or
    python -m course_lib.recipes.depth_expert    # half a minute of one core

writes `data/weights/depth_rooms.pt`, in half precision, and beside it depth_rooms.json: the recipe, the seed and the
errors measured on rooms that the network has not seen.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from course_lib.atomic import replacing, write_atomically
from course_lib.data.sets.shipped import PACKAGE
from course_lib.data.worlds.scenes import SceneWorld
from course_lib.models.depth_fcn import DepthFCN
from course_lib.ops.batches import minibatches
from course_lib.ops.depth import depth_metrics, scale_invariant_loss
from course_lib.train import fit, scores, supervised

SIZE = (48, 64)  # rows, columns of the frames
TESTED = 80  # rooms


@dataclass(frozen=True)
class Recipe:
    """rooms: single frames to train on. steps of Adam, with `rate`, on batches of `batch`. seed: of all of it."""

    rooms: int = 1200
    steps: int = 1500
    batch: int = 16
    rate: float = 3e-3
    seed: int = 2400


def train(recipe):
    """DepthFCN.mini trained with the scale-invariant loss of Eigen et al. (weight 0.5) on single frames of rooms."""
    frames, depth, _ = SceneWorld(*SIZE).pictures(recipe.rooms, seed=recipe.seed)
    torch.manual_seed(recipe.seed)
    network = DepthFCN.mini()
    nn.init.constant_(network.last.bias, depth.log().mean().item())
    fit(network, minibatches((frames, depth), recipe.batch, recipe.seed), recipe.steps, lr=recipe.rate,
        loss=supervised(lambda out, truth: scale_invariant_loss(out[:, 0], truth)))  # fmt: skip
    return network


def measure(network, seed=Recipe.seed + 1, rooms=TESTED):
    """The measures of `ops.depth.depth_metrics` on rooms of another seed, rounded to three digits."""
    frames, depth, _ = SceneWorld(*SIZE).pictures(rooms, seed=seed)
    return {name: round(value, 3) for name, value in depth_metrics(scores(network, frames)[:, 0].exp(), depth).items()}


def make(directory, recipe=None):
    """Train by a recipe (by default that of what ships); write weights and manifest into a folder: the two Paths."""
    directory, recipe = Path(directory), recipe or Recipe()
    directory.mkdir(parents=True, exist_ok=True)
    network, paths = train(recipe).half(), [directory / "depth_rooms.pt", directory / "depth_rooms.json"]
    with replacing(paths[0]) as beside:
        torch.save(network.state_dict(), beside)
    about = {"network": "DepthFCN.mini", "recipe": asdict(recipe), "measured": measure(network.float())}
    write_atomically(paths[1], json.dumps(about, indent=1) + "\n")
    return paths


if __name__ == "__main__":
    for path in make(PACKAGE.parent / "data" / "weights"):
        print(f"{path}  {path.stat().st_size / 1000:.0f} KB")
