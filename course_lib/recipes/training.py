"""What all recipes share: from a network, its batches and its stages to a trained network, alone or under torchrun."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from course_lib.train import Checkpoint, Metric, fit, join_processes, leave_processes


@dataclass(frozen=True)
class Run:
    """What `course train` was asked for; its help says more, and holds the defaults.

    Attributes:
        lecture, network: whose recipe; network None is the lecture's first.
        data: folder of the data set. dataset: None is the first that the recipe knows. missing: "raise" or "skip".
        batch: clips per step, over all processes. steps, lr: how long, and how fast at the start.
        every: steps between looks at the accuracy, and saves. test: test videos per look.
        workers: processes that decode. compile: whether torch.compile is used. seed: of weights and batches.
        checkpoint: where to save and resume; None is runs/LECTURE_NETWORK.pt.
    """

    lecture: str
    network: str | None
    data: str
    dataset: str | None
    missing: str
    batch: int
    steps: int
    lr: float
    every: int
    test: int
    workers: int
    compile: bool
    seed: int
    checkpoint: str | None


@dataclass(frozen=True)
class Stage:
    """One of the trainings of a network, which follow each other.

    Attributes:
        loss: as for `fit`.
        measure: function network -> float, on test data. It leaves the network in its mode.
        name: stands before what is said, and in the checkpoint's name; the only stage needs none.
    """

    loss: Callable | None
    measure: Callable
    name: str = ""


@dataclass(frozen=True)
class Training:
    """What a recipe says of its own; `train` does the rest.

    Attributes:
        build: function () -> network, with fresh weights.
        batches: function (batch_size, device=, workers=, seed=, share=) -> function step -> batch, such as a
            `StepBatches` that lacks these alone.
        stages: one `Stage` at least; all have the same batches.
        numbers: how many things are for training, and for testing. of: what they are, in the plural.
        measures: what `Stage.measure` gives, for the progress bar. said: a sentence on it, with a place for the number.
        lower_is_better: whether it is an error.
        schedule, clip_norm: as for `fit`. Networks without normalisation may start with one huge gradient.
    """

    build: Callable
    batches: Callable
    stages: tuple[Stage, ...]
    numbers: tuple[int, int]
    of: str
    measures: str
    said: str
    lower_is_better: bool = False
    schedule: str | Callable = "cosine"
    clip_norm: float | None = 10.0


def computed_in(device):
    """The dtype in which networks of published size are trained and tested: bfloat16 on a GPU."""
    return torch.bfloat16 if device.type == "cuda" else torch.float32


def spread(number, most):
    """At most `most` of the numbers 0 to number - 1, evenly spread: list of int, ascending."""
    return torch.linspace(0, number - 1, min(most, number)).long().tolist()


def train(run, name, training, say=print):
    """Train a network, stage by stage.

    Args:
        run: a `Run`. name: of the network, for messages and the checkpoint.
        training: a `Training`.
        say: function that prints a line; called in the first process alone.
    Returns:
        History of the last stage; errors have a minus sign in its metrics, so that higher is better.
    Raises:
        CourseError: if processes cannot share a batch equally.
    """
    device = join_processes()
    rank, processes = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    torch.manual_seed(run.seed)
    network = training.build().to(device)
    if run.compile:
        network.compile()
    batches = training.batches(
        batch_size=run.batch, device=device, workers=run.workers, seed=run.seed, share=(rank, processes)
    )
    sign = -1 if training.lower_is_better else 1
    for stage in training.stages:
        path = _named(run.checkpoint or f"runs/{run.lecture}_{name}.pt", stage.name)
        title, before = (f"{name}, {stage.name}", f"{stage.name}, ") if stage.name else (name, "")
        train_number, test_number = training.numbers
        if rank == 0:
            say(
                f"{title}: {train_number} training {training.of}, {test_number} test {training.of}, on {device}; "
                f"saves {path}"
            )
        history = fit(
            network,
            batches,
            run.steps,
            loss=stage.loss,
            lr=run.lr,
            schedule=training.schedule,
            dtype=computed_in(device),
            clip_norm=training.clip_norm,
            metric=Metric(
                lambda network, measure=stage.measure: sign * measure(network),
                every=run.every,
                name=f"minus {training.measures}" if training.lower_is_better else training.measures,
            ),
            checkpoint=Checkpoint(path, every=run.every),
        )
        if rank == 0:
            for step, value in history.metrics:
                say(f"{before}step {step:7}: {training.said.format(sign * value)}")
    leave_processes()
    return history


def _named(path, stage):
    path = Path(path)
    return path.with_name(f"{path.stem}_{stage}{path.suffix}") if stage else path
