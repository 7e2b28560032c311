"""What was given up as lost, and is wanted again: its job is asked once more, which is free, before that is told again.

A proxy's page over a week, a wrong address, a provider that did not know its own jobs for a night: what is paid for may
be there all the same. Nothing is bought here, and nothing is written down until the job answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import JobFailed, NotebookgenError
from notebookgen.jobs.states import State
from notebookgen.providers import read_look
from notebookgen.records import Phase

if TYPE_CHECKING:
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.keeping import Keeping
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.jobs.watching import Watching
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Job
    from notebookgen.wire import HttpResponse

__all__ = ["Reclaiming", "given_up"]


def given_up(row: AttemptRow) -> bool:
    """Whether an attempt was accepted and is called lost, and no provider has said that it failed."""
    return row.state == State.FAILED and row.retryable == 0 and row.unkept is not None and row.job is not None


class Reclaiming:
    """Asks once more for what was lost."""

    def __init__(self, core: Core, watching: Watching, keeping: Keeping) -> None:
        """Work with the engine's other parts."""
        self._core = core
        self._watching = watching
        self._keeping = keeping

    def ask(self, ticket: Ticket, row: AttemptRow) -> None:
        """Ask the job of an attempt that was given up; until it answers, nothing is changed."""
        core, lane = self._core, ticket.lane
        ticket.load(row)
        ticket.cached = True
        ticket.expected = core.store.usual_seconds(ticket.generation)
        ticket.accepted, ticket.timed = core.clock.monotonic(), False
        ticket.failures = ticket.unknown = 0
        request = lane.provider.status(ticket.ref)
        core.tell(ticket, "asking once more for what was lost")

        def then(response: HttpResponse | None, error: BaseException | None) -> None:
            if response is not None:
                try:
                    job = read_look(lane.provider, response, ticket.ref, "asking for what was lost")
                except NotebookgenError as unread:
                    error = unread
                else:
                    self._heard(ticket, row, job)
                    return
            if not isinstance(error, NotebookgenError):
                raise error or RuntimeError("a look gave neither a reply nor an error")
            self._lost(ticket, row, str(error).splitlines()[0])

        core.work(
            lambda: lane.transport.send(request),
            lambda response, error: core.safely(ticket, lambda: then(response, error)),
        )

    def _heard(self, ticket: Ticket, row: AttemptRow, job: Job) -> None:
        """Go on from what the job answers."""
        core = self._core
        if job.phase is Phase.COMPLETED and not job.outputs:
            self._lost(ticket, row, f"{ticket.lane.provider.title} says it is done and names no result")
            return
        if ticket.state is State.FAILED:  # else it was told before, and could not be written down whole
            core.move(ticket, State.SUBMITTED, kernel=core.kernel.id, ended=None, error=None, retryable=None)
        if job.phase is Phase.COMPLETED:
            self._keeping.once_more(ticket, job)
        else:
            self._watching.heard(ticket, job)

    def _lost(self, ticket: Ticket, row: AttemptRow, said: str) -> None:
        """Say that it is lost as before, and what its job answers now."""
        message = (
            f"{ticket.generation.full_model} was accepted before with the same content, and is lost: {row.error}\n"
            f"Its job was asked once more just now, which is free: {said}\n"
            f"Nothing was bought ({ticket.cost} counted before). Run it again to ask again; fresh=True buys it anew."
        )
        self._core.finish(ticket, JobFailed(message, id=row.generation, job=row.job, retryable=False))
