"""What the rows of a run come to, kept as they change: counts and sums, so that nobody has to go through them all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from notebookgen.jobs.states import OPEN, State
from notebookgen.records import Cost

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notebookgen.jobs.delivered import Delivered
    from notebookgen.ledger.rows import AttemptRow

__all__ = ["Tally", "in_all"]

PAID = frozenset({State.SAVED, State.COMPLETED})


@dataclass(slots=True)
class Tally:
    """Counts and sums over the rows of a run. Units are never added together.

    Attributes:
        states: How many rows are in which state.
        done: How many rows have ended for this run.
        cached: How many were paid for before, or by another row.
        spent: What this run's own rows cost, net, by unit.
        reserved: What is set aside for rows under way, by unit.
        listed: How many of the costs are known from a list only.
        unknown: How many of this run's own rows were made at a cost that nobody knows.
        dearer: How many cost more than was reserved after the list.
        sunk: How many earlier tries of its rows have cost something.
    """

    states: Counter[State] = field(default_factory=Counter)
    done: int = 0
    cached: int = 0
    spent: dict[str, Decimal] = field(default_factory=dict)
    reserved: dict[str, Decimal] = field(default_factory=dict)
    listed: int = 0
    unknown: int = 0
    dearer: int = 0
    sunk: int = 0

    def add(self, row: Delivered, sign: int = 1) -> None:
        """Count a row, or with ``sign=-1`` take back that it was counted."""
        self.states[row.state] += sign
        self.done += sign * row.done
        self.cached += sign * row.cached
        cost = row.cost
        if row.cached:
            return
        if row.state in PAID and cost.amount is None:
            self.unknown += sign
        if cost.amount and cost.unit:
            add(self.spent, cost.unit, cost.amount * sign)
            self.listed += sign * (cost.basis == "listed")
            self.dearer += sign * dearer(row)
        elif row.state in OPEN and row.reserved.amount and row.reserved.unit:
            add(self.reserved, row.reserved.unit, row.reserved.amount * sign)

    def sink(self, cost: Cost, sign: int = 1) -> None:
        """Keep what a row has cost, although it is asked for once more; with ``sign=-1`` take that back."""
        if cost.amount and cost.unit:
            add(self.spent, cost.unit, cost.amount * sign)
            self.listed += sign * (cost.basis == "listed")
            self.sunk += sign

    @property
    def open(self) -> int:
        """How many rows are under way, or held because nobody knows."""
        return sum(self.states[state] for state in OPEN)


def in_all(row: Delivered, before: Iterable[Cost]) -> Cost:
    """Return what a row has cost together with earlier tries of it.

    What nobody knows stays unknown, and units are never added together. Of one that is under way, nothing is spent yet.
    """
    cost = row.cost
    if cost.amount is None and row.state in OPEN:
        cost = Cost(Decimal(0), cost.unit, "reported")
    for one in before:
        if one.amount and cost.amount is not None and cost.unit in {None, one.unit}:
            basis = "listed" if "listed" in {one.basis, cost.basis} else one.basis
            cost = Cost(cost.amount + one.amount, one.unit, basis)
    return cost if cost.amount else row.cost


def tries(row: Delivered, known: Mapping[str, Sequence[AttemptRow]]) -> list[Cost]:
    """Return what the tries of a row before the one that it stands for have cost."""
    told = known.get(row.generation.id, ())
    return [one.cost for one in told if row.at is None or datetime.fromtimestamp(one.at / 1e6, UTC) < row.at]


def add(sums: dict[str, Decimal], unit: str, amount: Decimal) -> None:
    """Add to the sum of a unit; a sum of nought is left out."""
    total = sums.get(unit, Decimal(0)) + amount
    if total:
        sums[unit] = total
    else:
        sums.pop(unit, None)


def dearer(row: Delivered) -> bool:
    """Whether a provider took more than what was reserved after its own list; what the sandbox takes is nobody's."""
    if row.cached or row.generation.realm.sandbox or row.cost.amount is None or row.reserved.amount is None:
        return False
    return row.cost.unit == row.reserved.unit and row.cost.amount > row.reserved.amount
