"""Reading the answer to a look at a job: everything that makes sure it is about the job that was asked about. Pure.

A reply that names another job (a cache in between, a mixed-up worker) says nothing about ours: neither its files nor its
charge are taken, the job stays open, and it is asked about again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import UnexpectedResponse
from notebookgen.providers.faults import fault_error

if TYPE_CHECKING:
    from notebookgen.providers.base import Provider
    from notebookgen.records import Job, JobRef
    from notebookgen.wire import HttpResponse

__all__ = ["check_job", "read_look"]


def read_look(provider: Provider, response: HttpResponse, ref: JobRef, doing: str) -> Job:
    """Return what a reply says about the job that was asked about.

    Args:
        provider: Who was asked.
        response: What it answered.
        ref: The job.
        doing: What the look is for, such as ``"asking about a job"``.

    Raises:
        ProviderError: It is a fault, cannot be read, or is about another job.
    """
    fault = provider.read_fault(response)
    if fault is not None:
        raise fault_error(provider, fault, doing)
    job = provider.read_status(response, ref)
    check_job(provider, job, ref)
    return job


def check_job(provider: Provider, job: Job, ref: JobRef) -> None:
    """Check that a reply is about the job that was asked about; one that names none is.

    Raises:
        UnexpectedResponse: It names another one.
    """
    # Ids that differ in case alone are one: a person may have typed it, and a UUID is written either way.
    if job.id is not None and job.id.casefold() != ref.id.casefold():
        message = f"{provider.title} was asked about job {ref.id} and answered about job {job.id}"
        raise UnexpectedResponse(message)
