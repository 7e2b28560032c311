"""What the outside holds of a run: how its rows stand, a wait that Stop can end, and the lines a person reads.

The engine's thread writes it, any other thread reads it; only what is frozen crosses over.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from notebookgen.errors import LedgerError
from notebookgen.jobs.last_line import last_line
from notebookgen.jobs.progress import Progress, first_phase, whole_seconds
from notebookgen.jobs.rowbook import RowBook, book_of
from notebookgen.jobs.tally import in_all, tries

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from notebookgen.errors import NotebookgenError
    from notebookgen.jobs.budget import Budget
    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.leftover import Price
    from notebookgen.jobs.progress import Forecast
    from notebookgen.jobs.recalling import Later
    from notebookgen.jobs.states import State
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Cost, Generation
    from notebookgen.settings import Settings

__all__ = ["Progress", "RunHandle"]


class RunHandle:
    """A run that is under way or over."""

    part = False  # whether it stands for some rows only, or for what is left, and another handle stood for the run

    def __init__(
        self,
        run: str,
        rows: Sequence[Generation] | RowBook,
        *,
        models: Collection[str] = (),
        sandbox: bool = False,
        clock: Callable[[], float],
        stop: Callable[[RunHandle], str],
        pause: Callable[[RunHandle, bool], None] | None = None,
        look: Callable[[Collection[str], Sequence[Delivered]], Sequence[Later]] | None = None,
        earlier: Callable[[Collection[str], Sequence[str]], Mapping[str, Sequence[AttemptRow]]] | None = None,
    ) -> None:
        """Begin with every row planned.

        Args:
            run: The run's id.
            rows: What is asked for, in order; a book of it, where there are many.
            models: What runs, where a book does not tell.
            sandbox: Whether the sandbox answers for all of a book's rows.
            clock: A monotonic clock in seconds.
            stop: What the engine does when a person presses Stop.
            pause: What the engine does when a person pauses the run, or lets it go on.
            look: Reads from the ledger what became of rows of some runs: ``look(runs, rows)``.
            earlier: Reads from it what earlier tries of some runs have cost: ``earlier(runs, ids)``.
        """
        self.id = run
        self.runs: tuple[str, ...] = (run,)  # the runs whose rows these are, as the ledger has them
        self.retell: Callable[[str], str] = str  # how its errors are told to whoever asked: in keywords, or in flags
        self.above = ""  # the line that stands above what is shown of it, in the cell that is run just now
        self._clock = clock
        self._began = clock()
        self._ended: float | None = None
        self._stop = stop
        self._pause = pause
        self._look = look
        self._earlier = earlier
        self._changed = threading.Condition()
        self._book = rows if isinstance(rows, RowBook) else book_of(rows)
        self._models = set(models) or ({one.full_model for one in rows} if not isinstance(rows, RowBook) else set())
        self.sandbox = sandbox if isinstance(rows, RowBook) else all(one.realm.sandbox for one in rows)
        self._phases: dict[int, str] = {}
        self._forecast: Forecast | None = None  # of the job that was told of last
        self.budget: Budget | None = None  # what it may spend; None where it only looks after what was bought
        self.paused = False  # a person wants nothing new to be sent for a while
        self.adopted: tuple[int, ...] = ()  # the rows that an earlier kernel or a stopped cell had left open
        self.found_paid: dict[int, Cost] = {}  # what those of them cost that the run pays for which had begun them
        self.stopped = False  # a person pressed Stop: it buys nothing more
        self.called_off = False  # a person cancelled it: nothing more is sent, and what was sent may still come
        self.taken = False  # somebody was there to take what it brought when it ended
        self.released = False  # nobody waits any more: the same call again takes up what this one began
        self.patient = False  # an outage makes it wait, however long that takes, rather than fail its rows
        self.priced: Callable[[int], Price | None] | None = None  # what each row costs that was new when it began
        self.anew = False  # the same call again buys all of it once more
        self.ends: tuple[int, NotebookgenError] | None = None  # the row at which its money has ended, and why
        self.elsewhere = self.keyless = ""  # taken up: what another kernel has in hand, and what waits for a key
        self.unsent = 0  # rows of a run taken up that were never brought to be sent: only their number is known
        self.resubmits = False  # a person has said that what is ambiguous is to be sent again, at the risk of a charge
        self.settings: Callable[[], Settings] | None = None  # what holds now, for whoever shows it
        self.copies: dict[str, str] = {}  # where a person has copies of its files, by the files' own places
        self.name = ""  # the variable that holds its results, as far as is known
        self._notes: list[str] = []
        # What earlier tries of a row have cost, as the ledger was read: from which moment on (None: all), and what.
        self._earlier_costs: dict[int, tuple[datetime | None, tuple[Cost, ...]]] = {}
        self._redoing: list[RunHandle] = []  # other handles on the same run that try rows of it again
        self._turn = 0  # how often it took in what came later, or began again
        self._failure: BaseException | None = None
        if self.done:
            self._ended = self._began

    # Written by the engine ---------------------------------------------------------------------------------------

    def put(self, index: int, row: Delivered) -> None:
        """Set how a row stands."""
        with self._changed:
            if not self._book.put(index, row):
                return
            if row.done:
                self._phases.pop(index, None)
                if row.cached and index in self.adopted:
                    self.found_paid[index] = row.cost
            self._wake()

    def end(self, error: NotebookgenError | None) -> int:
        """End every row that was not begun, as planned; return how many."""
        with self._changed:
            count = self._book.end(error)
            self._wake()
        return count

    def reopen(self, indices: Sequence[int], *, settled: bool = False) -> None:
        """Begin again with rows that were over; ``settled`` where these are never again what they were."""
        with self._changed:
            for index in indices:
                self._book.reopen(index, settled=settled)
                self._earlier_costs.pop(index, None)  # they stay counted
            if self._ended is not None:  # what was done in between took the run no time
                self._began += self._clock() - self._ended
            self._ended, self.ends, self.stopped, self.released, self.taken = None, None, False, False, False
            self.called_off = False
            self._turn += 1

    def sink(self, cost: Cost, sign: int = 1) -> None:
        """Count what an earlier try of this run has cost, although its row is asked for once more; -1 takes that back."""
        with self._changed:
            self._book.tally.sink(cost, sign)

    def count_earlier(self, index: int, since: datetime | None, costs: Sequence[Cost]) -> None:
        """Count what earlier tries of a row have cost, as the ledger has them, in place of what it had before.

        Args:
            index: The row.
            since: Only tries from that moment on; None for all.
            costs: What they have cost.
        """
        with self._changed:
            for cost in self._earlier_costs.pop(index, (None, ()))[1]:
                self._book.tally.sink(cost, -1)
            for cost in costs:
                self._book.tally.sink(cost)
            self._earlier_costs[index] = (since, tuple(costs))

    def unsink(self, index: int, cost: Cost) -> None:
        """Take back what an earlier try of a row has cost, where that was counted because the ledger had it."""
        with self._changed:
            since, costs = self._earlier_costs.get(index, (None, ()))
            if cost in costs:
                left = list(costs)
                left.remove(cost)
                self.count_earlier(index, since, left)

    def take_up(self, index: int) -> None:
        """Count a row as one that was left open before, and is taken up here."""
        with self._changed:
            if index not in self.adopted:
                self.adopted = (*self.adopted, index)

    def tell(self, index: int, phase: str, forecast: Forecast | None = None) -> None:
        """Set what is going on with a row, in a word or two."""
        with self._changed:
            self._phases[index] = phase
            self._forecast = forecast or self._forecast

    def phase(self, index: int) -> str:
        """Return what is going on with a row, in a word or two; empty where nobody has said."""
        with self._changed:
            return self._phases.get(index, "")

    def note(self, line: str) -> None:
        """Add a line that a person should know."""
        with self._changed:
            if line not in self._notes:
                self._notes.append(line)

    def fail(self, error: BaseException) -> None:
        """End the run because the engine itself could not go on."""
        with self._changed:
            self._failure = error
            self._wake()

    def _wake(self) -> None:
        """Tell who waits, when all is over."""
        if not self.done or self._ended is not None:
            return
        self._ended = self._clock()
        self.taken = self.awaited  # told under the lock, as ``release`` is: it is one or the other
        self._changed.notify_all()

    # Read by anybody ---------------------------------------------------------------------------------------------

    @property
    def whole(self) -> RunHandle | None:
        """The handle whose end is the end of the run; None where nobody here stands for all of it."""
        return None if self.part else self

    @property
    def typed(self) -> str:
        """What stands in the brackets where the run is named in a call; nothing where these are rows of several."""
        return f"'{self.id}'" if len(self.runs) == 1 else ""

    @property
    def done(self) -> bool:
        """Whether this run has nothing more to do."""
        return self._failure is not None or self._book.tally.done >= self._book.total

    @property
    def buys(self) -> bool:
        """Whether this run still wants its rows bought."""
        return self.budget is not None and not self.stopped and not self.done

    @property
    def awaited(self) -> bool:
        """Whether somebody who wanted its rows bought is there to take them: else the same call takes them up again."""
        return self.budget is not None and not self.stopped and not self.released

    def release(self, index: int | None = None) -> None:
        """Give up waiting, unless the run (or one row of it) is over: what comes later is left to the same call again."""
        with self._changed:
            if not (self.done if index is None else self._book.over(index)):
                self.released = True

    @property
    def failure(self) -> BaseException | None:
        """Why the engine could not go on, where it could not."""
        return self._failure

    def wait(self, timeout: float) -> bool:
        """Wait until the run is done, at most ``timeout`` seconds; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self.done, timeout)

    @property
    def ended(self) -> int:
        """How many rows have ended for this run."""
        return self._book.tally.done

    def over(self, index: int) -> bool:
        """Whether a row has ended for this run."""
        with self._changed:
            return self._book.over(index)

    @property
    def total(self) -> int:
        """How many rows there are."""
        return self._book.total

    def redone_by(self, other: RunHandle) -> None:
        """Follow another handle on the same run, with which rows of it are tried again, until that is over."""
        with self._changed:
            self._redoing.append(other)

    def _catch_up(self) -> None:
        """Take in what became of rows after the run: a file that came hours later, a create that was settled."""
        if self._look is None or self._ended is None:
            return
        with self._changed:
            redoing, self._redoing = self._redoing, [one for one in self._redoing if not one.done]
            left, turn = self._book.left(tried=bool(redoing)), self._turn
            held = self._book.held(left)
            since = {index: moment for index, (moment, _) in self._earlier_costs.items()}
        rows = self._book.filled(left, held)
        from_then = [replace(row, at=since.get(index, row.at)) for index, row in zip(left, rows, strict=True)]
        with contextlib.suppress(LedgerError):  # what is known stands; the next look may tell more
            found = self._look(self.runs, from_then) if rows else ()
            with self._changed:  # another thread may have taken the same in meanwhile, or the run have begun again
                for index, row, now in zip(left, rows, found, strict=False) if turn == self._turn else ():
                    if now.row.state is row.state and now.row.at == row.at:
                        continue
                    self._turn = turn + 1
                    later = replace(now.row, cached=row.cached or not now.own, done=True)
                    RunHandle.put(self, index, later)  # here alone: the whole of which it is a part looks for itself
                    if not row.cached:
                        self.count_earlier(index, since.get(index, row.at), now.sunk)

    def rows(self, indices: Iterable[int] | None = None) -> list[Delivered]:
        """Return how the rows stand now, all of them or some."""
        self._catch_up()
        wanted = range(self._book.total) if indices is None else list(indices)
        with self._changed:
            held = self._book.held(wanted)
        return self._book.filled(wanted, held)  # the ledger is read without the lock: it may take a while

    def row(self, index: int) -> Delivered:
        """Return how one row stands now."""
        self._catch_up()
        with self._changed:
            near, held, puts = self._book.near(index, now := self._clock())
        rows = self._book.filled(near, held)
        with self._changed:
            self._book.keep(near, rows, puts, now)
        return rows[0]

    def among(self, states: Collection[State], *, again: bool = False) -> list[int]:
        """Return which rows are in one of some states; with ``again`` without those that have failed for good."""
        self._catch_up()
        with self._changed:
            found = [index for index in range(self._book.total) if self._book.state(index) in states]
            return [index for index in found if not self._book.final(index)] if again else found

    @property
    def spent(self) -> dict[str, Decimal]:
        """What this run's own rows cost, net, by unit."""
        self._catch_up()
        with self._changed:
            return dict(self._book.tally.spent)

    def in_all(self, rows: Sequence[Delivered]) -> list[Cost]:
        """Return what each of some rows has cost this run, with its earlier tries; what is shared stands as it is."""
        ids = [row.generation.id for row in rows if not row.cached]
        before: Mapping[str, Sequence[AttemptRow]] = {}
        if ids and self._earlier is not None and self._book.tally.sunk:
            with contextlib.suppress(LedgerError):  # what is known stands
                before = self._earlier(self.runs, ids)
        return [row.cost if row.cached else in_all(row, tries(row, before)) for row in rows]

    def stop(self) -> str:
        """Send nothing new, and return one line that says what became of the jobs and of the money."""
        return self._stop(self)

    def pause(self) -> None:
        """Send nothing new until ``go_on``; what is under way goes on."""
        if self._pause is not None and not self.done:
            self._pause(self, True)

    def go_on(self) -> None:
        """Send again, after a pause."""
        if self._pause is not None:
            self._pause(self, False)

    def newest(self, count: int) -> list[int]:
        """Return the rows that were delivered last, the newest first."""
        with self._changed:
            return self._book.newest(count)

    def snapshot(self) -> Progress:
        """Return how the run stands at this moment."""
        self._catch_up()
        with self._changed:
            tally, phases, total = self._book.tally, self._phases, self._book.total
            end = self._ended if self._ended is not None else self._clock()
            return Progress(
                total=total,
                states={str(state): count for state, count in tally.states.items() if count},
                phase=first_phase(phases.values()) or ("done" if self.done else "starting"),
                paused=self.paused and not self.done,
                cached=total - len(self.adopted) if self.adopted and self.budget is None else tally.cached,
                ended=tally.done,
                left=self._left(),
                elapsed=end - self._began,
                expected=None if self.done else whole_seconds(self._forecast, tally, total, self._began, end),
                spent=dict(tally.spent),
                reserved=dict(tally.reserved),
                model=next(iter(self._models)) if len(self._models) == 1 else f"{len(self._models)} models",
                job=self._book.get(0).job if total == 1 else None,
                notes=tuple(self._notes),
            )

    def _left(self) -> dict[str, Decimal]:
        """Return what is left of the budget, for the units in use."""
        if self.budget is None or not self.budget.finite:
            return {}
        spent, reserved = self._book.tally.spent, self._book.tally.reserved
        caps = {unit: self.budget.cap(unit) for unit in {*spent, *reserved}}
        return {
            unit: max(cap - spent.get(unit, Decimal(0)) - reserved.get(unit, Decimal(0)), Decimal(0))
            for unit, cap in caps.items()
            if cap is not None
        }

    def summary(self, *, resumed: bool | None = None) -> str:
        """Return the last line: what came of it, how long it took, what it cost.

        Args:
            resumed: Whether a person wants to know what was left open; by default where nothing is bought.
        """
        now = self.snapshot()
        with self._changed:
            return last_line(self, now, self._book, resumed=self.budget is None if resumed is None else resumed)
