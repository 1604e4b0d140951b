"""FlowNet: two networks that learn optical flow from examples, end to end.

Alexey Dosovitskiy, Philipp Fischer, Eddy Ilg, Philip Häusser, Caner Hazırbaş, Vladimir Golkov, Patrick van der Smagt,
Daniel Cremers, Thomas Brox, "FlowNet: Learning Optical Flow with Convolutional Networks", ICCV 2015, arXiv:1504.06852.

`FlowNetS` stacks the two images and lets plain convolutions find out how to compare them: 38,676,506 parameters.
`FlowNetC` makes a feature map of each image and compares the two with a correlation layer: 39,175,298 parameters.
Both shrink the picture six times by two, and a `Refinement` brings the flow back to a quarter of its size.

Differences from the paper, and what decides correctness:
- every convolution and upconvolution is followed by LeakyReLU with slope 0.1, as in the released code; the paper says
  ReLU. Nothing follows the layers that predict or upsample flow. The correlation is followed by a LeakyReLU too.
- there is no pooling: convolutions of stride 2 shrink, transposed ones of stride 2 enlarge ("upconvolution").
- the networks give flow / 20 at a quarter of the resolution, in pixels of the full picture. See `estimate`.
- the released networks differ in biases: NVIDIA's FlowNetS has none in the layers that upsample flow, its FlowNetC has;
  ClementPinard's have none in the whole refinement. With batch normalisation, convolutions before it have none.
- a picture whose sides are no multiples of 64 makes upconvolutions one row or column too large; they are cut to fit.
"""

import torch
from torch import nn
from torch.nn.functional import interpolate, leaky_relu, normalize

from course_lib.errors import CourseError, check_shape
from course_lib.models.flownet_layouts import our_weights
from course_lib.models.published import load_published
from course_lib.ops.correlation import correlation

SCALE = 20.0  # the networks predict flow / 20: then outputs and first weights are of like size
SLOPE = 0.1  # of LeakyReLU, for negative numbers
SIDE = 64  # a picture shrinks six times by two
WIDTHS = (64, 128, 256, 512, 512, 1024)  # channels of conv1 ... conv6
MINI = (16, 24, 32, 48)
RGB_MEAN = (0.411, 0.432, 0.45)  # R, G, B over FlyingChairs, of intensities in 0..1
CAFFE_MEANS = ((0.450141, 0.432060, 0.411451), (0.448553, 0.431021, 0.410602))  # R, G, B of first and second images


def conv(inputs, outputs, kernel=3, stride=1, norm=False):
    """Convolution, batch normalisation if wanted, LeakyReLU."""
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=not norm)]
    return nn.Sequential(*layers, *([nn.BatchNorm2d(outputs)] if norm else []), nn.LeakyReLU(SLOPE))


def deconv(inputs, outputs, bias=True):
    """Upconvolution: twice the rows and columns, LeakyReLU."""
    return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias), nn.LeakyReLU(SLOPE))


def predict_flow(inputs, bias=True):
    """The flow that a feature map knows of: (B, C, H, W) -> (B, 2, H, W)."""
    return nn.Conv2d(inputs, 2, 3, padding=1, bias=bias)


def upsampled_flow(bias=True):
    """Flow of twice the size, by learned weights: (B, 2, H, W) -> (B, 2, 2 H, 2 W)."""
    return nn.ConvTranspose2d(2, 2, 4, 2, 1, bias=bias)


def cut_to(x, other):
    """The upper left part of x that has the rows and columns of `other`."""
    return x[:, :, : other.shape[2], : other.shape[3]]


class Refinement(nn.Module):
    """From the coarsest map back to a quarter of the resolution (Section 3, Figure 3).

    At each step the flow so far and the features are made twice as large, and stacked with the map of that size that
    the contracting part left: [skip, upconvolved features, upsampled flow].

    Args:
        skips: channels of the maps, from fine to coarse; the last one is where refinement starts.
        ups: channels of the upconvolutions, from fine to coarse.
        bias: whether upconvolutions and predictions have one. upsampled_bias: whether the upsampling of flow has.
        inter: whether a convolution without activation stands before each prediction but the first, as in FlowNet 2's
            network for small motions.
    """

    def __init__(self, skips, ups, *, bias=True, upsampled_bias=False, inter=False):
        super().__init__()
        widths = [skips[-1]] + [skip + up + 2 for skip, up in zip(skips[-2::-1], ups[::-1], strict=True)]
        outputs = ups[::-1]
        self.deconv = nn.ModuleList(deconv(w, up, bias) for w, up in zip(widths, outputs, strict=False))
        self.upsample = nn.ModuleList(upsampled_flow(upsampled_bias) for _ in outputs)
        pairs = zip(widths[1:], outputs, strict=True)
        self.inter = nn.ModuleList(nn.Conv2d(w, up, 3, padding=1) for w, up in pairs) if inter else None
        self.predict = nn.ModuleList(predict_flow(w, bias) for w in [widths[0], *(outputs if inter else widths[1:])])

    def forward(self, maps):
        """Maps from fine to coarse, each (B, C, H, W) -> tuple of flows from fine to coarse, each (B, 2, H, W)."""
        *skips, x = maps
        flows = [self.predict[0](x)]
        for i, skip in enumerate(reversed(skips)):
            enlarged, flow = self.deconv[i](x), self.upsample[i](flows[-1])
            x = torch.cat([skip, cut_to(enlarged, skip), cut_to(flow, skip)], 1)
            flows.append(self.predict[i + 1](self.inter[i](x) if self.inter else x))
        return tuple(reversed(flows))


def shrinking(widths, norm=False):
    """conv4, conv4_1, conv5 ...: one pair of convolutions for each halving after the first of `widths`."""
    pairs = zip(widths, widths[1:], strict=False)
    return nn.ModuleList(nn.Sequential(conv(a, b, stride=2, norm=norm), conv(b, b, norm=norm)) for a, b in pairs)


class FlowNetS(nn.Module):
    """FlowNetSimple: the two images, stacked, through one network.

    Args:
        channels: 6 for two RGB images; 12 where FlowNet 2 adds a warped image, a flow and an error.
        norm: batch normalisation after every convolution of the contracting part.
        widths: channels of conv1 to conv6; fewer numbers make a network that shrinks the picture less often.
        bias, upsampled_bias: of the refinement, see `Refinement`.
        scale: what the outputs are multiplied by to become pixels.
    """

    def __init__(self, channels=6, norm=False, *, widths=WIDTHS, bias=True, upsampled_bias=False, scale=SCALE):
        super().__init__()
        w1, w2, w3, *_ = _checked(widths)
        self.conv1 = conv(channels, w1, 7, 2, norm)
        self.conv2 = conv(w1, w2, 5, 2, norm)
        self.conv3 = conv(w2, w3, 5, 2, norm)
        self.conv3_1 = conv(w3, w3, norm=norm)
        self.deep = shrinking(widths[2:], norm)
        self.refinement = Refinement(widths[1:], widths[:-2], bias=bias, upsampled_bias=upsampled_bias)
        self.scale = scale
        self.apply(first_weights)

    @classmethod
    def mini(cls, channels=6, *, norm=False, widths=MINI, scale=4.0):
        """Four halvings and few channels: for pictures of 48 x 64 and two CPU cores. Motions there are smaller."""
        return cls(channels, norm, widths=widths, scale=scale)

    @classmethod
    def from_published(cls, source):
        """FlowNetS with published weights: channels, normalisation and biases are read off the checkpoint.

        Args:
            source: path or state dict of NVIDIA's or ClementPinard's layout (`conv1.0.weight` ...) or of mmflow's
                (`encoder.layers.0.layers.0.conv.weight` ...), or the path of a .caffemodel. All are made to take RGB:
                the latter two were trained on BGR. `preprocess` says which mean each of them expects.
        Raises:
            CourseError: names the keys that do not fit.
        """
        return _filled(cls, *our_weights(source))

    def forward(self, images):
        """Flow at several scales.

        Args:
            images: (B, 6, H, W): what `preprocess` makes of two images.
        Returns:
            tuple of (B, 2, H/4, W/4), (B, 2, H/8, W/8) ... (B, 2, H/64, W/64): flow2 to flow6. Times `scale` they are
            pixels of the full picture.
        """
        check_shape(images, "B C H W", "images")
        maps = [self.conv2(self.conv1(images))]
        maps.append(self.conv3_1(self.conv3(maps[0])))
        for pair in self.deep:
            maps.append(pair(maps[-1]))
        return self.refinement(maps)


class Correlation(nn.Module):
    """The correlation layer: two maps (B, C, H, W) -> (B, D * D, H, W), dx fastest. It has no weights.

    Args:
        displacement, stride: the longest displacement along an axis, and pixels from one to the next.
        cosine: scales features to length sqrt(C) before, so that the correlation is the cosine of their angle.
    """

    def __init__(self, displacement=20, stride=2, cosine=False):
        super().__init__()
        self.displacement, self.stride_2, self.cosine = displacement, stride, cosine

    def forward(self, first, second):
        if self.cosine:
            first, second = (normalize(x, dim=1) * x.shape[1] ** 0.5 for x in (first, second))
        return correlation(first, second, max_displacement=self.displacement, stride_2=self.stride_2)


class FlowNetC(nn.Module):
    """FlowNetCorr: the same three convolutions for each image, a correlation of the two maps, and then as FlowNetS.

    Args:
        norm, widths, bias, scale: as for `FlowNetS`. upsampled_bias: the released FlowNetC has these biases.
        redirected: channels of conv_redir, which hands on features of the first image beside the correlation.
        displacement, stride: of the correlation, in pixels of maps at 1/8 of the resolution: 21 x 21 channels.
        cosine: see `Correlation`. Without, the products of a fresh network are tiny and a short training does not find
            out what they are good for.
    """

    def __init__(
        self,
        norm=False,
        *,
        widths=WIDTHS,
        redirected=32,
        displacement=20,
        stride=2,
        cosine=False,
        bias=True,
        upsampled_bias=True,
        scale=SCALE,
    ):
        super().__init__()
        w1, w2, w3, *_ = _checked(widths)
        self.scale = scale
        self.conv1 = conv(3, w1, 7, 2, norm)
        self.conv2 = conv(w1, w2, 5, 2, norm)
        self.conv3 = conv(w2, w3, 5, 2, norm)
        self.compare = Correlation(displacement, stride, cosine)
        self.conv_redir = conv(w3, redirected, 1, 1, norm)
        self.conv3_1 = conv(redirected + (2 * (displacement // stride) + 1) ** 2, w3, norm=norm)
        self.deep = shrinking(widths[2:], norm)
        self.refinement = Refinement(widths[1:], widths[:-2], bias=bias, upsampled_bias=upsampled_bias)
        self.apply(first_weights)

    @classmethod
    def mini(cls, *, norm=False, widths=MINI, displacement=2, scale=4.0):
        """As `FlowNetS.mini`, with every displacement up to `displacement` cells of 8 pixels, and cosines."""
        return cls(norm, widths=widths, redirected=16, displacement=displacement, stride=1, cosine=True, scale=scale)

    @classmethod
    def from_published(cls, source):
        """FlowNetC with published weights; see `FlowNetS.from_published`.

        mmflow does not divide the correlation by the number of channels; its weights of conv3_1 are multiplied instead.
        """
        return _filled(cls, *our_weights(source))

    def features(self, image):
        """What is compared: (B, 3, H, W) -> conv2 (B, 128, H/4, W/4) and conv3 (B, 256, H/8, W/8)."""
        conv2 = self.conv2(self.conv1(image))
        return conv2, self.conv3(conv2)

    def forward(self, images):
        """(B, 6, H, W) -> flow2 to flow6, as `FlowNetS`."""
        check_shape(images, "B 6 H W", "images")
        conv2, conv3 = self.features(images[:, :3])
        redirected = self.conv_redir(conv3)
        _, other = self.features(images[:, 3:])
        volume = leaky_relu(self.compare(conv3, other), SLOPE)
        maps = [conv2, self.conv3_1(torch.cat([redirected, volume], 1))]
        for pair in self.deep:
            maps.append(pair(maps[-1]))
        return self.refinement(maps)


def from_published(source):
    """FlowNetS or FlowNetC, whichever a published file holds; see `FlowNetS.from_published`."""
    weights, facts = our_weights(source)
    correlated = any(key.startswith("conv_redir.") for key in weights)
    return _filled(FlowNetC if correlated else FlowNetS, weights, facts)


def _filled(model, weights, facts):
    if model is FlowNetC:
        facts = {name: value for name, value in facts.items() if name != "channels"}  # it takes one image at a time
    network = model(**facts)
    load_published(network, weights)
    return network.eval()


def first_weights(module):
    """He's initial weights for LeakyReLU, zero biases. For `network.apply(first_weights)`."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(module.weight, SLOPE)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def preprocess(image1, image2, mean="pair"):
    """Two images as the networks take them.

    Args:
        image1, image2: (B, 3, H, W), RGB, 0..1.
        mean: what is subtracted. "pair": each channel's mean over both images, as NVIDIA's code; "chairs": the mean of
            FlyingChairs, as ClementPinard's inference; "caffe": FlowNet 1.0's means of first and second images;
            "none": nothing, as mmflow.
    Returns:
        (B, 6, H, W).
    """
    if check_shape(image1, "B 3 H W", "image1") != check_shape(image2, "B 3 H W", "image2"):
        raise CourseError(f"image1 has shape {tuple(image1.shape)}, image2 {tuple(image2.shape)}: they must be equal.")
    if mean == "pair":
        one = torch.stack([image1, image2]).mean((0, 3, 4))[:, :, None, None]  # (B, 3, 1, 1)
        means = one, one
    elif mean in ("chairs", "caffe"):
        numbers = (RGB_MEAN, RGB_MEAN) if mean == "chairs" else CAFFE_MEANS
        means = (image1.new_tensor(three).view(3, 1, 1) for three in numbers)
    elif mean == "none":
        means = 0.0, 0.0
    else:
        raise CourseError(f'mean is {mean!r}, expected "pair", "chairs", "caffe" or "none".')
    return torch.cat([image - one for image, one in zip((image1, image2), means, strict=True)], 1)


@torch.no_grad()
def estimate(network, image1, image2, mean="pair", side=None):
    """Flow in pixels at full resolution, for pictures of any size.

    The pictures are stretched to multiples of `side`; the finest flow is multiplied by the network's scale, enlarged
    bilinearly, and its u and v shrink as the columns and rows do on the way back.

    Args:
        network: FlowNetS, FlowNetC or one like them, with `scale`.
        image1, image2: (B, 3, H, W), RGB, 0..1.
        mean: see `preprocess`.
        side: by default what the network's halvings ask for, 64 at published size.
    Returns:
        (B, 2, H, W): u (right), v (down).
    """
    images = preprocess(image1, image2, mean)
    height, width = images.shape[2:]
    side = side or 2 ** (len(network.deep) + 3)
    rows, columns = (-(-n // side) * side for n in (height, width))
    if (rows, columns) != (height, width):
        images = interpolate(images, (rows, columns), mode="bilinear", align_corners=False)
    was_training = network.training
    flow = network.scale * network.eval()(images)[0].float()
    network.train(was_training)
    flow = interpolate(flow, (height, width), mode="bilinear", align_corners=False)
    return flow * flow.new_tensor([width / columns, height / rows]).view(2, 1, 1)


def _checked(widths):
    if len(widths) < 4:
        raise CourseError(f"widths is {tuple(widths)}, expected at least four numbers: conv1, conv2, conv3, conv4 ...")
    return widths
