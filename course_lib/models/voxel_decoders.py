"""From a picture to voxels, with 3D convolutions or with voxel tubes.

A 2D network turns the picture into a code. Then either a small grid of features grows by 3D deconvolutions, as in the
decoder of Choy et al. 2016 (ECCV, arXiv:1604.00449); or a small *map* grows by 2D deconvolutions, and the channels of
the last layer are read as depth: a tube of voxels behind each pixel. Tubes are the voxel decoder of Richter and Roth
(CVPR 2018, arXiv:1804.10975) and the voxel branch of Mesh R-CNN (ICCV 2019, arXiv:1906.02739).

The 3D decoder of a code of 256 has the layers, and the 5,372,161 parameters, of the plain stand-in for 3D-R2N2 with
which Occupancy Networks (CVPR 2019) compared. The 2D one is the same with an axis less. The encoder is our own.
"""

from torch import nn
from torch.nn.functional import relu

from course_lib.errors import CourseError, check_shape

WIDTHS = (256, 128, 64, 32)
START = 4  # cells along each axis where the decoder begins


class VoxelDecoder(nn.Module):
    """Logits of voxels from a code.

    Args:
        code: numbers of a code. widths: channels at the start and after each deconvolution, each of which doubles the
            number of cells. tubes: 2D layers whose last channels are the voxels along z, instead of 3D layers.
    Attributes:
        side: voxels along each axis.
    """

    def __init__(self, code=256, widths=WIDTHS, *, tubes=False):
        super().__init__()
        self.tubes, self.side = tubes, START * 2 ** (len(widths) - 1)
        deconv, conv = (nn.ConvTranspose2d, nn.Conv2d) if tubes else (nn.ConvTranspose3d, nn.Conv3d)
        axes = 2 if tubes else 3
        self.start = (widths[0],) + (START,) * axes
        self.fc = nn.Linear(code, widths[0] * START**axes)
        self.deconvs = nn.ModuleList(
            deconv(before, width, 3, stride=2, padding=1, output_padding=1)
            for before, width in zip(widths, widths[1:], strict=False)
        )
        self.out = conv(widths[-1], self.side if tubes else 1, 1)
        _start_large(self)
        nn.init.constant_(self.out.bias, -2.0)  # most of space is empty

    def forward(self, code):
        """(B, code) -> logits (B, D, H, W) along z, y, x."""
        check_shape(code, "B C", "code")
        features = self.fc(code).unflatten(1, self.start)
        for layer in self.deconvs:
            features = layer(relu(features))
        logits = self.out(relu(features))
        return logits if self.tubes else logits[:, 0]


class PictureEncoder(nn.Module):
    """A code from a picture: convolutions that halve it, then one fully connected layer.

    Args:
        code: numbers of the code. widths: of each convolution. side: rows and columns of a picture.
    """

    def __init__(self, code=256, widths=(64, 128, 256, 512), *, side=112):
        super().__init__()
        self.side, layers = side, []
        for before, width in zip((3, *widths), widths, strict=False):
            layers += [nn.Conv2d(before, width, 3, stride=2, padding=1), nn.ReLU()]
            side = (side + 1) // 2
        self.convs = nn.Sequential(*layers)
        self.fc = nn.Linear(widths[-1] * side**2, code)
        _start_large(self)

    def forward(self, pictures):
        """(B, 3, side, side) in 0..1 -> (B, code)"""
        sizes = check_shape(pictures, "B 3 H W", "pictures")
        if (sizes["H"], sizes["W"]) != (self.side, self.side):
            raise CourseError(
                f"pictures are {sizes['H']} x {sizes['W']}, expected {self.side} x {self.side}: resize them first."
            )
        return self.fc(self.convs(pictures - 0.5).flatten(1))


class PictureToVoxels(nn.Module):
    """One picture to logits of voxels.

    Args:
        tubes: 2D layers all the way. code: numbers between encoder and decoder. encoder, decoder: widths of the two.
        side: of the pictures.
    """

    def __init__(self, *, tubes=False, code=256, encoder=(64, 128, 256, 512), decoder=WIDTHS, side=112):
        super().__init__()
        self.encoder = PictureEncoder(code, encoder, side=side)
        self.decoder = VoxelDecoder(code, decoder, tubes=tubes)

    @classmethod
    def mini(cls, *, tubes=False):
        """For pictures of 32 x 32 and 16^3 voxels. Tubes may be wider: they still cost a third."""
        decoder = (48, 32, 24) if tubes else (32, 16, 12)
        return cls(tubes=tubes, code=48, encoder=(12, 24, 32), decoder=decoder, side=32)

    def forward(self, pictures):
        """(B, 3, side, side) in 0..1 -> logits (B, D, H, W) along z, y, x."""
        return self.decoder(self.encoder(pictures))


def _start_large(network):
    """He's rule for every layer: from torch's own start, what a picture says fades away within ten layers."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        elif isinstance(layer, nn.ConvTranspose2d | nn.ConvTranspose3d):
            taps = (layer.kernel_size[0] / layer.stride[0]) ** len(layer.stride)  # that meet in one output, on average
            nn.init.normal_(layer.weight, std=(2 / (layer.in_channels * taps)) ** 0.5)


def voxel_iou(filled, truth):
    """Intersection over union of each pair of solids.

    Args:
        filled, truth: (B, D, H, W) bool.
    Returns:
        (B,), 1 where both are empty.
    """
    both = (filled & truth).flatten(1).sum(1)
    either = (filled | truth).flatten(1).sum(1)
    return (both / either.clamp(min=1)).masked_fill(either == 0, 1.0)
