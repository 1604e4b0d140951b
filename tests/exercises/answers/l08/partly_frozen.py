"""Answers to 08.5 beside those that the exercise itself knows."""

MADE = """
class PartlyFrozen(nn.Module):
    def __init__(self, *widths):
        super().__init__()
        layers = []
        for inputs, outputs in zip(widths[:-1], widths[1:], strict=True):
            layers += [nn.Conv2d(inputs, outputs, 3), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
"""

FORWARD = """
    def forward(self, x):
        learning = sum(p.numel() for p in self.parameters() if p.requires_grad)
        return self.layers(x), learning
"""

RIGHT = {
    "counting": MADE + """
    def train(self, mode=True):
        super().train(mode)
        seen = 0
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                seen += 1
                if seen > 1:
                    m.train(False)
                    m.weight.requires_grad = m.bias.requires_grad = False
        return self
""" + FORWARD,
    "by the place in the list": MADE + """
    def train(self, mode=True):
        nn.Module.train(self, mode)
        for norm in self.layers[4::3]:
            norm.eval()
            for p in norm.parameters():
                p.requires_grad = False
        return self
""" + FORWARD,
    "frozen once, evaluated always": MADE + """
        for norm in self.layers[4::3]:
            norm.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        for norm in self.layers[4::3]:
            norm.training = False
        return self
""" + FORWARD,
}  # fmt: skip

WRONG = [
    (
        MADE + """
        for norm in self.layers[4::3]:
            norm.eval()
            norm.requires_grad_(False)
""" + FORWARD,
        "after super().train(mode)",
    ),
    (
        MADE + """
    def train(self, mode=True):
        norms = [m for m in self.modules() if isinstance(m, nn.BatchNorm2d)]
        for norm in norms[1:]:
            norm.eval()
            norm.requires_grad_(False)
        return super().train(mode)
""" + FORWARD,
        "after super().train(mode)",
    ),
    (
        MADE + """
    def train(self, mode=True):
        super().train(mode)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()
                m.requires_grad_(False)
        return self
""" + FORWARD,
        "first one is frozen as well",
    ),
    ({"super().train(mode)": "self.training = mode"}, "does not reach the layers"),
    ({"norm.eval()": "norm.momentum = 0"}, "belongs into train"),
    ({"norm.requires_grad_(False)": "norm.requires_grad = False"}, "scale and shift still learn"),
    ({"norms[1:]": "list(self.layers)[1:]"}, "everything after the first convolution"),
    ({"norm.requires_grad_(False)": "norm.bias.requires_grad = False"}, "one still learns"),
]  # fmt: skip
