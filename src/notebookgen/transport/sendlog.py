"""The requests of the last while: what a rolling window counts. Pure; a file shared by kernels answers the same questions.

A request may reach its service at any moment from when it was sent to when its reply is here, so it stands in the log
with both: it is counted for as long as it could be counted there.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from notebookgen.transport.limits import Known

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["MOST", "Book", "Kind", "Log", "Memory", "Page", "Slot"]

Kind = Literal["create", "look", "other"]

MOST = 20_000  # requests that are remembered


class Log(Protocol):
    """The requests of one account."""

    def count(self, after: float, *, looks: bool = False) -> int:
        """Return how many may have arrived after a moment; with ``looks`` only those that ask how a job stands."""

    def nth(self, after: float, skip: int) -> float:
        """Return when, at the latest, the one arrived that is left when ``skip`` of these are gone; the last one at most."""

    def sent_before(self, newest: int) -> float | None:
        """Return when the one was sent that has ``newest - 1`` sent after it; None where there are not so many."""

    def last(self) -> float:
        """Return when the last one was sent; a moment long gone where there is none."""

    def add(self, sent: float, arrived: float, *, look: bool) -> int:
        """Write one down and return its key."""

    def change(self, key: int, sent: float, arrived: float) -> None:
        """Say anew when one was sent, and has arrived at the latest."""

    def remove(self, key: int) -> None:
        """Forget one that does not count."""

    def forget(self, before: float) -> None:
        """Forget those that have arrived before a moment."""


class Page(Protocol):
    """What is known of an account, and its log."""

    known: Known

    @property
    def log(self) -> Log:
        """Its requests."""


@dataclass(eq=False, slots=True)
class Slot:
    """A request's place in the windows.

    Attributes:
        kind: What it is for.
        sent: When it was allowed, then when it left.
        arrived: When it has arrived at the latest.
        key, page: Where it stands in which log; 0 where no limit is known.
        probe: Whether it finds out how long a window is.
    """

    kind: Kind
    sent: float
    arrived: float
    key: int = 0
    page: Page | None = None
    probe: bool = False


class Book:
    """A log in memory."""

    def __init__(self) -> None:
        """Begin with none."""
        self._arrived: list[tuple[float, int]] = []
        self._looks: list[tuple[float, int]] = []
        self._sent: list[tuple[float, int]] = []
        self._rows: dict[int, tuple[float, float, bool]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._rows)

    def count(self, after: float, *, looks: bool = False) -> int:
        """Return how many may have arrived after a moment."""
        rows = self._looks if looks else self._arrived
        return len(rows) - bisect_right(rows, (after, self._next))

    def nth(self, after: float, skip: int) -> float:
        """Return when the one arrived at the latest that is left when ``skip`` of these are gone."""
        at = bisect_right(self._arrived, (after, self._next)) + skip
        return self._arrived[min(at, len(self._arrived) - 1)][0] if self._arrived else after

    def sent_before(self, newest: int) -> float | None:
        """Return when the one was sent that has ``newest - 1`` sent after it."""
        return self._sent[-newest][0] if 0 < newest <= len(self._sent) else None

    def last(self) -> float:
        """Return when the last one was sent."""
        return self._sent[-1][0] if self._sent else float("-inf")

    def add(self, sent: float, arrived: float, *, look: bool) -> int:
        """Write one down and return its key."""
        self._next += 1
        self._put(self._next, sent, arrived, look=look)
        if len(self._rows) > MOST:
            self.remove(self._arrived[0][1])
        return self._next

    def change(self, key: int, sent: float, arrived: float) -> None:
        """Say anew when one was sent, and has arrived at the latest."""
        if key in self._rows:
            look = self._rows[key][2]
            self.remove(key)
            self._put(key, sent, arrived, look=look)

    def remove(self, key: int) -> None:
        """Forget one that does not count."""
        row = self._rows.pop(key, None)
        if row is None:
            return
        sent, arrived, look = row
        for rows, moment in ((self._sent, sent), (self._arrived, arrived), *([(self._looks, arrived)] if look else [])):
            del rows[bisect_right(rows, (moment, key)) - 1]

    def forget(self, before: float) -> None:
        """Forget those that have arrived before a moment."""
        while self._arrived and self._arrived[0][0] < before:
            self.remove(self._arrived[0][1])

    def without(self, keys: Collection[int]) -> list[tuple[float, float, bool]]:
        """Return all but some: when each was sent, when it arrived at the latest, and whether it is a look."""
        return [row for key, row in self._rows.items() if key not in keys]

    def _put(self, key: int, sent: float, arrived: float, *, look: bool) -> None:
        self._rows[key] = (sent, arrived, look)
        insort(self._sent, (sent, key))
        insort(self._arrived, (arrived, key))
        if look:
            insort(self._looks, (arrived, key))


class Memory:
    """A page in memory, of this process alone."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.known = Known()
        self.log = Book()
