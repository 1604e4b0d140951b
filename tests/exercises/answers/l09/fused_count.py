"""Answers to 09.4 beside those that the exercise itself knows."""

RIGHT = {
    "a loop over the layers": """
def fused_count(layers, cut, how):
    total = 0
    for i, (inputs, outputs, kernel) in enumerate(layers):
        towers = 2 if i < cut else 1
        reads = 2 * inputs if i == cut and how == "concatenation" else inputs
        total += towers * (reads * outputs * kernel * kernel + outputs)
    if how == "convolution":
        width = layers[cut][0]
        total += 2 * width * width + width
    return total
""",
    "asking layers": """
def fused_count(layers, cut, how):
    def conv(i, o, k):
        with torch.device("meta"):
            return sum(p.numel() for p in torch.nn.Conv2d(i, o, k).parameters())
    (reads, writes, size), width = layers[cut], layers[cut - 1][1]
    below = sum(conv(*layer) for layer in layers[:cut])
    above = sum(conv(*layer) for layer in layers[cut + 1:])
    first = conv(2 * reads if how == "concatenation" else reads, writes, size)
    return 2 * below + first + above + (conv(2 * width, width, 1) if how == "convolution" else 0)
""",
    "weights and biases apart": """
def fused_count(layers, cut, how):
    weights = [i * o * k ** 2 for i, o, k in layers]
    biases = [o for _, o, _ in layers]
    total = sum(weights) + sum(weights[:cut]) + sum(biases) + sum(biases[:cut])
    extra = {"concatenation": weights[cut], "convolution": biases[cut - 1] * (2 * biases[cut - 1] + 1)}
    return total + extra.get(how, 0)
""",
    "from the top down": """
def fused_count(layers, cut, how):
    total, fused = 0, {"concatenation": 2}.get(how, 1)
    for number, (reads, writes, size) in reversed(list(enumerate(layers, 1))):
        if number == cut + 1:
            total += writes * (fused * reads * size * size + 1)
        elif number > cut:
            total += writes * (reads * size * size + 1)
        else:
            total += 2 * writes * (reads * size * size + 1)
    return total + (how == "convolution") * layers[cut - 1][1] * (2 * layers[cut - 1][1] + 1)
""",
    "as matrices": """
def fused_count(layers, cut, how):
    reads, writes, sizes = torch.tensor(layers).T
    towers = torch.tensor([2] * cut + [1] * (len(layers) - cut))
    wide = torch.ones(len(layers), dtype=torch.long)
    wide[cut] += how == "concatenation"
    extra = 2 * writes[cut - 1] ** 2 + writes[cut - 1] if how == "convolution" else 0
    return int((towers * writes * (wide * reads * sizes**2 + 1)).sum() + extra)
""",
}

WRONG = [
    ({"2 * width, width, 1": "width, 2 * width, 1"}, None),
    ({'how == "concatenation"': 'how == "max"'}, None),
    ({"return total": "return total / 1e6"}, None),
    (
        """
def fused_count(layers, cut, how):
    def cost(inputs, outputs, kernel):
        return inputs * outputs * kernel**2 + outputs
    total = 2 * sum(cost(*layer) for layer in layers)
    width = layers[cut - 1][1]
    if how == "concatenation":
        total += width * layers[cut][1] * layers[cut][2] ** 2
    if how == "convolution":
        total += cost(2 * width, width, 1)
    return total
""",
        "above the fusion there is one tower",
    ),
    (
        """
def fused_count(layers, cut, how):
    def cost(inputs, outputs, kernel):
        return inputs * outputs * kernel * kernel + outputs
    total = sum(map(lambda layer: cost(*layer), (*layers, *layers[:cut])))
    width = layers[cut - 1][1]
    if how == "concatenation":
        total += cost(width, *layers[cut][1:])
    if how == "convolution":
        total += cost(2 * width, width, 1)
    return total
""",
        "its biases do not",
    ),
    (
        """
def fused_count(layers, cut, how):
    def cost(i, o, k):
        return i * o * k
    total = sum(cost(*l) for l in layers) + sum(cost(*l) for l in layers[:cut])
    width = layers[cut - 1][1]
    if how == "concatenation":
        total += width * layers[cut][1] * layers[cut][2] ** 2
    if how == "convolution":
        total += cost(2 * width, width, 1)
    return total
""",
        "Two things at once",
    ),
    ({"width * layers[cut][1] * layers[cut][2] ** 2": "cost(2 * width, *layers[cut][1:])"}, "plain one is still there"),
    ({"kernel**2 + outputs": "(kernel**2 + 1)"}, None),
]
