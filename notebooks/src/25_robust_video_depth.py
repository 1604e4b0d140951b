# %% [markdown]
# # 25 · Steady depth when nobody knows where the camera was?
#
# *Deep Learning for Video, lecture 25, the last. About 75 minutes. Two CPU cores are enough; the last section uses a
# GPU, a real video and published weights when they are there.*

# %% tags=["setup"]
course = start("25")

# %%
import os
from dataclasses import replace
from pathlib import Path

import matplotlib
import torch
import torch.nn.functional as F

from course_lib.data.sets.rgbd import rgbd
from course_lib.data.worlds.scenes import SceneWorld
from course_lib.metrics.trajectories import absolute_error, best_similarity, path_length, relative_error
from course_lib.models.midas import MidasNet, preprocess
from course_lib.ops.camera import intrinsics, rigid
from course_lib.plots import curve, from_memory, show, table
from course_lib.plots.space import side_by_side
from course_lib.plots.tracks import tracks as draw_tracks
from course_lib.video_depth.deformation import coarse_to_fine, unevenness
from course_lib.video_depth.filter import chained_flow, filter_video
from course_lib.video_depth.geometry import masked_mean, meet, ratio_loss, trusted
from course_lib.video_depth.measures import instability, tracks_in_space
from course_lib.video_depth.networks import rooms_network
from course_lib.video_depth.poses import find_matches, solve
from course_lib.video_depth.robust import robust_depth
from course_lib.widgets.deformation_grid import DeformationGrid

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - find the path of a camera from depth and flow alone, by minimising one loss over its poses;
# - say why that loss must not depend on the unit of the scene, and show what happens when it does;
# - mend a depth map that is wrong in the large with a coarse grid of factors, from 1 x 1 to 17 x 10;
# - mend what is wrong in the small with a filter that follows flow through several frames;
# - measure a path (ATE, RPE), and say what such a method cannot know.

# %% [markdown]
# Twelve frames of a video, and what a network could say about their depth (we made it up, from the truth and blotches).
# Depth is too near here and too far there, differently in each frame, and it trembles. The last row is the truth, which
# no method in this lecture is shown.

# %%
EVERY, COUNT = 2, 12  # each second frame of the video, twelve in all
rooms = SceneWorld(36, 48, movers=3, travel=1.0, noise=0.0)
videos = (rooms.video(EVERY * (COUNT - 1) + 1, seed=course.seed + 100 * n) for n in range(100))
video = next(v for v in videos if v.moving.float().mean() > 0.08)  # things that move must be seen to move
numbers = list(range(0, len(video), EVERY))
frames, truth, moving, true_poses = (part[numbers] for part in (video.frames, video.depth, video.moving, video.poses))


def field(shape, size, spread, seed):
    """Random factors about 1, smooth between the nodes of a grid: (COUNT, H, W)."""
    logs = spread * torch.randn(COUNT, 1, *shape, generator=course.generator(seed))
    return F.interpolate(logs, size, mode="bicubic", align_corners=True)[:, 0].exp()


def colored(values, low=None, high=None):
    """A map (H, W) in colour, dark for low: (H, W, 3) uint8."""
    low, high = (values.min() if low is None else low), (values.max() if high is None else high)
    share = ((values - low) / (high - low)).clamp(0, 1)
    return (matplotlib.colormaps["viridis"](share.numpy())[..., :3] * 255).astype("uint8")


def pixels(picture):
    """(3, H, W) in 0..1 -> (H, W, 3) uint8."""
    return (picture.clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()


guessed = truth * field((3, 4), truth.shape[1:], 0.25, 1) * field((18, 24), truth.shape[1:], 0.08, 2)

# %%
def enlarged(pictures, columns, times=3):
    """Pictures {name: (H, W, 3)}, each pixel `times` as wide and high."""
    return side_by_side({name: shown.repeat(times, 0).repeat(times, 1) for name, shown in pictures.items()}, columns)


low, high = truth.min(), truth.max()
shown = (0, 3, 6, 9)
show(enlarged({**{f"frame {t}": pixels(frames[t]) for t in shown},
               **{f"guessed depth {t}": colored(guessed[t], low, high) for t in shown},
               **{f"true depth {t}": colored(truth[t], low, high) for t in shown}}, len(shown)),
     alt="Four frames of a room in which boxes move; below, guessed depth with blotches that differ from frame to "
         "frame; below that, the true depth, smooth and steady.")

# %% [markdown]
# ## What can fail
#
# Lecture 24 made depth agree by training a network on the one video (Luo et al., called CVD here). It began with the
# camera's path, from COLMAP. Structure from motion is exact where it works: much texture, a camera that moves sideways,
# a world that stands still. Film a child with a shaking phone, and it finds no path, or half of one. Then CVD has
# nothing to start from.
#
# Kopf, Rong and Huang (*Robust Consistent Video Depth Estimation*, arXiv:2012.05901, December 2020; CVPR 2021) take
# COLMAP out. Their inputs are a depth network and a flow network, which always give *something*. Cameras come from the
# same loss that made the depth agree, with the roles exchanged. They show it on the film *Sintel*, on the videos of
# *DAVIS*, and on videos of cell phones. Such depth is used to put virtual things behind real ones, to refocus or
# relight a video, and to move the viewpoint a little.
#
# ## The inputs
#
# - The frames, and the depth $d_i(p)$ that the network gives each pixel $p$ of frame $i$.
# - A set $P$ of **pairs** of frames $(i, j)$ that are compared.
# - For each pair the **flow** $f_{i\to j}$: where pixel $p$ of frame $i$ went in frame $j$ (lectures 17 and 18).
# - $m^{flow}_{i\to j}$, a mask: the pixels whose flow there and back leads home (the forward-backward check).
# - $m^{dyn}_i$, a mask: what probably moves, the classes *person*, *animal* and *vehicle* of a Mask R-CNN (lecture 23).
#   In the formulas below it does not appear. It keeps such pixels out of the search for cameras.
#
# All pairs of a video of 244 frames would be 29,646 flows. So only some distances $k$ are taken, and fewer pairs the
# larger the distance:
#
# $$ P = \{(i,j) : |i-j| = k,\ i \bmod k = 0,\ k = 1, 2, 4, \dots\} $$
#
# By hand, four frames: $k = 1$ gives (0, 1), (1, 2), (2, 3); $k = 2$ gives (0, 2). The frame 1 is in no pair at
# distance 2.
#
# ## Exercise 25.1: Which frames are compared
#
# Write $P$ for frames 0 to $N-1$, each pair once with the smaller number first, sorted.

# %% tags=["exercise"] exercise="25.1" points=2
def pairs_to_compare(frames):
    """The pairs of the paper.  frames: how many -> sorted list of (i, j), i < j"""
    # BEGIN SOLUTION
    pairs = []
    apart = 1
    while apart < frames:
        for i in range(0, frames - apart, apart):
            pairs.append((i, i + apart))
        apart = 2 * apart
    return sorted(pairs)
    # END SOLUTION


# %% tags=["check"]
pairs_to_compare = check("25.1", pairs_to_compare)

# %% [markdown] tags=["hint"]
# <details>25.1</details>

# %% [markdown]
# CVD's rule was $i \bmod k/2 = 0$, which lets in nearly twice as many at each distance: 286 pairs of 100 frames. (The
# released code of this paper uses CVD's rule, too.) How many pairs does the rule above give?

# %% tags=["predict"]
pairs_guess = predict("Pairs of 100 frames, i divisible by k?", None)

# %% tags=["nbval-check-output"]
pairs_guess.reveal(len(pairs_to_compare(100)))
print({frames: len(pairs_to_compare(frames)) for frames in (8, 100, 244)})

# %% [markdown]
# Our video has a renderer, so that flow is exact, and we can study the geometry alone. `visible` stands for the
# forward-backward check.

# %%
def flows_of(pairs, video=video):
    """Flow and mask of pairs of frames, as two dicts {(i, j): map}."""
    ends = [[numbers[pair[side]] for pair in pairs] for side in (0, 1)]
    return [dict(zip(pairs, maps, strict=True)) for maps in (video.flow(*ends), video.visible(*ends))]


pairs = pairs_to_compare(COUNT)
flows, masks = flows_of(pairs)
print(f"{len(pairs)} pairs of {COUNT} frames; things that move cover {moving.float().mean():.0%} of the pixels")

# %% [markdown]
# ## From one frame to another
#
# A pixel with its depth is
#
# $$ c_i(p) = s_i\, d_i(p)\, \tilde p, \qquad \tilde p = (p_x, p_y, 1)^T, $$
#
# where the factor $s_i$ of the frame makes up for what the network cannot know, the scale (lecture 19). The paper calls
# $c_i$ a point in the camera's axes. As written it is depth times a homogeneous *pixel*; the step into the camera's
# axes, $K_i^{-1}$, comes when it is carried to frame $j$:
#
# $$ c_{i\to j}(p) = K_j R_j^T \big( R_i K_i^{-1} c_i(p) + t_i - t_j \big). $$
#
# Rotation $R$ and position $t$ are a camera's pose, $K$ its intrinsics. The result is again depth times pixel: its
# third number is the depth as camera $j$ sees it, and the first two divided by it are the pixel. With a pencil: both
# cameras look straight ahead with focal length 10 and middle (4, 3). A point in the middle of frame $i$ is 5 m away:
# $c_i = (20, 15, 5)$, in the camera's axes $(0, 0, 5)$. Camera $j$ stands 1 m to the right, so it sees $(-1, 0, 5)$.
# $K_j$ makes $(-10 + 20, 15, 5)$: pixel (2, 3), depth 5.
#
# All that belongs to the cameras is called $\theta^{cam} = \{R_i, t_i, K_i, s_i\}$. The parameters of the depth network
# are $\theta^{depth}$.
#
# ## Exercise 25.2: From frame to frame
#
# Points are rows here: `pixels` (P, 2), and a matrix $M$ acts on rows as `rows @ M.T`.

# %% tags=["exercise"] exercise="25.2" points=3
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    """c_ij of P pixels.  pixels (P, 2), depth (P,), factor scalar, K and R (3, 3), t (3,) -> (P, 3)"""
    # BEGIN SOLUTION
    ones = torch.ones(len(pixels), 1)
    c = (factor * depth)[:, None] * torch.cat([pixels, ones], dim=1)
    camera = c @ torch.linalg.inv(K_i).T
    world = camera @ R_i.T + t_i
    other = (world - t_j) @ R_j
    return other @ K_j.T
    # END SOLUTION


# %% tags=["check"]
carry = check("25.2", carry)

# %% [markdown] tags=["hint"]
# <details>25.2</details>

# %%
K, eye, zero = intrinsics(10.0, cx=4.0, cy=3.0), torch.eye(3), torch.zeros(3)
print(carry(torch.tensor([[4.0, 3]]), torch.tensor([2.5]), 2.0, K, K, eye, zero, eye, torch.tensor([1.0, 0, 0])))

# %% [markdown]
# ## A loss without a unit
#
# If depth and cameras are right, and nothing moves, $c_{i\to j}(p)$ is the same as $c_j(f_{i\to j}(p))$, what frame $j$
# itself says at the place to which flow leads. How shall we measure the difference of two such points $a$ and $b$?
#
# - **Euclidean**, $\lVert a - b\rVert$ in space: natural, and deadly. Make the whole scene half as large, cameras
#   included, and every distance is half as large.
# - **Disparity**, $|1/a_z - 1/b_z|$, as in CVD: make the scene twice as large, and it is half as large.
# - **Ratio**, this paper's choice:
#
# $$ \mathcal L^{ratio}(a,b) = \frac{\max(a_z,b_z)}{\min(a_z,b_z)} - 1. $$
#
# Added to it is where the two are in the frame. The papers do not print it; it is the distance in the image plane of
# $a_{xy}/a_z$ and $b_{xy}/b_z$:
#
# $$ \mathcal L^{sim}(a,b) = \mathcal L^{spatial}(a,b) + \mathcal L^{ratio}(a,b). $$
#
# In lecture 24 the poses stood still, and with them the unit of the scene. Now cameras *and* depth are free. If the
# depths are 2 and 3 m, what is $\mathcal L^{ratio}$, and what is it once the scene has shrunk to a tenth?

# %% tags=["predict"]
ratio_guess = predict("L_ratio of depths 0.2 and 0.3?", None)

# %%
ratio_guess.reveal(0.3 / 0.2 - 1)
table({f"scene times {s:g}": (abs(3 * s - 2 * s), abs(1 / (3 * s) - 1 / (2 * s)), max(3 / 2, 2 / 3) - 1)
       for s in (0.1, 0.5, 1, 2, 10)}, columns=("difference (m)", "disparity (1/m)", "ratio"), best=None,
      number="{:.3f}", source="two depths, 2 m and 3 m, when everything is scaled: by hand")

# %% [markdown]
# ## Exercise 25.3: A loss without a unit
#
# Write $\mathcal L^{sim}$ for $P$ pairs of points.

# %% tags=["exercise"] exercise="25.3" points=2
def similarity(a, b):
    """L_spatial + L_ratio.  a, b (P, 3): depth times (x, y, 1), depth positive -> (P,)"""
    # BEGIN SOLUTION
    spatial = (a[:, :2] / a[:, 2:] - b[:, :2] / b[:, 2:]).norm(dim=1)
    ratio = torch.maximum(a[:, 2], b[:, 2]) / torch.minimum(a[:, 2], b[:, 2]) - 1
    return spatial + ratio
    # END SOLUTION


# %% tags=["check"]
similarity = check("25.3", similarity)

# %% [markdown] tags=["hint"]
# <details>25.3</details>

# %% [markdown]
# ## The two roles
#
# **Cameras fixed, depth wanted.** With known cameras, the network is trained on this video, as in lecture 24:
#
# $$ \arg\min_{\theta^{depth}} \sum_{(i,j)\in P}\ \sum_{p\in m^{flow}_{i\to j}} \mathcal L^{reproj}_{i\to j}(p)
#    \quad\text{s.t. fixed } \theta^{cam}, \qquad
#    \mathcal L^{reproj}_{i\to j}(p) = \mathcal L^{sim}\big(c_{i\to j}(p),\ c_j(f_{i\to j}(p))\big). $$
#
# **Depth fixed, cameras wanted.** Now the same sum, minimised over $\theta^{cam}$ with $\theta^{depth}$ fixed. This
# needs no network at all: for twelve frames it has eleven poses (the first camera is where the world begins) and twelve
# factors as its unknowns. `solve` draws a few hundred pixels from each pair, starts with all cameras in one place, and
# lets L-BFGS minimise.
#
# With all three losses, then, from the same start. Nothing tells `solve` which unit to use (`hold_scale=0`). What
# becomes of the mean factor of the frames, which starts at 1? Here the moving things are masked.

# %%
still = {pair: mask & ~moving[pair[0]] for pair, mask in masks.items()}
few = find_matches(guessed, flows, still, per_pair=60, seed=course.seed)
units = {}
for kind in ("euclidean", "disparity", "ratio"):
    found = solve(few, video.K, kind=kind, steps=course.pick(cpu=100, smoke=4), hold_scale=0.0)
    units[kind] = found.nodes.log().mean().exp().item()
print({kind: f"{unit:.2g} times as large" for kind, unit in units.items()})

# %% tags=["claim"]
claim("Without anything that holds the unit, the Euclidean loss shrinks the scene to less than a twentieth, disparity "
      "inflates it to more than twice its size, and the ratio leaves it within a factor of 1.5",
      {"Euclidean": 0.05 / units["euclidean"] - 1, "disparity": units["disparity"] / 2 - 1,
       "ratio": 1 - max(units["ratio"], 1 / units["ratio"]) / 1.5},
      ", ".join(f"{kind} {unit:.2g}" for kind, unit in units.items()), published="said of both losses in Section 3")

# %% [markdown]
# The Euclidean loss is "solved" by a world of the size of a speck of dust. Nothing about the *relations* in that world
# is right, but its loss is nearly 0. The ratio has no such way out. It also has no opinion on the unit, so it may drift
# a little; and two results can be compared only after one unit was chosen for both.
#
# ## Exercise 25.4: Fix the bugs: one unit for a whole scene
#
# This function shall bring a solution to a standard unit: the **geometric mean of all factors is 1**, and the scene is
# otherwise the same, only larger or smaller. After it, frames that fitted together no longer do. Two bugs.

# %% tags=["exercise"] exercise="25.4" points=2
def one_unit(positions, nodes):
    """A scene in its standard unit.  positions (T, 3) of the cameras, nodes (T, R, C) factors -> the same two"""
    # BEGIN SOLUTION
    unit = nodes.log().mean().exp()
    return positions / unit, nodes / unit
    # STARTING POINT
    # unit = nodes.mean(dim=(1, 2), keepdim=True)
    # return positions, nodes / unit
    # END SOLUTION


# %% tags=["check"]
one_unit = check("25.4", one_unit)

# %% [markdown] tags=["hint"]
# <details>25.4</details>

# %% [markdown]
# `solve` does it otherwise: it adds a small penalty on the mean of all log factors, which the ratio does not feel.
#
# ## A factor for each part of the frame
#
# One factor per frame cannot mend depth that is too far on the left and too near on the right. And such depth bends the
# path: the cameras must move so that wrong points meet wrong points. So the scale $s_i$ becomes a **deformation**
#
# $$ \phi_i(p) = \sum_k b_k(p)\, s_i^k, \qquad c_i(p) = \phi_i(p)\, d_i(p)\, \tilde p, $$
#
# with factors $s_i^k$ on the nodes of a regular grid over the frame and bilinear coefficients $b_k(p)$: each pixel
# hangs on the four nodes around it, its **handles**. By hand: nodes 1 and 2 above, 3 and 5 below. Half way across,
# above: 1.5; below: 4. In the middle of all: 2.75.
#
# ## Exercise 25.5: The bilinear handles
#
# The outermost nodes lie *on* the outermost pixels (row 0 on top), and at least two rows and columns of nodes are
# there. Write the map without the library's resizing functions.

# %% tags=["exercise"] exercise="25.5" points=3
def factor_map(nodes, height, width):
    """phi at every pixel.  nodes (T, R, C), R and C at least 2 -> (T, height, width)"""
    # BEGIN SOLUTION
    rows, columns = nodes.shape[1:]
    y = torch.arange(height) * (rows - 1) / (height - 1)
    x = torch.arange(width) * (columns - 1) / (width - 1)
    top = y.floor().long().clamp(max=rows - 2)
    left = x.floor().long().clamp(max=columns - 2)
    down, across = (y - top)[:, None], x - left
    upper = (1 - across) * nodes[:, top][:, :, left] + across * nodes[:, top][:, :, left + 1]
    lower = (1 - across) * nodes[:, top + 1][:, :, left] + across * nodes[:, top + 1][:, :, left + 1]
    return (1 - down) * upper + down * lower
    # END SOLUTION


# %% tags=["check"]
factor_map = check("25.5", factor_map)

# %% [markdown] tags=["hint"]
# <details>25.5</details>

# %% [markdown]
# A fine grid from the start would bend depth before the cameras are anywhere near. So the paper goes **from coarse to
# fine**: cameras and a single factor first; then the same factors on a finer grid, from where the optimiser goes on. A
# regulariser keeps neighbouring nodes alike where no pixel asks for a difference (0.1 times their relative difference,
# squared). The grids for a wide frame, as rows and columns:

# %% tags=["nbval-check-output"]
print(coarse_to_fine((36, 48)))
print("relative differences along the edges:", unevenness(torch.tensor([[[1.0, 2], [3, 5]]])).tolist())

# %% [markdown]
# Our frames have only 36 x 48 pixels; 2 x 3 and 4 x 6 nodes will do.

# %%
GRIDS, STEPS = ((1, 1), (2, 3), (4, 6)), course.pick(cpu=120, smoke=3)
solution = solve(find_matches(guessed, flows, still, per_pair=200, seed=course.seed), video.K, GRIDS, steps=STEPS)
stages = [*solution.stages, solution]
factors = factor_map(solution.nodes, 36, 48)
print("your map equals the library's:", torch.allclose(factors * guessed, solution.deformed(guessed), atol=1e-4))

# %% [markdown]
# **Look and find out:** choose the network's depth, then one stage after the other. In which parts of a frame does the
# error stay although the grid is fine? (The right picture needs the truth, the optimiser did not have it.)

# %% tags=["widget"]
DeformationGrid(guessed, truth, [stage.nodes for stage in stages], ~moving)

# %% [markdown]
# Two kinds of error stay. Things that move were masked, so nothing says how far away they are: they are stretched by
# whatever their surroundings ask for. And the fine trembling is finer than any grid.
#
# ## The filter
#
# For that there is a last step. Follow the pixel through the frames before and after, up to $\tau = 4$. Each of them
# has a depth where the pixel is by then; carried back to frame $i$, it is another opinion $z_{j\to i}$ about the same
# depth. Average the opinions, the agreeing ones above all:
#
# $$ d_i^{final}(p) = \frac{1}{\sum w}\sum_{q\in N(p)}\ \sum_{j=i-\tau}^{i+\tau}
#    w_{i\to j}(q)\ z_{j\to i}\big(\tilde f_{i\to j}(q)\big), \qquad
#    w_{i\to j}(q) = e^{-\lambda_f \mathcal L^{ratio}\left(c_i(p),\ c_{j\to i}(\tilde f_{i\to j}(q))\right)} $$
#
# with $\lambda_f = 3$. The formula is often printed without the division; then a constant depth does not survive. The
# paper's neighbourhood $N(p)$ is 3 x 3 pixels; in the released code it is the pixel alone.
#
# $\tilde f$ is flow to a *far* frame. It is not computed by the flow network, which is good at small steps, but
# **chained**: go to the next frame, read the flow there, go on. Where a step is not to be trusted, the chain ends.

# %%
steps = [(t, t + 1) for t in range(COUNT - 1)]
forward, ahead = (torch.stack(list(part.values())) for part in flows_of(steps))
backward, behind = (torch.stack(list(part.values())) for part in flows_of([(t + 1, t) for t in range(COUNT - 1)]))
chains, alive = chained_flow([flow[None] for flow in forward], [mask[None] for mask in ahead])
direct, seen_far = (table_[0, 4] for table_ in flows_of([(0, 4)]))
both = alive[3][0] & seen_far
print(f"chained over 4 frames against direct flow: median {(chains[3][0] - direct).norm(dim=0)[both].median():.2f} px "
      f"apart; {alive[3].float().mean():.0%} of the chains are alive after 4 steps")

# %%
reach = 4  # tau
earlier, later = ([flow[None] for flow in part] for part in (backward[:reach].flip(0), forward[reach : 2 * reach]))
row, column = torch.meshgrid(torch.arange(4, 36, 9), torch.arange(4, 48, 9), indexing="ij")
row, column = row.flatten(), column.flatten()
starts = torch.stack([column, row], 1).float()
seen = [[mask[None] for mask in part] for part in (behind[:reach].flip(0), ahead[reach : 2 * reach])]


def way(flows, masks):
    """Where the starts are after 1, 2, ... frames; a chain that has ended stays where it ended."""
    places = [starts]
    for chain, good in zip(*chained_flow(flows, masks), strict=True):
        there = starts + chain[0, :, row, column].T
        places.append(torch.where(good[0, row, column][:, None], there, places[-1]))
    return places[1:]


ways = [way(part, masks) for part, masks in zip((earlier, later), seen, strict=True)]
followed = torch.stack([*reversed(ways[0]), starts, *ways[1]], 1)  # (P, 2 tau + 1, 2)
show(draw_tracks(frames[reach], {"frames 0 to 8 through the pixels of frame 4": followed})[0],
     alt="Lines through a grid of pixels of frame 4, over nine frames at most: some are long, others end early, where "
         "the pixel is hidden or leaves the frame.")

# %% [markdown]
# ## Exercise 25.6: The weights of the filter
#
# Here the opinions have already been fetched: `others` holds what $N$ frames say about each pixel.

# %% tags=["exercise"] exercise="25.6" points=2
def filtered_depth(own, others, trusted, sharpness=3.0):
    """Weighted mean of the others; own where none is trusted.  own (H, W), others and trusted (N, H, W) -> (H, W)"""
    # BEGIN SOLUTION
    ratio = torch.maximum(own.expand_as(others), others) / torch.minimum(own.expand_as(others), others) - 1
    weights = torch.exp(-sharpness * ratio) * trusted
    total = weights.sum(dim=0)
    mean = (weights * others).sum(dim=0) / total.clamp(min=1e-12)
    return torch.where(total > 0, mean, own)
    # END SOLUTION


# %% tags=["check"]
filtered_depth = check("25.6", filtered_depth)

# %% [markdown] tags=["hint"]
# <details>25.6</details>

# %% [markdown]
# A frame says 2 m. Two others say 2.2 m, one says 6 m: there, something came in between. The plain mean of the three is
# 3.47 m. What does the filter make of them?

# %% tags=["predict"]
filter_guess = predict("Filtered depth, lambda 3?", None, unit="m")

# %%
said = torch.tensor([2.2, 2.2, 6.0]).view(3, 1, 1)
filter_guess.reveal(filtered_depth(torch.full((1, 1), 2.0), said, torch.ones(3, 1, 1, dtype=torch.bool)).item())

# %% [markdown]
# The 6 m count $e^{-6}$, and 2.2 m $e^{-0.3}$: three hundred times as much.
#
# ## Reproduce
#
# How good is a path? It has a world of its own, so it is first turned, moved and scaled onto the true one. The **ATE**
# (absolute trajectory error) is the root of the mean squared distance that is left. The **RPE** (relative pose error)
# looks at the steps from frame to frame, in position and in angle: it does not see what adds up, and is not moved by
# one early mistake. What others measured of this method:

# %%
table({"Sintel": (0.703, 47.8, from_memory(0.360), from_memory(0.154)), "TUM, dynamic": (None, None, 0.153, 0.026)},
      columns=("abs rel", "delta 1 (%)", "ATE", "RPE, position"), best=None, number="{:.3f}",
      source="Robust CVD as re-evaluated by later papers, which align scale and shift of the depth; the tables of the "
             "paper itself are not repeated here")

# %% [markdown]
# These numbers are worse than the pictures in the paper look. Sintel is a film of fights: most of a frame moves, the
# camera hardly, and the moving parts are counted.
#
# ### Grids
#
# Our own table: path and depth after each stage, without and with the things that move. Depth counts where nothing
# moves. An ATE of 1 % means: of the length of the path.

# %%
length = path_length(true_poses)
careless = solve(find_matches(guessed, flows, masks, per_pair=200, seed=course.seed), video.K, GRIDS, steps=STEPS)


def depth_error(depth, where, truth=truth, moving=moving):
    """Mean relative error in percent, in the unit that fits best over the whole video (a median)."""
    unit = (truth / depth)[~moving].median()
    return 100 * (unit * depth / truth - 1).abs()[where].mean().item()


def judged(found):
    """ATE in percent of the path, RPE in degrees, error of depth in percent."""
    return (100 * absolute_error(found.poses, true_poses) / length, relative_error(found.poses, true_poses)[1],
            depth_error(found.deformed(guessed), ~moving))


scored = {f"{stage.nodes.shape[1]} x {stage.nodes.shape[2]} nodes": judged(stage) for stage in stages}
scored["4 x 6 nodes, moving things not masked"] = judged(careless)
table({"the network's depth": (None, None, depth_error(guessed, ~moving)), **scored},
      columns=("ATE (% of the path)", "RPE (degrees)", "depth error (%)"), best=None, number="{:.1f}",
      source="our video, this run; lower is better")

# %% tags=["claim"]
one, _, grid, loose = scored.values()
claim("A grid of 4 x 6 factors finds a path with an ATE at least 30 % below that of one factor per frame, and a "
      "depth whose error is at least 10 % lower",
      {"path": 70 - 100 * grid[0] / one[0], "depth": 90 - 100 * grid[2] / one[2]},
      f"ATE {one[0]:.1f} to {grid[0]:.1f} % of the path, depth error {one[2]:.1f} to {grid[2]:.1f} %", unit="%")
claim("When the moving things are not masked, the ATE is at least 10 % higher", 100 * (loose[0] / grid[0] - 1) - 10,
      f"{loose[0]:.1f} against {grid[0]:.1f} % of the path", unit="%", published="both papers mask them")

# %%
places, true_places = solution.poses[:, :3, 3], true_poses[:, :3, 3]
laid = best_similarity(places, true_places).points(places)  # turned, moved and scaled, as for the ATE
fig, ax = curve(list(range(COUNT)), {"true, x": true_poses[:, 0, 3], "found, x": laid[:, 0].float(),
                                     "true, z": true_poses[:, 2, 3], "found, z": laid[:, 2].float()},
                xlabel="frame", ylabel="position of the camera (m)")
show(fig, alt="Position to the right and forward over the frames: the found lines follow the true ones.")

# %% [markdown]
# Nobody told the optimiser where any camera was. How much the mask helps differs from video to video; ours was chosen
# so that moving things cover at least 8 % of the pixels. Where they covered a twentieth, we found nearly the same path
# without it, for the loss counts outliers less (Cauchy's loss, see the end).
#
# Mind what the grid does *not* know: the things that move. Their pixels are stretched along with the wall behind them.
# And mind the stages: depth need not become better with each, in a few videos 2 x 3 nodes made it worse. The loss asks
# that frames agree, not that they are right.
#
# ### Once more, the unit
#
# The released code compares disparities, the paper ratios. Which is better? Now that the mean factor is held at 1, each
# may be tried. And since disparity has a unit, we try both in two units: in metres, and in one in which the median
# depth is 1 (the released code takes such a unit).

# %%
matches = find_matches(guessed, flows, still, per_pair=200, seed=course.seed)
small = 1 / guessed.median().item()
tiny = replace(matches, depth=small * matches.depth, other_depth=small * matches.other_depth)
kinds = {"ratio, metres": judged(solution)}
for name, kind, given in (("ratio, median 1", "ratio", tiny), ("disparity, metres", "disparity", matches),
                          ("disparity, median 1", "disparity", tiny)):
    kinds[name] = judged(solve(given, video.K, GRIDS, kind=kind, steps=STEPS))
table(kinds, columns=("ATE (% of the path)", "RPE (degrees)", "depth error (%)"), best=None, number="{:.1f}",
      source="4 x 6 nodes, our video, this run; lower is better")

# %% tags=["claim"]
metres, median = kinds["disparity, metres"], kinds["disparity, median 1"]
claim("What disparity finds hangs on the unit: in the unit of the median depth its ATE is at least 1.3 times that in "
      "metres, and the error of depth at least 1.15 times",
      {"path": median[0] / metres[0] - 1.3, "depth": median[2] / metres[2] - 1.15},
      f"ATE {metres[0]:.1f} in metres, {median[0]:.1f} % of the path with median 1; depth error {metres[2]:.1f} and "
      f"{median[2]:.1f} %; ratio: ATE {kinds['ratio, metres'][0]:.1f} and {kinds['ratio, median 1'][0]:.1f} %")

# %% [markdown]
# In metres, disparity finds a better path here than the paper's ratio. That is the unit's work: our rooms are some
# three metres deep, and there a difference of disparities is about a third of a ratio minus 1. So depth, which is
# wrong, counts less against flow, which is exact here. In the other unit most of this is gone, and depth comes out
# worse than with the ratio. The lesson is not that one of them wins. How much depth should count against flow is a
# choice; the ratio leaves it to you, disparity to the unit.
#
# ### The filter
#
# It reads every opinion of eight neighbours. For steadiness we take CVD's measure $E_s$: how far a tracked point of the
# still room jumps from frame to frame, in metres.

# %%
calm = {"deformed, no filter": solution.deformed(guessed)}
for name, sharpness in (("filter", 3.0), ("plain mean", 0.0)):
    calm[name] = filter_video(calm["deformed, no filter"], forward, backward, solution.K, solution.poses, ahead, behind,
                              sharpness=sharpness)
y, x = (axis.flatten() for axis in torch.meshgrid(torch.arange(3, 36, 4), torch.arange(3, 48, 4), indexing="ij"))
start_at = torch.stack([x, y], 1).float()
tracks = torch.stack([start_at, *(start_at + chain[0, :, y, x].T for chain in chains)], 1)
tracked = torch.stack([~moving[0][y, x], *(~moving[0][y, x] & good[0][y, x] for good in alive)], 1)


def jumps(depth):
    """E_s of the tracks, in metres."""
    unit = (truth / depth)[~moving].median()
    poses = rigid(solution.poses[:, :3, :3], unit * solution.poses[:, :3, 3])
    return instability(tracks_in_space(tracks, unit * depth, video.K, poses), tracked)


filtered = {name: (depth_error(d, ~moving), depth_error(d, moving), jumps(d)) for name, d in calm.items()}
table(filtered, columns=("error, still (%)", "error, moving (%)", "E_s, still (m)"), best=None, number="{:.3f}",
      source="our video, this run; lower is better")

# %% tags=["claim"]
before, after, mean = filtered.values()
claim("The filter lowers the error of depth where nothing moves by more than 3 %, and the jumps of tracked points to "
      "less than half", {"error": 97 - 100 * after[0] / before[0], "jumps": 50 - 100 * after[2] / before[2]},
      f"error {before[0]:.1f} to {after[0]:.1f} %, jumps {before[2]:.3f} to {after[2]:.3f} m", unit="%")
claim("On things that move, the weights make it better than the plain mean by more than 1 %",
      99 - 100 * after[1] / mean[1], f"{after[1]:.1f} against {mean[1]:.1f} %", unit="%")

# %%
unit = (truth / solution.deformed(guessed))[~moving].median()
show(enlarged({"guessed": colored(guessed[6], low, high),
               "deformed": colored(unit * calm["deformed, no filter"][6], low, high),
               "deformed and filtered": colored(unit * calm["filter"][6], low, high),
               "truth": colored(truth[6], low, high)}, 4),
     alt="Depth of frame 6: guessed, with large blotches and grain; deformed, with the grain alone; filtered, with "
         "smooth walls; and the truth.")

# %% [markdown]
# Where nothing moves, the plain mean is about as good, and steadier: all opinions are about the same wall. Where
# something moves, the others speak of another moment. The weights notice by the disagreement, as far as it is large;
# compared with no filter at all, moving things may gain or lose.
#
# ### All of it, with a network
#
# Until now the depth was the truth, distorted on purpose. Now a real network: the small one of lectures 19 and 24,
# trained on pictures of rooms; its weights come with the course. It has never seen this video. Then the turns of the
# paper: cameras and grids from its depth, training on the video with these fixed, cameras and grids once more, filter.

# %%
film = SceneWorld(48, 64, movers=1, travel=1.0, noise=0.0).video(EVERY * (COUNT - 1) + 1, seed=course.seed)
shots, true_depth, going, true_path = (part[numbers] for part in (film.frames, film.depth, film.moving, film.poses))
with torch.no_grad():
    alone = rooms_network()(shots)

# %% [markdown]
# `robust_depth` takes the turns. It needs to know how depth comes out of the network, and flow both ways.

# %%
def depth_of(net, pictures):
    """Frames (B, 3, H, W) to positive depth (B, H, W): this network gives just that."""
    return net(pictures)


both_ways = [*pairs, *((j, i) for i, j in pairs)]
film_flows, film_masks = flows_of(both_ways, film)
turns = robust_depth(rooms_network().requires_grad_(True), depth_of, shots, film.K, film_flows, film_masks, going,
                     rounds=1, lr=4e-4, per_pair=course.pick(cpu=80, smoke=8), steps=course.pick(cpu=30, smoke=2),
                     grids=GRIDS[: course.pick(cpu=3, smoke=1)], seed=course.seed)

# %% [markdown]
# How much do two frames *disagree* about the still room? We ask with the true cameras, which took no part: the mean of
# $\mathcal L^{ratio}$ over all pairs.

# %%
def in_metres(depth):
    """Depth of the film in the unit that fits best: a median, over the whole video."""
    return (true_depth / depth)[~going].median() * depth


def disagreement(depth):
    """Mean ratio loss over the pairs, true cameras, still pixels, in percent."""
    i, j = (list(side) for side in zip(*both_ways, strict=True))
    flow, mask = (torch.stack(list(part.values())) for part in (film_flows, film_masks))
    meeting = meet(in_metres(depth)[i], in_metres(depth)[j], flow, film.K, film.K, true_path[i], true_path[j])
    return 100 * masked_mean(ratio_loss(meeting.depth, meeting.flow_depth), mask & ~going[i]).item()


ended = {"network alone": alone, "cameras, grids, training": turns.unfiltered, "with the filter": turns.depth}
rows = {name: (disagreement(depth), *(depth_error(depth, where, true_depth, going) for where in (~going, going)))
        for name, depth in ended.items()}
table(rows, columns=("frames disagree (%)", "error, still (%)", "error, moving (%)"), best=None, number="{:.1f}",
      source="the network that comes with the course, this run; lower is better")
single, *_, last = [100 * absolute_error(found.poses, true_path) / path_length(true_path)
                    for found in ((turns.rounds[0].stages or turns.rounds)[0], turns.solution)]
print(f"ATE: {single:.1f} % of the path with one factor per frame and no training, {last:.1f} % in the end")

# %%
ends = true_depth.min(), true_depth.max()
show(enlarged({"frame 5": pixels(shots[5]), "network alone": colored(in_metres(alone)[5], *ends),
               "in the end": colored(in_metres(turns.depth)[5], *ends), "truth": colored(true_depth[5], *ends)}, 4),
     alt="A frame, the network's blurred depth, the depth in the end, and the truth, in the same colours.")

# %% tags=["claim"]
apart, agreed = rows["network alone"][0], rows["with the filter"][0]
claim("From a network and flow alone: a path whose ATE is less than two thirds of that with one factor per frame and "
      "no training, and frames that disagree less than half as much as the network's",
      {"path": 100 * (2 / 3 - last / single), "disagreement": 50 - 100 * agreed / apart},
      f"ATE {single:.1f} to {last:.1f} % of the path, frames disagree {apart:.1f} to {agreed:.1f} %", unit="%")

# %% [markdown]
# Path and agreement are what the loss asks for. The error against the truth is another matter. In most of our rooms it
# falls, in some it does not: a network that is right to one tenth may be bent away from the truth to make frames agree.
# That is why we claim nothing about it. Read tables of consistency with this in mind.
#
# The last column is beyond the method. A thing that moves is not where the loss expects it, and nothing in the loss can
# say so. The paper leaves such pixels to the network and to the smoothness of the grid, and its network (MiDaS, trained
# on millions of pictures) knows people. Ours has seen rooms.
#
# ### What the released code does otherwise
#
# The code is public (licence CC BY-NC). Whoever compares results should know where it leaves the paper:
#
# - the optimiser of the poses compares **disparities** by default, and pulls each frame's median depth to 1, which
#   holds the unit; ratio, logarithm and Euclidean distance are options (`kind=` of our `solve`);
# - the training of the network takes $100\,|\log(\min/\max)|$ plus the offset in pixels (`released_loss`);
# - residuals go through Cauchy's loss with scale 0.5, offsets counted in halves of the frame; focal lengths are found,
#   too, one for each frame (`free_focal=True`);
# - grids go 1 x 1, 6 x 4, 12 x 7, 17 x 10 (columns x rows), poses are found from scratch after *every* one of 10 epochs
#   of training, with a learning rate of $10^{-6}$ and batches of 2 pairs;
# - the filter runs only if asked for (`--post_filter`).
#
# ## On a GPU
#
# The same turns with MiDaS on a recorded sequence. Set `RGBD` to a folder as in lecture 19 (TUM's *dynamic* sequences
# have people in them) and `MIDAS_WEIGHTS` to `midas_v21_384.pt`. `FLOW` names a file that `torch.save` made from a
# dict `{(i, j): (2, H, W)}` of flows both ways, for instance with FlowNet 2 (lecture 18). What is missing is replaced
# by our room, on a CPU at mini size.

# %% tags=["gpu"]
folder, weights, flow_file = (Path(os.environ.get(name, missing)) for name, missing in
                              (("RGBD", "rgbd"), ("MIDAS_WEIGHTS", "midas_v21_384.pt"), ("FLOW", "flow.pt")))
if weights.is_file():
    midas = MidasNet.from_published(weights).to(course.device)
else:
    midas = course.pick(cpu=MidasNet.mini, gpu=MidasNet)().to(course.device).eval()
    print("Random weights: the published ones are not here.")


def midas_depth(net, pictures):
    """1 / (relative inverse depth), the largest 1, kept from 0: (B, 3, H, W) in 0..1 -> (B, H, W)."""
    with torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
        inverse = net(preprocess(pictures, course.pick(cpu=64, gpu=384))).float()
    inverse = F.interpolate(inverse[:, None], pictures.shape[2:], mode="bilinear")[:, 0].clamp(min=0)
    return 1 / (inverse / inverse.detach().amax((1, 2), keepdim=True).clamp(min=1e-6) + 0.1)


# %% tags=["gpu"]
if folder.is_dir() and flow_file.is_file():
    real = rgbd(folder)
    real_flows = torch.load(flow_file, weights_only=True)
    real = real[: 1 + max(max(pair) for pair in real_flows)]
    size = next(iter(real_flows.values())).shape[1:]
    real_frames = F.interpolate(torch.stack([f.color for f in real]).float() / 255, size, mode="area")
    scaled = torch.tensor([size[1] / real[0].color.shape[2], size[0] / real[0].color.shape[1], 1.0])
    real_K, real_poses = torch.diag(scaled) @ real.K, torch.stack([f.pose for f in real])
    real_masks = {(i, j): trusted(flow[None], real_flows[j, i][None])[0]
                  for (i, j), flow in real_flows.items()}
else:
    real_frames, real_K, real_poses = shots, film.K, true_path
    real_flows, real_masks = flows_of(both_ways, film)
    print("No sequence with flow here: our room instead.")

# %% tags=["gpu"]
real_turns = robust_depth(midas, midas_depth, real_frames, real_K, real_flows, real_masks,
                          rounds=course.pick(cpu=0, gpu=2), per_pair=course.pick(cpu=10, gpu=400), lr=1e-6,
                          grids=course.pick(cpu=[(1, 1)], gpu=coarse_to_fine(real_frames.shape[2:])), seed=course.seed)
print(f"ATE {absolute_error(real_turns.solution.poses, real_poses):.3f} on a path of {path_length(real_poses):.2f}; "
      f"depth {tuple(real_turns.depth.shape)}")

# %% [markdown]
# With random weights the path is worth nothing, of course: what counts is that each step runs.
#
# ## Where to go from here
#
# You have come from a tensor of frames to a world with cameras in it. What is open, and where it is done:
#
# - **View synthesis.** Depth and cameras tell how a scene looks from where nobody stood. Neural radiance fields and
#   Gaussian splatting optimise the scene itself on the same kind of loss; yours was a depth map with 24 handles.
# - **Differentiable graphics.** A renderer with gradients turns pictures into meshes, materials and light. Lectures 22
#   and 23 were its beginning; PyTorch3D and Mitsuba 3 are good places to continue.
# - **Video object segmentation.** The mask of what moves was given here. Finding it, and keeping each object's identity
#   through a video, is a field of its own, with DAVIS as its first benchmark.
# - **Geometry by networks.** DUSt3R and its heirs predict points and cameras of many frames in one pass. They are
#   trained on what methods like this one and COLMAP have found, and are polished with the losses that you wrote.
# - **Benchmarks.** Sintel has true depth, flow and cameras, being a film from a computer; TUM RGB-D and KITTI are
#   measured. Read how a table aligns scale and shift before you believe it.
#
# Choose a video of your own, and a question about it. That is the next lecture.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - One loss, two roles: cameras fixed, it trains depth; depth fixed, it finds the cameras. No structure from motion.
# - The ratio max / min - 1 has no unit; Euclidean distance shrinks a free scene, disparity inflates it.
# - A coarse grid of factors, refined step by step, mends depth in the large, and with it the path.
# - A filter along chained flow, weighted by agreement, mends it in the small.
# - What moves is masked for the cameras, and remains a guess in the depth.
#
# ## Do you remember?
#
# <details><summary>1. Why could CVD use disparity without inflating its scene?</summary>
# Its cameras were fixed by COLMAP, and with them the unit. Here both are free.</details>
#
# <details><summary>2. How many numbers are unknown for 12 frames with 4 x 6 nodes, focal lengths known?</summary>
# 11 poses of 6 numbers and 12 grids of 24: 66 + 288 = 354, one of which, the unit, nothing decides.</details>
#
# <details><summary>3. Why is flow to a far frame chained?</summary>
# Flow networks are good at small motion; each step is checked, and a chain ends where one fails.</details>
#
# <details><summary>4. Where is the weighted mean of the filter no better than the plain one?</summary>
# Where all opinions are about the same still surface. It is better where some are about something else.</details>
#
# <details><summary>5. Lecture 19: what can one picture not tell, and who tells it here?</summary>
# The scale. Relations between frames come from the loss; the unit of the whole is chosen.</details>
#
# <details><summary>6. Lecture 04: coarse-to-fine there and here: what is the same?</summary>
# A coarse problem with few unknowns brings one near enough for the fine one to start.</details>
#
# ## To read
#
# - J. Kopf, X. Rong, J.-B. Huang, *Robust Consistent Video Depth Estimation*, CVPR 2021,
#   [arXiv:2012.05901](http://arxiv.org/abs/2012.05901): Section 3 (pose optimisation, deformation, filter).
# - X. Luo and others, *Consistent Video Depth Estimation*, SIGGRAPH 2020, arXiv:2004.15021: Section 4.
# - J. Sturm and others, *A Benchmark for the Evaluation of RGB-D SLAM Systems*, IROS 2012: Section V (ATE and RPE).
#
# **Next:** nothing, and everything. Go back to [lecture 00](00_start_here.ipynb) with a video of your own, or help
# someone else through theirs. Thank you for learning with us.
