"""Which pairs of frames a video is compared at: all neighbours, and ever fewer pairs ever farther apart."""

from course_lib.errors import CourseError

RULES = ("cvd", "robust", "consecutive")


def frame_pairs(frames, rule="cvd"):
    """Pairs (i, j), i before j, of the numbers 0 to frames - 1. Their number grows as the frames, not as the square.

    Args:
        frames: N.
        rule: "cvd": |i - j| = 1, and |i - j| = 2^k for i divisible by 2^(k - 1): 715 pairs of 244 frames (CVD, Section
            4.3; the released code of Robust CVD takes it too). "robust": |i - j| = k for i divisible by k, k = 1, 2, 4,
            ...: 480 pairs (Kopf et al., Section 3). "consecutive": neighbours alone.
    Returns:
        sorted list of pairs.
    Raises:
        CourseError: if the rule is unknown, or there are fewer than two frames.
    """
    if rule not in RULES:
        raise CourseError(f"There is no rule {rule!r} for pairs. There are: {', '.join(RULES)}.")
    if frames < 2:
        raise CourseError(f"{frames} frame(s) make no pair: expected at least 2.")
    pairs, apart = [], 1
    while apart < frames:
        step = max(1, apart // 2) if rule == "cvd" else apart
        pairs += [(i, i + apart) for i in range(0, frames - apart, step)]
        if rule == "consecutive":
            break
        apart *= 2
    return sorted(pairs)
