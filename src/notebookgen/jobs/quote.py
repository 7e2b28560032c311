"""What would be sent and what it would cost, before anything is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.jobs.budget import NO_BUDGET
from notebookgen.jobs.consent import MOST, asked_for, price_tag
from notebookgen.jobs.reserving import dearest
from notebookgen.jobs.states import State
from notebookgen.ledger.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notebookgen.jobs.budget import Budget
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
        cost: What one costs as far as is known beforehand.
        state: ``new``, ``cached``, ``running``, ``ambiguous`` or ``failed``; of several samples, ``new`` where one is.
        seconds: How long such a job usually takes; None where nothing is known yet.
        notes: What else a person should know: of several samples, of the budget, what is to be added before it is sent.
        new: How many would be sent.
    """

    generation: Generation
    cost: Cost
    state: str
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    new: int = 0

    @property
    def model(self) -> str:
        """The model, as ``provider:id``."""
        return self.generation.full_model

    def __str__(self) -> str:
        settings: Mapping[str, object] = self.generation.settings
        told = ", ".join(f"{key}={value}" for key, value in settings.items()) or "none"
        words = {
            "new": f"would be sent {_times(self.new)} {_priced(self.cost)}",
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


def _times(count: int) -> str:
    """Return how often something would be sent, as it stands before the price of one."""
    return "once," if count <= 1 else f"{count} times, each"


def quoted(house: House, wish: Wish, budget: Budget = NO_BUDGET) -> Quote:
    """Return what a wish would come to: with the price that would be reserved for it, and what the budget says to it."""
    _, seconds = house.look(wish.generation)
    reader, shape = Reader(house.settings.home), wish.generation.shape
    price = dearest(wish.price, reader.highest_charges([shape]).get(shape))
    first, content = wish.generation.sample, wish.generation.content
    unused = reader.unused_samples([content], wish.samples)[content] if wish.fresh else None
    samples = range(first, first + wish.samples) if unused is None else unused
    ids = [wish.generation.with_sample(sample).id for sample in samples]
    known = reader.last_attempts(ids)
    states = Counter(state_of(known.get(one)) for one in ids)
    new = states["new"]
    notes = [*_samples(states, price), *_judged(budget, price, new)]
    if not budget.said and new > MOST and not wish.generation.realm.sandbox:
        notes.append(f"to run it {str(asked_for([price] * new)).splitlines()[-1]}")
    return Quote(wish.generation, price, "new" if new else state_of(known.get(ids[0])), seconds, tuple(notes), new)


def _samples(states: Counter[str], price: Cost) -> Iterator[str]:
    """Yield what becomes of several samples, and what they come to."""
    if states.total() > 1:
        tag, unknown = price_tag([price] * states["new"])
        least = tag.startswith("at least")
        words = "" if unknown or not tag else f", {tag} in all" if least else f", at most {tag} in all"
        yield f"samples   {', '.join(f'{count} {state}' for state, count in states.items())}{words}"


def _judged(budget: Budget, price: Cost, new: int) -> Iterator[str]:
    """Yield what a budget says to so many new ones at a price: they are sent one by one until the next does not fit."""
    if not new or budget.uncapped or not budget.said:
        return
    if budget.finite and not price.bounded and budget.max_new is None:
        yield f"budget    {budget}: cannot hold over that price, nothing would be sent without max_new={new}"
        return
    cap, covered = budget.cap(price.unit), new
    if budget.finite and cap is None:
        covered = 0
    elif cap is not None and price.amount:
        covered = min(covered, int(cap // price.amount))
    if budget.max_new is not None:
        covered = min(covered, budget.max_new)
    count = f", at most {budget.max_new} new" if budget.finite and budget.max_new is not None else ""
    if not covered:
        yield f"budget    {budget}{count}: does not cover it, nothing would be sent"
    elif covered < new:
        yield f"budget    {budget}{count}: covers {covered} of {new}"
    else:
        yield f"budget    {budget}{count}: covers {'it' if new == 1 else f'all {new}'}"


def state_of(row: AttemptRow | None) -> str:
    """Return how a content stands before it is asked for again, from what the ledger has of it."""
    if row is None:
        return "new"
    if row.state == State.FAILED and row.retryable == 0:
        return "failed"
    return STATES.get(State(row.state), "new")
