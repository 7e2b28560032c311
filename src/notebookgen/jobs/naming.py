"""Which run (or generation) a person means: what was typed is known, or the error names what could be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall, near_miss

if TYPE_CHECKING:
    from notebookgen.ledger.store import Store

__all__ = ["check_named"]

MOST = 5


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
