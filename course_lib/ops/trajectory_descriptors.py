"""What is there around a trajectory, and how does it move? HOG, HOF and MBH in a tube that follows it.

H. Wang, A. Klaeser, C. Schmid, C.-L. Liu. Dense trajectories and motion boundary descriptors for action recognition.
IJCV 2013. The tube is N x N pixels around the point in each of L frames; it is cut into 2 x 2 cells in space and 3 in
time, and in each cell every pixel votes with the length of a vector for the vector's direction:

    HOG   gradient of the image                       8 directions                        2 * 2 * 3 *  8 =  96
    HOF   flow                                        8 directions and one bin for "none" 2 * 2 * 3 *  9 = 108
    MBH   gradient of u, and gradient of v, apart     8 directions                    2 * (2 * 2 * 3 *  8) = 192

(Dalal, Triggs and Schmid, ECCV 2006, had the idea of MBH: a camera that pans adds the same vector to all pixels, and the
derivative of a constant is 0.) Each histogram is scaled to sum 1 and then square-rooted (RootSIFT), as in the improved
trajectories of 2013; that makes the Euclidean distance between two of them the Hellinger distance.

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
NO_FLOW = 0.4  # pixels: shorter flow votes for "none"; the authors' code has this threshold


def orientation_votes(vectors, directions=DIRECTIONS, shortest=0.0):
    """Votes of every pixel: its vector's length, shared by the two nearest of `directions` equal sectors.

    Args:
        vectors: (B, 2, H, W), (x, y). directions: number of sectors; sector 0 is centred on the x axis, then clockwise
            as seen on the screen (y points down).
        shortest: with a value above 0 there is one more bin, for vectors that are not longer: each gives it one vote.
    Returns:
        (B, directions, H, W), or (B, directions + 1, H, W) with `shortest`.
    """
    check_shape(vectors, "B 2 H W", "vectors")
    length = vectors.norm(dim=1)
    place = torch.atan2(vectors[:, 1], vectors[:, 0]) * (directions / (2 * math.pi)) % directions
    low = place.floor()
    share = place - low
    low = low.long() % directions
    small = length <= shortest if shortest else torch.zeros_like(length, dtype=torch.bool)
    length = length.masked_fill(small, 0)
    votes = vectors.new_zeros(len(vectors), directions, *vectors.shape[2:])
    votes.scatter_add_(1, low.unsqueeze(1), (length * (1 - share)).unsqueeze(1))
    votes.scatter_add_(1, ((low + 1) % directions).unsqueeze(1), (length * share).unsqueeze(1))
    return torch.cat([votes, small.unsqueeze(1).to(votes)], 1) if shortest else votes


def tube_histograms(votes, trajectories, tube=TUBE):
    """Add up the votes in the cells of each trajectory's tube, then L1 norm and square root.

    Sums over squares come from the integral image: four numbers per square, whatever its size.

    Args:
        votes: (B, T, D, H, W), not negative. trajectories: `Trajectories` of L steps, L a multiple of 3 or at least 3:
            the first L points are read, and frame i belongs to time cell 3 i // L.
        tube: N, even; the point lies in the middle pixel's corner: columns x - N/2 to x + N/2 - 1. Beyond the frame are no votes.
    Returns:
        (K, 3 * 2 * 2 * D), time cell first, then row, then column, then direction.
    """
    sizes = check_shape(votes, "B T D H W", "votes")
    length = _length(trajectories, sizes["T"])
    height, width, half = sizes["H"], sizes["W"], tube // 2
    if tube % 2 or tube < 2:
        raise ShapeError(f"tube is {tube}, expected an even number of pixels: it is cut into 2 x 2 cells")
    integral = torch.nn.functional.pad(votes, (1, 0, 1, 0)).cumsum(3).cumsum(4)  # (B, T, D, H + 1, W + 1)
    column, row = nearest_pixel(trajectories.points[:, :length], height, width)  # (K, L)
    clip = trajectories.clip[:, None, None, None]
    frame = (trajectories.start[:, None] + torch.arange(length, device=row.device))[:, :, None, None]
    edges = torch.arange(-half, half + 1, half, device=row.device)  # three edges of two cells
    down = (row[..., None] + edges).clamp(0, height)[..., None]  # (K, L, 3, 1)
    right = (column[..., None] + edges).clamp(0, width)[..., None, :]  # (K, L, 1, 3)
    corner = integral.permute(0, 1, 3, 4, 2)[clip, frame, down, right]  # (K, L, 3, 3, D)
    cells = corner.diff(dim=2).diff(dim=3)  # (K, L, 2, 2, D)
    cell = torch.arange(length, device=row.device) * TIME // length
    summed = cells.new_zeros(len(cells), TIME, *cells.shape[2:]).index_add_(1, cell, cells)
    return root_normalised(summed.flatten(1))


def tube_histograms_reference(votes, trajectories, tube=TUBE):
    """`tube_histograms`, pixel by pixel with loops."""
    sizes = check_shape(votes, "B T D H W", "votes")
    length, half = _length(trajectories, sizes["T"]), tube // 2
    summed = votes.new_zeros(len(trajectories), TIME, SPACE, SPACE, sizes["D"])
    column, row = nearest_pixel(trajectories.points[:, :length], sizes["H"], sizes["W"])
    for k in range(len(trajectories)):
        for i in range(length):
            frame = votes[trajectories.clip[k], trajectories.start[k] + i]
            for y in range(-half, half):
                for x in range(-half, half):
                    r, c = int(row[k, i]) + y, int(column[k, i]) + x
                    if 0 <= r < sizes["H"] and 0 <= c < sizes["W"]:
                        summed[k, i * TIME // length, int(y >= 0), int(x >= 0)] += frame[:, r, c]
    return root_normalised(summed.flatten(1))


def root_normalised(histograms):
    """L1 norm, then square root: (K, D), not negative -> (K, D) of length 1. An empty histogram stays empty."""
    return (histograms / histograms.sum(1, keepdim=True).clamp_min(1e-12)).clamp_min(0).sqrt()


def hog(grey, trajectories, tube=TUBE):
    """Histogram of gradients: (B, T, H, W) grey, K trajectories -> (K, 96)."""
    check_shape(grey, "B T H W", "grey")
    return tube_histograms(_gradient_votes(grey), trajectories, tube)


def hof(flow, trajectories, tube=TUBE, shortest=NO_FLOW):
    """Histogram of flow: (B, T - 1, 2, H, W) in pixels, K trajectories -> (K, 108)."""
    check_shape(flow, "B T 2 H W", "flow")
    votes = orientation_votes(flow.flatten(0, 1), shortest=shortest).unflatten(0, flow.shape[:2])
    return tube_histograms(votes, trajectories, tube)


def mbh(flow, trajectories, tube=TUBE):
    """Motion boundary histograms of u and of v side by side: (B, T - 1, 2, H, W), K trajectories -> (K, 192)."""
    check_shape(flow, "B T 2 H W", "flow")
    return torch.cat([tube_histograms(_gradient_votes(flow[:, :, i]), trajectories, tube) for i in (0, 1)], 1)


def _gradient_votes(pictures):
    """(B, T, H, W) -> (B, T, 8, H, W)."""
    gradient = torch.cat(spatial_gradients(pictures.flatten(0, 1).unsqueeze(1)), 1)
    return orientation_votes(gradient).unflatten(0, pictures.shape[:2])


def _length(trajectories, frames):
    """L, after a look whether the trajectories stay within the `frames` at hand."""
    length = trajectories.points.shape[1] - 1
    if len(trajectories) and int(trajectories.start.max()) + length > frames:
        raise ShapeError(
            f"a trajectory reads frames {int(trajectories.start.max())} to {int(trajectories.start.max()) + length - 1}, "
            f"there are {frames}: do these trajectories belong to other clips?"
        )
    return length
