"""Tracking measures: equal to the got10k and pysot toolkits (tracking_metrics.npz), by hand, and EAO in plain loops."""

import math

import numpy as np
import pytest
import torch
from reference import FIXTURES

from course_lib.errors import CourseError, ShapeError
from course_lib.metrics.tracking import (
    EAO_RANGES,
    center_errors,
    expected_average_overlap,
    expected_overlap_curve,
    got10k_scores,
    mean_got10k_scores,
    mean_otb_scores,
    normalized_center_errors,
    otb_scores,
    overlaps,
    success_curve,
    vot_accuracy,
    vot_failures,
    vot_overlaps,
    vot_robustness,
)
from course_lib.ops.polygons import region_overlap

BOX = (10.0, 10, 10, 10)


@pytest.fixture(scope="module")
def stored():
    return {name: torch.from_numpy(value) for name, value in np.load(FIXTURES / "tracking_metrics.npz").items()}


def close(ours, theirs, tolerance=1e-12):
    return torch.allclose(torch.as_tensor(ours, dtype=torch.float64), theirs, rtol=0, atol=tolerance)


def test_overlaps_and_distances_equal_the_toolkits(stored):
    boxes, truth = stored["pred"], stored["gt"]
    assert close(overlaps(boxes, truth), stored["iou"])
    assert close(overlaps(boxes, truth, size=(40, 36), clip="got10k"), stored["iou_bounded_40x36"])
    assert close(center_errors(boxes, truth, "got10k"), stored["center_error"])
    assert close(normalized_center_errors(boxes, truth, "got10k"), stored["norm_center_error"])


def test_otb_equals_got10k_and_pysot(stored):
    scores = otb_scores(stored["pred"], stored["gt"], centers="got10k")
    assert torch.equal(scores.success_curve, stored["otb_success_curve21"])
    assert torch.equal(scores.success_curve, stored["pysot_success21"])
    assert torch.equal(scores.precision_curve, stored["otb_precision_curve51"])
    assert torch.equal(scores.precision_curve, stored["pysot_precision51"])
    assert close(scores.auc, stored["otb_success_score_auc"])
    assert close(scores.precision, stored["otb_precision20"])
    assert close(scores.success_rate, stored["otb_success_rate50"])


def test_got10k_equals_its_toolkit(stored):
    scores = got10k_scores(stored["pred"], stored["gt"])
    assert close(scores.ao, stored["got_ao"])
    assert (scores.sr50, scores.sr75) == (stored["got_sr50"].item(), stored["got_sr75"].item())
    assert torch.equal(success_curve(stored["iou"], 101), stored["got_succ_curve101"])


def test_a_perfect_tracker_has_an_area_of_20_in_21():
    boxes = torch.tensor([BOX] * 5)
    scores = otb_scores(boxes, boxes)
    assert scores.auc == pytest.approx(20 / 21)
    assert scores.precision == scores.success_rate == scores.normalized_precision == 1


def test_a_threshold_is_passed_above_for_overlap_and_at_for_distance():
    truth = torch.tensor([BOX])
    assert otb_scores(torch.tensor([(10.0, 10, 5, 10)]), truth).success_rate == 0  # an overlap of 0.5 is not above 0.5
    assert otb_scores(torch.tensor([(30.0, 10, 10, 10)]), truth).precision == 1  # 20 pixels are at most 20
    assert otb_scores(torch.tensor([(30.1, 10, 10, 10)]), truth).precision == 0


def test_middles_between_edges_or_pixels():
    boxes, truth = torch.tensor([(10.0, 10, 20, 10)]), torch.tensor([BOX])
    assert center_errors(boxes, truth).tolist() == [5] == center_errors(boxes, truth, "got10k").tolist()
    assert normalized_center_errors(boxes, truth).tolist() == [0.5]
    assert normalized_center_errors(boxes, torch.tensor([(10.0, 10, 0, 10)])).tolist() == [math.inf]


def test_normalized_precision_by_hand():
    """3 right of a width of 10 and 4 down of a height of 20: 0.36 of the box, so 14 of 51 thresholds pass."""
    scores = otb_scores(torch.tensor([(3.0, 4, 10, 20)]), torch.tensor([(0.0, 0, 10, 20)]))
    assert (scores.normalized_curve == 1).sum() == 51 - 37
    assert scores.normalized_precision == pytest.approx(14 / 51)


def test_the_first_frame_as_given_or_true():
    truth = torch.tensor([BOX] * 4)
    boxes = truth.clone()
    boxes[0] = 0
    assert otb_scores(boxes, truth).success_rate == 0.75 and otb_scores(boxes, truth, first="truth").success_rate == 1
    assert got10k_scores(boxes, truth).ao == 0.75 and got10k_scores(boxes, truth, skip_first=True).ao == 1
    assert got10k_scores(boxes, truth, visible=torch.tensor([0, 8, 8, 0])).ao == 1


def test_what_is_outside_the_frame():
    truth, box = torch.tensor([(-4.0, 0, 8, 4)]), torch.tensor([(0.0, 0, 8, 4)])
    assert overlaps(box, truth).item() == pytest.approx(4 / 12)
    assert overlaps(box, truth, size=(20, 20)).item() == pytest.approx(4 / 8)
    assert overlaps(box, truth, size=(20, 20), clip="got10k").item() == 1  # moved in, and as wide as it was
    assert overlaps(box + 100, truth + 100, size=(20, 20)).item() == 0


def test_means_over_sequences():
    truth = torch.tensor([BOX] * 4)
    good, bad = otb_scores(truth, truth), otb_scores(truth + 100, truth)
    assert mean_otb_scores([good, bad, bad]).auc == pytest.approx(20 / 21 / 3)
    long, short = torch.ones(8), torch.zeros(2)
    assert mean_got10k_scores([long, short]).ao == pytest.approx(0.8)  # all frames together
    assert mean_got10k_scores([long, short], ["dog", "cat"]).ao == 0.5
    assert mean_got10k_scores([long, short, short], ["dog", "cat", "dog"]).ao == pytest.approx((0.5 + 0) / 2)


def trajectory_by_hand():
    """60 frames: started in 0 and 25, lost in 20; two pixels beside the truth while it is followed."""
    truth = torch.tensor([BOX] * 60) + torch.arange(60)[:, None] * torch.tensor([1.0, 0.5, 0, 0])
    entries = [box + torch.tensor([2.0, 0, 0, 0]) for box in truth]
    entries[0] = entries[25] = 1
    entries[20], entries[21:25] = 2, [0] * 4
    return entries, truth


def test_vot_accuracy_leaves_out_codes_and_burn_in():
    entries, truth = trajectory_by_hand()
    assert vot_failures(entries) == [20]
    assert vot_failures([[entry] if isinstance(entry, int) else entry.tolist() for entry in entries]) == [20]
    plain, burnt = vot_overlaps(entries, truth), vot_overlaps(entries, truth, burn_in=10)
    assert plain.isnan().nonzero().flatten().tolist() == [0, *range(20, 26)]
    assert burnt.isnan().nonzero().flatten().tolist() == [*range(10), *range(20, 35)]
    # Of 11 x 11 points each, 9 columns are shared.
    assert vot_accuracy(entries, truth, burn_in=0) == pytest.approx(9 / 13)
    assert vot_overlaps(entries, truth, rule="area")[5].item() == pytest.approx(8 / 12)
    entries[5] = truth[5]
    assert vot_accuracy(entries, truth) == pytest.approx(9 / 13)  # frame 5 is within burn-in
    assert vot_accuracy(entries, truth, burn_in=0) > 9 / 13


def test_vot_takes_polygons():
    truth = [(10, 5, 20, 10, 15, 20, 5, 15)] * 3
    entries = [1, truth[0], (8.0, 8, 9, 9)]
    found = vot_overlaps(entries, truth, size=(50, 50))
    assert found[1] == 1 and found[2].item() == region_overlap(entries[2], truth[2], (50, 50))


def test_robustness():
    assert vot_robustness(3, 600) == 3
    assert vot_robustness(3, 600, "per 100 frames") == 0.5
    assert vot_robustness(3, 600, "reliability") == pytest.approx(math.exp(-30 * 3 / 600))


def curve_in_loops(runs, restart=5):
    """The definition, frame by frame."""
    longest = max(len(overlap) for overlap, _ in runs)
    pieces = []  # (overlaps, whether it ended with a failure)
    for overlap, failures in runs:
        start = 0
        for failure in failures:
            if failure + restart < len(overlap):
                pieces.append((overlap[start : failure + 1], True))
                start = failure + restart
        pieces.append((overlap[start:], False))
    curve = [1.0]
    for length in range(1, longest):
        means = []
        for piece, failed in pieces:
            values = [0 if math.isnan(value) else value for value in piece.tolist()]
            if failed:
                values += [0] * longest
            if len(values) > length:
                means.append(sum(values[1 : length + 1]) / length)
        curve.append(sum(means) / len(means))
    return curve


def random_run(frames, failures, seed):
    overlap = torch.rand(frames, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    overlap[0] = math.nan
    for failure in failures:
        overlap[failure : failure + 6] = math.nan
    return overlap, failures


def test_expected_overlap_is_that_of_the_definition():
    runs = [random_run(60, [20, 41], 0), random_run(45, [], 1), random_run(30, [10, 28], 2), random_run(50, [49], 3)]
    curve = expected_overlap_curve(runs)
    assert torch.allclose(curve, torch.tensor(curve_in_loops(runs), dtype=torch.float64))
    assert expected_average_overlap(runs, low=10, high=30) == pytest.approx(curve[9:30].mean().item())
    assert expected_average_overlap(runs, low=50, high=300) == pytest.approx(curve[49:].mean().item())


def test_expected_overlap_by_hand():
    """One run follows with 0.8 for ever; one follows with 0.5 for frames 1 to 4, and fails in frame 5."""
    whole = torch.tensor([math.nan] + [0.8] * 19)
    lost = torch.tensor([math.nan] + [0.5] * 4 + [math.nan] * 6 + [0.5] * 9)
    curve = expected_overlap_curve([(whole, []), (lost, [5])])
    assert curve[4].item() == pytest.approx((0.8 + 0.5 + 0.5) / 3)
    assert curve[8].item() == pytest.approx((0.8 + 4 * 0.5 / 8 + 0.5) / 3)
    assert curve[10].item() == pytest.approx((0.8 + 4 * 0.5 / 10) / 2)  # the second piece has 10 frames: it is over
    assert expected_average_overlap([(whole, [])], low=5, high=20) == pytest.approx(0.8)


def test_the_year_chooses_the_range():
    run = [(torch.cat([torch.tensor([math.nan]), torch.linspace(1, 0, 500)]), [])]
    curve = expected_overlap_curve(run)
    for year, (low, high) in EAO_RANGES.items():
        assert expected_average_overlap(run, year) == pytest.approx(curve[low - 1 : high].mean().item())
    assert (EAO_RANGES[2015], EAO_RANGES[2018], EAO_RANGES[2019]) == ((108, 371), (100, 356), (46, 291))


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: otb_scores(torch.zeros(3, 4), torch.zeros(2, 4)), ShapeError, "3 frames and true ones of 2"),
        (lambda: otb_scores(torch.zeros(0, 4), torch.zeros(0, 4)), ShapeError, "no frame"),
        (lambda: overlaps(torch.zeros(3, 5), torch.zeros(3, 4)), ShapeError, "expected"),
        (lambda: center_errors(torch.zeros(1, 4), torch.zeros(1, 4), "pixels"), CourseError, '"got10k"'),
        (lambda: otb_scores(torch.zeros(1, 4), torch.zeros(1, 4), first="skip"), CourseError, '"truth"'),
        (lambda: got10k_scores(torch.zeros(1, 4), torch.zeros(1, 4), skip_first=True), ShapeError, "No frame is left"),
        (lambda: got10k_scores(torch.zeros(2, 4), torch.zeros(2, 4), visible=torch.ones(3)), ShapeError, "3 values"),
        (lambda: overlaps(torch.zeros(1, 4), torch.zeros(1, 4), (9, 9), "off"), CourseError, '"cut"'),
        (lambda: mean_otb_scores([]), ShapeError, "no sequence"),
        (lambda: mean_got10k_scores([torch.ones(2)], ["a", "b"]), ShapeError, "2 classes for 1"),
        (lambda: vot_overlaps([1], [BOX, BOX]), ShapeError, "1 frames, the truth 2"),
        (lambda: vot_robustness(1, 10, "often"), CourseError, "reliability"),
        (lambda: expected_average_overlap([random_run(20, [], 0)], 2018), CourseError, "No run is 100 frames"),
        (lambda: expected_average_overlap([random_run(20, [], 0)], 2021), CourseError, "several anchors"),
        (lambda: expected_average_overlap([random_run(20, [], 0)], 2018, low=3), CourseError, "either the year"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
