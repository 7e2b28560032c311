"""The ledger as a file for other programs: everything of how an export is named, written, and made safe to be opened.

A program for tables takes a text that begins as a formula for one, and a prompt may come from anybody
(https://owasp.org/www-community/attacks/CSV_Injection): in CSV such a text gets an apostrophe in front. Numbers stay
numbers, and Parquet, which has types, holds every text as it is.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

import polars as pl

from notebookgen.errors import InvalidCall, NotWritable
from notebookgen.ledger.filesystem import at_home, said_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["checked_place", "write"]

ENDINGS = (".csv", ".parquet")
# Also in the full width of East Asian programs. One with an apostrophe before it gets another: it is told apart when the
# first is taken away.
FORMULA = "^'*[=+\\-@\\t\\r\\n＝＋－＠]"  # noqa: RUF001 - those are meant


def checked_place(path: str | PathLike[str]) -> Path:
    """Return where an export is to be written.

    Raises:
        InvalidCall: It is no path, or its name ends as no export does.
    """
    if not isinstance(path, str | PathLike):
        message = f"{str(path)[:80]} is no path, so nothing was written. Name a file: .export('ledger.csv')"
        raise InvalidCall(message)
    target = at_home(path).absolute()
    if target.suffix.lower() not in ENDINGS:
        message = f"'{target.name}' ends in neither .csv nor .parquet. Name it ledger.csv or ledger.parquet."
        raise InvalidCall(message)
    return target


def write(frame: pl.DataFrame, target: Path) -> None:
    """Write a frame as the name of its file says.

    Raises:
        NotWritable: It cannot be written.
    """
    try:
        with target.open("wb") as file:  # opened here: Polars takes no name that is not UTF-8
            if target.suffix.lower() == ".csv":
                frame.with_columns(as_text(pl.col(pl.String))).write_csv(file)
            else:
                frame.write_parquet(file)
    except (OSError, ValueError) as error:
        message = f"{target} cannot be written: {said_of(error)}. Give another place."
        raise NotWritable(message) from error


def as_text(column: pl.Expr) -> pl.Expr:
    """Return texts that no program for tables takes for formulas."""
    return pl.when(column.str.contains(FORMULA)).then(pl.lit("'") + column).otherwise(column).name.keep()
