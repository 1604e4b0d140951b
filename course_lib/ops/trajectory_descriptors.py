"""What is there around a trajectory, and how does it move? HOG, HOF and MBH in a tube that follows it.

H. Wang, A. Klaeser, C. Schmid, C.-L. Liu. Dense trajectories and motion boundary descriptors for action recognition.
IJCV 2013. The tube is N x N pixels around the point in each of L frames; it is cut into 2 x 2 cells in space and 3 in
time, and in each cell every pixel votes with the length of a vector for the vector's direction:

    HOG   gradient of the image                       8 directions                        2 * 2 * 3 *  8 =  96
    HOF   flow                                        8 directions and one bin for "none" 2 * 2 * 3 *  9 = 108
    MBH   gradient of u, and gradient of v, apart     8 directions                    2 * (2 * 2 * 3 *  8) = 192

(Dalal, Triggs and Schmid, ECCV 2006, had the idea of MBH: a camera that pans adds the same vector to all pixels, and
the derivative of a constant is 0.) Each histogram is scaled to sum 1 and then square-rooted (RootSIFT), as in the
improved trajectories of 2013; that makes the Euclidean distance between two of them the Hellinger distance.

A vote is split between the two nearest directions, so that nothing jumps when a direction passes the border of a bin.
"""

import math

import torch

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.flow import spatial_gradients
from course_lib.ops.trajectories import nearest_pixel

TUBE = 32  # N: side of the tube in pixels
SPACE, TIME = 2, 3  # cells: 2 x 2 in space, 3 in time
DIRECTIONS = 8
PIXELS = 2**21  # that are read at once: memory stays small, however many trajectories there are
NO_FLOW = 0.4  # pixels: shorter flow votes for "none"; the authors' code has this threshold


def direction_votes(vectors, shortest=0.0):
    """How a pixel votes: with its vector's length, shared by the two nearest of 8 directions.

    Args:
        vectors: (..., 2), (x, y). Direction 0 is right, then clockwise on the screen (y points down), in eighths.
        shortest: with a value above 0 there is a ninth bin, for vectors that are not longer: each gives it one vote.
    Returns:
        bins: (..., 2) long. votes: (..., 2): what each of the two bins gets.
    """
    length = vectors.norm(dim=-1)
    place = torch.atan2(vectors[..., 1], vectors[..., 0]) * (DIRECTIONS / (2 * math.pi))  # -4 to 4
    low = place.floor()
    share = place - low
    bins = torch.stack([low, low + 1], -1).long() % DIRECTIONS
    votes = torch.stack([length * (1 - share), length * share], -1)
    if shortest:
        none = (length <= shortest).unsqueeze(-1)
        bins = bins.masked_fill(none, DIRECTIONS)
        votes = torch.where(none, votes.new_tensor([1.0, 0.0]), votes)
    return bins, votes


def tube_histograms(vectors, trajectories, tube=TUBE, shortest=0.0):
    """Add up the votes in the cells of each trajectory's tube, then L1 norm and square root.

    Args:
        vectors: (B, T, 2, H, W).
        trajectories: `Trajectories` of L steps: the first L points are read, and frame i belongs to time cell 3 i // L.
        tube: N, even: columns x - N/2 to x + N/2 - 1, and rows alike. Beyond the frame are no votes.
        shortest: see `direction_votes`.
    Returns:
        (K, 3 * 2 * 2 * D), time cell first, then row, then column, then the D = 8 or 9 bins.
    Raises:
        ShapeError: if the tube is odd, or trajectories reach beyond the T frames.
    """
    sizes, length = _checked(vectors, trajectories, tube)
    height, width, half = sizes["H"], sizes["W"], tube // 2
    bins_each = DIRECTIONS + (shortest > 0)
    around = torch.arange(-half, half, device=vectors.device)
    second = (around >= 0).long()  # the second of two cells
    third = torch.arange(length, device=vectors.device) * TIME // length
    cell = (third[:, None, None] * SPACE + second[:, None]) * SPACE + second  # (L, N, N)
    column, row = nearest_pixel(trajectories.points[:, :length], height, width)  # (K, L)
    frame = trajectories.start[:, None] + torch.arange(length, device=vectors.device)
    cells = TIME * SPACE * SPACE
    summed = vectors.new_zeros(len(trajectories), cells * bins_each)
    pixels = vectors.permute(0, 1, 3, 4, 2)
    at_once = max(1, PIXELS // (length * tube * tube))
    for first in range(0, len(trajectories), at_once):
        part = slice(first, first + at_once)
        x = (column[part, :, None] + around)[:, :, None, :]  # (k, L, 1, N)
        y = (row[part, :, None] + around)[..., None]  # (k, L, N, 1)
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)  # (k, L, N, N)
        clip, moment = trajectories.clip[part, None, None, None], frame[part, :, None, None]
        read = pixels[clip, moment, y.clamp(0, height - 1), x.clamp(0, width - 1)]  # (k, L, N, N, 2)
        bins, votes = direction_votes(read, shortest)
        votes = votes * inside.unsqueeze(-1)
        place = torch.arange(len(read), device=vectors.device)[:, None, None, None] * cells + cell
        place = place.unsqueeze(-1) * bins_each + bins
        summed[part].view(-1).index_add_(0, place.flatten(), votes.flatten())
    return root_normalised(summed)


def tube_histograms_reference(vectors, trajectories, tube=TUBE, shortest=0.0):
    """`tube_histograms`, pixel by pixel with loops."""
    sizes, length = _checked(vectors, trajectories, tube)
    summed = vectors.new_zeros(len(trajectories), TIME, SPACE, SPACE, DIRECTIONS + (shortest > 0))
    column, row = nearest_pixel(trajectories.points[:, :length], sizes["H"], sizes["W"])
    for k in range(len(trajectories)):
        for i in range(length):
            frame = vectors[trajectories.clip[k], trajectories.start[k] + i]
            for y in range(-tube // 2, tube // 2):
                for x in range(-tube // 2, tube // 2):
                    r, c = int(row[k, i]) + y, int(column[k, i]) + x
                    if not (0 <= r < sizes["H"] and 0 <= c < sizes["W"]):
                        continue
                    cell = summed[k, i * TIME // length, int(y >= 0), int(x >= 0)]
                    u, v = frame[:, r, c].tolist()
                    size, angle = math.hypot(u, v), math.degrees(math.atan2(v, u)) % 360
                    if shortest and size <= shortest:
                        cell[DIRECTIONS] += 1
                    else:
                        low = int(angle // 45)
                        cell[low % 8] += size * (1 - (angle - 45 * low) / 45)
                        cell[(low + 1) % 8] += size * (angle - 45 * low) / 45
    return root_normalised(summed.flatten(1))


def root_normalised(histograms):
    """L1 norm, then square root: (K, D), not negative -> (K, D) of length 1. An empty histogram stays empty."""
    return (histograms / histograms.sum(1, keepdim=True).clamp_min(1e-12)).clamp_min(0).sqrt()


def hog(grey, trajectories, tube=TUBE):
    """Histogram of gradients: (B, T, H, W) grey, K trajectories -> (K, 96)."""
    check_shape(grey, "B T H W", "grey")
    return tube_histograms(_gradients(grey), trajectories, tube)


def hof(flow, trajectories, tube=TUBE, shortest=NO_FLOW):
    """Histogram of flow: (B, T - 1, 2, H, W) in pixels, K trajectories -> (K, 108)."""
    return tube_histograms(flow, trajectories, tube, shortest)


def mbh(flow, trajectories, tube=TUBE):
    """Motion boundary histograms of u and of v side by side: (B, T - 1, 2, H, W), K trajectories -> (K, 192)."""
    check_shape(flow, "B T 2 H W", "flow")
    return torch.cat([tube_histograms(_gradients(flow[:, :, i]), trajectories, tube) for i in (0, 1)], 1)


def _gradients(pictures):
    """(B, T, H, W) -> (B, T, 2, H, W)."""
    gradient = torch.cat(spatial_gradients(pictures.flatten(0, 1).unsqueeze(1)), 1)
    return gradient.unflatten(0, pictures.shape[:2])


def _checked(vectors, trajectories, tube):
    """The sizes of vectors, and L, after a look whether all fits together."""
    sizes = check_shape(vectors, "B T 2 H W", "vectors")
    if tube % 2 or tube < 2:
        raise ShapeError(f"tube is {tube}, expected an even number of pixels: it is cut into 2 x 2 cells")
    length = trajectories.points.shape[1] - 1
    last = int(trajectories.start.max()) + length - 1 if len(trajectories) else 0
    if last >= sizes["T"]:
        raise ShapeError(
            f"trajectories reach frame {last}, there are {sizes['T']} frames (from 0): do they belong to other clips?"
        )
    return sizes, length
