"""FlowNet 2: networks stacked on each other's warped images, an expert for small motions, and a network that fuses.

Eddy Ilg, Nikolaus Mayer, Tonmoy Saikia, Margret Keuper, Alexey Dosovitskiy, Thomas Brox, "FlowNet 2.0: Evolution of
Optical Flow Estimation with Deep Networks", CVPR 2017, arXiv:1612.01925.

A second network need not start from nothing. It is given the second image warped back with the first network's flow,
that flow, and how far the warped image is from the first one (Section 4): 12 channels instead of 6. FlowNet2-CSS is a
FlowNetC and two such FlowNetS. Beside it, `FlowNetSD` (3 x 3 kernels, no stride in its first layer) is trained on small
displacements, and `FlowNetFusion` gets both flows and decides (Section 5). Together 162,518,834 parameters.

Differences from the paper, and what decides correctness:
- the released Caffe network and NVIDIA's PyTorch version of it differ in three places, and so do their flows for the
  same weights; `convention` chooses, and each can be set alone:
  how the flow of the first two networks is enlarged four times ("corners" keeps corner on corner, "half-pixel" edge on
  edge), what the warp reads `outside` of the image ("cut": 0, "border": the border), and which `mean` is subtracted.
  Weights converted by NVIDIA are meant for NVIDIA's. (Caffe's own mean lies in its model file; ours is FlowNet 1.0's.)
- both flows that are fused are enlarged by repeating pixels; so is the last flow of a stack of three that stands alone,
  but not in mmflow.
- in the full network the small-displacement network's output is *divided* by 20, not multiplied: it was trained so.
  Alone, as variant "sd", it is multiplied like the others. mmflow trained all networks anew, and multiplies always.
- the fusion network's output is in pixels and at full resolution.
- thin variants (the paper's lower-case names) have 3/8 of the channels: `widths=THIN`.
- first weights are He's, biases 0.
"""

import re

import torch
from torch import nn
from torch.nn.functional import interpolate

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.models.flownet import MINI, SCALE, WIDTHS, FlowNetC, FlowNetS, preprocess
from course_lib.models.flownet2_inputs import Stage, fused_input, stacked_input
from course_lib.models.flownet2_layouts import our_weights
from course_lib.models.flownet2_networks import FlowNetFusion, FlowNetSD
from course_lib.models.published import load_published

THIN = tuple(3 * width // 8 for width in WIDTHS)  # s, ss, cs, css
CONVENTIONS = {
    "nvidia": {"upsampling": "half-pixel", "outside": "border", "mean": "pair"},
    "caffe": {"upsampling": "corners", "outside": "cut", "mean": "caffe"},
    "mmflow": {"upsampling": "half-pixel", "outside": "border", "mean": "none"},
}
NAMES = ("flownetc", "flownets", "flownets_1", "flownets_2", "flownets_d", "flownetfusion")  # NVIDIA's, plus flownets
STACKED = NAMES[2:4]


class FlowNet2(nn.Module):
    """A stack of networks, alone or with the small-displacement network and fusion.

    Args:
        variant: "full"; or "sd", the small-displacement network alone; or the stack, first network first: "c", "s",
            "cs", "ss", "css" or "sss", with "+sd" if the small-displacement network is fused in. "full" is "css+sd".
        convention: "nvidia", "caffe" or "mmflow"; it sets the three below.
        upsampling: "half-pixel" or "corners": how the first two flows are enlarged.
        outside: "border" or "cut" (or "zero"): see `ops.warp.warp`.
        mean: "pair", "caffe", "chairs" or "none": see `flownet.preprocess`.
        widths: channels, as for FlowNetS: WIDTHS, or THIN for the paper's lower-case variants.
        scale: what outputs of the stack are multiplied by to become pixels.
        residual: whether the output of a stacked network is *added* to the flow that it is given, and that of the
            fusion network to the stack's flow. As published they are not: these networks give the whole flow, and
            first have to learn to hand on what they were told.
    Raises:
        CourseError: if there is no such variant or convention.
    """

    def __init__(
        self,
        variant="full",
        convention="nvidia",
        *,
        upsampling=None,
        outside=None,
        mean=None,
        widths=WIDTHS,
        scale=SCALE,
        residual=False,
    ):
        super().__init__()
        self.variant, self.convention, self.residual = variant, convention, residual
        stack, fused = _parts(variant)
        if convention not in CONVENTIONS:
            raise CourseError(f'convention is {convention!r}, expected "nvidia", "caffe" or "mmflow".')
        self.upsampling, self.outside, self.mean = (
            given if given is not None else CONVENTIONS[convention][name]
            for name, given in (("upsampling", upsampling), ("outside", outside), ("mean", mean))
        )
        if self.upsampling not in ("half-pixel", "corners"):
            raise CourseError(f'upsampling is {self.upsampling!r}, expected "half-pixel" or "corners".')
        if stack.startswith("c"):
            self.flownetc = FlowNetC(widths=widths, redirected=widths[0] // 2, scale=scale)
        elif stack.startswith("s"):
            self.flownets = FlowNetS(widths=widths, scale=scale)
        for number in range(1, len(stack)):
            setattr(self, f"flownets_{number}", FlowNetS(12, widths=widths, scale=scale))
        if fused or not stack:
            divides = fused and convention != "mmflow"
            self.flownets_d = FlowNetSD(widths=widths, scale=1 / SCALE if divides else scale)
        if fused:
            self.flownetfusion = FlowNetFusion(widths=widths[:2])

    @classmethod
    def mini(cls, variant="ss", *, widths=MINI, scale=4.0, residual=True):
        """The same of small networks, for pictures of 48 x 64 and two CPU cores."""
        model = cls(variant, widths=widths, scale=scale, residual=residual)
        for name, made in (("flownetc", FlowNetC), ("flownets_d", FlowNetSD), ("flownetfusion", FlowNetFusion)):
            if hasattr(model, name):
                setattr(model, name, made.mini())
        return model

    @classmethod
    def from_published(cls, source, variant=None, convention=None, **settings):
        """FlowNet 2, or a part of it, with published weights.

        Args:
            source: path or state dict in NVIDIA's layout (FlowNet2_checkpoint.pth.tar and FlowNet2-C, -S, -SD, -CS,
                -CSS, -CSS-ft-sd) or in mmflow's (flownet2_8x1_....pth and its parts), or the path of a .caffemodel of
                the original release, or the state dict that `caffemodel.named_weights` makes of one. The latter two
                were trained on BGR images; first layers are turned, so that all take RGB.
            variant: read off the weights' names if None; to be given where they leave it open.
            convention: by default that of the code for which the weights are meant.
            settings: `upsampling`, `outside`, `mean`, `widths`.
        Raises:
            CourseError: names the keys that do not fit.
        """
        weights, found, meant = our_weights(source)
        model = cls(variant or found, convention or meant, **settings)
        load_published(model, weights)
        return model.eval()

    @property
    def names(self):
        """Names of the networks, in the order in which they run."""
        return [name for name in NAMES if hasattr(self, name)]

    def forward(self, pair):
        """Flow from the first image to the second.

        Args:
            pair: (B, 6, H, W), two RGB images one after the other, 0..1, of any size: they are stretched to what the
                halvings ask for (multiples of 64 at published size), and the flow back.
        Returns:
            (B, 2, H, W) in pixels.
        """
        check_shape(pair, "B 6 H W", "pair")
        height, width = pair.shape[2:]
        rows, columns = (-(-n // self.side) * self.side for n in (height, width))
        if (rows, columns) == (height, width):
            return self.stages(pair)[-1].flow
        pair = interpolate(pair, (rows, columns), mode="bilinear", align_corners=False)
        flow = interpolate(self.stages(pair)[-1].flow, (height, width), mode="bilinear", align_corners=False)
        return flow * flow.new_tensor([width / columns, height / rows]).view(2, 1, 1)

    def stages(self, pair):
        """What every network finds, in order: list of `Stage`.

        Args:
            pair: (B, 6, H, W), as for `forward`; H and W must be multiples of `side`.
        """
        images, found = self.prepare(pair), []
        for name in self.names:
            found.append(self.stage(name, images, found))
        return found

    def prepare(self, pair):
        """The images of (B, 6, H, W) minus their mean.

        Raises:
            ShapeError: if H or W is no multiple of `side`.
        """
        sizes = check_shape(pair, "B 6 H W", "pair")
        if sizes["H"] % self.side or sizes["W"] % self.side:
            raise ShapeError(
                f"pair has {sizes['H']} x {sizes['W']} pixels, expected multiples of {self.side}: stretch it, or call "
                "the network itself, which does so."
            )
        return preprocess(*pair.split(3, 1), mean=self.mean)

    @property
    def side(self):
        """What H and W must be multiples of."""
        return 2 ** (len(getattr(self, self.names[0]).deep) + 3)

    def stage(self, name, images, before):
        """Run one network on prepared images (B, 6, H, W) and the list of stages before it -> `Stage`."""
        flow = self.enlarge(name, getattr(self, name)(self.inputs(name, images, before))[0], images.shape[2:])
        start = self.start(name, before)
        flow = flow if start is None else start + flow
        return Stage(name, flow, images, self.outside)

    def inputs(self, name, images, before):
        """What the network `name` is given: (B, 6, 12 or 11, H, W). Arguments as for `stage`."""
        if name in STACKED:
            return stacked_input(before[-1], getattr(self, before[-1].name).scale)
        if name == "flownetfusion":
            large, small = before[-2:]
            return fused_input(small, large)
        return images

    def start(self, name, before):
        """The flow to which the output of network `name` is added, or None. before: the stages that ran before it."""
        if self.residual and (name in STACKED or name == "flownetfusion"):
            return before[-1 if name in STACKED else -2].flow
        return None

    def enlarge(self, name, flow, size):
        """A network's finest output (B, 2, H/4, W/4) as pixels at full resolution (B, 2, H, W)."""
        flow = flow * getattr(self, name).scale
        if flow.shape[2:] == size:
            return flow
        stack, fused = _parts(self.variant)
        last = self.names[len(stack) - 1] if stack else ""
        stands_last = name == "flownets_2" and self.convention != "mmflow"
        if stands_last or (fused and name in (last, "flownets_d")):
            return interpolate(flow, size, mode="nearest")
        return interpolate(flow, size, mode="bilinear", align_corners=self.upsampling == "corners")


def begin_as(stacked, first):
    """Give a stacked network the weights of the network before it, so that it need not learn to compare anew.

    Where `first` looked at the second image, `stacked` looks at the *warped* second image; its other six channels begin
    with weight 0. With `residual`, the stack then begins as one network that is asked twice.

    Args:
        stacked: FlowNetS of 12 channels. first: FlowNetS of 6 channels and the same widths.
    """
    weights = {key: value.clone() for key, value in first.state_dict().items()}
    looks = torch.zeros_like(stacked.conv1[0].weight)  # (D, 12, 7, 7)
    looks[:, :3], looks[:, 6:9] = weights["conv1.0.weight"].split(3, 1)
    stacked.load_state_dict(weights | {"conv1.0.weight": looks})


def _parts(variant):
    """("css", True) from "full" or "css+sd": the stack, and whether the small-displacement network is fused in."""
    stack, plus, rest = ("css+sd" if variant == "full" else str(variant)).partition("+")
    if variant == "sd":
        return "", False
    if not re.fullmatch(r"[cs]s{0,2}", stack) or (plus and rest != "sd"):
        raise CourseError(
            f'variant is {variant!r}, expected "full", "sd", or a stack such as "c", "s", "cs", "ss" or "css", with '
            '"+sd" if the small-displacement network is fused in.'
        )
    return stack, bool(plus)
