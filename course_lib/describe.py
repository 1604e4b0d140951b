"""What a network costs: parameters, multiply-adds, activation memory and measured time, per layer and in all.

    print(describe(torchvision.models.video.r3d_18(), (3, 16, 112, 112)))
"""

import statistics
import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class LayerCost:
    """One module without children: its name, kind, output shape, parameters and multiply-adds."""

    name: str
    kind: str
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class Description:
    """Costs of one forward pass over a batch of one.

    parameters: trainable and frozen numbers, each counted once even when two layers share it.
    multiply_adds: of convolutions and matrix products, as papers count them (half of the "FLOPs" of others).
    activation_bytes: outputs of all layers together. Training keeps about this; inference needs far less at a time.
    seconds: median time of a forward pass, without gradients, after a warm-up; None if it was not measured.
    """

    model: str
    input_shape: tuple[int, ...]
    layers: tuple[LayerCost, ...]
    parameters: int
    multiply_adds: int
    activation_bytes: int
    seconds: float | None

    def __str__(self):
        time_taken = "not measured" if self.seconds is None else f"{self.seconds * 1e3:.1f} ms per clip"
        return (
            f"{self.model} on {' x '.join(map(str, self.input_shape))}: {self.parameters:,} parameters, "
            f"{count(self.multiply_adds)} multiply-adds, {self.activation_bytes / 2**20:.1f} MiB of activations, "
            f"{time_taken}"
        )

    def _repr_pretty_(self, printer, cycle):
        """As the last line of a cell: what print() says, and not every layer's record."""
        printer.text(str(self))

    def table(self, least=0):
        """One line per layer with at least `least` parameters, and the total, as text."""
        lines = [f"{'layer':30}{'kind':16}{'output':>22}{'parameters':>14}{'multiply-adds':>15}"]
        for layer in self.layers:
            if layer.parameters >= least:
                size = " x ".join(map(str, layer.output))
                lines.append(
                    f"{layer.name:30}{layer.kind:16}{size:>22}{layer.parameters:>14,}{count(layer.multiply_adds):>15}"
                )
        lines.append(f"{'total':68}{self.parameters:>14,}{count(self.multiply_adds):>15}")
        return "\n".join(lines)


def count(number):
    """A count with a unit that people read: 27.79 G, 1.20 M, 3.40 k."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return str(number)


def describe(model, input_shape, repeats=5):
    """Count what a model costs on one input, layer by layer, and time it.

    The model runs in evaluation mode on zeros, on the device and in the precision of its parameters; its mode is
    restored. Counting follows what is executed, so our own layers count like the library's.

    Args:
        model: any nn.Module that takes one tensor.
        input_shape: shape of one input without the batch axis, such as (3, 16, 112, 112).
        repeats: timed forward passes after a warm-up; 0 skips the timing.
    Returns:
        Description; print it for one line, `.table()` for one line per layer.
    Raises:
        ValueError: if repeats is negative.
    """
    if repeats < 0:
        raise ValueError(f"repeats is {repeats}, expected 0 (no timing) or more")
    example = next((p for p in model.parameters()), torch.zeros(()))
    clip = example.new_zeros(1, *input_shape)
    layers, memory, was_training = [], 0, model.training
    counter = FlopCounterMode(display=False)
    before = {}

    def start(module, _):
        before[module] = counter.get_total_flops()

    def stop(module, name, out):
        nonlocal memory
        memory += out.numel() * out.element_size()
        own = sum(p.numel() for p in module.parameters(recurse=False))
        macs = (counter.get_total_flops() - before[module]) // 2
        layers.append(LayerCost(name, type(module).__name__, tuple(out.shape[1:]), own, macs))

    hooks = []
    for name, module in model.named_modules():
        if not any(True for _ in module.children()):
            hooks.append(module.register_forward_pre_hook(start))
            hooks.append(module.register_forward_hook(lambda m, _, out, name=name: stop(m, name or "(model)", out)))
    model.eval()
    try:
        with torch.no_grad():
            with counter:
                model(clip)
            for hook in hooks:
                hook.remove()
            seconds = _median_time(model, clip, repeats) if repeats else None
    finally:
        for hook in hooks:
            hook.remove()
        model.train(was_training)
    return Description(
        model=type(model).__name__,
        input_shape=tuple(input_shape),
        layers=tuple(layers),
        parameters=sum(p.numel() for p in model.parameters()),
        multiply_adds=counter.get_total_flops() // 2,
        activation_bytes=memory,
        seconds=seconds,
    )


def _median_time(model, clip, repeats):
    taken = []
    for _ in range(repeats + 1):  # the first is the warm-up
        started = time.perf_counter()
        model(clip)
        if clip.is_cuda:
            torch.cuda.synchronize(clip.device)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])
