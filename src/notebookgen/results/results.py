"""Several results of one run, in its order."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from notebookgen.errors import InvalidCall
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.retrying import MAY_BE_RETRIED, may_help
from notebookgen.jobs.settling import Word
from notebookgen.jobs.states import OVER, State
from notebookgen.normal import count_words, shown_value
from notebookgen.results.columns import gen_columns
from notebookgen.results.result import Result
from notebookgen.results.waiting import wait_on

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from decimal import Decimal
    from pathlib import Path

    import polars as pl

    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.results.contact import ContactSheet
    from notebookgen.results.gallery import Gallery
    from notebookgen.results.saving import Saved

__all__ = ["Results", "gen_columns"]

PART = 1000
PER_PAGE = 60  # what is shown of a run at a time
MOST_LINES = 20  # of so many there is a line in words where all of them are shown


class Results(Sequence[Result]):
    """The results of one run, in its order: a sequence of ``Result``, and a frame."""

    def __init__(
        self,
        handle: RunHandle,
        cancel: Callable[[str], list[str]],
        *,
        join: Callable[[pl.DataFrame, Sequence[int] | None], pl.DataFrame] | None = None,
        retry: Callable[[list[int]], None] | None = None,
        resolve: Callable[[RunHandle, list[int], Word], None] | None = None,
        labels: Sequence[str] = (),
    ) -> None:
        """Read a run.

        Args:
            handle: The run.
            cancel: Cancels at the provider what begins with that id; returns lines for a person.
            join: Puts the ``gen_`` columns beside the rows that were asked for: all, or those in some places.
            retry: Begins again with some rows, and waits for them.
            resolve: Settles some rows that are ambiguous as a person says, and waits for them.
            labels: The columns that label its rows; none where nobody has named them.
        """
        self.handle = handle
        self._cancel = cancel
        self._join = join
        self._retry = retry
        self._resolve = resolve
        self.said: tuple[str, ...] = ()
        self.labels = tuple(labels)

    @property
    def run(self) -> str:
        """The run's id."""
        return self.handle.id

    def __len__(self) -> int:
        return self.handle.total

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> list[Result]: ...
    def __getitem__(self, index: int | slice) -> Result | list[Result]:
        places = range(len(self))[index]
        if isinstance(places, range):
            return [Result(self.handle, place, self._cancel) for place in places]
        return Result(self.handle, places, self._cancel)

    def __iter__(self) -> Iterator[Result]:
        return (Result(self.handle, place, self._cancel) for place in range(len(self)))

    @property
    def frame(self) -> pl.DataFrame:
        """How the rows stand now: the rows that were asked for, in their order, with the ``gen_`` columns beside them.

        ``gen_cost`` is what was paid for the row, net, whenever that was: with what earlier tries of it have cost this run
        that failed, or were given up as lost, and were not refunded. ``gen_cached`` tells where this run did not pay, so
        that the others come to ``cost`` (but for tries of a row that another run has paid for in the end). Equal rows share what is paid once: one of them has it, and the others nought.
        """
        return self._joined(self._parts())

    @property
    def cost(self) -> dict[str, Decimal]:
        """What this run spent, by unit, tries that came to nothing among it; units are never added together."""
        return self.handle.spent

    @property
    def failed(self) -> pl.DataFrame:
        """The rows that did not end well: failed, refused, cancelled or invalid; why is in ``gen_error``."""
        return self._joined(self._parts(*MAY_BE_RETRIED, State.INVALID))

    @property
    def ambiguous(self) -> pl.DataFrame:
        """The rows of which nobody knows whether they were accepted, with what is known of them.

        Beside the columns of ``frame``: ``sent`` (when the create left, UTC), ``reserved`` and ``reserved_unit`` (what
        counts as spent until somebody knows), ``resolve`` (what to type).
        """
        import polars as pl  # noqa: PLC0415 - Polars loads when a frame is asked for

        from notebookgen.ledger.frame import MONEY  # noqa: PLC0415 - likewise

        parts = list(self._parts(State.AMBIGUOUS))
        rows = [row for _, part in parts for row in part]
        typed = [f"ng.resolve('{row.generation.id[:12]}', 'resubmit')" for row in rows]
        evidence = pl.DataFrame(
            {
                "sent": [row.at for row in rows],
                "reserved": [row.reserved.amount for row in rows],
                "reserved_unit": [row.reserved.unit for row in rows],
                "resolve": typed,
            },
            schema={
                "sent": pl.Datetime("us", "UTC"),
                "reserved": MONEY,
                "reserved_unit": pl.String,
                "resolve": pl.String,
            },
        )
        return self._joined(parts).hstack(evidence)

    def _parts(self, *states: State) -> Iterator[tuple[list[int], list[Delivered]]]:
        """Return the rows in some states (or all), with their places, a part at a time; no others are read."""
        places = self.handle.among(states) if states else range(len(self))
        for start in range(0, len(places), PART):
            part = places[start : start + PART]
            rows = zip(part, self.handle.rows(part), strict=True)
            found = [(place, row) for place, row in rows if not states or row.state in states]  # it may have gone on
            yield [place for place, _ in found], [row for _, row in found]

    def _joined(self, parts: Iterable[tuple[list[int], list[Delivered]]]) -> pl.DataFrame:
        """Return rows as a frame, beside what was asked for."""
        import polars as pl  # noqa: PLC0415 - Polars loads when a frame is asked for

        from notebookgen.ledger.frame import money_frame  # noqa: PLC0415 - likewise

        places: list[int] = []
        frames = [money_frame({})]
        for some, rows in parts:
            places += some
            costs = self.handle.in_all(rows)
            rows = [replace(row, cost=cost) for row, cost in zip(rows, costs, strict=True)]  # noqa: PLW2901 - told in all
            columns: dict[str, Any] = gen_columns(rows, self.handle.retell)
            # Polars cuts lists apart ten times as fast as it takes Python's own; no path has a NUL in it.
            paths = pl.Series(["\0".join(one) for one in columns["gen_paths"]], dtype=pl.String).str.split("\0")
            columns["gen_paths"] = paths.list.eval(pl.element().filter(pl.element() != ""))
            frames.append(money_frame(columns))
        gen = pl.concat(frames)
        equal = ~pl.col("gen_id").is_first_distinct() | (~pl.col("gen_cached")).any().over("gen_id")
        shared = pl.col("gen_cached") & equal  # what was paid once is told once
        nothing = pl.lit(0).cast(gen.schema["gen_cost"])
        gen = gen.with_columns(gen_cost=pl.when(shared).then(nothing).otherwise("gen_cost"))
        return gen if self._join is None else self._join(gen, places if len(places) < len(self) else None)

    def wait(self, timeout: float | None = None) -> Results:
        """Wait until nothing more will come by itself, at most ``timeout`` seconds. Stop ends the wait, and not the run.

        Raises:
            Stopped: A person pressed Stop; the message says how to end the run.
        """
        wait_on(self.handle, timeout)
        return self

    def pause(self) -> Results:
        """Send nothing new until ``go_on()``; what is under way goes on."""
        self.handle.pause()
        return self

    def go_on(self) -> Results:
        """Send again, after a pause."""
        self.handle.go_on()
        return self

    def cancel(self) -> Results:
        """Ask the providers to cancel what is under way; what they said is in ``said``. What was not sent never will be."""
        self.said = tuple(line for run in self.handle.runs for line in self._cancel(run))
        return self

    @property
    def may_be_retried(self) -> list[int]:
        """The places of the rows that did not end well, and not for good."""
        indices = self.handle.among(MAY_BE_RETRIED)
        rows = self.handle.rows(indices)
        return [index for index, row in zip(indices, rows, strict=True) if may_help(row)]

    def retry(self) -> Results:
        """Buy another try for the rows that failed, were refused or cancelled, where that may help; and wait for them.

        It goes on with this run and under its budget. What failed for good stays as it is: only another prompt or other
        settings can mend it. What the budget or a Stop keeps from being sent once more stays failed, and may be tried
        again later. Rows that were never sent are no failures: the same call again sends them.

        Raises:
            InvalidCall: The run is still under way; nothing of it failed and there are rows that were never sent; or these
                results only show a run (those of one row, ``result.results``).
        """
        if not self.handle.done:
            message = "the run is still under way. Wait for it (.wait()) or press Stop, then retry."
            raise InvalidCall(message)
        again = self.may_be_retried
        unsent = len(self.handle.among([State.PLANNED])) + self.handle.unsent
        if unsent and not again:
            message = (
                f"nothing of this run may be tried again, and {count_words(unsent, 'row was', 'rows were')} never sent."
                " Nothing was sent now.\nRun the call (or the cell) again to send what is left; what is bought is not"
                " bought again."
            )
            raise InvalidCall(message)
        if again and self._retry is None:
            message = (
                f"these results only show what there is. Nothing was sent. Type: ng.Client().retry({self.handle.typed})"
            )
            raise InvalidCall(message)
        if again and self._retry is not None:
            self._retry(again)
        return self

    def resolve(
        self,
        action: str,
        rows: SupportsIndex | Iterable[SupportsIndex] | None = None,
        *,
        job: str | None = None,
        budget: Any = None,
        max_new: int | None = None,
    ) -> Results:
        """Settle rows of which nobody knows whether they were accepted, all together, and wait for them.

        What is sent again is bought under the run's budget, in which what was sent before counts as spent. What it does
        not allow stays ambiguous; why is in ``gen_error``.

        Args:
            action: ``adopt`` (it was accepted), ``resubmit`` (send it again and risk paying twice) or ``write_off``.
            rows: Which rows, by their place in ``frame``; by default all that are ambiguous.
            job: The provider's handle, for one row, where it lists no jobs.
            budget: What the run may spend in all, from now on, to send rows again; by default what was said for it.
            max_new: How many the run may buy in all, to send rows again.

        Raises:
            InvalidCall: A row is not ambiguous, or the action lacks something.
            BudgetExceeded: The budget or a cap allows none of them to be sent again; they stay ambiguous.
        """
        more = parse_budget(budget, max_new=max_new)
        indices = self.handle.among([State.AMBIGUOUS])
        wanted = indices if rows is None else places(rows)
        for index in wanted:
            if index not in indices:
                message = f"row {index} is not ambiguous. Those that are: {indices[:20]}"
                raise InvalidCall(message)
        if wanted and self._resolve is None:
            name = self.handle.row(wanted[0]).generation.id[:12]
            message = f"these results only show what there is. Nothing was done. Type: ng.resolve('{name}', '{action}')"
            raise InvalidCall(message)
        if wanted and self._resolve is not None:
            self._resolve(self.handle, wanted, Word(action, job, more))
        return self

    def save(self, folder: str | Path, *, provenance: bool | None = None) -> Saved:
        """Copy all files into a folder, named after their prompts, with a list of what they are.

        ``manifest.parquet`` and ``manifest.json`` have a row for each file, and for each row without one: prompt, model,
        settings, cost, hash, job, status, error. Saved again, what is there is not copied again; files of your own are
        never written over.

        Args:
            folder: Made where it is missing.
            provenance: Whether the copies, their names and the list say where they come from (model, prompt, settings,
                job, cost, time); by default as configured.

        Raises:
            NotWritable: The folder cannot be written.
        """
        from notebookgen.results.saving import save_folder  # noqa: PLC0415 - loaded when something is saved

        return save_folder(self, folder, provenance=provenance, labels=self._row_labels())

    def _row_labels(self) -> list[dict[str, Any]] | None:
        """Return what each row is called: the columns that label it, or all that hold a single value each."""
        if self._join is None:
            return None
        whole = self.frame
        own = whole[:, : whole.width - len(gen_columns([]))]
        names = [name for name in self.labels or own.columns if not own.schema[name].is_nested()]
        return own.select(names).to_dicts()

    def gallery(
        self,
        by: Any = None,
        *,
        filter: Any = None,
        sort: Any = None,
        descending: bool = False,
        caption: Any = None,
        before: bool = False,
        page: int = 1,
        per_page: int = PER_PAGE,
        cell_bytes: int | None = None,
    ) -> Gallery:
        """Return how they are seen: a grid; groups ``by="model"``; rows by columns ``by=("style", "model")``.

        Columns are names or Polars expressions: those of ``frame`` (``status`` is ``gen_status``), ``model``, and the
        settings. While the run is under way, what is over is shown. The gallery has ``.page(2)``, ``.filter(style="oil")``,
        ``.sort("cost")``, ``.by("model")``, ``.compare()`` and ``.contact_sheet()``; each gives another one.

        Args:
            by: One column for groups; two for a matrix, the first for its rows.
            filter: What is to be shown: ``{"style": ["oil", "ink"]}``, a state (``"failed"``), an expression, a column of
                true and false, or several of these.
            sort: By which columns; without it rows stand in the order of the frame.
            descending: Whether the largest come first.
            caption: Columns that are told under each result, instead of its prompt.
            before: Whether each input image stands beside what came of it.
            page: Which page, from 1.
            per_page: How many results a page has at the most, up to 1000.
            cell_bytes: How many bytes the cell's output may hold; by default as configured.

        Raises:
            InvalidCall: There is no such column or page, or something else of it cannot be meant.
        """
        from notebookgen.results.gallery import gallery_of  # noqa: PLC0415 - loaded when something is shown

        return gallery_of(
            self,
            self.handle.among([*OVER, State.COMPLETED]) or range(len(self)),
            by=by,
            filter=filter,
            sort=sort,
            descending=descending,
            caption=caption,
            before=before,
            page=page,
            per_page=per_page,
            cell_bytes=cell_bytes,
        )

    def contact_sheet(self, **options: Any) -> ContactSheet:
        """Return all of them as one PNG, labelled; see ``Gallery.contact_sheet`` for the options."""
        return self.gallery().contact_sheet(**options)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return how they look in a notebook, as (data, metadata): the first page of their gallery."""
        told = self.handle.summary() in self.handle.above  # in the line above what is shown
        return self.gallery().bundle(include, exclude, heading=not told, lines=MOST_LINES)

    def __repr__(self) -> str:
        return f"<Results {self.handle.summary()}>"


def places(rows: SupportsIndex | Iterable[SupportsIndex]) -> list[int]:
    """Return the places of rows, each once: one whole number of any kind, or several.

    Raises:
        InvalidCall: There is something else among them.
    """
    try:
        with contextlib.suppress(TypeError):
            return [operator.index(rows)]  # type: ignore[arg-type]  # several have none
        found = [] if isinstance(rows, str | bytes) else [operator.index(one) for one in rows]  # type: ignore[union-attr]  # one was tried
    except TypeError:
        found = []
    if not found:
        message = (
            f"rows takes a row's place in the frame, or several of them, and not {shown_value(rows)}. Nothing was done."
        )
        raise InvalidCall(message)
    return list(dict.fromkeys(found))
