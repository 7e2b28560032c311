"""When a client looks at a job again: the habits of well-known clients, the best that is possible, and our own. Pure."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from notebookgen.simulator.optimum import best_looks

if TYPE_CHECKING:
    import random

    from notebookgen.simulator.latency import Law

__all__ = ["KNOWN", "Best", "Fixed", "Growing", "Habit"]


class Habit(Protocol):
    """A rule for the next look."""

    def wait(self, age: float, looks: int, rng: random.Random) -> float:
        """Return the seconds until the next look.

        Args:
            age: Seconds since the job was accepted.
            looks: How many there were.
            rng: For what is left to chance.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same interval for ever.

    Attributes:
        seconds: From one look to the next.
        spread: So many seconds more or less, at random.
    """

    seconds: float
    spread: float = 0.0

    def wait(self, age: float, looks: int, rng: random.Random) -> float:
        """Return the seconds until the next look."""
        return self.seconds + (rng.uniform(-self.spread, self.spread) if self.spread else 0.0)


@dataclass(frozen=True, slots=True)
class Growing:
    """An interval that grows by a factor, up to a bound."""

    first: float = 1.0
    factor: float = 1.5
    most: float = 30.0

    def wait(self, age: float, looks: int, rng: random.Random) -> float:
        """Return the seconds until the next look."""
        return min(self.first * self.factor ** min(looks, 100), self.most)


class Best:
    """The schedule that no other one beats, for a law that is known: what could be reached, not what a client can do."""

    __slots__ = ("_last", "_looks")

    def __init__(self, law: Law, worth: float) -> None:
        """Solve it; ``worth`` is how many seconds of unnoticed completion one look is worth."""
        self._looks = best_looks(law, worth)
        self._last = self._looks[-1] - (self._looks[-2] if len(self._looks) > 1 else 0.0)

    def wait(self, age: float, looks: int, rng: random.Random) -> float:
        """Return the seconds until the next look."""
        following = next(itertools.islice(self._looks, looks, None), None)
        return self._last if following is None else max(following - age, 0.0)


#: What clients do as they come, and exponential back-off as many are told to do it.
KNOWN: dict[str, Habit] = {
    "fal-client: every 0.1 s": Fixed(0.1),
    "replicate, huggingface_hub: every 0.5 s": Fixed(0.5),
    "openai: every 1 s": Fixed(1.0),
    "together: every 2 s": Fixed(2.0),
    "runwayml: every 6 s ± 1.5": Fixed(6.0, 1.5),
    "exponential: from 1 s by half more, to 30 s": Growing(),
}
