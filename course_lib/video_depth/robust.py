"""Depth and cameras of a video from a depth network and flow alone, taking turns.

Kopf et al. 2021: with the network's depth fixed, find cameras and deformation grids (`poses.solve`); with those fixed,
train the network on this video until the frames agree; look again. At the end a filter along chained flow brings the
fine detail into line. There is no structure from motion that could fail.

    result = robust_depth(network, depth_of, frames, K, flows, masks, moving)

*Differences from the released code*: it takes 10 rounds of one epoch, batches of 2 pairs, MiDaS v2.1, a learning rate
of 1e-6 and flow of RAFT; all of these are arguments here. Its loss is `released_loss`; the paper's is the default.
"""

from dataclasses import dataclass

import torch

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.ops.batches import shuffled_rows
from course_lib.train import fit
from course_lib.video_depth.deformation import coarse_to_fine, scale_map
from course_lib.video_depth.filter import filter_video
from course_lib.video_depth.geometry import masked_mean, meet, ratio_loss, spatial_loss
from course_lib.video_depth.poses import Solution, find_matches, solve

LEARNING_RATE = 1e-6  # of the released code, for MiDaS
PER_STEP = 2  # pairs of frames in a batch


def similarity_loss(meeting, mask):
    """L_spatial + L_ratio, mean over trusted pixels; the first in halves of the frame's longer side, without a unit.

    Args:
        meeting: of `geometry.meet`. mask: (B, H, W) bool.
    """
    half = max(meeting.depth.shape[1:]) / 2
    return masked_mean(spatial_loss(meeting) / half + ratio_loss(meeting.depth, meeting.flow_depth), mask)


def released_loss(meeting, mask):
    """What the released code trains with: the offset in pixels and 100 |log(z / z')|, mean over trusted pixels."""
    logs = ratio_loss(meeting.depth, meeting.flow_depth).log1p()  # log(max / min)
    return masked_mean(spatial_loss(meeting) + 100 * logs, mask)


@dataclass
class RobustDepth:
    """What `robust_depth` finds.

    Attributes:
        depth: (T, H, W), deformed, and filtered if asked for. unfiltered: (T, H, W). solution: cameras and grids; the
            unit of both is the solution's own. rounds: the solution of every round, the last one included.
    """

    depth: torch.Tensor
    unfiltered: torch.Tensor
    solution: Solution
    rounds: list


def robust_depth(network, depth_of, frames, K, flows, masks, moving=None, *, rounds=10, steps=None, lr=LEARNING_RATE,
                 grids=None, loss=similarity_loss, per_pair=400, reach=4, seed=0, say=lambda line: None):  # fmt: skip
    """Turn by turn: cameras and grids from depth, depth from cameras and grids; then the filter.

    Args:
        network: the depth network, which is trained in place on the device where it is.
        depth_of: function (network, frames (B, 3, H, W)) -> (B, H, W) positive depth in any unit, differentiable. For
            MiDaS: 1 / (its inverse depth, kept above 0).
        frames: (T, 3, H, W), as depth_of wants them. K: (3, 3), or (T, 3, 3), in pixels of these frames.
        flows: {(i, j): (2, H, W)} for pairs of frames (`pairs.frame_pairs`); the filter takes those between neighbours,
            both (t, t + 1) and (t + 1, t). masks: {(i, j): (H, W) bool}, where each can be trusted
            (`geometry.trusted`).
        moving: (T, H, W) bool, what probably moves (people, animals, vehicles of a Mask R-CNN): no camera is found
            from it, but the network is trained on it, as in the paper. None: nothing.
        rounds: of training; 0 trains nothing and finds the cameras once. steps: of training per round; by default each
            pair is seen once. grids: (rows, columns) of the stages of the deformation; by default the paper's. loss: of
            the training, (meeting, mask) -> scalar. per_pair: matches of each pair at most. reach: of the
            filter, 0 for none.
        seed: of everything drawn. say: function that is told what happens.
    Returns:
        RobustDepth, on the CPU.
    Raises:
        ShapeError: if moving does not fit the frames. CourseError: if rounds is negative, or the filter lacks a flow.
    """
    sizes = check_shape(frames, "T 3 H W", "frames")
    count, size = sizes["T"], (sizes["H"], sizes["W"])
    if rounds < 0:
        raise CourseError(f"rounds is {rounds}, expected 0 or more.")
    if moving is not None and tuple(moving.shape) != (count, *size):
        raise ShapeError(f"moving has shape {tuple(moving.shape)}, expected {(count, *size)}, as the frames have.")
    if reach:
        _neighbours(flows, count)
    grids = coarse_to_fine(size) if grids is None else grids
    still = masks if moving is None else {(i, j): mask & ~moving[i] for (i, j), mask in masks.items()}
    found = []
    for number in range(rounds + 1):
        depth = _depth_of_all(network, depth_of, frames)
        matches = find_matches(depth, flows, still, per_pair, seed=seed + number)
        solution = solve(matches, K, grids)
        found.append(solution)
        say(f"cameras found {number + 1} times: loss {solution.loss:.5f}")
        if number < rounds:
            per_round = steps if steps is not None else -(-len(flows) // PER_STEP)
            history = fine_tune(network, depth_of, frames, flows, masks, solution, per_round, lr=lr, loss=loss,
                                seed=seed + number)  # fmt: skip
            say(f"round {number + 1} of {rounds}: loss of the training {history.loss[0]:.4f} to {history.loss[-1]:.4f}")
    deformed = solution.deformed(depth)
    filtered = deformed
    if reach:
        ways = [[(t, t + 1) for t in range(count - 1)], [(t + 1, t) for t in range(count - 1)]]
        forward, backward = (torch.stack([flows[pair] for pair in way]) for way in ways)
        good, back_good = (torch.stack([masks[pair] for pair in way]) for way in ways)
        filtered = filter_video(deformed, forward, backward, solution.K, solution.poses, good, back_good, reach=reach)
    return RobustDepth(filtered, deformed, solution, found)


def fine_tune(network, depth_of, frames, flows, masks, solution, steps, *, lr=LEARNING_RATE, loss=similarity_loss,
              seed=0):  # fmt: skip
    """arg min over the network's parameters of the reprojection loss, cameras and grids fixed.

    Args:
        network, depth_of, frames, flows, masks: as for `robust_depth`. solution: of `poses.solve`.
        steps: batches of two pairs.
    Returns:
        `train.History`.
    """
    device = next(network.parameters()).device
    pairs = sorted(flows)
    factors = scale_map(solution.nodes, frames.shape[2:]).to(device)
    K, poses = solution.K.to(device), solution.poses.to(device)
    most = min(PER_STEP, len(pairs))

    def batch(step):
        chosen = [pairs[n] for n in shuffled_rows(step * most, most, len(pairs), seed).tolist()]
        i, j = (list(side) for side in zip(*chosen, strict=True))
        flow, mask = (torch.stack([table[pair] for pair in chosen]).to(device) for table in (flows, masks))
        return i, j, frames[i + j].to(device), flow, mask

    def step_loss(net, parts):
        i, j, pictures, flow, mask = parts
        depth = depth_of(net, pictures).float() * factors[i + j]
        return loss(meet(*depth.chunk(2), flow, K[i], K[j], poses[i], poses[j]), mask)

    batch.shared = True  # the pairs are no rows of a batch that processes could share
    return fit(network, batch, steps, loss=step_loss, lr=lr, schedule="constant")


@torch.no_grad()
def _depth_of_all(network, depth_of, frames):
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    depth = torch.cat([depth_of(network, part.to(device)).float().cpu() for part in frames.split(8)])
    network.train(was_training)
    return depth


def _neighbours(flows, count):
    missing = [pair for t in range(count - 1) for pair in ((t, t + 1), (t + 1, t)) if pair not in flows]
    if missing:
        raise CourseError(
            f"The filter needs the flow between neighbours both ways, and {missing[:4]} are missing. Add them to "
            "`flows` and `masks`, or give reach=0."
        )
