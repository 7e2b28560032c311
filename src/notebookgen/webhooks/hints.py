"""What a callback says, as far as it may be believed. Pure: headers and bytes in, a hint out.

Who knows a job's token may make us look at that job, and no more. Only what is signed is taken at its word.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.providers import Provider
    from notebookgen.records import Job

__all__ = ["Hint", "read_hint"]

log = logging.getLogger("notebookgen")


@dataclass(frozen=True, slots=True)
class Hint:
    """Something was said about a job.

    Attributes:
        job_id: The job it names; None where it names none that can be read.
        over: Whether it says that the job is over; None where it does not say.
        job: The job as the provider signed it; None where nothing is signed.
    """

    job_id: str | None = None
    over: bool | None = None
    job: Job | None = None


def read_hint(provider: Provider, headers: Mapping[str, str], body: bytes, *, secret: str | None) -> Hint | None:
    """Return what came to a job's own address; None where its signature does not hold.

    A body that cannot be read is a hint all the same: its sender knew the address, and one look tells what it meant.
    A signature can only be checked where the secret is known; without it, the body counts as unsigned.

    Args:
        provider: Whose payloads they are.
        headers: Names in lower case.
        body: The raw bytes.
        secret: What the provider signs with, where it signs and the secret is known.
    """
    signs = bool(provider.signing_variable) and secret is not None
    try:
        said = provider.read_callback(headers, body, secret=secret)
    except Exception as bug:  # noqa: BLE001 - a third party's adapter, given what a stranger has written
        log.warning("notebookgen: %s: a callback could not be read (%s)", provider.name, type(bug).__name__)
        return None if signs else Hint()
    if said is None:
        return None if signs else Hint()
    over = said.job.phase.over if said.job is not None else None
    return Hint(said.job_id, over, said.job if said.signed and signs else None)
