"""What a network costs, and how it is connected: parameters, multiply-adds, memory and time, per layer and in all.

print(describe(torchvision.models.video.r3d_18(), (3, 16, 112, 112)))
"""

import statistics
import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from course_lib.wiring import Step, Wiring


@dataclass(frozen=True)
class Description:
    """Costs of one forward pass over a batch of one, and its steps.

    input_shapes: of each input, without the batch axis.
    steps: layers, inputs, and the places where tensors meet, in the order of the pass; each says which steps it reads.
    parameters: trainable and frozen numbers, each counted once even when two layers share it.
    multiply_adds: of convolutions and matrix products, as papers count them (half of the "FLOPs" of others).
    activation_bytes: outputs of all layers together. Training keeps about this; inference needs far less at a time.
    seconds: median time of a forward pass, without gradients, after a warm-up; None if it was not measured.
    """

    model: str
    input_shapes: tuple[tuple[int, ...], ...]
    steps: tuple[Step, ...]
    parameters: int
    multiply_adds: int
    activation_bytes: int
    seconds: float | None

    @property
    def layers(self):
        """The steps that are modules: tuple of Step, each with name, kind, output, parameters and multiply_adds."""
        return tuple(step for step in self.steps if step.is_module)

    def __str__(self):
        sizes = " and ".join(" x ".join(map(str, shape)) for shape in self.input_shapes)
        time_taken = "not measured" if self.seconds is None else f"{self.seconds * 1e3:.1f} ms per clip"
        return (
            f"{self.model} on {sizes}: {self.parameters:,} parameters, "
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
    """Count what a model costs on one input, layer by layer, note how its layers are connected, and time it.

    The model runs in evaluation mode on zeros, on the device and in the precision of its parameters; its mode is
    restored. Counting follows what is executed, so our own layers count like the library's.

    Args:
        model: any nn.Module that takes one tensor, or several.
        input_shape: shape of one input without the batch axis, such as (3, 16, 112, 112); or a list of shapes, one per
            input.
        repeats: timed forward passes after a warm-up; 0 skips the timing.
    Returns:
        Description; print it for one line, `.table()` for one line per layer.
    Raises:
        ValueError: if repeats is negative.
    """
    if repeats < 0:
        raise ValueError(f"repeats is {repeats}, expected 0 (no timing) or more")
    one = all(isinstance(size, int) for size in input_shape)
    shapes = (tuple(input_shape),) if one else tuple(tuple(shape) for shape in input_shape)
    example = next((p for p in model.parameters()), torch.zeros(()))
    inputs = [example.new_zeros(1, *shape) for shape in shapes]
    was_training = model.training
    counter = FlopCounterMode(display=False)
    model.eval()
    try:
        with torch.no_grad():
            with counter, Wiring(model, inputs, lambda: counter.get_total_flops() // 2) as wiring:
                model(*inputs)
            seconds = _median_time(model, inputs, repeats) if repeats else None
    finally:
        model.train(was_training)
    return Description(
        model=type(model).__name__,
        input_shapes=shapes,
        steps=tuple(wiring.steps),
        parameters=sum(p.numel() for p in model.parameters()),
        multiply_adds=counter.get_total_flops() // 2,
        activation_bytes=wiring.activation_bytes,
        seconds=seconds,
    )


def _median_time(model, inputs, repeats):
    taken = []
    for _ in range(repeats + 1):  # the first is the warm-up
        started = time.perf_counter()
        model(*inputs)
        if inputs[0].is_cuda:
            torch.cuda.synchronize(inputs[0].device)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])
