"""Graph convolution: a vertex's new features from its own and the sum of its neighbours'.

    f'_i = W_0 f_i + sum over j in N(i) of W_1 f_j

as in Pixel2Mesh (Wang et al. 2018, Eq. 1) and Mesh R-CNN (Gkioxari et al. 2019, Section 3.2): the same two matrices
for all vertices, whatever their number of neighbours. As in PyTorch3D, whose weights it can hold, both have a bias,
so that W_1's counts once per neighbour.
"""

import torch
from torch import nn

from course_lib.errors import ShapeError
from course_lib.ops.meshes import neighbours


class GraphConv(nn.Module):
    """One such layer, for one mesh, a batch that shares its edges, or several meshes joined into one graph.

    Args:
        in_features, out_features: D and D'.
    """

    def __init__(self, in_features, out_features):
        super().__init__()
        self.w0, self.w1 = nn.Linear(in_features, out_features), nn.Linear(in_features, out_features)
        for layer in (self.w0, self.w1):  # small at first, as the public code begins
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, features, edges):
        """Features (V, D) or (B, V, D), edges (E, 2) of vertex numbers, each once -> (V, D') or (B, V, D').

        Raises:
            ShapeError: if an edge names a vertex that is not there.
        """
        if len(edges) and int(edges.max()) >= features.shape[-2]:
            raise ShapeError(
                f"edges name vertex {int(edges.max())}, but features has rows for {features.shape[-2]} only."
            )
        receivers, senders = neighbours(edges)
        messages = self.w1(features)
        return self.w0(features).index_add(-2, receivers, messages[..., senders, :])


def graph_conv_reference(features, edges, w0, w1, b0, b1):
    """`GraphConv` with loops: (V, D), list of pairs, two matrices (D', D), two biases (D',) -> (V, D')."""
    rows = []
    for i, own in enumerate(features):
        row = w0 @ own + b0
        for a, b in edges:
            if i in (a, b):
                row = row + w1 @ features[b if i == a else a] + b1
        rows.append(row)
    return torch.stack(rows)
