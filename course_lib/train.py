"""One training loop for every lecture: readable from top to bottom, on a CPU or a GPU.

A batch is a function of the step number. So the loop can stop after any step and resume exactly: the same weights,
the same batches, the same loss curve. Under `torchrun` every process takes its share of each batch, and the gradients
are averaged: the loss curve is again the same.
"""

import gc
import math
import os
import pickle
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

from course_lib.atomic import replacing
from course_lib.errors import CourseError
from course_lib.moved import names_of
from course_lib.ops.batches import minibatches, share, to_device
from course_lib.profile import training_steps
from course_lib.progress import progress

__all__ = [
    "Checkpoint",
    "History",
    "Metric",
    "fit",
    "fresh",
    "join_processes",
    "leave_processes",
    "minibatches",
    "scores",
    "supervised",
    "trained",
]

LOOK_EVERY = 20  # steps between looks at the loss: each look makes a GPU wait for the CPU
__getattr__ = names_of(__name__)  # `predict` is now `scores`


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
    network,
    batches,
    steps,
    *,
    loss=None,
    lr=None,
    optimizer="adam",
    schedule="cosine",
    dtype=torch.float32,
    clip_norm=None,
    metric=None,
    checkpoint=None,
):
    """Train `network` in place.

    Args:
        network: torch.nn.Module on the device where it trains.
        batches: function step -> batch, the same batch for the same step: then a run can resume exactly; `minibatches`
            makes one. A batch is (inputs, labels), or with a `loss` of your own whatever that takes, for example tuples
            and dicts as in `course_lib.ops.batches`. If `batches` has an attribute `shared` that is true, it gives each
            process of torchrun its own part.
        steps: number of optimizer steps; the profile smoke takes only the first few.
        loss: function (network, batch) -> scalar: it calls the network as often and in whatever way it needs. By
            default `supervised(cross_entropy)`.
        lr: learning rate at the start; by default 1e-3.
        optimizer: "adam", "sgd" (momentum 0.9), a function (parameters, lr=...) -> torch optimizer, such as
            `torch.optim.AdamW`, or a finished torch optimizer, which brings its own learning rate.
        schedule: "cosine" (to zero at the last step), "constant", or a function step -> factor of the learning rate.
        dtype: what autocast computes in; torch.float32 switches it off. float16 gets gradient scaling.
        clip_norm: largest 2-norm of all gradients together; None does not clip.
        metric: a `Metric`: measured now and then, shown in the progress bar, and able to end training early.
        checkpoint: a `Checkpoint`: where to save, how often, and from where to resume.
    Returns:
        History. Under torchrun the same in every process; call `join_processes` first. The network is left in
        evaluation mode.
    Raises:
        CourseError: if the loss is no scalar, or becomes NaN or infinite (seen at the next look), if nothing can be
            trained, or a checkpoint does not fit.
    """
    steps = training_steps(steps)
    device = _device_of(network)
    optimizer = _optimizer(optimizer, network, lr)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, _factor(schedule, steps))
    scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
    history, losses = History(), []
    state = {"model": network, "optimizer": optimizer, "scheduler": scheduler, "scaler": scaler}
    first = checkpoint.resume(state, history, device) if checkpoint else 0
    loss_of = _across_processes(_Loss(network, loss or supervised(cross_entropy)), device)

    network.train()
    bar = progress(range(first, steps), desc="training")
    for step in bar:
        batch = batches(step) if getattr(batches, "shared", False) else share(batches(step), _rank(), _processes())
        with torch.autocast(device.type, dtype) if dtype != torch.float32 else nullcontext():
            value = loss_of(to_device(batch, device))
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(value).backward()
        if clip_norm is not None:
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(network.parameters(), clip_norm)
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
            history.metrics.append((done, metric.measure(network)))
            bar.set_postfix_str(f"{metric.name} {history.metrics[-1][1]:.3f}", refresh=False)
            if metric.has_stalled(history.metrics):
                history.stopped = f"{metric.name} has not improved for {metric.patience} looks"
        if saving:
            checkpoint.save(state, history, done)
        if history.stopped:
            history.loss += _look(losses, done)
            break
    network.eval()
    return history


def fresh(build, course, seed=None):
    """A new network on the course's device, whose first weights belong to a seed: `fresh(lambda: C3D.mini(4), course)`.

    Args:
        build: function without arguments -> torch.nn.Module.
        course: what `start` returned: its device and seed.
        seed: another one than the course's.
    """
    torch.manual_seed(course.seed if seed is None else seed)
    return build().to(course.device)


def trained(
    build,
    batches,
    steps,
    course,
    *,
    loss=None,
    lr=None,
    optimizer="adam",
    dtype=torch.float32,
    clip_norm=None,
    seed=None,
):
    """Make a network, and train it: `fresh`, then `fit`, for experiments that need only the network.

    Args:
        build, course, seed: as for `fresh`.
        batches, steps, loss, lr, optimizer, dtype, clip_norm: as for `fit`, which has more of them.
    Returns:
        The network, in evaluation mode.
    """
    network = fresh(build, course, seed)
    fit(network, batches, steps, loss=loss, lr=lr, optimizer=optimizer, dtype=dtype, clip_norm=clip_norm)
    return network


def supervised(function):
    """A loss for `fit` from a function (outputs, labels) -> scalar, where a batch is (inputs, labels)."""

    def loss(network, batch):
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise CourseError(
                f"A batch is a {_what(batch)}, expected (inputs, labels). For any other batch give fit a function "
                "loss(network, batch) -> scalar."
            )
        inputs, labels = batch
        return function(network(inputs), labels)

    return loss


@torch.no_grad()
def scores(network, inputs, batch_size=64):
    """Outputs of a network in evaluation mode, batch by batch, on the CPU.

    Args:
        network: torch.nn.Module that maps (B, ...) to (B, K), or to (B, ...) of any rank.
        inputs: (N, ...) tensor.
        batch_size: how many rows go through at once; lower it when memory runs out.
    Returns:
        (N, K), float32, on the CPU. The network keeps the mode it had.
    """
    device = _device_of(network)
    was_training = network.training
    network.eval()
    outputs = [network(part.to(device)).float().cpu() for part in inputs.split(batch_size)]
    network.train(was_training)
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
        path: the file; its folder is made. It is written whole or not at all.
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
        parts = {name: part.state_dict() for name, part in state.items()}
        with replacing(path) as beside:
            torch.save({"step": done, "history": asdict(history), "rng": torch.get_rng_state(), **parts}, beside)

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


class _Loss(nn.Module):
    """The loss of a batch as the output of one module, so that processes can average the gradients of any loss."""

    def __init__(self, network, function):
        super().__init__()
        self.network, self.function = network, function

    def forward(self, batch):
        value = self.function(self.network, batch)
        if not isinstance(value, torch.Tensor) or value.ndim:
            raise CourseError(f"The loss is a {_what(value)}, expected one number. Did you forget .mean()?")
        return value


def _what(value):
    if isinstance(value, torch.Tensor):
        return f"tensor of shape {tuple(value.shape)}"
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, tuple | list | dict) else type(value).__name__


def _device_of(network):
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": partial(torch.optim.SGD, momentum=0.9)}


def _optimizer(wanted, network, lr):
    if isinstance(wanted, torch.optim.Optimizer):
        if lr is not None:
            raise CourseError("A finished optimizer has its own learning rate: give `lr` to one of the two.")
        return wanted
    make = OPTIMIZERS.get(wanted) if isinstance(wanted, str) else wanted
    if not callable(make):
        raise CourseError(
            f'optimizer is {wanted!r}, expected "adam", "sgd", a function (parameters, lr=...), or a torch optimizer.'
        )
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if not parameters:
        raise CourseError(
            f"{type(network).__name__} has no parameter that can be trained. Are all of them frozen (requires_grad)?"
        )
    return make(parameters, lr=1e-3 if lr is None else lr)


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


def leave_processes():
    """End what `join_processes` began, after the last `fit`; alone, do nothing."""
    if dist.is_available() and dist.is_initialized():
        gc.collect()  # torch's shared modules lie in circles of references; if they outlive the group, Python aborts
        dist.barrier()
        dist.destroy_process_group()


def _processes():
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def _rank():
    return dist.get_rank() if _processes() > 1 else 0


def _across_processes(module, device):
    if _processes() == 1:
        return module
    return DistributedDataParallel(module, device_ids=[device.index] if device.type == "cuda" else None)


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
