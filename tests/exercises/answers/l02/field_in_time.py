"""Answers to 02.3 beside those that the exercise itself knows."""

RIGHT = {
    "downwards, a tuple": """
def field_in_time(layers):
    out = []
    for n in range(1, len(layers) + 1):
        size = 1
        for kernel, stride in reversed(layers[:n]):
            size = (size - 1) * stride + kernel
        out.append(size)
    return tuple(out)
""",
    "layer by layer, with math.prod": """
import math
def field_in_time(layers):
    return [
        1 + sum((k - 1) * math.prod(s for _, s in layers[:i]) for i, (k, _) in enumerate(layers[:n]))
        for n in range(1, len(layers) + 1)
    ]
""",
}

OWN_FORM = {
    "an array": """
import numpy as np
def field_in_time(layers):
    k = np.array([l[0] for l in layers])
    s = np.array([l[1] for l in layers])
    jumps = np.concatenate([[1], np.cumprod(s)[:-1]])
    return 1 + np.cumsum((k - 1) * jumps)
""",
}

WRONG = [
    ({"fields.append(field)": "fields += [field, jump]"}, "fields and jumps came in turn"),
    (
        """
def field_in_time(layers):
    size, fields = 1, []
    for kernel, stride in layers:
        size = (size - 1) * stride + kernel
        fields.append(size)
    return fields
""",
        "this runs in the wrong direction",
    ),
    (
        """
def field_in_time(layers):
    field, jump, fields = 1, 1, []
    for kernel, stride in layers:
        jump = jump * stride
        field = field * jump + kernel - 1
        fields.append(field)
    return fields
""",
        None,
    ),
]
