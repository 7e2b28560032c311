"""The caps over the life of a ledger: which of them bind a purchase, what they leave, and the word where one does not.

A cap of ``ng.configure`` is kept in the ledger and binds every kernel; one of a project file binds where it is read,
besides. A cap is for all accounts of a provider together, so that another key does not begin a new one; the sandbox
never counts. Days and months are those of the calendar in UTC, the same for every kernel wherever it runs; what was
sent in a period counts in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from notebookgen.errors import BudgetExceeded
from notebookgen.jobs.budget import unbounded
from notebookgen.ledger.periods import first_day, next_period
from notebookgen.ledger.rows import from_nano
from notebookgen.ledger.store import Store
from notebookgen.normal import amount_words, plain_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from notebookgen.jobs.leftover import Rest
    from notebookgen.records import Cost
    from notebookgen.settings import Cap

__all__ = ["EVERYBODY", "Binding", "CapLeft", "bindings", "caps_left", "over_cap", "with_unit"]

EVERYBODY = "all"


@dataclass(frozen=True, slots=True)
class Binding:
    """A cap that binds a purchase.

    Attributes:
        provider: Whom it is for, or ``all``.
        cap: The cap, with its unit.
        kept: Whether it is kept in the ledger; else it comes from the project file.
    """

    provider: str
    cap: Cap
    kept: bool

    def left(self, store: Store, now: int) -> Decimal:
        """Return what it leaves, from what is reserved and spent in its period; less than nought where it was lowered."""
        day = first_day(self.cap.per, now)
        return self.cap.amount - from_nano(store.committed_since(self.provider, self.cap.unit or "", day))

    @property
    def words(self) -> str:
        """The cap as a person says it: ``1000 credits a month for armox``."""
        span = "" if self.cap.per == "life" else f" a {self.cap.per}"
        whom = "all providers together" if self.provider == EVERYBODY else self.provider
        return f"{amount_words(self.cap.amount, self.cap.unit or '')}{span} for {whom}"

    def told(self, amount: Decimal) -> str:
        """Return what is typed to set another amount."""
        text = f"{plain_number(amount)} {self.cap.unit} per {self.cap.per}"
        return f"total_budget={{'{self.provider}': '{text}'}}"


@dataclass(frozen=True, slots=True)
class CapLeft:
    """What a cap leaves.

    Attributes:
        words: The cap as a person says it.
        provider: Whom it is for, or ``all``.
        amount: What it leaves; less than nought where it was lowered.
        unit: In which unit.
        until: When its period begins anew, as a date in UTC; empty for the life of the ledger.
    """

    words: str
    provider: str
    amount: Decimal
    unit: str
    until: str


def caps_left(home: Path, more: Mapping[str, tuple[Cap, ...]], provider: str, now: int) -> list[CapLeft]:
    """Return what is left by the caps that bind what is bought of a provider, read without a write.

    Args:
        home: The home folder.
        more: Caps that hold here besides those kept in the ledger; each names its unit.
        provider: Of whom would be bought.
        now: The moment, in microseconds.
    """
    store = Store.to_read(home)
    try:
        return [
            CapLeft(
                one.words,
                one.provider,
                one.cap.amount if store is None else one.left(store, now),
                one.cap.unit or "",
                next_period(one.cap.per, now),
            )
            for one in bindings(store, more, provider)
        ]
    finally:
        if store is not None:
            store.close()


def with_unit(caps: Mapping[str, tuple[Cap, ...]], unit: str) -> Mapping[str, tuple[Cap, ...]]:
    """Return caps of which each names its unit: a bare number is in the provider's own."""
    return {name: tuple(replace(cap, unit=cap.unit or unit) for cap in them) for name, them in caps.items()}


def bindings(store: Store | None, more: Mapping[str, tuple[Cap, ...]], provider: str) -> Iterator[Binding]:
    """Return the caps that bind what is bought of a provider.

    Args:
        store: The ledger, with the caps that are kept, where there is one.
        more: Caps that hold here besides, each with its unit or in the provider's own.
        provider: Of whom is bought.
    """
    for name, cap in store.caps() if store is not None else ():
        if name in {provider, EVERYBODY}:
            yield Binding(name, cap, kept=True)
    for name in (provider, EVERYBODY):
        for cap in more.get(name, ()):
            yield Binding(name, cap, kept=False)


def over_cap(
    store: Store,
    more: Mapping[str, tuple[Cap, ...]],
    *,
    model: str,
    reserved: Cost,
    now: int,
    counted: bool,
    rest: Callable[[], Rest],
) -> BudgetExceeded | None:
    """Return why a cap over the ledger's life does not allow a purchase, or None.

    Args:
        store: The ledger.
        more: Caps that hold here besides those kept in the ledger; each names its unit.
        model: What is bought, as ``provider:id``.
        reserved: What is set aside for it.
        now: The moment, in microseconds.
        counted: Whether the run itself says how many may be bought at the most, so that a price may be unknown.
        rest: Tells what is left of the run.
    """
    for one in bindings(store, more, model.partition(":")[0]):
        known = reserved.unit is None or reserved.unit == one.cap.unit
        if known and not reserved.bounded and not counted:
            return unbounded(model, reserved, f"the cap of {one.words} ({_source(one)})")
        if reserved.amount is None or reserved.unit is None:
            continue
        if one.cap.unit != reserved.unit:
            continue
        left = one.left(store, now)
        if reserved.amount <= left:
            continue
        until = next_period(one.cap.per, now)
        have, still = amount_words(max(left, Decimal(0)), reserved.unit), rest()
        needs = still.needs(None if one.provider == EVERYBODY else one.provider).get(reserved.unit, reserved.amount)
        return BudgetExceeded(
            f"{model} needs {reserved}, and the cap of {one.words} ({_source(one)}) has {have} left"
            + (f" until {until} (UTC)" if until else "")
            + f". Nothing was sent.\n{'' if still.alone else f'{still.words}. '}"
            + _raise(one, one.cap.amount - left + needs)
        )
    return None


def _source(one: Binding) -> str:
    """Return where a cap comes from."""
    return "kept in the ledger" if one.kept else "the project file"


def _raise(one: Binding, amount: Decimal) -> str:
    """Return what is typed to raise a cap."""
    if one.kept:
        return f"Raise it: ng.configure({one.told(amount)}), or take it back: ng.configure(total_budget={{'{one.provider}': None}})"
    return f"Raise total_budget there: {one.provider} = '{plain_number(amount)} {one.cap.unit} per {one.cap.per}'"
