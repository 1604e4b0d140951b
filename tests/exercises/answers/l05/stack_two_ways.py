"""Answers to 05.3 beside those that the exercise itself knows."""

RIGHT = {
    "one backward field after the other": """
def stack_two_ways(forward, backward, middle, length):
    half = length // 2
    ahead = forward[:, middle : middle + half]
    behind = torch.stack([backward[:, middle - 1 - i] for i in range(half)], dim=1)
    return torch.cat([ahead, behind], dim=1).flatten(1, 2)
""",
    "an index that runs backwards": """
def stack_two_ways(forward, backward, middle, length):
    half = length // 2
    index = torch.arange(middle - 1, middle - 1 - half, -1)
    both = torch.cat([forward[:, middle : middle + half], backward[:, index]], 1)
    return both.reshape(both.shape[0], -1, *both.shape[3:])
""",
    "turned around first": """
def stack_two_ways(forward, backward, middle, length):
    half = length // 2
    T = backward.shape[1]
    behind = torch.flip(backward, [1])[:, T - middle : T - middle + half]
    return torch.cat([forward[:, middle : middle + half], behind], dim=1).flatten(1, 2)
""",
}

WRONG = [
    ({"length // 2": "length / 2"}, "whole number: divide with //"),
    ({"dim=1).flatten(1, 2)": "dim=1)"}, "the result has 5 axes"),
    (
        """
def stack_two_ways(forward, backward, middle, length):
    half = length // 2
    behind = [backward[:, middle - i] for i in range(half)]
    return torch.cat([forward[:, middle : middle + half].flatten(1, 2), *behind], dim=1)
""",
        "one field late",
    ),
    (
        """
def stack_two_ways(forward, backward, middle, length):
    channels = []
    for i in range(length // 2):
        channels += [forward[:, middle + i], backward[:, middle - 1 - i]]
    return torch.cat(channels, dim=1)
""",
        "take turns",
    ),
    (
        """
def stack_two_ways(forward, backward, middle, length):
    half = length // 2
    ahead = forward[:, middle : middle + half]
    behind = torch.stack([backward[:, middle - k] for k in range(1, half)], dim=1)
    return torch.cat([ahead, behind], dim=1).flatten(1, 2)
""",
        "runtimeerror: stack expects a non-empty tensorlist",
    ),
    (
        """
def stack_two_ways(forward, backward, middle, length):
    half = length // 2
    ahead = forward[:, middle : middle + half]
    behind = torch.stack([backward[:, middle - half + k] for k in range(half)], dim=1)
    return torch.cat([ahead, behind], dim=1).flatten(1, 2)
""",
        "the backward fields come in the wrong order",
    ),
]
