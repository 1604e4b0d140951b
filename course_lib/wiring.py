"""Which layer reads which: follow the tensors of one forward pass through modules and functions.

Modules are noticed by hooks, everything between them (`torch.cat`, `+`, `flatten`) by a torch function mode. A tensor
remembers the step that made it; a function of one known tensor hands that on, and a function of several is a step
itself, a join. Nothing of the model is changed, and nothing is assumed about how it was written.
"""

import inspect
from collections import Counter
from dataclasses import dataclass

import torch
from torch.overrides import TorchFunctionMode

SUMS, SCALINGS = ("add", "sub"), ("mul", "div", "truediv")  # radd, imul and so on mean the same
SLICINGS = ("getitem", "narrow", "select", "chunk", "split", "tensor_split", "unbind", "index_select")
RESIZINGS = ("interpolate", "upsample", "pixel_shuffle", "pixel_unshuffle")
JOIN_NAMES = {"concat": "cat", "concatenate": "cat", "hstack": "cat", "grid_sample": "warp", "bmm": "matmul"}


@dataclass(frozen=True)
class Step:
    """One thing that happens to a clip on its way through a network.

    name: of the module, such as "layer1.0.conv1"; of an input, the name of the argument; else the function's.
    kind: the module's class; "input"; "crop" or "slice" of an input; "resize", "pool"; or how several tensors meet:
        "cat", "add", "average", "mul", "warp" ...
    inputs: positions, in the list of steps, of those that it reads.
    output: shape without the batch axis. copies: by how much the batch has grown, when frames went into it.
    parameters: its own, 0 if an earlier step has used them already (call > 0). multiply_adds: in this step alone.
    call: 0 the first time that this module runs, 1 the second time with the same weights.
    within: the (name, call) of every module that runs around it, the outermost first, itself included.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    output: tuple[int, ...]
    copies: int = 1
    parameters: int = 0
    multiply_adds: int = 0
    kernel: tuple[int, ...] | None = None
    stride: tuple[int, ...] | None = None
    call: int = 0
    within: tuple[tuple[str, int], ...] = ()
    is_module: bool = False


class Wiring(TorchFunctionMode):
    """Record the steps of one forward pass: `with Wiring(model, inputs) as wiring: model(*inputs)`, then `.steps`.

    Args:
        model: an nn.Module. inputs: the tensors that it is going to get, batches of one.
        multiply_adds: a function that says how many there have been so far.
    """

    def __init__(self, model, inputs, multiply_adds=lambda: 0):
        super().__init__()
        self.steps, self.activation_bytes = [], 0
        self._model, self._count = model, multiply_adds
        self._scope, self._calls, self._hooks = [], Counter(), []
        self._started = []  # of the leaf that runs, if any: (what it reads, multiply-adds before)
        self._totals = {}  # of a sum: the weights of what it sums, all together; 1 makes it an average
        self._stacked = {}  # of a stack: along which axis
        for tensor, name in zip(inputs, _argument_names(model, len(inputs)), strict=True):
            self._mark(tensor, self._new(name, "input", [], tensor))

    def __enter__(self):
        for name, module in self._model.named_modules():
            leaf = not any(True for _ in module.children())
            name = name or ("(model)" if leaf else "")
            self._hooks += [
                module.register_forward_pre_hook(self._before(name, leaf), with_kwargs=True),
                module.register_forward_hook(self._after(name, leaf)),
            ]
        return super().__enter__()

    def __exit__(self, *error):
        for hook in self._hooks:
            hook.remove()
        return super().__exit__(*error)

    def _before(self, name, leaf):
        def hook(module, args, kwargs):
            self._scope.append((name, self._calls[name]))
            self._calls[name] += 1
            if leaf:
                self._started.append((self._sources((args, kwargs)), self._count()))

        return hook

    def _after(self, name, leaf):
        def hook(module, _, out):
            if leaf:
                self._leaf_done(name, module, out)
            self._scope.pop()

        return hook

    def _leaf_done(self, name, module, out):
        tensors = list(_tensors(out))
        reads, before = self._started.pop()
        if not tensors:  # nothing that could be followed
            return
        call = self._scope[-1][1]
        place = self._new(
            name,
            type(module).__name__,
            reads,
            tensors[0],
            parameters=0 if call else sum(p.numel() for p in module.parameters(recurse=False)),
            multiply_adds=self._count() - before,
            kernel=_sizes(module, "kernel_size", tensors[0]),
            stride=_sizes(module, "stride", tensors[0]),
            call=call,
            is_module=True,
        )
        for tensor in tensors:
            self.activation_bytes += tensor.numel() * tensor.element_size()
            self._mark(tensor, place)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        out = function(*args, **kwargs)
        if self._started:  # inside a layer: what happens there is the layer's own business
            return out
        name = getattr(function, "__name__", "").strip("_")
        name = name[1:] if name[1:] in SUMS + SCALINGS and name[0] in "ri" else name
        target = args[0] if name == "setitem" else out  # that one writes into its first argument
        if name.endswith("_like") or name.startswith("new_") or not any(True for _ in _tensors(target)):
            return out
        known = args[:1] if name.endswith("_as") else (args, kwargs)  # view_as, type_as: only a shape is read
        sources = self._sources(known)
        if len(sources) > 1:
            place = self._join(name, sources, known, args, kwargs, out=next(_tensors(target)))
            self._mark(target, place)
        elif sources:
            self._pass_on(name, sources[0], args, kwargs, target)
        return out

    def _join(self, name, sources, known, args, kwargs, out):
        kind = JOIN_NAMES.get(name, name)
        place = self._new(kind, kind, sources, out)
        if kind == "add":
            total = sum(t.factor * self._totals.get(t.step, 1) for t in map(self._memory, _tensors(known)) if t)
            self._totals[place] = total
            self._name_sum(place, total)
        elif kind == "stack":
            self._stacked[place] = kwargs.get("dim", args[1] if len(args) > 1 else 0)
        return place

    def _pass_on(self, name, source, args, kwargs, out):
        """A function of one known tensor: often nothing to draw, sometimes another size, sometimes part of a mean."""
        old, new = next(_tensors((args, kwargs))), next(_tensors(out))
        changed = old.shape[1:] != new.shape[1:]
        if "pool" in name or name in RESIZINGS:
            self._mark(out, self._new(name, "pool" if "pool" in name else "resize", [source], new))
        elif name in SLICINGS and changed and self.steps[source].kind == "input":
            for part in _tensors(out):
                same_rows = old.shape[-2:] == part.shape[-2:] or old.ndim != part.ndim
                self._mark(part, self._new("slice", "slice" if same_rows else "crop", [source], part))
        elif name in SCALINGS and (number := next((a for a in args if isinstance(a, int | float)), None)):
            memory = self._memory(old)
            factor = (memory.factor if memory else 1.0) * (number if name == "mul" else 1 / number)
            self._mark(out, source, factor)
            if source in self._totals:
                self._name_sum(source, factor * self._totals[source])
        else:
            axis = kwargs.get("dim", args[1] if len(args) > 1 else None)
            if source in self._stacked and axis == self._stacked[source] and name in ("mean", "sum", "amax", "max"):
                self._rename(source, {"mean": "average", "sum": "add"}.get(name, "max"), new.shape)
            self._mark(out, source)

    def _name_sum(self, place, total):
        if abs(total - 1) < 1e-6:
            self._rename(place, "average")

    def _rename(self, place, kind, shape=None):
        step = self.steps[place]
        copies, *output = (step.copies, *step.output) if shape is None else shape
        self.steps[place] = Step(kind, kind, step.inputs, tuple(output), copies, within=step.within)

    def _new(self, name, kind, reads, out, **more):
        shape = tuple(out.shape)
        self.steps.append(
            Step(name, kind, tuple(reads), shape[1:], shape[0] if shape else 1, within=tuple(self._scope), **more)
        )
        return len(self.steps) - 1

    def _sources(self, values):
        """The steps that made these tensors, each once, in this order."""
        return list(dict.fromkeys(t.step for t in map(self._memory, _tensors(values)) if t))

    def _mark(self, values, step, factor=1.0):
        for tensor in _tensors(values):
            tensor.course_memory = _Memory(self, step, factor)

    def _memory(self, tensor):
        memory = getattr(tensor, "course_memory", None)
        return memory if memory and memory.of is self else None  # a buffer may remember an earlier pass


@dataclass(frozen=True)
class _Memory:
    """What a tensor knows of its origin: the step that made it, and by which number it was multiplied since."""

    of: Wiring
    step: int
    factor: float


def _tensors(values):
    """Every tensor in nested tuples, lists and dicts, in order."""
    if isinstance(values, torch.Tensor):
        yield values
    elif isinstance(values, tuple | list):
        for value in values:
            yield from _tensors(value)
    elif isinstance(values, dict):
        yield from _tensors(list(values.values()))


def _sizes(module, attribute, out):
    """Kernel or stride as a tuple with one number per axis of space and time, or None."""
    value = getattr(module, attribute, None)
    if isinstance(value, int):
        value = (value,) * max(out.ndim - 2, 1)
    return tuple(value) if isinstance(value, tuple | list) and all(isinstance(n, int) for n in value) else None


def _argument_names(model, count):
    """What forward, or `model.input_names`, calls its inputs; "input 1" ... where there are no names."""
    names = list(getattr(model, "input_names", ())) or [
        p.name
        for p in inspect.signature(model.forward).parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return (names + [f"input {i + 1}" for i in range(len(names), count)])[:count]
