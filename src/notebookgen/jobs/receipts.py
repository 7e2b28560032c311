"""What a finished job has really cost, where its own replies do not say so: one read after the download, and no more.

Delivery does not depend on it: an account whose limit has no place for it, and a provider that does not answer within
three seconds, or not in a way that can be read,
leaves the listed price as it is, and after a few such answers in a row is not asked any more.

What is listed for certain is read a few times for each model with its settings. Where that is what was charged, only one
in some more is read, to find out when it is so no longer; one that differs has all of them read again. A list, or a
person, may have one price for settings that cost more than others: what is reserved goes by each of them, too.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError
from notebookgen.providers import fault_error
from notebookgen.records import NO_COST
from notebookgen.transport import Timeouts

if TYPE_CHECKING:
    from decimal import Decimal

    from notebookgen.jobs.ticket import Lane, Ticket
    from notebookgen.records import Cost, JobRef

__all__ = ["read_receipt", "receipt_of"]

log = logging.getLogger("notebookgen")

QUICK = Timeouts(connect=2.0, read=3.0, whole=3.0)
IN_VAIN = 3  # questions in a row, until nobody is asked any more
CONFIRMED, ONE_IN = 3, 20  # receipts in a row that say what is listed; then one in so many is read
MOST_KNOWN = 1000  # combinations for which that is remembered


def receipt_of(ticket: Ticket) -> Decimal | None:
    """Return what a ticket's job has cost; see ``read_receipt``."""
    return read_receipt(ticket.lane, ticket.ref, ticket.price, shape=ticket.generation.shape)


def read_receipt(lane: Lane, ref: JobRef, listed: Cost = NO_COST, *, shape: str = "") -> Decimal | None:
    """Return what a job has cost in its provider's unit, or None where that is not told now. For a worker's thread.

    Args:
        lane: The way to who was paid.
        ref: The job.
        listed: What such a job costs as far as is known beforehand.
        shape: All that its price depends on, its settings above all.
    """
    kept = (shape or ref.model, listed.amount)
    request = lane.provider.receipt(ref)
    if request is None or lane.receiptless >= IN_VAIN or not _is_due(lane, kept, listed):
        return None
    if not lane.gate.enter("other", QUICK.whole):  # a limit that holds creates and looks up is not spent on this
        return None
    try:
        response = lane.transport.send(request, timeout=QUICK)
        fault = lane.provider.read_fault(response)
        if fault is not None:
            raise fault_error(lane.provider, fault, "asking what a job has cost")
        amount = lane.provider.read_receipt(response, ref)
    except NotebookgenError as error:
        log.debug("notebookgen: no receipt for job %s: %s", ref.id, error)
        lane.receiptless += 1
        return None
    lane.receiptless = 0
    if amount is not None and listed.bounded:
        if len(lane.receipts) >= MOST_KNOWN:
            lane.receipts.clear()
        lane.receipts[kept] = lane.receipts.get(kept, 0) + 1 if amount == listed.amount else 0
    return amount


def _is_due(lane: Lane, kept: tuple[str, Decimal | None], listed: Cost) -> bool:
    """Whether a receipt would tell something that is not known well enough."""
    confirmed = lane.receipts.get(kept, 0)
    if not listed.bounded or confirmed < CONFIRMED:
        return True
    lane.receipts[kept] = confirmed + 1
    return (confirmed - CONFIRMED) % ONE_IN == ONE_IN - 1
