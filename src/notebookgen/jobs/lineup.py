"""The looks at an account's jobs that wait for their turn, and what is known of those jobs together. Pure.

The engine and the simulator ask by this alone when a look may leave, so that what is simulated is what is done.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from notebookgen.transport.sharing import UNKNOWN

if TYPE_CHECKING:
    from notebookgen.transport.limits import Limit
    from notebookgen.transport.paced import Gate
    from notebookgen.transport.sharing import Flock

__all__ = ["Lineup", "is_early"]

SOON = 0.05  # seconds that a look may come later than it was to
LONGEST = 15.0  # seconds until a look that waits asks again: by then it may be surer


class Lineup:
    """The looks that wait, and how likely their jobs are over."""

    __slots__ = ("_sures", "_until")

    def __init__(self) -> None:
        """Begin with none."""
        self._until: list[tuple[float, float]] = []
        self._sures: list[float] = []  # ascending

    def __len__(self) -> int:
        return len(self._until)

    def turn(self, gate: Gate, now: float, *, sure: float, early: bool = False, flock: Flock = UNKNOWN) -> float:
        """Return the seconds that a look, or a list, has to wait; 0.0 where it has taken its place and goes now.

        Args:
            gate: The account's pace.
            now: This moment.
            sure: How likely the job is over: surer looks go first.
            early: Whether nothing of short jobs is here yet.
            flock: The jobs under way.
        """
        self._forget(now + SOON)
        gate.surest(self._sures)
        wait = gate.take("look", sure=sure, early=early, flock=flock)
        if wait <= 0:
            return 0.0
        surer = len(self._sures) - bisect_left(self._sures, sure)
        wait = min(max(wait, gate.when(surer)), max(LONGEST, wait))
        heapq.heappush(self._until, (now + wait, sure))
        insort(self._sures, sure)
        return wait

    def _forget(self, moment: float) -> None:
        """Have those wait no longer that were to ask again by a moment."""
        while self._until and self._until[0][0] <= moment:
            _, sure = heapq.heappop(self._until)
            del self._sures[bisect_left(self._sures, sure)]


def is_early(limit: Limit | None, *, homes: int, usual: float, youngest: float | None) -> bool:
    """Whether jobs that are shorter than a window are under way, and nothing has come of the account's last ones.

    Then part of the window is kept for looks, or the first result would come a window late.

    Args:
        limit: The tightest one.
        homes: How many jobs have ended since there were none under way.
        usual: How many seconds a job usually takes.
        youngest: The age of the youngest job under way, in seconds; None where there is none.
    """
    if limit is None or homes or youngest is None:
        return False
    return usual < limit.window and youngest < limit.window
