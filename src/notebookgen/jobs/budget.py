"""May this still be spent? Pure: caps and sums in, yes or no out. Units are never added together."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING

from notebookgen.errors import BudgetExceeded, InvalidCall
from notebookgen.normal import FARTHEST, shown_value

if TYPE_CHECKING:
    from notebookgen.records import Cost

__all__ = ["MOST_NEW", "NO_BUDGET", "Budget", "check_unit", "parse_budget", "said_before", "unbounded"]

PART = re.compile(r"([-+]?[\d._]+(?:[eE][-+]?\d+)?)\s*([A-Za-z]\w*)?")
MOST_NEW = 2**63 - 1  # which is how people write that there is no limit
COUNT = re.compile(r"at most (\d+) new")


@dataclass(frozen=True, slots=True)
class Budget:
    """A cap on what one call may reserve and spend.

    Attributes:
        caps: The cap of each unit; the unit ``None`` is a bare number, for the run's one unit.
        uncapped: The user said on purpose that there is none.
        max_new: How many may be bought at the most, whatever they cost; None for as many as the caps allow.
    """

    caps: Mapping[str | None, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    uncapped: bool = False
    max_new: int | None = None

    @property
    def finite(self) -> bool:
        """Whether there is a cap at all."""
        return bool(self.caps)

    @property
    def said(self) -> bool:
        """Whether a person has said anything at all about how much may be spent."""
        return self.finite or self.uncapped or self.max_new is not None

    def cap(self, unit: str | None) -> Decimal | None:
        """Return the cap for a unit: its own, else the bare number; None where this budget has none for it."""
        return self.caps.get(unit, self.caps.get(None))

    @property
    def kept(self) -> str | None:
        """All of it as the ledger keeps it with the run; None where nothing was said. ``said_before`` reads it."""
        count = f"at most {self.max_new} new" if self.max_new is not None else ""
        caps = str(self) if self.finite or self.uncapped else ""
        return ", ".join(filter(None, (caps, count))) or None

    def __str__(self) -> str:
        if self.uncapped:
            return "none"
        if self.max_new is not None and not self.finite:
            return f"at most {self.max_new} new"
        return ", ".join(_written(amount) + (f" {unit}" if unit else "") for unit, amount in self.caps.items())


NO_BUDGET = Budget()


def _written(amount: Decimal) -> str:
    """Return an amount to be read again: written out, but for what lies so far from 1 that it would fill pages."""
    return f"{amount:f}" if abs(amount.adjusted()) <= FARTHEST else str(amount)


def parse_budget(value: object, *, max_new: object = None) -> Budget:
    """Read a budget: a number, ``"5 USD"``, ``"500 credits, 5 USD"`` or as a mapping, ``math.inf`` or ``"none"``.

    Args:
        value: The cap on what is spent, or None.
        max_new: The cap on how many are bought, or None.

    Raises:
        InvalidCall: It is none of these, or not above zero.
    """
    if max_new is not None:
        if not isinstance(max_new, int) or isinstance(max_new, bool) or not 1 <= max_new <= MOST_NEW:
            message = f"max_new={shown_value(max_new)} makes no sense. Give a whole number from 1: how many may be bought at the most."
            raise InvalidCall(message)
        return replace(parse_budget(value), max_new=max_new)
    if value is None:
        return NO_BUDGET
    if isinstance(value, Budget):
        return value
    if isinstance(value, float) and math.isinf(value) and value > 0:
        return Budget(uncapped=True)
    if isinstance(value, str):
        if value.strip().lower() in {"none", "inf"}:
            return Budget(uncapped=True)
        return Budget(_parts(value))
    if isinstance(value, Mapping):
        return Budget({str(unit): _amount(amount, value) for unit, amount in value.items()})
    return Budget({None: _amount(value, value)})


def said_before(text: str | None) -> Budget:
    """Return the budget of a run that stands in the ledger, from its text there; an unreadable one is no budget."""
    caps: dict[str | None, Decimal] = {}
    uncapped, max_new = False, None
    for part in text.split(", ") if text else ():
        count = COUNT.fullmatch(part)
        if count is not None:
            max_new = int(count[1])
        elif part == "none":
            uncapped = True
        else:
            number, _, unit = part.partition(" ")
            try:
                caps[unit or None] = Decimal(number)
            except InvalidOperation:
                return NO_BUDGET
    return Budget(caps, uncapped=uncapped, max_new=max_new)


def check_unit(budget: Budget, unit: str, payee: str) -> None:
    """Check that a budget says anything about what is going to be paid, before anything else is done.

    Args:
        budget: What a person gave.
        unit: In what is paid.
        payee: Whom, for the message.

    Raises:
        InvalidCall: It names other units only.
    """
    if budget.finite and budget.cap(unit) is None:
        message = (
            f"the budget is {budget}, and {payee} is paid in {unit}. Nothing was sent.\n"
            f"Give it in {unit}: budget='5 {unit}', or as a bare number."
        )
        raise InvalidCall(message)


def unbounded(model: str, price: Cost, cap: str, *, lifted: bool = False, count: int = 1) -> BudgetExceeded:
    """Return why a cap cannot hold over what has no price, or a base figure only, and what a person may say instead.

    Args:
        model: What would be bought, as ``provider:id``.
        price: What is known of its price.
        cap: The cap, in words.
        lifted: Whether the call itself may say that there is no cap.
        count: How many would be bought in all.
    """
    why = (
        f"{model} costs {price.words}, and its settings may make it dearer"
        if price.at_least
        else (f"nobody lists a price for {model}")
    )
    most, amount = ("the most that it costs", "...") if price.at_least else ("its price", "'0.03 per result'")
    ways = f"Tell how many may be bought: max_new={count}, or {most}: ng.configure(prices={{'{model}': {amount}}})"
    none = ",\nor say that there is no cap: budget='none'" if lifted else ""
    return BudgetExceeded(f"{why}, so {cap} cannot hold. Nothing was sent.\n{ways}{none}.")


def _parts(text: str) -> dict[str | None, Decimal]:
    """Return the caps that a text gives: one, or one for each unit.

    Raises:
        InvalidCall: A part is no amount above zero, has no unit among several, or has the unit of another.
    """
    read = [part.strip() for part in text.split(",")]
    matches = [PART.fullmatch(part) for part in read]
    caps = {
        match[2] if match else None: _amount(match[1] if match else part, text)
        for match, part in zip(matches, read, strict=True)
    }
    if len(read) > 1 and (None in caps or len(caps) < len(read)):
        message = f"a budget for several units names each of them once, such as '500 credits, 5 USD', not {shown_value(text)}."
        raise InvalidCall(message)
    return caps


def _amount(number: object, whole: object) -> Decimal:
    """Return one cap.

    Raises:
        InvalidCall: It is no number above zero.
    """
    try:
        amount = Decimal(str(number))
    except (InvalidOperation, ValueError):  # ValueError: a whole number of too many digits
        amount = Decimal(-1)
    if not amount.is_finite() or amount <= 0 or isinstance(number, bool):
        message = (
            f"the budget {shown_value(whole)} is no amount above zero. Give 5, '5 USD', {{'credits': 500}} or 'none'."
        )
        raise InvalidCall(message)
    return amount
