"""VOT's measures: how well a tracker fits, how often it is lost, and both in one figure.

Kristan et al., "A Novel Performance Evaluation Methodology for Single-Target Trackers", TPAMI 2016, and the reports of
the challenges. A tracker that has failed is started anew.
"""

import math

import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.metrics.tracking.frames import per_frame
from course_lib.ops.polygons import polygon_iou, region_overlap

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
        overlap = per_frame(overlap, "overlap").nan_to_num(0)
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


def _code(entry):
    """VOT's code of an entry, or None for a region: a number, or one alone in a list as in pysot."""
    values = torch.as_tensor(entry).flatten()
    return int(values[0]) if len(values) == 1 else None
