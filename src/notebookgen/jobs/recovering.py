"""What an earlier kernel, a stopped cell or a lost reply left open: taken over, looked after, settled by a person."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall, LedgerError, NotebookgenError, NotWritable
from notebookgen.jobs.budget import NO_BUDGET
from notebookgen.jobs.core import FIRST_REST, NOBODY
from notebookgen.jobs.naming import check_named
from notebookgen.jobs.recalling import recalled
from notebookgen.jobs.resolving import check_action, claim_row, find_ambiguous
from notebookgen.jobs.rowbook import RowBook
from notebookgen.jobs.states import OPEN, State
from notebookgen.jobs.ticket import Lane, Ticket
from notebookgen.ledger.reader import Reader
from notebookgen.ledger.rows import realm_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.knowing import Knowing
    from notebookgen.jobs.reconciling import Reconciling
    from notebookgen.jobs.resolving import Resolving
    from notebookgen.jobs.runs import Runs
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Realm

__all__ = ["Recovering"]

PART = 1000
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
        core.retake = self._retake
        self._left: dict[str, None] = {}  # runs of which something was taken over, and nobody has asked for it yet

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
                self._left[row.run] = None
        return taken

    def _retake(self, key: int) -> None:
        """Take up again what was put off, unless somebody else has it in hand by now."""
        core = self._core
        try:
            row = core.store.attempt(key)
            if row is not None and row.state in OPEN and row.kernel == NOBODY and row.generation not in core.tickets:
                self.take(row)
        except (NotWritable, LedgerError):  # the ledger is not to be had just now
            core.later(FIRST_REST, lambda: self._retake(key))

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
        """Take over what is open (in one run), and give a handle on all rows of the runs that it belongs to.

        A run that was taken over when the ledger was opened counts as well, although it may be over by now.
        """
        tickets = self.recover(sandbox=True, run=run)
        if run is not None and not tickets:
            check_named(self._core.store, run)
        runs = [run] if run is not None else list(self._left)
        for one in runs:
            self._left.pop(one, None)
        open_here = {ticket.generation.id: ticket for ticket in tickets}
        return self._resumed(runs, open_here, name=runs[0] if len(runs) == 1 else uuid.uuid4().hex[:10])

    def _resumed(self, runs: Sequence[str], tickets: Mapping[str, Ticket], *, name: str) -> RunHandle:
        """Return a handle on the rows of some runs: what is open is followed, the rest stands as the ledger has it."""
        reader = Reader(self._core.settings.home)
        rows = [(one, generation) for one in runs for generation in reader.run_rows(one)]
        known = {generation for _, generation in rows}
        rows += [(ticket.run, generation) for generation, ticket in tickets.items() if generation not in known]
        ids = [generation for _, generation in rows]

        def load(indices: Sequence[int]) -> list[Delivered]:
            found = recalled(reader, [ids[index] for index in indices])
            return [found[ids[index]] for index in indices]

        book = RowBook(len(ids), asked=lambda index: load([index])[0], load=load)
        lanes = [ticket.lane.realm for ticket in tickets.values()]
        facts = {"models": reader.models(ids), "sandbox": bool(ids) and all(realm.sandbox for realm in lanes)}
        handle = self._runs.handle(name, book, **facts)
        for start in range(0, len(ids), PART):
            part = range(start, min(start + PART, len(ids)))
            attempts = reader.last_attempts(ids[start : start + PART])
            for index, row in zip(part, load(part), strict=True):
                ticket = tickets.get(ids[index])
                if ticket is not None:
                    self._take_up(handle, index, ticket)
                    continue
                attempt = attempts.get(ids[index])
                own = attempt is None or attempt.run == rows[index][0]
                handle.put(index, replace(row, done=True, cached=row.state is State.SAVED and not own))
        handle.adopted = tuple(index for index, one in enumerate(ids) if one in tickets)
        return handle

    def _take_up(self, handle: RunHandle, index: int, ticket: Ticket) -> None:
        """Let a row follow what is open."""
        ticket.followers.append((handle, index))
        held = ticket.state is State.AMBIGUOUS and not ticket.lane.lists
        if held:
            ticket.error = self._reconciling.held_error(ticket)
        handle.put(index, ticket.facts(done=held or ticket.generation.id not in self._core.tickets))
        handle.tell(index, str(ticket.state), ticket.expected)

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
