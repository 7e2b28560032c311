"""When a read may be sent again, and after how long. Pure: no clock and no randomness; creates are never repeated.

A read is whatever changes nothing when it is sent twice: a status, a list, a balance, a free upload.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from notebookgen.errors import NotSent, ReplyLost
from notebookgen.wire import retry_after_seconds

if TYPE_CHECKING:
    from datetime import datetime

    from notebookgen.wire import HttpResponse

__all__ = ["MOST_TRIES", "asked_wait", "may_repeat", "read_delay"]

MOST_TRIES = 5
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
LONGEST_ASKED = 120.0
PASSING = frozenset({408, 425, 429})


def may_repeat(outcome: HttpResponse | Exception) -> bool:
    """Whether a read that ended like this may be sent again."""
    if isinstance(outcome, Exception):
        return isinstance(outcome, NotSent | ReplyLost)
    return outcome.status in PASSING or outcome.status >= 500


def read_delay(attempt: int, *, retry_after: float | None, jitter: float) -> float | None:
    """Return the seconds to wait before a read is sent again, or None when it has been tried often enough.

    Args:
        attempt: How many times it was sent, 1 or more.
        retry_after: Seconds the provider asked for; respected up to 120, spread a little upwards.
        jitter: A random number from 0 to 1. It spreads the delay over the upper half of 0.5, 1, 2, 4 seconds, so that
            many readers do not come back at once.
    """
    if attempt >= MOST_TRIES:
        return None
    delay = min(FIRST_DELAY * 2.0 ** (attempt - 1), LONGEST_DELAY) * (0.5 + 0.5 * jitter)
    if retry_after is None:
        return delay
    return max(delay, min(retry_after, LONGEST_ASKED) * (1 + 0.1 * jitter))


def asked_wait(response: HttpResponse) -> float | None:
    """Return what ``Retry-After`` asks for, in seconds; a date is read against the reply's own ``Date``.

    RFC 9110, section 10.2.3: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    seconds = retry_after_seconds(response.headers)
    if seconds is not None:
        return seconds
    until, now = http_date(response.headers.get("retry-after")), http_date(response.headers.get("date"))
    return max((until - now).total_seconds(), 0.0) if until and now else None


def http_date(text: str | None) -> datetime | None:
    """Return an HTTP date with its zone, or None where the text is none."""
    try:
        moment = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
