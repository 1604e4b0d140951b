"""Read TensorFlow's checkpoints without TensorFlow.

A checkpoint is two files. `model.ckpt.data-00000-of-00001` holds the numbers of all tensors one after the other.
`model.ckpt.index` says where each one is: a sorted table of names (LevelDB's SSTable format), whose values are small
protocol buffers with type, shape, offset and size.

A table is a row of blocks, an index of them, and 48 bytes at the end that say where the index is. A block is a row of
entries, each of which leaves out the letters that its key shares with the one before:

    letters shared | letters of its own | bytes of the value | those letters | the value

The three lengths are "varints": seven bits per byte, least first, and the eighth bit says that another byte follows. A
protocol buffer is a row of (field number, value); a value is a varint, four or eight bytes, or bytes with their length
in front. The formats are described in LevelDB's doc/table_format.md and in TensorFlow's tensor_bundle.proto.

Every block and every tensor has a checksum (CRC-32C), which is compared; a writer that left it out stored 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import torch

from course_lib.errors import CourseError
from course_lib.models.crc32c import crc32c, masked
from course_lib.models.protobuf import fields, varint
from course_lib.places import place, system_errors

MAGIC = bytes.fromhex("57fb808b247547db")  # the last eight bytes of every table
FOOTER = 48
DTYPES = {  # TensorFlow's number of a type: how NumPy reads it
    1: np.dtype("<f4"), 2: np.dtype("<f8"), 3: np.dtype("<i4"), 4: np.dtype("u1"), 6: np.dtype("i1"),
    9: np.dtype("<i8"), 10: np.dtype("?"), 19: np.dtype("<f2"),
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """Where a tensor is: TensorFlow's number of its type, its shape, the data file, the bytes there, their checksum."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int = 0


def bundle_at(source):
    """The path that a checkpoint's files have in common, or None where `source` is no TensorFlow checkpoint.

    Args:
        source: that path; the path of its `.index` or data file; a folder that holds one checkpoint; or anything else.
    """
    if isinstance(source, Mapping):
        return None
    path = place(source)
    if path.is_dir():
        found = sorted(path.glob("*.index"))
        return found[0].with_suffix("") if len(found) == 1 else None
    if path.suffix == ".index" or path.suffix.startswith(".data-"):
        return path.with_suffix("")
    return path if not path.is_file() and Path(f"{path}.index").is_file() else None


@system_errors("the checkpoint cannot be read")
def read_bundle(prefix, wanted=None):
    """All tensors of a checkpoint.

    Args:
        prefix: path without `.index`. wanted: function from a name to whether its tensor is read; None reads all.
    Returns:
        {name: tensor} on the CPU, in the order of the names.
    Raises:
        CourseError: if a file is missing, damaged or shorter than the index says, or a tensor's type is not known.
    """
    shards, entries = _read_index(Path(f"{prefix}.index"))
    data, tensors = {}, {}
    for name, entry in entries.items():
        if wanted is not None and not wanted(name):
            continue
        if entry.dtype not in DTYPES:
            raise CourseError(f"{prefix}: {name} has TensorFlow's type number {entry.dtype}, which is not read here.")
        if entry.shard not in data:
            data[entry.shard] = _data_file(f"{prefix}.data-{entry.shard:05d}-of-{shards:05d}")
        dtype = DTYPES[entry.dtype]
        numbers = data[entry.shard][entry.offset : entry.offset + entry.size]
        if len(numbers) != entry.size or entry.size != prod(entry.shape) * dtype.itemsize:
            raise CourseError(
                f"{prefix}: {name} of shape {entry.shape} should take bytes {entry.offset} to "
                f"{entry.offset + entry.size}, and the data file has {len(data[entry.shard])}. It may be incomplete, "
                "or the two files belong to different checkpoints."
            )
        if not _is_whole(numbers, entry.checksum):
            raise CourseError(f"{prefix}: {name} is damaged (its checksum is another): download the data file again.")
        tensors[name] = torch.from_numpy(numbers.view(dtype).reshape(entry.shape).copy())
    return tensors


@system_errors("the index of the checkpoint cannot be read")
def read_index(path):
    """What a checkpoint's index says.

    Args:
        path: of the `.index` file.
    Returns:
        {name: Entry}, sorted by name.
    Raises:
        CourseError: if it is no such file, is incomplete, or compressed.
    """
    return _read_index(place(path))[1]


def _read_index(path):
    if not path.is_file():
        raise CourseError(f"There is no {path}: a TensorFlow checkpoint is an .index file and a data file beside it.")
    table = path.read_bytes()
    if len(table) < FOOTER or table[-8:] != MAGIC:
        raise CourseError(
            f"{path} is not the index of a TensorFlow checkpoint, or its end is missing: compare its size with the "
            "publisher's, and download it again."
        )
    try:
        rows = dict(_table(table))
        header = _fields(rows.pop(b""))
        entries = {name.decode(): _entry(value) for name, value in rows.items()}
    except (IndexError, KeyError, ValueError, TypeError) as error:
        raise CourseError(f"{path} is damaged ({type(error).__name__}): download it again.") from error
    if header.get(2, [0])[-1] != 0:
        raise CourseError(f"{path} is of a machine that stores the highest byte first; only the other order is read.")
    return header.get(1, [1])[-1], entries


def _table(table):
    """(key, value) of every row of a table."""
    footer = table[-FOOTER:]
    _, at = varint(footer, 0)  # the block of meta data: where, and how long
    _, at = varint(footer, at)
    start, at = varint(footer, at)
    size, _ = varint(footer, at)
    for _, where in _block(table, start, size):
        start, at = varint(where, 0)
        size, _ = varint(where, at)
        yield from _block(table, start, size)


def _block(table, start, size):
    """(key, value) of every entry of a block."""
    if table[start + size] != 0:  # the byte behind a block
        raise CourseError("The index of the checkpoint is compressed, which TensorFlow's writer does not do.")
    end = start + size + 1
    if not _is_whole(table[start:end], int.from_bytes(table[end : end + 4], "little")):
        raise CourseError("The index of the checkpoint is damaged (a checksum is another): download it again.")
    block = table[start : start + size]
    restarts = int.from_bytes(block[-4:], "little")  # places where a key is written in full, for binary search
    at, end, key = 0, size - 4 * (restarts + 1), b""
    while at < end:
        shared, at = varint(block, at)
        own, at = varint(block, at)
        length, at = varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + length]
        at += length


def _fields(message):
    """{field number: values in their order} of a protocol buffer."""
    found = {}
    for number, value in fields(message):
        found.setdefault(number, []).append(value)
    return found


def _entry(message):
    """BundleEntryProto: 1 dtype, 2 shape (a list of 2: sizes), 3 shard, 4 offset, 5 size, 6 checksum."""
    found = _fields(message)
    dims = _fields(found.get(2, [b""])[-1]).get(2, [])
    shape = tuple(_fields(dim).get(1, [0])[-1] for dim in dims)
    shard, offset, size = (found.get(number, [0])[-1] for number in (3, 4, 5))
    checksum = int.from_bytes(found.get(6, [b""])[-1], "little")
    return Entry(found[1][-1], shape, shard, offset, size, checksum)


def _is_whole(data, checksum):
    """Whether bytes have this (masked) checksum; True where there is none."""
    return checksum in (0, masked(crc32c(data)))


def _data_file(path):
    if not Path(path).is_file():
        raise CourseError(f"There is no {path}, which holds the numbers of this checkpoint: download it too.")
    return np.memmap(path, np.uint8, mode="r") if Path(path).stat().st_size else np.empty(0, np.uint8)
