# %% [markdown]
# # 11 · Can a network that knows pictures learn to see motion?
#
# *Deep Learning for Video, lecture 11. About 75 minutes. Two CPU cores are enough; the last section uses a GPU, real
# videos and published weights when they are there.*

# %% tags=["setup"]
course = start("11")

# %%
import math
import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.data.sets.readers import kinetics, label_map
from course_lib.data.worlds.actions import ActionWorld
from course_lib.data.worlds.shape_and_way import ShapeAndWay
from course_lib.describe import count, describe
from course_lib.metrics import accuracy
from course_lib.models.i3d import FRAMES, I3D, MIXED, Inception, InceptionV1, Mixed, preprocess
from course_lib.models.quo_vadis import ConvNet3D, FusedTwoStream, LSTMNet, TwoStream, TwoStreamI3D
from course_lib.models.video_resnet import VideoResNet
from course_lib.ops.clip_flow import clip_flow
from course_lib.ops.receptive_field import Layer, receptive_field
from course_lib.plots import Noted, bars, curve, diagram, film_strip, show, table
from course_lib.train import minibatches, scores, trained
from course_lib.widgets.inflated_filter import InflatedFilter

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - turn a trained network for pictures into one for clips, and say for which video the two give the same answer;
# - compute TensorFlow's SAME padding, and find the outputs of a deep network that have seen no padding;
# - name the five ways to bring time into a network that *Quo Vadis* compares, with their sizes and inputs;
# - combine an RGB and a flow stream, and say what each of them contributes;
# - show when it pays to train on a large data set first, and when it does not.

# %% [markdown]
# The most boring video in the world is one picture, repeated. What should a network for video say about it? The same as
# a network for pictures says about the picture. That one wish tells us how to make a 3D kernel out of a 2D kernel.
#
# A row of pixels `4 1 3` and a kernel `1 2 -1` (a picture with one row): the answer is $4 + 2 - 3 = 3$. Now the row
# comes three times. A kernel that is the old one three times answers $3 \cdot 3 = 9$. So divide it by three:

# %%
row, kernel = torch.tensor([4.0, 1, 3]), torch.tensor([1.0, 2, -1])
boring = row.repeat(3, 1)  # 3 frames of one row
print(f"picture {(kernel * row).sum():.2f}   three frames {(kernel.repeat(3, 1) / 3 * boring).sum():.2f}")

# %% [markdown]
# That is **inflation**, the idea of Carreira and Zisserman's *Quo Vadis, Action Recognition?* (CVPR 2017). C3D (lecture
# 06) had to learn everything from videos, because there were no 3D networks to start from. But there were excellent 2D
# networks, trained on a million photographs. Repeat each of their kernels $T$ times along time and divide by $T$:
#
# $$ w_{3D}[d, c, t, y, x] = \frac{1}{T}\, w_{2D}[d, c, y, x], \qquad t = 1, \ldots, T . $$
#
# (The paper writes $N$ for this $T$. In its figure of architectures, $N$ is something else: see below.) Biases and
# batch normalisation stay as they are; a pool of $3 \times 3$ becomes one of $3 \times 3 \times 3$.
#
# ## Exercise 11.1: Inflate a kernel
#
# `weight` is $(D, C, H, W)$, with $D$ outputs and $C$ inputs. Return $(D, C, \text{depth}, H, W)$.

# %% tags=["exercise"] exercise="11.1" points=2
def inflate_kernel(weight, depth):
    """Spread a 2D kernel over time.  weight (D, C, H, W) -> (D, C, depth, H, W)"""
    # BEGIN SOLUTION
    return weight.unsqueeze(2).repeat(1, 1, depth, 1, 1) / depth
    # END SOLUTION


# %% tags=["check"]
inflate_kernel = check("11.1", inflate_kernel)

# %% [markdown] tags=["hint"]
# <details>11.1</details>

# %% [markdown]
# Try it on a real layer, with a random picture that is repeated eight times. The kernel gets 3 frames, and one zero
# frame of padding at each end, so that eight answers come out. How many of the eight are those of the 2D layer?

# %% tags=["predict"]
equal_guess = predict("Eight equal frames, depth 3, padding 1: how many answers are those of the picture?", None)

# %%
torch.manual_seed(course.seed)
layer, picture = nn.Conv2d(3, 6, 3, bias=False), torch.rand(1, 3, 12, 12)
clip = picture.unsqueeze(2).repeat(1, 1, 8, 1, 1)
answers = F.conv3d(clip, inflate_kernel(layer.weight, 3), padding=(1, 0, 0))  # (1, 6, 8, 10, 10)
ratio = [(answers[:, :, t] / layer(picture)).mean().item() for t in range(8)]
print("answer of the 3D layer / answer of the 2D layer:", [f"{r:.2f}" for r in ratio])
equal_guess.reveal(sum(abs(r - 1) < 1e-4 for r in ratio))

# %% [markdown]
# The two at the ends have seen a frame of zeros, and are a third too small. Keep this in mind; it comes back at the
# scale of a whole network.
#
# And if the video is *not* boring? **Find out** with the widget: let the bar stand, then let it move. At which speed is
# the filter for a bright line as good as blind, when it is 3 frames deep? Does the blur mind motion as well?

# %% tags=["widget"]
InflatedFilter()

# %% [markdown]
# A bar that moves by a pixel per frame is at three places in three frames, and the average of the three sees a grey
# smear. So inflation gives a network that works at once on what stands still. What moves, it has yet to learn: training
# changes the $T$ slices of a kernel in different ways, until they follow the motion.
#
# ## The network that was inflated
#
# Quo Vadis takes **Inception-v1** (Szegedy et al. 2014), which won ImageNet that year, with batch normalisation after
# each convolution. Its building block, the *Inception module*, looks at the same maps in four ways at once and lays the
# results side by side. Here it is after inflation, the first of nine:

# %%
show(diagram(Mixed(192, MIXED["3b"]), (192, 8, 28, 28), height=34))

# %% [markdown]
# The $1 \times 1 \times 1$ convolutions before the large kernels make the maps thinner, so that the large kernels are
# cheap. Nine modules, a stem of three convolutions, four max pools. The first two pools leave time alone, as in C3D;
# the others halve it, as conv1 does. Everything together, drawn from the model, for a clip as in training: 64 frames.

# %%
with torch.device("meta"):
    cost = describe(I3D(400, 3), (3, FRAMES, 224, 224), repeats=0)
    flow_parameters = sum(p.numel() for p in I3D(400, 2).parameters())
show(diagram(cost))

# %% tags=["claim"]
claim("I3D for 400 classes has 12,697,264 parameters for RGB and 12,675,312 for flow; 64 frames cost 111.15 billion "
      "multiply-adds",
      (cost.parameters, flow_parameters, round(cost.multiply_adds / 1e7)) == (12_697_264, 12_675_312, 11_115),
      f"{cost.parameters:,}, {flow_parameters:,}, {count(cost.multiply_adds)}",
      published="25 M for both streams together (Table 1); the released checkpoints agree to the last number")

# %% [markdown]
# Set it beside C3D: **six times fewer parameters** and twice the depth, 22 layers on the longest way through instead of
# 11. There is no large fully connected layer: the last maps are averaged over rows, columns and pairs of time steps,
# then a $1 \times 1 \times 1$ convolution scores each time, and the scores are averaged over the clip. That is why I3D
# takes videos of any length.
#
# ## Exercise 11.2: SAME padding
#
# I3D was made in TensorFlow, whose padding SAME is not PyTorch's. For $n$ cells and stride $s$, SAME first fixes the
# number of outputs, $\lceil n / s \rceil$. Then it adds what the last kernel of $k$ cells lacks, and no more:
#
# $$ p = \max\left( (\lceil n / s \rceil - 1)\, s + k - n,\; 0 \right), $$
#
# half of it before, rounded **down**, and the rest behind. Return both numbers.

# %% tags=["exercise"] exercise="11.2" points=2
def pad_same(size, kernel, stride):
    """(before, after): cells that SAME adds along one axis.  Three whole numbers -> two whole numbers"""
    # BEGIN SOLUTION
    outputs = math.ceil(size / stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    before = total // 2
    return before, total - before
    # END SOLUTION


# %% tags=["check"]
pad_same = check("11.2", pad_same)

# %% [markdown] tags=["hint"]
# <details>11.2</details>

# %%
print("conv1, 224 rows:", pad_same(224, 7, 2), "  225 rows:", pad_same(225, 7, 2), "  a pool of 3, stride 2, 112 rows:",
      pad_same(112, 3, 2))

# %% [markdown]
# At 224 rows the padding is uneven: 2 before, 3 behind. `padding=3`, which a PyTorch user would write, gives the same
# *size* and another network: with one set of (random) weights, the scores differ by 1.8 %. The pools padded evenly
# change them by 2.9 %, the usual $\epsilon$ of PyTorch's batch normalisation ($10^{-5}$ instead of $10^{-3}$) by 0.9 %.
# Nothing fails, nothing warns. (Lecture 06 had the same story about a pool.)
#
# ### How many frames does one number see?
#
# With your formula of lecture 02: a kernel of $k$ adds $k - 1$ times the distance between neighbouring units. Along
# time, I3D is this row of (kernel, stride). In each module the branch with the kernel of 3 counts.

# %% tags=["predict"]
field_guess = predict("One unit of the last maps (Mixed_5c): how many frames does it see?", None, unit="frames")

# %% tags=["nbval-check-output"]
TIME = ([(7, 2), (3, 1), (3, 1), (3, 1), (3, 2)]  # conv1a, conv2c, 3b, 3c, pool 4a; 1 x 1 x 1 layers change nothing
        + 5 * [(3, 1)] + [(2, 2), (3, 1), (3, 1)])  # 4b to 4f, pool 5a, 5b, 5c
rows = receptive_field([Layer("", (k, 1, 1), (s, 1, 1)) for k, s in TIME], (1, 10**6, 1, 1))
print("frames seen after each layer:", [r.field[0] for r in rows[1:]])

# %% [markdown]
# The strides make the difference: after three of them, the kernels of the last modules step over eight frames at a
# time.

# %%
field_guess.reveal(rows[-1].field[0])

# %% [markdown]
# 99 frames, four seconds. Training clips have 64. So *every* unit of the last maps looks beyond the ends of the clip,
# where there is nothing but zeros.
#
# ## Exercise 11.3: Where the boring video is not boring
#
# Then the boring-video test must fail somewhere. Where does it hold? An output is *spared* if nothing that it sees is
# padding. `layers` is a list of (kernel, stride) as above, each padded with SAME (use your `pad_same`). Return a list
# with one True or False for each step of the output.

# %% tags=["exercise"] exercise="11.3" points=3
def spared_steps(layers, frames):
    """Which outputs have seen no padding.  [(kernel, stride), ...], number of frames -> list of bool"""
    spared = [True] * frames
    for kernel, stride in layers:
        # BEGIN SOLUTION
        before, after = pad_same(len(spared), kernel, stride)
        padded = [False] * before + spared + [False] * after
        spared = [all(padded[t : t + kernel]) for t in range(0, len(padded) - kernel + 1, stride)]
        # END SOLUTION
    return spared


# %% tags=["check"]
spared_steps = check("11.3", spared_steps)

# %% [markdown] tags=["hint"]
# <details>11.3</details>

# %% tags=["nbval-check-output"]
for length in (64, 104, 160):
    marks = "".join("x" if kept else "." for kept in spared_steps(TIME, length))
    print(f"{length:4} frames: {marks}   (x: spared)")

# %% [markdown]
# No step of a training clip is spared, and 8 of 20 in a clip of 160 frames. Is that so in the network itself? We take
# Inception-v1 with all its layers (an eighth as wide, random weights), inflate it, and repeat one picture. How far is
# each step of the last maps from the maps of the picture? (In double precision, so that rounding does not hide
# anything.)

# %%
torch.manual_seed(course.seed)
flat, deep = (build(5, trunk={"divide": 8}).eval().double() for build in (InceptionV1, I3D))
deep.trunk.start_from(flat.trunk)
picture = torch.rand(1, 3, 32, 32).double()
with torch.no_grad():
    expected = flat.trunk(picture)
    off = {}
    for length in (64, 160):
        maps = deep.features(picture.unsqueeze(2).expand(-1, -1, length, -1, -1))
        off[length] = [((step - expected).norm() / expected.norm()).item() for step in maps.unbind(2)]
lines = {f"{length} frames": [max(value, 1e-16) for value in values] + [math.nan] * (20 - len(values))
         for length, values in off.items()}
fig, ax = curve(list(range(20)), lines, xlabel="step of the last maps (8 frames each)", ylabel="relative difference",
                yscale="log")
show(fig, alt="With 160 frames, steps 6 to 13 agree to 14 digits; towards both ends the difference grows to more "
     "than 0.05. With 64 frames no step agrees.")

# %% tags=["claim"]
agree = {length: [value < 1e-9 for value in values] for length, values in off.items()}
claim("The inflated network gives the picture's answer exactly at the steps that have seen no padding: none of 8 with "
      "64 frames, 8 of 20 with 160",
      all(agree[length] == spared_steps(TIME, length) for length in (64, 160)),
      f"{sum(agree[64])} of 8, {sum(agree[160])} of 20",
      published="Section 2.4 asks for equal answers on boring videos; it does not mention the ends")

# %% [markdown]
# Even the network that is *made* for boring videos passes the test only far from the ends. (The paper does not say so.
# It is no harm: training gets used to the zeros.) If you test an inflation of your own, take at least 128 frames and
# look at the middle.
#
# ## Two streams again
#
# A 3D network could find motion by itself. The authors add a second I3D on **optical flow** nevertheless: I3D is purely
# feedforward, they argue, while flow algorithms are in some sense recurrent (they refine their estimate again and
# again). The flow stream is inflated from the same photographs. Its conv1 has 2 input channels instead of 3; as in
# lecture 05 it starts from the mean over the colours.
#
# ## Exercise 11.4: Flow for the flow stream
#
# Flow comes in pixels per frame (TV-L1, in the paper). What is faster than 20 is cut off, and all is scaled to $-1..1$.

# %% tags=["exercise"] exercise="11.4" points=1
def flow_input(flow, largest=20.0):
    """Cut off at `largest` pixels either way, then -1..1.  (B, 2, T, H, W) in pixels -> the same shape"""
    # BEGIN SOLUTION
    return flow.clamp(-largest, largest) / largest
    # END SOLUTION


# %% tags=["check"]
flow_input = check("11.4", flow_input)

# %% [markdown] tags=["hint"]
# <details>11.4</details>

# %% [markdown]
# ## Exercise 11.5: Fix the bugs: one prediction from two streams
#
# The two networks are trained separately, and their predictions averaged at test time. `rgb` is $(B, K, T_1)$, the
# scores of the RGB stream at each time step *before* the softmax; `flow` is $(B, K, T_2)$. (A clip has one flow field
# less than it has frames, so the steps may differ in number.) First the mean over the steps of each stream, then the
# mean of both streams' scores, then one softmax. The function below has two bugs: it averages the wrong thing, and it
# lets a stream with more steps count more.

# %% tags=["exercise"] exercise="11.5" points=2
def two_stream_prediction(rgb, flow):
    """Class probabilities from both streams.  (B, K, T1), (B, K, T2) -> (B, K)"""
    # BEGIN SOLUTION
    scores = (rgb.mean(2) + flow.mean(2)) / 2
    return scores.softmax(1)
    # STARTING POINT
    # scores = torch.cat([rgb.softmax(1), flow.softmax(1)], dim=2).mean(2)
    # return scores
    # END SOLUTION


# %% tags=["check"]
two_stream_prediction = check("11.5", two_stream_prediction)

# %% [markdown] tags=["hint"]
# <details>11.5</details>

# %% [markdown]
# Averaging scores is not averaging probabilities. One stream that is *very* sure outvotes one that hardly has an
# opinion. (DeepMind's own script adds the scores instead of averaging them: the same ranking, and a surer softmax.)

# %%
sure, unsure = torch.tensor([[[9.0], [0.0]]]), torch.tensor([[[0.0], [1.0]]])  # two classes, one step
both = two_stream_prediction(sure, unsure)[0, 0]
mean_of_both = (sure.softmax(1) + unsure.softmax(1))[0, 0, 0] / 2
print(f"mean of scores: {both:.2f}   mean of probabilities: {mean_of_both:.2f}")

# %% [markdown]
# ## Five ways to bring time in
#
# I3D is the last of five networks that the paper trains on the same data, to settle which arrangement is best. All but
# (b) contain Inception-v1. In its figure, $K$ is the number of frames of a video (elsewhere in this course it counts
# classes) and $N$ a subset of neighbouring ones.
#
# - **(a) LSTM**: Inception-v1 on every fifth frame; an LSTM with 512 units reads what comes out (lecture 10).
# - **(b) 3D-ConvNet**: C3D, with batch normalisation and a first pool that halves time too. 16 frames, half the rows
#   and columns. It cannot start from photographs.
# - **(c) Two-Stream**: one frame, and ten fields of flow on top of each other (lecture 05).
# - **(d) 3D-Fused Two-Stream**: the last maps of both streams at five moments, ten frames apart, meet in a 3D
#   convolution and a 3D pool (lecture 09).
# - **(e) Two-Stream 3D-ConvNet**: I3D on 64 frames, I3D on 64 fields.

# %% tags=["predict"]
largest_guess = predict("Which of (a) to (e) has the most parameters?", None)

# %%
with torch.device("meta"):
    five = {
        "(a) LSTM": describe(LSTMNet(), (3, 50, 224, 224), repeats=0),
        "(b) 3D-ConvNet": describe(ConvNet3D(), (3, 16, 112, 112), repeats=0),
        "(c) Two-Stream": describe(TwoStream(), [(3, 224, 224), (20, 224, 224)], repeats=0),
        "(d) 3D-Fused": describe(FusedTwoStream(), [(3, 5, 224, 224), (20, 5, 224, 224)], repeats=0),
        "(e) Two-Stream I3D": describe(TwoStreamI3D(), [(3, 64, 224, 224), (2, 64, 224, 224)], repeats=0),
    }
show(diagram(five, most=8, facts=("name", "kernel", "frames T", "H × W", "parameters")))
largest_guess.reveal("b")

# %% [markdown]
# (b) has three times as many parameters as the two streams of I3D, two thirds of them in its fully connected layers.
# And (e) is by far the most work: memory and time are again in different places. (The counts of the paper are 9, 79,
# 12, 39 and 25 million. Ours are those to the last digit that it prints.)
#
# ## Kinetics
#
# UCF101 has 9,500 training videos, too few for a 3D network to learn from. So the authors and their colleagues made a
# data set: **Kinetics**, 400 human actions with 400 or more clips each, ten seconds, every clip from another YouTube
# video. The classes are of three kinds:
#
# | kind | examples |
# |---|---|
# | a person alone | drawing, drinking, laughing, punching |
# | person and person | hugging, kissing, shaking hands |
# | person and object | opening presents, mowing the lawn, washing dishes |
#
# Some need to be told apart by motion (kinds of swimming), some by the object alone (playing one instrument or
# another). A network's score number 227 means a class only together with a *label map*, the list of names in the order
# of training: `label_map` reads it, and `kinetics(..., classes=...)` numbers the labels of a data set on disk in that
# order. What all these systems are used for: to find and sort videos by what happens in them, to watch over roads,
# swimming pools and patients; and I3D's features became the usual input of systems that *locate* actions in long
# videos, or measure how natural a generated video looks.
#
# ## Reproduce: from pictures to clips
#
# Now the whole story in small. Our photographs: single frames with one of four **shapes**. Our Kinetics: clips in which
# a shape moves out and back in one of four **ways**; the class is the pair, 16 in all. A frame shows the shape and not
# the way; a little of the flow shows motion, but not whether it goes out or comes back.

# %%
LOOK = {"size": 11, "backdrop": 0.3}
pictures = ActionWorld("appearance", 24, 24, 4, **LOOK)
films = ShapeAndWay(24, 24, 12, duration=8, travel=4.5, **LOOK)
example = films.sample(16, seed=3)
show(film_strip(example.clips[0], range(0, 12, 2)), alt=f"A clip of the class {films.classes[example.labels[0]]!r}.")

# %% [markdown]
# Frames are brought to about mean 0 and variance 1. Flow is computed by pyramidal Lucas-Kanade (lecture 04) and goes
# through your `flow_input`; with motion of about a pixel, we cut off at 2.

# %%
def make(world, number, seed):
    """(frames (N, 3, T, H, W), flow (N, 2, T - 1, H, W), labels (N,)) of new clips."""
    batch = world.sample(number, seed=seed + course.seed)
    flow = flow_input(clip_flow(batch.clips).transpose(1, 2), largest=2.0)
    return (batch.clips - 0.25) / 0.2, flow, batch.labels


def train(build, inputs, labels, steps=70, loss=None, batch=24, lr=3e-3):
    """Train a new network on (inputs, labels): the same seed and, for as many clips, the same batches."""
    return trained(build, minibatches((inputs, labels), batch, seed=course.seed), steps, course, loss=loss, lr=lr)


many, more = course.pick(cpu=(320, 256), smoke=(32, 32))
frames, flows, labels = make(films, many, 10)
test_frames, test_flows, test_labels = make(films, more, 20)

# %% [markdown]
# First the photographs. `InceptionV1.mini` is the same class as above, an eighth as wide and with two modules of the
# nine.

# %%
stills = pictures.sample(course.pick(cpu=400, smoke=32), seed=30 + course.seed)
still_frames = ((stills.clips - 0.25) / 0.2).transpose(1, 2).flatten(0, 1)  # (4 N, 3, 24, 24)
photographer = train(lambda: InceptionV1.mini(4), still_frames, stills.labels.repeat_interleave(4), steps=100, batch=48)
shapes_in_films = 100 * accuracy(scores(photographer, test_frames[:, :, 5]), test_labels // 4)
print(f"shapes in single frames of the films: {shapes_in_films:.0f} % right (guessing: 25 %)")

# %% [markdown]
# Now I3D on the clips: once from random weights, once inflated from the photographer; and a flow stream, inflated as
# well. All three see the same clips in the same order, for the same number of steps.

# %%
def inflated(channels, classes=16):
    """I3D whose trunk knows the photographs."""
    network = I3D.mini(classes, channels)
    network.trunk.start_from(photographer.cpu().trunk)
    return network


from_scratch = train(lambda: I3D.mini(16, 3), frames, labels)
rgb_stream = train(lambda: inflated(3), frames, labels)
flow_stream = train(lambda: inflated(2), flows, labels)

# %% [markdown]
# For each network: how many clips are right, how many *shapes* (whatever the way), and how many *ways*.

# %%
def judge(outputs):
    """Percent right for the pair, the shape, the way.  outputs (N, 16): scores or probabilities"""
    best = outputs.argmax(1)
    return [100 * (a == b).float().mean().item() for a, b in (
        (best, test_labels), (best // 4, test_labels // 4), (best % 4, test_labels % 4))]


rgb, flow = scores(rgb_stream, test_frames), scores(flow_stream, test_flows)
scratch = scores(from_scratch, test_frames)
streams = {
    "RGB, from scratch": judge(scratch), "RGB, inflated": judge(rgb), "flow": judge(flow),
    "RGB from scratch + flow": judge((scratch + flow) / 2),
    "RGB inflated + flow": judge(two_stream_prediction(rgb[..., None], flow[..., None])),
}
for name, (pair, shape, way) in streams.items():
    print(f"{name:25} pair {pair:3.0f} %   shape {shape:3.0f} %   way {way:3.0f} %")

# %% [markdown]
# Read it column by column. Inflation brings the *shapes*: the network from scratch has learnt about half of them in the
# same time. Of the ways the inflated one still misses more than half after this short training (guessing is right in
# 25 %), for its kernels start as averages over time. The flow stream sees nearly all ways and fewer shapes. Together
# they know both. Two streams beat either, and by a wide margin, *because they fail on different clips*.

# %% tags=["claim"]
two, alone = streams["RGB inflated + flow"][0], max(streams["RGB, inflated"][0], streams["flow"][0])
claim("Two streams beat either alone by more than 20 points", two - alone - 20, f"{two:.0f} % against {alone:.0f} %",
      unit="points", published="two-stream I3D 74.2 %, RGB 71.1 %, flow 63.4 % on Kinetics (Table 2)")
start_low = streams["RGB from scratch + flow"][0]
claim("After the same steps, the inflated RGB stream knows more shapes than the one from scratch, and two streams with "
      "it are better: both by more than 8 points",
      {"shapes": streams["RGB, inflated"][1] - streams["RGB, from scratch"][1] - 8, "pair": two - start_low - 8},
      f"shapes {streams['RGB, inflated'][1]:.0f} % against {streams['RGB, from scratch'][1]:.0f} %; two streams "
      f"{two:.0f} % against {start_low:.0f} %",
      unit="points", published="RGB-I3D 71.1 % with ImageNet, 68.4 % without; two streams 74.2 %, 71.6 % (Kinetics)")

# %% [markdown]
# ### All five on one task
#
# The other four, as the paper trains them: trunks start from the photographs where there is a trunk. (a) takes every
# second frame, and its loss counts the scores after *every* frame, while at test time the last one decides.

# %%
def with_photographs(network):
    """The same network, its 2D trunks started from the photographs."""
    for part in network.children():
        if isinstance(part, Inception):
            part.start_from(photographer.cpu().trunk)
    return network


def loss_at_all_times(network, batch):
    """Cross-entropy after each frame, averaged."""
    inputs, targets = batch
    outputs = network.logits_in_time(inputs)  # (B, K, T')
    return F.cross_entropy(outputs, targets[:, None].expand(-1, outputs.shape[2]))


lstm = train(lambda: with_photographs(LSTMNet.mini(16)), frames, labels, loss=loss_at_all_times)

# %% [markdown]
# (b) sees half the rows and columns, as in the paper (112 against 224). (c) sees the middle frame and three fields of
# flow around it. (d) sees three moments, each with one frame and two fields.

# %%
half = nn.AvgPool3d((1, 2, 2))
convnet = train(lambda: ConvNet3D.mini(16, clip=(12, 12, 12)), half(frames), labels)

# %%
def stack(fields, first, length):
    """Fields on top of each other.  (N, 2, T, H, W) -> (N, 2 length, H, W)"""
    return fields[:, :, first : first + length].transpose(1, 2).flatten(1, 2)


spatial = train(lambda: with_photographs(InceptionV1.mini(16, 3)), frames[:, :, 5], labels)
temporal = train(lambda: with_photographs(InceptionV1.mini(16, 6)), stack(flows, 4, 3), labels)

# %% [markdown]
# (d) is the only one with two inputs in one training. Both are put into one tensor, so that it trains like the others.

# %%
MOMENTS = (1, 5, 9)  # first fields of (d)'s three pairs


def moments(clips, fields):
    """Frames (N, 3, 3, H, W) and pairs of fields (N, 4, 3, H, W) at three moments, together (N, 7, 3, H, W)."""
    return torch.cat([clips[:, :, MOMENTS], torch.stack([stack(fields, t, 2) for t in MOMENTS], dim=2)], dim=1)


class Split(nn.Module):
    """(d), with both inputs in one tensor."""

    def __init__(self):
        super().__init__()
        self.network = with_photographs(FusedTwoStream.mini(16, stack=2))

    def forward(self, both):
        return self.network(both[:, :3], both[:, 3:])


fused = train(Split, moments(frames, flows), labels)

# %% [markdown]
# All are trained; (e) is the pair from above. The paper's numbers beside ours, with the parameters of the published
# sizes:

# %%
ours = {
    "(a) LSTM": judge(scores(lstm, test_frames)),
    "(b) 3D-ConvNet": judge(scores(convnet, half(test_frames))),
    "(c) Two-Stream": judge(scores(spatial, test_frames[:, :, 5]) + scores(temporal, stack(test_flows, 4, 3))),
    "(d) 3D-Fused": judge(scores(fused, moments(test_frames, test_flows))),
    "(e) Two-Stream I3D": streams["RGB inflated + flow"],
}
PUBLISHED = {
    "(a) LSTM": (Noted(63.3, "63.6 in another of the paper's tables"), 81.0, 36.0),
    "(b) 3D-ConvNet": (56.1, 51.6, 24.3),
    "(c) Two-Stream": (65.6, 91.2, 58.3), "(d) 3D-Fused": (67.2, 89.3, 56.8), "(e) Two-Stream I3D": (74.2, 93.4, 66.4),
}
table({name: (*row, f"{five[name].parameters / 1e6:.2f} M") for name, row in PUBLISHED.items()},
      {name: row[0] for name, row in ours.items()}, columns=("Kinetics", "UCF101", "HMDB51", "parameters"),
      measured_columns=("our 16 classes",), unit="%",
      source="Each network trained and tested on one data set (split 1). Tables 2 and 3 of the paper, from a public "
      "transcript; parameters counted here")

# %% [markdown]
# What did each of ours miss, the shape or the way?

# %%
fig, ax = bars([name[4:] for name in ours], {"pair": [row[0] for row in ours.values()],
               "shape": [row[1] for row in ours.values()], "way": [row[2] for row in ours.values()]},
               ylabel="right (%)", xlabel="network", ylim=(0, 115), number="{:.0f}", width=8.0)
show(fig, alt="; ".join(f"{name}: pair {p:.0f} %, shape {s:.0f} %, way {w:.0f} %" for name, (p, s, w) in ours.items()))

# %% [markdown]
# (a) sees hardly any way; the three in the middle miss some of both, each in its own mixture.

# %% tags=["claim"]
others = {name: row[0] for name, row in ours.items() if not name.startswith("(e)")}
second = max(others, key=others.get)
claim("Two-stream I3D is the best of the five, by more than 3 points", two - others[second] - 3,
      f"{two:.0f} % against {others[second]:.0f} % for {second}", unit="points",
      published="74.2 % against 67.2 % for (d) on Kinetics, 66.4 % against 58.3 % for (c) on HMDB51 (Table 2)")

# %% [markdown]
# The bars say why. (a) knows shapes from the photographs and has no time to learn ways: each frame passes a network
# that was made to ignore *where* the shape is. (c) sees three fields of flow, which cannot tell going from coming back.
# (d) sees three moments, joined by a kernel that starts from noise. The two I3Ds see the whole clip, and start from
# pictures.
#
# Only the winner carries over. The order of our lower four is *not* the paper's. There (b) is last in every column: it
# alone has no photographs, and 80 million parameters to fit. Here it must learn only four shapes from scratch, which is
# easy enough, and (a) is last, because every one of our classes needs the way, while many of UCF101's can be told from
# a single frame. Which of (b), (c) and (d) is ahead of the others even depends on the seed. A miniature shows a
# mechanism; which of two architectures is better on real videos, only real videos can say.
#
# Nor was this the last word. A year later Tran and others asked how much of a 3D kernel is needed. They gave one
# ResNet-18 three kinds of convolution: $3 \times 3 \times 3$ everywhere (R3D); in the first stage only, and
# $1 \times 3 \times 3$ after it (MC3); or each in two parts, first space and then time (R(2+1)D).

# %%
with torch.device("meta"):
    cousins = [describe(VideoResNet(400, kind), (3, 16, 112, 112), repeats=0) for kind in ("r3d", "mc3", "r2plus1d")]
RELEASED = {"R3D-18": (63.2, 83.5), "MC3-18": (64.0, 84.1), "R(2+1)D-18": (67.5, 86.2)}
table({name: (*row, f"{cost.parameters / 1e6:.1f} M", f"{cost.multiply_adds / 1e9:.1f} G")
       for (name, row), cost in zip(RELEASED.items(), cousins, strict=True)},
      columns=("top-1", "top-5", "parameters", "multiply-adds"), unit="%",
      source="Kinetics-400, torchvision's released weights, from its documentation; parameters and multiply-adds "
      "counted here")

# %% [markdown]
# With as many parameters as R3D, two small kernels with a ReLU in between are better than one large one.
# `VideoResNet.from_published` loads these weights, as I3D's does below.
#
# ### A large data set first
#
# The last question of the paper: is a network that was trained on Kinetics better on *other*, small data sets? Its
# answer in numbers:

# %%
TRANSFER = {
    "Two-Stream": (88.0, 59.4), "IDT": (86.4, 61.7), "Dynamic Image Networks + IDT": (89.1, 65.2),
    "TDD + IDT": (91.5, 65.9),
    "Two-Stream Fusion + IDT": (93.5, 69.2), "Temporal Segment Networks": (94.2, 69.4), "ST-ResNet + IDT": (94.6, 70.3),
    "Deep Networks, Sports-1M": (65.2, None), "C3D, one network, Sports-1M": (82.3, None),
    "C3D, three networks, Sports-1M": (85.2, None), "C3D, three networks + IDT, Sports-1M": (90.1, None),
    "RGB-I3D, miniKinetics": (91.8, 66.4), "RGB-I3D, Kinetics": (95.4, 74.5),
    "Flow-I3D, miniKinetics": (94.7, 72.4), "Flow-I3D, Kinetics": (95.4, 74.6),
    "Two-Stream I3D, miniKinetics": (96.9, 76.3), "Two-Stream I3D, Kinetics": (97.9, 80.2),
}
table(TRANSFER, columns=("UCF101", "HMDB51"), unit="%",
      source="Mean over three splits, as printed in the first version of the paper (May 2017); some rows of others "
      "differ by a little from their own papers. In the later version the last row is 98.0 and 80.7, with ImageNet "
      "before Kinetics")

# %% [markdown]
# Read off three things: two streams beat either alone; Kinetics beats *miniKinetics* (a part of it, with about half of
# the classes): the more data, the better the transfer; and every I3D beats C3D. Two systems of the table occur nowhere
# else in this course: *Dynamic Image Networks* turn a clip into a single image, by learning to rank its frames in time;
# *ST-ResNet* is a two-stream network of residual networks, with connections from one stream into the other.
#
# In small: our flow stream was trained on 320 clips of 16 classes. Another world, *out and back*, has four classes,
# other sizes and brighter backgrounds. It has few clips: 12. Or many: 240. We train each from scratch, and from the
# stream's trunk. Where will the pre-training bring more?

# %% tags=["predict"]
more_guess = predict("Where does pre-training bring more, with 12 clips or with 240?", None, unit="clips")

# %%
def fine_tune(fields, targets, classes, start):
    """A new flow I3D, from scratch or from the trunk of `start`, trained for 40 steps."""
    def build():
        network = I3D.mini(classes, 2)
        if start is not None:
            network.trunk.load_state_dict(start.cpu().trunk.state_dict())
        return network

    return train(build, fields, targets, steps=40, batch=12, lr=1e-3)


small_world = ActionWorld("out_and_back", 24, 24, 12, size=9, backdrop=0.7, travel=3)
_, new_test, new_labels = make(small_world, more, 50)
gained = {}
for number in (12, course.pick(cpu=240, smoke=24)):
    _, fields, targets = make(small_world, number, 40)
    networks = [fine_tune(fields, targets, 4, begin) for begin in (None, flow_stream)]
    gained[number] = [100 * accuracy(scores(network, new_test), new_labels) for network in networks]
    print(f"{number:4} clips: from scratch {gained[number][0]:.0f} %, after pre-training {gained[number][1]:.0f} %")
few, lots = gained
more_guess.reveal(few)

# %% [markdown]
# What counts is the distance between the two numbers of a line.

# %% tags=["claim"]
gain = {number: after - before for number, (before, after) in gained.items()}
claim("Pre-training helps most where training data are few: with 12 clips by more than 15 points, and by at least 10 "
      "points more than with 240",
      {"few": gain[few] - 15, "few against many": gain[few] - gain[lots] - 10},
      f"with {few} clips {gained[few][0]:.0f} to {gained[few][1]:.0f} %, with {lots} {gained[lots][0]:.0f} to "
      f"{gained[lots][1]:.0f} %",
      unit="points", published="HMDB51, 3,570 clips: flow I3D 61.9 % (split 1), after Kinetics 77.1 % (three splits)")

# %% [markdown]
# With 240 clips there is little left to gain: the new world alone is nearly enough. And mind the small print, here and
# in the paper: both worlds are about *ways*, as Kinetics and UCF101 are both about human actions. We also tried the
# same stream on *speeds*, which it had never needed: with 240 clips, pre-training brought nothing. Features know what
# they were trained for (lecture 06).
#
# ## On a GPU
#
# The released RGB weights on the validation set of Kinetics, if both are on your disk: `KINETICS` is the folder that
# holds `val`, `I3D_RGB` a checkpoint, `I3D_LABELS` its label map (400 names). `I3D.from_published` reads the PyTorch
# ports (`rgb_imagenet.pt`, `model_rgb.pth`), and DeepMind's own TensorFlow checkpoint as it is, without TensorFlow:
# give the path of its `model.ckpt.index`. Frames at 25 per second, the shorter side 256, the centre 224, and as many
# frames as fit.

# %% tags=["gpu"]
@torch.no_grad()
def top1(network, videos, most):
    """Share of videos whose best class is right, over `most` of them, spread over the list."""
    right = []
    for number in range(0, len(videos), max(1, len(videos) // most)):
        clip, label = videos[number]
        inputs = preprocess(clip).unsqueeze(0).to(course.device)
        with torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
            right.append(network(inputs).argmax().item() == label)
    return sum(right) / len(right)


data, checkpoint, names = (Path(os.environ.get(name, "nothing")) for name in ("KINETICS", "I3D_RGB", "I3D_LABELS"))
if data.is_dir() and checkpoint.exists() and names.is_file():
    first = torch.arange(course.pick(cpu=16, gpu=250))
    videos = kinetics(data, "val", missing="skip", classes=label_map(names), size=256,
                      indices=lambda frames: first.clamp(max=frames - 1))
    network = I3D.from_published(checkpoint).to(course.device)
    print(f"Kinetics, RGB: {100 * top1(network, videos, course.pick(cpu=4, gpu=500)):.1f} % (published 71.1 %)")
else:
    print("Skipped: Kinetics, the weights or the label map are not here.")

# %% [markdown]
# And how fast is it? Both sizes run the same code: 64 frames in half precision on a GPU, the miniature on a CPU.

# %% tags=["gpu", "nbval-ignore-output"]
network, shape = course.pick(cpu=(I3D.mini(400), (2, 3, 16, 32, 32)), gpu=(I3D(400), (8, 3, FRAMES, 224, 224)))
network = network.eval().to(course.device, memory_format=torch.channels_last_3d)
clips = torch.rand(shape).to(course.device, memory_format=torch.channels_last_3d)
finish = torch.cuda.synchronize if course.device.type == "cuda" else lambda: None  # a GPU works behind our back
with torch.no_grad(), torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
    network(clips)
    finish()
    began = time.perf_counter()
    network(clips)
    finish()
print(f"{shape[0] / (time.perf_counter() - began):.1f} clips of {shape[2]} frames per second")

# %% [markdown]
# To train it yourself: `course train 11 --data ~/data/kinetics --dataset kinetics`. The paper used 64 GPUs and batches
# of 384 clips; you will want to start from the released weights.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - Inflation: repeat a 2D kernel $T$ times and divide by $T$; on a repeated picture the answer is the same.
# - SAME pads uneven, the odd cell at the end; a unit of I3D's last maps sees 99 frames, more than a training clip has.
# - Five arrangements with one trunk: LSTM, 3D-ConvNet, Two-Stream, 3D-Fused, Two-Stream I3D. The last one wins.
# - RGB knows what is there, flow how it moves; scores are averaged after separate trainings.
# - A large data set first: it helps most where the target has few clips, and where it asks for similar things.
#
# ## Do you remember?
#
# <details><summary>1. Why is the inflated kernel divided by $T$?</summary>
# On a repeated frame it adds up $T$ equal answers; divided by $T$, the sum is the answer to the frame.</details>
#
# <details><summary>2. conv1 has 7 rows and stride 2, the frame 225 rows. Where does SAME pad?</summary>
# 113 outputs, (113 - 1) · 2 + 7 - 225 = 6 rows: 3 above and 3 below. At 224 it is 2 and 3.</details>
#
# <details><summary>3. You test an inflated network with 64 equal frames, and no step agrees. Is there a bug?</summary>
# Not necessarily: each step sees 99 frames and thus the padding. Take 160 frames, and look at the middle.</details>
#
# <details><summary>4. Why does a 3D network profit from flow, which it could compute from the frames?</summary>
# It could in principle, but with the given data and layers it does not; flow algorithms refine their estimate many
# times.</details>
#
# <details><summary>5. Lecture 06: where do C3D's parameters sit, and what has I3D in that place?</summary>
# In fc6 and fc7. I3D averages its last maps, and has one small layer for the scores.</details>
#
# <details><summary>6. Lecture 05: in which case is averaging probabilities better than averaging scores?</summary>
# When the scores of the streams have different scales: the louder one would decide alone.</details>
#
# ## To read
#
# - J. Carreira, A. Zisserman, *Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset*, CVPR 2017,
#   arXiv:1705.07750: Section 2 (five architectures, 2.4 inflation), 4 (comparison), 5 (transfer).
# - W. Kay et al., *The Kinetics Human Action Video Dataset*, 2017, arXiv:1705.06950: how it was made.
# - C. Szegedy et al., *Going Deeper with Convolutions*, CVPR 2015, arXiv:1409.4842: Sections 4 and 5, Inception-v1.
# - D. Tran et al., *A Closer Look at Spatiotemporal Convolutions for Action Recognition*, CVPR 2018, arXiv:1711.11248:
#   Section 3, how much of a 3D kernel is needed.
#
# **Next:** [12 · Group normalisation](12_group_normalisation.ipynb), where batches are too small for batch norm.
