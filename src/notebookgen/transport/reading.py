"""Reads that survive a bad moment: the retry policy, put to work on any transport. Creates do not come this way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import NotSent, ReplyLost
from notebookgen.transport.retry import may_repeat, read_delay
from notebookgen.wire import retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.transport.base import Timeouts, Transport
    from notebookgen.wire import HttpRequest, HttpResponse

__all__ = ["read"]


def read(
    transport: Transport,
    request: HttpRequest,
    *,
    wait: Callable[[float], bool],
    rng: Callable[[], float],
    timeout: Timeouts | None = None,
) -> HttpResponse:
    """Send a repeatable request until it is answered or has been tried five times.

    Args:
        transport: Who sends.
        request: A request with ``repeatable`` set.
        wait: Waits that many seconds; returns True when interrupted, which ends the tries.
        rng: Returns a random number from 0 to 1.
        timeout: For each try; by default what the purpose asks for.

    Returns:
        The first reply that needs no repeating, else the last one (a 5xx or 429, to be judged by the caller).

    Raises:
        NotSent: The last try did not leave this machine.
        ReplyLost: The last try left, and no complete reply came.
        ValueError: The request is not repeatable.
    """
    if not request.repeatable:
        message = f"a {request.purpose} must not be repeated: send it once, with transport.send"
        raise ValueError(message)
    attempt = 0
    while True:
        attempt += 1
        outcome: HttpResponse | NotSent | ReplyLost
        try:
            outcome = transport.send(request, timeout=timeout)
        except (NotSent, ReplyLost) as error:
            outcome = error
        if may_repeat(outcome):
            asked = None if isinstance(outcome, Exception) else retry_after_seconds(outcome.headers)
            delay = read_delay(attempt, retry_after=asked, jitter=rng())
            if delay is not None and not wait(delay):
                continue
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
