"""The prompts of all rows: a template over columns and variables, or an expression, made into text."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.errors import InvalidPrompt, near_miss
from notebookgen.frames.columns import Column, Fixed, column_words, evaluate
from notebookgen.frames.template import by_name, parts
from notebookgen.frames.texts import number_text, text_cells
from notebookgen.normal import is_whole, shown_value

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["prompt_cells"]


def prompt_cells(frame: pl.DataFrame, prompt: Any, variables: Mapping[str, object] | None = None) -> Column:
    """Return the prompts of the rows; null where a cell that is named holds nothing.

    Args:
        frame: The rows.
        prompt: A template such as ``"A {animal} in {style}"``, or a Polars expression.
        variables: What ``{name}`` stands for where no column has that name.

    Raises:
        InvalidCall: The expression fails.
        InvalidPrompt: It is neither, names what does not exist or is no text, or is itself the name of a column.
    """
    if isinstance(prompt, pl.Expr):
        cells = evaluate(frame, prompt, "the prompt")
        return text_cells(cells, "the prompt's expression")
    if not isinstance(prompt, str):
        message = (
            f"the prompt is of type {type(prompt).__name__}. Nothing was sent.\n"
            'Give a template such as "A {animal}", or ng.col("prompt") for a column of the frame.'
        )
        raise InvalidPrompt(message)
    word = prompt.strip()
    if word in frame.columns:
        message = (
            f"the prompt is the word {word!r}, the same for every row, and a column has that name. Nothing was sent.\n"
            f'Write "{{{word}}}" or ng.col({word!r}) for its cells; polars.lit({word!r}) for the word itself.'
        )
        raise InvalidPrompt(message)
    return _filled(frame, str.__str__(prompt), variables or {})


def _filled(frame: pl.DataFrame, template: str, variables: Mapping[str, object]) -> Column:
    """Return a template with its columns and variables filled in.

    Raises:
        InvalidPrompt: It holds half a character, which Polars would replace; or a name in it stands for nothing.
    """
    columns = by_name(frame.columns)
    pieces: list[str | pl.Expr] = []
    texts: dict[str, pl.Series] = {}  # by column; under names of our own, for Polars reads "*" and "^...$" as patterns
    for text, name in parts(template, frozenset(frame.columns)):
        if name in columns and name:
            column = columns[name]
            if column not in texts:
                texts[column] = text_cells(frame[column], f"{{{column}}}").alias(f"text {len(texts)}")
            pieces.append(pl.col(texts[column].name))
        else:
            pieces.append(_variable(name, variables, frame) if name else text)
    if not all(is_whole(piece) for piece in pieces if isinstance(piece, str)):
        message = "the prompt holds half a character, which cannot be sent. Nothing was sent. Write it again."
        raise InvalidPrompt(message)
    if not texts:
        return Fixed("".join(piece for piece in pieces if isinstance(piece, str)))
    joined = pl.concat_str(pl.lit(piece) if isinstance(piece, str) else piece for piece in pieces)
    return pl.DataFrame(list(texts.values())).select(joined.alias("prompt")).to_series()


def _variable(name: str, variables: Mapping[str, object], frame: pl.DataFrame) -> str:
    """Return a variable as the text that goes into the prompts of all rows.

    Raises:
        InvalidPrompt: There is none of that name, nor a column, or it is neither text nor number.
    """
    if name not in variables:
        known = [*frame.columns, *(one for one, value in variables.items() if _usable(one, value))]
        either = "neither a column nor a variable" if variables else "no column"
        message = (
            f"{{{name}}} names {either}.{near_miss(name, known)} Nothing was sent.\n"
            f"{column_words(frame.columns)} Write {{{{{name}}}}} to keep the braces."
        )
        raise InvalidPrompt(message)
    value = variables[name]
    if isinstance(value, str):
        return str.__str__(value)  # a subclass may show itself otherwise, an enum for one
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, numbers.Number):
        try:
            return str(value)
        except ValueError:  # too many digits
            message = f"{{{name}}} is {shown_value(value)}. Nothing was sent. Make a text of it first."
            raise InvalidPrompt(message) from None
    kind = "None" if value is None else f"of type {type(value).__name__}"
    message = (
        f"{{{name}}} is no column but a variable, {kind}; only text and numbers go into a prompt. Nothing was sent.\n"
        f"Make a text of it first; {{{{{name}}}}} keeps the braces. {column_words(frame.columns)}"
    )
    raise InvalidPrompt(message)


def _usable(name: str, value: object) -> bool:
    """Whether a variable could stand in a prompt."""
    return not name.startswith("_") and isinstance(value, str | numbers.Number)
