"""What an earlier kernel, a stopped cell or a lost reply left open: taken over, looked after, given back."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from notebookgen.errors import LedgerError, NotebookgenError, NotWritable
from notebookgen.jobs.choosing import key_away
from notebookgen.jobs.core import FIRST_REST, NOBODY
from notebookgen.jobs.elsewhere import runs_elsewhere, runs_here
from notebookgen.jobs.naming import check_named
from notebookgen.jobs.recalling import recalled
from notebookgen.jobs.rowbook import RowBook
from notebookgen.jobs.states import FREE, OPEN, State
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
    from notebookgen.jobs.runs import Runs
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Realm

__all__ = ["Recovering"]

PART = 1000
UNANSWERED = frozenset({State.INTENT, State.AMBIGUOUS})
log = logging.getLogger("notebookgen")


class Recovering:
    """Takes up what is open in the ledger."""

    def __init__(
        self,
        core: Core,
        runs: Runs,
        knowing: Knowing,
        reconciling: Reconciling,
        lane_for: Callable[[Realm], Lane | None],
    ) -> None:
        """Work with the engine's other parts; ``lane_for`` gives the way to a realm whose key is at hand."""
        self._core = core
        self._runs = runs
        self._knowing = knowing
        self._reconciling = reconciling
        self._lane_for = lane_for
        core.retake = self._retake

    def recover(
        self,
        *,
        sandbox: bool,
        run: str | None = None,
        lost_of: Realm | None = None,
        keyless: Counter[tuple[Realm, str]] | None = None,
    ) -> list[tuple[str, Ticket]]:
        """Take over what dead kernels left open, where the account's key is at hand; return it with the runs it is of.

        Args:
            sandbox: Whether what was played counts.
            run: Of this run only.
            lost_of: Only creates of this account whose kernel died without an answer: not what was put off.
            keyless: Counts what stays as it is because its account's key is not at hand, by account and state.
        """
        core, taken = self._core, []
        for row in core.store.open_attempts():
            realm = realm_from(row.realm)
            if (run is not None and row.run != run) or (realm.sandbox and not sandbox):
                continue
            if lost_of is not None and (realm != lost_of or row.kernel == NOBODY or row.state not in UNANSWERED):
                continue
            ticket = core.tickets.get(row.generation)
            if ticket is None:
                ticket = self.take(row)
                if ticket is not None and not _is_held(row):
                    core.found[row.generation] = row.run
            if ticket is not None:
                taken.append((row.run, ticket))
            elif keyless is not None and self._is_free(row) and self.lane_at_hand(realm) is None:
                keyless[realm, row.state] += 1
        return taken

    def _is_free(self, row: AttemptRow) -> bool:
        """Whether no other living kernel looks after an attempt."""
        return row.kernel == self._core.kernel.id or not self._core.kernel.alive(row.kernel)

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
        if not self._is_free(row):
            return None
        ticket = self.ticket_of(row)
        if ticket is not None:
            ticket.wanted = False  # finish what was begun; buy nothing
            core.tickets[row.generation] = ticket
            core.safely(ticket, lambda: self._knowing.take_over(ticket, row)())  # noqa: PLW0108 - both steps are to be safe
        return ticket

    def ticket_of(self, row: AttemptRow) -> Ticket | None:
        """Return a ticket for what is open in the ledger; None where the account's key is not at hand."""
        lane, generation = self.lane_at_hand(realm_from(row.realm)), self._core.store.generation(row.generation)
        return None if lane is None or generation is None else Ticket(generation, self._runs.lane(lane), row.run)

    def lane_at_hand(self, realm: Realm) -> Lane | None:
        """Return the way to a realm met in the ledger; None where its key or its provider's package is not at hand."""
        known: Lane | None = self._runs.lanes.get(realm)
        try:
            return known or self._lane_for(realm)
        except NotebookgenError as error:
            log.warning("notebookgen: what is open at %s is left as it is: %s", realm.provider, error)
            return None

    def resume(self, run: str | None) -> RunHandle:
        """Take over what is open (in one run), and give a handle on it.

        What was taken over when the ledger was opened counts as well, although it may be over by now. Of the one run that
        was left in the middle all rows are given; of several, and of what a person has to settle, only what is open.
        What a run of this kernel has under way was not left by anybody: only where that run is named, it is given.
        """
        core = self._core
        here = {one.id for one in self._runs.handles.values() if one.buys}
        keyless: Counter[tuple[Realm, str]] = Counter()
        found_open = self.recover(sandbox=True, run=run, keyless=keyless)
        tickets = [(one, ticket) for one, ticket in found_open if run is not None or one not in here]
        if run is not None and not tickets:
            check_named(core.store, run)
        found = {generation: one for generation, one in core.found.items() if run in {None, one}}
        for generation in found:
            del core.found[generation]
        still = {ticket.generation.id: one for one, ticket in tickets}
        held = {t.generation.id for _, t in tickets if t.state is State.AMBIGUOUS and not t.lane.lists} - set(found)
        begun = {one for generation, one in (found | still).items() if generation not in held}
        whole = [run] if run is not None else list(begun) if len(begun) == 1 else []
        handle = self._resumed(whole, found | still, {ticket.generation.id: ticket for _, ticket in tickets})
        handle.unsent = sum(core.store.unbrought_rows(one) for one in {*whole, *begun} - here)
        handle.elsewhere = "; ".join(
            filter(None, (runs_here(here if run is None else here & {run}), runs_elsewhere(core, run)))
        )
        handle.keyless = _waiting_for_keys(keyless)
        return handle

    def _resumed(self, whole: Sequence[str], left: Mapping[str, str], tickets: Mapping[str, Ticket]) -> RunHandle:
        """Return a handle on what was left: what is open is followed, the rest stands as the ledger has it.

        Args:
            whole: The runs of which all rows are given.
            left: What was found open, with the run that it is of.
            tickets: What is open still.
        """
        reader = Reader(self._core.settings.home)
        rows = [(one, generation) for one in whole for generation in reader.run_rows(one)]
        known = {generation for _, generation in rows}
        rows += [(one, generation) for generation, one in left.items() if generation not in known]
        ids = [generation for _, generation in rows]

        def load(indices: Sequence[int]) -> list[Delivered]:
            found = recalled(reader, [ids[index] for index in indices])
            return [found[ids[index]] for index in indices]

        book = RowBook(len(ids), asked=lambda index: load([index])[0], load=load)
        runs = tuple(dict.fromkeys([*whole, *(one for one, _ in rows)]))
        handle = self._runs.part(runs, book, models=reader.models(ids), sandbox=reader.sandbox(ids))
        handle.homes = tuple(one for one, _ in rows)
        equal: set[str] = set()
        for start in range(0, len(ids), PART):
            part = range(start, min(start + PART, len(ids)))
            asked = list(dict.fromkeys(one for one in ids[start : start + PART] if one not in equal))
            attempts = reader.last_attempts(ids[start : start + PART])
            earlier = reader.earlier(runs, asked)
            for index, row in zip(part, load(part), strict=True):
                ticket, again = tickets.get(ids[index]), ids[index] in equal  # equal rows share what is paid once
                equal.add(ids[index])
                if not again and ids[index] in earlier:
                    handle.count_earlier(index, None, [one.cost for one in earlier[ids[index]]])
                if ticket is not None:
                    self._take_up(handle, index, ticket, shared=again)
                    continue
                attempt = attempts.get(ids[index])
                others = attempt is not None and attempt.run not in runs and row.state not in FREE
                handle.put(index, replace(row, done=True, cached=again or others))
        handle.adopted = tuple(index for index, one in enumerate(ids) if one in left)
        return handle

    def _take_up(self, handle: RunHandle, index: int, ticket: Ticket, *, shared: bool) -> None:
        """Let a row follow what is open; ``shared`` where an equal row of the same handle does so already."""
        ticket.followers.append((handle, index))
        held = ticket.state is State.AMBIGUOUS and not ticket.lane.lists
        if held:
            ticket.error = self._reconciling.held_error(ticket)
        facts = ticket.facts(done=held or ticket.generation.id not in self._core.tickets)
        handle.put(index, replace(facts, cached=True) if shared else facts)
        handle.tell(index, str(ticket.state), ticket.forecast)


def _waiting_for_keys(keyless: Mapping[tuple[Realm, str], int]) -> str:
    """Return what was left as it is because the keys of its accounts are not at hand, in words."""
    realms = dict.fromkeys(realm for realm, _ in keyless)
    told = [
        ", ".join(f"{count} {state}" for (its, state), count in sorted(keyless.items(), key=str) if its == realm)
        + f" left as they are: {key_away(realm)}"
        for realm in realms
    ]
    return "; ".join(told)


def _is_held(row: AttemptRow) -> bool:
    """Whether nobody is at work on an attempt: only a person can settle it."""
    return row.state == State.AMBIGUOUS and row.kernel == NOBODY
