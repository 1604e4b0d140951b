"""Parts of trackers beside what torch has for them."""

import torch
from torch.nn.functional import local_response_norm

from course_lib.bench.runner import row
from course_lib.timing import alternate


@row("response normalisation of MDNet's conv1, 64 crops, CPU", peer="torch local_response_norm")
def response_normalisation(rounds):
    from course_lib.models.mdnet import LRN, response_norm

    channels, alpha, k = LRN["py-mdnet"]
    x = torch.randn(64, 96, 51, 51)

    def peer():
        return local_response_norm(x, channels, alpha * channels, 0.75, k)

    return *alternate(lambda: response_norm(x, "py-mdnet"), peer, rounds), "64 x 96 x 51 x 51"
