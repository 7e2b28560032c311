"""What is to be bought, a line for each run: runs take turns, and within a run rows go in their order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.jobs.ticket import Lane, Ticket

__all__ = ["Queue"]


@dataclass(slots=True)
class Line:
    """The tickets of one run that wait to be bought.

    Attributes:
        tickets: In their order.
        back: Those that were taken and could not go on yet, in their order.
        held: Whether they can only go on when something of this run has ended.
    """

    tickets: deque[Ticket] = field(default_factory=deque)
    back: list[Ticket] = field(default_factory=list)
    held: bool = False

    def pop(self) -> Ticket | None:
        """Take out the next ticket whose account takes creates just now; None where there is none."""
        for place, ticket in enumerate(self.tickets):
            if not ticket.lane.waits or not ticket.wanted:
                del self.tickets[place]
                return ticket
        return None


class Queue:
    """The lines of all runs."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lines: dict[str, Line] = {}
        self._limits: dict[str, int] = {}
        self._paused: set[str] = set()

    def __len__(self) -> int:
        return sum(len(line.tickets) + len(line.back) for line in self._lines.values())

    def waiting(self, run: str) -> int:
        """Return how many tickets stand in the line of a run."""
        line = self._lines.get(run)
        return len(line.tickets) + len(line.back) if line is not None else 0

    def limit(self, run: str, most: int | None) -> None:
        """Set how many of a run may be under way at once; None forgets the run's limit."""
        if most is None:
            self._limits.pop(run, None)
        else:
            self._limits[run] = most

    def pause(self, run: str, *, paused: bool) -> None:
        """Give nothing of a run to be bought, or go on with it."""
        if paused:
            self._paused.add(run)
        else:
            self._paused.discard(run)

    def put(self, ticket: Ticket, *, first: bool = False) -> None:
        """Have a ticket wait in the line of the run that pays for it."""
        line = self._lines.setdefault(ticket.run, Line())
        if first:
            line.tickets.appendleft(ticket)
        else:
            line.tickets.append(ticket)

    def hold(self, ticket: Ticket) -> None:
        """Put a ticket back, to be the next (behind others put back before it) when something of its run has ended."""
        line = self._lines.setdefault(ticket.run, Line())
        line.back.append(ticket)
        line.held = True

    def put_back(self, ticket: Ticket) -> None:
        """Put a ticket back, to be the next of its account (behind others put back before it) when that takes more."""
        self._lines.setdefault(ticket.run, Line()).back.append(ticket)

    def release(self, run: str, lane: Lane | None = None) -> None:
        """Let a line go on: something of its run has ended, and so there is room at its account, too."""
        if run in self._lines:
            self._lines[run].held = False
        if lane is not None:
            lane.waits = ""
            lane.homes += 1

    def take(self, count: int, busy: Mapping[str, int]) -> list[Ticket]:
        """Return the next tickets, one of each run in turn.

        Args:
            count: How many at the most.
            busy: How many of each run are under way.
        """
        taken: list[Ticket] = []
        under_way = dict(busy)
        while len(taken) < count:
            before = len(taken)
            for run, line in list(self._lines.items()):
                if not line.held:
                    line.tickets.extendleft(reversed(line.back))
                    line.back.clear()
                if run in self._paused:
                    self.pass_on(run)
                if not line.tickets and not line.back:
                    del self._lines[run]
                    continue
                if run in self._paused:
                    continue
                limit = self._limits.get(run)
                full = limit is not None and under_way.get(run, 0) >= limit
                ticket = None if line.held or full else line.pop()
                if ticket is None:
                    continue
                taken.append(ticket)
                under_way[run] = under_way.get(run, 0) + 1
                if len(taken) >= count:
                    self._lines[run] = self._lines.pop(run)  # the others have their turn first, next time
                    break
            if len(taken) == before:
                break
        return taken

    def pass_on(self, run: str) -> None:
        """Move what other runs pay for by now out of the line of one that is paused, stopped or out of money."""
        line = self._lines.get(run)
        if line is None:
            return
        moved = [ticket for ticket in (*line.back, *line.tickets) if ticket.run != run]
        if moved:
            line.back = [ticket for ticket in line.back if ticket.run == run]
            line.tickets = deque(ticket for ticket in line.tickets if ticket.run == run)
        for ticket in moved:
            self.put(ticket)
