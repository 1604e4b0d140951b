# %% [markdown]
# # 20 · Which places belong to the chair?
#
# *Deep Learning for Video, lecture 20. About 75 minutes. Two CPU cores are enough; the last section uses a GPU,
# published weights and real pictures when they are there.*

# %% tags=["setup"]
course = start("20")

# %%
import os
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.data.sets.r2n2 import RENDERINGS, r2n2, to_course_axes
from course_lib.data.worlds.shapes import KINDS, ShapeWorld, grid, viewpoint
from course_lib.describe import count, describe
from course_lib.metrics import accuracy
from course_lib.models.implicit import DeepSDF, OccupancyNetwork
from course_lib.models.r2n2 import R2N2, THRESHOLD
from course_lib.models.shapenets3d import LAYERS, ShapeNets3D
from course_lib.models.voxel_decoders import PictureToVoxels, VoxelDecoder, voxel_iou
from course_lib.ops.batches import minibatches
from course_lib.ops.level_set import marching_cubes, sample
from course_lib.ops.shape_layers import encode, layers_needed
from course_lib.plots import curve, diagram, from_memory, heatmap, show, table
from course_lib.plots.space import draw_mesh, draw_voxels, side_by_side
from course_lib.train import scores, supervised, trained
from course_lib.widgets.four_forms import FourForms

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - store a shape as voxels, as an octree, in nested layers of depth maps, and as a function, and say what each costs;
# - follow shapes and cost through 3D convolutions, and replace them by 2D ones: voxel tubes;
# - train a network that answers for any point of space, with occupancy or with signed distance, and find its surface;
# - write the signed distance of a piece of furniture with a few lines;
# - judge reconstructions: by intersection over union, at a resolution that shows what is missing.

# %% [markdown]
# A chair as a **voxel grid**: space is cut into $V \times V \times V$ cells, and each is full or empty. With more cells
# it looks better. Under each picture is the number of cells that a computer must keep.

# %%
world = ShapeWorld()
chair = world.shape("chair", seed=2)
show(side_by_side({f"{size}^3 = {size**3:,} cells": draw_voxels(chair.voxels(size)) for size in (8, 16, 32)}),
     alt="One chair from cubes of three sizes: with 8 cells a side hardly a chair, with 32 a good one.")

# %% [markdown]
# Such shapes are what a robot plans its grasp with, what a self-driving car keeps of the street around it (a grid of
# occupied cells), what doctors cut out of a scan. This lecture is about the *whole* of a shape, not only what a camera
# sees of it (lecture 19), and about getting it from one picture.
#
# ## Voxel grids
#
# A voxel grid is to space what the mask of Mask R-CNN (lecture 23) is to a picture: one yes or no per cell. That is the
# good part: conceptually simple, and every network for pictures has a 3D twin. The bad part: fine structures need many
# cells, and getting many is not easy. In this course a grid is $(D, H, W)$, along $z$, $y$ and $x$; $y$ points down.
# The middle of cell $i$ of $V$ lies at $(i + \frac12)/V - \frac12$.
#
# How good is a grid? By **intersection over union**, the IoU of boxes from lecture 13 in 3D: cells full in both,
# divided by cells full in either. With a pencil: two bars of four cells that share two. Then 2 in both, 6 in either:
# one third.

# %% tags=["nbval-check-output"]
one, other = torch.zeros(2, 1, 1, 6, dtype=torch.bool)
one[..., :4], other[..., 2:] = True, True
print((one & other).sum().item(), (one | other).sum().item(), round(voxel_iou(one[None], other[None]).item(), 4))

# %% [markdown]
# What if a side had 1024 cells, as a photograph has pixels? As floats of 4 bytes, such as a network puts out, how many
# GiB ($2^{30}$ bytes) is that, for *one* shape and one channel?

# %% tags=["predict"]
memory_guess = predict("GiB for one grid of 1024^3 floats?", None)

# %%
memory_guess.reveal(1024**3 * 4 / 2**30)
print("and with 32 channels, as an early layer has them:", 32 * 1024**3 * 4 // 2**30, "GiB")

# %% [markdown]
# ## Reading voxels: 3D convolution
#
# The kernels of lecture 02 ran over time; here the third axis is depth, and nothing else changes. **3D ShapeNets** (Wu
# and others, CVPR 2015) was the first deep network on shapes. It takes $1 \times 30 \times 30 \times 30$, one channel
# of 1 or 0, and has three convolutions and no pooling at all.
#
# ## Exercise 20.1: Shapes and cost through 3D convolutions
#
# Follow a grid with one channel through convolutions. Give the shape after each, and the multiply-adds of all of them.
# Each number of an output is a sum over all channels before it and all places of the kernel.

# %% tags=["exercise"] exercise="20.1" points=2
def through_volumes(size, layers):
    """Shapes, cost.  size (D, H, W), layers [(channels, kernel, stride, padding)] -> [(C, D, H, W)], multiply-adds"""
    # BEGIN SOLUTION
    channels, shapes, cost = 1, [], 0
    for width, kernel, stride, padding in layers:
        size = [(side + 2 * padding - kernel) // stride + 1 for side in size]
        shapes.append((width, *size))
        cost += width * size[0] * size[1] * size[2] * channels * kernel**3
        channels = width
    return shapes, cost
    # END SOLUTION


# %% tags=["check"]
through_volumes = check("20.1", through_volumes)

# %% [markdown] tags=["hint"]
# <details>20.1</details>

# %% [markdown]
# The published network, and what it would cost if the side of the grid were doubled:

# %% tags=["nbval-check-output"]
published = [(*layer, 0) for layer in LAYERS]  # channels, kernel, stride; nothing is padded
for side in (30, 60):
    shapes, cost = through_volumes((side,) * 3, published)
    print(side, shapes, f"{count(cost)} multiply-adds")

# %%
with torch.device("meta"):
    reader = describe(ShapeNets3D(), (1, 30, 30, 30), repeats=0)
print(f"{reader.parameters:,} parameters, {count(reader.multiply_adds)} multiply-adds with the linear layers")
show(diagram(reader))

# %% [markdown]
# (The figure calls the first of three axes T, as for clips; here it is depth.) The paper trains it as a belief network,
# layer by layer; as the plain classifier drawn here it has the same layers. A small version, with a grid of $14^3$ and
# furniture that is turned by any angle:

# %%
turned = ShapeWorld(turned=True)
pieces, kinds = turned.shapes(course.pick(cpu=320, smoke=20), seed=1 + course.seed)
new_pieces, new_kinds = turned.shapes(100, seed=500 + course.seed)
train_grids, test_grids = (torch.stack([piece.voxels(14) for piece in some])[:, None] for some in (pieces, new_pieces))
classifier = trained(lambda: ShapeNets3D.mini(len(KINDS)), minibatches((train_grids, kinds), 32, seed=course.seed), 100,
                     course, lr=3e-3)
print(f"{accuracy(scores(classifier, test_grids), new_kinds):.0%} of new furniture; guessing {1 / len(KINDS):.0%}")

# %% [markdown]
# ## Writing voxels: from a picture
#
# Now the other way: a picture $3 \times 112 \times 112$ goes through a 2D CNN to a code, the code becomes a small grid
# of 3D features, and 3D deconvolutions make it larger, to $1 \times V \times V \times V$. Each voxel has a logit; the
# loss is the binary cross-entropy of each.

# %%
with torch.device("meta"):
    solid = describe(PictureToVoxels(), (3, 112, 112), repeats=0)
print(f"{solid.parameters:,} parameters, {count(solid.multiply_adds)} multiply-adds")
show(diagram(solid))

# %% [markdown]
# **3D-R2N2** (Choy and others, ECCV 2016) is the best-known one, and it takes *several* pictures, in any order and
# number: each picture's code goes into a recurrent unit (lecture 10) whose state is a grid of $4^3$ cells. Each cell
# hears the code and, by a 3D convolution, its neighbours: what a new view shows can correct one side of the chair and
# leave the other. Its pictures have $127 \times 127$ pixels, its voxels are $32^3$, and it unpools with zeros: each
# value goes to the first of eight cells.

# %%
with torch.device("meta"):
    views = describe(R2N2(), (3, 3, 127, 127), repeats=0)  # three views
print(f"R2N2: {views.parameters:,} parameters, {count(views.multiply_adds)} multiply-adds for three views")

# %% tags=["claim"]
claim("3D-R2N2, 3D ShapeNets and the plain 3D decoder have 35,968,706, 16,094,408 and 5,372,161 parameters",
      (views.parameters, reader.parameters, sum(p.numel() for p in VoxelDecoder().parameters()))
      == (35_968_706, 16_094_408, 5_372_161), f"{views.parameters:,}, {reader.parameters:,}",
      published="35.97 M in later papers; the others counted from the public layers")

# %% [markdown]
# ### Voxel tubes
#
# 3D convolution needs much computation: the kernel has $k$ times as many numbers, and each layer $D$ times as many
# places. **Voxel tubes** do without it. All layers are 2D, and the last has $V$ channels. We simply *read* them as
# depth: channel $d$ at pixel $(x, y)$ is the voxel $(d, y, x)$. Behind each pixel lies a tube of voxels. What is lost:
# nothing slides along depth any more, so the network learns "leg at depth 3" and "leg at depth 9" separately.
#
# ## Exercise 20.2: Voxel tubes
#
# A head from a map to voxels with twice the rows and columns, in 2D layers: a $3 \times 3$ convolution to `width`
# channels, ReLU, a deconvolution of $2 \times 2$ with stride 2 (`width` channels again), ReLU, a $1 \times 1$
# convolution to `depth` channels. No sigmoid: logits are what losses want.

# %% tags=["exercise"] exercise="20.2" points=2
class TubeHead(nn.Module):
    """Logits of voxels.  maps (B, channels, H, W) -> (B, depth, 2 H, 2 W) along z, y, x"""

    def __init__(self, channels, width, depth):
        super().__init__()
        # BEGIN SOLUTION
        self.conv = nn.Conv2d(channels, width, 3, padding=1)
        self.deconv = nn.ConvTranspose2d(width, width, 2, stride=2)
        self.out = nn.Conv2d(width, depth, 1)
        # END SOLUTION

    def forward(self, maps):
        # BEGIN SOLUTION
        maps = self.conv(maps).relu()
        maps = self.deconv(maps).relu()
        return self.out(maps)
        # END SOLUTION


# %% tags=["check"]
TubeHead = check("20.2", TubeHead)

# %% [markdown] tags=["hint"]
# <details>20.2</details>

# %% [markdown]
# This is, but for its widths, the voxel branch of Mesh R-CNN (lecture 23). One step of doubling, in 2D and in 3D, from
# $24^2$ or $24^3$ cells with 64 channels:

# %%
flat = describe(TubeHead(64, 64, 48), (64, 24, 24), repeats=0)
deep = describe(nn.Sequential(nn.Conv3d(64, 64, 3, padding=1), nn.ReLU(), nn.ConvTranspose3d(64, 64, 2, stride=2),
                              nn.ReLU(), nn.Conv3d(64, 1, 1)), (64, 24, 24, 24), repeats=0)
print(f"tubes: {count(flat.multiply_adds)} multiply-adds, {flat.activation_bytes / 2**20:.1f} MiB of activations; "
      f"3D: {count(deep.multiply_adds)}, {deep.activation_bytes / 2**20:.1f} MiB")

# %% [markdown]
# Further down, under *Reproduce*, both kinds are trained on the same pictures.
#
# ## Octrees: small cells only where something happens
#
# Most of a grid is boring: outside it is empty, inside it is full. An **octree** begins with one cell, the whole cube.
# A cell that is neither empty nor full is *mixed* and is cut into eight; and so on, down to single voxels. In the plane
# it is a quadtree, and a pencil is enough. Cells: `.` empty, `#` filled.
#
# ```
# . . . .      the whole 4 x 4 square:  mixed
# . . . .      its four quarters:       upper left empty, upper right empty,
# # # . .                               lower left filled, lower right mixed
# # # # .      the four cells of that:  1 filled, 3 empty
# ```
#
# Kept are the cells that are not cut further, the *leaves*: 2 + 1 + 4 = 7 instead of 16.
#
# ## Exercise 20.3: The cells of an octree
#
# Count empty, filled and mixed cells of each size. The list begins with the whole cube. A level holds only the children
# of the mixed cells above, and the list ends with the level at which nothing is mixed.

# %% tags=["exercise"] exercise="20.3" points=3
def cells_per_level(voxels):
    """Cells of each level that exist.  voxels (S, S, S) bool, S a power of two -> [(empty, filled, mixed), ...]"""
    sides = [len(voxels) >> level for level in range(len(voxels).bit_length())]  # of a cell: S, S / 2, ..., 1
    # BEGIN SOLUTION
    levels, there = [], torch.ones(1, 1, 1, dtype=torch.bool)
    for side in sides:
        if not there.any():
            break
        n = len(voxels) // side
        share = voxels.view(n, side, n, side, n, side).float().mean((1, 3, 5))
        empty, filled = there & (share == 0), there & (share == 1)
        mixed = there & ~empty & ~filled
        levels.append((int(empty.sum()), int(filled.sum()), int(mixed.sum())))
        there = mixed.repeat_interleave(2, 0).repeat_interleave(2, 1).repeat_interleave(2, 2)
    return levels
    # END SOLUTION


# %% tags=["check"]
cells_per_level = check("20.3", cells_per_level)

# %% [markdown] tags=["hint"]
# <details>20.3</details>

# %% [markdown]
# A ball of radius 0.4, cut ever finer. From $32^3$ to $64^3$ a dense grid has 8 times as many cells. How many times as
# many leaves has the octree?

# %% tags=["predict"]
leaves_guess = predict("Leaves of the ball's octree at 64^3, divided by those at 32^3?", None)

# %%
def leaves(voxels):
    """How many cells are stored: empty and filled ones, of all sizes."""
    return sum(empty + filled for empty, filled, _ in cells_per_level(voxels))


balls = {size: leaves(grid(size).norm(dim=-1) <= 0.4) for size in (16, 32, 64)}
leaves_guess.reveal(balls[64] / balls[32])
print(balls)

# %% [markdown]
# A surface is two-dimensional: with half the side, four times as many cells lie on it. Now furniture, which has more
# surface for its volume than a ball:

# %%
sizes = (16, 32, 64, 128)
some = [world.shape(kind, seed=course.seed) for kind in KINDS]
stored = [sum(leaves(piece.voxels(size)) for piece in some) / len(some) for size in sizes]
fig, ax = curve(sizes, {"dense grid": [size**3 for size in sizes], "octree (leaves)": stored},
                xlabel="voxels along a side", ylabel="cells", xscale="log", yscale="log")
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
show(fig, alt="Cells against voxels along a side, both logarithmic: the dense grid climbs three decades per decade, "
              "the octree two.")

# %% tags=["claim"]
growth = stored[3] / stored[1]
claim("From 32 to 128 voxels a side a dense grid has 64 times as many cells, and the octrees of furniture have fewer "
      "than 25 times as many", 25 - growth, f"octrees times {growth:.1f}, or {growth**0.5:.2f} for each doubling",
      unit="times", published="an octree's cells lie along the surface, 4 for each doubling (Tatarchenko et al. 2017)")

# %% [markdown]
# **Octree Generating Networks** (Tatarchenko, Dosovitskiy, Brox, ICCV 2017) *write* shapes this way. Each level says of
# every cell that exists: empty, filled or mixed, with a softmax over the three. Only the features of mixed cells go on
# to the next deconvolution. While training, either the true octree decides which cells exist, or the network's own
# answer does, as it must later. The price is bookkeeping: a cell has a key instead of a place in a tensor, and its
# neighbours must be looked up.
#
# ## Nested shape layers
#
# Another way to save: fused **depth maps**. Look at a solid along an axis. For each pixel note the first and the last
# full voxel, counted from 1. Do so along all three axes: six maps of $V^2$ numbers instead of $V^3$. Decode: a voxel is
# full if it lies between first and last along *all* three axes.
#
# With a pencil, one tube of seven cells, `. # # . # . .`: first 2, last 5. Between them lie four cells, and only three
# are full. The hole at 4 is not seen along this axis; perhaps along another one. What no axis sees is a hollow, and too
# much was decoded. That surplus is a solid by itself: encode it as the second layer, and *take it away*. If the surplus
# has a hollow of its own, a third layer adds it again, and so on. Like Russian dolls: **Matryoshka networks** (Richter
# and Roth, CVPR 2018). Five layers make $S_{1:5}$ by adding $S_1$, $S_3$, $S_5$ and taking away $S_2$, $S_4$.
#
# ## Exercise 20.4: From depth maps to a solid
#
# Decode layers. Maps $2a$ and $2a + 1$ of a layer are first and last along axis $a$; their rows and columns are the two
# other axes, in order. An empty tube has a first behind every last. (For axis 1: `first` is $(D, W)$.)

# %% tags=["exercise"] exercise="20.4" points=3
def unfold(maps):
    """Nested layers to a solid.  maps (S, S, 6 L) long, depths from 1 to S -> (S, S, S) bool"""
    index = torch.arange(1, len(maps) + 1)
    # BEGIN SOLUTION
    solid = torch.zeros(len(maps), len(maps), len(maps), dtype=torch.bool)
    for number, layer in enumerate(maps.split(6, dim=-1)):
        filled = torch.ones_like(solid)
        for axis in range(3):
            first, last = layer[..., 2 * axis, None], layer[..., 2 * axis + 1, None]
            between = (first <= index) & (index <= last)
            filled = filled & between.movedim(-1, axis)
        solid = solid | filled if number % 2 == 0 else solid & ~filled
    return solid
    # END SOLUTION


# %% tags=["check"]
unfold = check("20.4", unfold)

# %% [markdown] tags=["hint"]
# <details>20.4</details>

# %% [markdown]
# Three solids: a ball, a hollow ball (a shell), and a shell with a ball inside. How many layers does the last one need?

# %% tags=["predict"]
layers_guess = predict("Layers for a ball within a shell?", None)

# %%
radius = grid(32).norm(dim=-1)
shell = (radius < 0.45) & (radius > 0.35)
solids = {"ball": radius < 0.45, "shell": shell, "ball in shell": shell | (radius < 0.22)}
needed = {name: next(n for n in range(1, 9) if torch.equal(unfold(encode(solid, n)), solid))
          for name, solid in solids.items()}
layers_guess.reveal(needed["ball in shell"])
middle = {f"layers: {n}": unfold(encode(solids["ball in shell"], n))[16] for n in (1, 2, 3)}  # a slice through it
show(side_by_side({name: (255 - 200 * full.byte()).repeat_interleave(6, 0).repeat_interleave(6, 1)[..., None]
                   .expand(-1, -1, 3).numpy() for name, full in middle.items()}),
     alt="A slice through the middle: with one layer a full disc, with two a ring, with three a ring around a disc.")

# %% tags=["claim"]
claim("A ball, a shell and a ball in a shell need exactly 1, 2 and 3 layers", list(needed.values()) == [1, 2, 3],
      ", ".join(f"{name}: {n}" for name, n in needed.items()), published="layers alternate, adding and taking away")

# %% [markdown]
# And how many layers does furniture need?

# %%
pieces_64 = [world.shape(kind, seed=s + course.seed) for kind in KINDS for s in range(4)]
counts = [layers_needed(piece.voxels(64)) for piece in pieces_64]
print(f"20 pieces of furniture, 64^3: {counts.count(1)} are exact with one layer; the most needed is {max(counts)}")
print(f"one layer: {6 * 64**2:,} numbers; dense: {64**3:,} cells")

# %% [markdown]
# So such furniture has no hollow that no axis sees. And the network is *flat*: a 2D network whose six output channels
# are depths, not voxels. Tubes give each voxel a channel, $V$ of them; layers give each tube two numbers.
#
# ## Implicit functions
#
# All forms so far say *where* the cells are and ask what is in them. An **implicit function** turns this around: give
# it any point, and it says inside or outside. The truth is a function $o: \mathbb R^3 \to \{0, 1\}$. Some slides add:
# "the surface is the level set $\{x : o(x) = \frac12\}$". But this function never is $\frac12$; it jumps. It is the
# *learned* function, $f_\theta: \mathbb R^3 \to [0, 1]$, a probability, that passes through $\frac12$ on its way, and
# its level set is the surface.
#
# **Occupancy networks** (Mescheder and others, CVPR 2019) are such functions: a network of fully connected layers takes
# the point, and a code that says which shape is meant. It has no resolution. Training draws points, anywhere in space,
# with their truth.
#
# ## Exercise 20.5: Fix the bugs: the loss of an occupancy network
#
# The paper sums the cross-entropy over the points of a shape and averages over the shapes. This version becomes
# infinite as soon as the network is very sure and wrong; and then look at how it adds up.

# %% tags=["exercise"] exercise="20.5" points=2
def occupancy_loss(logits, inside):
    """Cross-entropy, summed over points, averaged over sets.  logits (B, P), inside (B, P) bool -> scalar"""
    # BEGIN SOLUTION
    loss = F.binary_cross_entropy_with_logits(logits, inside.float(), reduction="none")
    return loss.sum(1).mean()
    # STARTING POINT
    # probability = logits.sigmoid()
    # loss = -(inside * probability.log() + ~inside * (1 - probability).log())
    # return loss.mean()
    # END SOLUTION


# %% tags=["check"]
occupancy_loss = check("20.5", occupancy_loss)

# %% [markdown] tags=["hint"]
# <details>20.5</details>

# %% [markdown]
# ### Signed distance
#
# The same idea with more to say: the **signed distance function** (SDF) gives the Euclidean distance to the surface,
# and its sign tells the side; here negative is inside. The surface is its level set 0. A ball of radius $r$ is one
# line: $|x| - r$. And solids combine: a union is $\min(a, b)$, an intersection $\max(a, b)$, and $b$ cut out of $a$ is
# $\max(a, -b)$.
#
# A box with half extents $h$ about 0: let $q = |x| - h$, along each axis. With a pencil, $h = (1, 2, 3)$:
#
# - at $(2, 0, 0)$: $q = (1, -2, -3)$. Outside by 1, along $x$ alone: distance 1.
# - at $(4, 6, 0)$: $q = (3, 4, -3)$. Beyond along two axes; the nearest place is an edge, at $\sqrt{9 + 16} = 5$.
# - at $(0, 0, 0)$: $q = (-1, -2, -3)$. Inside; the nearest face is 1 away: distance $-1$.
#
# ## Exercise 20.6: The signed distance to a union of boxes
#
# Most furniture is boxes. Write the distance to a union of them, from $P$ points to $N$ boxes at once.

# %% tags=["exercise"] exercise="20.6" points=2
def boxes_distance(points, centers, halves):
    """Signed distance to a union of boxes.  points (P, 3), centers (N, 3), halves (N, 3) -> (P,)"""
    # BEGIN SOLUTION
    beyond = (points[:, None] - centers).abs() - halves
    outside = beyond.clamp(min=0).norm(dim=-1)
    inside = beyond.amax(-1).clamp(max=0)
    return (outside + inside).amin(1)
    # END SOLUTION


# %% tags=["check"]
boxes_distance = check("20.6", boxes_distance)

# %% [markdown] tags=["hint"]
# <details>20.6</details>

# %% [markdown]
# Your own table: a plate and four legs, ten lines of numbers. `sample` asks the function at the middles of cells.
# **Marching cubes** then walks over the grid: wherever neighbours have different signs, it puts triangles at the place
# between them where the value would be 0. Below, the values in one slice, and the surface.

# %%
corners = torch.tensor([[x, 0.15, z] for x in (-0.35, 0.35) for z in (-0.2, 0.2)])
centers = torch.cat([torch.tensor([[0.0, -0.15, 0.0]]), corners])
halves = torch.tensor([[0.42, 0.04, 0.27]] + 4 * [[0.04, 0.3, 0.04]])
distance = sample(lambda points: boxes_distance(points, centers, halves), 64)
fig, ax = heatmap(distance[19], "x (cells)", "y (cells)", signed=True, unit="signed distance", vmax=0.1, numbers=False,
                  title="z = -0.2", width=4.2, height=3.2)
ax.contour(distance[19], [0.0], colors="black", linewidths=1.5)
show(fig, alt="A slice through the table: negative within the plate and two legs, positive outside; a black line where "
              "the distance is 0.")
mesh = marching_cubes(distance)
show(side_by_side({f"level set: {len(mesh[1]):,} triangles": draw_mesh(*mesh, size=256, lines=False)}),
     alt="The table as a smooth mesh.")

# %% [markdown]
# Blue is inside, red outside, the black line the surface; from 0.1 on the colour stays the same. **DeepSDF** (Park and
# others, CVPR 2019) learns signed distances. Its loss compares $\mathrm{clamp}(f, \pm 0.1)$ with the true distance,
# clamped alike: only near the surface does the exact number matter. And it needs no encoder. Each training shape has a
# code of its own, a few numbers that are learned together with the network: an **auto-decoder**. For a new shape, the
# network stays and the code alone is optimised.

# %%
with torch.device("meta"):
    networks = {"occupancy network": OccupancyNetwork(), "DeepSDF": DeepSDF()}
for name, network in networks.items():
    print(f"{name:18} {sum(p.numel() for p in network.parameters()):,} parameters, at any resolution")

# %% [markdown]
# ## Reproduce
#
# From one picture to a shape, on ShapeNet: renderings of thirteen kinds of objects, intersection over union with the
# true voxels.

# %%
table({"3D-R2N2, one view": ("32", from_memory(0.560)), "3D-R2N2, five views": ("32", from_memory(0.634)),
       "OGN (octree)": ("32", from_memory(0.596)), "Matryoshka (nested layers)": ("32", from_memory(0.635)),
       "occupancy network": ("any", from_memory(0.571))},
      columns=("voxels a side", "IoU"), best=None, number="{:.3f}",
      source="mean IoU on ShapeNet: Choy et al. 2016, Tatarchenko et al. 2017, Richter and Roth 2018, Mescheder et al. "
             "2019; the last one was measured on points and other test shapes, and cannot be compared with the others")

# %% [markdown]
# ### Tubes against 3D deconvolutions
#
# 240 pieces of furniture, one picture of $32 \times 32$ each, $16^3$ voxels. The encoder, batches and steps are the
# same. The tubes get wider layers, since they have computation to spare. And two answers without any network: for each
# piece the mean of all training voxels; or the voxels of that training picture which is most alike, pixel by pixel.

# %%
furniture, _ = world.shapes(course.pick(cpu=240, smoke=16), seed=3 + course.seed)
new_furniture, new_labels = world.shapes(course.pick(cpu=60, smoke=10), seed=900 + course.seed)
pictures, new_pictures = (torch.stack([p.render(32, 32)[0] for p in some]) for some in (furniture, new_furniture))
voxels, new_voxels = (torch.stack([p.voxels(16) for p in some]) for some in (furniture, new_furniture))
pairs = minibatches((pictures, voxels.float()), 16, seed=course.seed)
each_voxel = supervised(F.binary_cross_entropy_with_logits)


def reconstruct(tubes):
    """A trained network from pictures to voxels, and its cost."""
    network = trained(lambda: PictureToVoxels.mini(tubes=tubes), pairs, 260, course, lr=6e-3, loss=each_voxel)
    return network, describe(network, (3, 32, 32), repeats=0)


# %% [markdown]
# Compare the last two columns: what the computation buys. And the lower rows: what the networks know beyond them.

# %%
made = {"3D deconvolutions": reconstruct(False), "voxel tubes": reconstruct(True)}
found = {name: scores(network, new_pictures).sigmoid() > THRESHOLD for name, (network, _) in made.items()}
alike = torch.cdist(new_pictures.flatten(1), pictures.flatten(1)).argmin(1)
without = {"the mean": (voxels.float().mean(0) > 0.2).expand(len(new_voxels), -1, -1, -1),  # 0.4 leaves nearly nothing
           "most alike picture": voxels[alike]}
iou = {name: voxel_iou(filled, new_voxels).mean().item() for name, filled in (found | without).items()}
table({**{name: (cost.parameters / 1e3, cost.multiply_adds / 1e6, iou[name]) for name, (_, cost) in made.items()},
       **{name: ("–", "–", iou[name]) for name in without}},
      columns=("parameters (thousands)", "multiply-adds (millions)", "IoU, new furniture"), best=None, number="{:.2f}",
      source="our furniture, this run; full from a probability of 0.4 on, as in 3D-R2N2; the mean from 0.2 on")

# %% tags=["claim"]
cost = [cost.multiply_adds for _, cost in made.values()]
claim("Voxel tubes need less than a third of the multiply-adds of the 3D deconvolutions",
      100 * (1 / 3 - cost[1] / cost[0]), f"{cost[1] / cost[0]:.0%} of them", unit="%")
claim("The IoU of the tubes is at most 0.05 lower than that of the 3D deconvolutions, and 0.2 above that of the mean",
      {"against 3D": iou["voxel tubes"] - iou["3D deconvolutions"] + 0.05,
       "above the mean": iou["voxel tubes"] - iou["the mean"] - 0.2},
      f"{iou['voxel tubes']:.3f} against {iou['3D deconvolutions']:.3f}; the mean {iou['the mean']:.3f}",
      published="Matryoshka's tubes and layers, all 2D, are ahead of 3D-R2N2 and OGN")

# %% [markdown]
# The last row is a strong opponent: it has learned nothing, it only looks pictures up. Tatarchenko and others (*What do
# single-view 3D reconstruction networks learn?*, CVPR 2019) found that published networks hardly beat such a search
# either. So an IoU by itself does not show that a network has understood a shape: always look at such a row, too.
#
# Four of the new pieces. Look for what is thin.

# %%
rows = {"picture": [(p.repeat_interleave(5, 1).repeat_interleave(5, 2) * 255).byte().permute(1, 2, 0).numpy()
                    for p in new_pictures[:4]],
        "truth": [draw_voxels(v, size=160) for v in new_voxels[:4]],
        "3D": [draw_voxels(v, size=160) for v in found["3D deconvolutions"][:4]],
        "tubes": [draw_voxels(v, size=160) for v in found["voxel tubes"][:4]]}
show(side_by_side({f"{name} {i + 1}": shown[i] for name, shown in rows.items() for i in range(4)}, columns=4),
     alt="Four new pieces: their pictures, true voxels, and the voxels from 3D deconvolutions and from tubes, both "
         "with parts of thin legs and boards missing.")

# %% [markdown]
# The tubes keep up though they cannot slide along depth: with one direction of view, a chair's parts are always at much
# the same depths. (After *these* steps, that is; 3D layers take longer to train.) Both lose what is thin: a leg is one
# voxel wide, and a leg that is off by one voxel counts as wrong twice. Which brings us to resolution.
#
# ### A function against a grid
#
# Four chairs, each with a code of eight numbers, learned along: an auto-decoder. Once a code goes into a 3D decoder for
# $16^3$ voxels, and once, with the point, into a small occupancy network. Half of its training points lie near the
# surface. Both are judged at $64^3$.

# %%
chairs, _ = ShapeWorld(("chair",)).shapes(4, seed=course.seed)
truth = torch.stack([c.voxels(64) for c in chairs])
generator = course.generator()
near = torch.stack([c.points(2048, generator)[0] for c in chairs])
near = near + 0.03 * torch.randn(near.shape, generator=generator)
places = torch.cat([near, torch.rand(4, 2048, 3, generator=generator) - 0.5], dim=1)
belongs = torch.stack([c.occupancy(p) for c, p in zip(chairs, places, strict=True)])


def finer(voxels, size=64):
    """Each voxel repeated, up to size^3: (B, D, H, W) -> (B, size, size, size)"""
    times = size // voxels.shape[-1]
    return voxels.repeat_interleave(times, 1).repeat_interleave(times, 2).repeat_interleave(times, 3)


class WithCodes(nn.Module):
    """A decoder and a code for each of the four chairs; called with the chairs' numbers and, perhaps, points."""

    def __init__(self, decoder, size=8):
        super().__init__()
        self.decoder, self.codes = decoder, nn.Parameter(0.3 * torch.randn(4, size))

    def forward(self, numbers, points=None):
        code = self.codes[numbers]
        return self.decoder(code) if points is None else self.decoder(points, code)


# %% [markdown]
# The grid sees all of its voxels in each step, the function 512 points of each chair. (Your loss adds up over points;
# divided by their number, the step length does not depend on it.)

# %%
all_four = torch.arange(4)
coarse_truth = torch.stack([c.voxels(16) for c in chairs])
grid_network = trained(lambda: WithCodes(VoxelDecoder(8, (32, 16, 12))), lambda step: (all_four, coarse_truth.float()),
                       200, course, lr=1e-2, loss=supervised(F.binary_cross_entropy_with_logits))


def drawn_points(step):
    """512 points of each chair: (numbers, points), inside."""
    chosen = torch.randint(places.shape[1], (512,), generator=torch.Generator().manual_seed(step))
    return (all_four, places[:, chosen]), belongs[:, chosen]


function_network = trained(lambda: WithCodes(OccupancyNetwork.mini(8, 48)), drawn_points, 400, course, lr=5e-3,
                           loss=lambda network, batch: occupancy_loss(network(*batch[0]), batch[1]) / 512)

# %% [markdown]
# To judge both, the voxels of the decoder are repeated to $64^3$, and so are the *true* voxels of $16^3$ and $32^3$:
# what a perfect decoder of that size would reach.

# %%
def answers(number):
    """Logits of a chair on a grid of 64^3."""
    one = torch.tensor([number])
    return sample(lambda points: function_network(one, points[None])[0], 64, coarse=32)


logits = torch.stack([answers(number) for number in range(4)])
with torch.no_grad():
    from_grid = grid_network(all_four) > 0
size_of = {name: sum(p.numel() for p in network.parameters()) for name, network in
           (("3D decoder, 16^3", grid_network), ("occupancy network", function_network))}
fine_iou = {"3D decoder, 16^3": voxel_iou(finer(from_grid), truth).mean().item(),
            "occupancy network": voxel_iou(logits > 0, truth).mean().item()}
ceiling = {f"the true voxels, {n}^3": voxel_iou(finer(torch.stack([c.voxels(n) for c in chairs])), truth).mean().item()
           for n in (16, 32)}
table({**{name: (f"{size_of[name]:,}", fine_iou[name]) for name in size_of},
       **{name: ("–", value) for name, value in ceiling.items()}},
      columns=("parameters", "IoU at 64^3"), best=None, number="{:.3f}", source="four chairs, this run")

# %% tags=["claim"]
lead = fine_iou["occupancy network"] - fine_iou["3D decoder, 16^3"]
claim("With fewer parameters, the implicit function is ahead of the voxel decoder by more than 0.1 of IoU at 64^3",
      {"IoU": lead - 0.1, "fewer": 1 - size_of["occupancy network"] / size_of["3D decoder, 16^3"]},
      f"{fine_iou['occupancy network']:.2f} with {size_of['occupancy network']:,} parameters, "
      f"{fine_iou['3D decoder, 16^3']:.2f} with {size_of['3D decoder, 16^3']:,}; the true voxels of 16^3 reach "
      f"{ceiling['the true voxels, 16^3']:.2f}", published="occupancy networks: the same network at any resolution")

# %% [markdown]
# And the first of the chairs, as each of them has it:

# %%
surface = marching_cubes(logits[0], above=True)
shown = {"truth": draw_mesh(*chairs[0].mesh(48), lines=False, reach=0.72), "3D decoder": draw_voxels(from_grid[0]),
         "occupancy network": draw_mesh(*surface, lines=False, reach=0.72)}
show(side_by_side(shown), alt="A chair: its true surface; made of cubes; and from the occupancy network, smooth "
                              "and rounded where the truth has edges.")

# %% [markdown]
# Read the table's last rows. The decoder has learned the true voxels of its own size, and more training would not make
# it finer: its resolution is built in. (One layer more, and 32 a side: then the last row is its limit.) The function's
# is not: we asked at $64^3$, and could ask at $512^3$ without a parameter more. What it costs is *questions*: $64^3$ of
# them. `sample` asks at $32^3$ first, and again only near the surface, as the paper does: the octree once more. Mind
# the threshold too: the released occupancy networks for pictures take 0.2, not $\frac12$.
#
# Is a grid useless, then? No. It knows its neighbours, it convolves, and one pass gives everything. Lecture 23 begins
# with a coarse grid and refines its surface.
#
# ## Four forms of one shape
#
# **Find out:** which form is smallest for a chair at 8 cells a side, and which at 32? For which piece does the octree
# help least?

# %% tags=["widget"]
FourForms()

# %% [markdown]
# ## On a GPU
#
# 3D-R2N2 with its released weights (MIT licence). Set `R2N2_WEIGHTS` to the public file `ResidualGRUNet.npy`, and
# `R2N2_DATA` to a folder that holds `ShapeNetRendering` and `ShapeNetVox32`, the data of that paper. Without them the
# same code runs on our furniture, with random weights, at mini size on a CPU; then the numbers say nothing about
# 3D-R2N2.
#
# The file is a list of arrays from *Theano*, whose convolutions turn the kernel around. `from_published` turns it back;
# without that, nothing crashes, and every layer computes something else. It is also a *pickle*, which can run any code
# when it is opened; the course's reader takes arrays from it and refuses everything else.

# %% tags=["gpu"]
weights, folder = Path(os.environ.get("R2N2_WEIGHTS", "ResidualGRUNet.npy")), Path(os.environ.get("R2N2_DATA", "r2n2"))
if weights.is_file():
    model = R2N2.from_published(weights).to(course.device)
else:
    model = course.pick(cpu=R2N2.mini, gpu=R2N2)().to(course.device).eval()
    print("Random weights: the published ones are not here.")
if (folder / RENDERINGS).is_dir():
    sets = r2n2(folder, train=False)[: course.pick(cpu=2, gpu=200)]
    several = torch.stack([item.views(range(5), model.side) for item in sets])
    solids_32 = torch.stack([item.voxels() for item in sets])
else:
    things = new_furniture[: course.pick(cpu=2, gpu=16)]
    several = torch.stack([torch.stack([thing.render(model.side, model.side, pose=viewpoint(72.0 * v))[0]
                                        for v in range(5)]) for thing in things])
    solids_32 = torch.stack([thing.voxels(32) for thing in things])
    print("No renderings here: our furniture instead.")

# %% tags=["gpu"]
with torch.no_grad(), torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
    for number in (1, 3, 5):
        parts = several[:, :number].to(course.device).split(16)
        filled = torch.cat([model.occupied(part).cpu() for part in parts])
        filled = to_course_axes(filled) if weights.is_file() else filled  # the release has axes of its own
        print(f"views: {number}, IoU {voxel_iou(filled, solids_32).mean():.3f}")

# %% [markdown]
# And both decoders at their published size, from pictures of $112 \times 112$ to $32^3$ voxels (on a CPU small ones, a
# few steps: this shows the way, not the result). `course train 20 --data FOLDER` trains them on the real renderings.

# %% tags=["gpu"]
side, few = course.pick(cpu=32, gpu=112), course.pick(cpu=16, gpu=400, smoke=8)
large = torch.stack([piece.render(side, side)[0] for piece in furniture[:few]])
for tubes in (False, True):
    build = (lambda tubes=tubes: PictureToVoxels.mini(tubes=tubes)) if side == 32 else (
        lambda tubes=tubes: PictureToVoxels(tubes=tubes))
    network = build()
    target = torch.stack([piece.voxels(network.decoder.side) for piece in furniture[: len(large)]]).float()
    batches = minibatches((large, target), min(len(large), 32), seed=course.seed)
    network = trained(build, batches, course.pick(cpu=4, gpu=2000), course, lr=1e-3, dtype=course.dtype,
                      loss=each_voxel)
    filled = scores(network, large).sigmoid() > THRESHOLD
    print(f"{'tubes' if tubes else '3D'}: IoU on training pictures {voxel_iou(filled, target.bool()).mean():.3f}")

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - A voxel grid is simple and grows with the cube of its side; 3D convolutions grow with it.
# - Voxel tubes read the channels of a 2D network as depth, for a fraction of the computation.
# - Octrees cut only mixed cells and grow like a surface, by 4; nested layers store first and last along three axes.
# - An implicit function answers for any point; its surface is the level set ½ or, of distances, 0.
# - A grid's resolution is built into its decoder; a function's is chosen when you ask.
#
# ## Do you remember?
#
# <details><summary>1. You double the side of a voxel grid. By how much do cells, an octree's leaves, the maps of one
# shape layer and the parameters of an occupancy network grow?</summary>
# By 8, about 4, 4, and not at all.</details>
#
# <details><summary>2. Why does the true occupancy have no level set ½, and what is meant by it?</summary>
# It jumps from 0 to 1. The learned probability is continuous and passes ½; its level set is the surface.</details>
#
# <details><summary>3. What does a voxel tube give up against a 3D deconvolution?</summary>
# Sharing along depth: what is learned at one depth must be learned anew at another.</details>
#
# <details><summary>4. A closed box with a closed box inside it, both hollow. How many nested layers?</summary>
# Four: add the outer solid, take away its hollow, add the inner solid, take away its hollow.</details>
#
# <details><summary>5. Lecture 19: why is a depth map not enough for a chair?</summary>
# It stores the first surface along each ray and nothing behind it.</details>
#
# <details><summary>6. Lecture 10: what makes 3D-R2N2 independent of the number of views?</summary>
# A recurrent unit: the same weights take one view after the other into a state of fixed size.</details>
#
# ## To read
#
# - Z. Wu and others, *3D ShapeNets*, CVPR 2015, arXiv:1406.5670: Section 3 (the network).
# - C. Choy and others, *3D-R2N2*, ECCV 2016, arXiv:1604.00449: Section 3 (the unit), 5 (views).
# - M. Tatarchenko, A. Dosovitskiy, T. Brox, *Octree Generating Networks*, ICCV 2017, arXiv:1703.09438: Section 4.
# - S. Richter, S. Roth, *Matryoshka Networks*, CVPR 2018, arXiv:1804.10975: Sections 3 and 4.
# - L. Mescheder and others, *Occupancy Networks*, CVPR 2019, arXiv:1812.03828: Section 3; J. Park and others,
#   *DeepSDF*, CVPR 2019, arXiv:1901.05103: Sections 3 and 4.
#
# **Next:** [21 · Point clouds](21_point_clouds.ipynb), where only the surface is kept.
