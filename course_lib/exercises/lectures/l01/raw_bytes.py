"""01.1: how many bytes is a video?"""

from course_lib.exercises import Case, edit, exercise
from course_lib.ops import sampling

from .._draw import draw

SOLUTION = """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    frames_in_all = round(fps * seconds)
    return frames_in_all * height * width * channels * bytes_per_value
"""

FRAMES = "round(fps * seconds)"


def _cases(generator):
    def other():
        return tuple(draw(generator, *limits) for limits in ((90, 500), (90, 900), (5, 60), (2, 90)))

    return [
        Case("SD, one minute", (480, 640, 30, 60)),
        Case("one grey frame", (7, 5, 1, 1), {"channels": 1}),
        Case("HD, ten seconds, float32", (1080, 1920, 25, 10), {"bytes_per_value": 4}),
        Case("two seconds of flow, float32", (36, 48, 12, 2), {"channels": 2, "bytes_per_value": 4}),
        Case("another video, six channels", other(), {"channels": 6, "bytes_per_value": 2 ** draw(generator, 1, 3)}),
        Case("another grey video", other(), {"channels": 1, "bytes_per_value": 2 ** draw(generator, 1, 3)}),
    ]


raw_bytes = exercise(
    "01.1",
    "How many bytes is a video?",
    solution=SOLUTION,
    same_as=sampling.raw_bytes,
    cases=_cases,
    mistakes=(
        edit(
            "this counts pixels: each has `channels` values, and each value takes `bytes_per_value` bytes",
            {" * channels * bytes_per_value": ""},
        ),
        edit(
            "the bytes per value are missing: a float32 takes 4 bytes, a uint8 takes 1",
            {" * bytes_per_value": ""},
        ),
        edit("the channels are missing: a colour frame holds three values per pixel", {" * channels": ""}),
        edit(
            "the number of channels is fixed to 3: use the argument `channels`, flow has two and grey one",
            {"* channels": "* 3"},
        ),
        edit("this is the size of one second: the duration is missing", {FRAMES: "fps"}),
        edit("these are bits: a byte is 8 bits, and uint8 already means one byte", {"return": "return 8 *"}),
        edit("the duration is counted in minutes: `seconds` is in seconds already", {FRAMES: "60 * fps * seconds"}),
        edit("these are megabytes: return bytes", {"* bytes_per_value": "* bytes_per_value / 1e6"}),
        edit("frames per second and seconds are divided: frames = fps times seconds", {FRAMES: "fps / seconds"}),
    ),
    hints=(
        "Count from the inside out: one value, one pixel, one frame, one second, the whole video.",
        "A product of six numbers, nothing else. `round(fps * seconds)` is the number of frames as a whole number.",
        "`frames = round(fps * seconds)`, then `return frames * height * ____` with the three factors that are left.",
    ),
)
