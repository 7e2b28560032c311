"""When jobs under way are looked at next, by what is known now: asked for one after each look, for all when much was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.jobs.schedule import next_look
from notebookgen.jobs.states import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.ticket import Ticket

__all__ = ["next_wait", "plan_anew"]


def next_wait(core: Core, ticket: Ticket) -> float:
    """Return the seconds until the next look at a job by the schedule."""
    curve, began = core.durations.curve(ticket)
    start = ticket.accepted + began
    return next_look(
        core.clock.monotonic() - start,
        curve=curve,
        jitter=core.rng.random(),
        looked=ticket.looked - start,
        called_back=ticket.called_back,
    )


def plan_anew(core: Core, taught: Ticket, put_off: Callable[[Ticket, float], None]) -> None:
    """Plan the looks at jobs like one that is over anew, where that has taught much: what is planned knew less.

    Args:
        core: The engine's memory.
        taught: Whose job is over.
        put_off: Plans the next look at a job in so many seconds, in the place of the one that was planned.
    """
    now = core.clock.monotonic()
    for one in list(core.tickets.values()):
        alike = one.lane is taught.lane and one.generation.model == taught.generation.model
        if not alike or one.state is not State.SUBMITTED or one.asking or one.settling or one.failures:
            continue
        wait = next_wait(core, one)
        if now + wait < one.due:
            put_off(one, wait)
