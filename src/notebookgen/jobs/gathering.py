"""One list for many looks, where the service lists its jobs: the jobs that are on it are answered as if each had been asked about.

A list is asked for where a job is due to be looked at and another one nearly is; there is one under way for an account at
most. That a job is not on it proves nothing: it is asked about by itself.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError, ProviderError, TransportError
from notebookgen.jobs.reconciling import age_of
from notebookgen.jobs.schedule import SHORTEST, delay_after_failure, next_list
from notebookgen.jobs.states import State
from notebookgen.jobs.survival import TOLD
from notebookgen.providers import fault_error
from notebookgen.records import Phase

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.survival import Curve
    from notebookgen.jobs.ticket import Lane, Ticket
    from notebookgen.records import Job
    from notebookgen.wire import HttpRequest, HttpResponse

    class Looking(Protocol):
        """What looks at jobs one by one."""

        def look(self, ticket: Ticket) -> None:
            """Ask for a job's status."""

        def heard(self, ticket: Ticket, job: Job, asked: float | None = None) -> None:
            """Go on from what a provider says about a job."""

        def sure(self, ticket: Ticket) -> float:
            """Return how likely a job is over by now."""

        def overdue(self, ticket: Ticket) -> float:
            """Return how unlikely it is that a job was still running when it was last shown to be."""

        def put_off(self, ticket: Ticket, seconds: float) -> None:
            """Have a look that is due wait."""

        def hold_back(self, ticket: Ticket, seconds: float) -> None:
            """Have a look wait that an account's limit does not allow now."""

        def _allowed(self, lane: Lane, purpose: str, *, sure: float) -> float: ...


__all__ = ["Gathering"]

log = logging.getLogger("notebookgen")

NEARLY = 0.3  # of its own interval that another job must have waited
RARELY = 0.2  # of a job's usual duration that is between two lists while little is known
ENOUGH = 32  # jobs that tell when a list is worth it, out of more
FADING = 0.95  # the last of many have ended when hardly any run beside them
OVERDUE = 0.99
MISSED = 2  # lists in a row on which a job was not, until it is asked about by itself alone
FAILURES = 5  # lists in a row that failed, until none is tried for a while
PAUSE = 300.0
WEATHER = frozenset({408, 425, 429, *range(500, 600)})


@dataclass(slots=True)
class Line:
    """How it stands with an account's lists.

    Attributes:
        due: The jobs for which one is under way; empty where none is.
        asked: When the last one was, on the monotonic clock.
        next_at: None is asked for before that moment, because some have failed.
        failures: How many in a row failed.
        worth_at: When the next one is worth a request.
        planned: When that was found out; infinitely long ago where it was not since the last one.
        curve: By what was known then.
        most: How many jobs were under way at once lately.
    """

    due: list[Ticket] = field(default_factory=list)
    asked: float = -math.inf
    next_at: float = 0.0
    failures: int = 0
    worth_at: float = 0.0
    planned: float = -math.inf
    curve: Curve | None = None
    most: float = 0.0


class Gathering:
    """Asks for lists in the place of looks."""

    def __init__(self, core: Core, looking: Looking, hear: Callable[[Lane, HttpResponse], None]) -> None:
        """Work with the engine's other parts; ``hear`` is told of every reply (it sets the account's clock)."""
        self._core = core
        self._looking = looking
        self._hear = hear
        self._lines: dict[Lane, Line] = {}

    def takes(self, ticket: Ticket) -> bool:
        """Whether a list, now or in a moment, stands for the look at a job that is due; else it is asked about by itself."""
        lane = ticket.lane
        request = self._request(ticket)
        # Lists may lag or be cached: a job that is shown as running for too long is asked about by itself.
        if request is None or self._looking.overdue(ticket) > OVERDUE:
            return False
        line = self._lines.setdefault(lane, Line())
        if line.due:  # what it will show is hardly older than what an answer to a look would
            line.due.append(ticket)
            return True
        now = self._core.clock.monotonic()
        if not any(self._is_nearly_due(one, lane, now) for one in self._core.tickets.values() if one is not ticket):
            return False
        wait = max(line.next_at, self._worth_at(line, ticket, now)) - now
        if wait > 0 and line.failures:
            return False
        if wait <= 0:
            wait = self._looking._allowed(lane, "list", sure=self._looking.sure(ticket))  # noqa: SLF001 - the one gate of all looks
            if wait > 0:
                self._looking.hold_back(ticket, wait)
                return True
        if wait > 0:
            self._looking.put_off(ticket, wait)
        else:
            self._ask(lane, line, ticket, request)
        return True

    def _worth_at(self, line: Line, ticket: Ticket, now: float) -> float:
        """Return when the next list is worth a request, by how long such jobs take; while little is known, by a job's age."""
        curve, _ = self._core.durations.curve(ticket)
        if curve.known < TOLD:
            return line.asked + max(RARELY * min(curve.median, now - ticket.accepted), SHORTEST)
        if line.planned == -math.inf or (line.curve is not curve and now >= line.planned + SHORTEST):
            line.planned, line.curve = now, curve
            line.worth_at = max(now + self._until_worth(line, ticket.lane, now), line.asked + SHORTEST)
        return line.worth_at

    def _until_worth(self, line: Line, lane: Lane, now: float) -> float:
        """Return the seconds until a list is worth a request, by those under way that it would show."""
        shown = [
            one
            for one in self._core.tickets.values()
            if one.lane is lane and one.state is State.SUBMITTED and not one.settling and self._is_shown(one)
        ]
        line.most = max(float(len(shown)), FADING * line.most)
        jobs = []
        for one in shown[:: -(-len(shown) // ENOUGH) or 1]:
            curve, began = self._core.durations.curve(one)
            start = one.accepted + began
            jobs.append((curve, now - start, one.looked - start))
        return next_list(jobs, most=line.most / max(len(shown), 1))

    @staticmethod
    def _is_shown(ticket: Ticket) -> bool:
        """Whether a list can be counted on to show a job."""
        lane = ticket.lane
        newer = lane.accepted - ticket.number  # of our own; of others nobody knows
        return lane.lists and ticket.missed < MISSED and newer < lane.provider.job_list_limit

    def _request(self, ticket: Ticket) -> HttpRequest | None:
        """Return the request for a list that may show a job; None where none can be counted on to do so."""
        provider = ticket.lane.provider
        return provider.jobs(provider.job_list_limit) if self._is_shown(ticket) else None

    @staticmethod
    def _is_nearly_due(ticket: Ticket, lane: Lane, now: float) -> bool:
        """Whether it would soon be time to look at a job, so that a list spares that."""
        return (
            ticket.lane is lane
            and ticket.state is State.SUBMITTED
            and not ticket.settling
            and not ticket.asking
            and ticket.missed < MISSED
            and now - ticket.looked >= NEARLY * (ticket.due - ticket.looked)
        )

    def _ask(self, lane: Lane, line: Line, ticket: Ticket, request: HttpRequest) -> None:
        """Ask for the account's newest jobs."""
        core, provider = self._core, lane.provider
        asked = core.clock.monotonic()
        line.due.append(ticket)
        line.asked, line.planned = asked, -math.inf
        fresh = replace(request, headers=(*request.headers, ("Cache-Control", "no-cache")))

        def task() -> tuple[HttpResponse, tuple[Job, ...]]:
            response = lane.transport.send(fresh)
            fault = provider.read_fault(response)
            if fault is not None:
                raise fault_error(provider, fault, "listing the jobs")
            return response, provider.read_jobs(response)

        def then(result: tuple[HttpResponse, tuple[Job, ...]] | None, error: BaseException | None) -> None:
            due, line.due = line.due, []
            if result is None:
                self._failed(line, due, error)
                return
            line.failures = 0
            response, jobs = result
            self._hear(lane, response)
            try:
                self._heard(lane, due, jobs, asked - age_of(response))
            except Exception as bug:  # noqa: BLE001 - an adapter's own: what is on it cannot be read
                self._failed(line, due, bug)

        core.work(task, then)

    def _failed(self, line: Line, due: list[Ticket], error: BaseException | None) -> None:
        """Ask about each job by itself where the list cannot be had or read, and for no list for a while."""
        core = self._core
        if not isinstance(error, NotebookgenError):
            log.error("notebookgen: the list of jobs could not be read", exc_info=error)
        line.failures += 1
        asked = error.retry_after if isinstance(error, ProviderError) else None
        wait = delay_after_failure(line.failures, retry_after=asked, jitter=core.rng.random())
        line.next_at = core.clock.monotonic() + (PAUSE if line.failures >= FAILURES else wait)
        weather = isinstance(error, TransportError) or (isinstance(error, ProviderError) and error.code in WEATHER)
        for ticket in due:
            if weather:  # a look of its own would meet the same just now
                first = delay_after_failure(1, retry_after=asked, jitter=core.rng.random())
                self._looking.put_off(ticket, first)
            else:
                self._look(ticket)

    def _heard(self, lane: Lane, due: list[Ticket], jobs: tuple[Job, ...], asked: float) -> None:
        """Go on from what a list shows.

        Args:
            lane: Whose list it is.
            due: The jobs for which it was asked for.
            jobs: What is on it.
            asked: How things stood then, on the monotonic clock.
        """
        listed: dict[str, Job] = {}
        for job in jobs:  # the newest entry first; an old one beside it hides nothing
            name = (job.id or "").casefold()
            if name and (name not in listed or (job.phase.over and not listed[name].phase.over)):
                listed[name] = job
        for ticket in list(self._core.tickets.values()):
            if ticket.lane is not lane or ticket.state is not State.SUBMITTED or ticket.settling:
                continue
            shown = listed.get((ticket.job or "").casefold())
            if shown is None:
                if ticket in due:
                    ticket.missed += 1
                    self._look(ticket)
                continue
            ticket.missed = 0
            if shown.phase is Phase.COMPLETED and not shown.outputs:
                self._look(ticket)  # what it made may stand in its own answer only
            elif shown.phase.over or (asked > ticket.looked and not ticket.asking):
                self._core.safely(ticket, lambda one=ticket, its=shown: self._looking.heard(one, its, asked))  # type: ignore[misc]  # mypy cannot type a lambda's defaults
            elif ticket in due and not ticket.asking:
                self._look(ticket)  # a look of its own has told more since

    def _look(self, ticket: Ticket) -> None:
        """Ask about a job by itself."""
        self._core.safely(ticket, lambda: self._looking.look(ticket))
