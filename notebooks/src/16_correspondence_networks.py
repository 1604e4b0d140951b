# %% [markdown]
# # 16 · Which point is which?
#
# *Deep Learning for Video, lecture 16. About 85 minutes. Two CPU cores are enough; the last section uses a GPU and
# published weights when they are there.*

# %% tags=["setup"]
course = start("16")

# %%
import math
import os
import time

import torch
import torch.nn.functional as F
from skimage.data import stereo_motorcycle
from skimage.feature import SIFT, match_descriptors

from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.data.worlds.parts import PARTS, AnimalParts
from course_lib.data.worlds.turned_digits import TurnedDigits
from course_lib.describe import describe
from course_lib.metrics import accuracy
from course_lib.models.stn import STN
from course_lib.models.ucn import UCN, ResUNet, preprocess_grey
from course_lib.ops import spatial_transformer as transformer
from course_lib.ops.correspondence_losses import nearest_points, ucn_loss
from course_lib.ops.keypoints import matched_disparity, patch_descriptors, textured_points
from course_lib.plots import bars, curve, diagram, film_strip, from_memory, heatmap, show, table
from course_lib.train import trained
from course_lib.widgets.correspondence_map import CorrespondenceMap

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - write a spatial transformer: a grid that says where to look, a sampler that looks there, both differentiable;
# - train a network that turns its input upright although nobody tells it the turn;
# - compute a descriptor for every pixel in one pass, and train it on pairs of matching points;
# - mine hard negatives by distance, and measure matches with PCK;
# - say when learned descriptors beat raw patches and SIFT, and when they do not.

# %% [markdown]
# Here is the same digit five times, turned by up to 60 degrees. You read all five, and you know roughly by how much
# each is turned. A convolution knows neither: it is the same after a *shift*, not after a turn.

# %%
world = TurnedDigits(size=20, turn=60.0, shift=0.5)
test = world.sample(seed=course.seed + 500, train=False)
four = test.pictures[(test.labels == 4).nonzero()[:5, 0]]
show(film_strip(four.repeat(1, 3, 1, 1).transpose(0, 1), range(5), ["a four"] * 5),
     alt="Five handwritten fours, each turned by another angle and a little off the middle.")

# %% [markdown]
# Lecture 15 learned a distance between two patches: contrastive loss, mining. This lecture asks the question behind
# stereo, panoramas, tracking and 3D reconstruction: **which point of this picture is which point of that one?** A good
# descriptor of a point must not change when the picture turns or comes closer. The classical answer is **SIFT** (Lowe
# 2004): find the patch's own scale and its main direction, turn it upright, then describe it. That is **patch
# normalisation**. We first learn it for a whole picture (Jaderberg et al., 2015), then for every patch (Choy et al.,
# 2016). LIFT, named in lecture 15, has all of it in one network: it finds points, turns their patches, describes them.
#
# ## A network that chooses where to look
#
# | | SIFT's patch | spatial transformer |
# |---|---|---|
# | what decides | a histogram of gradient directions | a **localisation network**, learned |
# | what it gives | position, scale, angle | six numbers $\theta$ |
# | then | cut the patch out, turned upright | a **grid** of places, and a **sampler** that looks there |
#
# For each pixel $(x_t, y_t)$ of the *output*, $\theta$ says where in the *input* its value comes from:
#
# $$ \begin{pmatrix} x_s \\ y_s \end{pmatrix} = \theta \begin{pmatrix} x_t \\ y_t \\ 1 \end{pmatrix}, \qquad
#    \theta = \begin{pmatrix} a & b & c \\ d & e & f \end{pmatrix} . $$
#
# It is the warp of lecture 04 with six numbers instead of a flow. Coordinates go from $-1$ to $1$, whatever the size.
# With a pencil: a row of 4 pixels is 2 long, so a pixel is 0.5 wide, and the centres lie at $-0.75, -0.25, 0.25,
# 0.75$. With $c = 0.5$ every pixel looks one pixel farther to the right, and *the picture moves to the left*.
#
# The numbers above put $-1$ and $1$ at the outer *edges* of the picture, PyTorch's default. The paper puts them at the
# *centres* of the outermost pixels (`align_corners=True`): then the four lie at $-1, -1/3, 1/3, 1$. Both are fine. A
# network that is trained with one and run with the other sees pictures that are too large or too small.
#
# ## Exercise 16.1: Where to look
#
# Compute the grid, with $-1$ and $1$ at the outer edges.

# %% tags=["exercise"] exercise="16.1" points=3
def affine_grid(theta, height, width):
    """Where each pixel of the output looks (Eq. 1).  theta (B, 2, 3) -> (B, H, W, 2): x, y"""
    # BEGIN SOLUTION
    y = (2 * torch.arange(height) + 1) / height - 1
    x = (2 * torch.arange(width) + 1) / width - 1
    y, x = torch.meshgrid(y, x, indexing="ij")
    target = torch.stack([x, y, torch.ones_like(x)], dim=-1)  # (H, W, 3)
    return torch.einsum("brc,hwc->bhwr", theta, target)
    # END SOLUTION


# %% tags=["check"]
affine_grid = check("16.1", affine_grid)

# %% [markdown] tags=["hint"]
# <details>16.1</details>

# %% [markdown]
# ## Exercise 16.2: Look between the pixels
#
# The places lie between the pixels. **Bilinear** sampling mixes the four neighbours: along the upper row, along the
# lower one, then between the two results, each time by how near a neighbour is. It has a slope with respect to the
# *place*, and that is why the localisation network can learn: the loss tells it which way to move its look. With a
# pencil: 0 and 10 above, 20 and 70 below. At $x = 0.25$ the upper row gives $0.75 \cdot 0 + 0.25 \cdot 10 = 2.5$, the
# lower one $32.5$, and halfway between them, at $y = 0.5$, lies $17.5$.
#
# Here `points` are in pixels, pixel centres at whole numbers, and all inside: $0 \le x \le W - 1$, $0 \le y \le H - 1$.

# %% tags=["exercise"] exercise="16.2" points=3
def sample_points(image, points):
    """Values of an image at sub-pixel points.  image (C, H, W), points (N, 2): x, y -> (C, N)"""
    # BEGIN SOLUTION
    height, width = image.shape[1:]
    x, y = points[:, 0], points[:, 1]
    left = x.floor().long().clamp(max=width - 2)
    top = y.floor().long().clamp(max=height - 2)
    right_share, lower_share = x - left, y - top
    upper = (1 - right_share) * image[:, top, left] + right_share * image[:, top, left + 1]
    lower = (1 - right_share) * image[:, top + 1, left] + right_share * image[:, top + 1, left + 1]
    return (1 - lower_share) * upper + lower_share * lower
    # END SOLUTION


# %% tags=["check"]
sample_points = check("16.2", sample_points)

# %% [markdown] tags=["hint"]
# <details>16.2</details>

# %% [markdown]
# Both together are a spatial transformer. Turn the looking by 40 degrees, and which way does the digit turn?

# %% tags=["predict"]
way = predict("The looking turns clockwise by 40 degrees. Which way does the picture seem to turn?", None)

# %%
theta = transformer.similarity(torch.tensor([0.0, math.radians(40), 0.0]), torch.tensor([1.0, 1.0, 0.6]))
pixels = transformer.in_pixels(affine_grid(theta, 20, 20), 20, 20).clamp(0, 19)  # (3, 20, 20, 2)
looks = torch.stack([sample_points(four[0], place.reshape(-1, 2)).view(1, 20, 20) for place in pixels])
names = ["as it is", "looking turned by 40°", "0.6 as far"]
show(film_strip(looks.repeat(1, 3, 1, 1).transpose(0, 1), range(3), names),
     alt="The four as it is; turned against the clock; and enlarged, because the looking covers less of the picture.")
way.reveal("anticlockwise")

# %% [markdown]
# Everything is turned around: who looks clockwise sees the world turn anticlockwise, and who looks at less sees it
# larger. The library has both steps as `affine_grid` and `sample`, for both conventions.
#
# ## Does it learn to turn digits upright?
#
# `STN` is a small classifier (two convolutions, two fully connected layers) behind a transformer. Its localisation
# network ends in a layer with weights 0 and bias $(1, 0, 0, 0, 1, 0)$, the identity: training starts from the plain
# classifier, and the transformer moves only where that lowers the loss. A start with random weights would look
# somewhere outside, see black, and get no gradient. **Nobody tells the network a turn.** It gets labels, 0 to 9.
#
# In the figure, the localisation network comes first. Where its six numbers and the picture meet (the circle, here no
# sum) stand grid and sampler, without a parameter of their own. The classifier follows.

# %%
show(diagram(describe(STN(size=20), (1, 20, 20), repeats=0)),
     alt="Two convolutions with pools and two fully connected layers give 6 numbers; with the picture, which skips "
         "them, these give a picture of the same size, and a second network of the same kind gives 10 scores.")


# %%
def classifier(transform):
    return STN(size=20, transform=transform, dropout=0.0)


networks = {name: trained(lambda on=on: classifier(on), world.batches(64, course.seed), 240, course, lr=3e-3)
            for name, on in (("plain classifier", False), ("with transformer", True))}
with torch.no_grad():
    right = {name: 100 * accuracy(net(test.pictures.to(course.device)), test.labels) for name, net in networks.items()}
print(", ".join(f"{name} {value:.1f} %" for name, value in right.items()))

# %% [markdown]
# What has the transformer done to the turns? We know each digit's turn, and from $\theta$ the angle by which the
# network turned its looking. Together they say how the classifier gets it. It need not be *upright*: any angle is
# fine, as long as it is the same for all digits of one class. So we measure how far the turns spread around the mean
# of each class.

# %%
@torch.no_grad()
def spreads(network):
    """Mean over the classes of the turns' standard deviation, in degrees: as drawn, and as the classifier gets them."""
    found = transformer.turn_of(network.theta(test.pictures.to(course.device))).cpu()
    before = [test.turns[test.labels == k].std() for k in range(10)]
    after = [(test.turns + found)[test.labels == k].std() for k in range(10)]
    return [math.degrees(torch.stack(values).mean()) for values in (before, after)]


before, after = spreads(networks["with transformer"])
with torch.no_grad():
    upright = networks["with transformer"].transform(four.to(course.device)).cpu()
show(film_strip(torch.cat([four, upright]).repeat(1, 3, 1, 1).transpose(0, 1), range(10),
                ["as drawn"] * 5 + ["transformed"] * 5, columns=5),
     alt="Above, five fours as drawn; below, as the classifier gets them. Over all digits the spread of the turns "
         f"falls from {before:.0f} to {after:.0f} degrees.")

# %% tags=["claim"]
claim("The transformer raises the accuracy on turned and shifted digits by more than 2 points",
      right["with transformer"] - right["plain classifier"] - 2,
      f"{right['plain classifier']:.1f} to {right['with transformer']:.1f} %, new digits", unit="points",
      published="distorted MNIST, turned, scaled and shifted: error 0.8 to 0.5 % (Table 1, from memory)")
claim("It undoes a good part of the turn: their spread within a class falls below 70 % of what it was",
      70 - 100 * after / before, f"{before:.0f} degrees to {after:.0f}", unit="points")

# %% [markdown]
# Published, for MNIST digits distorted in four ways (error in per cent):

# %%
errors = {"CNN": (1.2, 0.8, 1.5, 1.4), "ST-CNN, affine": (0.7, 0.5, 0.8, 1.2)}
table({name: tuple(map(from_memory, values)) for name, values in errors.items()},
      columns=("turned", "turned, scaled, shifted", "projected", "elastic"), unit="% error", best=min,
      source="Spatial Transformer Networks, Table 1")

# %% [markdown]
# They are used inside readers of house numbers (several transformers, one per digit), in classifiers of birds (one
# looks at heads, another at bodies), in networks for faces, and, with a flow instead of six numbers, in the networks
# for optical flow of lectures 17 and 18.
#
# ## One descriptor for every pixel
#
# Now to matching. Networks before 2016 compared *patches*: cut one patch here, one there, run a Siamese network
# (lecture 15) on both. For $n$ points in each picture that makes $n^2$ comparisons by a network. The **universal
# correspondence network** (UCN) is fully convolutional instead: it runs once over each picture and gives a descriptor
# for every pixel, $F(x)$, a vector of length 1. A comparison is now a product, and neighbouring points share nearly all
# the work. It is GoogLeNet up to its third Inception block, `inception_4a`, with stride 2 only twice, so that there is
# a descriptor for every fourth pixel; between them they are interpolated, with your bilinear sampling.

# %%
with torch.device("meta"):
    cost = describe(UCN(), (3, 240, 320), repeats=0)
    other = describe(ResUNet(), (1, 240, 320), repeats=0)
print(f"UCN {cost.parameters:,} parameters, a descriptor of 512 numbers for every 4th pixel")
print(f"open-ucn {other.parameters:,} parameters, 64 numbers for every pixel")
show(diagram(cost))

# %% [markdown]
# The second network is **open-ucn**, which the authors published in 2019, with weights: a residual U-net (down to an
# eighth and up again, with skips) on grey pictures. Its descriptors are as dense as the picture.
#
# ## Exercise 16.3: The correspondence contrastive loss
#
# How do such maps learn? From pairs of points $x_i$, $x'_i$ of two pictures, with $s_i = 1$ where they are the same
# point, else 0. It is lecture 15's contrastive loss, with thousands of pairs from *one* pair of pictures:
#
# $$ L = \frac{1}{2N} \sum_i s_i\, d_i^2 + (1 - s_i) \max(0,\, m - d_i)^2, \qquad
#    d_i = \lVert F(x_i) - F'(x'_i) \rVert . $$
#
# With a pencil: $d = 0.5$ costs $0.25$ for a match, and with $m = 1$ also $0.25$ for a negative; the loss of both
# together is $0.5 / 4 = 0.125$. (`same` holds 1 and 0 as numbers. The letter: lecture 15's $Y$ is $1 - s$.)

# %% tags=["exercise"] exercise="16.3" points=2
def correspondence_loss(first, second, same, margin=1.0):
    """Eq. 1.  first, second (N, C): descriptors of both points of each pair; same (N,): 1 or 0 -> scalar"""
    # BEGIN SOLUTION
    squared = (first - second).square().sum(dim=1)  # (N,)
    missing = (margin - squared.sqrt()).clamp(min=0)
    cost = same * squared + (1 - same) * missing.square()
    return cost.sum() / (2 * len(same))
    # END SOLUTION


# %% tags=["check"]
correspondence_loss = check("16.3", correspondence_loss)

# %% [markdown] tags=["hint"]
# <details>16.3</details>

# %% [markdown]
# ## Exercise 16.4: Hard negatives by distance
#
# Matches are given. Which negatives? A random pixel of the other picture is nearly always far away already and teaches
# nothing. UCN looks, for each point, for the pixel that is *nearest in descriptors* now: where the point would go if it
# had to choose. If that lies farther than a radius from the true match, it is a **hard negative**. Otherwise the
# network was right, or nearly, and the point has no negative in this step.
#
# `features` is the map of the second picture, all descriptors of length 1, so that the nearest is the one with the
# largest product ($d^2 = 2 - 2 \langle a, b \rangle$). Cells are pixels here.

# %% tags=["exercise"] exercise="16.4" points=3
def hard_negatives(descriptors, features, truth, radius):
    """The nearest cell of each point, and whether it is wrong.

    descriptors (N, C), features (C, H, W), truth (N, 2): x, y -> points (N, 2) long: x, y; wrong (N,) bool
    """
    # BEGIN SOLUTION
    channels, height, width = features.shape
    similarity = descriptors @ features.reshape(channels, -1)  # (N, H * W)
    nearest = similarity.argmax(dim=1)
    points = torch.stack([nearest % width, nearest // width], dim=1)  # (N, 2)
    wrong = (points - truth).norm(dim=1) > radius
    return points, wrong
    # END SOLUTION


# %% tags=["check"]
hard_negatives = check("16.4", hard_negatives)

# %% [markdown] tags=["hint"]
# <details>16.4</details>

# %% [markdown]
# ## Exercise 16.5: Fix the bugs: PCK
#
# How good are the matches? **PCK**, the percentage of correct keypoints, is the share of points whose match lies within
# a threshold of the truth: so many pixels ("PCK@5 px"), or for parts of objects a share $\alpha$ of the *longer side*
# of the object's box. Two lines of this function are wrong. Here `boxes` holds the width and height of each picture's
# object.

# %% tags=["exercise"] exercise="16.5" points=2
def pck(predicted, truth, boxes, alpha):
    """Share of points within alpha * max(w, h).  predicted, truth (B, N, 2), boxes (B, 2) -> float, 0 to 1"""
    # BEGIN SOLUTION
    error = (predicted - truth).square().sum(dim=-1).sqrt()  # (B, N)
    allowed = alpha * boxes.amax(dim=-1, keepdim=True)  # (B, 1)
    # STARTING POINT
    # error = (predicted - truth).abs().amax(dim=-1)  # (B, N)
    # allowed = alpha * boxes.mean()
    # END SOLUTION
    return (error <= allowed).float().mean().item()


# %% tags=["check"]
pck = check("16.5", pck)

# %% [markdown] tags=["hint"]
# <details>16.5</details>

# %% [markdown]
# ## Exact correspondences
#
# The *same point* in two pictures. We take the flying shapes of lecture 04, cut from photographs, and let everything
# change its size and turn, by 30 degrees or more. Truth is exact, and hidden points do not count. Points are drawn
# where there is texture (the smaller eigenvalue of lecture 04), as detectors do. The pairs for the test are cut from
# two photographs that training does not see.

# %%
HEIGHT, WIDTH, STRONG = 48, 64, {"motion": 6.0, "turn": 30.0, "zoom": 0.1}


def grey_pairs(number, seed, photographs):
    """Images 1 and 2 (B, 1, H, W), flow (B, 2, H, W), visible (B, H, W)."""
    pairs = FlyingShapes(HEIGHT, WIDTH, photographs=photographs, **STRONG).sample(number, seed)
    return preprocess_grey(pairs.image1), preprocess_grey(pairs.image2), pairs.flow, ~pairs.occluded


known = grey_pairs(course.pick(cpu=128, smoke=16), course.seed + 1, ("astronaut", "coffee", "brick", "gravel"))
new = grey_pairs(course.pick(cpu=24, smoke=4), course.seed + 10_001, ("chelsea", "grass"))
new_points, new_matches = textured_points(new[0], *new[2:], 100, course.generator(5))
show(film_strip(torch.cat([known[0][:4], known[1][:4]]).repeat(1, 3, 1, 1).transpose(0, 1) + 0.5, range(8),
                [f"pair {n}" for n in range(4)] * 2, columns=4), alt="Four pairs of grey pictures whose contents turn.")

# %% [markdown]
# `UCN.mini` is the same class, eight times narrower, with 32 numbers for every second pixel. One batch: four pairs of
# pictures, 200 matches each, with new noise and brightness. We train it twice, for equally many steps: with hard
# negatives and with random ones. (`ucn_loss` does what your two functions do, for a batch of pairs.) How much do they
# matter, do you think: how many more points of a *new* pair come within 3 pixels?

# %% tags=["predict"]
gain = predict("PCK within 3 pixels, hard minus random negatives, in points?", None, unit="points")

# %%
def matches(step):
    generator = course.generator(1000 + step)
    chosen = torch.randint(len(known[0]), (4,), generator=generator)
    first, second, flow, visible = (part[chosen] for part in known)
    points = textured_points(first, flow, visible, 200, generator)
    noise = [0.03 * torch.randn(first.shape, generator=generator) for _ in range(2)]
    light = 1 + 0.3 * (2 * torch.rand(2, len(first), 1, 1, 1, generator=generator) - 1)
    return light[0] * first + noise[0], light[1] * second + noise[1], *points


def matching_loss(hard):
    def loss(network, batch):
        first, second, points1, points2 = batch
        features1, features2 = network(torch.cat([first, second])).chunk(2)
        return ucn_loss(features1, features2, points1, points2, radius=3.0, stride=network.stride, margin=1.4,
                        hard=hard)

    return loss


exact = {name: trained(UCN.mini, matches, 90, course, lr=1e-2, loss=matching_loss(hard))
         for name, hard in (("random negatives", False), ("hard negatives", True))}

# %% [markdown]
# To compare, every method gives its descriptor for each pixel of both pictures, every point goes to its nearest pixel,
# and your PCK counts. Raw patches take part in two sizes.

# %%
@torch.no_grad()
def descriptors(network, pictures):
    """A descriptor for every pixel, on the CPU."""
    return transformer.dense(network(pictures.to(course.device)), *pictures.shape[-2:], network.stride).cpu()


def share_within(features1, features2, points, truth, pixels):
    """PCK in per cent: for every point its nearest pixel, and whether that is within so many pixels."""
    found = nearest_points(transformer.at_points(features1, points), features2)
    return 100 * pck(found, truth, torch.ones(len(found), 2), pixels)  # of a box of side 1, so many times its side


def both(function):
    return function(new[0]), function(new[1])


maps = {f"patches {size} x {size}": both(lambda x, size=size: patch_descriptors(x, size)) for size in (13, 17)}
maps |= {name: both(lambda x, net=net: descriptors(net, x)) for name, net in exact.items()}
PIXELS = (1, 2, 3, 5, 8, 12)
found = {name: [share_within(*pair, new_points, new_matches, t) for t in PIXELS] for name, pair in maps.items()}
show(curve(PIXELS, found, "allowed error (pixels)", "PCK (%)", ylim=(0, 100)),
     alt="PCK within 5 pixels: " + ", ".join(f"{name} {values[3]:.0f} %" for name, values in found.items()) + ".")
gain.reveal(found["hard negatives"][2] - found["random negatives"][2])

# %% tags=["claim"]
raw = max(found[f"patches {size} x {size}"][3] for size in (13, 17))
claim("Hard negatives raise PCK@3 px on new pairs by more than 1 point, the standard error of 2,400 points",
      found["hard negatives"][2] - found["random negatives"][2] - 1,
      f"{found['random negatives'][2]:.1f} % with random negatives, {found['hard negatives'][2]:.1f} % with hard ones",
      unit="points")
claim("Where everything turns, learned descriptors beat raw patches: PCK@5 px higher by more than 4 points",
      found["hard negatives"][3] - raw - 4, f"{found['hard negatives'][3]:.1f} % against {raw:.1f} % (better size)",
      unit="points", published="KITTI, PCK@10 px: 86.5 % with hard negatives (from memory)")

# %% [markdown]
# The left end of the curves shows the price: within a single pixel raw patches are still ahead, for our network has a
# descriptor for every second pixel only. The normalised correlation of raw patches is no straw man: mean and contrast
# are taken out, and where nothing turns it is very good. That is the next test.
#
# ## A real pair, and disparity
#
# Two cameras side by side saw this motorcycle (Middlebury 2014, inside scikit-image), and a scanner measured the truth.
# A point at column $x$ of the left picture lies in the *same row* of the right one, at $x - d$. This $d$ is the
# **disparity**; depth is inversely proportional to it (lecture 19). So we search 18 places along the row instead of the
# whole picture. Our networks have never seen this scene, nor any stereo pair.

# %%
left, right_view, truth = stereo_motorcycle()
views = [torch.from_numpy(view).permute(2, 0, 1)[None].float() / 255 for view in (left, right_view)]
views = [preprocess_grey(F.interpolate(view, size=(125, 185), mode="bilinear", antialias=True)) for view in views]
true = torch.from_numpy(truth[2::4, 2::4])[:125, :185] / 4  # a quarter of the size, a quarter of the disparity
seen = torch.isfinite(true) & (torch.arange(185) > true)
learned = [descriptors(exact["hard negatives"], view)[0] for view in views]
patches = [patch_descriptors(view, 9)[0] for view in views]
disparities = {"patches 9 x 9": matched_disparity(*patches, 17), "learned": matched_disparity(*learned, 17)}
for name, disparity in disparities.items():
    error = (disparity - true)[seen].abs()
    print(f"{name:14} mean error {error.mean():.2f} px, within 2 px {100 * (error <= 2).float().mean():.0f} %")

# %%
shown = torch.cat([torch.where(seen, true, torch.nan), disparities["patches 9 x 9"], disparities["learned"]], 1)
show(heatmap(shown, "truth  |  patches  |  learned (columns)", "row (pixels)", unit="disparity (pixels)", width=7.6,
             height=2.4), alt="Three maps of disparity: the true one, white where unknown; from patches, with a clear "
                                  "motorcycle; from the learned descriptors, with a blurred and spotted one.")

# %% [markdown]
# Be honest: here raw patches win. Nothing turns and nothing changes its size, so a patch in the left picture *is* a
# patch in the right one; and our descriptors, for every second pixel only, gave up precision for a freedom that nobody
# needs here. What if the right camera is tilted? We turn the right picture, find SIFT's points in both, and ask all
# three methods about SIFT's own points. SIFT chooses among its points in the other picture, ours among all pixels.

# %%
def turned_pair(degrees):
    """The right picture, turned about its middle, and a function from its old places (N, 2) to the new ones."""
    angle = torch.tensor([math.radians(degrees)])
    square = torch.tensor([[[1.0, 125 / 185, 1.0], [185 / 125, 1.0, 1.0]]])  # -1..1 is longer along x than along y
    look = transformer.affine_grid(transformer.similarity(angle) * square, 125, 185)
    turn = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    middle = torch.tensor([92.0, 62.0])
    return transformer.sample(views[1], look, "border"), lambda places: (places - middle) @ turn.T + middle


def sift(picture):
    detector = SIFT()
    detector.detect_and_extract(picture[0, 0].numpy())
    return torch.from_numpy(detector.keypoints).flip(1).float(), detector.descriptors  # rows, columns -> x, y


points, described = sift(views[0])
inside = seen[points[:, 1].long(), points[:, 0].long()]
points, described = points[inside], described[inside.numpy()]
moved = points - true[points[:, 1].long(), points[:, 0].long()][:, None] * torch.tensor([1.0, 0])

# %% [markdown]
# `moved` says where SIFT's points of the left picture lie in the right one; `carried` takes them along with the turn.

# %%
ANGLES = course.pick(cpu=(0, 15, 30, 45), smoke=(0, 30))
by_angle = {"patches 13 x 13": [], "learned": [], "SIFT": []}
for degrees in ANGLES:
    picture, carried = turned_pair(degrees)
    goal = carried(moved)
    by_angle["patches 13 x 13"].append(share_within(patch_descriptors(views[0], 13), patch_descriptors(picture, 13),
                                                    points[None], goal[None], 3))
    by_angle["learned"].append(share_within(learned[0][None], descriptors(exact["hard negatives"], picture),
                                            points[None], goal[None], 3))
    theirs, candidates = sift(picture)
    pairs = torch.from_numpy(match_descriptors(described, candidates, cross_check=False))
    hits = (theirs[pairs[:, 1]] - goal[pairs[:, 0]]).norm(dim=1) <= 3
    by_angle["SIFT"].append(100 * hits.sum().item() / len(points))
show(curve(ANGLES, by_angle, "turn of the right picture (degrees)", "PCK within 3 pixels (%)", ylim=(0, 100)),
     alt="Raw patches are best without a turn and fall steeply; the learned descriptors fall more slowly; SIFT stays.")
print({name: [round(value) for value in values] for name, values in by_angle.items()})

# %% [markdown]
# Three characters. Raw patches: the best at 0 degrees, useless from 30 on. SIFT: made to ignore the turn, nearly flat,
# and from 30 degrees on by far the best of the three. The small learned network lies between them (near 15 degrees, all
# three curves cross): it has learned *some* invariance, from 90 steps and 128 synthetic pairs. What UCN reaches at
# full size, trained on real scenes, stands in a table below.
#
# ## Semantic correspondences
#
# The *same part* of two different things: the nose of this animal and of that one. No patch can answer that, colours
# and hides differ. Our animals have ten named parts; proportions, pose, colours and backgrounds are all random.

# %%
zoo = AnimalParts(HEIGHT, WIDTH, turn=15.0)
animals = zoo.sample(course.pick(cpu=128, smoke=24), course.seed + 1)
strangers = zoo.sample(course.pick(cpu=60, smoke=8), course.seed + 10_001)
show(film_strip(animals.pictures[:8].transpose(0, 1), range(8), [f"animal {n}" for n in range(8)], columns=4),
     alt="Eight animals with head, ear, tail and legs, in different colours, sizes and poses, over photographs.")

# %% [markdown]
# The parts of one animal are turned and scaled differently from those of the other: a raised neck, a short leg. SIFT
# would normalise each patch by itself. The **convolutional spatial transformer** does so inside the network. A small
# convolution gives four numbers for *every cell*, a $2 \times 2$ matrix that turns, scales and shears the cell's
# $3 \times 3$ taps about their middle. The features found there are laid out side by side, which makes the map three
# times as large along each axis, and an ordinary kernel with stride 3 reads them. (Deformable convolutions, a year
# later, gave each tap its own shift.) With the identity, nothing has changed:

# %%
features = torch.randn(1, 4, 6, 7, generator=course.generator())
kernel = torch.randn(2, 4, 3, 3, generator=course.generator(1))
identity = torch.eye(2).expand(1, 6, 7, 2, 2)
laid_out = transformer.expanded(features, identity, 3)  # (1, 4, 18, 21)
same = F.conv2d(laid_out, kernel, stride=3) - F.conv2d(features, kernel, padding=1)
print(tuple(laid_out.shape), f"largest difference {same.abs().max():.1g}")

# %% [markdown]
# We train `UCN.mini` with and without it: ten animals per step, each with the next two, ten parts, hard negatives. The
# transformer starts at the identity, so both start from the same kind of function.

# %%
def herd(step):
    chosen = torch.randperm(len(animals), generator=course.generator(step))[:10]
    return animals.pictures[chosen] - 0.5, animals.points[chosen]


def semantic_loss(network, batch):
    pictures, points = batch
    features = network(pictures)
    losses = [ucn_loss(features, features.roll(n, 0), points, points.roll(n, 0), radius=6.0, stride=network.stride)
              for n in (1, 2)]
    return sum(losses) / len(losses)


semantic = {name: trained(lambda on=on: UCN.mini(3, transform=on), herd, 50, course, lr=1e-2, loss=semantic_loss)
            for name, on in (("UCN", False), ("UCN + transformer", True))}

# %% [markdown]
# The test: new animals, half of them the left picture and half the right one. Ten parts each, and your PCK.

# %%
half = len(strangers) // 2
drawn = {"patches 11 x 11": patch_descriptors(strangers.pictures, 11)}
drawn |= {name: descriptors(network, strangers.pictures - 0.5) for name, network in semantic.items()}
wanted, boxes = strangers.points[half:], strangers.boxes[half:]
parts = {}
for name, features in drawn.items():
    guess = nearest_points(transformer.at_points(features[:half], strangers.points[:half]), features[half:])
    parts[name] = [100 * pck(guess, wanted, boxes, alpha) for alpha in (0.1, 0.2)]
show(bars(list(parts), {f"alpha = {a}": [values[i] for values in parts.values()] for i, a in enumerate((0.1, 0.2))},
          "PCK (%)", ylim=(0, 115), number="{:.0f}"),
     alt="; ".join(f"{name}: {values[0]:.0f} and {values[1]:.0f} %" for name, values in parts.items()))

# %% tags=["claim"]
claim("For parts of animals, UCN with its transformer beats raw patches by more than 25 points (PCK, alpha = 0.2)",
      parts["UCN + transformer"][1] - parts["patches 11 x 11"][1] - 25,
      f"{parts['patches 11 x 11'][1]:.0f} % with patches, {parts['UCN + transformer'][1]:.0f} % learned", unit="points")
claim("The convolutional spatial transformer raises it by more than 10 points",
      parts["UCN + transformer"][1] - parts["UCN"][1] - 10,
      f"{parts['UCN'][1]:.0f} % without, {parts['UCN + transformer'][1]:.0f} % with it", unit="points",
      published="the paper finds a dramatic gain for semantic matches (abstract), and none for exact ones on KITTI")

# %% [markdown]
# A transformed kernel can do more than turn: it can also reach farther, and see more of the animal around a part. We do
# not know which of the two helps more here; count it as the effect of both.
#
# Point at the animal on the left. **Find out:** which parts does the network tell apart well, and where does it confuse
# the front foot with the hind foot, or the tail with the ear? Then change to raw patches.

# %% tags=["widget"]
pair = strangers.pictures[0], strangers.pictures[half]
start_at = strangers.points[0, PARTS.index("front foot")].round().long().clamp(0, HEIGHT - 1).tolist()
CorrespondenceMap(*pair, {name: (features[0], features[half]) for name, features in reversed(drawn.items())}, start_at)

# %% [markdown]
# ## What was published, and a trap
#
# PCK within 10 pixels for exact matches between frames, UCN with hard negatives (HN), and with the transformer as well
# (HN-ST):

# %%
table({"UCN-HN": tuple(map(from_memory, (86.5, 91.5))), "UCN-HN-ST": tuple(map(from_memory, (83.4, 90.7)))},
      columns=("KITTI", "Sintel"), unit="% PCK@10 px", source="Universal Correspondence Network, exact correspondences")

# %% [markdown]
# For exact matches the transformer cost a little: from one frame to the next hardly anything turns. (You saw the same
# between raw patches and our learned ones.)
#
# open-ucn is trained with another loss, the **hardest-contrastive** one: the mean of $\max(0, d^2 - 0.1)$ over matches,
# plus that of $\max(0, 1.4 - d^2)^2$ over each point's hardest negative, in both directions. Squared distances, two
# margins: a match that is good enough costs nothing. The trap: the published code decides for each direction which
# negatives are far enough, and then uses *the other direction's* decision. It trains all the same. But whoever writes
# the loss from its description gets other numbers; `hardest_contrastive(crossed=True)` gives the code's.
#
# ## On a GPU
#
# The published size, in bf16. Set the environment variable `OPEN_UCN_WEIGHTS` to the authors' checkpoint
# (`ResUNetBN2D2-YFCC100train-100epoch.pth`, MIT licence; you fetch it yourself) before you start Jupyter, and the
# stereo pair is matched again, at full density.

# %% tags=["gpu", "nbval-ignore-output"]
weights = os.environ.get("OPEN_UCN_WEIGHTS")
size = course.pick(cpu=(125, 185), gpu=(500, 741))
network = ResUNet.from_published(weights, normalized=True) if weights else course.pick(cpu=ResUNet.mini, gpu=ResUNet)()
network = network.eval().to(course.device)
large = [torch.from_numpy(view).permute(2, 0, 1)[None].float() / 255 for view in (left, right_view)]
large = [preprocess_grey(F.interpolate(view, size=size, mode="bilinear", antialias=True)) for view in large]
began = time.perf_counter()
with torch.no_grad(), torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
    ours = [network(view.to(course.device))[0].float().cpu() for view in large]
print(f"{2 / (time.perf_counter() - began):.1f} pictures per second, {len(ours[0])} numbers for each of "
      f"{size[0]} x {size[1]} pixels, the first call included")
if weights:
    at_size = F.interpolate(torch.from_numpy(truth)[None, None], size=size)[0, 0] * size[1] / 741
    fine = torch.isfinite(at_size)
    error = (matched_disparity(*ours, round(68 * size[1] / 741)) - at_size)[fine].abs()
    print(f"disparity within 2 pixels: {100 * (error <= 2).float().mean():.0f} %")
else:
    print("OPEN_UCN_WEIGHTS is not set: random weights, so no disparity.")

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - A spatial transformer is a localisation network, a grid and a sampler; it starts at the identity and learns from the
#   classifier's loss alone.
# - What -1 and 1 mean (edges or centres) is a convention; mixing them changes the scale.
# - UCN gives every pixel a descriptor in one pass; matching is a product and a maximum.
# - Hard negatives are the network's own mistakes: nearest in descriptors, far from the truth.
# - Raw patches win where nothing turns, SIFT where all turns alike, learned features where the *meaning* is what stays.
#
# ## Do you remember?
#
# <details><summary>1. Why does the localisation network start with weights 0 and the identity as bias?</summary>
# Then the picture passes unchanged, and every small change of theta changes the loss. A random look may see nothing.
# </details>
#
# <details><summary>2. Theta has a 0.5 on its diagonal. Is the picture enlarged or reduced?</summary>
# Enlarged: the output looks at half the input along each axis.</details>
#
# <details><summary>3. Why is a random negative a poor one, and why must the radius not be 0?</summary>
# It is far away already and costs nothing. With radius 0 the pixel beside the true match would be pushed away, although
# it looks the same.</details>
#
# <details><summary>4. n points in each of two pictures: how many passes through a network does a patch matcher need,
# how many UCN?</summary>
# About n squared comparisons by the network (or 2 n passes, one per patch) against 2 passes.</details>
#
# <details><summary>5. Lecture 15: what does the contrastive loss do with a negative pair beyond the margin?</summary>
# Nothing: its cost and its gradient are 0.</details>
#
# <details><summary>6. Lecture 04: where does matching fail whatever the descriptor, and which number says so?</summary>
# On even walls and along edges; the smaller eigenvalue of the structure tensor.</details>
#
# ## To read
#
# - M. Jaderberg, K. Simonyan, A. Zisserman, K. Kavukcuoglu, *Spatial Transformer Networks*, NeurIPS 2015,
#   arXiv:1506.02025: Section 3.
# - C. B. Choy, J. Gwak, S. Savarese, M. Chandraker, *Universal Correspondence Network*, NeurIPS 2016,
#   arXiv:1606.03558: Section 3 (loss, hard negatives, convolutional spatial transformer).
# - C. Choy, J. Park, V. Koltun, *Fully Convolutional Geometric Features*, ICCV 2019: the hardest-contrastive loss.
# - D. G. Lowe, *Distinctive Image Features from Scale-Invariant Keypoints*, IJCV 60, 2004: SIFT, Sections 5 and 6.
# - K. M. Yi, E. Trulls, V. Lepetit, P. Fua, *LIFT: Learned Invariant Feature Transform*, ECCV 2016.
#
# Metric learning gave us the distance, transformers the freedom from turns, correspondence networks a match for any
# point. A match for *every* pixel, all at once and smooth, is optical flow again, and this time learned.
#
# **Next:** [17 · FlowNet](17_flownet.ipynb): a network that answers with the whole flow.
