"""What would be sent and what it would cost, before anything is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.jobs.reserving import dearest
from notebookgen.jobs.states import State
from notebookgen.ledger.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.jobs.house import House
    from notebookgen.jobs.ticket import Wish
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Cost, Generation

__all__ = ["Quote", "quoted", "state_of"]

STATES = {
    State.SAVED: "cached",
    State.INTENT: "running",
    State.SUBMITTED: "running",
    State.COMPLETED: "running",
    State.AMBIGUOUS: "ambiguous",
}


@dataclass(frozen=True, slots=True)
class Quote:
    """What would be sent and what it would cost; nothing was sent.

    Attributes:
        generation: What would be asked for.
        cost: What it costs as far as is known beforehand.
        state: ``new``, ``cached``, ``running``, ``ambiguous`` or ``failed``.
        seconds: How long such a job usually takes; None where nothing is known yet.
        notes: What else a person should know.
    """

    generation: Generation
    cost: Cost
    state: str
    seconds: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """The model, as ``provider:id``."""
        return self.generation.full_model

    def __str__(self) -> str:
        settings: Mapping[str, object] = self.generation.settings
        told = ", ".join(f"{key}={value}" for key, value in settings.items()) or "none"
        words = {
            "new": f"would be sent once, {_priced(self.cost)}",
            "cached": "paid for before: nothing would be sent, nothing spent",
            "running": "under way already: nothing more would be sent",
            "ambiguous": "sent before without an answer: it would be looked for, not sent again",
            "failed": "failed before for good: nothing would be sent unless a fresh one is asked for",
        }
        lines = [
            f"model     {self.model}{' (sandbox)' if self.generation.realm.sandbox else ''}",
            f"prompt    {self.generation.prompt}",
            f"settings  {told}",
            f"{self.state:9} {words[self.state]}",
        ]
        return "\n".join([*lines, *self.notes])

    def __repr__(self) -> str:
        return str(self)


def _priced(cost: Cost) -> str:
    """Return the words for a price, and in one pair of brackets where it is known from and what it depends on."""
    known = "; ".join(part for part in ("listed" if cost.basis == "listed" else "", cost.note) if part)
    words = "at a cost that nobody tells" if cost.amount is None else f"for {cost.words}"
    return f"{words} ({known})" if known else words


def quoted(house: House, wish: Wish) -> Quote:
    """Return what a wish would come to: with the price that would be reserved for it."""
    row, seconds = house.look(wish.generation)
    shape = wish.generation.shape
    before = Reader(house.settings.home).highest_charges([shape]).get(shape)
    return Quote(wish.generation, dearest(wish.price, before), state_of(row), seconds)


def state_of(row: AttemptRow | None) -> str:
    """Return how a content stands before it is asked for again, from what the ledger has of it."""
    if row is None:
        return "new"
    if row.state == State.FAILED and row.retryable == 0:
        return "failed"
    return STATES.get(State(row.state), "new")
