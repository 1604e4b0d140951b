# %% [markdown]
# # 00 · Is everything ready, and how does this course work?
#
# *Deep Learning for Video, start here. 15 minutes; a laptop is enough, a GPU is welcome.*

# %% tags=["setup"]
course = start("00")

# %%
import statistics
import time

import torch

from course_lib.data.sets.shipped import clip_path
from course_lib.data.video_io import probe, read_clip, show_video
from course_lib.doctor import diagnose, report
from course_lib.exercises import evaluate, find
from course_lib.plots import film_strip, show
from course_lib.widgets.clip_sampler import ClipSampler

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - tell whether your set-up is complete, and mend it where it is not;
# - work through a lecture: predict, run, solve, check, take a hint;
# - read what a check says about a wrong answer, and use it;
# - decode a real video file and turn its frames into the tensor that a network takes;
# - say what a GPU changes in this course, measured on the machine in front of you.

# %% [markdown]
# ## Is my set-up right?
#
# The cell at the top has told you what this notebook runs on. The doctor looks more closely, at everything that the
# lectures use. Each line is one thing: **ok** is fine, **note** means that the course works without it and something
# is lost, **PROBLEM** means that it has to be mended, and the arrow below says how. The same report is printed by
# `course doctor` in a terminal, which is what to send along when you ask somebody for help.

# %% tags=["nbval-ignore-output"]
print(report(diagnose()))

# %% [markdown]
# ## A first video
#
# A few short videos come with the course, so that every lecture runs without a network. Here is one: a camera wanders
# over a table, a disc circles, a square passes by. The photographs in it are real, the motion is made, and so we know
# exactly what moves where. Later lectures use such made videos to test what networks have really learnt, and real
# ones to see whether it holds outside. (What plays here is a small copy, at a quarter of the frames.)

# %%
path = clip_path("moving_camera")
small = read_clip(path, start=0, num_frames=75, stride=4, size=(120, 160))
show_video(small, fps=7.5, width=320, alt="A camera moves over a table; a disc circles, a square crosses.")

# %% [markdown]
# A file is not yet a tensor. `probe` reads what the file says about itself, without keeping any picture:

# %%
info = probe(path)
print(f"{info.frames} frames of {info.height} x {info.width} pixels, {info.fps:g} per second, codec {info.codec}")
print(f"{info.duration:g} seconds of video in {info.size_bytes / 1e6:.2f} MB")

# %% [markdown]
# ### Predict, then run
#
# Before anything surprising, a lecture asks you for a guess. Replace `None` by yours and run the cell: committing to
# a number, even a wrong one, makes what follows stick. Nobody sees it and nothing is graded.
#
# The question: a frame has 240 rows and 320 columns, a pixel has three channels (red, green, blue), and each of these
# is one byte. You have just read how little the whole file takes. How much memory do **16 frames** of it take once
# they are decoded?

# %% tags=["predict"]
memory = predict("How much memory do 16 decoded frames take?", None, unit="MB")

# %% [markdown]
# `read_clip(path, start, num_frames, stride)` decodes; with stride 40 it takes every fortieth frame.

# %%
clip = read_clip(path, start=0, num_frames=8, stride=40)
fig, ax = film_strip(clip, titles=[f"frame {40 * i}" for i in range(8)])
show(fig, alt="Eight frames of the video, 40 frames apart: the view wanders, a disc and a square move.")
memory.reveal(16 * clip[:, 0].nbytes / 1e6)

# %% [markdown]
# Half a second of video, decoded, takes more memory than ten seconds of it take on the disk. That is the work of the
# *codec*, and a good part of lecture 01. (1 MB is $10^6$ bytes, here and in the whole course.)
#
# ## How a lecture works
#
# You have met the first two of these:
#
# | what | what you do |
# |---|---|
# | **text and cells** | Read, then run with Shift+Enter, from top to bottom. Change what you like: try other numbers. |
# | **predict** | Replace `None` by a guess before you run the cell that tells. |
# | **widget** | Move the sliders to answer the question in its title. |
# | **exercise** | Replace the line `...  # your code here` by your own. |
# | **check** | Run it. It says what is right, what is wrong, and what the likely reason is. |
# | **hints** | Three under each exercise, to unfold one at a time: the idea, the function to use, nearly the code. |
# | **claim** | A result from a paper, repeated here in small. The box says what was measured, and whether it holds. |
#
# If you are stuck, go on: a check that fails, or that finds nothing yet, hands the course's own version to the cells
# below, and they run as if you had solved it. You can return at any time.
#
# ## One exercise together
#
# Nearly all software that decodes video hands out frames as *images*, one after the other: $T$ frames of $H$ rows and
# $W$ columns, with the $C = 3$ colours of a pixel side by side. That is a tensor of shape $T \times H \times W \times
# C$, of whole numbers from 0 to 255. A network for video wants the channels first, then time, and small numbers:
#
# $$ \underbrace{T \times H \times W \times C}_{\text{uint8, } 0 \ldots 255}
#    \quad\longrightarrow\quad \underbrace{C \times T \times H \times W}_{\text{float32, } 0 \ldots 1} $$
#
# Let us get it wrong first. Somebody remembers that images want their channels first, and moves them, as one would
# for a batch of photographs:

# %%
def first_try(frames):
    """Decoded frames (T, H, W, C) uint8, 0..255 -> clip (C, T, H, W) float32, 0..1. With a mistake."""
    return frames.permute(0, 3, 1, 2).float() / 255


evaluate(find("00.1"), first_try)

# %% [markdown]
# Read the box from the top. The first line is the verdict with the points. Then each **test** has a line that says
# what is special about its input; where a test failed, you see what was **expected** and what your function **got**.
# Here the two shapes differ: 3 and 2 have changed places.
#
# The last test is worth a look. Its input has three frames, three rows, three columns and three channels. Its shape
# comes out right whatever one does with the axes, and only the values tell. This is why tests are chosen with care,
# and why a program that runs without an error may still be wrong.
#
# At the end stands the **likely reason**. The check has compared the output with those of common mistakes, and it has
# found this one: time is still in front.
#
# ## Exercise 00.1: From decoded frames to a clip
#
# Now you. Write `to_clip(frames)`: `frames` is a uint8 tensor of shape $(T, H, W, C)$ with values from 0 to 255; return
# a float32 tensor of shape $(C, T, H, W)$ with values from 0 to 1, where 255 becomes 1. One line is enough.

# %% tags=["exercise"] exercise="00.1" points=2
def to_clip(frames):
    """Decoded frames (T, H, W, C) uint8, 0..255 -> clip (C, T, H, W) float32, 0..1."""
    # BEGIN SOLUTION
    return frames.permute(3, 0, 1, 2).float() / 255
    # END SOLUTION


# %% tags=["check"]
to_clip = check("00.1", to_clip)

# %% [markdown] tags=["hint"]
# <details>00.1</details>

# %% [markdown]
# The check returns a function: yours if it is right and its result has the usual form, else the course's. Either way
# `to_clip` works from here on. Let us use it on the first frames, in the order in which a decoder would hand them out:

# %%
decoded = read_clip(path, start=0, num_frames=16).permute(1, 2, 3, 0)  # (T, H, W, C), as other software gives it
ready = to_clip(decoded)
print(tuple(decoded.shape), decoded.dtype, "->", tuple(ready.shape), ready.dtype)
print(f"from {ready.min():.2f} to {ready.max():.2f}")

# %% [markdown]
# ## A widget with a question
#
# Sixteen neighbouring frames show half a second, and often next to nothing happens in half a second. So one leaves
# frames out: a clip with **stride** $s$ takes frames $t, t + s, t + 2s, \ldots$ and stands for $16 s$ frames of the
# video. Move the stride and watch the disc: at which stride does it seem to jump? Then find the stride at which the
# sixteen frames stand for 3.2 seconds.

# %% tags=["widget"]
ClipSampler(path, clip_len=16, stride=2)

# %% [markdown]
# ## Exercise 00.2: Which stride?
#
# This one asks for a number. At which stride do 16 frames of this video, which has 30 frames per second, stand for
# 3.2 seconds? (Sixteen frames at five per second are a common choice; lecture 01 says what they cost.)

# %% tags=["exercise"] exercise="00.2" points=1
# BEGIN SOLUTION
stride = 6
# STARTING POINT
# stride = ...  # your number in place of the three dots
# END SOLUTION

# %% tags=["check"]
stride = check("00.2", stride)

# %% [markdown] tags=["hint"]
# <details>00.2</details>

# %%
sampled = read_clip(path, start=0, num_frames=16, stride=stride, size=(120, 160))
every_other = range(0, 16, 2)
fig, ax = film_strip(sampled, every_other, titles=[f"{i * stride / 30:.1f} s" for i in every_other])
show(fig, alt="Every second frame of the sampled clip, from 0 to 2.8 seconds: the disc nearly goes round once.")

# %% [markdown]
# ## What does a GPU change?
#
# Nothing in the text and nothing in the code: every lecture runs on a laptop with two cores, in small, and on a GPU
# with larger clips, more of them, and more steps of training. `course.pick` chooses between the two sizes. What does
# change is the time that you wait. One layer of 3D convolution with 64 kernels of $3 \times 3 \times 3$, on a clip of
# $3 \times 16 \times 112 \times 112$, multiplies and adds
#
# $$ 64 \cdot (3 \cdot 3 \cdot 3 \cdot 3) \cdot (16 \cdot 112 \cdot 112) \approx 1.04 \cdot 10^9 $$
#
# times: 64 kernels, 81 products in each place, 200,704 places. Networks have ten such layers and more, and see
# millions of clips. How long does *one* layer take for *one* clip, on the processor of your machine?

# %% tags=["predict"]
wait = predict("How long does this layer take for one clip on the CPU?", None, unit="milliseconds")

# %% [markdown]
# A GPU answers before it has finished, so an honest clock waits for it (`synchronize`). The first run is left out:
# it pays for preparations. The median of the others is what one can expect.

# %%
def milliseconds_per_clip(device, clips, repeats=5):
    """Median time of one 3D convolution, 3 -> 64 channels, per clip of 16 x 112 x 112."""
    layer = torch.nn.Conv3d(3, 64, kernel_size=3, padding=1).to(device)
    batch, times = torch.rand(clips, 3, 16, 112, 112, device=device), []
    for _ in range(1 + repeats):
        started = time.perf_counter()
        with torch.no_grad():
            layer(batch)
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times[1:]) / clips

# %% [markdown]
# Here is the answer for the machine that runs this notebook. If it has a GPU there are two lines, and the clips go
# through the GPU 32 at a time, since a single one would leave most of it idle.

# %% tags=["gpu", "nbval-ignore-output"]
measured = {"CPU": milliseconds_per_clip(torch.device("cpu"), clips=1)}
if course.device.type == "cuda":
    measured["GPU"] = milliseconds_per_clip(course.device, clips=course.pick(cpu=1, gpu=32))
for name, value in measured.items():
    print(f"{name}: {value:.3g} ms per clip, {measured['CPU'] / value:.3g} times as fast as the CPU")
wait.reveal(measured["CPU"])

# %% [markdown]
# If there is one line and you would like two: on Colab choose *Runtime > Change runtime type > GPU* and run the
# notebook again. No exercise needs it.
#
# ## How is this graded?
#
# The checks in the notebook are for you: try as often as you like, nothing is recorded. Where the course is taught
# with marks, the lecturer runs the exercises once more:
#
# - Only your **exercise cells** are taken, each by its number, and put into a fresh copy of the notebook. What you add
#   or change elsewhere costs nothing and helps nothing; so put helper functions and further imports into the exercise
#   cell itself.
# - They run with **other inputs** than you see here, and the outputs are compared outside the notebook. An answer
#   that knows the visible tests by heart does not pass.
# - A wrong exercise costs its **own points alone**: the ones after it get the course's version, as here.
# - Some exercises forbid a shortcut (3D convolution is to be written, not called). The check says so, with the line.
# - Do not rename the function or its arguments, and leave what it is given as it is: change a `.clone()`. What you
#   print does not matter.
#
# One choice to finish, the third kind of answer:
#
# ## Exercise 00.3: After a wrong answer
#
# Your function is wrong, its check says so, and you run the next cell all the same. Which version does it use?
#
# - **a** my own version, wrong as it is
# - **b** the course's version
# - **c** none: the notebook stops here

# %% tags=["exercise"] exercise="00.3" points=1
# BEGIN SOLUTION
carries_on = "b"
# STARTING POINT
# carries_on = ...  # "a", "b" or "c"
# END SOLUTION

# %% tags=["check"]
carries_on = check("00.3", carries_on)

# %% [markdown] tags=["hint"]
# <details>00.3</details>

# %% [markdown]
# ## Your work stays yours
#
# With `make lab` you work in the folder `work/`, on copies. To get a newer edition of the course run `git pull`, then
# `make lab` as always. A notebook that you have not touched is replaced by the newer one. One that you have changed
# is left alone: the newer edition appears beside it, as `00_start_here.new.ipynb`, and `make lab` says so. To start a
# lecture over, rename or delete your copy. On Colab, *File > Save a copy in Drive* does the same for you.
#
# If something seems broken, *Kernel > Restart and run all cells* brings most things back: each notebook runs from top
# to bottom, with no exercise solved, half of them, or all. If a cell of yours never ends, press the stop button (■):
# the check then tells you at which line it was, and the notebook goes on.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - `course doctor` says what is missing, and how to mend it.
# - Predict, run, solve, check, unfold a hint: in this order, and never stuck.
# - A check shows expected against got and one likely reason; it returns your version if right, else the course's.
# - Decoded frames come as $T \times H \times W \times C$ in 0..255; a clip is $C \times T \times H \times W$ in 0..1.
# - A GPU changes sizes and waiting times, not the code.
#
# **Can you answer these without scrolling up?**
#
# 1. Why can `reshape` not do what `permute` does in exercise 00.1?
# 2. Why does one test use three frames of three rows, three columns and three channels?
# 3. A clip of 16 frames with stride 6: how many frames of the video lie between its first and its last frame?
# 4. Why does an honest clock have to wait for a GPU?
# 5. Where do helper functions belong, so that they are there when an exercise is graded?
#
# **Next:** [01 · What is a video to a network?](01_video_tensors.ipynb) Why files are small and tensors are large, what
# it costs to jump to a frame, and which frames to look at.
