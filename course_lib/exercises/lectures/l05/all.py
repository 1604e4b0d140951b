"""Lecture 05, two-stream networks: what its exercises ask, the likely mistakes, and the hints."""

import torch

from course_lib.exercises import Case, Exercise, Mistake
from course_lib.models.two_stream import fuse_average
from course_lib.ops.flow_stacking import stack_bidirectional, stack_flow, stack_trajectories, subtract_mean_flow
from course_lib.ops.sampling import average_predictions
from course_lib.ops.warp import warp


def _fields(generator, batch=2, fields=6, height=5, width=7, largest=1.5):
    """Smooth flow, so that reading it between pixels makes sense: (B, T, 2, H, W), up to `largest` pixels."""
    coarse = 2 * torch.rand(batch * fields, 2, 3, 3, generator=generator) - 1
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear", align_corners=True)
    return largest * smooth.unflatten(0, (batch, fields))


# ---- 05.1 optical flow stacking -------------------------------------------------------------------------------------


def _stack_cases(generator):
    return [
        Case("one clip, 2 fields from the start", (_fields(generator, 1), 0, 2)),
        Case("2 clips, 3 fields from field 1", (_fields(generator), 1, 3)),
        Case("a single field, L = 1", (_fields(generator, 3), 4, 1)),
        Case("all 6 fields", (_fields(generator, 2, 6, 4, 9), 0, 6)),
    ]


STACK = Exercise(
    id="05.1",
    title="Optical flow stacking",
    name="stack_flow",
    kind="function",
    reference=stack_flow,
    cases=_stack_cases,
    mistakes=(
        Mistake(
            "all u come before all v: Eq. 1 takes them in turn, u1, v1, u2, v2",
            lambda flow, start, length: flow[:, start : start + length].transpose(1, 2).flatten(1, 2),
        ),
        Mistake(
            "v comes before u: channel 2k - 1 is u, channel 2k is v",
            lambda flow, start, length: flow[:, start : start + length].flip(2).flatten(1, 2),
        ),
        Mistake(
            "the first field is skipped: k = 1 reads d at start + k - 1, which is `start` itself",
            lambda flow, start, length: flow[:, start + 1 : start + 1 + length].flatten(1, 2),
        ),
        Mistake(
            "there is one field too many: L fields are start to start + L - 1, and a slice leaves its end out",
            lambda flow, start, length: flow[:, start : start + length + 1].flatten(1, 2),
        ),
        Mistake(
            "`start` is ignored: the stack begins at field `start`, not at field 0",
            lambda flow, start, length: flow[:, :length].flatten(1, 2),
        ),
        Mistake(
            "`length` is taken for the end: the stack has `length` fields after `start`",
            lambda flow, start, length: flow[:, start:length].flatten(1, 2),
        ),
        Mistake(
            "time runs backwards: the earliest field comes first",
            lambda flow, start, length: flow[:, start : start + length].flip(1).flatten(1, 2),
        ),
        Mistake(
            "this slices axis 0, the clips: the fields are axis 1, flow[:, a:b]",
            lambda flow, start, length: flow[start : start + length].flatten(1, 2),
        ),
        Mistake(
            "these are all fields: only `length` of them, from `start` on, belong to the stack",
            lambda flow, start, length: flow.flatten(1, 2),
        ),
        Mistake(
            "this counts channels where fields are meant: each field has two channels, so cut before you flatten",
            lambda flow, start, length: flow.flatten(1, 2)[:, start : start + length],
        ),
        Mistake(
            "this counts channels where fields are meant: each field has two channels, so cut before you flatten",
            lambda flow, start, length: flow.flatten(1, 2)[:, start : start + 2 * length],
        ),
        Mistake(
            "this counts channels where fields are meant: each field has two channels, so cut before you flatten",
            lambda flow, start, length: flow.flatten(1, 2)[:, 2 * start : 2 * start + length],
        ),
        Mistake(
            "the stack begins one field too early: k = 1 reads d at start + k - 1, which is `start` itself",
            lambda flow, start, length: flow[:, start - 1 : start - 1 + length].flatten(1, 2),
        ),
        Mistake(
            "components and rows became one axis: join fields and components, axes 1 and 2",
            lambda flow, start, length: flow[:, start : start + length].flatten(2, 3),
        ),
        Mistake(
            "v is missing: each field gives two channels, u and v",
            lambda flow, start, length: flow[:, start : start + length, 0],
        ),
        Mistake(
            "the fields are set one below the other as if they were clips: join them along the channels, dim=1",
            lambda flow, start, length: flow[:, start : start + length].transpose(0, 1).flatten(0, 1),
        ),
        Mistake(
            "fields and components still have axes of their own: put both into the channels",
            lambda flow, start, length: flow[:, start : start + length],
        ),
        Mistake(
            "this adds the fields up: the network should see each of them",
            lambda flow, start, length: flow[:, start : start + length].sum(1),
        ),
        Mistake(
            "this takes the mean field: the network should see each of them",
            lambda flow, start, length: flow[:, start : start + length].mean(1),
        ),
    ),
    hints=(
        "Take L fields, and write their components one after the other as channels. Which of the two axes, field or "
        "component, must change faster for u1, v1, u2, v2?",
        "`flow[:, a:b]` takes fields a to b - 1. `x.flatten(1, 2)` makes one axis of axes 1 and 2; the later of them "
        "changes faster.",
        "`flow[:, start : start + ...].flatten(..., ...)`",
    ),
    points=1,
)

# ---- 05.2 trajectory stacking ---------------------------------------------------------------------------------------


def _trajectory_cases(generator):
    moving_point = torch.zeros(1, 3, 2, 4, 6)
    for t in range(3):
        moving_point[0, t, 0, 2, 1 + t] = 1.0
    return [
        Case("a point that moves right, one pixel per frame", (moving_point, 0, 3)),
        Case("2 clips, 3 smooth fields", (_fields(generator, 2, 3), 0, 3)),
        Case("from field 2, 4 fields", (_fields(generator, 2, 6, 6, 5), 2, 4)),
        Case("a single field, L = 1", (_fields(generator, 3, 2), 1, 1)),
        Case("no more than one field there is", (_fields(generator, 2, 1), 0, 1)),
        Case("fast: 3 pixels per frame, over the border", (_fields(generator, 1, 4, 6, 8, 3.0), 0, 4)),
    ]


def _follow(step=lambda travelled, here, field: travelled + here, sign=1, outside="border", late=False, lost=False):
    """Trajectory stacking with one thing wrong."""

    def wrong(flow, start, length):
        fields = flow[:, start : start + length]
        travelled, channels = torch.zeros_like(fields[:, 0]), []
        for k, field in enumerate(fields.unbind(1)):
            here = warp(field, sign * travelled, outside=outside)
            if late:
                travelled = step(travelled, here, field)
                channels.append(warp(field, travelled, outside=outside))
                continue
            channels.append(here + travelled if lost and k else here)
            travelled = step(travelled, here, field)
        return torch.cat(channels, 1)

    return wrong


def _moved_at_first(flow, start, length):
    """The way begins with the first field, at its own pixel."""
    travelled, channels = flow[:, start], []
    for k in range(length):
        here = warp(flow[:, start + k], travelled, outside="border")
        channels.append(here)
        travelled = travelled + here
    return torch.cat(channels, 1)


def _exchanged(flow, start, length):
    travelled, channels = torch.zeros_like(flow[:, 0]), []
    for k in range(length):
        here = warp(travelled, flow[:, start + k], outside="border")
        channels.append(here)
        travelled = travelled + here
    return torch.cat(channels, 1)


def _started_twice(flow, start, length):
    fields = [flow[:, start + k] for k in range(start, start + length)]  # raises where there are none
    return _follow()(torch.stack(fields, 1), 0, length)


def _way_before(stack, length):
    """From the displacement of each step to the way before it."""
    steps = stack.unflatten(1, (length, 2))
    return (steps.cumsum(1) - steps).flatten(1, 2)


TRAJECTORY = Exercise(
    id="05.2",
    title="Trajectory stacking",
    name="stack_trajectories",
    kind="function",
    reference=stack_trajectories,
    cases=_trajectory_cases,
    mistakes=(
        Mistake(
            "this is plain stacking: the second displacement is read where the pixel has arrived, not where it began",
            stack_flow,
        ),
        Mistake(
            "the way is added up at the starting pixel: Eq. 2 adds the displacement that was read at the point itself",
            _follow(lambda travelled, here, field: travelled + field),
        ),
        Mistake(
            "only the last displacement counts: p_k starts from p_{k-1}, so the displacements add up",
            _follow(lambda travelled, here, field: here),
        ),
        Mistake(
            "the points move backwards: warp(image, flow) already reads at x + flow, so give it the way with its sign",
            _follow(sign=-1),
        ),
        Mistake(
            "the point moves before its first displacement is read: p_1 is the pixel itself",
            _follow(late=True),
        ),
        Mistake(
            'beyond the border the flow becomes 0: read the nearest pixel, outside="border"',
            _follow(outside="zero"),
        ),
        Mistake(
            "the points have moved before anything is read: `travelled` is zero at first",
            _moved_at_first,
        ),
        Mistake(
            "image and way are exchanged: warp(field, travelled) reads the field at x + travelled",
            _exchanged,
        ),
        Mistake(
            "each step reads the first field again: step k reads field start + k",
            lambda flow, start, length: _follow()(flow[:, [start] * length], 0, length),
        ),
        Mistake("`start` is added twice: with start + k, k runs from 0 to length - 1", _started_twice),
        Mistake(
            "the channels hold the way before each step: Eq. 2 asks for the displacement read at p_k",
            lambda flow, start, length: _way_before(_follow()(flow, start, length), length),
        ),
        Mistake(
            "the fields are set one below the other as if they were clips: join them along the channels, dim=1",
            lambda flow, start, length: (
                _follow()(flow, start, length).unflatten(1, (length, 2)).transpose(0, 1).flatten(0, 1)
            ),
        ),
        Mistake("`start` is ignored: begin with field `start`", lambda flow, start, length: _follow()(flow, 0, length)),
        Mistake(
            "the channels hold the way travelled so far: Eq. 2 asks for the displacement read at p_k",
            _follow(lost=True),
        ),
    ),
    hints=(
        "Carry a map with you, `travelled`: how far the point that began at each pixel has gone by now. At first it is "
        "zero everywhere. Each field is read at pixel + travelled, and what was read is the next step of the way.",
        '`warp(field, travelled, outside="border")` reads `field` at x + travelled, for all pixels at once. '
        "`flow[:, start + k]` is a field, (B, 2, H, W). `torch.cat(list, dim=1)` joins channels.",
        'In the loop: `here = warp(..., travelled, outside="border")`, `channels.append(here)`, '
        "`travelled = travelled + ...`.",
    ),
    points=3,
)

# ---- 05.3 bi-directional stacking, repaired -------------------------------------------------------------------------


def _two_way_cases(generator):
    def both(*sizes):
        return _fields(generator, *sizes), _fields(generator, *sizes)

    return [
        Case("L = 4 around frame 3 of 7", (*both(2, 6), 3, 4)),
        Case("L = 2 around frame 1", (*both(1, 3, 4, 6), 1, 2)),
        Case("L = 6 around frame 4", (*both(2, 8, 4, 5), 4, 6)),
        Case("L = 2 at the last frame that allows it", (*both(3, 5), 4, 2)),
    ]


def _two_way(ahead, behind):
    """A wrong stack from two functions (forward, backward, middle, half) -> fields (B, half, 2, H, W)."""

    def wrong(forward, backward, middle, length):
        parts = [part(forward, backward, middle, length // 2) for part in (ahead, behind)]
        return torch.cat(parts, 1).flatten(1, 2)

    return wrong


def _ahead(forward, backward, middle, half):
    return forward[:, middle : middle + half]


def _behind(forward, backward, middle, half):
    return backward[:, middle - half : middle].flip(1)


TWO_WAYS = Exercise(
    id="05.3",
    title="Fix the bugs: bi-directional stacking",
    name="stack_two_ways",
    kind="function",
    reference=stack_bidirectional,
    cases=_two_way_cases,
    mistakes=(
        Mistake(
            "both bugs are still there: which backward field starts at frame `middle`, and which comes after it?",
            _two_way(_ahead, lambda f, b, middle, half: b[:, middle : middle + half]),
        ),
        Mistake(
            "the backward fields come in the wrong order: first the one that leaves `middle`, then the one before it",
            _two_way(_ahead, lambda f, b, middle, half: b[:, middle - half : middle]),
        ),
        Mistake(
            "the backward part is one field late: backward[:, t] goes from frame t + 1 to t, so the one that leaves "
            "`middle` has number middle - 1",
            _two_way(_ahead, lambda f, b, middle, half: b[:, middle - half + 1 : middle + 1].flip(1)),
        ),
        Mistake(
            "the backward part starts after `middle`: it goes into the past",
            _two_way(_ahead, lambda f, b, middle, half: b[:, middle : middle + half].flip(1)),
        ),
        Mistake(
            "the backward part uses forward fields: they start from other frames, at other pixels",
            _two_way(_ahead, lambda f, b, middle, half: f[:, middle - half : middle].flip(1)),
        ),
        Mistake(
            "the forward field with a minus is not the backward field: it belongs to the pixels of another frame",
            _two_way(_ahead, lambda f, b, middle, half: -f[:, middle - half : middle].flip(1)),
        ),
        Mistake(
            "the halves are exchanged: forward first",
            _two_way(_behind, _ahead),
        ),
        Mistake(
            "the forward part is not L / 2 fields: half of the stack goes each way",
            _two_way(lambda f, b, middle, half: f[:, middle : middle + 2 * half], _behind),
        ),
        Mistake(
            "backward flow keeps its sign: it says where each pixel of `middle` came from",
            _two_way(_ahead, lambda f, b, middle, half: -_behind(f, b, middle, half)),
        ),
        Mistake(
            "the forward part is one field late: forward[:, t] goes from frame t to t + 1, so the one that leaves "
            "`middle` has number middle",
            _two_way(lambda f, b, middle, half: f[:, middle + 1 : middle + half + 1], _behind),
        ),
        Mistake(
            "the backward part is one field early: backward[:, t] goes from frame t + 1 to t, so the one that leaves "
            "`middle` has number middle - 1",
            _two_way(_ahead, lambda f, b, middle, half: b[:, max(middle - half - 1, 0) : middle - 1].flip(1)),
        ),
        Mistake(
            "the backward part is empty: a slice runs upwards, so take middle - half : middle and reverse it",
            _two_way(_ahead, lambda f, b, middle, half: b[:, :0]),
        ),
        Mistake(
            "each half has L fields: half of the stack goes each way, so each has L / 2",
            lambda f, b, middle, length: _two_way(_ahead, _behind)(f, b, middle, 2 * length),
        ),
        Mistake(
            "u and v are exchanged in the backward part: reverse the fields (axis 1 of five), not the components",
            _two_way(_ahead, lambda f, b, middle, half: _behind(f, b, middle, half).flip(2)),
        ),
        Mistake(
            "u and v are exchanged in the backward part: reverse the fields (axis 1 of five), not the components",
            _two_way(_ahead, lambda f, b, middle, half: b[:, middle - half : middle].flip(2)),
        ),
        Mistake(
            "forward and backward fields take turns: first all forward fields, then all backward ones",
            lambda f, b, middle, length: torch.stack(
                [_ahead(f, b, middle, length // 2), _behind(f, b, middle, length // 2)], 2
            ).flatten(1, 3),
        ),
        Mistake(
            "the halves are set one below the other as if they were clips: join them along the fields, dim=1",
            lambda f, b, middle, length: torch.cat(
                [_ahead(f, b, middle, length // 2), _behind(f, b, middle, length // 2)], 0
            ).flatten(1, 2),
        ),
        Mistake(
            "the forward part ends at `middle` instead of starting there",
            _two_way(lambda f, b, middle, half: f[:, middle - half : middle], _behind),
        ),
    ),
    hints=(
        "Write frame numbers on paper, and an arrow for each field. Forward field t starts at frame t. At which frame "
        "does backward field t start? Which arrow leaves frame `middle` to the left, and which one follows it?",
        "`backward[:, t]` goes from frame t + 1 to frame t. The fields wanted are middle - 1, middle - 2, ... "
        "`x.flip(1)` reverses axis 1.",
        "`behind = backward[:, middle - ... : middle].flip(...)`",
    ),
    points=2,
)

# ---- 05.4 mean flow subtraction -------------------------------------------------------------------------------------


def _mean_cases(generator):
    def stack(*sizes):
        drift = 4 * torch.rand(*sizes[:2], 1, 1, generator=generator) - 2
        return torch.rand(sizes, generator=generator) + drift

    return [
        Case("2 clips, L = 3", (stack(2, 6, 5, 7),)),
        Case("L = 1", (stack(3, 2, 4, 6),)),
        Case("one clip, L = 5, a pan that grows", (stack(1, 10, 3, 5) + torch.arange(10.0).view(1, 10, 1, 1),)),
    ]


def _median(stack):
    return stack - stack.flatten(2).median(2).values[..., None, None]


MEAN = Exercise(
    id="05.4",
    title="Mean flow subtraction",
    name="subtract_mean_flow",
    kind="function",
    reference=subtract_mean_flow,
    cases=_mean_cases,
    mistakes=(
        Mistake(
            "one number is subtracted from everything: each field of each clip has its own mean u and mean v",
            lambda stack: stack - stack.mean(),
        ),
        Mistake(
            "all channels of a clip share one number: u and v have different means, and so have the fields",
            lambda stack: stack - stack.mean((1, 2, 3), keepdim=True),
        ),
        Mistake(
            "this takes the mean over the channels at every pixel: it removes what moves steadily, too; take the mean "
            "over the pixels",
            lambda stack: stack - stack.mean(1, keepdim=True),
        ),
        Mistake(
            "all clips share their means: every camera moves in its own way",
            lambda stack: stack - stack.mean((0, 2, 3), keepdim=True),
        ),
        Mistake(
            "all fields share one mean vector: a camera may speed up, so each field has its own",
            lambda stack: (
                stack - stack.unflatten(1, (-1, 2)).mean((1, 3, 4)).repeat(1, stack.shape[1] // 2)[..., None, None]
            ),
        ),
        Mistake("this is the mean itself: subtract it from the stack", lambda stack: stack.mean((2, 3), keepdim=True)),
        Mistake("the mean is added: subtract it", lambda stack: stack + stack.mean((2, 3), keepdim=True)),
        Mistake(
            "dividing by the standard deviation is too much: how fast things move is part of the message",
            lambda stack: (stack - stack.mean((2, 3), keepdim=True)) / stack.std((2, 3), keepdim=True),
        ),
        Mistake("this subtracts the median: a good idea, but the paper takes the mean", _median),
        Mistake(
            "each column has its own mean: take the mean over rows and columns",
            lambda stack: stack - stack.mean(2, keepdim=True),
        ),
        Mistake(
            "this takes the mean over the clips at every pixel: each clip has its own camera; take the mean over the "
            "pixels",
            lambda stack: stack - stack.mean(0, keepdim=True),
        ),
        Mistake(
            "this averages channels and rows: rows and columns are the axes 2 and 3",
            lambda stack: stack - stack.mean((1, 2), keepdim=True),
        ),
        Mistake(
            "the means have lost their axes: with keepdim=True they are (B, 2L, 1, 1), and can be subtracted",
            lambda stack: stack - stack.mean((2, 3)),
        ),
        Mistake(
            "this subtracts the sum over the pixels: the mean is asked for",
            lambda stack: stack - stack.sum((2, 3), keepdim=True),
        ),
        Mistake(
            "u has one mean for all fields and clips, and so has v: each field of each clip has its own",
            lambda stack: (
                stack - stack.unflatten(1, (-1, 2)).mean((0, 1, 3, 4)).repeat(stack.shape[1] // 2)[:, None, None]
            ),
        ),
        Mistake(
            "each row has its own mean: take the mean over rows and columns",
            lambda stack: stack - stack.mean(3, keepdim=True),
        ),
    ),
    hints=(
        "A pan adds the same vector to every pixel of a field. Which average, over which axes, recovers that vector?",
        "`x.mean((a, b), keepdim=True)` averages over two axes and keeps them with length 1, so that the result can be "
        "subtracted from x.",
        "`stack - stack.mean((..., ...), keepdim=True)`",
    ),
    points=1,
)

# ---- 05.5 score fusion ----------------------------------------------------------------------------------------------


def _fuse(spatial, temporal, weight=0.5):
    """What the exercise asks: softmax per view, mean over views, weighted mean of the streams."""
    return fuse_average(average_predictions(spatial), average_predictions(temporal), weight)


def _fuse_cases(generator):
    def scores(*sizes):
        return 3 * torch.randn(sizes, generator=generator)

    return [
        Case("one view each", (scores(4, 1, 3), scores(4, 1, 3))),
        Case("10 views of frames, 6 of flow", (scores(3, 10, 5), scores(3, 6, 5))),
        Case("two thirds for the temporal stream", (scores(2, 4, 5), scores(2, 3, 5), 2 / 3)),
        Case("the streams disagree", (torch.tensor([[[9.0, 0, 0]]]), torch.tensor([[[0.0, 2, 0], [0, 3, 0]]]))),
    ]


def _wrong_fuse(view=lambda z: z.softmax(2).mean(1), mix=lambda s, t, w: (1 - w) * s + w * t):
    return lambda spatial, temporal, weight=0.5: mix(view(spatial), view(temporal), weight)


FUSE = Exercise(
    id="05.5",
    title="Score fusion",
    name="fuse",
    kind="function",
    reference=_fuse,
    cases=_fuse_cases,
    mistakes=(
        Mistake(
            "these are averages of scores before the softmax: one stream may have much larger numbers than the other",
            _wrong_fuse(lambda z: z.mean(1)),
        ),
        Mistake(
            "the softmax comes after the mean over the views: first a probability per view, then the mean",
            _wrong_fuse(lambda z: z.mean(1).softmax(1)),
        ),
        Mistake(
            "in the spatial stream the softmax comes after the mean over the views",
            _wrong_fuse(lambda z: z, lambda s, t, w: (1 - w) * s.mean(1).softmax(1) + w * t.softmax(2).mean(1)),
        ),
        Mistake(
            "in the temporal stream the softmax comes after the mean over the views",
            _wrong_fuse(lambda z: z, lambda s, t, w: (1 - w) * s.softmax(2).mean(1) + w * t.mean(1).softmax(1)),
        ),
        Mistake(
            "the softmax runs over the views: probabilities of one view sum to 1 over the classes, the last axis",
            _wrong_fuse(lambda z: z.softmax(1).mean(1)),
        ),
        Mistake(
            "the softmax runs over the videos: probabilities of one view sum to 1 over the classes, the last axis",
            _wrong_fuse(lambda z: z.softmax(0).mean(1)),
        ),
        Mistake(
            "the softmax comes last: first a probability per view, then the means",
            _wrong_fuse(lambda z: z.mean(1), mix=lambda s, t, w: ((1 - w) * s + w * t).softmax(1)),
        ),
        Mistake(
            "a second softmax flattens the probabilities: their weighted mean is what is asked for",
            _wrong_fuse(mix=lambda s, t, w: ((1 - w) * s + w * t).softmax(1)),
        ),
        Mistake(
            "these are log-probabilities: take the softmax without the logarithm",
            _wrong_fuse(lambda z: z.log_softmax(2).mean(1)),
        ),
        Mistake(
            "this adds up the views: take their mean, or more views make larger numbers",
            _wrong_fuse(lambda z: z.softmax(2).sum(1)),
        ),
        Mistake(
            "the spatial stream counts in full: its weight is 1 - weight", _wrong_fuse(mix=lambda s, t, w: s + w * t)
        ),
        Mistake(
            "the larger of both streams is taken: take their weighted mean",
            _wrong_fuse(mix=lambda s, t, w: s.maximum(t)),
        ),
        Mistake("the weight is the temporal stream's", _wrong_fuse(mix=lambda s, t, w: w * s + (1 - w) * t)),
        Mistake(
            "`weight` is ignored: it says how much the temporal stream counts",
            _wrong_fuse(mix=lambda s, t, w: (s + t) / 2),
        ),
        Mistake(
            "all views are averaged together: a stream with more views would count more",
            lambda spatial, temporal, weight=0.5: torch.cat([spatial, temporal], 1).softmax(2).mean(1),
        ),
        Mistake(
            "this multiplies the streams: the paper averages them",
            _wrong_fuse(mix=lambda s, t, w: s * t),
        ),
        Mistake("only the first view counts: average over all views", _wrong_fuse(lambda z: z.softmax(2)[:, 0])),
        Mistake(
            "this takes the largest score over the views: take their mean", _wrong_fuse(lambda z: z.softmax(2).amax(1))
        ),
        Mistake("the views still have an axis: one row of scores per video", _wrong_fuse(lambda z: z.softmax(2))),
        Mistake("a sum of both streams is not a mean: (1 - weight) and weight", _wrong_fuse(mix=lambda s, t, w: s + t)),
        Mistake(
            "only the winning class came: give the scores of all classes",
            _wrong_fuse(mix=lambda s, t, w: ((1 - w) * s + w * t).argmax(1)),
        ),
    ),
    hints=(
        "Three steps in this order: probabilities for every view, one row per stream by averaging its views, and then "
        "the weighted mean of the two rows.",
        "`z.softmax(2)` makes probabilities along the classes, the last axis of (N, V, K). `.mean(1)` averages the "
        "views.",
        "`spatial.softmax(...).mean(...)`, the same for `temporal`; then `(1 - weight) * ... + weight * ...`.",
    ),
    points=1,
    forbidden=("course_lib.models.two_stream.fuse_average",),
)

EXERCISES = (STACK, TRAJECTORY, TWO_WAYS, MEAN, FUSE)
