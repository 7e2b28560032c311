"""What is set aside for a generation, and whether budget and caps allow it: asked inside the transaction that commits it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from notebookgen.errors import BudgetExceeded
from notebookgen.jobs.budget import unbounded
from notebookgen.jobs.capping import over_cap, with_unit
from notebookgen.jobs.clock import SystemClock
from notebookgen.jobs.consent import MOST
from notebookgen.jobs.leftover import Rest
from notebookgen.ledger.rows import from_nano
from notebookgen.normal import amount_words, plain_number
from notebookgen.records import Cost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.jobs.ticket import Ticket
    from notebookgen.ledger.store import Store
    from notebookgen.records import Generation
    from notebookgen.settings import Cap

__all__ = ["dearest", "over_budget", "over_run", "reservation"]


def reservation(store: Store, generation: Generation, listed: Cost) -> Cost:
    """Return what is to be set aside: the highest of what is listed and of what this has cost before."""
    return dearest(listed, store.highest_charge(generation))


def dearest(listed: Cost, before: tuple[int, str] | None) -> Cost:
    """Return the highest of what is listed and of what this was charged before; a charge bounds a base figure.

    Args:
        listed: What the provider's lists say.
        before: The highest charge for the same model and settings, in nano-units, with its unit.
    """
    if before is None:
        return listed
    amount, unit = from_nano(before[0]), before[1]
    if listed.amount is None or (listed.unit == unit and amount > listed.amount):
        return Cost(amount, unit, "listed", note="what it cost before")
    return replace(listed, at_least=False) if listed.at_least and listed.unit == unit else listed


def over_budget(
    store: Store,
    ticket: Ticket,
    reserved: Cost,
    *,
    now: int | None = None,
    caps: Mapping[str, tuple[Cap, ...]] = MappingProxyType({}),
    left: Callable[[], Rest] | None = None,
) -> BudgetExceeded | None:
    """Return why the run's budget or a cap over the ledger's life does not allow it, or None.

    Part of the transaction that commits the intent.

    Args:
        store: The ledger.
        ticket: What is bought.
        reserved: What is set aside for it.
        now: The moment of the intent, in microseconds; by default now.
        caps: Caps that hold here besides those kept in the ledger.
        left: Tells what is left of its run; None where it is all there is.
    """
    rest = left or (lambda: Rest(Counter([(ticket.generation.full_model, reserved)])))
    over = _over_run(store, ticket, reserved, rest)
    if over is not None or ticket.generation.realm.sandbox:
        return over
    return over_cap(
        store,
        with_unit(caps, ticket.lane.provider.unit) if caps else caps,
        model=ticket.generation.full_model,
        reserved=reserved,
        now=SystemClock().now() if now is None else now,
        counted=ticket.budget.max_new is not None,
        rest=rest,
    )


def over_run(store: Store, ticket: Ticket, reserved: Cost) -> BudgetExceeded | None:
    """Return why the run's own budget does not allow it, or None."""
    return _over_run(store, ticket, reserved, lambda: Rest(Counter([(ticket.generation.full_model, reserved)])))


def _over_run(store: Store, ticket: Ticket, reserved: Cost, rest: Callable[[], Rest]) -> BudgetExceeded | None:
    """Return why the run's own budget does not allow it, or None."""
    budget = ticket.budget
    if not budget.said and not ticket.generation.realm.sandbox and store.bought_by(ticket.run) >= MOST:
        return BudgetExceeded(  # rows that another run had begun, or tries after failures: not counted when it began
            f"{MOST} were bought by this run and no budget was given, so {ticket.generation.full_model} was not sent"
            " for this one.\nRun it again with a budget or max_new to go on; what is bought is not bought again."
        )
    if budget.max_new is not None and store.bought_by(ticket.run) >= budget.max_new:
        return BudgetExceeded(
            f"max_new={budget.max_new} is reached, so {ticket.generation.full_model} was not sent for this one.\n"
            f"{_more(rest())}"
        )
    if not budget.finite:
        return None
    if not reserved.bounded and budget.max_new is None:
        return unbounded(ticket.generation.full_model, reserved, f"the budget of {budget}", lifted=True)
    if reserved.amount is None or reserved.unit is None:
        return None
    cap = ticket.budget.cap(reserved.unit)
    if cap is None:
        return BudgetExceeded(
            f"{ticket.generation.full_model} is paid in {reserved.unit}, and the budget ({ticket.budget}) has none of it."
            f" Nothing was sent.\nGive one: budget='{plain_number(reserved.amount)} {reserved.unit}'"
        )
    taken = from_nano(store.committed(run=ticket.run, unit=reserved.unit))
    if taken + reserved.amount <= cap:
        return None
    have = amount_words(max(cap - taken, Decimal(0)), reserved.unit)
    return BudgetExceeded(
        f"{ticket.generation.full_model} needs {reserved}, and the budget has {have} left. Nothing was sent.\n"
        f"{_higher(rest())}"
    )


def _more(rest: Rest) -> str:
    """Return what is typed to buy what is left, where a count has ended the run: it counts from nought each time."""
    what = "all of it, which is bought anew" if rest.anew else "what is left; what is bought is not bought again"
    return f"Run it again with max_new={rest.count} for {what}."


def _higher(rest: Rest) -> str:
    """Return what is typed to buy what is left, where a budget has ended the run: it begins at nought each time."""
    if rest.alone:
        return f"Raise it: {rest.budget}"
    kept = "" if rest.anew else "; what is bought is not bought again"
    return f"{rest.words}. Run it again with {rest.budget}{kept}."
