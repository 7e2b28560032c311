"""Asking the providers to cancel what is under way; always a person's own word, never done by Stop.

A job that another living kernel looks after is cancelled at its provider, too, and that kernel writes it down: only one
kernel ever moves an attempt.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError
from notebookgen.jobs.choosing import key_away
from notebookgen.jobs.elsewhere import made_elsewhere
from notebookgen.jobs.leftover import AGAIN
from notebookgen.jobs.naming import check_named
from notebookgen.jobs.states import OPEN, State
from notebookgen.ledger.rows import realm_from
from notebookgen.ledger.store import FEWEST_DIGITS

if TYPE_CHECKING:
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.elsewhere import CalledOff
    from notebookgen.jobs.recovering import Recovering
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.jobs.watching import Watching
    from notebookgen.ledger.rows import AttemptRow

__all__ = ["cancel_all"]


def cancel_all(
    core: Core, watching: Watching, recovering: Recovering, what: str | None, called_off: CalledOff
) -> Future[list[str]]:
    """Ask for the cancelling of a run's jobs (or of one generation's, or of all), in the engine's thread.

    Args:
        core: The engine's memory.
        watching: Who asks.
        recovering: Who takes over what dead kernels left.
        what: A run's id, the beginning of a generation's id, or None for everything under way in this kernel.
        called_off: What of it was not even brought to the engine, and never will be.

    Returns:
        A line for each job, once every provider has answered.
    """
    elsewhere, lines = _elsewhere(core, recovering, what)
    meant = _meant(core, what)
    tickets = [ticket for ticket in meant if ticket.state in OPEN]
    for ticket in meant:
        ticket.wanted = False  # also what is on its way: it is not sent a second time
        for handle, _ in ticket.followers:
            handle.called_off = handle.called_off or what in {None, handle.id} or handle.total == 1
    lines = _unsent(core, [ticket for ticket in meant if ticket.state is State.PLANNED], called_off) + lines
    told: Future[list[str]] = Future()
    expected = len(lines) + len(tickets) + len(elsewhere)

    def tell(line: str) -> None:
        lines.append(line)
        if len(lines) >= expected and not told.done():
            told.set_result(lines)

    for ticket in tickets:
        watching.cancel(ticket, tell)
    for ticket in elsewhere:
        watching.cancel(ticket, tell, ours=False)
    if not tickets and not elsewhere:
        if what is not None and not lines:
            check_named(core.store, what, generations=True)
        told.set_result(lines or ["nothing is under way, so there is nothing to cancel."])
    return told


def _unsent(core: Core, tickets: list[Ticket], called_off: CalledOff) -> list[str]:
    """End the rows that were not sent; return a line about those that never will be, and about those made elsewhere."""
    number, elsewhere = called_off.unsent, called_off.elsewhere
    for ticket in tickets:  # another kernel may have begun with one since it was last looked up
        words = made_elsewhere(core, core.store.last_attempt(ticket.generation.id))
        number, elsewhere = number + (words is None), elsewhere + (words is not None)
        core.drop(ticket, words or NotebookgenError(f"cancelled before it was sent. {AGAIN}"))
    lines = [f"{number} not sent yet, and never will be."] if number else []
    return lines + ([f"{elsewhere} made by another kernel, and no longer waited for here."] if elsewhere else [])


def _meant(core: Core, what: str | None) -> list[Ticket]:
    """Return the tickets of this kernel that are to be cancelled."""
    if what is None:
        return list(core.tickets.values())
    rows = core.store.generations_of(what)
    return [
        ticket
        for ticket in core.tickets.values()
        if ticket.generation.id in rows
        or (len(what) >= FEWEST_DIGITS and ticket.generation.id.startswith(what))
        or what in {ticket.run, *(handle.id for handle, _ in ticket.followers)}
    ]


def _elsewhere(core: Core, recovering: Recovering, what: str | None) -> tuple[list[Ticket], list[str]]:
    """Take over what dead kernels left of it; return what living ones look after, and what else a person should know."""
    if what is None:
        return [], _others(core)
    found: list[Ticket] = []
    lines: list[str] = []
    for row in core.store.open_like(what):
        known = core.tickets.get(row.generation)
        if known is not None and known.state in OPEN:
            continue
        if known is not None:  # this kernel only waits for what another one is making
            core.drop(known, NotebookgenError("cancelled; another kernel was making it."))
        ticket, line = _foreign(core, recovering, row)
        found += [ticket] if ticket is not None else []
        lines += [f"{row.generation[:8]}: {line}"] if line else []
    kernel = core.store.run_kernel(what)
    alive = kernel is not None and kernel != core.kernel.id and core.kernel.alive(kernel)
    left = core.store.unsent_rows(what) if alive else 0
    if left:
        lines.append(
            f"{left} not sent yet: the kernel that began the run lives and may send them."
            f" There: press Stop, or type ng.Client().cancel('{what}')"
        )
    return found, lines


def _foreign(core: Core, recovering: Recovering, row: AttemptRow) -> tuple[Ticket | None, str]:
    """Return a ticket to cancel what another living kernel looks after, or what else a person should know of a row.

    What a dead kernel left is this one's own from now on.
    """
    taken = recovering.take(row)
    if taken is not None:
        held = row.generation not in core.tickets and taken.error is not None  # only a person can settle it
        return None, str(taken.error) if held else ""
    ticket = recovering.ticket_of(row)
    if ticket is None:
        return None, f"{key_away(realm_from(row.realm))}. Mend that, and cancel again."
    if row.state == State.INTENT:
        return None, "another kernel is sending it just now. Cancel again when it was accepted."
    ticket.load(row)
    return ticket, ""


def _others(core: Core) -> list[str]:
    """Return a line about what other living kernels have under way, which is left alone."""
    others = [row for row in core.store.open_attempts() if _is_other(core, row)]
    if not others:
        return []
    runs = ", ".join(f"ng.Client().cancel('{run}')" for run in sorted({row.run for row in others})[:3])
    return [f"{len(others)} under way in another kernel, and left alone. To cancel those, too: {runs}"]


def _is_other(core: Core, row: AttemptRow) -> bool:
    """Whether another living kernel has a job under way."""
    return row.state == State.SUBMITTED and row.kernel != core.kernel.id and core.kernel.alive(row.kernel)
