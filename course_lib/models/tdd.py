"""Trajectory-pooled deep-convolutional descriptors: what two networks see, read along the paths of moving points.

Limin Wang, Yu Qiao, Xiaoou Tang, "Action Recognition with Trajectory-Pooled Deep-Convolutional Descriptors", CVPR 2015,
arXiv:1505.04868. Hand-made descriptors follow trajectories and see gradients; two-stream networks see much more, and
average over the frame. TDD takes the trajectories of the one and the maps of the other:

    D(T_k, C) = sum over the points p of C(round(r x_p), round(r y_p), z_p)

with r the size of the map relative to the video. The maps are normalised before, in two ways, each of
which gives descriptors of its own. Spatial conv4 and conv5, temporal conv3 and conv4, five scales of the video.

Differences from the paper, and what decides correctness (from its MATLAB code):
- the streams are CNN-M-2048 with padding (`CNN_M_2048(padded=True)`): a map has ceil(H / 16) rows, or one less.
- MATLAB counts from 1: cell = round((x - 1) / ratio + 1), halves away from zero, clamped to the map, with x - 1 our x.
  `ratio` is the video's size over the map's, for columns and rows apart. The code's table of ratios has 34.2587 for the
  smallest scale; 240 / 7 is 34.2857, and we compute it.
- the spatiotemporal normalisation takes the maximum over the video (x, y and z); "+ eps" keeps dead channels at 0.
- the info line of a trajectory names its *last* frame; ours has its first (`Trajectories.start`).
- a trajectory is read at L = 15 points, and the flow stack that belongs to frame z starts there; the last ones of a
  video take the last stack that is complete.
- descriptors of different scales are descriptors of the same kind: they go into one Fisher vector.
"""

import math

import torch
from torch import nn
from torch.nn.functional import interpolate

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.models.caffemodel import read_weights
from course_lib.models.layers import he
from course_lib.models.published import load_published
from course_lib.models.two_stream import CNN_M_2048, Convolutions
from course_lib.ops.stream_inputs import MEAN

SCALES = ((480, 640), (340, 454), (240, 320), (170, 227), (120, 160))  # rows, columns of a 240 x 320 video
LAYERS = {"spatial": ("conv4", "conv5"), "temporal": ("conv3", "conv4")}
STACK = 10  # L of the temporal stream
FLOW_BOUND = 20.0  # pixels that the authors' stored pictures of flow can hold; from memory
EPS = 1e-8


def spatiotemporal_normalised(maps, eps=EPS):
    """Every channel divided by its maximum over the whole video: (T, C, H, W) -> the same, 0..1 for maps after a ReLU.

    Channels then count alike, however large the numbers of each are.
    """
    check_shape(maps, "T C H W", "maps")
    return maps / (maps.amax((0, 2, 3), keepdim=True) + eps)


def channel_normalised(maps, eps=EPS):
    """Every position divided by its maximum over channels: (T, C, H, W) -> the same.

    Positions then count alike: a faint thing says as much as a striking one.
    """
    check_shape(maps, "T C H W", "maps")
    return maps / (maps.amax(1, keepdim=True) + eps)


NORMALIZATIONS = {"spatiotemporal": spatiotemporal_normalised, "channel": channel_normalised, "none": lambda maps: maps}


def cells(points, video, size):
    """The cell of a map in which each point lies.

    Args:
        points: (..., 2), (x, y) in pixels of the video, the first pixel being 0.
        video: (H, W) of the video in which the points were tracked. size: (H', W') of the map.
    Returns:
        column, row, each (...,) long: x W' / W and y H' / H, rounded (halves up), clamped to the map.
    """
    ratio = points.new_tensor([video[1] / size[1], video[0] / size[0]])  # pixels per cell, x and y
    column, row = (points / ratio + 0.5).floor().long().unbind(-1)
    return column.clamp(0, size[1] - 1), row.clamp(0, size[0] - 1)


def trajectory_pool(maps, points, start, video):
    """Trajectory pooling: the sum of a map over the points of each trajectory.

    Args:
        maps: (T, C, H', W') of one video. points: (K, P, 2), (x, y) in pixels. start: (K,) long, frame of the first
            point; the next points lie in the next frames. video: (H, W), the size of the video that was tracked.
    Returns:
        (K, C).
    Raises:
        ShapeError: if a trajectory lies outside the T frames.
    """
    sizes = check_shape(maps, "T C H W", "maps")
    length = check_shape(points, "K P 2", "points")["P"]
    frame = start.unsqueeze(1) + torch.arange(length, device=start.device)  # (K, P)
    if len(points) and (int(frame.min()) < 0 or int(frame.max()) >= sizes["T"]):
        raise ShapeError(
            f"trajectories reach from frame {int(frame.min())} to {int(frame.max())}, the maps have 0 to "
            f"{sizes['T'] - 1}. Is `start` the last frame instead of the first, or does it count from 1?"
        )
    column, row = cells(points, video, (sizes["H"], sizes["W"]))
    return maps.permute(0, 2, 3, 1)[frame, row, column].sum(1)  # (K, P, C) -> (K, C)


def trajectory_pool_reference(maps, points, start, video):
    """`trajectory_pool`, point by point."""
    rows, columns = maps.shape[2:]
    pooled = maps.new_zeros(len(points), maps.shape[1])
    for k, trajectory in enumerate(points.tolist()):
        for p, (x, y) in enumerate(trajectory):
            column = min(max(math.floor(x * columns / video[1] + 0.5), 0), columns - 1)
            row = min(max(math.floor(y * rows / video[0] + 0.5), 0), rows - 1)
            pooled[k] += maps[int(start[k]) + p, :, row, column]
    return pooled


class TDD(nn.Module):
    """The convolutions of both streams, and the pooling of their maps along trajectories.

    Args:
        length: L, flow fields in the temporal stream's stack.
        spatial, temporal: streams with a method `maps`; by default the published size, padded.
        scales: (rows, columns) to which frames and flow are resized, one pair per scale.
        layers: {"spatial": names, "temporal": names} of the maps that are read.
        normalizations: of "spatiotemporal", "channel" and "none"; each gives descriptors of its own.
    Raises:
        CourseError: if there is no such normalization.
    """

    def __init__(
        self,
        *,
        length=STACK,
        spatial=None,
        temporal=None,
        scales=SCALES,
        layers=LAYERS,
        normalizations=("spatiotemporal", "channel"),
    ):
        super().__init__()
        unknown = [name for name in normalizations if name not in NORMALIZATIONS]
        if unknown:
            raise CourseError(f"There are no normalizations {unknown}. There are: {', '.join(NORMALIZATIONS)}.")
        self.spatial = Convolutions(3, padded=True).apply(he) if spatial is None else spatial
        self.temporal = Convolutions(2 * length, padded=True).apply(he) if temporal is None else temporal
        self.length = self.temporal.conv1.in_channels // 2
        self.scales, self.layers, self.normalizations = tuple(scales), dict(layers), tuple(normalizations)

    @classmethod
    def mini(cls, num_classes=16, *, length=4, crop=48, scales=((96, 96), (64, 64)), **settings):
        """Streams twelve times narrower, with classifiers to train them by, and smaller frames, for two CPU cores."""
        streams = (CNN_M_2048.mini(num_classes, channels, crop=crop, padded=True) for channels in (3, 2 * length))
        return cls(**dict(zip(("spatial", "temporal"), streams, strict=True)), scales=scales, **settings)

    @classmethod
    def from_published(cls, spatial, temporal, **settings):
        """Published weights.

        Args:
            spatial, temporal: for each stream a path or a state dict. Known layouts: the authors' Caffe files
                (`spatial.caffemodel`, `temporal.caffemodel`, and their `_v2`), read without Caffe; a state dict with
                the same names, `conv1.weight` ... The fully connected layers, whatever their size, are left out.
            settings: `scales`, `layers`, `normalizations`.
        Raises:
            CourseError: names the keys that do not fit.
        """
        states = [_convolutions_of(source) for source in (spatial, temporal)]
        channels = states[1]["conv1.weight"].shape[1] if "conv1.weight" in states[1] else 2 * STACK
        model = cls(length=channels // 2, **settings)
        for stream, state in zip((model.spatial, model.temporal), states, strict=True):
            load_published(stream, state)
        return model.eval()

    def maps(self, frames, flow, scale, batch=32):
        """The maps of one video at one scale, before any normalisation.

        Args:
            frames: (T, 3, H, W), as the spatial stream takes them. flow: (T - 1, 2, H, W), field t from frame t to
                t + 1, as the temporal stream takes them.
            scale: (rows, columns). Flow is resized as a picture is: its numbers stay those of the video.
            batch: frames that go through a stream at once.
        Returns:
            {(stream, layer): (T, C, H', W')}
        Raises:
            CourseError: if there are fewer flow fields than the temporal stream stacks.
        """
        count = check_shape(frames, "T 3 H W", "frames")["T"]
        last = check_shape(flow, "T 2 H W", "flow")["T"] - self.length  # the last stack that is complete
        if last < 0:
            raise CourseError(f"{len(flow)} flow fields, but the temporal stream stacks {self.length} of them")
        frames, flow = (interpolate(x, size=tuple(scale), mode="bilinear", align_corners=False) for x in (frames, flow))
        stacks = flow.unfold(0, self.length, 1).permute(0, 4, 1, 2, 3).flatten(1, 2)  # (last + 1, 2 L, H, W)
        moments = torch.arange(count, device=flow.device).clamp_max(last)
        found = {}
        for name, stream, inputs in (("spatial", self.spatial, frames), ("temporal", self.temporal, stacks)):
            layers = self.layers.get(name, ())
            parts = [stream.maps(part) for part in inputs.split(batch)] if layers else []
            for layer in layers:
                whole = torch.cat([part[layer] for part in parts])
                found[name, layer] = whole if name == "spatial" else whole[moments]
        return found

    def forward(self, frames, flow, trajectories):
        """The descriptors of one video.

        Args:
            frames, flow: as for `maps`, at the size at which the trajectories were tracked.
            trajectories: K of this video, a `course_lib.ops.trajectories.Trajectories` of L steps: their first L
                points are read.
        Returns:
            {(stream, layer, normalization): (S * K, C)} for S scales, the first scale's K first.
        """
        video, points = tuple(frames.shape[2:]), trajectories.points[:, :-1]
        pooled = {}
        for scale in self.scales:
            for (stream, layer), maps in self.maps(frames, flow, scale).items():
                for name in self.normalizations:
                    descriptors = trajectory_pool(NORMALIZATIONS[name](maps), points, trajectories.start, video)
                    pooled.setdefault((stream, layer, name), []).append(descriptors)
        return {key: torch.cat(parts) for key, parts in pooled.items()}


def prepare_frames(frames, mean=MEAN):
    """Decoded frames as the released spatial stream expects them: BGR, 0..255 minus the mean colour.

    Args:
        frames: uint8 (T, 3, H, W), RGB. mean: R, G, B.
    Returns:
        float (T, 3, H, W).
    """
    check_shape(frames, "T 3 H W", "frames")
    return (frames.float() - frames.new_tensor(mean, dtype=torch.float32).view(3, 1, 1)).flip(1)


def prepare_flow(flow, bound=FLOW_BOUND):
    """Flow as the released temporal stream expects it: cut at `bound`, -bound..bound stretched to 255 grey levels.

    Args:
        flow: (T, 2, H, W) in pixels.
    Returns:
        (T, 2, H, W) around 0. The release subtracts the mean of its stored pictures, close to what 0 pixels become.
    """
    check_shape(flow, "T 2 H W", "flow")
    return flow.clamp(-bound, bound) * (255 / (2 * bound))


def _convolutions_of(source):
    """State dict of the five convolutions alone."""
    return {key: value for key, value in read_weights(source).items() if not key.startswith("fc")}
