"""How many requests a service that fails still gets: few, so that an outage does not become a storm. Pure.

They are used up in its first seconds where much is under way; from then on one look each few seconds finds out whether
it works again. A create is none of these: what fails in answer to one may have been accepted.
"""

from __future__ import annotations

from collections import deque

from notebookgen.transport.limits import MINUTE

__all__ = ["Outages"]

HISTORY = 10_000  # requests that are remembered
RETRY_FLOOR, RETRY_SHARE, RETRY_WAIT = 10, 0.1, 5.0
BY_HAND = 1.0  # seconds between requests for which somebody waits
AGAIN = 0.05  # seconds; whoever has to wait waits at least so long
BEYOND = {"look": RETRY_WAIT, "other": BY_HAND}  # seconds between tries when those of a minute are used up


class Outages:
    """The requests of the last minute, and those of them that were sent while the service failed."""

    def __init__(self) -> None:
        """Begin with a service that works."""
        self.failing = False
        self._retries: deque[float] = deque(maxlen=HISTORY)
        self._requests: deque[float] = deque(maxlen=HISTORY)

    def wait(self, now: float, kind: str) -> float:
        """Return the seconds until a request may be sent; only a create waits for a minute to pass."""
        if not self.failing:
            return 0.0
        for moments in (self._retries, self._requests):
            while moments and moments[0] <= now - MINUTE:
                moments.popleft()
        if len(self._retries) < RETRY_FLOOR + RETRY_SHARE * len(self._requests):
            return 0.0
        if kind in BEYOND:
            return max(self._retries[-1] + BEYOND[kind] - now, 0.0)
        return min(max(self._retries[0] + MINUTE - now, AGAIN), RETRY_WAIT)

    def took(self, now: float) -> None:
        """Take note that a request may leave."""
        if self.failing:
            self._retries.append(now)

    def left(self, now: float) -> None:
        """Take note that a request leaves."""
        self._requests.append(now)
