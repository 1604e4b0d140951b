"""A sheet of paper for the widgets: text, boxes, dots and pictures at pixel positions, in milliseconds.

matplotlib needs about a millisecond per text: too slow for a hundred numbers that follow a slider. Pillow draws the
same numbers, in the same typeface, in a few milliseconds. Everything is drawn at twice its size: sharp on fine screens,
and smooth when it is scaled down.
"""

import functools
import io
import pathlib

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from course_lib.plots import INK, MUTED, RULE

SCALE = 2
GRID = "#8c959f"  # between cells: visible on black and on white


class Sheet:
    """White paper of `width` x `height` pixels; positions count from the upper left corner."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * SCALE, height * SCALE), "white")
        self._draw = ImageDraw.Draw(self._image)

    def text(self, x, y, text, size=13, color=INK, anchor="lt", bold=False):
        """Write text. `anchor` is Pillow's: l, m, r (left, middle, right) and t, m, s (top, middle, baseline)."""
        at = (x * SCALE, y * SCALE)
        self._draw.text(at, str(text), fill=color, font=_font(size * SCALE, bold), anchor=anchor)

    def box(self, left, top, width, height, fill=None, edge=None, line=1):
        """A rectangle; its edge of `line` pixels lies outside, so that it never covers what it frames."""
        corners = [left * SCALE, top * SCALE, (left + width) * SCALE - 1, (top + height) * SCALE - 1]
        if edge is not None:
            rim = round(line * SCALE)
            around = [corners[0] - rim, corners[1] - rim, corners[2] + rim, corners[3] + rim]
            self._draw.rectangle(around, outline=edge, width=rim)
        if fill is not None:
            self._draw.rectangle(corners, fill=fill)

    def line(self, points, color=RULE, width=1):
        """A line through (x, y) points."""
        flat = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(flat, fill=color, width=round(width * SCALE), joint="curve")

    def dot(self, x, y, radius=4, fill=INK, edge=None):
        """A disc, or with fill=None a ring."""
        around = [(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE]
        self._draw.ellipse(around, fill=fill, outline=edge, width=SCALE if edge else 0)

    def picture(self, left, top, width, height, pixels):
        """A (H, W, 3) uint8 picture, scaled to width x height; small pictures keep visible pixels."""
        size = (round(width * SCALE), round(height * SCALE))
        enlarged = pixels.shape[1] * 1.5 <= size[0]
        how = Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX
        self._image.paste(Image.fromarray(pixels).resize(size, how), (round(left * SCALE), round(top * SCALE)))

    def tile(self, left, top, size, values, colors, form=None, text_size=12):
        """A small matrix as coloured cells, with its numbers when `form` is a format such as "{:g}".

        Args:
            size: of one cell, in pixels. values: (H, W) numbers. colors: (H, W, 3) uint8.
        """
        rows, columns = values.shape
        self.box(left, top, columns * size, rows * size, edge=MUTED, line=0.5)
        self.picture(left, top, columns * size, rows * size, colors)
        if form is None:
            return
        right, bottom = left + columns * size, top + rows * size
        for row in range(1, rows):
            self.line([(left, top + row * size), (right, top + row * size)], color=GRID, width=0.5)
        for column in range(1, columns):
            self.line([(left + column * size, top), (left + column * size, bottom)], color=GRID, width=0.5)
        dark = colors.astype(int) @ (299, 587, 114) < 140_000
        for (row, column), value in np.ndenumerate(values):
            ink = "white" if dark[row, column] else INK
            at = (left + (column + 0.5) * size, top + (row + 0.5) * size)
            self.text(*at, number(value, form), size=text_size, color=ink, anchor="mm")

    def copy(self):
        """A sheet with the same drawing, to continue on."""
        sheet = Sheet(self.width, self.height)
        sheet._image.paste(self._image)
        return sheet

    def pixels(self):
        """What is drawn so far, as a (2 height, 2 width, 3) uint8 array."""
        return np.asarray(self._image)


def number(value, form="{:g}"):
    """A number with a true minus sign, and no minus before a zero."""
    text = form.format(value + 0.0)
    return text.replace("-", "\N{MINUS SIGN}")


def signed_colors(values, top):
    """(..., 3) uint8 colours of numbers: blue below 0, white at 0, red above, saturated at -top and top."""
    return _colors(np.asarray(values) / (2 * top) + 0.5, "RdBu_r")


def grey_colors(values, low, high):
    """(..., 3) uint8 greys of numbers, black at `low` and white at `high`."""
    return _colors((np.asarray(values) - low) / (high - low), "gray")


def jpeg(pixels):
    """JPEG bytes of a drawing, (H, W, 3) uint8, with its colours at full resolution: text stays sharp, no hue is lost.

    A photograph or a wheel of colours has more than 256 colours; this keeps them, in a third of the time of a PNG.
    """
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=92, subsampling=0)
    return out.getvalue()


def png(pixels):
    """PNG bytes of a drawing, (H, W, 3) uint8 with a white corner, in 256 colours; packed fast rather than tight.

    For numbers, lines and few colours: a fifth of the bytes of a JPEG. What has many colours would show bands.
    """
    out = io.BytesIO()
    image = Image.fromarray(pixels).quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette, paper = image.getpalette(), image.getpixel((image.width - 1, image.height - 1))
    palette[3 * paper : 3 * paper + 3] = [255, 255, 255]  # the fast method makes white a light grey
    image.putpalette(palette)
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _colors(shares, name):
    return matplotlib.colormaps[name](np.clip(shares, 0.0, 1.0), bytes=True)[..., :3]


@functools.lru_cache(maxsize=32)
def _font(size, bold):
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"  # the typeface of the figures; matplotlib brings it
    return ImageFont.truetype(str(pathlib.Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), round(size))
