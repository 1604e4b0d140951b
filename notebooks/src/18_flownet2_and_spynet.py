# %% [markdown]
# # 18 · What if a network may look twice?
#
# *Deep Learning for Video, lecture 18. About 80 minutes. Two CPU cores are enough; the last section uses a GPU, data
# sets and published weights when they are there.*

# %% tags=["setup"]
course = start("18")

# %%
import copy
import os
import time
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F

from course_lib.data.sets.flow import sintel
from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.describe import describe
from course_lib.metrics import endpoint_error
from course_lib.models.flownet2 import THIN, FlowNet2, FlowNetFusion, FlowNetSD, begin_as
from course_lib.models.spynet import Level, SPyNet, level_loss
from course_lib.ops.schedules import S_FINE, S_LONG, S_SHORT
from course_lib.ops.warp import warp
from course_lib.plots import curve, diagram, from_memory, heatmap, show, table
from course_lib.plots.flow import flow_strip
from course_lib.recipes.flow_experts import NEW, batches, expert, learn, learn_fusion, spynet, up_and_down, world
from course_lib.train import fit, fresh
from course_lib.widgets.flow_stack import FlowStack

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - stack flow networks on each other's warped images, and say what each of the 12 input channels is for;
# - explain why an expert for small motions is built otherwise, and how a third network decides between two flows;
# - follow SPyNet's pyramid, which does with 240,050 weights per level what FlowNet does with 38 million;
# - read a learning-rate schedule, and say why the order of data sets matters;
# - name three places in which two programs with the same weights compute different flows.

# %% [markdown]
# Lecture 17 ended with a network that finds flow in one pass, and with a doubt: in lecture 04 nobody trusted a single
# pass. One warped the second image back with what was known, and looked again. Here is a small FlowNetS, trained for
# 2,500 steps on flying shapes. (The course brings its weights along; `course_lib/recipes/flow_experts.py` is the
# recipe.) It looks at two pictures that it has never seen:

# %%
def pairs_of(name, number, seed, **more):
    """Pairs (N, 6, H, W), true flow (N, 2, H, W), and what can be seen in both images (N, H, W)."""
    drawn = world(name, **more).sample(number, seed=seed)
    return torch.cat([drawn.image1, drawn.image2], 1), drawn.flow, ~drawn.occluded


TEST = course.pick(cpu=80, smoke=8)
test = {name: pairs_of(name, TEST, 10**6 + course.seed, photographs=NEW) for name in ("usual", "tiny")}
pair, truth, seen = test["usual"]

model = fresh(lambda: FlowNet2.mini("ss+sd"), course)  # two FlowNetS, an expert for small motions, and fusion
model.flownets, model.flownets_d = expert("usual"), expert("small")
with torch.no_grad():
    once = model.stages(pair[:8])[0]
longest = truth[1].norm(dim=0).max()
show(flow_strip({"image 1": pair[1, :3], "image 2": pair[1, 3:], "true flow": truth[1], "FlowNetS": once.flow[1]},
                largest=longest),
     alt=f"Two small pictures, the true flow of up to {longest:.1f} pixels, and FlowNetS's: the ground moves as it "
         "should, the shapes are blurred or missed.")

# %% [markdown]
# The ground moves as it should; the shapes are blurred or missed. *How* wrong is it, and where? Without the truth
# nobody can say. Or can one? Warp the second image back with this flow. If the flow were right, the result would be the
# first image, wherever nothing is hidden:

# %%
back = warp(pair[1:2, 3:], once.flow[1:2], outside="border")
gone = torch.cat([(back - pair[1:2, :3]).norm(dim=1)[0], (once.flow[1] - truth[1]).norm(dim=0) / 8], 1)
fig, ax = heatmap(gone, "brightness error  |  flow error / 8 px (columns)", "row (pixels)", unit="error", vmax=0.6,
                  width=7.6, height=2.9)
show(fig, alt="Left, where image 1 and the warped image 2 differ; right, where the flow is wrong. The left half is "
              "grainy; it is brightest along outlines of shapes that were missed.")

# %% [markdown]
# The left half was made *without* the truth. It is grainy, and yet it lights up along the outlines of shapes that were
# missed: part of what is wrong can be seen. So a second network could be told all this, and asked to do better. That is
# the idea of **FlowNet 2** (Ilg, Mayer, Saikia, Keuper, Dosovitskiy and Brox, CVPR 2017), which brought learnt flow to
# where the best hand-made methods were, at many times their speed. What such systems are used for: to see what moves
# around a car or a robot, to make slow motion, to repair old films, and as a part of other networks (action recognition
# in lecture 11, video depth in lecture 24).
#
# ## Exercise 18.1: The brightness error
#
# At each pixel, the difference between the first image and the warped second one is a vector of three colours. Its
# *length* is the brightness error. With a pencil: $(3, 0, -4)$ gives 5.

# %% tags=["exercise"] exercise="18.1" points=1
def brightness_error(image, warped):
    """Length of the difference at every pixel.  two (B, 3, H, W) -> (B, 1, H, W)"""
    # BEGIN SOLUTION
    return (image - warped).square().sum(dim=1, keepdim=True).sqrt()
    # END SOLUTION


# %% tags=["check"]
brightness_error = check("18.1", brightness_error)

# %% [markdown] tags=["hint"]
# <details>18.1</details>

# %% [markdown]
# ## Twelve channels
#
# What does the second network need? Both images, as the first had them. The second image **warped back**: what is left
# to find between it and the first image is small, and small motions are easy. The **flow** so far, because the answer
# should be the whole flow again. And the **error**, which says where to work. In this order:
#
# | channels | 0 to 2 | 3 to 5 | 6 to 8 | 9, 10 | 11 |
# |---|---|---|---|---|---|
# | | image 1 | image 2 | image 2 warped | flow / 20 | brightness error |
#
# The division by 20 you know: a flow network's output is flow / 20, at a quarter of the resolution. So its output has
# to become pixels before it can warp, and goes in as it came out.
#
# ## Exercise 18.2: What the second network sees
#
# `images` holds both pictures, their mean subtracted, $(B, 6, H, W)$; `output` is what the first network gave, $(B, 2,
# H/4, W/4)$. `warp(image, flow, outside="border")` is lecture 04's. Enlarge with `mode="bilinear",
# align_corners=False`.

# %% tags=["exercise"] exercise="18.2" points=3
def second_input(images, output, scale=20.0):
    """Input of a stacked network.  images (B, 6, H, W), output (B, 2, H/4, W/4) -> (B, 12, H, W)"""
    first, second = images.split(3, dim=1)
    # BEGIN SOLUTION
    flow = F.interpolate(scale * output, scale_factor=4, mode="bilinear", align_corners=False)
    warped = warp(second, flow, outside="border")
    error = (first - warped).norm(dim=1, keepdim=True)
    return torch.cat([first, second, warped, flow / scale, error], dim=1)
    # END SOLUTION


# %% tags=["check"]
second_input = check("18.2", second_input)

# %% [markdown] tags=["hint"]
# <details>18.2</details>

# %% [markdown]
# Stacks have names. **FlowNet2-CSS** is a FlowNetC, a FlowNetS and a FlowNetS; small letters (css) have 3/8 of the
# channels. A FlowNetC can only be the first: it compares two images, and has no place for more. How much does it cost?
# (The meta device counts without memory.)

# %% tags=["nbval-check-output"]
for name, widths in (("c", THIN), ("css", THIN), ("c", None), ("css", None)):
    with torch.device("meta"):
        network = FlowNet2(name, **({"widths": widths} if widths else {}))
    number = sum(p.numel() for p in network.parameters())
    print(f"FlowNet2-{name if widths else name.upper():4}{number:>12,} parameters")

# %% [markdown]
# ### One after the other
#
# The networks are **trained one by one**. While the second learns, the first is *frozen*. Trained together from the
# start, neither would know what the other is for; and the second would have to cope with a first that changes at every
# step.
#
# Ours has two advantages over the paper's, because it has 250 steps where theirs had 1.2 million. It begins with the
# weights of the first network, with eyes on the *warped* second image. And its output is *added* to the flow that it is
# given; theirs gives the whole flow, and must first learn to hand on what it was told. How much will it help?
# 250 steps for the second network, against 250 further steps for the first.

# %% tags=["predict"]
stack_guess = predict("By how many percent is the stack's error lower than that of one network, trained as long?", None,
                      unit="%")

# %%
STEPS = 250
SMALL = course.pick(cpu=160, smoke=8)
train = {name: pairs_of(name, SMALL * (2 if name == "usual" else 1), course.seed) for name in ("usual", "tiny")}

alone = FlowNet2.mini("s")
alone.flownets = copy.deepcopy(model.flownets).requires_grad_(True)
learn(alone, "flownets", *train["usual"][:2], STEPS, seed=course.seed, rate=1e-3)
begin_as(model.flownets_1, model.flownets)
learn(model, "flownets_1", *train["usual"][:2], STEPS, seed=course.seed)
second = model.flownets_1.requires_grad_(False)

# %% [markdown]
# Both are tested on photographs of which neither has seen a part:

# %%
with torch.no_grad():
    stages = {name: {stage.name: stage.flow for stage in model.stages(some[0])} for name, some in test.items()}
    one = {name: alone(some[0]) for name, some in test.items()}
errors = {"first network": endpoint_error(stages["usual"]["flownets"], truth),
          "trained further": endpoint_error(one["usual"], truth),
          "stack of two": endpoint_error(stages["usual"]["flownets_1"], truth)}
print(f"no motion {endpoint_error(0 * truth, truth):.2f} px", *(f"{k} {v:.2f} px" for k, v in errors.items()), sep=", ")
gain = 100 * (1 - errors["stack of two"] / errors["trained further"])
stack_guess.reveal(gain)

# %% tags=["claim"]
claim("A second network on warped images lowers the error by more than 10 %, against the first trained as much longer",
      gain - 10, f"{errors['trained further']:.2f} px against {errors['stack of two']:.2f} px on new photographs",
      unit="points", published="Sintel clean: S 3.79, SS 2.56; s 4.55, ss 3.22 px")

# %% [markdown]
# In the paper the gain is larger: each of its networks has millions of weights and sees a hundred thousand times as
# many pairs. They also report that two *thin* networks (ss, 3.22 px in 14 ms) beat one *wide* one (S, 3.79 px in 18
# ms): better look twice than once with more weights.
#
# ## An expert for small motions
#
# What a stack of large-motion networks does badly is nearly nothing. Half a pixel of motion is hidden in noise, behind
# a first layer of $7 \times 7$ with stride 2, in a training where most motions were long. So FlowNet 2 has an expert on
# the side, **FlowNet-SD** (small displacements). It differs in three ways: its kernels are $3 \times 3$ and its first
# layer keeps every pixel; a convolution stands before each predicted flow, so that it comes out smooth; and it was
# trained on small motions (*ChairsSDHom*).

# %%
with torch.device("meta"):
    costs = {name: describe(network, shape, repeats=0) for name, network, shape in (
        ("FlowNet-SD", FlowNetSD(), (6, 384, 512)), ("fusion", FlowNetFusion(), (11, 384, 512)))}
show(diagram(costs, most=14))

# %% [markdown]
# Ours was trained for 2,500 steps on a world in which most pixels move by less than one. Who is better where? We test
# in the usual world and in a *tiny* one, where nearly all pixels move by less than half of one. Here is the error by
# the length of the true motion, both worlds together:

# %%
CUTS = (0, 0.25, 0.5, 1, 2, 4)
lengths = torch.cat([some[1] for some in test.values()]).norm(dim=1)


def by_length(flow):
    """EPE of the pixels whose true motion lies between two CUTS."""
    wrong = (flow - torch.cat([some[1] for some in test.values()])).norm(dim=1)
    return [wrong[(lengths >= low) & (lengths < high)].mean().item() for low, high in zip(CUTS, CUTS[1:], strict=False)]


names = {"flownets_1": "stack of two", "flownets_d": "expert for small motions"}
lines = {words: by_length(torch.cat([stages[name][key] for name in test])) for key, words in names.items()}
fig, ax = curve(range(5), lines, "true motion (pixels)", "EPE (pixels)")
ax.set_xticks(range(5), [f"{low:g} to {high:g}" for low, high in zip(CUTS, CUTS[1:], strict=False)])
show(fig, alt="; ".join(f"{name}: " + ", ".join(f"{value:.2f}" for value in values) for name, values in lines.items())
     + " pixels, from small to large motions. The expert wins at the left, the stack at the right.")

# %% tags=["claim"]
error = {name: {key: endpoint_error(flow, test[name][1]) for key, flow in flows.items()}
         for name, flows in stages.items()}
claim("Where motions are below half a pixel, the expert's error is over 15 % lower than the stack's; in the usual "
      "world the stack's is over 15 % lower than the expert's",
      {"tiny": 85 - 100 * error["tiny"]["flownets_d"] / error["tiny"]["flownets_1"],
       "usual": 85 - 100 * error["usual"]["flownets_1"] / error["usual"]["flownets_d"]},
      f"tiny motions: {error['tiny']['flownets_1']:.3f} and {error['tiny']['flownets_d']:.3f} px; usual: "
      f"{error['usual']['flownets_1']:.2f} and {error['usual']['flownets_d']:.2f} px", unit="points",
      published="Middlebury, small motions: CSS 0.44, with the expert's data 0.38, FlowNet2 0.35 px")

# %% [markdown]
# ## Who is right? A third network decides
#
# Two flows for every pixel, and one is wanted. The **fusion network** is small (581,226 weights) and works at full
# resolution, where outlines are. Two traps wait before its door.
#
# First, scale. A stack's outputs are flow / 20. The expert's, inside of FlowNet 2, are *20 times* the flow: it was
# trained so, since tiny targets are badly learnt. So one is multiplied by 20 and the other divided. The line in the
# original network's file looks like a slip, and somebody asked; it is intended. (The same network alone, FlowNet2-SD,
# is multiplied by 20 as all others.) Second, here vectors are *repeated*, $4 \times 4$ times each, not interpolated.
#
# ## Exercise 18.3: Fix the bugs: twenty times, or a twentieth?
#
# Somebody wrote both flows alike, interpolated them, and made them four times as long because the maps become four
# times as large.

# %% tags=["exercise"] exercise="18.3" points=2
def flows_to_fuse(stack, small, scale=20.0):
    """From both networks' outputs, each (B, 2, H/4, W/4), to (small flow, large flow), each (B, 2, H, W) in pixels."""
    # BEGIN SOLUTION
    large_flow = F.interpolate(scale * stack, scale_factor=4, mode="nearest")
    small_flow = F.interpolate(small / scale, scale_factor=4, mode="nearest")
    # STARTING POINT
    # large_flow = F.interpolate(4 * scale * stack, scale_factor=4, mode="bilinear", align_corners=False)
    # small_flow = F.interpolate(4 * scale * small, scale_factor=4, mode="bilinear", align_corners=False)
    # END SOLUTION
    return small_flow, large_flow


# %% tags=["check"]
flows_to_fuse = check("18.3", flows_to_fuse)

# %% [markdown] tags=["hint"]
# <details>18.3</details>

# %% [markdown]
# ## Exercise 18.4: What the fusion network sees
#
# The first image; the small and the large flow, in pixels; the length of each; and the brightness error that each
# leaves: $3 + 2 + 2 + 1 + 1 + 1 + 1 = 11$ channels, small before large every time.

# %% tags=["exercise"] exercise="18.4" points=2
def fusion_input(images, small, large):
    """Input of the fusion network.  images (B, 6, H, W), flows (B, 2, H, W) in pixels -> (B, 11, H, W)"""
    first, second = images.split(3, dim=1)
    # BEGIN SOLUTION
    lengths = [flow.norm(dim=1, keepdim=True) for flow in (small, large)]
    warped = [warp(second, flow, outside="border") for flow in (small, large)]
    errors = [(first - back).norm(dim=1, keepdim=True) for back in warped]
    return torch.cat([first, small, large, *lengths, *errors], dim=1)
    # END SOLUTION


# %% tags=["check"]
fusion_input = check("18.4", fusion_input)

# %% [markdown] tags=["hint"]
# <details>18.4</details>

# %% [markdown]
# Train it on both worlds mixed, half and half, all others frozen. (Ours again gives what is to be *added* to the
# stack's flow, and learns from small windows: it looks at single places only.) In the tiny world, which share of the
# stack's error will be left?

# %% tags=["predict"]
fusion_guess = predict("Error of the fused flow in the tiny world, as a share of the stack's?", None, unit="%")

# %%
mixed = [torch.cat([train["usual"][i][:SMALL], train["tiny"][i]]) for i in range(2)]
learn_fusion(model, *mixed, 350, seed=course.seed, rate=8e-3)
with torch.no_grad():
    stages = {name: {stage.name: stage.flow for stage in model.stages(some[0])} for name, some in test.items()}
error = {name: {key: endpoint_error(flow, test[name][1]) for key, flow in flows.items()}
         for name, flows in stages.items()}
for name, values in error.items():
    print(f"{name}: " + ", ".join(f"{key} {value:.3f} px" for key, value in values.items()))
fusion_guess.reveal(100 * error["tiny"]["flownetfusion"] / error["tiny"]["flownets_1"])

# %% [markdown]
# How far is each behind the better of the two, in the world that suits it least? A fused flow that need not be told
# which world it is in should be near in both:

# %% tags=["claim"]
singles = ("flownets_1", "flownets_d")
behind = {key: max(100 * values[key] / min(values[one] for one in singles) - 100 for values in error.values())
          for key in (*singles, "flownetfusion")}  # percent behind the better of the two, in the worse world
claim("In neither world is the fused flow more than 30 % behind the better of the two; either of them alone is, in one",
      {"fused": 30 - behind["flownetfusion"], **{key: behind[key] - 30 for key in singles}},
      f"at worst {behind['flownetfusion']:.0f} % behind; the stack {behind['flownets_1']:.0f} %, the expert "
      f"{behind['flownets_d']:.0f} %", unit="points",
      published="CSS-ft-sd 2.08 on Sintel, 0.38 on Middlebury; FlowNet2, fused: 2.02 and 0.35 px")

# %% [markdown]
# Walk through the stack, the first two pairs in the usual world, the others in the tiny one. **Find out:** what does
# the second network see that the first did not? Which shapes are never found? Where does the brightness error vanish
# although the flow is wrong? (Even walls, lecture 04.)

# %% tags=["widget"]
words = {"flownets": "first network", "flownets_1": "second network", "flownets_d": "expert for small motions",
         "flownetfusion": "fused"}
few = [0, 1, 2, 3]
FlowStack({words[key]: torch.cat([stages[name][key][few[:2]] for name in test]) for key in words},
          torch.cat([test[name][0][few[:2]] for name in test]), torch.cat([test[name][1][few[:2]] for name in test]))

# %% [markdown]
# ## The full network
#
# FlowNetC, FlowNetS, FlowNetS; beside them the expert; above both, fusion. How many parameters is that?

# %% tags=["predict"]
size_guess = predict("Parameters of FlowNet 2, in millions? (A FlowNetS has 38.7.)", None, unit="million")

# %% tags=["nbval-check-output"]
with torch.device("meta"):
    whole = FlowNet2("full")
parts = {name: sum(p.numel() for p in getattr(whole, name).parameters()) for name in whole.names}
for name, number in parts.items():
    print(f"{name:14}{number:>12,}")
print(f"{'together':14}{sum(parts.values()):>12,}")

# %% [markdown]
# Four networks of about 40 million each, and the one that decides is the smallest.

# %%
size_guess.reveal(sum(parts.values()) / 1e6)

# %% tags=["claim"]
claim("FlowNet 2 has 162,518,834 parameters", sum(parts.values()) == 162_518_834, f"{sum(parts.values()):,}",
      published="162,518,834 in NVIDIA's code")

# %% [markdown]
# As a picture, drawn from one pass through the network. Where lines would cross, letters join them: (d) is what the
# expert sends to fusion. How often is the second image warped?

# %%
NETWORKS = {"FlowNetC": "flownetc", "FlowNetS 1": "flownets_1", "FlowNetS 2": "flownets_2", "FlowNet-SD": "flownets_d",
            "fusion": "flownetfusion"}
with torch.device("meta"):
    cost = describe(whole, (6, 384, 512), repeats=0)
show(diagram({"FlowNet 2": cost}, groups=NETWORKS, facts=("name", "H × W", "parameters"), height=50))

# %% [markdown]
# Two warps are drawn, one before each stacked network. (Two more are inside the last *concat*: fusion's brightness
# errors.)
#
# ### The same weights, another flow
#
# There are two well-known programs: the authors' (Caffe), and NVIDIA's in PyTorch, with the same weights converted.
# They do not compute the same flow. Between the networks, Caffe enlarges a flow with *corners on corners*, PyTorch with
# *edges on edges*. Beyond the image, Caffe's warp reads 0, NVIDIA's the border. Caffe subtracts the mean of a data set,
# NVIDIA's code that of the pair. Each looks harmless. In our stack of two:

# %%
reference = stages["usual"]["flownets_1"]
for change in ({"upsampling": "corners"}, {"outside": "cut"}, {"mean": "caffe"}):
    other = copy.deepcopy(model)
    for name, value in change.items():
        setattr(other, name, value)
    with torch.no_grad():
        flow = other.stages(pair)[1].flow
    moved, wrong = endpoint_error(flow, reference), endpoint_error(flow, truth)
    print(f"{change}: moves the flow by {moved:.3f} px, EPE {wrong:.2f} px")

# %% [markdown]
# Small here, where the networks are small and the weights were trained for one of the ways. With random weights at full
# size the first one alone moves the flow by 0.8 pixels of 4. `FlowNet2(convention="nvidia")`, `"caffe"` and `"mmflow"`
# (trained anew: no mean, and the expert's output multiplied as all others) are in the course, and the parts can be set
# one by one: **weights belong to a program, not to a drawing of a network**.
#
# ## SPyNet: the pyramid does the work
#
# The same year, Ranjan and Black asked what of this a *small* network could do. Their answer is lecture 04's pyramid.
# Halve the images five times. At the coarsest level a motion of 32 pixels is one pixel. There, five convolutions $G_0$
# find a flow. Enlarge it, warp, and at each finer level let another five convolutions say only **what is missing**:
#
# $$ V_k = U_k + G_k\big(I_1^k,\ \mathrm{warp}(I_2^k, U_k),\ U_k\big), \qquad U_k = \mathrm{up}(V_{k-1}) . $$
#
# No level needs to see far, for what it has to find is about a pixel. With a pencil: true motion 7 px, three levels.
# The coarsest sees $7/4 = 1.75$; say it answers 1.5. Doubled, 3. The next sees $3.5$, warps by 3, and has 0.5 to find;
# say it answers 0.4. Doubled, 6.8: the finest has 0.2 left.
#
# ## Exercise 18.5: One level of the pyramid
#
# `coarse` is the flow of the level before, with half the rows and columns, in pixels of that level. Enlarge it with
# `mode="bilinear", align_corners=True`. Remember what happens to a vector when the picture doubles. The level's network
# is one convolution here, where SPyNet has five: `network(x)`, from 8 channels to 2.

# %% tags=["exercise"] exercise="18.5" points=3
def pyramid_step(weight, image1, image2, coarse):
    """Flow of one level.  weight (2, 8, K, K), images (B, 3, H, W), coarse (B, 2, H/2, W/2) -> (B, 2, H, W)"""
    network = partial(F.conv2d, weight=weight, padding="same")
    # BEGIN SOLUTION
    start = 2 * F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True)
    warped = warp(image2, start, outside="border")
    return start + network(torch.cat([image1, warped, start], dim=1))
    # END SOLUTION


# %% tags=["check"]
pyramid_step = check("18.5", pyramid_step)

# %% [markdown] tags=["hint"]
# <details>18.5</details>

# %% [markdown]
# How large is a level? Five convolutions of $7 \times 7$, with 8, 32, 64, 32, 16 and 2 channels:

# %% tags=["nbval-check-output"]
sizes = {"a level": Level(), "SPyNet, five levels": SPyNet(5), "our level": SPyNet.mini().levels[0],
         "our FlowNetS": model.flownets}
for name, network in sizes.items():
    print(f"{name:20}{sum(p.numel() for p in network.parameters()):>10,} parameters")

# %% [markdown]
# 1,200,250 against 38.7 million: 3 %. It is trained **level by level**, from coarse to fine; each begins with the
# weights of the one before. Our miniature has two levels of $5 \times 5$ kernels. The coarser one comes trained (2,000
# steps), the finer begins as its copy, and learns now:

# %%
pyramid = spynet().to(course.device)
FINE = 120
fit(pyramid, batches(*train["usual"][:2], course.seed), FINE, loss=level_loss(1), lr=1.5e-3, schedule=up_and_down(FINE))
with torch.no_grad():
    coarse, fine = pyramid.pyramid(pair)
    coarse = 2 * F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True)
level_errors = {"no motion": endpoint_error(0 * truth, truth), "coarse level": endpoint_error(coarse, truth),
                "both levels": endpoint_error(fine, truth)}
print(", ".join(f"{name} {value:.2f} px" for name, value in level_errors.items()),
      f"FlowNetS {errors['first network']:.2f} px", sep=", ")

# %% [markdown]
# The finer level takes a good part of the coarse one's error away. The same pair as at the beginning:

# %%
show(flow_strip({"true flow": truth[1], "SPyNet": fine[1], "FlowNetS": stages["usual"]["flownets"][1]}, largest=longest,
                arrows=False),
     alt="The true flow, SPyNet's and FlowNetS's: SPyNet's is less even, and shows more of the shapes.")

# %% tags=["claim"]
share = sum(p.numel() for p in pyramid.parameters()) / sum(p.numel() for p in model.flownets.parameters())
claim("With less than a quarter of FlowNetS's parameters, SPyNet removes at least 90 % as much of the error",
      {"parameters": 25 - 100 * share,
       "error removed": 100 * (level_errors["no motion"] - level_errors["both levels"])
       / (level_errors["no motion"] - errors["first network"]) - 90},
      f"{share:.0%} of the parameters; {level_errors['no motion']:.2f} px without motion, SPyNet "
      f"{level_errors['both levels']:.2f}, FlowNetS {errors['first network']:.2f} px", unit="points",
      published="Sintel clean, test: SPyNet 6.69, FlowNetS 7.42 px, with 3 % of its parameters")

# %% [markdown]
# ## Schedules, and the order of things
#
# With the *same* FlowNetS, the paper first found 10 % of the error in the training alone. Three schedules. **S_short**:
# $10^{-4}$, halved after 300, 400 and 500 thousand steps, 600 thousand in all. **S_long**: halved at 400, 600, 800
# thousand and a million, 1.2 million in all. **S_fine** goes on from there with $10^{-5}$, halved after a further 200,
# 300 and 400 thousand, on harder data.
#
# ## Exercise 18.6: Schedules
#
# The rate at a step: `first`, halved once for every number in `halvings` that the step has *reached*.

# %% tags=["exercise"] exercise="18.6" points=2
def learning_rate(step, first, halvings):
    """Learning rate at a step (counted from 0).  halvings: steps from which on the rate is half as large -> float"""
    # BEGIN SOLUTION
    passed = sum(step >= halving for halving in halvings)
    return first / 2**passed
    # END SOLUTION


# %% tags=["check"]
learning_rate = check("18.6", learning_rate)

# %% [markdown] tags=["hint"]
# <details>18.6</details>

# %%
thousands = range(0, 1700, 5)
shapes = {"S_short": [(S_SHORT, 0)], "S_long, then S_fine": [(S_LONG, 0), (S_FINE, S_LONG.steps)]}
lines = {name: [next((learning_rate(1000 * t - begin, plan.first, plan.halvings) for plan, begin in plans
                      if begin <= 1000 * t < begin + plan.steps), float("nan")) for t in thousands]
         for name, plans in shapes.items()}
fig, ax = curve(thousands, lines, "step (thousands)", "learning rate", yscale="log")
show(fig, alt="Stairs: S_short falls three times and ends at 600 thousand; S_long falls four times until 1.2 million; "
              "S_fine begins there at a hundred-thousandth and falls three times.")

# %% [markdown]
# And data. *FlyingThings3D* has richer scenes: everyday objects that move in three dimensions. One would expect that
# training on the richer data is better, or on both mixed. The error on Sintel, clean pictures, training part:

# %%
table({"FlowNetS, Chairs": (from_memory(4.45), from_memory(4.24), from_memory(4.21)),
       "FlowNetS, Things3D": (None, from_memory(5.07), from_memory(4.50)),
       "FlowNetS, both mixed": (None, from_memory(4.52), from_memory(4.10)),
       "FlowNetS, Chairs, then Things3D": (None, from_memory(4.24), from_memory(3.79)),
       "FlowNetC, Chairs": (from_memory(3.77), None, None),
       "FlowNetC, Chairs, then Things3D": (None, from_memory(3.58), from_memory(3.04))},
      columns=("S_short", "S_long", "S_fine"), unit="pixels", best=min, number="{:.2f}",
      source="Ilg et al. (2017), Table 1")

# %% [markdown]
# **Chairs first, then things.** Simple data first teaches what it means to match, the authors suggest, and the
# difficulties of three dimensions come later; all at once is worse, and only the hard ones is worst. *Our miniature
# does not show this.* We tried: 300 steps of a small network on a slow and a fast world, in either order, mixed, and on
# the hard one alone, for three seeds. Nets that had seen the fast world last were better in the fast world, and those
# that had seen nothing else were best there. So short a training decides what a network has *begun* to learn, and not
# where it ends. The table is about the latter.
#
# ## The published tables
#
# Errors in pixels on Sintel (clean, final), KITTI 2012 and 2015 (with the share of outliers: wrong by more than 3
# pixels and 5 %), Middlebury, and milliseconds per pair. "-ft-sd" is fine-tuned on small motions, "-ft-sintel" and
# "-ft-kitti" on those data; errors on data of the fine-tuning are left out. Of the methods before: **EpicFlow** and
# **LDOF** match descriptors and descend an energy, **FlowFields** searches matches from coarse to fine, **PCA-Flow**
# and **PCA-Layers** add up learnt basis flows, and **DIS** you met in lecture 04.

# %%
PUBLISHED = {
    "EpicFlow": (2.27, 4.12, 3.56, 6.29, 3.09, 9.27, 27.18, 0.31, 42600),
    "LDOF, on a CPU": (4.64, 7.56, 5.96, 9.12, 10.94, 18.19, 38.11, 0.44, 64900),
    "FlowNetS": (4.50, 6.96, 5.45, None, 8.26, None, None, 1.09, 18),
    "FlowNetC": (4.31, 6.85, 5.87, 8.51, 9.35, None, None, 1.15, 32),
    "FlowNet2-s": (4.55, None, 5.21, None, 8.89, 16.42, 56.81, 1.27, 7),
    "FlowNet2-ss": (3.22, None, 3.85, None, 5.45, 12.84, 41.03, 0.68, 14),
    "FlowNet2-css": (2.51, None, 3.54, None, 4.49, 11.01, 35.19, 0.54, 31),
    "FlowNet2-css-ft-sd": (2.50, None, 3.50, None, 4.71, 11.18, 34.10, 0.43, 31),
    "FlowNet2-CSS": (2.10, None, 3.23, None, 3.55, 8.94, 29.77, 0.44, 69),
    "FlowNet2-CSS-ft-sd": (2.08, None, 3.17, None, 4.05, 10.07, 30.73, 0.38, 69),
    "FlowNet2": (2.02, 3.96, 3.14, 6.02, 4.09, 10.06, 30.37, 0.35, 123),
    "FlowNet2-ft-sintel": (None, 4.16, None, 5.74, 3.61, 9.84, 28.20, 0.35, 123),
    "FlowNet2-ft-kitti": (3.43, None, 4.66, None, None, None, None, 0.56, 123),
}
COLUMNS = ("clean train", "clean test", "final train", "final test", "KITTI12", "KITTI15", "KITTI15 Fl (%)",
           "Middlebury", "ms")
table(PUBLISHED, columns=COLUMNS, unit="pixels", best=min, number="{:.2f}",
      source="Ilg et al. (2017), Table 4; ms on a GPU (GTX 1080), EpicFlow and LDOF on a CPU; the test columns of "
             "FlowNetS and FlowNetC fine-tuned on Sintel. Common transcripts of this table are badly garbled "
             "(FlowNet2-s as FlowNet2.0, 0.45 for 1.45): rows that could not be repaired are left out")

# %% [markdown]
# FlowNet2 is as accurate as the best methods before CNNs and about 350 times as fast as EpicFlow (a GPU against a CPU,
# mind). One warning: the *final train* column was measured on pictures without fog. Others measured 3.54 for FlowNet2
# on the right ones, and its authors confirmed such a difference for CSS-ft-sd: 3.57 instead of 3.17.
#
# ### Runtime, in one run
#
# Stacks of thin networks take milliseconds on a GPU. On your machine, one pair, one after the other in the same minute.
# The column to compare is the ratio: how many times the thin FlowNetS?

# %% tags=["nbval-ignore-output"]
MS = {"s": 7, "ss": 14, "c": 17, "cs": 24, "css": 31}  # published, GTX 1080, 436 x 1024
shape = course.pick(cpu=(1, 6, 128, 192), gpu=(1, 6, 448, 1024), smoke=(1, 6, 64, 64))
picture, seconds = torch.rand(shape, device=course.device), {}
for name in MS:
    network = FlowNet2(name, widths=THIN).eval().to(course.device)
    with torch.no_grad():
        times = []
        for _ in range(3):
            began = time.perf_counter()
            network(picture)[0, 0, 0, 0].item()  # waits for a GPU
            times.append(time.perf_counter() - began)
    seconds[name] = min(times)
table({f"FlowNet2-{name}": (ms, ms / MS["s"]) for name, ms in MS.items()},
      {f"FlowNet2-{name}": (1000 * t, t / seconds["s"]) for name, t in seconds.items()}, columns=("ms", "times s"),
      measured_columns=("ms here", "times s here"), best=None, tie=0.2,
      source="Ilg et al. (2017), Table 3, on Sintel; here a smaller picture")

# %% [markdown]
# ## On a GPU
#
# The full network at its published size, on real pairs, with published weights. Set `SINTEL` to the folder of the data
# set and `FLOWNET2_WEIGHTS` to a checkpoint: NVIDIA's (`FlowNet2_checkpoint.pth.tar`, or any of FlowNet2-C, -S, -SD,
# -CS, -CSS), mmflow's or an original `.caffemodel`. Which variant it is, and which program it was meant for, is read
# off its names. For SPyNet set `SPYNET_WEIGHTS` to the PyTorch port's file (its `moduleBasic` becomes our `levels`);
# the six original `.t7` files load as well.

# %% tags=["gpu"]
folder, weights = os.environ.get("SINTEL"), Path(os.environ.get("FLOWNET2_WEIGHTS", "FlowNet2_checkpoint.pth.tar"))
if folder:
    real = sintel(folder, rendering="final")
    image1, image2, flow, known = (torch.stack(part) for part in zip(*(real[n] for n in range(4)), strict=True))
else:
    drawn = FlyingShapes(*course.pick(cpu=(48, 64), gpu=(384, 512)), motion=4.0).sample(2, seed=1)
    image1, image2, flow, known = drawn.image1, drawn.image2, drawn.flow, ~drawn.occluded
if weights.is_file():
    full = FlowNet2.from_published(weights).to(course.device)
else:
    full = fresh(lambda: course.pick(cpu=FlowNet2.mini("css+sd"), gpu=FlowNet2()), course).eval()
    print("Random weights: the published ones are not here.")
port = Path(os.environ.get("SPYNET_WEIGHTS", "network-sintel-final.pytorch"))
small = SPyNet.from_published(port) if port.is_file() else SPyNet.mini()
both_images = torch.cat([image1, image2], 1).to(course.device)
with torch.no_grad(), torch.autocast(course.device.type, course.dtype, enabled=course.device.type == "cuda"):
    for name, network in (("FlowNet2", full), ("SPyNet", small.to(course.device))):
        found = network(both_images).float().cpu()
        print(f"{name}: EPE {endpoint_error(found, flow, known):.2f} px, no motion "
              f"{endpoint_error(0 * flow, flow, known):.2f} px")

# %% [markdown]
# Expect about 3.5 pixels for FlowNet2 over all of Sintel's final pictures. To train as in the paper: FlowNetC with
# `multiscale_loss` and S_long on Chairs, S_fine on Things3D; then freeze it, and the same again for each network of the
# stack (`flow_experts.learn`); Adam, batches of 8, weight decay $4 \cdot 10^{-4}$.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - A second network gets both images, the second one warped back, the flow and the brightness error: 12 channels.
# - Networks are trained one by one, those before frozen; two thin ones that look twice beat one wide one.
# - Small motions need an expert: small kernels, full resolution, data of its own; inside FlowNet 2 its output is / 20.
# - Fusion sees both flows, their lengths and the errors that they leave, and decides at each pixel.
# - SPyNet warps at every level of a pyramid, so that little is left to find: 3 % of the weights.
#
# ## Do you remember?
#
# <details><summary>1. Why does a stacked network get the flow, if the warped image already contains it?</summary>
# The warped image shows what is left, not what was done; and the answer is to be the whole flow.</details>
#
# <details><summary>2. Why can a FlowNetC be only the first of a stack?</summary>
# It compares feature maps of two images; warped image, flow and error are no third image to compare.</details>
#
# <details><summary>3. Which images does the fusion network see?</summary>
# The first alone. What the second says is in the brightness errors.</details>
#
# <details><summary>4. SPyNet's coarse flow is (1, -2) at a place. What does the finer level start from?</summary>
# (2, -4): twice as many pixels, twice the length.</details>
#
# <details><summary>5. You load FlowNet 2's converted weights and your flow differs from the authors' by half a pixel.
# Name three suspects.</summary>
# How flow is enlarged between the networks, what the warp reads outside, which mean is subtracted.</details>
#
# <details><summary>6. Lecture 17: a network's output is multiplied by 20 and enlarged by 4. Why are the vectors not
# multiplied by 4?</summary>
# They are pixels of the full picture already; only the map is small.</details>
#
# ## To read
#
# - E. Ilg et al., *FlowNet 2.0: Evolution of Optical Flow Estimation with Deep Networks*, CVPR 2017, arXiv:1612.01925:
#   section 3 for schedules and data, 4 for stacks, 5 for small displacements and fusion.
# - A. Ranjan, M. J. Black, *Optical Flow Estimation using a Spatial Pyramid Network*, CVPR 2017, arXiv:1611.00850:
#   section 3.
# - P. Fischer et al., *FlowNet: Learning Optical Flow with Convolutional Networks*, ICCV 2015: lecture 17.
#
# **Next:** [19 · Depth and normals](19_depth_and_normals.ipynb): how far away is every pixel, and which way does it
# face?
