# %% [markdown]
# # 02 · How can a convolution see motion?
#
# *Deep Learning for Video, lecture 02. About 75 minutes. Two CPU cores are enough; the last section uses a GPU when
# there is one.*

# %% tags=["setup"]
course = start("02")

# %%
import time

import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from course_lib.data.worlds.actions import ActionWorld
from course_lib.describe import count, describe
from course_lib.metrics import accuracy
from course_lib.models.ji3d import KTH, Ji3D
from course_lib.models.temporal_toys import TemporalToy
from course_lib.ops import convolution
from course_lib.ops.hardwired import hardwired
from course_lib.ops.receptive_field import (
    FUSIONS,
    build,
    fusion_layers,
    gradient_map,
    measured_receptive_field,
    receptive_field,
)
from course_lib.plots import curve, film_strip, heatmap, kernel_strip, show
from course_lib.train import fit, fresh, scores, trained
from course_lib.widgets.convolution_explorer import ConvolutionExplorer
from course_lib.widgets.receptive_field import ReceptiveFieldExplorer

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - write 3D convolution as a formula, as loops, and as one library call, and say what each index means;
# - work out sizes, receptive fields and costs of a video network on paper, and check them by measurement;
# - explain why a network that stacks frames is tied to the moment it was trained on, and 3D convolution is not;
# - describe the first 3D CNN for human actions, with its hardwired channels and its 295,458 parameters;
# - set up an experiment in which a network *cannot* cheat, and notice when it does.

# %% [markdown]
# Here is the problem in one picture. A small textured shape leaves its place and comes back. To which side did it go?

# %%
world = ActionWorld("out_and_back", height=32, width=32, frames=10, size=8, travel=9, backdrop=0.3)
example = world.sample(1, seed=5, onset=(1, 1))
show(film_strip(example.clips[0], columns=10, indices=range(10))[0],
     alt=f"Ten frames: a shape on a dark photograph moves {world.classes[example.labels[0]]} and returns.")

# %% [markdown]
# The first frame does not answer, and the last one is the same picture. A frame from between shows *where* the shape
# is, which is no *motion* until one knows where it was before. So the answer is in how neighbouring frames differ. How
# should a filter be built that sees it?
#
# ## One sum, by hand
#
# Start with what you know. A 2D convolution lays a kernel on an image, multiplies number by number, and adds up.
# Ji et al., who wrote the paper of this lecture, have it as Eq. 1: the value at row $x$ and column $y$ of map $j$ in
# layer $i$ is
#
# $$ v_{ij}^{xy} = \tanh\Big( b_{ij} + \sum_m \sum_{p=0}^{P_i - 1} \sum_{q=0}^{Q_i - 1}
#    w_{ijm}^{pq} \; v_{(i-1)m}^{(x+p)(y+q)} \Big) $$
#
# $m$ runs over the maps (channels) of the layer below, $p$ and $q$ over the rows and columns of a kernel of $P_i \times
# Q_i$. (In Eq. 1 and 2, and in the loops that follow them, $x$ is the row and $y$ the column. Everywhere else in the
# course $x$ runs to the right and $y$ down, as in a plot.) We leave the $\tanh$ to the network and look at the sum.
# With a pencil:

# %%
image = torch.tensor([[[1.0, 2, 3], [4, 5, 6]]])  # one channel, 2 rows, 3 columns
kernel = torch.tensor([[[[1.0, 0], [0, -1]]]])  # one output, one channel, 2 x 2
print(convolution.conv2d_reference(image, kernel, torch.tensor([10.0])))

# %% [markdown]
# Left: $1 \cdot 1 + 0 \cdot 2 + 0 \cdot 4 - 1 \cdot 5 + 10 = 6$. Then the kernel moves one column, and
# $2 - 6 + 10 = 6$. (A mathematician would first turn the kernel around and call this one *cross-correlation*. A
# network learns its kernels, so it does not care.) The same as loops, close to the formula:

# %%
def conv2d_loops(image, weight, bias):
    """Eq. 1 without tanh.  image (C, H, W), weight (D, C, P, Q), bias (D,) -> (D, H - P + 1, W - Q + 1)."""
    outputs, _, P, Q = weight.shape
    rows, columns = image.shape[1] - P + 1, image.shape[2] - Q + 1
    out = torch.zeros(outputs, rows, columns)
    for j in range(outputs):
        for x in range(rows):
            for y in range(columns):
                block = image[:, x : x + P, y : y + Q]  # (C, P, Q): what the kernel lies on
                out[j, x, y] = (weight[j] * block).sum() + bias[j]
    return out


print(conv2d_loops(image, kernel, torch.tensor([10.0])))

# %% [markdown]
# ## One more sum: time
#
# For video, the kernel gets a length in time as well, $R_i$ frames, and the sum gets a third index. This is Eq. 2,
# with $z$ the frame:
#
# $$ v_{ij}^{xyz} = \tanh\Big( b_{ij} + \sum_m \sum_{p=0}^{P_i - 1} \sum_{q=0}^{Q_i - 1} \sum_{r=0}^{R_i - 1}
#    w_{ijm}^{pqr} \; v_{(i-1)m}^{(x+p)(y+q)(z+r)} \Big) $$
#
# Take a "video" whose frames have a single row: a dot that moves one step to the right per frame. And a kernel of two
# frames that asks: *is there something here, and one step to the right in the next frame?*

# %%
right = torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])  # row t is frame t: the dot moves right
left = right.flip(1)
asks = torch.tensor([[1.0, 0], [0, 1]])  # frame t: here; frame t + 1: one to the right
for name, dot in (("right", right), ("left", left)):
    answer = F.conv3d(dot.view(1, 1, 3, 1, 4), asks.view(1, 1, 2, 1, 2)).flatten(2)
    print(f"a dot that moves {name}:", answer.view(2, 3).tolist())

# %% [markdown]
# Redo it with a pencil: at $t = 0$, column 0, the dot that moves right gives $1 \cdot 1 + 1 \cdot 1 = 2$, and one frame
# later 2 again, one column further. The dot that moves left never gives more than 1. So the *largest* answer, anywhere
# and at any time, tells the direction. A kernel of one frame gives 1 for both.
#
# Note the order of axes. A clip is $(C, T, H, W)$, so PyTorch's kernels are (outputs, channels, *time*, rows,
# columns), although the paper writes time last.
#
# ## Exercise 02.1: 3D convolution with loops
#
# Extend `conv2d_loops` to time. `clip` is $(C, T, H, W)$, `weight` is $(D, C, R, P, Q)$, `bias` is $(D,)$; return
# $(D,\; T - R + 1,\; H - P + 1,\; W - Q + 1)$, without tanh and without padding. It may be slow. It may not call the
# library's convolution, which we will use to check it.

# %% tags=["exercise"] exercise="02.1" points=3
def conv3d_loops(clip, weight, bias):
    """Eq. 2 without tanh.  clip (C, T, H, W), weight (D, C, R, P, Q), bias (D,) -> (D, T', H', W')."""
    outputs, _, R, P, Q = weight.shape
    # BEGIN SOLUTION
    frames, rows, columns = clip.shape[1] - R + 1, clip.shape[2] - P + 1, clip.shape[3] - Q + 1
    out = torch.zeros(outputs, frames, rows, columns)
    for j in range(outputs):
        for t in range(frames):
            for x in range(rows):
                for y in range(columns):
                    block = clip[:, t : t + R, x : x + P, y : y + Q]
                    out[j, t, x, y] = (weight[j] * block).sum() + bias[j]
    return out
    # END SOLUTION


# %% tags=["check"]
conv3d_loops = check("02.1", conv3d_loops)

# %% [markdown] tags=["hint"]
# <details>02.1</details>

# %% [markdown]
# ### From loops to one call
#
# The loops visit every place in turn. Vectorised code shows all places at once: `unfold(axis, R, 1)` lists all windows
# of length $R$ along one axis, as a view that copies nothing. After three of them, every block that the kernel will
# ever lie on is one entry of a tensor of eight axes, and one `einsum` multiplies and adds them all.

# %%
def conv3d_vectorised(clip, weight, bias):
    """The same as `conv3d_loops`, without loops."""
    _, _, R, P, Q = weight.shape
    blocks = clip.unfold(1, R, 1).unfold(2, P, 1).unfold(3, Q, 1)  # (C, T', H', W', R, P, Q)
    return torch.einsum("cthwrpq,dcrpq->dthw", blocks, weight) + bias.view(-1, 1, 1, 1)

# %% [markdown]
# The three must agree, up to the last digits of float32, and they differ in time:

# %%
clip, weight, bias = torch.rand(3, 6, 20, 24), torch.randn(4, 3, 3, 3, 3), torch.randn(4)
ways = {"loops": conv3d_loops, "vectorised": conv3d_vectorised, "library": lambda c, w, b: F.conv3d(c[None], w, b)[0]}
for name, way in ways.items():
    started = time.perf_counter()
    result = way(clip, weight, bias)
    took = 1000 * (time.perf_counter() - started)
    difference = (result - F.conv3d(clip[None], weight, bias)[0]).abs().max().item()
    print(f"{name:11}{tuple(result.shape)}  largest difference {difference:.0e}  {took:8.2f} ms")

# %% [markdown]
# ## Three ways to meet time
#
# There are three ways to put a clip through a convolution, named by Karpathy et al. (lecture 03):
#
# - **late fusion**: a 2D kernel on each frame by itself. Time is left to the end of the network. (Their own network of
#   this kind takes just two frames, far apart; here it takes all of them.)
# - **early fusion**: stack the $T$ frames as $3T$ channels of one image, and use a 2D kernel. It sees all frames at
#   once, and its output has no time axis any more.
# - **3D convolution**: a kernel of a few frames that moves through time as it moves through space.
#
# All three are the same sum; a 2D kernel on stacked frames *is* a 3D kernel of $T$ frames, which has just one place in
# time. Play with all three on a bar that moves right and then returns. **Find out:** which kernel gives its largest
# answer *whenever* the bar moves right, and which only if it moves right at the beginning?

# %% tags=["widget"]
ConvolutionExplorer()

# %% [markdown]
# ## Exercise 02.2: How many frames come out?
#
# A kernel of length $k$ on an axis of length $n$: pad the axis with $p$ zeros at *both* ends, and place the kernel at
# every $s$-th position where it fits. Write `output_size`; its result is an `int`. (First, commit to one case.)

# %% tags=["predict"]
frames_out = predict("16 frames, kernel of 3 frames, stride 2, padding 1: how many come out?", None, unit="frames")

# %% tags=["exercise"] exercise="02.2" points=1
def output_size(size, kernel, stride=1, padding=0):
    """Number of places of a kernel along an axis of `size`: ints -> int."""
    # BEGIN SOLUTION
    return (size + 2 * padding - kernel) // stride + 1
    # END SOLUTION


# %% [markdown]
# The check tries strides that do not divide, and a kernel that fits exactly.

# %% tags=["check"]
output_size = check("02.2", output_size)

# %% [markdown] tags=["hint"]
# <details>02.2</details>

# %%
frames_out.reveal(output_size(16, kernel=3, stride=2, padding=1))

# %% [markdown]
# ## The same motion at another moment
#
# Move a picture, and the output of a 2D convolution moves with it: convolution is *shift-equivariant* in space. Is the
# same true in time? Take a bar that moves for four frames, and once more the same clip, three frames later. Compare two
# random layers: a 3D kernel of 3 frames, and an early-fusion kernel of all 12.

# %%
early_clip = torch.zeros(1, 1, 12, 16, 16)
for t in range(4):
    early_clip[0, 0, 2 + t, 5:11, 4 + 2 * t] = 1  # frames 2 to 5: an upright bar moves right
later_clip = early_clip.roll(3, dims=2)  # the same in frames 5 to 8
moving = nn.Conv3d(1, 4, (3, 3, 3), padding=(1, 1, 1), bias=False)
stacked = nn.Conv3d(1, 4, (12, 3, 3), padding=(0, 1, 1), bias=False)

# %% [markdown]
# If a layer is shift-equivariant in time, the output for the later clip is the output for the early clip, three frames
# later. For early fusion there is no time axis left to shift along: its output should stay the same, if the moment
# does not matter.

# %%
with torch.no_grad():
    shift_3d = moving(later_clip) - moving(early_clip).roll(3, dims=2)
    shift_early = stacked(later_clip) - stacked(early_clip)
    size_early = stacked(early_clip).norm()
print(f"3D convolution: largest difference {shift_3d.abs().max():.1e}")
print(f"early fusion: the output changes by {100 * shift_early.norm() / size_early:.0f} % of its size")

# %% [markdown]
# The 3D output has moved, and not a digit has changed. The early-fusion output is another one altogether: frame 3 and
# frame 6 are multiplied by *different weights*, which have nothing to do with each other. Put the largest value over
# time behind the 3D convolution, and what comes out no longer depends on the moment at all: shift-*in*variance.
#
# ## What does a unit see?
#
# The *receptive field* of a unit is the box of input frames and pixels that can change it. Take one axis. Two
# neighbouring units of a layer lie `jump` input positions apart, 1 at the start. Then, layer by layer,
#
# $$ \text{field} \leftarrow \text{field} + (k - 1) \cdot \text{jump}, \qquad
#    \text{jump} \leftarrow \text{jump} \cdot s . $$
#
# A kernel of $k$ units spans $k - 1$ gaps between them, and the stride $s$ widens the gaps for the layers above.
#
# ## Exercise 02.3: Fix the bugs: the receptive field in time
#
# Somebody typed this in a hurry. It runs, and two things are wrong. Test it in your head: one convolution of 3 frames
# must see 3. Then a pooling of 4 frames with stride 4. `layers` is a list of `(kernel, stride)`; the result is the list
# of fields after each layer.

# %% tags=["exercise"] exercise="02.3" points=2
def field_in_time(layers):
    """Receptive field in frames after each layer.  layers: list of (kernel, stride) -> list of int."""
    field, jump, fields = 1, 1, []
    for kernel, stride in layers:
        # BEGIN SOLUTION
        field = field + (kernel - 1) * jump
        jump = jump * stride
        # STARTING POINT
        # jump = jump * stride
        # field = field + kernel * jump
        # END SOLUTION
        fields.append(field)
    return fields


# %% tags=["check"]
field_in_time = check("02.3", field_in_time)

# %% [markdown] tags=["hint"]
# <details>02.3</details>

# %% [markdown]
# ### A table to know by heart
#
# Now for whole networks. The clip has 20 frames of $64 \times 64$. Three networks share one plan in space, convolution,
# pooling by 4, convolution, average over everything, and differ only in time. The course's `receptive_field` is your
# function for three axes at once. Watch the last three numbers of each line, frames $\times$ rows $\times$ columns.
# (The slide that this table follows prints 3\*10 for the channels of early fusion; 20 frames have 3\*20.)

# %% tags=["nbval-check-output"]
for fusion in FUSIONS:
    print(f"{fusion:34}{'C x T x H x W':>18}{'sees T x H x W':>16}")
    for row in receptive_field(fusion_layers(fusion, frames=20), (3, 20, 64, 64)):
        print("  " + str(row)[:32] + str(row)[34:])

# %% [markdown]
# Late fusion looks at one frame until the last layer: it builds up slowly in space, and in time *all at once at the
# end*. Early fusion does time all at once *at the start*. Only the 3D CNN builds up slowly in both.
#
# A formula can be wrong. So measure: take a unit in the middle, and ask autograd which input pixels have a gradient
# that is not zero. (Max pooling passes its gradient to the winner alone; four random clips give every pixel its
# chance.)

# %%
for fusion in FUSIONS:
    network = build(fusion_layers(fusion, frames=20), in_channels=3)
    formula = [row.field for row in receptive_field(fusion_layers(fusion, frames=20), (3, 20, 64, 64))[1:]]
    measured = [measured_receptive_field(network[:depth], (3, 20, 64, 64)) for depth in range(1, 5)]
    print(f"{fusion:14}measured {measured}  {'as the formula says' if measured == formula else formula}")

# %% [markdown]
# All twelve rows agree. Now look yourself. **Find out:** choose the 3D CNN and its third layer. How many of the 20
# frames does a unit in the middle see, and how many does the very first one? Why?

# %% tags=["widget"]
ReceptiveFieldExplorer()

# %% [markdown]
# In the middle a unit sees 14 frames, as the table says. The very first one sees 9: its box begins five frames before
# the clip does, and what lies there is the zeros of the padding. A field is what a unit *would* see in an endless
# video.
#
# The box says what *can* matter. How much? Add up the size of the gradients: the middle of the box counts more than its
# rim, because more paths lead there.

# %%
network = build(fusion_layers("3D CNN", frames=20), in_channels=3)
seen = gradient_map(network[:3], (3, 20, 64, 64), trials=8)
fig, ax = heatmap(seen.sum(2), xlabel="row of the clip", ylabel="frame", unit="sum of |gradient|", numbers=False)
show(fig, alt="How much one unit of the third layer depends on each frame and row: a box of 14 by 14, strong inside.")

# %% [markdown]
# ## What does it cost?
#
# Each output of a 3D convolution has one kernel for every input channel, and one bias. Each weight is used once at
# every place where the kernel stands. That gives the two numbers that every paper quotes, *parameters* and
# *multiply-adds* (others count a multiplication and an addition as two "FLOPs").
#
# ## Exercise 02.4: What does a 3D convolution cost?
#
# `channels` and `outputs` are numbers, `kernel` is $(R, P, Q)$ and `places` is the output's $(T', H', W')$. Return
# the pair (parameters, multiply-adds) of one 3D convolution with bias. Biases count among the parameters, and not
# among the multiply-adds.

# %% tags=["exercise"] exercise="02.4" points=2
def conv_cost(channels, outputs, kernel, places):
    """Cost of a 3D convolution with bias: (parameters, multiply-adds), two ints."""
    # BEGIN SOLUTION
    R, P, Q = kernel
    weights = outputs * channels * R * P * Q
    T, H, W = places
    return weights + outputs, weights * T * H * W
    # END SOLUTION


# %% tags=["check"]
conv_cost = check("02.4", conv_cost)

# %% [markdown] tags=["hint"]
# <details>02.4</details>

# %% [markdown]
# `describe` counts a whole network as it runs, and takes the time. The three networks of the table:

# %% tags=["nbval-ignore-output"]
for fusion in FUSIONS:
    cost = describe(build(fusion_layers(fusion, frames=20), in_channels=3), (3, 20, 64, 64), repeats=3)
    print(f"{fusion:14}{cost.parameters:>8,} parameters {count(cost.multiply_adds):>10} multiply-adds "
          f"{1000 * cost.seconds:>7.1f} ms per clip")

# %% [markdown]
# Early fusion has the largest kernels and few places, and so is cheap. 3D convolution pays for standing everywhere with
# a kernel of three frames.
#
# The bill grows with the network. ResNet-18 on one image costs 1.81 billion multiply-adds. Its 3D cousin R3D-18 has the
# same 18 layers, with kernels of $3 \times 3 \times 3$, and takes 16 smaller frames of $112 \times 112$, which hold 4
# times as many pixels as the one image. What do you expect?

# %% tags=["predict"]
r3d_cost = predict("Multiply-adds of R3D-18 on a clip of 16 x 112 x 112?", None, unit="billion")

# %% [markdown]
# Counting needs shapes and no numbers: on PyTorch's `meta` device tensors have no contents and cost no time.

# %%
with torch.device("meta"):
    image_net, video_net = torchvision.models.resnet18(), torchvision.models.video.r3d_18()
for network, shape in ((image_net, (3, 224, 224)), (video_net, (3, 16, 112, 112))):
    print(describe(network, shape, repeats=0))
r3d_cost.reveal(describe(video_net, (3, 16, 112, 112), repeats=0).multiply_adds / 1e9)

# %% [markdown]
# Four times the pixels, and 22 times the work. The first stage of both networks has $56 \times 56$ places, R3D-18 in
# each of 16 frames, with three times as many weights: 48 times the work. Each later stage halves time as well as
# space, so it is 24, 12 and 6 times; on average 22. Three frames per kernel are only a part of the bill: the larger
# part is *keeping* time.
#
# ## The first 3D CNN for human actions
#
# In 2010 Ji, Xu, Yang and Yu had surveillance videos from an airport (TRECVID), and wanted to find people who put
# something down, point, or phone. (Shops were another use that they had in mind: who are the customers, and how do they
# behave?) A detector and a tracker came first, and cut out the people. There was little data, and machines were slow.
# So they did not start from pixels. The first layer of their network is **hardwired**: five kinds of maps that they
# knew to be useful.
#
# | channel | what it shows | maps of 7 frames |
# |---|---|---|
# | grey | what is there | 7 |
# | gradient along $x$, gradient along $y$ | edges | 7 + 7 |
# | optical flow along $x$, along $y$ | how pixels move from a frame to the next | 6 + 6 |
#
# Together 33 maps. Optical flow is lecture 04; one of the others is yours.
#
# ## Exercise 02.5: A hardwired channel: the horizontal gradient
#
# Write the horizontal gradient: at each pixel half the difference between its right neighbour and its left one,
# $(v_{x+1} - v_{x-1}) / 2$. At the edge, repeat the edge pixel. `frames` is $(\ldots, H, W)$ with any axes in front,
# and the result has the same shape.

# %% tags=["exercise"] exercise="02.5" points=2
def gradient_x(frames):
    """Central difference along the columns, edge repeated.  (..., H, W) -> (..., H, W), per pixel."""
    # BEGIN SOLUTION
    wide = torch.cat((frames[..., :1], frames, frames[..., -1:]), dim=-1)
    return (wide[..., 2:] - wide[..., :-2]) / 2
    # END SOLUTION


# %% tags=["check"]
gradient_x = check("02.5", gradient_x)

# %% [markdown] tags=["hint"]
# <details>02.5</details>

# %%
person = ActionWorld("direction", height=60, width=40, frames=7, size=12, travel=10, duration=4)
clip = person.sample(1, seed=3, onset=(1, 1)).clips  # of the size that the network takes
channels = hardwired(clip)
middle = [channels.grey - 0.5, gradient_x(channels.grey), *channels[2:]]  # each (1, frames, 60, 40)
strongest = [torch.cat(pair).abs().max() for pair in (middle[:1], middle[1:3], middle[3:])]  # x and y share a scale
shown = torch.stack([0.5 + 0.5 * maps[0, 3] / strongest[(i + 1) // 2] for i, maps in enumerate(middle)])
show(film_strip(shown[None], titles=["grey", "gradient x", "gradient y", "flow x", "flow y"])[0],
     alt="The five channels of frame 3; in the last four, mid-grey is zero. Only the flow singles out what moves.")

# %% [markdown]
# Every channel goes its own way through 3D convolutions ($7 \times 7$ pixels $\times$ 3 frames) and subsampling, with
# two sets of kernels; the second stage has three kernels per channel and set. A last convolution, as large as what is
# left, turns 78 small maps into 128 numbers, and a linear layer reads off the class. The paper gives the size of the
# network, **295,458 parameters**. A number as precise as this is a good test of whether one has understood the text:

# %%
model = Ji3D()
parts = {
    "C2, 3D convolution 7 x 7 x 3": [s.conv1 for s in model.streams],
    "S3, subsampling 2 x 2": [s.sub1 for s in model.streams],
    "C4, 3D convolution 7 x 6 x 3": [s.conv2 for s in model.streams],
    "S5, subsampling 3 x 3": [s.sub2 for s in model.streams],
    "C6, 78 maps to 128 numbers": [model.connect],
    "output, 128 to 3": [model.head],
}
for name, modules in parts.items():
    print(f"{name:30}{sum(p.numel() for m in modules for p in m.parameters()):>9,}")

# %% [markdown]
# Your `conv_cost` knows the first and the third line: five channels, each with its own kernels.

# %% tags=["claim"]
first = 5 * conv_cost(1, 2, (3, 7, 7), (5, 54, 34))[0]
third = 5 * 2 * conv_cost(1, 3, (3, 7, 6), (3, 21, 12))[0]
total, kth = (sum(p.numel() for p in network.parameters()) for network in (model, Ji3D(KTH)))
claim("Ji et al.'s network has 295,458 parameters", (first, third, total) == (1480, 3810, 295458),
      f"C2 {first:,}, C4 {third:,}, in all {total:,}; the network for KTH {kth:,}", published="295,458")

# %% [markdown]
# Most of it, 289,536, sits in C6, which is as large as its input and has nowhere to move. And the number hides a
# curiosity. It comes out only if C6 has a bias for each *pair* of maps, $78 \cdot 128$ of them, and the output has
# none. The 78 biases that meet in one number act as their sum, so 77 of them are for nothing: with ordinary biases it
# would be 285,605.
#
# For the six actions of the KTH data set they built a larger sibling, with 9 frames of $60 \times 80$, and reported
# 90.2 %. By the same count it has 449,116 parameters (`Ji3D(KTH)`). Our miniature is the same class with smaller
# numbers. It gets the flow that the made-up world knows exactly, and learns out and back, with the motion starting at
# frame 0 or 1 of 8. Then come two tests: at these moments, and two frames later.

# %%
small = ActionWorld("out_and_back", height=32, width=32, frames=8, size=8, travel=9, backdrop=0.3)

def maps_and_labels(step, clips=16, onset=(0, 1)):
    """A batch for Ji et al.: hardwired maps (B, 38, 32, 32) and labels."""
    batch = small.sample(clips, seed=step + 10**6 * course.seed, onset=onset, device=course.device)
    return hardwired(batch.clips, batch.flow).maps(), batch.labels


mini = fresh(Ji3D.mini, course)
history = fit(mini, maps_and_labels, 25, lr=5e-3)
print(f"loss {history.loss[0]:.2f} at first, {history.loss[-1]:.2f} in the end")

# %% [markdown]
# The test clips are new.

# %% tags=["claim"]
correct = []
for onset in ((0, 1), (3, 3)):
    maps, labels = maps_and_labels(10_000, clips=course.pick(cpu=128, smoke=16), onset=onset)
    correct.append(100 * accuracy(scores(mini, maps), labels.cpu()))
claim("The miniature of Ji et al.'s network learns the task, and loses it two frames later",
      {"learns, above 90 %": correct[0] - 90, "loses, below 25 %": 25 - correct[1]},
      f"{correct[0]:.0f} % at the moments of training, {correct[1]:.0f} % later", unit="points")

# %% [markdown]
# It is not just unsure two frames later: it is wrong nearly every time! Yet it is made of 3D convolutions. Look
# again at C6: it has its own weights for each of the moments that are left. What the convolutions keep, the last layer
# gives away. 3D convolution makes a network *equivariant*; whether the answer depends on the moment is decided where
# time is summed up.
#
# ## Reproduce: another moment
#
# Does any of this show in results? On a million sports videos (lecture 03) the fusions differed little, because one
# frame says nearly everything there. So we make videos in which motion decides, and control *when* it happens. Two
# networks, three convolutions each, with the same channels, kernels in space and strides. One line is different: the
# length of the kernels in time.

# %%
TRAIN, STEPS = (0, 2), 110  # the motion starts at frame 0, 1 or 2 of 10

def train(task, early, seed=course.seed):
    """Train a small network on clips in which the motion starts early."""
    world = ActionWorld(task, height=32, width=32, frames=10, size=8, travel=9, backdrop=0.3)
    batches = world.batches(48, seed=seed, onset=TRAIN)
    return trained(lambda: TemporalToy(classes=4, frames=10, early=early), batches, STEPS, course, lr=5e-3, seed=seed)

# %% [markdown]
# And the test: 256 new clips for each moment. Training has seen the first three moments only. `last_onset` is the
# last at which the motion still ends within the clip.

# %%
def by_moment(model, task, seed=10_000):
    """Accuracy in percent when the motion starts at frame 0, 1, ..., the last possible."""
    world = ActionWorld(task, height=32, width=32, frames=10, size=8, travel=9, backdrop=0.3)
    clips = course.pick(cpu=256, smoke=16)
    tests = [world.sample(clips, seed, onset=(t, t)) for t in range(world.last_onset + 1)]
    return [100 * accuracy(scores(model, test.clips), test.labels) for test in tests]

# %% [markdown]
# ### First half: a motion in one direction
#
# The shape goes right, down, left or up, and stays there. Early fusion has weights for each moment, is trained on
# three of them, and is tested on later ones.

# %% tags=["predict"]
one_way_guess = predict("Early fusion, one-way motion, two frames too late: accuracy?", None, unit="%")

# %%
one_way = by_moment(train("direction", early=True), "direction")
print("starts at frame", list(range(6)), "->", [f"{a:.0f} %" for a in one_way])
one_way_guess.reveal(one_way[4])

# %% [markdown]
# Far better than the 25 % of guessing. Is the argument wrong?
#
# ### Look again at what we made
#
# The argument is right, the experiment is not. After a one-way motion the shape *stays* where it went. A network with
# weights for the first and the last frame can read the direction off these two pictures, whatever happened in between
# and whenever. Such **shortcuts** are everywhere in video data sets, and a network takes each that it finds.
#
# ### Second half: out and back
#
# So take the shortcut away: the shape returns, as in the picture at the top. Now the moment is all there is. Same
# networks, same training, and 3D convolution beside early fusion.

# %% tags=["predict"]
returning_guess = predict("Early fusion, out and back, two frames too late: accuracy?", None, unit="%")

# %%
networks = {name: train("out_and_back", early) for name, early in (("early fusion", True), ("3D convolution", False))}
results = {name: by_moment(model, "out_and_back") for name, model in networks.items()}
returning_guess.reveal(results["early fusion"][4])

# %% [markdown]
# All three results in one figure; the grey band is where training has been.

# %%
moments = list(range(6))
fig, ax = curve(moments, {**results, "early fusion, one-way": one_way}, "the motion starts at frame",
                "accuracy (%)", ylim=(0, 105))
ax.axvspan(TRAIN[0], TRAIN[1], color="0.9", zorder=0)
ax.axhline(25, color="0.5", linewidth=1)
ax.text(0.05, 27, "guessing", fontsize=9, color="0.4")
ax.legend(loc="center left", frameon=False)
late = ", ".join(f"{name} has {values[4]:.0f} and {values[5]:.0f} %" for name, values in
                 {**results, "early fusion, one-way": one_way}.items())
show(fig, alt=f"Accuracy by moment; training saw frames 0 to 2 (grey). At frames 4 and 5 {late}.")

# %% [markdown]
# Inside the grey band nothing tells the networks apart. Two frames further one of them still works. At the very
# last moment, where the motion ends with the clip and the zeros of the padding begin, it depends on the run: 3D
# convolution keeps nearly all of its accuracy, or loses a part of it.

# %% tags=["claim"]
late_early, late_3d = results["early fusion"][4], results["3D convolution"][4]
claim("3D convolution keeps its accuracy at another moment, early fusion drops to chance (25 %) or below",
      {"3D later, above 90 %": late_3d - 90, "early fusion later, below 30 %": 30 - late_early,
       "early fusion as trained, above 90 %": min(results["early fusion"][:3]) - 90},
      f"two frames after the last training moment 3D has {late_3d:.0f} %, early fusion {late_early:.0f} %",
      unit="points", published="slow fusion 60.9 %, early fusion 57.7 % on a million sports videos (Table 1)")
claim("With a one-way motion, early fusion is more than 40 points better at the same moment: it has a shortcut",
      one_way[4] - late_early - 40, f"{one_way[4]:.0f} % against {late_early:.0f} % out and back", unit="points")

# %% [markdown]
# *Below* chance is no accident. A shape that leaves two frames late is on its way *out* just when, in training, it was
# on its way *back*. The network has learnt "what moves left in frame 4 had gone right", and is confidently wrong.
#
# ### First-layer filters are little videos
#
# A kernel of the first layer has colour, time, rows and columns: it is a tiny video. Karpathy et al. show those
# of their networks in this way, clips of 4 frames of $11 \times 11$ pixels: some are edges and blobs at rest, others
# move. (Slides print $5 \times 5$.) Here are three of each of ours, averaged over the colours. Red adds brightness,
# blue subtracts it.

# %%
for name, model in networks.items():
    weight = model.features[0].weight.detach().cpu().mean(1)[:3]  # (3 filters, T, 3, 3)
    fig, ax = kernel_strip(weight, titles=[f"filter {i}" for i in range(3)], width=2 + 0.6 * weight.shape[1])
    show(fig, alt=f"{name}: three filters of the first layer, each a video of {weight.shape[1]} frames of 3 x 3.")

# %% [markdown]
# A 3D filter compares neighbouring frames, and has no idea of *when*: blue on the left frame and red on the right one
# means that something bright arrives. It fires at any moment, and the maximum at the end of the network finds it. An
# early-fusion filter has weights of its own for each of the ten frames, and nothing makes those of frame 7, by which in
# training all motion was over, like those of frame 3.
#
# ## On a GPU
#
# The same code, larger: clips of 16 frames of $64 \times 64$, photographs at full brightness, wider networks, 2,000
# steps. Training sees the first four moments, the test is at the last one. On two cores the cell runs ten steps, to
# show that it works.

# %% tags=["gpu"]
size, steps, width = course.pick(cpu=(32, 10, 8), gpu=(64, 2000, 32))
clips = course.pick(cpu=16, gpu=64)
large = ActionWorld("out_and_back", height=size, width=size, frames=16)
for early in (True, False):
    model = fresh(lambda early=early: TemporalToy(classes=4, frames=16, early=early, width=width), course)
    fit(model, large.batches(clips, onset=(0, 3), device=course.device), steps, lr=3e-3, dtype=course.dtype)
    tests = [large.sample(4 * clips, seed=1, onset=(t, t)) for t in (2, large.last_onset)]
    hits = [100 * accuracy(scores(model, test.clips), test.labels) for test in tests]
    name = "early fusion" if early else "3D convolution"
    print(f"{name} after {steps} steps: {hits[0]:.0f} % at a moment of training, "
          f"{hits[1]:.0f} % at the last")

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - 3D convolution is 2D convolution with one more sum: a kernel of a few frames that moves through time as well.
# - An axis of $n$ gives $\lfloor (n + 2p - k) / s \rfloor + 1$ places; a field grows by $(k - 1) \cdot$ jump per layer.
# - Late fusion builds up time at the end, early fusion at the start, 3D convolution slowly, and pays for it.
# - Early fusion has weights for every moment; 3D convolution shares them, and a maximum over time forgets the moment.
# - A good result may be a shortcut: take the shortcut away and measure again.
#
# ## Do you remember?
#
# <details><summary>1. A clip has 10 frames. Kernel 5, stride 3, padding 2: how many come out?</summary>
# (10 + 4 - 5) // 3 + 1 = 4.</details>
#
# <details><summary>2. Three layers with kernels of 3 frames, the second with stride 2. What does a unit at the top
# see?</summary>
# 3, then 5, then 5 + 2 * 2 = 9 frames.</details>
#
# <details><summary>3. Why is early fusion cheap, although its kernels are the largest?</summary>
# They stand at one place in time.</details>
#
# <details><summary>4. Ji et al.'s network has 3D convolutions. Is its answer the same when the action comes two frames
# later?</summary>
# No: C6 has weights of its own for each moment that is left. Only a maximum (or mean) over time would forget it.
# </details>
#
# <details><summary>5. Lecture 01: a clip of 16 frames with stride 4, from a video at 25 frames per second. How long an
# action can a unit see whose field is 9 frames of the clip?</summary>
# From the first to the last of 9 frames there are 8 gaps of 4 / 25 s: about 1.3 s.</details>
#
# <details><summary>6. On a new data set early fusion does as well as a 3D network. What do you suspect?</summary>
# That single frames, or the first and the last one, give the class away; or that the action always comes at the same
# moment. Shift the clips in time and measure again.</details>
#
# ## To read
#
# - S. Ji, W. Xu, M. Yang, K. Yu, *3D Convolutional Neural Networks for Human Action Recognition*, ICML 2010; PAMI
#   35(1), 2013: section 2, with Eq. 1 and 2 and the architecture. (Their 295,458 and 90.2 % are quoted from memory.)
# - A. Karpathy et al., *Large-scale Video Classification with Convolutional Neural Networks*, CVPR 2014: section 3 and
#   Table 1; lecture 03 builds it.
# - D. Tran et al., *Learning Spatiotemporal Features with 3D Convolutional Networks*, ICCV 2015: section 3; lecture 06.
#
# **Next:** [03 · Large-scale video](03_large_scale_video.ipynb), where the three fusions meet a million videos.
