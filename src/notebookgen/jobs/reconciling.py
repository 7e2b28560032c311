"""What is ambiguous, settled by looking: at the provider's list where there is one, else held for a person.

It is adopted where the list shows exactly it, and sent again where a list that is up to date shows nothing that could
be it after the settle window. What may belong to creates still under way is waited for; a list that is an old one is
asked for again. All else is held.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from notebookgen.errors import JobAmbiguous, NotebookgenError, ProviderError, UnexpectedResponse
from notebookgen.jobs.comparing import compare, under_way
from notebookgen.jobs.resending import send_again, take_back, written_off
from notebookgen.jobs.schedule import delay_after_failure
from notebookgen.jobs.states import State
from notebookgen.ledger.rows import realm_text, to_nano
from notebookgen.providers import fault_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.matching import Finding
    from notebookgen.jobs.ticket import Lane, Ticket
    from notebookgen.records import Job
    from notebookgen.wire import HttpResponse

__all__ = ["Reconciling"]

log = logging.getLogger("notebookgen")

LOOKS_THAT_FAIL = 8
BOUGHT_AGAIN = 3
EQUAL_WAIT = 1.0
# After the settle window, an old list is asked for so often again, and what is under way is looked at, in a window more.
LOOKS_MORE = 6
DOING = re.compile(r" while (?:starting \S+?|listing the jobs)(?=: |$)")


@dataclass(slots=True)
class Doubt:
    """What stands between a lost create and the proof that it was not accepted.

    Attributes:
        looks: How many lists after the settle window were old ones.
        jobs: Handles of those that may be it, on the first list that could have proven it.
        creates: Attempts whose answers were still to come then: some of these jobs may be theirs.
        named: Handles of those of which a person was told.
    """

    looks: int = 0
    jobs: frozenset[str] | None = None
    creates: frozenset[int] = frozenset()
    named: frozenset[str] = frozenset()


class Reconciling:
    """Looks for lost creates, one list request for all of an account."""

    def __init__(self, core: Core, adopted: Callable[[Ticket, Job, str], None]) -> None:
        """Work with the engine's other parts; ``adopted`` goes on with a ticket whose job was found, and tells so."""
        self._core = core
        self._adopted = adopted
        # When each lost create was known here to be lost, on the clock that never jumps: the settle window begins there.
        self._lost: dict[int, float] = {}
        self._doubts: dict[int, Doubt] = {}

    def set_clock(self, lane: Lane, response: HttpResponse) -> None:
        """Learn how far the provider's clock is from ours, from the date of a reply and for how long a cache had it."""
        try:
            date = parsedate_to_datetime(response.headers.get("date", ""))
        except (ValueError, TypeError, IndexError, OverflowError):  # what it raises for nonsense differs by version
            return
        if date.tzinfo is not None:
            lane.offset = date.timestamp() + age_of(response) - self._core.clock.now() / 1e6

    def named(self, ticket: Ticket, job: str) -> bool:
        """Whether a person was told that a job may be this one."""
        doubt = self._doubts.get(ticket.key)
        return doubt is not None and job in doubt.named

    def hold(self, ticket: Ticket) -> None:
        """Look for a lost create, or hold it for a person where there is no list to look at."""
        if not ticket.lane.lists:
            self._give_up(ticket)
            return
        self._lost.setdefault(ticket.key, self._core.clock.monotonic())
        if ticket.key in self._doubts:
            self._doubts[ticket.key].looks = 0
        self._core.tell(ticket, "asking whether it was accepted")
        self.look(ticket.lane)

    def look(self, lane: Lane, failures: int = 0) -> None:
        """Ask for the account's newest jobs and match them with what is ambiguous."""
        core = self._core
        request = lane.provider.jobs(lane.provider.job_list_limit)
        if lane.looking or request is None or not core.open_in(lane, State.AMBIGUOUS):
            return
        request = replace(request, headers=(*request.headers, ("Cache-Control", "no-cache")))
        lane.looking = True
        asked = core.clock.monotonic()

        def then(response: HttpResponse | None, error: BaseException | None) -> None:
            lane.looking = False
            try:
                jobs = self._read(lane, response, error)
                self._match(lane, jobs, asked, age_of(response))
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

    def _match(self, lane: Lane, jobs: tuple[Job, ...], asked: float, age: float = 0.0) -> None:
        """Adopt what was found, take back what is proven absent, and look again at the rest later.

        Args:
            lane: Whose list it is.
            jobs: The list.
            asked: When the list was asked for, on the monotonic clock: what it shows may be as old as that.
            age: For how many seconds before that a cache has had it.
        """
        core, realm = self._core, realm_text(lane.realm)
        tickets = {one.key: one for one in core.open_in(lane, State.AMBIGUOUS)}
        compared = [
            one
            for one in tickets.values()
            # While an equal create has no answer yet, its job cannot be told from the lost one's.
            if not any(core.kernel.alive(row.kernel) for row in core.store.intents_like(one.generation.content, realm))
        ]
        lost = {one.key: self._lost.setdefault(one.key, asked) for one in compared}
        only = {key: doubt.jobs for key, doubt in self._doubts.items() if doubt.jobs is not None}
        finding = compare(core, lane, compared, jobs, lost=lost, only=only)
        waits = [EQUAL_WAIT] if len(compared) < len(tickets) else []
        for key, job in finding.found.items():
            core.safely(tickets[key], lambda ticket=tickets[key], job=job: self._found(ticket, job))  # type: ignore[misc]  # mypy cannot type a lambda's defaults
        unheard = under_way(core, lane)
        for key in (*finding.absent, *finding.unknown):
            wait = self._settle(tickets[key], finding, asked - lost[key], age, unheard)
            if wait is not None:
                waits.append(wait)
        if waits:
            core.later(min(waits) + 0.05, lambda: self.look(lane))

    def _settle(
        self, ticket: Ticket, finding: Finding, gone: float, age: float, unheard: frozenset[int]
    ) -> float | None:
        """Send again, or hold, what was not found; return in how many seconds to look once more where that is too early.

        Args:
            ticket: Whose create was lost.
            finding: What the list came to.
            gone: How many seconds after the loss the list was asked for.
            age: How many seconds old it was then.
            unheard: Attempts whose answers are still to come.
        """
        core, key, settle = self._core, ticket.key, self._core.settings.settle
        if gone < settle:
            core.tell(ticket, f"not on the provider's list; looking once more in {settle - gone:.0f} s")
            return settle - gone
        doubt = self._doubts.setdefault(key, Doubt())
        likely, timely, lacks = finding.alike.get(key, ()), finding.timely.get(key, ()), finding.lacks.get(key)
        old = gone - age < settle
        if old or lacks is not None:
            doubt.looks += 1
            if doubt.looks < LOOKS_MORE:
                core.tell(ticket, "the provider's list is not up to date; looking once more")
                return settle / LOOKS_MORE
            why = f"is {age:.0f} s old" if old else f"lacks job {lacks}, which is ours"
            self._give_up(ticket, f"the provider's list {why}", likely, timely)
        elif key in finding.absent:
            core.safely(ticket, lambda: self._absent(ticket))
        elif key in finding.proving:
            if doubt.jobs is None:
                doubt.jobs, doubt.creates = frozenset(job.id or "" for job in (*likely, *timely)), unheard
            doubt.creates &= unheard
            if doubt.creates:
                core.tell(ticket, "waiting for creates under way, to tell their jobs from its own")
                return max(settle / LOOKS_MORE, EQUAL_WAIT)
            self._give_up(ticket, "", likely, timely)
        else:
            self._give_up(ticket, "the provider's list does not reach far enough to tell", likely, timely)
        return None

    def _found(self, ticket: Ticket, job: Job) -> None:
        """Adopt the job of a lost create."""
        ticket.error = None
        self._forget(ticket)
        note = "the reply was lost; the job was found on the provider's list and adopted, nothing was bought twice"
        self._adopted(ticket, job, note)

    def _forget(self, ticket: Ticket) -> None:
        """Keep nothing of a create that was settled."""
        self._lost.pop(ticket.key, None)
        self._doubts.pop(ticket.key, None)

    def _absent(self, ticket: Ticket) -> None:
        """Take back a create that was provably not accepted; it is free to be sent again."""
        core, said = self._core, self._said(ticket)
        proof = "the provider's list proves that it was not accepted"
        columns = {"error": f"{said}; {proof}", "charged": 0, "basis": "listed"}
        self._forget(ticket)
        take_back(core, ticket, State.REFUSED, ended=core.clock.now(), **columns)
        if ticket.wanted and ticket.followers and ticket.tries < BOUGHT_AGAIN:
            ticket.stand(State.PLANNED)
            ticket.key = 0
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

    def _give_up(self, ticket: Ticket, why: str = "", likely: Sequence[Job] = (), timely: Sequence[Job] = ()) -> None:
        """Hold for a person what cannot be found out; send it again where a person has said so beforehand.

        Args:
            ticket: Whose create was lost.
            why: What the list does not tell.
            likely: Jobs on it that look much like it.
            timely: Jobs on it that are of its time and model.
        """
        core = self._core
        if not ticket.resubmits or ticket.tries >= BOUGHT_AGAIN:
            self._doubts.setdefault(ticket.key, Doubt()).named = frozenset(job.id or "" for job in (*likely, *timely))
            if likely:
                why = f"job {likely[0].id} looks much like it, but is not wholly equal"
            elif timely:
                more = f" or one of {len(timely) - 1} more" if len(timely) > 1 else ""
                why = f"job {timely[0].id}{more}, of the same time, may be it"
            core.drop(ticket, self.held_error(ticket, why, likely[0] if likely else None))
            return
        self._forget(ticket)
        send_again(core, ticket, "sent again as on_ambiguous='resubmit' says")

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
        core.move(ticket, State.FAILED, **written_off(to_nano(ticket.reserved.amount), core.clock.now(), why))


def age_of(response: HttpResponse | None) -> float:
    """Return for how many seconds a cache on the way has had a reply, as it says (RFC 9111, section 5.1)."""
    said = response.headers.get("age", "") if response is not None else ""
    return float(said) if re.fullmatch(r"[0-9]{1,9}", said) else 0.0


def unreadable(create: str, look: str) -> str:
    """Return that the list cannot be read, and why, unless that is what the create has met already."""
    words = (look.splitlines() or [""])[0]
    first, second = (DOING.sub("", text).strip(" .") for text in (create, words))
    return "its list of jobs cannot be read" + (" either" if first == second else f": {words}" if words else "")
