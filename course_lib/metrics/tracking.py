"""How good a tracker is: the measures of OTB, GOT-10k and VOT.

All compare the found box with the true one in every frame of a video. They differ in what they make of the overlaps and
the distances: OTB (Wu, Lim and Yang, TPAMI 2015) draws curves over thresholds, GOT-10k (Huang, Zhao and Huang, TPAMI
2021) takes the mean, VOT (Kristan et al., TPAMI 2016, and the reports of the challenges) starts a tracker anew after a
failure and so tells how well it fits from how often it is lost. `track`, `track_with_resets` and `evaluate` of
`course_lib.trackers.evaluate` give what is measured here.

The numbers are those of the public toolkits, got10k and pysot, to the last digit; where those two and the plain
definition part, an option says so.
"""

import math
from dataclasses import dataclass

import torch

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.ops.boxes import center, iou
from course_lib.ops.polygons import polygon_iou, region_overlap

OVERLAPS = 21  # thresholds of the success curve: 0, 0.05 ... 1
PIXELS = 51  # thresholds of the precision curve: 0, 1 ... 50 pixels; normalised: 0, 0.01 ... 0.5
HEADLINE = 20  # pixels at which OTB quotes precision
BURN_IN = 10  # frames after each start that VOT's accuracy leaves out: the tracker was just told where the object is
RESTART = 5  # frames from a failure to the next start under VOT's protocol
SENSITIVITY = 30  # frames after which VOT's reliability asks whether a tracker is still there
EAO_RANGES = {  # lengths of sequences that are typical of each year's data, frames, both included
    2015: (108, 371),
    2016: (108, 371),
    2017: (100, 356),
    2018: (100, 356),
    2019: (46, 291),
}
MULTI_START = 2020  # from here on VOT starts trackers at several anchors instead of after failures
FAILURE = 2  # VOT's codes: 0 nothing tracked, 1 started, 2 failed
START = 1


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


@dataclass(frozen=True)
class GOTScores:
    """GOT-10k: average overlap, and success rates at overlaps of 0.5 and 0.75, each in 0..1."""

    ao: float
    sr50: float
    sr75: float


def center_errors(boxes, truth, centers="edges"):
    """Distance between the middles in pixels.

    Args:
        boxes, truth: (T, 4).
        centers: "edges", x + w / 2; or "got10k", x + (w - 1) / 2 as in that toolkit, for boxes that count whole
            pixels. They differ by half the difference of the widths.
    Returns:
        (T,) float64.
    """
    return _offsets(*_paired(boxes, truth), centers).norm(dim=-1)


def normalized_center_errors(boxes, truth, centers="edges"):
    """The same, where x counts in true widths and y in true heights: (T,) float64, inf where the truth is empty."""
    boxes, truth = _paired(boxes, truth)
    offsets = _offsets(boxes, truth, centers)
    size = truth[:, 2:]
    return torch.where(size > 0, offsets / size, torch.inf).norm(dim=-1)


def overlaps(boxes, truth, size=None, clip="cut"):
    """Overlap in every frame.

    Args:
        boxes, truth: (T, 4).
        size: (width, height) of the frame, outside of which nothing counts; None: no limit.
        clip: "cut" what is outside off; or "got10k", as that toolkit has it: a box that begins left of the frame, or
            above it, is first moved to the edge without getting smaller.
    Returns:
        (T,) float64 in 0..1.
    """
    boxes, truth = _paired(boxes, truth)
    if size is not None:
        boxes, truth = (_inside(found, size, clip) for found in (boxes, truth))
    return iou(boxes, truth)


def success_curve(overlap, thresholds=OVERLAPS):
    """Share of frames whose overlap is *above* each threshold.

    Args:
        overlap: (T,). thresholds: how many, from 0 to 1; OTB takes 21, GOT-10k 101.
    Returns:
        (thresholds,) float64.
    """
    # Written as NumPy's linspace does it: torch's meets 0.15 from the other side in the last bit.
    levels = torch.arange(thresholds, dtype=torch.float64) * (1 / (thresholds - 1))
    return (_values(overlap, "overlap")[:, None] > levels).double().mean(0)


def precision_curve(errors, thresholds=None):
    """Share of frames whose error is *at most* each threshold.

    Args:
        errors: (T,), pixels or another unit. thresholds: (N,), by default 0, 1 ... 50.
    Returns:
        (N,) float64.
    """
    thresholds = torch.arange(PIXELS) if thresholds is None else torch.as_tensor(thresholds)
    return (_values(errors, "errors")[:, None] <= thresholds.double()).double().mean(0)


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
    boxes, truth = _paired(boxes, truth)
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


def got10k_scores(boxes, truth, size=None, skip_first=False, visible=None, clip="got10k"):
    """GOT-10k's measures of one sequence, or of several that were strung together.

    The toolkit and the server leave out the first frame, cut boxes at the frame (size=...) and count only frames in
    which the object is visible.

    Args:
        boxes, truth: (T, 4).
        size, clip: as for `overlaps`.
        skip_first: whether frame 0, in which the box was given, is left out.
        visible: (T,) share or bool; frames where it is 0 are left out (cover.label of the data set).
    Returns:
        GOTScores.
    Raises:
        ShapeError: if shapes do not fit, or no frame is left.
    """
    overlap = overlaps(boxes, truth, size, clip)
    counts = torch.ones(len(overlap), dtype=torch.bool)
    if visible is not None:
        check_shape(visible, "T", "visible")
        if len(visible) != len(overlap):
            raise ShapeError(f"visible has {len(visible)} values for {len(overlap)} frames.")
        counts = torch.as_tensor(visible).cpu() > 0
    if skip_first:
        counts[0] = False
    return mean_got10k_scores([overlap[counts]])


def mean_got10k_scores(sequences, classes=None):
    """GOT-10k's measures of many sequences from their overlaps.

    Args:
        sequences: (T,) overlaps of each sequence, without the frames that do not count.
        classes: one name per sequence: the mean is then taken over the sequences of each class of objects, and over
            the classes, as the test server does, so that the many people do not outweigh the rest. None: over all
            frames together, as the toolkit does on the validation set.
    Returns:
        GOTScores.
    """
    sequences = [_values(overlap, "overlap") for overlap in sequences]
    if classes is None:
        groups = [[torch.cat(sequences)]] if sequences else []
    elif len(classes) == len(sequences):
        groups = [
            [overlap for overlap, other in zip(sequences, classes, strict=True) if other == name]
            for name in dict.fromkeys(classes)
        ]
    else:
        raise ShapeError(f"There are {len(classes)} classes for {len(sequences)} sequences.")
    if not groups or any(len(overlap) == 0 for group in groups for overlap in group):
        raise ShapeError("No frame is left to measure in.")
    means = [torch.tensor([_got10k_row(overlap) for overlap in group], dtype=torch.float64).mean(0) for group in groups]
    return GOTScores(*torch.stack(means).mean(0).tolist())


def _got10k_row(overlap):
    return [overlap.mean().item(), (overlap > 0.5).double().mean().item(), (overlap > 0.75).double().mean().item()]


def vot_failures(trajectory):
    """Frames in which the tracker failed.

    Args:
        trajectory: one entry per frame: a code 0, 1, 2 or a region of 4 or more numbers, as `track_with_resets` gives
            and VOT's files hold.
    Returns:
        list of frame numbers from 0.
    """
    return [frame for frame, entry in enumerate(trajectory) if _code(entry) == FAILURE]


def vot_overlaps(trajectory, truth, burn_in=0, size=None, rule="pixels"):
    """Overlap in every frame of a trajectory with resets.

    Args:
        trajectory: as for `vot_failures`.
        truth: a region per frame, (T, 4), (T, 8) or a list.
        burn_in: so many frames from each start on are left out, the frame of the start among them.
        size: (width, height) of the frame, outside of which nothing counts; pysot passes it for accuracy, and
            (width - 1, height - 1) for EAO.
        rule: "pixels" as VOT and pysot count, `region_overlap`; or "area", `polygon_iou`.
    Returns:
        (T,) float64; nan where there is a code instead of a region, or burn-in.
    """
    if len(trajectory) != len(truth):
        raise ShapeError(f"The trajectory has {len(trajectory)} frames, the truth {len(truth)}.")
    if rule not in ("pixels", "area"):
        raise CourseError(f'rule={rule!r} is unknown: use "pixels" or "area".')
    measure = region_overlap if rule == "pixels" else polygon_iou
    left_out, result = 0, []
    for entry, region in zip(trajectory, truth, strict=True):
        code = _code(entry)
        left_out = burn_in if code == START else left_out - 1
        result.append(math.nan if code is not None or left_out > 0 else measure(entry, region, size))
    return torch.tensor(result, dtype=torch.float64)


def vot_accuracy(trajectory, truth, burn_in=BURN_IN, size=None, rule="pixels"):
    """Mean overlap while the tracker follows; arguments as for `vot_overlaps`. nan if no frame counts.

    Over several sequences, VOT takes the mean over all their frames together: `vot_overlaps`, strung together, nanmean.
    """
    return vot_overlaps(trajectory, truth, burn_in, size, rule).nanmean().item()


def vot_robustness(failures, frames, form="failures"):
    """How often a tracker fails.

    Args:
        failures: how many, in all sequences together.
        frames: how many frames these have.
        form: "failures", the number itself; "per 100 frames", as pysot's tables; "reliability",
            exp(-30 failures / frames), the chance to be still there after 30 frames.
    Returns:
        float; the less the better, but for "reliability".
    """
    forms = {
        "failures": lambda rate: float(failures),
        "per 100 frames": lambda rate: 100 * rate,
        "reliability": lambda rate: math.exp(-SENSITIVITY * rate),
    }
    if form not in forms:
        raise CourseError(f"form={form!r} is unknown: use one of {', '.join(map(repr, forms))}.")
    if frames < 1:
        raise ShapeError(f"frames is {frames}: expected at least 1.")
    return forms[form](failures / frames)


def expected_overlap_curve(runs, restart=RESTART):
    """Mean overlap to be expected of a tracker on a sequence of each length, if nobody helps it up again.

    A run with resets is cut into the pieces between the starts. A piece that ended with a failure goes on with
    overlaps of 0 for ever; one that was ended by the end of the video says nothing about longer sequences, and leaves
    the mean there. As in pysot, a failure so near the end that no start follows counts as the end of the video.

    Args:
        runs: (overlaps, failures) of every run over every sequence, from `vot_overlaps` and `vot_failures`.
        restart: frames from a failure to the next start.
    Returns:
        (N,) float64: entry n is the mean over the frames 1 to n of a piece, frame 0 being its start; entry 0 is 1. N is
        the length of the longest run.
    """
    pieces, weights = [], []
    longest = max((len(overlap) for overlap, _ in runs), default=0)
    if longest == 0:
        raise ShapeError("There is no run to expect anything from.")
    for overlap, failures in runs:
        overlap = _values(overlap, "overlap").nan_to_num(0)
        starts = [0] + [frame + restart for frame in failures if frame + restart <= len(overlap)]
        for start, end in zip(starts, [*starts[1:], None], strict=True):
            failed = end is not None
            seen = overlap[start : end + 1 if failed else None]  # up to the next start, which counts 0 like the wait
            piece = torch.full((longest,), 0.0 if failed else math.nan, dtype=torch.float64)
            piece[: len(seen)] = seen
            pieces.append(piece)
            # pysot weighs by the share of the piece that exists: below 1 only if the next start is just behind the end.
            weights.append(len(seen) / (end + 1 - start) if failed else 1.0)
    pieces, weights = torch.stack(pieces), torch.tensor(weights, dtype=torch.float64)
    known = ~pieces.isnan()
    means = pieces[:, 1:].nan_to_num(0).cumsum(1) / torch.arange(1, longest)
    weights = known[:, 1:] * weights[:, None]  # the longest run has a piece of every length, so their sum is never 0
    curve = (means * weights).sum(0) / weights.sum(0)
    return torch.cat([torch.ones(1, dtype=torch.float64), curve])


def expected_average_overlap(runs, year=None, low=None, high=None, restart=RESTART):
    """EAO, the figure by which VOT ranks: the mean of `expected_overlap_curve` over typical lengths.

    Args:
        runs, restart: as for `expected_overlap_curve`; VOT makes 15 runs over each sequence.
        year: of the challenge, for its range of lengths; or
        low, high: the range, in frames, both included.
    Returns:
        float in 0..1.
    Raises:
        CourseError: for a year without a range, or if no run is as long as `low`.
    """
    if year is not None and low is None and high is None:
        if year not in EAO_RANGES:
            newer = " From 2020 on VOT starts trackers at several anchors instead." if year >= MULTI_START else ""
            raise CourseError(f"year={year}: there are ranges for {', '.join(map(str, EAO_RANGES))}.{newer}")
        low, high = EAO_RANGES[year]
    elif year is not None or low is None or high is None:
        raise CourseError("Give either the year, or both low and high.")
    if not 1 <= low <= high:
        raise CourseError(f"low={low}, high={high}: expected 1 <= low <= high.")
    curve = expected_overlap_curve(runs, restart)[low - 1 : high]  # a length of n is entry n - 1
    if len(curve) == 0:
        raise CourseError(
            f"No run is {low} frames long, so nothing is known about sequences of {low} to {high} frames. Pass low and "
            "high that fit yours; such an EAO compares with no published one."
        )
    return curve.mean().item()


def _paired(boxes, truth):
    """Both as float64 on the CPU, (T, 4)."""
    boxes, truth = (torch.as_tensor(value).detach().cpu().double() for value in (boxes, truth))
    if check_shape(boxes, "T 4", "boxes") != check_shape(truth, "T 4", "truth"):
        raise ShapeError(f"There are boxes of {len(boxes)} frames and true ones of {len(truth)}: expected as many.")
    if len(boxes) == 0:
        raise ShapeError("boxes has no frame, so there is nothing to average.")
    return boxes, truth


def _code(entry):
    """VOT's code of an entry, or None for a region: a number, or one alone in a list as in pysot."""
    values = torch.as_tensor(entry).flatten()
    return int(values[0]) if len(values) == 1 else None


def _values(values, name):
    values = torch.as_tensor(values).detach().cpu().double()
    check_shape(values, "T", name)
    return values


def _offsets(boxes, truth, centers):
    if centers not in ("edges", "got10k"):
        raise CourseError(f'centers={centers!r} is unknown: use "edges" or "got10k".')
    offsets = center(boxes) - center(truth)
    if centers == "got10k":  # as that toolkit computes it, so that the last bit is the same too
        offsets = (boxes[:, :2] + (boxes[:, 2:] - 1) / 2) - (truth[:, :2] + (truth[:, 2:] - 1) / 2)
    return offsets


def _inside(boxes, size, clip):
    limit = torch.tensor(size, dtype=torch.float64)
    low = torch.minimum(boxes[:, :2].clamp(min=0), limit)
    if clip == "cut":
        high = torch.minimum((boxes[:, :2] + boxes[:, 2:]).clamp(min=0), limit)
        return torch.cat([low, high - low], 1)
    if clip == "got10k":
        return torch.cat([low, torch.minimum(boxes[:, 2:].clamp(min=0), limit - low)], 1)
    raise CourseError(f'clip={clip!r} is unknown: use "cut" or "got10k".')
