"""What is missing of a damaged file, and how to read on behind it.

Frames that the decoder cannot give, or gives damaged, are missing; so is what the end of a file lacks. Sizes in headers
and marks on packets are hints only: writers get sizes wrong, things are appended to files, and the joint of two
recordings looks like a loss. They are a reason to look closer.
"""

from __future__ import annotations

from course_lib.data.video.file import load_av, missing_bytes

MOST_FAULTS = 100  # places of one file where its container cannot be read; beyond that, no more is to be hoped for
GAPS_SHOWN = 4  # in a message
B_FRAME = 3  # FFmpeg's AV_PICTURE_TYPE_B
MOST_B_FRAMES = 16  # in a row; H.264 and HEVC keep no more pictures to predict from


def packets_of(container, stream):
    """All packets, beyond faults in the container; None stands for each place where FFmpeg could not read on."""
    error = load_av().error.FFmpegError
    for _ in range(MOST_FAULTS):
        try:
            yield from container.demux(stream)
            return
        except error:
            yield None


def frames_of(container, stream):
    """All frames as the decoder gives them, beyond faults: (frame, good); (None, False) for what it cannot decode.

    After a fault nothing is good until the next keyframe, which needs no picture before it; nor are the B-frames just
    before, which may have been made from the damaged picture. Faults before the first frame are the rest of a group of
    pictures whose beginning was cut off.
    """
    error = load_av().error.FFmpegError
    begun = broken = False
    held = []  # B-frames that the next picture may still spoil
    for packet in packets_of(container, stream):
        try:
            frames = [] if packet is None else stream.codec_context.decode(packet)
            fault = packet is None and begun
        except error:
            frames, fault = [], begun
        for frame in [None, *frames] if fault else frames:
            if frame is None or frame.is_corrupt:
                broken = True
            elif frame.key_frame:
                broken = False
            begun = True
            if not broken and frame.pict_type == B_FRAME and len(held) < MOST_B_FRAMES:
                held.append(frame)
                continue
            yield from ((before, not broken) for before in held)
            held.clear()
            yield frame, not broken
    yield from ((before, True) for before in held)


def early_end(path, container, stream, packets, marked):
    """What the end of the file lacks, in words; "" if nothing, or if nobody can know.

    A size in a header is a hint only: writers get it wrong, and other things are appended to files. Frames are missing
    if the container also lists, or lasts, longer than what is there.
    """
    over = missing_bytes(path)
    last = packets[-1][1] if packets else None
    kind = container.format.name
    if kind == "avi":
        short = last is None or last + 1 < stream.frames  # a dropped frame counts: its chunk is empty
    elif "matroska" in kind:
        short = _lasts_longer(container, stream, packets)
    else:
        short = not stream.frames or len(packets) < stream.frames
    if over and (short or marked[-1:] == [True]):
        whole = len(packets) - sum(marked[-1:])
        return f"it ends after {whole} frames, {over:,} bytes before the end that its container promises"
    if marked[-1:] == [True] and kind != "mpegts":  # there it is the sign of a gap anywhere
        return f"it ends in the middle of frame {len(packets) - 1}"
    return ""


def _lasts_longer(container, stream, packets):
    """Whether the container's duration exceeds the time of the last packet by more than a frame."""
    stamps = sorted(pts for pts, *_ in packets if pts is not None)
    if container.duration is None or len(stamps) < 2:
        return True
    period = (stamps[-1] - stamps[0]) / (len(stamps) - 1)
    missing = container.duration / 1e6 - float((stamps[-1] + period) * stream.time_base)
    return missing > 1.5 * period * float(stream.time_base)


def lost_frames(index, numbers):
    """Which frames are lost, and when they would be shown: a list of texts, one per gap."""
    texts = []
    for first, last in _runs_of(numbers):
        start, end = (float((index.pts[number] - index.pts[0]) * index.time_base) for number in (first, last))
        if first == last:
            texts.append(f"frame {first} ({start:.2f} s) cannot be decoded")
        else:
            texts.append(f"frames {first} to {last} ({start:.2f} to {end:.2f} s) cannot be decoded")
    return texts


def _runs_of(numbers):
    """[1, 2, 3, 7] -> [(1, 3), (7, 7)]."""
    runs = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs


def listed(texts):
    texts = [text for text in texts if text]
    rest = len(texts) - GAPS_SHOWN
    return ", ".join(texts[:GAPS_SHOWN]) + (f", and {rest} more gaps" if rest > 0 else "")
