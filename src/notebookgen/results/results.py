"""Several results of one run, in its order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from notebookgen.jobs.states import FREE, State
from notebookgen.media.copies import made
from notebookgen.results.result import Result
from notebookgen.results.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from decimal import Decimal

    import polars as pl

    from notebookgen.jobs.handle import RunHandle

__all__ = ["Results"]


class Results(Sequence[Result]):
    """Several results of one run, in its order."""

    def __init__(self, handle: RunHandle, cancel: Callable[[str], list[str]]) -> None:
        """Read a run."""
        self.handle = handle
        self._cancel = cancel
        self._results = [Result(handle, index, cancel) for index in range(handle.total)]

    @property
    def run(self) -> str:
        """The run's id."""
        return self.handle.id

    def __len__(self) -> int:
        return len(self._results)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> list[Result]: ...
    def __getitem__(self, index: int | slice) -> Result | list[Result]:
        return self._results[index]

    def __iter__(self) -> Iterator[Result]:
        return iter(self._results)

    @property
    def frame(self) -> pl.DataFrame:
        """How the rows stand, as a Polars frame with the ``gen_`` columns."""
        from notebookgen.ledger.frame import money_frame  # noqa: PLC0415 - Polars loads when a frame is asked for

        return money_frame([columns_of(one) for one in self._results])

    @property
    def cost(self) -> dict[str, Decimal]:
        """What this run spent, by unit; units are never added together."""
        return self.handle.spent

    @property
    def failed(self) -> list[Result]:
        """The results that did not end well."""
        return [one for one in self._results if one.status in {"failed", "refused", "cancelled", "invalid"}]

    @property
    def ambiguous(self) -> list[Result]:
        """The results of which nobody knows whether they were accepted."""
        return [one for one in self._results if one.status == "ambiguous"]

    def wait(self, timeout: float | None = None) -> Results:
        """Wait until nothing more will come by itself, at most ``timeout`` seconds."""
        wait_for(self.handle, timeout)
        return self

    def cancel(self) -> Results:
        """Ask the providers to cancel what is under way."""
        self._cancel(self.run)
        return self

    def save(self, folder: str | Path) -> list[Path]:
        """Copy all files into a folder, named after their prompts."""
        target = Path(folder).expanduser()
        saved: list[Path] = []
        for one in self._results:
            if one.assets:
                made(target)
                placed = one.save(target)
                saved += placed if isinstance(placed, list) else [placed]
        return saved

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return how they look in a notebook, as (data, metadata)."""
        from notebookgen.media.preview import grid  # noqa: PLC0415 - loaded when something is shown

        return grid([one.shown() for one in self._results], include=include, exclude=exclude)

    def __repr__(self) -> str:
        return f"<Results {self.handle.summary()}>"


def columns_of(one: Result) -> dict[str, Any]:
    """Return the ``gen_`` columns of a result."""
    return {
        "gen_prompt": one.prompt,
        "gen_status": one.status,
        "gen_path": str(one.path) if one.path else None,
        "gen_paths": [str(path) for path in one.paths],
        "gen_url": one.url,
        "gen_kind": one.assets[0].kind if one.assets else None,
        "gen_text": one.text,
        "gen_cost": one.cost.amount,
        "gen_unit": one.cost.unit,
        "gen_basis": None if State(one.status) in FREE else one.cost.basis,
        "gen_seconds": one.seconds,
        "gen_cached": one.cached,
        "gen_sample": one.sample,
        "gen_job": one.job,
        "gen_error": one.error,
        "gen_id": one.id,
    }
