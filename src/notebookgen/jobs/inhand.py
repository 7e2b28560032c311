"""What the engine has in hand, by the ids of what is asked for, and how much of it is under way: counted as it changes.

Whoever buys, looks or learns asks for those counts at each turn; going through everything in hand each time would make
a turn dearer by each place there is.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from notebookgen.jobs.states import BUSY, State

if TYPE_CHECKING:
    from notebookgen.jobs.ticket import Lane, Ticket

__all__ = ["InHand"]


class InHand(dict[str, "Ticket"]):
    """The tickets in hand; put in with ``[...] =`` and taken out with ``del`` only.

    Attributes:
        busy: How many generations of each run take a place; runs without any are left out.
        by_lane: The same of each way to an account.
        submitted: How many jobs are under way.
    """

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.busy: Counter[str] = Counter()
        self.by_lane: Counter[Lane] = Counter()
        self.submitted = 0

    def __setitem__(self, name: str, ticket: Ticket) -> None:
        before = self.get(name)
        if before is ticket:
            return
        if before is not None:
            self._let_go(before)
        super().__setitem__(name, ticket)
        ticket.hand = self
        self.moved(ticket, None, ticket.state)

    def __delitem__(self, name: str) -> None:
        self._let_go(self[name])
        super().__delitem__(name)

    def moved(self, ticket: Ticket, old: State | None, new: State | None) -> None:
        """Count what a change of a ticket's state means; None for a ticket that comes or goes."""
        self.submitted += (new is State.SUBMITTED) - (old is State.SUBMITTED)
        if ticket.counted:
            self.busy[ticket.counted] -= 1
            self.by_lane[ticket.lane] -= 1
            if not self.busy[ticket.counted]:
                del self.busy[ticket.counted]
        ticket.counted = ticket.run if new in BUSY else ""
        if ticket.counted:
            self.busy[ticket.counted] += 1
            self.by_lane[ticket.lane] += 1

    def _let_go(self, ticket: Ticket) -> None:
        """Count a ticket no longer."""
        self.moved(ticket, ticket.state, None)
        ticket.hand = None
