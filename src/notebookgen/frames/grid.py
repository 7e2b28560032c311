"""The cross product, for experiments: ``ng.grid(animal=["fox", "owl"], style=["oil", "ink"], seed=range(3))``."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from typing import Any

import polars as pl

from notebookgen.errors import InvalidCall
from notebookgen.frames.reading import in_short

__all__ = ["grid"]

MOST_ROWS = 1_000_000


def grid(**axes: Any) -> pl.DataFrame:
    """Return every combination of the axes' values, one row each; the first axis changes slowest.

    Args:
        **axes: By column name: a list, tuple, range, Series or array of values, or one value for all rows.

    Raises:
        InvalidCall: There is no axis, one is empty, holds a value twice or mixed types, or there would be more than
            1,000,000 rows.
    """
    if not axes:
        message = "a grid needs at least one axis. Write, for example, ng.grid(animal=['fox', 'owl'], seed=range(3))."
        raise InvalidCall(message)
    several = {name: _several(name, value) for name, value in axes.items()}
    sizes = {name: len(axes[name]) if several[name] else 1 for name in axes}
    for name, size in sizes.items():
        if not size:
            message = f"the axis '{name}' is empty, so the grid would have no rows. Give it a value, or leave it out."
            raise InvalidCall(message)
    total = math.prod(sizes.values())
    if total > MOST_ROWS:
        product = " x ".join(f"{size:,}" for size in sizes.values())
        message = f"the grid would have {total:,} rows ({product}), more than {MOST_ROWS:,}. Give fewer values, or several grids."
        raise InvalidCall(message)
    columns = []
    inner = total
    for name, size in sizes.items():
        inner //= size
        values = _column(name, axes[name] if several[name] else [axes[name]])
        columns.append(values.gather(pl.select((pl.int_range(total) // inner) % size).to_series()))
    return pl.DataFrame(columns)


def _several(name: str, value: Any) -> bool:
    """Whether an axis has several values; text and bytes are one.

    Raises:
        InvalidCall: It has values in no order, or in no number that could be told.
    """
    if isinstance(value, str | bytes | bytearray | memoryview):
        return False
    if isinstance(value, Sequence):
        return True
    if isinstance(value, AbstractSet | Mapping):
        message = (
            f"the axis '{name}' is a {type(value).__name__}, whose order means nothing. Give a list: sorted({name})"
        )
        raise InvalidCall(message)
    if isinstance(value, Sized) and hasattr(value, "__getitem__") and _dimensions(value) == 1:
        return True  # a Series or an array
    if hasattr(value, "__iter__") or isinstance(value, pl.Expr):
        message = f"the axis '{name}' is of type {type(value).__name__}, which is no row of values. Give a list."
        raise InvalidCall(message)
    return False


def _dimensions(value: Any) -> int:
    """Return how many dimensions something has; a Polars Series does not say."""
    found: int = getattr(value, "ndim", 1)
    return found


def _column(name: str, values: Any) -> pl.Series:
    """Return an axis as a column.

    Raises:
        InvalidCall: Its values are of mixed types, or one is there twice.
    """
    given = values if isinstance(values, pl.Series) else getattr(values, "tolist", lambda: list(values))()
    if not isinstance(given, pl.Series):
        given = [os.fspath(one) if isinstance(one, os.PathLike) else one for one in given]
    if not isinstance(given, pl.Series) and any(type(one) is float for one in given):
        # 1 and 0.5 are both numbers; True is none
        given = [float(one) if type(one) is int else one for one in given]
    try:
        column = pl.Series(name, given)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        kinds = ", ".join(dict.fromkeys(type(one).__name__ for one in given if one is not None))
        message = f"the axis '{name}' cannot be a column of one type ({kinds}): {in_short(error)}."
        raise InvalidCall(message) from error
    seen: set[str] = set()
    for one in column.to_list():
        if repr(one) in seen:
            message = (
                f"the axis '{name}' holds {str(one)[:60]!r} twice; equal rows would share one result. "
                "Give each value once; samples=2 asks for more of each."
            )
            raise InvalidCall(message)
        seen.add(repr(one))
    return column
