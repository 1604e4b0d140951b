# %% [markdown]
# # 08 · How many looks does a long video need?
#
# *Deep Learning for Video, lecture 08. About 75 minutes. Two CPU cores are enough; the last section uses a GPU, real
# videos and published weights when they are there.*

# %% tags=["setup"]
course = start("08")

# %%
import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.data.sets.readers import ucf101
from course_lib.data.sets.shipped import clip_path
from course_lib.data.video_io import probe, read_frames
from course_lib.data.worlds.bystanders import Bystanders
from course_lib.data.worlds.events import EventWorld
from course_lib.data.worlds.sprites import SHAPES
from course_lib.describe import count, describe
from course_lib.metrics import accuracy
from course_lib.models.bn_inception import BNInception
from course_lib.models.tsn import TSN
from course_lib.ops.clip_flow import clip_flow
from course_lib.ops.sampling import uniform_indices
from course_lib.ops.snippets import MEAN_BGR, MEAN_BGR_CAFFE, consensus, rgb_input, snippet_views
from course_lib.ops.trajectories import camera_homographies, stabilised
from course_lib.plots import bars, diagram, film_strip, from_memory, kernel_strip, parallel, show, table
from course_lib.plots.flow import flow_strip
from course_lib.train import fit, fresh
from course_lib.widgets.segment_consensus import SegmentConsensus

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - cut a long video into segments, draw a snippet from each, and explain why this sees more than a dense clip;
# - write the loss of a video, and say what changes when the consensus comes after the softmax;
# - measure when more snippets help, and choose between the average and the maximum for a task;
# - start a network for flow from one for pictures, and say what it gains;
# - freeze batch normalisation in part, so that the next `train()` does not undo it.

# %% [markdown]
# A video of 75 frames, of which you see every fifth. In this video, *two* different shapes appear, each for six frames,
# and the class is the set of the two. When they come, where, and which one first: all of that is chance.

# %%
rare = EventWorld(frames=75, duration=6)
example = rare.sample(1, seed=2)
everything = example.look(torch.arange(75).unsqueeze(0))[0].transpose(0, 1)  # (3, 75, 32, 32)
show(film_strip(everything, range(2, 75, 5), [f"frame {t}" for t in range(2, 75, 5)], columns=5),
     alt=f"Fifteen frames, most of them the same empty background. The class is {rare.classes[example.labels[0]]}.")

# %% [markdown]
# One frame shows at best one of the two, and most frames show none. What would a network of the earlier lectures do?
# The spatial stream of lecture 05 looks at one frame, the temporal one at ten flow fields (less than half a second),
# C3D at 16 frames. They learn from pieces that are short and dense, and the *label* of the whole video is given to each
# piece. How often is that a lie? Guess: in how many of the 75 frames is any shape to be seen?

# %% tags=["predict"]
empty_guess = predict("Share of the frames in which nothing happens?", None, unit="%")

# %%
empty_guess.reveal(100 * (75 - 2 * 6) / 75)

# %% [markdown]
# In 2016 Wang, Xiong, Wang, Qiao, Lin, Tang and Van Gool (ECCV) gave two-stream networks the missing view of the whole,
# the *long-range temporal structure*. The title of the paper carries its message: *Temporal Segment Networks: Towards
# Good Practices for Deep Action Recognition*. There is a framework, and there is a list of practices that make it train
# on few videos; both count. Such systems watch long recordings in which little happens: security cameras, the behaviour
# of people or of animals.
#
# ## Segments and snippets
#
# Neighbouring frames are nearly the same, so it is a waste to look at all of them. Cut the video into $K$ **segments**
# $S_1 \ldots S_K$ of equal duration (the paper has $K = 3$), and draw one **snippet** $T_k$ from each: a frame, or a
# short stack of flow. In training its place in the segment is random, new in every epoch; in a test it is the middle.
# The cost depends on $K$ and not on the length of the video, and every part of the video is seen.
#
# If a snippet is `length` frames long and the video has $N$, it can start at $n = N - \text{length} + 1$ places. With a
# share $0 \le u_k < 1$, counting $k$ from 0:
#
# $$ t_k = \left\lfloor \frac{(k + u_k)\, n}{K} \right\rfloor . $$
#
# With a pencil: nine frames, three segments of 3, all $u_k = 0.5$. The snippets are frames 1, 4 and 7.
#
# ## Exercise 08.1: Where do the snippets begin?
#
# `shares` holds the $u_k$, a tensor $(K,)$. Return the $t_k$ as whole numbers, $(K,)$.

# %% tags=["exercise"] exercise="08.1" points=2
def segment_starts(frames, shares, length=1):
    """First frame of a snippet of `length` frames in each segment.  shares (K,) in 0..1 -> (K,) long"""
    # BEGIN SOLUTION
    starts = frames - length + 1
    segments = len(shares)
    return ((torch.arange(segments) + shares) * starts / segments).long()
    # END SOLUTION


# %% tags=["check"]
segment_starts = check("08.1", segment_starts)

# %% [markdown] tags=["hint"]
# <details>08.1</details>

# %% [markdown]
# Three draws for training and the one for a test, for the video above. Which of them would you want to learn from?

# %%
for draw in range(3):
    starts = segment_starts(75, torch.rand(3, generator=course.generator(draw)))
    print(f"training: frames {starts.tolist()}, events seen: {(example.happening(starts[None]) >= 0).sum().item()}")
print(f"test:     frames {segment_starts(75, torch.full((3,), 0.5)).tolist()}")

# %% [markdown]
# ## One loss for a video
#
# The network has three parts:
#
# $$ \mathrm{TSN}(T_1, \ldots, T_K) = \mathcal{H}\big(\mathcal{G}(\mathcal{F}(T_1; \mathbf{W}), \ldots,
#    \mathcal{F}(T_K; \mathbf{W}))\big) . $$
#
# $\mathcal{F}$ is a network for one snippet, with the *same* weights $\mathbf{W}$ for all, and gives a score for every
# class. $\mathcal{G}$ is the **segmental consensus**: it makes one list of scores $\mathbf{G}$ of the $K$ lists, class
# by class, $G_i = g(\mathcal{F}_i(T_1), \ldots, \mathcal{F}_i(T_K))$. The paper settles on the average for $g$.
# $\mathcal{H}$ predicts: the softmax. The loss is the cross-entropy *after* the consensus, with $y_i = 1$ for the right
# one of $C$ classes and 0 for the others:
#
# $$ \mathcal{L}(y, \mathbf{G}) = - \sum_{i=1}^{C} y_i \Big( G_i - \log \sum_{j=1}^{C} \exp G_j \Big) . $$
#
# With a pencil: two snippets, three classes. The first says $(3, 0, -1)$, the second $(0, 2, -3)$.

# %%
scores = torch.tensor([[[3.0, 0, -1], [0, 2, -3]]])  # (B, K, C) = (1, 2, 3)
for how in ("average", "max"):
    G = consensus(scores, how)
    print(f"{how:8} G = {G[0].tolist()}, probabilities {[round(p, 2) for p in G[0].softmax(0).tolist()]}")

# %% [markdown]
# There is one loss per video, so a snippet that shows nothing is not forced to know the answer. It may say "no idea",
# all scores alike, and leave the decision to the others. And the gradient reaches *all* snippets:
# $\partial \mathcal{L} / \partial \mathcal{F}_i(T_k) = (p_i - y_i) / K$ with the probabilities $p$ of the whole video.
# Once the video is understood, no snippet is pushed any more, whatever it shows.
#
# ## Exercise 08.2: The loss of a video
#
# `scores` is $(B, K, C)$, before the softmax, `labels` $(B,)$. Average over snippets, and return the mean loss over the
# videos, a scalar through which gradients flow.

# %% tags=["exercise"] exercise="08.2" points=2
def tsn_loss(scores, labels):
    """Cross-entropy after the average consensus.  scores (B, K, C), labels (B,) -> scalar"""
    # BEGIN SOLUTION
    G = scores.mean(dim=1)  # (B, C)
    right = G.gather(1, labels[:, None]).squeeze(1)
    return (G.logsumexp(dim=1) - right).mean()
    # END SOLUTION


# %% tags=["check"]
tsn_loss = check("08.2", tsn_loss)

# %% [markdown] tags=["hint"]
# <details>08.2</details>

# %% [markdown]
# ## The network for a snippet
#
# $\mathcal{F}$ may be any network for images. The paper compares four and takes **BN-Inception**, GoogLeNet with
# *batch normalisation*: behind every convolution, a layer subtracts the mean of the batch and divides by its standard
# deviation, channel by channel, and then applies a learnt scale and shift (lecture 12 is all about it). Each
# **Inception** block looks at its input in four ways side by side, with kernels of 1, of 3, of 3 after 3, and with a
# pool, and concatenates the results. How large is it, compared with the 90.6 million parameters of a stream in lecture
# 05?

# %% tags=["predict"]
size_guess = predict("BN-Inception for the 1000 classes of ImageNet: million parameters?", None, unit="million")

# %%
with torch.device("meta"):
    inception = BNInception()
    segment_networks = {name: TSN(101, name) for name in ("rgb", "flow", "rgbdiff")}
    cost = describe(inception, (3, 224, 224), repeats=0)
size_guess.reveal(round(cost.parameters / 1e6, 1))
sizes = {name: sum(p.numel() for p in network.parameters()) for name, network in segment_networks.items()}

# %% [markdown]
# All of it can be held against the public weights, number by number:

# %% tags=["claim"]
claim("BN-Inception has 11,295,240 parameters and needs 2.03 billion multiply-adds for an image; for UCF101, TSN has "
      "10,373,765 with RGB, 10,395,717 with flow and 10,411,397 with RGB differences",
      (cost.parameters, round(cost.multiply_adds / 1e7), *sizes.values())
      == (11_295_240, 203, 10_373_765, 10_395_717, 10_411_397),
      f"{cost.parameters:,}, {count(cost.multiply_adds)}, {', '.join(f'{size:,}' for size in sizes.values())}",
      published="the same numbers in the public weights")

# %% [markdown]
# An eighth of the parameters of CNN-M-2048: the three large fully connected layers are gone. A global average over $7
# \times 7$ places leaves 1024 numbers, and one matrix makes scores of them. Now three snippets go through one network.
# In the figure, find the two blocks that halve the size (they have two convolutions less), and the consensus.

# %%
with torch.device("meta"):
    whole = describe(TSN(101), (3, 3, 224, 224), repeats=0)
show(diagram(whole))

# %% [markdown]
# (Traps for whoever rebuilds it: all pools round up; average pools count the zeros of the padding; the last block has a
# max pool where the others average; the public weights want BGR. Each of them gives the right shapes when done wrong.)
#
# ## Good practices
#
# UCF101 has 9,500 videos for training; by the standards of images that is a small set. The practices below are about
# not wasting it. Here is what each added, one after the other.

# %%
table({"from random weights": (from_memory(48.7), from_memory(81.7), from_memory(82.9)),
       "spatial stream starts from ImageNet": (84.1, from_memory(81.7), 90.0),
       "+ cross-modality initialisation": (84.1, 86.6, 91.5),
       "+ partial BN with dropout": (84.5, 87.2, 92.0),
       "+ temporal segments (TSN)": (85.7, 87.9, 93.5)},
      columns=("spatial", "temporal", "two streams"), unit="%",
      source="UCF101, split 1; the paper's studies of training strategies and of components")

# %% [markdown]
# The second row is what the paper calls a *basic two-stream network*. It has 90.0 %, and in lectures 05 to 07 you met
# 88.0 % for two streams: the same idea with another network inside (CNN-M there, BN-Inception here).
#
# ### Start from pictures
#
# We need an ImageNet of our own. Take single frames of such a world: always one shape in the frame, four classes.

# %%
pictures = EventWorld(frames=1, duration=1, events=1)


def centred(frames):
    """Colours 0..1, most of them dark, to about mean 0 and variance 1."""
    return (frames - 0.2) / 0.25


def picture_batch(step):
    """64 new pictures (64, 3, 32, 32), and which shape they show."""
    batch = pictures.sample(64, seed=1_000_003 * course.seed + step)
    return centred(batch.look(torch.zeros(64, 1, dtype=torch.long)))[:, 0], batch.labels


image_network = fresh(lambda: BNInception.mini(len(SHAPES)), course)
history = fit(image_network, picture_batch, 80, lr=3e-3)
print(f"loss {history.loss[0]:.2f} -> {history.loss[-1]:.2f}, {sum(p.numel() for p in image_network.parameters()):,} "
      "parameters")

# %% [markdown]
# `BNInception.mini` is the same class with three of the ten blocks and an eighth of the channels. Every network below
# starts from these weights.
#
# ### Cross-modality initialisation
#
# ImageNet has no flow. A temporal stream of lecture 05 had to start from nothing, and the table shows the price. But
# what is below the first layer? Edges of moving things are edges. So take the weights for pictures for *all* layers;
# only the first does not fit, as it wants 3 channels and gets 10 (five flow fields with $u$ and $v$). Its new weights:
# the mean over red, green and blue, the same for each of the 10 channels.
#
# ## Exercise 08.3: From colours to flow
#
# `weight` is $(D, 3, h, w)$: $D$ kernels for three colours. Return the weights $(D, \text{channels}, h, w)$.

# %% tags=["exercise"] exercise="08.3" points=2
def first_weights(weight, channels):
    """The mean over colours, once per channel.  weight (D, 3, h, w) -> (D, channels, h, w)"""
    # BEGIN SOLUTION
    mean = weight.mean(dim=1, keepdim=True)
    return mean.repeat(1, channels, 1, 1)
    # END SOLUTION


# %% tags=["check"]
first_weights = check("08.3", first_weights)

# %% [markdown] tags=["hint"]
# <details>08.3</details>

# %% [markdown]
# ### Four modalities
#
# What can a snippet be? The paper tries four kinds of input. **RGB**: a frame. **Flow**: five fields, 10 channels.
# **Warped flow**: the same fields without the camera's motion. You have made it already: lecture 07 lets the corners
# vote for a homography $H$ (RANSAC), and of a displacement $d$ at the place $p$ it keeps $H^{-1}(p + d) - p$. Here is
# one of its clips: four discs, one of which moves, and a camera that pans.

# %%
pan = Bystanders(frames=6, camera=1.5).sample(1, seed=4)
flow = clip_flow(pan.clips)  # (1, 5, 2, 72, 72), pixels
warped = stabilised(flow, camera_homographies(pan.clips.mean(1), flow, steady=True))
show(flow_strip({"first frame": pan.clips[0, :, 0], "flow": flow[0, 0], "warped flow": warped[0, 0]}),
     alt="Left four discs. Middle: flow nearly everywhere, because the camera pans. Right: most is gone, and one disc "
         "is left.")
for name, field in (("flow", flow), ("warped flow", warped)):
    print(f"{name:11} longer than half a pixel: {100 * (field.norm(dim=2) > 0.5).float().mean():.0f} % of all places")

# %% [markdown]
# It has 10 channels as well, so the network is the same. Now only the actor moves; what the camera did is lost.
#
# The fourth are **RGB differences**. Flow is expensive, so why not subtract each frame from the next? Six frames give
# five differences, 15 channels.
#
# ## Exercise 08.4: Flow for the poor
#
# `frames` is $(B, T, 3, H, W)$. Return the $T - 1$ differences (later minus earlier) as channels,
# $(B, 3 (T - 1), H, W)$, the three colours of the first difference first.

# %% tags=["exercise"] exercise="08.4" points=1
def rgb_differences(frames):
    """Each frame minus the one before.  frames (B, T, 3, H, W) -> (B, 3 * (T - 1), H, W)"""
    # BEGIN SOLUTION
    return (frames[:, 1:] - frames[:, :-1]).flatten(1, 2)
    # END SOLUTION


# %% tags=["check"]
rgb_differences = check("08.4", rgb_differences)

# %% [markdown] tags=["hint"]
# <details>08.4</details>

# %% [markdown]
# One snippet of the example, six frames long, as differences (averaged over the colours) and as flow. What does each
# keep, and what is lost?

# %%
moment = example.onsets[:, :1]
snippet = example.differences(moment)[:, 0].unflatten(1, (6, 3))  # (1, 6, 3, 32, 32)
differences = rgb_differences(snippet)[0].unflatten(0, (5, 3)).mean(1)
motion = torch.cat([2 * differences[None], example.flow(moment)[0, 0].unflatten(0, (5, 2)).transpose(0, 1)])
show(kernel_strip(motion, titles=["difference (twice)", "u (right)", "v (down)"], label="pixels, or colour", width=7),
     alt="Five differences, five u, five v. Differences light up at the edges of a shape, in two signs (red is "
         "positive); flow fills it.")

# %%
table({"RGB": 84.5, "RGB difference": 83.8, "RGB + RGB difference": 87.3, "flow": 87.2, "warped flow": 86.9,
       "flow + warped flow": 87.8, "flow + warped flow + RGB": 92.3, "all four": 91.7},
      columns=("accuracy",), unit="%", source="UCF101, split 1, without segments; the paper's study of modalities")

# %% [markdown]
# Warped flow alone is no better than flow (86.9), but together they gain. Differences add to RGB (87.3), and yet all
# four together are *worse* than three: where flow is there, they add mistakes.
#
# ### Against learning by heart: crops, dropout, partial batch normalisation
#
# A small training set is soon learnt by heart. The paper has three remedies. The first are more **crops**: windows at
# the four corners and the centre, whose height and width are drawn apart from 256, 224, 192 and 168 pixels and resized
# to $224 \times 224$. The second is **dropout** before the last layer, with a high probability: 0.8 for RGB, 0.7 for
# flow. In training, each of the 1024 numbers is set to 0 with this probability, and what is left is divided by $1 - p$,
# so that the sum stays the same on average. In a test nothing happens. With a pencil: ten ones, $p = 0.8$. About two
# are left. How large are they?

# %%
dropout, ones = nn.Dropout(0.8), torch.ones(10)
for name, mode in (("training", True), ("training again", True), ("test", False)):
    dropped = dropout.train(mode)(ones)
    print(f"{name:15} {[round(value) for value in dropped.tolist()]}")

# %% [markdown]
# No prediction can rely on any one feature, and none is made of the same ones twice. (The miniatures below have 128
# features instead of 1024 and are trained for seconds; they do without.)
#
# The third is **partial batch normalisation**. In training mode, a normalisation estimates mean and variance from each
# batch. With few videos per batch such estimates are noisy, and with few videos in all they are learnt by heart as
# well. So freeze mean and variance of all normalisation layers at what the pictures gave, except in the *first* one,
# because the distribution of its input is new (think of flow). Our implementation, like the public one, freezes their
# scale and shift too.
#
# It is easily done wrong. `network.train()` switches *every* layer to training mode, whatever you did before, and
# training loops call it again and again. What lasts is to override `train` itself.
#
# ## Exercise 08.5: Partial batch normalisation that lasts
#
# Complete `train` such that, whatever the mode, all `nn.BatchNorm2d` after the first are in evaluation mode, and their
# scale and shift do not learn. The first follows `mode`. (For the check, `forward` also says how many numbers learn.)

# %% tags=["exercise"] exercise="08.5" points=3
class PartlyFrozen(nn.Module):
    """Convolutions with batch normalisation, of which only the first adapts.  widths: channels, from the input on"""

    def __init__(self, *widths):
        super().__init__()
        layers = []
        for inputs, outputs in zip(widths[:-1], widths[1:], strict=True):
            layers += [nn.Conv2d(inputs, outputs, 3), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def train(self, mode=True):
        # BEGIN SOLUTION
        super().train(mode)
        norms = [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms[1:]:
            norm.eval()
            norm.requires_grad_(False)
        # END SOLUTION
        return self

    def forward(self, x):
        learning = sum(p.numel() for p in self.parameters() if p.requires_grad)
        return self.layers(x), learning


# %% tags=["check"]
PartlyFrozen = check("08.5", PartlyFrozen)

# %% [markdown] tags=["hint"]
# <details>08.5</details>

# %% [markdown]
# ## Reproduce, part 1: how many snippets?
#
# Back to the long videos. 300 for training, each of them seen at $K$ snippets when its turn comes; a step takes 12
# videos. All networks start from the pictures, see the same videos in the same order, and differ in $K$ alone. (Their
# last layer is new, with six classes instead of four. So here, and for flow in part 3, it learns ten times as fast as
# the others; in the other trainings all layers learn alike.) The test is the same
# for all: 25 snippets of each new video, as in the paper, averaged.

# %%
def frames_of(videos, moments):
    """RGB snippets: single frames.  moments (B, K) -> (B, K, 3, 32, 32)"""
    return centred(videos.look(moments))


def snippet_batches(videos, segments, size, look=frames_of):
    """A function step -> (snippets (size, K, C, H, W), labels): random videos, a random snippet in each segment."""
    def batch(step):
        generator = course.generator(step)
        rows = torch.randint(len(videos), (size,), generator=generator)
        shares = torch.rand(size, segments, generator=generator)
        moments = torch.stack([segment_starts(videos.frames, row) for row in shares])
        chosen = videos[rows]
        return look(chosen, moments), chosen.labels
    return batch


def loss_of_videos(network, batch):
    """Your loss, where the consensus is the average; what the network itself does for any other."""
    snippets, labels = batch
    if network.consensus.how == "average":
        return tsn_loss(network.snippet_scores(snippets), labels)
    return F.cross_entropy(network(snippets), labels)

# %% [markdown]
# And how they are tested: the scores of 25 snippets for each of 200 new videos. We keep them apart, $(B, 25, C)$, to
# try several ways of joining them.

# %%
TEST, TRAIN = course.pick(cpu=200, smoke=8), 300


@torch.no_grad()
def test_scores(network, world, look=frames_of, snippets=25):
    """Scores of the snippets of every test video, (B, snippets, C), and the labels."""
    videos = world.sample(TEST, seed=10**6 + course.seed)
    moments = uniform_indices(world.frames, snippets).expand(TEST, snippets)
    parts = [slice(i, i + 20) for i in range(0, TEST, 20)]
    found = [network.snippet_scores(look(videos[part], moments[part]).to(course.device)).cpu() for part in parts]
    return torch.cat(found), videos.labels


def percent(network, world, how="average", look=frames_of):
    """Accuracy in percent of a network whose snippets are joined by `how`."""
    scores, labels = test_scores(network, world, look)
    return 100 * accuracy(consensus(scores, how), labels)


def adam(network, lr, faster):
    """Adam for what may learn; the last layer's learning rate is `faster` times that of the others."""
    last = list(network.network.fc.parameters())
    others = [p for p in network.parameters() if p.requires_grad and all(p is not q for q in last)]
    return torch.optim.Adam([{"params": others}, {"params": last, "lr": faster * lr}], lr=lr)


def train_videos(world, segments, size=12, steps=80, faster=10, **settings):
    """A small TSN that starts from pictures and is trained on 300 videos, none of its normalisations frozen."""
    network = fresh(lambda: TSN.mini(len(world.classes), segments=segments, partial_bn=False, **settings), course)
    network.start_from(image_network)
    data = world.sample(TRAIN, seed=2 * 10**6 + course.seed)
    history = fit(network, snippet_batches(data, segments, size), steps, loss=loss_of_videos,
                  optimizer=adam(network, 3e-3, faster))
    print(f"training loss of the last steps: {sum(history.loss[-10:]) / len(history.loss[-10:]):.2f}")
    return network

# %% [markdown]
# One snippet per video, as the two-stream networks did; then three; then seven.

# %%
by_segments = {1: train_videos(rare, 1)}

# %%
by_segments[3] = train_videos(rare, 3)

# %% [markdown]
# Write down the losses; we come back to them.

# %%
by_segments[7] = train_videos(rare, 7)

# %% [markdown]
# Seven snippets per video are seven times as many frames. Is it only that? A fair opponent gets as many: one snippet of
# each of $84 = 7 \cdot 12$ videos per step. Will it catch up with $K = 7$?

# %% tags=["predict"]
fair_guess = predict("K = 1 with as many frames per step as K = 7: accuracy (guessing has 17 %)?", None, unit="%")

# %%
same_frames = train_videos(rare, 1, size=84)
tested = {segments: test_scores(network, rare) for segments, network in by_segments.items()}
reached = {segments: 100 * accuracy(scores.mean(1), labels) for segments, (scores, labels) in tested.items()}
fair = percent(same_frames, rare)
fair_guess.reveal(fair)
names = ["K = 1", "K = 1, as many\nframes as K = 7", "K = 3", "K = 7"]
fig, ax = bars(names, {"accuracy": [reached[1], fair, reached[3], reached[7]]}, ylabel="accuracy (%)",
               xlabel="snippets per video in training", ylim=(0, 100), number="{:.0f}")
show(fig, alt=f"Accuracy with 25 snippets in the test: K = 1 {reached[1]:.0f} %, with as many frames {fair:.0f} %, "
              f"K = 3 {reached[3]:.0f} %, K = 7 {reached[7]:.0f} %; guessing has 17 %.")

# %% [markdown]
# Guessing has 17 %. Compare the first bar with the third, the third with the fourth, and then the two in which a step
# sees equally many frames.

# %% tags=["claim"]
claim("Three segments beat one by more than 5 points, in the same test with 25 snippets",
      reached[3] - reached[1] - 5, f"{reached[3]:.0f} % against {reached[1]:.0f} %; guessing 17 %",
      unit="points", published="K = 3 raises two streams from 92.0 to 93.5 % on UCF101")
claim("Where events are this rare, seven segments beat three by more than 5 points",
      reached[7] - reached[3] - 5, f"{reached[7]:.0f} % against {reached[3]:.0f} %", unit="points")
claim("Seven segments beat one by more than 20 points also when both see as many frames per step",
      reached[7] - fair - 20, f"{reached[7]:.0f} % against {fair:.0f} %", unit="points")

# %% [markdown]
# The fair opponent does not catch up; seven times the frames have helped it little. Look at what it has learnt instead:
# compare the training losses. Knowing nothing costs $\log 6 = 1.79$. $K = 1$ with many frames gets far below, even
# below $K = 7$, and yet it knows little about new videos. Forced to name the class of frames that show *nothing*, it
# has learnt the photographs behind them by heart. A consensus takes away the reason for that. As soon as one of seven
# snippets shows a shape, there is something better to learn.
#
# Be careful with the size of the effect. We made events rare, 16 % of the frames. On UCF101 the action fills most of
# the clip, and the gain is 1.5 points. (How large is it here when events are long? Try `duration=30` in the world.)
#
# ## Reproduce, part 2: average or maximum?
#
# The paper tries three kinds of consensus: the average, the maximum of each class, and a weighted average with learnt
# weights per segment. Think first. A snippet with a disc speaks for three classes alike: disc + square, disc +
# triangle, disc + cross. A snippet with a cross speaks for three others. What does the *maximum* make of them?

# %%
maximum = percent(train_videos(rare, 7, consensus="max"), rare, "max")
table({"average": (85.7, 87.9, 93.5), "maximum": (85.0, 86.0, 91.6), "weighted average": (86.2, 87.7, 92.4)},
      {"average": reached[7], "maximum": maximum}, columns=("spatial", "temporal", "two streams"),
      measured_columns=("sets of events, here",), unit="%",
      source="UCF101, split 1; the paper's study of consensus functions")

# %% [markdown]
# And the weighted average? Its weights belong to segments, so it needs as many snippets in the test as in training.
# Here: seven, beside the plain average. What do you expect of the weights, when events come at any time?

# %%
weighted = train_videos(rare, 7, consensus="weighted")
learnt = weighted.consensus.weights.detach().cpu()
for name, network in (("average", by_segments[7]), ("weighted", weighted)):
    scores, labels = test_scores(network, rare, snippets=7)
    print(f"{name:9}{100 * accuracy(consensus(scores, name, learnt), labels):.0f} % with 7 snippets")
print("weights:", [round(weight, 2) for weight in learnt.tolist()], "they began at", round(1 / 7, 2))

# %% [markdown]
# No segment is better than another, so the weights stay close to each other. (They all shrink, which a smaller scale of
# the scores would do as well.)
#
# A set is an *and*: both events must have been there, so evidence has to add up. In the average, disc + cross gets its
# share from both kinds of snippets, and no other class does. In the maximum it gets no more than disc + square. So the
# maximum is an *or*: is there any moment that speaks for this class? There must be tasks where that is the better
# question. One shape alone decides now, and is there for 6 of 75 frames. We train one network, with the average of
# seven snippets, and join its 25 snippets of the test in both ways. Which one wins?

# %% tags=["predict"]
single_guess = predict("One rare event decides: average or maximum?", None)

# %%
single = EventWorld(frames=75, duration=6, events=1)
one_event, labels = test_scores(train_videos(single, 7, steps=60, faster=1), single)
joined = {how: 100 * accuracy(consensus(one_event, how), labels) for how in ("average", "max")}
single_guess.reveal("maximum" if joined["max"] > joined["average"] else "average")
for how, value in joined.items():
    print(f"a single event, {how:8} {value:.0f} %   (guessing 25 %)")

# %% [markdown]
# Both ways round:

# %% tags=["claim"]
claim("For sets of events, the average beats the maximum by more than 10 points",
      reached[7] - maximum - 10, f"{reached[7]:.0f} % against {maximum:.0f} %", unit="points",
      published="two streams on UCF101: average 93.5 %, maximum 91.6 %")
claim("For a single rare event, joining the snippets of one network by the maximum beats their average by more than "
      "3 points", joined["max"] - joined["average"] - 3, f"{joined['max']:.0f} % against {joined['average']:.0f} %",
      unit="points", published="not in the paper, whose videos show their action nearly all the time")

# %% [markdown]
# In the average, 23 empty snippets talk into the decision of two. The maximum listens to the one that is sure. No
# consensus is the best one; it says what you believe about your videos.
#
# ## Reproduce, part 3: good practices
#
# **Cross-modality initialisation.** Two networks for flow, $K = 3$, in videos where events are long (30 frames of 75),
# 40 steps. One starts from random weights, one from the pictures, with your `first_weights` in its first layer.

# %%
long = EventWorld(frames=75, duration=30)


def flow_of(videos, moments):
    """Snippets of five flow fields.  moments (B, K) -> (B, K, 10, 32, 32)"""
    return videos.flow(moments)


flow_networks = {}
for start_from in ("random weights", "pictures"):
    network = fresh(lambda: TSN.mini(6, "flow", partial_bn=False), course)
    if start_from == "pictures":
        network.start_from(image_network)
        with torch.no_grad():
            network.network.conv1.conv.weight.copy_(first_weights(image_network.conv1.conv.weight, 10))
    data = long.sample(TRAIN, seed=2 * 10**6 + course.seed)
    fit(network, snippet_batches(data, 3, 12, flow_of), 40, loss=loss_of_videos, optimizer=adam(network, 3e-3, 10))
    flow_networks[start_from] = network
flow_percent = {name: percent(network, long, look=flow_of) for name, network in flow_networks.items()}

# %% [markdown]
# **Partial batch normalisation.** Now data are few: 48 videos, 3 per step, and a learning rate of a third, as one does
# when weights are only to be adapted. RGB, $K = 3$, once with all normalisations learning, once with all but the first
# frozen.

# %%
few = long.sample(48, seed=2 * 10**6 + course.seed)
norm_networks = {}
for name, frozen in (("all learn", False), ("all but the first frozen", True)):
    network = fresh(lambda frozen=frozen: TSN.mini(6, partial_bn=frozen), course).start_from(image_network)
    fit(network, snippet_batches(few, 3, 3), 80, loss=loss_of_videos, lr=1e-3)
    norm_networks[name] = network
norm_percent = {name: percent(network, long) for name, network in norm_networks.items()}
for name, value in (flow_percent | norm_percent).items():
    print(f"{name:26}{value:.0f} %")

# %% tags=["claim"]
claim("After the same 40 steps, flow that starts from pictures beats flow that starts from random weights by more than "
      "20 points", flow_percent["pictures"] - flow_percent["random weights"] - 20,
      f"{flow_percent['pictures']:.0f} % against {flow_percent['random weights']:.0f} %", unit="points",
      published="temporal stream on UCF101 86.6 % against 81.7 %")
partial, learning = norm_percent["all but the first frozen"], norm_percent["all learn"]
claim("With 48 training videos, freezing all normalisations but the first gains more than 2 points",
      partial - learning - 2, f"{partial:.0f} % against {learning:.0f} %", unit="points",
      published="two streams on UCF101, together with dropout: 92.0 % against 91.5 %")

# %% [markdown]
# What pictures bring is time, and with few videos time is what one does not have: by the hundredth epoch they are known
# by heart. As for partial normalisation, it is a remedy for *few* videos and *small* batches. With the 300 videos of
# part 1 it gained us nothing, and we left it off there.
#
# ## Two streams, one prediction
#
# In the end, scores of the streams are added: RGB with weight 1, flow with 1.5 (because flow is better). In a test, the
# paper takes 25 snippets of each stream and ten crops of each snippet (lecture 01), 250 lists of scores in all. The
# consensus takes place *before* the softmax, as in training. Here is the whole, each network drawn as one block; the
# three snippets of a stream lie side by side in the channels (9 and 30).

# %%
with torch.device("meta"):
    streams = parallel(lambda rgb, flow: rgb + 1.5 * flow, RGB=TSN(101), flow=TSN(101, "flow"))
    both = describe(streams, [(9, 224, 224), (30, 224, 224)], repeats=0)
show(diagram({"TSN, two streams": both}))

# %% [markdown]
# ## Exercise 08.6: Fix the bugs
#
# This function gets the scores of both streams, `rgb` $(B, K, C)$ and `flow` $(B, K', C)$, before the softmax, and
# should return the probabilities $(B, C)$. It does two things that were common before TSN.

# %% tags=["exercise"] exercise="08.6" points=2
def video_probabilities(rgb, flow):
    """Softmax of consensus 1 : 1.5 over two streams.  rgb (B, K, C), flow (B, K', C) -> (B, C)"""
    # BEGIN SOLUTION
    fused = rgb.mean(dim=1) + 1.5 * flow.mean(dim=1)  # (B, C)
    return fused.softmax(dim=1)
    # STARTING POINT
    # fused = rgb.softmax(dim=2).mean(dim=1) + flow.softmax(dim=2).mean(dim=1)
    # return fused / 2
    # END SOLUTION


# %% tags=["check"]
video_probabilities = check("08.6", video_probabilities)

# %% [markdown] tags=["hint"]
# <details>08.6</details>

# %% [markdown]
# Does the order of softmax and average matter? The same scores of $K = 7$, joined in both ways; and our two streams,
# flow and the RGB network of 48 videos, fused by your function.

# %%
scores, labels = tested[7]
order = {"average, then softmax": accuracy(scores.mean(1), labels),
         "softmax, then average": accuracy(scores.softmax(2).mean(1), labels)}
(rgb, labels), (temporal, _) = (test_scores(norm_networks["all but the first frozen"], long),
                                test_scores(flow_networks["pictures"], long, flow_of))
fused = {"RGB": accuracy(rgb.mean(1), labels), "flow": accuracy(temporal.mean(1), labels),
         "both": accuracy(video_probabilities(rgb, temporal), labels)}
for name, value in (order | fused).items():
    print(f"{name:24}{100 * value:.0f} %")

# %% tags=["claim"]
before, after = (100 * order[name] for name in ("average, then softmax", "softmax, then average"))
claim("A network that was trained with the consensus before the softmax loses more than 10 points when it comes after",
      before - after - 10, f"{before:.0f} % against {after:.0f} %", unit="points",
      published="TSN averages scores before the softmax; no number for the other order")

# %% [markdown]
# Why so much? A softmax keeps at most 1 of whatever a snippet has to say. The network has learnt to let snippets shout:
# a disc rules out all classes without a disc, with large negative scores, and that is worth nothing once it
# is squeezed into "probability 0.00".
#
# ## Look at the snippets
#
# A video that it has not seen, and the scores of the $K = 7$ network for each of its frames. **Find out:** with how few
# snippets can the answer be right, and does it stay right wherever in their segments they lie? Which snippets do the
# deciding, and what do the empty ones say? And then let the maximum decide.

# %% tags=["widget"]
several = rare.sample(12, seed=5 + course.seed)
moments = torch.arange(75).expand(12, 75)
with torch.no_grad():
    frame_scores = by_segments[7].snippet_scores(frames_of(several, moments).to(course.device)).cpu()  # (12, 75, 6)
with_seven = frame_scores[:, uniform_indices(75, 7)].mean(1).argmax(1)
chosen = (with_seven == several.labels).int().argmax()  # the first that seven snippets get right
video = several[chosen : chosen + 1]
happens = [(first.item(), 6, SHAPES[kind]) for first, kind in zip(video.onsets[0], video.kinds[0], strict=True)]
SegmentConsensus(video.look(moments[:1])[0].transpose(0, 1), frame_scores[chosen], rare.classes, video.labels[0],
                 happens)

# %% [markdown]
# ## What it led to
#
# With three modalities and over all three splits, TSN reached the numbers that the next years were measured against.

# %%
table({"two streams (lecture 05)": (88.0, 59.4), "trajectory-pooled descriptors (lecture 07)": (90.3, 63.2),
       "TSN, RGB and flow": (from_memory(94.0), from_memory(68.5)), "TSN, RGB, flow and warped flow": (94.2, 69.4)},
      columns=("UCF101", "HMDB51"), unit="%", source="Mean over three splits; TSN and the papers of lectures 05 and 07")

# %% [markdown]
# The network inside matters as well, and the idea outlived all of those below. Sampling a few snippets per video and
# judging the video as a whole is common practice today, whatever $\mathcal{F}$ is. What an average cannot know is the
# *order* of the snippets; that is lecture 10.

# %%
table({"Clarifai": (72.7, 81.0, 87.0), "GoogLeNet": (77.1, 83.9, 89.0), "VGG-16": (79.8, 85.7, 90.9),
       "BN-Inception": (84.5, 87.2, 92.0), "BN-Inception with segments": (85.7, 87.9, 93.5)},
      columns=("spatial", "temporal", "two streams"), unit="%",
      source="UCF101, split 1; all but the last without segments; the paper's study of networks")

# %% [markdown]
# ## On a GPU
#
# The same class at its published size: a training step on 32 videos of three snippets (bf16, channels last); on the CPU
# the miniature.

# %% tags=["gpu", "nbval-ignore-output"]
def videos_per_second(network, snippets, repeats):
    """Videos per second of training steps, after one to warm up."""
    gpu = course.device.type == "cuda"
    network = network.to(course.device, memory_format=torch.channels_last).train()
    snippets, labels = snippets.to(course.device), torch.arange(len(snippets), device=course.device) % 101
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], 1e-3, momentum=0.9)
    for step in range(repeats + 1):
        if step == 1:
            began = time.perf_counter()
        with torch.autocast(course.device.type, course.dtype, enabled=gpu):
            loss = tsn_loss(network.snippet_scores(snippets), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if gpu:
            torch.cuda.synchronize()
    return repeats * len(snippets) / (time.perf_counter() - began)


network, shape = course.pick(cpu=(TSN.mini(101), (4, 3, 3, 32, 32)), gpu=(TSN(101), (32, 3, 3, 224, 224)))
print(f"{videos_per_second(network, torch.rand(shape), course.pick(cpu=2, gpu=20)):,.0f} videos per second")

# %% [markdown]
# And the real thing. Set the environment variables `UCF101` (the folder with the class folders) and `TSN_WEIGHTS` (an
# RGB network in any of the public layouts, the authors' caffemodel among them; their licences differ, so you fetch it
# yourself) before you start JupyterLab. For each video: 25 frames, resized to $256 \times 340$, ten crops each, one
# consensus over 250 views. Without them, one of our own clips goes through the miniature. To train one yourself:
# `course train 08 --data ~/data/UCF-101`.

# %% tags=["gpu"]
@torch.no_grad()
def judge(network, path, crop=224, size=(256, 340), snippets=25, mean=MEAN_BGR):
    """Consensus over all views of a video file: (C,) scores before the softmax."""
    numbers = uniform_indices(probe(path).frames, snippets)
    frames = rgb_input(read_frames(path, numbers, size=size).transpose(0, 1), mean)  # (25, 3, 256, 340), BGR
    views = snippet_views(frames, crop).unsqueeze(0)  # (1, 250, 3, crop, crop)
    return network.eval()(views.to(course.device))[0].float().cpu()


folder, weights = Path(os.environ.get("UCF101", "UCF-101")), Path(os.environ.get("TSN_WEIGHTS", "tsn_rgb.pth"))
if folder.is_dir() and weights.is_file():
    published = TSN.from_published(weights).to(course.device)
    mean = MEAN_BGR_CAFFE if ".caffemodel" in weights.name else MEAN_BGR
    chosen = ucf101(folder, split=1, train=False).videos[:: course.pick(cpu=500, gpu=10)]
    hits = [judge(published, path, mean=mean).argmax().item() == label for path, label in chosen]
    print(f"UCF101, {len(hits)} test videos: {100 * sum(hits) / len(hits):.1f} % (published for RGB: 85.7 %)")
else:
    answer = judge(fresh(lambda: TSN.mini(101), course), clip_path("moving_camera"), 32, (36, 48), snippets=3)
    print(f"UCF101 or the weights are not here; the miniature gave a clip of ours {len(answer)} scores from 30 views")

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - $K$ segments, a snippet from each: the cost does not depend on the length of the video, and all of it is seen.
# - Consensus first, then the softmax and one loss per video; a snippet that shows nothing may say nothing.
# - The average is an *and* of evidence, the maximum an *or*; the task decides.
# - Start all streams from pictures: in the first layer, the mean over colours, once per channel.
# - With few videos, freeze all batch normalisations but the first, inside `train`, or the next call undoes it.
#
# ## Do you remember?
#
# <details><summary>1. A video becomes ten times as long. What happens to the cost of a training step with K = 3?
# </summary>Nothing; decoding aside, three snippets are three snippets.</details>
#
# <details><summary>2. Why did K = 1 with seven times as many videos learn so little here?</summary>
# Most of its frames show nothing and still carry a label. It learns them by heart.</details>
#
# <details><summary>3. "A dog barks at some moment of this recording." Average or maximum?</summary>
# The maximum: any one moment is enough.</details>
#
# <details><summary>4. Why does the first batch normalisation stay free?</summary>
# The statistics of its input change with the modality and the data; those further up were learnt with the weights
# below them.</details>
#
# <details><summary>5. Lecture 05: what must happen to a flow stack when a crop is mirrored?</summary>
# The horizontal component u changes its sign.</details>
#
# <details><summary>6. Lecture 06: C3D averages the features of its clips. What is different here?</summary>
# There, each clip had the video's label in training, and the average came only in the test. Here the average is part of
# the training.</details>
#
# ## To read
#
# - L. Wang, Y. Xiong, Z. Wang, Y. Qiao, D. Lin, X. Tang, L. Van Gool, *Temporal Segment Networks: Towards Good
#   Practices for Deep Action Recognition*, ECCV 2016, arXiv:1608.00859: Section 3.1 (framework), 3.2 (practices), 4.
# - S. Ioffe, C. Szegedy, *Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
#   Shift*, ICML 2015, arXiv:1502.03167: Section 3, and BN-Inception in 4.2.
# - L. Wang, Y. Xiong, Z. Wang, Y. Qiao, *Towards Good Practices for Very Deep Two-Stream ConvNets*, 2015,
#   arXiv:1507.02159: where cross-modality initialisation comes from.
#
# **Next:** [09 · Two-stream fusion](09_two_stream_fusion.ipynb), where the streams meet inside the network.
