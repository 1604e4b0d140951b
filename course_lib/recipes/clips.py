"""How the lectures' published networks are trained on real videos: which frames, which crop, which steps.

    course train 06 --data ~/data/UCF-101
    torchrun --nproc-per-node 4 -m course_lib.cli train 06 --data ~/data/UCF-101

The network has its published size. The schedules are shorter than the papers', which took days on many machines; so
these recipes give a working start, not the published accuracy.

All networks start from He's rule, which the papers of 2014 did not have, and need no schedule of days to wake up. It
wants numbers around 1: frames are divided by 64, flow is some pixels anyway. With frames of 0..255 and the papers'
SGD, the first steps of 03 and 05 are thousands of times too long; Adam takes steps of a size of its own.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from course_lib.data.sets.clip_batches import ClipBatches
from course_lib.data.sets.readers import hmdb51, kinetics, middle_clip, ucf101
from course_lib.models import c3d, fusion, i3d, recurrent, resnet_gn, tsn, two_stream, two_stream_fusion
from course_lib.models.layers import start_small
from course_lib.ops import stream_inputs
from course_lib.ops.clip_flow import clip_flow
from course_lib.ops.sampling import center_crop, snippet_frames, uniform_indices
from course_lib.ops.snippets import rgb_input
from course_lib.recipes.training import Stage, Training, computed_in, spread

NEEDS = "labelled videos"
DATASETS = {"ucf101": ucf101, "hmdb51": hmdb51, "kinetics": kinetics}


@dataclass(frozen=True)
class ClipRecipe:
    """How one network of clips is trained from scratch.

    Attributes:
        build: function (num_classes) -> network.
        frames: T, how many neighbouring frames of the video a clip has.
        resized: (rows, columns) to which a frame is resized. crop: side of the square cut from it.
        prepare: function from uint8 clips (B, 3, T, crop, crop), RGB, to what the network takes: numbers around 1. A
            tuple for a network of several inputs, which then needs a `loss`.
        segments: K; with more than 1, a clip is K snippets of `frames` frames, one from each part of the video.
        loss: function (network, (clips, labels)) -> scalar; None is the cross-entropy of the network's scores.
    """

    build: Callable
    frames: int
    resized: tuple[int, int]
    crop: int
    prepare: Callable
    segments: int = 1
    loss: Callable | None = None


def _fusion(model):
    frames = (model.frames - 1) * model.gap + 1
    crop = 178 if model is fusion.MultiResolution else fusion.CROP
    resized = round(fusion.RESIZED * crop / fusion.CROP)  # 200 for 170: a crop is as much of the frame in all of them

    def build(num_classes):
        network = model(num_classes)
        start_small(network.head[-1])  # the first loss is log K; without, it was 6.5 to 7.7 for the 4.6 of 101 classes
        return network

    def prepare(clips):
        return (clips[:, :, model.frame_indices(frames)].float() - fusion.MEAN) / 64

    return ClipRecipe(build, frames, (resized, resized), crop, prepare)


def _stream(channels, frames, prepare, dropout, padded=False):
    def build(num_classes):
        network = two_stream.CNN_M_2048(num_classes, channels, dropout=dropout, padded=padded)
        # What dropout leaves is enlarged by 1 / (1 - dropout). Weights behind it must be smaller by the square root, or
        # with 0.9 in two layers the first scores are ten times too large: measured, a loss of 20 instead of log K.
        with torch.no_grad():
            for layer in (network.fc7, network.fc8):
                layer.weight *= math.sqrt(1 - dropout)
        return network

    return ClipRecipe(build, frames, (256, 340), stream_inputs.CROP, prepare)


def _c3d_input(clips):
    return (clips.float() - clips.new_tensor(c3d.SPORTS1M_MEAN, dtype=torch.float32).view(3, 1, 1, 1)) / 64


def _segments(modality, segments=3):
    length = {"rgb": 1, "flow": tsn.FIELDS + 1, "rgbdiff": tsn.FIELDS + 1}[modality]

    def build(num_classes):
        # From random weights: statistics that have seen no data must not be frozen.
        return tsn.TSN(num_classes, modality, segments, partial_bn=False)

    def prepare(clips):
        snippets = clips.unflatten(2, (segments, length)).permute(0, 2, 3, 1, 4, 5)  # (B, K, T, 3, H, W)
        if modality == "flow":
            fields = stream_inputs.temporal_input(snippets.flatten(0, 1).transpose(1, 2))
            return fields.unflatten(0, (-1, segments))
        return rgb_input(snippets).flatten(2, 3) / 64

    return ClipRecipe(build, length, (256, 340), stream_inputs.CROP, prepare, segments)


def _i3d_flow(clips):
    """Flow of each clip, -1..1: uint8 (B, 3, T, H, W) -> (B, 2, T - 1, H, W). Lecture 04's flow, not TV-L1."""
    flow = clip_flow(clips.float() / 255, pairs=320, **stream_inputs.VIDEO_FLOW).transpose(1, 2)
    return flow.clamp(-i3d.LARGEST_FLOW, i3d.LARGEST_FLOW) / i3d.LARGEST_FLOW


def _i3d(channels, prepare):
    return ClipRecipe(lambda classes: i3d.I3D(classes, channels), i3d.FRAMES, (256, 340), i3d.CROP, prepare)


def _frame(clips):
    """The middle frame as ImageNet's networks have it: uint8 (B, 3, T, H, W) -> (B, 3, H, W)."""
    frames = clips[:, :, clips.shape[2] // 2].float() / 255
    mean, std = (frames.new_tensor(values).view(3, 1, 1) for values in (resnet_gn.MEAN, resnet_gn.STD))
    return (frames - mean) / std


def _moments(clips):
    """Frames and stacks of flow at five moments: uint8 (B, 3, T, H, W) -> (B, 3, 5, H, W), (B, 20, 5, H, W)."""
    pair = stream_inputs.spread_moments(clips, two_stream_fusion.FRAMES)
    return tuple(x.transpose(1, 2) / 64 for x in two_stream_fusion.preprocess(*pair))


def _both_streams(network, batch):
    """What the fused and the temporal stream lose, together."""
    inputs, labels = batch
    return network.loss(network.streams(*network.maps(*inputs)), labels)


def _lrcn_input(clips):
    mean = clips.new_tensor(recurrent.MEAN, dtype=torch.float32).view(3, 1, 1, 1)
    return ((clips.float() - mean) / 64).flip(1)  # BGR, as the released weights have it


FUSIONS = (fusion.SlowFusion, fusion.SingleFrame, fusion.EarlyFusion, fusion.LateFusion, fusion.MultiResolution)
STACK = stream_inputs.STACK
STREAMS = {
    "spatial": (3, 1, lambda clips: stream_inputs.spatial_input(clips) / 64, 0.5),
    "temporal": (2 * STACK, STACK + 1, stream_inputs.temporal_input, 0.9),
}
NETWORKS = {
    "03": {model.__name__: _fusion(model) for model in FUSIONS},
    "05": {name: _stream(*stream) for name, stream in STREAMS.items()},
    "06": {"C3D": ClipRecipe(c3d.C3D, c3d.FRAMES, c3d.RESIZED, c3d.CROP, _c3d_input)},
    "07": {name: _stream(*stream, padded=True) for name, stream in STREAMS.items()},
    "08": {modality: _segments(modality) for modality in tsn.SNIPPET},
    "09": {
        "fusion": ClipRecipe(
            two_stream_fusion.TwoStreamFusion,
            25,  # five moments, three or four frames apart, of ten fields each
            (256, 340),
            stream_inputs.CROP,
            _moments,
            loss=_both_streams,
        ),
    },
    "10": {
        "LRCN": ClipRecipe(
            recurrent.LRCN,
            recurrent.FRAMES,
            recurrent.RESIZED,
            recurrent.CROP,
            _lrcn_input,
            loss=recurrent.loss_at_every_step,
        ),
    },
    "11": {"rgb": _i3d(3, lambda clips: clips.float() / 127.5 - 1), "flow": _i3d(2, _i3d_flow)},
    "12": {"gn": ClipRecipe(resnet_gn.ResNet50, 1, (256, 340), 224, _frame)},
}


@torch.no_grad()
def middle_accuracy(model, videos, recipe, most):
    """Share of right answers for the middle clips of at most `most` videos, spread over the list.

    Leaves the model in the mode in which it was.
    """
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    videos = replace(videos, indices=partial(_middle, recipe=recipe), size=recipe.resized)
    chosen, dtype, right = spread(len(videos), most), computed_in(device), 0
    for number in chosen:
        clip, label = videos[number]
        inputs = recipe.prepare(center_crop(clip, recipe.crop).unsqueeze(0).to(device))
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            scores = model(*inputs) if isinstance(inputs, tuple) else model(inputs)
        right += int(scores.argmax().item() == label)
    model.train(was_training)
    return right / len(chosen)


def _middle(num_frames, recipe):
    """Frame numbers of the middle clip of a video, or of the middle of each of its segments."""
    if recipe.segments == 1:
        return middle_clip(num_frames, recipe.frames)
    starts = uniform_indices(max(num_frames, recipe.frames), recipe.segments, recipe.frames)
    return snippet_frames(num_frames, starts, recipe.frames)


def training(run, name):
    """The `Training` of a network of clips on labelled videos."""
    recipe, read = NETWORKS[run.lecture][name], DATASETS[run.dataset]
    splits = ({"split": "train"}, {"split": "val"}) if run.dataset == "kinetics" else ({}, {"train": False})
    train, test = (read(run.data, missing=run.missing, size=recipe.resized, **split) for split in splits)
    return Training(
        lambda: recipe.build(len(train.classes)),
        partial(ClipBatches, train, recipe.frames, crop=recipe.crop, prepare=recipe.prepare, segments=recipe.segments),
        (Stage(recipe.loss, lambda network: middle_accuracy(network, test, recipe, run.test)),),
        numbers=(len(train), len(test)),
        of="videos",
        measures="accuracy",
        said="{:.1%} of the test clips right",
    )
