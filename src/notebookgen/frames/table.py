"""The input half of ``ng.map``: a frame and what is asked for over it, row by row. Knows nothing of providers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.errors import InvalidCall, NotebookgenError, near_miss
from notebookgen.frames.columns import (
    Column,
    Fixed,
    Tree,
    cells_of,
    column_words,
    image_cells,
    images_tree,
    model_cells,
    setting_cells,
)
from notebookgen.frames.output import output_names
from notebookgen.frames.prompts import prompt_cells
from notebookgen.frames.reading import is_lazy, read_frame, same
from notebookgen.normal import is_whole, shown_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["NO_IMAGE", "NO_PROMPT", "Asked", "Constant", "Table", "read_table"]

NO_PROMPT = "no prompt"
NO_IMAGE = "no image"
LONGEST_LABEL = 60  # characters of a cell in a row's label


@dataclass(frozen=True, slots=True)
class Asked:
    """What one row asks for.

    Attributes:
        prompt: The text; None where a cell that it needs is null.
        model: ``provider:model_id``; None for the default.
        settings: Those whose cell is not null.
        images: As ``generate`` takes them, or None.
        skipped: Why the row is never sent, or None.
    """

    prompt: str | None
    model: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    images: Any = None
    skipped: str | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """What is the same in every row, and so can be prepared once.

    Attributes:
        prompt, model, images: Whether each is.
        settings: The settings that are, with their values.
        columns: The settings that come from an expression.
    """

    prompt: bool
    model: bool
    images: bool
    settings: Mapping[str, Any]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A frame, and what is asked for over it.

    Attributes:
        frame: The rows as they were when the table was read; later changes to the user's own frame do not reach it.
        prefix: What the names of the output's columns begin with.
        constant: What is the same in every row.
        labels: The columns that label its rows in messages.
    """

    frame: pl.DataFrame
    prefix: str
    constant: Constant
    _source: Any = field(repr=False)
    _prompts: Column = field(repr=False)
    _models: Column = field(repr=False)
    _images: Tree = field(repr=False)
    _settings: Mapping[str, pl.Series] = field(repr=False)
    labels: tuple[str, ...] = field(repr=False)

    def __len__(self) -> int:
        return self.frame.height

    def asked(self, index: int) -> Asked:
        """Return what one row asks for; for many, ``part`` is far quicker.

        Raises:
            IndexError: There is no such row.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.part(index, index + 1)[0]

    def part(self, start: int, stop: int) -> list[Asked]:
        """Return what the rows from ``start`` up to ``stop`` ask for; only these become Python objects."""
        start, stop, _ = slice(start, stop).indices(len(self))
        count = max(0, stop - start)
        due = not self.constant.images
        constant = self.constant.settings
        names = tuple(self._settings)
        columns = [cells_of(one, start, count) for one in self._settings.values()]
        rows: list[Asked] = []
        for prompt, model, images, values in zip(
            cells_of(self._prompts, start, count),
            cells_of(self._models, start, count),
            image_cells(self._images, start, count),
            zip(*columns, strict=True) if columns else [()] * count,
            strict=True,
        ):
            settings = {**constant, **dict(zip(names, values, strict=True))}
            if None in values:
                settings = {name: one for name, one in settings.items() if one is not None or name in constant}
            reason = NO_PROMPT if prompt is None else NO_IMAGE if due and images is None else None
            rows.append(Asked(prompt, model, settings, images, reason))
        return rows

    def models(self) -> list[str | None]:
        """Return the different models of the rows, each once, in the order of their first row."""
        if isinstance(self._models, Fixed):
            return [self._models.value]
        return self._models.unique(maintain_order=True).to_list()

    def label(self, index: int) -> str:
        """Return what a row is called in messages: ``row 7`` (counted from 0), ``fox``, ``animal=fox, style=oil``."""
        if not self.labels:
            return f"row {index}"
        cells = [(name, self.frame[name].slice(index, 1).to_list()[0]) for name in self.labels]
        if all(cell is None for _, cell in cells):
            return f"row {index}"
        texts = [" ".join(str(cell).split()) for _, cell in cells]
        short = [text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…" for text in texts]
        if len(short) == 1:
            return short[0] or f"row {index}"
        return ", ".join(f"{name}={text}" for name, text in zip(self.labels, short, strict=True))

    def unchanged(self) -> bool:
        """Whether the user's frame still holds what it held when it was read; a query was read once and for all."""
        if self._source is None:
            return True
        try:
            return same(self.frame, read_frame(self._source))
        except NotebookgenError:
            return False


def read_table(
    frame: Any,
    prompt: Any,
    *,
    model: Any = None,
    images: Any = None,
    settings: Mapping[str, Any] | None = None,
    row_id: str | Sequence[str] | None = None,
    prefix: str = "gen_",
    variables: Mapping[str, object] | None = None,
) -> Table:
    """Read a frame and evaluate what is asked for over it, for all rows; an empty frame gives an empty table.

    Args:
        frame: Anything Narwhals takes; a lazy one is collected, once. The rows keep their order. A pandas index without
            a name is dropped, named levels become the first columns.
        prompt: A template over columns (``"A {animal} in {style}"``) or an expression. A row with a null (or NaN) in a
            column that it names is skipped. ``{{`` and ``}}`` stand for braces.
        model: Text, or an expression; null stands for the default model.
        images: None, an image, a list, or ``{field: image or list}``; each a constant or an expression whose cells are
            text (a path or URL), bytes, or lists of those. A row whose cell is null, or an empty list, is skipped.
        settings: Constants and expressions by name; a null (or NaN) cell leaves the setting out for that row. Braces
            that name a column are refused in constants: only the prompt's are filled.
        row_id: Columns that label rows in messages; never part of what is sent.
        prefix: What the names of the output's columns begin with.
        variables: What ``{name}`` stands for where no column has that name.

    Raises:
        InputError: Something of it cannot be meant; nothing was sent.
        MissingExtra: The frame's own library needs another package to hand it over.
    """
    rows = read_frame(frame)
    _free(rows, prefix)
    labels = _labels(rows, row_id)
    prompts = prompt_cells(rows, prompt, variables)
    models = model_cells(rows, model)
    tree = images_tree(rows, images)
    evaluated = setting_cells(rows, settings)
    columns = {key: one for key, one in evaluated.items() if isinstance(one, pl.Series)}
    constant = Constant(
        prompt=isinstance(prompts, Fixed),
        model=isinstance(models, Fixed),
        images=isinstance(tree, Fixed),
        settings={key: one.value for key, one in evaluated.items() if isinstance(one, Fixed)},
        columns=tuple(columns),
    )
    source = None if is_lazy(frame) else frame
    return Table(rows, prefix, constant, source, prompts, models, tree, columns, labels)


def _free(rows: pl.DataFrame, prefix: str) -> None:
    """Check that no column has a name that the output needs.

    Raises:
        InvalidCall: One has, or the prefix is no text.
    """
    if not isinstance(prefix, str):
        message = (
            f"prefix takes text such as 'gen_', and got a value of type {type(prefix).__name__}. Nothing was sent."
        )
        raise InvalidCall(message)
    if not is_whole(prefix):
        message = f"prefix={shown_value(prefix)} holds half a character, which no column's name can. Nothing was sent."
        raise InvalidCall(message)
    names = set(output_names(prefix))
    taken = [name for name in rows.columns if name in names]
    if taken:
        other = next(one for one in _prefixes(prefix) if not set(output_names(one)) & set(rows.columns))
        message = (
            f"the frame has columns called {', '.join(taken[:4])}{', ...' if len(taken) > 4 else ''}, "
            f"as the output would. Nothing was sent.\nChoose other names for the output: prefix='{other}'"
        )
        raise InvalidCall(message)


def _prefixes(prefix: str) -> Iterator[str]:
    """Yield prefixes that might do instead: ``gen2_``, ``gen3_``, ..."""
    stem = prefix.rstrip("_").rstrip("0123456789") or "gen"
    number = 2
    while True:
        yield f"{stem}{number}_"
        number += 1


def _labels(rows: pl.DataFrame, row_id: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns that label rows.

    Raises:
        InvalidCall: One does not exist, or it is no name.
    """
    if not isinstance(row_id, str | list | tuple | None):
        message = f"row_id takes a column's name or a list of them, not a {type(row_id).__name__}. Nothing was sent."
        raise InvalidCall(message)
    names = () if row_id is None else (row_id,) if isinstance(row_id, str) else tuple(row_id)
    for name in names:
        if name not in rows.columns:
            message = (
                f"row_id names no column: '{name}'.{near_miss(str(name), rows.columns)} Nothing was sent.\n"
                f"{column_words(rows.columns)}"
            )
            raise InvalidCall(message)
    return names
