"""Values cross as data: what is sent comes back equal, and what is no value is refused without harm."""

import enum
import json
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from course_lib.exercises.copies import same
from course_lib.exercises.values import marked
from course_lib.grading.inside import wire


class Kind(enum.IntEnum):
    B = 2


VALUES = [
    None, True, 3, -(2**70), 2.5, float("inf"), 1 - 2j, "text ä", (1, [2, {"a": (3,)}]), {1: "x", (2, 3): "y"}, {1, 2},
    torch.arange(6).reshape(2, 3), torch.randn(2, 0, 3), torch.tensor(1.5), torch.tensor([True, False]),
    torch.ones(3, dtype=torch.bfloat16), torch.randn(2, dtype=torch.complex64).conj(), torch.randn(4, 5).t()[::2],
    torch.randn(2, requires_grad=True), np.arange(6.0).reshape(3, 2).T, np.float32(1.5), np.array(3), np.bool_(True),
    torch.float16, torch.device("cpu"), torch.Generator().manual_seed(3),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_is_sent_arrives(value):
    arrived = wire.decode(json.loads(json.dumps(wire.encode(value))))
    assert type(arrived) is type(value)
    if isinstance(value, torch.Generator):
        assert torch.equal(arrived.get_state(), value.get_state())
    elif isinstance(value, (torch.Tensor, np.ndarray)):
        assert arrived.dtype == value.dtype and same(arrived, value)
        assert getattr(arrived, "requires_grad", False) == getattr(value, "requires_grad", False)
    else:
        assert arrived == value


@pytest.mark.parametrize(
    "value, plain",
    [
        (Fraction(7, 2), 3.5),
        (Decimal("3.5"), 3.5),
        (np.str_("b"), "b"),
        (Kind.B, 2),
        (marked(6), 6),
        (marked(2.5), 2.5),
    ],
)
def test_a_special_number_or_text_arrives_as_a_plain_one(value, plain):
    arrived = wire.decode(json.loads(json.dumps(wire.encode(value))))
    assert arrived == plain and type(arrived) is type(plain)


@pytest.mark.parametrize(
    "value",
    [object(), lambda: 1, (i for i in ()), np.array(["a"]), np.array([object()]), 2**5000, torch.zeros(2**23),
     "x" * 300_000, [0] * 300_000, torch.eye(3).to_sparse()],
)  # fmt: skip
def test_what_is_no_data_is_not_sent(value):
    with pytest.raises(wire.WireError):
        wire.encode(value)


def test_what_holds_itself_is_not_sent():
    value = []
    value.append(value)
    with pytest.raises(wire.WireError):
        wire.encode(value)


def tensor(**changes):
    return wire.encode(torch.zeros(2, 3)) | changes


def nested(depth):
    message = None
    for _ in range(depth):
        message = {"is": "list", "items": [message]}
    return message


ONE_HASH = [{"is": "int", "value": str(number * (2**61 - 1))} for number in range(100_000)]


@pytest.mark.parametrize(
    "message",
    [
        7, [], {}, {"is": 3}, {"is": "object"}, {"is": "__class__"}, {"is": "decode"}, {"is": "items"},
        {"is": "int", "value": "1e9"}, {"is": "int", "value": "--1"}, {"is": "int", "value": "9" * 10**6},
        {"is": "int", "value": 3}, {"is": "float", "value": "1"}, {"is": "complex", "value": ["1"]},
        {"is": "complex", "value": ["one", "2"]}, {"is": "list", "items": "abc"}, {"is": "list"},
        {"is": "dict", "items": [1.0]}, {"is": "dict", "items": [{"is": "list", "items": []}, 1.0]},
        {"is": "set", "items": [{"is": "list", "items": []}]}, nested(30),
        tensor(dtype="float31"), tensor(dtype=["float32"]), tensor(shape=[2, -3]), tensor(shape=[2, 4]),
        tensor(shape=[2**40, 2**40]), tensor(shape="23"), tensor(shape=[True, 6]),
        tensor(data="!" * 32), tensor(data=5),
        {"is": "set", "items": ONE_HASH}, {"is": "dict", "items": ONE_HASH},
        {"is": "array", "dtype": "<f16", "shape": [0], "data": ""},
        tensor(shape=[1] * 20), tensor(dtype="bool", shape=[24], data=wire.encode(torch.ones(6) * 3)["data"]),
        {"is": "array", "dtype": "|O", "shape": [1], "data": "AAAAAAAAAAA="},
        {"is": "array", "dtype": "V8", "shape": [1], "data": "AAAAAAAAAAA="},
        {"is": "array", "dtype": "f8,f8", "shape": [1], "data": "AAAAAAAAAAA="}, {"is": "array", "dtype": "zz"},
        {"is": "scalar", "dtype": "<f8", "shape": [1], "data": "AAAAAAAAAAA="},
        {"is": "generator", "state": tensor()}, {"is": "dtype", "value": "conv3d"}, {"is": "device", "value": "cuda"},
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused(message):
    with pytest.raises(wire.WireError):
        wire.decode(json.loads(json.dumps(message)))


def test_the_whole_is_limited_not_each_part():
    part = wire.encode(torch.zeros(2**20))
    with pytest.raises(wire.WireError):
        wire.decode({"is": "list", "items": [part] * 5})
