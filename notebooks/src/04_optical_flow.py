# %% [markdown]
# # 04 · Where did every pixel go?
#
# *Deep Learning for Video, lecture 04. About 85 minutes. Two CPU cores are enough; the last section uses a GPU when
# there is one.*

# %% tags=["setup"]
course = start("04")

# %%
import time

import numpy as np
import torch
import torch.nn.functional as F
from skimage.data import stereo_motorcycle
from skimage.registration import optical_flow_ilk, optical_flow_tvl1

from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.data.worlds.photographs import scaled_photograph
from course_lib.metrics import endpoint_error, flow_outliers
from course_lib.ops import flow as flow_ops
from course_lib.ops.filters import gaussian_blur, gaussian_pyramid
from course_lib.ops.flow import lucas_kanade, pyramidal_lucas_kanade
from course_lib.ops.warp import in_view
from course_lib.plots import bars, curve, heatmap, show, table
from course_lib.plots.flow import flow_strip
from course_lib.widgets.aperture import ApertureExplorer
from course_lib.widgets.flow_explorer import FlowExplorer
from course_lib.widgets.flow_wheel import FlowWheel

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - derive the flow constraint from brightness constancy, and say why one pixel is never enough;
# - write Lucas-Kanade from its 2 x 2 system to an iterated, coarse-to-fine method;
# - warp an image along a flow, and know which way round;
# - measure flow by its end-point error, and find what is hidden without being told;
# - predict where flow fails: even walls, edges, repeated patterns, borders of objects, changes of light.

# %% [markdown]
# Two pictures, and the question of this lecture. Shapes cut from photographs fly over another photograph, and the
# camera moves as well. The third panel is the answer, known exactly because the course drew the pictures: an arrow for
# every pixel, from where it is in image 1 to where it is in image 2. This field of arrows is the **optical flow**, $u$
# pixels to the right and $v$ pixels *down*: the *apparent* motion, that of brightness. (A barber's pole turns and seems
# to rise; a shadow moves where nothing does; a smooth ball turns and seems to rest.) It is used to steady shaky films,
# to make frames between frames, to follow objects and to drive robots, and in the next lecture as a network's input.

# %%
def grey(images):
    """(B, 3, H, W) -> (B, 1, H, W)"""
    return images.mean(1, keepdim=True)


PAIRS = course.pick(cpu=8, smoke=2)
pairs = FlyingShapes(96, 128, motion=1.5).sample(PAIRS, seed=course.seed)
image1, image2, truth, seen = grey(pairs.image1), grey(pairs.image2), pairs.flow, ~pairs.occluded
panels = {"image 1": pairs.image1[0], "image 2": pairs.image2[0], "true flow": truth[0]}
longest = truth[0].norm(dim=0).max()
show(flow_strip(panels), alt=f"Two nearly equal pictures; the flow between them has up to {longest:.1f} pixels, one "
                             "smooth motion for the background and another for each shape.")

# %% [markdown]
# Nobody can draw an arrow for each of 12,288 pixels, so the flow is coloured: the *hue* is the direction, the
# *saturation* is the length. Learn the wheel once and read flow for the rest of the course. **Find out:** what
# colour is a motion down and to the left? What happens to it when the rim stands for twice as many pixels?

# %% tags=["widget"]
FlowWheel()

# %% [markdown]
# ## One row, by hand
#
# Take one row of pixels. Its brightness grows by 2 per pixel, and one frame later every pixel is darker by 1:
#
# | | $x = 0$ | 1 | 2 | 3 | 4 |
# |---|---|---|---|---|---|
# | frame $t$ | 10 | 12 | 14 | 16 | 18 |
# | frame $t + 1$ | 9 | 11 | 13 | 15 | 17 |
#
# If the light did not change, the row has *moved*. What is now at $x$ was at a place that is darker by 1, half a pixel
# to the left: the motion is $u = 0.5$ to the right. As a formula: **brightness constancy** says that a point keeps its
# brightness,
#
# $$ I(x + u,\; y + v,\; t + 1) = I(x, y, t) . $$
#
# For small motion the left side is $I + I_x u + I_y v + I_t$, with the derivatives $I_x$ (per pixel to the right),
# $I_y$ (per pixel down) and $I_t$ (per frame). What is left is the **flow constraint**:
#
# $$ I_x u + I_y v + I_t = 0 . $$
#
# In our row $I_x = 2$ and $I_t = -1$, so $2u - 1 = 0$. Several pixels give several equations for one $u$; the least
# squares answer is $u = -\sum I_x I_t \,/ \sum I_x^2$. A row that is not so even, moved by 0.3:

# %%
x = torch.arange(12.0)
before, after = (torch.sin(0.5 * (x - moved)) + 0.2 * (x - moved) for moved in (0.0, 0.3))
middle = (before + after) / 2                 # derivatives half-way between the two frames
row_x = (middle[2:] - middle[:-2]) / 2        # central difference, as in lecture 02
row_t = (after - before)[1:-1]
print(f"u = {-(row_x * row_t).sum() / (row_x * row_x).sum():.3f}")

# %% [markdown]
# ## Exercise 04.1: Derivatives in space and time
#
# Do for two pictures what these lines do for two rows. The derivatives to the right and down are central differences
# of the picture half-way between the two; the one in time is what changes from the first to the second. The outermost
# pixels lack a neighbour on one side, so all three leave out a border of one pixel.

# %% tags=["exercise"] exercise="04.1" points=2
def derivatives(image1, image2):
    """Ix, Iy (per pixel) and It (per frame).  images (B, 1, H, W) -> three (B, 1, H - 2, W - 2)"""
    # BEGIN SOLUTION
    middle = (image1 + image2) / 2
    ix = (middle[:, :, 1:-1, 2:] - middle[:, :, 1:-1, :-2]) / 2
    iy = (middle[:, :, 2:, 1:-1] - middle[:, :, :-2, 1:-1]) / 2
    it = (image2 - image1)[:, :, 1:-1, 1:-1]
    # END SOLUTION
    return ix, iy, it


# %% tags=["check"]
derivatives = check("04.1", derivatives)

# %% [markdown] tags=["hint"]
# <details>04.1</details>

# %% [markdown]
# ## One equation, two unknowns
#
# In a picture every pixel has *one* equation for *two* numbers. All motions $(u, v)$ on a line agree with it: a pixel
# tells how fast things move along its gradient, and nothing about the motion across. This is the **aperture problem**:
# through a small hole, a straight edge that slides along itself does not seem to move at all.

# %% tags=["predict"]
through_hole = predict("An edge leans by 45° and moves 2 pixels to the right. How many pixels do you see it move?",
                       None, unit="pixels")

# %% [markdown]
# Look through the hole yourself. On the right, each pixel of the window draws its line into the plane of all motions.
# **Find out:** with the window on *an edge*, turn the true direction. For which two directions is the answer nearly
# right, and why? Then move the window to the corner. (The last line gives two *eigenvalues*: how much the brightness in
# the window changes along the direction where it changes most, and along the one where it changes least.)

# %% tags=["widget"]
ApertureExplorer()

# %%
across = torch.tensor([0.5, 0.5]).sqrt()  # the unit vector across an edge that leans by 45 degrees
through_hole.reveal(float(torch.tensor([2.0, 0.0]) @ across))

# %% [markdown]
# At 30 and 210 degrees the block moves straight across its edge, and nothing is lost. In all other directions the part
# along the edge is missing. On the corner the lines come from two edges and cross in one point; on the even wall there
# are no lines.
#
# ## Lucas and Kanade: let neighbours vote
#
# In 1981 Lucas and Kanade assumed that all pixels of a small window move alike (**spatial coherence**). Then there are
# many equations for one $(u, v)$, and least squares leads to
#
# $$ \begin{pmatrix} \sum I_x I_x & \sum I_x I_y \\ \sum I_x I_y & \sum I_y I_y \end{pmatrix}
#    \begin{pmatrix} u \\ v \end{pmatrix}
#    = - \begin{pmatrix} \sum I_x I_t \\ \sum I_y I_t \end{pmatrix} . $$
#
# With a pencil: two pixels, the first with $(I_x, I_y, I_t) = (1, 0, -1)$, the second with $(0, 1, -2)$. The matrix is
# the identity, the right side is $(1, 2)$, so $(u, v) = (1, 2)$.
#
# ## Exercise 04.2: The motion of one window
#
# Turn the row above into a picture. `ix`, `iy`, `it` are the derivatives in one window, each $(H, W)$. Return $(u, v)$
# as a tensor of two numbers. Write the sums yourself. A solver of the library (`solve`, `inv`, `pinv`, `lstsq`, ...)
# may be given the $2 \times 2$ matrix of the sums, and nothing larger: not the derivatives of the whole window.

# %% tags=["exercise"] exercise="04.2" points=3
def solve_window(ix, iy, it):
    """Least squares motion of one window.  ix, iy, it (H, W) -> (2,): u, v in pixels"""
    # BEGIN SOLUTION
    xx, xy, yy = (ix * ix).sum(), (ix * iy).sum(), (iy * iy).sum()
    matrix = torch.stack([torch.stack([xx, xy]), torch.stack([xy, yy])])
    right = -torch.stack([(ix * it).sum(), (iy * it).sum()])
    return torch.linalg.solve(matrix, right)
    # END SOLUTION


# %% tags=["check"]
solve_window = check("04.2", solve_window)

# %% [markdown] tags=["hint"]
# <details>04.2</details>

# %% [markdown]
# Every pixel gets its own window, so we need the sums around each pixel at once. A sum over a window is a blur: the
# library blurs the three products with a Gaussian of standard deviation `sigma`, then solves all systems together. It
# also adds a very small number to the diagonal, so that an even wall gets no motion instead of a division by zero.

# %%
ix, iy, it = derivatives(image1, image2)
spot = (0, 0, slice(39, 52), slice(55, 68))  # rows 40 to 52, columns 56 to 68: the border is missing
print("one window:  ", solve_window(ix[spot], iy[spot], it[spot]))
print("its middle:  ", lucas_kanade(image1, image2, sigma=3.0)[0, :, 46, 62])
print("the truth:   ", truth[0, :, 46, 62])

# %% [markdown]
# ## Exercise 04.3: The end-point error
#
# How wrong is that? The measure is the **end-point error**, EPE: the distance between the tips of the estimated and the
# true arrow, in pixels, averaged. Estimated $(4, 6)$, true $(1, 2)$: the difference is $(3, 4)$, and the error is 5
# pixels. Only pixels with a known truth count, all of them equally; here these are the ones that are still visible in
# image 2. Return a float, or a tensor of one number.

# %% tags=["exercise"] exercise="04.3" points=1
def epe(flow, truth, valid):
    """Mean end-point error in pixels.  flow, truth (B, 2, H, W), valid (B, H, W) bool -> float"""
    # BEGIN SOLUTION
    distance = (flow - truth).square().sum(dim=1).sqrt()  # (B, H, W)
    return distance[valid].mean().item()
    # END SOLUTION


# %% tags=["check"]
epe = check("04.3", epe)

# %% [markdown] tags=["hint"]
# <details>04.3</details>

# %% [markdown]
# ### Which windows can be trusted?
#
# The matrix $M$ knows it before any motion is measured. For a direction $d$ of length 1,
#
# $$ d^\top M d = \sum (I_x d_x + I_y d_y)^2 $$
#
# says how much the brightness changes in that direction, over the whole window. The largest and the smallest value that
# this takes are the two **eigenvalues** of $M$; their directions are at right angles. With a pencil: gradients $(1, 0)$
# and $(0, 2)$ give $M$ with 1 and 4 on the diagonal, and these are its eigenvalues; gradients $(1, 0)$ and $(2, 0)$
# give 5 and 0. Both large: texture or a corner. One small: an edge. Both small: a wall. Take eight pairs with small
# motion and the noise of a cheap camera, sort all pixels by the *smaller* eigenvalue, cut them into four equal groups,
# and measure the error in each.

# %%
slow = FlyingShapes(96, 128, motion=0.5, turn=0.5, zoom=0.005, noise=0.03).sample(PAIRS, seed=course.seed)
slow1, slow2 = grey(slow.image1), grey(slow.image2)
_, small = flow_ops.eigenvalues(*flow_ops.structure_tensor(*flow_ops.spatial_gradients(slow1), sigma=2.0))
cuts = small.flatten().quantile(torch.tensor([0.25, 0.5, 0.75]))
groups = torch.bucketize(small[:, 0], cuts)  # (B, H, W), 0 to 3
one_solve = lucas_kanade(slow1, slow2)
by_group = [float(epe(one_solve, slow.flow, ~slow.occluded & (groups == k))) for k in range(4)]
show(bars(["smallest", "small", "large", "largest"], by_group, "EPE (pixels)", "smaller eigenvalue"),
     alt=f"The error falls from {by_group[0]:.2f} pixels where the smaller eigenvalue is smallest to {by_group[3]:.2f} "
         "where it is largest.")

# %% [markdown]
# ## Fetch it back: warping
#
# The flow constraint is a linear approximation, and for more than about a pixel a bad one. The way out: use the flow so
# far to undo most of the motion, then measure what is left. To undo a motion is to **warp**: each pixel $(x, y)$ of the
# result is fetched from where the flow points,
#
# $$ \text{warped}(x, y) = I_2\big(x + u(x, y),\; y + v(x, y)\big) . $$
#
# Note the direction. The flow goes from image 1 to image 2, but the *colours* travel back, and the result looks like
# image 1. (Pushing pixels forward would leave holes, and two pixels may want the same place.) Places between pixels are
# interpolated. With a pencil: a row 10, 20, 40 and $u = 0.5$ everywhere gives 15, 30, and then half of 40 and half of
# the black outside, 20.
#
# ## Exercise 04.4: Warp an image backwards
#
# PyTorch has `F.grid_sample(image, grid)`. It wants, for each pixel of the result, the place to look at as a pair
# $(x, y)$ in which $-1$ is the centre of the first column or row and $1$ that of the last (this is
# `align_corners=True`). Outside is black, its default. `x` and `y` below are the pixel's own column and row.

# %% tags=["exercise"] exercise="04.4" points=3
def warp(image, flow):
    """Fetch each pixel from where the flow points.

    image (B, C, H, W), flow (B, 2, H, W) pixels -> (B, C, H, W)
    """
    height, width = image.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")  # each (H, W)
    # BEGIN SOLUTION
    grid_x = 2 * (x + flow[:, 0]) / (width - 1) - 1
    grid_y = 2 * (y + flow[:, 1]) / (height - 1) - 1
    grid = torch.stack([grid_x, grid_y], dim=-1)  # (B, H, W, 2)
    return F.grid_sample(image, grid, align_corners=True)
    # END SOLUTION


# %% tags=["check"]
warp = check("04.4", warp)

# %% [markdown] tags=["hint"]
# <details>04.4</details>

# %% [markdown]
# With the true flow, the warped image 2 must be image 1, wherever nothing is hidden. Red and blue below are what is
# left of the difference:

# %%
difference = torch.cat([image2[0, 0] - image1[0, 0], (warp(image2, truth) - image1)[0, 0]], 1)
fig, ax = heatmap(difference, "image 2 − image 1  |  warped image 2 − image 1 (columns)", "row (pixels)", signed=True,
                  unit="brightness", vmax=0.4, width=7.6, height=2.9)
left_over = (warp(image2, truth) - image1).abs()[:, 0]
show(fig, alt=f"Warping lowers the mean difference from {(image2 - image1).abs().mean():.3f} to "
              f"{left_over[seen].mean():.3f}, but not where something is hidden: {left_over[~seen].mean():.3f} there.")

# %% [markdown]
# ## Exercise 04.5: Fix the bugs: iterate
#
# Now iterate: warp image 2 back with the flow so far, let Lucas-Kanade find what is left, and improve the flow.
# Somebody has written it down, and two lines are wrong. `lucas_kanade(a, b)` gives the motion from `a` to `b`.

# %% tags=["exercise"] exercise="04.5" points=2
def refine(image1, image2, iterations):
    """Iterative Lucas-Kanade.  images (B, 1, H, W), 0..1 -> flow (B, 2, H, W) in pixels"""
    flow = torch.zeros(image1.shape[0], 2, *image1.shape[2:])
    for _ in range(iterations):
        # BEGIN SOLUTION
        warped = warp(image2, flow)
        step = lucas_kanade(image1, warped)
        flow = flow + step
        # STARTING POINT
        # warped = warp(image1, flow)
        # step = lucas_kanade(image1, warped)
        # flow = step
        # END SOLUTION
    return flow


# %% tags=["check"]
refine = check("04.5", refine)

# %% [markdown] tags=["hint"]
# <details>04.5</details>

# %% [markdown]
# How much does it help? Whoever claims that nothing moves is wrong by the length of the true motion.

# %%
one_step = endpoint_error(refine(image1, image2, 1), truth, seen)
print(f"longest motion {truth.norm(dim=1)[seen].max():.1f} px. Mean error of no motion at all: "
      f"{endpoint_error(0 * truth, truth, seen):.2f} px, after one step: {one_step:.2f} px")

# %% tags=["predict"]
eight_steps = predict("And what is the mean error after eight steps?", None, unit="pixels")

# %% [markdown]
# Yours, and the library's own version, which differs in two points:

# %%
counts = [0, 1, 2, 4, 8]
added = [endpoint_error(refine(image1, image2, n), truth, seen) for n in counts]
whole = [endpoint_error(lucas_kanade(image1, image2, iterations=n, median=2), truth, seen) for n in counts]
fig, ax = curve(counts, {"steps added (yours)": added, "whole flow, median (library)": whole}, "iterations",
                "EPE (pixels)", ylim=(0, None))
show(fig, alt=f"Error by iterations, {added[0]:.2f} pixels at first. Steps added: {added[1]:.2f} after one, "
              f"{added[-1]:.2f} after eight. The library's version: {whole[1]:.2f} and {whole[-1]:.2f}.")
eight_steps.reveal(added[-1])

# %% [markdown]
# The textbook's version, yours, stops gaining after a few steps, and then loses again. The pixels of a window have been
# warped by slightly different flows, yet all get the *same* correction, and the corrections add up to ripples. So the
# library solves for the *whole* flow of a window every time: each pixel's equation says what its own flow would have to
# be. On RubberWhale, a real pair that we come to, this halves the error of five steps, from 0.41 to 0.21 pixels (both
# without the pyramid of the next section). The library also takes the *median* of 5 x 5 vectors after each step
# (`median=2`), which removes lone outliers and keeps edges.

# %% tags=["claim"]
claim("Eight steps lower the end-point error of one step: solving for the whole flow (the library) leaves less than "
      "70 % of it, adding steps (yours) less than 100 %",
      {"whole flow": 70 - 100 * whole[-1] / whole[1], "added steps": 100 - 100 * added[-1] / added[1]},
      f"{whole[1]:.2f} to {whole[-1]:.2f} px ({whole[-1] / whole[1]:.0%}); "
      f"with added steps {added[1]:.2f} to {added[-1]:.2f} px ({added[-1] / added[1]:.0%})",
      unit="points", published="Lucas and Kanade (1981) iterate as Newton and Raphson do, and give no numbers")

# %% [markdown]
# ## Large motion: from coarse to fine
#
# Iteration has a limit. If a pattern has moved by more than half of its period, the nearest match is the wrong one,
# and every step leads further towards it. So make the motion small: **shrink the pictures**. At half the size a motion
# of 15 pixels is 7.5; then 3.75; then less than 2. Solve at the coarsest size, carry the flow to the next finer one,
# refine it there. Pieces of three photographs, moved by exactly 15 pixels:

# %%
def moved_by_15(name, size=184):
    """A piece of a photograph, and the same moved 15 pixels to the right: (1, 1, size, size) each."""
    picture, places = scaled_photograph(name, 200).mean(0), course.generator()
    top, left = (int(torch.randint(room + 1, (1,), generator=places))
                 for room in (picture.shape[0] - size, picture.shape[1] - size - 15))
    piece = picture[None, None, top : top + size, left : left + size + 15]
    return piece[..., 15:], piece[..., :-15]


NAMES = course.pick(cpu=("astronaut", "coffee", "chelsea"), smoke=("coffee",))
far1, far2 = (torch.cat(images) for images in zip(*map(moved_by_15, NAMES), strict=True))
far_truth = torch.tensor([15.0, 0.0]).view(1, 2, 1, 1).expand(len(far1), 2, *far1.shape[2:])

# %% [markdown]
# ## Exercise 04.6: From a coarser level to a finer one
#
# A flow of size $(h, w)$ is carried to the size $(h', w')$. Two things change: the number of vectors, and their
# *unit*, since a pixel of the fine picture is smaller. Corner pixels stay corner pixels, so count the gaps between
# pixels: a row of 5 pixels has 4 gaps, one of 9 has 8, and a motion of 3 pixels becomes one of 6. In general, $u$ is
# multiplied by $(w' - 1) / (w - 1)$, and $v$ by the same with heights.

# %% tags=["exercise"] exercise="04.6" points=2
def upscale(flow, size):
    """Carry a flow to another size.

    flow (B, 2, h, w) in its pixels, size (h', w') -> (B, 2, h', w') in new pixels
    """
    # BEGIN SOLUTION
    across = (size[1] - 1) / (flow.shape[3] - 1)
    down = (size[0] - 1) / (flow.shape[2] - 1)
    resized = F.interpolate(flow, size=size, mode="bilinear", align_corners=True)
    return resized * flow.new_tensor([across, down]).view(1, 2, 1, 1)
    # END SOLUTION


# %% tags=["check"]
upscale = check("04.6", upscale)

# %% [markdown] tags=["hint"]
# <details>04.6</details>

# %% [markdown]
# Now all parts are there. `gaussian_pyramid` blurs and halves a picture again and again (the blur is needed: lecture 01
# showed what becomes of fine patterns without it). How many levels will 15 pixels need?

# %% tags=["predict"]
levels_needed = predict("How many levels until the mean error is below half a pixel? (1 is the picture itself)", None,
                        unit="levels")

# %%
def coarse_to_fine(image1, image2, levels):
    """Pyramidal Lucas-Kanade.  images (B, 1, H, W), 0..1 -> flow (B, 2, H, W)"""
    pyramids = [reversed(gaussian_pyramid(image, levels)) for image in (image1, image2)]
    flow = None
    for small1, small2 in zip(*pyramids, strict=True):
        flow = torch.zeros(len(small1), 2, *small1.shape[2:]) if flow is None else upscale(flow, small1.shape[2:])
        flow = lucas_kanade(small1, small2, flow=flow, iterations=5, median=2)
    return flow


inside = in_view(far_truth)
by_level = [endpoint_error(coarse_to_fine(far1, far2, n), far_truth, inside) for n in range(1, 6)]
many = endpoint_error(lucas_kanade(far1, far2, iterations=40, median=2), far_truth, inside)
for levels, error in enumerate(by_level, start=1):
    print(f"{levels} level(s), {5 * levels:2} iterations: {error:6.2f} px")
print(f"1 level, 40 iterations:  {many:6.2f} px")
levels_needed.reveal(1 + next(n for n, error in enumerate(by_level) if error < 0.5))

# %% [markdown]
# Four: 15 pixels are 7.5, 3.75 and 1.9 at the next three levels, and 1.9 is within reach of the iteration. At a fifth
# level a picture of 12 x 12 pixels is left, and it adds nothing. What remains is about a fifth of a pixel: iteration
# makes flow *subpixel* accurate.

# %% tags=["claim"]
claim("A pyramid of 4 levels follows a motion of 15 pixels to half a pixel; one level is off by more than 5 pixels, "
      "with twice as many iterations as well",
      {"4 levels": 0.5 - by_level[3], "one level": by_level[0] - 5, "one level, 40 iterations": many - 5},
      f"{by_level[3]:.2f} px with 4 levels, {by_level[0]:.2f} px with one, {many:.2f} px with one and 40 iterations",
      unit="pixels", published="4 levels reach 15 times as far as one (Bouguet, 2000, section 2)")

# %% [markdown]
# It is not magic. The bricks of a wall are about 15 pixels long here, so after a motion of 15 pixels the wall looks
# nearly the same as before. Besides the mean error, look at how many pixels are right:

# %%
brick1, brick2 = moved_by_15("brick")
for levels in (3, 4, 5):
    distance = (coarse_to_fine(brick1, brick2, levels) - far_truth[:1]).norm(dim=1)[inside[:1]]
    print(f"{levels} levels: {distance.mean():5.2f} px; right to half a pixel: {(distance < 0.5).float().mean():.0%}")

# %% [markdown]
# With 3 levels nothing is right: the nearest match of a brick is its neighbour, the wall seems to rest, and no later
# level repairs it. At the fourth level the bricks are blurred away and their stains are left. These lead most pixels to
# the true place; most others stay a whole brick behind, and a fifth level hardly fetches any of them. (A mean over
# "right" and "a brick off" describes neither. The share of right pixels, or a median, says more.)

# %% [markdown]
# Now turn all the knobs yourself, on shapes that fly faster than before. **Find out:** which setting has the lowest
# error? What does the widest window do to the flat background, and what to the outlines of the shapes?

# %% tags=["widget"]
fast = FlyingShapes(96, 128, motion=4.0).sample(PAIRS, seed=course.seed + 5)
FlowExplorer(fast.image1[0], fast.image2[0], fast.flow[0], ~fast.occluded[0])

# %% [markdown]
# ## Three assumptions, and where each fails
#
# **Small motion** is what the pyramid is for. It fails where a small thing moves far, because on the coarse level the
# thing is gone. **Spatial coherence** fails at the border of whatever moves: a window on the border holds two motions.
# How wide should a window be, then? Measure separately within 4 pixels of a border and elsewhere, on pictures with the
# noise of a cheap camera:

# %%
noisy = FlyingShapes(96, 128, motion=1.5, noise=0.03).sample(PAIRS, seed=course.seed + 5)
layer = noisy.layer1[:, None].float()
at_border = (F.max_pool2d(layer, 9, 1, 4) != -F.max_pool2d(-layer, 9, 1, 4))[:, 0]
sigmas = [0.7, 1, 2, 4, 8]
estimates = [pyramidal_lucas_kanade(grey(noisy.image1), grey(noisy.image2), levels=2, sigma=s) for s in sigmas]
lines = {name: [endpoint_error(e, noisy.flow, ~noisy.occluded & where) for e in estimates]
         for name, where in (("within 4 px of a border", at_border), ("elsewhere", ~at_border))}
fig, ax = curve(sigmas, lines, "standard deviation of the window (pixels)", "EPE (pixels)", xscale="log")
ax.set(ylim=(0, None), xticks=sigmas, xticklabels=sigmas)
ax.minorticks_off()
spoken = [f"{name}: " + ", ".join(f"{error:.2f}" for error in values) for name, values in lines.items()]
show(fig, alt=f"Error in pixels for windows from narrow to wide. {'; '.join(spoken)}.")

# %% [markdown]
# Away from borders a wide window is better, up to a point: more pixels vote, and the noise averages out. At the borders
# a narrow one is better, and none is good. No single window is right. This conflict has driven the field for decades,
# and it is one of the reasons for *learning* flow (lectures 17 and 18).
#
# **Brightness constancy** fails when the light changes. Make image 2 brighter by a tenth. One remedy: subtract the
# local mean from both pictures, divide by the local contrast, and compare what is left: texture instead of brightness.

# %%
def texture(image):
    """Brightness minus its local mean, over its local contrast."""
    detail = image - gaussian_blur(image, 4.0)
    return 0.25 * detail / (gaussian_blur(detail**2, 4.0) + 1e-4).sqrt()


fast1, fast2, fast_seen = grey(fast.image1), grey(fast.image2), ~fast.occluded
for name, prepare in (("as it is", lambda image: image), ("texture", texture)):
    errors = [endpoint_error(pyramidal_lucas_kanade(prepare(fast1), prepare(gain * fast2)), fast.flow, fast_seen)
              for gain in (1.0, 1.1)]
    print(f"{name:9} same light {errors[0]:.2f} px, 10 % brighter {errors[1]:.2f} px")

# %% [markdown]
# ## What is hidden?
#
# Some pixels of image 1 are not in image 2: a shape has covered them, or they have left the picture. No method can
# *see* where they went; but it can notice that it does not know. Estimate the flow in both directions. Walk forward,
# read the backward flow there, walk back. Whoever is not home again has met something else on the way, or was led
# astray:
#
# $$ |f + b|^2 > 0.01 \, \big( |f|^2 + |b|^2 \big) + 0.5, \qquad b \text{ read at the place where } f \text{ points} $$
#
# (tolerance of Sundaram, Brox and Keutzer, 2010; in square pixels). With a pencil: forward $(3, 0)$, and there backward
# $(-3, 0)$, the sum is 0: seen. If what lies there is a background at rest, backward $(0, 0)$, the sum is $(3, 0)$, and
# $9 > 0.01 \cdot 9 + 0.5$: hidden.
#
# ## Exercise 04.7: What is hidden?
#
# Return a mask, $(B, H, W)$ of bool: true where the formula says so, and also where the forward flow leaves the picture
# (`in_view(forward)` says where it stays inside). Your `warp` reads $b$ where $f$ points.

# %% tags=["exercise"] exercise="04.7" points=2
def hidden(forward, backward):
    """Occlusion by consistency.  forward, backward (B, 2, H, W) in pixels -> (B, H, W) bool"""
    # BEGIN SOLUTION
    back = warp(backward, forward)
    gap = (forward + back).square().sum(1)
    tolerance = 0.01 * (forward.square().sum(1) + back.square().sum(1)) + 0.5
    return (gap > tolerance) | ~in_view(forward)
    # END SOLUTION


# %% tags=["check"]
hidden = check("04.7", hidden)

# %% [markdown] tags=["hint"]
# <details>04.7</details>

# %% [markdown]
# First with the true flows in both directions, then with estimated ones. *Found* is the share of the truly hidden
# pixels that the mask contains; *right* is the share of the mask that is truly hidden.

# %%
forward, backward = pyramidal_lucas_kanade(fast1, fast2), pyramidal_lucas_kanade(fast2, fast1)
for name, mask in (("true flow", hidden(fast.flow, fast.backward)), ("estimated flow", hidden(forward, backward))):
    hits = (mask & fast.occluded).sum()
    print(f"{name:15} found {hits / fast.occluded.sum():.0%}, right {hits / mask.sum():.0%}")

# %% [markdown]
# With the truth the test is nearly complete (the rest lies on outlines, where `warp` mixes two motions). With estimates
# most of the mask is *not* hidden. Is the test useless, then? Ask instead how *wrong* the flow is where it fails:

# %% tags=["claim"]
doubted = hidden(forward, backward)
errors = [endpoint_error(forward, fast.flow, mask) for mask in (doubted, ~doubted)]
claim("Where forward and backward flow contradict each other, the flow is more than three times as wrong as elsewhere",
      errors[0] / errors[1] - 3,
      f"EPE {errors[0]:.2f} px in the doubted {doubted.float().mean():.0%}, {errors[1]:.2f} px elsewhere",
      unit="times", published="Sundaram, Brox and Keutzer (2010) end their point tracks where the two contradict")

# %% [markdown]
# Where are they?

# %%
mask = torch.where(doubted, 1.0, 0.25 * fast1[:, 0])
show(flow_strip({"estimated": forward[0], "true": fast.flow[0], "doubted (white)": mask[0]}, largest=8.0),
     alt="Estimated and true flow, and the mask: the doubted pixels lie along the outlines of the shapes, at the "
         "border of the picture, and where the estimate is visibly wrong.")

# %% [markdown]
# The test finds what cannot be trusted, for whatever reason. It needs no truth, only a second run, and lecture 24 will
# depend on it.
#
# ## A real pair with real truth
#
# Flow of real scenes is hard to measure. Depth is not: for this pair a structured-light scanner measured it, and two
# cameras side by side are a camera that moves sideways. The *disparity* $d$ of a stereo pair is flow, $u = -d$, $v =
# 0$. Nobody tells the methods that $v = 0$. (The pair is part of scikit-image; we take half its size.)

# %%
left, right, disparity = stereo_motorcycle()
views = torch.from_numpy(np.stack([left, right])).permute(0, 3, 1, 2) / 255
shrink = course.pick(cpu=2, smoke=4)
views = grey(F.interpolate(views, scale_factor=1 / shrink, mode="bilinear", antialias=True))
stereo1, stereo2 = views[:1], views[1:]
real_d = torch.from_numpy(disparity)[::shrink, ::shrink][: views.shape[2], : views.shape[3]] / shrink
known = torch.isfinite(real_d)[None]
real = torch.stack([-real_d.nan_to_num(0, 0, 0), torch.zeros_like(real_d)])[None]
print(f"{tuple(views.shape[2:])} pixels, motion {real.norm(dim=1)[known].min():.0f} to "
      f"{real.norm(dim=1)[known].max():.0f} px, known for {known.float().mean():.0%}")

# %% [markdown]
# Here is what one would use today without a network, beside our own:
#
# - **TV-L1** (Zach, Pock, Bischof, 2007) asks that neighbours move alike through a penalty on *all* differences, which
#   allows a few sharp jumps: borders come out better than with windows. Slow.
# - **ILK** is iterated Lucas-Kanade, as ours.
# - **Farnebäck** (2003) approximates each neighbourhood by a quadratic polynomial and compares polynomials. Fast.
# - **DIS** (Kroeger et al., 2016) matches patches with inverse search, averages, and refines. Faster, and good.
#
# scikit-image has the first two (its flow comes as rows, then columns: turn it around), OpenCV the others.

# %%
def opencv_methods():
    """Farneback and DIS as functions of two uint8 images (H, W) -> (H, W, 2); none where OpenCV is missing."""
    try:
        import cv2
    except ImportError:
        print("skipped: Farneback and DIS need OpenCV (pip install opencv-python-headless)")
        return {}
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return {"Farnebäck (OpenCV)": lambda a, b: cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 5, 15, 3, 5, 1.2, 0),
            "DIS, medium (OpenCV)": lambda a, b: dis.calc(a, b, None)}

# %% [markdown]
# Every method becomes a function without arguments that returns $(1, 2, H, W)$:

# %% tags=["nbval-ignore-output"]
floats = [view[0, 0].numpy() for view in (stereo1, stereo2)]
bytes_ = [(255 * view).round().astype("uint8") for view in floats]
methods = {"no motion": lambda: 0 * real, "ours, 5 levels": lambda: pyramidal_lucas_kanade(stereo1, stereo2, levels=5),
           "ILK (scikit-image)": lambda: torch.from_numpy(optical_flow_ilk(*floats)[::-1].copy())[None],
           "TV-L1 (scikit-image)": lambda: torch.from_numpy(optical_flow_tvl1(*floats)[::-1].copy())[None]}
for name, method in opencv_methods().items():
    methods[name] = lambda method=method: torch.from_numpy(method(*bytes_)).permute(2, 0, 1)[None]

flows = {}
for name, method in methods.items():
    began = time.perf_counter()
    flows[name] = method()
    took = time.perf_counter() - began
    print(f"{name:22} EPE {endpoint_error(flows[name], real, known):6.2f} px   wrong (Fl) "
          f"{flow_outliers(flows[name], real, known):4.0%}   {1000 * took:6.0f} ms")

# %%
shown = {"left view": stereo1[0, 0], "ours": flows["ours, 5 levels"][0],
         "truth (black: unknown)": torch.where(known, real, torch.nan)[0]}
show(flow_strip(shown, largest=30.0), alt="The motorcycle: everything moves left, near things further. Ours is right "
     "on wheels and engine, and bleeds over the outlines.")

# %% [markdown]
# Read both columns. A large mean error can come from few pixels that are wrong by 30; *Fl*, from the KITTI benchmark,
# counts vectors that are wrong by more than 3 pixels and more than 5 %. And one pair is one pair: which method wins
# depends on the motion.
#
# ## Reproduce: RubberWhale
#
# That is why benchmarks exist. Middlebury's pair *RubberWhale* has small motion, and true flow that was measured by
# hidden texture under ultraviolet light. Ours has four levels, of five steps each:

# %%
table({"no motion": 1.256, "Farnebäck": 0.361, "ILK": 0.273, "TV-L1": 0.268, "DIS, medium": 0.224, "ours": 0.195},
      columns=("EPE",), unit="pixels", best=min, number="{:.3f}",
      source="RubberWhale. Measured by this course with the libraries' default settings; the pair is not part of it")

# %% [markdown]
# And on a pair of FlyingChairs with large motion (number 0000000) nothing above is good: no motion 6.05, DIS 6.39,
# Farnebäck 7.77. *Worse than doing nothing.* Chairs that jump over other chairs break all three assumptions at once;
# the learned methods of lectures 17 and 18 were made on exactly this data.
#
# ## On a GPU
#
# Every step above is a sum of shifted images, a lookup, or a $2 \times 2$ formula per pixel. So all pairs of a batch
# go through together, and gradients flow through everything: lecture 05 turns whole videos into flow this way. The same
# code, larger:

# %% tags=["gpu", "nbval-ignore-output"]
height, width = course.pick(cpu=(96, 128), gpu=(384, 512))
batch = FlyingShapes(height, width, motion=4.0).sample(course.pick(cpu=4, gpu=16), seed=1, device=course.device)
first, second = grey(batch.image1), grey(batch.image2)
for _ in range(2):  # the first round warms up
    began = time.perf_counter()
    flow = pyramidal_lucas_kanade(first, second)
    error = endpoint_error(flow, batch.flow, ~batch.occluded)  # a number: waits until the device is done
    took = time.perf_counter() - began
print(f"{len(batch)} pairs of {height} x {width}: {1000 * took:.0f} ms, {len(batch) / took:.1f} pairs/s, "
      f"EPE {error:.2f} px")

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - Brightness constancy, to first order, is one equation per pixel: $I_x u + I_y v + I_t = 0$. Two unknowns.
# - Lucas and Kanade let a window vote; two large eigenvalues mean that the vote can be trusted.
# - Warping fetches image 2 back along the flow; what is left is measured again, and added.
# - A pyramid makes large motion small; leaving a level, the vectors grow with the picture.
# - Borders, walls, patterns and light break it; going forward and back tells where.
#
# ## Do you remember?
#
# <details><summary>1. At a pixel $I_x = 0$, $I_y = 4$, $I_t = 2$. What do you know about its motion?</summary>
# $v = -0.5$: half a pixel up. Nothing about $u$.</details>
#
# <details><summary>2. The eigenvalues of a window are 9 and 0. What is in it?</summary>
# A straight edge: only the motion across it is known.</details>
#
# <details><summary>3. The flow from image 1 to 2 is (1, 0) everywhere. You warp image 2 with it. Which image do you
# get, and what is in its last column?</summary>
# Image 1. The last column is fetched from beyond the border: black.</details>
#
# <details><summary>4. At the coarsest of four levels you find 1.5 pixels. What is that in the picture itself?</summary>
# Three times doubled: about 12 pixels.</details>
#
# <details><summary>5. A method has EPE 0.8 and Fl 2 %, another EPE 0.7 and Fl 9 %. Which one has more pixels that are
# badly wrong?</summary>
# The second one; on most other pixels it must be better.</details>
#
# <details><summary>6. Lecture 02: in which layer of Ji et al.'s network does optical flow occur, and how many maps of
# it are there for 7 frames?</summary>
# In the hardwired first one: 6 for $x$ and 6 for $y$, one per pair of neighbouring frames.</details>
#
# ## To read
#
# - B. D. Lucas, T. Kanade, *An Iterative Image Registration Technique with an Application to Stereo Vision*, IJCAI
#   1981: the whole paper; it is short.
# - J.-Y. Bouguet, *Pyramidal Implementation of the Lucas Kanade Feature Tracker*, Intel, 2000: section 2, line by line
#   what OpenCV does.
# - S. Baker et al., *A Database and Evaluation Methodology for Optical Flow*, IJCV 2011: sections 3 and 4, how one gets
#   true flow and what one measures; the wheel of colours.
# - N. Sundaram, T. Brox, K. Keutzer, *Dense Point Trajectories by GPU-accelerated Large Displacement Optical Flow*,
#   ECCV 2010: section 4, the consistency test.
#
# **Next:** [05 · Two-stream networks](05_two_stream_networks.ipynb), where flow becomes the input of a network.
