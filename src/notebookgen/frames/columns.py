"""What a call says beside its frame, evaluated: a constant stays one, an expression becomes a column of cells.

Everything is evaluated for all rows before anything else happens, so that an expression which fails on a late row
fails before anything is sent.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

from notebookgen.errors import InvalidCall, InvalidImage, InvalidSetting, near_miss
from notebookgen.frames.kinds import LISTS, TEXTS, empty, image_column, setting_column
from notebookgen.frames.reading import in_short
from notebookgen.frames.template import instead
from notebookgen.normal import count_words, shown_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notebookgen.errors import InputError

__all__ = [
    "Column",
    "Fixed",
    "Tree",
    "cells_of",
    "column_words",
    "evaluate",
    "image_cells",
    "images_tree",
    "model_cells",
    "setting_cells",
]

MOST_LISTED = 10
LONGEST_EXPRESSION = 120
LONGEST_TEXT = 60
SECONDS_TO_FAIL = 0.5  # an expression that takes longer is not evaluated again to find the row with which it fails
ONE, EACH = "the cells", "the rows"  # columns of our own beside nothing of the user's


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same for every row."""

    value: Any


Column: TypeAlias = Fixed | pl.Series
Tree: TypeAlias = "Fixed | pl.Series | list[Tree] | dict[str, Tree]"


def column_words(columns: Iterable[str]) -> str:
    """Return the columns of a frame for a message, the first ten of them."""
    names = list(columns)
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return f"Columns are: {', '.join(names[:MOST_LISTED])}{more}." if names else "The frame has no columns."


def first_failing(frame: pl.DataFrame, expression: pl.Expr) -> int | None:
    """Return the first row with which an expression fails that fails for all; None where that is not to be told."""
    until = time.monotonic() + 2 * SECONDS_TO_FAIL
    low, high = 0, len(frame)  # before ``low`` it does not fail, between them it does
    while high - low > 1 and time.monotonic() < until:
        middle = (low + high) // 2
        low, high = (low, middle) if _fails(frame.slice(low, middle - low), expression) else (middle, high)
    return low if high - low == 1 and _fails(frame.slice(low, 1), expression) else None


def _fails(frame: pl.DataFrame, expression: pl.Expr) -> bool:
    """Whether an expression fails over some rows."""
    try:
        frame.select(expression)
    except (Exception, pl.exceptions.PanicException):  # noqa: BLE001 - as whatever it calls fails
        return True
    return False


def evaluate(frame: pl.DataFrame, expression: pl.Expr, what: str) -> pl.Series:
    """Return the cells of an expression, one for each row.

    A literal and what Polars takes for one value (``.first()``, ``.max()``, ``polars.len()``) stands for all rows; a
    column that came out with one cell (``.filter(...)``, ``.head(1)``) does not.

    Args:
        frame: The rows.
        expression: The expression.
        what: What it is for, for the errors: ``the prompt``, ``the setting 'seed'``.

    Raises:
        InvalidCall: It fails, or gives anything but one column of the frame's length.
    """
    text = " ".join(str(expression).split())
    shown = text if len(text) <= LONGEST_EXPRESSION else f"{text[: LONGEST_EXPRESSION - 1]}…"
    began = time.monotonic()
    try:
        found = frame.select(expression)
    except pl.exceptions.ColumnNotFoundError as error:
        missing = next((name for name in expression.meta.root_names() if name not in frame.columns), "")
        said = (
            f"there is no column '{missing}'.{near_miss(missing, frame.columns)}" if missing else f"{in_short(error)}."
        )
        message = f"{what} cannot be had: {said} Nothing was sent.\nIt is {shown}. {column_words(frame.columns)}"
        raise InvalidCall(message) from error
    except (Exception, pl.exceptions.PanicException) as error:  # an expression may call any function of the user's
        row = first_failing(frame, expression) if time.monotonic() - began < SECONDS_TO_FAIL else None
        where = f" in row {row}" if row is not None else ""
        message = f"the expression for {what} fails{where}: {in_short(error)}. Nothing was sent.\nIt is {shown}."
        raise InvalidCall(message) from error
    if found.width != 1:
        message = (
            f"the expression for {what} gives {found.width} columns, and one is due. Nothing was sent.\nIt is {shown}."
        )
        raise InvalidCall(message)
    cells = found.to_series()
    if len(cells) == frame.height:
        return cells
    if len(cells) == 1:
        # Polars knows what is one value for all rows, and what is a column that came out with one cell.
        with contextlib.suppress(pl.exceptions.PolarsError):
            return frame.select(expression.alias(ONE), pl.int_range(pl.len()).alias(EACH))[ONE].alias(cells.name)
    message = (
        f"the expression for {what} gives {count_words(len(cells), 'cell')} for {count_words(frame.height, 'row')}. Nothing was sent.\n"
        f"It is {shown}. Give a cell for each row, or one value for all: polars.lit('...') or .first()."
    )
    raise InvalidCall(message)


def model_cells(frame: pl.DataFrame, model: Any) -> Column:
    """Return the models of the rows.

    Raises:
        InvalidCall: It is neither text nor an expression that gives text.
    """
    if isinstance(model, pl.Expr):
        cells = evaluate(frame, model, "the model")
        if cells.dtype.base_type() in TEXTS:
            return cells.cast(pl.String)
        if empty(cells):
            return pl.Series(cells.name, [None], dtype=pl.String).new_from_index(0, len(cells))
        message = f"the model's column '{cells.name}' is of type {cells.dtype}, and text is due. Nothing was sent."
        raise InvalidCall(message)
    if model is None or isinstance(model, str):
        _no_braces(model, frame.columns, "the model", InvalidCall)
        return Fixed(model)
    message = (
        f"model takes text or an expression, and got a value of type {type(model).__name__}. Nothing was sent.\n"
        "Give 'armox:google/nano-banana', or ng.col('model') for a column of the frame."
    )
    raise InvalidCall(message)


def setting_cells(frame: pl.DataFrame, settings: Mapping[str, Any] | None) -> dict[str, Column]:
    """Return the settings of the rows; NaN counts as null, for a setting that is left out.

    Raises:
        InvalidCall: The settings are no mapping of names, or an expression fails.
        InvalidSetting: A column's cells have no form in which they could be sent.
    """
    if settings is not None and not isinstance(settings, Mapping):
        message = f"settings takes a dictionary by names, not a {type(settings).__name__}. Nothing was sent."
        raise InvalidCall(message)
    found: dict[str, Column] = {}
    for key, value in (settings or {}).items():
        if not isinstance(key, str):
            message = (
                f"a setting's name is text, and {shown_value(key)} is of type {type(key).__name__}. Nothing was sent."
            )
            raise InvalidCall(message)
        if isinstance(value, pl.Expr):
            found[key] = setting_column(evaluate(frame, value, f"the setting '{key}'"), key)
            continue
        if isinstance(value, pl.Series) or _has_expression(value):
            given = "is a Series" if isinstance(value, pl.Series) else "has an expression within a list or dictionary"
            message = (
                f"the setting '{key}' {given}. Nothing was sent.\n"
                "Give one expression for the whole: ng.col('x') for a column, polars.concat_list or polars.struct of several."
            )
            raise InvalidSetting(message)
        _no_braces(value, frame.columns, f"the setting '{key}'", InvalidSetting)
        found[key] = Fixed(value)
    return found


def _no_braces(value: Any, columns: Sequence[str], what: str, cls: type[InputError]) -> None:
    """Refuse text between whose braces a column stands: only a prompt's are filled, and others would be paid for as they are.

    Raises:
        cls: There is such a text, alone or anywhere in lists and dictionaries.
    """
    if isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            _no_braces(one, columns, what, cls)
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else ""
    expression = instead(text, columns) if isinstance(text, str) and "{" in text else None
    if expression is not None:
        short = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
        message = (
            f"{what} is the text {short!r}, the same for every row: braces are filled in the prompt alone. Nothing was sent.\n"
            f"Write {expression} for its cells; polars.lit({short!r}) for the text itself."
        )
        raise cls(message)


def images_tree(frame: pl.DataFrame, images: Any, field: str = "") -> Tree:
    """Return the images of the rows in the form they were given in, with the expressions evaluated.

    Args:
        frame: The rows.
        images: None, an image, a list, or ``{field: image or list}``; each a constant or an expression.
        field: Where in it this is.

    Raises:
        InvalidCall: An expression fails.
        InvalidImage: Its cells are neither text nor bytes, nor lists of those.
    """
    place = f"the image '{field}'" if field else "the images"
    if isinstance(images, pl.Expr):
        return image_column(evaluate(frame, images, place), place)
    if isinstance(images, pl.Series) or (images is None and field):
        given = "a Series" if images is not None else "None"
        message = f"{place} is {given}, which is no image. Nothing was sent.\nGive a path, or a column: ng.col('path')."
        raise InvalidImage(message)
    if isinstance(images, dict) and _has_expression(images):
        return {str(name): images_tree(frame, value, str(name)) for name, value in images.items()}
    if isinstance(images, list | tuple) and _has_expression(images):
        return [images_tree(frame, value, field or f"{number}") for number, value in enumerate(images)]
    _no_braces(images, frame.columns, place, InvalidImage)
    return Fixed(images)


def _has_expression(value: Any) -> bool:
    """Whether an expression stands anywhere in lists and dictionaries."""
    if isinstance(value, dict):
        return any(_has_expression(one) for one in value.values())
    if isinstance(value, list | tuple):
        return any(_has_expression(one) for one in value)
    return isinstance(value, pl.Expr)


def cells_of(column: Column, start: int, count: int) -> list[Any]:
    """Return some rows' cells as plain Python."""
    if isinstance(column, Fixed):
        return [column.value] * count
    cells = column.slice(start, count).to_list()
    return [_without_nulls(cell) for cell in cells] if column.dtype.is_nested() else cells


def _without_nulls(cell: Any) -> Any:
    """Return a cell whose fields without a value are left out: a struct has every field that any row has."""
    if isinstance(cell, dict):
        return {name: _without_nulls(value) for name, value in cell.items() if value is not None}
    return [_without_nulls(one) for one in cell] if isinstance(cell, list) else cell


def image_cells(tree: Tree, start: int, count: int) -> list[Any]:
    """Return some rows' images; None where one that is due is missing.

    An empty list is missing too: it is what an earlier run has for a row that failed.
    """
    if isinstance(tree, Fixed):
        return [tree.value] * count
    if isinstance(tree, pl.Series):
        cells = tree.slice(start, count).to_list()
        return (
            [_whole(cell) if isinstance(cell, list) else cell for cell in cells]
            if tree.dtype.base_type() in LISTS
            else cells
        )
    if isinstance(tree, dict):
        fields = {name: image_cells(one, start, count) for name, one in tree.items()}
        rows = (dict(zip(fields, row, strict=True)) for row in zip(*fields.values(), strict=True))
        return [None if any(one is None for one in row.values()) else row for row in rows]
    return [_flat(row) for row in zip(*(image_cells(one, start, count) for one in tree), strict=True)]


def _whole(cells: list[Any]) -> list[Any] | None:
    """Return a list cell; None if it is empty, or one of it is."""
    return None if not cells or any(cell is None for cell in cells) else cells


def _flat(row: Sequence[Any]) -> list[Any] | None:
    """Return one row's images in one list; None if one is missing."""
    if any(one is None for one in row):
        return None
    return [each for one in row for each in (one if isinstance(one, list) else [one])]
