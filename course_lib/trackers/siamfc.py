"""The tracker of SiamFC: features of the exemplar once, then one pass per frame over search images at several scales.

L. Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", 2016, Sections 2.1 and 4.1. Nothing is
learned while it tracks: the exemplar is the first frame's, for ever.

In every frame: cut out square search images about the last position, at 3 or 5 scales; respond; enlarge the responses
16 times (bicubic); take the scale with the highest peak, where all but the unchanged one are multiplied by a penalty
below 1; mix with a cosine window; the maximum's place says how far the object went; let the size follow with inertia.

Two public codes do this, and differ in details that move a box by parts of a pixel. `CONVENTIONS` names them:
"matlab" (the authors'), "pytorch" (the one that most people run), and "exact", ours, which cuts between pixels and so
also serves for small frames.
"""

from dataclasses import dataclass

import torch
from torch.nn.functional import interpolate, pad

from course_lib.errors import CourseError
from course_lib.models.siamfc import preprocess
from course_lib.ops.boxes import center, crop, from_center, scale, with_context
from course_lib.ops.response_maps import enlarge, hann_window, peak_displacement, windowed
from course_lib.trackers.protocol import Tracker

ENLARGED = 16  # bicubic interpolation of the response: 17 -> 272 cells
SMALLEST, LARGEST = 0.2, 5.0  # sides of the search region, as multiples of the first


@dataclass(frozen=True)
class ScaleSearch:
    """How sizes are searched, and how strong the window is; tuned together by the authors.

    number: of scales. step: factor from one to the next. penalty: what the responses of changed scales are multiplied
    by. rate: how far the size goes towards the winning scale. window: influence of the cosine window.
    """

    number: int
    step: float
    penalty: float
    rate: float
    window: float

    def factors(self):
        """(number,) factors about 1, ascending."""
        half = self.number // 2
        return self.step ** torch.linspace(-half, half, self.number, dtype=torch.float64)


SCALES = {
    1: ScaleSearch(1, step=1.0, penalty=1.0, rate=0.0, window=0.176),
    3: ScaleSearch(3, step=1.0375, penalty=0.9745, rate=0.59, window=0.176),  # SiamFC-3s, the default of both codes
    5: ScaleSearch(5, step=1.0255, penalty=0.962, rate=0.34, window=0.168),  # SiamFC
}


@dataclass(frozen=True)
class Convention:
    """Details in which codes differ.

    whole_pixels: the square to cut out is rounded to whole pixels, and the crop to whole levels of 0..255.
    scaled_step: the winning scale's factor enters the displacement, as its search image was larger by it.
    middle: what counts as the centre of an enlarged map of n cells, numbered from 0: (n - 1) / 2, or n / 2 - 1, which
        is ceil(n / 2) where cells are numbered from 1: a quarter of a pixel of the search image off, always the same.
    saturates: the search region stays between 0.2 and 5 times its first side.
    """

    whole_pixels: bool
    scaled_step: bool
    middle: float
    saturates: bool


CONVENTIONS = {
    "exact": Convention(whole_pixels=False, scaled_step=True, middle=0.5, saturates=True),
    "pytorch": Convention(whole_pixels=True, scaled_step=True, middle=0.5, saturates=False),
    "matlab": Convention(whole_pixels=True, scaled_step=False, middle=1.0, saturates=True),
}


class SiamFCTracker(Tracker):
    """Follow an object with a trained network, which stays as it is.

    Args:
        network: a `SiamFC`. It is put into evaluation mode, and stays on its device.
        scales: 1, 3 or 5, or a `ScaleSearch`.
        convention: "exact", "pytorch" or "matlab" (`CONVENTIONS`).
    Attributes:
        searched: (4,) box of the last search region, at the winning scale.
        response: (H', W') the last map at the winning scale, enlarged, without the window.
    Raises:
        CourseError: for other scales or conventions.
    """

    name = "SiamFC"

    def __init__(self, network, scales=3, convention="exact"):
        if convention not in CONVENTIONS:
            raise CourseError(f"convention is {convention!r}, expected one of {', '.join(map(repr, CONVENTIONS))}.")
        if not isinstance(scales, ScaleSearch) and scales not in SCALES:
            raise CourseError(f"scales is {scales!r}, expected 1, 3, 5 or a ScaleSearch of your own.")
        self.network = network.eval()
        self.search = scales if isinstance(scales, ScaleSearch) else SCALES[scales]
        self.convention = CONVENTIONS[convention]
        self.device = next(network.parameters()).device

    @torch.no_grad()
    def start(self, frame, box):
        frame, self.box = frame.to(self.device), box.double()
        self.fill = frame.mean((1, 2))  # outside of the frame, in the first frame as in all later ones
        exemplar = with_context(self.box)
        self.exemplar = self.network.features(self._crops(frame, exemplar[None], self.network.exemplar))
        self.region = scale(exemplar, self.network.search / self.network.exemplar)  # of the search, at scale 1
        self.first_side = float(self.region[2])

    @torch.no_grad()
    def follow(self, frame):
        """The score is the highest response: a logit, for "the object is here"."""
        search, convention, network = self.search, self.convention, self.network
        factors = search.factors()
        regions = scale(self.region.expand(search.number, 4), factors)
        images = self._crops(frame.to(self.device), regions, network.search)
        responses = enlarge(network.match(self.exemplar, network.features(images)), ENLARGED)[:, 0]
        peaks = responses.amax((1, 2)).cpu() * torch.where(factors == 1, 1.0, search.penalty)
        best = int(peaks.argmax())
        self.response, self.searched = responses[best], regions[best]

        window = hann_window(self.response.shape, self.device)
        mixed = windowed(self.response, window, search.window)
        side = self.region[2] * (factors[best] if convention.scaled_step else 1.0)
        pixels = network.stride / ENLARGED * side / network.search  # of the frame per cell of the enlarged map
        middle = [n / 2 - convention.middle for n in reversed(mixed.shape)]
        moved = center(self.box) + peak_displacement(mixed, pixels, middle)

        growth = 1 + search.rate * (float(factors[best]) - 1)
        self.box = from_center(moved, self.box[2:] * growth)
        self.region = from_center(moved, (self.region[2:] * growth).clamp(*self._limits()))
        return self.box, peaks[best]

    def _limits(self):
        bounds = (SMALLEST, LARGEST) if self.convention.saturates else (0.0, float("inf"))
        return [bound * self.first_side for bound in bounds]

    def _crops(self, frame, boxes, size):
        """(N, 3, size, size), 0..255, of square boxes."""
        if self.convention.whole_pixels:
            return torch.cat([whole_pixel_crop(preprocess(frame), box, size, 255 * self.fill) for box in boxes])
        return preprocess(crop(frame, boxes.to(frame), size, self.fill))


def whole_pixel_crop(frame, box, size, fill):
    """The square box, rounded to whole pixels, resized bilinearly, and rounded to levels: as both codes cut out.

    Args:
        frame: (3, H, W), 0..255. box: (4,), a square. size: rows and columns of the crop. fill: (3,), outside.
    Returns:
        (1, 3, size, size), whole numbers as floats.
    """
    height, width = frame.shape[1:]
    side = round(float(box[2]))
    left, top = (round(float(middle) - side / 2) for middle in center(box))
    inside = frame[:, max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)]
    fill = fill.round()[:, None, None]
    outside = (max(-left, 0), max(left + side - width, 0), max(-top, 0), max(top + side - height, 0))
    padded = pad(inside - fill, [min(n, side) for n in outside]) + fill
    return interpolate(padded[None], size=(size, size), mode="bilinear", align_corners=False).round()
