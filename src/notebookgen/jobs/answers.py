"""What a create came to, written down, and how it goes on from there."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError, RateLimited, TransportError
from notebookgen.jobs.outcomes import Accepted, NeverSent, Outcome, RefusedCreate
from notebookgen.jobs.resending import sent_again, take_back
from notebookgen.jobs.schedule import delay_after_failure
from notebookgen.jobs.states import State
from notebookgen.jobs.ticket import UNCLEAR_IN_A_ROW
from notebookgen.ledger.rows import realm_text, to_nano
from notebookgen.providers.faults import JOBS_WORDS
from notebookgen.records import NO_COST, Cost, Phase

if TYPE_CHECKING:
    from decimal import Decimal

    from notebookgen.errors import NotSent
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.keeping import Keeping
    from notebookgen.jobs.reconciling import Reconciling
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.jobs.watching import Watching
    from notebookgen.records import Job

__all__ = ["UNREACHABLE_TRIES", "Answers"]

UNREACHABLE_TRIES = 4
LONGEST_WAIT = 300.0  # seconds; who would have to wait longer is told so
REFUSED_TRIES = 12
UNCLEAR_PAUSE, LONGEST_PAUSE = 30.0, 600.0
UNREACHABLE_PAUSE = 60.0


class Answers:
    """Settles creates: accepted, refused, never sent, or unclear."""

    def __init__(self, core: Core, watching: Watching, keeping: Keeping, reconciling: Reconciling) -> None:
        """Work with the engine's other parts."""
        self._core = core
        self._watching = watching
        self._keeping = keeping
        self._reconciling = reconciling
        self._last_cost = NO_COST

    def settle(self, ticket: Ticket, outcome: Outcome) -> None:
        """Write down what a create came to, and go on from there."""
        lane = ticket.lane
        if not isinstance(outcome, RefusedCreate | NeverSent):
            sent_again(ticket)
        if isinstance(outcome, Accepted):
            lane.unclear = lane.unreachable = 0
            self.accepted(ticket, outcome.job)
        elif isinstance(outcome, RefusedCreate):
            lane.unclear = lane.unreachable = 0
            self._refused(ticket, outcome)
        elif isinstance(outcome, NeverSent):
            self._unsent(ticket, outcome.error)
        else:
            lane.unreachable = 0
            now = self._core.clock.monotonic()
            if lane.unclear < UNCLEAR_IN_A_ROW or now >= lane.paused_until:  # the rest of a burst tells nothing new
                lane.unclear += 1
                if lane.unclear >= UNCLEAR_IN_A_ROW:  # each try may cost something, so they become rarer
                    pause = min(UNCLEAR_PAUSE * 2.0 ** min(lane.unclear - UNCLEAR_IN_A_ROW, 10), LONGEST_PAUSE)
                    lane.paused_until = now + pause
                    self._pausing(ticket, f"{lane.provider.title} gives no clear answers")
            ticket.lost_at = self._core.clock.now()
            ticket.error = outcome.error
            self._core.move(ticket, State.AMBIGUOUS, lost_at=ticket.lost_at, error=str(outcome.error))
            if not self._core.calls.in_doubt(ticket):
                self._reconciling.hold(ticket)

    def accepted(self, ticket: Ticket, job: Job) -> None:
        """Write down that there is a job, where no other attempt has it, and go on from where it stands."""
        core = self._core
        ticket.job, ticket.route, ticket.failures = job.id, job.route, 0
        if not job.phase.over:
            ticket.accepted = core.clock.monotonic()  # an immediate answer is timed from when it was sent
        columns = {
            "job": job.id,
            "route": job.route,
            "submitted": core.clock.now(),
            "charged": to_nano(job.charged),
            "basis": "reported" if job.charged is not None else "unknown",
        }
        if job.charged is not None:
            columns["unit"] = ticket.lane.provider.unit
            ticket.cost = self._reported(job.charged, ticket.lane.provider.unit)
        taken = partial(self._taken, ticket, job)  # the ledger's own index decides, whichever kernel was quicker
        if job.phase is Phase.COMPLETED:
            self._keeping.completed(ticket, job, taken=taken, **columns)
        elif job.phase.over:
            try:
                self._watching.failed(ticket, job, **columns)
            except sqlite3.IntegrityError:
                taken()
            else:
                ticket.instead = None
        else:

            def then() -> None:
                ticket.instead = None
                self._watching.begin(ticket, job)

            core.write_soon(
                ticket, lambda: core.move(ticket, State.SUBMITTED, error=None, **columns), then, taken=taken
            )

    def _reported(self, amount: Decimal, unit: str) -> Cost:
        """Return a cost; the same object as the last time where it is the same, as for most rows of a run."""
        last = self._last_cost
        if last.unit != unit or str(last.amount) != str(amount):  # as it is written: 1 and 1.0 are equal
            self._last_cost = last = Cost(amount, unit, "reported")
        return last

    def _is_taken(self, ticket: Ticket, job: Job) -> bool:
        """Whether another attempt has a job."""
        owner = self._core.store.owner_of(realm_text(ticket.lane.realm), job.id) if job.id else None
        return owner is not None and owner.key != ticket.key

    def _taken(self, ticket: Ticket, job: Job) -> None:
        """Hold a create that was answered with a job which another attempt has: one job is never counted twice."""
        core = self._core
        if not self._is_taken(ticket, job):
            message = f"job {job.id} could not be written down"
            raise RuntimeError(message)
        ticket.job, ticket.route, ticket.cost, ticket.outputs, ticket.seconds = None, "", NO_COST, (), None
        ticket.lost_at = core.clock.now()
        ticket.error = NotebookgenError(
            f"it was answered with job {job.id}, which belongs to another generation already"
        )
        core.move(ticket, State.AMBIGUOUS, lost_at=ticket.lost_at, error=str(ticket.error))
        self._reconciling.hold(ticket)

    def adopt(self, ticket: Ticket, job: Job, note: str = "") -> None:
        """Take a job for the answer of an ambiguous create, tell so, and go on from where the job stands."""
        core, route, cost = self._core, job.route or ticket.route, ticket.cost
        columns = {"job": job.id, "route": route, "submitted": core.clock.now(), "error": None}
        if job.charged is not None:
            cost = Cost(job.charged, ticket.lane.provider.unit, "reported")
            columns |= {"charged": to_nano(job.charged), "unit": cost.unit, "basis": "reported"}
        try:
            core.move(ticket, State.SUBMITTED, **columns)
        except sqlite3.IntegrityError:
            if not self._is_taken(ticket, job):
                raise
            if ticket.lane.lists:
                self._reconciling.hold(ticket)  # another kernel was quicker: look once more
            else:
                why = f"job {job.id} belongs to another generation already"
                core.drop(ticket, self._reconciling.held_error(ticket, why))
            return
        for handle, _ in ticket.followers if note else ():
            handle.note(note)
        ticket.job, ticket.route, ticket.cost, ticket.error, ticket.instead = job.id, route, cost, None, None
        ticket.failures = 0
        self._watching.take_up(ticket, core.store.attempt(ticket.key))
        self._watching.heard(ticket, job)

    def _refused(self, ticket: Ticket, outcome: RefusedCreate) -> None:
        """Write down a refusal; send again by itself what was only too early."""
        core, lane, error = self._core, ticket.lane, outcome.error
        if outcome.stops_account or (outcome.again or 0.0) > LONGEST_WAIT:
            lane.stopped = error
        columns = {"error": str(error), "fail_code": error.fail_code, "charged": 0, "basis": "listed"}
        take_back(core, ticket, State.REFUSED, ended=core.clock.now(), **columns)
        if (
            outcome.again is not None
            and outcome.again <= LONGEST_WAIT
            and (ticket.tries < REFUSED_TRIES or ticket.patient)
            and ticket.wanted
        ):
            self._too_many(ticket, outcome)
            return
        core.finish(ticket, error)

    def _too_many(self, ticket: Ticket, outcome: RefusedCreate) -> None:
        """Have what goes to the account wait, in every kernel; what was refused is the next to be sent."""
        core, gate, wait = self._core, ticket.lane.gate, outcome.again or 0.0
        error, beside = outcome.error, 0
        asked = isinstance(error, RateLimited) and error.retry_after is not None
        if isinstance(error, RateLimited) and JOBS_WORDS.search(error.said):
            beside = core.store.in_flight(realm_text(ticket.lane.realm))
            gate.crowd(beside)
        if asked or not beside:  # else creates wait for one of those jobs, and looks are to find it over
            gate.pause(wait)  # a service's own transport has done so when it heard it
        core.again(ticket, wait + core.rng.random() * 0.2, f"waiting {wait:.0f} s: too many requests")

    def _unsent(self, ticket: Ticket, error: NotSent) -> None:
        """Take back an intent whose create never left this machine; try again a few times, a large run for as long as it takes."""
        core, lane = self._core, ticket.lane
        take_back(core, ticket, State.PLANNED, error=str(error))
        cause = error.__cause__
        if isinstance(cause, NotebookgenError) and not isinstance(cause, TransportError):
            core.finish(ticket, cause)  # it could not be built: trying again would not help
        elif (ticket.tries < UNREACHABLE_TRIES or ticket.patient) and ticket.wanted:
            lane.unreachable += 1
            tries = lane.unreachable if ticket.patient else ticket.tries
            wait = min(delay_after_failure(tries - 1, retry_after=None, jitter=core.rng.random()), UNREACHABLE_PAUSE)
            if ticket.patient:
                lane.paused_until = max(lane.paused_until, core.clock.monotonic() + wait)
                if lane.unreachable >= UNREACHABLE_TRIES:
                    self._pausing(ticket, f"{lane.provider.title} cannot be reached ({str(error).splitlines()[0]})")
            core.again(ticket, wait, "waiting for the network")
        else:
            core.finish(ticket, error)

    @staticmethod
    def _pausing(ticket: Ticket, why: str) -> None:
        """Say once that a run waits, and that it goes on by itself."""
        for handle, _ in ticket.followers:
            if handle.total > 1:
                handle.note(f"{why}: the run waits and goes on by itself. Nothing is lost.")
