"""Flow files: Middlebury .flo and the 16-bit PNG of KITTI."""

import io
from fractions import Fraction

import numpy as np
import torch

from course_lib.atomic import write_atomically
from course_lib.errors import DataError, ShapeError, check_shape
from course_lib.places import place, system_errors

FLO_MAGIC = np.float32(202021.25)  # the bytes "PIEH" read as a little-endian float
UNKNOWN = 1e9  # Middlebury: a component beyond this has no ground truth
KITTI_ZERO, KITTI_STEPS = 2**15, 64  # a stored value s means (s - 32768) / 64 pixels


def read_flo(path):
    """Read a .flo file.

    Returns:
        flow (2, H, W) float32 in pixels, with 0 where it is unknown, and valid (H, W) bool.
    Raises:
        DataError: if the file is missing, is no .flo file, or is shorter than its header says.
    """
    data = _bytes(path)
    if len(data) < 12 or np.frombuffer(data, "<f4", 1)[0] != FLO_MAGIC:
        raise DataError(f'{path} is no .flo file: it does not start with "PIEH". Was it saved in another format?')
    width, height = (int(n) for n in np.frombuffer(data, "<i4", 2, 4))
    expected = 12 + 8 * width * height
    if width < 1 or height < 1 or len(data) != expected:
        raise DataError(
            f"{path} is damaged: a flow of {width} x {height} pixels takes {expected} bytes, the file has {len(data)}. "
            "Copy or download it again."
        )
    flow = np.frombuffer(data, "<f4", offset=12).reshape(height, width, 2)
    valid = (np.abs(flow) < UNKNOWN).all(2)
    flow = np.where(valid[..., None], flow, 0).astype(np.float32).transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(flow)), torch.from_numpy(valid)


def write_flo(path, flow, valid=None):
    """Write flow (2, H, W) in pixels as .flo; pixels that are not `valid` (H, W) are stored as unknown.

    Raises:
        DataError: if the file cannot be written.
    """
    sizes = check_shape(flow, "2 H W", "flow")
    values = flow.detach().cpu().permute(1, 2, 0).numpy().astype("<f4")
    if valid is not None:
        check_shape(valid, "H W", "valid")
        values = np.where(valid.cpu().numpy()[..., None], values, np.float32(10 * UNKNOWN))
    header = FLO_MAGIC.astype("<f4").tobytes() + np.array([sizes["W"], sizes["H"]], "<i4").tobytes()
    _write(path, header + np.ascontiguousarray(values).tobytes())


def read_kitti_flow(path):
    """Read a KITTI flow PNG: red is u, green is v, blue says whether the pixel is known.

    Returns:
        flow (2, H, W) float32 in pixels, with 0 where it is unknown, and valid (H, W) bool.
    Raises:
        DataError: if the file is missing or is no 16-bit RGB picture.
    """
    picture = _av_frame(path)
    valid = picture[..., 2] > 0
    flow = (picture[..., :2].astype(np.float32) - KITTI_ZERO) / KITTI_STEPS
    flow = np.where(valid[..., None], flow, 0).astype(np.float32).transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(flow)), torch.from_numpy(valid)


def write_kitti_flow(path, flow, valid=None):
    """Write flow (2, H, W) in pixels, rounded to 1/64, as a KITTI PNG; pixels that are not `valid` (H, W) as unknown.

    Raises:
        ShapeError: if a known vector is not finite, or longer than the format's 512 pixels per component.
        DataError: if the file cannot be written.
    """
    import av

    sizes = check_shape(flow, "2 H W", "flow")
    known = torch.ones(sizes["H"], sizes["W"], dtype=torch.bool) if valid is None else valid.cpu() > 0
    if valid is not None:
        check_shape(valid, "H W", "valid")
    endless = int((~flow.detach().cpu().isfinite().all(0) & known).sum())
    if endless:
        raise ShapeError(
            f"{endless} known vectors of this flow are NaN or infinite, and a KITTI PNG can only hold numbers. If they "
            "are unknown, say so: write_kitti_flow(path, flow, valid=flow.isfinite().all(0))."
        )
    stored = (flow.detach().cpu() * KITTI_STEPS + KITTI_ZERO).round().permute(1, 2, 0)
    if (stored[known] < 0).any() or (stored[known] > 2**16 - 1).any():
        raise ShapeError("A KITTI PNG holds components of -512..512 pixels; this flow has longer ones. Use write_flo.")
    picture = np.zeros((sizes["H"], sizes["W"], 3), np.uint16)
    picture[known.numpy(), :2] = stored[known].numpy()
    picture[..., 2] = known.numpy()
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = sizes["W"], sizes["H"], "rgb48be"
    encoder.time_base = Fraction(1)
    frame = av.VideoFrame.from_ndarray(picture, format="rgb48be")  # PyAV swaps the bytes
    frame.pts = 0
    _write(path, b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)]))


def _av_frame(path):
    import av

    content = io.BytesIO(_bytes(path))  # a name with % or : means more to FFmpeg than a file
    try:
        with av.open(content, metadata_errors="replace") as container:
            frame = next(container.decode(video=0))
    except (av.error.FFmpegError, StopIteration) as error:
        raise DataError(f"{path} cannot be read as a picture ({error}). Copy or download it again.") from error
    if frame.format.name != "rgb48be":
        raise DataError(
            f"{path} holds {frame.format.name} pixels, expected 16-bit RGB (rgb48be). "
            "A KITTI flow file that was opened and saved by a viewer often becomes 8-bit: take the original."
        )
    return frame.to_ndarray(format="rgb48le").view(np.uint16)


def _bytes(path):
    with system_errors("a flow file cannot be read", DataError):
        return place(path, DataError).read_bytes()


def _write(path, content):
    with system_errors("a flow file cannot be written", DataError):
        write_atomically(place(path, DataError), content)
