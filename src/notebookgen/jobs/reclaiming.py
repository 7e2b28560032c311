"""What was given up as lost, and is wanted again: its job is asked once more, and where it was is looked at, for nothing.

A proxy's page over a week, a wrong address, a provider that did not know its own jobs for a night: what is paid for may
be there all the same. Nothing is bought here, and nothing is written down until the job answers, or a file is here.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

from notebookgen.errors import JobFailed, NotebookgenError
from notebookgen.jobs.states import State
from notebookgen.jobs.whereabouts import another_way, known_addresses
from notebookgen.ledger.rows import outputs_from
from notebookgen.providers import read_look
from notebookgen.records import Job, Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.keeping import Keeping
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.jobs.watching import Watching
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Asset
    from notebookgen.wire import HttpResponse

__all__ = ["Reclaiming", "given_up"]


def given_up(row: AttemptRow) -> bool:
    """Whether an attempt was accepted and is called lost, and no provider has said that it failed."""
    return row.state == State.FAILED and row.retryable == 0 and row.unkept is not None


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
        self._watching.take_up(ticket, row)
        ticket.failures = ticket.unknown = 0
        ticket.spare = known_addresses(outputs_from(row.outputs), core.store.placed_assets(row.key))
        core.tell(ticket, "asking once more for what was lost")
        if ticket.job is None:
            self._look_there(ticket, lambda: self._lost(ticket, row, ""))
            return
        request = lane.provider.status(ticket.ref)

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
            said = str(error).splitlines()[0]
            self._look_there(ticket, lambda: self._lost(ticket, row, said))

        core.work(
            lambda: lane.transport.send(request),
            lambda response, error: core.safely(ticket, lambda: then(response, error)),
        )

    def _heard(self, ticket: Ticket, row: AttemptRow, job: Job) -> None:
        """Go on from what the job answers."""
        if job.phase is Phase.COMPLETED and job.outputs:
            self._open(ticket)
            self._keeping.once_more(ticket, job)
        elif job.phase is Phase.COMPLETED:
            said = f"{ticket.lane.provider.title} says it is done and names no result"
            self._look_there(ticket, lambda: self._lost(ticket, row, said))
        elif job.phase.over:  # it may have failed since it named its files: they count for more
            self._look_there(ticket, lambda: self._go_on(ticket, job))
        else:
            self._go_on(ticket, job)

    def _open(self, ticket: Ticket) -> None:
        """Take back that it is lost."""
        core = self._core
        if ticket.state is State.FAILED:  # else it was told before, and could not be written down whole
            core.move(ticket, State.SUBMITTED, kernel=core.kernel.id, ended=None, error=None, retryable=None)

    def _go_on(self, ticket: Ticket, job: Job) -> None:
        """Look after a job that is known again, as after any other."""
        self._open(ticket)
        self._watching.heard(ticket, job)

    def _look_there(self, ticket: Ticket, otherwise: Callable[[], None]) -> None:
        """Try every address that the ledger knows once; go on with what comes, or else otherwise."""
        core, origin, due = self._core, ticket.lane.provider.base_url, ticket.kind
        outputs, ticket.spare = another_way((), ticket.spare, ())
        if not outputs:
            otherwise()
            return

        def task() -> dict[int, Asset]:
            kept = {}
            for place, output in enumerate(outputs):
                with suppress(NotebookgenError):  # what stands in the way was said when it was given up
                    kept[place] = core.fetcher.keep(output, origin=origin, due=due)
            return kept

        def then(kept: dict[int, Asset] | None, error: BaseException | None) -> None:
            if kept is None:
                raise error or RuntimeError("a download gave neither files nor an error")
            if kept:
                ticket.had = kept
                self._open(ticket)
                self._keeping.once_more(ticket, Job(ticket.job, Phase.COMPLETED, outputs))
            else:
                self._look_there(ticket, otherwise)

        core.fetch(
            task, lambda kept, error: core.safely(ticket, lambda: then(kept, error)), of=origin, expires=math.inf
        )

    def _lost(self, ticket: Ticket, row: AttemptRow, said: str) -> None:
        """Say that it is lost as before, and what its job answers now."""
        asked = f"Its job was asked once more just now, which is free: {said}"
        looked = "Where its files were was looked at once more just now, which is free, and nothing came."
        message = (
            f"{ticket.generation.full_model} was accepted before with the same content, and is lost: {row.error}\n"
            f"{asked if ticket.job else looked}\n"
            f"Nothing was bought ({ticket.cost} counted before). Run it again to ask again; fresh=True buys it anew."
        )
        self._core.finish(ticket, JobFailed(message, id=row.generation, job=row.job, retryable=False))
