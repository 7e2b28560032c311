"""How jobs end badly: what that costs, and when what cannot be had is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.ledger.rows import from_nano
from notebookgen.records import Cost, Phase

if TYPE_CHECKING:
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.records import Job

__all__ = ["GONE_TRIES", "ending_cost", "had", "not_to_be_had"]

# What is paid for is given up only when it could not be had over hours, and at several tries of this process: a proxy, a
# hotel's login page or a wrong address denies everything, and clocks are put right at times.
GONE_SECONDS = 6 * 3600.0
GONE_TRIES = 3


def not_to_be_had(core: Core, ticket: Ticket, *, lifetime: float = 0.0) -> bool:
    """Whether something of a job could not be had for so long, and so often, that it never will be.

    Args:
        core: The engine's memory.
        ticket: Whose job it is; the first time that it cannot be had is written down.
        lifetime: Seconds for which the provider keeps it, from when the job was accepted.
    """
    now = core.clock.now()
    if ticket.unkept is None:
        ticket.unkept = now
        core.store.update(ticket.key, unkept=now)
        return False
    row = core.store.attempt(ticket.key)
    made = row.submitted or row.at if row is not None else now
    lasted, age = (now - ticket.unkept) / 1e6, (now - made) / 1e6
    often = core.rests.get(ticket.key, 0) >= GONE_TRIES or bool(ticket.had)  # what is here in part is not put off
    return often and lasted > GONE_SECONDS and age > lifetime


def had(core: Core, ticket: Ticket) -> None:
    """Forget since when something could not be had: it can be had again."""
    if ticket.unkept is not None:
        core.store.update(ticket.key, unkept=None)
        ticket.unkept = None


def ending_cost(ticket: Ticket, job: Job) -> Cost:
    """Return what a job cost when it is over: as reported, else as listed, else unknown.

    A failed job of a provider that says it charges none is free; where nobody says, what was reserved keeps counting.
    """
    provider = ticket.lane.provider
    if job.charged is not None:
        return Cost(job.charged - (job.refunded or 0), provider.unit, "reported")
    if ticket.cost.basis == "reported" and ticket.cost.amount is not None:
        return Cost(ticket.cost.amount - (job.refunded or 0), ticket.cost.unit, "reported")
    if job.phase is not Phase.COMPLETED and provider.charges_failures is False:
        return Cost(from_nano(0), ticket.reserved.unit or provider.unit, "listed")
    return ticket.reserved
