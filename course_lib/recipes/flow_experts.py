"""Flow networks trained one after the other, and those that lecture 18 gets ready made.

A stack is trained network by network, with those before it frozen, and a pyramid level by level. So the lecture's
experiments begin where small networks end that have been trained for longer. Their weights lie in `data/weights`, in
half precision; `course data make weights` writes all of them anew, or one, in about a minute of one core each:

    python -m course_lib.recipes.flow_experts usual     # FlowNetS.mini, 2,500 steps
    python -m course_lib.recipes.flow_experts small     # FlowNetSD.mini, likewise, on small motions
    python -m course_lib.recipes.flow_experts pyramid   # the coarser level of SPyNet.mini, 2,000 steps
"""

import math
import sys
from pathlib import Path

import torch

from course_lib.atomic import replacing
from course_lib.data.sets.shipped import PACKAGE, shipped_path
from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.errors import CourseError
from course_lib.models.flownet2 import FlowNet2
from course_lib.models.published import load_published
from course_lib.models.spynet import SPyNet, level_loss
from course_lib.ops.flow_augmentation import flip_pair
from course_lib.ops.flow_losses import multiscale_loss
from course_lib.train import fit

SEEN, NEW = ("astronaut", "coffee", "brick", "gravel"), ("chelsea", "grass")  # photographs to train on, and to test on
WORLDS = {
    "usual": {"motion": 3.0, "camera": 2.0},
    "small": {"motion": 0.7, "camera": 0.4, "turn": 0.5, "zoom": 0.005},  # most pixels move by less than one
    "tiny": {"motion": 0.4, "camera": 0.2, "turn": 0.3, "zoom": 0.003},  # nearly all by less than half of one
}
NAMES = ("usual", "small", "pyramid")  # of the files that ship
VARIANTS = {"usual": "s", "small": "sd"}  # of FlowNet 2: what is trained on each world
PAIRS, STEPS, BATCH, RATE, WARM = 960, 2500, 16, 3e-3, 100
SEED = 1800
WINDOW = (24, 32)  # rows, columns of what the fusion network is trained on


def world(name, photographs=SEEN):
    """Pairs of 48 x 64 pixels with the motions of the world `name`, cut from some of the photographs."""
    return FlyingShapes(48, 64, shapes=3, photographs=photographs, **WORLDS[name])


def expert(name):
    """The trained FlowNetS.mini ("usual") or FlowNetSD.mini ("small"), frozen.

    Raises:
        DataError: if its file is missing.
    """
    model = FlowNet2.mini(VARIANTS[name])
    load_published(model, shipped_path(f"weights/flow_{name}.pt"))
    return getattr(model, model.names[0]).float().eval().requires_grad_(False)


def spynet():
    """SPyNet.mini whose coarser level is trained and frozen, and whose finer level begins as a copy of it.

    Raises:
        DataError: if its file is missing.
    """
    model = SPyNet.mini()
    load_published(model.levels[0], shipped_path("weights/flow_pyramid.pt"))
    model.levels[1].load_state_dict(model.levels[0].state_dict())
    model.levels[0].requires_grad_(False)
    return model


def batches(pairs, truth, seed=0):
    """A function step -> (pairs, truth) of `BATCH` that are chosen and mirrored at random, for `train.fit`.

    Args:
        pairs: (N, 6, H, W). truth: (N, 2, H, W) in pixels.
    """

    def batch(step):
        generator = torch.Generator().manual_seed(1_000_003 * seed + step)
        chosen = torch.randint(len(truth), (BATCH,), generator=generator)
        return flip_pair(pairs[chosen], truth[chosen], *(torch.rand(2, generator=generator) < 0.5).tolist())

    return batch


def learn(model, name, pairs, truth, steps, *, seed=0, rate=RATE):
    """Train one network of a FlowNet 2; those that run before it stay as they are.

    Args:
        model: FlowNet2. name: of the network, such as "flownets_1".
        pairs: (N, 6, H, W), 0..1. truth: (N, 2, H, W) in pixels. They are mirrored at random.
        steps, rate: of Adam: the rate rises for a few steps, then falls to zero on a cosine.
        seed: of the batches.
    Returns:
        History.
    """

    def loss(network, batch):
        pair, flow = batch
        with torch.no_grad():
            inputs, start = seen_by(model, name, pair)
        rest = flow if start is None else flow - start
        return multiscale_loss(network(inputs), rest, code="nvidia", scale=network.scale)

    return fit(
        getattr(model, name), batches(pairs, truth, seed), steps, loss=loss, lr=rate, schedule=up_and_down(steps)
    )


def learn_fusion(model, pairs, truth, steps, *, seed=0, rate=RATE):
    """Train the fusion network of a FlowNet 2. Arguments as for `learn`.

    It looks at single places, and works at full resolution, where a step is dear. So the others run once over all
    pairs, and a batch is small windows of what they gave.

    Returns:
        History.
    """
    with torch.no_grad():
        inputs, start = seen_by(model, "flownetfusion", pairs)
    rest = truth if start is None else truth - start
    rows, columns = (n - side for n, side in zip(truth.shape[2:], WINDOW, strict=True))

    def batch(step):
        generator = torch.Generator().manual_seed(1_000_003 * seed + step)
        chosen = torch.randint(len(truth), (2 * BATCH,), generator=generator)
        top, left = (4 * int(torch.randint(n // 4 + 1, (), generator=generator)) for n in (rows, columns))
        window = (chosen, slice(None), slice(top, top + WINDOW[0]), slice(left, left + WINDOW[1]))
        return inputs[window], rest[window]

    def loss(network, batch):
        return multiscale_loss(network(batch[0]), batch[1], code="nvidia", scale=network.scale)

    return fit(model.flownetfusion, batch, steps, loss=loss, lr=rate, schedule=up_and_down(steps))


def seen_by(model, name, pairs):
    """What network `name` is given for pairs (N, 6, H, W), and the flow to which its output is added, or None."""
    images, before = model.prepare(pairs), []
    for earlier in model.names[: model.names.index(name)]:
        before.append(model.stage(earlier, images, before))
    return model.inputs(name, images, before), model.start(name, before)


def up_and_down(steps, warm=WARM):
    """Factor of the learning rate: up for `warm` steps (at most a fifth), then down to zero on a cosine."""
    warm = min(warm, steps // 5)

    def factor(step):
        if step < warm:
            return (step + 10) / (warm + 10)
        return 0.5 + 0.5 * math.cos(math.pi * (step - warm) / max(1, steps - warm))

    return factor


def make(name):
    """Train from random weights: FlowNet2.mini of one network on the world `name`, or a level of SPyNet ("pyramid")."""
    seen = world("usual" if name == "pyramid" else name).sample(PAIRS, seed=SEED)
    pairs = torch.cat([seen.image1, seen.image2], 1)
    torch.manual_seed(SEED)
    if name == "pyramid":
        model, steps = SPyNet.mini(), 2000
        schedule = up_and_down(steps)
        fit(model, batches(pairs, seen.flow, SEED), steps, loss=level_loss(0), lr=RATE, schedule=schedule)
        return model.levels[0]
    model = FlowNet2.mini(VARIANTS[name])
    learn(model, model.names[0], pairs, seen.flow, STEPS, seed=SEED)
    return model


def save(name, directory):
    """Train by `make` and write the weights, in half precision, into a folder, created if needed: the Path."""
    path = Path(directory) / f"flow_{name}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {key: value.half() for key, value in make(name).state_dict().items()}
    with replacing(path) as beside:
        torch.save(weights, beside)
    return path


if __name__ == "__main__":
    if sys.argv[1:] not in [[name] for name in NAMES]:
        raise CourseError(f"{sys.argv[1:]} came, expected one name: usual, small or pyramid.")
    path = save(sys.argv[1], PACKAGE.parent / "data" / "weights")
    print(f"{path}  {path.stat().st_size / 1000:.0f} KB")
