# %% [markdown]
# # 19 · How far away is what you see?
#
# *Deep Learning for Video, lecture 19. About 75 minutes. Two CPU cores are enough; the last section uses a GPU, real
# depth and published weights when they are there.*

# %% tags=["setup"]
course = start("19")

# %%
import os
from pathlib import Path

import matplotlib
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.data.sets.rgbd import rgbd
from course_lib.data.worlds.scenes import SceneWorld
from course_lib.data.worlds.shapes import ShapeWorld, grid
from course_lib.describe import count, describe
from course_lib.models.depth_fcn import DepthFCN
from course_lib.models.eigen_depth import SIZE, EigenDepth
from course_lib.models.midas import MidasNet, ResidualConvUnit, inverse_depth
from course_lib.ops.batches import minibatches
from course_lib.ops.camera import backproject, ray_length_to_depth, rays
from course_lib.ops.depth import align_least_squares, best_scale, depth_metrics, l2_loss, normal_loss, normal_metrics
from course_lib.plots import bars, diagram, from_memory, show, table
from course_lib.plots.space import draw_mesh, draw_points, draw_voxels, side_by_side
from course_lib.train import fit, scores, supervised, trained
from course_lib.widgets.many_worlds import ManyWorlds
from course_lib.widgets.orbit import Orbit

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - find your way in 3D vision: its problems, its five representations of shape, and where each is treated;
# - say what a single picture can tell about distance and what it cannot, and choose a loss accordingly;
# - measure depth maps and normals where part of the truth is unknown, without a NaN;
# - turn depth into points and points into normals, and say why a network that predicts normals does better;
# - use a published network for any video, whose output has neither metres nor a zero.

# %% [markdown]
# A frame of a room. Beside it two things that a network shall find from the frame alone: how far away each pixel's
# surface is, and which way it faces.

# %%
world = SceneWorld(96, 128)
frame, depth, normals = world.pictures(1, seed=4 + course.seed)

def colored(values, low=None, high=None, colors="viridis"):
    """A map (H, W) in colour, dark for low: (H, W, 3) uint8."""
    low, high = (values.min() if low is None else low), (values.max() if high is None else high)
    share = ((values - low) / (high - low)).clamp(0, 1)
    return (matplotlib.colormaps[colors](share.numpy())[..., :3] * 255).astype("uint8")


def pixels(picture):
    """(3, H, W) in 0..1 -> (H, W, 3) uint8."""
    return (picture.clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()


def enlarged(pictures, times=2, columns=3):
    """Pictures {name: (H, W, 3)} in rows of `columns`, each pixel `times` as wide and high."""
    return side_by_side({name: shown.repeat(times, 0).repeat(times, 1) for name, shown in pictures.items()}, columns)


show(enlarged({"frame": pixels(frame[0]),
               f"depth: dark {depth.min():.1f} m, yellow {depth.max():.1f} m": colored(depth[0]),
               "normals": pixels((normals[0] + 1) / 2)}),
     alt="A room with boxes and balls; its depth, where things are nearer than the walls behind them; and its normals, "
         "where each wall and each face of a box has one colour, and a ball has many.")

# %% [markdown]
# The colours of the normals are a convention, one of many: here red is x, green is y and blue is z, each from $-1$ to
# 1. The axes are the course's: x right, y down, z forward. So a floor, which faces up, has little green. Others paint
# blue what faces up, red what faces down, green what faces left; never read a colour without its legend.
#
# ## A map of 3D vision
#
# With this lecture the third part of the course begins. Two problems run through it: **from pictures to shape** (what
# is the form of the thing that I see?) and **from shape to meaning** (I have a form; is it a chair, and which part is
# the leg?). What a *shape* is in a computer, there are five answers. Here is one chair in all of them.

# %%
chair = ShapeWorld().shape("chair", seed=2)
picture, seen, chair_depth = chair.render(160, 160)
cut = chair.sdf(grid(160)[:, :, 44]).T  # (160, 160): signed distance where x cuts two legs, y down, z to the right
drawn = {"size": 160, "turn": 30, "above": 20}
show(side_by_side({"depth map (this lecture)": colored(torch.where(seen, chair_depth, chair_depth.max())),
                   "voxels (20)": draw_voxels(chair.voxels(20), **drawn),
                   "implicit (20): a cut": colored(cut, -0.12, 0.12, "RdBu_r"),
                   "points (21)": draw_points(chair.points(700, course.generator())[0], **drawn),
                   "mesh (22, 23)": draw_mesh(*chair.mesh(16), **drawn)}),
     alt="A chair as a depth map; as cubes; as a cut seen from the side, blue where the signed distance is negative: "
         "two legs, seat and back; as points; and as a mesh.")

# %% [markdown]
# - A **depth map** has a distance per pixel: what one camera can know. Surface **normals** are its companion.
# - A **voxel grid** says for each cell of space whether it is full.
# - An **implicit surface** is a function: give it a point, it says inside or outside, or how far from the surface. In
#   the picture that distance is negative (blue) inside, and the surface is where it is 0 (white).
# - A **point cloud** is a set of places on the surface, and nothing about what lies between.
# - A **mesh** is vertices joined by triangles: the surface itself.
#
# The field is larger than these lectures. *Correspondence* finds the same point in two pictures (lecture 16).
# *Multi-view stereo* makes depth from many pictures with known cameras; *structure from motion* finds the cameras as
# well (lecture 24); *SLAM* does so live, on a robot. *Self-supervised learning* trains on videos without any true
# depth. *View synthesis* shows a scene from where nobody stood. *Differentiable graphics* runs a renderer backwards.
# *3D sensors* measure instead of guessing. And mind: in 3D, many methods **without** deep learning are alive and well.
# Geometry is exact, and whoever has two pictures and a good solver needs no training set. Lecture 24 will rely on one.
#
# What is depth for? A phone blurs the background behind a face. A car must brake for what is near. Augmented reality
# hides a virtual cat behind a real sofa. A robot that grasps needs the normal of the surface as well.
#
# ## Depth maps
#
# A frame is $3 \times H \times W$, its depth map $H \times W$. Together they are an **RGB-D** picture. Some sensors
# record it directly: Microsoft's Kinect projects a pattern of infrared dots and sees how it shifts. RGB-D is called
# *2.5D*: it knows nothing of what is behind the first surface.
#
# "Distance from the camera" has two meanings. A range finder measures the length of the **ray**; sensors and data sets
# store **z**, the distance along the optical axis, and so does this course. For a wall straight ahead, z is the same at
# all pixels, and the ray is longer towards the corners. Pixels and z make points: $X = z\,K^{-1}(x, y, 1)^T$, with the
# camera's matrix $K$ (focal lengths and middle, in pixels). With a pencil: a camera of focal length 100, a pixel 50 to
# the right of the middle, $z = 2$: the point is $2 \cdot (0.5, 0, 1) = (1, 0, 2)$.

# %%
wall = torch.full((1, 96, 128), 3.0)  # z of a wall 3 m ahead
length = wall * rays(world.K, 96, 128).norm(dim=0)
print(f"z of the wall: {wall.min():.2f} to {wall.max():.2f} m; its rays: {length.min():.2f} to {length.max():.2f} m; "
      f"back to z: {ray_length_to_depth(length, world.K).max():.2f} m")

# %% [markdown]
# Here is the room above as points. **Find out:** turn it until you stand beside the room. Where is nothing, and why?

# %% tags=["widget"]
def cloud(frame, depth, K):
    """A frame's points about their middle, scaled to -0.5..0.5, and their colours, each (H W, 3)."""
    points = backproject(depth[None], K)[0].flatten(1).T
    points = points - (points.amin(0) + points.amax(0)) / 2
    return points / points.abs().max() / 2, frame.flatten(1).T


points, colors = cloud(frame[0, :, ::2, ::2], depth[0, ::2, ::2], torch.diag(torch.tensor([0.5, 0.5, 1])) @ world.K)
Orbit({"the room": ("points", (points,), {"color": colors, "radius": 3})}, turn=50, above=25,
      question="What does an RGB-D picture know, and what not?")

# %% [markdown]
# Behind every box is a shadow without a point: 2.5D.
#
# ## What a picture cannot tell
#
# A world in which *everything* is three times as large, the room, the things in it, and also the path of the camera.
# How many of the 36,864 numbers of the frame differ by more than rounding?

# %% tags=["predict"]
numbers_guess = predict("Numbers of the frame that change when the world grows by 3?", None)

# %%
giant = SceneWorld(96, 128, scale=(3.0, 3.0))
giant_frame, giant_depth, _ = giant.pictures(1, seed=4 + course.seed)
numbers_guess.reveal(int(((giant_frame - frame).abs() > 1e-6).sum()))
print(f"and the depth of every pixel is {(giant_depth / depth).mean():.2f} times as large")

# %% [markdown]
# None. A near, small thing and a far, large one make the same picture: the **scale ambiguity**. Play with it:

# %% tags=["widget"]
ManyWorlds()

# %% [markdown]
# So how can anybody predict metres from one frame? By knowing the world: doors are 2 m high, cats 30 cm. A network can
# learn this from its training set, as far as sizes there are what they are elsewhere. Where they are not, in a doll's
# house, it is wrong by a factor, and *in all pixels by the same one*. What is left when that factor is unknown is the
# **shape** of the scene: which pixel is twice as far as which.
#
# ## How good is a depth map?
#
# Let $y$ be the predicted and $y^*$ the true depth. Measured depth has holes: glass, black surfaces, what is too far.
# Such pixels are stored as **0**, and 0 does not mean near. Sums run over the $n$ **valid** pixels only.
#
# - abs rel: $\frac1n\sum |y-y^*|/y^*$; sq rel: $\frac1n\sum (y-y^*)^2/y^*$
# - RMSE: $\sqrt{\frac1n\sum (y-y^*)^2}$ in metres; RMSE log: the same with $\log y - \log y^*$
# - $\delta_k$: the share of pixels with $\max(y/y^*, y^*/y) < 1.25^k$
#
# Here is the first, for a map without holes. By hand: a half for the first pixel, 0 for the second, so $\frac14$.

# %%
def abs_rel(depth, truth):
    """Mean relative error.  (H, W) twice, every truth known -> scalar"""
    return ((depth - truth).abs() / truth).mean()


print(abs_rel(torch.tensor([[1.0, 3.0]]), torch.tensor([[2.0, 3.0]])))

# %% [markdown]
# ## Exercise 19.1: Measures that leave out what nobody knows
#
# Extend it to three measures, abs rel, RMSE and $\delta_1$, for maps in which a true depth of 0 means unknown.

# %% tags=["exercise"] exercise="19.1" points=2
def measures(depth, truth):
    """(abs rel, RMSE, delta 1) over pixels with truth > 0.  depth, truth (H, W) in metres -> three scalars"""
    # BEGIN SOLUTION
    known = truth > 0
    y, t = depth[known], truth[known]
    abs_rel = ((y - t).abs() / t).mean()
    rmse = ((y - t) ** 2).mean().sqrt()
    delta = (torch.maximum(y / t, t / y) < 1.25).float().mean()
    return abs_rel, rmse, delta
    # END SOLUTION


# %% tags=["check"]
measures = check("19.1", measures)

# %% [markdown] tags=["hint"]
# <details>19.1</details>

# %% [markdown]
# ## Losses
#
# The first idea is the L2 loss in metres, $\frac1n\sum (y - y^*)^2$. It lets the far wall decide: 10 % of 10 m weighs a
# hundred times as much as 10 % of 1 m. The **logarithm** makes equal factors equal errors, and what a network predicts
# may then be any number. (Our networks predict $\log y$.)
#
# ## Exercise 19.2: Fix the bugs: the logarithm of nothing
#
# This is the squared error of the log, and it comes out as NaN as soon as a depth is unknown. When you have mended
# that, look at what it divides by.

# %% tags=["exercise"] exercise="19.2" points=2
def log_loss(depth, truth):
    """Mean squared difference of the logs over pixels with truth > 0.  (B, H, W) twice, metres -> scalar"""
    known = truth > 0
    # BEGIN SOLUTION
    difference = depth[known].log() - truth[known].log()
    return (difference**2).sum() / known.sum()
    # STARTING POINT
    # difference = (depth.log() - truth.log()) * known
    # return (difference**2).mean()
    # END SOLUTION


# %% tags=["check"]
log_loss = check("19.2", log_loss)

# %% [markdown] tags=["hint"]
# <details>19.2</details>

# %% [markdown]
# A mask cannot take back an infinity. This holds for gradients too: `torch.where(known, x.log(), 0)` has a finite value
# and, at an unknown pixel, a NaN in its *gradient*. Replace or remove **before** the logarithm.
#
# ### A loss that does not ask for the scale
#
# Eigen, Puhrsch and Fergus (NIPS 2014) compare *pairs of pixels*: do two of them stand in the right ratio? With
# $d_i = \log y_i - \log y_i^*$ a pair is off by $d_i - d_j$:
#
# $$ D(y, y^*) = \frac{1}{2n^2}\sum_{i,j} (d_i - d_j)^2
#    = \frac1n\sum_i d_i^2 - \frac{1}{n^2}\Big(\sum_i d_i\Big)^2 $$
#
# The sum over $n^2$ pairs is two sums over $n$ pixels. A common factor adds the same number to every $d_i$, and
# every difference stays. (Another form of the same: $\frac1n\sum (d_i + \alpha)^2$, with $\alpha$ the best shift.
# Some slides print a factor $\frac12$ too many there.) By hand, $d = (1, 3)$: pairs $\frac{1}{8}(0 + 4 + 4 + 0) = 1$;
# sums $\frac{1 + 9}{2} - \big(\frac{4}{2}\big)^2 = 1$. The variance of $d$, that is.

# %%
def pair_form(log_depth, log_truth):
    """The scale-invariant error of one picture, over all pairs of pixels.  (H, W) twice -> scalar"""
    d = (log_depth - log_truth).flatten()
    return ((d[:, None] - d) ** 2).sum() / (2 * len(d) ** 2)


print(pair_form(torch.tensor([[1.0, 3.0]]), torch.zeros(1, 2)))

# %% [markdown]
# ## Exercise 19.3: The scale-invariant loss
#
# The loss has a **weight** $\lambda$ before the second term: 0 is the squared error of the log, 1 is $D$. The paper
# trains with 0.5, which asks for the right scale and forgives half of a common factor. Write it for a batch: $n$ and
# both sums belong to *each picture*, and the loss is the mean over the pictures. A true depth of 0 is unknown.

# %% tags=["exercise"] exercise="19.3" points=3
def scale_invariant(log_depth, truth, weight=0.5):
    """Mean over pictures of (1/n) sum d^2 - weight (1/n sum d)^2.  log_depth (B, H, W), truth (B, H, W) metres"""
    known = truth > 0
    # BEGIN SOLUTION
    log_truth = torch.where(known, truth, torch.ones_like(truth)).log()
    difference = (log_depth - log_truth) * known
    n = known.sum(dim=(1, 2))
    square = (difference**2).sum(dim=(1, 2)) / n
    mean = difference.sum(dim=(1, 2)) / n
    return (square - weight * mean**2).mean()
    # END SOLUTION


# %% tags=["check"]
scale_invariant = check("19.3", scale_invariant)

# %% [markdown] tags=["hint"]
# <details>19.3</details>

# %% [markdown]
# A perfect prediction, all of it times 3. The log of 3 is 1.1. What is the loss with $\lambda = 0.5$?

# %% tags=["predict"]
half_guess = predict("Loss of a perfect prediction times 3, weight 0.5?", None)

# %%
perfect = (3 * depth).log()
half_guess.reveal(scale_invariant(perfect, depth, 0.5).item())
print(f"weight 0: {scale_invariant(perfect, depth, 0.0):.3f}   weight 1: {scale_invariant(perfect, depth, 1.0):.3f}")
small = depth[:, ::8, ::8]
noisy = small.log() + 0.2 * torch.randn(small.shape, generator=course.generator())
print(f"pairs {pair_form(noisy[0], small[0].log()):.5f}, sums {scale_invariant(noisy, small, 1.0):.5f}")

# %% [markdown]
# Half of $(\log 3)^2$. In 2015 Eigen and Fergus added a third term, $\frac1n\sum (\partial_x d)^2 + (\partial_y d)^2$,
# which compares neighbours: depth then has its steps where the truth has them (`eigen_2015_loss` in `ops/depth.py`).
#
# ## Networks
#
# **Fully convolutional.** A frame $3 \times H \times W$ goes in, a map comes out: $1 \times H \times W$ for depth,
# $3 \times H \times W$ for normals. `DepthFCN` halves its maps four times, so that a unit sees most of the frame, and
# doubles them again. On the way up it adds what the same size knew on the way down. Group normalisation (lecture 12)
# follows each convolution but the last: without it, a training this short hardly gets beyond the average depth map.

# %%
with torch.device("meta"):
    plain = describe(DepthFCN.mini(), (3, 48, 64), repeats=0)
print(f"DepthFCN.mini: {plain.parameters:,} parameters, {count(plain.multiply_adds)} multiply-adds for 48 x 64")
show(diagram(plain))

# %% [markdown]
# **Coarse and fine** (2014). How far the far wall is depends on all of the picture, so the coarse network ends in fully
# connected layers, like AlexNet (lecture 06). They know no edges. A second, local network gets the frame and the coarse
# depth as one more channel, and repairs the edges. They are trained one after the other.

# %% tags=["nbval-check-output"]
with torch.device("meta"):
    cost = describe(EigenDepth(), (3, *SIZE), repeats=0)
    network = EigenDepth()
    sizes = {name: tuple(part(torch.zeros(1, 3, *SIZE)).shape[1:]) for name, part in
             (("after pool 1", network.coarse.convs[:3]), ("after the last convolution", network.coarse.convs),
              ("coarse output", network.coarse), ("fine edges", network.fine.edges))}
print(f"{cost.parameters:,} parameters, {count(cost.multiply_adds)} multiply-adds")
print(sizes)

# %%
show(diagram(cost))

# %% [markdown]
# The first fully connected layer alone has $12288 \cdot 4096$ weights, 71 % of all: memory again sits in one place.
#
# **MiDaS** (2019 to 2021) asks for training data. Films, laser scans, stereo pairs: each data set measures depth in
# units of its own, some not even with a known zero, because stereo gives **inverse depth** (disparity) up to a scale
# *and* a shift. MiDaS predicts inverse depth, and compares only after both maps were given the same scale and shift. So
# it can learn from all of them, and works on pictures unlike any of them. Lectures 24 and 25 start from it.

# %%
with torch.device("meta"):
    midas = describe(MidasNet(), (3, 384, 384), repeats=0)
print(f"MidasNet: {midas.parameters:,} parameters, {count(midas.multiply_adds)} multiply-adds for 384 x 384")
show(diagram(midas))

# %% tags=["claim"]
claim("MiDaS v2.1 large has 105,362,945 parameters", midas.parameters == 105_362_945, f"{midas.parameters:,}",
      published="105 M; the public code has 105,362,945")

# %% [markdown]
# ### One line that decides
#
# In its residual units the public code writes `ReLU(inplace=True)`, and adds the input at the end. Read literally:
# $x + \text{conv}(\text{relu}(\text{conv}(\text{relu}(x))))$. Now both convolutions are zero and $x = -1$. What does
# the *public* code, with which the weights were trained, give?

# %% tags=["predict"]
unit_guess = predict("The public unit, convolutions zero, input -1: output?", None)

# %%
unit = ResidualConvUnit(1)
for parameter in unit.parameters():
    nn.init.zeros_(parameter)
with torch.no_grad():
    unit_guess.reveal(unit(torch.full((1, 1, 1, 1), -1.0)).item())

# %% [markdown]
# Zero. The ReLU works *in place*: it has already overwritten the $x$ that is added afterwards, so the skip adds
# $\text{relu}(x)$. Our `ResidualConvUnit` says so openly. Write what looks right, and the published weights give
# another depth, without any error.
#
# ## Exercise 19.4: The best scale and shift
#
# To judge a relative prediction, align it first: for each picture find scale $s$ and shift $t$ that minimise
# $\sum (s\,p + t - p^*)^2$ over the valid pixels. It is the straight line through points $(p, p^*)$, so covariance and
# variance are all you need. (MiDaS also aligns by median and mean absolute deviation, which a few wild pixels do not
# move: `align_medians`.)

# %% tags=["exercise"] exercise="19.4" points=3
def scale_and_shift(prediction, target, valid):
    """Least squares per picture.  prediction, target (B, H, W), valid (B, H, W) bool -> scale (B,), shift (B,)"""
    # BEGIN SOLUTION
    n = valid.sum(dim=(1, 2))
    mean = (prediction * valid).sum(dim=(1, 2)) / n
    mean_target = (target * valid).sum(dim=(1, 2)) / n
    p = (prediction - mean[:, None, None]) * valid
    t = (target - mean_target[:, None, None]) * valid
    scale = (p * t).sum(dim=(1, 2)) / (p * p).sum(dim=(1, 2))
    shift = mean_target - scale * mean
    return scale, shift
    # END SOLUTION


# %% tags=["check"]
scale_and_shift = check("19.4", scale_and_shift)

# %% [markdown] tags=["hint"]
# <details>19.4</details>

# %% [markdown]
# The room in a relative unit, as MiDaS might give it, with some noise, and what your two numbers make of it:

# %%
inverse = 1 / depth
relative = 900 * inverse + 150 + 5 * torch.randn(depth.shape, generator=course.generator())
scale, shift = scale_and_shift(relative, inverse, depth > 0)
aligned = 1 / (scale.view(-1, 1, 1) * relative + shift.view(-1, 1, 1)).clamp(min=0.02)
print(f"relative: {relative.min():.0f} to {relative.max():.0f}; scale {scale.item():.5f}, shift {shift.item():.3f}; "
      f"abs rel after alignment {depth_metrics(aligned, depth)['abs_rel']:.3f}")

# %% [markdown]
# Mind the shift: without it, dividing by a relative inverse depth bends every plane.
#
# ## Normals
#
# The **normal** of a pixel is the unit vector that stands on the surface seen there, $3 \times H \times W$ for a frame.
# It comes from depth: neighbouring pixels are points in space, the differences between them lie in the surface, and
# their cross product stands on it.
#
# ## Exercise 19.5: Normals by a cross product
#
# For every pixel except the outermost ones: the tangent from the left to the right neighbour's point, the tangent from
# the upper to the lower, their cross product, scaled to length 1, *towards the camera*. A wall straight ahead has
# $(0, 0, -1)$. `backproject(depth, K)` gives the points, $(B, 3, H, W)$.

# %% tags=["exercise"] exercise="19.5" points=3
def surface_normals(depth, K):
    """Normals without the border.  depth (B, H, W), every pixel known, K (3, 3) -> (B, 3, H - 2, W - 2)"""
    # BEGIN SOLUTION
    points = backproject(depth, K)
    right = points[:, :, 1:-1, 2:] - points[:, :, 1:-1, :-2]
    down = points[:, :, 2:, 1:-1] - points[:, :, :-2, 1:-1]
    normals = torch.linalg.cross(down, right, dim=1)
    return F.normalize(normals, dim=1)
    # END SOLUTION


# %% tags=["check"]
surface_normals = check("19.5", surface_normals)

# %% [markdown] tags=["hint"]
# <details>19.5</details>

# %% [markdown]
# On true depth your function is exact, except where the two neighbours belong to different things. Now 1 % of noise on
# the depth, which hardly anybody would see in a depth map:

# %%
shaken = depth * (1 + 0.01 * torch.randn(depth.shape, generator=course.generator()))
from_depth = {"from true depth": depth, "with 1 % of noise": shaken}
shown = {name: surface_normals(values, world.K) for name, values in from_depth.items()}
for name, found in shown.items():
    print(f"{name:18} median error {normal_metrics(found, normals[..., 1:-1, 1:-1])['median']:5.1f} degrees")
show(enlarged({"true normals": pixels((normals[0] + 1) / 2)[1:-1, 1:-1],
               **{name: pixels((found[0] + 1) / 2) for name, found in shown.items()}}),
     alt="Normals: the truth; those of the true depth, wrong only at edges; those of noisy depth, all speckled.")

# %% [markdown]
# A derivative makes noise large: the neighbours are centimetres apart, and 1 % of 4 m is 4 centimetres. That is one
# reason to predict normals *directly*. The output has three channels; each pixel's vector is scaled to length 1, and
# gradients run through the scaling. The loss (Eigen and Fergus 2015, Eq. 2) is
#
# $$ L(N, N^*) = -\frac1n\sum_i N_i\cdot N^*_i, $$
#
# over the $n$ pixels whose true normal is known. Recall $x\cdot y = |x|\,|y|\cos\theta$: between vectors of length 1 it
# is the mean cosine of the angle, with a **minus sign**. Some slides call the cosine itself a loss; minimising that
# would turn every normal away. Measures are angles in degrees: mean, median, share within 11.25, 22.5 and 30 degrees.
#
# ## Reproduce
#
# What the two papers reported on NYU Depth v2, indoor scenes recorded with a Kinect:

# %%
table({"coarse and fine (2014)": tuple(map(from_memory, (0.611, 0.215, 0.907, 0.285, 0.219))),
       "one network of three scales, VGG (2015)": tuple(map(from_memory, (0.769, 0.158, 0.641, 0.214, 0.171)))},
      columns=("delta 1", "abs rel", "RMSE (m)", "RMSE log", "scale-invariant"),
      best=None, number="{:.3f}",
      source="NYU Depth v2: Eigen et al. 2014, Eigen and Fergus 2015; the last column is a root, as RMSE log is")

# %% [markdown]
# Read the last two columns together. RMSE log squared is scale-invariant error squared plus the square of the mean log
# error. For the first row: $0.285^2 - 0.219^2 \approx 0.18^2$. Of all that is wrong, one factor per picture, about
# 18 %, is a good part.
#
# ### Scenes of unknown scale
#
# Now the experiment. 400 rooms, each built at a scale of its own, from a quarter to four times: no picture says which.
# The same network, the same batches, three losses: L2 in metres, squared log ($\lambda = 0$), scale-invariant
# ($\lambda = 1$). Beside them, as the least that a network must beat: the **average room**, one depth map for all
# frames, the mean of the training rooms (of their logarithms).

# %%
rooms = SceneWorld(48, 64, scale=(0.25, 4.0))
train_frames, train_depth, train_normals = rooms.pictures(course.pick(cpu=400, smoke=24), seed=1 + course.seed)
test_frames, test_depth, test_normals = rooms.pictures(course.pick(cpu=80, smoke=8), seed=1000 + course.seed)
average = train_depth.log().mean(dim=0).exp()  # (H, W): the average room
pairs = minibatches((train_frames, train_depth), 8, seed=course.seed)
STEPS = 300


def beginner():
    """A network whose first prediction is the mean log depth, so that no loss has further to go than another."""
    network = DepthFCN.mini()
    nn.init.constant_(network.last.bias, train_depth.log().mean().item())
    return network


def learn(loss):
    """A network that predicts log depth, trained with a loss (log depth, truth) -> scalar."""
    return trained(beginner, pairs, STEPS, course, lr=3e-3, loss=supervised(lambda out, y: loss(out[:, 0], y)))


networks = {"L2 in metres": learn(lambda log_depth, truth: l2_loss(log_depth.exp(), truth))}

# %%
networks["log"] = learn(lambda log_depth, truth: scale_invariant(log_depth, truth, 0.0))
networks["scale-invariant"] = learn(lambda log_depth, truth: scale_invariant(log_depth, truth, 1.0))

# %% [markdown]
# Three columns: the shape (RMSE of the log after the best scale), the metres, and the metres after somebody has told us
# the scale of each room, *one* number per picture.

# %%
predicted = {name: scores(network, test_frames)[:, 0].exp() for name, network in networks.items()}
predicted["the average room"] = average.expand_as(test_depth)
shape, metres, told = {}, {}, {}
for name, found in predicted.items():
    measured = depth_metrics(found, test_depth)
    shape[name], metres[name] = measured["si_log"], measured["rmse"]
    told[name] = depth_metrics(best_scale(found, test_depth).view(-1, 1, 1) * found, test_depth)["rmse"]
table({name: (shape[name], metres[name], told[name]) for name in predicted},
      columns=("scale-invariant", "RMSE (m)", "RMSE (m), scale told"), best=min, number="{:.3f}",
      source="our rooms, this run; lower is better")

# %% tags=["claim"]
l2, log, ours, none = predicted
claim("Where scenes come at unknown scale, the scale-invariant loss has a scale-invariant error more than 3 % below "
      "that of L2, and more than 10 % below that of the average room",
      {"below L2": 100 * (1 - shape[ours] / shape[l2]) - 3,
       "below the average room": 100 * (1 - shape[ours] / shape[none]) - 10},
      f"{shape[ours]:.3f} against {shape[l2]:.3f} for L2, {shape[log]:.3f} for the squared log and {shape[none]:.3f} "
      "for the average room", unit="%", published="the 2014 paper trains with weight 0.5, between the two")
claim("In metres no network is more than 5 % better than the average room, which looks at no frame. Told the scale of "
      "each room, the one with the scale-invariant loss is more than 3 % ahead of L2, with less than half of its error",
      {"in metres": 5 - 100 * (1 - min(metres.values()) / metres[none]),
       "ahead of L2": 100 * (1 - told[ours] / told[l2]) - 3, "told": 100 * (0.5 - told[ours] / metres[ours])},
      f"L2 {metres[l2]:.2f} m, scale-invariant {metres[ours]:.2f} m, average room {metres[none]:.2f} m; told the scale "
      f"{told[l2]:.2f}, {told[ours]:.2f} and {told[none]:.2f} m", unit="%")

# %% [markdown]
# Why does L2 do worse at shape, though it never saw a wrong depth? The scale of a training room is noise that no frame
# explains. L2 and log spend their gradient on it: a batch of large rooms pulls all depths up, the next one down. The
# scale-invariant loss does not feel that noise. In metres *nobody* is good here, and the average room is hard to leave
# behind: what the picture does not hold cannot be predicted. L2 learns the middle of all scales; $\lambda = 1$ never
# asks for it and stays about where it began. The paper's $\lambda = 0.5$ is a compromise for data sets whose scale can
# partly be guessed.
#
# ### Normals: predicted, or from predicted depth?
#
# The same network once more with three outputs, against the normals that your function computes from the best depth.

# %%
turned = minibatches((train_frames, train_normals), 8, seed=course.seed)
normal_network = trained(lambda: DepthFCN.mini(3), turned, STEPS, course, lr=3e-3, loss=supervised(normal_loss))
direct = F.normalize(scores(normal_network, test_frames), dim=1)
usual = F.normalize(train_normals.mean(dim=0), dim=0).expand_as(direct)  # the average normal of each pixel
middle = (..., slice(1, -1), slice(1, -1))  # the normals of a depth map have no border
candidates = {"predicted": direct[middle], "of predicted depth": surface_normals(predicted[ours], rooms.K),
              "the average of all rooms": usual[middle]}
angle = {name: normal_metrics(found, test_normals[middle]) for name, found in candidates.items()}
fig, ax = bars(["mean", "median"], {name: [found["mean"], found["median"]] for name, found in angle.items()},
               ylabel="error of the normals (degrees)", number="{:.0f}")
show(fig, alt="Angle errors: " + "; ".join(f"{n}: mean {a['mean']:.0f}, median {a['median']:.0f} degrees"
                                           for n, a in angle.items()) + ".")

# %% tags=["claim"]
mean_angle = {name: found["mean"] for name, found in angle.items()}
claim("Normals that are predicted beat the normals of predicted depth by more than 5 degrees in the mean, and the "
      "average normals of all rooms by as much",
      min(mean_angle["of predicted depth"], mean_angle["the average of all rooms"]) - mean_angle["predicted"] - 5,
      f"{mean_angle['predicted']:.1f} against {mean_angle['of predicted depth']:.1f} and "
      f"{mean_angle['the average of all rooms']:.1f} degrees; within 30 degrees "
      f"{100 * angle['predicted']['within_30']:.0f} % against {100 * angle['of predicted depth']['within_30']:.0f} %",
      unit="degrees", published="20.9 degrees on NYU with VGG (Eigen and Fergus 2015; number from memory)")

# %% [markdown]
# What do these errors look like? One test room:

# %%
low, high = test_depth[0].min(), test_depth[0].max()
scaled = best_scale(predicted[ours], test_depth)[0] * predicted[ours][0]  # the scale told, so that colours compare
show(enlarged({"frame": pixels(test_frames[0][middle]), "true depth": colored(test_depth[0][middle], low, high),
               "predicted, scaled": colored(scaled[middle], low, high),
               "its normals": pixels((candidates["of predicted depth"][0] + 1) / 2),
               "predicted normals": pixels((candidates["predicted"][0] + 1) / 2),
               "true normals": pixels((test_normals[0][middle] + 1) / 2)}, times=4),
     alt="A test frame; its true depth; the predicted depth at the true scale, blurred; the normals of that, uneven; "
         "the predicted normals, smoother; and the true ones.")

# %% [markdown]
# Both networks blur; both have seen 400 small pictures. But a blurred *depth* has slopes where there are none, and its
# normals are slopes: they are worse than the average of all rooms, though the depth itself is better than the average
# depth. A blurred normal map is wrong only near the edges. The 2015 paper gave each task its own output, with all else
# alike.
#
# ## On a GPU
#
# MiDaS on real frames. Set `RGBD` to the folder of a sequence in the layout of TUM RGB-D, 7-Scenes or slambook, and
# `MIDAS_WEIGHTS` to the public file `midas_v21_384.pt`. Without them the same code runs on a room, with random weights,
# on a CPU at mini size; then the numbers say nothing about MiDaS.

# %% tags=["gpu"]
folder, weights = Path(os.environ.get("RGBD", "rgbd")), Path(os.environ.get("MIDAS_WEIGHTS", "midas_v21_384.pt"))
if folder.is_dir():
    real = rgbd(folder)[: course.pick(cpu=2, gpu=64)]
    real_frames, real_depth = (torch.stack([getattr(f, name) for f in real]) for name in ("color", "depth"))
else:
    real_frames, real_depth = frame, depth
    print("No RGB-D sequence here: a room instead.")
if weights.is_file():
    model = MidasNet.from_published(weights).to(course.device)
else:
    model = course.pick(cpu=MidasNet.mini, gpu=MidasNet)().to(course.device).eval()
    print("Random weights: the published ones are not here.")

# %% tags=["gpu"]
with torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
    found = torch.cat([inverse_depth(model, part, course.pick(cpu=128, gpu=384)).float().cpu()
                       for part in real_frames.split(8)])
known = real_depth > 0
target = torch.where(known, 1 / real_depth.clamp(min=1e-3), torch.zeros_like(real_depth))
scale, shift = align_least_squares(found, target, known)  # yours, and safe where a prediction is constant
metric = 1 / (scale.view(-1, 1, 1) * found + shift.view(-1, 1, 1)).clamp(min=0.02)  # at most 50 m
print({name: round(value, 3) for name, value in depth_metrics(metric, real_depth).items()})

# %% [markdown]
# The published result is of this kind, **zero-shot**: no frame of these data sets was seen in training.

# %%
table({"MiDaS v2.1 large": (12.51, 16.08, 8.71)}, columns=("TUM", "KITTI", "NYU"), unit="%", best=None,
      number="{:.2f}",
      source="pixels off by more than a factor 1.25, lower is better: table in the README of the public code")

# %% [markdown]
# And the networks of 2014 at their published size, first the coarse one, then the fine one, on rooms (on a CPU a small
# version, a few steps: this shows the way, not the result). On recorded sequences, `course train 19 --data FOLDER`
# trains them, and `course bench` times MiDaS.

# %% tags=["gpu"]
size = course.pick(cpu=(76, 100), gpu=SIZE)
large_rooms = SceneWorld(*size)
many = course.pick(cpu=16, gpu=2000, smoke=8)
large_frames, large_depth, _ = large_rooms.pictures(many, seed=7 + course.seed)
eigen = course.pick(cpu=EigenDepth.mini, gpu=EigenDepth)().to(course.device)
quarter = F.interpolate(large_depth[:, None], eigen.coarse.output, mode="nearest")[:, 0]
batches = minibatches((large_frames, quarter), min(many, 32), seed=course.seed)
for stage, part in (("coarse", eigen.coarse_depth), ("fine", eigen)):
    history = fit(eigen, batches, course.pick(cpu=4, gpu=3000), lr=1e-4, dtype=course.dtype,
                  loss=lambda network, batch, part=part: scale_invariant(part(batch[0]).float(), batch[1]))
    print(f"{stage}: loss {history.loss[0]:.3f} to {history.loss[-1]:.3f}")

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - A depth map stores z per pixel, 0 for unknown; with $K$ it becomes points, and their cross products normals.
# - One picture has no scale: predict and judge shape (scale-invariant error), and metres apart from it.
# - The scale-invariant loss is the squared log minus a share of the squared mean: all pairs, at the price of two sums.
# - MiDaS predicts inverse depth up to scale and shift: align before you measure, and keep its in-place ReLU.
# - Differentiating depth makes noise large; normals predicted directly are better.
#
# ## Do you remember?
#
# <details><summary>1. A network predicts every depth twice too small. Which of abs rel, RMSE log and the
# scale-invariant error are 0?</summary>
# Only the scale-invariant error. Abs rel is 0.5, RMSE log is log 2 = 0.69.</details>
#
# <details><summary>2. Why must unknown depths be replaced before the logarithm, although they are masked later?
# </summary>
# The log of 0 is minus infinity; times 0 it is NaN, in the value or at least in the gradient.</details>
#
# <details><summary>3. Why is the pair form affordable with a million pixels?</summary>
# Because it equals the mean of the squares minus the square of the mean: two sums.</details>
#
# <details><summary>4. You align a relative inverse depth by a scale alone, and walls come out bent. Why?</summary>
# Its zero is arbitrary: the shift is missing, and 1 / (p + t) is no multiple of 1 / p.</details>
#
# <details><summary>5. Lecture 04: the aperture problem also says that something cannot be seen. What do it and the
# scale ambiguity have in common?</summary>
# The data do not hold the answer: one component of motion there, one factor here. Something else must decide, a window
# there, knowledge of sizes here.</details>
#
# <details><summary>6. Lecture 06: a checkpoint loads without an error and gives nonsense. Which two cases have you met?
# </summary>
# C3D's pool5 that rounds up or pads, and MiDaS's skip that adds relu(x): same shapes, other numbers.</details>
#
# ## To read
#
# - D. Eigen, C. Puhrsch, R. Fergus, *Depth Map Prediction from a Single Image using a Multi-Scale Deep Network*, NIPS
#   2014, arXiv:1406.2283: Section 3.1 (the networks), 3.2 (the scale-invariant error), 3.3 (the loss), 4
#   (results).
# - D. Eigen, R. Fergus, *Predicting Depth, Surface Normals and Semantic Labels*, ICCV 2015, arXiv:1411.4734: Section 4
#   (the losses).
# - R. Ranftl and others, *Towards Robust Monocular Depth Estimation*, TPAMI 2020, arXiv:1907.01341: Section 5.
# - The scale-invariant error, explained: https://deeesp.github.io/deep%20learning/SI-SE/
#
# **Next:** [20 · Voxels and implicit functions](20_voxels_and_implicit_functions.ipynb), where shape fills space.
