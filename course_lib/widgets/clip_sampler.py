"""Which frames become the clip that a network sees? A player and sampler for one video."""

from dataclasses import dataclass
from pathlib import Path

import ipywidgets
import numpy as np
from PIL import Image

from course_lib.ops.sampling import clip_indices
from course_lib.plots import COLORS, MUTED, RULE, to_pictures
from course_lib.widgets.kit.drawing import SCALE, Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, EDGE, COLUMNS, GAP = 760, 14, 8, 8
INSIDE, BEYOND = COLORS[0], COLORS[1]
THUMB = (WIDTH - 4 - (COLUMNS - 1) * GAP) // COLUMNS


@dataclass(frozen=True)
class SamplerState:
    """T frame numbers that are asked for (`wanted`), those that are read (`taken`), and which lie beyond the end."""

    wanted: np.ndarray
    taken: np.ndarray
    beyond: np.ndarray
    seconds: float  # that the clip stands for: T stride / fps


def sampler_state(num_frames, start, stride, clip_len=16, fps=25.0, mode="clamp"):
    """What stride s from frame t takes.

    Args:
        num_frames: frames in the video. start: first frame. stride: frames from one taken frame to the next.
        clip_len: T. fps: frames per second. mode: beyond the end, "clamp" repeats the last frame, "loop" starts again.
    Returns:
        SamplerState with arrays of T int64, int64, bool.
    Raises:
        VideoError: as `course_lib.ops.sampling.clip_indices`.
    """
    taken = clip_indices(num_frames, start, clip_len, stride, mode).numpy()
    wanted = start + stride * np.arange(clip_len)
    return SamplerState(wanted, taken, wanted >= num_frames, clip_len * stride / fps)


class ClipSampler(Explorer):
    """Play a video, choose the stride, and see the frames of the clip.

    Args:
        source: path of a video, or a clip (C, T, H, W), uint8 0..255 or float 0..1.
        clip_len: frames in the sampled clip, 1 to 32.
        start, stride, mode: where the controls stand at first.
        fps: frames per second; None: as the file says, 25 for a clip.
        max_frames: of a long file only so many frames are read.
    Raises:
        ShapeError: if the clip is not (C, T, H, W). VideoError: if the file cannot be read.
        ValueError: if clip_len is not between 1 and 32.
    """

    question = "Which frames does stride s from frame t take?"

    def __init__(self, source, clip_len=16, start=0, stride=2, mode="clamp", fps=None, max_frames=300):
        if not 1 <= clip_len <= 32:
            raise ValueError(
                f"clip_len is {clip_len}, expected 1 to 32: more frames than that cannot be told apart here"
            )
        self._thumbs, self.fps = _thumbnails(source, fps, max_frames)
        self.clip_len, self.num_frames = clip_len, len(self._thumbs)
        last = self.num_frames - 1
        self._start = slider("start t", min(start, last), 0, max(1, last))
        self._stride = slider("stride s", stride, 1, max(stride, min(16, self.num_frames)))
        endings = [("repeat the last frame", "clamp"), ("start again at frame 0", "loop")]
        self._mode = choice("beyond the end", endings, mode, width="25em")
        step = max(1, round(self.fps / 10))  # ten pictures a second, at the video's own speed
        play = ipywidgets.Play(value=self._start.value, min=0, max=max(1, last), step=step, interval=100)
        ipywidgets.jslink((play, "value"), (self._start, "value"))
        super().__init__({"start": self._start, "stride": self._stride, "mode": self._mode}, extras={"start": play})

    @property
    def state(self):
        """The present `SamplerState`."""
        start = min(self._start.value, self.num_frames - 1)
        return sampler_state(self.num_frames, start, self._stride.value, self.clip_len, self.fps, self._mode.value)

    def caption(self):
        state, stride, last = self.state, self._stride.value, self.num_frames - 1
        numbers = ", ".join(map(str, state.taken))
        text = (
            f"{self.clip_len} frames with stride {stride}: {numbers}. "
            f"They stand for {self.clip_len} × {stride} / {self.fps:g} = {state.seconds:.2f} s of a video of "
            f"{self.num_frames / self.fps:.2f} s, at {self.fps / stride:.3g} frames per second."
        )
        count = int(state.beyond.sum())
        if count:
            how = {"clamp": f"frame {last} stands in for each of them", "loop": "the video starts again"}
            text += f" {count} of the {self.clip_len} would lie beyond the last frame, {last}: {how[self._mode.value]}."
        return text

    def draw(self):
        state = self.state
        height = self._thumbs.shape[1] // SCALE
        rows = -(-self.clip_len // COLUMNS)
        sheet = Sheet(WIDTH, 78 + rows * (height + 26))
        _draw_timeline(sheet, state, self.num_frames, self.fps)
        for k, (frame, beyond) in enumerate(zip(state.taken, state.beyond, strict=True)):
            left, top = k % COLUMNS * (THUMB + GAP) + 2, 98 + k // COLUMNS * (height + 26)
            color = BEYOND if beyond else INSIDE
            again = {"clamp": " again", "loop": " looped"}[self._mode.value] if beyond else ""
            sheet.text(left, top - 5, f"{frame}{again}", size=13, color=color, anchor="ls", bold=True)
            width = self._thumbs.shape[2] // SCALE
            sheet.box(left, top, width, height, edge=color, line=1.5)
            sheet.picture(left, top, width, height, self._thumbs[frame])
        return sheet.pixels()


def _draw_timeline(sheet, state, num_frames, fps):
    """Taken frames as discs on a line of time; wanted frames beyond the end as rings in a grey zone."""
    axis_end = num_frames * 1.3  # the zone beyond the end
    scale = (WIDTH - 2 * EDGE) / axis_end
    at = lambda frame: EDGE + frame * scale  # noqa: E731
    y = 24
    sheet.box(at(0), y - 4, max(1, at(num_frames - 1) - at(0)), 8, fill=RULE)
    sheet.line([(at(num_frames - 1), y - 12), (at(num_frames - 1), y + 12)], color=MUTED, width=1.5)
    sheet.text(at(num_frames - 1) + 6, y - 22, "beyond the end", size=12, color=MUTED)
    for frame in range(0, num_frames, _tick(num_frames, fps)):
        sheet.line([(at(frame), y + 6), (at(frame), y + 11)], color=MUTED)
        sheet.text(at(frame), y + 13, frame, size=12, anchor="mt")
        sheet.text(at(frame), y + 29, f"{frame / fps:.3g} s", size=12, color=MUTED, anchor="mt")
    radius = min(5, max(2.5, 0.45 * scale * (state.wanted[1] - state.wanted[0] if len(state.wanted) > 1 else 9)))
    for wanted, taken, beyond in zip(state.wanted, state.taken, state.beyond, strict=True):
        if beyond and at(wanted) < WIDTH - 5:
            sheet.dot(at(wanted), y, radius, fill=None, edge=BEYOND)
        sheet.dot(at(taken), y, radius, fill=BEYOND if beyond else INSIDE)


def _tick(num_frames, fps):
    """Frames between two labels: at most twelve labels, at whole seconds where there are some."""
    unit = int(fps) if fps == int(fps) and num_frames >= 6 * fps else 1
    steps = (unit * factor * 10**power for power in range(9) for factor in (1, 2, 5))
    return next(step for step in steps if num_frames <= 12 * step)


def _thumbnails(source, fps, max_frames):
    """(N, h, w, 3) uint8 small pictures of all frames, at the resolution of the drawing, and the frame rate."""
    if isinstance(source, (str, Path)):
        from itertools import islice

        from course_lib.data.video_io import iter_frames, probe

        fps = fps or probe(source).fps
        frames = [_shrink(to_pictures(frame[:, None])[0]) for frame in islice(iter_frames(source), max_frames)]
    else:
        frames = [_shrink(picture) for picture in to_pictures(source)[:max_frames]]
    return np.stack(frames), float(fps or 25.0)


def _shrink(picture):
    height, width = picture.shape[:2]
    factor = min(THUMB / width, 1.4 * THUMB / height) * SCALE
    size = (int(width * factor) // SCALE * SCALE, int(height * factor) // SCALE * SCALE)
    how = Image.Resampling.BOX if factor < 1 else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(picture).resize(size, how))
