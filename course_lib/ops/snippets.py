"""Snippets of a video: what each shows a network, where it is cropped, and how their scores become one.

Limin Wang, Yuanjun Xiong, Zhe Wang, Yu Qiao, Dahua Lin, Xiaoou Tang, Luc Van Gool, "Temporal Segment Networks: Towards
Good Practices for Deep Action Recognition", ECCV 2016, arXiv:1608.00859. Which frames are snippets is in
`course_lib.ops.sampling` (`uniform_indices`, `random_segment_indices`); the networks are in `course_lib.models.tsn`.
"""

import torch
from torch.nn.functional import cross_entropy, interpolate

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.ops.flow_stacking import mirror_stack
from course_lib.ops.sampling import ten_crop

CROP, RESIZED = 224, (256, 340)  # what the networks see; rows and columns of the frames from which it is cut
MEAN_BGR = (104.0, 117.0, 128.0)  # of the PyTorch weights
MEAN_BGR_CAFFE = (104.0, 117.0, 123.0)  # of the authors' caffemodels
FLOW_BOUND = 20.0  # pixels: displacements beyond are cut off, the rest becomes 0..255
SCALES = {"rgb": (1, 0.875, 0.75, 0.66), "flow": (1, 0.875, 0.75), "rgbdiff": (1, 0.875, 0.75)}
STREAM_WEIGHTS = {"rgb": 1.0, "flow": 1.5}  # in the sum of the scores
CONSENSUS = ("average", "max", "weighted")


def consensus(scores, how="average", weights=None):
    """The segmental consensus G: one list of class scores for a video (Section 3.1).

    Args:
        scores: (B, K, C), scores of C classes before the softmax, for each of K snippets.
        how: "average", "max" (of each class by itself), or "weighted".
        weights: (K,), for "weighted" alone: the score of a class is the sum of weight times score.
    Returns:
        (B, C), before the softmax.
    Raises:
        ShapeError: if the scores are not (B, K, C), or there is not one weight per snippet.
        CourseError: if `how` is unknown.
    """
    sizes = check_shape(scores, "B K C", "scores")
    if how == "average":
        return scores.mean(1)
    if how == "max":
        return scores.amax(1)
    if how != "weighted":
        raise CourseError(f"how is {how!r}, expected one of {', '.join(map(repr, CONSENSUS))}.")
    if weights is None or tuple(weights.shape) != (sizes["K"],):
        came = None if weights is None else tuple(weights.shape)
        raise ShapeError(f"weights have shape {came}, expected ({sizes['K']},): one for each snippet of a video.")
    return torch.einsum("bkc,k->bc", scores, weights)


def consensus_loss(scores, labels):
    """Cross-entropy of the average scores, averaged over videos (Eq. 3): one loss per video.

        L = -sum_i y_i (G_i - log sum_j exp G_j)

    Args:
        scores: (B, K, C), before the softmax. labels: (B,) long.
    Returns:
        scalar.
    """
    return cross_entropy(consensus(scores), labels)


def rgb_difference(frames):
    """Each frame minus the one before: a cheap stand-in for flow (Section 3.2).

    Args:
        frames: (*, T, C, H, W), T at least 2.
    Returns:
        (*, T - 1, C, H, W); entry t is frame t + 1 minus frame t.
    Raises:
        ShapeError: if there are fewer than two frames.
    """
    if check_shape(frames, "* T C H W", "frames")["T"] < 2:
        raise ShapeError(f"frames has shape {tuple(frames.shape)}, expected (*, T, C, H, W) with T of at least 2.")
    return frames[..., 1:, :, :, :] - frames[..., :-1, :, :, :]


def rgb_input(frames, mean=MEAN_BGR):
    """Frames as the public weights expect them: uint8 (*, 3, H, W), RGB -> float, BGR, 0..255 minus the mean."""
    check_shape(frames, "* 3 H W", "frames")
    return frames.flip(-3).float() - torch.tensor(mean, device=frames.device).view(3, 1, 1)


def flow_input(flow):
    """Flow as the public weights expect it: (*, C, H, W) in pixels -> -20..20 stretched to 0..255, minus 128.

    The authors keep flow as grey JPEG pictures, hence the levels; here nothing is rounded to whole ones.
    """
    check_shape(flow, "* C H W", "flow")
    return (flow.clamp(-FLOW_BOUND, FLOW_BOUND) + FLOW_BOUND) * (255 / (2 * FLOW_BOUND)) - 128


def fixed_crops(size, crop):
    """The 13 places of corner cropping: corners, centre, middles of the sides, and four quarter points.

    Args:
        size: (H, W) of the frame. crop: (h, w) of the window.
    Returns:
        list of 13 (top, left) in pixels; steps of a quarter of the room, rounded down.
    Raises:
        ShapeError: if the window is larger than the frame.
    """
    if crop[0] > size[0] or crop[1] > size[1]:
        raise ShapeError(f"a window of {tuple(crop)} does not fit a frame of {tuple(size)}.")
    down, right = (size[0] - crop[0]) // 4, (size[1] - crop[1]) // 4
    quarters = ((0, 0), (0, 4), (4, 0), (4, 4), (2, 2), (2, 0), (2, 4), (4, 2), (0, 2), (1, 1), (1, 3), (3, 1), (3, 3))
    return [(down * i, right * j) for i, j in quarters]


def crop_sizes(size, scales=SCALES["rgb"], crop=CROP):
    """The windows of scale jittering: height and width are chosen apart, at most one step of `scales` from each other.

    Args:
        size: (H, W) of the frame. scales: shares of its shorter side, descending. crop: what windows are resized to;
            a side that differs from it by less than 3 pixels becomes it, so that nothing is resized.
    Returns:
        list of (h, w) in pixels.
    """
    sides = [int(min(size) * scale) for scale in scales]
    sides = [crop if abs(side - crop) < 3 else side for side in sides]
    return [(h, w) for i, h in enumerate(sides) for j, w in enumerate(sides) if abs(i - j) <= 1]


def random_crop(frames, generator, scales=SCALES["rgb"], crop=CROP):
    """Scale jittering and corner cropping (Section 3.2): one window for all frames, resized to crop x crop.

    Args:
        frames: (*, C, H, W). generator: the source of randomness, on the CPU.
    Returns:
        float (*, C, crop, crop).
    """
    size = frames.shape[-2:]
    sizes = crop_sizes(size, scales, crop)
    h, w = sizes[torch.randint(len(sizes), (), generator=generator)]
    places = fixed_crops(size, (h, w))
    top, left = places[torch.randint(len(places), (), generator=generator)]
    window = frames[..., top : top + h, left : left + w].float()
    if (h, w) == (crop, crop):
        return window
    resized = interpolate(window.flatten(0, -4), (crop, crop), mode="bilinear", align_corners=False)
    return resized.unflatten(0, window.shape[:-3])


def snippet_views(snippets, crop=CROP, flow=False):
    """Ten crops of each snippet: 25 snippets become 250 views, whose scores are averaged.

    Args:
        snippets: (K, C, H, W). crop: side of the window.
        flow: channels are u1, v1, u2, v2, ... in pixels: where a crop is mirrored, u changes its sign.
    Returns:
        (10 K, C, crop, crop): all ten of the first snippet, then of the second.
    """
    check_shape(snippets, "K C H W", "snippets")
    views = ten_crop(snippets.transpose(0, 1), crop).permute(2, 0, 1, 3, 4)  # (K, 10, C, crop, crop)
    if flow:
        mirrored = mirror_stack(views[:, :5].flatten(0, 1)).unflatten(0, (-1, 5))
        views = torch.cat([views[:, :5], mirrored], 1)
    return views.flatten(0, 1)


def fuse_scores(scores, weights=STREAM_WEIGHTS):
    """Sum of the streams' class scores before the softmax, each with its weight (Section 4.2): RGB 1, flow 1.5.

    Args:
        scores: {stream: (B, C)}. weights: {stream: number}, one for each of them.
    Returns:
        (B, C).
    Raises:
        CourseError: if a stream has no weight, or there is no stream.
    """
    missing = [stream for stream in scores if stream not in weights]
    if missing or not scores:
        raise CourseError(f"streams {list(scores)}, weights for {list(weights)}: every stream needs its weight.")
    return sum(weights[stream] * value for stream, value in scores.items())
