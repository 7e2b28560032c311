"""What an account takes at a time, as a person writes it: everything that reads such limits lives here. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from notebookgen.errors import SettingsError, near_miss
from notebookgen.normal import shown_value

__all__ = ["Rates", "read_rates"]

MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """What an account takes at a time; None where a person has said nothing.

    Attributes:
        per_minute: Requests within any minute.
        per_second: Requests within any second.
        concurrent: Jobs under way at once, of all kernels.
    """

    per_minute: int | None = None
    per_second: int | None = None
    concurrent: int | None = None


NAMES = tuple(one.name for one in fields(Rates))


def read_rates(where: str, value: object) -> Mapping[str, Rates]:
    """Read limits by provider: ``{"apixo": {"per_minute": 60, "concurrent": 10}}``.

    Args:
        where: Where they are said, for messages.
        value: A table; for a provider whose value is None there are none.

    Raises:
        SettingsError: It is no such table, names what is no limit, or a number makes no sense.
    """
    if not isinstance(value, Mapping) or not set(NAMES).isdisjoint(value):  # the provider's name was forgotten
        raise _no_rates(where, "", value)
    return MappingProxyType(
        {str(name): _rates(where, str(name), one) for name, one in value.items() if one is not None}
    )


def _rates(where: str, provider: str, value: object) -> Rates:
    """Read the limits of one provider."""
    if isinstance(value, Rates):
        return value
    if not isinstance(value, Mapping):
        raise _no_rates(where, provider, value)
    for name, number in value.items():
        if name not in NAMES:
            message = (
                f"{where} sets limits['{provider}']['{name}'], which is no limit.{near_miss(str(name), NAMES)}\n"
                f"Limits are: {', '.join(NAMES)}."
            )
            raise SettingsError(message)
        fine = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= MOST
        if number is not None and not fine:
            message = f"{where} sets limits['{provider}']['{name}'] to {shown_value(number)}; it takes a whole number from 1 to {MOST:,}."
            raise SettingsError(message)
    return Rates(**value)


def _no_rates(where: str, provider: str, value: object) -> SettingsError:
    """Return what is said of something that is no table of limits."""
    place = f"limits['{provider}']" if provider else "limits"
    return SettingsError(
        f"{where} sets {place} to {shown_value(value)}, which is no table of limits.\n"
        f"Give it by provider: limits={{'apixo': {{'per_minute': 60, 'concurrent': 10}}}}. Limits are: {', '.join(NAMES)}."
    )
