"""Answers to 10.5 beside those that the exercise itself knows."""

RIGHT = {
    "while, and a linear layer": """
def caption(h, table, weight_hh, weight_out, bias_out, longest):
    words, last = [], 0
    while len(words) < longest:
        h = (table[last] + nn.functional.linear(h, weight_hh)).tanh()
        last = torch.argmax(nn.functional.linear(h, weight_out, bias_out)).item()
        if not last:
            return words
        words += [last]
    return words
""",
    "by probability, cut off at the end afterwards": """
def caption(h, table, weight_hh, weight_out, bias_out, longest):
    said, word = [], 0
    for _ in range(longest):
        h = torch.tanh(table[word] + torch.mv(weight_hh, h))
        word = (weight_out @ h + bias_out).softmax(0).max(0).indices.item()
        said.append(word)
    return said[: said.index(0)] if 0 in said else said
""",
}

OWN_FORM = {
    "a tensor of ids": """
def caption(h, table, weight_hh, weight_out, bias_out, longest):
    word, words = 0, []
    for _ in range(longest):
        h = torch.tanh(table[word] + weight_hh @ h)
        word = int((weight_out @ h + bias_out).argmax())
        if word == 0:
            break
        words.append(word)
    return torch.tensor(words, dtype=torch.long)
""",
}

WRONG = [
    (
        """
def caption(h, table, weight_hh, weight_out, bias_out, longest):
    words, word = [], 0
    for _ in range(longest):
        h = torch.tanh(table[word] + weight_hh @ h)
        word = (weight_out @ h + bias_out).argmax().item()
        words.append(word)
        if word == 0:
            break
    return words
""",
        "end is said as a word",
    ),
    (
        """
def caption(h, table, weight_hh, weight_out, bias_out, longest):
    words = []
    for _ in range(longest):
        h = torch.tanh(table[0] + weight_hh @ h)
        word = (weight_out @ h + bias_out).argmax().item()
        if word == 0:
            break
        words.append(word)
    return words
""",
        "not fed back",
    ),
    ({"(weight_out @ h + bias_out)": "(weight_out @ h - bias_out)"}, None),
    ({"torch.tanh(": "torch.sigmoid("}, None),
    ({"if word == 0": "if word == 1"}, None),
]
