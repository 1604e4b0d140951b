"""Answers to 03.5 beside those that the exercise itself knows."""

RIGHT = {
    "both frames as one batch": """
class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        convolution = nn.Conv2d(3, channels, 5, stride=2, padding=2)
        self.tower = nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)

    def forward(self, clip):
        B = clip.shape[0]
        both = torch.cat([clip[:, :, 0], clip[:, :, self.gap]])
        out = self.tower(both).view(2, B, -1)
        return self.head(torch.cat([out[0], out[1]], dim=1))
""",
    "the pair as an axis": """
class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        convolution = nn.Conv2d(3, channels, 5, stride=2, padding=2)
        self.tower = nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)

    def forward(self, clip):
        pair = clip[:, :, [0, self.gap]].transpose(1, 2)
        features = self.tower(pair.flatten(0, 1)).flatten(1)
        return self.head(features.reshape(clip.size(0), -1))
""",
    "layers with other names": """
class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        self.conv = nn.Conv2d(3, channels, 5, stride=2, padding=2)
        self.pool = nn.MaxPool2d(2)
        self.classifier = nn.Linear(2 * channels * (side // 4) ** 2, classes)

    def tower(self, frame):
        return self.pool(F.relu(self.conv(frame))).flatten(1)

    def forward(self, clip):
        return self.classifier(torch.cat((self.tower(clip[:, :, 0]), self.tower(clip[:, :, self.gap])), 1))
""",
}

WRONG = [
    (
        """
class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        self.towers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(3, channels, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)) for _ in range(2)
        )
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)
    def forward(self, clip):
        frames = clip[:, :, 0], clip[:, :, self.gap]
        maps = [tower(frame).flatten(1) for tower, frame in zip(self.towers, frames)]
        return self.head(torch.cat(maps, dim=1))
""",
        "Your parameter towers.1.0.weight is one too",
    ),
    (
        """
class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        self.tower = nn.Sequential(nn.Conv2d(3, channels, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)
    def forward(self, clip):
        pair = clip[:, :, [0, self.gap]].flatten(0, 1)
        return self.head(self.tower(pair).reshape(len(clip), -1))
""",
        None,
    ),
    ({"late = self.tower(clip[:, :, self.gap])": "late = self.tower(clip[:, :, :self.gap])"}, None),
    ({"gap=15": "gap=10"}, None),
    ({"return self.head": "self.head"}, "nothing was returned"),
    (
        """
class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        self.tower = nn.Sequential(nn.Conv2d(3, channels, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2))
        self.tower2 = nn.Sequential(nn.Conv2d(3, channels, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)
    def forward(self, clip):
        a = self.tower(clip[:, :, 0]).flatten(1)
        b = self.tower2(clip[:, :, self.gap]).flatten(1)
        return self.head(torch.cat((a, b), dim=1))
""",
        "Your parameter tower2.0.weight is one too",
    ),
    (
        """
class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        convolution = nn.Conv2d(3, channels, 5, stride=2, padding=2)
        self.tower = nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)

    def forward(self, clip):
        a = self.tower(clip[:, :, 0]).flatten()
        b = self.tower(clip[:, :, self.gap]).flatten()
        return self.head(torch.cat((a, b)))
""",
        "flatten() joins the clips of the batch, too",
    ),
    (
        """
class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        convolution = nn.Conv2d(3, channels, 5, stride=2, padding=2)
        self.tower = nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)

    def forward(self, clip):
        a = self.tower(clip[:, :, 0])
        b = self.tower(clip[:, :, self.gap])
        return self.head(torch.cat((a, b), dim=1))
""",
        "the maps still have rows and columns, and the",
    ),
]
