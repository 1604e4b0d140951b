"""How the depth networks of lecture 19 are trained at their full size on RGB-D sequences.

    course train 19 --data ~/data/tum --batch 32 --lr 1e-4
    course train 19 --network DepthFCN --data ~/data/7scenes/office

The folder is a sequence (`course_lib.data.sets.rgbd`) or holds several. EigenDepth is trained as in arXiv:1406.2283,
Section 3: first the coarse network, then, for as many steps, the fine one; the loss is scale-invariant with weight 0.5.
DepthFCN has the loss of arXiv:1411.4734, with the gradient term. Frames are mirrored and recoloured, not turned or
scaled; the schedules are shorter than the papers'.
"""

import os
from pathlib import Path

import torch
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader, Dataset

from course_lib.data.sets.on_disk import data_folder, folders
from course_lib.data.sets.rgbd import layout_of, rgbd
from course_lib.errors import CourseError, DataError
from course_lib.models.depth_fcn import DepthFCN
from course_lib.models.eigen_depth import SIZE, EigenDepth
from course_lib.ops.batches import generator_of, shuffled_rows
from course_lib.ops.depth import depth_metrics, eigen_2015_loss, scale_invariant_loss
from course_lib.train import Checkpoint, Metric, fit, join_processes, leave_processes

NETWORKS = {
    "19": {
        "EigenDepth": (EigenDepth, SIZE, ("coarse", "fine")),  # network, (H, W) of its frames, stages
        "DepthFCN": (DepthFCN, (224, 304), ("all",)),
    }
}
TESTED = 10  # of one sequence, the last tenth of the frames is for testing; of several, the last sequence


class DepthBatches:
    """A function step -> (frames (B, 3, H, W) in 0..1, depth (B, H, W)); the same batch for the same step.

    Args:
        frames: list of RGBDFrames and numbers in them, see `split`. batch_size: over all processes.
        size: (H, W) to which frames are resized; depth takes the nearest pixel, so that 0 stays unknown.
        device: where the batch goes. workers: processes that read pictures. seed: of everything random.
        share: (number of this process, processes).
    """

    def __init__(self, frames, batch_size, size, *, device="cpu", workers=0, seed=0, share=(0, 1)):
        if batch_size % share[1]:
            raise CourseError(f"A batch of {batch_size} frames cannot be shared equally by {share[1]} processes.")
        self.shared = share[1] > 1  # then `fit` must not take a part of the part
        self.device, self.workers = device, min(workers, os.cpu_count() or 1)
        self._frames = _Frames(frames, batch_size, size, seed, share)
        self._read, self._next = None, None

    def __call__(self, step):
        if step != self._next:  # the first step, or a resumed run
            steps = range(step, step + 10**9)
            self._read = iter(DataLoader(self._frames, batch_size=None, sampler=steps, num_workers=self.workers))
        self._next = step + 1
        return tuple(part.to(self.device) for part in next(self._read))


class _Frames(Dataset):
    """Item `step` is that step's frames and depth: what worker processes make."""

    def __init__(self, frames, batch_size, size, seed, share):
        self.frames, self.batch_size, self.size, self.seed, self.share = frames, batch_size, size, seed, share

    def __getitem__(self, step):
        rank, processes = self.share
        places = range(step * self.batch_size + rank, (step + 1) * self.batch_size, processes)
        return tuple(torch.stack(parts) for parts in zip(*map(self._frame, places), strict=True))

    def _frame(self, place):
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
    chosen = torch.linspace(0, len(entries) - 1, min(most, len(entries))).long().tolist()
    errors = []
    for number in chosen:
        color, depth = (part[None].to(device) for part in read(entries[number], size))
        found = predict(network, color, stage).float().exp()
        depth = interpolate(depth[:, None], found.shape[1:], mode="nearest")[:, 0]
        if (depth > 0).any():
            errors.append(depth_metrics(found, depth)["si_log"])
    network.train(was_training)
    if not errors:
        raise DataError("No test frame has a pixel with depth.")
    return sum(errors) / len(errors)


def train(run, say=print):
    """Train a depth network on RGB-D sequences, alone or as one of torchrun's processes.

    Args:
        run: a `recipes.Run`; `steps` is for each stage, and `dataset` does not matter: a folder shows its layout.
        say: function that prints a line; called in the first process alone.
    Returns:
        History of the last stage; its metrics are errors with a minus sign, so that higher is better.
    Raises:
        CourseError: if there is no such network, or no data.
    """
    networks = NETWORKS[run.lecture]
    name = run.network or next(iter(networks))
    if name not in networks:
        raise CourseError(f"Lecture {run.lecture} trains {', '.join(networks)}, not {name}.")
    build, size, stages = networks[name]
    train_frames, test_frames = split(run.data)
    device = join_processes()
    rank, processes = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    torch.manual_seed(run.seed)
    network = build().to(device)
    if run.compile:
        network.compile()
    batches = DepthBatches(
        train_frames, run.batch, size, device=device, workers=run.workers, seed=run.seed, share=(rank, processes)
    )
    for stage in stages:
        path = _named(run.checkpoint or f"runs/{run.lecture}_{name}.pt", stage)
        if rank == 0:
            say(f"{name}, {stage}: {len(train_frames)} training frames, {len(test_frames)} test frames, on {device}; "
                f"saves {path}")  # fmt: skip
        history = fit(
            network,
            batches,
            run.steps,
            loss=stage_loss(stage),
            lr=run.lr,
            dtype=torch.bfloat16 if device.type == "cuda" else torch.float32,
            clip_norm=10.0,
            metric=Metric(
                lambda net, stage=stage: -shape_error(net, test_frames, size, stage, run.test),
                every=run.every,
                name="minus scale-invariant error",
            ),
            checkpoint=Checkpoint(path, every=run.every),
        )
        if rank == 0:
            for step, value in history.metrics:
                say(f"{stage}, step {step:7}: scale-invariant error {-value:.3f} on the test frames")
    leave_processes()
    return history


def _named(path, stage):
    path = Path(path)
    return path if stage == "all" else path.with_name(f"{path.stem}_{stage}{path.suffix}")
