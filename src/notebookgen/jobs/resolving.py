"""Which ambiguous generation a person means, and whether what they want can be done. Reads; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall, near_miss
from notebookgen.jobs.states import State

if TYPE_CHECKING:
    from notebookgen.jobs.ticket import Lane
    from notebookgen.ledger.kernels import KernelLock
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.ledger.store import Store

__all__ = ["ACTIONS", "check_action", "find_ambiguous"]

ACTIONS = ("adopt", "resubmit", "write_off")


def find_ambiguous(store: Store, kernel: KernelLock, id: str) -> AttemptRow:
    """Return the ambiguous attempt whose generation's id begins with ``id``.

    Raises:
        InvalidCall: There is none, there are several, or another living kernel looks after it.
    """
    ids = store.ids_like(id)
    rows = [row for row in map(store.last_attempt, ids) if row is not None and row.state == State.AMBIGUOUS]
    if not rows:
        last = [row for row in map(store.last_attempt, ids) if row is not None]
        known = f" ({id} is {last[0].state}, which needs no resolving)" if len(last) == 1 else ""
        message = f"no generation with an id like '{id}' is ambiguous{known}. To see what is open: %generate runs"
        raise InvalidCall(message)
    if len(rows) > 1:
        message = (
            f"'{id}' could be any of {', '.join(row.generation[:12] for row in rows)}. Give more digits of the id."
        )
        raise InvalidCall(message)
    (row,) = rows
    if row.kernel != kernel.id and kernel.alive(row.kernel):
        message = f"another kernel looks after {id} just now. Resolve it there, or end that kernel first."
        raise InvalidCall(message)
    return row


def check_action(action: str, job: str | None, lane: Lane, id: str) -> None:
    """Check that an action is one, and that it has what it needs.

    Raises:
        InvalidCall: It is none, or adopting needs the job's id because the provider lists no jobs.
    """
    if action not in ACTIONS:
        message = (
            f"'{action}' is no way to resolve.{near_miss(action, ACTIONS)} Ways are: adopt JOB, resubmit, write_off."
        )
        raise InvalidCall(message)
    if action == "adopt" and not job and not lane.lists:
        message = (
            f"{lane.provider.title} has no list of jobs to look at, so the job's id is needed.\n"
            f"Find it in the account's history and type: %generate resolve {id} adopt JOB"
        )
        raise InvalidCall(message)
