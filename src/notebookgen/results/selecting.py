"""Which rows of a run are shown, in what order and under what labels: everything that reads a person's columns for that.

A column is a name or a Polars expression. Names are those of the frame; without their prefix where that is free
(``status``, ``cost``); and ``model``, ``sample`` and the settings, which a frame need not have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.errors import InvalidCall, near_miss
from notebookgen.jobs.states import State
from notebookgen.ledger.frame import money_frame
from notebookgen.media.leaf import Label, place_words
from notebookgen.normal import amount_words, shown_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notebookgen.jobs.delivered import Delivered
    from notebookgen.results.results import Results

__all__ = ["Table", "as_columns"]

OURS = "gen_"
STATES = tuple(str(state) for state in State)
SEVERAL = (list, tuple, set, frozenset, range, pl.Series)


class Table:
    """The rows of a run with all that they can be chosen, ordered and labelled by.

    Attributes:
        frame: A row for each, in the run's order.
    """

    def __init__(self, results: Results) -> None:
        """Read a run as it stands now."""
        frame = results.frame
        own = money_frame({}).columns
        there = frame.columns[-len(own) :]
        self.prefix = there[0].removesuffix("prompt")  # the output's columns come last, the prompt first of them
        self._own = frame.columns
        rows = results.handle.rows()
        more = {name.removeprefix(self.prefix): frame[name] for name in there}
        more |= {"model": pl.Series([row.generation.full_model for row in rows], dtype=pl.String)}
        more |= _settings(rows, {*more, *frame.columns})
        self.frame = frame.with_columns(
            series.alias(name) for name, series in more.items() if name not in frame.columns
        )

    def column(self, what: str | pl.Expr, places: Sequence[int], where: str) -> pl.Series:
        """Return a column's values in some rows.

        Args:
            what: A name or an expression.
            places: Which rows, in which order.
            where: What it was given for, for messages.

        Raises:
            InvalidCall: There is no such column, or the expression cannot be evaluated.
        """
        rows = self.frame[list(places)]
        try:
            found = rows.select(pl.col(self._named(what, where)) if isinstance(what, str) else what)
        except pl.exceptions.ColumnNotFoundError as error:
            named = re.search(r'column "?([^";]+)"?', str(error))
            raise self._unknown(named[1] if named else str(error)[:80], where) from error
        except pl.exceptions.PolarsError as error:
            said = " ".join(str(error).split("\n")[0].split())[:160]
            message = f"{where} cannot be evaluated: {said}\n{self._columns()}"
            raise InvalidCall(message) from error
        if found.width != 1 or found.height not in {1, rows.height}:
            message = f"{where} takes columns with a value in each row; this one gives {found.width} of {found.height}."
            raise InvalidCall(message)
        series = found.to_series()
        return series if series.len() == rows.height else series.new_from_index(0, rows.height)

    def chosen(self, what: Any, places: Sequence[int]) -> list[int]:
        """Return the rows that a filter leaves, in their order.

        Raises:
            InvalidCall: The filter is none.
        """
        mask = self._mask(what, places)
        if mask.dtype != pl.Boolean:
            message = (
                f"filter takes what is true or false of each row, and '{mask.name}' is {mask.dtype}.\n"
                "Compare it: filter={'animal': 'fox'}, filter=ng.col('seed') > 2, filter='failed'."
            )
            raise InvalidCall(message)
        return [place for place, keep in zip(places, mask.to_list(), strict=True) if keep]

    def _mask(self, what: Any, places: Sequence[int]) -> pl.Series:
        """Return for each row whether a filter leaves it."""
        if isinstance(what, Mapping):
            mask = pl.Series([True] * len(places), dtype=pl.Boolean)
            for name, value in what.items():
                mask &= self._equal(str(name), value, places)
            return mask
        if isinstance(what, str) and what not in self.frame.columns and what in STATES:
            return self.column(f"{self.prefix}status", places, "filter").cast(pl.String) == what
        if isinstance(what, str | pl.Expr):
            return self.column(what, places, "filter")
        if isinstance(what, pl.Series) and what.len() == self.frame.height:
            return what[list(places)]
        message = f"filter takes a column's name, a Polars expression, a state such as 'failed', or {{'animal': 'fox'}}; not {type(what).__name__}."
        raise InvalidCall(message)

    def _equal(self, name: str, value: Any, places: Sequence[int]) -> pl.Series:
        """Return for each row whether a column has a value, or one of several."""
        column = self.column(name, places, "filter")
        if isinstance(column.dtype, pl.Enum | pl.Categorical):
            column = column.cast(pl.String)
        if value is None:
            return column.is_null()
        values = list(value) if isinstance(value, SEVERAL) else [value]
        try:
            fits = all(isinstance(one, str) == (column.dtype == pl.String) for one in values)
            found = column.is_in(values) if fits else None
        except (TypeError, pl.exceptions.PolarsError):
            found = None
        if found is None:
            said = f"{shown_value(value, 60)}, which is none of those"
            message = f"filter compares '{name}', a column of {column.dtype}, with {said}."
            raise InvalidCall(message)
        return found.fill_null(value=False)

    def ordered(self, by: Sequence[str | pl.Expr], places: Sequence[int], *, descending: bool) -> list[int]:
        """Return rows in order of some columns; equal ones keep theirs, and empty ones come last.

        Raises:
            InvalidCall: There is no such column.
        """
        keys = {f"{number}": self.column(one, places, "sort") for number, one in enumerate(by)}
        keyed = pl.DataFrame({**keys, "place": list(places)})
        try:
            order = keyed.sort(*keys, descending=descending, nulls_last=True, maintain_order=True)
        except pl.exceptions.PolarsError as error:
            message = f"sort takes columns that have an order: {' '.join(str(error).split())[:120]}"
            raise InvalidCall(message) from error
        return order["place"].to_list()

    def labels(self, what: str | pl.Expr, places: Sequence[int], where: str = "by") -> tuple[str, list[str]]:
        """Return a column's name, and what its values in some rows are called."""
        series = self.column(what, places, where)
        return str(series.name), [place_words(one) for one in series.to_list()]

    def labelled(self, names: Iterable[str], of: Sequence[str], places: Sequence[int]) -> tuple[Label, ...]:
        """Return labels with what came of their rows.

        Args:
            names: The labels.
            of: Each row's label.
            places: Which rows these are.
        """
        rows = self.frame[list(places)].select(
            status=pl.col(f"{self.prefix}status").cast(pl.String),
            cost=pl.col(f"{self.prefix}cost"),
            unit=pl.col(f"{self.prefix}unit"),
        )
        keyed = rows.with_columns(label=pl.Series(list(of), dtype=pl.String))
        parts = {str(key[0]): part for key, part in keyed.partition_by("label", as_dict=True).items()}
        return tuple(Label(name, _said(parts[name]) if name in parts else "") for name in names)

    def notes(self, columns: Sequence[str | pl.Expr], places: Sequence[int]) -> list[str]:
        """Return what is told of each row: texts as they are, other values with their column's name."""
        told: list[list[str]] = [[] for _ in places]
        for one in columns:
            series = self.column(one, places, "caption")
            for parts, value in zip(told, series.to_list(), strict=True):
                if value is not None:
                    parts.append(
                        place_words(value) if isinstance(value, str) else f"{series.name} {place_words(value)}"
                    )
        return [" · ".join(parts) for parts in told]

    def _named(self, name: str, where: str) -> str:
        """Return a column's name.

        Raises:
            InvalidCall: There is none of that name.
        """
        if name in self.frame.columns:
            return name
        raise self._unknown(name, where)

    def _unknown(self, name: str, where: str) -> InvalidCall:
        """Return what is said of a name that is no column's."""
        known = [*self.frame.columns, *(STATES if where == "filter" else ())]
        return InvalidCall(f"{where} names no column: '{name}'.{near_miss(name, known)}\n{self._columns()}")

    def _columns(self) -> str:
        """Return which columns there are, in words."""
        mine = [name for name in self._own if not name.startswith(self.prefix)]
        rest = [name for name in self.frame.columns if name not in self._own]
        return f"There are: {', '.join(dict.fromkeys([*mine, *rest]))}."


def as_columns(what: Any, where: str) -> tuple[str | pl.Expr, ...]:
    """Return one column or several as several.

    Raises:
        InvalidCall: It is neither names nor expressions.
    """
    if what is None:
        return ()
    several = tuple(what) if isinstance(what, list | tuple) else (what,)
    if all(isinstance(one, str | pl.Expr) for one in several):
        return several
    wrong = next(one for one in several if not isinstance(one, str | pl.Expr))
    message = (
        f"{where} takes column names or Polars expressions, such as {where}='model', and got {shown_value(wrong)}."
    )
    raise InvalidCall(message)


def _said(rows: pl.DataFrame) -> str:
    """Return what came of some rows: how many of which state, and what they cost."""
    counts = rows["status"].value_counts(sort=True, name="count").rows()
    states = ", ".join(
        f"{count} {status}" for status, count in sorted(counts, key=lambda one: (one[0] != "saved", one))
    )
    spent = rows.filter(pl.col("cost").is_not_null() & (pl.col("cost") != 0)).group_by("unit").agg(pl.col("cost").sum())
    money = " + ".join(amount_words(cost, unit) for unit, cost in sorted(spent.rows()))
    return " · ".join(filter(None, [states, money]))


def _settings(rows: Sequence[Delivered], taken: set[str]) -> dict[str, pl.Series]:
    """Return a column for each setting that no other column has the name of."""
    names = dict.fromkeys(name for row in rows for name in row.generation.settings if name not in taken)
    found: dict[str, pl.Series] = {}
    for name in names:
        values = [row.generation.settings.get(name) for row in rows]
        kinds = {type(one) for one in values if one is not None}
        plain = kinds <= {int, float} or kinds in ({str}, {bool})
        texts = [None if one is None else one if isinstance(one, str) else json.dumps(one) for one in values]
        found[name] = pl.Series(name, values if plain else texts, strict=False)
    return found
