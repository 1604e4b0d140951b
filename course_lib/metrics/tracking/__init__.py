"""How good a tracker is: the measures of OTB, GOT-10k and VOT.

All compare the found box with the true one in every frame of a video. They differ in what they make of the overlaps and
the distances: OTB (Wu, Lim and Yang, TPAMI 2015) draws curves over thresholds, GOT-10k (Huang, Zhao and Huang, TPAMI
2021) takes the mean, VOT (Kristan et al., TPAMI 2016, and the reports of the challenges) starts a tracker anew after a
failure and so tells how well it fits from how often it is lost. `track`, `track_with_resets` and `evaluate` of
`course_lib.trackers.evaluate` give what is measured here.

The numbers are those of the public toolkits, got10k and pysot, to the last digit; where those two and the plain
definition part, an option says so.
"""

from course_lib.metrics.tracking.frames import center_errors, normalized_center_errors, overlaps
from course_lib.metrics.tracking.got10k import GOTScores, got10k_scores, mean_got10k_scores
from course_lib.metrics.tracking.otb import OTBScores, mean_otb_scores, otb_scores, precision_curve, success_curve
from course_lib.metrics.tracking.vot import (
    EAO_RANGES,
    expected_average_overlap,
    expected_overlap_curve,
    vot_accuracy,
    vot_failures,
    vot_overlaps,
    vot_robustness,
)

__all__ = [
    "EAO_RANGES",
    "GOTScores",
    "OTBScores",
    "center_errors",
    "expected_average_overlap",
    "expected_overlap_curve",
    "got10k_scores",
    "mean_got10k_scores",
    "mean_otb_scores",
    "normalized_center_errors",
    "otb_scores",
    "overlaps",
    "precision_curve",
    "success_curve",
    "vot_accuracy",
    "vot_failures",
    "vot_overlaps",
    "vot_robustness",
]
