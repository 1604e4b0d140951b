"""Answers to 10.6 beside those that the exercise itself knows."""

HEAD = """
class WatchAndWrite(nn.Module):
    def __init__(self, features, words, hidden):
        super().__init__()
        self.word = nn.Embedding(words, features)
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.out = nn.Linear(hidden, words)
"""

RIGHT = {
    "h and c by name": f"""{HEAD}
    def forward(self, frames, words):
        _, (h, c) = self.lstm(frames)
        hidden, _ = self.lstm(self.word(words), (h, c))
        return self.out(hidden)
""",
    "one long sequence, cut": f"""{HEAD}
    def forward(self, frames, words):
        everything = torch.cat((frames, self.word(words)), 1)
        states = self.lstm(everything)[0]
        return self.out(states[:, frames.shape[1]:])
""",
    "word by word": f"""{HEAD}
    def forward(self, frames, words):
        state = self.lstm(frames)[1]
        scores = []
        for step in range(words.shape[1]):
            h, state = self.lstm(self.word(words[:, step : step + 1]), state)
            scores.append(self.out(h[:, 0]))
        return torch.stack(scores, dim=1)
""",
}

WRONG = [
    (
        f"""{HEAD}
    def forward(self, frames, words):
        _, state = self.lstm(frames)
        written, _ = self.lstm(self.word(words))
        return self.out(written)
""",
        "bug is still there",
    ),
    (
        f"""{HEAD}
    def forward(self, frames, words):
        _, state = self.lstm(frames)
        scores = []
        for step in range(words.shape[1]):
            h, _ = self.lstm(self.word(words[:, step : step + 1]), state)
            scores.append(self.out(h[:, 0]))
        return torch.stack(scores, dim=1)
""",
        None,
    ),
    (
        f"""{HEAD}
    def forward(self, frames, words):
        outputs, _ = self.lstm(frames)
        last = outputs[:, -1].unsqueeze(0)
        written, _ = self.lstm(self.word(words), (last, torch.zeros_like(last)))
        return self.out(written)
""",
        "only h is handed over",
    ),
    (
        f"""{HEAD}
    def forward(self, frames, words):
        _, state = self.lstm(frames)
        written, _ = self.lstm(self.word(words), state)
        return self.out(written).softmax(-1)
""",
        None,
    ),
]
