"""A service with limits and a run against it, in virtual time: what a pace makes of them, counted on the service's side."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from notebookgen.jobs.paces import Paces, SharedGate
from notebookgen.transport.limits import Heard, Limit
from notebookgen.transport.pacing import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from notebookgen.transport.pacing import Kind, Slot

Law = tuple[float, float]  # median in seconds, and spread


@dataclass
class Service:
    """Counts what arrives, and refuses what is one too many.

    Attributes:
        limits: How many within how many seconds.
        tells: Whether its replies tell the first limit and what is left of it.
        retry_after: What a refusal asks for; ``None`` for nothing.
        taken, refused: When each request came.
        ends: When each job is over.
    """

    limits: Sequence[tuple[int, float]]
    tells: bool = False
    retry_after: float | None = None
    taken: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    ends: dict[int, float] = field(default_factory=dict)

    def take(self, now: float) -> Heard:
        """Answer a request that arrives now."""
        for count, window in self.limits:
            if self.within(now, window) >= count:
                self.refused.append(now)
                return Heard("refused", retry_after=self.retry_after)
        self.taken.append(now)
        if not self.tells:
            return Heard()
        count, window = self.limits[0]
        return Heard(told=Limit(count, window, "told"), remaining=count - self.within(now, window))

    def within(self, now: float, window: float) -> int:
        """Return how many were taken in the window that ends now."""
        found = 0
        for moment in reversed(self.taken):
            if moment <= now - window:
                break
            found += 1
        return found


@dataclass(frozen=True)
class Done:
    """What a run came to.

    Attributes:
        seconds: How long it took.
        first: When the first result was here.
        requests: How many requests it took.
        refused: How many of these were refused.
        delay: Seconds from a job's end until it was seen, on the average.
    """

    seconds: float
    first: float
    requests: int
    refused: int
    delay: float


class Run:
    """Rows bought at a service: a create each, and looks until each is over."""

    def __init__(self, service: Service, pace: Pace, *, rows: int, law: Law, places: int = 100, seed: int = 1) -> None:
        self.service, self.pace, self.law = service, pace, law
        self.left, self.rows, self.places = rows, rows, places
        self.dice = random.Random(seed)
        self.queue: list[tuple[float, int, Callable[[], None]]] = []
        self.order = itertools.count()
        self.now, self.busy, self.homes, self.first = 0.0, 0, 0, 0.0
        self.jobs: dict[int, tuple[float, float]] = {}  # accepted, looked at last
        self.waiting: dict[int, float] = {}
        self.delays: list[float] = []
        self.asleep = False
        self.out = 0  # creates on their way

    def go(self) -> Done:
        """Run to the end."""
        self.create()
        while self.homes < self.rows:
            self.step()
        return self.done()

    def step(self) -> None:
        """Have the next thing happen."""
        self.now, _, event = heapq.heappop(self.queue)
        event()
        if not self.asleep:
            self.create()

    def done(self) -> Done:
        """Return what it came to; requests are those of all who ask that service."""
        service = self.service
        requests = len(service.taken) + len(service.refused)
        return Done(self.now, self.first, requests, len(service.refused), sum(self.delays) / self.rows)

    def at(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self.queue, (self.now + seconds, next(self.order), event))

    def on_the_way(self) -> float:
        return 0.01 + min(self.dice.lognormvariate(math.log(0.04), 0.5), 0.1)

    def early(self) -> bool:
        return not self.homes and self.busy > 0 and self.law[0] < 60

    def sure(self, job: int) -> float:
        """Return how likely a job is over, given that it was not when it was looked at last."""
        accepted, looked = self.jobs[job]
        before, now = self.over(looked - accepted), self.over(self.now - accepted)
        return 1.0 if before >= 1 else (now - before) / (1 - before)

    def over(self, age: float) -> float:
        median, spread = self.law
        return 0.0 if age <= 0 else 0.5 * math.erfc(-math.log(age / median) / spread / math.sqrt(2))

    def send(self, kind: Kind, then: Callable[[Heard, float], None]) -> None:
        """Have a request leave, and arrive, and its reply come."""
        slot = self.pace.begin(self.now, kind)

        def arrives() -> None:
            heard, moment = self.service.take(self.now), self.now
            self.at(self.on_the_way(), lambda: replied(slot, heard, moment))

        def replied(slot: Slot, heard: Heard, moment: float) -> None:
            self.pace.end(slot, self.now, heard)
            then(heard, moment)

        self.at(self.on_the_way(), arrives)

    def create(self) -> None:
        while self.left and self.busy < self.places:
            wait = self.pace.take(self.now, "create", early=self.early(), out=self.out)
            if wait > 0:
                self.asleep = True
                self.at(wait, self.wake)
                return
            self.left -= 1
            self.busy += 1
            self.out += 1
            self.send("create", self.created)

    def wake(self) -> None:
        self.asleep = False

    def created(self, heard: Heard, moment: float) -> None:
        self.out -= 1
        if heard.what == "refused":
            self.left += 1
            self.busy -= 1
            return
        job = len(self.service.ends)
        self.service.ends[job] = moment + self.law[0] * math.exp(self.dice.gauss(0, self.law[1]))
        self.jobs[job] = (self.now, self.now)
        self.at(self.law[0] * 0.7, lambda: self.look(job))

    def look(self, job: int) -> None:
        self.waiting.pop(job, None)
        self.pace.surest = sorted(self.waiting.values())
        sure = self.sure(job)
        wait = self.pace.take(self.now, "look", sure=sure, early=self.early())
        if wait <= 0:
            self.send("look", lambda heard, moment: self.looked(job, heard, moment))
            return
        wait = max(wait, min(self.pace.when(self.now, sum(one >= sure for one in self.waiting.values())), 15.0))
        self.waiting[job] = sure
        self.pace.surest = sorted(self.waiting.values())
        self.at(wait, lambda: self.look(job))

    def looked(self, job: int, heard: Heard, moment: float) -> None:
        if heard.what == "refused":
            self.at(1.0, lambda: self.look(job))
            return
        accepted, _ = self.jobs[job]
        if moment < self.service.ends[job]:
            self.jobs[job] = (accepted, moment)
            self.at(max(self.law[0] * 0.15, (self.now - accepted) * 0.2), lambda: self.look(job))
            return
        self.delays.append(self.now - self.service.ends[job])
        self.first = self.first or self.now
        self.homes += 1
        self.busy -= 1


def ran(service: Service, *, rows: int = 200, law: Law = (6.0, 0.35), pace: Pace | None = None, **more: Any) -> Done:
    """Return what a run came to; by default its pace knows the service's limits."""
    known = pace or Pace([Limit(count, window) for count, window in service.limits])
    return Run(service, known, rows=rows, law=law, **more).go()


class Through:
    """A gate of a kernel, as a run asks a pace: at the run's own moments."""

    def __init__(self, gate: SharedGate, clock: list[float]) -> None:
        self.gate, self.clock = gate, clock

    def take(self, now: float, kind: Kind, **more: Any) -> float:
        self.clock[0] = now
        return self.gate.take(kind, **more)

    def begin(self, now: float, kind: Kind) -> Slot:
        self.clock[0] = now
        return self.gate.begin(kind)

    def end(self, slot: Slot, now: float, heard: Heard) -> None:
        self.clock[0] = now
        self.gate.end(slot, heard)

    def when(self, now: float, others: int) -> float:
        self.clock[0] = now
        return self.gate.when(others)

    @property
    def surest(self) -> Sequence[float]:
        return self.gate.pace.surest

    @surest.setter
    def surest(self, waiting: Sequence[float]) -> None:
        self.gate.surest(waiting)


def side_by_side(service: Service, home: Path, *, kernels: int, rows: int, law: Law, **more: Any) -> list[Done]:
    """Have several kernels of one home folder ask the same service at once; return what came of each."""
    clock = [1000.0]
    runs = []
    for number in range(kernels):
        gate = SharedGate(Paces(home, clock=lambda: clock[0], start="one"), "apixo|k", Pace())
        run = Run(service, Through(gate, clock), rows=rows, law=law, seed=number + 1, **more)  # type: ignore[arg-type]  # it asks as a pace is asked
        run.now = 1000.0 + number / 100
        runs.append(run)
    for run in runs:
        run.create()
    while running := [run for run in runs if run.homes < run.rows]:
        min(running, key=lambda run: run.queue[0][0]).step()
    for run in runs:
        run.now -= 1000.0
    return [run.done() for run in runs]
