"""Predict, then run: the learner commits to an answer before the cell that reveals it."""

import re
from dataclasses import dataclass
from html import escape

from course_lib.display import box, show_html


@dataclass(frozen=True)
class Prediction:
    """A question and what the learner guessed. Made by `predict`."""

    question: str
    guess: object
    unit: str = ""

    def reveal(self, answer, digits=3):
        """Show the answer beside the guess. No guess is fine, and no guess is graded.

        Args:
            answer: a number, a string or anything with a readable str().
            digits: significant digits shown of a float.
        """
        truth = _written(answer, self.unit, digits)
        if self.guess is None or self.guess is ...:
            title, body, tone = f"It is {truth}.", "No guess this time: next time, commit before you run.", "neutral"
        elif _agrees(_said(self.guess, self.unit), answer):
            title, body, tone = f"Yes: {truth}.", f"You said {self._guessed(digits)}.", "good"
        else:
            title, tone = f"It is {truth}.", "wait"
            body = f"You said {self._guessed(digits)}. Where does the difference come from?"
        html = box(escape(title), f"<div>{escape(self.question)} {escape(body)}</div>", tone)
        show_html(html, f"{self.question}\n{title} {body}")

    def _guessed(self, digits):
        return _written(_said(self.guess, self.unit), self.unit, digits)


def predict(question, guess=None, unit=""):
    """Note a guess: `frames = predict("How many frames come out?", None, unit="frames")`, later `frames.reveal(15)`."""
    return Prediction(question, guess, unit)


LARGE = 1000  # from here on nobody guesses a whole number to the last digit
SAME_WORDS = {"counterclockwise": "anticlockwise", "counter-clockwise": "anticlockwise"}


def _said(guess, unit):
    """The guess without a unit that was typed along, and without marks between thousands: "80,000 frames" is 80000."""
    if not isinstance(guess, str):
        return guess
    bare = guess.strip().removesuffix(unit).strip() if unit else guess.strip()
    number = re.sub(r"(?<=\d)[ ,_](?=\d{3}\b)", "", bare)
    for kind in (int, float):
        try:
            return kind(number)
        except ValueError:
            continue
    return bare


def _agrees(guess, answer):
    """Numbers agree within 5 %, whole ones exactly or, if large, within 1 %; words without regard to case and space."""
    try:
        near = 0.05 if isinstance(answer, float) else 0.01 if abs(answer) >= LARGE else 0
        return abs(float(guess) - float(answer)) <= near * abs(float(answer))
    except (TypeError, ValueError):
        return _words(guess) == _words(answer)


def _words(text):
    folded = " ".join(str(text).casefold().split())
    return SAME_WORDS.get(folded, folded)


def _written(value, unit, digits):
    text = f"{value:.{digits}g}" if isinstance(value, float) else str(value)
    return f"{text} {unit}".strip()
