# %% [markdown]
# # 06 · How far should a kernel reach in time?
#
# *Deep Learning for Video, lecture 06. About 75 minutes. Two CPU cores are enough; the last section uses a GPU, real
# videos and published weights when they are there.*

# %% tags=["setup"]
course = start("06")

# %%
import math
import os
import time

import torch
import torch.nn.functional as F
import torchvision
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import roc_auc_score
from sklearn.svm import LinearSVC
from torch import nn

from course_lib.data.sets.readers import ucf101
from course_lib.data.sets.shipped import clip_path
from course_lib.data.video_io import dense_clips, read_clip
from course_lib.data.worlds.actions import ActionWorld
from course_lib.describe import count, describe
from course_lib.metrics import accuracy
from course_lib.models.c3d import C3D, C3DSearch, pool, preprocess
from course_lib.plots import Noted, bars, diagram, film_strip, show, table
from course_lib.progress import progress
from course_lib.train import scores, trained
from course_lib.widgets.clip_embedding import ClipEmbedding

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - say why small kernels of $3 \times 3 \times 3$ in all layers are a good choice, and run the experiment that decides;
# - compute the shape and cost of every layer of C3D, and find out where a published number comes from;
# - explain why two public versions of one network, with the same weights and shapes, give different answers;
# - turn a video into one descriptor, and train a linear SVM on descriptors of a network that you leave alone;
# - judge descriptors: on unseen actions, in ten dimensions, by their neighbours, on pairs of clips.

# %% [markdown]
# Two clips of eight frames. In one, a shape flashes and then jumps out and back. The other is the *same clip,
# backwards*. Every frame of one is a frame of the other, and yet they are two classes.

# %%
SMALL = {"height": 16, "width": 16, "frames": 8, "size": 5, "travel": 2.5, "backdrop": 0.4}
CLIP = (8, 16, 16)  # T, H, W
order = ActionWorld("order", **SMALL)
example = order.sample(2, seed=4).clips[:1]  # (1, 3, 8, 16, 16)
both = torch.cat([example, example.flip(2)], dim=2)[0]
show(film_strip(both, range(16), [f"frame {t}" for t in range(8)] + [f"reversed {t}" for t in range(8)], columns=8),
     alt="Above, a shape flashes and moves in some order; below, the same eight frames in reverse.")

# %% [markdown]
# In lecture 02 a kernel of 3 frames could tell such clips apart. Why 3? Tran, Bourdev, Fergus, Torresani and Paluri
# (ICCV 2015) asked three questions that became a recipe:
#
# 1. How deep in time should the kernels be? They tried, on small networks.
# 2. With the best depth, train one large network, **C3D**, on a million videos. What does it cost?
# 3. Throw its last layers away and keep what is below. Are these **features** good for tasks that the network has
#    never seen, with nothing but a linear classifier on top?
#
# One short row of numbers for any video, made before anybody knows the task: that is what search, recommendation and
# ranking want, and what finds actions, events and whatever is abnormal in films that nobody watches.
#
# ## Kernels of depth 1
#
# The networks for question 1 have five convolutions, each followed by a max pool of $2 \times 2 \times 2$ (the first
# pool leaves time alone), and two fully connected layers. The kernels are $d \times 3 \times 3$, padded so that no size
# changes. The **depth** $d$ is the only thing that varies: homogeneous networks have $d = 1$, 3, 5 or 7 in all five
# layers; there are also an increasing one (3, 3, 5, 5, 7) and a decreasing one (7, 5, 5, 3, 3).
#
# What can $d = 1$ do? Its kernels see single frames, but its pools take the maximum of *pairs* of frames, then of pairs
# of pairs. So it is not blind to time. Give it a clip and its reverse. How much do its scores differ?

# %% tags=["predict"]
reverse_guess = predict("Depth 1, clip against reversed clip: largest difference between the scores?", None)

# %%
torch.manual_seed(course.seed)
difference = {}
for depth in (1, 3):
    network = C3DSearch.mini(6, (depth,) * 5, clip=CLIP).eval()
    with torch.no_grad():
        difference[depth] = (network(example) - network(example.flip(2))).abs().max().item()
    print(f"depth {depth}, random weights: scores differ by up to {difference[depth]:.2g}")
reverse_guess.reveal(difference[1])

# %% [markdown]
# *Not at all.* Reversing eight frames turns the pair (0, 1) into (1, 0), the last pair into the first, and so on up,
# which no maximum minds. So no training can teach a depth-1 network the order of two events. (With $T$ not a power of 2
# the pairs no longer match, and a little gets through.)

# %% tags=["claim"]
claim("A network of depth 1 gives a clip and its reverse the same scores (up to 0.00001); with depth 3 they differ "
      "by more than 0.01",
      {"depth 1": difference[1] < 1e-5, "depth 3": difference[3] - 0.01},
      f"{difference[1]:.1g} with depth 1, {difference[3]:.2g} with depth 3")

# %% [markdown]
# ## Why small kernels
#
# VGG had shown it for images: two layers of $3 \times 3$ see as far as one of $5 \times 5$, with $2 \cdot 9 = 18$
# instead of 25 weights per pair of channels, and with one more nonlinearity. With time the bargain gets better: two
# layers of $3 \times 3 \times 3$ see as far as one of $5 \times 5 \times 5$, with $2 \cdot 27 = 54$ weights instead of
# 125. What you pay is a deeper network.
#
# ## Exercise 06.1: What does a layer cost?
#
# Here is the cost of a padded $3 \times 3$ convolution on an image: parameters, and multiply-adds (biases do not
# multiply). Because it is padded, it has as many places as the image has pixels.

# %%
def layer_cost_2d(inputs, outputs, size):
    """(parameters, multiply-adds) of a padded 3 x 3 convolution with bias.  size (H, W) -> two ints."""
    H, W = size
    weights = outputs * inputs * 3 * 3
    return weights + outputs, weights * H * W


print(layer_cost_2d(3, 64, (112, 112)))

# %% [markdown]
# Extend it to kernels of `depth` $\times\, 3 \times 3$ on clips of `size` $= (T, H, W)$, padded in time as well.

# %% tags=["exercise"] exercise="06.1" points=1
def layer_cost(inputs, outputs, size, depth=3):
    """(parameters, multiply-adds) of a padded depth x 3 x 3 convolution with bias.

    size (T, H, W) -> two ints.
    """
    # BEGIN SOLUTION
    T, H, W = size
    weights = outputs * inputs * depth * 3 * 3
    return weights + outputs, weights * T * H * W
    # END SOLUTION


# %% tags=["check"]
layer_cost = check("06.1", layer_cost)

# %% [markdown] tags=["hint"]
# <details>06.1</details>

# %% [markdown]
# The networks of the search at their published size, for 101 classes, counted by `describe`. (On the `meta` device,
# tensors have shapes and no contents: 20 million weights at no cost.)

# %% tags=["nbval-check-output"]
DEPTHS = {"depth 1": (1,) * 5, "depth 3": (3,) * 5, "depth 5": (5,) * 5, "depth 7": (7,) * 5,
          "increasing": (3, 3, 5, 5, 7), "decreasing": (7, 5, 5, 3, 3)}
for name, depths in DEPTHS.items():
    with torch.device("meta"):
        cost = describe(C3DSearch(101, depths), (3, 16, 112, 112), repeats=0)
    print(f"{name:12}{cost.parameters:>12,} parameters {count(cost.multiply_adds):>9} multiply-adds")

# %% [markdown]
# The multiply-adds grow with the depth. The parameters surprise. The paper (Section 3.1) says that each network has
# about 17.5 million, and depth 7 only **51 thousand** more than depth 1, so that size cannot explain the results. We
# count 9.3 *million* more, two thirds of the depth-1 network. How does one come to 51 thousand? Your function gives the
# right number, this line theirs:

# %%
layers = ((3, 64), (64, 128), (128, 256), (256, 256), (256, 256))  # input and output channels
counted = sum(layer_cost(*layer, (1, 1, 1), 7)[0] - layer_cost(*layer, (1, 1, 1), 1)[0] for layer in layers)
forgetful = sum(outputs * (7 - 1) * 3 * 3 for _, outputs in layers)
print(f"with input channels {counted:,}   without {forgetful:,}")

# %% [markdown]
# 51,840: one kernel per output, as if there were one input channel. That is our reconstruction, not an erratum of the
# authors; but it fits to the digit. So the depth-7 network *was* larger, and lost all the same.
#
# ## C3D, layer by layer
#
# Eight convolutions, five pools, two fully connected layers and a classifier for the 487 sports of Sports-1M:
#
# conv1 (64) · **pool1** · conv2 (128) · **pool2** · conv3a, 3b (256) · **pool3** · conv4a, 4b (512) · **pool4** ·
# conv5a, 5b (512) · **pool5** · fc6 (4096) · fc7 (4096) · fc8 (487)
#
# All kernels are $3 \times 3 \times 3$. pool1 is $1 \times 2 \times 2$, so that frames are not merged before motion has
# been seen; the others are $2 \times 2 \times 2$. The clip is $16 \times 112 \times 112$: 16 survives four halvings.
# 112 = $7 \cdot 16$ survives four as well; before pool5 the map has an odd $7 \times 7$, and something must happen to
# the row that is left over.
#
# ## Exercise 06.2: Fix the bugs: the shape table
#
# This function lists $(T, H, W)$ after each of the five pools. It forgets what is special about pool1. And it rounds
# down, as PyTorch does unless told otherwise; Caffe, in which C3D was made, **rounds up**: a window that is only half
# full still counts.

# %% tags=["exercise"] exercise="06.2" points=2
def sizes_after_pools(clip):
    """Size after pool1 to pool5.  clip (T, H, W) -> list of five (T, H, W)."""
    frames, rows, columns = clip
    sizes = []
    for i in range(5):
        # BEGIN SOLUTION
        time = 1 if i == 0 else 2
        frames, rows, columns = math.ceil(frames / time), math.ceil(rows / 2), math.ceil(columns / 2)
        # STARTING POINT
        # time = 2
        # frames, rows, columns = frames // time, rows // 2, columns // 2
        # END SOLUTION
        sizes.append((frames, rows, columns))
    return sizes


# %% tags=["check"]
sizes_after_pools = check("06.2", sizes_after_pools)

# %% [markdown] tags=["hint"]
# <details>06.2</details>

# %%
print(*sizes_after_pools((16, 112, 112)), sep="  ")
t, h, w = sizes_after_pools((16, 112, 112))[-1]
print(f"fc6 has 512 x {t} x {h} x {w} = {512 * t * h * w} inputs")

# %% [markdown]
# ### The same shape, another network
#
# There are two ways to get from 7 to 4. Caffe's windows are {0, 1}, {2, 3}, {4, 5}, {6}. The well-known PyTorch
# versions of C3D *pad* by one at both ends instead: {0}, {1, 2}, {3, 4}, {5, 6}. With a pencil, for seven numbers:

# %%
row = torch.tensor([[3.0, 1, 4, 1, 5, 9, 2]])
print("rounded up:", nn.MaxPool1d(2, ceil_mode=True)(row).tolist())
print("padded:    ", nn.MaxPool1d(2, padding=1)(row).tolist())

# %% [markdown]
# Four numbers each, and not the same ones. Weights trained with one load into the other without complaint. Does it
# matter at the end of the network? One real clip, one set of (random) weights, both versions of pool5. By how much do
# the 487 scores change, relative to their size?

# %% tags=["predict"]
pool5_guess = predict("Change of the scores when pool5 pads instead of rounding up?", None, unit="%")

# %%
clip = preprocess(read_clip(clip_path("moving_camera"), start=0, num_frames=16)).unsqueeze(0)
torch.manual_seed(course.seed)
c3d = C3D().eval()
c3d.pool5 = nn.Identity()  # both versions share all that lies below
top = nn.Sequential(nn.Flatten(), c3d.fc6, nn.ReLU(), c3d.fc7, nn.ReLU(), c3d.fc8)
with torch.no_grad():
    began = time.perf_counter()
    maps = c3d.pooled(clip)  # (1, 512, 2, 7, 7)
    rounded_up = top(pool()(maps))
    seconds = time.perf_counter() - began
    padded = top(pool(padded=True)(maps))
change = 100 * ((rounded_up - padded).norm() / rounded_up.norm()).item()
pool5_guess.reveal(change)

# %% [markdown]
# About 40 %, whichever random weights you draw. Both versions are "C3D". Which one is right depends on the weights:
# Facebook's need the rounding, weights that somebody fine-tuned in a padded version need the padding.
# `C3D(pool5="caffe")` and `C3D(pool5="padded")` are both here. **A checkpoint that loads without an error proves
# nothing. Compare outputs.** The same goes for the input: `preprocess` resizes to $128 \times 171$, cuts out
# $112 \times 112$, turns RGB into BGR and subtracts a mean, because that is what the released weights have seen. (They
# saw a mean of their own for every pixel of the 16 frames. Ours is one colour, the average of that: an approximation.)
#
# ### What does it cost?
#
# For comparison: VGG-16, a large network of its time, on *one* image of $224 \times 224$. How many times as many
# multiply-adds does C3D need for one clip?

# %% tags=["predict"]
ratio_guess = predict("Multiply-adds of C3D on a clip, divided by VGG-16's on an image?", None, unit="times")

# %%
with torch.device("meta"):
    cost = describe(C3D(), (3, 16, 112, 112), repeats=0)
    vgg = describe(torchvision.models.vgg16(), (3, 224, 224), repeats=0)
    alexnet = describe(torchvision.models.alexnet(), (3, 224, 224), repeats=0)
print(cost.table(least=1))
print(f"On one image: AlexNet {count(alexnet.multiply_adds)}, VGG-16 {count(vgg.multiply_adds)}")
ratio_guess.reveal(cost.multiply_adds / vgg.multiply_adds)

# %% [markdown]
# The parameters agree with the public checkpoints to the last one, and the multiply-adds with what others count.

# %% tags=["claim"]
claim("C3D has 79,991,015 parameters and needs 38.55 billion multiply-adds, 2.5 times as many as VGG-16",
      (cost.parameters, round(cost.multiply_adds / 1e7)) == (79_991_015, 3855)
      and 2.45 < cost.multiply_adds / vgg.multiply_adds < 2.55,
      f"{cost.parameters:,}, {count(cost.multiply_adds)}, {cost.multiply_adds / vgg.multiply_adds:.2f} times",
      published="79,991,015 in the released weights; 38.5 G in a public library, elsewhere 39.5 G and 2.9 times")

# %% [markdown]
# The same network as a picture; the depth of a body is time. Which pool spares it, and which one leaves a single
# moment?

# %%
show(diagram(cost))

# %% [markdown]
# Two layers, conv2 and conv3b, do 58 % of the work with 2.5 % of the parameters; fc6 and fc7 hold 63 % of the
# parameters and do 0.1 % of the work. Memory sits in one place and time in another.
#
# You will meet **39.5 GFLOP and 2.9 times VGG** as well, in a column with 0.7 for AlexNet and 13.6 for VGG-16. (The
# "FLOP" there are multiply-adds, as here. Some slides head that column MFLOP; it is GFLOP.) AlexNet agrees with our
# count. Where does C3D's other billion come from? The convolutions agree. This arithmetic gives it:

# %%
convolutions = sum(layer.multiply_adds for layer in cost.layers if layer.kind == "Conv3d")
heads = 512 * 1 * 3 * 3 * 4096 + 4096 * 4096 + 4096 * 487  # fc6 behind a pool5 that rounds down: 3 x 3
print(f"convolutions {convolutions / 1e9:.2f} G, plus 27 x fc6, fc7, fc8 = {(convolutions + 27 * heads) / 1e9:.2f} G")
print(f"39.5 / 13.6 = {39.5 / 13.6:.2f}, and VGG-16 has {vgg.multiply_adds / 1e9:.2f} G")

# %% [markdown]
# So somebody's spreadsheet gave the fully connected layers a kernel of 27, too, and let pool5 round down. (Again a
# reconstruction, and the 13.6 G for VGG is one convolution short of the 15.47 G that we count.) Three published
# numbers, and a ten-line function would have caught them.
#
# ## From clips to a video
#
# C3D was trained on Sports-1M (lecture 03). Then its top was cut off. The 4096 numbers after **fc6** (and its ReLU) are
# the *C3D feature* of a clip of 16 frames. For a whole video the paper (Section 4) cuts clips of 16 frames that overlap
# by 8, averages their features, and scales the result to length 1 (L2 norm):
#
# $$ \bar{f} = \frac{1}{N} \sum_{n=1}^{N} f_n , \qquad x = \frac{\bar{f}}{\lVert \bar{f} \rVert_2} . $$
#
# Why the length? Bright, busy videos make all activations large, and a linear classifier should not mistake contrast
# for class. With a pencil: clips with features $(3, 0)$ and $(3, 8)$ average to $(3, 4)$, whose length is 5, so $x =
# (0.6, 0.8)$.
#
# ## Exercise 06.3: One descriptor for a video

# %% tags=["exercise"] exercise="06.3" points=1
def describe_video(features):
    """Average over clips, then length 1.  features (N, D), one row per clip -> (D,)"""
    # BEGIN SOLUTION
    mean = features.mean(dim=0)
    return mean / mean.norm()
    # END SOLUTION


# %% tags=["check"]
describe_video = check("06.3", describe_video)

# %% [markdown] tags=["hint"]
# <details>06.3</details>

# %% [markdown]
# ## Exercise 06.4: What a linear SVM minimises
#
# On the descriptors sits a **linear support vector machine**. It asks one question per class: is it class $k$
# ($y_{nk} = +1$) or not ($y_{nk} = -1$)? The score is $s_{nk} = w_k^\top x_n + b_k$. Being right is not enough, it
# wants to be right by at least 1; what is missing counts squared, and large weights cost:
#
# $$ L = \frac{1}{2} \sum_k \lVert w_k \rVert^2 + C \sum_{n, k} \max(0,\; 1 - y_{nk} s_{nk})^2 . $$
#
# `weight` is $(K, D)$, `bias` $(K,)$, `features` $(N, D)$, `labels` $(N,)$, and `strength` is $C$. Return the scalar
# $L$ as a tensor: below, PyTorch differentiates it. (This is the form that scikit-learn's `LinearSVC` minimises by
# default. The "other" SVM leaves out the square.)

# %% tags=["exercise"] exercise="06.4" points=2
def svm_loss(weight, bias, features, labels, strength=1.0):
    """Half the squared weights, plus strength times the squared hinge of all K questions."""
    # BEGIN SOLUTION
    scores = features @ weight.T + bias  # (N, K)
    sign = 2 * F.one_hot(labels, len(weight)) - 1
    violation = (1 - sign * scores).clamp(min=0)
    return (weight**2).sum() / 2 + strength * (violation**2).sum()
    # END SOLUTION


# %% tags=["check"]
svm_loss = check("06.4", svm_loss)

# %% [markdown] tags=["hint"]
# <details>06.4</details>

# %% [markdown]
# Your loss is smooth and has a single minimum, so a quasi-Newton method (L-BFGS) finds it. Scikit-learn's follows
# below.

# %%
def train_svm(features, labels, classes, strength=10.0):
    """Minimise `svm_loss` from zero.  features (N, D), labels (N,) -> weight (classes, D), bias (classes,)"""
    weight = torch.zeros(classes, features.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss_and_gradient():
        solver.zero_grad()
        loss = svm_loss(weight, bias, features, labels, strength)
        loss.backward()
        return loss

    solver.step(loss_and_gradient)
    return weight.detach(), bias.detach()

# %% [markdown]
# ## Reproduce, part 1: the depth
#
# The paper trained the networks of the search on UCF101. In words (Section 3.2, Figure 2): depth 1 is *significantly
# worse* than all others, "which we believe is due to lack of motion modeling"; depth 3 is the best of the homogeneous
# ones; against increasing and decreasing depth it is also best, by less.
#
# Our miniature is the same class, eight times narrower, on eight frames of $16 \times 16$. Six classes in which only
# motion decides: four directions, and the two orders from the top of the page.

# %%
direction = ActionWorld("direction", **SMALL)
halves = [world.batches(8, seed=course.seed, device=course.device) for world in (direction, order)]


def centred(clips):
    """Colours 0..1, most of them dark, to about mean 0 and variance 1."""
    return (clips - 0.25) / 0.2


def motion_batch(step):
    """8 clips of each world: (16, 3, 8, 16, 16), and labels 0..3 for directions, 4 and 5 for orders."""
    (goes, where), (happens, which) = (half(step) for half in halves)
    return centred(torch.cat([goes, happens])), torch.cat([where, which + 4])

# %% [markdown]
# All four networks see the same 3,200 clips, in the same order, each clip once.

# %%
def train_depth(depth, steps=200):
    """A small network with kernels of this depth in all five layers, trained on the six motions."""
    return trained(lambda: C3DSearch.mini(6, (depth,) * 5, clip=CLIP), motion_batch, steps, course, lr=2e-3)


searched = {1: train_depth(1)}

# %% [markdown]
# Depth 3, and then the two deep ones. Mind how long each takes.

# %%
searched[3] = train_depth(3)

# %%
searched[5] = train_depth(5)

# %% [markdown]
# Only the number of frames that a kernel spans has changed, and the time.

# %%
searched[7] = train_depth(7)

# %% [markdown]
# The test is on new clips of both worlds.

# %%
def motion_accuracy(network):
    """Accuracy in percent on 256 new clips of directions, and on 256 of orders."""
    results = []
    for world, first in ((direction, 0), (order, 4)):
        test = world.sample(course.pick(cpu=256, smoke=32), seed=10**6 + course.seed)
        results.append(100 * accuracy(scores(network, centred(test.clips)), test.labels + first))
    return results

# %% [markdown]
# One number first. Two orders, so guessing gives 50 %. And depth 1?

# %% tags=["predict"]
order_guess = predict("Depth 1, which came first, flash or motion: accuracy?", None, unit="%")

# %%
results = {depth: motion_accuracy(network) for depth, network in searched.items()}
order_guess.reveal(results[1][1])
costs = {depth: describe(network, (3, *CLIP), repeats=0).multiply_adds for depth, network in searched.items()}
labels = [f"depth {depth}\n{costs[depth] / 1e6:.0f} M" for depth in results]
fig, ax = bars(labels, {"direction": [r[0] for r in results.values()], "order": [r[1] for r in results.values()]},
               ylabel="accuracy (%)", xlabel="kernel depth; multiply-adds per clip", ylim=(0, 115), number="{:.0f}")
show(fig, alt="Accuracy for directions and orders: " + "; ".join(
    f"depth {d}: {a:.0f} % and {b:.0f} %" for d, (a, b) in results.items()) + ".")

# %% [markdown]
# Compare the first two pairs of bars, then the last three, and mind the multiply-adds below them.

# %% tags=["claim"]
mean = {depth: sum(pair) / 2 for depth, pair in results.items()}
claim("Depth 3 beats depth 1 by more than 25 points where motion decides; on orders, depth 1 stays below 62 %",
      {"lead of depth 3": mean[3] - mean[1] - 25, "orders with depth 1": 62 - results[1][1]},
      f"{mean[3]:.0f} % against {mean[1]:.0f} %; orders alone {results[3][1]:.0f} % against {results[1][1]:.0f} %",
      unit="points", published="depth 1 significantly worse than all others on UCF101 (Figure 2)")
claim("Depth 3 is at most 5 points behind depth 5 and 7, at 60 % and 43 % of their multiply-adds",
      {"accuracy": mean[3] - (max(mean[5], mean[7]) - 5),
       "cost": [round(100 * costs[3] / costs[depth]) for depth in (5, 7)] == [60, 43]},
      f"{mean[3]:.0f} % against {mean[5]:.0f} % and {mean[7]:.0f} %; "
      f"{count(costs[3])} against {count(costs[5])} and {count(costs[7])}",
      unit="points", published="depth 3 the best of depths 1, 3, 5, 7 on UCF101 (Figure 2)")

# %% [markdown]
# On orders, depth 1 has what the argument promised: nothing. On directions it does better than the 25 % of guessing,
# because the axis of the motion and the *place* of the shape give a little away. Depth 5 and 7 end where depth 3 ends,
# a few points above or below it, and cost 1.7 and 2.3 times as much. Three frames are enough, since the layers stack
# up.
#
# ## Reproduce, part 2: features
#
# What C3D features reach with a linear SVM on top, task by task. ASLAN asks of two videos whether they show the same
# action; YUPENN and UMD are scenes that move (waterfalls, traffic); the objects are those in somebody's hands, filmed
# from the head:

# %%
table({"task": ("actions", "actions", "same action?", "scenes", "scenes", "objects"),
       "best before": (90.8, 75.8, 68.7, 96.2, 77.7, 12.0), "C3D": (85.2, 85.2, 78.3, 98.1, 87.7, 22.3)},
      columns=("Sports-1M", "UCF101", "ASLAN", "YUPENN", "UMD", "objects"), unit="%",
      source="Table 1 of the paper, from a public transcript, as all its numbers here; Sports-1M: video hit@5")

# %% [markdown]
# One set of features, never trained for five of the six tasks: *C3D is to videos what ImageNet features are to images*.
# On UCF101 there was more to compare with. Mind the two columns: what sees frames alone, and what is helped by optical
# flow, trajectories or other features. In which of them does C3D win by itself?

# %%
table({"ImageNet features, linear SVM": (68.8, None), "dense trajectories (iDT), bag of words": (None, 76.2),
       "iDT, Fisher vectors": (None, 87.9), "slow fusion, from Sports-1M (lecture 03)": (65.4, None),
       "two streams (lecture 05): spatial": (Noted(72.6, "73.0 in the paper of the two streams itself"), None),
       "two streams: temporal": (None, 83.7), "two streams: both": (None, 88.0), "LRCN (lecture 10)": (71.1, 82.9),
       "LSTM composite model": (75.8, 84.3), "pooled convolutions": (None, 88.2), "LSTM on both streams": (None, 88.6),
       "multi-skip feature stacking": (None, 89.1), "C3D, one network": (82.3, None),
       "C3D, three networks": (85.2, None), "C3D, three networks, and iDT": (None, 90.4)},
      columns=("frames alone", "and other features"), unit="%", source="UCF101: Table 3 of the paper")

# %% [markdown]
# Among those that see frames alone, a single C3D leads by more than 6 points. Several that also have flow or
# trajectories are better than it; with trajectories of its own it is the best of all. And reduced by PCA to **10
# numbers** per video, C3D still has 52.8 %.
#
# ImageNet features, frame by frame, have 68.8 there. We build the duel. The **image network** is the same
# five-convolution network for single frames (one frame, depth 1), trained on what single frames show: four shapes. Each
# of the two is good at its own job. Then both are frozen.

# %%
shapes = ActionWorld("appearance", **SMALL)
shape_batches = shapes.batches(128, seed=course.seed, device=course.device)

def frame_batch(step):
    """128 single frames, (128, 3, 1, 16, 16), each from a random moment of its clip, and the shape's number."""
    clips, labels = shape_batches(step)
    moment = torch.randint(8, (128,), generator=course.generator(step))
    return centred(clips[torch.arange(128), :, moment].unsqueeze(2)), labels


image_network = trained(lambda: C3DSearch.mini(4, (1,) * 5, clip=(1, *CLIP[1:])), frame_batch, 150, course, lr=3e-3)
motion_network = searched[3]

# %% [markdown]
# A descriptor is your `describe_video` in both cases: it averages over *clips* of eight frames for the motion network
# (our videos have one), over *single frames* for the image network.

# %%
@torch.no_grad()
def descriptors(network, videos, length):
    """Features of pieces of `length` frames, averaged and scaled.  (V, 3, T, H, W) -> (V, 64), on the CPU."""
    pieces = videos.unfold(2, length, length).permute(0, 2, 1, 5, 3, 4)  # (V, N, 3, length, H, W)
    parts = centred(pieces.flatten(0, 1)).split(128)
    features = torch.cat([network.features(part.to(course.device)).cpu() for part in parts])
    return torch.stack([describe_video(video) for video in features.view(len(videos), -1, features.shape[1])])


def all_kinds(videos):
    """{kind: (V, D)}: single networks; C3D and image side by side; three networks (depth 3, 5, 7) side by side."""
    motion, image = descriptors(motion_network, videos, 8), descriptors(image_network, videos, 1)
    three = torch.cat([motion, *(descriptors(searched[depth], videos, 8) for depth in (5, 7))], dim=1)
    return {"image": image, "C3D": motion, "C3D + image": torch.cat([motion, image], dim=1), "three C3D": three}

# %% [markdown]
# Now four tasks, of which **three are motions that no network has been trained on**: out and back in four directions,
# three speeds, and the moment of an event (early, middle, late). 240 clips with labels to train the SVM, 300 to test.

# %%
def split(task):
    """Labelled clips for the SVM, and test clips."""
    world, (many, more) = ActionWorld(task, **SMALL), course.pick(cpu=(240, 300), smoke=(48, 24))
    return world.sample(many, seed=2 * 10**6 + course.seed), world.sample(more, seed=3 * 10**6 + course.seed)


TASKS = ("out_and_back", "speed", "time", "appearance")
data = {task: split(task) for task in TASKS}
found = {task: [all_kinds(part.clips) for part in data[task]] for task in progress(TASKS, desc="describing clips")}

# %% [markdown]
# First, your SVM against scikit-learn's, on one of them:

# %%
(train_part, test_part), (train_found, test_found) = data["time"], found["time"]
weight, bias = train_svm(train_found["C3D"], train_part.labels, classes=3)
mine = 100 * accuracy(test_found["C3D"] @ weight.T + bias, test_part.labels)
library = LinearSVC(C=10, random_state=0).fit(train_found["C3D"].numpy(), train_part.labels.numpy())
theirs = 100 * library.score(test_found["C3D"].numpy(), test_part.labels.numpy())
print(f"time of the event: yours {mine:.1f} %, scikit-learn {theirs:.1f} %")

# %% [markdown]
# They agree up to a clip or two (scikit-learn also keeps the biases small).

# %%
def svm_accuracy(task, kind, dimensions=None):
    """Test accuracy in percent of a linear SVM on descriptors; `dimensions` reduces them by PCA first."""
    (train, test), (train_labels, test_labels) = (
        [part[kind].numpy() for part in found[task]], [part.labels.numpy() for part in data[task]])
    if dimensions:
        reduce = PCA(dimensions, random_state=0).fit(train)
        train, test = reduce.transform(train), reduce.transform(test)
    return 100 * LinearSVC(C=10, random_state=0).fit(train, train_labels).score(test, test_labels)


KINDS = ("image", "C3D", "C3D + image", "three C3D")
percent = {kind: [svm_accuracy(task, kind) for task in TASKS] for kind in KINDS}
names = ["out and back\n(4)", "speed\n(3)", "time\n(3)", "shape\n(4)"]
fig, ax = bars(names, percent, ylabel="accuracy (%)", xlabel="task (number of classes)", ylim=(0, 115), number="{:.0f}",
               width=8.0)
spoken = [f"{task}: " + ", ".join(f"{k} {percent[k][i]:.0f} %" for k in KINDS) for i, task in enumerate(TASKS)]
show(fig, alt=f"Linear SVM on frozen features; {'; '.join(spoken)}.")

# %% [markdown]
# On the motions, the first three groups, do our networks come in the order in which theirs came on UCF101?

# %%
UNSEEN, GUESS = TASKS[:3], (25 + 100 / 3 + 100 / 3) / 3  # percent by guessing, averaged over the three tasks
unseen = {kind: sum(values[:3]) / 3 for kind, values in percent.items()}
ROWS = {"single frames": "image", "C3D": "C3D", "three C3D side by side": "three C3D"}
table({"single frames": 68.8, "C3D": 82.3, "three C3D side by side": 85.2},
      {row: unseen[kind] for row, kind in ROWS.items()}, columns=("UCF101",), measured_columns=("unseen motions",),
      unit="%", source="Features of frozen networks + linear SVM. UCF101: Table 3 of the paper")

# %% tags=["claim"]
claim("On motions that were never trained, C3D features + SVM beat single-frame features + SVM by more than 20 points",
      unseen["C3D"] - unseen["image"] - 20,
      f"{unseen['C3D']:.0f} % against {unseen['image']:.0f} %, averaged over three tasks; guessing {GUESS:.0f} %",
      unit="points", published="82.3 % against 68.8 % with ImageNet features on UCF101 (Table 3)")
claim("C3D and image features side by side keep what each knows: at most 8 points less on motions and on shapes",
      {"motions": unseen["C3D + image"] - (unseen["C3D"] - 8),
       "shapes": percent["C3D + image"][3] - (percent["image"][3] - 8)},
      f"motions {unseen['C3D']:.0f} to {unseen['C3D + image']:.0f} %, "
      f"shapes {percent['image'][3]:.0f} to {percent['C3D + image'][3]:.0f} %",
      unit="points", published="with dense trajectories, 85.2 rises to 90.4 % on UCF101 (Table 3)")
claim("Three motion networks side by side beat one by more than 3 points", unseen["three C3D"] - unseen["C3D"] - 3,
      f"{unseen['three C3D']:.0f} % against {unseen['C3D']:.0f} % on unseen motions",
      unit="points", published="85.2 % against 82.3 % on UCF101 (Table 3)")

# %% [markdown]
# The C3D features come from a network that has learnt four directions and two orders, and yet they tell when an event
# happened, and less surely which way a shape went before it came back, and how fast. The image features stay close to
# guessing. For the *time* of an event they must: early or late, the clip has the same frames in another order, and an
# average has no order. For the other two they need not: a fast shape is seen at fewer places than a slow one. An
# average could keep that, but a network that learnt shapes had no reason to. On shapes the roles are exchanged, so
# neither is simply "better": *features know what they were trained for*. Concatenated, each covers for the other. It is
# what the 90.4 in brackets does, with dense trajectories as the other half. The last bars are three motion networks
# side by side (those of the paper differed in what they were trained on, ours differ in depth).
#
# ### Ten numbers
#
# How much of this is left in the ten directions in which the descriptors vary most?

# %%
kept = {task: svm_accuracy(task, "C3D", dimensions=10) for task in UNSEEN}
print(", ".join(f"{task} {percent['C3D'][i]:.0f} -> {kept[task]:.0f} %" for i, task in enumerate(UNSEEN)))

# %% tags=["claim"]
ten = sum(kept.values()) / 3
share = (ten - GUESS) / (unseen["C3D"] - GUESS)
claim("PCA to 10 dimensions keeps more than 60 % of what C3D features gain over guessing", 100 * share - 60,
      f"{unseen['C3D']:.0f} % with 64 numbers, {ten:.0f} % with 10: {100 * share:.0f} % of the gain",
      unit="% of the gain", published="52.8 % with 10 numbers on UCF101, 82.3 % with all: 64 % of the gain")

# %% [markdown]
# ## Neighbours, pairs, and a map
#
# So far a classifier saw labels. Now without: are clips of the same action *near* each other? Near means: a large
# **cosine**, the product of two descriptors of length 1.
#
# ## Exercise 06.5: Nearest neighbours in the embedding
#
# `descriptors` is $(N, D)$, of any length. Return the numbers of the `k` nearest *other* descriptors for each, nearest
# first, as an $(N, k)$ tensor of whole numbers.

# %% tags=["exercise"] exercise="06.5" points=2
def neighbours(descriptors, k):
    """The k others with the largest cosine.  descriptors (N, D) -> (N, k) long"""
    # BEGIN SOLUTION
    unit = F.normalize(descriptors, dim=1)
    similarity = (unit @ unit.T).fill_diagonal_(-torch.inf)
    return similarity.topk(k, dim=1).indices
    # END SOLUTION


# %% tags=["check"]
neighbours = check("06.5", neighbours)

# %% [markdown] tags=["hint"]
# <details>06.5</details>

# %% [markdown]
# The 64 numbers of a descriptor do not fit on paper. **t-SNE** looks for points in the plane such that near neighbours
# stay near; distances between far groups mean little. The paper draws such maps of UCF101, with ImageNet features and
# with C3D features side by side. Here are ours, of 140 clips in four directions (new clips, classes that the motion
# network knows). **Find out:** by what has each network sorted them? Walk over both maps with the slider (arrow keys
# work), and look at the five neighbours on the right.

# %% tags=["widget"]
clips = direction.sample(course.pick(cpu=140, smoke=40), seed=77 + course.seed)
kinds = all_kinds(clips.clips)
maps = {}
for name, kind in (("C3D", "C3D"), ("image network", "image")):
    points = TSNE(perplexity=20, init="pca", random_state=0).fit_transform(kinds[kind].numpy())
    maps[name] = (torch.tensor(points), kinds[kind])
ClipEmbedding(clips.clips, maps, clips.labels, direction.classes)

# %%
for kind in ("C3D", "image"):
    near = neighbours(kinds[kind], 5)
    same = (clips.labels[near] == clips.labels[:, None]).float().mean()
    print(f"{kind:6} of the five nearest clips {100 * same:.0f} % go the same way (by chance 25 %)")

# %% [markdown]
# C3D has islands for right, down, left and up, each with all shapes and colours in it. The image network has sorted the
# same clips by what is in them: squares here, crosses there, whichever way they go.
#
# ### Same or different?
#
# ASLAN is a set of *pairs*: do two videos show the same action, where the actions in the test never occur in training?
# C3D had 78.3 % there, the best before 68.7 % (Table 1). The paper's classifier combines several distances of several
# layers. We take a single number, the cosine, and all pairs of the 300 test clips. How well does it rank same above
# different? The area under the ROC curve says: 1 is perfect, 0.5 is a coin.

# %%
def same_or_different(kind, features, labels):
    """ROC area of the cosine over all pairs: the chance that a pair of one class is nearer than a mixed pair."""
    first, second = torch.triu_indices(len(labels), len(labels), offset=1)
    cosine = (features[kind][first] * features[kind][second]).sum(dim=1)
    return roc_auc_score((labels[first] == labels[second]).numpy(), cosine.numpy())


known = {"direction": (kinds, clips.labels)}
new = {task: (found[task][1], data[task][1].labels) for task in UNSEEN}
areas = {}
for task, (features, labels) in (known | new).items():
    areas[task] = {kind: same_or_different(kind, features, labels) for kind in ("image", "C3D")}
    print(f"{task:14} image {areas[task]['image']:.2f}   C3D {areas[task]['C3D']:.2f}")

# %% tags=["claim"]
claim("For actions that the network knows, the cosine of C3D features alone tells same from different: its ROC area is "
      "above 0.85, that of image features below 0.65",
      {"C3D": areas["direction"]["C3D"] - 0.85, "image features": 0.65 - areas["direction"]["image"]},
      f"C3D {areas['direction']['C3D']:.2f}, image features {areas['direction']['image']:.2f}",
      unit="of ROC area", published="78.3 % of ASLAN's pairs right, 68.7 % before (Table 1)")

# %% [markdown]
# For new actions, the other three lines, the cosine is little better than a coin (the time of an event is the best of
# them), although a linear SVM found the classes in the very same descriptors. The information is there, but other
# things vary more, and the cosine weighs everything alike. One can *learn* what to compare; that is metric learning,
# lecture 15.
#
# ### How fast?
#
# A good descriptor must also be quick. The paper's authors described all of UCF101 in three ways: by dense trajectories
# (iDT), by the optical flow that two streams need (Brox's method), and by C3D on a K40 of 2015:

# %%
table({"iDT, CPU": (202.2, 3.5, 91.4), "Brox's flow, CPU": (2513.9, 0.3, 1135.9),
       "Brox's flow, GPU": (607.8, 1.2, 274.6), "C3D, GPU": (2.2, 313.9, 1.0)},
      columns=("hours", "frames per second", "times C3D's time"), best=None, source="UCF101: run times in the paper")

# %% [markdown]
# The full network on your machine:

# %% tags=["nbval-ignore-output"]
print(f"{16 / seconds:.0f} frames per second on the CPU, {cost.multiply_adds / seconds / 1e9:.0f} G multiply-adds/s")

# %% [markdown]
# ## On a GPU
#
# What makes 3D convolutions fast on today's GPUs? Half-precision numbers (bf16), a memory layout with channels last,
# and `torch.compile`, which joins what lies between the convolutions. For C3D on an H200 we measured, in clips of 16
# frames per second, 64 at a time:
#
# | | TF32 | bf16 | bf16, channels last | and compiled |
# |---|---|---|---|---|
# | forward | 1,966 | 2,180 | 2,325 | **3,016** |
# | training step | 609 | 1,055 | 1,167 | **1,385** |
#
# (TF32: float32 numbers, of which the multipliers read only the first 10 bits after the point; true float32 is slower.)
# 3,016 clips are 48,000 frames per second, 150 times the K40's. It is no law: slow fusion (lecture 03) is faster
# without bf16. The cell measures the third column on your GPU, and the miniature on two cores.

# %% tags=["gpu", "nbval-ignore-output"]
@torch.no_grad()
def frames_per_second(network, clips, repeats):
    """Frames per second of a forward pass, after one to warm up."""
    network = network.eval().to(course.device, memory_format=torch.channels_last_3d)
    clips = clips.to(course.device, memory_format=torch.channels_last_3d)
    finish = torch.cuda.synchronize if course.device.type == "cuda" else lambda: None  # a GPU works behind our back
    with torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
        network(clips)
        finish()
        began = time.perf_counter()
        for _ in range(repeats):
            network(clips)
        finish()
    return repeats * clips.shape[0] * clips.shape[2] / (time.perf_counter() - began)


network, clips_shape = course.pick(cpu=(C3D.mini(101), (2, 3, 16, 32, 32)), gpu=(C3D(), (64, 3, 16, 112, 112)))
print(f"{frames_per_second(network, torch.rand(clips_shape), course.pick(cpu=2, gpu=20)):,.0f} frames per second")

# %% [markdown]
# And the real thing: UCF101 from your disk, and the published Sports-1M weights. Set the environment variables `UCF101`
# (to the folder with the class folders) and `C3D_WEIGHTS` (to a checkpoint in any of the public layouts; their licences
# differ, so you fetch it yourself) before you start Jupyter. One video becomes one descriptor, as in Section 4:

# %% tags=["gpu"]
@torch.no_grad()
def video_features(network, path):
    """fc6 of clips of 16 frames that overlap by 8, averaged, length 1: (4096,)"""
    clips = torch.stack([preprocess(clip) for clip in dense_clips(path, clip_len=16, step=8)])
    return describe_video(network.features(clips.to(course.device)).float().cpu())


folder, weights = os.environ.get("UCF101"), os.environ.get("C3D_WEIGHTS")
if folder and weights:
    published = C3D.from_published(weights).to(course.device)
    parts = []
    for train in (True, False):
        chosen = ucf101(folder, split=1, train=train).videos[:: course.pick(cpu=500, gpu=4)]
        features = torch.stack([video_features(published, path) for path, _ in chosen])
        parts.append((features.numpy(), [label for _, label in chosen]))
    print(f"UCF101, a subset: {100 * LinearSVC(C=10).fit(*parts[0]).score(*parts[1]):.1f} %")
else:
    print("UCF101 or C3D_WEIGHTS is not set: no real videos here.")

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - $3 \times 3 \times 3$ in all layers: deep enough in time to see motion, cheap, and stacked layers see far.
# - Depth 1 with max pools cannot tell a clip from its reverse, whatever it learns.
# - C3D: 79,991,015 parameters, mostly in fc6 and fc7; 38.55 G multiply-adds, mostly in conv2 and conv3b.
# - Equal shapes are not equal networks: pool5 rounds up or pads, and the scores change by about 40 %.
# - fc6, averaged and scaled, with a linear SVM: motions that were never trained; ten dimensions keep most of it.
#
# ## Do you remember?
#
# <details><summary>1. Why does C3D's first pool leave time alone?</summary>
# So that the first layers do not merge frames before motion has been seen; and 16 frames allow only four halvings.
# </details>
#
# <details><summary>2. A layer goes from depth 3 to depth 5. What happens to its weights and multiply-adds?</summary>
# Both grow by 5/3; the padded layer keeps its places.</details>
#
# <details><summary>3. A checkpoint loads without an error and gives nonsense. Name three suspects.</summary>
# The rounding of a pool, the order of colours (BGR), the mean and scale of the input.</details>
#
# <details><summary>4. Why scale a descriptor to length 1 before a linear SVM?</summary>
# The length says how strong the activations are (contrast, busy scenes), the direction says what they are.</details>
#
# <details><summary>5. Lecture 02: what is the receptive field in time of two stacked layers of depth 3, without
# stride?</summary>
# 5 frames.</details>
#
# <details><summary>6. Lecture 03: on Sports-1M a single frame nearly matched slow fusion. Here it is close to
# guessing. Why?</summary>
# Because in our motions a frame says nothing about the class, while a frame of a sports video says nearly all.
# </details>
#
# ## To read
#
# - D. Tran, L. Bourdev, R. Fergus, L. Torresani, M. Paluri, *Learning Spatiotemporal Features with 3D Convolutional
#   Networks*, ICCV 2015, arXiv:1412.0767: Section 3 (the search, C3D), Section 4 (descriptor, SVM, PCA), 5 (ASLAN).
# - K. Simonyan, A. Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*, ICLR 2015: why 3.
# - R.-E. Fan et al., *LIBLINEAR: A Library for Large Linear Classification*, JMLR 9, 2008: the SVM that we minimised.
# - L. van der Maaten, G. Hinton, *Visualizing Data using t-SNE*, JMLR 9, 2008.
#
# **Next:** [07 · Trajectory-pooled descriptors](07_trajectory_pooled_descriptors.ipynb): features that follow motion.
