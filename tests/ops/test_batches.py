"""Batches of any make: moved, shared between processes, cut from data in memory."""

from collections import namedtuple

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from course_lib.errors import CourseError
from course_lib.ops.batches import generator_of, minibatches, share, shuffled_rows, to_device

Pair = namedtuple("Pair", "first second")
WORDS = [torch.arange(n) for n in range(1, 5)]


def test_every_tensor_moves_and_nothing_else_changes():
    batch = (torch.zeros(2), {"words": [torch.zeros(1), torch.zeros(3)], "name": "a"}, Pair(torch.zeros(1), 7), None)
    moved = to_device(batch, "meta")
    assert moved[0].is_meta and all(word.is_meta for word in moved[1]["words"]) and moved[1]["name"] == "a"
    assert isinstance(moved[2], Pair) and moved[2].first.is_meta and moved[2].second == 7 and moved[3] is None
    assert to_device(pack_sequence(WORDS, enforce_sorted=False), "cpu").data.shape == (10,)


def test_processes_share_every_part_of_a_batch():
    batch = {"clips": torch.arange(8).view(4, 2), "words": WORDS, "scale": torch.tensor(3.0), "kind": "x"}
    one, two = (share(batch, rank, 2) for rank in range(2))
    assert one["clips"].tolist() == [[0, 1], [4, 5]] and two["clips"].tolist() == [[2, 3], [6, 7]]
    assert [len(word) for word in one["words"]] == [1, 3] and [len(word) for word in two["words"]] == [2, 4]
    assert one["scale"] == two["scale"] == 3 and one["kind"] == "x"


def test_one_process_takes_a_batch_as_it_is():
    batch = {"words": WORDS, "clips": torch.zeros(3), "packed": pack_sequence(WORDS, enforce_sorted=False)}
    assert share(batch, 0, 1) is batch


def test_what_cannot_be_shared_is_explained():
    with pytest.raises(CourseError, match="32 cannot be shared equally by 3"):
        share((torch.zeros(32, 4), torch.zeros(32)), 0, 3)
    with pytest.raises(CourseError, match=r"\[4, 3\] examples, expected equally many"):
        share((torch.zeros(4), torch.zeros(3)), 0, 1 + 1)
    with pytest.raises(CourseError, match="PackedSequence has no rows"):
        share((pack_sequence(WORDS, enforce_sorted=False), torch.zeros(4)), 0, 2)


def test_an_epoch_has_every_example_once_in_an_order_of_its_own():
    batches = minibatches(torch.arange(12), 4, seed=3)
    epochs = [torch.cat([batches(3 * epoch + i) for i in range(3)]).tolist() for epoch in range(4)]
    assert all(sorted(epoch) == list(range(12)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4
    assert batches(5).tolist() == minibatches(torch.arange(12), 4, seed=3)(5).tolist()
    assert batches(5).tolist() != minibatches(torch.arange(12), 4, seed=4)(5).tolist()


def test_a_batch_reaches_into_the_next_epochs():
    batches = minibatches(torch.arange(5), 3)
    seen = torch.cat([batches(step) for step in range(5)]).tolist()
    assert all(sorted(seen[5 * epoch : 5 * epoch + 5]) == [0, 1, 2, 3, 4] for epoch in range(3))
    assert sorted(minibatches(torch.arange(2), 5)(0).tolist())[1:4] in ([0, 0, 1], [0, 1, 1])


def test_parts_stay_together():
    data = {"number": torch.arange(4), "words": WORDS, "pair": (torch.arange(4) * 10, torch.arange(4))}
    batch = minibatches(data, 3)(1)
    for row, number in enumerate(batch["number"].tolist()):
        assert len(batch["words"][row]) == number + 1
        assert batch["pair"][0][row] == 10 * number and batch["pair"][1][row] == number


def test_parts_of_different_lengths_and_no_examples_are_refused():
    with pytest.raises(CourseError, match=r"\[4, 5\] examples"):
        minibatches((torch.zeros(4), torch.zeros(5)), 2)
    with pytest.raises(CourseError, match="0 examples"):
        minibatches(torch.zeros(0, 3), 2)
    with pytest.raises(CourseError, match=r"\[\] examples"):
        minibatches({"name": "a"}, 2)


def test_rows_may_begin_anywhere():
    whole = shuffled_rows(0, 40, examples=7, seed=1)
    assert torch.equal(shuffled_rows(9, 20, examples=7, seed=1), whole[9:29])


def test_generators_of_neighbours_share_nothing():
    drawn = {torch.rand(1, generator=generator_of(a, b)).item() for a in range(20) for b in range(20)}
    assert len(drawn) == 400
