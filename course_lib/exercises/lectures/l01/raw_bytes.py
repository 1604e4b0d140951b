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
PRODUCT = "frames_in_all * height * width * channels * bytes_per_value"
UNITS = {"kilobytes": ("10**3", "2**10"), "megabytes": ("10**6", "2**20"), "gigabytes": ("10**9", "2**30")}


def _cases(generator):
    def other():
        height, width, half_fps, seconds = (draw(generator, *end) for end in ((90, 500), (90, 900), (3, 30), (2, 90)))
        return height, width, 2 * half_fps, seconds + 0.5

    return [
        Case("SD, one minute", (480, 640, 30, 60)),
        Case("one grey frame", (7, 5, 1, 1), {"channels": 1}),
        Case("HD, ten seconds, float32", (1080, 1920, 25, 10), {"bytes_per_value": 4}),
        Case("3.2 seconds, 5 frames per second", (112, 112, 5, 3.2)),
        Case("12.5 frames per second", (36, 50, 12.5, 4)),
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
        *(
            edit(f"these are {name}: return bytes", {PRODUCT: form.format(f"{PRODUCT} / {size}")})
            for name, sizes in UNITS.items()
            for size in sizes
            for form in ("{}", "round({})", "int({})")
        ),
        edit(
            "the seconds are cut off behind the point: 3.2 seconds at 5 frames per second are 16 frames",
            {FRAMES: "fps * int(seconds)"},
        ),
        edit(
            "the frame rate is cut off behind the point: 12.5 frames per second for 4 seconds are 50 frames",
            {FRAMES: "int(fps) * seconds"},
        ),
        edit("the frames per second are missing", {FRAMES: "seconds"}),
        edit("this is a single frame: the video has fps * seconds of them", {"frames_in_all * ": ""}),
        edit("one frame too many: fps * seconds of them are shown", {FRAMES: f"{FRAMES} + 1"}),
        edit("the duration is divided by 60: `fps` and `seconds` both count seconds", {FRAMES: "fps * seconds / 60"}),
        edit("seconds and frames per second are divided: frames = fps times seconds", {FRAMES: "seconds / fps"}),
        edit(
            "this adds height and width: a frame has height times width pixels", {"height * width": "(height + width)"}
        ),
        edit("the height is there twice: a frame has height times width pixels", {"* width": "* height"}),
        edit("the bytes per value are fixed to 4: a uint8 takes 1", {"* bytes_per_value": "* 4"}),
        edit("the frame rate is fixed to 30: use the argument `fps`", {FRAMES: "30 * seconds"}),
        edit("this divides by the bytes per value: every value takes that many", {"* bytes": "/ bytes"}),
        edit("this adds the channels: every pixel has that many values", {"width * channels": "width + channels"}),
        edit(
            "the channels are fixed to 3, and the bytes per value are missing: both are arguments",
            {"* channels * bytes_per_value": "* 3"},
        ),
        edit("frames per second and seconds are divided: frames = fps times seconds", {FRAMES: "fps / seconds"}),
        edit(
            "the seconds are rounded up: 3.2 seconds at 5 frames per second are 16 frames",
            {FRAMES: "fps * -(-seconds // 1)"},
        ),
        edit(
            "this divides by 8: one byte per value is a byte already", {"* bytes_per_value": "* bytes_per_value // 8"}
        ),
        edit("fps and seconds are added: frames = fps times seconds", {FRAMES: "round(fps + seconds)"}),
        edit(
            "the bytes per value are added: every value takes that many",
            {"channels * bytes_per_value": "(channels + bytes_per_value)"},
        ),
        edit(
            "all factors are added: the number of bytes is their product",
            {
                "height * width * channels * bytes_per_value": "height + width + channels + bytes_per_value",
                "frames_in_all * ": "fps + seconds + ",
            },
        ),
        edit(
            "channels and bytes per value are fixed to 3 and 4: both are arguments",
            {"* channels * bytes_per_value": "* 3 * 4"},
        ),
    ),
    hints=(
        "Count from the inside out: one value, one pixel, one frame, one second, the whole video.",
        "A product of six numbers, nothing else. `round(fps * seconds)` is the number of frames as a whole number.",
        "`frames = round(fps * seconds)`, then `return frames * height * ____` with the three factors that are left.",
    ),
)
