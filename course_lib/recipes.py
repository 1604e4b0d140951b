"""How the lectures' published networks are trained on real videos: which frames, which crop, which steps.

    python -m course_lib.train 06 --data ~/data/UCF-101
    torchrun --nproc-per-node 4 -m course_lib.train 06 --data ~/data/UCF-101

The network has its published size. The schedules are shorter than the papers', which took days on many machines; so
these recipes give a working start, not the published accuracy.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from course_lib.data.sets.clip_batches import ClipBatches
from course_lib.data.sets.readers import hmdb51, kinetics, middle_clip, ucf101
from course_lib.errors import CourseError
from course_lib.models import c3d, fusion, two_stream
from course_lib.ops import stream_inputs
from course_lib.ops.sampling import center_crop
from course_lib.train import Checkpoint, Metric, fit, join_processes

READERS = {"ucf101": ucf101, "hmdb51": hmdb51, "kinetics": kinetics}


@dataclass(frozen=True)
class Recipe:
    """How one network is trained from scratch.

    Attributes:
        build: function (num_classes) -> network.
        frames: T, how many neighbouring frames of the video a clip has.
        resized: (rows, columns) to which a frame is resized. crop: side of the square cut from it.
        prepare: function from uint8 clips (B, 3, T, crop, crop), RGB, to what the network takes. Pixels are divided by
            64 after the mean is subtracted: weights that start from He's rule want numbers around 1.
    """

    build: Callable
    frames: int
    resized: tuple[int, int]
    crop: int
    prepare: Callable


def _fusion(model):
    frames = (model.frames - 1) * model.gap + 1
    crop = 178 if model is fusion.MultiResolution else fusion.CROP

    def prepare(clips):
        return (clips[:, :, model.frame_indices(frames)].float() - fusion.MEAN) / 64

    return Recipe(model, frames, (fusion.RESIZED,) * 2, crop, prepare)


def _stream(channels, frames, prepare, dropout):
    def build(num_classes):
        return two_stream.CNN_M_2048(num_classes, channels, dropout=dropout)

    return Recipe(build, frames, (256, 340), stream_inputs.CROP, prepare)


def _c3d_input(clips):
    return (clips.float() - clips.new_tensor(c3d.SPORTS1M_MEAN, dtype=torch.float32).view(3, 1, 1, 1)) / 64


FUSIONS = (fusion.SlowFusion, fusion.SingleFrame, fusion.EarlyFusion, fusion.LateFusion, fusion.MultiResolution)
STACK = stream_inputs.STACK
RECIPES = {
    "03": {model.__name__: _fusion(model) for model in FUSIONS},
    "05": {
        "spatial": _stream(3, 1, lambda clips: stream_inputs.spatial_input(clips) / 64, dropout=0.5),
        "temporal": _stream(2 * STACK, STACK + 1, stream_inputs.temporal_input, dropout=0.9),
    },
    "06": {"C3D": Recipe(c3d.C3D, c3d.FRAMES, c3d.RESIZED, c3d.CROP, _c3d_input)},
}


def find(lecture, network=None):
    """The recipe of a lecture; its first network unless one is named.

    Raises:
        CourseError: if the lecture trains no network of published size, or has none of that name.
    """
    if lecture not in RECIPES:
        raise CourseError(f"Lecture {lecture!r} has no recipe. There are recipes for: {', '.join(RECIPES)}.")
    recipes = RECIPES[lecture]
    if network is not None and network not in recipes:
        raise CourseError(f"Lecture {lecture} has no network {network!r}. It has: {', '.join(recipes)}.")
    return recipes[network or next(iter(recipes))]


@torch.no_grad()
def middle_accuracy(model, videos, recipe, most, dtype):
    """Share of right answers for the middle clips of at most `most` videos, spread over the list.

    Leaves the model in the mode in which it was.
    """
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    videos = replace(videos, indices=partial(middle_clip, length=recipe.frames), size=recipe.resized)
    chosen = torch.linspace(0, len(videos) - 1, min(most, len(videos))).long().tolist()
    right = 0
    for number in chosen:
        clip, label = videos[number]
        inputs = recipe.prepare(center_crop(clip, recipe.crop).unsqueeze(0).to(device))
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            right += int(model(inputs).argmax().item() == label)
    model.train(was_training)
    return right / len(chosen)


def main(argv=None):
    """Train a lecture's network of published size on a real data set; see `python -m course_lib.train --help`."""
    options = _options(argv)
    recipe = find(options.lecture, options.network)
    reader = READERS[options.dataset]
    splits = ({"split": "train"}, {"split": "val"}) if options.dataset == "kinetics" else ({}, {"train": False})
    train_videos, test_videos = (
        reader(options.data, missing=options.missing, size=recipe.resized, **split) for split in splits
    )
    device = join_processes()
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    processes = int(os.environ.get("WORLD_SIZE", 1))
    rank = int(os.environ.get("RANK", 0))

    torch.manual_seed(options.seed)
    model = recipe.build(len(train_videos.classes)).to(device)
    if options.compile:
        model.compile()
    batches = ClipBatches(
        train_videos, recipe.frames, options.batch, crop=recipe.crop, prepare=recipe.prepare, device=device,
        workers=options.workers, seed=options.seed, share=(rank, processes),
    )  # fmt: skip
    name = options.network or next(iter(RECIPES[options.lecture]))
    path = options.checkpoint or f"runs/{options.lecture}_{name}.pt"
    if rank == 0:
        print(f"{name}: {len(train_videos)} training videos, {len(test_videos)} test videos, on {device}; saves {path}")
    history = fit(
        model,
        batches,
        options.steps,
        optimizer=torch.optim.Adam(model.parameters(), options.learning_rate),
        dtype=dtype,
        clip_norm=10.0,  # networks without normalisation may start with one huge gradient
        metric=Metric(
            lambda network: middle_accuracy(network, test_videos, recipe, options.test, dtype), every=options.every
        ),
        checkpoint=Checkpoint(path, every=options.every),
    )
    if rank == 0:
        print("\n".join(f"step {step:7}: {value:.1%} of the test clips right" for step, value in history.metrics))
    return history


def _options(argv):
    parser = argparse.ArgumentParser(prog="python -m course_lib.train", description=main.__doc__.split(";")[0] + ".")
    parser.add_argument("lecture", help=f"one of {', '.join(RECIPES)}")
    parser.add_argument("--data", required=True, help="folder of the data set, as its reader expects it")
    parser.add_argument("--dataset", choices=READERS, default="ucf101")
    parser.add_argument("--network", help="which network of the lecture; by default its first")
    parser.add_argument("--batch", type=int, default=32, help="clips per step, over all processes (default 32)")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--every", type=int, default=1_000, help="steps between looks at the accuracy, and saves")
    parser.add_argument("--test", type=int, default=500, help="test videos per look (default 500)")
    parser.add_argument("--learning-rate", type=float, default=1e-4, help="of Adam, at the start (default 0.0001)")
    parser.add_argument("--workers", type=int, default=4, help="processes that decode (default 4)")
    parser.add_argument("--compile", action="store_true", help="torch.compile: slow to start, then faster on a GPU")
    parser.add_argument("--checkpoint", help="where to save and resume (default runs/LECTURE_NETWORK.pt)")
    parser.add_argument("--missing", choices=("raise", "skip"), default="raise", help="videos that are not there")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)
