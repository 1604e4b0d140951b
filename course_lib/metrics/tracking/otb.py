"""OTB's measures: curves over thresholds of the overlap and of the distance between the middles.

Wu, Lim and Yang, "Object Tracking Benchmark", TPAMI 2015.
"""

from dataclasses import dataclass

import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.metrics.tracking.frames import center_errors, normalized_center_errors, overlaps, paired, per_frame

OVERLAPS = 21  # thresholds of the success curve: 0, 0.05 ... 1
PIXELS = 51  # thresholds of the precision curve: 0, 1 ... 50 pixels; normalised: 0, 0.01 ... 0.5
HEADLINE = 20  # pixels at which OTB quotes precision


@dataclass(frozen=True, eq=False)  # == of tensors has no one answer
class OTBScores:
    """One pass over one sequence, or the mean over several.

    Attributes:
        success_curve: (21,), share of frames whose overlap is above 0, 0.05 ... 1.
        precision_curve: (51,), share of frames whose middle is at most 0, 1 ... 50 pixels off.
        normalized_curve: (51,), the same with distances in units of the true width and height, 0, 0.01 ... 0.5.
    """

    success_curve: torch.Tensor
    precision_curve: torch.Tensor
    normalized_curve: torch.Tensor

    @property
    def auc(self):
        """Area under the success curve, OTB's first figure. A perfect tracker has 20/21: nothing overlaps above 1."""
        return self.success_curve.mean().item()

    @property
    def success_rate(self):
        """Share of frames whose overlap is above one half."""
        return self.success_curve[OVERLAPS // 2].item()

    @property
    def precision(self):
        """Share of frames whose middle is at most 20 pixels off."""
        return self.precision_curve[HEADLINE].item()

    @property
    def normalized_precision(self):
        """Area under the normalised precision curve (TrackingNet, Mueller et al. 2018)."""
        return self.normalized_curve.mean().item()


def success_curve(overlap, thresholds=OVERLAPS):
    """Share of frames whose overlap is *above* each threshold.

    Args:
        overlap: (T,). thresholds: how many, from 0 to 1; OTB takes 21, GOT-10k 101.
    Returns:
        (thresholds,) float64.
    """
    # Written as NumPy's linspace does it: torch's meets 0.15 from the other side in the last bit.
    levels = torch.arange(thresholds, dtype=torch.float64) * (1 / (thresholds - 1))
    return (per_frame(overlap, "overlap")[:, None] > levels).double().mean(0)


def precision_curve(errors, thresholds=None):
    """Share of frames whose error is *at most* each threshold.

    Args:
        errors: (T,), pixels or another unit. thresholds: (N,), by default 0, 1 ... 50.
    Returns:
        (N,) float64.
    """
    thresholds = torch.arange(PIXELS) if thresholds is None else torch.as_tensor(thresholds)
    return (per_frame(errors, "errors")[:, None] <= thresholds.double()).double().mean(0)


def otb_scores(boxes, truth, centers="edges", first="as given"):
    """OTB's measures of one sequence.

    Args:
        boxes, truth: (T, 4).
        centers: as for `center_errors`; the published numbers of the got10k toolkit take "got10k".
        first: "as given", or "truth": frame 0 counts as perfect whatever the file says, as got10k has it.
    Returns:
        OTBScores.
    Raises:
        ShapeError: if the two are not both (T, 4) with T at least 1.
    """
    boxes, truth = paired(boxes, truth)
    if first not in ("as given", "truth"):
        raise CourseError(f'first={first!r} is unknown: use "as given" or "truth".')
    if first == "truth":
        boxes = torch.cat([truth[:1], boxes[1:]])
    return OTBScores(
        success_curve(overlaps(boxes, truth)),
        precision_curve(center_errors(boxes, truth, centers)),
        precision_curve(normalized_center_errors(boxes, truth, centers), torch.arange(PIXELS) / 100),
    )


def mean_otb_scores(scores):
    """The mean over sequences: each counts once, be it long or short.

    Args:
        scores: OTBScores, at least one.
    Returns:
        OTBScores.
    """
    scores = list(scores)
    if not scores:
        raise ShapeError("There is no sequence to average over.")
    curves = ("success_curve", "precision_curve", "normalized_curve")
    return OTBScores(*(torch.stack([getattr(score, curve) for score in scores]).mean(0) for curve in curves))
