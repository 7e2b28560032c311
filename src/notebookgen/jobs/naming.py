"""Names between people and the ledger: which run is meant by what was typed, and a job's handle as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall, near_miss

if TYPE_CHECKING:
    from notebookgen.ledger.store import Store

__all__ = ["check_named", "short_job"]

MOST = 5
LONGEST_JOB = 40  # characters; room for a UUID


def check_named(store: Store, what: str, *, generations: bool = False) -> None:
    """Check that the ledger has a run of that name, where nothing was found to be done for it.

    Args:
        store: The ledger.
        what: What was typed.
        generations: Whether the beginning of a generation's id would do, too.

    Raises:
        InvalidCall: There is none; the nearest and those that are open are named.
    """
    if store.generations_of(what) or store.run_attempts(what) or (generations and store.ids_like(what)):
        return
    newest = list(dict.fromkeys(row.run for row in reversed(store.open_attempts())))
    still = f" Open are: {', '.join(newest[:MOST])}." if newest else " Nothing is open."
    message = f"there is no run '{what}'.{near_miss(what, newest)}{still} To see them all: ng.runs()"
    raise InvalidCall(message)


def short_job(job: str | None) -> str:
    """Return a job's handle, or the beginning of one that no person reads to its end; the ledger has it whole."""
    name = job or ""
    return name if len(name) <= LONGEST_JOB else f"{name[:LONGEST_JOB]}…"
