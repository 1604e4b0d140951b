"""Published beside measured: the numbers, the best, the footnotes, and what is said about the order."""

import re

import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.plots import Noted, from_memory, table

PAPER = {"spatial": (73.0, 40.5), "temporal": (83.7, from_memory(54.6)), "both": (86.9, 58.0)}


def paper_table(measured, **options):
    return table(PAPER, measured, columns=("UCF101", "HMDB51"), measured_columns=("here",), **options)


def body(result):
    """The rows of the HTML as lists of plain texts."""
    rows = re.findall("<tr>(.*?)</tr>", result.html.partition("<tbody>")[2])
    return [re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def test_numbers_stand_in_their_cells_and_the_best_of_each_column_is_bold():
    result = paper_table({"spatial": 24.8, "temporal": torch.tensor(25.64), "both": 97.1}, unit="%", source="Table 4.")
    assert body(result) == [
        ["spatial", "73.0", "40.5", "24.8"],
        ["temporal", "83.7", "54.6<sup>†</sup>", "25.6"],
        ["both", "<b>86.9</b>", "<b>58.0</b>", "<b>97.1</b>"],
    ]
    assert ">Numbers in %. Table 4</caption>" in result.html
    lines = repr(result).splitlines()
    assert lines[0] == "Numbers in %. Table 4" and lines[1].split() == ["UCF101", "HMDB51", "here"]
    assert lines[4].split() == ["both", "86.9*", "58.0*", "97.1*"]
    assert result.rows["temporal"][:2] == (83.7, 54.6)


def test_one_footnote_for_what_is_from_memory_and_one_for_each_other_note():
    rows = {"a": from_memory(1.0), "b": from_memory(2.0), "c": Noted(3.0, "one split")}
    text = repr(table(rows))
    assert text.count("from memory") == 1 and "† from memory" in text and "‡ one split" in text
    assert "1.0†" in text and "2.0†" in text and "3.0‡" in text
    assert rows["a"] + rows["c"] == 4.0


def test_the_same_order_is_said_and_kept():
    result = paper_table({"spatial": 1, "temporal": 2, "both": 3})
    assert result.same_order is True and "same order: yes (3 of 3 pairs)" in repr(result)
    assert "same order: yes (3 of 3 pairs)" in result.html


def test_rows_that_are_the_other_way_round_are_named():
    result = paper_table({"spatial": 2, "temporal": 1, "both": 3})
    assert result.same_order is False
    assert result.orders["here"].turned == [("spatial", "temporal")]
    assert "same order: no (2 of 3 pairs; not spatial and temporal)" in repr(result)


def test_equal_measurements_are_another_order_and_close_ones_are_none():
    measured = {"spatial": 50.0, "temporal": 50.0, "both": 60.0}
    assert paper_table(measured).same_order is False
    close = paper_table(measured, tie=1.0)
    assert close.same_order is True and "same order: yes (2 of 2 pairs; 1 too close to tell)" in repr(close)


def test_rows_without_a_measurement_are_not_compared():
    result = paper_table({"spatial": 1, "both": 2})
    assert result.orders["here"].pairs == 1 and result.same_order
    assert body(result)[1][-1] == "–"
    assert table({"a": 1, "b": 2}).same_order is None and "order" not in repr(table({"a": 1, "b": 2}))
    assert table({"a": None, "b": 2}, {"a": 1, "b": 2}).same_order is None


def test_each_measured_column_is_compared_with_the_published_one_in_its_place():
    published, measured = {"a": (1, 2), "b": (2, 1)}, {"a": (3, 3), "b": (4, 4)}
    result = table(published, measured, columns=("x", "y"), measured_columns=("x here", "y here"))
    assert [order.turned for order in result.orders.values()] == [[], [("a", "b")]]
    assert "x here: same order: yes" in repr(result) and "y here: same order: no" in repr(result)


def test_the_best_may_be_the_least_or_nothing():
    errors = {"a": 0.36, "b": 0.2}
    assert body(table(errors, best=min, number="{:.2f}"))[1] == ["b", "<b>0.20</b>"]
    assert "<b>" not in table(errors, best=None).html and "best" not in repr(table(errors, best=None))


def test_texts_stand_as_they_are_and_nothing_of_them_is_markup():
    result = table({"a <i>": "75 (89)", "b": 3}, {"a <i>": 1, "b": 2})
    assert body(result)[0] == ["a &lt;i&gt;", "75 (89)", "1.0"]
    assert result.same_order is None


def test_colours_come_from_the_page():
    html = paper_table({"spatial": 1}).html
    assert not re.search(r"(?<!-)color:(?!inherit)|background", html)


def test_a_misprinted_row_is_refused():
    with pytest.raises(CourseError, match="'spatail'.*misprint"):
        paper_table({"spatail": 1})


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ShapeError, match="row 'a' has 2 values, expected 1"):
        table({"a": (1, 2)})
