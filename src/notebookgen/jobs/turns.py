"""When a create or a look may leave under what an account allows: the engine's side of its pace.

A create waits before its intent is committed, so that it takes no place and reserves no money meanwhile; its account's
other creates wait behind it, in their order, and whoever goes to another account passes them by.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from notebookgen.jobs.lineup import is_early
from notebookgen.jobs.states import State
from notebookgen.ledger.rows import realm_text
from notebookgen.transport.sharing import Flock

if TYPE_CHECKING:
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.ticket import Lane, Ticket
    from notebookgen.transport.paced import Gate

__all__ = ["Turns"]

ELSEWHERE = 1.0  # seconds until it is looked whether another kernel's job has ended
UNANSWERED = "waiting for answers to what was sent"


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
        wait = gate.take("create", early=self._early(lane), out=lane.sending + self._given.count(gate))
        if wait <= 0:
            self._given.append(gate)
            return ""
        self._wait(lane, wait, words)
        return lane.waits

    def wait_for_answers(self, lane: Lane, seconds: float) -> None:
        """Have an account's creates wait until one that is on its way is answered, or so many seconds at the most."""
        self._wait(lane, seconds, UNANSWERED)

    @staticmethod
    def answered(lane: Lane) -> None:
        """Let those be decided about again that wait for answers."""
        if lane.waits == UNANSWERED:
            lane.waits = ""

    @staticmethod
    def words(lane: Lane) -> str:
        """Return what somebody is told whom the account makes wait now."""
        asked = lane.gate.paused()
        if asked >= 1:
            return f"waiting {asked:.0f} s: too many requests"
        if lane.gate.words:
            return f"waiting: {lane.gate.words}"
        return "waiting for the first answers" if lane.gate.pace.starting else "waiting: the service fails just now"

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
        """Whether short jobs are under way and nothing of them is here yet: then looks are to bring the first result."""
        core, limit = self._core, lane.gate.pace.tightest
        if not core.tickets.by_lane[lane]:
            lane.homes = 0
            return False
        if limit is None or lane.homes:
            return False
        now = core.clock.monotonic()
        return any(
            is_early(limit, homes=0, usual=_usual(one, limit.window), youngest=now - one.accepted)
            for one in core.tickets.values()
            if one.lane is lane and one.state is State.SUBMITTED
        )

    # Looks -------------------------------------------------------------------------------------------------------

    def look(self, lane: Lane, *, sure: float, usual: float = 0.0) -> float:
        """Return the seconds that a look, or a list, has to wait; 0.0 where it has taken its place and goes now.

        Args:
            lane: The account.
            sure: How likely the job is over: surer looks go first.
            usual: How many seconds such a job usually takes; 0 where that is not known.
        """
        flock = Flock(self._core.tickets.by_lane[lane] if usual else 0, usual)
        early = bool(lane.gate.words) and self._early(lane)
        return lane.looks.turn(lane.gate, self._core.clock.monotonic(), sure=sure, early=early, flock=flock)


def _usual(ticket: Ticket, unknown: float) -> float:
    """Return how many seconds a job usually takes in all."""
    return ticket.forecast.curve.median if ticket.forecast is not None else unknown
