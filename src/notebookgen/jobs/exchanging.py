"""Requests that need no thread of their own: where the transport can, they are begun here and heard of in the engine's thread.

What takes long to build or to read goes to a worker all the same: images, and replies with pictures in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebookgen.jobs.outcomes import Accepted, NeverSent, Outcome
from notebookgen.jobs.sending import create_of, judged, keep_reply, send_create

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.ticket import Lane, Ticket
    from notebookgen.media.spool import Spool
    from notebookgen.wire import HttpRequest, HttpResponse

    Heard = Callable[[HttpResponse | None, BaseException | None], None]
    Told = tuple[Outcome, HttpResponse | None]

__all__ = ["create", "exchange"]

SHORT = 2**16  # bytes of a reply that are read in a moment


def exchange(core: Core, lane: Lane, request: HttpRequest, then: Heard) -> None:
    """Have a request sent whose place was given, then run ``then(response, error)`` in the engine's thread."""
    begin = begins(lane)
    if begin is None:
        core.work(lambda: lane.transport.send(request), then)
        return
    try:
        begin(request, lambda response, error: core.post(lambda: then(response, error)))
    except Exception as error:  # noqa: BLE001 - for who asked, as if a worker had met it
        raised = error
        core.post(lambda: then(None, raised))


def create(
    core: Core,
    ticket: Ticket,
    uploads: Mapping[str, str],
    spool: Spool,
    callback: str | None,
    then: Callable[[Told | None, BaseException | None], None],
) -> None:
    """Send the one create of an attempt, then run ``then(told, error)`` in the engine's thread; see ``send_create``."""
    lane = ticket.lane
    if begins(lane) is None or ticket.generation.images:
        core.work(lambda: send_create(ticket, uploads, core.fetcher, spool, callback), then, create=True)
        return
    request = create_of(ticket, uploads, core.fetcher, callback)
    if isinstance(request, NeverSent):
        then((request, None), None)
        return

    def heard(response: HttpResponse | None, error: BaseException | None) -> None:
        def read() -> Told:
            outcome = judged(ticket, response, error)
            keep_reply(ticket, spool, outcome, response)
            return outcome, response

        if response is not None and len(response.body) > SHORT:
            core.work(read, then)
            return
        try:
            outcome = judged(ticket, response, error)
        except Exception as bug:  # noqa: BLE001 - as if a worker had met it
            then(None, bug)
            return
        if isinstance(outcome, Accepted) and outcome.job.id is None:
            core.work(read, then)  # it is put on the disk first
        else:
            then((outcome, response), None)

    exchange(core, lane, request, heard)


def begins(lane: Lane) -> Callable[..., Any] | None:
    """Return how a lane's transport begins an exchange without waiting for its end; None where it cannot."""
    begin: Callable[..., Any] | None = getattr(lane.transport, "begin", None)
    return begin
