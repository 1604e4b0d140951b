"""Batches as a function of the step: which examples, in which process, from which step on."""

import pytest
import torch

from course_lib.data.sets.step_batches import StepBatches
from course_lib.errors import CourseError


class Squares:
    """Place n is the tensor (n, n * n) and the number n."""

    def __getitem__(self, place):
        return torch.tensor([place, place * place]), place


class Raised(StepBatches):
    def ready(self, step, batch):
        pairs, numbers = batch
        return pairs + 1000 * step, numbers


@pytest.mark.parametrize("workers", [0, 1])
def test_a_step_has_its_own_places_wherever_it_begins(workers):
    batches = StepBatches(Squares(), 3, workers=workers)
    for step in (5, 6, 2):
        pairs, numbers = batches(step)
        assert numbers.tolist() == [3 * step, 3 * step + 1, 3 * step + 2]
        assert torch.equal(pairs, torch.stack([numbers, numbers**2], 1))
    assert not batches.shared


def test_processes_share_a_batch_and_it_is_made_ready_for_its_step():
    parts = [Raised(Squares(), 6, share=(rank, 3)) for rank in range(3)]
    assert [part(2)[1].tolist() for part in parts] == [[12, 15], [13, 16], [14, 17]]
    assert parts[1](2)[0].tolist() == [[2013, 2169], [2016, 2256]] and parts[1].shared


def test_examples_of_different_sizes_come_as_their_collate_says():
    class Growing:
        def __getitem__(self, place):
            return torch.ones(place)

    assert [len(part) for part in StepBatches(Growing(), 3, collate=list)(1)] == [3, 4, 5]


def test_what_cannot_be_shared_is_explained():
    with pytest.raises(CourseError, match="A batch of 4 meshes cannot be shared equally by 3"):
        StepBatches(Squares(), 4, of="meshes", share=(0, 3))
    with pytest.raises(CourseError, match="A batch of 0 meshes is empty"):
        StepBatches(Squares(), 0, of="meshes")
