"""When a job is looked at next: one timer for each job, however often that moment is put off.

Each list of jobs puts off the looks at all that are on it. A timer for each of those moments, kept until it is over,
would soon be most of what a job takes of memory.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.ticket import Ticket

__all__ = ["Alarms"]


class Alarms:
    """The timers of jobs under way."""

    def __init__(self, core: Core, ring: Callable[[Ticket], None]) -> None:
        """Set none; ``ring`` is what happens when a ticket's moment has come."""
        self._core = core
        self._ring = ring
        self._bell = self._goes_off  # one for all timers

    def put_off(self, ticket: Ticket, seconds: float) -> None:
        """Have a ticket's moment come in so many seconds, and not when it was to come before."""
        ticket.due = self._core.clock.monotonic() + seconds
        if not ticket.alarm or ticket.due < ticket.alarm:  # else its timer goes off before that, and is set once more
            self._set(ticket, seconds)

    def _set(self, ticket: Ticket, seconds: float) -> None:
        """Have a ticket's timer go off when it is due."""
        ticket.alarm = ticket.due
        self._core.later(seconds, partial(self._bell, ticket, ticket.alarm))

    def _goes_off(self, ticket: Ticket, alarm: float) -> None:
        """Ring, unless it was put off, or another timer has taken this one's place."""
        if ticket.alarm != alarm:
            return
        left = ticket.due - self._core.clock.monotonic()
        if left > 0:
            self._set(ticket, left)
            return
        ticket.alarm = 0.0
        self._core.safely(ticket, partial(self._ring, ticket))
