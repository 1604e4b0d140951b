"""00.3: what happens after a wrong answer?"""

from course_lib.exercises import edit, exercise

carries_on = exercise(
    "00.3",
    "After a wrong answer",
    kind="choice",
    solution='carries_on = "b"',
    options=("my own version, wrong as it is", "the course's version", "none: the notebook stops here"),
    mistakes=(
        edit(
            "Then one slip would spoil everything below it. Look at the line under a failed check again.",
            {'"b"': '"a"'},
        ),
        edit("A check stops nothing. Look at the line under a failed check again.", {'"b"': '"c"'}),
    ),
    hints=(
        "You have seen a check of an answer that was wrong, or of none at all. What did its last lines say?",
        'The line is `to_clip = check("00.1", to_clip)`: whatever `check` returns is called `to_clip` from then on.',
        "Leave exercise 00.1 unsolved, run its check, and then look at `to_clip.__module__`.",
    ),
)
