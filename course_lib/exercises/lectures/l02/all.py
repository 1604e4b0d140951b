"""Lecture 02, convolutions in time: what its exercises ask, the likely mistakes, and the hints."""

import math

import torch
import torch.nn.functional as F

from course_lib.exercises import Case, Exercise, Mistake
from course_lib.ops.convolution import conv3d_reference, conv_output_size
from course_lib.ops.hardwired import image_gradients
from course_lib.ops.receptive_field import Layer, receptive_field

# ---- 02.1 3D convolution with loops ---------------------------------------------------------------------------------


def _conv_cases(generator):
    def numbers(*shape):
        return torch.randn(shape, generator=generator)

    return [
        Case("1 channel, 2 x 2 x 2 kernel", (numbers(1, 3, 4, 5), numbers(1, 1, 2, 2, 2), numbers(1))),
        Case("3 channels, 2 outputs, 3 x 2 x 1 kernel", (numbers(3, 4, 5, 3), numbers(2, 3, 3, 2, 1), numbers(2))),
        Case("2 channels, 3 outputs, 2 x 1 x 3 kernel", (numbers(2, 5, 3, 4), numbers(3, 2, 2, 1, 3), numbers(3))),
        Case("early fusion: kernel as long as the clip", (numbers(2, 4, 3, 4), numbers(2, 2, 4, 2, 2), numbers(2))),
    ]


def _conv(clip, weight, bias=None):
    return F.conv3d(clip[None], weight, bias)[0]


def _short(clip, weight, bias):
    """One place too few along each axis; where that leaves none, what the loops then leave: an empty tensor."""
    return _conv(clip, weight, bias)[:, :-1, :-1, :-1]


def _frame_by_frame(clip, weight, bias):
    frames = clip.shape[1] - weight.shape[2] + 1
    return _conv(clip[:, :frames], weight[:, :, :1], bias)


def _unfinished_border(clip, weight, bias):
    """The output is as large as the clip; the places where the kernel does not fit stay zero."""
    frames, rows, columns = (n - 1 for n in weight.shape[2:])
    return F.pad(_conv(clip, weight, bias), (0, columns, 0, rows, 0, frames))


CONV = Exercise(
    id="02.1",
    title="3D convolution with loops",
    name="conv3d_loops",
    kind="function",
    reference=conv3d_reference,
    cases=_conv_cases,
    mistakes=(
        Mistake("the bias is missing: b_j is added once to every output", lambda c, w, b: _conv(c, w)),
        Mistake(
            "the kernel is flipped: that is convolution as signal processing has it; Eq. 2 adds p, q and r to the "
            "position and takes the kernel as it is",
            lambda c, w, b: _conv(c, w.flip(2, 3, 4), b),
        ),
        Mistake(
            "the kernel runs backwards in time: its first frame belongs to the first frame of the block",
            lambda c, w, b: _conv(c, w.flip(2), b),
        ),
        Mistake(
            "only the first input channel counts: Eq. 2 sums over all channels m",
            lambda c, w, b: _conv(c[:1], w[:, :1], b),
        ),
        Mistake(
            "one place is missing along each axis: a kernel of length R stands at T - R + 1 places, not T - R",
            _short,
        ),
        Mistake(
            "the output is as large as the clip, and its border is empty: along time, only T - R + 1 places fit",
            _unfinished_border,
        ),
        Mistake(
            "time is missing: this multiplies one frame with the first frame of the kernel; sum over r as well",
            _frame_by_frame,
        ),
        Mistake(
            "the bias is added for every channel: add it once, after the sum",
            lambda c, w, b: _conv(c, w, b * len(c)),
        ),
        Mistake(
            "the bias is added with every product: add it once, after the sum",
            lambda c, w, b: _conv(c, w, b * w[0].numel()),
        ),
        Mistake(
            "this takes the mean of the products: Eq. 2 has a sum",
            lambda c, w, b: _conv(c, w / w[0].numel(), b),
        ),
        Mistake("leave the tanh of the paper out here, as the task says", lambda c, w, b: _conv(c, w, b).tanh()),
        Mistake(
            "all outputs have the first kernel: output j takes weight[j]",
            lambda c, w, b: _conv(c, w[:1].expand_as(w), b),
        ),
        Mistake(
            "all outputs have the first bias: output j takes bias[j]",
            lambda c, w, b: _conv(c, w, b[:1].expand_as(b)),
        ),
    ),
    hints=(
        "Put the kernel at frame t, row y, column x. Which block of the clip lies under it? Multiply block and kernel "
        "number by number, add everything up, add the bias.",
        "The block is a slice in three axes: `clip[:, t : t + R, ...]` has shape (C, R, P, Q), and so has "
        "`weight[j]`. `(a * b).sum()` is the fourfold sum of Eq. 2.",
        "`block = clip[:, t : t + R, y : y + P, ...]`, then `out[j, t, y, x] = (weight[j] * ...).sum() + bias[...]`.",
    ),
    points=3,
    forbidden=(
        "torch.nn.functional.conv3d",
        "torch.nn.functional.conv2d",
        "course_lib.ops.convolution.conv3d",
        "course_lib.ops.convolution.conv3d_reference",
    ),
)

# ---- 02.2 output sizes ----------------------------------------------------------------------------------------------


def _output_size(size, kernel, stride=1, padding=0):
    """What the exercise asks: `conv_output_size` along one axis."""
    return conv_output_size(size, kernel, stride, padding)


def _draw(generator, low, high):
    """A whole number from low to high."""
    return int(torch.randint(low, high + 1, (), generator=generator))


def _size_cases(generator):
    return [
        Case("16 frames, kernel 3", (16, 3)),
        Case("16 frames, kernel 3, stride 2, padding 1", (16, 3), {"stride": 2, "padding": 1}),
        Case("64 columns, pooling 4 with stride 4", (64, 4), {"stride": 4}),
        Case("7 frames, kernel 7: early fusion", (7, 7)),
        Case("10 frames, kernel 5, stride 3, padding 2", (10, 5), {"stride": 3, "padding": 2}),
        Case("11 frames, kernel 2, stride 4", (11, 2), {"stride": 4}),
        Case("10 frames, kernel 5, padding 2: the size stays", (10, 5), {"padding": 2}),
        Case("kernel longer than the clip, padded", (3, 5), {"padding": 1}),
        Case("another stride", (_draw(generator, 12, 40), _draw(generator, 2, 5)), {"stride": _draw(generator, 2, 4)}),
        Case("another padding", (_draw(generator, 12, 40), 5), {"stride": 2, "padding": _draw(generator, 1, 2)}),
    ]


SIZE = Exercise(
    id="02.2",
    title="How many frames come out?",
    name="output_size",
    kind="function",
    reference=_output_size,
    cases=_size_cases,
    mistakes=(
        Mistake(
            "the + 1 is divided as well: count the steps first, (size + 2 * padding - kernel) // stride, then add 1",
            lambda size, kernel, stride=1, padding=0: (size + 2 * padding - kernel + 1) // stride,
        ),
        Mistake(
            "one too few: a kernel that exactly fits still has one place, so + 1 belongs after the division",
            lambda size, kernel, stride=1, padding=0: (size + 2 * padding - kernel) // stride,
        ),
        Mistake(
            "the padding counts once: it is added at both ends",
            lambda size, kernel, stride=1, padding=0: (size + padding - kernel) // stride + 1,
        ),
        Mistake(
            "the padding is missing: it makes the axis longer by 2 * padding before the kernel is placed",
            lambda size, kernel, stride=1, padding=0: (size - kernel) // stride + 1,
        ),
        Mistake(
            "the stride is missing: of all places, only every stride-th is taken",
            lambda size, kernel, stride=1, padding=0: size + 2 * padding - kernel + 1,
        ),
        Mistake(
            "this rounds up: the last, incomplete step would hang over the end; round down with //",
            lambda size, kernel, stride=1, padding=0: math.ceil((size + 2 * padding - kernel) / stride) + 1,
        ),
        Mistake(
            "a size is a whole number: divide with //, which rounds down",
            lambda size, kernel, stride=1, padding=0: (size + 2 * padding - kernel) / stride + 1,
        ),
        Mistake(
            "this divides the size by the stride: true only with padding that keeps the size; the kernel is missing",
            lambda size, kernel, stride=1, padding=0: size // stride,
        ),
    ),
    hints=(
        "Count steps, not places: from its first place the kernel can move until its end touches the end of the axis. "
        "Places are steps plus one.",
        "With padding the axis is `size + 2 * padding` long. The kernel takes `kernel` of it; `//` divides what is "
        "left into whole steps of `stride`.",
        "`(size + 2 * ... - kernel) // ... + 1`",
    ),
    points=1,
    forbidden=("course_lib.ops.convolution.conv_output_size",),
)

# ---- 02.3 receptive field, repaired ---------------------------------------------------------------------------------


def _receptive_field(layers):
    """What the exercise asks: the field in time after each (kernel, stride), from the course's own formula."""
    endless = 10**9  # frames: no border cuts the field
    rows = receptive_field([Layer("", (k, 1, 1), stride=(s, 1, 1)) for k, s in layers], (1, endless, 1, 1))
    return [row.field[0] for row in rows[1:]]


def _field_cases(generator):
    def layers(count):
        return [(_draw(generator, 2, 4), _draw(generator, 2, 3)) for _ in range(count)]

    return [
        Case("two convolutions of 3 frames", ([(3, 1), (3, 1)],)),
        Case("the 3D CNN of the table", ([(3, 1), (4, 4), (3, 1)],)),
        Case("strides 2, 1, 3", ([(3, 2), (2, 1), (4, 3), (2, 1)],)),
        Case("slow fusion (Karpathy et al.)", ([(4, 2), (2, 2), (2, 2)],)),
        Case("one frame at a time", ([(1, 1), (1, 4), (5, 1)],)),
        Case("three other layers", (layers(3),)),
        Case("four other layers", (layers(4),)),
    ]


def _field(grow, jump_first):
    """A wrong formula: how the field grows, and whether the jump changes before it."""

    def receptive_field(layers):
        field, jump, fields = 1, 1, []
        for kernel, stride in layers:
            jump = jump * stride if jump_first else jump
            field = grow(field, kernel, jump, stride)
            jump = jump if jump_first else jump * stride
            fields.append(field)
        return fields

    return receptive_field


FIELD = Exercise(
    id="02.3",
    title="Fix the bugs: the receptive field in time",
    name="field_in_time",
    kind="function",
    reference=_receptive_field,
    cases=_field_cases,
    mistakes=(
        Mistake(
            "both bugs are still there: check one convolution of 3 frames by hand, then a layer with a stride",
            _field(lambda field, kernel, jump, stride: field + kernel * jump, jump_first=True),
        ),
        Mistake(
            "the field grows too fast: the first of the kernel's inputs was already seen, so only kernel - 1 are new",
            _field(lambda field, kernel, jump, stride: field + kernel * jump, jump_first=False),
        ),
        Mistake(
            "a layer's own stride does not widen its own field: change the jump after the field, for the layers above",
            _field(lambda field, kernel, jump, stride: field + (kernel - 1) * jump, jump_first=True),
        ),
        Mistake(
            "the jump is missing: after a stride, neighbouring units lie `jump` frames apart",
            _field(lambda field, kernel, jump, stride: field + kernel - 1, jump_first=False),
        ),
        Mistake(
            "this takes only the layer's own stride: the jump is the product of all strides so far",
            _field(lambda field, kernel, jump, stride: field + (kernel - 1) * stride, jump_first=False),
        ),
        Mistake(
            "fields do not multiply: each layer adds (kernel - 1) * jump",
            _field(lambda field, kernel, jump, stride: field * kernel, jump_first=False),
        ),
        Mistake(
            "only the last field came: give the list of all fields, one per layer",
            lambda layers: _field(lambda field, kernel, jump, stride: field + (kernel - 1) * jump, False)(layers)[-1],
        ),
    ),
    hints=(
        "Two lines are wrong, or stand in the wrong place. Take a pencil: one convolution of 3 frames sees 3 frames. "
        "Pool 4 frames with stride 4: how many does it see, and how far apart are its outputs?",
        "`jump` is the distance, in frames of the clip, between two inputs of the present layer. A kernel of 3 spans "
        "2 of these distances. The layer's own stride matters only to the layers above it.",
        "In the loop: first `field = field + (kernel - ...) * jump`, then `jump = jump * ...`, then the append.",
    ),
    points=2,
    forbidden=("course_lib.ops.receptive_field.receptive_field",),
)

# ---- 02.4 what a convolution costs ----------------------------------------------------------------------------------


def _conv_cost(channels, outputs, kernel, places):
    """What the exercise asks: (parameters, multiply-adds) of one 3D convolution with bias."""
    frames, rows, columns = kernel
    weights = outputs * channels * frames * rows * columns
    return weights + outputs, weights * math.prod(places)


def _cost_cases(generator):
    def three(low, high):
        return tuple(_draw(generator, low, high) for _ in range(3))

    return [
        Case("3D CNN: 3 -> 12, 3 x 3 x 3", (3, 12, (3, 3, 3), (20, 64, 64))),
        Case("late fusion: 3 -> 12, 1 x 3 x 3", (3, 12, (1, 3, 3), (20, 64, 64))),
        Case("early fusion: 3 -> 12, 20 x 3 x 3", (3, 12, (20, 3, 3), (1, 64, 64))),
        Case("Ji et al., C2: 1 -> 2, 3 x 7 x 7", (1, 2, (3, 7, 7), (5, 54, 34))),
        Case("Ji et al., C4: 1 -> 3, 3 x 7 x 6", (1, 3, (3, 7, 6), (3, 21, 12))),
        Case("another layer", (_draw(generator, 2, 9), _draw(generator, 2, 9), three(2, 5), three(4, 30))),
        Case("a deep one", (_draw(generator, 40, 80), _draw(generator, 90, 99), three(2, 5), three(4, 9))),
    ]


def _cost(wrong):
    """A wrong pair from the parts: C, D, r, p, q and the number of places."""
    return lambda channels, outputs, kernel, places: wrong(channels, outputs, *kernel, math.prod(places))


COST = Exercise(
    id="02.4",
    title="What does a 3D convolution cost?",
    name="conv_cost",
    kind="function",
    reference=_conv_cost,
    cases=_cost_cases,
    mistakes=(
        Mistake(
            "the biases are missing among the parameters: one per output",
            _cost(lambda c, d, r, p, q, n: (d * c * r * p * q, d * c * r * p * q * n)),
        ),
        Mistake(
            "there is one bias per output, not one for the layer",
            _cost(lambda c, d, r, p, q, n: (d * c * r * p * q + 1, d * c * r * p * q * n)),
        ),
        Mistake(
            "there is one bias per output, not one per output and input channel",
            _cost(lambda c, d, r, p, q, n: (d * c * (r * p * q + 1), d * c * r * p * q * n)),
        ),
        Mistake(
            "the input channels are missing: each output has a kernel for every channel",
            _cost(lambda c, d, r, p, q, n: (d * r * p * q + d, d * r * p * q * n)),
        ),
        Mistake(
            "the kernel's length in time is missing: this is the cost of a 2D convolution",
            _cost(lambda c, d, r, p, q, n: (d * c * p * q + d, d * c * p * q * n)),
        ),
        Mistake(
            "the multiply-adds are those of one place: the kernel stands at T' x H' x W' places",
            _cost(lambda c, d, r, p, q, n: (d * c * r * p * q + d, d * c * r * p * q)),
        ),
        Mistake(
            "adding a bias is no multiplication: multiply-adds count the weights alone",
            _cost(lambda c, d, r, p, q, n: (d * c * r * p * q + d, (d * c * r * p * q + d) * n)),
        ),
        Mistake(
            "these are FLOPs: a multiply-add counts once here, not as two operations",
            _cost(lambda c, d, r, p, q, n: (d * c * r * p * q + d, 2 * d * c * r * p * q * n)),
        ),
        Mistake(
            "the outputs are missing in the multiply-adds: every output does its own sum at every place",
            _cost(lambda c, d, r, p, q, n: (d * c * r * p * q + d, c * r * p * q * n)),
        ),
        Mistake(
            "the order is (parameters, multiply-adds)",
            _cost(lambda c, d, r, p, q, n: (d * c * r * p * q * n, d * c * r * p * q + d)),
        ),
    ),
    hints=(
        "One output needs one kernel for every input channel, and one bias. How many numbers is that? And how often is "
        "each weight used?",
        "Parameters: `outputs * (channels * R * P * Q + 1)`. For the multiply-adds leave the biases out. "
        "`R, P, Q = kernel` and `T, H, W = places` take the two triples apart.",
        "`weights = outputs * channels * R * P * ...`; return `weights + ...` and `weights * T * H * ...`.",
    ),
    points=2,
)

# ---- 02.5 a hardwired channel ---------------------------------------------------------------------------------------


def _gradient_x(frames):
    """What the exercise asks: the third hardwired channel, `image_gradients` along the columns."""
    return image_gradients(frames)[0]


def _gradient_cases(generator):
    def frames(*shape):
        return torch.rand(shape, generator=generator)

    return [
        Case("2 frames of 4 x 5", (frames(2, 4, 5),)),
        Case("7 frames of 6 x 3", (frames(7, 6, 3),)),
        Case("a ramp: 1 more in every column", (torch.arange(6.0).expand(3, 4, 6).clone(),)),
        Case("a batch of 2", (frames(2, 3, 5, 4),)),
    ]


def _edges(frames):
    return torch.cat((frames[..., :1], frames, frames[..., -1:]), -1)


def _one_sided(frames):
    out = image_gradients(frames)[0]
    out[..., 0], out[..., -1] = frames[..., 1] - frames[..., 0], frames[..., -1] - frames[..., -2]
    return out


def _empty_edge(frames):
    out = torch.zeros_like(frames)
    out[..., 1:-1] = (frames[..., 2:] - frames[..., :-2]) / 2
    return out


def _along_time(frames):
    tall = torch.cat((frames[..., :1, :, :], frames, frames[..., -1:, :, :]), -3)
    return (tall[..., 2:, :, :] - tall[..., :-2, :, :]) / 2


GRADIENT = Exercise(
    id="02.5",
    title="A hardwired channel: the horizontal gradient",
    name="gradient_x",
    kind="function",
    reference=_gradient_x,
    cases=_gradient_cases,
    mistakes=(
        Mistake(
            "this is the vertical gradient: x runs along the columns, the last axis",
            lambda frames: image_gradients(frames)[1],
        ),
        Mistake("this is the change over time: x runs along the columns, the last axis", _along_time),
        Mistake(
            "the half is missing: from the previous to the next column it is two pixels",
            lambda frames: 2 * image_gradients(frames)[0],
        ),
        Mistake(
            "the sign is turned: next minus previous, so that a picture that brightens to the right is positive",
            lambda frames: -image_gradients(frames)[0],
        ),
        Mistake(
            "this compares with the next column only: the central difference is (next - previous) / 2",
            lambda frames: _edges(frames)[..., 2:] - frames,
        ),
        Mistake(
            "this compares with the previous column only: the central difference is (next - previous) / 2",
            lambda frames: frames - _edges(frames)[..., :-2],
        ),
        Mistake(
            "two columns are lost: repeat the first and the last column before you subtract",
            lambda frames: (frames[..., 2:] - frames[..., :-2]) / 2,
        ),
        Mistake("the edge columns stay zero: repeat the first and the last column before you subtract", _empty_edge),
        Mistake("at the edge there is still a half: with the edge repeated, it is (second - first) / 2", _one_sided),
        Mistake(
            "the picture wraps around (roll): the left neighbour of the first column is the first column itself",
            lambda frames: (frames.roll(-1, -1) - frames.roll(1, -1)) / 2,
        ),
        Mistake(
            "beyond the edge there is black (zero padding): repeat the edge column instead",
            lambda frames: (F.pad(frames, (1, 1))[..., 2:] - F.pad(frames, (1, 1))[..., :-2]) / 2,
        ),
        Mistake(
            "this is the magnitude: keep the sign, it says on which side the bright part lies",
            lambda frames: image_gradients(frames)[0].abs(),
        ),
    ),
    hints=(
        "At each pixel: how much brighter is the right neighbour than the left one, per pixel of distance? Lengthen "
        "every row by one copy of its first and of its last pixel, then all pixels have two neighbours.",
        "`torch.cat((a, b, c), dim=-1)` sets columns side by side; `frames[..., :1]` is the first column, still with "
        "its axis. With the longer rows, `wide[..., 2:]` are all right neighbours.",
        "`wide = torch.cat((frames[..., :1], frames, frames[..., ...]), dim=-1)`, then "
        "`return (wide[..., 2:] - wide[..., ...]) / ...`.",
    ),
    points=2,
    forbidden=("course_lib.ops.hardwired.image_gradients",),
)

EXERCISES = (CONV, SIZE, FIELD, COST, GRADIENT)
