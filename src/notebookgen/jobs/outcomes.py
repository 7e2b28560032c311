"""What a create came to: accepted, refused, never sent, or unclear. Pure; the money rules live here.

No provider documents an idempotency key, so whatever is neither accepted nor provably refused is unclear, and an
unclear create is never sent again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError, NotSent, ProviderError, RateLimited, TransportError
from notebookgen.providers import fault_error, verdict

if TYPE_CHECKING:
    from notebookgen.providers import Fault, Provider
    from notebookgen.records import Generation, Job
    from notebookgen.wire import HttpResponse

__all__ = ["Accepted", "NeverSent", "Outcome", "RefusedCreate", "Unclear", "outcome_of"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """There is a job; it may be over already."""

    job: Job


@dataclass(frozen=True, slots=True)
class RefusedCreate:
    """The provider said no and charged nothing.

    Attributes:
        error: Why.
        again: Seconds after which it may be sent again by itself; None where that would not help.
        stops_account: Whether every further create of the account would be refused likewise (401, 402, 403).
    """

    error: ProviderError
    again: float | None = None
    stops_account: bool = False


@dataclass(frozen=True, slots=True)
class NeverSent:
    """Nothing left this machine; free to try again."""

    error: NotSent


@dataclass(frozen=True, slots=True)
class Unclear:
    """It was sent, and nobody knows whether it was accepted."""

    error: NotebookgenError


Outcome = Accepted | RefusedCreate | NeverSent | Unclear
RATE_WAIT = 5.0


def outcome_of(provider: Provider, generation: Generation, reply: HttpResponse | TransportError) -> Outcome:
    """Tell what a create came to.

    Args:
        provider: Who was asked.
        generation: What for.
        reply: The complete reply, or what the wire did.
    """
    if isinstance(reply, NotSent):
        return NeverSent(reply)
    if isinstance(reply, TransportError):
        return Unclear(reply)
    doing = f"starting {generation.full_model}"
    fault = provider.read_fault(reply)
    if fault is not None:
        if verdict(fault) == "ambiguous":
            return Unclear(fault_error(provider, doubt_of(fault), doing, model=generation.full_model))
        named = _named_job(provider, generation, reply)
        if named is not None:
            said = f'says no ({fault.code}: "{fault.said}") and names job {named} all the same'
            return Unclear(ProviderError(f"{provider.title} {said}", code=fault.code, said=fault.said))
        error = fault_error(provider, fault, doing, model=generation.full_model, sandbox=generation.realm.sandbox)
        wait = (fault.retry_after or RATE_WAIT) if isinstance(error, RateLimited) else None
        return RefusedCreate(error, again=wait, stops_account=error.code in {401, 402, 403})
    if not 200 <= reply.status < 300:
        said = reply.excerpt()
        message = f"{provider.title} answered HTTP {reply.status} while {doing}: {said or 'nothing at all'}"
        return Unclear(ProviderError(message, code=reply.status, said=said))
    try:
        return Accepted(provider.read_create(reply, generation))
    except NotebookgenError as error:
        return Unclear(error)


def _named_job(provider: Provider, generation: Generation, reply: HttpResponse) -> str | None:
    """Return the job that a refusal names all the same: it may be there, and sending again could pay twice."""
    try:
        job = provider.read_create(replace(reply, status=200), generation)
    except NotebookgenError:
        return None
    return None if job.phase.over else job.id


def doubt_of(fault: Fault) -> Fault:
    """Return an unclear fault told by the code that leaves it open: the other one may say that nothing was charged."""
    open_codes = (
        code for code in (fault.code, fault.status) if code >= 300 and verdict(alike(fault, code)) == "ambiguous"
    )
    return alike(fault, next(open_codes, fault.code))


def alike(fault: Fault, code: int) -> Fault:
    """Return the fault with that code as HTTP status and in the body."""
    return replace(fault, status=code, code=code)
