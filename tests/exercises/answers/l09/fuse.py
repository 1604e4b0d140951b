"""Answers to 09.1 beside those that the exercise itself knows."""

RIGHT = {
    "other names of the same functions": """
def fuse(a, b, how, weight=None, bias=None):
    return {
        "sum": lambda: torch.add(a, b),
        "max": lambda: torch.max(a, b),
        "concatenation": lambda: torch.concatenate((a, b), 1),
        "convolution": lambda: torch.conv2d(torch.concat([a, b], 1), weight, bias),
        "bilinear": lambda: a.flatten(2) @ b.flatten(2).transpose(1, 2),
    }[how]()
""",
    "bilinear as a product of matrices": """
def fuse(a, b, how, weight=None, bias=None):
    both = torch.cat((a, b), 1)
    if how == "sum":
        return torch.add(a, b)
    elif how == "max":
        return a.maximum(b)
    elif how == "concatenation":
        return both
    elif how == "convolution":
        return torch.nn.functional.conv2d(both, weight, bias)
    return a.flatten(2) @ b.flatten(2).mT
""",
    "the convolution as a matrix at every place": """
def fuse(a, b, how, weight=None, bias=None):
    if how == "sum":
        return a + b
    if how == "max":
        return torch.where(a > b, a, b)
    both = torch.cat([a, b], dim=1)
    if how == "concatenation":
        return both
    if how == "convolution":
        return torch.einsum("ok,bkhw->bohw", weight[:, :, 0, 0], both) + bias[:, None, None]
    return torch.einsum("bchw,bdhw->bcd", a, b)
""",
    "a table of functions": """
def fuse(a, b, how, weight=None, bias=None):
    ways = {
        "sum": lambda: a + b,
        "max": lambda: torch.stack([a, b]).amax(0),
        "concatenation": lambda: torch.hstack([a, b]),
        "convolution": lambda: F.conv2d(torch.hstack([a, b]), weight, bias),
        "bilinear": lambda: torch.einsum("bchw,bdhw->bcd", a, b),
    }
    return ways[how]()
""",
    "without a library call": """
def fuse(a, b, how, weight=None, bias=None):
    if how == "sum":
        return sum((a, b))
    if how == "max":
        return (a + b + (a - b).abs()) / 2
    if how == "concatenation":
        both = a.new_empty(a.shape[0], a.shape[1] + b.shape[1], *a.shape[2:])
        both[:, : a.shape[1]], both[:, a.shape[1] :] = a, b
        return both
    if how == "convolution":
        both = fuse(a, b, "concatenation").movedim(1, -1)
        return (both @ weight.flatten(1).T + bias).movedim(-1, 1)
    return (a[:, :, None] * b[:, None]).sum((3, 4))
""",
    "two convolutions, one per stream": """
def fuse(a, b, how, weight=None, bias=None):
    match how:
        case "sum":
            return a + b
        case "max":
            return a.clone().where(a >= b, b)
        case "concatenation":
            return torch.column_stack((a, b))
        case "convolution":
            spatial, temporal = weight.chunk(2, dim=1)
            return F.conv2d(a, spatial, bias) + F.conv2d(b, temporal)
        case "bilinear":
            return torch.stack([x.flatten(1) @ y.flatten(1).T for x, y in zip(a, b)])
""",
}

WRONG = [
    ({"return a + b": "return a - b"}, None),
    ({"return a + b": "return a * b"}, None),
    ({"return torch.cat([a, b], dim=1)": "return torch.cat([a, a], dim=1)"}, None),
    ({"return F.conv2d(torch.cat([a, b], dim=1), weight, bias)": "return F.conv2d(a + b, weight[:, :3], bias)"}, None),
    (
        """
def fuse(a, b, how, weight=None, bias=None):
    return {"sum": a + b, "max": a.maximum(b)}.get(how, torch.cat([a, b], dim=1))
""",
        None,
    ),
    (
        """
def fuse(a, b, how, weight=None, bias=None):
    if how == "sum":
        return a + b
    if how == "max":
        return torch.maximum(a, b)
    if how == "concatenation":
        return torch.cat([a, b], dim=1)
    if how == "convolution":
        return F.conv2d(torch.cat([a, b], dim=1), weight, bias)
    product = a.flatten(2) @ b.flatten(2).transpose(1, 2)
    return product / a[0, 0].numel()
""",
        "averaged over positions",
    ),
    ({"return a + b": "return torch.sum(a, b)"}, "the function takes other arguments"),
    ({"F.conv2d(torch.cat([a, b], dim=1), weight, bias)": "F.conv2d(a, weight, bias) + F.conv2d(b, weight, bias)"},
     "number of channels differs"),
    (
        """
def fuse(a, b, how, weight=None, bias=None):
    if how in ("sum", "max"):
        return a + b if how == "sum" else torch.maximum(a, b)
    if how == "concatenation":
        return torch.cat([a, b], dim=1)
    if how == "convolution":
        return F.conv2d(torch.cat([a, b], dim=1), weight, bias)
    return torch.einsum("bi,bj->bij", a.mean((2, 3)), b.mean((2, 3)))
""",
        "positions are lost before",
    ),
]
