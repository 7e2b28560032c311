"""Frames of every library, read as Polars."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookgen.errors import InvalidCall
from notebookgen.frames.reading import is_lazy, read_frame, same

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = {"animal": ["owl", "fox", None, "ant"], "seed": [3, 1, 2, None], "weight": [0.5, None, 2.0, 1.0]}


def duck(data: dict[str, list[Any]]) -> Any:
    """Return a DuckDB relation."""
    arrow = pa.table(data)
    return duckdb.connect().from_arrow(arrow)


KINDS: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "polars": pl.DataFrame,
    "polars lazy": pl.LazyFrame,
    "pandas": pd.DataFrame,
    "pandas nullable": lambda data: pd.DataFrame(data).convert_dtypes(),
    "pandas pyarrow": lambda data: pa.table(data).to_pandas(types_mapper=pd.ArrowDtype),
    "pyarrow": pa.table,
    "duckdb": duck,
    "narwhals": lambda data: nw.from_native(pl.DataFrame(data)),
    "narwhals lazy": lambda data: nw.from_native(pl.LazyFrame(data)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_gives_the_same_rows_in_the_same_order(kind: str) -> None:
    """Whichever library holds the rows, they come out as Polars, in order, with nulls for what is missing."""
    found = read_frame(KINDS[kind](ROWS))

    assert ROWS == {name: cells.to_list() for name, cells in found.to_dict().items()}


@pytest.mark.slow
@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.tuples(st.text("abc é{}", max_size=4) | st.none(), st.integers(-(2**40), 2**40)), min_size=1, max_size=20
    )
)
def test_order_and_cells_are_kept_whatever_they_are(rows: list[tuple[str | None, int]]) -> None:
    """Rows come out in the order in which they went in, under every library."""
    data: dict[str, list[Any]] = {
        "text": [text for text, _ in rows] + ["end"],
        "number": [number for _, number in rows] + [0],
    }

    assert {kind: list(zip(*data.values(), strict=True)) for kind in KINDS} == {
        kind: read_frame(make(data)).rows() for kind, make in KINDS.items()
    }


def test_a_lazy_frame_is_collected_once() -> None:
    """A query runs once, however much is then asked about its rows."""
    ran = []

    def count(frame: pl.DataFrame) -> pl.DataFrame:
        ran.append(1)
        return frame

    lazy = pl.LazyFrame({"a": [1, 2]}).map_batches(count, schema={"a": pl.Int64})
    found = read_frame(lazy)

    assert [(1,), (2,)] == found.rows()
    assert 1 == len(ran)
    assert is_lazy(lazy)
    assert not is_lazy(found)


def test_a_pandas_index_is_kept_where_it_has_a_name() -> None:
    """An index without a name is dropped; named levels come first, unless a column has that name already."""
    frame = pd.DataFrame({"a": [1, 2]}, index=[7, 8])
    levels = pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["key", None])

    assert ["a"] == read_frame(frame).columns
    assert [("x", 1), ("y", 2)] == read_frame(frame.set_axis(levels)).rows()
    assert ["key", "a"] == read_frame(frame.set_axis(levels)).columns
    assert ["a"] == read_frame(frame.set_index("a", drop=False)).columns
    assert ["time", "a"] == read_frame(frame.rename_axis("time")).columns


def test_pandas_columns_called_by_numbers_get_text_names() -> None:
    """The columns 0 and 1 are called ``0`` and ``1``."""
    assert ["0", "1"] == read_frame(pd.DataFrame([[1, "a"]])).columns


@pytest.mark.parametrize(
    "make",
    [pl.DataFrame, pd.DataFrame, lambda data: pd.DataFrame(data).rename_axis("k")],
    ids=["polars", "pandas", "indexed"],
)
def test_a_later_change_of_the_frame_does_not_reach_what_was_read(make: Any) -> None:
    """What was read is a snapshot, although libraries share memory."""
    frame = make({"a": [1, 2, 3], "b": [1.0, 2.0, 3.0]})
    found = read_frame(frame)
    if isinstance(frame, pl.DataFrame):
        frame[0, "a"] = 99
    else:
        frame.loc[0, "a"] = 99
        frame.iloc[1, 1] = 77

    assert [(1, 1.0), (2, 2.0), (3, 3.0)] == found.select("a", "b").rows()
    assert not same(found, read_frame(frame))


@pytest.mark.parametrize(
    "make", [lambda data: pl.DataFrame(data, schema={"m": pl.Object}), pd.DataFrame], ids=["polars", "pandas"]
)
def test_mixed_types_are_told_with_the_column_and_the_first_odd_row(make: Any) -> None:
    """A column of numbers and text names itself and the row where it turns."""
    with pytest.raises(InvalidCall, match="'m' holds mixed types: int in row 0, str in row 2") as caught:
        read_frame(make({"m": [1, None, "x", 2]}))

    assert "Nothing was sent" in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [([2**70, 1, None], [2**70, 1, None]), (pd.arrays.SparseArray([0, 1]), [0, 1]), ([1, 2.5], [1.0, 2.5])],
    ids=["large", "sparse", "numbers"],
)
def test_odd_columns_of_numbers_are_numbers(cells: Any, expected: list[Any]) -> None:
    """Numbers that pandas keeps as objects, or thinly spread, are numbers."""
    found = read_frame(pd.DataFrame({"n": pd.Series(cells) if isinstance(cells, list) else cells}))

    assert expected == found["n"].to_list()
    assert pl.Object != found["n"].dtype


def test_pictures_as_arrays_are_kept() -> None:
    """A pandas column of arrays, and of what pandas means nothing by, is read."""
    picture = np.zeros((2, 2, 3), dtype=np.uint8)
    frame = pd.DataFrame({"picture": [picture, None, pd.NA, float("nan")], "z": [1j, None, pd.NaT, 2j]}, dtype=object)
    found = read_frame(frame)

    assert found["picture"][0] is picture
    assert [None] * 3 == found["picture"].to_list()[1:]
    assert [1j, None, None, 2j] == found["z"].to_list()
    assert same(found, read_frame(frame))


def test_a_broken_text_is_told() -> None:
    """Half of a character, as a cut text has it, names its column and row."""
    with pytest.raises(InvalidCall, match="the column 't' holds half a character in row 1"):
        read_frame(pd.DataFrame({"t": ["ä", "\ud83d", None]}, dtype=object))


@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame], ids=["polars", "pandas"])
def test_paths_are_text(make: Any) -> None:
    """A column of paths can be read, as text."""
    found = read_frame(make({"p": [Path("a.png"), None, Path("b.png")]}))

    assert ["a.png", None, "b.png"] == found["p"].to_list()
    assert pl.String == found["p"].dtype


class Colour(Enum):
    """What a colour may be."""

    RED = "red"


class Word(StrEnum):
    """What a word may be."""

    RED = "red"


class Size(IntEnum):
    """What a size may be."""

    ONE = 1


OBJECTS = {
    "uuid": (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    "decimal": (Decimal("1.50"), Decimal("1.50")),
    "date": (date(2026, 11, 21), date(2026, 11, 21)),
    "datetime": (datetime(2026, 11, 21, 13, 58), datetime(2026, 11, 21, 13, 58)),  # noqa: DTZ001 - one without a zone is meant
    "moment": (datetime(2026, 11, 21, 13, 58, tzinfo=UTC), datetime(2026, 11, 21, 13, 58, tzinfo=UTC)),
    "time": (time(13, 58), time(13, 58)),
    "timedelta": (timedelta(hours=1), timedelta(hours=1)),
    "enum": (Colour.RED, "red"),
    "enum of text": (Word.RED, "red"),
    "enum of numbers": (Size.ONE, 1),
    "path": (Path("a.png"), "a.png"),
}
OBJECT: dict[str, Callable[[list[Any]], Any]] = {
    "pandas": lambda cells: pd.DataFrame({"x": pd.Series(cells, dtype=object), "n": range(len(cells))}),
    "polars": lambda cells: pl.DataFrame({"x": held(cells), "n": range(len(cells))}),
}


def held(cells: list[Any]) -> pl.Series:
    """Return a Polars column of Python objects, as they are: it reads the values of enums where the first is none."""
    return pl.Series("x", [object(), *cells], dtype=pl.Object)[1:]


@pytest.mark.parametrize("library", OBJECT)
@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize("gap", [False, True], ids=["whole", "with a gap"])
def test_a_column_of_objects_that_have_a_plain_form_is_read_in_it(library: str, kind: str, *, gap: bool) -> None:
    """What a person sees of an identifier, an amount, a day or a choice is what stands in the column."""
    given, expected = OBJECTS[kind]
    found = read_frame(OBJECT[library]([given, None, given] if gap else [given]))

    assert ([expected, None, expected] if gap else [expected]) == found["x"].to_list()
    assert pl.Object != found["x"].dtype
    assert "n" in found.columns


@pytest.mark.parametrize("library", OBJECT)
def test_days_and_moments_are_no_one_type(library: str) -> None:
    """No moment loses its time beside a day: both stay what they are, and no prompt is made of them."""
    cells = [date(2026, 11, 21), datetime(2026, 11, 21, 13, 58)]  # noqa: DTZ001 - one without a zone is meant

    assert cells == read_frame(OBJECT[library](cells))["x"].to_list()


@pytest.mark.parametrize("library", OBJECT)
def test_amounts_that_are_none_are_nothing(library: str) -> None:
    """A decimal NaN is a missing cell."""
    assert [None, Decimal(2)] == read_frame(OBJECT[library]([Decimal("NaN"), Decimal(2)]))["x"].to_list()


@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame], ids=["polars", "pandas"])
def test_python_objects_are_kept_as_they_are(make: Any) -> None:
    """A column of pictures is read beside the others, and equal to itself."""
    first, second = object(), object()
    frame = make({"picture": [first, second], "n": [1, 2]})
    found = read_frame(frame)

    assert [first, second] == found["picture"].to_list()
    assert [1, 2] == found["n"].to_list()
    assert same(found, read_frame(frame))


@pytest.mark.parametrize(
    "value", [[1, 2], {"a": [1]}, "frame.csv", None, pl.Series([1]), pd.Series([1]), 7], ids=range(7)
)
def test_what_is_no_frame_is_told(value: Any) -> None:
    """A list, a dictionary or a Series is no frame, and the error says what is."""
    with pytest.raises(InvalidCall, match="is no frame") as caught:
        read_frame(value)

    assert "Nothing was sent" in str(caught.value)
    assert 2 == len(str(caught.value).splitlines())


def test_two_columns_of_one_name_are_told() -> None:
    """Pandas allows two columns of one name; a template could not tell them apart."""
    for names in (["a", "a"], ["a", 0, "0"]):
        twice = names[-1]
        with pytest.raises(InvalidCall, match=f"several columns of the frame have the same name .*'{twice}'"):
            read_frame(pd.DataFrame([range(len(names))], columns=names))


def test_a_query_that_fails_is_told_in_its_own_words() -> None:
    """A lazy frame whose query fails gives the words of its library, in short."""
    lazy = pl.LazyFrame({"a": ["1", "x"]}).select(pl.col("a").cast(pl.Int64))

    with pytest.raises(InvalidCall, match="the frame cannot be read: conversion from `str` to `i64` failed"):
        read_frame(lazy)


def test_frames_of_other_types_are_not_the_same() -> None:
    """A cell, a type, a name or a row that differs makes another frame; a null and NaN equal themselves."""
    frame = pl.DataFrame({"a": [1.0, None, float("nan")]})

    assert same(frame, frame.clone())
    assert not same(frame, frame.cast(pl.Float32))
    assert not same(frame, frame.rename({"a": "b"}))
    assert not same(frame, frame.head(2))
    assert not same(frame, frame.fill_null(0))


@pytest.mark.parametrize(
    "interval",
    ["1 day", "14 months 3 days 1 hour 2 minutes 3.5 seconds", "0 days", "-1 hour", "-2 months -1 day", "24 months"],
)
def test_an_interval_is_the_text_that_its_database_makes_of_it(interval: str) -> None:
    """Polars has no type for months, days and time apart: they are read as DuckDB writes them, and nulls as nulls."""
    connection = duckdb.connect()
    query = f"select x, x::varchar as said from (values (interval '{interval}'), (null)) rows(x)"  # noqa: S608 - ours
    for frame in (connection.sql(query), connection.sql(query).to_arrow_table()):
        found = read_frame(frame)
        assert found["said"].to_list() == found["x"].to_list()
        assert [False, True] == found["x"].is_null().to_list()


def test_intervals_within_something_are_told_with_their_column() -> None:
    """Which column it is stands in the error, and not the words of a library that nobody called."""
    with pytest.raises(
        InvalidCall, match=r"the column 'l' holds intervals within a list.*Nothing was sent.\nMake text"
    ):
        read_frame(duckdb.connect().sql("select 1 as a, [interval 2 hours] as l"))


@pytest.mark.parametrize(
    "cells", [[Decimal("1E+50")], [Decimal("1E-39"), Decimal("1E30")], [Decimal("1E-50"), Decimal(0)]], ids=str
)
@pytest.mark.parametrize("library", OBJECT)
def test_decimals_that_polars_has_no_room_for_stay_objects(library: str, cells: list[Decimal]) -> None:
    """They are read as they are; what cannot be sent is said where it is asked for."""
    read = read_frame(OBJECT[library](cells))["x"]
    assert (pl.Object, cells) == (read.dtype, read.to_list())


def test_a_day_beside_a_moment_of_pandas_keeps_the_time() -> None:
    """Others would make days of both."""
    cells = [date(2020, 1, 1), pd.Timestamp("2020-01-01 05:00")]
    read = read_frame(pd.DataFrame({"x": pd.Series(cells, dtype=object)}))["x"]
    assert cells == read.to_list()
