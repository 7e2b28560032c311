"""The rows of a run in a few bytes each: in full while they are under way, from the ledger when they are long over.

A run of a hundred thousand rows must not hold a hundred thousand records: what has ended stands in the ledger, and is
read from there when somebody asks.
"""

from __future__ import annotations

import copy
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.leftover import AGAIN
from notebookgen.jobs.states import FREE, OPEN, State
from notebookgen.jobs.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from notebookgen.errors import NotebookgenError
    from notebookgen.records import Generation

__all__ = ["KEPT", "RowBook", "book_of"]

KEPT = 1000
UNTRIED = "\nNot tried again: "
STATES = tuple(State)
NUMBER = {state: number for number, state in enumerate(STATES)}
BEGUN, DONE, CACHED, FINAL = 1, 2, 4, 8
# What the ledger knows nothing of is made again from what was asked for.
UNWRITTEN = FREE - {State.REFUSED}
READ_AHEAD, READ_FOR = 64, 1.0  # rows, and seconds: another run or kernel may change what the ledger has
TRIED = frozenset({State.FAILED, State.CANCELLED, State.REFUSED, State.PLANNED})


class RowBook:
    """How the rows of a run stand. Whoever holds it keeps threads apart."""

    def __init__(
        self,
        total: int,
        *,
        asked: Callable[[int], Delivered],
        load: Callable[[Sequence[int]], Sequence[Delivered]] | None = None,
        kept: int = KEPT,
    ) -> None:
        """Begin with every row planned.

        Args:
            total: How many rows.
            asked: Makes a row as it was asked for, before anything has been done for it.
            load: Reads rows that are over from the ledger; None keeps every row in memory.
            kept: How many rows that are over are kept in memory.
        """
        self.total = total
        self.tally = Tally()
        self.tally.states[State.PLANNED] = total
        self._asked = asked
        self._load = load
        self._kept = kept
        self._states = bytearray([NUMBER[State.PLANNED]]) * total
        self._flags = bytearray(total)
        self._full: dict[int, Delivered] = {}
        self._over: dict[int, None] = {}  # done rows among those in full, the oldest first
        self._errors: dict[int, NotebookgenError] = {}
        self._rest: NotebookgenError | None = None
        self._before: dict[int, Delivered] = {}  # rows that are asked for once more, as they were
        self._read: dict[int, Delivered] = {}  # rows that were read from the ledger last
        self._read_at = 0.0
        self._puts = 0  # how often a row was set

    # Written -----------------------------------------------------------------------------------------------------

    def put(self, index: int, row: Delivered) -> bool:
        """Set how a row stands; return whether it is taken: what is done is not begun again."""
        flags = self._flags[index]
        if flags & DONE and not row.done:
            return False
        self._changes(index)
        before = self._before.get(index)
        if before is not None and row.done and row.state not in OPEN:
            del self._before[index]
            if row.state is State.PLANNED:
                return self._put_back(index, before, row.error)
        if flags:
            known = self._full.get(index)
            self.tally.add(known if known is not None else self.get(index), -1)
        else:
            self.tally.states[State.PLANNED] -= 1
        self.tally.add(row)
        self._states[index] = NUMBER[row.state]
        self._flags[index] = flags_of(row)
        self._full[index] = row
        if row.done:
            self._over[index] = None
            self._forget()
        return True

    def _put_back(self, index: int, before: Delivered, why: NotebookgenError | None) -> bool:
        """Give back a row that was asked for once more where nothing was sent for it: as it was, and why it still is."""
        self.tally.add(self.get(index), -1)
        if not before.cached:
            self.tally.sink(before.cost, -1)
        row = replace(before, error=not_tried(before.error, why), done=True)
        self.tally.add(row)
        self._states[index], self._flags[index] = NUMBER[row.state], flags_of(row)
        self._full[index] = row  # and it stays there: the ledger does not have why it was not tried
        return True

    def known(self, indices: Iterable[int]) -> None:
        """Set rows as delivered before: the ledger has them, and nothing needs to be done."""
        for index in indices:
            self._mark(index, State.SAVED, BEGUN | DONE | CACHED)
            self.tally.cached += 1

    def never(self, index: int, state: State) -> None:
        """Set a row as one that is never to be sent: skipped or invalid."""
        self._mark(index, state, DONE)

    def reopen(self, index: int, *, settled: bool = False) -> None:
        """Begin again with a row that was over; what it has cost so far stays spent.

        Args:
            index: The row.
            settled: Whether the ledger tells how it ends in any case; else it is as it was where nothing is sent for it.
        """
        row = self.get(index)
        self._changes(index)
        self.tally.add(row, -1)
        if not row.cached:
            self.tally.sink(row.cost)
        self.tally.states[State.PLANNED] += 1
        for known in (self._over, self._errors, self._full):
            known.pop(index, None)
        if not settled:
            self._before[index] = row
        self._states[index], self._flags[index] = NUMBER[State.PLANNED], 0

    def _mark(self, index: int, state: State, flags: int) -> None:
        """Set a row that was not begun, in a few bytes."""
        self.tally.states[State.PLANNED] -= 1
        self.tally.states[state] += 1
        self.tally.done += 1
        self._states[index], self._flags[index] = NUMBER[state], flags

    def end(self, error: NotebookgenError | None) -> int:
        """End every row that was not begun, as planned: nothing of it was sent, and nothing will be. Return how many."""
        before = self.tally.done
        for index, flags in enumerate(self._flags):
            if not flags and index in self._before:
                self._put_back(index, self._before.pop(index), error)
            elif not flags:
                self._rest = error
                self._flags[index] = DONE
                self.tally.done += 1
        return self.tally.done - before

    def _forget(self) -> None:
        """Keep of what is over only the newest in memory."""
        while self._load is not None and len(self._over) > self._kept:
            index = next(iter(self._over))
            del self._over[index]
            row = self._full.pop(index)
            if row.state in UNWRITTEN and row.error is not None:
                self._errors[index] = row.error  # one object for all rows that ended for the same reason

    def _changes(self, index: int) -> None:
        """Know no more what was read of a row."""
        self._puts += 1
        self._read.pop(index, None)

    # Read --------------------------------------------------------------------------------------------------------

    def get(self, index: int) -> Delivered:
        """Return how a row stands."""
        return self.several([index])[0]

    def several(self, indices: Sequence[int]) -> list[Delivered]:
        """Return how rows stand; what is over and forgotten is read from the ledger in one go."""
        return self.filled(indices, self.held(indices))

    def held(self, indices: Sequence[int]) -> list[Delivered | None]:
        """Return the rows that are at hand; None for those that stand in the ledger alone."""
        return [None if self._written(index) else self._held(index) for index in indices]

    def near(self, index: int, now: float) -> tuple[list[int], list[Delivered | None], int]:
        """Return the row, and where it is to be read from the ledger those behind it, too: whoever reads one goes on.

        Beside their numbers, what is at hand of them, and how often a row was set by now (for ``keep``).
        """
        near = [index]
        if self._written(index):
            if now - self._read_at < READ_FOR and index in self._read:
                return near, [self._read[index]], self._puts
            near += filter(self._written, range(index + 1, min(index + READ_AHEAD, self.total)))
        return near, self.held(near), self._puts

    def keep(self, indices: Sequence[int], rows: Sequence[Delivered], puts: int, now: float) -> None:
        """Keep rows that were read, in the place of those read before, if none was set meanwhile."""
        if len(indices) > 1 and puts == self._puts:
            self._read, self._read_at = dict(zip(indices, rows, strict=True)), now

    def filled(self, indices: Sequence[int], held: Sequence[Delivered | None]) -> list[Delivered]:
        """Return rows with those that are not at hand read from the ledger, in one go."""
        gone = [index for index, row in zip(indices, held, strict=True) if row is None]
        read = dict(zip(gone, self._load(gone), strict=True)) if gone and self._load is not None else {}
        return [
            row if row is not None else self._as_it_was(index, read[index])
            for index, row in zip(indices, held, strict=True)
        ]

    def newest(self, count: int) -> list[int]:
        """Return the rows that were saved last, the newest first, as far as they are at hand."""
        saved = NUMBER[State.SAVED]
        found = (index for index in reversed(self._over) if self._states[index] == saved)
        return list(itertools.islice(found, count))

    def live(self) -> Iterator[tuple[int, Delivered]]:
        """Return the rows that are begun and not over."""
        return ((index, row) for index, row in self._full.items() if not row.done)

    def left(self, *, tried: bool = False) -> list[int]:
        """Return the rows that this run has ended with, and that are not at their own end; ``tried``: or may be tried again."""
        states = OPEN | TRIED if tried else OPEN
        if not any(self.tally.states[state] for state in states):
            return []
        numbers = {NUMBER[state] for state in states}
        return [index for index, number in enumerate(self._states) if number in numbers and self._flags[index] & DONE]

    def over(self, index: int) -> bool:
        """Whether a row has ended for this run."""
        return bool(self._flags[index] & DONE)

    def final(self, index: int) -> bool:
        """Whether a row has ended in a way that another try would not mend."""
        return bool(self._flags[index] & FINAL)

    def cached(self, index: int) -> bool:
        """Whether a row was paid for before this run, or by another one."""
        return bool(self._flags[index] & CACHED)

    def state(self, index: int) -> State:
        """Return a row's state."""
        return STATES[self._states[index]]

    def _written(self, index: int) -> bool:
        """Whether a row is to be read from the ledger."""
        return index not in self._full and bool(self._flags[index] & BEGUN) and self.state(index) not in UNWRITTEN

    def _as_it_was(self, index: int, row: Delivered) -> Delivered:
        """Return a row from the ledger as it stood for this run."""
        return replace(row, state=self.state(index), cached=bool(self._flags[index] & CACHED), done=True)

    def _held(self, index: int) -> Delivered:
        """Return a row from memory, or as it was asked for."""
        if index in self._full:
            return self._full[index]
        if index in self._before:
            return Delivered(self._before[index].generation)
        row = self._asked(index)
        error = self._errors.get(index) or row.error
        if error is None and not self._flags[index] & BEGUN and self.state(index) is State.PLANNED:
            error = self._rest
        flags = self._flags[index]
        return replace(row, state=self.state(index), error=error, done=bool(flags & DONE), cached=bool(flags & CACHED))


def flags_of(row: Delivered) -> int:
    """Return what is kept of how a row stands, beside its state."""
    final = getattr(row.error, "retryable", None) is False
    return BEGUN | (DONE if row.done else 0) | (CACHED if row.cached else 0) | (FINAL if final else 0)


def not_tried(before: NotebookgenError | None, why: NotebookgenError | None) -> NotebookgenError | None:
    """Return why a row is as it was, with why it was not tried again."""
    if before is None or why is None:
        return before or why
    error = copy.copy(before)
    said = str(why).replace(AGAIN, "").strip()  # the try before may well have been charged
    error.args = (f"{str(before).partition(UNTRIED)[0]}{UNTRIED}{said}",)
    return error


def book_of(generations: Sequence[Generation]) -> RowBook:
    """Return the book of a few generations, all kept in memory."""
    return RowBook(len(generations), asked=lambda index: Delivered(generations[index]))
