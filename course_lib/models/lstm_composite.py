"""The LSTM composite model: understand a clip well enough to play it backwards and to go on with it.

Nitish Srivastava, Elman Mansimov, Ruslan Salakhutdinov, "Unsupervised Learning of Video Representations using LSTMs",
ICML 2015, arXiv:1502.04681. One LSTM reads the frames. Its last state goes to two others: one gives the frames back,
last one first; the other predicts the frames to come. No labels are needed, and the state serves a classifier
afterwards: with flow and RGB 84.3 % on UCF101.

Differences from the paper: the decoders get no input (the paper's "unconditional" ones). 2048 units are from memory.
"""

import torch
from torch import nn

from course_lib.errors import check_shape


class LSTMComposite(nn.Module):
    """Encoder, reconstruction decoder and future decoder.

    Args:
        features: D, numbers per frame: 4096 of a CNN, or the pixels of a small picture.
        hidden: units of each of the three LSTMs.
        future: how many frames to predict.
    """

    def __init__(self, features=4096, *, hidden=2048, future=13):
        super().__init__()
        self.future = future
        self.encoder = nn.LSTM(features, hidden, batch_first=True)
        self.rewind = nn.LSTM(1, hidden, batch_first=True)
        self.predict = nn.LSTM(1, hidden, batch_first=True)
        self.rewound = nn.Linear(hidden, features)
        self.predicted = nn.Linear(hidden, features)

    @classmethod
    def mini(cls, features=256, *, future=4):
        """The same three LSTMs with 64 units, for pictures of 16 x 16."""
        return cls(features, hidden=64, future=future)

    def encode(self, frames):
        """What the encoder knows after the last frame: (B, T, D) -> (h, c), each (1, B, hidden)."""
        check_shape(frames, f"B T {self.encoder.input_size}", "frames")
        return self.encoder(frames)[1]

    def forward(self, frames):
        """(B, T, D) -> the same frames again (B, T, D), in their order, and the next ones (B, future, D)."""
        state = self.encode(frames)
        nothing = torch.zeros(len(frames), max(frames.shape[1], self.future), 1, device=frames.device)
        backwards = self.rewound(self.rewind(nothing[:, : frames.shape[1]], state)[0])
        return backwards.flip(1), self.predicted(self.predict(nothing[:, : self.future], state)[0])


def composite_loss(network, batch):
    """Mean squared error of both decoders, added; for `fit(loss=...)`. A batch is (frames, the frames that follow)."""
    frames, following = batch
    again, future = network(frames)
    return (again - frames).square().mean() + (future - following).square().mean()
