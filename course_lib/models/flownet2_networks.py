"""The two networks that FlowNet 2 has beside its stack: the expert for small displacements, and the one that fuses.

Section 5 of Ilg et al. 2017; see `course_lib.models.flownet2`, which puts them together.
"""

from torch import nn

from course_lib.errors import check_shape
from course_lib.models.flownet import SCALE, WIDTHS, Refinement, conv, first_weights, shrinking
from course_lib.models.flownet2_layouts import our_weights
from course_lib.models.published import load_published


class FlowNetSD(nn.Module):
    """The expert for small displacements: FlowNetS with 3 x 3 kernels, whose first layer keeps the resolution.

    Args:
        widths: channels of conv1 to conv6, as for FlowNetS.
        scale: what the outputs are multiplied by to become pixels: 20 alone, 1/20 inside of FlowNet 2.
    """

    def __init__(self, *, widths=WIDTHS, scale=SCALE):
        super().__init__()
        w1, w2, w3, *_ = widths
        self.conv0 = conv(6, w1)
        self.conv1 = conv(w1, w1, stride=2)
        self.conv1_1 = conv(w1, w2)
        self.conv2 = conv(w2, w2, stride=2)
        self.conv2_1 = conv(w2, w2)
        self.conv3 = conv(w2, w3, stride=2)
        self.conv3_1 = conv(w3, w3)
        self.deep = shrinking(widths[2:])
        self.refinement = Refinement(widths[1:], widths[:-2], upsampled_bias=True, inter=True)
        self.scale = scale
        self.apply(first_weights)

    @classmethod
    def mini(cls, widths=(8, 16, 24, 32), scale=1.0):
        """For pictures of 48 x 64 and two CPU cores; `scale` fits motions below a pixel."""
        return cls(widths=widths, scale=scale)

    @classmethod
    def from_published(cls, source):
        """FlowNetSD with published weights: `FlowNet2.from_published` says which files, this is its variant "sd"."""
        weights, _, _ = our_weights(source)
        model = cls()
        load_published(model, {key.removeprefix("flownets_d."): value for key, value in weights.items()})
        return model.eval()

    def forward(self, images):
        """(B, 6, H, W), what `flownet.preprocess` makes -> tuple of flow2 to flow6, as `FlowNetS`, finest first."""
        check_shape(images, "B 6 H W", "images")
        maps = [self.conv2_1(self.conv2(self.conv1_1(self.conv1(self.conv0(images)))))]
        maps.append(self.conv3_1(self.conv3(maps[0])))
        for pair in self.deep:
            maps.append(pair(maps[-1]))
        return self.refinement(maps)


class FlowNetFusion(nn.Module):
    """From two flows to one (Section 5): a small network at full resolution, for details and clear borders.

    Args:
        widths: channels of conv0 and conv1, and of the rest: 64 and 128.
    """

    def __init__(self, *, widths=WIDTHS[:2]):
        super().__init__()
        w0, w1 = widths
        self.conv0 = conv(11, w0)
        self.conv1 = conv(w0, w0, stride=2)
        self.conv1_1 = conv(w0, w1)
        self.conv2 = conv(w1, w1, stride=2)
        self.conv2_1 = conv(w1, w1)
        self.refinement = Refinement((w0, w1, w1), (w0 // 4, w0 // 2), upsampled_bias=True, inter=True)
        self.scale = 1.0  # its output is in pixels
        self.apply(first_weights)

    @classmethod
    def mini(cls, widths=(8, 16)):
        """For pictures of 48 x 64 and two CPU cores. Its first output is 0: where it is added to a flow, that flow."""
        model = cls(widths=widths)
        for layer in model.refinement.predict:
            nn.init.zeros_(layer.weight)
        return model

    def forward(self, inputs):
        """(B, 11, H, W) from `fusion_input` -> flows (B, 2, H, W), (B, 2, H/2, W/2), (B, 2, H/4, W/4), in pixels."""
        check_shape(inputs, "B 11 H W", "inputs")
        conv0 = self.conv0(inputs)
        conv1 = self.conv1_1(self.conv1(conv0))
        return self.refinement([conv0, conv1, self.conv2_1(self.conv2(conv1))])
