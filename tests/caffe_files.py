"""Write the files that Caffe writes, for tests of what reads them."""

import struct

from tests.protobuf import field, varint


def write_caffemodel(path, arrays, old=False):
    """The file that Caffe would write; `old` is its layout of 2013: other fields, shapes of four numbers."""
    content = field(1, b"lstm_joints") + varint(5 << 3) + varint(1)  # a name and a flag, which a reader skips
    for name, found in arrays.items():
        layer = field(4 if old else 1, name.encode()) + (b"" if old else field(2, b"InnerProduct"))
        for array in found:
            data = field(5, struct.pack(f"<{array.numel()}f", *array.flatten().tolist()))
            if old:
                sizes = (1,) * (4 - array.ndim) + tuple(array.shape)
                shape = b"".join(
                    varint(number << 3) + varint(size) for number, size in zip((1, 2, 3, 4), sizes, strict=True)
                )
            else:
                shape = field(7, field(1, b"".join(map(varint, array.shape))))
            layer += field(6 if old else 7, data + shape)
        content += field(2 if old else 100, layer)
    path.write_bytes(content)
    return path
