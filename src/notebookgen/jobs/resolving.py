"""What a person decides about an ambiguous generation: which one is meant, whether it can be done, and doing it.

A job that a person names is asked about before it is believed: a slip of the pen must not close what was paid for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall, JobAmbiguous, NotebookgenError, near_miss
from notebookgen.jobs.matching import alike
from notebookgen.jobs.resending import send_again
from notebookgen.jobs.states import State
from notebookgen.providers import read_look
from notebookgen.records import Job, JobRef

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.reconciling import Reconciling
    from notebookgen.jobs.ticket import Lane, Ticket
    from notebookgen.ledger.kernels import KernelLock
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.ledger.store import Store
    from notebookgen.wire import HttpResponse

__all__ = ["ACTIONS", "Resolving", "check_action", "check_free", "check_word", "claim_row", "find_ambiguous"]

ACTIONS = ("adopt", "resubmit", "write_off")
ASKED = frozenset({State.AMBIGUOUS, State.FAILED})  # what was written off meanwhile is adopted all the same


def find_ambiguous(store: Store, id: str) -> AttemptRow:
    """Return the ambiguous attempt whose generation's id begins with ``id``.

    Raises:
        InvalidCall: There is none, or there are several.
    """
    ids = [id] if store.last_attempt(id) is not None else store.ids_like(id)
    rows = [row for row in map(store.last_attempt, ids) if row is not None and row.state == State.AMBIGUOUS]
    if not rows:
        last = [row for row in map(store.last_attempt, ids) if row is not None]
        known = f" ({id} is {last[0].state}, which needs no resolving)" if len(last) == 1 else ""
        held = [row.generation[:12] for row in store.open_attempts() if row.state == State.AMBIGUOUS]
        those = f"Ambiguous are: {', '.join(held[-5:])}." if held else "Nothing is ambiguous."
        message = (
            f"no generation with an id like '{id}' is ambiguous{known}.{near_miss(id, held)} {those}"
            " To see what is open: ng.runs()"
        )
        raise InvalidCall(message)
    if len(rows) > 1:
        message = (
            f"'{id}' could be any of {', '.join(row.generation[:12] for row in rows)}. Give more digits of the id."
        )
        raise InvalidCall(message)
    return rows[0]


def check_free(core: Core, row: AttemptRow, lane: Lane | None) -> None:
    """Check that nobody is at work on an ambiguous attempt.

    Where the provider lists no jobs, no kernel is looking for it, so that any may settle it.

    Raises:
        InvalidCall: Another living kernel looks after it, or it is just being sent again.
    """
    name, other = row.generation[:12], row.kernel != core.kernel.id and core.kernel.alive(row.kernel)
    if other and (lane is None or lane.lists):
        message = f"another kernel looks after {name} just now. Resolve it there, or end that kernel first."
        raise InvalidCall(message)
    ticket = core.tickets.get(row.generation)
    if ticket is not None and ticket.again is not None:
        message = f"{name} waits to be sent again already. Press Stop first, or look how it goes on: ng.runs()"
        raise InvalidCall(message)


def check_word(action: str) -> None:
    """Check that an action is one.

    Raises:
        InvalidCall: It is none.
    """
    if action not in ACTIONS:
        message = f"'{action}' is no way to resolve.{near_miss(action, ACTIONS)} Ways are: adopt, resubmit, write_off."
        raise InvalidCall(message)


def check_action(action: str, job: str | None, lane: Lane, id: str, *, count: int = 1) -> None:
    """Check that an action has what it needs.

    Raises:
        InvalidCall: Adopting needs the job's id because the provider lists no jobs, or a job is given to several rows.
    """
    if job and count > 1:
        message = f"job {job} can be only one of {count} rows. Nothing was done. Say which one: rows=..."
        raise InvalidCall(message)
    if action == "adopt" and not job and not lane.lists:
        message = (
            f"{lane.provider.title} has no list of jobs to look at, so the job's id is needed.\n"
            f"Find it in the account's history and type: ng.resolve('{id}', 'adopt', job='JOB')"
        )
        raise InvalidCall(message)


def claim_row(store: Store, kernel: KernelLock, row: AttemptRow, job: str | None) -> None:
    """Make an ambiguous attempt this kernel's own, to settle it; ``job`` is what a person says it became.

    Raises:
        InvalidCall: Another generation has that job, or another kernel is settling this one just now.
    """
    owner = store.owner_of(row.realm, job) if job else None
    if owner is not None and owner.key != row.key:
        message = f"job {job} belongs to generation {owner.generation[:12]} already. Nothing was changed. Look at the id again."
        raise InvalidCall(message)
    if not store.take_over(row.key, row.kernel, kernel.id):
        message = f"another kernel is settling {row.generation[:12]} just now. Look again: ng.runs()"
        raise InvalidCall(message)


class Resolving:
    """Does what a person has decided."""

    def __init__(self, core: Core, reconciling: Reconciling, adopt: Callable[[Ticket, Job], None]) -> None:
        """Work with the engine's other parts; ``adopt`` goes on with a ticket whose job is known."""
        self._core = core
        self._reconciling = reconciling
        self._adopt = adopt

    def act(self, ticket: Ticket, action: str, job: str | None) -> None:
        """Settle an ambiguous ticket; where it is sent again, by the run that the ticket has."""
        core = self._core
        if action == "adopt" and job:
            self._ask(ticket, job)
            return
        if action == "adopt":
            self._reconciling.hold(ticket)
            return
        if action == "write_off":
            with core.settling(ticket):
                self._reconciling.write_off(ticket, f"{action} by a person: nobody knows whether it was accepted")
            core.finish(ticket)
            return
        ticket.price = ticket.reserved
        send_again(core, ticket, f"{action} by a person")

    def _ask(self, ticket: Ticket, job: str) -> None:
        """Ask the provider about a job that a person named, and adopt it if it is one."""
        core, lane, generation = self._core, ticket.lane, ticket.generation
        route = ticket.route or lane.provider.route_of(generation, ticket.model)
        ref = JobRef(job, generation.model, generation.kind, route)
        request = lane.provider.status(ref)

        def then(response: HttpResponse | None, error: BaseException | None) -> None:
            if ticket.state not in ASKED:  # it was named, or called about, once more meanwhile, and is settled
                return
            if response is None:
                if not isinstance(error, NotebookgenError):
                    raise error or RuntimeError("a look gave neither a reply nor an error")
                self._unknown(ticket, job, error)
                return
            try:
                found = read_look(lane.provider, response, ref, f"asking about job {job}")
            except NotebookgenError as unread:
                self._unknown(ticket, job, unread)
                return
            if not alike(found, generation) and not self._reconciling.named(ticket, job):
                message = f"job {job} has another content than {generation.id[:12]}: look at the job's id again"
                self._unknown(ticket, job, InvalidCall(message))
                return
            self._adopt(ticket, replace(found, id=job, route=route))

        core.tell(ticket, "asking about the job")
        core.work(
            lambda: lane.transport.send(request),
            lambda response, error: core.safely(ticket, lambda: then(response, error)),
        )

    def _unknown(self, ticket: Ticket, job: str, error: NotebookgenError) -> None:
        """Leave everything as it is, because the job could not be seen."""
        message = (
            f"job {job} could not be adopted: {str(error).splitlines()[0]}\n"
            f"Nothing was changed. Look at the id again: ng.resolve('{ticket.generation.id[:8]}', 'adopt', job='JOB')"
        )
        self._core.drop(ticket, JobAmbiguous(message, id=ticket.generation.id, job=None))
