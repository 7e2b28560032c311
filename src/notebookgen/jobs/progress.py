"""How a run stands at one moment, as everybody outside the engine is told. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notebookgen.jobs.states import OVER, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

__all__ = ["Progress"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run stands at one moment.

    Attributes:
        total: Rows.
        states: How many rows are in which state.
        phase: What is going on, in a word or two.
        elapsed: Seconds since it began.
        expected: Seconds that such a run usually takes in all; None where nothing is known.
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
