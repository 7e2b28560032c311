"""What is ambiguous, settled by looking: at the provider's list where there is one, else held for a person."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from notebookgen.errors import JobAmbiguous, NotebookgenError, ProviderError, UnexpectedResponse
from notebookgen.jobs.matching import Missing, in_order, match
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
DOING = re.compile(r" while (?:starting \S+?|listing the jobs)(?=: |$)")


class Reconciling:
    """Looks for lost creates, one list request for all of an account."""

    def __init__(self, core: Core, adopted: Callable[[Ticket, Job], None]) -> None:
        """Work with the engine's other parts; ``adopted`` goes on with a ticket whose job was found."""
        self._core = core
        self._adopted = adopted
        # When each lost create was known here to be lost, on the clock that never jumps: the settle window begins there.
        self._lost: dict[int, float] = {}

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
        self._lost.setdefault(ticket.key, self._core.clock.monotonic())
        self._core.tell(ticket, "asking whether it was accepted")
        self.look(ticket.lane)

    def look(self, lane: Lane, failures: int = 0) -> None:
        """Ask for the account's newest jobs and match them with what is ambiguous."""
        core = self._core
        request = lane.provider.jobs(lane.provider.job_list_limit)
        if lane.looking or request is None or not core.open_in(lane, State.AMBIGUOUS):
            return
        lane.looking = True
        asked = core.clock.monotonic()

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
                        core.leave(ticket, self.held_error(ticket, unreadable(self._said(ticket), str(unread))))
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

    def _match(self, lane: Lane, jobs: tuple[Job, ...], asked: float) -> None:
        """Adopt what was found, take back what is proven absent, and look again at the rest later.

        Args:
            lane: Whose list it is.
            jobs: The list.
            asked: When the list was asked for, on the monotonic clock: what it shows may be as old as that.
        """
        core, realm = self._core, realm_text(lane.realm)
        tickets = {one.key: one for one in core.open_in(lane, State.AMBIGUOUS)}
        models = {one.generation.id: one.model for one in tickets.values()}
        shift = timedelta(seconds=lane.offset or 0.0)
        heard = core.store.heard_of(realm, [job.id for job in jobs if job.id])
        missing = [
            Missing(
                key,
                one.generation,
                self._sent_at(one) + shift,
                frozenset(job for job, (before, at) in heard.items() if before < key and at < one.at),
            )
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
            newest_first=in_order(jobs),
            same=lambda job, generation: lane.provider.same(job, generation, models.get(generation.id)),
        )
        compared = {one.key for one in missing}
        waits = [EQUAL_WAIT for key in tickets if key not in compared]
        for key, job in finding.found.items():
            core.safely(tickets[key], lambda ticket=tickets[key], job=job: self._found(ticket, job))  # type: ignore[misc]  # mypy cannot type a lambda's defaults
        for key in (*finding.absent, *finding.unknown):
            ticket = tickets[key]
            left = core.settings.settle - (asked - self._lost.setdefault(key, asked))
            if left > 0:
                waits.append(left)
                core.tell(ticket, f"not on the provider's list; looking once more in {left:.0f} s")
            elif key in finding.absent:
                core.safely(ticket, lambda ticket=ticket: self._absent(ticket))  # type: ignore[misc]  # likewise
            else:
                why = "the provider's list does not reach far enough to tell"
                alike = finding.alike.get(key)
                if alike is not None:
                    why = f"job {alike.id} looks much like it, but is not wholly equal"
                self._give_up(ticket, why, alike)
        if waits:
            core.later(min(waits) + 0.05, lambda: self.look(lane))

    def _sent_at(self, ticket: Ticket) -> datetime:
        """Return when a create was sent, by our clock as it stands now: the clock may have been put right since."""
        clock = self._core.clock
        if not ticket.timed:
            return datetime.fromtimestamp(ticket.at / 1e6, UTC)
        return datetime.fromtimestamp(clock.now() / 1e6 - (clock.monotonic() - ticket.accepted), UTC)

    def _found(self, ticket: Ticket, job: Job) -> None:
        """Adopt the job of a lost create."""
        ticket.error = None
        self._lost.pop(ticket.key, None)
        for handle, _ in ticket.followers:
            handle.note(
                "the reply was lost; the job was found on the provider's list and adopted, nothing was bought twice"
            )
        self._adopted(ticket, job)

    def _absent(self, ticket: Ticket) -> None:
        """Take back a create that was provably not accepted; it is free to be sent again."""
        core, said = self._core, self._said(ticket)
        proof = "the provider's list proves that it was not accepted"
        core.move(ticket, State.REFUSED, ended=core.clock.now(), error=f"{said}; {proof}", charged=0, basis="listed")
        self._lost.pop(ticket.key, None)
        if ticket.wanted and ticket.followers and ticket.tries < BOUGHT_AGAIN:
            ticket.state, ticket.key = State.PLANNED, 0
            core.tell(ticket, "it was not accepted; sending it again")
            core.ready.append(ticket)
            return
        core.finish(
            ticket,
            ProviderError(
                f"{ticket.generation.full_model} was not accepted: {said}\n"
                f"Nobody could tell at first, but {proof}. Nothing was charged. Run it again."
            ),
        )

    def _said(self, ticket: Ticket) -> str:
        """Return what came back instead of a clear answer, in one line."""
        row = self._core.store.attempt(ticket.key)  # not the ticket's own: that may be what a person was told before
        return ((row.error if row is not None else None) or "the reply was lost").splitlines()[0]

    def _give_up(self, ticket: Ticket, why: str = "", alike: Job | None = None) -> None:
        """Hold for a person what cannot be found out; send it again where a person has said so beforehand."""
        core = self._core
        if not ticket.resubmits or ticket.tries >= BOUGHT_AGAIN:
            core.drop(ticket, self.held_error(ticket, why, alike))
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

    def held_error(self, ticket: Ticket, why: str = "", alike: Job | None = None) -> JobAmbiguous:
        """Return what a person is told of what is held; ``alike`` is a job that it may have become."""
        lane = ticket.lane
        name = ticket.generation.id[:8]
        last, job = self._said(ticket), alike.id if alike is not None else "JOB"
        said = f" ({why})" if why else ""
        reason = "" if lane.lists else f" {lane.provider.title} has no list of jobs to look at."
        message = (
            f"nobody knows whether {lane.provider.title} accepted {ticket.generation.full_model}: {last.rstrip('.')}{said}\n"
            f"It may be charged ({ticket.reserved.words}); it is not sent again by itself.{reason}\n"
            f"Look at the account's history, then type: ng.resolve('{name}', 'adopt', job='{job}'),"
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


def unreadable(create: str, look: str) -> str:
    """Return that the list cannot be read, and why, unless that is what the create has met already."""
    words = (look.splitlines() or [""])[0]
    first, second = (DOING.sub("", text).strip(" .") for text in (create, words))
    return "its list of jobs cannot be read" + (" either" if first == second else f": {words}" if words else "")
