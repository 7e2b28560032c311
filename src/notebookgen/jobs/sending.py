"""What worker threads do for a purchase: upload its images, build its create, send it. They change no state."""

from __future__ import annotations

import base64
import contextlib
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError, NotSent, NotWritable, ProviderError, TransportError
from notebookgen.jobs.outcomes import Accepted, NeverSent, Outcome, Unclear, outcome_of
from notebookgen.providers import Delivery, fault_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notebookgen.jobs.ticket import Fetcher, Lane, Ticket
    from notebookgen.media.spool import Spool
    from notebookgen.records import InputImage
    from notebookgen.wire import HttpRequest, HttpResponse

__all__ = ["create_of", "judged", "keep_reply", "send_create", "to_upload", "unexpected", "upload_all"]


def to_upload(ticket: Ticket) -> list[InputImage]:
    """Return the local images of a generation that its provider wants uploaded first and does not have yet."""
    provider, generation = ticket.lane.provider, ticket.generation
    return [
        image
        for image in generation.images
        if image.url is None
        and image.key not in ticket.lane.uploads
        and provider.delivery(generation, image, ticket.model) == "upload"
    ]


def upload_all(lane: Lane, images: Sequence[InputImage], fetcher: Fetcher) -> dict[str, str]:
    """Upload images and return their addresses by their hash. Uploads are free.

    Raises:
        ProviderError: The provider does not take one.
        TransportError: The wire broke.
    """
    return {image.key: _upload(lane, image, fetcher.held(image.key)) for image in images}


def _upload(lane: Lane, image: InputImage, data: bytes) -> str:
    """Upload one image and return its address."""
    request = lane.provider.upload(image, data)
    if request is None:
        message = f"{lane.provider.title} takes no uploads. Give the image's public address instead."
        raise ProviderError(message)
    response = lane.transport.send(request)
    fault = lane.provider.read_fault(response)
    if fault is not None:
        raise fault_error(lane.provider, fault, "uploading an image")
    uploaded = lane.provider.read_upload(response, image, data)
    if uploaded.put is not None:
        answer = lane.transport.send(uploaded.put)
        if not 200 <= answer.status < 300:
            message = f"the upload of an image was not taken (HTTP {answer.status}). Nothing was charged."
            raise ProviderError(message, code=answer.status, said=answer.excerpt())
    return uploaded.url


def send_create(
    ticket: Ticket, uploads: Mapping[str, str], fetcher: Fetcher, spool: Spool, callback: str | None = None
) -> tuple[Outcome, HttpResponse | None]:
    """Send the one create of an attempt and tell what it came to, with the reply where there was one.

    ``callback`` is where the provider is to call at the job's end.
    """
    request = create_of(ticket, uploads, fetcher, callback)
    if isinstance(request, NeverSent):
        return request, None
    response: HttpResponse | None = None
    failed: NotebookgenError | None = None
    try:
        response = ticket.lane.transport.send(request)
    except NotebookgenError as error:
        failed = error
    outcome = judged(ticket, response, failed)
    keep_reply(ticket, spool, outcome, response)
    return outcome, response


def create_of(
    ticket: Ticket, uploads: Mapping[str, str], fetcher: Fetcher, callback: str | None = None
) -> HttpRequest | NeverSent:
    """Return the create of an attempt, or why it cannot be built: nothing has left then, and its place is free again."""
    lane, generation = ticket.lane, ticket.generation
    try:
        sources = {
            image.key: _source(image, lane.provider.delivery(generation, image, ticket.model), uploads, fetcher)
            for image in generation.images
        }
        # Nothing of it where there is none: what is sent without is what was always sent.
        more = {"callback": callback} if callback is not None else {}
        return lane.provider.create(generation, sources, ticket.model, **more)
    except Exception as error:  # noqa: BLE001 - whatever an adapter does here, nothing has left yet
        lane.gate.give_back("create")
        cause = error if isinstance(error, NotebookgenError) else unbuilt(ticket, error)
        unsent = NotSent(str(cause))
        unsent.__cause__ = cause
        return NeverSent(unsent)


def judged(ticket: Ticket, response: HttpResponse | None, error: BaseException | None) -> Outcome:
    """Return what a create came to that has ended in a reply or in an error.

    Raises:
        BaseException: The error is none of ours: a bug.
    """
    provider, generation = ticket.lane.provider, ticket.generation
    if isinstance(error, TransportError):
        return outcome_of(provider, generation, error)
    if isinstance(error, NotebookgenError):
        return Unclear(error)
    if response is None:
        raise error or RuntimeError("a create gave neither a reply nor an error")
    return outcome_of(provider, generation, response)


def keep_reply(ticket: Ticket, spool: Spool, outcome: Outcome, response: HttpResponse | None) -> None:
    """Put a reply on the disk where there is no job to ask again: it itself is what was paid for.

    Where it cannot be written it is kept in memory, and written when there is room.
    """
    if response is not None and isinstance(outcome, Accepted) and outcome.job.id is None:
        with contextlib.suppress(NotWritable):
            spool.save(ticket.spooled, response)


def unbuilt(ticket: Ticket, error: Exception) -> NotebookgenError:
    """Return what is said of an adapter whose bug kept the create from being built."""
    name = type(error).__name__
    cause = NotebookgenError(
        f"the adapter for {ticket.lane.provider.title} could not build the request for"
        f" {ticket.generation.full_model} ({name}: {error}).\nNothing was sent and nothing was charged: this is a bug in it."
    )
    cause.__cause__ = error
    return cause


def _source(image: InputImage, delivery: Delivery, uploads: Mapping[str, str], fetcher: Fetcher) -> str:
    """Return the text that stands for an image in the request: its address, else its bytes as base64."""
    if image.url is not None:
        return image.url
    if delivery == "url":
        return image.origin or ""
    if image.key in uploads:
        return uploads[image.key]
    return base64.b64encode(fetcher.held(image.key)).decode("ascii")


def unexpected(error: BaseException | None) -> NotebookgenError:
    """Wrap an error that only a bug can raise while a create is sent."""
    wrapped = NotebookgenError(f"an unexpected {type(error).__name__} while it was sent: {error}")
    wrapped.__cause__ = error
    return wrapped
