"""How the depth networks of lecture 19 are trained at their full size on RGB-D sequences.

    course train 19 --data ~/data/tum --batch 32 --lr 1e-4
    course train 19 --network DepthFCN --data ~/data/7scenes/office

The folder is a sequence (`course_lib.data.sets.rgbd`) or holds several. EigenDepth is trained as in arXiv:1406.2283,
Section 3: first the coarse network, then, for as many steps, the fine one; the loss is scale-invariant with weight 0.5.
DepthFCN has the loss of arXiv:1411.4734, with the gradient term. Frames are mirrored and recoloured, not turned or
scaled; the schedules are shorter than the papers'.
"""

from functools import partial
from pathlib import Path

import torch
from torch.nn.functional import interpolate

from course_lib.data.sets.on_disk import data_folder, folders
from course_lib.data.sets.rgbd import layout_of, rgbd
from course_lib.data.sets.step_batches import StepBatches
from course_lib.errors import DataError
from course_lib.models.depth_fcn import DepthFCN
from course_lib.models.eigen_depth import SIZE, EigenDepth
from course_lib.ops.batches import generator_of, shuffled_rows
from course_lib.ops.depth import depth_metrics, eigen_2015_loss, scale_invariant_loss
from course_lib.recipes.training import Stage, Training, spread

NETWORKS = {
    "19": {
        "EigenDepth": (EigenDepth, SIZE, ("coarse", "fine")),  # network, (H, W) of its frames, stages
        "DepthFCN": (DepthFCN, (224, 304), ("all",)),
    }
}
NEEDS = "RGB-D sequences"
DATASETS = {}  # the folder shows its layout
TESTED = 10  # of one sequence, the last tenth of the frames is for testing; of several, the last sequence


class DepthBatches(StepBatches):
    """A function step -> (frames (B, 3, H, W) in 0..1, depth (B, H, W)); the same batch for the same step.

    Args:
        frames: list of RGBDFrames and numbers in them, see `split`. batch_size: over all processes.
        size: (H, W) to which frames are resized; depth takes the nearest pixel, so that 0 stays unknown.
        seed: of everything random. device, workers, share: as for `StepBatches`.
    """

    def __init__(self, frames, batch_size, size, *, seed=0, device="cpu", workers=0, share=(0, 1)):
        resized = _Frames(frames, size, seed)
        super().__init__(resized, batch_size, of="frames", device=device, workers=workers, share=share)


class _Frames:
    """(frame, depth) at a place of the endless list of frames."""

    def __init__(self, frames, size, seed):
        self.frames, self.size, self.seed = frames, size, seed

    def __getitem__(self, place):
        color, depth = read(self.frames[shuffled_rows(place, 1, len(self.frames), self.seed).item()], self.size)
        mirror, *tint = torch.rand(4, generator=generator_of(self.seed, place, 1)).tolist()
        color = (color * (0.8 + 0.4 * torch.tensor(tint).view(3, 1, 1))).clamp(0, 1)
        return (color.flip(-1), depth.flip(-1)) if mirror < 0.5 else (color, depth)


def read(entry, size):
    """One frame of a list of `split`: color (3, H, W) in 0..1 and depth (H, W), resized to `size`."""
    frames, number = entry
    frame = frames[number]
    color = interpolate(frame.color[None].float() / 255, size, mode="bilinear", antialias=True)[0]
    return color, interpolate(frame.depth[None, None], size, mode="nearest")[0, 0]


def split(path):
    """The frames of a folder for training and for testing.

    Returns:
        two lists of (RGBDFrames, number).
    Raises:
        DataError: if there is no sequence, or too few frames.
    """
    folder = data_folder(Path(path), "RGB-D sequences", "one sequence, or a folder for each")
    sequences = [rgbd(folder)] if layout_of(folder) else [rgbd(inside) for inside in folders(folder)]
    numbered = [[(frames, number) for number in range(len(frames))] for frames in sequences]
    if len(numbered) > 1:
        return [entry for entries in numbered[:-1] for entry in entries], numbered[-1]
    entries = numbered[0] if numbered else []
    if len(entries) < 2:
        raise DataError(f"{folder} holds {len(entries)} frames with depth, expected at least 2.")
    kept = -max(1, len(entries) // TESTED)
    return entries[:kept], entries[kept:]


def stage_loss(stage):
    """Loss (network, (frames, depth)) -> scalar of a stage: "coarse" or "fine" of EigenDepth, "all" of DepthFCN."""

    def loss(network, batch):
        frames, depth = batch
        log_depth = predict(network, frames, stage).float()
        depth = interpolate(depth[:, None], log_depth.shape[1:], mode="nearest")[:, 0]
        return eigen_2015_loss(log_depth, depth) if stage == "all" else scale_invariant_loss(log_depth, depth)

    return loss


def predict(network, frames, stage):
    """Log depth at the stage's end: (B, 3, H, W) -> (B, h, w)."""
    if stage == "coarse":
        return network.coarse_depth(frames)
    output = network(frames)
    return output[:, 0] if output.ndim == 4 else output


@torch.no_grad()
def shape_error(network, entries, size, stage, most):
    """Mean scale-invariant error over at most `most` frames, spread over the list. Leaves the network in its mode."""
    device, was_training = next(network.parameters()).device, network.training
    network.eval()
    errors = []
    for number in spread(len(entries), most):
        color, depth = (part[None].to(device) for part in read(entries[number], size))
        found = predict(network, color, stage).float().exp()
        depth = interpolate(depth[:, None], found.shape[1:], mode="nearest")[:, 0]
        if (depth > 0).any():
            errors.append(depth_metrics(found, depth)["si_log"])
    network.train(was_training)
    if not errors:
        raise DataError("No test frame has a pixel with depth.")
    return sum(errors) / len(errors)


def training(run, name):
    """The `Training` of a depth network on RGB-D sequences; its error is scale-invariant, its steps are per stage."""
    build, size, stages = NETWORKS[run.lecture][name]
    train, test = split(run.data)
    measured = partial(shape_error, entries=test, size=size, most=run.test)
    return Training(
        build,
        partial(DepthBatches, train, size=size),
        tuple(
            Stage(stage_loss(stage), partial(measured, stage=stage), name="" if stage == "all" else stage)
            for stage in stages
        ),
        numbers=(len(train), len(test)),
        of="frames",
        measures="scale-invariant error",
        said="scale-invariant error {:.3f} on the test frames",
        lower_is_better=True,
    )
