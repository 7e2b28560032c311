"""A person's word on what is ambiguous: checked as a whole, then begun together, as a part of the run that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall
from notebookgen.jobs.budget import NO_BUDGET, Budget, check_unit
from notebookgen.jobs.choosing import other_account
from notebookgen.jobs.resolving import check_action, check_free, check_word, claim_row, find_ambiguous
from notebookgen.jobs.ticket import Lane, Ticket
from notebookgen.ledger.rows import realm_from
from notebookgen.providers import provider_class

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.parting import Part
    from notebookgen.jobs.resolving import Resolving
    from notebookgen.jobs.runs import Runs
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Generation, Realm
    from notebookgen.transport import Timeouts
    from notebookgen.wire import HttpRequest, HttpResponse

__all__ = ["Settling", "Word"]


@dataclass(frozen=True, slots=True)
class Word:
    """What a person has decided.

    Attributes:
        action: ``adopt``, ``resubmit`` or ``write_off``.
        job: What it became at the provider, where that is adopted.
        more: What the run may spend, where that is to be another amount than what was said when it began.
    """

    action: str
    job: str | None = None
    more: Budget = NO_BUDGET


@dataclass(frozen=True, slots=True)
class NoKey:
    """The wire to an account whose key is not at hand: for what sends nothing."""

    realm: Realm

    def send(self, request: HttpRequest, *, timeout: Timeouts | None = None) -> HttpResponse:
        """Send nothing.

        Raises:
            MissingKey: Always.
        """
        del request, timeout
        raise other_account(self.realm)


class Settling:
    """Settles generations of which nobody knows whether they were accepted."""

    def __init__(self, core: Core, runs: Runs, resolving: Resolving, lane_of: Callable[[Realm], Lane | None]) -> None:
        """Work with the engine's other parts; ``lane_of`` gives the way to a realm whose key is at hand."""
        self._core = core
        self._runs = runs
        self._resolving = resolving
        self._lane_of = lane_of

    def one(self, id: str, word: Word) -> RunHandle:
        """Settle the generation whose id begins so.

        Raises:
            InvalidCall: There is no such generation, it is not ambiguous, or the word lacks something.
        """
        row = find_ambiguous(self._core.store, id)
        return self._begin({row.generation: row}, [row.generation], word, None, ())

    def several(self, handle: RunHandle, places: Sequence[int], word: Word) -> RunHandle:
        """Settle rows of a run, all of them together; return a handle on these alone. The run is told of them, too.

        Raises:
            InvalidCall: One is not ambiguous, or the word lacks something. Nothing was done.
        """
        names = [row.generation.id for row in handle.rows(places)]
        rows = {name: find_ambiguous(self._core.store, name) for name in dict.fromkeys(names)}
        return self._begin(rows, names, word, handle, places)

    def _begin(
        self,
        rows: Mapping[str, AttemptRow],
        names: Sequence[str],
        word: Word,
        whole: RunHandle | None,
        places: Sequence[int],
    ) -> RunHandle:
        """Check all that is to be settled, make it this kernel's own, and begin with it."""
        core = self._core
        known = {name: self._known(row, word, count=len(rows)) for name, row in rows.items()}
        with core.store.transaction():
            for row in rows.values():
                claim_row(core.store, core.kernel, row, word.job)
        payers = {
            name: row.run if whole is None or row.run in whole.runs else whole.runs[0] for name, row in rows.items()
        }
        generations = [known[name][0] for name in names]
        part, shares = self._part([payers[name] for name in names], generations, word, whole, places)
        for name, row in rows.items():
            generation, lane = known[name]
            ticket = core.tickets.get(name) or Ticket(generation, self._lane(lane), row.run)
            if ticket.again is None:
                ticket.load(row)
            core.tickets[name] = ticket
            # The run hears of it through the part, so that Stop ends what the part has begun.
            ticket.followers = [one for one in ticket.followers if one[0] is not whole]
            ticket.followers += [share for share, one in zip(shares, names, strict=True) if one == name]
            ticket.wanted = word.action == "resubmit"
            if ticket.wanted:
                ticket.run, ticket.budget = payers[name], self._budget(payers[name], word.more)
            else:
                ticket.run, ticket.cached = row.run, row.run != payers[name]  # another run has paid for it
            core.show(ticket)
            core.safely(ticket, lambda ticket=ticket: self._resolving.act(ticket, word.action, word.job))  # type: ignore[misc]  # mypy cannot type a lambda's defaults
        return part

    def _known(self, row: AttemptRow, word: Word, *, count: int) -> tuple[Generation, Lane]:
        """Return what was asked for and the way to its account, once it is clear that a word can be done.

        Raises:
            InvalidCall: It cannot.
        """
        realm, core = realm_from(row.realm), self._core
        generation, lane = core.store.generation(row.generation), self._lane_of(realm)
        check_word(word.action)
        check_free(core, row, lane)
        if lane is None and word.action == "write_off":  # nothing is sent, so that no key is needed
            lane = Lane(realm, provider_class(realm.provider)(), NoKey(realm))
        if generation is None or lane is None:
            raise other_account(realm)
        check_action(word.action, word.job, lane, row.generation[:8], count=count)
        if word.action == "resubmit":
            check_unit(word.more, lane.provider.unit, lane.provider.title)
        elif word.more.said:
            message = f"a budget is for 'resubmit'; '{word.action}' buys nothing. Nothing was done. Leave it out."
            raise InvalidCall(message)
        return generation, lane

    def _lane(self, lane: Lane) -> Lane:
        """Return the one lane of a realm; one without a key is kept by nobody."""
        return lane if isinstance(lane.transport, NoKey) else self._runs.lane(lane)

    def _part(
        self,
        payers: Sequence[str],
        generations: Sequence[Generation],
        word: Word,
        whole: RunHandle | None,
        places: Sequence[int],
    ) -> tuple[Part, list[tuple[RunHandle, int]]]:
        """Return a handle on the rows, and for each of them who pays for it and its place there; the run begins again."""
        part = self._runs.part(tuple(dict.fromkeys(payers)), generations, of=whole, places=places)
        if whole is not None:
            part.patient = whole.patient
            whole.reopen([place for place in places if whole.over(place)], settled=True)
        buys = word.action == "resubmit"
        budget = (lambda run: self._budget(run, word.more)) if buys else (lambda _run: None)
        return part, self._runs.shares(part, payers, generations, range(len(generations)), budget)

    def _budget(self, run: str, more: Budget) -> Budget:
        """Return what a run may spend: what a person says now, else what was said when it began."""
        before = self._runs.budget_of(run)
        caps = more if more.finite or more.uncapped else before
        return replace(caps, max_new=before.max_new if more.max_new is None else more.max_new)
