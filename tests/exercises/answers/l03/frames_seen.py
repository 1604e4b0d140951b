"""Answers to 03.2 beside those that the exercise itself knows."""

RIGHT = {
    "all the frames": """
def frames_seen(unit, extents, strides):
    seen = {unit}
    for e, s in list(zip(extents, strides))[::-1]:
        seen = {u * s + i for u in seen for i in range(e)}
    return min(seen), max(seen)
""",
    "upwards, a list": """
def frames_seen(unit, extents, strides):
    field, jump = 1, 1
    for e, s in zip(extents, strides):
        field += (e - 1) * jump
        jump *= s
    return [unit * jump, unit * jump + field - 1]
""",
}

OWN_FORM = {
    "a tensor of two": """
def frames_seen(unit, extents, strides):
    e, s = torch.tensor(extents), torch.tensor(strides)
    first, last = torch.tensor(unit), torch.tensor(unit)
    for i in range(len(e)).__reversed__():
        first, last = first * s[i], last * s[i] + e[i] - 1
    return torch.stack([first, last])
""",
}

WRONG = [
    (
        """
def frames_seen(unit, extents, strides):
    field, jump = 1, 1
    for extent, stride in zip(extents, strides):
        jump *= stride
        field += (extent - 1) * jump
    return unit * jump, unit * jump + field - 1
""",
        "the stride stretches the extent too: multiply",
    ),
    (
        """
def frames_seen(unit, extents, strides):
    field, jump = 1, 1
    for extent, stride in zip(extents, strides):
        field += (extent - 1) * jump
        jump *= stride
    return unit * field, unit * field + field - 1
""",
        "two units lie a jump apart, not a whole",
    ),
    (
        """
def frames_seen(unit, extents, strides):
    first = last = unit
    for i in range(len(extents) - 1, 0, -1):
        first, last = first * strides[i], last * strides[i] + extents[i] - 1
    return first, last
""",
        "the lowest layer is left out: range(n - 1",
    ),
    (
        """
def frames_seen(unit, extents, strides):
    seen = [unit]
    for extent, stride in zip(extents[::-1], strides[::-1]):
        seen = [u * stride + i for u in seen for i in range(extent)]
    return sorted(set(seen))
""",
        "all the frames",
    ),
    ({"    return first, last\n": ""}, "nothing was returned"),
    (
        """
def frames_seen(unit, extents, strides):
    first = last = unit
    for e, s in zip(reversed(extents), reversed(strides)):
        first = first * s
        last = first + e - 1
    return first, last
""",
        "this is where the lowest kernel begins and",
    ),
    (
        """
def frames_seen(unit, extents, strides):
    first = unit
    for s in strides:
        first *= s
    return first, first + extents[0] - 1
""",
        "this is where the lowest kernel begins and",
    ),
    (
        """
def frames_seen(unit, extents, strides):
    first = last = unit
    jump = 1
    for s in strides:
        jump *= s
    return unit * jump, unit * jump + sum(extents) - 1
""",
        "a layer further up takes larger steps: its",
    ),
    (
        """
def frames_seen(unit, extents, strides):
    field, jump = 1, 1
    for e, s in zip(extents, strides):
        field += e - 1
        jump *= s
    return unit * jump, unit * jump + field - 1
""",
        "a layer further up takes larger steps: its",
    ),
    (
        """
def frames_seen(unit, extents, strides):
    field, jump = 1, 1
    for extent, stride in zip(extents, strides):
        field += (extent - 1) * jump
        jump *= stride
    return unit, unit + field - 1
""",
        "the place of the unit must be multiplied by",
    ),
    (
        """
def frames_seen(unit, extents, strides):
    field, jump = 1, 1
    for extent, stride in zip(extents, strides):
        field += (extent - 1) * jump
        jump = stride
    return unit * jump, unit * jump + field - 1
""",
        "the strides multiply: jump = jump * stride",
    ),
]
