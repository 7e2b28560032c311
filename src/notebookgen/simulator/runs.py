"""Whole runs in virtual time: creates and looks of several accounts over a network, in the order in which they happen. Pure.

Clients decide, services answer, and a heap of events stands for the clock. Where an account has no limit, what it
answers does not depend on the order of what arrives there, so that only its answers are events.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from array import array
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from notebookgen.simulator.latency import LogNormal
from notebookgen.simulator.service import NO_LIMIT, NOTHING, PAGE, Limit, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebookgen.simulator.clients import Client
    from notebookgen.simulator.latency import Law

__all__ = ["LOOPBACK", "NETWORK", "Account", "Outcome", "least_seconds", "simulated"]

NETWORK = LogNormal(0.05, 0.5)  # seconds each way
LOOPBACK = LogNormal(0.001, 0.3)
ALL_AT_ONCE = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is asked of one account, and how.

    Attributes:
        jobs: How many.
        law: How long they take; or their durations in seconds, in the order in which they are accepted.
        client: Makes the client that looks after them, out of the account's own dice.
        limit: What the account may do; None, or ``NO_LIMIT``, for anything.
    """

    jobs: int
    law: Law | Sequence[float]
    client: Callable[[random.Random], Client]
    limit: Limit | None = None


@dataclass(slots=True)
class Outcome:
    """What became of an account's jobs.

    Attributes:
        jobs: How many there were.
        counts: Requests by what they were for: ``create``, ``look``, ``list``.
        refused: The same, of those that were refused.
        seconds: From the beginning of the run until the last job was known to be over.
        first: Until the first one was.
        delays: From each job's end to the answer that told it, in seconds, in the order of their discovery.
        duration: How long the jobs took, on average.
    """

    jobs: int
    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    first: float = 0.0
    delays: array[float] = field(default_factory=lambda: array("d"))
    duration: float = 0.0

    @property
    def requests(self) -> float:
        """Requests a job, creates and refused ones included."""
        return sum(self.counts.values()) / self.jobs

    @property
    def refused_share(self) -> float:
        """The share of requests that were refused."""
        return sum(self.refused.values()) / max(sum(self.counts.values()), 1)

    @property
    def delay(self) -> float:
        """Seconds from a job's end to the answer that told it, on average."""
        return sum(self.delays) / max(len(self.delays), 1)


def simulated(accounts: Sequence[Account], *, places: int = 16, network: Law = NETWORK, seed: int = 1) -> list[Outcome]:
    """Run the jobs of every account to their end; return an outcome for each account.

    Args:
        accounts: They share the places, and nothing else.
        places: How many jobs may be under way at once in all.
        network: How long a request takes to arrive, and an answer to come back, in seconds.
        seed: The same seed gives the same figures.
    """
    return _Run(accounts, places, network, random.Random(seed)).done()  # noqa: S311 - a simulation


def least_seconds(
    jobs: int, limit: Limit | None, seconds: Sequence[float], *, requests: float = 2.0, places: int = ALL_AT_ONCE
) -> float:
    """Return the least time in which jobs can be had, whatever a client does, without the network's part.

    Args:
        jobs: How many.
        limit: What the account may do; None for anything.
        seconds: How long they take.
        requests: Requests that each one costs at the least.
        places: How many may be under way at once.
    """
    limit = limit or NO_LIMIT
    longest, whole = max(seconds), sum(seconds)
    at_once = min(places, limit.concurrent or ALL_AT_ONCE, jobs)
    least = max(longest, whole / at_once)
    if limit.requests is not None:
        windows = -(-round(jobs * requests) // limit.requests) - 1
        least = max(least, windows * limit.window)
    return least


class _Side:
    """One account while it runs."""

    __slots__ = (
        "accepted",
        "client",
        "free",
        "last",
        "left",
        "looks",
        "nearly",
        "next_list",
        "outcome",
        "plans",
        "sending",
        "service",
        "tick",
        "waiting",
    )

    def __init__(self, account: Account, rng: random.Random) -> None:
        law = account.law
        told = None if hasattr(law, "draw") else iter(law)
        draw: Callable[[], float] = partial(law.draw, rng) if told is None else partial(next, told)  # type: ignore[union-attr]  # as was asked just before
        self.service = Service(account.limit or NO_LIMIT, draw)
        self.free = self.service.limit == NO_LIMIT
        self.client = account.client(rng)
        self.left = account.jobs
        self.accepted: dict[int, float] = {}  # when each job was sent that is not known to be over
        self.last: dict[int, float] = {}  # the age at which each was last seen running
        self.looks: dict[int, int] = {}
        self.plans: dict[int, tuple[float, _Request]] = {}  # the next look at each, and when it is due
        self.waiting: list[int] = []  # jobs for which a list is under way
        self.next_list: float | None = None  # when the next list is worth a request, as far as that is known
        self.nearly = 0.0
        self.sending = 0  # creates that are under way
        self.tick = math.inf  # when creates are tried again
        self.outcome = Outcome(account.jobs, self.service.counts, self.service.refused)

    @property
    def under_way(self) -> int:
        """Jobs and creates under way."""
        return len(self.accepted) + self.sending


class _Request:
    """A request on its way."""

    __slots__ = ("answer", "job", "note", "purpose", "sent", "tries")

    def __init__(self, purpose: str, job: int = -1) -> None:
        self.purpose = purpose
        self.job = job
        self.sent = 0.0
        self.tries = 0
        self.note: object = None
        self.answer = NOTHING


TICK = _Request("create")


class _Run:
    """The clock, and what happens at each moment."""

    def __init__(self, accounts: Sequence[Account], places: int, network: Law, rng: random.Random) -> None:
        self._rng = rng
        self._travel = partial(network.draw, rng)
        self._places = places
        self._sides = [_Side(one, random.Random(rng.random())) for one in accounts]  # noqa: S311 - a simulation
        self._events: list[tuple[float, int, Callable[[_Side, _Request], None], _Side, _Request]] = []
        self._numbers = itertools.count()
        self._missing = sum(side.left for side in self._sides)
        self._now = 0.0

    def done(self) -> list[Outcome]:
        """Let everything happen, in its order."""
        for side in self._sides:
            self._create(side)
        events = self._events
        while self._missing:
            self._now, _, happens, side, request = heapq.heappop(events)
            happens(side, request)
        return [side.outcome for side in self._sides]

    def _at(self, moment: float, happens: Callable[[_Side, _Request], None], side: _Side, request: _Request) -> None:
        heapq.heappush(self._events, (moment, next(self._numbers), happens, side, request))

    def _create(self, side: _Side) -> None:
        """Send creates for as long as there are free places, and the client may."""
        while side.left and self._places:
            wait = side.client.may_create(self._now, side.under_way)
            if wait > 0:
                if self._now + wait < side.tick:
                    side.tick = self._now + wait
                    self._at(side.tick, self._ticked, side, TICK)
                return
            side.left -= 1
            self._places -= 1
            side.sending += 1
            self._send(side, _Request("create"))

    def _ticked(self, side: _Side, _: _Request) -> None:
        """Try creates again."""
        if side.tick <= self._now:
            side.tick = math.inf
            self._create(side)

    def _due(self, side: _Side, request: _Request) -> None:
        """Send what was to be sent at this moment, where the client may."""
        if request.purpose == "create":
            self._send(side, request)
            return
        job = request.job
        if side.plans.get(job, (0.0, None))[1] is not request:  # it is over, or was put off
            return
        if side.client.lists and self._listed(side, job):
            return
        wait = side.client.may_look(self._now, job, self._now - side.accepted[job], side.last[job])
        if wait > 0:
            self._plan(side, job, wait)
        else:
            self._send(side, request)

    def _plan(self, side: _Side, job: int, wait: float) -> None:
        """Look at a job after a while, and not before."""
        request = _Request("look", job)
        side.plans[job] = (self._now + wait, request)
        self._at(self._now + wait, self._due, side, request)

    def _next(self, side: _Side, job: int) -> None:
        """Plan the next look at a job, by the client."""
        wait = side.client.wait(self._now - side.accepted[job], side.last[job], side.looks[job])
        self._plan(side, job, wait)

    def _listed(self, side: _Side, job: int) -> bool:
        """Whether a list stands for the look at a job that is due, now or in a moment."""
        now = self._now
        if len(side.service.ends) - 1 - job >= PAGE:
            return False
        if side.waiting:
            side.waiting.append(job)
            return True
        if side.next_list is None:
            newest = len(side.service.ends) - PAGE
            shown = [(now - at, side.last[one]) for one, at in side.accepted.items() if one >= newest]
            interval, side.nearly = side.client.until_list(shown)
            side.next_list = now + interval
        nearly = side.nearly
        if not any(
            now - side.accepted[other] - side.last[other] >= nearly * (due - side.accepted[other] - side.last[other])
            for other, (due, _) in side.plans.items()
            if other != job
        ):
            return False
        wait = side.next_list - now
        if wait <= 0:
            wait = side.client.may_look(now, job, now - side.accepted[job], side.last[job])
        if wait > 0:
            self._plan(side, job, wait)
            return True
        side.waiting.append(job)
        side.next_list = None
        self._send(side, _Request("list"))
        return True

    def _send(self, side: _Side, request: _Request) -> None:
        """Have a request leave; where nothing limits the account, what comes back is known at once."""
        request.sent = self._now
        request.note = side.client.sent(self._now, request.purpose)
        arrives = self._now + self._travel()
        if side.free:
            request.answer = side.service.answer(request.purpose, request.job, arrives)
            self._at(arrives + self._travel(), self._answered, side, request)
        else:
            self._at(arrives, self._arrived, side, request)

    def _arrived(self, side: _Side, request: _Request) -> None:
        """Have the service answer what has arrived."""
        request.answer = side.service.answer(request.purpose, request.job, self._now)
        self._at(self._now + self._travel(), self._answered, side, request)

    def _answered(self, side: _Side, request: _Request) -> None:
        """Go on from an answer."""
        now, client, job, answer = self._now, side.client, request.job, request.answer
        side.sending -= request.purpose == "create"
        client.answered(now, request.note, answer, side.under_way)
        if answer.status == 429:
            self._refused(side, request)
        elif request.purpose == "create":
            made = answer.over[0]
            side.accepted[made], side.last[made], side.looks[made] = request.sent, 0.0, 0
            self._next(side, made)
        elif request.purpose == "list":
            self._shown(side, request)
        elif job not in side.accepted:
            return
        elif answer.over:
            self._over(side, job)
        else:
            self._lives(side, job, request.sent)

    def _lives(self, side: _Side, job: int, asked: float) -> None:
        """Note that a job was still running when it was asked for."""
        side.looks[job] += 1
        side.last[job] = max(asked - side.accepted[job], side.last[job])
        self._next(side, job)

    def _shown(self, side: _Side, request: _Request) -> None:
        """Go on from a list as from a look at each of its jobs; what it does not show is looked at by itself."""
        due, side.waiting = side.waiting, []
        shown = request.answer
        for job in shown.over:
            if job in side.accepted:
                self._over(side, job)
        for job in shown.running:
            if job in side.accepted and job in side.plans:
                self._lives(side, job, request.sent)
        for job in set(due) - {*shown.over, *shown.running}:
            self._send(side, _Request("look", job))

    def _refused(self, side: _Side, request: _Request) -> None:
        """Send again what was refused; a client that waits for its turn takes its place in the line again."""
        request.tries += 1
        wait = side.client.again(request.purpose, request.answer, request.tries)
        if request.purpose == "list":
            due, side.waiting = side.waiting, []
            for job in due:
                self._plan(side, job, wait or 0.0)
        elif request.purpose == "look":
            if request.job in side.accepted:
                side.plans[request.job] = (self._now + (wait or 0.0), request)
                self._at(self._now + (wait or 0.0), self._due, side, request)
        elif wait is not None:
            side.sending += 1
            self._at(self._now + wait, self._due, side, request)
        else:
            side.left += 1
            self._places += 1
            self._create(side)

    def _over(self, side: _Side, job: int) -> None:
        """Note that a job is known to be over, and begin the next one."""
        now, outcome, accepted = self._now, side.outcome, side.accepted.pop(job)
        end, last = side.service.ends[job], side.last.pop(job)
        outcome.delays.append(now - end)
        outcome.duration += side.service.lasted[job] / outcome.jobs
        outcome.seconds = now
        outcome.first = outcome.first or now
        side.client.over(now - accepted, last, end - accepted, side.last.values())
        del side.looks[job], side.plans[job]
        self._missing -= 1
        self._places += 1
        for other in self._sides:
            self._create(other)
