"""What is ambiguous, settled by looking: at the provider's list where there is one, else held for a person."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from notebookgen.errors import JobAmbiguous, NotebookgenError, ProviderError, UnexpectedResponse
from notebookgen.jobs.matching import Missing, match
from notebookgen.jobs.schedule import delay_after_failure
from notebookgen.jobs.states import State
from notebookgen.ledger.rows import realm_text, to_nano
from notebookgen.providers import fault_error
from notebookgen.records import NO_COST

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.ticket import Lane, Ticket
    from notebookgen.records import Job
    from notebookgen.wire import HttpResponse

__all__ = ["Reconciling"]

log = logging.getLogger("notebookgen")

LOOKS_THAT_FAIL = 8
BOUGHT_AGAIN = 3
EQUAL_WAIT = 1.0


class Reconciling:
    """Looks for lost creates, one list request for all of an account."""

    def __init__(self, core: Core, adopted: Callable[[Ticket, Job], None]) -> None:
        """Work with the engine's other parts; ``adopted`` goes on with a ticket whose job was found."""
        self._core = core
        self._adopted = adopted

    def set_clock(self, lane: Lane, response: HttpResponse) -> None:
        """Learn how far the provider's clock is from ours, from the date of a reply."""
        try:
            date = parsedate_to_datetime(response.headers.get("date", ""))
        except (ValueError, TypeError, IndexError, OverflowError):  # what it raises for nonsense differs by version
            return
        if date.tzinfo is not None:
            lane.offset = date.timestamp() - self._core.clock.now() / 1e6

    def hold(self, ticket: Ticket) -> None:
        """Look for a lost create, or hold it for a person where there is no list to look at."""
        if not ticket.lane.lists:
            self._give_up(ticket)
            return
        self._core.tell(ticket, "asking whether it was accepted")
        self.look(ticket.lane)

    def look(self, lane: Lane, failures: int = 0) -> None:
        """Ask for the account's newest jobs and match them with what is ambiguous."""
        core = self._core
        request = lane.provider.jobs(lane.provider.job_list_limit)
        if lane.looking or request is None or not core.open_in(lane, State.AMBIGUOUS):
            return
        lane.looking = True
        asked = core.clock.now()

        def then(response: HttpResponse | None, error: BaseException | None) -> None:
            lane.looking = False
            try:
                self._match(lane, self._read(lane, response, error), asked)
            except (
                Exception
            ) as unread:  # a list that cannot be read or compared proves nothing: what is open stays open
                if not isinstance(unread, NotebookgenError):
                    log.exception("notebookgen: the list of jobs could not be compared")
                if failures + 1 >= LOOKS_THAT_FAIL:
                    for ticket in core.open_in(lane, State.AMBIGUOUS):
                        core.leave(ticket, self.held_error(ticket, (str(unread).splitlines() or [""])[0]))
                wait = delay_after_failure(failures + 1, retry_after=None, jitter=core.rng.random())
                core.later(wait, lambda: self.look(lane, failures + 1))

        core.work(lambda: lane.transport.send(request), then)

    def _read(self, lane: Lane, response: HttpResponse | None, error: BaseException | None) -> tuple[Job, ...]:
        """Return the list of jobs, or raise what stands in the way."""
        if response is None:
            raise error if isinstance(error, NotebookgenError) else UnexpectedResponse(str(error))
        self.set_clock(lane, response)
        fault = lane.provider.read_fault(response)
        if fault is not None:
            raise fault_error(lane.provider, fault, "listing the jobs")
        return lane.provider.read_jobs(response)

    def _match(self, lane: Lane, jobs: tuple[Job, ...], asked: int) -> None:
        """Adopt what was found, take back what is proven absent, and look again at the rest later.

        Args:
            lane: Whose list it is.
            jobs: The list.
            asked: When the list was asked for: what it shows may be as old as that.
        """
        core, realm = self._core, realm_text(lane.realm)
        tickets = {one.key: one for one in core.open_in(lane, State.AMBIGUOUS)}
        models = {one.generation.id: one.model for one in tickets.values()}
        shift = timedelta(seconds=lane.offset or 0.0)
        missing = [
            Missing(key, one.generation, datetime.fromtimestamp(one.at / 1e6, UTC) + shift)
            for key, one in tickets.items()
            # While an equal create has no answer yet, its job cannot be told from the lost one's.
            if not any(core.kernel.alive(row.kernel) for row in core.store.intents_like(one.generation.content, realm))
        ]
        adopted = core.store.adopted_jobs(realm)
        finding = match(
            missing,
            jobs,
            adopted=adopted,
            # The sandbox's list ends with its process; a real account's list shows what we bought there before.
            expected=frozenset() if lane.realm.sandbox else adopted,
            limit=lane.provider.job_list_limit,
            default=lane.provider.job_list_default,
            same=lambda job, generation: lane.provider.same(job, generation, models.get(generation.id)),
        )
        compared = {one.key for one in missing}
        waits = [EQUAL_WAIT for key in tickets if key not in compared]
        for key, job in finding.found.items():
            core.safely(tickets[key], lambda ticket=tickets[key], job=job: self._found(ticket, job))  # type: ignore[misc]  # mypy cannot type a lambda's defaults
        for key in (*finding.absent, *finding.unknown):
            ticket = tickets[key]
            left = core.settings.settle - (asked - (ticket.lost_at or asked)) / 1e6
            if left > 0:
                waits.append(left)
                core.tell(ticket, f"not on the provider's list; looking once more in {left:.0f} s")
            elif key in finding.absent:
                core.safely(ticket, lambda ticket=ticket: self._absent(ticket))  # type: ignore[misc]  # likewise
            else:
                why = "the provider's list does not reach back far enough"
                if key in finding.alike:
                    why = f"job {finding.alike[key].id} looks much like it, but is not wholly equal"
                self._give_up(ticket, why)
        if waits:
            core.later(min(waits) + 0.05, lambda: self.look(lane))

    def _found(self, ticket: Ticket, job: Job) -> None:
        """Adopt the job of a lost create."""
        ticket.error = None
        for handle, _ in ticket.followers:
            handle.note(
                "the reply was lost; the job was found on the provider's list and adopted, nothing was bought twice"
            )
        self._adopted(ticket, job)

    def _absent(self, ticket: Ticket) -> None:
        """Take back a create that was provably not accepted; it is free to be sent again."""
        core = self._core
        core.move(
            ticket,
            State.REFUSED,
            ended=core.clock.now(),
            error="not accepted: absent from the provider's list after the settle window",
            charged=0,
            basis="listed",
        )
        if ticket.wanted and ticket.followers and ticket.tries < BOUGHT_AGAIN:
            ticket.state, ticket.key = State.PLANNED, 0
            core.tell(ticket, "it was not accepted; sending it again")
            core.ready.append(ticket)
            return
        message = (
            f"the create of {ticket.generation.full_model} got no answer, and the provider's list proves that it was not"
            " accepted. Nothing was charged.\nRun it again."
        )
        core.finish(ticket, ProviderError(message))

    def _give_up(self, ticket: Ticket, why: str = "") -> None:
        """Hold for a person what cannot be found out; send it again where a person has said so beforehand."""
        core = self._core
        if not ticket.resubmits or ticket.tries >= BOUGHT_AGAIN:
            core.drop(ticket, self.held_error(ticket, why))
            return
        with core.settling(ticket):
            self.write_off(ticket, "sent again as on_ambiguous='resubmit' says: nobody knows whether it was accepted")
        for handle, _ in ticket.followers:
            handle.note(
                "some replies were lost, and their rows sent again (on_ambiguous='resubmit'): they may be charged twice"
            )
        ticket.state, ticket.key, ticket.cost = State.PLANNED, 0, NO_COST
        core.tell(ticket, "nobody knows whether it was accepted; sending it again")
        core.ready.append(ticket)

    def held_error(self, ticket: Ticket, why: str = "") -> JobAmbiguous:
        """Return what a person is told of what is held."""
        lane = ticket.lane
        name = ticket.generation.id[:8]
        said = f" ({why})" if why else ""
        last = str(ticket.error).splitlines()[0] if ticket.error else "the reply was lost"
        reason = "" if lane.lists else f" {lane.provider.title} has no list of jobs to look at."
        message = (
            f"nobody knows whether {lane.provider.title} accepted {ticket.generation.full_model}: {last}{said}\n"
            f"It may be charged ({ticket.reserved.words}); it is not sent again by itself.{reason}\n"
            f"Look at the account's history, then type: ng.resolve('{name}', 'adopt', job='JOB'),"
            f" or ng.resolve('{name}', 'resubmit'), or ng.resolve('{name}', 'write_off')"
        )
        return JobAmbiguous(message, id=ticket.generation.id, job=None)

    def write_off(self, ticket: Ticket, why: str) -> None:
        """Close an ambiguous attempt as lost; what was reserved counts as spent."""
        core = self._core
        ticket.cost = ticket.reserved
        basis = "listed" if ticket.reserved.amount is not None else "unknown"
        core.move(
            ticket,
            State.FAILED,
            ended=core.clock.now(),
            error=why,
            retryable=1,
            charged=to_nano(ticket.reserved.amount),
            basis=basis,
        )
