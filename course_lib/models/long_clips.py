"""Two ways to look at minutes instead of seconds: pool the maps of all frames, or read them with a deep LSTM.

Joe Yue-Hei Ng, Matthew Hausknecht, Sudheendra Vijayanarasimhan, Oriol Vinyals, Rajat Monga, George Toderici, "Beyond
Short Snippets: Deep Networks for Video Classification", CVPR 2015, arXiv:1503.08909. Both take the last maps of a CNN
(GoogLeNet, 1024 x 7 x 7) for up to 120 frames. Pooling forgets the order of the frames, the LSTM does not; on UCF101
they end within half a point.

From memory, not looked up again: the widths of the layers above the maps, five LSTM layers of 512 units, and the
weights of the frames (0 at the first, 1 at the last one).
"""

import torch
from torch import nn

from course_lib.errors import check_shape
from course_lib.models.layers import he, start_small

MAPS = (1024, 7, 7)  # C, H, W of GoogLeNet's last maps


class ConvPooling(nn.Module):
    """The maximum over all frames at every place of the maps, then two fully connected layers.

    Args:
        num_classes: K. maps: (C, H, W) of a frame. hidden: units of the fully connected layer.
    """

    def __init__(self, num_classes=101, *, maps=MAPS, hidden=4096):
        super().__init__()
        channels, rows, columns = maps
        self.fc1 = nn.Linear(channels * rows * columns, hidden)
        self.fc2 = nn.Linear(hidden, num_classes)
        self.apply(he)
        start_small(self.fc2)

    def forward(self, maps):
        """(B, T, C, H, W) -> (B, K) class scores. The order of the T frames makes no difference."""
        check_shape(maps, "B T C H W", "maps")
        return self.fc2(self.fc1(maps.amax(dim=1).flatten(1)).relu())


class LongLSTM(nn.Module):
    """A stack of LSTMs over the frames; the last frames' predictions count most.

    Args:
        num_classes: K. features: D, numbers per frame. hidden: units of each LSTM. layers: how many.
    """

    def __init__(self, num_classes=101, *, features=1024, hidden=512, layers=5):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, num_layers=layers, batch_first=True)
        self.fc = nn.Linear(hidden, num_classes)
        start_small(self.fc)

    def step_scores(self, features):
        """Class scores after every frame: (B, T, D) -> (B, T, K)."""
        check_shape(features, f"B T {self.lstm.input_size}", "features")
        return self.fc(self.lstm(features)[0])

    def forward(self, features):
        """Class scores of the clip: (B, T, D) -> (B, K). Their softmax is the weighted average of the steps'."""
        logs = self.step_scores(features).log_softmax(-1)
        weight = torch.linspace(0, 1, logs.shape[1], device=logs.device) if logs.shape[1] > 1 else logs.new_ones(1)
        return (logs + (weight / weight.sum()).log()[:, None]).logsumexp(dim=1)
