"""Predict, then run: the learner commits to an answer before the cell that reveals it."""

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
        elif _agrees(self.guess, answer):
            title, body, tone = f"Yes: {truth}.", f"You said {_written(self.guess, self.unit, digits)}.", "good"
        else:
            title, tone = f"It is {truth}.", "wait"
            body = f"You said {_written(self.guess, self.unit, digits)}. Where does the difference come from?"
        html = box(escape(title), f"<div>{escape(self.question)} {escape(body)}</div>", tone)
        show_html(html, f"{self.question}\n{title} {body}")


def predict(question, guess=None, unit=""):
    """Note a guess: `frames = predict("How many frames come out?", None, unit="frames")`, later `frames.reveal(15)`."""
    return Prediction(question, guess, unit)


def _agrees(guess, answer):
    """Numbers agree within 5 %, whole numbers exactly, words without regard to case and space."""
    try:
        near = 0.05 * abs(float(answer)) if isinstance(answer, float) else 0
        return abs(float(guess) - float(answer)) <= near
    except (TypeError, ValueError):
        return " ".join(str(guess).split()).casefold() == " ".join(str(answer).split()).casefold()


def _written(value, unit, digits):
    text = f"{value:.{digits}g}" if isinstance(value, float) else str(value)
    return f"{text} {unit}".strip()
