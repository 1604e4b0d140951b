"""The two rules of Google's protocol buffers, which Caffe's and TensorFlow's checkpoints are written in.

A whole number takes seven bits of each byte, lowest first; the highest bit says that more follow. A message is a row of
fields, each a number (which field, and how its length is written) and a value.
"""

VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5  # how the length of a field is written


def varint(data, at):
    """(number, place behind it) of the whole number that begins at byte `at`. IndexError where the data end in it."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at


def numbers(value):
    """The whole numbers of a field that repeats: packed into one value, or this value is one of them."""
    if isinstance(value, int):
        return [value]
    found, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        found.append(number)
    return found


def fields(message):
    """(field number, value) of a message, one after the other; a value is a number, or a slice of the message.

    Raises:
        ValueError: a field of a kind that no message has, or the message ends within a field.
        IndexError: it ends within a number.
    """
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = varint(message, at)
        else:
            if kind == BYTES:
                size, at = varint(message, at)
            elif kind in (EIGHT_BYTES, FOUR_BYTES):
                size = 8 if kind == EIGHT_BYTES else 4
            else:
                raise ValueError(f"a field of kind {kind}")
            value, at = message[at : at + size], at + size
            if at > len(message):
                raise ValueError("it ends within a field")
        yield number, value
