"""When a read may be sent again, and after how long. Pure: no clock and no randomness; creates are never repeated.

A read is whatever changes nothing when it is sent twice: a status, a list, a balance, a free upload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import NotSent, ReplyLost

if TYPE_CHECKING:
    from notebookgen.wire import HttpResponse

__all__ = ["MOST_TRIES", "may_repeat", "read_delay"]

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
