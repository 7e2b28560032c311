"""The loop: one thread that owns the ledger, the tickets and the timers; everything that blocks is done by workers.

A single picture and ten thousand take the same way. The loop lives on when a cell is stopped: what was accepted is
looked after and brought home, and nothing new is sent.
"""

from __future__ import annotations

import contextlib
import random
import threading
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from notebookgen.errors import NotebookgenError
from notebookgen.jobs.answers import Answers
from notebookgen.jobs.budget import NO_BUDGET, Budget
from notebookgen.jobs.buying import Buying
from notebookgen.jobs.cancelling import cancel_all
from notebookgen.jobs.clock import Clock, SystemClock
from notebookgen.jobs.core import Core
from notebookgen.jobs.guarding import guarded
from notebookgen.jobs.keeping import Keeping
from notebookgen.jobs.knowing import Knowing
from notebookgen.jobs.reconciling import Reconciling
from notebookgen.jobs.recovering import Recovering
from notebookgen.jobs.resolving import Resolving
from notebookgen.jobs.runs import Runs
from notebookgen.jobs.settling import Settling, Word
from notebookgen.jobs.stopping import stopped_line
from notebookgen.jobs.watching import Watching
from notebookgen.ledger.kernels import FOLDER, KernelLock
from notebookgen.ledger.store import Store
from notebookgen.media.spool import Spool
from notebookgen.webhooks.exchange import join, leave

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.runs import LargeRun
    from notebookgen.jobs.ticket import Fetcher, Lane, Wish
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Generation, Realm
    from notebookgen.settings import Settings

__all__ = ["Engine"]


T = TypeVar("T")
CALL_SECONDS = 60.0
# A turn of the loop costs alike for one answer and for ten. Where much is under way, it waits for more to come in: so
# many seconds for each row in hand.
MUCH, GATHER, LONGEST_GATHER = 32, 60e-6, 0.01
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
        self._closing = False
        self._hurry = threading.Event()  # set when it closes
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
            guarded(self._core.write_now)  # what was heard before it came counts for it
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
            begun.append(self._begin(wishes, budget, tag, notebook))
            return begun[0]

        try:
            return self.call(work)
        except KeyboardInterrupt:  # Stop came before anybody could follow the run
            self._inbox.put(lambda: self._runs.unwant(*begun))
            raise

    def start_many(self, large: LargeRun) -> RunHandle:
        """Begin a run over many rows and return at once; it waits for outages to end.

        Raises:
            NotWritable: The ledger cannot be written; nothing was sent.
        """
        begun: list[RunHandle] = []

        def work() -> RunHandle:
            begun.append(self._runs.begin_many(large))
            self._buying.claim()
            return begun[0]

        try:
            return self.call(work)
        except KeyboardInterrupt:  # Stop came before anybody could follow the run
            self._inbox.put(lambda: self._runs.unwant(*begun))
            raise

    def retry(self, handle: RunHandle, indices: Sequence[int], rows: LargeRun | Sequence[Wish]) -> None:
        """Begin again with rows of a run that were over; see ``Runs.retry``."""

        def work() -> None:
            self._runs.retry(handle, indices, rows)
            self._buying.claim()

        try:
            self.call(work)
        except KeyboardInterrupt:  # Stop came before anybody could follow it
            self._inbox.put(lambda: self._runs.unwant(handle))
            raise

    def adjust(self, settings: Settings) -> None:
        """Take other settings over, from the next event on; the home folder stays what it is."""
        self._inbox.put(lambda: self._core.adjust(settings))

    def resume(self, run: str | None = None) -> RunHandle:
        """Look after everything that is open (or what one run left open), and return a handle on it."""
        return self.call(lambda: self._recovering.resume(run))

    def resolve(self, id: str, action: str, job: str | None = None, more: Budget = NO_BUDGET) -> RunHandle:
        """Settle an ambiguous generation as a person says; see ``Settling.one``."""
        return self.call(lambda: self._settling.one(id, Word(action, job, more)))

    def settle(self, handle: RunHandle, places: Sequence[int], word: Word) -> RunHandle:
        """Settle ambiguous rows of a run as a person says, all together; see ``Settling.several``."""
        return self.call(lambda: self._settling.several(handle, places, word))

    def cancel(self, run: str | None = None) -> Future[list[str]]:
        """Ask the providers to cancel what is under way (of one run), and return lines for a person, later."""

        def work() -> Future[list[str]]:
            return cancel_all(self._core, self._watching, self._recovering, run, self._runs.call_off(run))

        return self.call(work)

    def look(self, generation: Generation) -> tuple[AttemptRow | None, float | None]:
        """Return what the ledger knows of a content, and how long such a job usually takes."""

        def work() -> tuple[AttemptRow | None, float | None]:
            store = self._core.store
            return store.last_attempt(generation.id), self._core.durations.usual(generation)

        return self.call(work)

    def close(self, grace: float = 10.0) -> None:
        """End the loop; what is open stays open in the ledger, for the next kernel.

        Args:
            grace: Seconds to wait for creates that are on their way: an answer that is not heard leaves them ambiguous.
        """
        if self._thread.is_alive():
            self._closing_until = self._clock.monotonic() + grace
            self._closing = True
            self._hurry.set()
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
            kernel = KernelLock(self._settings.home / FOLDER)
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            store.close()
            opened.set_exception(error)
            return
        try:
            store.put_off_syncs()
            self._build(store, kernel)
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            store.close()
            kernel.release()
            opened.set_exception(error)
            return
        opened.set_result(None)
        try:
            self._loop()
        except BaseException as error:  # noqa: BLE001 - whoever waits must be told
            for handle in self._runs.handles.values():
                handle.fail(error)
        finally:
            leave(self._core.calls)
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
        self._runs = Runs(core, self._stop, self._pause)
        spool = Spool(self._settings.home / "spool")
        # The parts need each other, so one of them is reached from here.
        reconciling = Reconciling(core, lambda ticket, job, note: answers.adopt(ticket, job, note))  # noqa: PLW0108 - made below
        keeping = Keeping(core, spool)
        self._watching = Watching(core, keeping, reconciling.set_clock)
        answers = Answers(core, self._watching, keeping, reconciling)
        knowing = Knowing(core, self._watching, keeping, reconciling, answers, spool)
        self._buying = Buying(core, self._runs.feeding, knowing, answers, reconciling.set_clock, spool, self._take_over)
        resolving = Resolving(core, reconciling, answers.adopt)
        self._recovering = Recovering(core, self._runs, knowing, reconciling, self._lane_for)
        self._settling = Settling(core, self._runs, resolving, self._recovering.lane_at_hand)
        core.calls.resolve = lambda name, job: self._settling.one(name, Word("adopt", job))
        self._recovering.recover(sandbox=False)
        join(core.calls)

    def _take_over(self, realm: Realm) -> None:
        """Take over what kernels left open of an account that died while this one lives."""
        self._recovering.recover(sandbox=True, lost_of=realm)

    def _loop(self) -> None:
        """Handle what comes in and what is due, for as long as the process lives."""
        core = self._core
        while not self._closing or (core.sending and self._clock.monotonic() < self._closing_until):
            guarded(core.write_now)
            if (core.ready or core.queue or self._runs.feeding) and not self._closing:
                guarded(self._buying.claim)  # before the timers are looked at: it sets some
            guarded(core.durably.go)
            events, wait = core.due()
            for event in events:
                guarded(event)
            if events:
                continue
            longest = 0.1 if self._closing else 3600.0
            with contextlib.suppress(Empty):
                first = self._inbox.get(timeout=longest if wait is None else min(wait, longest))
                if len(core.tickets) >= MUCH:
                    self._hurry.wait(min(len(core.tickets) * GATHER, LONGEST_GATHER))
                guarded(first)
                while True:
                    guarded(self._inbox.get_nowait())
        guarded(core.write_now)

    # Runs --------------------------------------------------------------------------------------------------------

    def _begin(self, wishes: Sequence[Wish], budget: Budget, tag: str | None, notebook: str | None) -> RunHandle:
        """Begin a run and buy as many of its rows as there are free places."""
        handle = self._runs.begin(wishes, budget, tag, notebook)
        self._buying.claim()
        return handle

    def _pause(self, handle: RunHandle, paused: bool) -> None:  # noqa: FBT001 - one of two ways to be called by a handle
        """Send nothing new of a run for a while, or go on with it. Called from any thread."""

        def work() -> None:
            self._runs.pause(handle, paused=paused)
            self._buying.claim()

        self.call(work)

    def _stop(self, handle: RunHandle) -> str:
        """Send nothing new for a run; return the line that says what became of it. Called from any thread."""
        try:
            self.call(lambda: self._runs.unwant(handle), timeout=0.5)
        except TimeoutError:
            return "Stopped; the ledger is busy just now. What was accepted is looked after: ng.runs()"
        return stopped_line(handle)
