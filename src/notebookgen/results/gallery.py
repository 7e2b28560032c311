"""What is seen of a run: a page of its results as a grid, as groups, or as rows by columns; before and after; one sheet.

A gallery never changes: each method returns another one. Which rows it has is settled when it is made, so that a mistake
is told there; how they stand is read when it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall
from notebookgen.media.captions import facts
from notebookgen.media.leaf import Entry, Label, Leaf
from notebookgen.normal import shown_value
from notebookgen.results.showing import here, limits_of, notebook_folder, shown_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import polars as pl

    from notebookgen.results.contact import ContactSheet
    from notebookgen.results.result import Result
    from notebookgen.results.results import Results
    from notebookgen.results.selecting import Table

__all__ = ["PER_PAGE", "Gallery", "gallery_of"]

PER_PAGE = 60
MOST_PER_PAGE = 1_000
MOST_COLUMNS = 40
LARGEST = 100_000_000  # bytes of one cell's output
LEAST = 20_000


@dataclass(frozen=True, slots=True)
class Look:
    """How a gallery is looked at.

    Attributes:
        by: The columns by which it is grouped: none, one, or two (rows and columns).
        caption: The columns that are told under each result, instead of its prompt.
        page: Which page, from 1.
        per_page: How many results a page has at the most.
        cell_bytes: How large the cell's output may be; None for what is set.
        before: Whether input images stand beside what came of them.
        narrowed: Whether a person has left rows out.
    """

    by: tuple[str | pl.Expr, ...] = ()
    caption: tuple[str | pl.Expr, ...] = ()
    page: int = 1
    per_page: int = PER_PAGE
    cell_bytes: int | None = None
    before: bool = False
    narrowed: bool = False


class Gallery:
    """Some results of a run as they are seen, a page at a time. Shows itself in a notebook."""

    __slots__ = ("_axes", "_columns", "_labels", "_look", "_notes", "_places", "_results", "_rows", "_table")

    def __init__(self, results: Results, places: Sequence[int], look: Look, table: Table | None = None) -> None:
        """Settle which rows are shown and under which labels.

        Args:
            results: The run.
            places: Its rows that are shown, in their order.
            look: How.
            table: The run's rows with their columns, where somebody has read them.
        """
        self._results = results
        self._look = look
        self._table = table
        self._axes: tuple[str, ...] = ()
        self._rows: tuple[Label, ...] = ()
        self._columns: tuple[Label, ...] = ()
        self._labels: dict[int, tuple[int, int]] = {}
        self._places = tuple(places)
        if look.by:
            self._group()
        noted = self._read().notes(look.caption, self._places) if look.caption else []
        self._notes = dict(zip(self._places, noted, strict=False))
        self._check()

    def _read(self) -> Table:
        """Return the run's rows with all their columns, read at the first need."""
        if self._table is None:
            from notebookgen.results.selecting import Table  # noqa: PLC0415 - Polars loads when a column is asked for

            self._table = Table(self._results)
        return self._table

    def _group(self) -> None:
        """Put the rows under their labels, in the order in which these come first."""
        table, by = self._read(), self._look.by
        if len(by) > 2:
            message = (
                f"by takes one column (groups) or two (rows and columns), not {len(by)}.\n"
                "Take two, and one value of the third at a time: .filter(seed=1).by('style', 'model')"
            )
            raise InvalidCall(message)
        found = [table.labels(one, self._places) for one in by]
        self._axes = tuple(name for name, _ in found)
        rows = list(dict.fromkeys(found[0][1]))
        columns = list(dict.fromkeys(found[1][1])) if len(found) == 2 else []
        if len(columns) > MOST_COLUMNS:
            message = (
                f"by=('{self._axes[0]}', '{self._axes[1]}') makes {len(columns):,} columns, more than {MOST_COLUMNS}.\n"
                f"Turn it round, or leave some out with filter: by=('{self._axes[1]}', '{self._axes[0]}')"
            )
            raise InvalidCall(message)
        self._rows = table.labelled(rows, found[0][1], self._places) if not columns else tuple(map(Label, rows))
        self._columns = table.labelled(columns, found[1][1], self._places) if columns else ()
        at = {name: number for number, name in enumerate(rows)}, {name: number for number, name in enumerate(columns)}
        under = [(at[0][found[0][1][n]], at[1][found[1][1][n]] if columns else 0) for n in range(len(self._places))]
        self._labels = dict(zip(self._places, under, strict=True))
        self._places = tuple(sorted(self._places, key=lambda place: self._labels[place]))

    def _check(self) -> None:
        """Check what was said of pages and bytes.

        Raises:
            InvalidCall: It makes no sense.
        """
        look = self._look
        for name, value, least, most in (
            ("per_page", look.per_page, 1, MOST_PER_PAGE),
            ("cell_bytes", LEAST if look.cell_bytes is None else look.cell_bytes, LEAST, LARGEST),
            ("page", look.page, 1, 10**9),
        ):
            if type(value) is not int or not least <= value <= most:
                upto = f" to {most:,}" if most < 10**9 else ""
                message = f"{name}={shown_value(value)} makes no sense. Give a whole number from {least:,}{upto}."
                raise InvalidCall(message)
        if look.page > self.pages:
            there = "there is one page" if self.pages == 1 else f"there are {self.pages:,} pages"
            message = f"page={look.page:,}: {there}. The last one: .page({self.pages})"
            raise InvalidCall(message)

    # What it holds -----------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Result]:
        return (self._results[place] for place in self._places)

    @property
    def results(self) -> list[Result]:
        """Its results, of all pages, in the order in which they are shown."""
        return list(self)

    @property
    def frame(self) -> pl.DataFrame:
        """Their rows of the run's frame, in the order in which they are shown."""
        return self._results.frame[list(self._places)]

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return len(self._cut())

    # Another one of it -------------------------------------------------------------------------------------------

    def by(self, *columns: str | pl.Expr) -> Gallery:
        """Return it grouped by a column, or as rows by columns; by none, as a grid."""
        from notebookgen.results.selecting import as_columns  # noqa: PLC0415 - Polars loads when a column is asked for

        flat = columns[0] if len(columns) == 1 else columns
        return self._changed(by=as_columns(flat, "by"), page=1)

    def filter(self, *what: Any, **equal: Any) -> Gallery:
        """Return it with the rows alone of which all of that is true.

        Args:
            *what: Polars expressions, names of columns that are true or false, a state (``"failed"``), or mappings.
            **equal: Columns by name, with their value or a list of values.
        """
        places, table = list(self._places), self._read()
        for one in (*what, *([equal] if equal else [])):
            places = table.chosen(one, places)
        return Gallery(self._results, places, replace(self._look, page=1, narrowed=True), table)

    def sort(self, *columns: str | pl.Expr, descending: bool = False) -> Gallery:
        """Return it in order of some columns; equal rows keep theirs, and rows without a value come last."""
        from notebookgen.results.selecting import as_columns  # noqa: PLC0415 - Polars loads when a column is asked for

        table = self._read()
        flat = columns[0] if len(columns) == 1 else columns
        places = table.ordered(as_columns(flat, "sort"), self._places, descending=descending)
        return Gallery(self._results, places, replace(self._look, page=1), table)

    def page(self, number: int) -> Gallery:
        """Return one of its pages, counted from 1."""
        return self._changed(page=number)

    def compare(self) -> Gallery:
        """Return it with each result's input image beside what came of it."""
        return self._changed(before=True, page=1)

    def at(self, *places: int) -> Gallery:
        """Return it with the rows alone that have these places in the run, in that order."""
        unknown = [place for place in places if place not in self._places]
        if unknown:
            message = f"row {unknown[0]} is not among the {len(self._places):,} rows of this gallery."
            raise InvalidCall(message)
        return Gallery(self._results, places, replace(self._look, page=1, narrowed=True), self._table)

    def _changed(self, **changes: Any) -> Gallery:
        """Return it looked at in another way."""
        return Gallery(self._results, self._places, replace(self._look, **changes), self._table)

    def contact_sheet(
        self, *, columns: int | None = None, tile: int = 240, title: str | None = None, dark: bool = False
    ) -> ContactSheet:
        """Return all pages as one PNG, labelled; it shows itself, and ``.save("sheet.png")`` keeps it.

        Args:
            columns: How many pictures stand abreast; by default as many as make a sheet that is easy to look at.
            tile: The side of a picture, in pixels.
            title: What stands above; by default what came of the run.
            dark: Whether the paper is dark.

        Raises:
            InvalidCall: There is nothing to show, or a number makes no sense.
        """
        from notebookgen.results.contact import contact_sheet  # noqa: PLC0415 - Pillow loads when one is made

        leaf = self._leaf(self._places, said=())
        limits = limits_of(self._results.handle, self._look.cell_bytes)
        heading = leaf.heading if title is None else title
        return contact_sheet(
            replace(leaf, heading=heading), limits=limits, columns=columns, tile=tile, dark=dark, run=self._results.run
        )

    # How it looks ------------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Show it here, also in the middle of a cell."""
        here(self)

    def _size(self) -> int:
        """Return how many results stand on a page: as many as were asked for, and whose pictures can be made out."""
        from notebookgen.media.grid import least_bytes  # noqa: PLC0415 - loaded when something is shown

        room = limits_of(self._results.handle, self._look.cell_bytes).cell_bytes
        return max(1, min(self._look.per_page, room // least_bytes(compared=self._look.before)))

    def _cut(self) -> list[tuple[int, int]]:
        """Return where pages begin and end; a matrix is cut between its rows."""
        size, total = self._size(), len(self._places)
        if len(self._axes) < 2:
            return [(start, min(start + size, total)) for start in range(0, total, size)] or [(0, 0)]
        cuts = [0]
        for number in range(1, total):
            if self._labels[self._places[number]][0] == self._labels[self._places[number - 1]][0]:
                continue
            end = next(
                (
                    n
                    for n in range(number, total)
                    if self._labels[self._places[n]][0] != self._labels[self._places[number]][0]
                ),
                total,
            )
            if end - cuts[-1] > size:
                cuts.append(number)
        return list(zip(cuts, [*cuts[1:], total], strict=True))

    def _leaf(self, places: Sequence[int], said: tuple[str, ...], *, heading: bool = True) -> Leaf:
        """Return some of its rows as they are drawn."""
        handle = self._results.handle
        few = f"{len(self._places):,} of {len(self._results):,} results"
        told = few if self._look.narrowed else handle.summary()
        shown = shown_rows(handle, places, inputs=self._look.before)
        if len(self._places) == 1 and shown:
            told = facts(shown[0])
        return Leaf(
            tuple(
                Entry(one, place, self._notes.get(place, ""), *self._labels.get(place, (0, 0)))
                for place, one in zip(places, shown, strict=True)
            ),
            told if heading else "",
            self._axes,
            self._rows,
            self._columns,
            said,
            compared=self._look.before,
        )

    def _said(self, start: int, end: int, pages: int) -> tuple[str, ...]:
        """Return which page this is, how to see the others, and why there is no more on it."""
        look, total, name = self._look, len(self._places), self._results.handle.name
        lines = []
        if pages > 1:
            plain = replace(look, page=1) == Look() and not self._axes
            ask = f"{name}.gallery(page={{}})" if plain and name else ".gallery(page={})" if plain else ".page({})"
            then = look.page + 1 if look.page < pages else 1
            rest = "the rest" if look.page < pages else "the first"
            lines.append(
                f"Page {look.page:,} of {pages:,} · {start + 1:,} to {end:,} of {total:,} results"
                f" · {rest}: {ask.format(then)}"
            )
        if (size := self._size()) < min(look.per_page, total):
            room = limits_of(self._results.handle, look.cell_bytes).cell_bytes
            more = f"{2 * room:,}".replace(",", "_")
            lines.append(
                f"{size:,} to a page, not {min(look.per_page, total):,}: a cell holds at most {room / 1e6:.2g} MB."
                f" More: .gallery(cell_bytes={more}), or ng.configure(cell_bytes=...)"
            )
        return tuple(lines)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return how this page looks in a notebook, as (data, metadata)."""
        return self.bundle(include, exclude)

    def bundle(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        *,
        heading: bool = True,
        lines: int = MOST_PER_PAGE,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return how this page looks in a notebook.

        Args:
            include: The only MIME types that are wanted; None for all.
            exclude: MIME types that are not wanted.
            heading: Whether it says what came of all of them.
            lines: Of how many results there is a line in words.
        """
        from notebookgen.media.preview import spread  # noqa: PLC0415 - loaded when something is shown

        cuts = self._cut()
        start, end = cuts[min(self._look.page, len(cuts)) - 1]
        leaf = self._leaf(self._places[start:end], self._said(start, end, len(cuts)), heading=heading)
        limits = replace(limits_of(self._results.handle, self._look.cell_bytes), tiles=10 * MOST_PER_PAGE)
        return spread(leaf, limits=limits, lines=lines, include=include, exclude=exclude, folder=notebook_folder())

    def __repr__(self) -> str:
        by = f" by {', '.join(self._axes)}" if self._axes else ""
        page = f", page {self._look.page} of {self.pages}" if self.pages > 1 else ""
        return f"<Gallery of {len(self)} results{by}{page}>"


def gallery_of(results: Results, places: Sequence[int], **said: Any) -> Gallery:
    """Return a gallery as it is asked for; see ``Results.gallery``."""
    wanted, ordered = said.pop("filter"), said.pop("sort")
    descending, by, caption = said.pop("descending"), said.pop("by"), said.pop("caption")
    if wanted is None and ordered is None and by is None and caption is None:
        return Gallery(results, places, Look(**said))
    from notebookgen.results.selecting import Table, as_columns  # noqa: PLC0415 - Polars loads when a column is asked for

    table, kept = Table(results), list(places)
    for one in () if wanted is None else wanted if isinstance(wanted, list | tuple) else (wanted,):
        kept = table.chosen(one, kept)
    if ordered is not None:
        kept = table.ordered(as_columns(ordered, "sort"), kept, descending=descending)
    by, caption = as_columns(by, "by"), as_columns(caption, "caption")
    look = Look(by=by, caption=caption, narrowed=wanted is not None, **said)
    return Gallery(results, kept, look, table)
