# %% [markdown]
# # 13 · What do all targets have in common?
#
# *Deep Learning for Video, lecture 13. About 80 minutes. Two CPU cores are enough; the last section uses a GPU, real
# videos and published weights when they are there.*

# %% tags=["setup"]
course = start("13")

# %%
import os
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score

from course_lib.data.sets.shipped import clip_path
from course_lib.data.sets.tracking import otb
from course_lib.data.video_io import read_clip
from course_lib.data.worlds.targets import TargetWorld
from course_lib.describe import count, describe
from course_lib.metrics.tracking import otb_scores
from course_lib.models.mdnet import GREY, MDNet
from course_lib.ops.box_regression import apply_targets
from course_lib.ops.box_samples import gaussian, uniform
from course_lib.ops.boxes import crop, iou, scale
from course_lib.plots import curve, diagram, film_strip, from_memory, show, table
from course_lib.trackers.evaluate import track
from course_lib.trackers.mdnet import MATLAB, MINI, PY_MDNET, MDNetTracker
from course_lib.trackers.mdnet_training import DomainBatches, faster, loss_of_domain
from course_lib.trackers.static import StaticBox
from course_lib.train import fit, fresh
from course_lib.widgets.candidate_scores import CandidateScores

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - measure how well a box fits, and choose examples of target and background by that measure;
# - train one network on many videos that contradict each other, by giving each a branch of its own;
# - mine hard negatives, and say for which videos they matter;
# - build a tracker that learns while it tracks, and say when it should learn, from what, and what can go wrong;
# - tell apart what a paper says and what its code does, and load weights with the normalisation that they need.

# %% [markdown]
# Somebody draws a box around a thing in the first frame of a video. Nobody says what it is. Where is it in all other
# frames? This is **single-object tracking**. It carries a camera drone behind a cyclist, keeps a focus on a face,
# counts what a biologist films, and starts the editor's cut-out in a film.

# %%
world = TargetWorld(kinds=1000, bystanders=4, noise=0.03)
example = world.video(24, seed=11)
show(film_strip(example.frames.transpose(0, 1), range(0, 24, 6), boxes=example.boxes, columns=4),
     alt="Four frames of a video with five textured things; a box is around one of them.")

# %% [markdown]
# The four other things are as well made as the one in the box. In another video one of *them* may be the target. So no
# network can be trained to find "the target" as one trains it to find cats. That is the subject of this lecture, the
# answer of Nam and Han (CVPR 2016), and the reason for the name: **MDNet**, *multi-domain network*.
#
# ## How good is a box?
#
# A box is $(x, y, w, h)$ in pixels: upper left corner, width, height, with $x$ to the right and $y$ down. The measure
# for two boxes $A$ and $B$ is **intersection over union**:
#
# $$ \mathrm{IoU}(A, B) = \frac{|A \cap B|}{|A \cup B|} = \frac{|A \cap B|}{|A| + |B| - |A \cap B|} . $$
#
# With a pencil: two boxes of $4 \times 2$, one 2 pixels to the right of the other, share $2 \times 2 = 4$. Together
# they cover $8 + 8 - 4 = 12$, so the IoU is $1/3$. A box that is off by half its width gets a third, not a half!
#
# ## Exercise 13.1: Intersection over union
#
# Compare $N$ boxes with one. Boxes may lie apart; then the IoU is 0.

# %% tags=["exercise"] exercise="13.1" points=2
def overlap(boxes, truth):
    """IoU of each box with one.  boxes (N, 4), truth (4,): x, y, w, h -> (N,)"""
    # BEGIN SOLUTION
    low = torch.maximum(boxes[:, :2], truth[:2])
    high = torch.minimum(boxes[:, :2] + boxes[:, 2:], truth[:2] + truth[2:])
    shared = (high - low).clamp(min=0).prod(dim=1)
    together = boxes[:, 2:].prod(dim=1) + truth[2:].prod() - shared
    return shared / together
    # END SOLUTION


# %% tags=["check"]
overlap = check("13.1", overlap)

# %% [markdown] tags=["hint"]
# <details>13.1</details>

# %% [markdown]
# A tracker is judged by two curves over all frames. **Success**: the share of frames whose IoU exceeds a threshold; the
# area under this curve is the headline number. **Precision**: the share of frames whose *centre location error*, the
# distance between the two middles, is at most a threshold; the headline is the share at 20 pixels. The tracker that
# every other must beat is the box that never moves:

# %%
static = track(StaticBox(), example.frames, example.boxes[0], show=False)
result = otb_scores(static.boxes, example.boxes)
print(f"IoU in frames 0, 6, 12, 18: {[round(v, 2) for v in iou(static.boxes, example.boxes)[::6].tolist()]}")
print(f"success (area) {result.auc:.2f}, precision at 20 pixels {result.precision:.2f}")

# %% [markdown]
# ## Learning from boxes
#
# MDNet turns tracking into a question about crops: *is this the target, or background?* A crop is what is inside a box,
# a little enlarged and resized to $107 \times 107$. From a frame whose true box is known come examples of both kinds.
# Boxes that overlap the truth by at least 0.7 are positive, boxes with at most 0.5 negative. What lies between is left
# out: it would teach neither. From *every* training frame the paper takes 50 positives and 200 negatives.
#
# ## Exercise 13.2: Samples by overlap

# %% tags=["exercise"] exercise="13.2" points=1
def choose_samples(boxes, truth, positive=0.7, negative=0.5):
    """Positives and negatives among boxes (N, 4) for a true box (4,) -> (P, 4), (Q, 4); limits included."""
    # BEGIN SOLUTION
    share = overlap(boxes, truth)
    return boxes[share >= positive], boxes[share <= negative]
    # END SOLUTION


# %% tags=["check"]
choose_samples = check("13.2", choose_samples)

# %% [markdown] tags=["hint"]
# <details>13.2</details>

# %%
generator = course.generator()
drawn = torch.cat([gaussian(example.boxes[0], 40, (96, 128), shift=0.3, growth=1.2, generator=generator),
                   uniform(example.boxes[0], 60, (96, 128), shift=2.0, generator=generator)])
near, far = choose_samples(drawn, example.boxes[0])
crops = crop(example.frames[0], scale(torch.cat([near[:6], far[:6]]), MINI.enlarge), 43, fill=GREY)
show(film_strip(crops.transpose(0, 1), range(12), ["target"] * 6 + ["background"] * 6, columns=6),
     alt="Six crops of the target, slightly shifted, above six crops of background and other things.")
print(f"{len(drawn)} boxes: {len(near)} positive, {len(far)} negative, {len(drawn) - len(near) - len(far)} neither")

# %% [markdown]
# ## Many domains, many branches
#
# Now many videos. Call each a **domain** of its own. In one domain the cyclist is target and the car is background, in
# the next it is the other way round. One classifier for all of them would be told that a crop is target *and*
# background. MDNet splits the network: convolutions conv1 to conv3 and the layers fc4 and fc5 are **shared**; the last
# layer, fc6, exists $K$ times, a **branch** of two scores (background, target) for each of $K$ videos. What is left for
# the shared layers is what all videos have in common: that a target keeps its look while light, size and background
# change, and how a well-placed box differs from a badly placed one.

# %%
samples = {"positive": [], "negative": []}
for thing in (0, 2, 4):  # three domains of one frame
    box = example.with_target(thing).boxes[0]
    drawn = torch.cat([gaussian(box, 100, (96, 128), shift=0.2, generator=generator),
                       uniform(box, 100, (96, 128), shift=2.0, growth=1.2, generator=generator)])
    for found, chosen in zip(samples.values(), choose_samples(drawn, box), strict=True):
        found.append(chosen[:5])
show(film_strip(example.frames[[0, 0, 0]].transpose(0, 1), range(3), ["domain 0", "domain 1", "domain 2"], columns=3,
                boxes={name: torch.stack(found) for name, found in samples.items()}),
     alt="One frame three times; positive boxes lie on another thing each time, negative ones around it.")

# %% [markdown]
# What is positive in one domain is negative in the next. Here is the network, with a single branch:

# %%
with torch.device("meta"):
    cost = describe(MDNet(), (3, 107, 107), repeats=0)
    more = sum(p.numel() for p in MDNet(3).parameters()) - cost.parameters
show(diagram(cost))
print(f"{cost.parameters:,} parameters with one branch, {more // 2:,} for each further one; "
      f"{count(cost.multiply_adds)} multiply-adds per crop")

# %% [markdown]
# The network is *small*, three convolutions, taken from VGG-M (lecture 05's network), and the paper says why: telling
# two things apart takes less than telling a thousand, targets are small, and a deep network forgets *where* something
# was. It also must learn within a second, from one frame.
#
# Training visits the domains in turn: step 0 belongs to video 0, step 1 to video 1, and so on, round and round. In each
# step only the shared layers and *that video's* branch learn. The loss is the cross-entropy of lecture 03 with two
# classes, averaged over the crops of the step.
#
# ## Exercise 13.3: A step in one domain
#
# `features` are what fc5 gives for $B$ crops, `labels` are 1 for target and 0 for background. `weights` and `biases`
# hold all $K$ branches. Return the loss of step number `step`, counted from 0.

# %% tags=["exercise"] exercise="13.3" points=2
def domain_loss(features, labels, weights, biases, step):
    """features (B, D), labels (B,), weights (K, 2, D), biases (K, 2), step 0, 1, 2, ... -> scalar"""
    # BEGIN SOLUTION
    domain = step % len(weights)
    scores = features @ weights[domain].T + biases[domain]
    return F.cross_entropy(scores, labels)
    # END SOLUTION


# %% tags=["check"]
domain_loss = check("13.3", domain_loss)

# %% [markdown] tags=["hint"]
# <details>13.3</details>

# %% [markdown]
# The idea's hardest test: we film three scenes with five things each, and make *five* domains of each scene: the same
# frames, with another thing as target. One network gets 15 branches. The other one gets a single branch for everything;
# the paper calls this **SDNet**. Both see the same crops for the same number of steps. Then we show them *later* frames
# of the same videos and ask for the target among the five things. The measure is the area under the ROC curve: the
# chance that the target gets a higher score than another thing. 1 is perfect, 0.5 is a coin.

# %%
FRAMES = 20  # of a video, to train on; what comes later is for the test
scenes = [world.video(32, seed=1000 * course.seed + i) for i in range(3)]
domains = [scene.with_target(thing) for scene in scenes for thing in range(scene.things)]
steps = course.pick(cpu=300, smoke=2)


def pretrain(branches):
    """The miniature, trained on all domains with this number of branches."""
    network = fresh(lambda: MDNet.mini(branches), course)
    batches = DomainBatches(network, domains, frames=4, positives=16, negatives=48, rules=MINI, seed=course.seed,
                            last=FRAMES)
    adam = torch.optim.Adam(faster(network, 2e-3, ("branches",)))  # a branch gets a 15th of the steps
    return network, fit(network, batches, steps, loss=loss_of_domain, optimizer=adam, clip_norm=5)


networks, losses = {}, {}
for name, branches in (("a branch per video", len(domains)), ("one branch", 1)):
    networks[name], history = pretrain(branches)
    losses[name] = history.loss
print({name: round(sum(loss[-30:]) / len(loss[-30:]), 3) for name, loss in losses.items()})

# %% [markdown]
# Is your loss the one that they were trained with? Here is step 7 of the first network both ways:

# %%
network = networks["a branch per video"]
crops7, labels7, domain7 = DomainBatches(network, domains, frames=4, rules=MINI, last=FRAMES)(7)
weights, biases = (torch.stack([getattr(branch, part) for branch in network.branches]) for part in ("weight", "bias"))
with torch.no_grad():
    shared = network.shared(network.features(crops7.to(course.device)))
    yours = domain_loss(shared, labels7.to(course.device), weights, biases, 7)
    print(f"yours {yours:.4f}, the library's {loss_of_domain(network, (crops7, labels7, domain7)):.4f}")

# %% [markdown]
# Most negatives of the training are pieces of photograph, and only some show other things. What will the single branch
# reach, when it is asked for the target among five things?

# %% tags=["predict"]
guess = predict("ROC area of the single branch, target against the other things?", None)

# %%
@torch.no_grad()
def lead(network, frame, boxes, domain=0):
    """Target's score less background's of the crops in boxes (N, 4) -> (N,)"""
    pieces = crop(frame, scale(boxes, MINI.enlarge), network.crop, fill=GREY).to(course.device)
    scores = network(network.prepare(pieces), domain)
    return (scores[:, 1] - scores[:, 0]).cpu()


def who_is_target(network):
    """Mean ROC area over the domains, in frames that were not trained on."""
    areas = []
    for number, video in enumerate(domains):
        truth, found = [], []
        for moment in range(FRAMES, 32, 3):
            boxes = torch.stack([video.with_target(i).boxes[moment] for i in range(video.things)])
            mine = (boxes == video.boxes[moment]).all(1)
            keep = mine | (iou(boxes, video.boxes[moment]) < 0.3)  # what is hidden behind the target is no answer
            truth += mine[keep].tolist()
            domain = number % len(network.branches)
            found += lead(network, video.frames[moment], boxes[keep], domain).tolist()
        areas.append(roc_auc_score(truth, found))
    return sum(areas) / len(areas)


known = {name: who_is_target(network) for name, network in networks.items()}
print(", ".join(f"{name} {area:.2f}" for name, area in known.items()))
guess.reveal(known["one branch"])

# %% [markdown]
# As a claim: a wide gap, and a single branch that is close to a coin.

# %% tags=["claim"]
claim("On later frames, the network with a branch per video finds its target among five things: its ROC area is more "
      "than 0.15 above that of the network with one branch, which stays within 0.1 of a coin",
      {"gain": known["a branch per video"] - known["one branch"] - 0.15,
       "one branch is a coin": 0.1 - abs(known["one branch"] - 0.5)},
      ", ".join(f"{name} {area:.2f}" for name, area in known.items()), unit="of ROC area",
      published="on OTB the tracker with one branch for all videos loses 3.3 points of success (see the table below)")

# %% [markdown]
# The single branch cannot know: the same crop was target in one domain and background in four. All that is left to it
# is "a thing, and not the photograph behind it". As a detector of things it even has a fair loss. But it has no reason
# to keep what tells one thing from another, and a tracker needs just that.
#
# ## Hard negatives
#
# Most boxes of a frame are easy: grass, sky, half a bush. After a few steps they teach nothing. What teaches are the
# few that look like the target, and among 5000 random boxes they hardly ever come up. **Hard minibatch mining** asks
# the network itself. From $M^-$ negatives, tested with the present weights, the $M_h^- \ll M^-$ with the *highest
# target scores* go into the minibatch, beside $M^+$ positives. The paper has $M^+ = 32$, and $M_h^- = 96$ out of $M^- =
# 1024$. Nothing like a detector's separate mining is needed: the batch gets harder as the network gets better.
#
# ## Exercise 13.4: Hard minibatch mining

# %% tags=["exercise"] exercise="13.4" points=2
def hard_negatives(scores, number):
    """Rows of the hardest of N negatives, hardest first.  scores (N, 2): background, target -> (number,) long"""
    # BEGIN SOLUTION
    return scores[:, 1].topk(number).indices
    # END SOLUTION


# %% tags=["check"]
hard_negatives = check("13.4", hard_negatives)

# %% [markdown] tags=["hint"]
# <details>13.4</details>

# %% [markdown]
# What does the network find hard, once it has learnt a target from a single frame? In the next video three
# **distractors** go about: things of the target's own kind, of one outline and one photograph. A tracker is started
# on it (the next section says how), and your function picks the hardest of 300 random negatives in the first frame.

# %%
pretrained = networks["a branch per video"]
crowd = TargetWorld(kinds=1000, first_kind=1000, distractors=3, bystanders=0)  # other kinds than those of the scenes
video = crowd.video(12, seed=5 + course.seed)
tracker = MDNetTracker(pretrained, MINI, seed=course.seed)
tracker.init(video.frames[0], video.boxes[0])
anywhere = uniform(video.boxes[0], 900, (96, 128), shift=3.0, generator=course.generator())
negatives = choose_samples(anywhere, video.boxes[0])[1][:300]
with torch.no_grad():
    hard = hard_negatives(tracker.scores(video.frames[0], negatives).cpu(), 6)
pieces = crop(video.frames[0], scale(torch.cat([negatives[hard.cpu()], negatives[:6]]), MINI.enlarge), 43, fill=GREY)
show(film_strip(pieces.transpose(0, 1), range(12), ["hard"] * 6 + ["random"] * 6, columns=6),
     alt="Above, the six hardest negatives; below, six random ones.")

# %% [markdown]
# Whatever your seed drew: the upper row shows things, or pieces of the target itself, rather than plain background.
# Does it help? We let the tracker learn from the first frame alone, with the hardest negatives or with as many random
# ones, and ask again for the target among its distractors in the frames that follow.

# %%
crowds = crowd.videos(course.pick(cpu=10, smoke=1), 12, seed=70 + course.seed)
few_of_many = replace(MINI, first_negatives=1200, batch=(16, 24, 1024))  # as in the paper: 96 of 1024, and 5000


def among_distractors(network, hard=True):
    """Learn in the first frame. Then: ROC area, share of distractors and share of targets that are believed."""
    areas, alarms, hits = [], [], []
    for video in crowds:
        tracker = MDNetTracker(network, few_of_many, hard=hard, regress=False, seed=course.seed)
        tracker.init(video.frames[0], video.boxes[0])
        others, target = [], []
        for moment in range(2, 12, 2):
            boxes = torch.stack([video.with_target(i).boxes[moment] for i in range(video.things)])
            apart = iou(boxes[:-1], boxes[-1]) < 0.3  # the target itself is the last of the things
            scores = tracker.scores(video.frames[moment], boxes).cpu()
            lead = scores[:, 1] - scores[:, 0]
            others += lead[:-1][apart].tolist()
            target.append(lead[-1].item())
        areas.append(roc_auc_score([0] * len(others) + [1] * len(target), others + target))
        alarms.append(sum(value > 0 for value in others) / len(others))
        hits.append(sum(value > 0 for value in target) / len(target))
    return [sum(values) / len(values) for values in (areas, alarms, hits)]


mined = {name: among_distractors(pretrained, hard) for name, hard in (("hardest", True), ("random", False))}
for name, (area, alarms, hits) in mined.items():
    print(f"{name:8} distractors believed {100 * alarms:3.0f} %, targets believed {100 * hits:3.0f} %, area {area:.2f}")

# %% tags=["claim"]
claim("With the hardest negatives of the first frame, less than half as many distractors are taken for the target as "
      "with random ones", 50 * mined["random"][1] - 100 * mined["hardest"][1],
      f"{100 * mined['hardest'][1]:.0f} % of the distractors against {100 * mined['random'][1]:.0f} %",
      unit="points", published="success 0.602 without mining, 0.650 with it (OTB100, both without box regression)")

# %% [markdown]
# There is a price: fewer *targets* are believed, too. The ROC area has no threshold; it says whether the order has
# improved. For tracking the exchange is a good one: in each frame, 256 candidates compete, and one false alarm is
# enough to jump to another thing, while a target that is merely doubted is looked at again in the next frame.
#
# These videos are *new*: no network has seen their things. Did the pre-training help? The same test, for our two
# networks and for one that was never trained:

# %%
starts = {**networks, "untrained": fresh(MDNet.mini, course)}
new_videos = {name: mined["hardest"] if name == "a branch per video" else among_distractors(network)
              for name, network in starts.items()}
for name, (area, _, _) in new_videos.items():
    print(f"{name:20} ROC area on new videos {area:.2f}")

# %% [markdown]
# **No: this miniature does not show that multi-domain pre-training wins on new videos.** It wins on later frames of the
# videos it was trained on, which is what the first claim says, and no more. Here the order depends on the seed: in nine
# runs that we made, the network with a branch per video came first three times, and the untrained one five times.
# Three scenes are too few to learn what *all* targets have in common. Our things differ in colour, outline and texture,
# which random filters tell apart as well. And fc4 and fc5 learn from the first frame anyway. That
# the idea pays on real videos is the paper's finding (its table is below), not ours.
#
# ## Tracking, frame by frame
#
# A new video is a new domain: it gets a **new branch** with random weights. On the first frame, with 500 positives and
# 5000 negatives, that branch learns together with fc4 and fc5. The convolutions stay as they are for ever, so the
# features of each crop are computed once and kept. Then, in frame $t$:
#
# 1. Draw $N = 256$ **candidates** $x_t^1, \dots, x_t^N$ around the last state $x_{t-1}^*$. The middle moves by a
#    Gaussian in units of the box's mean side, the size by a factor $1.05^{g}$, with $g$ Gaussian as well.
# 2. The network gives each a probability $f^+(x_t^i)$ of being the target, and $f^- = 1 - f^+$. Take
#    $x_t^* = \arg\max_i f^+(x_t^i)$.
# 3. If $f^+(x_t^*) > 0.5$, believe it. Put the box right by a regression (below), and keep new samples around $x_t^*$:
#    50 positives with IoU of at least 0.7, and 200 negatives, now below **0.3**.
# 4. If $f^+(x_t^*) < 0.5$, the target is lost or has changed: update fc4, fc5 and fc6 at once.
#
# Candidates from a Gaussian around the last state are an old idea: they are the motion model of a *particle filter*,
# where a cloud of weighted guesses is carried from frame to frame. Bayesian filters (Kalman's is the other famous one)
# were how tracking was done before networks; *multi-object tracking*, with many boxes and the question who is who, is a
# field of its own. Here there is one target.
#
# ### The box, put right
#
# The best of 256 random boxes is rarely a tight one. A linear **bounding-box regressor** learns, on the first frame
# only, to predict from the conv3 features of a box $P$ how it must be changed to become the truth $G$. The four targets
# do not depend on the size of anything; $x$ and $y$ are the *middles* here:
#
# $$ t_x = \frac{G_x - P_x}{P_w}, \quad t_y = \frac{G_y - P_y}{P_h}, \quad
#    t_w = \log \frac{G_w}{P_w}, \quad t_h = \log \frac{G_h}{P_h} . $$
#
# It is *ridge regression*, least squares with a penalty $\lambda \lVert W \rVert^2$ on the weights ($\lambda = 1000$,
# 1000 boxes with IoU above 0.6). It is learnt once, because later boxes are the tracker's own opinion.
#
# ## Exercise 13.5: Fix the bugs: what box regression learns
#
# Two bugs. With the pencil: $P$ is $20 \times 10$ with its middle at $(20, 10)$, $G$ is $40 \times 10$ with its middle
# at $(25, 10)$. So $t = (0.25,\ 0,\ \log 2,\ 0)$.

# %% tags=["exercise"] exercise="13.5" points=2
def regression_targets(boxes, truth):
    """(t_x, t_y, t_w, t_h) from each box (N, 4) to the truth (4,); x, y, w, h with corners -> (N, 4)"""
    sizes = boxes[:, 2:]
    # BEGIN SOLUTION
    move = (truth[:2] + truth[2:] / 2 - boxes[:, :2] - sizes / 2) / sizes
    grow = (truth[2:] / sizes).log()
    # STARTING POINT
    # move = (truth[:2] - boxes[:, :2]) / sizes
    # grow = truth[2:] / sizes - 1
    # END SOLUTION
    return torch.cat([move, grow], dim=1)


# %% tags=["check"]
regression_targets = check("13.5", regression_targets)

# %% [markdown] tags=["hint"]
# <details>13.5</details>

# %%
wrong = torch.tensor([[10.0, 5, 20, 10]])
targets = regression_targets(wrong, torch.tensor([5.0, 5, 40, 10]))
print(targets, "->", apply_targets(wrong, targets))

# %% [markdown]
# ### When to learn, and from what
#
# A tracker that learns from its own answers can go wrong with confidence: once the box has slipped to the background,
# each update confirms it. One that never learns loses what changes. MDNet has two kinds of update.
#
# - **Short-term**, at once, when the best candidate is not believed. The positives come from the last 20 frames: the
#   look has changed, and it is the newest look that counts.
# - **Long-term**, every 10 frames while all is well. The positives come from the last 100 frames, to remember what the
#   target looked like before.
#
# In both, negatives are those of the last 20 frames: background of long ago is of no use.
#
# ## Exercise 13.6: Believe it? Learn from what?
#
# Write the paper's decision. `scores` are (background, target) of $N$ candidates; $f^+$ is the softmax's second column.
# Return the row of the best candidate and `"short"`, `"long"` or `"none"`. A failure comes first; otherwise frames
# whose number is a multiple of `every` are due for a long-term update.

# %% tags=["exercise"] exercise="13.6" points=2
def decide(scores, number, every=10):
    """scores (N, 2), frame number -> (row of the best candidate, "short", "long" or "none")"""
    # BEGIN SOLUTION
    probability = scores.softmax(dim=1)[:, 1]
    best = probability.argmax()
    if probability[best] < 0.5:
        return best, "short"
    return best, "long" if number % every == 0 else "none"
    # END SOLUTION


# %% tags=["check"]
decide = check("13.6", decide)

# %% [markdown] tags=["hint"]
# <details>13.6</details>

# %% [markdown]
# ### What the code does
#
# The authors' code differs from the paper, and trackers are often compared by code. It takes the *mean of the five
# best* candidates, not the best. It believes a raw target score above 0, not a softmax above 0.5; these are different
# questions, as two of the tests above showed. The regressed box is reported, but the next search starts from the other.
# After a failure the search gets wider, by a factor 1.1 up to 2.5 times. The later PyTorch code learns with steps 3 to
# 5 times as large, and enlarges the box by 1.30 where the older one has 1.43. Outside the frame it paints dark red
# instead of grey, because it hands the number 128 to a function that takes colors.

# %%
differences = [name for name in vars(MATLAB) if getattr(MATLAB, name) != getattr(PY_MDNET, name)]
for name in differences:
    values = [getattr(rules, name) for rules in (MATLAB, PY_MDNET)]
    values = ["none" if value is None else torch.tensor(value).numpy().round(4) for value in values]
    print(f"{name:16}{values[0]!s:>26}{values[1]!s:>26}")

# %% [markdown]
# All of it is in `course_lib.trackers.mdnet`, with `PAPER`, `MATLAB` and `PY_MDNET` as rules, and `MINI` for our small
# network. Let it run, on kinds of things that it has never seen. The target here turns, step by step, most of the way
# into another detail of another colour. **Predict:** which share of the frames will a tracker keep (IoU above 0.5) that
# learns in the first frame only?

# %% tags=["predict"]
kept_guess = predict("Frames with IoU above 0.5 when nothing is learnt after the first frame?", None, unit="%")

# %%
changing = TargetWorld(kinds=1000, first_kind=1000, bystanders=1, growth=1.2, change=0.6)
changes = changing.videos(course.pick(cpu=6, smoke=1), course.pick(cpu=30, smoke=3), seed=70 + course.seed)
overlaps, last_tracks = {}, {}
for name, update in (("updated", True), ("first frame only", False)):
    found = []
    for video in changes:
        tracker = MDNetTracker(pretrained, MINI, update=update, regress=False, seed=course.seed)
        last_tracks[name] = track(tracker, video.frames, video.boxes[0], show=False)
        found.append(iou(last_tracks[name].boxes, video.boxes))
    overlaps[name] = torch.stack(found)  # (videos, T)
print(", ".join(f"{name}: mean IoU {value[:, 1:].mean():.2f}" for name, value in overlaps.items()))
kept_guess.reveal(100 * (overlaps["first frame only"] > 0.5).float().mean().item())

# %% [markdown]
# One number hides *when* the two part. Frame by frame:

# %%
fig, ax = curve(range(overlaps["updated"].shape[1]), {name: value.mean(0) for name, value in overlaps.items()},
                xlabel="frame", ylabel="mean IoU", ylim=(0, 1))
show(fig, alt="Mean IoU over the frames, with updates and without, while the target changes more and more.")

# %%
gains = (overlaps["updated"] - overlaps["first frame only"])[:, 1:].mean(1)
print(f"updates changed the mean IoU by {gains.mean():+.2f}; by video: {[f'{gain:+.2f}' for gain in gains.tolist()]}")

# %% [markdown]
# We make no claim of it, because it does not hold in every run. In nine runs of this cell, updates gained 0.03 to 0.11
# of mean IoU in eight, and lost 0.02 in one. In worlds in which the target changes all the way they gained up to 0.18
# in ten runs of 14, nothing in two, and lost up to 0.02 in two. A few videos decide, in which a tracker stays with its
# target or jumps to the other thing. Updates help more often than not; but one that comes a frame too late learns the
# wrong thing, with all its strength.
#
# And the box regression? Here things grow, shrink and turn, so that the shape of the box changes, which candidates
# cannot do: they only grow as a whole. The regressed box is only reported, so one run gives both answers.

# %%
growing = TargetWorld(kinds=1000, first_kind=1000, bystanders=0, growth=1.6, spin=0.8)
grown = growing.videos(course.pick(cpu=6, smoke=1), course.pick(cpu=24, smoke=3), seed=70 + course.seed)
both, looks = {"regressed": [], "as found": []}, []
for video in grown:
    tracker = MDNetTracker(pretrained, MINI, seed=course.seed)
    tracker.init(video.frames[0], video.boxes[0])
    looks = []
    for frame, truth in zip(video.frames[1:], video.boxes[1:], strict=True):
        box, _ = tracker.update(frame)
        both["regressed"].append(iou(box, truth).item())
        both["as found"].append(iou(tracker.look.box, truth).item())
        looks.append(tracker.look)
mean = {name: sum(values) / len(values) for name, values in both.items()}

# %% tags=["claim"]
claim("Box regression raises the mean IoU of the same run by more than 0.03",
      mean["regressed"] - mean["as found"] - 0.03,
      f"{mean['regressed']:.3f} regressed, {mean['as found']:.3f} as found", unit="of IoU",
      published="without it, success falls from 0.678 to 0.650 and precision from 0.909 to 0.891 (OTB100)")

# %% [markdown]
# **Find out:** how do the candidates' scores fall off around the target? Is there a frame in which the threshold of the
# code, 0, would not have believed the best box? Move the threshold: where would the tracker begin to believe anything,
# and where nothing at all? (Candidates are coloured by their score: orange above the threshold, blue below.)

# %% tags=["widget"]
CandidateScores(grown[-1].frames[1:], looks, grown[-1].boxes[1:])

# %% [markdown]
# ## Reproduce: the published numbers
#
# The paper's table for OTB100, with its parts taken away. The claims above repeat its comparisons, each on a task of
# its own: box regression (first row against second), hard negatives (second against third), and a branch for each video
# (first against last), that one only for videos of the training.

# %%
OTB100 = {"MDNet": (0.909, 0.678), "without box regression": (0.891, 0.650),
          "and without hard negatives": (0.816, 0.602), "one branch for all (SDNet)": (0.865, 0.645)}
table(OTB100,       columns=("precision at 20 px", "success (area)"), number="{:.3f}",
      source="OTB100; Nam and Han, ablation, from a second source; pre-trained on VOT videos")

# %%
table({"OTB50, precision at 20 px": 0.948, "OTB50, success (area)": 0.708, "VOT2014, accuracy": 0.63,
       "VOT2014, failures per video": 0.16, "VOT2015, expected overlap (EAO)": from_memory(0.378),
       "VOT2015, accuracy": from_memory(0.60), "VOT2015, failures per video": from_memory(0.69)},
      columns=("MDNet",), best=None, number="{:g}",
      source="Nam and Han 2016, and the report of VOT2015, which MDNet won")

# %% [markdown]
# (VOT restarts a tracker that has lost its target; **accuracy** is the mean IoU while it holds, and **EAO** is the IoU
# that one may expect over a video of usual length.)
#
# The speed is the price: about **1 frame per second** on eight cores and a K20 GPU; the PyTorch code reaches about 5 on
# a GTX 1080 Ti. 256 crops per frame go through the convolutions one by one although they overlap nearly everywhere, and
# the network is trained again and again. Lecture 14 asks what is left when both are given up.
#
# What our miniature lacks is a long pre-training on real videos. The authors trained on 58 of them for OTB (89 and 80
# for VOT2014 and 2015), $100 K$ steps, each with 8 frames of one video, with the rate $10^{-4}$ and ten times that in
# the fc layers.
#
# ## Two networks of one name
#
# Between the convolutions stands the *local response normalisation* of lecture 05, $y = x / (k + \alpha \sum_j
# x_j^2)^{0.75}$, with the sum over neighbouring channels. VGG-M, the MATLAB code and the *first* version of the PyTorch
# code have five channels, $k = 2$ and $\alpha = 10^{-4}$. The *present* PyTorch code writes `LocalResponseNorm(2)`, and
# that 2 is not $k$: it means two channels, with torch's defaults $k = 1$, $\alpha = 10^{-4} / 2$. The weights that its
# authors publish belong to *that* network. By how much do the scores change if you load them into the other one? Here
# are random weights, and crops of a real clip:

# %% tags=["predict"]
norm_guess = predict("Change of conv3 with the other normalisation, in percent of its size?", None, unit="%")

# %%
frame = read_clip(clip_path("moving_camera"), start=0, num_frames=1)[:, 0].float() / 255
boxes = torch.tensor([[20.0, 20, 60, 60], [50, 30, 50, 70]])
features = []
for kind in ("py-mdnet", "vgg-m"):
    full = fresh(lambda kind=kind: MDNet(lrn=kind), course).eval()
    with torch.no_grad():
        features.append(full.features(full.prepare(crop(frame, boxes, full.crop, fill=GREY)).to(course.device)))
change = 100 * ((features[0] - features[1]).norm() / features[0].norm()).item()
norm_guess.reveal(change)

# %% [markdown]
# It loads without complaint, and is another network. `MDNet.from_published` chooses by the kind of file, and `lrn=`
# overrules it. It reads py-MDNet's `.pth` (which has the shared layers and no branches), the authors' MATLAB files, and
# `imagenet-vgg-m.mat`, from which the convolutions started.
#
# ## On a GPU
#
# The same tracker at its published size, on real sequences. Set the environment variable `OTB` to a folder that holds
# sequences in OTB's layout, each with a folder `img` or pictures and a `groundtruth_rect.txt`, and `MDNET_WEIGHTS` to a
# file of weights. With MATLAB's files take the rules `MATLAB`. Without them, the cell tracks our own video with the
# miniature on a CPU, or with random weights of full size on a GPU. To pre-train, hand `DomainBatches` the sequences
# themselves, and `faster` to `torch.optim.SGD`, as its description says.

# %% tags=["gpu", "nbval-ignore-output"]
weights, folder = Path(os.environ.get("MDNET_WEIGHTS", "mdnet_vot-otb.pth")), os.environ.get("OTB")
if weights.is_file():
    large, rules = MDNet.from_published(weights), MATLAB if weights.suffix == ".mat" else PY_MDNET
else:
    large, rules = course.pick(cpu=(pretrained, MINI), gpu=(MDNet(unit=64.0), PY_MDNET))
sequences = [otb(folder)[0]] if folder else [grown[0]]
for sequence in sequences:
    number = min(len(sequence.frames), course.pick(cpu=6, gpu=200))
    with torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
        found = track(MDNetTracker(large.to(course.device), rules), sequence.frames[:number], sequence.boxes[0],
                      show=False)
    print(f"mean IoU {iou(found.boxes, sequence.boxes[:number])[1:].mean():.2f}, {found.fps:.1f} frames per second")

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - Every video is a domain: what is target here is background there. Shared layers, and a branch of two scores for
#   each.
# - Positives overlap by 0.7 or more, negatives by 0.5 or less (0.3 online); what lies between teaches neither.
# - Hard minibatch mining: of many negatives, those with the highest target scores. They matter where things look alike.
# - Tracking is classifying 256 candidates; learn at once when in doubt, regularly when not, with two memories.
# - Paper and code differ (0.5 of a softmax or raw 0, best or mean of five), and so do two normalisations of one name.
#
# ## Do you remember?
#
# <details><summary>1. Two boxes of 10 x 10, one moved by 5 pixels to the right and 5 down: what is their IoU?</summary>
# They share 25, cover 175 together: 1/7.</details>
#
# <details><summary>2. Why does a new video get a new branch, instead of one of the K that were trained?</summary>
# Each of those knows the target of its own video. What is general is in the shared layers.</details>
#
# <details><summary>3. Why are the convolutions not updated online?</summary>
# Few samples, all alike: they would overfit. And features of earlier frames could not be kept.</details>
#
# <details><summary>4. Why do short-term updates take old positives away, and long-term ones keep them?</summary>
# After a failure the look has changed, and the newest look counts. In quiet times the memory keeps it from
# drifting.</details>
#
# <details><summary>5. Lecture 12: the tracker trains with batches of 128 crops of one video. Why would batch norm be
# a poor choice here?</summary>
# The crops of a batch are nearly the same picture; at test time the statistics would be others, and they would change
# with every update.</details>
#
# <details><summary>6. Lecture 06: a linear SVM on frozen features. What corresponds to it here?</summary>
# The new branch on shared layers; MDNet lets fc4 and fc5 move as well.</details>
#
# ## To read
#
# - H. Nam, B. Han, *Learning Multi-Domain Convolutional Neural Networks for Visual Tracking*, CVPR 2016,
#   arXiv:1510.07945: Section 3 (the network and its training), Section 4 (online tracking), Section 5 (results).
# - Y. Wu, J. Lim, M.-H. Yang, *Object Tracking Benchmark*, TPAMI 37(9), 2015: success and precision.
# - R. Girshick, J. Donahue, T. Darrell, J. Malik, *Rich feature hierarchies for accurate object detection and semantic
#   segmentation*, CVPR 2014, arXiv:1311.2524: Appendix C, box regression.
# - K. Chatfield, K. Simonyan, A. Vedaldi, A. Zisserman, *Return of the Devil in the Details*, BMVC 2014: VGG-M.
# - [A talk about MDNet on video](https://www.youtube.com/watch?v=zYM7G5qd090&t=102s).
#
# **Next:** [14 · SiamFC](14_siamfc.ipynb), where a tracker learns nothing while it tracks, and is a hundred
# times as fast.
