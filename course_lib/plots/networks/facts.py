"""What stands below a block, and what a sentence says about a network."""

from collections import Counter

from course_lib.describe import count

FACTS = ("name", "kernel", "stride", "channels C", "frames T", "H × W", "max-pool", "mean-pool", "pool", "parameters")

MEETINGS = {"average": "an average", "concat": "a concatenation", "+": "a sum", "×": "a product"}


def facts_of(block, wanted=FACTS, has_time=True):
    """{fact: text} for one block; a fact that it has not is missing.

    has_time: whether anything in the network has more than one frame; if not, kernels are written without time.
    """
    channels, frames, rows, columns = block.size
    facts = {"channels C": str(channels)}
    if block.held:
        facts["name"] = block.name + (f" ×{block.repeat}" if block.repeat > 1 else "")
    if block.kernel:
        facts["kernel"] = _sizes(block.kernel, has_time)
    elif block.layers > 1:
        facts["kernel"] = f"{block.layers} layers"
    elif block.kind in ("layer", "recurrent", "pool"):
        facts["kernel"] = block.sort
    if block.stride and set(block.stride) != {1}:
        facts["stride"] = _sizes(block.stride, has_time)
    if rows is not None:
        facts["H × W"] = f"{rows}×{columns}" if len(block.output) > 2 else str(rows)
        if has_time:
            facts["frames T"] = str(frames)
    if block.copies > 1:
        facts["frames T"] = f"{block.copies} ×"
    if block.pool:
        sort = block.pool.sort.lower()
        word = "max-pool" if "max" in sort else "mean-pool" if "avg" in sort else "pool"
        facts[word] = _pool(block.pool, has_time)
    if block.shared and block.kind not in ("input", "join", "pool", "resize"):
        facts["parameters"] = "shared"
    elif block.parameters:
        facts["parameters"] = _short(block.parameters)
    return {name: facts[name] for name in FACTS if name in facts and name in wanted and facts[name]}


def _sizes(sizes, has_time):
    """3×3×3; without its first number where there is no time."""
    shown = sizes[1:] if len(sizes) == 3 and not has_time else sizes
    return "×".join(map(str, shown))


def _pool(pool, has_time):
    """Its kernel, with the stride when that is another; or the size that an adaptive pool leaves."""
    if not pool.kernel:
        return "to " + "×".join(map(str, pool.output[1:] or (1,)))
    kernel, stride = (_sizes(sizes, has_time) for sizes in (pool.kernel, pool.stride or pool.kernel))
    return kernel if stride == kernel else f"{kernel} /{pool.stride[-1] if len(set(pool.stride)) == 1 else stride}"


def _short(number):
    """Three digits: 33.6 M."""
    value, _, unit = count(number).partition(" ")
    return f"{float(value):#.3g}".rstrip(".") + f" {unit}" if unit else value


def in_words(description, blocks):
    """One or two sentences for those who do not see the figure."""
    kinds = Counter()
    for block in blocks:
        if block.kind not in ("input", "join", "resize") and not block.frame.endswith("weights"):
            kinds[block.kind] += block.repeat
    kinds["pool"] += sum(block.pool is not None and not block.frame.endswith("weights") for block in blocks)
    parts = [f"{n} {_plural(kind, n)}" for kind, n in kinds.items() if n]
    sizes = " and ".join(" x ".join(map(str, shape)) for shape in description.input_shapes)
    last = " x ".join(map(str, blocks[-1].output))
    text = (
        f"{description.model}: {sizes} in, {last} out, through {_list(parts)}; {count(description.parameters)} "
        f"parameters, {count(description.multiply_adds)} multiply-adds."
    )
    meet = [block for block in blocks if len(block.inputs) > 1]
    for block in meet if len(meet) <= 3 else ():
        where = MEETINGS.get(block.name, block.name)
        origins = [_origin(source) for source in block.inputs]
        if len(set(origins)) < len(origins):  # one module for all: say what goes in
            origins = [_first(source).name for source in block.inputs]
        text += f" {_list(origins)} meet in {where}."
    return text + (f" Streams meet in {len(meet)} places." if len(meet) > 3 else "")


def _plural(kind, n):
    word = {"linear": "linear layer", "recurrent": "recurrent layer"}.get(kind, kind)
    return word if n == 1 else word + "s"


def _origin(block):
    """What readers know a stream by: its frame, the module that it is in, or its layer."""
    owner = block.within[1][0] if len(block.within) > 2 else block.path
    return block.frame.partition(",")[0] or (owner if block.held else block.name)


def _first(block):
    """The input where this stream begins."""
    return _first(block.inputs[0]) if block.inputs else block


def _list(parts):
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
