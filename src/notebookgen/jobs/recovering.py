"""What an earlier kernel, a stopped cell or a lost reply left open: taken over, looked after, settled by a person."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall, NotebookgenError
from notebookgen.jobs.budget import NO_BUDGET
from notebookgen.jobs.naming import check_named
from notebookgen.jobs.resolving import check_action, claim_row, find_ambiguous
from notebookgen.jobs.states import State
from notebookgen.jobs.ticket import Lane, Ticket
from notebookgen.ledger.rows import realm_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.knowing import Knowing
    from notebookgen.jobs.reconciling import Reconciling
    from notebookgen.jobs.resolving import Resolving
    from notebookgen.jobs.runs import Runs
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Realm

__all__ = ["Recovering"]

log = logging.getLogger("notebookgen")


class Recovering:
    """Takes up what is open in the ledger."""

    def __init__(
        self,
        core: Core,
        runs: Runs,
        knowing: Knowing,
        reconciling: Reconciling,
        resolving: Resolving,
        lane_for: Callable[[Realm], Lane | None],
    ) -> None:
        """Work with the engine's other parts; ``lane_for`` gives the way to a realm whose key is at hand."""
        self._core = core
        self._runs = runs
        self._knowing = knowing
        self._reconciling = reconciling
        self._resolving = resolving
        self._lane_for = lane_for

    def recover(self, *, sandbox: bool, run: str | None = None) -> list[Ticket]:
        """Take over what dead kernels left open, where the account's key is at hand."""
        core, taken = self._core, []
        for row in core.store.open_attempts():
            realm = realm_from(row.realm)
            if (run is not None and row.run != run) or (realm.sandbox and not sandbox):
                continue
            ticket = core.tickets.get(row.generation) or self.take(row)
            if ticket is not None:
                taken.append(ticket)
        return taken

    def take(self, row: AttemptRow) -> Ticket | None:
        """Take over what a dead kernel left open; None where its kernel lives, or the account's key is not at hand."""
        core = self._core
        if row.kernel != core.kernel.id and core.kernel.alive(row.kernel):
            return None
        ticket = self.ticket_of(row)
        if ticket is not None:
            ticket.wanted = False  # finish what was begun; buy nothing
            core.tickets[row.generation] = ticket
            core.safely(ticket, lambda: self._knowing.take_over(ticket, row)())  # noqa: PLW0108 - both steps are to be safe
        return ticket

    def ticket_of(self, row: AttemptRow) -> Ticket | None:
        """Return a ticket for what is open in the ledger; None where the account's key is not at hand."""
        lane, generation = self._lane_at_hand(realm_from(row.realm)), self._core.store.generation(row.generation)
        return None if lane is None or generation is None else Ticket(generation, self._runs.lane(lane), row.run)

    def _lane_at_hand(self, realm: Realm) -> Lane | None:
        """Return the way to a realm met in the ledger; None where its key or its provider's package is not at hand."""
        known: Lane | None = self._runs.lanes.get(realm)
        try:
            return known or self._lane_for(realm)
        except NotebookgenError as error:
            log.warning("notebookgen: what is open at %s is left as it is: %s", realm.provider, error)
            return None

    def resume(self, run: str | None) -> RunHandle:
        """Take over what is open and give a handle on it."""
        tickets = self.recover(sandbox=True, run=run)
        if run is not None and not tickets:
            check_named(self._core.store, run)
        handle = self._runs.handle(run or uuid.uuid4().hex[:10], [ticket.generation for ticket in tickets])
        for index, ticket in enumerate(tickets):
            ticket.followers.append((handle, index))
            held = ticket.state is State.AMBIGUOUS and not ticket.lane.lists
            if held:
                ticket.error = self._reconciling.held_error(ticket)
            handle.put(index, ticket.facts(done=held or ticket.generation.id not in self._core.tickets))
            handle.tell(index, str(ticket.state), ticket.expected)
        return handle

    def resolve(self, id: str, action: str, job: str | None) -> RunHandle:
        """Settle what is ambiguous."""
        core = self._core
        row = find_ambiguous(core.store, core.kernel, id, self._lane_at_hand)
        generation, realm = core.store.generation(row.generation), realm_from(row.realm)
        lane = self._lane_at_hand(realm)
        if generation is None or lane is None:
            message = f"the key of the account {realm} is not at hand. Set it and resolve again."
            raise InvalidCall(message)
        check_action(action, job, lane, id)
        claim_row(core.store, core.kernel, row, job)
        ticket = core.tickets.get(generation.id) or Ticket(generation, self._runs.lane(lane), row.run)
        ticket.load(row)
        core.tickets[generation.id] = ticket
        handle = self._runs.handle(uuid.uuid4().hex[:10], [generation])
        handle.budget = NO_BUDGET if action == "resubmit" else None
        ticket.followers.append((handle, 0))
        ticket.wanted = action == "resubmit"
        core.safely(ticket, lambda: self._resolving.act(ticket, action, job, handle.id))
        return handle
