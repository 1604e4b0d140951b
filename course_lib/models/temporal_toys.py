"""Two small networks that differ in one thing: how their first convolution is connected in time.

Early fusion takes all T frames into one kernel of length T; there is one place where it can stand, so each frame has
weights of its own. The 3D network has kernels of 3 frames, which stand at every time with the same weights, and takes
the maximum over time at the end. Everything in space is the same: same channels, same 3 x 3 kernels, same strides.

The comparison follows Karpathy et al. (CVPR 2014, early against slow fusion) and Tran et al. (ICCV 2015) at a size that
trains in seconds; it is not a network of either paper.
"""

from torch import nn

from course_lib.errors import check_shape


class TemporalToy(nn.Module):
    """Three convolutions, a global maximum, a linear layer.

    Args:
        classes: K.
        frames: T of the clips; early fusion can only take this length.
        early: True collapses time in the first convolution (early fusion); False convolves over time throughout.
        width: channels of the first convolution; the second and third have two and four times as many.
    """

    def __init__(self, classes, frames, early, width=8):
        super().__init__()
        first, later = (frames, 1) if early else (3, 3)  # kernel length in time: the only difference
        inside = 0 if early else 1  # padding in time, so that T stays
        self.early, self.frames = early, frames
        self.features = nn.Sequential(
            nn.Conv3d(3, width, (first, 3, 3), stride=(1, 2, 2), padding=(inside, 1, 1)),
            nn.BatchNorm3d(width),
            nn.ReLU(),
            nn.Conv3d(width, 2 * width, (later, 3, 3), stride=(1, 2, 2), padding=(inside, 1, 1)),
            nn.BatchNorm3d(2 * width),
            nn.ReLU(),
            nn.Conv3d(2 * width, 4 * width, (later, 3, 3), stride=(1, 2, 2), padding=(inside, 1, 1)),
            nn.BatchNorm3d(4 * width),
            nn.ReLU(),
        )
        self.pool = nn.AdaptiveMaxPool3d(1)  # the strongest response, wherever and whenever
        self.head = nn.Linear(4 * width, classes)

    def forward(self, clip):
        """Class scores: clip (B, 3, T, H, W) in 0..1 -> logits (B, K). Early fusion needs T = frames."""
        check_shape(clip, f"B 3 {self.frames} H W" if self.early else "B 3 T H W", name="clip")
        return self.head(self.pool(self.features((clip - 0.5) / 0.25)).flatten(1))
