"""What the parts of the engine share: the ledger, the clock, timers, workers, and the one place where a state changes.

Everything here runs in the engine's own thread, but for ``post`` and the tasks that workers run.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import sqlite3
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from notebookgen.errors import IllegalMove, LedgerError, NotebookgenError, NotWritable
from notebookgen.jobs.durably import Durably
from notebookgen.jobs.durations import Durations
from notebookgen.jobs.inhand import InHand
from notebookgen.jobs.queueing import Queue
from notebookgen.jobs.resending import not_sent_again
from notebookgen.jobs.states import BUSY, OPEN, State, move
from notebookgen.jobs.ticket import Unwritten
from notebookgen.jobs.workers import Workers, WorkersByName

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from queue import SimpleQueue

    from notebookgen.jobs.calling import Calling
    from notebookgen.jobs.clock import Clock
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.ticket import Fetcher, Lane, Ticket
    from notebookgen.ledger.kernels import KernelLock
    from notebookgen.ledger.store import Store
    from notebookgen.settings import Settings

__all__ = ["FIRST_REST", "NOBODY", "Core", "Elsewhere"]

log = logging.getLogger("notebookgen")
DISK_WAIT, THREAD_WAIT = 2.0, 1.0
NOBODY = ""  # the kernel of an attempt that nobody has in hand just now: whoever wants it takes it over
FIRST_REST, LONGEST_REST = 30.0, 3600.0  # seconds until what was put off is looked at again by itself


class Elsewhere(Exception):
    """Another kernel has moved the attempt."""


class Core:
    """The engine's memory and hands."""

    def __init__(
        self,
        *,
        store: Store,
        kernel: KernelLock,
        fetcher: Fetcher,
        clock: Clock,
        rng: random.Random,
        settings: Settings,
        inbox: SimpleQueue[Callable[[], None]],
    ) -> None:
        """Begin with nothing in hand."""
        self.store = store
        self.kernel = kernel
        self.fetcher = fetcher
        self.clock = clock
        self.rng = rng
        self.settings = settings
        self.tickets = InHand()
        self.durations = Durations(store, clock, self.tickets)
        self.ready: deque[Ticket] = deque()  # to be looked up in the ledger
        self.queue = Queue()  # to be bought, when there is a free place
        self.sending = 0
        self._unwritten: list[Unwritten] = []
        self.found: dict[str, str] = {}  # what was left open and taken up, with its run, until a run tells of it
        self.rests: dict[int, int] = {}  # how often each attempt was put off
        self.retake: Callable[[int], None] = lambda _: None  # takes up again what was put off
        self.calls: Calling  # whoever watches jobs gives it
        self._inbox = inbox
        self.durably = Durably(store, self.post)
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        # A create may be held open for minutes, so creates have threads of their own and never hold up a look.
        self._senders = Workers(settings.concurrency, "notebookgen-create")
        self._workers = Workers(max(8, settings.concurrency), "notebookgen-work")
        # A file may take minutes to come, so downloads have theirs, too, each service its own; what expires first goes
        # first, and a host that drips takes nothing away from those beside it.
        self._fetchers = WorkersByName(settings.concurrency, "notebookgen-fetch", spare=2)

    def adjust(self, settings: Settings) -> None:
        """Take other settings over, from now on."""
        self.settings = settings
        self._senders.allow(settings.concurrency)
        self._workers.allow(max(8, settings.concurrency))
        self._fetchers.allow(settings.concurrency)

    # Time and threads --------------------------------------------------------------------------------------------

    def post(self, event: Callable[[], None]) -> None:
        """Have the engine's thread run ``event``; may be called from any thread."""
        self._inbox.put(event)

    def later(self, seconds: float, event: Callable[[], None]) -> None:
        """Run ``event`` after so many seconds."""
        heapq.heappush(self._timers, (self.clock.monotonic() + seconds, next(self._order), event))

    def soon(self, ticket: Ticket, seconds: float, event: Callable[[], None]) -> None:
        """Run an event of a ticket after so many seconds, as ``safely`` does."""
        self.later(seconds, lambda: self.safely(ticket, event))

    def due(self) -> tuple[list[Callable[[], None]], float | None]:
        """Return the events that are due now, and the seconds until the next one (None: there is none)."""
        now, events = self.clock.monotonic(), []
        while self._timers and self._timers[0][0] <= now:
            events.append(heapq.heappop(self._timers)[2])
        return events, (self._timers[0][0] - now if self._timers else None)

    def work(
        self, task: Callable[[], Any], then: Callable[[Any, BaseException | None], None], *, create: bool = False
    ) -> None:
        """Run ``task`` in a worker thread, then ``then(result, error)`` in the engine's thread."""
        pool = self._senders if create else self._workers
        try:
            pool.submit(task, lambda result, error: self.post(lambda: then(result, error)))
        except RuntimeError:  # the system has no thread to give just now
            self.later(THREAD_WAIT, lambda: self.work(task, then, create=create))

    def fetch(
        self, task: Callable[[], Any], then: Callable[[Any, BaseException | None], None], *, of: str, expires: float
    ) -> None:
        """Do the same with a download of a service; what expires first is begun first."""
        try:
            self._fetchers.of(of).submit(task, lambda result, error: self.post(lambda: then(result, error)), expires)
        except RuntimeError:
            self.later(THREAD_WAIT, lambda: self.fetch(task, then, of=of, expires=expires))

    def safely(self, ticket: Ticket, event: Callable[[], None]) -> None:
        """Run an event of a ticket; a ledger that cannot be written just now makes it wait, and nothing is lost.

        What a provider answered is known only here until it is in the ledger, so the event is kept and tried again
        until there is room.
        """
        try:
            event()
        except Elsewhere:
            self.begin_again(ticket)
        except (NotWritable, LedgerError) as error:
            if isinstance(error, IllegalMove):
                self.broken(ticket, error)
                return
            self._stuck(ticket, error)
            self.later(DISK_WAIT, lambda: self.safely(ticket, event))
        except Exception as error:  # noqa: BLE001 - said to who waits, and logged
            self.broken(ticket, error)

    def _stuck(self, ticket: Ticket, error: NotebookgenError) -> None:
        """Tell those who follow a ticket that what was heard of it cannot be written down, and what that could cost."""
        why, said = str(error).splitlines()[0], str(error)
        kept = "What was heard is kept for as long as this kernel lives, and written down when there is room."
        if ticket.job and ticket.state is State.INTENT:
            said = (
                f"{why}\n{ticket.generation.full_model} was accepted as job {ticket.job}, which is not written down yet. {kept}"
                f"\nIf the kernel ends before: ng.resolve('{ticket.generation.id[:8]}', 'adopt', job='{ticket.job}')"
            )
        elif ticket.state in OPEN:
            said = f"{why}\n{kept}"
        self.trouble(ticket, NotebookgenError(said), "waiting: the ledger cannot be written")

    def trouble(self, ticket: Ticket, error: NotebookgenError, phase: str) -> None:
        """Tell those who follow a ticket why it does not go on just now; nothing has ended."""
        ticket.trouble = error
        self.show(ticket)
        self.tell(ticket, phase)
        for handle, _ in ticket.followers:
            handle.note(str(error))

    def broken(self, ticket: Ticket, error: Exception) -> None:
        """End the work on a row because of a bug: the row, not the engine.

        What is in the ledger stays there, and the next call for that content begins again from it.
        """
        log.error("notebookgen: unexpected error while looking after %s", ticket.generation.id, exc_info=error)
        wrapped = NotebookgenError(
            f"an unexpected {type(error).__name__} stopped the work on {ticket.generation.id[:8]}: {error}\n"
            "What was paid for is in the ledger: run it again, or type: ng.resume()"
        )
        wrapped.__cause__ = error
        self.drop(ticket, wrapped)

    def begin_again(self, ticket: Ticket) -> None:
        """Look a ticket up in the ledger anew, because another kernel has moved its attempt."""
        ticket.shared, ticket.settling = ticket.key, False
        ticket.stand(State.PLANNED)
        ticket.key, ticket.again, ticket.instead = 0, None, None
        self.queue.release(ticket.run)
        if ticket.followers:
            self.ready.append(ticket)
        elif self.tickets.get(ticket.generation.id) is ticket:
            del self.tickets[ticket.generation.id]

    def again(self, ticket: Ticket, seconds: float, phase: str) -> None:
        """Come back to a ticket after a while; a new attempt begins where the last one has ended."""
        if ticket.state is State.REFUSED:
            ticket.stand(State.PLANNED)
            ticket.key = 0
            self.show(ticket)
        self.tell(ticket, phase)
        self.later(seconds, lambda: self.ready.append(ticket))

    # Tickets -----------------------------------------------------------------------------------------------------

    def move(self, ticket: Ticket, new: State, /, **columns: Any) -> None:
        """Change a ticket's state, in the ledger first; every change of a state goes through here.

        Raises:
            IllegalMove: The table of states has no such move.
            Elsewhere: It was not ours to change: another kernel has moved the attempt meanwhile.
        """
        old = ticket.state
        move(old, new)
        if not self.store.update(ticket.key, old.value, state=new.value, **columns):  # one text for all rows
            raise Elsewhere
        ticket.stand(new)
        ticket.trouble = None
        if old in BUSY and new not in BUSY:
            self.queue.release(ticket.run, ticket.lane)
        elif old is State.COMPLETED:  # what it has cost is known by now
            self.queue.release(ticket.run)
        if new not in OPEN:
            self.rests.pop(ticket.key, None)
        if not ticket.settling:  # else it is shown as soon as it is committed
            self.show(ticket)

    @contextlib.contextmanager
    def settling(self, ticket: Ticket) -> Iterator[None]:
        """Make what happens to a ticket inside one transaction; where it cannot be committed, nothing has happened."""
        before = ticket.state
        try:
            with self.store.transaction():
                yield
        except BaseException:
            ticket.stand(before)
            raise

    def write_soon(
        self,
        ticket: Ticket,
        write: Callable[[], None],
        then: Callable[[], None],
        *,
        taken: Callable[[], None] | None = None,
        last: bool = False,
    ) -> None:
        """Have something written together with what else comes in at this moment, and go on from there once it is written.

        A commit of its own for each of many answers would be most of what they cost. Until it is written, nothing else
        that is heard of the ticket counts; where the process is killed, the next kernel finds it out once more.
        ``last`` says that ``then`` shows how it stands, so that it need not be shown before.
        """
        ticket.settling = True
        self._unwritten.append(Unwritten(ticket, write, then, taken, last))

    def write_now(self) -> None:
        """Write what was put off, in one transaction; where that cannot be, each on its own."""
        group, self._unwritten = self._unwritten, []
        before = [one.ticket.state for one in group]
        try:
            if len(group) > 1:
                with self.store.transaction():
                    for one in group:
                        one.write()
        except Exception:  # noqa: BLE001 - said below, of the one whose it is
            written = False
            for one, state in zip(group, before, strict=True):
                one.ticket.stand(state)
        else:
            written = len(group) > 1
        for one in group:
            self.safely(one.ticket, partial(self._written, one, one.then) if written else partial(self._write, one))

    def _write(self, one: Unwritten) -> None:
        """Write one thing, and go on."""
        then = one.then
        try:
            with self.settling(one.ticket):
                one.write()
        except sqlite3.IntegrityError:
            if one.taken is None:
                raise
            then = one.taken
        self.safely(one.ticket, partial(self._written, one, then))  # apart: what is committed is not written again

    def _written(self, one: Unwritten, then: Callable[[], None]) -> None:
        """Go on from what is committed."""
        one.ticket.settling = False
        if not one.last:
            self.show(one.ticket)
        then()

    def tell(self, ticket: Ticket, phase: str) -> None:
        """Tell those who follow a ticket what is going on."""
        for handle, index in ticket.followers:
            handle.tell(index, phase, ticket.forecast)

    def show(self, ticket: Ticket, *, done: bool = False) -> None:
        """Show those who follow a ticket how it stands; ``done`` where nothing more will come for them."""
        ended: dict[str, RunHandle] = {}
        for handle, index, facts in ticket.told(done=done):
            handle.put(index, facts)
            whole = handle.whole
            if done and whole is not None and whole.done:
                ended[whole.id] = whole
        for handle in ended.values():
            self.ended(handle, taken=handle.taken)

    def ended(self, handle: RunHandle, *, taken: bool) -> None:
        """Write down that a run has ended, and whether somebody was there to take what it brought.

        Where that cannot be written, ``fresh`` gives the same once more: too little is bought, and never too much.
        """
        with contextlib.suppress(NotWritable, LedgerError):
            self.store.end_run(handle.id, self.clock.now(), delivered=taken)

    def decline(self, ticket: Ticket, error: NotebookgenError, *, waits: bool = False) -> None:
        """End a row for the run that cannot pay for it; another run that wants it pays out of its own budget.

        Args:
            ticket: The row.
            error: Why.
            waits: Whether it stands in a line or waits for a timer, and so comes up again by itself.
        """
        others = [(handle, index) for handle, index in ticket.followers if handle.id != ticket.run]
        payer = next((handle for handle, _ in others if handle.buys and ticket.payable(handle)), None)
        if payer is None:
            self.leave(ticket, error)
            return
        ticket.error = error
        ticket.followers = [one for one in ticket.followers if one not in others]
        self.show(ticket, done=True)
        ticket.error, ticket.followers = None, others
        ticket.charge(payer)
        if not waits:
            self.ready.append(ticket)

    def finish(self, ticket: Ticket, error: NotebookgenError | None = None) -> None:
        """End the work on a ticket as it now stands."""
        if ticket.again is not None:
            self.drop(ticket, not_sent_again(ticket, error))
            return
        ticket.error = error
        if self.tickets.get(ticket.generation.id) is ticket:
            del self.tickets[ticket.generation.id]
        self.show(ticket, done=True)

    def leave(self, ticket: Ticket, error: NotebookgenError) -> None:
        """Tell the followers that nothing more will come for now; an open attempt stays in hand."""
        if ticket.again is not None:
            self.drop(ticket, error)
            return
        ticket.error = error
        self.show(ticket, done=True)
        ticket.followers.clear()
        if ticket.state not in OPEN and self.tickets.get(ticket.generation.id) is ticket:
            del self.tickets[ticket.generation.id]

    def drop(self, ticket: Ticket, error: NotebookgenError) -> None:
        """Tell the followers that nothing more will come for now; the next call begins again from the ledger.

        That call may come from any kernel, so an open attempt is nobody's before anybody is told.
        """
        if ticket.again is not None:  # what was to be sent again is as it was
            error = not_sent_again(ticket, error)
            ticket.key, ticket.again = ticket.again.key, None
            ticket.stand(State.AMBIGUOUS)
        if ticket.key and ticket.state in OPEN:
            # Where that cannot be written, it stays this kernel's own until it ends.
            with contextlib.suppress(NotWritable, LedgerError):
                self.store.take_over(ticket.key, self.kernel.id, NOBODY)
        self.leave(ticket, error)
        self.queue.release(ticket.run)
        if self.tickets.get(ticket.generation.id) is ticket:
            del self.tickets[ticket.generation.id]

    def rest(self, ticket: Ticket, error: NotebookgenError) -> None:
        """Drop a ticket, and take it up again by itself after a while, each time a longer one."""
        key = ticket.key
        self.drop(ticket, error)
        wait = min(FIRST_REST * 2.0 ** min(self.rests.get(key, 0), 16), LONGEST_REST)
        self.rests[key] = self.rests.get(key, 0) + 1
        self.later(wait * (0.9 + 0.2 * self.rng.random()), lambda: self.retake(key))

    def open_in(self, lane: Lane, state: State) -> list[Ticket]:
        """Return the tickets of a lane in a state, oldest first."""
        found = [one for one in self.tickets.values() if one.lane is lane and one.state is state]
        return sorted(found, key=lambda one: one.key)
