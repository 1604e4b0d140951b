"""Open a video file, or say what is wrong with it and what to do.

FFmpeg reports a missing index, a text file and a half download with one sentence, "Invalid data found". What a learner
needs to hear differs, so the path is looked at before opening, and the container's own sizes can be compared with the
size of the file: the boxes of MP4 (ISO/IEC 14496-12, Sec. 4.2), the RIFF chunks of AVI, the EBML segment of Matroska
and WebM (RFC 8794 and RFC 9559).
"""

from __future__ import annotations

import atexit
import difflib
import os
import stat
from contextlib import contextmanager
from pathlib import Path

from course_lib.errors import VideoError
from course_lib.places import absent, place, system_errors

TOP_BOXES = frozenset(  # of ISO media files; what else follows the last of them was appended, such as a tag of ID3
    b"ftyp styp pdin moov moof mfra mdat free skip wide uuid meta sidx ssix prft emsg".split()
)
FILM_BOXES = frozenset([b"moov", b"moof", b"mdat"])  # without the rest, no frame is missing
PICTURE_FORMATS = frozenset("bmp jpegls mjpeg png tiff webp".split())  # beside a stream of another codec, a still
TEXT_FORMATS = {"tty", "ansi"}  # FFmpeg draws any text file as a video of a terminal


def load_av():
    """The PyAV module.

    Raises:
        VideoError: if it is not installed, with the command that installs it.
    """
    try:
        import av
    except ImportError as error:
        raise VideoError(
            "reading and writing video needs PyAV, which is not installed here. Run `pip install av` "
            "(in a notebook: `%pip install av`; on Colab the set-up cell at the top of each lecture installs it), "
            "then restart the kernel."
        ) from error
    return av


@system_errors("a video cannot be read", VideoError)
def resolve(path) -> Path:
    """The path of an existing, non-empty file that may be read; a leading ~ is written out.

    Raises:
        VideoError: for a missing file (with files of similar name), a folder, a file that is empty or may not be read.
    """
    path = place(path, VideoError)
    if path.is_dir():
        raise VideoError(f"{path} is a folder, expected a video file. It holds {_examples(path)}.")
    if not path.exists():
        hint = "." if path.is_symlink() else f". {_near_names(path)}"
        raise VideoError(f"{path} {absent(path)}{hint}")
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise VideoError(f"{path} is a device or a pipe, expected a file: seeking needs all of it on disk.")
    if status.st_size == 0:
        raise VideoError(
            f"{path} is empty (0 bytes): the download or the export did not finish. Delete it and fetch it again."
        )
    with open(path, "rb") as file:
        if _is_animated_webp(file.read(21)):
            raise VideoError(
                f"{path} is an animated WebP picture, which FFmpeg does not read as a film. Convert it to MP4 or GIF "
                f'first: from PIL import Image; Image.open("{path.name}").save("film.gif", save_all=True)'
            )
    return path


def _is_animated_webp(head):
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20] & 2)


def _examples(folder):
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    if not names:
        return "no files"
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _near_names(path):
    folder = path.parent
    if not folder.is_dir():
        return f"Nor does its folder {folder.absolute()}: is the path relative to another working folder?"
    near = difflib.get_close_matches(path.name, [entry.name for entry in folder.iterdir()], n=3, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(near)} in the same folder?"
    return f"No file in {folder.absolute()} has a similar name."


@contextmanager
def open_container(path: Path):
    """Open for reading: yields PyAV's container and its video stream, and closes them.

    Raises:
        VideoError: if FFmpeg cannot read the file, or it holds no video.
    """
    av = load_av()
    try:
        # The prefix keeps odd names from being taken for a protocol. Old tools write tags in any encoding.
        container = av.open(f"file:{path}", metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(_why_unreadable(path, error)) from error
    with container:
        if container.format.name in TEXT_FORMATS:
            raise VideoError(_why_unreadable(path, "a text file"))
        stream = _video_stream(container, path)
        _decoders.add(stream.codec_context)
        try:
            yield container, stream
        finally:
            _decoders.discard(stream.codec_context)
            _let_rest([stream.codec_context])


_decoders = set()  # of the files that are open


@atexit.register  # later, a thread that wants to log ends where it stands, and whoever closes its decoder waits for it
def _let_rest(decoders=_decoders):
    """Let the threads of decoders come to rest, so that closing does not wait for ever.

    PyAV closes a decoder while it holds Python's lock, and FFmpeg then waits for threads that may just be logging. Once
    somebody has set PyAV's log level (torchvision did on import up to 0.25), logging waits for Python's lock.
    """
    for decoder in list(decoders):
        if decoder.is_open:
            decoder.flush_buffers()  # waits for the threads without the lock


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_decoders.clear)  # their threads stay behind: nobody may wait for them


def _video_stream(container, path):
    """The film: not the cover of a music file, nor a still beside it; of several, the one that FFmpeg would play."""
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams and container.streams.audio:
        raise VideoError(f"{path} holds sound but no video. Is it the audio track of the clip that you meant?")
    if not streams:
        raise VideoError(f"{path} holds no video stream. Is it really a video file?")
    best = container.streams.best("video") if len(streams) > 1 else None
    stream = min(streams, key=lambda stream: (_is_still(stream), stream != best, stream.index))
    if stream.codec_context is None:
        raise VideoError(f"{path}: this build of FFmpeg has no decoder for its video. Convert the file to H.264.")
    return stream


def _is_cover(stream):
    return bool(getattr(stream.disposition, "attached_pic", 0) & stream.disposition)


def _is_still(stream):
    """Whether a stream is a single picture, as far as the container tells; Matroska does not count frames."""
    return stream.frames == 1 or (stream.codec_context is not None and codec_name(stream) in PICTURE_FORMATS)


def _why_unreadable(path, error):
    boxes = _mp4_boxes(path)
    if boxes and b"moov" not in dict(boxes):
        return (
            f"{path} is cut off: it is an MP4 file without its index (the 'moov' box, usually written last), so not "
            "even its first frames can be decoded. Download or export it again."
        )
    with open(path, "rb") as file:
        head = file.read(64)
    if head[:3] == b"ID3":
        length = 10 + sum((byte & 127) << 7 * place for place, byte in enumerate(reversed(head[6:10])))
        return (
            f"{path} starts with an ID3 tag, as music files do, and FFmpeg does not look behind it. Cut it off: "
            f'tail -c +{length + 1} "{path.name}" > "without tag{path.suffix}"'
        )
    if head and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        shown = head[:30].decode("ascii").split("\n")[0]
        return f'{path} is not a video: it holds text that starts with "{shown}". A saved error page, perhaps?'
    return f"{path} is not a video that FFmpeg can read ({error}). Check that it plays elsewhere, or fetch it again."


def codec_name(stream) -> str:
    """FFmpeg's name of the codec ("av1"), not of the library that happens to decode it ("libdav1d")."""
    return stream.codec_context.codec.canonical_name


def missing_bytes(path: Path) -> int:
    """How many bytes the container promises beyond the end of the file; 0 when whole, or when it makes no promise.

    A hint, not a proof: some writers get their sizes wrong.
    """
    promised = max(_mp4_end(path), _riff_end(path), _ebml_end(path))
    return max(0, promised - path.stat().st_size)


def _mp4_boxes(path):
    """Top-level boxes as [(type, end)], empty if this is not an ISO media file."""
    size = path.stat().st_size
    boxes, position = [], 0
    with open(path, "rb") as file:
        while position + 8 <= size:
            file.seek(position)
            header = file.read(16)
            length, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if length == 1:
                length = int.from_bytes(header[8:16], "big")  # a 64-bit size follows the type
            elif length == 0:
                length = size - position  # to the end of the file
            if length < 8 or kind not in TOP_BOXES or (not boxes and kind not in (b"ftyp", b"moov", b"mdat", b"wide")):
                break
            position += length
            boxes.append((kind, position))
    return boxes


def _mp4_end(path):
    boxes = [end for kind, end in _mp4_boxes(path) if kind in FILM_BOXES]
    return boxes[-1] if boxes else 0


def _riff_end(path):
    size = path.stat().st_size
    end = 0
    with open(path, "rb") as file:  # a long AVI is a row of RIFF chunks (OpenDML)
        while end + 12 <= size:
            file.seek(end)
            header = file.read(12)
            if header[:4] != b"RIFF" or header[8:11] != b"AVI":
                break
            length = int.from_bytes(header[4:8], "little")
            if length in (0, 2**32 - 1):
                break  # the recorder was stopped before it could write the size, or wrote to a pipe
            end += 8 + length + length % 2
    return end if end < size + 2**32 else 0


def _ebml_end(path):
    with open(path, "rb") as file:
        head = file.read(4096)
    if head[:4] != b"\x1a\x45\xdf\xa3":
        return 0
    length, after = _ebml_size(head, 4)
    segment = after + length
    if head[segment : segment + 4] != b"\x18\x53\x80\x67":
        return 0
    length, after = _ebml_size(head, segment + 4)
    return after + length


def _ebml_size(data, position):
    """A variable-length size (RFC 8794, Sec. 4) and the position after it; 0 where the size is unknown (all ones)."""
    first = data[position]
    width = 9 - first.bit_length()
    value = int.from_bytes(data[position : position + width], "big") & ((1 << 7 * width) - 1)
    return (0 if value == (1 << 7 * width) - 1 else value), position + width


def signature(path: Path):
    """What identifies the content of a file without reading it: absolute path, size in bytes, time of change in ns."""
    status = os.stat(path)
    return str(path.absolute()), status.st_size, status.st_mtime_ns
