"""Answers to 10.4 beside those that the exercise itself knows."""

RIGHT = {
    "lists first": """
def teacher_forcing(sentences):
    longest = max(map(len, sentences))
    inputs = [[0] + s + [0] * (longest - len(s)) for s in sentences]
    targets = [s + [0] + [-1] * (longest - len(s)) for s in sentences]
    return torch.tensor(inputs), torch.tensor(targets)
""",
    "padded by torch, the inputs from the targets": """
def teacher_forcing(sentences):
    ended = [torch.tensor(s + [0]) for s in sentences]
    targets = nn.utils.rnn.pad_sequence(ended, batch_first=True, padding_value=-1)
    inputs = torch.zeros_like(targets)
    inputs[:, 1:] = targets[:, :-1].clamp(min=0)
    return inputs, targets
""",
}

OWN_FORM = {
    "int32": """
def teacher_forcing(sentences):
    longest = max(map(len, sentences))
    inputs = [[0] + s + [0] * (longest - len(s)) for s in sentences]
    targets = [s + [0] + [-1] * (longest - len(s)) for s in sentences]
    return torch.tensor(inputs).int(), torch.tensor(targets).int()
""",
}

WRONG = [
    (
        """
def teacher_forcing(sentences):
    longest = max(map(len, sentences))
    inputs = [[0] + s + [0] * (longest - len(s)) for s in sentences]
    targets = [s + [0] * (longest + 1 - len(s)) for s in sentences]
    return torch.tensor(inputs), torch.tensor(targets)
""",
        "behind the end count as 0",
    ),
    (
        """
def teacher_forcing(sentences):
    longest = max(map(len, sentences))
    inputs = [[0] + s + [0] * (longest - len(s)) for s in sentences]
    targets = [s + [-1] * (longest + 1 - len(s)) for s in sentences]
    return torch.tensor(inputs), torch.tensor(targets)
""",
        "target of the end is missing",
    ),
    (
        """
def teacher_forcing(sentences):
    longest = max(map(len, sentences))
    ids = torch.tensor([[0] + s + [0] * (longest + 1 - len(s)) for s in sentences])
    return ids[:, :-1], ids[:, 1:]
""",
        "behind the end count as 0",
    ),
    ({"return inputs, targets": "return inputs"}, None),
    ({"targets[row, len(sentence)] = 0": "targets[row, len(sentence)] = 0; inputs[row, 0] = 1"}, None),
]
