# %% [markdown]
# # 03 · When should a network look at time?
#
# *Deep Learning for Video, lecture 03. About 75 minutes. Two CPU cores are enough; the last section uses a GPU and real
# videos when there are some.*

# %% tags=["setup"]
course = start("03")

# %%
import os

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.data.sets.clip_batches import ClipBatches
from course_lib.data.sets.readers import ucf101
from course_lib.data.worlds.actions import ActionWorld
from course_lib.describe import count, describe
from course_lib.metrics import hit_at
from course_lib.models.fusion import (
    MEAN,
    MINI,
    EarlyFusion,
    LateFusion,
    MultiResolution,
    SingleFrame,
    SlowFusion,
)
from course_lib.plots import bars, curve, diagram, film_strip, show
from course_lib.timing import alternate
from course_lib.train import fit, scores
from course_lib.widgets.fusion_frames import FusionExplorer

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - draw single-frame, early, late and slow fusion, and say which frames each unit sees;
# - turn one network into the other by changing two triples of numbers, and predict what that costs;
# - go from the predictions for clips to a prediction for a video, and report hit@k for both;
# - explain why half the pixels can be nearly enough, if it is the right half;
# - look at a strong single-frame baseline, and ask what the data set lets it get away with.

# %% [markdown]
# In 2014 image classification had just been solved, or so it felt: take a million labelled pictures, train a large
# network. Could one do the same with a million *videos*? Here are two "videos" to have in mind. In the first, one
# glance is enough. In the second, no single frame tells to which side the shape is going.

# %%
SEEN = {"appearance": "A large shape that hardly moves.", "direction": "A small shape that goes to one side."}
for task, look in (("appearance", dict(size=14, travel=2)), ("direction", dict(size=6, travel=5, backdrop=0.3))):
    example = ActionWorld(task, 32, 32, 17, duration=8, **look).sample(1, seed=4, onset=(4, 4))
    answer = example.clips[0, :, ::2]
    show(film_strip(answer, columns=9, indices=range(9), titles=[f"frame {2 * t}" for t in range(9)]),
         alt=f"{SEEN[task]} Every second frame of a clip; the question is its {task}.")

# %% [markdown]
# ## A million videos
#
# Karpathy, Toderici, Shetty, Leung, Sukthankar and Fei-Fei collected **Sports-1M**: one million videos from YouTube,
# 487 kinds of sport. A label belongs to a whole video and not to a moment of it: a basketball video may also show the
# crowd and a talking head.
#
# Images come in one size; videos are minutes long, and no two are equally long. Their answer has become the standard
# one: treat a video as **a bag of short clips of a fixed size**. Train on clips, each with the label of its video. To
# classify a video, classify several of its clips and average (lecture 01 had the average, and below you will write the
# score that goes with it).
#
# Then the question of the paper: *how should the network that looks at one clip be connected in time?*
#
# ## One network, five connections
#
# All models share one network of 2014. In the paper's shorthand, $C(d, f, s)$ is a convolution with $d$ filters of $f
# \times f$ pixels and stride $s$, $P$ a max pooling of $2 \times 2$ pixels without overlap, $FC(n)$ a fully connected
# layer and $N$ a normalisation:
#
# $$ C(96, 11, 3) - N - P - C(256, 5, 1) - N - P - C(384, 3, 1) - C(384, 3, 1) - C(256, 3, 1) - P
#    - FC(4096) - FC(4096) - \mathrm{softmax}(487) $$
#
# $N$ is *local response normalisation*. It divides each response by the strength of its neighbours: those at the same
# place, in the two channels before and the two behind. With the paper's constants,
#
# $$ y_c = x_c \Big/ \Big(2 + 10^{-4} \sum_{j=c-2}^{c+2} x_j^2\Big)^{1/2} . $$
#
# Batch normalisation, a year later, made it a footnote. (A trap for those who rebuild it: PyTorch's
# `local_response_norm` divides its `alpha` by the number of channels, so it wants $5 \cdot 10^{-4}$ here.)
#
# Now add time. Remember from lecture 02 that a 2D convolution is a 3D convolution whose kernel is one frame long. So
# one triple can describe where the frames meet: the *temporal extents* of the first three convolutions.
#
# | model | frames that go in | extents of conv1, conv2, conv3 | strides in time | where do frames meet? |
# |---|---|---|---|---|
# | **single frame** | 1 | 1, 1, 1 | 1, 1, 1 | nowhere |
# | **early fusion** | 10 | 10, 1, 1 | 1, 1, 1 | in the first convolution, over the pixels |
# | **late fusion** | 2, which lie 15 apart | 1, 1, 1 | 1, 1, 1 | in the first fully connected layer |
# | **slow fusion** | 10 | 4, 2, 2 | 2, 2, 2 | a few at a time, in three convolutions |
#
# The fifth model, *multiresolution*, sees one frame, and comes later. In the code the table is all that differs:

# %%
for model in (SingleFrame, EarlyFusion, LateFusion, SlowFusion):
    print(f"{model.__name__:12} {model.frames:2} frames, gap {model.gap:2}, extents {model.extents}, "
          f"strides {model.time_strides}, {model.responses} moment(s) left")

# %% [markdown]
# Look at it, unit by unit. **Find out:** in slow fusion, which frames are seen by *two* units of conv1, and which by
# one only? Which is the first layer of late fusion that could notice that anything moves?

# %% tags=["widget"]
FusionExplorer()

# %% [markdown]
# Neighbouring units of slow fusion's conv1 share two frames, as an extent of 4 with stride 2 must have it. The first
# two and the last two frames are seen once. In late fusion nothing below the fully connected layer knows more than one
# frame.
#
# ## Exercise 03.1: Early fusion is a reshape
#
# Early fusion has kernels of $11 \times 11 \times 3 \times T$ with $T = 10$. In 2014 one wrote it without any 3D
# convolution. `clip` is $(B, C, T, H, W)$, `weight` is $(D, C, T, P, Q)$, as long in time as the clip, and `bias` is
# $(D,)$. Make channels of the frames, in both, and call `F.conv2d` once. No padding; return $(B, D, H', W')$.

# %% tags=["exercise"] exercise="03.1" points=2
def early_fusion(clip, weight, bias, stride):
    """conv1 of early fusion.

    clip (B, C, T, H, W), weight (D, C, T, P, Q), bias (D,), int -> (B, D, H', W').
    """
    # BEGIN SOLUTION
    return F.conv2d(clip.flatten(1, 2), weight.flatten(1, 2), bias, stride=stride)
    # END SOLUTION


# %% tags=["check"]
early_fusion = check("03.1", early_fusion)

# %% [markdown] tags=["hint"]
# <details>03.1</details>

# %% [markdown]
# It is the same sum as the 3D convolution in the model, up to the last digits:

# %%
conv1 = nn.Conv3d(3, 8, (10, 11, 11), stride=(1, 3, 3))
clip = torch.rand(2, 3, 10, 41, 44)
with torch.no_grad():
    difference = conv1(clip)[:, :, 0] - early_fusion(clip, conv1.weight, conv1.bias, stride=3)
print(f"largest difference {difference.abs().max():.0e}")

# %% [markdown]
# ## Exercise 03.2: The temporal extent of slow fusion
#
# Lecture 02 worked upwards: how large is the field after each layer? Now go *down* from one unit, and name the frames.
# A layer has a temporal extent and a stride, and no padding: its unit $u$ reads the units $u \cdot s$ to
# $u \cdot s + e - 1$ of the layer below.
#
# With a pencil, for the second unit ($u = 1$) of slow fusion's conv2: it reads units $2$ to $3$ of conv1. Unit 2 begins
# at frame $4$, unit 3 ends at frame $3 \cdot 2 + 4 - 1 = 9$. So it sees frames 4 to 9 of the ten. Write this for any
# stack: `extents` and `strides` are listed from the bottom to the top, `unit` belongs to the topmost layer.

# %% tags=["exercise"] exercise="03.2" points=2
def frames_seen(unit, extents, strides):
    """Which frames one unit sees.  int, two tuples of int -> (first, last), both included."""
    first = last = unit
    # BEGIN SOLUTION
    for extent, stride in zip(reversed(extents), reversed(strides), strict=True):
        first, last = first * stride, last * stride + extent - 1
    return first, last
    # END SOLUTION


# %% tags=["check"]
frames_seen = check("03.2", frames_seen)

# %% [markdown] tags=["hint"]
# <details>03.2</details>

# %%
for level, units in ((1, 4), (2, 2), (3, 1)):
    fields = [frames_seen(u, SlowFusion.extents[:level], SlowFusion.time_strides[:level]) for u in range(units)]
    print(f"conv{level}: {units} unit(s) in time see the frames {fields}")

# %% [markdown]
# 4, 2, 1: after conv3 time is used up, and all ten frames have met. From there on it is a network for images.
#
# ## What does it cost?
#
# All of them at the published size. The paper prints neither parameters nor multiply-adds; `describe` counts both. On
# the `meta` device a network of 125 million parameters needs no memory. First, your guess: slow fusion takes ten
# frames where the single-frame network takes one.

# %% tags=["predict"]
slow_guess = predict("Slow fusion: how many times the multiply-adds of the single frame?", None, unit="times")

# %% [markdown]
# Each network sees the frames that it asks for:

# %% tags=["nbval-check-output"]
costs = {}
for model in (SingleFrame, EarlyFusion, LateFusion, SlowFusion, MultiResolution):
    side = 178 if model is MultiResolution else 170
    with torch.device("meta"):
        costs[model] = describe(model(), (3, model.frames, side, side), repeats=0)
    print(f"{model.__name__:16}{model.frames:3} x {side} x {side}{costs[model].parameters:>14,} parameters"
          f"{count(costs[model].multiply_adds):>10} multiply-adds")

# %%
slow_guess.reveal(costs[SlowFusion].multiply_adds / costs[SingleFrame].multiply_adds)

# %% [markdown]
# Far less than ten times, since the strides halve time on the way up. And look at the parameters: fusing in the
# convolutions costs one or two million, fusing in the first fully connected layer costs 51 million, as that
# layer has twice the inputs.
#
# Here are the four, drawn from the models to one scale. A body is as deep as it has frames. Where is the depth lost at
# once, where step by step, and where do the two frames of late fusion come together?

# %%
FOUR = (SingleFrame, EarlyFusion, LateFusion, SlowFusion)
show(diagram({model.__name__: costs[model] for model in FOUR}, facts=("name", "kernel", "stride", "frames T")),
     alt="Four networks with five convolutions and three fully connected layers each. Early fusion goes from ten "
         "frames to one in conv1, slow fusion to four, two and one in conv1 to conv3. Late fusion is two towers that "
         "meet in fc1, single frame is one tower.")

# %% [markdown]
# ## Context and fovea
#
# The authors trained on a cluster, with 10 to 50 replicas of the model at a time. So they asked: how could one frame
# be made cheaper, without a smaller network? A network on half the rows and columns costs a quarter, and is worse.
# Their idea is borrowed from the eye, which is sharp only in the middle. Cut the frame of $178 \times 178$ into two
# inputs of $89 \times 89$:
#
# - the **context**: the whole frame at half the resolution;
# - the **fovea**: the middle of the frame at full resolution.
#
# Each goes through its own tower, and the two meet in the first fully connected layer. That works since people hold
# the camera so that the thing of interest is in the middle. In the figure, compare the first bodies of a tower with the
# clip: what was $178 \times 178$ pixels is $30 \times 30$ after conv1.

# %%
show(diagram(costs[MultiResolution]))

# %% [markdown]
# ## Exercise 03.3: Context and fovea
#
# `clip` is $(B, 3, T, H, W)$ with even $H$ and $W$. Return the pair (context, fovea), each $(B, 3, T, H/2, W/2)$. The
# context averages blocks of $2 \times 2$ pixels; the fovea begins at row $(H - H/2) / 2$, rounded down, and likewise
# for columns. Time stays.

# %% tags=["exercise"] exercise="03.3" points=2
def two_streams(clip):
    """The inputs of the multiresolution network.  (B, 3, T, H, W) -> two of (B, 3, T, H / 2, W / 2)."""
    H, W = clip.shape[-2:]
    # BEGIN SOLUTION
    context = F.avg_pool3d(clip, (1, 2, 2))
    top, left = (H - H // 2) // 2, (W - W // 2) // 2
    fovea = clip[..., top : top + H // 2, left : left + W // 2]
    # END SOLUTION
    return context, fovea


# %% tags=["check"]
two_streams = check("03.3", two_streams)

# %% [markdown] tags=["hint"]
# <details>03.3</details>

# %%
frame = ActionWorld("appearance", 96, 96, 3, duration=2, size=34, travel=8).sample(1, seed=6).clips[:, :, 1:2]
context, fovea = two_streams(frame)
side_by_side = torch.cat([F.interpolate(context, size=(1, 48, 48)), fovea], 2)[0]
show(film_strip(side_by_side, indices=[0, 1], titles=["context: all, coarse", "fovea: middle, fine"], width=4),
     alt="The two inputs of one frame, 48 by 48 pixels each: all of it at half the size, and its middle as it is.")

# %% [markdown]
# Together they have half the pixels of the frame. What that saves, counted at the published size, with the single-frame
# network on the same $178 \times 178$ pixels:

# %%
with torch.device("meta"):
    whole = describe(SingleFrame(crop=178), (3, 1, 178, 178), repeats=0)
print(f"whole frame {count(whole.multiply_adds)}, context and fovea {count(costs[MultiResolution].multiply_adds)}: "
      f"{100 * costs[MultiResolution].multiply_adds / whole.multiply_adds:.0f} % of the multiply-adds")

# %% [markdown]
# Counting is not timing: the saving is in the convolutions, and the fully connected layer has even grown. We
# measure below.
#
# ## From clips to videos
#
# The network is trained on clips, and asked about videos. In the paper 20 clips are taken from each video, each in 4
# views (crops and flips; the 4 is from memory), and the predictions are averaged. With 487 classes, several of which
# look nearly alike, it is usual to report **hit@k**: is the right class among the $k$ best? *Clip hit@1* counts
# clips, *video hit@1* and *video hit@5* count videos, after averaging.
#
# ## Exercise 03.4: hit@k, from clips to videos
#
# `scores` $(N, K)$ are the scores of $N$ clips before the softmax, `videos` $(N,)$ says to which video each clip
# belongs, `labels` $(V,)$ are the classes of the videos $0$ to $V - 1$. Videos may have different numbers of clips, in
# any order. Average *probabilities*, and return the share of videos whose class is among the $k$ best, a float.

# %% tags=["exercise"] exercise="03.4" points=3
def video_hit(scores, videos, labels, k):
    """Video hit@k.  (N, K) floats, (N,) long, (V,) long, int -> float in 0..1."""
    # BEGIN SOLUTION
    probabilities = scores.softmax(dim=1)
    means = torch.stack([probabilities[videos == video].mean(0) for video in range(len(labels))])
    hits = (means.topk(k, dim=1).indices == labels[:, None]).any(dim=1)
    return hits.float().mean().item()
    # END SOLUTION


# %% tags=["check"]
video_hit = check("03.4", video_hit)

# %% [markdown] tags=["hint"]
# <details>03.4</details>

# %% [markdown]
# A video of three clips, by hand. Two clips are mildly wrong, one is right and sure. The clips have 1 hit of 3; the
# average of the class in question is $(0.4 + 0.4 + 0.9) / 3 \approx 0.57$, and the video is right:

# %% tags=["nbval-check-output"]
three = torch.tensor([[0.4, 0.6], [0.4, 0.6], [0.9, 0.1]]).log()  # the softmax gives the probabilities back
which, truth = torch.zeros(3, dtype=torch.long), torch.tensor([0])
print(f"clip hit@1 {hit_at(three, truth[which]):.2f}, video hit@1 {video_hit(three, which, truth, k=1):.2f}")

# %% [markdown]
# ## What the paper found
#
# Table 1 of the paper, in percent, from a public transcript; the best network of each column is bold:
#
# | model | clip hit@1 | video hit@1 | video hit@5 |
# |---|---|---|---|
# | histograms of features + neural net | | 55.3 | |
# | single frame | 41.1 | 59.3 | 77.7 |
# | single frame + multiresolution | **42.4** | 60.0 | 78.5 |
# | single frame, fovea only | 30.0 | 49.9 | 72.8 |
# | single frame, context only | 38.1 | 56.0 | 77.2 |
# | early fusion | 38.9 | 57.7 | 76.8 |
# | late fusion | 40.7 | 59.3 | 78.7 |
# | slow fusion | 41.9 | **60.9** | **80.2** |
# | average of single, early, late and slow | 41.4 | 63.9 | 82.4 |
#
# Read it slowly, since people argued about it for years. (1) Averaging over a video gains about 18 points, far more
# than anything that the networks do with time. (2) One frame loses only 1.6 points against the best motion model. (3)
# Early fusion is *worse* than one frame. (4) Half the pixels lose nothing, if they are context *and* fovea. Is motion
# useless, or do sports videos not need it, since the lawn, the pool and the hall give the sport away? The table cannot
# tell. A world that we control can.
#
# ## Exercise 03.5: A late-fusion forward pass
#
# One network is left to build. In `LateFusionNet` a tower looks at frame 0 and, with *the same* weights, at frame
# `gap`; the two outputs, flattened and side by side, go to the head. The layers are there; write `forward`, which
# returns the scores before the softmax.

# %% tags=["exercise"] exercise="03.5" points=3
class LateFusionNet(nn.Module):
    """Two towers that share weights.  (B, 3, T, side, side) with T > gap -> (B, classes)."""

    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        convolution = nn.Conv2d(3, channels, 5, stride=2, padding=2)
        self.tower = nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)

    def forward(self, clip):
        # BEGIN SOLUTION
        early = self.tower(clip[:, :, 0]).flatten(1)
        late = self.tower(clip[:, :, self.gap]).flatten(1)
        return self.head(torch.cat((early, late), dim=1))
        # END SOLUTION


# %% tags=["check"]
LateFusionNet = check("03.5", LateFusionNet)

# %% [markdown] tags=["hint"]
# <details>03.5</details>

# %% [markdown]
# The head decides what can be known. This one has weights of its own for each tower, so it can compare them: *was
# there, is here*. A popular variant averages the two maps before a linear layer. It is smaller, and it cannot tell
# which frame came first. `LateFusion` has both heads; play a clip backwards:

# %%
two_frames = torch.rand(1, 3, 2, 32, 32)
for head in ("fully_connected", "average"):
    late = LateFusion(4, head=head, crop=32, **MINI).eval()
    with torch.no_grad():
        change = (late(two_frames) - late(two_frames.flip(2))).abs().max()
    print(f"{head:16} scores change by {change:.4f} when time is reversed")

# %% [markdown]
# ## Reproduce: where appearance decides, and where motion decides
#
# Two data sets of little videos, four classes each. *Appearance*: a disc, a square, a triangle or a cross wanders
# about. *Direction*: any of them moves right, down, left or up over a dim photograph. A **video** here is five shots
# of the same class, each with another colour, place and speed, like the shots of a broadcast. A clip is 17 frames of
# $32 \times 32$ pixels.
#
# One thing needs care. In the raw clips of *direction* a single frame is not innocent: a shape that is on the right of
# the picture has often come from the left. So we play every second clip backwards and change its label to the
# opposite. Now the frame in the middle is exactly as likely under *right* as under *left*. And we let the shapes start
# anywhere, so that a place hardly says *sideways* rather than *up and down*. (Lecture 02 fell into a trap of this
# kind.)

# %%
LOOKS = {"appearance": dict(size=14, travel=2, backdrop=0), "direction": dict(size=6, travel=5, backdrop=0.3)}

def make_clips(task, n, seed):
    """n clips, uint8 (n, 3, 17, 32, 32), sorted by label, and their labels; `direction` is balanced in time."""
    batch = ActionWorld(task, 32, 32, 17, duration=8, **LOOKS[task]).sample(n, seed, onset=(3, 5))
    order = batch.labels.argsort(stable=True)
    clips, labels = (255 * batch.clips[order]).byte(), batch.labels[order]
    if task == "direction":
        clips[::2], labels[::2] = clips[::2].flip(2), (labels[::2] + 2) % 4  # right, down, left, up
    return clips, labels

# %% [markdown]
# Then training, the same for every model: take the frames that it wants, subtract 117 as the paper did (pixels are 0 to
# 255), 32 clips per step. The networks are eight times narrower than the published ones; all connections are the same.

# %%
def prepare(clips):
    """uint8 -> float with the paper's mean subtracted, of about unit size."""
    return (clips.float() - MEAN) / 64

def train(model, data, steps, lr=3e-3, seed=course.seed):
    """Train a model on (clips, labels); it sees the frames that its class asks for."""
    clips, labels = data
    clips = clips[:, :, model.frame_indices(clips.shape[2])]
    def batch(step):
        rows = torch.randint(len(labels), (32,), generator=torch.Generator().manual_seed(10_000 * seed + step))
        return prepare(clips[rows]), labels[rows]
    fit(model.to(course.device), batch, steps, lr=lr, clip_norm=1.0)
    return model

# %% [markdown]
# And the test: 80 videos of 5 shots, new ones. `measure` gives clip hit@1, video hit@1 and video hit@2 (of four
# classes, hit@5 would be easy). The scores come from your `video_hit`.

# %%
def measure(model, data, shots=5):
    """(clip hit@1, video hit@1, video hit@2) in percent; every `shots` clips of the same class make a video."""
    order = data[1].argsort(stable=True)
    clips, labels = data[0][order], data[1][order]
    clips = clips[:, :, model.frame_indices(clips.shape[2])]
    found = scores(model, prepare(clips))
    videos = torch.arange(len(labels)) // shots
    clip_hit = hit_at(found, labels)
    return [100 * hit for hit in (clip_hit, *(video_hit(found, videos, labels[::shots], k) for k in (1, 2)))]

# %% tags=["predict"]
single_guess = predict("Single frame, direction of motion, four classes: clip hit@1?", None, unit="%")

# %% [markdown]
# Ten networks now, five on each data set: the longest cell of the lecture.

# %%
MODELS = (SingleFrame, EarlyFusion, LateFusion, SlowFusion, MultiResolution)
STEPS = {"appearance": 280, "direction": 140}
LEARNING_RATES, results = {"appearance": 3e-3, "direction": 2e-3}, {}
for task, steps in STEPS.items():
    training, test = make_clips(task, 3200, seed=course.seed), make_clips(task, 400, seed=course.seed + 10_000)
    for model in MODELS:
        torch.manual_seed(course.seed)
        results[task, model] = measure(train(model.mini(4), training, steps, LEARNING_RATES[task]), test)

# %% [markdown]
# Here is the table, as the paper prints it.

# %%
single_guess.reveal(results["direction", SingleFrame][0])
print(f"{'':16}{'appearance':^29}{'direction':^29}")
print(f"{'hit':16}" + 2 * f"{'clip@1':>9}{'video@1':>10}{'video@2':>10}")
for model in MODELS:
    row = results["appearance", model] + results["direction", model]
    print(f"{model.__name__:16}" + "".join(f"{value:>{9 + (i % 3 > 0)}.1f}" for i, value in enumerate(row)))

# %% [markdown]
# The clip columns as bars. Compare the two groups for the same network:

# %%
names = ["single", "early", "late", "slow", "multires"]
shown = {task: [results[task, model][0] for model in MODELS] for task in STEPS}
fig, ax = bars(names, shown, "clip hit@1 (%)", "network", ylim=(0, 110), number="{:.0f}")
texts = [task + ": " + ", ".join(f"{value:.0f} %" for value in values) for task, values in shown.items()]
show(fig, alt=f"Clip hit@1 of {', '.join(names)}. {'; '.join(texts)}. Guessing has 25 %.")

# %% [markdown]
# One half is the paper's table in miniature: where the picture gives the class away, the single frame is hard to beat,
# and more frames are not obviously better. In the other half nothing is left of it. A data set on which one frame does
# well says little about motion: neither that it is useless nor that the network has learnt it.

# %% tags=["claim"]
single_look, single_move = (results[task, SingleFrame][0] for task in STEPS)
best_look = max(results["appearance", model][0] for model in MODELS)
claim("A single frame is a strong baseline where appearance decides, and at chance (25 %) where only motion decides",
      {"appearance, 10 below the best": single_look - (best_look - 10), "direction, below 35 %": 35 - single_move,
       "slow fusion sees direction, above 80 %": results["direction", SlowFusion][0] - 80},
      f"appearance {single_look:.0f} % (best of five: {best_look:.0f} %), direction {single_move:.0f} %, "
      f"where slow fusion has {results['direction', SlowFusion][0]:.0f} %", unit="points")

# %% [markdown]
# And the second finding of the paper, the largest one: what averaging over the clips of a video gains.

# %% tags=["claim"]
gains = [results["appearance", model][1] - results["appearance", model][0] for model in MODELS]
claim("Averaging over the clips of a video beats single clips, in the mean of the five networks",
      sum(gains) / len(gains) - 2,
      "appearance, video hit@1 minus clip hit@1 in points: " + ", ".join(f"{gain:+.1f}" for gain in gains),
      unit="points")

# %% [markdown]
# The gain has a simple reason: the clips of a video err independently, and the mean of five votes errs less often than
# one. Where a network is at chance, there is nothing to average: compare the single frame's video hit on *direction*.
#
# ### Half the pixels
#
# Now the context and the fovea. The accuracies are in the table already: the single frame is the full resolution. For
# the speed, count and time both networks in the same run, on larger frames, so that the time goes into the
# convolutions.

# %%
frames = torch.randn(32, 3, 1, 96, 96)
whole, halves = SingleFrame.mini(4, crop=96).eval(), MultiResolution.mini(4, crop=96).eval()
with torch.no_grad():
    whole_time, halves_time = alternate(lambda: halves(frames), lambda: whole(frames), rounds=7)
adds = [describe(model, (3, 1, 96, 96), repeats=0).multiply_adds for model in (whole, halves)]
print(f"32 frames of 96 x 96: whole {1000 * whole_time:.1f} ms, context and fovea {1000 * halves_time:.1f} ms")
print(f"multiply-adds: {count(adds[0])} and {count(adds[1])}, {100 * adds[1] / adds[0]:.0f} %")

# %% tags=["claim"]
two, one = results["appearance", MultiResolution], results["appearance", SingleFrame]
kept_clip, kept_video = two[0] / one[0], two[1] / one[1]
claim("Context and fovea keep at least 95 % of the video hit@1 at half the pixels, and are faster",
      {"hit@1 kept, 95 %": 100 * kept_video - 95, "multiply-adds, below 60 %": 60 - 100 * adds[1] / adds[0],
       "time, below 100 %": 100 - 100 * halves_time / whole_time},
      f"{100 * kept_video:.0f} % of video hit@1 ({100 * kept_clip:.0f} % of clip hit@1), "
      f"{100 * adds[1] / adds[0]:.0f} % of the multiply-adds, {100 * halves_time / whole_time:.0f} % of the time",
      unit="points")

# %% [markdown]
# The paper reports a larger gain, from 6 to 21 clips per second for the single frame and from 5 to 10 for slow fusion
# (from a public transcript). Note what the claim says, and what it does not: for *clips* our two coarse streams have
# lost a little more, since a small shape is seen by few pixels of the context and may be cut by the fovea's edge. A
# video forgives that.
#
# ### Slow against early, when the moment is not known
#
# In *direction* all motion came in the middle of the clip. Real clips are cut out anywhere. So now a shape leaves and
# returns within four of ten frames, at any moment, over a bright photograph. Early fusion needs a filter of ten frames
# for each moment at which it could happen. Slow fusion's first filters have four frames and stand at four places.

# %% tags=["predict"]
early_guess = predict("Early fusion, out and back at any moment: accuracy in %? (Guessing has 25.)", None, unit="%")

# %% [markdown]
# The same training, the same clips for both:

# %%
moving = ActionWorld("out_and_back", 32, 32, 10, duration=4, size=8, travel=9)
sample = moving.sample(3200, seed=course.seed)
training, shifted = ((255 * sample.clips).byte(), sample.labels), {}
tests = [moving.sample(200, seed=course.seed + 10_000, onset=(t, t)) for t in range(moving.last_onset + 1)]
for model in (EarlyFusion, SlowFusion):
    torch.manual_seed(course.seed)
    network = train(model.mini(4), training, 220, lr=2e-3)
    shifted[model.__name__] = [
        100 * hit_at(scores(network, prepare((255 * test.clips).byte())), test.labels) for test in tests
    ]
early_guess.reveal(sum(shifted["EarlyFusion"]) / len(tests))

# %% [markdown]
# Moment by moment, each with 200 new clips:

# %%
lines = {"slow fusion": shifted["SlowFusion"], "early fusion": shifted["EarlyFusion"], "guessing": [25] * len(tests)}
fig, ax = curve(range(len(tests)), lines, "the motion starts at frame", "accuracy (%)", ylim=(0, 105))
means = {name: sum(values) / len(values) for name, values in shifted.items()}
show(fig, alt="Accuracy by the moment of the motion; mean over all moments: "
     + ", ".join(f"{name} {mean:.0f} %" for name, mean in means.items()) + ". Guessing has 25 %.")

# %% tags=["claim"]
claim("Slow fusion beats early fusion when the motion may come at any moment",
      means["SlowFusion"] - means["EarlyFusion"] - 5,
      f"slow fusion {means['SlowFusion']:.0f} %, early fusion {means['EarlyFusion']:.0f} %, after the same training",
      unit="points")

# %% [markdown]
# Do not conclude too much. Both networks have *seen* all the moments here; slow fusion needs fewer steps for them, as
# one filter serves four places. At a moment that was never in training slow fusion fails as well as early fusion:
# its conv3 has weights of its own for the first and the second half of the clip, and a stride of 2 tells even frames
# from odd ones. (We tried: trained on starts at frames 0 to 2, both are below chance at frame 4, for three seeds.) The
# network of lecture 02 passed that test, because it ended with a maximum over time. Slow fusion shares weights over
# time, *and* it knows the moment.
#
# ## Transfer: UCF-101
#
# Are features that were learnt from sports of use elsewhere? The authors took slow fusion (which of the models it was
# is from memory), trained on Sports-1M, to the 101 classes of UCF-101, and retrained more or less of it. Accuracy in
# percent:
#
# | what is trained on UCF-101 | accuracy | source |
# |---|---|---|
# | everything, from scratch | 41.3 | a public transcript |
# | the top layer | 64.1 | from memory, not re-checked |
# | the top 3 layers | **65.4** | a public transcript |
# | all layers, from Sports-1M | 62.2 | from memory, not re-checked |
#
# (The abstract says 63.3 for the best; the table has 65.4.) The pattern is more important than the digits: some 9,500
# (from memory) training videos are too few for 74 million parameters, and enough for the last layers. How many
# numbers does each row train?

# %% tags=["nbval-check-output"]
with torch.device("meta"):
    slow = SlowFusion(101)
heads = [layer for layer in slow.head if isinstance(layer, nn.Linear)]
for name, parts in (("top layer", heads[-1:]), ("top 3 layers", heads), ("all layers", [slow])):
    print(f"{name:14}{sum(p.numel() for part in parts for p in part.parameters()):>12,} parameters")

# %% [markdown]
# ## On a GPU
#
# The published size on real videos. `UCF101` is the folder with the class folders of UCF-101 (set the variable of that
# name before you start Jupyter; `course data list` says where the videos come from). Ten neighbouring frames, squeezed
# to $200 \times 200$, a random crop of $170 \times 170$ that is the same for all of them, flipped every second time,
# and the `prepare` of above. Learning rate, momentum and weight decay are the paper's. Without the folder the cell says
# so.
#
# Half-precision numbers are not always faster. On an H200 we measured 1,379 clips per second in training with float32,
# 1,682 with the memory layout `channels_last_3d`, and 1,282 with bf16 on top, so this cell stays with float32. C3D
# (lecture 06) gains from both. Measure your own network.

# %% tags=["gpu"]
folder, steps = os.environ.get("UCF101"), course.pick(cpu=1, gpu=5000)
if folder:
    videos = ucf101(folder, split=1, train=True, size=(200, 200))
    batches = ClipBatches(videos, SlowFusion.frames, course.pick(cpu=2, gpu=32), crop=170, prepare=prepare,
                          device=course.device, workers=course.pick(cpu=0, gpu=4))
    slow = SlowFusion(len(videos.classes)).to(course.device, memory_format=torch.channels_last_3d)
    sgd = torch.optim.SGD(slow.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4)
    history = fit(slow, batches, steps, optimizer=sgd, clip_norm=10.0)
    print(f"loss after {steps} steps: {history.loss[-1]:.2f}; log(101) is 4.62")
else:
    print("UCF101 is not set: no real videos here.")

# %% [markdown]
# From scratch, expect about the 41 % of the table for single clips at best. `course bench "fusion models"` measures
# clips per second and memory of all five, and of C3D (lecture 06), against torchvision's R3D-18 on your machine.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - A video is a bag of clips: train on clips with the label of the video, average their predictions, report hit@k.
# - Where frames meet is two triples of numbers: extents 10, 1, 1 are early fusion; 4, 2, 2 with stride 2 slow fusion.
# - A single frame is a strong baseline, wherever the place gives the action away. Always report it.
# - Context and fovea: half the pixels, if they are the right half, cost little accuracy and save half of the work.
# - Slow fusion shares filters over time, and needs fewer steps when the moment varies; it is not shift-invariant.
#
# ## Do you remember?
#
# <details><summary>1. Which frames does the third unit of slow fusion's conv1 see?</summary>
# 2 * 2 = 4 to 4 + 3 = 7.</details>
#
# <details><summary>2. Late fusion has 51 million parameters more than the single frame. Where are they?</summary>
# In the first fully connected layer: 7 * 7 * 256 more inputs, times 4096 outputs.</details>
#
# <details><summary>3. Clip hit@1 is 41 %, video hit@1 is 59 %. Does the network see more in a video?</summary>
# No, it is the same network. Its errors on different clips are partly independent, and the average cancels them.
# </details>
#
# <details><summary>4. Shuffle the frames of each clip before training and testing. Which models do not care?</summary>
# The single frame, if it takes any frame; and late fusion that averages, as far as the order of its two frames goes.
# </details>
#
# <details><summary>5. Lecture 02: early fusion keeps one place in time. What does it lose by that?</summary>
# Its filters cannot move along time, so each moment needs filters of its own.</details>
#
# <details><summary>6. Lecture 01: a video of 300 frames. How many clips of 10 frames, back to back?</summary>
# 30; `dense_indices(300, 10)` lists them.</details>
#
# ## To read
#
# - A. Karpathy, G. Toderici, S. Shetty, T. Leung, R. Sukthankar, L. Fei-Fei, *Large-scale Video Classification with
#   Convolutional Neural Networks*, CVPR 2014: section 3 (models), section 4.1 with Table 1, section 4.2 (transfer).
# - A. Krizhevsky, I. Sutskever, G. Hinton, *ImageNet Classification with Deep Convolutional Neural Networks*, NIPS
#   2012: section 3.3 for the response normalisation; the network that this one descends from.
#
# **Next:** lecture 04, where motion itself becomes the picture.
