# %% [markdown]
# # 12 · What if only two clips fit into the memory?
#
# *Deep Learning for Video, lecture 12. About 75 minutes. Two CPU cores are enough; the last section uses a GPU and
# published weights when they are there.*

# %% tags=["setup"]
course = start("12")

# %%
import os
from pathlib import Path

import torch
from torch import nn

from course_lib.data.sets.shipped import clip_path
from course_lib.data.video_io import read_clip
from course_lib.data.worlds.textures import TextureWorld
from course_lib.describe import count, describe
from course_lib.metrics import accuracy
from course_lib.models.resnet_gn import NORMS, ResNet50, preprocess
from course_lib.ops.boxes import from_center, iou
from course_lib.ops.normalization import running_statistics
from course_lib.plots import curve, diagram, film_strip, show, table
from course_lib.train import fit, fresh, scores, trained
from course_lib.widgets.norm_cube import NormCube

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - write batch, layer, instance and group normalisation as one function, and say in what single thing they differ;
# - explain why batch normalisation does one thing in training and another in evaluation, and what that costs;
# - predict which method breaks when the batch shrinks, and check it;
# - choose a normalisation for clips, for detectors and for fine-tuning, and load published weights of each.

# %% [markdown]
# A clip of 32 frames of $224 \times 224$ is as large as 32 pictures. Where a batch of 32 pictures fits into the memory
# of a GPU, one clip fits. Detectors have the same trouble: their pictures are large. So people who work with video
# train with batches of eight, four, two. Here is what that does to one picture. It goes through a batch normalisation,
# each time in the company of another one.

# %%
world = TextureWorld(16)
pictures, _ = world.pictures(4, seed=5)
norm = nn.BatchNorm2d(3).train()
with torch.no_grad():
    same = torch.cat([norm(pictures[[0, other]])[:1] for other in (1, 2, 3)])
show(film_strip(torch.cat([pictures[:1], same]).transpose(0, 1).clamp(-2, 2) / 4 + 0.5, range(4),
                ["the picture", *(f"beside picture {i}" for i in (1, 2, 3))]),
     alt="One texture, and the same after batch normalisation beside three others: brightness and contrast differ.")

# %% [markdown]
# The same picture comes out darker or brighter, flatter or harder, *because of its neighbour in the batch*. With 32
# neighbours this evens out. With one it is noise.
#
# ## What normalising is
#
# Deep networks train badly when the numbers inside grow or shrink from layer to layer. **Normalisation** takes a mean
# $\mu$ off and divides by a deviation $\sigma$, so that whatever comes in goes on with mean 0 and deviation 1. Let
# $i = (i_N, i_C, i_H, i_W)$ be a cell of a feature map: sample, channel, row, column. Wu and He (ECCV 2018) write
#
# $$ \hat x_i = \frac{1}{\sigma_i} (x_i - \mu_i), \qquad
#    \mu_i = \frac{1}{m} \sum_{k \in \mathcal{S}_i} x_k, \qquad
#    \sigma_i = \sqrt{\frac{1}{m} \sum_{k \in \mathcal{S}_i} (x_k - \mu_i)^2 + \epsilon} . $$
#
# $\mathcal{S}_i$ is the set of $m$ cells over which mean and deviation are taken. Mind two details: the sum of squares
# is divided by $m$ (not $m - 1$), and the small $\epsilon$ stands *inside* the root. Afterwards each channel gets a
# scale and a shift that are learnt, $y_i = \gamma \hat x_i + \beta$, so that the network can undo what it does not
# like. In code they are called `weight` and `bias`.
#
# A pencil example with $\epsilon = 0$: the cells 1, 3, 3, 5 have $\mu = 3$ and
# $\sigma = \sqrt{(4 + 0 + 0 + 4)/4} = \sqrt 2$.

# %%
cells = torch.tensor([1.0, 3, 3, 5])
print((cells - cells.mean()) / cells.var(correction=0).sqrt())

# %% [markdown]
# Which cells belong to $\mathcal{S}_i$ is all in which the four methods (BN, LN, IN and GN for short) differ:
#
# | normalisation | $\mathcal{S}_i$ | averaged over |
# |---|---|---|
# | batch | $\{k : k_C = i_C\}$ | $N, H, W$ |
# | layer | $\{k : k_N = i_N\}$ | $C, H, W$ |
# | instance | $\{k : k_N = i_N,\ k_C = i_C\}$ | $H, W$ |
# | **group** | $\{k : k_N = i_N,\ \lfloor \tfrac{k_C}{C/G} \rfloor = \lfloor \tfrac{i_C}{C/G} \rfloor\}$ | $C/G,H,W$ |
#
# $G$ is the number of groups, 32 by default, so each holds $C/G$ channels. For clips every set gains the time $T$.
#
# **Find out:** for which $G$ is group norm the same as layer norm, and for which the same as instance norm? Which of
# the four looks at other samples? (The squares are maps of $4 \times 4$ cells.)

# %% tags=["widget"]
NormCube()

# %% [markdown]
# $G = 1$ is layer norm, $G = C$ is instance norm: group norm lies between the two. And only batch norm leaves its row,
# so only batch norm depends on who else is there.
#
# ## Exercise 12.1: Group normalisation by reshaping
#
# Batch norm with weight and bias, for maps of shape $(N, C, H, W)$, takes five lines:

# %%
def batch_norm_2d(x, weight, bias, eps=1e-5):
    """Mean and variance of each channel over samples, rows and columns; then scale and shift."""
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    variance = x.var(dim=(0, 2, 3), keepdim=True, correction=0)
    x = (x - mean) / (variance + eps).sqrt()
    return x * weight[:, None, None] + bias[:, None, None]


example = torch.randn(2, 6, 4, 5, generator=course.generator())
result = batch_norm_2d(example, torch.full((6,), 2.0), torch.ones(6))
print(f"channel 0 has mean {result[:, 0].mean():.2f} and deviation {result[:, 0].std(correction=0):.2f}")

# %% [markdown]
# Change it into group norm. `groups` is $G$, and neighbouring channels share a group: with $C = 6$ and $G = 3$ they
# are {0, 1}, {2, 3}, {4, 5}. Give the channels of a group an axis of their own. `weight` and `bias` are $(C,)$.

# %% tags=["exercise"] exercise="12.1" points=3
def group_norm(x, groups, weight, bias, eps=1e-5):
    """Group normalisation, Eqs. 2, 6 and 7.  x (N, C, H, W), weight (C,), bias (C,) -> (N, C, H, W)."""
    # BEGIN SOLUTION
    N, C, H, W = x.shape
    grouped = x.reshape(N, groups, C // groups, H, W)
    mean = grouped.mean(dim=(2, 3, 4), keepdim=True)
    variance = grouped.var(dim=(2, 3, 4), keepdim=True, correction=0)
    x = ((grouped - mean) / (variance + eps).sqrt()).reshape(N, C, H, W)
    return x * weight[:, None, None] + bias[:, None, None]
    # END SOLUTION


# %% tags=["check"]
group_norm = check("12.1", group_norm)

# %% [markdown] tags=["hint"]
# <details>12.1</details>

# %% [markdown]
# PyTorch has it as `nn.GroupNorm(groups, channels)`. Yours and theirs:

# %%
theirs = nn.GroupNorm(3, 6)(example)
print(f"largest difference {(group_norm(example, 3, torch.ones(6), torch.zeros(6)) - theirs).abs().max():.1g}")

# %% [markdown]
# ## Exercise 12.2: One function, four sets
#
# Now all four in one function, without weight and bias, for pictures $(N, C, H, W)$ and clips $(N, C, T, H, W)$ alike.
# (The paper has a listing of six lines for group norm alone. The other three are nearly free.)

# %% tags=["exercise"] exercise="12.2" points=3
def normalize(x, method, groups=2, eps=1e-5):
    """Normalise over the set of `method`: "batch", "layer", "instance" or "group".  x (N, C, ...) -> the same shape."""
    # BEGIN SOLUTION
    N, C = x.shape[:2]
    groups = {"batch": C, "layer": 1, "instance": C, "group": groups}[method]
    grouped = x.reshape(N, groups, C // groups, -1)
    axes = (0, 2, 3) if method == "batch" else (2, 3)
    mean = grouped.mean(dim=axes, keepdim=True)
    variance = grouped.var(dim=axes, keepdim=True, correction=0)
    return ((grouped - mean) / (variance + eps).sqrt()).reshape(x.shape)
    # END SOLUTION


# %% tags=["check"]
normalize = check("12.2", normalize)

# %% [markdown] tags=["hint"]
# <details>12.2</details>

# %% [markdown]
# One map, all four methods: two samples of four channels, with height 1 and width 3. So a channel is three numbers. We
# print the mean of each channel afterwards, sample by sample. Which of the channels still differ?

# %%
toy = torch.tensor([[[0.0, 1, 2], [4, 5, 6], [0, 2, 4], [9, 9, 9]], [[1, 1, 1], [2, 4, 6], [8, 8, 8], [0, 3, 6]]])
toy = toy[:, :, None]  # (2, 4, 1, 3)
for method in ("batch", "layer", "instance", "group"):
    means = normalize(toy, method).mean(dim=(2, 3))  # of each channel of each sample
    print(f"{method:9}", *("  ".join(f"{value:5.2f}" for value in sample) + "  |" for sample in means))

# %% [markdown]
# Instance norm makes every mean 0: what a channel's *level* said about a sample is gone. Layer norm keeps all
# differences between the channels of a sample, group norm those within a group. Keep this in mind for the results.
#
# ## Two modes
#
# There is a second price for batch norm. In evaluation we want one answer for one picture, whoever else is asked at the
# same time. So batch norm keeps **moving averages** of the means and variances that it meets in training,
#
# $$ \bar\mu \leftarrow (1 - \lambda)\,\bar\mu + \lambda\,\mu, \qquad
#    \bar v \leftarrow (1 - \lambda)\,\bar v + \lambda\,\tfrac{m}{m - 1} v , $$
#
# and in evaluation uses $\bar\mu$ and $\bar v$ in place of the batch's own. $\lambda$ is called `momentum`, 0.1 by
# default: the weight of the *new* batch. (And yes: the batch is normalised by the biased variance $v$, while the
# average keeps the unbiased one. With $m$ in the thousands nobody notices; with two samples and small maps one does.)
#
# ## Exercise 12.3: Moving averages, and what evaluation mode changes
#
# `running_mean` and `running_var` are $(C,)$; do not change them in place. Return the result and both averages.

# %% tags=["exercise"] exercise="12.3" points=3
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    """Batch normalisation in either mode.  x (N, C, H, W) -> (y, running_mean, running_var)"""
    # BEGIN SOLUTION
    mean, var = running_mean, running_var
    if training:
        mean = x.mean(dim=(0, 2, 3))
        var = x.var(dim=(0, 2, 3), correction=0)
        cells = x.numel() / x.shape[1]
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * var * cells / (cells - 1)
    y = (x - mean[:, None, None]) / (var[:, None, None] + eps).sqrt()
    return y, running_mean, running_var
    # END SOLUTION


# %% tags=["check"]
batch_norm = check("12.3", batch_norm)

# %% [markdown] tags=["hint"]
# <details>12.3</details>

# %% [markdown]
# How far are the averages from what a batch really has? We feed textures, in batches of 32 and of 2, and look at the
# first channel's mean: that of each batch, and its moving average.

# %%
batches = course.pick(cpu=40, smoke=4)
stream, _ = world.pictures(32 * batches, seed=course.seed)
lines = {}
for size in (32, 2):
    average, variance, seen = torch.zeros(3), torch.ones(3), []
    for batch in stream.split(size)[:batches]:
        average, variance = running_statistics(batch, average, variance)
        seen.append((batch[:, 0].mean().item(), average[0].item()))
    own, moving = zip(*seen, strict=True)
    lines |= {f"batches of {size}": own, f"moving average, {size}": moving}
    print(f"batches of {size:2}: {torch.tensor(own).sub(torch.tensor(moving)).abs().mean():.2f} from the average")
show(curve(range(batches), lines, xlabel="batch", ylabel="mean of channel 0"),
     alt="The mean of batches of 32 stays near its moving average; that of batches of 2 jumps far away from its own.")

# %% [markdown]
# In batches of 32 the batch's mean stays near the average, so the two modes nearly agree. In batches of 2 the network
# trains with one set of statistics and is judged with another.
#
# ## Exercise 12.4: Fix the bugs: layer normalisation
#
# A colleague wrote layer norm like this. It looks right and gives nearly the right numbers, which is the worst kind of
# wrong. Compare it with the equation for $\sigma_i$ above: two things differ.

# %% tags=["exercise"] exercise="12.4" points=2
def layer_norm(x, eps=1e-5):
    """Layer normalisation, Eqs. 2 and 4.  x (N, C, ...) -> the same shape."""
    axes = tuple(range(1, x.dim()))
    mean = x.mean(dim=axes, keepdim=True)
    # BEGIN SOLUTION
    deviation = (x.var(dim=axes, keepdim=True, correction=0) + eps).sqrt()
    # STARTING POINT
    # deviation = x.std(dim=axes, keepdim=True) + eps
    # END SOLUTION
    return (x - mean) / deviation


# %% tags=["check"]
layer_norm = check("12.4", layer_norm)

# %% [markdown] tags=["hint"]
# <details>12.4</details>

# %% [markdown]
# ## ResNet-50, four times
#
# The paper's network is ResNet-50 (He et al., 2016): a convolution of $7 \times 7$, sixteen **bottlenecks** of three
# convolutions each ($1 \times 1$ down, $3 \times 3$, $1 \times 1$ up) around which the input is added to the output,
# and one linear layer. Every convolution is followed by a normalisation. The *last* $\gamma$ of each bottleneck starts
# at 0. Then every bottleneck begins as the identity, and a deep network starts like a shallow one.
#
# How many more parameters has the network with group norm than the one with batch norm?

# %% tags=["predict"]
more_guess = predict("Parameters of ResNet-50 with GN, minus those with BN?", None)

# %%
sizes = {}
for method in NORMS:
    with torch.device("meta"):
        network = ResNet50(norm=method)
    sizes[method] = sum(p.numel() for p in network.parameters())
    averages = sum(b.numel() for name, b in network.named_buffers() if "running" in name)
    print(f"{method:7}{sizes[method]:>12,} parameters{averages:>9,} numbers kept beside them")
more_guess.reveal(sizes["gn"] - sizes["bn"])

# %% [markdown]
# None: scale and shift belong to the channels in all four. But batch norm carries moving averages. They are no
# parameters (no gradient reaches them), and yet a checkpoint without them is worthless. ("frozen" comes below.)

# %% tags=["claim"]
with torch.device("meta"):
    cost = describe(ResNet50(), (3, 224, 224), repeats=0)
claim("ResNet-50 has 25,557,032 parameters with any of the four, and 4.09 billion multiply-adds for 224 x 224",
      {sizes[method] for method in ("gn", "bn", "ln", "in")} == {25_557_032} and round(cost.multiply_adds / 1e7) == 409,
      f"{sizes['gn']:,} and {count(cost.multiply_adds)}")

# %% [markdown]
# The miniature has the same bottlenecks, two of them instead of sixteen, eight times narrower, for pictures of
# $16 \times 16$. Here it is, drawn from the network itself. "downsample" is a $1 \times 1$ convolution on the way
# around a bottleneck whose output has another shape than its input. Each box stands for a convolution with its
# normalisation.

# %%
def mini(norm, classes=6, dims=2):
    """A small network with this normalisation; groups of two channels in the first layer, as in the published one."""
    return ResNet50.mini(classes, norm, groups=4, width=8, blocks=(1, 1), dims=dims)


show(diagram(describe(mini("gn"), (3, 16, 16), repeats=0)))

# %% [markdown]
# ## Reproduce, part 1: a large batch
#
# The paper trains ResNet-50 on ImageNet four times, with 32 pictures per GPU. Our task is smaller: *from which of six
# photographs is this crop?* The crops are grey and of changing contrast, so neither colour nor brightness gives much
# away.

# %%
examples, answers = world.pictures(12, seed=1)
show(film_strip(examples.transpose(0, 1).clamp(-2, 2) / 4 + 0.5, range(12),
                [world.photographs[label] for label in answers], columns=6),
     alt="Twelve small grey textures with the names of the six photographs from which they are cut.")

# %% [markdown]
# Each network sees the same 1,536 crops twice, with SGD. The learning rate is given per example and **scaled with the
# batch**, as in the paper: half the batch, half the rate.

# %%
train_set = world.pictures(1536, seed=course.seed)
test_set = world.pictures(course.pick(cpu=768, smoke=48), seed=10**6 + course.seed)


def batches_of(data, size):
    """step -> a batch of `size` examples; every example once, the same order for every method."""
    order = torch.randperm(len(data[1]), generator=course.generator(size)).split(size)
    return lambda step: tuple(part[order[step % len(order)]] for part in data)


def train(norm, batch_size, data=train_set, rate=0.1 / 32, passes=1, **details):
    """A miniature, trained on all of `data`, in batches of this size; `rate` is the learning rate per example."""
    steps = passes * len(data[1]) // batch_size
    return trained(lambda: mini(norm, **details), batches_of(data, batch_size), steps, course, lr=rate * batch_size,
                   optimizer="sgd")


def error(network, data=test_set):
    """Percent of the test set that the network gets wrong."""
    return 100 - 100 * accuracy(scores(network, data[0], batch_size=256), data[1])

# %% [markdown]
# The same network four times; only the axes of its means and variances differ:

# %%
large = {norm: train(norm, 32, rate=0.2 / 32, passes=2) for norm in ("bn", "ln", "in", "gn")}
large_errors = {norm: error(network) for norm, network in large.items()}
NAMES = {"bn": "batch norm", "ln": "layer norm", "in": "instance norm", "gn": "group norm"}
table({NAMES[norm]: value for norm, value in {"bn": 23.6, "ln": 25.3, "in": 28.4, "gn": 24.1}.items()},
      {NAMES[norm]: value for norm, value in large_errors.items()}, columns=("ImageNet, ResNet-50",),
      measured_columns=("six textures, miniature",), unit="% error", best=min, tie=3,
      source="batches of 32 (per GPU). ImageNet: Table 1 of Wu and He; behind batch norm by 0.5 (group), 1.7 (layer) "
             "and 4.8 points (instance)")

# %% tags=["claim"]
claim("With batches of 32, batch norm makes fewer errors than layer norm, and instance norm the most",
      {"layer norm is behind batch norm": large_errors["ln"] - large_errors["bn"],
       "instance norm is last": large_errors["in"] - max(large_errors[norm] for norm in ("bn", "ln", "gn")) - 5},
      ", ".join(f"{NAMES[norm]} {value:.0f} %" for norm, value in large_errors.items()),
      unit="points", published="23.6, 25.3, 28.4 % error (Table 1)")

# %% [markdown]
# Why is instance norm so far behind? It removes every channel's level, and what is left is averaged over the picture at
# the end: little survives. (For changing the *style* of a picture that is the very thing one wants, and there it is
# the method of choice.) Layer norm treats all channels alike, although they mean different things. Group norm is the
# compromise, and the groups are not arbitrary: features such as HOG (lecture 07) have been normalised in groups since
# long before deep learning. Whether group norm beats layer norm our miniature cannot say: it depends on the seed.
#
# ## Reproduce, part 2: the batch shrinks
#
# Now what we came for: the same crops, each once, in batches of 32, of 8 and of 2. At batch 2, how much larger is the
# error of batch norm than at batch 32, in points? (ImageNet: 34.7 - 23.6 = 11.1.)

# %% tags=["predict"]
small_guess = predict("Batch norm: error at batch 2 minus error at batch 32?", None, unit="points")

# %%
SIZES = (32, 8, 2)
shrunk = {(norm, batch_size): train(norm, batch_size) for batch_size in SIZES for norm in ("bn", "gn")}
errors = {norm: {batch_size: error(shrunk[norm, batch_size]) for batch_size in SIZES} for norm in ("bn", "gn")}
small_guess.reveal(errors["bn"][2] - errors["bn"][32])
fig, ax = curve(SIZES, {NAMES[norm]: [errors[norm][size] for size in SIZES] for norm in ("bn", "gn")},
                xlabel="examples in a batch (logarithmic)", ylabel="error (%)", xscale="log")
ax.set_xticks(SIZES, [str(size) for size in SIZES])
ax.minorticks_off()
show(fig, alt="Error against the size of the batch: " + "; ".join(
    f"{NAMES[norm]} " + ", ".join(f"{errors[norm][size]:.0f} % with {size}" for size in SIZES)
    for norm in ("bn", "gn")) + ".")

# %% [markdown]
# The paper's numbers, with five sizes. Read along the rows: which one does not care?

# %%
PUBLISHED = {"batch norm": (23.6, 23.7, 24.8, 27.3, 34.7), "group norm": (24.1, 24.2, 24.0, 24.2, 24.1)}
table(PUBLISHED, columns=("32", "16", "8", "4", "2"), unit="% error", best=min,
      source="ImageNet, ResNet-50, by pictures per GPU. Table 2 of Wu and He; group norm minus batch norm: 0.5, 0.5, "
             "-0.8, -3.1, -10.6")

# %% tags=["claim"]
claim("From batches of 32 to batches of 2, batch norm loses at least 5 points more than group norm; at 2 it is worse",
      {"loses more": (errors["bn"][2] - errors["bn"][32]) - (errors["gn"][2] - errors["gn"][32]) - 5,
       "is worse at 2": errors["bn"][2] - errors["gn"][2]},
      f"batch norm {errors['bn'][32]:.0f} to {errors['bn'][2]:.0f} %, group norm {errors['gn'][32]:.0f} to "
      f"{errors['gn'][2]:.0f} %", unit="points", published="23.6 to 34.7 % and 24.1 to 24.1 % (Table 2)")

# %% [markdown]
# Group norm even gains here, since smaller batches mean more steps over the same crops. Batch norm gets the same
# number of steps, and pays for them with noise in training and with the wrong statistics in evaluation. How much is due
# to the second? Batch norm has a way to tell: judge the network in training mode, with all test pictures as one batch.

# %%
with torch.no_grad():
    together = shrunk["bn", 2].train()(test_set[0].to(course.device)).cpu()
print(f"batch norm trained at 2: {errors['bn'][2]:.0f} % error with its moving averages, "
      f"{100 - 100 * accuracy(together, test_set[1]):.0f} % with the statistics of the whole test set")

# %% [markdown]
# Here the smaller part of it: even so batch norm is behind group norm. Most of the harm was done in training, where
# every picture was seen beside one chance neighbour.
#
# ## Video
#
# On Kinetics (400 kinds of actions, lecture 11) the paper trains an inflated ResNet-50 with clips:

# %%
KINETICS = {"batch norm": (73.3, 72.1, 73.3), "group norm": (73.0, 72.8, 74.5)}
table(KINETICS, columns=("8 clips of 32", "4 clips of 32", "4 clips of 64"), unit="% accuracy, top 1",
      source="Kinetics-400, ResNet-50 I3D, by clips per GPU and frames in a clip. Wu and He, Section 4.3")

# %% [markdown]
# Read the table as an engineer. You have room for 8 clips of 32 frames, or for 4 clips of 64. Longer clips should help.
# With batch norm they do not: what the frames bring, the small batch takes (73.3 and 73.3). With group norm you get all
# of it (73.0 to 74.5). *The normalisation decides how long your clips can be.*
#
# Our clips are four frames of a photograph that drifts one pixel per frame, right, down, left or up. The network is
# the same, with kernels of $3 \times 3 \times 3$. Time belongs to the set: a clip has one mean per group, not one per
# frame.

# %%
drift = TextureWorld(12, noise=0.3)
clip_set = drift.clips(course.pick(cpu=896, smoke=64), seed=course.seed)
clip_test = drift.clips(course.pick(cpu=384, smoke=48), seed=10**6 + course.seed)
clip_errors = {}
for norm in ("bn", "gn"):
    for batch_size in (8, 2):
        network = train(norm, batch_size, clip_set, rate=0.03 / 8, classes=4, dims=3)
        clip_errors[norm, batch_size] = error(network, clip_test)
        print(f"{NAMES[norm]}, {batch_size} clips: {clip_errors[norm, batch_size]:.0f} % error")

# %% tags=["claim"]
loss_of = {norm: clip_errors[norm, 2] - clip_errors[norm, 8] for norm in ("bn", "gn")}
claim("On clips too, batch norm loses more than group norm when the batch shrinks, here from 8 clips to 2",
      loss_of["bn"] - loss_of["gn"],
      f"batch norm {clip_errors['bn', 8]:.0f} to {clip_errors['bn', 2]:.0f} % error, group norm "
      f"{clip_errors['gn', 8]:.0f} to {clip_errors['gn', 2]:.0f} %",
      unit="points", published="Kinetics, batches of 8 to 4: accuracy 73.3 to 72.1 %, and 73.0 to 72.8 %")

# %% [markdown]
# Do not read too much into the single numbers: with 8 clips at a time there are only 112 steps, which may not even be
# enough to beat guessing (75 % wrong). Four times as many steps with 2 clips help the network with group norm. The one
# with batch norm they do not help: what the steps bring, the small batch takes.
#
# ## Fine-tuning with frozen statistics: BN*
#
# Detectors are fine-tuned from a network that learnt ImageNet, with one or two large pictures per GPU. Batch norm
# suffers there, so people **freeze** it: the moving averages of the first training stay for ever, and so do $\gamma$
# and $\beta$. This is the **BN\*** of the paper's tables. What is left is a fixed line per channel,
#
# $$ y = \gamma \, \frac{x - \bar\mu}{\sqrt{\bar v + \epsilon}} + \beta . $$
#
# ## Exercise 12.5: The gradient through BN*
#
# `gradient` is $\partial L / \partial y$. Return $\partial L / \partial x$, without autograd. (In a *live* batch norm
# the mean and the deviation depend on $x$ too, which adds two more terms. Here they are constants.)

# %% tags=["exercise"] exercise="12.5" points=2
def frozen_gradient(gradient, running_var, weight, eps=1e-5):
    """dL/dx of a frozen batch norm.  gradient = dL/dy (N, C, H, W); running_var, weight (C,) -> (N, C, H, W)."""
    # BEGIN SOLUTION
    scale = weight / (running_var + eps).sqrt()
    return gradient * scale[:, None, None]
    # END SOLUTION


# %% tags=["check"]
frozen_gradient = check("12.5", frozen_gradient)

# %% [markdown] tags=["hint"]
# <details>12.5</details>

# %% [markdown]
# Beside autograd, and beside a live batch norm. A constant is added to all cells of a channel: what does the loss feel?

# %%
layer = nn.BatchNorm2d(6)
layer(example)  # one look, so that the moving averages are not 0 and 1
push = torch.ones_like(example)
yours = frozen_gradient(push, layer.running_var, layer.weight.detach())
print(f"yours   gradient of channel 0 up to {yours[:, 0].abs().max():.2f}")
for name, training in (("frozen", False), ("live", True)):
    x = example.clone().requires_grad_()
    (felt,) = torch.autograd.grad(layer.train(training)(x), x, push)
    print(f"{name:7} gradient of channel 0 up to {felt[:, 0].abs().max():.2f}")

# %% [markdown]
# The live layer feels nothing: it takes every constant off again. The frozen one passes it on.
#
# ## Reproduce, part 3: a detector with batches of 2
#
# The paper's table for COCO (Mask R-CNN; AP is the average precision of detected boxes or masks, higher is better):

# %%
COCO = {"BN*": (37.7, 57.9, 40.9, 32.8, 54.3, 34.7), "GN": (38.8, 59.2, 42.2, 33.6, 55.9, 35.4)}
table(COCO, columns=("AP box", "AP50 box", "AP75 box", "AP mask", "AP50 mask", "AP75 mask"), unit="%",
      source="COCO, an ablation with Mask R-CNN on ResNet-50 (*). Wu and He, Section 4.2")

# %% [markdown]
# Group norm gains 1.1 points for boxes and 0.8 for masks. (AP50 and AP75 call a detection right when it overlaps the
# truth by 50 or 75 %; AP is the mean over ten such limits from 50 to 95 %.)
#
# <small>(*) The variant "C4", whose heads stand on the fourth stage: this detail is from memory.</small>
#
# Our detector is a **one-box regressor**: in every scene of $24 \times 24$ there is one patch, and the network says
# its centre, width and height. We measure the *intersection over union* (IoU): the overlap of the two boxes, divided by
# what they cover together; 100 % is a perfect box. The trunk comes from part 1 (batches of 32), a linear layer on its
# maps is new, and everything is trained in batches of **two scenes**.

# %%
class BoxRegressor(nn.Module):
    """A trunk, its maps averaged to 4 x 4 cells, and a linear layer to x, y, width, height as shares of the side."""

    def __init__(self, trunk):
        super().__init__()
        self.trunk, self.head = trunk, nn.Linear(64 * 4 * 4, 4)
        nn.init.zeros_(self.head.weight)
        self.head.bias.data = torch.tensor([0.5, 0.5, 0.45, 0.45])  # begins with a box in the middle

    def forward(self, scenes):
        """(B, 3, 24, 24) -> (B, 4)"""
        return self.head(nn.functional.adaptive_avg_pool2d(self.trunk.maps(scenes), 4).flatten(1))


def box_loss(network, batch):
    """Smooth L1 between boxes, as detectors have it."""
    return 10 * nn.functional.smooth_l1_loss(network(batch[0]), batch[1], beta=0.1)

# %% [markdown]
# Each regressor starts from the trunk that part 1 trained with its own method, and all see the same scenes:

# %%
yard = TextureWorld(24)
scene_steps = course.pick(cpu=300, smoke=2)
scenes = yard.scenes(2 * scene_steps, seed=course.seed)
new_scenes, true_boxes = yard.scenes(course.pick(cpu=400, smoke=20), seed=10**6 + course.seed)


def overlap_with_truth(found):
    """Mean IoU of (B, 4) boxes with the true ones, in percent."""
    pair = [from_center(boxes[:, :2], boxes[:, 2:]) for boxes in (found, true_boxes)]
    return 100 * iou(*pair).mean().item()


def finetune(norm, learnt):
    """Mean IoU in percent of a regressor whose trunk starts from the weights `learnt`, with this normalisation."""
    network = fresh(lambda: BoxRegressor(mini(norm)), course)
    network.trunk.load_state_dict(learnt.state_dict(), strict=False)  # frozen statistics are no parameters
    fit(network, batches_of(scenes, 2), scene_steps, loss=box_loss, lr=1e-3, clip_norm=5)
    return overlap_with_truth(scores(network, new_scenes))


overlap = {"BN*": finetune("frozen", large["bn"]), "BN": finetune("bn", large["bn"]), "GN": finetune("gn", large["gn"])}
middle = overlap_with_truth(torch.tensor([[0.5, 0.5, 0.45, 0.45]]))
print(f"always the same box in the middle: IoU {middle:.0f} %")
print(", ".join(f"{name} {value:.0f} %" for name, value in overlap.items()))

# %% tags=["claim"]
claim("Fine-tuned with batches of 2 scenes, frozen BN* beats live batch norm, and group norm beats both",
      {"BN* over BN": overlap["BN*"] - overlap["BN"], "GN over BN*": overlap["GN"] - overlap["BN*"]},
      ", ".join(f"{name} {value:.0f} %" for name, value in overlap.items()),
      unit="points of IoU", published="COCO: GN 38.8, BN* 37.7 box AP; 33.6 and 32.8 mask AP")

# %% [markdown]
# Live batch norm is trained in batches of two and judged with averages that fit neither. Freezing repairs that, at the
# price of a network that cannot adapt its scales. Group norm has nothing to freeze. (The margins are small, as in the
# paper; the order was the same for all seeds that we tried.)
#
# ## Which one, then?
#
# - Pictures, batches of 32 and more: batch norm, if you can afford it. It is a little better and can be folded into the
#   convolution before it.
# - Clips, detectors, segmentation, medical volumes, large pictures: group norm. The heads of the detector FCOS have it,
#   and the networks that draw pictures by diffusion.
# - Style transfer: instance norm. The optical flow of RAFT compares features that are normalised so as well.
# - Sequences of any length (transformers, LSTMs): layer norm.
# - Weights that were trained with batch norm, and small batches: freeze it, as the detector DETR does in its trunk.
#
# ## On a GPU
#
# The published network and published weights, on frames of a real clip. Set the environment variable
# `RESNET_GN_WEIGHTS` to a checkpoint of ResNet-50 with group norm (the authors' `model.pth`, or tensorpack's `.npz`)
# before you start JupyterLab. The layout is found by itself. Without it the same code runs with random weights, at
# mini size on a CPU.

# %% tags=["gpu"]
weights = Path(os.environ.get("RESNET_GN_WEIGHTS", "resnet50_gn.pth"))
if weights.is_file():
    published = ResNet50.from_published(weights).to(course.device)
else:
    published = fresh(lambda: course.pick(cpu=ResNet50.mini(1000), gpu=ResNet50()), course).eval()
    print("Random weights: the published ones are not here.")
frames = read_clip(clip_path("moving_camera"), start=0, num_frames=course.pick(cpu=2, gpu=16))  # (3, T, H, W) uint8
batch = torch.stack([preprocess(frame) for frame in frames.transpose(0, 1)]).to(course.device)
with torch.no_grad(), torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
    together = published(batch).float()
    alone = torch.cat([published(frame[None]).float() for frame in batch])
print(f"scores of a frame alone and among {len(batch)}: largest difference {(together - alone).abs().max():.1g}")

# %% [markdown]
# What is left is rounding: the frames do not see each other. In training mode a network with batch norm would not pass
# this test. And how fast is it? `course bench` times ResNet-50 with both, and `course train 12` trains it.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - All four methods subtract a mean and divide by a deviation; they differ in the set of cells they average over.
# - Batch norm looks across the samples: it depends on the company, and needs moving averages for evaluation.
# - Group norm averages over $C/G$ channels of one sample: $G = 1$ is layer norm, $G = C$ is instance norm.
# - At batches of 32 batch norm is a little better; at 2 it is far worse. Group norm does not notice.
# - Frozen batch norm, BN*, is a fixed line per channel: safe with small batches, and unable to adapt.
#
# ## Do you remember?
#
# <details><summary>1. A map is (8, 64, 16, 28, 28): clips, channels, frames, rows, columns. How many cells has a set of
# group norm with G = 32?</summary>
# 64 / 32 = 2 channels of one clip: 2 x 16 x 28 x 28 = 25,088.</details>
#
# <details><summary>2. Why does a network with batch norm score otherwise in `train()` than in `eval()` mode?</summary>
# In training it uses the statistics of the batch at hand, in evaluation moving averages of earlier ones.</details>
#
# <details><summary>3. You halve the batch to make the clips twice as long, and nothing improves. What would you
# suspect?</summary>
# Batch norm: what the frames bring, the small batch takes. Try group norm.</details>
#
# <details><summary>4. Why does the last gamma of a bottleneck start at 0?</summary>
# So that the bottleneck begins as the identity, and the deep network starts like a shallow one.</details>
#
# <details><summary>5. Lecture 05: what did local response normalisation average over?</summary>
# Five neighbouring channels at one place of one sample: no batch, no rows, no columns.</details>
#
# <details><summary>6. Lecture 06: C3D has no normalisation at all. What kept its numbers in range?</summary>
# Its initial weights (He's rule here) and a small learning rate.</details>
#
# ## To read
#
# - Y. Wu, K. He, *Group Normalization*, ECCV 2018, arXiv:1803.08494: Section 3 (the sets), 4.1 (ImageNet), 4.2 (COCO),
#   4.3 (Kinetics).
# - S. Ioffe, C. Szegedy, *Batch Normalization*, ICML 2015, arXiv:1502.03167: Section 3.
# - K. He, X. Zhang, S. Ren, J. Sun, *Deep Residual Learning for Image Recognition*, CVPR 2016, arXiv:1512.03385.
# - J. Ba, J. Kiros, G. Hinton, *Layer Normalization*, 2016, arXiv:1607.06450.
#
# **Next:** [13 · MDNet](13_mdnet.ipynb), where a network learns to follow one object through a video, with batches of a
# few crops.
