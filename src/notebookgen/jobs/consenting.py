"""Whether a run may begin: many purchases need a word about money first, and a budget must be able to hold over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.jobs.budget import unbounded
from notebookgen.jobs.consent import MOST, asked_for
from notebookgen.jobs.knowing import BOUGHT_ANEW
from notebookgen.jobs.reserving import reservation
from notebookgen.jobs.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.jobs.budget import Budget
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.ticket import Wish
    from notebookgen.records import Cost, Generation

__all__ = ["check_consent"]


def check_consent(core: Core, rows: Sequence[tuple[Generation, Wish]], budget: Budget) -> None:
    """Refuse a run of many purchases for which nobody has said how much may be spent.

    Raises:
        BudgetNeeded: There are more than fifty new ones; the message is the price tag.
        BudgetExceeded: Of several kinds one has no price that a budget could hold.
    """
    if budget.finite and budget.max_new is None and len({generation.shape for generation, _ in rows}) > 1:
        _check_bounds(core, rows, budget)
    if budget.said or len(rows) <= MOST:
        return
    new: dict[str, Cost] = {}
    for generation, wish in rows:
        if not generation.realm.sandbox and generation.id not in new and _is_new(core, generation):
            new[generation.id] = reservation(core.store, generation, wish.price)
    if len(new) > MOST:
        raise asked_for(list(new.values()))


def _check_bounds(core: Core, rows: Sequence[tuple[Generation, Wish]], budget: Budget) -> None:
    """Refuse a budget that cannot hold over some of the rows, before any of them is sent.

    Raises:
        BudgetExceeded: One has no price that the budget could hold.
    """
    for generation, wish in rows:
        price = reservation(core.store, generation, wish.price)
        if not price.bounded and _is_new(core, generation):
            raise unbounded(generation.full_model, price, f"the budget of {budget}", lifted=True, count=len(rows))


def _is_new(core: Core, generation: Generation) -> bool:
    """Whether asking for a generation would buy it."""
    ticket = core.tickets.get(generation.id)
    if ticket is not None and ticket.state is not State.PLANNED:  # what is not sent yet may be this run's to pay for
        return False
    row = core.store.last_attempt(generation.id)
    return row is None or (row.state in BOUGHT_ANEW and not (row.state == State.FAILED and row.retryable == 0))
