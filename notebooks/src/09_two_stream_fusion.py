# %% [markdown]
# # 09 · Where should two streams meet?
#
# *Deep Learning for Video, lecture 09. About 75 minutes. Two CPU cores are enough; the last section uses a GPU, real
# videos and published weights when they are there.*

# %% tags=["setup"]
course = start("09")

# %%
import math
import os
from pathlib import Path

import torch
import torch.nn.functional as F

from course_lib.data.sets.clip_batches import ClipBatches
from course_lib.data.sets.readers import ucf101
from course_lib.data.worlds.which_does_which import WhichDoesWhich
from course_lib.describe import describe
from course_lib.metrics import accuracy
from course_lib.models.towers import Tower
from course_lib.models.two_stream_fusion import TwoStreamFusion, gaussian, preprocess
from course_lib.ops.stream_inputs import spread_moments
from course_lib.plots import bars, diagram, film_strip, show, table
from course_lib.plots.flow import flow_strip
from course_lib.train import fit, fresh, scores, trained
from course_lib.widgets.fusion_place import FusionPlace

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - say what averaging scores can never learn, and show it with six numbers;
# - fuse two feature maps in five ways, and start a fusing convolution as a weighted sum;
# - count what a place of fusion costs, and find out which numbers of a published table cannot be right;
# - choose where two networks should meet, and test the choice;
# - pool over space and time, and say when that sees more than pooling every moment by itself.

# %% [markdown]
# Two moments. In both pictures there are a disc and a cross, in both flow fields something goes right and something
# goes left. They are two different actions. Which shape does what?

# %%
pair = WhichDoesWhich(2)
scenes = pair.sample(8, seed=3)
first, second = (int((scenes.labels == k).nonzero()[0]) for k in (0, 1))
panels = {}
for number, n in (("one", first), ("two", second)):
    panels |= {f"frame {number}": scenes.frames[n, :, 0], f"flow {number}": scenes.flow[n, :, 0]}
show(flow_strip(panels), alt=f"Two scenes, frame and flow of each. One: {pair.classes[0]}. Two: {pair.classes[1]}.")

# %% [markdown]
# You had to look at one *place* in both pictures: what is here, and how does it move here? The two-stream network of
# lecture 05 cannot do that. Its streams never meet before each has made up its mind about the whole video.
# Feichtenhofer, Pinz and Zisserman (CVPR 2016) name two drawbacks of it:
#
# 1. It cannot learn **pixel-wise correspondences** between appearance and motion, because only class scores are
#    fused.
# 2. It is **limited in time**: the spatial stream sees one frame, the temporal one $L = 10$ neighbouring flow fields.
#
# Brushing teeth and brushing hair are their example: the same hand, the same motion, and it matters *where* in the
# picture the motion is. From the drawbacks come three questions, and they are the headings of this lecture: *how* to
# fuse two networks, *where* to fuse them, and how to fuse them *over time*.
#
# ## Why scores are too late
#
# A pencil is enough. The picture has three places. Channel 0 of the spatial stream says "disc", channel 1 "cross"; of
# the temporal stream "right" and "left". In scene one the disc (first place) goes right, in scene two it goes left.

# %%
shapes = torch.tensor([[1.0, 0, 0], [0, 0, 1]])  # (channel, place): disc at the first place, cross at the last
ways_one = torch.tensor([[1.0, 0, 0], [0, 0, 1]])  # right at the first place, left at the last
ways_two = torch.tensor([[0.0, 0, 1], [1, 0, 0]])  # the other way round
for name, ways in (("one", ways_one), ("two", ways_two)):
    print(f"scene {name}: there is {shapes.amax(1).tolist()}, it moves {ways.amax(1).tolist()}")

# %% [markdown]
# A network that ends in class scores has thrown the places away: "there is a disc and a cross; something goes right,
# something left", for both scenes. No weighted mean of equal numbers can tell them apart. Now multiply first, at
# every place, and throw the places away *afterwards*: a table of shapes (rows) by ways (columns).

# %%
for name, ways in (("one", ways_one), ("two", ways_two)):
    print(f"scene {name}: {(shapes @ ways.T).tolist()}")

# %% [markdown]
# Disc-and-right, cross-and-left against disc-and-left, cross-and-right. This is the whole lecture in two lines; the
# rest is how to do it inside a network.
#
# ## How to fuse
#
# Behind some layer there are two maps $x^a, x^b$ of $H \times W$ places and $D$ channels each (Section 3.1 of the
# paper). Call $i, j$ the place and $d$ the channel.
#
# - **sum** $y_{ijd} = x^a_{ijd} + x^b_{ijd}$ and **max** $y_{ijd} = \max(x^a_{ijd}, x^b_{ijd})$. Which channel meets
#   which is arbitrary: nothing says that channel 7 of one has to do with channel 7 of the other.
# - **concatenation**: both, $2D$ channels. Nothing is decided; the next layer must do it.
# - **convolution**: concatenate, then $D$ filters of $1 \times 1 \times 2D$ and a bias. Each output is a weighted sum
#   of *all* channels at its place, so the network learns which ones belong together.
# - **bilinear**: $y = \sum_{ij} x_{ij}^{a} (x_{ij}^{b})^{\top}$, a $D \times D$ table as you just saw. All pairs of
#   channels meet, and the places are gone.
#
# ## Exercise 09.1: Five fusions
#
# `a` and `b` are maps, $(B, D, H, W)$, spatial and temporal. `weight` $(D, 2D, 1, 1)$ and `bias` $(D,)$ belong to the
# convolution, whose first $D$ inputs are spatial. Bilinear fusion returns $(B, D, D)$.

# %% tags=["exercise"] exercise="09.1" points=3
def fuse(a, b, how, weight=None, bias=None):
    """how: "sum", "max", "concatenation", "convolution" or "bilinear"."""
    # BEGIN SOLUTION
    if how == "sum":
        return a + b
    if how == "max":
        return torch.maximum(a, b)
    if how == "concatenation":
        return torch.cat([a, b], dim=1)
    if how == "convolution":
        return F.conv2d(torch.cat([a, b], dim=1), weight, bias)
    return torch.einsum("bchw,bdhw->bcd", a, b)
    # END SOLUTION


# %% tags=["check"]
fuse = check("09.1", fuse)

# %% [markdown] tags=["hint"]
# <details>09.1</details>

# %% [markdown]
# Which of them keep the two hand-made scenes apart, if afterwards only the maximum over the places is left? (The
# convolution here *adds channel 1 to channel 0*, crosswise: it asks for disc and left, cross and right.)

# %% tags=["nbval-check-output"]
crosswise = torch.tensor([[1.0, 0, 0, 1], [0, 1, 1, 0]]).view(2, 4, 1, 1)
for how in ("sum", "max", "concatenation", "convolution", "bilinear"):
    one, two = (fuse(shapes[None, :, None], ways[None, :, None], how, crosswise, torch.zeros(2))
                for ways in (ways_one, ways_two))
    seen = [x.flatten(2).amax(2)[0].tolist() if how != "bilinear" else x[0].tolist() for x in (one, two)]
    print(f"{how:14} {seen[0]}  {seen[1]}  {'apart' if seen[0] != seen[1] else 'the same'}")

# %% [markdown]
# Sum and convolution make a large number where the right two channels meet. The maximum does not: a 1 that meets a 1
# is a 1. Concatenation has decided nothing, so its maxima are those of the two streams. (With a layer above, before
# places are thrown away, both can still manage.)
#
# ## Exercise 09.2: The convolution that equals a sum
#
# Fusing by convolution *contains* fusing by sum: some weights make them equal. That is where the authors let the
# training begin, with two changes. The streams get shares, $1/4$ for the spatial and $3/4$ for the temporal one,
# which is the better of the two. And for kernels with an extent, the weight is spread by a **Gaussian** with $\sigma
# = 1$ and sum 1, so that at first the maps are mixed and slightly blurred.
#
# Make such a weight: output channel $d$ reads channel $d$ of each stream, times its share, times `blur` (any number
# of axes: $1 \times 1$, $3 \times 3 \times 3$ ...), and nothing else. Spatial channels come first.

# %% tags=["exercise"] exercise="09.2" points=2
def fusing_weight(channels, spatial, temporal, blur):
    """Weight of a fusing convolution.  channels D, two shares, blur (k, ...) -> (D, 2D, k, ...)"""
    # BEGIN SOLUTION
    eye = torch.eye(channels)
    both = torch.cat([spatial * eye, temporal * eye], dim=1)
    return both.view(channels, 2 * channels, *[1] * blur.ndim) * blur
    # END SOLUTION


# %% tags=["check"]
fusing_weight = check("09.2", fusing_weight)

# %% [markdown] tags=["hint"]
# <details>09.2</details>

# %%
a, b = torch.rand(2, 4, 5, 6), torch.rand(2, 4, 5, 6)
as_sum = fuse(a, b, "convolution", fusing_weight(4, 1.0, 1.0, torch.ones(1, 1)), torch.zeros(4))
print(f"convolution minus sum: at most {(as_sum - (a + b)).abs().max():.1g}")
start = fusing_weight(512, 0.25, 0.75, gaussian((3, 3, 3)).float())
print(f"3 x 3 x 3: {tuple(start.shape)}, in the middle {start[0, 0, 1, 1, 1]:.4f} and {start[0, 512, 1, 1, 1]:.4f}")

# %% [markdown]
# ## Exercise 09.3: Fix the bug: weights for interleaved channels
#
# The paper's text interleaves the channels in a concatenation: $s_0, t_0, s_1, t_1, \dots$; the released code, and
# we, put all spatial ones first: $s_0, s_1, \dots, t_0, t_1, \dots$ For a network that is trained from there it makes
# no difference. For *weights* that move from one to the other it makes all the difference, and nothing complains, for
# the shapes are equal. This function should turn weights for the first order into weights for the second. It works
# for one and for two channels. (Why two? Try $s_0, t_0, s_1, t_1$ with a pencil.) With three it does not.

# %% tags=["exercise"] exercise="09.3" points=2
def spatial_first(weight):
    """(D, 2D, k, ...), inputs interleaved: s0 t0 s1 t1 ... -> the same weights for s0 s1 ... t0 t1 ..."""
    # BEGIN SOLUTION
    pairs = weight.unflatten(1, (-1, 2))
    # STARTING POINT
    # pairs = weight.unflatten(1, (2, -1))
    # END SOLUTION
    return pairs.transpose(1, 2).flatten(1, 2)


# %% tags=["check"]
spatial_first = check("09.3", spatial_first)

# %% [markdown] tags=["hint"]
# <details>09.3</details>

# %% [markdown]
# ## Where to fuse
#
# The deeper the layer, the larger the part of the picture that a unit has seen, and the surer it is what it sees. But
# the map is coarser, too: behind ReLU5 of a VGG network a place is $16 \times 16$ pixels, behind the fully connected
# layers there are no places left. (VGG-16 has 13 convolutions of $3 \times 3$; **ReLU5**
# is the one behind the last of them. The paper also uses *VGG-M*, which is lecture 05's CNN-M-2048 with five
# convolutions.)
#
# Here are two VGG-M towers that become one behind ReLU5. Follow the two lanes to the place where they meet.

# %%
with torch.device("meta"):
    late = TwoStreamFusion(101, "convolution", over_time=None, keep_temporal=False, towers=("cnn_m", "cnn_m"))
    meeting = describe(late, [(3, 224, 224), (20, 224, 224)], repeats=0)
show(diagram({"Fused behind ReLU5": meeting}))

# %% [markdown]
# Most parameters of such a network sit *above* the last convolution, in fc6. Two whole towers with averaged scores
# have 181.4 million. Fuse behind ReLU5 by a sum instead. How many are left?

# %% tags=["predict"]
size_guess = predict("Parameters of two towers fused by sum behind ReLU5?", None, unit="million")

# %% [markdown]
# ## Exercise 09.4: What a place of fusion costs
#
# A tower is a list of layers, (inputs, outputs, kernel); all kernels are squares, every layer has biases, and a fully
# connected layer counts as a convolution as large as the map. The first `cut` layers are there twice, the others
# once. Two things are special. With "concatenation" the first layer above reads twice as many channels. With
# "convolution" there is one more layer, $1 \times 1$ from $2D$ channels to $D$, with biases. "sum" and "max" cost
# nothing.

# %% tags=["exercise"] exercise="09.4" points=3
def fused_count(layers, cut, how):
    """Parameters of two equal towers that are fused behind their first `cut` layers, a whole number."""
    # BEGIN SOLUTION
    def cost(inputs, outputs, kernel):
        return inputs * outputs * kernel**2 + outputs

    total = sum(cost(*layer) for layer in layers)
    total += sum(cost(*layer) for layer in layers[:cut])
    width = layers[cut - 1][1]
    if how == "concatenation":
        total += width * layers[cut][1] * layers[cut][2] ** 2
    if how == "convolution":
        total += cost(2 * width, width, 1)
    return total
    # END SOLUTION


# %% tags=["check"]
fused_count = check("09.4", fused_count)

# %% [markdown] tags=["hint"]
# <details>09.4</details>

# %% tags=["nbval-check-output"]
VGG_M = ((20, 96, 7), (96, 256, 5), (256, 512, 3), (512, 512, 3), (512, 512, 3), (512, 4096, 6), (4096, 2048, 1),
         (2048, 101, 1))
both_towers = 2 * fused_count(VGG_M, 0, "sum")
for how in ("sum", "concatenation", "convolution"):
    print(f"{how:14}" + "".join(f"  ReLU{cut} {fused_count(VGG_M, cut, how) / 1e6:7.2f}" for cut in (2, 3, 4, 5)))
size_guess.reveal(fused_count(VGG_M, 5, "sum") / 1e6)

# %% [markdown]
# ### A table to check
#
# Now hold the paper's Tables 1 and 2 against it. One thing first. The printed
# 181.42 million belong to two towers with *20* input channels each; with 3 channels for the frame it is 181.34. The
# authors counted the temporal network twice, and so does our list.

# %%
def printed(name, how, cut=5):
    """Millions of parameters: two VGG-M towers as the course's model has them."""
    with torch.device("meta"):
        model = TwoStreamFusion(101, how, at=f"relu{cut}", over_time=None, keep_temporal=False,
                                towers=("cnn_m", "cnn_m"), in_channels=(20, 20))
    parts = model.spatial if how == "bilinear" else model
    return {name: sum(p.numel() for p in parts.parameters()) / 1e6}


counted = (printed("class scores", "scores") | printed("sum, max", "sum") | printed("concatenation", "concatenation")
           | printed("bilinear", "bilinear") | printed("convolution", "convolution")
           | printed("convolution, ReLU4", "convolution", 4) | printed("convolution, ReLU3", "convolution", 3)
           | printed("convolution, ReLU2", "convolution", 2))
table({"class scores": 181.42, "sum, max": 97.31, "concatenation": 172.81, "bilinear": 6.61, "convolution": 97.58,
       "convolution, ReLU4": 95.48, "convolution, ReLU3": 93.08, "convolution, ReLU2": 91.90}, counted,
      unit="million parameters", number="{:.2f}", best=None, measured_columns=("counted here",),
      source="Tables 1 and 2 of the paper, from a public transcript; behind ReLU5 unless a row says otherwise")

# %% [markdown]
# The first four rows agree to the last digit that is printed (97.316 was cut to 97.31). Two of them need a comment:
# bilinear's 6.61 million are the convolutions of *one* tower. There are two, and a classifier on $512^2$ features.
# And then the convolution. The text defines $1 \times 1 \times 2D \times D$ filters. Behind ReLU5 that is a weight of
# $1024 \cdot 512$, and 97.84 in all. What would make it 97.58?

# %% tags=["nbval-check-output"]
plain = fused_count(VGG_M, 5, "sum")
print(f"D x D, no biases: {(plain + 512 * 512) / 1e6:.2f}   2D x D, biases: {(plain + 1024 * 512 + 512) / 1e6:.2f}")

# %% [markdown]
# A weight of $D \times D$, half of what the text says. For ReLU4, though, the printed number is that of $2D \times
# D$; and those for ReLU2 and ReLU3 belong to neither. So these rows cannot come from one rule, and whichever is
# right, we do not copy them. It changes nothing about the accuracies. But ten lines of counting have found
# something again, as in lecture 06: a good habit.

# %% tags=["claim"]
claim("Two VGG-M towers have 181,415,562 parameters with averaged scores, 97,316,389 fused by sum, 172,813,861 by "
      "concatenation; one tower's convolutions 6,608,608",
      both_towers == 181_415_562 and [round(1e6 * counted[k]) for k in ("class scores", "sum, max", "concatenation",
      "bilinear")] == [181_415_562, 97_316_389, 172_813_861, 6_608_608],
      ", ".join(f"{1e6 * v:,.0f}" for v in list(counted.values())[:4]), published="181.42, 97.31, 172.81, 6.61 M")

# %% [markdown]
# **Find out:** where does the number of parameters jump, and how large is the part of the picture about which two
# units agree when they meet there? Move the place from ReLU1 to the class scores. Then look for the place where most
# is joined at the smallest cost, and guess before you read on where the paper found its best.

# %% tags=["widget"]
scene = pair.sample(1, seed=5)
FusionPlace(scene.frames[0, :, 0], scene.flow[0, :, 0])

# %% [markdown]
# ## Reproduce, part 1: how and where
#
# Our world is that of the first picture: two shapes, two motions, and the class is which shape does which. Every frame
# holds both shapes, every flow field both motions, at places drawn at random. The flow is smeared, as estimated flow
# is, so that it has no outline that gives the shape away.
#
# As in the paper, the towers are **trained first**, each for itself, on what it can see: shapes, and ways, of a lone
# sprite. Then they are joined, and the gradient stops at the fusion: only what is above learns the new task.

# %%
def colours(frames):
    """0..1, most of it dark, to about mean 0 and variance 1."""
    return (frames - 0.2) / 0.2


lone = [pair.alone(64, seed=10_000 * course.seed + step) for step in range(course.pick(cpu=160, smoke=8))]
what_is_it = [(colours(scenes.frames[:, :, 0]), scenes.shapes[:, 0]) for scenes in lone]
where_does_it_go = [(scenes.flow[:, :, 0], scenes.ways[:, 0]) for scenes in lone]
spatial_tower = trained(lambda: Tower.mini(4, 3), what_is_it.__getitem__, len(lone), course, lr=3e-3)
temporal_tower = trained(lambda: Tower.mini(4, 2), where_does_it_go.__getitem__, min(60, len(lone)), course, lr=1.5e-3)

# %%
unseen = pair.alone(256, seed=10**6 + course.seed)
knows = {"spatial tower: shape": accuracy(scores(spatial_tower, colours(unseen.frames[:, :, 0])), unseen.shapes[:, 0]),
         "temporal tower: way": accuracy(scores(temporal_tower, unseen.flow[:, :, 0]), unseen.ways[:, 0])}
print(", ".join(f"{name} {100 * value:.0f} %" for name, value in knows.items()), "(of four each)")

# %% [markdown]
# Each tower knows its half very well. Now the two classes, and first the network of 2014: both towers whole, trained on
# the new task together, probabilities averaged.

# %% tags=["predict"]
score_guess = predict("Two trained towers, class scores averaged: accuracy?", None, unit="%")

# %%
def learn(world, seed):
    """Scenes to learn from, in batches of 64, and new ones."""
    batches = [world.sample(64, seed + 7919 * course.seed + step) for step in range(course.pick(cpu=40, smoke=3))]
    return batches, world.sample(course.pick(cpu=400, smoke=12), 10**6 + seed + course.seed)


def towers_for(classes):
    """The two trained towers, with new last layers."""
    towers = [Tower.mini(classes, channels) for channels in (3, 2)]
    for new, old in zip(towers, (spatial_tower, temporal_tower), strict=True):
        known = {k: v for k, v in old.state_dict().items() if not k.startswith("fc8")}
        new.load_state_dict(known, strict=False)
    return towers


def joined(classes, how, **design):
    """Two trained towers, fused, on the course's device."""
    design = {"over_time": None, "keep_temporal": False} | design
    return fresh(lambda: TwoStreamFusion(classes, how, towers=towers_for(classes), **design), course)

# %% [markdown]
# Because nothing below the fusion learns, its maps can be computed once and kept: that makes the experiments cheap.

# %%
def inputs(scenes, moments=False):
    """(frames, flow) of scenes, ready for the towers."""
    pair = (colours(scenes.frames), scenes.flow)
    return tuple(x.to(course.device) if moments else x[:, :, 0].to(course.device) for x in pair)


@torch.no_grad()
def below(network, batches, moments=False):
    """What the frozen towers of a network make of batches: [(maps, labels)]."""
    return [(network.maps(*inputs(scenes, moments)), scenes.labels.to(course.device)) for scenes in batches]


def train_above(network, maps, steps=120):
    """Train what is above the fusion, on maps that were computed before."""
    fit(network.freeze_below(), lambda step: maps[step % len(maps)], steps, lr=5e-3, clip_norm=0.5,  # no step too long
        loss=lambda net, batch: net.loss(net.streams(*batch[0]), batch[1]))
    return network


@torch.no_grad()
def percent(network, test, moments=False):
    """Accuracy in percent."""
    return 100 * accuracy(network(*inputs(test, moments)).cpu(), test.labels)

# %%
batches, test = learn(pair, seed=50_000)
by_scores = joined(2, "scores")
fit(by_scores, lambda step: (inputs(batches[step]), batches[step].labels.to(course.device)), len(batches), lr=2e-3,
    loss=lambda net, batch: F.cross_entropy(net(*batch[0]), batch[1]))
found = {"class scores": percent(by_scores, test)}
score_guess.reveal(found["class scores"])

# %% [markdown]
# Close to guessing, and more training would not help: you have seen why. Now the five fusions behind the last map,
# where a place is $8 \times 8$ of $32 \times 32$ pixels and only fully connected layers follow.

# %%
HOW = ("max", "sum", "concatenation", "bilinear", "convolution")
maps = below(joined(2, "sum"), batches)  # the same for all five
found |= {how: percent(train_above(joined(2, how), maps), test) for how in HOW}
fig, ax = bars(list(found), list(found.values()), ylabel="accuracy (%)", xlabel="fusion, behind the last map",
               ylim=(0, 105), number="{:.0f}", width=8.0)
ax.axhline(50, color="0.4", linestyle=":")
show(fig, alt="Accuracy by fusion: " + ", ".join(f"{k} {v:.0f} %" for k, v in found.items()) + "; guessing 50 %.")

# %% [markdown]
# The towers were trained apart, so channel $d$ of one has nothing to do with channel $d$ of the other. A sum cannot
# change that, and the towers below are frozen. The convolution can choose who meets whom. In the paper all five are
# within four points of each other: there class scores alone say a lot (frames of UCF101 show a pool, a horse, a
# violin), and correspondence adds a little. Our task is *nothing but* correspondence.

# %%
table({"class scores": 85.94, "max": 82.70, "concatenation": 83.53, "bilinear": 85.05, "sum": 85.20,
       "convolution": 85.96}, found, unit="%", columns=("UCF101, split 1",), measured_columns=("which does which",),
      source="Table 1 of the paper, from a public transcript: two VGG-M towers, fused behind ReLU5")

# %% [markdown]
# Now *where*. Further down the maps are finer, and there are convolutions above the fusion to work on what it made.

# %%
where = {"last map\n4 × 4": {how: found[how] for how in ("sum", "convolution")}}
for place, size in (("relu3", "8 × 8"), ("relu2", "16 × 16")):
    maps = below(joined(2, "sum", at=place), batches)
    where[f"{place.replace('relu', 'ReLU')}\n{size}"] = {
        how: percent(train_above(joined(2, how, at=place), maps), test) for how in ("sum", "convolution")}
labels = list(where)[::-1]
fig, ax = bars(labels, {how: [where[k][how] for k in labels] for how in ("sum", "convolution")}, ylim=(0, 115),
               ylabel="accuracy (%)", xlabel="place of fusion, and its map", number="{:.0f}")
show(fig, alt="Accuracy by place: " + "; ".join(f"{k.splitlines()[0]}: sum {v['sum']:.0f} %, convolution "
     f"{v['convolution']:.0f} %" for k, v in where.items()) + ".")

# %% tags=["claim"]
claim("Averaged class scores stay below 60 % (guessing 50 %), a fusing convolution behind the last map passes 80 %",
      {"scores": 60 - found["class scores"], "convolution": found["convolution"] - 80},
      f"scores {found['class scores']:.0f} %, convolution {found['convolution']:.0f} %", unit="points",
      published="85.94 % and 85.96 % on UCF101 (Table 1)")
claim("Behind the last map, a fusing convolution beats the sum of channels that do not correspond by more than 5 "
      "points", found["convolution"] - found["sum"] - 5,
      f"{found['convolution']:.0f} % against {found['sum']:.0f} %", unit="points",
      published="85.96 % against 85.20 % (Table 1)")
sum3 = where["ReLU3\n8 × 8"]["sum"]
claim("The place can decide as much as the fusion: a sum behind ReLU3 beats a sum behind the last map by more than 5 "
      "points", sum3 - found["sum"] - 5, f"{sum3:.0f} % against {found['sum']:.0f} %", unit="points",
      published="by layer 82.25 to 85.96 % with convolution (Table 2)")

# %% [markdown]
# With a convolutional layer above the fusion even the sum works: that layer can untangle what the sum has mixed, since
# at least the *places* agree. The fusing convolution brings such a layer with it, and does not mind. In the paper the
# place matters as well, but the best one is another:
#
# | fused behind | ReLU2 | ReLU3 | ReLU4 | ReLU5 | ReLU5 and FC8 | ReLU3, ReLU5 and FC6 |
# |---|---|---|---|---|---|---|
# | UCF101, split 1 (%) | 82.25 | 83.43 | 82.55 | 85.96 | **86.04** | 81.55 |
#
# (Table 2 of the paper, convolutional fusion, from a public transcript.) It is the last map, ReLU5. That map has
# $14 \times 14$ places and ours $4 \times 4$, where two sprites may share one. Their layers were trained on a million
# photographs, and what the deep ones know is worth more than finer places. Both agree on the rule: *late, but where
# there are still places, and with a layer that learns who belongs to whom*.
#
# Depth itself matters more than any of this. Their second step, before any fusion over time, is to replace VGG-M by
# VGG-16 in both streams:

# %%
table({"spatial VGG-M": (74.22, 36.77), "spatial VGG-16": (82.61, 47.06), "temporal VGG-M": (82.34, 51.50),
       "temporal VGG-16": (86.25, 55.23), "late fusion, VGG-M": (85.94, 54.90), "late fusion, VGG-16": (90.62, 58.17)},
      columns=("UCF101", "HMDB51"), unit="%", source="Table 3 of the paper, split 1, from a public transcript")

# %% [markdown]
# When a VGG-16 meets a VGG-M, maps of $14 \times 14$ and $13 \times 13$ do. The smaller gets a row and a column of
# zeros.
#
# ## Fuse over time
#
# The second drawback: both streams look at one moment. So take $T$ moments, $\tau$ frames apart ($T = 5$; $\tau$ 1 to
# 10 in training, so that the network sees fast and slow versions), and compute the maps at each. What then (Section
# 3.3)?
#
# - **2D pooling**: pool every moment in space only, score every moment, average the scores.
# - **3D pooling**: the maximum over $T \times 2 \times 2$, over time as well, and then score.
# - **3D convolution and 3D pooling**: fuse with a kernel of $3 \times 3 \times 3$ instead of $1 \times 1$, so that
#   neighbouring moments and places meet; then pool.
#
# ## Exercise 09.5: Pooling over time
#
# All in one function: a maximum over `window` moments and $2 \times 2$ places, moving by `step` moments and 2 places,
# without padding. That leaves $T'$ maps. Score each with `weight` $(K, D h w)$, its features flattened in the order
# channels, rows, columns; average the scores. (Window and step 1 is 2D pooling.)

# %% tags=["exercise"] exercise="09.5" points=3
def pooled_scores(maps, weight, window, step):
    """maps (B, D, T, H, W), weight (K, D * (H // 2) * (W // 2)) -> scores (B, K)"""
    # BEGIN SOLUTION
    pooled = F.max_pool3d(maps, (window, 2, 2), stride=(step, 2, 2))
    features = pooled.transpose(1, 2).flatten(2)
    return (features @ weight.T).mean(dim=1)
    # END SOLUTION


# %% tags=["check"]
pooled_scores = check("09.5", pooled_scores)

# %% [markdown] tags=["hint"]
# <details>09.5</details>

# %% [markdown]
# With a pencil: one place, three moments, and a channel each for "disc" and "right". The disc stands first and moves
# last, and while it moves it is blurred, so that "disc" is silent. "Both seen" should be a score of more than 1.5.

# %% tags=["nbval-check-output"]
disc, right = torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 0, 1])
three_moments = torch.stack([disc, right])[None, :, :, None, None].expand(1, 2, 3, 2, 2)
for name, window in (("2D pooling", 1), ("3D pooling", 3)):
    print(f"{name}: {pooled_scores(three_moments, torch.ones(1, 2), window, 1).item():.2f}")

# %% [markdown]
# ## Reproduce, part 2: when
#
# Such a world: two sprites stand, move for two of five moments, and stand again. What moves is out of focus. Its
# colour shows, its shape does not. So at *no single moment* are a shape and its motion seen together.

# %%
lasting = WhichDoesWhich(2, moments=5, duration=2)
clip = lasting.sample(1, seed=2 + course.seed)
show(film_strip(clip.frames[0], range(5), [f"{'moving' if m else 'standing'}" for m in clip.moving[0].tolist()]),
     alt=f"Five moments: two shapes stand, move, stand; blurred while they move. {lasting.classes[clip.labels[0]]}.")

# %% [markdown]
# The same trained towers, fused behind the last map by convolution. Two classes, so guessing gives 50 %. What will 2D
# pooling reach?

# %% tags=["predict"]
pool_guess = predict("Each moment scored by itself, scores averaged: accuracy?", None, unit="%")

# %%
clips = [lasting.sample(64, 90_000 + 7919 * course.seed + step) for step in range(course.pick(cpu=24, smoke=2))]
new_clips = lasting.sample(course.pick(cpu=300, smoke=12), 2 * 10**6 + course.seed)
OVER_TIME = {"2D pooling": "2d pool", "3D pooling": "3d pool", "3D convolution + 3D pooling": "3d conv"}
clip_maps = below(joined(2, "convolution", over_time="2d pool"), clips, moments=True)
over_time = {}
for name, design in OVER_TIME.items():
    network = train_above(joined(2, "convolution", over_time=design), clip_maps, steps=200)
    over_time[name] = percent(network, new_clips, moments=True)
pool_guess.reveal(over_time["2D pooling"])

# %% [markdown]
# And the same three on real videos, where a single moment already says a lot:

# %%
table({"2D pooling": (89.35, 56.93), "3D pooling": (89.64, 57.58), "3D convolution + 3D pooling": (90.40, 58.63)},
      over_time, columns=("UCF101", "HMDB51"), measured_columns=("blurred while moving",), unit="%", tie=5,
      source="Table 4 of the paper, split 1, from a public transcript; VGG-16 for both streams")

# %% tags=["claim"]
claim("Where shape and motion show at different moments, 3D pooling beats 2D pooling by more than 25 points",
      over_time["3D pooling"] - over_time["2D pooling"] - 25,
      f"{over_time['3D pooling']:.0f} % against {over_time['2D pooling']:.0f} %; guessing 50 %", unit="points",
      published="89.64 % against 89.35 % on UCF101, 57.58 % against 56.93 % on HMDB51 (Table 4)")

# %% [markdown]
# A network that scores moments one by one cannot join what happens at two of them, however many it averages: the
# argument of the hand-made scenes once more, with time in the place of place. The 3D convolution has nothing to add
# in our world, because the pool alone joins all five moments. In the paper it gives another point: real things move
# across places, and an order of events lies in its kernel (lecture 06), while a maximum has none.
#
# ## One tower or two?
#
# After the fusion the temporal tower could end. The authors **keep** it: its own maps are pooled over time, it has
# its own fully connected layers and its own loss, and at test time the two predictions (FC8) are averaged. Here is
# the final network, with both towers VGG-16:

# %%
with torch.device("meta"):
    final = TwoStreamFusion()
    cost = describe(final, [(3, 5, 224, 224), (20, 5, 224, 224)], repeats=0)
print(cost)
show(diagram({"The final network": cost}))

# %%
table({"spatiotemporal ConvNet (slow fusion)": (65.4, None), "LRCN": (82.9, None),
       "composite LSTM model": (84.3, 44.0), "C3D": (85.2, None), "two-stream ConvNet": (88.0, 59.4),
       "factorized ConvNet": (88.1, 59.1), "two-stream conv pooling": (88.2, None),
       "here: spatial VGG-16, temporal VGG-M": (90.8, 62.1), "here: VGG-16 both, one tower kept": (91.8, 64.6),
       "here: VGG-16 both": (92.5, 65.4), "here: VGG-16 both + IDT": (93.5, 69.2)},
      columns=("UCF101", "HMDB51"), unit="%",
      source="the paper's comparison, mean of three splits, from a public transcript; with IDT from the tables of I3D")

# %% [markdown]
# Read off: the deeper temporal tower is worth 1.7 and 3.3 points, *keeping* it after the fusion 0.7 and 0.8. Two rows
# occur only here. The **factorized ConvNet** (Sun et al. 2015) splits a 3D convolution into a spatial one and a
# temporal one, as R(2+1)D did later. **Two-stream conv pooling** (Ng et al. 2015) pools over long clips; you will
# meet it in lecture 10. **IDT** are the improved dense trajectories of lecture 07, still worth a point or more.
#
# Can our world show that two towers beat one? It is made so that the temporal tower alone knows nothing. Let us see
# what it adds then.

# %%
kept = train_above(joined(2, "convolution", over_time="3d pool", keep_temporal=True), clip_maps, steps=200)
with torch.no_grad():
    streams = kept.streams(*kept.maps(*inputs(new_clips, moments=True)))
for name, found_scores in (("fused", streams[0]), ("temporal", streams[1]), ("both, averaged", kept.combine(streams))):
    print(f"{name:15} {100 * accuracy(found_scores.cpu(), new_clips.labels):.0f} %")

# %% [markdown]
# The temporal stream guesses, and what it adds to the average is noise. So this result of the paper does *not* show
# in our miniature, and it could not: on UCF101 the temporal tower alone is right in 86 % of the videos, and so it is
# a second opinion worth having. An average helps when both opinions are good and err in different places.
#
# ## What it is used for
#
# Everything that runs two inputs of one scene through two networks faces these questions: colour and depth of a
# robot's camera, camera and lidar of a car, picture and sound. *Late, but where there are still places*
# has been a good first guess in all of them. For actions, fusion inside the network led the same group to residual
# networks with connections between the streams (ST-ResNet, 94.6 and 70.3 % with IDT, quoted in the tables of I3D),
# and later to SlowFast.
#
# ## On a GPU
#
# The published size on real videos: two VGG-16 towers and five moments. Set the environment variables `UCF101` (the
# folder with the class folders) and `VGG16_RGB` and `VGG16_FLOW` (two checkpoints in one of the public layouts:
# torchvision's `features.N`, `classifier.N`, or that of the two-stream networks in PyTorch, with `fc_action`) before
# you start JupyterLab. Without weights the towers start from He's rule, without a GPU the cell makes a step at mini
# size.

# %% tags=["gpu", "nbval-ignore-output"]
STACK = course.pick(cpu=1, gpu=10)
side = course.pick(cpu=32, gpu=224)
sources = [Path(os.environ.get(name, "none.pth")) for name in ("VGG16_RGB", "VGG16_FLOW")]
if course.device.type != "cuda":
    real = TwoStreamFusion.mini(101, over_time="3d conv", keep_temporal=True).to(course.device)
elif all(path.is_file() for path in sources):
    real = TwoStreamFusion.from_published(*sources, num_classes=101).to(course.device)
else:
    real = TwoStreamFusion(101).to(course.device)
real.freeze_below()
print(f"{sum(p.numel() for p in real.parameters()):,} parameters")


def five_moments(clips):
    """uint8 clips (B, 3, T, H, W) -> frames and stacks of flow at five moments, as the towers want them."""
    pair = spread_moments(clips, moments=5, length=STACK)  # frames and flow, (B, moment, channel, row, column)
    return tuple(x.transpose(1, 2) / 64 for x in preprocess(*pair))

# %%
folder = Path(os.environ.get("UCF101", "UCF-101"))
if course.device.type == "cuda" and folder.is_dir():
    videos = ucf101(folder, split=1, train=True, size=(256, 340))
    real_batches = ClipBatches(videos, 25, 8, crop=224, prepare=lambda clips: clips, device=course.device, workers=4)
    steps = 1000
else:
    random = torch.randint(0, 256, (2, 3, 8, side, side), dtype=torch.uint8, device=course.device)
    real_batches, steps = (lambda step: (random, torch.tensor([3, 7]))), 1


def real_loss(network, batch):
    """The sum of both streams' losses."""
    clips, labels = batch
    return network.loss(network.streams(*network.maps(*five_moments(clips))), labels)


history = fit(real, real_batches, steps, lr=1e-4, loss=real_loss, dtype=course.dtype, clip_norm=5.0)
print(f"loss of two streams {history.loss[0]:.2f} -> {history.loss[-1]:.2f}; two guesses have {2 * math.log(101):.2f}")

# %% [markdown]
# The authors train with dropout 0.85, batches of 96, a learning rate of 0.001 (0.0005 for VGG-16), and gradients down
# to the fusing layer, as we did. Flow is stored as pictures of 0 to 255, with 128 taken off; `preprocess` does that.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - Averaged scores know what is there and what moves, and never which of the things does which.
# - A sum joins channels as they happen to be numbered; a convolution learns who belongs to whom, and starts as a sum.
# - Fuse late, but where there are still places; fc6 makes the number of parameters, so one tower above halves it.
# - 3D pooling joins what shows at different moments; averaged scores of moments do not.
# - The final network keeps both towers, each with a loss, and averages their predictions.
#
# ## Do you remember?
#
# <details><summary>1. Two classes differ only in which shape moves. Why does more training of two-stream networks with
# averaged scores not help?</summary>
# Each stream's input is distributed the same way in both classes, so the best score of each is the same for both; the
# mean of equal numbers is equal.</details>
#
# <details><summary>2. Which fusing weight makes a convolution equal to a sum?</summary>
# Two identities side by side, spatial and temporal, no bias.</details>
#
# <details><summary>3. Fusing by concatenation behind ReLU5 costs 75 million more than by sum. Where are they?</summary>
# In fc6, which reads 1024 channels of 6 x 6 instead of 512: 512 * 36 * 4096 weights more.</details>
#
# <details><summary>4. A published table prints 97.58 million for a network that has 97.84. What do you do?</summary>
# Look for the rule that gives the printed number (here D x D instead of 2D x D), say so, and assert neither.</details>
#
# <details><summary>5. Lecture 05: two streams, averaged, named shape *and* way far better than either alone. Why not
# here?</summary>
# There the class was a pair, and each stream could find its half alone. Here neither half says anything.</details>
#
# <details><summary>6. Lecture 06: why can a 3D pool not replace a 3D convolution where the order of events decides?
# </summary>
# A maximum does not mind the order of its inputs.</details>
#
# ## To read
#
# - C. Feichtenhofer, A. Pinz, A. Zisserman, *Convolutional Two-Stream Network Fusion for Video Action Recognition*,
#   CVPR 2016, arXiv:1604.06573: section 3.1 (how), 3.2 (where), 3.3 (time), 3.4 (the final network), 4 (tables).
# - K. Simonyan, A. Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*, ICLR 2015.
# - T.-Y. Lin, A. RoyChowdhury, S. Maji, *Bilinear CNN Models for Fine-grained Visual Recognition*, ICCV 2015.
# - C. Feichtenhofer, A. Pinz, R. Wildes, *Spatiotemporal Residual Networks for Video Action Recognition*, NIPS 2016.
#
# **Next:** [10 · Recurrent video models](10_recurrent_video_models.ipynb), where a network with a memory reads a video
# frame by frame, and says in words what it saw.
