"""How the lectures' published networks are trained on real videos: which frames, which crop, which steps.

    python -m course_lib.train 06 --data ~/data/UCF-101
    torchrun --nproc-per-node 4 -m course_lib.train 06 --data ~/data/UCF-101

The network has its published size. The schedules are shorter than the papers', which took days on many machines; so
these recipes give a working start, not the published accuracy.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from course_lib.data.readers import hmdb51, kinetics, ucf101
from course_lib.data.video_io import VideoReader
from course_lib.errors import CourseError
from course_lib.models.c3d import C3D, SPORTS1M_MEAN
from course_lib.models.fusion import MEAN, EarlyFusion, LateFusion, MultiResolution, SingleFrame, SlowFusion
from course_lib.models.two_stream import CNN_M_2048
from course_lib.ops.flow import pyramidal_lucas_kanade
from course_lib.ops.flow_stacking import stack_flow, subtract_mean_flow

READERS = {"ucf101": ucf101, "hmdb51": hmdb51, "kinetics": kinetics}
STACK = 10  # L: flow fields of the temporal stream
IMAGENET_MEAN = (123.68, 116.78, 103.94)  # R, G, B, 0..255; from memory


@dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    Attributes:
        build: function (num_classes) -> network for clips (B, 3, T, H, W), RGB, 0..255 minus `mean`.
        frames: how many frames of the video a clip spans; the network picks the ones it needs.
        resized: (rows, columns) to which a frame is resized. crop: side of the random square cut from it.
        mean: subtracted per channel R, G, B.
        learning_rate, momentum, weight_decay: of stochastic gradient descent.
        flips: whether half of the clips are mirrored.
    """

    build: Callable
    frames: int
    resized: tuple[int, int]
    crop: int
    mean: tuple[float, float, float]
    learning_rate: float
    momentum: float = 0.9
    weight_decay: float = 5e-4
    flips: bool = True


class PickFrames(nn.Module):
    """Hand a fusion network the frames of a clip that it looks at."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, clip):  # (B, 3, T, H, W)
        return self.network(clip[:, :, self.network.frame_indices(clip.shape[2]).to(clip.device)])


class FirstFrame(nn.Module):
    """The spatial stream: one frame of the clip."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, clip):  # (B, 3, T, H, W)
        return self.network(clip[:, :, 0])


class FlowOfClip(nn.Module):
    """The temporal stream on raw frames: Lucas-Kanade on the device, stacked, each field's mean removed."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    @torch.no_grad()
    def stack(self, clip):
        """(B, 3, L + 1, H, W), 0..255 -> (B, 2L, H, W) in pixels."""
        grey = clip.float().mean(1) / 255  # a constant that was subtracted does not move
        pairs = [part.reshape(-1, 1, *grey.shape[2:]) for part in (grey[:, :-1], grey[:, 1:])]
        with torch.autocast(clip.device.type, enabled=False):
            flow = pyramidal_lucas_kanade(*pairs, levels=3, iterations=2, median=0)
        flow = flow.unflatten(0, (len(clip), -1))  # (B, L, 2, H, W)
        return subtract_mean_flow(stack_flow(flow, 0, flow.shape[1]))

    def forward(self, clip):
        return self.network(self.stack(clip))


def _fusion(model):
    frames = (model.frames - 1) * model.gap + 1
    crop = 178 if model is MultiResolution else 170
    return Recipe(lambda classes: PickFrames(model(classes)), frames, (200, 200), crop, (MEAN,) * 3, 1e-3)


RECIPES = {
    "03": {m.__name__: _fusion(m) for m in (SlowFusion, SingleFrame, EarlyFusion, LateFusion, MultiResolution)},
    "05": {
        "spatial": Recipe(lambda n: FirstFrame(CNN_M_2048(n)), 1, (256, 340), 224, IMAGENET_MEAN, 1e-2),
        "temporal": Recipe(
            lambda n: FlowOfClip(CNN_M_2048(n, 2 * STACK, dropout=0.9)),
            STACK + 1, (256, 340), 224, (0.0,) * 3, 1e-2, flips=False,
        ),
    },
    "06": {"C3D": Recipe(C3D, 16, (128, 171), 112, SPORTS1M_MEAN, 3e-3)},
}  # fmt: skip


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


class RandomBatches(Dataset):
    """Item `step` is the batch of that step: this process' part of it, the same whenever it is asked for.

    Args:
        videos: LabelledVideos.
        recipe: Recipe.
        batch: clips per step, over all processes.
        seed: of the order of the videos and of every random choice.
        rank, processes: which part of the batch is built here.
    """

    def __init__(self, videos, recipe, batch, seed=0, rank=0, processes=1):
        if batch % processes or len(videos) < 1:
            raise CourseError(f"A batch of {batch} clips cannot be shared equally by {processes} processes.")
        self.videos, self.recipe, self.batch, self.seed = videos, recipe, batch, seed
        self.rank, self.processes = rank, processes

    def __getitem__(self, step):
        places = range(step * self.batch + self.rank, (step + 1) * self.batch, self.processes)
        clips, labels = zip(*(self._clip(place) for place in places), strict=True)
        return torch.stack(clips), torch.tensor(labels)

    def _clip(self, place):
        """The place-th clip of the endless, epoch by epoch shuffled list of videos."""
        epoch, number = divmod(place, len(self.videos))
        order = torch.randperm(len(self.videos), generator=_generator(self.seed, epoch))
        path, label = self.videos.videos[order[number]]
        generator, recipe = _generator(self.seed, place, 1), self.recipe
        with VideoReader(path) as video:
            start = _randint(max(1, len(video) - recipe.frames + 1), generator)
            numbers = (start + torch.arange(recipe.frames)).clamp(max=len(video) - 1)
            top, left = (_randint(full - recipe.crop + 1, generator) for full in recipe.resized)
            clip = video.at(numbers, recipe.resized, (top, left, recipe.crop, recipe.crop))
        if recipe.flips and _randint(2, generator):
            clip = clip.flip(-1)
        return clip.float() - torch.tensor(recipe.mean).view(3, 1, 1, 1), label


class Stream:
    """Batches as `train.fit` wants them, a function of the step, decoded ahead by worker processes."""

    shared = True  # each process decodes its own part: `fit` must not take a part of the part

    def __init__(self, batches, workers=0):
        self.batches, self.workers, self._next, self._iterator = batches, workers, None, None

    def __call__(self, step):
        if step != self._next:  # the first step, or a resumed run
            loader = DataLoader(
                self.batches, batch_size=None, sampler=range(step, step + 10**9), num_workers=self.workers,
                pin_memory=torch.cuda.is_available(),
            )  # fmt: skip
            self._iterator = iter(loader)
        self._next = step + 1
        return next(self._iterator)


def _generator(*numbers):
    """A generator that belongs to these numbers: mixed, so that neighbours share nothing."""
    state = 0
    for number in numbers:
        state = (state * 6364136223846793005 + number + 1442695040888963407) % 2**63
    return torch.Generator().manual_seed(state)


def _randint(below, generator):
    return torch.randint(below, (), generator=generator).item()


def centre_clip(video, recipe):
    """The clip in the middle of a video, cropped in the centre, as a batch of one: what accuracy is measured on."""
    start = max(0, (len(video) - recipe.frames) // 2)
    numbers = (start + torch.arange(recipe.frames)).clamp(max=len(video) - 1)
    top, left = ((full - recipe.crop) // 2 for full in recipe.resized)
    clip = video.at(numbers, recipe.resized, (top, left, recipe.crop, recipe.crop))
    return (clip.float() - torch.tensor(recipe.mean).view(3, 1, 1, 1)).unsqueeze(0)


@torch.no_grad()
def middle_accuracy(model, videos, recipe, most, dtype):
    """Share of right answers for the middle clips of at most `most` videos, spread over the list.

    Leaves the model in the mode in which it was.
    """
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    chosen = torch.linspace(0, len(videos) - 1, min(most, len(videos))).long().tolist()
    right = 0
    for number in chosen:
        path, label = videos.videos[number]
        with VideoReader(path) as video:
            clip = centre_clip(video, recipe).to(device)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            right += int(model(clip).argmax().item() == label)
    model.train(was_training)
    return right / len(chosen)


def main(argv=None):
    """Train a lecture's network of published size on a real data set; see `python -m course_lib.train --help`."""
    from course_lib.train import Checkpoint, Metric, fit, join_processes

    options = _options(argv)
    recipe = find(options.lecture, options.network)
    reader = READERS[options.dataset]
    splits = ({"split": "train"}, {"split": "val"}) if options.dataset == "kinetics" else ({}, {"train": False})
    train_videos, test_videos = (reader(options.data, missing=options.missing, **split) for split in splits)
    device = join_processes()
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    processes = int(os.environ.get("WORLD_SIZE", 1))
    rank = int(os.environ.get("RANK", 0))

    torch.manual_seed(options.seed)
    model = recipe.build(len(train_videos.classes)).to(device)
    optimizer = torch.optim.SGD(
        model.parameters(), recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay
    )
    batches = RandomBatches(train_videos, recipe, options.batch, options.seed, rank, processes)
    name = options.network or next(iter(RECIPES[options.lecture]))
    path = options.checkpoint or f"runs/{options.lecture}_{name}.pt"
    if rank == 0:
        print(f"{name}: {len(train_videos)} training videos, {len(test_videos)} test videos, on {device}; saves {path}")
    history = fit(
        model,
        Stream(batches, options.workers),
        options.steps,
        optimizer=optimizer,
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
    parser.add_argument("--workers", type=int, default=4, help="processes that decode (default 4)")
    parser.add_argument("--checkpoint", help="where to save and resume (default runs/LECTURE_NETWORK.pt)")
    parser.add_argument("--missing", choices=("raise", "skip"), default="raise", help="videos that are not there")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)
