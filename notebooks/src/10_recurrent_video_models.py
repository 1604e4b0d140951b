# %% [markdown]
# # 10 · What must a network remember to tell a story?
#
# *Deep Learning for Video, lecture 10. About 75 minutes. Two CPU cores are enough; the last section uses a GPU, real
# videos and published weights when they are there.*

# %% tags=["setup"]
course = start("10")

# %%
import os
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

from course_lib.data.sets.readers import ucf101
from course_lib.data.video_io import dense_clips
from course_lib.data.worlds.memory import LAMPS, flash_then_noise, moving_squares
from course_lib.data.worlds.sentences import WORDS, SentenceWorld, centred, judge, write
from course_lib.describe import describe
from course_lib.metrics import accuracy
from course_lib.models.decoding import Together, beam_search, greedy
from course_lib.models.image_captioning import ImageCaptioner
from course_lib.models.long_clips import ConvPooling, LongLSTM
from course_lib.models.lstm_composite import LSTMComposite, composite_loss
from course_lib.models.recurrent import LRCN, FrameCNN, loss_at_every_step, preprocess
from course_lib.models.recurrent_cells import lstm_gates, remember_at_first
from course_lib.models.s2vt import S2VT
from course_lib.ops.captions import bleu, until_end, word_loss
from course_lib.plots import bars, curve, diagram, film_strip, from_memory, heatmap, show, table
from course_lib.plots.unrolled import unrolled
from course_lib.timing import alternate
from course_lib.train import minibatches, scores, trained
from course_lib.widgets.sentence_writer import SentenceWriter

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - write a recurrent layer and an LSTM step by step, and say what each of the LSTM's four layers is for;
# - measure how far back a gradient reaches, and explain why a plain RNN fails to *learn* a long memory;
# - put an LSTM on a CNN (LRCN), and tell when it beats pooling over time and when it does not;
# - train a network to write sentences, and let it write: greedily, or with a beam;
# - explain S2VT, one stack of LSTMs that first watches and then writes, and what RGB and flow each contribute.

# %% [markdown]
# Ten frames, and a sentence. Cover the sentence and say what happens: which words could you find from a single frame,
# which ones need two, and for which do you need to remember?

# %%
world = SentenceWorld(height=20, width=20, frames=10, travel=3)
first = world.sample(8, seed=8)
chosen = next(n for n, words in enumerate(first.sentences) if {"then", "moves"} <= {WORDS[word] for word in words})
story = write(first.sentences[chosen])
show(film_strip(first.clips[chosen], range(10), columns=10), alt=f"Ten frames: {story}.")

# %% [markdown]
# Colour and shape are there in every frame. The direction takes two. The word *then* takes a **memory**: something
# that happened is over, and must still be known. All networks so far had none. They saw a fixed window of 8 or 16
# frames, all at once. A **recurrent network** reads one frame after the other, and keeps a state.
#
# Such networks write subtitles for viewers who cannot see the picture, index archives by what happens in them, and
# label actions in videos of any length. You will build all of it here.
#
# ## One layer, again and again
#
# A recurrent layer (RNN) has a **state** $h_t$, a list of $H$ numbers. At each step it reads the input $x_t$ and its
# own last state, with the same weights every time:
#
# $$ h_t = \tanh(W_{ih}\, x_t + W_{hh}\, h_{t-1} + b), \qquad h_0 = 0 . $$
#
# **Unrolled** in time it looks like a deep network whose layers share their weights:

# %%
show(unrolled([["x 1", "x 2", "x 3", "x 4"], ["h 1", "h 2", "h 3", "h 4"], ["y 1", "y 2", "y 3", "y 4"]], recurrent=[1],
              names=["frames", "state", "scores"], width=6.4),
     alt="Four steps of an RNN: each state reads a frame and the state before it, and gives scores.")

# %% [markdown]
# With a pencil: one number per frame, one unit, weights $W_{ih} = 1$ and $W_{hh} = 0.5$, no bias. The first frame
# flashes ($x_1 = 1$), all others are dark. $h_1 = \tanh 1 = 0.76$, $h_2 = \tanh 0.38 = 0.36$, $h_3 = \tanh 0.18 =
# 0.18$: the flash is halved at every step.

# %%
def rnn_step(x, h, weight_ih, weight_hh, bias):
    """One step of an RNN.  x (B, D), h (B, H), weight_ih (H, D), weight_hh (H, H), bias (H,) -> (B, H)"""
    return torch.tanh(x @ weight_ih.T + h @ weight_hh.T + bias)


h = torch.zeros(1, 1)
for t, x in enumerate([1.0, 0.0, 0.0, 0.0, 0.0], start=1):
    h = rnn_step(torch.tensor([[x]]), h, torch.ones(1, 1), torch.full((1, 1), 0.5), torch.zeros(1))
    print(f"h_{t} = {h.item():.2f}", end="   ")

# %% [markdown]
# ## Four layers instead of one
#
# The **LSTM** (long short-term memory: Hochreiter and Schmidhuber 1997) was designed after the memory cells of a
# computer: a place where a number stays until it is overwritten. Beside the state $h$ it has a **memory** $c$, which no
# weight matrix and no $\tanh$ touches on its way from step to step. Four layers decide what happens to it, all of the
# form $z = W_{ih} x_t + W_{hh} h_{t-1} + b$ with weights of their own. Three of them are **gates**, between 0 and 1,
# ($\sigma$ is the sigmoid):
#
# $$ i = \sigma(z_i), \quad f = \sigma(z_f), \quad o = \sigma(z_o), \quad g = \tanh(z_g), $$
# $$ c_t = f \cdot c_{t-1} + i \cdot g, \qquad h_t = o \cdot \tanh(c_t) . $$
#
# The input gate $i$ decides whether to write, the **forget gate** $f$ whether to keep, the output gate $o$ whether to
# show; the candidate $g$ is what would be written.
#
# ## Exercise 10.1: One step of an LSTM
#
# Extend `rnn_step`. `weight_ih` is now $(4H, D)$, `weight_hh` $(4H, H)$, `bias` $(4H,)$: the four layers one below
# the other, in the order **input, forget, candidate, output**. `x` is $(B, D)$, `h` and `c` are $(B, H)$. Return the
# new pair `(h, c)`.

# %% tags=["exercise"] exercise="10.1" points=3
def lstm_step(x, h, c, weight_ih, weight_hh, bias):
    """One step of an LSTM.  x (B, D), h and c (B, H), weights (4H, D) and (4H, H), bias (4H,) -> h, c"""
    # BEGIN SOLUTION
    i, f, g, o = (x @ weight_ih.T + h @ weight_hh.T + bias).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c
    # END SOLUTION


# %% tags=["check"]
lstm_step = check("10.1", lstm_step)

# %% [markdown] tags=["hint"]
# <details>10.1</details>

# %% [markdown]
# PyTorch has it as `nn.LSTM`, in one fast call. (Its biases come in pairs, of which only the sum counts.) The same
# weights, the same clip:

# %%
torch.manual_seed(course.seed)
library, clip = nn.LSTM(3, 6, batch_first=True), torch.randn(2, 7, 3)
weights = library.weight_ih_l0, library.weight_hh_l0, library.bias_ih_l0 + library.bias_hh_l0
h, c = torch.zeros(2, 6), torch.zeros(2, 6)
for frame in clip.unbind(1):
    h, c = lstm_step(frame, h, c, *weights)
print(f"largest difference to nn.LSTM: {(h - library(clip)[1][0][0]).abs().max():.0e}")

# %% [markdown]
# Now a memory cell with weights set by hand. Inputs: a flash of some strength, and a lamp that says *write*. The lamp
# opens the input gate; the forget gate stays open. What does the memory hold at the end, after flashes of 0.9 (with the
# lamp on), $-0.5$ and 0.7 (with the lamp off)?

# %%
flash = torch.tensor([0, 0.9, 0, 0, -0.5, 0, 0.7, 0, 0, 0])
lamp = (torch.arange(10) == 1).float()
cell = nn.LSTM(2, 1, batch_first=True)
with torch.no_grad():
    for weight in cell.parameters():
        weight.zero_()
    cell.weight_ih_l0[:] = torch.tensor([[0.0, 20], [0, 0], [2, 0], [0, 0]])  # input, forget, candidate, output
    cell.bias_ih_l0[:] = torch.tensor([-10.0, 6, 0, 2])
    inside = lstm_gates(cell, torch.stack([flash, lamp], dim=1)[None])[2]
rows = [flash, lamp, *(inside[name][0, :, 0] for name in ("input", "forget", "memory"))]
fig, ax = heatmap(torch.stack(rows), "step", "", signed=True, numbers="{:.1f}", height=2.9)
ax.set_yticks(range(5), ["flash", "lamp", "input gate", "forget gate", "memory"])
show(fig, alt=f"When the lamp is on, the memory takes tanh(2 x 0.9) = 0.95, and has {rows[4][-1]:.2f} at the end.")

# %% [markdown]
# The first flash, and no other. The input gate kept the rest out.
#
# ## How far back does learning reach?
#
# To learn that step 1 mattered at step 100, the gradient must travel back through all steps between. In an RNN each of
# them multiplies it by the **Jacobian** of one step (the matrix of derivatives of the new state by the old one):
#
# $$ \frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2)\, W_{hh}, \qquad
#    \frac{\partial h_n}{\partial h_0} = \prod_{t=n}^{1} \mathrm{diag}(1 - h_t^2)\, W_{hh} . $$
#
# ($1 - h^2$ is the slope of $\tanh$ where it gives $h$.) In the LSTM, along the memory, each step multiplies by the
# forget gate, and that is all. After $n$ steps: the product of $n$ numbers, `forget.cumprod(0)`.
#
# ## Exercise 10.2: What is left of the gradient?
#
# For the RNN: `weight` is $W_{hh}$, $(H, H)$; `states` is $(T, H)$, the states $h_1 \ldots h_T$. Return $(T,)$: for
# each $t$ the largest factor by which a change of $h_0$ can arrive in $h_t$, which is the largest singular value of
# the product up to $t$ (`torch.linalg.matrix_norm(..., ord=2)`).

# %% tags=["exercise"] exercise="10.2" points=2
def rnn_memory(weight, states):
    """Largest singular values of d h_t / d h_0.  weight (H, H), states (T, H) -> (T,)"""
    # BEGIN SOLUTION
    jacobian, norms = torch.eye(len(weight)), []
    for h in states:
        jacobian = (1 - h**2)[:, None] * weight @ jacobian
        norms.append(torch.linalg.matrix_norm(jacobian, ord=2))
    return torch.stack(norms)
    # END SOLUTION


# %% tags=["check"]
rnn_memory = check("10.2", rnn_memory)

# %% [markdown] tags=["hint"]
# <details>10.2</details>

# %% [markdown]
# A small test for memories: a lamp flashes in one of eight colours in the first frame. Then come $n$ frames of noise.
# Which colour was it? A frame is three numbers, its average colour, with grey as 0.
#
# One precaution: an LSTM starts with forget gates around one half, and $0.5^{100}$ is nothing. `remember_at_first` sets
# their bias to $\log 99$, so that they start at 0.99.

# %%
class Reader(nn.Module):
    """Reads a clip with an RNN or an LSTM of 24 units, and answers at its end."""

    def __init__(self, kind, remember=False):
        super().__init__()
        self.cell, self.answer = kind(3, 24, batch_first=True), nn.Linear(24, len(LAMPS))
        if remember:
            remember_at_first(self.cell, steps=100)

    def forward(self, clips):
        return self.answer(self.cell(clips)[0][:, -1])


# %% [markdown]
# The networks before any training, on one clip: how much of the gradient comes back over 1, 2, ... 100 steps?

# %%
READERS = {"RNN": (nn.RNN,), "LSTM, gates half open": (nn.LSTM,), "LSTM, gates open": (nn.LSTM, True)}
torch.manual_seed(course.seed)
clip, _ = flash_then_noise(1, 100, course.generator())
with torch.no_grad():
    rnn, half, wide = (Reader(*kind).cell for kind in READERS.values())
    forget = [lstm_gates(cell, clip)[2]["forget"][0] for cell in (half, wide)]  # (101, 24) each
    left = rnn_memory(rnn.weight_hh_l0, rnn(clip)[0][0]), *(gates.cumprod(0).mean(1) for gates in forget)
reach = dict(zip(READERS, left, strict=True))
fig, ax = curve(torch.arange(1, 102), reach, "steps back", "factor of the gradient", yscale="log", ylim=(1e-33, 10))
show(fig, alt="; ".join(f"{name}: {r[19]:.0e} after 20 steps, {r[99]:.0e} after 100" for name, r in reach.items()))

# %% [markdown]
# Straight lines on a logarithmic axis: the gradient **vanishes** exponentially, in the RNN and just as well in an LSTM
# whose gates are half open. (With large weights an RNN's gradient explodes instead; then one clips it.) Pascanu,
# Mikolov and Bengio (2013) made this argument precise.
#
# Now train all three, on pauses of 1 to 100 frames, drawn anew for each step. A rule of thumb says that an LSTM bridges
# some hundred steps. At which pause will each network fall below 50 %? (Guessing gives 12.5 %.)

# %% tags=["predict"]
pause_guess = predict("RNN: the longest pause with at least half of the colours right?", None, unit="frames")

# %%
PAUSES = [1, 2, 5, 10, 20, 40, 70, 100]


def right_by_pause(kind, easy_first=False, steps=220):
    """Train a reader; accuracy in percent for each of the PAUSES. easy_first: on short pauses first, then longer."""
    def batch(step):
        generator = course.generator(1000 + step)
        longest = min(100, 2 + 130 * step // steps) if easy_first else 100
        return flash_then_noise(64, int(torch.randint(1, longest + 1, (), generator=generator)), generator)

    reader = trained(lambda: Reader(*kind), batch, steps, course, lr=1e-2, clip_norm=1.0)
    tests = [flash_then_noise(300, pause, course.generator(10**6 + pause)) for pause in PAUSES]
    return [100 * accuracy(scores(reader, clips), colors) for clips, colors in tests]


kept = {name: right_by_pause(kind) for name, kind in READERS.items()}
pause_guess.reveal(max([p for p, right in zip(PAUSES, kept["RNN"], strict=True) if right >= 50], default=0))

# %% [markdown]
# One more, before the picture. Is the RNN *unable to hold* a colour, or *unable to learn* to hold it? Give the same RNN
# short pauses first, where the gradient still arrives, and longer ones later (a **curriculum**):

# %%
kept["RNN, easy first"] = right_by_pause((nn.RNN,), easy_first=True)
fig, ax = curve(PAUSES, kept, "pause (frames)", "colours right (%)", ylim=(0, 105), xscale="log")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
show(fig, alt="; ".join(f"{name}: {r[2]:.0f} % at 5 frames, {r[-1]:.0f} % at 100" for name, r in kept.items()) + ".")

# %% tags=["claim"]
rnn, half, wide, led = (right[-1] for right in kept.values())  # at 100 frames
claim("From mixed pauses the LSTM learns to bridge 100 frames (at least half right), the RNN not even 10",
      {"LSTM at 100": wide - 50, "RNN at 10": 50 - kept["RNN"][3]},
      f"LSTM {wide:.0f} % at 100; RNN {kept['RNN'][3]:.0f} % at 10 (guessing: 12.5 %)", unit="points",
      published="an LSTM bridges some 100 steps (rule of thumb)")
claim("It owes this to its open gates: half open, more than 20 points fewer are right at 100 frames",
      wide - half - 20, f"{half:.0f} % and {wide:.0f} %", unit="points")
claim("The RNN can hold more than it learns to hold: with easy clips first, 20 points more are right at 100 frames",
      led - rnn - 20, f"{rnn:.0f} % and {led:.0f} %", unit="points")

# %% [markdown]
# So the trouble is not only the capacity of the state: the same RNN holds more when it is led there. It is the
# *gradient* that does not arrive. The LSTM's gates are a road for it, as far as they are open; the four layers alone
# are not enough.
#
# ## LRCN: an LSTM on top of a CNN
#
# **LRCN** (long-term recurrent convolutional network; Donahue et al. 2015) puts the two together. A CNN reads each
# frame; its 4096 numbers (fc6) go into an LSTM of 256 units, and the classes are scored *at every step*, always with
# the same label as the target. Clips have 16 frames of $227 \times 227$, and start every 8 frames; at test time ten
# crops of each are averaged as well. How much of it is CNN?

# %% tags=["predict"]
share_guess = predict("Which share of LRCN's parameters lies in the LSTM and above?", None, unit="%")

# %%
with torch.device("meta"):
    network = LRCN()
    cost = describe(network, (3, 16, 227, 227), repeats=0)
in_cnn = sum(p.numel() for p in network.cnn.parameters())
print(cost.table(least=1))
share_guess.reveal(100 * (1 - in_cnn / cost.parameters))

# %% [markdown]
# The same from left to right. Depth is time: up to fc6 the 16 frames are strangers to each other.

# %%
show(diagram(cost))

# %% tags=["claim"]
claim("LRCN has 65,422,309 parameters in PyTorch; in Caffe, whose LSTM has one bias instead of two, 1,024 fewer",
      cost.parameters == 65_422_309, f"{cost.parameters:,}", published="65.4 million in the released network")

# %% [markdown]
# As so often, the first fully connected layer holds most of it, 56.6 million. The LSTM is cheap: 16 steps cost it
# less than one frame costs the CNN. There are two such networks, one for frames and one for pictures of flow, as in
# lecture 05.
#
# ## Exercise 10.3: One prediction for a video
#
# A video has $N$ clips of 16 frames, and LRCN scores the classes after each frame. For the whole video: turn the
# scores of each step into probabilities (softmax), average over clips and frames, and join the two networks: $1 - w$
# times the RGB network's, $w$ (`weight`) times the flow network's. `rgb` is $(N, T, K)$, `flow` $(M, S, K)$ (there may
# be fewer fields of flow than frames). Return $(K,)$.

# %% tags=["exercise"] exercise="10.3" points=1
def video_scores(rgb, flow, weight=2 / 3):
    """Probabilities of a video.  rgb (N, T, K) and flow (M, S, K), class scores at every step -> (K,)"""
    # BEGIN SOLUTION
    rgb, flow = rgb.softmax(dim=-1).mean(dim=(0, 1)), flow.softmax(dim=-1).mean(dim=(0, 1))
    return (1 - weight) * rgb + weight * flow
    # END SOLUTION


# %% tags=["check"]
video_scores = check("10.3", video_scores)

# %% [markdown] tags=["hint"]
# <details>10.3</details>

# %% [markdown]
# What the LSTM brought on UCF101, against the same CNN on single frames:

# %%
table({"RGB": (67.37, 68.20), "flow": (74.37, 77.28), "RGB and flow, 1/2 and 1/2": (75.46, 80.90),
       "RGB and flow, 1/3 and 2/3": (78.94, 82.34)}, columns=("single frames", "LRCN"), unit="%, UCF101",
      source="Table 1 of the paper, from a public transcript; its first version had 71.1 (RGB) and 82.9 (both)")

# %% [markdown]
# One point for RGB, three for flow. Is that all that a memory is worth?
#
# ## When order decides, and when it does not
#
# Ng et al. (2015, *Beyond Short Snippets*) went to long clips, up to 120 frames, and compared two ways to read them, on
# the same CNN. **Conv pooling** takes the maximum over all frames of each number in the last maps: it is blind to
# order. The other is a deep stack of **LSTMs**. A third system of that year, the **LSTM composite model** (Srivastava
# et al. 2015), learns from videos without labels; we come to it below.

# %%
table({"LRCN, RGB": (68.2, None), "LRCN, RGB and flow": (82.34, None), "LSTM composite model, RGB": (75.8, None),
       "LSTM composite model, all": (84.3, 44.0), "C3D (1 net)": (82.3, None), "two-stream network": (88.0, 59.4),
       "conv pooling on long clips": (88.2, None), "LSTM on long clips": (88.6, None)},
      columns=("UCF101", "HMDB51"), unit="%", source="as later papers cite them; LRCN as above")

# %% [markdown]
# What long clips brought, by the abstract of *Beyond Short Snippets*:

# %%
table({"UCF101": (88.0, 88.6), "UCF101, without flow": (73.0, 82.6), "Sports-1M": (60.9, 73.1)},
      columns=("best before", "long clips"), unit="%", best=None, source="Ng et al., abstract")

# %% [markdown]
# Long clips help. But look at the two ways again, 88.6 against 88.2: the network that knows the order is not half a
# point better than the one that does not. Either memory is overrated, or UCF101 does not ask for it. Let us build
# clips that do. A shape flashes (white) and dims (black), in one order or the other, with noise on every frame. Two
# questions about the *same* clips: **which came first?** and **which shape is it?**
#
# Both readers get what a CNN says about the frames. As in the papers it has been trained on *objects* in single
# pictures (colour and shape) and stays as it is.

# %%
pictures = SentenceWorld(20, 20, frames=10, travel=3, noise=0.06).sample(course.pick(cpu=1500, smoke=64), course.seed)
labelled = centred(pictures.clips[:, :, 0]), 4 * pictures.colors + pictures.shapes
objects = trained(lambda: nn.Sequential(FrameCNN.mini(), nn.Linear(48, 16)),
                  minibatches(labelled, 64, course.seed), 250, course, lr=5e-3)

# %% [markdown]
# The features of a frame are the 48 numbers below the last layer. `centred` brings colours to about mean 0 and
# variance 1.

# %%
def features(cnn, clips):
    """What a CNN says about every frame: (B, C, T, H, W) -> (B, T, 48)"""
    return 0.1 * scores(cnn, clips.transpose(1, 2).flatten(0, 1), 512).unflatten(0, (len(clips), -1))


both_orders = SentenceWorld(20, 20, frames=16, stories=(("flashes", "dims"), ("dims", "flashes")), noise=0.5)


def order_and_shape(clips, seed):
    """Features of clips, and the answers to both questions: flash first (1) or not; the shape's number."""
    batch = both_orders.sample(clips, seed)
    answers = {"which came first": (batch.events[:, 0] == 0).long(), "which shape": batch.shapes}
    return features(objects[0], centred(batch.clips)), answers


train_seen, train_answers = order_and_shape(course.pick(cpu=800, smoke=32), 2 * 10**6 + course.seed)
test_seen, test_answers = order_and_shape(course.pick(cpu=400, smoke=32), 3 * 10**6 + course.seed)

# %% [markdown]
# Three heads read the features: Ng's pooling with the **maximum** (their choice; the maps are $48 \times 1 \times 1$
# here), the same with the **average**, and Ng's LSTM, with one layer of 32 units, trained at every step like LRCN.

# %%
VIEWS = {"max pooling": lambda seen: seen[..., None, None],  # (B, T, 48, 1, 1)
         "average pooling": lambda seen: seen.mean(1, keepdim=True)[..., None, None],  # a single frame is left
         "LSTM": lambda seen: seen}
QUESTIONS = {"which came first": 2, "which shape": 4}


def right(head, question):
    """Train one head on one question; test accuracy in percent."""
    view, classes, order_aware = VIEWS[head], QUESTIONS[question], head == "LSTM"
    network = trained(lambda: LongLSTM(classes, features=48, hidden=32, layers=1) if order_aware else
                      ConvPooling(classes, maps=(48, 1, 1), hidden=64),
                      minibatches((view(train_seen), train_answers[question]), 32, course.seed), 300, course,
                      lr=5e-3, loss=loss_at_every_step if order_aware else None)
    return 100 * accuracy(scores(network, view(test_seen)), test_answers[question])


first_right, shape_right = ({head: right(head, question) for head in VIEWS} for question in QUESTIONS)
fig, ax = bars(["which came first?\n(2)", "which shape?\n(4)"],
               {head: [first_right[head], shape_right[head]] for head in VIEWS},
               ylabel="accuracy (%)", xlabel="question (number of answers)", ylim=(0, 115), number="{:.0f}")
show(fig, alt="; ".join(f"{head}: {first_right[head]:.0f} % and {shape_right[head]:.0f} %" for head in VIEWS) + ".")

# %% tags=["claim"]
blind = max(first_right["max pooling"], first_right["average pooling"])
claim("Where order decides, the LSTM beats both ways of pooling by more than 30 points",
      first_right["LSTM"] - blind - 30, unit="points",
      measured=f"{first_right['LSTM']:.0f} % against {blind:.0f} % (guessing: 50 %)")
claim("Where it does not, on the very same clips, LSTM and average pooling are within 10 points of each other",
      10 - abs(shape_right["LSTM"] - shape_right["average pooling"]), unit="points",
      measured=f"{shape_right['LSTM']:.0f} % against {shape_right['average pooling']:.0f} %",
      published="88.6 % against 88.2 % on UCF101 (max pooling)")

# %% [markdown]
# Pooling is not stupid, it is asked the wrong question: maximum and average do not change when the frames are shuffled,
# so that in the two orders it is given the same. The benchmark decides what a memory is worth. On UCF101, one frame
# often says *billiards*.
#
# ### The composite model: memory without labels
#
# An **encoder** LSTM reads a clip. Its last state is handed to two **decoders**: one must play the clip *backwards*
# from memory, the other must predict the frames *to come*. To rewind, the state must hold all that was seen; to
# predict, it must hold how things move. Neither needs a label. Our miniature reads five frames of a moving square, 64
# pixels each, and predicts three more.

# %%
def squares(step):
    """32 clips: five frames (32, 5, 64), and the three that follow (32, 3, 64)."""
    film = moving_squares(32, course.generator(500 + step))
    return film[:, :5], film[:, 5:]


composite = trained(lambda: LSTMComposite.mini(64, future=3), squares, 250, course,
                    loss=composite_loss, lr=1e-2)

# %%
seen, following = squares(10**6)
with torch.no_grad():
    again, expected = composite(seen.to(course.device))
rows = [torch.cat([seen, following], dim=1)[0], torch.cat([again, expected], dim=1)[0].cpu()]
film = torch.cat(rows).view(-1, 8, 8).clamp(0, 1)
titles = [f"frame {t}" for t in range(8)] + ["again"] * 5 + ["predicted"] * 3
show(film_strip(film, range(16), titles, columns=8, width=7),
     alt="Above, a square crosses eight frames. Below, the first five from memory, and the last three predicted.")

# %% [markdown]
# The copies are blurred, but in the right place. Compare the prediction with the laziest one, the last frame again:

# %% tags=["claim"]
predicted, repeated = ((guess - following).square().mean() for guess in (expected.cpu(), seen[:, -1:]))
claim("The predicted frames are nearer to the truth than the last frame, repeated: less than half of its squared error",
      50 - 100 * (predicted / repeated).item(), f"{predicted:.3f} against {repeated:.3f}", unit="% of the error")

# %% [markdown]
# A classifier on such a state reached 84.3 % on UCF101 (with flow), after training on videos nobody had labelled.
#
# ## Words
#
# A sentence is a sequence, too. Number the words of a vocabulary, and let a network score the next one, given the
# words so far and the picture. The simplest join of a CNN and an RNN: **what the CNN says becomes the initial state
# $h_0$**; from there the RNN writes, word by word. (On slides this is called *image tagging*; what it does is
# captioning.)

# %%
show(unrolled([["CNN(picture)", "<begin>", "a", "red", "disc"], ["h 0", "h 1", "h 2", "h 3", "h 4"],
               ["", "a", "red", "disc", "<end>"]], recurrent=[1], names=["given", "state", "said"], width=7.2),
     alt="The CNN's output is the state h 0; each word that was said is the next input, until the end is said.")

# %% [markdown]
# In training we know the sentence. So each step is given the *true* word before, whatever the network would have said.
# This is **teacher forcing**. The loss is the cross-entropy of the right next word.
#
# ## Exercise 10.4: Teacher forcing
#
# Word 0 has two roles, as in the original S2VT: it is the first word that a decoder is given, and it ends a sentence.
# From a list of sentences (lists of word ids, of different lengths) make two tensors $(B, L + 1)$ of whole numbers,
# $L$ the length of the longest. `inputs`: 0, then the words, filled up with 0. `targets`: the words, then 0 once,
# filled up with $-1$, which the loss ignores. So `[[5, 6], [7]]` becomes inputs `[[0, 5, 6], [0, 7, 0]]`, targets
# `[[5, 6, 0], [7, 0, -1]]`.

# %% tags=["exercise"] exercise="10.4" points=2
def teacher_forcing(sentences):
    """What the decoder is given, and what it should say.  list of B lists of ids -> two (B, L + 1) long tensors"""
    # BEGIN SOLUTION
    length = max(len(sentence) for sentence in sentences) + 1
    inputs = torch.zeros(len(sentences), length, dtype=torch.long)
    targets = torch.full((len(sentences), length), -1)
    for row, sentence in enumerate(sentences):
        inputs[row, 1 : len(sentence) + 1] = torch.tensor(sentence)
        targets[row, : len(sentence)] = torch.tensor(sentence)
        targets[row, len(sentence)] = 0
    return inputs, targets
    # END SOLUTION


# %% tags=["check"]
teacher_forcing = check("10.4", teacher_forcing)

# %% [markdown] tags=["hint"]
# <details>10.4</details>

# %% [markdown]
# Train a captioner for single pictures ("a red disc") on the features of the object CNN. `word_loss` gives it the
# inputs and takes the cross-entropy at the targets:

# %%
seen = features(objects[0], centred(pictures.clips[:, :, :1]))[:, 0]  # (N, 48)
nouns = [sentence[:3] for sentence in pictures.sentences]  # a, colour, shape
captioner = trained(lambda: ImageCaptioner(len(WORDS), features=48, embed=16, hidden=32),
                    minibatches((seen, *teacher_forcing(nouns)), 32, course.seed), 250, course, loss=word_loss, lr=1e-2)

# %% [markdown]
# ## Exercise 10.5: Greedy decoding
#
# Now it must write by itself: nobody gives it the true word, it reads its own. **Greedy** means: always take the word
# with the highest score.
#
# `h` is the state from the picture, $(H,)$. `table` is $(V, H)$: row $w$ is what word $w$ adds to the next state (its
# embedding times $W_{ih}$, plus biases). So $h \leftarrow \tanh(\text{table}[w] + W_{hh} h)$, and the scores of the
# next word are $W_{out} h + b_{out}$. Start with word 0. Stop when the word 0 comes (it does not belong to the
# sentence), or after `longest` words. Return a list of ids.

# %% tags=["exercise"] exercise="10.5" points=2
def caption(h, table, weight_hh, weight_out, bias_out, longest):
    """Greedy words.  h (H,), table (V, H), weight_hh (H, H), weight_out (V, H), bias_out (V,) -> list of ints"""
    # BEGIN SOLUTION
    word, words = 0, []
    for _ in range(longest):
        h = torch.tanh(table[word] + weight_hh @ h)
        word = int((weight_out @ h + bias_out).argmax())
        if word == 0:
            break
        words.append(word)
    return words
    # END SOLUTION


# %% tags=["check"]
caption = check("10.5", caption)

# %% [markdown] tags=["hint"]
# <details>10.5</details>

# %%
with torch.no_grad():
    four = world.sample(4, seed=10**6 + course.seed).clips[:, :, :1]
    starts = captioner.cpu().start(features(objects[0], centred(four))[:, 0])[0]  # (4, H)
    said = [write(caption(h, *captioner.as_numbers(), longest=8)) for h in starts]
show(film_strip(four[:, :, 0].transpose(0, 1), range(4), said, width=7),
     alt="Four pictures, described as: " + "; ".join(said) + ".")

# %% [markdown]
# ## S2VT: watch, then write
#
# For a video (Venugopalan et al. 2015) the recipe is longer:
#
# > raw frames → CNN trained on *objects* → its outputs → LSTMs → words,
# >
# > flow pictures → CNN trained on *actions* → its outputs → LSTMs → words.
#
# **S2VT** (sequence to sequence, video to text) uses *one* stack of two LSTMs for both halves of the job. First it
# **encodes**: the lower LSTM reads frames, the upper one its output. Then it **decodes**: zeros come in place of
# frames, and the upper LSTM reads the words as well. The state simply goes on.

# %%
show(unrolled([["frame 1", "frame 2", "frame 3", "", "", "", ""], ["CNN"] * 3 + ["0"] * 4, ["LSTM 1"] * 7,
               ["+ 0", "+ 0", "+ 0", "+ <begin>", "+ a", "+ red", "+ disc"], ["LSTM 2"] * 7,
               ["", "", "", "a", "red", "disc", "dims"]], recurrent=[2, 4],
              names=["RGB or flow", "", "", "words given", "", "said"]),
     alt="Seven steps of two LSTMs: three frames pass a CNN and are read, then words are given and said; the "
         "state goes on.")

# %% [markdown]
# The paper has 1000 units per LSTM, and embeds frames and words into 500 numbers each. The upper LSTM reads the word
# and the lower LSTM's output side by side, *the word first*. Exchange the two, and public weights load without
# complaint and write nonsense: equal shapes are not equal networks (lecture 06).

# %% tags=["nbval-check-output"]
with torch.device("meta"):
    published = S2VT(46_168)
sizes = {name: sum(p.numel() for p in part.parameters()) for name, part in published.named_children()}
for name in ("frame", "word", "lstm1", "lstm2", "out"):
    print(f"{name:8}{sizes[name]:>12,}")
print(f"together {sum(sizes.values()):,}; as float32 {4 * sum(sizes.values()) / 2**20:.0f} MiB")

# %% [markdown]
# (The released file has 333 MiB: with its vocabulary of 46,168 words, it fits.)
#
# ## Exercise 10.6: Fix the bug: the writer has seen nothing
#
# Here is the idea with a single LSTM. `frames` is $(B, T, D)$, `words` $(B, L)$; the result is $(B, L, V)$, scores of
# the next word. It runs, and the loss goes down, too, because some words are likely in any sentence. But whatever the
# video, it writes the same.

# %% tags=["exercise"] exercise="10.6" points=2
class WatchAndWrite(nn.Module):
    """One LSTM that reads frames, then words: forward(frames (B, T, D), words (B, L)) -> scores (B, L, V)"""

    def __init__(self, features, words, hidden):
        super().__init__()
        self.word = nn.Embedding(words, features)
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.out = nn.Linear(hidden, words)

    def forward(self, frames, words):
        # BEGIN SOLUTION
        watched, state = self.lstm(frames)
        written, _ = self.lstm(self.word(words), state)
        # STARTING POINT
        # watched, state = self.lstm(frames)
        # written, _ = self.lstm(self.word(words))
        # END SOLUTION
        return self.out(written)


# %% tags=["check"]
WatchAndWrite = check("10.6", WatchAndWrite)

# %% [markdown] tags=["hint"]
# <details>10.6</details>

# %%
torch.manual_seed(course.seed)
writer = WatchAndWrite(48, len(WORDS), 32)
one, other = writer(torch.randn(2, 10, 48), torch.zeros(2, 1, dtype=torch.long))
print(f"two videos, the same first word given: scores differ by up to {(one - other).abs().max():.2f}")

# %% [markdown]
# ## Reproduce: who knows the nouns, who knows the verbs?
#
# METEOR (a score for sentences that also accepts synonyms, 0 to 100) on the video descriptions of MSVD:

# %%
table({"RGB (AlexNet)": from_memory(27.9), "RGB (VGG-16)": 29.2, "flow": from_memory(24.3),
       "RGB and flow": from_memory(29.8)}, unit="METEOR, MSVD", best=max,
      source="S2VT; 29.2 from the authors' release notes")

# %% [markdown]
# Flow alone is worst, and yet it helps. Why? We train S2VT twice on our sentences: on the features of the *object
# CNN* from the frames, and on those of an *action CNN*, which has learnt directions from single fields of flow. Both
# CNNs are frozen. A sentence has nouns (colour and shape: what it is) and verbs (flashes, dims, moves left: what it
# does).

# %%
ways = [(f"moves {way}", None) for way in ("right", "down", "left", "up")]
moves = SentenceWorld(20, 20, frames=10, travel=3, stories=ways)
moving = moves.sample(course.pick(cpu=600, smoke=32), seed=course.seed)
moment = moving.flow.abs().sum(dim=(1, 3, 4)).argmax(dim=1)  # (N,): when it moves
fields = moving.flow[torch.arange(len(moving)), :, moment]  # (N, 2, 20, 20), pixels per frame
actions = trained(lambda: nn.Sequential(FrameCNN.mini(2), nn.Linear(48, 4)),
                  minibatches((fields, moving.events[:, 0] - 2), 64, course.seed), 80, course, lr=3e-3)

# %%
stories = world.sample(course.pick(cpu=1200, smoke=32), seed=4 * 10**6 + course.seed)
tests = world.sample(course.pick(cpu=300, smoke=16), seed=5 * 10**6 + course.seed)


def both_views(batch):
    """What each CNN says about every frame, or field of flow: {"RGB": (B, 10, 48), "flow": (B, 9, 48)}"""
    return {"RGB": features(objects[0], centred(batch.clips)), "flow": features(actions[0], batch.flow)}


train_views, test_views = both_views(stories), both_views(tests)
inputs, targets = teacher_forcing(stories.sentences)


def train_s2vt(view, steps=850):
    """A small S2VT on one kind of features."""
    data = minibatches((train_views[view], inputs, targets), 32, course.seed)
    return trained(lambda: S2VT.mini(len(WORDS)), data, steps, course, loss=word_loss, lr=1e-2, clip_norm=5.0)


writers = {"RGB": train_s2vt("RGB")}

# %% [markdown]
# The same network, on flow.

# %%
writers["flow"] = train_s2vt("flow")

# %% [markdown]
# To join them, S2VT averages their probabilities at every word, and both go on with the word that was chosen. Will RGB
# and flow together get more sentences *completely* right than RGB alone?

# %% tags=["predict"]
whole_guess = predict("Whole sentences right, RGB and flow together, minus RGB alone?", None, unit="points")

# %%
def judged(decoder, seen):
    """Percent of the test sentences with the right nouns, the right verbs, and right as a whole."""
    return judge([until_end(words) for words in greedy(decoder, seen, longest=10).cpu()], tests.sentences)


view = {name: seen.to(course.device) for name, seen in test_views.items()}
together = Together(writers["RGB"], writers["flow"])
results = {name: judged(writers[name], view[name]) for name in writers}
results["RGB and flow"] = judged(together, (view["RGB"], view["flow"]))
whole_guess.reveal(results["RGB and flow"]["whole sentence"] - results["RGB"]["whole sentence"])

# %% [markdown]
# Compare the three bars of each group. Which network carries the nouns? And the verbs, of which flashing and dimming
# leave no trace in the flow?

# %%
fig, ax = bars(["nouns", "verbs", "whole sentence"], {name: [*found.values()] for name, found in results.items()},
               ylabel="sentences right (%)", ylim=(0, 115), number="{:.0f}", width=8.0)
show(fig, alt="; ".join(f"{name}: " + ", ".join(f"{kind} {p:.0f} %" for kind, p in found.items())
                        for name, found in results.items()) + ".")

# %% tags=["claim"]
rgb, flow, joint = results.values()
added = ("verbs", rgb, 25, "Flow adds verbs to RGB"), ("nouns", flow, 50, "RGB adds nouns to flow")
for kind, alone, least, who in added:
    claim(f"{who}: together more than {least} points more sentences have the right {kind}",
          joint[kind] - alone[kind] - least, f"{alone[kind]:.0f} % and {joint[kind]:.0f} %", unit="points")
best_alone = max(rgb["whole sentence"], flow["whole sentence"])
claim("Together more than 20 points more sentences are right as a whole than with the better of the two",
      joint["whole sentence"] - best_alone - 20, f"{best_alone:.0f} % and {joint['whole sentence']:.0f} %",
      unit="points", published="METEOR 27.9, 24.3 and 29.8 on MSVD")

# %% [markdown]
# A colour leaves no trace in a flow field; an object CNN knows *what* and has forgotten *where*. Averaging
# probabilities lets the one decide that is sure: a network that has no idea spreads its probability over all words of
# a kind, and does not disturb.
#
# ### More than one beginning: beam search
#
# Greedy decoding never goes back. **Beam search** keeps the `width` best beginnings and extends all of them; at the
# end the most probable sentence wins. With a beam of one it is greedy. (The released S2VT code is greedy.)

# %%
one_video = view["RGB"][:1], view["flow"][:1]
print("truth:", write(tests.sentences[0]))
for log, words in beam_search(together, one_video, longest=10, width=3):
    print(f"probability {torch.tensor(log).exp():.2f}: {write(words)}")

# %% [markdown]
# ### Which word, how sure, and what do the gates do?
#
# **Find out** with the widget: at which word are the streams unsure, and what do they say instead? Compare RGB with
# flow at a colour and at a direction. Below you see the upper LSTM's gates over all steps, frames first: where does
# the input gate open, and does the forget gate close when the sentence begins? (Sliders take the arrow keys.)

# %% tags=["widget"]
shown = course.pick(cpu=8, smoke=4)
SentenceWriter(tests.clips[:shown], {name: seen[:shown] for name, seen in view.items()}, writers, WORDS,
               [write(words) for words in tests.sentences[:shown]])

# %% [markdown]
# Captions are usually scored against several human sentences: BLEU counts common word sequences, METEOR also
# accepts synonyms. Leave it to a well-kept library; here sacrebleu, if it is installed (`pip install sacrebleu`).

# %% tags=["nbval-ignore-output"]
mine = [write(until_end(words)) for words in greedy(together, (view["RGB"], view["flow"]), longest=10).cpu()]
print(f"BLEU {bleu(mine, [[write(words)] for words in tests.sentences]):.1f}" if find_spec("sacrebleu") else
      f"No sacrebleu here. The first of {len(mine)} captions that it would score: {mine[0]}.")

# %% [markdown]
# ## On a GPU
#
# The published LRCN on 16 frames of $227 \times 227$, in bf16; on two cores, the miniature. The CNN does all frames of
# all clips at once, the LSTM must wait for every step. Still, the CNN dominates:

# %% tags=["gpu", "nbval-ignore-output"]
network, shape = course.pick(cpu=(LRCN.mini(101), (2, 3, 16, 20, 20)), gpu=(LRCN(), (32, 3, 16, 227, 227)))
network, clips = network.to(course.device).eval(), torch.rand(shape, device=course.device)
on_gpu = course.device.type == "cuda"
with torch.no_grad(), torch.autocast(course.device.type, course.dtype, enabled=on_gpu):
    per_frame = network.features(clips)
    above, cnn = alternate(lambda: network.features(clips), lambda: network.scores_of(per_frame), rounds=5)
rate, share = shape[0] * shape[2] / (cnn + above), 100 * cnn / (cnn + above)
print(f"{rate:,.0f} frames per second; the CNN takes {share:.0f} % of the time")

# %% [markdown]
# And the real thing: UCF101 from your disk (environment variable `UCF101`), and LRCN's released weights
# (`LRCN_WEIGHTS`, the `.caffemodel` of the RGB network, or a checkpoint of PyTorch). The caffemodel is read without
# Caffe. To train LRCN yourself: `course train 10 --data ~/data/UCF-101`.

# %% tags=["gpu"]
@torch.no_grad()
def recognise(network, path):
    """Class of a video: clips of 16 frames that start every 8, averaged over clips and steps."""
    clips = torch.stack([preprocess(clip) for clip in dense_clips(path, clip_len=16, step=8)])
    steps = torch.cat([network.step_scores(part.to(course.device)).cpu() for part in clips.split(8)])
    return int(steps.softmax(-1).mean(dim=(0, 1)).argmax())


folder = Path(os.environ.get("UCF101", "UCF-101"))
lrcn_file = Path(os.environ.get("LRCN_WEIGHTS", "lrcn_rgb.caffemodel"))
if folder.is_dir() and lrcn_file.is_file():
    published_lrcn = LRCN.from_published(lrcn_file).to(course.device)
    videos = ucf101(folder, split=1, train=False).videos[:: course.pick(cpu=500, gpu=10)]
    right = sum(recognise(published_lrcn, path) == label for path, label in videos)
    print(f"LRCN on UCF101, {len(videos)} test videos: {100 * right / len(videos):.1f} %")
else:
    print("Skipped: UCF101 or the published weights are not here.")

# %% [markdown]
# S2VT at its published size writes 20 words for each of 64 videos of 60 frames; on two cores, a small one. With
# `S2VT_WEIGHTS` (the public PyTorch file `s2vt_params.pkl`) it has learnt something; its sizes are read from the file.

# %% tags=["gpu", "nbval-ignore-output"]
s2vt_file = Path(os.environ.get("S2VT_WEIGHTS", "s2vt_params.pkl"))
untrained = course.pick(cpu=S2VT(500, features=48, embed=32, hidden=64), gpu=S2VT(46_168))
teller = (S2VT.from_published(s2vt_file) if s2vt_file.is_file() else untrained).to(course.device).eval()
number, length = course.pick(cpu=(2, 10), gpu=(64, 60))
noise = torch.rand(number, length, teller.frame.in_features, device=course.device)
with torch.no_grad(), torch.autocast(course.device.type, course.dtype, enabled=on_gpu):
    watching, both = alternate(lambda: greedy(teller, noise, longest=20, end=None), lambda: teller.start(noise), 3)
print(f"{number} videos: watching {1e3 * watching:.0f} ms, writing 20 words each {1e3 * (both - watching):.0f} ms")

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - An RNN reads step by step; its gradient shrinks at every step, so long memories are not learnt (though they can be
#   held).
# - An LSTM has four layers: three gates and a candidate; along its memory the gradient meets the forget gate alone.
# - LRCN: CNN, LSTM, scores at every step, averaged. Most of its 65.4 million parameters lie in the CNN's fc6.
# - Order pays where the question needs it. UCF101 hardly asks; two events in two orders ask for nothing else.
# - S2VT: one stack watches, then writes, the state going on. RGB gives nouns, flow gives verbs, averaged word by
#   word.
#
# ## Do you remember?
#
# <details><summary>1. Which of the LSTM's layers is no gate, and why does it have a tanh?</summary>
# The candidate. What is written into the memory may be positive or negative; a gate only says how much, 0 to 1.
# </details>
#
# <details><summary>2. A forget gate of 0.9: what is left of a memory, and of its gradient, after 50 steps?</summary>
# 0.9^50, about half a percent, of both. With 0.99 it is 60 %.</details>
#
# <details><summary>3. Why do targets behind the end of a sentence count as -1 and not as 0?</summary>
# 0 is a word, the end. Long fillings of ends would teach the network mostly to end.</details>
#
# <details><summary>4. The decoder starts from zeros instead of the encoder's state. Does the training fail?</summary>
# No, that is the trap: the loss goes down, because some words are likely anyway. All videos get the same sentence.
# </details>
#
# <details><summary>5. Lecture 06: which network there could not tell a clip from its reverse, like conv pooling
# here?</summary>
# The one of depth 1: kernels that see single frames, and maxima over pairs of them.</details>
#
# <details><summary>6. Lecture 05: how were two streams joined there? What is new in S2VT's join?</summary>
# Class scores were averaged once per video. Here probabilities are averaged at every word, and the chosen word goes
# back into both.</details>
#
# ## To read
#
# - J. Donahue et al., *Long-term Recurrent Convolutional Networks for Visual Recognition and Description*, CVPR 2015,
#   arXiv:1411.4389: Section 3 (the model), 4 (activity recognition).
# - S. Venugopalan et al., *Sequence to Sequence – Video to Text*, ICCV 2015, arXiv:1505.00487: Section 3.
# - J. Y.-H. Ng et al., *Beyond Short Snippets*, CVPR 2015, arXiv:1503.08909; N. Srivastava et al., *Unsupervised
#   Learning of Video Representations using LSTMs*, ICML 2015, arXiv:1502.04681.
# - S. Hochreiter, J. Schmidhuber, *Long Short-Term Memory*, Neural Computation 9(8), 1735-1780, 1997.
# - R. Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural networks*, JMLR W&CP 28, 2013.
# - A. Graves, *Generating Sequences with Recurrent Neural Networks*, arXiv:1308.0850v5, 2014.
# - A. Karpathy, *The Unreasonable Effectiveness of Recurrent Neural Networks*, 2015; C. Olah, *Understanding LSTM
#   Networks*, 2015, http://colah.github.io/posts/2015-08-Understanding-LSTMs/.
#
# **Next:** [11 · I3D](11_i3d.ipynb), where the filters of a picture network are inflated into time. CNN and LSTM
# return there as one of five architectures.
