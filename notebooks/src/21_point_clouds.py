# %% [markdown]
# # 21 · How do you compare two sets of points?
#
# *Deep Learning for Video, lecture 21. About 75 minutes. Two CPU cores are enough; the last section uses a GPU, a real
# data set and published weights when they are there.*

# %% tags=["setup"]
course = start("21")

# %%
import os
from pathlib import Path

import matplotlib
import torch
import torch.nn.functional as F

from course_lib.data.sets.modelnet import modelnet40
from course_lib.data.worlds.shapes import KINDS, ShapeWorld, grid
from course_lib.describe import count, describe
from course_lib.metrics import accuracy
from course_lib.models.point_set import PointSetNetwork, preprocess
from course_lib.models.pointnet import PointNet, TNet, orthogonality
from course_lib.ops.batches import minibatches
from course_lib.ops.points import BLOCK, CONVENTIONS, chamfer, f_score, farthest_points, nearest, to_length
from course_lib.plots import curve, diagram, from_memory, show, table
from course_lib.plots.neighbours import neighbour_steps
from course_lib.plots.space import draw_mesh, draw_points, draw_voxels, side_by_side
from course_lib.progress import progress
from course_lib.train import fit, scores, trained
from course_lib.widgets.critical_points import CriticalPoints
from course_lib.widgets.radius import Radius

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - build a network whose answer does not depend on the order of its input, and say which points it looks at;
# - keep a learnt matrix close to a turn;
# - compute the Chamfer distance, and say which of its many conventions a published number belongs to;
# - judge a shape by F1 at a radius, and show what an outlier does to it and to Chamfer;
# - train a network that makes a set of points from one picture, and hold it against simply looking one up.

# %% [markdown]
# A chair, as 300 points on its surface; and the same 300 points in another order. As pictures they are the same. As
# tensors, hardly a number is where it was.

# %%
chair = ShapeWorld().shape("chair", seed=2)
points = chair.points(300, course.generator())[0]  # (300, 3): x right, y down, z forward
mixed = points[torch.randperm(300, generator=course.generator(1))]
view = {"size": 200, "turn": 30, "above": 20}
for name, rows in (("points", points), ("mixed", mixed)):
    print(f"{name:7} begins with " + ", ".join(f"({x:5.2f} {y:5.2f} {z:5.2f})" for x, y, z in rows[:3]))
show(side_by_side({"300 points": draw_points(points, **view), "in another order": draw_points(mixed, **view)}),
     alt="A chair as 300 points, and the same points in another order, which looks the same.")

# %% [markdown]
# A **point cloud** is a set of $P$ points in space, a tensor $P \times 3$ whose rows have no order.
#
# - **For it:** a thin leg costs a few points, where a voxel grid that is fine enough for it has millions of cells.
#   Laser scanners and depth maps (lecture 19) give points directly.
# - **Against it:** layers that rely on neighbours in a grid do not apply, and neither do losses that compare number by
#   number. Both must be invented anew, and this lecture is about these two inventions.
# - **Against it, too:** there is no surface between the points. Rendering needs a mesh, which takes post-processing.
#
# %%
def colored(values):
    """A map (H, W) in colour, dark for low: (H, W, 3) uint8."""
    share = (values - values.min()) / (values.max() - values.min())
    return (matplotlib.colormaps["viridis"](share.numpy())[..., :3] * 255).astype("uint8")


_, seen, depth = chair.render(200, 200)
LEG = 26  # the column of 100 that cuts a leg
inside = chair.sdf(grid(100)[:, :, LEG]).T.repeat_interleave(2, 0).repeat_interleave(2, 1)  # from the side: y down
show(side_by_side({"depth map (19)": colored(torch.where(seen, depth, depth.max())),
                   "voxels (20)": draw_voxels(chair.voxels(20), **view), "implicit (20): a slice": colored(inside),
                   "POINTS (this lecture)": draw_points(points, **view),
                   "mesh (22, 23)": draw_mesh(*chair.mesh(16), **view)}),
     alt="One chair in five representations: depth map, voxels, a slice of a distance, points (marked), and a mesh.")

# %% [markdown]
# Self-driving cars find other cars in laser points, robots find what to grasp, and surveyors compare today's scan of a
# bridge with last year's. That last one is a question without any network: how far are two sets apart?
#
# ## A network for sets
#
# For 300 points there are $300!$ orders, and no training shows them all. Sorting the points does not help either: move
# one a little, and it changes its place in the list. **PointNet** (Qi, Su, Mo and Guibas, 2017) uses functions that
# have no order: first *the same layers for each point alone*, then the *maximum over all points*, feature by feature.
#
# By hand: two points, two features. Feature one is $x$, feature two is $x + y$; the maximum is over the points.

# %%
two_points = torch.tensor([[1.0, 5], [3, -1]])  # rows (x, y)
weight = torch.tensor([[1.0, 0], [1, 1]])  # a row per feature
by_point = two_points @ weight.T
print("features of each point:", by_point.tolist(), " maximum:", by_point.amax(0).tolist())

# %% [markdown]
# Each feature is a question to all points: how far right does anybody stand? How far along the diagonal? With a
# thousand such directions, and layers that bend them, the answers outline the shape.
#
# ## Exercise 21.1: The same layers for each point, then the maximum
#
# Extend it to a batch, and to two layers with bias, each followed by a ReLU. (Weights have a row per output, as
# `nn.Linear` keeps them.)

# %% tags=["exercise"] exercise="21.1" points=2
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    """Two layers per point, then the maximum.  points (B, P, 3), weights (C, 3) and (D, C), biases (C,), (D,)

    -> (B, D)
    """
    # BEGIN SOLUTION
    features = (points @ weight_1.T + bias_1).relu()
    features = (features @ weight_2.T + bias_2).relu()
    return features.amax(dim=1)
    # END SOLUTION


# %% tags=["check"]
set_features = check("21.1", set_features)

# %% [markdown] tags=["hint"]
# <details>21.1</details>

# %% [markdown]
# The whole network: layers of 64 and 64, then 64, 128 and 1024 for each point, the maximum, and a classifier of 512 and
# 256. As a layer for single points, a $1 \times 1$ convolution over the list is the same thing. In the figure the
# maximum stands between `second.6` and `fc1`. (The T-Nets come next.)

# %%
with torch.device("meta"):
    plain = describe(PointNet(40, input_tnet=False, feature_tnet=False), (1024, 3), repeats=0)
    full = describe(PointNet(40), (1024, 3), repeats=0)
print(f"PointNet for 40 classes, 1024 points: {plain.parameters:,} parameters, {count(plain.multiply_adds)} "
      f"multiply-adds;\nwith both T-Nets {full.parameters:,} and {count(full.multiply_adds)}")
show(diagram(plain))

# %% tags=["claim"]
claim("PointNet for 40 classes has 819,624 parameters, and 3,480,049 with both T-Nets",
      (plain.parameters, full.parameters) == (819_624, 3_480_049), f"{plain.parameters:,} and {full.parameters:,}",
      published="0.8 and 3.5 million; 440 million multiply-adds")

# %% [markdown]
# Random weights, the chair, and the chair in the other order. By how much do the 40 scores change?

# %% tags=["predict"]
order_guess = predict("Largest change of a score when the points are reordered?", None)

# %%
torch.manual_seed(course.seed)
untrained = PointNet.mini(40).eval()
both = scores(untrained, torch.stack([points, mixed]))
order_guess.reveal(round((both[0] - both[1]).abs().max().item(), 4))

# %% [markdown]
# Nothing, up to rounding. Training need not teach it: the architecture says so.
#
# ### T-Nets
#
# A chair seen from behind is a chair. So before anything else, a small PointNet, the **T-Net**, looks at the whole
# set and answers with a $3 \times 3$ matrix $T$, by which all points are multiplied: it may turn every set into one
# pose. It starts as the identity. A second one does the same with the 64 features: $64 \times 64$.
#
# A matrix of 4096 free numbers need not turn anything; it can squeeze everything flat. So the loss gets a term that
# asks the second matrix to be **orthogonal**, to keep lengths and angles:
#
# $$ L_{reg} = \lVert I - T T^t \rVert_F^2 $$
#
# which is the sum of the squares of all entries. By hand: for $T = 2I$ of size 3, $I - 4I = -3I$, and $3 \cdot 9 = 27$.
#
# ## Exercise 21.2: What keeps a matrix a turn
#
# For a batch: the squared norm of each matrix, and the mean over the batch.

# %% tags=["exercise"] exercise="21.2" points=2
def turn_penalty(turn):
    """Mean over the batch of the squared Frobenius norm of I - T T^t.  turn (B, k, k) -> scalar"""
    # BEGIN SOLUTION
    rest = torch.eye(turn.shape[-1]) - turn @ turn.transpose(1, 2)
    return (rest**2).sum(dim=(1, 2)).mean()
    # END SOLUTION


# %% tags=["check"]
turn_penalty = check("21.2", turn_penalty)

# %% [markdown] tags=["hint"]
# <details>21.2</details>

# %%
quarter = torch.tensor([[[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]])
print(f"quarter turn {turn_penalty(quarter):.0f}, twice the identity {turn_penalty(2 * torch.eye(3)[None]):.0f}; "
      f"a fresh T-Net {turn_penalty(TNet(3).eval()(points.T[None])).item():.0f}")
random_turn = torch.eye(64) + 0.1 * torch.randn(8, 64, 64, generator=course.generator())
for flavour in ("original", "pytorch"):
    print(f"the {flavour} code, for eight matrices near the identity: {orthogonality(random_turn, flavour).item():.1f}")
print(f"yours: {turn_penalty(random_turn).item():.1f}")

# %% [markdown]
# Three answers to one formula. The authors' code takes half of the sum *over the batch*; the most used PyTorch port
# takes the mean of the norm, *not squared*. Both multiply by 0.001. Copy the weight of a loss from one code to
# another and you have another loss. The two differ in layers as well (`PointNet(flavour=...)`), so their weights do
# not fit. The authors released none; `PointNet.from_published` reads those that others trained with the port.
#
# ## How many points does it need?
#
# Five kinds of furniture, turned about the upright axis by any angle, and of any size from a third to three times, as
# a scanner without a ruler would have them; 128 points each. Two small PointNets are trained, without any T-Net and
# with the first one.

# %%
furniture = ShapeWorld(turned=True)


def clouds(n, number, seed):
    """n sets of `number` points, each of a size of its own, and their labels: (n, number, 3), (n,)."""
    shapes, labels = furniture.shapes(n, seed)
    generator = torch.Generator().manual_seed(seed)
    sets = torch.stack([shape.points(number, generator, size=24)[0] for shape in progress(shapes)])
    return 3 ** (2 * torch.rand(n, 1, 1, generator=generator) - 1) * sets, labels


train_sets, train_labels = clouds(course.pick(cpu=120, gpu=2000, smoke=10), 128, 1 + course.seed)
test_sets, test_labels = clouds(course.pick(cpu=250, smoke=10), 256, 1000 + course.seed)
batches = minibatches((train_sets, train_labels), min(32, len(train_sets)), seed=course.seed)

# %%
plain_net = trained(lambda: PointNet.mini(5, input_tnet=False, feature_tnet=False), batches, 80, course, lr=2e-3)
turned_net = trained(lambda: PointNet.mini(5, feature_tnet=False), batches, 80, course, lr=2e-3)

# %% [markdown]
# We test with fewer and fewer points of each set. (Each test set has 256 points, cut into parts; an accuracy is the
# mean over the parts.)

# %%
def accuracy_with(network, number):
    """Accuracy in percent with `number` of the 256 test points."""
    parts = test_sets.split(number, dim=1)
    return 100 * sum(accuracy(scores(network, part), test_labels) for part in parts) / len(parts)


NUMBERS = (128, 64, 32, 16)
survives = {"without T-Net": [accuracy_with(plain_net, n) for n in NUMBERS],
            "with the input T-Net": [accuracy_with(turned_net, n) for n in NUMBERS]}
fig, ax = curve(NUMBERS, survives, "points of a set", "accuracy (%)", xscale="log")
ax.set_xticks(NUMBERS, NUMBERS)
ax.minorticks_off()
show(fig,
     alt="; ".join(f"{name}: " + ", ".join(f"{v:.0f} % with {n}" for n, v in zip(NUMBERS, values, strict=True))
                   for name, values in survives.items()) + " points.")

# %% tags=["claim"]
whole, half = survives["without T-Net"][:2]
gain = survives["with the input T-Net"][0] - whole
claim("Losing half of the points costs PointNet less than 10 points of accuracy", 10 - (whole - half),
      f"{whole:.1f} % with 128 points, {half:.1f} % with 64; guessing 20 %", unit="points",
      published="with half of its 1024 points missing at random, 3.8 points on ModelNet40 (number from memory)")
claim("Where sets come turned and in any size, the input T-Net gains more than 1 point", gain - 1,
      f"{whole:.1f} % without, {whole + gain:.1f} % with it, 128 points", unit="points",
      published="87.1 % without, 87.9 % with the input T-Net on ModelNet40 (numbers from memory)")

# %% [markdown]
# What does the T-Net undo? $T$ may be any matrix (the penalty of 21.2 is for the second one alone), and how large a set
# is can be seen from its maximum. Compare the sizes before and behind $T$:

# %%
with torch.no_grad():
    turns = turned_net.encode(test_sets).turns[0]
for name, sets in (("as they come", test_sets), ("times T", test_sets @ turns)):
    small, large = sets.norm(dim=2).mean(1).quantile(torch.tensor([0.1, 0.9]))  # mean distance from the middle
    print(f"{name:13} nine in ten are smaller than {large:.2f}, one in ten than {small:.2f}: {large / small:.1f} times")

# %% [markdown]
# It brings the *sizes* together, and nobody told it to. By hand it would be one division, which is why readers of
# ModelNet40 scale each set before PointNet sees it. There, turns are left to undo, and the paper's own gain is less
# than a point.
#
# Why is PointNet so patient? A feature is the maximum over the points, so *one* point decides it, and 1024 features
# have at most 1024 such points, its **critical** points. All others could go. Here are 256 points and a network with
# 256 features. How many points are critical?

# %% tags=["predict"]
critical_guess = predict("Critical points among 256, for a PointNet of 256 features?", None)

# %%
things = {kind: ShapeWorld().shape(kind, seed=3).points(256, course.generator())[0] for kind in KINDS}
with torch.no_grad():
    critical = plain_net.encode(things["chair"][None]).critical[0].unique()
    kept, everything = plain_net(things["chair"][None, critical]), plain_net(things["chair"][None])
critical_guess.reveal(len(critical))
print(f"scores from these alone differ by {(kept - everything).abs().max():.0e}")

# %% [markdown]
# Fewer than the features, since one point can win many. **Find out:** where on each thing do they sit? And what does
# PointNet say of the points that it did not look at?

# %% tags=["widget"]
CriticalPoints(plain_net, things, KINDS)

# %% [markdown]
# They outline the thing: corners, ends, rims. That is also the weakness. One wild point far outside wins many features
# at once. And as each point is alone until the maximum, no feature sees *local* structure, such as the angle between
# two boards; PointNet++ (2017) repeats the idea on neighbourhoods, whose middles are chosen by **farthest point
# sampling**: each next one is the point farthest from all chosen so far.

# %%
spread = farthest_points(points[None], 40)[0]
show(side_by_side({"300 points": draw_points(points, **view), "40 at random": draw_points(points[:40], **view),
                   "40 farthest": draw_points(points[spread], **view)}),
     alt="300 points of a chair; 40 of them at random, with gaps; 40 by farthest point sampling, evenly spread.")

# %% [markdown]
# For **segmentation** (which part does this point belong to?) PointNet gives each point its own features of 64 numbers
# beside the 1024 of the whole set, and layers for single points again: `PointNet(50, segmentation=True)`.
#
# ## The Chamfer distance
#
# Now the other way round: a network that *makes* points. Its loss must compare two sets, $S_1$ predicted and $S_2$
# true, of different sizes and in no order. Nobody says which point belongs to which. So each point takes the nearest of
# the other set, in both directions:
#
# $$ d_{CD}(S_1, S_2) = \sum_{x \in S_1} \min_{y \in S_2} \lVert x - y \rVert_2^2
#    + \sum_{y \in S_2} \min_{x \in S_1} \lVert x - y \rVert_2^2 $$
#
# With a pencil, on a line: $S_1 = \{0, 3\}$, $S_2 = \{1\}$. From $S_1$: $1 + 4$. Back, from the 1 to its nearest: 1.
# Together 6. Now a pair in the plane, in three steps.

# %%
predicted = torch.tensor([[1.0, 1], [2, 3], [4, 2], [6, 4]])
true = torch.tensor([[1.0, 2], [3, 3], [4, 1], [1, 5], [2, 5]])
show(neighbour_steps(predicted, true),
     alt="Four predicted and five true points; an arrow from each predicted point to its nearest true one; an arrow "
         "from each true point to its nearest predicted one. The arrows back are not the same pairs.")

# %% [markdown]
# Both ways are needed. From the prediction alone, a network could put all its points onto one true point, at distance
# 0. From the truth alone, it could scatter points everywhere. The pairs change as points move; the gradient holds
# them fixed and pulls each point straight at its nearest.
#
# The formula above, as most slides print it, adds up *squared* distances (though it is often called a sum of L2
# distances). Then a set of twice as many points is twice
# as far away. Mesh R-CNN (lecture 23) and PyTorch3D take the **mean** over each set instead, and so do you.
#
# ## Exercise 21.3: The Chamfer distance
#
# For a batch of pairs: the mean of the squared distances from x to y, plus the mean from y to x; then the mean over the
# batch. Do it with tensors, without a loop over points.

# %% tags=["exercise"] exercise="21.3" points=3
def chamfer_distance(x, y):
    """Mean squared distance to the nearest, both ways added, mean over pairs.  (B, P, 3), (B, Q, 3) -> scalar"""
    # BEGIN SOLUTION
    squared = ((x[:, :, None] - y[:, None]) ** 2).sum(dim=-1)
    to_y = squared.amin(dim=2).mean(dim=1)
    to_x = squared.amin(dim=1).mean(dim=1)
    return (to_y + to_x).mean()
    # END SOLUTION


# %% tags=["check"]
chamfer_distance = check("21.3", chamfer_distance)

# %% [markdown] tags=["hint"]
# <details>21.3</details>

# %% [markdown]
# Now one pair of sets, two draws of 500 points from the *same* chair, as six papers and codes would report it:

# %%
one, other = (chair.points(500, course.generator(i))[0] for i in (1, 2))
for name, (to_y, to_x, squared, join) in CONVENTIONS.items():
    print(f"{name:22}{chamfer(one, other, name).item():12.6f}   {join} of {'squared ' if squared else ''}distances, "
          f"weights {to_y:g} and {to_x:g}")

# %% [markdown]
# Between the smallest and the largest lie factors of thousands, for one and the same pair. **A Chamfer distance without
# its convention is not a number**: squared or not, sum or mean, which weights, and in which unit (some scale the shape
# first, so that the longest edge of its box is 10). And note that it is not 0, although both sets lie on one surface.
#
# ## Exercise 21.4: Fix the bugs: one way, and squared
#
# Occupancy Networks (lecture 20) report a Chamfer distance in the unit of the points: half of the mean distance from
# the prediction to the truth (*accuracy*) plus half of the mean distance back (*completeness*). This code gets two
# things wrong.

# %% tags=["exercise"] exercise="21.4" points=2
def mean_distance(x, y):
    """Half accuracy plus half completeness, distances not squared.  x (P, 3) predicted, y (Q, 3) true -> scalar"""
    squared = ((x[:, None] - y) ** 2).sum(dim=-1)
    # BEGIN SOLUTION
    accuracy = squared.amin(dim=1).sqrt().mean()
    completeness = squared.amin(dim=0).sqrt().mean()
    # STARTING POINT
    # accuracy = squared.amin(dim=1).mean()
    # completeness = squared.amin(dim=1).mean()
    # END SOLUTION
    return (accuracy + completeness) / 2


# %% tags=["check"]
mean_distance = check("21.4", mean_distance)

# %% [markdown] tags=["hint"]
# <details>21.4</details>

# %% [markdown]
# ### What it costs
#
# All distances of two sets of 10,000 points are $10^8$ numbers. As float32, how much memory does the table take?

# %% tags=["predict"]
memory_guess = predict("Memory of the table for 10,000 and 10,000 points?", None, unit="MB")

# %%
memory_guess.reveal(10_000 * 10_000 * 4 // 10**6)
print(f"nearest() holds {BLOCK:,} distances at a time: {BLOCK * 4 / 1e6:.1f} MB, whatever the number of points")
distance, index = nearest(one, other)
print("the same as the table:", torch.allclose(distance[0], ((one[:, None] - other) ** 2).sum(-1).amin(1)))

# %% [markdown]
# And with `torch.cdist` the gradient keeps that table until the backward pass. But a minimum only needs *which* point
# is nearest: `nearest` finds the indices block by block without a gradient, and then computes $P$ distances with one.
# `course bench` compares the two.
#
# ## F1 at a radius
#
# A mean of squares has a flaw as a *measure*: one point far away weighs as much as thousands nearby. **F1** counts
# instead. Choose a radius $t$.
#
# - Precision@t: the share of *predicted* points that have a true point nearer than $t$.
# - Recall@t: the share of *true* points that have a predicted point nearer than $t$.
#
# $$ F1@t = 2 \cdot \frac{\text{Precision@t} \cdot \text{Recall@t}}{\text{Precision@t} + \text{Recall@t}} $$
#
# By hand: predicted 0, 3 and 9 on a line, true 1 and 20, $t = 2.5$. The 0 and the 3 are near the 1, so precision is
# $2/3$; the 1 has a neighbour and the 20 has none, so recall is $1/2$; $F1 = 2 \cdot \frac13 / \frac76 = 0.57$.
#
# ## Exercise 21.5: F1 at a radius
#
# Write it, with a comparison `<` and the distance itself, not squared. Where precision and recall are both 0, so is F1.

# %% tags=["exercise"] exercise="21.5" points=2
def f1_at(x, y, t):
    """(F1, precision, recall) as shares from 0 to 1.  x (P, 3) predicted, y (Q, 3) true, t a distance"""
    # BEGIN SOLUTION
    distance = torch.cdist(x, y)
    precision = (distance.amin(dim=1) < t).float().mean()
    recall = (distance.amin(dim=0) < t).float().mean()
    f1 = 2 * precision * recall / (precision + recall).clamp(min=1e-8)
    return f1, precision, recall
    # END SOLUTION


# %% tags=["check"]
f1_at = check("21.5", f1_at)

# %% [markdown] tags=["hint"]
# <details>21.5</details>

# %% [markdown]
# **Find out:** each ball is a point's neighbourhood. Move the runaway point to the right. Which numbers change, and up
# to where? Then look from the truth: which points have been forgotten, and which of the three measures says so?

# %% tags=["widget"]
Radius()

# %% [markdown]
# ### Are outliers really harmless?
#
# It is often said that F1 is robust to outliers and Chamfer is not. Measure it. The truth: 2000 points of the chair,
# scaled so that the longest edge is 10, as Mesh R-CNN's measures do. The prediction: 2000 *other* points of the same
# chair, as good as any prediction can be. Then 1 % of them, 20 points, fly off to 10 from the middle, as far away as
# the chair is tall. How many points (of 100) does F1@0.3 lose?

# %% tags=["predict"]
outlier_guess = predict("F1@0.3 lost when 1 % of the points fly far away?", None, unit="points")

# %%
truth, fresh = (chair.points(2000, course.generator(i))[0] for i in (3, 4))
truth, fresh = to_length(10, truth, fresh)


def with_outliers(cloud, share, distance):
    """A cloud whose first points, a share of them, lie in random directions at a distance from the middle."""
    number = round(share * len(cloud))
    away = F.normalize(torch.randn(number, 3, generator=course.generator(5)), dim=1)
    return torch.cat([distance * away, cloud[number:]])


wild = with_outliers(fresh, 0.01, 10.0)
lost = 100 * (f1_at(fresh, truth, 0.3)[0] - f1_at(wild, truth, 0.3)[0]).item()
outlier_guess.reveal(lost, digits=2)
print(f"Chamfer, squared: {chamfer(fresh, truth).item():.3f} and {chamfer(wild, truth).item():.3f}; mean distance "
      f"{mean_distance(fresh, truth).item():.3f} and {mean_distance(wild, truth).item():.3f}")

# %% [markdown]
# About half of their share: precision loses 1 %, recall hardly anything. Now move the 20 points further and further
# away, and draw each measure relative to its value without outliers.

# %%
FAR = (2.5, 5.0, 10.0, 20.0, 40.0)
clean = chamfer(fresh, truth).item(), mean_distance(fresh, truth).item(), f_score(fresh, truth, 0.3)[0].item()
away = [with_outliers(fresh, 0.01, distance) for distance in FAR]
relative = {"Chamfer, squared": [chamfer(cloud, truth).item() / clean[0] for cloud in away],
            "mean distance": [mean_distance(cloud, truth).item() / clean[1] for cloud in away],
            "F1@0.3": [f_score(cloud, truth, 0.3)[0].item() / clean[2] for cloud in away]}
fig, ax = curve(FAR, relative, "distance of 1 % of the points (the chair is 10 tall)", "times the value without",
                xscale="log", yscale="log")
ax.set_xticks(FAR, [f"{distance:g}" for distance in FAR])
ax.xaxis.minorticks_off()
show(fig,
     alt="; ".join(f"{name}: {values[0]:.2f} times at 2.5 and {values[-1]:.2f} times at 40"
                   for name, values in relative.items()) + ".")

# %% tags=["claim"]
growth = {name: values[-1] / values[2] for name, values in relative.items()}  # from 10 to 40
claim("With 1 % of the points as far away as the chair is tall, Chamfer is more than 3 times as large, and F1@0.3 "
      "loses less than 2 points",
      {"Chamfer": relative["Chamfer, squared"][2] - 3, "F1": 2 - lost},
      f"Chamfer {relative['Chamfer, squared'][2]:.0f} times, mean distance {relative['mean distance'][2]:.2f} times, "
      f"F1 {lost:.1f} points less", published="said in many papers; Tatarchenko et al. 2019 argue for F1")
claim("Four times further, Chamfer grows more than 10 times once more; F1 changes by less than 1 %",
      {"Chamfer": growth["Chamfer, squared"] - 10, "F1": 1 - 100 * abs(growth["F1@0.3"] - 1)},
      f"Chamfer {growth['Chamfer, squared']:.0f} times, F1 {growth['F1@0.3']:.3f} times")

# %% [markdown]
# So the statement is right, and can be made precise. F1 does not care *how far* an outlier is, once it is outside all
# balls; it does count *how many* there are. Squared Chamfer grows with the square of the distance, and the mean
# distance in between. The three can also *disagree* about which of two predictions is better. Here one is exact but
# for 1 % of its points; the other is blurred, each point shaken by 2 % of the height:

# %%
blurred = fresh + 0.2 * torch.randn(fresh.shape, generator=course.generator(6))
judged = {name: (chamfer(cloud, truth).item(), *(100 * f_score(cloud, truth, t)[0].item() for t in (0.1, 0.3, 0.5)))
          for name, cloud in {"another draw of the chair": fresh, "1 % outliers": wild, "blurred": blurred,
                              "without what is below the seat": fresh[fresh[:, 1] < 2.0]}.items()}
table(judged, columns=("Chamfer", "F1@0.1", "F1@0.3", "F1@0.5"), best=None, number="{:.2f}",
      source="our chair, 2000 points, longest edge 10, this run; Chamfer as in Mesh R-CNN, lower is better; F1 in %")

# %% tags=["claim"]
claim("Chamfer calls the blurred chair less than half as bad as the one with outliers; F1@0.3 puts it more than 5 "
      "points behind",
      {"Chamfer": 0.5 - judged["blurred"][0] / judged["1 % outliers"][0],
       "F1": (judged["1 % outliers"][2] - judged["blurred"][2] - 5) / 100},
      f"Chamfer {judged['blurred'][0]:.2f} against {judged['1 % outliers'][0]:.2f}; F1@0.3 {judged['blurred'][2]:.0f} "
      f"against {judged['1 % outliers'][2]:.0f} %")

# %% [markdown]
# The last row has lost its legs. All that is left lies on the chair, so precision is as good as ever; recall drops.
#
# Read the first row as well. A draw of the *same* surface is the best that anybody can do, and F1@0.1 gives it a poor
# mark: the points of a draw lie further apart than 0.1. So $t$ must be larger than their spacing (Mesh R-CNN samples
# 10,000 points), and smaller than the details that count. At 0.5 the blur is nearly forgiven. F1 has a price for its
# robustness: a choice to make. And it is a measure, not a loss: where nothing moves in or out of a ball, its gradient
# is 0. Train on Chamfer, judge by F1.
#
# ## From a picture to points
#
# **Point set generation** (Fan, Su and Guibas, 2017): an encoder looks at one picture (colour, and a mask of the
# thing). Two branches make points. A fully connected one places 256 points anywhere, which suits thin and odd parts. A
# convolutional one ends in a map of $24 \times 32$ cells with *three channels*, which are read as $x$, $y$, $z$: 768
# points, neighbours in the map and on the surface. Together they are $1024 \times 3$ numbers.

# %% tags=["nbval-check-output"]
for flavour in ("two_branch", "hourglass"):
    with torch.device("meta"):
        cost = describe(PointSetNetwork(flavour), (4, 192, 256), repeats=0)
    print(f"{flavour:11}{cost.parameters:>12,} parameters {count(cost.multiply_adds):>8} multiply-adds")

# %%
with torch.device("meta"):
    small_cost = describe(PointSetNetwork.mini(), (4, 48, 64), repeats=0)
show(diagram(small_cost))

# %% [markdown]
# The released demo goes down and up once; the hourglass of the training code goes down and up twice, so that what the
# bottom knows can meet the details a second time. Above is the small one that we train: four levels, 64 loose points
# and a map of $12 \times 16$. The paper also tried the *earth mover's distance*, which pairs the points one to one: its
# sets are more even, and it costs an assignment problem per step.
#
# ### Does it follow the shape?
#
# 200 pictures of furniture, all from one side, with 256 points each; your Chamfer distance is the loss. (Nothing in
# this network is normalised: `clip_norm` keeps one large gradient from doing harm.)

# %%
upright = ShapeWorld()


def pictured(n, seed):
    """Pictures as the network wants them (n, 4, 48, 64), points (n, 256, 3), labels (n,)."""
    shapes, labels = upright.shapes(n, seed)
    generator = torch.Generator().manual_seed(seed)
    pictures, silhouettes, _ = zip(*(shape.render(48, 64) for shape in progress(shapes)), strict=True)
    sets = torch.stack([shape.points(256, generator, size=24)[0] for shape in shapes])
    return preprocess(torch.stack(pictures), torch.stack(silhouettes)), sets, labels


train_pictures, train_points, train_kinds = pictured(course.pick(cpu=200, gpu=4000, smoke=10), 1 + course.seed)
new_pictures, new_points, new_kinds = pictured(course.pick(cpu=50, smoke=5), 1000 + course.seed)

# %%
pairs = minibatches((train_pictures, train_points), 8, seed=course.seed)
maker = trained(PointSetNetwork.mini, pairs, 250, course, lr=1e-3, clip_norm=0.1,
                loss=lambda network, batch: chamfer_distance(network(batch[0]), batch[1]))
made = scores(maker, new_pictures)

# %% [markdown]
# Against it stand three answers that make nothing. A classifier could tell the kind: so take another training shape *of
# the right kind*, or the **mean of the kind**, 256 points drawn from all its training shapes. The third looks up the
# **training picture that is most similar**, pixel by pixel, and hands over its points.

# %%
mates = [(train_kinds == kind).nonzero()[:, 0] for kind in new_kinds]  # for each new shape, those of its kind
of_its_kind = train_points[torch.stack([mate[n % len(mate)] for n, mate in enumerate(mates)])]
similar = torch.cdist(new_pictures.flatten(1), train_pictures.flatten(1)).argmin(1)


def mean_of(kind):
    """256 points of all training shapes of a kind, mixed: (256, 3)."""
    mixed = train_points[train_kinds == kind].flatten(0, 1)
    return mixed[torch.randperm(len(mixed), generator=course.generator(7))[:256]]


mean_of_kind = torch.stack([mean_of(kind) for kind in new_kinds])
answers = {"another of its kind": of_its_kind, "mean of its kind": mean_of_kind, "generator": made,
           "most similar picture": train_points[similar]}

# %% [markdown]
# Each is scaled as before, so that the longest edge of the true shape is 10.

# %%
found = {}
for name, sets in answers.items():
    scaled, goal = to_length(10, new_points, sets)[::-1]
    found[name] = (chamfer(scaled, goal).item(), *(100 * f_score(scaled, goal, t)[0].mean().item() for t in (0.5, 1.0)))
table(found, columns=("Chamfer", "F1@0.5", "F1@1"), best=None, number="{:.2f}",
      source="50 new shapes, 256 points, longest edge 10, this run; Chamfer as in Mesh R-CNN, lower is better; F1 in %")

# %% [markdown]
# And two of the new things, to look at. Where does the generator put too many points, and where too few?

# %%
pictures_of = {}
for number in (0, 1):
    pictures_of[f"truth {number + 1}"] = draw_points(new_points[number], **view)
    pictures_of[f"generated {number + 1}"] = draw_points(made[number], **view)
show(side_by_side(pictures_of),
     alt="Two new things and the sets generated for them: the outline is roughly right, many points lie in a clump.")

# %% tags=["claim"]
claim("Trained on Chamfer, the generator follows the shape: its Chamfer distance is more than 10 % below that of the "
      "mean of the kind", 100 * (1 - found["generator"][0] / found["mean of its kind"][0]) - 10,
      f"{found['generator'][0]:.2f} against {found['mean of its kind'][0]:.2f}", unit="%")
claim("Looking up the most similar training picture beats it all the same, in F1@0.5 by more than 5 points",
      found["most similar picture"][1] - found["generator"][1] - 5,
      f"{found['most similar picture'][1]:.0f} against {found['generator'][1]:.0f} %", unit="points",
      published="Tatarchenko et al. 2019: retrieval is as good as the networks of its time on ShapeNet")

# %% [markdown]
# The generator learnt *this* thing's proportions, by Chamfer. By F1 at a small radius it stays near the mean of the
# kind, and far behind the look-up: its points follow the mean of what they might be, a little beside every surface, and
# many crowd where they harm nobody: Chamfer does not ask for even spacing. And who only looks up, wins. This is the
# question of Tatarchenko, Richter, Ranftl, Li, Koltun and Brox, *What Do Single-view 3D Reconstruction Networks Learn?*
# (CVPR 2019): **recognition or reconstruction?** On the usual splits of ShapeNet, a classifier or a look-up did as well
# as the published networks, so those may have recognised more than reconstructed. They also showed why nobody had
# noticed: IoU and Chamfer hide it, F1 shows it. It is probably the best measure of shape in common use.
#
# ## Reproduce
#
# What the papers report. First PointNet on ModelNet40 (9,843 training and 2,468 test models of 40 kinds, 1024 points):

# %%
table({"no T-Net": from_memory(87.1), "input T-Net": from_memory(87.9), "feature T-Net": from_memory(86.9),
       "feature T-Net, regularised": from_memory(87.4), "both, regularised": 89.2},
      {"no T-Net": survives["without T-Net"][0], "input T-Net": survives["with the input T-Net"][0]},
      unit="%", source="PointNet, ablation on ModelNet40; ours: five kinds, turned and scaled, 128 points, this run")

# %% [markdown]
# The T-Nets gain two points together, and the input one alone less than one; where the data set has no varying size to
# undo, there is less to gain. Train with several seeds before you believe a difference of a point, in our table or in
# theirs. Then point set generation:

# %%
table({"3D-R2N2, one view": from_memory(0.560), "point set generation": from_memory(0.640)}, columns=("mean IoU",),
      best=max, number="{:.3f}",
      source="ShapeNet, 13 kinds, after points were turned into voxels: Fan et al. 2017")

# %% [markdown]
# ## On a GPU
#
# PointNet at its published size. Set `MODELNET40` to the folder `modelnet40_normal_resampled`, and `PSG_WEIGHTS` to the
# public `twobranch_v1.pkl`. Without them the same code runs on the furniture, with random weights, at mini size.

# %% tags=["gpu"]
folder = Path(os.environ.get("MODELNET40", "modelnet40"))
weights = Path(os.environ.get("PSG_WEIGHTS", "twobranch_v1.pkl"))
if folder.is_dir():
    models = modelnet40(folder, "train")[: course.pick(cpu=32, gpu=10_000)]
    real_sets, real_labels, kinds = models.tensor(1024), models.labels, models.classes
else:
    real_sets, real_labels, kinds = train_sets, train_labels, KINDS
    print("ModelNet40 is not here: the furniture instead.")
build = course.pick(cpu=PointNet.mini, gpu=PointNet)


def loss_with_penalty(network, batch):
    """Cross-entropy, and 0.001 times what keeps the second matrix a turn."""
    found, encoding = network(batch[0], details=True)
    return F.cross_entropy(found.float(), batch[1]) + 0.001 * orthogonality(encoding.turns[-1].float())


network = build(len(kinds)).to(course.device)
history = fit(network, minibatches((real_sets, real_labels), min(32, len(real_sets)), seed=course.seed),
              course.pick(cpu=4, gpu=20_000), lr=1e-3, dtype=course.dtype, loss=loss_with_penalty)
print(f"{len(real_sets)} sets of {len(kinds)} kinds: loss {history.loss[0]:.2f} to {history.loss[-1]:.2f}")

# %% [markdown]
# And the generator with its published weights. Mind its input: blue, green, red, grey behind the thing, and a mask that
# is 1 *beside* the thing. `preprocess` does this.

# %% tags=["gpu"]
if weights.is_file():
    published = PointSetNetwork.from_published(weights).to(course.device)
else:
    published = course.pick(cpu=PointSetNetwork.mini, gpu=PointSetNetwork)().to(course.device).eval()
    print("Random weights: the published ones are not here.")
shown, silhouette, _ = chair.render(*published.size)
with torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
    result = scores(published, preprocess(shown[None], silhouette[None]))
print("points:", tuple(result.shape))

# %% [markdown]
# `course train 21 --data FOLDER` trains PointNet on ModelNet40, and `course bench` compares the memory and time of
# `nearest` with `torch.cdist`.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - The same layers per point and a maximum over the points: a network that cannot see the order.
# - The maximum is decided by a few critical points; the others may be lost. A T-Net first brings the set into one pose.
# - Chamfer: each point to its nearest, both ways. Say whether squared, sum or mean, which weights, which unit.
# - F1@t counts who has a neighbour within $t$: how many outliers there are matters, how far they are does not.
# - Points can be generated by two branches and trained on Chamfer; hold every such network against a look-up.
#
# ## Do you remember?
#
# <details><summary>1. Why is the mean over points also independent of their order, and what does the maximum do better?
# </summary>
# A mean has no order either. But it changes when points are lost or drawn more densely in one place; a maximum does
# not, as long as the critical points stay.</details>
#
# <details><summary>2. A network puts all its points onto one point of the truth. Which half of Chamfer is 0, and which
# of precision and recall is 1?</summary>
# The half from prediction to truth is 0, and precision is 1. The other half and recall are bad.</details>
#
# <details><summary>3. A paper reports a Chamfer distance of 0.46, another 4.6. Which is better?</summary>
# Nobody can say before both name convention, unit and number of points.</details>
#
# <details><summary>4. F1@t of two draws of one surface is 0.3. What is wrong?</summary>
# The radius is smaller than the spacing of the points: draw more points, or take a larger t.</details>
#
# <details><summary>5. Lecture 19: why is a depth map not a point cloud of the whole thing?</summary>
# It knows the first surface along each ray only: 2.5D.</details>
#
# <details><summary>6. Lecture 16: what does a T-Net share with the spatial transformer, and what not?</summary>
# Both let a small network choose a transformation of the input, learnt without labels of its own. The transformer warps
# a grid with bilinear sampling; a T-Net multiplies coordinates by a matrix, so nothing is sampled.</details>
#
# ## To read
#
# - C. Qi, H. Su, K. Mo, L. Guibas, *PointNet*, CVPR 2017, arXiv:1612.00593: Section 4 (the network), 5.2 (robustness).
# - H. Fan, H. Su, L. Guibas, *A Point Set Generation Network for 3D Object Reconstruction from a Single Image*, CVPR
#   2017, arXiv:1612.00603: Section 4 (two branches, Chamfer and earth mover's distance).
# - M. Tatarchenko and others, *What Do Single-view 3D Reconstruction Networks Learn?*, CVPR 2019, arXiv:1905.03678:
#   Section 5 (measures).
#
# **Next:** [22 · Meshes](22_meshes.ipynb), where points get edges and faces, and networks bend them.
