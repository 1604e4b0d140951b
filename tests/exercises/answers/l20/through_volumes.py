"""Answers to 20.1 beside those that the exercise itself knows."""

RIGHT = {
    "asking convolutions": """
def through_volumes(size, layers):
    x, shapes, cost = torch.zeros(1, 1, *size), [], 0
    for width, kernel, stride, padding in layers:
        conv = nn.Conv3d(x.shape[1], width, kernel, stride, padding)
        with torch.no_grad():
            x = conv(x)
        shapes.append(tuple(x.shape[1:]))
        cost += conv.weight.numel() * x[0, 0].numel()
    return shapes, cost
""",
    "axis by axis": """
def through_volumes(size, layers):
    d, h, w = size
    shapes, cost, before = [], 0, 1
    for c, k, s, p in layers:
        d, h, w = ((n + 2 * p - k + s) // s for n in (d, h, w))
        shapes.append((c, d, h, w))
        cost = cost + before * c * k * k * k * d * h * w
        before = c
    return shapes, cost
""",
    "product and sum": """
import math
def through_volumes(size, layers):
    shapes, widths = [], [1] + [layer[0] for layer in layers]
    for width, kernel, stride, padding in layers:
        size = tuple(math.floor((n + 2 * padding - kernel) / stride) + 1 for n in size)
        shapes.append((width,) + size)
    cost = sum(math.prod(shape) * before * layer[1] ** 3 for shape, before, layer in zip(shapes, widths, layers))
    return shapes, cost
""",
}

WRONG = [
    (
        """
def through_volumes(size, layers):
    x, shapes, cost = torch.zeros(1, 1, *size), [], 0
    for width, kernel, stride, padding in layers:
        conv = nn.Conv3d(x.shape[1], width, kernel, stride)
        x = conv(x)
        shapes.append(tuple(x.shape[1:]))
        cost += conv.weight.numel() * x[0, 0].numel()
    return shapes, cost
""",
        "the padding is forgotten",
    ),
    (
        """
def through_volumes(size, layers):
    d, h, w = size
    shapes, cost, before = [], 0, 1
    for c, k, s, p in layers:
        d, h, w = ((n + 2 * p - k) // s + 1 for n in (d, h, w))
        shapes.append((c, d, h, w))
        cost += before * c * k * k * d * h * w
        before = c
    return shapes, cost
""",
        "the kernel has three axes",
    ),
    (
        """
def through_volumes(size, layers):
    shapes, cost = [], 0
    for c, k, s, p in layers:
        size = [(n + 2 * p - k) // s + 1 for n in size]
        shapes.append((c, *size))
        cost += c * size[0] * size[1] * size[2] * k ** 3
    return shapes, cost
""",
        "all channels of the layer before",
    ),
    (
        """
def through_volumes(size, layers):
    shapes, cost, before = [], 0, 1
    for c, k, s, p in layers:
        size = [n // s for n in size]
        shapes.append((c, *size))
        cost += c * size[0] * size[1] * size[2] * before * k ** 3
        before = c
    return shapes, cost
""",
        None,
    ),
    ({"    return shapes, cost": "    print(shapes, cost)"}, "printed"),
    (
        """
def through_volumes(size, layers):
    shapes, cost, before = [], 0, 1
    for c, k, s, p in layers:
        size = [(n + 2 * p - k) // s + 1 for n in size]
        shapes.append((c, *size))
        cost += c * before * k ** 3
        before = c
    return shapes, cost
""",
        "in every cell of the *output*",
    ),
]
