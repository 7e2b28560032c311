"""Runs: what each asks for, who follows which generation, and the one lane of each realm."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from notebookgen.errors import NotebookgenError, StillRunning
from notebookgen.jobs.budget import NO_BUDGET, said_before
from notebookgen.jobs.consenting import check_consent
from notebookgen.jobs.elsewhere import CalledOff, made_elsewhere, spare
from notebookgen.jobs.feeding import AHEAD, Feed, Feeding
from notebookgen.jobs.handle import RunHandle
from notebookgen.jobs.leftover import AGAIN
from notebookgen.jobs.parting import Part, with_parts
from notebookgen.jobs.recalling import became
from notebookgen.jobs.rowbook import RowBook
from notebookgen.jobs.states import OPEN, State
from notebookgen.jobs.surveying import Fate
from notebookgen.jobs.ticket import Lane, Ticket, Wish
from notebookgen.ledger.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebookgen.jobs.budget import Budget
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.surveying import Source, Survey
    from notebookgen.records import Cost, Generation, Realm

__all__ = ["LargeRun", "Runs"]


@dataclass(frozen=True, slots=True)
class LargeRun:
    """What is wanted over many rows.

    Attributes:
        source: The rows.
        survey: What was found out about them.
        lanes: The accounts that they go to.
        models: What runs, as ``provider:id``.
        asked: Makes an entry as it was asked for.
        load: Reads entries that are over from the ledger.
        budget: What may be spent.
        concurrency: How many may be under way at once; None for as many as there are places.
        resubmits: Whether what is ambiguous is sent again, as a person has said.
        tag, notebook: Words kept in the ledger.
    """

    source: Source
    survey: Survey
    lanes: tuple[Lane, ...]
    models: tuple[str, ...]
    asked: Callable[[int], Delivered]
    load: Callable[[Sequence[int]], Sequence[Delivered]]
    budget: Budget
    concurrency: int | None = None
    resubmits: bool = False
    tag: str | None = None
    notebook: str | None = None


class Runs:
    """The runs that are under way in this process."""

    def __init__(
        self, core: Core, stop: Callable[[RunHandle], str], pause: Callable[[RunHandle, bool], None] | None = None
    ) -> None:
        """Begin with none; ``stop`` is what happens when a person presses Stop, ``pause`` when one pauses a run."""
        self._core = core
        self._stop = stop
        self._pause = pause
        self.lanes: dict[Realm, Lane] = {}
        self.handles: dict[str, RunHandle] = {}
        self._every: WeakSet[RunHandle] = WeakSet()  # also those that are over, for as long as somebody has them
        self.feeding = Feeding(core)

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
            check_consent(core, rows, budget)
            core.store.begin_run(
                run,
                at=core.clock.now(),
                kernel=core.kernel.id,
                notebook=notebook,
                tag=tag,
                budget=budget.kept,
                total=len(rows),
            )
            for generation, _ in rows:
                core.store.remember(generation, core.clock.now())
            core.store.add_rows(run, ((place, one.sample, one.id) for place, (one, _) in enumerate(rows)))
        handle = self.handle(run, [generation for generation, _ in rows])
        handle.budget, handle.anew = budget, any(wish.fresh for wish in wishes)
        handle.priced = _prices_of(rows).get
        for index, (generation, wish) in enumerate(rows):
            self._follow(handle, index, generation, self.lane(wish.lane), wish, budget)
        return handle

    def begin_many(self, large: LargeRun) -> RunHandle:
        """Write down that a large run begins; its rows are brought as places become free."""
        core, run = self._core, uuid.uuid4().hex[:10]
        source, survey = large.source, large.survey
        samples = source.samples
        known = survey.having(Fate.CACHED)
        never = survey.having(Fate.SKIPPED, Fate.INVALID)
        with core.store.transaction():
            core.store.begin_run(
                run,
                at=core.clock.now(),
                kernel=core.kernel.id,
                notebook=large.notebook,
                tag=large.tag,
                budget=large.budget.kept,
                total=len(survey),
                barred=len(never),
            )
            core.store.add_rows(run, ((*divmod(index, samples), survey.id(index)) for index in known))
        book = RowBook(len(survey), asked=large.asked, load=large.load)
        book.known(known)
        for index in never:
            book.never(index, State.SKIPPED if survey.fate(index) is Fate.SKIPPED else State.INVALID)
        handle = self.handle(run, book, models=large.models, sandbox=all(one.realm.sandbox for one in large.lanes))
        handle.budget, handle.patient, handle.resubmits = large.budget, True, large.resubmits
        self._feed(handle, large)
        if handle.done:  # all of it was here
            core.ended(handle, taken=True)
        return handle

    def _feed(self, handle: RunHandle, large: LargeRun, *, again: bool = False) -> None:
        """Bring the rows of a large run that are not over."""
        core, source = self._core, large.source
        handle.priced, handle.anew = large.survey.priced(), source.fresh
        lanes = {lane.realm: self.lane(lane) for lane in large.lanes}
        limit = min(large.concurrency or core.settings.concurrency, core.settings.concurrency)
        core.queue.limit(handle.id, limit)
        claimed = self._claimed() if source.fresh else {}

        def follow(index: int, generation: Generation, wish: Wish) -> None:
            self._follow(handle, index, generation, lanes[wish.lane.realm], wish, large.budget)

        def unused(generation: Generation, count: int) -> list[int]:
            content = generation.content
            return core.store.unused_samples(content, count, claimed.get(content, ()))

        window, realms = limit + AHEAD, frozenset(lanes)
        feed = Feed(handle, source, large.survey, follow, unused, window, realms, handle.ended, again=again)
        self.feeding.add(feed)

    def retry(self, handle: RunHandle, indices: Sequence[int], rows: LargeRun | Sequence[Wish]) -> None:
        """Begin again with rows of a run that were over, as part of the same run and under its budget.

        Args:
            handle: The run.
            indices: Which rows.
            rows: The large run, or the wishes for these rows.
        """
        for other in self._every:
            if other not in {handle, handle.whole} and not set(other.runs).isdisjoint(handle.runs):
                other.redone_by(handle)
        self.pause(handle, paused=False)  # it may have ended while it was paused
        handle.reopen(indices)
        places: list[tuple[RunHandle, int]] = [(handle, index) for index in indices]
        if isinstance(handle, Part) and not isinstance(rows, LargeRun):
            homes = [handle.homes[index] for index in indices]
            places = self.shares(handle, homes, [wish.generation for wish in rows], indices, self.budget_of)
        else:
            self.handles[handle.id] = handle
        if isinstance(rows, LargeRun):
            self._feed(handle, rows, again=True)
            return
        for (one, place), wish in zip(places, rows, strict=True):
            self._follow(one, place, wish.generation, self.lane(wish.lane), wish, one.budget or NO_BUDGET)

    def shares(
        self,
        of: RunHandle,
        homes: Sequence[str],
        rows: Sequence[Generation],
        places: Sequence[int],
        budget: Callable[[str], Budget | None],
    ) -> list[tuple[RunHandle, int]]:
        """Return for each of some rows the part of a handle that is of the row's own run alone, and its place there.

        Args:
            of: The handle.
            homes: Which run each row is of, and is paid for by.
            rows: What is asked for.
            places: Which of the handle's rows these are.
            budget: Tells what a run may spend; None where it buys nothing.
        """
        found: dict[int, tuple[RunHandle, int]] = {}
        for run in dict.fromkeys(homes):
            own = [number for number, home in enumerate(homes) if home == run]
            part = self.part([run], [rows[number] for number in own], of=of, places=[places[number] for number in own])
            part.budget, part.patient = budget(run), of.patient
            found |= {number: (part, place) for place, number in enumerate(own)}
        return [found[number] for number in range(len(rows))]

    def budget_of(self, run: str) -> Budget:
        """Return what was said that a run may spend: here, or as the ledger has it."""
        handle = self.handles.get(run)
        if handle is not None and handle.budget is not None:
            return handle.budget
        return said_before(self._core.store.run_budget(run))

    def _claimed(self) -> dict[str, set[int]]:
        """Return the samples that runs of living kernels wait for, by content: ``fresh`` is another one than those.

        What was stopped, given up or left by a dead kernel is not among them: the same call again takes it up.
        """
        core = self._core
        claimed: dict[str, set[int]] = {}
        waited = [
            (ticket.generation.content, ticket.generation.sample)
            for ticket in core.tickets.values()
            if ticket.wanted and any(handle.buys and handle.awaited for handle, _ in ticket.followers)
        ]
        runs = [run for run, handle in self.handles.items() if handle.buys and handle.awaited]
        others = [one for one in core.store.busy_kernels() if one != core.kernel.id and core.kernel.alive(one)]
        for content, sample in (*waited, *core.store.asked_by(others, runs)):
            claimed.setdefault(content, set()).add(sample)
        return claimed

    def handle(self, run: str, rows: Sequence[Generation] | RowBook, **facts: Any) -> RunHandle:
        """Make a handle and keep it as long as its run is under way."""
        for known in [name for name, one in self.handles.items() if one.done]:
            del self.handles[known]
            self._core.queue.limit(known, None)
            self._core.queue.pause(known, paused=False)
        self.handles[run] = handle = RunHandle(run, rows, **self._ways(), **facts)
        handle.settings = lambda: self._core.settings
        self._every.add(handle)
        return handle

    def part(self, runs: Sequence[str], rows: Sequence[Generation] | RowBook, **facts: Any) -> Part:
        """Make a handle on some rows of some runs, and keep it as long as they are under way."""
        part = Part(runs, rows, **self._ways(), **facts)
        part.settings = lambda: self._core.settings
        self._every.add(part)
        self.handles[uuid.uuid4().hex] = part
        return part

    def _ways(self) -> dict[str, Any]:
        """Return what every handle needs of the engine."""
        home = self._core.settings.home
        return {
            "clock": self._core.clock.monotonic,
            "stop": self._stop,
            "pause": self._pause,
            "look": lambda runs, rows: became(Reader(home), runs, rows),
            "earlier": lambda runs, ids: Reader(home).earlier(runs, ids),
        }

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
            if wish is not None and not ticket.wanted:  # left by an earlier kernel, which knew its price, or by a Stop
                ticket.model, ticket.price = wish.model, wish.price
                ticket.charge(handle)
                if ticket.state in OPEN and not handle.part:
                    handle.take_up(index)
            ticket.wanted = True
            payer = self.handles.get(ticket.run)
            if payer is not None and payer.paused:
                ticket.charge(handle)  # who is paused buys nothing, and others need not wait for it
        ticket.followers.append((handle, index))
        if core.found.pop(generation.id, None) is not None:
            handle.take_up(index)
        core.show(ticket)
        first = (index == 0 and lane.waits) or "starting"  # others may hold back what has only come
        handle.tell(index, first if ticket.state is State.PLANNED else str(ticket.state), ticket.forecast)

    def pause(self, handle: RunHandle, *, paused: bool) -> None:
        """Send nothing new of a run, or go on with it; what is under way goes on, and what another run wants, too."""
        for part in with_parts([handle], self.handles.values()):
            part.paused = paused
            self._core.queue.pause(part.id, paused=paused)
        for ticket in self._core.tickets.values():
            others = [one for one, _ in ticket.followers if one.buys and not one.paused]
            if paused and others and ticket.run == handle.id:
                ticket.charge(others[0])
        self._core.queue.pass_on(handle.id)

    def call_off(self, what: str | None) -> CalledOff:
        """Bring no more rows of a run that is cancelled (or of all of them); return how many never will be."""
        words = NotebookgenError(f"cancelled before it was sent. {AGAIN}")
        meant = [one for one in self.handles.values() if not one.done and what in {None, one.id}]
        for handle in meant:
            self.pause(handle, paused=False)
        elsewhere = sum(spare(self._core, handle, self.feeding.left(handle.id)) for handle in meant)
        return CalledOff(sum(self.feeding.end(handle.id, words) for handle in meant), elsewhere)

    def unwant(self, *handles: RunHandle) -> None:
        """Send nothing new of some runs, but for what another run wants, too."""
        core = self._core
        stopped = NotebookgenError(f"stopped before it was sent. {AGAIN}")
        meant = with_parts(handles, self.handles.values())
        for handle in meant:
            handle.stopped = True
            if handle.part:
                continue
            if handle.done:  # it ended just as Stop was pressed: who stopped it has not got it
                self._core.ended(handle, taken=False)
            self.pause(handle, paused=False)
            self.feeding.end(handle.id, stopped)
        for ticket in list(core.tickets.values()):
            if not any(one in meant for one, _ in ticket.followers):
                continue
            # What is to be sent again is wanted by whoever has said so, and by nobody else.
            again = ticket.again is not None
            others = [one for one, _ in ticket.followers if one.buys and (not again or one.part or one.resubmits)]
            if others and not any(ticket.run in one.runs for one in others):
                ticket.charge(others[0])  # who stopped pays for nothing more
            elif not others:
                ticket.wanted = False
                if ticket.state is State.PLANNED:
                    row = core.store.last_attempt(ticket.generation.id)
                    core.leave(ticket, _left(ticket, stopped, made_elsewhere(core, row)))
        for handle in meant:
            core.queue.pass_on(handle.id)


def _prices_of(rows: Sequence[tuple[Generation, Wish]]) -> dict[int, tuple[str, Cost]]:
    """Return model and price of each row that is not equal to an earlier one."""
    first = {generation.id: place for place, (generation, _) in reversed(list(enumerate(rows)))}
    return {first[generation.id]: (generation.full_model, wish.price) for generation, wish in rows}


def _left(ticket: Ticket, stopped: NotebookgenError, elsewhere: NotebookgenError | None) -> NotebookgenError:
    """Return what is said of a row that was not sent, to who has stopped it or waits no longer; ``elsewhere`` is why not."""
    name, (handle, index) = ticket.generation.full_model, ticket.followers[0]
    if ticket.shared:
        message = f"another kernel is making {name}, and goes on with it.\nRun it again to pick it up; it is not bought twice."
    elif elsewhere is not None:
        message = str(elsewhere)
    elif handle.released:
        phase = handle.phase(index)
        message = (
            f"{name} was not sent before the wait ended{f' ({phase})' if phase else ''}, and is not sent by itself later."
            " Nothing was charged.\nRun it again to send it."
        )
    else:
        return stopped
    return StillRunning(message, id=ticket.generation.id)
