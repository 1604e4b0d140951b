"""Cross-correlation of feature maps: an exemplar slid over a search region (Bertinetto et al. 2016, Section 2.1).

    f[u] = sum over c and v of z[c, v] x[c, u + v]

It is what a convolution layer computes, with a kernel that comes from another image instead of from training.
"""

from torch.nn.functional import conv2d

from course_lib.errors import ShapeError, check_shape


def cross_correlation(exemplars, searches, each_channel=False):
    """Slide every exemplar over its own search map: one grouped convolution for the whole batch.

    Args:
        exemplars: (N, C, h, w) feature maps.
        searches: (M, C, H, W), at least as large, M a multiple of N. Search map i meets exemplar i % N: with one
            exemplar (N = 1) all maps meet it, as when one object is searched at several scales.
        each_channel: do not sum over the channels.
    Returns:
        (M, 1, H - h + 1, W - w + 1), or (M, C, ...) with `each_channel`.
    Raises:
        ShapeError: if the channels differ, M is no multiple of N, or a search map is smaller than its exemplar.
    """
    n, m = _numbers(exemplars, searches)
    channels, height, width = searches.shape[1:]
    rows = searches.reshape(m // n, n * channels, height, width)  # the maps of one exemplar share a group
    if each_channel:
        kernels, groups = exemplars.reshape(n * channels, 1, *exemplars.shape[2:]), n * channels
    else:
        kernels, groups = exemplars, n
    response = conv2d(rows, kernels, groups=groups)  # (M / N, N or N * C, H', W')
    return response.reshape(m, -1, *response.shape[2:])


def cross_correlation_reference(exemplars, searches):
    """As `cross_correlation`, place by place: the sum of products of the exemplar and the window below it."""
    n, m = _numbers(exemplars, searches)
    h, w = exemplars.shape[2:]
    rows, columns = searches.shape[2] - h + 1, searches.shape[3] - w + 1
    response = searches.new_zeros(m, 1, rows, columns)
    for i in range(m):
        for row in range(rows):
            for column in range(columns):
                window = searches[i, :, row : row + h, column : column + w]
                response[i, 0, row, column] = (exemplars[i % n] * window).sum()
    return response


def _numbers(exemplars, searches):
    """(N, M), the numbers of both, if they fit."""
    n, channels, h, w = check_shape(exemplars, "N C h w", "exemplars").values()
    m, others, height, width = check_shape(searches, "M C H W", "searches").values()
    if channels != others:
        raise ShapeError(f"exemplars have {channels} channels, search maps {others}: did both pass the same network?")
    if m % n:
        raise ShapeError(f"{m} search maps for {n} exemplars, expected as many for each: 1, or the same number.")
    if h > height or w > width:
        raise ShapeError(
            f"a search map of {height} x {width} is smaller than its exemplar of {h} x {w}: are the two exchanged?"
        )
    return n, m
