"""CRC-32C, the checksum (Castagnoli's polynomial) that TensorFlow's checkpoints carry.

The bits of the data are the coefficients of a polynomial over {0, 1}; the checksum is its remainder. Byte by byte:

    register = TABLE[(register ^ byte) & 255] ^ (register >> 8)

One byte after the other is slow in Python. But the step is linear in register and byte (sums are exclusive ors), so the
data can be cut into rows that go through it side by side, and what a register becomes when a row of zeros follows is a
32 x 32 matrix of bits, with which the rows are joined.
"""

import numpy as np

POLYNOMIAL = 0x82F63B78  # the bits in reverse order
ROWS = 1024  # of data, side by side
MASK = 0xA282EAD8  # TensorFlow stores a checksum rotated by 15 bits plus this, in case that the data hold checksums too


def _table():
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(POLYNOMIAL), table >> 1)
    return table


TABLE = _table()
BITS = np.uint32(1) << np.arange(32, dtype=np.uint32)


def crc32c_reference(data):
    """The definition: bytes -> checksum, an int of 32 bits."""
    register = 0xFFFFFFFF
    for byte in bytes(data):
        register = int(TABLE[(register ^ byte) & 255]) ^ register >> 8
    return register ^ 0xFFFFFFFF


def crc32c(data):
    """The same for long data.

    Args:
        data: bytes, or uint8 (N,).
    Returns:
        int of 32 bits.
    """
    data = np.frombuffer(data, np.uint8)
    length = len(data) // ROWS  # of a row
    rest = length * ROWS
    register = 0xFFFFFFFF
    if length:
        rows = np.zeros((ROWS + 32, length), np.uint8)  # 32 rows of zeros: what they make of each bit is the matrix
        rows[:ROWS] = data[:rest].reshape(ROWS, length)
        registers = np.concatenate([np.zeros(ROWS, np.uint32), BITS])
        for column in np.ascontiguousarray(rows.T):
            registers = TABLE[(registers ^ column) & 255] ^ registers >> 8
        matrix = registers[ROWS:]
        for row in registers[:ROWS]:
            register = int(np.bitwise_xor.reduce(matrix[(register & BITS) != 0])) ^ int(row)
    for byte in data[rest:].tolist():
        register = int(TABLE[(register ^ byte) & 255]) ^ register >> 8
    return register ^ 0xFFFFFFFF


def masked(checksum):
    """A checksum as TensorFlow stores it."""
    return ((checksum >> 15 | checksum << 17) + MASK) & 0xFFFFFFFF
