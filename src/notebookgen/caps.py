"""What may be spent in all, as a person writes it: everything that reads caps lives here. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from notebookgen.errors import SettingsError, near_miss
from notebookgen.normal import is_whole, shown_value

__all__ = ["PERIODS", "Cap", "read_caps"]

PERIODS = ("day", "month", "life")
MOST = 9_000_000_000  # of any unit: the ledger counts in billionths


@dataclass(frozen=True, slots=True)
class Cap:
    """What may be spent in all, whatever the runs' own budgets say.

    Attributes:
        amount: The amount.
        unit: Its unit; None is the provider's own.
        per: How long it lasts: a ``day`` or a ``month`` of the calendar (UTC), or the ledger's whole ``life``.
    """

    amount: Decimal
    unit: str | None = None
    per: str = "life"


def read_caps(where: str, value: object) -> Mapping[str, tuple[Cap, ...]]:
    """Read caps by provider: ``1000``, ``"5 USD"``, ``"5 USD per day"``, ``{"amount": 5, "per": "month"}``, or a list.

    Args:
        where: Where they are said, for messages.
        value: A table; for a provider whose value is None there are none.

    Raises:
        SettingsError: It is none of these, or no amount above zero.
    """
    if not isinstance(value, Mapping):
        raise _no_cap(where, "", value)
    if not {"amount", "per"}.isdisjoint(value):
        raise _no_cap(where, "", dict(value))  # the provider's name was forgotten
    return MappingProxyType({str(name): _caps(where, str(name), one) for name, one in value.items()})


def _caps(where: str, name: str, value: object) -> tuple[Cap, ...]:
    """Read the caps of one provider; of one period and unit, one."""
    if isinstance(value, Cap):
        return (value,)
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        caps = [cap for one in value for cap in _caps(where, name, one)]
        if len({(cap.unit, cap.per) for cap in caps}) < len(caps):
            raise _no_cap(where, name, value)
        return tuple(caps)
    said, unit, per = _cap_words(value)
    try:
        amount = Decimal(str(said))
    except (InvalidOperation, ValueError):  # ValueError: a whole number of too many digits
        amount = Decimal(-1)
    if per not in PERIODS:
        raise _no_cap(where, name, value, near_miss(str(per), PERIODS))
    if not amount.is_finite() or not 0 < amount <= MOST or isinstance(said, bool):
        raise _no_cap(where, name, value)
    if unit is not None and not is_whole(unit):
        raise _no_cap(where, name, value)
    if name == "all" and unit is None:
        raise _no_cap(where, name, value, " Of all together, an amount needs its unit: units are never added together.")
    return (Cap(amount, unit, per),)


def _cap_words(value: object) -> tuple[object, str | None, str]:
    """Return the amount, unit and period that stand in a cap, as far as it is written like one."""
    said, per = value, "life"
    if isinstance(value, Mapping):
        said = value.get("amount") if not set(value) - {"amount", "per"} else None
        per = str(value.get("per", per))
    if not isinstance(said, str):
        return said, None, per
    said, _, told = said.partition(" per ")
    number, _, unit = said.strip().partition(" ")
    return number, unit.strip() or None, told.strip() or per


def _no_cap(where: str, name: str, value: object, hint: str = "") -> SettingsError:
    """Return what is said of something that is no cap."""
    place = f"total_budget['{name}']" if name else "total_budget"
    return SettingsError(
        f"{where} sets {place} to {shown_value(value)}, which is no cap.{hint}\n"
        "Give an amount above zero by provider, per day, month or life:"
        " {'armox': 1000} or {'armox': {'amount': 1000, 'per': 'month'}} or {'all': '5 USD per day'}."
    )
