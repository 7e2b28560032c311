"""The last line of a run: what came of it, how long it took, what it cost, in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from notebookgen.jobs.states import State
from notebookgen.jobs.tally import add
from notebookgen.normal import amount_words, duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.progress import Progress
    from notebookgen.jobs.rowbook import RowBook

__all__ = ["last_line"]


def last_line(handle: RunHandle, now: Progress, book: RowBook, *, resumed: bool) -> str:
    """Return the line.

    Args:
        handle: The run.
        now: How it stands.
        book: Its rows.
        resumed: Whether a person wants to know what was left open.
    """
    if handle.part and not now.total:
        there = f"nothing is left open here: {handle.elsewhere}" if handle.elsewhere else ""
        return " · ".join(filter(None, (there, handle.keyless))) or "nothing was left open"
    states = ", ".join(
        f"{count} {state}" if now.total > 1 else str(state) for state, count in sorted(now.states.items())
    )
    # What was taken up was not here before, although another run pays for it.
    cached = book.tally.cached - sum(book.cached(index) for index in handle.found_paid)
    if 0 < now.total == cached:
        parts = [f"{states} before", now.model, "nothing spent"]
    else:
        states += f" ({cached} cached)" if cached > 0 else ""
        parts = [states, now.model, duration(now.elapsed), _money(book)]
    if handle.adopted and resumed:
        whole = [f"in all {parts[0]}"] if len(handle.adopted) < now.total else []
        parts[:1] = [
            f"run{'s' * (len(handle.runs) > 1)} {', '.join(handle.runs)}: found {_found(handle, book)}",
            *whole,
        ]
    elif handle.adopted:
        words = f"took up {_found(handle, book)}" if now.total > 1 else "taken up where it was left"
        parts.append(words + _paid_there(handle))
    parts.append(f"{handle.unsent} more never sent: run it again" if handle.unsent else "")
    parts += [handle.elsewhere, handle.keyless]
    parts.append("sandbox" if now.total and handle.sandbox else "")
    goes_on = "cancelled: nothing more is sent" if handle.called_off else "goes on in the background"
    parts.append(goes_on if handle.buys else "")
    return " · ".join(part for part in parts if part)


def _found(handle: RunHandle, book: RowBook) -> str:
    """Return how many rows were left open, and what came of them."""
    return f"{len(handle.adopted)} open, {_became(book.state(index) for index in handle.adopted)}"


def _became(states: Iterable[State]) -> str:
    """Return what came of the rows that were found open when a run was taken up, in words."""
    found = Counter(states)
    parts = [f"{found.pop(State.SAVED, 0)} saved", *(f"{number} {state}" for state, number in sorted(found.items()))]
    return ", ".join(parts)


def _paid_there(handle: RunHandle) -> str:
    """Return what was taken up has cost the run that had begun it."""
    sums: dict[str, Decimal] = {}
    for cost in handle.found_paid.values():
        if cost.amount and cost.unit:
            add(sums, cost.unit, cost.amount)
    return f" ({_words(sums)}, paid by the run that began it)" if sums else ""


def _words(sums: Mapping[str, Decimal]) -> str:
    """Return amounts of several units."""
    return " + ".join(amount_words(amount, unit) for unit, amount in sorted(sums.items()))


def _money(book: RowBook) -> str:
    """Return what this run spent."""
    tally, several = book.tally, book.total > 1
    unknown, held = tally.unknown, tally.open
    text = _words(tally.spent) + (" (listed)" if tally.spent and tally.listed else "")
    if tally.dearer:
        listed_at = f", listed at {book.get(0).reserved.words}"
        text += f", {tally.dearer} above the list" if several else listed_at
    if not tally.spent and not unknown:
        text = "nothing spent"
    if unknown:
        text += f"{' + ' if text else ''}cost unknown" + (f" for {unknown}" if several else "")
    return text + (f", {held} still open" if held and several else "")
