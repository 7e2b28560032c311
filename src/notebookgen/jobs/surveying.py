"""What would become of every row of a run, found out before anything is sent: new, paid for before, equal, not sendable.

Reads the ledger, writes nothing. Rows are made one part at a time and forgotten, so that a hundred thousand of them
take a few bytes each.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from notebookgen.jobs.knowing import BOUGHT_ANEW
from notebookgen.jobs.reserving import dearest
from notebookgen.jobs.states import State
from notebookgen.normal import sample_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notebookgen.errors import NotebookgenError
    from notebookgen.jobs.budget import Budget
    from notebookgen.jobs.ticket import Wish
    from notebookgen.ledger.reader import Reader
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Asset, Cost, Generation

__all__ = ["Fate", "Left", "Source", "Survey", "set_aside", "survey_of"]

FIRST_PART, PART = 64, 1000


class Fate(StrEnum):
    """What would become of a row."""

    NEW = "new"
    """It would be bought."""
    CACHED = "cached"
    """Paid for before, and here."""
    DUPLICATE = "duplicate"
    """Equal to an earlier row of the same run, and shares what that one brings."""
    RUNNING = "running"
    """Under way already, or paid for and still to be brought here."""
    AMBIGUOUS = "ambiguous"
    """Sent before without an answer: looked for, not sent again."""
    FAILED = "failed"
    """Failed before for good: not bought again by itself."""
    SKIPPED = "skipped"
    """There is no prompt, or no image."""
    INVALID = "invalid"
    """It cannot be sent as it is."""


FATES = tuple(Fate)
NUMBER = {fate: number for number, fate in enumerate(FATES)}
STANDING = {
    State.SAVED: Fate.CACHED,
    State.INTENT: Fate.RUNNING,
    State.SUBMITTED: Fate.RUNNING,
    State.COMPLETED: Fate.RUNNING,
    State.AMBIGUOUS: Fate.AMBIGUOUS,
}


@dataclass(frozen=True, slots=True)
class Left:
    """A row that is never sent.

    Attributes:
        state: ``skipped`` or ``invalid``.
        error: Why.
        generation: What was asked for, as far as it makes sense.
    """

    state: State
    error: NotebookgenError
    generation: Generation


class Source(Protocol):
    """The rows of a run, made when they are asked for."""

    @property
    def total(self) -> int:
        """How many different rows, each of which is wanted ``samples`` times."""
        ...

    @property
    def samples(self) -> int:
        """How many of each row."""
        ...

    @property
    def fresh(self) -> bool:
        """Whether what was delivered before does not count."""
        ...

    def part(self, start: int, stop: int) -> Sequence[Wish | Left]:
        """Return some rows, without their prices; each wish is for sample 0."""
        ...

    def priced(self, wish: Wish) -> Wish:
        """Return a row with its price."""
        ...


@dataclass(slots=True)
class Survey:
    """What would become of the rows of a run; one entry for each row and sample.

    Attributes:
        fates: A number of ``FATES`` for each.
        ids: The generation's id for each, 16 bytes; zeros where there is none.
        prices: How many new ones there are of each model and price.
        kinds: Which of ``prices`` each entry has, counted from 1; 0 where it is not new.
        stops: The first entry that the budget would not cover, or None.
        error: Why the first row that cannot be sent cannot.
    """

    fates: bytearray
    ids: bytearray
    prices: Counter[tuple[str, Cost]] = field(default_factory=Counter)
    kinds: array[int] = field(default_factory=lambda: array("I"))
    stops: int | None = None
    error: NotebookgenError | None = None

    def __len__(self) -> int:
        """Return the number of rows and samples."""
        return len(self.fates)

    def fate(self, index: int) -> Fate:
        """Return what would become of an entry."""
        return FATES[self.fates[index]]

    def id(self, index: int) -> str:
        """Return the id of an entry's generation; empty where there is none."""
        raw = bytes(self.ids[index * 16 : index * 16 + 16])
        return raw.hex() if any(raw) else ""

    def count(self, *fates: Fate) -> int:
        """Return how many entries would meet one of some fates."""
        return sum(self.fates.count(NUMBER[fate]) for fate in fates)

    def having(self, *fates: Fate) -> list[int]:
        """Return the entries that would meet one of some fates."""
        wanted = {NUMBER[fate] for fate in fates}
        return [index for index, number in enumerate(self.fates) if number in wanted]

    def priced(self) -> Callable[[int], tuple[str, Cost] | None]:
        """Return what tells model and price of an entry that was new; None for the others."""
        known = [None, *self.prices]
        return lambda index: known[self.kinds[index]]

    @property
    def costs(self) -> list[Cost]:
        """What each new one would cost."""
        return [price for (_, price), count in self.prices.items() for _ in range(count)]


def survey_of(
    source: Source,
    reader: Reader,
    *,
    budget: Budget,
    present: Callable[[Asset], bool],
    tick: Callable[[int, int], None] = lambda _done, _total: None,
    changed: Callable[[set[str]], bool] = lambda _models: False,
) -> Survey:
    """Return what would become of every row.

    Args:
        source: The rows.
        reader: The ledger.
        budget: What may be spent, to tell where it would stop.
        present: Whether a kept file is still in its place.
        tick: Is told how many rows are looked at, of how many.
        changed: Is told the models of which something new is wanted, early; where it learns of one what makes its rows
            others, it says so, and the looking begins again.
    """
    total = source.total * source.samples
    survey = Survey(bytearray(total), bytearray(total * 16), kinds=array("I", bytes(array("I").itemsize * total)))
    numbers: dict[tuple[str, Cost], int] = {}
    reckoning = _Reckoning(budget)
    seen: set[str] = set()
    for start, stop in _parts(source.total):
        rows = source.part(start, stop)
        ids = [
            sample_id(row.generation.content, sample)
            for row in rows
            if not isinstance(row, Left)
            for sample in range(source.samples)
        ]
        known = _unused(reader, source, rows, ids, present) if source.fresh else _known(reader, ids, present)
        at, number = start * source.samples, 0
        new: list[tuple[int, Wish]] = []
        for row in rows:
            for _ in range(source.samples):
                if isinstance(row, Left):
                    fate = Fate.SKIPPED if row.state is State.SKIPPED else Fate.INVALID
                    if fate is Fate.INVALID and survey.error is None:
                        survey.error = row.error
                else:
                    id, number = ids[number], number + 1  # noqa: A001 - the ledger's own word
                    survey.ids[at * 16 : at * 16 + 16] = bytes.fromhex(id)
                    fate = Fate.DUPLICATE if id in seen else known.get(id, Fate.NEW)
                    seen.add(id)
                    if fate is Fate.NEW:
                        new.append((at, row))
                survey.fates[at] = NUMBER[fate]
                at += 1
        if changed({wish.generation.full_model for _, wish in new}):
            return survey_of(source, reader, budget=budget, present=present, tick=tick, changed=changed)
        for (place, wish), price in zip(new, set_aside(source, reader, [wish for _, wish in new]), strict=True):
            kind = (wish.generation.full_model, price)
            survey.prices[kind] += 1
            survey.kinds[place] = numbers.setdefault(kind, len(numbers) + 1)
            if survey.stops is None and not reckoning.fits(price):
                survey.stops = place
        tick(at // source.samples, source.total)
    return survey


def _parts(total: int) -> Iterator[tuple[int, int]]:
    """Yield the rows that are looked at together: few at first, for what they bring to light may make all others."""
    start, stop = 0, min(FIRST_PART, total)
    while start < total:
        yield start, stop
        start, stop = stop, min(stop + PART, total)


def set_aside(source: Source, reader: Reader, wishes: Sequence[Wish]) -> list[Cost]:
    """Return what would be set aside for each row: the highest of what is listed and of what it has cost before."""
    before = reader.highest_charges(list({wish.generation.shape for wish in wishes}))
    return [dearest(source.priced(wish).price, before.get(wish.generation.shape)) for wish in wishes]


def _unused(
    reader: Reader, source: Source, rows: Sequence[Wish | Left], ids: Sequence[str], present: Callable[[Asset], bool]
) -> dict[str, Fate]:
    """Return the fate of what ``fresh`` takes for some rows, by their ids: what an ended run has left unused comes first.

    Which sample it really is, is told when it is brought, so that nothing of it counts as here before.
    """
    contents = [row.generation.content for row in rows if not isinstance(row, Left)]
    samples = reader.unused_samples(list(dict.fromkeys(contents)), source.samples)
    taken = [sample_id(content, sample) for content in contents for sample in samples[content]]
    known = _known(reader, taken, present)
    found = {id: known[one] for id, one in zip(ids, taken, strict=True) if one in known}  # noqa: A001 - the ledger's own word
    return {id: Fate.RUNNING if fate is Fate.CACHED else fate for id, fate in found.items()}  # noqa: A001 - likewise


def _known(reader: Reader, ids: Sequence[str], present: Callable[[Asset], bool]) -> dict[str, Fate]:
    """Return the fate of what the ledger knows."""
    attempts = reader.last_attempts(ids)
    saved = {row.key: row for row in attempts.values() if row.state == State.SAVED}
    assets = reader.assets(list(saved))
    return {
        id: _fate(row, all(present(asset) for asset in assets.get(row.key, ())))
        for id, row in attempts.items()  # noqa: A001 - the ledger's own word
    }


def _fate(row: AttemptRow, here: bool) -> Fate:  # noqa: FBT001 - a fact about the row
    """Return the fate of a row of which there is an attempt."""
    state = State(row.state)
    if state is State.FAILED and row.retryable == 0:
        return Fate.FAILED
    if state in BOUGHT_ANEW:
        return Fate.NEW
    fate = STANDING[state]
    return Fate.RUNNING if fate is Fate.CACHED and not here else fate


class _Reckoning:
    """Adds up what new rows would cost, in their order."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._sums: dict[str, Decimal] = {}
        self._count = 0

    def fits(self, price: Cost) -> bool:
        """Whether the budget covers one more at that price, after all that came before."""
        self._count += 1
        if self._budget.max_new is not None and self._count > self._budget.max_new:
            return False
        if not self._budget.finite:
            return True
        if not price.bounded and self._budget.max_new is None:
            return False
        if price.amount is None or price.unit is None:
            return True
        cap = self._budget.cap(price.unit)
        self._sums[price.unit] = self._sums.get(price.unit, Decimal(0)) + price.amount
        return cap is not None and self._sums[price.unit] <= cap
