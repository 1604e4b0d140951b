"""One point of a scene, followed through a video: what two depth maps say about it, frame by frame."""

from dataclasses import dataclass

import matplotlib
import numpy as np
import torch

from course_lib.errors import ShapeError, check_shape
from course_lib.plots import COLORS, INK, MUTED, RULE
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, slider

WIDTH, PICTURE, TOP = 740, 232, 24  # of the sheet, of a picture, below the titles
PLOT = (56, 674, 150)  # left, columns and rows of the curves
LINES = {"before": (COLORS[1], 5), "after": (COLORS[0], 3)}  # colour, radius of the dots
TRUE = COLORS[2]
FEWEST = 3  # frames in which a point must be seen to be shown


@dataclass(frozen=True)
class TrackState:
    """What is known of one point.

    depth: {name: (T,) z at the point's place, NaN where it is not seen}.
    change: {name: the largest change from one frame to the next, as a share of the depth}.
    """

    depth: dict
    change: dict


def track_state(depths, track, seen):
    """Read depth maps along a track.

    Args:
        depths: {name: (T, H, W)}. track: (T, 2), (x, y) in pixels. seen: (T,) bool.
    Returns:
        TrackState; a change needs two frames in a row, else it is NaN.
    Raises:
        ShapeError: if a map has another length than the track.
    """
    lines, changes = {}, {}
    for name, depth in depths.items():
        check_shape(depth, "T H W", f"depths[{name!r}]")
        if len(depth) != len(track) or len(seen) != len(track):
            raise ShapeError(f"{len(depth)} depth maps {name!r}, {len(track)} places: expected as many.")
        height, width = depth.shape[1:]
        last = torch.tensor([max(width - 1, 1), max(height - 1, 1)])
        grid = (2 * track / last - 1)[:, None, None]
        z = torch.nn.functional.grid_sample(depth[:, None], grid, align_corners=True, padding_mode="border").flatten()
        z = z.masked_fill(~seen, torch.nan)
        ratio = torch.maximum(z[1:] / z[:-1], z[:-1] / z[1:]) - 1
        known = ratio[~ratio.isnan()]
        lines[name], changes[name] = z.numpy(), known.max().item() if len(known) else float("nan")
    return TrackState(lines, changes)


class SteadyTrack(Explorer):
    """Choose a frame and a point.

    Args:
        frames: (T, 3, H, W) in 0..1. before, after: (T, H, W) depth in metres. truth: the same, or None.
        tracks: (N, T, 2), (x, y). seen: (N, T) bool. Points that are seen in few frames are left out.
    Raises:
        ShapeError: if no point is left.
    """

    question = "Does a wall breathe? Find a point whose depth jumps before training."

    def __init__(self, frames, before, after, tracks, seen, truth=None):
        kept = seen.sum(1) >= min(FEWEST, len(frames))
        if not kept.any():
            raise ShapeError(f"None of {len(tracks)} points is seen in {FEWEST} frames: expected at least one.")
        self.frames, self.tracks, self.seen = frames, tracks[kept], seen[kept]
        self.maps = {"before": before, "after": after}
        self.depths = self.maps if truth is None else {**self.maps, "truth": truth}
        together = 1 / torch.stack(list(self.depths.values()))
        self._span = together.quantile(0.02).item(), together.quantile(0.98).item()
        worst = int(np.argmax([self._flicker(n) for n in range(len(self.tracks))]))
        super().__init__({
            "frame": slider("frame", len(frames) // 2, 0, len(frames) - 1, width="22em"),
            "point": slider("point", worst + 1, 1, max(2, len(self.tracks)), width="22em"),
        })  # fmt: skip

    def _flicker(self, number):
        """By how much more a point's depth jumps before training than it does in truth."""
        change = track_state(self.depths, self.tracks[number], self.seen[number]).change
        return np.nan_to_num(change["before"] - change.get("truth", 0.0), nan=-1.0)

    @property
    def point(self):
        """Number of the shown point, from 0."""
        return min(self.controls["point"].value, len(self.tracks)) - 1

    @property
    def state(self):
        """The present `TrackState`."""
        return track_state(self.depths, self.tracks[self.point], self.seen[self.point])

    def caption(self):
        t, state = self.controls["frame"].value, self.state
        jumps = {name: f"{100 * state.change[name]:.0f} %" for name in self.maps}
        moves = f"From frame to frame its depth changes by up to {jumps['before']} before, {jumps['after']} after."
        here = {name: f"{line[t]:.2f} m" for name, line in state.depth.items()}
        if not self.seen[self.point, t]:
            return f"Point {self.controls['point'].value} is not seen in frame {t}. {moves}"
        true = f", in truth at {here['truth']}" if "truth" in here else ""
        return f"Point {self.controls['point'].value} in frame {t} is at {here['before']} before training, at " \
               f"{here['after']} after{true}. {moves}"  # fmt: skip

    def draw(self):
        t, state = self.controls["frame"].value, self.state
        height, width = self.frames.shape[2:]
        rows = round(PICTURE * height / width)
        sheet = Sheet(WIDTH, TOP + rows + 44 + PLOT[2] + 40)
        shown = {f"frame {t}": (self.frames[t].clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()}
        shown |= {f"depth {name}, bright is near": self._colored(depth[t]) for name, depth in self.maps.items()}
        x, y = ((place + 0.5) * PICTURE / width for place in self.tracks[self.point, t].tolist())
        for number, (name, pixels) in enumerate(shown.items()):
            left = 4 + number * (PICTURE + 16)
            sheet.text(left, 4, name, bold=True)
            sheet.picture(left, TOP, PICTURE, rows, pixels)
            if self.seen[self.point, t]:
                sheet.dot(left + x, TOP + y, radius=6, fill=None, edge="white")
                sheet.dot(left + x, TOP + y, radius=5, fill=None, edge=INK)
        self._curves(sheet, TOP + rows + 44, t, state)
        return sheet.pixels()

    def _colored(self, depth):
        share = ((1 / depth - self._span[0]) / max(self._span[1] - self._span[0], 1e-9)).clamp(0, 1)
        return (matplotlib.colormaps["viridis"](share.numpy())[..., :3] * 255).astype(np.uint8)

    def _curves(self, sheet, top, now, state):
        """Depth over time: dots joined by lines; a bar where the shown frame is."""
        left, columns, rows = PLOT
        values = np.concatenate(list(state.depth.values()))
        low, high = np.nanmin(values), np.nanmax(values)
        low, high = low - 0.1 * (high - low) - 0.02, high + 0.1 * (high - low) + 0.02
        step = columns / max(len(self.frames) - 1, 1)

        def place(t, z):
            return left + t * step, top + rows * (high - z) / (high - low)

        sheet.box(left + now * step - 3, top, 6, rows, fill=RULE)
        sheet.box(left, top, columns, rows, edge=MUTED)
        for z in np.linspace(low, high, 4):
            sheet.text(left - 6, place(0, z)[1], f"{z:.2f}", 12, MUTED, anchor="rm")
        for t in range(len(self.frames)):
            sheet.text(left + t * step, top + rows + 6, t, 12, INK if t == now else MUTED, anchor="mt", bold=t == now)
        sheet.text(left + columns / 2, top + rows + 22, "frame", 12, MUTED, anchor="mt")
        looks = LINES if "truth" not in state.depth else {"truth": (TRUE, 0), **LINES}
        for number, (name, (color, radius)) in enumerate(looks.items()):
            line = state.depth[name]
            for t in range(len(line) - 1):
                if line[t] == line[t] and line[t + 1] == line[t + 1]:
                    sheet.line([place(t, line[t]), place(t + 1, line[t + 1])], color=color, width=2)
            for t, z in enumerate(line):
                if z == z and radius:
                    sheet.dot(*place(t, z), radius=radius, fill=color)
            at = left + 130 + 150 * number
            sheet.line([(at, top - 12), (at + 22, top - 12)], color=color, width=2)
            if radius:
                sheet.dot(at + 11, top - 12, radius=radius, fill=color)
            sheet.text(at + 28, top - 12, name, 13, anchor="lm")
        sheet.text(4, top - 12, "depth of the point (m)", 12, MUTED, anchor="lm")
