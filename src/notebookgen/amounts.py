"""Amounts as people write them: everything that reads a price or a table of amounts from a setting. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from notebookgen.errors import SettingsError, near_miss
from notebookgen.normal import plain_number, shown_value

__all__ = ["OwnPrice", "read_amounts", "read_prices"]

MOST = Decimal(10**6)  # of one result, in any unit; a slip of the pen is more
PERS = ("result", "second", "1000 characters")
EXAMPLE = '{"apimodels:x/y": "0.03"}'
PRICE = re.compile(r"(?P<amount>\S+)( +(?P<unit>(?!per\b)\S+))?( +per +(?P<per>.+))?")


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """What a person says that a model costs.

    Attributes:
        amount: The amount; 0 where it is free.
        per: ``result``, ``second`` or ``1000 characters``; None where it is not said, which means a result.
        unit: The unit, where it is said; it must be the provider's own.
    """

    amount: Decimal
    per: str | None = None
    unit: str | None = None

    def __str__(self) -> str:
        """Return it as it is written: ``0.03 per second``."""
        return " ".join([plain_number(self.amount), *([self.unit] if self.unit else []), f"per {self.per or 'result'}"])


def read_prices(where: str, value: object) -> Mapping[str, OwnPrice]:
    """Read prices by model: ``0.03``, ``"0.03"``, ``"0.03 per second"``, ``"0.03 USD per result"``.

    Args:
        where: Where they are said, for messages.
        value: A table.

    Raises:
        SettingsError: It is none, or a price is no amount that can be.
    """
    if not isinstance(value, Mapping):
        message = f"{where} sets prices to {shown_value(value)}; it takes a table such as {EXAMPLE}."
        raise SettingsError(message)
    return MappingProxyType({str(name): _price(where, str(name), one) for name, one in value.items()})


def _price(where: str, name: str, value: object) -> OwnPrice:
    if isinstance(value, OwnPrice):
        return value
    found = PRICE.fullmatch(" ".join(_text(value).split()))
    amount = _amount(found["amount"] if found and not isinstance(value, bool) else None)
    if found is None or amount is None or amount > MOST:
        most = f" of at most {plain_number(MOST)}" if amount is not None else ""
        message = f"{where} sets prices['{name}'] to {shown_value(value)}; it takes an amount{most} such as {EXAMPLE}."
        raise SettingsError(message)
    per = found["per"]
    if per is not None and per not in PERS:
        message = (
            f"{where} sets prices['{name}'] to {shown_value(value)}, per what?{near_miss(per, PERS)}\n"
            f"A price is one per {', per '.join(PERS[:-1])} or per {PERS[-1]}: '{plain_number(amount)} per result'."
        )
        raise SettingsError(message)
    return OwnPrice(amount, per, found["unit"])


def read_amounts(where: str, name: str, value: object) -> Mapping[str, Decimal]:
    """Read a table of amounts as decimals; a binary float is read by its shortest spelling.

    Args:
        where: Where they are said, for messages.
        name: The setting.
        value: The table.

    Raises:
        SettingsError: It is none, or one is no amount that can be.
    """
    example = '{"armox": "0.001"}'
    if not isinstance(value, Mapping):
        message = f"{where} sets {name} to {shown_value(value)}; it takes a table such as {example}."
        raise SettingsError(message)
    amounts: dict[str, Decimal] = {}
    for key, said in value.items():
        amount = None if isinstance(said, bool) else _amount(said)
        if amount is None or amount > MOST:
            message = f"{where} sets {name}['{key}'] to {shown_value(said)}; it takes an amount such as {example}."
            raise SettingsError(message)
        amounts[str(key)] = amount
    return MappingProxyType(amounts)


def _text(value: object) -> str:
    """Return a value as text; a whole number of too many digits has none."""
    try:
        return str(value)
    except ValueError:
        return ""


def _amount(said: object) -> Decimal | None:
    """Return an amount of 0 or more, or None where it is none."""
    try:
        read = Decimal(_text(said))
    except InvalidOperation:
        return None
    return read if read.is_finite() and read >= 0 else None
