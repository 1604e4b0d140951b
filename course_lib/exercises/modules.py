"""Compare modules, not their random starts: the same deterministic numbers in the learner's and in ours."""

from collections import Counter

import torch

RUNNING = ("running_mean", "running_var")


def fill(module, like=None):
    """Give a module numbers that depend on nothing but the order and the shapes of its parameters.

    Args:
        module: filled in place; its parameters and the running statistics of its normalisation layers.
        like: the module to correspond to. Names decide when both modules have the same ones, else the order.
    Raises:
        ParameterMismatch: the two do not correspond; says where and why.
    """
    slots = _slots(module)
    order = _corresponding(slots, _slots(like)) if like is not None else list(slots)
    with torch.no_grad():
        for index, name in enumerate(order):
            slots[name].copy_(_numbers(index, slots[name].shape, positive=name.endswith("running_var")))


class ParameterMismatch(Exception):
    """The learner's module does not have the parameters that the exercise asks for."""


def _slots(module):
    slots = {name: tensor for name, tensor in module.named_parameters()}
    for name, tensor in module.named_buffers():
        if _is_statistic(name):
            slots[name] = tensor
    return slots


def _is_statistic(name):
    return name.rpartition(".")[2] in RUNNING


def _corresponding(mine, theirs):
    """The names of `mine` in the order in which they correspond to `theirs`."""
    shapes, wanted = ({name: tuple(tensor.shape) for name, tensor in slots.items()} for slots in (mine, theirs))
    if shapes == wanted:
        return list(wanted)
    if list(shapes.values()) == list(wanted.values()):
        return list(shapes)
    shapes, wanted = ({n: s for n, s in each.items() if not _is_statistic(n)} for each in (shapes, wanted))
    count, asked = (sum(torch.Size(shape).numel() for shape in each.values()) for each in (shapes, wanted))
    raise ParameterMismatch(_mismatch(shapes, wanted) + f" Yours has {count:,} parameters, expected are {asked:,}.")


def _mismatch(shapes, wanted):
    if not shapes:
        return (
            "Your module has no parameters. Layers must be attributes of the module (self.conv = ...), and a list of "
            "layers needs nn.ModuleList or nn.Sequential."
        )
    if sorted(shapes.values()) == sorted(wanted.values()):
        return "Your module has the right layers in another order. Create them in the order in which forward uses them."
    twice = _made_twice(shapes, wanted)
    if twice:
        text = f"Your parameter {twice} is one too many, and has the shape of another one."
        return f"{text} To share weights, make one layer and call it twice."
    for (name, shape), (other, asked) in zip(shapes.items(), wanted.items(), strict=False):
        if shape != asked:
            return f"Your parameter {name} has shape {shape}, expected is {asked} at this place ({other})."
    if len(shapes) == len(wanted):
        return "Your parameters are right, the running statistics of your normalisation layers are not."
    guess = "a layer too many, or a bias that does not belong?" if len(shapes) > len(wanted) else "is one missing?"
    return f"Your module has {len(shapes)} parameter tensors, expected are {len(wanted)}: {guess}"


def _made_twice(shapes, wanted):
    """The first weight beyond those asked for, where all that is beyond repeats a shape that is asked for; or None."""
    left, beyond = Counter(wanted.values()), []
    for name, shape in shapes.items():
        if left[shape] > 0:
            left[shape] -= 1
        else:
            beyond.append(name)
    repeats = not any(left.values()) and all(shapes[name] in wanted.values() for name in beyond)
    return next((name for name in beyond if len(shapes[name]) > 1), None) if repeats else None


def _numbers(index, shape, positive):
    """float64 numbers of a size that keeps activations near 1; drawn on the CPU, so the same on every machine."""
    generator = torch.Generator().manual_seed(1000 + index)
    if positive or len(shape) < 2:
        return torch.rand(shape, generator=generator, dtype=torch.float64) + 0.5
    fan_in = torch.Size(shape[1:]).numel()
    return torch.randn(shape, generator=generator, dtype=torch.float64) / max(fan_in, 1) ** 0.5
