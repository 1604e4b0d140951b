"""Lecture 03, large-scale video classification: what its exercises ask, the likely mistakes, and the hints."""

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.exercises import Case, Exercise, Mistake
from course_lib.metrics import hit_at
from course_lib.models.fusion import context_and_fovea

# ---- 03.1 early fusion is a reshape ---------------------------------------------------------------------------------


def _early_fusion(clip, weight, bias, stride):
    """What the exercise asks: the frames become channels, then one 2D convolution."""
    return _stacked(clip, weight, bias, stride)


def _stacked(clip, weight, bias, stride):
    return F.conv2d(clip.flatten(1, 2), weight.flatten(1, 2), bias, stride=stride)


def _early_cases(generator):
    def numbers(*shape):
        return torch.randn(shape, generator=generator)

    return [
        Case("2 clips of 4 frames, 3 x 2 kernel", (numbers(2, 3, 4, 7, 6), numbers(5, 3, 4, 3, 2), numbers(5), 1)),
        Case("3 clips of 5 frames, stride 2", (numbers(3, 3, 5, 9, 8), numbers(4, 3, 5, 3, 3), numbers(4), 2)),
        Case("grey, 2 frames, stride 3", (numbers(2, 1, 2, 11, 9), numbers(3, 1, 2, 5, 4), numbers(3), 3)),
    ]


def _frames_first(x):
    return x.transpose(1, 2).flatten(1, 2)


EARLY = Exercise(
    id="03.1",
    title="Early fusion is a reshape",
    name="early_fusion",
    kind="function",
    reference=_early_fusion,
    cases=_early_cases,
    mistakes=(
        Mistake(
            "clip and weight disagree about the order of the 3 T channels: the frames come first in one and the "
            "colours in the other; flatten both the same way",
            lambda x, w, b, s: F.conv2d(_frames_first(x), w.flatten(1, 2), b, stride=s),
        ),
        Mistake(
            "clip and weight disagree about the order of the 3 T channels: the frames come first in one and the "
            "colours in the other; flatten both the same way",
            lambda x, w, b, s: F.conv2d(x.flatten(1, 2), _frames_first(w), b, stride=s),
        ),
        Mistake(
            "the clip still has its time axis; a 2D convolution takes (B, channels, H, W): join C and T to one axis",
            lambda x, w, b, s: F.conv2d(x, w.flatten(1, 2), b, stride=s),
        ),
        Mistake(
            "the weight still has its time axis: what you do to the clip's axes C and T, do to the weight's as well",
            lambda x, w, b, s: F.conv2d(x.flatten(1, 2), w, b, stride=s),
        ),
        Mistake("the bias is missing", lambda x, w, b, s: F.conv2d(x.flatten(1, 2), w.flatten(1, 2), stride=s)),
        Mistake(
            "the bias is added for every frame: add it once, after the sum over the frames",
            lambda x, w, b, s: _stacked(x, w, b * x.shape[2], s),
        ),
        Mistake("the stride is missing", lambda x, w, b, s: F.conv2d(x.flatten(1, 2), w.flatten(1, 2), b)),
        Mistake(
            "there is still a time axis of length 1: a 2D convolution leaves (B, D, H', W')",
            lambda x, w, b, s: _stacked(x, w, b, s).unsqueeze(2),
        ),
        Mistake(
            "this is late fusion: every frame went through the first frame's kernel by itself; stack the frames first",
            lambda x, w, b, s: F.conv3d(x, w[:, :, :1], b, stride=(1, s, s)),
        ),
        Mistake(
            "this averages the frames and loses their order: each frame needs weights of its own",
            lambda x, w, b, s: F.conv2d(x.mean(2), w.sum(2), b, stride=s),
        ),
        Mistake("only the first frame counts", lambda x, w, b, s: F.conv2d(x[:, :, 0], w[:, :, 0], b, stride=s)),
        Mistake(
            "this pads: early fusion as asked here keeps only the places where the kernel fits",
            lambda x, w, b, s: F.conv2d(
                x.flatten(1, 2), w.flatten(1, 2), b, stride=s, padding=(w.shape[3] // 2, w.shape[4] // 2)
            ),
        ),
    ),
    hints=(
        "A 2D convolution sums over channels. What must be a channel, for it to sum over colours *and* frames?",
        "`x.flatten(1, 2)` joins axes 1 and 2. What you do to the clip's axes C and T, do to the weight's as well.",
        "`F.conv2d(clip.flatten(1, ...), weight.flatten(1, ...), bias, stride=...)`.",
    ),
    points=2,
    forbidden=("torch.nn.functional.conv3d",),
)

# ---- 03.2 temporal extents of slow fusion ---------------------------------------------------------------------------


def _frames_seen(unit, extents, strides):
    """What the exercise asks: walk back from a unit of the top layer to the frames."""
    return _down(unit, extents, strides)


def _seen_cases(generator):
    def draw(low, high):
        return int(torch.randint(low, high + 1, (), generator=generator))

    def stack(layers):
        return tuple(draw(3, 6) for _ in range(layers)), tuple(draw(2, 4) for _ in range(layers))

    return [
        Case("slow fusion: the one unit of conv3", (0, (4, 2, 2), (2, 2, 2))),
        Case("slow fusion: the second unit of conv2", (1, (4, 2), (2, 2))),
        Case("slow fusion: the last unit of conv1", (3, (4,), (2,))),
        Case("early fusion: conv1", (0, (10,), (1,))),
        Case("another network: extents 3, 5, 2, strides 1, 3, 2", (2, (3, 5, 2), (1, 3, 2))),
        Case("three other layers", (draw(1, 5), *stack(3))),
        Case("four other layers", (draw(1, 5), *stack(4))),
    ]


def _walk(step, order=reversed):
    """A walk from a unit to the frames: step(first, last, extent, stride) -> (first, last) below."""

    def walk(unit, extents, strides):
        first = last = unit
        for extent, stride in zip(order(extents), order(strides), strict=True):
            first, last = step(first, last, extent, stride)
        return first, last

    return walk


_down = _walk(lambda first, last, extent, stride: (first * stride, last * stride + extent - 1))


def _one_reversed(extents_too):
    """A walk down that takes only one of the two lists from the top."""

    def walk(unit, extents, strides):
        return _down(unit, *((extents, strides[::-1]) if extents_too else (extents[::-1], strides)))

    return walk


def _from_zero(unit, extents, strides):
    first, last = _down(unit, extents, strides)
    return 0, last - first


SEEN = Exercise(
    id="03.2",
    title="The temporal extent of slow fusion",
    name="frames_seen",
    kind="function",
    reference=_frames_seen,
    cases=_seen_cases,
    mistakes=(
        Mistake(
            "the walk goes from the bottom up: start at the unit and go through the layers in reverse",
            _walk(lambda f, t, e, s: (f * s, t * s + e - 1), order=iter),
        ),
        Mistake(
            "the last frame is one too far: a kernel of 4 that begins at 0 ends at 3",
            _walk(lambda f, t, e, s: (f * s, t * s + e)),
        ),
        Mistake("the strides are missing", _walk(lambda f, t, e, s: (f, t + e - 1))),
        Mistake(
            "this is where the lowest kernel begins and ends, and not yet what its neighbours see: `last` moves with "
            "the last unit, `first` with the first",
            _walk(lambda f, t, e, s: (f * s, f * s + e - 1)),
        ),
        Mistake(
            "the stride stretches the extent too: multiply the unit's place by the stride, then add extent - 1",
            _walk(lambda f, t, e, s: (f * s, (t + e - 1) * s)),
        ),
        Mistake(
            "`last` is computed from the new `first`: it starts from the last unit of the layer above, before that "
            "changes",
            _walk(lambda f, t, e, s: (f * s, f * s * s + e - 1)),
        ),
        Mistake("one of the two lists still runs from the bottom up: reverse both", _one_reversed(extents_too=True)),
        Mistake("one of the two lists still runs from the bottom up: reverse both", _one_reversed(extents_too=False)),
        Mistake(
            "this stops after the topmost layer: return after the loop, not in it",
            lambda u, e, s: _down(u, e[-1:], s[-1:]),
        ),
        Mistake("the order is (first, last)", lambda u, e, s: _down(u, e, s)[::-1]),
        Mistake(
            "frames are numbered from 0: these numbers are one too large",
            lambda u, e, s: tuple(frame + 1 for frame in _down(u, e, s)),
        ),
        Mistake(
            "these are all the frames that the unit sees: only the first and the last of them are asked for",
            lambda u, e, s: range(_down(u, e, s)[0], _down(u, e, s)[1] + 1),
        ),
        Mistake("this is how many frames, as if the unit were the first: the place of the unit is missing", _from_zero),
        Mistake(
            "this is the number of frames that the unit sees: the first and the last of them are asked for",
            lambda u, e, s: _down(u, e, s)[1] - _down(u, e, s)[0] + 1,
        ),
        Mistake(
            "the end is exclusive, as in range(): the last frame itself is asked for, which is one less",
            lambda u, e, s: (_down(u, e, s)[0], _down(u, e, s)[1] + 1),
        ),
    ),
    hints=(
        "Where does the kernel of the topmost layer begin, if the unit is number u and the stride s? Where does it "
        "end? These are the first and the last unit of the layer below: repeat with them.",
        "`zip(reversed(extents), reversed(strides))` goes from the top layer down. Keep two numbers, `first` and "
        "`last`.",
        "In the loop: `first = first * ...` and `last = last * ... + extent - ...`.",
    ),
    points=2,
)

# ---- 03.3 context and fovea -----------------------------------------------------------------------------------------


def _stream_cases(generator):
    return [
        Case("2 clips, 1 frame of 8 x 12", (torch.rand(2, 3, 1, 8, 12, generator=generator),)),
        Case("3 clips, 2 frames of 16 x 4", (torch.rand(3, 3, 2, 16, 4, generator=generator),)),
        Case("half rows that are odd: 10 x 6", (torch.rand(1, 3, 4, 10, 6, generator=generator),)),
    ]


def _two_streams(clip):
    """What the exercise asks: `context_and_fovea` of the models."""
    return context_and_fovea(clip)


def _context(clip):
    return F.avg_pool3d(clip, (1, 2, 2))


def _fovea(clip):
    return clip[..., _middle(clip.shape[-2]), _middle(clip.shape[-1])]


def _middle(size):
    """The middle half of an axis, as a slice."""
    start = (size - size // 2) // 2
    return slice(start, start + size // 2)


def _cut(clip, top, left):
    height, width = clip.shape[-2] // 2, clip.shape[-1] // 2
    return clip[..., top : top + height, left : left + width]


STREAMS = Exercise(
    id="03.3",
    title="Context and fovea",
    name="two_streams",
    kind="function",
    reference=_two_streams,
    cases=_stream_cases,
    mistakes=(
        Mistake(
            "the fovea is cut along the rows only: half of the columns go, too",
            lambda x: (_context(x), x[..., _middle(x.shape[-2]), :]),
        ),
        Mistake(
            "the fovea is cut along the columns only, as if they were rows: clip[..., rows, columns] needs both",
            lambda x: (_context(x), x[..., _middle(x.shape[-2])]),
        ),
        Mistake(
            "rows and columns of the fovea are exchanged: clip[..., rows, columns]",
            lambda x: (_context(x), x[..., _middle(x.shape[-1]), _middle(x.shape[-2])]),
        ),
        Mistake(
            "the crop hits frames and rows: the rows and columns are the last two axes, clip[..., rows, columns]",
            lambda x: (_context(x), x[:, :, _middle(x.shape[-2]), _middle(x.shape[-1])]),
        ),
        Mistake(
            "the windows of the context overlap: with stride 1 it keeps its size; let each 2 x 2 block count once",
            lambda x: (F.avg_pool3d(x, (1, 2, 2), stride=1), _fovea(x)),
        ),
        Mistake(
            "the context adds up each 2 x 2 block: average it",
            lambda x: (4 * _context(x), _fovea(x)),
        ),
        Mistake("the order is (context, fovea)", lambda x: (_fovea(x), _context(x))),
        Mistake(
            "the context takes every second pixel and ignores the others: average each 2 x 2 block",
            lambda x: (x[..., ::2, ::2], _fovea(x)),
        ),
        Mistake(
            "the context averages frames too: the pooling window is 1 in time",
            lambda x: (F.avg_pool3d(x, (min(2, x.shape[2]), 2, 2)), _fovea(x)),
        ),
        Mistake(
            "the context takes the largest value of each block: average it",
            lambda x: (F.max_pool3d(x, (1, 2, 2)), _fovea(x)),
        ),
        Mistake("the fovea is the upper left corner: it lies in the middle", lambda x: (_context(x), _cut(x, 0, 0))),
        Mistake(
            "the fovea is the lower right corner: it lies in the middle",
            lambda x: (_context(x), x[..., x.shape[-2] // 2 :, x.shape[-1] // 2 :]),
        ),
        Mistake(
            "the fovea is a quarter of the rows and columns in size: it should have half of each",
            lambda x: (
                _context(x),
                x[..., x.shape[-2] // 4 : x.shape[-2] // 2, x.shape[-1] // 4 : x.shape[-1] // 2],
            ),
        ),
        Mistake(
            "the fovea comes from the context: cut it out of the full-size frame, that is its point",
            lambda x: (
                _context(x),
                F.interpolate(_cut(_context(x), x.shape[-2] // 8, x.shape[-1] // 8), size=_context(x).shape[2:]),
            ),
        ),
    ),
    hints=(
        "One stream sees everything, coarsely; the other sees the middle, finely. Both have half the rows and half the "
        "columns.",
        "`F.avg_pool3d(clip, (1, 2, 2))` averages blocks of 2 x 2 pixels. A centre crop of h rows out of H begins at "
        "`(H - h) // 2`.",
        "`context = F.avg_pool3d(clip, (1, ..., ...))`; `fovea = clip[..., top : top + H // 2, left : left + ...]` "
        "with `top = (H - H // 2) // ...`.",
    ),
    points=2,
    forbidden=("course_lib.models.fusion.context_and_fovea",),
)

# ---- 03.4 hit@k, from clips to videos -------------------------------------------------------------------------------


def _video_hit(scores, videos, labels, k):
    """What the exercise asks: average the probabilities of each video's clips, then look at the k best."""
    return _averaged_hit(scores, videos, labels, k)


def _averaged_hit(scores, videos, labels, k):
    return hit_at(_mean_per_video(scores.softmax(1), videos, len(labels)), labels, k)


def _mean_per_video(values, videos, count):
    return torch.stack([values[videos == video].mean(0) for video in range(count)])


def _clear(scores, videos, labels, k):
    """Whether the k best of every video are the k best by more than rounding: very sure clips give ties of 0.5."""
    best = _mean_per_video(scores.double().softmax(1), videos, len(labels)).topk(k + 1).values
    return bool((best[:, k - 1] - best[:, k] > 1e-5).all())


def _hit_cases(generator):
    def case(label, *sizes):
        args = draw(*sizes)
        while not _clear(*args):
            args = draw(*sizes)
        return Case(label, args)

    def draw(clips_of, classes, k):
        videos = torch.arange(len(clips_of)).repeat_interleave(torch.tensor(clips_of))
        videos = videos[torch.randperm(len(videos), generator=generator)]
        labels = torch.randint(classes, (len(clips_of),), generator=generator)
        scores = 3 * torch.randn(len(videos), classes, generator=generator)
        helped = torch.rand(len(videos), generator=generator) < 0.45  # some clips see the class, and one is very sure
        scores[helped, labels[videos[helped]]] += 4
        scores *= torch.where(torch.rand(len(videos), 1, generator=generator) < 0.3, 4.0, 1.0)
        return scores, videos, labels, k

    return [
        case("60 videos of 3 clips, 4 classes, hit@1", [3] * 60, 4, 1),
        case("80 videos of 2 to 6 clips, 6 classes, hit@1", [2 + i % 5 for i in range(80)], 6, 1),
        case("70 videos of 1 to 4 clips, 7 classes, hit@2", [1 + i % 4 for i in range(70)], 7, 2),
    ]


def _clip_hit(scores, videos, labels, k):
    return hit_at(scores, labels[videos], k)


def _any_clip(scores, videos, labels, k):
    hits = (scores.topk(k).indices == labels[videos][:, None]).any(1)
    return sum(bool(hits[videos == v].any()) for v in range(len(labels))) / len(labels)


def _most_clips(scores, videos, labels, k):
    hits = (scores.topk(k).indices == labels[videos][:, None]).any(1).float()
    return sum(bool(hits[videos == v].mean() > 0.5) for v in range(len(labels))) / len(labels)


def _mean_of_hits(scores, videos, labels, k):
    hits = (scores.topk(k).indices == labels[videos][:, None]).any(1).float()
    return sum(hits[videos == v].mean().item() for v in range(len(labels))) / len(labels)


def _kth_only(scores, videos, labels, k):
    ranked = _mean_per_video(scores.softmax(1), videos, len(labels)).topk(k).indices
    return (ranked[:, -1] == labels).float().mean().item()


def _all_of_k(scores, videos, labels, k):
    ranked = _mean_per_video(scores.softmax(1), videos, len(labels)).topk(k).indices
    return (ranked == labels[:, None]).all(1).float().mean().item()


def _in_order(scores, videos, labels, k):
    """As if the clips of video 0 came first, then those of video 1, and so on."""
    return _averaged_hit(scores, videos.sort().values, labels, k)


def _strongest(scores, videos, labels, k):
    best = torch.stack([scores.softmax(1)[videos == v].amax(0) for v in range(len(labels))])
    return hit_at(best, labels, k)


def _first_clip(scores, videos, labels, k):
    first = torch.stack([scores[videos == v][0] for v in range(len(labels))])
    return hit_at(first, labels, k)


HIT = Exercise(
    id="03.4",
    title="hit@k, from clips to videos",
    name="video_hit",
    kind="function",
    reference=_video_hit,
    cases=_hit_cases,
    mistakes=(
        Mistake("k is ignored: this is hit@1", lambda s, v, y, k: _averaged_hit(s, v, y, 1)),
        Mistake("only the k-th best class counts here: a hit may be any of the k best", _kth_only),
        Mistake("one hit among the k best is enough: take .any over them, not .all", _all_of_k),
        Mistake(
            "this divides by k as well: a video is a hit once, or not at all; take .any over the k best first",
            lambda s, v, y, k: _averaged_hit(s, v, y, k) / k,
        ),
        Mistake("this is clip hit@k: average the clips of a video before you look for the best classes", _clip_hit),
        Mistake(
            "this averages scores before the softmax; the paper averages predictions, so take the softmax first",
            lambda s, v, y, k: hit_at(_mean_per_video(s, v, len(y)), y, k),
        ),
        Mistake("a video counts here as soon as one clip is right: average the clips first", _any_clip),
        Mistake("this lets the clips vote: average their probabilities instead", _most_clips),
        Mistake("this averages the hits of the clips: average the probabilities, then ask for a hit", _mean_of_hits),
        Mistake("this takes the strongest clip for each class: the mean is asked for", _strongest),
        Mistake("this looks at one clip of each video only", _first_clip),
        Mistake(
            "the softmax runs over the clips: the probabilities of one clip sum to 1 over the classes, axis 1",
            lambda s, v, y, k: hit_at(_mean_per_video(s.softmax(0), v, len(y)), y, k),
        ),
        Mistake(
            "the clips come in any order: `videos` says which clips belong to a video",
            _in_order,
        ),
        Mistake(
            "this is the share of videos that are missed: the share of hits is asked for",
            lambda s, v, y, k: 1 - _averaged_hit(s, v, y, k),
        ),
        Mistake(
            "this divides by the number of clips: divide by the number of videos",
            lambda s, v, y, k: _averaged_hit(s, v, y, k) * len(y) / len(v),
        ),
        Mistake(
            "this is the number of hits: divide by the number of videos",
            lambda s, v, y, k: _averaged_hit(s, v, y, k) * len(y),
        ),
        Mistake("these are percent: a share in 0..1 is asked for", lambda s, v, y, k: _averaged_hit(s, v, y, k) * 100),
        Mistake(
            "this misses the best class: the k best are those with the largest values, the first ones of topk",
            lambda s, v, y, k: hit_at(-_mean_per_video(s.softmax(1), v, len(y)), y, k),
        ),
    ),
    hints=(
        "Every clip gives probabilities for the classes. A video's are the mean of its clips'. Only then ask whether "
        "the right class is among the k best.",
        "`scores.softmax(dim=1)`, then `probabilities[videos == video].mean(0)` for every video, `torch.stack`, and "
        "`topk(k, dim=1).indices`.",
        "`hits = (means.topk(k, dim=1).indices == labels[:, None]).any(dim=...)`; return `hits.float().mean().item()`, "
        "with `means = torch.stack([... for video in range(len(labels))])`.",
    ),
    points=3,
)

# ---- 03.5 a late-fusion network -------------------------------------------------------------------------------------


class _TwoTowers(nn.Module):
    """One tower for two frames, and a head for both."""

    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        self.tower = nn.Sequential(nn.Conv2d(3, channels, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)

    def forward(self, clip):
        first, second = self.frames(clip)
        return self.head(torch.cat([self.tower(first).flatten(1), self.tower(second).flatten(1)], 1))

    def frames(self, clip):
        return clip[:, :, 0], clip[:, :, self.gap]


class _LateFusion(_TwoTowers):
    """What the exercise asks; the classes below are the mistakes."""


class _Swapped(_TwoTowers):
    def frames(self, clip):
        return clip[:, :, self.gap], clip[:, :, 0]


class _FirstTwice(_TwoTowers):
    def frames(self, clip):
        return clip[:, :, 0], clip[:, :, 0]


class _Neighbors(_TwoTowers):
    def frames(self, clip):
        return clip[:, :, 0], clip[:, :, 1]


class _LastFrame(_TwoTowers):
    def frames(self, clip):
        return clip[:, :, 0], clip[:, :, -1]


class _OneLess(_TwoTowers):
    def frames(self, clip):
        return clip[:, :, 0], clip[:, :, self.gap - 1]


class _OneMore(_TwoTowers):
    def frames(self, clip):
        return clip[:, :, 0], clip[:, :, self.gap + 1]


class _FixedGap(_TwoTowers):
    def frames(self, clip):
        return clip[:, :, 0], clip[:, :, 15]


class _WrongAxis(_TwoTowers):
    def frames(self, clip):
        return clip[:, 0], clip[:, 0]  # the first one raises


class _Unflattened(_TwoTowers):
    def forward(self, clip):
        return self.head(torch.cat([self.tower(frame) for frame in self.frames(clip)], 1))


class _Added(_TwoTowers):
    def forward(self, clip):
        return self.head(sum(self.tower(frame).flatten(1) for frame in self.frames(clip)))


class _Stacked(_TwoTowers):
    def forward(self, clip):
        return self.head(torch.cat([self.tower(frame).flatten(1) for frame in self.frames(clip)], 0))


class _Headless(_TwoTowers):
    def forward(self, clip):
        return torch.cat([self.tower(frame).flatten(1) for frame in self.frames(clip)], 1)


class _Activated(_TwoTowers):
    def forward(self, clip):
        return super().forward(clip).relu()


class _Interleaved(_TwoTowers):
    def forward(self, clip):
        return self.head(torch.stack([self.tower(frame) for frame in self.frames(clip)], 2).flatten(1))


class _InterleavedNumbers(_TwoTowers):
    def forward(self, clip):
        return self.head(torch.stack([self.tower(frame).flatten(1) for frame in self.frames(clip)], 2).flatten(1))


class _Averaged(_TwoTowers):
    def forward(self, clip):
        maps = sum(self.tower(frame).flatten(1) for frame in self.frames(clip)) / 2
        return self.head(torch.cat([maps, maps], 1))


class _LogSoftmax(_TwoTowers):
    def forward(self, clip):
        return super().forward(clip).log_softmax(1)


class _Softmax(_TwoTowers):
    def forward(self, clip):
        return super().forward(clip).softmax(1)


def _late_cases(generator):
    def case(label, shape, channels, classes, *gap):
        clip = torch.randn(shape, generator=generator)
        return Case(label, (channels, classes, shape[-1], *gap), {"inputs": clip})

    return [
        case("2 clips of 20 frames, gap left out", (2, 3, 20, 16, 16), 4, 5),
        case("3 clips of 16 frames: frame 15 is the last", (3, 3, 16, 8, 8), 6, 3, 15),
        case("2 clips, towers 6 frames apart", (2, 3, 12, 12, 12), 5, 4, 6),
    ]


LATE = Exercise(
    id="03.5",
    title="A late-fusion forward pass",
    name="LateFusionNet",
    kind="class",
    reference=_LateFusion,
    cases=_late_cases,
    mistakes=(
        Mistake("the two frames are swapped: frame 0 comes first", _Swapped),
        Mistake("both towers see frame 0: the second one sees frame `gap`", _FirstTwice),
        Mistake("the towers see neighbouring frames: the second one sees frame `gap`", _Neighbors),
        Mistake("the second tower sees the last frame: it sees frame `gap`, wherever the clip ends", _LastFrame),
        Mistake("the second frame is one too early: frames are numbered from 0", _OneLess),
        Mistake("the second frame is one too late: frames are numbered from 0", _OneMore),
        Mistake("the second tower always sees frame 15: it sees frame `gap`, which is self.gap", _FixedGap),
        Mistake(
            "this takes channel 0, not frame 0: time is the third axis, so a frame is clip[:, :, t]",
            _WrongAxis,
        ),
        Mistake(
            "the maps still have rows and columns, and the head takes one row of numbers per clip: .flatten(1) first",
            _Unflattened,
        ),
        Mistake(
            "the towers are added before the head, so it cannot tell which frame came first: concatenate them",
            _Added,
        ),
        Mistake("the towers are set below each other: numbers of the same clip belong side by side, dim=1", _Stacked),
        Mistake("the head is missing: it makes scores of the numbers", _Headless),
        Mistake("scores may be negative: leave the ReLU out after the head", _Activated),
        Mistake(
            "the maps of the two towers alternate: put all of the first tower before all of the second",
            _Interleaved,
        ),
        Mistake(
            "the numbers of the two towers alternate: put all of the first tower before all of the second",
            _InterleavedNumbers,
        ),
        Mistake(
            "the maps of the towers are averaged before the head, so it cannot tell which frame came first: "
            "concatenate them",
            _Averaged,
        ),
        Mistake("leave the softmax out: the loss takes scores before the softmax", _Softmax),
        Mistake("leave the log-softmax out: the loss takes scores before the softmax", _LogSoftmax),
    ),
    hints=(
        "The same tower looks at two frames, one after the other. Its two answers lie side by side in front of the "
        "head.",
        "`clip[:, :, t]` is frame t of every clip, (B, 3, H, W). `flatten(1)` makes (B, numbers) of maps. "
        "`torch.cat((a, b), dim=1)` sets them side by side.",
        "`early = self.tower(clip[:, :, 0]).flatten(1)`, `late = self.tower(clip[:, :, self....]).flatten(1)`, then "
        "`return self.head(torch.cat((..., ...), dim=1))`.",
    ),
    points=3,
)

EXERCISES = (EARLY, SEEN, STREAMS, HIT, LATE)
