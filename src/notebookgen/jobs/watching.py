"""From accepted to over: when to look at a job, what it answers, and how it ends badly. A failed look ends nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from notebookgen.errors import (
    Forbidden,
    InvalidKey,
    JobCancelled,
    JobFailed,
    NotebookgenError,
    NotFound,
    ProviderError,
    StillRunning,
)
from notebookgen.jobs.alarms import Alarms
from notebookgen.jobs.calling import Calling
from notebookgen.jobs.durations import seen_columns
from notebookgen.jobs.ending import ending_cost, had, not_to_be_had
from notebookgen.jobs.exchanging import exchange
from notebookgen.jobs.gathering import Gathering
from notebookgen.jobs.naming import short_job
from notebookgen.jobs.planning import next_wait, plan_anew
from notebookgen.jobs.schedule import delay_after_failure
from notebookgen.jobs.states import State
from notebookgen.jobs.turns import Turns
from notebookgen.ledger.rows import to_nano
from notebookgen.normal import shown_line
from notebookgen.providers import check_job, fault_error, read_look
from notebookgen.records import Phase

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.keeping import Keeping
    from notebookgen.jobs.ticket import Lane, Ticket
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Job
    from notebookgen.wire import HttpResponse

__all__ = ["Watching"]

log = logging.getLogger("notebookgen")

# A job that its provider does not know any more, so many looks in a row, is not looked at for a while.
UNKNOWN_LOOKS = 5
# A key that is not accepted stays so until somebody does something.
DENIED_WAIT, LONGEST_DENIED_WAIT, DENIED_LOOKS = 60.0, 600.0, 3
TOLD_AFTER = 3
TOLD_SECONDS = 1.0  # that a look is held back by a limit until it is said
NO_JOB = {  # why there is nothing to cancel at the provider
    State.INTENT: "it was sent, and the answer is still to come: there is no job yet to cancel. Cancel again in a moment",
    State.AMBIGUOUS: "it was sent, and nobody knows yet whether it was accepted: there is no job known to cancel",
    State.COMPLETED: "it is made and paid for, so there is nothing to cancel; its file is still coming",
}


class Watching:
    """Looks at jobs until they are over."""

    def __init__(self, core: Core, keeping: Keeping, hear: Callable[[Lane, HttpResponse], None]) -> None:
        """Work with the engine's other parts; ``hear`` is told of every reply (it sets the account's clock)."""
        self._core = core
        self._keeping = keeping
        self._hear = hear
        self._turns = Turns(core)
        self._gathering = Gathering(core, self, hear)
        self._alarms = Alarms(core, self._due)
        core.durations.taught = lambda ticket: plan_anew(core, ticket, self.put_off)
        core.calls = Calling(core, look=self.look, heard=self.heard, wait=self._next)

    def begin(self, ticket: Ticket, job: Job) -> None:
        """Start looking at a job that was just accepted."""
        ticket.lane.accepted += 1
        ticket.number, ticket.looked, ticket.asked = ticket.lane.accepted, ticket.accepted, ticket.accepted
        ticket.lived, ticket.waited, ticket.began, ticket.missed = 0.0, False, None, 0
        ticket.forecast = self._core.durations.forecast(ticket)
        self._core.tell(ticket, str(job.phase))
        if not self._core.calls.begun(ticket):
            self._next(ticket)

    def take_up(self, ticket: Ticket, row: AttemptRow | None) -> None:
        """Take over when a job was accepted that this process did not see accepted, as well as this machine's clock knows."""
        core = self._core
        at = (row.submitted or row.at) if row is not None else ticket.at
        age = max(core.clock.now() - at, 0) / 1e6
        ticket.accepted, ticket.timed = core.clock.monotonic() - age, False
        ticket.looked = ticket.asked = ticket.accepted
        ticket.lived, ticket.waited, ticket.began = 0.0, False, None
        ticket.forecast = core.durations.forecast(ticket)

    # When --------------------------------------------------------------------------------------------------------

    def _allowed(self, lane: Lane, purpose: str, *, sure: float, usual: float = 0.0) -> float:
        """Return how many seconds a look or a list must wait for the account's limit; 0 where it may go now.

        Args:
            lane: The way to the account.
            purpose: ``status`` or ``list``.
            sure: How likely the job is over that is asked for, from 0 to 1.
            usual: How many seconds such a job usually takes; 0 where that does not matter.
        """
        return self._turns.look(lane, sure=1.0 if purpose == "list" else sure, usual=usual)  # a list tells of many

    def sure(self, ticket: Ticket) -> float:
        """Return how likely a job is over by now, by what is known of such jobs."""
        curve, began = self._core.durations.curve(ticket)
        start = ticket.accepted + began
        return curve.over(self._core.clock.monotonic() - start, ticket.looked - start)

    def overdue(self, ticket: Ticket) -> float:
        """Return how unlikely it is that a job was still running when it was last shown to be, since it was asked itself."""
        curve, began = self._core.durations.curve(ticket)
        start = ticket.accepted + began
        return curve.over(ticket.looked - start, ticket.asked - start)

    def _next(self, ticket: Ticket) -> None:
        """Look again after the time the schedule says."""
        core = self._core
        if ticket.pressing:
            ticket.pressing = False
            self.look(ticket)
            return
        self.put_off(ticket, next_wait(core, ticket))

    def put_off(self, ticket: Ticket, seconds: float) -> None:
        """Look again after so many seconds, unless another look is due by then: a job has one chain of looks."""
        ticket.looks += 1
        self._alarms.put_off(ticket, seconds)

    def hold_back(self, ticket: Ticket, seconds: float) -> None:
        """Look again when the account's limit allows it, and say so where that takes a while."""
        if seconds >= TOLD_SECONDS:
            self._core.tell(ticket, self._turns.words(ticket.lane))
        self.put_off(ticket, seconds)

    def _due(self, ticket: Ticket) -> None:
        """Look at a job as is planned, together with others where that is one request."""
        if ticket.state is State.SUBMITTED and not (ticket.settling or ticket.asking or self._gathering.takes(ticket)):
            self._ask(ticket, sure=self.sure(ticket))

    # Looks -------------------------------------------------------------------------------------------------------

    def look(self, ticket: Ticket) -> None:
        """Ask for a job's status, because something says that it may be over."""
        if ticket.asking:
            ticket.pressing = True  # what is asked just now may have been answered before that
        elif ticket.state is State.SUBMITTED and not ticket.settling:
            self._ask(ticket, sure=1.0)

    def _ask(self, ticket: Ticket, *, sure: float) -> None:
        """Ask for a job's status as soon as the account's limit allows it."""
        core, lane = self._core, ticket.lane
        usual = ticket.forecast.curve.median if ticket.forecast is not None else 0.0
        wait = self._allowed(lane, "status", sure=sure, usual=usual)
        if wait > 0:
            self.hold_back(ticket, wait)
            return
        request, asked = lane.provider.status(ticket.ref), core.clock.monotonic()
        ticket.asking, ticket.asked = True, asked

        def then(response: HttpResponse | None, error: BaseException | None) -> None:
            ticket.asking = False
            if ticket.state is State.SUBMITTED and not ticket.settling:
                core.safely(ticket, lambda: self._answered(ticket, response, error, asked))

        exchange(core, lane, request, then)

    def _answered(
        self, ticket: Ticket, response: HttpResponse | None, error: BaseException | None, asked: float
    ) -> None:
        """Read the answer to a look."""
        provider = ticket.lane.provider
        if response is not None:
            self._hear(ticket.lane, response)
            try:
                job = read_look(provider, response, ticket.ref, "asking about a job")
            except NotebookgenError as unread:
                error = unread
            else:
                self.heard(ticket, job, asked)
                return
        if not isinstance(error, NotebookgenError):
            raise error or RuntimeError("a look gave neither a reply nor an error")
        ticket.failures += 1
        ticket.unknown = ticket.unknown + 1 if isinstance(error, NotFound) else 0
        if isinstance(error, InvalidKey | Forbidden):
            self._denied(ticket, error)
        elif ticket.unknown >= UNKNOWN_LOOKS:
            self._gone(ticket, error)
        else:
            self._unclear(ticket, error)

    def _unclear(self, ticket: Ticket, error: NotebookgenError) -> None:
        """Look again after an answer that says nothing of the job; what came instead is told."""
        core, said = self._core, str(error).splitlines()[0]
        phase = f"asking again: {said}"
        retry_after = error.retry_after if isinstance(error, ProviderError) else None
        if ticket.failures < TOLD_AFTER:  # weather
            core.tell(ticket, phase)
        else:
            message = (
                f"{ticket.lane.provider.title} gives no clear answer about job {short_job(ticket.job)}: {said}\n"
                "It is asked again by itself; nothing is lost."
            )
            core.trouble(ticket, self._open_error(ticket, message), phase)
        self.put_off(ticket, delay_after_failure(ticket.failures, retry_after=retry_after, jitter=core.rng.random()))

    def _denied(self, ticket: Ticket, error: NotebookgenError) -> None:
        """Look again much later where the key is not accepted any more, and end the wait where it stays so."""
        core = self._core
        message = (
            f"{ticket.lane.provider.title} does not let us ask about job {short_job(ticket.job)}: {str(error).splitlines()[0]}\n"
            "The job goes on there and nothing is lost. Look at the key; then run it again, or type: ng.resume()"
        )
        told = self._open_error(ticket, message)
        if ticket.failures >= DENIED_LOOKS:
            core.rest(ticket, told)
            return
        wait = min(DENIED_WAIT * 2.0 ** (ticket.failures - 1), LONGEST_DENIED_WAIT)
        core.trouble(ticket, told, f"the key is not accepted; asking again in {wait:.0f} s")
        self.put_off(ticket, wait)

    @staticmethod
    def _open_error(ticket: Ticket, message: str) -> StillRunning:
        """Return an error of a job that goes on all the same."""
        return StillRunning(message, id=ticket.generation.id, job=ticket.job)

    def heard(self, ticket: Ticket, job: Job, asked: float | None = None) -> None:
        """Go on from what a provider says about a job; ``asked`` is when it was asked, on the monotonic clock."""
        if ticket.settling:  # the end of it was heard a moment ago
            return
        ticket.failures = ticket.unknown = 0
        had(self._core, ticket)
        self._core.calls.looked(ticket, job)
        if job.phase is Phase.COMPLETED:
            self._keeping.completed(ticket, job)
        elif job.phase.over:
            self.failed(ticket, job)
        else:
            if ticket.trouble is not None:
                ticket.trouble = None
                self._core.show(ticket)
            self._lives(ticket, job.phase, self._core.clock.monotonic() if asked is None else asked)
            self._core.tell(ticket, str(job.phase))
            self._next(ticket)

    def _lives(self, ticket: Ticket, phase: Phase, asked: float) -> None:
        """Take note that a job was not over; the clock by which it is waited for begins anew where it begins to work."""
        age, before = max(asked - ticket.accepted, 0.0), ticket.lived
        ticket.looked, ticket.lived = max(asked, ticket.looked), max(age, before or 0.0)
        if phase is Phase.QUEUED:
            ticket.waited = ticket.began is None
        elif ticket.waited and ticket.began is None:
            ticket.began = ((before or 0.0) + age) / 2  # somewhere between the two looks
        ticket.forecast = self._core.durations.forecast(ticket)

    def failed(self, ticket: Ticket, job: Job, /, **columns: Any) -> None:
        """Write down a job that failed or was cancelled, and what that cost as far as anybody says."""
        core, provider = self._core, ticket.lane.provider
        cost = ending_cost(ticket, job)
        state = State.CANCELLED if job.phase is Phase.CANCELLED else State.FAILED
        if state is State.CANCELLED and ticket.state is State.INTENT:
            state = State.FAILED  # a create that answers "cancelled" was never submitted for anybody to cancel
        ticket.cost = cost
        reason = shown_line(job.fail_code or "") or None
        said = shown_line(job.error or "") or reason or "no reason given"
        columns |= {"ended": core.clock.now(), "error": said, "fail_code": reason}
        columns |= {"charged": to_nano(cost.amount), "unit": cost.unit or ticket.reserved.unit, "basis": cost.basis}
        columns |= {"retryable": None if job.retryable is None else int(job.retryable), **seen_columns(ticket)}
        if job.refunded is not None:
            columns |= {"charged": to_nano(job.charged or ticket.cost.amount), "refunded": to_nano(job.refunded)}
        core.move(ticket, state, **columns)
        core.durations.over(ticket)
        money = "Nothing was charged." if cost.amount == 0 else f"Charged as far as known: {cost}."
        if state is State.CANCELLED:
            error: NotebookgenError = JobCancelled(
                f"{ticket.generation.full_model} was cancelled at {provider.title}. {money}\nRun it again to buy it anew.",
                id=ticket.generation.id,
                job=ticket.job,
            )
        else:
            step = (
                "The content was not accepted: change the prompt or the settings."
                if job.retryable is False
                else "Run it again to buy another try."
            )
            code = f" ({reason})" if reason and reason not in said else ""
            error = JobFailed(
                f'{provider.title} could not make it: "{said}"{code}\n{money} {step}',
                id=ticket.generation.id,
                job=ticket.job,
                fail_code=reason,
                retryable=job.retryable,
            )
        core.finish(ticket, error)

    def _gone(self, ticket: Ticket, error: NotebookgenError) -> None:
        """Write down a job that its provider does not know any more; what it cost keeps counting.

        Until it was denied over hours, that is more likely trouble on the way than the job's end: it stays open.
        """
        core = self._core
        if not not_to_be_had(core, ticket):
            message = (
                f"{ticket.lane.provider.title} says that it does not know job {short_job(ticket.job)}, which it accepted before.\n"
                "It stays open, is asked about again by itself, and nothing is bought anew: run it again later, or type:"
                " ng.resume()"
            )
            core.rest(ticket, self._open_error(ticket, message))
            return
        reserved = ticket.cost if ticket.cost.amount is not None else ticket.reserved
        core.move(
            ticket,
            State.FAILED,
            ended=core.clock.now(),
            error="the provider does not know the job any more",
            charged=to_nano(reserved.amount),
            retryable=0,
            **seen_columns(ticket),
        )
        core.durations.over(ticket)
        ticket.cost = reserved
        message = (
            f"{ticket.lane.provider.title} does not know job {short_job(ticket.job)} any more; what it made is lost ({error.args[0]}).\n"
            f"Counted as spent: {reserved}. Run it again to ask once more, which is free; fresh=True buys it anew."
        )
        core.finish(ticket, JobFailed(message, id=ticket.generation.id, job=ticket.job, retryable=False))

    def cancel(self, ticket: Ticket, told: Callable[[str], None], *, ours: bool = True) -> None:
        """Ask the provider to cancel a job; ``told`` gets one line for a person, whatever happens.

        Args:
            ticket: Whose job it is.
            told: Called once.
            ours: Whether this kernel looks after the job; else another one does, which writes down what became of it.
        """
        core, lane = self._core, ticket.lane
        name = f"{ticket.generation.full_model} ({ticket.generation.id[:8]})"
        if ticket.state is not State.SUBMITTED:
            told(f"{name}: {NO_JOB.get(ticket.state, f'{ticket.state}, so there is nothing to cancel')}.")
            return
        request = lane.provider.cancel(ticket.ref)
        if request is None:
            told(f"{name}: {lane.provider.title} has no way to cancel a job; it is looked after to its end.")
            return

        def then(response: HttpResponse | None, error: BaseException | None) -> None:
            job, line = self._cancelled(ticket, response, error)
            told(f"{name}: {line}" + ("" if ours else " Another kernel looks after it and writes down how it ended."))
            if not ours or ticket.state is not State.SUBMITTED:
                return
            if job is not None:
                core.safely(ticket, lambda: self.heard(ticket, job))
            elif response is not None:
                core.safely(ticket, lambda: self.look(ticket))  # it may be over already: the answer to a look tells how

        core.work(lambda: lane.transport.send(request), then)

    def _cancelled(
        self, ticket: Ticket, response: HttpResponse | None, error: BaseException | None
    ) -> tuple[Job | None, str]:
        """Return what a provider says of a job it was asked to cancel, and the words for a person."""
        provider = ticket.lane.provider
        try:
            if response is None:
                return None, str(error)
            fault = provider.read_fault(response)
            if fault is not None and fault.code != 409:
                return None, str(fault_error(provider, fault, "cancelling"))
            job = provider.read_cancel(response, ticket.ref)
            if job is not None:
                check_job(provider, job, ticket.ref)
        except NotebookgenError as unread:
            return None, str(unread).splitlines()[0]
        except Exception as bug:  # an adapter's own; the looks go on, and tell what became of the job
            log.exception("notebookgen: the answer to a cancelling could not be read")
            return None, f"the answer could not be read ({type(bug).__name__}: {bug})."
        if job is None:
            return None, "it was over already."
        if job.phase is Phase.CANCELLED:
            return job, f"cancelled at {provider.title}."
        return job, f"{provider.title} was asked to cancel it, and says that it is {job.phase}."
