"""Answers to 17.3 beside those that the exercise itself knows."""

RIGHT = {
    "from the finest to the coarsest, by recursion": """
def stacked_shapes(size, widths):
    def halve(n):
        return n // 2 + n % 2

    def below(rows, columns, rest):
        if len(rest) < 3:
            return []
        rows, columns = halve(rows), halve(columns)
        return below(rows, columns, rest[1:]) + [(rest[0] + rest[1] + 2, rows, columns)]

    return below(halve(size[0]), halve(size[1]), list(widths))
""",
    "in closed form": """
import math
def stacked_shapes(size, widths):
    out = []
    for i in reversed(range(1, len(widths) - 1)):
        rows, columns = (math.ceil(n / 2 ** (i + 1)) for n in size)
        out.append((widths[i] + widths[i - 1] + 2, rows, columns))
    return out
""",
    "asking convolutions": """
import torch
def stacked_shapes(size, widths):
    x, maps = torch.zeros(1, 1, *size), []
    for _ in widths:
        x = torch.nn.functional.conv2d(x, torch.zeros(1, 1, 3, 3), stride=2, padding=1)
        maps.append(tuple(x.shape[2:]))
    levels = list(zip(widths[1:], widths, maps[1:]))[: len(widths) - 2]
    return [(skip + up + 2, *shape) for skip, up, shape in levels[::-1]]
""",
    "minus signs": """
def stacked_shapes(size, widths):
    sizes = [(-(-size[0] // 2 ** n), -(-size[1] // 2 ** n)) for n in range(1, len(widths) + 1)]
    return tuple((2 + widths[i] + widths[i - 1],) + sizes[i] for i in range(len(widths) - 2, 0, -1))
""",
}

WRONG = [
    (
        """
def stacked_shapes(size, widths):
    rows, columns = size
    for _ in widths:
        rows, columns = (rows + 1) // 2, (columns + 1) // 2
    shapes = []
    for skip, up in zip(widths[-2:0:-1], widths[-3::-1]):
        rows, columns = 2 * rows, 2 * columns
        shapes.append((skip + up + 2, rows, columns))
    return shapes
""",
        "doubling from the coarsest map up",
    ),
    (
        """
def stacked_shapes(size, widths):
    rows, columns = size
    shapes = []
    for i in range(len(widths) - 2, 0, -1):
        shapes.append((widths[i] + widths[i - 1] + 2, rows // 2 ** (i + 1), columns // 2 ** (i + 1)))
    return shapes
""",
        "odd sizes round up",
    ),
    (
        """
def stacked_shapes(size, widths):
    shapes, (rows, columns) = [], size
    for skip, up in zip(widths[1:-1], widths):
        rows, columns = (rows + 1) // 2, (columns + 1) // 2
        shapes.append((skip + up + 2, (rows + 1) // 2, (columns + 1) // 2))
    return shapes
""",
        "the coarsest stack comes first",
    ),
    ({"widths[i] + widths[i - 1] + 2": "widths[i] + widths[i + 1] // 2 + 2"}, None),
    (
        """
def stacked_shapes(size, widths):
    sizes = [[-(-n // 2 ** (i + 1)) for n in size] for i in range(len(widths))]
    return [(widths[i] + widths[i - 1], *sizes[i]) for i in reversed(range(1, len(widths) - 1))]
""",
        "the upsampled flow is missing",
    ),
    (
        """
def stacked_shapes(size, widths):
    sizes = [[-(-n // 2 ** i) for n in size] for i in range(len(widths))]
    return [(widths[i] + widths[i - 1] + 2, *sizes[i]) for i in range(len(widths) - 2, 0, -1)]
""",
        "one level too fine",
    ),
]
