"""How many requests a service that fails still gets: few, so that an outage does not become a storm. Pure."""

from __future__ import annotations

from collections import deque

from notebookgen.transport.limits import MINUTE

__all__ = ["Outages"]

HISTORY = 10_000  # requests that are remembered
RETRY_FLOOR, RETRY_SHARE, RETRY_WAIT = 10, 0.1, 5.0
BY_HAND = 1.0  # seconds between requests for which somebody waits
AGAIN = 0.05  # seconds; whoever has to wait waits at least so long


class Outages:
    """The requests of the last minute, and those of them that were sent while the service failed."""

    def __init__(self) -> None:
        """Begin with a service that works."""
        self.failing = False
        self._retries: deque[float] = deque(maxlen=HISTORY)
        self._requests: deque[float] = deque(maxlen=HISTORY)

    def wait(self, now: float, *, by_hand: bool = False) -> float:
        """Return the seconds until a request may be sent; one that somebody waits for waits for no minute to pass."""
        if not self.failing:
            return 0.0
        for moments in (self._retries, self._requests):
            while moments and moments[0] <= now - MINUTE:
                moments.popleft()
        if len(self._retries) < RETRY_FLOOR + RETRY_SHARE * len(self._requests):
            return 0.0
        if by_hand:
            return max(self._retries[-1] + BY_HAND - now, 0.0)
        return min(max(self._retries[0] + MINUTE - now, AGAIN), RETRY_WAIT)

    def took(self, now: float) -> None:
        """Take note that a request may leave."""
        if self.failing:
            self._retries.append(now)

    def left(self, now: float) -> None:
        """Take note that a request leaves."""
        self._requests.append(now)
