"""The triplet loss beside torch's, forward and backward, and the mining of a batch beside the loss itself."""

import torch
from torch.nn.functional import triplet_margin_loss

from course_lib.bench.runner import Skip, row
from course_lib.ops.metric_losses import choose_triplets, triplet
from course_lib.timing import alternate

TRIPLETS, DIMENSIONS = 20_000, 128
CLASSES, EACH = 20, 20  # of the batch that is mined


@row("triplet loss of 20,000 triplets of 128 numbers, forward and backward, CPU", peer="torch triplet_margin_loss")
def triplet_cpu(rounds):
    return _triplet("cpu", rounds)


@row("triplet loss of 20,000 triplets of 128 numbers, forward and backward, GPU", peer="torch triplet_margin_loss")
def triplet_gpu(rounds):
    if not torch.cuda.is_available():
        raise Skip("needs a CUDA device")
    return _triplet("cuda", rounds)


def _triplet(device, rounds):
    """Plain distances on both sides. The note says how long choosing one semi-hard negative per pair takes."""
    generator = torch.Generator().manual_seed(0)
    three = [torch.randn(TRIPLETS, DIMENSIONS, generator=generator).to(device).requires_grad_() for _ in range(3)]
    batch = torch.randn(CLASSES * EACH, DIMENSIONS, generator=generator).to(device)
    labels = torch.arange(CLASSES, device=device).repeat_interleave(EACH)

    def ours():
        triplet(*three, squared=False).backward()

    def peer():
        triplet_margin_loss(*three).backward()

    def mine():
        choose_triplets(batch, labels)

    mining, _ = alternate(ours, mine, rounds)
    return *alternate(ours, peer, rounds), f"mining a batch of {CLASSES} x {EACH}: {1000 * mining:.1f} ms"
