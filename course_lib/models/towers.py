"""Towers: the networks of two-stream models as chains of stages that can be cut behind any ReLU.

VGG-16 is from Karen Simonyan, Andrew Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
ICLR 2015, arXiv:1409.1556. CNN-M-2048 is lecture 05's stream. `course_lib.models.two_stream_fusion` joins two of them.
"""

import copy
from collections import OrderedDict

from torch import nn

from course_lib.errors import CourseError
from course_lib.models.layers import he, start_small
from course_lib.models.published import load_published, read_state_dict
from course_lib.models.two_stream import CNN_M_2048
from course_lib.ops.stream_inputs import CROP

DROPOUT = 0.85  # behind full6 and full7, as the paper on fusion trains them
VGG_16 = (2, 2, 3, 3, 3)  # convolutions in each block


class Stage(nn.Module):
    """A layer with weights and its ReLU, behind whatever stands between the last ReLU and it (a pool, dropout ...)."""

    def __init__(self, layer, *before, relu=True):
        super().__init__()
        self.before = nn.Sequential(*before)
        self.layer = layer
        self.relu = nn.ReLU() if relu else nn.Identity()

    def forward(self, x):
        return self.relu(self.layer(self.before(x)))


class Tower(nn.Sequential):
    """One stream as a chain of stages, `conv1_1` ... `fc8`, that can be cut behind any ReLU."""

    @classmethod
    def vgg(
        cls, num_classes=101, in_channels=3, *, depths=VGG_16, widths=(64, 128, 256, 512, 512), hidden=4096, crop=CROP,
        dropout=DROPOUT,
    ):  # fmt: skip
        """VGG-16 (Simonyan and Zisserman 2015), 134,674,341 parameters for 101 classes; or a smaller one.

        Args:
            num_classes: K. in_channels: 3 for a frame, 2L for stacked flow.
            depths, widths: convolutions of 3 x 3 in each block, and their channels. Between blocks, a pool halves.
            hidden: units of fc6 and fc7. crop: side of the input for which fc6 is made. dropout: behind fc6 and fc7.
        """
        stages, inputs = OrderedDict(), in_channels
        for block, (depth, width) in enumerate(zip(depths, widths, strict=True), 1):
            for i in range(1, depth + 1):
                between = [nn.MaxPool2d(2)] if block > 1 and i == 1 else []
                stages[f"conv{block}_{i}"] = Stage(nn.Conv2d(inputs, width, 3, padding=1), *between)
                inputs = width
        side = crop // 2 ** len(depths)
        stages["fc6"] = Stage(nn.Linear(inputs * side**2, hidden), nn.MaxPool2d(2), nn.Flatten())
        stages["fc7"] = Stage(nn.Linear(hidden, hidden), nn.Dropout(dropout))
        stages["fc8"] = Stage(nn.Linear(hidden, num_classes), nn.Dropout(dropout), relu=False)
        tower = cls(stages)
        tower.apply(he)
        start_small(tower.fc8.layer)
        return tower

    @classmethod
    def cnn_m(cls, num_classes=101, in_channels=20, *, dropout=DROPOUT, **sizes):
        """CNN-M-2048, lecture 05's stream, which this paper calls VGG-M. `sizes` as for `CNN_M_2048`."""
        net = CNN_M_2048(num_classes, in_channels, **sizes)
        norm = [nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0) for _ in range(2)]
        pool = [copy.copy(net.pool) for _ in range(3)]
        return cls(
            OrderedDict(
                conv1=Stage(net.conv1),
                conv2=Stage(net.conv2, norm[0], pool[0]),
                conv3=Stage(net.conv3, *norm[1 : 1 + net.norm2], pool[1]),
                conv4=Stage(net.conv4),
                conv5=Stage(net.conv5),
                fc6=Stage(net.fc6, pool[2], nn.Flatten()),
                fc7=Stage(net.fc7, nn.Dropout(dropout)),
                fc8=Stage(net.fc8, nn.Dropout(dropout), relu=False),
            )
        )

    @classmethod
    def mini(cls, num_classes, in_channels=3, *, crop=32):
        """A VGG of four blocks of one convolution each, for pictures of 32 x 32 on two CPU cores."""
        return cls.vgg(
            num_classes, in_channels, depths=(1, 1, 1, 1), widths=(8, 16, 24, 32), hidden=48, crop=crop, dropout=0.0
        )

    @classmethod
    def from_published(cls, source, dropout=DROPOUT):
        """A tower with published weights; network, input channels and number of classes are read off their shapes.

        Args:
            source: path or state dict in one of the public layouts. VGG-16: `features.N.*` with `classifier.0/3/6.*`
                (torchvision) or with `classifier.0/3.*` and `fc_action.*` (two-stream networks in PyTorch).
                CNN-M-2048: `conv1.weight` ... `fc8.bias`.
        Raises:
            CourseError: names the keys that do not fit.
        """
        state = read_state_dict(source)
        head = next((state[key] for key in ("fc_action.weight", "classifier.6.weight", "fc8.weight") if key in state),
                    None)  # fmt: skip
        first = state.get("features.0.weight", state.get("conv1.weight"))
        if head is None or first is None or first.ndim != 4:
            raise CourseError(
                "The checkpoint is no tower that is known here: expected `features.0.weight` and a last layer "
                "`classifier.6.weight` or `fc_action.weight` (VGG-16), or `conv1.weight` and `fc8.weight` "
                f"(CNN-M-2048); it has {', '.join(list(state)[:6]) or 'no weights'} ..."
            )
        make, names = (cls.vgg, _vgg_names()) if "features.0.weight" in state else (cls.cnn_m, {})
        tower = make(len(head), first.shape[1], dropout=dropout)

        def ours(key):
            module, _, kind = key.rpartition(".")
            module = names.get(module, module)
            return f"{module}.layer.{kind}" if hasattr(tower, module) else key

        load_published(tower, state, ours)
        return tower.eval()

    def behind(self, relu):
        """How many stages come before a cut: "relu5_3", "relu5" (the last of block 5), "relu6", or None, the last map.

        Raises:
            CourseError: if there is no such ReLU.
        """
        names = list(self._modules)
        last_map = [name for name in names if name.startswith("conv")][-1]
        wanted = relu.removeprefix("relu") if relu else last_map.removeprefix("conv")
        exactly = [i for i, name in enumerate(names) if name in (f"conv{wanted}", f"fc{wanted}")]
        found = exactly or [i for i, name in enumerate(names) if name.startswith(f"conv{wanted}_")]
        if not found or names[found[-1]] == "fc8":
            raise CourseError(
                f"There is no {relu!r} in this tower. There are: "
                + ", ".join("relu" + name.removeprefix("conv").removeprefix("fc") for name in names[:-1])
            )
        return found[-1] + 1

    def channels(self, stages):
        """Channels of what comes out of the first `stages` stages."""
        layer = self[stages - 1].layer
        return layer.out_channels if isinstance(layer, nn.Conv2d) else layer.out_features


def _vgg_names():
    """{module of the public VGG-16: our stage}: convolutions are numbered together with their ReLUs and pools."""
    names, number = {"classifier.0": "fc6", "classifier.3": "fc7", "classifier.6": "fc8", "fc_action": "fc8"}, 0
    for block, depth in enumerate(VGG_16, 1):
        for i in range(1, depth + 1):
            names[f"features.{number}"] = f"conv{block}_{i}"
            number += 2
        number += 1
    return names
