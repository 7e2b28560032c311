"""How a run stands at one moment, as everybody outside the engine is told. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notebookgen.jobs.states import BUSY, OVER, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from notebookgen.jobs.survival import Curve
    from notebookgen.jobs.tally import Tally

__all__ = ["Forecast", "Progress", "first_phase", "whole_seconds"]

WAITING = "waiting: "


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a job is usually over.

    Attributes:
        curve: How long such jobs take.
        since: When it began, on the monotonic clock.
    """

    curve: Curve
    since: float

    def left(self, now: float) -> float:
        """Return how many seconds it usually still takes, as long as it is not over by now."""
        return self.curve.left(now - self.since)


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run stands at one moment.

    Attributes:
        total: Rows.
        states: How many rows are in which state.
        phase: What is going on, in a word or two.
        elapsed: Seconds since it began.
        expected: Seconds that such a run usually takes in all, by how long such jobs take; None where nothing is known.
        spent: What was spent by this run, by unit.
        reserved: What is set aside for its rows under way, by unit.
        model: The model, where all rows have the same.
        job: The provider's handle, for a run of one.
        notes: What a person should know, a line each.
        paused: Whether a person wants nothing new to be sent for a while.
        cached: How many rows were paid for before or by another row, or are not this run's to wait for.
        ended: How many rows have ended for this run, those among them that are never sent.
        left: What is left of the budget beside what was spent and is set aside, for the units in use.
    """

    total: int
    states: Mapping[str, int]
    phase: str
    elapsed: float
    expected: float | None
    spent: Mapping[str, Decimal]
    model: str
    job: str | None
    notes: tuple[str, ...] = ()
    reserved: Mapping[str, Decimal] = field(default_factory=dict)
    paused: bool = False
    cached: int = 0
    ended: int = 0
    left: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def over(self) -> int:
        """How many rows have ended."""
        return sum(count for state, count in self.states.items() if State(state) in OVER)


def whole_seconds(forecast: Forecast | None, tally: Tally, total: int, began: float, now: float) -> float | None:
    """Return how many seconds a run usually takes in all: its newest job, and before it those that wait for a place.

    Args:
        forecast: Of the job that was told of last; None where nothing is known.
        tally: How its rows stand.
        total: How many there are.
        began: When it began, on the monotonic clock.
        now: The moment, on the same clock.
    """
    if forecast is None:
        return None
    running = sum(count for state, count in tally.states.items() if state in BUSY)
    waiting = max(total - tally.done - running - tally.states.get(State.COMPLETED, 0), 0)
    if not running and not waiting:  # only files are still to come
        return None
    return now - began + forecast.left(now) + forecast.curve.median * waiting / max(running, 1)


def first_phase(phases: Iterable[str]) -> str:
    """Return what is going on in a run: what its account makes it wait for, else what its first open row is at."""
    found = tuple(phases)
    return next((one for one in found if one.startswith(WAITING)), found[0] if found else "")
