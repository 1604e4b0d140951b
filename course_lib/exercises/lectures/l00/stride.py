"""00.2: which stride?"""

from course_lib.exercises import edit, exercise

stride = exercise(
    "00.2",
    "Which stride?",
    kind="number",
    solution="stride = 6",
    mistakes=(
        edit(
            "That is how many frames per second remain. The stride is how many of the 30 it takes to get there.",
            {"6": "5"},
        ),
        edit(
            "That many frames go by from the first to the last of the clip; between two of them it is fewer.",
            {"6": "16 * 6"},
        ),
        edit(
            "That is a stride in seconds, from one frame of the clip to the next. Count it in frames.",
            {"6": "6 / 30"},
        ),
        edit("With every frame taken, 16 frames are over after half a second. Drag the slider further.", {"6": "1"}),
        edit(
            "These are the seconds that the clip should stand for. The stride is counted in frames.",
            {"6": "16 * 6 / 30"},
        ),
    ),
    hints=(
        "A clip of 16 frames with stride $s$ stands for as much video as $16 s$ frames of it.",
        "Frames divided by frames per second are seconds: $16 s / 30$.",
        "Solve $16 s / 30 = 3.2$ for $s$, or move the slider until the sentence under the frames says 3.20 s.",
    ),
)
