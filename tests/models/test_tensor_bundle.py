"""TensorFlow's checkpoints, read back from files that are written here from the format's description."""

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError
from course_lib.models.crc32c import crc32c, crc32c_reference, masked
from course_lib.models.tensor_bundle import Entry, bundle_at, read_bundle, read_index
from tests.protobuf import field, varint

NUMBER_OF = {"float32": 1, "float64": 2, "int32": 3, "int64": 9, "float16": 19, "complex64": 8}


def checksum(data):
    return masked(crc32c_reference(data)).to_bytes(4, "little")


def block(rows, restart_every):
    """Entries with shared beginnings, every `restart_every`th written in full, and the places of those."""
    out, restarts, previous = b"", [], b""
    for i, (key, value) in enumerate(rows):
        shared = 0
        if i % restart_every == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(key), len(previous)) and key[shared] == previous[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        previous = key
    return out + b"".join(n.to_bytes(4, "little") for n in [*restarts, len(restarts)])


def write_checkpoint(prefix, tensors, rows_per_block=3, restart_every=2, big_endian=0, compressed=0):
    """{name: array} as TensorFlow's BundleWriter lays it out."""
    rows, data = [(b"", field(1, 1) + (field(2, 1) if big_endian else b"") + field(3, field(1, 1)))], b""
    for name, array in sorted(tensors.items()):
        sizes = b"".join(field(2, field(1, n)) for n in array.shape)
        entry = field(1, NUMBER_OF[array.dtype.name]) + field(2, sizes)
        entry += (field(4, len(data)) if data else b"") + field(5, array.nbytes)  # an offset of 0 is left out
        rows.append((name.encode(), entry + varint(6 << 3 | 5) + checksum(array.tobytes())))
        data += array.tobytes()
    table, index = b"", []
    for start in range(0, len(rows), rows_per_block):
        part = rows[start : start + rows_per_block]
        body = block(part, restart_every)
        index.append((part[-1][0] + b"~", varint(len(table)) + varint(len(body))))
        body += bytes([compressed])
        table += body + checksum(body)
    places = b""
    for rows_of_table in ([], index):
        body = block(rows_of_table, 1)
        places += varint(len(table)) + varint(len(body))
        table += body + bytes([0]) + bytes(4)  # without a checksum
    footer = places.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")
    prefix.with_name(prefix.name + ".index").write_bytes(table + footer)
    prefix.with_name(prefix.name + ".data-00000-of-00001").write_bytes(data)


def tensors():
    generator = np.random.default_rng(0)
    made = {
        f"net/layer_{i}/{kind}": generator.standard_normal(shape).astype(np.float32)
        for i in range(12)
        for kind, shape in (("w", (1, 2, 3, 4, 5 + 20 * i)), ("beta", (1, 1, 1, 1, 200)))
    }
    return made | {
        "global_step": np.array(300, np.int64), "net/half": np.ones((2, 3), np.float16),
        "net/empty": np.zeros((0, 3), np.float32), "net/double": generator.standard_normal(5),
    }  # fmt: skip


@pytest.mark.parametrize("rows_per_block, restart_every", [(1, 1), (3, 2), (100, 16)])
def test_what_was_written_is_read(tmp_path, rows_per_block, restart_every):
    prefix, expected = tmp_path / "model.ckpt", tensors()
    write_checkpoint(prefix, expected, rows_per_block, restart_every)
    found = read_bundle(prefix)
    assert list(found) == sorted(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape and torch.equal(found[name], torch.from_numpy(array)), name


def test_the_index_alone_says_where_everything_is(tmp_path):
    write_checkpoint(tmp_path / "model.ckpt", {"a": np.zeros((3, 200), np.float32), "b": np.zeros(5, np.int32)})
    (tmp_path / "model.ckpt.data-00000-of-00001").unlink()
    index = read_index(tmp_path / "model.ckpt.index")
    sums = [masked(crc32c_reference(bytes(n))) for n in (2400, 20)]
    assert index == {"a": Entry(1, (3, 200), 0, 0, 2400, sums[0]), "b": Entry(3, (5,), 0, 2400, 20, sums[1])}
    with pytest.raises(CourseError, match="holds the numbers"):
        read_bundle(tmp_path / "model.ckpt")


def test_only_what_is_wanted_is_read(tmp_path):
    write_checkpoint(tmp_path / "m", {"keep": np.ones(2, np.float32), "skip": np.ones(2, np.complex64)})
    assert list(read_bundle(tmp_path / "m", wanted=lambda name: name == "keep")) == ["keep"]
    with pytest.raises(CourseError, match="skip has TensorFlow's type number 8"):
        read_bundle(tmp_path / "m")


def test_every_way_to_name_a_checkpoint(tmp_path):
    prefix = tmp_path / "model.ckpt"
    write_checkpoint(prefix, {"a": np.ones(2, np.float32)})
    for name in (prefix, str(prefix), f"{prefix}.index", f"{prefix}.data-00000-of-00001", tmp_path):
        assert bundle_at(name) == prefix
    (tmp_path / "other.pt").write_bytes(b"")
    for name in (tmp_path / "other.pt", tmp_path / "none", {"a": 1}):
        assert bundle_at(name) is None


def test_damage_is_explained(tmp_path):
    prefix = tmp_path / "model.ckpt"
    write_checkpoint(prefix, tensors())
    index, data = tmp_path / "model.ckpt.index", tmp_path / "model.ckpt.data-00000-of-00001"
    whole, numbers = index.read_bytes(), data.read_bytes()
    data.write_bytes(numbers[:-8])
    with pytest.raises(CourseError, match="may be incomplete"):
        read_bundle(prefix)
    data.write_bytes(numbers)
    data.write_bytes(numbers[:100] + bytes([numbers[100] ^ 1]) + numbers[101:])  # one bit
    with pytest.raises(CourseError, match="net/.* is damaged"):
        read_bundle(prefix)
    data.write_bytes(numbers)
    index.write_bytes(whole[:60] + bytes([whole[60] ^ 1]) + whole[61:])
    with pytest.raises(CourseError, match="checksum"):
        read_index(index)
    index.write_bytes(whole[:-1])
    with pytest.raises(CourseError, match="its end is missing"):
        read_bundle(prefix)
    index.write_bytes(whole[200:])
    with pytest.raises(CourseError, match="damaged|compressed"):
        read_bundle(prefix)
    index.unlink()
    with pytest.raises(CourseError, match="an .index file and a data file"):
        read_bundle(prefix)


@pytest.mark.parametrize("how, words", [({"compressed": 1}, "compressed"), ({"big_endian": 1}, "highest byte first")])
def test_what_is_not_read_is_said(tmp_path, how, words):
    write_checkpoint(tmp_path / "m", {"a": np.ones(2, np.float32)}, **how)
    with pytest.raises(CourseError, match=words):
        read_bundle(tmp_path / "m")


def test_checksums():
    """RFC 3720, B.4, and data of every length around the rows of the fast form."""
    assert crc32c(b"123456789") == 0xE3069283 and crc32c(bytes(32)) == 0x8A9136AA and crc32c(b"") == 0
    noise = np.random.default_rng(0).integers(0, 256, 7000, np.uint8)
    for length in (1, 1023, 1024, 1025, 2048, 5000, 7000):
        assert crc32c(noise[:length]) == crc32c_reference(noise[:length]), length
