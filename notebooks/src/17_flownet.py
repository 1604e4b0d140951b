# %% [markdown]
# # 17 · Can a network learn where every pixel went?
#
# *Deep Learning for Video, lecture 17. About 80 minutes. Two CPU cores are enough; the last section uses a GPU, data
# sets and published weights when they are there.*

# %% tags=["setup"]
course = start("17")

# %%
import os
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from skimage.registration import optical_flow_tvl1

from course_lib.data.sets.flow import flying_chairs
from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.describe import describe
from course_lib.metrics import endpoint_error
from course_lib.models.flownet import FlowNetC, FlowNetS, estimate, from_published, preprocess
from course_lib.ops.correlation import correlation
from course_lib.ops.flow_augmentation import Augmentation, flip_pair
from course_lib.ops.flow_losses import NVIDIA_WEIGHTS, PAPER_WEIGHTS
from course_lib.ops.flow_losses import multiscale_loss as library_loss
from course_lib.ops.variational import refine
from course_lib.plots import curve, diagram, film_strip, show, table
from course_lib.plots.flow import flow_strip
from course_lib.timing import alternate
from course_lib.train import fit, fresh
from course_lib.widgets.correlation_volume import CorrelationExplorer, likeness

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - write the correlation layer, read its 441 channels, and say why it has no weights;
# - draw FlowNetS and FlowNetC, with the size of every map on the way down and up again;
# - train a flow network with errors at several scales, and bring its output back to pixels of any picture;
# - say what two small networks learn in half a minute, where each of them fails, and what a few steps of a classical
#   method add;
# - load published weights of any layout, and read the published table with its traps.

# %% [markdown]
# Lecture 04 *derived* flow from an assumption, and counted where the assumption breaks: small motion, one motion per
# window, constant light. Dosovitskiy and others (2015) did not assume. They showed a network pairs of pictures with
# their true flow, until it could do the third from the first two:

# %%
SEEN, NEW = ("astronaut", "coffee", "brick", "gravel"), ("chelsea", "grass")  # photographs to train on, and to test on
WORLDS = {"slow": {"motion": 3.0, "camera": 1.0}, "fast": {"motion": 8.0, "camera": 8.0}}


def world(name, photographs):
    """Three shapes over a background, 48 x 64 pixels."""
    return FlyingShapes(48, 64, shapes=3, photographs=photographs, **WORLDS[name])


train = {name: world(name, SEEN).sample(course.pick(cpu=480, smoke=16), seed=course.seed) for name in WORLDS}
test = {name: world(name, NEW).sample(course.pick(cpu=96, smoke=8), seed=10**6 + course.seed) for name in WORLDS}
fast = train["fast"]
show(flow_strip({"image 1": fast.image1[2], "image 2": fast.image2[2], "true flow": fast.flow[2]}),
     alt="Two small pictures with flying shapes and the true flow between them: several pixels for the background, "
         "another motion for each shape.")

# %% [markdown]
# What it is used for: to find what moves in front of a driving car, to slow a film down by frames in between, to track,
# to steady, and as an input of other networks (lecture 05). A network has two more attractions. On a GPU it takes a
# tenth of a second, where the best methods of 2015 took a quarter of a minute; and gradients go through it.
#
# Two questions decide its form. To know where a patch went, patches of the two pictures must be **compared**: does the
# network find out by itself how? And flow is wanted for *every pixel*, but comparing needs context: how does a network
# that shrinks the picture get back to pixels?
#
# - **FlowNetS** (simple): stack the pictures, 6 channels, and let convolutions find out.
# - **FlowNetC** (correlation): make a feature map of each picture with the same weights, and compare them by a layer
#   that does nothing else.
#
# Unlike lecture 04's methods, neither is told that neighbours move alike. A convolution sees its surroundings and can
# learn that. Whether one pass is enough, or one should warp and look again as in lecture 04, is a question for lecture
# 18.
#
# ## Comparing patches
#
# Let $f_1$ and $f_2$ be two feature maps. How alike is the patch around $x_1$ in the first to the patch around $x_2$ in
# the second? Multiply them and add up:
#
# $$ c(x_1, x_2) = \sum_{o \in [-k, k] \times [-k, k]} \langle f_1(x_1 + o),\, f_2(x_2 + o) \rangle . $$
#
# A patch has $2k + 1$ pixels on each side, and $\langle\,,\rangle$ is the product of two vectors, over the channels.
# This is a convolution of data with *data*: there are no weights, so nothing to learn here. Comparing every $x_1$ with
# every $x_2$ would be too much. So $x_2$ stays within $d$ pixels of $x_1$: one channel for each displacement.
#
# With a pencil, one channel and $k = 0$: the row $f_1 = (1, 3, 0, 2)$ has moved to the right by one and is now
# $f_2 = (0, 1, 3, 0)$. At the second place the products with displacements $-1, 0, 1$ are $3 \cdot 0$, $3 \cdot 1$ and
# $3 \cdot 3$. The largest is that of $+1$, the truth.

# %%
row1, row2 = torch.tensor([1.0, 3, 0, 2]), torch.tensor([0.0, 1, 3, 0])
beside = F.pad(row2, (1, 1))  # zeros outside
for dx in (-1, 0, 1):
    print(f"dx = {dx:2}: products {(row1 * beside[1 + dx : 5 + dx]).tolist()}")

# %% [markdown]
# (At the first place it is right as well; at the third, where $f_1 = 0$, all products are 0 and say nothing.)
#
# ## Exercise 17.1: The correlation layer
#
# Now in the plane, for a batch. Displacements run from $-d$ to $d$ in $y$ and in $x$, and **$dx$ runs fastest**: the
# channels are $(-d, -d), (-d+1, -d), \ldots$ as $(dx, dy)$. Outside the maps are zeros. The code of the paper's authors
# divides by the number of products, $C (2k+1)^2$: take the *mean* over channels and patch.

# %% tags=["exercise"] exercise="17.1" points=3
def correlate(first, second, d, k=0):
    """Mean product of patches for every displacement.  two (B, C, H, W) -> (B, (2d + 1)^2, H, W), dx fastest"""
    height, width = first.shape[2:]
    a = F.pad(first, (k,) * 4)
    b = F.pad(second, (k + d,) * 4)
    maps = []
    for dy in range(-d, d + 1):
        for dx in range(-d, d + 1):
            # BEGIN SOLUTION
            moved = b[:, :, d + dy : d + dy + height + 2 * k, d + dx : d + dx + width + 2 * k]
            product = (a * moved).mean(dim=1, keepdim=True)
            maps.append(F.avg_pool2d(product, 2 * k + 1, stride=1))
            # END SOLUTION
    return torch.cat(maps, dim=1)


# %% tags=["check"]
correlate = check("17.1", correlate)

# %% [markdown] tags=["hint"]
# <details>17.1</details>

# %% [markdown]
# FlowNetC has $k = 0$, $d = 20$, and takes only every second displacement along each axis. How many channels is that?

# %% tags=["predict"]
channels_guess = predict("Channels of FlowNetC's correlation?", None)

# %%
volume = correlation(torch.randn(1, 8, 6, 8), torch.randn(1, 8, 6, 8), max_displacement=20, stride_2=2)
channels_guess.reveal(volume.shape[1])

# %% [markdown]
# $-20, -18, \ldots, 20$ are 21 numbers, and $21^2 = 441$. The maps are at an eighth of the resolution, so a
# displacement of 20 reaches 160 pixels. (A large loop over 441 shifted products is slow. The library's `correlation`
# multiplies whole rows: one matrix product gives all horizontal displacements of a row at once.)
#
# Does the raw product tell where a patch went? Not with brightness: a bright place in image 2 has a large product with
# everything. Take off the local mean and divide by the lengths, and the product becomes a **cosine**, 1 for equal
# patches. **Find out:** which patches know where they are, and which have many rivals? What do larger patches cost at
# the border of a shape?

# %% tags=["widget"]
middling = FlyingShapes(48, 64, shapes=3, motion=5.0).sample(1, seed=course.seed)
CorrelationExplorer(middling.image1[0], middling.image2[0], middling.flow[0], row=20, column=30)

# %% [markdown]
# A corner or rich texture makes one dark red spot, an edge a stripe (the aperture problem of lecture 04), an even wall
# a plain. Larger patches have fewer rivals; but at the border of a shape a large patch holds two motions, and neither
# matches.
#
# ## Exercise 17.2: Fix the bugs: from correlation to flow
#
# The simplest flow from a correlation volume: take the displacement of
# the largest channel. Somebody wrote that, and two things are wrong. `stride` is the distance of two displacements in
# pixels.

# %% tags=["exercise"] exercise="17.2" points=2
def best_displacement(volume, stride=1):
    """The displacement of the largest correlation.  (B, D * D, H, W), dx fastest -> flow (B, 2, H, W), float"""
    side = round(volume.shape[1] ** 0.5)
    best = volume.argmax(dim=1)
    # BEGIN SOLUTION
    u = stride * (best % side - side // 2)
    v = stride * (best // side - side // 2)
    # STARTING POINT
    # u = stride * (best // side - side / 2)
    # v = stride * (best % side - side / 2)
    # END SOLUTION
    return torch.stack([u, v], dim=1).float()


# %% tags=["check"]
best_displacement = check("17.2", best_displacement)

# %% [markdown] tags=["hint"]
# <details>17.2</details>

# %% [markdown]
# How good is that, without any learning? Sixteen displacements to each side, patches of $7 \times 7$:

# %%
few = slice(0, course.pick(cpu=16, smoke=2))
new = test["fast"]
matched = torch.cat([best_displacement(likeness(one[None], two[None], 16, 3)[None])
                     for one, two in zip(new.image1[few], new.image2[few], strict=True)])
print(f"matching patches {endpoint_error(matched, new.flow[few]):.2f} px, "
      f"no motion at all {endpoint_error(0 * matched, new.flow[few]):.2f} px")

# %%
speed = new.flow[few].norm(dim=1).mean((1, 2))
shown = (speed - speed.mean()).abs().argmin()  # a pair that is as fast as most
show(flow_strip({"image 1": new.image1[shown], "most alike": matched[shown], "truth": new.flow[shown]}, largest=16.0,
                arrows=False),
     alt="The flow of the best match: right in textured parts, and specks of wild vectors everywhere else, mostly at "
         "borders and where something is hidden.")

# %% [markdown]
# Right where there is texture, wild elsewhere, and only whole pixels. What is missing is what lecture 04 spent most of
# its time on: to weigh the evidence, and let sure places help unsure ones. FlowNetC puts convolutions behind the
# correlation and lets them learn it.
#
# ## Down, and up again
#
# Both networks shrink the picture six times by two, with convolutions of stride 2 (there is no pooling), and end with
# 1,024 channels at 1/64 of the resolution. Now the way back, the **refinement**. At each step
#
# 1. a $3 \times 3$ convolution predicts the flow at this resolution (two channels);
# 2. an **upconvolution** makes the features twice as large. The paper describes it as unpooling and a convolution; the
#    code uses a transposed convolution, $4 \times 4$ with stride 2;
# 3. another one makes the flow twice as large;
# 4. both are stacked with the map of that size from the way down (a **skip connection**), which remembers the detail.
#
# Each convolution and upconvolution is followed by a LeakyReLU (slope 0.1 below zero; the paper's text says ReLU), but
# none of those that give flow. It ends at 1/4 of the resolution. Two more steps improve hardly anything, the authors
# say; the rest is bilinear. Here is the miniature FlowNetC, with two halvings less, drawn from the network itself:

# %%
names = {"correlation": "compare", "conv4": "deep.0.0", "conv4_1": "deep.0.1"}
names |= {f"flow{4 - i}": f"refinement.predict.{i}" for i in range(3)}
names |= {f"{layer}{3 - i}": f"refinement.{layer}.{i}" for i in range(2) for layer in ("deconv", "upsample")}
fig, ax = diagram(describe(FlowNetC.mini(), (6, 48, 64), repeats=0), groups=names)
show(fig, alt="FlowNetC: two streams of three convolutions with the same weights meet in a correlation, and conv_redir "
              "hands on image 1; convolutions down to 3 x 4; then twice a flow is predicted, enlarged and stacked.")

# %% [markdown]
# Both streams have the same weights. Where they meet is the correlation, and conv_redir hands on some features of image
# 1 beside it: what a place looks like, not only where it went. FlowNetS is the same without the second stream. At
# published size, for the $384 \times 512$ pixels of FlyingChairs:

# %%
with torch.device("meta"):
    published = {"FlowNetS": FlowNetS(), "FlowNetC": FlowNetC()}
    costs = {name: describe(network, (6, 384, 512), repeats=0) for name, network in published.items()}
for name, cost in costs.items():
    print(f"{name}: {cost.parameters:,} parameters, {cost.multiply_adds / 1e9:.1f} G multiply-adds")

# %% tags=["claim"]
claim("FlowNetS has 38,676,506 parameters and FlowNetC 39,175,298, as the public code",
      [cost.parameters for cost in costs.values()] == [38_676_506, 39_175_298],
      ", ".join(f"{cost.parameters:,}" for cost in costs.values()))

# %% [markdown]
# The correlation costs no parameters; what it costs is the wider input of the layer behind it, 441 + 32 channels.
#
# ## Exercise 17.3: What the refinement stacks
#
# With `widths` $(64, 128, 256, 512, 512, 1024)$ for conv1 to conv6, the first stack on the way up has conv5's 512
# channels, 512 from the upconvolution and 2 of flow: 1,026. The next one has $512 + 256 + 2$, then $256 + 128 + 2$, and
# the last $128 + 64 + 2$: an upconvolution that leads to `widths[i]` gives `widths[i - 1]` channels. Return all of them
# with their sizes, for pictures of any size: a convolution of stride 2 with this padding turns $n$ into $n / 2$,
# rounded up, and each of conv1, conv2 ... halves once. (What an upconvolution has too many is cut.)

# %% tags=["exercise"] exercise="17.3" points=2
def stacked_shapes(size, widths):
    """Shapes of the stacks, coarse to fine.  size (H, W), widths of conv1 ... -> [(channels, rows, columns), ...]"""
    # BEGIN SOLUTION
    rows, columns = size
    sizes = []
    for _ in widths:
        rows, columns = (rows + 1) // 2, (columns + 1) // 2
        sizes.append((rows, columns))
    shapes = []
    for i in range(len(widths) - 2, 0, -1):
        shapes.append((widths[i] + widths[i - 1] + 2, *sizes[i]))
    return shapes
    # END SOLUTION


# %% tags=["check"]
stacked_shapes = check("17.3", stacked_shapes)

# %% [markdown] tags=["hint"]
# <details>17.3</details>

# %%
for size in ((384, 512), (436, 1024)):
    print(size, stacked_shapes(size, (64, 128, 256, 512, 512, 1024)))

# %% [markdown]
# ## What to minimise
#
# The error is lecture 04's end-point error, at *every* scale $l$ at which flow is predicted, so that each step gets its
# own signal:
#
# $$ L = \sum_{l=2}^{6} w_l \, \frac{1}{B} \sum_{\text{pixels}} \big\lVert f_l - t_l / 20 \big\rVert . $$
#
# $t_l$ is the true flow, averaged over the cell that a coarse pixel covers. Mind what does *not* happen: the vectors do
# not shrink with the map. A network gives pixels of the *full* picture at every scale, divided by 20, so that its
# outputs are numbers around 1. The weights fall from 0.32 at the coarsest to 0.005 at the finest. That looks as if the
# finest did not matter; but this loss is a *sum*, and each finer map has four times the pixels.
#
# ## Exercise 17.4: The error at every scale

# %% tags=["exercise"] exercise="17.4" points=3
def multiscale_loss(flows, truth, weights, scale=20.0):
    """Sum of the errors of all scales.  flows: list of (B, 2, h, w) / scale, truth (B, 2, H, W) pixels -> one number"""
    # BEGIN SOLUTION
    total = 0
    for flow, weight in zip(flows, weights, strict=True):
        target = F.adaptive_avg_pool2d(truth, flow.shape[2:]) / scale
        distance = (flow - target).square().sum(dim=1).sqrt()
        total = total + weight * distance.sum() / len(truth)
    return total
    # END SOLUTION


# %% tags=["check"]
multiscale_loss = check("17.4", multiscale_loss)

# %% [markdown] tags=["hint"]
# <details>17.4</details>

# %% [markdown]
# A trap for those who compare losses of two programs: NVIDIA's well-known code has another loss under the same name. It
# takes the *mean* over the pixels (by default of absolute differences, not of distances), and gives the finest scale
# the *largest* weight. Both with distances: what share of the loss does each rule give to the three finest scales of
# one and the same network?

# %%
untrained = FlowNetS.mini(scale=8.0)
images = preprocess(fast.image1[:16], fast.image2[:16])
with torch.no_grad():
    flows = untrained(images)
    for name, rule in (("paper", PAPER_WEIGHTS), ("nvidia", NVIDIA_WEIGHTS)):
        parts = [library_loss([flow], fast.flow[:16], code=name, weights=[w], scale=8.0)
                 for flow, w in zip(flows, rule, strict=False)]
        print(f"{name:6}: finest to coarsest", *(f"{part / sum(parts):.0%}" for part in parts))

# %% [markdown]
# The same shares: a weight that doubles and pixels that are a quarter make a half. At the two coarsest scales of the
# published network the rules part: the paper's goes on with $1 : 1$ after $4 : 2 : 1$, NVIDIA's with $1/2 : 1/4$. We
# train with NVIDIA's, because a mean does not change with the size of the pictures.
#
# ## Exercise 17.5: Back to pixels of the picture
#
# A picture whose sides are no multiples of 64 is *stretched* to such sides first. So the last step to a usable flow is:
# times 20, enlarge the map to the size of the *original* picture (bilinearly, `align_corners=False`), and take the
# stretching out of the vectors. A picture of 50 columns that was stretched to 64 has vectors that are $64/50$ too long
# in $u$.

# %% tags=["exercise"] exercise="17.5" points=2
def to_pixels(flow, size, scale=20.0):
    """flow (B, 2, h, w) / scale, picture stretched to 4h x 4w; size (H, W) of the original -> (B, 2, H, W) pixels"""
    height, width = size
    # BEGIN SOLUTION
    rows, columns = 4 * flow.shape[2], 4 * flow.shape[3]
    full = F.interpolate(scale * flow, size=size, mode="bilinear", align_corners=False)
    return full * flow.new_tensor([width / columns, height / rows]).view(1, 2, 1, 1)
    # END SOLUTION


# %% tags=["check"]
to_pixels = check("17.5", to_pixels)

# %% [markdown] tags=["hint"]
# <details>17.5</details>

# %% [markdown]
# ## Data that nobody measured
#
# True flow of real scenes is scarce: KITTI's 194 pairs know it for half of the pixels, Middlebury has eight pairs. So
# the authors *made* data. **FlyingChairs**: 22,872 pairs of $384 \times 512$ pixels (22,232 to train, 640 to test).
# Chairs, 809 types from 62 views, fly over 964 photographs from Flickr; background and chairs move affinely, with as
# many large and small motions as the film Sintel has. It looks like nothing in this world. That it works on real films
# was the surprise of the paper.
#
# Then **augmentation**: both pictures are shifted, turned and scaled alike, the second one a little further, and
# recoloured. The flow must follow. If $A_1$ and $A_2$ are the maps of the two frames, what was at $x$ and went to
# $x + f(x)$ is now at $y = A_1 x$ and goes to $A_2(x + f(x))$.

# %%
pair = [part[2:3].expand(5, -1, -1, -1) for part in (fast.image1, fast.image2, fast.flow)]
first, second, moved, known = Augmentation()(*pair, course.generator(1))
show(film_strip(torch.cat([first, second]).transpose(0, 1), range(10), ["image 1"] * 5 + ["image 2"] * 5, columns=5),
     alt="Five augmentations of one pair, image 1 above image 2: turned, enlarged, shifted, with other colours.")

# %% [markdown]
# Without it the error on Sintel was about 2 pixels higher. Our own data is of the same kind: *flying shapes*. For a
# training of half a minute we only mirror the pairs, which changes neither the speeds nor the sharpness. Tested is on
# photographs that no training picture was cut from.
#
# There are two worlds: *slow*, with motions of one or two pixels, and *fast*, where the camera alone moves 8 pixels on
# average and up to 16, a quarter of the picture. A miniature FlowNetC compares cells of 8 pixels, up to 2 cells away.

# %%
for name, pairs in train.items():
    length = pairs.flow.norm(dim=1)
    print(f"{name}: {len(pairs)} pairs, {length.mean():.1f} px on average, "
          f"{(length > 4).float().mean():.0%} of the pixels move by more than 4 px")

# %% [markdown]
# ## Reproduce, part 1: do they learn?
#
# 300 steps with 16 pairs for each network and each world. What will win in the slow world, what in the fast one? Guess
# one number: in the fast world, by how many pixels is the error of FlowNetC lower than that of FlowNetS?

# %% tags=["predict"]
gain_guess = predict("Error of FlowNetS minus error of FlowNetC, fast world?", None, unit="pixels")

# %%
SCALES = {"slow": 4.0, "fast": 8.0}  # as 20 in the paper: about as large as the larger motions
STEPS, WARM = 300, 60


def rate(step):
    """Learning rate: up for the first 60 steps, then down to zero on a cosine."""
    return (step + 10) / (WARM + 10) if step < WARM else 0.5 + 0.5 * np.cos(np.pi * (step - WARM) / (STEPS - WARM))


def learn(network, name):
    """Train on pairs of one world, mirrored at random."""
    inputs, truth = preprocess(train[name].image1, train[name].image2), train[name].flow

    def batch(step):
        generator = course.generator(1000 * (step + 1))
        chosen = torch.randint(len(truth), (16,), generator=generator)
        return flip_pair(inputs[chosen], truth[chosen], *(torch.rand(2, generator=generator) < 0.5).tolist())

    def loss(network, batch):
        return library_loss(network(batch[0]), batch[1], code="nvidia", scale=network.scale)

    return fit(network, batch, STEPS, loss=loss, lr=3e-3, schedule=rate)

# %% [markdown]
# Two networks in two worlds. (Each takes five to ten seconds of one core.)

# %%
networks, histories = {}, {}
for name, scale in SCALES.items():
    for model in (FlowNetS, FlowNetC):
        network = fresh(partial(model.mini, scale=scale), course)
        histories[f"{model.__name__}, {name}"] = learn(network, name).loss
        networks[model.__name__, name] = network.cpu()  # where the test pictures are
lines = {name: np.convolve(loss, np.ones(20) / 20, "valid") if len(loss) > 20 else loss
         for name, loss in histories.items()}
fig, ax = curve(range(len(lines["FlowNetS, slow"])), lines, "step", "loss (mean of 20 steps)")
show(fig, alt="All losses fall. In the fast world FlowNetC's begins to fall steeply where FlowNetS's stays high.")

# %% [markdown]
# A loss says nothing about new pictures. `estimate` does what you wrote in 17.5, for any network and any size; here it
# is asked about cats and grass, of which no network has seen a pixel:

# %%
guesses = {key: estimate(network, test[key[1]].image1, test[key[1]].image2) for key, network in networks.items()}
errors = {key: endpoint_error(flow, test[key[1]].flow) for key, flow in guesses.items()}
still = {name: endpoint_error(0 * test[name].flow, test[name].flow) for name in WORLDS}
for name in WORLDS:
    print(f"{name}: no motion {still[name]:.2f} px", *(f"{model} {errors[model, name]:.2f} px"
                                                      for model in ("FlowNetS", "FlowNetC")), sep=", ")
gain_guess.reveal(errors["FlowNetS", "fast"] - errors["FlowNetC", "fast"])

# %% tags=["claim"]
share = {key: 100 * error / still[key[1]] for key, error in errors.items()}
best = {f"the better one, {name}": 67 - min(share["FlowNetS", name], share["FlowNetC", name]) for name in WORLDS}
claim("On new photographs each network makes < 90 % of the error of no motion, and the better one in each world < 67 %",
      best | {f"{model}, {name}": 90 - value for (model, name), value in share.items()},
      ", ".join(f"{model} {name} {value:.0f} %" for (model, name), value in share.items()),
      unit="points", published="both designs learn to estimate flow")

# %% [markdown]
# How does that look in the fast world? (Length of a vector is saturation; the rim of the wheel is 16 pixels.) At
# published size, and after 600,000 steps, both networks draw the fine details of the chairs. Ours do not:

# %%
show(flow_strip({"FlowNetS": guesses["FlowNetS", "fast"][shown], "FlowNetC": guesses["FlowNetC", "fast"][shown],
                 "truth": new.flow[shown]}, largest=16.0, arrows=False),
     alt="Fast motion, and what the networks say, both with soft outlines. Errors here: " + ", ".join(
         f"{model} {endpoint_error(guesses[model, 'fast'][shown][None], new.flow[shown][None]):.1f} px"
         for model in ("FlowNetS", "FlowNetC")) + ".")

# %% tags=["claim"]
claim("Where motion is large, FlowNetC errs by over 1 pixel less than FlowNetS; where it is small, FlowNetS is ahead",
      {"fast": errors["FlowNetS", "fast"] - errors["FlowNetC", "fast"] - 1,
       "slow": errors["FlowNetC", "slow"] - errors["FlowNetS", "slow"]},
      ", ".join(f"{model} {name} {error:.2f} px" for (model, name), error in errors.items()), unit="pixels",
      published="Chairs: S 2.71, C 2.19; Middlebury, small motions: S 1.09, C 1.15 px")

# %% [markdown]
# The same order as in the paper, at both ends. To find a motion of 10 pixels, stacked pictures must learn a detector
# for each direction and length, and 300 steps are too few; FlowNetC is *given* the comparison. But its comparison is of
# cells of 8 pixels. A motion of half a pixel hardly changes that, and there the first layer of FlowNetS, which sees
# both pictures in full detail, has an advantage. In the fast world, by the length of the true motion:

# %%
true_length = new.flow.norm(dim=1)
groups = [(true_length >= low) & (true_length < 2 * low) for low in (1, 2, 4, 8)]  # 1 to 2 pixels, 2 to 4 ...
wrong = {model: guesses[model, "fast"] - new.flow for model in ("FlowNetS", "FlowNetC")} | {"no motion": new.flow}
by_length = {name: [gap.norm(dim=1)[group].mean().item() for group in groups] for name, gap in wrong.items()}
fig, ax = curve([1.5, 3, 6, 12], by_length, "true motion (pixels, logarithmic)", "EPE (pixels)", xscale="log")
ax.set_xticks([1.5, 3, 6, 12], ["1 to 2", "2 to 4", "4 to 8", "8 to 16"])
ax.minorticks_off()
show(fig, alt="; ".join(f"{name}: " + ", ".join(f"{value:.1f}" for value in values) + " px"
                        for name, values in by_length.items()) + ", from short to long motions.")

# %% [markdown]
# FlowNetC's lead comes from the long motions, and above all from the longest. The shortest motions are lost on both
# networks here: who was trained for leaps takes small steps badly. (Lecture 18 adds a network of its own for them.)
#
# One thing was necessary to make the small FlowNetC learn at all. With plain products of untrained features the
# correlation is a number near 0 everywhere, and for hundreds of steps the network learns nothing from it. Our miniature
# scales the feature vectors to equal length, so that the correlation is a cosine. The published network has no such
# step; it trained for 600,000 steps, and its authors began with a hundredth of the learning rate.
#
# ## Reproduce, part 2: +v
#
# The outlines are soft and the vectors off by a fraction of a pixel, because the flow comes at 1/4 of the resolution.
# The paper's **+v** appends what classical methods do best: a few steps down an energy,
#
# $$ E(w) = \sum \Psi\big(|I_2(x + w) - I_1|^2\big) + \gamma\, \Psi\big(|\nabla I_2(x + w) - \nabla I_1|^2\big)
#           + \alpha\, b(x)\, \Psi\big(|\nabla u|^2 + |\nabla v|^2\big) , $$
#
# started from the network's flow. Brightness and its gradient should stay, neighbours should move alike, and
# $\Psi(s^2) = \sqrt{s^2 + \epsilon^2}$ lets single places break the rules; $b$ is small on edges of the picture, where
# a jump is cheap. Such an energy has many valleys. A classical method needs a pyramid to come down in the right one;
# here the network has done that.

# %%
some = course.pick(cpu=32, smoke=2)
starts = guesses | {("no motion", name): 0 * test[name].flow for name in WORLDS}
sharper = {key: refine(test[key[1]].image1[:some], test[key[1]].image2[:some], flow[:some])
           for key, flow in starts.items()}
before = {key: endpoint_error(flow[:some], test[key[1]].flow[:some]) for key, flow in starts.items()}
after = {key: endpoint_error(flow, test[key[1]].flow[:some]) for key, flow in sharper.items()}
for (model, name), value in after.items():
    print(f"{model}, {name}: {before[model, name]:.2f} px, +v {value:.2f} px")

# %% [markdown]
# From *no motion* the same steps come nearly as far in the slow world, and get almost nowhere in the fast one. There
# the right valley is what the network gives. Look at the outlines, and at the specks inside:

# %%
slow, key = test["slow"], ("FlowNetS", "slow")
show(flow_strip({"FlowNetS": guesses[key][1], "+v": sharper[key][1], "truth": slow.flow[1]}, arrows=False),
     alt="Slow motion: FlowNetS's flow is soft and uneven; after the variational steps outlines are sharp and regions "
         "more even, nearer to the truth, with a few specks.")

# %% tags=["claim"]
gains = {model: 100 * (1 - after[model, "slow"] / before[model, "slow"]) for model in ("FlowNetS", "FlowNetC")}
claim("Where motion is small, +v takes away more than 40 % of the error of either network",
      {model: gain - 40 for model, gain in gains.items()},
      ", ".join(f"{model} {before[model, 'slow']:.2f} to {after[model, 'slow']:.2f} px" for model in gains),
      unit="points", published="Middlebury: S 1.09 to 0.33, C 1.15 to 0.34 px")

# %% [markdown]
# ## Reproduce, part 3: and the methods before?
#
# Among the methods of lecture 04, TV-L1 has the same kind of energy, its own pyramid, and no network. Same pictures:

# %%
def tv_l1(image1, image2):
    """scikit-image's TV-L1, pair by pair: (B, 3, H, W) twice -> (B, 2, H, W)"""
    pairs = zip(image1.mean(1).numpy(), image2.mean(1).numpy(), strict=True)
    flows = [optical_flow_tvl1(one, two) for one, two in pairs]
    return torch.from_numpy(np.stack(flows)[:, ::-1].copy())  # it gives rows first


classical = {name: endpoint_error(tv_l1(test[name].image1[:some], test[name].image2[:some]), test[name].flow[:some])
             for name in WORLDS}
for name, value in classical.items():
    print(f"{name}: TV-L1 {value:.2f} px, FlowNetC {before['FlowNetC', name]:.2f} px, "
          f"FlowNetC+v {after['FlowNetC', name]:.2f} px")

# %% [markdown]
# In the slow world TV-L1 beats both small networks, and their +v, which starts from a better place, is a little ahead
# of it: nothing there needs learning. In the fast one its pyramid loses what moves far across such small pictures, and
# the network that looks for it directly is ahead. And time, on a larger picture:

# %%
large = FlyingShapes(*course.pick(cpu=(192, 256), smoke=(48, 64)), motion=4.0, photographs=NEW).sample(1, seed=1)
times = {}
for model in ("FlowNetS", "FlowNetC"):
    ours = partial(estimate, networks[model, "slow"], large.image1, large.image2)
    times["TV-L1"], times[model] = alternate(ours, partial(tv_l1, large.image1, large.image2), rounds=1)
print(", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in times.items()))

# %% tags=["claim"]
ratio = {model: times["TV-L1"] / times[model] for model in ("FlowNetS", "FlowNetC")}
claim("Both miniatures are more than ten times as fast as TV-L1 on the same picture",
      {model: value - 10 for model, value in ratio.items()},
      ", ".join(f"{model}: {value:.0f} times" for model, value in ratio.items()), unit="times",
      published="0.08 and 0.15 s on a GPU, where the methods before took 16 to 65 s on a CPU")

# %% [markdown]
# (A miniature against a full method is no fair race; read the published times below. But those compare a GPU with a
# CPU.)
#
# ## The published table
#
# End-point errors in pixels, tested on Sintel in its two renderings, KITTI 2012, Middlebury and Chairs itself. "+ft" is
# fine-tuned on Sintel's training part, "+v" as above. Numbers in brackets were measured on the very data of the
# fine-tuning, and do not count. **EpicFlow**, **DeepFlow** and **LDOF** (large displacement optical flow) match
# patches or descriptors first and then descend an energy; **EPPM** is a real-time method for the GPU.

# %%
PUBLISHED = {
    "EpicFlow": (2.40, 4.12, 3.70, 6.29, 3.47, 3.8, 0.31, 2.94, "16 (CPU)"),
    "DeepFlow": (3.31, 5.38, 4.56, 7.21, 4.58, 5.8, 0.21, 3.53, "17 (CPU)"),
    "EPPM": (None, 6.49, None, 8.38, None, 9.2, None, None, "0.2 (GPU)"),
    "LDOF": (4.29, 7.56, 6.42, 9.12, 13.73, 12.4, 0.45, 3.47, "65 (CPU), 2.5 (GPU)"),
    "FlowNetS": (4.50, 7.42, 5.45, 8.43, 8.26, None, 1.09, 2.71, "0.08 (GPU)"),
    "FlowNetS+v": (3.66, 6.45, 4.76, 7.67, 6.50, None, 0.33, 2.86, "1.05 (GPU)"),
    "FlowNetS+ft": ("(3.66)", 6.96, "(4.44)", 7.76, 7.52, 9.1, 0.98, 3.04, "0.08 (GPU)"),
    "FlowNetS+ft+v": ("(2.97)", 6.16, "(4.07)", 7.22, 6.07, 7.6, 0.32, 3.03, "1.05 (GPU)"),
    "FlowNetC": (4.31, 7.28, 5.87, 8.81, 9.35, None, 1.15, 2.19, "0.15 (GPU)"),
    "FlowNetC+v": (3.57, 6.27, 5.25, 8.01, 7.45, None, 0.34, 2.61, "1.12 (GPU)"),
    "FlowNetC+ft": ("(3.78)", 6.85, "(5.28)", 8.51, 8.79, None, 0.93, 2.27, "0.15 (GPU)"),
    "FlowNetC+ft+v": ("(3.20)", 6.08, "(4.83)", 7.88, 7.31, None, 0.33, 2.67, "1.12 (GPU)"),
}
COLUMNS = ("Sintel clean train", "clean test", "final train", "final test", "KITTI train", "KITTI test",
           "Middlebury train", "Chairs test", "seconds")
table(PUBLISHED, columns=COLUMNS, unit="pixels, the last column seconds", best=min,
      number=dict.fromkeys(COLUMNS, "{:.2f}") | {"KITTI test": "{:.1f}"},
      source="Dosovitskiy et al. (2015), Table 1. Test, Chairs and time columns checked against two transcripts of the "
             "paper; train columns from memory. In some transcripts +v stands as ++, and the seconds under Chairs")

# %% [markdown]
# Four things to read off it. On its own data a network beats everything before it, on others it comes close, and it is
# a hundred times as fast as what runs on a CPU. (EPPM, on a GPU too, needs 0.2 s and errs about as much.) FlowNetC is
# better where the data is like the training data (Chairs, 2.19 against 2.71) and falls back elsewhere (Sintel final,
# KITTI): **it overfits a little more**. KITTI also has motions beyond its search range. Fine-tuning on Sintel helps
# there, on KITTI and on Middlebury, and costs on Chairs. And **+v** helps everywhere except on Chairs, where it makes
# three of four rows *worse*: probably because an energy that likes even motion wipes out thin, fast chair legs. (Our
# fast world has none, and +v helps there too.) On Middlebury one more measure is usual, the angle between the vectors:

# %%
table({"EpicFlow": (0.31, 3.24, 0.39, 3.55), "DeepFlow": (0.21, 3.04, 0.42, 4.22), "EPPM": (None, None, 0.33, 3.36),
       "LDOF": (0.45, 4.97, 0.56, 4.55), "FlowNetS": (1.09, 13.28, None, None), "FlowNetS+v": (0.33, 3.87, None, None),
       "FlowNetS+ft": (0.98, 15.20, None, None), "FlowNetS+ft+v": (0.32, 3.84, 0.47, 4.58),
       "FlowNetC": (1.15, 15.64, None, None), "FlowNetC+v": (0.34, 3.92, None, None),
       "FlowNetC+ft": (0.93, 12.33, None, None), "FlowNetC+ft+v": (0.33, 3.81, 0.50, 4.52)},
      columns=("train EPE (pixels)", "train angle (degrees)", "test EPE (pixels)", "test angle (degrees)"), best=min,
      number="{:.2f}", source="Middlebury, same table of the paper; train EPE from memory")

# %% [markdown]
# ## On a GPU
#
# The published size, on real pairs, with published weights. Set the environment variable `FLYING_CHAIRS` to the folder
# of the data set (`course data get flying_chairs`), and `FLOWNET_WEIGHTS` to a checkpoint of FlowNetS or FlowNetC:
# NVIDIA's, ClementPinard's (`flownets_EPE1.951.pth`), mmflow's or a `.caffemodel`. The layout, batch normalisation,
# channels and biases are read off the file. Without them the same code runs on our world with random weights.

# %% tags=["gpu"]
folder, weights = os.environ.get("FLYING_CHAIRS"), Path(os.environ.get("FLOWNET_WEIGHTS", "flownets.pth"))
size = course.pick(cpu=(96, 128), gpu=(384, 512))
if folder:
    pairs = flying_chairs(folder, train=False)
    image1, image2, flow, known = (torch.stack(part) for part in zip(*(pairs[n] for n in range(8)), strict=True))
else:
    drawn = FlyingShapes(*size, motion=6.0).sample(course.pick(cpu=2, gpu=8), seed=1)
    image1, image2, flow, known = drawn.image1, drawn.image2, drawn.flow, ~drawn.occluded
if weights.is_file():
    flownet = from_published(weights).to(course.device)  # FlowNetS or FlowNetC
else:
    flownet = fresh(lambda: course.pick(cpu=FlowNetC.mini(), gpu=FlowNetC()), course)
    print("Random weights: the published ones are not here.")
with torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
    found = estimate(flownet, image1.to(course.device), image2.to(course.device), mean="chairs").cpu()
print(f"{len(flow)} pairs of {tuple(flow.shape[2:])}: EPE {endpoint_error(found, flow, known):.2f} px, no motion "
      f"{endpoint_error(0 * flow, flow, known):.2f} px")

# %% [markdown]
# With ClementPinard's weights expect about 2 pixels on Chairs (1.95 for FlowNetS and 1.77 for FlowNetC over all test
# pairs, says their author); NVIDIA's want `mean="pair"`, mmflow's `mean="none"`. `course train 17 --batch 8 --data
# FOLDER` trains FlowNetS with the paper's augmentation, loss and Adam, `--network FlowNetC` the other one. The paper
# took 600,000 steps, with a rate of $10^{-4}$ that is halved at 300,000, 400,000 and 500,000.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - Flow can be learnt from pairs with known flow, even from chairs that fly.
# - FlowNetS stacks the pictures; FlowNetC compares feature maps by correlation: products, no weights, 441 channels.
# - Refinement climbs back with upconvolutions, skip connections and a flow at every scale, each with its own error.
# - Outputs are pixels of the full picture / 20 at a quarter of its size; stretched pictures have stretched vectors.
# - A built-in comparison wins where motions are large; a few variational steps sharpen what is nearly right.
#
# ## Do you remember?
#
# <details><summary>1. A correlation with maximal displacement 4 and stride 1: how many channels? Which displacement
# has channel 0, which one channel 1?</summary>
# 81. Channel 0 is (-4, -4), channel 1 is (-3, -4) as (dx, dy).</details>
#
# <details><summary>2. How many weights does the correlation layer of FlowNetC have?</summary>
# None: it multiplies data with data.</details>
#
# <details><summary>3. FlowNetS's finest map says (0.3, -0.1) at a place. What is the motion there?</summary>
# (6, -2) pixels of the full picture: times 20, and not times 4.</details>
#
# <details><summary>4. A pair is mirrored left to right. What happens to its flow?</summary>
# The field is mirrored, and u changes its sign; v stays.</details>
#
# <details><summary>5. Why does +v need a good start?</summary>
# It linearises: it sees only about a pixel far, and goes down in the valley in which it starts.</details>
#
# <details><summary>6. Lecture 04: which pixels of image 1 cannot be found in image 2 by any method?</summary>
# Those that are hidden there, or have left the picture. A network may still *guess* their motion from what surrounds
# them.</details>
#
# ## To read
#
# - A. Dosovitskiy et al., *FlowNet: Learning Optical Flow with Convolutional Networks*, ICCV 2015, arXiv:1504.06852:
#   section 3 for the networks, 4 for the data, 5.1 for training, Table 1.
# - T. Brox et al., *High Accuracy Optical Flow Estimation Based on a Theory for Warping*, ECCV 2004: sections 2 and 3,
#   the energy and how to descend it.
# - C. Zach, T. Pock, H. Bischof, *A Duality Based Approach for Realtime TV-L1 Optical Flow*, DAGM 2007: section 2.
#
# **Next:** [18 · FlowNet 2 and SPyNet](18_flownet2_and_spynet.ipynb): networks that warp, look again, and correct
# themselves.
