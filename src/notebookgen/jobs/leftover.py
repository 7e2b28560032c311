"""Where a run's money ends: which of its rows are behind that place, and what asking again for the rest would take."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from notebookgen.jobs.states import State
from notebookgen.normal import amount_words, plain_number
from notebookgen.records import Cost

if TYPE_CHECKING:
    from notebookgen.errors import NotebookgenError
    from notebookgen.jobs.ticket import Ticket

__all__ = ["AGAIN", "Price", "Rest", "is_behind", "rest_of", "why_behind"]

AGAIN = "Nothing was charged.\nRun it again to send it; what is bought is not bought again."
Price = tuple[str, Cost]
# What the same call again buys: it was never sent, or may be tried again.
BOUGHT_AGAIN = (State.PLANNED, State.FAILED, State.CANCELLED, State.REFUSED)


@dataclass(frozen=True, slots=True)
class Rest:
    """What the same call again would buy.

    Attributes:
        prices: How many of each model (as ``provider:id``) and price.
        anew: Whether that is all of the run once more, and not only what is left of it.
        alone: Whether it is a run of one.
    """

    prices: Counter[Price] = field(default_factory=Counter)
    anew: bool = False
    alone: bool = True

    @property
    def count(self) -> int:
        """How many would be bought."""
        return self.prices.total()

    def needs(self, provider: str | None = None) -> dict[str, Decimal]:
        """Return what it takes of each unit, at the most that is known: of one provider, or of all."""
        sums: dict[str, Decimal] = {}
        for (model, price), count in self.prices.items():
            if price.amount is not None and price.unit is not None and provider in {None, model.partition(":")[0]}:
                sums[price.unit] = sums.get(price.unit, Decimal(0)) + price.amount * count
        return sums

    @property
    def words(self) -> str:
        """What it takes, in a sentence: ``What is left, 15 new ones, needs 0.09 USD``."""
        least = "" if all(price.bounded for _, price in self.prices) else "at least "
        tag = " + ".join(amount_words(amount, unit) for unit, amount in sorted(self.needs().items()))
        count = "1 new one" if self.count == 1 else f"{self.count} new ones"
        what = f"All of it is bought anew by the same call, {count}, and" if self.anew else f"What is left, {count},"
        return f"{what} needs {least}{tag}"

    @property
    def budget(self) -> str:
        """What is typed to allow it: ``budget=0.09``."""
        sums = sorted(self.needs().items())
        if len(sums) == 1:
            return f"budget={plain_number(sums[0][1])}"
        return "budget={" + ", ".join(f"'{unit}': {plain_number(amount)}" for unit, amount in sums) + "}"


def rest_of(ticket: Ticket, reserved: Cost) -> Rest:
    """Return what is left of a run where the next row does not fit.

    Args:
        ticket: That row.
        reserved: What would be set aside for it: its price, or what one like it has cost since.
    """
    own, mine = ticket.own, (ticket.generation.full_model, reserved)
    if own is None or own[0].priced is None or own[0].total == 1:
        return Rest(Counter([mine]))
    handle, index = own
    rows = range(handle.total) if handle.anew else handle.among(BOUGHT_AGAIN, again=True)
    prices = Counter(price for price in map(own[0].priced, rows) if price is not None)
    listed = own[0].priced(index)
    alike = prices.pop(listed, 0) if listed is not None else 0  # what it would cost now is what all of its kind would
    prices[mine] += max(alike, 1)
    return Rest(prices, handle.anew, alone=False)


def is_behind(ticket: Ticket, run: str | None = None) -> bool:
    """Whether a row stands behind the one at which the money of the run that pays for it (of a certain one) has ended."""
    own = ticket.own if run in {None, ticket.run} else None
    return own is not None and own[0].ends is not None and own[1] > own[0].ends[0]


def why_behind(ticket: Ticket) -> NotebookgenError | None:
    """Return why nothing is sent for a row that stands behind the end of the money; None where it does not."""
    own = ticket.own
    return own[0].ends[1] if own is not None and own[0].ends is not None and is_behind(ticket) else None
