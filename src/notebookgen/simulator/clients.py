"""Who asks, in a simulated run: a client as people write them around a habit. Ours is in its own module. Pure."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from notebookgen.simulator.habits import Habit
    from notebookgen.simulator.service import Answer

__all__ = ["Client", "Stock", "by_habit"]

LONGEST = 60.0


class Client(Protocol):
    """What decides for one account. Moments are seconds since the beginning of the run, ages since a job was sent."""

    lists: bool
    """Whether it asks for lists in the place of looks."""

    def may_create(self, now: float, under_way: int) -> float:
        """Return the seconds until a create may leave, with so many jobs under way; 0.0 has it leave now."""
        ...

    def may_look(self, now: float, job: int, age: float, after: float) -> float:
        """Return the same for a look at a job of an age that was last seen running at an earlier one, or for a list."""
        ...

    def until_list(self, ages: Sequence[tuple[float, float]]) -> tuple[float, float]:
        """Return the seconds until the next list, and the share of its own interval that another job must have waited.

        Args:
            ages: Those of the jobs that it would show, and at which each was last seen running.
        """
        ...

    def sent(self, now: float, purpose: str) -> object:
        """Hear that a request has left; what is returned comes back with its answer."""
        ...

    def answered(self, now: float, note: object, answer: Answer, under_way: int) -> None:
        """Hear what came back."""
        ...

    def wait(self, age: float, after: float, looks: int) -> float:
        """Return the seconds until the next look at a job of an age, after so many looks."""
        ...

    def again(self, purpose: str, answer: Answer, tries: int) -> float | None:
        """Return the seconds until what was refused so many times is sent again; None for when it may."""
        ...

    def over(self, seconds: float, after: float, exactly: float, running: Iterable[float]) -> None:
        """Hear that a job was found to be over.

        Args:
            seconds: Its age then.
            after: The age at which it was last seen running.
            exactly: How long it took, as a service may tell.
            running: The ages at which the others were last seen running.
        """
        ...


class Stock:
    """A client without any pacing: it sends at once, and where it is refused, it waits and sends again."""

    __slots__ = ("_habit", "_heeds", "_rng")
    lists = False

    def __init__(self, habit: Habit, rng: random.Random, *, heeds: bool = False) -> None:
        """Look at jobs by a habit; with ``heeds``, come back when a refusal says."""
        self._habit = habit
        self._heeds = heeds
        self._rng = rng

    def may_create(self, now: float, under_way: int) -> float:
        """Return 0.0: nothing is held back."""
        return 0.0

    def may_look(self, now: float, job: int, age: float, after: float) -> float:
        """Return 0.0: nothing is held back."""
        return 0.0

    def until_list(self, ages: Sequence[tuple[float, float]]) -> tuple[float, float]:
        """Return that no list is ever asked for."""
        return math.inf, 1.0

    def sent(self, now: float, purpose: str) -> object:
        """Keep nothing."""
        return None

    def answered(self, now: float, note: object, answer: Answer, under_way: int) -> None:
        """Learn nothing."""

    def wait(self, age: float, after: float, looks: int) -> float:
        """Return the seconds until the next look, by the habit."""
        return self._habit.wait(age, looks, self._rng)

    def again(self, purpose: str, answer: Answer, tries: int) -> float | None:
        """Return what a refusal tells, as the retry of urllib3 does; where that is not heeded, doubled seconds with some chance."""
        if self._heeds and answer.retry_after:
            return answer.retry_after
        return min(0.5 * 2.0 ** min(tries, 10), LONGEST) * self._rng.uniform(0.75, 1.25)

    def over(self, seconds: float, after: float, exactly: float, running: Iterable[float]) -> None:
        """Learn nothing."""


def by_habit(habit: Habit, *, heeds: bool = False) -> Callable[[random.Random], Stock]:
    """Return what makes clients of a habit.

    Args:
        habit: When a job is looked at.
        heeds: Whether what is refused is sent again when the refusal says (``Retry-After``), and not after seconds that
            double each time.
    """
    return partial(Stock, habit, heeds=heeds)
