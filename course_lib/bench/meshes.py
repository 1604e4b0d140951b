"""A graph convolution of Pixel2Mesh on its finest mesh, as a sparse product, beside torch's dense product."""

import torch

from course_lib.bench.runner import Skip, row
from course_lib.timing import alternate

BATCH, WIDTH = 4, 256


@row("graph convolution, 2466 vertices, 256 features, 4 meshes, CPU", peer="torch, dense matrix")
def graph_cpu(rounds):
    return _graph("cpu", rounds)


@row("graph convolution, 2466 vertices, 256 features, 4 meshes, GPU", peer="torch, dense matrix")
def graph_gpu(rounds):
    if not torch.cuda.is_available():
        raise Skip("needs a CUDA device")
    return _graph("cuda", rounds)


@torch.no_grad()
def _graph(device, rounds):
    """One layer of the last block, forward. The note says how large the two matrices are."""
    from course_lib.models.pixel2mesh import ChebyshevConv, Pixel2Mesh

    torch.manual_seed(0)
    sparse = Pixel2Mesh.mini().laplacian2.to(device)
    dense, layer = sparse.to_dense(), ChebyshevConv(WIDTH, WIDTH).to(device)
    features = torch.randn(BATCH, len(dense), WIDTH, device=device)

    def ours():
        with torch.no_grad():
            layer(features, sparse)

    def peer():
        with torch.no_grad():
            layer.own(features) + dense @ layer.around(features)

    entries = len(sparse.values())
    return *alternate(ours, peer, rounds), f"{entries:,} entries that are not 0, of {dense.numel():,}"
