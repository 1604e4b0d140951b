"""Template matching by normalised cross-correlation: what tracking was before features were learned.

The picture inside the first box, in grey, is slid over the surroundings of the last box. Where patch and template, each
less its mean and divided by its length, have the greatest product, the object is said to be (Lewis, "Fast Normalized
Cross-Correlation", 1995; scikit-image's `match_template`). It is blind to a change of brightness or contrast, and
helpless against a change of size, of view or of shape.
"""

import numpy as np
from skimage.feature import match_template

from course_lib.errors import CourseError
from course_lib.trackers.protocol import Tracker

GREY = np.array([0.299, 0.587, 0.114], np.float32)  # luma of ITU-R BT.601


class TemplateMatching(Tracker):
    """Normalised cross-correlation with the first frame's template; the size of the box never changes."""

    def __init__(self, search=3.0):
        """search: width and height of the region that is searched, as a multiple of the box; None: the whole frame."""
        if search is not None and not search > 1:
            raise CourseError(f"search is {search}: the region must be larger than the box, so above 1 (or None).")
        self.search = search

    def start(self, frame, box):
        x, y, w, h = box.tolist()
        rows, columns = frame.shape[1:]
        self.left, self.width = _pixels(x, w, columns)
        self.top, self.height = _pixels(y, h, rows)
        self.template = _grey(frame)[self.top : self.top + self.height, self.left : self.left + self.width]
        self.offset = box - box.new_tensor([self.left, self.top, 0, 0])  # of the box from the template's whole pixels

    def follow(self, frame):
        """The score is the correlation at its peak, at most 1."""
        grey = _grey(frame)
        top, bottom = self._region(self.top, self.height, grey.shape[0])
        left, right = self._region(self.left, self.width, grey.shape[1])
        correlation = match_template(grey[top:bottom, left:right], self.template)
        score = correlation.max()
        if score > 0:  # a template or a region without any contrast correlates with nothing: then stay
            row, column = np.unravel_index(correlation.argmax(), correlation.shape)
            self.top, self.left = top + int(row), left + int(column)
        return self.offset + self.offset.new_tensor([self.left, self.top, 0, 0]), score

    def _region(self, start, length, limit):
        """First and last pixel, exclusive, of what is searched along one axis."""
        if self.search is None:
            return 0, limit
        margin = int(np.ceil((self.search - 1) / 2 * length))
        return max(start - margin, 0), min(start + length + margin, limit)


def _grey(frame):
    return np.tensordot(GREY, frame.cpu().numpy(), 1)  # (H, W)


def _pixels(start, length, limit):
    """Whole pixels under a box along one axis, inside the frame: first, and how many (at least one)."""
    first = min(max(round(start), 0), limit - 1)
    return first, max(min(round(start + length), limit) - first, 1)
