"""A kernel that stands somewhere in space and time: what it covers, what it multiplies, what it sums."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.ops.convolution import conv3d
from course_lib.plots import COLORS, MUTED, to_array
from course_lib.widgets.kit.drawing import Sheet, grey_colors, number, signed_colors
from course_lib.widgets.kit.explorer import Explorer, choice, limit, slider

WIDTH, PER_ROW = 760, 3
MARK = COLORS[1]


@dataclass(frozen=True)
class ConvolutionState:
    """One output of a 3D convolution: `products = window * kernel` (P, Q, R), summed per frame (P,) and in total."""

    window: np.ndarray
    products: np.ndarray
    frame_sums: np.ndarray
    value: float


def convolution_state(clip, kernel, t, y, x):
    """The arithmetic behind output (t, y, x), without padding: v = sum of clip[t:t+P, y:y+Q, x:x+R] * kernel.

    Args:
        clip: (T, H, W) numbers. kernel: (P, Q, R) numbers, P frames long.
        t, y, x: place in the output (T - P + 1, H - Q + 1, W - R + 1).
    Returns:
        ConvolutionState of float64 arrays.
    Raises:
        ShapeError: if the kernel does not fit into the clip, or the place lies outside the output.
    """
    clip, kernel = _volume(clip, "clip"), _volume(kernel, "kernel")
    sizes = _output_size(clip, kernel)
    if not all(0 <= place < size for place, size in zip((t, y, x), sizes, strict=True)):
        raise ShapeError(f"place (t, y, x) = {(t, y, x)} lies outside the output of {sizes}; counting starts at 0")
    frames, rows, columns = kernel.shape
    window = clip[t : t + frames, y : y + rows, x : x + columns]
    products = window * kernel
    sums = products.sum(axis=(1, 2))
    return ConvolutionState(window, products, sums, float(sums.sum()))


def out_and_back_bar():
    """The default clip (6, 7, 7): an upright bar of ones that moves right for three frames and then returns."""
    clip = np.zeros((6, 7, 7))
    for t, column in enumerate((1, 2, 3, 4, 3, 2)):
        clip[t, 2:5, column] = 1
    return clip


def motion_kernels(frames=6):
    """The default kernels, as {name: (P, 3, 3)}: all are 0 on an even surface, and small whole numbers."""
    right = -np.ones((3, 3, 3))
    for t in range(3):
        right[t, :, t] = 2
    stacked = np.zeros((frames, 3, 3))
    stacked[:3] = right
    return {
        "3D: a bar that moves right": right,
        "3D: a bar that moves left": right[:, :, ::-1].copy(),
        "2D on each frame: a bar": right[1:2].copy(),
        f"2D over {frames} stacked frames: right, at once": stacked,
    }


class ConvolutionExplorer(Explorer):
    """Move a kernel over a small grey clip and see the window, the products and the sum.

    Args:
        clip: (T, H, W) numbers, at most 10 x 12 x 12 to stay readable; default: a bar that moves out and back.
        kernel: (P, Q, R) numbers, or {name: numbers} to choose from; default: four kernels for bars.
    Raises:
        ShapeError: if a kernel does not fit into the clip, or the clip is too large to be read.
    """

    question = "What does a kernel see, multiply and sum at one place in space and time?"
    few_colors = True

    def __init__(self, clip=None, kernel=None):
        self.clip = out_and_back_bar() if clip is None else _volume(clip, "clip")
        if self.clip.shape[0] > 10 or max(self.clip.shape[1:]) > 12:
            raise ShapeError(f"clip has shape {self.clip.shape}, expected at most (10, 12, 12): cut out a small corner")
        kernels = motion_kernels(len(self.clip)) if kernel is None else kernel
        if not isinstance(kernels, dict):
            kernels = {"the kernel": kernels}
        self.kernels = {name: _volume(values, "kernel") for name, values in kernels.items()}
        self.outputs = {name: _convolve(self.clip, values) for name, values in self.kernels.items()}
        name, output = next(iter(self.outputs.items()))
        t, y, x = np.unravel_index(output.argmax(), output.shape)  # the most interesting place
        frames, rows, columns = output.shape
        self._kernel = choice("kernel", list(self.kernels), name, width="27em")
        self._time = slider("time t", int(t), 0, max(1, frames - 1))
        self._place = slider("place (row by row)", int(y * columns + x), 0, max(1, rows * columns - 1))
        self._backgrounds = {}
        super().__init__({"kernel": self._kernel, "time": self._time, "place": self._place})

    def adjust(self):
        frames, rows, columns = self._output.shape
        limit(self._time, frames - 1)
        limit(self._place, rows * columns - 1)

    @property
    def _selected(self):
        return self.kernels[self._kernel.value]

    @property
    def _output(self):
        return self.outputs[self._kernel.value]

    @property
    def place(self):
        """(t, y, x) of the output that is looked at."""
        columns = self._output.shape[2]
        return (self._time.value, *divmod(self._place.value, columns))

    @property
    def state(self):
        """The present `ConvolutionState`."""
        return convolution_state(self.clip, self._selected, *self.place)

    def caption(self):
        state, output, (t, y, x) = self.state, self._output, self.place
        frames = f"frame {t}" if len(state.frame_sums) == 1 else f"frames {t} to {t + len(state.frame_sums) - 1}"
        size = " × ".join(map(str, output.shape))
        low, high = (number(value, "{:.3g}") for value in (output.min(), output.max()))
        return (
            f"Output at t = {t}, y = {y}, x = {x}: {frames} give {_sum(state)}. "
            f"The whole output has {size} values from {low} to {high}."
        )

    def draw(self):
        kernel, output, state, place = self._selected, self._output, self.state, self.place
        plan = _Plan(self.clip.shape, kernel.shape, output.shape)
        sheet = self._background(plan).copy()
        covered = range(place[0], place[0] + len(kernel))
        plan.mark(sheet, plan.clip_top, self.clip.shape, plan.clip_cell, "frame", covered, place[1:], kernel.shape[1:])
        for r in range(len(kernel)):
            corner = (r % PER_ROW * 256, plan.blocks_top + r // PER_ROW * plan.block_height)
            _draw_block(sheet, *corner, state, kernel, place[0], r)
        t, y, x = place
        sheet.text(2, plan.output_top - 46, f"Output at t = {t}, y = {y}, x = {x}:  {_sum(state)}", size=15, bold=True)
        plan.mark(sheet, plan.output_top, output.shape, plan.output_cell, "t =", range(t, t + 1), (y, x), (1, 1))
        return sheet.pixels()

    def _background(self, plan):
        """What stays the same while the sliders move: clip and output with all their numbers. Drawn once per kernel."""
        name = self._kernel.value
        if name not in self._backgrounds:
            sheet = Sheet(WIDTH, plan.height)
            sheet.text(
                2, 2, f"Clip: {self.clip.shape[0]} frames of {self.clip.shape[1]} × {self.clip.shape[2]}", bold=True
            )
            sheet.text(2, plan.blocks_top - 24, "Window × kernel = products, frame by frame", bold=True)
            greys = grey_colors(self.clip, min(0.0, self.clip.min()), max(1.0, self.clip.max()))
            plan.fill(sheet, plan.clip_top, self.clip, plan.clip_cell, greys, "{:.2g}")
            reds = signed_colors(self._output, np.abs(self._output).max() or 1.0)
            plan.fill(sheet, plan.output_top, self._output, plan.output_cell, reds, "{:.3g}")
            self._backgrounds[name] = sheet
        return self._backgrounds[name]


class _Plan:
    """Where things stand on the sheet, in pixels."""

    def __init__(self, clip_size, kernel_size, output_size):
        self.clip_cell = _cell(clip_size, 16)
        self.output_cell = _cell(output_size, 22)
        self.clip_top = 40
        self.blocks_top = self.clip_top + clip_size[1] * self.clip_cell + 40
        self.block_height = _kernel_cell(kernel_size) * kernel_size[1] + 36
        blocks = -(-kernel_size[0] // PER_ROW)
        self.output_top = self.blocks_top + blocks * self.block_height + 48
        self.height = self.output_top + output_size[1] * self.output_cell + 4

    def _left(self, t, size, cell):
        return 2 + t * (size[2] * cell + min(18, (WIDTH - 4) // size[0] - size[2] * cell))

    def fill(self, sheet, top, volume, cell, colors, form):
        """A volume (T, H, W) frame by frame, with its numbers where they are large enough to be read."""
        longest = max(len(number(value, form)) for value in volume.flat)
        text_size = min(0.62 * cell, 1.15 * cell / longest)
        for t, values in enumerate(volume):
            left = self._left(t, volume.shape, cell)
            sheet.tile(left, top, cell, values, colors[t], form if text_size >= 6 else None, text_size)

    def mark(self, sheet, top, size, cell, word, marked, place, mark_size):
        """Titles of all frames, and a frame around `mark_size` cells at `place` in the marked ones."""
        for t in range(size[0]):
            left, here = self._left(t, size, cell), t in marked
            sheet.text(left, top - 5, f"{word} {t}", 12.5, color=MARK if here else MUTED, anchor="ls", bold=here)
            if here:
                corner = (left + place[1] * cell, top + place[0] * cell)
                sheet.box(*corner, mark_size[1] * cell, mark_size[0] * cell, edge=MARK, line=2)


def _cell(size, largest):
    return max(2, min(largest, ((WIDTH - 4) // size[0] - 8) // size[2]))


def _draw_block(sheet, left, top, state, kernel, t, r):
    """Window, kernel and products of one frame of the kernel, and their sum."""
    cell = _kernel_cell(kernel.shape)
    rows, columns = kernel.shape[1:]
    low, high = min(0.0, state.window.min()), max(1.0, state.window.max())
    largest = np.abs(kernel).max() or 1.0
    parts = (
        (state.window[r], grey_colors(state.window[r], low, high), "×"),
        (kernel[r], signed_colors(kernel[r], largest), "="),
        (state.products[r], signed_colors(state.products[r], largest * max(high, -low)), ""),
    )
    x = left + 2
    for values, colors, sign in parts:
        longest = max(len(number(v, "{:.2g}")) for v in values.flat)
        sheet.tile(x, top, cell, values, colors, "{:.2g}", min(0.54 * cell, 1.4 * cell / longest))
        x += columns * cell
        sheet.text(x + 8, top + rows * cell / 2, sign, size=14, anchor="mm")
        x += 16
    under = top + rows * cell + 6
    sheet.text(left + 2, under, f"frame {t + r}", size=12.5, color=MARK, bold=True)
    sum_text = f"sum {number(state.frame_sums[r], '{:.3g}')}"
    sheet.text(left + 2 + 2 * (columns * cell + 16), under, sum_text, size=12.5, bold=True)


def _kernel_cell(kernel_size):
    return min(23, 70 // max(kernel_size[1:]))


def _sum(state):
    terms = [number(value, "{:.3g}") for value in state.frame_sums]
    joined = " + ".join(terms).replace("+ \N{MINUS SIGN}", "\N{MINUS SIGN} ")
    return f"{joined} = {number(state.value, '{:.3g}')}" if len(terms) > 1 else joined


def _convolve(clip, kernel):
    """(T', H', W') float64: the course's own 3D convolution of a clip with one channel."""
    _output_size(clip, kernel)
    output = conv3d(torch.from_numpy(clip)[None], torch.from_numpy(kernel)[None, None])
    return output[0].numpy()


def _output_size(clip, kernel):
    sizes = tuple(n - k + 1 for n, k in zip(clip.shape, kernel.shape, strict=True))
    if min(sizes) < 1:
        raise ShapeError(
            f"kernel {kernel.shape} does not fit into clip {clip.shape}: use a smaller kernel or a longer clip"
        )
    return sizes


def _volume(values, name):
    array = np.ascontiguousarray(to_array(values), dtype=np.float64)
    if array.ndim != 3:
        hint = ": choose one channel, for example clip[0]" if array.ndim == 4 else ""
        raise ShapeError(f"{name} has shape {array.shape}, expected three axes (frames, rows, columns){hint}")
    return array
