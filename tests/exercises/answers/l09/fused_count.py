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
]
