"""How a cell is written in a prompt: everything about that lives here.

A cell's text depends on that cell alone, never on its neighbours or on the width of its column's type, for the text
is what a generation is known by: a row that is added must not change (and buy again) the others.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.errors import InvalidPrompt

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["number_text", "text_cells"]

OTHERWISE = "make a text of it first"
PART = 4_096  # cells
WHOLE = 2**53  # whole numbers up to here are exact in a float
JOIN = "join it first: frame.with_columns(ng.col({name!r}).cast(polars.List(polars.String)).list.join(', '))"
REMEDIES: dict[type[pl.DataType], str] = {
    pl.Array: JOIN,
    pl.List: JOIN,
    pl.Struct: "name one of its fields: frame.unnest({name!r})",
    pl.Binary: "an image goes along with images=ng.col({name!r})",
}


def number_text(number: float) -> str:
    """Return a float as people write it: 4.0 is ``4`` (as an integer's cell is), 1e-7 is ``0.0000001``."""
    if number == number // 1 and abs(number) < WHOLE:
        return str(int(number))
    text = str(number)
    if "e" not in text:
        return text
    text = format(Decimal(text), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_cells(cells: pl.Series, what: str) -> pl.Series:
    """Return cells as text, null where there is nothing to write (null and NaN).

    Text, categories and enums as they are; whole numbers without ``.0``, whatever their column's type; other floats in
    plain digits, decimals too (to keep the places of 4.50, make text of it with ``cast(polars.String)``); booleans as ``True`` and ``False``, dates, times and durations as Python writes them
    (``2026-11-21``, ``2026-11-21 13:58:11``).

    Args:
        cells: The column.
        what: What it is, for the error: ``column 'x'``.

    Raises:
        InvalidPrompt: Its type is none of these (lists, bytes, structs, objects).
    """
    kind = cells.dtype.base_type()
    if kind in WRITERS:
        return WRITERS[kind](cells)
    if kind.is_integer():
        return cells.cast(pl.String)
    if kind.is_float():
        return _floats(cells)
    inner = getattr(cells.dtype, "inner", None)  # a list of lists or of bytes cannot be joined
    plain = inner is None or inner.base_type() in WRITERS or inner.is_numeric()
    remedy = (REMEDIES.get(kind, OTHERWISE) if plain else OTHERWISE).format(name=cells.name)
    message = (
        f"{what} is of type {cells.dtype}, and only text, numbers, booleans and dates go into a prompt. "
        f"Nothing was sent.\nInstead, {remedy}."
    )
    raise InvalidPrompt(message)


def _cast(cells: pl.Series) -> pl.Series:
    """Return text and categories."""
    return cells.cast(pl.String)


def _decimals(cells: pl.Series) -> pl.Series:
    """Return decimals without trailing zeros, of which a column has as many as its longest cell needs."""
    texts = cells.cast(pl.String)
    return (
        texts.str.strip_chars_end("0").str.strip_suffix(".") if texts.str.contains(".", literal=True).all() else texts
    )


def _floats(cells: pl.Series) -> pl.Series:
    """Return floats; Python writes those that are not whole, so that no other library's taste is in the text."""
    if cells.dtype != pl.Float64:  # 0.1 as 32 bits is 0.10000000149 as 64; its own shortest form is 0.1
        cells = cells.cast(pl.String).cast(pl.Float64)
    clean = cells.cast(pl.Float64).fill_nan(None)
    whole = (clean == clean.floor()) & (clean.abs() < WHOLE)
    if whole.all():  # nulls count for nothing here
        return clean.cast(pl.Int64).cast(pl.String)
    return _by_python(clean, number_text)


def _booleans(cells: pl.Series) -> pl.Series:
    """Return booleans as Python writes them."""
    return cells.cast(pl.String).str.to_titlecase()


def _python(cells: pl.Series) -> pl.Series:
    """Return dates, times and durations."""
    return _by_python(cells, str)


def _by_python(cells: pl.Series, write: Callable[[Any], str]) -> pl.Series:
    """Return what a function makes of each cell; a part at a time, so that few of them are Python objects at once."""
    texts = pl.Series(cells.name, [], dtype=pl.String)
    for part in cells.to_frame().iter_slices(PART):
        written = [None if cell is None else write(cell) for cell in part.to_series().to_list()]
        texts.append(pl.Series(cells.name, written, dtype=pl.String))
    return texts


WRITERS: dict[type[pl.DataType], Callable[[pl.Series], pl.Series]] = {
    pl.Boolean: _booleans,
    pl.Categorical: _cast,
    pl.Date: _python,
    pl.Datetime: _python,
    pl.Decimal: _decimals,
    pl.Duration: _python,
    pl.Enum: _cast,
    pl.Null: _cast,
    pl.String: _cast,
    pl.Time: _python,
}
