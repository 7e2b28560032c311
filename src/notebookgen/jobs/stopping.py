"""The one line of truth when a person presses Stop: what is done, what goes on, what was never sent, what was spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import StillRunning
from notebookgen.jobs.naming import short_job
from notebookgen.jobs.states import State
from notebookgen.normal import amount_words

if TYPE_CHECKING:
    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.handle import RunHandle

__all__ = ["stopped_line"]


def stopped_line(handle: RunHandle) -> str:
    """Return what became of the jobs and of the money, for a person."""
    return _one(handle.row(0), handle.id) if handle.total == 1 else _many(handle)


def _one(row: Delivered, run: str) -> str:
    """Return the line for a run of one."""
    money = (
        f" ({row.cost.words})"
        if row.cost.amount is not None
        else f" ({row.reserved.words} reserved)"
        if row.reserved.amount
        else ""
    )
    again = "Run it again to pick it up"
    if row.state is State.PLANNED and isinstance(row.error, StillRunning):
        return f"Stopped waiting: {row.error}"
    if row.state is State.INTENT and row.error is not None:  # accepted, and it cannot be written down as what
        return f"Stopped waiting: {row.error}"
    lines = {
        State.PLANNED: "Stopped before anything was sent. Nothing was charged.",
        State.REFUSED: "Stopped. The provider had refused it; nothing was charged.",
        State.INTENT: (
            f"Stopped while it was being sent{money}: whether it was accepted is known when the answer comes, and kept."
            f" {again}; nothing is bought twice."
        ),
        State.SUBMITTED: (
            f"Stopped waiting. {row.generation.full_model} was accepted{money} and goes on as job {short_job(row.job)}."
            f" {again}, or cancel it: ng.Client().cancel('{run}')"
        ),
        State.COMPLETED: f"Stopped. It is made and paid for{money}; the file is still coming. {again}.",
        State.AMBIGUOUS: f"Stopped. Nobody knows yet whether it was accepted{money}. {again}; it is not sent twice.",
        State.SAVED: "Stopped, but it was done already. Run it again to see it; nothing is charged.",
    }
    return lines.get(row.state, f"Stopped. It had ended already: {row.state}.")


def _many(handle: RunHandle) -> str:
    """Return the line for a run of several."""
    now = handle.snapshot()
    count = {state: now.states.get(str(state), 0) for state in State}
    accepted = count[State.SUBMITTED] + count[State.COMPLETED]
    spent = " + ".join(amount_words(amount, unit) for unit, amount in sorted(now.spent.items()))
    held = " + ".join(amount_words(amount, unit) for unit, amount in sorted(now.reserved.items()))
    badly = count[State.FAILED] + count[State.REFUSED] + count[State.CANCELLED]
    open_ = accepted + count[State.INTENT] + count[State.AMBIGUOUS]
    parts = [
        f"{count[State.SAVED]} of {now.total} done",
        f"{badly} failed, refused or cancelled" if badly else "",
        f"{count[State.INTENT]} still being sent (what is accepted is kept)" if count[State.INTENT] else "",
        f"{accepted} under way (looked after to their end)" if accepted else "",
        f"{count[State.AMBIGUOUS]} ambiguous" if count[State.AMBIGUOUS] else "",
        f"{count[State.PLANNED]} never sent" if count[State.PLANNED] else "",
        f"{spent} spent" if spent else "nothing spent yet" if open_ else "nothing spent",
        f"{held} reserved for what is still open"
        if held
        else "their price is not known"
        if open_ and not spent
        else "",
    ]
    return f"Stopped: {', '.join(part for part in parts if part)}. Run it again, or: ng.Client().cancel({handle.typed})"
