"""Many purchases need a person's word: without a cap, more than fifty new generations are answered with their price."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from notebookgen.errors import BudgetNeeded
from notebookgen.normal import amount_words, plain_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notebookgen.records import Cost

__all__ = ["MOST", "asked_for", "price_tag"]

MOST = 50


def price_tag(prices: Iterable[Cost]) -> tuple[str, int]:
    """Return what prices come to, by unit in words, and how many of them are unknown."""
    known = list(prices)
    sums, unknown = summed(known)
    tag = " + ".join(amount_words(amount, unit) for unit, amount in sorted(sums.items()))
    return f"at least {tag}" if any(price.at_least for price in known) else tag, unknown


def summed(prices: Iterable[Cost]) -> tuple[dict[str, Decimal], int]:
    """Return the sum of each unit, and how many prices are unknown."""
    sums: dict[str, Decimal] = {}
    unknown = 0
    for price in prices:
        if price.amount is None or price.unit is None:
            unknown += 1
        else:
            sums[price.unit] = sums.get(price.unit, Decimal(0)) + price.amount
    return sums, unknown


def asked_for(prices: Sequence[Cost]) -> BudgetNeeded:
    """Return the answer to a run of too many new generations without a cap: its price tag, and what to add.

    Args:
        prices: What each new generation would cost, at the most that is known.
    """
    sums, unknown = summed(prices)
    tag, _ = price_tag(prices)
    count = len(prices)
    if all(price.bounded for price in prices):
        cost, sums_of = f"cost {tag}", list(sums.items())
        budget = (
            f"budget={plain_number(sums_of[0][1])}"
            if len(sums_of) == 1
            else "budget={" + ", ".join(f"'{unit}': {plain_number(amount)}" for unit, amount in sums_of) + "}"
        )
        ways = f"{budget}, or max_new={count}, or say that there is no cap: budget='none'"
    else:
        more = f" and an unknown price for {unknown}" if unknown else ""
        cost = f"cost {tag}{more}" if tag else "have an unknown price"
        ways = f"max_new={count}, or say that there is no cap: budget='none'"
    return BudgetNeeded(
        f"{count} new generations would be sent, which {cost}, and no budget was given. Nothing was sent.\nAdd {ways}."
    )
