"""What is set aside for a generation, and whether its run's cap allows it: asked inside the transaction that commits it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from notebookgen.errors import BudgetExceeded
from notebookgen.ledger.rows import from_nano
from notebookgen.normal import amount_words, plain_number
from notebookgen.records import Cost

if TYPE_CHECKING:
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.ledger.store import Store
    from notebookgen.records import Generation

__all__ = ["over_budget", "reservation"]


def reservation(store: Store, generation: Generation, listed: Cost) -> Cost:
    """Return what is to be set aside: the highest of what is listed and of what this has cost before."""
    before = store.highest_charge(generation)
    if before is None:
        return listed
    amount, unit = from_nano(before[0]), before[1]
    if listed.amount is None or (listed.unit == unit and amount > listed.amount):
        return Cost(amount, unit, "listed", note="what it cost before")
    return listed


def over_budget(store: Store, ticket: Ticket, reserved: Cost) -> BudgetExceeded | None:
    """Return why the budget does not allow it, or None. Part of the transaction that commits the intent."""
    budget = ticket.budget
    if budget.max_new is not None and store.bought_by(ticket.run) >= budget.max_new:
        return BudgetExceeded(
            f"max_new={budget.max_new} is reached, so {ticket.generation.full_model} was not sent for this one.\n"
            "Run it again with a higher max_new to go on; what is bought is not bought again."
        )
    if not budget.finite:
        return None
    if reserved.amount is None or reserved.unit is None:
        if budget.max_new is not None:
            return None
        return BudgetExceeded(
            f"nobody lists a price for {ticket.generation.full_model}, so the budget of {ticket.budget} cannot hold."
            " Nothing was sent.\n"
            f"Tell its price: ng.configure(prices={{'{ticket.generation.full_model}': '0.03'}}), or say that there is no cap: budget='none'."
        )
    cap = ticket.budget.cap(reserved.unit)
    if cap is None:
        return BudgetExceeded(
            f"{ticket.generation.full_model} is paid in {reserved.unit}, and the budget ({ticket.budget}) has none of it."
            f" Nothing was sent.\nGive one: budget='{plain_number(reserved.amount)} {reserved.unit}'"
        )
    taken = from_nano(store.committed(run=ticket.run, unit=reserved.unit))
    if taken + reserved.amount <= cap:
        return None
    return BudgetExceeded(
        f"{ticket.generation.full_model} needs {reserved}, and the budget has"
        f" {amount_words(max(cap - taken, Decimal(0)), reserved.unit)} left. Nothing was sent.\nRaise it: budget={plain_number(taken + reserved.amount)}"
    )
