"""Answers to 20.2 beside those that the exercise itself knows."""

RIGHT = {
    "a sequence": """
class TubeHead(nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(width, width, 2, stride=2), nn.ReLU(),
            nn.Conv2d(width, depth, 1),
        )

    def forward(self, maps):
        return self.layers(maps)
""",
    "functions between layers": """
class TubeHead(nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        self.first = nn.Conv2d(channels, width, (3, 3), padding="same")
        self.up = nn.ConvTranspose2d(width, width, kernel_size=2, stride=2)
        self.to_depth = nn.Conv2d(width, depth, kernel_size=1)

    def forward(self, x):
        return self.to_depth(F.relu(self.up(F.relu(self.first(x)))))
""",
    "a list of layers": """
class TubeHead(nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(channels, width, 3, 1, 1), nn.ConvTranspose2d(width, width, 2, 2),
                                     nn.Conv2d(width, depth, 1)])

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.clamp(layer(x), min=0)
        return self.layers[-1](x)
""",
}

WRONG = [
    (
        """
class TubeHead(nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(width, width, 2, stride=2), nn.ReLU(),
            nn.Conv2d(width, depth, 1), nn.Sigmoid(),
        )

    def forward(self, maps):
        return self.layers(maps)
""",
        "leave the sigmoid to the loss",
    ),
    (
        """
class TubeHead(nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        self.a = nn.Conv2d(channels, width, 3, padding=1)
        self.b = nn.ConvTranspose2d(width, width, 2, stride=2)
        self.c = nn.Conv2d(width, depth, 1)

    def forward(self, x):
        return self.c(self.b(F.relu(self.a(x))))
""",
        "the ReLU after the deconvolution is missing",
    ),
    (
        """
class TubeHead(nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        self.a = nn.Conv2d(channels, width, 3, padding=1)
        self.b = nn.ConvTranspose2d(width, width, 2, stride=2)
        self.c = nn.Conv2d(width, depth, 1)

    def forward(self, x):
        return self.c(F.relu(self.b(F.relu(self.a(x))))).unsqueeze(1)
""",
        "the channels already are the depth",
    ),
    ({"return self.out(maps)": "self.out(maps)"}, "nothing was returned"),
    (
        """
class TubeHead(nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        self.a = nn.Conv3d(channels, width, 3, padding=1)
        self.b = nn.ConvTranspose3d(width, width, 2, stride=2)
        self.c = nn.Conv3d(width, 1, 1)

    def forward(self, x):
        x = x[:, :, None]
        return self.c(F.relu(self.b(F.relu(self.a(x)))))[:, 0]
""",
        "parameter",
    ),
    (
        """
class TubeHead(nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        self.a = nn.Conv2d(channels, width, 3, padding=1)
        self.c = nn.Conv2d(width, depth, 1)

    def forward(self, x):
        x = F.interpolate(F.relu(self.a(x)), scale_factor=2)
        return self.c(x)
""",
        "parameter",
    ),
]
