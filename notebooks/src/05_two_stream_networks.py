# %% [markdown]
# # 05 · What is there, or how does it move?
#
# *Deep Learning for Video, lecture 05. About 75 minutes. Two CPU cores are enough; the last section uses a GPU and a
# real data set when they are there.*

# %% tags=["setup"]
course = start("05")

# %%
import os

import torch
from sklearn.svm import LinearSVC

from course_lib.data.sets.clip_batches import ClipBatches
from course_lib.data.sets.readers import ucf101
from course_lib.data.worlds.shape_and_way import ShapeAndWay
from course_lib.describe import count, describe
from course_lib.metrics import accuracy
from course_lib.models.two_stream import CNN_M_2048, TwoHeads, svm_features
from course_lib.ops.clip_flow import clip_flow
from course_lib.ops.sampling import average_predictions
from course_lib.ops.stream_inputs import spatial_input, spatial_views, temporal_input, temporal_views
from course_lib.ops.warp import warp
from course_lib.plots import curve, diagram, film_strip, kernel_strip, parallel, show, table
from course_lib.plots.flow import flow_strip
from course_lib.progress import progress
from course_lib.train import fit, scores, trained
from course_lib.widgets.trajectory_walk import TrajectoryWalk

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - turn optical flow into the input of a network, in three ways, and say which displacement each channel reads;
# - explain what a spatial and a temporal stream can know, and measure how little each knows of what the other sees;
# - remove a camera's pan from a stack, and say when that helps and when it does not;
# - fuse two streams, by averaging and by a linear SVM, over 25 moments and 10 crops;
# - let two data sets train one network without making them agree about their classes.

# %% [markdown]
# A shape goes out to one side and comes back. The question has two parts: *which shape* is it, and *which way* did it
# go? Four shapes, four ways, sixteen classes.

# %%
world = ShapeAndWay(size=15, travel=6, backdrop=0.15)  # 11 frames of 48 x 48, on dark photographs
example = world.sample(1, seed=4)
show(film_strip(example.clips[0], indices=range(0, 11, 2)),
     alt=f"Every second of eleven frames. The class is: {world.classes[example.labels[0]]}.")

# %% [markdown]
# Any one of these frames shows the shape, and none shows the way. Now the *flow* of the same clip, from lecture 04,
# once while the shape goes and once while it returns. (Dark photographs have small derivatives. The ridge that is added
# in the normal equations has to be small beside them, so we set it lower than usual.)

# %%
def flow_of(clips, iterations=1):
    """Lecture 04's flow.  clips (B, 3, T, H, W) -> (B, T - 1, 2, H, W), field t from frame t to t + 1, in pixels."""
    return clip_flow(clips, iterations=iterations, ridge=2.5e-7)


onset, example_flow = example.onset.item(), flow_of(example.clips)
show(flow_strip({"frame": example.clips[0, :, onset + 1], "flow, going": example_flow[0, onset + 1],
                 "flow, returning": example_flow[0, onset + 5]}),
     alt="A frame, and two flow fields: a patch of one colour with blurred edges, and later of the opposite colour.")

# %% [markdown]
# Flow shows what moves and where to, and little of what it *is*: photograph, colour and texture are gone, and of the
# outline a blurred edge is left. Two kinds of pictures, each with half of the answer.
#
# In 2014 Simonyan and Zisserman drew the conclusion. Do not ask one network to discover motion in raw frames, as the
# early and slow fusion of lecture 03 do. Give **appearance** to one network and **motion** to another, train them
# apart, and let both vote. (Our visual cortex, too, has one pathway for *what* and one for motion. And people recognise
# actions from motion alone: a dozen points of light on the joints of somebody in the dark are dots as long as they
# rest, and a walker as soon as they move.)
#
# ## Two networks of the same make
#
# Both streams are CNN-M-2048, an image network with five convolutions and three fully connected layers. The *spatial*
# stream sees one RGB frame. The *temporal* stream sees $L = 10$ flow fields, stacked as $2L = 20$ channels: a
# horizontal and a vertical displacement for each.

# %% tags=["predict"]
more_weights = predict("20 input channels instead of 3, 96 kernels of 7 x 7 in conv1: how many more parameters?", None)

# %% [markdown]
# On PyTorch's `meta` device tensors have shapes and no contents, so the published size costs nothing to count.

# %%
with torch.device("meta"):
    spatial_2014, temporal_2014 = CNN_M_2048(101, in_channels=3), CNN_M_2048(101, in_channels=20)
costs = [describe(spatial_2014, (3, 224, 224), repeats=0), describe(temporal_2014, (20, 224, 224), repeats=0)]
print(costs[0].table(least=1))
more_weights.reveal(costs[1].parameters - costs[0].parameters)

# %% [markdown]
# Nearly all multiply-adds are in the convolutions, and five sixths of the parameters in one matrix, fc6. So in
# parameters motion costs next to nothing, 80 thousand in 90 million. In time it costs a lot, because conv1 stands at
# $109 \times 109$ places:

# %% tags=["claim"]
claim("For the 101 classes of UCF101, the streams have 90,627,813 and 90,707,781 parameters",
      [cost.parameters for cost in costs] == [90_627_813, 90_707_781],
      " and ".join(f"{cost.parameters:,} ({count(cost.multiply_adds)} multiply-adds)" for cost in costs))

# %% [markdown]
# Side by side, with the average of their scores at the end. Only two columns differ: find them.

# %%
both_streams = parallel(lambda still, moving: (still.softmax(1) + moving.softmax(1)) / 2,
                        frame=spatial_2014, flow=temporal_2014)
show(diagram({"Two streams": describe(both_streams, [(3, 224, 224), (20, 224, 224)], repeats=0)}))

# %% [markdown]
# ## From displacement fields to channels
#
# Write $d_t(x, y)$ for the displacement that takes the pixel at $(x, y)$ in frame $t$ to its place in frame $t + 1$,
# with components $d_t^x$ (also called $u$, to the right) and $d_t^y$ ($v$, down). (The paper calls the *point* $(u,
# v)$, and some slides print $\mathbf p_k$ in Eq. 1, which belongs to Eq. 2.) **Optical flow stacking** (Eq. 1) puts $L$
# consecutive fields into the channels of one input $I_\tau$, starting at frame $\tau$:
#
# $$ I_\tau(x, y, 2k - 1) = d^x_{\tau + k - 1}(x, y), \qquad I_\tau(x, y, 2k) = d^y_{\tau + k - 1}(x, y),
#    \qquad k = 1 \ldots L . $$
#
# So the order is $u_1, v_1, u_2, v_2, \ldots$ Here is the example's, one column per field. Red is a positive
# displacement, blue a negative one. Read off the way, and the frame at which the shape turned around.

# %%
show(kernel_strip(example_flow[0].transpose(0, 1), titles=["u (right)", "v (down)"], label="displacement (pixels)"),
     alt="Ten flow fields, u above v: in one row a blob of one sign, in the later columns of the other sign.")

# %% [markdown]
# ## Exercise 05.1: Optical flow stacking
#
# `flow` is $(B, T, 2, H, W)$; take `length` fields from field `start` on and return $(B, 2L, H, W)$ in the order of
# Eq. 1.

# %% tags=["exercise"] exercise="05.1" points=1
def stack_flow(flow, start, length):
    """Eq. 1.  flow (B, T, 2, H, W) in pixels, start and length ints -> (B, 2 * length, H, W)."""
    # BEGIN SOLUTION
    return flow[:, start : start + length].flatten(1, 2)
    # END SOLUTION


# %% tags=["check"]
stack_flow = check("05.1", stack_flow)

# %% [markdown] tags=["hint"]
# <details>05.1</details>

# %% [markdown]
# ### Stay, or go along?
#
# Look again at Eq. 1. All $2L$ channels of a pixel are read *at the same place*. But the thing that was there in frame
# $\tau$ has moved on! **Trajectory stacking** (Eq. 2) goes along. Starting from $\mathbf p_1 = (x, y)$,
#
# $$ \mathbf p_k = \mathbf p_{k-1} + d_{\tau + k - 2}(\mathbf p_{k-1}), \qquad
#    I_\tau(x, y, 2k - 1) = d^x_{\tau + k - 1}(\mathbf p_k), \quad
#    I_\tau(x, y, 2k) = d^y_{\tau + k - 1}(\mathbf p_k) . $$
#
# With a pencil: a single point at $x = 1$ moves one pixel to the right per frame; elsewhere nothing moves. Flow
# stacking at its pixel reads 1, then 0, 0, because the point has left. Trajectory stacking reads 1, 1, 1.
#
# **Find out** in the widget, where a dot goes right and then down: which channels differ for the pixel that is chosen?
# Is there a pixel whose two stacks are equal although it moves? And one that never moved, yet reads motion in the blue
# column?

# %% tags=["widget"]
TrajectoryWalk()

# %% [markdown]
# ## Exercise 05.2: Trajectory stacking
#
# Write Eq. 2 for all pixels at once. You have `warp(image, flow, outside="border")` from lecture 04: it reads `image`
# at $x$ + `flow`, bilinearly, and beyond the border it takes the nearest pixel. Which image is read here, and how far
# away?

# %% tags=["exercise"] exercise="05.2" points=3
def stack_trajectories(flow, start, length):
    """Eq. 2.  flow (B, T, 2, H, W) in pixels -> (B, 2 * length, H, W)."""
    travelled = torch.zeros_like(flow[:, 0])  # (B, 2, H, W): how far the point of each pixel has gone
    channels = []
    for k in range(length):
        # BEGIN SOLUTION
        here = warp(flow[:, start + k], travelled, outside="border")
        channels.append(here)
        travelled = travelled + here
        # END SOLUTION
    return torch.cat(channels, dim=1)


# %% tags=["check"]
stack_trajectories = check("05.2", stack_trajectories)

# %% [markdown] tags=["hint"]
# <details>05.2</details>

# %% [markdown]
# How different are the two, on real input? It must depend on how far things move. So take the exact flow of the world
# for shapes that travel from half a pixel to eight, out in four frames and back in four, and add up the absolute
# differences between both stacks, relative to the stack itself.

# %%
travels, gaps = (0.5, 1, 2, 4, 8), []
for travel in travels:
    flow = ShapeAndWay(size=15, travel=travel).sample(32, seed=course.seed).flow
    plain, followed = stack_flow(flow, 0, 10), stack_trajectories(flow, 0, 10)
    gaps.append(100 * ((plain - followed).abs().sum() / plain.abs().sum()).item())
speeds = [travel / 4 for travel in travels]
show(curve(speeds, {"": gaps}, "motion (pixels per frame)", "difference (%)"),
     alt="The stacks differ by " + ", ".join(f"{gap:.0f} %" for gap in gaps) + f" at {speeds} pixels per frame.")

# %% tags=["claim"]
claim("Trajectory and flow stacking differ by less than 6 % at an eighth of a pixel per frame, by over 30 % at two",
      {"small motion, below 6 %": 6 - gaps[0], "large motion, above 30 %": gaps[-1] - 30},
      f"they differ by {gaps[0]:.1f} % at {travels[0] / 4} pixels per frame, {gaps[-1]:.0f} % at {travels[-1] / 4:g}",
      unit="points")

# %% [markdown]
# Trajectories sound like the better idea, and the authors expected so. Their result was the other way round, by a
# little: 80.2 % against 81.0 % for plain stacking (UCF101, first split). A convolution looks at a neighbourhood anyway,
# and errors of the flow add up along a path.
#
# ### Both directions
#
# A stack that starts at frame $\tau$ only looks ahead. **Bi-directional stacking** takes $L / 2$ fields forwards from
# frame $\tau$, and $L / 2$ *backward* fields, which lead from $\tau$ to $\tau - 1$, then on to $\tau - 2$. The input
# keeps its size. Note that a backward field is not a forward one with a minus sign: it belongs to the pixels of another
# frame.
#
# ## Exercise 05.3: Fix the bugs: bi-directional stacking
#
# `forward[:, t]` goes from frame $t$ to $t + 1$, and `backward[:, t]` from frame $t + 1$ back to $t$. This runs, and
# two things are wrong with its backward half. Draw the arrows for `middle = 3`, `length = 4`.

# %% tags=["exercise"] exercise="05.3" points=2
def stack_two_ways(forward, backward, middle, length):
    """Stack forward fields, then backward ones, both leaving `middle`.

    forward, backward (B, T, 2, H, W) -> (B, 2 * length, H, W)
    """
    half = length // 2
    ahead = forward[:, middle : middle + half]
    # BEGIN SOLUTION
    behind = backward[:, middle - half : middle].flip(1)
    # STARTING POINT
    # behind = backward[:, middle : middle + half]
    # END SOLUTION
    return torch.cat([ahead, behind], dim=1).flatten(1, 2)


# %% tags=["check"]
stack_two_ways = check("05.3", stack_two_ways)

# %% [markdown] tags=["hint"]
# <details>05.3</details>

# %% [markdown]
# It gave 81.2 %: a fifth of a point more than looking ahead.
#
# ### When the camera moves
#
# If the camera pans, everything moves, and the motion of the action is a small difference on top. One would estimate
# the camera's motion and undo it. The paper does the cheapest thing that could work: **subtract from each field its
# mean vector**.
#
# ## Exercise 05.4: Mean flow subtraction
#
# `stack` is $(B, 2L, H, W)$. Each channel of each clip loses its own mean over the pixels.

# %% tags=["exercise"] exercise="05.4" points=1
def subtract_mean_flow(stack):
    """Remove every field's mean vector.  (B, 2L, H, W) -> (B, 2L, H, W), each channel with mean 0."""
    # BEGIN SOLUTION
    return stack - stack.mean((2, 3), keepdim=True)
    # END SOLUTION


# %% tags=["check"]
subtract_mean_flow = check("05.4", subtract_mean_flow)

# %% [markdown] tags=["hint"]
# <details>05.4</details>

# %% [markdown]
# ## Reproduce: two streams
#
# Now train both. As the authors did, we compute the flow once, before training, and keep it. (They needed about 0.06
# seconds for a pair of frames on a GPU, and stored fields as JPEG pictures.) On a CPU 512 clips are for training,
# 128 for the SVM that comes later, 256 for testing.

# %%
numbers = course.pick(cpu=(512, 128, 256), gpu=(2048, 512, 512), smoke=(64, 64, 32))
train, val, test = (world.sample(n, seed=10 * course.seed + i) for i, n in enumerate(numbers, 1))
train_flow, val_flow, test_flow = (flow_of(part.clips) for part in progress((train, val, test), desc="flow"))
error = (test_flow - test.flow).norm(dim=2).mean()
print(f"flow {tuple(train_flow.shape)}, {error:.2f} pixels from the truth on average")

# %% [markdown]
# A batch for the spatial stream is 32 frames from random moments of random clips. A batch for the temporal stream is
# 32 stacks of $L$ fields. Both are functions of the step, so that every run sees the same.

# %%
def look(frames):
    """Frames (..., H, W) in 0..1, dark on average, to numbers around 0."""
    return 8 * (frames - 0.15)


def frames(step):
    """A batch for the spatial stream: (32, 3, 48, 48) and labels."""
    generator = course.generator(step)
    which = torch.randint(len(train), (32,), generator=generator)
    when = torch.randint(11, (32,), generator=generator)
    return look(train.clips[which, :, when]), train.labels[which]

# %% [markdown]
# The 10 fields of a clip hold $11 - L$ stacks. With $L = 10$ there is one.

# %%
def stacks(length, centred=True, flow=train_flow, labels=train.labels):
    """Batches for a temporal stream: a function step -> (32, 2L, 48, 48) and labels."""
    def batch(step):
        generator = course.generator(step)
        which = torch.randint(len(flow), (32,), generator=generator)
        start = torch.randint(11 - length, (), generator=generator).item()
        stack = stack_flow(flow[which], start, length)
        return (subtract_mean_flow(stack) if centred else stack), labels[which]
    return batch


def train_stream(in_channels, batches, steps=100, lr=3e-3):
    """CNN-M-2048, the same layers about twelve times narrower, from scratch."""
    return trained(lambda: CNN_M_2048.mini(16, in_channels), batches, steps, course, lr=lr)

# %% [markdown]
# The paper's spatial stream was trained on ImageNet first. Ours starts from nothing, and gets three times as many
# steps, smaller ones: appearance is harder to learn than motion.

# %%
spatial = train_stream(3, frames, steps=300, lr=2e-3)
temporal = train_stream(20, stacks(10))

# %% [markdown]
# At test time a clip is seen several times, in several *views*: here all 11 frames for the spatial stream, and all
# $11 - L$ stacks for the temporal one. The result is one row of 16 scores per view.

# %%
def spatial_scores(clips):
    """(N, 11, 16): scores before the softmax, for every frame of every clip."""
    return torch.stack([scores(spatial, look(frame)) for frame in clips.unbind(2)], 1)


def temporal_scores(stream, flow, length=10, centred=True, stack=stack_flow):
    """(N, 11 - length, 16): scores for every stack of every clip."""
    stacked = [stack(flow, start, length) for start in range(11 - length)]
    return torch.stack([scores(stream, subtract_mean_flow(x) if centred else x) for x in stacked], 1)

# %% [markdown]
# ## Exercise 05.5: Score fusion
#
# Views and streams vote. Make probabilities for each view (softmax over the classes), average the views of each stream,
# then average the streams; `weight` is how much the temporal stream counts. The streams may have different numbers of
# views: `spatial` is $(N, V, K)$, `temporal` is $(N, V', K)$, the result is $(N, K)$.

# %% tags=["exercise"] exercise="05.5" points=1
def fuse(spatial, temporal, weight=0.5):
    """Weighted mean of two streams' probabilities.

    spatial (N, V, K), temporal (N, V', K), before the softmax -> probabilities (N, K).
    """
    # BEGIN SOLUTION
    still = spatial.softmax(2).mean(1)
    moving = temporal.softmax(2).mean(1)
    return (1 - weight) * still + weight * moving
    # END SOLUTION


# %% tags=["check"]
fuse = check("05.5", fuse)

# %% [markdown] tags=["hint"]
# <details>05.5</details>

# %% [markdown]
# The 16 scores of a clip are a table, 4 shapes $\times$ 4 ways. Its row sums say what a network thinks of the shape,
# its column sums what it thinks of the way. So one experiment answers three questions: is the *shape* right, is the
# *way* right, are *both*? Guessing gives 25, 25 and 6 %.

# %% tags=["predict"]
both_guess = predict("If each stream knows its own half perfectly, how often is one stream alone right about both?",
                     None, unit="%")

# %%
def percent(scores, labels):
    """How often shape, way and both are right, in percent, from probabilities of the 16 classes."""
    table = scores.unflatten(1, (4, 4))  # (N, shapes, ways)
    hits = accuracy(table.sum(2), labels // 4), accuracy(table.sum(1), labels % 4), accuracy(scores, labels)
    return [100 * hit for hit in hits]


views = spatial_scores(test.clips), temporal_scores(temporal, test_flow)
results = {"spatial stream": percent(average_predictions(views[0]), test.labels),
           "temporal stream": percent(average_predictions(views[1]), test.labels),
           "both, averaged": percent(fuse(*views), test.labels)}
for name, (shape, way, both) in results.items():
    print(f"{name:16} shape {shape:5.1f} %   way {way:5.1f} %   both {both:5.1f} %")
both_guess.reveal(25)

# %% [markdown]
# Each stream can hardly do more than guess at what the other one sees. (With 300 steps the temporal stream would read
# about four shapes out of ten from the blurred edges; the way is in no frame at all.) A stream alone can be right about
# both in about one case out of four, by luck; together they have both halves.

# %% tags=["claim"]
still, moving, fused = results.values()
claim("Where motion decides, the temporal stream beats the spatial one by more than 40 points",
      moving[1] - still[1] - 40, f"way: {moving[1]:.0f} % against {still[1]:.0f} %", unit="points",
      published="on UCF101 motion decides often: temporal 83.7 %, spatial 73.0 % (Table 4)")
claim("Where appearance decides, the spatial stream beats the temporal one by more than 20 points",
      still[0] - moving[0] - 20, f"shape: {still[0]:.0f} % against {moving[0]:.0f} %", unit="points")
claim("Where both matter, fusion beats both streams by more than 20 points",
      fused[2] - max(still[2], moving[2]) - 20, unit="points",
      measured=f"both right: {fused[2]:.0f} % against {still[2]:.0f} % and {moving[2]:.0f} %",
      published="averaged 86.9 %, the better stream alone 83.7 % (Table 4)")

# %% [markdown]
# ### A better vote
#
# The average is honest and a little simple. The temporal stream has an opinion about the shape as well, and it is
# noise; in the average it counts. The paper's second way of fusing is to *learn* whom to trust, and for what: put the
# L2-normalised softmax scores of both streams side by side, $2K$ numbers, and train a multi-class linear SVM on them.
# On clips that trained neither stream: on its own training clips a network is too sure of itself.

# %%
def side_by_side(still, moving):
    """What the SVM sees, (N, 32), from the scores of all views."""
    return svm_features(average_predictions(still), average_predictions(moving)).numpy()


val_views = spatial_scores(val.clips), temporal_scores(temporal, val_flow)
svm = LinearSVC(C=1.0).fit(side_by_side(*val_views), val.labels)
svm_both = 100 * svm.score(side_by_side(*views), test.labels)
print(f"both right: average {fused[2]:.1f} %, SVM {svm_both:.1f} %; the spatial stream alone knows "
      f"{still[0]:.1f} % of the shapes")

# %% [markdown]
# The SVM comes close to what the weaker half allows.

# %% tags=["claim"]
claim("The SVM votes better than the average, by more than 2 points", svm_both - fused[2] - 2,
      f"both right: {svm_both:.0f} % against {fused[2]:.0f} %", unit="points",
      published="SVM 88.0 %, averaged 86.9 % (UCF101, Table 4)")

# %% [markdown]
# In the paper it won on both data sets. Here are its figures, mean accuracy over the three splits, beside ours. Above
# them stand the rivals of its time: improved dense trajectories (IDT), hand-made features along flow (lecture 07);
# HMAX, a model of the visual cortex; and lecture 03's slow fusion.

# %%
ours = {name: both for name, (_, _, both) in results.items()} | {"both, SVM": svm_both}
table({"IDT": (85.9, 57.2), "IDT, higher-dimensional encodings": (87.9, 61.1),
       "IDT, stacked Fisher vectors": (None, 66.8), "HMAX": (None, 22.8), "slow fusion": (65.4, None),
       "spatial stream": (73.0, 40.5), "temporal stream": (83.7, 54.6),
       "both, averaged": (86.9, 58.0), "both, SVM": (88.0, 59.4)}, ours,
      columns=("UCF101", "HMDB51"), measured_columns=("here, both right",), unit="%", tie=5,
      source="Simonyan and Zisserman 2014, Table 4, from a public transcript, as all results of the paper below")

# %% [markdown]
# Two things should surprise you. A network that sees *only motion*, and was never trained on ImageNet, beats one that
# sees everything else. And with both streams, learnt features draw level with hand-made ones on UCF101, and no more: on
# HMDB51, with its few training videos, the best hand-made ones still won, 66.8 to 59.4.
#
# ### How long should it watch?
#
# With $L = 1$ the temporal stream sees a single displacement field. Our shapes go out and return.

# %% tags=["predict"]
single_guess = predict("L = 1, ten fields of the clip averaged: how often is the way right?", None, unit="%")

# %%
streams = {1: train_stream(2, stacks(1)), 5: train_stream(10, stacks(5)), 10: temporal}
ways = {L: percent(average_predictions(temporal_scores(stream, test_flow, L)), test.labels)[1]
        for L, stream in streams.items()}
print(*[f"L = {L:2}: way {way:5.1f} %" for L, way in ways.items()], sep="\n")
single_guess.reveal(ways[1])

# %% [markdown]
# One field shows motion to the right, and not whether it is on its way out or back. *Right* and *left* give the same
# ten fields in another order, and an average has no order: what is left is to tell horizontal from vertical, one half.
# Five fields often catch the turn, in some runs nearly always; ten always hold it.

# %% tags=["claim"]
claim("L = 10 beats L = 1 by more than 25 points", ways[10] - ways[1] - 25,
      f"way: {ways[1]:.0f} %, {ways[5]:.0f} %, {ways[10]:.0f} % for L = 1, 5, 10", unit="points",
      published="81.0 % against 73.9 % (UCF101, first split, Table 1)")

# %% [markdown]
# On UCF101 (first split) the same question had this answer. Real actions are not made to defeat a single field, so the
# gap is smaller, and from 5 to 10 there is little left to gain:

# %%
table({"single field, L = 1": (73.9, None), "flow stacking, L = 5": (80.4, None),
       "flow stacking, L = 10": (81.0, 79.9), "trajectory stacking, L = 10": (80.2, 79.6),
       "bi-directional stacking, L = 10": (81.2, None), "slow fusion of frames": (None, 56.4)},
      {"single field, L = 1": ways[1], "flow stacking, L = 5": ways[5], "flow stacking, L = 10": ways[10]},
      columns=("mean subtracted", "as it is"), measured_columns=("here, the way right",), unit="%", tie=5,
      source="UCF101, first split; slow fusion re-implemented by the authors")

# %% [markdown]
# The last line is lecture 03's best network, here without a million videos: it finds little motion in frames.
#
# ### Does mean subtraction help?
#
# In the paper, by one point (79.9 to 81.0). Here we can turn the camera ourselves. All training clips had a camera that
# stood still, so our temporal stream has never seen a pan. Let its rival have the advantage: a second stream without
# subtraction trains on as many clips whose camera pans in a random direction, 3 pixels per frame, twice as fast as the
# shapes. (The flow gets two iterations per level now: lecture 04 says why.) Then both are tested.

# %%
def panning(speed, n, seed):
    """Labels and flow of n clips whose camera pans by `speed` pixels per frame."""
    clips = ShapeAndWay(size=15, travel=6, backdrop=0.15, camera=speed).sample(n, seed=seed)
    return clips.labels, flow_of(clips.clips, iterations=2)


labels, flow = panning(3.0, len(train), seed=10 * course.seed + 4)
uncentred = train_stream(20, stacks(10, centred=False, flow=flow, labels=labels))

# %% [markdown]
# And the table's third and fourth line invite a third curve that costs nothing: give the first stream, which has learnt
# from plain stacks, trajectories instead. Where should the curves begin, and which ones stay level?

# %%
rivals = {"mean subtracted": (temporal, {}), "as it is, trained on pans": (uncentred, {"centred": False}),
          "trajectories, mean subtracted": (temporal, {"stack": stack_trajectories})}
pans, under_pan = (0.0, 1.5, 3.0), {name: [] for name in rivals}
for pan in progress(pans, desc="pans"):
    labels, flow = panning(pan, course.pick(cpu=128, gpu=512, smoke=16), seed=10 * course.seed + 5)
    for name, (stream, settings) in rivals.items():
        averaged = average_predictions(temporal_scores(stream, flow, **settings))
        under_pan[name].append(percent(averaged, labels)[1])
fig, ax = curve(pans, under_pan, "camera (pixels per frame)", "way right (%)", ylim=(0, 105))
show(fig, alt="Way right at 0, 1.5 and 3 pixels of pan: " + "; ".join(
    f"{name} " + ", ".join(f"{value:.0f} %" for value in values) for name, values in under_pan.items()) + ".")

# %% tags=["claim"]
subtracted, as_it_is = (under_pan[name][-1] for name in list(rivals)[:2])
claim("After 100 steps, mean subtraction gains more than 10 points under a pan of 3 pixels per frame",
      subtracted - as_it_is - 10, f"way: {subtracted:.0f} % against {as_it_is:.0f} %", unit="points",
      published="81.0 % against 79.9 %, with the cameras of UCF101 (Table 1)")

# %% [markdown]
# Subtraction makes the pan nearly invisible: a stream that has never met one loses little. Without it the first layer
# sees large numbers everywhere, and has to learn that they mean nothing. It can, by comparing the shape with its
# surroundings: with more steps our rival gains on it (try 200). Perhaps that is why the paper, after 80,000
# steps, has a single point left.
#
# Trajectories serve as well as plain stacks while the camera stands still, though the stream has never seen any (the
# task is too easy there to tell them apart). At 3 pixels per frame a path over the background is nearly 30 pixels long,
# more than half of the picture, and many leave it; such stacks look like nothing that the stream has learnt from.
# Trained on trajectories it would know them. But plain stacks need no such care.
#
# Subtraction is a stand-in for real camera compensation, and an imperfect one: a zoom or a roll has no constant flow,
# and a large actor moves the mean as well.
#
# ## The test protocol: 25 frames, 10 crops
#
# For the published results each video is seen $25 \times 10$ times by *each* stream: 25 equally spaced frames (or
# stacks that start there), and of each the four corners and the centre, and the same mirrored. All scores are averaged.
# It is your `fuse` with $V = 250$.
#
# There is a trap. The mirror image of a flow field is not yet the flow of the mirrored video: a motion to the right has
# become one to the left, so **every $u$ changes its sign**. `temporal_views` does that. (In our world it would be
# wrong all the same: mirroring turns the class *right* into *left*. A flip at test time assumes that actions do not
# care.)

# %%
video = torch.randint(256, (3, 40, 60, 80), dtype=torch.uint8)
still_views, moving_views = spatial_views(video, crop=48), temporal_views(torch.randn(39, 2, 60, 80), crop=48)
print("spatial stream:", tuple(still_views.shape), "  temporal stream:", tuple(moving_views.shape))
print(f"one video at the published size: {count(250 * sum(cost.multiply_adds for cost in costs))} multiply-adds")

# %% [markdown]
# ## Two data sets, one network
#
# The temporal stream cannot start from ImageNet, and video data sets were small: HMDB51 has 3,570 training clips per
# split. Adding UCF101 is tempting, but the classes of the two overlap without being the same, and a single list of
# classes would have to be made by hand. **Multi-task learning** avoids the question. The network gets two last layers,
# one per data set, each with its own softmax and its own loss; a clip is judged only by the layer of its own data set,
# and everything below learns from all clips.
#
# `TwoHeads` does this. Its scores are those of both heads side by side, and the labels of the second data set count on
# from those of the first. Here is a batch with four clips of our sixteen classes and two of another world with three.
# Which head learns from which clip? The gradient says it.

# %%
two = TwoHeads(CNN_M_2048.mini(16, 20), num_classes=3).eval()
two_scores = two(torch.randn(6, 20, 48, 48))  # (6, 19): 16 classes, then 3
two_scores.retain_grad()
two.loss(two_scores, torch.tensor([0, 5, 9, 15, 16 + 0, 16 + 2])).backward()
first_head, second_head = two_scores.grad[:, :16], two_scores.grad[:, 16:]
print("clip            0    1    2    3    4    5")
for name, grad in (("first head ", first_head), ("second head", second_head)):
    print(name, " ".join("  yes" if row.any() else "   no" for row in grad))

# %% [markdown]
# Training is `fit(two, batches, steps, loss=supervised(two.loss))`. We make no claim about it: with a second data set
# as small as our miniatures the gain would depend more on which clips it happens to have than on the method. If you
# try, repeat it with many seeds. The published gain is clear.
#
# On HMDB51 (temporal stream, first split) the paper has 46.6 % for HMDB51 alone and 55.4 % for multi-task
# learning. In between lie fine-tuning a network trained on UCF101, 49.0 %, and adding classes of UCF101 that do not
# overlap, 52.8 %. Fused with a spatial stream, on UCF101 (first split): 85.6 and 85.9 % without, 86.2 % with multi-task
# learning, and 87.0 % with the SVM on top.
#
# The last of the published tables is about the *spatial* stream, and about overfitting: some 9,500 training videos
# against 90 million parameters (UCF101, first split).
#
# | | dropout 0.5 | dropout 0.9 |
# |---|---|---|
# | from scratch | 42.5 % | 52.3 % |
# | pre-trained on ImageNet, all layers fine-tuned | 70.8 % | **72.8 %** |
# | pre-trained on ImageNet, last layer only | **72.7 %** | 59.9 % |
#
# Compare the first line with the temporal stream, which also starts from scratch: 81.0 %. Motion is easier to learn
# from few videos than appearance.
#
# ## On a GPU
#
# The published size, on real videos. Set the environment variable `UCF101` to the folder of the data set (`course data
# list` says where it comes from); with a GPU and the data it trains both streams for a while, with frames resized to
# 256 rows, random windows of 224, flow computed on the way. Without, it measures one pass through the temporal stream.

# %% tags=["gpu", "nbval-ignore-output"]
folder = os.environ.get("UCF101")
if course.device.type == "cuda" and folder:
    videos = ucf101(folder, split=1, train=True, size=(256, 340))
    for channels, prepare in ((3, lambda clips: spatial_input(clips) / 64), (20, temporal_input)):
        batches = ClipBatches(videos, 11, 64, crop=224, prepare=prepare, device=course.device, workers=4)
        stream = CNN_M_2048(101, channels).to(course.device)
        history = fit(stream, batches, 1000, lr=1e-4, dtype=course.dtype, clip_norm=5.0)
        print(f"{channels} channels: loss {history.loss[0]:.2f} -> {sum(history.loss[-50:]) / 50:.2f}")
else:
    stream = CNN_M_2048(101, 20).to(course.device)
    print(describe(stream, (20, 224, 224), repeats=2))

# %% [markdown]
# A thousand steps with Adam are a beginning. The paper took 80,000 with batches of 256, momentum 0.9 and a learning
# rate of 0.01, divided by 10 after 50,000 and 70,000. (Frames are divided by 64, because weights that start from He's
# rule want numbers around 1; published weights want them as `spatial_input` makes them.) To score a video of the
# test list, send `spatial_views` and `temporal_views` through the streams and `fuse` the results.
# `CNN_M_2048.from_published(path)` loads weights that are stored under our names.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - One stream sees a frame, the other $2L$ channels of flow; they are trained apart and vote.
# - Flow stacking reads every field at the same pixel, trajectory stacking where the pixel has gone; both serve.
# - Subtracting each field's mean vector removes a pan, which the network would otherwise have to learn to ignore.
# - Average the softmax scores of 25 moments $\times$ 10 crops; a linear SVM on both streams' scores votes better.
# - Mirrored flow needs $-u$; and two data sets can share a network that has two heads.
#
# ## Do you remember?
#
# <details><summary>1. A stack has L = 5. Which channel holds the vertical displacement of the third field?</summary>
# Number 2k = 6, counted from 1; index 5 in code.</details>
#
# <details><summary>2. A video has 40 frames. How many stacks with L = 10 can be cut from it?</summary>
# 40 frames have 39 fields, and 39 - 10 + 1 = 30 starts.</details>
#
# <details><summary>3. Why is the temporal stream with L = 1 right about half of the ways?</summary>
# Out and back show the same two motions in another order, and averaging single fields forgets the order. It can tell
# horizontal from vertical.</details>
#
# <details><summary>4. The camera pans: the background of a field moves by (3, 0). A quarter of the pixels are an actor,
# who moves by (7, 0), pan included. What does mean subtraction leave of both?</summary>
# The mean is (4, 0): the background keeps (-1, 0), the actor (3, 0). The difference is intact, the background is not at
# rest.</details>
#
# <details><summary>5. Lecture 04: shapes move 3 pixels per frame. Why does flow with a single level and a single
# iteration fail the temporal stream?</summary>
# One linearisation is worth about a pixel. Coarser levels and iterations reach further.</details>
#
# <details><summary>6. Lecture 02: why does early fusion of flow fields suit clips whose action always starts at the
# beginning?</summary>
# The first layer has weights of its own for each of the L fields, so it is tied to the moment; random starts in
# training must make up for it.</details>
#
# ## To read
#
# - K. Simonyan, A. Zisserman, *Two-Stream Convolutional Networks for Action Recognition in Videos*, NIPS 2014,
#   arXiv:1406.2199: section 3 with Eq. 1 and 2, section 4 on multi-task learning, section 6 with the tables.
#   (The number of training videos, and which of the fused results on the first split is which, are quoted from memory.)
# - K. Chatfield et al., *Return of the Devil in the Details*, BMVC 2014, arXiv:1405.3531: CNN-M-2048 and its relatives.
# - M. Goodale, A. Milner, *Separate visual pathways for perception and action*, Trends in Neurosciences 1992.
#
# **Next:** [06 · C3D](06_c3d.ipynb), where one network learns appearance and motion together, with kernels of $3 \times
# 3 \times 3$.
