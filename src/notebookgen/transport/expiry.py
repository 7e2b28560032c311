"""How long the address of a file lives, as far as the address itself says: signed ones carry their end. Pure.

What is said there is a hint about order only; nothing is refused because of it.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["expires_at"]

# Signed at a time, and good for so many seconds: S3, Google, Alibaba's and Volcengine's stores.
SPANS = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"), ("x-oss-date", "x-oss-expires"),
         ("x-tos-date", "x-tos-expires"), ("x-bce-date", "x-bce-expires"))  # fmt: skip
MOMENTS = (
    "expires",
    "exp",
    "e",
    "x-expires",
    "expiry",
    "until",
    "valid_until",
)  # seconds since 1970: CloudFront, older S3 and Google, CDNs
FIRST, LAST = 1_000_000_000, 10_000_000_000  # what is no such moment is something else's number
MOST_KNOWN = 64  # addresses, each asked about more than once
STAMP = "%Y%m%dT%H%M%SZ"


@lru_cache(MOST_KNOWN)
def expires_at(url: str | None) -> float:
    """Return when an address ends, in seconds since 1970; infinity where it does not say.

    Args:
        url: The address.
    """
    if url is None or "?" not in url:
        return math.inf
    try:
        query = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query, max_num_fields=100)}
    except ValueError:
        return math.inf
    ends = [_span(query, *names) for names in SPANS] + [_number(query.get(name)) for name in MOMENTS]
    ends.append(
        _date(query.get("se"))
    )  # Azure: https://learn.microsoft.com/rest/api/storageservices/create-service-sas
    return min(ends)


def _span(query: Mapping[str, str], signed: str, lasts: str) -> float:
    """Return when something signed at a time ends."""
    try:
        at = datetime.strptime(query[signed], STAMP).replace(tzinfo=UTC)
        return (at + timedelta(seconds=int(query[lasts]))).timestamp()
    except (KeyError, ValueError, OverflowError):
        return math.inf


def _number(said: str | None) -> float:
    """Return a moment that is written as seconds, or milliseconds, since 1970."""
    if said is None or not said.isascii() or not said.isdigit() or len(said) > 13:
        return math.inf
    seconds = int(said) / (1000 if len(said) == 13 else 1)
    return seconds if FIRST <= seconds < LAST else math.inf


def _date(said: str | None) -> float:
    """Return a moment that is written as a date."""
    try:
        read = datetime.fromisoformat(said or "")
    except ValueError:
        return math.inf
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
