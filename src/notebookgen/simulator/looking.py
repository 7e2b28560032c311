"""Jobs that are looked at one by one, without a network and without a limit: how many looks, and how late. Pure.

Each job is independent of the others, so that no clock is needed: a habit's looks are written down once, a few times
over where chance plays a part, and each job's end is found among them. A million jobs take seconds.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebookgen.simulator.habits import Habit
    from notebookgen.simulator.latency import Law

__all__ = ["Looked", "chain", "looked"]

CHAINS = 64


@dataclass(frozen=True, slots=True)
class Looked:
    """What a habit cost.

    Attributes:
        jobs: How many there were.
        duration: How long they took on average, in seconds.
        looks: Looks a job.
        delay: Seconds from a job's end to the look that found it, on average.
        late: The same for the one in twenty that waited longest.
        latest: The longest of all.
    """

    jobs: int
    duration: float
    looks: float
    delay: float
    late: float
    latest: float

    def cost(self, worth: float) -> float:
        """Return looks and delay in one figure, in seconds, where a look is worth so many."""
        return self.looks * worth + self.delay


def looked(law: Law, habit: Habit, *, jobs: int = 20_000, seed: int = 1, chains: int = CHAINS) -> Looked:
    """Look at jobs by a habit until each is over.

    Args:
        law: How long they take.
        habit: When they are looked at.
        jobs: How many.
        seed: The same seed gives the same figures.
        chains: How many different runs of chance the looks are drawn from.
    """
    rng = random.Random(seed)  # noqa: S311 - a simulation
    ends = sorted(law.draw(rng) for _ in range(jobs))
    schedules = [chain(habit, ends[-1], rng) for _ in range(min(chains, jobs))]
    looks, delays = 0, []
    for number, end in enumerate(ends):
        schedule = schedules[number % len(schedules)]
        found = bisect_left(schedule, end)
        looks += found + 1
        delays.append(schedule[found] - end)
    delay = sum(delays) / jobs
    delays.sort()
    return Looked(jobs, sum(ends) / jobs, looks / jobs, delay, delays[int(jobs * 0.95)], delays[-1])


def chain(habit: Habit, until: float, rng: random.Random) -> list[float]:
    """Return the ages at which a job that runs until an age (seconds) is looked at; the last look finds it over."""
    ages = [habit.wait(0.0, 0, rng)]
    while ages[-1] < until:
        ages.append(ages[-1] + max(habit.wait(ages[-1], len(ages), rng), 1e-6))
    return ages
