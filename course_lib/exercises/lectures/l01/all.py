"""Lecture 01, video tensors: what its exercises ask, the likely mistakes, and the hints."""

import numpy as np
import torch

from course_lib.exercises import Case, Exercise, Mistake
from course_lib.ops import sampling as clips

# ---- 01.1 size arithmetic -------------------------------------------------------------------------------------------


def _draw(generator, low, high):
    """A whole number from low to high."""
    return int(torch.randint(low, high + 1, (), generator=generator))


def _size_cases(generator):
    def other():
        return tuple(_draw(generator, *limits) for limits in ((90, 500), (90, 900), (5, 60), (2, 90)))

    return [
        Case("SD, one minute", (480, 640, 30, 60)),
        Case("one grey frame", (7, 5, 1, 1), {"channels": 1}),
        Case("HD, ten seconds, float32", (1080, 1920, 25, 10), {"bytes_per_value": 4}),
        Case("two seconds of flow, float16", (36, 48, 12, 2), {"channels": 2, "bytes_per_value": 2}),
        Case("another video, four channels", other(), {"channels": 4, "bytes_per_value": 2 ** _draw(generator, 1, 3)}),
        Case("another grey video", other(), {"channels": 1, "bytes_per_value": 2 ** _draw(generator, 1, 3)}),
    ]


def _size_mistake(wrong):
    """A wrong size formula as a function with the exercise's signature."""

    def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
        return wrong(height, width, fps, seconds, channels, bytes_per_value)

    return raw_bytes


SIZE = Exercise(
    id="01.1",
    title="How many bytes is a video?",
    name="raw_bytes",
    kind="function",
    reference=clips.raw_bytes,
    cases=_size_cases,
    mistakes=(
        Mistake(
            "this counts pixels: each has `channels` values, and each value takes `bytes_per_value` bytes",
            _size_mistake(lambda h, w, f, s, c, b: h * w * f * s),
        ),
        Mistake(
            "the bytes per value are missing: a float32 takes 4 bytes, a uint8 takes 1",
            _size_mistake(lambda h, w, f, s, c, b: h * w * c * f * s),
        ),
        Mistake(
            "the channels are missing: a colour frame holds three values per pixel",
            _size_mistake(lambda h, w, f, s, c, b: h * w * f * s * b),
        ),
        Mistake(
            "the number of channels is fixed to 3: use the argument `channels`, flow has two and grey one",
            _size_mistake(lambda h, w, f, s, c, b: h * w * 3 * f * s * b),
        ),
        Mistake(
            "this is the size of one second: the duration is missing",
            _size_mistake(lambda h, w, f, s, c, b: h * w * c * f * b),
        ),
        Mistake(
            "these are bits: a byte is 8 bits, and uint8 already means one byte",
            _size_mistake(lambda h, w, f, s, c, b: 8 * h * w * c * f * s * b),
        ),
        Mistake(
            "the duration is counted in minutes: `seconds` is in seconds already",
            _size_mistake(lambda h, w, f, s, c, b: 60 * h * w * c * f * s * b),
        ),
        Mistake(
            "these are megabytes: return bytes",
            _size_mistake(lambda h, w, f, s, c, b: h * w * c * f * s * b / 1e6),
        ),
        Mistake(
            "frames per second and seconds are divided: frames = fps times seconds",
            _size_mistake(lambda h, w, f, s, c, b: h * w * c * f / s * b),
        ),
    ),
    hints=(
        "Count from the inside out: one value, one pixel, one frame, one second, the whole video.",
        "A product of six numbers, nothing else. `round(fps * seconds)` is the number of frames as a whole number.",
        "`frames = round(fps * seconds)`, then `return frames * height * ...` with the three factors that are left.",
    ),
)

# ---- 01.2 clip index sampling ---------------------------------------------------------------------------------------


def _clip_cases(generator):
    return [
        Case("inside the video", (50, 10, 8, 1)),
        Case("every third frame", (50, 4, 6, 3)),
        Case("runs past the end", (12, 9, 8, 1)),
        Case("stride 4 past the end", (31, 17, 7, 4)),
        Case("a video of one frame", (1, 0, 5, 2)),
        Case("another clip", (_draw(generator, 40, 60), _draw(generator, 1, 8), _draw(generator, 4, 9), 3)),
        Case("another past the end", (_draw(generator, 20, 25), _draw(generator, 16, 19), 6, _draw(generator, 2, 4))),
    ]


CLIP = Exercise(
    id="01.2",
    title="Which frames are in the clip?",
    name="clip_indices",
    kind="function",
    reference=clips.clip_indices,
    cases=_clip_cases,
    mistakes=(
        Mistake(
            "frames beyond the end are asked for: hold the last frame, number num_frames - 1",
            lambda num_frames, start, clip_len, stride: start + stride * torch.arange(clip_len),
        ),
        Mistake(
            "off by one: frames count from 0, the last one is num_frames - 1, not num_frames",
            lambda num_frames, start, clip_len, stride: (start + stride * torch.arange(clip_len)).clamp(max=num_frames),
        ),
        Mistake(
            "too few frames with a stride: clip_len counts the frames in the clip, not the frames that it spans",
            lambda num_frames, start, clip_len, stride: torch.arange(start, start + clip_len, stride).clamp(
                max=num_frames - 1
            ),
        ),
        Mistake(
            "the clip is shorter at the end of the video: repeat the last frame, so that all clips can share a batch",
            lambda num_frames, start, clip_len, stride: torch.arange(
                start, min(start + clip_len * stride, num_frames), stride
            ),
        ),
        Mistake(
            "the stride is missing: frames of a clip lie `stride` apart",
            lambda num_frames, start, clip_len, stride: (start + torch.arange(clip_len)).clamp(max=num_frames - 1),
        ),
        Mistake(
            "the start is missing",
            lambda num_frames, start, clip_len, stride: (stride * torch.arange(clip_len)).clamp(max=num_frames - 1),
        ),
        Mistake(
            "at the end this begins again at frame 0; the exercise asks to hold the last frame",
            lambda num_frames, start, clip_len, stride: (start + stride * torch.arange(clip_len)) % num_frames,
        ),
    ),
    hints=(
        "Frame t of the clip is frame start + t * stride of the video, as long as the video lasts.",
        "`torch.arange(clip_len)` counts the frames of the clip; `.clamp(max=...)` holds what would run past the end.",
        "`(start + stride * torch.arange(...)).clamp(max=...)`: the last frame of the video has the number "
        "`num_frames - 1`.",
    ),
    points=2,
)

# ---- 01.3 another frame rate ----------------------------------------------------------------------------------------


def _rate_cases(generator):
    return [
        Case("30 to 10 fps", (40, 30, 10)),
        Case("25 to 10 fps", (24, 25, 10)),
        Case("30 to 24 fps", (33, 30, 24)),
        Case("10 to 25 fps", (9, 10, 25)),
        Case("the rate stays", (6, 24, 24)),
        Case("25 to 10 fps, another length", (_draw(generator, 9, 23), 25, 10)),
        Case("30 to 24 fps, another length", (_draw(generator, 9, 32), 30, 24)),
    ]


def _times(num_frames, fps_in, fps_out):
    """Source position of every output frame, not yet a whole number."""
    return torch.arange(-(-num_frames * fps_out // fps_in)) * fps_in / fps_out


RATE = Exercise(
    id="01.3",
    title="The same video at another frame rate",
    name="resample_indices",
    kind="function",
    reference=clips.resample_indices,
    cases=_rate_cases,
    mistakes=(
        Mistake(
            "the ratio is upside down: output frame j is at time j / fps_out, and that is source frame time * fps_in",
            lambda num_frames, fps_in, fps_out: (
                torch.arange(-(-num_frames * fps_in // fps_out)) * fps_out / fps_in
            ).long(),
        ),
        Mistake(
            "this rounds to the nearest frame: at time t the screen still shows the frame that began before t (floor)",
            lambda num_frames, fps_in, fps_out: _times(num_frames, fps_in, fps_out).round().long(),
        ),
        Mistake(
            "a whole stride only works when fps_in is a multiple of fps_out: 25 to 10 fps needs the steps 2, 3, 2, 3",
            lambda num_frames, fps_in, fps_out: torch.arange(0, num_frames, max(1, fps_in // fps_out)),
        ),
        Mistake(
            "the last output frame is missing: its time is still within the video, so round the count up",
            lambda num_frames, fps_in, fps_out: (
                torch.arange(num_frames * fps_out // fps_in) * fps_in / fps_out
            ).long(),
        ),
        Mistake(
            "these are positions in seconds or fractions: a frame number is a whole number, so round down",
            lambda num_frames, fps_in, fps_out: _times(num_frames, fps_in, fps_out),
        ),
        Mistake(
            "nearly: steps of 1 / fps_out add up, and so does their rounding, until 6 is 5.9999 and becomes 5; take "
            "j = 0, 1, 2, ... and j * fps_in / fps_out",
            lambda num_frames, fps_in, fps_out: (torch.arange(0, num_frames / fps_in, 1 / fps_out) * fps_in).long(),
        ),
        Mistake(
            "nearly: steps of 1 / fps_out add up, and so does their rounding, until 6 is 5.9999 and becomes 5; take "
            "j = 0, 1, 2, ... and j * fps_in / fps_out",
            lambda num_frames, fps_in, fps_out: torch.from_numpy(
                (np.arange(0, num_frames / fps_in, 1 / fps_out) * fps_in).astype(np.int64)
            ),
        ),
        Mistake(
            "spreading the frames evenly from the first to the last changes the speed: start from times j / fps_out",
            lambda num_frames, fps_in, fps_out: torch.linspace(
                0, num_frames - 1, -(-num_frames * fps_out // fps_in)
            ).long(),
        ),
    ),
    hints=(
        "Think of two clocks. At which time is output frame j wanted? Which source frame is on the screen then?",
        "`torch.arange(count) * fps_in / fps_out` gives positions; `.long()` cuts off what is behind the point. "
        "`math.ceil` gives the count: every tick before the end of the video, num_frames / fps_in seconds.",
        "`count = math.ceil(num_frames * ... / ...)`, then `(torch.arange(count) * fps_in / ...).long()`.",
    ),
    points=2,
)

# ---- 01.4 ten crops, repaired ---------------------------------------------------------------------------------------


def _ten_crop_of_frames(frames, size):
    """What the exercise asks: `clips.ten_crop` of frames in the decoder's layout, (T, H, W, C)."""
    return clips.ten_crop(frames.permute(3, 0, 1, 2), size)


def _crop_cases(generator):
    def frames(*shape):
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)

    return [
        Case("4 frames of 8 x 12 to 6 x 6", (frames(4, 8, 12, 3), (6, 6))),
        Case("portrait, 5 frames of 11 x 7 to 6 x 4", (frames(5, 11, 7, 3), (6, 4))),
        Case("as many frames as channels", (frames(3, 9, 10, 3), (5, 8))),
        Case("the crop is the frame", (frames(2, 4, 6, 1), (4, 6))),
    ]


def _ten(clip, size, corners=None, mirror=-1):
    """Ten crops from variations of the recipe: another order of the corners, another axis to mirror."""
    height, width = size
    bottom, right = clip.shape[-2] - height, clip.shape[-1] - width
    named = {"TL": (0, 0), "TR": (0, right), "BL": (bottom, 0), "BR": (bottom, right), "C": (bottom // 2, right // 2)}
    five = torch.stack(
        [
            clip[..., top : top + height, left : left + width]
            for top, left in (named[name] for name in corners or ("TL", "TR", "BL", "BR", "C"))
        ]
    )
    return torch.cat([five, five.flip(mirror)]) if mirror is not None else five


def _reshaped(frames):
    count, height, width, channels = frames.shape
    return frames.reshape(channels, count, height, width)


CROPS = Exercise(
    id="01.4",
    title="Fix the bugs: ten crops of a clip",
    name="ten_crop",
    kind="function",
    reference=_ten_crop_of_frames,
    cases=_crop_cases,
    mistakes=(
        Mistake(
            "both bugs are still there: the pixels are scrambled, and the mirrored crops are upside down",
            lambda frames, size: _ten(_reshaped(frames), size, mirror=-2),
        ),
        Mistake(
            "the pixels are scrambled: reshape keeps the order in memory and cuts it at new places; permute moves axes",
            lambda frames, size: _ten(_reshaped(frames), size),
        ),
        Mistake(
            "the mirrored crops are upside down: left and right lie along the last axis, W",
            lambda frames, size: _ten(frames.permute(3, 0, 1, 2), size, mirror=-2),
        ),
        Mistake(
            "the mirrored crops run backwards in time: mirror along W, the last axis",
            lambda frames, size: _ten(frames.permute(3, 0, 1, 2), size, mirror=-3),
        ),
        Mistake(
            "frames and channels are exchanged: the clip is (C, T, H, W), so the order is permute(3, 0, 1, 2)",
            lambda frames, size: _ten(frames.permute(0, 3, 1, 2), size),
        ),
        Mistake(
            "rows and columns are exchanged: .T or a transposed permutation turned the pictures by a quarter",
            lambda frames, size: _ten(frames.permute(3, 0, 2, 1), size),
        ),
        Mistake(
            "the order of the corners is top left, top right, bottom left, bottom right, centre",
            lambda frames, size: _ten(frames.permute(3, 0, 1, 2), size, ("TL", "BL", "TR", "BR", "C")),
        ),
        Mistake(
            "here the whole picture was mirrored and then cropped, so the mirrored corners come in another order: "
            "mirror the five crops",
            lambda frames, size: torch.cat(
                [_ten(each.permute(3, 0, 1, 2), size, mirror=None) for each in (frames, frames.flip(2))]
            ),
        ),
        Mistake(
            "only five crops: their mirror images follow",
            lambda frames, size: _ten(frames.permute(3, 0, 1, 2), size, mirror=None),
        ),
    ),
    hints=(
        "Two lines are wrong. Neither changes a shape: look at the pictures above, not at the shapes. "
        "One scrambles the pixels, the other mirrors along the wrong axis.",
        "`tensor.permute(...)` lists, for each new axis, the old axis that goes there. `tensor.flip(axis)` reverses "
        "one axis; W is the last, -1.",
        "`clip = frames.permute(3, ...)` (C first, then T, H, W), and at the end "
        "`torch.cat([five, five.flip(...)])` with the axis of the columns.",
    ),
    points=2,
)

# ---- 01.5 averaging predictions -------------------------------------------------------------------------------------


def _logit_cases(generator):
    def logits(*shape, scale=2.0):
        return scale * torch.randn(shape, generator=generator)

    return [
        Case("2 videos, 5 clips, 3 classes", (logits(2, 5, 3),)),
        Case("4 videos, 3 clips, 7 classes", (logits(4, 3, 7),)),
        Case("one clip per video", (logits(3, 1, 4),)),
        # Large, and still below 88, where exp overflows: a softmax written as in its formula is right, too.
        Case("large scores", (logits(2, 6, 5, scale=12.0),)),
    ]


AVERAGE = Exercise(
    id="01.5",
    title="One prediction from many clips",
    name="average_predictions",
    kind="function",
    reference=clips.average_predictions,
    cases=_logit_cases,
    mistakes=(
        Mistake(
            "this averages the scores before the softmax (a geometric mean): softmax comes first, then the mean",
            lambda logits: logits.mean(1).softmax(-1),
        ),
        Mistake(
            "there is no softmax: scores of different clips have no common scale until they are probabilities",
            lambda logits: logits.mean(1),
        ),
        Mistake(
            "the softmax runs over the clips: it belongs over the classes, the last axis",
            lambda logits: logits.softmax(1).mean(1),
        ),
        Mistake(
            "the mean runs over the classes: average over the clips, axis 1",
            lambda logits: logits.softmax(-1).mean(-1),
        ),
        Mistake(
            "the mean runs over the videos: average over the clips, axis 1",
            lambda logits: logits.softmax(-1).mean(0),
        ),
        Mistake(
            "this is a sum over clips, and does not add up to 1: take the mean",
            lambda logits: logits.softmax(-1).sum(1),
        ),
        Mistake(
            "this takes the largest probability per class: one lucky clip decides; take the mean",
            lambda logits: logits.softmax(-1).amax(1),
        ),
        Mistake(
            "this counts votes: each clip's uncertainty is lost when only its best class is kept",
            lambda logits: torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).float().mean(1),
        ),
    ),
    hints=(
        "First turn each clip's scores into probabilities, then average those of one video.",
        "`logits.softmax(dim=...)` over the classes, `.mean(dim=...)` over the clips. Axes are (B, N, K).",
        "`logits.softmax(dim=-1).mean(dim=...)`: which of the axes 0, 1, 2 holds the clips?",
    ),
    points=1,
)

EXERCISES = (SIZE, CLIP, RATE, CROPS, AVERAGE)
