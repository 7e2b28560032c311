"""What the outside holds of a run: how its rows stand, a wait that Stop can end, and the lines a person reads.

The engine's thread writes it, any other thread reads it; only what is frozen crosses over.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from notebookgen.jobs.states import OPEN, OVER, State
from notebookgen.normal import amount_words
from notebookgen.records import NO_COST, Cost, nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from notebookgen.errors import NotebookgenError
    from notebookgen.records import Asset, Generation

__all__ = ["Delivered", "Progress", "RunHandle", "duration"]

log = logging.getLogger("notebookgen")


@dataclass(frozen=True, slots=True)
class Delivered:
    """How one row of a run stands.

    Attributes:
        generation: What was asked for.
        state: Where it stands.
        cost: What it cost, net.
        assets: The files, when they are here.
        seconds: How long the job took.
        job: The provider's handle.
        error: Why it is not saved, where it is not.
        cached: Whether it was paid for before this run.
        reserved: What is set aside for it while it is under way.
        at: When it was bought.
        done: Whether this run has nothing more to do for it (it may be held or left as it is).
    """

    generation: Generation
    state: State = State.PLANNED
    cost: Cost = field(default_factory=nothing)
    assets: tuple[Asset, ...] = ()
    seconds: float | None = None
    job: str | None = None
    error: NotebookgenError | None = None
    cached: bool = False
    reserved: Cost = NO_COST
    at: datetime | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run stands at one moment.

    Attributes:
        total: Rows.
        states: How many rows are in which state.
        phase: What is going on, in a word or two.
        elapsed: Seconds since it began.
        expected: Seconds that such a run usually takes in all; None where nothing is known.
        spent: What was spent by this run, per unit.
        model: The model, where all rows have the same.
        job: The provider's handle, for a run of one.
        notes: What a person should know, a line each.
    """

    total: int
    states: Mapping[str, int]
    phase: str
    elapsed: float
    expected: float | None
    spent: Mapping[str, Decimal]
    model: str
    job: str | None
    notes: tuple[str, ...] = ()

    @property
    def over(self) -> int:
        """How many rows have ended."""
        return sum(count for state, count in self.states.items() if State(state) in OVER)


class RunHandle:
    """A run that is under way or over."""

    def __init__(
        self,
        run: str,
        generations: Sequence[Generation],
        *,
        clock: Callable[[], float],
        stop: Callable[[RunHandle], str],
    ) -> None:
        """Begin with every row planned.

        Args:
            run: The run's id.
            generations: What is asked for, in order.
            clock: A monotonic clock in seconds.
            stop: What the engine does when a person presses Stop.
        """
        self.id = run
        self.retell: Callable[[str], str] = str  # how its errors are told to whoever asked: in keywords, or in flags
        self._clock = clock
        self._began = clock()
        self._ended: float | None = None
        self._stop = stop
        self._changed = threading.Condition()
        self._rows: list[Delivered] = [Delivered(one) for one in generations]
        self._phases: dict[int, str] = {}
        self._expected: float | None = None
        self._notes: list[str] = []
        self._failure: BaseException | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._left = len(self._rows)
        if not self._rows:
            self._ended = self._began

    # Written by the engine ---------------------------------------------------------------------------------------

    def put(self, index: int, row: Delivered) -> None:
        """Set how a row stands."""
        with self._changed:
            if self._rows[index].done and not row.done:
                return
            self._left -= int(row.done and not self._rows[index].done)
            self._rows[index] = row
            if row.done:
                self._phases.pop(index, None)
            callbacks = self._wake()
        call_all(callbacks)

    def tell(self, index: int, phase: str, expected: float | None = None) -> None:
        """Set what is going on with a row, in a word or two."""
        with self._changed:
            self._phases[index] = phase
            if expected is not None:
                self._expected = max(expected, self._expected or 0.0)

    def note(self, line: str) -> None:
        """Add a line that a person should know."""
        with self._changed:
            if line not in self._notes:
                self._notes.append(line)

    def fail(self, error: BaseException) -> None:
        """End the run because the engine itself could not go on."""
        with self._changed:
            self._failure = error
            self._left = 0
            callbacks = self._wake()
        call_all(callbacks)

    def _wake(self) -> list[Callable[[], None]]:
        """Tell who waits, when all is over; return who is to be called, without the lock."""
        if self._left > 0 or self._ended is not None:
            return []
        self._ended = self._clock()
        self._changed.notify_all()
        callbacks, self._callbacks = self._callbacks, []
        return callbacks

    # Read by anybody ---------------------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Whether this run has nothing more to do."""
        return self._left <= 0

    @property
    def failure(self) -> BaseException | None:
        """Why the engine could not go on, where it could not."""
        return self._failure

    def wait(self, timeout: float) -> bool:
        """Wait until the run is done, at most ``timeout`` seconds; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._left <= 0, timeout)

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once the run is done, from the engine's thread; at once if it is done already."""
        with self._changed:
            if self._left > 0:
                self._callbacks.append(callback)
                return
        callback()

    def rows(self) -> list[Delivered]:
        """Return how the rows stand now."""
        with self._changed:
            return list(self._rows)

    def row(self, index: int) -> Delivered:
        """Return how one row stands now."""
        with self._changed:
            return self._rows[index]

    def stop(self) -> str:
        """Send nothing new, and return one line that says what became of the jobs and of the money."""
        return self._stop(self)

    def snapshot(self) -> Progress:
        """Return how the run stands at this moment."""
        with self._changed:
            rows, phases, notes = list(self._rows), dict(self._phases), tuple(self._notes)
            end = self._ended if self._ended is not None else self._clock()
            expected = self._expected
        states = Counter(str(row.state) for row in rows)
        models = {row.generation.full_model for row in rows}
        phase = next(iter(phases.values())) if phases else ("done" if self.done else "starting")
        job = rows[0].job if len(rows) == 1 else None
        return Progress(
            total=len(rows),
            states=states,
            phase=phase,
            elapsed=end - self._began,
            expected=expected,
            spent=spent_by(rows),
            model=models.pop() if len(models) == 1 else f"{len(models)} models",
            job=job,
            notes=notes,
        )

    def summary(self) -> str:
        """Return the last line: what came of it, how long it took, what it cost."""
        now, rows = self.snapshot(), self.rows()
        states = ", ".join(
            f"{count} {state}" if now.total > 1 else str(state) for state, count in sorted(now.states.items())
        )
        if rows and all(row.cached for row in rows):
            states += " before"
        parts = [states, now.model]
        if not (rows and all(row.cached for row in rows)):
            parts.append(duration(now.elapsed))
        parts.append(self._money(rows))
        if rows and all(row.generation.realm.sandbox for row in rows):
            parts.append("sandbox")
        return " · ".join(parts)

    @staticmethod
    def _money(rows: Sequence[Delivered]) -> str:
        """Return what this run spent, in words."""
        if rows and all(row.cached for row in rows):
            return "nothing spent"
        spent = spent_by(rows)
        unknown = sum(1 for row in rows if row.state in {State.SAVED, State.COMPLETED} and row.cost.amount is None)
        held = sum(1 for row in rows if row.state in OPEN)
        words = [amount_words(amount, unit) for unit, amount in sorted(spent.items())]
        listed = any(row.cost.basis == "listed" and not row.cached and row.cost.amount for row in rows)
        text = (
            " + ".join(words) + (" (listed)" if listed else "") if words else ("nothing spent" if not unknown else "")
        )
        dearer = [row for row in rows if _dearer(row)]
        if dearer:
            text += f", listed at {dearer[0].reserved.words}" if len(rows) == 1 else f", {len(dearer)} above the list"
        if unknown:
            text += f"{' + ' if text else ''}cost unknown" + (f" for {unknown}" if len(rows) > 1 else "")
        return text + (f", {held} still open" if held and len(rows) > 1 else "")


def call_all(callbacks: Sequence[Callable[[], None]]) -> None:
    """Call those who wait for the end; a listener's own trouble is logged and is not ours."""
    for callback in callbacks:
        try:
            callback()
        except Exception:  # somebody else's code
            log.exception("notebookgen: a callback at the end of a run failed")


def _dearer(row: Delivered) -> bool:
    """Whether a provider took more than what was reserved after its own list; what the sandbox takes is nobody's."""
    if row.cached or row.generation.realm.sandbox or row.cost.amount is None or row.reserved.amount is None:
        return False
    return row.cost.unit == row.reserved.unit and row.cost.amount > row.reserved.amount


def spent_by(rows: Sequence[Delivered]) -> dict[str, Decimal]:
    """Return what the rows cost in this run, per unit; units are never added together."""
    spent: dict[str, Decimal] = {}
    for row in rows:
        if not row.cached and row.cost.amount and row.cost.unit:
            spent[row.cost.unit] = spent.get(row.cost.unit, Decimal(0)) + row.cost.amount
    return spent


def duration(seconds: float) -> str:
    """Return a duration as people write it: ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")
