"""The loop: one thread that owns the ledger, the tickets and the timers; everything that blocks is done by workers.

A single picture and ten thousand take the same way. The loop lives on when a cell is stopped: what was accepted is
looked after and brought home, and nothing new is sent.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import uuid
from concurrent.futures import Future
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Literal, TypeVar

from notebookgen.errors import InvalidCall, NotebookgenError
from notebookgen.jobs.budget import NO_BUDGET, Budget
from notebookgen.jobs.buying import Buying
from notebookgen.jobs.cancelling import cancel_all
from notebookgen.jobs.clock import Clock, SystemClock
from notebookgen.jobs.core import Core, guarded
from notebookgen.jobs.handle import RunHandle
from notebookgen.jobs.keeping import Keeping
from notebookgen.jobs.reconciling import Reconciling
from notebookgen.jobs.resolving import Resolving, check_action, claim_row, find_ambiguous
from notebookgen.jobs.states import State
from notebookgen.jobs.stopping import stopped_line
from notebookgen.jobs.ticket import Lane, Ticket, Wish
from notebookgen.jobs.watching import Watching
from notebookgen.ledger.kernels import KernelLock
from notebookgen.ledger.rows import realm_from
from notebookgen.ledger.store import Store
from notebookgen.media.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebookgen.jobs.ticket import Fetcher
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Generation, Realm
    from notebookgen.settings import Settings

__all__ = ["Action", "Engine"]

log = logging.getLogger("notebookgen")

Action = Literal["adopt", "resubmit", "write_off"]
T = TypeVar("T")
CALL_SECONDS = 60.0
ENDED = (
    "the work of this home folder has ended in this process. Nothing was sent. Call it again, or restart the kernel."
)


class Engine:
    """Runs generations from asked to delivered, for one home folder."""

    def __init__(
        self,
        *,
        settings: Settings,
        fetcher: Fetcher,
        lane_for: Callable[[Realm], Lane | None],
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Open the ledger, start the loop, and look after what an earlier kernel left.

        Args:
            settings: Where the home folder is, how many creates at once, how long to wait for lost ones.
            fetcher: Brings files here and keeps them.
            lane_for: Gives the way to a realm met in the ledger, or None where its key is not at hand.
            clock: The clocks; this machine's by default.
            rng: The dice for jitter.

        Raises:
            NotWritable: The home folder cannot be written.
            LedgerError: The ledger cannot be read.
        """
        self._settings = settings
        self._fetcher = fetcher
        self._lane_for = lane_for
        self._clock = clock or SystemClock()
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not cryptography
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lanes: dict[Realm, Lane] = {}
        self._handles: dict[str, RunHandle] = {}
        self._closing = False
        self._closing_until = 0.0
        opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(opened,), name="notebookgen-engine", daemon=True)
        self._thread.start()
        opened.result(CALL_SECONDS)

    # From any thread ---------------------------------------------------------------------------------------------

    def call(self, work: Callable[[], T], timeout: float = CALL_SECONDS) -> T:
        """Run ``work`` in the engine's thread and return what it returns."""
        done: Future[T] = Future()

        def event() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                done.set_exception(error)

        if not self.alive:
            raise NotebookgenError(ENDED)
        self._inbox.put(event)
        return done.result(timeout)

    @property
    def alive(self) -> bool:
        """Whether there is a thread to do the work; in a forked process there is none."""
        return self._thread.is_alive()

    def start(
        self,
        wishes: Sequence[Wish],
        *,
        budget: Budget = NO_BUDGET,
        tag: str | None = None,
        notebook: str | None = None,
    ) -> RunHandle:
        """Begin a run and return at once.

        Raises:
            NotWritable: The ledger cannot be written; nothing was sent.
        """
        begun: list[RunHandle] = []

        def work() -> RunHandle:
            begun.append(self._start(wishes, budget, tag, notebook))
            return begun[0]

        try:
            return self.call(work)
        except KeyboardInterrupt:  # Stop came before anybody could follow the run
            self._inbox.put(lambda: self._unwant(*begun))
            raise

    def adjust(self, settings: Settings) -> None:
        """Take other settings over, from the next event on; the home folder stays what it is."""
        self._inbox.put(lambda: self._core.adjust(settings))

    def resume(self, run: str | None = None) -> RunHandle:
        """Look after everything that is open (or what one run left open), and return a handle on it."""
        return self.call(lambda: self._resume(run))

    def resolve(self, id: str, action: Action, job: str | None = None) -> RunHandle:
        """Settle an ambiguous generation as a person says.

        Raises:
            InvalidCall: There is no such generation, it is not ambiguous, or the action lacks something.
        """
        return self.call(lambda: self._resolve(id, action, job))

    def cancel(self, run: str | None = None) -> Future[list[str]]:
        """Ask the providers to cancel what is under way (of one run), and return lines for a person, later."""
        return self.call(lambda: cancel_all(self._core, self._watching, run))

    def look(self, generation: Generation) -> tuple[AttemptRow | None, float | None]:
        """Return what the ledger knows of a content, and how long such a job usually takes."""

        def work() -> tuple[AttemptRow | None, float | None]:
            store = self._core.store
            return store.last_attempt(generation.id), store.usual_seconds(generation)

        return self.call(work)

    def close(self, grace: float = 10.0) -> None:
        """End the loop; what is open stays open in the ledger, for the next kernel.

        Args:
            grace: Seconds to wait for creates that are on their way: an answer that is not heard leaves them ambiguous.
        """
        if self._thread.is_alive():
            self._closing_until = self._clock.monotonic() + grace
            self._closing = True
            self._inbox.put(lambda: None)
            self._thread.join(grace + 5.0)

    # The loop ----------------------------------------------------------------------------------------------------

    def _run(self, opened: Future[None]) -> None:
        """Be the engine's thread."""
        try:
            store = Store(self._settings.home)
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            opened.set_exception(error)
            return
        try:
            kernel = KernelLock(self._settings.home / "kernels")
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            store.close()
            opened.set_exception(error)
            return
        try:
            self._build(store, kernel)
            opened.set_result(None)
            self._loop()
        except BaseException as error:  # noqa: BLE001 - whoever waits must be told
            if not opened.done():
                opened.set_exception(error)
            for handle in self._handles.values():
                handle.fail(error)
        finally:
            store.close()
            kernel.release()

    def _build(self, store: Store, kernel: KernelLock) -> None:
        """Put the parts together and take over what dead kernels left."""
        self._core = core = Core(
            store=store,
            kernel=kernel,
            fetcher=self._fetcher,
            clock=self._clock,
            rng=self._rng,
            settings=self._settings,
            inbox=self._inbox,
        )
        spool = Spool(self._settings.home / "spool")
        # The parts need each other, so one of them is reached from here.
        self._reconciling = Reconciling(core, lambda ticket, job: self._buying.adopt(ticket, job))  # noqa: PLW0108 - made below
        self._keeping = Keeping(core, spool)
        self._watching = Watching(core, self._keeping, self._reconciling.set_clock)
        self._buying = Buying(core, self._watching, self._keeping, self._reconciling, spool)
        self._resolving = Resolving(core, self._reconciling, self._buying.adopt)
        self._recover(sandbox=False)

    def _loop(self) -> None:
        """Handle what comes in and what is due, for as long as the process lives."""
        core = self._core
        while not self._closing or (core.sending and self._clock.monotonic() < self._closing_until):
            events, wait = core.due()
            for event in events:
                guarded(event)
            if (core.ready or core.queue) and not self._closing:
                guarded(self._buying.claim)
            if events:
                continue
            longest = 0.1 if self._closing else 3600.0
            with contextlib.suppress(Empty):
                guarded(self._inbox.get(timeout=longest if wait is None else min(wait, longest)))
                while True:
                    guarded(self._inbox.get_nowait())

    # Runs --------------------------------------------------------------------------------------------------------

    def _lane(self, lane: Lane) -> Lane:
        """Return the one lane of a realm; the newest adapter and wire win (the address may have changed)."""
        known = self._lanes.setdefault(lane.realm, replace(lane))  # a copy: the one given stays with its own address
        known.provider, known.transport = lane.provider, lane.transport
        known.stopped = None  # a person asks again: the account may have been mended
        return known

    def _start(self, wishes: Sequence[Wish], budget: Budget, tag: str | None, notebook: str | None) -> RunHandle:
        """Write down that a run begins and put its rows into the queue."""
        core, run = self._core, uuid.uuid4().hex[:10]
        rows: list[tuple[Generation, Wish]] = []
        with core.store.transaction():
            for wish in wishes:
                content = wish.generation.content
                samples = (
                    core.store.unused_samples(content, wish.samples)
                    if wish.fresh
                    else range(wish.generation.sample, wish.generation.sample + wish.samples)
                )
                rows += [(wish.generation.with_sample(sample), wish) for sample in samples]
            core.store.begin_run(run, at=core.clock.now(), kernel=core.kernel.id, notebook=notebook, tag=tag)
            for generation, _ in rows:
                core.store.remember(generation, core.clock.now())
            core.store.add_rows(run, ((place, one.sample, one.id) for place, (one, _) in enumerate(rows)))
        handle = self._handle(run, [generation for generation, _ in rows])
        for index, (generation, wish) in enumerate(rows):
            self._follow(handle, index, generation, self._lane(wish.lane), wish, budget)
        self._buying.claim()
        return handle

    def _handle(self, run: str, generations: Sequence[Generation]) -> RunHandle:
        """Make a handle and keep it as long as its run is under way."""
        for known in [name for name, one in self._handles.items() if one.done]:
            del self._handles[known]
        handle = RunHandle(run, generations, clock=self._clock.monotonic, stop=self._stop)
        self._handles[run] = handle
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
            handle.put(index, ticket.facts(done=False))
        ticket.followers.append((handle, index))
        handle.tell(index, "starting" if ticket.state is State.PLANNED else str(ticket.state), ticket.expected)

    def _recover(self, *, sandbox: bool, run: str | None = None) -> list[Ticket]:
        """Take over what dead kernels left open, where the account's key is at hand."""
        core, taken = self._core, []
        for row in core.store.open_attempts():
            realm = realm_from(row.realm)
            if (run is not None and row.run != run) or (realm.sandbox and not sandbox):
                continue
            known = core.tickets.get(row.generation)
            if known is not None:
                taken.append(known)
                continue
            if row.kernel != core.kernel.id and core.kernel.alive(row.kernel):
                continue
            lane = self._lane_at_hand(realm)
            generation = core.store.generation(row.generation)
            if lane is None or generation is None:
                continue
            ticket = Ticket(generation, self._lane(lane), row.run)
            ticket.wanted = False  # finish what was begun; buy nothing
            core.tickets[generation.id] = ticket
            core.safely(ticket, lambda ticket=ticket, row=row: self._buying.take_over(ticket, row)())  # type: ignore[misc]  # mypy cannot type a lambda's defaults
            taken.append(ticket)
        return taken

    def _lane_at_hand(self, realm: Realm) -> Lane | None:
        """Return the way to a realm met in the ledger; None where its key or its provider's package is not at hand."""
        known: Lane | None = self._lanes.get(realm)
        try:
            return known or self._lane_for(realm)
        except NotebookgenError as error:
            log.warning("notebookgen: what is open at %s is left as it is: %s", realm.provider, error)
            return None

    def _resume(self, run: str | None) -> RunHandle:
        """Take over what is open and give a handle on it."""
        tickets = self._recover(sandbox=True, run=run)
        handle = self._handle(run or uuid.uuid4().hex[:10], [ticket.generation for ticket in tickets])
        for index, ticket in enumerate(tickets):
            ticket.followers.append((handle, index))
            held = ticket.state is State.AMBIGUOUS and not ticket.lane.lists
            if held:
                ticket.error = self._reconciling.held_error(ticket)
            handle.put(index, ticket.facts(done=held or ticket.generation.id not in self._core.tickets))
            handle.tell(index, str(ticket.state), ticket.expected)
        return handle

    # People ------------------------------------------------------------------------------------------------------

    def _stop(self, handle: RunHandle) -> str:
        """Send nothing new for a run; return the line that says what became of it. Called from any thread."""
        try:
            self.call(lambda: self._unwant(handle), timeout=0.5)
        except TimeoutError:
            return "Stopped; the ledger is busy just now. What was accepted is looked after: %generate runs"
        return stopped_line(handle)

    def _unwant(self, *handles: RunHandle) -> None:
        """Send nothing new of some runs, but for what another run wants, too."""
        core = self._core
        for ticket in list(core.tickets.values()):
            mine = any(one in handles for one, _ in ticket.followers)
            others = any(one not in handles and not one.done for one, _ in ticket.followers)
            if mine and not others:
                ticket.wanted = False
                if ticket.state is State.PLANNED:
                    core.leave(ticket, NotebookgenError("stopped before it was sent. Nothing was charged."))

    def _resolve(self, id: str, action: str, job: str | None) -> RunHandle:
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
        ticket = core.tickets.get(generation.id) or Ticket(generation, self._lane(lane), row.run)
        ticket.load(row)
        core.tickets[generation.id] = ticket
        handle = self._handle(uuid.uuid4().hex[:10], [generation])
        ticket.followers.append((handle, 0))
        ticket.wanted = action == "resubmit"
        core.safely(ticket, lambda: self._resolving.act(ticket, action, job, handle.id))
        return handle
