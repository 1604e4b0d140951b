from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.models.graph_conv import GraphConv, graph_conv_reference

DATA = {
    key: torch.tensor(array) for key, array in np.load(Path(__file__).parents[1] / "fixtures/graphconv.npz").items()
}


def layer():
    conv = GraphConv(5, 7)
    conv.load_state_dict({key.removeprefix("param_"): value for key, value in DATA.items() if key.startswith("param_")})
    return conv


def test_equal_to_the_public_reference_and_to_the_loops():
    conv, features = layer(), DATA["feats"].clone().requires_grad_()
    out = conv(features, DATA["edges"])
    assert torch.allclose(out, DATA["out_undirected"], atol=1e-5)
    loops = graph_conv_reference(
        features, DATA["edges"].tolist(), conv.w0.weight, conv.w1.weight, conv.w0.bias, conv.w1.bias
    )
    assert torch.allclose(out, loops, atol=1e-5)
    (out**2).sum().backward()
    assert torch.allclose(features.grad, DATA["grad_feats_of_sumsq"], rtol=1e-4, atol=1e-4)


def test_batches_that_share_their_edges():
    conv, features = layer(), torch.randn(3, 42, 5)
    assert torch.allclose(conv(features, DATA["edges"])[1], conv(features[1], DATA["edges"]), atol=1e-6)


def test_a_vertex_without_neighbours_keeps_to_itself():
    conv, features = layer(), torch.randn(4, 5)
    assert torch.allclose(conv(features, torch.tensor([[0, 1]]))[3], conv.w0(features[3]), atol=1e-6)
    assert torch.allclose(conv(features, torch.zeros(0, 2, dtype=torch.long)), conv.w0(features), atol=1e-6)


def test_errors():
    with pytest.raises(ShapeError, match="vertex 4"):
        layer()(torch.randn(4, 5), torch.tensor([[0, 4]]))
