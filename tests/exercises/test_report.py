"""What a learner reads first."""

from course_lib.exercises import report

REPORT = report.Report(
    *("04.4", "Warp an image", False, True, 3),
    tests=(report.Test("half a pixel", True, "", ""), report.Test("far out", False, "0.0", "0.6")),
    diagnosis="the sign is turned",
)


def test_the_reason_stands_between_the_verdict_and_the_tests():
    for words in (REPORT.as_text(), REPORT.as_html()):
        order = [words.index(part) for part in ("Not yet", "the sign is turned", "half a pixel", "far out", "0.6")]
        assert order == sorted(order)
