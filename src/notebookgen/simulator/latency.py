"""How long jobs take, as laws to draw from: every distribution of durations that the simulator knows is here. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

__all__ = ["MODELS", "Between", "Exactly", "HeavyTail", "Law", "LogNormal", "Mixture", "Observed", "mean", "quantile"]

NORMAL = NormalDist()
LONGEST = 1e7  # seconds; nothing that is simulated takes as long


class Law(Protocol):
    """A distribution of durations, in seconds."""

    def draw(self, rng: random.Random) -> float:
        """Return how long one job takes."""
        ...

    def running(self, age: float) -> float:
        """Return the share of jobs that still run at an age."""
        ...


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Most jobs near a median, a few several times as long.

    Attributes:
        median: In seconds.
        sigma: Standard deviation of the logarithm.
    """

    median: float
    sigma: float

    def draw(self, rng: random.Random) -> float:
        """Return how long one job takes."""
        return rng.lognormvariate(math.log(self.median), self.sigma)

    def running(self, age: float) -> float:
        """Return the share of jobs that still run at an age."""
        return 1.0 if age <= 0 else 0.5 * math.erfc(math.log(age / self.median) / self.sigma / math.sqrt(2))


@dataclass(frozen=True, slots=True)
class HeavyTail:
    """A tail without end: twice as long is only so much rarer, however long it is already (a Lomax law).

    Attributes:
        median: In seconds.
        power: How fast the tail falls; at 1 and below there is no mean.
    """

    median: float
    power: float

    def draw(self, rng: random.Random) -> float:
        """Return how long one job takes."""
        return min(self._scale * (math.pow(1.0 - rng.random(), -1 / self.power) - 1), LONGEST)

    def running(self, age: float) -> float:
        """Return the share of jobs that still run at an age."""
        return math.pow(1 + max(age, 0.0) / self._scale, -self.power)

    @property
    def _scale(self) -> float:
        return self.median / (math.pow(2.0, 1 / self.power) - 1)


@dataclass(frozen=True, slots=True)
class Between:
    """Anything between two durations alike, as the sandbox draws it."""

    least: float
    most: float

    def draw(self, rng: random.Random) -> float:
        """Return how long one job takes."""
        return rng.uniform(self.least, self.most)

    def running(self, age: float) -> float:
        """Return the share of jobs that still run at an age."""
        if age < self.least:
            return 1.0
        return 0.0 if age >= self.most else (self.most - age) / (self.most - self.least)


@dataclass(frozen=True, slots=True)
class Exactly:
    """Every job the same."""

    seconds: float

    def draw(self, rng: random.Random) -> float:
        """Return how long one job takes."""
        return self.seconds

    def running(self, age: float) -> float:
        """Return the share of jobs that still run at an age."""
        return float(age < self.seconds)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Several laws, each for a share of the jobs: a model that is warm or cold.

    Attributes:
        parts: Shares and laws; the shares add up to one.
    """

    parts: tuple[tuple[float, Law], ...]

    def draw(self, rng: random.Random) -> float:
        """Return how long one job takes."""
        left = rng.random()
        for share, law in self.parts[:-1]:
            if left < share:
                return law.draw(rng)
            left -= share
        return self.parts[-1][1].draw(rng)

    def running(self, age: float) -> float:
        """Return the share of jobs that still run at an age."""
        return sum(share * law.running(age) for share, law in self.parts)


@dataclass(frozen=True, slots=True)
class Observed:
    """Durations that were seen, each as likely as any other.

    Attributes:
        seconds: In any order, at least one.
    """

    seconds: Sequence[float]

    def __post_init__(self) -> None:
        """Sort them."""
        object.__setattr__(self, "seconds", tuple(sorted(self.seconds)))

    def draw(self, rng: random.Random) -> float:
        """Return how long one job takes."""
        return rng.choice(self.seconds)

    def running(self, age: float) -> float:
        """Return the share of jobs that still run at an age."""
        return 1 - bisect_right(self.seconds, age) / len(self.seconds)


def quantile(law: Law, share: float) -> float:
    """Return the age in seconds at which this share of the jobs is over, to a millionth of itself."""
    low, high = 0.0, 1.0
    while law.running(high) > 1 - share and high < LONGEST:
        low, high = high, high * 2
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if law.running(middle) > 1 - share else (low, middle)
    return high


def mean(law: Law, steps: int = 20_000) -> float:
    """Return the usual duration in seconds: what is still running, summed over time."""
    end = quantile(law, 0.999_999)
    width = end / steps
    return width * (0.5 + sum(law.running((step + 0.5) * width) for step in range(1, steps)))


#: Kinds of jobs as the services have them: what is made, and how long it takes.
MODELS: dict[str, tuple[str, Law]] = {
    "image, 6 s": ("image", LogNormal(6.0, 0.35)),
    "video, 75 s": ("video", LogNormal(75.0, 0.3)),
    "warm 12 s or cold 95 s": ("image", Mixture(((0.7, LogNormal(12.0, 0.25)), (0.3, LogNormal(95.0, 0.35))))),
    "heavy tail, 60 s": ("video", LogNormal(60.0, 0.8)),
}
