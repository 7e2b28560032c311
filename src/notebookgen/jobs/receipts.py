"""What a finished job has really cost, where its own replies do not say so: one read after the download, and no more.

Delivery does not depend on it: an account whose limit has no place for it, and a provider that does not answer within
three seconds, or not in a way that can be read,
leaves the listed price as it is, and after a few such answers in a row is not asked any more.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError
from notebookgen.providers import fault_error
from notebookgen.transport import Timeouts

if TYPE_CHECKING:
    from decimal import Decimal

    from notebookgen.jobs.ticket import Lane
    from notebookgen.records import JobRef

__all__ = ["read_receipt"]

log = logging.getLogger("notebookgen")

QUICK = Timeouts(connect=2.0, read=3.0, whole=3.0)
IN_VAIN = 3  # questions in a row, until nobody is asked any more


def read_receipt(lane: Lane, ref: JobRef) -> Decimal | None:
    """Return what a job has cost in its provider's unit, or None where that is not told now. For a worker's thread.

    Args:
        lane: The way to who was paid.
        ref: The job.
    """
    request = lane.provider.receipt(ref)
    if request is None or lane.receiptless >= IN_VAIN:
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
    return amount
