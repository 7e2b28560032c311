"""Whatever frame a user has, as a Polars frame of our own: everything that knows of other frame libraries lives here.

Narwhals knows the others (https://narwhals-dev.github.io/narwhals/). What is returned is a snapshot: changing the
user's frame afterwards does not change it.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import polars as pl

from notebookgen.errors import InvalidCall, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import narwhals as nw

__all__ = ["in_short", "is_lazy", "read_frame", "same"]

SCALARS = (str, bytes, bool, int, float, complex)
TYPED = (Decimal, date, datetime, time, timedelta)  # Polars has a type for each, and for no mixture of them
OURS = (Enum, UUID)  # others read these as raw bytes, or not at all
INTERVAL = "month_day_nano_interval"  # as Arrow calls it
DIGITS = 38  # of a Decimal, before and after the point
LONGEST_WORDS = 200  # characters of a library's own words in a message of ours


def read_frame(frame: Any) -> pl.DataFrame:
    """Return the rows of a frame, in their order.

    A lazy frame is collected, once. A pandas index without a name is dropped; named levels become the first columns,
    unless there is a column of that name already. Columns of ``pathlib`` paths and of UUIDs become text, enums what they
    stand for.

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
        return _settled(_rows(known))
    except (InvalidCall, MissingExtra):
        raise
    except ImportError as error:
        message = f"this frame cannot be read without another package: {in_short(error)}. Nothing was sent."
        raise MissingExtra(message) from error
    except (Exception, pl.exceptions.PanicException) as error:  # reads with the user's own query, in any library
        message = f"the frame cannot be read: {in_short(error)}. Nothing was sent."
        raise InvalidCall(message) from error


def _rows(known: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> pl.DataFrame:
    """Return the rows of what Narwhals knows."""
    import narwhals as nw  # noqa: PLC0415 - loaded already by then

    native, library = known.to_native(), known.implementation
    if library.is_duckdb() and any("INTERVAL" in str(kind) for kind in native.types):
        known = known.collect(backend="pyarrow") if isinstance(known, nw.LazyFrame) else known
        native, library = known.to_native(), known.implementation
    if library.is_pyarrow() and any(INTERVAL in str(kind) for kind in native.schema.types):
        return _with_intervals(native)
    if isinstance(known, nw.LazyFrame):
        return known.collect(backend="polars").to_polars()
    return _from_pandas(known) if library.is_pandas_like() else known.to_polars().clone()


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
    columns = {name: table.get_column(name) for name in table.columns}
    odd = {name for name, column in columns.items() if column.dtype == nw.Object and _odd(column.to_list())}
    try:
        if not odd:
            read: pl.DataFrame = table.to_polars()
            return read
    except ImportError:
        raise
    except Exception:  # noqa: BLE001, S110 - PyArrow and Polars have many words for it; the columns say which it is
        pass
    return pl.DataFrame([_one(column, name, odd=name in odd) for name, column in columns.items()])


def _odd(cells: Sequence[Any]) -> bool:
    """Whether cells are to be looked at here: others make bytes of UUIDs, days of moments, and give up on huge decimals."""
    kinds = set(map(type, cells))
    moments = {issubclass(kind, datetime) for kind in kinds if issubclass(kind, date) and kind.__name__ != "NaTType"}
    ours = any(issubclass(kind, OURS) for kind in kinds)
    return ours or len(moments) > 1 or (Decimal in kinds and not _holdable(cells))


def _with_intervals(table: Any) -> pl.DataFrame:
    """Return an Arrow table whose intervals (months, days and time apart) became text: Polars has no type for them.

    Raises:
        InvalidCall: They stand within lists or structs.
    """
    found: list[pl.Series] = []
    for name in table.column_names:
        column = table.column(name)
        if str(column.type) == INTERVAL:
            cells = [None if cell is None else _interval(*cell) for cell in column.to_pylist()]
            found.append(pl.Series(name, cells, dtype=pl.String))
        elif INTERVAL in str(column.type):
            message = (
                f"the column '{name}' holds intervals within a {str(column.type).partition('<')[0]}, which cannot be read. "
                "Nothing was sent.\nMake text of it first, or leave it out."
            )
            raise InvalidCall(message)
        else:
            found.append(pl.Series(name, pl.from_arrow(column)))
    return pl.DataFrame(found)


def _interval(months: int, days: int, nanoseconds: int) -> str:
    """Return an interval as DuckDB writes it: ``1 year 2 months 3 days 01:02:03.5``."""
    years = int(months / 12)
    counts = {"year": years, "month": months - 12 * years, "day": days}
    words = [f"{count} {name}{'' if abs(count) == 1 else 's'}" for name, count in counts.items() if count]
    if nanoseconds or not words:
        seconds, rest = divmod(abs(nanoseconds), 1_000_000_000)
        part = f".{rest:09}".rstrip("0") if rest else ""
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        words.append(f"{'-' if nanoseconds < 0 else ''}{clock}{part}")
    return " ".join(words)


def _twice(words: str) -> InvalidCall:
    """Return the exception for columns that no template could tell apart."""
    return InvalidCall(f"several columns of the frame have the same name ({words}). Nothing was sent. Rename them.")


def _one(column: Any, name: object, *, odd: bool) -> pl.Series:
    """Return one column of a pandas frame that cannot be read as a whole; an odd one is looked at here."""
    try:
        if not odd:
            found: pl.Series = column.to_polars().alias(str(name))
            return found
    except ImportError:
        raise
    except Exception:  # noqa: BLE001, S110 - what it holds is looked at instead, and told
        pass
    return _objects(str(name), [None if _missing(cell) else cell for cell in column.to_list()])


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
    endless = any(isinstance(cell, Decimal) for cell in given) and not _holdable(given)  # Polars gives up on these
    if kinds.keys() <= set(SCALARS) or (len(kinds) == 1 and kinds.keys() <= set(TYPED) and not endless):
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
    """Return an object of a column: a path or UUID as text, an enum as its value, a NumPy scalar as Python's own."""
    if isinstance(cell, Enum):
        return _plain(cell.value)
    if isinstance(cell, os.PathLike):
        return os.fspath(cell)
    if isinstance(cell, UUID):
        return str(cell)
    if isinstance(cell, Decimal) and cell.is_nan():
        return None
    return cell.item() if hasattr(cell, "item") and hasattr(cell, "dtype") and not getattr(cell, "shape", 1) else cell


def _holdable(cells: Iterable[Any]) -> bool:
    """Whether Polars has room for decimals: finite, and with no more digits in all than its type has."""
    numbers = [cell for cell in cells if isinstance(cell, Decimal)]
    if not all(number.is_finite() for number in numbers):
        return False
    scale = max((-int(number.as_tuple().exponent) for number in numbers), default=0)
    whole = max((number.adjusted() + 1 for number in numbers if number), default=0)
    return max(whole, 0) + max(scale, 0) <= DIGITS


def _missing(cell: Any) -> bool:
    """Whether pandas means nothing by a cell: NaN, ``pandas.NA`` or ``NaT``."""
    return (isinstance(cell, float) and math.isnan(cell)) or type(cell).__name__ in {"NAType", "NaTType"}


def _broken(text: str) -> bool:
    """Whether a text cannot be encoded."""
    return any("\ud800" <= char <= "\udfff" for char in text)
