"""Several results of one run, in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from notebookgen.errors import InvalidCall
from notebookgen.jobs.retrying import MAY_BE_RETRIED, may_help
from notebookgen.jobs.states import FREE, OVER, State
from notebookgen.media.copies import made
from notebookgen.results.result import Result
from notebookgen.results.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from decimal import Decimal

    import polars as pl

    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.handle import RunHandle

__all__ = ["Results", "gen_columns"]

PART = 1000
TILES = 60  # what is shown of a run; ``.frame`` has the rest


class Results(Sequence[Result]):
    """The results of one run, in its order: a sequence of ``Result``, and a frame."""

    def __init__(
        self,
        handle: RunHandle,
        cancel: Callable[[str], list[str]],
        *,
        join: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
        retry: Callable[[list[int]], None] | None = None,
        resolve: Callable[[str, str, str | None], Result] | None = None,
    ) -> None:
        """Read a run.

        Args:
            handle: The run.
            cancel: Cancels at the provider what begins with that id; returns lines for a person.
            join: Puts the ``gen_`` columns beside the rows that were asked for.
            retry: Begins again with some rows, and waits for them.
            resolve: Settles an ambiguous generation: its id, what to do, the provider's job.
        """
        self.handle = handle
        self._cancel = cancel
        self._join = join
        self._retry = retry
        self._resolve = resolve
        self.said: tuple[str, ...] = ()

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
        """How the rows stand now: the rows that were asked for, in their order, with the ``gen_`` columns beside them."""
        import polars as pl  # noqa: PLC0415 - Polars loads when a frame is asked for

        from notebookgen.ledger.frame import money_frame  # noqa: PLC0415 - likewise

        parts = [money_frame({})]
        for start in range(0, len(self), PART):
            rows = self.handle.rows(range(start, min(start + PART, len(self))))
            parts.append(money_frame(gen_columns(rows, self.handle.retell)))
        gen = pl.concat(parts)
        return self._join(gen) if self._join is not None else gen

    @property
    def cost(self) -> dict[str, Decimal]:
        """What this run spent, by unit; units are never added together."""
        return self.handle.spent

    @property
    def failed(self) -> pl.DataFrame:
        """The rows that did not end well: failed, refused, cancelled or invalid; why is in ``gen_error``."""
        return self._having(*MAY_BE_RETRIED, State.INVALID)

    @property
    def ambiguous(self) -> pl.DataFrame:
        """The rows of which nobody knows whether they were accepted, with what is known of them.

        Beside the columns of ``frame``: ``sent`` (when the create left, UTC), ``reserved`` and ``reserved_unit`` (what
        counts as spent until somebody knows), ``resolve`` (what to type).
        """
        import polars as pl  # noqa: PLC0415 - Polars loads when a frame is asked for

        from notebookgen.ledger.frame import MONEY  # noqa: PLC0415 - likewise

        rows = self.handle.rows(self.handle.among([State.AMBIGUOUS]))
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
        return self._having(State.AMBIGUOUS).hstack(evidence)

    def _having(self, *states: State) -> pl.DataFrame:
        """Return the rows in some states."""
        return self.frame[self.handle.among(states)]

    def wait(self, timeout: float | None = None) -> Results:
        """Wait until nothing more will come by itself, at most ``timeout`` seconds."""
        wait_for(self.handle, timeout)
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
        self.said = tuple(self._cancel(self.run))
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
        settings can mend it.

        Raises:
            InvalidCall: The run is still under way.
        """
        if not self.handle.done:
            message = "the run is still under way. Wait for it (.wait()) or press Stop, then retry."
            raise InvalidCall(message)
        again = self.may_be_retried
        if again and self._retry is not None:
            self._retry(again)
        return self

    def resolve(self, action: str, rows: int | Sequence[int] | None = None, *, job: str | None = None) -> Results:
        """Settle rows of which nobody knows whether they were accepted.

        Args:
            action: ``adopt`` (it was accepted), ``resubmit`` (send it again and risk paying twice) or ``write_off``.
            rows: Which rows, by their place in ``frame``; by default all that are ambiguous.
            job: The provider's handle, for one row, where it lists no jobs.

        Raises:
            InvalidCall: A row is not ambiguous, or the action lacks something.
        """
        indices = self.handle.among([State.AMBIGUOUS])
        wanted = indices if rows is None else [rows] if isinstance(rows, int) else list(rows)
        for index in wanted:
            if index not in indices:
                message = f"row {index} is not ambiguous. Those that are: {indices[:20]}"
                raise InvalidCall(message)
        for index, row in zip(wanted, self.handle.rows(wanted), strict=True):
            if self._resolve is not None:
                result = self._resolve(row.generation.id, action, job)
                self.handle.put(index, result.handle.row(result.index))
        return self

    def save(self, folder: str | Path) -> list[Path]:
        """Copy all files into a folder, named after their prompts."""
        target = Path(folder).expanduser()
        saved: list[Path] = []
        for one in self:
            if one.assets:
                made(target)
                placed = one.save(target)
                saved += placed if isinstance(placed, list) else [placed]
        return saved

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return how they look in a notebook, as (data, metadata)."""
        from notebookgen.media.preview import LIMITS, grid  # noqa: PLC0415 - loaded when something is shown

        over = self.handle.among([*OVER, State.COMPLETED]) or range(len(self))
        summary = self.handle.summary()
        return grid(
            [Result(self.handle, place, self._cancel).shown() for place in over[:TILES]],
            limits=replace(LIMITS, tiles=TILES),
            heading="" if summary in self.handle.above else summary,
            rest=max(len(over) - TILES, 0),
            include=include,
            exclude=exclude,
        )

    def __repr__(self) -> str:
        return f"<Results {self.handle.summary()}>"


def gen_columns(rows: Sequence[Delivered], retell: Callable[[str], str] = str) -> dict[str, list[Any]]:
    """Return the ``gen_`` columns of some rows."""
    unsent = {State.SKIPPED, State.INVALID}
    return {
        "gen_prompt": [row.generation.prompt or None for row in rows],
        "gen_status": [str(row.state) for row in rows],
        "gen_path": [row.assets[0].path if row.assets else None for row in rows],
        "gen_paths": [[asset.path for asset in row.assets] for row in rows],
        "gen_url": [row.assets[0].url if row.assets else None for row in rows],
        "gen_kind": [row.assets[0].kind if row.assets else None for row in rows],
        "gen_text": [text_of(row) for row in rows],
        "gen_cost": [row.cost.amount for row in rows],
        "gen_unit": [row.cost.unit for row in rows],
        "gen_basis": [None if row.state in FREE else row.cost.basis for row in rows],
        "gen_seconds": [row.seconds for row in rows],
        "gen_cached": [row.cached for row in rows],
        "gen_sample": [row.generation.sample for row in rows],
        "gen_job": [row.job for row in rows],
        "gen_error": [retell(str(row.error)) if row.error is not None else None for row in rows],
        "gen_id": [None if row.state in unsent else row.generation.id for row in rows],
    }


def text_of(row: Delivered) -> str | None:
    """Return the text that came back, where one did."""
    texts = [Path(asset.path).read_text(encoding="utf-8") for asset in row.assets if asset.kind == "text"]
    return "\n\n".join(texts) if texts else None
