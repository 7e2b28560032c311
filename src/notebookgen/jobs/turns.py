"""When a create or a look may leave under what an account allows: the engine's side of its pace.

A create waits before its intent is committed, so that it takes no place and reserves no money meanwhile; its account's
other creates wait behind it, in their order, and whoever goes to another account passes them by.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from notebookgen.jobs.states import BUSY, State
from notebookgen.ledger.rows import realm_text

if TYPE_CHECKING:
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.ticket import Lane, Ticket
    from notebookgen.transport.paced import Gate

__all__ = ["Turns"]

ELSEWHERE = 1.0  # seconds until it is looked whether another kernel's job has ended
SOON = 0.05  # seconds that a look may come later than it was to
LONGEST = 15.0  # seconds until a look that waits asks again: by then it may be surer


class Turns:
    """Asks the paces of the lanes."""

    def __init__(self, core: Core) -> None:
        """Work with the engine's memory."""
        self._core = core
        self._given: list[Gate] = []

    # Creates -----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin to decide about a group of creates."""
        self._given.clear()

    def undo(self) -> None:
        """Give back what the group was given: nothing of it is sent."""
        while self._given:
            self._given.pop().give_back("create")

    def why_not(self, ticket: Ticket) -> str:
        """Return why a create has to wait for its account, or take its place and return an empty text."""
        core, lane = self._core, ticket.lane
        if lane.waits:
            return lane.waits
        gate = lane.gate
        if not gate.room_for_jobs(lambda: core.store.in_flight(realm_text(lane.realm))):
            self._wait(lane, ELSEWHERE, f"waiting: {gate.pace.most_jobs()} at once")
            return lane.waits
        words = self.words(lane)
        wait = gate.take("create", early=self._early(lane))
        if wait <= 0:
            self._given.append(gate)
            return ""
        self._wait(lane, wait, words)
        return lane.waits

    @staticmethod
    def words(lane: Lane) -> str:
        """Return what somebody is told whom the account makes wait now."""
        asked = lane.gate.paused()
        if asked >= 1:
            return f"waiting {asked:.0f} s: too many requests"
        return f"waiting: {lane.gate.words}" if lane.gate.words else "waiting: the service fails just now"

    def _wait(self, lane: Lane, seconds: float, words: str) -> None:
        """Have no create of an account decided about for a while, or until one of its jobs has ended."""
        lane.waits = words
        lane.turn += 1
        self._core.later(seconds, partial(self._go_on, lane, lane.turn))

    @staticmethod
    def _go_on(lane: Lane, turn: int) -> None:
        """Let an account's creates be decided about again."""
        if lane.turn == turn:
            lane.waits = ""

    def _early(self, lane: Lane) -> bool:
        """Whether jobs that are shorter than a window are under way, and nothing has come of the account's last ones.

        Then part of the window is kept for looks, or the first result would come a window late.
        """
        core, limit = self._core, lane.gate.pace.tightest
        if limit is None:
            return False
        now, short, busy = core.clock.monotonic(), False, False
        for one in core.tickets.values():
            if one.lane is lane and one.state in BUSY:
                busy = True
                if one.state is not State.SUBMITTED:
                    continue
                short = short or (_usual(one, limit.window) < limit.window and now - one.accepted < limit.window)
        if not busy:
            lane.homes = 0
        return short and not lane.homes

    # Looks -------------------------------------------------------------------------------------------------------

    def look(self, lane: Lane, *, sure: float) -> float:
        """Return the seconds that a look, or a list, has to wait; 0.0 where it has taken its place and goes now.

        Args:
            lane: The account.
            sure: How likely the job is over: surer looks go first.
        """
        gate = lane.gate
        now = self._core.clock.monotonic()
        if lane.looks:
            lane.looks = [one for one in lane.looks if one[0] > now + SOON]
            gate.surest([one[1] for one in lane.looks])
        wait = gate.take("look", sure=sure, early=bool(gate.words) and self._early(lane))
        if wait <= 0:
            return 0.0
        surer = sum(one[1] >= sure for one in lane.looks)
        wait = min(max(wait, gate.when(surer)), max(LONGEST, wait))
        lane.looks.append((now + wait, sure))
        gate.surest([one[1] for one in lane.looks])
        return wait


def _usual(ticket: Ticket, unknown: float) -> float:
    """Return how many seconds a job usually takes in all."""
    return ticket.forecast.curve.median if ticket.forecast is not None else unknown
