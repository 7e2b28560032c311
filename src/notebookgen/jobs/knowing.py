"""What the ledger knows of a wanted content: given back, taken over from a dead kernel, waited for, or to be bought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import AssetError, JobCancelled, JobFailed
from notebookgen.jobs.core import NOBODY
from notebookgen.jobs.outcomes import outcome_of
from notebookgen.jobs.reclaiming import Reclaiming, given_up
from notebookgen.jobs.resending import still_in_doubt
from notebookgen.jobs.states import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.jobs.answers import Answers
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.keeping import Keeping
    from notebookgen.jobs.reconciling import Reconciling
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.jobs.watching import Watching
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.media.spool import Spool

__all__ = ["BOUGHT_ANEW", "Knowing"]

FOREIGN_LOOK = 0.5
BOUGHT_ANEW = frozenset({State.PLANNED, State.REFUSED, State.CANCELLED, State.FAILED})


class Knowing:
    """Decides about a wanted generation by what the ledger has of it."""

    def __init__(
        self,
        core: Core,
        watching: Watching,
        keeping: Keeping,
        reconciling: Reconciling,
        answers: Answers,
        spool: Spool,
    ) -> None:
        """Work with the engine's other parts."""
        self._core = core
        self._watching = watching
        self._keeping = keeping
        self._reconciling = reconciling
        self._answers = answers
        self._spool = spool
        self._reclaiming = Reclaiming(core, watching, keeping)

    def known(self, ticket: Ticket) -> Callable[[], None] | None:
        """Return what is to be done where the ledger knows the content; None where it has to be bought."""
        ticket.queued = False
        row = self._core.store.last_attempt(ticket.generation.id)
        if still_in_doubt(self._core, ticket, row):  # and it is to be sent again all the same
            ticket.queued = True
            return None
        ticket.again = None
        if row is not None and given_up(row):
            return lambda: self._reclaiming.ask(ticket, row)
        if row is not None and row.state == State.FAILED and row.retryable == 0:
            return lambda: self._known_failure(ticket, row)
        awaited = row is not None and row.key in {ticket.shared, ticket.key}  # here or there, it was made for this call
        if row is not None and awaited and row.state in {State.FAILED, State.CANCELLED}:
            return lambda: self._shared_failure(ticket, row)
        if row is None or row.state in BOUGHT_ANEW:
            ticket.queued, ticket.shared = True, 0
            return None
        if row.state == State.SAVED:
            return lambda: self._give_back(ticket, row)
        if row.kernel != self._core.kernel.id and self._core.kernel.alive(row.kernel):
            return lambda: self._foreign(ticket, row)
        return self.take_over(ticket, row)

    def take_over(self, ticket: Ticket, row: AttemptRow) -> Callable[[], None]:
        """Adopt an attempt that a kernel, dead by now, left open; return what is to be done after the commit."""
        if not self._core.store.take_over(row.key, row.kernel, self._core.kernel.id):
            return lambda: self._foreign(ticket, row)  # yet another kernel was quicker
        if row.kernel != NOBODY:
            for handle, index in ticket.followers:
                handle.take_up(index)
        ticket.run = row.run  # who began it has paid for it: there it takes its place as soon as it stands so
        ticket.load(row)
        self._watching.take_up(ticket, row)
        self._core.calls.expect(ticket)
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
            self._answers.settle(ticket, outcome_of(ticket.lane.provider, ticket.generation, kept))
            return
        ticket.lost_at = self._core.clock.now()  # the dead process could have sent it until just now
        self._core.move(ticket, State.AMBIGUOUS, lost_at=ticket.lost_at, error="the kernel ended while it was sent")
        self._reconciling.hold(ticket)

    def _give_back(self, ticket: Ticket, row: AttemptRow) -> None:
        """Give back what was paid for before; if a file is gone, ask the job for it again."""
        ticket.load(row)
        known = self._core.store.assets(row.key)
        ticket.assets = tuple(asset for asset in known if self._core.fetcher.present(asset))
        ticket.cached = True
        gone = len(known) - len(ticket.assets)
        never_came = row.outputs is not None
        if ticket.assets and not never_came and not (gone and row.job):
            # Where no job can be asked again, what is still here is given back rather than nothing.
            news = f"{gone} of its files have gone from their place" if gone else None
            said = "\n".join(one for one in (news, row.error) if one)
            self._core.finish(ticket, AssetError(said) if said else None)
        else:
            self._core.move(ticket, State.COMPLETED, kernel=self._core.kernel.id)
            self._keeping.resume(ticket, row)

    def _known_failure(self, ticket: Ticket, row: AttemptRow) -> None:
        """Tell of a failure that asking again would not mend; it is never bought again by itself."""
        ticket.load(row)
        ticket.cached = True  # what it cost is another run's
        ticket.assets = self._core.store.assets(row.key)
        said = f": {row.error}" if row.error else "."
        message = (
            f"{ticket.generation.full_model} failed before with the same content{said}\n"
            "Nothing was sent now. Change the prompt or the settings; fresh=True buys another try."
        )
        self._core.finish(
            ticket, JobFailed(message, id=row.generation, job=row.job, fail_code=row.fail_code, retryable=False)
        )

    def _shared_failure(self, ticket: Ticket, row: AttemptRow) -> None:
        """Tell of a failure of what this ticket waited for in another kernel; another try is a person's own word."""
        ticket.load(row)
        ticket.cached = True  # what it cost is another run's
        ended = "was cancelled" if row.state == State.CANCELLED else "failed"
        error = JobCancelled if row.state == State.CANCELLED else JobFailed
        said = f": {row.error}" if row.error else "."
        message = (
            f"{ticket.generation.full_model} {ended} in another kernel, which was making it for this call, too{said}\n"
            "Run it again to buy another try."
        )
        self._core.finish(ticket, error(message, id=row.generation, job=row.job))

    def _foreign(self, ticket: Ticket, row: AttemptRow) -> None:
        """Wait for another kernel that is buying the same content just now."""
        core = self._core
        if row.state == State.AMBIGUOUS and not ticket.lane.lists:
            ticket.load(row)
            core.drop(ticket, self._reconciling.held_error(ticket))  # nobody is working on it: a person has to
            return
        core.tell(ticket, "another kernel is making it")
        ticket.shared = row.key

        def look() -> None:
            core.ready.append(ticket)

        core.later(FOREIGN_LOOK, look)
