"""Jobs that are looked at in virtual time: what a schedule costs, and what is learned from nothing but its own looks."""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.jobs.schedule import next_look
from notebookgen.jobs.survival import Memory, Seen, prior

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.jobs.survival import Curve

__all__ = ["LAWS", "Costs", "Law", "around", "by_curve", "costs", "old_rule", "taught"]

OLD_USUAL = {"image": 20.0, "video": 120.0, "audio": 30.0, "3d": 60.0, "text": 10.0}


@dataclass(frozen=True)
class Law:
    """How long jobs of some kind truly take."""

    kind: str | None
    draw: Callable[[random.Random], float]

    def times(self, count: int, seed: int = 7) -> list[float]:
        rng = random.Random(seed)
        return [self.draw(rng) for _ in range(count)]


def around(median: float, spread: float) -> Callable[[random.Random], float]:
    return lambda rng: median * math.exp(rng.gauss(0, spread))


def warm_or_cold(rng: random.Random) -> float:
    return around(12, 0.2)(rng) if rng.random() < 0.7 else around(95, 0.2)(rng)


LAWS = {
    "image 6 s": Law("image", around(6, 0.35)),
    "video 75 s": Law("video", around(75, 0.25)),
    "warm or cold": Law("image", warm_or_cold),
    "heavy tail": Law("video", around(60, 0.8)),
}


@dataclass(frozen=True)
class Costs:
    """Looks a job, and seconds from its end to the look that found it, on average."""

    looks: float
    delay: float
    duration: float
    median: float

    @property
    def whole(self) -> float:
        """Both in seconds, by what a look is worth to jobs of that length."""
        return self.looks * 0.1 * math.sqrt(self.median) + self.delay


def costs(law: Law, wait: Callable[[float, random.Random], float], jobs: int = 2000, chains: int = 16) -> Costs:
    """Look at jobs after the waits that a rule gives for their age."""
    rng = random.Random(3)
    times = law.times(jobs)
    schedules = []
    for _ in range(chains):
        ages = [0.0]
        while ages[-1] < max(times):
            ages.append(ages[-1] + wait(ages[-1], rng))
        schedules.append(ages[1:])
    looks, delay = 0, 0.0
    for number, end in enumerate(times):
        schedule = schedules[number % chains]
        found = bisect_left(schedule, end)
        looks += found + 1
        delay += schedule[found] - end
    return Costs(looks / jobs, delay / jobs, sum(times) / jobs, sorted(times)[jobs // 2])


def by_curve(curve: Curve) -> Callable[[float, random.Random], float]:
    """Return the rule that is used, for a curve."""
    return lambda age, rng: next_look(age, curve=curve, jitter=rng.random())


def old_rule(kind: str | None) -> Callable[[float, random.Random], float]:
    """Return the rule that was used before anything was learned: the square root of the age."""
    usual = OLD_USUAL.get(kind or "image", 20.0)
    longest = 20.0 if usual > 30 else 5.0

    def wait(age: float, rng: random.Random) -> float:
        seen = max(age, 0.5)
        spread = math.log(max(max(usual * 4, 30.0) / seen, math.e))
        return min(max(math.sqrt(0.1 * seen * spread), 0.25), longest) * (0.9 + 0.2 * rng.random())

    return wait


def taught(law: Law, count: int, seed: int = 1, memory: Memory | None = None, curve: Curve | None = None) -> Curve:
    """Return what is known after so many jobs that were looked at as is known: nothing else tells when they ended."""
    rng = random.Random(seed)
    first = prior(law.kind)
    memory, curve = memory or Memory(), curve or first
    for number in range(count):
        end, last = law.draw(rng), 0.0
        while (age := last + next_look(last, curve=curve, jitter=rng.random())) < end:
            last = age
        if memory.add(Seen(age, last), curve) or number < 10 or number % 10 == 9:
            curve = memory.curve(first)
    return curve
