"""A provider in virtual time: accepts jobs, says whether they are over, and refuses what is beyond its limits. Pure."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NOTHING", "NO_LIMIT", "PAGE", "Answer", "Limit", "Service"]

PAGE = 100  # jobs that a list shows: the newest


@dataclass(frozen=True, slots=True)
class Limit:
    """What an account may do.

    Attributes:
        requests: Most requests in any rolling window; None for no limit.
        window: How long that window is, in seconds.
        concurrent: Most jobs under way at once; None for no limit.
        burst: Most requests in any rolling second; None for no limit.
        told: Whether answers tell it.
        refused_count: Whether a refused request counts in the window, too.
    """

    requests: int | None = None
    window: float = 60.0
    concurrent: int | None = None
    burst: int | None = None
    told: bool = False
    refused_count: bool = False


#: An account that takes whatever comes.
NO_LIMIT = Limit()


class Answer(NamedTuple):
    """What came back.

    Attributes:
        status: 200, or 429.
        retry_after: Seconds to wait, where it was refused for too many requests.
        over: Which of the jobs asked for are over; for an accepted create, its number.
        running: Which are shown as still running; of a list only.
        crowded: Whether it was refused because too many jobs are under way.
        limit, window, remaining: What the account may do and what is left of it, where the service tells that; else 0.
    """

    status: int
    retry_after: float = 0.0
    over: tuple[int, ...] = ()
    running: tuple[int, ...] = ()
    crowded: bool = False
    limit: int = 0
    window: float = 0.0
    remaining: int = 0


NOTHING = Answer(0)


class Service:
    """One account at a provider."""

    def __init__(self, limit: Limit, duration: Callable[[], float]) -> None:
        """Open it; ``duration`` says how long the next accepted job takes, in seconds.

        Attributes ``ends`` and ``lasted`` have, for each accepted job, when it is over and how long it took.
        """
        self.limit = limit
        self.ends: array[float] = array("d")
        self.lasted: array[float] = array("d")
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._duration = duration
        self._window: deque[float] = deque()
        self._second: deque[float] = deque()
        self._under_way: list[float] = []

    def answer(self, purpose: str, job: int, now: float) -> Answer:
        """Answer a request: ``create``, ``look`` at a job, or ``list``."""
        if purpose == "create":
            answer = self.create(now)
        else:
            answer = self.look(job, now) if purpose == "look" else self.list(now)
        limit = self.limit
        if limit.told and limit.requests is not None:
            left = max(limit.requests - len(self._window), 0)
            answer = answer._replace(limit=limit.requests, window=limit.window, remaining=left)
        return answer

    def create(self, now: float) -> Answer:
        """Take a job, if there is room for it."""
        refusal = self._counted("create", now)
        if refusal is not None:
            return refusal
        running = self._under_way
        while running and running[0] <= now:
            heapq.heappop(running)
        if self.limit.concurrent is not None and len(running) >= self.limit.concurrent:
            self.refused["create"] += 1
            return Answer(429, crowded=True)
        self.lasted.append(self._duration())
        self.ends.append(now + self.lasted[-1])
        heapq.heappush(running, self.ends[-1])
        return Answer(200, over=(len(self.ends) - 1,))

    def look(self, job: int, now: float) -> Answer:
        """Say whether a job is over."""
        refusal = self._counted("look", now)
        if refusal is not None:
            return refusal
        return Answer(200, over=(job,)) if self.ends[job] <= now else Answer(200, running=(job,))

    def list(self, now: float) -> Answer:
        """Show the newest jobs, as many as one call does."""
        refusal = self._counted("list", now)
        if refusal is not None:
            return refusal
        shown = range(max(len(self.ends) - PAGE, 0), len(self.ends))
        over = tuple(job for job in shown if self.ends[job] <= now)
        return Answer(200, over=over, running=tuple(job for job in shown if self.ends[job] > now))

    def _counted(self, purpose: str, now: float) -> Answer | None:
        """Count a request, and refuse it where it is one too many."""
        self.counts[purpose] += 1
        wait = max(
            _room(self._window, self.limit.requests, self.limit.window, now),
            _room(self._second, self.limit.burst, 1.0, now),
        )
        if wait <= 0 or self.limit.refused_count:
            for kept, most in ((self._window, self.limit.requests), (self._second, self.limit.burst)):
                if most is not None:
                    kept.append(now)
        if wait <= 0:
            return None
        self.refused[purpose] += 1
        return Answer(429, retry_after=wait)


def _room(kept: deque[float], most: int | None, window: float, now: float) -> float:
    """Return the seconds until there is room in a rolling window; 0.0 where there is."""
    if most is None:
        return 0.0
    while kept and kept[0] <= now - window:
        kept.popleft()
    return kept[-most] + window - now if len(kept) >= most else 0.0
