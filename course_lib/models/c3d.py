"""C3D: small 3 x 3 x 3 kernels in every layer, and features that serve many tasks.

Du Tran, Lubomir Bourdev, Rob Fergus, Lorenzo Torresani, Manohar Paluri, "Learning Spatiotemporal Features with 3D
Convolutional Networks", ICCV 2015, arXiv:1412.0767.

Two networks. `C3D` has eight convolutions and is the one whose features were published: 79,991,015 parameters for the
487 classes of Sports-1M, 38.5 G multiply-adds for a clip of 16 x 112 x 112. `C3DSearch` has five convolutions and asks
which temporal depth is best (Section 3.2, Figure 2): 17,444,965 parameters for 101 classes at depth 3.

Differences from the paper, and what decides correctness:
- pool5 of the released Caffe network has no padding and rounds up (windows {0, 1}, {2, 3}, {4, 5}, {6}). Well-known
  PyTorch ports pad by one instead: the same shapes, logits that differ by 41 %. `pool5="padded"` is for their weights.
- the first pool leaves time alone (Section 3.3), so that early layers do not merge frames too soon.
- weights start from He's rule, so that the network trains from scratch without the paper's long schedule.
- the released weights expect BGR frames, 0..255, minus the mean: see `preprocess`.
"""

from math import prod

from torch import nn
from torch.nn.functional import interpolate, normalize

from course_lib.errors import CourseError, check_shape
from course_lib.models.layers import classifier, he, start_small
from course_lib.models.published import load_published
from course_lib.ops.sampling import center_crop

FRAMES, CROP = 16, 112  # a clip as the published network sees it
RESIZED = (128, 171)  # rows, columns before the crop: keeps the aspect ratio of most UCF101 videos
SPORTS1M_MEAN = (101.41, 97.66, 90.25)  # R, G, B: mean over the volume that the release subtracts
WIDTHS = (64, 128, 256, 256, 512, 512, 512, 512)


def conv(inputs, outputs, depth=3):
    """Convolution of depth x 3 x 3, stride 1, padded so that the size stays."""
    return nn.Conv3d(inputs, outputs, (depth, 3, 3), padding=(depth // 2, 1, 1))


def pool(time=2, padded=False):
    """Max-pool by 2 in space and by `time` in time, rounding up as Caffe does, or padded as the PyTorch ports do."""
    size = (time, 2, 2)
    return nn.MaxPool3d(size, size, padding=(0, 1, 1)) if padded else nn.MaxPool3d(size, size, ceil_mode=True)


def pooled_size(clip, padded=False):
    """Size (T, H, W) that the five pools leave of a clip (T, H, W)."""
    time, *space = clip
    for _ in range(4):
        time, space = -(-time // 2), [-(-n // 2) for n in space]
    return time, *(n // 2 + 1 if padded else -(-n // 2) for n in space)


class C3D(nn.Module):
    """The published network of eight convolutions (Figure 3).

    Args:
        num_classes: 487 for Sports-1M, 101 for UCF101.
        pool5: "caffe", as released, or "padded", as the PyTorch ports whose fine-tuned weights need it.
        dropout: probability after fc6 and fc7.
        widths: channels of the eight convolutions.
        hidden: units of fc6 and fc7.
        clip: (T, H, W) for which fc6 is made.
    """

    def __init__(self, num_classes=487, *, pool5="caffe", dropout=0.5, widths=WIDTHS, hidden=4096, clip=(16, 112, 112)):
        super().__init__()
        if pool5 not in ("caffe", "padded"):
            raise CourseError(f'pool5 is {pool5!r}, expected "caffe" or "padded".')
        padded = pool5 == "padded"
        w1, w2, w3a, w3b, w4a, w4b, w5a, w5b = widths
        self.conv1 = conv(3, w1)
        self.pool1 = pool(time=1)
        self.conv2 = conv(w1, w2)
        self.pool2 = pool()
        self.conv3a = conv(w2, w3a)
        self.conv3b = conv(w3a, w3b)
        self.pool3 = pool()
        self.conv4a = conv(w3b, w4a)
        self.conv4b = conv(w4a, w4b)
        self.pool4 = pool()
        self.conv5a = conv(w4b, w5a)
        self.conv5b = conv(w5a, w5b)
        self.pool5 = pool(padded=padded)
        self.fc6 = nn.Linear(w5b * prod(pooled_size(clip, padded)), hidden)
        self.fc7 = nn.Linear(hidden, hidden)
        self.fc8 = nn.Linear(hidden, num_classes)
        self.dropout = nn.Dropout(dropout)
        self.apply(he)
        start_small(self.fc8)

    @classmethod
    def mini(cls, num_classes, *, clip=(16, 32, 32)):
        """The same network, eight times narrower, for clips that two CPU cores can train on."""
        return cls(num_classes, widths=tuple(w // 8 for w in WIDTHS), hidden=128, clip=clip)

    @classmethod
    def from_published(cls, source, num_classes=487, *, pool5="caffe"):
        """C3D with published weights.

        Args:
            source: path or state dict in one of the public layouts: `conv1.weight` ... `fc8.bias`;
                `features.0.weight` ... `classifier.3.bias` (which lacks fc8); `backbone.conv1a.conv.weight` ...
            num_classes: of the checkpoint.
            pool5: "padded" for weights that were fine-tuned in a padded port.
        Raises:
            CourseError: names the keys that do not fit.
        """
        model = cls(num_classes, pool5=pool5)
        load_published(model, source, _our_name, may_miss=("fc8.",))
        return model.eval()

    def pooled(self, clip):
        """Everything up to pool5: (B, 3, T, H, W) -> (B, 512, T', H', W')."""
        x = self.pool1(self.conv1(clip).relu())
        x = self.pool2(self.conv2(x).relu())
        x = self.pool3(self.conv3b(self.conv3a(x).relu()).relu())
        x = self.pool4(self.conv4b(self.conv4a(x).relu()).relu())
        return self.pool5(self.conv5b(self.conv5a(x).relu()).relu())

    def features(self, clip):
        """fc6 after its ReLU, the descriptor of Section 4: (B, 3, T, H, W) -> (B, 4096)."""
        check_shape(clip, "B 3 T H W", "clip")
        return self.fc6(self.pooled(clip).flatten(1)).relu()

    def forward(self, clip):
        """Class scores before the softmax: (B, 3, T, H, W) -> (B, K)."""
        x = self.dropout(self.features(clip))
        x = self.dropout(self.fc7(x).relu())
        return self.fc8(x)


class C3DSearch(nn.Module):
    """The five-convolution network that compares temporal kernel depths (Section 3.2).

    Args:
        num_classes: 101 for UCF101.
        depths: temporal depth of each kernel: (3,) * 5 is homogeneous, (3, 3, 5, 5, 7) increasing, (7, 5, 5, 3, 3)
            decreasing. All odd. Everything else stays the same.
        widths: channels of the five convolutions. hidden: units of both fully connected layers.
        clip: (T, H, W) for which the first fully connected layer is made. T = 1 makes a network of single frames.
        dropout: probability after both fully connected layers.
    """

    def __init__(
        self,
        num_classes=101,
        depths=(3, 3, 3, 3, 3),
        *,
        widths=(64, 128, 256, 256, 256),
        hidden=2048,
        clip=(16, 112, 112),
        dropout=0.5,
    ):
        super().__init__()
        if len(depths) != 5 or any(depth % 2 == 0 or depth < 1 for depth in depths):
            raise CourseError(f"depths is {tuple(depths)}, expected five odd numbers: an even kernel would shift time.")
        w1, w2, w3, w4, w5 = widths
        d1, d2, d3, d4, d5 = depths
        self.convs = nn.Sequential(
            conv(3, w1, d1), nn.ReLU(), pool(time=1),
            conv(w1, w2, d2), nn.ReLU(), pool(),
            conv(w2, w3, d3), nn.ReLU(), pool(),
            conv(w3, w4, d4), nn.ReLU(), pool(),
            conv(w4, w5, d5), nn.ReLU(), pool(),
        )  # fmt: skip
        self.head = classifier(w5 * prod(pooled_size(clip)), hidden, num_classes, dropout)
        self.apply(he)

    @classmethod
    def mini(cls, num_classes, depths=(3, 3, 3, 3, 3), *, clip=(16, 32, 32)):
        """Eight times narrower, for two CPU cores. No dropout: a world that never repeats a clip needs none."""
        return cls(num_classes, depths, widths=(8, 16, 32, 32, 32), hidden=64, clip=clip, dropout=0.0)

    def features(self, clip):
        """The first fully connected layer after its ReLU, as fc6 of `C3D`: (B, 3, T, H, W) -> (B, hidden)."""
        check_shape(clip, "B 3 T H W", "clip")
        return self.head[:2](self.convs(clip).flatten(1))  # a linear layer and its ReLU

    def forward(self, clip):
        """(B, 3, T, H, W) -> (B, K) class scores before the softmax."""
        check_shape(clip, "B 3 T H W", "clip")
        return self.head(self.convs(clip).flatten(1))


def preprocess(clip, mean=SPORTS1M_MEAN):
    """A decoded clip as the released weights expect it: 128 x 171, centre 112 x 112, BGR, 0..255 minus the mean.

    Args:
        clip: uint8 (3, 16, H, W), RGB.
        mean: per channel R, G, B. The release subtracts a mean for every voxel; its channel means differ by little.
    Returns:
        float32 (3, 16, 112, 112).
    """
    sizes = check_shape(clip, "3 T H W", "clip")
    frames = clip.float().transpose(0, 1)  # (T, 3, H, W)
    frames = interpolate(frames, size=RESIZED, mode="bilinear", align_corners=False, antialias=True)
    frames = center_crop(frames, CROP) - frames.new_tensor(mean).view(3, 1, 1)
    return frames.flip(1).transpose(0, 1).reshape(3, sizes["T"], CROP, CROP)


def video_descriptor(features):
    """Average the fc6 features of a video's clips, then scale to length 1 (Section 4): (N, D) -> (D,)."""
    check_shape(features, "N D", "features")
    return normalize(features.mean(0), dim=0)


_PORT = {
    "0": "conv1", "3": "conv2", "6": "conv3a", "8": "conv3b", "11": "conv4a", "13": "conv4b", "16": "conv5a",
    "18": "conv5b",
}  # fmt: skip
_PORT_HEAD = {"0": "fc6", "3": "fc7"}


def _our_name(key):
    """Translate a key of a public layout; one that is already ours, or of no layout that is known, stays."""
    parts = key.removeprefix("backbone.").split(".")
    if parts[0] in ("features", "classifier"):
        ours = (_PORT if parts[0] == "features" else _PORT_HEAD).get(parts[1])
        return f"{ours}.{parts[-1]}" if ours else key
    if parts[0] == "cls_head":
        return f"fc8.{parts[-1]}"
    name = {"conv1a": "conv1", "conv2a": "conv2"}.get(parts[0], parts[0])
    return f"{name}.{parts[-1]}"
