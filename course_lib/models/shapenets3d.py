"""3D ShapeNets as a classifier: three 3D convolutions on a grid of 30^3 voxels.

Zhirong Wu, Shuran Song, Aditya Khosla, Fisher Yu, Linguang Zhang, Xiaoou Tang, Jianxiong Xiao, "3D ShapeNets: A Deep
Representation for Volumetric Shapes", CVPR 2015, arXiv:1406.5670. 16,094,408 parameters for 40 classes.

Differences from the paper: there it is a convolutional deep belief network of stochastic binary units, trained layer by
layer, whose top layer of 4,000 units sees the label as well. Here the same layers are a feed-forward network with
sigmoid units and a softmax of its own, trained as one. No layer pools.
"""

from torch import nn

from course_lib.errors import check_shape

SIDE = 30  # voxels: a shape of 24 in a border of 3
LAYERS = ((48, 6, 2), (160, 5, 2), (512, 4, 1))  # channels, kernel, stride: 30 -> 13 -> 5 -> 2
HIDDEN = (1200, 4000)


class ShapeNets3D(nn.Module):
    """Scores of a grid of voxels.

    Args:
        num_classes: K. layers: (channels, kernel, stride) of each convolution. hidden: fully connected units.
        side: voxels along each axis. unit: between layers; the paper's are sigmoids.
    """

    def __init__(self, num_classes=40, *, layers=LAYERS, hidden=HIDDEN, side=SIDE, unit=nn.Sigmoid):
        super().__init__()
        convs, channels = [], 1
        for width, kernel, stride in layers:
            convs += [nn.Conv3d(channels, width, kernel, stride), unit()]
            channels, side = width, (side - kernel) // stride + 1
        self.convs = nn.Sequential(*convs)
        units = [channels * side**3, *hidden]
        tail = [part for i, width in enumerate(hidden) for part in (nn.Linear(units[i], width), unit())]
        self.head = nn.Sequential(nn.Flatten(), *tail, nn.Linear(units[-1], num_classes))

    @classmethod
    def mini(cls, num_classes):
        """For 14^3 voxels; rectified units, which learn in a few steps what sigmoids need thousands for."""
        return cls(num_classes, layers=((8, 4, 2), (16, 3, 1)), hidden=(32,), side=14, unit=nn.ReLU)

    def forward(self, voxels):
        """(B, 1, D, H, W), 1 for filled and 0 for empty -> (B, K)."""
        check_shape(voxels, "B 1 D H W", "voxels")
        return self.head(self.convs(voxels.float()))
