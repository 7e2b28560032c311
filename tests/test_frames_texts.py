"""How cells are written in a prompt."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import notebookgen as ng
from notebookgen.errors import InvalidPrompt
from notebookgen.frames.texts import number_text, text_cells

UTC = dt.UTC


@pytest.mark.parametrize(
    ("kind", "cell", "expected"),
    [
        (pl.String, "fox", "fox"),
        (pl.Categorical, "fox", "fox"),
        (pl.Enum(["fox"]), "fox", "fox"),
        (pl.Int64, -4, "-4"),
        (pl.UInt8, 200, "200"),
        (pl.Float64, 4.0, "4"),
        (pl.Float64, -0.0, "0"),
        (pl.Float64, 0.5, "0.5"),
        (pl.Float64, 1e-7, "0.0000001"),
        (pl.Float64, 1e16, "10000000000000000"),
        (pl.Float64, math.inf, "inf"),
        (pl.Float64, math.nan, None),
        (pl.Float32, 0.1, "0.1"),
        (pl.Float32, 4.0, "4"),
        (pl.Boolean, True, "True"),
        (pl.Boolean, False, "False"),
        (pl.Date, dt.date(2026, 11, 21), "2026-11-21"),
        (pl.Datetime, dt.datetime(2026, 11, 21, 13, 58, 11), "2026-11-21 13:58:11"),  # noqa: DTZ001 - a naive one
        (pl.Datetime("us", "UTC"), dt.datetime(2026, 11, 21, 13, tzinfo=UTC), "2026-11-21 13:00:00+00:00"),
        (pl.Time, dt.time(7, 30), "07:30:00"),
        (pl.Duration, dt.timedelta(hours=2), "2:00:00"),
        (pl.Decimal(10, 2), Decimal("4.50"), "4.5"),
        (pl.Decimal(10, 2), Decimal(100), "100"),
        (pl.Decimal(10, 0), Decimal(100), "100"),
        (pl.Null, None, None),
    ],
)
def test_each_kind_of_cell_is_written_as_people_write_it(kind: Any, cell: object, expected: str | None) -> None:
    """Text, numbers, booleans and times have one way to be written; a null has none."""
    found = text_cells(pl.Series("x", [cell, None], dtype=kind), "the column")

    assert [expected, None] == found.to_list()
    assert pl.String == found.dtype


def test_a_cells_text_does_not_depend_on_its_neighbours() -> None:
    """4.0 is ``4`` also beside 0.5, so that a row which is added changes no other."""
    alone = text_cells(pl.Series([4.0]), "x").to_list()

    assert alone == text_cells(pl.Series([4.0, 0.5]), "x").to_list()[:1]
    assert alone == text_cells(pl.Series([4]), "x").to_list()


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_a_float_is_written_without_loss(numbers: list[float]) -> None:
    """What is written reads as the same number again, in digits alone."""
    texts = text_cells(pl.Series("x", numbers, dtype=pl.Float64), "x").to_list()

    assert numbers == [float(text) for text in texts]
    assert texts == [number_text(number) for number in numbers]
    assert not any("e" in text for text in texts)


def test_many_cells_are_written_in_their_order() -> None:
    """Cells that are written a part at a time stay in their order."""
    numbers = [number + 0.5 for number in range(10_000)]

    assert [str(number) for number in numbers] == text_cells(pl.Series(numbers), "x").to_list()


@pytest.mark.parametrize(
    ("cells", "advice"),
    [
        (pl.Series("x", [["a"]]), "list.join"),
        (pl.Series("x", [[[1]]]), "make a text of it first"),
        (pl.Series("x", [{"a": 1}]), "unnest"),
        (pl.Series("x", [b"a"]), "images="),
        (pl.Series("x", [object()], dtype=pl.Object), "make a text of it first"),
    ],
)
def test_what_has_no_text_is_an_error_that_says_what_to_do(cells: pl.Series, advice: str) -> None:
    """Lists, structs, bytes and objects do not go into a prompt by themselves."""
    with pytest.raises(InvalidPrompt, match=r"^\{x\} is of type") as caught:
        text_cells(cells, "{x}")

    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (pl.Series("x", [["a", "b"], None]), ["a, b", None]),
        (pl.Series("x", [[1, 2], []]), ["1, 2", ""]),
        (pl.Series("x", [[1.5]]), ["1.5"]),
        (pl.Series("x", [[dt.date(2026, 1, 2)]]), ["2026-01-02"]),
        (pl.Series("x", [[1, 2]], dtype=pl.Array(pl.Int8, 2)), ["1, 2"]),
        (pl.Series("x", [["a"]], dtype=pl.List(pl.Enum(["a"]))), ["a"]),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_what_the_error_says_to_do_with_a_list_can_be_done(cells: pl.Series, expected: list[str | None]) -> None:
    """The line to type joins lists of text, numbers and dates alike."""
    with pytest.raises(InvalidPrompt) as caught:
        text_cells(cells, "{x}")

    typed = str(caught.value).partition("join it first: ")[2].removesuffix(".")
    frame = eval(typed, {"frame": cells.to_frame(), "ng": ng, "polars": pl})  # noqa: S307 - what the error says to type
    assert expected == text_cells(frame["x"], "{x}").to_list()
