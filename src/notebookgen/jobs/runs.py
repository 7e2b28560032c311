"""Runs: what each asks for, who follows which generation, and the one lane of each realm."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError
from notebookgen.jobs.consent import MOST, asked_for
from notebookgen.jobs.handle import RunHandle
from notebookgen.jobs.knowing import BOUGHT_ANEW
from notebookgen.jobs.reserving import reservation
from notebookgen.jobs.states import State
from notebookgen.jobs.ticket import Lane, Ticket, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebookgen.jobs.budget import Budget
    from notebookgen.jobs.core import Core
    from notebookgen.records import Cost, Generation, Realm

__all__ = ["Runs"]


class Runs:
    """The runs that are under way in this process."""

    def __init__(self, core: Core, stop: Callable[[RunHandle], str]) -> None:
        """Begin with none; ``stop`` is what happens when a person presses Stop."""
        self._core = core
        self._stop = stop
        self.lanes: dict[Realm, Lane] = {}
        self.handles: dict[str, RunHandle] = {}

    def lane(self, lane: Lane) -> Lane:
        """Return the one lane of a realm; the newest adapter and wire win (the address may have changed)."""
        known = self.lanes.setdefault(lane.realm, replace(lane))  # a copy: the one given stays with its own address
        known.provider, known.transport = lane.provider, lane.transport
        known.stopped = None  # a person asks again: the account may have been mended
        return known

    def begin(self, wishes: Sequence[Wish], budget: Budget, tag: str | None, notebook: str | None) -> RunHandle:
        """Write down that a run begins and put its rows into the queue."""
        core, run = self._core, uuid.uuid4().hex[:10]
        rows: list[tuple[Generation, Wish]] = []
        with core.store.transaction():
            claimed = self._claimed() if any(wish.fresh for wish in wishes) else {}
            for wish in wishes:
                content = wish.generation.content
                samples = (
                    core.store.unused_samples(content, wish.samples, claimed.get(content, ()))
                    if wish.fresh
                    else range(wish.generation.sample, wish.generation.sample + wish.samples)
                )
                rows += [(wish.generation.with_sample(sample), wish) for sample in samples]
            self._check_consent(rows, budget)
            core.store.begin_run(run, at=core.clock.now(), kernel=core.kernel.id, notebook=notebook, tag=tag)
            for generation, _ in rows:
                core.store.remember(generation, core.clock.now())
            core.store.add_rows(run, ((place, one.sample, one.id) for place, (one, _) in enumerate(rows)))
        handle = self.handle(run, [generation for generation, _ in rows])
        handle.budget = budget
        for index, (generation, wish) in enumerate(rows):
            self._follow(handle, index, generation, self.lane(wish.lane), wish, budget)
        return handle

    def _claimed(self) -> dict[str, set[int]]:
        """Return the samples that runs of living kernels wait for, by content: ``fresh`` is another one than those.

        What was stopped, given up or left by a dead kernel is not among them: the same call again takes it up.
        """
        core = self._core
        claimed: dict[str, set[int]] = {}
        waited = [
            (ticket.generation.content, ticket.generation.sample)
            for ticket in core.tickets.values()
            if ticket.wanted and any(handle.buys and not handle.released for handle, _ in ticket.followers)
        ]
        others = [one for one in core.store.busy_kernels() if one != core.kernel.id and core.kernel.alive(one)]
        for content, sample in (*waited, *core.store.asked_by(others)):
            claimed.setdefault(content, set()).add(sample)
        return claimed

    def _check_consent(self, rows: Sequence[tuple[Generation, Wish]], budget: Budget) -> None:
        """Refuse a run of many purchases for which nobody has said how much may be spent.

        Raises:
            BudgetNeeded: There are more than fifty new ones; the message is the price tag.
        """
        if budget.said or len(rows) <= MOST:
            return
        new: dict[str, Cost] = {}
        for generation, wish in rows:
            if not generation.realm.sandbox and generation.id not in new and self._is_new(generation):
                new[generation.id] = reservation(self._core.store, generation, wish.price)
        if len(new) > MOST:
            raise asked_for(list(new.values()))

    def _is_new(self, generation: Generation) -> bool:
        """Whether asking for a generation would buy it."""
        if generation.id in self._core.tickets:
            return False
        row = self._core.store.last_attempt(generation.id)
        return row is None or (row.state in BOUGHT_ANEW and not (row.state == State.FAILED and row.retryable == 0))

    def handle(self, run: str, generations: Sequence[Generation]) -> RunHandle:
        """Make a handle and keep it as long as its run is under way."""
        for known in [name for name, one in self.handles.items() if one.done]:
            del self.handles[known]
        handle = RunHandle(run, generations, clock=self._core.clock.monotonic, stop=self._stop)
        self.handles[run] = handle
        return handle

    def _follow(
        self, handle: RunHandle, index: int, generation: Generation, lane: Lane, wish: Wish | None, budget: Budget
    ) -> None:
        """Let a row follow the ticket of its content; equal rows share one."""
        core = self._core
        ticket = core.tickets.get(generation.id)
        if ticket is None:
            ticket = Ticket(generation, lane, handle.id, budget=budget)
            if wish is not None:
                ticket.model, ticket.price = wish.model, wish.price
            core.tickets[generation.id] = ticket
            core.ready.append(ticket)
        else:
            if wish is not None and not ticket.wanted:  # taken over from an earlier kernel, which knew its price
                ticket.model, ticket.price, ticket.run, ticket.budget = wish.model, wish.price, handle.id, budget
            ticket.wanted = True
        ticket.followers.append((handle, index))
        core.show(ticket)
        handle.tell(index, "starting" if ticket.state is State.PLANNED else str(ticket.state), ticket.expected)

    def unwant(self, *handles: RunHandle) -> None:
        """Send nothing new of some runs, but for what another run wants, too."""
        core = self._core
        for handle in handles:
            handle.stopped = True
        for ticket in list(core.tickets.values()):
            if not any(one in handles for one, _ in ticket.followers):
                continue
            others = [one for one, _ in ticket.followers if one.buys]
            if others and ticket.run not in {one.id for one in others}:
                ticket.charge(others[0])  # who stopped pays for nothing more
            elif not others:
                ticket.wanted = False
                if ticket.state is State.PLANNED:
                    core.leave(ticket, NotebookgenError("stopped before it was sent. Nothing was charged."))
