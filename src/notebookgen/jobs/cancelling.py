"""Asking the providers to cancel what is under way; always a person's own word, never done by Stop."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError
from notebookgen.jobs.states import OPEN, State

if TYPE_CHECKING:
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.watching import Watching

__all__ = ["cancel_all"]


def cancel_all(core: Core, watching: Watching, what: str | None) -> Future[list[str]]:
    """Ask for the cancelling of a run's jobs (or of one generation's, or of all), in the engine's thread.

    Args:
        core: The engine's memory.
        watching: Who asks.
        what: A run's id, the beginning of a generation's id, or None for everything under way.

    Returns:
        A line for each job, once every provider has answered.
    """
    told: Future[list[str]] = Future()
    meant = [
        ticket
        for ticket in core.tickets.values()
        if what is None
        or ticket.generation.id.startswith(what)
        or what in {ticket.run, *(handle.id for handle, _ in ticket.followers)}
    ]
    unsent = [ticket for ticket in meant if ticket.state is State.PLANNED]
    tickets = [ticket for ticket in meant if ticket.state in OPEN]
    for ticket in meant:
        ticket.wanted = False  # also what is on its way: it is not sent a second time
    for ticket in unsent:
        core.drop(ticket, NotebookgenError("cancelled before it was sent. Nothing was charged."))
    lines = [f"{len(unsent)} not sent yet, and never will be."] if unsent else []
    expected = len(lines) + len(tickets)

    def tell(line: str) -> None:
        lines.append(line)
        if len(lines) >= expected and not told.done():
            told.set_result(lines)

    for ticket in tickets:
        watching.cancel(ticket, tell)
    if not tickets:
        told.set_result(lines or ["nothing is under way, so there is nothing to cancel."])
    return told
