"""A published table with our own measurements beside it, and whether both put the rows into the same order.

    table({"spatial stream": 73.0, "temporal stream": 83.7, "both": from_memory(86.9)},
          {"spatial stream": 24.8, "temporal stream": 25.6, "both": 97.1},
          unit="%", source="Table 4 of the paper, UCF101")

As the last line of a cell it shows itself; a terminal prints the same as text.
"""

import html
import itertools
import math
import numbers

from course_lib.display import Rich
from course_lib.errors import CourseError, ShapeError

_MARKS = "†‡§¶"
_EMPTY = "–"


class Noted(float):
    """A number with a footnote; it computes like any float, and equal notes share one footnote."""

    def __new__(cls, value, note):
        number = super().__new__(cls, value)
        number.note = note
        return number


def from_memory(value):
    """A published number that nobody has looked up again."""
    return Noted(value, "from memory, not looked up again")


class Table(Rich):
    """What `table` returns: shows itself, and keeps the numbers.

    rows: {label: all values, published ones first}. columns: their names.
    orders: {name of a measured column: Order}. same_order: whether all of them agree; None if nothing was compared.
    """

    def __init__(self, html_text, text, rows, columns, orders):
        super().__init__(html_text, text)
        self.rows, self.columns, self.orders = rows, columns, orders
        self.same_order = all(not order.turned for order in orders.values()) if orders else None


class Order:
    """How a measured column sorts the rows, compared with a published one, pair by pair.

    pairs: how many pairs of rows can be compared. turned: those (label, label) that are the other way round.
    close: how many more there are whose measured values differ by less than `tie`.
    """

    def __init__(self, labels, published, measured, tie=0.0):
        known = [
            (label, float(theirs), float(ours))
            for label, theirs, ours in zip(labels, published, measured, strict=True)
            if _is_number(theirs) and _is_number(ours)
        ]
        self.pairs, self.close, self.turned = 0, 0, []
        for (one, theirs1, ours1), (two, theirs2, ours2) in itertools.combinations(known, 2):
            if theirs1 == theirs2:
                continue
            if abs(ours1 - ours2) < tie:
                self.close += 1
                continue
            self.pairs += 1
            if (theirs1 - theirs2) * (ours1 - ours2) <= 0:
                self.turned.append((one, two))

    def __str__(self):
        close = f"; {self.close} too close to tell" if self.close else ""
        counted = f"{self.pairs - len(self.turned)} of {self.pairs} pairs{close}"
        if not self.turned:
            return f"same order: yes ({counted})"
        pairs = "; ".join(f"{one} and {two}" for one, two in self.turned[:3]) + ("; ..." if self.turned[3:] else "")
        return f"same order: no ({counted}; not {pairs})"


def table(
    published,
    measured=None,
    *,
    columns=("published",),
    measured_columns=("measured here",),
    unit="",
    source="",
    best=max,
    number="{:.1f}",
    tie=0.0,
):
    """Published values beside measured ones, the best of each column in bold, and whether the orders agree.

    Args:
        published: {label of a row: number}, or {label: numbers} with one per name in `columns`. A number may be
            `from_memory(64.1)` or `Noted(64.1, "why")`, which makes a footnote; None leaves the cell empty; a text
            stands as it is and is not compared.
        measured: the same for the rows that we measured, one number per name in `measured_columns`; rows may lack.
        columns, measured_columns: their names. Measured column i is compared with published column i, and with the
            last published one when there are fewer of those.
        unit: of all numbers, such as "%"; stands in the caption. source: where the published numbers come from.
        best: max or min, which value of a column is set in bold; None for none.
        number: how a number is written, or {column: how}.
        tie: measured values that differ by less than this are too close to tell, and neither confirm nor contradict.
    Returns:
        Table; as the last line of a cell it shows itself. `.same_order` says whether all published pairs agree.
    Raises:
        CourseError: if a measured row has no published one of this name (give it, with None, if there is none).
        ShapeError: if a row has another number of values than there are columns.
    """
    measured = measured or {}
    strange = [label for label in measured if label not in published]
    if strange:
        raise CourseError(
            f"measured rows {strange} are not among the published rows {list(published)}: a misprint? If the paper "
            "lacks such a row, add it to published with None."
        )
    names = tuple(columns) + (tuple(measured_columns) if measured else ())
    rows = {}
    for label, theirs in published.items():
        ours = _cells(label, measured.get(label), measured_columns) if measured else ()
        rows[label] = _cells(label, theirs, columns) + ours
    orders = {}
    for i, name in enumerate(measured_columns if measured else ()):
        theirs, ours = min(i, len(columns) - 1), len(columns) + i
        order = Order(rows, *([row[j] for row in rows.values()] for j in (theirs, ours)), tie)
        if order.pairs:
            orders[name] = order
    return _render(rows, names, len(columns), orders, unit, source, best, number)


def _cells(label, values, names):
    """The values of one row, as a tuple with one per name."""
    if values is None:
        return (None,) * len(names)
    values = values if isinstance(values, tuple | list) else (values,)
    if len(values) != len(names):
        raise ShapeError(f"row {label!r} has {len(values)} values, expected {len(names)}: one per column {list(names)}")
    return tuple(value.item() if hasattr(value, "item") else value for value in values)


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def _render(rows, names, published, orders, unit, source, best, number):
    winners = [None] * len(names)
    if best and len(rows) > 1:
        for i in range(len(names)):
            winners[i] = best((row[i] for row in rows.values() if _is_number(row[i])), default=None)
    notes = []
    for value in itertools.chain.from_iterable(rows.values()):
        if isinstance(value, Noted) and value.note not in notes:
            notes.append(value.note)
    marks = {note: _MARKS[i % len(_MARKS)] * (1 + i // len(_MARKS)) for i, note in enumerate(notes)}

    def written(i, value):
        if value is None:
            return _EMPTY
        form = number.get(names[i], "{:.1f}") if isinstance(number, dict) else number
        return form.format(float(value)) if isinstance(value, numbers.Real) else str(value)

    cells = {
        label: [
            (written(i, value), marks.get(getattr(value, "note", None), ""), _is_number(value) and value == winners[i])
            for i, value in enumerate(row)
        ]
        for label, row in rows.items()
    }
    caption = ". ".join(part for part in (f"Numbers in {unit}" if unit else "", source.rstrip(".")) if part)
    several = len(orders) > 1
    foot = [f"{name}: {order}" if several else str(order) for name, order in orders.items()]
    foot += [f"{mark} {note}" for note, mark in marks.items()]
    return Table(_html(cells, names, published, caption, foot), _text(cells, names, caption, foot), rows, names, orders)


def _html(cells, names, published, caption, foot):
    """Colours come from the page, so that light and dark themes both work; lines are half transparent grey."""
    line = "1px solid rgba(128,128,128,.55)"
    apart = f"border-left:{line};"  # between published and measured
    look = "text-align:right;padding:.2em .8em;font-variant-numeric:tabular-nums;"

    def edge(i):
        return apart if i == published else ""

    head = "".join(
        f'<th scope="col" style="{look}{edge(i)}border-bottom:{line}">{html.escape(name)}</th>'
        for i, name in enumerate(names)
    )
    body = ""
    for label, row in cells.items():
        body += f'<tr><th scope="row" style="text-align:left;font-weight:normal">{html.escape(str(label))}</th>'
        for i, (text, mark, is_best) in enumerate(row):
            text = html.escape(text) + (f"<sup>{mark}</sup>" if mark else "")
            body += f'<td style="{look}{edge(i)}">{f"<b>{text}</b>" if is_best else text}</td>'
        body += "</tr>"
    below = "".join(f"<div>{html.escape(text)}</div>" for text in foot)
    title = f'<caption style="caption-side:top;text-align:left;padding:.2em 0">{html.escape(caption)}</caption>'
    return (
        f'<table style="border-collapse:collapse;margin:.4em 0;color:inherit">{title if caption else ""}'
        f'<thead><tr><th style="border-bottom:{line}"></th>{head}</tr></thead><tbody>{body}</tbody></table>'
        f'<div style="font-size:90%;line-height:1.5">{below}</div>'
    )


def _text(cells, names, caption, foot):
    """The same in columns; an asterisk marks what is bold in HTML."""
    rows = {
        label: [f"{text}{mark}{'*' if is_best else ' '}" for text, mark, is_best in row] for label, row in cells.items()
    }
    first = max(len(str(label)) for label in rows) + 2
    widths = [max(len(name), *(len(row[i]) - 1 for row in rows.values())) + 3 for i, name in enumerate(names)]
    lines = [caption] if caption else []
    lines.append(" " * first + "".join(f"{name:>{w - 1}} " for name, w in zip(names, widths, strict=True)))
    for label, row in rows.items():
        lines.append(f"{label!s:{first}}" + "".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True)))
    lines = [line.rstrip() for line in lines]
    if any(is_best for row in cells.values() for _, _, is_best in row):
        foot = ["* best of the column", *foot]
    return "\n".join([*lines, *foot])
