"""Whatever frame a user has, as a Polars frame of our own: everything that knows of other frame libraries lives here.

Narwhals knows the others (https://narwhals-dev.github.io/narwhals/). What is returned is a snapshot: changing the
user's frame afterwards does not change it.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.errors import InvalidCall, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Sequence

    import narwhals as nw

__all__ = ["in_short", "is_lazy", "read_frame", "same"]

SCALARS = (str, bytes, bool, int, float, complex)
LONGEST_WORDS = 200  # characters of a library's own words in a message of ours


def read_frame(frame: Any) -> pl.DataFrame:
    """Return the rows of a frame, in their order.

    A lazy frame is collected, once. A pandas index without a name is dropped; named levels become the first columns,
    unless there is a column of that name already. Columns of ``pathlib`` paths become text.

    Args:
        frame: Anything that Narwhals takes: Polars, pandas, PyArrow, DuckDB, Dask, Modin, ...

    Raises:
        InvalidCall: It is no frame, it cannot be read, or a column holds mixed types.
        MissingExtra: Its own library needs another one to hand it over.
    """
    if isinstance(frame, pl.DataFrame):
        return _settled(frame.clone())
    import narwhals as nw  # noqa: PLC0415 - only for what is not Polars already

    try:
        known = nw.from_native(frame)
    except nw.exceptions.DuplicateError as error:
        raise _twice(" ".join(str(error).split())) from error
    except (TypeError, nw.exceptions.NarwhalsError, ValueError) as error:
        reason = "" if isinstance(error, TypeError) else f" ({in_short(error)})"
        message = (
            f"a value of type {type(frame).__name__} is no frame that can be read{reason}. Nothing was sent.\n"
            "Give a Polars, pandas, PyArrow or DuckDB one; polars.DataFrame(rows) makes one of lists and dictionaries."
        )
        raise InvalidCall(message) from error
    try:
        if isinstance(known, nw.LazyFrame):
            return _settled(known.collect(backend="polars").to_polars())
        if known.implementation.is_pandas_like():
            return _settled(_from_pandas(known))
        return _settled(known.to_polars().clone())
    except (InvalidCall, MissingExtra):
        raise
    except ImportError as error:
        message = f"this frame cannot be read without another package: {in_short(error)}. Nothing was sent."
        raise MissingExtra(message) from error
    except Exception as error:  # reads with the user's own query, in any library
        message = f"the frame cannot be read: {in_short(error)}. Nothing was sent."
        raise InvalidCall(message) from error


def is_lazy(frame: Any) -> bool:
    """Whether a frame is a query: it is read once, and holds no rows that could be changed."""
    if isinstance(frame, pl.DataFrame | pl.LazyFrame):
        return isinstance(frame, pl.LazyFrame)
    import narwhals as nw  # noqa: PLC0415 - only for what is not Polars already

    return isinstance(nw.from_native(frame, pass_through=True), nw.LazyFrame)


def same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Whether two frames have the same columns, types and cells; objects must be the very same."""
    if one.schema != other.schema or one.height != other.height:
        return False
    objects = [name for name, kind in one.schema.items() if kind == pl.Object]
    pairs = (pair for name in objects for pair in zip(one[name], other[name], strict=True))
    if not all(a is b or (isinstance(a, SCALARS) and isinstance(b, SCALARS) and a == b) for a, b in pairs):
        return False
    return one.drop(objects).equals(other.drop(objects))


def in_short(error: BaseException) -> str:
    """Return another library's words: the first line, not too long, without a full stop."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return (first if len(first) <= LONGEST_WORDS else f"{first[: LONGEST_WORDS - 1]}…").rstrip(".: ")


def _from_pandas(known: nw.DataFrame[Any]) -> pl.DataFrame:
    """Return a pandas frame, or one that behaves like it, with the named levels of its index.

    It is copied: pandas and Polars share the memory of numbers otherwise, and a later ``frame.loc[0, "x"] = 1`` would
    change what was planned.
    """
    import narwhals as nw  # noqa: PLC0415 - loaded already by then

    native = known.to_native()
    twice = [name for name, count in Counter(str(name) for name in native.columns).items() if count > 1]
    if twice:
        raise _twice(f"'{twice[0]}'")
    named = [name for name in native.index.names if name is not None and name not in native.columns]
    native = native.copy()
    if named:
        native = native.reset_index(level=named)
    table = nw.from_native(native, eager_only=True)
    try:
        read: pl.DataFrame = table.to_polars()
    except ImportError:
        raise
    except Exception:  # noqa: BLE001 - PyArrow and Polars have many words for it; the columns say which it is
        return pl.DataFrame([_one(table[name], name) for name in table.columns])
    return read


def _twice(words: str) -> InvalidCall:
    """Return the exception for columns that no template could tell apart."""
    return InvalidCall(f"several columns of the frame have the same name ({words}). Nothing was sent. Rename them.")


def _one(column: Any, name: object) -> pl.Series:
    """Return one column of a pandas frame that cannot be read as a whole."""
    try:
        found: pl.Series = column.to_polars()
    except ImportError:
        raise
    except Exception:  # noqa: BLE001 - what it holds is looked at instead, and told
        return _objects(str(name), [None if _missing(cell) else cell for cell in column.to_list()])
    return found.alias(str(name))


def _settled(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose columns of Python objects were looked at."""
    objects = [name for name, kind in frame.schema.items() if kind == pl.Object]
    return frame.with_columns(_objects(name, frame[name].to_list()) for name in objects) if objects else frame


def _objects(name: str, cells: Sequence[Any]) -> pl.Series:
    """Return Python objects as a column: paths as text, what has a type of Polars' in that, all else as it is.

    Raises:
        InvalidCall: Text or numbers are mixed with something else, or a text is broken.
    """
    given = [_plain(cell) for cell in cells]
    present = [(row, cell) for row, cell in enumerate(given) if cell is not None]
    kinds = dict.fromkeys(type(cell) for _, cell in present)
    if len(kinds) > 1 and not kinds.keys().isdisjoint(SCALARS):
        first, second = list(kinds)[:2]
        rows = [next(row for row, cell in present if type(cell) is kind) for kind in (first, second)]
        message = (
            f"the column '{name}' holds mixed types: {first.__name__} in row {rows[0]}, "
            f"{second.__name__} in row {rows[1]}. Nothing was sent.\n"
            f"Make it one type first, or leave it out: with pandas, frame['{name}'] = frame['{name}'].astype(str)."
        )
        raise InvalidCall(message)
    if kinds.keys() <= set(SCALARS):
        try:
            return pl.Series(name, given)
        except UnicodeEncodeError as error:  # a lone surrogate: half of a character, as a cut text has it
            row = next(row for row, cell in present if not cell.isascii() and _broken(cell))
            message = f"the column '{name}' holds half a character in row {row}. Nothing was sent. Write it again."
            raise InvalidCall(message) from error
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):  # complex numbers, endless ones
            return pl.Series(name, given, dtype=pl.Object)
    return pl.Series(name, given, dtype=pl.Object)


def _plain(cell: Any) -> Any:
    """Return an object of a column: a path as text, a NumPy scalar as Python's own."""
    if isinstance(cell, os.PathLike):
        return os.fspath(cell)
    return cell.item() if hasattr(cell, "item") and hasattr(cell, "dtype") and not getattr(cell, "shape", 1) else cell


def _missing(cell: Any) -> bool:
    """Whether pandas means nothing by a cell: NaN, ``pandas.NA`` or ``NaT``."""
    return (isinstance(cell, float) and math.isnan(cell)) or type(cell).__name__ in {"NAType", "NaTType"}


def _broken(text: str) -> bool:
    """Whether a text cannot be encoded."""
    return any("\ud800" <= char <= "\udfff" for char in text)
