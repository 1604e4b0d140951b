"""The small things every lecture leans on: start, predict, errors, metrics."""

import pytest
import torch

from course_lib import predict, start
from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.lesson.start import Course
from course_lib.metrics import accuracy, hit_at


def test_start_seeds_and_says_what_it_runs_on(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_PROFILE", "cpu")
    course = start("02", seed=3)
    first = torch.rand(4)
    start("02", seed=3)
    assert torch.equal(first, torch.rand(4))
    assert course.pick(cpu=1, gpu=2) == 1 and course.device.type == "cpu" and course.dtype == torch.float32
    assert "Lecture 02 on the CPU" in capsys.readouterr().out
    assert torch.equal(torch.rand(3, generator=course.generator(5)), torch.rand(3, generator=course.generator(5)))
    assert not torch.equal(torch.rand(3, generator=course.generator(5)), torch.rand(3, generator=course.generator(6)))


@pytest.mark.parametrize("profile", ["cpuu", "gpu"])
def test_start_refuses_a_profile_that_cannot_be(monkeypatch, profile):
    monkeypatch.setenv("COURSE_PROFILE", profile)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(CourseError, match="COURSE_PROFILE"):
        start("02")


def test_the_seed_comes_from_outside_unless_the_lecture_names_one(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_SEED", " 7 ")
    assert start("02").seed == 7 and start("02", seed=3).seed == 3
    assert "seed 7" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_SEED", "")
    assert start("02").seed == 0


@pytest.mark.parametrize("seed", ["one", "1.5", "-1", str(2**32)])
def test_a_seed_that_is_no_whole_number_is_refused(monkeypatch, seed):
    monkeypatch.setenv("COURSE_SEED", seed)
    with pytest.raises(CourseError, match="COURSE_SEED is .* expected a whole number"):
        start("02")


@pytest.mark.parametrize("profile, own", [("smoke", 0), ("cpu", 1)])
def test_smoke_runs_on_the_cpu(monkeypatch, profile, own):
    monkeypatch.setenv("COURSE_PROFILE", profile)
    course = start("02")
    assert course.profile == profile and course.device.type == "cpu"
    assert course.pick(cpu=1, gpu=2, smoke=0) == own


@pytest.mark.parametrize("profile, own", [("smoke", 0), ("cpu", 1), ("gpu", 2)])
def test_a_profile_has_sizes_of_its_own_or_takes_those_of_the_cpu(profile, own):
    course = Course("02", 0, torch.device("cpu"), torch.float32, profile)
    assert course.pick(cpu=1, gpu=2, smoke=0) == own and course.pick(cpu=1) == 1


@pytest.mark.parametrize(
    "guess, answer, said",
    [
        (15, 15, "Yes: 15 frames."),
        (14, 15, "It is 15 frames. You said 14 frames."),
        (None, 15, "No guess this time"),
        (..., 15, "No guess this time"),
        (1.5, 1.54, "Yes: 1.54 frames."),
        (1.3, 1.54, "It is 1.54 frames."),
        ("Early Fusion", "early fusion", "Yes"),
        ([3, 20], [3, 20], "Yes"),
        (80_000, 79_968, "Yes: 79968 frames. You said 80000 frames."),
        ("80,000 frames", 79_968, "Yes: 79968 frames. You said 80000 frames."),
        (81_000, 79_968, "It is 79968 frames."),
        (999, 998, "It is 998 frames."),
        ("15 frames", 15, "You said 15 frames."),
        ("counterclockwise", "anticlockwise", "Yes"),
        ("clockwise", "anticlockwise", "It is anticlockwise"),
    ],
)
def test_reveal_compares_the_guess(capsys, guess, answer, said):
    predict("How many?", guess, unit="frames").reveal(answer)
    assert said in capsys.readouterr().out


def test_a_unit_that_is_typed_along_is_not_said_twice(capsys):
    predict("How often?", "50%", unit="%").reveal(50.0)
    assert "Yes: 50 %. You said 50 %." in capsys.readouterr().out.replace("\n", " ")


def test_check_shape_returns_sizes_and_takes_leading_axes():
    assert check_shape(torch.zeros(2, 3, 4), "B C T") == {"B": 2, "C": 3, "T": 4}
    assert check_shape(torch.zeros(7, 5, 3, 4), "* H W") == {"H": 3, "W": 4}


@pytest.mark.parametrize(
    "shape, pattern, hint",
    [
        ((4, 8, 9, 2), "B 2 H W", r"did you forget \.permute\(0, 3, 1, 2\)\?"),
        ((3, 8, 9), "B C H W", r"unsqueeze\(0\)"),
        ((3, 8), "B C T H W", "2 axes, not 5"),
        ((4, 5), "N N", r"expected \(N, N\)"),
    ],
)
def test_check_shape_names_the_likely_cause(shape, pattern, hint):
    with pytest.raises(ShapeError, match=hint):
        check_shape(torch.zeros(shape), pattern, "flow")


def test_check_shape_says_when_it_gets_no_tensor():
    with pytest.raises(ShapeError, match="clip is a list"):
        check_shape([1, 2], "T", "clip")


def test_accuracy_and_hit_at_k():
    scores = torch.tensor([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
    labels = torch.tensor([1, 1, 0])
    assert accuracy(scores, labels) == pytest.approx(1 / 3)
    assert hit_at(scores, labels, k=2) == pytest.approx(2 / 3)
    assert hit_at(scores, labels, k=3) == 1.0


@pytest.mark.parametrize(
    "scores, labels, k",
    [((2, 3), (3,), 1), ((0, 3), (0,), 1), ((2, 3), (2,), 4), ((2, 3), (2, 1), 1)],
)
def test_hit_at_refuses_what_does_not_fit(scores, labels, k):
    with pytest.raises(ShapeError):
        hit_at(torch.zeros(scores), torch.zeros(labels, dtype=torch.long), k)
