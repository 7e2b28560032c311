"""The caps over the life of a ledger: which of them bind a purchase, what they leave, and the word where one does not.

A cap of ``ng.configure`` is kept in the ledger and binds every kernel; one of a project file binds where it is read,
besides. A cap is for all accounts of a provider together, so that another key does not begin a new one; the sandbox
never counts. Days and months are those of the calendar in UTC, the same for every kernel wherever it runs; what was
sent in a period counts in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from notebookgen.errors import BudgetExceeded
from notebookgen.jobs.budget import unbounded
from notebookgen.ledger.periods import first_day, next_period
from notebookgen.ledger.rows import from_nano
from notebookgen.normal import amount_words, plain_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notebookgen.ledger.store import Store
    from notebookgen.records import Cost
    from notebookgen.settings import Cap

__all__ = ["EVERYBODY", "Binding", "bindings", "over_cap"]

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


def bindings(store: Store, more: Mapping[str, tuple[Cap, ...]], provider: str) -> Iterator[Binding]:
    """Return the caps that bind what is bought of a provider.

    Args:
        store: The ledger, with the caps that are kept.
        more: Caps that hold here besides, each with its unit or in the provider's own.
        provider: Of whom is bought.
    """
    for name, cap in store.caps():
        if name in {provider, EVERYBODY}:
            yield Binding(name, cap, kept=True)
    for name in (provider, EVERYBODY):
        for cap in more.get(name, ()):
            yield Binding(name, cap, kept=False)


def over_cap(
    store: Store, more: Mapping[str, tuple[Cap, ...]], *, model: str, reserved: Cost, now: int, counted: bool
) -> BudgetExceeded | None:
    """Return why a cap over the ledger's life does not allow a purchase, or None.

    Args:
        store: The ledger.
        more: Caps that hold here besides those kept in the ledger; each names its unit.
        model: What is bought, as ``provider:id``.
        reserved: What is set aside for it.
        now: The moment, in microseconds.
        counted: Whether the run itself says how many may be bought at the most, so that a price may be unknown.
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
        rest = amount_words(max(left, Decimal(0)), reserved.unit)
        return BudgetExceeded(
            f"{model} needs {reserved}, and the cap of {one.words} ({_source(one)}) has {rest} left"
            + (f" until {until} (UTC)" if until else "")
            + f". Nothing was sent.\n{_raise(one, one.cap.amount - left + reserved.amount)}"
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
