"""Rows of a run that are long over, as the ledger has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.errors import AssetError, JobAmbiguous, JobCancelled, JobFailed, NotebookgenError, ProviderError
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.states import FREE, State
from notebookgen.jobs.ticket import date_of
from notebookgen.ledger.rows import from_nano
from notebookgen.records import NO_COST, Cost, nothing

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from notebookgen.ledger.reader import Reader
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Asset, Generation

__all__ = ["Later", "became", "recalled"]


@dataclass(frozen=True, slots=True)
class Later:
    """What became of a row after its run was over.

    Attributes:
        row: How it stands now.
        own: Whether the run itself paid for that.
        sunk: What tries of the run since then have cost that came to nothing.
    """

    row: Delivered
    own: bool
    sunk: tuple[Cost, ...]


def became(reader: Reader, runs: Collection[str], rows: Sequence[Delivered]) -> list[Later]:
    """Return what became of rows of some runs, as the ledger has it; the same where it has nothing of them."""
    ids = [row.generation.id for row in rows]
    found, tries = recalled(reader, ids), reader.attempts(ids)
    told: list[Later] = []
    for row in rows:
        known = tries.get(row.generation.id, ())
        now = found.get(row.generation.id)
        if now is None or not known:
            told.append(Later(row, own=True, sunk=()))
            continue
        since = [one for one in known[:-1] if one.run in runs and _not_before(one, row)]
        told.append(Later(now, own=known[-1].run in runs, sunk=tuple(one.cost for one in since)))
    return told


def _not_before(one: AttemptRow, row: Delivered) -> bool:
    """Whether an attempt is the one that a row stood for, or a later one."""
    at = date_of(one.at)
    return row.at is None or at is None or at >= row.at


def recalled(reader: Reader, ids: Sequence[str]) -> dict[str, Delivered]:
    """Return how generations stand in the ledger, by their ids; what was never begun is planned."""
    attempts = reader.last_attempts(ids)
    assets = reader.assets([row.key for row in attempts.values()])
    return {
        id: _delivered(generation, attempts.get(id), assets)
        for id, generation in reader.generations(ids).items()  # noqa: A001 - the ledger's own word
    }


def _delivered(generation: Generation, row: AttemptRow | None, assets: dict[int, tuple[Asset, ...]]) -> Delivered:
    """Return one row."""
    if row is None:
        return Delivered(generation)
    state = State(row.state)
    reserved = Cost(from_nano(row.reserved), row.unit, "listed") if row.reserved is not None else NO_COST
    return Delivered(
        generation,
        state,
        nothing(row.unit) if state in FREE else row.cost,
        assets.get(row.key, ()),
        seconds=row.seconds,
        job=row.job,
        error=_error(row, state) if row.error else None,
        reserved=reserved,
        at=date_of(row.at),
    )


def _error(row: AttemptRow, state: State) -> NotebookgenError:
    """Return why a row is not saved (or not wholly) as an exception; the ledger keeps its words."""
    said, retryable = row.error or "", None if row.retryable is None else bool(row.retryable)
    if state is State.SAVED:
        return AssetError(said)
    if state is State.REFUSED:
        return ProviderError(said, fail_code=row.fail_code)
    kinds = {State.FAILED: JobFailed, State.CANCELLED: JobCancelled, State.AMBIGUOUS: JobAmbiguous}
    if state in kinds:
        return kinds[state](said, id=row.generation, job=row.job, fail_code=row.fail_code, retryable=retryable)
    return NotebookgenError(said)
