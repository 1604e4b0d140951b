"""From the steps of a forward pass to the blocks of a figure: leave out, fold, split by frame, and name."""

from collections import Counter
from dataclasses import dataclass, field, replace

from course_lib.errors import CourseError

KINDS = ("input", "convolution", "up-convolution", "pool", "linear", "recurrent", "resize", "join", "layer", "block")
HIDDEN = ("Dropout", "ReLU", "ELU", "GELU", "SiLU", "Tanh", "Sigmoid", "Softmax", "Norm", "Flatten", "Identity", "Hard")
SIGNS = {"add": "+", "sub": "-", "mul": "×", "cat": "concat", "interpolate": "resized", "crop": "cropped"}
MOST_BLOCKS = 26  # more than that is folded into larger blocks
MOST_FRAMES = 3  # so many frames that never meet are drawn as towers of their own


@dataclass(eq=False)
class Block:
    """What is drawn as one body: a layer, an input, a place where streams meet, or several layers folded into one.

    name: as it stands below; path: the module's full name. kind: one of KINDS. sort: the module's class or function.
    output: shape without the batch. copies: how many frames or views went through it side by side.
    parameters: of all that it holds; shared: it uses the weights of an earlier block.
    inputs: the blocks that it reads. pool: a pool that follows it directly, drawn together with it.
    layers: how many layers with parameters it holds. repeat: how many equal blocks in a row it stands for.
    frame: "frame 1 of 2" in a tower of its own. held: the modules that it stands for.
    """

    path: str
    kind: str
    sort: str
    output: tuple
    inputs: list = field(repr=False)
    copies: int = 1
    parameters: int = 0
    shared: bool = False
    kernel: tuple | None = None
    stride: tuple | None = None
    within: tuple = ()
    name: str = ""
    pool: "Block | None" = None
    layers: int = 1
    repeat: int = 1
    frame: str = ""
    held: list = field(default_factory=list)

    @property
    def size(self):
        """(C, T, H, W) of one of its copies; H and W are None for a list of numbers, W is 1 for a sequence."""
        shape = self.output
        if len(shape) == 2 and self.kind in ("recurrent", "linear"):  # (T, C)
            return shape[1], shape[0], None, None
        if len(shape) <= 1:
            return (shape[0] if shape else 1), 1, None, None
        if len(shape) == 2:
            return shape[0], 1, shape[1], 1
        return (shape[0], 1, *shape[1:]) if len(shape) == 3 else shape[:4]


def blocks_of(description, groups=None, most=MOST_BLOCKS):
    """The blocks of a network, in the order of the forward pass.

    Args:
        description: what `describe` returns.
        groups: {name of a block: "names of modules that it holds"}.
        most: fold along the model's own modules until there are at most so many.
    Returns:
        list of Block.
    Raises:
        CourseError: if a group names a module that does not occur, or is not in one piece.
    """
    blocks = [_block(step) for step in description.steps]
    for block in blocks:
        block.inputs = [blocks[i] for i in block.inputs]
    blocks = _drop_hidden(_merge_chained_joins(blocks))
    if groups:
        blocks = _fold(blocks, _group_keys(blocks, groups))
        _check_groups(blocks)
    deepest = max((len(b.within) for b in blocks), default=2) - 1
    for depth in range(deepest, 0, -1):
        folded = _attach_pools(_fold(blocks, {b: _prefix(b, depth) for b in blocks}))
        if len(folded) <= most:
            break
    else:  # a flat network: nothing to fold along but equal layers
        folded = _fold_repeats(_attach_pools(_fold(blocks, {b: _prefix(b, deepest) for b in blocks})))
    folded = _split_frames(folded)
    _name(folded)
    return folded


def _block(step):
    return Block(
        path=step.name, kind=_kind(step), sort=step.kind, output=step.output, inputs=list(step.inputs),
        copies=step.copies, parameters=step.parameters, shared=step.call > 0, kernel=step.kernel, stride=step.stride,
        within=step.within, held=[step.name] if step.is_module else [],
    )  # fmt: skip


def _kind(step):
    sort = step.kind
    if sort in ("input", "crop", "slice"):
        return "input"
    if not step.is_module:
        return sort if sort in ("pool", "resize") else "join"
    if "ConvTranspose" in sort:
        return "up-convolution"
    if "Pool" in sort:
        return "pool"
    if "Conv" in sort:
        return "convolution"
    if "Linear" in sort:
        return "linear"
    if sort in ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"):
        return "recurrent"
    return "resize" if "Upsampl" in sort or "Shuffle" in sort else "layer"


def _readers(blocks):
    readers = {block: [] for block in blocks}
    for block in blocks:
        for source in block.inputs:
            readers[source].append(block)
    return readers


def _replace(blocks, old, new):
    """Whoever reads `old` reads `new` instead."""
    for block in blocks:
        block.inputs = list(dict.fromkeys(new if source is old else source for source in block.inputs))


def _merge_chained_joins(blocks):
    """a + b + c is one join, and so is a correlation that was written as many products and a stack."""
    readers = _readers(blocks)
    for block in list(blocks):
        for source in list(block.inputs):
            both = block.kind == source.kind == "join" and block.within == source.within
            if both and readers[source] == [block]:
                place = block.inputs.index(source)
                block.inputs[place : place + 1] = source.inputs
                block.inputs = list(dict.fromkeys(block.inputs))
                for other in source.inputs:
                    readers[other] = list(dict.fromkeys(block if r is source else r for r in readers[other]))
                blocks.remove(source)
    return blocks


def _drop_hidden(blocks):
    """Leave out what changes no size: activations, dropout, normalisation; its parameters go to the layer before."""
    for block in list(blocks):
        if block.held and len(block.inputs) == 1 and any(word in block.sort for word in HIDDEN):
            source = block.inputs[0]
            if source.kind == "input" and block.parameters:
                continue
            source.parameters += block.parameters
            source.held += block.held if source.held else []
            _replace(blocks, block, source)
            blocks.remove(block)
    return blocks


def _prefix(block, depth):
    within = block.within if block.held else (*block.within, (id(block), 0))  # a function is one level below
    return within[: depth + 1] if len(within) > depth else (*within, id(block))


def _group_keys(blocks, groups):
    keys, found = {}, set()
    wanted = {name: label for label, names in groups.items() for name in names.split()}
    for block in blocks:
        inside = [(name, call) for name, call in block.within if name in wanted]
        found |= {name for name, _ in inside}
        keys[block] = ("group", wanted[inside[0][0]], inside[0][1]) if inside else ("one", id(block))
    missing = [name for name in wanted if name not in found]
    if missing:
        names = [block.path for block in blocks if block.held]
        raise CourseError(f"groups name {missing}, which never ran; the layers are {', '.join(names)}.")
    return keys


def _check_groups(blocks):
    seen = set()
    for block in blocks:
        seen.add(block)
        for source in block.inputs:
            if source not in seen:
                raise CourseError(
                    f"the group {source.name or block.name!r} is not in one piece: {block.path} reads it and is read "
                    "by it. Put what lies between into the group, or make two groups."
                )


def _fold(blocks, keys):
    """Make one block of all that have the same key."""
    members = {}
    for block in blocks:
        members.setdefault(keys[block], []).append(block)
    made = {}
    for key, parts in members.items():
        made.update(dict.fromkeys(parts, _folded(key, parts)))
    result = list(dict.fromkeys(made[block] for block in reversed(blocks)))[::-1]  # where its last part was
    inputs = {new: [] for new in result}
    for block in blocks:
        inputs[made[block]] += [made[source] for source in block.inputs if made[source] is not made[block]]
    for new, sources in inputs.items():
        new.inputs = list(dict.fromkeys(sources))
    return result


def _folded(key, parts):
    if len(parts) == 1:
        alone = replace(parts[0])
        if key[0] == "group":
            alone.name = key[1]
        elif alone.held and isinstance(key[-1], tuple):  # "conv1", which holds one convolution, not "conv1.conv"
            alone.path = key[-1][0]
        return alone
    weighted = [part for part in parts if part.kind not in ("input", "pool", "resize", "join")]
    kinds = {part.kind for part in weighted}
    alone = weighted[0] if len(weighted) == 1 and parts[-1].kind != "join" else None
    common = [a for a, *rest in zip(*(part.within for part in parts), strict=False) if all(a == b for b in rest)]
    path = key[1] if key[0] == "group" else str(common[-1][0]) if common else parts[-1].path
    last = parts[-1]
    return Block(
        path=path, kind=alone.kind if alone else kinds.pop() if len(kinds) == 1 else "block", sort="", inputs=[],
        output=last.output, copies=last.copies, parameters=sum(part.parameters for part in parts),
        shared=all(part.shared for part in weighted) if weighted else False, kernel=alone and alone.kernel,
        stride=alone and alone.stride, within=tuple(common), held=[name for part in parts for name in part.held],
        name=key[1] if key[0] == "group" else "", layers=len(weighted),
    )  # fmt: skip


def _attach_pools(blocks):
    """A pool that alone reads a layer is drawn with it."""
    readers = _readers(blocks)
    for pool in list(blocks):
        if pool.kind == "pool" and len(pool.inputs) == 1:
            layer = pool.inputs[0]
            if layer.kind in ("convolution", "layer", "block") and layer.pool is None and readers[layer] == [pool]:
                layer.pool = pool
                _replace(blocks, pool, layer)
                blocks.remove(pool)
                readers = _readers(blocks)
    return blocks


def _fold_repeats(blocks):
    """Equal blocks one after the other become one, with their number."""
    readers = _readers(blocks)
    for block in list(blocks):
        if len(block.inputs) != 1:
            continue
        before = block.inputs[0]
        facts = [
            (b.kind, b.sort, b.output, b.kernel, b.stride, b.copies, b.parameters / b.repeat) for b in (before, block)
        ]
        if facts[0] == facts[1] and before.pool is None and readers[before] == [block] and block.kind != "join":
            before.repeat += block.repeat
            before.parameters += block.parameters
            before.held += block.held
            before.pool = block.pool
            _replace(blocks, block, before)
            blocks.remove(block)
            readers = _readers(blocks)
    return blocks


def _split_frames(blocks):
    """Frames that no layer mixes are towers of their own with the same weights, until the layer in which they meet.

    Only for a few frames: with more, the depth of a body shows them.
    """
    apart, frames = set(), {}
    for block in blocks:
        time = block.output[1] if len(block.output) == 4 else 0
        alone = not block.inputs or all(source in apart for source in block.inputs)
        mixes = any(layer and layer.kernel and len(layer.kernel) == 3 and layer.kernel[0] > 1
                    for layer in (block, block.pool))  # fmt: skip
        known = block.kernel is not None or block.kind in ("input", "resize")
        if 1 < time <= MOST_FRAMES and alone and known and not mixes and block.kind != "join":
            apart.add(block)
            frames[block] = time
    if not any(block.kind == "convolution" for block in apart) or len(set(frames.values())) != 1:
        return blocks
    count = frames[next(iter(apart))]
    copies = {block: [_one_frame(block, i, count) for i in range(count)] for block in apart}
    result = [copies[block][i] for i in range(count) for block in blocks if block in apart]
    for block, made in copies.items():
        for i, copy in enumerate(made):
            copy.inputs = [copies[source][i] for source in block.inputs]
    for block in blocks:
        if block not in apart:
            block.inputs = [copy for source in block.inputs for copy in copies.get(source, [source])]
            result.append(block)
    return result


def _one_frame(block, i, count):
    def one(shape):
        return (shape[0], 1, *shape[2:])

    made = Block(**{**vars(block), "output": one(block.output), "inputs": []})
    made.pool = block.pool and Block(**{**vars(block.pool), "output": one(block.pool.output)})
    made.frame = f"frame {i + 1} of {count}" + (", the same weights" if i else "")
    made.shared = block.shared or i > 0
    made.parameters = 0 if i else block.parameters
    return made


def _name(blocks):
    """Short names: the module's own; layers that have only a number are counted by kind."""
    words = {"convolution": "conv", "up-convolution": "upconv", "linear": "fc", "recurrent": "rnn"}
    number_only = [b for b in blocks if b.held and not b.name and _own_name(b)[1]]
    lists = {(b.kind, _own_name(b)[0].rpartition(".")[2]) for b in number_only}
    members = Counter((b.kind, _own_name(b)[0]) for b in number_only if not b.shared)
    counted = Counter()
    for block in blocks:
        named, numbers = _own_name(block)
        last = named.rpartition(".")[2]
        if block.name:
            continue
        if not block.held:
            block.name = SIGNS.get(block.sort, SIGNS.get(block.path, block.path))
        elif not numbers or members[block.kind, named] == 1 and last:
            block.name = last
        elif block.layers == 1 and block.kind in words and sum(kind == block.kind for kind, _ in lists) == 1:
            stream = named, block.kind, block.frame, block.within[-1][1]
            counted[stream] += 1
            block.name = f"{words[block.kind]}{counted[stream]}"
        else:
            block.name = f"{last}.{numbers}".strip(".")


def _own_name(block):
    """ "tower.convs.0" -> ("tower.convs", "0"); "conv1" -> ("conv1", "")."""
    parts = block.path.split(".")
    numbers = []
    while parts and parts[-1].isdigit():
        numbers.insert(0, parts.pop())
    return ".".join(parts), ".".join(numbers)
