"""The profile from outside: what it may be, and that smoke cuts training."""

import pytest
import torch

from course_lib import profile
from course_lib.errors import CourseError
from course_lib.train import Metric, fit


@pytest.mark.parametrize("written, read", [(None, None), ("", None), ("cpu", "cpu"), ("smoke", "smoke")])
def test_the_profile_is_what_the_environment_says(monkeypatch, written, read):
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    if written is not None:
        monkeypatch.setenv("COURSE_PROFILE", written)
    assert profile.chosen() == read and profile.is_smoke() == (read == "smoke")


def test_a_profile_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "smok")
    with pytest.raises(CourseError, match="COURSE_PROFILE is 'smok', expected one of smoke, cpu, gpu"):
        profile.is_smoke()


def test_smoke_cuts_training_and_still_measures_its_end(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "smoke")
    model, batch = torch.nn.Linear(2, 2), (torch.ones(4, 2), torch.zeros(4, dtype=torch.long))
    history = fit(model, lambda step: batch, 200, metric=Metric(lambda network: 1.0, every=50))
    assert len(history.loss) == profile.SMOKE_STEPS and history.metrics == [(profile.SMOKE_STEPS, 1.0)]
    assert len(fit(model, lambda step: batch, 1).loss) == 1
