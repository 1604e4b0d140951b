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
from course_lib.data.worlds.shape_and_way import ShapeAndWay
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
from course_lib.plots import bars, curve, diagram, film_strip, from_memory, show, table
from course_lib.timing import alternate
from course_lib.train import fit, minibatches, scores, trained
from course_lib.widgets.fusion_frames import FusionExplorer

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - draw single-frame, early, late and slow fusion, and say which frames each unit sees;
# - turn one network into the other by changing two triples of numbers, and predict what that costs;
# - go from the predictions for clips to a prediction for a video, and report hit@k for both (is the right class among
#   the $k$ best?);
# - explain why half the pixels can be nearly enough, if it is the right half;
# - look at a strong single-frame baseline, and ask what the data set lets it get away with.

# %% [markdown]
# In 2014 image classification felt solved: take a million labelled pictures, train a large network. Could one do the
# same with a million *videos*? Here is a "video", and two questions about it.
# *Which shape is it?* One glance is enough. *Which way does it go?* No single frame can tell.

# %%
WORLD = ShapeAndWay(24, 24, 17, comes_back=False, duration=8, size=7, travel=2, backdrop=0)
examples = WORLD.sample(4, seed=4, onset=(4, 4))
chosen = examples.labels.argmax()
titles = [f"frame {2 * t}" for t in range(9)]
show(film_strip(examples.clips[chosen, :, ::2], columns=9, indices=range(9), titles=titles),
     alt=f"Every second frame of a clip. Which shape, and which way? {WORLD.classes[examples.labels[chosen]]}.")

# %% [markdown]
# ## A million videos
#
# Karpathy, Toderici, Shetty, Leung, Sukthankar and Fei-Fei collected **Sports-1M**: one million videos from YouTube,
# 487 kinds of sport. A label belongs to a whole video and not to a moment of it: a basketball video may also show the
# crowd and a talking head. (The paper shows such frames with the true class and the five best guesses below, right and
# wrong ones.) Whoever can name what is in a video can search a large collection, and cut summaries from it.
#
# Images come in one size; videos are minutes long, and no two are equally long. Their answer has become the standard
# one: treat a video as **a bag of short clips of a fixed size**. Train on clips, each with the label of its video. To
# classify a video, classify several of its clips and average, as in lecture 01.
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
# Ten frames are a third of a second, at 30 per second. (Lecture 02 called anything *late fusion* that leaves time to
# the end of the network. Here it is this one model: two towers, 15 frames apart.) The fifth model, *multiresolution*,
# sees one frame, and comes later. In the code the table is all that differs:

# %%
for model in (SingleFrame, EarlyFusion, LateFusion, SlowFusion):
    print(f"{model.__name__:12} {model.frames:2} frames, gap {model.gap:2}, extents {model.extents}, "
          f"strides {model.time_strides}, {model.responses} moment(s) left")

# %% [markdown]
# **Find out:** in slow fusion, which frames are seen by *two* units of conv1, and which by one only? Which is the first
# layer of late fusion that could notice that anything moves?

# %% tags=["widget"]
FusionExplorer()

# %% [markdown]
# (The widget counts the frames of a whole video of 20, of which slow fusion takes 5 to 14. From here on we count the
# ten that go in, 0 to 9.) Neighbouring units of slow fusion's conv1 share two frames, as an extent of 4 with stride 2
# must have it. The first two and the last two frames are seen once. In late fusion nothing below the fully connected
# layer knows more than one frame.
#
# ## Exercise 03.1: Early fusion is a reshape
#
# Early fusion has kernels of $11 \times 11 \times 3 \times T$ with $T = 10$. In 2014 one wrote it without any 3D
# convolution. `clip` is $(B, C, T, H, W)$, `weight` is $(D, C, T, P, Q)$, as long in time as the clip, and `bias` is
# $(D,)$. Make channels of the frames, in both, and a single call of `F.conv2d` is enough. (A sum over $T$ calls, one
# for each frame, is as right, only slower.) No padding; return $(B, D, H', W')$.

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
# convolutions costs 0.3 million (early) or 1.6 million (slow), fusing in the first fully connected layer 51 million, as
# that layer has twice the inputs.
#
# Here are the four to one scale. A body is as deep as it has frames. Where is the depth lost at once, where step by
# step, and where do the two frames of late fusion come together?

# %%
FOUR = (SingleFrame, EarlyFusion, LateFusion, SlowFusion)
show(diagram({model.__name__: costs[model] for model in FOUR}, facts=("name", "kernel", "stride", "frames T")),
     alt="Four networks with five convolutions and three fully connected layers each. Early fusion goes from ten "
         "frames to one in conv1, slow fusion to four, two and one in conv1 to conv3. Late fusion is two towers that "
         "meet in fc1, single frame is one tower.")

# %% [markdown]
# ## Context and fovea
#
# The authors trained on a cluster, with 10 to 50 replicas of the model at a time. Could a frame be made cheaper,
# without a smaller network? Half the rows and columns cost a quarter, and are worse. Their idea is borrowed from the
# eye, which is sharp only in the middle. Cut the frame of $178 \times 178$ into two inputs of $89 \times 89$:
#
# - the **context**: the whole frame at half the resolution;
# - the **fovea**: the middle of the frame at full resolution.
#
# Each goes through its own tower, and the two meet in the first fully connected layer. People hold the camera so that
# the thing of interest is in the middle. A tower here lacks the last pool: that is how 89 pixels leave maps of $7
# \times 7$, as 170 do with it. In the figure, compare the first bodies of a tower with the clip: what was $178 \times
# 178$ pixels is $30 \times 30$ after conv1.

# %%
show(diagram(costs[MultiResolution]))

# %% [markdown]
# ## Exercise 03.3: Context and fovea
#
# `clip` is $(B, 3, T, H, W)$ with even $H$ and $W$. Return the pair (context, fovea), each $(B, 3, T, H/2, W/2)$. The
# context averages blocks of $2 \times 2$ pixels; the fovea begins at row $(H - H/2) / 2$, rounded down, and likewise
# for columns.

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
# The saving is in the convolutions; the fully connected layer has even grown. We measure the time below.
#
# ## From clips to videos
#
# The network is trained on clips, and asked about videos. In the paper 20 clips are taken from each video, each in
# several views (crops and flips), and the predictions are averaged. With 487 classes, several of which look nearly
# alike, it is usual to report **hit@k**: is the right class among the $k$ best? *Clip hit@1* counts clips, *video
# hit@1* and *video hit@5* count videos, after averaging.
#
# ## Exercise 03.4: hit@k, from clips to videos
#
# `scores` $(N, K)$ are the scores of $N$ clips before the softmax, `videos` $(N,)$ says to which video each clip
# belongs, `labels` $(V,)$ are the classes of the videos $0$ to $V - 1$. Videos may have different numbers of clips, in
# any order. Average *probabilities*, and return the share of videos whose class is among the $k$ best: a float, or a
# tensor of one number.

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
# Cover the columns for videos first: what is time worth in the first one?

# %%
table({"histograms of features + neural net": (None, 55.3, None), "single frame": (41.1, 59.3, 77.7),
       "single frame + multiresolution": (42.4, 60.0, 78.5), "single frame, fovea only": (30.0, 49.9, 72.8),
       "single frame, context only": (38.1, 56.0, 77.2), "early fusion": (38.9, 57.7, 76.8),
       "late fusion": (40.7, 59.3, 78.7), "slow fusion": (41.9, 60.9, 80.2),
       "average of single, early, late and slow": (41.4, 63.9, 82.4)},
      columns=("clip hit@1", "video hit@1", "video hit@5"), unit="%",
      source="Sports-1M: Table 1 of the paper, from a public transcript")

# %% [markdown]
# Read it slowly; people argued about it for years. (1) Averaging over a video gains about 18 points, far more than
# anything that the networks do with time. (2) One frame loses only 1.6 points of video hit@1 against the best motion
# model. (3) Early fusion is *worse* than one frame. (4) Half the pixels lose nothing, if they are context *and* fovea.
#
# Why do the two extremes fail? Early fusion has a *single* layer in which frames meet, and motion may need several, as
# shapes do. Late fusion may come too late: in real videos little changes from frame to frame, a foot of the runner, and
# behind a tower that was made to ignore such details two frames are hard to compare. Slow fusion lies in between. Its
# first filters can be played as tiny films of $11 \times 11$ pixels and 4 frames (you may meet slides that say
# $5 \times 5$): edges and blobs, some at rest and some on the move.
#
# Is motion useless, then, or do sports videos not need it, since the lawn, the pool and the hall give the sport away?
# The table cannot tell. A world that we control can. (3D networks have become much better since: lectures 06 and 11.)
#
# ## Exercise 03.5: A late-fusion forward pass
#
# One network is left to build. In `LateFusionNet` a tower looks at frame 0 and, with *the same* weights, at frame
# `gap`; the two outputs, flattened and side by side, go to the head. Write `forward`, which returns the scores before
# the softmax.

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
# ## Reproduce: the same clips, two questions
#
# Our world is the strip at the top: one of four shapes on a black ground moves right, down, left or up. A clip is 17
# frames of $24 \times 24$ pixels. *Shape* and *way* are two questions about the same clips, so that nothing but the
# question differs. A **video** here is five shots of the same class, each with another colour, place and speed, like
# the shots of a broadcast.
#
# One thing needs care. In most clips a single frame is not innocent: a shape on the right of the picture has often come
# from the left. So our shapes are half-way in the middle of the clip, at a place that is drawn in the same manner for
# every way. That middle frame is what the single-frame network sees. (Compare lecture 02.)

# %%
def make_clips(n, seed):
    """n clips, uint8 (n, 3, 17, 24, 24), and for each question the answers (n,), 0 to 3."""
    batch = WORLD.sample(n, seed, onset=(4, 4))  # they move from frame 4 to frame 12, and are half-way in frame 8
    return (255 * batch.clips).byte(), {"shape": batch.labels // 4, "way": batch.labels % 4}

training, answers = make_clips(course.pick(cpu=2000, smoke=64), seed=course.seed)
test, correct = make_clips(course.pick(cpu=640, smoke=64), seed=course.seed + 10_000)
print(f"{len(training)} clips for training, {len(test)} for the test; mean of all pixels {training.float().mean():.0f}")

# %% [markdown]
# Then training, the same for every model: take the frames that it wants, subtract the mean, 32 clips per step. The
# paper subtracted 117 of 255, the mean of its photographs. Ours are nearly black, with a mean of 8. (Try 117: the
# first layer then sees one large number nearly everywhere, and learns much more slowly.) The networks are eight times
# narrower than the published ones; all connections are the same.

# %%
def prepare(clips, mean=MEAN):
    """uint8 -> float with a mean subtracted, of about unit size."""
    return (clips.float() - mean) / 64

def train(model, clips, labels, steps, mean=8):
    """A network of this class, trained on uint8 clips; it sees the frames that its class asks for."""
    seen = prepare(clips[:, :, model.frame_indices(clips.shape[2])], mean)
    batches = minibatches((seen, labels), 32, seed=course.seed)
    return trained(lambda: model.mini(4, crop=24), batches, steps, course, lr=3e-3, clip_norm=1.0)

# %% [markdown]
# And the test, on videos of 5 new shots. `measure` gives clip hit@1 and video hit@1; the second comes from your
# `video_hit`.

# %%
def measure(network, clips, labels, shots=5):
    """(clip hit@1, video hit@1) in percent; every `shots` clips of the same class make a video."""
    of_class = [torch.where(labels == c)[0] for c in range(4)]
    rows = torch.cat([found[: len(found) // shots * shots] for found in of_class])  # only whole videos
    clips, labels = clips[rows], labels[rows]
    found = scores(network, prepare(clips[:, :, network.frame_indices(clips.shape[2])], mean=8))
    videos = torch.arange(len(labels)) // shots
    return 100 * hit_at(found, labels), 100 * float(video_hit(found, videos, labels[::shots], k=1))

# %% tags=["predict"]
single_guess = predict("Single frame, which way, four classes: clip hit@1?", None, unit="%")

# %% [markdown]
# Ten networks now, five for each question. For the shape, multiresolution takes 540 steps where the others take 200. At
# our size it needs 37 % of the multiply-adds of a single frame, so this is the same work.

# %%
MODELS = {"single frame": SingleFrame, "early fusion": EarlyFusion, "late fusion": LateFusion,
          "slow fusion": SlowFusion, "multiresolution": MultiResolution}
STEPS, results = {"shape": 200, "way": 100}, {"shape": {}, "way": {}}
for question, steps in STEPS.items():
    for name, model in MODELS.items():
        longer = question == "shape" and model is MultiResolution
        network = train(model, training, answers[question], 540 if longer else steps)
        results[question][name] = measure(network, test, correct[question])

# %% [markdown]
# Here is the table, beside the paper's. Below it the networks are compared pair by pair: in which column do they stand
# in the order of the paper?

# %%
single_guess.reveal(results["way"]["single frame"][0])
PAPER = {"single frame": (41.1, 59.3), "early fusion": (38.9, 57.7), "late fusion": (40.7, 59.3),
         "slow fusion": (41.9, 60.9), "multiresolution": (42.4, 60.0)}
table(PAPER, {name: results["shape"][name] + results["way"][name] for name in MODELS}, unit="%", tie=5,
      columns=("clip hit@1", "video hit@1"), source="Sports-1M: Table 1 of the paper, from a public transcript",
      measured_columns=("shape: clip", "shape: video", "way: clip", "way: video"))

# %% [markdown]
# The clip columns as bars. Compare the two groups for the same network:

# %%
short = [name.removesuffix(" fusion") for name in MODELS]
clip_hits = {question: {name: hits[0] for name, hits in rows.items()} for question, rows in results.items()}
shown = {question: list(hits.values()) for question, hits in clip_hits.items()}
fig, ax = bars(short, shown, "clip hit@1 (%)", "network", ylim=(0, 115), number="{:.0f}")
texts = [question + ": " + ", ".join(f"{value:.0f} %" for value in values) for question, values in shown.items()]
show(fig, alt=f"Clip hit@1 of {', '.join(short)}. {'; '.join(texts)}. Guessing has 25 %.")

# %% [markdown]
# One half is much like the paper's table: where the picture gives the class away, the single frame is hard to beat, and
# early fusion is even worse. In the other half nothing is left of it, on the same clips. A data set on which one frame
# does well says little about motion: neither that it is useless nor that the network has learnt it.

# %% tags=["claim"]
shape, way = clip_hits["shape"], clip_hits["way"]
claim("A single frame is at most 10 points behind the best network where the shape decides; where the way decides it "
      "is below 35 % (guessing has 25 %), and slow fusion above 80 %",
      {"shape, distance to the best": 10 - (max(shape.values()) - shape["single frame"]),
       "way, single frame": 35 - way["single frame"], "way, slow fusion": way["slow fusion"] - 80},
      f"shape {shape['single frame']:.0f} % (best of five: {max(shape.values()):.0f} %), way "
      f"{way['single frame']:.0f} %, where slow fusion has {way['slow fusion']:.0f} %",
      unit="points", published="clip hit@1 of a single frame 41.1 %, of the best network 42.4 % (Table 1)")

# %% tags=["claim"]
claim("Early fusion, with ten frames, is worse than a single frame where the shape decides",
      shape["single frame"] - shape["early fusion"],
      f"{shape['early fusion']:.0f} % against {shape['single frame']:.0f} %",
      unit="points", published="clip hit@1 38.9 % against 41.1 % (Table 1)")

# %% [markdown]
# And the second finding of the paper, the largest one: what averaging over the clips of a video gains.

# %% tags=["claim"]
gains = [video - clip for clip, video in results["shape"].values()]
claim("Averaging over the five clips of a video gains more than 10 points, in the mean of the five networks",
      sum(gains) / len(gains) - 10,
      "shape, video hit@1 minus clip hit@1 in points: " + ", ".join(f"{gain:+.1f}" for gain in gains),
      unit="points", published="single frame 41.1 % of clips, 59.3 % of videos: 18.2 points (Table 1)")

# %% [markdown]
# The clips of a video err partly by themselves, and the mean of five errs less often than one. Where a network is at
# chance, there is nothing to average: compare the single frame's two columns for *way*.
#
# ### Half the pixels
#
# Now the context and the fovea. The accuracies are in the table already: the single frame is the full resolution. What
# does a clip cost? Count at our size; then count and time both networks on larger frames, so that the time goes into
# the convolutions.

# %%
frames, rounds = torch.randn(32, 3, 1, 96, 96), course.pick(cpu=7, smoke=1)
whole, halves = SingleFrame.mini(4, crop=96).eval(), MultiResolution.mini(4, crop=96).eval()
with torch.no_grad():
    whole_time, halves_time = alternate(lambda: halves(frames), lambda: whole(frames), rounds=rounds)
print(f"32 frames of 96 x 96: whole {1000 * whole_time:.1f} ms, context and fovea {1000 * halves_time:.1f} ms")
adds = {}
for side in (24, 96):
    one, two = (describe(model.mini(4, crop=side), (3, 1, side, side), repeats=0).multiply_adds
                for model in (SingleFrame, MultiResolution))
    adds[side] = 100 * two / one
    print(f"multiply-adds for {side} x {side}: {count(one)} and {count(two)}, {adds[side]:.0f} %")

# %% tags=["claim"]
behind = shape["single frame"] - shape["multiresolution"]
claim("For the same work in training, context and fovea are at most 10 points behind the whole frame; a clip costs "
      "less than 60 % of the multiply-adds, and less time",
      {"clip hit@1": 10 - behind, "multiply-adds, below 60 %": 60 - max(adds.values()),
       "time, below 100 %": 100 - 100 * halves_time / whole_time},
      f"clip hit@1 {shape['multiresolution']:.0f} % against {shape['single frame']:.0f} %, {adds[96]:.0f} % of the "
      f"multiply-adds, {100 * halves_time / whole_time:.0f} % of the time",
      unit="points", published="clip hit@1 42.4 % against 41.1 % (Table 1); 21 clips per second against 6")

# %% [markdown]
# (The speeds of the paper are those of training, for the single frame; for slow fusion they are 10 against 5.) In the
# paper half the pixels *gained* a point. Here they tend to lose a few: our shapes are small, so few pixels of the
# context see one, and the edge of the fovea may cut it. After the 200 steps of the others they would even be more than
# 20 points behind (we tried, with three seeds). What they save is work, counted in multiply-adds, and that can be spent
# on more steps. At $24 \times 24$ pixels a step is mostly overhead, so those 540 steps do take longer; at $96 \times
# 96$ the time follows the count.
#
# ### Slow against early, when the moment is not known
#
# So far all motion came in the middle of the clip; real clips are cut out anywhere. Now a shape leaves and returns
# within four of ten frames, at any moment, over a photograph. Early fusion needs a filter of ten frames for each moment
# at which it could happen. Slow fusion's first filters have four frames and stand at four places.

# %% tags=["predict"]
early_guess = predict("Early fusion, out and back at any moment: accuracy in %? (Guessing has 25.)", None, unit="%")

# %% [markdown]
# The same training and clips for both (their mean is 80):

# %%
moving = ActionWorld("out_and_back", 24, 24, 10, duration=4, size=6, travel=6, backdrop=0.7)
sample = moving.sample(course.pick(cpu=2000, smoke=64), seed=course.seed)
tests = [moving.sample(course.pick(cpu=150, smoke=16), seed=course.seed + 10_000, onset=(t, t))
         for t in range(moving.last_onset + 1)]
shifted = {}
for name in ("slow fusion", "early fusion"):
    network = train(MODELS[name], (255 * sample.clips).byte(), sample.labels, 130, mean=80)
    inputs = [prepare((255 * moment.clips).byte(), mean=80) for moment in tests]
    shifted[name] = [100 * hit_at(scores(network, x), moment.labels) for x, moment in zip(inputs, tests, strict=True)]
means = {name: sum(hits) / len(hits) for name, hits in shifted.items()}
early_guess.reveal(means["early fusion"])

# %% [markdown]
# Moment by moment, each with 150 new clips:

# %%
lines = shifted | {"guessing": [25] * len(tests)}
fig, ax = curve(range(len(tests)), lines, "the motion starts at frame", "accuracy (%)", ylim=(0, 105))
show(fig, alt="Accuracy by the moment of the motion; mean over all moments: "
     + ", ".join(f"{name} {mean:.0f} %" for name, mean in means.items()) + ". Guessing has 25 %.")

# %% tags=["claim"]
claim("Slow fusion beats early fusion by more than 5 points when the motion may come at any moment",
      means["slow fusion"] - means["early fusion"] - 5,
      f"slow fusion {means['slow fusion']:.0f} %, early fusion {means['early fusion']:.0f} %, after the same training",
      unit="points", published="clip hit@1 41.9 % against 38.9 %, video hit@1 60.9 % against 57.7 % (Table 1)")

# %% [markdown]
# Both networks have *seen* all the moments here; slow fusion needs fewer steps for them, as one filter serves four
# places. At a moment that was never in training slow fusion fails as well as early fusion: its conv3 has weights of its
# own for the first and the second half of the clip, and a stride of 2 tells even frames from odd ones. (We tried:
# trained on starts at frames 0 to 2, both are near chance at frame 4, for three seeds.) The network of lecture 02
# passed that test, because it ended with a maximum over time.
#
# ## Transfer: UCF101
#
# Do features of sports serve elsewhere? The authors took slow fusion, trained on Sports-1M, to the 101 classes of
# UCF101, and retrained more or less of it:

# %%
table({"everything, from scratch": 41.3, "the top layer": from_memory(64.1), "the top 3 layers": 65.4,
       "all layers, from Sports-1M": from_memory(62.2)},
      columns=("accuracy",), unit="%", source="What is trained on UCF101; from a public transcript of the paper")

# %% [markdown]
# (The abstract says 63.3 for the best; the table has 65.4.) The pattern is more important than the digits: some 9,500
# training videos are too few for 74 million parameters, and enough for the last layers. How many numbers does each row
# train?

# %% tags=["nbval-check-output"]
with torch.device("meta"):
    slow = SlowFusion(101)
heads = [layer for layer in slow.head if isinstance(layer, nn.Linear)]
for name, parts in (("top layer", heads[-1:]), ("top 3 layers", heads), ("all layers", [slow])):
    print(f"{name:14}{sum(p.numel() for part in parts for p in part.parameters()):>12,} parameters")

# %% [markdown]
# ## On a GPU
#
# The published size on real videos. Set the environment variable `UCF101` to the folder with the class folders before
# you start Jupyter (`course data list` says where the videos come from). Ten neighbouring frames, squeezed
# to $200 \times 200$, a random crop of $170 \times 170$ that is the same for all of them, flipped every second time,
# and the `prepare` of above with the paper's mean of 117. Learning rate, momentum and weight decay are the paper's.
# Without the folder the cell says so.
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
# **Next:** [04 · Optical flow](04_optical_flow.ipynb), where motion itself becomes the picture.
