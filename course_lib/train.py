"""One training loop for every lecture: readable from top to bottom, on a CPU or a GPU.

A batch is a function of the step number. So the loop can stop after any step and resume exactly: the same weights,
the same batches, the same loss curve. Under `torchrun` every process takes its share of each batch, and the gradients
are averaged: the loss curve is again the same.
"""

import math
import os
import pickle
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

from course_lib.errors import CourseError
from course_lib.profile import training_steps
from course_lib.progress import progress

LOOK_EVERY = 20  # steps between looks at the loss: each look makes a GPU wait for the CPU


@dataclass
class History:
    """What happened during training.

    Attributes:
        loss: training loss of every step.
        metrics: (step, value) pairs of the metric given to `fit`.
        stopped: why training ended before the last step; empty when it did not.
    """

    loss: list[float] = field(default_factory=list)
    metrics: list[tuple[int, float]] = field(default_factory=list)
    stopped: str = ""


def fit(
    model,
    batches,
    steps,
    *,
    optimizer=None,
    schedule="cosine",
    loss=cross_entropy,
    dtype=torch.float32,
    clip_norm=None,
    metric=None,
    checkpoint=None,
):
    """Train `model` in place.

    Args:
        model: torch.nn.Module on the device where it trains.
        batches: function step -> (inputs, labels), the same batch for the same step: then a run can resume exactly.
            If it has an attribute `shared` that is true, it gives each process of torchrun its own part.
        steps: number of optimizer steps; the profile smoke takes only the first few.
        optimizer: a torch optimizer over the model's parameters; by default Adam with learning rate 1e-3.
        schedule: "cosine" (to zero at the last step), "constant", or a function step -> factor of the learning rate.
        loss: function (outputs, labels) -> scalar.
        dtype: what autocast computes in; torch.float32 switches it off. float16 gets gradient scaling.
        clip_norm: largest 2-norm of all gradients together; None does not clip.
        metric: a `Metric`: measured now and then, shown in the progress bar, and able to end training early.
        checkpoint: a `Checkpoint`: where to save, how often, and from where to resume.
    Returns:
        History. Under torchrun the same in every process; call `join_processes` first.
    Raises:
        CourseError: if the loss becomes NaN or infinite (seen at the next look), or a checkpoint does not fit.
    """
    steps = training_steps(steps)
    optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, _factor(schedule, steps))
    device = next(model.parameters()).device
    scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
    history, losses = History(), []
    state = {"model": model, "optimizer": optimizer, "scheduler": scheduler, "scaler": scaler}
    first = checkpoint.resume(state, history, device) if checkpoint else 0
    network = _across_processes(model, device)

    model.train()
    bar = progress(range(first, steps), desc="training")
    for step in bar:
        parts = batches(step) if getattr(batches, "shared", False) else map(_share, batches(step))
        inputs, labels = (part.to(device, non_blocking=True) for part in parts)
        with torch.autocast(device.type, dtype) if dtype != torch.float32 else nullcontext():
            value = loss(network(inputs), labels)
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(value).backward()
        if clip_norm is not None:
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        scaler.step(optimizer)
        scaler.update()
        scheduler.step()

        losses.append(value.detach())  # stays on the device until somebody looks
        done = step + 1
        saving = checkpoint is not None and checkpoint.is_due(done, steps)
        if done % LOOK_EVERY == 0 or done == steps or saving:
            history.loss += _look(losses, done)
            bar.set_postfix_str(f"loss {history.loss[-1]:.3f}", refresh=False)
        if metric is not None and metric.is_due(done, steps):
            history.metrics.append((done, metric.measure(model)))
            bar.set_postfix_str(f"{metric.name} {history.metrics[-1][1]:.3f}", refresh=False)
            if metric.has_stalled(history.metrics):
                history.stopped = f"{metric.name} has not improved for {metric.patience} looks"
        if saving:
            checkpoint.save(state, history, done)
        if history.stopped:
            history.loss += _look(losses, done)
            break
    model.eval()
    return history


@torch.no_grad()
def predict(model, inputs, batch_size=64):
    """Outputs of a model in evaluation mode, batch by batch, on the CPU.

    Args:
        model: torch.nn.Module that maps (B, ...) to (B, K).
        inputs: (N, ...) tensor.
        batch_size: how many rows go through at once; lower it when memory runs out.
    Returns:
        (N, K) on the CPU. The model keeps the mode it had.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    outputs = [model(part.to(device)).float().cpu() for part in inputs.split(batch_size)]
    model.train(was_training)
    return torch.cat(outputs)


@dataclass(frozen=True)
class Metric:
    """Something to measure during training, higher is better.

    Attributes:
        measure: function model -> float. It should leave the model in the mode in which it found it.
        every: steps between measurements; the last step is always measured.
        patience: training stops after so many measurements in a row without a new best; None never stops.
        name: what the progress bar calls it.
    """

    measure: callable
    every: int = 100
    patience: int | None = None
    name: str = "accuracy"

    def is_due(self, done, steps):
        """Whether to measure after `done` of `steps` steps."""
        return done % self.every == 0 or done == steps

    def has_stalled(self, metrics):
        """Whether the best value is more than `patience` measurements old."""
        if self.patience is None:
            return False
        values = [value for _, value in metrics]
        return len(values) - 1 - values.index(max(values)) >= self.patience


@dataclass(frozen=True)
class Checkpoint:
    """Where training is saved, and from where it resumes.

    Attributes:
        path: the file. It is written beside itself and renamed, so it is never half-written.
        every: steps between saves; the last step is always saved.
    """

    path: str | Path
    every: int = 500

    def is_due(self, done, steps):
        """Whether to save after `done` of `steps` steps."""
        return done % self.every == 0 or done == steps

    def save(self, state, history, done):
        """Write all state with the history; an interruption leaves the previous file whole. One process writes."""
        if _rank() != 0:
            return
        path = Path(self.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".part")
        parts = {name: part.state_dict() for name, part in state.items()}
        torch.save({"step": done, "history": asdict(history), "rng": torch.get_rng_state(), **parts}, beside)
        os.replace(beside, path)

    def resume(self, state, history, device):
        """Load what `save` wrote into `state` and `history`; returns the steps already done, 0 without a file."""
        if not Path(self.path).exists():
            return 0
        try:
            saved = torch.load(self.path, map_location=device, weights_only=True)
            for name, part in state.items():
                part.load_state_dict(saved[name])
        except (KeyError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise CourseError(
                f"The checkpoint {self.path} does not fit this training run ({type(error).__name__}). It is damaged or "
                "was made with another model or optimizer. Move it away, or choose another path."
            ) from error
        vars(history).update(saved["history"])
        torch.set_rng_state(saved["rng"].cpu())
        return saved["step"]


def _factor(schedule, steps):
    if callable(schedule):
        return schedule
    if schedule == "constant":
        return lambda step: 1.0
    if schedule == "cosine":
        return lambda step: 0.5 * (1 + math.cos(math.pi * min(step / max(steps, 1), 1.0)))
    raise CourseError(f'schedule is {schedule!r}, expected "cosine", "constant" or a function step -> factor.')


def join_processes():
    """Join the processes that torchrun started; alone, do nothing.

    Returns:
        torch.device for this process: its own GPU where there is one, else the CPU.
    """
    local = int(os.environ.get("LOCAL_RANK", 0))
    gpu = torch.cuda.is_available()
    if "WORLD_SIZE" in os.environ and not dist.is_initialized():
        if gpu:
            torch.cuda.set_device(local)
        dist.init_process_group("nccl" if gpu else "gloo")
    return torch.device("cuda", local) if gpu else torch.device("cpu")


def _processes():
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def _rank():
    return dist.get_rank() if _processes() > 1 else 0


def _across_processes(model, device):
    if _processes() == 1:
        return model
    return DistributedDataParallel(model, device_ids=[device.index] if device.type == "cuda" else None)


def _share(part):
    """The rows of a batch that belong to this process: every n-th one, so that all processes have equally many."""
    processes = _processes()
    if len(part) % processes:
        raise CourseError(f"A batch of {len(part)} cannot be shared equally by {processes} processes.")
    return part[_rank() :: processes]


def _look(losses, done):
    """Move the collected losses to the host, averaged over the processes, and empty the list."""
    if not losses:
        return []
    stacked = torch.stack(losses).float()
    if _processes() > 1:
        dist.all_reduce(stacked)
        stacked /= _processes()
    values = stacked.tolist()
    losses.clear()
    if any(value != value or abs(value) == float("inf") for value in values):
        raise CourseError(
            f"The loss became NaN or infinite before step {done}. Likely causes: a learning rate that is too high, "
            "inputs not scaled to about -1..1, or float16 out of range. Lower the learning rate or set clip_norm."
        )
    return values


if __name__ == "__main__":
    from course_lib.recipes import main

    try:
        main()
    except CourseError as error:
        raise SystemExit(f"course: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
