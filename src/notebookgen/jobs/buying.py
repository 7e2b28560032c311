"""From wanted to accepted: what the ledger knows of it, the intent, the one create, and what that came to.

The intent is committed before the create leaves; a create goes out exactly once per attempt. Nothing else buys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import AssetError, JobFailed, NotebookgenError, TransportError
from notebookgen.jobs.outcomes import Accepted, NeverSent, Outcome, RefusedCreate, Unclear, outcome_of
from notebookgen.jobs.reserving import over_budget, reservation
from notebookgen.jobs.schedule import delay_after_failure
from notebookgen.jobs.sending import send_create, to_upload, unexpected, upload_all
from notebookgen.jobs.states import State
from notebookgen.ledger.rows import realm_text, to_nano
from notebookgen.records import Cost, Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.errors import NotSent
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.keeping import Keeping
    from notebookgen.jobs.reconciling import Reconciling
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.jobs.watching import Watching
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.media.spool import Spool
    from notebookgen.records import InputImage, Job
    from notebookgen.wire import HttpResponse

__all__ = ["Buying"]

UNREACHABLE_TRIES = 4
LONGEST_WAIT = 300.0  # seconds; who would have to wait longer is told so
REFUSED_TRIES = 12
UNCLEAR_IN_A_ROW = 3
UNCLEAR_PAUSE = 30.0
FOREIGN_LOOK = 0.5
BOUGHT_ANEW = frozenset({State.PLANNED, State.REFUSED, State.CANCELLED, State.FAILED})
# A few creates may be on their way when the pause begins; that many below the list's length, nothing can hide.
LIST_MARGIN = 20


class Buying:
    """Decides, in one transaction for a group, what becomes of each wanted generation, and sends what is to be sent."""

    def __init__(
        self, core: Core, watching: Watching, keeping: Keeping, reconciling: Reconciling, spool: Spool
    ) -> None:
        """Work with the engine's other parts."""
        self._core = core
        self._watching = watching
        self._keeping = keeping
        self._reconciling = reconciling
        self._spool = spool

    # Wanted ------------------------------------------------------------------------------------------------------

    def claim(self) -> None:
        """Decide about the tickets that came in, then buy as many as there are free places, each in one transaction.

        What is known already does not queue behind creates that are held open for minutes.
        """
        core = self._core
        while core.ready or (core.queue and core.sending < core.settings.concurrency):
            came = [core.ready.popleft() for _ in range(len(core.ready))]
            unknown = self._together([ticket for ticket in came if not ticket.queued], self._known_of)
            core.queue.extend(ticket for ticket in came if ticket.queued and ticket not in unknown)
            core.queue.extend(ticket for ticket in came if ticket in unknown)
            batch: list[Ticket] = []
            while core.queue and len(batch) < core.settings.concurrency - core.sending:
                batch.append(core.queue.popleft())
            self._together(batch, self._decide)

    def _together(
        self, batch: list[Ticket], decide: Callable[[Ticket], Callable[[], None] | None]
    ) -> frozenset[Ticket]:
        """Decide about tickets in one transaction, then do what was decided; return those left for later."""
        core = self._core
        for ticket in [one for one in batch if not one.wanted]:
            core.finish(ticket, ticket.error)
        batch = [ticket for ticket in batch if ticket.wanted]
        if not batch:
            return frozenset()
        decided: list[tuple[Ticket, Callable[[], None] | None]] = []
        try:
            with core.store.transaction():
                for ticket in batch:
                    decided.append((ticket, decide(ticket)))  # noqa: PERF401 - how far it came tells whose bug it is
        except Exception as error:  # noqa: BLE001 - nothing was committed, so nothing is sent
            for ticket in batch:
                ticket.state, ticket.key = State.PLANNED, 0
            if isinstance(error, NotebookgenError):
                for ticket in batch:
                    core.leave(ticket, error)
                return frozenset()
            guilty = batch[min(len(decided), len(batch) - 1)]
            core.broken(guilty, error)
            return self._together([ticket for ticket in batch if ticket is not guilty], decide)
        for ticket, follow_up in decided:
            if follow_up is not None:
                core.safely(ticket, follow_up)
        return frozenset(ticket for ticket, follow_up in decided if follow_up is None)

    def _decide(self, ticket: Ticket) -> Callable[[], None]:
        """Return what is to be done once the transaction is committed; may commit an intent."""
        known = self._known_of(ticket)
        if known is not None:
            return known
        row = self._core.store.last_attempt(ticket.generation.id)
        if row is not None and row.state == State.PLANNED:
            ticket.load(row)
        return self._buy(ticket)

    def _known_of(self, ticket: Ticket) -> Callable[[], None] | None:
        """Return what is to be done where the ledger knows the content; None where it has to be bought."""
        ticket.queued = False
        row = self._core.store.last_attempt(ticket.generation.id)
        if row is not None and row.state == State.FAILED and row.retryable == 0:
            return lambda: self._known_failure(ticket, row)
        if row is None or row.state in BOUGHT_ANEW:
            ticket.queued = True
            return None
        if row.state == State.SAVED:
            return lambda: self._known(ticket, row)
        if row.kernel != self._core.kernel.id and self._core.kernel.alive(row.kernel):
            return lambda: self._foreign(ticket, row)
        return self.take_over(ticket, row)

    def take_over(self, ticket: Ticket, row: AttemptRow) -> Callable[[], None]:
        """Adopt an attempt that a kernel, dead by now, left open; return what is to be done after the commit."""
        if not self._core.store.take_over(row.key, row.kernel, self._core.kernel.id):
            return lambda: self._foreign(ticket, row)  # yet another kernel was quicker
        ticket.load(row)
        ticket.expected = self._core.store.usual_seconds(ticket.generation)
        ticket.accepted, ticket.timed = self._core.clock.monotonic(), False
        if row.state == State.INTENT:
            return lambda: self._interrupted(ticket)
        if row.state == State.SUBMITTED:
            return lambda: self._watching.look(ticket)
        if row.state == State.COMPLETED:
            return lambda: self._keeping.resume(ticket, row)
        return lambda: self._reconciling.hold(ticket)

    def _interrupted(self, ticket: Ticket) -> None:
        """Look after a create whose process died: its reply may have been spooled, else it is ambiguous."""
        kept = self._spool.load(ticket.spooled)
        if kept is not None:
            self.settle(ticket, outcome_of(ticket.lane.provider, ticket.generation, kept))
            return
        ticket.lost_at = self._core.clock.now()  # the dead process could have sent it until just now
        self._core.move(ticket, State.AMBIGUOUS, lost_at=ticket.lost_at, error="the kernel ended while it was sent")
        self._reconciling.hold(ticket)

    def _known(self, ticket: Ticket, row: AttemptRow) -> None:
        """Give back what was paid for before; if a file is gone, ask the job for it again."""
        ticket.load(row)
        ticket.assets = self._core.store.assets(row.key)
        ticket.cached = True
        here = tuple(asset for asset in ticket.assets if self._core.fetcher.present(asset))
        if here and (len(here) == len(ticket.assets) or not row.job):
            # Where no job can be asked again, what is still here is given back rather than nothing.
            gone = len(ticket.assets) - len(here)
            ticket.assets = here
            self._core.finish(ticket, AssetError(f"{gone} of its files have gone from their place") if gone else None)
        else:
            ticket.assets = ()
            self._core.move(ticket, State.COMPLETED, kernel=self._core.kernel.id, outputs=None)
            self._keeping.resume(ticket, row)

    def _known_failure(self, ticket: Ticket, row: AttemptRow) -> None:
        """Tell of a failure that asking again would not mend; it is never bought again by itself."""
        ticket.load(row)
        ticket.assets = self._core.store.assets(row.key)
        said = f": {row.error}" if row.error else "."
        message = (
            f"{ticket.generation.full_model} failed before with the same content{said}\n"
            "Nothing was sent now. Change the prompt or the settings; --fresh (fresh=True) buys another try."
        )
        self._core.finish(
            ticket, JobFailed(message, id=row.generation, job=row.job, fail_code=row.fail_code, retryable=False)
        )

    def _foreign(self, ticket: Ticket, row: AttemptRow) -> None:
        """Wait for another kernel that is buying the same content just now."""
        core = self._core
        if row.state == State.AMBIGUOUS and not ticket.lane.lists:
            ticket.load(row)
            core.drop(ticket, self._reconciling.held_error(ticket))  # nobody is working on it: a person has to
            return
        core.tell(ticket, "another kernel is making it")

        def look() -> None:
            core.ready.append(ticket)

        core.later(FOREIGN_LOOK, look)

    # Bought ------------------------------------------------------------------------------------------------------

    def _buy(self, ticket: Ticket) -> Callable[[], None]:
        """Commit the intent, if the account and the budget allow it; return what is to be done after the commit."""
        core, lane = self._core, ticket.lane
        if lane.stopped is not None:
            error = lane.stopped
            return lambda: core.finish(ticket, error)
        wait = max(lane.paused_until - core.clock.monotonic(), 0.0)
        if (
            lane.lists
            and core.store.newer_creates(realm_text(lane.realm)) >= lane.provider.job_list_limit - LIST_MARGIN
        ):
            wait = max(wait, 1.0)  # more creates could hide a lost one behind the end of the provider's list
        if wait > 0:
            return lambda: self._again(ticket, wait, "waiting for the account")
        images = to_upload(ticket)
        if images:
            return lambda: self._upload(ticket, images)
        reserved = reservation(core.store, ticket)
        over = over_budget(core.store, ticket, reserved)
        if over is not None:
            return lambda: core.finish(ticket, over)
        ticket.at = core.clock.now()
        ticket.reserved = reserved
        if ticket.key:
            columns = {"unit": reserved.unit, "reserved": to_nano(reserved.amount), "lost_at": None, "error": None}
            core.move(ticket, State.INTENT, at=ticket.at, run=ticket.run, kernel=core.kernel.id, **columns)
        else:
            core.store.remember(ticket.generation, ticket.at)
            ticket.key = core.store.add_intent(
                ticket.generation,
                run=ticket.run,
                realm=realm_text(lane.realm),
                kernel=core.kernel.id,
                at=ticket.at,
                unit=reserved.unit,
                reserved=to_nano(reserved.amount),
            )
            ticket.state = State.INTENT
        ticket.expected = core.store.usual_seconds(ticket.generation)
        return lambda: self._send(ticket)

    # Sent --------------------------------------------------------------------------------------------------------

    def _upload(self, ticket: Ticket, images: list[InputImage]) -> None:
        """Upload the local images (free, and nothing is bought yet), then come back."""
        core, lane = self._core, ticket.lane

        def then(uploaded: dict[str, str] | None, error: BaseException | None) -> None:
            if uploaded is not None:
                ticket.failures = 0
                lane.uploads.update(uploaded)
                core.queue.appendleft(ticket)
            elif isinstance(error, TransportError) and ticket.failures < UNREACHABLE_TRIES:
                ticket.failures += 1
                wait = delay_after_failure(ticket.failures, retry_after=None, jitter=core.rng.random())
                self._again(ticket, wait, "waiting to upload")
            elif isinstance(error, NotebookgenError):
                core.finish(ticket, error)
            else:
                raise error or RuntimeError("an upload gave neither addresses nor an error")

        core.tell(ticket, "uploading")
        core.work(
            lambda: upload_all(lane, images, core.fetcher),
            lambda uploaded, error: core.safely(ticket, lambda: then(uploaded, error)),
        )

    def _send(self, ticket: Ticket) -> None:
        """Send the one create of this attempt."""
        core, lane = self._core, ticket.lane
        uploads, spool = dict(lane.uploads), self._spool
        ticket.tries += 1
        ticket.accepted, ticket.timed = core.clock.monotonic(), True
        core.sending += 1
        for handle, index in ticket.followers:  # from here on nobody may say that nothing was sent
            handle.put(index, ticket.facts(done=False))
        core.tell(ticket, "sending")

        def then(result: tuple[Outcome, HttpResponse | None] | None, error: BaseException | None) -> None:
            core.sending -= 1
            outcome, response = result or (Unclear(unexpected(error)), None)
            if response is not None:
                self._reconciling.set_clock(lane, response)
                if isinstance(outcome, Accepted) and outcome.job.id is None:
                    ticket.reply = response  # it can be had nowhere else: kept until its files are in place
            core.safely(ticket, lambda: self.settle(ticket, outcome))

        core.work(lambda: send_create(ticket, uploads, core.fetcher, spool), then, create=True)

    def settle(self, ticket: Ticket, outcome: Outcome) -> None:
        """Write down what a create came to, and go on from there."""
        lane = ticket.lane
        if isinstance(outcome, Accepted):
            lane.unclear = 0
            self.accepted(ticket, outcome.job)
        elif isinstance(outcome, RefusedCreate):
            lane.unclear = 0
            self._refused(ticket, outcome)
        elif isinstance(outcome, NeverSent):
            self._unsent(ticket, outcome.error)
        else:
            lane.unclear += 1
            if lane.unclear >= UNCLEAR_IN_A_ROW:
                lane.paused_until = self._core.clock.monotonic() + UNCLEAR_PAUSE
            ticket.lost_at = self._core.clock.now()
            ticket.error = outcome.error
            self._core.move(ticket, State.AMBIGUOUS, lost_at=ticket.lost_at, error=str(outcome.error))
            self._reconciling.hold(ticket)

    def accepted(self, ticket: Ticket, job: Job) -> None:
        """Write down that there is a job, and look after it."""
        core = self._core
        if job.id and (owner := core.store.owner_of(realm_text(ticket.lane.realm), job.id)) and owner.key != ticket.key:
            self._taken(ticket, job.id)
            return
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
            ticket.cost = Cost(job.charged, ticket.lane.provider.unit, "reported")
        if job.phase is Phase.COMPLETED:
            self._keeping.completed(ticket, job, **columns)
        elif job.phase.over:
            self._watching.failed(ticket, job, **columns)
        else:
            core.move(ticket, State.SUBMITTED, error=None, **columns)
            self._watching.begin(ticket, job)

    def _taken(self, ticket: Ticket, job: str) -> None:
        """Hold a create that was answered with a job which another attempt has: one job is never counted twice."""
        core = self._core
        ticket.lost_at = core.clock.now()
        ticket.error = NotebookgenError(f"it was answered with job {job}, which belongs to another generation already")
        core.move(ticket, State.AMBIGUOUS, lost_at=ticket.lost_at, error=str(ticket.error))
        self._reconciling.hold(ticket)

    def adopt(self, ticket: Ticket, job: Job) -> None:
        """Take a job for the answer of an ambiguous create, and go on from where the job stands."""
        core = self._core
        if job.id and core.store.owner_of(realm_text(ticket.lane.realm), job.id):
            self._reconciling.hold(ticket)  # another kernel was quicker: look once more
            return
        ticket.job, ticket.route, ticket.error = job.id, job.route or ticket.route, None
        ticket.accepted, ticket.failures, ticket.timed = core.clock.monotonic(), 0, False
        columns = {"job": job.id, "route": ticket.route, "submitted": core.clock.now(), "error": None}
        if job.charged is not None:
            ticket.cost = Cost(job.charged, ticket.lane.provider.unit, "reported")
            columns |= {"charged": to_nano(job.charged), "unit": ticket.cost.unit, "basis": "reported"}
        core.move(ticket, State.SUBMITTED, **columns)
        self._watching.heard(ticket, job)

    def _refused(self, ticket: Ticket, outcome: RefusedCreate) -> None:
        """Write down a refusal; send again by itself what was only too early."""
        core, lane, error = self._core, ticket.lane, outcome.error
        if outcome.stops_account or (outcome.again or 0.0) > LONGEST_WAIT:
            lane.stopped = error
        core.move(ticket, State.REFUSED, ended=core.clock.now(), error=str(error), fail_code=error.fail_code, charged=0)
        if (
            outcome.again is not None
            and outcome.again <= LONGEST_WAIT
            and ticket.tries < REFUSED_TRIES
            and ticket.wanted
        ):
            lane.paused_until = max(lane.paused_until, core.clock.monotonic() + outcome.again)
            self._again(
                ticket, outcome.again + core.rng.random() * 0.2, f"waiting {outcome.again:.0f} s: too many requests"
            )
            return
        core.finish(ticket, error)

    def _unsent(self, ticket: Ticket, error: NotSent) -> None:
        """Take back an intent whose create never left this machine; try again a few times."""
        core = self._core
        core.move(ticket, State.PLANNED, error=str(error))
        cause = error.__cause__
        if isinstance(cause, NotebookgenError) and not isinstance(cause, TransportError):
            core.finish(ticket, cause)  # it could not be built: trying again would not help
        elif ticket.tries < UNREACHABLE_TRIES and ticket.wanted:
            wait = delay_after_failure(ticket.tries - 1, retry_after=None, jitter=core.rng.random())
            self._again(ticket, wait, "waiting for the network")
        else:
            core.finish(ticket, error)

    def _again(self, ticket: Ticket, seconds: float, phase: str) -> None:
        """Come back to a ticket after a while; a new attempt begins where the last one has ended."""
        core = self._core
        if ticket.state is State.REFUSED:
            ticket.state, ticket.key = State.PLANNED, 0
        core.tell(ticket, phase)
        core.later(seconds, lambda: core.ready.append(ticket))
