# %% [markdown]
# # 01 · What is a video to a network?
#
# *75 minutes. Two CPU cores are enough; all training in this lecture takes a few seconds.*

# %% tags=["setup"]
course = start("01")

# %%
import math
import tempfile
import time
from pathlib import Path

import torch
from torch import nn

from course_lib.data.sets.shipped import clip_names, clip_path
from course_lib.data.video_io import VideoReader, keyframes, probe, read_clip, read_frames, show_video, write_video
from course_lib.data.worlds.actions import ActionWorld
from course_lib.metrics import accuracy
from course_lib.ops.sampling import dense_indices, random_segment_indices, uniform_indices
from course_lib.plots import curve, film_strip, show, timeline
from course_lib.train import scores, trained
from course_lib.widgets.clip_sampler import ClipSampler

# %% [markdown] tags=["objective"]
# **After this lecture you can**
#
# - say what each axis of a video tensor means, and find the bug when two of them are mixed up;
# - compute how large a video is, and explain what a codec does about it and what it costs you later;
# - choose the frames of a clip: start, stride, frame rate, segments;
# - predict what a low frame rate and a low resolution destroy;
# - turn predictions for clips into one for the video, and measure what that gains.

# %% [markdown]
# ## A stack of pictures
#
# A photograph is a table of pixels, $H$ rows by $W$ columns, three numbers each. A video is such a table again and
# again: $T$ frames, shown $f$ times per second. Decoded, it is a tensor with four axes,
#
# $$ \text{clip} \in \{0, \dots, 255\}^{\,C \times T \times H \times W}, \qquad C = 3 \text{ (red, green, blue)}, $$
#
# and a batch of $B$ clips has five. Here is the video that we shall take apart. Watch it once; then look at eight of
# its frames. What do you know from the video that no single frame tells?

# %%
path = clip_path("moving_camera")
show_video(read_clip(path, 0, 50, stride=2, size=(144, 192)), fps=15, width=320,
           alt="A camera wanders over a table with a cup; a disc circles, a square passes by.")

# %%
clip = read_clip(path, start=0, num_frames=64)
show(film_strip(clip, range(0, 64, 8)), alt="Every eighth of the first 64 frames: the view wanders over the cup.")
print(tuple(clip.shape), clip.dtype)

# %% [markdown]
# Each frame shows *objects*. Which way they go, how fast, and what comes first lies between the frames, and that is
# what the fourth axis is for.
#
# ## Two layouts, one memory
#
# Two orders of the axes are in use, and both are right:
#
# - $T \times 3 \times H \times W$, a batch of $T$ images: for networks that look at frames one by one (lecture 08);
# - $3 \times T \times H \times W$, one volume with three channels: for convolution in time (`nn.Conv3d`, lecture 02).
#
# Decoders deliver a third, $T \times H \times W \times 3$. Memory itself has one axis only. The **strides** of a
# tensor say how far to step in memory for the next element along each axis. A tiny video to follow with a pencil: two
# frames of one row of two pixels, three colours. Memory holds the numbers 0 to 11, as a decoder writes them.

# %%
tiny = torch.arange(12).reshape(2, 1, 2, 3)  # (T, H, W, C): frame 0 is 0..5, its first pixel is 0, 1, 2
moved = tiny.permute(3, 0, 1, 2)             # (C, T, H, W)
print("strides", tiny.stride(), "->", moved.stride(), "  contiguous:", moved.is_contiguous())
print("red, by frame:", moved[0].flatten(1).tolist())
print("reshape gives:", tiny.reshape(3, 2, 1, 2)[0].flatten(1).tolist())

# %% [markdown]
# Red is every third number: 0 and 3 in frame 0, then 6 and 9. `permute` finds them, because it *relabels* the steps
# and touches no number. `reshape` keeps the numbers in the order of memory and cuts them at new places: its "red" is
# 0, 1, 2, 3, which is red, green and blue of the first pixel and red of the second. Both results have the shape
# $3 \times 2 \times 1 \times 2$. No error is raised, a network even trains on it, badly. On real frames one look
# suffices:

# %%
frames = clip.permute(1, 2, 3, 0).contiguous()            # (T, H, W, C), as decoders deliver
scrambled = frames[:2].reshape(3, 2, *frames.shape[1:3])  # the right shape, the wrong pixels
show(film_strip(scrambled, width=4.5), alt="Two frames after reshape instead of permute: ghosts of the cup over each "
                                           "other, speckled, in false colours.")

# %% [markdown]
# **Look at your tensors.** A film strip of the network's input is the cheapest test there is.
#
# `permute` itself costs next to nothing, because no number moves. Networks ask for the numbers to be moved sooner or
# later (`.contiguous()`), and that copy is what costs:

# %% tags=["nbval-ignore-output"]
def milliseconds(function, repeats=5):
    """The fastest of several runs: whatever else the machine does can only add to it."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(1000 * (time.perf_counter() - began))
    return min(times)


relabel = milliseconds(lambda: frames.permute(3, 0, 1, 2))
move = milliseconds(lambda: frames.permute(3, 0, 1, 2).contiguous())
print(f"{frames.nbytes / 1e6:.1f} MB: permute {relabel:.4f} ms, permute and copy {move:.1f} ms")

# %% [markdown]
# ## Why videos are big
#
# One minute of standard-definition television has 30 frames per second, 480 rows, 640 columns, three bytes per pixel:

# %%
print(f"{480 * 640 * 3 * 30 * 60:,} bytes, {480 * 640 * 3 * 30 * 60 / 1e9:.2f} GB")

# %% [markdown]
# (1 GB is $10^9$ bytes, 1 KB is $10^3$. Slides that say 1.5 GB here count in steps of 1024.) Commit to a number: how
# much is one minute of **HD**, 1080 rows by 1920 columns, at the same rate?

# %% tags=["predict"]
hd = predict("How much is one minute of uncompressed HD?", None, unit="GB")

# %% [markdown]
# ## Exercise 01.1: How many bytes is a video?
#
# Generalise the line above. `raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1)` returns the number
# of bytes without compression, as a whole number. A grey video has one channel; optical flow (lecture 04: how far each
# pixel moves, to the right and down) has two. A `uint8` takes one byte per value, a `float32` four.

# %% tags=["exercise"] exercise="01.1" points=1
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    """Bytes of an uncompressed video.

    height, width in pixels; fps frames per second; seconds -> int.
    """
    # BEGIN SOLUTION
    frames_in_all = round(fps * seconds)
    return frames_in_all * height * width * channels * bytes_per_value
    # END SOLUTION


# %% tags=["check"]
raw_bytes = check("01.1", raw_bytes)

# %% [markdown] tags=["hint"]
# <details>01.1</details>

# %%
print(f"SD, one minute                {raw_bytes(480, 640, 30, 60) / 1e9:8.2f} GB")
print(f"HD, one minute                {raw_bytes(1080, 1920, 30, 60) / 1e9:8.2f} GB")
print(f"16 x 112 x 112 at 5 fps       {raw_bytes(112, 112, 5, 16 / 5) / 1e3:8.0f} KB for {16 / 5} s")
print(f"  as float32, 32 in a batch   {32 * raw_bytes(112, 112, 5, 16 / 5, bytes_per_value=4) / 1e6:8.1f} MB")
hd.reveal(raw_bytes(1080, 1920, 30, 60) / 1e9)

# %% [markdown]
# So nobody trains on HD minutes. The third line is the classical compromise: 16 frames of 112 x 112 pixels, taken five
# times per second, are 3.2 seconds in 602 KB. That is a short clip, at low resolution, at a low frame rate. The rest
# of this lecture is about those three losses, and about what testing can win back.
#
# ## Containers, codecs, keyframes
#
# On the disk, videos are small. Compare the files that come with the course with what they hold:

# %%
print(f"{'file':20}{'frames':>8}{'size':>12}{'raw':>11}{'ratio':>9}")
for name in clip_names():
    info = probe(clip_path(name))
    raw = raw_bytes(info.height, info.width, info.fps, info.frames / info.fps)
    size = f"{info.height} x {info.width}"
    print(f"{name:20}{info.frames:8}{size:>12}{raw / 1e6:8.1f} MB{raw / info.size_bytes:7.0f} : 1")

# %% [markdown]
# Two things make up such a file. The **container** (MP4, AVI, MKV) is the box: it holds streams of packets, their time
# stamps and an index. The **codec** (H.264, MPEG-4, VP9) says how a picture becomes a packet. It saves three times:
#
# 1. *Colour is coarse.* `yuv420p` keeps brightness for each pixel and two colour values for each block of four: 1.5
#    bytes per pixel instead of 3, before anything clever happens.
# 2. *Neighbouring pixels are alike.* As in JPEG, blocks become a few rounded frequencies. A frame stored so, without
#    help of others, is a **keyframe** (I frame).
# 3. *Neighbouring frames are alike.* All other frames are stored as blocks moved from other frames (motion!), plus a
#    correction: P frames look back, B frames look both ways.
#
# The third point saves most, and it has a price. A frame in the middle cannot be decoded alone: the decoder goes to
# the last keyframe before it and works forward. Our video has 300 frames, and two of them are keyframes:

# %%
print("keyframes:", keyframes(path))

# %% [markdown]
# Reading *one* frame therefore does not always cost the same. How many times as long does frame 249 take as frame 250,
# its neighbour?

# %% tags=["predict"]
slower = predict("How many times as long does frame 249 take as frame 250?", None, unit="times")

# %% tags=["nbval-ignore-output"]
wanted = [0, 5, 25, 50, 100, 150, 200, 225, 249, 250, 255, 275, 299]
looks = course.pick(cpu=3, smoke=1)
cost = [milliseconds(lambda number=number: read_clip(path, number, 1), looks) for number in wanted]
fig, ax = curve(wanted, {"one frame": cost}, xlabel="frame number", ylabel="time to read it (ms)", ylim=(0, None))
for key in keyframes(path):
    ax.axvline(key, color="0.6", linestyle=":")
show(fig, alt=f"The time grows from {cost[0]:.0f} ms at frame 0 to {cost[8]:.0f} ms at frame 249 and falls to "
              f"{cost[9]:.0f} ms at frame 250. Dotted lines: keyframes.")
slower.reveal(cost[8] / cost[9])

# %% [markdown]
# A saw-tooth: the cost grows with the *distance from the last keyframe*, not to the place in the file. (A
# reader that decodes every file from its beginning would show one long ramp instead.) The distance from keyframe to
# keyframe is called the group of pictures, **GOP**, and whoever writes the file chooses it. Let us be that person:
# 96 frames at half the size, written with four GOPs, and ten frames at random read from each file.

# %% tags=["nbval-ignore-output"]
def random_access(file, numbers):
    """Mean time to read one frame of `file`, over the frames `numbers`, in ms."""
    times = [milliseconds(lambda number=number: read_clip(file, number, 1), looks) for number in numbers]
    return sum(times) / len(times)


gops, sizes, access = (1, 4, 16, 96), [], []
some = torch.randint(96, (10,), generator=course.generator()).tolist()
half_size = read_clip(path, 0, 96, size=(120, 160))
with tempfile.TemporaryDirectory() as folder:
    for gop in gops:
        copy = write_video(Path(folder) / f"gop_{gop}.mp4", half_size, fps=30, crf=23, gop=gop)
        sizes.append(copy.stat().st_size / 1e3)
        access.append(random_access(copy, some))

# %% tags=["nbval-ignore-output"]
fig, ax = curve(sizes, {"": access}, xlabel="file (KB)", ylabel="one random frame (ms)", ylim=(0, None))
for gop, x, y in zip(gops, sizes, access, strict=True):
    ax.annotate(f"GOP {gop}", (x, y), xytext=(7, 5), textcoords="offset points")
show(fig, alt="Short GOPs: large files, quick access. " + ", ".join(
    f"GOP {g}: {s:.0f} KB, {a:.1f} ms" for g, s, a in zip(gops, sizes, access, strict=True)))

# %% [markdown]
# With every frame a keyframe the file is several times as large, and any frame comes at once. With one keyframe it is
# smallest, and a random frame waits longest. The knee of the curve lies near 16. So one re-encodes a training set once,
# small and with a short GOP; or reads 16 *neighbouring* frames, which share one *seek* (the jump to a keyframe, and the
# decoding from there); or unpacks everything to JPEG files, which is GOP 1 with more files. Scattered single frames
# from long GOPs are the one thing to avoid.
#
# ## Which frames are the clip?
#
# A clip is $T$ frames, $s$ apart, from frame $t$ on:
#
# $$ t,\; t + s,\; t + 2s,\; \dots,\; t + (T - 1)\, s . $$
#
# It *spans* $(T - 1) s + 1$ frames and stands for $T s / f$ seconds. With $T = 16$, $s = 6$ and $f = 30$ it is our
# 3.2 seconds at 5 frames per second. Question for the widget: the video lasts 10 seconds. From which start on does a
# clip with stride 12 run past its end, and what do the two ways to handle that do to the *motion*?

# %% tags=["widget"]
ClipSampler(path, clip_len=16, stride=12)

# %% [markdown]
# The clip spans $15 \cdot 12 + 1 = 181$ frames, so the last start that fits is frame $300 - 181 = 119$. After it, one
# way freezes the picture, the other jumps back to the beginning: a motion that never happened. Both are used in
# practice; freezing is the more honest.
#
# ## Exercise 01.2: Which frames are in the clip?
#
# `clip_indices(num_frames, start, clip_len, stride)` returns the frame numbers as a tensor of whole numbers, shape
# $(T,)$. What would lie beyond the end is replaced by the last frame. A pencil first: a video of 12 frames, start 9,
# four frames, stride 2?

# %% tags=["exercise"] exercise="01.2" points=2
def clip_indices(num_frames, start, clip_len, stride):
    """Frame numbers of one clip; the last frame is repeated beyond the end.  -> (clip_len,) long"""
    # BEGIN SOLUTION
    indices = start + stride * torch.arange(clip_len)
    return indices.clamp(max=num_frames - 1)
    # END SOLUTION


# %% tags=["check"]
clip_indices = check("01.2", clip_indices)

# %% [markdown] tags=["hint"]
# <details>01.2</details>

# %% [markdown]
# A video has many clips. Three ways to choose among them will accompany us to the end of the course: **dense** (every
# clip that fits, for testing), **uniform** (the middle of each of $K$ equal segments: the whole video at a fixed
# price, for testing) and **random segments** (one random frame from each segment: new frames in every epoch, for
# training; temporal segment networks, lecture 08).

# %%
show(timeline(300, {
    "one clip, stride 6": clip_indices(300, 40, 16, 6),
    "dense: starts of clips": dense_indices(300, clip_len=16, step=16)[:, 0],
    "uniform, 12 segments": uniform_indices(300, 12),
    "random segments": random_segment_indices(300, 12, course.generator(1)),
    "random segments, again": random_segment_indices(300, 12, course.generator(2)),
}, fps=30), alt="Frames taken from 300 by five rules. A clip covers a third of the video, the other rules all of it; "
                "random segments fall elsewhere each time, one in each segment.")

# %% [markdown]
# ## What a low frame rate loses
#
# Six spokes stand 60 degrees apart. The wheel turns by 9 degrees per frame at 30 frames per second: clockwise, one
# turn in 1.3 seconds. We look at it five times per second.

# %%
def wheel(degrees, size=72, spokes=6):
    """Frames of a turning wheel.  degrees (T,), clockwise -> (1, T, size, size) in 0..1."""
    y, x = torch.meshgrid(*2 * [torch.linspace(-1.1, 1.1, size)], indexing="ij")
    angle = torch.atan2(y, x) - torch.deg2rad(degrees.float())[:, None, None]
    radius = (x**2 + y**2).sqrt()
    rim, spoke = (radius - 0.95).abs() < 0.07, (spokes * angle).cos() > 0.8
    return ((rim | (spoke & (radius < 0.95))).float()).unsqueeze(0)


turning = wheel(9 * torch.arange(60))
show(film_strip(turning, range(8)), alt="Frames 0 to 7 at 30 fps: every spoke moves clockwise, 9 degrees per frame.")

# %% [markdown]
# Now every sixth frame. Which way will the wheel seem to turn, `"clockwise"` or `"anticlockwise"`?

# %% tags=["predict"]
way = predict("Which way does the wheel seem to turn at 5 frames per second?", None)

# %%
slow = turning[:, ::6]
show(film_strip(slow, range(8)), alt="Eight frames at 5 fps: the spokes creep anticlockwise, 6 degrees per frame.")
show_video(slow, fps=5, width=160, alt="The same wheel at 5 frames per second seems to turn backwards, slowly.")
way.reveal("anticlockwise")

# %% [markdown]
# Between two looks the wheel turns by $6 \cdot 9 = 54$ degrees. Since a turn by 60 looks like no turn, 54 forward looks
# like 6 backward. That is *aliasing*: a motion is seen correctly only if it covers less than half of the distance
# after which the picture repeats. No network, however large, can undo it, for the two videos are *equal*.
#
# Changing the frame rate is a choice of indices again. Source frame $i$ is on the screen from time $i / f_\text{in}$
# until $(i + 1) / f_\text{in}$. Output frame $j$ is wanted at time $j / f_\text{out}$. Hence
#
# $$ i_j = \left\lfloor j \, \frac{f_\text{in}}{f_\text{out}} \right\rfloor , \qquad
#    j = 0, 1, \dots \ \text{ while } \ \frac{j}{f_\text{out}} < \frac{\text{num\_frames}}{f_\text{in}} . $$
#
# From 25 to 10 frames per second that is 0, 2, 5, 7, 10: steps of 2 and 3 in turn. A stride alone cannot do it.
#
# ## Exercise 01.3: The same video at another frame rate
#
# `resample_indices(num_frames, fps_in, fps_out)` returns the source frame for each output frame, as whole numbers. The
# duration stays: a faster rate repeats frames. (The rates in the tests are whole numbers.)

# %% tags=["exercise"] exercise="01.3" points=2
def resample_indices(num_frames, fps_in, fps_out):
    """Source frame on the screen at each tick of another clock.

    -> (ceil(num_frames fps_out / fps_in),) long
    """
    # BEGIN SOLUTION
    count = math.ceil(num_frames * fps_out / fps_in)
    return (torch.arange(count) * fps_in / fps_out).long()
    # END SOLUTION


# %% tags=["check"]
resample_indices = check("01.3", resample_indices)

# %% [markdown] tags=["hint"]
# <details>01.3</details>

# %% [markdown]
# Another of our films shows one disc crossing the picture three times, each time twice as fast. How many frames of
# each crossing are left at 5 frames per second?

# %%
speeds = clip_path("three_speeds")
numbers = resample_indices(probe(speeds).frames, 30, 5)
sparse = read_frames(speeds, numbers, size=(60, 80), crop=(15, 0, 30, 80))
titles = [f"{i / 5:.1f} s" for i in range(len(numbers))]
show(film_strip(sparse, range(len(numbers)), titles, columns=8, width=6.4),
     alt="30 frames at 5 fps: of the three crossings 13, 6 and 3 frames are left.")

# %% [markdown]
# 13, 6 and 3. The slow crossing is still a motion. The fast one is a disc that is somewhere, and then somewhere else.
#
# ## What a low resolution loses
#
# The other axis of saving. Halving both sides leaves a quarter of the numbers. The same frame at four sizes, enlarged
# again so that you can compare:

# %%
heights = (240, 112, 56, 28)
views = [read_clip(path, 50, 1, size=(h, h * 4 // 3))[:, 0].float() for h in heights]
enlarged = torch.stack([nn.functional.interpolate(v[None], (240, 320), mode="nearest")[0] for v in views], dim=1)
show(film_strip(enlarged.byte(), width=6.4, titles=[f"{h} x {h * 4 // 3}" for h in heights]),
     alt="One frame at 240, 112, 56 and 28 rows. At 56 the bricks on the disc are gone, at 28 "
         "the spoon is a grey patch.")

# %% [markdown]
# The cup survives a reduction to one percent of its pixels; the bricks on the disc, the rim of the spoon and small
# motions do not. A motion of one pixel at 240 rows is a motion of 0.12 pixels at 28. What you may throw away depends
# on what you want to know.
#
# ## Ten crops
#
# Networks want a fixed size, videos come in many. So one cuts a window, *the same for all frames of the clip*: if the
# window jumped, the world would seem to move. In training the window is random. In testing one takes the centre,
# or averages over **ten crops**: four corners, the centre, and the same five mirrored left to right.
#
# ## Exercise 01.4: Fix the bugs: ten crops of a clip
#
# The function takes frames as a decoder delivers them, $T \times H \times W \times C$, and returns
# $10 \times C \times T \times h \times w$ in the order top left, top right, bottom left, bottom right, centre, then
# the five mirrored. The version that you start from runs, returns the right shape, and has **two bugs**. Find them;
# nothing else needs to change.

# %% tags=["exercise"] exercise="01.4" points=2
def ten_crop(frames, size):
    """Four corners and the centre, then mirrored.

    frames (T, H, W, C), size (h, w) -> (10, C, T, h, w)
    """
    T, H, W, C = frames.shape
    h, w = size
    # BEGIN SOLUTION
    clip = frames.permute(3, 0, 1, 2)
    # STARTING POINT
    # clip = frames.reshape(C, T, H, W)
    # END SOLUTION
    corners = [(0, 0), (0, W - w), (H - h, 0), (H - h, W - w), ((H - h) // 2, (W - w) // 2)]
    five = torch.stack([clip[:, :, y : y + h, x : x + w] for y, x in corners])
    # BEGIN SOLUTION
    return torch.cat([five, five.flip(-1)])
    # STARTING POINT
    # return torch.cat([five, five.flip(-2)])
    # END SOLUTION


# %% tags=["check"]
ten_crop = check("01.4", ten_crop)

# %% [markdown] tags=["hint"]
# <details>01.4</details>

# %%
crops = ten_crop(frames[:1], (160, 160))[:, :, 0].transpose(0, 1)  # (C, 10, h, w): ten crops of frame 0
places = ["top left", "top right", "bottom left", "bottom right", "centre"]
show(film_strip(crops, range(10), [*places, *["mirrored"] * 5], columns=5, width=5.6),
     alt="Ten crops of one frame: corners and centre, below the same five mirrored left to right.")

# %% [markdown]
# Mirroring is safe for a cup. It is not safe for *moving right*, whose mirror image is another class. Which leads to
# the question what the labels mean.
#
# ## Labels: objects and actions
#
# "Cup" is true of every frame in which the cup is visible, in whatever order the frames come. "Moving to the right" is
# true of no frame. To tell the two kinds apart, run the video backwards. The world `ActionWorld` draws such videos:
# a textured sprite over a real photograph, which rests, moves once in one of four directions, and rests again.

# %%
world = ActionWorld("direction", height=24, width=24, frames=64, duration=10, size=7, travel=6, noise=0.01)
sample = world.sample(4, seed=course.seed + 3)
video, onset = sample.clips[0], int(sample.onset[0])
during = range(onset, onset + world.duration + 1, 2)
show(film_strip(video, during), alt=f"Label: {world.classes[sample.labels[0]]}. Six frames of the event.")
backwards = [63 - i for i in reversed(during)]
show(film_strip(video.flip(1), backwards), alt="The video backwards: the same frames, the opposite label.")

# %% [markdown]
# A label that survives shuffling the frames is about objects (dog, cat, fish, truck); one that does not is about an
# action (sitting down, throwing). Data sets mix both. Swimming, running, jumping or eating are actions, and yet
# "swimming" can be read off a single frame (there is water), so that a network that never looks at motion scores high,
# and the score says little about motion. Lecture 03 meets this in earnest, and lecture 02 builds the layers that can do
# better.
#
# ## Short clips in training, many clips in testing
#
# The videos of this world have 64 frames, and the event takes 10 of them. A clip of 8 frames, from a random place,
# will often show nothing at all. Yet it gets the label of its *video*, as in every large data set: somebody looked at
# the whole and wrote one word. So a network is trained on clips of which most do not show what their label says, and
# it has to be tested on the same.
#
# The clips are kept as uint8 and become what the network sees at the last moment: the change of brightness from frame
# to frame, in which whatever rests is only noise.

# %%
def film(count, seed):
    """Videos as uint8 (count, 3, 64, 24, 24), and their labels (count,)."""
    batch = world.sample(count, seed=seed)
    return (255 * batch.clips).byte(), batch.labels


def cut(videos, starts, length=8):
    """One clip per video: (B, 3, T, H, W) and (B,) -> brightness changes (B, 1, length - 1, H, W)."""
    clips = torch.stack([v[:, s : s + length] for v, s in zip(videos, starts.tolist(), strict=True)])
    return 4 * clips.float().mean(1, keepdim=True).diff(dim=2) / 255


train_videos, train_labels = film(course.pick(cpu=400, gpu=4000, smoke=32), seed=course.seed)
test_videos, test_labels = film(course.pick(cpu=300, smoke=16), seed=1000 + course.seed)

# %% [markdown]
# The network is two 3D convolutions (next lecture), a maximum over all places and times, and a linear layer. The
# maximum asks "was there anywhere, at any time, a movement to the left?". It sees each video through a random clip per
# step.

# %%
def small_network():
    """Brightness changes (B, 1, T, H, W) -> scores (B, K)."""
    width = course.pick(cpu=8, gpu=32)
    return nn.Sequential(
        nn.Conv3d(1, width, (3, 5, 5), stride=(1, 2, 2), padding=(1, 2, 2)), nn.ReLU(),
        nn.Conv3d(width, 2 * width, 3, stride=(1, 2, 2), padding=1), nn.ReLU(),
        nn.AdaptiveMaxPool3d(1), nn.Flatten(), nn.Linear(2 * width, len(world.classes)),
    )


def random_clips(step):
    """32 clips from random places of random videos; the same for the same step."""
    generator = course.generator(100_000 + step)
    chosen = torch.randint(len(train_videos), (32,), generator=generator)
    starts = torch.randint(64 - 8 + 1, (32,), generator=generator)
    return cut(train_videos[chosen], starts), train_labels[chosen]


network = trained(small_network, random_clips, course.pick(cpu=150, gpu=1500), course, lr=5e-3)

# %% [markdown]
# Chance is 25 %. First the test on **one random clip** per video:

# %%
anywhere = torch.randint(64 - 8 + 1, test_labels.shape, generator=course.generator(7))
one_clip = accuracy(scores(network, cut(test_videos, anywhere)), test_labels)
print(f"one random clip: {one_clip:.1%} of the videos right")

# %% [markdown]
# That looks like a bad network. Is it one? Let us cut eight clips from each video, in the middles of eight segments,
# and average what the *same* network says about them. Your guess?

# %% tags=["predict"]
eight = predict("Which accuracy does the same network reach with the average of 8 clips?", None, unit="%")

# %% [markdown]
# ## Exercise 01.5: One prediction from many clips
#
# For $N$ clips of a video with scores $z_1, \dots, z_N \in \mathbb{R}^K$, average the *probabilities*:
#
# $$ p = \frac{1}{N} \sum_{n=1}^{N} \operatorname{softmax}(z_n) . $$
#
# `average_predictions(logits)` takes $B$ videos at once: scores of shape $(B, N, K)$, probabilities of shape $(B, K)$.
# (Pencil: two clips say $(0.9, 0.1)$ and $(0.5, 0.5)$. The average is $(0.7, 0.3)$. A clip that shows nothing pulls
# towards the middle and does not change the winner.)

# %% tags=["exercise"] exercise="01.5" points=1
def average_predictions(logits):
    """Mean of the clips' probabilities.  logits (B, N, K): videos, clips, classes -> (B, K)"""
    # BEGIN SOLUTION
    return logits.softmax(dim=-1).mean(dim=1)
    # END SOLUTION


# %% tags=["check"]
average_predictions = check("01.5", average_predictions)

# %% [markdown] tags=["hint"]
# <details>01.5</details>

# %%
counts = (1, 2, 4, 8, 16)
by_count = []
for count in counts:
    starts = uniform_indices(64, count, clip_len=8)
    clip_scores = [scores(network, cut(test_videos, s.expand(len(test_videos)))) for s in starts]
    logits = torch.stack(clip_scores, dim=1)  # (B, N, K)
    by_count.append(accuracy(average_predictions(logits), test_labels))
fig, ax = curve(counts, {"": [100 * a for a in by_count]}, xlabel="clips per video", ylabel="videos right (%)",
                ylim=(0, 105), xscale="log")
ax.set_xticks(counts, counts)
measured = ", ".join(f"{n}: {a:.0%}" for n, a in zip(counts, by_count, strict=True))
show(fig, alt=f"Share of videos right by number of clips: {measured}. Chance is 25 %.")
eight.reveal(round(100 * by_count[3], 1))

# %% [markdown]
# The network was good all along; a random clip often showed it nothing. Eight clips leave no gap in which a 10-frame
# event could hide, and sixteen, which overlap, add little.
#
# ## Reproduce: what averaging gained on a million videos
#
# Karpathy et al. (2014) tested each of their networks twice, on a million sports videos: on single clips, and on whole
# videos, where the predictions for 20 clips of a video were averaged. Lecture 03 builds the networks and has their
# table; what averaging gained is in the box below, beside ours with 8 clips.

# %% tags=["claim"]
gain = 100 * (by_count[3] - one_clip)
claim(
    "The average over 8 clips of a video beats one random clip by more than 20 points.",
    gain - 20,
    f"{one_clip:.1%} with one random clip, {by_count[3]:.1%} with 8 clips, {len(test_labels)} videos, chance 25 %",
    unit="points",
    published="20 clips instead of one gain 18 to 19 points, with each of four networks (Table 1)",
)

# %% [markdown]
# Is the mean the best way? One might say that one clip which is sure knows more than seven which have seen nothing, and
# take the largest probability; or average the scores before the softmax. Try both. (Which of the three wins here
# depends on the seed. Lecture 08 compares them on real videos, where a network can be sure and wrong.)

# %% tags=["bonus"]
print(f"mean of probabilities   {accuracy(average_predictions(logits), test_labels):.1%}")
print(f"softmax of mean scores  {accuracy(logits.mean(1).softmax(-1), test_labels):.1%}")
print(f"largest probability     {accuracy(logits.softmax(-1).amax(1), test_labels):.1%}")

# %% [markdown]
# ## On a GPU
#
# The GPU is rarely what you wait for; the road to it is. Two habits help. **Keep clips uint8 until they are on the
# device** and convert there: a quarter of the bytes cross the bus, and the GPU divides faster. **Decode in workers**,
# each with one decoder thread, while the GPU computes.

# %% tags=["gpu", "nbval-ignore-output"]
clips = torch.randint(0, 256, (course.pick(cpu=4, gpu=64), 3, 16, 112, 112), dtype=torch.uint8)
print(f"{len(clips)} clips: {clips.nbytes / 1e6:.1f} MB as uint8, {4 * clips.nbytes / 1e6:.1f} MB as float32")


def finished(tensor):
    """Wait until `tensor` is really computed: a GPU answers before it is done."""
    return float(tensor.flatten()[-1])


if course.device.type == "cuda":
    early = milliseconds(lambda: finished((clips.float() / 255 - 0.45).to(course.device)))
    late = milliseconds(lambda: finished(clips.to(course.device).float() / 255 - 0.45))
    print(f"float32, then move: {early:.1f} ms; move uint8, then float32: {late:.1f} ms")

# %% [markdown]
# A data set that decodes when it is asked: each item is 16 frames from a random place, resized to 128 x 171 and cut to
# the central 112 x 112 as C3D does (lecture 06). On a GPU eight workers prepare the next batches; on two cores there is
# nobody to spare.

# %%
class RandomClips(torch.utils.data.Dataset):
    """16 frames of 112 x 112 from a random place of the video, decoded when asked for."""

    def __len__(self):
        return course.pick(cpu=16, gpu=512, smoke=2)

    def __getitem__(self, item):
        start = torch.randint(300 - 16, (1,), generator=course.generator(item)).item()
        with VideoReader(path, threads=1) as reader:
            return reader.clip(start, 16, size=(128, 171))[:, :, 8:120, 29:141]


# %% tags=["gpu", "nbval-ignore-output"]
workers = course.pick(cpu=0, gpu=8)
loader = torch.utils.data.DataLoader(RandomClips(), batch_size=8, num_workers=workers)
began = time.perf_counter()
decoded = sum(len(batch) for batch in loader)
print(f"{decoded / (time.perf_counter() - began):.0f} clips decoded per second with {workers} workers")

# %% [markdown]
# For the real thing: `course data list` names UCF101, HMDB51 and Kinetics with their licences, `course data get`
# fetches those that may be fetched, and the readers in `course_lib.data.sets.readers` deliver paths and labels. With a
# network of lecture 03 the test above becomes the published protocol, 20 clips with 4 crops each: only the sizes
# change.

# %% [markdown] tags=["recap"]
# ## In five lines
#
# - A clip is $C \times T \times H \times W$; `permute` moves axes, `reshape` cuts memory anew and scrambles them.
# - Uncompressed, a minute of HD is 11 GB; 16 x 112 x 112 at 5 fps, 602 KB, is what makes training possible.
# - Codecs store changes between keyframes: what a frame costs grows with its distance from the last keyframe.
# - Too low a frame rate does not blur motion, it *falsifies* it; too low a resolution hides small things and motions.
# - Train on random clips, test on the average of many: the gain is often larger than that of a better network.
#
# **Can you answer these without scrolling up?**
#
# <details><summary>1. A batch of 8 clips of 16 frames, 224 x 224, float32: how many bytes?</summary>
# 8 · 16 · 224 · 224 · 3 · 4 = 77,070,336 bytes, about 77 MB, before the first layer.</details>
# <details><summary>2. Why does reading frame 249 take longer than frame 250 here?</summary>
# Frame 250 is a keyframe and is decoded alone. Frame 249 needs all that it refers to, back to the keyframe 0.</details>
# <details><summary>3. A clip of 8 frames, stride 4, 24 fps: how many frames does it span, how many seconds does it
# stand for?</summary> It spans 7 · 4 + 1 = 29 frames and stands for 8 · 4 / 24 = 1.33 seconds.</details>
# <details><summary>4. At which frame rates does the wheel of six spokes, 9 degrees per 1/30 s, seem to stand
# still?</summary> When it turns by a multiple of 60 degrees from look to look: 270 degrees per second / 60 = 4.5
# looks per second, and 2.25, 1.5, ...</details>
# <details><summary>5. Why is mirroring a clip harmless for "cup" and harmful for "moving right"?</summary>
# The label of the object does not change; that of the action becomes "moving left".</details>
# <details><summary>6. (Lecture 00) A check says the shape is right and the values are not. What do you look at
# first?</summary> A picture of the tensor: an exchanged or reshaped axis shows at once.</details>
#
# **Further reading.** Karpathy et al., *Large-scale Video Classification with Convolutional Neural Networks*, CVPR
# 2014, Sec. 4.1 (clips and videos). Simonyan and Zisserman, *Two-Stream Convolutional Networks*, NeurIPS 2014, Sec. 5
# (25 frames, ten crops). Wang et al., *Temporal Segment Networks*, ECCV 2016, Sec. 3.1 (segments). Richardson, *The
# H.264 Advanced Video Compression Standard*, Chapter 3 (how a codec works).
#
# **Next:** [02 · Convolutions in time](02_convolutions_in_time.ipynb): how a network sees motion.
